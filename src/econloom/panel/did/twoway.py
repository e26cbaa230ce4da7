"""Two-way regressions on a treatment that is adopted and stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import polars as pl

from econloom.core.errors import EstimationError, UsageError, listed, plural
from econloom.core.estimate import Tidy
from econloom.core.spec import SscName, VcovSpec, cluster
from econloom.data.expressions import Scope
from econloom.panel.absorb import FloatArray, IntArray
from econloom.panel.columns import BoolArray, Where
from econloom.panel.did.timing import Asked, Timing, timing
from econloom.panel.fit import Fit, fit_many
from econloom.panel.formula import ModelSpec, parse_formula, retyped
from econloom.panel.formula.spec import EffectTerm
from econloom.panel.hypotheses import Tests
from econloom.panel.request import Request
from econloom.panel.shown import Shown

SWEPT_OUT = 1e-7
"""A treatment smaller than this, in standard deviations and after the effects, is rounding."""


@dataclass(frozen=True)
class Options:
    """What a regression is asked for beside its formula."""

    vcov: VcovSpec | None = None
    weights: str | None = None
    ssc: SscName = "fixest"
    singletons: Literal["keep", "drop"] = "keep"
    scope: Scope | None = None


@dataclass(frozen=True, repr=False, eq=False)
class TwoWay(Shown):
    """A two-way regression on one treatment.

    Attributes
    ----------
    fit : Fit
        The regression, with ``tests``, ``with_vcov`` and the sample.
    term : str
        The treatment's coefficient in it.
    cohorts : polars.DataFrame
        cohort, units, rows of the sample; the last row, without a cohort, is of units that never adopt.
    absorbed : tuple
        Adopting units whose treatment the effects absorb: they do not move the coefficient.
    warnings : tuple of str
    """

    fit: Fit
    term: str
    cohorts: pl.DataFrame
    absorbed: tuple[Any, ...]
    warnings: tuple[str, ...]

    @property
    def summary(self) -> Tidy:
        """The model as rows and statistics, free of arrays."""
        found = self.fit.summary
        return replace(found, extra={**found.extra, "warnings": (*found.extra["warnings"], *self.warnings)})

    @property
    def tests(self) -> Tests:
        """Tests of the regression."""
        return self.fit.tests

    def with_vcov(self, vcov: VcovSpec) -> TwoWay:
        """The same coefficients with another covariance."""
        return replace(self, fit=self.fit.with_vcov(vcov))


def twfe(
    formula: str,
    data: Any,
    unit: str | None = None,
    time: str | None = None,
    treatment: str | None = None,
    cohort: str | None = None,
    never: float | None = None,
    adopts: str | None = None,
    vcov: VcovSpec | None = None,
    weights: str | None = None,
    where: Where = None,
    ssc: SscName = "fixest",
    singletons: Literal["keep", "drop"] = "keep",
) -> TwoWay:
    """The regression of an outcome on a treatment with unit and time effects.

    Parameters
    ----------
    formula : str
        ``"y ~ treated + c"``, or ``"y ~ treated + c | firm + year + province^year"``; without effects those of unit and
        time are added. The treatment is the first regressor, unless ``treatment`` or ``cohort`` is given.
    data : Panel, polars, pandas, pyarrow or path
    unit, time : str, optional
        Keys; the panel's own by default.
    treatment : str, optional
        A 0/1 column; put before the regressors where it is not among them.
    cohort : str, optional
        The first treated period by row, missing for units that never adopt: the regressor is then ``treatpost``.
    never : number, optional
        Value of ``cohort`` that stands for never, such as 0.
    adopts : str, optional
        Column of what adopts where that is coarser than the unit (a city of firms): absorbed units are named by it.
    vcov : VcovSpec
        ``el.cluster(unit)`` by default.
    weights, where, ssc, singletons
        As for :func:`econloom.panel.fit.ols`.

    Returns
    -------
    TwoWay

    Raises
    ------
    UsageError
        No treatment is named, or a column is not there.
    DataError
        A treatment that is not 0/1 or switches off.
    EstimationError
        The effects absorb the treatment, or the regression has no estimate.

    Notes
    -----
    With staggered adoption and effects that differ the coefficient weighs comparisons of later with earlier adopters,
    some negatively (Goodman-Bacon 2021; de Chaisemartin and D'Haultfoeuille 2020).

    Examples
    --------
    >>> rows = pl.DataFrame({"i": [1, 1, 2, 2, 3, 3], "t": [1, 2] * 3, "d": [0, 1, 0, 0, 0, 0],
    ...                      "y": [1.0, 4.0, 2.0, 3.0, 0.0, 1.5]})
    >>> round(twfe("y ~ d", rows, "i", "t").tidy()["estimate"][0], 6)
    1.75
    """
    model = parse_formula(formula)
    if treatment is None and cohort is None:
        if not model.terms:
            raise UsageError(f"no treatment: {formula}", hint="y ~ treated, or cohort='first_year'")
        treatment = model.terms[0].name
    found = timing(data, unit, time, Asked(cohort, treatment, never, adopts), where, None)
    model = with_effects(model, found)
    term = treatment or "treatpost"
    if treatment is None:
        treated = pl.Series(term, found.treated.astype(float))
        found = replace(found, panel=found.panel.with_column(term, treated))
    if term not in {t.name for t in model.terms}:
        model = with_terms(model, [term])
    options = Options(vcov, weights, ssc, singletons)
    fit = fitted(model, found, None if where is None else where, options)
    removed = dict(fit.estimate.removed)
    if term in removed:
        raise EstimationError(f"the treatment {term!r} has no estimate: {removed[term]}", hint="coarser effects")
    lost = absorbed(fit, found, [term])
    return TwoWay(fit, term, cohorts(fit, found), lost, warned(fit, found, lost))


def with_effects(model: ModelSpec, found: Timing) -> ModelSpec:
    """The model with effects of unit and time where it has none."""
    if model.effects:
        return model
    effects = tuple(EffectTerm.of((name,)) for name in (found.unit, found.time))
    return retyped(replace(model, effects=effects))


def with_terms(model: ModelSpec, names: Sequence[str], without: str | None = None) -> ModelSpec:
    """The model with columns before its regressors, and without one of those."""
    added = parse_formula("y ~ " + " + ".join(f"`{n}`" for n in names)).terms
    kept = tuple(t for t in model.terms if t.name != without)
    return retyped(replace(model, terms=(*added, *kept)))


def fitted(model: ModelSpec, found: Timing, where: Where, options: Options) -> Fit:
    """One regression on a panel with timing."""
    asked = Request(
        model,
        found.panel,
        vcov=options.vcov or cluster(found.unit),
        weights=options.weights,
        where=where,
        unit=found.unit,
        ssc=options.ssc,
        singletons=options.singletons,
        scope=options.scope,
    )
    return fit_many([asked])[0]


def absorbed(fit: Fit, found: Timing, terms: Sequence[str]) -> tuple[Any, ...]:
    """Adopting units in whose rows the effects leave nothing of some columns.

    Parameters
    ----------
    fit : Fit
    found : Timing
    terms : sequence of str
        Columns of the treatment in the regression.

    Returns
    -------
    tuple
        Municipalities under province x year effects, for example; in order.
    """
    named = {t.name: t for t in fit.request.model.terms}
    columns = fit.design.positions([named[t] for t in terms if t in named])
    left = np.abs(fit.absorbed.block[:, columns]).max(axis=1)
    rows = fit.design.rows
    frame = pl.DataFrame({"unit": found.panel.column(found.adopts)[rows], "left": left}).filter(
        pl.Series(found.adopter[rows]) & pl.Series(_ever(found)[rows])
    )
    most = frame.group_by("unit").agg(pl.col("left").max()).filter(pl.col("left") < SWEPT_OUT)
    return tuple(most["unit"].drop_nulls().sort().to_list())


def _ever(found: Timing) -> BoolArray:
    """Rows of adopting units that are under treatment in some row of the selection."""
    rows = pl.DataFrame({"unit": found.panel.column(found.adopts), "on": found.treated & found.inside})
    ever: BoolArray = rows.select(pl.col("on").any().over("unit"))["on"].to_numpy()
    return ever


def cohorts(fit: Fit, found: Timing) -> pl.DataFrame:
    """Units and rows of the sample by cohort: cohort, units, rows."""
    rows = fit.design.rows
    start = pl.select(pl.when(pl.Series(found.adopter[rows])).then(pl.Series(found.cohorts[rows]))).to_series()
    frame = pl.DataFrame({"cohort": start, "unit": found.panel.column(found.adopts)[rows]})
    counted = frame.group_by("cohort").agg(pl.col("unit").n_unique().alias("units"), pl.len().alias("rows"))
    return counted.sort("cohort", nulls_last=True)


def warned(fit: Fit, found: Timing, lost: Sequence[Any]) -> tuple[str, ...]:
    """What a reader has to know of the cohorts in the sample."""
    table = cohorts(fit, found)
    known = table.filter(pl.col("cohort").is_not_null())
    total = int(known["units"].sum())
    said = []
    if alone := known.filter(pl.col("units") == 1)["cohort"].to_list():
        said.append(f"cohorts of one unit: {listed(alone)}; their effects cannot be told from that unit's own course")
    if known.height == table.height:
        said.append("no unit stays untreated: effects rest on comparisons among adopters")
    if lost:
        said.append(
            f"the effects absorb the treatment of {len(lost)} of {plural(total, 'adopting unit')}: {listed(lost)}"
        )
    if late := _seen_late(fit, found):
        said.append(f"{plural(late, 'unit')} seen only under treatment")
    if gaps := found.gaps():
        said.append(f"periods without rows: {listed(gaps)}; event time counts them")
    return tuple(said)


def _seen_late(fit: Fit, found: Timing) -> int:
    """Units of the sample that are under treatment in all their rows."""
    rows = fit.design.rows
    frame = pl.DataFrame({"unit": found.panel.column(found.unit)[rows], "on": found.treated[rows]})
    return int(frame.group_by("unit").agg(pl.col("on").all())["on"].sum())


def sample_counts(fit: Fit, found: Timing, events: Sequence[int], binned: IntArray) -> FloatArray:
    """Rows of the sample at each event time."""
    rows = fit.design.rows[found.adopter[fit.design.rows]]
    return np.array([float(np.count_nonzero(binned[rows] == e)) for e in events])
