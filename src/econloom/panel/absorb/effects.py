"""Fixed effects swept out of a block of columns.

The largest effect is eliminated by group means. With ``D0`` its dummies, ``D`` those of the other effects, ``W`` the
weights and ``M0 v`` the residual of ``v`` on ``D0``::

    S = D'W M0 D,    a = S^- D'W M0 X,    residuals = M0 (X - D a)

Up to ``DENSE_LEVELS`` levels of the other effects, a pivoted Cholesky factorises ``S`` once and reveals its rank: no
iteration and no tolerance. Beyond, ``S`` is never formed: preconditioned conjugate gradients apply it in one pass over
the rows for all columns at once (:mod:`econloom.panel.absorb.gradients`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.linalg import block_diag, lapack, solve_triangular

from econloom.panel.absorb.connections import absorbed_rank
from econloom.panel.absorb.gradients import Gradients
from econloom.panel.absorb.groupings import FloatArray, Grouping, IntArray, largest
from econloom.panel.absorb.means import pivoted_cholesky
from econloom.panel.absorb.rows import SortedRows
from econloom.panel.passes import one_blas_thread

DENSE_LEVELS = 2_000
"""Levels of all effects but the largest up to which their Schur complement is formed and factorised."""
PART = 32
"""Levels from which on a part of the complement is factorised by itself."""


class Solver(Protocol):
    """Gives ``S^- B``."""

    def solve(self, B: FloatArray, lengths: FloatArray, sizes: FloatArray) -> FloatArray:
        """Coefficients (L, m) of the other effects' dummies.

        Parameters
        ----------
        B : (L, m) array
            ``D'W M0 X``.
        lengths, sizes : (m,) arrays
            Weighted sums of squares of ``M0 X`` and of ``X``.
        """


@dataclass(frozen=True)
class Dense:
    """The Schur complement factorised, in parts that nothing links.

    Provinces that no unit leaves, say, share no unit: their levels of province x year are parts of their own.

    Attributes
    ----------
    parts : tuple of ((rank_p, rank_p) array, (rank_p,) array)
        Of each part an upper triangular factor F, ``F'F`` = the scaled Schur complement at the levels beside it, those
        that the pivoting kept.
    scale : (L,) array
        Roots of the levels' weighted sizes.
    """

    parts: tuple[tuple[FloatArray, IntArray], ...]
    scale: FloatArray

    @classmethod
    def of(cls, rows: SortedRows) -> Dense:
        """Form the complement in one pass and factorise it."""
        S = np.zeros((rows.levels, rows.levels))
        rows.forms.crossings(rows.weights, rows.columns, rows.starts, S)
        return cls.factorised(S, np.sqrt(rows.sizes()), rows.forms.linked)

    @classmethod
    def factorised(cls, S: FloatArray, scale: FloatArray, linked: Callable[[FloatArray], IntArray]) -> Dense:
        """Factorise a complement.

        Parameters
        ----------
        S : (L, L) array
        scale : (L,) array
            Roots of the levels' weighted sizes.
        linked : callable
            Gives the component of each level.
        """
        parts = unlinked(linked(S)) if len(S) > PART else [np.arange(len(S))]
        found = []
        with one_blas_thread():
            for at in parts:
                factor, kept = pivoted_cholesky(S[np.ix_(at, at)] / np.outer(scale[at], scale[at]))
                if len(kept):
                    found.append((np.asfortranarray(factor), at[kept]))
        return cls(tuple(found), scale)

    @property
    def kept(self) -> IntArray:
        """Levels that the pivoting kept, (rank,)."""
        return np.concatenate([np.zeros(0, dtype=np.int64), *(kept for _, kept in self.parts)])

    def solve(self, B: FloatArray, lengths: FloatArray, sizes: FloatArray) -> FloatArray:
        """``S^- B``, zero at the levels that the pivoting left out."""
        a = np.zeros_like(B)
        for factor, kept in self.parts:
            scale = self.scale[kept, None]
            a[kept] = lapack.dpotrs(factor, B[kept] / scale)[0] / scale
        return a

    def inverse(self) -> FloatArray:
        """Of the factor of all parts, over the scale: G with ``S^- = G G'`` at ``kept``, (rank, rank)."""
        blocks = [solve_triangular(factor, np.eye(len(kept))) / self.scale[kept, None] for factor, kept in self.parts]
        return np.asarray(block_diag(*blocks)) if blocks else np.zeros((0, 0))


