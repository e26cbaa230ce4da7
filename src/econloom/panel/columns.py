"""Terms and groups of a model evaluated on a panel, each once, on the rows that a condition selects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from econloom.core.errors import DataError, ExpressionError, UsageError, did_you_mean
from econloom.core.expressions import Node
from econloom.core.frame import Panel
from econloom.core.lineage import Drop
from econloom.data import expressions
from econloom.panel.absorb import FloatArray, Grouping, IntArray, compact
from econloom.panel.formula import Factor, Level, Levels, Term, functions_in

BoolArray = npt.NDArray[np.bool_]
Where = str | Node | pl.Series | None

_ROW_BY_ROW = {"log", "log1p", "exp", "sqrt", "abs"}


@dataclass(frozen=True)
class Groups:
    """Rows in groups, some perhaps without a key.

    Attributes
    ----------
    codes : (n,) int array
        0 ... levels - 1 in the order of the values; meaningless in rows without a key.
    levels : int
    missing : (n,) bool array or None
        Rows without a key; None where every row has one.
    """

    codes: IntArray
    levels: int
    missing: BoolArray | None

    def grouping(self, name: str, at: IntArray | None) -> Grouping:
        """The groups of some rows that all have a key (of all rows for None), numbered anew."""
        if at is None and self.missing is None:
            return Grouping(name, self.codes, self.levels)
        return Grouping.of(name, self.codes if at is None else self.codes[at])


class Columns:
    """Columns of one panel under one condition.

    Terms of row-by-row functions are evaluated on the selected rows only, so that ``where="gdp > 0"`` makes
    ``log(gdp)`` safe; lags, fills and group summaries see the whole panel.

    Parameters
    ----------
    panel : Panel
    where : str, Node, boolean Series or None
        Rows to use.
    scope : Scope, optional
        Lists and named samples that the condition may use.
    """

    def __init__(self, panel: Panel, where: Where = None, scope: expressions.Scope | None = None) -> None:
        self.panel = panel
        self.scope = scope
        self.base, self.drops = _selected(panel, where, scope)
        self._selected = panel if len(self.base) == panel.height else panel.with_rows(panel.frame[self.base])
        self._kinds = panel.frame.schema
        self._terms: dict[str, FloatArray] = {}
        self._missing: dict[str, BoolArray | None] = {}
        self._groups: dict[tuple[str, ...], Groups] = {}

    def term(self, term: Term, formula: str) -> FloatArray:
        """Values of a term, (len(base),), NaN where missing.

        Raises
        ------
        ExpressionError, DataError
            An unknown column, text where numbers are needed, or values that are infinite or do not exist.
        """
        if term.key not in self._terms:
            values = self._factor(term.factors[0], formula)
            if len(term.factors) > 1:
                with np.errstate(over="ignore"):
                    for factor in term.factors[1:]:
                        values = values * self._factor(factor, formula)
                _refuse_infinite(values, term.name)
            self._terms[term.key] = values
        return self._terms[term.key]

    def missing(self, term: Term, formula: str) -> BoolArray | None:
        """Rows in which a term has no value, (len(base),), None for no row; a factor's levels may be unknown yet."""
        if term.key not in self._missing:
            self._missing[term.key] = self._lost(term, formula)
        return self._missing[term.key]

    def _lost(self, term: Term, formula: str) -> BoolArray | None:
        numbers = [f for f in term.factors if isinstance(f, Factor) and not self.is_text(f.column)]
        masks = [missing_rows(self._category(f, formula)) for f in term.factors if f not in numbers]
        if numbers:
            masks.append(missing_numbers(self.term(Term.of(*numbers), formula)))
        found = [mask for mask in masks if mask is not None]
        return np.logical_or.reduce(found) if found else None

    def is_text(self, column: str | None) -> bool:
        """Whether a column holds text or categories, so that it is a factor."""
        return column is not None and self._kinds.get(column) in (pl.String, pl.Categorical, pl.Enum)

    def combinations(self, columns: Sequence[str], rows: IntArray) -> list[tuple[Any, ...]]:
        """Combinations of values that occur in some rows of the panel, ascending; a column may be named twice."""
        once = list(dict.fromkeys(columns))
        frame = self.panel.frame.select(once)[rows].unique()
        texts = [c for c in once if self.is_text(c)]
        found = frame.with_columns(pl.col(texts).cast(pl.String)).sort(once).rows()
        return [tuple(row[once.index(c)] for c in columns) for row in found]

    def number(self, name: str, what: str) -> FloatArray:
        """Values of a numeric column, (len(base),), NaN where missing."""
        if name not in self.panel.columns:
            raise UsageError(f"{what}: no column {name!r}{did_you_mean(name, self.panel.columns)}")
        return _numbers(self._selected.column(name), name)

    def places(self, rows: IntArray) -> IntArray | None:
        """Where some rows of the panel stand in the selection; None for all of it."""
        return None if len(rows) == len(self.base) else np.searchsorted(self.base, rows).astype(np.int64)

    def groups(self, columns: tuple[str, ...]) -> Groups:
        """Groups of the combinations of some columns over the selected rows."""
        if columns not in self._groups:
            self._groups[columns] = grouped(self._selected, columns)
        return self._groups[columns]

    def _category(self, factor: Factor | Level | Levels, formula: str) -> pl.Series:
        """The column behind a factor, text for categories."""
        if factor.column not in self.panel.columns:
            guess = did_you_mean(str(factor.column), self.panel.columns)
            raise ExpressionError(f"no column {factor.column!r}{guess}", formula, factor.position)
        series = self._selected.column(factor.column)
        return series.cast(pl.String) if self.is_text(factor.column) else series

    def _factor(self, factor: Factor | Level | Levels, formula: str) -> FloatArray:
        if isinstance(factor, Level):
            return (self._category(factor, formula) == factor.value).cast(pl.Float64).to_numpy()
        if isinstance(factor, Levels):
            raise UsageError(f"{factor.name}: the levels of a factor are not known here")
        if factor.column is not None:
            if factor.column not in self.panel.columns:
                guess = did_you_mean(factor.column, self.panel.columns)
                raise ExpressionError(f"no column {factor.column!r}{guess}", formula, factor.position)
            return _numbers(self._selected.column(factor.column), factor.column)
        whole = any(f not in _ROW_BY_ROW for f in functions_in(factor.node))
        values = _evaluate(self.panel if whole else self._selected, factor, formula, self.scope)
        numbers = _numbers(values, factor.name)
        return numbers[self.base] if whole else numbers


