"""Passes over rows compiled by numba; :mod:`econloom.panel.plain` says the same in numpy, and tests compare them.

Rows are sorted by the first effect: group ``g`` is rows ``starts[g]`` to ``starts[g + 1]``. Kernels work on the groups
``low`` to ``high``, so that two halves may run on two threads; an empty ``w`` means unit weights. ``columns`` is
(n, q): the level of each of the q other effects, counted through. Compiled code lives in the user's cache directory;
``python -m econloom.panel.kernels`` fills it.
"""

from __future__ import annotations

import getpass
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Levels = npt.NDArray[np.int32]
Function = TypeVar("Function", bound=Callable[..., Any])


def cache_folder() -> str:
    """Where compiled code is kept: ``NUMBA_CACHE_DIR``, or a folder of the user's cache, or a temporary one."""
    if stated := os.environ.get("NUMBA_CACHE_DIR"):
        return stated
    home = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    base = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_CACHE_HOME")
    folder = Path(base or home) / "econloom" / "numba"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        usable = os.access(folder, os.W_OK)
    except OSError:
        usable = False
    return str(folder if usable else Path(tempfile.gettempdir()) / f"econloom-numba-{getpass.getuser()}")


def compiled(function: Function) -> Function:
    """The function compiled on its first call, from the cache where it is there."""
    settings: Any = numba.config
    held, settings.CACHE_DIR = settings.CACHE_DIR, cache_folder()
    try:
        return cast(Function, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
    finally:
        settings.CACHE_DIR = held


@compiled
def counting_order(codes: IntArray, levels: int) -> IntArray:
    """Positions that sort the codes, equal ones in their order, (n,)."""
    place = np.zeros(levels + 1, np.int64)
    for i in range(len(codes)):
        place[codes[i] + 1] += 1
    for g in range(levels):
        place[g + 1] += place[g]
    order = np.empty(len(codes), np.int64)
    for i in range(len(codes)):
        order[place[codes[i]]] = i
        place[codes[i]] += 1
    return order


@compiled
def place_rows(part: FloatArray, goal: IntArray, out: FloatArray) -> None:
    """``out[goal] = part``."""
    for i in range(len(part)):
        for j in range(part.shape[1]):
            out[goal[i], j] = part[i, j]


@compiled
def gather(values: IntArray, order: IntArray, out: IntArray, low: int, high: int) -> None:
    """``out = values[order]`` over some rows."""
    for i in range(low, high):
        out[i] = values[order[i]]


@compiled
def joined_sets(codes: IntArray, others: IntArray, levels: int, other_levels: int) -> int:
    """Connected components of the graph in which each row joins its two levels."""
    parent = np.arange(levels + other_levels)
    count = levels + other_levels
    for i in range(len(codes)):
        a, b = codes[i], others[i] + levels
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a != b:
            parent[min(a, b)] = max(a, b)
            count -= 1
    return count


@compiled
def spread(X: FloatArray, w: FloatArray, means: FloatArray, low: int, high: int) -> FloatArray:
    """Weighted sums of ``X - means`` and of its squares, and its largest size, over some rows, (3, m)."""
    m = X.shape[1]
    total = np.zeros((3, m))
    part = np.zeros((2, m))
    for block in range(low, high, 1024):
        part[:] = 0.0
        for i in range(block, min(block + 1024, high)):
            v = w[i] if w.size else 1.0
            for j in range(m):
                x = X[i, j] - means[j]
                part[0, j] += v * x
                part[1, j] += v * x * x
                total[2, j] = max(total[2, j], abs(x))
        for j in range(m):
            total[0, j] += part[0, j]
            total[1, j] += part[1, j]
    return total


@compiled
def first_residuals(
    X: FloatArray, means: FloatArray, inverse: FloatArray, w: FloatArray, starts: IntArray, out: FloatArray,
    low: int, high: int,
) -> None:  # fmt: skip
    """``out = M0 ((X - means) * inverse)``; ``out`` may be ``X``."""
    m = X.shape[1]
    level = np.zeros(m)
    for g in range(low, high):
        level[:] = 0.0
        total = 0.0
        for i in range(starts[g], starts[g + 1]):
            v = w[i] if w.size else 1.0
            total += v
            for j in range(m):
                z = (X[i, j] - means[j]) * inverse[j]
                out[i, j] = z
                level[j] += v * z
        for j in range(m):
            level[j] /= total
        for i in range(starts[g], starts[g + 1]):
            for j in range(m):
                out[i, j] -= level[j]


@compiled
def level_sums(
    R: FloatArray, w: FloatArray, columns: Levels, starts: IntArray, out: FloatArray, low: int, high: int
) -> None:
    """Add ``D'W R`` to ``out``, (L, m)."""
    m, q = R.shape[1], columns.shape[1]
    for i in range(starts[low], starts[high]):
        v = w[i] if w.size else 1.0
        for s in range(q):
            c = columns[i, s]
            for j in range(m):
                out[c, j] += v * R[i, j]


@compiled
def complement(
    V: FloatArray, w: FloatArray, columns: Levels, starts: IntArray, out: FloatArray, low: int, high: int
) -> None:
    """Add ``D'W M0 D V`` to ``out``, (L, m), in one pass over the rows."""
    m, q = V.shape[1], columns.shape[1]
    level = np.zeros(m)
    longest = 1
    for g in range(low, high):
        longest = max(longest, starts[g + 1] - starts[g])
    held = np.empty((longest, m))
    for g in range(low, high):
        begin, end = starts[g], starts[g + 1]
        level[:] = 0.0
        total = 0.0
        for i in range(begin, end):
            v = w[i] if w.size else 1.0
            total += v
            c = columns[i, 0]
            for j in range(m):
                held[i - begin, j] = V[c, j]
            for s in range(1, q):
                c = columns[i, s]
                for j in range(m):
                    held[i - begin, j] += V[c, j]
            for j in range(m):
                level[j] += v * held[i - begin, j]
        for j in range(m):
            level[j] /= total
        for i in range(begin, end):
            v = w[i] if w.size else 1.0
            for j in range(m):
                held[i - begin, j] = v * (held[i - begin, j] - level[j])
            for s in range(q):
                c = columns[i, s]
                for j in range(m):
                    out[c, j] += held[i - begin, j]


@compiled
def subtract(
    R: FloatArray, a: FloatArray, w: FloatArray, columns: Levels, starts: IntArray, low: int, high: int
) -> None:
    """``R -= M0 D a`` in place."""
    m, q = R.shape[1], columns.shape[1]
    level = np.zeros(m)
    for g in range(low, high):
        level[:] = 0.0
        total = 0.0
        for i in range(starts[g], starts[g + 1]):
            v = w[i] if w.size else 1.0
            total += v
            for s in range(q):
                c = columns[i, s]
                for j in range(m):
                    R[i, j] -= a[c, j]
                    level[j] += v * a[c, j]
        for j in range(m):
            level[j] /= total
        for i in range(starts[g], starts[g + 1]):
            for j in range(m):
                R[i, j] += level[j]


@compiled
def crossings(w: FloatArray, columns: Levels, starts: IntArray, S: FloatArray) -> None:
    """Add ``D'W M0 D`` to ``S``, (L, L), group by group."""
    q, L = columns.shape[1], S.shape[0]
    share = np.zeros(L)
    touched = np.empty(L, np.int64)
    for i in range(starts[0], starts[-1]):
        v = w[i] if w.size else 1.0
        for s in range(q):
            for t in range(q):
                S[columns[i, s], columns[i, t]] += v
    for g in range(len(starts) - 1):
        count = 0
        total = 0.0
        for i in range(starts[g], starts[g + 1]):
            v = w[i] if w.size else 1.0
            total += v
            for s in range(q):
                c = columns[i, s]
                if share[c] == 0.0:
                    touched[count] = c
                    count += 1
                share[c] += v
        for p in range(count):
            c = touched[p]
            left = share[c] / total
            for r in range(count):
                S[c, touched[r]] -= left * share[touched[r]]
        for p in range(count):
            share[touched[p]] = 0.0


@compiled
def group_sums(X: FloatArray, chosen: IntArray, v: FloatArray, codes: IntArray, out: FloatArray) -> None:
    """Add ``v_i X[i, chosen]`` to the row ``codes[i]`` of ``out``, (levels, k)."""
    for i in range(len(codes)):
        c = codes[i]
        for j in range(len(chosen)):
            out[c, j] += v[i] * X[i, chosen[j]]


@compiled
def eliminate(
    order: IntArray, left: IntArray, right: IntArray, weight: FloatArray, seed: int
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Factorise a graph's Laplacian, sampling the fill (see :mod:`econloom.panel.absorb.laplacian`).

    An edge is kept with the end that is eliminated first; eliminating a node frees as many places as it takes.
    """
    nodes, edges = len(order), len(left)
    rank = np.empty(nodes, np.int64)
    for p in range(nodes):
        rank[order[p]] = p
    head = np.full(nodes, -1, np.int64)
    link, end, mass = np.empty(edges, np.int64), np.empty(edges, np.int64), np.empty(edges)
    for k in range(edges):
        a, b = left[k], right[k]
        if rank[a] > rank[b]:
            a, b = b, a
        end[k], mass[k], link[k] = b, weight[k], head[a]
        head[a] = k
    starts, totals = np.zeros(nodes + 1, np.int64), np.zeros(nodes)
    targets, shares = np.empty(edges + 16, np.int64), np.empty(edges + 16)
    place, free, filled = np.full(nodes, -1, np.int64), -1, 0
    state = np.uint64(seed)
    for p in range(nodes):
        v, begin = order[p], filled
        k = head[v]
        while k >= 0:
            u = end[k]
            if place[u] < 0:
                if filled == len(targets):
                    targets = np.concatenate((targets, np.empty(len(targets), np.int64)))
                    shares = np.concatenate((shares, np.empty(len(shares))))
                place[u] = filled
                targets[filled], shares[filled] = u, 0.0
                filled += 1
            shares[place[u]] += mass[k]
            totals[p] += mass[k]
            following = link[k]
            link[k], free = free, k
            k = following
        count = filled - begin
        by_weight = np.argsort(shares[begin:filled])
        above = totals[p]
        for i in range(count):
            e = begin + by_weight[i]
            place[targets[e]] = -1
            above -= shares[e]
            if i == count - 1 or above <= 0.0:
                continue
            state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
            draw = float(state >> np.uint64(11)) / 9007199254740992.0 * above
            j = i + 1
            while j < count - 1 and draw > shares[begin + by_weight[j]]:
                draw -= shares[begin + by_weight[j]]
                j += 1
            a, b = targets[e], targets[begin + by_weight[j]]
            if rank[a] > rank[b]:
                a, b = b, a
            k, free = free, link[free]
            end[k], mass[k], link[k] = b, shares[e] * above / totals[p], head[a]
            head[a] = k
        for e in range(begin, filled):
            place[targets[e]] = -1
            shares[e] /= totals[p]
        starts[p + 1] = filled
    return starts, targets[:filled].copy(), shares[:filled].copy(), totals


@compiled
def substitute(
    X: FloatArray, order: IntArray, starts: IntArray, targets: IntArray, shares: FloatArray, totals: FloatArray
) -> None:
    """Solve with the factor of :func:`eliminate`, in place, (nodes, m)."""
    m = X.shape[1]
    for p in range(len(order)):
        v = order[p]
        for e in range(starts[p], starts[p + 1]):
            for j in range(m):
                X[targets[e], j] += shares[e] * X[v, j]
        for j in range(m):
            X[v, j] = X[v, j] / totals[p] if totals[p] > 0.0 else 0.0
    for p in range(len(order) - 1, -1, -1):
        v = order[p]
        for e in range(starts[p], starts[p + 1]):
            for j in range(m):
                X[v, j] += shares[e] * X[targets[e], j]


def warm() -> None:
    """Compile everything for the types that estimation uses."""
    X = np.arange(12.0).reshape(6, 2)
    columns, starts = np.zeros((6, 1), np.int32), np.array([0, 3, 6])
    codes, zero, one = np.array([0, 0, 0, 1, 1, 1]), np.zeros(2), np.ones(2)
    for w in (np.zeros(0), np.ones(6)):
        counting_order(codes, 2)
        spread(X, w, zero, 0, 6)
        place_rows(X[:5], codes[:5], X.copy())
        gather(codes, codes, codes.copy(), 0, 6)
        joined_sets(codes, codes, 2, 2)
        first_residuals(X, zero, one, w, starts, X, 0, 2)
        for kernel in (level_sums, complement):
            kernel(X, w, columns, starts, np.zeros((1, 2)), 0, 2)
        subtract(X, np.zeros((1, 2)), w, columns, starts, 0, 2)
        crossings(w, columns, starts, np.zeros((1, 1)))
        group_sums(X, np.array([0, 1]), np.ones(6), codes, np.zeros((2, 2)))
    order, ends = np.array([0, 1]), (np.array([0]), np.array([1]))
    substitute(np.zeros((2, 2)), order, *eliminate(order, *ends, np.ones(1), 1))


if __name__ == "__main__":
    from econloom.panel import kernels

    kernels.warm()
