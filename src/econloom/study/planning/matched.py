"""Matched samples as planned: the step that matches, the columns it gives to whom they are named by, balance, love."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from econloom.core.errors import UsageError
from econloom.panel.formula import parse_formula
from econloom.study.document import KeyPath
from econloom.study.language.figures import LoveFigure
from econloom.study.language.tables import BalanceTable, RegressionTable
from econloom.study.language.variables import Match
from econloom.study.planning.draft import Draft, PanelDraft
from econloom.study.planning.looks import presentation
from econloom.study.planning.models import TableModels
from econloom.study.planning.names import matched_columns
from econloom.study.step import Step


def sample(draft: Draft, name: str, spec: Match) -> None:
    """Plan the matching of one sample."""
    path: KeyPath = ("samples", name, "match")
    chosen = spec.panel or draft.spec.main
    if not draft.one_of(chosen, draft.spec.all_panels, "panel", (*path, "panel")):
        return
    panel = draft.panels[chosen]
    before = len(draft.problems)
    _check(draft, panel, spec, path)
    for column in matched_columns(name):
        if column in panel.columns:
            error = UsageError(f"the panel already has a column {column!r}", hint="give the sample another name")
            draft.problem(error, ("samples", name), key=True)
    if len(draft.problems) > before:
        return
    unit, time = (*panel.spec.keys, None)[:2]
    where = draft.expand(spec.where, (*path, "where")) if spec.where else None
    params = {
        "sample": name,
        "formula": spec.formula,
        "of": spec.of,
        "options": json.loads(json.dumps(spec.options)),
        "by": spec.by,
        "base": spec.base,
        "keep": spec.keep,
        "unit": unit,
        "time": time,
        "span": panel.span,
        "where": where,
        "samples": draft.samples_in(where) if where else {},
        "lists": draft.lists_in(where) if where else {},
    }
    title = f"match {name}: {spec.of} on {', '.join(spec.on)}"
    panel.drawn[name] = draft.add("match", title, params, (rows(draft, panel, where or ""),), path)


def _check(draft: Draft, panel: PanelDraft, spec: Match, path: KeyPath) -> None:
    """Note names that the panel will not have."""
    draft.column_known(spec.of, panel, (*path, "of"))
    for number, column in enumerate(spec.exact or ()):
        draft.column_known(column, panel, (*path, "exact", number))
    if spec.where is not None:
        where = draft.expand(spec.where, (*path, "where"))
        draft.check(where, (*path, "where"), panel.known)
    if spec.by in {"year", "base"} and len(panel.spec.keys) < 2:
        draft.problem(UsageError(f"by: {spec.by} needs a panel with periods"), (*path, "by"))
    written = RegressionTable.model_validate({"title": {"en": "match"}, "columns": ["y ~ 1"]})
    models = TableModels(draft, "match", written, path)
    for number, term in enumerate(spec.on):
        place: KeyPath = (*path, "on", number)
        if term.isidentifier():
            draft.column_known(term, panel, place)
            continue
        text = f"1 ~ {term}" if "~" not in term else term
        try:
            parsed = parse_formula(f"{panel.spec.keys[0]} ~ {term}")
            models.check(replace(parsed, outcome=parsed.terms[0]), text, panel)
        except (UsageError, IndexError) as error:
            problem = error if isinstance(error, UsageError) else UsageError(f"{term!r} is no covariate")
            draft.problem(problem, place)


def rows(draft: Draft, panel: PanelDraft, *texts: str, start: Step | None = None) -> Step:
    """The panel's rows with the columns of the matched samples that some texts name, by themselves or by samples."""
    step = start or panel.step
    if not panel.drawn:
        return step
    words: set[str] = set()
    pending = list(texts)
    while pending:
        fresh = set(re.findall(r"\w+", pending.pop())) - words
        words |= fresh
        pending += [draft.conditions[w] for w in fresh if w in draft.conditions]
    for name, match in panel.drawn.items():
        columns = matched_columns(name)
        if words & set(columns):
            step = draft.add("matched", f"matched sample {name}", {"columns": list(columns)}, (step, match), match.path)
    return step


def with_rows(draft: Draft, panel: PanelDraft, *texts: str) -> PanelDraft:
    """The panel as tables of its rows see it."""
    return replace(panel, step=rows(draft, panel, *texts))


def balance(draft: Draft, table: str, spec: BalanceTable) -> Step:
    """The step of a balance table."""
    common = {"table": table, "stats": list(spec.stats), **presentation(draft, spec)}
    return _of_sample(draft, "balance_table", f"table {table}", spec.of, common, ("tables", table, "of"))


def love(draft: Draft, name: str, spec: LoveFigure, common: Mapping[str, Any]) -> Step:
    """The step of a love plot."""
    params = {**common, "threshold": spec.threshold}
    return _of_sample(draft, "love", f"figure {name}", spec.of, params, ("figures", name, "of"))


def _of_sample(draft: Draft, kind: str, title: str, of: str, params: Mapping[str, Any], path: KeyPath) -> Step:
    found: tuple[Step, ...] = ()
    if draft.one_of(of, draft.spec.samples, "sample", path):
        if draft.spec.samples[of].match is None:
            draft.problem(UsageError(f"the sample {of!r} is a condition, not a matched one"), path)
        found = tuple(p.drawn[of] for p in draft.panels.values() if of in p.drawn)
    return draft.add(kind, title, params, found, path[:-1])
