"""The prepared data of an export: columns of econloom's panels, samples and groups, under names that programs take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from econloom.core.frame import Panel
from econloom.core.frame import Variable as Known
from econloom.core.labels import Label, Lang
from econloom.panel.formula import Factor, Level, Term
from econloom.study.export.lags import LAGS, lagged, lagged_column
from econloom.study.export.names import Names
from econloom.study.export.statement import Native, Variable

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
_LANGUAGES: tuple[Lang, Lang] = ("zh", "en")
EXACT = 1e-14
"""Numbers that programs make themselves differ by no more, relative to the larger."""


@dataclass(frozen=True)
class Column:
    """A prepared column.

    Attributes
    ----------
    name : str
        In the data.
    source : str
        Column or term of econloom.
    zh, en : str
    unit : str or None
    what : str
        Formula, or how it was made.
    levels : mapping of int to str
        Texts behind the numbers of groups.
    values : polars.Series
    """

    name: str
    source: str
    zh: str
    en: str
    unit: str | None
    what: str
    levels: Mapping[int, str]
    values: pl.Series

    @property
    def label(self) -> str:
        """In both languages."""
        return self.zh if self.zh == self.en else f"{self.zh} | {self.en}"


class Data:
    """Prepared columns of one panel; rows are those of econloom's panel, in its order.

    Parameters
    ----------
    name : str
        Of the files.
    panel : Panel
    words : mapping of str to Variable
        The study's own words for columns.
    """

    def __init__(self, name: str, panel: Panel, words: Mapping[str, Known]) -> None:
        self.name = name
        self.panel = panel
        self._words = words
        self._names = Names()
        self._columns: dict[str, Column] = {}
        self._by_source: dict[tuple[str, str], list[str]] = {}
        for key in panel.keys:
            self.plain(key, panel)

    def __iter__(self) -> Iterator[Column]:
        return iter(self._columns.values())

    def __getitem__(self, name: str) -> Column:
        return self._columns[name]

    def holds(self, panel: Panel) -> bool:
        """Whether another panel has the same rows."""
        return panel.keys == self.panel.keys and panel.frame.select(panel.keys).equals(
            self.panel.frame.select(panel.keys)
        )

    @property
    def unit(self) -> str | None:
        """The numeric column of units."""
        return self.groups((self.panel.unit,)) if self.panel.unit else None

    @property
    def time(self) -> str | None:
        """The column of periods."""
        return self.plain(self.panel.time, self.panel) if self.panel.time else None

    def plain(self, column: str, panel: Panel) -> str:
        """A column of a panel as it is."""
        known, own = panel.variables.get(column), self._words.get(column)
        label = self._label(column, panel)
        unit = own.unit if own and own.unit else known.unit if known else None
        what = (known.formula or "") if known else ""
        made = Column("", column, label.text("zh"), label.text("en"), unit, what, {}, panel.column(column))
        return self._kept("column", made)

    def sample(self, rows: IntArray, what: str) -> str:
        """A column that is 1 in some rows and 0 elsewhere."""
        inside = np.zeros(self.panel.height, dtype=np.int8)
        inside[rows] = 1
        return self._kept("sample", Column("s", "s", "样本", "sample", None, what, {}, pl.Series(inside)), number=True)

    def term(self, term: Term, rows: IntArray, values: FloatArray, panel: Panel) -> Variable:
        """A term with its values in some rows of a panel.

        Where other prepared columns give the same numbers (lags by time, products, levels), programs may make it.
        """
        factor = term.factors[0]
        if len(term.factors) == 1 and isinstance(factor, Factor) and factor.column in panel.columns:
            name = self._matching(str(factor.column), rows, values, panel)
            if name is not None:
                return Variable(term.name, name, Native("column", name))
        whole = np.full(self.panel.height, np.nan)
        whole[rows] = values
        label = self._label(term.name, panel)
        made = Column("", term.name, label.text("zh"), label.text("en"), None, term.name, {}, _series(whole))
        name = self._kept("term", made)
        native = self._native(term, rows, values, panel) or Native("column", name)
        return Variable(term.name, name, native)

    def groups(self, columns: tuple[str | None, ...], panel: Panel | None = None) -> str:
        """A numeric column whose values are the groups of some columns together."""
        panel = panel or self.panel
        named = [str(c) for c in columns]
        if len(named) == 1 and panel.column(named[0]).dtype.is_integer():
            return self.plain(named[0], panel)
        series = [_text(panel.column(c)) for c in named]
        frame = pl.DataFrame(series).with_columns(pl.concat_str(pl.all(), separator=" × ").alias("text"))
        if len(named) == 1 and panel.column(named[0]).dtype.is_numeric():
            order = panel.column(named[0]).rank("dense")
        else:
            order = frame["text"].rank("dense")
        codes = order.cast(pl.Int32)
        levels = dict(sorted(pl.DataFrame({"k": codes, "v": frame["text"]}).drop_nulls().unique().rows()))
        zh, en = ("×".join(self._label(c, panel).text(lang) for c in named) for lang in _LANGUAGES)
        source = "^".join(named)
        wanted = f"{source}_id" if len(named) == 1 else "_".join(named)
        made = Column(wanted, source, f"{zh}（编号）", f"{en} (number)", None, f"groups of {source}", levels, codes)
        return self._kept("groups", made)

    def _label(self, column: str, panel: Panel) -> Label:
        """What the study calls a column, else what the panel does."""
        own = self._words.get(column)
        return own.label if own is not None and own.label else panel.label(column)

    def _matching(self, column: str, rows: IntArray, values: FloatArray, panel: Panel) -> str | None:
        """The prepared form of a column whose numbers are these; None where it holds others."""
        series = panel.column(column)
        if not (series.dtype.is_numeric() or series.dtype == pl.Boolean):
            return None
        found = series.cast(pl.Float64).to_numpy()[rows]
        return self.plain(column, panel) if np.array_equal(found, values) else None

    def _native(self, term: Term, rows: IntArray, values: FloatArray, panel: Panel) -> Native | None:
        """How programs can write a term, proven on its rows; None where they cannot."""
        parts = [self._piece(f, panel) for f in term.factors]
        known = [p for p in parts if p is not None]
        if len(known) < len(parts):
            return None
        made = np.ones(len(rows))
        for part in known:
            made = made * self._made(part)[rows]
        with np.errstate(invalid="ignore"):
            same = np.abs(made - values) <= EXACT * np.abs(values)
        if not same.all():
            return None
        return known[0] if len(known) == 1 else Native("product", parts=tuple(known))

    def native(self, term: Term, panel: Panel) -> Native | None:
        """A column, lag or level by itself; None of what is more than that."""
        return self._piece(term.factors[0], panel) if len(term.factors) == 1 else None

    def _piece(self, factor: object, panel: Panel) -> Native | None:
        if isinstance(factor, Level):
            column = panel.column(factor.column)
            whole = column.dtype.is_integer() and isinstance(factor.value, int | float) and factor.value >= 0
            if not whole or (column.min() or 0) < 0:  # type: ignore[operator]
                return None
            return Native("level", self.plain(factor.column, panel), int(factor.value))
        if not isinstance(factor, Factor):
            return None
        if factor.column is not None:
            return Native("column", self.plain(factor.column, panel)) if factor.column in panel.columns else None
        found = lagged(factor.node)
        if found is None or found[0] not in panel.columns or panel.time is None:
            return None
        return Native("lag", self.plain(found[0], panel), found[1])

    def _made(self, native: Native) -> FloatArray:
        """What a program makes of a native term, NaN where missing."""
        values = self._columns[native.column].values
        if native.kind == "level":
            return (values == native.value).cast(pl.Float64).to_numpy()
        if native.kind == LAGS:
            frame = self.panel.frame.select(self.panel.keys)
            values = lagged_column(frame, str(self.panel.unit), str(self.panel.time), values, native.value)
        return values.cast(pl.Float64).to_numpy()

    def _kept(self, kind: str, made: Column, number: bool = False) -> str:
        """The name of a column: an earlier one that holds the same where both are known, or a new one."""
        key = (kind if kind != "term" else "column", made.source)
        for name in self._by_source.get(key, []):
            merged = _union(self._columns[name].values, made.values, whole=kind in {"sample", "groups"})
            if merged is not None:
                self._columns[name] = replace(self._columns[name], values=merged)
                return name
        text = made.name or made.source
        earlier = len(self._by_source.get(key, []))
        if number:
            text = f"{text}{earlier + 1}"
        name = self._names.give(text)
        what = made.what
        if earlier and not number:
            what = f"{what or made.source} (as changed for some models: winsorised, trimmed or moved)"
        self._columns[name] = replace(made, name=name, what=what)
        self._by_source.setdefault(key, []).append(name)
        return name


def _series(values: FloatArray) -> pl.Series:
    return pl.Series(values).fill_nan(None)


def _text(series: pl.Series) -> pl.Series:
    return series.cast(pl.Int64, strict=False).cast(pl.String) if series.dtype == pl.Boolean else series.cast(pl.String)


def _union(first: pl.Series, second: pl.Series, whole: bool = False) -> pl.Series | None:
    """Two columns as one where they do not contradict each other; ``whole`` ones must be equal."""
    if first.dtype != second.dtype and not (first.dtype.is_numeric() and second.dtype.is_numeric()):
        return None
    same = first.eq_missing(second) if whole else (first == second)
    if not same.fill_null(True).all():
        return None
    if whole or not first.null_count() or (first.is_null() & second.is_not_null()).sum() == 0:
        return first
    return pl.select(pl.coalesce(pl.lit(first), pl.lit(second))).to_series()


def same_rows(known: Sequence[Data], panel: Panel) -> Data | None:
    """The prepared data with the rows of a panel."""
    return next((d for d in known if d.holds(panel)), None)
