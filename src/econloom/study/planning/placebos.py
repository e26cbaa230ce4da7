"""Placebo figures and placebo dates, as planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from econloom.core.errors import UsageError, did_you_mean
from econloom.panel.formula import ModelSpec, quoted
from econloom.study.document import KeyPath
from econloom.study.language.columns import PlaceboDates
from econloom.study.language.data import Policy
from econloom.study.language.figures import PlaceboFigure
from econloom.study.planning.draft import Draft, PanelDraft
from econloom.study.step import Step

REAL = "real "
"""Before the name of a treatment whose dates are moved: the column that keeps it as it is."""


def figure(draft: Draft, name: str, spec: PlaceboFigure, common: Mapping[str, Any], key: str, estimate: Step) -> Step:
    """The step that draws for one model."""
    path: KeyPath = ("figures", name)
    model = next(m for m in estimate.params["models"] if m["key"] == key)
    panel = draft.panels[model["panel"]]
    if model["instruments"] or model["estimator"] not in {"ols", "pooled"}:
        error = UsageError(f"placebo draws are of least squares, not of {model['estimator']} with {model['formula']}")
        draft.problem(error, (*path, "of"))
    treatment = spec.treatment or _treatment(draft, spec, model["terms"])
    if treatment not in model["terms"]:
        near = did_you_mean(treatment, model["terms"])
        draft.problem(UsageError(f"the model has no term {treatment!r}{near}"), (*path, "treatment"))
    policy = draft.spec.policy.get(spec.policy or "")
    unit = spec.unit or (policy.unit if policy else unit_of(draft, panel, treatment))
    for place, column in (("unit", unit), ("cohort", spec.cohort), *(("within", w) for w in spec.within or ())):
        if column is not None:
            draft.column_known(column, panel, (*path, place))
    params = {
        **common,
        "model": model,
        **{k: estimate.params[k] for k in ("where", "group", "samples", "lists")},
        "keys": [treatment, unit, panel.spec.keys[1], list(spec.within or ()), spec.cohort],
        "counts": {str(year): number for year, number in sorted(spec.draws.items())},
        **{k: getattr(spec, k) for k in ("pool", "real_treated", "reps", "seed", "stat", "side")},
    }
    rows = next(s for s in draft.steps if s.digest == estimate.inputs[0])
    return draft.add("placebo", f"figure {name}", params, (rows,), path)


def _treatment(draft: Draft, spec: PlaceboFigure, terms: Sequence[str]) -> str:
    """The term that a policy makes, else the first."""
    chosen = [draft.spec.policy[spec.policy]] if spec.policy in draft.spec.policy else draft.spec.policy.values()
    made = [column for policy in chosen for column in policy.makes.values()]
    return next((t for t in terms if t in made), next(iter(terms), ""))


def unit_of(draft: Draft, panel: PanelDraft, treatment: str) -> str:
    """What a treatment is assigned to: the unit of the policy that makes it, else that of the panel."""
    policies: Sequence[Policy] = list(draft.spec.policy.values())
    return next((p.unit for p in policies if treatment in p.makes.values()), panel.spec.keys[0])


def check_term(draft: Draft, treatment: str, models: Sequence[ModelSpec], path: KeyPath) -> None:
    """Note a treatment that the model does not have."""
    for model in models:
        terms = [t.name for t in model.regressors]
        if treatment not in terms:
            draft.problem(UsageError(f"the model has no term {treatment!r}{did_you_mean(treatment, terms)}"), path)


def rows_before(dates: PlaceboDates) -> list[str]:
    """The condition that leaves out rows under real treatment."""
    return [f"{quoted(REAL + dates.of)} == 0"] if dates.real_treatment == "drop" else []


def moved(draft: Draft, panel: PanelDraft, rows: Step, dates: Mapping[str, Any]) -> Step:
    """The step that moves the dates of a treatment."""
    unit = dates["unit"] or unit_of(draft, panel, dates["of"])
    params = {
        "keys": [dates["of"], unit, panel.spec.keys[1], [], dates["cohort"]],
        "earlier": dates["earlier"],
        "real": REAL + dates["of"],
    }
    return draft.add("dates", f"dates of {dates['of']} {dates['earlier']} earlier", params, (rows,), ("tables",))
