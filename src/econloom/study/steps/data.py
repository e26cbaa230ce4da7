"""Steps from raw sources to the rows of a panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from econloom import iot, lights, simulate
from econloom.core.errors import DataError, listed
from econloom.core.expressions import names_in, parse
from econloom.core.frame import Panel, Variable, whole_periods
from econloom.core.labels import Label
from econloom.core.lineage import Event
from econloom.data import aggregate, expressions, joins, readers
from econloom.data.clean import rows
from econloom.study.steps.context import Context, Work, in_span, scope_of
from econloom.study.units import unit_keys


def _read_tables(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> iot.YearlyTables:
    found = iot.read(context.facts[params["digest"]].path, params["layout"])
    if not isinstance(found, iot.YearlyTables):
        raise DataError(f"{params['source']}: one table, where a folder of yearly tables is needed")
    return found


def _read_places(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    """Rasters or boundaries as a table."""
    frame = lights.read_layout(context.facts[params["digest"]].path, params["layout"])
    event = Event("read", f"{params['source']}: {frame.height} rows of {params['layout']}", rows_after=frame.height)
    return Panel(frame, events=(event,))


def _read_frame(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    path, options = context.facts[params["digest"]].path, readers.make(params["reading"])
    wanted = None
    if params["columns"] is not None:
        used = {*params["columns"].values(), *_columns_of(params["where"])}
        wanted = [c for c in readers.column_names(path, options) if c in used]
    name = params["source"]
    reading = readers.read(path, options, columns=wanted)
    chosen = _chosen(reading.frame, params)
    names = params["columns"] or {c: c for c in chosen.columns}
    known = {
        new: Variable(reading.labels.get(old, Label()), reading.units.get(old), sources=(name,))
        for new, old in names.items()
    }
    return Panel(chosen.frame, variables=known, events=(*reading.events(name), *chosen.events))


def _columns_of(where: str | None) -> list[str]:
    """Columns that a condition names."""
    return [] if where is None else [n.name for n in names_in(parse(where))]


def _simulate(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    book = simulate.draw(params["simulate"], params["seed"], params["process"])
    return _chosen(book.frame, params, "simulated, ")


def _chosen(frame: pl.DataFrame, params: Mapping[str, Any], how: str = "") -> Panel:
    """The rows and columns of a source that the study wants."""
    panel = Panel(frame)
    if params["where"] is not None:
        kept = expressions.compute_condition(panel, params["where"], scope_of(params))
        frame = frame.filter(kept.values.fill_null(False))
        if frame.height == 0:
            raise DataError(f"{params['source']}: no row where {params['where']}")
    if params["columns"] is not None:
        frame = frame.select(pl.col(old).alias(new) for new, old in params["columns"].items())
    event = Event("read", f"{params['source']}: {how}{frame.height} of {panel.height} rows", panel.height, frame.height)
    return Panel(frame, events=(event,))


def _start(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    """The rows of the study: all units of the source in the span."""
    unit, time, span = params["unit"], params["time"], params["span"]
    source = inputs[0]
    events: tuple[Event, ...] = source.events
    if isinstance(source, iot.YearlyTables):
        keys = unit_keys(source, unit, time, params["units"])
    else:
        keys = Panel.build(source.frame, unit, time, "the starting source").frame
    if span is not None:
        present = set(keys[time].to_list())
        first, last = min(present), max(present)
        inside = range(max(span[0], first), min(span[1], last) + 1)
        absent = [y for y in (*span, *inside) if y not in present]
        if absent:
            raise DataError(
                f"the span {span[0]}-{span[1]} has periods without data: {listed(sorted(set(absent)))}",
                hint=f"the source has {first} to {last}",
            )
        keys = keys.filter(pl.col(time).is_between(*span))
    panel = Panel.build(keys, unit, time, "the starting source")
    event = Event("read", f"{panel.height} rows, {keys[unit].n_unique()} units", rows_after=panel.height)
    known = source.variables if isinstance(source, Panel) else {}
    return Panel(panel.frame, unit, time, known, (*events, event))


def _join(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    panel, source = inputs
    keyed = source
    if panel.time in params["on"] and panel.time in source.columns:
        keyed = Panel(source.frame.with_columns(whole_periods(source.column(panel.time), params["source"])))
    joined = joins.left_join(panel, keyed, params["source"], params["columns"], params["on"], params["kind"])
    events = (*panel.events, *source.events, joined.events[-1])
    brought = {new: source.variables[old] for new, old in params["columns"].items() if old in source.variables}
    return Panel(joined.frame, joined.unit, joined.time, {**brought, **joined.variables}, events)


def _aggregate(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    return aggregate.aggregate(in_span(inputs[0], params["span"]), params["by"], params["make"], scope_of(params))


def _drop(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    panel: Panel = inputs[0]
    where = expressions.compute_condition(panel, params["where"], scope_of(params))
    dropped = rows.drop_rows(panel, where.values, params["why"])
    return dropped.with_rows(dropped.frame, *where.events)


def _balance(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    return rows.rebalance(inputs[0], params["how"])


def _keys(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    """The keys of a panel with its history, without its other columns."""
    panel: Panel = inputs[0]
    return replace(panel, frame=panel.frame.select(params["keys"]))


WIRING: Mapping[str, Work] = {
    "keys": _keys,
    "read_tables": _read_tables,
    "read_frame": _read_frame,
    "read_places": _read_places,
    "simulate": _simulate,
    "start": _start,
    "join": _join,
    "drop": _drop,
    "balance": _balance,
    "aggregate": _aggregate,
}
