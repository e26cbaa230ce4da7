"""The joint covariance of several fits on rows of one panel, and tests of linear combinations of their coefficients.

With T_j the transform and S_j the cluster sums of the scores of fit j, side by side ``S = [S_1 ... S_J]``::

    V = factor * T (S'S) T',    T = blockdiag(T_1, ..., T_J)

(the "seemingly unrelated" sandwich of Weesie 1999; rows without clusters are clusters of their own). A cluster that
several fits share correlates their coefficients. Under iid errors ``V_jk = s_jk T_j Z_j'Z_k T_k'`` instead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate

import numpy as np
import polars as pl
from scipy import special
from scipy.linalg import block_diag

from econloom.core.covariances import VcovSpec
from econloom.core.estimate import Test, Unavailable
from econloom.panel.absorb import FloatArray, Grouping, IntArray, levelled, pairwise_redundant
from econloom.panel.columns import grouped
from econloom.panel.conventions import Correction, Counts, correction
from econloom.panel.diagnostics.wald import wald
from econloom.panel.fitted import Fit
from econloom.panel.inference.clustering import clustered_meat

ROBUST = ("hc1", "cluster")


@dataclass(frozen=True)
class Combination:
    """A linear combination of coefficients with its precision; the interval covers 95 per cent."""

    estimate: float
    std_error: float
    statistic: float
    p_value: float
    conf_low: float
    conf_high: float


@dataclass(frozen=True)
class Joint:
    """Coefficients of several fits as one vector.

    Attributes
    ----------
    names : tuple of tuple of str
        Terms of each fit.
    coefficients : (P,) array
    vcov : (P, P) array
    df : float or None
        Of t and F; None for the normal law.
    clusters : int or None
        The fewest of any way, over the rows of all fits.
    """

    names: tuple[tuple[str, ...], ...]
    coefficients: FloatArray
    vcov: FloatArray
    df: float | None
    clusters: int | None

    @cached_property
    def starts(self) -> list[int]:
        """Where the terms of each fit begin."""
        return [0, *accumulate(len(n) for n in self.names)]

    def at(self, fit: int, term: str) -> int:
        """Place of a coefficient in the vector."""
        return self.starts[fit] + self.names[fit].index(term)

    def combine(self, weights: FloatArray) -> Combination:
        """``w'b`` with its standard error, test that it is zero, and interval."""
        estimate = float(weights @ self.coefficients)
        return located(estimate, math.sqrt(max(float(weights @ self.vcov @ weights), 0.0)), self.df)

    def difference(self, first: int, second: int, term: str) -> Combination:
        """A term's coefficient in one fit less that in another."""
        return self.combine(self.contrast(first, second, term))

    def contrast(self, first: int, second: int, term: str) -> FloatArray:
        """Weights of the difference of one term between two fits."""
        weights = np.zeros(len(self.coefficients))
        weights[self.at(first, term)], weights[self.at(second, term)] = 1.0, -1.0
        return weights

    def wald(self, contrasts: Sequence[FloatArray], null: str) -> Test | Unavailable:
        """Joint test that several linear combinations are zero."""
        R = np.vstack(contrasts)
        return wald(R @ self.coefficients, R @ self.vcov @ R.T, self.df, null)


def located(estimate: float, error: float, df: float | None) -> Combination:
    """An estimate with the t (or, without df, normal) test and interval of its standard error; NaN where it is zero."""
    if not error > 0:
        return Combination(estimate, *[float("nan")] * 5)
    t = estimate / error
    p = 2 * (float(special.ndtr(-abs(t))) if df is None else float(special.stdtr(df, -abs(t))))
    reach = error * (float(special.ndtri(0.975)) if df is None else float(special.stdtrit(df, 0.975)))
    return Combination(estimate, error, t, p, estimate - reach, estimate + reach)


