"""The models behind the columns of a study's tables: the steps that they need are done, and what they gave is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from econloom.core.frame import Panel
from econloom.data import expressions
from econloom.data.expressions import Scope
from econloom.panel.designs import mediation
from econloom.study import engine, estimates
from econloom.study.cache.shelf import Shelf
from econloom.study.catalog import Facts
from econloom.study.divided import Divided
from econloom.study.export.statement import LeftOut
from econloom.study.plan import Plan
from econloom.study.run import Listener, told_to
from econloom.study.step import Step
from econloom.study.steps.context import scope_of
from econloom.study.steps.models import group_rows
from econloom.study.steps.summaries import rows_of


@dataclass(frozen=True)
class Shown:
    """A column of a table, or a series of a figure, with the fit behind it.

    Attributes
    ----------
    table : str
        Table or figure.
    column : str
        ``c3``.
    fit : object
        What the estimator gave, of the stage that is shown.
    model : mapping or None
        As planned.
    panel : Panel
        The rows that it was estimated from.
    where : str, Series or None
        Its condition.
    scope : Scope
    same : hashable
        Equal for columns that show one estimate.
    """

    table: str
    column: str
    fit: Any
    model: Mapping[str, Any] | None
    panel: Panel
    where: str | pl.Series | None
    scope: Scope
    same: tuple[object, ...]

    @property
    def address(self) -> str:
        """``t3.c3``."""
        return f"{self.table}.{self.column}"


@dataclass(frozen=True)
class Summarised:
    """A table of descriptive statistics, with its panel and the keys of its rows."""

    table: str
    panel: Panel
    rows: Panel
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Collected:
    """What a study's tables and figures are made of.

    Attributes
    ----------
    shown : tuple of Shown
    summarised : tuple of Summarised
    left_out : tuple of LeftOut
    panel : Panel or None
        The prepared main panel; None where it is not built yet.
    """

    shown: tuple[Shown, ...]
    summarised: tuple[Summarised, ...]
    left_out: tuple[LeftOut, ...]
    panel: Panel | None


def collect(
    plan: Plan, facts: Mapping[str, Facts], names: Iterable[str] | None, version: str, tell: Listener, cache: bool
) -> Collected:
    """Do the steps that the models of some tables and figures need.

    Raises
    ------
    EconloomError
        With the step's name and its place in the study file.
    """
    chosen = plan.chosen(names)
    outputs = plan.outputs[version]
    by_digest = {s.digest: s for s in plan.steps}
    made = {n: by_digest[d] for n in chosen if (d := {**outputs.tables, **outputs.figures}.get(n)) is not None}
    left: list[LeftOut] = []
    main = by_digest[outputs.panel]
    wanted = {d for s in made.values() for d in _sources(s, by_digest)} | {main.digest}
    shelf = replace(Shelf.opened(plan.spec.study, cache), closed=True)  # it is read, nothing is added
    values = engine.perform(plan, facts, wanted, shelf, told_to(tell), 1).values
    shown: list[Shown] = []
    summarised = [_summarised(n, s, values[s.inputs[0]]) for n, s in made.items() if s.kind == DESCRIBED]
    for name, step in made.items():
        reader = READERS.get(step.kind)
        if reader is not None:
            shown += reader(name, step, by_digest, values)
            left += _series_beside(name, step, by_digest, len([s for s in shown if s.table == name]))
        reason = LEFT_OUT.get(step.kind)
        if reason or (reader is None and step.kind != DESCRIBED):
            left.append(LeftOut(name, reason or f"{step.kind}: no program has it"))
    return Collected(tuple(shown), tuple(summarised), tuple(left), values[main.digest])


def _series_beside(name: str, step: Step, known: Mapping[str, Step], before: int) -> list[LeftOut]:
    """Series of further estimators in a figure of an event study."""
    beside = next((known[i] for i in step.inputs if known[i].kind == "robust_effects"), None)
    names = beside.params["estimators"] if beside is not None else ()
    why = "effects by event time of an estimator beside the event study; where a table has its mean, that is exported"
    return [LeftOut(f"{name}.c{before + n}", f"{one}: {why}") for n, one in enumerate(names, 1)]


def _sources(step: Step, known: Mapping[str, Step]) -> set[str]:
    """Digests of the steps whose values the models of a table are read from."""
    found = {i for i in step.inputs if known[i].kind in {"estimate", "event_study"}}
    if step.kind in {"mediation", DESCRIBED}:
        found.add(step.inputs[0])
    return found | {known[d].inputs[0] for d in found if known[d].kind in {"estimate", "event_study"}}


def _summarised(name: str, step: Step, panel: Panel) -> Summarised:
    """What a table of descriptive statistics is of."""
    params = step.params
    columns = [c for c in params["columns"] if not params["all"] or panel.column(c).dtype.is_numeric()]
    return Summarised(name, panel, rows_of(params, panel), tuple(columns))


def _regressions(table: str, step: Step, known: Mapping[str, Step], values: Mapping[str, Any]) -> Iterator[Shown]:
    """Columns of a regression table."""
    parts = [known[i] for i in step.inputs if known[i].kind == "estimate"]
    home = {m["key"]: (part, m) for part in parts for m in part.params["models"]}
    for number, column in enumerate(step.params["columns"], 1):
        part, model = home[column["key"]]
        given, scope = values[part.inputs[0]], scope_of(part.params)
        panel: Panel = given.panel if isinstance(given, Divided) else given
        where = part.params["where"] if part.params["group"] is None else group_rows(given, part.params, scope)
        fits = values[part.digest]
        made = estimates.stage(fits, column) if column["stage"] in {"first", "reduced"} else fits[column["key"]]
        same = (part.digest, column["key"], column["stage"] if column["stage"] in {"first", "reduced"} else "",
                column["endogenous"] if column["stage"] == "first" else "")  # fmt: skip
        yield Shown(table, f"c{number}", made, model, panel, where, scope, same)


def _mediations(table: str, step: Step, known: Mapping[str, Step], values: Mapping[str, Any]) -> Iterator[Shown]:
    """Columns of a table of mediation: total, then for each mediator its own equation and the outcome's."""
    panel, params = values[step.inputs[0]], step.params
    scope, span = scope_of(params), params["span"]
    rows = pl.repeat(True, panel.height, eager=True)
    if span is not None:
        rows &= panel.column(panel.time).is_between(span[0], span[1])
    if params["where"] is not None:
        rows &= expressions.condition(panel, params["where"], scope).fill_null(False)
    where = rows.alias("the sample")
    number = 0
    for lead in params["lead_y"]:
        found = mediation.steps(
            params["y"], params["x"], params["m"], panel, params["rest"],
            vcov=estimates.covariance(params["vcov"]), weights=params["weights"], where=where, unit=panel.unit,
            time=panel.time, ssc=params["ssc"], rows=params["rows_of"], lead_y=lead, scope=scope, draws=0,
        )  # fmt: skip
        pairs = [f for pair in zip(found.mediators, found.outcomes, strict=False) for f in pair]
        for fit in (found.total, *pairs):
            number += 1
            yield Shown(table, f"c{number}", fit, None, panel, where, scope, (step.digest, number))


