"""Steps of rings around treated units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from econloom.core.errors import listed
from econloom.core.estimate import Unavailable
from econloom.core.frame import Panel, Variable
from econloom.core.labels import Label
from econloom.core.lineage import Event
from econloom.data import expressions
from econloom.panel.designs.rings import Rings, exposed
from econloom.panel.designs.spillovers import Spillovers, around
from econloom.panel.did.decisions import read_decisions
from econloom.panel.did.rules import Rules
from econloom.report import figures
from econloom.study import estimates
from econloom.study.language.rings import RingSettings
from econloom.study.steps.context import Context, Work, scope_of

_DISTANCE = Label(zh="距处理单位的距离（公里）", en="Distance to a treated unit (km)")


def _rings(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    """The panel with the columns of rings."""
    rings, absent = rings_of(params, inputs, params["rings"])
    made = exposed(inputs[0], rings)
    labels = {
        name: Variable(Label(zh=f"{params['rings']}：{text}", en=f"{params['rings']}: {text}"))
        for name, text in zip(rings.names, rings.labels, strict=True)
    }
    said = [Event("warning", f"rings {params['rings']}: {_unplaced(absent).en}")] if absent else []
    return replace(made, variables={**made.variables, **labels}, events=(*made.events, *said))


def _unplaced(absent: Sequence[Any]) -> Label:
    """Treated units that are no neighbours of anybody."""
    return Label(
        zh=f"没有坐标、未计入的处理单位：{'、'.join(map(str, absent[:8]))}{'等' if len(absent) > 8 else ''}",
        en=f"treated units without a place are not counted: {listed(absent)}",
    )


def rings_of(params: Mapping[str, Any], inputs: Sequence[Any], prefix: str) -> tuple[Rings, tuple[Any, ...]]:
    """The rings of a step, with the places and starts of treated units, and the treated units that have no place.

    Parameters
    ----------
    params : mapping
        As planned: around, unit, decisions, rules.
    inputs : sequence
        The panel, the decisions, and perhaps the places.
    prefix : str
    """
    settings, unit = RingSettings.model_validate(_given(params["around"])), params["unit"]
    panel, decisions, *more = inputs
    rings = settings.rings(unit, prefix)
    columns = [unit, rings.latitude, rings.longitude]
    places = (more[0].frame if more else panel.frame).select(columns).drop_nulls(unit).unique(maintain_order=True)
    named, date, batch = params["decisions"]
    rules = Rules(cutoff=params["rules"]["cutoff"], unknown=params["rules"]["unknown"])
    table, wanted = decisions.frame, params["rules"]["batches"]
    if wanted is not None:
        table = table.filter(pl.col(batch).cast(pl.String).is_in([str(b) for b in wanted]))
    units = places[unit].unique(maintain_order=True).to_list()
    read = read_decisions(table, named, date, None, units, rules.unknown, "rings")
    starts = pl.DataFrame(
        {unit: [d.unit for d in read.found], rings.start: [rules.cohort(d.moment) for d in read.found]},
        schema={unit: places.schema[unit], rings.start: pl.Int64},
    )
    rings = replace(rings, neighbours=starts if more else places.join(starts, on=unit, how="inner"))
    return replace(rings, places=places) if more else rings, read.absent


def _given(around: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as a study file has them: edges, or width and to."""
    left_out = {"edges"} if around["edges"] is None else {"width", "to"}
    return {k: v for k, v in around.items() if k not in left_out}


def _figure(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> figures.Intervals:
    panel, scope = inputs[0], scope_of(params)
    rings, absent = rings_of(params, inputs, "ring")
    inside = None if params["where"] is None else expressions.condition(panel, params["where"], scope).fill_null(False)
    asked = estimates.asked(panel, params["model"], inside, scope)
    found = around(asked, rings, params["term"], params["joint"])
    rows = list(zip(rings.labels, found.tidy().iter_rows(named=True), strict=True))
    outcome = params["model"]["outcome"]
    return figures.Intervals(
        params["figure"],
        Label(**params["title"]),
        points=tuple(
            figures.Interval(row["ring"], Label.same(f"{row['high']:g}"), row["estimate"], row["conf_low"],
                             row["conf_high"], row["high"])
            for _, row in rows
            if row["estimate"] is not None and row["conf_low"] is not None
        ),
        value_label=Label(**params["labels"].get(outcome, {"zh": outcome, "en": outcome})),
        place_label=_DISTANCE,
        notes=(*_said(found, params, [text for text, row in rows if row["estimate"] is None]),
               *([_unplaced(absent)] if absent else []),
               *(Label(**n) for n in params["notes"])),
    )  # fmt: skip


def _said(found: Spillovers, params: Mapping[str, Any], absorbed: Sequence[str]) -> list[Label]:
    """What the rings are, the joint test, the own treatment with and without rings."""
    zh = "已处理的其他单位" if found.rings.rule == "any" else "最近的已处理单位"
    en = "an already treated other unit" if found.rings.rule == "any" else "the nearest treated unit"
    way = ("各环同时进入模型", "all in one model") if found.joint else ("各环逐一进入模型", "one at a time")
    later = ("计入", "counted") if params["around"]["later"] == "counted" else ("不计入", "not counted")
    said = [
        Label(
            zh=f"环内有{zh}时取1，{way[0]}，区间为95%置信区间；后续批次{later[0]}",
            en=f"a ring is 1 where {en} lies in it, {way[1]}, with 95% intervals; later batches {later[1]}",
        )
    ]
    test = found.test
    if not isinstance(test, Unavailable):
        said.append(Label(zh=f"各环系数均为零的联合检验：p = {test.p_value:.3f}",
                          en=f"joint test that all rings are zero: p = {test.p_value:.3f}"))  # fmt: skip
    if absorbed:
        said.append(
            Label(zh=f"被固定效应吸收：{'、'.join(absorbed)}", en=f"absorbed by the effects: {', '.join(absorbed)}")
        )
    if found.joint and found.treatment is not None:
        without, beside = (f"{r['estimate']:.4g} ({r['std_error']:.4g})" if None not in (r["estimate"], r["std_error"])
                           else "—" for r in found.effect.head(2).iter_rows(named=True))  # fmt: skip
        en = f"effect of the own treatment (std. error): {without} without rings, {beside} with them"
        said.append(Label(zh=f"处理效应（标准误）：不含环{without}，含环{beside}", en=en))
    return said


WIRING: Mapping[str, Work] = {"rings": _rings, "ring_figure": _figure}
