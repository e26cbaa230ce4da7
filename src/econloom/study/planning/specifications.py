"""Steps of specification curves: a column of a table, and what is varied around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import prod
from typing import Any

from econloom.core.errors import ExpressionError, UsageError, did_you_mean
from econloom.data import expressions
from econloom.data.expressions import Scope
from econloom.panel.designs.specifications.choices import MOST
from econloom.panel.formula import parse_formula
from econloom.study.document import KeyPath
from econloom.study.language.specifications import (
    JointTest,
    SpecificationFigure,
    SpecificationSettings,
    SpecificationTable,
)
from econloom.study.planning import matched, prepared
from econloom.study.planning.draft import Draft, PanelDraft
from econloom.study.planning.looks import presentation
from econloom.study.planning.referring import Referred, addressed, no_term, spelt_out
from econloom.study.step import Step

NONE = "none"
"""No effects, or no weights."""


def table(draft: Draft, name: str, spec: SpecificationTable) -> Step:
    """The step of a table of a curve."""
    path: KeyPath = ("tables", name)
    made = _curve(draft, spec, path)
    params = {"table": name, "names": _names(draft), **presentation(draft, spec)}
    return draft.add("specification_table", f"table {name}", params, () if made is None else (made,), path)


def figure(draft: Draft, name: str, spec: SpecificationFigure, common: dict[str, Any]) -> Step:
    """The step of a figure of a curve."""
    made = _curve(draft, spec, ("figures", name))
    params = common | {"most": spec.most, "names": _names(draft)}
    inputs = () if made is None else (made,)
    return draft.add("specification_figure", f"figure {name}", params, inputs, ("figures", name))


def _names(draft: Draft) -> dict[str, Any]:
    """Labels of samples."""
    return {n: {"zh": s.zh, "en": s.en} for n, s in draft.spec.samples.items() if s.label}


def _curve(draft: Draft, spec: SpecificationSettings, path: KeyPath) -> Step | None:
    """The step that estimates all specifications; a table and a figure of the same choices share it."""
    found = addressed(draft, spec.of, (*path, "of"))
    if found is None:
        return None
    model = found.model
    if (reason := _unfit(found)) is not None:
        draft.problem(UsageError(f"{spec.of} {reason}: curves are of least squares or 2SLS"), (*path, "of"))
        return None
    if spec.term not in model["terms"] or (model["endogenous"] and [spec.term] != model["endogenous"]):
        draft.problem(no_term(found, spec.term), (*path, "term"))
        return None
    panel = draft.panels[model["panel"]]
    before = len(draft.problems)
    varied = _choices(draft, spec, model, panel, path)
    if len(draft.problems) > before:
        return None
    number = prod(len(varied[k]) for k in ("outcomes", "sets", "samples", "effects", "vcovs", "weights"))
    if number > MOST:
        hint = "fewer choices, or control_sets in place of all subsets"
        draft.problem(UsageError(f"{number:,} specifications; a curve has at most {MOST:,}", hint=hint), path)
        return None
    texts = [t for t in varied["samples"].values() if t]
    params = varied | {
        "term": spec.term,
        "instruments": " + ".join(model["instruments"]) or None,
        "ssc": model["ssc"],
        "common": spec.common_sample,
        "level": spec.level,
        "test": None if spec.test is None else spec.test.model_dump(mode="json"),
        "lists": {k: v for t in texts for k, v in draft.lists_in(t).items()},
        "scope": {k: v for t in texts for k, v in draft.samples_in(t).items()},
    }
    if spec.test is not None:
        _check_test(draft, spec.test, model, panel, varied, path)
    rows = matched.rows(draft, panel, str(params))
    rows = prepared.step(draft, panel, rows, [model])
    return draft.add("specifications", f"{number:,} specifications around {spec.of}", params, (rows,), path)


def _check_test(
    draft: Draft,
    test: JointTest,
    model: Mapping[str, Any],
    panel: PanelDraft,
    varied: Mapping[str, Any],
    path: KeyPath,
) -> None:
    """Note what the joint test cannot be of."""
    if model["instruments"]:
        draft.problem(UsageError("the joint test is of least squares, not of instruments"), (*path, "test"))
    for key, names in (("unit", (test.unit,)), ("within", test.within or ())):
        for name in names:
            if name is not None and name != "rows":
                draft.column_known(name, panel, (*path, "test", key))
    clusters = {tuple(v["clusters"]) for v in varied["vcovs"]}
    several = len(clusters) > 1 or any(len(c) > 1 for c in clusters)
    if test.method == "null_bootstrap" and test.unit is None and several:
        error = UsageError("the specifications cluster in different ways", hint="test: {unit: column}")
        draft.problem(error, (*path, "test"))


def _unfit(found: Referred) -> str | None:
    """Why a column has no curve."""
    model = found.model
    if model["split"]:
        return "is of a group of a split"
    if model["estimator"] not in {"ols", "iv"}:
        return f"is of {model['estimator']}"
    if model["scale"]:
        return "has scaled products"
    if found.column["stage"] in {"first", "reduced"}:
        return f"is a {found.column['stage']} stage"
    return "has several endogenous variables" if len(model["endogenous"]) > 1 else None


def _choices(
    draft: Draft, spec: SpecificationSettings, model: Mapping[str, Any], panel: PanelDraft, path: KeyPath
) -> dict[str, Any]:
    """Every choice, that of the column first."""
    own = ", ".join(model["samples"]) or "all"
    samples: dict[str, str | None] = {own: model["where"]}
    for number, name in enumerate(spec.samples or ()):
        if draft.one_of(name, draft.spec.samples, "sample", (*path, "samples", number)):
            samples.setdefault(name, _where(draft, name, panel))
    vcovs = [model["vcov"], *(asdict(v.spec) for v in spec.vcov or ())]
    for number, vcov in enumerate(spec.vcov or ()):
        for column in (part.strip() for name in vcov.columns for part in name.split("^")):
            draft.column_known(column, panel, (*path, "vcov", number))
    weights = [model["weights"], *(None if w == NONE and w not in panel.known else w for w in spec.weights or ())]
    for number, name in enumerate(spec.weights or ()):
        if name != NONE:
            draft.column_known(name, panel, (*path, "weights", number))
    return {
        "outcomes": _once([model["outcome"], *_checked(draft, spec.outcomes or (), panel, (*path, "outcomes"), True)]),
        "sets": _sets(draft, spec, model, panel, path),
        "samples": samples,
        "effects": _once([" + ".join(model["effects"]), *_effects(draft, spec, panel, model["ssc"], path)]),
        "vcovs": [v for n, v in enumerate(vcovs) if v not in vcovs[:n]],
        "weights": _once(weights),
        "preferred": {"sample": own, "effects": " + ".join(model["effects"]), "controls": _own(spec, model)},
    }


def _once(values: Sequence[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _own(spec: SpecificationSettings, model: Mapping[str, Any]) -> list[str]:
    """The controls of the column."""
    return [t for t in model["terms"] if t != spec.term]


def _where(draft: Draft, sample: str, panel: PanelDraft) -> str:
    parts = [draft.conditions[sample]]
    if panel.span is not None:
        parts.insert(0, f"`{panel.spec.keys[-1]}` >= {panel.span[0]} and `{panel.spec.keys[-1]}` <= {panel.span[1]}")
    return " and ".join(f"({p})" for p in parts)


def _sets(
    draft: Draft, spec: SpecificationSettings, model: Mapping[str, Any], panel: PanelDraft, path: KeyPath
) -> list[list[str]]:
    """Sets of controls: that of the column first, then all subsets, or those that are listed."""
    own = _own(spec, model)
    if spec.control_sets is not None:
        listed = [
            _checked(draft, chosen, panel, (*path, "control_sets", n)) for n, chosen in enumerate(spec.control_sets)
        ]
        return _different([own, *listed])
    written = _checked(draft, spec.controls, panel, (*path, "controls")) if spec.controls is not None else own
    free, inside = [], []
    for control in written:
        terms = _terms(control)
        if spec.term in terms:
            draft.problem(UsageError(f"{spec.term!r} is the term of interest, no control"), (*path, "controls"))
        here = [t in own for t in terms]
        if any(here) and not all(here):
            error = UsageError(f"{control!r}: the column has some of these terms only", hint="a choice is taken whole")
            draft.problem(error, (*path, "controls"))
        free.append(control)
        if all(here):
            inside.append(control)
    varied = {t for c in free for t in _terms(c)}
    always = [t for t in own if t not in varied]
    if 2 ** len(free) > MOST:
        hint = "join some in one choice ('a + b'), or control_sets"
        error = UsageError(f"{len(free)} controls have {2 ** len(free):,} subsets", hint=hint)
        draft.problem(error, (*path, "controls"))
        return [own]
    subsets = [[c for n, c in enumerate(free) if code >> n & 1] for code in range(2 ** len(free))]
    subsets.sort(key=len)
    return _different([[*always, *inside], *([*always, *chosen] for chosen in subsets)])


def _different(sets: Sequence[Sequence[str]]) -> list[list[str]]:
    """Each set once, whatever its order."""
    terms = {text: _terms(text) for text in dict.fromkeys(c for one in sets for c in one)}
    found: dict[frozenset[str], list[str]] = {}
    for one in sets:
        found.setdefault(frozenset(t for c in one for t in terms[c]), list(one))
    return list(found.values())


def _terms(text: str) -> list[str]:
    return [t.name for t in parse_formula(f"y ~ {text}").terms]


def _checked(draft: Draft, texts: Sequence[str], panel: PanelDraft, path: KeyPath, outcome: bool = False) -> list[str]:
    """Terms as typed, macros spelt out into one choice each; faults are noted."""
    found: list[str] = []
    for number, text in enumerate(texts):
        place: KeyPath = (*path, number) if isinstance(draft.typed_at(path), list) else path
        if "$" in text:
            found += [t for t in spelt_out(draft, text, place) if t not in found]
            continue
        try:
            model = parse_formula(f"{text} ~ 1" if outcome else f"y ~ {text}")
            terms = (model.outcome,) if outcome else model.terms
            if not terms or model.effects or model.endogenous:
                raise UsageError(f"{text!r} is no list of terms")
            for factor in (f for t in terms for f in t.factors):
                expressions.check(factor.text, panel.known, Scope(draft.scope.lists))
            found.append(text)
        except ExpressionError as error:
            draft.problem(ExpressionError(error.problem, text, max(text.find(error.text), 0), error.hint), place)
        except UsageError as error:
            draft.problem(error, place)
    return found


def _effects(draft: Draft, spec: SpecificationSettings, panel: PanelDraft, ssc: str, path: KeyPath) -> list[str]:
    """Sets of effects as typed; an empty text for none."""
    found: list[str] = []
    for number, text in enumerate(spec.effects or ()):
        place: KeyPath = (*path, "effects", number) if isinstance(draft.typed_at((*path, "effects")), list) else (
            *path, "effects")  # fmt: skip
        if text == NONE and NONE not in panel.known:
            if ssc == "xtreg":
                error = UsageError("convention xtreg needs a unit effect", hint="ssc: fixest, in the column")
                draft.problem(error, place)
            found.append("")
            continue
        try:
            for effect in parse_formula(f"y ~ 1 | {text}").effects:
                for name in effect.columns:
                    if name not in panel.known:
                        raise UsageError(f"no column {name!r} for fixed effects{did_you_mean(name, panel.columns)}")
            found.append(text)
        except UsageError as error:
            draft.problem(error if not isinstance(error, ExpressionError) else UsageError(error.problem), place)
    return found
