"""Two runs of one study: which numbers differ, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from econloom.core.labels import Label
from econloom.study.cache.code import LIBRARIES
from econloom.study.diff import cells, rows, samples
from econloom.study.diff.causes import Cause, Roots
from econloom.study.diff.cells import VERDICTS, Change
from econloom.study.diff.columns import Column, columns_of, paired, renamed
from econloom.study.diff.graph import Graph
from econloom.study.diff.reading import RunFolder, read_run, same_study
from econloom.study.diff.samples import Moved
from econloom.study.diff.written import Written

Changes = list[Change]
_ONLY = {True: ("only in the second run", "仅见于后一次运行"), False: ("only in the first run", "仅见于前一次运行")}
_NOTHING = Label(
    zh="整理后的面板（默认版本）中没有数值不同", en="no value of the prepared panel (default version) differs"
)


@dataclass(frozen=True)
class RunDiff:
    """What two runs of a study do not share.

    Attributes
    ----------
    study : str
    first, second : Path
        The folders.
    changes : tuple of Change
        Flipped signs first, then stars, changes, what went, what came, noise.
    causes : mapping of str to Cause
        By the ids that changes name.
    equal : int
        Numbers that are the same to the bit.
    renamed : mapping of str to str
        Tables with another name in the second run.
    rows : tuple of Moved
        Rows that the samples of columns gained or lost; empty where the runs do not say which rows they used.
    notes : tuple of str
        What could not be compared, and columns that stand elsewhere.
    """

    study: str
    first: Path
    second: Path
    changes: tuple[Change, ...]
    causes: Mapping[str, Cause]
    equal: int
    renamed: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[Moved, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Nothing differs but for noise."""
        return all(c.verdict == "noise" for c in self.changes)

    @property
    def counts(self) -> Mapping[str, int]:
        """Numbers by verdict."""
        found = Counter(c.verdict for c in self.changes)
        return {"equal": self.equal, **{v: found[v] for v in VERDICTS}}

    def cells(self, cause: str) -> int:
        """How many numbers a cause is behind, noise left out."""
        return sum(cause in c.causes and c.verdict != "noise" for c in self.changes)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {
            "same": self.same, "study": self.study, "first": str(self.first), "second": str(self.second),
            "counts": dict(self.counts), "changes": [c.to_dict() for c in self.changes],
            "causes": [{"id": i, **c.to_dict(), "numbers": self.cells(i)} for i, c in self.causes.items()],
            "renamed": dict(self.renamed), "rows": [m.to_dict() for m in self.rows], "notes": list(self.notes),
        }  # fmt: skip

    def __str__(self) -> str:
        from econloom.study.diff.shown import lines

        return "\n".join(lines(self))


def diff(first: str | Path, second: str | Path) -> RunDiff:
    """Compare two runs of a study, number by number, and name the cause of every difference.

    Numbers are the same to the bit, the same but for noise (1e-10 relative, or of a standard error), or changed. The
    cause of a changed number is the set of root differences upstream of it: parameters of its model, its variables and
    samples, steps that make rows, data of its sources, the code, the libraries; or openly unknown.

    Parameters
    ----------
    first, second : path
        Folders of results, or folders of studies whose ``out`` is meant.

    Returns
    -------
    RunDiff

    Raises
    ------
    UsageError
        No finished run, one of a newer econloom, or runs of two studies.
    DataError
        Damaged files.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import econloom as el
    >>> data = {
    ...     "study": "toy",
    ...     "title": "Toy",
    ...     "sources": {"s": "s.csv"},
    ...     "panel": {"unit": "u", "time": "t", "start": "s"},
    ...     "tables": {"t1": {"title": "T", "values": "x", "rows": "t", "columns": ["a"]}},
    ... }
    >>> with tempfile.TemporaryDirectory() as place:
    ...     for run, value in (("one", 2), ("two", 3)):
    ...         _ = Path(place, "s.csv").write_text(f"u,t,x\\na,2001,1\\na,2002,{value}\\n")
    ...         _ = el.study(data, place).run(out=Path(place, run))
    ...     found = el.diff(Path(place, "one"), Path(place, "two"))
    >>> [(c.address, c.before, c.after) for c in found.changes], [c.kind for c in found.causes.values()]
    ([('t1.a.2002', 2.0, 3.0)], ['data'])
    """
    runs = read_run(first), read_run(second)
    same_study(*runs)
    return _Comparison(*runs).done()


