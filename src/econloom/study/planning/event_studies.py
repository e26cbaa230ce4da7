"""Steps of event studies: estimates of one model with several windows, their tables and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from econloom.core.errors import UsageError, did_you_mean, listed
from econloom.study.document import KeyPath
from econloom.study.estimators import ESTIMATORS
from econloom.study.language.bacon import BaconTable
from econloom.study.language.data import Policy
from econloom.study.language.event_tables import EventStudyTable
from econloom.study.language.figures import EventStudyFigure
from econloom.study.language.robust import Robust
from econloom.study.language.windows import EventWindow
from econloom.study.planning import companions, matched, prepared
from econloom.study.planning.draft import Draft
from econloom.study.planning.looks import presentation
from econloom.study.planning.referring import addressed
from econloom.study.step import Step


def table(draft: Draft, name: str, spec: EventStudyTable) -> Step:
    """The step of a table of effects by event time."""
    path: KeyPath = ("tables", name)
    made = _studies(draft, name, spec.of, spec.policy, spec.columns, path)
    params = {"table": name, **presentation(draft, spec)}
    return draft.add("event_table", f"table {name}", params, () if made is None else (made,), path)


def bacon(draft: Draft, name: str, spec: BaconTable) -> Step:
    """The step of a table of the comparisons behind a two-way coefficient."""
    path: KeyPath = ("tables", name)
    params = {"table": name, "by": spec.by, **presentation(draft, spec)}
    found = _model(draft, spec.of, (*path, "of"))
    if found is None:
        return draft.add("bacon", f"table {name}", params, (), path)
    model, estimate = found
    panel = draft.panels[model["panel"]]
    term = spec.term or next(iter(model["terms"]), "")
    if term not in model["terms"]:
        near = did_you_mean(term, model["terms"])
        draft.problem(UsageError(f"the model has no term {term!r}{near}"), (*path, "term"))
    if set(model["effects"]) != set(panel.spec.keys) or model["weights"]:
        why = "has weights" if model["weights"] else f"has the effects {listed(model['effects']) or 'none'}"
        hint = f"effects of {' and '.join(panel.spec.keys)}, no weights"
        draft.problem(UsageError(f"{spec.of} {why}: no comparisons of pairs make it up", hint=hint), (*path, "of"))
    params |= {"model": model, "where": model["where"], "term": term}
    params |= {k: estimate.params[k] for k in ("samples", "lists")}
    rows = prepared.step(draft, panel, matched.rows(draft, panel, str(model)), [model])
    return draft.add("bacon", f"table {name}", params, (rows,), path)


def figure(draft: Draft, name: str, spec: EventStudyFigure, common: dict[str, Any]) -> Step:
    """The step of a figure of effects by event time."""
    path: KeyPath = ("figures", name)
    own = {k: getattr(spec, k) for k in ("window", "base", "ends")}
    first = EventWindow(**own, zh=spec.name.zh if spec.name else None, en=spec.name.en if spec.name else None)
    made = _studies(draft, name, spec.of, spec.policy, (first, *spec.beside), path)
    params = common | {"band": spec.band, "two_way": False}
    if made is None or spec.robust is None or not spec.robust.use:
        return draft.add("event_figure", f"figure {name}", params, () if made is None else (made,), path)
    beside = _robust(draft, spec, spec.robust, made, (*path, "robust"))
    if beside is None:
        return made
    step, notes = beside
    params |= {"two_way": not spec.beside, "notes": [*notes, *params["notes"]]}
    return draft.add("event_figure", f"figure {name}", params, (made, step), path)


def _robust(
    draft: Draft, spec: EventStudyFigure, asked: Robust, made: Step, path: KeyPath
) -> tuple[Step, list[dict[str, Any]]] | None:
    """The step of the estimators beside an event study, and what to say of them; None where there is a fault."""
    model, cohort, term = made.params["model"], made.params["cohort"], made.params["term"]
    if (reason := companions.unfit(model)) is not None:
        draft.problem(UsageError(f"robust: {spec.of} {reason}"), path)
        return None
    if cohort is None:
        error = UsageError(f"robust: {term!r} has a single date", hint="of: a column with the policy's treatpost")
        draft.problem(error, path)
        return None
    names = companions.chosen(draft, asked, model | {"term": term}, path)
    if not names:
        return None
    everything = asked.estimators is None
    params = {
        **{k: made.params[k] for k in ("model", "where", "term", "samples", "lists")},
        "adoption": [cohort, made.params["adopts"]],
        "estimators": names,
        "window": list(spec.window) if spec.window else None,
        "asked": not everything,
    }
    rows = next(s for s in draft.steps if s.digest == made.inputs[0])
    step = draft.add("robust_effects", f"robust estimates beside {spec.of}", params, (rows,), path)
    return step, companions.of_series(draft, model | {"term": term}, names, everything)


def _studies(
    draft: Draft, name: str, of: str, policy: str, windows: Sequence[EventWindow], path: KeyPath
) -> Step | None:
    """The step that estimates one model with each window; None where there is a fault."""
    known = draft.one_of(policy, draft.spec.policy, "policy", (*path, "policy"))
    found = _model(draft, of, (*path, "of"))
    if found is None or not known:
        return None
    model, estimate = found
    if (timing := _timing(draft, model, of, policy, path)) is None:
        return None
    panel = draft.panels[model["panel"]]
    params = {
        "model": model,
        "where": model["where"],
        **timing,
        "windows": [w.model_dump(mode="json") for w in windows],
        **{k: estimate.params[k] for k in ("samples", "lists")},
    }
    rows = prepared.step(draft, panel, matched.rows(draft, panel, str(model)), [model])
    return draft.add("event_study", f"event study of {of}", params, (rows,), path)


def _model(draft: Draft, of: str, path: KeyPath) -> tuple[Mapping[str, Any], Step] | None:
    """The model that a column shows, and the step that estimates it."""
    found = addressed(draft, of, path)
    if found is None:
        return None
    model = found.model
    reason = _unfit(model)
    if reason is not None:
        draft.problem(UsageError(f"{of} {reason}: event studies are of least squares on one sample"), path)
        return None
    return model, found.step


def _unfit(model: Mapping[str, Any]) -> str | None:
    if model["instruments"]:
        return "has instruments"
    if model["estimator"] in ESTIMATORS and model["estimator"] != "pooled":
        return f"is of {model['estimator']}"
    return "is of a group of a split" if model["split"] else None


def _timing(draft: Draft, model: Mapping[str, Any], of: str, policy: str, path: KeyPath) -> dict[str, Any] | None:
    """Which columns say who adopts when, and the treatment's term."""
    spec: Policy = draft.spec.policy[policy]
    makes: dict[str, str] = {str(k): name for k, name in spec.makes.items()}
    treatments = {k: makes[k] for k in ("treatpost", "exposure", "single") if makes.get(k) in model["terms"]}
    if not treatments:
        made = [makes[k] for k in ("treatpost", "exposure", "single") if k in makes]
        near = did_you_mean(made[0], model["terms"]) if made else ""
        error = UsageError(
            f"{of} has no treatment of the policy {policy!r}{near}",
            hint=f"the policy makes {listed(made) if made else 'none: makes: {treatpost: …}'}",
        )
        draft.problem(error, (*path, "of"))
        return None
    kind, term = next(iter(treatments.items()))
    if kind == "single":
        return {"cohort": None, "treatment": term, "term": term, "adopts": spec.unit}
    if "cohort" not in makes or makes["cohort"] not in draft.panels[model["panel"]].known:
        error = UsageError(f"event time needs the cohort of the policy {policy!r}", hint="makes: {cohort: cohort}")
        draft.problem(error, (*path, "policy"))
        return None
    return {"cohort": makes["cohort"], "treatment": None, "term": term, "adopts": spec.unit}
