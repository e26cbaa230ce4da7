"""One-step and two-step GMM of a stack of equations.

With S = sum Z_i' H_i Z_i and e1 the residuals of the first step::

    b1 = (X'Z S^-1 Z'X)^-1 X'Z S^-1 Z'y               Omega = sum Z_i' e1_i e1_i' Z_i
    b2 = (X'Z Omega^-1 Z'X)^-1 X'Z Omega^-1 Z'y

The covariance of the first step is robust, ``V1 = M1 X'Z S^-1 Omega S^-1 Z'X M1`` with ``M1 = (X'Z S^-1 Z'X)^-1``, or
``sigma^2 M1``; that of the second ``M2``, or Windmeijer's (2005, Journal of Econometrics 126)
``M2 + D M2 + M2 D' + D V1 D'``, column j of D being ``-M2 X'Z Omega^-1 (d Omega / d b_j) Omega^-1 Z'e2``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import lapack

from econloom.core.errors import EstimationError, listed
from econloom.panel.absorb import FloatArray
from econloom.panel.linear.dynamic.instruments import Instruments, IntArray
from econloom.panel.linear.dynamic.rows import Stack
from econloom.panel.linear.selection import independent

DEPENDENT = 1e-10
"""An instrument whose share of its own variance that others leave (squared) is below this is a combination of them."""
SINGULAR = 1e-12


@dataclass(frozen=True)
class Weight:
    """An inverse of a covariance of moments.

    Attributes
    ----------
    inverse : (L, L) array
        Moore and Penrose's where it is singular.
    rank : int
    """

    inverse: FloatArray
    rank: int


@dataclass(frozen=True)
class Step:
    """One step of the estimator.

    Attributes
    ----------
    coefficients : (k,) array
    residuals : (R, N) array
        Of all rows; zero for units without them.
    bread : (k, k) array
        ``(X'Z A Z'X)^-1``.
    weight : Weight
        A.
    scores : (N, L) array
        ``Z_i' e_i``.
    """

    coefficients: FloatArray
    residuals: FloatArray
    bread: FloatArray
    weight: Weight
    scores: FloatArray

    @property
    def objective(self) -> float:
        """``e'Z A Z'e``."""
        moments = self.scores.sum(axis=0)
        return float(moments @ self.weight.inverse @ moments)


@dataclass(frozen=True)
class DynamicEstimate:
    """A dynamic panel estimated.

    Attributes
    ----------
    kept : tuple of int
        Regressors that are not combinations of ones before them.
    stack : Stack
        With these regressors only.
    instruments : Instruments
        Without columns that are combinations of others.
    left_out : tuple of str
        Names of those.
    crossed : (L, k) array
        ``Z'X``.
    steps : tuple of Step
        The first always; the second too, which Hansen's statistic of a one-step fit needs.
    chosen : int
        1 or 2: whose coefficients are the answer.
    vcov : (k, k) array
        Of these coefficients.
    sigma2 : float
        Variance of the errors in levels, from the transformed residuals of the first step.
    robust : bool
    h : int
    """

    kept: tuple[int, ...]
    stack: Stack
    instruments: Instruments
    left_out: tuple[str, ...]
    crossed: FloatArray
    steps: tuple[Step, Step]
    chosen: int
    vcov: FloatArray
    sigma2: float
    robust: bool
    h: int

    @property
    def step(self) -> Step:
        """The step of the answer."""
        return self.steps[self.chosen - 1]

    def reordered(self, order: Sequence[int]) -> DynamicEstimate:
        """The same with the coefficients in another order."""
        at = list(order)
        square = np.ix_(at, at)
        first, second = (replace(s, coefficients=s.coefficients[at], bread=s.bread[square]) for s in self.steps)
        return replace(
            self, kept=tuple(self.kept[j] for j in at), crossed=self.crossed[:, at], steps=(first, second),
            stack=replace(self.stack, regressors=self.stack.regressors[:, :, at]), vcov=self.vcov[square],
        )  # fmt: skip


def estimate(stack: Stack, instruments: Instruments, steps: int, h: int, robust: bool) -> DynamicEstimate:
    """Estimate by GMM.

    Parameters
    ----------
    stack : Stack
    instruments : Instruments
    steps : {1, 2}
    h : {1, 2, 3}
        The first-step weighting, as xtabond2 numbers it.
    robust : bool
        One step: the robust covariance; two steps: Windmeijer's correction.

    Raises
    ------
    EstimationError
        No rows, fewer instruments than regressors, regressors that the instruments do not tell apart.
    """
    if not stack.count("difference"):
        raise EstimationError("no unit has two periods in a row: there is nothing to difference")
    kept = independent(stack.regressors.reshape(-1, stack.regressors.shape[2]))
    if not kept:
        raise EstimationError("every regressor is zero in all equations")
    stack = replace(stack, regressors=stack.regressors[:, :, list(kept)])
    S = instruments.weighted(stack.rows, h)
    use = _pivots(S)
    left_out = tuple(n for j, n in enumerate(instruments.names) if j not in set(use.tolist()))
    instruments, S = instruments.kept(use), S[np.ix_(use, use)]
    if instruments.size < len(kept):
        raise EstimationError(
            f"{instruments.size} instruments for {len(kept)} coefficients: {listed(instruments.names, 8)}",
            hint="more lags, or further instruments",
        )
    ZX, Zy = instruments.crossed(stack.regressors), instruments.crossed(stack.outcome)
    first = _step(stack, instruments, ZX, Zy, inverse(S))
    omega = first.scores.T @ first.scores
    second = _step(stack, instruments, ZX, Zy, inverse(omega))
    sigma2 = _variance(stack, first.residuals)
    vcov = _covariance(stack, instruments, ZX, first, second, omega, sigma2, steps, robust)
    return DynamicEstimate(
        kept, stack, instruments, left_out, ZX, (first, second), steps, vcov, sigma2, robust, h
    )  # fmt: skip


def solved(ZX: FloatArray, Zy: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """``(X'Z A Z'X)^-1`` and the coefficients.

    Raises
    ------
    EstimationError
        The instruments do not identify every coefficient.
    """
    scale = 1 / np.sqrt(np.maximum(np.einsum("lk,lm,mk->k", ZX, weight, ZX), np.finfo(float).tiny))
    scaled = ZX * scale
    normal = scaled.T @ weight @ scaled
    values = np.linalg.eigvalsh(normal)
    if not values[0] > SINGULAR * values[-1]:
        raise EstimationError(
            "the instruments do not tell the regressors apart: (X'Z A Z'X) is singular",
            hint="instruments that move with each regressor, or fewer regressors",
        )
    bread = np.linalg.inv(normal) * np.outer(scale, scale)
    return bread, bread @ (ZX.T @ (weight @ Zy))


def _step(stack: Stack, instruments: Instruments, ZX: FloatArray, Zy: FloatArray, weight: Weight) -> Step:
    bread, b = solved(ZX, Zy, weight.inverse)
    residuals = stack.outcome - stack.regressors @ b
    return Step(b, residuals, bread, weight, instruments.products(residuals))


def _pivots(S: FloatArray) -> IntArray:
    """Columns of a positive semi-definite matrix that span it, in their order."""
    scale = 1 / np.sqrt(np.diag(S))
    _, order, rank, _ = lapack.dpstrf(S * np.outer(scale, scale), tol=DEPENDENT, lower=1)
    return np.sort(order[:rank] - 1).astype(np.int64)


def inverse(matrix: FloatArray) -> Weight:
    """The inverse, or Moore and Penrose's of a singular matrix, after scaling to a unit diagonal."""
    diagonal = np.diag(matrix)
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(matrix * np.outer(scale, scale))
    used = values > len(values) * np.finfo(float).eps * 16 * values[-1]
    part = vectors[:, used] / np.sqrt(values[used])
    return Weight((part @ part.T) * np.outer(scale, scale), int(used.sum()))


