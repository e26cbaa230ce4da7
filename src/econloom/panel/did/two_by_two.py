"""Two periods, two groups: the effect on the treated and the influence of every unit on it.

``influence`` sums to the error of the estimate to first order, ``att_hat - att = sum_i influence_i``, so that its
variance is the sum of squares. The formulas are those of Sant'Anna and Zhao (2020, Journal of Econometrics 219) as
their R package DRDID has them for panels: ``reg_did_panel``, ``std_ipw_did_panel`` and ``drdid_panel``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import linalg, special

from econloom.core.errors import EstimationError
from econloom.panel.absorb import FloatArray
from econloom.panel.columns import BoolArray

Method = Literal["dr", "ipw", "reg"]
OVERLAP = 0.999
"""Propensity scores from here on leave no overlap (R's did)."""
TRIM = 0.995
"""Comparison units whose propensity score is not below this have no weight (DRDID)."""
SINGULAR = 1e-13
FAR = 1e3
"""Coefficients of scaled covariates beyond this separate the treated."""


@dataclass(frozen=True)
class Pair:
    """One group against its comparison, with what does not depend on the outcome.

    Attributes
    ----------
    treated : (n,) bool array
    weights : (n,) array
    X : (n, k) array
        Covariates with the constant first, centred and scaled; k = 1 for none.
    score : (n,) array or None
        Odds of treatment ``p / (1 - p)`` of comparison units, 0 where trimmed and of the treated.
    score_lead : (n, k) array or None
        Influence on the logit's coefficients.
    outcome_lead : (n, k) array or None
        ``w (1 - D) X A^-1`` with A the cross-product of the comparison units.
    trimmed : int
    """

    treated: BoolArray
    weights: FloatArray
    X: FloatArray
    score: FloatArray | None
    score_lead: FloatArray | None
    outcome_lead: FloatArray | None
    trimmed: int = 0


def pair(treated: BoolArray, weights: FloatArray, X: FloatArray, method: Method) -> Pair:
    """What a method needs of a group and its comparison, for any number of outcomes.

    Raises
    ------
    EstimationError
        Covariates without overlap, or collinear among the comparison units.
    """
    if X.shape[1] == 1:
        return Pair(treated, weights, X, None, None, None)
    X = _scaled(X)
    score = lead = outcome = None
    trimmed = 0
    if method in ("dr", "ipw"):
        p, lead = _propensity(treated, weights, X)
        inside = ~treated & (p < TRIM)
        trimmed = int((~treated & ~inside).sum())
        score = np.zeros(len(p))
        score[inside] = p[inside] / (1 - p[inside])
    if method in ("dr", "reg"):
        W = X * (weights * ~treated)[:, None]
        outcome = W @ _inverse(W.T @ X, "collinear among the comparison units")
    return Pair(treated, weights, X, score, lead, outcome, trimmed)


def _inverse(A: FloatArray, trouble: str) -> FloatArray:
    scale = np.sqrt(np.diag(A))
    if not np.all(scale > 0):
        raise EstimationError(f"the covariates are {trouble}", hint="fewer covariates, or method='reg'")
    R = A / np.outer(scale, scale)
    values, vectors = linalg.eigh(R)
    if values[0] <= SINGULAR * values[-1]:
        raise EstimationError(f"the covariates are {trouble}", hint="fewer covariates")
    return np.asarray((vectors / values) @ vectors.T / np.outer(scale, scale))


def _propensity(treated: BoolArray, weights: FloatArray, X: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fitted logit probabilities and influence on its coefficients, by Newton's method."""
    D, Z = treated.astype(float), X
    b = np.zeros(X.shape[1])
    b[0] = special.logit(weights @ D / weights.sum())
    for _ in range(50):
        p = special.expit(Z @ b)
        step = _solve(Z.T @ (Z * (weights * p * (1 - p))[:, None]), Z.T @ (weights * (D - p)))
        if not np.isfinite(step).all() or np.abs(b + step).max() > FAR:
            raise _no_overlap("they tell who is treated")
        b = b + step
        if np.abs(step).max() < 1e-10 * max(1.0, float(np.abs(b).max())):
            break
    p = special.expit(Z @ b)
    if (highest := float(p.max())) >= OVERLAP:
        raise _no_overlap(f"a propensity score of {highest:.4f}")
    H = Z.T @ (Z * (weights * p * (1 - p))[:, None])
    return p, (Z * (weights * (D - p))[:, None]) @ _inverse(H, "collinear")


def _no_overlap(why: str) -> EstimationError:
    return EstimationError(
        f"the covariates leave no overlap: {why}",
        hint="fewer or coarser covariates, method='reg', or where= without these units",
    )


def _scaled(X: FloatArray) -> FloatArray:
    """Covariates about their mean in units of their spread: no fitted value depends on it."""
    Z = X.copy()
    centre, spread = X[:, 1:].mean(axis=0), X[:, 1:].std(axis=0)
    Z[:, 1:] = (X[:, 1:] - centre) / np.where(spread > 0, spread, 1.0)
    return Z


def _solve(H: FloatArray, s: FloatArray) -> FloatArray:
    try:
        return np.asarray(linalg.solve(H, s, assume_a="pos"))
    except (linalg.LinAlgError, ValueError):
        return np.full(len(s), np.inf)


def effects(found: Pair, dy: FloatArray, method: Method) -> tuple[FloatArray, FloatArray]:
    """Effects on the treated and the influence of every unit.

    Parameters
    ----------
    found : Pair
    dy : (m, n) array
        Changes of the outcome, one row for each pair of periods.
    method : {"dr", "ipw", "reg"}

    Returns
    -------
    att : (m,) array
    influence : (m, n) array
        Zero for units that are in neither group.
    """
    if found.X.shape[1] == 1:
        return _means(found, dy)
    by = {"dr": _doubly_robust, "ipw": _weighted, "reg": _regression}
    return by[method](found, dy)


def _means(found: Pair, dy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Difference of mean changes."""
    D, w = found.treated, found.weights
    share = np.where(D, w / w[D].sum(), -w / w[~D].sum())
    one, two = dy @ (share * D), -(dy @ (share * ~D))
    influence = dy - np.where(D, one[:, None], two[:, None])
    influence *= share
    return one - two, influence


def _fitted(found: Pair, dy: FloatArray) -> FloatArray:
    """Changes that the comparison units' regression predicts, (m, n)."""
    assert found.outcome_lead is not None
    return np.asarray((dy @ found.outcome_lead) @ found.X.T)


def _regression(found: Pair, dy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """``mean_treated(dy - x'b)``, b from the comparison units."""
    share = found.treated * found.weights / found.weights[found.treated].sum()
    gap = dy - _fitted(found, dy)
    att = gap @ share
    assert found.outcome_lead is not None
    lead = found.outcome_lead @ (share @ found.X)
    return att, (gap - att[:, None]) * share - gap * lead


def _weighted(found: Pair, dy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Treated against comparison units weighted by their odds of treatment, weights summing to one."""
    assert found.score is not None and found.score_lead is not None
    share = found.treated * found.weights / found.weights[found.treated].sum()
    odds = found.weights * found.score
    odds = odds / odds.sum()
    one, two = dy @ share, dy @ odds
    against = (dy - two[:, None]) * odds
    influence = (dy - one[:, None]) * share - against - (against @ found.X) @ found.score_lead.T
    return one - two, influence


def _doubly_robust(found: Pair, dy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The weighted comparison of what the regression leaves."""
    assert found.score is not None and found.score_lead is not None and found.outcome_lead is not None
    share = found.treated * found.weights / found.weights[found.treated].sum()
    odds = found.weights * found.score
    odds = odds / odds.sum()
    gap = dy - _fitted(found, dy)
    one, two = gap @ share, gap @ odds
    against = (gap - two[:, None]) * odds
    lead = found.outcome_lead @ ((share - odds) @ found.X)
    influence = (gap - one[:, None]) * share - against - (against @ found.X) @ found.score_lead.T - gap * lead
    return one - two, influence
