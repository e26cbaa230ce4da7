"""Steps that make columns: policies and measures first, then formulas, each after those that it uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from econloom.core.errors import ExpressionError, UsageError, did_you_mean
from econloom.core.expressions import Call, Items, Name, Node, Text, names_in, parse
from econloom.data.regions.named import is_dated, names
from econloom.study.document import KeyPath
from econloom.study.language.data import DatedList
from econloom.study.language.variables import Variable
from econloom.study.measures import MEASURES
from econloom.study.planning import policies, ringed
from econloom.study.planning.draft import Draft, PanelDraft, dated_in
from econloom.study.planning.sources import source, source_columns
from econloom.study.step import Step


def variables(draft: Draft, made: PanelDraft) -> None:
    """Measures first, then formulas so that each comes after those it uses."""
    wanted = _wanted(draft, made)
    if made.name == draft.spec.main:
        policies.steps(draft, made)
        ringed.columns(draft, made)
    recipes = {n: (v, path) for n, (v, path) in wanted.items() if v.formula is not None or v.measure is not None}
    for name, (_, path) in wanted.items():
        if name in recipes and name in made.columns:
            hint = "give the variable another name"
            draft.problem(UsageError(f"the panel already has a column {name!r}", hint=hint), path, key=True)
        elif name not in recipes and name not in made.known and name not in recipes:
            near = did_you_mean(name, made.columns)
            hint = "give it a formula or a measure, or correct its name"
            draft.problem(UsageError(f"variables.{name}: no such column{near}", hint=hint), path, key=True)
    for name, (variable, path) in recipes.items():
        if variable.measure is not None:
            _measure(draft, made, name, variable.measure, (*path, "measure"))
    for name in _order(draft, made, {n: (v, p) for n, (v, p) in recipes.items() if v.formula is not None}):
        _formula(draft, made, name, *recipes[name])
    for name, (variable, path) in wanted.items():
        _range(draft, made, name, variable, path)


def _range(draft: Draft, made: PanelDraft, name: str, variable: Variable, path: KeyPath) -> None:
    """A check of a variable's values, where its range is known."""
    if variable.bounds is None or name not in made.known:
        return
    place = (*path, "range") if variable.range is not None else (*path, "unit")
    low, high = variable.bounds
    params = {"name": name, "low": low, "high": high}
    made.step = draft.add("range", f"range of {name}", params, (made.step,), place)


def _wanted(draft: Draft, made: PanelDraft) -> dict[str, tuple[Variable, KeyPath]]:
    """Variables of a panel, with their places; those at the top of the file belong to the main panel."""
    found: dict[str, tuple[Variable, KeyPath]] = {
        n: (v, (*made.path, "variables", n)) for n, v in made.spec.variables.items()
    }
    if made.name == draft.spec.main:
        found |= {n: (v, ("variables", n)) for n, v in draft.spec.variables.items()}
    return found


def _order(draft: Draft, made: PanelDraft, formulas: Mapping[str, tuple[Variable, KeyPath]]) -> list[str]:
    """Formulas so that each stands after those it uses.

    A circle of formulas is a problem, and those in it are left out.
    """
    waiting = {n: _uses(draft, v, p) & set(formulas) for n, (v, p) in formulas.items()}
    order: list[str] = []
    while waiting:
        ready = [n for n, needs in waiting.items() if not needs - set(order)]
        if not ready:
            names = ", ".join(waiting)
            message = f"variables that need one another in a circle: {names}"
            draft.problem(UsageError(message), formulas[next(iter(waiting))][1], key=True)
            made.columns += list(waiting)
            return order
        order += ready
        for name in ready:
            del waiting[name]
    return order


def _uses(draft: Draft, variable: Variable, path: KeyPath) -> set[str]:
    text = draft.expand(variable.formula or "", path)
    try:
        return {n.name for t in (text, *draft.samples_in(text).values()) for n in names_in(parse(t))}
    except UsageError:
        return set()


