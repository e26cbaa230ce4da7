"""The one wiring table: kind of step -> function. Each takes the step, its inputs' values and the context."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from econloom import iot
from econloom.core.errors import DataError, did_you_mean, listed
from econloom.core.estimate import Tidy
from econloom.core.frame import Panel, Variable, whole_periods
from econloom.core.labels import Label
from econloom.core.lineage import Event
from econloom.core.spec import Show, TableSpec
from econloom.core.table import Table
from econloom.data import aggregate, clean, describe, expressions, joins, readers
from econloom.data.expressions import Scope
from econloom.report import figures, grids, presets, summaries, tables
from econloom.study import estimates, schema
from econloom.study.catalog import SourceFacts
from econloom.study.measures import MEASURES
from econloom.study.step import Step

Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Context:
    """What steps need beside their inputs.

    Attributes
    ----------
    facts : mapping of str to SourceFacts
        Where the sources are, by digest of their step.
    progress : callable
        ``progress(done, total)`` within a long step.
    """

    facts: Mapping[str, SourceFacts]
    progress: Progress


def perform(step: Step, inputs: Sequence[Any], context: Context) -> Any:
    """Do one step."""
    return _WIRING[step.kind](step.params, inputs, context)


def _read_tables(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> iot.YearlyTables:
    found = iot.read(context.facts[params["digest"]].path, params["layout"])
    if not isinstance(found, iot.YearlyTables):
        raise DataError(f"{params['source']}: one table, where a folder of yearly tables is needed")
    return found


def _read_frame(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    frame = readers.read_frame(context.facts[params["digest"]].path)
    panel = Panel(frame)
    if params["where"] is not None:
        kept = expressions.compute_condition(panel, params["where"], _scope(params))
        frame = frame.filter(kept.values.fill_null(False))
        if frame.height == 0:
            raise DataError(f"{params['source']}: no row where {params['where']}")
    if params["columns"] is not None:
        frame = frame.select(pl.col(old).alias(new) for new, old in params["columns"].items())
    event = Event("read", f"{params['source']}: {frame.height} of {panel.height} rows", panel.height, frame.height)
    return Panel(frame, events=(event,))


def _start(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    """The rows of the study: all units of the source in the span."""
    unit, time, span = params["unit"], params["time"], params["span"]
    source = inputs[0]
    events: tuple[Event, ...] = source.events
    if isinstance(source, iot.YearlyTables):
        keys = _keys_of(source, unit, time)
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
    return Panel(panel.frame, unit, time, events=(*events, event))


def _keys_of(source: iot.YearlyTables, unit: str, time: str) -> pl.DataFrame:
    countries = pl.DataFrame({unit: [c for c in source.countries if c != source.rest_of_world]})
    return countries.join(pl.DataFrame({time: list(source.years)}), how="cross")


def _join(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    panel, source = inputs
    keyed = source
    if panel.time in params["on"] and panel.time in source.columns:
        keyed = Panel(source.frame.with_columns(whole_periods(source.column(panel.time), params["source"])))
    joined = joins.left_join(panel, keyed, params["source"], params["columns"], params["on"])
    events = (*panel.events, *source.events, joined.events[-1])
    return Panel(joined.frame, joined.unit, joined.time, joined.variables, events)


def _aggregate(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    return aggregate.aggregate(_in_span(inputs[0], params["span"]), params["by"], params["make"], _scope(params))


def _in_span(panel: Panel, span: Sequence[int] | None) -> Panel:
    """The rows of the sample's periods, where more were loaded."""
    if span is None or panel.time is None:
        return panel
    return panel.with_rows(panel.frame.filter(pl.col(panel.time).is_between(span[0], span[1])))


