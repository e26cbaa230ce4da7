"""Columns winsorised or trimmed, or dates moved, for some models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from econloom.core.errors import DataError
from econloom.core.frame import Panel
from econloom.core.lineage import Event
from econloom.data.columns.tails import Tails, trim, winsorise
from econloom.panel.designs.placebo.assignment import Keys
from econloom.panel.designs.placebo.shifting import moved_panel
from econloom.study.divided import Divided
from econloom.study.steps.context import Context, Work


def _prepare(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel | Divided:
    """The panel with some columns cut; with ``chosen`` exactly those, else those among them that can be."""
    given = inputs[0]
    panel: Panel = given.panel if isinstance(given, Divided) else given
    cut = Tails(params["tails"][0], params["tails"][1], tuple(params["by"]), params["rule"])
    act = winsorise if params["act"] == "winsorise" else trim
    whole = panel
    left = []
    for name in params["columns"]:
        values = whole.column(name)
        if reason := _unfit(values):
            if params["chosen"]:
                raise DataError(f"{params['act']}: {name!r} {reason}")
            left.append(name)
            continue
        done = act(whole, values, cut)
        panel = panel.with_column(name, done.values, whole.variables.get(name), *done.events)
    if left:
        message = f"not cut, because they have two values or hold no numbers: {', '.join(left)}"
        panel = panel.with_rows(panel.frame, Event("variable", message))
    return replace(given, panel=panel) if isinstance(given, Divided) else panel


def _unfit(values: pl.Series) -> str | None:
    """Why a column has no tails to cut: a rare dummy would become a constant."""
    if not values.dtype.is_numeric():
        return f"holds {values.dtype}, not numbers"
    return "has at most two values" if values.drop_nulls().n_unique() <= 2 else None


def _dates(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Panel | Divided:
    """The panel with the dates of a treatment moved to earlier periods."""
    given = inputs[0]
    treatment, unit, time, within, cohort = params["keys"]
    keys = Keys(treatment, unit, time, tuple(within), cohort)
    panel = moved_panel(given.panel if isinstance(given, Divided) else given, keys, params["earlier"], params["real"])
    return replace(given, panel=panel) if isinstance(given, Divided) else panel


WIRING: Mapping[str, Work] = {"prepare": _prepare, "dates": _dates}
