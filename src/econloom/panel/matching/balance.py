"""Balance of covariates between the arms, before and after matching.

``d = (mean_1 - mean_0) / s`` with s the standard deviation that is named, of the rows before matching in both columns:
of the treated, of the untreated, or ``sqrt((s_1^2 + s_0^2) / 2)``. The variance of a 0/1 column is ``m (1 - m)``; of
others the sample variance, with weights ``sum w (x - m)^2 W / (W^2 - sum w^2)``, W the sum of the weights. So do
MatchIt and cobalt. t is that of the (weighted) regression of the covariate on the treatment, as in psmatch2's pstest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy import special

from econloom.panel.absorb import FloatArray
from econloom.panel.columns import BoolArray
from econloom.panel.matching.asked import Denominator

SCORE = "(score)"
COLUMNS = (
    "mean_treated",
    "mean_control",
    "difference",
    "variance_ratio",
    "t",
    "p_value",
)


def balance_table(
    names: Sequence[str], X: FloatArray, treated: BoolArray, weights: FloatArray, denominator: Denominator
) -> pl.DataFrame:
    """One row a covariate.

    Parameters
    ----------
    names : sequence of str
    X : (n, p) array
    treated : (n,) bool array
    weights : (n,) array
        After matching; zero for rows that are left out.
    denominator : {"treated", "control", "pooled"}

    Returns
    -------
    polars.DataFrame
        term, then for ``before_`` and ``after_``: mean_treated, mean_control, difference (standardised),
        variance_ratio (null for a 0/1 column), t, p_value; and ``reduction``, the share of the absolute difference that
        is gone. A covariate with no spread before matching has no standardised difference.
    """
    rows = [_row(name, x, treated, weights, denominator) for name, x in zip(names, X.T, strict=True)]
    schema = ["term", *(f"{when}_{c}" for when in ("before", "after") for c in COLUMNS), "reduction"]
    return pl.DataFrame(rows, schema=schema, orient="row").cast(dict.fromkeys(schema[1:], pl.Float64))


def _row(name: str, x: FloatArray, treated: BoolArray, weights: FloatArray, denominator: str) -> list[object]:
    binary = bool(np.isin(x, (0.0, 1.0)).all())
    ones = np.ones(len(x))
    variances = [_variance(x[arm], ones[arm], binary) for arm in (treated, ~treated)]
    choice = {"treated": variances[0], "control": variances[1], "pooled": sum(variances) / 2}
    scale = math.sqrt(choice[denominator])
    parts: list[float | None] = []
    differences: list[float | None] = []
    for w in (ones, weights):
        found = _compared(x, treated, w, binary, scale)
        differences.append(found[2])
        parts += found
    before, after = differences
    gone = 1 - abs(after) / abs(before) if before and after is not None else None
    return [name, *parts, gone]


def _compared(x: FloatArray, treated: BoolArray, w: FloatArray, binary: bool, scale: float) -> list[float | None]:
    arms = (treated & (w > 0), ~treated & (w > 0))
    if not arms[0].any() or not arms[1].any():
        return [None] * len(COLUMNS)
    means = [float(np.average(x[arm], weights=w[arm])) for arm in arms]
    v1, v0 = (_variance(x[arm], w[arm], binary) for arm in arms)
    ratio = v1 / v0 if not binary and v0 > 0 else None
    t, p = _t(x, arms, w, means)
    return [*means, (means[0] - means[1]) / scale if scale > 0 else None, ratio, t, p]


def _variance(x: FloatArray, w: FloatArray, binary: bool) -> float:
    total = float(w.sum())
    mean = float(w @ x) / total
    if binary:
        return mean * (1 - mean)
    left = total**2 - float(w @ w)
    return float(w @ (x - mean) ** 2) * total / left if left > 0 else 0.0


def _t(x: FloatArray, arms: Sequence[BoolArray], w: FloatArray, means: Sequence[float]) -> tuple[float | None, ...]:
    """t of the treatment in the regression of x on it with analytic weights, and its p value."""
    n = int(arms[0].sum() + arms[1].sum())
    totals = [float(w[arm].sum()) for arm in arms]
    rss = sum(float(w[arm] @ (x[arm] - m) ** 2) for arm, m in zip(arms, means, strict=True))
    if n < 3 or not rss > 1e-24 * max(abs(means[0]), abs(means[1]), 1e-300) ** 2 * sum(totals):
        return None, None
    error = math.sqrt(rss / (n - 2) * (1 / totals[0] + 1 / totals[1]))
    t = (means[0] - means[1]) / error
    return t, float(2 * special.stdtr(n - 2, -abs(t)))
