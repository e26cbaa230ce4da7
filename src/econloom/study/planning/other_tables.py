"""Steps of the tables that are no regressions: grids of values, descriptions, correlations, mediation, causality."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from econloom.core.errors import UsageError, did_you_mean
from econloom.panel.formula import parse_formula
from econloom.study.document import KeyPath
from econloom.study.language.tables import (
    CorrelationTable,
    CountsTable,
    DescriptiveTable,
    GrangerTable,
    MediationTable,
    RegressionTable,
    Table,
    ValuesTable,
    VifTable,
)
from econloom.study.planning import matched
from econloom.study.planning.draft import Draft, PanelDraft
from econloom.study.planning.looks import presentation
from econloom.study.planning.models import TableModels
from econloom.study.step import Step


def step(draft: Draft, table: str, spec: Table) -> Step:
    """The step of one table."""
    path: KeyPath = ("tables", table)
    name = spec.panel or draft.spec.main
    if not draft.one_of(name, draft.spec.all_panels, "panel", (*path, "panel")) or name not in draft.panels:
        name = draft.spec.main
    panel = draft.panels[name]
    if isinstance(spec, ValuesTable):
        return _values(draft, table, spec, panel)
    where = None
    if spec.sample is not None and draft.one_of(spec.sample, draft.spec.samples, "sample", (*path, "sample")):
        where = draft.conditions.get(spec.sample)
    panel = matched.with_rows(draft, panel, where or "", str(spec.model_dump(mode="json")))
    common: dict[str, Any] = {
        "table": table,
        "where": where,
        "samples": draft.samples_in(where) if where else {},
        "lists": draft.lists_in(where) if where else {},
        "span": panel.span,
        **presentation(draft, spec),
    }
    if isinstance(spec, DescriptiveTable | CorrelationTable):
        return _described(draft, table, spec, panel, common)
    if isinstance(spec, VifTable):
        return _vif(draft, table, spec, panel, common)
    if isinstance(spec, CountsTable):
        return _counts(draft, table, spec, panel, common)
    if isinstance(spec, MediationTable):
        return _mediation(draft, table, spec, panel, common)
    assert isinstance(spec, GrangerTable)
    return _granger(draft, table, spec, panel, common)


def _granger(draft: Draft, table: str, spec: GrangerTable, panel: PanelDraft, common: dict[str, Any]) -> Step:
    path: KeyPath = ("tables", table)
    for number, pair in enumerate(spec.pairs):
        for place, column in enumerate(pair):
            draft.column_known(column, panel, (*path, "pairs", number, place))
        if pair[0] == pair[1]:
            draft.problem(UsageError(f"{pair[0]!r} is effect and cause at once"), (*path, "pairs", number))
    chosen = {"pairs": [list(p) for p in spec.pairs], "lags": spec.lags, "draws": spec.draws, "seed": spec.seed}
    return draft.add("granger", f"table {table}", common | chosen, (panel.step,), path)


def _described(
    draft: Draft, table: str, spec: DescriptiveTable | CorrelationTable, panel: PanelDraft, common: dict[str, Any]
) -> Step:
    path: KeyPath = ("tables", table)
    columns = [c for c in panel.columns if c not in panel.spec.keys] if spec.of == "all" else list(spec.of)
    for number, column in enumerate(columns if spec.of != "all" else ()):
        draft.column_known(column, panel, (*path, "of", number))
    params = common | {"columns": columns, "all": spec.of == "all"}
    if isinstance(spec, DescriptiveTable):
        params |= {"stats": list(spec.stats), "name_extremes": spec.name_extremes}
        return draft.add("describe", f"table {table}", params, (panel.step,), path)
    params["stars"] = list(draft.spec.defaults.stars if spec.stars is None else spec.stars)
    return draft.add("correlate", f"table {table}", params, (panel.step,), path)


def _vif(draft: Draft, table: str, spec: VifTable, panel: PanelDraft, common: dict[str, Any]) -> Step:
    path: KeyPath = ("tables", table)
    written = RegressionTable.model_validate({"title": {"en": table}, "columns": [spec.of]})
    text = draft.expand(spec.of, (*path, "of"))
    try:
        TableModels(draft, table, written, path).check(parse_formula(text), text, panel)
    except UsageError as error:
        draft.problem(error, (*path, "of"))
    return draft.add("vif", f"table {table}", common | {"formula": text}, (panel.step,), path)


def _counts(draft: Draft, table: str, spec: CountsTable, panel: PanelDraft, common: dict[str, Any]) -> Step:
    path: KeyPath = ("tables", table)
    rows = []
    for number, row in enumerate(spec.rows):
        place: KeyPath = (*path, "rows", number, "where")
        where = draft.expand(row.where, place)
        draft.check(where, place, panel.known)
        if row.of is not None:
            draft.column_known(row.of, panel, (*path, "rows", number, "of"))
        rows.append({"zh": row.zh, "en": row.en, "where": where, "of": row.of, "names": row.names})
        common["samples"] = common["samples"] | draft.samples_in(where)
        common["lists"] = common["lists"] | draft.lists_in(where)
    return draft.add("count", f"table {table}", common | {"rows": rows}, (panel.step,), path)


def _mediation(draft: Draft, table: str, spec: MediationTable, panel: PanelDraft, common: dict[str, Any]) -> Step:
    path: KeyPath = ("tables", table)
    for key in ("y", "x"):
        draft.column_known(getattr(spec, key), panel, (*path, key))
    for number, mediator in enumerate(spec.m):
        draft.column_known(mediator, panel, (*path, "m", number))
    for label, names in spec.merge_rows.items():
        for number, name in enumerate(names):
            draft.one_of(name, spec.m, "mediator", (*path, "merge_rows", label, number))
    written = RegressionTable.model_validate({"title": {"en": table}, "columns": ["y ~ 1"]})
    text = draft.expand(f"{spec.y} ~ {spec.x} + {spec.rest}", (*path, "rest"))
    try:
        TableModels(draft, table, written, path).check(parse_formula(text), text, panel)
    except UsageError as error:
        draft.problem(error, (*path, "rest"))
    for number, mediator in enumerate(spec.m):
        if mediator in (spec.y, spec.x):
            whose = "outcome" if mediator == spec.y else "treatment"
            draft.problem(UsageError(f"the mediator {mediator!r} is the {whose} itself"), (*path, "m", number))
    settings = _mediation_settings(draft, spec, panel, path)
    given = spec.model_dump(mode="json", include=_MEDIATION)
    params = common | given | {"rest": draft.expand(spec.rest, (*path, "rest"))} | settings
    return draft.add("mediation", f"table {table}", params, (panel.step,), path)


_MEDIATION = {"y", "x", "m", "rows_of", "lead_y", "merge_rows", "tests", "draws", "seed"}


def _mediation_settings(draft: Draft, spec: MediationTable, panel: PanelDraft, path: KeyPath) -> dict[str, Any]:
    """Covariance, convention and weights of all steps."""
    defaults = draft.spec.defaults
    vcov = spec.vcov or defaults.vcov
    for name in vcov.columns:
        for part in name.split("^"):
            draft.column_known(part.strip(), panel, (*path, "vcov") if spec.vcov else ("defaults", "vcov"))
    weights = spec.weights or defaults.weights
    if weights is not None:
        draft.column_known(weights, panel, (*path, "weights"), "column of weights")
    return {"vcov": asdict(vcov.spec), "ssc": spec.ssc or defaults.ssc, "weights": weights}


def _values(draft: Draft, table: str, spec: ValuesTable, panel: PanelDraft) -> Step:
    path: KeyPath = ("tables", table)
    keys = list(panel.spec.keys)
    if spec.values in keys:
        draft.problem(UsageError("values is a variable, not a key of the panel"), (*path, "values"))
    draft.column_known(spec.values, panel, (*path, "values"), "variable")
    if spec.rows not in keys:
        near = did_you_mean(spec.rows, keys)
        draft.problem(UsageError(f"rows is a key of the panel{near}", hint=" or ".join(keys)), (*path, "rows"))
    named = {} if spec.names is None else spec.names.model_dump(exclude_none=True)
    for language, column in named.items():
        draft.column_known(column, panel, (*path, "names", language))
    repeated = [c for c in spec.columns if spec.columns.count(c) > 1]
    if repeated:
        draft.problem(UsageError(f"the column {repeated[0]!r} is listed twice"), (*path, "columns"))
    params = {
        "table": table,
        "values": spec.values,
        "rows": spec.rows,
        "across": keys[0] if spec.rows == keys[-1] else keys[-1],
        "columns": list(spec.columns),
        "span": panel.span,
        "names": named,
        **presentation(draft, spec),
    }
    return draft.add("values", f"table {table}", params, (panel.step,), path)
