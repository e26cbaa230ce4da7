"""Accumulating a flow into a stock, unit by unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from econloom.core.errors import DataError, UsageError, listed
from econloom.measures.groups import FloatArray, Groups
from econloom.measures.values import numbers, option, refuse


@dataclass(frozen=True)
class Rule:
    """How a stock is made of a flow: see :func:`econloom.measures.perpetual_inventory`."""

    depreciation: float
    growth: float | None
    initial: ArrayLike | None
    timing: str

    def __post_init__(self) -> None:
        option(self.timing, "timing", ("current", "lagged"))
        if not 0 < self.depreciation <= 1:
            raise UsageError(f"depreciation={self.depreciation!r} is not in (0, 1]", hint="a share, such as 0.05")
        if self.growth is not None and self.growth + self.depreciation <= 0:
            raise UsageError(f"growth={self.growth!r} and depreciation sum to zero or less: no first stock exists")
        if self.growth is not None and self.initial is not None:
            raise UsageError("give growth= or initial=, not both")


def accumulate(flow: FloatArray, unit: Any, time: ArrayLike, rule: Rule) -> FloatArray:
    """The stock in each row; all units take one step at a time."""
    n = len(flow)
    refuse(flow < 0, "a flow is negative", "flows into a stock are zero or more")
    groups, periods = Groups.of(unit, n), numbers(time, "time", n)
    if not np.array_equal(periods, np.round(periods)):
        raise UsageError("the periods are no whole numbers")
    there = np.flatnonzero(~np.isnan(flow) & (groups.codes >= 0))
    order = there[np.lexsort((periods[there], groups.codes[there]))]
    codes, t, x = groups.codes[order], periods[order], flow[order]
    first = np.r_[True, codes[1:] != codes[:-1]][: len(codes)]
    step = np.diff(t, prepend=t[:1])
    _refuse_gaps(groups, codes, t, ~first & (step != 1), step)
    stock = np.empty(len(x))
    begin = np.flatnonzero(first)
    length = np.diff(np.r_[begin, len(x)])
    stock[begin] = _first(x, begin, length, groups, codes, order, rule)
    for age in range(1, int(length.max(initial=0))):
        rows = begin[length > age] + age
        added = x[rows] if rule.timing == "current" else x[rows - 1]
        stock[rows] = (1 - rule.depreciation) * stock[rows - 1] + added
    result = np.full(n, np.nan)
    result[order] = stock
    return result


def _first(
    x: FloatArray,
    begin: np.ndarray,
    length: np.ndarray,
    groups: Groups,
    codes: np.ndarray,
    order: np.ndarray,
    rule: Rule,
) -> FloatArray:
    if rule.initial is not None:
        given = numbers(rule.initial, "initial", len(groups.codes))[order[begin]]
        if np.isnan(given).any() or (given < 0).any():
            raise DataError("initial= lacks a stock, or has a negative one, in a unit's first period with a flow")
        return np.asarray(given, np.float64)
    if rule.growth is not None:
        found: FloatArray = x[begin] / (rule.growth + rule.depreciation)
        return found
    last = begin + length - 1
    known = (x[begin] > 0) & (x[last] > 0) & (length > 1)
    growth = np.full(len(begin), np.nan)
    growth[known] = (x[last][known] / x[begin][known]) ** (1 / (length[known] - 1)) - 1
    bad = ~(growth + rule.depreciation > 0)
    if bad.any():
        units = [" ".join(map(str, groups.keys.row(int(c)))) for c in codes[begin][bad]]
        raise DataError(
            f"no first stock from the own growth of {len(units)} units: {listed(units)}",
            hint="one value, a zero at an end, or a fall quicker than depreciation: give growth= or initial=",
        )
    own: FloatArray = x[begin] / (growth + rule.depreciation)
    return own


def _refuse_gaps(groups: Groups, codes: np.ndarray, t: FloatArray, gap: np.ndarray, step: FloatArray) -> None:
    rows = np.flatnonzero(gap)
    if not len(rows):
        return
    shown = [f"{' '.join(map(str, groups.keys.row(int(codes[r]))))} before {t[r]:g}" for r in rows[:9]]
    if (step[rows] == 0).any():
        raise DataError("a unit has a period twice: " + listed(shown))
    raise DataError(
        f"{len(rows)} gaps between known periods: {listed(shown)}", hint="fill them first, such as by interpolate()"
    )
