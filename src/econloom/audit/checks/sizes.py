"""Numbers of observations: against the panel, against each other, against the regressors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import permutations

from econloom.audit.checks import parts
from econloom.audit.checks.parts import finding, label
from econloom.audit.findings import Finding
from econloom.audit.given import Given
from econloom.audit.paper import Column, PaperTable, Statistic
from econloom.audit.words import FULL
from econloom.core.labels import Label

_LAG = re.compile(
    r"\(?\bt ?[-−–] ?(\d)\)?(?!\d)|滞后(\d|[一二两三四五])期|\bl(\d?)\.[a-z(]|(\d|one|two|three)[- ](?:year|period) lag"
    r"|lagged (\d|one|two|three)\b|(first|second|third) lag|(一阶)差分|(first)[- ]differen",
    re.IGNORECASE,
)
_COUNT = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "one": 1, "two": 2, "three": 3, "first": 1, "second": 2,
          "third": 3, "一阶": 1, "": 1}  # fmt: skip


def lags(words: str) -> int:
    """How many periods the words above a column say are lost to lags.

    Examples
    --------
    >>> lags("Gini (t-1)"), lags("滞后两期"), lags("滞后1期"), lags("baseline"), lags("two-year lag")
    (1, 2, 1, 0, 2)
    """
    found = [next(g for g in m.groups() if g is not None).lower() for m in _LAG.finditer(words)]
    return max((int(g) if g.isdigit() else _COUNT[g] for g in found), default=0)


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
    lost = max((lags(c.words) for c in table.columns if c.id == s.column), default=0)
    periods = max(0, given.periods - lost)
    most = given.units * periods
    if s.number.value > most:
        why = label(
            f"{given.units}个个体、{periods}期{f'（滞后{lost}期后）' if lost else ''}至多有{most}个观测值",
            f"{given.units} units and {periods} periods{f' ({lost} lost to the lag)' if lost else ''} "
            f"give at most {most} rows",
        )
        condition = label(
            f"面板为{given.units}×{given.periods}", f"the panel has {given.units} units and {given.periods} periods"
        )
        possible = label(f"至多{most}", f"at most {most}")
        yield finding(table, "conditional", "n", parts.at(table, s), s.printed, why, possible, condition)
    elif lost and s.number.value < most and s.number.value % given.units == 0:
        missing = given.periods - int(s.number.value) // given.units
        why = label(
            f"滞后{lost}期只损失{lost}期（应为{most}），此处恰好损失{missing}期",
            f"{'one lag costs one period' if lost == 1 else f'{lost} lags cost {lost} periods'} (N of {most}), "
            f"but exactly {missing} periods are missing",
        )
        yield finding(table, "suspicious", "n", parts.at(table, s), s.printed, why, label(str(most), str(most)))


def _stages(table: PaperTable) -> Iterator[Finding]:
    """A first stage and the second stage that it belongs to have the same rows."""
    for panel in table.panels:
        for a, b in parts.stages(table):
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
        yield from _sum(table, full, others)


def _sum(table: PaperTable, full: Statistic | None, others: Sequence[Statistic | None]) -> Iterator[Finding]:
    """Two parts of a whole have its rows between them."""
    held = [s for s in others if s is not None]
    if full is None or len(held) != 2 or len(others) != 2:
        return
    total = sum(s.number.value for s in held)
    if total != full.number.value and max(s.number.value for s in held) <= full.number.value:
        why = label(f"两个子样本共{total}个观测值，全样本为{full.number.text}",
                    f"the two parts have {total} rows, the whole sample {full.number.text}")  # fmt: skip
        printed = "; ".join(s.printed for s in (full, *held))
        yield finding(table, "suspicious", "n", parts.at(table, full, *held), printed, why,
                      label(f"合计{full.number.text}", f"{full.number.text} in all"))  # fmt: skip


def _stepwise(table: PaperTable) -> Iterator[Finding]:
    """More regressors on one sample cannot gain rows; losing some is worth a look."""
    fallen: list[tuple[Statistic, Statistic]] = []
    for panel in table.panels:
        for a, b in permutations(table.columns, 2):
            small, large = (parts.slopes(table, c.id, panel) for c in (a, b))
            if not small or not small < large or parts.said(a) != parts.said(b):
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
