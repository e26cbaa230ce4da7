"""The R script of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources

from econloom import __version__
from econloom.study.export.data import Data
from econloom.study.export.r.blocks import Block, quoted
from econloom.study.export.r.rules import METHODS, block_of
from econloom.study.export.r.staggered import STAGGERED
from econloom.study.export.script import Script, not_compared
from econloom.study.export.statement import Described, LeftOut, Row, Statement
from econloom.study.export.tables import by_table, described_rows, head_of, reasons
from econloom.study.schema import StudySpec

METHODS = {**METHODS, **STAGGERED}
NATURAL = "fixest, did, didimputation, did2s, modelsummary"


def write(
    spec: StudySpec, statements: Sequence[Statement], described: Sequence[Described], data: Mapping[str, Data],
    left_out: Sequence[LeftOut],
) -> Script:  # fmt: skip
    """The R script of some statements.

    Parameters
    ----------
    spec : StudySpec
    statements : sequence of Statement
    described : sequence of Described
    data : mapping of str to Data
    left_out : sequence of LeftOut
        What has no statement.
    """
    blocks = {s.id: block_of(s) if s.method not in STAGGERED else STAGGERED[s.method](s) for s in statements}
    rows = [row for s in statements for row in rows_of(s, blocks[s.id])]
    rows += [row for d in described for row in described_rows(d)]
    left = [*left_out, *not_compared(rows)]
    parts = [
        _head(spec, statements, blocks, data, left),
        resources.files(__package__).joinpath("helpers.R").read_text("utf-8"),
    ]
    parts.append(_loaded(data, statements, described))
    written: set[str] = set()
    for name, title, columns, summary in by_table(spec, statements, described):
        said = f"{title.text('zh')} | {title.text('en')}"
        parts.append(_table(name, said, columns, blocks, data, written) if columns else _described(name, said, summary))
    parts.append("finish()\n")
    return Script("\n".join(parts), tuple(rows), tuple(left))


def rows_of(statement: Statement, block: Block) -> list[Row]:
    """What is compared of one statement."""
    columns = {v.term: v.column for v in (*statement.endogenous, *statement.regressors)}
    found = []
    for one in statement.expected:
        name = columns.get(one.term, "(Intercept)" if one.term == "(Intercept)" else "")
        compared, why = block.compared, block.why
        if not name:
            compared, why = "none", "a parameter that the program does not list under a name"
        elif name == "(Intercept)" and statement.constant not in {"intercept", "none"} and "xtreg_lm" not in block.base:
            compared, why = "none", "the constant beside absorbed effects"
        elif not one.std_error > 0:
            compared, why = ("none", "no finite estimate") if one.estimate != one.estimate else ("estimate", "no error")
        found.append(
            Row(statement.id, f"{statement.addresses[0]}.{one.term}", name, one.estimate, one.std_error, compared, why)
        )
    return found


def _head(
    spec: StudySpec, statements: Sequence[Statement], blocks: Mapping[str, Block], data: Mapping[str, Data],
    left: Sequence[LeftOut],
) -> str:  # fmt: skip
    title = spec.title.label
    needs = sorted(
        {p for b in blocks.values() for p in b.needs}
        | {"sandwich"}
        | ({"clubSandwich"} if _small(statements) else set())
    )
    lines = [
        f"# {title.text('zh')} | {title.text('en')}",
        f"# The study {spec.study!r}, written by econloom {__version__}. It estimates every model again, compares the",
        "# numbers with those of econloom's run (expected.csv) and leaves with 1 where they differ.",
        "# Run: Rscript this file. Data: data/*.csv, prepared by econloom; names.csv says what each column is.",
        f"# Natural packages, used where they are installed: {NATURAL}; else base R and {', '.join(needs)}.",
        "",
        'if (!l10n_info()$`UTF-8`) invisible(suppressWarnings(Sys.setlocale("LC_ALL", "C.UTF-8")))',
        "options(warn = 1)",
        *([] if not left else ["", "# Not exported, or not compared:", *(f"#   {_line(t)}" for t in reasons(left))]),
        "",
    ]
    lines += [f"# data/{d.name}.csv: {d.panel.height:,} rows" for d in data.values()]
    return "\n".join(lines) + f"\nPACKAGES <- c({', '.join(map(quoted, needs))})\n"


def _small(statements: Sequence[Statement]) -> bool:
    return any(s.errors.kind in {"cr2", "cr3"} and sum(e.levels for e in s.effects) <= 400 for s in statements)


def _line(text: str) -> str:
    return " ".join(text.split())


def _described(name: str, title: str, one: Described | None) -> str:
    assert one is not None
    columns = ", ".join(quoted(c) for c in one.columns.values())
    rows = f'{one.data}[{one.data}[["{one.sample}"]] == 1, c({columns}), drop = FALSE]'
    lines = [f"# ==== {name}  {title} " + "=" * 40, f"block({quoted(name)}, describe({quoted(name)}, {rows}))", ""]
    return "\n".join(lines)


def _loaded(data: Mapping[str, Data], statements: Sequence[Statement], described: Sequence[Described]) -> str:
    used = dict.fromkeys([*(s.data for s in statements), *(d.data for d in described)])
    lines = [
        "# ---- data " + "-" * 108,
        "do.call(need, as.list(PACKAGES))",
        *(f"{d} <- read_rows({quoted(d + '.csv')})" for d in used),
    ]
    seen: set[str] = set()
    for s in statements:
        for v in s.variables:
            column = data[s.data][v.column]
            if v.column not in seen and (column.what and column.what != v.column):
                lines.append(f"# {v.column}: {_line(column.what)}")
            seen.add(v.column)
    return "\n".join(lines) + "\n"


def _table(
    name: str, title: str, columns: Sequence[tuple[str, Statement]], blocks: Mapping[str, Block],
    data: Mapping[str, Data], written: set[str],
) -> str:  # fmt: skip
    lines = [f"# ==== {name}  {title} " + "=" * 40]
    for address, statement in columns:
        if statement.id in written:
            lines.append(f"# {address} is {statement.id} above")
            continue
        written.add(statement.id)
        lines += ["", *(f"# {_line(t)}" for t in head_of(statement, data)), *_block(statement, blocks[statement.id])]
    ids = ", ".join(quoted(s.id) for _, s in columns)
    lines += ["", f"write_table({quoted(name)}, {quoted(title)}, c({ids}))", ""]
    return "\n".join(lines)


def _block(s: Statement, block: Block) -> list[str]:
    if block.compared == "none":
        return [f"skip({quoted(s.id)}, {quoted(block.why)})"]
    lines = [f"block({quoted(s.id)}, {{", f'  d <- {s.data}[{s.data}[["{s.sample}"]] == 1, ]']
    if block.base and block.natural:
        lines += [f"  m <- if (has({quoted(block.package)})) {block.natural} else", f"    {block.base}"]
    elif block.base:
        lines.append(f"  m <- {block.base}")
    else:
        inner = [f"  if (has({quoted(block.package)})) {{", f"    m <- {block.natural}", f"    {_check(s, block)}"]
        return [*lines, *inner, f"  }} else skip({quoted(s.id)}, {quoted(block.package + ' is not installed')})", "})"]
    return [*lines, f"  {_check(s, block)}", "})"]


def _check(s: Statement, block: Block) -> str:
    tolerances = (
        ""
        if (block.b_tolerance, block.se_tolerance) == (1e-8, 1e-6)
        else f", {block.b_tolerance:g}, {block.se_tolerance:g}"
    )
    variance = block.variance
    if "xtreg_re" in block.base:
        variance = f"named_constant({variance})"
    return f"check({quoted(s.id)}, m, {variance}{tolerances})"
