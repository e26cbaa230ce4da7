"""Sums and means of images by zone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from econloom.core.errors import DataError, UsageError
from econloom.lights import kernels
from econloom.lights.boundaries import Boundaries
from econloom.lights.coverage import Index, Rule, index
from econloom.lights.grid import Image
from econloom.lights.rasters import read_image

_QUICK = (np.dtype(np.uint8), np.dtype(np.float32), np.dtype(np.float64))


def zonal(
    images: Image | str | Path | Iterable[Image | str | Path],
    zones: Boundaries | Index,
    *,
    rule: Rule = "exact",
    area: bool = False,
    outside: Literal["refuse", "clip"] = "refuse",
    overlap: Literal["refuse", "allow"] = "refuse",
) -> pl.DataFrame:
    """Sum and mean of one or many images in every zone, with exact shares of the cells on its boundary.

    ``sum = Σ_c share_c v_c`` and ``mean = sum / Σ_c share_c`` over cells c with an observation. All images lie on one
    grid; the cells of the zones are found once, images are read one at a time.

    Parameters
    ----------
    images : Image, path of a raster, or several
        Cells without an observation (nodata, NaN) count in neither sum nor mean.
    zones : Boundaries or Index
        Polygons, or what :func:`econloom.lights.coverage.index` found of them on this grid.
    rule : {"exact", "centre"}
        Fractional coverage, or whole cells by their centres.
    area : bool
        Weight cells by their area: in longitude and latitude cells shrink towards the poles.
    outside : {"refuse", "clip"}
        Zones over the edge of the raster. Clipped, ``inside`` says how much of the zone was seen.
    overlap : {"refuse", "allow"}
        Zones that share cells.

    Returns
    -------
    polars.DataFrame
        ``image``, ``zone``, ``sum``, ``mean`` (null without observed cells), ``cells`` (weighted number of observed
        cells), ``inside`` (share of the zone on the grid).

    Raises
    ------
    DataError
        A raster without CRS or in another one than the zones, images on different grids, zones outside the raster,
        overlapping or crossing themselves.
    UsageError
        No image.

    Examples
    --------
    >>> import numpy as np, econloom as el
    >>> image = el.lights.Image(np.array([[1.0, 3.0]]), el.lights.Grid(1, 2, west=0, north=1, width=1, height=1))
    >>> city = el.lights.Boundaries.of({"甲市": [(0, 0), (1.5, 0), (1.5, 1), (0, 1)]})
    >>> el.lights.zonal(image, city).select("sum", "mean", "cells").row(0)
    (2.5, 1.6666666666666667, 1.5)
    """
    several = [images] if isinstance(images, Image | str | Path) else images
    found: Index | None = zones if isinstance(zones, Index) else None
    frames, first = [], ""
    for given in several:
        image = given if isinstance(given, Image) else read_image(given)
        if found is None:
            assert isinstance(zones, Boundaries)
            found = index(zones, image.grid, rule, outside=outside, overlap=overlap)
        found.grid.require_same(image.grid, image.name, first or "the index of the zones")
        first = first or image.name
        frames.append(_of(image, found, area))
    if not frames:
        raise UsageError("no image was given")
    return pl.concat(frames)


def _of(image: Image, found: Index, area: bool) -> pl.DataFrame:
    weights = found.grid.row_areas() if area else np.ones(found.grid.rows)
    sums, counts = totals(image.values, image.nodata, found, weights)
    seen = counts > 0
    mean = np.full(len(sums), np.nan)
    np.divide(sums, counts, out=mean, where=seen)
    columns = {"sum": np.where(seen, sums, np.nan), "mean": mean, "cells": counts, "inside": found.inside}
    frame = pl.DataFrame({"image": [image.name] * len(sums), "zone": list(found.names), **columns})
    return frame.with_columns(pl.col("sum", "mean").fill_nan(None))


def totals(
    values: NDArray[np.generic], nodata: float | None, found: Index, weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weighted sums of an image and weighted numbers of observed cells, by zone.

    Parameters
    ----------
    values : (rows, columns) array
    nodata : float or None
    found : Index
    weights : (rows,) float
        Of the cells of a row.
    """
    quick = values if values.dtype in _QUICK else values.astype(np.float64)
    absent = np.nan if nodata is None else float(quick.dtype.type(nodata)) if quick.dtype.kind == "f" else float(nodata)
    sums, counts = np.zeros(len(found.names)), np.zeros(len(found.names))
    kernels.add_whole(quick, absent, found.labels, weights, sums, counts)
    part = quick.ravel()[found.cells].astype(np.float64)
    there = np.isfinite(part) & (part != absent)
    share = np.where(there, found.shares * weights[found.cells // found.grid.columns], 0.0)
    n = len(found.names)
    sums += np.bincount(found.zones, share * np.where(there, part, 0.0), minlength=n)
    counts += np.bincount(found.zones, share, minlength=n)
    if not np.isfinite(sums).all():
        raise DataError("sums of an image overflow")
    return sums, counts
