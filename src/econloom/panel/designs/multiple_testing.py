"""Families of hypotheses: how often would one of them look significant by chance? ``el.multiple`` is this module.

Bonferroni, Holm (1979) and Romano and Wolf (2005) keep the chance of a single false rejection in the family at the
level; Benjamini and Hochberg (1995) keep the expected share of false ones among the rejections. Romano and Wolf use how
the statistics depend on each other: one set of draws serves all hypotheses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from econloom.core.covariances import BootWeights, Draws
from econloom.core.errors import EstimationError, UsageError, did_you_mean
from econloom.panel.absorb import FloatArray, Grouping, IntArray
from econloom.panel.columns import grouped
from econloom.panel.designs.joint import union
from econloom.panel.fitted import Fit
from econloom.panel.inference.bootstrap import Signs, drawn_parts, null_sums
from econloom.panel.inference.pairs import drawn_grams, drawn_slopes, pairs_columns
from econloom.panel.linear.iv import IVEstimate
from econloom.panel.passes import one_blas_thread

__all__ = ["adjust", "benjamini_hochberg", "bonferroni", "holm", "romano_wolf"]

Method = Literal["bonferroni", "holm", "benjamini_hochberg"]
Family = Mapping[str, tuple[Fit, str]] | Sequence[tuple[Fit, str]]
TIES = 1e-9


def adjust(p_values: Mapping[str, float] | npt.ArrayLike, method: Method = "holm") -> Any:
    """Adjusted p values of a family.

    Parameters
    ----------
    p_values : mapping or (m,) array
    method : {"bonferroni", "holm", "benjamini_hochberg"}

    Returns
    -------
    mapping or (m,) array
        As given.

    Raises
    ------
    UsageError
        An unknown method, an empty family, or a p value that is missing or outside [0, 1].

    Examples
    --------
    >>> adjust({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'b': 0.06, 'c': 0.06}
    """
    if method not in get_args(Method):
        raise UsageError(f"no adjustment {method!r}{did_you_mean(method, get_args(Method))}")
    if isinstance(p_values, Mapping):
        found = _ADJUST[method](_checked(list(p_values.values())))
        return dict(zip(p_values, found.tolist(), strict=True))
    return _ADJUST[method](_checked(p_values))


def bonferroni(p_values: npt.ArrayLike) -> FloatArray:
    """``min(m p, 1)``.

    Examples
    --------
    >>> bonferroni([0.01, 0.4]).tolist()
    [0.02, 0.8]
    """
    p = _checked(p_values)
    return np.minimum(p * len(p), 1.0)


def holm(p_values: npt.ArrayLike) -> FloatArray:
    """Step-down Bonferroni: ``max_{j <= k} min((m - j + 1) p_(j), 1)`` of the k-th smallest.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(12).tolist()
    [0.03, 0.06, 0.06]
    """
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    found = np.empty_like(p)
    found[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return found


def benjamini_hochberg(p_values: npt.ArrayLike) -> FloatArray:
    """``min_{j >= k} min(m p_(j) / j, 1)`` of the k-th smallest: the false discovery rate at which it is rejected.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(12).tolist()
    [0.03, 0.04, 0.04]
    """
    p = _checked(p_values)
    order = np.argsort(-p, kind="stable")
    found = np.empty_like(p)
    found[order] = np.minimum(np.minimum.accumulate(p[order] * len(p) / np.arange(len(p), 0, -1)), 1.0)
    return found


def _checked(p_values: npt.ArrayLike) -> FloatArray:
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not p.size:
        raise UsageError("a family needs p values, one for each hypothesis")
    if not np.all((p >= 0) & (p <= 1)):
        raise UsageError(f"p values lie between 0 and 1: {', '.join(f'{v:g}' for v in p[~((p >= 0) & (p <= 1))][:5])}")
    return p


_ADJUST = {"bonferroni": bonferroni, "holm": holm, "benjamini_hochberg": benjamini_hochberg}


@dataclass(frozen=True)
class _Hypothesis:
    """One coefficient, its t statistic, and the t statistics of all draws."""

    name: str
    fit: Fit
    term: str
    statistic: float
    p_value: float


def romano_wolf(
    family: Family,
    draws: int = 999,
    seed: int = 1,
    method: Literal["wild", "pairs"] = "wild",
    weights: BootWeights = "rademacher",
) -> pl.DataFrame:
    """Romano and Wolf's step-down p values over a family of coefficients, zero under the null.

    Parameters
    ----------
    family : mapping of str to (Fit, term), or sequence of (Fit, term)
        Least squares with one covariance clustered in one way, on rows of one panel; samples, outcomes and regressors
        may differ. The same fit may come with several terms.
    draws, seed : int
    method : {"wild", "pairs"}
        The wild cluster bootstrap with each null imposed, one sign for each cluster in all models; or whole clusters
        drawn with replacement, the same in all models (which then need the same clusters), t statistics centred at
        the estimates and scaled by the spread of the draws.
    weights : {"rademacher", "webb"}

    Returns
    -------
    polars.DataFrame
        One row a hypothesis: name, term, estimate, statistic, p_value (of its fit), p_bootstrap (alone), p_romano_wolf,
        p_holm, p_benjamini_hochberg.

    Raises
    ------
    UsageError
        An empty family, an unknown term, no cluster, several panels.
    EstimationError
        Instruments, two clusters, or (pairs) models with different clusters.

    Notes
    -----
    With the statistics in descending order ``|t_(1)| >= |t_(2)| ...`` the p value of the k-th is the share of draws in
    which the largest of ``|t*_(k)|, |t*_(k+1)|, ...`` reaches ``|t_(k)|``, at least that of the one before it, one draw
    added to both (Romano and Wolf 2016; Clarke, Romano and Wolf 2020).

    Examples
    --------
    >>> import econloom as el, polars as pl
    >>> rng = np.random.default_rng(1)
    >>> x, u, v = rng.normal(size=(3, 60))
    >>> data = pl.DataFrame({"g": [k // 6 for k in range(60)], "x": x, "y": x + u, "z": v})
    >>> fits = [el.ols(f"{o} ~ x", data, vcov=el.cluster("g")) for o in ("y", "z")]
    >>> found = romano_wolf([(f, "x") for f in fits], draws=199)
    >>> bool((found["p_romano_wolf"] >= found["p_bootstrap"]).all())
    True
    """
    members = _members(family)
    _refuse(members, draws)
    stars, observed = (_pairs if method == "pairs" else _wild)(members, draws, seed, weights)
    alone = (1 + (stars >= observed[:, None] * (1 - TIES)).sum(axis=1)) / (1 + stars.shape[1])
    p = np.array([m.p_value for m in members])
    return pl.DataFrame({
        "name": [m.name for m in members],
        "term": [m.term for m in members],
        "estimate": [float(m.fit.estimate.coefficients[m.fit.estimate.names.index(m.term)]) for m in members],
        "statistic": [m.statistic for m in members],
        "p_value": p,
        "p_bootstrap": alone,
        "p_romano_wolf": stepped_down(observed, stars),
        "p_holm": holm(p),
        "p_benjamini_hochberg": benjamini_hochberg(p),
    })  # fmt: skip


def stepped_down(observed: FloatArray, stars: FloatArray) -> FloatArray:
    """Step-down p values of absolute statistics (m,) by those of draws (m, draws).

    Examples
    --------
    >>> stepped_down(np.array([3.0, 1.0]), np.array([[0.5, 3.5, 1.0], [2.0, 0.2, 0.4]])).tolist()
    [0.5, 0.5]
    """
    order = np.argsort(-observed, kind="stable")
    largest = np.maximum.accumulate(stars[order][::-1], axis=0)[::-1]
    counts = (largest >= observed[order][:, None] * (1 - TIES)).sum(axis=1)
    found = np.empty(len(observed))
    found[order] = np.maximum.accumulate((1 + counts) / (1 + stars.shape[1]))
    return found


def _members(family: Family) -> list[_Hypothesis]:
    if isinstance(family, Mapping):
        pairs = [(name, fit, term) for name, (fit, term) in family.items()]
    else:
        pairs = [(f"{fit.request.model.outcome.name}: {term}", fit, term) for fit, term in family]
    if not pairs:
        raise UsageError("a family needs a hypothesis", hint="[(fit, 'x'), …]")
    found = []
    for name, fit, term in pairs:
        names = fit.estimate.names
        if term not in names:
            gone = dict(fit.estimate.removed).get(term)
            raise UsageError(f"{name}: no coefficient {term!r}{f': {gone}' if gone else did_you_mean(term, names)}")
        at = names.index(term)
        found.append(_Hypothesis(name, fit, term, float(fit.inference.statistic[at]), float(fit.inference.p_value[at])))
    return found


def _refuse(members: Sequence[_Hypothesis], draws: int) -> None:
    if draws < 99:
        raise UsageError(f"{draws} draws are too few", hint="draws=999")
    first = members[0].fit.request
    for m in members:
        if isinstance(m.fit.estimate, IVEstimate):
            raise EstimationError(f"{m.name}: not defined beside instruments", hint="el.multiple.adjust(p_values)")
        if m.fit.estimate.perfect_fit:
            raise EstimationError(f"{m.name}: the model fits perfectly")
        if len(m.fit.clusters) != 1:
            raise UsageError(f"{m.name}: needs one way of clustering", hint="vcov=el.cluster('g')")
        if m.fit.request.panel is not first.panel:
            raise UsageError(
                "the fits are of different panels", hint="make el.Panel once, or pass one polars frame to all"
            )
        if m.fit.request.vcov.clusters != first.vcov.clusters:
            raise UsageError(f"{m.name}: clustered by {m.fit.request.vcov}, the first by {first.vcov}")
        if m.fit.clusters[0].levels < 3:
            raise EstimationError(f"{m.name}: {m.fit.clusters[0].levels} clusters are too few to draw from")


Drawing = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class _Shared:
    """Signs of the clusters of one model, taken from those of all clusters."""

    signs: Signs
    at: IntArray

    def blocks(self) -> Iterator[FloatArray]:
        for block in self.signs.blocks():
            yield np.ascontiguousarray(block[self.at])


def _wild(members: Sequence[_Hypothesis], draws: int, seed: int, weights: BootWeights) -> Drawing:
    """|t*| of every hypothesis with its null imposed, (m, draws), and |t|, under the same factor."""
    places, levels = _clusters([m.fit for m in members])
    signs = Signs(levels, Draws(draws, seed, weights))
    stars, observed = [], []
    for m, (at, groups) in zip(members, places, strict=True):
        estimate = m.fit.estimate
        place = estimate.names.index(m.term)
        with one_blas_thread():
            sums = null_sums(estimate, m.fit.absorbed, groups, place)
            n0, n1, aa, ab, bb = drawn_parts(sums, _Shared(signs, at))
        b = float(estimate.coefficients[place])
        spread = np.sqrt(np.maximum(aa + 2 * b * ab + b**2 * bb, 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            stars.append(np.nan_to_num(np.abs(n0 + b * n1) / spread, nan=0.0, posinf=np.inf))
        observed.append(abs(b) / float(np.sqrt(sums.own @ sums.own)))
    return np.vstack(stars), np.array(observed)


def _clusters(fits: Sequence[Fit]) -> tuple[list[tuple[IntArray, Grouping]], int]:
    """For each fit which of all clusters it has, and its rows in these; the number of all clusters."""
    first, rows = fits[0].request, union(fits)
    keys = first.cluster_ways[0]
    whole = grouped(first.panel.with_rows(first.panel.frame[rows]), keys).grouping("^".join(keys), None)
    found = []
    for fit in fits:
        codes = whole.codes[np.searchsorted(rows, fit.design.rows)]
        there, own = np.unique(codes, return_inverse=True)
        found.append((there, Grouping(whole.name, own.astype(np.int64).reshape(-1), len(there))))
    return found, whole.levels


def _pairs(members: Sequence[_Hypothesis], draws: int, seed: int, weights: BootWeights) -> Drawing:
    """Centred |t*| by the spread of the draws, and |t| by the same."""
    places, levels = _clusters([m.fit for m in members])
    if any(len(at) < levels for at, _ in places):
        raise EstimationError("models with different clusters cannot share their draws", hint="method='wild'")
    stars, observed = [], []
    for m, (_, groups) in zip(members, places, strict=True):
        terms, columns, dummies = pairs_columns(m.fit, groups)
        drawn = drawn_grams(m.fit, np.hstack([dummies, columns]), groups, draws, seed)
        slopes = np.vstack([drawn_slopes(grams, dummies.shape[1]) for grams in drawn])[:, terms.index(m.term)]
        place = m.fit.estimate.names.index(m.term)
        unit = m.fit.absorbed.scales[m.fit.design.positions([m.fit.request.model.outcome])[0]]
        value = float(m.fit.estimate.coefficients[place]) / unit * m.fit.absorbed.scales[m.fit.estimate.columns[place]]
        spread = float(np.nanstd(slopes, ddof=1))
        stars.append(np.abs(slopes - value) / spread)
        observed.append(abs(value) / spread)
    found = np.vstack(stars)
    known = np.isfinite(found).all(axis=0)
    if known.sum() < draws / 2:
        raise EstimationError(f"only {int(known.sum())} of {draws} draws of clusters identify all coefficients")
    return found[:, known], np.array(observed)
