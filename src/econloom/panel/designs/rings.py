"""Rings of distance around treated units: which unit and period has an already treated unit in which ring.

With d_ij the great-circle distance of units i and j, T_j the first treated period of j and rings (a_r, b_r] ::

    any       N^r_it = 1  where some j != i has  T_j <= t  and  a_r < d_ij <= b_r
    nearest   N^r_it = 1  where the nearest j != i with  T_j <= t  has  a_r < d_ij <= b_r

A unit's own treatment never counts. The first ring holds distance zero too: another unit at the same place is near. A
distance within one part in 10^12 of an edge lies on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import polars as pl

from econloom.core.errors import DataError, EstimationError, UsageError, did_you_mean, listed
from econloom.core.frame import Panel
from econloom.data.sources import as_panel
from econloom.panel.absorb import FloatArray, IntArray
from econloom.panel.columns import BoolArray
from econloom.panel.designs.nearby import NEVER, earliest, of_nearest
from econloom.panel.distances import on_sphere, refuse_coordinates

Rule = Literal["any", "nearest"]


@dataclass(frozen=True)
class Rings:
    """Which rings around which units.

    Attributes
    ----------
    unit : str
        Column of the units that are treated and have a place, such as a city; it need not be the panel's unit.
    start : str
        Column of a unit's first treated period, missing for units that are never treated (or do not count).
    latitude, longitude : str
        Columns, in degrees; one pair a unit.
    width, to : float
        Rings ``(0, width], (width, 2 width], ... (to - width, to]`` in kilometres.
    edges : sequence of float, or of (float, float), optional
        In place of both: the edges of rings that touch, or the two of each ring.
    rule : {"any", "nearest"}
        Whether any treated unit within a ring counts, or only the nearest one.
    neighbours : frame or path, optional
        The treated units with their places, in columns of these names; by default those of the data. It brings in
        units that the data do not have.
    places : frame or path, optional
        Every unit with its coordinates, in columns of these names, in place of those of the data and of ``neighbours``.
    prefix : str
        Of the columns: ``ring_50`` is the ring up to 50 km.

    Raises
    ------
    UsageError
        Rings that overlap, are empty or do not fit into ``to``; an unknown rule.

    Examples
    --------
    >>> Rings("city", "cohort", width=50, to=150).names
    ('ring_50', 'ring_100', 'ring_150')
    >>> Rings("city", "cohort", edges=[0, 20, 100]).bounds
    ((0.0, 20.0), (20.0, 100.0))
    """

    unit: str
    start: str
    latitude: str = "latitude"
    longitude: str = "longitude"
    width: float = 50
    to: float = 500
    edges: Sequence[float] | Sequence[tuple[float, float]] | None = None
    rule: Rule = "any"
    neighbours: Any = field(default=None, compare=False, repr=False)
    places: Any = field(default=None, compare=False, repr=False)
    prefix: str = "ring"

    def __post_init__(self) -> None:
        if self.rule not in ("any", "nearest"):
            raise UsageError(f"rule: 'any' or 'nearest', not {self.rule!r}")
        _refuse_rings(self.bounds)

    @cached_property
    def bounds(self) -> tuple[tuple[float, float], ...]:
        """The two edges of every ring, from the nearest, in kilometres."""
        if self.edges is None:
            return _by_width(self.width, self.to)
        if any(isinstance(e, Sequence) for e in self.edges):
            return tuple(sorted(_pair(e) for e in self.edges))
        ends = [float(e) for e in self.edges]  # type: ignore[arg-type]
        return tuple(pairwise(ends))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns of the rings, by their outer edges."""
        return tuple(f"{self.prefix}_{high:g}" for _, high in self.bounds)

    @property
    def labels(self) -> tuple[str, ...]:
        """``(50, 100] km`` and so on."""
        return tuple(f"{'[' if low == 0 else '('}{low:g}, {high:g}] km" for low, high in self.bounds)


def _by_width(width: float, to: float) -> tuple[tuple[float, float], ...]:
    if not (width > 0 and np.isfinite(width) and np.isfinite(to) and to >= width):
        raise UsageError(f"rings of {width:g} km up to {to:g} km: a positive width that is not beyond the last edge")
    number = round(to / width)
    if abs(number * width - to) > 1e-9 * to:
        raise UsageError(
            f"rings of {width:g} km do not end at {to:g} km", hint=f"to={number * width:g}, or edges=[...]"
        )
    return tuple((k * width, (k + 1) * width) for k in range(number))


def _pair(edge: object) -> tuple[float, float]:
    if not isinstance(edge, Sequence) or isinstance(edge, str) or len(edge) != 2:
        raise UsageError(f"a ring has two edges, not {edge!r}", hint="edges=[(0, 50), (100, 150)]")
    return float(edge[0]), float(edge[1])


