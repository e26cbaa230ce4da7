"""The pairs cluster bootstrap from cross-products by cluster: no regression is run again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from econloom.core.errors import EstimationError, UsageError
from econloom.core.estimate import CONSTANT
from econloom.panel.absorb import FloatArray, Grouping, absorber, dummy_columns
from econloom.panel.inference.bootstrap import ALPHA, CELLS
from econloom.panel.linear.iv import IVEstimate

if TYPE_CHECKING:
    from econloom.panel.fitted import Fit

MOST_DUMMIES = 200
"""Levels of effects not inside clusters that may take part."""


@dataclass(frozen=True)
class PairsBootstrap:
    """Coefficients of samples of whole clusters.

    Attributes
    ----------
    terms : tuple of str
        Regressors, and the intercept of a model without effects.
    std_error, conf_low, conf_high : (k,) arrays
        Spread of the draws, and their 2.5 and 97.5 per cent points.
    draws : (draws, k) array
        Coefficients of each draw in which all were identified.
    lost : int
        Draws in which they were not.
    """

    terms: tuple[str, ...]
    std_error: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    draws: FloatArray
    lost: int


def pairs_bootstrap(fit: Fit, draws: int = 999, seed: int = 1) -> PairsBootstrap:
    """Draw whole clusters with replacement and estimate again, from cross-products by cluster.

    A cluster drawn twice counts as two, so that effects inside clusters are swept out once; dummies of other effects
    take part in every draw: ``b = (sum_g m_g X_g'W_g X_g)^-1 sum_g m_g X_g'W_g y_g``, m_g how often g was drawn.

    Parameters
    ----------
    fit : Fit
        Least squares with a covariance clustered in one way.
    draws : int
    seed : int

    Raises
    ------
    UsageError
        No cluster.
    EstimationError
        Instruments, two clusters, effects that are not inside clusters with more than 200 levels, or no draw in which
        the coefficients are identified.

    Examples
    --------
    >>> import econloom as el, polars as pl
    >>> data = pl.DataFrame({"g": [1, 1, 2, 2, 3, 3, 4, 4], "x": [1.0, 2, 1, 4, 2, 6, 0, 3],
    ...                      "y": [1.0, 2, 0, 4, 2, 7, 1, 2]})
    >>> found = pairs_bootstrap(el.ols("y ~ x | g", data, vcov=el.cluster("g")), draws=199)
    >>> found.draws.shape[1], len(found.draws) + found.lost
    (1, 199)
    """
    if len(fit.clusters) != 1:
        raise UsageError("the pairs bootstrap needs one way of clustering", hint="vcov=el.cluster('g')")
    if isinstance(fit.estimate, IVEstimate):
        raise EstimationError("the pairs bootstrap is not defined here beside instruments", hint="el.cluster()")
    if fit.clusters[0].levels < 3:
        raise EstimationError(f"{fit.clusters[0].levels} clusters of {fit.clusters[0].name!r} are too few to draw from")
    if draws < 2:
        raise UsageError(f"pairs_bootstrap(): {draws} draws are too few", hint="draws=999")
    if fit.design.slopes:
        raise EstimationError(f"the pairs bootstrap takes no varying slopes: {fit.request.model.text}")
    terms, columns, dummies = pairs_columns(fit, fit.clusters[0])
    q = dummies.shape[1]
    drawn = drawn_grams(fit, np.hstack([dummies, columns]), fit.clusters[0], draws, seed)
    slopes = np.vstack([drawn_slopes(grams, q) for grams in drawn])
    known = slopes[np.isfinite(slopes).all(axis=1)]
    if len(known) < 2:
        raise EstimationError("the coefficients are identified in no draw of clusters", hint="el.wild()")
    scales = fit.absorbed.scales
    units = scales[fit.design.positions([fit.request.model.outcome])[0]] / np.array(
        [*(scales[c] for c in fit.estimate.columns), *[1.0] * (len(terms) - fit.estimate.regressors)]
    )
    known = known * units
    low, high = np.quantile(known, [ALPHA / 2, 1 - ALPHA / 2], axis=0)
    return PairsBootstrap(terms, known.std(axis=0, ddof=1), low, high, known, draws - len(known))


def drawn_grams(fit: Fit, Z: FloatArray, cluster: Grouping, draws: int, seed: int) -> Iterator[FloatArray]:
    """``sum_g m_g Z_g'W_g Z_g`` of every draw, (some draws, p, p), m_g how often cluster g was drawn."""
    G, p = cluster.levels, Z.shape[1]
    grams = cluster_grams(Z, fit.absorbed.weighted(Z), cluster).reshape(G, p * p)
    rng = np.random.default_rng(seed)
    step = max(1, CELLS // max(p * p, G))
    for begin in range(0, draws, step):
        counts = rng.multinomial(G, np.full(G, 1 / G), min(step, draws - begin)).astype(np.float64)
        yield (counts @ grams).reshape(-1, p, p)


def cluster_grams(Z: FloatArray, heavy: FloatArray, cluster: Grouping) -> FloatArray:
    """``Z_g'W_g Z_g`` of every cluster, (G, p, p)."""
    order = np.argsort(cluster.codes, kind="stable")
    parts = np.split(order, np.cumsum(cluster.sizes())[:-1])
    return np.stack([Z[at].T @ heavy[at] for at in parts])


def pairs_columns(fit: Fit, cluster: Grouping) -> tuple[tuple[str, ...], FloatArray, FloatArray]:
    """Names, scaled regressors and outcome without the effects inside clusters, and dummies of the other effects.

    Raises
    ------
    EstimationError
        Effects that are not inside clusters with more than 200 levels.
    """
    design, estimate = fit.design, fit.estimate
    at = [*estimate.columns, design.positions([fit.request.model.outcome])[0]]
    columns = design.block[:, at] / fit.absorbed.scales[at]
    terms = estimate.names[: estimate.regressors]
    inside = [e for e in design.effects if e.nested_in(cluster)]
    others = [e for e in design.effects if not e.nested_in(cluster)]
    if sum(e.levels for e in others) > MOST_DUMMIES:
        names = ", ".join(f"{e.name} ({e.levels:,})" for e in others)
        raise EstimationError(
            f"the pairs bootstrap takes at most {MOST_DUMMIES} levels of effects not inside clusters: {names}"
        )
    dummies = dummy_columns(others, design.n).toarray() if others else np.zeros((design.n, 0))
    if not design.effects and design.intercept:
        columns = np.insert(columns, len(terms), 1.0, axis=1)
        terms = (*terms, CONSTANT)
    if not inside:
        return terms, columns, dummies
    both = absorber(inside, design.weights).residuals(np.hstack([columns, dummies]))
    return terms, both[:, : columns.shape[1]], both[:, columns.shape[1] :]


def drawn_slopes(grams: FloatArray, q: int) -> FloatArray:
    """Coefficients of every draw after the first q columns, (draws, k); NaN where they are not identified."""
    S = grams[:, q:, q:]
    if q:
        inverse = np.linalg.pinv(grams[:, :q, :q], rcond=1e-10, hermitian=True)
        S = S - grams[:, q:, :q] @ inverse @ grams[:, :q, q:]
    A, c = S[:, :-1, :-1], S[:, :-1, -1:]
    values = np.linalg.eigvalsh(A)
    good = values[:, 0] > 1e-9 * np.maximum(values[:, -1], 1e-300)
    found = np.full(c.shape[:2], np.nan)
    found[good] = np.linalg.solve(A[good], c[good])[:, :, 0]
    return found
