"""Steps that make tables: models grouped by the rows and effects that they share, grids of values, descriptions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from econloom.core.errors import UsageError, did_you_mean, listed
from econloom.core.estimate import CONSTANT
from econloom.core.expressions import names_in, parse
from econloom.study.document import KeyPath
from econloom.study.language.bacon import BaconTable
from econloom.study.language.event_tables import EventStudyTable
from econloom.study.language.specifications import SpecificationTable
from econloom.study.language.tables import BalanceTable, FamilyTable, RegressionTable, SensitivityTable, TableRow
from econloom.study.planning import (
    companions,
    event_studies,
    families,
    matched,
    other_tables,
    prepared,
    repeated,
    specifications,
)
from econloom.study.planning.draft import Draft
from econloom.study.planning.looks import presentation, simulated_notes
from econloom.study.planning.models import Shown, TableModels
from econloom.study.schema import DEFAULT, StudySpec, grid_id
from econloom.study.statistics import COMPARISON_OPTIONS, COMPARISONS, STATISTICS, TESTS
from econloom.study.step import Step

_LATER = (SensitivityTable, FamilyTable, EventStudyTable, BaconTable, SpecificationTable)
"""Tables about models of other tables."""


def samples(draft: Draft) -> None:
    """Check the conditions of the named samples, the splits and the matched samples."""
    for name, sample in draft.spec.samples.items():
        path = draft.short_path("samples", name, "where")
        if any(name in p.columns for p in draft.panels.values()):
            draft.problem(UsageError(f"{name!r} is a column and a sample: rename one"), ("samples", name), key=True)
        if sample.where is not None:
            draft.check(sample.where, path, _columns_anywhere(draft))
            _refuse_circle(draft, name, path)
        elif sample.match is not None:
            matched.sample(draft, name, sample.match)
    for name, split in draft.spec.splits.items():
        draft.check(split.by, ("splits", name, "by"), _columns_anywhere(draft))
        if split.unit is not None:
            draft.column_known(split.unit, draft.main, ("splits", name, "unit"))


def _columns_anywhere(draft: Draft) -> list[str]:
    """Columns of all panels: a sample serves every panel that has its columns."""
    return list(dict.fromkeys(c for p in draft.panels.values() for c in p.known))


def _refuse_circle(draft: Draft, name: str, path: KeyPath) -> None:
    seen: set[str] = set()
    pending = [name]
    while pending:
        try:
            inner = {n.name for n in names_in(parse(draft.conditions[pending.pop()]))} & set(draft.conditions)
        except UsageError:
            return
        if name in inner:
            draft.problem(UsageError(f"the sample {name!r} is defined by itself"), path)
            return
        pending += sorted(inner - seen)
        seen |= inner


def steps(draft: Draft) -> dict[str, Step]:
    """The steps of the tables; models with the same rows and effects are estimated together."""
    columns: dict[str, list[Shown]] = {}
    compared: dict[str, dict[str, Shown]] = {}
    specs: dict[str, RegressionTable] = {}
    faulty: set[str] = set()
    for table, spec in draft.spec.tables.items():
        if isinstance(spec, RegressionTable):
            found = _taken(draft, table, spec)
            if found is None:
                columns[table], specs[table] = [], spec
                faulty.add(table)
                continue
            specs[table], path = found
            before = len(draft.problems)
            models = TableModels(draft, table, specs[table], path)
            columns[table], compared[table] = models.shown(), models.compared()
            if len(draft.problems) > before:
                faulty.add(table)
    own = families.own_models(draft)
    wanted = [*columns.values(), *(list(c.values()) for c in compared.values()), list(own.values())]
    groups = _estimates(draft, [c for found in wanted for c in found])
    made: dict[str, Step] = {}
    for table, spec in draft.spec.tables.items():
        if table in faulty or isinstance(spec, _LATER):
            continue
        if table in specs:
            made[table] = _regressions(draft, table, specs[table], columns[table], compared[table], groups)
        elif isinstance(spec, BalanceTable):
            made[table] = matched.balance(draft, table, spec)
        else:
            made[table] = other_tables.step(draft, table, spec)
    for table, spec in draft.spec.tables.items():  # once the models of all tables are known, of later ones too
        if isinstance(spec, SensitivityTable):
            made[table] = families.sensitivity(draft, table, spec, own.get(table), groups)
        elif isinstance(spec, FamilyTable):
            made[table] = families.family(draft, table, spec)
        elif isinstance(spec, EventStudyTable):
            made[table] = event_studies.table(draft, table, spec)
        elif isinstance(spec, BaconTable):
            made[table] = event_studies.bacon(draft, table, spec)
        elif isinstance(spec, SpecificationTable):
            made[table] = specifications.table(draft, table, spec)
    return {table: made[table] for table in draft.spec.tables if table in made}


def _taken(draft: Draft, table: str, spec: RegressionTable) -> tuple[RegressionTable, KeyPath] | None:
    """A table ``like`` another with what it takes from it, and where the columns are written."""
    if spec.like is None:
        return spec, ("tables", table)
    path: KeyPath = ("tables", table, "like")
    if not draft.one_of(spec.like, draft.spec.tables, "table", path):
        return None
    base = draft.spec.tables[spec.like]
    if not isinstance(base, RegressionTable) or base.like is not None:
        draft.problem(UsageError(f"{spec.like!r} is no table of regressions with columns of its own"), path)
        return None
    own = set(spec.model_fields_set) | {"title", "like"}
    taken = {f: getattr(base, f) for f in RegressionTable.model_fields if f not in own}
    return spec.model_copy(update={**taken, "like": None}), ("tables", spec.like)


def _estimates(draft: Draft, columns: list[Shown]) -> dict[str, Step]:
    """A step for each model, by key; those that share rows and effects stand together, and are run together."""
    grouped: dict[tuple[Any, ...], dict[str, Shown]] = {}
    for column in columns:
        m = column.model
        group = (m["panel"], m["where"], tuple(m["effects"]), m["weights"], tuple(m["split"] or ()),
                 json.dumps(m["prepare"]))  # fmt: skip
        grouped.setdefault(group, {}).setdefault(m["key"], column)
    return {key: _estimate(draft, c) for members in grouped.values() for key, c in members.items()}


def _estimate(draft: Draft, column: Shown) -> Step:
    """The step that estimates one model."""
    model = column.model
    panel, where, names = draft.panels[model["panel"]], model["where"], model["samples"]
    name = f"estimate {model['formula']}" + (f" | {', '.join(names)}" if names else "")
    if model["estimator"] != "ols":
        name += f" | {model['estimator']}"
    rows = matched.rows(draft, panel, json.dumps(model, ensure_ascii=False))
    if model["split"]:
        rows = repeated.divided(draft, panel, model["split"][0], rows)
        name += f" | {column.group}"
    rows = prepared.step(draft, panel, rows, [model])
    params = {
        "models": [model],
        "where": where,
        "group": model["split"][1] if model["split"] else None,
        "samples": draft.samples_in(where) if where else {},
        "lists": draft.lists_in(where) if where else {},
    }
    return draft.add("estimate", name, params, (rows,), column.path)


def _regressions(
    draft: Draft,
    table: str,
    spec: RegressionTable,
    columns: list[Shown],
    compared: Mapping[str, Shown],
    groups: Mapping[str, Step],
) -> Step:
    path: KeyPath = ("tables", table)
    shown = [c.to_dict() for c in columns]
    used = tuple(dict.fromkeys(groups[c.model["key"]] for c in (*columns, *compared.values())))
    draft.estimates[table] = [(s, groups[c.model["key"]]) for s, c in zip(shown, columns, strict=True)]
    if spec.compare is not None:
        _check_terms(draft, columns, spec.compare, (*path, "compare"))
    tested = repeated.differences(draft, table, spec, columns, groups)
    used = used if tested is None else (*used, tested)
    for product in spec.scale:
        _check_terms(draft, columns, (product,), (*path, "scale", product))
    if spec.across_versions is not None:
        _check_terms(draft, columns, spec.across_versions, (*path, "across_versions"))
    if spec.groups and columns and sum(g.span for g in spec.groups) != len(columns):
        total = sum(g.span for g in spec.groups)
        error = UsageError(f"the groups span {total} columns, the table has {len(columns)}")
        draft.problem(error, (*path, "groups"))
    if spec.panels and len({len(p.columns) for p in spec.panels}) > 1:
        draft.problem(UsageError("the panels have different numbers of columns"), (*path, "panels"))
    looks = presentation(draft, spec)
    looks["notes"] = [*looks["notes"], *companions.notes(draft, columns)]
    params = {
        "table": table,
        "columns": shown,
        "rows": [*companions.row(columns), *_rows(draft, table, spec, columns, compared)],
        "groups": _groups(draft, spec, columns),
        "over_groups": repeated.headers(draft, spec, columns)[1] if spec.over and not spec.groups else [],
        "panels": [{"zh": p.zh, "en": p.en, "columns": len(p.columns)} for p in spec.panels],
        **looks,
    }
    return draft.add("table", f"table {table}", params, used, path)


def _groups(draft: Draft, spec: RegressionTable, columns: list[Shown]) -> list[dict[str, Any]]:
    """Headers over columns: those written, else one for each group of ``over`` or sample of ``by``."""
    if spec.over and not spec.groups:
        return repeated.headers(draft, spec, columns)[0]
    if spec.groups or not spec.by:
        return [{"zh": g.zh, "en": g.en, "span": g.span} for g in spec.groups]
    found: list[dict[str, Any]] = []
    for column in columns:
        if found and found[-1]["name"] == column.group:
            found[-1]["span"] += 1
            continue
        sample = draft.spec.samples[column.group]
        label = {"zh": sample.zh or column.group, "en": sample.en or sample.zh or column.group}
        found.append({"name": column.group, **label, "span": 1})
    return [{k: v for k, v in g.items() if k != "name"} for g in found]


def _check_terms(draft: Draft, columns: list[Shown], terms: tuple[str, ...], path: KeyPath) -> None:
    """Each term must be in a model of the table."""
    if not columns:
        return
    known = [*dict.fromkeys(t for c in columns for t in c.model["terms"]), CONSTANT]
    is_list = isinstance(draft.typed_at(path), list)
    for number, term in enumerate(terms):
        if term not in known:
            hint = f"it has {listed(known)}"
            error = UsageError(f"no model has the term {term!r}{did_you_mean(term, known)}", hint=hint)
            draft.problem(error, (*path, number) if is_list else path)


def _rows(
    draft: Draft, table: str, spec: RegressionTable, columns: list[Shown], compared: Mapping[str, Shown]
) -> list[dict[str, Any]]:
    """Further rows, with the columns that they stand in."""
    found = []
    for number, row in enumerate(spec.rows):
        path: KeyPath = ("tables", table, "rows", number)
        made = _row(draft, table, row, columns, compared, path)
        if made is not None:
            found.append(made)
    return found


def _row(
    draft: Draft, table: str, row: TableRow, columns: list[Shown], compared: Mapping[str, Shown], path: KeyPath
) -> dict[str, Any] | None:
    label = {"zh": row.zh, "en": row.en} if row.label else None
    if row.against is not None:
        return _comparison(draft, table, row, columns, compared, path)
    at = _positions(draft, row, columns, path)
    if row.test is not None:
        if not draft.one_of(row.test, {**TESTS, **COMPARISONS}, "test", (*path, "test")):
            return None
        if row.test in COMPARISONS:
            error = UsageError(f"the test {row.test!r} compares two models", hint="of: one, against: the other")
            draft.problem(error, (*path, "test"))
            return None
        return {"test": row.test, "at": at, "label": label or _label(TESTS[row.test]), "digits": row.digits}
    if row.stat is not None:
        if not draft.one_of(row.stat, STATISTICS, "statistic", (*path, "stat")):
            return None
        return {"stat": row.stat, "at": at, "label": label or _label(STATISTICS[row.stat]), "digits": row.digits}
    assert row.values is not None
    if columns and len(row.values) != len(at):
        error = UsageError(f"the row has {len(row.values)} values for {len(at)} columns")
        draft.problem(error, (*path, "values"))
    values = [v if isinstance(v, float | int) else {"zh": v.zh, "en": v.en} for v in row.values]
    return {"values": values, "at": at, "label": label, "digits": row.digits}


def _comparison(
    draft: Draft, table: str, row: TableRow, columns: list[Shown], compared: Mapping[str, Shown], path: KeyPath
) -> dict[str, Any] | None:
    """A test of one model against another, in the column of the first unless it says where."""
    if row.test is None or not draft.one_of(row.test, COMPARISONS, "test of two models", (*path, "test")):
        return None
    first, other = compared.get(row.of or ""), compared.get(row.against or "")
    if first is None or other is None:
        return None
    own = [n for n, c in enumerate(columns, 1) if c.model["key"] == first.model["key"]]
    at = _positions(draft, row, columns, path) if row.at is not None else own[:1] or [1]
    label = {"zh": row.zh, "en": row.en} if row.label else _label(COMPARISONS[row.test])
    _check_options(draft, row, path)
    pair = {"of": first.model["key"], "against": other.model["key"], "options": dict(row.options)}
    return {"comparison": row.test, "at": at, "label": label, "digits": row.digits, **pair}


def _check_options(draft: Draft, row: TableRow, path: KeyPath) -> None:
    """The options of a comparison, by name and value."""
    known = COMPARISON_OPTIONS[row.test or ""]
    for key, value in row.options.items():
        if key not in known:
            hint = f"it takes {listed(known)}" if known else "it takes none"
            error = UsageError(f"{row.test} has no option {key!r}{did_you_mean(key, known)}", hint=hint)
            draft.problem(error, (*path, "with", key), key=True)
        elif value not in known[key]:
            error = UsageError(f"{key} is {' or '.join(map(repr, known[key]))}{did_you_mean(value, known[key])}")
            draft.problem(error, (*path, "with", key))


def _label(label: Any) -> dict[str, str | None]:
    return {"zh": label.zh, "en": label.en}


def _positions(draft: Draft, row: TableRow, columns: list[Shown], path: KeyPath) -> list[int]:
    """Column numbers, from 1, that a row stands in."""
    if row.at is None:
        return list(range(1, len(columns) + 1))
    ids = {c.id: n for n, c in enumerate(columns, 1) if c.id}
    found = []
    for place in row.at:
        if isinstance(place, int) and columns and place > len(columns):
            error = UsageError(f"there is no column {place}: the table has {len(columns)}")
            draft.problem(error, (*path, "at"))
        elif isinstance(place, int):
            found.append(place)
        elif draft.one_of(place, ids, "column", (*path, "at")):
            found.append(ids[place])
    return found


def across_versions(spec: StudySpec, drafts: Mapping[str, Draft]) -> dict[str, Step]:
    """Tables across versions: for each, the estimates of some terms in every version."""
    grids: dict[str, Step] = {}
    for table, wanted in spec.tables.items():
        if not isinstance(wanted, RegressionTable) or not wanted.across_versions:
            continue
        draft = drafts[DEFAULT]
        inputs = {s.digest: s for d in drafts.values() for _, s in d.estimates[table]}
        place = {digest: number for number, digest in enumerate(inputs)}
        models = {
            v: [{**column, "input": place[s.digest]} for column, s in d.estimates[table]] for v, d in drafts.items()
        }
        params = {
            "table": grid_id(table),
            "terms": list(wanted.across_versions),
            "models": models,
            **presentation(draft, wanted),
            "notes": simulated_notes(draft),
        }
        name = f"table {table} across versions"
        grids[table] = Step.make("grid", name, params, inputs.values(), ("tables", table))
    return grids
