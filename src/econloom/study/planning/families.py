"""Steps of the tables about models of other tables: sensitivity to what is left out, families of hypotheses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from econloom.core.errors import UsageError
from econloom.core.labels import Label
from econloom.study.document import KeyPath
from econloom.study.estimators import ESTIMATORS
from econloom.study.language.columns import Column
from econloom.study.language.tables import FamilyMember, FamilyTable, RegressionTable, SensitivityTable
from econloom.study.planning.draft import Draft
from econloom.study.planning.looks import presentation
from econloom.study.planning.models import ONCE, Shown, TableModels
from econloom.study.planning.referring import REFERENCE, Referred, has, no_term, referred, spelt_out
from econloom.study.step import Step

# sensitivity ---------------------------------------------------------------------------------------------------------


def own_models(draft: Draft) -> dict[str, Shown]:
    """The models of sensitivity tables that are written as formulas, to be estimated with those of other tables."""
    found = {}
    for table, spec in draft.spec.tables.items():
        if isinstance(spec, SensitivityTable) and "~" in spec.of:
            path: KeyPath = ("tables", table)
            given: dict[str, Any] = {"panel": spec.panel, "sample": spec.sample, "weights": spec.weights}
            written = RegressionTable.model_validate({"title": {"en": table}, "columns": [spec.of], **given})
            source = Column.model_validate(spec.of)
            models = TableModels(draft, table, written, path).models(source, source, (*path, "of"), ONCE)
            if len(models) > 1:
                draft.problem(UsageError(f"the formula has {len(models)} models: one is needed"), (*path, "of"))
            elif models:
                found[table] = Shown(models[0], "main", None, "", None, None, ("tables", table))
    return found


def sensitivity(
    draft: Draft, table: str, spec: SensitivityTable, own: Shown | None, groups: Mapping[str, Step]
) -> Step:
    """The step of a table of Oster's delta, robustness values and bounds."""
    path: KeyPath = ("tables", table)
    common = {"table": table, **presentation(draft, spec)}
    found = _sensitive(draft, spec, own, groups, (*path, "of"))
    if found is None:
        return draft.add("sensitivity", f"table {table}", common, (), path)
    if found.model["instruments"] and found.column["stage"] not in {"first", "reduced"}:
        return _exogeneity(draft, table, spec, found, common)
    if spec.support or spec.prior:
        error = UsageError(f"{found.address} has no instruments", hint="support and prior are of instruments")
        draft.problem(error, (*path, "support" if spec.support else "prior"))
    elif found.model["estimator"] in ESTIMATORS:
        estimator = found.model["estimator"]
        draft.problem(UsageError(f"{found.address} is of {estimator}: defined for least squares"), (*path, "of"))
    if not has(found, spec.term):
        draft.problem(no_term(found, spec.term), (*path, "term"))
    benchmarks = _controls(draft, found, spec, "benchmarks", path)
    base = _controls(draft, found, spec, "base", path)
    given = spec.model_dump(mode="json", include={"term", "times", "q", "alpha", "r2_max", "delta", "beta"})
    compared = [t for t in found.terms if t != spec.term and t not in base]
    if not compared:
        draft.note(f"{table}: no Oster's delta: the model has no controls to compare with")
    params = common | given | {"column": found.column, "benchmarks": benchmarks, "base": base, "oster": bool(compared)}
    return draft.add("sensitivity", f"table {table}", params, (found.step,), path)


def _exogeneity(draft: Draft, table: str, spec: SensitivityTable, found: Referred, common: dict[str, Any]) -> Step:
    """The step of a table of bounds where instruments have direct effects."""
    path: KeyPath = ("tables", table)
    if not spec.support and not spec.prior:
        hint = "support: {instrument: [low, high]}, or prior: {instrument: [mean, sd]}, for bounds of direct effects"
        draft.problem(
            UsageError(f"{found.address} has instruments: defined for least squares", hint=hint), (*path, "of")
        )
    if found.model["estimator"] in {*ESTIMATORS, "gmm", "liml"}:
        error = UsageError(f"{found.address} is of {found.model['estimator']}: direct effects are bounded for 2SLS")
        draft.problem(error, (*path, "of"))
    if spec.term not in found.model["terms"]:
        draft.problem(no_term(found, spec.term), (*path, "term"))
    for key in ("support", "prior"):
        for name in getattr(spec, key):
            draft.one_of(name, found.model["instruments"], "instrument", (*path, key, name))
    given = spec.model_dump(mode="json", include={"term", "support", "prior", "level"})
    params = common | given | {"column": found.column}
    return draft.add("exogeneity", f"table {table}", params, (found.step,), path)


def _sensitive(
    draft: Draft, spec: SensitivityTable, own: Shown | None, groups: Mapping[str, Step], path: KeyPath
) -> Referred | None:
    """The model that a sensitivity table is about."""
    if "~" in spec.of:
        return None if own is None else Referred("the model", own.to_dict(), own.model, groups[own.model["key"]])
    parts = REFERENCE.fullmatch(spec.of.strip())
    if parts is None:
        draft.problem(UsageError(f"{spec.of!r} is no column of a table, such as t3.c1, and no formula"), path)
        return None
    return next(iter(referred(draft, parts[1], parts[2], path, path)), None)


