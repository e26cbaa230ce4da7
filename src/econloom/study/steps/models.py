"""Steps that estimate, and the tables of estimates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from econloom.core.estimate import Tidy
from econloom.core.table import Table
from econloom.report import grids
from econloom.study import estimates
from econloom.study.steps.context import Context, Work, scope_of, table_spec


def _estimate(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> dict[str, Any]:
    """Fits by key; models that share rows and effects are absorbed once."""
    return estimates.fit_all(inputs[0], params["models"], params["where"], scope_of(params))


def _table(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> tuple[Table, tuple[Tidy, ...]]:
    found: dict[str, Any] = {}
    for part in inputs:
        found |= part
    return estimates.table(found, params, table_spec(params))


def _grid(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Table:
    models = {v: [estimates.tidy(inputs[c["input"]], c) for c in columns] for v, columns in params["models"].items()}
    return grids.across_versions(models, params["terms"], table_spec(params))


WIRING: Mapping[str, Work] = {
    "estimate": _estimate,
    "table": _table,
    "grid": _grid,
}
