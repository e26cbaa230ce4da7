"""Two-step linear GMM: the instruments weighted by the covariance of their moments.

The first step is 2SLS; its residuals give ``Omega``, the covariance of the moments ``Z'W e`` under heteroskedasticity
or within clusters (Hansen 1982). The second step minimises ``g(b)' Omega^-1 g(b)``, ``g(b) = Z'W (y - X b)``::

    b = (A' Omega^-1 A)^-1 A' Omega^-1 Z'W y,     A = Z'W X,     J = g(b)' Omega^-1 g(b)

with Z = Q the orthonormal instruments of :mod:`econloom.panel.linear.iv`, effects and constant swept out: neither b nor
J depends on that. The moment of the constant is zero at ``c = c(b) - Omega_cQ Omega_QQ^-1 g(b)``, c(b) the constant of
least squares of ``y - X b``; that c is printed and, in a model without effects, part of the residuals. Effects are
partialled out as ``xtivreg2`` and ``ivreg2, partial()`` do. With as many instruments as endogenous variables
``g(b) = 0`` and all is 2SLS.

The covariance is the sandwich with the residuals of the second step, as Stata's ``ivregress gmm`` has it; ``ivreg2,
gmm2s`` prints ``(A' Omega^-1 A)^-1``, which has the same limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from scipy.linalg import solve_triangular

from econloom.core.errors import EstimationError
from econloom.core.spec import VcovSpec
from econloom.panel.absorb import FloatArray
from econloom.panel.linear.constant import Offset
from econloom.panel.linear.iv import Equation, IVEstimate, Stages, instrumental
from econloom.panel.linear.ols import PERFECT_FIT, ROUNDING, residual_column
from econloom.panel.moments import Absorbed, Moments

SINGULAR = 1e-12
"""A reciprocal condition of the moments' covariance below this is none."""
Weigh = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class GMMEstimate(IVEstimate):
    """Two-step GMM; ``columns`` and ``whitening`` make all L instruments, and ``transform`` is (p, L) or (p, L + 1).

    Attributes
    ----------
    weighting : VcovSpec
        What the moments were weighted by.
    first_residuals : (n,) array
        Of 2SLS, in units of the outcome.
    objective : float
        J.
    """

    weighting: VcovSpec
    first_residuals: FloatArray
    objective: float

    @property
    def regressors(self) -> int:
        """Regressors kept, without the constant."""
        return len(self.stages.endogenous) + len(self.stages.exogenous)


def two_step(
    moments: Moments, equation: Equation, offset: Offset | None, weigh: Weigh, weighting: VcovSpec
) -> GMMEstimate:
    """Estimate one equation by two-step GMM.

    Parameters
    ----------
    moments : Moments
    equation : Equation
    offset : Offset or None
        What defines the constant; None for no constant.
    weigh : callable
        Covariance of the sum of some scores, (n, m) to (m, m).
    weighting : VcovSpec
        What it assumes.

    Raises
    ------
    EstimationError
        As for 2SLS; a covariance of the moments that has no inverse, for instance with fewer clusters than
        instruments.
    """
    first = instrumental(moments, equation, offset)
    if first.perfect_fit:
        raise EstimationError("2SLS fits perfectly: its residuals are rounding and cannot weigh the moments")
    absorbed, stages = moments.absorbed, first.stages
    unit, L = float(absorbed.scales[stages.outcome]), len(stages.whitening)
    columns = np.hstack([stages.basis(absorbed), first.extra])
    omega = weigh(columns * absorbed.weighted(first.residuals[:, None]))
    half = _root(omega[:L, :L], stages)
    A, y = _crossed(stages), stages.projection[:, -1]
    basis, triangle = np.linalg.qr(solve_triangular(half, A, lower=True))
    pull = solve_triangular(half, basis, lower=True, trans="T")
    T = solve_triangular(triangle, pull.T)
    slopes = T @ y
    left = solve_triangular(half, y - A @ slopes, lower=True)
    used = [*stages.endogenous, *stages.exogenous]
    transform = T / absorbed.scales[used][:, None]
    coefficients = slopes * unit / absorbed.scales[used]
    e, g = residual_column(absorbed, stages.outcome, used, slopes), y - A @ slopes
    if offset is not None:
        pulled = np.linalg.solve(omega[:L, :L], omega[:L, L])
        transform, coefficients = _with_constant(
            transform, coefficients, offset.levels[used], pulled - T.T @ (A.T @ pulled),
            float(offset.levels[stages.outcome] - pulled @ g * unit),
        )  # fmt: skip
        e = e if absorbed.absorber else e + pulled @ g
    rss = absorbed.total(e**2)
    tss = float(moments.gram[stages.outcome, stages.outcome])
    known = {f.name: getattr(first, f.name) for f in fields(first)}
    return GMMEstimate(**known | {
        "coefficients": coefficients, "transform": transform, "whitening": stages.whitening, "residuals": e * unit,
        "rss": rss * unit**2, "unit_covariance": _unit_covariance(transform, first.extra, absorbed),
        "perfect_fit": bool(rss <= max(PERFECT_FIT**2 * tss, ROUNDING**2 * absorbed.n)),
        "weighting": weighting, "first_residuals": first.residuals, "objective": float(left @ left) * unit**2,
    })  # fmt: skip


def _root(omega: FloatArray, stages: Stages) -> FloatArray:
    """Lower triangular root of the covariance of the moments.

    Raises
    ------
    EstimationError
    """
    values = np.linalg.eigvalsh(omega)
    if not values[0] > SINGULAR * values[-1]:
        raise EstimationError(
            f"the covariance of the {len(omega)} moments is not positive definite: there are too few clusters or rows "
            f"for {len(stages.instruments)} instruments and {len(stages.exogenous)} exogenous regressors",
            hint="method='2sls', or clusters of a finer column",
        )
    return np.asarray(np.linalg.cholesky(omega))


def _crossed(stages: Stages) -> FloatArray:
    """``Q'W (X2, X1)``, (L, k): the exogenous part is the corner of R, with zeros below."""
    k1, k2 = len(stages.exogenous), len(stages.endogenous)
    part = np.zeros((len(stages.whitening), k1))
    if k1:
        part[:k1] = solve_triangular(stages.whitening[:k1, :k1], np.eye(k1))
    return np.hstack([stages.projection[:, :k2], part])


def _with_constant(
    transform: FloatArray, coefficients: FloatArray, level: FloatArray, pulled: FloatArray, constant: float
) -> tuple[FloatArray, FloatArray]:
    """Append ``c = level(y) - level(X)' b - Omega_cQ Omega_QQ^-1 g(b)`` and its column of Z."""
    k, L = transform.shape
    wide = np.zeros((k + 1, L + 1))
    wide[:k, :L] = transform
    wide[k, :L] = -level @ transform - pulled
    wide[k, L] = 1.0
    return wide, np.append(coefficients, constant - level @ coefficients)


def _unit_covariance(transform: FloatArray, extra: FloatArray, absorbed: Absorbed) -> FloatArray:
    """Covariance under iid errors of variance 1; the constant's column is orthogonal to what it was swept out of."""
    products = np.eye(transform.shape[1])
    if extra.shape[1]:
        products[-1, -1] = absorbed.total(extra[:, 0] ** 2)
    return np.asarray(transform @ products @ transform.T)
