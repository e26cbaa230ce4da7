"""Panels to be cleaned: how they start, what must hold of their columns, and their history."""

from __future__ import annotations

from typing import Any

import polars as pl

from econloom.core.frame import Panel
from econloom.data import sources
from econloom.data.clean.entering import Names, names_of
from econloom.data.columns import checks


def panel(data: Any, unit: str | None = None, time: str | None = None) -> Panel:
    """A panel with checked keys, to be cleaned.

    Parameters
    ----------
    data : polars or pandas DataFrame, pyarrow Table, Panel, or path
    unit, time : str, optional
        Key columns; each combination once.

    Raises
    ------
    DataError
        Keys that are missing or repeat (the repeated ones are listed), or times that are no whole numbers.

    Examples
    --------
    >>> import polars as pl
    >>> import econloom as el
    >>> el.clean.panel(pl.DataFrame({"city": ["A", "A"], "year": [2001, 2002]}), "city", "year").keys
    ['city', 'year']
    """
    return sources.as_panel(data, unit, time)


def require_range(panel: Panel, columns: Names, low: float | None = 0.0, high: float | None = 1.0) -> Panel:
    """The panel itself, after columns were found inside a range; shares by default.

    Raises
    ------
    DataError
        Values outside, with their rows.
    """
    for name in names_of(columns):
        checks.require_range(panel, panel.column(name), low, high)
    return panel


def history(panel: Panel) -> pl.DataFrame:
    """Everything that was done to a panel: one row a step, with rows before and after and cells touched.

    Returns
    -------
    polars.DataFrame
        ``step``, ``kind``, ``what``, ``rows_before``, ``rows_after``, ``cells``.
    """
    events = panel.events
    return pl.DataFrame(
        {
            "step": range(1, len(events) + 1),
            "kind": [e.kind for e in events],
            "what": [e.message for e in events],
            "rows_before": [e.rows_before for e in events],
            "rows_after": [e.rows_after for e in events],
            "cells": [e.cells for e in events],
        },
        schema={"step": pl.Int64, "kind": pl.String, "what": pl.String, "rows_before": pl.Int64,
                "rows_after": pl.Int64, "cells": pl.Int64},
    )  # fmt: skip
