"""Descriptive tables without all of mean, minimum and maximum; quantiles; standard deviations of whole numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator

from econloom.audit.checks.descriptives import IN_CHINESE, Row, count, is_weighted, printed, rows_of
from econloom.audit.checks.parts import finding, label, zh
from econloom.audit.findings import Finding
from econloom.audit.given import Given
from econloom.audit.interval import Interval
from econloom.audit.paper import PaperTable

_QUANTILES = {"p1": 0.01, "p5": 0.05, "p10": 0.1, "p25": 0.25, "median": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95,
              "p99": 0.99}  # fmt: skip
_MOST_SUMS = 2000  # possible sums of whole numbers that are tried


def check(table: PaperTable, given: Given) -> Iterator[Finding]:
    """Bounds by range alone, distances of quantiles from the mean, whole numbers with this standard deviation."""
    if table.kind != "descriptive":
        return
    weighted = is_weighted(table)
    for (panel, name), row in rows_of(table).items():
        place = table.place(name, panel=panel)
        yield from _range(row, place, table, weighted)
        if not weighted:
            yield from _quantiles(row, place, table)
            yield from _whole(row, name, place, table, given)


def _range(row: Row, place: str, table: PaperTable, weighted: bool) -> Iterator[Finding]:
    """Without a mean: (max - min)^2 / (2 (n - 1)) <= sd^2 <= n/(n-1) (max - min)^2 / 4 (Popoviciu 1935)."""
    if not {"sd", "min", "max"} <= set(row) or "mean" in row:
        return
    width, n = row["max"].interval - row["min"].interval, count(row)
    if width.high < 0:
        return
    high = width.high / 2 * math.sqrt(n / (n - 1) if n else 2.0)
    low = 0.0 if weighted or n is None else max(0.0, width.low) / math.sqrt(2 * n)
    held, sd = Interval(low * (1 - 1e-12), high * (1 + 1e-12)), row["sd"].interval
    if not held.meets(sd):
        why = label(f"最小、最大值允许的标准差为{zh(held)}（Popoviciu）",
                    f"minimum and maximum allow a standard deviation of {held.text()} (Popoviciu)")  # fmt: skip
        yield finding(table, "certain", "sd", place, printed(row, "n", "sd", "min", "max"), why,
                      label(zh(held), held.text()))  # fmt: skip


def distance(p: float, n: float) -> tuple[float, float]:
    """How many standard deviations a quantile of n observations can lie below and above their mean.

    By Cantelli's inequality sqrt((1 - p)/p) and sqrt(p/(1 - p)); for the median 1. Programs put a quantile between
    different neighbours, so that p is moved by 2/n; infinite where it leaves (0, 1).

    Examples
    --------
    >>> distance(0.5, 100)
    (1.0, 1.0)
    >>> [round(x, 3) for x in distance(0.25, 1000)]
    [1.741, 0.58]
    """
    if p == 0.5:
        return 1.0, 1.0
    low, high = p - 2 / n, p + 2 / n
    below = math.inf if low <= 0 else math.sqrt((1 - low) / low)
    above = math.inf if high >= 1 else math.sqrt(high / (1 - high))
    return below, above


def _quantiles(row: Row, place: str, table: PaperTable) -> Iterator[Finding]:
    n = count(row)
    if not {"mean", "sd"} <= set(row) or row["sd"].interval.high < 0:
        return
    mean, most = row["mean"].interval, row["sd"].interval.high * (1 + 1e-12)
    for role in [k for k in _QUANTILES if k in row]:
        if n is None and role != "median":
            continue
        below, above = distance(_QUANTILES[role], n or math.inf)
        x = row[role].interval
        if x.high < mean.low - below * most or x.low > mean.high + above * most:
            held = Interval(mean.low - below * most, mean.high + above * most)
            why = label(f"{IN_CHINESE.get(role, role)}离均值的距离超过了标准差所允许的范围",
                        f"{role} is further from the mean than the standard deviation allows")  # fmt: skip
            yield finding(table, "certain", "quantiles", place, printed(row, "n", "mean", "sd", role), why,
                          label(zh(held), held.text()))  # fmt: skip


def _whole(row: Row, name: str, place: str, table: PaperTable, given: Given) -> Iterator[Finding]:
    n = count(row)
    if name not in given.integers or n is None or not {"mean", "sd"} <= set(row):
        return
    sums = possible_sums(row["mean"].interval, n)
    if not 0 < len(sums) <= _MOST_SUMS:
        return  # none: GRIM has said so
    if not any(_spread(row, s, n) for s in sums):
        why = label(f"没有{n:.0f}个整数同时具有该均值与标准差",
                    f"no {n:.0f} whole numbers have this mean and this standard deviation")  # fmt: skip
        yield finding(table, "conditional", "grimmer", place, printed(row, "n", "mean", "sd"), why,
                      label("其他标准差", "another standard deviation"),
                      label("该变量取整数", "the variable holds whole numbers"))  # fmt: skip


def possible_sums(mean: Interval, n: float) -> range:
    """Sums of n whole numbers whose mean is inside.

    Examples
    --------
    >>> possible_sums(Interval(3.195, 3.205), 25)
    range(80, 81)
    """
    return range(math.ceil(n * mean.low * (1 - 1e-12) - 1e-9), math.floor(n * mean.high * (1 + 1e-12) + 1e-9) + 1)


def _spread(row: Row, total: int, n: float) -> bool:
    """Whether some whole numbers with this sum have the standard deviation (with n - 1, or n, below the fraction).

    The sum of squares Q is a whole number, even exactly if the sum is (GRIMMER; Anaya 2016, Allard 2018); it is at
    least that of the most equal numbers, and total itself for zeros and ones.
    """
    sd, low, high = row["sd"].interval, row.get("min"), row.get("max")
    zero_one = low is not None and high is not None and low.number.value == 0 and high.number.value == 1
    base, rest = divmod(total, int(n))
    fewest = rest * (base + 1) ** 2 + (int(n) - rest) * base**2
    for below in (n - 1, n):
        ends = [x * x * below + total * total / n for x in (max(0.0, sd.low), sd.high)]
        slack = 1e-9 * (1 + abs(ends[1]))
        least = max(math.ceil(ends[0] - slack), fewest)
        most = math.floor(ends[1] + slack)
        if zero_one:
            if least <= total <= most:
                return True
        elif least + ((least - total) % 2) <= most:
            return True
    return False
