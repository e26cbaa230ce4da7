"""From images of several satellites to the brightness of cities by year, as a study takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from econloom.core.errors import DataError
from econloom.lights.boundaries import Boundaries
from econloom.lights.calibrate import Intercalibrated, intercalibrate
from econloom.lights.coverage import Rule, index
from econloom.lights.grid import Grid, Image
from econloom.lights.series import continuity, yearly
from econloom.lights.zonal import totals


def city_brightness(
    images: Mapping[str, Image],
    boundaries: Boundaries,
    *,
    reference: str = "F16 2006",
    target: str | None = None,
    form: Literal["power", "quadratic"] = "power",
    coefficients: Literal["estimated", "wu2013", "liu2012"] = "estimated",
    zero: Literal["either", "both"] = "either",
    previous: Literal["corrected", "given"] = "corrected",
    rule: Rule = "exact",
) -> pl.DataFrame:
    """Brightness of every city and year: calibrated, composited, made continuous, then the mean over its cells.

    The steps are :func:`intercalibrate` on the cells that lie wholly in ``target``, :func:`composite` of satellites of
    one year, :func:`continuity`, and :func:`zonal` sums over the number of cells, in this order.

    Parameters
    ----------
    images : mapping of str to Image
        By satellite and year, ``F16 2006``, all on one grid.
    boundaries : Boundaries
        Of the cities.
    reference : str
        The image that the others are brought to.
    target : str
        Name of the city whose lights are taken not to change; needed unless coefficients are published ones.
    form, coefficients, zero, previous, rule
        As the functions named above have them.

    Returns
    -------
    polars.DataFrame
        ``zone``, ``year``, ``mean``, ``sum``, ``cells``.

    Raises
    ------
    DataError, UsageError
        As the functions named above.

    Examples
    --------
    >>> import numpy as np
    >>> grid = Grid(5, 8, west=0, north=5, width=1, height=1)
    >>> first = np.arange(1.0, 41).reshape(5, 8)
    >>> images = {"F15 2005": Image(first / 2, grid), "F16 2006": Image(first, grid)}
    >>> city = Boundaries.of({"甲市": [(0, 0), (8, 0), (8, 5), (0, 5)]})
    >>> city_brightness(images, city, target="甲市").select("year", "mean").rows()
    [(2005, 20.5), (2006, 20.5)]
    """
    found = calibrated(images, boundaries, reference=reference, target=target, form=form, coefficients=coefficients)
    return measured(found.images, _grid(images), boundaries, zero=zero, previous=previous, rule=rule)


def calibrated(
    images: Mapping[str, Image],
    boundaries: Boundaries,
    *,
    reference: str,
    target: str | None,
    form: Any,
    coefficients: Any,
) -> Intercalibrated:
    """The images on one scale."""
    grid = _grid(images)
    cells = None
    if coefficients == "estimated" and target is not None:
        cells = np.asarray(index(boundaries.only([target]), grid).labels == 0)
    arrays = {name: image.filled() for name, image in images.items()}
    return intercalibrate(arrays, reference, cells, form=form, coefficients=coefficients)


def measured(
    images: Mapping[str, NDArray[np.float64]],
    grid: Grid,
    boundaries: Boundaries,
    *,
    zero: Any,
    previous: Any,
    rule: Any,
) -> pl.DataFrame:
    """Brightness of the zones in calibrated images."""
    found = index(boundaries, grid, rule)
    by_year = yearly(images, zero)
    stack = np.stack(list(by_year.values()))
    smooth = continuity(stack, previous) if len(stack) > 1 else stack
    weights = np.ones(grid.rows)
    frames = []
    for year, image in zip(by_year, smooth, strict=True):
        sums, counts = totals(image, None, found, weights)
        frames.append(
            pl.DataFrame({"zone": list(found.names), "year": [year] * len(sums), "sum": sums, "cells": counts})
        )
    seen = pl.col("cells") > 0
    made = pl.concat(frames).with_columns(pl.when(seen).then(pl.col("sum") / pl.col("cells")).alias("mean"))
    return made.sort("zone", "year", maintain_order=True).select("zone", "year", "mean", "sum", "cells")


def _grid(images: Mapping[str, Image]) -> Grid:
    if not images:
        raise DataError("there are no images")
    first, *others = images.items()
    for name, image in others:
        first[1].grid.require_same(image.grid, name, first[0])
    return first[1].grid
