"""The units that inter-country tables can give a panel: economies, sectors, sectors of every economy."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from econloom import iot
from econloom.iot.sectors import sector_names

UNIT_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "countries": (),
    "sectors": ("sector_zh", "sector_en", "sector_group"),
    "country_sectors": ("country", "sector", "sector_zh", "sector_en", "sector_group"),
}
"""Columns beside the keys, by what the units are."""


def unit_keys(source: iot.YearlyTables, unit: str, time: str, units: str = "countries") -> pl.DataFrame:
    """The units of yearly tables, without the rest of the world, in every year, with the columns of their kind.

    Parameters
    ----------
    source : YearlyTables
    unit, time : str
        Names of the key columns.
    units : {"countries", "sectors", "country_sectors"}

    Returns
    -------
    polars.DataFrame
        ``unit``, ``time`` and ``UNIT_COLUMNS[units]``. A sector of an economy is named ``CHN C26``.
    """
    countries = pl.DataFrame({"country": [c for c in source.countries if c != source.rest_of_world]})
    sectors = sector_names(source.sectors)
    if units == "countries":
        found = countries.rename({"country": unit})
    elif units == "sectors":
        found = sectors.rename({"sector": unit})
    else:
        found = countries.join(sectors, how="cross").with_columns(sector_of("country", "sector").alias(unit))
    wanted = [unit, time, *(c for c in UNIT_COLUMNS[units] if c not in (unit, time))]
    return found.join(pl.DataFrame({time: list(source.years)}), how="cross").select(wanted)


def sector_of(country: str, sector: str) -> pl.Expr:
    """The unit of a sector of an economy, from the columns of both."""
    return pl.concat_str(country, sector, separator=" ")
