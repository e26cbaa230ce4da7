"""Ordinary and weighted least squares from moments.

``b = (X'W X)^-1 X'W y`` with X and y the residuals on the effects (Frisch-Waugh-Lovell). A constant, where one is
printed, is one more linear functional of the same regression (see :mod:`econloom.panel.linear.constant`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.linalg import solve_triangular

from econloom.core.errors import EstimationError, listed
from econloom.core.estimate import CONSTANT
from econloom.panel.absorb import FloatArray, Grouping
from econloom.panel.linear.constant import Offset
from econloom.panel.linear.selection import ABSORBED, Factorised, Removed, factorise
from econloom.panel.moments import RUN, Absorbed, Moments
from econloom.panel.passes import group_sums, row_halves, together

PERFECT_FIT = 1e-9
"""Residuals smaller than this share of the outcome's spread within the effects are rounding."""
ROUNDING = 1e-13
"""So are those smaller than this share of its whole spread."""


@dataclass(frozen=True)
class Estimate:
    """Coefficients and what any covariance of them needs.

    With Z the instruments of the estimator (here the absorbed regressors, made orthonormal, and for a constant one
    more column), ``coefficients = transform Z'W y`` and the sandwich is ``transform (Z' Omega Z) transform'``.
    Orthonormal columns keep the digits that an explicit ``(X'W X)^-1`` would lose.

    Attributes
    ----------
    names : tuple of str
        p terms, the constant last.
    coefficients : (p,) array
    transform : (p, p) array
        From sums over Z to coefficients.
    columns : tuple of int
        Columns of the absorbed block that are regressors.
    whitening : (k, k) array
        Makes them orthonormal.
    extra : (n, 0 or 1) array
        The column of Z that belongs to the constant.
    residuals : (n,) array
        In units of the outcome, rows as in the design.
    removed : tuple of (str, str)
    rss, tss_within : float
        Weighted sums of squares of the residuals and of the absorbed outcome.
    perfect_fit : bool
        The residuals are rounding: nothing can be said of precision.
    reciprocal_condition : float
    """

    names: tuple[str, ...]
    coefficients: FloatArray
    transform: FloatArray
    columns: tuple[int, ...]
    whitening: FloatArray
    extra: FloatArray
    residuals: FloatArray
    removed: Removed
    rss: float
    tss_within: float
    perfect_fit: bool
    reciprocal_condition: float

    @property
    def regressors(self) -> int:
        """Regressors kept, without the constant."""
        return len(self.columns)

    def instruments(self, absorbed: Absorbed) -> FloatArray:
        """Z, (n, p)."""
        return np.hstack([absorbed.block[:, list(self.columns)] @ self.whitening, self.extra])

    def scores(self, absorbed: Absorbed) -> FloatArray:
        """``z_i w_i e_i``, (n, p)."""
        Z = self.instruments(absorbed)
        return np.asarray(Z * absorbed.weighted(self.residuals[:, None]))

    def score_sums(self, absorbed: Absorbed, groups: Grouping) -> FloatArray:
        """Sums of the scores in each group, (levels, p), in one pass over the block."""
        v = absorbed.weighted(self.residuals[:, None])[:, 0]
        sums = group_sums(absorbed.block, self.columns, v, groups.codes, groups.levels) @ self.whitening
        extra = [np.bincount(groups.codes, weights=v * x, minlength=groups.levels) for x in self.extra.T]
        return np.column_stack([sums, *extra]) if extra else sums

    def score_products(self, absorbed: Absorbed, multiplier: FloatArray) -> FloatArray:
        """``sum_i a_i^2 z_i z_i'`` with a the multiplier (n,), (p, p), over runs of rows in their order."""
        columns = list(self.columns)
        total = np.zeros((self.whitening.shape[1] + self.extra.shape[1],) * 2)
        for begin in range(0, absorbed.n, RUN):
            run = slice(begin, begin + RUN)
            Z = np.hstack([absorbed.block[run][:, columns] @ self.whitening, self.extra[run]])
            part = Z * multiplier[run, None]
            total += part.T @ part
        return total

    def bread(self, absorbed: Absorbed) -> FloatArray:
        """``transform (Z'W Z) transform'``, the covariance of the coefficients for unit variance, (p, p)."""
        k = self.whitening.shape[1]
        products = np.eye(k + self.extra.shape[1])
        if self.extra.shape[1]:
            heavy = absorbed.weighted(self.extra)
            products[:k, k:] = self.whitening.T @ (absorbed.block.T @ heavy)[list(self.columns)]
            products[k:, :k] = products[:k, k:].T
            products[k:, k:] = self.extra.T @ heavy
        return np.asarray(self.transform @ products @ self.transform.T)


