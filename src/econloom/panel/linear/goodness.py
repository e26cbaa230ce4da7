"""Fit statistics of a linear model; one that is undefined is None."""

from __future__ import annotations

import math

import numpy as np

from econloom.core.spec import SscName
from econloom.panel.absorb import Grouping, GroupMeans
from econloom.panel.conventions import Counts, residual_df
from econloom.panel.design import Design
from econloom.panel.linear.ols import Estimate
from econloom.panel.moments import Absorbed

Glance = dict[str, float | int | None]


def goodness(
    design: Design, absorbed: Absorbed, estimate: Estimate, at: int, unit: Grouping | None, ssc: SscName, counts: Counts
) -> Glance:
    """R2 in its kinds, the log likelihood and degrees of freedom.

    Parameters
    ----------
    design, absorbed, estimate
    at : int
        Column of the block that holds the outcome.
    unit : Grouping or None
        The unit effect.
    ssc, counts
        For the degrees of freedom.

    Returns
    -------
    dict
        ``r2 = 1 - rss/tss`` (about zero without constant and effects); ``r2_within`` with all effects partialled
        out of both; ``r2_within_unit`` with only the unit effect out of the total; ``r2_adjusted``; ``loglik`` of
        normal errors, ``-n/2 (log(2 pi rss/n) + 1) + sum(log w)/2``; ``sigma = sqrt(rss/df_residual)``.
    """
    n, rss = absorbed.n, estimate.rss
    tss = n * float(absorbed.scales[at]) ** 2
    df = residual_df(ssc, counts)
    free = n - (1 if design.intercept else 0)
    unit_tss = _unit_tss(design, at, unit) if unit is not None else None
    r2 = 1 - rss / tss
    return {
        "r2": r2,
        "r2_within": 1 - rss / estimate.tss_within if design.effects else None,
        "r2_within_unit": 1 - rss / unit_tss if unit_tss else None,
        "r2_adjusted": 1 - (1 - r2) * free / df if df > 0 else None,
        "loglik": None if estimate.perfect_fit else _log_likelihood(absorbed, rss),
        "sigma": math.sqrt(rss / df) if df > 0 else None,
        "df_residual": df,
    }


def _unit_tss(design: Design, at: int, unit: Grouping) -> float:
    y = design.block[:, at : at + 1]
    w = design.weights
    e = GroupMeans.of(unit, w).residuals(y - y.mean())[:, 0]
    return float(e @ e if w is None else w @ e**2)


def _log_likelihood(absorbed: Absorbed, rss: float) -> float:
    n = absorbed.n
    log_weights = 0.0 if absorbed.weights is None else float(np.log(absorbed.weights).sum())
    return -n / 2 * (math.log(2 * math.pi * rss / n) + 1) + log_weights / 2
