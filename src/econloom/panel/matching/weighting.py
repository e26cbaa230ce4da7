"""Inverse-probability weights, and effects by them with errors that know of the estimated score.

Weights of a treated and of an untreated row, p the score and P the share of the treated:

===========  =================  =======================
estimand     treated            untreated
===========  =================  =======================
ate          1 / p              1 / (1 - p)
att          1                  p / (1 - p)
stabilised   P / p  (att: 1)    (1 - P) / (1 - p)  (att: p / (1 - p) * (1 - P) / P)
===========  =================  =======================

``normalised`` divides by the sum of the weights of each arm (Hajek), ``plain`` by the number of rows (of the treated:
Horvitz and Thompson); stabilised weights are normalised, too.
"""

from __future__ import annotations

import numpy as np

from econloom.core.estimate import Unavailable
from econloom.panel.absorb import FloatArray
from econloom.panel.columns import BoolArray
from econloom.panel.matching.asked import Rule
from econloom.panel.matching.effects import Average
from econloom.panel.nonlinear.binary import BinaryEstimate


def inverse_weights(treated: BoolArray, p: FloatArray, rule: Rule) -> FloatArray:
    """Weights of the rows, (n,), cut at a quantile of their arm where the rule says so.

    Examples
    --------
    >>> inverse_weights(np.array([True, False]), np.array([0.5, 0.2]), Rule(estimand="ate")).tolist()
    [2.0, 1.25]
    """
    population = rule.estimand == "ate"
    w = np.where(treated, 1 / p, 1 / (1 - p)) if population else np.where(treated, 1.0, p / (1 - p))
    if rule.form == "stabilised":
        share = float(treated.mean())
        scale = (
            np.where(treated, share, 1 - share)
            if rule.estimand == "ate"
            else np.where(treated, 1.0, (1 - share) / share)
        )
        w = w * scale
    if rule.most_weight is not None:
        for arm in (treated, ~treated):
            w[arm] = np.minimum(w[arm], np.quantile(w[arm], rule.most_weight))
    return w


def weighted_effect(
    y: FloatArray, X: FloatArray, treated: BoolArray, weights: FloatArray, model: BinaryEstimate, rule: Rule
) -> Average:
    """The difference of weighted means, with the sandwich of the two means and the score model together.

    With ``psi_i`` the contribution of row i to the effect at the true score, G the slope of the effect in the score's
    coefficients, and ``u_i`` the rows' scores::

        V = sum_i (psi_i + u_i A G)^2,    A the inverse of the information

    Parameters
    ----------
    y : (n,) array
    X : (n, k) array
        Columns of the score model.
    treated : (n,) bool array
    weights : (n,) array
        Those of :func:`inverse_weights`; a cut weight does not move with the score.
    model : BinaryEstimate
    rule : Rule
    """
    slope = _slopes(treated, weights, model, rule)
    estimate, psi, G = 0.0, np.zeros(len(y)), np.zeros(X.shape[1])
    plain = rule.form == "plain"
    N = float(treated.sum() if rule.estimand == "att" else len(y))
    for arm, sign in ((treated, 1.0), (~treated, -1.0)):
        total = N if plain else float(weights[arm].sum())
        mean = float(weights[arm] @ y[arm]) / total
        centre = 0.0 if plain else mean
        estimate += sign * mean
        left = y[arm] - centre
        psi[arm] += sign * weights[arm] * left / total
        G += sign * (slope[arm] * left) @ X[arm] / total
    if plain:
        psi -= estimate / N * (treated if rule.estimand == "att" else 1.0)
    if rule.errors == "none":
        return Average(estimate, Unavailable("errors='none'"), int(N))
    moved = psi + model.scores @ (model.bread @ G)
    return Average(estimate, float(moved @ moved), int(N))


def _slopes(treated: BoolArray, weights: FloatArray, model: BinaryEstimate, rule: Rule) -> FloatArray:
    """How each weight moves with the linear predictor; a cut one does not."""
    p, f = model.fitted, model.density
    uncut = inverse_weights(treated, p, Rule(estimand=rule.estimand, form=rule.form))
    if rule.estimand == "ate":
        rate = np.where(treated, -f / p, f / (1 - p))
    else:
        rate = np.where(treated, 0.0, f / (p * (1 - p)))
    return np.where(weights < uncut * (1 - 1e-12), 0.0, uncut * rate)
