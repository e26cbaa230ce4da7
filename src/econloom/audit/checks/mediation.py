"""Mediation: total, direct and indirect effects of one sample; Sobel's statistic."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

from econloom.audit.checks import parts
from econloom.audit.checks import reasoning as r
from econloom.audit.checks.parts import finding, label, zh
from econloom.audit.findings import Finding
from econloom.audit.given import Given
from econloom.audit.interval import Interval
from econloom.audit.paper import Column, Estimate, PaperTable
from econloom.audit.words import CONSTANTS, folded

_ONE_SAMPLE = label(
    "三列为同一样本、相同控制变量的最小二乘", "least squares on one sample with the same other regressors"
)


@dataclass(frozen=True, slots=True)
class _Paths:
    """Three columns: the outcome, the mediator, and the outcome on the mediator too."""

    table: PaperTable
    panel: str
    total: Column
    first: Column
    direct: Column
    mediator: str

    @property
    def columns(self) -> tuple[Column, Column, Column]:
        return (self.total, self.first, self.direct)

    def cell(self, column: Column, row: str) -> Estimate:
        return next(e for e in self.table.by_column[self.panel, column.id] if e.row == row)

    @property
    def b(self) -> Estimate:
        return self.cell(self.direct, self.mediator)

    @property
    def one_sample(self) -> bool:
        """The three print one N and the same effects."""
        return parts.alike(self.table, self.total, self.direct, self.panel) and len(set(self.numbers)) == 1

    @property
    def numbers(self) -> list[str]:
        found = [self.table.statistic(c.id, "n", self.panel) for c in self.columns]
        return [str(n.number.value) for n in found if n is not None]


def check(table: PaperTable, given: Given) -> Iterator[Finding]:
    """c = c' + a b, its sign, one N, Sobel's z and the printed indirect effect."""
    for panel in table.panels:
        for paths in _found(table, panel):
            yield from _rows(paths)
            yield from _exact(paths)
            yield from _sobel(paths)


def _found(table: PaperTable, panel: str) -> Iterator[_Paths]:
    held = {c.id: {e.row for e in table.by_column.get((panel, c.id), ())} for c in table.columns}
    for total, direct in permutations(table.columns, 2):
        more = held[direct.id] - held[total.id]
        if len(more) != 1 or not held[total.id] <= held[direct.id] or parts.said(total) != parts.said(direct):
            continue
        mediator = next(iter(more))
        for first in table.columns:
            names = {folded(w) for w in (*first.head, first.dependent) if w}
            if first not in (total, direct) and folded(mediator) in names and held[first.id] == held[total.id]:
                yield _Paths(table, panel, total, first, direct, mediator)


def _rows(paths: _Paths) -> Iterator[Finding]:
    """The three columns have one N."""
    numbers = paths.numbers
    if len(numbers) == 3 and len(set(numbers)) > 1:
        why = label("中介效应三列的样本量不同，系数不能相减相乘",
                    "the columns of the mediation differ in N, so that their coefficients do not combine")  # fmt: skip
        place = paths.table.place("N", ", ".join(c.id for c in paths.columns), paths.panel)
        yield finding(paths.table, "suspicious", "mediation", place, "; ".join(numbers), why,
                      label("同一样本", "one sample"))  # fmt: skip


def _exact(paths: _Paths) -> Iterator[Finding]:
    linear = all(parts.ordinary(c) for c in paths.columns) and not parts.instrumented(paths.table)
    b = r.span(paths.b.coefficient)
    for row in (e.row for e in paths.table.by_column[paths.panel, paths.total.id]):
        if folded(row) in CONSTANTS:
            continue
        cells = [paths.cell(c, row) for c in paths.columns]
        c, a, rest = (r.span(e.coefficient) for e in cells)
        implied, place = rest + a * b, paths.table.place(row, ", ".join(k.id for k in paths.columns), paths.panel)
        printed = "; ".join(e.printed for e in (*cells, paths.b))
        if linear and paths.one_sample and not implied.meets(c):
            why = label(f"c'+ab为{zh(implied)}，不等于c", f"c' + a b is {implied.text()}, which is not c")
            yield finding(paths.table, "conditional", "mediation", place, printed, why,
                          label(zh(implied), implied.text()), _ONE_SAMPLE)  # fmt: skip
        elif not (linear and paths.one_sample) and _opposite(c - rest, a * b):
            why = label(f"c−c'为{zh(c - rest)}，与ab（{zh(a * b)}）符号相反",
                        f"c - c' is {(c - rest).text()}, of the opposite sign of a b ({(a * b).text()})")  # fmt: skip
            yield finding(paths.table, "suspicious", "mediation", place, printed, why,
                          label("同号", "the same sign"))  # fmt: skip


def _opposite(a: Interval, b: Interval) -> bool:
    return (a.low > 0 and b.high < 0) or (a.high < 0 and b.low > 0)


def _sobel(paths: _Paths) -> Iterator[Finding]:
    """z = a b / sqrt(a^2 s_b^2 + b^2 s_a^2), with s_a^2 s_b^2 more or less under the root (Aroian, Goodman)."""
    table = paths.table
    rows = [e.row for e in table.by_column[paths.panel, paths.total.id] if folded(e.row) not in CONSTANTS]
    s = next((x for c in reversed(paths.columns) if (x := table.statistic(c.id, "sobel", paths.panel))), None)
    product = next((x for c in reversed(paths.columns) if (x := table.statistic(c.id, "indirect", paths.panel))), None)
    options = [(paths.cell(paths.first, row), paths.b) for row in rows]
    if product is not None:
        found = [r.span(a.coefficient) * r.span(b.coefficient) for a, b in options]
        if found and not any(x.meets(product.interval) for x in found):
            why = label(f"ab为{zh(found[0])}", f"a b is {found[0].text()}")
            printed = f"{options[0][0].printed}; {paths.b.printed}; {product.row} {product.printed}"
            condition = label("间接效应为两系数之积", "the indirect effect is a b")
            yield finding(table, "conditional", "mediation", parts.at(table, product), printed, why,
                          label(zh(found[0]), found[0].text()), condition)  # fmt: skip
    if s is None:
        return
    ranges = [z for a, b in options if (z := _z(a, b)) is not None]
    if ranges and len(ranges) == len(options) and not any(abs(s.interval).meets(z) for z in ranges):
        why = label(f"由系数与标准误得出的Sobel z的绝对值为{zh(ranges[0])}",
                    f"by coefficients and standard errors |z| is {ranges[0].text()}")  # fmt: skip
        printed = f"{options[0][0].printed}; {paths.b.printed}; {s.row} {s.printed}"
        condition = label("Sobel、Aroian或Goodman的z统计量，同一样本", "z of Sobel, Aroian or Goodman, of one sample")
        yield finding(table, "conditional", "sobel", parts.at(table, s), printed, why,
                      label(zh(ranges[0]), ranges[0].text()), condition)  # fmt: skip


def _z(a: Estimate, b: Estimate) -> Interval | None:
    """|z|: one over the root of 1/t_a^2 + 1/t_b^2, plus or minus 1/(t_a t_b)^2."""
    ends = []
    for e in (a, b):
        s = r.standard_error(e)
        if s is None or s.high <= 0 or e.also:
            return None
        ends.append(abs(r.span(e.coefficient)) / s)
    low = _root(ends[0].low, ends[1].low, 1.0)
    high = max(_root(x, y, -1.0) for x in (ends[0].low, ends[0].high) for y in (ends[1].low, ends[1].high))
    return Interval(low * (1 - 1e-12), high * (1 + 1e-12))


def _root(ta: float, tb: float, more: float) -> float:
    """Monotone in each t, so that the ends lie at corners; infinite where Goodman's root has no value."""
    if ta == 0 or tb == 0:
        return 0.0 if more > 0 else math.inf
    if math.isinf(ta) or math.isinf(tb):
        return min(ta, tb) if more > 0 else math.inf
    under = 1 / ta**2 + 1 / tb**2 + more / (ta * tb) ** 2
    return math.inf if under <= 0 else 1 / math.sqrt(under)
