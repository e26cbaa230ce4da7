"""Censored regression: pooled, and with normal random effects by adaptive Gauss-Hermite quadrature.

``y* = x'b + u_i + e``, ``y = min(max(y*, lower), upper)``, e normal with standard deviation sigma_e, u_i with sigma_u
(zero of a pooled model). With eta = x'b + sigma_u z and s = log sigma_e a row adds

    log phi((y - eta)/sigma)/sigma,   log Phi((lower - eta)/sigma)   or   log Phi((eta - upper)/sigma)

to the log likelihood (Tobin 1958), and a unit ``log of the integral over z of phi(z) prod_t f(y_it | z)``. The integral
is taken at points centred at the mode of its integrand and scaled by the curvature there (Liu and Pierce 1994,
Biometrika 81; Naylor and Smith 1982), which few plain Gauss-Hermite points miss when a unit has many rows. With w_iq
the weights of unit i's points, S_iq the unit's score and H_iq its Hessian given z_iq::

    score_i = sum_q w_iq S_iq,    Hessian_i = sum_q w_iq (H_iq + S_iq S_iq') - score_i score_i'      (Louis 1982)

Newton's method with step halving on (b, log sigma_u, log sigma_e).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from econloom.core.errors import EstimationError
from econloom.panel.absorb import FloatArray, IntArray
from econloom.panel.columns import BoolArray

MOST_STEPS = 200
TOLERANCE = 1e-18
"""Newton's decrement ``g'(-H)^-1 g`` at which the maximum is found: 1e-9 of the standard errors."""
CLOSE = 2e-4
"""Newton's decrement below which steps follow the score alone: half of it is what the log likelihood has yet to gain,
less than what the quadrature is asked to be exact to."""
SMALLEST = -12.0
"""Log of sigma_u over sigma_e below which there are no random effects."""
_HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


@dataclass(frozen=True)
class Censored:
    """An outcome with limits.

    Attributes
    ----------
    y : (n,) array
    X : (n, k) array
        With the constant, where there is one.
    lower, upper : float
        Infinite for no limit.
    units : (n,) int array or None
        Units 0 ... of the rows, which are sorted by them; None for a pooled model.
    """

    y: FloatArray
    X: FloatArray
    lower: float
    upper: float
    units: IntArray | None = None

    @property
    def left(self) -> BoolArray:
        """Rows at the lower limit."""
        return self.y <= self.lower

    @property
    def right(self) -> BoolArray:
        """Rows at the upper limit."""
        return self.y >= self.upper


@dataclass(frozen=True)
class TobitEstimate:
    """The maximum.

    Attributes
    ----------
    coefficients : (k,) array
    sigma_u : float or None
    sigma_e : float
    vcov : (p, p) array
        Of coefficients, sigma_u where there is one, and sigma_e: the inverse of the observed information.
    scores : (N, p) array
        Of units, or of rows in a pooled model, in the same parameters.
    loglik : float
    iterations : int
    points : int
    """

    coefficients: FloatArray
    sigma_u: float | None
    sigma_e: float
    vcov: FloatArray
    scores: FloatArray
    loglik: float
    iterations: int
    points: int


@dataclass(frozen=True)
class Curve:
    """Log likelihood of a set of units and its derivatives.

    Attributes
    ----------
    value : float
    scores : (N, p) array
    hessian : (p, p) array
    """

    value: float
    scores: FloatArray
    hessian: FloatArray


def tobit(data: Censored, points: int = 24) -> TobitEstimate:
    """Maximise the likelihood.

    Parameters
    ----------
    data : Censored
    points : int
        Of the quadrature, with random effects.

    Raises
    ------
    EstimationError
        Every row is censored, no convergence, a variance that goes to zero.
    """
    inside = ~(data.left | data.right)
    if inside.sum() <= data.X.shape[1]:
        raise EstimationError(f"{int(inside.sum())} rows are not censored: a Tobit needs more than coefficients")
    scale = np.sqrt((data.X**2).mean(axis=0))
    scaled = Censored(data.y, data.X / scale, data.lower, data.upper, data.units)
    start = _start(scaled)
    if data.units is None:
        theta, curve, steps = _maximise(start, lambda t: pooled(scaled, t))
        return _finished(theta, curve, steps, scale, 0)
    likelihood = Mixed(scaled, points)
    theta, _, _ = _maximise(start, lambda t: pooled(Censored(*_parts(scaled)), t))
    theta = np.array([*theta[:-1], theta[-1] - 0.35, theta[-1] - 0.35])
    theta, curve, steps = _maximise(theta, likelihood)
    return _finished(theta, curve, steps, scale, points)


def _parts(data: Censored) -> tuple[FloatArray, FloatArray, float, float]:
    return data.y, data.X, data.lower, data.upper


def _start(data: Censored) -> FloatArray:
    """Least squares, ignoring the limits."""
    b, *_ = np.linalg.lstsq(data.X, data.y, rcond=None)
    spread = float(np.std(data.y - data.X @ b))
    if not spread > 1e-12 * max(1.0, float(np.abs(data.y).max())):
        raise EstimationError("the regressors fit the outcome perfectly: its variance is zero")
    return np.append(b, np.log(spread))


def densities(data: Censored, eta: FloatArray, log_sigma: float) -> tuple[FloatArray, ...]:
    """Log density of each row and its derivatives by eta and s = log sigma.

    Parameters
    ----------
    data : Censored
    eta : (n,) or (n, Q) array
    log_sigma : float

    Returns
    -------
    tuple of arrays
        l, l_eta, l_s, l_eta_eta, l_eta_s, l_ss, each of the shape of eta.
    """
    sigma = np.exp(log_sigma)
    shape = (-1, *([1] * (eta.ndim - 1)))
    z = (data.y.reshape(shape) - eta) / sigma
    found = [
        -0.5 * z**2 - log_sigma - _HALF_LOG_2PI, z / sigma, z**2 - 1, np.full_like(z, -1 / sigma**2), -2 * z / sigma,
        -2 * z**2,
    ]  # fmt: skip
    for rows, limit, sign in ((data.left, data.lower, -1.0), (data.right, data.upper, 1.0)):
        if not rows.any():
            continue
        a = sign * (eta[rows] - limit) / sigma
        tail = special.log_ndtr(a)
        m = np.exp(-0.5 * a**2 - _HALF_LOG_2PI - tail)
        curve = m * (a + m)
        slope = sign / sigma
        parts = (tail, m * slope, -a * m, -curve * slope**2, (curve * a - m) * slope, m * a - curve * a**2)
        for held, part in zip(found, parts, strict=True):
            held[rows] = part
    return tuple(found)


def pooled(data: Censored, theta: FloatArray) -> Curve:
    """The log likelihood without random effects at (b, log sigma)."""
    X = data.X
    l, by_eta, by_s, eta2, eta_s, s2 = densities(data, X @ theta[:-1], theta[-1])
    scores = np.column_stack([X * by_eta[:, None], by_s])
    cross = X.T @ eta_s
    hessian = np.block([[X.T @ (X * eta2[:, None]), cross[:, None]], [cross[None, :], np.array([[s2.sum()]])]])
    return Curve(float(l.sum()), scores, hessian)


class Mixed:
    """The log likelihood with random effects at (b, log sigma_u, log sigma_e); its points follow the integrand."""

    def __init__(self, data: Censored, points: int) -> None:
        assert data.units is not None
        self.data = data
        self.starts = np.flatnonzero(np.diff(data.units, prepend=-1))
        self.N = len(self.starts)
        self.x, weights = np.polynomial.hermite.hermgauss(points)
        self.log_weights = np.log(weights) + self.x**2
        self.modes = np.zeros(self.N)

    def __call__(self, theta: FloatArray) -> Curve:
        """At one point.

        Raises
        ------
        EstimationError
            No random effects are left.
        """
        if theta[-2] - theta[-1] < SMALLEST:
            raise EstimationError(
                "the variance of the random effects goes to zero: there are none in these data",
                hint="a pooled Tobit: el.tobit without unit",
            )
        data, units = self.data, self.data.units
        linear, sigma_u = data.X @ theta[:-2], float(np.exp(theta[-2]))
        modes, spread = self._centred(linear, sigma_u, theta[-1])
        z = modes[:, None] + np.sqrt(2) * spread[:, None] * self.x
        push = sigma_u * z[units]
        l, by_eta, by_s, eta2, eta_s, s2 = densities(data, linear[:, None] + push, theta[-1])
        log_f = self._sum(l) - 0.5 * z**2 - _HALF_LOG_2PI + self.log_weights + np.log(np.sqrt(2) * spread)[:, None]
        total = special.logsumexp(log_f, axis=1)
        w = np.exp(log_f - total[:, None])
        return Curve(float(total.sum()), *self._derivatives(w, push, by_eta, by_s, eta2, eta_s, s2))

    def _sum(self, rows: FloatArray) -> FloatArray:
        return np.asarray(np.add.reduceat(rows, self.starts, axis=0))

    def _centred(self, linear: FloatArray, sigma_u: float, log_sigma: float) -> tuple[FloatArray, FloatArray]:
        """Mode and scale of each unit's integrand, which is log-concave in z."""
        units, z = self.data.units, self.modes
        for _ in range(50):
            _, slope, _, curve, _, _ = densities(self.data, linear + sigma_u * z[units], log_sigma)
            g = sigma_u * self._sum(slope) - z
            h = 1 - sigma_u**2 * self._sum(curve)
            move = np.clip(g / h, -5, 5)
            z = z + move
            if np.abs(move).max() < 1e-8:
                break
        self.modes = z if np.isfinite(z).all() else np.zeros(self.N)  # a step too far leaves no trace
        _, _, _, curve, _, _ = densities(self.data, linear + sigma_u * z[units], log_sigma)
        return z, 1 / np.sqrt(1 - sigma_u**2 * self._sum(curve))

    def _derivatives(
        self, w: FloatArray, push: FloatArray, by_eta: FloatArray, by_s: FloatArray, eta2: FloatArray,
        eta_s: FloatArray, s2: FloatArray,
    ) -> tuple[FloatArray, FloatArray]:  # fmt: skip
        """Scores by unit and the Hessian; eta moves by ``push`` with log sigma_u."""
        X, rows = self.data.X, w[self.data.units]
        k, (N, Q) = X.shape[1], w.shape
        S = np.empty((N, Q, k + 2))
        for j in range(k):
            S[:, :, j] = self._sum(X[:, j : j + 1] * by_eta)
        S[:, :, k] = self._sum(push * by_eta)
        S[:, :, k + 1] = self._sum(by_s)
        scores = np.einsum("nq,nqj->nj", w, S)
        H = np.zeros((k + 2, k + 2))
        H[:k, :k] = X.T @ (X * (rows * eta2).sum(axis=1)[:, None])
        H[:k, k] = X.T @ (rows * push * eta2).sum(axis=1)
        H[:k, k + 1] = X.T @ (rows * eta_s).sum(axis=1)
        H[k, k] = float((rows * (push**2 * eta2 + push * by_eta)).sum())
        H[k, k + 1] = float((rows * push * eta_s).sum())
        H[k + 1, k + 1] = float((rows * s2).sum())
        H = np.triu(H) + np.triu(H, 1).T
        flat = (S * np.sqrt(w)[:, :, None]).reshape(N * Q, k + 2)
        return scores, H + flat.T @ flat - scores.T @ scores


