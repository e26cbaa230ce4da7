"""Two-stage least squares and LIML from moments, with any number of endogenous variables.

Exogenous regressors X1 and instruments Z2 (those of the model after it, in this order) are made orthonormal,
``(X1, Z2) = Q R`` with ``Q'W Q = I``; endogenous variables X2 and the outcome y are projected on Q. The effects have
been swept out of all of them. With ``P = Q'W (X2, y)`` everything else is small::

    X = (X2, X1),  Q'W X = Q_A R_A                     (a QR of L x k numbers)
    2SLS    b = R_A^-1 Q_A' Q'W y
    LIML    b = (R_A' M R_A)^-1 (R_A' Q_A' Q'W y - (kappa-1) D' W_y),   M = I - (kappa-1) R_A'^-1 D R_A^-1

where D holds the cross-products of the first-stage residuals, and kappa is the smallest root of
``det((y,X2)' M_X1 (y,X2) - kappa (y,X2)' M_Q (y,X2)) = 0``, an eigenproblem of one more than the endogenous
variables (Anderson and Rubin 1949). Residuals are those of the original regressors, ``y - X b``. The covariance is
the sandwich of the projected regressors ``Q Q_A`` (Davidson and MacKinnon 2004, ch. 8).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.linalg import solve_triangular

from econloom.core.errors import EstimationError, listed, plural
from econloom.core.estimate import CONSTANT
from econloom.panel.absorb import FloatArray
from econloom.panel.linear.constant import Offset
from econloom.panel.linear.ols import PERFECT_FIT, ROUNDING, Estimate, refuse_flat_outcome
from econloom.panel.linear.selection import COLLINEAR, GRAM_BOUND, Removed, factorise
from econloom.panel.moments import Absorbed, Moments

Method = Literal["2sls", "liml"]
Columns = Sequence[tuple[int, str]]


@dataclass(frozen=True)
class Equation:
    """Columns of the block, each with its name, by their part in the model.

    Attributes
    ----------
    outcome : (int, str)
    exogenous, endogenous, instruments : sequence of (int, str)
        In the order of the formula; the instruments are those left out of the equation.
    """

    outcome: tuple[int, str]
    exogenous: Columns
    endogenous: Columns
    instruments: Columns


@dataclass(frozen=True)
class Stages:
    """The instruments made orthonormal, and the projections on them.

    Attributes
    ----------
    exogenous, instruments, endogenous : tuple of int
        Columns of the block that are used, k1, l2 and k2 of them.
    outcome : int
    endogenous_names, instrument_names : tuple of str
    whitening : (L, L) array
        Upper triangular, ``Q = (X1, Z2) whitening``; L = k1 + l2.
    projection : (L, k2 + 1) array
        ``Q'W (X2, y)`` in units of the block.
    """

    exogenous: tuple[int, ...]
    instruments: tuple[int, ...]
    endogenous: tuple[int, ...]
    outcome: int
    endogenous_names: tuple[str, ...]
    instrument_names: tuple[str, ...]
    whitening: FloatArray
    projection: FloatArray

    @property
    def excluded(self) -> FloatArray:
        """Rows of ``projection`` that belong to the instruments: what they explain of (X2, y) beyond X1."""
        return self.projection[len(self.exogenous) :]

    def basis(self, absorbed: Absorbed) -> FloatArray:
        """Q, (n, L)."""
        return np.asarray(absorbed.block[:, [*self.exogenous, *self.instruments]] @ self.whitening)

    def excluded_basis(self, absorbed: Absorbed) -> FloatArray:
        """Columns of Q that belong to the instruments, (n, l2): they are orthogonal to X1."""
        return self.basis(absorbed)[:, len(self.exogenous) :]

    def residuals(self, absorbed: Absorbed) -> FloatArray:
        """(X2, y) less its projection on Q, (n, k2 + 1), in units of the block."""
        return self._targets(absorbed) - self.basis(absorbed) @ self.projection

    def partialled(self, absorbed: Absorbed) -> FloatArray:
        """(X2, y) less its projection on X1, (n, k2 + 1), in units of the block."""
        k1 = len(self.exogenous)
        return self._targets(absorbed) - self.basis(absorbed)[:, :k1] @ self.projection[:k1]

    def _targets(self, absorbed: Absorbed) -> FloatArray:
        return np.asarray(absorbed.block[:, [*self.endogenous, self.outcome]])


@dataclass(frozen=True)
class IVEstimate(Estimate):
    """Coefficients of a model with endogenous regressors; ``columns`` and ``whitening`` make the projected regressors.

    Attributes
    ----------
    stages : Stages
    method : {"2sls", "liml"}
    kappa : float
        1 for 2SLS.
    unit_covariance : (p, p) array
        Covariance of the coefficients under iid errors of variance 1.
    """

    stages: Stages
    method: Method
    kappa: float
    unit_covariance: FloatArray

    @property
    def regressors(self) -> int:
        """Regressors kept, without the constant."""
        return int(self.whitening.shape[1])

    def bread(self, absorbed: Absorbed) -> FloatArray:
        """Covariance of the coefficients for iid errors of unit variance, (p, p)."""
        return self.unit_covariance


def instrumental(moments: Moments, equation: Equation, offset: Offset | None, method: Method = "2sls") -> IVEstimate:
    """Estimate one equation by 2SLS or LIML.

    Parameters
    ----------
    moments : Moments
    equation : Equation
    offset : Offset or None
        What defines the constant; None for no constant.
    method : {"2sls", "liml"}

    Raises
    ------
    EstimationError
        The outcome does not vary, an endogenous variable is explained by the effects or the exogenous regressors, or
        fewer instruments than endogenous variables are left; all by name.
    """
    refuse_flat_outcome(moments, *equation.outcome)
    stages, removed, condition = _stages(moments, equation)
    absorbed = moments.absorbed
    k2, used = len(stages.endogenous), [*stages.endogenous, *stages.exogenous]
    A = np.hstack([stages.projection[:, :k2], _exogenous_part(stages)])
    QA, RA = np.linalg.qr(A)
    kappa, M, pull = _k_class(stages, absorbed, RA, method)
    slopes = solve_triangular(RA, np.linalg.solve(M, QA.T @ stages.projection[:, -1] - pull))
    e = absorbed.block[:, stages.outcome] - absorbed.block[:, used] @ slopes
    unit, scales = float(absorbed.scales[stages.outcome]), absorbed.scales[used]
    inverse = solve_triangular(RA, np.eye(len(used))) / scales[:, None]
    transform = np.linalg.solve(M.T, inverse.T).T
    wide = _Widened(slopes * unit / scales, transform, transform @ inverse.T, np.zeros((absorbed.n, 0)))
    label = dict([*equation.exogenous, *equation.endogenous])
    names = tuple(label[c] for c in used)
    if offset is not None:
        wide, names = wide.with_constant(offset, used, stages.outcome, absorbed), (*names, CONSTANT)
    rss, tss = absorbed.total(e**2), float(moments.gram[stages.outcome, stages.outcome])
    return IVEstimate(
        names=names,
        coefficients=wide.coefficients,
        transform=wide.transform,
        columns=(*stages.exogenous, *stages.instruments),
        whitening=stages.whitening @ QA,
        extra=wide.extra,
        residuals=e * unit,
        removed=removed,
        rss=rss * unit**2,
        tss_within=tss * unit**2,
        perfect_fit=bool(rss <= max(PERFECT_FIT**2 * tss, ROUNDING**2 * absorbed.n)),
        reciprocal_condition=condition,
        stages=stages,
        method=method,
        kappa=kappa,
        unit_covariance=wide.unit_covariance,
    )


@dataclass(frozen=True)
class _Widened:
    """Numbers of the slopes, which a constant adds a row to."""

    coefficients: FloatArray
    transform: FloatArray
    unit_covariance: FloatArray
    extra: FloatArray

    def with_constant(self, offset: Offset, used: Sequence[int], outcome: int, absorbed: Absorbed) -> _Widened:
        """Append ``c = level(y) - level(X)' b``."""
        level = offset.levels[list(used)]
        k = len(level)
        J = np.vstack([np.eye(k), -level])
        transform = np.zeros((k + 1, k + 1))
        transform[:, :k] = J @ self.transform
        transform[k, k] = 1.0
        covariance = J @ self.unit_covariance @ J.T
        covariance[k, k] += absorbed.total(offset.column**2)
        constant = offset.levels[outcome] - level @ self.coefficients
        return _Widened(np.append(self.coefficients, constant), transform, covariance, offset.column[:, None])


