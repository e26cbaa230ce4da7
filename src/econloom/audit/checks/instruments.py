"""Statistics of instruments against each other, and two-stage least squares against the columns beside it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from econloom.audit.checks import parts
from econloom.audit.checks import reasoning as r
from econloom.audit.checks.parts import finding, label, zh
from econloom.audit.findings import Finding
from econloom.audit.given import Given
from econloom.audit.interval import Interval
from econloom.audit.paper import Column, Estimate, PaperTable, Statistic
from econloom.audit.words import CONSTANTS, INSTRUMENTED, folded

_OLS = re.compile(r"\bols\b|普通最小二乘|基准回归", re.IGNORECASE)
_OTHER_METHOD = re.compile(r"gmm|\bliml\b|tobit|probit|logit|poisson|control function", re.IGNORECASE)
_SMALLER = 0.8  # errors of 2SLS below this share of those of least squares are pointed out


def check(table: PaperTable, given: Given) -> Iterator[Finding]:
    """First stages against F and the second stage; LM and F of their rank; errors against those of least squares."""
    for panel in table.panels:
        for c in table.columns:
            yield from _rank(table, c, panel)
        for system in _systems(table, panel):
            yield from _square(system)
            yield from _cragg_donald(system)
            yield from _lagrange(system)
            yield from _reduced(system)
            yield from _identified(system)
            yield from _precision(system)
        yield from _smaller(table, panel)


@dataclass(frozen=True, slots=True)
class _System:
    """A first stage and its second stage, with one endogenous regressor and all others the same in both."""

    table: PaperTable
    panel: str
    first: Column
    second: Column
    endogenous: str
    instruments: tuple[str, ...]

    def cell(self, column: Column, row: str) -> Estimate:
        return next(e for e in self.table.by_column[self.panel, column.id] if e.row == row)

    def statistic(self, *roles: str) -> Statistic | None:
        """The first of these, in either column."""
        found = (self.table.statistic(c.id, k, self.panel) for k in roles for c in (self.first, self.second))
        return next((s for s in found if s is not None), None)

    @property
    def residual(self) -> list[Interval]:
        """N - K of the second stage, with or without a constant; a range if some regressors are not printed."""
        n = r.rows_of(self.table, self.second.id, self.panel)
        if n is None:
            return []
        rows = round(n.middle)
        most = rows - len(parts.slopes(self.table, self.second.id, self.panel))
        if parts.complete(self.table, self.second, self.panel):
            return [Interval.exactly(float(m)) for m in (most - 1, most) if m > 0]
        return [Interval(max(1.0, rows / r.ROWS_PER_DF), float(most))] if most > rows / r.ROWS_PER_DF else []


def _systems(table: PaperTable, panel: str) -> Iterator[_System]:
    for first, second in parts.stages(table):
        a, b = (parts.slopes(table, c.id, panel) for c in (first, second))
        endogenous, instruments = b - a, tuple(e.row for e in table.by_column.get((panel, first.id), ())
                                               if e.row in a - b)  # fmt: skip
        if len(endogenous) == 1 and instruments and not (table.note.transformed or table.note.resampled):
            yield _System(table, panel, first, second, next(iter(endogenous)), instruments)


def _f_of_t(system: _System) -> Interval | None:
    """The square of the instrument's t, where there is one instrument."""
    if len(system.instruments) != 1:
        return None
    found = r.ratios(system.cell(system.first, system.instruments[0]), system.table)
    return found[0] * found[0] if len(found) == 1 else None


def _square(system: _System) -> Iterator[Finding]:
    """With one instrument, F of the first stage is t squared."""
    square = _f_of_t(system)
    roles = ["first_stage_f", "kp_f"]
    table, slopes = system.table, parts.slopes(system.table, system.first.id, system.panel)
    s = system.statistic(*roles)
    if s is None and len(slopes) == 1 and parts.complete(table, system.first, system.panel):
        s = table.statistic(system.first.id, "f", system.panel)
    if square is None or s is None or square.meets(s.interval):
        return
    e = system.cell(system.first, system.instruments[0])
    why = label(f"唯一工具变量的t值平方为{zh(square)}", f"t squared of the one instrument is {square.text()}")
    condition = label("只有一个工具变量，F与标准误用同一协方差",
                      "one instrument; F rests on the covariance of the standard error")  # fmt: skip
    printed = f"{e.printed}; {s.row} {s.printed}"
    yield finding(table, "conditional", "first_stage_f", parts.at(table, s), printed, why,
                  label(zh(square), square.text()), condition)  # fmt: skip


