"""Squared scores of the rows that stay, for many sets of rows that leave, in runs that stay in the cache."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from scipy import sparse

from econloom.panel.absorb import FloatArray, Grouping, IntArray
from econloom.panel.designs.influence.removing import Removed, Remover
from econloom.panel.passes import together

RUN = 2_048
"""Rows of a run at least: whole groups of the main effect."""


@dataclass(frozen=True)
class _Run:
    """Some rows, from the first group of the main effect to the last.

    Attributes
    ----------
    rows : slice
    starts : (groups + 1,) int array
        Of the groups, from the run's first row.
    dummies : (clusters, rows) sparse array or None
        Of the clusters that the run has.
    clusters : int array
        Which these are.
    """

    rows: slice
    starts: IntArray
    dummies: sparse.csr_array | None
    clusters: IntArray


@dataclass(frozen=True)
class Scorer:
    """Scores of one remover's rows.

    Attributes
    ----------
    remover : Remover
    clusters : Grouping or None
        Of the rows in the order of the block; None where rows are their own.
    """

    remover: Remover
    clusters: Grouping | None

    @cached_property
    def _runs(self) -> list[_Run]:
        remover = self.remover
        n = len(remover.block)
        starts = np.array([0, n]) if remover.engine is None else remover.engine.rows.starts
        found, low = [], 0
        while low < len(starts) - 1:
            high = max(int(np.searchsorted(starts, starts[low] + RUN)), low + 1)
            high = min(high, len(starts) - 1)
            rows = slice(int(starts[low]), int(starts[high]))
            dummies, present = None, np.zeros(0, dtype=np.int64)
            if self.clusters is not None:
                present, codes = np.unique(self.clusters.codes[rows], return_inverse=True)
                size = len(codes)
                dummies = sparse.csr_array((np.ones(size), (codes, np.arange(size))), shape=(len(present), size))
            found.append(_Run(rows, np.ascontiguousarray(starts[low : high + 1] - starts[low]), dummies, present))
            low = high
        return found

    def squares(self, removed: Removed, errors: FloatArray, focal: FloatArray) -> FloatArray:
        """``sum_g (sum_{i in g} w_i x~_i e_i)^2`` over the rows that stay, for each set, (b,).

        Parameters
        ----------
        removed : Removed
            b sets.
        errors, focal : (m, b) arrays
            Combinations of the columns, as absorbed without the set, that make e and x~.
        """
        runs, b = self._runs, errors.shape[1]
        halves = [runs[: len(runs) // 2], runs[len(runs) // 2 :]]
        size = 1 if self.clusters is None else self.clusters.levels
        sums = [np.zeros((size, b)) for _ in halves]
        parts = [self._parts(removed, c) for c in (errors, focal)]
        order = np.argsort(removed.rows, axis=None)
        leaving = removed.rows.ravel()[order], order // removed.rows.shape[1]
        tasks = [partial(self._add, half, parts, leaving, out) for half, out in zip(halves, sums, strict=True)]
        together(tasks, 4 * len(self.remover.block) * b)
        total = sums[0] + sums[1]
        return np.asarray(total[0] if self.clusters is None else np.einsum("ij,ij->j", total, total))

    def _parts(
        self, removed: Removed, coefficients: FloatArray
    ) -> tuple[FloatArray, FloatArray, sparse.csr_array | None]:
        moved = np.einsum("bsm,mb->bs", removed.solved, coefficients)
        return coefficients, -self.remover.levels(removed, moved), self.remover.means(removed, moved)

    def _add(
        self,
        runs: list[_Run],
        parts: list[tuple[FloatArray, FloatArray, sparse.csr_array | None]],
        leaving: tuple[IntArray, IntArray],
        out: FloatArray,
    ) -> None:
        remover = self.remover
        for run in runs:
            E, X = (self._columns(run, *part) for part in parts)
            X *= E
            X *= remover.weights[run.rows, None]
            low, high = np.searchsorted(leaving[0], [run.rows.start, run.rows.stop])
            X[leaving[0][low:high] - run.rows.start, leaving[1][low:high]] = 0.0
            if run.dummies is None:
                out[0] += np.einsum("ij,ij->j", X, X)
            else:
                out[run.clusters] += run.dummies @ X

    def _columns(
        self, run: _Run, coefficients: FloatArray, levels: FloatArray, means: sparse.csr_array | None
    ) -> FloatArray:
        """One combination for each set over the rows of a run; those that leave are not meant."""
        remover = self.remover
        found = remover.block[run.rows] @ coefficients
        if means is not None:
            found += means[remover.main[run.rows]].toarray()
        engine = remover.engine
        if engine is not None and levels.size:
            rows = engine.rows
            weights = rows.weights[run.rows] if rows.weights.size else rows.weights
            rows.forms.subtract(found, levels, weights, rows.columns[run.rows], run.starts, 0, len(run.starts) - 1)
        return found
