"""The rows behind a number of a model: keys, outcome, regressors, instruments, weights, effects and clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from econloom.core.errors import UsageError
from econloom.core.frame import Panel
from econloom.data.expressions import Scope
from econloom.panel.columns import Columns
from econloom.panel.design import Sample, draw_sample, with_levels
from econloom.panel.formula import ModelSpec, parse_formula
from econloom.panel.request import Request
from econloom.study.catalog import Facts
from econloom.study.divided import Divided
from econloom.study.plan import Plan
from econloom.study.step import Step
from econloom.study.steps.context import scope_of
from econloom.study.steps.models import group_rows
from econloom.study.why import again, samples
from econloom.study.why.told import Record, Told


def rows(plan: Plan, facts: Mapping[str, Facts], told: Told, version: str, address: str) -> pl.DataFrame:
    """The rows of a column of models, each term as it was evaluated.

    Parameters
    ----------
    plan, facts
        Of the study as it is now; it must be what it was when it was run.
    told : Told
    version, address : str
        Of the column.

    Returns
    -------
    polars.DataFrame
        Keys first, then the parts of the formula by their names as typed; ``el.ols`` takes them in backticks.

    Raises
    ------
    UsageError
        The study has changed since the run.
    """
    column = told.columns(version)[address]
    step = again.step_of(plan, version, column["table"])
    if step.digest != told.tables(version)[column["table"]]["digest"]:
        keys = f"the keys of its rows are in {samples.FILE}" if column.get("sample") else "run it again first"
        raise UsageError(
            f"{address}: the study has changed since this run, so its rows cannot be made again", hint=keys
        )
    source, planned = _behind(plan, step, column)
    value = again.values(plan, facts, [source.inputs[0]])[source.inputs[0]]
    scope = scope_of(source.params)
    panel: Panel = value.panel if isinstance(value, Divided) else value
    model = parse_formula(planned["formula"] if planned else column["formula"])
    inside = _recorded(told, version, column, panel)
    if inside is None:
        inside = _offered(source, value, panel, model, scope)
    return _evaluated(panel, model, inside, scope, column, planned)


def _behind(plan: Plan, step: Step, column: Record) -> tuple[Step, Mapping[str, Any] | None]:
    """The step whose first input is the panel of a model, and the model as planned."""
    steps = {s.digest: s for s in plan.steps}
    if step.kind == "table":
        key = step.params["columns"][int(column["column"][1:]) - 1]["key"]
        for made in (steps[d] for d in step.inputs):
            for model in made.params.get("models", ()):
                if model["key"] == key:
                    return made, model
    if step.kind in {"event_table", "event_figure"}:
        studied = steps[step.inputs[0]]
        return studied, studied.params["model"]
    return step, None


def _recorded(told: Told, version: str, column: Record, panel: Panel) -> pl.Series | None:
    """The rows that were used, as ``samples.parquet`` has them."""
    name = column.get("sample")
    if name is None or told.folder is None:
        return None
    file = told.file(told.why["samples"][name]["file"])
    try:
        frame = pl.read_parquet(file).filter(pl.col(samples.VERSION) == version)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UsageError(f"{file}: cannot be read: {error}", hint="run the study again") from error
    keys = panel.keys
    if not frame.select(keys).equals(panel.frame.select(keys)):
        raise UsageError(f"{file}: its rows are not those of the study", hint="run the study again")
    used: pl.Series = frame[name].fill_null(False).alias("the rows used")
    return used


def _offered(step: Step, value: Any, panel: Panel, model: ModelSpec, scope: Scope) -> pl.Series:
    """The complete rows that an estimator was given, where it does not say which it used."""
    where: Any = step.params.get("where")
    if isinstance(value, Divided):
        where = group_rows(value, step.params, scope)
    columns = Columns(panel, where, scope)
    found = draw_sample(columns, Request(model, panel, where=where, scope=scope))
    used = pl.Series("the rows used", [False] * panel.height)
    return used.scatter(found.rows, True)


def _evaluated(
    panel: Panel, model: ModelSpec, inside: pl.Series, scope: Scope, column: Record, planned: Mapping[str, Any] | None
) -> pl.DataFrame:
    columns = Columns(panel, inside, scope)
    asked = Request(model, panel, where=inside, scope=scope)
    spelt = with_levels(columns, asked, Sample(columns.base, draw_sample(columns, asked).log)).model
    terms = [spelt.outcome, *spelt.terms, *spelt.endogenous, *spelt.instruments, *spelt.slopes]
    found = panel.frame.select(panel.keys)[columns.base]
    made = {t.name: pl.Series(t.name, columns.term(t, model.text)) for t in terms if t.name not in panel.keys}
    plain = [c for e in spelt.effects for c in e.columns]
    plain += [part.strip() for c in column.get("clusters", []) for part in c.split("^")]
    weights = None if planned is None else planned["weights"]
    space = None if planned is None else planned["vcov"].get("space")
    plain += [weights] if weights else []
    plain += [space["latitude"], space["longitude"]] if space else []
    for name in dict.fromkeys(plain):
        if name not in made and name not in found.columns and name in panel.columns:
            made[name] = panel.frame[name][columns.base]
    return found.with_columns(s.fill_nan(None) if s.dtype.is_float() else s for s in made.values())
