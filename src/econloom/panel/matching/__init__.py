"""Matching on scores and covariates, and inverse-probability weights. ``el.matching`` is this module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.data.expressions import Scope
from econloom.data.sources import as_panel
from econloom.panel.matching.asked import (
    Denominator,
    Distance,
    Errors,
    Estimand,
    Form,
    Kernel,
    Method,
    Order,
    Rule,
    Score,
    Support,
    Ties,
)

if TYPE_CHECKING:
    from econloom.panel.matching.matched import Matched as Matched

__all__ = ["Matched", "match"]


def match(
    formula: str,
    data: Any,
    outcome: str | None = None,
    *,
    method: Method = "nearest",
    score: Score = "logit",
    distance: Distance = "score",
    estimand: Estimand = "att",
    k: int = 1,
    replacement: bool = True,
    ties: Ties | None = None,
    tolerance: float = 1e-16,
    order: Order | None = None,
    seed: int | None = None,
    caliper: float | None = None,
    caliper_in: Literal["sd", "raw"] = "sd",
    exact: Sequence[str] | str = (),
    on: Sequence[str] | str = (),
    covariance: Literal["sample", "within"] = "sample",
    kernel: Kernel = "epanechnikov",
    bandwidth: float = 0.06,
    support: Support = "none",
    trim: float | tuple[float, float] | None = None,
    form: Form = "normalised",
    most_weight: float | None = None,
    errors: Errors | None = None,
    variance: Literal["neighbours", "equal"] = "neighbours",
    neighbours: int = 2,
    bias_adjust: bool | Sequence[str] | str = False,
    draws: int = 500,
    denominator: Denominator = "treated",
    where: Any = None,
    unit: str | None = None,
    time: str | None = None,
    scope: Scope | None = None,
) -> Matched:
    """Match treated with untreated rows, or weight them by the inverse of the probability of their arm.

    Parameters
    ----------
    formula : str
        ``"treated ~ x1 + x2 + i(industry)"``: the treatment, 0 or 1, and the covariates.
    data : Panel, polars, pandas, pyarrow or path
    outcome : str, optional
        A column or ``log(column)`` whose average effect is wanted; without it the matches and weights alone.
    method : {"nearest", "radius", "kernel", "ipw"}
    score : {"logit", "probit"}
    distance : {"score", "linear", "mahalanobis", "scaled", "columns"}
        Difference of the probabilities or of the linear predictors; Mahalanobis' distance, Euclidean distance of
        covariates over their standard deviations, or as they are.
    estimand : {"att", "ate"}
        Effect on the treated, or on all rows: then both arms are matched.
    k : int
        Nearest neighbours.
    replacement : bool
        Whether an untreated row may serve several treated ones. Without it treated rows choose in turn, in ``order``,
        k rounds of one each.
    ties : {"all", "first", "random"}
        ``all`` (with replacement): everybody as near as the k-th, with equal weights, as R's Matching and Stata's
        teffects. ``first``: by their order in the data, as MatchIt and psmatch2. ``random`` needs a seed.
    tolerance : float
        Squared distances, in units of the variance of the score (of the distance itself in several dimensions), that
        differ by less are ties; R's Matching has 1e-5.
    order : {"largest", "smallest", "data", "random"}
        Who chooses first without replacement; by score the largest, else as in the data.
    seed : int, optional
    caliper : float, optional
        Largest distance; of ``method="radius"`` the radius.
    caliper_in : {"sd", "raw"}
        In standard deviations of the score over all rows, or in its own units.
    exact : str or sequence of str
        Columns whose values must be the same.
    on : str or sequence of str
        Columns to take the distance of instead of the covariates, such as a score of your own:
        ``distance="columns", on="pscore"``.
    covariance : {"sample", "within"}
        Of Mahalanobis' and the scaled distance: of all rows, or pooled within the arms.
    kernel : {"epanechnikov", "gaussian", "uniform", "biweight", "tricube"}
    bandwidth : float
        In units of the score.
    support : {"none", "minmax", "density", "range"}
        Common support: scores between the extremes of the other arm; without the share ``trim`` of rows at which the
        other arm is thinnest; scores within the bounds ``trim=(0.1, 0.9)``. For ``att`` the first two drop treated rows
        only.
    trim : float or (float, float), optional
    form : {"normalised", "plain", "stabilised"}
        Of inverse-probability weights.
    most_weight : float, optional
        Quantile of each arm's weights at which they are cut.
    errors : {"abadie_imbens", "estimated_score", "sandwich", "weights", "bootstrap", "none"}
        Nearest neighbours: Abadie and Imbens (2006, the default), or with the adjustment for an estimated score (2016).
        Inverse-probability weights: the sandwich with the score model. Radius and kernel: given the weights (Lechner
        2001), or the bootstrap, which estimates the score anew in every draw.
    variance : {"neighbours", "equal"}
        Variance of the outcome given the score: from the nearest ``neighbours`` rows of the same arm, or one number.
    neighbours : int
    bias_adjust : bool, str or sequence of str
        Adjust matches for differences in all (or these) covariates by regression (Abadie and Imbens 2011).
    draws : int
        Of the bootstrap.
    denominator : {"treated", "control", "pooled"}
        Of standardised differences.
    where : str, optional
        Rows to use.
    unit, time : str, optional
    scope : Scope, optional
        Lists and named samples that ``where`` may use.

    Returns
    -------
    Matched
        ``tidy()`` the effect; ``balance``, ``love()``, ``pairs()``, ``by_row``, ``data()``, ``score``, ``sample``.

    Raises
    ------
    UsageError
        Options that do not go together; an unknown column.
    DataError
        A treatment other than 0 and 1.
    EstimationError
        No treated or untreated row, covariates that separate them, no common support, nobody within the caliper, k
        larger than the number of untreated rows.

    Notes
    -----
    ``ATT = 1/N1 sum_treated (y_i - sum_j w_ij y_j)``; errors in :mod:`econloom.panel.matching.effects`. Abadie and
    Imbens (2006, Econometrica 74; 2011, JBES 29; 2016, Econometrica 84), Rosenbaum and Rubin (1983, Biometrika 70).

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"d": [1, 1, 1, 0, 0, 0, 0], "x": [1.0, 2, 3, 1, 2, 2.5, 5], "y": [3.0, 4, 6, 1, 2, 2, 9]})
    >>> made = match("d ~ x", frame, "y", distance="columns")
    >>> made.pairs()["match"].to_list(), made.effect.estimate
    ([3, 4, 5], 2.6666666666666665)
    """
    rule = Rule(
        method, score, distance, estimand, k, replacement, ties, tolerance, order, seed, caliper, caliper_in,
        _names(exact, "exact"), _names(on, "on"), covariance, kernel, bandwidth, support,
        tuple(trim) if isinstance(trim, list) else trim, form, most_weight, errors, variance, neighbours,
        bias_adjust if isinstance(bias_adjust, bool) else _names(bias_adjust, "bias_adjust"), draws, denominator,
    ).settled()  # fmt: skip
    return by_rule(formula, as_panel(data, unit, time), outcome, rule, where, scope)


def by_rule(
    formula: str, panel: Any, outcome: str | None, rule: Rule, where: Any = None, scope: Scope | None = None
) -> Matched:
    """As :func:`match`, of a panel and a settled rule."""
    from econloom.panel.matching.found import find
    from econloom.panel.matching.matched import Matched
    from econloom.panel.matching.rows import rows_of
    from econloom.panel.passes import one_blas_thread

    try:
        with one_blas_thread():
            rows = rows_of(formula, panel, outcome, rule.exact, rule.on, where, scope)
            return Matched(rule, panel, rows, find(rows, rule))
    except (DataError, EstimationError) as error:
        raise error.within(formula) from error


def _names(given: Sequence[str] | str, what: str) -> tuple[str, ...]:
    found = (given,) if isinstance(given, str) else tuple(given)
    if odd := [n for n in found if not isinstance(n, str)]:
        raise UsageError(f"{what}: names of columns are needed, not {odd[0]!r}")
    return found


def __getattr__(name: str) -> Any:
    """``Matched`` on first use: rules are read by study files, which start without compiled code."""
    if name != "Matched":
        raise AttributeError(f"module 'econloom.matching' has no attribute {name!r}")
    from econloom.panel.matching.matched import Matched

    return Matched