def _maximise(theta: FloatArray, curve_at: Callable[[FloatArray], Curve]) -> tuple[FloatArray, Curve, int]:
    """Newton's method, steps halved until the likelihood grows.

    Points that follow the integrand err by a little more or less at each theta, so that the sum over them is not quite
    the integral of the score: near the maximum the likelihood would hold back a step that takes the score to zero.

    Raises
    ------
    EstimationError
    """
    here = curve_at(theta)
    for step in range(1, MOST_STEPS + 1):
        gradient = here.scores.sum(axis=0)
        move = _direction(here, gradient)
        decrement = float(gradient @ move)
        if decrement < TOLERANCE:
            return theta, here, step
        share = 1.0
        while share > 1e-10:
            with np.errstate(all="ignore"):  # a step too far has no likelihood, and is halved
                there = curve_at(theta + share * move)
            if np.isfinite(there.value) and _better(there, here, decrement):
                break
            share /= 2
        else:
            break
        theta, here = theta + share * move, there
    slope = np.abs(here.scores.sum(axis=0)).max()
    raise EstimationError(
        f"the likelihood did not converge in {MOST_STEPS} steps (largest slope {slope:.2g})",
        hint="rescale the regressors, or fewer of them",
    )


def _better(there: Curve, here: Curve, decrement: float) -> bool:
    """Whether a step gains likelihood or, close to the maximum, lowers the decrement."""
    if there.value >= here.value - 1e-12 * abs(here.value):
        return True
    gradient = there.scores.sum(axis=0)
    return decrement < CLOSE and float(gradient @ _direction(there, gradient)) < decrement