def _controls(draft: Draft, found: Referred, spec: SensitivityTable, key: str, path: KeyPath) -> list[str]:
    """Controls by name, macros spelt out."""
    names: list[str] = []
    for number, name in enumerate(getattr(spec, key)):
        place: KeyPath = (*path, key, number) if isinstance(draft.typed_at((*path, key)), list) else (*path, key)
        for term in spelt_out(draft, name, place):
            if term == spec.term:
                draft.problem(UsageError(f"{term!r} is the treatment: {key} are controls"), place)
            elif not has(found, term):
                draft.problem(no_term(found, term, "control"), place)
            elif term not in names:
                names.append(term)
    return names


# families ------------------------------------------------------------------------------------------------------------


def family(draft: Draft, table: str, spec: FamilyTable) -> Step:
    """The step of a table of adjusted p values."""
    path: KeyPath = ("tables", table)
    members: list[dict[str, Any]] = []
    found: list[Referred] = []
    taken: dict[tuple[Any, ...], str] = {}
    for number, member in enumerate(spec.members):
        place: KeyPath = (*path, "members", number)
        for one in _members(draft, member, place):
            same = (one.column["key"], one.column["stage"], one.column["endogenous"], member.term)
            if same in taken:
                error = UsageError(f"{one.address}: {member.term!r} is the hypothesis of {taken[same]}, counted twice")
                draft.problem(error, place)
                continue
            taken[same] = one.address
            found.append(one)
            members.append(_described(draft, member, one))
    if len(members) == 1 and not draft.problems:
        draft.problem(UsageError("a family has two hypotheses at least"), (*path, "members"))
    reason = _unshared(found) if "romano_wolf" in spec.methods else None
    if reason is not None:
        draft.note(f"{table}: no Romano-Wolf p values: {reason.text('en')}")
    params = {
        "table": table,
        "family": (spec.name or spec.title).model_dump(),
        "members": members,
        "unshared": {"zh": reason.zh, "en": reason.en} if reason else None,
        **spec.model_dump(mode="json", include={"methods", "draws", "seed", "bootstrap", "signs"}),
        **presentation(draft, spec),
    }
    return draft.add("family", f"table {table}", params, tuple(dict.fromkeys(f.step for f in found)), path)


def _members(draft: Draft, member: FamilyMember, path: KeyPath) -> Iterator[Referred]:
    """The columns that a member names and that have its term."""
    short = isinstance(draft.typed_at(path), str)
    table_at, column_at, term_at = (path if short else (*path, k) for k in ("table", "column", "term"))
    column = f"c{member.column}" if isinstance(member.column, int) else member.column
    found = referred(draft, member.table, column, table_at, column_at)
    having = [f for f in found if has(f, member.term)]
    if found and not having:
        draft.problem(no_term(found[0], member.term), term_at)
    yield from having


def _described(draft: Draft, member: FamilyMember, found: Referred) -> dict[str, Any]:
    label = {"zh": member.zh, "en": member.en} if member.label else None
    group = _group(draft, found)
    return {
        "address": f"{found.address}.{member.term}",
        "column": found.column,
        "term": member.term,
        "outcome": found.outcome,
        "label": label,
        "group": {"zh": group.zh, "en": group.en} if group else None,
    }


def _group(draft: Draft, found: Referred) -> Label | None:
    """The sample or group of a split by which the column is repeated."""
    if not found.column["group"]:
        return None
    if found.model["split"]:
        name, place = found.model["split"]
        label: Label = draft.spec.splits[name].rule.names[place]
        return label
    sample = draft.spec.samples[found.column["group"]]
    return sample.label or Label.same(found.column["group"])


def _unshared(found: list[Referred]) -> Label | None:
    """Why models cannot share the draws of Romano and Wolf's bootstrap."""
    for one in found:
        m, at = one.model, one.address
        if m["instruments"]:
            return Label(zh=f"{at}含工具变量", en=f"{at} has instruments")
        if m["estimator"] in ESTIMATORS:
            return Label(zh=f"{at}不是最小二乘估计", en=f"{at} is not least squares")
        if len(m["vcov"]["clusters"]) != 1:
            return Label(zh=f"{at}的标准误不是单向聚类", en=f"the errors of {at} are not clustered in one way")
        if list(m["vcov"]["clusters"]) != list(found[0].model["vcov"]["clusters"]):
            zh = f"{at}与{found[0].address}的聚类变量不同"
            return Label(zh=zh, en=f"{at} and {found[0].address} are clustered by different columns")
        if m["panel"] != found[0].model["panel"] or m["prepare"]:
            why = "of columns that are winsorised or trimmed first" if m["prepare"] else "of another panel"
            return Label(zh=f"{at}所用数据不同（另一面板，或事先缩尾、截尾）", en=f"{at} is {why}")
    return None
