"""The do-file of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources

from econloom import __version__
from econloom.core.errors import UsageError
from econloom.core.expressions import Binary, Name, Node, parse
from econloom.study.export.data import Data
from econloom.study.export.script import Script, not_compared
from econloom.study.export.stata.commands import METHODS, Block, Macros, block_of, scale
from econloom.study.export.stata.dynamic import dynamic
from econloom.study.export.stata.staggered import STAGGERED
from econloom.study.export.stata.tables import esttab
from econloom.study.export.stata.words import comment, term, wrapped
from econloom.study.export.statement import Described, LeftOut, Row, Statement
from econloom.study.export.tables import by_table, described_rows, head_of, native_text, number, reasons
from econloom.study.schema import StudySpec

STORED = 250
"""Estimates that a do-file keeps at a time; Stata keeps 300."""
INSTALLED: Mapping[str, str] = {
    "esttab": "estout",
    "eventstudyinteract": "eventstudyinteract",
    "did2s": "did2s",
}
"""Packages whose name is not the command's."""


def write(
    spec: StudySpec, statements: Sequence[Statement], described: Sequence[Described], data: Mapping[str, Data],
    left_out: Sequence[LeftOut],
) -> Script:  # fmt: skip
    """The do-file of some statements.

    Parameters
    ----------
    spec : StudySpec
    statements : sequence of Statement
    described : sequence of Described
    data : mapping of str to Data
    left_out : sequence of LeftOut
        What has no statement.
    """
    macros = {name: lists_of(spec, data[name]) for name in data}
    ways = {s.id: _block(s, macros[s.data]) for s in statements}
    rows = [row for s in statements for row in rows_of(s, ways[s.id])]
    rows += [row for d in described for row in described_rows(d)]
    left = [*left_out, *not_compared(rows)]
    first = next(iter(data))
    parts = [_head(spec, ways, data, left)]
    parts.append(resources.files(__package__).joinpath("helpers.do").read_text("utf-8"))
    parts.append(_expected() + _data(data, statements) + _locals(macros[first]))
    state = _State(statements, data, first, macros)
    for name, title, columns, summary in by_table(spec, statements, described):
        said = f"{title.text('zh')} | {title.text('en')}"
        made = _table(spec, name, said, columns, ways, state) if columns else _described(name, said, summary, state)
        parts.append(made)
    parts.append(_END)
    return Script("\n".join(parts), tuple(rows), tuple(left))


class _State:
    """Where the do-file is: which data are in memory, what was estimated, what is still to be shown."""

    def __init__(
        self, statements: Sequence[Statement], data: Mapping[str, Data], current: str, macros: Mapping[str, Macros]
    ) -> None:
        self.data, self.current, self.macros = data, current, macros
        self.written: dict[str, bool] = {}
        self.many = len(statements) > STORED


def _block(s: Statement, macros: Macros) -> Block:
    if s.method in STAGGERED:
        return STAGGERED[s.method](s, macros)
    return dynamic(s, macros) if s.method == "dynamic" else block_of(s, macros)


def lists_of(spec: StudySpec, data: Data) -> Macros:
    """Macros of the study that are sums of prepared columns, as locals, the longest first."""
    names = {c.source: c.name for c in reversed(list(data)) if not c.levels}
    found = {}
    for name, text in spec.macros.items():
        members = _summed(text)
        if members and len(members) > 1 and all(m in names for m in members) and len(name) <= 31:
            found[name] = tuple(names[m] for m in members)
    return dict(sorted(found.items(), key=lambda m: -len(m[1])))


def _summed(text: str) -> list[str] | None:
    """The names of ``a + b + c``; None of anything else."""
    try:
        node: Node = parse(text)
    except UsageError:
        return None
    found: list[str] = []
    while isinstance(node, Binary) and node.op == "+":
        if not isinstance(node.right, Name):
            return None
        found.insert(0, node.right.name)
        node = node.left
    return [node.name, *found] if isinstance(node, Name) else None


