"""Columns and series of estimators robust to staggered timing, beside a two-way estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from econloom.core.errors import UsageError, did_you_mean, listed
from econloom.core.labels import Label
from econloom.study.document import KeyPath
from econloom.study.estimators import ESTIMATORS
from econloom.study.language.columns import Column
from econloom.study.language.data import Policy
from econloom.study.language.robust import Robust
from econloom.study.language.tables import RegressionTable
from econloom.study.planning.draft import Draft
from econloom.study.planning.shown import Shown, keyed
from econloom.study.staggered import DEFAULTS, ROBUST

TWO_WAY = Label("双向固定效应", "Two-way")
COMPARED = Label("比较对象", "Compared with")
ALL_UNITS = Label("全部，含已处理", "all, treated too")
_TREATMENTS = ("treatpost", "exposure")
_MEANS = Label("对交错实施稳健的估计——", "Robust to staggered timing: ")
_BEFORE = Label("实施前的点——", "Points before adoption: ")
_LEFT = Label("未列出——", "Left out: ")
BINARY = Label("稳健估计以是否实施（0或1）为处理", "These estimators take adoption as 0 or 1")


def beside(draft: Draft, table: RegressionTable, column: Column, shown: Shown, path: KeyPath) -> list[Shown]:
    """A column and, where it is asked for, those of the estimators beside it."""
    spec = column.robust or table.robust
    if spec is None or not spec.use:
        return [shown]
    place = (*path, "robust") if column.robust is not None else ("tables", path[1], "robust")
    model = shown.model
    if shown.stage != "main" or (reason := unfit(model)) is not None:
        reason = "is a stage of instruments" if shown.stage != "main" else reason
        draft.problem(UsageError(f"robust: the model {model['formula']} {reason}"), place)
        return [shown]
    what = next((k for k in ("compare", "scale", "panels") if getattr(table, k)), None)
    if what is not None:
        draft.problem(UsageError(f"'robust' and '{what}' do not go together", hint="two tables"), place)
        return [shown]
    adoption = adopted(draft, spec, model, place)
    if adoption is None:
        return [shown]
    term, cohort, adopts = adoption
    names = chosen(draft, spec, model | {"term": term}, place)
    if not names:
        return [shown]
    options = {
        "term": term,
        "adoption": [cohort, adopts],
        "convention": model["ssc"],
        "asked": spec.estimators is not None,
    }
    made = [
        replace(
            shown,
            model=keyed({k: v for k, v in model.items() if k != "key"} | {"estimator": name, "options": options}),
            id=None,
            head=ROBUST[name].label,
        )
        for name in names
    ]
    return [shown if shown.head else replace(shown, head=TWO_WAY), *made]


def unfit(model: Mapping[str, Any]) -> str | None:
    """Why a model is no two-way estimate, or None."""
    if model["instruments"]:
        return "has instruments: estimators robust to staggered timing stand beside least squares"
    if model["estimator"] in ESTIMATORS and model["estimator"] != "pooled":
        return f"is of {model['estimator']}: estimators robust to staggered timing stand beside least squares"
    if not model["effects"]:
        return "has no effects of unit and period: it is no two-way estimate"
    if model["prepare"] and model["prepare"]["dates"]:
        return "moves the dates of treatment: the cohorts are those of the real ones"
    return None


def adopted(draft: Draft, spec: Robust, model: Mapping[str, Any], path: KeyPath) -> tuple[str, str, str | None] | None:
    """The treatment's term, the column of the first treated period, and the column of what adopts."""
    panel = draft.panels[model["panel"]]
    if spec.cohort is not None:
        term = spec.treatment or model["terms"][0]
        if term not in model["terms"]:
            near = did_you_mean(term, model["terms"])
            draft.problem(UsageError(f"the model has no term {term!r}{near}"), (*path, "treatment"))
            return None
        return (term, spec.cohort, None) if draft.column_known(spec.cohort, panel, (*path, "cohort")) else None
    found = _policy(draft, model["terms"])
    if found is None:
        known = [c for p in draft.spec.policy.values() for k, c in p.makes.items() if k in _TREATMENTS]
        single = next(
            (t for t in model["terms"] for p in draft.spec.policy.values() if t == p.makes.get("single")), None
        )
        said = f"{single!r} has a single date" if single else f"no term of {model['formula']} is a policy's treatment"
        hint = (
            f"policies make {listed(known)}"
            if known
            else "{cohort: column of the first treated period, treatment: term}"
        )
        draft.problem(UsageError(f"robust: {said}", hint=hint), path)
        return None
    name, policy, term = found
    cohort = policy.makes.get("cohort")
    if cohort is None or cohort not in panel.known:
        error = UsageError(
            f"robust: needs the first treated period, which the policy {name!r} does not make",
            hint=f"policy.{name}: makes: {{cohort: cohort}}"
            if cohort is None
            else f"the panel has no column {cohort!r}",
        )
        draft.problem(error, path)
        return None
    return term, cohort, policy.unit


