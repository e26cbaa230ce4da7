"""Which cells a zone has: one index of a map on a grid, for any number of images on that grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from econloom.core.errors import DataError, UsageError, listed
from econloom.lights import kernels
from econloom.lights.boundaries import Boundaries
from econloom.lights.grid import Grid

Rule = Literal["exact", "centre"]
_SLACK = 1e-6  # of a cell: rounding, no overlap


@dataclass(frozen=True, slots=True)
class Index:
    """Cells of zones on a grid.

    Attributes
    ----------
    grid : Grid
    names : tuple of str
    labels : (rows, columns) int
        Zone of the cells that lie wholly in one; -1 elsewhere.
    cells, zones : (m,) int
        Flat numbers of partly covered cells, and the zones that cover them.
    shares : (m,) float
        Covered share of those cells.
    inside : (zones,) float
        Share of the zone's area that lies on the grid.
    """

    grid: Grid
    names: tuple[str, ...]
    labels: NDArray[np.integer]
    cells: NDArray[np.int64]
    zones: NDArray[np.int64]
    shares: NDArray[np.float64]
    inside: NDArray[np.float64]


def index(
    boundaries: Boundaries,
    grid: Grid,
    rule: Rule = "exact",
    *,
    outside: Literal["refuse", "clip"] = "refuse",
    overlap: Literal["refuse", "allow"] = "refuse",
) -> Index:
    """Find the cells of every zone.

    With ``rule="exact"`` the share of a cell is the exact area of the polygon in it over the area of the cell (in the
    plane of the coordinates, straight edges between points). Time goes with the lengths of boundaries and the areas of
    their bounding boxes, not with the number of images.

    Parameters
    ----------
    boundaries : Boundaries
    grid : Grid
        In the same coordinate reference system.
    rule : {"exact", "centre"}
        Fractional coverage, or whole cells whose centre is inside (as most programs rasterise).
    outside : {"refuse", "clip"}, keyword only
        What to do with zones that reach over the edge of the grid.
    overlap : {"refuse", "allow"}, keyword only
        What to do with cells that two zones claim; allowed, they count for both.

    Returns
    -------
    Index

    Raises
    ------
    DataError
        A grid without CRS or with another one; zones outside, overlapping, or crossing themselves.
    UsageError
        Unknown options.

    Examples
    --------
    >>> grid = Grid(2, 2, west=0, north=2, width=1, height=1)
    >>> found = index(Boundaries.of({"A": [(0, 0), (1.5, 0), (1.5, 2), (0, 2)]}), grid)
    >>> found.labels.tolist(), found.shares.tolist()
    ([[0, -1], [0, -1]], [0.5, 0.5])
    """
    for value, known in ((rule, ("exact", "centre")), (outside, ("refuse", "clip")), (overlap, ("refuse", "allow"))):
        if value not in known:
            raise UsageError(f"{value!r} is none of {listed(list(known))}")
    _require_place(boundaries, grid)
    inside = _inside(boundaries, grid, outside)
    labels = np.full(grid.shape, -1, dtype=np.int16 if len(boundaries.names) < 2**15 else np.int32)
    parts, claims = [], []
    for zone, name in enumerate(boundaries.names):
        if inside[zone] == 0.0:
            continue
        cells, shares, other = _place(boundaries, zone, grid, rule, labels)
        parts.append((cells, np.full(len(cells), zone, dtype=np.int64), shares))
        if np.isnan(inside[zone]):
            seen = (np.count_nonzero(labels == zone) + shares.sum()) * grid.width * grid.height
            inside[zone] = min(seen / abs(boundaries.only([name]).areas()[0]), 1.0)
        if other >= 0:
            claims.append((boundaries.names[other], name))
    cells, zones, shares = (np.concatenate(p) for p in zip(*parts, strict=True)) if parts else _nothing()
    if overlap == "refuse":
        _refuse_overlap(boundaries.names, labels, cells, zones, shares, claims)
    return Index(grid, boundaries.names, labels, cells, zones, shares, inside)


def _nothing() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)


def _require_place(boundaries: Boundaries, grid: Grid) -> None:
    crs = grid.require_crs("the raster")
    if crs != boundaries.crs:
        raise DataError(
            f"the raster is in {crs}, the boundaries are in {boundaries.crs}",
            hint="reproject the boundaries: geopandas' to_crs, or ogr2ogr -t_srs",
        )


def _extents(boundaries: Boundaries, zone: int) -> tuple[float, float, float, float]:
    points = np.concatenate(boundaries.rings[zone])
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    return float(west), float(south), float(east), float(north)


def _inside(boundaries: Boundaries, grid: Grid, outside: str) -> NDArray[np.float64]:
    """Shares of the zones' areas on the grid; refuses zones over its edge, and a map off it."""
    left, bottom, right, top = grid.bounds
    slack = 1e-9 * max(grid.width, grid.height)
    shares = np.ones(len(boundaries.names))
    over = []
    for zone, name in enumerate(boundaries.names):
        west, south, east, north = _extents(boundaries, zone)
        if west >= right or east <= left or south >= top or north <= bottom:
            shares[zone] = 0.0
        elif west < left - slack or east > right + slack or south < bottom - slack or north > top + slack:
            shares[zone] = np.nan  # known once its cells are
        if shares[zone] != 1.0:
            over.append(name)
    if over and (outside == "refuse" or (shares == 0.0).all()):
        raise DataError(
            f"outside the raster ({left:g} to {right:g}, {bottom:g} to {top:g}), wholly or in part: {listed(over)}",
            hint="use a raster that covers them, or outside='clip' to measure the parts that are on it",
        )
    return shares


