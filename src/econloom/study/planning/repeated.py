"""Columns repeated by samples or splits: the steps that divide a panel, and those that test the differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from econloom.core.errors import UsageError
from econloom.core.expressions import names_in, parse
from econloom.study.document import KeyPath
from econloom.study.language.tables import RegressionTable
from econloom.study.language.variables import Split
from econloom.study.planning import matched
from econloom.study.planning.draft import Draft, PanelDraft
from econloom.study.planning.models import Shown
from econloom.study.step import Step


def divided(draft: Draft, panel: PanelDraft, name: str, rows: Step | None = None) -> Step:
    """The step that puts the rows of a panel into the groups of a split; made once."""
    start = rows or panel.step
    plain = (panel.name, name)
    key = plain if start == panel.step else (panel.name, f"{name} {start.digest}")
    if key not in draft.divided:
        rule = draft.spec.splits[name]
        path: KeyPath = ("splits", name)
        draft.check(rule.by, (*path, "by"), panel.known)
        if rule.unit is not None:
            draft.column_known(rule.unit, panel, (*path, "unit"))
        params = {
            "split": rule.model_dump(mode="json", exclude={"zh", "en"}),
            "span": panel.span,
            "lists": draft.lists_in(rule.by),
        }
        title = f"split {name}: {rule.by} by {rule.cut}"
        draft.divided[key] = draft.add("split", title, params, (start,), path)
        draft.divided.setdefault(plain, draft.divided[key])
    return draft.divided[key]


def headers(draft: Draft, spec: RegressionTable, columns: Sequence[Shown]) -> tuple[list[dict[str, Any]], ...]:
    """Two rows of labels over the groups: their own, and above them (where it helps) those of their splits."""
    found: list[dict[str, Any]] = []
    above: list[dict[str, Any]] = []
    for column in columns:
        name, place = column.model["split"]
        rule = draft.spec.splits[name]
        if found and found[-1]["name"] == column.group:
            found[-1]["span"] += 1
        else:
            label = rule.rule.names[place]
            found.append({"name": column.group, "zh": label.zh, "en": label.en, "span": 1})
        if above and above[-1]["name"] == name:
            above[-1]["span"] += 1
        else:
            above.append({"name": name, **_label(name, rule), "span": 1})
    labelled = len(above) > 1 or any(draft.spec.splits[a["name"]].label for a in above)
    return _unnamed(found), _unnamed(above) if labelled else []


def _label(name: str, rule: Split) -> dict[str, str | None]:
    return {"zh": rule.zh or rule.en or name, "en": rule.en or rule.zh or name}


def _unnamed(groups: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in g.items() if k != "name"} for g in groups]


def differences(
    draft: Draft, table: str, spec: RegressionTable, columns: Sequence[Shown], groups: Mapping[str, Step]
) -> Step | None:
    """The step that says how groups were made and tests their differences; None where there is nothing to say."""
    if not columns or (spec.over is None and spec.compare is None):
        return None
    families = _families(columns)
    if spec.compare and any(columns[f[0]].model["prepare"] for f in families):
        hint = "make the cut columns variables: winsorise(x, 0.01, 0.99)"
        error = UsageError("differences of groups are tested on the columns as they are, not prepared ones", hint=hint)
        draft.problem(error, ("tables", table, "compare"))
    for family in families:
        _refuse_functions(draft, spec, [columns[n] for n in family])
    panels = dict.fromkeys(columns[f[0]].model["panel"] for f in families)
    texts = [str(columns[n].model) for family in families for n in family]
    steps = [matched.rows(draft, draft.panels[p], *texts) for p in panels]
    splits = {(m["panel"], m["split"][0]): None for m in (c.model for c in columns) if m["split"]}
    inputs = [*(draft.divided[s] for s in splits), *(groups[c.model["key"]] for c in columns)]
    params = {
        "families": [
            [{"key": columns[n].model["key"], "column": n, "group": columns[n].group} for n in f] for f in families
        ],
        "wholes": [_whole(columns[f[0]].model, draft) for f in families],
        "splits": [{"name": s, "label": _label(s, draft.spec.splits[s])} for _, s in splits],
        "width": len(columns),
        "terms": list(spec.compare or ()),
        "tests": list(spec.difference_tests) if spec.compare else [],
        "draws": spec.draws,
        "seed": spec.seed,
        "permute": spec.permute,
    }
    title = f"differences of {table}" if spec.compare else f"groups of {table}"
    path: KeyPath = ("tables", table, "compare" if spec.compare else "over")
    return draft.add("differences", title, params, tuple(dict.fromkeys((*steps, *inputs))), path)


def _families(columns: Sequence[Shown]) -> list[list[int]]:
    """Columns that are one model in several groups of one split (or by several samples)."""
    found: dict[tuple[Any, ...], list[int]] = {}
    for number, column in enumerate(columns):
        m = column.model
        rest = {k: v for k, v in m.items() if k not in {"key", "where", "samples", "split"}}
        key = (str(rest), column.stage, column.endogenous, m["split"][0] if m["split"] else None)
        found.setdefault(key, []).append(number)
    return [f for f in found.values() if len(f) > 1]


def _whole(model: Mapping[str, Any], draft: Draft) -> dict[str, Any]:
    """The model of all groups together: without the split, or without the sample that columns are repeated by."""
    kept = model["samples"] if model["split"] else model["samples"][1:]
    parts = [draft.conditions[s] for s in kept if s in draft.conditions]
    panel = draft.panels[model["panel"]]
    if panel.span is not None:
        time = panel.spec.keys[1]
        parts.insert(0, f"`{time}` >= {panel.span[0]} and `{time}` <= {panel.span[1]}")
    where = " and ".join(f"({p})" for p in parts) if parts else None
    samples = draft.samples_in(where) if where else {}
    return {**model, "where": where, "names": samples, "lists": draft.lists_in(where) if where else {}}


def _refuse_functions(draft: Draft, spec: RegressionTable, family: Sequence[Shown]) -> None:
    """Note a split whose column is made of the outcome or of a compared regressor."""
    model = family[0].model
    if not model["split"]:
        return
    name = model["split"][0]
    rule = draft.spec.splits[name]
    if rule.force is not None:
        return
    made_of = ingredients(draft, rule.by)
    for column in (model["outcome"], *(spec.compare or model["terms"][:1])):
        if column in made_of:
            error = UsageError(
                f"the split {name!r} is made of {column!r}, so its groups differ by construction",
                hint="split by something else, or give a reason: force: …",
            )
            draft.problem(error, ("splits", name, "by"))


def ingredients(draft: Draft, text: str) -> set[str]:
    """Names that a formula uses, and those that their formulas use."""
    formulas = {n: v.formula for p in draft.spec.all_panels.values() for n, v in p.variables.items()}
    formulas |= {n: v.formula for n, v in draft.spec.variables.items()}
    found: set[str] = set()
    pending = [text]
    while pending:
        try:
            names = {n.name for n in names_in(parse(pending.pop()))}
        except UsageError:
            continue
        pending += [f for n in names - found if (f := formulas.get(n))]
        found |= names
    return found
