"""A preconditioner for effects that are hardly connected, such as workers who rarely change firms.

Two effects make a graph: levels are nodes, and the weight of the rows that two levels share is an edge. Its Laplacian
has the Schur complement of the one effect on the other as Schur complement. Eliminating a node joins its neighbours
to each other; instead of all pairs, each neighbour is joined to one heavier neighbour, drawn with probability
proportional to its weight, which is right in expectation (Kyng and Sachdeva 2016; Gao, Kyng and Spielman 2023). So
the factor stays sparse; chains and stars of movers are factorised exactly. The draws have a fixed seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from econloom.panel.absorb.groupings import FloatArray, IntArray
from econloom.panel.absorb.rows import SortedRows
from econloom.panel.passes import COMPILED_ROWS, forms

SEED = 20_170_401


@dataclass(frozen=True)
class SparseFactor:
    """``P L D L' P'`` of a graph's Laplacian, approximately.

    Attributes
    ----------
    order : (nodes,) int array
        In which nodes were eliminated; those of the first effect are numbered 0 ... groups - 1.
    starts : (nodes + 1,) int array
        Entries of each eliminated node, in that order.
    targets, shares : arrays
        Neighbours left at that time, and their part of the node's weight.
    totals : (nodes,) array
        Weight of each node when it was eliminated; zero for the last of a component.
    groups : int
    """

    order: IntArray
    starts: IntArray
    targets: IntArray
    shares: FloatArray
    totals: FloatArray
    groups: int

    @classmethod
    def of(cls, rows: SortedRows, effect: int) -> SparseFactor:
        """Of the first effect and another one."""
        groups = len(rows.starts) - 1
        first = np.repeat(np.arange(groups), np.diff(rows.starts))
        levels = rows.columns[:, effect].astype(np.int64) - rows.offsets[effect] + groups
        size = groups + rows.offsets[effect + 1] - rows.offsets[effect]
        w = rows.weights if rows.weights.size else np.ones(rows.n)
        edges = sparse.coo_array((w, (first, levels)), shape=(size, size)).tocsr()
        edges.sum_duplicates()
        pairs = edges.tocoo()
        ends = [pairs.coords[0].astype(np.int64), pairs.coords[1].astype(np.int64)]
        degree = np.bincount(np.concatenate(ends), minlength=size)
        order = np.argsort(degree, kind="stable").astype(np.int64)
        eliminate = forms(COMPILED_ROWS).eliminate
        starts, targets, shares, totals = eliminate(order, *ends, np.ascontiguousarray(pairs.data), SEED)
        return cls(order, starts, targets, shares, totals, groups)

    def solve(self, R: FloatArray) -> FloatArray:
        """What the factor gives for the other effect's part of a system, (levels, m)."""
        X = np.zeros((len(self.order), R.shape[1]))
        X[self.groups :] = R
        forms(COMPILED_ROWS).substitute(X, self.order, self.starts, self.targets, self.shares, self.totals)
        return X[self.groups :]


def paired_preconditioner(rows: SortedRows) -> Callable[[FloatArray], FloatArray]:
    """Each other effect's system with the first effect, solved approximately."""
    factors = [SparseFactor.of(rows, j) for j in range(len(rows.offsets) - 1)]
    spans = [slice(a, b) for a, b in zip(rows.offsets[:-1], rows.offsets[1:], strict=True)]

    def apply(R: FloatArray) -> FloatArray:
        return np.vstack([factor.solve(R[span]) for factor, span in zip(factors, spans, strict=True)])

    return apply
