"""Conditional logit: one effect conditioned out, so that its many levels bias nothing (Chamberlain 1980).

Given how many ones a group has, s of its T rows, the effect drops out of the probability of which they are::

    L_g = exp(sum_t y_t x_t'b) / f(T, s),    f(t, k) = f(t-1, k) + exp(x_t'b) f(t-1, k-1)

f sums over all choices of s rows; the recursion makes it exact in T s steps, its first two derivatives likewise
(Howard 1972; Krailo and Pike 1984). Groups of the same T and s run together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from econloom.core.errors import EstimationError, listed
from econloom.panel.absorb import FloatArray, Grouping, IntArray
from econloom.panel.design import Design
from econloom.panel.linear.ols import Estimate
from econloom.panel.linear.selection import Removed, factorise
from econloom.panel.moments import Absorbed, Moments, cross_multiply, sweep
from econloom.panel.nonlinear.separation import MOVING, STILL, Separation

TOLERANCE = 1e-8
"""Newton's decrement at the end, the root of a group's share of ``step' information step``."""
MOST = 100
HALVINGS = 40
CELLS = 4_000_000
"""Numbers of the second derivatives held at once."""


@dataclass(frozen=True)
class Groups:
    """Rows sorted by group.

    Attributes
    ----------
    X : (n, k) array
        Less group means: that changes no probability.
    y : (n,) array
    starts : (G,) int array
    buckets : list of (int, int, (G_b,) int array)
        Rows T, ones s, and which groups have both.
    """

    X: FloatArray
    y: FloatArray
    starts: IntArray
    buckets: list[tuple[int, int, IntArray]]

    @classmethod
    def of(cls, X: FloatArray, y: FloatArray, effect: Grouping) -> Groups:
        """Of rows that are sorted by the effect."""
        sizes = effect.sizes()
        ones = np.bincount(effect.codes, weights=y, minlength=effect.levels).astype(np.int64)
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
        kinds, member = np.unique(np.column_stack([sizes, ones]), axis=0, return_inverse=True)
        members = [np.flatnonzero(member.reshape(-1) == j) for j in range(len(kinds))]
        return cls(X, y, starts, [(int(T), int(s), m) for (T, s), m in zip(kinds, members, strict=True)])

    def runs(self) -> Iterator[tuple[int, IntArray]]:
        """Ones and groups, (G_b,), in runs that fit into memory."""
        for _, s, members in self.buckets:
            size = max(1, CELLS // ((s + 1) * max(self.X.shape[1], 1) ** 2))
            for begin in range(0, len(members), size):
                yield s, members[begin : begin + size]


@dataclass(frozen=True)
class Slope:
    """The log likelihood at some coefficients, the scores of the groups (G, k), and the information (k, k)."""

    loglik: float
    scores: FloatArray
    information: FloatArray


@dataclass(frozen=True)
class Conditional:
    """Where the conditional likelihood is largest.

    Attributes
    ----------
    estimate : Estimate
        Over groups instead of rows: its scores are theirs.
    moments : Moments
        Of the scores of the groups.
    loglik, loglik_null : float
        At the maximum, and with all coefficients zero.
    iterations : int
    """

    estimate: Estimate
    moments: Moments
    loglik: float
    loglik_null: float
    iterations: int


def conditional_logit(
    design: Design, outcome: tuple[int, str], regressors: Sequence[tuple[int, str]]
) -> Conditional | Separation:
    """Maximise the conditional likelihood of a model with one effect, or say what separates.

    Raises
    ------
    EstimationError
        No regressor varies within the groups, or the iteration does not converge.
    """
    absorbed = sweep(design)
    found = factorise(cross_multiply(absorbed), outcome[0], [c for c, _ in regressors], [n for _, n in regressors])
    if not found.kept:
        why = listed(f"{name} ({reason})" for name, reason in found.removed) or "the formula has none"
        raise EstimationError(f"no regressor of {outcome[1]} is left: {why}")
    names = tuple(dict(regressors)[c] for c in found.kept)
    lengths = found.lengths / np.sqrt(absorbed.n)
    groups = Groups.of(absorbed.block[:, list(found.kept)] / lengths, design.block[:, outcome[0]], design.effects[0])
    b = np.zeros(len(names))
    here = null = slope_at(groups, b)
    for iteration in range(1, MOST + 1):
        step = _newton(here, outcome[1])
        if apart := _separation(groups, step, names):
            return apart
        if np.sqrt(step @ here.information @ step / len(groups.starts)) < TOLERANCE:
            scales = lengths * absorbed.scales[list(found.kept)]
            estimate, moments = _estimate(here, b + step, scales, names, found.removed, design.n)
            return Conditional(estimate, moments, here.loglik, null.loglik, iteration)
        b, here = _halved(groups, b, step, here)
    raise EstimationError(f"conditional logit of {outcome[1]}: no convergence in {MOST} iterations")


def slope_at(groups: Groups, b: FloatArray) -> Slope:
    """Log likelihood, scores and information, exactly."""
    k = len(b)
    loglik, scores, information = 0.0, np.zeros((len(groups.starts), k)), np.zeros((k, k))
    sizes = np.diff(np.append(groups.starts, len(groups.y)))
    for s, members in groups.runs():
        rows = groups.starts[members][:, None] + np.arange(sizes[members[0]])
        X, y = groups.X[rows], groups.y[rows]
        log_sum, mean, second = _choices(X, X @ b, s)
        loglik += float(np.sum(y * (X @ b)) - log_sum.sum())
        scores[members] = np.einsum("gt,gtk->gk", y, X) - mean
        information += second.sum(axis=0) - mean.T @ mean
    return Slope(loglik, scores, (information + information.T) / 2)


def _choices(X: FloatArray, eta: FloatArray, s: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of the sum over choices of s rows: its logarithm (G,), gradient over sum (G, k), second derivatives over sum.

    The predictor is shifted so that choices of s rows are the likeliest, and sums are scaled on the way: nothing
    overflows, and what underflows is negligible.
    """
    G, T, k = X.shape
    order = np.sort(eta, axis=1)
    shift = (order[:, T - s] + order[:, T - s - 1]) / 2
    with np.errstate(over="ignore", under="ignore"):
        a = np.exp(np.clip(eta - shift[:, None], -600, 600))
    f, f1, f2 = np.zeros((G, s + 1)), np.zeros((G, s + 1, k)), np.zeros((G, s + 1, k, k))
    f[:, 0] = 1.0
    log_scale = s * shift
    for t in range(T):
        x, c = X[:, t, None, :], a[:, t, None]
        g, g1 = f[:, :-1], f1[:, :-1]
        cross = x[..., :, None] * g1[..., None, :]
        grown = f2[:, :-1] + cross + cross.swapaxes(-1, -2) + g[..., None, None] * (x[..., :, None] * x[..., None, :])
        f2[:, 1:] += c[..., None, None] * grown
        f1[:, 1:] += c[..., None] * (g1 + x * g[..., None])
        f[:, 1:] += c * g
        top = f.max(axis=1)
        f /= top[:, None]
        f1 /= top[:, None, None]
        f2 /= top[:, None, None, None]
        log_scale = log_scale + np.log(top)
    total = f[:, s]
    return np.log(total) + log_scale, f1[:, s] / total[:, None], f2[:, s] / total[:, None, None]


def _newton(here: Slope, outcome: str) -> FloatArray:
    """The step; refuses an information that is not positive definite."""
    try:
        np.linalg.cholesky(here.information)
        return np.asarray(np.linalg.solve(here.information, here.scores.sum(axis=0)))
    except np.linalg.LinAlgError as error:
        raise EstimationError(f"conditional logit of {outcome}: the information is singular") from error


def _halved(groups: Groups, b: FloatArray, step: FloatArray, here: Slope) -> tuple[FloatArray, Slope]:
    """The next coefficients: the step, halved while the likelihood falls."""
    share = 1.0
    for _ in range(HALVINGS):
        there = slope_at(groups, b + share * step)
        if there.loglik >= here.loglik - 1e-12 * abs(here.loglik):
            break
        share /= 2
    return b + share * step, there


def _separation(groups: Groups, step: FloatArray, names: tuple[str, ...]) -> Separation | None:
    """Whether in no group a zero is above a one along the step, which varies in some group."""
    d = groups.X @ step
    largest = float(np.abs(d).max())
    lowest = np.minimum.reduceat(np.where(groups.y == 1, d, np.inf), groups.starts)
    gap = lowest - np.maximum.reduceat(np.where(groups.y == 0, d, -np.inf), groups.starts)
    if largest < TOLERANCE or gap.min() < -STILL * largest:
        return None
    sizes = np.diff(np.append(groups.starts, len(d)))
    varies = np.maximum.reduceat(np.abs(d), groups.starts) > MOVING * largest
    moved = np.abs(step) > MOVING * np.abs(step).max()
    return Separation(np.repeat(varies, sizes), tuple(np.array(names)[moved].tolist()))


def _estimate(
    here: Slope, b: FloatArray, scales: FloatArray, names: tuple[str, ...], removed: Removed, n: int
) -> tuple[Estimate, Moments]:
    G, k = here.scores.shape
    whitening = solve_triangular(np.linalg.cholesky(here.information), np.eye(k), lower=True).T
    absorbed = Absorbed(here.scores, np.zeros(k), np.ones(k), (False,) * k, None, 0, None)
    estimate = Estimate(
        names=names,
        coefficients=b / scales,
        transform=whitening / scales[:, None],
        columns=tuple(range(k)),
        whitening=whitening,
        extra=np.zeros((G, 0)),
        residuals=np.ones(G),
        removed=removed,
        rss=float(n),
        tss_within=float(n),
        perfect_fit=False,
        reciprocal_condition=1.0,
    )
    return estimate, Moments(absorbed, here.scores.T @ here.scores)
