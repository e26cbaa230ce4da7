"""The passes of :mod:`econloom.panel.kernels` in numpy: what small samples run, and what the kernels are tested by."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Levels = npt.NDArray[np.int32]


def counting_order(codes: IntArray, levels: int) -> IntArray:
    """Positions that sort the codes, equal ones in their order, (n,)."""
    return np.argsort(codes, kind="stable").astype(np.int64)


def interleave(held: FloatArray, goal: IntArray, out: FloatArray) -> None:
    """``out[goal] = held'``, where ``held`` (m, at least as many as there are goals) has one column a row."""
    out[goal] = held[:, : len(goal)].T


def gather(values: IntArray, order: IntArray, out: IntArray, low: int, high: int) -> None:
    """``out = values[order]`` over some rows."""
    out[low:high] = values[order[low:high]]


def joined_sets(codes: IntArray, others: IntArray, levels: int, other_levels: int) -> int:
    """Connected components of the graph in which each row joins its two levels."""
    size = levels + other_levels
    edges = sparse.coo_array((np.ones(len(codes), np.int8), (codes, others + levels)), shape=(size, size))
    return int(connected_components(edges.tocsr(), directed=False)[0])


def spread(X: FloatArray, w: FloatArray, means: FloatArray, low: int, high: int) -> FloatArray:
    """Weighted sums of ``X - means`` and of its squares, and its largest size, over some rows, (3, m)."""
    Z = X[low:high] - means
    with np.errstate(over="ignore", under="ignore"):
        squares = Z**2
        sums = [Z.sum(axis=0), squares.sum(axis=0)] if not w.size else [w[low:high] @ Z, w[low:high] @ squares]
    return np.vstack([*sums, np.abs(Z).max(axis=0)])


def first_residuals(
    X: FloatArray, means: FloatArray, inverse: FloatArray, w: FloatArray, starts: IntArray, out: FloatArray,
    low: int, high: int,
) -> None:  # fmt: skip
    """``out = M0 ((X - means) * inverse)``; ``out`` may be ``X``."""
    begin, end, sizes = _span(starts, low, high)
    Z = (X[begin:end] - means) * inverse
    v = w[begin:end] if w.size else np.ones(end - begin)
    out[begin:end] = Z - np.repeat(_means(Z, v, starts, low, high), sizes, axis=0)


def level_sums(
    R: FloatArray, w: FloatArray, columns: Levels, starts: IntArray, out: FloatArray, low: int, high: int
) -> None:
    """Add ``D'W R`` to ``out``, (L, m)."""
    begin, end, _ = _span(starts, low, high)
    D = dummies(columns[begin:end], len(out))
    out += D.T @ (R[begin:end] * w[begin:end, None] if w.size else R[begin:end])


def complement(
    V: FloatArray, w: FloatArray, columns: Levels, starts: IntArray, out: FloatArray, low: int, high: int
) -> None:
    """Add ``D'W M0 D V`` to ``out``, (L, m)."""
    begin, end, sizes = _span(starts, low, high)
    D = dummies(columns[begin:end], len(V))
    v = w[begin:end] if w.size else np.ones(end - begin)
    Z = D @ V
    Z -= np.repeat(_means(Z, v, starts, low, high), sizes, axis=0)
    out += D.T @ (Z * v[:, None])


def subtract(
    R: FloatArray, a: FloatArray, w: FloatArray, columns: Levels, starts: IntArray, low: int, high: int
) -> None:
    """``R -= M0 D a`` in place."""
    begin, end, sizes = _span(starts, low, high)
    v = w[begin:end] if w.size else np.ones(end - begin)
    Z = dummies(columns[begin:end], len(a)) @ a
    R[begin:end] -= Z - np.repeat(_means(Z, v, starts, low, high), sizes, axis=0)


def crossings(w: FloatArray, columns: Levels, starts: IntArray, S: FloatArray) -> None:
    """Add ``D'W M0 D`` to ``S``, (L, L)."""
    n = len(columns)
    v = w if w.size else np.ones(n)
    D = dummies(columns, len(S))
    WD = sparse.diags_array(v) @ D
    first = np.repeat(np.arange(len(starts) - 1, dtype=np.int32), np.diff(starts))
    shared = sparse.csr_array(WD.T @ dummies(first[:, None], len(starts) - 1))
    totals = np.add.reduceat(v, starts[:-1])
    S += (D.T @ WD).toarray() - (shared @ sparse.diags_array(1.0 / totals) @ shared.T).toarray()


def linked(S: FloatArray) -> IntArray:
    """The component of each row of a symmetric matrix, (L,): rows are linked where an entry is not zero."""
    found: IntArray = connected_components(sparse.csr_array(S != 0), directed=False)[1].astype(np.int64)
    return found


def group_sums(X: FloatArray, chosen: IntArray, v: FloatArray, codes: IntArray, out: FloatArray) -> None:
    """Add ``v_i X[i, chosen]`` to the row ``codes[i]`` of ``out``, (levels, k)."""
    for position, column in enumerate(chosen):
        out[:, position] += np.bincount(codes, weights=v * X[:, column], minlength=len(out))


def dummies(columns: Levels, levels: int) -> sparse.csr_array:
    """One column for each level, (n, levels)."""
    n, q = columns.shape
    return sparse.csr_array((np.ones(n * q), columns.ravel(), np.arange(n + 1) * q), shape=(n, levels))


def _span(starts: IntArray, low: int, high: int) -> tuple[int, int, IntArray]:
    return int(starts[low]), int(starts[high]), np.diff(starts[low : high + 1])


def _means(Z: FloatArray, v: FloatArray, starts: IntArray, low: int, high: int) -> FloatArray:
    """Weighted means of some groups, (high - low, m)."""
    at = starts[low:high] - starts[low]
    return np.asarray(np.add.reduceat(Z * v[:, None], at, axis=0) / np.add.reduceat(v, at)[:, None])
