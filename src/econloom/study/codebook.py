"""The codebook of a run: every variable of the main panel with its label, unit, formula, source, numbers and spread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from econloom.core.errors import UsageError
from econloom.core.expressions import names_in, parse
from econloom.core.frame import Panel, Variable
from econloom.core.labels import Label
from econloom.core.spec import TableSpec
from econloom.core.table import Table
from econloom.data.codebook import codebook
from econloom.report import presets, summaries
from econloom.study.plan import Plan
from econloom.study.schema import DEFAULT
from econloom.study.step import Step

ID = "codebook"
TITLE = Label(zh="变量说明", en="Codebook")


def frame(plan: Plan, panel: Panel) -> pl.DataFrame:
    """The codebook's rows, as :func:`econloom.data.codebook.codebook` gives them.

    Parameters
    ----------
    plan : Plan
        Knows labels, units, formulas and where columns come from.
    panel : Panel
        The prepared main panel, in the sample's periods.
    """
    spec = plan.spec
    said = {**spec.all_panels[spec.main].variables, **spec.variables}
    recipes, sources = _history(plan)
    known = dict(panel.variables)
    for name in panel.columns:
        variable = said.get(name)
        known[name] = Variable(
            variable.label if variable else Label(),
            variable.unit if variable else None,
            recipes.get(name),
        )
    found = {n: ", ".join(_sources(n, recipes, sources, set(panel.columns))) for n in panel.columns}
    return codebook(replace(panel, variables=known), sources={n: s for n, s in found.items() if s})


def table(plan: Plan, panel: Panel) -> Table:
    """The codebook as a table."""
    defaults = plan.spec.defaults
    spec = TableSpec(ID, TITLE, digits=defaults.digits)
    if defaults.preset is not None:
        own = defaults.preset.endswith(".toml")
        spec = replace(spec, style=presets.load(plan.spec.folder / defaults.preset if own else defaults.preset).style)
    return summaries.codebook(frame(plan, panel).to_dicts(), spec)


def _before(plan: Plan) -> Iterator[Step]:
    """The steps that lead to the main panel of the default version, the last one first."""
    steps = {s.digest: s for s in plan.steps}
    pending, seen = [plan.outputs[DEFAULT].panel], set()
    while pending:
        digest = pending.pop(0)
        if digest in seen or digest not in steps:
            continue
        seen.add(digest)
        yield steps[digest]
        pending += steps[digest].inputs


def _history(plan: Plan) -> tuple[dict[str, str], dict[str, str]]:
    """Formulas by variable, and sources by column; ``""`` is the source of the columns that nothing else brings."""
    recipes: dict[str, str] = {}
    sources: dict[str, str] = {}
    steps = {s.digest: s for s in plan.steps}
    for step in _before(plan):
        params: Mapping[str, Any] = step.params
        if step.kind == "variable":
            recipes.setdefault(params["name"], params["formula"])
        elif step.kind == "attach":
            recipes.setdefault(params["name"], params["measure"])
        elif step.kind == "aggregate":
            for name, formula in params["make"].items():
                recipes.setdefault(name, formula)
        elif step.kind == "policy":
            for name in params["makes"].values():
                sources.setdefault(name, params["file"])
        elif step.kind == "join":
            for name in params["columns"]:
                sources.setdefault(name, params["source"])
        elif step.kind == "start" and (first := steps.get(step.inputs[0])) is not None:
            sources.setdefault("", str(first.params.get("source", "")))
    return recipes, sources


def _sources(
    name: str, recipes: Mapping[str, str], sources: Mapping[str, str], columns: set[str], depth: int = 0
) -> list[str]:
    """The sources that a column is made from, through the formulas in between."""
    if name not in recipes or depth > 50:
        origin = sources.get(name) or sources.get("", "")
        return [origin] if origin else []
    try:
        used = [n.name for n in names_in(parse(recipes[name]))]
    except UsageError:
        return []
    found: dict[str, None] = {}
    for word in used:
        if word in columns and word != name:
            found |= dict.fromkeys(_sources(word, recipes, sources, columns, depth + 1))
        elif word not in columns:
            found[word] = None  # the source of a measure
    return list(found)
