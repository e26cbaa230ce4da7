"""Kernels over cells: coverage of polygons, and sums of images by zone."""

from __future__ import annotations

import math

import numpy as np

from econloom.core.compiling import compiled

FLAT = 1e-10  # shares nearer to 0 or 1 than this are 0 or 1: rounding of the running sums


@compiled
def add_edges(x: np.ndarray, y: np.ndarray, cover: np.ndarray) -> None:
    """Add a closed ring's edges to ``cover``, whose running sums along rows are the signed shares of cells inside.

    An edge that crosses a cell by dy, on average at m of its width, covers dy (1 - m) of that cell and dy of every
    cell to its right.

    Parameters
    ----------
    x, y : (n,) float
        Columns and rows, relative to the window.
    cover : (rows, columns + 1) float, changed in place
        The window. Edges to its left count in full, to its right not at all.
    """
    rows, columns = cover.shape[0], cover.shape[1] - 1
    n = len(x)
    for k in range(n):
        x0, y0 = x[k], y[k]
        x1, y1 = x[(k + 1) % n], y[(k + 1) % n]
        if y0 == y1:
            continue
        sign = 1.0
        if y0 > y1:
            x0, y0, x1, y1 = x1, y1, x0, y0
            sign = -1.0
        slope = (x1 - x0) / (y1 - y0)
        top, bottom = max(y0, 0.0), min(y1, float(rows))
        if top >= bottom:
            continue
        for r in range(math.floor(top), min(math.ceil(bottom), rows)):
            ya, yb = max(top, float(r)), min(bottom, float(r + 1))
            dy = yb - ya
            if dy <= 0.0:
                continue
            xa = x0 + slope * (ya - y0)
            xb = x0 + slope * (yb - y0)
            low, high = min(xa, xb), max(xa, xb)
            if low >= columns:
                continue
            if high <= 0.0:
                cover[r, 0] += sign * dy
                continue
            if high - low < 1e-12:
                c = math.floor(low)
                m = low - c
                cover[r, c] += sign * dy * (1.0 - m)
                cover[r, c + 1] += sign * dy * m
                continue
            each = dy / (high - low)
            if low < 0.0:
                cover[r, 0] += sign * each * (0.0 - low)
                low = 0.0
            last = min(high, float(columns))
            c = math.floor(low)
            while low < last:
                end = min(float(c + 1), last)
                part = each * (end - low)
                m = (low + end) / 2.0 - c
                cover[r, c] += sign * part * (1.0 - m)
                cover[r, c + 1] += sign * part * m
                low = end
                c += 1


@compiled
def add_crossings(x: np.ndarray, y: np.ndarray, cover: np.ndarray) -> None:
    """As ``add_edges``, counting cells whose centres are inside: running sums are winding numbers of centres."""
    rows, columns = cover.shape[0], cover.shape[1] - 1
    n = len(x)
    for k in range(n):
        x0, y0 = x[k], y[k]
        x1, y1 = x[(k + 1) % n], y[(k + 1) % n]
        if y0 == y1:
            continue
        sign = 1.0
        if y0 > y1:
            x0, y0, x1, y1 = x1, y1, x0, y0
            sign = -1.0
        first = max(math.ceil(y0 - 0.5), 0)
        for r in range(first, rows):
            centre = r + 0.5
            if centre >= y1:
                break
            at = x0 + (x1 - x0) * (centre - y0) / (y1 - y0)
            c = max(math.ceil(at - 0.5), 0)
            if c <= columns:
                cover[r, c] += sign


@compiled
def place(
    cover: np.ndarray, top: int, left: int, zone: int, labels: np.ndarray, cells: np.ndarray, shares: np.ndarray
) -> tuple[int, float, float, int]:
    """Turn running sums into labels of whole cells and a list of partly covered ones.

    Parameters
    ----------
    cover : (rows, columns + 1) float
        Of one zone, from ``add_edges``.
    top, left : int
        Where its window begins.
    zone : int
    labels : (all rows, all columns) int, changed in place
        -1 where no zone has the whole cell.
    cells, shares : (m,) int and float, changed in place
        Flat numbers of partly covered cells and their shares, in order; whole cells that another zone has, too.

    Returns
    -------
    int
        How many cells and shares were written; -1 when they do not fit.
    float
        The largest share, above 1 when parts of the zone overlap.
    float
        The smallest one, below 0 when its boundary crosses itself.
    int
        A zone that has one of the whole cells already, or -1.
    """
    rows, columns = cover.shape[0], cover.shape[1] - 1
    wide = labels.shape[1]
    count, largest, smallest, other = 0, 0.0, 0.0, -1
    for r in range(rows):
        running = 0.0
        for c in range(columns):
            running += cover[r, c]
            share = running
            smallest = min(smallest, share)
            if share < FLAT:
                continue
            largest = max(largest, share)
            here = labels[top + r, left + c]
            if share > 1.0 - FLAT and here < 0:
                labels[top + r, left + c] = zone
                continue
            if share > 1.0 - FLAT:
                other = here
            if count == len(cells):
                return -1, largest, smallest, other
            cells[count] = (top + r) * wide + left + c
            shares[count] = min(share, 1.0)
            count += 1
    return count, largest, smallest, other


@compiled
def add_whole(
    values: np.ndarray, nodata: float, labels: np.ndarray, weights: np.ndarray, sums: np.ndarray, counts: np.ndarray
) -> None:
    """Add cells that lie wholly in a zone to ``sums`` and ``counts``; ``nodata`` NaN: none, NaN cells never count."""
    for r in range(values.shape[0]):
        w = weights[r]
        for c in range(values.shape[1]):
            zone = labels[r, c]
            if zone >= 0:
                v = float(values[r, c])
                if v != nodata and math.isfinite(v):
                    sums[zone] += w * v
                    counts[zone] += w
