"""Steps that make the rows of the panel: where they start, what is joined to them, what is dropped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from econloom.core.errors import UsageError, did_you_mean, listed
from econloom.data import expressions
from econloom.data.expressions import Scope
from econloom.study.document import KeyPath
from econloom.study.planning.draft import Draft
from econloom.study.step import Step


def panel(draft: Draft) -> Step:
    """The step whose value has all rows and joined columns."""
    return _drops(draft, _joins(draft, _start(draft)))


def unused_sources(drafts: Iterable[Draft]) -> tuple[str, ...]:
    """A warning where no version uses a source."""
    known: dict[str, None] = {}
    used: set[str] = set()
    for draft in drafts:
        known |= dict.fromkeys(draft.spec.sources)
        used |= draft.used
    unused = [s for s in known if s not in used]
    return (f"sources that nothing uses: {listed(unused)}",) if unused else ()


def _start(draft: Draft) -> Step:
    spec = draft.spec.panel
    first = draft.source(spec.start, ("panel", "start"))
    keys = [spec.unit, spec.time]
    if spec.unit == spec.time:
        draft.problem(UsageError("unit and time are the same column"), ("panel", "time"))
    if first is None:
        draft.finish()
    assert first is not None
    facts = draft.facts[spec.start]
    if facts.columns is not None:
        draft.columns = list(facts.columns)
        for key, path in zip(keys, (("panel", "unit"), ("panel", "time")), strict=True):
            draft.column_known(key, path)
    else:
        draft.columns = keys
    params = {"unit": spec.unit, "time": spec.time, "span": list(spec.span) if spec.span else None}
    return draft.add("start", f"rows from {spec.start}", params, (first,), ("panel", "start"))


def _joins(draft: Draft, panel: Step) -> Step:
    for number, entry in enumerate(draft.spec.panel.join):
        for name, columns in entry.items():
            path: KeyPath = ("panel", "join", number, name)
            source = draft.source(name, path)
            if source is None or not _joinable(draft, name, columns, path):
                continue
            params = {
                "source": name,
                "unit": draft.spec.panel.unit,
                "time": draft.spec.panel.time,
                "columns": dict(columns),
            }
            panel = draft.add("join", f"join {name}", params, (panel, source), path)
            draft.columns += list(columns)
    return panel


def _joinable(draft: Draft, name: str, columns: Mapping[str, str], path: KeyPath) -> bool:
    facts = draft.facts[name]
    if facts.columns is None:
        draft.problem(UsageError(f"{name}: inter-country tables are not joined", hint="use a measure"), path, key=True)
        return False
    before = len(draft.problems)
    for key, where in ((draft.spec.panel.unit, "unit"), (draft.spec.panel.time, "time")):
        if key not in facts.columns:
            near = did_you_mean(key, facts.columns)
            hint = f"its columns: {listed(facts.columns, 20)}"
            draft.problem(UsageError(f"{name}: no {where} column {key!r}{near}", hint=hint), path, key=True)
    listed_form = isinstance(draft.typed_at(path), list)
    for number, (new, old) in enumerate(columns.items()):
        place = (*path, number) if listed_form else (*path, new)
        if old not in facts.columns:
            near = did_you_mean(old, facts.columns)
            hint = f"its columns: {listed(facts.columns, 20)}"
            draft.problem(UsageError(f"{name}: no column {old!r}{near}", hint=hint), place)
        elif new in draft.columns:
            hint = f"rename it on the way: {{my_{new}: {old}}}"
            draft.problem(UsageError(f"{name}: the panel already has a column {new!r}", hint=hint), place)
    return len(draft.problems) == before


def _drops(draft: Draft, panel: Step) -> Step:
    for number, drop in enumerate(draft.spec.panel.drop):
        path: KeyPath = ("panel", "drop", number, "where")
        where = draft.expand(drop.where, path)
        try:
            expressions.check(where, draft.columns, Scope(draft.scope.lists))
        except UsageError as error:
            draft.problem(error, path)
        params = {"where": where, "why": drop.why, "lists": draft.lists_in(where)}
        panel = draft.add("drop", f"drop: {drop.why}", params, (panel,), path)
    return panel
