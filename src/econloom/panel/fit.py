"""The entry points that make fitted models, and what models on one sample share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.core.estimate import Unavailable
from econloom.core.spec import ConstantName, SscName, VcovSpec, iid
from econloom.data.sources import as_panel
from econloom.panel.columns import Columns
from econloom.panel.counting import unit_position
from econloom.panel.design import Design, Sample, build_design, draw_sample, narrowed, with_levels
from econloom.panel.fits import Fits
from econloom.panel.fitted import Fit, Shared, fitted
from econloom.panel.formula import parse_formula, parse_formulas
from econloom.panel.linear.constant import Offset, base_levels, base_period, beside_slopes, centred, intercept
from econloom.panel.moments import Absorbed, cross_multiply, sweep, sweeper
from econloom.panel.passes import one_blas_thread
from econloom.panel.request import Request

__all__ = ["Fit", "Fits", "Request", "fit_many", "iv", "ols", "request", "requests"]

APART = 300_000
"""Samples of so many rows share one absorbed block whatever is asked: one for each model would not fit in memory."""


def ols(
    formula: str,
    data: Any,
    vcov: VcovSpec | None = None,
    weights: str | None = None,
    where: str | None = None,
    unit: str | None = None,
    time: str | None = None,
    ssc: SscName = "fixest",
    singletons: Literal["keep", "drop"] = "keep",
    constant: ConstantName = "auto",
) -> Fit | Fits:
    """Least squares with any number of fixed effects.

    Parameters
    ----------
    formula : str
        ``"y ~ x + log(z) | unit + year"``; see :func:`econloom.panel.formula.parse_formula`.
    data : Panel, polars, pandas, pyarrow or path
    vcov : VcovSpec
        ``el.iid()`` (the default), ``el.hc1()`` or ``el.cluster("column")``.
    weights : str, optional
        Column of analytic weights.
    where : str, optional
        Condition of the rows to use, such as ``"year >= 2000 and code != 'TWN'"``.
    unit, time : str, optional
        Keys: lags need both; ``unit`` is also the unit effect of ``xtreg``.
    ssc : {"fixest", "xtreg", "none"}
        Small-sample convention (:mod:`econloom.panel.conventions`).
    singletons : {"keep", "drop"}
        Rows alone in a group of an effect.
    constant : {"auto", "none", "centred", "xtreg", "lsdv"}
        The constant beside effects: mean-centred as areg and reghdfe print it, the mean unit effect at the first
        levels of the others as xtreg does, or that of a regression on dummies with the first levels as base. By
        default ``xtreg`` under this convention, else none.

    Returns
    -------
    Fit or Fits
        Fits where the formula has several models (``csw``, ``sw``, ``mvsw``, several outcomes).

    Raises
    ------
    UsageError
        The formula, a column or the convention is wrong.
    DataError
        Infinite values, text among the regressors, weights that are not positive.
    EstimationError
        An empty sample, one cluster, no degrees of freedom, an outcome that does not vary, no regressor left.

    Notes
    -----
    ``b = (X'M W M X)^-1 X'M W y`` with M the residual maker of the effects (Frisch and Waugh 1933, Lovell 1963).

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"i": [1, 1, 2, 2, 3, 3], "t": [0, 1, 0, 1, 0, 1],
    ...                       "x": [1.0, 2.0, 1.0, 4.0, 2.0, 2.5], "y": [1.0, 2.0, 0.0, 4.0, 2.0, 3.0]})
    >>> fit = ols("y ~ x | i + t", frame)
    >>> round(fit.tidy()["estimate"][0], 6)
    1.285714
    """
    options = {"vcov": vcov or iid(), "weights": weights, "where": where, "unit": unit, "ssc": ssc}
    panel = as_panel(data, unit, time)
    asked = requests(formula, panel, singletons=singletons, constant=constant, **options)
    if asked[0].model.endogenous:
        raise UsageError(f"the formula has instruments: {formula}", hint="el.iv(formula, data, ...)")
    return _one_or_many(asked)


def iv(
    formula: str,
    data: Any,
    vcov: VcovSpec | None = None,
    weights: str | None = None,
    where: str | None = None,
    unit: str | None = None,
    time: str | None = None,
    ssc: SscName = "fixest",
    singletons: Literal["keep", "drop"] = "keep",
    method: Literal["2sls", "liml", "gmm"] = "2sls",
    constant: ConstantName = "auto",
) -> Fit | Fits:
    """Instrumental variables with any number of endogenous variables and fixed effects.

    Parameters
    ----------
    formula : str
        ``"y ~ x | unit + year | price ~ rain + cost"``, or ``"y ~ x | price ~ rain"`` without effects.
    data, vcov, weights, where, unit, time, ssc, singletons, constant
        As for :func:`ols`.
    method : {"2sls", "liml", "gmm"}
        Two-stage least squares; limited-information maximum likelihood (a k-class estimator whose ``kappa`` is in
        ``fit.glance()``); or two-step GMM, its moments weighted by ``vcov`` (``el.hc1()`` or ``el.cluster(...)``), with
        Hansen's J in ``fit.tests["hansen_j"]`` (:mod:`econloom.panel.linear.gmm`).

    Returns
    -------
    Fit or Fits
        ``fit.first_stage`` (by endogenous variable) and ``fit.reduced_form`` are fits on the same rows;
        ``fit.tests`` holds the statistics of :class:`econloom.panel.hypotheses.Tests`.

    Raises
    ------
    UsageError
        As :func:`ols`; a formula without instruments, or with fewer of them than endogenous variables.
    DataError, EstimationError
        As :func:`ols`; an endogenous variable that the exogenous regressors explain, or too few instruments that
        are not collinear.

    Notes
    -----
    ``b = (X'P X)^-1 X'P y`` with P the projection on exogenous regressors and instruments, the effects swept out of
    all of them; residuals are ``y - X b`` (see :mod:`econloom.panel.linear.iv`). Collinear instruments are removed in
    the order of the formula and named.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"z": [0.0, 0, 1, 1, 2, 2, 3, 3], "x": [0.0, 1, 1, 2, 2, 3, 3, 4],
    ...                       "y": [1.0, 1, 3, 4, 5, 5, 7, 9]})
    >>> fit = iv("y ~ 1 | x ~ z", frame)
    >>> [round(b, 6) for b in fit.tidy()["estimate"]], fit.summary.stage
    ([2.25, -0.125], 'second')
    """
    options = {"vcov": vcov or iid(), "weights": weights, "where": where, "unit": unit, "ssc": ssc, "method": method}
    panel = as_panel(data, unit, time)
    asked = requests(formula, panel, singletons=singletons, constant=constant, **options)
    if not asked[0].model.endogenous:
        raise UsageError(
            f"the formula has no instruments: {formula}", hint="y ~ x | effects | endogenous ~ instruments"
        )
    return _one_or_many(asked)


def request(formula: str, panel: Any, **options: Any) -> Request:
    """A :class:`Request` from the text of one model; options are the attributes of that class."""
    return Request(parse_formula(formula), panel, **options)


def requests(formula: str, panel: Any, **options: Any) -> list[Request]:
    """A :class:`Request` for each model of a formula."""
    return [Request(model, panel, **options) for model in parse_formulas(formula)]


def _one_or_many(asked: Sequence[Request]) -> Fit | Fits:
    fits = fit_many(asked)
    return fits[0] if len(fits) == 1 else Fits(tuple(fits))


def fit_many(requests: Sequence[Request], apart: bool = False) -> list[Fit]:
    """Fit many models; those that share rows, effects and weights share one absorbed block and its moments.

    Parameters
    ----------
    requests : sequence of Request
    apart : bool
        Share the evaluated columns and the factorised effects only, so that a model's numbers are to the last bit
        those that it has alone, whatever stands beside it. Of samples of ``APART`` rows and more the block is shared
        all the same, and the last bits may depend on the models beside.

    Returns
    -------
    list of Fit
        In the order of the requests, with the numbers that each would have alone (but for rounding, unless apart).

    Raises
    ------
    EconloomError
        The first fault found; its message begins with the model's formula.
    """
    columns: dict[tuple[object, ...], Columns] = {}
    groups: dict[tuple[object, ...], list[_Member]] = {}
    for number, asked in enumerate(requests):
        source, sample, spelt_out = _sampled(columns, asked)
        members = groups.setdefault(_group_key(asked, sample), [])
        members.append(_Member(number, source, sample, spelt_out))
    fits: dict[int, Fit] = {}
    with one_blas_thread():
        for members in groups.values():
            made = _fit_apart(members) if apart else _fit_group(members)
            fits.update(zip((m.number for m in members), made, strict=True))
    return [fits[number] for number in range(len(requests))]


@dataclass(frozen=True)
class _Member:
    """A request with its place among others, its sample and the columns it was drawn from."""

    number: int
    columns: Columns
    sample: Sample
    asked: Request


def _sampled(known: dict[tuple[object, ...], Columns], asked: Request) -> tuple[Columns, Sample, Request]:
    where = asked.where if isinstance(asked.where, str | None) else id(asked.where)
    key = (id(asked.panel), where, id(asked.scope))
    try:
        if key not in known:
            known[key] = Columns(asked.panel, asked.where, asked.scope)
        sample = draw_sample(known[key], asked)
        return known[key], sample, with_levels(known[key], asked, sample)
    except (DataError, EstimationError) as error:
        raise error.within(asked.model.text) from error


def _group_key(asked: Request, sample: Sample) -> tuple[object, ...]:
    """Requests with equal keys share rows, effects, weights and how columns are centred."""
    model = asked.model
    every = len(sample.rows) == asked.panel.height
    rows = b"" if every else hashlib.sha256(sample.rows.tobytes()).digest()
    effects = tuple(e.key for e in model.effects)
    return (id(asked.panel), id(asked.scope), rows, effects, asked.weights, model.spans_constant)


def _fit_apart(members: Sequence[_Member]) -> Iterable[Fit]:
    if len(members) == 1 or len(members[0].sample.rows) >= APART:
        yield from _fit_group(members)
        return
    asked = members[0].asked
    try:
        design = build_design([(m.columns, m.asked) for m in members], members[0].sample)
        engine = sweeper(design)
        for member in members:
            asked = member.asked
            own = narrowed(design, asked)
            moments = cross_multiply(sweep(own, engine))
            yield fitted(asked, member.sample.log, Shared(own, moments, printed_constant(asked, own, moments.absorbed)))
    except (DataError, EstimationError) as error:
        raise error.within(asked.model.text) from error


def _fit_group(members: Sequence[_Member]) -> Iterable[Fit]:
    asked = members[0].asked
    try:
        design = build_design([(m.columns, m.asked) for m in members], members[0].sample)
        moments = cross_multiply(sweep(design))
        shared: dict[object, Shared] = {}
        for member in members:
            asked = member.asked
            key = (asked.ssc, asked.unit_effect, asked.constant_kind)
            if key not in shared:
                shared[key] = Shared(design, moments, printed_constant(asked, design, moments.absorbed))
            yield fitted(asked, member.sample.log, shared[key])
    except (DataError, EstimationError) as error:
        raise error.within(asked.model.text) from error


def printed_constant(asked: Request, design: Design, absorbed: Absorbed) -> Offset | Unavailable | None:
    """What defines the constant that the model and its convention print."""
    if not design.effects:
        return intercept(absorbed) if design.intercept else None
    if not any(e.levels for e in asked.model.effects):
        return beside_slopes(design) if design.intercept else None
    unit = unit_position(asked)
    if asked.ssc == "xtreg" and unit is not None:
        refuse_varying_weights(design, unit)
    if asked.constant_kind == "centred":
        return centred(absorbed)
    if asked.constant_kind == "none" or unit is None:
        return None
    return (base_period if asked.constant_kind == "xtreg" else base_levels)(design, absorbed, unit)


def refuse_varying_weights(design: Design, unit: int) -> None:
    """``xtreg`` takes weights of units, not of rows.

    Raises
    ------
    UsageError
    """
    if design.weights is None:
        return
    effect = design.effects[unit]
    first = np.zeros(effect.levels)
    first[effect.codes] = design.weights
    if not np.allclose(first[effect.codes], design.weights, rtol=1e-12, atol=0):
        raise UsageError(f"convention xtreg: weights vary within units of {effect.name!r}", hint="ssc='fixest'")
