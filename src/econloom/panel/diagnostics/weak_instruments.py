"""Inference that stays right when instruments are weak: effective F, Anderson-Rubin.

Z are the l instruments with exogenous regressors and effects partialled out, made orthonormal; pi (l, k) and rho (l,)
their coefficients in the equations of the endogenous variables and of the outcome. Omega is the joint covariance of
(pi, rho) under the covariance and convention of the fit. Everything here is made of these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy  # optimize loads where it is used: most estimates need none
from numpy.typing import NDArray
from scipy import linalg, special

from econloom.core.errors import UsageError
from econloom.core.estimate import Test, Unavailable
from econloom.panel.absorb import FloatArray
from econloom.panel.diagnostics.instruments import EXACT, FirstStage, cragg_donald_root
from econloom.panel.diagnostics.wald import quadratic, wald
from econloom.panel.linear.iv import Stages
from econloom.panel.moments import Absorbed

SHARES = (0.10, 0.05, 0.20, 0.30)
"""Shares tau of the worst-case bias; the first is what tables show."""
ANGLES = 720
SAME = 1e-12
"""Angles closer than this are one root."""
INDEFINITE = "the covariance of several ways of clustering is not positive semi-definite"
COLLINEAR = "the residuals of the reduced form and the first stage are collinear: the model fits perfectly"


@dataclass(frozen=True)
class ReducedForm:
    """Coefficients of the instruments in the equations of (X2, y).

    Attributes
    ----------
    coefficients : (l, k + 1) array
        pi, and rho as the last column.
    omega : (k + 1, k + 1, l, l) array
        ``omega[i, j]`` is the covariance of columns i and j, with the convention's factor.
    iid : bool
        Whether its blocks are multiples of the identity.
    df : float or None
        Denominator of F; None for chi-squared.
    """

    coefficients: FloatArray
    omega: FloatArray
    iid: bool
    df: float | None

    @classmethod
    def of(cls, first: FirstStage, stages: Stages, absorbed: Absorbed, df: float | None) -> ReducedForm:
        """From the arrays of the first stage, with the outcome beside them."""
        E = stages.residuals(absorbed)
        l, m = stages.excluded.shape
        if first.meat is None:
            inside = E.T @ first.weighted(E) / first.n
            omega = inside[:, :, None, None] * np.eye(l)
        else:
            scores = np.hstack([first.Z * first.weighted(e[:, None]) for e in E.T])
            omega = first.meat(scores).reshape(m, l, m, l).transpose(0, 2, 1, 3)
        return cls(stages.excluded, first.factor * omega, first.meat is None, df)

    @property
    def shape(self) -> tuple[int, int]:
        """Instruments and endogenous variables, l and k."""
        return self.coefficients.shape[0], self.coefficients.shape[1] - 1

    def rescaled(self, units: FloatArray) -> ReducedForm:
        """With every variable multiplied by its unit, (k + 1,)."""
        outer = np.outer(units, units)[:, :, None, None]
        return replace(self, coefficients=self.coefficients * units, omega=self.omega * outer)

    def at(self, null: FloatArray) -> tuple[FloatArray, FloatArray]:
        """``rho - pi b`` and its covariance, for coefficients b (k,)."""
        d = np.append(-null, 1.0)
        return self.coefficients @ d, np.einsum("i,j,ijab->ab", d, d, self.omega)


def effective_f(first: FirstStage, form: ReducedForm, method: str = "2sls") -> Test | Unavailable:
    """The effective F of Montiel Olea and Pflueger (2013), one endogenous variable.

    ``F = pi'pi / tr(Omega_xx)``. Its critical values test at 5 per cent that the Nagar bias of 2SLS reaches the share
    tau of its worst case: the quantile of ``chi2(K, K x) / K`` with Patnaik's

    ``K = tr(Omega_xx)^2 (1 + 2 x) / (tr(Omega_xx^2) + 2 x tr(Omega_xx) lambda_max(Omega_xx))``,

    x = B/tau (the generalised procedure, B the largest bias of :func:`worst_bias`) or 1/tau (the simplified one,
    conservative as B is at most 1). They are not given for LIML. There is no p value.

    Parameters
    ----------
    first : FirstStage
    form : ReducedForm
    method : {"2sls", "liml"}

    References
    ----------
    Montiel Olea, J. L. and C. Pflueger (2013). A robust test for weak instruments. Journal of Business and Economic
    Statistics 31, 358-369.
    """
    l, k = form.shape
    if k > 1:
        return Unavailable(f"the effective F is defined for one endogenous variable; there are {k}")
    W2 = form.omega[0, 0]
    if cragg_donald_root(first) is None or not np.trace(W2) > 0:
        return Unavailable(EXACT)
    if linalg.eigvalsh(W2)[0] < -1e-10 * np.trace(W2):
        return Unavailable(INDEFINITE)
    F = float(form.coefficients[:, 0] @ form.coefficients[:, 0] / np.trace(W2))
    critical = _critical_values(form) if method == "2sls" else ()
    return Test(F, (l, first.df), math.nan, "the instruments are weak", "F", critical)


def _critical_values(form: ReducedForm) -> tuple[tuple[str, float], ...]:
    W2, bias = form.omega[0, 0], worst_bias(form)
    general = () if bias is None else tuple((f"{t:.0%} of worst-case bias", patnaik(W2, bias / t)) for t in SHARES)
    return (*general, *((f"{t:.0%} simplified", patnaik(W2, 1 / t)) for t in SHARES))


def patnaik(W2: FloatArray, x: float, level: float = 0.05) -> float:
    """Critical value of the effective F where its mean exceeds 1 by x.

    Parameters
    ----------
    W2 : (l, l) array
        Covariance of the first stage's coefficients, of any scale.
    x : float
    level : float

    Examples
    --------
    >>> [round(patnaik(np.eye(1), 1 / tau), 2) for tau in (0.05, 0.10, 0.20)]
    [37.42, 23.11, 15.06]
    """
    shares = linalg.eigvalsh(W2) / np.trace(W2)
    K = (1 + 2 * x) / float((shares**2).sum() + 2 * x * shares[-1])
    return float(special.chndtrix(1 - level, K, K * x) / K)


def worst_bias(form: ReducedForm) -> float | None:
    """Largest Nagar bias of 2SLS over its benchmark, for any coefficient and direction of pi; None if undefined.

    ``sup over b, c of |tr S12 - 2 c'S12 c| / sqrt(tr S1 tr S2)``, ``S12 = W12 - b W2``, ``S1 = W1 - 2 b W12 + b^2 W2``.
    With the b measured from the one of least ``tr S1`` this is the numerical radius of two symmetric matrices: the
    largest eigenvalue of ``cos(t) P + sin(t) Q`` over the circle, found on a grid and refined.
    """
    pencil = _Pencil.of(form)
    if pencil is None:
        return None
    total = np.trace(pencil.S2)
    C, S2, one = (pencil.C + pencil.C.T) / 2 / total, pencil.S2 / total, np.eye(len(pencil.S2))
    P, Q = np.trace(C) * one - 2 * C, one - 2 * S2

    def largest(t: NDArray[Any]) -> FloatArray:
        both = np.cos(t)[..., None, None] * P + np.sin(t)[..., None, None] * Q
        return np.asarray(np.linalg.eigvalsh(both)[..., -1])

    step = 2 * math.pi / ANGLES
    near = step * int(np.argmax(largest(step * np.arange(ANGLES))))
    best = scipy.optimize.minimize_scalar(
        lambda t: -float(largest(np.array(t))), bounds=(near - step, near + step), method="bounded"
    )
    return max(float(-best.fun), float(largest(np.array(near))))


def anderson_rubin(form: ReducedForm, null: FloatArray, words: str) -> Test | Unavailable:
    """Test that the coefficients of the endogenous variables are ``null``, whatever the strength of the instruments.

    ``AR(b) = (rho - pi b)' [(-b, 1)' Omega (-b, 1)]^-1 (rho - pi b)``, F(l, df) after division by l, or
    chi-squared(l): the Wald test of the instruments in the regression of ``y - X2 b`` on them (Anderson and Rubin
    1949; Chernozhukov and Hansen 2008 for robust covariances).
    """
    g, V = form.at(null)
    return wald(g, V, form.df, words)


@dataclass(frozen=True, slots=True, repr=False)
class ConfidenceSet:
    """The values of a coefficient that the Anderson-Rubin test does not reject. It may be no interval.

    Attributes
    ----------
    term : str
    level : float
    intervals : tuple of (float, float)
        Closed, disjoint, in ascending order; infinite ends are ``-inf`` and ``inf``; none where the set is empty.
    """

    term: str
    level: float
    intervals: tuple[tuple[float, float], ...]

    @property
    def shape(self) -> str:
        """``empty``, ``interval``, ``ray``, ``two rays``, ``whole line`` or ``several intervals``."""
        if not self.intervals:
            return "empty"
        ends = sum(math.isinf(end) for pair in self.intervals for end in pair)
        if len(self.intervals) == 1:
            return ("interval", "ray", "whole line")[ends]
        return "two rays" if len(self.intervals) == ends == 2 else "several intervals"

    @property
    def bounded(self) -> bool:
        """Whether both ends of every interval are finite; true of an empty set."""
        return all(math.isfinite(end) for pair in self.intervals for end in pair)

    def __contains__(self, value: float) -> bool:
        return any(low <= value <= high for low, high in self.intervals)

    def __repr__(self) -> str:
        head = f"{100 * self.level:g} per cent Anderson-Rubin set of {self.term}: "
        if self.shape == "whole line":
            return head + "the whole line, unbounded: no value is rejected, the instruments are too weak"
        if self.shape == "empty":
            return head + "empty: every value is rejected, the instruments and the model contradict each other"
        parts = " or ".join(map(_interval, self.intervals))
        said = "bounded" if self.bounded else "unbounded: the instruments are weak"
        return f"{head}{parts}, {self.shape}, {said}"


def _interval(pair: tuple[float, float]) -> str:
    low, high = pair
    return f"{'(' if math.isinf(low) else '['}{low:.6g}, {high:.6g}{')' if math.isinf(high) else ']'}"


def anderson_rubin_set(form: ReducedForm, term: str, level: float) -> ConfidenceSet | Unavailable:
    """Invert the Anderson-Rubin test exactly, one endogenous variable.

    b is in the set where ``V(b) - g(b) g(b)'/c`` is positive semi-definite, g and V as in :meth:`ReducedForm.at`, c
    the critical value. Its determinant vanishes at the ends: for iid errors a quadratic equation, else the eigenvalues
    of a quadratic matrix polynomial, found by its companion form. The statistic is then evaluated between all of them,
    on the circle that joins both infinities, and every end is bracketed and solved for.

    Raises
    ------
    UsageError
        A level that is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise UsageError(f"level={level}: a confidence level lies between 0 and 1", hint="level=0.95")
    l, k = form.shape
    if k > 1:
        return Unavailable(
            f"the set is built for one endogenous variable; there are {k}: test points with anderson_rubin(fit, null=…)"
        )
    joint = form.omega.transpose(0, 2, 1, 3).reshape(2 * l, 2 * l)
    scale = np.sqrt(np.abs(np.diag(joint)))
    if not scale.all():
        return Unavailable(COLLINEAR if form.omega[0, 0].any() else EXACT)
    if linalg.eigvalsh(joint / np.outer(scale, scale))[0] < -1e-10:
        return Unavailable(INDEFINITE)
    pencil = _Pencil.of(form)
    if pencil is None:
        return Unavailable(COLLINEAR)
    if all(math.isinf(pencil.statistic(t)) for t in (-1.1, 0.1, 0.9)):
        return Unavailable(f"the covariance of the {l} instruments' coefficients is singular: too few clusters")
    bound = float(special.chdtri(l, 1 - level)) if form.df is None else l * float(special.fdtri(l, form.df, level))
    return ConfidenceSet(term, level, pencil.accepted(bound))


