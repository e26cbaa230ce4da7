"""Steps that estimate, and the tables of estimates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from econloom.core.errors import EstimationError
from econloom.core.estimate import Tidy
from econloom.core.table import Table
from econloom.data import expressions
from econloom.data.expressions import Scope
from econloom.panel.designs import splits
from econloom.report import grids
from econloom.study import compared, estimates, mediated
from econloom.study.divided import Compared, Divided
from econloom.study.steps.context import Context, Work, scope_of, table_spec


def _estimate(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> dict[str, Any]:
    """Fits by key; models that share rows and effects are absorbed once."""
    scope = scope_of(params)
    if params["group"] is None:
        return estimates.fit_all(inputs[0], params["models"], params["where"], scope)
    return estimates.fit_all(inputs[0].panel, params["models"], group_rows(inputs[0], params, scope), scope)


def group_rows(divided: Divided, params: Mapping[str, Any], scope: Scope) -> pl.Series:
    """The rows of one group of a divided panel, within its condition.

    Raises
    ------
    EstimationError
        There are none.
    """
    panel, groups = divided.panel, divided.groups
    rows = (groups.codes == params["group"]).fill_null(False)
    if params["where"] is not None:
        rows &= expressions.condition(panel, params["where"], scope).fill_null(False)
    label = groups.split.names[params["group"]].text("en")
    if not rows.any():
        raise EstimationError(f"the group {label!r} is empty: no row of the sample is in it")
    named: pl.Series = rows.alias(f"group {label}")
    return named


def _split(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Divided:
    """The panel with its rows in groups; the cut is taken over the sample's periods."""
    panel, span = inputs[0], params["span"]
    inside = panel.column(panel.time).is_between(span[0], span[1]) if span is not None else None
    given = {**params["split"], "labels": tuple(params["split"]["labels"]) if params["split"]["labels"] else None}
    return Divided(panel, splits.divide(panel, splits.Split(**given), scope_of(params), inside))


def _differences(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Compared:
    return compared.differences(params, inputs, context.progress)


def _table(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> tuple[Table, tuple[Tidy, ...]]:
    found: dict[str, Any] = {}
    tested = None
    for part in inputs:
        if isinstance(part, Compared):
            tested = part
        else:
            found |= part
    return estimates.table(found, params, table_spec(params), tested)


def _grid(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Table:
    models = {v: [estimates.tidy(inputs[c["input"]], c) for c in columns] for v, columns in params["models"].items()}
    return grids.across_versions(models, params["terms"], table_spec(params))


def _mediation(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> tuple[Table, tuple[Tidy, ...]]:
    panel, span, scope = inputs[0], params["span"], scope_of(params)
    rows = pl.repeat(True, panel.height, eager=True)
    if span is not None:
        rows &= panel.column(panel.time).is_between(span[0], span[1])
    if params["where"] is not None:
        rows &= expressions.condition(panel, params["where"], scope).fill_null(False)
    return mediated.made(panel, params, rows.alias("the sample"), scope, table_spec(params))


WIRING: Mapping[str, Work] = {
    "mediation": _mediation,
    "split": _split,
    "estimate": _estimate,
    "differences": _differences,
    "table": _table,
    "grid": _grid,
}
