"""Steps that make tables: models grouped by the rows and effects that they share, and grids of values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from econloom.core.errors import ExpressionError, UsageError, did_you_mean, listed
from econloom.core.estimate import CONSTANT
from econloom.core.expressions import names_in, parse
from econloom.data import expressions
from econloom.data.expressions import Scope
from econloom.panel.formula import ModelSpec, parse_formula
from econloom.study.document import KeyPath
from econloom.study.planning.draft import Draft
from econloom.study.schema import DEFAULT, Column, RegressionTable, StudySpec, ValuesTable, grid_id
from econloom.study.step import Step

CONTROLS = "controls"


def samples(draft: Draft) -> None:
    """Check the conditions of the named samples."""
    for name in draft.spec.samples:
        path = draft.short_path("samples", name, "where")
        draft.check(draft.spec.samples[name].where, path)
        if name in draft.columns:
            draft.problem(UsageError(f"{name!r} is a column and a sample: rename one"), ("samples", name), key=True)
        _refuse_circle(draft, name, path)


def _refuse_circle(draft: Draft, name: str, path: KeyPath) -> None:
    seen: set[str] = set()
    pending = [name]
    while pending:
        text = draft.spec.samples[pending.pop()].where
        try:
            inner = {n.name for n in names_in(parse(text))} & set(draft.spec.samples)
        except UsageError:
            return
        if name in inner:
            draft.problem(UsageError(f"the sample {name!r} is defined by itself"), path)
            return
        pending += sorted(inner - seen)
        seen |= inner


def steps(draft: Draft, panel: Step) -> dict[str, Step]:
    """The steps of the tables; models with the same rows and effects are estimated together."""
    models: dict[str, list[dict[str, Any]]] = {}
    for table, spec in draft.spec.tables.items():
        if isinstance(spec, RegressionTable):
            models[table] = _models(draft, table, spec)
    groups = _estimates(draft, panel, [m for found in models.values() for m in found])
    steps: dict[str, Step] = {}
    for table, spec in draft.spec.tables.items():
        if isinstance(spec, ValuesTable):
            steps[table] = _values(draft, table, spec, panel)
        else:
            keys = [m["key"] for m in models[table]]
            used = tuple(dict.fromkeys(groups[k] for k in keys if k in groups))
            draft.estimates[table] = [(k, groups[k]) for k in keys if k in groups]
            params = {"table": table, "models": keys, **_presentation(draft, table, spec)}
            steps[table] = draft.add("table", f"table {table}", params, used, ("tables", table))
    return steps


def _models(draft: Draft, table: str, spec: RegressionTable) -> list[dict[str, Any]]:
    found = []
    for number, column in enumerate(spec.columns, 1):
        path: KeyPath = ("tables", table, "columns", number - 1)
        if isinstance(draft.typed_at(path), dict):
            path = (*path, "formula")
        model = _model(draft, f"{table}.c{number}", column, spec, path)
        if model is not None:
            found.append(model)
    if len(found) == len(spec.columns):
        _check_terms(draft, table, spec, found)
    return found


def _check_terms(draft: Draft, table: str, spec: RegressionTable, models: list[dict[str, Any]]) -> None:
    """Each term to be shown across versions must be in a model of the table."""
    known = [*dict.fromkeys(t for m in models for t in m["terms"]), CONSTANT]
    for number, term in enumerate(spec.across_versions):
        if term not in known:
            error = UsageError(
                f"no model has the term {term!r}{did_you_mean(term, known)}", hint=f"it has {listed(known)}"
            )
            draft.problem(error, ("tables", table, "across_versions", number))


def _model(draft: Draft, key: str, column: Column, table: RegressionTable, path: KeyPath) -> dict[str, Any] | None:
    text = draft.expand(column.formula, path)
    try:
        parsed = parse_formula(text)
        _check_model(draft, parsed, text)
    except UsageError as error:
        draft.problem(error, path)
        return None
    sample = column.sample or table.sample
    if sample is not None and sample not in draft.spec.samples:
        near = did_you_mean(sample, draft.spec.samples)
        place = (*path[:-1], "sample") if column.sample else (*path[:2], "sample")
        draft.problem(UsageError(f"no sample {sample!r}{near}", hint=f"samples: {listed(draft.spec.samples)}"), place)
        return None
    vcov = column.vcov or table.vcov or draft.spec.defaults.vcov
    owner = path[:-1] if column.vcov else path[:2] if table.vcov else ("defaults",)
    for name in vcov.spec.clusters:
        draft.column_known(name, (*owner, "vcov", "cluster"), "cluster column")
    return {
        "key": key,
        "formula": text,
        "sample": sample,
        "where": draft.spec.samples[sample].where if sample else None,
        "terms": [t.name for t in parsed.terms],
        "effects": [e.name for e in parsed.effects],
        "vcov": {"kind": vcov.kind, "clusters": list(vcov.spec.clusters)},
        "ssc": draft.spec.defaults.ssc,
    }


def _check_model(draft: Draft, parsed: ModelSpec, text: str) -> None:
    for term in (parsed.outcome, *parsed.terms):
        for factor in term.factors:
            try:
                expressions.check(factor.text, draft.columns, Scope(draft.scope.lists))
            except ExpressionError as error:
                raise ExpressionError(error.problem, text, factor.position + error.position, error.hint) from None
    for effect in parsed.effects:
        for name in effect.columns:
            if name not in draft.columns:
                near = did_you_mean(name, draft.columns)
                raise ExpressionError(f"no column {name!r} for fixed effects{near}", text, text.rfind(name))


def _estimates(draft: Draft, panel: Step, models: list[dict[str, Any]]) -> dict[str, Step]:
    grouped: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for model in models:
        grouped.setdefault((model["sample"], tuple(model["effects"])), []).append(model)
    steps: dict[str, Step] = {}
    for (sample, effects), members in grouped.items():
        name = f"estimate {len(members)} models | {' + '.join(effects) or 'no effects'}"
        name += f" | {sample}" if sample else ""
        where = members[0]["where"]
        samples = {n: s.where for n, s in draft.spec.samples.items()} if where else {}
        lists = {n: list(items) for n, items in draft.spec.lists.items()} if where else {}
        params = {"models": members, "where": where, "samples": samples, "lists": lists}
        table = members[0]["key"].split(".")[0]
        step = draft.add("estimate", name, params, (panel,), ("tables", table))
        steps |= {m["key"]: step for m in members}
    return steps


def _values(draft: Draft, table: str, spec: ValuesTable, panel: Step) -> Step:
    path: KeyPath = ("tables", table)
    keys = [draft.spec.panel.unit, draft.spec.panel.time]
    if spec.values in keys:
        draft.problem(UsageError("values is a variable, not a key of the panel"), (*path, "values"))
    draft.column_known(spec.values, (*path, "values"), "variable")
    if spec.rows not in keys:
        near = did_you_mean(spec.rows, keys)
        draft.problem(UsageError(f"rows is a key of the panel{near}", hint=f"{keys[0]} or {keys[1]}"), (*path, "rows"))
    repeated = [c for c in spec.columns if spec.columns.count(c) > 1]
    if repeated:
        draft.problem(UsageError(f"the column {repeated[0]!r} is listed twice"), (*path, "columns"))
    params = {
        "table": table,
        "values": spec.values,
        "rows": spec.rows,
        "across": keys[0] if spec.rows == keys[1] else keys[1],
        "columns": list(spec.columns),
        **_presentation(draft, table, spec),
    }
    return draft.add("values", f"table {table}", params, (panel,), path)


def _presentation(draft: Draft, table: str, spec: RegressionTable | ValuesTable) -> dict[str, Any]:
    """How a table looks, JSON-ready."""
    defaults = draft.spec.defaults
    shown: dict[str, Any] = {
        "title": spec.title.model_dump(),
        "notes": [n.model_dump() for n in spec.notes],
        "digits": defaults.digits if spec.digits is None else spec.digits,
        "labels": {n: {"zh": v.zh, "en": v.en} for n, v in draft.spec.variables.items() if v.label},
    }
    if isinstance(spec, RegressionTable):
        shown["show"] = [defaults.show.model_dump(), spec.show.model_dump()]
        shown["stars"] = list(defaults.stars if spec.stars is None else spec.stars)
        shown["controls"] = _control_terms(draft)
    return shown


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


def across_versions(spec: StudySpec, drafts: Mapping[str, Draft]) -> dict[str, Step]:
    """Tables across versions: for each, the estimates of some terms in every version."""
    grids: dict[str, Step] = {}
    for table, wanted in spec.tables.items():
        if not isinstance(wanted, RegressionTable) or not wanted.across_versions:
            continue
        draft = drafts[DEFAULT]
        inputs = {s.digest: s for d in drafts.values() for _, s in d.estimates[table]}
        place = {digest: number for number, digest in enumerate(inputs)}
        models = {v: [[key, place[s.digest]] for key, s in d.estimates[table]] for v, d in drafts.items()}
        params = {
            "table": grid_id(table),
            "terms": list(wanted.across_versions),
            "models": models,
            **_presentation(draft, table, wanted),
        }
        name = f"table {table} across versions"
        grids[table] = Step.make("grid", name, params, inputs.values(), ("tables", table))
    return grids