def _drop(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    panel: Panel = inputs[0]
    where = expressions.compute_condition(panel, params["where"], _scope(params))
    dropped = clean.drop_rows(panel, where.values, params["why"])
    return dropped.with_rows(dropped.frame, *where.events)


def _variable(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    panel: Panel = inputs[0]
    made = expressions.compute(panel, params["formula"], _scope(params))
    for flag, values in made.flags.items():
        panel = panel.with_column(_free(panel, flag, params["name"]), values)
    event = Event("variable", f"{params['name']} = {params['formula']}")
    variable = Variable(formula=params["formula"])
    return panel.with_column(params["name"], made.values, variable, *made.events, event)


def _free(panel: Panel, flag: str, variable: str) -> str:
    """The flag's name, after the variable where a column of that name is there already."""
    for name in (flag, f"{variable}_{flag}"):
        if name not in panel.columns:
            return name
    raise DataError(f"the panel already has columns {flag!r} and {variable}_{flag}", hint="rename one on the way")


def _shared(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Any:
    return MEASURES[params["measure"]].shared(inputs[0], context.progress, **params["options"])


def _measure(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> pl.DataFrame:
    return MEASURES[params["measure"]].apply(*inputs, **params["options"])


def _attach(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel:
    """Bring a measure's values to the panel by its keys."""
    panel, made = inputs
    unit, time, name = params["unit"], params["time"], params["name"]
    right = made.rename(dict(zip(made.columns, (unit, time, name), strict=True)))
    keyed = Panel.build(right, unit, time, name)
    joined = joins.left_join(panel, keyed, name, {name: name})
    known = {**panel.variables, name: Variable(formula=params["measure"])}
    return Panel(joined.frame, unit, time, known, joined.events)


def _estimate(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> dict[str, Any]:
    """Fits by key; models that share rows and effects are absorbed once."""
    return estimates.fit_all(inputs[0], params["models"], params["where"], _scope(params))


def _table(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> tuple[Table, tuple[Tidy, ...]]:
    found: dict[str, Any] = {}
    for part in inputs:
        found |= part
    return estimates.table(found, params, _spec(params))


def _values(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Table:
    panel = _in_span(inputs[0], params["span"])
    rows, across, columns = params["rows"], params["across"], params["columns"]
    if not (kind := panel.column(params["values"]).dtype).is_numeric() and kind != pl.Null:
        raise DataError(f"{params['values']!r} holds {kind}, not numbers")
    present = panel.column(across).unique().to_list()
    for column in columns:
        if column not in present:
            near = did_you_mean(str(column), [str(p) for p in present])
            raise DataError(f"no {across} {column!r} in the panel{near}", hint=f"it has {listed(sorted(present), 50)}")
    frame = panel.frame.filter(pl.col(across).is_in(pl.Series(columns).implode())).sort(rows, across)
    cells = {(r, c): v for r, c, v in frame.select(rows, across, params["values"]).iter_rows()}
    return tables.values(cells, _spec(params), columns=columns)


def _grid(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Table:
    models = {v: [estimates.tidy(inputs[c["input"]], c) for c in columns] for v, columns in params["models"].items()}
    return grids.across_versions(models, params["terms"], _spec(params))


def _rows_of(params: Mapping[str, Any], panel: Panel) -> Panel:
    """The rows of a table's sample, in the span."""
    inside = _in_span(panel, params["span"])
    if params["where"] is None:
        return inside
    kept = expressions.condition(inside, params["where"], _scope(params))
    rows = inside.frame.filter(kept.fill_null(False))
    if rows.height == 0:
        raise DataError(f"no row where {params['where']}")
    return inside.with_rows(rows)


def _describe(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Table:
    panel = _rows_of(params, inputs[0])
    columns = [c for c in params["columns"] if not params["all"] or panel.column(c).dtype.is_numeric()]
    numbers = describe.descriptive(panel, columns)
    return summaries.descriptive(numbers, _spec(params), params["stats"], name_extremes=params["name_extremes"])


def _correlate(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Table:
    values, p_values = describe.correlations(_rows_of(params, inputs[0]), params["columns"])
    return summaries.correlations(params["columns"], values, _spec(params), p_values)


def _vif(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Table:
    panel = _rows_of(params, inputs[0])
    return summaries.vif(describe.variance_inflation(estimates.regressors(panel, params["formula"])), _spec(params))


def _trend(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> figures.Trend:
    panel = _in_span(inputs[0], params["span"])
    scope = _scope(params)
    groups = {
        g["name"]: (
            Label(zh=g["zh"] or g["name"], en=g["en"] or g["name"]),
            expressions.condition(panel, g["where"], scope).fill_null(False),
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


def _leave_one_out(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> figures.Intervals:
    found = estimates.leave_one_out(inputs[0], params, _scope(params), context.progress)
    return figures.Intervals(
        params["figure"],
        Label(**params["title"]),
        points=tuple(figures.Interval(n, Label.same(n), *numbers) for n, numbers in found[1:]),
        value_label=Label(**params["labels"].get(params["term"], {"zh": params["term"], "en": params["term"]})),
        place_label=Label(**params["labels"].get(params["leave"], {"zh": params["leave"], "en": params["leave"]})),
        baseline=figures.Interval("all", Label(zh="全样本", en="all"), *found[0][1]),
        notes=tuple(Label(**n) for n in params["notes"]),
    )


def _scope(params: Mapping[str, Any]) -> Scope:
    lists = {name: tuple(items) for name, items in params.get("lists", {}).items()}
    return Scope(lists, params.get("samples", {}))


def _spec(params: Mapping[str, Any]) -> TableSpec:
    show = Show()
    for level in params.get("show", ()):
        show = schema.Show.model_validate(level).over(show)
    spec = TableSpec(
        id=params["table"],
        title=Label(**params["title"]),
        show=show,
        stars=tuple(params.get("stars", ())),
        digits=params["digits"],
        controls=tuple(params.get("controls", ())),
        labels=tuple((name, Label(**label)) for name, label in params["labels"].items()),
        notes=tuple(Label(**n) for n in params["notes"]),
        row_digits=tuple(params.get("row_digits", {}).items()),
    )
    return spec if params["preset"] is None else replace(spec, style=presets.load(params["preset"]).style)


_WIRING: dict[str, Callable[[Mapping[str, Any], Sequence[Any], Context], Any]] = {
    "read_tables": _read_tables,
    "read_frame": _read_frame,
    "start": _start,
    "join": _join,
    "drop": _drop,
    "aggregate": _aggregate,
    "shared": _shared,
    "measure": _measure,
    "attach": _attach,
    "variable": _variable,
    "estimate": _estimate,
    "table": _table,
    "values": _values,
    "grid": _grid,
    "describe": _describe,
    "correlate": _correlate,
    "vif": _vif,
    "trend": _trend,
    "leave_one_out": _leave_one_out,
}
