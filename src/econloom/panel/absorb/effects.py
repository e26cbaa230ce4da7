"""Fixed effects swept out of a block of columns.

The largest effect is eliminated by group means. With ``D0`` its dummies, ``D`` those of the other effects, ``W`` the
weights and ``M0 v`` the residual of ``v`` on ``D0``::

    S = D'W M0 D,    a = S^- D'W M0 X,    residuals = M0 (X - D a)

Up to ``DENSE_LEVELS`` levels of the other effects, a pivoted Cholesky factorises ``S`` once and reveals its rank: no
iteration and no tolerance. Beyond, ``S`` is never formed: preconditioned conjugate gradients apply it in one pass over
the rows for all columns at once (:mod:`econloom.panel.absorb.gradients`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.linalg import solve_triangular

from econloom.panel.absorb.connections import absorbed_rank
from econloom.panel.absorb.gradients import Gradients
from econloom.panel.absorb.groupings import FloatArray, Grouping, IntArray, largest
from econloom.panel.absorb.means import pivoted_cholesky
from econloom.panel.absorb.rows import SortedRows
from econloom.panel.passes import one_blas_thread

DENSE_LEVELS = 2_000
"""Levels of all effects but the largest up to which their Schur complement is formed and factorised."""


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
    """The Schur complement factorised.

    Attributes
    ----------
    factor : (rank, rank) array
        Upper triangular, ``factor' factor`` = the scaled Schur complement at ``kept``.
    kept : (rank,) int array
        Levels that the pivoting kept.
    scale : (rank,) array
        Roots of the kept levels' weighted sizes.
    """

    factor: FloatArray
    kept: IntArray
    scale: FloatArray

    @classmethod
    def of(cls, rows: SortedRows) -> Dense:
        """Form the complement in one pass and factorise it."""
        S = np.zeros((rows.levels, rows.levels))
        rows.forms.crossings(rows.weights, rows.columns, rows.starts, S)
        scale = np.sqrt(rows.sizes())
        S /= scale
        S /= scale[:, None]
        with one_blas_thread():
            factor, kept = pivoted_cholesky(S)
        return cls(factor, kept, scale[kept])

    def solve(self, B: FloatArray, lengths: FloatArray, sizes: FloatArray) -> FloatArray:
        """``S^- B``, zero at the levels that the pivoting left out."""
        a = np.zeros_like(B)
        half = solve_triangular(self.factor, B[self.kept] / self.scale[:, None], trans="T")
        a[self.kept] = solve_triangular(self.factor, half) / self.scale[:, None]
        return a


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
