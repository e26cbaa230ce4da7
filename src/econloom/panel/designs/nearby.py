"""Who is near: the earliest start of another unit by ring, the nearest unit by start; no matrix of distances.

A compiled pass looks at pairs that can be near enough and keeps one number by ring or start of each point. Small cases
take the plain form, in blocks of distances.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial.distance import cdist

from econloom.panel.absorb import FloatArray, IntArray
from econloom.panel.distances import blocks, chord

EDGE = 1 + 1e-12
NEVER = np.iinfo(np.int64).max
COMPILED = 2_000_000
"""Pairs from which the compiled pass is worth loading."""


def _squared(bounds: Sequence[tuple[float, float]]) -> tuple[FloatArray, FloatArray]:
    """Squared chords of the edges; the first ring holds distance zero."""
    low, high = (np.array([chord(b) ** 2 * EDGE for b in ends]) for ends in zip(*bounds, strict=True))
    low[[b[0] == 0 for b in bounds]] = -1.0
    return low, high


def earliest(
    points: FloatArray,
    owner: IntArray,
    others: FloatArray,
    theirs: IntArray,
    start: IntArray,
    bounds: Sequence[tuple[float, float]],
) -> IntArray:
    """The earliest start of another unit in each ring around each point, (n, R); ``NEVER`` where there is none.

    Parameters
    ----------
    points, others : (n, 3), (m, 3) arrays
        On the unit sphere.
    owner, theirs : (n,), (m,) int arrays
        Units; a unit is not its own neighbour.
    start : (m,) int array
    bounds : sequence of (float, float)
        Rings in kilometres.
    """
    low, high = _squared(bounds)
    found = np.full((len(points), len(bounds)), NEVER)
    if len(points) * len(others) >= COMPILED:
        from econloom.panel.designs.kernels import ring_firsts

        order = np.argsort(others[:, 2], kind="stable")
        ring_firsts(points, owner, others[order], theirs[order], start[order], low, high, found)
        return found
    for rows in blocks(len(points), len(others)):
        d = cdist(points[rows], others, "sqeuclidean")
        d[owner[rows][:, None] == theirs] = np.inf
        for r, (inner, outer) in enumerate(zip(low, high, strict=True)):
            found[rows, r] = np.where((d > inner) & (d <= outer) & np.isfinite(d), start, NEVER).min(axis=1)
    return found


def of_nearest(
    points: FloatArray,
    owner: IntArray,
    others: FloatArray,
    theirs: IntArray,
    start: IntArray,
    bounds: Sequence[tuple[float, float]],
) -> tuple[IntArray, IntArray]:
    """The starts, and the ring of the nearest unit treated by each of them, (n, starts); -1 where it is in none."""
    low, high = _squared(bounds)
    starts, cohort = np.unique(start, return_inverse=True)
    found = np.full((len(points), len(starts)), np.inf)
    if len(points) * len(others) >= COMPILED:
        from econloom.panel.designs.kernels import nearest_squared

        order = np.argsort(others[:, 2], kind="stable")
        reach = float(np.sqrt(high[-1]))
        nearest_squared(points, owner, others[order], theirs[order], cohort[order], reach, found)
    else:
        for rows in blocks(len(points), len(others)):
            d = cdist(points[rows], others, "sqeuclidean")
            d[owner[rows][:, None] == theirs] = np.inf
            for c in range(len(starts)):
                found[rows, c] = d[:, cohort == c].min(axis=1)
    found = np.minimum.accumulate(found, axis=1)
    ring = np.searchsorted(high, found, side="left")
    inside = (ring < len(high)) & np.isfinite(found)
    inside &= found > low[np.minimum(ring, len(high) - 1)]
    return starts, np.where(inside, ring, -1)
