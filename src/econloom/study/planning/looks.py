"""How a table or figure looks, as planned: title, labels, digits, stars, what is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from econloom import simulate
from econloom.core.errors import UsageError
from econloom.data import readers
from econloom.panel.did.rules import LABELS
from econloom.panel.formula import parse_formula
from econloom.report import presets
from econloom.study.catalog import simulated_by
from econloom.study.language.event_tables import EventStudyTable
from econloom.study.language.tables import (
    CorrelationTable,
    CountsTable,
    DescriptiveTable,
    MediationTable,
    RegressionTable,
    Table,
    ValuesTable,
)
from econloom.study.planning.draft import Draft

CONTROLS = "controls"


def presentation(draft: Draft, spec: Table) -> dict[str, Any]:
    """How a table looks, JSON-ready."""
    defaults = draft.spec.defaults
    variables = {n: v for p in draft.spec.all_panels.values() for n, v in p.variables.items()} | draft.spec.variables
    shown: dict[str, Any] = {
        "title": spec.title.model_dump(),
        "notes": [n.model_dump() for n in spec.notes] + simulated_notes(draft, _panels_of(draft, spec)),
        "digits": defaults.digits if spec.digits is None else spec.digits,
        "labels": _of_policies(draft) | {n: {"zh": v.zh, "en": v.en} for n, v in variables.items() if v.label},
        "preset": _preset(draft, spec),
    }
    if shown["preset"] is not None and shown["preset"].endswith(".toml") and Path(shown["preset"]).is_file():
        shown["preset_digest"] = readers.digest(shown["preset"])
    if isinstance(spec, RegressionTable | MediationTable | EventStudyTable):
        shown["show"] = [defaults.show.model_dump(exclude_none=True), spec.show.model_dump(exclude_none=True)]
        shown["stars"] = list(defaults.stars if spec.stars is None else spec.stars)
        shown["controls"] = _control_terms(draft)
    if isinstance(spec, RegressionTable):
        shown["order"] = list(spec.order or ())
        shown["row_digits"] = dict(spec.row_digits)
    return shown


def _of_policies(draft: Draft) -> dict[str, dict[str, str | None]]:
    """Labels of the columns that policies make."""
    found = {n: LABELS[m] for policy in draft.spec.policy.values() for m, n in policy.makes.items()}
    return {n: {"zh": label.zh, "en": label.en} for n, label in found.items()}


def _panels_of(draft: Draft, spec: Table) -> tuple[str, ...] | None:
    """The one panel of a description; None where columns, or other tables, bring panels of their own."""
    one = isinstance(spec, ValuesTable | DescriptiveTable | CorrelationTable | CountsTable) or type(spec) is Table
    return (spec.panel or draft.spec.main,) if one else None


def _sources_of(draft: Draft, panel: str) -> set[str]:
    """Sources whose data are in a panel."""
    step = {s.digest: s for s in draft.steps}
    pending, seen = [draft.panels[panel].step.digest], set[str]()
    while pending:
        digest = pending.pop()
        if digest not in seen:
            seen.add(digest)
            pending += step[digest].inputs
    return {step[d].params["source"] for d in seen if step[d].kind == "simulate"}


def simulated_notes(draft: Draft, panels: tuple[str, ...] | None = None) -> list[dict[str, Any]]:
    """A note that names the simulated sources: no table or figure made of them goes without.

    With ``panels`` only those that reach one of them; a table of real data in a study that simulates others has none.
    """
    sources = draft.spec.sources
    if panels is not None and all(p in draft.panels for p in panels):
        reached = set[str]().union(*(_sources_of(draft, p) for p in panels))
        sources = {n: s for n, s in sources.items() if n in reached}
    found = [simulated_by(s) for s in sources.values() if s.simulate is not None]
    drawn = [by for by in found if by[0] not in simulate.REAL]
    if not drawn:
        return []
    listed_zh = "、".join(f"{name}（{process}，种子{seed}）" for name, seed, process in drawn)
    listed_en = ", ".join(f"{name} ({process}, seed {seed})" for name, seed, process in drawn)
    zh = f"模拟数据，并非实际观测：{listed_zh}"
    return [{"zh": zh, "en": f"Simulated data, not observations: {listed_en}"}]


def _control_terms(draft: Draft) -> list[str]:
    """Terms of the macro ``controls``, which tables may fold into one row."""
    if CONTROLS not in draft.spec.macros:
        return []
    text = draft.expand(f"y ~ ${CONTROLS}", ("macros", CONTROLS))
    try:
        return [t.name for t in parse_formula(text).terms]
    except UsageError as error:
        draft.problem(error, ("macros", CONTROLS))
        return []


def _preset(draft: Draft, spec: Table) -> str | None:
    """The name of a preset, or the path of its file; one that cannot be read is a problem."""
    name = spec.preset or draft.spec.defaults.preset
    if name is None:
        return None
    place = str((draft.spec.folder / name).resolve()) if name.endswith(".toml") else name
    try:
        presets.load(place)
    except UsageError as error:
        draft.problem(error, ("defaults", "preset") if spec.preset is None else ("tables",))
    return place
