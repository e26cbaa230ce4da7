"""Which of our numbers stands for which printed one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from econloom.audit.printed import Printed, PrintedCell
from econloom.core.errors import DataError, UsageError, did_you_mean, listed
from econloom.core.estimate import CONSTANT

CONSTANTS = ("常数项", "截距项", "Constant", "constant", "_cons", "Intercept")
_RESULTS = ("version", "table", "column", "stage", "term", "estimate", "std_error", "statistic", "stars", "n")
_VALUES = ("version", "table", "row", "column", "value")
_PARTS = {"coefficient": "estimate", "se": "std_error", "t": "statistic", "p": "p_value", "low": "conf_low",
          "high": "conf_high"}  # fmt: skip
_TEXTS = ("version", "table", "group", "column", "stage", "outcome", "term", "stars", "vcov", "ssc", "row")


@dataclass(frozen=True, slots=True)
class TableMap:
    """How a table of the study and a printed one correspond.

    Attributes
    ----------
    printed : str or None
        Key of the printed table; None when it is that of the study's table.
    columns : mapping of str to str, or None
        Printed column id to ours. None or empty: in order for regressions (the first is ``c1``), by equal names for
        values. Columns left out of a mapping are not compared.
    terms : mapping of str to str
        Printed term to ours, where they differ; the usual names of the constant are known.
    rows : mapping of str to str, or None
        The same for the rows of values. None or empty: equal names, all of which must be found.
    r2 : str
        The column of ``results.csv`` that the printed R2 is.
    statistics : mapping of str to str
        Printed test statistic to a column of ``results.csv``, or to a row of the table's values.
    stars : bool
        False for a printed table that marks none; refused where one does.

    Examples
    --------
    >>> TableMap(printed="002_t3", terms={"TBI": "tbi"}, r2="r2_within_unit").terms
    {'TBI': 'tbi'}
    """

    printed: str | None = None
    columns: Mapping[str, str] | None = None
    terms: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, str] | None = None
    r2: str = "r2"
    statistics: Mapping[str, str] = field(default_factory=dict)
    stars: bool = True


@dataclass(frozen=True, slots=True)
class OurTable:
    """One table of a run, by address.

    Attributes
    ----------
    columns, rows : tuple of str
        Names in order; the rows of a regression are its terms.
    estimates : mapping of (column, term) to a row of results.csv
    models : mapping of column to a row of results.csv
    values : mapping of (column, row) to number
    """

    columns: tuple[str, ...]
    rows: tuple[str, ...]
    estimates: Mapping[tuple[str, str], Mapping[str, Any]]
    models: Mapping[str, Mapping[str, Any]]
    values: Mapping[tuple[str, str], float | None]


@dataclass(frozen=True, slots=True)
class Ours:
    """The numbers of a run.

    Attributes
    ----------
    results, values : polars.DataFrame
        As in ``results.csv`` and ``values.csv``.
    version : str
        The version of the study that stands for the paper.

    Raises
    ------
    DataError
        A frame lacks a column.
    """

    results: pl.DataFrame
    values: pl.DataFrame
    version: str = "default"

    def __post_init__(self) -> None:
        for name, frame, needed in (("results", self.results, _RESULTS), ("values", self.values, _VALUES)):
            if missing := [c for c in needed if c not in frame.columns]:
                raise DataError(f"{name}: no column {listed(missing)}; it has {listed(frame.columns)}")

    @classmethod
    def read(cls, folder: str | Path, version: str = "default") -> Ours:
        """The results of a finished run, from its folder.

        Raises
        ------
        DataError
            A file is missing or cannot be read.
        """
        return cls(_csv(Path(folder) / "results.csv"), _csv(Path(folder) / "values.csv"), version)

    def tables(self) -> dict[str, OurTable]:
        """All tables of the version, by id."""
        chosen = [f.filter(pl.col("version") == self.version) for f in (self.results, self.values)]
        if all(f.is_empty() for f in chosen):
            known = sorted({v for f in (self.results, self.values) for v in f["version"].drop_nulls().to_list()})
            raise DataError(f"the run has no version {self.version!r}; it has {listed(known) or 'none'}")
        names = dict.fromkeys(t for f in chosen for t in f["table"].to_list())
        return {t: _table(t, *(f.filter(pl.col("table") == t).to_dicts() for f in chosen)) for t in names}


def _csv(path: Path) -> pl.DataFrame:
    try:
        frame = pl.read_csv(path, schema_overrides=dict.fromkeys(_TEXTS, pl.String), infer_schema_length=None)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{path}: cannot be read: {error}", hint="run the study first") from error
    return frame.with_columns(pl.col(pl.String).fill_null(""))


def _table(name: str, results: Sequence[Mapping[str, Any]], values: Sequence[Mapping[str, Any]]) -> OurTable:
    estimates = _estimates(name, results)
    grid = {(r["column"], r["row"]): r["value"] for r in values}
    if len(grid) != len(values):
        raise DataError(f"table {name}: a value stands twice in values.csv")
    columns = dict.fromkeys([*(c for c, _ in estimates), *(c for c, _ in grid)])
    rows = dict.fromkeys([*(t for _, t in estimates), *(r for _, r in grid)])
    models = {column: row for (column, _), row in reversed(estimates.items())}
    return OurTable(tuple(columns), tuple(rows), estimates, models, grid)


def _estimates(name: str, results: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Rows by address; where a column holds stages, the last one counts, not the first stage."""
    later = {r["column"] for r in results if r["stage"] != "first"}
    kept = [r for r in results if r["stage"] != "first" or r["column"] not in later]
    found = {(r["column"], r["term"]): r for r in kept}
    if len(found) != len(kept):
        raise DataError(f"table {name}: a coefficient stands twice in results.csv")
    return found


