"""From fits to statements: columns are prepared, covariances and samples described."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from econloom.core.estimate import CONSTANT, Tidy
from econloom.core.frame import Panel
from econloom.core.frame import Variable as Known
from econloom.data.describe import descriptive
from econloom.panel.absorb import singletons
from econloom.panel.columns import Columns
from econloom.panel.design import Design, build_design, draw_sample, with_levels
from econloom.panel.designs.moderation import scaled_product
from econloom.panel.dynamics import BiasCorrectedFit, DynamicFit, GmmIV, StdIV
from econloom.panel.dynamics.asked import default_instruments
from econloom.panel.fitted import Fit
from econloom.panel.formula import EffectTerm, ModelSpec, Term, parse_formula
from econloom.panel.limited import FractionalFit, TobitFit
from econloom.panel.request import Request
from econloom.panel.transformed import PanelFit
from econloom.study.estimates import covariance
from econloom.study.estimators import instruments_of
from econloom.study.export.collect import Shown, Summarised
from econloom.study.export.data import Data, IntArray, same_rows
from econloom.study.export.factors import errors_of, likelihood_factor
from econloom.study.export.statement import (
    Described,
    Effect,
    Errors,
    Expected,
    LeftOut,
    Native,
    Statement,
    Variable,
)
from econloom.study.staggered import ROBUST

STATISTICS = ("n", "mean", "sd", "min", "max")
"""Of descriptive tables; programs take quartiles in other ways."""


@dataclass(frozen=True)
class _Base:
    """Rows and arrays that a statement is made from."""

    request: Request
    design: Design


class Statements:
    """The statements of a study, one for each distinct estimate, and what cannot be one."""

    def __init__(self, words: Mapping[str, Known]) -> None:
        self.words = words
        self.data: list[Data] = []
        self.made: dict[tuple[object, ...], Statement] = {}
        self.left_out: list[LeftOut] = []
        self.columns: dict[str, str] = {}

    def home(self, panel: Panel) -> Data:
        """The prepared data with the rows of a panel."""
        found = same_rows(self.data, panel)
        if found is None:
            number = len(self.data) + 1
            found = Data("panel" if number == 1 else f"panel{number}", panel, self.words)
            self.data.append(found)
        return found

    def add(self, shown: Shown) -> None:
        """Take in a column; one that shows an earlier estimate refers to it."""
        known = self.made.get(shown.same)
        if known is None:
            made = self._statement(shown)
            if isinstance(made, LeftOut):
                self.left_out.append(made)
                return
            known = made
        else:
            known = replace(known, addresses=(*known.addresses, shown.address))
        self.made[shown.same] = known
        self.columns[shown.address] = known.id

    def describe(self, found: Summarised) -> Described:
        """A table of descriptive statistics, with the numbers that both programs have."""
        data = self.home(found.panel)
        numbered = found.panel.frame.select(found.panel.keys).with_row_index("row")
        inside = numbered.join(found.rows.frame.select(found.panel.keys), on=found.panel.keys, how="semi")
        sample = data.sample(inside["row"].to_numpy().astype(np.int64), "rows of the table")
        numbers = descriptive(found.rows, found.columns)
        columns = {c: data.plain(c, found.panel) for c in found.columns}
        kept = {(c, s): numbers[c][s] for c in found.columns for s in STATISTICS}
        known = {k: float(v) for k, v in kept.items() if isinstance(v, int | float)}
        return Described(found.table, data.name, sample, columns, known)

    @property
    def all(self) -> tuple[Statement, ...]:
        """In the order of the study."""
        return tuple(self.made.values())

    def _statement(self, shown: Shown) -> Statement | LeftOut:
        fit, data = shown.fit, self.home(shown.panel)
        if isinstance(fit, Fit):
            return _of_fit(shown, fit, data)
        if isinstance(fit, TobitFit | FractionalFit):
            return _of_rows(shown, fit, data)
        if isinstance(fit, DynamicFit):
            return _dynamic(shown, fit, data)
        if isinstance(fit, BiasCorrectedFit):
            why = "bias-corrected least squares has no program with the same expansion (compare xtlsdvc)"
            return LeftOut(shown.address, why)
        if shown.model is not None and shown.model["estimator"] in ROBUST:
            return _companion(shown, fit.summary, data)
        return LeftOut(shown.address, f"{type(fit).__name__}: no program has it")


def _of_fit(shown: Shown, fit: Fit, data: Data) -> Statement:
    """A linear model, one on transformed rows, or a likelihood with effects."""
    base = _Base(fit.drawn.request, fit.drawn.design) if isinstance(fit, PanelFit) else _Base(fit.request, fit.design)
    asked = fit.request
    panel = asked.panel
    clusters = tuple(data.groups(keys, panel) for keys in asked.cluster_ways)
    made = _put_together(shown, base, data, fit.summary, errors_of(fit, clusters))
    kinds = fit.request.constant_kind if asked.model.effects else "intercept" if asked.model.intercept else "none"
    unit = asked.unit_effect
    return replace(
        made,
        method=_method(shown, fit),
        constant=kinds,
        unit_effect=asked.model.effects.index(unit) if unit else None,
        regressors=_scaled(made, shown, fit, base, data),
    )


def _method(shown: Shown, fit: Fit) -> str:
    model = shown.model
    if model is not None and model["estimator"] in {"random_effects", "between", "first_difference", "poisson"}:
        return str(model["estimator"])
    if model is not None and model["estimator"] == "logit":
        return "conditional_logit" if model["options"].get("effects") == "conditional" else "logit"
    if not fit.request.model.endogenous:
        return "ols"
    return {"2sls": "iv"}.get(fit.request.method, fit.request.method)


def _put_together(shown: Shown, base: _Base, data: Data, summary: Tidy, errors: Errors) -> Statement:
    """What all statements have in common."""
    asked, design = base.request, base.design
    model, panel, rows = asked.model, asked.panel, design.rows
    gone = {name for name, _ in summary.removed}
    effects = tuple(_effect(e, n, base, data) for n, e in enumerate(model.effects))

    def variables(terms: Sequence[Term]) -> tuple[Variable, ...]:
        return tuple(_variable(t, base, data) for t in terms if t.name not in gone)

    return Statement(
        id=f"{shown.table}_{shown.column}",
        addresses=(shown.address,),
        method="ols",
        formula=model.text,
        data=data.name,
        sample=data.sample(rows, _condition(shown)),
        funnel=_funnel(summary),
        n=len(rows),
        outcome=_variable(model.outcome, base, data),
        regressors=variables(model.terms),
        errors=errors,
        expected=_expected(summary),
        endogenous=variables(model.endogenous),
        instruments=variables(model.instruments),
        effects=effects,
        intercept=model.intercept,
        unit=data.unit,
        time=data.time,
        weights=None if asked.weights is None else data.plain(asked.weights, panel),
        singletons=bool(model.effects) and bool(singletons(design.effects).any()),
        options=dict(shown.model["options"]) if shown.model else {},
        removed=summary.removed,
        balanced=_balanced(panel, rows),
    )


def _variable(term: Term, base: _Base, data: Data) -> Variable:
    values = base.design.block[:, base.design.positions([term])[0]]
    return data.term(term, base.design.rows, values, base.request.panel)


def _effect(effect: EffectTerm, number: int, base: _Base, data: Data) -> Effect:
    design, panel = base.design, base.request.panel
    values = design.slopes[number].values if effect.slopes else None  # type: ignore[union-attr]
    slopes = tuple(
        data.term(t, design.rows, values[:, j], panel)  # type: ignore[index]
        for j, t in enumerate(effect.slopes)
    )
    columns = tuple(data.groups((c,), panel) for c in effect.columns)
    group = columns[0] if len(columns) == 1 else data.groups(effect.columns, panel)
    return Effect(effect.name, columns, group, design.effects[number].levels, slopes, effect.levels)


def _scaled(made: Statement, shown: Shown, fit: Fit, base: _Base, data: Data) -> tuple[Variable, ...]:
    """The regressors, with the products that the table scales as prepared columns of what is shown."""
    scale: Mapping[str, Any] = shown.model["scale"] if shown.model else {}
    found = []
    for variable in made.regressors:
        if how := scale.get(variable.term):
            term = next(t for t in base.request.model.terms if t.name == variable.term)
            named = Term(f"{variable.term} ({how})", f"{term.key} {how} {shown.table}", term.factors)
            values = scaled_product(fit, variable.term, how)
            whole = data.term(named, base.design.rows, values, base.request.panel)
            variable = Variable(variable.term, whole.column, Native("column", whole.column))
        found.append(variable)
    return tuple(found)


def _expected(summary: Tidy) -> tuple[Expected, ...]:
    return tuple(Expected(c.term, c.estimate, c.std_error) for c in summary.coefficients)


def _condition(shown: Shown) -> str:
    named = shown.where if isinstance(shown.where, str) else getattr(shown.where, "name", None)
    return str(named or "all rows")


def _funnel(summary: Tidy) -> str:
    log = summary.sample
    lost = "; ".join(f"{d.rows:,} {d.reason}" for d in log.drops)
    return f"{log.offered:,} rows, {lost or 'none lost'}, n = {log.n:,}"


def _balanced(panel: Panel, rows: IntArray) -> bool:
    if panel.unit is None:
        return True
    sizes = panel.frame[rows].group_by(panel.unit).len()["len"]
    return sizes.n_unique() == 1


def _drawn(shown: Shown, data: Data, by_unit: bool) -> _Base:
    """The rows of a model that keeps no design."""
    assert shown.model is not None
    model = parse_formula(shown.model["formula"])
    panel, vcov = shown.panel, covariance(shown.model["vcov"])
    units = (EffectTerm(str(panel.unit), (str(panel.unit),)),) if by_unit and panel.unit else ()
    asked = Request(replace(model, effects=units), panel, vcov, where=shown.where, scope=shown.scope, unit=panel.unit)
    columns = Columns(panel, asked.where, asked.scope)
    sample = draw_sample(columns, asked)
    spelt = with_levels(columns, asked, sample)
    design = build_design([(columns, spelt)], sample)
    return _Base(replace(spelt, model=_without_effects(spelt.model)), design)


def _without_effects(model: ModelSpec) -> ModelSpec:
    return replace(model, effects=())


def _of_rows(shown: Shown, fit: TobitFit | FractionalFit, data: Data) -> Statement:
    """A model of a limited outcome."""
    assert shown.model is not None
    estimator = str(shown.model["estimator"])
    base = _drawn(shown, data, by_unit=estimator == "tobit_re")
    vcov, n = fit.vcov_spec, fit.sample.n
    groups = min((w.levels for w in fit.rows.ways), default=None)
    clusters = tuple(data.groups(k, shown.panel) for k in base.request.cluster_ways)
    factor = likelihood_factor(vcov.kind, n, groups)
    errors = Errors(vcov.kind, str(vcov), clusters, 0, "none", factor, 0, groups, {"likelihood": factor})
    made = _put_together(shown, base, data, fit.summary, errors)
    return replace(made, method=estimator, constant="intercept")


def _dynamic(shown: Shown, fit: DynamicFit, data: Data) -> Statement | LeftOut:
    """A dynamic panel: the condition is exported, and programs lose rows to lags as econloom does."""
    base = _drawn(shown, data, by_unit=True)
    errors = Errors(fit.options.vcov, fit.summary.vcov, (), 0, "none", 1.0, 0, None, {"likelihood": 1.0})
    made = _put_together(shown, base, data, fit.summary, errors)
    condition = _inside(shown)
    instruments = _instruments(shown, data)
    if instruments is None:
        return LeftOut(shown.address, "instruments that are formulas: xtabond2 takes variables and lags")
    options = {"fitted": fit.options, "dummies": bool(fit.dummies), "instruments": instruments}
    return replace(
        made, method="dynamic", sample=data.sample(condition, _condition(shown)), options=options, n=fit.sample.n,
        constant="intercept" if any(e.term == CONSTANT for e in made.expected) else "none",
    )  # fmt: skip


def _instruments(shown: Shown, data: Data) -> list[tuple[GmmIV | StdIV, tuple[Native, ...]]] | None:
    """The groups of instruments with their variables; None where one is a formula."""
    assert shown.model is not None
    options = shown.model["options"]
    model = parse_formula(shown.model["formula"])
    if options.get("instruments") is not None:
        given = instruments_of(options["instruments"])
    else:
        given = list(default_instruments(model, options.get("endogenous", ()), options.get("predetermined", ())))
    found = []
    for one in given:
        terms = parse_formula(f"{model.outcome.factors[0].text} ~ 0 + {one.names}").terms if one.names not in _own(
            model
        ) else (model.outcome,)  # fmt: skip
        natives = [data.native(t, shown.panel) for t in terms]
        if any(n is None for n in natives):
            return None
        found.append((one, tuple(n for n in natives if n is not None)))
    return found


def _own(model: ModelSpec) -> tuple[str, ...]:
    """Spellings of the outcome."""
    return model.outcome.name, model.outcome.factors[0].text


def _inside(shown: Shown) -> IntArray:
    return np.asarray(Columns(shown.panel, shown.where, shown.scope).base)


def _companion(shown: Shown, summary: Tidy, data: Data) -> Statement | LeftOut:
    """An estimator robust to staggered timing beside a two-way column."""
    assert shown.model is not None
    name, options = str(shown.model["estimator"]), shown.model["options"]
    if not summary.coefficients:
        return LeftOut(shown.address, f"{name}: not estimated in econloom's run")
    model = parse_formula(shown.model["formula"])
    panel, vcov = shown.panel, covariance(shown.model["vcov"])
    asked = Request(model, panel, vcov, shown.model["weights"], where=shown.where, scope=shown.scope, unit=panel.unit)
    columns = Columns(panel, asked.where, asked.scope)
    sample = draw_sample(columns, asked)
    base = _Base(asked, build_design([(columns, asked)], sample))
    clusters = tuple(data.groups(k, panel) for k in asked.cluster_ways)
    errors = Errors(vcov.kind, summary.vcov, clusters)
    made = _put_together(shown, base, data, summary, errors)
    cohort = data.plain(options["adoption"][0], panel)
    return replace(
        made, method=name, options={**options, "cohort": cohort, **_timing(panel, options, base.design.rows)}
    )


def _timing(panel: Panel, options: Mapping[str, Any], rows: IntArray) -> dict[str, Any]:
    """First and last period of the rows, the last cohort that adopts within them, and whether some units never do."""
    frame = panel.frame[rows].select(g=options["adoption"][0], t=str(panel.time))
    first, last = int(frame["t"].min()), int(frame["t"].max())  # type: ignore[arg-type]
    inside = frame["g"].drop_nulls().cast(pl.Float64)
    inside = inside.filter(inside <= last)
    never = len(inside) < frame.height
    return {"first": first, "last": last, "never": never, "last_cohort": int(inside.max() or last)}  # type: ignore[arg-type]
