"""Distances between places, and effects on what is near (``el.space`` is this module)."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from econloom.core.errors import DataError, UsageError, did_you_mean, listed
from econloom.data.sources import as_panel
from econloom.panel.absorb import FloatArray
from econloom.panel.designs.rings import Rings, exposure
from econloom.panel.designs.spillovers import Spillovers, spillovers
from econloom.panel.distances import between, nearest_of, on_sphere, refuse_coordinates

__all__ = ["Rings", "Spillovers", "distances", "exposure", "nearest", "spillovers"]

MOST = 100_000_000
"""Distances in one matrix (0.8 GB)."""


def distances(places: Any, others: Any = None, latitude: str = "latitude", longitude: str = "longitude") -> FloatArray:
    """Great-circle distances in kilometres from each place to each other one.

    Parameters
    ----------
    places : frame or path
        n rows with coordinates in degrees.
    others : frame or path, optional
        m rows with columns of the same names; the places themselves by default.
    latitude, longitude : str

    Returns
    -------
    (n, m) array

    Raises
    ------
    UsageError
        A column that is not there; more than 10^8 distances.
    DataError
        Coordinates that are missing, out of range or swapped.

    Notes
    -----
    ``d = 2 R arcsin(sqrt(sin^2(dphi/2) + cos phi_1 cos phi_2 sin^2(dlambda/2)))``, the haversine formula, with
    R = 6371.0088 km (the mean radius of the IUGG); an ellipsoid differs by up to 0.5 per cent.

    Examples
    --------
    >>> cities = pl.DataFrame({"city": ["Hangzhou", "Shanghai"], "lat": [30.25, 31.23], "lon": [120.17, 121.47]})
    >>> distances(cities, latitude="lat", longitude="lon").round(1).tolist()
    [[0.0, 165.3], [165.3, 0.0]]
    """
    first, second = _both(places, others, (latitude, longitude))
    if len(first) * len(second) > MOST:
        raise UsageError(
            f"{len(first):,} x {len(second):,} distances do not belong into one matrix",
            hint="el.space.nearest(places, others), or el.space.exposure(data, rings)",
        )
    return between(first, second)


def nearest(places: Any, others: Any, latitude: str = "latitude", longitude: str = "longitude") -> pl.DataFrame:
    """The nearest of other places, and how far it is; only some rows of distances are held at once.

    Parameters
    ----------
    places, others, latitude, longitude
        As for :func:`distances`.

    Returns
    -------
    polars.DataFrame
        One row a place, in order: ``row`` of ``others`` (from 0, the first of several as near) and ``km``.

    Raises
    ------
    UsageError, DataError
        As :func:`distances`; no other place.

    Examples
    --------
    >>> cities = pl.DataFrame({"lat": [30.25, 31.23], "lon": [120.17, 121.47]})
    >>> nearest(cities, cities[1:], "lat", "lon")["row"].to_list()
    [0, 0]
    """
    first, second = _both(places, others, (latitude, longitude))
    if not len(second):
        raise DataError("there is no other place to be near to")
    at, km = nearest_of(first, second)
    return pl.DataFrame({"row": at, "km": km})


def _both(places: Any, others: Any, names: tuple[str, str]) -> tuple[FloatArray, FloatArray]:
    first = _points(places, names)
    return first, first if others is None else _points(others, names)


def _points(data: Any, names: tuple[str, str]) -> FloatArray:
    frame = as_panel(data).frame
    columns = []
    for name in names:
        if name not in frame.columns:
            hint = f"latitude=..., longitude=...: columns of {listed(frame.columns)}"
            raise UsageError(f"no column {name!r}{did_you_mean(name, frame.columns)}", hint=hint)
        if not (frame[name].dtype.is_numeric() or frame[name].dtype == pl.Null):
            raise DataError(f"{name!r} holds {frame[name].dtype}, not degrees")
        columns.append(frame[name].cast(pl.Float64).to_numpy())
    lost = np.flatnonzero(np.isnan(columns).any(axis=0))
    if len(lost):
        raise DataError(f"{len(lost)} of {frame.height} rows have no coordinates: rows {listed(lost + 1)}")
    refuse_coordinates(columns[0], columns[1], names, f"latitude={names[1]!r}, longitude={names[0]!r}")
    return on_sphere(*columns)
