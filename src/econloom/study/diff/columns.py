"""The columns of two runs' tables beside one another: the same model first, then the same formula, outcome, place."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from econloom.study.diff.graph import Graph, Step

Row = Mapping[str, Any]
_KEYS = ("version", "table", "column")


@dataclass(frozen=True)
class Column:
    """A column of a table of one version, as one run has it.

    Attributes
    ----------
    version, table, label : str
        ``label`` is c1, c2, …
    rows : mapping of str to Row
        Rows of ``results.csv`` by term.
    target : Step or None
        The step that made the table.
    planned : mapping
        How the table's step refers to its model; empty where it is not known.
    model : mapping
        The model as planned; empty where it is not known.
    estimate : Step or None
        The step that estimated it.
    """

    version: str
    table: str
    label: str
    rows: Mapping[str, Row]
    target: Step | None = None
    planned: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    estimate: Step | None = None

    @property
    def first(self) -> Row:
        """Its first row, for what all rows share."""
        return next(iter(self.rows.values()))


def columns_of(results: pl.DataFrame, graph: Graph | None) -> dict[tuple[str, str], list[Column]]:
    """The columns of a run by version and table."""
    grouped: dict[tuple[str, str, str], dict[str, Row]] = {}
    for row in results.iter_rows(named=True):
        held = grouped.setdefault((row["version"], row["table"], row["column"]), {})
        term = row["term"]
        while term in held:
            term += "'"  # a second row of that name, as in stacked tables
        held[term] = row
    found: dict[tuple[str, str], list[Column]] = {}
    for (version, table, label), rows in grouped.items():
        found.setdefault((version, table), []).append(_planned(version, table, label, rows, graph))
    if graph is not None:
        found = {key: _counted(columns, graph) for key, columns in found.items()}
    return found


def _planned(version: str, table: str, label: str, rows: Mapping[str, Row], graph: Graph | None) -> Column:
    return Column(version, table, label, rows, graph.target(version, table) if graph is not None else None)


def _counted(columns: list[Column], graph: Graph) -> list[Column]:
    """The columns with their models, where the plan has as many as the table."""
    target = columns[0].target
    if target is None:
        return columns
    planned, models = graph.columns(target), graph.models(target)
    numbers = [int(c.label[1:]) - 1 if c.label[1:].isdecimal() else -1 for c in columns]
    if max(numbers) >= len(planned) or min(numbers) < 0:
        return columns
    found = []
    for column, number in zip(columns, numbers, strict=True):
        model, step = models.get(str(planned[number].get("key")), ({}, None))
        found.append(
            Column(column.version, column.table, column.label, column.rows, target, planned[number], model, step)
        )
    return found


Likeness = Callable[["Column"], Hashable | None]


def paired(first: Sequence[Column], second: Sequence[Column]) -> list[tuple[Column | None, Column | None]]:
    """Columns of one table in two runs, those that are only in one beside None."""
    left, right = list(first), list(second)
    pairs: list[tuple[Column | None, Column | None]] = []
    for likeness in (_model, _formula, _content, _shape, _outcome, _label):
        waiting: dict[Hashable, deque[Column]] = {}
        for column in right:
            waiting.setdefault(likeness(column), deque()).append(column)
        waiting.pop(None, None)
        found = [(a, b.popleft()) for a in left if (b := waiting.get(likeness(a)))]
        taken = {id(c) for pair in found for c in pair}
        left, right = ([c for c in side if id(c) not in taken] for side in (left, right))
        pairs += found
    return [*pairs, *((a, None) for a in left), *((None, b) for b in right)]


def _stage(column: Column) -> tuple[str, ...]:
    return (str(column.first["stage"]), str(column.first["group"]))


def _model(column: Column) -> Hashable | None:
    key = column.model.get("key")
    return (key, str(column.planned.get("endogenous")), *_stage(column)) if key else None


def _formula(column: Column) -> Hashable | None:
    text = column.model.get("formula")
    return (text, tuple(column.model.get("samples") or ()), *_stage(column)) if text else None


def _content(column: Column) -> Hashable:
    row = column.first
    return (row["outcome"], frozenset(column.rows), row["vcov"], *_stage(column))


def _shape(column: Column) -> Hashable:
    return (
        column.first["outcome"],
        frozenset(column.rows),
        *_stage(column),
        "" if column.first["group"] else column.label,
    )


def _outcome(column: Column) -> Hashable | None:
    return (column.first["outcome"], column.label) if _placed(column) else None


def _label(column: Column) -> Hashable | None:
    return column.label if _placed(column) else None


def _placed(column: Column) -> bool:
    """Whether a column is known by its place: not where it is one of many that are described by their group."""
    return bool(column.model) or not column.first["group"]


def renamed(first: Mapping[str, Sequence[Column]], second: Mapping[str, Sequence[Column]]) -> dict[str, str]:
    """Tables of the first run that the second has under another name: the same models in the same order."""
    alone = {t: c for t, c in second.items() if t not in first}
    found: dict[str, str] = {}
    for table, columns in first.items():
        if table in second:
            continue
        models = [_model(c) or _shape(c) for c in columns]
        same = [t for t, other in alone.items() if [_model(c) or _shape(c) for c in other] == models]
        if same:
            found[table] = same[0]
            del alone[same[0]]
    return found
