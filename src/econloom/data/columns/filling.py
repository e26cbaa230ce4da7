"""Missing cells filled: by a number, or from the same unit: the last value carried over, interior gaps interpolated."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from econloom.core.errors import DataError, UsageError, did_you_mean
from econloom.core.frame import Panel
from econloom.data.columns.worked import Filled, Ordered, keyed, numbers, ordered, rows_of

Method = Literal["linear", "log"]
METHODS: tuple[Method, ...] = get_args(Method)


def fill(panel: Panel, values: pl.Series, value: float) -> Filled:
    """Give every missing cell one value, such as 0 where a register of events has no entry.

    Parameters
    ----------
    panel : Panel
        Only its row order is used.
    values : polars.Series
        A column in the panel's row order.
    value : float

    Returns
    -------
    Filled

    Examples
    --------
    >>> import polars as pl
    >>> from econloom.core.frame import Panel
    >>> frame = pl.DataFrame({"c": ["A", "B"], "t": [1, 1], "patents": [5, None]})
    >>> fill(Panel.build(frame, "c", "t"), frame["patents"], 0).values.to_list()
    [5.0, 0.0]
    """
    if not np.isfinite(value):
        raise UsageError(f"fill: {value} is no value to fill in", hint="give a number, such as 0")
    new = numbers(values, "fill").fill_null(value).alias(values.name)
    return _filled(values, new, f"set to {value:g}")


def carry_forward(panel: Panel, values: pl.Series, limit: int | None = None) -> Filled:
    """Fill a missing value with the unit's last one before it.

    Parameters
    ----------
    panel : Panel
        Gives unit and time.
    values : polars.Series
        A column in the panel's row order.
    limit : int, optional
        Carry over at most this many periods; without it, over any distance.

    Returns
    -------
    Filled

    Examples
    --------
    >>> import polars as pl
    >>> from econloom.core.frame import Panel
    >>> frame = pl.DataFrame({"c": ["A"] * 3, "t": [1, 2, 3], "x": [5.0, None, None]})
    >>> panel = Panel.build(frame, "c", "t")
    >>> carry_forward(panel, frame["x"], limit=1).values.to_list()
    [5.0, 5.0, None]
    """
    if limit is not None and limit < 1:
        raise UsageError(f"carry_forward: limit must be at least 1, not {limit}")
    rows = ordered(keyed(panel, values, "filling"))
    before, _ = _neighbours(rows)
    time = rows.frame["time"].to_numpy()
    near = before >= 0
    if limit is not None:
        near &= time - time[before] <= limit
    place = np.where(near, before, np.arange(len(before)))
    new = rows.back(rows.frame["value"].gather(place)).alias(values.name)
    return _filled(values, new, "carried forward")


def interpolate(panel: Panel, values: pl.Series, method: Method = "linear", limit: int | None = None) -> Filled:
    """Fill interior gaps in time, unit by unit; never beyond the first or last known value.

    With a, b the nearest known periods around t: ``x_t = x_a + (x_b - x_a) (t - a) / (b - a)`` (``linear``), or
    ``x_t = x_a (x_b / x_a)^((t - a) / (b - a))`` (``log``: constant growth). ``linear`` is Stata's ``ipolate``.

    Parameters
    ----------
    panel : Panel
        Gives unit and time.
    values : polars.Series
        A column in the panel's row order.
    method : {"linear", "log"}
    limit : int, optional
        Fill only gaps of at most this many periods (b - a - 1); longer ones stay whole.

    Returns
    -------
    Filled

    Raises
    ------
    DataError
        ``log`` with a value that is not positive at the edge of a gap.

    Examples
    --------
    >>> import polars as pl
    >>> from econloom.core.frame import Panel
    >>> frame = pl.DataFrame({"c": ["A"] * 3, "t": [1, 2, 3], "x": [1.0, None, 4.0]})
    >>> panel = Panel.build(frame, "c", "t")
    >>> interpolate(panel, frame["x"]).values.to_list(), interpolate(panel, frame["x"], "log").values.to_list()
    ([1.0, 2.5, 4.0], [1.0, 2.0, 4.0])
    """
    if method not in METHODS:
        raise UsageError(f"interpolate: no method {method!r}{did_you_mean(str(method), METHODS)}", hint="linear or log")
    if limit is not None and limit < 1:
        raise UsageError(f"interpolate: limit must be at least 1, not {limit}")
    column = numbers(values, "interpolate")
    rows = ordered(keyed(panel, column, "filling"))
    before, after = _neighbours(rows)
    time, x = rows.frame["time"].to_numpy(), rows.frame["value"].fill_null(np.nan).to_numpy()
    gap = (before >= 0) & (after >= 0) & (before != after)
    if limit is not None:
        gap &= time[after] - time[before] - 1 <= limit
    cells = np.flatnonzero(gap)
    a, b = before[cells], after[cells]
    low, high = x[a], x[b]
    share = (time[cells] - time[a]) / (time[b] - time[a])
    if method == "log":
        _refuse_not_positive(panel, rows, cells[(low <= 0) | (high <= 0)], values.name)
    filled = x.copy()
    filled[cells] = low + (high - low) * share if method == "linear" else low * (high / low) ** share
    new = rows.back(pl.Series(filled).fill_nan(None)).alias(values.name)
    how = "interpolated linearly" if method == "linear" else "interpolated at constant growth"
    return _filled(values, new, how)


def _refuse_not_positive(panel: Panel, rows: Ordered, cells: npt.NDArray[np.int64], name: str) -> None:
    """Gaps that only the linear rule can fill."""
    if len(cells) == 0:
        return
    lost = np.zeros(panel.height, dtype=bool)
    lost[cells] = True
    raise DataError(
        f"interpolate: {name!r} has gaps beside values that are not positive: "
        f"{rows_of(panel, rows.back(pl.Series(lost)))}",
        hint="constant growth needs positive values: use method='linear'",
    )


def _neighbours(rows: Ordered) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """For each sorted row the nearest rows of its unit with a value, at or before it and at or after it; -1: none."""
    there = rows.frame["value"].is_not_null().to_numpy()
    n = len(there)
    place = np.arange(n)
    start = np.maximum.accumulate(np.where(rows.opens, place, 0))
    closes = np.append(rows.opens[1:], True)[:n]
    end = np.minimum.accumulate(np.where(closes, place, n)[::-1])[::-1]
    before = np.maximum.accumulate(np.where(there, place, -1))
    after = np.minimum.accumulate(np.where(there, place, n)[::-1])[::-1]
    return np.where(before >= start, before, -1), np.where(after <= end, after, -1)


def _filled(values: pl.Series, new: pl.Series, how: str) -> Filled:
    return Filled(new, (values.is_null() & new.is_not_null()).alias(f"{values.name}_filled"), how)