def _formula(draft: Draft, made: PanelDraft, name: str, variable: Variable, place: KeyPath) -> None:
    path = draft.short_path(*place, "formula")
    text = draft.expand(variable.formula or "", path)
    draft.check(text, path, made.known)
    made.columns.append(name)
    params = {"name": name, "formula": text, "lists": draft.lists_in(text), "samples": draft.samples_in(text)}
    made.step = draft.add("variable", f"variable {name}", params, (made.step,), path)


def _measure(draft: Draft, made: PanelDraft, name: str, text: str, path: KeyPath) -> None:
    made.columns.append(name)
    try:
        node = _call(text)
        options, further = _options(draft, made, node, text)
    except UsageError as error:
        draft.problem(error, path)
        return
    argument = node.args[0]
    assert isinstance(argument, Name)
    read = source(draft, argument.name, path)
    others = [_further(draft, made, node.function, key, name, path) for key, name in further.items()]
    if read is None or None in others:
        return
    measure = MEASURES[node.function]
    if measure.tables != (source_columns(draft, argument.name) is None):
        wanted = "inter-country tables" if measure.tables else "a rectangular file"
        message = f"{node.function}() needs {wanted}; {argument.name!r} is another kind of source"
        draft.problem(UsageError(message), path)
        return
    if read is None or not _has_columns(draft, made, node.function, argument.name, measure.needs, path):
        return
    common = {k: v for k, v in options.items() if k in measure.shared_options}
    shared = draft.add(
        "shared", measure.part(argument.name, common), {"measure": node.function, "options": common}, (read,), path
    )
    params = {"measure": node.function, "options": options}
    if measure.keyed:
        panel = ["panel"] if measure.columns else []
        params |= {"sources": [*further, *panel], "keys": list(made.spec.keys)}
    inputs = (read, shared, *(s for s in others if s is not None), *([made.step] if measure.columns else []))
    values = draft.add("measure", f"measure {text}", params, inputs, path)
    _attach(draft, made, name, text, values, path)


def _further(draft: Draft, made: PanelDraft, function: str, key: str, name: str, path: KeyPath) -> Step | None:
    """A source that an option names, once it has the columns that the measure needs."""
    step = source(draft, name, path)
    if step is not None and source_columns(draft, name) is None:
        draft.problem(UsageError(f"{function}(): {key}={name}: a rectangular file is needed, not tables"), path)
        return None
    wanted = MEASURES[function].sources[key]
    return step if step is not None and _has_columns(draft, made, function, name, wanted, path) else None


def _has_columns(draft: Draft, made: PanelDraft, function: str, name: str, needs: Sequence[str], path: KeyPath) -> bool:
    """Whether a source has the columns that a measure needs; notes a problem when not."""
    found = source_columns(draft, name)
    columns = () if found is None else found
    unit, time = (*made.spec.keys, "")[:2]
    wanted = [c.format(unit=unit, time=time) for c in needs]
    absent = [c for c in wanted if c not in columns]
    if not absent:
        return True
    near = did_you_mean(absent[0], columns)
    hint = f"{function}() needs the columns {', '.join(wanted)}; rename with 'columns: {{new: old}}'"
    draft.problem(UsageError(f"{function}(): {name} has no column {absent[0]!r}{near}", hint=hint), path)
    return False


def _attach(draft: Draft, made: PanelDraft, name: str, text: str, values: Step, path: KeyPath) -> None:
    params = {"name": name, "unit": made.spec.keys[0], "time": made.spec.keys[1], "measure": text}
    made.step = draft.add("attach", f"variable {name}", params, (made.step, values), path)


def _call(text: str) -> Call:
    """``trade_benefit_index(wiot, form='plain')`` as a call of a known measure on a source."""
    node: Node = parse(text)
    if not isinstance(node, Call):
        raise ExpressionError("a measure is written name(source, option='…')", text, node.position)
    known = tuple(MEASURES)
    if node.function not in known:
        near = did_you_mean(node.function, known)
        raise ExpressionError(
            f"no measure {node.function!r}{near}", text, node.position, f"measures: {', '.join(known)}"
        )
    if len(node.args) != 1 or not isinstance(node.args[0], Name):
        raise ExpressionError(f"{node.function}() takes one source", text, node.position)
    return node


