"""Common support: which rows of an arm have comparable scores in the other."""

from __future__ import annotations

from typing import cast

import numpy as np

from econloom.core.errors import EstimationError
from econloom.panel.absorb import FloatArray
from econloom.panel.columns import BoolArray
from econloom.panel.matching.asked import Rule
from econloom.panel.matching.links import kernel_sums


def on_support(treated: BoolArray, score: FloatArray, rule: Rule) -> BoolArray:
    """Rows on common support, (n,).

    ``minmax``: scores between the lowest and the highest of the other arm; for the effect on the treated only they are
    dropped (psmatch2's ``common``). ``density``: without the share of the treated (population: of each arm) at whose
    scores the density of the other arm is lowest (psmatch2's ``trim``; Heckman, Ichimura and Todd 1997), an
    Epanechnikov estimate with the bandwidth ``0.9 min(sd, iqr / 1.349) n^(-1/5)``. ``range``: scores within two bounds
    (Crump, Hotz, Imbens and Mitnik 2009 take 0.1 and 0.9), in both arms.

    Raises
    ------
    EstimationError
        No treated or no untreated row is left.
    """
    kept = np.ones(len(score), dtype=bool)
    if rule.support == "range":
        low, high = cast(tuple[float, float], rule.trim)
        kept = (score >= low) & (score <= high)
    elif rule.support in {"minmax", "density"}:
        arms = (treated, ~treated) if rule.estimand == "ate" else (treated,)
        for arm in arms:
            other = score[~arm]
            if rule.support == "minmax":
                kept[arm] = (score[arm] >= other.min()) & (score[arm] <= other.max())
            else:
                kept[arm] = _dense(score[arm], other, float(cast(float, rule.trim)))
    if not kept[treated].any() or not kept[~treated].any():
        what = "treated" if not kept[treated].any() else "untreated"
        raise EstimationError(
            f"no common support: no {what} row is left; treated scores {_span(score[treated])}, "
            f"untreated {_span(score[~treated])}",
            hint="leave out covariates that all but separate the groups",
        )
    return kept


def _span(score: FloatArray) -> str:
    return f"{score.min():.4g} to {score.max():.4g}"


def _dense(score: FloatArray, other: FloatArray, share: float) -> BoolArray:
    """Without the share of rows at which the density of the other scores is lowest."""
    drop = int(np.floor(share * len(score)))
    if drop == 0:
        return np.ones(len(score), dtype=bool)
    density = _density(score, np.sort(other))
    kept = np.ones(len(score), dtype=bool)
    kept[np.argsort(density, kind="stable")[:drop]] = False
    return kept


def _density(score: FloatArray, other: FloatArray) -> FloatArray:
    """Epanechnikov estimate of the density of sorted scores at others, up to a factor."""
    q1, q3 = np.quantile(other, [0.25, 0.75])
    sizes = [s for s in (float(np.std(other, ddof=1)) if len(other) > 1 else 0.0, float(q3 - q1) / 1.349) if s > 0]
    width = np.sqrt(5) * 0.9 * min(sizes, default=1.0) * len(other) ** -0.2
    order = np.argsort(score, kind="stable")
    at = score[order]
    first = np.searchsorted(other, at - width, side="left").astype(np.int64)
    last = np.searchsorted(other, at + width, side="right").astype(np.int64)
    sums = kernel_sums(at, first, last, other, width, "epanechnikov", np.ones((len(other), 1)))[:, 0]
    out = np.empty(len(score))
    out[order] = sums
    return out
