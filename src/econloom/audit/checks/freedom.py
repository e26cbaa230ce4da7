"""Degrees of freedom of test statistics, as the design of the table has them, against their stars and p values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator

import numpy as np
from scipy import special

from econloom.audit.checks import parts
from econloom.audit.checks import reasoning as r
from econloom.audit.checks.parts import finding, label, zh
from econloom.audit.checks.statistics import ruled_out
from econloom.audit.findings import Finding
from econloom.audit.given import Given
from econloom.audit.interval import SLACK, Interval
from econloom.audit.levels import bounds
from econloom.audit.paper import Column, PaperTable, Statistic
from econloom.audit.words import CONSTANTS, folded
from econloom.core.labels import Label

MOST_DF = 400
_TIME = re.compile(
    r"时间固定|时间效应|年份|年度|时期|双固定|双向固定|\byear|\btime|period|two-?way|month|quarter", re.IGNORECASE
)
_EFFECT_HEAD = re.compile(r"random|随机|\bre\b|fixed|固定|\bfe\b", re.IGNORECASE)


def check(table: PaperTable, given: Given) -> Iterator[Finding]:
    """Hausman, Wald, over- and underidentification, and the F of all regressors."""
    systems = {second.id: first for first, second in parts.stages(table)}
    for s in table.statistics:
        c = next((c for c in table.columns if c.id == s.column), None)
        if c is None or s.interval.high <= 0:
            continue
        if s.role == "hausman" or (s.role == "wald" and _EFFECT_HEAD.search(c.words)):
            yield from _of_slopes(s, c, table, given)
        elif s.role in {"sargan", "hansen", "kp_lm", "anderson_lm"}:
            yield from _of_instruments(s, c, systems.get(c.id), table, given)
        elif s.role == "f":
            yield from _overall(s, c, table, given)


def fits(s: Statistic, table: PaperTable, given: Given, df: np.ndarray, tail: Callable[..., np.ndarray]) -> np.ndarray:
    """Which degrees of freedom give the printed p, or the stars where there is none; all where nothing is said.

    Parameters
    ----------
    s : Statistic
    table : PaperTable
    given : Given
    df : ndarray of shape (m,)
    tail : callable
        ``tail(df, x)``, the p value.
    """
    low, high = max(0.0, s.interval.low), max(0.0, s.interval.high)
    p = [tail(df, high) * (1 - SLACK), tail(df, low) * (1 + SLACK)]
    if s.p is not None:
        wanted = r.span(s.p)
        return np.asarray((p[0] <= wanted.high + SLACK) & (p[1] >= wanted.low - SLACK))
    schemes = r.schemes(table, given)
    starred = any(x.stars for x in table.statistics if x.role == s.role and x.row == s.row)
    if not starred or len(schemes) > 1 or s.stars > len(schemes[0]):
        return np.ones(len(df), dtype=bool)
    least, most = bounds(s.stars, schemes[0])
    return np.asarray((p[0] <= most) & (p[1] >= least))


def _of_slopes(s: Statistic, c: Column, table: PaperTable, given: Given) -> Iterator[Finding]:
    """Hausman's and Wald's statistics have as many degrees of freedom as slopes, with or without constant and years."""
    slopes = len(parts.slopes(table, c.id, s.panel))
    if not slopes:
        return
    allowed = {slopes, slopes + 1}
    timed = _TIME.search(f"{table.note.text} {table.title} {c.words} {' '.join(m.row for m in table.marks)}")
    whole = parts.complete(table, c, s.panel)
    if timed and given.periods:
        allowed |= {slopes + given.periods - 1, slopes + given.periods}
    elif not whole:
        allowed |= set(range(slopes, MOST_DF + 1))
    df = np.array(sorted(allowed))
    if fits(s, table, given, df, special.chdtrc).any():
        return
    everything = np.arange(1, MOST_DF + 1)
    wanted = everything[fits(s, table, given, everything, special.chdtrc)]
    condition = label(
        "检验涉及全部印出的斜率（含或不含常数项与年份效应），协方差差满秩",
        "the test is of all printed slopes, with or without constant and year effects, of full rank",
    )
    if len(wanted) or not ruled_out(s, table, given):
        yield _wrong(s, table, df, wanted, condition)


def _wrong(s: Statistic, table: PaperTable, df: np.ndarray, wanted: np.ndarray, condition: Label) -> Finding:
    x = Interval(max(0.0, s.interval.low), max(0.0, s.interval.high))
    p = Interval(float(special.chdtrc(df[0], x.high)), float(special.chdtrc(df[0], x.low)))
    need = _runs(wanted)
    why = label(
        f"自由度为{df[0]}时p值为{zh(p)}；印刷的{'p值' if s.p else '星号'}要求自由度为{need.text('zh')}",
        f"with {df[0]} degrees of freedom p is {p.text()}; the printed {'p' if s.p else 'stars'} "
        f"would take {need.text('en')}",
    )
    shown = s.printed + "*" * (s.stars - s.number.stars)
    shown_df = ", ".join(map(str, df[:4])) + (", ..." if len(df) > 4 else "")
    possible = label(f"自由度为{shown_df}时的p值", f"the p value of {shown_df} degrees of freedom")
    return finding(table, "conditional", "df", parts.at(table, s), shown, why, possible, condition)


def _runs(df: np.ndarray) -> Label:
    """Degrees of freedom in words."""
    if not len(df):
        return label("不存在的取值", "none at all")
    if df[-1] == MOST_DF:
        return label(f"至少{df[0]}", f"at least {df[0]}")
    return label(f"{df[0]}", f"{df[0]}") if len(df) == 1 else label(f"{df[0]}至{df[-1]}", f"{df[0]} to {df[-1]}")


def _of_instruments(
    s: Statistic, c: Column, first: Column | None, table: PaperTable, given: Given
) -> Iterator[Finding]:
    """Instruments less endogenous regressors, plus one for a test of their relevance."""
    tested = s.role in {"sargan", "hansen"}
    counted = table.statistic(c.id, "instruments", s.panel)
    slopes = parts.slopes(table, c.id, s.panel)
    if counted is not None and tested:
        most = int(counted.number.value) - len(table.by_column.get((s.panel, c.id), ()))
        condition = label("工具变量数包括外生变量自身", "the number of instruments counts the exogenous regressors")
        if most >= 1:
            yield from _among(s, np.arange(1, most + 1), table, given, condition)
    elif first is not None and parts.complete(table, first, s.panel):
        more = parts.slopes(table, first.id, s.panel) - slopes
        endogenous = slopes - parts.slopes(table, first.id, s.panel)
        df = len(more) - 1 if tested else len(more)
        if len(endogenous) == 1 and df >= 1:
            condition = label("一个内生变量，一阶段印出全部工具变量",
                              "one endogenous regressor, and the first stage prints every instrument")  # fmt: skip
            yield from _among(s, np.array([df]), table, given, condition)


def _among(s: Statistic, df: np.ndarray, table: PaperTable, given: Given, condition: Label) -> Iterator[Finding]:
    if s.p is not None and s.role == "sargan" and r.span(s.p).meets(s.interval):
        return  # a p value printed twice
    if not fits(s, table, given, df, special.chdtrc).any():
        everything = np.arange(1, MOST_DF + 1)
        wanted = everything[fits(s, table, given, everything, special.chdtrc)]
        if len(wanted) or not ruled_out(s, table, given):
            yield _wrong(s, table, df, wanted, condition)


def _overall(s: Statistic, c: Column, table: PaperTable, given: Given) -> Iterator[Finding]:
    """F of all slopes = R2 / (1 - R2) (N - k - 1) / k, of least squares with a constant."""
    r2, n = table.statistic(c.id, "r2", s.panel), r.rows_of(table, c.id, s.panel)
    slopes = len(parts.slopes(table, c.id, s.panel))
    constant = any(folded(e.row) in CONSTANTS for e in table.by_column.get((s.panel, c.id), ()))
    if r2 is None or n is None or not slopes or not constant or r2.interval.high >= 1:
        return
    plain = parts.complete(table, c, s.panel) and parts.homoskedastic(table, c) and parts.ordinary(c)
    residual = round(n.middle) - slopes - 1
    if not plain or parts.instrumented(table) or parts.is_first_stage(c) or residual < 1:
        return
    held = r2.interval & Interval(0.0, math.inf)
    implied = held / (Interval.exactly(1) - held) * (residual / slopes)
    yield from _f_tail(s, table, given, slopes, residual)
    if not implied.meets(s.interval):
        why = label(f"由R²、N与{slopes}个斜率得出的F为{zh(implied)}",
                    f"by R2, N and {slopes} slopes it is {implied.text()}")  # fmt: skip
        condition = label(
            "F检验全部斜率，普通最小二乘、含常数项、同方差、未调整的R²",
            "F is of all slopes, of least squares with a constant, homoskedastic; R2 is unadjusted",
        )
        printed = f"{s.row} {s.printed}; {r2.row} {r2.printed}"
        yield finding(table, "conditional", "overall_f", parts.at(table, s, r2), printed, why,
                      label(zh(implied), implied.text()), condition)  # fmt: skip


def _f_tail(s: Statistic, table: PaperTable, given: Given, slopes: int, residual: int) -> Iterator[Finding]:
    """p or stars of F with as many numerator degrees of freedom as slopes, and N - K or chi-squared below."""
    x = [max(0.0, s.interval.high), max(0.0, s.interval.low)]

    def tail(df: np.ndarray, value: float) -> np.ndarray:
        normal = special.chdtrc(slopes, slopes * value)
        return np.asarray(np.where(np.isinf(df), normal, special.fdtrc(slopes, df, value)))

    below = np.array([residual, residual + 1, math.inf])
    if fits(s, table, given, below, tail).any():
        return
    p = Interval(float(tail(below, x[0])[0]), float(tail(below, x[1])[0]))
    why = label(f"自由度为{slopes}与{residual}时p值为{zh(p)}",
                f"with {slopes} and {residual} degrees of freedom p is {p.text()}")  # fmt: skip
    condition = label("F检验全部斜率，同方差，分母自由度为N−K", "F is of all slopes, homoskedastic, with N - K below")
    shown = s.printed + "*" * (s.stars - s.number.stars)
    yield finding(table, "conditional", "df", parts.at(table, s), shown, why, label(zh(p), p.text()), condition)
