"""Identification, weak instruments and overidentification.

Everything is computed from the projections of :class:`econloom.panel.linear.iv.Stages`. Z are the instruments with
the exogenous regressors and effects partialled out, made orthonormal (``Z'W Z = I``); Y the endogenous variables with
the same partialled out; ``pi = Z'W Y``; ``E = Y - Z pi``. With ``L L' = Y'W Y`` the singular values of
``Theta = pi L'^-1`` are the canonical correlations r of Y and Z.

Anderson (1951) canonical correlations: ``n r_min^2``. Cragg and Donald (1993): the smallest root of
``pi'pi - c E'W E``, ``c = r_min^2 / (1 - r_min^2)``. Kleibergen and Paap (2006): with ``Theta = U S V'``, U_2 the
columns of U but the first k2 - 1 and v_2 the last column of V,

    rk = lambda' Omega^-1 lambda,   lambda = U_2' Theta v_2,
    Omega = sum over clusters (or rows) of s s',   s = sum of U_2' z_i w_i r_i,

with ``r = Y L'^-1 v_2`` for the LM form (residuals under the hypothesis) and ``r = E L'^-1 v_2`` for the Wald form,
as Stata's ranktest computes them. Under iid errors, ``Omega = (sum w r^2 / n) I``, they are n r^2 and n c.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from econloom.core.estimate import Test, Unavailable
from econloom.panel.absorb import FloatArray
from econloom.panel.diagnostics.stock_yogo import critical_values
from econloom.panel.diagnostics.wald import chi2, f_test, quadratic
from econloom.panel.linear.iv import Method, Stages
from econloom.panel.moments import Absorbed

Meat = Callable[[FloatArray], FloatArray]
"""Scores ``z_i w_i e_i``, (n, q), to their summed outer products, (q, q); None stands for iid errors."""

WEAK = "the instruments do not identify the equation (the rank condition fails)"
JUST = "the equation is just identified: there is no restriction to test"
EXACT = "the instruments explain the endogenous variables perfectly"
NOTHING = 1e-16
"""A squared share below this is rounding."""


@dataclass(frozen=True)
class FirstStage:
    """The arrays of the tests, in units in which Z is orthonormal.

    Attributes
    ----------
    Z : (n, l) array
    Y, E : (n, k) arrays
        Endogenous variables partialled, and their residuals on Z.
    pi : (l, k) array
    weights : (n,) array or None
    meat : Meat or None
        None for iid errors.
    rows : float
        n of the LM and chi-squared forms; smaller by the unit effects under ``xtreg``, as in xtivreg2.
    factor : float
        What the convention multiplies a covariance by (for iid: on ``rss/n``).
    df : float
        Denominator of the F forms.
    """

    Z: FloatArray
    Y: FloatArray
    E: FloatArray
    pi: FloatArray
    weights: FloatArray | None
    meat: Meat | None
    rows: float
    factor: float
    df: float

    @classmethod
    def of(
        cls, stages: Stages, absorbed: Absorbed, meat: Meat | None, rows: float, factor: float, df: float
    ) -> FirstStage:
        """Partial the exogenous regressors out."""
        Y = stages.partialled(absorbed)[:, :-1]
        Z, pi = stages.excluded_basis(absorbed), stages.excluded[:, :-1]
        return cls(Z, Y, stages.residuals(absorbed)[:, :-1], pi, absorbed.weights, meat, rows, factor, df)

    @property
    def shape(self) -> tuple[int, int]:
        """Instruments and endogenous variables, l and k."""
        return self.pi.shape[0], self.pi.shape[1]

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.Z)

    def weighted(self, X: FloatArray) -> FloatArray:
        """``W X``."""
        return X if self.weights is None else X * self.weights[:, None]

    def omega(self, directions: FloatArray, r: FloatArray) -> FloatArray:
        """Covariance of ``directions' Z'W r``, (q, q), without factor."""
        if self.meat is None:
            return np.asarray(float(r @ self.weighted(r[:, None])[:, 0]) / self.n * (directions.T @ directions))
        return self.meat((self.Z @ directions) * self.weighted(r[:, None]))


def canonical(first: FirstStage) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """U_2, the singular values, v_2 turned to ``L'^-1 v_2``, and lambda."""
    heavy = first.Y if first.weights is None else first.Y * np.sqrt(first.weights)[:, None]
    R = np.linalg.qr(heavy, mode="r")  # L' up to signs
    U, values, V = np.linalg.svd(solve_triangular(R, first.pi.T, trans="T").T)
    k = first.shape[1]
    direction = solve_triangular(R, V[k - 1])
    return U[:, k - 1 :], values, direction, U[:, k - 1 :].T @ first.pi @ direction


def anderson_lm(first: FirstStage) -> Test | Unavailable:
    """Anderson's canonical correlation LM statistic, chi-squared(l - k + 1).

    ``rows r_min^2``; valid under iid errors only.
    """
    if first.meat is not None:
        return Unavailable("Anderson's LM statistic assumes iid errors: use kleibergen_paap_lm")
    l, k = first.shape
    return chi2(first.rows * float(canonical(first)[1][-1]) ** 2, l - k + 1, WEAK)


def cragg_donald_root(first: FirstStage) -> float | None:
    """The smallest root c of ``pi'pi - c E'W E``; None where E vanishes."""
    _, values, direction, _ = canonical(first)
    e = first.E @ direction
    left = float(e @ first.weighted(e[:, None])[:, 0])  # 1 - r_min^2
    return None if left <= NOTHING else float(values[-1] ** 2 / left)


