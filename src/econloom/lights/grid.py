"""Grids and images: arrays that know where on earth they are."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econloom.core.errors import DataError, UsageError

GEOGRAPHIC = "EPSG:4326"
_SAME = {"CRS84", "OGC:CRS84", "URN:OGC:DEF:CRS:OGC:1.3:CRS84", "URN:OGC:DEF:CRS:EPSG::4326", "WGS84", "WGS 84"}


def same_name(crs: str) -> str:
    """One spelling of a coordinate reference system; longitude and latitude of WGS 84 are ``EPSG:4326``."""
    text = crs.strip().upper()
    if text in _SAME:
        return GEOGRAPHIC
    return text.replace("URN:OGC:DEF:CRS:EPSG::", "EPSG:")


@dataclass(frozen=True, slots=True)
class Grid:
    """A regular grid of cells, rows from north to south.

    Attributes
    ----------
    rows, columns : int
    west, north : float
        Outer corner of the first cell.
    width, height : float
        Of a cell, positive, in units of the coordinate reference system.
    crs : str or None
        Its coordinate reference system; None where the file says none, which is refused wherever places matter.

    Raises
    ------
    UsageError
        Sizes that are not positive.

    Examples
    --------
    >>> Grid(2, 3, west=73.0, north=54.0, width=0.5, height=0.5).bounds
    (73.0, 53.0, 74.5, 54.0)
    """

    rows: int
    columns: int
    west: float
    north: float
    width: float
    height: float
    crs: str | None = GEOGRAPHIC

    def __post_init__(self) -> None:
        sizes = (self.rows, self.columns, self.width, self.height)
        if not all(np.isfinite(v) and v > 0 for v in sizes) or not np.isfinite([self.west, self.north]).all():
            raise UsageError(f"a grid has rows, columns and cells of positive size, not {sizes}")
        if self.crs is not None:
            object.__setattr__(self, "crs", same_name(self.crs))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north edges."""
        return self.west, self.north - self.rows * self.height, self.west + self.columns * self.width, self.north

    def places(self, x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Coordinates in columns and rows, counted from the outer corner of the first cell."""
        across = (np.asarray(x, dtype=float) - self.west) / self.width
        return across, (self.north - np.asarray(y, dtype=float)) / self.height

    def row_areas(self) -> NDArray[np.float64]:
        """Area of a cell of each row, relative to one at the equator; on another CRS than longitude and latitude 1.

        Exact on the sphere: ``(sin φ_north - sin φ_south) / height``.
        """
        if self.crs != GEOGRAPHIC:
            return np.ones(self.rows)
        edges = np.radians(np.clip(self.north - self.height * np.arange(self.rows + 1), -90.0, 90.0))
        return np.asarray(-np.diff(np.sin(edges)) / np.radians(self.height))

    def require_crs(self, what: str) -> str:
        """The coordinate reference system.

        Raises
        ------
        DataError
            There is none.
        """
        if self.crs is None:
            raise DataError(
                f"{what} has no coordinate reference system, so that its cells have no place",
                hint="give it crs='EPSG:4326', once known; DMSP and VIIRS composites are in it",
            )
        return self.crs

    def require_same(self, other: Grid, what: str, first: str) -> None:
        """Refuse another grid than this one.

        Raises
        ------
        DataError
            Another shape, another place (by more than a thousandth of a cell) or another coordinate system.
        """
        if self.shape != other.shape:
            raise DataError(
                f"{what} has {other.rows} x {other.columns} cells, {first} has {self.rows} x {self.columns}",
                hint="clip and resample the images to one grid first",
            )
        if self.crs != other.crs:
            raise DataError(f"{what} is in {other.crs}, {first} in {self.crs}", hint="bring them to one first")
        gaps = [
            abs(a - b) / c for a, b, c in zip(self.bounds, other.bounds, (self.width, self.height) * 2, strict=True)
        ]
        if max(gaps) > 1e-3:
            raise DataError(f"{what} lies elsewhere than {first}: edges {other.bounds} and {self.bounds}")


@dataclass(frozen=True, slots=True)
class Image:
    """An image of lights on a grid.

    Attributes
    ----------
    values : (rows, columns) array
        Digital numbers or radiances.
    grid : Grid
    nodata : float or None
        The value of cells without an observation; NaN and infinite values never are one.
    name : str
        As ``F16 2006``: satellite and year.

    Examples
    --------
    >>> image = Image(np.array([[1.0, 255.0]]), Grid(1, 2, 0, 1, 1, 1), nodata=255)
    >>> image.filled().tolist()
    [[1.0, nan]]
    """

    values: NDArray[np.generic]
    grid: Grid
    nodata: float | None = None
    name: str = field(default="image")

    def __post_init__(self) -> None:
        if self.values.shape != self.grid.shape:
            raise DataError(f"{self.name}: an array of shape {self.values.shape} on a grid of {self.grid.shape}")
        if not (np.issubdtype(self.values.dtype, np.number) or self.values.dtype == np.bool_):
            raise DataError(f"{self.name}: the cells hold {self.values.dtype}, not numbers")

    def filled(self) -> NDArray[np.float64]:
        """Values as floats, NaN where there is no observation."""
        found = self.values.astype(np.float64)
        absent = ~np.isfinite(found)
        if self.nodata is not None:
            absent |= found == self.nodata
        found[absent] = np.nan
        return found

    def valid(self) -> NDArray[np.bool_]:
        """Cells with an observation."""
        there = np.isfinite(self.values) if self.values.dtype.kind == "f" else np.ones(self.values.shape, dtype=bool)
        return there if self.nodata is None else there & (self.values != self.values.dtype.type(self.nodata))