@dataclass(frozen=True, slots=True)
class Counterpart:
    """Our number for a printed one, or the reason why there is none."""

    column: str = ""
    term: str = ""
    value: float | None = None
    stars: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Pairing:
    """A printed table and the study's table that stands for it."""

    id: str
    key: str
    printed: Printed
    ours: OurTable
    map: TableMap
    columns: Mapping[str, str]
    rows: Mapping[str, str]

    def counterpart(self, cell: PrintedCell) -> Counterpart:
        """Where our number for ``cell`` is, and what it is."""
        if cell.number is None:
            return Counterpart(reason=f"unreadable: {cell.problem}")
        column = self.columns.get(cell.column)
        if column is None:
            return Counterpart(reason=f"not mapped: printed column {cell.column!r}")
        found = self._found(cell, column)
        if found.reason or (found.value is not None and math.isfinite(found.value)):
            return found
        return Counterpart(column, found.term, reason=f"no counterpart in ours: {self.id}.{column} has no number there")

    def _found(self, cell: PrintedCell, column: str) -> Counterpart:
        if self.printed.kind != "regression":
            return self._value(cell, column)
        if cell.kind in {"n", "r2", "statistic"}:
            return self._statistic(cell, column)
        term = self.rows.get(cell.term, cell.term)
        row = self.ours.estimates.get((column, term))
        if row is None:
            near = did_you_mean(term, self.ours.rows) if term not in self.ours.rows else ""
            reason = f"no counterpart in ours: {self.id}.{column} has no term {term!r}{near}"
            return Counterpart(column, term, reason=reason)
        name = _PARTS[cell.kind]
        stars = len(row["stars"] or "") if cell.kind == "coefficient" else None
        return Counterpart(column, term, row.get(name), stars)

    def _value(self, cell: PrintedCell, column: str) -> Counterpart:
        row = self.rows.get(cell.term)
        if row is None:
            return Counterpart(column, reason=f"not mapped: printed row {cell.term!r}")
        return Counterpart(column, row, self.ours.values.get((column, row)))

    def _statistic(self, cell: PrintedCell, column: str) -> Counterpart:
        name = {"n": "n", "r2": self.map.r2}.get(cell.kind) or self.map.statistics.get(cell.term)
        if name is None:
            return Counterpart(column, reason=f"not mapped: printed statistic {cell.term!r}")
        model = self.ours.models.get(column, {})
        value = model.get(name, self.ours.values.get((column, name)))
        if value is not None and not isinstance(value, int | float):
            return Counterpart(
                column, name, reason=f"no counterpart in ours: {name} of {self.id}.{column} is no number"
            )
        return Counterpart(column, name, value)


def pair(
    printed: Mapping[str, Printed], tables: Mapping[str, OurTable], mapping: Mapping[str, TableMap]
) -> list[Pairing]:
    """Bring printed tables and ours together.

    Raises
    ------
    UsageError
        A mapping names a table, column, row or term that does not exist.
    DataError
        A printed table and ours do not match: other columns, other rows, no term in common.
    """
    _one_each(mapping)
    pairs = [_pairing(name, entry, printed, tables) for name, entry in mapping.items()]
    _terms_exist(mapping, printed, tables)
    return pairs


def _one_each(mapping: Mapping[str, TableMap]) -> None:
    seen: dict[str, str] = {}
    for name, entry in mapping.items():
        key = entry.printed or name
        if key in seen:
            raise UsageError(f"printed table {key!r} stands for both {seen[key]!r} and {name!r}")
        seen[key] = name


