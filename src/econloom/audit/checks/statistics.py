"""Test statistics: chi-squared against stars and p, F below one, F of one instrument, rank statistics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import special

from econloom.audit.checks import parts
from econloom.audit.checks import reasoning as r
from econloom.audit.checks.parts import finding, label, zh
from econloom.audit.findings import Finding
from econloom.audit.given import Given
from econloom.audit.interval import Interval
from econloom.audit.levels import bounds
from econloom.audit.paper import Column, Estimate, PaperTable, Statistic

CHI2 = ("lr", "hausman", "sargan", "hansen", "kp_lm", "anderson_lm", "chi2", "wald")
F = ("f", "first_stage_f", "kp_f", "cragg_donald_f")
MOST_DF = 400
_DF = np.arange(1, MOST_DF + 1)


def distributions(table: PaperTable, given: Given) -> Iterator[Finding]:
    """Stars and p values that no number of degrees of freedom gives."""
    schemes = r.schemes(table, given)
    for s in table.statistics:
        if s.role in CHI2:
            yield from _chi2(s, table, schemes)
        elif s.role in F:
            yield from _f(s, table, schemes)


def _chi2(s: Statistic, table: PaperTable, schemes: Sequence[Sequence[float]]) -> Iterator[Finding]:
    x = s.interval
    if x.high < 0 and s.role != "hausman":
        why = label("卡方统计量不可能为负", "a chi-squared statistic is not negative")
        yield finding(table, "certain", "chi2", parts.at(table, s), s.printed, why, label("非负数", "at least 0"))
        return
    low, high = max(0.0, x.low), max(0.0, x.high)
    if s.p is not None:
        p = r.span(s.p)
        most, least = special.chdtrc(_DF, low), special.chdtrc(_DF, high)
        if s.role == "sargan" and p.meets(x):
            return  # a p value printed twice
        if not ((least <= p.high + 1e-12) & (most >= p.low - 1e-12)).any() and p.low <= float(most[-1]):
            why = label(f"没有自由度使该统计量的p值为{s.p.text}", f"no degrees of freedom give p of {s.p.text} for it")
            first = Interval(float(least[0]), float(most[0]))
            possible = label(f"自由度为1时{zh(first)}", f"{first.text()} with one degree of freedom")
            yield finding(table, "certain", "chi2", parts.at(table, s), s.printed, why, possible)
        return
    fits = [
        high == 0 or float(special.chdtrc(1, high)) / 2 <= bounds(s.stars, c)[1] for c in schemes if s.stars <= len(c)
    ]
    if s.stars and fits and not any(fits):
        lowest = float(special.chdtrc(1, high))
        why = label(
            f"即使自由度为1，p值也至少为{lowest:.3g}（边界检验减半）",
            f"even with one degree of freedom p is at least {lowest:.3g} (half of it for a test at a boundary)",
        )
        yield finding(
            table, "certain", "chi2", parts.at(table, s), _starred(s), why, label("更少的星号", "fewer stars")
        )


def _f(s: Statistic, table: PaperTable, schemes: Sequence[Sequence[float]]) -> Iterator[Finding]:
    x = s.interval
    if x.high < 0:
        why = label("F统计量不可能为负", "an F statistic is not negative")
        yield finding(table, "certain", "f", parts.at(table, s), s.printed, why, label("非负数", "at least 0"))
    elif s.stars and x.below(1) and all(max(c) < 0.3 for c in schemes):
        why = label("F小于1时p值总大于0.3", "below one, F has p above 0.3 for any degrees of freedom")
        yield finding(table, "certain", "f", parts.at(table, s), _starred(s), why, label("无星号", "no star"))


def _starred(s: Statistic) -> str:
    return s.printed + "*" * (s.stars - s.number.stars)


def instruments(table: PaperTable, given: Given) -> Iterator[Finding]:
    """With one instrument the first-stage F is the square of its t value; LM and F of its rank agree."""
    for panel in table.panels:
        for c in table.columns:
            if parts.is_first_stage(c):
                yield from _square(table, c, panel)
            yield from _rank(table, c, panel)


def _instrument(table: PaperTable, c: Column, panel: str) -> Estimate | None:
    """The one row of a first stage that no other column has."""
    others = {e.row for (p, k), es in table.by_column.items() for e in es if p == panel and not _first(table, k)}
    held = [e for e in table.by_column.get((panel, c.id), ()) if e.row not in others]
    return held[0] if len(held) == 1 and others else None


def _first(table: PaperTable, column: str) -> bool:
    return any(c.id == column and parts.is_first_stage(c) for c in table.columns)


def _square(table: PaperTable, c: Column, panel: str) -> Iterator[Finding]:
    e = _instrument(table, c, panel)
    found = r.ratios(e, table) if e is not None else []
    if e is None or len(found) != 1:
        return
    square = found[0] * found[0]
    near = [c.id, *(k.id for k in table.columns if not parts.is_first_stage(k))][:2]
    for role in ("first_stage_f", "kp_f", "f"):
        s = next((x for k in near if (x := table.statistic(k, role, panel)) is not None), None)
        if s is None or (role == "f" and len(table.by_column.get((panel, c.id), ())) > 2):
            continue
        if not square.meets(s.interval):
            why = label(f"唯一工具变量的t值平方为{zh(square)}", f"t squared of the one instrument is {square.text()}")
            condition = label(
                "只有一个工具变量，F与标准误用同一协方差",
                "one instrument; F rests on the covariance of the standard error",
            )
            printed = f"{e.printed}; {s.row} {s.printed}"
            yield finding(table, "conditional", "first_stage_f", parts.at(table, s), printed, why,
                          label(zh(square), square.text()), condition)  # fmt: skip


def _rank(table: PaperTable, c: Column, panel: str) -> Iterator[Finding]:
    """LM = N r and Cragg-Donald F = (N - K)/L r/(1 - r) of one endogenous regressor: N - K = L F (1 - r)/r < N."""
    lm, f = (table.statistic(c.id, role, panel) for role in ("anderson_lm", "cragg_donald_f"))
    n = r.rows_of(table, c.id, panel)
    if lm is None or f is None or n is None or n.low <= 2:
        return
    share = lm.interval / n
    if share.low >= 1:
        why = label("LM统计量不可能超过样本量", "LM cannot exceed N")
        yield finding(table, "certain", "rank", parts.at(table, lm), f"{lm.printed}; N {n.middle:.0f}", why,
                      label(f"小于{n.middle:.0f}", f"below {n.middle:.0f}"))  # fmt: skip
        return
    share = Interval(max(share.low, 1e-12), min(share.high, 1 - 1e-12))
    needed = max(0.0, f.interval.low) * (1 - share.high) / share.high
    if needed > n.high:
        why = label(
            f"两者要求N−K至少为{needed:.4g}，大于N",
            f"together they take N - K of at least {needed:.4g}, which is above N",
        )
        condition = label("一个内生变量，同方差", "one endogenous regressor, homoskedastic statistics")
        printed = f"{lm.row} {lm.printed}; {f.row} {f.printed}"
        yield finding(table, "conditional", "rank", parts.at(table, lm, f), printed, why,
                      label("更大的LM或更小的F", "a larger LM or a smaller F"), condition)  # fmt: skip
