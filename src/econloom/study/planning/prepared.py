"""Columns of models that are winsorised or trimmed, or whose dates are moved, before the estimation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from econloom.core.errors import UsageError
from econloom.core.expressions import names_in, parse
from econloom.data.columns.tails import Tails
from econloom.study.document import KeyPath
from econloom.study.language.columns import Prepare
from econloom.study.planning import placebos
from econloom.study.planning.draft import Draft, PanelDraft
from econloom.study.step import Step


def check(draft: Draft, wanted: Prepare, panel: PanelDraft, path: KeyPath) -> None:
    """Note columns that the panel will not have."""
    for number, name in enumerate(wanted.of or ()):
        draft.column_known(name, panel, (*path, "of", number))
    if wanted.by is not None:
        draft.column_known(wanted.by, panel, (*path, "by"))
    if wanted.dates is not None:
        for key in ("of", "unit", "cohort"):
            if (name := getattr(wanted.dates, key)) is not None:
                draft.column_known(name, panel, (*path, "dates", key))


def step(draft: Draft, panel: PanelDraft, rows: Step, models: Sequence[Mapping[str, Any]]) -> Step:
    """The step that prepares the columns of some models, which have the same ``prepare``."""
    wanted = models[0]["prepare"]
    if wanted is None:
        return rows
    if wanted["winsorise"] or wanted["trim"]:
        rows = _cut(draft, panel, rows, models)
    return placebos.moved(draft, panel, rows, wanted["dates"]) if wanted["dates"] else rows


def _cut(draft: Draft, panel: PanelDraft, rows: Step, models: Sequence[Mapping[str, Any]]) -> Step:
    """The step that winsorises or trims."""
    wanted = models[0]["prepare"]
    names = wanted["of"] or sorted({name for m in models for name in _columns(m)} - set(panel.spec.keys))
    act = "winsorise" if wanted["winsorise"] else "trim"
    by = [wanted["by"]] if wanted["by"] else []
    params = {
        "act": act,
        "tails": list(wanted[act]),
        "by": by,
        "rule": wanted["rule"],
        "columns": [n for n in names if n in panel.known],
        "chosen": bool(wanted["of"]),
    }
    lower, upper = wanted[act]
    cut = Tails(lower, upper, tuple(by), wanted["rule"])
    return draft.add("prepare", f"{act} {cut}", params, (rows,), ("tables",))


def _columns(model: Mapping[str, Any]) -> set[str]:
    """Columns in the outcome, regressors and instruments of a model; not its effects, clusters or weights."""
    found: set[str] = set()
    for term in (model["outcome"], *model["terms"], *model["endogenous"], *model["instruments"]):
        try:
            found |= {n.name for n in names_in(parse(term))}
        except UsageError:
            found.add(term)
    return found
