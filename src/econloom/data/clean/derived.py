"""Columns made from others: lags, leads, differences, scales, logs, statistics of groups."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from econloom.core.errors import UsageError
from econloom.core.frame import Panel
from econloom.data.clean.entering import Names, each, names_of
from econloom.data.columns import groups, scaling, timing


def lag(panel: Panel, columns: Names, periods: int | Sequence[int] = 1) -> Panel:
    """New columns ``x_lag1``, ...: the unit's value so many periods earlier, missing where that period has no row.

    Examples
    --------
    >>> import polars as pl
    >>> import econloom as el
    >>> p = el.clean.panel(pl.DataFrame({"c": ["A"] * 3, "t": [1, 2, 4], "x": [5, 6, 8]}), "c", "t")
    >>> el.clean.lag(p, "x", [1, 2]).frame.select("x_lag1", "x_lag2").rows()
    [(None, None), (5, None), (None, 6)]
    """
    return _shifted(panel, columns, periods, 1, "lag")


def lead(panel: Panel, columns: Names, periods: int | Sequence[int] = 1) -> Panel:
    """New columns ``x_lead1``, ...: the unit's value so many periods later, missing where that period has no row."""
    return _shifted(panel, columns, periods, -1, "lead")


def difference(panel: Panel, columns: Names, periods: int | Sequence[int] = 1) -> Panel:
    """New columns ``x_diff1``, ...: ``x_t - x_(t - k)``, missing where either is.

    Examples
    --------
    >>> import polars as pl
    >>> import econloom as el
    >>> p = el.clean.panel(pl.DataFrame({"c": ["A"] * 3, "t": [1, 2, 4], "x": [5, 6, 8]}), "c", "t")
    >>> el.clean.difference(p, "x").frame["x_diff1"].to_list()
    [None, 1.0, None]
    """
    for k in _periods(periods):
        work = partial(timing.difference, panel, periods=k)
        panel = each(panel, columns, f"_diff{k}", work, f"diff by {k}")
    return panel


def minmax(panel: Panel, columns: Names, *, by: Names | None = None, suffix: str = "_minmax") -> Panel:
    """``(x - min) / (max - min)``, over all rows or within groups; a column that does not vary is refused."""
    return each(panel, columns, suffix, lambda x: scaling.minmax(panel, x, names_of(by)), "minmax")


def zscore(panel: Panel, columns: Names, *, by: Names | None = None, suffix: str = "_z") -> Panel:
    """``(x - mean) / sd`` (divisor n - 1), over all rows or within groups; a column that does not vary is refused."""
    return each(panel, columns, suffix, lambda x: scaling.zscore(panel, x, names_of(by)), "zscore")


def log(panel: Panel, columns: Names, *, plus: float = 0.0, suffix: str = "_log") -> Panel:
    """``log(x + plus)``; values without a logarithm are refused with their rows.

    Examples
    --------
    >>> import polars as pl
    >>> import econloom as el
    >>> p = el.clean.panel(pl.DataFrame({"c": ["A", "B"], "t": [1, 1], "x": [1.0, 0.0]}), "c", "t")
    >>> el.clean.log(p, "x")
    Traceback (most recent call last):
    ...
    econloom.core.errors.DataError: log: 1 values of 'x' are not positive: B 1 (first: 0)
      hint: leave these rows out with a named drop, or choose plus= or another transformation
    """
    return each(panel, columns, suffix, lambda x: scaling.logarithm(panel, x, plus), "log")


def group_mean(panel: Panel, columns: Names, by: Names, *, suffix: str = "_mean") -> Panel:
    """The mean of each group's values, in every row of the group."""
    return each(panel, columns, suffix, lambda x: groups.group_mean(panel, x, names_of(by)), f"mean by {by}")


def group_sum(panel: Panel, columns: Names, by: Names, *, suffix: str = "_sum") -> Panel:
    """The sum of each group's values, in every row of the group; missing, not 0, where it has none."""
    return each(panel, columns, suffix, lambda x: groups.group_sum(panel, x, names_of(by)), f"sum by {by}")


def leave_one_out(panel: Panel, columns: Names, by: Names | None = None, *, suffix: str = "_others") -> Panel:
    """The mean of the other rows of the group; missing where there are none.

    Examples
    --------
    >>> import polars as pl
    >>> import econloom as el
    >>> p = el.clean.panel(pl.DataFrame({"p": ["A", "A", "B"], "x": [1.0, 3.0, 5.0]}))
    >>> el.clean.leave_one_out(p, "x", "p").frame["x_others"].to_list()
    [3.0, 1.0, None]
    """
    return each(panel, columns, suffix, lambda x: groups.leave_one_out(panel, x, names_of(by)), f"others of {by}")


def _periods(periods: int | Sequence[int]) -> list[int]:
    found = [periods] if isinstance(periods, int) else list(periods)
    for k in found:
        if not isinstance(k, int) or k < 1:
            raise UsageError(f"a number of periods is a whole number from 1, not {k!r}")
    return found


def _shifted(panel: Panel, columns: Names, periods: int | Sequence[int], sign: int, word: str) -> Panel:
    for k in _periods(periods):
        panel = each(panel, columns, f"_{word}{k}", partial(timing.lag, panel, periods=sign * k), f"{word} {k}")
    return panel