def _stages(moments: Moments, equation: Equation) -> tuple[Stages, Removed, float]:
    """Choose the columns, make the instruments orthonormal and project on them."""
    absorbed, (at, _) = moments.absorbed, equation.outcome
    candidates = [*equation.exogenous, *equation.instruments]
    found = factorise(moments, at, [c for c, _ in candidates], [n for _, n in candidates])
    kept = list(found.kept)
    outside = dict(equation.instruments)
    exogenous = [c for c in kept if c not in outside or c in dict(equation.exogenous)]
    instruments = [c for c in kept if c not in exogenous]
    _refuse_explained(moments, equation, exogenous)
    _refuse_unidentified(equation, [outside[c] for c in instruments], found.removed)
    W = solve_triangular(found.factor, np.eye(len(kept))) / found.lengths[:, None]
    targets = [*(c for c, _ in equation.endogenous), at]
    if found.reciprocal_condition >= GRAM_BOUND:
        P = W.T @ moments.gram[np.ix_(kept, targets)]
    else:
        W, P = _refined(absorbed, kept, targets, W)
    stages = Stages(
        exogenous=tuple(exogenous),
        instruments=tuple(instruments),
        endogenous=tuple(targets[:-1]),
        outcome=at,
        endogenous_names=tuple(n for _, n in equation.endogenous),
        instrument_names=tuple(outside[c] for c in instruments),
        whitening=W,
        projection=P,
    )
    _refuse_irrelevant(moments, stages)
    return stages, found.removed, found.reciprocal_condition


