"""Fit statistics of a linear model; one that is undefined is None."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from econloom.core.spec import SscName
from econloom.panel.absorb import Grouping, GroupMeans
from econloom.panel.conventions import Correction, Counts, residual_df
from econloom.panel.design import Design
from econloom.panel.linear.gmm import GMMEstimate
from econloom.panel.linear.iv import IVEstimate
from econloom.panel.linear.ols import Estimate
from econloom.panel.moments import Absorbed
from econloom.panel.passes import group_sums

Glance = dict[str, float | int | None]
MUCH = 1e-3
"""Where more than this share of the squares is within units, taking the others away costs no digits that matter."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What the statistics of one model refer to.

    Attributes
    ----------
    outcome : int
        Column of the block.
    unit : Grouping or None
        The unit effect.
    ssc : {"fixest", "xtreg", "none"}
    counts : Counts
    rule : Correction
        Of the covariance in use; the adjusted R2 of ``xtreg`` follows it.
    """

    outcome: int
    unit: Grouping | None
    ssc: SscName
    counts: Counts
    rule: Correction


def goodness(design: Design, absorbed: Absorbed, estimate: Estimate, basis: Basis) -> Glance:
    """R2 in its kinds, the log likelihood and degrees of freedom.

    Returns
    -------
    dict
        ``r2 = 1 - rss/tss`` (about zero without constant and effects); ``r2_within`` with all effects partialled
        out of both; ``r2_within_unit`` with only the unit effect out of the total; ``r2_adjusted`` of ``r2``, or
        under ``xtreg`` of ``r2_within_unit`` as that command has it; ``loglik`` of normal errors;
        ``sigma = sqrt(rss/df_residual)``; ``df_residual``.
    """
    n, rss = absorbed.n, estimate.rss
    tss = n * float(absorbed.scales[basis.outcome]) ** 2
    unit_tss = _unit_tss(design, basis.outcome, basis.unit, tss) if basis.unit is not None else None
    r2, within_unit = 1 - rss / tss, 1 - rss / unit_tss if unit_tss else None
    df = residual_df(basis.ssc, basis.counts)
    return {
        "r2": r2,
        "r2_within": 1 - rss / estimate.tss_within if design.effects else None,
        "r2_within_unit": within_unit,
        "r2_adjusted": _adjusted(r2, within_unit, n - int(design.intercept), df, basis),
        "loglik": None if estimate.perfect_fit else _log_likelihood(absorbed, rss, basis.ssc),
        "sigma": math.sqrt(rss / df) if df > 0 else None,
        "df_residual": df,
    }


def _adjusted(r2: float, within_unit: float | None, free: int, df: int, basis: Basis) -> float | None:
    if basis.ssc == "xtreg" and within_unit is not None:
        left = df if basis.counts.clusters is None else basis.counts.n - basis.rule.parameters
        return 1 - (1 - within_unit) * free / left
    return 1 - (1 - r2) * free / df if df > 0 else None


def _unit_tss(design: Design, at: int, unit: Grouping, tss: float) -> float:
    """Squares about the unit means: all about the mean less those between units, or directly where little is left."""
    w = np.ones(design.n) if design.weights is None else design.weights
    totals = np.bincount(unit.codes, weights=design.weights, minlength=unit.levels)
    sums = group_sums(design.block, [at], w, unit.codes, unit.levels)[:, 0]
    means = sums / totals - sums.sum() / design.n
    inside = tss - float(totals @ means**2)
    if inside > MUCH * tss:
        return inside
    y = design.block[:, at : at + 1]
    e = GroupMeans.of(unit, design.weights).residuals(y - y.mean())[:, 0]
    return float(w @ e**2)


def _log_likelihood(absorbed: Absorbed, rss: float, ssc: SscName) -> float:
    """``-n/2 (log(2 pi rss/n) + 1) + sum(log w)/2``; Stata leaves the last term out."""
    n, weights = absorbed.n, absorbed.weights
    log_weights = 0.0 if weights is None or ssc == "xtreg" else float(np.log(weights).sum())
    return -n / 2 * (math.log(2 * math.pi * rss / n) + 1) + log_weights / 2


def mean_of_column(absorbed: Absorbed, at: int, centred: bool) -> float:
    """Weighted mean of a column of the block."""
    if centred:
        return float(absorbed.means[at])
    size = absorbed.n if absorbed.weights is None else float(absorbed.weights.sum())
    return absorbed.total(absorbed.block[:, at]) * float(absorbed.scales[at]) / size


def beside_likelihood(values: Glance, ssc: SscName, counts: Counts, estimate: Estimate) -> Glance:
    """With AIC and BIC of all parameters (without unit effects under ``xtreg``); none of them beside instruments."""
    if isinstance(estimate, IVEstimate):
        return {**values, "loglik": None, "aic": None, "bic": None, "kappa": estimate.kappa, **_objective(estimate)}
    loglik, df = values["loglik"], values["df_residual"]
    if loglik is None or df is None:
        return {**values, "aic": None, "bic": None}
    taken = counts.n - df - ((counts.unit_levels or 1) - 1 if ssc == "xtreg" else 0)
    return {**values, "aic": 2 * taken - 2 * loglik, "bic": math.log(counts.n) * taken - 2 * loglik}


def _objective(estimate: IVEstimate) -> Glance:
    """J of two-step GMM; None where there is nothing to test."""
    if not isinstance(estimate, GMMEstimate):
        return {}
    tested = len(estimate.stages.instruments) > len(estimate.stages.endogenous)
    return {"hansen_j": estimate.objective if tested else None}
