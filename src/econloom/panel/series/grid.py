"""Variables of a panel by unit and period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from econloom.core.errors import EstimationError, UsageError
from econloom.data.sources import as_panel
from econloom.panel.absorb import FloatArray
from econloom.panel.columns import Columns, grouped
from econloom.panel.formula import Term

DRAWS_AT_LEAST = 99


@dataclass(frozen=True)
class Grid:
    """A few variables by unit and period.

    Attributes
    ----------
    units : list
        In order.
    values : tuple of (N, T) arrays
        NaN where missing.
    """

    units: list[Any]
    values: tuple[FloatArray, ...]


def on_grid(
    data: Any, unit: str | None, time: str | None, terms: tuple[Term, ...], where: str | None, text: str
) -> Grid:
    """Some variables where any of them is known.

    Raises
    ------
    UsageError
        No keys, or times that are dates.
    EstimationError
        No values.
    """
    panel = as_panel(data, unit, time)
    if panel.unit is None or panel.time is None:
        raise UsageError("a test of time series needs both keys", hint="unit='code', time='year'")
    columns = Columns(panel, where)
    values = [columns.term(term, text) for term in terms]
    known = np.isfinite(np.stack(values)).any(axis=0)
    if not known.any():
        raise EstimationError(f"{text}: no values")
    rows = columns.base[known]
    codes = grouped(panel, (panel.unit,)).codes[rows]
    times = panel.column(panel.time).to_numpy()[rows]
    present, at = np.unique(codes, return_inverse=True)
    first, T = int(times.min()), int(times.max() - times.min()) + 1
    if 20 * len(np.unique(times)) < T:
        raise UsageError(f"{panel.time!r} spans {T} periods, nearly all empty", hint="number the periods one by one")
    found = []
    for column in values:
        held = np.full((len(present), T), np.nan)
        held[at, times - first] = column[known]
        found.append(held)
    where_first = np.unique(at, return_index=True)[1]
    names = panel.column(panel.unit)[rows[where_first]].to_list()
    return Grid(names, tuple(found))


def check_draws(draws: int, least: int) -> None:
    """Refuse a number of draws that is neither ``least`` nor at least 99."""
    if not isinstance(draws, int) or (draws < DRAWS_AT_LEAST and draws != least):
        raise UsageError(f"draws: at least {DRAWS_AT_LEAST}, not {draws!r}")
