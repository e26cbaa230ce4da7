"""Steps that draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from econloom.core.labels import Label
from econloom.data import expressions
from econloom.report import figures
from econloom.study import estimates, placebos
from econloom.study.steps.context import Context, Work, in_span, scope_of
from econloom.study.steps.models import group_rows

_GROUP = "(group)"


def _trend(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> figures.Trend:
    panel = in_span(inputs[0], params["span"])
    scope = scope_of(params)
    groups = {
        g["name"]: (
            Label(zh=g["zh"] or g["name"], en=g["en"] or g["name"]),
            _rows(g, inputs, params["span"])
            if g["split"]
            else expressions.condition(panel, g["where"], scope).fill_null(False),
        )
        for g in params["groups"]
    }
    labels = {name: Label(**label) for name, label in params["labels"].items()}
    spec = figures.TrendSpec(
        params["figure"],
        Label(**params["title"]),
        params["time"],
        tuple(params["y"]),
        params["stat"],
        labels=labels,
        notes=tuple(Label(**n) for n in params["notes"]),
    )
    return figures.trend(panel.frame, groups, spec)


def _rows(group: Mapping[str, Any], inputs: Sequence[Any], span: Sequence[int] | None) -> pl.Series:
    """The rows of a split's group, in the span."""
    place, code = group["split"]
    divided = inputs[1 + place]
    chosen = (divided.groups.codes == code).fill_null(False)
    return in_span(divided.panel.with_column(_GROUP, chosen), span).column(_GROUP)


def _leave_one_out(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> figures.Intervals:
    found = estimates.leave_one_out(inputs[0], params, context.progress)
    return figures.Intervals(
        params["figure"],
        Label(**params["title"]),
        points=tuple(figures.Interval(n, Label.same(n), *numbers) for n, numbers in found.points),
        value_label=Label(**params["labels"].get(params["term"], {"zh": params["term"], "en": params["term"]})),
        place_label=Label(**params["labels"].get(params["leave"], {"zh": params["leave"], "en": params["leave"]})),
        baseline=figures.Interval("all", Label(zh="全样本", en="all"), *found.whole),
        notes=(*(_lacking(*one) for one in found.lacking), *(Label(**n) for n in params["notes"])),
    )


def _lacking(value: str, reason: str) -> Label:
    return Label(zh=f"剔除{value}后无法估计：{reason}。", en=f"No estimate without {value}: {reason}.")


def _placebo(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> figures.Density:
    scope = scope_of(params)
    if params["group"] is None:
        return placebos.figure(inputs[0], params, params["where"], scope, context.progress)
    rows = group_rows(inputs[0], params, scope)
    return placebos.figure(inputs[0].panel, params, rows, scope, context.progress)


WIRING: Mapping[str, Work] = {
    "trend": _trend,
    "leave_one_out": _leave_one_out,
    "placebo": _placebo,
}