def cragg_donald_f(first: FirstStage, method: Method = "2sls") -> Test | Unavailable:
    """``c n / (factor l)``, the first-stage F where one variable is endogenous; iid errors only.

    With several endogenous variables it has no F law and its p value is NaN. Its critical values are those of Stock
    and Yogo (2005), where they tabulate the case.
    """
    if first.meat is not None:
        return Unavailable("Cragg and Donald's F assumes iid errors: use kleibergen_paap_f")
    root = cragg_donald_root(first)
    if root is None:
        return Unavailable(EXACT)
    return replace(_f_form(first, root * first.n), critical_values=critical_values(*first.shape, method))


def kleibergen_paap_lm(first: FirstStage) -> Test | Unavailable:
    """The rk LM statistic of underidentification, chi-squared(l - k + 1)."""
    U2, _, direction, found = canonical(first)
    value = quadratic(found, first.omega(U2, first.Y @ direction))
    if value is None:
        return _too_few_clusters(first)
    rows = first.rows / first.n if first.meat is None else 1.0
    return chi2(value * rows, U2.shape[1], WEAK)


def kleibergen_paap_wald(first: FirstStage) -> Test | Unavailable:
    """The rk Wald statistic without small-sample factor, chi-squared(l - k + 1)."""
    U2, _, direction, found = canonical(first)
    if cragg_donald_root(first) is None:
        return Unavailable(EXACT)
    value = quadratic(found, first.omega(U2, first.E @ direction))
    return _too_few_clusters(first) if value is None else chi2(value, U2.shape[1], WEAK)


def kleibergen_paap_f(first: FirstStage) -> Test | Unavailable:
    """The rk Wald statistic over the convention's factor and the number of instruments.

    With one endogenous variable it is the robust F of the instruments in the first stage.
    """
    found = kleibergen_paap_wald(first)
    return found if isinstance(found, Unavailable) else _f_form(first, found.statistic)


def sanderson_windmeijer_f(first: FirstStage, at: int) -> Test | Unavailable:
    """F of one endogenous variable given the others (Sanderson and Windmeijer 2016).

    The residual ``Y_j - Y_-j d`` of a 2SLS of the variable on the other endogenous ones is regressed on the
    instruments; F has l - k + 1 numerator degrees of freedom.
    """
    l, k = first.shape
    others = [j for j in range(k) if j != at]
    d = np.linalg.lstsq(first.pi[:, others], first.pi[:, at], rcond=None)[0]
    rest, r = first.pi[:, at] - first.pi[:, others] @ d, first.E[:, at] - first.E[:, others] @ d
    free = np.linalg.svd(first.pi[:, others])[0][:, k - 1 :] if others else np.eye(l)
    value = quadratic(free.T @ rest, first.omega(free, r))
    if value is None:
        return _too_few_clusters(first)
    null = "the instruments do not identify this variable, given the other endogenous ones"
    return f_test(value / first.factor / (l - k + 1), (l - k + 1, first.df), null)


def sargan(first: FirstStage, r: FloatArray) -> Test | Unavailable:
    """``rows e'P_Z e / e'W e``, chi-squared(l - k); r are the residuals of the equation, (n,)."""
    l, k = first.shape
    if l == k:
        return Unavailable(JUST)
    if first.meat is not None:
        return Unavailable("Sargan's statistic assumes iid errors: use hansen_j")
    g = first.Z.T @ first.weighted(r[:, None])[:, 0]
    return chi2(
        first.rows * float(g @ g) / float(r @ first.weighted(r[:, None])[:, 0]), l - k, "the instruments are valid"
    )


def hansen_j(first: FirstStage, r: FloatArray, reduced: FloatArray) -> Test | Unavailable:
    """The two-step GMM objective, ``g' Omega^-1 g`` with Omega from r, the residuals of the first step.

    Exogenous regressors are concentrated out, which changes neither the objective nor the slopes of the endogenous
    variables: ``g = Z'W y - pi b``, b the GLS solution.

    Parameters
    ----------
    first : FirstStage
    r : (n,) array
    reduced : (l,) array
        ``Z'W y``.
    """
    l, k = first.shape
    if l == k:
        return Unavailable(JUST)
    if first.meat is None:
        return Unavailable("under iid errors the statistic is Sargan's: use sargan, or a robust vcov")
    omega = first.omega(np.eye(l), r)
    if quadratic(np.ones(l), omega) is None:
        return _too_few_clusters(first)
    half = cholesky(omega, lower=True)
    A, b = (solve_triangular(half, x, lower=True) for x in (first.pi, reduced))
    left = b - A @ np.linalg.lstsq(A, b, rcond=None)[0]
    return chi2(float(left @ left), l - k, "the instruments are valid")


def _f_form(first: FirstStage, wald: float) -> Test:
    l, k = first.shape
    F = wald / first.factor / l
    found = f_test(F, (l, first.df), "the instruments are weak: they explain nothing")
    return found if k == 1 else Test(F, found.df, float("nan"), "the instruments are weak", "F")


def _too_few_clusters(first: FirstStage) -> Unavailable:
    return Unavailable(
        f"the covariance of the {first.shape[0]} instruments' moments is singular: there are fewer clusters than "
        "instruments, or the errors vanish"
    )
