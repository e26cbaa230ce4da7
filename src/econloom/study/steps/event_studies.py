"""Steps of event studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from econloom.core.errors import EstimationError, UsageError
from econloom.core.estimate import Tidy
from econloom.core.labels import Label
from econloom.core.table import Table
from econloom.data import expressions
from econloom.panel import did
from econloom.panel.did import dynamic
from econloom.panel.did.effects import DynamicEffects
from econloom.panel.did.timing import Asked
from econloom.panel.did.twoway import Options
from econloom.panel.formula import parse_formula, retyped
from econloom.report import comparisons, effects
from econloom.study import estimates, staggered
from econloom.study.steps.context import Context, Work, scope_of, table_spec

Studies = list[tuple[Label, DynamicEffects]]
Beside = tuple[list[tuple[str, DynamicEffects]], list[Tidy]]
_BEYOND = {
    "bin": Label("端点归并", "ends binned"),
    "drop": Label("窗外剔除", "ends dropped"),
}


def _event_study(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Studies:
    """The effects of one model for each window, with the label of each."""
    model, scope = params["model"], scope_of(params)
    asked = Asked(params["cohort"], params["treatment"], adopts=params["adopts"])
    windows = [(_pair(w["window"]), _base(w["base"]), _ends(w["ends"])) for w in params["windows"]]
    options = Options(estimates.covariance(model["vcov"]), model["weights"], model["ssc"], scope=scope)
    found = dynamic.many(
        parse_formula(model["formula"]), inputs[0], asked, windows, params["where"], options, treatment=params["term"]
    )
    return [(_label(w, one), one) for w, one in zip(params["windows"], found, strict=True)]


def _pair(window: Sequence[int] | None) -> tuple[int, int] | None:
    return None if window is None else (window[0], window[1])


def _base(base: Any) -> Any:
    return None if base == "none" else tuple(base) if isinstance(base, list) else base


def _ends(ends: Any) -> Any:
    return tuple(ends) if isinstance(ends, list) else ends


def _label(window: Mapping[str, Any], found: dynamic.EventStudy) -> Label:
    """The window's own label, or what its base and ends are."""
    if window["zh"] or window["en"]:
        return Label(window["zh"], window["en"])
    base = [f"k = {found.text(b)}".replace("= ≤", "≤").replace("= ≥", "≥").replace("-", "−") for b in found.base]
    beyond = zip((found.window.lower, found.window.upper), found.bins, strict=True)
    ends = list(dict.fromkeys(_BEYOND[e] for e, at in beyond if e == "drop" or (e == "bin" and at is not None)))
    zh = ["、".join(base), *(e.text("zh") for e in ends)]
    en = [" and ".join(base), *(e.text("en") for e in ends)]
    return Label(f"基期{'，'.join(zh)}", f"base {', '.join(en)}")


