"""When the units of a panel adopt: cohorts from a column of cohorts, or from a 0/1 column of treatment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from econloom.core.errors import DataError, UsageError, did_you_mean, listed, plural
from econloom.core.frame import Panel, whole_periods
from econloom.data import expressions
from econloom.data.expressions import Scope
from econloom.data.sources import as_panel
from econloom.panel.absorb import IntArray
from econloom.panel.columns import BoolArray, Where
from econloom.panel.did.cohort_column import read_cohorts


@dataclass(frozen=True)
class Timing:
    """Adoption on the rows of a panel.

    Attributes
    ----------
    panel : Panel
    unit, time : str
    adopts : str
        Column of what adopts; ``unit`` where that is the same.
    times : (n,) int array
    cohorts : (n,) int array
        First treated period of the row's unit; 0 in rows of units that never adopt.
    adopter : (n,) bool array
        Rows of units that adopt at some time.
    inside : (n,) bool array
        Rows that the condition selects, and of which it is known who adopts.
    known : (n,) bool array
        Rows of which it is known who adopts: with an adopting unit and, where that is given, a treatment.
    """

    panel: Panel
    unit: str
    time: str
    adopts: str
    times: IntArray
    cohorts: IntArray
    adopter: BoolArray
    inside: BoolArray
    known: BoolArray

    @property
    def events(self) -> IntArray:
        """Event times, (n,); meaningless in rows of units that never adopt."""
        return self.times - self.cohorts

    @property
    def treated(self) -> BoolArray:
        """Rows under treatment."""
        return self.adopter & (self.times >= self.cohorts)

    def gaps(self) -> list[int]:
        """Periods between the first and the last without a row."""
        found = set(map(int, np.unique(self.times[self.inside])))
        return [t for t in range(min(found), max(found) + 1) if t not in found] if found else []


@dataclass(frozen=True, slots=True)
class Asked:
    """Which columns say who adopts when; one of ``cohort`` and ``treatment``.

    Attributes
    ----------
    cohort, treatment : str or None
    never : number or None
        Value of ``cohort`` of units that never adopt, beside missing and infinity.
    adopts : str or None
        Column of what adopts where that is coarser than the unit.
    """

    cohort: str | None
    treatment: str | None
    never: float | None = None
    adopts: str | None = None


def keyed(data: Any, unit: str | None, time: str | None) -> tuple[Panel, str, str]:
    """The data with their keys; rows may be finer than unit and time (repeated cross-sections).

    Raises
    ------
    UsageError
        No unit or time is known, or there is no such column.
    """
    panel = as_panel(data)
    unit, time = unit or panel.unit, time or panel.time
    if unit is None or time is None:
        raise UsageError("who and when is not said", hint="unit='firm', time='year'")
    for name in (unit, time):
        if name not in panel.columns:
            raise UsageError(f"no column {name!r}{did_you_mean(name, panel.columns)}")
    if (panel.unit, panel.time) == (unit, time):
        return panel, unit, time
    frame = panel.frame
    if frame[time].null_count():
        raise DataError(f"the time {time!r} is missing in {plural(frame[time].null_count(), 'row')}")
    if not frame.select(unit, time).is_duplicated().any() and not frame[unit].null_count():
        return Panel.build(frame, unit, time), unit, time
    return Panel(frame.with_columns(whole_periods(frame[time], "the data"))), unit, time


def timing(data: Any, unit: str | None, time: str | None, asked: Asked, where: Where, scope: Scope | None) -> Timing:
    """Who adopts when.

    Raises
    ------
    UsageError
        Neither or both of ``cohort`` and ``treatment`` are given, or a column is not there.
    DataError
        Cohorts that are no whole numbers; treatment that is not 0/1 or switches off.
    """
    if (asked.cohort is None) == (asked.treatment is None):
        raise UsageError(
            "adoption is given by one of cohort and treatment", hint="cohort='first_year', or treatment='treatpost'"
        )
    panel, unit, time = keyed(data, unit, time)
    frame = panel.frame
    for name in (asked.cohort, asked.treatment, asked.adopts):
        if name is not None and name not in frame.columns:
            raise UsageError(f"no column {name!r}{did_you_mean(name, frame.columns)}")
    inside = np.ones(frame.height, dtype=bool)
    if isinstance(where, pl.Series):
        if len(where) != frame.height or where.dtype != pl.Boolean:
            raise UsageError(
                f"where: a boolean Series of {frame.height} rows is needed, not {where.dtype} of {len(where)}"
            )
        inside = where.fill_null(False).to_numpy()
    elif where is not None:
        inside = expressions.condition(panel, where, scope).fill_null(False).to_numpy()
    known = np.ones(frame.height, dtype=bool)
    for name in (asked.adopts, asked.treatment):
        if name is not None and frame[name].null_count():
            known = known & frame[name].is_not_null().to_numpy()
    inside = inside & known
    times = frame[time].to_numpy().astype(np.int64)
    if asked.cohort is not None:
        start = _cohorts_of(frame[asked.cohort], times, inside, asked.never)
    else:
        start = _first_treated(frame, unit, time, str(asked.treatment))
    adopter = start.is_not_null().to_numpy()
    first = start.fill_null(0).to_numpy().astype(np.int64)
    return Timing(panel, unit, time, asked.adopts or unit, times, first, adopter, inside, known)


def _cohorts_of(values: pl.Series, times: IntArray, inside: BoolArray, never: float | None) -> pl.Series:
    """The cohorts of the rows that are asked for; missing in others, whatever those hold."""
    chosen = pl.select(pl.when(pl.Series(inside)).then(values)).to_series().alias(values.name)
    return read_cohorts(chosen, int(times[inside].min()) if inside.any() else 0, never)


def _first_treated(frame: pl.DataFrame, unit: str, time: str, treatment: str) -> pl.Series:
    """The first treated period of each row's unit.

    Raises
    ------
    DataError
        Values other than 0 and 1, or treatment that switches off.
    """
    values = frame[treatment]
    if not (values.dtype.is_numeric() or values.dtype == pl.Boolean):
        raise DataError(f"treatment {treatment!r} holds {values.dtype}, not 0 and 1")
    odd = [v for v in values.drop_nulls().unique().sort().to_list() if v not in (0, 1)]
    if odd:
        hint = "an exposure goes into the formula as a regressor; its 0/1 column names the date"
        raise DataError(f"treatment {treatment!r} is not 0 or 1: {listed(odd, 4)}", hint=hint)
    rows = frame.select(pl.col(unit).alias("u"), pl.col(time).alias("t"), values.cast(pl.Int8).alias("d"))
    known = rows.filter(pl.col("d").is_not_null() & pl.col("u").is_not_null())
    start = known.filter(pl.col("d") == 1).group_by("u").agg(pl.col("t").min().alias("start"))
    ends = known.join(start, on="u").filter((pl.col("t") > pl.col("start")) & (pl.col("d") == 0))
    if ends.height:
        first = ends.group_by("u").agg(pl.col("t").min()).sort("u")
        named = listed(f"{u} ({t})" for u, t in first.iter_rows())
        raise DataError(
            f"treatment {treatment!r} switches off in {plural(first.height, 'unit')}: {named}",
            hint="event time is counted from an adoption that lasts: leave these units out with where=",
        )
    return rows.join(start, on="u", how="left", maintain_order="left")["start"]
