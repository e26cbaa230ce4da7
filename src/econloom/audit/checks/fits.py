"""Measures of fit: the range of R2, nested columns, adjusted R2, R2 against log likelihoods, likelihood ratios."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from scipy import special

from econloom.audit.checks import parts
from econloom.audit.checks import reasoning as r
from econloom.audit.checks.parts import SAME_ROWS, finding, label, zh
from econloom.audit.findings import Finding, Level
from econloom.audit.given import Given
from econloom.audit.interval import Interval
from econloom.audit.levels import bounds
from econloom.audit.paper import Column, PaperTable, Statistic
from econloom.audit.words import R2_ROLES

_UNADJUSTED = ("r2", "r2_within", "r2_overall")


def ranges(table: PaperTable, given: Given) -> Iterator[Finding]:
    """R2 is at most 1; unadjusted R2 of least squares with a constant is at least 0; the adjusted one is not larger."""
    columns = {c.id: c for c in table.columns}
    for s in table.statistics:
        if s.role not in R2_ROLES:
            continue
        x = s.interval
        if x.above(1):
            percent = not x.above(100)
            why = label("R²不可能大于1", "R2 cannot be above 1")
            condition = label("R²不是以百分数表示", "R2 is not in per cent") if percent else None
            level: Level = "conditional" if percent else "certain"
            yield finding(
                table, level, "r2", parts.at(table, s), s.printed, why, label("至多1", "at most 1"), condition
            )
        elif (
            s.role in {"r2", "r2_within"}
            and x.below(0)
            and not parts.instrumented(table)
            and s.column in columns
            and parts.ordinary(columns[s.column])
        ):
            why = label(
                "含常数项的最小二乘未调整R²不可能为负", "unadjusted R2 of least squares with a constant is not negative"
            )
            condition = label("普通最小二乘、含常数项、未调整", "least squares with a constant, unadjusted")
            yield finding(
                table, "conditional", "r2", parts.at(table, s), s.printed, why, label("至少0", "at least 0"), condition
            )
    for c in table.columns:
        for panel in table.panels:
            yield from _adjusted(table, c, panel)


def _adjusted(table: PaperTable, c: Column, panel: str) -> Iterator[Finding]:
    """1 - adjusted = (1 - R2)(N - 1)/(N - K) for a whole number K of at least the printed coefficients."""
    plain, adjusted = (table.statistic(c.id, role, panel) for role in ("r2", "r2_adjusted"))
    n = r.rows_of(table, c.id, panel)
    if (
        plain is None
        or adjusted is None
        or "within" in adjusted.row.lower()
        or not parts.ordinary(c)
        or parts.instrumented(table)
    ):
        return
    printed = f"{plain.row} {plain.printed}; {adjusted.row} {adjusted.printed}"
    condition = label("两者为同一种R²，普通最小二乘", "both are of one kind, of least squares")
    if adjusted.interval.low > plain.interval.high:
        why = label("调整后的R²大于R²", "adjusted R2 is above R2")
        possible = label(f"至多{plain.number.text}", f"at most {plain.number.text}")
        yield finding(table, "conditional", "r2", parts.at(table, plain, adjusted), printed, why, possible, condition)
    elif n is not None and n.low > 2:
        rows = round(n.middle)
        kept = (Interval.exactly(1) - plain.interval) / (Interval.exactly(1) - adjusted.interval) * float(rows - 1)
        least = 1 + len(parts.slopes(table, c.id, panel))
        # the whole numbers N - K from 1 to N - least
        most = math.floor(max(0.0, min(kept.high, rows - least)) * (1 + 1e-9))
        if most < max(1.0, kept.low * (1 - 1e-9)):
            why = label(
                f"两者之差要求N−K在{zh(kept)}之间，与N={rows}、至少{least}个系数不符",
                f"their difference takes N - K of {kept.text()}, but N is {rows} with at least {least} coefficients",
            )
            possible = label("其他取值", "other values")
            yield finding(
                table, "conditional", "r2", parts.at(table, plain, adjusted), printed, why, possible, condition
            )


def nested(table: PaperTable, given: Given) -> Iterator[Finding]:
    """More regressors on the same rows never lose R2 or log likelihood; R2 and log likelihoods move together."""
    wrong_kind: list[tuple[Statistic, Statistic, str]] = []
    for panel, a, b in parts.nested(table, likelihood=True):
        linear = parts.ordinary(a) and parts.ordinary(b)
        for role in (*_UNADJUSTED, "loglik") if linear else ("loglik", "r2_pseudo"):
            small, large = (table.statistic(c.id, role, panel) for c in (a, b))
            if (
                small is not None
                and large is not None
                and small.row == large.row
                and large.interval.high < small.interval.low
            ):
                what = "对数似然" if role == "loglik" else "R²"
                why = label(f"加入变量后{what}下降", f"{small.row} falls as regressors are added")
                printed = f"{small.printed}; {large.printed}"
                possible = label(f"至少{small.number.text}", f"at least {small.number.text}")
                yield finding(
                    table, "conditional", "nested", parts.at(table, small, large), printed, why, possible, SAME_ROWS
                )
        if linear:
            yield from _likelihood(table, panel, a, b, wrong_kind)
    if wrong_kind:
        first, second, ll = wrong_kind[0]
        why = label(
            f"标为调整后的R²，但与对数似然之差（{ll}）只在未调整时相符（{len(wrong_kind)}对列）",
            f"labelled adjusted, but with the log likelihoods (difference {ll}) only unadjusted R2 agrees "
            f"({len(wrong_kind)} pairs of columns)",
        )
        printed = f"{first.printed}; {second.printed}"
        possible = label("标签应为R²", "the label R2")
        yield finding(
            table, "conditional", "r2_kind", parts.at(table, first, second), printed, why, possible, _GAUSSIAN
        )


_GAUSSIAN = label(
    "最小二乘的对数似然，各列样本和固定效应相同", "log likelihoods of least squares on the same rows and effects"
)


def _likelihood(
    table: PaperTable, panel: str, a: Column, b: Column, wrong_kind: list[tuple[Statistic, Statistic, str]]
) -> Iterator[Finding]:
    """Of least squares, LL(b) - LL(a) = N/2 ln((1 - R2(a)) / (1 - R2(b)))."""
    logs = [table.statistic(c.id, "loglik", panel) for c in (a, b)]
    n = r.rows_of(table, a.id, panel)
    if logs[0] is None or logs[1] is None or n is None:
        return
    gained = logs[1].interval - logs[0].interval
    for role in ("r2", "r2_within", "r2_adjusted"):
        first, second = (table.statistic(c.id, role, panel) for c in (a, b))
        if first is None or second is None or max(first.interval.high, second.interval.high) >= 1:
            continue
        kept = [Interval.exactly(1) - s.interval for s in (first, second)]
        implied = (kept[0] / kept[1]).mapped(math.log) * (n.middle / 2)
        if role != "r2_adjusted" and not implied.meets(gained):
            yield _apart(table, first, second, logs[0], logs[1], implied, gained)
        elif role == "r2_adjusted":
            more = len(parts.slopes(table, b.id, panel)) - len(parts.slopes(table, a.id, panel))
            held = 1 + len(parts.slopes(table, a.id, panel))
            factor = (n.middle - held) / max(1.0, n.middle - held - more)
            least = implied.low + n.middle / 2 * math.log(factor)
            if gained.high < least - 1e-9 * abs(least):
                if implied.meets(gained):
                    wrong_kind.append((first, second, gained.text()))
                else:
                    yield _apart(table, first, second, logs[0], logs[1], Interval(least, math.inf), gained)


def _apart(
    table: PaperTable, a: Statistic, b: Statistic, la: Statistic, lb: Statistic, implied: Interval, gained: Interval
) -> Finding:
    why = label(
        f"由R²得出的对数似然之差为{zh(implied)}，印刷的为{zh(gained)}",
        f"by R2 the log likelihoods differ by {implied.text()}, by the print {gained.text()}",
    )
    printed = f"{a.printed}; {b.printed}; {la.printed}; {lb.printed}"
    possible = label(f"差为{zh(implied)}", f"a difference of {implied.text()}")
    return finding(table, "conditional", "r2_loglik", parts.at(table, a, b, la, lb), printed, why, possible, _GAUSSIAN)


def likelihood_ratios(table: PaperTable, given: Given) -> Iterator[Finding]:
    """LR = 2 (LL of the larger column - LL of this one), its degrees of freedom and stars."""
    for panel in table.panels:
        cells = [s for s in table.statistics if s.role == "lr" and s.panel == panel]
        logs = {c.id: s for c in table.columns if (s := table.statistic(c.id, "loglik", panel)) is not None}
        tested = [s for s in cells if s.column in logs]
        if not tested:
            continue
        if _of_the_null(table, panel, tested, logs):
            yield from _against_null(table, panel, tested)
            continue
        matches = {
            s.column: [k for k in logs if k != s.column and _lr(logs, s.column, k).meets(s.interval)] for s in tested
        }
        votes = Counter(k for found in matches.values() for k in found)
        reference = votes.most_common(1)[0][0] if votes else _largest(table, panel, list(logs))
        for s in tested:
            if reference not in matches[s.column]:
                yield _wrong_ratio(table, s, logs, reference, votes[reference])
            else:
                yield from _ratio_stars(table, s, panel, reference, given)


def _of_the_null(table: PaperTable, panel: str, tested: list[Statistic], logs: dict[str, Statistic]) -> bool:
    """Whether LR is against the model without regressors: by pseudo R2, or as every column has one."""
    implied = [(s, x) for s in tested if (x := _null_ratio(table, s.column, panel)) is not None]
    if implied:
        return any(x.meets(s.interval) for s, x in implied)
    return len(tested) == len(logs) and not any(
        _lr(logs, s.column, k).meets(s.interval) for s in tested for k in logs if k != s.column
    )


def _null_ratio(table: PaperTable, column: str, panel: str) -> Interval | None:
    """2 (LL - LL0) with LL0 = LL / (1 - pseudo R2)."""
    ll, pseudo = (table.statistic(column, role, panel) for role in ("loglik", "r2_pseudo"))
    if ll is None or pseudo is None or ll.interval.high >= 0 or not 0 <= pseudo.interval.high < 1:
        return None
    held = Interval(max(0.0, pseudo.interval.low), pseudo.interval.high)
    return -ll.interval * (held / (Interval.exactly(1) - held)) * 2.0


def _against_null(table: PaperTable, panel: str, tested: list[Statistic]) -> Iterator[Finding]:
    implied = {s.column: _null_ratio(table, s.column, panel) for s in tested}
    agreeing = sum(x is not None and x.meets(s.interval) for s in tested for x in [implied[s.column]])
    for s in tested:
        x = implied[s.column]
        if x is not None and not x.meets(s.interval):
            why = label(f"由对数似然与伪R²得出{zh(x, 6)}", f"log likelihood and pseudo R2 give {x.text(6)}")
            condition = label(
                f"LR检验以不含解释变量的模型为参照，与其他{agreeing}列一致",
                f"LR is against the model without regressors, as in {agreeing} other columns",
            )
            yield finding(table, "conditional", "lr", parts.at(table, s), s.printed, why,
                          label(zh(x, 6), x.text(6)), condition)  # fmt: skip


def _lr(logs: dict[str, Statistic], small: str, large: str) -> Interval:
    return (logs[large].interval - logs[small].interval) * 2.0


def _largest(table: PaperTable, panel: str, columns: list[str]) -> str:
    return max(columns, key=lambda c: len(parts.slopes(table, c, panel)))


def _wrong_ratio(table: PaperTable, s: Statistic, logs: dict[str, Statistic], reference: str, votes: int) -> Finding:
    own = s.column == reference
    implied = _lr(logs, s.column, reference)
    if own:
        why = label(f"其他列的LR以第{reference}列为参照，该列自身没有参照模型",
                    f"the other columns' LR are against column {reference}, "
                    "which has nothing in the table to be compared with")  # fmt: skip
        possible = label("空白", "nothing")
    else:
        why = label(
            f"与第{reference}列的对数似然之差的两倍为{zh(implied, 6)}",
            f"twice the difference of the log likelihoods from column {reference} is {implied.text(6)}",
        )
        possible = label(zh(implied, 6), implied.text(6))
    level: Level = "conditional" if votes and not own else "suspicious"
    condition = label(
        f"LR检验以第{reference}列为参照，与其他{votes}列一致",
        f"LR is against column {reference}, as in {votes} other columns",
    )
    printed = f"{s.printed}; {logs[s.column].printed}; {logs[reference].printed}"
    return finding(table, level, "lr", parts.at(table, s), printed, why,
                   possible, condition if level == "conditional" else None)  # fmt: skip


def _ratio_stars(table: PaperTable, s: Statistic, panel: str, reference: str, given: Given) -> Iterator[Finding]:
    """Stars of LR by chi-squared with as many degrees of freedom as regressors were added."""
    small, large = (parts.slopes(table, c, panel) for c in (s.column, reference))
    df = given.lr_df or (len(large - small) if small < large else None)
    starred = any(x.stars for x in table.statistics if x.role == "lr")
    schemes = r.schemes(table, given)
    if df is None or not starred or len(schemes) > 1 or s.stars > len(schemes[0]):
        return
    p = Interval(*(float(special.chdtrc(df, max(0.0, x))) for x in (s.interval.high, s.interval.low)))
    if not p.meets(Interval(*bounds(s.stars, schemes[0]))):
        deserved = sum(p.high <= c for c in schemes[0])
        why = label(
            f"自由度为{df}的卡方分布给出p值{zh(p)}", f"chi-squared with {df} degrees of freedom gives p of {p.text()}"
        )
        condition = label(f"自由度等于增加的变量数{df}", f"the degrees of freedom are the {df} added regressors")
        stars = "*" * deserved or "no star"
        printed = s.printed + "*" * (s.stars - s.number.stars)
        yield finding(table, "conditional", "lr_stars", parts.at(table, s), printed, why,
                      label("*" * deserved or "无星号", stars), condition)  # fmt: skip
