"""Information criteria and pseudo R2 against log likelihoods."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations

from econloom.audit.checks import parts
from econloom.audit.checks import reasoning as r
from econloom.audit.checks.parts import SAME_ROWS, finding, label, zh
from econloom.audit.findings import Finding
from econloom.audit.given import Given
from econloom.audit.interval import Interval
from econloom.audit.paper import Column, PaperTable, Statistic

_WIDE = 1e-9
_MOST_PARAMETERS = 5000
_DEFINED = label("AIC = 2k − 2LL，BIC = k ln N − 2LL", "AIC = 2k - 2LL and BIC = k ln N - 2LL")


_Count = tuple[Statistic, Interval, float]  # a criterion, its number of parameters, what each of them costs


def check(table: PaperTable, given: Given) -> Iterator[Finding]:
    """AIC and BIC count whole parameters; pseudo R2 stands for one log likelihood without regressors."""
    for panel in table.panels:
        counted = {}
        for c in table.columns:
            counts = _counts(table, c, panel)
            if counts:
                counted[c.id] = counts
                yield from _whole(table, c, panel, counts)
        if len(counted) > 1:
            yield from _added(table, panel, counted)
        yield from _null(table, panel)


def _counts(table: PaperTable, c: Column, panel: str) -> list[_Count]:
    """The number of parameters that each criterion stands for, with the log likelihood."""
    ll, n = table.statistic(c.id, "loglik", panel), r.rows_of(table, c.id, panel)
    found = []
    for role, per in (("aic", 2.0), ("bic", None if n is None or n.low <= 1 else math.log(round(n.middle)))):
        s = table.statistic(c.id, role, panel)
        if s is not None and ll is not None and per is not None and not _scaled(s, ll, n):
            found.append((s, (s.interval + ll.interval * 2.0) / per, per))
    return found


def _scaled(s: Statistic, ll: Statistic, n: Interval | None) -> bool:
    """Whether a criterion is printed per observation, as some programs do."""
    ratio = math.inf if n is None or ll.interval.middle == 0 else s.interval.middle * n.middle / ll.interval.middle
    return -6 < ratio < -1.5 and n is not None and n.middle > 20


def _runs(k: Interval) -> tuple[int, int]:
    """The whole numbers inside."""
    slack = _WIDE * (1 + abs(k.middle))
    return math.ceil(k.low - slack), math.floor(k.high + slack)


def _whole(table: PaperTable, c: Column, panel: str, counts: list[_Count]) -> Iterator[Finding]:
    ll = table.statistic(c.id, "loglik", panel)
    assert ll is not None
    least, most = max(1, len(parts.slopes(table, c.id, panel))), math.inf
    for s, k, _ in counts:
        low, high = _runs(k)
        if max(low, least) > high:
            why = label(f"与对数似然相符的参数个数为{zh(k)}，应为至少{least}的整数",
                        f"with the log likelihood it takes {k.text()} parameters, not a whole number "
                        f"of at least {least}")  # fmt: skip
            possible = label("其他取值", "other values")
            yield finding(table, "conditional", "aic", parts.at(table, s, ll), f"{s.printed}; {ll.printed}", why,
                          possible, _DEFINED)  # fmt: skip
            return
        least, most = max(least, low), min(most, high)
    candidates = range(least, int(min(most, least + _MOST_PARAMETERS)) + 1)
    if len(counts) == 2 and not any(_one_likelihood(counts, ll, k) for k in candidates):
        (a, ka, _), (b, kb, _) = counts
        why = label(f"AIC对应{zh(ka)}个参数，BIC对应{zh(kb)}个",
                    f"AIC takes {ka.text()} parameters, BIC {kb.text()}")  # fmt: skip
        yield finding(table, "conditional", "aic", parts.at(table, a, b, ll),
                      f"{a.printed}; {b.printed}; {ll.printed}", why, label("同一参数个数", "one number of parameters"),
                      _DEFINED)  # fmt: skip


def _one_likelihood(counts: list[_Count], ll: Statistic, k: int) -> bool:
    """Whether one log likelihood gives both criteria with k parameters."""
    implied = [(Interval.exactly(per * k) - s.interval) / 2.0 for s, _, per in counts]
    both = implied[0] & implied[1] & ll.interval
    return both.low <= both.high + _WIDE * (1 + abs(both.high))


def _added(table: PaperTable, panel: str, counted: dict[str, list[_Count]]) -> Iterator[Finding]:
    """Of nested columns, the parameters differ by the regressors that were added."""
    for where, a, b in parts.nested(table, likelihood=True):
        if where != panel or a.id not in counted or b.id not in counted:
            continue
        more = len(parts.slopes(table, b.id, panel)) - len(parts.slopes(table, a.id, panel))
        for s, small, _ in counted[a.id]:
            for t, large, _ in counted[b.id]:
                if s.role == t.role and not (large - small).meets(Interval.exactly(float(more))):
                    gained = large - small
                    why = label(
                        f"增加了{more}个变量，但印刷的数值对应增加{zh(gained)}个参数",
                        f"{more} regressors were added, but the print takes {gained.text()} more parameters",
                    )
                    printed = f"{s.printed}; {t.printed}"
                    yield finding(table, "conditional", "aic", parts.at(table, s, t), printed, why,
                                  label("其他取值", "other values"), SAME_ROWS)  # fmt: skip


def _null(table: PaperTable, panel: str) -> Iterator[Finding]:
    """McFadden's R2 = 1 - LL / LL0 with one LL0 for one outcome on the same rows."""
    held = []
    for c in table.columns:
        ll, pseudo = (table.statistic(c.id, role, panel) for role in ("loglik", "r2_pseudo"))
        if ll is not None and pseudo is not None and ll.interval.high < 0 and pseudo.interval.high < 1:
            held.append((c, ll, pseudo, ll.interval / (Interval.exactly(1) - pseudo.interval)))
    for (a, la, pa, na), (b, lb, pb, nb) in combinations(held, 2):
        numbers = [table.statistic(c.id, "n", panel) for c in (a, b)]
        one = numbers[0] is not None and numbers[1] is not None and numbers[0].number.value == numbers[1].number.value
        if one and parts.said(a) == parts.said(b) and not na.meets(nb):
            why = label(
                f"两列对应的空模型对数似然为{zh(na, 6)}与{zh(nb, 6)}",
                f"they stand for log likelihoods without regressors of {na.text(6)} and {nb.text(6)}",
            )
            condition = label("伪R²为1−LL/LL0（McFadden），各列样本与被解释变量相同",
                              "pseudo R2 is 1 - LL/LL0 (McFadden), of one outcome on the same rows")  # fmt: skip
            printed = f"{pa.printed}; {pb.printed}; {la.printed}; {lb.printed}"
            yield finding(table, "conditional", "pseudo_r2", parts.at(table, pa, pb, la, lb), printed, why,
                          label("同一数值", "one value"), condition)  # fmt: skip
