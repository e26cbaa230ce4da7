"""Fixed-length confidence intervals under bounded second differences of the trend (Rambachan and Roth 2023)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from econloom.panel.absorb import FloatArray
from econloom.panel.did.trend_paths import Target, Trends, steps_before, tail_weights

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Affine:
    """The estimator ``w'b`` whose interval is shortest, with its worst bias.

    Attributes
    ----------
    weights : (m,) array
        Of every estimate; those of post-periods are the target's.
    estimate, bias, std_error : float
    half_length : float
        The ``level`` quantile of ``|N(bias, std_error^2)|``.
    """

    weights: FloatArray
    estimate: float
    bias: float
    std_error: float
    half_length: float

    @property
    def interval(self) -> tuple[float, float]:
        """Estimate plus and minus the half length."""
        return self.estimate - self.half_length, self.estimate + self.half_length


@dataclass(frozen=True, eq=False)
class Lasso:
    """``min of x'Qx/2 + c'x + lam |x|_1``: its path by ``lam``, linear between knots.

    Attributes
    ----------
    lam : (k,) array
        Knots, ascending from 0.
    x : (k, p) array
        Solutions there.
    """

    lam: FloatArray
    x: FloatArray

    def at(self, lam: float) -> FloatArray:
        """The solution (p,) at ``lam``."""
        return np.array([np.interp(lam, self.lam, column) for column in self.x.T])


def folded_quantile(bias: float, std_error: float, level: float) -> float:
    """The ``level`` quantile of ``|N(bias, std_error^2)|``."""
    t = abs(bias) / std_error
    upper, lower = t + special.ndtri(level), t + special.ndtri((1 + level) / 2)

    def excess(c: float) -> float:
        return float(special.ndtr(t - c) + special.ndtr(-t - c)) - (1 - level)

    low, high = max(0.0, upper - 1e-9), lower + 1e-9
    return std_error * float(optimize.brentq(excess, low, high, xtol=1e-14, rtol=1e-14))


def lasso_path(Q: FloatArray, c: FloatArray) -> Lasso:
    """The path by homotopy: one variable joins or leaves at each knot (Osborne, Presnell and Turlach 2000).

    Parameters
    ----------
    Q : (p, p) array
        Positive definite.
    c : (p,) array
    """
    p = len(c)
    lam, x, active, left = float(np.abs(c).max(initial=0.0)), np.zeros(p), np.zeros(p, dtype=bool), -1
    knots = [(lam, x)]
    if lam > 0:
        active[int(np.argmax(np.abs(c)))] = True
    while lam > 0:
        g = c + Q @ x
        d = np.zeros(p)
        d[active] = np.linalg.solve(Q[np.ix_(active, active)], -np.sign(g[active]))
        step, who = _next_knot(lam, (g, Q @ d), (x, d), active, left)
        lam, x = max(lam - step, 0.0), x + step * d
        left = who if who >= 0 and active[who] else -1
        if left >= 0:
            x[left] = 0.0
        if who >= 0:
            active[who] = not active[who]
        knots.append((lam, x))
    knots.reverse()
    return Lasso(np.array([k[0] for k in knots]), np.array([k[1] for k in knots]).reshape(len(knots), p))


def _next_knot(
    lam: float, slope: tuple[FloatArray, FloatArray], at: tuple[FloatArray, FloatArray], active: BoolArray, left: int
) -> tuple[float, int]:
    """How far ``lam`` falls until a variable joins or leaves, and which (-1: none); ``left`` did so just now."""
    (g, a), (x, d) = slope, at
    steps = [(lam, -1)]
    for j in range(len(g)):
        if active[j]:
            steps += [(-x[j] / d[j], j)] if x[j] * d[j] < 0 else []
            continue
        for top, bottom in ((lam - g[j], 1 + a[j]), (lam + g[j], 1 - a[j])):
            if bottom > 1e-14 and not (j == left and top < 1e-10 * lam):
                steps.append((max(float(top / bottom), 0.0), j))
    return min(steps)


def fixed_length(found: Trends, aim: Target, m: float, level: float) -> Affine:
    """The shortest interval around an affine estimator that covers under ``|second differences| <= m``.

    With ``w'delta = sum of omega_t d_t`` over the path's steps, a bounded bias needs ``sum omega = 0``; then the worst
    bias is ``m sum |Omega_t|`` with ``Omega_t`` the running sums. Those before adoption, x, are free: the interval's
    half length is the folded quantile at ``bias(x)``, ``std_error(x)``, a convex function of x (Lubin, Bienstock and
    Vielma 2016); its minimum lies on the path of a lasso.

    Parameters
    ----------
    found : Trends
        Against the last pre-period.
    aim : Target
    m : float
    level : float
    """
    L = tail_weights(aim.weights)
    fixed = float(np.abs(L.sum() - np.concatenate([[0.0], np.cumsum(L[:-1])])).sum())
    w0, N = _weights_by_sums(found, aim, L)
    V = found.vcov
    path = lasso_path(N.T @ V @ N, N.T @ V @ w0)

    def affine(lam: float) -> Affine:
        x = path.at(lam)
        w = w0 + N @ x
        error, bias = math.sqrt(w @ V @ w), m * (float(np.abs(x).sum()) + fixed)
        return Affine(w, float(w @ found.estimates), bias, error, folded_quantile(bias, error, level))

    def slope(lam: float) -> float:
        e = affine(lam)
        return lam - m * e.std_error * _exchange(e)

    top = float(path.lam[-1])
    if not len(path.x[0]) or m == 0 or top == 0:
        return affine(0.0)
    if slope(top) <= 0:
        return affine(top)
    return affine(float(optimize.brentq(slope, 0.0, top, xtol=1e-13 * top, rtol=1e-13)))


def _exchange(e: Affine) -> float:
    """What a unit of bias is worth in units of the error, at the quantile: ``(dq/dbias) / (dq/derror)``."""
    t, z = e.bias / e.std_error, e.half_length / e.std_error
    near = 1.0
    far = math.exp(-2 * z * t)  # density at z + t by that at z - t
    return (near - far) / ((z - t) * near + (z + t) * far)


def _weights_by_sums(found: Trends, aim: Target, L: FloatArray) -> tuple[FloatArray, FloatArray]:
    """``w = w0 + N x`` for the running sums x (p - 1,) of the weights of steps before adoption."""
    p, m = found.n_pre, len(found.events)
    D = steps_before(found)
    w0 = np.concatenate([np.zeros(p), aim.weights])
    w0 += -float(L.sum()) * D[p - 1]
    # omega_s = x_s - x_s-1 for the first p - 1 steps, the last one takes the rest
    N = np.zeros((m, p - 1))
    for s in range(p - 1):
        N[:, s] = D[s] - D[s + 1]
    return w0, N
