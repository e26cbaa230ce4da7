"""How a made column enters a panel: its place, its flag, its variable and its line in the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import polars as pl

from econloom.core.errors import DataError, UsageError
from econloom.core.frame import Panel, Variable
from econloom.core.lineage import Event
from econloom.data.columns.worked import Filled, Worked

Names = str | Sequence[str]


def names_of(columns: Names | None) -> list[str]:
    """One name or several as a list."""
    return [columns] if isinstance(columns, str) else list(columns or ())


def each(
    panel: Panel, columns: Names, suffix: str, work: Callable[[pl.Series], pl.Series | Filled | Worked], what: str
) -> Panel:
    """A step on several columns, each from the panel as it was given."""
    wanted = names_of(columns)
    if not wanted:
        raise UsageError("the step names no column")
    given = [panel.column(name) for name in wanted]
    for column in given:
        if column.name in panel.keys:
            raise UsageError(f"{column.name!r} is a key of the panel and stays as it is")
    made = [work(column) for column in given]
    for name, result in zip(wanted, made, strict=True):
        panel = entered(panel, f"{name}{suffix}", result, f"{name}, {what}", old=name)
    return panel


def entered(panel: Panel, name: str, result: pl.Series | Filled | Worked, formula: str, old: str = "") -> Panel:
    """The panel with a made column, its flag and its events."""
    if name != old and name in panel.columns:
        raise DataError(f"the panel already has a column {name!r}", hint="choose another suffix= or name=")
    if isinstance(result, Filled):
        flagged = panel.with_column(f"{name}_filled", _flag(panel, name, result))
        return flagged.with_column(name, result.values, _variable(panel, old, formula, None), result.event)
    if isinstance(result, Worked):
        return panel.with_column(name, result.values, _variable(panel, old, formula, result.unit), *result.events)
    event = Event("variable", f"{name} = {formula}", cells=result.count())
    return panel.with_column(name, result, _variable(panel, old, formula, None, new=name != old), event)


def _flag(panel: Panel, name: str, result: Filled) -> pl.Series:
    """Cells that are filled now, or were by an earlier step."""
    flag = f"{name}_filled"
    if flag in panel.columns and panel.frame.schema[flag] == pl.Boolean:
        return panel.frame[flag] | result.filled
    if flag in panel.columns:
        raise DataError(f"the panel already has a column {flag!r} that is no flag", hint="rename it")
    return result.filled


def _variable(panel: Panel, old: str, formula: str, unit: str | None, new: bool = False) -> Variable:
    known = panel.variables.get(old, Variable())
    kept = None if new else known.unit
    return replace(known, formula=formula, unit=unit or kept)
