"""Steps that make columns: measures first, then formulas, each after those that it uses."""

from __future__ import annotations

from typing import Any

from econloom.core.errors import ExpressionError, UsageError, did_you_mean
from econloom.core.expressions import Call, Name, Node, Text, names_in, parse
from econloom.study.document import KeyPath
from econloom.study.measures import MEASURES
from econloom.study.planning.draft import Draft
from econloom.study.step import Step


def variables(draft: Draft, panel: Step) -> Step:
    """Measures first, then formulas so that each comes after those it uses."""
    made = [n for n, v in draft.spec.variables.items() if v.formula is not None or v.measure is not None]
    for name, variable in draft.spec.variables.items():
        path: KeyPath = ("variables", name)
        recipe = variable.formula is not None or variable.measure is not None
        if recipe and name in draft.columns:
            hint = "give the variable another name"
            draft.problem(UsageError(f"the panel already has a column {name!r}", hint=hint), path, key=True)
        elif not recipe and name not in draft.columns:
            near = did_you_mean(name, draft.columns)
            hint = "give it a formula or a measure, or correct its name"
            draft.problem(UsageError(f"variables.{name}: no such column{near}", hint=hint), path, key=True)
    for name, variable in draft.spec.variables.items():
        if variable.measure is not None:
            panel = _measure(draft, panel, name, variable.measure)
    for name in _order(draft, made):
        panel = _formula(draft, panel, name)
    return panel


def _order(draft: Draft, made: list[str]) -> list[str]:
    """Formulas so that each stands after those it uses.

    A circle of formulas is a problem, and those in it are left out.
    """
    waiting = {n: _uses(draft, n) & set(made) for n in made if draft.spec.variables[n].formula is not None}
    done = [n for n in made if draft.spec.variables[n].measure is not None]
    order: list[str] = []
    while waiting:
        ready = [n for n, needs in waiting.items() if not needs - set(done) - set(order)]
        if not ready:
            names = ", ".join(waiting)
            message = f"variables that need one another in a circle: {names}"
            draft.problem(UsageError(message), ("variables", next(iter(waiting))), key=True)
            draft.columns += list(waiting)
            return order
        order += ready
        for name in ready:
            del waiting[name]
    return order


def _uses(draft: Draft, name: str) -> set[str]:
    path: KeyPath = ("variables", name, "formula")
    text = draft.expand(draft.spec.variables[name].formula or "", path)
    try:
        names = {n.name for t in (text, *draft.samples_in(text).values()) for n in names_in(parse(t))}
    except UsageError:
        return set()
    return names


def _formula(draft: Draft, panel: Step, name: str) -> Step:
    path = draft.short_path("variables", name, "formula")
    text = draft.expand(draft.spec.variables[name].formula or "", path)
    draft.check(text, path)
    draft.columns.append(name)
    params = {"name": name, "formula": text, "lists": draft.lists_in(text), "samples": draft.samples_in(text)}
    return draft.add("variable", f"variable {name}", params, (panel,), path)


def _measure(draft: Draft, panel: Step, name: str, text: str) -> Step:
    path: KeyPath = ("variables", name, "measure")
    draft.columns.append(name)
    try:
        measure, source, options = _call(text)
    except UsageError as error:
        draft.problem(error, path)
        return panel
    read = draft.source(source, path)
    if read is None:
        return panel
    if MEASURES[measure].tables != (draft.facts[source].columns is None):
        wanted = "inter-country tables" if MEASURES[measure].tables else "a rectangular file"
        draft.problem(UsageError(f"{measure}() needs {wanted}; {source!r} is another kind of source"), path)
        return panel
    params = {"measure": measure, "options": options}
    shared = draft.add("shared", f"{MEASURES[measure].part} of {source}", {"measure": measure}, (read,), path)
    made = draft.add("measure", f"measure {text}", params, (read, shared), path)
    where = {"name": name, "unit": draft.spec.panel.unit, "time": draft.spec.panel.time, "measure": text}
    return draft.add("attach", f"variable {name}", where, (panel, made), path)


def _call(text: str) -> tuple[str, str, dict[str, Any]]:
    """``trade_benefit_index(wiot, form='plain')`` to its name, its source and its options."""
    node: Node = parse(text)
    if not isinstance(node, Call):
        raise ExpressionError("a measure is written name(source, option='…')", text, node.position)
    if node.function not in MEASURES:
        near = did_you_mean(node.function, MEASURES)
        raise ExpressionError(
            f"no measure {node.function!r}{near}", text, node.position, f"measures: {', '.join(MEASURES)}"
        )
    if len(node.args) != 1 or not isinstance(node.args[0], Name):
        raise ExpressionError(f"{node.function}() takes one source", text, node.position)
    options = {}
    known = MEASURES[node.function].options
    for key, value in node.kwargs:
        if key not in known:
            near = did_you_mean(key, known)
            raise ExpressionError(f"{node.function}() has no option {key!r}{near}", text, value.position)
        if not isinstance(value, Text) or value.value not in known[key]:
            near = did_you_mean(value.value, known[key]) if isinstance(value, Text) else ""
            choices = " or ".join(repr(v) for v in known[key])
            raise ExpressionError(f"{key} is {choices}{near}", text, value.position)
        options[key] = value.value
    return node.function, node.args[0].name, options