def stacked(fits: Sequence[Fit]) -> Joint | Unavailable:
    """As one regression in which everything, effects too, is interacted with the number of the fit (Chow 1960).

    The factor and the degrees of freedom are those of the fits' convention for that regression.

    Parameters
    ----------
    fits : sequence of Fit
        With one covariance (iid, hc1 or cluster) and one convention. Their rows may overlap, but not under iid.

    Returns
    -------
    Joint or Unavailable
    """
    if (why := _refused(fits)) is not None:
        return why
    vcov, ssc = fits[0].request.vcov, fits[0].request.ssc
    ways = _ways(fits)
    counts = _added([f.counts for f in fits], min((w.levels for w in ways), default=None))
    if ssc == "reghdfe":
        counts = replace(counts, redundant=pairwise_redundant(_interacted(fits), counts.nested))
    rule = correction(ssc, vcov, counts)
    T = block_diag(*(f.estimate.transform for f in fits))
    if vcov.kind == "iid":
        if overlap(fits):
            return Unavailable("under iid errors groups must not share rows: use el.hc1() or el.cluster()")
        scales = [_mean_weight(f) for f in fits]
        rss = sum(f.estimate.rss * s for f, s in zip(fits, scales, strict=True))
        V = block_diag(*(f.estimate.bread(f.absorbed) / s for f, s in zip(fits, scales, strict=True))) * rss
    else:
        V = T @ _meat(fits, ways) @ T.T
    return _joint(fits, rule.factor * V, rule, counts.clusters)


def suest(fits: Sequence[Fit]) -> Joint | Unavailable:
    """As Stata's ``suest``: robust or clustered, factor G/(G-1) (n/(n-1) without clusters), normal law.

    Under iid errors the fits are taken as robust, as that command does.
    """
    robust = [f.request.vcov for f in fits]
    if robust[0].kind == "iid":
        fits = [replace(f, request=replace(f.request, vcov=VcovSpec("hc1"))) for f in fits]
    if (why := _refused(fits)) is not None:
        return why
    ways = _ways(fits)
    G = min(w.levels for w in ways)
    if G < 2:
        return Unavailable("all rows lie in one cluster")
    T = block_diag(*(f.estimate.transform for f in fits))
    rule = Correction(G / (G - 1), 0, "normal", None)
    clusters = G if fits[0].clusters else None
    return _joint(fits, rule.factor * (T @ _meat(fits, ways) @ T.T), rule, clusters)


def equations(fits: Sequence[Fit]) -> Joint | Unavailable:
    """Equations of different outcomes on the same rows: each block has the factor of its own fit.

    ``V_jk = sqrt(f_j f_k) T_j S_j'S_k T_k'``, and under iid errors ``sqrt(f_j f_k) e_j'W e_k T_j Z_j'W Z_k T_k'``; the
    diagonal blocks are the covariances that the fits print.
    """
    if (why := _refused(fits)) is not None:
        return why
    T = block_diag(*(f.estimate.transform for f in fits))
    vcov = fits[0].request.vcov
    rules = [correction(f.request.ssc, vcov, f.counts) for f in fits]
    scale = np.concatenate([np.full(len(f.estimate.names), r.factor**0.5) for f, r in zip(fits, rules, strict=True)])
    if vcov.kind == "iid":
        if any(not np.array_equal(f.design.rows, fits[0].design.rows) for f in fits):
            return Unavailable("under iid errors the equations need the same rows: use el.cluster()")
        middle = _iid(fits)
    else:
        middle = _meat(fits, _ways(fits))
    V = (T @ middle @ T.T) * np.outer(scale, scale)
    smallest = min(rules, key=lambda r: float("inf") if r.df is None else r.df)
    clusters = min((c.levels for c in fits[0].clusters), default=None)
    return _joint(fits, V, smallest, clusters)


def _joint(fits: Sequence[Fit], V: FloatArray, rule: Correction, clusters: int | None) -> Joint:
    names = tuple(f.estimate.names for f in fits)
    b = np.concatenate([f.estimate.coefficients for f in fits])
    return Joint(names, b, (V + V.T) / 2, rule.df, clusters)


def _refused(fits: Sequence[Fit]) -> Unavailable | None:
    """Why the fits have no joint covariance."""
    first = fits[0].request
    if any(f.estimate.perfect_fit for f in fits):
        return Unavailable("a model fits perfectly: its residuals are rounding")
    if any(f.request.vcov != first.vcov or f.request.ssc != first.ssc for f in fits):
        return Unavailable("the models differ in covariance or convention")
    if first.vcov.kind not in {"iid", *ROBUST}:
        return Unavailable(f"not defined for {first.vcov}: use el.cluster() or el.hc1()")
    return None


