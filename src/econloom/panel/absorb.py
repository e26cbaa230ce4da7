"""Fixed effects swept out of a block of columns, exactly.

The largest effect is eliminated by group means. The others are what remains: the residuals of their dummies on
the largest effect have the cross-product (Schur complement) ``S``, small and dense, which a pivoted Cholesky
factorises once while revealing its rank. With ``D0`` the dummies of the largest effect, ``D`` those of the others,
``W`` the weights and ``M0 v`` the residual of ``v`` on ``D0``::

    S = D'W M0 D,    a = S^- D'W M0 X,    residuals = M0 (X - D a)

No iteration and no tolerance: the residuals are those of the regression on all dummies, to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import lapack, solve_triangular

from econloom.core.errors import EstimationError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MAX_SECONDARY_LEVELS = 6_000
"""Levels of all effects but the largest that the dense Schur complement may have (6,000: 288 MB)."""

RANK_TOLERANCE = 1e-10
"""Pivots of the unit-diagonal Schur complement below this are zero; true ones are above 1/levels."""


@dataclass(frozen=True)
class Grouping:
    """Rows in groups.

    Attributes
    ----------
    name : str
        The column, or columns joined by ``^``.
    codes : (n,) int array
        0 ... levels - 1, every level present, numbered in the order of the values (``2000`` before ``2001``).
    levels : int
    """

    name: str
    codes: IntArray
    levels: int

    @classmethod
    def of(cls, name: str, values: npt.ArrayLike) -> Grouping:
        """Groups of equal values.

        Examples
        --------
        >>> Grouping.of("year", [2001, 2000, 2001]).codes.tolist()
        [1, 0, 1]
        """
        known, codes = np.unique(np.asarray(values), return_inverse=True)
        return cls(name, codes.astype(np.int64).reshape(-1), len(known))

    def take(self, rows: IntArray) -> Grouping:
        """The groups of some rows, numbered anew in the same order."""
        return Grouping.of(self.name, self.codes[rows])

    def sizes(self) -> IntArray:
        """Rows in each group, (levels,)."""
        return np.bincount(self.codes, minlength=self.levels).astype(np.int64)

    def nested_in(self, other: Grouping) -> bool:
        """Whether every group lies inside one group of ``other``."""
        first = np.empty(self.levels, dtype=np.int64)
        first[self.codes[::-1]] = other.codes[::-1]
        return bool(np.array_equal(first[self.codes], other.codes))


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


@dataclass(frozen=True)
class Absorber:
    """Effects ready to be swept out of any block of columns over the same rows.

    Attributes
    ----------
    first : GroupMeans
        The effect eliminated by group means.
    dummies : (n, L) sparse array
        Dummies of the other effects.
    factor : (rank, rank) array
        Upper triangular, ``factor' factor`` = the scaled Schur complement at ``kept``.
    kept : (rank,) int array
        Columns of ``dummies`` that the pivoting kept.
    scale : (rank,) array
        Roots of the kept columns' weighted sizes.
    rank : int
        Dimensions absorbed by all effects together.
    """

    first: GroupMeans
    dummies: sparse.csr_array
    factor: FloatArray
    kept: IntArray
    scale: FloatArray
    rank: int

    def residuals(self, X: FloatArray) -> FloatArray:
        """Residuals of every column on all effects, (n, m)."""
        R = self.first.residuals(X)
        if not len(self.kept):
            return R
        a = np.zeros((self.dummies.shape[1], X.shape[1]))
        a[self.kept] = self.solve(self.cross(R)[self.kept])
        return R - self.first.residuals(np.asarray(self.dummies @ a))

    def cross(self, X: FloatArray) -> FloatArray:
        """``D'W X``, (L, m)."""
        w = self.first.weights
        return np.asarray(self.dummies.T @ (X if w is None else X * w[:, None]))

    def solve(self, B: FloatArray) -> FloatArray:
        """``S^-1 B`` over the kept columns."""
        half = solve_triangular(self.factor, B / self.scale[:, None], trans="T")
        return np.asarray(solve_triangular(self.factor, half)) / self.scale[:, None]


def absorber(effects: Sequence[Grouping], weights: FloatArray | None, first: int | None = None) -> Absorber:
    """Factorise the effects once.

    Parameters
    ----------
    effects : sequence of Grouping
        At least one; over the same n rows.
    weights : (n,) array or None
    first : int, optional
        Which effect is eliminated by group means; the one with most levels by default.

    Raises
    ------
    EstimationError
        More than ``MAX_SECONDARY_LEVELS`` levels beside the first effect.

    Examples
    --------
    >>> unit, year = Grouping.of("i", [0, 0, 1, 1]), Grouping.of("t", [0, 1, 0, 1])
    >>> absorber([unit, year], None).residuals(np.array([[1.0], [2.0], [3.0], [6.0]])).ravel().tolist()
    [0.5, -0.5, -0.5, 0.5]
    """
    if first is None:
        first = largest(effects)
    others = [g for n, g in enumerate(effects) if n != first]
    refuse_too_many(effects[first], others)
    means = GroupMeans.of(effects[first], weights)
    dummies = dummy_columns(others, len(effects[first].codes))
    S, sizes = schur_complement(means, dummies)
    scale = np.sqrt(sizes)
    factor, kept = pivoted_cholesky(S / np.outer(scale, scale))
    return Absorber(means, dummies, factor, kept, scale[kept], effects[first].levels + len(kept))


def largest(effects: Sequence[Grouping]) -> int:
    """Which effect has most levels; the first of equals."""
    return max(range(len(effects)), key=lambda n: (effects[n].levels, -n))


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
        ``factor' factor = S[kept][:, kept]``.
    kept : (rank,) int array
    """
    if S.shape[0] == 0:
        return np.zeros((0, 0)), np.zeros(0, dtype=np.int64)
    U, pivots, rank, _ = lapack.dpstrf(S, tol=tolerance, lower=0)
    rank = int(rank) if S.diagonal().max() > tolerance else 0
    return np.triu(U[:rank, :rank]), np.asarray(pivots[:rank] - 1, dtype=np.int64)


def singletons(effects: Sequence[Grouping]) -> npt.NDArray[np.bool_]:
    """Rows alone in a group, found again and again until none is left: True for each such row, (n,)."""
    n = len(effects[0].codes)
    alive = np.arange(n, dtype=np.int64)
    while len(alive):
        lonely = np.zeros(len(alive), dtype=bool)
        for grouping in effects:
            part = grouping.codes[alive]
            lonely |= np.bincount(part, minlength=grouping.levels)[part] == 1
        if not lonely.any():
            break
        alive = alive[~lonely]
    dropped = np.ones(n, dtype=bool)
    dropped[alive] = False
    return dropped


def refuse_too_many(first: Grouping, others: Sequence[Grouping]) -> None:
    """Refuse secondary effects that the dense complement has no room for.

    Raises
    ------
    EstimationError
        With the levels of each effect.
    """
    levels = sum(g.levels for g in others)
    if levels > MAX_SECONDARY_LEVELS:
        names = ", ".join(f"{g.name} ({g.levels:,})" for g in others)
        raise EstimationError(
            f"beside {first.name} ({first.levels:,} levels) the effects {names} have {levels:,} levels; "
            f"at most {MAX_SECONDARY_LEVELS:,} are absorbed exactly and conjugate gradients are not built yet",
            hint="use coarser secondary effects",
        )
