"""Steps that make figures."""

from __future__ import annotations

from typing import Any

from econloom.core.errors import UsageError
from econloom.study.document import KeyPath
from econloom.study.estimators import ESTIMATORS
from econloom.study.language.any_figure import AnyFigure
from econloom.study.language.figures import (
    EventStudyFigure,
    LeaveOneOutFigure,
    LoveFigure,
    PlaceboFigure,
    RingsFigure,
    TrendFigure,
)
from econloom.study.language.specifications import SpecificationFigure
from econloom.study.language.tables import RegressionTable, Table
from econloom.study.planning import event_studies, matched, placebos, repeated, ringed, specifications
from econloom.study.planning.draft import Draft
from econloom.study.planning.looks import presentation
from econloom.study.planning.referring import Referred, addressed, has, no_term
from econloom.study.step import Step


def steps(draft: Draft) -> dict[str, Step]:
    """One step a figure."""
    return {name: _figure(draft, name, spec) for name, spec in draft.spec.figures.items()}


def _figure(draft: Draft, name: str, spec: AnyFigure) -> Step:
    path: KeyPath = ("figures", name)
    panel = spec.panel or draft.spec.main
    if not draft.one_of(panel, draft.spec.all_panels, "panel", (*path, "panel")):
        panel = draft.spec.main
    look = {k: v for k, v in presentation(draft, _as_table(spec, panel)).items() if k in {"title", "notes", "labels"}}
    common = {"figure": name, "panel": panel, **look}
    if isinstance(spec, TrendFigure):
        return _trend(draft, name, spec, panel, common)
    if isinstance(spec, LoveFigure):
        return matched.love(draft, name, spec, common)
    return _of_model(draft, name, spec, common)


def _as_table(spec: AnyFigure, panel: str) -> Any:
    made = Table if isinstance(spec, TrendFigure) else RegressionTable
    return made.model_construct(title=spec.title, notes=spec.notes, digits=None, preset=None, panel=panel)


def _trend(draft: Draft, name: str, spec: TrendFigure, panel: str, common: dict[str, Any]) -> Step:
    path: KeyPath = ("figures", name)
    made = draft.panels[panel]
    for number, column in enumerate(spec.y):
        draft.column_known(column, made, (*path, "y", number))
    groups: list[dict[str, Any]] = []
    divided: dict[str, Step] = {}
    for number, sample in enumerate(spec.by or ()):
        if sample in draft.spec.splits:
            divided.setdefault(sample, repeated.divided(draft, made, sample))
            place = list(divided).index(sample)
            names = draft.spec.splits[sample].rule.names
            groups += [
                {"name": f"{sample}_{k}", "where": None, "zh": n.zh, "en": n.en, "split": [place, k]}
                for k, n in enumerate(names)
            ]
        elif draft.one_of(sample, draft.spec.samples, "sample", (*path, "by", number)):
            found = draft.spec.samples[sample]
            where = draft.conditions[sample]
            groups.append({"name": sample, "where": where, "zh": found.zh, "en": found.en, "split": None})
    texts = [g["where"] for g in groups if g["where"]]
    params = common | {
        "y": list(spec.y),
        "groups": groups,
        "stat": spec.stat,
        "time": made.spec.keys[-1],
        "span": made.span,
        "samples": {k: v for t in texts for k, v in draft.samples_in(t).items()},
        "lists": {k: v for t in texts for k, v in draft.lists_in(t).items()},
    }
    rows = matched.rows(draft, made, *texts, *spec.y)
    return draft.add("trend", f"figure {name}", params, (rows, *divided.values()), path)


def _of_model(draft: Draft, name: str, spec: Any, common: dict[str, Any]) -> Step:
    """A figure about one model of a table."""
    path: KeyPath = ("figures", name)
    policy = getattr(spec, "policy", None)
    if policy is not None:
        draft.one_of(policy, draft.spec.policy, "policy", (*path, "policy"))
    if isinstance(spec, EventStudyFigure):
        return event_studies.figure(draft, name, spec, common)
    if isinstance(spec, SpecificationFigure):
        return specifications.figure(draft, name, spec, common)
    found = addressed(draft, spec.of, (*path, "of"))
    if found is None:
        return draft.add("figure", f"figure {name}", common, (), path)
    params = common | {k: v for k, v in spec.model_dump(mode="json").items() if k not in {"title", "notes", "panel"}}
    if isinstance(spec, LeaveOneOutFigure):
        return _leave_one_out(draft, name, spec, params, found)
    if isinstance(spec, PlaceboFigure):
        return placebos.figure(draft, name, spec, common, found.column["key"], found.step)
    assert isinstance(spec, RingsFigure)
    return ringed.figure(draft, name, spec, params, found.column, found.step)


def _leave_one_out(draft: Draft, name: str, spec: LeaveOneOutFigure, params: dict[str, Any], found: Referred) -> Step:
    """From the fit of the column itself, on its sample or group."""
    path: KeyPath = ("figures", name)
    model = found.model
    draft.column_known(spec.leave, draft.panels[model["panel"]], (*path, "leave"))
    if model["estimator"] in ESTIMATORS:
        draft.problem(UsageError(f"{spec.of} is of {model['estimator']}: defined for least squares"), (*path, "of"))
    if model["scale"]:
        hint = "a column of the same model without scale"
        draft.problem(UsageError(f"{spec.of} has scaled products: each sample scales anew", hint=hint), (*path, "of"))
    if not has(found, spec.term):
        draft.problem(no_term(found, spec.term), (*path, "term"))
    return draft.add("leave_one_out", f"figure {name}", params | {"column": found.column}, (found.step,), path)
