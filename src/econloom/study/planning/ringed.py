"""Steps of rings around treated units: columns of the main panel, and figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from econloom.core.errors import UsageError, did_you_mean
from econloom.study.document import KeyPath
from econloom.study.estimators import ESTIMATORS
from econloom.study.language.figures import RingsFigure
from econloom.study.language.rings import RingSettings
from econloom.study.planning import matched
from econloom.study.planning.draft import Draft, PanelDraft
from econloom.study.planning.sources import source, source_columns
from econloom.study.step import Step


def columns(draft: Draft, made: PanelDraft) -> None:
    """Columns of rings of the main panel, and a macro for each set of them."""
    for name, spec in draft.spec.rings.items():
        path: KeyPath = ("rings", name)
        found = _around(draft, made, spec, path)
        if found is None:
            continue
        params, inputs = found
        names = spec.rings(params["unit"], name).names
        for column in names:
            if column in made.columns:
                draft.problem(UsageError(f"the panel already has a column {column!r}"), path, key=True)
        if name in draft.spec.macros:
            draft.problem(UsageError(f"${name} is a macro already", hint="give the rings another name"), path, key=True)
        made.step = draft.add("rings", f"rings {name}", {"rings": name, **params}, (made.step, *inputs), path)
        made.columns += names
        draft.macros[name] = " + ".join(names)


def figure(
    draft: Draft, name: str, spec: RingsFigure, params: dict[str, Any], found: Mapping[str, Any], estimate: Step
) -> Step:
    """The step of a figure of rings."""
    path: KeyPath = ("figures", name)
    model = next(m for m in estimate.params["models"] if m["key"] == found["key"])
    made = draft.panels[model["panel"]]
    refused = {
        "is repeated by groups of a split": model["split"],
        "has columns that are winsorised or trimmed first": model["prepare"],
        f"is of {model['estimator']}": model["estimator"] in ESTIMATORS,
    }
    for what, there in refused.items():
        if there:
            draft.problem(
                UsageError(f"{spec.of} {what}: rings are added to least squares of one sample"), (*path, "of")
            )
    term = spec.term
    if term is None and spec.policy in draft.spec.policy:
        wanted = draft.spec.policy[spec.policy].makes.get("treatpost")
        term = wanted if wanted in model["terms"] else None
    elif term is not None and term not in model["terms"]:
        near = did_you_mean(term, model["terms"])
        draft.problem(UsageError(f"the model has no term {term!r}{near}"), (*path, "term"))
    around = _around(draft, made, spec, path)
    if around is None:
        return draft.add("figure", f"figure {name}", params, (), path)
    given, inputs = around
    params = params | given | {"model": model, "where": model["where"], "term": term, "joint": spec.joint}
    params |= {k: estimate.params[k] for k in ("samples", "lists")}
    rows = matched.rows(draft, made, str(model))
    return draft.add("ring_figure", f"figure {name}", params, (rows, *inputs), path)


def _around(
    draft: Draft, made: PanelDraft, spec: RingSettings, path: KeyPath
) -> tuple[dict[str, Any], tuple[Step, ...]] | None:
    """Parameters of rings, and the steps of decisions and places; None where there is a fault."""
    if not draft.one_of(spec.policy, draft.spec.policy, "policy", (*path, "policy")):
        return None
    policy = draft.spec.policy[spec.policy]
    decisions = source(draft, policy.file, ("policy", spec.policy, "file"))
    if decisions is None:
        return None
    draft.column_known(policy.unit, made, ("policy", spec.policy, "unit"))
    inputs: tuple[Step, ...] = (decisions,)
    if spec.places is None:
        for key in ("latitude", "longitude"):
            draft.column_known(getattr(spec, key), made, (*path, key))
    else:
        places = source(draft, spec.places, (*path, "places"))
        if places is None:
            return None
        known = source_columns(draft, spec.places) or ()
        for key, column in (("places", policy.unit), ("latitude", spec.latitude), ("longitude", spec.longitude)):
            if column not in known:
                near = did_you_mean(column, known)
                where = (*path, key) if key in spec.model_fields_set else path
                draft.problem(UsageError(f"{spec.places}: no column {column!r}{near}"), where)
        inputs = (*inputs, places)
    given = spec.model_dump(mode="json", include=set(RingSettings.model_fields))
    rules = {key: getattr(policy, key) for key in ("cutoff", "unknown")}
    rules["batches"] = list(policy.batches) if policy.batches is not None and spec.later == "ignored" else None
    columns = [policy.unit, policy.date, policy.batch if policy.batches is not None else None]
    return {"around": given, "unit": policy.unit, "decisions": columns, "rules": rules}, inputs