def _refuse_rings(bounds: Sequence[tuple[float, float]]) -> None:
    """Refuse rings that are none, are empty, or overlap."""
    if not bounds:
        raise UsageError("no ring", hint="edges=[0, 50, 100]")
    for low, high in bounds:
        if not (np.isfinite(low) and np.isfinite(high) and 0 <= low < high):
            raise UsageError(
                f"the ring ({low:g}, {high:g}] is empty or no distance", hint="edges ascend from 0 on, in km"
            )
    for first, second in pairwise(bounds):
        if second[0] < first[1]:
            one, two = (f"({low:g}, {high:g}]" for low, high in (first, second))
            raise UsageError(f"the rings {one} and {two} overlap", hint="edges=[0, 50, 100] for rings that touch")


@dataclass(frozen=True)
class Places:
    """Units with their points on the unit sphere.

    Attributes
    ----------
    units : polars.Series
        As text, unique.
    points : (n, 3) array
    start : (n,) int array
        First treated period, ``NEVER`` without one.
    """

    units: pl.Series
    points: FloatArray
    start: IntArray


def exposure(data: Any, rings: Rings, time: str | None = None) -> pl.DataFrame:
    """The data with a column of 0 and 1 for each ring: is an already treated other unit in it?

    Parameters
    ----------
    data : Panel, frame or path
        Rows of units and periods, firms in cities too.
    rings : Rings
    time : str, optional
        The panel's, by default.

    Returns
    -------
    polars.DataFrame
        The rows as they were, and ``rings.names``; missing where unit or period is.

    Raises
    ------
    UsageError
        A column that is not there, or one that is there already; periods or starts that are no whole numbers.
    DataError
        Units without coordinates, with several, out of range or swapped; several starts of one unit; nothing treated.

    Examples
    --------
    >>> frame = pl.DataFrame({"city": ["a", "a", "b", "b"], "year": [1, 2, 1, 2], "since": [2, 2, None, None],
    ...                       "lat": [30.0, 30.0, 30.3, 30.3], "lon": [120.0] * 4})
    >>> exposure(frame, Rings("city", "since", "lat", "lon", to=100), "year").select("city", "year", "ring_50")
    shape: (4, 3)
    ┌──────┬──────┬─────────┐
    │ city ┆ year ┆ ring_50 │
    │ ---  ┆ ---  ┆ ---     │
    │ str  ┆ i64  ┆ i8      │
    ╞══════╪══════╪═════════╡
    │ a    ┆ 1    ┆ 0       │
    │ a    ┆ 2    ┆ 0       │
    │ b    ┆ 1    ┆ 0       │
    │ b    ┆ 2    ┆ 1       │
    └──────┴──────┴─────────┘
    """
    return exposed(as_panel(data), rings, time).frame


def exposed(panel: Panel, rings: Rings, time: str | None = None) -> Panel:
    """The panel with the columns of the rings; as :func:`exposure`."""
    frame, time = panel.frame, time or panel.time
    if time is None:
        raise UsageError("rings need periods: a unit is near a treated one from its start on", hint="time='year'")
    _refuse_absent(frame, (rings.unit, time), "")
    here = _located(frame, rings)
    sources = here
    if rings.neighbours is not None:
        treated = as_panel(rings.neighbours).frame
        _refuse_absent(treated, (rings.unit,), " of neighbours")
        sources = _located(treated, rings)
    coordinates = (rings.latitude, rings.longitude)
    _refuse_absent(here, coordinates, "" if rings.places is None else " of places")
    _refuse_absent(sources, (rings.start, *coordinates), "" if rings.neighbours is None else " of neighbours")
    taken = [name for name in rings.names if name in frame.columns]
    if taken:
        raise UsageError(f"rings: the data have a column {taken[0]!r} already", hint="prefix='near'")
    periods = _whole(frame[time], time)
    units, centres = places(here, rings, None), places(sources, rings, rings.start)
    found = at_periods(units, centres, rings, frame[rings.unit].cast(pl.String), periods)
    known = (frame[rings.unit].is_not_null() & periods.is_not_null()).to_frame("known")
    columns = [
        pl.select(pl.when(known["known"]).then(pl.Series(name, values).cast(pl.Int8)).alias(name)).to_series()
        for name, values in found.items()
    ]
    return panel.with_rows(frame.with_columns(columns))


def _refuse_absent(frame: pl.DataFrame, names: Sequence[str], of: str) -> None:
    for name in names:
        if name not in frame.columns:
            raise UsageError(f"rings: no column {name!r}{of}{did_you_mean(name, frame.columns)}")


def _located(frame: pl.DataFrame, rings: Rings) -> pl.DataFrame:
    """A frame with the coordinates of ``rings.places``, where there are any."""
    if rings.places is None:
        return frame
    there, names = as_panel(rings.places).frame, (rings.latitude, rings.longitude)
    _refuse_absent(there, (rings.unit, *names), " of places")
    keyed = there.select(pl.col(rings.unit).cast(pl.String), *names).unique().drop_nulls(rings.unit)
    bare = frame.drop(names, strict=False).with_columns(pl.col(rings.unit).cast(pl.String))
    return bare.join(keyed, on=rings.unit, how="left")


