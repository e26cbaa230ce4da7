"""Confidence sets where steps of the trend after adoption are at most Mbar times the largest before it.

The set of trends is a union over which step before adoption is largest, and its sign (Rambachan and Roth 2023). For one
of them the moments are ``+-(d_t) <= Mbar d_s``, t after adoption, with the effects of the other periods as nuisance.
The dual of Andrews, Roth and Pakes' programme has few vertices here: an upper and a lower bound of the target and, for
each t, the two moments of t together. So that each test is one of linear statistics, without a programme.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from econloom.panel.absorb import FloatArray
from econloom.panel.did.trend_paths import Target, Trends, steps_before, tail_weights

BoolArray = npt.NDArray[np.bool_]
KAPPA = 0.1  # share of the error rate that goes to the least favourable first stage
_NODES, _MASS = np.polynomial.legendre.leggauss(200)
_GRID, _FINER, _ROUNDS = 1001, 64, 4  # ends to a relative 1000 * 64^4 of the set


@dataclass(frozen=True, eq=False)
class Moments:
    """The target's estimate and one step before adoption (signed), with Mbar: all that a test uses.

    Attributes
    ----------
    x, y : float
        ``l'b`` and the step ``d_s`` with its sign.
    cov : (2, 2) array
        Of both.
    reach : float
        ``Mbar sum |L_t|``: the bias that a step of one allows.
    above, below : float
        Scale of the target's lower and upper bound: the normed sum of the moments' errors.
    pairs : (q,) array
        Weight of ``-d_s`` in the statistic of each t.
    """

    x: float
    y: float
    cov: FloatArray
    reach: float
    above: float
    below: float
    pairs: FloatArray

    def directions(self) -> FloatArray:
        """Statistics as (v, 2) weights of ``(x - theta, y)``, normed as in the programme."""
        rows = [(1 / self.above, -self.reach / self.above), (-1 / self.below, -self.reach / self.below)]
        return np.array(rows + [(0.0, -k) for k in self.pairs])


def moments(found: Trends, aim: Target, mbar: float) -> list[Moments]:
    """Those of every step before adoption and both signs."""
    p, L = found.n_pre, tail_weights(aim.weights)
    q = len(L)
    D, V, b = steps_before(found), found.vcov, found.estimates
    after = np.zeros((q, len(b)))
    after[np.arange(q), p + np.arange(q)] = 1.0
    after[np.arange(1, q), p + np.arange(q - 1)] = -1.0
    l = np.concatenate([np.zeros(p), aim.weights])
    used = []
    for s in range(p):
        for sign in (1.0, -1.0):
            y = sign * D[s]
            up, down = _errors(after - mbar * y, V), _errors(-after - mbar * y, V)
            both = up + down
            used.append(
                Moments(
                    float(l @ b), float(y @ b), np.array([[l @ V @ l, l @ V @ y], [l @ V @ y, y @ V @ y]]),
                    mbar * float(np.abs(L).sum()),
                    float(np.abs(L) @ np.where(L >= 0, up, down)), float(np.abs(L) @ np.where(L >= 0, down, up)),
                    2 * mbar / both,
                )
            )  # fmt: skip
    return used


def _errors(A: FloatArray, V: FloatArray) -> FloatArray:
    found: FloatArray = np.sqrt(np.einsum("ij,jk,ik->i", A, V, A))
    return found


def least_favourable(one: Moments, kappa: float) -> float:
    """The ``1 - kappa`` quantile of the largest statistic where every moment binds, by quadrature over the step."""
    sx, sy = math.sqrt(one.cov[0, 0]), math.sqrt(one.cov[1, 1])
    slope = one.cov[0, 1] / one.cov[1, 1]
    rest = math.sqrt(max(one.cov[0, 0] - slope * one.cov[0, 1], 0.0))

    def within(c: float) -> float:
        low = -9.5 * sy
        if one.reach > 0:
            low = max(low, -c / float(one.pairs.max()), -c * (one.above + one.below) / (2 * one.reach))
        y = low + (9.5 * sy - low) * (_NODES + 1) / 2
        upper, lower = c * one.above + one.reach * y - slope * y, -c * one.below - one.reach * y - slope * y
        mass = special.ndtr(upper / rest) - special.ndtr(lower / rest)
        density = np.exp(-0.5 * (y / sy) ** 2) / (sy * math.sqrt(2 * math.pi))
        return float(_MASS @ (mass * density)) * (9.5 * sy - low) / 2

    scale = max(sx / min(one.above, one.below), float(one.pairs.max()) * sy)
    high = scale * 2
    while within(high) < 1 - kappa:
        high *= 2
    return float(optimize.brentq(lambda c: within(c) - (1 - kappa), 1e-12 * scale, high, xtol=1e-12, rtol=1e-12))


def rejected(one: Moments, theta: FloatArray, size: float, critical: float) -> BoolArray:
    """Whether ``theta`` (g,) is rejected: above ``critical``, or below it at ``size`` given which moment binds."""
    G = one.directions()
    C = G @ one.cov @ G.T
    T = G[:, [0]] * (one.x - theta)[None, :] + G[:, [1]] * one.y
    b = np.argmax(T, axis=0)
    top = T[b, np.arange(len(theta))]
    var = np.diag(C)[b]
    degenerate = var <= 1e-14 * float(np.diag(C).max())
    rho = C[:, b] / np.where(degenerate, 1.0, var)
    free, room = T - rho * top, 1 - rho
    with np.errstate(divide="ignore", invalid="ignore"):
        bound = free / room
    lower = np.where(room > 1e-9, bound, -np.inf).max(axis=0)
    upper = np.minimum(np.where(room < -1e-9, bound, np.inf).min(axis=0), critical)
    sd = np.sqrt(np.where(degenerate, 1.0, var))
    beyond = _truncated_tail(top / sd, lower / sd, upper / sd) < size
    found: BoolArray = (top > critical) | np.where(degenerate, top > 0, (top > 0) & beyond)
    return found


def _truncated_tail(z: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """``P(Z > z | low < Z < high)`` for z above 0, without loss far in the tail."""
    base = special.log_ndtr(-np.minimum(low, z))
    far = np.exp(special.log_ndtr(-high) - base)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: FloatArray = (np.exp(special.log_ndtr(-z) - base) - far) / (1 - far)
    return np.where(high <= np.minimum(low, z), 1.0, found)


def interval(one: Moments, alpha: float) -> tuple[float, float] | None:
    """Lowest and highest target that the test of one step and sign does not reject; None where it rejects all."""
    critical = least_favourable(one, KAPPA * alpha)
    size = (alpha - KAPPA * alpha) / (1 - KAPPA * alpha)
    if one.pairs.size and float((-one.pairs * one.y).max()) > critical:
        return None
    low, high = one.x - one.reach * one.y - critical * one.above, one.x + one.reach * one.y + critical * one.below
    if low >= high:
        return None
    grid = np.linspace(low, high, _GRID)
    kept = np.flatnonzero(~rejected(one, grid, size, critical))
    if not len(kept):
        return None
    ends = []
    for at, step in ((int(kept[0]), -1), (int(kept[-1]), 1)):
        inside, outside = grid[at], grid[min(max(at + step, 0), _GRID - 1)]
        for _ in range(_ROUNDS):
            finer = np.linspace(inside, outside, _FINER + 1)
            last = int(np.flatnonzero(~rejected(one, finer, size, critical))[-1])
            inside, outside = finer[last], finer[min(last + 1, _FINER)]
        ends.append(float(inside))
    return ends[0], ends[1]


def conditional_hybrid(found: Trends, aim: Target, mbar: float, level: float) -> tuple[float, float] | None:
    """Lowest and highest target in the union of the sets of all steps and signs.

    Parameters
    ----------
    found : Trends
        Against the last pre-period.
    aim : Target
    mbar : float
    level : float
    """
    sets = [s for one in moments(found, aim, mbar) if (s := interval(one, 1 - level)) is not None]
    return (min(s[0] for s in sets), max(s[1] for s in sets)) if sets else None
