"""Compiled passes of designs; a plain form of each stands beside its caller and is its test."""

from __future__ import annotations

import numba
import numpy as np

from econloom.core.compiling import compiled
from econloom.panel.passes import FloatArray, IntArray


@numba.njit(cache=True, nogil=True)
def permuted_grams(X, w, starts, levels, labels, out):  # type: ignore[no-untyped-def]
    """Cross-products of dummies and columns in each group of each draw, the main effect of the group swept out.

    Parameters
    ----------
    X : (n, m) array
        Rows sorted by the main effect.
    w : (n,) array
        Weights.
    starts : (groups + 1,) int array
        Of the main effect.
    levels : (n, q) int array
        Level of each other effect, counted through, of L.
    labels : (draws, n) int8 array
        Group of every row.
    out : (draws, G, L + m, L + m) array
        Filled in its upper triangle, the dummies first.
    """
    draws, G = out.shape[0], out.shape[1]
    m, q = X.shape[1], levels.shape[1]
    L = out.shape[2] - m
    size = np.zeros(G)
    sums = np.zeros((G, m))
    mass = np.zeros((G, L))
    seen = np.zeros((G, L), dtype=np.int64)
    many = np.zeros(G, dtype=np.int64)
    for d in range(draws):
        for f in range(len(starts) - 1):
            low, high = starts[f], starts[f + 1]
            size[:] = 0.0
            sums[:] = 0.0
            for i in range(low, high):
                g = labels[d, i]
                size[g] += w[i]
                for j in range(m):
                    sums[g, j] += w[i] * X[i, j]
                for a in range(q):
                    level = levels[i, a]
                    if mass[g, level] == 0.0:
                        seen[g, many[g]] = level
                        many[g] += 1
                    mass[g, level] += w[i]
                    for b in range(a, q):
                        other = levels[i, b]
                        out[d, g, min(level, other), max(level, other)] += w[i]
                    for j in range(m):
                        out[d, g, level, L + j] += w[i] * X[i, j]
                for j in range(m):
                    for k in range(j, m):
                        out[d, g, L + j, L + k] += w[i] * X[i, j] * X[i, k]
            for g in range(G):
                if size[g] > 0.0:
                    for a in range(many[g]):
                        one = seen[g, a]
                        share = mass[g, one] / size[g]
                        for b in range(many[g]):
                            other = seen[g, b]
                            if other >= one:
                                out[d, g, one, other] -= share * mass[g, other]
                        for j in range(m):
                            out[d, g, one, L + j] -= share * sums[g, j]
                    for j in range(m):
                        for k in range(j, m):
                            out[d, g, L + j, L + k] -= sums[g, j] * sums[g, k] / size[g]
                for a in range(many[g]):
                    mass[g, seen[g, a]] = 0.0
                many[g] = 0


@compiled
def ring_firsts(
    points: FloatArray,
    owner: IntArray,
    others: FloatArray,
    theirs: IntArray,
    start: IntArray,
    low: FloatArray,
    high: FloatArray,
    first: IntArray,
) -> None:
    """Earliest start of another unit in each ring around each point.

    Parameters
    ----------
    points : (n, 3) array
        On the unit sphere.
    owner : (n,) int array
    others : (m, 3) array
        Sorted by their third coordinate.
    theirs, start : (m,) int arrays
        Owner and start of each.
    low, high : (R,) arrays
        Squared chords: a ring holds ``low < d <= high``; ascending, not overlapping.
    first : (n, R) int array
        Lowered in place.
    """
    m, R = len(others), len(high)
    reach = np.sqrt(high[R - 1])
    heights = others[:, 2].copy()
    for i in range(len(points)):
        x, y, z = points[i]
        for j in range(np.searchsorted(heights, z - reach), m):
            if heights[j] > z + reach:
                break
            if theirs[j] == owner[i]:
                continue
            d = (x - others[j, 0]) ** 2 + (y - others[j, 1]) ** 2 + (z - others[j, 2]) ** 2
            if d > high[R - 1]:
                continue
            r = 0
            while d > high[r]:
                r += 1
            if d > low[r] and start[j] < first[i, r]:
                first[i, r] = start[j]


@compiled
def nearest_squared(
    points: FloatArray,
    owner: IntArray,
    others: FloatArray,
    theirs: IntArray,
    cohort: IntArray,
    reach: float,
    out: FloatArray,
) -> None:
    """Squared chord to the nearest other unit of each cohort, up to a chord ``reach``; ``out`` (n, cohorts) lowered."""
    m = len(others)
    heights = others[:, 2].copy()
    for i in range(len(points)):
        x, y, z = points[i]
        for j in range(np.searchsorted(heights, z - reach), m):
            if heights[j] > z + reach:
                break
            if theirs[j] == owner[i]:
                continue
            d = (x - others[j, 0]) ** 2 + (y - others[j, 1]) ** 2 + (z - others[j, 2]) ** 2
            if d < out[i, cohort[j]]:
                out[i, cohort[j]] = d
