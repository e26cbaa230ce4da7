"""The panel: a frame whose keys are checked once, with the labels and the history of its columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from econloom.core.errors import DataError, did_you_mean, listed
from econloom.core.labels import Label
from econloom.core.lineage import Event


@dataclass(frozen=True, slots=True)
class Variable:
    """What is known about a column.

    Attributes
    ----------
    label : Label
    unit : str or None
        Such as ``per cent``.
    formula : str or None
        The study's formula or measure.
    sources : tuple of str
        Sources it is made from.
    """

    label: Label = Label()
    unit: str | None = None
    formula: str | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """A frame with unique unit-time keys.

    Attributes
    ----------
    frame : polars.DataFrame
        NaN never occurs: missing is null.
    unit, time : str or None
        Key columns; both None for a cross-section without keys.
    variables : mapping of str to Variable
    events : tuple of Event
        Everything that was done to it, oldest first.
    """

    frame: pl.DataFrame
    unit: str | None = None
    time: str | None = None
    variables: Mapping[str, Variable] = field(default_factory=dict)
    events: tuple[Event, ...] = ()

    @classmethod
    def build(
        cls, frame: pl.DataFrame, unit: str | None = None, time: str | None = None, what: str = "the data"
    ) -> Panel:
        """Check the keys and make every NaN null.

        Parameters
        ----------
        frame : polars.DataFrame
        unit, time : str, optional
            Key columns. With ``time`` alone or ``unit`` alone that column must be unique by itself.
        what : str
            The source's name in error messages.

        Raises
        ------
        DataError
            A key column is absent or has missing values, times are not whole numbers, or keys repeat (the
            repeated keys are listed).
        """
        keys = [k for k in (unit, time) if k is not None]
        _refuse_absent(frame, keys, what)
        frame = missing_as_null(frame)
        _refuse_unusable(frame, keys, what)
        if time is not None:
            frame = frame.with_columns(whole_periods(frame[time], what))
        require_unique(frame, keys, what)
        return cls(frame, unit, time)

    @property
    def keys(self) -> list[str]:
        """The key columns."""
        return [k for k in (self.unit, self.time) if k is not None]

    @property
    def columns(self) -> list[str]:
        """Names of all columns."""
        return self.frame.columns

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.frame.height

    def column(self, name: str) -> pl.Series:
        """One column.

        Raises
        ------
        DataError
            No such column; the nearest name is suggested.
        """
        if name not in self.frame.columns:
            raise DataError(f"no column {name!r}{did_you_mean(name, self.frame.columns)}")
        return self.frame[name]

    def with_column(self, name: str, values: pl.Series, variable: Variable | None = None, *events: Event) -> Panel:
        """A panel with one more (or one replaced) column."""
        frame = self.frame.with_columns(_no_nan(values.alias(name)))
        known = dict(self.variables)
        if variable is not None:
            known[name] = variable
        return replace(self, frame=frame, variables=known, events=(*self.events, *events))

    def with_rows(self, frame: pl.DataFrame, *events: Event) -> Panel:
        """A panel with other rows of the same columns."""
        return replace(self, frame=frame, events=(*self.events, *events))

    def label(self, name: str) -> Label:
        """The label of a column, or its bare name."""
        known = self.variables.get(name)
        return known.label if known and known.label else Label.same(name)


def missing_as_null(frame: pl.DataFrame) -> pl.DataFrame:
    """Turn every floating NaN into null."""
    floats = [column for column in frame.iter_columns() if column.dtype.is_float()]
    suspects = [column for column in floats if not math.isfinite(column.sum())]
    mended = [column.fill_nan(None) for column in suspects if column.is_nan().any()]
    return frame.with_columns(mended) if mended else frame


def _no_nan(values: pl.Series) -> pl.Series:
    return values.fill_nan(None) if values.dtype.is_float() else values


LARGEST = 2.0**53
"""Whole numbers below this have a float of their own."""


def not_whole(values: pl.Series) -> pl.Series:
    """Those floats that are no whole numbers, or too large to tell."""
    return values.filter((values != values.round(0)) | (values.abs() >= LARGEST))


def whole_periods(time: pl.Series, what: str) -> pl.Series:
    """A column of times as whole numbers; anything else is a DataError."""
    if time.dtype.is_integer():
        return time.cast(pl.Int64)
    if time.dtype.is_float():
        odd = not_whole(time)
        if odd.len() == 0:
            return time.cast(pl.Int64)
        raise DataError(f"{what}: times in {time.name!r} are not whole numbers: {listed(odd.head(5).to_list())}")
    raise DataError(
        f"{what}: time {time.name!r} holds {time.dtype}, not whole numbers",
        hint="convert it to a year or period number",
    )


def _refuse_absent(frame: pl.DataFrame, keys: Sequence[str], what: str) -> None:
    for key in keys:
        if key not in frame.columns:
            raise DataError(f"{what}: no key column {key!r}{did_you_mean(key, frame.columns)}")


def _refuse_unusable(frame: pl.DataFrame, keys: Sequence[str], what: str) -> None:
    for key in keys:
        if (kind := frame.schema[key]).is_nested() or kind in (pl.Binary, pl.Object):
            raise DataError(f"{what}: key {key!r} holds {kind}", hint="keys are texts or whole numbers")
        if missing := frame[key].null_count():
            rows = frame[key].is_null().arg_true().head(5).to_list()
            raise DataError(f"{what}: key {key!r} is missing in {missing} rows (first: {listed(rows)})")


def _numbered_once(frame: pl.DataFrame, keys: Sequence[str]) -> bool:
    """Whether keys of whole numbers, as one number each, are told to differ at once; False where that is not known."""
    if not frame.height or not all(frame.schema[k].is_integer() and frame.schema[k] != pl.UInt64 for k in keys):
        return False
    lows = [frame[k].min() for k in keys]
    spans = [int(frame[k].max()) - int(low) + 1 for k, low in zip(keys, lows, strict=True)]  # type: ignore[arg-type]
    cells = math.prod(spans)
    if cells >= 2**62:
        return False
    code = np.zeros(frame.height, dtype=np.int64)
    for key, low, span in zip(keys, lows, spans, strict=True):
        code *= span
        code += frame[key].cast(pl.Int64).to_numpy() - int(low)  # type: ignore[arg-type]
    if cells > 8 * frame.height + 1_000:
        return bool(pl.Series(code).n_unique() == frame.height)
    seen = np.zeros(cells, dtype=bool)
    seen[code] = True
    return int(seen.sum()) == frame.height


def require_unique(frame: pl.DataFrame, keys: Sequence[str], what: str) -> None:
    """Refuse a frame that lacks a key column, has missing keys, or has a combination of keys twice.

    Raises
    ------
    DataError
        The repeated keys are listed.
    """
    _refuse_absent(frame, keys, what)
    _refuse_unusable(frame, keys, what)
    if not keys or _numbered_once(frame, keys) or not frame.select(keys).is_duplicated().any():
        return
    counts = frame.group_by(keys).len().filter(pl.col("len") > 1).sort(keys)
    shown = [f"{' '.join(str(r[k]) for k in keys)} ({r['len']} rows)" for r in counts.head(8).iter_rows(named=True)]
    raise DataError(
        f"{what}: {counts.height} duplicate keys ({' x '.join(keys)}): {', '.join(shown)}"
        + (f" and {counts.height - 8} more" if counts.height > 8 else ""),
        hint="keep one row for each key, or add the column that tells them apart to the key",
    )
