"""Regions as data (``el.regions``): provinces and cities of China with their changes, named lists, countries.

What is sourced and what is typed by hand stands in the package's ``data/regions/README.md`` and in ``lists()``.
"""

from __future__ import annotations

from dataclasses import asdict

import polars as pl

from econloom.data.regions import registry
from econloom.data.regions.named import lists, members, region
from econloom.data.regions.placing import Placement, place

__all__ = ["Placement", "changes", "countries", "divisions", "lists", "members", "place", "region"]


def divisions(year: int | None = None) -> pl.DataFrame:
    """Provinces, prefecture-level units and counties directly under a province.

    Parameters
    ----------
    year : int, optional
        Only those that existed throughout that year; without it all, abolished ones too.

    Returns
    -------
    polars.DataFrame
        ``adcode``, ``name``, ``short``, ``level``, ``province`` (its adcode), ``since``, ``until``.

    Examples
    --------
    >>> divisions(2010).filter(name="巢湖市").height, divisions(2015).filter(name="巢湖市").height
    (1, 0)
    """
    rows = [
        asdict(d)
        for d in registry.divisions().values()
        if year is None or ((d.since or year) <= year <= (d.until or year))
    ]
    return pl.DataFrame(rows, infer_schema_length=None).drop("aliases")


def changes() -> pl.DataFrame:
    """Changes of divisions: ``year``, ``what``, old and new codes and names, ``note``; not complete before 2000."""
    return pl.DataFrame([asdict(c) for c in registry.changes()], infer_schema_length=None)


def countries() -> pl.DataFrame:
    """Countries and territories: ``iso3``, ``iso2``, ``numeric``, ``en``, ``zh``."""
    return pl.DataFrame([asdict(c) for c in registry.countries().values()], infer_schema_length=None).drop("aliases")
