"""The entry points of generalised linear models: Poisson and logit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from econloom.core.errors import DataError, EstimationError, UsageError, listed
from econloom.core.lineage import Drop, SampleLog
from econloom.core.spec import SscName, VcovSpec, iid
from econloom.data.sources import as_panel
from econloom.panel.absorb import FloatArray
from econloom.panel.columns import Columns
from econloom.panel.design import Design, Sample, build_design, draw_sample, with_levels
from econloom.panel.fits import Fits
from econloom.panel.fitted import Shared
from econloom.panel.formula import Term, parse_formulas
from econloom.panel.likelihood import Likelihood, LikelihoodFit, assembled, refuse_options
from econloom.panel.nonlinear.conditional import conditional_logit
from econloom.panel.nonlinear.families import BoolArray, Family, Logit, Poisson
from econloom.panel.nonlinear.irls import Maximum, Problem, maximise
from econloom.panel.nonlinear.separation import Separation, alone, flat_groups
from econloom.panel.passes import one_blas_thread
from econloom.panel.request import Request

__all__ = ["LikelihoodFit", "logit", "poisson"]

BIAS = (
    "the effects are estimated as dummies: with few rows a group the coefficients are biased away from zero "
    "(incidental parameters; twice the truth with two rows a group); effects='conditional' is not"
)


def poisson(
    formula: str,
    data: Any,
    vcov: VcovSpec | None = None,
    weights: str | None = None,
    where: str | None = None,
    unit: str | None = None,
    time: str | None = None,
    ssc: SscName = "fixest",
    singletons: Literal["keep", "drop"] = "keep",
) -> LikelihoodFit | Fits:
    """Poisson pseudo-maximum likelihood with any number of fixed effects: gravity, counts, flows with zeros.

    Parameters
    ----------
    formula : str
        ``"trade ~ log(distance) | origin + destination + year"``; several models as for :func:`econloom.ols`.
    data : Panel, polars, pandas, pyarrow or path
    vcov : VcovSpec
        ``el.iid()`` (the default: variance equal to the mean), ``el.hc1()`` or ``el.cluster("column")``.
    weights : str, optional
        Column of weights, as given: each row counts so many times.
    where, unit, time, singletons
        As for :func:`econloom.ols`.
    ssc : {"fixest", "none"}
        Small-sample convention; p values are normal under both.

    Returns
    -------
    LikelihoodFit or Fits
        ``glance()`` has loglik, loglik_null, deviance, pseudo_r2 (McFadden), aic and bic. Rows that are separated
        are dropped, counted in ``sample`` and named in ``warnings``.

    Raises
    ------
    UsageError
        The formula, a column or the convention is wrong.
    DataError
        Negative outcomes; infinite values.
    EstimationError
        An outcome that is zero everywhere, an empty sample, one cluster, no regressor left, no convergence.

    Notes
    -----
    ``b`` solves ``sum w (y - exp(x'b + effects)) x = 0`` (Gourieroux, Monfort and Trognon 1984; Santos Silva and
    Tenreyro 2006), found as in :mod:`econloom.panel.nonlinear.irls`; it exists once separated rows are dropped
    (Correia, Guimaraes and Zylkin 2019, :mod:`econloom.panel.nonlinear.separation`).

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"i": [1, 1, 2, 2, 3, 3], "x": [0.0, 1, 0, 1, 0, 1], "y": [1.0, 3, 2, 4, 0, 0]})
    >>> fit = poisson("y ~ x | i", frame)
    >>> round(fit.tidy()["estimate"][0], 6), fit.sample.n
    (0.847298, 4)
    """
    options: dict[str, Any] = {"weights": weights, "where": where, "unit": unit, "ssc": ssc, "singletons": singletons}
    return _fits(formula, as_panel(data, unit, time), Poisson(), vcov=vcov or iid(), **options)


def logit(
    formula: str,
    data: Any,
    vcov: VcovSpec | None = None,
    weights: str | None = None,
    where: str | None = None,
    unit: str | None = None,
    time: str | None = None,
    ssc: SscName = "fixest",
    singletons: Literal["keep", "drop"] = "keep",
    effects: Literal["dummies", "conditional"] = "dummies",
) -> LikelihoodFit | Fits:
    """Logit of an outcome that is 0 or 1; fixed effects as dummies, or one of them conditioned out.

    Parameters
    ----------
    formula : str
        ``"treated ~ age + income"``, or with effects ``"works ~ children | person"``.
    data, vcov, where, unit, time, singletons
        As for :func:`poisson`.
    weights : str, optional
        Column of weights, as given: each row counts so many times.
    ssc : {"fixest", "none"}
        ``none`` is the covariance of statsmodels and of Stata's ``logit``. P values are normal.
    effects : {"dummies", "conditional"}
        Estimated with the coefficients, or (one effect, no weights) conditioned out: the likelihood given how many
        ones each group has, :mod:`econloom.panel.nonlinear.conditional`. Robust covariances then sum over groups.

    Returns
    -------
    LikelihoodFit or Fits
        Groups of an effect whose outcomes are all 0 or all 1 say nothing and are dropped, counted in ``sample``.
        The bias of dummies is said in ``warnings``.

    Raises
    ------
    UsageError
        The formula, a column or the convention is wrong; a conditional model with weights, or not one effect, or
        with clusters that cut through its groups.
    DataError
        An outcome that is not 0 or 1; infinite values.
    EstimationError
        An outcome that is the same everywhere, complete or quasi-complete separation (names the regressors), an
        empty sample, one cluster, no regressor left.

    Notes
    -----
    ``b`` maximises ``sum w log P(y)``, ``P(y = 1) = 1 / (1 + exp(-x'b - effects))``, found as in
    :mod:`econloom.panel.nonlinear.irls`; separation as in Albert and Anderson (1984).

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"x": [0.0, 0, 0, 0, 1, 1, 1, 1], "y": [0, 0, 0, 1, 0, 1, 1, 1]})
    >>> [round(b, 6) for b in logit("y ~ x", frame).tidy()["estimate"]]
    [2.197225, -1.098612]
    """
    options: dict[str, Any] = {"weights": weights, "where": where, "unit": unit, "ssc": ssc, "singletons": singletons}
    if effects not in {"dummies", "conditional"}:
        raise UsageError(f"effects: 'dummies' or 'conditional', not {effects!r}")
    panel, conditional = as_panel(data, unit, time), effects == "conditional"
    return _fits(formula, panel, Logit(), conditional, vcov=vcov or iid(), **options)


def _fits(formula: str, panel: Any, family: Family, conditional: bool = False, **options: Any) -> LikelihoodFit | Fits:
    """One fit, or one for each model of the formula."""
    columns: Columns | None = None
    found = []
    for model in parse_formulas(formula):
        if model.endogenous:
            raise UsageError(f"el.{family.name} takes no instruments: {model.text}")
        asked = Request(model, panel, **options)
        refuse_options(asked, family.name)
        if conditional:
            _refuse_conditional(asked)
        try:
            columns = columns or Columns(panel, asked.where, asked.scope)
            with one_blas_thread():
                found.append(_fitted(columns, asked, family, conditional))
        except (DataError, EstimationError) as error:
            raise error.within(model.text) from error
    return found[0] if len(found) == 1 else Fits(tuple(found))


def _refuse_conditional(asked: Request) -> None:
    """Refuse what the conditional likelihood is not defined for.

    Raises
    ------
    UsageError
    """
    if len(asked.model.effects) != 1:
        found = len(asked.model.effects)
        raise UsageError(f"a conditional logit has one effect, not {found}: {asked.model.text}", hint="y ~ x | unit")
    if asked.weights is not None:
        raise UsageError("a conditional logit takes no weights", hint="effects='dummies'")


def _fitted(columns: Columns, asked: Request, family: Family, conditional: bool) -> LikelihoodFit:
    """Draw the sample, drop what is separated until nothing is, and put the fit together."""
    sample = draw_sample(columns, asked)
    model = with_levels(columns, asked, sample)
    design = build_design([(columns, model)], sample)
    _refuse_outcomes(design, model, family)
    flat = flat_groups(_outcome(design, model), design.effects, ones=isinstance(family, Logit))
    sample, design = _without(columns, model, sample, design, [(_flat_reason(family, name), r) for name, r in flat])
    if conditional:
        return _conditioned(_problem(columns, model, design, family), model, sample)
    said: tuple[str, ...] = ()
    while True:
        problem = _problem(columns, model, design, family)
        found = maximise(problem)
        if isinstance(found, Maximum):
            return _result(model, sample, problem, found, said)
        if isinstance(family, Logit):
            raise _separated(found, problem)
        reason = f"separated by {found.by}: zero wherever it moves"
        said = (*said, f"{int(found.rows.sum())} rows left out, {reason}")
        sample, design = _without(columns, model, sample, design, [(reason, found.rows)])


def _outcome(design: Design, asked: Request) -> FloatArray:
    return design.block[:, design.positions([asked.model.outcome])[0]]


def _flat_reason(family: Family, name: str) -> str:
    if isinstance(family, Poisson):
        return f"separated: the outcome is all zero in a group of {name}"
    return f"no variation: the outcome is all 0 or all 1 in a group of {name}"


def _without(
    columns: Columns, asked: Request, sample: Sample, design: Design, faults: Sequence[tuple[str, BoolArray]]
) -> tuple[Sample, Design]:
    """The sample and design without some of the design's rows, each with its reason.

    Raises
    ------
    EstimationError
        No row is left.
    """
    if not faults:
        return sample, design
    gone = np.logical_or.reduce([rows for _, rows in faults])
    drops = (*sample.log.drops, *(Drop(reason, int(rows.sum())) for reason, rows in faults))
    left = np.sort(design.rows[~gone])
    log = SampleLog(sample.log.offered, drops, len(left), left)
    if not len(left):
        raise EstimationError(f"no rows are left\n{log}")
    sample = Sample(left, log)
    return sample, build_design([(columns, asked)], sample)


def _refuse_outcomes(design: Design, asked: Request, family: Family) -> None:
    """Refuse outcomes that the family does not have, and those that say nothing.

    Raises
    ------
    DataError, EstimationError
    """
    y, name = _outcome(design, asked), asked.model.outcome.name
    if isinstance(family, Logit):
        if wrong := int(((y != 0) & (y != 1)).sum()):
            raise DataError(f"the outcome {name} is neither 0 nor 1 in {wrong} of {len(y)} rows")
        if y.min() == y.max():
            raise EstimationError(f"the outcome {name} is {y[0]:g} in all {len(y)} rows")
    elif wrong := int((y < 0).sum()):
        raise DataError(f"the outcome {name} is negative in {wrong} of {len(y)} rows")
    elif y.max() == 0:
        raise EstimationError(f"the outcome {name} is zero in all {len(y)} rows")


def _separated(found: Separation, problem: Problem) -> EstimationError:
    """Names the regressors that separate by themselves, where there are such, else all of the direction."""
    count, n = int(found.rows.sum()), len(found.rows)
    kind = "completely" if count == n else f"in {count} of {n} rows"
    single = [
        name for c, name in problem.regressors if name in found.names and alone(problem.y, problem.design.block[:, c])
    ]
    by = listed(single) if single and problem.design.intercept else found.by
    return EstimationError(
        f"the outcome {problem.outcome[1]} is separated {kind} by {by}: "
        "the likelihood has no maximum, coefficients would be infinite",
        hint="leave the regressor out, merge its levels, or drop the rows that it predicts perfectly",
    )


def _problem(columns: Columns, asked: Request, design: Design, family: Family) -> Problem:
    model = asked.model

    def named(terms: Sequence[Term]) -> list[tuple[int, str]]:
        return list(zip(design.positions(terms), [t.name for t in terms], strict=True))

    weights = design.weights
    if weights is not None and asked.weights is not None:
        given = columns.number(asked.weights, "weights")[np.searchsorted(columns.base, design.rows)]
        weights = weights * given.mean()
    return Problem(family, design, named([model.outcome])[0], named(model.terms), weights)


def _conditioned(problem: Problem, asked: Request, sample: Sample) -> LikelihoodFit:
    found = conditional_logit(problem.design, problem.outcome, problem.regressors)
    if isinstance(found, Separation):
        raise _separated(found, problem)
    likelihood = Likelihood(
        family="logit",
        loglik=found.loglik,
        loglik_null=found.loglik_null,
        deviance=-2 * found.loglik,
        iterations=found.iterations,
        conditional=True,
        notes=(f"conditional likelihood given the ones in each group of {asked.model.effects[0].name}",),
    )
    return assembled(asked, sample.log, Shared(problem.design, found.moments, None), found.estimate, likelihood)


def _result(asked: Request, sample: Sample, problem: Problem, found: Maximum, said: tuple[str, ...]) -> LikelihoodFit:
    null = problem.family.loglik(problem.y, np.full(len(problem.y), problem.flat), problem.weights)
    likelihood = Likelihood(
        family=problem.family.name,
        loglik=problem.family.loglik(problem.y, found.eta, problem.weights),
        loglik_null=null,
        deviance=found.deviance,
        iterations=found.iterations,
        notes=(*said, *([BIAS] if isinstance(problem.family, Logit) and problem.design.effects else [])),
    )
    return assembled(asked, sample.log, Shared(problem.design, found.moments, None), found.estimate, likelihood)