def _policy(draft: Draft, terms: Sequence[str]) -> tuple[str, Policy, str] | None:
    """The policy that makes a term, with its name and the term."""
    for name, policy in draft.spec.policy.items():
        for kind in _TREATMENTS:
            made = policy.makes.get(kind)  # type: ignore[call-overload]
            if made in terms:
                return name, policy, made
    return None


def chosen(draft: Draft, spec: Robust, model: Mapping[str, Any], path: KeyPath) -> list[str]:
    """The estimators beside a model; those that cannot take it are left out with a note, by name they are faults."""
    keys = draft.panels[model["panel"]].spec.keys
    place = path if isinstance(draft.typed_at(path), list | str) else (*path, "estimators")
    found = []
    for number, name in enumerate(DEFAULTS if spec.estimators is None else spec.estimators):
        at = (*place, number) if isinstance(draft.typed_at(place), list) else place
        if spec.estimators is not None and not draft.one_of(name, ROBUST, "robust estimator", at):
            continue
        reason = ROBUST[name].unfit(model, keys)
        if reason is None:
            found.append(name)
        elif spec.estimators is not None:
            text = reason.text("en")
            hint = _others(model, keys)
            draft.problem(UsageError(f"{name} cannot stand beside {model['formula']}: it {text}", hint=hint), at)
    if spec.estimators is None and not found:
        reasons = "; ".join(f"{n} {_reason(n, model, keys)}" for n in DEFAULTS)
        draft.problem(UsageError(f"robust: no estimator can stand beside {model['formula']}", hint=reasons), path)
    return found


def _reason(name: str, model: Mapping[str, Any], keys: Sequence[str]) -> str:
    reason = ROBUST[name].unfit(model, keys)
    return "" if reason is None else reason.text("en")


def _others(model: Mapping[str, Any], keys: Sequence[str]) -> str | None:
    can = [n for n, way in ROBUST.items() if way.unfit(model, keys) is None]
    return f"these can: {listed(can)}" if can else None


def row(columns: Sequence[Shown]) -> list[dict[str, Any]]:
    """The row that says with whom each column compares; none in a table without such estimators."""
    if not any(c.model["estimator"] in ROBUST for c in columns):
        return []
    label = {"zh": COMPARED.zh, "en": COMPARED.en}
    ways = [{"zh": ALL_UNITS.zh, "en": ALL_UNITS.en} if c.model["effects"] else None for c in columns]
    return [{"compared": ways, "label": label, "digits": None}]


def notes(draft: Draft, columns: Sequence[Shown]) -> list[dict[str, Any]]:
    """What the means of the estimators are, and which were left out and why."""
    models = [c.model for c in columns if c.model["estimator"] in ROBUST]
    if not models:
        return []
    used = list(dict.fromkeys(m["estimator"] for m in models))
    found = [_listed(_MEANS, {n: ROBUST[n].note for n in used})]
    left: dict[str, Label] = {}
    for m in models:
        if not m["options"]["asked"]:
            left |= _left_out(draft, m | {"term": m["options"]["term"]})
    found += _omitted({n: reason for n, reason in left.items() if n not in used})
    if any(_partial(draft, m["options"]["term"]) for m in models):
        found.append(BINARY)
    return [{"zh": f.zh, "en": f.en} for f in found]


def of_series(draft: Draft, model: Mapping[str, Any], names: Sequence[str], everything: bool) -> list[dict[str, Any]]:
    """What a figure with further estimators has to say: effects before adoption, and which were left out and why."""
    found = [_listed(_BEFORE, {n: ROBUST[n].before for n in names})]
    found += _omitted(_left_out(draft, model)) if everything else []
    if _partial(draft, model["term"]):
        found.append(BINARY)
    return [{"zh": f"{f.zh}。", "en": f"{f.en}."} for f in found]


def _left_out(draft: Draft, model: Mapping[str, Any]) -> dict[str, Label]:
    """Estimators of ``robust: true`` that cannot take a model, with the reasons."""
    keys = draft.panels[model["panel"]].spec.keys
    found = {n: ROBUST[n].unfit(model, keys) for n in DEFAULTS}
    return {n: reason for n, reason in found.items() if reason is not None}


def _omitted(left: Mapping[str, Label]) -> list[Label]:
    return [_listed(_LEFT, left)] if left else []


def _listed(opening: Label, said: Mapping[str, Label]) -> Label:
    """``opening A: this; B: that``; estimators of which the same is said together."""
    groups: dict[Label, list[str]] = {}
    for name, what in said.items():
        groups.setdefault(what, []).append(name)
    zh = "；".join("、".join(ROBUST[n].label.text("zh") for n in g) + f"：{w.text('zh')}" for w, g in groups.items())
    en = "; ".join(", ".join(ROBUST[n].label.text("en") for n in g) + f": {w.text('en')}" for w, g in groups.items())
    return Label(f"{opening.zh}{zh}", f"{opening.en}{en}")


def _partial(draft: Draft, term: str) -> bool:
    """Whether the treatment is a share of the first year."""
    return term in {p.makes.get("exposure") for p in draft.spec.policy.values()}