def _options(draft: Draft, made: PanelDraft, node: Call, text: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Options by name, and the sources that some of them name."""
    options: dict[str, Any] = {}
    further: dict[str, str] = {}
    measure = MEASURES[node.function]
    unwanted = _unwanted(made, node, text)
    for key, value in node.kwargs:
        if key not in measure.known:
            near = did_you_mean(key, measure.known)
            raise ExpressionError(f"{node.function}() has no option {key!r}{near}", text, value.position)
        if key in unwanted:
            raise ExpressionError(f"{key} {unwanted[key]}", text, value.position, "leave it out")
        if key in measure.codes:
            options[key] = _codes(draft, key, value, text)
        elif key in measure.sources and isinstance(value, Name):
            further[key] = value.name
        elif key in measure.columns:
            if not isinstance(value, Name) or value.name not in made.known:
                word = value.name if isinstance(value, Name) else "this"
                near = did_you_mean(word, made.columns)
                raise ExpressionError(f"{key} is a column of the panel; {word!r} is none{near}", text, value.position)
            options[key] = value.name
        else:
            options[key] = _choice(key, value, measure.options.get(key, ()), text)
    if "economy" in unwanted:
        options["economy"] = None
    absent = [k for k in measure.required if k not in options and k not in further and k not in unwanted]
    if absent:
        raise ExpressionError(f"{node.function}() needs {absent[0]}=", text, node.position)
    return options, further


def _unwanted(made: PanelDraft, node: Call, text: str) -> dict[str, str]:
    """Options that the units of a panel do not go with, and why."""
    units, measure = made.spec.units, MEASURES[node.function]
    if units == "countries":
        return {}
    if measure.regional is None:
        hint = "by sector: " + ", ".join(n for n, m in MEASURES.items() if m.regional is not None)
        raise ExpressionError(f"{node.function}() has no values by sector", text, node.position, hint)
    found = dict.fromkeys(measure.regional, f"takes the index to regions: the units of {made.name!r} are sectors")
    if units == "country_sectors":
        found["economy"] = f"is each economy in turn: the units of {made.name!r} are its sectors"
    return found


def _choice(key: str, value: Node, known: tuple[str, ...], text: str) -> str:
    if isinstance(value, Text) and value.value in known:
        return value.value
    near = did_you_mean(value.value, known) if isinstance(value, Text) else ""
    choices = " or ".join(repr(v) for v in known) or "the name of a source"
    raise ExpressionError(f"{key} is {choices}{near}", text, value.position)


def _codes(draft: Draft, key: str, value: Node, text: str) -> str | list[Any]:
    """A code, a list of codes, a list of the study, or a dated one as it is in a year (with all dates without one)."""
    if isinstance(value, Text):
        return value.value
    if isinstance(value, Items) and value.items and all(isinstance(i, Text) for i in value.items):
        return [i.value for i in value.items if isinstance(i, Text)]
    dated = dated_in(value)
    name = dated[0][0] if dated else value.name if isinstance(value, Name) else None
    if name is None:
        raise ExpressionError(f"{key} is a code, a list of codes, or the name of a list", text, value.position)
    found = draft.spec.lists.get(name)
    if found is None and is_dated(name):
        return f"{name}@{dated[0][1]}" if dated else name
    if found is None:
        near = did_you_mean(name, [*draft.spec.lists, *names()])
        raise ExpressionError(f"no list {name!r}{near}", text, value.position)
    if not isinstance(found, DatedList):
        if dated:
            raise ExpressionError(f"the list {name!r} has no dates", text, value.position)
        return [str(v) for v in found]
    if dated:
        return [str(v) for v in found.at(dated[0][1])]
    return [[str(m.name), m.since, m.until] for m in found.members]
