"""Steps of specification curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from econloom.core.labels import Label
from econloom.core.table import Table
from econloom.report import specifications
from econloom.study import specified
from econloom.study.specified import Specified
from econloom.study.steps.context import Context, Work, table_spec


def _specifications(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Specified:
    return specified.curve(inputs[0], params, context.progress)


def _table(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> tuple[Table, Specified]:
    return specifications.table(_drawn(inputs[0], params), table_spec(params)), inputs[0]


def _figure(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> tuple[Any, Specified]:
    """The figure, and the numbers behind it."""
    labels = {name: Label(**label) for name, label in params["labels"].items()}
    notes = tuple(Label(**n) for n in params["notes"])
    title = Label(**params["title"])
    drawn = specifications.plot(params["figure"], title, _drawn(inputs[0], params), labels, notes, params["most"])
    return drawn, inputs[0]


def _drawn(found: Specified, params: Mapping[str, Any]) -> specifications.Estimates:
    """What the report shows of a curve."""
    failed = found.failed.with_columns(pl.col("reason").str.split("\n").list.first())
    names = {name: Label(**label) for name, label in params["names"].items()}
    return specifications.Estimates(found.frame, failed, found.summary, found.preferred, found.level, names)


WIRING: Mapping[str, Work] = {
    "specifications": _specifications,
    "specification_table": _table,
    "specification_figure": _figure,
}