def union(fits: Sequence[Fit]) -> IntArray:
    """Positions in the panel of the rows of all fits, each once."""
    return np.unique(np.concatenate([f.design.rows for f in fits]))


def overlap(fits: Sequence[Fit]) -> int:
    """Rows that more than one fit has."""
    return int(sum(f.design.n for f in fits)) - len(union(fits)) if len(fits) > 1 else 0


def _ways(fits: Sequence[Fit]) -> list[Grouping]:
    """Groups over the union of the rows: one for each way of clustering, the rows themselves without clusters."""
    rows, asked = union(fits), fits[0].request
    if not asked.cluster_ways:
        return [Grouping("row", np.arange(len(rows), dtype=np.int64), len(rows))] if asked.vcov.kind == "hc1" else []
    there = asked.panel.with_rows(asked.panel.frame[rows])
    return [grouped(there, keys).grouping("^".join(keys), None) for keys in asked.cluster_ways]


def _meat(fits: Sequence[Fit], ways: Sequence[Grouping]) -> FloatArray:
    rows = union(fits)
    places = [np.searchsorted(rows, f.design.rows) for f in fits]

    def sums(groups: Grouping) -> FloatArray:
        parts = zip(fits, places, strict=True)
        return np.hstack([
            f.estimate.score_sums(f.absorbed, Grouping(groups.name, np.ascontiguousarray(groups.codes[at]),
                                                       groups.levels))
            for f, at in parts
        ])  # fmt: skip

    return clustered_meat(sums, ways)


def _iid(fits: Sequence[Fit]) -> FloatArray:
    """``e_j'W e_k Z_j'W Z_k`` in blocks."""
    order = [np.argsort(f.design.rows, kind="stable") for f in fits]
    Z = [f.estimate.instruments(f.absorbed)[o] for f, o in zip(fits, order, strict=True)]
    e = np.column_stack([f.estimate.residuals[o] for f, o in zip(fits, order, strict=True)])
    weights = fits[0].absorbed.weights
    w = np.ones(len(e)) if weights is None else weights[order[0]]
    products = e.T @ (e * w[:, None])
    return np.block([
        [products[j, k] * (Zj.T @ (Zk * w[:, None])) for k, Zk in enumerate(Z)] for j, Zj in enumerate(Z)
    ])  # fmt: skip


def _mean_weight(fit: Fit) -> float:
    """What a fit divided its weights by."""
    name = fit.request.weights
    if name is None:
        return 1.0
    return float(fit.request.panel.column(name).cast(pl.Float64).to_numpy()[fit.design.rows].mean())


def _interacted(fits: Sequence[Fit]) -> list[Grouping]:
    """The effects of all fits below one another, each fit with levels of its own."""
    found = []
    for effects in zip(*(levelled(f.design.effects, f.design.slopes) for f in fits), strict=True):
        starts = np.cumsum([0, *(e.levels for e in effects)])
        codes = np.concatenate([e.codes + start for e, start in zip(effects, starts, strict=False)])
        found.append(Grouping(effects[0].name, codes, int(starts[-1])))
    return found


def _added(counts: Sequence[Counts], clusters: int | None) -> Counts:
    """What small-sample rules see of the interacted regression."""
    first = counts[0]
    places = range(len(first.levels))
    units = [c.unit_levels for c in counts if c.unit_levels is not None]
    return Counts(
        n=sum(c.n for c in counts),
        regressors=sum(c.regressors for c in counts),
        levels=tuple(sum(c.levels[p] for c in counts) for p in places),
        nested=tuple(all(c.nested[p] for c in counts) for p in places),
        absorbed_rank=sum(c.absorbed_rank for c in counts),
        unit_levels=sum(units) if len(units) == len(counts) else None,
        clusters=clusters,
        redundant=tuple(sum(c.redundant[p] for c in counts) for p in places),
        slopes=sum(c.slopes for c in counts),
    )