def _event_table(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> tuple[Table, tuple[Tidy, ...]]:
    studies: Studies = inputs[0]
    heads = [label for label, _ in studies]
    return effects.table([one for _, one in studies], table_spec(params), heads)


def _robust_effects(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Beside:
    """Effects of estimators robust to staggered timing, by name."""
    model = params["model"]
    where = None
    if params["where"] is not None:
        where = expressions.condition(inputs[0], params["where"], scope_of(params)).fill_null(False)
    wanted = staggered.beside(
        model["formula"], inputs[0], estimates.covariance(model["vcov"]), where, model["weights"], params["term"],
        tuple(params["adoption"]), model["ssc"],
    )  # fmt: skip
    wanted = replace(wanted, window=_pair(params["window"]))
    return staggered.series(wanted, params["estimators"], params["asked"])


def _bacon(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Table:
    panel, model = inputs[0], parse_formula(params["model"]["formula"])
    first = [t for t in model.terms if t.name == params["term"]]
    others = [t for t in model.terms if t.name != params["term"]]
    formula = retyped(replace(model, terms=(*first, *others), effects=())).text
    where = None
    if params["where"] is not None:
        where = expressions.condition(panel, params["where"], scope_of(params)).fill_null(False)
    found = did.bacon(formula, panel, where=where, on="balanced")
    return comparisons.bacon(found, table_spec(params), params["by"])


def _event_figure(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> effects.Effects:
    studies: Studies = list(inputs[0])
    names = [""] * len(studies)
    failed: list[Tidy] = []
    if len(inputs) > 1:
        if params["two_way"]:
            studies = [(_two_way(studies[0][0]), studies[0][1])]
        found, failed = inputs[1]
        studies += [(staggered.ROBUST[name].label, one) for name, one in found]
        names += [name for name, _ in found]
    drawn = [_banded(one, bool(name)) if params["band"] else one for name, (_, one) in zip(names, studies, strict=True)]
    made = effects.event_plot(
        drawn,
        Label(**params["title"]),
        params["figure"],
        tuple(Label(**n) for n in params["notes"]),
        [label for label, _ in studies],
    )
    models = (*(_named(m, n) for m, n in zip(made.models, names, strict=True)), *failed)
    said = [Label(f"{n.text('zh')}。", f"{n.text('en')}.") for n in (m.extra["note"] for m in failed)]
    honest = [note for _, one in inputs[0][:1] for note in _credible(one)]
    return replace(made, notes=(*_said(studies, params["band"]), *honest, *said, *made.notes), models=models)


def _credible(found: DynamicEffects) -> list[Label]:
    """How far trends may depart before the first effect is lost, and the slope that the pre-test would see."""
    if not found.pre.any():
        return []
    try:
        bounds = [did.honest(found, kind, m=0) for kind in ("relative_magnitudes", "smoothness")]
        power = did.pretrend_power(found)
    except (UsageError, EstimationError) as error:
        reason = str(error).splitlines()[0]
        return [Label("诚实区间（Rambachan-Roth）不可得。", f"No honest bounds (Rambachan-Roth): {reason}.")]
    at = bounds[0].target
    zh, en = ("；".join(b.text("zh") for b in bounds), "; ".join(b.text("en") for b in bounds))
    slopes = [(f"{h.power:.0%}", f"{h.slope:.3g}", f"{h.bias:.3g}") for h in power.hypotheses]
    seen_zh = "；".join(f"以{p}的概率发现每期{s}的趋势（对该效应的偏误{b}）" for p, s, b in slopes)
    seen_en = "; ".join(
        f"sees a trend of {s} a period with probability {p} (bias of that effect {b})" for p, s, b in slopes
    )
    return [
        Label(
            f"允许趋势不平行（Rambachan-Roth，{at.replace('event time', '相对时间')}）：{zh}。",
            f"Trends that are not parallel (Rambachan-Roth, {at}): {en}.",
        ),
        Label(f"事前趋势检验（Roth）：{seen_zh}。", f"The pre-test (Roth) {seen_en}."),
    ]


def _two_way(label: Label) -> Label:
    return Label(f"双向固定效应（{label.text('zh')}）", f"Two-way ({label.text('en')})")


def _banded(found: DynamicEffects, beside: bool) -> DynamicEffects:
    """With a joint band; an estimator beside the event study goes without where one of its errors is undefined."""
    return found if beside and not np.isfinite(found.std_errors).all() else found.with_band()


def _named(model: Tidy, companion: str) -> Tidy:
    return replace(model, extra={**model.extra, "companion": companion})


def _said(studies: Studies, band: bool) -> list[Label]:
    """What the figure shows, for its note: base, ends and the joint test of each series."""
    several = len(studies) > 1
    found = []
    for label, one in studies:
        test = one.glance().row(0, named=True)
        zh, en = label.text("zh"), label.text("en")
        if test["pretrend_p"] is not None:
            zh += f"；事前趋势联合检验p = {test['pretrend_p']:.3f}"
            en += f"; joint test of pre-periods: p = {test['pretrend_p']:.3f}"
        found.append(Label(f"{zh}；N = {one.n:,}。", f"{en}; N = {one.n:,}."))
    zh, en = "竖线为95%置信区间，空心点为基期", "Bars are 95% confidence intervals, hollow points the base"
    zh += "，细线为对全部相对时间同时成立的95%置信带" if band else ""
    en += ", thin lines the band that covers all effects jointly at 95%" if band else ""
    first = Label(f"{zh}。", f"{en}.")
    if several:
        return [first, *found]
    return [Label(f"{first.text('zh')}{found[0].text('zh')}", f"{first.text('en')} {found[0].text('en')}")]


WIRING: Mapping[str, Work] = {
    "event_study": _event_study,
    "event_table": _event_table,
    "bacon": _bacon,
    "robust_effects": _robust_effects,
    "event_figure": _event_figure,
}
