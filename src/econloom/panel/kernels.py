"""Passes over rows compiled by numba; :mod:`econloom.panel.plain` says the same in numpy, and tests compare them.

Rows are sorted by the first effect: group ``g`` is rows ``starts[g]`` to ``starts[g + 1]``. Kernels work on the groups
``low`` to ``high``, so that two halves may run on two threads; an empty ``w`` means unit weights. ``columns`` is
(n, q): the level of each of the q other effects, counted through. ``python -m econloom.panel.kernels`` compiles all of
them beforehand.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from econloom.core.compiling import compiled
from econloom.panel.graph_kernels import eliminate, joined_sets, substitute

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Levels = npt.NDArray[np.int32]

__all__ = [
    "complement",
    "counting_order",
    "crossings",
    "eliminate",
    "first_residuals",
    "gather",
    "group_sums",
    "interleave",
    "joined_sets",
    "level_sums",
    "linked",
    "spread",
    "substitute",
    "subtract",
    "warm",
]

HELD = 256
"""Rows of whole groups that a pass holds at once: they stay in the processor's nearest cache."""


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
def interleave(held: FloatArray, goal: IntArray, out: FloatArray) -> None:
    """``out[goal] = held'``, where ``held`` (m, at least as many as there are goals) has one column a row."""
    for i in range(len(goal)):
        g = goal[i]
        for j in range(len(held)):
            out[g, j] = held[j, i]


@compiled
def gather(values: IntArray, order: IntArray, out: IntArray, low: int, high: int) -> None:
    """``out = values[order]`` over some rows."""
    for i in range(low, high):
        out[i] = values[order[i]]


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
def weight_of(w: FloatArray, first: int, last: int) -> float:
    """Sum of the weights of some rows."""
    if not w.size:
        return float(last - first)
    total = 0.0
    for i in range(first, last):
        total += w[i]
    return total


@compiled
def first_residuals(
    X: FloatArray, means: FloatArray, inverse: FloatArray, w: FloatArray, starts: IntArray, out: FloatArray,
    low: int, high: int,
) -> None:  # fmt: skip
    """``out = M0 ((X - means) * inverse)``; ``out`` may be ``X``."""
    m = X.shape[1]
    wide = m - m % 4
    for g in range(low, high):
        first, last = starts[g], starts[g + 1]
        total = weight_of(w, first, last)
        for p in range(0, wide, 4):
            a = b = c = d = 0.0
            for i in range(first, last):
                v = w[i] if w.size else 1.0
                a += v * (X[i, p] - means[p])
                b += v * (X[i, p + 1] - means[p + 1])
                c += v * (X[i, p + 2] - means[p + 2])
                d += v * (X[i, p + 3] - means[p + 3])
            a, b, c, d = a / total, b / total, c / total, d / total
            for i in range(first, last):
                out[i, p] = (X[i, p] - means[p] - a) * inverse[p]
                out[i, p + 1] = (X[i, p + 1] - means[p + 1] - b) * inverse[p + 1]
                out[i, p + 2] = (X[i, p + 2] - means[p + 2] - c) * inverse[p + 2]
                out[i, p + 3] = (X[i, p + 3] - means[p + 3] - d) * inverse[p + 3]
        for j in range(wide, m):
            a = 0.0
            for i in range(first, last):
                a += (w[i] if w.size else 1.0) * (X[i, j] - means[j])
            a /= total
            for i in range(first, last):
                out[i, j] = (X[i, j] - means[j] - a) * inverse[j]


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
    held = np.empty((longest_run(starts, low, high), V.shape[1]))
    g = low
    while g < high:
        h = run_of_groups(starts, g, high)
        begin, end = starts[g], starts[h]
        pick(V, columns, begin, end, held)
        for k in range(g, h):
            centre(held, w, starts[k], starts[k + 1], begin)
        if w.size:
            for i in range(begin, end):
                for j in range(V.shape[1]):
                    held[i - begin, j] *= w[i]
        add(held, columns, begin, end, out)
        g = h


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
def longest_run(starts: IntArray, low: int, high: int) -> int:
    """Rows that the longest run of groups may have."""
    longest = HELD
    for g in range(low, high):
        longest = max(longest, starts[g + 1] - starts[g])
    return longest


@compiled
def run_of_groups(starts: IntArray, g: int, high: int) -> int:
    """Where the run of whole groups ends that begins with group g and has at most ``HELD`` rows, or one group."""
    h = g + 1
    while h < high and starts[h + 1] - starts[g] <= HELD:
        h += 1
    return h


@compiled
def pick(V: FloatArray, columns: Levels, begin: int, end: int, held: FloatArray) -> None:
    """``held = D V`` over some rows. Loops do one thing at four columns, so that many reads are under way at once."""
    m, q = V.shape[1], columns.shape[1]
    wide = m - m % 4
    for p in range(0, wide, 4):
        for i in range(begin, end):
            c = np.uint32(columns[i, 0])
            for j in range(4):
                held[i - begin, p + j] = V[c, p + j]
        for s in range(1, q):
            for i in range(begin, end):
                c = np.uint32(columns[i, s])
                for j in range(4):
                    held[i - begin, p + j] += V[c, p + j]
    for j in range(wide, m):
        for i in range(begin, end):
            held[i - begin, j] = V[np.uint32(columns[i, 0]), j]
        for s in range(1, q):
            for i in range(begin, end):
                held[i - begin, j] += V[np.uint32(columns[i, s]), j]


