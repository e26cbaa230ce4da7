"""Who is treated and since when, read from a treatment column: the units that a draw deals with.

A treatment is a path over the periods: 0 before adoption, then positive and never falling (a share in the year of
adoption is allowed). Units with one path are a batch; draws deal whole paths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from econloom.core.errors import DataError, UsageError, did_you_mean, listed
from econloom.core.frame import whole_periods
from econloom.panel.absorb import FloatArray, Grouping, IntArray

NEVER = 0
"""Code of the path without treatment."""
_UNIT, _TIME, _VALUE, _BATCH = "(unit)", "(time)", "(treatment)", "(batch)"


@dataclass(frozen=True)
class Keys:
    """The columns that say who is treated.

    Attributes
    ----------
    treatment, unit : str
        ``unit`` is what treatment is assigned to: it may be coarser than the rows, such as cities of firms.
    time : str or None
        None where treatment does not change.
    within : tuple of str
        Columns whose combinations are the strata.
    cohort : str or None
        Column of the batch, null for units that are never treated; read from the treatment where none is named.
    """

    treatment: str
    unit: str
    time: str | None = None
    within: tuple[str, ...] = ()
    cohort: str | None = None

    @classmethod
    def of(
        cls, treatment: str, unit: str, time: str | None, within: str | Sequence[str] | None, cohort: str | None
    ) -> Keys:
        """Keys as a caller gives them.

        Raises
        ------
        UsageError
            What is no name of a column.
        """
        strata = tuple(within) if isinstance(within, Sequence) and not isinstance(within, str) else (within,)
        optional = [(what, n) for what, n in (("time", time), ("cohort", cohort)) if n is not None]
        given = [("treatment", treatment), ("unit", unit), *optional]
        for what, name in [*given, *(("within", n) for n in strata if within is not None)]:
            if not isinstance(name, str):
                raise UsageError(f"{what}: {name!r:.60} is not the name of a column")
        return cls(treatment, unit, time, tuple(n for n in strata if n is not None), cohort)

    @property
    def named(self) -> list[tuple[str, str]]:
        """What each column is for, and its name."""
        given = [("treatment", self.treatment), ("unit", self.unit), ("time", self.time), ("cohort", self.cohort)]
        return [(what, name) for what, name in given if name is not None] + [("within", name) for name in self.within]

    def refuse_unknown(self, columns: Sequence[str]) -> None:
        """Refuse columns that are not there.

        Raises
        ------
        UsageError
        """
        for what, name in self.named:
            if name not in columns:
                raise UsageError(f"{what}: no column {name!r}{did_you_mean(name, columns)}")


@dataclass(frozen=True)
class Assignment:
    """Units, batches and periods of a sample.

    Attributes
    ----------
    keys : Keys
    units : tuple
        U values of the unit, ascending.
    periods : (T,) int array
        Of the sample, ascending; a single 0 without time.
    paths : (K + 1, T) array
        Treatment by period: of a unit without treatment, then of each batch.
    batches : tuple of str
        K names, such as ``2015``.
    real : (U,) int array
        Batch of each unit, 0 for never.
    observed : (U, T) bool array
    strata : Grouping
        Of the units.
    strata_names : tuple of str
    unit_rows, period_rows : (n,) int arrays
        Unit and period of each row.
    notes : tuple of str
    """

    keys: Keys
    units: tuple[Any, ...]
    periods: IntArray
    paths: FloatArray
    batches: tuple[str, ...]
    real: IntArray
    observed: npt.NDArray[np.bool_]
    strata: Grouping
    strata_names: tuple[str, ...]
    unit_rows: IntArray
    period_rows: IntArray
    notes: tuple[str, ...]

    @property
    def treated(self) -> npt.NDArray[np.bool_]:
        """Units that are truly treated, (U,)."""
        return np.asarray(self.real != NEVER)

    def named(self, chosen: npt.NDArray[np.bool_]) -> str:
        """The first of some units."""
        return listed([u for u, c in zip(self.units, chosen, strict=True) if c])

    def values(self, labels: npt.NDArray[np.integer[Any]]) -> FloatArray:
        """The treatment of the rows where the units have some batches, (n,) or (B, n) for (U,) or (B, U) labels."""
        return np.asarray(self.paths[labels[..., self.unit_rows], self.period_rows])

    def only(self, units: npt.NDArray[np.bool_]) -> Assignment:
        """The same of some units and their rows; batches and periods stay."""
        number = np.cumsum(units) - 1
        rows = units[self.unit_rows]
        kept = np.flatnonzero(units)
        strata, codes = np.unique(self.strata.codes[kept], return_inverse=True)
        return Assignment(
            self.keys,
            tuple(self.units[u] for u in kept),
            self.periods,
            self.paths,
            self.batches,
            self.real[kept],
            self.observed[kept],
            Grouping(self.strata.name, codes.astype(np.int64), len(strata)),
            tuple(self.strata_names[s] for s in strata),
            np.asarray(number[self.unit_rows[rows]], dtype=np.int64),
            self.period_rows[rows],
            self.notes,
        )


def read(frame: pl.DataFrame, keys: Keys) -> Assignment:
    """The assignment of some rows.

    Parameters
    ----------
    frame : polars.DataFrame
        Rows of the sample.
    keys : Keys

    Raises
    ------
    UsageError
        A column that is not there.
    DataError
        Treatment that is missing, negative, differs within unit and period, or switches off; a unit without key, in
        several strata or batches; a treated unit whose date the data do not show.
    """
    keys.refuse_unknown(frame.columns)
    rows = _rows(frame, keys)
    units = rows[_UNIT].unique().sort()
    periods = rows[_TIME].unique().sort()
    unit_rows, period_rows = _codes(rows[_UNIT], units), _codes(rows[_TIME], periods)
    U, T = units.len(), periods.len()
    cells = unit_rows * T + period_rows
    table = _table(rows, cells, (U, T), keys, (units, periods))
    observed = np.isfinite(table)
    _refuse_falling(table, observed, keys, units, periods)
    times = periods.to_numpy().astype(np.int64)
    batch = _batches(frame, keys, unit_rows, units) if keys.cohort else None
    real, paths, names, notes = _paths(table, observed, times, units, keys, batch)
    strata, strata_names = _strata(frame, keys, unit_rows, units)
    found = tuple(units.to_list())
    return Assignment(
        keys, found, times, paths, names, real, observed, strata, strata_names, unit_rows, period_rows, notes
    )


def _rows(frame: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    treatment = frame[keys.treatment]
    if not (treatment.dtype.is_numeric() or treatment.dtype == pl.Boolean):
        raise DataError(f"treatment {keys.treatment!r} holds {treatment.dtype}, not numbers", hint="0 and 1")
    time = whole_periods(frame[keys.time], "the data") if keys.time else pl.Series([0] * frame.height, dtype=pl.Int64)
    made = pl.DataFrame([
        frame[keys.unit].alias(_UNIT), time.alias(_TIME), treatment.cast(pl.Float64).alias(_VALUE)
    ])  # fmt: skip
    for column, name in ((_UNIT, keys.unit), (_TIME, keys.time), (_VALUE, keys.treatment)):
        if missing := made[column].null_count():
            raise DataError(
                f"{name!r} is missing in {missing} of {frame.height} rows", hint="leave them out with where="
            )
    if negative := int((made[_VALUE] < 0).sum()):
        raise DataError(f"treatment {keys.treatment!r} is negative in {negative} rows", hint="0 without treatment")
    return made


def _codes(values: pl.Series, known: pl.Series) -> IntArray:
    """Places of values among the known ones, which are ascending."""
    places = pl.DataFrame({"v": known}).with_row_index("at")
    found = pl.DataFrame({"v": values}).join(places, on="v", how="left", maintain_order="left")
    return found["at"].to_numpy().astype(np.int64)


def _table(
    rows: pl.DataFrame, cells: IntArray, shape: tuple[int, int], keys: Keys, known: tuple[pl.Series, pl.Series]
) -> FloatArray:
    """Treatment by unit and period, NaN where there is no row."""
    low, high = np.full(shape[0] * shape[1], np.inf), np.full(shape[0] * shape[1], -np.inf)
    values = rows[_VALUE].to_numpy()
    np.minimum.at(low, cells, values)
    np.maximum.at(high, cells, values)
    split = np.flatnonzero(low < high)
    if len(split):
        said = [
            f"{known[0][int(c) // shape[1]]}{f' {known[1][int(c) % shape[1]]}' if keys.time else ''}" for c in split
        ]
        where = f"{keys.unit} and {keys.time}" if keys.time else keys.unit
        raise DataError(
            f"treatment {keys.treatment!r} differs between rows of one {where}: {listed(said)}",
            hint="treatment is dealt to whole units: name the unit that it is assigned to"
            + ("" if keys.time else ", or time= where it changes over time"),
        )
    return np.where(np.isfinite(low), low, np.nan).reshape(shape)


def _refuse_falling(
    table: FloatArray, observed: npt.NDArray[np.bool_], keys: Keys, units: pl.Series, periods: pl.Series
) -> None:
    """Refuse treatment that switches off or shrinks."""
    before = np.fmax.accumulate(table, axis=1)
    falls = observed & (table < before)
    if falls.any():
        first = [(u, int(np.argmax(falls[u]))) for u in np.flatnonzero(falls.any(axis=1))]
        said = [f"{units[int(u)]} ({before[u, t]:g} before {periods[t]}, then {table[u, t]:g})" for u, t in first]
        raise DataError(
            f"treatment {keys.treatment!r} switches off: {listed(said)}",
            hint="draws deal dates of adoption: code it as treated from the first period on, or leave these units out",
        )


def _paths(
    table: FloatArray,
    observed: npt.NDArray[np.bool_],
    times: IntArray,
    units: pl.Series,
    keys: Keys,
    batch: list[Any] | None,
) -> tuple[IntArray, FloatArray, tuple[str, ...], tuple[str, ...]]:
    """Batch of each unit, the paths, their names, and what is to be said."""
    treated = np.nansum(table, axis=1) > 0
    if not treated.any():
        raise DataError(f"no unit of {keys.unit!r} is treated: {keys.treatment!r} is 0 in every row of the sample")
    if batch is None:
        whole = _filled(table)
        notes = _refuse_unknown_dates(table, observed, times, units, keys, treated)
        distinct, codes = np.unique(whole[treated], axis=0, return_inverse=True)
        order = np.lexsort((-distinct.sum(axis=1), np.argmax(distinct > 0, axis=1)))
        rank = np.argsort(order)
        paths = distinct[order]
        real = np.zeros(len(table), dtype=np.int64)
        real[treated] = rank[codes.reshape(-1)] + 1
        return real, np.vstack([np.zeros(len(times)), paths]), _names(paths, times, keys), notes
    real, paths, names = _given(table, treated, units, keys, batch)
    return real, np.vstack([np.zeros(len(times)), paths]), names, ()


def _filled(table: FloatArray) -> FloatArray:
    """The last treatment seen stands in periods without a row, 0 before the first."""
    return np.nan_to_num(np.fmax.accumulate(table, axis=1))


def _refuse_unknown_dates(
    table: FloatArray,
    observed: npt.NDArray[np.bool_],
    times: IntArray,
    units: pl.Series,
    keys: Keys,
    treated: npt.NDArray[np.bool_],
) -> tuple[str, ...]:
    """Refuse units that enter treated; say which have a gap before their date, and which are always treated."""
    first = np.argmax(np.nan_to_num(table) > 0, axis=1)
    seen = np.argmax(observed, axis=1)
    enters = treated & (first == seen) & (first > 0)
    if enters.any():
        raise DataError(
            f"the date of treatment is not in the data: treated when first seen: {listed(units.filter(enters))}",
            hint="cohort='column of dates', or leave these units out",
        )
    gap = treated & (first > 0) & ~observed[np.arange(len(first)), np.maximum(first - 1, 0)]
    always = treated & (first == 0) & (len(times) > 1)
    found = []
    if gap.any():
        said = listed(units.filter(gap))
        found.append(f"no row before the date of {said}: taken as treated since the first period seen")
    if always.any():
        found.append(f"treated in every period: {listed(units.filter(always))}")
    return tuple(found)


def _names(paths: FloatArray, times: IntArray, keys: Keys) -> tuple[str, ...]:
    """A batch is called by its date; with the first value where others have the same date."""
    first = np.argmax(paths > 0, axis=1)
    plain = [str(times[t]) if keys.time else f"{path[0]:g}" for t, path in zip(first, paths, strict=True)]
    return tuple(
        name if plain.count(name) == 1 else f"{name} ({', '.join(f'{v:g}' for v in dict.fromkeys(path[t:]))})"
        for name, t, path in zip(plain, first, paths, strict=True)
    )


def _batches(frame: pl.DataFrame, keys: Keys, unit_rows: IntArray, units: pl.Series) -> list[Any]:
    """The batch of each unit as its column says."""
    assert keys.cohort is not None
    return _constant(frame, keys.cohort, unit_rows, units, keys.unit, "batch")


def _constant(frame: pl.DataFrame, name: str, unit_rows: IntArray, units: pl.Series, unit: str, what: str) -> list[Any]:
    """The one value of a column in each unit."""
    pairs = pl.DataFrame({"u": unit_rows, "v": frame[name]}).unique(maintain_order=True)
    if pairs.height > units.len():
        twice = pairs.filter(pl.col("u").is_duplicated())["u"].unique().sort()
        said = listed(units[int(u)] for u in twice)
        raise DataError(f"{unit!r} lies in several {what} of {name!r}: {said}", hint=f"one value for each {unit}")
    values: list[Any] = pairs.sort("u")["v"].to_list()
    return values


def _given(
    table: FloatArray, treated: npt.NDArray[np.bool_], units: pl.Series, keys: Keys, batch: list[Any]
) -> tuple[IntArray, FloatArray, tuple[str, ...]]:
    """Batches as their column says; the path of a batch is what any of its units shows."""
    some = np.array([b is not None for b in batch])
    if (odd := treated & ~some).any():
        raise DataError(f"treated, but without a batch in {keys.cohort!r}: {listed(units.filter(odd))}")
    unseen = some & ~treated
    known = sorted({b for b, t in zip(batch, treated, strict=True) if t})
    real = np.array([known.index(b) + 1 if b in known and not u else 0 for b, u in zip(batch, unseen, strict=True)])
    paths = []
    for number, name in enumerate(known, 1):
        mine = table[real == number]
        low, high = np.fmin.reduce(mine, axis=0), np.fmax.reduce(mine, axis=0)
        if np.any(low < high):
            raise DataError(f"units of batch {name} in {keys.cohort!r} do not have the same treatment over time")
        paths.append(_filled(high[None, :])[0])
    return real.astype(np.int64), np.vstack(paths), tuple(map(str, known))


def _strata(frame: pl.DataFrame, keys: Keys, unit_rows: IntArray, units: pl.Series) -> tuple[Grouping, tuple[str, ...]]:
    if not keys.within:
        return Grouping("all", np.zeros(units.len(), dtype=np.int64), 1), ("all",)
    columns = [_constant(frame, name, unit_rows, units, keys.unit, "strata") for name in keys.within]
    for name, values in zip(keys.within, columns, strict=True):
        if missing := [u for u, v in zip(units, values, strict=True) if v is None]:
            raise DataError(f"stratum {name!r} is missing for {listed(missing)}")
    joined = ["^".join(map(str, values)) for values in zip(*columns, strict=True)]
    names, codes = np.unique(joined, return_inverse=True)
    return Grouping("^".join(keys.within), codes.astype(np.int64), len(names)), tuple(map(str, names))