def _refined(
    absorbed: Absorbed, kept: list[int], targets: list[int], whitening: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Orthogonalise once more, and project rows instead of moments: for badly conditioned columns."""
    Q = absorbed.block[:, kept] @ whitening
    again = np.linalg.cholesky(Q.T @ absorbed.weighted(Q)).T
    whitening = np.asarray(solve_triangular(again, whitening.T, trans="T").T)
    Q = absorbed.block[:, kept] @ whitening
    return whitening, np.asarray(Q.T @ absorbed.weighted(absorbed.block[:, targets]))


def _exogenous_part(stages: Stages) -> FloatArray:
    """``Q'W X1``, (L, k1): the corner of R, with zeros below."""
    k1 = len(stages.exogenous)
    part = np.zeros((len(stages.whitening), k1))
    part[:k1] = solve_triangular(stages.whitening[:k1, :k1], np.eye(k1)) if k1 else 0.0
    return part


def _k_class(
    stages: Stages, absorbed: Absorbed, RA: FloatArray, method: Method
) -> tuple[float, FloatArray, FloatArray]:
    """kappa, M, and what the right-hand side loses, ``(kappa-1) R_A'^-1 (X2, 0)' M_Q y``."""
    k, k2 = RA.shape[1], len(stages.endogenous)
    if method == "2sls" or len(stages.instruments) == k2:
        return 1.0, np.eye(k), np.zeros(k)
    E = stages.residuals(absorbed)
    inside = E.T @ absorbed.weighted(E)
    heavy = E if absorbed.weights is None else E * np.sqrt(absorbed.weights)[:, None]
    kappa = smallest_root(stages.excluded, np.asarray(np.linalg.qr(heavy, mode="r")))
    D, d = np.zeros((k, k)), np.zeros(k)
    D[:k2, :k2], d[:k2] = inside[:k2, :k2], inside[:k2, -1]
    half = solve_triangular(RA, D, trans="T")
    M = np.eye(k) - (kappa - 1) * solve_triangular(RA, half.T, trans="T").T
    return kappa, M, (kappa - 1) * solve_triangular(RA, d, trans="T")


def smallest_root(explained: FloatArray, left: FloatArray) -> float:
    """Smallest kappa with ``det(A'A + B'B - kappa B'B) = 0``; 1 where some combination of columns vanishes in both.

    With ``A'A + B'B = T'T`` it is ``1 / s^2``, s the largest singular value of ``B T^-1``: no cross-product is formed.

    Parameters
    ----------
    explained : (l, m) array
        A, what the instruments explain.
    left : (q, m) array
        B, what they leave.

    Examples
    --------
    >>> round(smallest_root(np.diag([1.0, 3.0]), np.eye(2)), 12)
    2.0
    """
    scale = np.sqrt((explained**2).sum(axis=0) + (left**2).sum(axis=0))
    scale[scale == 0] = 1.0
    T = np.linalg.qr(np.vstack([explained, left]) / scale, mode="r")
    if np.abs(np.diag(T)).min() <= COLLINEAR:
        return 1.0
    share = solve_triangular(T, (left / scale).T, trans="T")
    return float(max(1.0, np.linalg.svd(share, compute_uv=False)[0] ** -2))


def _refuse_explained(moments: Moments, equation: Equation, exogenous: Sequence[int]) -> None:
    """Refuse endogenous variables that the effects, the exogenous regressors or each other explain."""
    label = dict([*equation.exogenous, *equation.endogenous])
    columns = [*exogenous, *(c for c, _ in equation.endogenous)]
    found = factorise(moments, equation.outcome[0], columns, [label[c] for c in columns])
    if found.removed:
        raise EstimationError(
            f"endogenous {listed(f'{name}: {why}' for name, why in found.removed)}", hint="leave it out of the model"
        )


def _refuse_unidentified(equation: Equation, left: Sequence[str], removed: Removed) -> None:
    names = [n for _, n in equation.endogenous]
    if len(left) >= len(names):
        return
    outside = {n for _, n in equation.instruments}
    gone = [f"{name} ({why})" for name, why in removed if name in outside]
    raise EstimationError(
        f"{plural(len(names), 'endogenous variable')} ({listed(names)}) but only "
        f"{plural(len(left), 'instrument')} {'is' if len(left) == 1 else 'are'} left"
        f"{f' ({listed(left)})' if left else ''}; left out: {listed(gone)}",
        hint="each endogenous variable needs an instrument of its own",
    )


def _refuse_irrelevant(moments: Moments, stages: Stages) -> None:
    """Refuse instruments that explain nothing of some combination of the endogenous variables, to rounding."""
    columns = list(stages.endogenous)
    lengths = np.sqrt(np.diag(moments.gram)[columns])
    shares = np.linalg.svd(stages.excluded[:, :-1] / lengths, compute_uv=False)
    if shares[-1] <= COLLINEAR:
        raise EstimationError(
            f"the instruments {listed(stages.instrument_names)} explain nothing of "
            f"{listed(stages.endogenous_names)} beyond the exogenous regressors: the equation is not identified"
        )
