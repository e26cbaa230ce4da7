"""Callaway and Sant'Anna: effects of every cohort in every period, and their means."""

from __future__ import annotations

from typing import Any, get_args

from econloom.core.errors import DataError, EstimationError, UsageError, did_you_mean
from econloom.core.spec import VcovSpec
from econloom.data.sources import as_panel
from econloom.panel.did.cells import BasePeriod, Control, cells
from econloom.panel.did.cohorts import CohortPanel, Unbalanced, cohort_panel, usable, without_last
from econloom.panel.did.group_effects import Choices, GroupTime
from econloom.panel.did.multipliers import Bootstrap, Multipliers
from econloom.panel.did.two_by_two import Method
from econloom.panel.passes import one_blas_thread


def group_time(
    formula: str,
    data: Any,
    unit: str | None = None,
    time: str | None = None,
    *,
    cohort: str,
    control: Control = "never_treated",
    method: Method = "dr",
    base_period: BasePeriod = "varying",
    anticipation: int = 0,
    weights: str | None = None,
    vcov: VcovSpec | None = None,
    where: Any = None,
    unbalanced: Unbalanced = "pairs",
    draws: int = 999,
    multipliers: Multipliers = "rademacher",
    seed: int = 1,
) -> GroupTime:
    """Effects of every cohort in every period, ATT(g, t) (Callaway and Sant'Anna 2021).

    Parameters
    ----------
    formula : str
        ``"y ~ 1"``, or covariates given which trends are parallel, ``"y ~ lpop"``; taken at the base period.
    data : Panel, polars, pandas, pyarrow or path
    unit, time : str
        Keys; they may come with a Panel.
    cohort : str
        Column of the first treated period of a unit; null for never. Units first treated after the sample count as
        never treated, units treated in its first period are dropped; both said.
    control : {"never_treated", "not_yet_treated"}
        Whom a cohort is compared with. ``not_yet_treated``: also cohorts that are treated after both periods; where no
        unit is never treated, the last cohort is the comparison and the periods from its adoption on are dropped.
    method : {"dr", "ipw", "reg"}
        Doubly robust, inverse probability weighting (weights summing to one), or outcome regression. Without covariates
        all are the difference of mean changes.
    base_period : {"varying", "universal"}
        What an untreated period is compared with: the one before it, or the last untreated one as all others are.
    anticipation : int
        Periods before adoption in which there may be effects.
    weights : str, optional
        Column of sampling weights: that of the base period in a cell, of a unit's first row in the shares of cohorts.
    vcov : VcovSpec, optional
        ``el.cluster("column")`` of larger clusters; of one unit each by default.
    where : str, optional
        Rows to use.
    unbalanced : {"pairs", "complete"}
        Of a panel with missing rows: a cell compares the units that have both of its periods, or all cells use the
        units that are seen in every period (the default of R's did). Units seen in one period only are no repeated
        cross-section here; they are dropped and said.
    draws : int
        Of the multiplier bootstrap for uniform bands; 0 for none.
    multipliers : {"rademacher", "mammen"}
        As in R's did, or as in the paper.
    seed : int

    Returns
    -------
    GroupTime
        ``tidy()``; ``aggregate("dynamic")`` (or ``"simple"``, ``"group"``, ``"calendar"``); ``pretest``.

    Raises
    ------
    UsageError
        The formula, a column or an option is wrong; zeros in ``cohort`` where null is meant.
    DataError
        Keys that repeat, a cohort that varies within a unit or is no whole period.
    EstimationError
        No never-treated unit under ``never_treated``; all treated at once; no unit treated within the sample;
        covariates without overlap or collinear within a comparison.

    Notes
    -----
    ``ATT(g, t) = E[Y_t - Y_b | G = g] - E[Y_t - Y_b | comparison]`` with b the base period, the comparison adjusted for
    covariates as ``method`` says (:mod:`econloom.panel.did.two_by_two`). Errors are analytic, from influence functions
    that include the estimated propensity score, regression and cohort shares; no small-sample factor; normal law.

    Examples
    --------
    >>> import numpy as np, polars as pl
    >>> i, t = np.repeat(np.arange(60), 4), np.tile(np.arange(2001, 2005), 60)
    >>> g = np.where(i % 3 == 0, 2003, np.where(i % 3 == 1, 2004, 9999))
    >>> y = i / 10 + t + 2.0 * (t >= g) + np.random.default_rng(1).normal(scale=0.1, size=240)
    >>> frame = pl.DataFrame({"i": i, "t": t, "y": y, "g": g}).with_columns(pl.col("g").replace(9999, None))
    >>> found = group_time("y ~ 1", frame, "i", "t", cohort="g", draws=0)
    >>> found.tidy().shape, round(found.aggregate("simple").tidy()["estimate"][0], 1)
    ((6, 11), 2.0)
    """
    choices = Choices(control, method, base_period, anticipation, Bootstrap(draws, seed, multipliers))
    _check(choices, unbalanced)
    panel = as_panel(data, unit, time)
    try:
        with one_blas_thread():
            drawn = usable(
                cohort_panel(formula, panel, cohort, vcov, weights, where, "group_time"), anticipation, unbalanced
            )
            drawn = _compared(drawn, choices)
            found = cells(drawn, control, method, base_period, anticipation)
    except (DataError, EstimationError) as error:
        raise error.within(formula) from error
    return GroupTime(drawn, found, choices)


def _check(choices: Choices, unbalanced: str) -> None:
    known = {"control": Control, "method": Method, "base_period": BasePeriod}
    for name, kinds in known.items():
        given, allowed = getattr(choices, name), get_args(kinds)
        if given not in allowed:
            raise UsageError(f"{name}: no {given!r}{did_you_mean(str(given), allowed)}", hint=", ".join(allowed))
    if unbalanced not in get_args(Unbalanced):
        raise UsageError(f"unbalanced: 'pairs' or 'complete', not {unbalanced!r}")
    if isinstance(choices.anticipation, bool) or not isinstance(choices.anticipation, int) or choices.anticipation < 0:
        raise UsageError(f"anticipation: a number of periods, not {choices.anticipation!r}")


def _compared(panel: CohortPanel, choices: Choices) -> CohortPanel:
    """The panel under its choice of comparison.

    Raises
    ------
    EstimationError
        No unit is never treated.
    """
    never = float("inf") in panel.cohort
    if choices.control == "never_treated" and not never:
        raise EstimationError(
            "no unit is never treated in the sample",
            hint="control='not_yet_treated'; el.did.sun_abraham, stacked, multiple_periods and imputation also compare "
            "with units that are treated later",
        )
    return panel if never else without_last(panel, choices.anticipation)
