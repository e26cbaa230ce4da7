"""Tests of a dynamic panel: serial correlation, overidentification, subsets of instruments."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from econloom.core.errors import EstimationError
from econloom.core.estimate import Test, Unavailable
from econloom.panel.absorb import FloatArray
from econloom.panel.diagnostics.wald import chi2
from econloom.panel.linear.dynamic.gmm import DynamicEstimate, inverse, solved
from econloom.panel.linear.dynamic.instruments import IntArray
from econloom.panel.linear.dynamic.rows import BoolArray, Row, differences

Result = Test | Unavailable


def sargan(found: DynamicEstimate) -> Result:
    """``e1'Z S^-1 Z'e1 / sigma^2`` of the first step, chi-squared with L - k degrees of freedom under iid errors."""
    df = found.steps[0].weight.rank - len(found.kept)
    if df <= 0:
        return Unavailable("as many instruments as coefficients: nothing to test")
    return chi2(found.steps[0].objective / found.sigma2, df, "the instruments are valid (iid errors)")


def hansen(found: DynamicEstimate) -> Result:
    """``e2'Z Omega^-1 Z'e2``: two-step residuals, the weighting of one-step ones."""
    df = found.steps[1].weight.rank - len(found.kept)
    if df <= 0:
        return Unavailable("as many instruments as coefficients: nothing to test")
    return chi2(found.steps[1].objective, df, "the instruments are valid")


def difference_in_hansen(found: DynamicEstimate, group: BoolArray) -> tuple[Result, Result]:
    """Hansen's statistic without a group of instruments, and what the group adds to it.

    Both weigh by parts of one Omega, so that the difference is not negative (Hayashi 2000, section 3.6).

    Parameters
    ----------
    found : DynamicEstimate
    group : (L,) bool array
        The instruments in doubt.
    """
    whole = hansen(found)
    if isinstance(whole, Unavailable):
        return whole, whole
    keep: IntArray = np.flatnonzero(~group)
    k, scores = len(found.kept), found.steps[0].scores
    if len(keep) < k:
        gone = Unavailable(f"{len(keep)} instruments are left for {k} coefficients")
        return gone, gone
    weight = inverse((scores.T @ scores)[np.ix_(keep, keep)])
    ZX, Zy = found.crossed[keep], found.instruments.crossed(found.stack.outcome)[keep]
    try:
        _, b = solved(ZX, Zy, weight.inverse)
    except EstimationError as error:
        gone = Unavailable(f"without them {error.message}")
        return gone, gone
    moments = Zy - ZX @ b
    value, df = float(moments @ weight.inverse @ moments), weight.rank - k
    less: Result = chi2(value, df, "the other instruments are valid") if df > 0 else Unavailable(
        "the others identify the coefficients just: nothing to test"
    )  # fmt: skip
    added = int(whole.df[0]) - max(df, 0)
    if added <= 0:
        return less, Unavailable("the group adds no degree of freedom")
    return less, chi2(whole.statistic - max(value, 0.0), added, "the instruments of the group are valid")


def autocorrelation(
    found: DynamicEstimate, complete: BoolArray, outcome: FloatArray, regressors: FloatArray, order: int
) -> Result:
    """Arellano and Bond's test of serial correlation in the first-differenced residuals.

    ``m = sum w_i'v_i / sqrt(...)`` with w the residuals ``order`` periods before (Arellano and Bond 1991, Review of
    Economic Studies 58, section 2); standard normal. Differences of serially uncorrelated errors are correlated at
    order 1 and at no other.

    Parameters
    ----------
    found : DynamicEstimate
    complete : (N, T) bool array
        Where the model has every variable.
    outcome, regressors : (N, T) and (N, T, k) arrays
        In levels, with the regressors kept only.
    order : int
    """
    rows = differences(complete)
    b, step = found.step.coefficients, found.step
    v = {r.period: np.where(r.present, r.of(outcome) - r.of(regressors) @ b, 0.0) for r in rows}
    pairs = [(r, v[r.period - order]) for r in rows if r.period - order in v]
    null = f"no serial correlation of order {order} in the differenced errors"
    if not any((w != 0).any() and (v[r.period] != 0).any() for r, w in pairs):
        return Unavailable(f"no unit has differences {order} periods apart")
    each = np.sum([w * v[r.period] for r, w in pairs], axis=0)
    pull = np.sum([r.of(regressors).T @ w for r, w in pairs], axis=0)
    if found.robust or found.chosen == 2:
        own = float(each @ each)
        mixed = step.scores.T @ each
    else:
        own, mixed = _iid_parts(found, pairs)
    back = step.bread @ found.crossed.T @ step.weight.inverse
    variance = own - 2 * float(pull @ back @ mixed) + float(pull @ found.vcov @ pull)
    if not variance > 0:
        return Unavailable(f"the variance of the statistic of order {order} came out at {variance:.3g}, not positive")
    z = float(each.sum()) / math.sqrt(variance)
    return Test(z, (), 2 * float(special.ndtr(-abs(z))), null, "normal")


def _iid_parts(found: DynamicEstimate, pairs: list[tuple[Row, FloatArray]]) -> tuple[float, FloatArray]:
    """``sigma^2 sum w_i'H w_i`` and ``sigma^2 sum Z_i' Cov(e_i, v_i) w_i`` under iid errors."""
    own = 0.0
    for one, w in pairs:
        for other, u in pairs:
            share = one.overlap(other)
            if share is not None:
                own += float(np.sum(share * np.where(one.present & other.present, w * u, 0.0)))
    spread = np.zeros_like(found.stack.outcome)
    for at, row in enumerate(found.stack.rows):
        for one, w in pairs:
            share = row.overlap(one)
            if share is not None:
                spread[at] += share * np.where(row.present & one.present, w, 0.0)
    return found.sigma2 * own, found.sigma2 * found.instruments.crossed(spread)
