"""Random effects, between and first-difference regressions: least squares on rows that a panel was turned into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import numpy as np

from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.core.frame import Panel
from econloom.core.lineage import Drop, SampleLog
from econloom.core.spec import VcovSpec, iid
from econloom.data.sources import as_panel
from econloom.panel.columns import Columns
from econloom.panel.design import Design, build_design, draw_sample, with_levels
from econloom.panel.fits import Fits
from econloom.panel.fitted import Shared
from econloom.panel.formula import EffectTerm, ModelSpec, parse_formulas
from econloom.panel.linear.between import unit_means
from econloom.panel.linear.constant import intercept
from econloom.panel.linear.first_difference import differenced
from econloom.panel.linear.ols import least_squares
from econloom.panel.linear.random_effects import (
    Components,
    Form,
    generalised_least_squares,
    quasi_demeaned,
    variance_components,
)
from econloom.panel.moments import cross_multiply, sweep
from econloom.panel.passes import one_blas_thread
from econloom.panel.request import Request
from econloom.panel.transformed import Drawn, Estimator, PanelFit, PanelSsc, factors_of, known_convention, put_together


def random_effects(
    formula: str,
    data: Any,
    unit: str | None = None,
    time: str | None = None,
    vcov: VcovSpec | None = None,
    where: str | None = None,
    ssc: PanelSsc = "xtreg",
    components: Form = "harmonic",
) -> PanelFit | Fits:
    """Random unit effects by feasible GLS with the variance components of Swamy and Arora.

    Parameters
    ----------
    formula : str
        ``"y ~ x + i(year)"``; several models as for :func:`econloom.ols`. It absorbs no effects.
    data : Panel, polars, pandas, pyarrow or path
    unit, time : str, optional
        Keys; the unit may come with a Panel.
    vcov : VcovSpec
        ``el.iid()`` (the default) or ``el.cluster(...)`` of the units or of groups of units.
    where : str, optional
        Condition of the rows to use.
    ssc : {"xtreg", "fixest", "none"}
        ``xtreg``: factors 1/(n-K) and G/(G-1) (n-1)/(n-K) with the normal law, K the constant included; ``fixest``:
        the same factors with t(n-K) and t(G-1); ``none``: no factor, normal.
    components : {"harmonic", "baltagi_chang"}
        With units of different length, the variance of u of Stata's ``xtreg, re``, or that of R's ``plm`` and
        ``xtreg, re sa``.

    Returns
    -------
    PanelFit or Fits
        ``glance()`` has sigma_u, sigma_e, rho, theta (of balanced panels) or theta_min, theta_median and theta_max,
        and r2_within, r2_between, r2_overall as squared correlations; r2 is that overall.

    Raises
    ------
    UsageError
        No unit, effects or instruments in the formula, a covariance or convention that does not suit.
    DataError
        As :func:`econloom.ols`.
    EstimationError
        One unit, one period, too few units for the between regression, an outcome without variation within units.

    Notes
    -----
    Least squares of ``y_it - theta_i mean_i(y)`` (:mod:`econloom.panel.linear.random_effects`; Swamy and Arora 1972,
    Econometrica 40; Baltagi and Chang 1994, Journal of Econometrics 62). Where the variance of the unit effects comes
    out negative it is set to zero, as other programs do, and the fit says so.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"i": [1, 1, 2, 2, 3, 3, 4, 4], "t": [0, 1] * 4,
    ...                       "x": [1.0, 2, 1, 4, 2, 2.5, 0, 3], "y": [1.0, 2, 0, 4, 4, 5, 2, 4]})
    >>> fit = random_effects("y ~ x", frame, unit="i", time="t")
    >>> [round(fit.glance()[name][0], 4) for name in ("sigma_u", "sigma_e", "theta")]
    [1.4964, 0.6119, 0.7222]
    """
    convention = known_convention(ssc)
    if components not in get_args(Form):
        raise UsageError(f"components: {' or '.join(map(repr, get_args(Form)))}, not {components!r}")

    def one(drawn: Drawn) -> PanelFit:
        return _random_effects(drawn, convention, components)

    return _each(formula, as_panel(data, unit, time), unit, vcov, where, convention, one)


def between(
    formula: str,
    data: Any,
    unit: str | None = None,
    time: str | None = None,
    vcov: VcovSpec | None = None,
    where: str | None = None,
    ssc: PanelSsc = "xtreg",
    wls: bool = False,
) -> PanelFit | Fits:
    """Least squares on unit means, one row a unit.

    Parameters
    ----------
    formula, data, unit, time, where
        As for :func:`random_effects`. Functions such as ``log(x)`` are taken before the means.
    vcov : VcovSpec
        ``el.iid()`` (the default), ``el.hc1()`` to ``el.hc3()``, or clusters of whole units.
    ssc : {"xtreg", "fixest", "none"}
        The first two are the same here: t with units less coefficients.
    wls : bool
        Units weigh as much as they have rows (``xtreg, be wls``).

    Returns
    -------
    PanelFit or Fits

    Raises
    ------
    UsageError, DataError, EstimationError
        As for :func:`random_effects`; no more units than coefficients.

    Notes
    -----
    ``mean_i(y) = c + mean_i(X)' b`` (:mod:`econloom.panel.linear.between`). ``r2`` is that of this regression,
    ``r2_within`` and ``r2_overall`` squared correlations of its prediction with the rows.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"i": [1, 1, 2, 2, 3, 3], "x": [0.0, 2, 1, 3, 5, 5], "y": [1.0, 2, 2, 3, 4, 6]})
    >>> [round(b, 4) for b in between("y ~ x", frame, unit="i").tidy()["estimate"]]
    [0.8654, 0.6923]
    """
    convention = known_convention(ssc)

    def one(drawn: Drawn) -> PanelFit:
        return _between(drawn, convention, wls)

    return _each(formula, as_panel(data, unit, time), unit, vcov, where, convention, one)


def first_difference(
    formula: str,
    data: Any,
    unit: str | None = None,
    time: str | None = None,
    vcov: VcovSpec | None = None,
    where: str | None = None,
    ssc: PanelSsc = "xtreg",
) -> PanelFit | Fits:
    """Least squares on differences from the period before, where the unit has a row of that period.

    Parameters
    ----------
    formula, data, unit, time, vcov, where
        As for :func:`random_effects`; ``time`` is needed. A period left out by ``where`` or by missing values breaks
        the chain: the next one has no difference.
    ssc : {"xtreg", "fixest", "none"}
        The first two are the same here: t.

    Returns
    -------
    PanelFit or Fits
        The constant is a common trend; ``y ~ 0 + x`` leaves it out.

    Raises
    ------
    UsageError, DataError, EstimationError
        As for :func:`random_effects`; no time, no row with a period before.

    Notes
    -----
    ``y_it - y_i,t-1 = c + (x_it - x_i,t-1)' b`` (:mod:`econloom.panel.linear.first_difference`). R's ``plm`` takes the
    difference from the row before whatever its period; without gaps the two are the same.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"i": [1, 1, 1, 2, 2, 2], "t": [1, 2, 4, 1, 2, 3],
    ...                       "x": [0.0, 2, 1, 3, 5, 6], "y": [1.0, 4, 2, 3, 4, 6]})
    >>> fit = first_difference("y ~ 0 + x", frame, unit="i", time="t")
    >>> fit.sample.n, round(fit.tidy()["estimate"][0], 4)
    (3, 1.1111)
    """
    convention = known_convention(ssc)
    panel = as_panel(data, unit, time)
    if panel.time is None:
        raise UsageError("first differences need the time column", hint="time='year'")

    def one(drawn: Drawn) -> PanelFit:
        return _first_difference(drawn, convention)

    return _each(formula, panel, unit, vcov, where, convention, one)


def _each(
    formula: str,
    panel: Panel,
    unit: str | None,
    vcov: VcovSpec | None,
    where: str | None,
    convention: PanelSsc,
    one: Callable[[Drawn], PanelFit],
) -> PanelFit | Fits:
    """One fit for each model of a formula; an error begins with its model."""
    key = unit or panel.unit
    if key is None:
        raise UsageError("the units are not known", hint="unit='firm'")
    columns = Columns(panel, where)
    fits: list[PanelFit] = []
    for model in parse_formulas(formula):
        _refuse_other_parts(model)
        asked = Request(model, panel, vcov or iid(), where=where, unit=key, ssc=factors_of(convention))
        try:
            with one_blas_thread():
                fits.append(one(_drawn(columns, asked, key)))
        except (DataError, EstimationError) as error:
            raise error.within(model.text) from error
    return fits[0] if len(fits) == 1 else Fits(tuple(fits))


def _refuse_other_parts(model: ModelSpec) -> None:
    if model.endogenous:
        raise UsageError(f"this estimator takes no instruments: {model.text}", hint="el.iv('y ~ x | fe | e ~ z', …)")
    if model.effects:
        raise UsageError(f"this estimator absorbs no effects: {model.text}", hint="as dummies: y ~ x + i(year)")


def _drawn(columns: Columns, asked: Request, key: str) -> Drawn:
    """Rows and arrays of one model."""
    with_unit = replace(asked, model=replace(asked.model, effects=(EffectTerm(key, (key,)),)))
    sample = draw_sample(columns, with_unit)
    spelt_out = with_levels(columns, with_unit, sample)
    design = replace(build_design([(columns, spelt_out)], sample), intercept=asked.model.intercept)
    return Drawn(replace(asked, model=replace(spelt_out.model, effects=())), design, sample.log)


def _random_effects(drawn: Drawn, convention: PanelSsc, form: Form) -> PanelFit:
    found = variance_components(drawn.design, drawn.outcome, drawn.regressors, form)
    rows = quasi_demeaned(drawn.design, found.theta)
    moments = cross_multiply(sweep(rows.design))
    estimate = generalised_least_squares(moments, rows, drawn.outcome, drawn.regressors)
    shared = Shared(rows.design, moments, None)
    notes = _notes(drawn, found, form)
    return put_together(drawn, drawn.log, shared, estimate, "random effects", convention, found, notes)


def _notes(drawn: Drawn, found: Components, form: Form) -> tuple[str, ...]:
    """What is to be said of the variance components."""
    said = []
    if found.unbounded < 0:
        said.append(
            f"the variance of the unit effects was estimated at {found.unbounded:.4g} and set to zero: "
            "the estimates are those of pooled least squares"
        )
    sizes = drawn.unit.sizes()
    if sizes.min() < sizes.max():
        programs = {"harmonic": "xtreg, re", "baltagi_chang": "plm and xtreg, re sa"}[form]
        said.append(f"units have {sizes.min()} to {sizes.max()} rows; variance components {form}, as {programs}")
    return tuple(said)


def _between(drawn: Drawn, convention: PanelSsc, wls: bool) -> PanelFit:
    design = unit_means(drawn.design, drawn.unit, by_rows=wls)
    notes = ("units are weighted by their rows",) if wls else ()
    return _least_squares(drawn, design, "between", convention, drawn.log, notes)


def _first_difference(drawn: Drawn, convention: PanelSsc) -> PanelFit:
    panel = drawn.request.panel
    time = panel.column(str(panel.time)).to_numpy()[drawn.design.rows].astype(np.int64)
    design = differenced(drawn.design, drawn.unit, time)
    lost = Drop("no row one period before", drawn.design.n - design.n)
    log = SampleLog(drawn.log.offered, (*drawn.log.drops, lost), design.n)
    return _least_squares(drawn, design, "first difference", convention, log, ())


def _least_squares(
    drawn: Drawn, design: Design, estimator: Estimator, convention: PanelSsc, log: SampleLog, notes: tuple[str, ...]
) -> PanelFit:
    """Ordinary least squares on the rows of another design."""
    moments = cross_multiply(sweep(design))
    offset = intercept(moments.absorbed) if design.intercept else None
    estimate = least_squares(moments, drawn.outcome, drawn.regressors, offset)
    shared = Shared(design, moments, offset)
    return put_together(drawn, log, shared, estimate, estimator, convention, None, notes)
