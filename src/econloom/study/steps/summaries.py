"""Tables that are no regressions: values, descriptions, correlations, variance inflation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from econloom.core.errors import DataError, did_you_mean, listed
from econloom.core.estimate import Test
from econloom.core.frame import Panel
from econloom.core.labels import Label
from econloom.core.table import Table
from econloom.data import describe, expressions
from econloom.panel.formula.spec import quoted
from econloom.panel.series import panel_granger
from econloom.report import summaries, tables
from econloom.study import estimates
from econloom.study.steps.context import Context, Work, in_span, scope_of, table_spec


def _values(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Table:
    panel = in_span(inputs[0], params["span"])
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
    spec = table_spec(params)
    labels = (*spec.labels, *_row_names(frame, rows, params["names"]).items())
    return tables.values(cells, replace(spec, labels=labels), columns=columns)


def _row_names(frame: pl.DataFrame, rows: str, named: Mapping[str, str]) -> dict[str, Label]:
    """Labels of the rows, from the columns that hold them."""
    found: dict[str, Label] = {}
    wanted = list(dict.fromkeys([rows, *named.values()]))
    for column in wanted[1:]:
        several = frame.group_by(rows).agg(pl.col(column).n_unique()).filter(pl.col(column) > 1)
        if several.height:
            raise DataError(f"{column!r} has several names for one {rows}: {several[rows][0]!r}")
    for row in frame.select(wanted).unique(maintain_order=True).iter_rows(named=True):
        texts = {language: str(row[column]) for language, column in named.items() if row[column] is not None}
        if texts:
            found[str(row[rows])] = Label(**texts)
    return found


def rows_of(params: Mapping[str, Any], panel: Panel) -> Panel:
    """The rows of a table's sample, in the span."""
    inside = in_span(panel, params["span"])
    if params["where"] is None:
        return inside
    kept = expressions.condition(inside, params["where"], scope_of(params))
    rows = inside.frame.filter(kept.fill_null(False))
    if rows.height == 0:
        raise DataError(f"no row where {params['where']}")
    return inside.with_rows(rows)


def _describe(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Table:
    panel = rows_of(params, inputs[0])
    columns = [c for c in params["columns"] if not params["all"] or panel.column(c).dtype.is_numeric()]
    numbers = describe.descriptive(panel, columns)
    return summaries.descriptive(numbers, table_spec(params), params["stats"], name_extremes=params["name_extremes"])


def _correlate(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Table:
    values, p_values = describe.correlations(rows_of(params, inputs[0]), params["columns"])
    return summaries.correlations(params["columns"], values, table_spec(params), p_values)


def _count(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Table:
    panel = rows_of(params, inputs[0])
    found = []
    for row in params["rows"]:
        holds = expressions.condition(panel, row["where"], scope_of(params))
        counted = describe.counts(panel, holds, row["of"])
        names = counted.names if row["names"] else ()
        found.append((Label(zh=row["zh"], en=row["en"]), counted.n, counted.total, names))
    return summaries.counts(found, table_spec(params))


def _vif(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Table:
    panel = rows_of(params, inputs[0])
    return summaries.vif(
        describe.variance_inflation(estimates.regressors(panel, params["formula"])), table_spec(params)
    )


def _granger(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Table:
    panel = rows_of(params, inputs[0])
    found: list[tuple[str, str, Mapping[str, float]]] = []
    for number, (effect, cause) in enumerate(params["pairs"]):
        formula = f"{quoted(effect)} ~ {quoted(cause)}"
        options = {"lags": params["lags"], "draws": params["draws"], "seed": params["seed"]}
        made = panel_granger(formula, panel, panel.unit, panel.time, **options)
        numbers: dict[str, float] = {"lags": made.lags, "wald_mean": made.wald}
        for name, test in made.tests.items():
            if isinstance(test, Test):
                numbers |= {name: test.statistic, f"{name}_p": test.p_value}
        found.append((effect, cause, numbers))
        context.progress(number + 1, len(params["pairs"]))
    return summaries.granger(found, table_spec(params))


WIRING: Mapping[str, Work] = {
    "granger": _granger,
    "values": _values,
    "describe": _describe,
    "correlate": _correlate,
    "vif": _vif,
    "count": _count,
}