class _Comparison:
    """The work of :func:`diff`."""

    def __init__(self, first: RunFolder, second: RunFolder) -> None:
        self.runs = (first, second)
        self.graphs = [Graph(r.plan) if r.plan is not None else None for r in self.runs]
        self.causes: dict[Cause, str] = {}
        self.alike: dict[tuple[Any, ...], str] = {}
        self.notes: list[str] = list(dict.fromkeys([*first.notes, *second.notes]))
        self.equal = 0
        self.changes: Changes = []
        self.pairs: list[tuple[Column, Column]] = []
        a, b = self.graphs
        self.roots = Roots(a, b, Written.of(a, b)) if a is not None and b is not None else None
        self.panels = rows.panels(first, second, keys_of_both(a, b))
        self.code = list(code_causes(*self.runs))

    def done(self) -> RunDiff:
        """Compare everything."""
        first, second = (columns_of(r.results, g) for r, g in zip(self.runs, self.graphs, strict=True))
        default = [{t: c for (v, t), c in found.items() if v == "default"} for found in (first, second)]
        moved = renamed(*default)
        for version, table in first:
            now = moved.get(table, table)
            if (version, now) in second:
                self.table(first[version, table], second[version, now])
            else:
                self.gone(first[version, table], came=False)
        known = {(v, moved.get(t, t)) for v, t in first}
        for key, columns in second.items():
            if key not in known:
                self.gone(columns, came=True)
        self.values()
        order = {v: n for n, v in enumerate(VERDICTS)}
        ordered = sorted(self.changes, key=lambda c: (order[c.verdict], c.version != "default"))
        first_run, second_run = self.runs
        by_id = {i: self.detailed(c) for c, i in self.causes.items()}
        return RunDiff(first_run.study, first_run.path, second_run.path, tuple(ordered), by_id, self.equal, moved,
                       samples.moved(samples.Samples(first_run), samples.Samples(second_run), self.pairs),
                       tuple(self.notes))  # fmt: skip

    def table(self, first: Sequence[Column], second: Sequence[Column]) -> None:
        """The columns of one table."""
        for a, b in paired(first, second):
            if a is None or b is None:
                self.gone([c for c in (a, b) if c is not None], came=a is None, beside=(first[0], second[0]))
                continue
            if a.label != b.label and a.version == "default":
                self.notes.append(f"{a.table}.{a.label} stands at {b.table}.{b.label} in the second run")
            self.pairs.append((a, b))
            found = list(cells.of_columns(a, b))
            self.equal += sum(c is None for c in found)
            changed = [c for c in found if c is not None]
            if changed:
                self.changes += self.with_causes(changed, a, b)

    def with_causes(self, changed: Changes, first: Column, second: Column) -> Changes:
        """The changes of a pair of columns; stars alone have cut-offs as their cause, where these differ."""
        stars = self.registered(self.star_causes(first, second)) if any(c.what == "stars" for c in changed) else ()
        others = [c for c in changed if c.verdict != "noise" and (c.what != "stars" or not stars)]
        why = self.why(first, second) if others else ()
        felt = {c.term for c in others if c.what in {"estimate", "std_error", "p_value"} and c.verdict != "noise"}
        made = []
        for c in changed:
            mine = why if c.what != "stars" else (*(why if c.term in felt or not stars else ()), *stars)
            made.append(replace(c, causes=() if c.verdict == "noise" else mine))
        return made

    def gone(self, columns: Sequence[Column], *, came: bool, beside: tuple[Column, Column] | None = None) -> None:
        """Columns that only one run has; where both have the table, for what differs in it."""
        for column in columns:
            if beside is not None and not columns_are_written(column) and (why := self.of_tables(*beside)):
                self.changes += [replace(c, causes=why) for c in cells.alone(column, came=came)]
                continue
            word, zh = _ONLY[came]
            prefixes = [("tables", column.table), ("figures", column.table)]
            places = self.roots.written.places(column.version, prefixes) if self.roots is not None else ()
            name = f"{column.table}.{column.label}" if places else f"{column.table}"
            ids = self.registered([Cause("parameter", f"{name}: {word}", places=places, chinese=f"{name}：{zh}")])
            self.changes += [replace(c, causes=ids) for c in cells.alone(column, came=came)]

    def why(self, first: Column, second: Column) -> tuple[str, ...]:
        """Ids of the causes of a pair of columns."""
        found: tuple[Cause, ...] = ()
        if self.roots is not None and first.target is not None and second.target is not None:
            pair = (first.target, second.target)
            if first.estimate is not None and second.estimate is not None:
                models, estimates = (first.model, second.model), (first.estimate, second.estimate)
                found = self.roots.of_models(first.version, first.table, pair, models, estimates)
            else:
                found = self.roots.of_tables(first.version, first.table, pair)
        return self.registered([*found, *self.code]) or self.registered([self.unknown()])

    def of_tables(self, first: Column, second: Column) -> tuple[str, ...]:
        """Ids of the causes of whatever differs in a pair of tables."""
        if self.roots is None or first.target is None or second.target is None:
            return ()
        found = self.roots.of_tables(first.version, first.table, (first.target, second.target))
        return self.registered([*found, *self.code])

    def star_causes(self, first: Column, second: Column) -> Iterator[Cause]:
        """Other cut-offs, where the stars themselves differ."""
        if self.roots is not None and first.target is not None and second.target is not None:
            yield from self.roots.stars(first.version, first.table, (first.target, second.target))

    def values(self) -> None:
        """Numbers that are no coefficients."""
        held = [{(v, t, r, c): x for v, t, r, c, x in run.values.iter_rows()} for run in self.runs]
        for key in dict.fromkeys([*held[0], *held[1]]):
            found = cells.of_values(key, held[0].get(key), held[1].get(key))
            if found is None:
                self.equal += 1
            else:
                why = () if found.verdict == "noise" else self.why_value(key[0], key[1])
                self.changes.append(replace(found, causes=why))

    def why_value(self, version: str, table: str) -> tuple[str, ...]:
        """Ids of the causes of a table of values."""
        found: tuple[Cause, ...] = ()
        if self.roots is not None:
            a, b = (g.target(version, table) for g in (self.roots.first, self.roots.second))
            if a is not None and b is not None:
                found = self.roots.of_tables(version, table, (a, b))
            elif a is not b:
                word, zh = _ONLY[a is None]
                found = (Cause("parameter", f"{table}: {word}", chinese=f"{table}：{zh}"),)
        return self.registered([*found, *self.code]) or self.registered([self.unknown()])

    def unknown(self) -> Cause:
        """Where nothing that is recorded differs."""
        if self.roots is None:
            zh = "未知：有一次运行没有记录步骤（缺plan.json）"
            return Cause("unknown", "unknown: a run says nothing of its steps (no plan.json)", chinese=zh)
        en = "unknown: no parameter, data, code or library that is recorded differs upstream"
        return Cause("unknown", en, chinese="未知：所记录的参数、数据、程序和程序库在上游均无不同")

    def registered(self, causes: Sequence[Cause] | Iterator[Cause]) -> tuple[str, ...]:
        """Ids of causes; formulas that lost or gained the same terms for the same reason are one."""
        ids = []
        for cause in causes:
            key = (
                cause.kind,
                cause.name,
                cause.places,
                *(() if cause.name.startswith("formula") else (cause.before, cause.after)),
            )
            if key not in self.alike:
                self.alike[key] = f"d{len(self.alike) + 1}"
                self.causes[cause] = self.alike[key]
            ids.append(self.alike[key])
        return tuple(dict.fromkeys(ids))

    def detailed(self, cause: Cause) -> Cause:
        """A cause with the rows that it moved, where the panels show them."""
        if self.roots is None:
            return cause
        if cause.name.startswith("source "):
            name = cause.name.removeprefix("source ").split(":")[0]
            columns = rows.columns_of_source(self.roots.second, name)
            if "*" in columns:
                elsewhere = rows.made_elsewhere(self.roots.second.steps)
                columns = [*columns[:-1], *(c for c in self.panels.values if c not in elsewhere)]
            said = (*self.panels.rows_said(), *self.panels.said(dict.fromkeys(columns)))
            return replace(cause, detail=said or (_NOTHING,))
        if cause.kind == "rows":
            return replace(cause, detail=self.panels.rows_said())
        if cause.kind == "parameter" and cause.name.startswith("variable "):
            return replace(cause, detail=self.panels.said([cause.name.removeprefix("variable ")]))
        return cause