def _place(
    boundaries: Boundaries, zone: int, grid: Grid, rule: str, labels: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    west, south, east, north = _extents(boundaries, zone)
    x, y = grid.places([west, east], [north, south])
    left, right = max(int(np.floor(x[0])), 0), min(int(np.ceil(x[1])), grid.columns)
    top, bottom = max(int(np.floor(y[0])), 0), min(int(np.ceil(y[1])), grid.rows)
    cover = np.zeros((max(bottom - top, 0), max(right - left, 0) + 1))
    add = kernels.add_edges if rule == "exact" else kernels.add_crossings
    for ring in boundaries.rings[zone]:
        across, down = grid.places(ring[:, 0], ring[:, 1])
        add(across - left, down - top, cover)
    size = 4 * (cover.shape[0] + cover.shape[1]) + 64
    while True:
        held = labels[top:bottom, left:right].copy()
        cells, shares = np.empty(size, dtype=np.int64), np.empty(size)
        count, largest, smallest, other = kernels.place(cover, top, left, zone, labels, cells, shares)
        if count >= 0:
            break
        labels[top:bottom, left:right] = held
        size *= 4
    if largest > 1 + _SLACK or smallest < -_SLACK:
        raise DataError(
            f"{boundaries.names[zone]}: its boundary crosses itself or its parts overlap",
            hint="mend it: shapely's make_valid, or a buffer of width zero",
        )
    return cells[:count].copy(), shares[:count].copy(), int(other)


def _refuse_overlap(
    names: tuple[str, ...],
    labels: NDArray[np.integer],
    cells: NDArray[np.int64],
    zones: NDArray[np.int64],
    shares: NDArray[np.float64],
    claims: list[tuple[str, str]],
) -> None:
    """Refuse cells that are claimed more than once over."""
    if len(cells):
        order = np.argsort(cells, kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(cells[order]) > 0])
        total = np.add.reduceat(shares[order], starts)
        whole = labels.ravel()[cells[order][starts]]
        for k in np.flatnonzero(total + (whole >= 0) > 1 + _SLACK)[:1]:
            end = starts[k + 1] if k + 1 < len(starts) else len(order)
            of = [names[z] for z in zones[order[starts[k] : end]]]
            first, second = (([names[whole[k]]] if whole[k] >= 0 else []) + of)[:2]
            claims.append((first, second))
    if claims:
        first, second = claims[0]
        raise DataError(
            f"polygons overlap: {first} and {second}" + (f", and {len(claims) - 1} more" if len(claims) > 1 else ""),
            hint="mend the map, or overlap='allow' to count shared cells for both",
        )