_ONE = label(
    "一个内生变量，同方差，两统计量自由度相同", "one endogenous regressor, homoskedastic, the same degrees of freedom"
)


def _cragg_donald(system: _System) -> Iterator[Finding]:
    """With one endogenous regressor, Cragg-Donald F is the homoskedastic F of the first stage."""
    table = system.table
    first, rank = system.statistic("first_stage_f"), system.statistic("cragg_donald_f")
    if first is None or rank is None or not parts.homoskedastic(table, system.first, system.second):
        return
    if not first.interval.meets(rank.interval):
        why = label("一个内生变量时两者相等", "with one endogenous regressor the two are equal")
        printed = f"{first.row} {first.printed}; {rank.row} {rank.printed}"
        yield finding(table, "conditional", "first_stage_f", parts.at(table, first, rank), printed, why,
                      label(first.number.text, first.number.text), _ONE)  # fmt: skip


def _lagrange(system: _System) -> Iterator[Finding]:
    """LM = N L F / (L F + N - K), with K of the first stage."""
    table = system.table
    lm, f = system.statistic("anderson_lm"), system.statistic("cragg_donald_f")
    n = r.rows_of(table, system.second.id, system.panel)
    if lm is None or f is None or n is None or f.interval.low <= 0:
        return
    rows, lf = Interval.exactly(float(round(n.middle))), f.interval * float(len(system.instruments))
    below = [m - float(len(system.instruments) - 1) for m in system.residual]
    implied = [rows / (Interval.exactly(1) + m / lf) for m in below if m.low > 0]
    if implied and not any(x.meets(lm.interval) for x in implied):
        why = label(f"由Cragg–Donald F得出的LM为{zh(implied[0])}", f"by Cragg-Donald F it is {implied[0].text()}")
        printed = f"{lm.row} {lm.printed}; {f.row} {f.printed}"
        yield finding(table, "conditional", "rank", parts.at(table, lm, f), printed, why,
                      label(zh(implied[0]), implied[0].text()), _ONE)  # fmt: skip


def _reduced(system: _System) -> Iterator[Finding]:
    """With one instrument, the reduced form is the first stage times the second."""
    table, panel = system.table, system.panel
    columns = [c for c in table.columns if parts.is_reduced(c)]
    if len(columns) != 1 or len(system.instruments) != 1:
        return
    rows = {e.row: e for e in table.by_column.get((panel, columns[0].id), ())}
    z, same = system.instruments[0], parts.slopes(table, system.first.id, panel)
    numbers = {s.number.value if (s := table.statistic(c.id, "n", panel)) else None
               for c in (system.first, system.second, columns[0])}  # fmt: skip
    if z not in rows or parts.slopes(table, columns[0].id, panel) != same or len(numbers) != 1 or None in numbers:
        return
    cells = (rows[z], system.cell(system.first, z), system.cell(system.second, system.endogenous))
    reduced, first, second = (r.span(e.coefficient) for e in cells)
    implied = first * second
    if not implied.meets(reduced):
        why = label(f"一阶段系数乘以二阶段系数为{zh(implied)}", f"first stage times second stage is {implied.text()}")
        condition = label(
            "一个工具变量，三列样本与控制变量相同", "one instrument, the same rows and controls in all three"
        )
        place = table.place(z, f"{columns[0].id}, {system.first.id}, {system.second.id}", panel)
        yield finding(table, "conditional", "reduced_form", place, "; ".join(e.printed for e in cells), why,
                      label(zh(implied), implied.text()), condition)  # fmt: skip


def _identified(system: _System) -> Iterator[Finding]:
    """With as many instruments as endogenous regressors nothing is left to be tested."""
    s = system.table.statistic(system.second.id, "sargan", system.panel) or system.table.statistic(
        system.second.id, "hansen", system.panel
    )
    if s is None or len(system.instruments) != 1 or s.interval.low <= 0:
        return
    if not parts.complete(system.table, system.first, system.panel):
        return
    why = label(
        "恰好识别时过度识别统计量恒为零", "exactly identified: the statistic is zero and has no degrees of freedom"
    )
    condition = label("一个内生变量，一阶段印出的唯一工具变量就是全部工具变量",
                      "one endogenous regressor, and the first stage prints every instrument")  # fmt: skip
    yield finding(system.table, "conditional", "df", parts.at(system.table, s), s.printed, why,
                  label("空白", "nothing"), condition)  # fmt: skip


