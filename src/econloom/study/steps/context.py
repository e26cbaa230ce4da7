"""What a step's work needs beside its inputs, and the parts of its parameters that many share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from econloom.core.frame import Panel
from econloom.core.labels import Label
from econloom.core.spec import Show, TableSpec
from econloom.data.expressions import Scope
from econloom.report import presets
from econloom.study import schema
from econloom.study.catalog import SourceFacts

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


Work = Callable[[Mapping[str, Any], Sequence[Any], Context], Any]


def scope_of(params: Mapping[str, Any]) -> Scope:
    """The lists and samples that a step's expressions may use."""
    lists = {name: tuple(items) for name, items in params.get("lists", {}).items()}
    return Scope(lists, params.get("samples", {}))


def table_spec(params: Mapping[str, Any]) -> TableSpec:
    """How a step's table looks, with its preset."""
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


def in_span(panel: Panel, span: Sequence[int] | None) -> Panel:
    """The rows of the sample's periods, where more were loaded."""
    if span is None or panel.time is None:
        return panel
    return panel.with_rows(panel.frame.filter(pl.col(panel.time).is_between(span[0], span[1])))
