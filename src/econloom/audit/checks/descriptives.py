"""Descriptive tables: order, bounds of the standard deviation, means that whole numbers or shares can have, copies."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from econloom.audit.checks.parts import finding, label, zh
from econloom.audit.findings import Finding
from econloom.audit.given import Given
from econloom.audit.interval import Interval
from econloom.audit.paper import PaperTable, Value

_ORDER = ("min", "p1", "p5", "p10", "p25", "median", "p75", "p90", "p95", "p99", "max")
_WEIGHTED = re.compile(r"weighted|加权|权重", re.IGNORECASE)
_DUMMY = re.compile(r"dummy|binary|indicator|虚拟变量|哑变量|是否|[(（] ?(?:0/1|=1|1=)", re.IGNORECASE)
_SIGNIFICANT = 10  # digits that a row must print in all before its twin is pointed out
Row = Mapping[str, Value]
IN_CHINESE = {
    "min": "最小值",
    "max": "最大值",
    "mean": "均值",
    "median": "中位数",
    "p25": "下四分位数",
    "p75": "上四分位数",
}


def check(table: PaperTable, given: Given) -> Iterator[Finding]:
    """Every rule of one row of descriptive statistics, then rows and columns that are copies."""
    yield from _copied_columns(table)
    if table.kind != "descriptive":
        return
    rows = rows_of(table)
    weighted = is_weighted(table)
    for (panel, name), row in rows.items():
        place = table.place(name, panel=panel)
        yield from _order(row, place, table)
        yield from _spread(row, place, table, weighted)
        yield from _whole(row, name, place, table, given, weighted)
        yield from _shares(row, name, place, table, given)
    yield from _copies(rows, table)


def is_weighted(table: PaperTable) -> bool:
    """Whether title or note say weighted."""
    return _WEIGHTED.search(f"{table.title} {table.note.text}") is not None


def rows_of(table: PaperTable) -> dict[tuple[str, str], dict[str, Value]]:
    """Rows with each role once; a row with several samples side by side has no one meaning and is left out."""
    found: dict[tuple[str, str], dict[str, Value]] = {}
    double: set[tuple[str, str]] = set()
    for v in table.values:
        if v.role:
            row = found.setdefault((v.panel, v.row), {})
            if v.role in row:
                double.add((v.panel, v.row))
            row[v.role] = v
    return {key: row for key, row in found.items() if key not in double}


def printed(row: Row, *roles: str) -> str:
    """The printed numbers of some roles."""
    return ", ".join(f"{k} {row[k].number.text}" for k in roles if k in row)


def _order(row: Row, place: str, table: PaperTable) -> Iterator[Finding]:
    """min <= quantiles <= max, min <= mean <= max, sd >= 0, N a whole number."""
    held = [k for k in _ORDER if k in row]
    pairs = [*pairwise(held), *[p for p in (("min", "mean"), ("mean", "max")) if set(p) <= set(row)]]
    for low, high in pairs:
        if row[low].interval.low > row[high].interval.high:
            names = [IN_CHINESE.get(k, k) for k in (low, high)]
            why = label(f"{names[0]}大于{names[1]}", f"{low} is above {high}")
            possible = label(f"{names[0]}不大于{names[1]}", f"{low} at most {high}")
            yield finding(table, "certain", "order", place, printed(row, low, high), why, possible)
    if "sd" in row and row["sd"].interval.high < 0:
        why = label("标准差不可能为负", "a standard deviation is not negative")
        yield finding(table, "certain", "sd", place, printed(row, "sd"), why, label("非负数", "at least 0"))
    if "n" in row and row["n"].number.value != row["n"].number.value.to_integral_value():
        why = label("样本量应为整数", "a number of observations is a whole number")
        yield finding(table, "certain", "n", place, printed(row, "n"), why, label("整数", "a whole number"))


def count(row: Row) -> float | None:
    """N of a row, where it is at least 2."""
    return float(row["n"].number.value) if "n" in row and row["n"].number.value >= 2 else None


def sd_bounds(row: Row) -> Interval | None:
    """The standard deviations that mean, minimum and maximum allow.

    Above: Bhatia and Davis (2000), sd^2 <= n/(n-1) (max - mean)(mean - min), which is never above Popoviciu's
    n/(n-1) (max - min)^2 / 4. Below: minimum and maximum are observations themselves, so that the sum of squares is at
    least (mean - min)^2 + (max - mean)^2. None where the mean is outside of its bounds.
    """
    mean, low, high = (row[k].interval for k in ("mean", "min", "max"))
    n = count(row)
    smallest, largest = low.low, high.high
    centre = min(max((smallest + largest) / 2, mean.low), mean.high)
    product = (largest - centre) * (centre - smallest)
    if product < 0:
        return None
    upper = math.sqrt(product * (n / (n - 1) if n else 2.0))
    above, below = max(0.0, high.low - mean.high), max(0.0, mean.low - low.high)
    lower = math.sqrt((above**2 + below**2) / n) if n else 0.0
    return Interval(lower * (1 - 1e-12), upper * (1 + 1e-12))


def _spread(row: Row, place: str, table: PaperTable, weighted: bool) -> Iterator[Finding]:
    if not {"mean", "sd", "min", "max"} <= set(row):
        return
    held, sd = sd_bounds(row), row["sd"].interval
    if held is None:
        return
    shown = printed(row, "n", "mean", "sd", "min", "max")
    if sd.above(held.high):
        why = label(
            f"给定均值与最小、最大值，标准差至多为{held.high:.4g}（Bhatia–Davis）",
            f"mean, minimum and maximum allow a standard deviation of at most {held.high:.4g} (Bhatia-Davis)",
        )
        yield finding(table, "certain", "sd", place, shown, why, label(zh(held), held.text()))
    elif sd.below(held.low) and not weighted:
        why = label(
            f"最小值与最大值本身就使标准差至少为{held.low:.4g}",
            f"minimum and maximum alone make a standard deviation of at least {held.low:.4g}",
        )
        yield finding(table, "certain", "sd", place, shown, why, label(zh(held), held.text()))


def _whole(row: Row, name: str, place: str, table: PaperTable, given: Given, weighted: bool) -> Iterator[Finding]:
    """The mean of n whole numbers is a whole number over n (Brown and Heathers 2017)."""
    n = count(row)
    if "mean" not in row or n is None or weighted:
        return
    stated = name in given.integers
    if not stated and not _dummy(row, n) and not _named(name, row):
        return
    mean = row["mean"].interval
    least = math.ceil(n * mean.low * (1 - 1e-12) - 1e-9)
    if least > n * mean.high * (1 + 1e-12) + 1e-9:
        near = [k / n for k in (least - 1, least)]
        shown = " / ".join(f"{x:.6g}" for x in near)
        why = label(f"{n:.0f}个整数的均值不可能是该数", f"no {n:.0f} whole numbers have this mean")
        condition = (
            label("该变量取整数", "the variable holds whole numbers")
            if stated
            else label(
                "该变量为0/1变量（其名称或标准差与此相符）",
                "the variable is 0 or 1, as its name or its standard deviation has it",
            )
        )
        yield finding(
            table, "conditional", "grim", place, printed(row, "n", "mean"), why, label(shown, shown), condition
        )


def _named(name: str, row: Row) -> bool:
    """Whether a row is called a dummy and has 0 and 1 as extremes."""
    ends = [row[k].number.value for k in ("min", "max") if k in row]
    return ends == [0, 1] and _DUMMY.search(name) is not None and row["mean"].number.exponent <= -2


def _dummy(row: Row, n: float) -> bool:
    """Whether minimum, maximum and standard deviation are those of a variable that is 0 or 1."""
    if not {"sd", "min", "max"} <= set(row):
        return False
    if row["min"].number.value != 0 or row["max"].number.value != 1 or row["mean"].number.exponent > -2:
        return False
    mean = row["mean"].interval
    ends = [math.sqrt(max(0.0, m * (1 - m)) * n / (n - 1)) for m in (mean.low, mean.high)]
    return row["sd"].interval.meets(Interval(min(ends), max(ends)))


def _shares(row: Row, name: str, place: str, table: PaperTable, given: Given) -> Iterator[Finding]:
    if name not in given.shares:
        return
    for role in ("min", "mean", "max"):
        if role in row and (row[role].interval.below(0) or row[role].interval.above(1)):
            why = label("份额应在0与1之间", "a share is between 0 and 1")
            condition = label("该变量为份额", "the variable is a share")
            yield finding(
                table, "conditional", "share", place, printed(row, role), why, label("0至1", "0 to 1"), condition
            )


def _copies(rows: Mapping[tuple[str, str], Row], table: PaperTable) -> Iterator[Finding]:
    """Two variables with the same mean, standard deviation, minimum and maximum to the last digit."""
    seen: dict[tuple[str, ...], tuple[str, str]] = {}
    for key, row in rows.items():
        if not {"mean", "sd"} <= set(row):
            continue
        texts = tuple(str(row[k].number.value) for k in ("mean", "sd", "min", "max") if k in row)
        if sum(len(t.strip("-0.").replace(".", "")) for t in texts) < _SIGNIFICANT or row["mean"].number.value == 0:
            continue
        if texts in seen:
            other = seen[texts]
            why = label(f"与{other[1]!r}完全相同", f"the same to the last digit as {other[1]!r}")
            place = table.place(key[1], panel=key[0])
            yield finding(table, "suspicious", "copy", place, printed(row, "mean", "sd", "min", "max"), why,
                          label("不同的数值", "other numbers"))  # fmt: skip
        seen.setdefault(texts, key)


def _copied_columns(table: PaperTable) -> Iterator[Finding]:
    """Two columns of three numbers or more that agree to the last digit in every row."""
    columns: dict[str, list[tuple[str, str, str]]] = {}
    for v in table.values:
        columns.setdefault(v.column, []).append((v.panel, v.row, str(v.number.value)))
    seen: dict[tuple[tuple[str, str, str], ...], str] = {}
    for column, cells in columns.items():
        digits = sum(len(text.strip("-0.").replace(".", "")) for *_, text in cells)
        key = tuple(cells)
        if len(cells) < 3 or digits < _SIGNIFICANT or len({text for *_, text in cells}) < 3:
            continue
        if key in seen:
            why = label(f"与列{seen[key]!r}完全相同", f"the same to the last digit as column {seen[key]!r}")
            shown = ", ".join(text for *_, text in cells[:4])
            yield finding(table, "suspicious", "copy", table.place(column=column), shown, why,
                          label("不同的数值", "other numbers"))  # fmt: skip
        seen.setdefault(key, column)