def places(frame: pl.DataFrame, rings: Rings, start: str | None) -> Places:
    """Units of a frame with their places, and their starts where wanted: then those without a start are left out.

    Raises
    ------
    DataError
    """
    names = (rings.latitude, rings.longitude)
    unit = pl.col(rings.unit).cast(pl.String).alias("unit")
    columns = [pl.col(n).alias(a) for n, a in zip(names, ("latitude", "longitude"), strict=True)]
    there = frame.select(unit, *columns, *([pl.col(start).alias("start")] if start else []))
    there = there.filter(pl.col("unit").is_not_null())
    for name, alias in zip(names, ("latitude", "longitude"), strict=True):
        if not there[alias].dtype.is_numeric() and there[alias].dtype != pl.Null:
            raise DataError(f"{name!r} holds {there[alias].dtype}, not degrees")
    if start:
        there = there.with_columns(_whole(there["start"], start))
    values = [c for c in there.columns if c != "unit"]
    several = [pl.col(c).drop_nulls().n_unique().alias(f"{c}_n") for c in values]
    found = there.group_by("unit", maintain_order=True).agg(*(pl.col(c).drop_nulls().first() for c in values), *several)
    if start:
        _refuse_several(
            found, "start", f"first treated periods in {start!r}", "one period from which a unit is treated"
        )
        found = found.filter(pl.col("start").is_not_null())
        if not found.height:
            raise DataError(f"nothing is treated: {start!r} is missing for every {rings.unit!r}")
    for name, alias in zip(names, ("latitude", "longitude"), strict=True):
        _refuse_several(found, alias, f"values of {name!r}", "a place is fixed: give each unit one pair of coordinates")
    lost = found.filter(pl.any_horizontal(pl.col("latitude", "longitude").is_null()))["unit"].to_list()
    if lost:
        raise DataError(
            f"{len(lost)} of {found.height} units of {rings.unit!r} have no coordinates "
            f"({names[0]!r}, {names[1]!r}): {listed(lost)}",
            hint="fill them in, or leave these units out with where=",
        )
    latitude, longitude = (found[c].cast(pl.Float64).to_numpy() for c in ("latitude", "longitude"))
    swapped = f"latitude={names[1]!r}, longitude={names[0]!r}"
    refuse_coordinates(latitude, longitude, names, swapped, found["unit"].to_list())
    starts = found["start"].to_numpy() if start else np.full(found.height, NEVER)
    return Places(found["unit"], on_sphere(latitude, longitude), starts.astype(np.int64))


def _refuse_several(found: pl.DataFrame, column: str, what: str, hint: str) -> None:
    units = found.filter(pl.col(f"{column}_n") > 1)["unit"].to_list()
    if units:
        raise DataError(f"{len(units)} units have several {what}: {listed(units)}", hint=hint)


def _whole(series: pl.Series, name: str) -> pl.Series:
    """Whole numbers, such as years."""
    if series.dtype.is_integer() or series.dtype == pl.Null:
        return series.cast(pl.Int64)
    if series.dtype.is_temporal():
        raise UsageError(f"{name!r} holds {series.dtype}: rings compare whole periods", hint="its year, as a number")
    if series.dtype.is_float() and (series.drop_nulls() == series.drop_nulls().round()).all():
        return series.cast(pl.Int64)
    raise UsageError(f"{name!r} holds {series.dtype}, not whole periods such as years")


def at_periods(
    units: Places, treated: Places, rings: Rings, row_units: pl.Series, periods: pl.Series
) -> Mapping[str, BoolArray]:
    """Whether each row has an already treated other unit in each ring, (n,) by name; False where unknown."""
    order = pl.DataFrame({"unit": units.units, "code": np.arange(len(units.units))})
    codes = pl.DataFrame({"unit": row_units}).join(order, on="unit", how="left", maintain_order="left")["code"]
    known = (codes.is_not_null() & periods.is_not_null()).to_numpy()
    at, t = codes.fill_null(0).to_numpy(), periods.fill_null(0).to_numpy()
    owner = np.arange(len(units.units), dtype=np.int64)
    mine = pl.DataFrame({"unit": treated.units}).join(order, on="unit", how="left", maintain_order="left")["code"]
    theirs = mine.fill_null(-1).to_numpy().astype(np.int64)
    if rings.rule == "any":
        first = earliest(units.points, owner, treated.points, theirs, treated.start, rings.bounds)
        inside = first[at] <= t[:, None]
    else:
        starts, ring = of_nearest(units.points, owner, treated.points, theirs, treated.start, rings.bounds)
        when = np.searchsorted(starts, t, side="right") - 1
        inside = (ring[at, np.maximum(when, 0)][:, None] == np.arange(len(rings.bounds))) & (when >= 0)[:, None]
    return {name: inside[:, r] & known for r, name in enumerate(rings.names)}


def refuse_empty(rings: Rings, counts: Sequence[int]) -> None:
    """Refuse rings in which no row of a sample has an already treated other unit.

    Raises
    ------
    EstimationError
    """
    empty = [label for label, count in zip(rings.labels, counts, strict=True) if not count]
    if empty:
        what = "all rings are empty" if len(empty) == len(counts) else f"empty rings: {listed(empty)}"
        raise EstimationError(
            f"{what}: no row of the sample has an already treated other unit there",
            hint="wider rings, or edges=[...] without them",
        )
