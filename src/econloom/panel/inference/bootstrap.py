"""The wild cluster bootstrap from sums over clusters: no regression is run again.

The null is imposed (Cameron, Gelbach and Miller 2008; Roodman, MacKinnon, Nielsen and Webb
2019). A coefficient is ``b = p'W y``; under ``b = r`` the residuals are ``u(r) = e + (b - r) x`` with
``x = p / (p'W p)``. A draw multiplies them by one number v_g in each cluster, and

    b* - r = sum_g v_g s_g(r),                  s_g(r) = sum_(i in g) w_i p_i u_i(r)
    V*     = factor sum_h (sum_g K_hg(r) v_g)^2,  K_hg(r) = sum_(i in g) w_i m_hi u_i(r)

with ``m_h`` the residual, on all regressors and effects, of p in cluster h and zero elsewhere. s and K are linear in
r, so numbers that do not depend on r serve every null hypothesis, and the interval (all r that a 5 per cent test does
not reject) costs no further draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from econloom.core.covariances import BootWeights, Draws
from econloom.core.covariances import wild as wild_spec
from econloom.core.errors import EstimationError, UsageError, did_you_mean
from econloom.panel.absorb import FloatArray, Grouping
from econloom.panel.linear.iv import IVEstimate
from econloom.panel.linear.ols import Estimate
from econloom.panel.moments import Absorbed
from econloom.panel.passes import one_blas_thread

if TYPE_CHECKING:
    from econloom.panel.fitted import Fit

ALPHA = 0.05
TIES = 1e-9
"""Squared statistics nearer than this share of each other are equal."""
COLUMNS = 64
CELLS = 4_000_000
MOST_CLUSTERS = 5_000
WEBB = np.array([-(1.5**0.5), -1.0, -(0.5**0.5), 0.5**0.5, 1.0, 1.5**0.5])


@dataclass(frozen=True)
class WildBootstrap:
    """A wild cluster bootstrap test of one coefficient.

    Attributes
    ----------
    term : str
    null : float
        Value tested.
    estimate, statistic : float
        The coefficient and ``(estimate - null) / std_error``.
    p_value : float
        Share of the draws with a larger ``|t*|``; draws that tie with the sample do not count.
    conf_low, conf_high : float
        All null values that a 5 per cent test does not reject; infinite where every one is kept.
    draws, clusters : int
    enumerated : bool
        Whether the draws are all sign vectors (half of them, as v and -v give the same ``|t*|``).
    warnings : tuple of str
    """

    term: str
    null: float
    estimate: float
    statistic: float
    p_value: float
    conf_low: float
    conf_high: float
    draws: int
    clusters: int
    enumerated: bool
    warnings: tuple[str, ...]


def wild_bootstrap(
    fit: Fit,
    term: str,
    draws: int = 9_999,
    weights: BootWeights = "rademacher",
    seed: int = 1,
    null: float = 0.0,
) -> WildBootstrap:
    """Test one coefficient by the wild cluster bootstrap with the null imposed.

    Parameters
    ----------
    fit : Fit
        With a covariance clustered in one way (``cluster``, ``cr2``, ``cr3`` or ``wild``).
    term : str
    draws : int
        Where Rademacher draws have no more sign vectors than this, all are taken.
    weights : {"rademacher", "webb"}
        Two points, or six (Webb 2023): for few clusters.
    seed : int
    null : float

    Returns
    -------
    WildBootstrap

    Raises
    ------
    UsageError
        No cluster, a term that the model does not have, or that was left out (a treatment of all clusters, say).
    EstimationError
        Two clusters, instruments, a perfect fit.

    Examples
    --------
    >>> import econloom as el, polars as pl
    >>> data = pl.DataFrame({"g": [1, 1, 2, 2, 3, 3, 4, 4], "x": [1.0, 2, 1, 4, 2, 6, 0, 3],
    ...                      "y": [1.0, 2, 0, 4, 2, 7, 1, 2]})
    >>> found = wild_bootstrap(el.ols("y ~ x | g", data, vcov=el.cluster("g")), "x")
    >>> found.p_value, found.draws, found.enumerated
    (0.0, 8, True)
    """
    names = fit.estimate.names
    if term not in names:
        gone = dict(fit.estimate.removed).get(term)
        why = f": it was left out, {gone}" if gone else did_you_mean(term, names)
        raise UsageError(f"no coefficient {term!r} to test{why}")
    if len(fit.clusters) != 1:
        raise UsageError("the wild cluster bootstrap needs one way of clustering", hint="vcov=el.cluster('g')")
    spec = wild_spec(fit.clusters[0].name, draws, weights, seed).draws or Draws()
    factor = _cluster_factor(fit)
    at = names.index(term)
    return wild_tests(fit.estimate, fit.absorbed, fit.clusters[0], spec, factor, [at], null)[0]


def _cluster_factor(fit: Fit) -> float:
    from econloom.core.covariances import VcovSpec
    from econloom.panel.conventions import correction

    return correction(fit.request.ssc, VcovSpec("cluster", (fit.clusters[0].name,)), fit.counts).factor


def wild_tests(
    estimate: Estimate,
    absorbed: Absorbed,
    clusters: Grouping,
    spec: Draws,
    factor: float,
    terms: list[int] | None = None,
    null: float = 0.0,
) -> list[WildBootstrap]:
    """Bootstrap tests of some coefficients (all by default) with the same draws.

    Raises
    ------
    EstimationError
        Two clusters, too many clusters, instruments, a perfect fit.
    """
    _refuse(estimate, clusters)
    signs = Signs(clusters.levels, spec)
    found = []
    for at in range(len(estimate.names)) if terms is None else terms:
        with one_blas_thread():
            sums = null_sums(estimate, absorbed, clusters, at)
            drawn = drawn_parts(sums, signs)
        b = float(estimate.coefficients[at])
        spread = float(np.sqrt(factor * (sums.own @ sums.own)))
        test = _Test(drawn, float(sums.own @ sums.own), b)
        low, high = (test.bound(side * spread) for side in (-1.0, 1.0)) if spread > 0 else (np.nan, np.nan)
        p = test.p_value(null) if spread > 0 else np.nan
        t = (b - null) / spread if spread > 0 else np.nan
        said = _said(clusters, signs, spec, estimate.names[at], low, high, p)
        found.append(
            WildBootstrap(
                estimate.names[at], null, b, t, p, low, high, signs.number, clusters.levels, signs.enumerated, said
            )
        )
    return found


@dataclass(frozen=True)
class Sums:
    """s and K at ``r = b`` (``own``, ``residual``) and their slopes in ``b - r``."""

    own: FloatArray
    own_slope: FloatArray
    residual: FloatArray
    residual_slope: FloatArray


def null_sums(estimate: Estimate, absorbed: Absorbed, clusters: Grouping, at: int) -> Sums:
    """What the bootstrap of one coefficient needs, for every null value."""
    p = estimate.instruments(absorbed) @ estimate.transform[at]
    wp = absorbed.weighted(p[:, None])[:, 0]
    x = p / float(wp @ p)
    codes, G = clusters.codes, clusters.levels
    pair = absorbed.weighted(np.column_stack([estimate.residuals, x]))
    K = np.empty((2, G, G))
    order = np.argsort(codes, kind="stable")
    starts = np.concatenate([[0], np.cumsum(clusters.sizes())[:-1]])
    pair_sorted = pair[order]
    for begin in range(0, G, COLUMNS):
        width = min(COLUMNS, G - begin)
        mine = (codes >= begin) & (codes < begin + width)
        B = np.zeros((absorbed.n, width))
        B[mine, codes[mine] - begin] = p[mine]
        M = residuals_on_all(estimate, absorbed, B)[order]
        for k in range(2):
            K[k, begin : begin + width] = np.add.reduceat(M * pair_sorted[:, k : k + 1], starts, axis=0).T
    own, slope = (np.asarray(np.bincount(codes, p * column, G), np.float64) for column in pair.T)
    return Sums(own, slope, K[0], K[1])


def residuals_on_all(estimate: Estimate, absorbed: Absorbed, B: FloatArray) -> FloatArray:
    """Residuals of some columns on all regressors and effects, (n, m)."""
    if absorbed.absorber is not None:
        B = absorbed.absorber.residuals(B)
    elif estimate.extra.shape[1]:
        heavy = absorbed.weighted(B)
        B = B - heavy.sum(axis=0) / (absorbed.n if absorbed.weights is None else absorbed.weights.sum())
    Z = absorbed.block[:, list(estimate.columns)] @ estimate.whitening
    return np.asarray(B - Z @ (Z.T @ absorbed.weighted(B)))


class Drawing(Protocol):
    """Anything that gives draws of numbers by cluster."""

    def blocks(self) -> Iterator[FloatArray]:
        """Some draws at a time, (G, ·)."""
        ...


class Signs:
    """The draws, in blocks (G, ·): all sign vectors with a first +1 where they are few, else random ones."""

    def __init__(self, clusters: int, spec: Draws) -> None:
        self.clusters, self.spec = clusters, spec
        self.enumerated = spec.weights == "rademacher" and clusters < 31 and 2**clusters <= spec.number
        self.number = 2 ** (clusters - 1) if self.enumerated else spec.number

    def blocks(self) -> Iterator[FloatArray]:
        """The draws, some at a time, (G, ·)."""
        rng = np.random.default_rng(self.spec.seed)
        step = max(1, CELLS // self.clusters)
        for begin in range(0, self.number, step):
            size = min(step, self.number - begin)
            yield self._enumerated(begin, size) if self.enumerated else self._random(rng, size)

    def _enumerated(self, begin: int, size: int) -> FloatArray:
        bits = (np.arange(begin, begin + size) >> np.arange(self.clusters)[:, None]) & 1
        return np.asarray(1.0 - 2.0 * bits)

    def _random(self, rng: np.random.Generator, size: int) -> FloatArray:
        if self.spec.weights == "webb":
            return np.asarray(WEBB[rng.integers(0, 6, (self.clusters, size))])
        return np.asarray(2.0 * rng.integers(0, 2, (self.clusters, size)) - 1.0)


def drawn_parts(sums: Sums, signs: Drawing) -> FloatArray:
    """Of every draw what ``t*`` is made of at any r: numerator and its slope, and the three parts of V*, (5, draws)."""
    parts = []
    for v in signs.blocks():
        A, B = sums.residual @ v, sums.residual_slope @ v
        parts.append(
            np.vstack([
                sums.own @ v, sums.own_slope @ v, *(np.einsum("gd,gd->d", a, b) for a, b in ((A, A), (A, B), (B, B)))
            ])
        )  # fmt: skip
    return np.hstack(parts)


@dataclass(frozen=True)
class _Test:
    """The bootstrap test as a function of the null value."""

    drawn: FloatArray
    square: float
    b: float

    def p_value(self, null: float) -> float:
        """Share of draws with ``t*^2 > t^2``, compared without a division."""
        d = self.b - null
        n0, n1, aa, ab, bb = self.drawn
        star = (n0 + d * n1) ** 2 * self.square
        sample = d**2 * np.maximum(aa + 2 * d * ab + d**2 * bb, 0.0)
        return float((star > sample * (1 + TIES)).mean())

    def bound(self, step: float) -> float:
        """End of the interval in the direction of ``step``, one standard error."""
        inside, outside = 0.0, 0.25
        while self.p_value(self.b + outside * step) > ALPHA:
            inside, outside = outside, outside * 1.1
            if outside > 1e5:
                return float(np.copysign(np.inf, step))
        return self.b + step * _bisected(lambda c: self.p_value(self.b + c * step) > ALPHA, inside, outside)


def _bisected(kept: Callable[[float], bool], inside: float, outside: float) -> float:
    for _ in range(60):
        middle = (inside + outside) / 2
        if kept(middle):
            inside = middle
        else:
            outside = middle
    return (inside + outside) / 2


def _refuse(estimate: Estimate, clusters: Grouping) -> None:
    if isinstance(estimate, IVEstimate):
        raise EstimationError("the wild cluster bootstrap is not defined here beside instruments", hint="el.cluster()")
    if estimate.perfect_fit:
        raise EstimationError("the model fits perfectly: there are no residuals to draw from")
    if clusters.levels < 3:
        raise EstimationError(
            f"{clusters.levels} clusters of {clusters.name!r}: their signs make {2 ** (clusters.levels - 1)} different "
            "draws, too few for any p value",
            hint="cluster by a finer column",
        )
    if clusters.levels > MOST_CLUSTERS:
        raise EstimationError(
            f"the wild cluster bootstrap of {clusters.levels:,} clusters is refused (at most {MOST_CLUSTERS:,})",
            hint="el.cluster(): so many clusters need no bootstrap",
        )


def _said(
    clusters: Grouping, signs: Signs, spec: Draws, term: str, low: float, high: float, p: float
) -> tuple[str, ...]:
    said = []
    if spec.weights == "rademacher" and clusters.levels < 6:
        said.append(f"{clusters.levels} clusters have only {2 ** (clusters.levels - 1)} different draws of signs")
    if np.isinf(low) or np.isinf(high):
        said.append(f"the bootstrap interval of {term} is unbounded")
    if p == 0:
        said.append(
            f"no draw of {signs.number:,} has a larger |t| for {term}: its p value is below {1 / signs.number:.2g}"
        )
    return tuple(said)
