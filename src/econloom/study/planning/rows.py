"""Steps that make the rows of panels: where they start, what is joined to them, what is dropped, what is aggregated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from econloom.core.errors import UsageError, did_you_mean, listed
from econloom.study.document import KeyPath
from econloom.study.language.data import Join
from econloom.study.planning import columns
from econloom.study.planning.draft import Draft, PanelDraft
from econloom.study.planning.sources import source, source_columns
from econloom.study.step import Step
from econloom.study.units import UNIT_COLUMNS


def panels(draft: Draft) -> None:
    """Every panel of the study, each after those that it needs."""
    for name in draft.spec.all_panels:
        panel(draft, name, ())


def panel(draft: Draft, name: str, waiting: Sequence[str]) -> PanelDraft | None:
    """One panel with its variables, and first those that it is made from; None where it cannot be."""
    if name in draft.panels:
        return draft.panels[name]
    if name in waiting:
        circle = " -> ".join([*waiting[waiting.index(name) :], name])
        draft.problem(
            UsageError(f"panels that need one another in a circle: {circle}"), draft.panel_path(name), key=True
        )
        return None
    spec = draft.spec.all_panels[name]
    made = _aggregate(draft, name, waiting) if spec.from_ is not None else _start(draft, name)
    if made is None:
        return None
    _joins(draft, made, waiting)
    _drops(draft, made)
    columns.variables(draft, made)
    draft.panels[name] = made
    return made


def keys(draft: Draft, made: PanelDraft) -> Step:
    """The step that keeps the keys and the history of a finished panel, for whom asks which rows a number has."""
    params = {"panel": made.name, "keys": list(made.spec.keys)}
    return draft.add("keys", f"keys of {made.name}", params, (made.step,), made.path)


def _start(draft: Draft, name: str) -> PanelDraft | None:
    spec, path = draft.spec.all_panels[name], draft.panel_path(name)
    assert spec.start is not None
    first = source(draft, spec.start, (*path, "start"))
    if spec.unit == spec.time:
        draft.problem(UsageError("unit and time are the same column"), (*path, "time"))
    if first is None:
        return None
    known = source_columns(draft, spec.start)
    keys = list(spec.keys)
    if known is not None and spec.units != "countries":
        error = UsageError(f"units: {spec.units} belongs to inter-country tables; {spec.start!r} is a rectangular file")
        draft.problem(error, (*path, "units"))
    given = [*keys, *(c for c in UNIT_COLUMNS[spec.units] if c not in keys)] if known is None else list(known)
    made = PanelDraft(name, spec, path, first, given)
    for key, place in zip(keys, ("unit", "time"), strict=True):
        draft.column_known(key, made, (*path, place))
    made.columns += [k for k in keys if k not in made.columns]
    loaded = spec.load or spec.span
    params = {"unit": spec.unit, "time": spec.time, "span": list(loaded) if loaded else None, "units": spec.units}
    made.step = draft.add("start", f"rows from {spec.start}", params, (first,), (*path, "start"))
    return made


def _aggregate(draft: Draft, name: str, waiting: Sequence[str]) -> PanelDraft | None:
    spec, path = draft.spec.all_panels[name], draft.panel_path(name)
    assert spec.from_ is not None and spec.by is not None
    if not draft.one_of(spec.from_, draft.spec.all_panels, "panel", (*path, "from")):
        return None
    below = panel(draft, spec.from_, (*waiting, name))
    if below is None:
        return None
    for number, key in enumerate(spec.by):
        draft.column_known(key, below, (*path, "by", number))
    lists: dict[str, Any] = {}
    for column, text in spec.make.items():
        draft.check(text, (*path, "make", column), below.known)
        lists |= draft.lists_in(text)
        if column in spec.by:
            draft.problem(UsageError(f"{column!r} is a key of the aggregate"), (*path, "make", column), key=True)
    params = {"by": list(spec.by), "make": dict(spec.make), "lists": lists, "span": below.span}
    step = draft.add("aggregate", f"{name} from {spec.from_}", params, (below.step,), (*path, "from"))
    return PanelDraft(name, spec, path, step, [*spec.by, *spec.make])


def _joins(draft: Draft, made: PanelDraft, waiting: Sequence[str]) -> None:
    for number, entry in enumerate(made.spec.join):
        for name, join in entry.items():
            _join(draft, made, name, join, (*made.path, "join", number, name), waiting)


def _join(draft: Draft, made: PanelDraft, name: str, join: Join, path: KeyPath, waiting: Sequence[str]) -> None:
    """Join a source or another panel."""
    on = list(join.on or made.spec.keys)
    if name in draft.spec.all_panels:
        other = panel(draft, name, (*waiting, made.name))
        if other is None:
            return
        step, known, named = other.step, other.known, list(other.columns)
    else:
        if name not in draft.spec.sources:
            draft.one_of(name, {**draft.spec.sources, **draft.spec.panels}, "source or panel", path)
            return
        read = source(draft, name, path)
        found = source_columns(draft, name)
        if read is None or found is None:
            error = UsageError(f"{name}: inter-country tables are not joined", hint="use a measure")
            draft.problem(error, path, key=True)
            return
        step, known, named = read, found, list(found)
    chosen = dict(join.columns) if join.columns is not None else {c: c for c in named if c not in on}
    if not _joinable(draft, made, name, on, chosen, known, path):
        return
    params = {"source": name, "on": on, "columns": chosen, "kind": join.kind}
    made.step = draft.add("join", f"join {name}", params, (made.step, step), path)
    made.columns += list(chosen)


def _joinable(
    draft: Draft, made: PanelDraft, name: str, on: list[str], chosen: dict[str, str], known: Any, path: KeyPath
) -> bool:
    before = len(draft.problems)
    for key in on:
        if key not in known:
            near = did_you_mean(key, known)
            hint = f"its columns: {listed(known, 20)}; other keys are named with on: […]"
            draft.problem(UsageError(f"{name}: no key column {key!r}{near}", hint=hint), path, key=True)
        draft.column_known(key, made, path, "key column")
    written = draft.typed_at(path)
    place = (*path, "columns") if isinstance(written, dict) and {"on", "columns"} & set(written) else path
    is_list = isinstance(draft.typed_at(place), list)
    for number, (new, old) in enumerate(chosen.items()):
        here = (*place, number) if is_list else (*place, new)
        if old not in known:
            near = did_you_mean(old, known)
            hint = f"its columns: {listed(known, 20)}"
            draft.problem(UsageError(f"{name}: no column {old!r}{near}", hint=hint), here)
        elif new in made.columns:
            hint = f"rename it on the way: {{my_{new}: {old}}}"
            draft.problem(UsageError(f"{name}: the panel already has a column {new!r}", hint=hint), here)
    return len(draft.problems) == before


def _drops(draft: Draft, made: PanelDraft) -> None:
    for number, drop in enumerate(made.spec.drop):
        path: KeyPath = (*made.path, "drop", number, "where")
        where = draft.expand(drop.where, path)
        draft.check(where, path, made.known, samples=False)
        params = {"where": where, "why": drop.why, "lists": draft.lists_in(where)}
        made.step = draft.add("drop", f"drop: {drop.why}", params, (made.step,), path)
    if made.spec.balance is not None:
        params = {"how": made.spec.balance}
        made.step = draft.add("balance", "balance the panel", params, (made.step,), (*made.path, "balance"))
