"""Group means and Schur complements in numpy, over rows in any order.

What a constant and the statistics of one column need; blocks of columns go through the passes of
:mod:`econloom.panel.absorb.effects`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from econloom.core.errors import EstimationError
from econloom.panel.absorb.groupings import FloatArray, Grouping, IntArray

MAX_DENSE_LEVELS = 6_000
"""Levels of all effects but the unit's that the constant of ``xtreg`` may have (6,000: 288 MB)."""

RANK_TOLERANCE = 1e-10
"""Pivots of the unit-diagonal Schur complement below this are zero; true ones are above 1/levels."""


@dataclass(frozen=True)
class GroupMeans:
    """Weighted means of one effect's groups over rows in any order.

    Attributes
    ----------
    starts : (levels,) int array or None
        First row of each group where the rows are sorted by it; None otherwise.
    """

    grouping: Grouping
    weights: FloatArray | None
    totals: FloatArray
    starts: IntArray | None

    @classmethod
    def of(cls, grouping: Grouping, weights: FloatArray | None) -> GroupMeans:
        """Prepare the sums of weights, and the group starts where the rows are sorted."""
        totals = np.bincount(grouping.codes, weights=weights, minlength=grouping.levels).astype(np.float64)
        codes = grouping.codes
        ordered = bool(np.all(codes[1:] >= codes[:-1]))
        starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]]).astype(np.int64) if ordered else None
        return cls(grouping, weights, totals, starts)

    def sums(self, X: FloatArray) -> FloatArray:
        """Weighted sums of each column by group, (levels, m)."""
        WX = X if self.weights is None else X * self.weights[:, None]
        if self.starts is not None:
            return np.add.reduceat(WX, self.starts, axis=0)
        codes, levels = self.grouping.codes, self.grouping.levels
        return np.column_stack([np.bincount(codes, weights=x, minlength=levels) for x in WX.T])

    def residuals(self, X: FloatArray) -> FloatArray:
        """``X`` less its group means, (n, m)."""
        means = self.sums(X) / self.totals[:, None]
        return X - means[self.grouping.codes]


def dummy_columns(groupings: Sequence[Grouping], n: int) -> sparse.csr_array:
    """One column for each level of each grouping, (n, L)."""
    offsets = np.cumsum([0, *(g.levels for g in groupings)])
    m = len(groupings)
    columns = np.empty((n, m), dtype=np.int64)
    for j, grouping in enumerate(groupings):
        columns[:, j] = grouping.codes + offsets[j]
    return sparse.csr_array((np.ones(n * m), columns.ravel(), np.arange(n + 1) * m), shape=(n, int(offsets[-1])))


def schur_complement(first: GroupMeans, dummies: sparse.csr_array) -> tuple[FloatArray, FloatArray]:
    """``S = D'WD - D'W D0 (D0'W D0)^-1 D0'W D`` and the diagonal of ``D'WD``."""
    w = first.weights if first.weights is not None else np.ones(dummies.shape[0])
    WD = sparse.diags_array(w) @ dummies
    D0 = dummy_columns([first.grouping], dummies.shape[0])
    own = (dummies.T @ WD).toarray()
    shared = sparse.csr_array(WD.T @ D0)
    S = own - (shared @ sparse.diags_array(1.0 / first.totals) @ shared.T).toarray()
    return np.asarray(S), np.asarray(np.diag(own))


def pivoted_cholesky(S: FloatArray, tolerance: float = RANK_TOLERANCE) -> tuple[FloatArray, IntArray]:
    """Upper factor and positions of a largest independent set of columns of a positive semi-definite matrix.

    Parameters
    ----------
    S : (L, L) array
        Scaled so that a column that nothing else explains has a diagonal near 1.
    tolerance : float
        Pivots at or below are taken for zero.

    Returns
    -------
    factor : (rank, rank) array
        Its upper triangle F gives ``F'F = S[kept][:, kept]``; what is below is not used.
    kept : (rank,) int array
    """
    if S.shape[0] == 0:
        return np.zeros((0, 0)), np.zeros(0, dtype=np.int64)
    U, pivots, rank, _ = lapack.dpstrf(S, tol=tolerance, lower=0)
    rank = int(rank) if S.diagonal().max() > tolerance else 0
    return U[:rank, :rank], np.asarray(pivots[:rank] - 1, dtype=np.int64)


def refuse_too_many(first: Grouping, others: Sequence[Grouping]) -> None:
    """Refuse secondary effects that the dense complement has no room for.

    Raises
    ------
    EstimationError
        With the levels of each effect.
    """
    levels = sum(g.levels for g in others)
    if levels > MAX_DENSE_LEVELS:
        names = ", ".join(f"{g.name} ({g.levels:,})" for g in others)
        raise EstimationError(
            f"beside {first.name} ({first.levels:,} levels) the effects {names} have {levels:,} levels; "
            f"the constant needs at most {MAX_DENSE_LEVELS:,}",
            hint="another ssc prints no constant beside effects",
        )