def _pairing(name: str, entry: TableMap, printed: Mapping[str, Printed], tables: Mapping[str, OurTable]) -> Pairing:
    key = entry.printed or name
    if key not in printed:
        raise UsageError(
            f"table {name}: no printed table {key!r}{did_you_mean(key, printed)}; there are {listed(printed)}"
        )
    if name not in tables:
        hint = f"the run has {listed(tables)}"
        raise UsageError(f"{printed[key].path}: the run has no table {name!r}{did_you_mean(name, tables)}", hint=hint)
    paper, ours = printed[key], tables[name]
    if not entry.stars and paper.starred:
        raise UsageError(f"table {name}: stars cannot be left out, {paper.path} prints some")
    side = ours.estimates if paper.kind == "regression" else ours.values
    if not side:
        what = "coefficients" if paper.kind == "regression" else "values"
        raise DataError(f"{paper.path}: is of kind {paper.kind}, but table {name} of the run has no {what}")
    return Pairing(name, key, paper, ours, entry, _columns(name, entry, paper, ours), _rows(name, entry, paper, ours))


def _columns(name: str, entry: TableMap, paper: Printed, ours: OurTable) -> dict[str, str]:
    if entry.columns:
        return _explicit(name, "column", entry.columns, paper, paper.columns, ours.columns)
    regression = paper.kind == "regression"
    if len(paper.columns) != len(ours.columns) if regression else not set(paper.columns) <= set(ours.columns):
        _mismatch(name, "columns", paper, paper.columns, ours.columns)
    return dict(zip(paper.columns, ours.columns if regression else paper.columns, strict=True))


def _rows(name: str, entry: TableMap, paper: Printed, ours: OurTable) -> dict[str, str]:
    if paper.kind == "regression":
        rows = {t: _term(t, entry, ours) for t in paper.rows}
        if not set(rows.values()) & set(ours.rows):
            _mismatch(name, "terms", paper, paper.rows, ours.rows)
        return rows
    if entry.rows:
        return _explicit(name, "row", entry.rows, paper, paper.rows, ours.rows)
    if not set(paper.rows) <= set(ours.rows):
        _mismatch(name, "rows", paper, paper.rows, ours.rows)
    return {r: r for r in paper.rows}


def _term(term: str, entry: TableMap, ours: OurTable) -> str:
    """Ours for a printed term: as mapped, else of the same name, else the constant."""
    if term in entry.terms or term in ours.rows or term not in CONSTANTS:
        return entry.terms.get(term, term)
    return CONSTANT


def _explicit(
    name: str, what: str, given: Mapping[str, str], paper: Printed, known: Iterable[str], ours: Iterable[str]
) -> dict[str, str]:
    for left, right in given.items():
        if left not in known:
            raise UsageError(f"table {name}: {paper.path} has no {what} {left!r}{did_you_mean(left, known)}; "
                             f"it has {listed(known, 20)}")  # fmt: skip
        if right not in ours:
            raise UsageError(f"table {name}: the run has no {what} {right!r}{did_you_mean(right, ours)}; "
                             f"it has {listed(ours, 20)}")  # fmt: skip
    if twice := [r for r in given.values() if list(given.values()).count(r) > 1]:
        raise UsageError(f"table {name}: {what} {twice[0]!r} of the run stands for more than one printed {what}")
    return dict(given)


def _mismatch(name: str, what: str, paper: Printed, printed: Sequence[str], ours: Sequence[str]) -> None:
    missing = [p for p in printed if p not in ours]
    near = next((m for p in missing if (m := did_you_mean(p, ours))), "") if what != "terms" else ""
    raise DataError(
        f"{paper.path} does not match table {name} of the run: it prints {len(printed)} {what} "
        f"({listed(printed, 20)}), the run has {len(ours)} ({listed(ours, 20)}){near}",
        hint=f"say which is which: {'rows' if what == 'rows' else what}: {{{(missing or list(printed))[0]}: ...}}",
    )


def _terms_exist(
    mapping: Mapping[str, TableMap], printed: Mapping[str, Printed], tables: Mapping[str, OurTable]
) -> None:
    """Every key of ``terms`` is printed somewhere, and every value is a term of ours somewhere."""
    left_known = dict.fromkeys(t for p in printed.values() if p.kind == "regression" for t in p.rows)
    right_known = dict.fromkeys(term for t in tables.values() for _, term in t.estimates)
    for left, right in ((x, y) for entry in mapping.values() for x, y in entry.terms.items()):
        if left not in left_known:
            raise UsageError(f"terms: no printed table has {left!r}{did_you_mean(left, left_known)}")
        if right not in right_known:
            near = did_you_mean(right, right_known)
            raise UsageError(f"terms: {left!r} is {right!r}, which no table of the run has{near}")