def _precision(system: _System) -> Iterator[Finding]:
    """SE(2SLS)^2 = (SE(OLS)^2 + gap^2 / m) (1 + (m - L + 1) / (L F)), m = N - K, or m/N of it."""
    table, panel = system.table, system.panel
    if not parts.homoskedastic(table, *table.columns) or _OTHER_METHOD.search(system.second.words):
        return
    f = _first_f(system)
    cell = system.cell(system.second, system.endogenous)
    for c in _least_squares(table, system.second, panel):
        e = next(e for e in table.by_column[panel, c.id] if e.row == system.endogenous)
        ends = [r.standard_error(x) for x in (cell, e)]
        if f is None or ends[0] is None or ends[1] is None:
            continue
        implied = _two_stage_errors(ends[1], r.span(cell.coefficient) - r.span(e.coefficient), f, system)
        if implied and not any(x.meets(ends[0]) for x in implied):
            why = label(
                f"由OLS标准误、系数之差与一阶段F得出的2SLS标准误为{zh(implied[0])}",
                f"by the OLS standard error, the two coefficients and the first-stage F it is {implied[0].text()}",
            )
            condition = label("同方差标准误，样本与控制变量相同，一个内生变量",
                              "homoskedastic errors, the same rows and controls, one endogenous regressor")  # fmt: skip
            place = table.place(system.endogenous, f"{system.second.id}, {c.id}", panel)
            yield finding(table, "conditional", "iv_se", place, f"{cell.printed}; {e.printed}; F {f.text()}", why,
                          label(zh(implied[0]), implied[0].text()), condition)  # fmt: skip


def _first_f(system: _System) -> Interval | None:
    """L F of the first stage, homoskedastic, as printed or by the t of the one instrument."""
    s = system.statistic("cragg_donald_f", "first_stage_f")
    if s is not None and s.interval.low > 0:
        return s.interval * float(len(system.instruments))
    square = _f_of_t(system)
    return square if square is not None and square.low > 0 else None


def _two_stage_errors(ols: Interval, apart: Interval, lf: Interval, system: _System) -> list[Interval]:
    """By each N - K; the variance of the errors with N - K or with N below the fraction."""
    gap, one = abs(apart), Interval.exactly(1)
    n = r.rows_of(system.table, system.second.id, system.panel)
    found = []
    for m in system.residual:
        below = m - float(len(system.instruments) - 1)  # N - K of the first stage
        if n is None or below.low <= 0:
            continue
        variance = (ols * ols + gap * gap / m) * (one + below / lf)
        found += [(variance * small).mapped(math.sqrt) for small in (one, m / Interval.exactly(float(round(n.middle))))]
    return found


def _least_squares(table: PaperTable, second: Column, panel: str) -> Iterator[Column]:
    """Least-squares columns with the rows and regressors of a 2SLS one."""
    n = table.statistic(second.id, "n", panel)
    for c in table.columns:
        other = table.statistic(c.id, "n", panel)
        same = n is not None and other is not None and n.number.value == other.number.value
        if (
            same
            and parts.slopes(table, c.id, panel) == parts.slopes(table, second.id, panel)
            and _OLS.search(c.words)
            and parts.ordinary(c)
            and _outcome(c) == _outcome(second)
        ):
            yield c


def _outcome(c: Column) -> tuple[str, ...]:
    """What is said above a column beside its method."""
    said = [h for h in (*c.head, c.dependent, c.sample) if not (_OLS.search(h) or INSTRUMENTED.search(h))]
    return tuple(said)


def _smaller(table: PaperTable, panel: str) -> Iterator[Finding]:
    """Two-stage least squares with a standard error below that of least squares on the same rows."""
    first = {c.id for c in table.columns if parts.is_first_stage(c) or parts.is_reduced(c)}
    for v in table.columns:
        if v.id in first or not INSTRUMENTED.search(v.words) or _OTHER_METHOD.search(v.words):
            continue
        for c in _least_squares(table, v, panel):
            rows = {e.row: e for e in table.by_column[panel, c.id]}
            for e in table.by_column[panel, v.id]:
                yield from _below(table, e, rows.get(e.row))


def _below(table: PaperTable, e: Estimate, ols: Estimate | None) -> Iterator[Finding]:
    if ols is None or folded(e.row) in CONSTANTS:
        return
    ends = [r.standard_error(x) for x in (e, ols)]
    if ends[0] is not None and ends[1] is not None and ends[0].high < _SMALLER * ends[1].low:
        why = label("2SLS的标准误小于相同样本OLS的标准误",
                    "the standard error of 2SLS is below that of OLS on the same rows")  # fmt: skip
        place = table.place(e.row, f"{e.column}, {ols.column}", e.panel)
        printed = f"{e.printed}; {ols.printed}"
        yield finding(table, "suspicious", "iv_se", place, printed, why, label(ends[1].text(), ends[1].text()))


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
