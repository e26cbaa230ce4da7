"""Tables of stepwise mediation: columns of the steps, rows of indirect effects, and what their signs say."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from econloom.core.estimate import Tidy, Unavailable, stars
from econloom.core.frame import Panel
from econloom.core.labels import Label
from econloom.core.spec import TableSpec
from econloom.core.table import Cell, Row, Table
from econloom.data.expressions import Scope
from econloom.panel.designs import mediation
from econloom.panel.designs.effects import Effect, Mediation
from econloom.panel.designs.indirect import Drawn
from econloom.panel.designs.mediation import ALL
from econloom.report import notes, tables
from econloom.report.phrases import compound
from econloom.study.estimates import covariance

_LABELS = {
    "ab": Label(zh="间接效应ab", en="Indirect effect ab"),
    "sobel": Label(zh="Sobel检验z值", en="Sobel z"),
    "bootstrap": Label(zh="自助法95%置信区间", en="Bootstrap 95% interval"),
    "bootstrap_bc": Label(zh="自助法95%置信区间（偏差校正）", en="Bootstrap 95% interval (bias-corrected)"),
    "share": Label(zh="间接效应占比ab/c", en="Share ab/c"),
    "rho": Label(zh="间接效应为零时的误差相关ρ", en="Error correlation ρ at which ab is zero"),
}
_SAMPLE = {
    "common": Label(
        zh="各步回归使用同一样本，总效应c等于直接效应c'加间接效应ab",
        en="all steps use one sample: c = c' + ab holds exactly",
    ),
    "each": Label(
        zh="各步回归各用其样本，c与c'加ab不必相等",
        en="each step has its own sample, so c need not equal c' + ab",
    ),
}
_RHO = Label(
    zh="ρ为中介方程与结果方程误差的相关系数，ρ达到该值时间接效应为零（Imai等，2010）",
    en="ρ is the correlation of the errors of mediator and outcome at which the indirect effect is zero (Imai, Keele "
    "and Yamamoto 2010)",
)
Place = tuple[int, Effect]


def made(
    panel: Panel, params: Mapping[str, Any], where: Any, scope: Scope, spec: TableSpec
) -> tuple[Table, tuple[Tidy, ...]]:
    """The table of a mediation and the models in its columns.

    Parameters
    ----------
    panel : Panel
    params : mapping
        As planned: y, x, m, rest, lead_y, rows_of, tests, draws, seed, vcov, ssc, weights, merge_rows.
    where : Series or None
        Rows of the sample.
    scope : Scope
    spec : TableSpec
    """
    found = [
        mediation.steps(
            params["y"], params["x"], params["m"], panel, params["rest"],
            vcov=covariance(params["vcov"]), weights=params["weights"], where=where, unit=panel.unit, time=panel.time,
            ssc=params["ssc"], rows=params["rows_of"], seed=params["seed"], lead_y=lead, scope=scope,
            draws=params["draws"] if {"bootstrap", "bootstrap_bc"} & set(params["tests"]) else 0,
        )
        for lead in params["lead_y"]
    ]  # fmt: skip
    models: list[Tidy] = []
    places: list[Place] = []
    for one in found:
        models.append(one.total.summary)
        for first, second, effect in zip(one.mediators, one.outcomes, one.effects, strict=False):
            models += [first.summary, second.summary]
            places.append((len(models) - 1, effect))
    merged = {name: label for label, names in params["merge_rows"].items() for name in names}
    renamed = tuple(_merged(model, merged) for model in models)
    rows_of = dict.fromkeys(merged.get(n, n) for n in found[0].names)
    wider = replace(
        spec,
        order=(found[0].treatment, *(n for n in rows_of if n != found[0].treatment)),
        labels=(*spec.labels, *((label, Label.same(label)) for label in params["merge_rows"])),
        notes=(_said(found, params, spec), *spec.notes),
    )
    table = tables.regression(renamed, wider)
    more = [_row(test, places, len(models), spec) for test in params["tests"]]
    more[0] = replace(more[0], rule_above=spec.style.statistics_rule)
    return replace(table, rows=(*table.rows, *more)), renamed


def indirect_rows(table: Table) -> Table:
    """The rows of a table of mediation that hold no coefficients of its models."""
    names = {label.text("zh") for label in _LABELS.values()}
    return replace(table, rows=tuple(r for r in table.rows if r.label.text("zh") in names))


def _merged(model: Tidy, merged: Mapping[str, str]) -> Tidy:
    """The model with the terms of several mediators under one name."""
    return replace(model, coefficients=tuple(replace(c, term=merged.get(c.term, c.term)) for c in model.coefficients))


def _row(test: str, places: Sequence[Place], width: int, spec: TableSpec) -> Row:
    cells = [Cell()] * width
    for at, effect in places:
        cells[at] = _CELLS[test](effect, f"{spec.id}.c{at + 1}.{test}", spec)
    return Row(_LABELS[test], tuple(cells), role="statistic")


def _indirect(effect: Effect, source: str, spec: TableSpec) -> Cell:
    marks = stars(effect.p_value, spec.stars)
    return Cell("estimate", effect.indirect, spec.digits, marks, source=source, notation="fixed")


def _sobel(effect: Effect, source: str, spec: TableSpec) -> Cell:
    if math.isnan(effect.statistic):
        return _dash(source)
    p = Cell("paren", effect.p_value, spec.digits, source=f"{source}.p", notation="fixed", brackets="[]")
    return Cell("estimate", effect.statistic, spec.digits, source=source, notation="fixed", beside=(p,))


def _between(low: float, high: float, source: str, spec: TableSpec) -> Cell:
    if math.isnan(low):
        return _dash(source)
    return Cell("paren", low, spec.digits, source=source, notation="fixed", brackets="[]", upper=high)


def _number(value: float, source: str, spec: TableSpec) -> Cell:
    return _dash(source) if math.isnan(value) else Cell("number", value, spec.digits, source=source, notation="fixed")


def _dash(source: str) -> Cell:
    return Cell("text", label=Label.same("—"), source=source)


_CELLS: Mapping[str, Callable[[Effect, str, TableSpec], Cell]] = {
    "ab": _indirect,
    "sobel": _sobel,
    "bootstrap": lambda e, source, spec: _between(e.conf_low, e.conf_high, source, spec),
    "bootstrap_bc": lambda e, source, spec: _between(e.bc_low, e.bc_high, source, spec),
    "share": lambda e, source, spec: _number(e.share, source, spec),
    "rho": lambda e, source, spec: _number(e.rho, source, spec),
}


def _said(found: Sequence[Mediation], params: Mapping[str, Any], spec: TableSpec) -> Label:
    """The sample, the bootstrap, and what the signs of every indirect effect say."""
    said = [_SAMPLE[params["rows_of"]]]
    for lead, one in zip(params["lead_y"], found, strict=True):
        whose = Label(
            zh=f"（{lead}期后）" if lead else "", en=f" ({lead} period{'s' if lead > 1 else ''} later)" if lead else ""
        )
        said += [_verdict(e, whose, spec) for e in one.effects if e.model == "single" or e.mediator == ALL]
    said += _bootstrap(found[0], params)
    if "rho" in params["tests"]:
        said.append(_RHO)
    return notes.joined(list(dict.fromkeys(said)))


def _verdict(effect: Effect, whose: Label, spec: TableSpec) -> Label:
    if effect.mediator == ALL:
        name = Label(zh="全部中介变量合计", en="all mediators together")
    else:
        name = compound(effect.mediator, spec)
    words = effect.verdict
    return Label(zh=f"{name.text('zh')}{whose.text('zh')}：{words.text('zh')}",
                 en=f"{name.text('en')}{whose.text('en')}: {words.text('en')}")  # fmt: skip


def _bootstrap(one: Mediation, params: Mapping[str, Any]) -> list[Label]:
    if isinstance(one.drawn, Unavailable):
        return [Label(zh=f"自助法不可用：{one.drawn.reason}", en=f"no bootstrap: {one.drawn.reason}")]
    if not isinstance(one.drawn, Drawn):
        return []
    d = one.drawn
    zh = "逐观测" if d.name == "rows" else f"按{d.name}（{d.clusters}组）"
    en = "rows" if d.name == "rows" else f"the {d.clusters} clusters of {d.name}"
    return [Label(zh=f"自助法{zh}有放回抽样{len(d.single)}次（种子{params['seed']}）",
                  en=f"bootstrap: {en} drawn {len(d.single)} times (seed {params['seed']})")]  # fmt: skip
