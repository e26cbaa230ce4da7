"""Errors of matching on a score that is estimated (Abadie and Imbens 2016, theorem 2 and section 4).

With V the variance for a known score, A the covariance of the score's coefficients, f the density of the score model
and t the average effect, the variance is ``V - c'Ac`` in the population and ``V - c'Ac + d'Ad`` on the treated::

    population:  c = 1/N  sum_i f_i [cov_1i / p_i + cov_0i / (1 - p_i)]
    treated:     c = 1/N1 sum_i f_i {x_i (m_1i - m_0i - t) + cov_1i + p_i / (1 - p_i) cov_0i}
                 d = 1/N1 sum_i f_i x_i (t_i(x) - t)

``cov_w`` are covariances of y with x among the L rows of arm w that are nearest by score, the row itself among those of
its own arm; ``m_w`` means among the L nearest, the row itself left out; ``t_i(x)`` the effect by row when rows of both
arms are matched to their nearest on the covariates as they are (Euclidean). L is one more than ``neighbours``, the
other rows that the variance given the score comes from. So does Stata's ``teffects psmatch, vce(robust, nn(L))``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from econloom.core.estimate import Unavailable
from econloom.panel.absorb import FloatArray
from econloom.panel.columns import BoolArray
from econloom.panel.matching.asked import Rule
from econloom.panel.matching.effects import Average, Matches, effects_by_row
from econloom.panel.matching.search import Places, arm_runs, links, own_runs
from econloom.panel.nonlinear.binary import BinaryEstimate


def adjusted(
    base: Average, treated: BoolArray, y: FloatArray, X: FloatArray, model: BinaryEstimate, score: Places, rule: Rule
) -> Average:
    """The average effect with the variance for an estimated score.

    Parameters
    ----------
    base : Average
        With the variance for a known score.
    treated : (n,) bool array
    y : (n,) array
    X : (n, k) array
        Columns of the score model, the constant last.
    model : BinaryEstimate
    score : Places
    rule : Rule
    """
    if isinstance(base.variance, Unavailable):
        return base
    p, f = model.fitted[:, None], model.density[:, None]
    cov0, cov1 = (_covariances(score, arm, y, X, rule) for arm in (~treated, treated))
    if rule.estimand == "ate":
        c, extra = (f * (cov1 / p + cov0 / (1 - p))).mean(axis=0), 0.0
    else:
        gap = _mean(score, treated, y, rule) - _mean(score, ~treated, y, rule) - base.estimate
        c = (f * (X * gap[:, None] + cov1 + p / (1 - p) * cov0)).sum(axis=0) / treated.sum()
        by_row = _matched_on_covariates(treated, y, X[:, :-1], rule) - base.estimate
        d = (f * X * by_row[:, None]).sum(axis=0) / treated.sum()
        extra = float(d @ model.bread @ d)
    variance = base.variance - float(c @ model.bread @ c) + extra
    if not variance > 0:
        return replace(base, variance=Unavailable("the variance for an estimated score is not positive"))
    return replace(base, variance=variance)


def _covariances(score: Places, arm: BoolArray, y: FloatArray, X: FloatArray, rule: Rule) -> FloatArray:
    """Of y with the columns of X among the rows of an arm nearest to every row, (n, k)."""
    runs, order = arm_runs(score, arm, rule.neighbours + 1, rule.tolerance)
    X, v = X - X.mean(axis=0), y - y[arm].mean()
    means = runs.means(np.column_stack([v, X, X * v[:, None]]))
    k, sizes = X.shape[1], runs.sizes
    product = means[:, 1 + k :] - means[:, [0]] * means[:, 1 : 1 + k]
    out = np.empty_like(X)
    out[order] = product * (sizes / np.maximum(sizes - 1, 1))[:, None]
    return out


def _mean(score: Places, arm: BoolArray, y: FloatArray, rule: Rule) -> FloatArray:
    """Of y among the rows of an arm nearest to every row, without the row itself, (n,)."""
    count = rule.neighbours + 1
    runs, order = arm_runs(score, arm, count, rule.tolerance)
    out = np.empty(len(y))
    out[order] = runs.means(y[:, None])[:, 0]
    own = own_runs(score, arm, count, rule.tolerance)
    sizes = own.sizes
    with_self = own.means(y[:, None])[:, 0]
    out[own.focal] = (with_self * sizes - y[own.focal]) / np.maximum(sizes - 1, 1)
    return out


def _matched_on_covariates(treated: BoolArray, y: FloatArray, X: FloatArray, rule: Rule) -> FloatArray:
    """Effects by row when both arms are matched on the covariates."""
    space = Places(X, np.zeros(len(y), dtype=np.int64), 1.0)
    near = replace(rule, distance="columns", caliper=None, k=1)
    found = tuple(links(space, some, ~some, near, None) for some in (treated, ~treated))
    return effects_by_row(Matches(treated, found), y, None)