def _variance(stack: Stack, residuals: FloatArray) -> float:
    """Mean square of the transformed residuals over that of their shares: 2 for differences, 1 for deviations."""
    total = expected = 0.0
    for row, e in zip(stack.rows, residuals, strict=True):
        if row.equation == "difference":
            total += float(e @ e)
            share = row.overlap(row)
            expected += 0.0 if share is None else float(np.sum(share * row.present))
    return total / expected if expected else float("nan")


def _covariance(
    stack: Stack, instruments: Instruments, ZX: FloatArray, first: Step, second: Step, omega: FloatArray,
    sigma2: float, steps: int, robust: bool,
) -> FloatArray:  # fmt: skip
    pull = first.bread @ ZX.T @ first.weight.inverse
    V1 = pull @ omega @ pull.T
    if steps == 1:
        return V1 if robust else sigma2 * first.bread
    return _windmeijer(stack, instruments, ZX, first, second, V1) if robust else second.bread


def _windmeijer(
    stack: Stack, instruments: Instruments, ZX: FloatArray, first: Step, second: Step, V1: FloatArray
) -> FloatArray:
    """Covariance of two-step coefficients that knows that the weighting was estimated."""
    M2, A2 = second.bread, second.weight.inverse
    u = A2 @ second.scores.sum(axis=0)
    su = first.scores @ u
    zu = instruments.applied(u)
    lead = M2 @ ZX.T @ A2
    D = np.empty_like(M2)
    for j in range(len(M2)):
        x = stack.regressors[:, :, j]
        change = instruments.crossed(x * su) + first.scores.T @ np.einsum("rn,rn->n", x, zu)
        D[:, j] = lead @ change
    return M2 + D @ M2 + M2 @ D.T + D @ V1 @ D.T