def _direction(curve: Curve, gradient: FloatArray) -> FloatArray:
    """Newton's step, or that of the outer product of scores where the Hessian is not negative definite."""
    values = np.linalg.eigvalsh(-curve.hessian)
    if values[0] > 1e-12 * abs(values[-1]):
        return np.asarray(np.linalg.solve(-curve.hessian, gradient))
    outer = curve.scores.T @ curve.scores
    ridge = 1e-8 * np.trace(outer) / len(outer) * np.eye(len(outer))
    return np.asarray(np.linalg.solve(outer + ridge, gradient))


def _finished(theta: FloatArray, curve: Curve, steps: int, scale: FloatArray, points: int) -> TobitEstimate:
    """Back to the units of the data and to standard deviations."""
    k = len(scale)
    sigmas = np.exp(theta[k:])
    change = np.concatenate([1 / scale, sigmas])
    try:
        vcov = np.linalg.inv(-curve.hessian)
    except np.linalg.LinAlgError:
        vcov = np.full(curve.hessian.shape, np.nan)
    if not np.all(np.diag(vcov) > 0):
        raise EstimationError("the information is singular at the maximum: a coefficient is not identified")
    return TobitEstimate(
        theta[:k] / scale, float(sigmas[0]) if len(sigmas) == 2 else None, float(sigmas[-1]),
        np.asarray(vcov * np.outer(change, change)), curve.scores / change, curve.value, steps, points,
    )  # fmt: skip
