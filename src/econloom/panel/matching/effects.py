"""Average effects from matches, and their errors (Abadie and Imbens 2006, 2011, 2016).

With ``Y_i(w)`` the outcome of a row of arm w and the (weighted) mean of its matches otherwise, ``t_i = Y_i(1) -
Y_i(0)``, D_i whether row i is matched (is focal), K_i the sum and K'_i the sum of squares of the weights it has as a
match of others, and N the number of focal rows::

    t = sum_i D_i t_i / N
    V = [ sum_i D_i (t_i - t)^2 + sum_i (K_i^2 + 2 D_i K_i - K'_i) s_i^2 ] / N^2

``s_i^2``, the variance of the outcome given the matching variables, by matching within the arm or as one number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from econloom.core.errors import EstimationError
from econloom.core.estimate import Unavailable
from econloom.panel.absorb import FloatArray
from econloom.panel.columns import BoolArray
from econloom.panel.matching.asked import Rule
from econloom.panel.matching.links import Links
from econloom.panel.matching.search import Places
from econloom.panel.matching.spread import conditional_variance


@dataclass(frozen=True)
class Average:
    """An average effect.

    Attributes
    ----------
    estimate : float
    variance : float or Unavailable
    n : int
        Rows averaged over.
    """

    estimate: float
    variance: float | Unavailable
    n: int


@dataclass(frozen=True)
class Matches:
    """The matches of one or both arms.

    Attributes
    ----------
    treated : (n,) bool array
    links : tuple of Links
        Of the treated among the untreated; then, for the average effect in the population, the other way round.
    """

    treated: BoolArray
    links: tuple[Links, ...]

    @property
    def focal(self) -> BoolArray:
        """Rows that are matched, (n,)."""
        out = np.zeros(len(self.treated), dtype=bool)
        for some in self.links:
            out[some.focal] = True
        return out

    def loads(self) -> tuple[FloatArray, FloatArray]:
        """Sums of weights and of squared weights of every row as a match of others."""
        found = [some.loads(len(self.treated)) for some in self.links]
        load, squares = (np.sum(part, axis=0) for part in zip(*found, strict=True))
        return load, squares


def effects_by_row(matches: Matches, y: FloatArray, fitted: FloatArray | None) -> FloatArray:
    """``t_i`` of the focal rows, NaN elsewhere.

    Parameters
    ----------
    matches : Matches
    y : (n,) array
    fitted : (n, 2) array or None
        Regressions of the outcome in the untreated and the treated arm, at the covariates of every row: a match's
        outcome is moved by the difference of its arm's regression between the two rows.
    """
    out = np.full(len(y), np.nan)
    for some in matches.links:
        own = matches.treated[some.focal[0]] if len(some.focal) else True
        other = some.means(y[:, None])[:, 0]
        if fitted is not None:
            arm = 0 if own else 1
            other = other + fitted[some.focal, arm] - some.means(fitted[:, [arm]])[:, 0]
        out[some.focal] = (1.0 if own else -1.0) * (y[some.focal] - other)
    return out


def regressions(matches: Matches, y: FloatArray, X: FloatArray, names: Sequence[str]) -> FloatArray:
    """Fitted values of the outcome on covariates in each arm that serves as matches, weighted by K, (n, 2).

    Raises
    ------
    EstimationError
        Fewer matched rows in an arm than covariates.
    """
    load, _ = matches.loads()
    out = np.zeros((len(y), 2))
    Z = np.column_stack([np.ones(len(y)), X])
    for arm, what in ((0, "untreated"), (1, "treated")):
        rows = (matches.treated == bool(arm)) & (load > 0)
        if not rows.any():
            continue
        root = np.sqrt(load[rows])
        scale = np.sqrt((Z[rows] ** 2).mean(axis=0))
        scale[scale == 0] = 1.0
        if int(rows.sum()) <= Z.shape[1]:
            raise EstimationError(f"bias_adjust: {int(rows.sum())} matched {what} rows for {len(names)} covariates")
        b, *_ = np.linalg.lstsq(Z[rows] / scale * root[:, None], y[rows] * root, rcond=1e-12)
        out[:, arm] = Z @ (b / scale)
    return out


def average(matches: Matches, y: FloatArray, places: Places, rule: Rule, fitted: FloatArray | None) -> Average:
    """The average effect with the variance of Abadie and Imbens (2006)."""
    by_row = effects_by_row(matches, y, fitted)
    focal = matches.focal
    N = int(focal.sum())
    estimate = float(by_row[focal].mean())
    if rule.errors == "none":
        return Average(estimate, Unavailable("errors='none'"), N)
    load, squares = matches.loads()
    weight = load**2 + 2 * focal * load - squares
    weight[np.abs(weight) < 1e-12] = 0.0
    spread = _spreads(matches, y, places, rule, estimate, fitted)
    needed = weight != 0
    if (lacking := int(np.isnan(spread[needed]).sum())) > 0:
        reason = f"{lacking} matched rows have no neighbour of their own arm in their group of exact matching"
        return Average(estimate, Unavailable(reason), N)
    total = float(((by_row[focal] - estimate) ** 2).sum() + (weight[needed] * spread[needed]).sum())
    return Average(estimate, total / N**2, N)


def _spreads(
    matches: Matches, y: FloatArray, places: Places, rule: Rule, estimate: float, fitted: FloatArray | None
) -> FloatArray:
    if rule.variance == "equal":
        return np.full(len(y), _equal_variance(matches, y, estimate, fitted))
    arms = (~matches.treated, matches.treated) if len(matches.links) > 1 else (~matches.treated,)
    return conditional_variance(places, y, arms, rule.neighbours, rule.tolerance)


def _equal_variance(matches: Matches, y: FloatArray, estimate: float, fitted: FloatArray | None) -> float:
    """Half the mean square of a pair's effect less the average one."""
    total, weight = 0.0, 0.0
    for some in matches.links:
        own = matches.treated[some.focal[0]]
        sign = 1.0 if own else -1.0
        mean = some.means(np.column_stack([y, y**2]) if fitted is None else _moved(y, fitted, 0 if own else 1))
        shift = 0.0 if fitted is None else fitted[some.focal, 0 if own else 1]
        e = y[some.focal] - shift - sign * estimate
        total += float((e**2 - 2 * e * mean[:, 0] + mean[:, 1]).sum())
        weight += len(some.focal)
    return total / weight / 2


def _moved(y: FloatArray, fitted: FloatArray, arm: int) -> FloatArray:
    left = y - fitted[:, arm]
    return np.column_stack([left, left**2])