def rows_of(s: Statement, block: Block) -> list[Row]:
    """What is compared of one statement."""
    names = {v.term: v for v in (*s.endogenous, *s.regressors)}
    found = []
    for one in s.expected:
        compared, why = block.compared, block.why
        variable = names.get(one.term)
        name = "" if variable is None else f"{block.prefix}{variable.column if block.prefix else term(variable.native)}"
        if one.term == "(Intercept)":
            name = "_cons"
            if not block.cons and compared != "none":
                compared, why = "none", "the command prints another constant, or none"
        elif not name:
            compared, why = "none", "a parameter that the command does not list under a name"
        if compared != "none" and not one.std_error > 0:
            compared, why = ("none", "no finite estimate") if one.estimate != one.estimate else ("estimate", "no error")
        address = f"{s.addresses[0]}.{one.term}"
        found.append(Row(s.id, address, name, one.estimate, one.std_error, compared, why))
    return found


def _head(spec: StudySpec, ways: Mapping[str, Block], data: Mapping[str, Data], left: Sequence[LeftOut]) -> str:
    title = spec.title.label
    lines = [
        comment(f"{title.text('zh')} | {title.text('en')}"),
        comment(f"The study {spec.study}, written by econloom {__version__}. It estimates every model again, compares"),
        comment("the numbers with those of econloom's run (expected.csv) and ends with an error where they differ."),
        comment("Run it in its own folder: do " + f"{spec.study}.do"),
        comment("Data: data, prepared by econloom; names.csv says what each column is. No Stata was at hand when it"),
        comment("was written: say where a command of your version differs."),
    ]
    if left:
        lines += ["*", comment("Not exported, or not compared:"), *(comment(f"  {t}") for t in reasons(left))]
    needs = sorted({n for b in ways.values() for n in b.needs} | {"esttab"})
    lines += ["", "version 16", "clear all", "set more off", "set varabbrev off", ""]
    lines += [comment("---- commands that are needed"), 'local absent ""', f"foreach command in {' '.join(needs)} {{"]
    lines += ["    capture which `command'", "    if _rc {", "        local absent `absent' `command'", "    }", "}"]
    lines += ['if "`absent\'" != "" {', '    display as error "commands that are not installed: `absent\'"']
    packages = " ".join(dict.fromkeys(INSTALLED.get(n, n) for n in needs))
    lines += [
        f'    display as error "install what is missing of: {packages} (ssc install NAME)"',
        "    exit 199",
        "}",
        "",
    ]
    return "\n".join(lines)


def _expected() -> str:
    return """\
* ---- expected numbers
frame create expected
frame change expected
import delimited using "expected.csv", varnames(1) case(preserve) encoding("UTF-8") asdouble stringcols(1 2 3 6 7) clear
scalar el_rows = _N
frame change default
scalar el_passed = 0
scalar el_failed = 0
scalar el_skipped = 0
capture mkdir "tables"

"""


def _data(data: Mapping[str, Data], statements: Sequence[Statement]) -> str:
    """Loads the first data, and says what the prepared columns are."""
    lines = [comment("---- data"), *_use(data[next(iter(data))])]
    for one in data.values():
        used = {v.column for s in statements if s.data == one.name for v in s.variables}
        for column in one:
            if column.name in used and column.what and column.what != column.name:
                lines.append(comment(f"{column.name}: {column.what}"))
    return "\n".join(lines) + "\n\n"


def _use(data: Data) -> list[str]:
    lines = [f'use "data/{data.name}.dta", clear']
    if data.unit:
        lines.append(f"xtset {data.unit} {data.time or ''}".rstrip())
    return lines


def _locals(macros: Macros) -> str:
    lines = [f"local {name} {' '.join(members)}" for name, members in macros.items()]
    return "\n".join(lines) + "\n" if lines else ""