def _event_studies(name: str, step: Step, known: Mapping[str, Step], values: Mapping[str, Any]) -> Iterator[Shown]:
    """Columns of a table of effects by event time, or series of its figure."""
    for digest in step.inputs:
        if known[digest].kind != "event_study":
            continue
        part = known[digest]
        scope = scope_of(part.params)
        for number, (_, study) in enumerate(values[digest], 1):
            asked = study.fit.request
            yield Shown(name, f"c{number}", study.fit, part.params["model"], asked.panel, asked.where, scope,
                        (digest, number))  # fmt: skip


DESCRIBED = "describe"
"""Kind of the steps of descriptive tables, which are exported as summaries of columns."""
Reader = Callable[[str, Step, Mapping[str, Step], Mapping[str, Any]], Iterator[Shown]]
READERS: Mapping[str, Reader] = {
    "table": _regressions,
    "mediation": _mediations,
    "event_table": _event_studies,
    "event_figure": _event_studies,
    "event_study": _event_studies,
}
LEFT_OUT: Mapping[str, str] = {
    "mediation": "indirect effects and their tests follow from the columns (a × b); bootstrap draws are not those of "
    "another program",
    "values": "numbers of a measure that econloom computes from inter-country tables or raw files; they are columns of "
    "the prepared data where models use them",
    "count": "counts of rows under conditions of the study",
    "balance_table": "balance of a matched sample that econloom drew; sample and weights are columns of the data",
    "sensitivity": "bounds on omitted variables are econloom's own computation (compare sensemakr, psacalc)",
    "exogeneity": "bounds under plausible exogeneity are econloom's own computation (compare plausexog)",
    "family": "p values over a family of hypotheses; Romano-Wolf draws are random (compare rwolf)",
    "bacon": "comparisons behind a two-way coefficient (compare bacondecomp, of Stata and R)",
    "granger": "tests of Granger causality are econloom's own computation (compare xtgcause, plm::pgrangertest)",
    "trend": "a figure of means of columns of the prepared data",
    "figure": "a figure of what a table already has",
    "correlate": "correlations of columns of the prepared data: pwcorr, or cor()",
    "vif": "variance inflation factors of columns of the prepared data: estat vif, or car::vif",
    "placebo": "placebo draws are random: another program draws others",
    "leave_one_out": "one coefficient without each unit in turn: the model itself is exported",
    "specification_table": "a curve of many specifications: the preferred one, a column of a table, is exported "
    "(compare specr)",
    "specification_figure": "a curve of many specifications: the preferred one, a column of a table, is exported "
    "(compare specr)",
    "ring_figure": "rings around treated units are made and estimated by econloom; the base model is exported",
    "love": "balance of a matched sample that econloom drew",
}
