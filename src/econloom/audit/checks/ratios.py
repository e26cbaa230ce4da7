"""Numbers of one cell against each other: t against coefficient and standard error, signs, p, confidence intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from econloom.audit.checks import reasoning as r
from econloom.audit.findings import Finding
from econloom.audit.given import Given
from econloom.audit.interval import SLACK, Interval
from econloom.audit.levels import critical_values, normal_critical, p_value
from econloom.audit.paper import Estimate, PaperTable
from econloom.core.labels import Label

LEVELS_OF_INTERVALS = (0.10, 0.05, 0.01)


def check(table: PaperTable, given: Given) -> Iterator[Finding]:
    """t against coefficient and standard error, their signs, and p against both."""
    absolute = _absolute(table)
    for e in table.estimates:
        yield from _standard_error(e, table)
        if e.t is not None and not absolute and not table.note.transformed:
            yield from _sign(e, table)
        if not table.note.transformed:
            yield from _t(e, table)
        yield from _p(e, table, given)


def _absolute(table: PaperTable) -> bool:
    """Whether t values are printed without their signs: none is negative, though coefficients are."""
    held = [e for e in table.estimates if e.t is not None]
    negative = [e for e in held if r.span(e.coefficient).high < 0]
    return len(negative) > 1 and not any(e.t is not None and e.t.sign < 0 for e in held)


def _standard_error(e: Estimate, table: PaperTable) -> Iterator[Finding]:
    for se in (e.se, *e.also):
        if se is not None and r.span(se).high < 0:
            why = Label(zh="标准误不可能为负", en="a standard error cannot be negative")
            yield _certain("sign", e, table, e.printed, why, Label(zh="非负数", en="a number that is not negative"))


def _sign(e: Estimate, table: PaperTable) -> Iterator[Finding]:
    assert e.t is not None
    x, t = r.span(e.coefficient), r.span(e.t)
    if (x.low > 0 and t.high < 0) or (x.high < 0 and t.low > 0):
        why = Label(zh="系数与t值符号相反", en="coefficient and t have opposite signs")
        yield _certain("sign", e, table, e.printed, why, Label(zh="同号", en="the same sign"))


def _t(e: Estimate, table: PaperTable) -> Iterator[Finding]:
    if e.t is None or e.se is None:
        return
    t, found = abs(r.span(e.t)), [r.ratio(e.coefficient, se) for se in (e.se, *e.also)]
    if not any(t.meets(x) for x in found):
        why = Label(
            zh=f"系数除以标准误的绝对值在{_zh(found[0])}之间，印刷的t值为{e.t.text}",
            en=f"|coefficient / SE| is {found[0].text()}, but t is printed as {e.t.text}",
        )
        yield _certain("t_ratio", e, table, e.printed, why, Label(zh=_zh(found[0]), en=found[0].text()))


def _p(e: Estimate, table: PaperTable, given: Given) -> Iterator[Finding]:
    if e.p is None:
        return
    p = r.span(e.p)
    if p.above(1) or p.high < 0:
        why = Label(zh="p值应在0与1之间", en="a p value is between 0 and 1")
        yield _certain("p_value", e, table, e.printed, why, Label(zh="0至1", en="0 to 1"))
        return
    if table.note.resampled:
        return
    found = r.ratios(e, table)
    if not found:
        return
    df = r.plausible_df(table, e.column, given, e.panel)
    ranges = [Interval(p_value(t.high, math.inf), p_value(t.low, df.low)) for t in found]
    if not any(p.meets(x) for x in ranges):
        why = Label(
            zh=f"|t|为{_zh(found[0])}，p值应在{_zh(ranges[0])}之间（自由度至少为{df.low:.0f}）",
            en=f"|t| is {found[0].text()}, which gives p of {ranges[0].text()} "
            f"(degrees of freedom at least {df.low:.0f})",
        )
        yield _certain("p_value", e, table, e.printed, why, Label(zh=_zh(ranges[0]), en=ranges[0].text()))


def intervals(table: PaperTable, given: Given) -> Iterator[Finding]:
    """Confidence intervals: order of ends, the estimate inside, the middle, the width, and stars."""
    for e in table.estimates:
        if e.interval is None:
            continue
        low, high = (r.span(x) for x in e.interval)
        x = r.span(e.coefficient)
        if low.low > high.high:
            why = Label(zh="下限大于上限", en="the lower end is above the upper end")
            yield _certain("interval", e, table, e.printed, why, Label(zh="下限不大于上限", en="ends in order"))
        elif x.high < low.low or x.low > high.high:
            why = Label(zh="估计值不在其置信区间内", en="the estimate is outside its confidence interval")
            yield _conditional("interval", e, table, why, Label(zh=f"{low.low:g}至{high.high:g}",
                               en=f"{low.low:g} to {high.high:g}"), _PLAIN_INTERVAL)  # fmt: skip
        elif not table.note.transformed and not table.note.resampled:
            yield from _symmetric(e, x, low, high, table, given)


_PLAIN_INTERVAL = Label(
    zh="置信区间为估计值加减临界值乘以标准误（非自助法、非比值）",
    en="the interval is the estimate plus and minus a critical value times the SE (no bootstrap, no ratio)",
)


def _symmetric(
    e: Estimate, x: Interval, low: Interval, high: Interval, table: PaperTable, given: Given
) -> Iterator[Finding]:
    middle = (low + high) / 2.0
    if not middle.meets(x):
        why = Label(
            zh=f"区间中点在{_zh(middle)}之间，不等于估计值", en=f"the middle of the interval is {middle.text()}"
        )
        yield _conditional("interval", e, table, why, Label(zh=_zh(middle), en=middle.text()), _PLAIN_INTERVAL)
        return
    if e.se is not None:
        yield from _width(e, _half(x, low, high), table, given)
    yield from _against_stars(e, low, high, table, given)


def _levels(table: PaperTable) -> Sequence[float]:
    return table.note.levels or LEVELS_OF_INTERVALS


def _half(x: Interval, low: Interval, high: Interval) -> Interval:
    """Half the width, for some estimate and ends inside all three intervals."""
    least = max(x.low - low.high, high.low - x.high, (high.low - low.high) / 2)
    most = min(x.high - low.low, high.high - x.low, (high.high - low.low) / 2)
    return Interval(least * (1 - SLACK), most * (1 + SLACK))


def _width(e: Estimate, half: Interval, table: PaperTable, given: Given) -> Iterator[Finding]:
    """Half the width over the standard error is a critical value."""
    assert e.se is not None
    multiple = half / Interval(max(r.span(e.se).low, 0.0), r.span(e.se).high)
    low = int(r.plausible_df(table, e.column, given, e.panel).low)
    wanted = [(normal_critical(a), critical_values(a)[low - 1 :]) for a in _levels(table)]
    if not any(multiple.contains(z) or _holds(multiple, t) for z, t in wanted):
        shown = " / ".join(Interval(z, float(t[0])).text() for z, t in wanted)
        why = Label(
            zh=f"区间半宽为标准误的{_zh(multiple)}倍，应为{shown.replace(' to ', '至')}中某一自由度的临界值",
            en=f"half the width is {multiple.text()} standard errors, not a critical value ({shown})",
        )
        yield _conditional("interval", e, table, why, Label.same(shown), _PLAIN_INTERVAL)


def _holds(multiple: Interval, critical: np.ndarray) -> bool:
    """Whether one of the critical values is inside; beyond the last one they are taken for dense."""
    inside = (critical >= multiple.low * (1 - SLACK)) & (critical <= multiple.high * (1 + SLACK))
    return bool(inside.any())


def _against_stars(e: Estimate, low: Interval, high: Interval, table: PaperTable, given: Given) -> Iterator[Finding]:
    """A 95 per cent interval leaves zero out exactly where the coefficient is significant at 5 per cent."""
    schemes = r.schemes(table, given)
    if len(_levels(table)) != 1 or len(schemes) != 1 or not any(x.stars for x in table.estimates):
        return
    level, cuts = _levels(table)[0], schemes[0]
    place = next((n for n, c in enumerate(cuts, 1) if math.isclose(c, level)), None)
    marked = (e.panel, e.row) in table.starred_rows
    if place is None or not marked or e.stars > len(cuts):
        return
    significant = e.stars >= place
    if significant and low.high < 0 < high.low:
        why = Label(
            zh=f"区间含零，但标注在{level:.0%}水平显著",
            en=f"the interval holds zero, but the stars say significant at {level:.0%}",
        )
        yield _conditional("interval", e, table, why, Label(zh="更少的星号", en="fewer stars"), _PLAIN_INTERVAL)
    if not significant and (low.low > 0 or high.high < 0):
        why = Label(
            zh=f"区间不含零，但未标注在{level:.0%}水平显著",
            en=f"the interval leaves zero out, but the stars do not say significant at {level:.0%}",
        )
        yield _conditional("interval", e, table, why, Label(zh="更多的星号", en="more stars"), _PLAIN_INTERVAL)


def _certain(check: str, e: Estimate, table: PaperTable, printed: str, why: Label, possible: Label) -> Finding:
    return Finding("certain", check, table.place(e.row, e.column, e.panel), printed, why, possible, table=table.name)


def _conditional(check: str, e: Estimate, table: PaperTable, why: Label, possible: Label, condition: Label) -> Finding:
    place = table.place(e.row, e.column, e.panel)
    return Finding("conditional", check, place, e.printed, why, possible, condition, table.name)


def _zh(x: Interval) -> str:
    return x.text().replace(" to ", "至")
