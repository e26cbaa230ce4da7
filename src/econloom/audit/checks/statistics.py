"""Test statistics that no degrees of freedom give: chi-squared and F against their stars and p values."""

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
from econloom.audit.paper import PaperTable, Statistic

CHI2 = ("lr", "hausman", "sargan", "hansen", "kp_lm", "anderson_lm", "chi2", "wald")
F = ("f", "first_stage_f", "kp_f", "cragg_donald_f")
_BOUNDARY = ("lr", "chi2")
MOST_DF = 400
_DF = np.arange(1, MOST_DF + 1)


def distributions(table: PaperTable, given: Given) -> Iterator[Finding]:
    """Stars and p values that no number of degrees of freedom gives."""
    schemes = r.schemes(table, given)
    for s in table.statistics:
        if s.p is not None and s.role in (*CHI2, *F):
            yield from _starred_p(s, table, schemes)
        if s.role in CHI2:
            yield from _chi2(s, table, schemes)
        elif s.role in F:
            yield from _f(s, table, schemes)
            yield from _p_of_f(s, table, given)


def ruled_out(s: Statistic, table: PaperTable, given: Given) -> bool:
    """Whether no degrees of freedom at all give the stars or p of a chi-squared statistic."""
    return s.role in CHI2 and any(True for _ in _chi2(s, table, r.schemes(table, given)))


def _starred_p(s: Statistic, table: PaperTable, schemes: Sequence[Sequence[float]]) -> Iterator[Finding]:
    """Stars and p printed with one statistic."""
    assert s.p is not None
    known = [c for c in schemes if s.stars <= len(c)]
    p = r.span(s.p)
    if s.stars and known and not any(p.meets(Interval(*bounds(s.stars, c))) for c in known):
        low, high = bounds(s.stars, known[0])
        why = label(
            f"{'*' * s.stars}表示p值在{low:g}与{high:g}之间", f"{'*' * s.stars} stands for p of {low:g} to {high:g}"
        )
        key = "f" if s.role in F else "chi2"
        yield finding(table, "certain", key, parts.at(table, s), _starred(s), why,
                      label("与p值相符的星号", "the stars of its p"))  # fmt: skip


def _p_of_f(s: Statistic, table: PaperTable, given: Given) -> Iterator[Finding]:
    """The largest p of an F above one, over all numerators and the fewest denominator degrees of freedom."""
    x = s.interval
    if s.p is None or x.low <= 1 or table.note.resampled:
        return
    fewest = r.plausible_df(table, s.column, given, s.panel).low
    most = float(special.fdtrc(_DF, fewest, x.low).max()) * (1 + 1e-9)
    p = r.span(s.p)
    if p.low > most:
        why = label(f"分母自由度至少为{fewest:.0f}时p值至多为{most:.4g}",
                    f"with at least {fewest:.0f} denominator degrees of freedom p is at most {most:.4g}")  # fmt: skip
        yield finding(table, "certain", "f", parts.at(table, s), s.printed, why,
                      label(f"至多{most:.4g}", f"at most {most:.4g}"))  # fmt: skip


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
        if s.role in _BOUNDARY and p.meets(Interval(float(least[0]) / 2, float(most[0]) / 2)):
            return  # half of p, of a variance at its boundary
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
