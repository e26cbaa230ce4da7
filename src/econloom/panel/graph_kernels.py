"""Graphs of levels that share rows, compiled by numba: connected sets, and the factor of a Laplacian."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from econloom.core.compiling import compiled

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


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