def unlinked(components: IntArray) -> list[IntArray]:
    """Levels in parts of whole components, each of at least ``PART`` levels where there are so many.

    Examples
    --------
    >>> [part.tolist() for part in unlinked(np.array([0, 1, 0]))]
    [[0, 2, 1]]
    """
    order = np.argsort(components, kind="stable")
    ends = np.cumsum(np.bincount(components))
    parts, begin = [], 0
    for end in ends.tolist():
        if end - begin >= PART or end == len(order):
            parts.append(order[begin:end])
            begin = end
    return parts


@dataclass(frozen=True)
class Absorber:
    """Effects ready to be swept out of any block of columns over the same rows.

    Attributes
    ----------
    rows : SortedRows
        Groups of the first effect and levels of the others.
    order : (n,) int array or None
        Sorts the rows by the first effect where they are not sorted.
    solver : Solver or None
        None for a single effect.
    rank : int
        Dimensions absorbed by all effects together.
    exact : bool
        Whether ``rank`` is the true one, or counted (three or more effects of many levels).
    """

    rows: SortedRows
    order: IntArray | None
    solver: Solver | None
    rank: int
    exact: bool

    def residuals(self, X: FloatArray) -> FloatArray:
        """Residuals of every column on all effects, (n, m).

        Raises
        ------
        EstimationError
            Conjugate gradients do not converge.
        """
        m = X.shape[1]
        size = np.einsum("ij,ij->j", X, X if not self.rows.weights.size else X * self.rows.weights[:, None])
        return self.standardised(X, np.zeros(m), np.ones(m), size)

    def standardised(self, X: FloatArray, means: FloatArray, inverse: FloatArray, sizes: FloatArray) -> FloatArray:
        """Residuals of ``(X - means) * inverse``, whose weighted sums of squares are ``sizes``."""
        if self.order is not None:
            R = self._swept(np.ascontiguousarray(X[self.order]), means, inverse, sizes)
            back = np.empty_like(R)
            back[self.order] = R
            return back
        return self._swept(np.ascontiguousarray(X), means, inverse, sizes)

    def _swept(self, X: FloatArray, means: FloatArray, inverse: FloatArray, sizes: FloatArray) -> FloatArray:
        R = self.rows.first_residuals(X, means, inverse)
        if self.solver is not None:
            lengths = self.rows.lengths(R) if isinstance(self.solver, Gradients) else sizes
            a = self.solver.solve(self.rows.level_sums(R), lengths, sizes)
            self.rows.subtract(R, a)
        return R


def absorber(effects: Sequence[Grouping], weights: FloatArray | None, first: int | None = None) -> Absorber:
    """Prepare the effects once.

    Parameters
    ----------
    effects : sequence of Grouping
        At least one; over the same n rows.
    weights : (n,) array or None
    first : int, optional
        Which effect is eliminated by group means; the one with most levels by default.

    Examples
    --------
    >>> unit, year = Grouping.of("i", [0, 0, 1, 1]), Grouping.of("t", [0, 1, 0, 1])
    >>> absorber([unit, year], None).residuals(np.array([[1.0], [2.0], [3.0], [6.0]])).ravel().tolist()
    [0.5, -0.5, -0.5, 0.5]
    """
    main = effects[largest(effects) if first is None else first]
    others = needed(main, [g for g in effects if g is not main])
    rows, order = SortedRows.of(main, others, weights)
    if not others:
        return Absorber(rows, order, None, main.levels, True)
    if rows.levels <= DENSE_LEVELS:
        dense = Dense.of(rows)
        return Absorber(rows, order, dense, main.levels + len(dense.kept), True)
    rank, exact = absorbed_rank(main, others)
    return Absorber(rows, order, Gradients.of(rows), rank, exact)


def needed(main: Grouping, others: Sequence[Grouping]) -> list[Grouping]:
    """The other effects without those whose groups are unions of another effect's groups: they add nothing."""
    kept: list[Grouping] = []
    for grouping in sorted(others, key=lambda g: -g.levels):
        if not any(finer.nested_in(grouping) for finer in (main, *kept)):
            kept.append(grouping)
    return kept
