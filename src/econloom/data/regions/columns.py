"""Columns of places: their region, province, code, and whether they are in a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from econloom.core.errors import DataError, UsageError, listed
from econloom.core.frame import Panel
from econloom.core.lineage import Event
from econloom.data.columns.worked import Worked
from econloom.data.regions.named import is_dated, names, placed_in, region
from econloom.data.regions.placing import Placement, place, place_in_china
from econloom.data.regions.registry import clubs, divisions

__all__ = ["adcode_of", "iso3_of", "member_of", "membership", "names", "province_of", "region_of"]


def membership(values: pl.Series, name: str, year: int | None = None) -> tuple[pl.Series, tuple[Event, ...]]:
    """Whether each row's place is in a list; null where it is missing or unknown, and a warning that says which."""
    placement, inside = placed_in(_distinct(values), name, year)
    return _spread(values, inside, pl.Boolean), _warnings(values.name, placement)


def member_of(panel: Panel, x: pl.Series, name: str) -> Worked:
    """Whether each row's country is a member in the row's own year.

    Raises
    ------
    UsageError
        No such dated list, or a panel without time.
    """
    if not is_dated(name):
        raise UsageError(
            f"member(): {name!r} is no dated list", hint=f"lists: {listed(clubs(), 20)}; others stand behind in"
        )
    if panel.time is None:
        raise UsageError("member() needs the time of the panel", hint="give time=, or use in name@year")
    placement = place(_distinct(x), "country")
    code = _spread(x, placement.codes, pl.String)
    frame = pl.DataFrame({"iso3": code, "year": panel.frame[panel.time]})
    years = pl.DataFrame(
        [(m.iso3, m.since, m.until) for m in clubs()[name]],
        schema={"iso3": pl.String, "since": pl.Int64, "until": pl.Int64},
        orient="row",
    )
    joined = frame.join(years, on="iso3", how="left", maintain_order="left")
    since, until, year = pl.col("since"), pl.col("until"), pl.col("year")
    holds = since.is_not_null() & (since <= year) & (until.is_null() | (year <= until))
    made = joined.select(pl.when(pl.col("iso3").is_not_null()).then(holds.fill_null(False)).alias("m"))["m"]
    return Worked(made.alias(x.name), _warnings(x.name, placement))


def region_of(panel: Panel, x: pl.Series, scheme: str = "four") -> Worked:
    """The region of each row's city or province, as a text; missing where it is unknown, and a warning says which."""
    placement, found = region(_distinct(x), scheme)
    return Worked(_spread(x, found, pl.String), _warnings(x.name, placement))


def province_of(panel: Panel, x: pl.Series) -> Worked:
    """The short name of the province of each row's city."""
    placement = place_in_china(_distinct(x))
    units = divisions()
    found = {g: units[units[int(c)].province].short for g, c in placement.codes.items()}
    return Worked(_spread(x, found, pl.String), _warnings(x.name, placement))


def adcode_of(panel: Panel, x: pl.Series) -> Worked:
    """The six-digit code of each row's city or province; renamed ones have their present code."""
    placement = place_in_china(_distinct(x))
    return Worked(_spread(x, placement.codes, pl.Int64), _warnings(x.name, placement))


def iso3_of(panel: Panel, x: pl.Series) -> Worked:
    """The ISO 3166-1 code of each row's country, from names and codes, legacy ones too."""
    placement = place(_distinct(x), "country")
    return Worked(_spread(x, placement.codes, pl.String), _warnings(x.name, placement))


def _distinct(values: pl.Series) -> Iterable[object]:
    if values.dtype.is_float() and (values.drop_nulls() != values.drop_nulls().round(0)).any():
        raise DataError(f"column {values.name!r} holds numbers that are no codes of places")
    return values.unique(maintain_order=True).drop_nulls().to_list()


def _spread(values: pl.Series, found: Mapping[str | int, object], kind: type[pl.DataType]) -> pl.Series:
    """A value for each row from a value for each distinct name."""
    if not found:
        return pl.repeat(None, values.len(), dtype=kind, eager=True).alias(values.name)
    keys = pl.Series(list(found), dtype=pl.String if values.dtype == pl.String else pl.Int64)
    as_key = values if values.dtype == pl.String else values.cast(pl.Int64)
    new = pl.Series(list(found.values()), dtype=kind)
    return as_key.replace_strict(keys, new, default=None, return_dtype=kind).alias(values.name)


def _warnings(name: str, placement: Placement) -> tuple[Event, ...]:
    lost = placement.unplaced
    if not lost:
        return ()
    near = [[str(p.given), *p.near] for p in lost]
    return (Event("warning", f"{name}: {placement.said()}", detail={"unplaced": near}),)