def columns_are_written(column: Column) -> bool:
    """Whether a column stands in the study file by itself, not as one of many that a step lists."""
    return bool(column.model)


def keys_of_both(first: Graph | None, second: Graph | None) -> tuple[str, ...]:
    """Unit and time, where both runs have the same."""
    keys = rows.keys_of(first)
    return keys if keys == rows.keys_of(second) else ()


def code_causes(first: RunFolder, second: RunFolder) -> Iterator[Cause]:
    """Other code, other libraries."""
    old, new = first.code, second.code
    if not old or not new:
        return
    versions = [f"econloom {c.get('version')}" for c in (old, new)]
    if old.get("version") != new.get("version") or old.get("digest") != new.get("digest"):
        texts = [f"{v}, files {str(c.get('digest'))[:12]}" for v, c in zip(versions, (old, new), strict=True)]
        yield Cause("code", "another econloom", texts[0], texts[1], chinese="econloom不同")
    held: list[Mapping[str, Any]] = [x if isinstance(x := c.get("libraries"), dict) else {} for c in (old, new)]
    for name in dict.fromkeys(["python", *LIBRARIES, *held[0], *held[1]]):
        a, b = held[0].get(name), held[1].get(name)
        if a != b:
            yield Cause("libraries", f"another {name}", a, b, chinese=f"{name}不同")