def grouped(panel: Panel, columns: tuple[str, ...]) -> Groups:
    """Groups of the combinations of some columns.

    Raises
    ------
    UsageError
        An unknown column.
    """
    codes, levels, missing = _column_codes(panel, columns[0])
    for name in columns[1:]:
        more, size, lost = _column_codes(panel, name)
        codes, levels = compact(codes * size + more)
        missing = lost if missing is None else missing if lost is None else missing | lost
    return Groups(codes, levels, missing)


def _column_codes(panel: Panel, name: str) -> tuple[IntArray, int, BoolArray | None]:
    if name not in panel.columns:
        raise UsageError(f"no column {name!r} for clusters or units{did_you_mean(name, panel.columns)}")
    series = panel.column(name)
    if series.dtype.is_nested() or series.dtype == pl.Object:
        raise DataError(f"column {name!r} holds {series.dtype}: it cannot form groups")
    missing = missing_rows(series)
    known = series if missing is None else series.fill_null(series.drop_nulls().head(1).item(0) if any(~missing) else 0)
    return *compact(_whole_numbers(known)), missing


def _whole_numbers(series: pl.Series) -> IntArray:
    """Numbers in the order of the values."""
    kind = series.dtype
    if kind in (pl.String, pl.Categorical, pl.Enum):
        texts = series.cast(pl.String)
        return texts.cast(pl.Enum(texts.unique().sort())).to_physical().to_numpy()
    if kind.is_integer() or kind.is_temporal() or kind == pl.Boolean:
        return (series.cast(pl.UInt8) if kind == pl.Boolean else series.to_physical()).to_numpy()
    return series.rank("dense").to_numpy()


def missing_rows(series: pl.Series) -> BoolArray | None:
    """Where a column is null; None where it never is."""
    return series.is_null().to_numpy() if series.null_count() else None


def missing_numbers(values: FloatArray) -> BoolArray | None:
    """Where numbers are NaN; None where they never are."""
    if np.isfinite(_sum(values)):
        return None
    mask = np.isnan(values)
    return mask if mask.any() else None


def _sum(values: FloatArray) -> float:
    """A sum that is finite only if every value is."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(values.sum())


def _selected(panel: Panel, where: Where, scope: expressions.Scope | None) -> tuple[IntArray, tuple[Drop, ...]]:
    """Positions of the rows that a condition selects, and what it dropped."""
    if where is None:
        return np.arange(panel.height, dtype=np.int64), ()
    if isinstance(where, pl.Series):
        truth, name = where, where.name
        if len(truth) != panel.height or truth.dtype != pl.Boolean:
            found = f"{truth.dtype} of {len(truth)}"
            raise UsageError(f"where: a boolean Series of {panel.height} rows is needed, not {found}")
    else:
        truth, name = expressions.condition(panel, where, scope), where if isinstance(where, str) else "the condition"
    unknown = int(truth.null_count())
    chosen = np.flatnonzero(truth.fill_null(False).to_numpy()).astype(np.int64)
    outside = panel.height - len(chosen) - unknown
    reasons = [(f"outside where: {name}".rstrip(": "), outside), (f"where unknown (missing): {name}", unknown)]
    return chosen, tuple(Drop(reason, rows) for reason, rows in reasons if rows)


def _evaluate(panel: Panel, factor: Factor, formula: str, scope: expressions.Scope | None) -> pl.Series:
    """A factor's column; the caret of an error is moved to its place in the formula."""
    try:
        return expressions.evaluate(panel, factor.text, scope)
    except ExpressionError as error:
        if formula[factor.position : factor.position + len(factor.text)] != factor.text:
            raise ExpressionError(error.problem, formula, factor.position, error.hint) from None
        raise ExpressionError(error.problem, formula, factor.position + error.position, error.hint) from None


def _numbers(series: pl.Series, name: str) -> FloatArray:
    if not (series.dtype.is_numeric() or series.dtype in (pl.Boolean, pl.Null)):
        raise DataError(
            f"{name!r} holds {series.dtype}, not numbers",
            hint="absorb it as an effect after '|'; as a regressor it becomes dummies",
        )
    values = series.cast(pl.Float64).to_numpy()
    _refuse_infinite(values, name)
    return values


def _refuse_infinite(values: FloatArray, name: str) -> None:
    if not np.isfinite(_sum(values)) and (infinite := int(np.isinf(values).sum())):
        raise DataError(f"{name!r} holds {infinite} infinite values", hint="leave them out with where=, or mend them")