@dataclass(frozen=True)
class _Pencil:
    """``rho - pi b`` and its covariance along ``b = origin + unit tan(t)``, both times powers of cos(t).

    ``g = cos g0 - sin h``, ``V = cos^2 S1 - cos sin (C + C') + sin^2 S2``: t = pi/2 is infinity and nothing special.
    """

    origin: float
    unit: float
    g0: FloatArray
    h: FloatArray
    S1: FloatArray
    C: FloatArray
    S2: FloatArray
    iid: bool

    @classmethod
    def of(cls, form: ReducedForm) -> _Pencil | None:
        """Measured from the b of least ``tr V``, in units that make ``tr S1 = tr S2``; None if there is none."""
        W2, W12 = form.omega[0, 0], form.omega[0, 1]
        total = float(np.trace(W2))
        if not total > 0:
            return None
        origin = float(np.trace(W12)) / total
        g0, S1 = form.at(np.array([origin]))
        if not np.trace(S1) > 1e-15 * np.trace(form.omega[1, 1]):
            return None
        unit = math.sqrt(float(np.trace(S1)) / total)
        C = unit * (W12 - origin * W2)
        return cls(origin, unit, g0, unit * form.coefficients[:, 0], S1, C, unit**2 * W2, form.iid)

    def statistic(self, t: float) -> float:
        """The Anderson-Rubin statistic, chi-squared form; infinite where its covariance is singular."""
        c, s = math.cos(t), math.sin(t)
        found = quadratic(c * self.g0 - s * self.h, c * c * self.S1 - c * s * (self.C + self.C.T) + s * s * self.S2)
        return math.inf if found is None else found

    def accepted(self, bound: float) -> tuple[tuple[float, float], ...]:
        """Intervals in which the statistic is at most ``bound``."""
        roots = self._candidates(bound)
        middles = [(a + b) / 2 for a, b in zip(roots, [*roots[1:], roots[0] + math.pi], strict=True)]
        inside = [self.statistic(t) <= bound for t in middles]
        if all(inside) or not any(inside):
            return ((-math.inf, math.inf),) if inside[0] else ()
        ends = []
        for j, now in enumerate(inside):
            if now != inside[j - 1]:
                before = middles[j - 1] - (math.pi if j == 0 else 0.0)
                ends.append((self._end(before, middles[j], bound), now))
        if not ends[0][1]:
            ends.append((ends.pop(0)[0] + math.pi, False))
        arcs = zip([t for t, opens in ends if opens], [t for t, opens in ends if not opens], strict=True)
        return tuple(sorted(piece for arc in arcs for piece in self._pieces(*arc)))

    def _candidates(self, bound: float) -> list[float]:
        """Angles at which the determinant may vanish, ascending."""
        g0, h = (x[:, None] / math.sqrt(bound) for x in (self.g0, self.h))
        if self.iid:
            S1, C, S2 = (M[:1, :1] for M in (self.S1, self.C, self.S2))
            G = [g0.T @ g0, g0.T @ h, h.T @ h]
        else:
            S1, C, S2 = self.S1, self.C, self.S2
            G = [g0 @ g0.T, g0 @ h.T, h @ h.T]
        A0, A1, A2 = S1 - G[0], G[1] + G[1].T - C - C.T, S2 - G[2]
        one, none = np.eye(len(A0)), np.zeros_like(A0)
        left, right = np.block([[none, one], [-A0, -A1]]), np.block([[one, none], [none, A2]])
        a, b = linalg.eig(left, right, right=False, homogeneous_eigvals=True)
        length = np.hypot(np.abs(a), np.abs(b))
        finite = np.abs(b) > 1e-15 * length
        angles = np.sort(np.where(finite, np.arctan((a / np.where(finite, b, 1.0)).real), math.pi / 2))
        keep = np.append(True, np.diff(angles) > SAME)
        return [float(t) for t in angles[keep]]

    def _end(self, low: float, high: float, bound: float) -> float:
        def excess(t: float) -> float:
            found = self.statistic(t)
            return 1.0 if math.isinf(found) else (found - bound) / (found + bound)

        return float(scipy.optimize.brentq(excess, low, high, xtol=1e-15, rtol=1e-15))

    def _pieces(self, low: float, high: float) -> list[tuple[float, float]]:
        """An arc as one interval, or as two rays where it goes through infinity."""
        a, b = (self.origin + self.unit * math.tan(t) for t in (low, high))
        turns = math.floor(high / math.pi + 0.5) - math.floor(low / math.pi + 0.5)
        return [(-math.inf, b), (a, math.inf)] if turns else [(a, b)]
