"""Columns against each other: copies, multiples, pooled slopes, differences between groups, event windows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from econloom.audit.checks import reasoning as r
from econloom.audit.checks.parts import finding, label, zh
from econloom.audit.findings import Finding
from econloom.audit.given import Given
from econloom.audit.interval import Interval
from econloom.audit.numerals import Numeral
from econloom.audit.paper import Column, Estimate, PaperTable
from econloom.audit.words import CONSTANTS, FULL, folded, said_base

_DIGITS = 16  # significant digits that two equal columns must share before they are pointed out
GROUPS = re.compile(r"异质性|分组|分样本|heterogene|subsample|subgroup|by group|split", re.IGNORECASE)
_PERIOD = re.compile(
    r"^(?:k ?=? ?|t ?|d_?|event_?|rel(?:ative)?_?|period ?)?([-+−]\d{1,2})$|^(pre|before|lead|前|f)[ _-]?(\d{1,2})期?$"
    r"|^(post|after|lag|后|l)[ _-]?(\d{1,2})期?$|^(current|当期|post0|d0|t0|k ?=? ?0|t ?=? ?0|事件当期)$",
    re.IGNORECASE,
)
_BASE = re.compile(r"基期|基准期|基准组|参照期|参照组|omitted|"
    r"reference (?:period|year)|base (?:period|year)|relative to|剔除|normali[sz]ed",
                   re.IGNORECASE)  # fmt: skip


def check(table: PaperTable, given: Given) -> Iterator[Finding]:
    """Every rule about columns side by side."""
    for panel in table.panels:
        held = {c.id: {e.row: e for e in table.by_column.get((panel, c.id), ())} for c in table.columns}
        yield from _copies(table, panel, held)
        yield from _proportional(table, panel, held)
        yield from _pooled(table, panel, held)
        yield from _groups(table, panel, held, given)
        yield from _windows(table, panel, held, given)


Held = dict[str, dict[str, Estimate]]


def _copies(table: PaperTable, panel: str, held: Held) -> Iterator[Finding]:
    """Two columns with the same coefficients and brackets to the last digit."""
    seen: dict[tuple[object, ...], str] = {}
    for column, rows in held.items():
        numbers = [
            (row, *(str(x.value) for x in (e.coefficient, e.se, e.t, e.p, e.unclear) if x)) for row, e in rows.items()
        ]
        digits = sum(len(t.lstrip("-0.").replace(".", "")) for entry in numbers for t in entry[1:])
        key = tuple(numbers)
        if digits < _DIGITS:
            continue
        if key in seen:
            why = label(f"与第{seen[key]}列完全相同", f"the same to the last digit as column {seen[key]}")
            first = next(iter(rows.values()))
            place = table.place(column=column, panel=panel)
            yield finding(table, "suspicious", "copy", place, first.printed, why, label("不同的数值", "other numbers"))
        seen.setdefault(key, column)


def _proportional(table: PaperTable, panel: str, held: Held) -> Iterator[Finding]:
    """Two columns of which every coefficient and standard error is one multiple, or all but one number."""
    for a, b in combinations(held, 2):
        rows = held[a]
        if set(rows) != set(held[b]) or len(rows) < _PROPORTIONAL_ROWS or not _same_n(table, panel, a, b):
            continue
        pairs = [(row, x, y) for row, e in rows.items() for x, y in _numbers(e, held[b][row])]
        if (
            all(x.value == y.value for _, x, y in pairs)
            or _common([_times(x, y) for _, x, y in pairs[:_FIRST]])[0] is None
        ):
            continue
        found = [(row, x, y, _times(x, y)) for row, x, y in pairs]
        if any(x.value == 0 for _, x, _ in pairs) or len(found) < 2 * _PROPORTIONAL_ROWS:
            continue
        common, odd = _common([k for *_, k in found])
        if common is None or common.contains(1.0) or common.high - common.low > 0.01 * common.high:
            continue
        place = table.place(column=f"{a}, {b}", panel=panel)
        if odd is None:
            why = label(f"第{b}列的每个系数与标准误都是第{a}列的{zh(common)}倍{_loo(common, 'zh')}，不是另一项证据",
                        f"every coefficient and error of column {b} is {common.text()} times that of column {a}"
                        f"{_loo(common, 'en')}: no evidence of its own")  # fmt: skip
            yield finding(table, "suspicious", "proportional", place, f"{pairs[0][1].text}; {pairs[0][2].text}", why,
                          label("说明两列的关系", "say how the columns are related"))  # fmt: skip
        elif len(found) > 2 * _PROPORTIONAL_ROWS:
            row, x, y, k = found[odd]
            why = label(
                f"两列其余各数之比均为{zh(common)}，此处为{zh(k)}",
                f"all other numbers of the two columns have a ratio of {common.text()}, this one of {k.text()}",
            )
            expected = abs(r.span(x)) * common
            yield finding(table, "suspicious", "proportional", table.place(row, f"{a}, {b}", panel),
                          f"{x.text}; {y.text}", why, label(zh(expected), expected.text()))  # fmt: skip


_PROPORTIONAL_ROWS = 2
_FIRST = 8  # numbers of two columns that are compared before all of them are


def _times(x: Numeral, y: Numeral) -> Interval:
    return abs(r.span(y)) / abs(r.span(x))


def _same_n(table: PaperTable, panel: str, a: str, b: str) -> bool:
    numbers = [table.statistic(c, "n", panel) for c in (a, b)]
    return len({None if n is None else n.number.value for n in numbers}) == 1


def _numbers(a: Estimate, b: Estimate) -> list[tuple[Numeral, Numeral]]:
    """Coefficients and standard errors of two cells; t values say nothing of scale."""
    pairs = [(a.coefficient, b.coefficient), (a.se, b.se)]
    return [(x, y) for x, y in pairs if x is not None and y is not None]


def _common(found: list[Interval]) -> tuple[Interval | None, int | None]:
    """What all intervals share, or all but one, with the place of that one."""
    places = range(len(found))
    tries: list[int | None] = [None, max(places, key=lambda k: found[k].low), min(places, key=lambda k: found[k].high)]
    for odd in tries:
        kept = [x for k, x in enumerate(found) if k != odd]
        both = Interval(max(x.low for x in kept), min(x.high for x in kept))
        if not both.empty:
            return both, odd
    return None, None


def _loo(common: Interval, lang: str) -> str:
    """Whether the multiple is n/(n - 1), as of a gap to the mean of all others."""
    n = next((n for n in range(2, 400) if common.contains(n / (n - 1)) or common.contains((n - 1) / n)), None)
    if n is None:
        return ""
    return f"（如{n}/{n - 1}）" if lang == "zh" else f" (such as {n}/{n - 1})"


def _pooled(table: PaperTable, panel: str, held: Held) -> Iterator[Finding]:
    """A slope of the whole sample outside the slopes of its parts."""
    whole = [c for c in table.columns if any(FULL.match(h.strip()) for h in c.head)]
    if len(whole) != 1 or len(table.columns) < 3:
        return
    others = [c for c in table.columns if c is not whole[0]]
    for row, e in held[whole[0].id].items():
        cells = [held[c.id].get(row) for c in others]
        spans = [r.span(x.coefficient) for x in cells if x is not None]
        if len(spans) < len(others) or folded(row) in CONSTANTS:
            continue
        pooled, low, high = r.span(e.coefficient), min(x.low for x in spans), max(x.high for x in spans)
        if pooled.high < low or pooled.low > high:
            why = label("全样本系数不在各子样本系数之间", "the slope of the whole sample is outside those of its parts")
            printed = "; ".join(x.printed for x in (e, *(x for x in cells if x)))
            possible = label(f"{low:.4g}至{high:.4g}", f"{low:.4g} to {high:.4g}")
            yield finding(table, "suspicious", "pooled", table.place(row, panel=panel), printed, why, possible)


def _groups(table: PaperTable, panel: str, held: Held, given: Given) -> Iterator[Finding]:
    """One group is significant, the other is not, and their difference is not either."""
    about = f"{table.title} {' '.join(c.words for c in table.columns)}"
    if not GROUPS.search(about):
        return
    for a, b in combinations(table.columns, 2):
        if not _one_outcome(a, b):
            continue
        common = [k for k in held[a.id] if k in held[b.id] and folded(k) not in CONSTANTS]
        for row in common[:1]:
            x, y = held[a.id][row], held[b.id][row]
            if x.se is None or y.se is None or bool(x.stars) == bool(y.stars):
                continue
            gap = abs(r.span(x.coefficient) - r.span(y.coefficient))
            least = (max(0.0, r.span(x.se).low) ** 2 + max(0.0, r.span(y.se).low) ** 2) ** 0.5
            if least > 0 and gap.high / least < 1.645:
                z = Interval(gap.low / (r.span(x.se).high ** 2 + r.span(y.se).high ** 2) ** 0.5, gap.high / least)
                why = label(
                    f"一组显著、另一组不显著，但两组系数之差的z值仅为{zh(z, 3)}",
                    f"one group is significant and the other is not, but the difference has z of {z.text(3)}",
                )
                possible = label("检验组间差异", "test the difference")
                place = table.place(row, f"{a.id}, {b.id}", panel)
                yield finding(table, "suspicious", "groups", place, f"{x.printed}; {y.printed}", why, possible)


def _one_outcome(a: Column, b: Column) -> bool:
    """Whether two columns can be groups of one outcome."""
    if a.dependent or b.dependent:
        return a.dependent == b.dependent
    return len(a.head) <= 1 or len(b.head) <= 1 or bool(set(a.head) & set(b.head))


def _windows(table: PaperTable, panel: str, held: Held, given: Given) -> Iterator[Finding]:
    """An event window of which the note does not say the period left out."""
    if _BASE.search(f"{table.note.text} {table.title} {given.text}"):
        return
    named = {m.column for m in table.marks if m.panel == panel and said_base(m.text)}
    for column, rows in held.items():
        if column in named:
            continue
        periods = sorted({p for row in rows if (p := _period(row)) is not None})
        if len(periods) < 4 or periods[0] >= 0 or periods[-1] < 0:
            continue
        absent = sorted(set(range(periods[0], periods[-1] + 1)) - set(periods))
        shown = f"{periods[0]}..{periods[-1]}"
        if absent:
            words = ", ".join(map(str, absent))
            why = label(
                f"窗口{shown}缺少{words}，但未说明基期", f"the window {shown} leaves out {words}, and no base is named"
            )
        else:
            why = label(
                f"窗口{shown}没有缺少任何一期，也未说明基期",
                f"the window {shown} leaves out no period, and no base is named",
            )
        possible = label("在注释中说明基期", "name the base period in the note")
        place, printed = table.place(column=column, panel=panel), ", ".join(map(str, periods))
        yield finding(table, "suspicious", "window", place, printed,
                      why, possible)  # fmt: skip
        return


def _period(row: str) -> int | None:
    match = _PERIOD.match(row.strip())
    if match is None:
        return None
    if match[1]:
        return int(match[1].replace("−", "-"))
    if match[3]:
        return -int(match[3])
    return int(match[5]) if match[5] else 0
