"""Models of a study: requests to fits, and fits to the columns of tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from econloom.core.estimate import Tidy
from econloom.core.frame import Panel
from econloom.core.spec import TableSpec, VcovSpec
from econloom.core.table import Table
from econloom.data.expressions import Scope
from econloom.panel import fit
from econloom.report import tables


def fit_all(panel: Panel, models: Sequence[Mapping[str, Any]], where: str | None, scope: Scope) -> dict[str, Any]:
    """Fit the models of one group.

    Parameters
    ----------
    panel : Panel
    models : sequence of mapping
        As planned: key, formula, vcov, ssc, weights.
    where : str, optional
        Condition of the rows that all share.
    scope : Scope
        Lists and samples of the condition.

    Returns
    -------
    dict of str to Fit
        By key.
    """
    requests = [
        fit.request(
            model["formula"],
            panel,
            vcov=VcovSpec(model["vcov"]["kind"], tuple(model["vcov"]["clusters"])),
            weights=model["weights"],
            where=where,
            scope=scope,
            unit=panel.unit,
            ssc=model["ssc"],
        )
        for model in models
    ]
    return {model["key"]: made for model, made in zip(models, fit.fit_many(requests), strict=True)}


def tidy(fits: Mapping[str, Any], column: Mapping[str, Any]) -> Tidy:
    """The rows of one column: a fit, or one of its stages."""
    made = fits[column["key"]]
    summary: Tidy = made.summary
    return summary


def table(fits: Mapping[str, Any], params: Mapping[str, Any], spec: TableSpec) -> tuple[Table, tuple[Tidy, ...]]:
    """A regression table and the models in its columns."""
    models = tuple(tidy(fits, column) for column in params["columns"])
    return tables.regression(models, spec), models


def grouped(models: Sequence[Tidy], columns: Sequence[Mapping[str, Any]]) -> tuple[Tidy, ...]:
    """Models that remember the sample by which their column is repeated."""
    return tuple(replace(m, extra={**m.extra, "group": c["group"]}) for m, c in zip(models, columns, strict=True))