def least_squares(
    moments: Moments, outcome: tuple[int, str], regressors: Sequence[tuple[int, str]], offset: Offset | None
) -> Estimate:
    """Estimate one model from the moments of its block.

    Parameters
    ----------
    moments : Moments
    outcome : (int, str)
        Column of the block, and its name.
    regressors : sequence of (int, str)
        In the order of the formula.
    offset : Offset or None
        What defines the constant; None for no constant.

    Raises
    ------
    EstimationError
        The outcome does not vary within the effects, or no regressor is left.
    """
    absorbed = moments.absorbed
    at, name = outcome
    refuse_flat_outcome(moments, at, name)
    found = factorise(moments, at, [c for c, _ in regressors], [n for _, n in regressors])
    if regressors and not found.kept:
        raise EstimationError(f"no regressor of {name} is left: {_reasons(found.removed)}")
    slopes = solve_triangular(found.factor, found.projection) / found.lengths
    e = residual_column(absorbed, at, found.kept, slopes)
    unit = float(absorbed.scales[at])
    tss = float(moments.gram[at, at])
    rss = float(e @ absorbed.weighted(e[:, None])[:, 0])
    label = dict(regressors)
    beta = slopes * unit / absorbed.scales[list(found.kept)]
    whitening = solve_triangular(found.factor, np.eye(len(found.kept))) / found.lengths[:, None]
    transform, extra = whitening / absorbed.scales[list(found.kept)][:, None], np.zeros((absorbed.n, 0))
    names = tuple(label[c] for c in found.kept)
    if offset is not None:
        beta, transform, extra = _with_constant(beta, transform, absorbed, found, offset, at)
        names = (*names, CONSTANT)
    return Estimate(
        names=names,
        coefficients=beta,
        transform=transform,
        columns=found.kept,
        whitening=whitening,
        extra=extra,
        residuals=e * unit,
        removed=found.removed,
        rss=rss * unit**2,
        tss_within=tss * unit**2,
        perfect_fit=bool(rss <= max(PERFECT_FIT**2 * tss, ROUNDING**2 * absorbed.n)),
        reciprocal_condition=found.reciprocal_condition,
    )


def residual_column(absorbed: Absorbed, at: int, columns: Sequence[int], slopes: FloatArray) -> FloatArray:
    """Column ``at`` less a combination of others, (n,), without a copy of the block."""
    combination = np.zeros(absorbed.block.shape[1])
    combination[list(columns)] = -slopes
    combination[at] += 1.0
    column = np.empty(absorbed.n)

    def fill(low: int, high: int) -> None:
        np.matmul(absorbed.block[low:high], combination, out=column[low:high])

    together([partial(fill, *half) for half in row_halves(absorbed.n)], absorbed.block.size)
    return column


def _with_constant(
    beta: FloatArray, transform: FloatArray, absorbed: Absorbed, found: Factorised, offset: Offset, at: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Append the constant ``c = level(y) - level(X)' b`` and its column ``1/n - u`` of Z."""
    kept = list(found.kept)
    level = offset.levels[kept]
    constant = offset.levels[at] - level @ beta
    k = len(kept)
    wider = np.zeros((k + 1, k + 1))
    wider[:k, :k] = transform
    wider[k, :k] = -level @ transform
    wider[k, k] = 1.0
    return np.append(beta, constant), wider, offset.column[:, None]


def refuse_flat_outcome(moments: Moments, at: int, name: str) -> None:
    """Refuse an outcome of which the effects leave nothing.

    Raises
    ------
    EstimationError
    """
    absorbed = moments.absorbed
    if absorbed.constant[at]:
        raise EstimationError(f"the outcome {name} holds one value in all {absorbed.n} rows")
    if moments.gram[at, at] <= ABSORBED**2 * absorbed.n:
        raise EstimationError(
            f"the outcome {name} does not vary within the effects: they leave nothing of its {absorbed.n} rows"
        )


def _reasons(removed: Removed) -> str:
    return listed(f"{name} ({why})" for name, why in removed)