def _table(
    spec: StudySpec, name: str, title: str, columns: Sequence[tuple[str, Statement]], ways: Mapping[str, Block],
    state: _State,
) -> str:  # fmt: skip
    lines = ["*" + "=" * 100, comment(f"{name}  {title}"), "*" + "=" * 100]
    shown: list[str] = []
    for address, s in columns:
        block = ways[s.id]
        if s.id in state.written:
            lines.append(comment(f"{address} is {s.id} above"))
        else:
            lines += ["", *_estimated(s, block, state)]
            state.written[s.id] = block.compared != "none" and block.stored
        if state.written[s.id] and s.id not in shown:
            shown.append(s.id)
    made = spec.tables.get(name)
    if shown and not state.many:
        lines += ["", *esttab(spec, name, made, title, shown)]
    return "\n".join([*lines, ""])


def _described(name: str, title: str, one: Described | None, state: _State) -> str:
    """The statistics of some columns."""
    assert one is not None
    lines = ["*" + "=" * 100, comment(f"{name}  {title}"), "*" + "=" * 100]
    if one.data != state.current:
        lines += [*_use(state.data[one.data]), *_locals(state.macros[one.data]).splitlines()]
        state.current = one.data
    lines += wrapped(f"summarize {' '.join(one.columns.values())} if {one.sample} == 1")
    return "\n".join([*lines, f"el_describe {name} {one.sample}", ""])


def _estimated(s: Statement, block: Block, state: _State) -> list[str]:
    """The lines of one statement."""
    lines = [comment(t) for t in head_of(s, state.data)]
    made = {v.column: v for v in s.variables if v.native.kind != "column"}
    for v in made.values():
        own = native_text(v.native)
        lines.append(comment(f"{v.term} is written {term(v.native)}" + ("" if own == v.term else f" ({own})")))
    if block.compared == "none":
        return [*lines, comment(block.why), f"el_skip {s.id}"]
    if s.data != state.current:
        lines += [*_use(state.data[s.data]), *_locals(state.macros[s.data]).splitlines()]
        state.current = s.data
    if block.value:
        return [*lines, *_valued(s, block)]
    *before, line = block.lines
    lines += [*before, *wrapped(f"capture noisily {line}"), "local rc = _rc"]
    lines += _rescaled(s, block)
    keep = f"b({block.b_tolerance:g}) se({block.se_tolerance:g})"
    plain = (block.b_tolerance, block.se_tolerance) == (1e-6, 1e-5)
    check = f"el_check {s.id}, rc(`rc')" + ("" if plain else f" {keep}")
    if not state.many:
        return [*lines, check, f"capture estimates store {s.id}"]
    return [*lines, check]


def _rescaled(s: Statement, block: Block) -> list[str]:
    ratio = scale(s, block)
    if block.compared != "both" or ratio is None or ratio == 1.0:
        return []
    command = block.lines[-1].split()[0]
    theirs, ours = number(s.errors.programs[block.program]), number(s.errors.factor or 1.0)
    said = f"{command} has the factor {theirs} here, the convention {s.errors.convention} {ours}: rescaled"
    return [comment(said), f"if `rc' == 0 el_scale {number(ratio)}"]


def _valued(s: Statement, block: Block) -> list[str]:
    """An estimation of several lines that leaves its one number in a scalar."""
    lines = [f"scalar {block.value} = .", "capture noisily {"]
    for line in block.lines:
        lines += wrapped(line, "    ")
    return [*lines, "}", f"el_value {s.id}, value({block.value}) b({block.b_tolerance:g})"]


_END = """\
*====================================================================================================
display as text scalar(el_passed) " models and tables agree, " scalar(el_failed) " do not, " ///
    scalar(el_skipped) " skipped"
if scalar(el_failed) > 0 {
    if "`c(mode)'" == "batch" {
        exit 9, STATA clear
    }
    exit 9
}
"""
METHODS_OF_STATA = frozenset({*METHODS, *STAGGERED, "dynamic"})
"""Every method that a do-file can have."""