@compiled
def add(held: FloatArray, columns: Levels, begin: int, end: int, out: FloatArray) -> None:
    """Add ``D' held`` over some rows to ``out``."""
    m = out.shape[1]
    wide = m - m % 4
    for s in range(columns.shape[1]):
        for p in range(0, wide, 4):
            for i in range(begin, end):
                c = np.uint32(columns[i, s])
                for j in range(4):
                    out[c, p + j] += held[i - begin, p + j]
        for j in range(wide, m):
            for i in range(begin, end):
                out[np.uint32(columns[i, s]), j] += held[i - begin, j]


@compiled
def centre(held: FloatArray, w: FloatArray, first: int, last: int, begin: int) -> None:
    """Take the weighted mean of rows ``first`` to ``last`` from them; ``held`` starts at row ``begin``."""
    m = held.shape[1]
    wide = m - m % 4
    total = weight_of(w, first, last)
    for p in range(0, wide, 4):
        a = b = c = d = 0.0
        for i in range(first, last):
            v, r = w[i] if w.size else 1.0, i - begin
            a += v * held[r, p]
            b += v * held[r, p + 1]
            c += v * held[r, p + 2]
            d += v * held[r, p + 3]
        a, b, c, d = a / total, b / total, c / total, d / total
        for r in range(first - begin, last - begin):
            held[r, p] -= a
            held[r, p + 1] -= b
            held[r, p + 2] -= c
            held[r, p + 3] -= d
    for j in range(wide, m):
        a = 0.0
        for i in range(first, last):
            a += (w[i] if w.size else 1.0) * held[i - begin, j]
        for r in range(first - begin, last - begin):
            held[r, j] -= a / total


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
        total = weight_of(w, starts[g], starts[g + 1])
        for i in range(starts[g], starts[g + 1]):
            v = w[i] if w.size else 1.0
            for s in range(q):
                c = columns[i, s]
                if share[c] == 0.0:
                    touched[count] = c
                    count += 1
                share[c] += v
        for p in range(count):
            c = touched[p]
            left = share[c] / total
            S[c, c] -= left * share[c]
            for r in range(p):
                k = touched[r]
                both = left * share[k]
                S[c, k] -= both
                S[k, c] -= both
        for p in range(count):
            share[touched[p]] = 0.0


@compiled
def linked(S: FloatArray) -> IntArray:
    """The component of each row of a symmetric matrix, (L,): rows are linked where an entry is not zero."""
    L = len(S)
    found = np.full(L, -1, np.int64)
    waiting = np.empty(L, np.int64)
    number = 0
    for first in range(L):
        if found[first] >= 0:
            continue
        found[first] = number
        waiting[0] = first
        count = 1
        while count:
            count -= 1
            row = waiting[count]
            for c in range(L):
                if S[row, c] != 0.0 and found[c] < 0:
                    found[c] = number
                    waiting[count] = c
                    count += 1
        number += 1
    return found


@compiled
def group_sums(X: FloatArray, chosen: IntArray, v: FloatArray, codes: IntArray, out: FloatArray) -> None:
    """Add ``v_i X[i, chosen]`` to the row ``codes[i]`` of ``out``, (levels, k)."""
    for i in range(len(codes)):
        c = codes[i]
        for j in range(len(chosen)):
            out[c, j] += v[i] * X[i, chosen[j]]


def warm() -> None:
    """Compile everything for the types that estimation uses."""
    X = np.arange(12.0).reshape(6, 2)
    columns, starts = np.zeros((6, 1), np.int32), np.array([0, 3, 6])
    codes, zero, one = np.array([0, 0, 0, 1, 1, 1]), np.zeros(2), np.ones(2)
    for w in (np.zeros(0), np.ones(6)):
        counting_order(codes, 2)
        spread(X, w, zero, 0, 6)
        interleave(np.zeros((2, 5)), codes[:5], X.copy())
        gather(codes, codes, codes.copy(), 0, 6)
        joined_sets(codes, codes, 2, 2)
        first_residuals(X, zero, one, w, starts, X, 0, 2)
        for kernel in (level_sums, complement):
            kernel(X, w, columns, starts, np.zeros((1, 2)), 0, 2)
        subtract(X, np.zeros((1, 2)), w, columns, starts, 0, 2)
        crossings(w, columns, starts, np.zeros((1, 1)))
        linked(np.eye(2))
        group_sums(X, np.array([0, 1]), np.ones(6), codes, np.zeros((2, 2)))
    order, ends = np.array([0, 1]), (np.array([0]), np.array([1]))
    substitute(np.zeros((2, 2)), order, *eliminate(order, *ends, np.ones(1), 1))


if __name__ == "__main__":
    from econloom.panel import kernels

    kernels.warm()
