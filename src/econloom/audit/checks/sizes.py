"""Numbers of observations: against the panel, against each other, against the regressors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise, permutations

from econloom.audit.checks import parts
from econloom.audit.checks.parts import finding, label
from econloom.audit.findings import Finding
from econloom.audit.given import Given
from econloom.audit.paper import Column, PaperTable, Statistic
from econloom.audit.words import FULL, SECOND_STAGE
from econloom.core.labels import Label

_LAGGED = re.compile(
    r"\(?t ?[-−–] ?1\)?(?!\d)|滞后(?:一|1)期|\bl1?\.|first lag|one[- ]year lag|lagged one", re.IGNORECASE
)


def check(table: PaperTable, given: Given) -> Iterator[Finding]:
    """Every rule about N."""
    numbers = [s for s in table.statistics if s.role == "n"]
    for s in numbers:
        yield from _alone(s, table)
        yield from _panel(s, table, given)
    yield from _stages(table)
    yield from _subsamples(table)
    yield from _stepwise(table)


def _alone(s: Statistic, table: PaperTable) -> Iterator[Finding]:
    n = s.number.value
    if n != n.to_integral_value() or n < 1:
        why = label("样本量应为正整数", "a number of observations is a whole number above 0")
        yield finding(table, "certain", "n", parts.at(table, s), s.printed, why, label("正整数", "a whole number"))
        return
    count = len(table.by_column.get((s.panel, s.column), ()))
    if count > n:
        why = label(f"系数有{count}个，多于观测值", f"{count} coefficients, more than observations")
        yield finding(
            table, "certain", "n", parts.at(table, s), s.printed, why, label(f"至少{count}", f"at least {count}")
        )
    for role in ("clusters", "units"):
        other = table.statistic(s.column, role, s.panel)
        if other is not None and other.number.value > n:
            why = label(
                f"{other.row}为{other.number.text}，多于观测值", f"{other.row} is {other.number.text}, more than N"
            )
            printed = f"{s.printed}; {other.printed}"
            possible = label(f"至少{other.number.text}", f"at least {other.number.text}")
            yield finding(table, "certain", "n", parts.at(table, s, other), printed, why, possible)


def _panel(s: Statistic, table: PaperTable, given: Given) -> Iterator[Finding]:
    if given.units is None or given.periods is None:
        return
    lagged = any(c.id == s.column and _LAGGED.search(c.words) for c in table.columns)
    periods = given.periods - 1 if lagged else given.periods
    most = given.units * periods
    if s.number.value > most:
        why = label(
            f"{given.units}个个体、{periods}期{'（滞后一期后）' if lagged else ''}至多有{most}个观测值",
            f"{given.units} units and {periods} periods{' (one is lost to the lag)' if lagged else ''} "
            f"give at most {most} rows",
        )
        condition = label(
            f"面板为{given.units}×{given.periods}", f"the panel has {given.units} units and {given.periods} periods"
        )
        possible = label(f"至多{most}", f"at most {most}")
        yield finding(table, "conditional", "n", parts.at(table, s), s.printed, why, possible, condition)
    elif lagged and s.number.value < most and s.number.value % given.units == 0:
        lost = given.periods - int(s.number.value) // given.units
        why = label(
            f"滞后一期只损失1期（应为{most}），此处恰好损失{lost}期",
            f"one lag costs one period (N of {most}), but exactly {lost} periods are missing",
        )
        yield finding(table, "suspicious", "n", parts.at(table, s), s.printed, why, label(str(most), str(most)))


def _stages(table: PaperTable) -> Iterator[Finding]:
    """A first stage and the second stage beside it have the same rows."""
    for panel in table.panels:
        for a, b in pairwise(table.columns):
            if parts.is_first_stage(a) and SECOND_STAGE.search(b.words) and not parts.is_first_stage(b):
                yield from _equal(table, a, b, panel, label("两阶段使用同一样本", "both stages use the same rows"))


def _equal(table: PaperTable, a: Column, b: Column, panel: str, condition: Label) -> Iterator[Finding]:
    first, second = (table.statistic(c.id, "n", panel) for c in (a, b))
    if first is not None and second is not None and first.number.value != second.number.value:
        why = label("一、二阶段的样本量不同", "the stages differ in N")
        printed = f"{first.printed}; {second.printed}"
        yield finding(
            table, "conditional", "n", parts.at(table, first, second), printed, why, label("相等", "equal"), condition
        )


def _subsamples(table: PaperTable) -> Iterator[Finding]:
    """No subsample is larger than the column that is headed as the whole sample."""
    whole = [c for c in table.columns if any(FULL.match(h.strip()) for h in c.head)]
    if len(whole) != 1 or len(table.columns) < 2:
        return
    for panel in table.panels:
        full = table.statistic(whole[0].id, "n", panel)
        others = [table.statistic(c.id, "n", panel) for c in table.columns if c is not whole[0]]
        for s in others:
            if full is not None and s is not None and s.number.value > full.number.value:
                why = label("子样本大于全样本", "a subsample is larger than the whole sample")
                condition = label("该列是全样本的一部分", "the column is a part of the whole sample")
                possible = label(f"至多{full.number.text}", f"at most {full.number.text}")
                printed = f"{full.printed}; {s.printed}"
                yield finding(table, "conditional", "n", parts.at(table, full, s), printed, why, possible, condition)


def _stepwise(table: PaperTable) -> Iterator[Finding]:
    """More regressors on one sample cannot gain rows; losing some is worth a look."""
    fallen: list[tuple[Statistic, Statistic]] = []
    for panel in table.panels:
        for a, b in permutations(table.columns, 2):
            small, large = (parts.slopes(table, c.id, panel) for c in (a, b))
            if not small or not small < large or _said(a) != _said(b):
                continue
            first, second = (table.statistic(c.id, "n", panel) for c in (a, b))
            if first is None or second is None:
                continue
            if second.number.value > first.number.value:
                yield _gained(table, first, second)
            elif second.number.value < first.number.value:
                fallen.append((first, second))
    if fallen:
        first, second = fallen[0]
        why = label("加入变量后样本变小，各列样本不同，系数变化不可直接比较",
                    "columns lose rows as regressors are added: their coefficients are not of one sample")  # fmt: skip
        printed = f"{first.printed}; {second.printed}"
        yield finding(
            table, "suspicious", "n", parts.at(table, first, second), printed, why, label("同一样本", "one sample")
        )


def _gained(table: PaperTable, first: Statistic, second: Statistic) -> Finding:
    why = label("加入变量后样本反而变大", "a column with more regressors has more rows")
    condition = label("各列使用全部可用的观测值", "each column uses every row that has its variables")
    possible = label(f"至多{first.number.text}", f"at most {first.number.text}")
    printed = f"{first.printed}; {second.printed}"
    return finding(table, "conditional", "n", parts.at(table, first, second), printed, why, possible, condition)


def _said(c: Column) -> tuple[object, ...]:
    return (c.head, c.dependent, c.method, c.sample)
