"""Descriptive tables of several samples: parts against the whole, differences of means."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from scipy import special

from econloom.audit.checks import reasoning as r
from econloom.audit.checks.descriptives import is_weighted
from econloom.audit.checks.parts import finding, label, zh
from econloom.audit.findings import Finding
from econloom.audit.given import Given
from econloom.audit.interval import Interval
from econloom.audit.levels import bounds
from econloom.audit.paper import PaperTable, Value
from econloom.audit.words import FULL, head_of

_COUNTED = re.compile(r"\(?\b(?:n|obs\.?|样本量|观测值) ?[=＝:：] ?([\d,]+)\)?", re.IGNORECASE)
_PANEL = re.compile(r"^(?:panel|面板|子表)\s*[a-z0-9]*\s*[.:：、]?\s*|^[a-h][.、:：]\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Row:
    """One variable in one sample."""

    cells: Mapping[str, Value]
    n: float | None


def check(table: PaperTable, given: Given) -> Iterator[Finding]:
    """Every variable that stands in a whole sample and its parts, or in two samples and a column of differences."""
    if table.kind != "descriptive" or is_weighted(table):
        return
    for name, samples in _variables(table).items():
        whole = [k for k in samples if FULL.match(k)]
        others = [k for k in samples if k not in whole]
        if len(whole) == 1 and len(others) >= 2:
            yield from _against_whole(table, name, samples[whole[0]], {k: samples[k] for k in others})
    yield from _differences(table, given)


def _sample(v: Value, heads: Mapping[str, tuple[str, ...]]) -> str:
    """The words above a column that are no statistic, without N in brackets; else the panel."""
    words = [h for h in heads.get(v.column, ()) if head_of(h) is None]
    text = words[0] if words else _PANEL.sub("", v.panel)
    return _COUNTED.sub("", text).strip(" ()（）")


def _variables(table: PaperTable) -> dict[str, dict[str, _Row]]:
    heads = {c.id: c.head for c in table.columns}
    cells: dict[str, dict[str, dict[str, Value]]] = {}
    counts: dict[tuple[str, str], float] = {}
    for v in table.values:
        if v.role and v.role != "difference":
            sample = _sample(v, heads)
            cells.setdefault(v.row, {}).setdefault(sample, {}).setdefault(v.role, v)
            found = _COUNTED.search(" ".join((*heads.get(v.column, ()), v.panel)))
            if found:
                counts[v.row, sample] = float(found[1].replace(",", ""))
    return {
        row: {k: _Row(c, float(c["n"].number.value) if "n" in c else counts.get((row, k))) for k, c in held.items()}
        for row, held in cells.items()
    }


def _against_whole(table: PaperTable, name: str, whole: _Row, others: Mapping[str, _Row]) -> Iterator[Finding]:
    """N is the sum, the mean the weighted mean; the sum of squares is within and between the parts."""
    counts = [o.n for o in others.values()]
    if whole.n is None or whole.n < 1 or any(n is None or n < 1 for n in counts):
        return
    known = [n for n in counts if n is not None]
    if max(known) > whole.n:
        why = label("子样本大于全样本", "a subsample is larger than the whole sample")
        printed, condition = ", ".join(f"{n:.0f}" for n in (whole.n, *known)), "各子样本是全样本的一部分"
        yield finding(table, "conditional", "n", table.place(name), printed, why,
                      label(f"至多{whole.n:.0f}", f"at most {whole.n:.0f}"),
                      label(condition, "the samples are parts of the whole"))  # fmt: skip
    if sum(known) != whole.n or "mean" not in whole.cells or not all("mean" in o.cells for o in others.values()):
        return
    mean = Interval.exactly(0.0)
    for o in others.values():
        mean = mean + o.cells["mean"].interval * ((o.n or 0.0) / whole.n)
    shown = "; ".join(f"{k}: {o.cells['mean'].number.text} (N {o.n:.0f})" for k, o in others.items())
    if not mean.meets(whole.cells["mean"].interval):
        why = label(
            f"各子样本均值按样本量加权为{zh(mean)}", f"the means of the parts, weighted by N, give {mean.text()}"
        )
        yield finding(table, "conditional", "parts", table.place(name), f"{whole.cells['mean'].number.text}; {shown}",
                      why, label(zh(mean), mean.text()), _PARTS)  # fmt: skip
    elif "sd" in whole.cells and all("sd" in o.cells and (o.n or 0) >= 1 for o in others.values()):
        yield from _spread(table, name, whole, others)


_PARTS = label("各子样本合起来恰为全样本（样本量之和相等）", "the parts make up the whole, as their N add up to its N")


def _spread(table: PaperTable, name: str, whole: _Row, others: Mapping[str, _Row]) -> Iterator[Finding]:
    n = whole.n or 0.0
    squares = []
    held = list(others.values())
    for loss in (1.0, 0.0):  # standard deviations with n - 1, or n
        total = Interval.exactly(0.0)
        for o in held:
            sd = abs(o.cells["sd"].interval)
            total = total + sd * sd * ((o.n or 0.0) - loss)
        for a, b in combinations(held, 2):  # n_a n_b / n (mean_a - mean_b)^2 over all pairs
            gap = abs(a.cells["mean"].interval - b.cells["mean"].interval)
            total = total + gap * gap * ((a.n or 0.0) * (b.n or 0.0) / n)
        if n > loss:
            squares.append((total / (n - loss)).mapped(lambda x: math.sqrt(max(0.0, x))))
    if squares and not any(x.meets(whole.cells["sd"].interval) for x in squares):
        why = label(f"各子样本的均值与标准差给出{zh(squares[0])}",
                    f"means and standard deviations of the parts give {squares[0].text()}")  # fmt: skip
        shown = "; ".join(f"{k}: {o.cells['sd'].number.text}" for k, o in others.items())
        yield finding(table, "conditional", "parts", table.place(name), f"{whole.cells['sd'].number.text}; {shown}",
                      why, label(zh(squares[0]), squares[0].text()), _PARTS)  # fmt: skip


def _differences(table: PaperTable, given: Given) -> Iterator[Finding]:
    """A column of differences beside two samples: mean less mean; its stars by Welch's or the pooled t."""
    variables = _variables(table)
    columns = {v.column for v in table.values if v.role == "difference"}
    if len(columns) != 1:
        return
    for v in (v for v in table.values if v.role == "difference"):
        held = [s for k, s in variables.get(v.row, {}).items() if not FULL.match(k) and "mean" in s.cells]
        held = [s for s in held if s.cells["mean"].panel == v.panel or len(held) == 2]
        if len(held) != 2:
            continue
        a, b = (s.cells["mean"] for s in held)
        gap = a.interval - b.interval
        place = table.place(v.row, v.column, v.panel)
        if not (gap.meets(v.interval) or (-gap).meets(v.interval)):
            why = label(f"两均值之差为{zh(gap)}", f"the two means differ by {gap.text()}")
            condition = label(
                "该列为两均值之差（未调整其他变量）", "the column is the plain difference of the two means"
            )
            yield finding(table, "conditional", "difference", place,
                          f"{a.number.text}; {b.number.text}; {v.number.text}", why, label(zh(gap), gap.text()),
                          condition)  # fmt: skip
        else:
            yield from _starred(table, v, held, place, given)


def _starred(table: PaperTable, v: Value, held: list[_Row], place: str, given: Given) -> Iterator[Finding]:
    schemes = r.schemes(table, given)
    starred = any(x.stars for x in table.values if x.role == "difference")
    if not starred or len(schemes) > 1 or v.stars > len(schemes[0]) or r.unverifiable(table):
        return
    if not all("sd" in s.cells and (s.n or 0) > 2 for s in held):
        return
    low, high = bounds(v.stars, schemes[0])
    p = _p_values(held)
    if p is not None and not p.meets(Interval(low, high)):
        why = label(
            f"两样本t检验（Welch或合并方差）的p值为{zh(p)}",
            f"two-sample t tests (Welch or pooled) give p of {p.text()}",
        )
        printed = "; ".join(f"{s.cells['mean'].number.text} ({s.cells['sd'].number.text}, N {s.n:.0f})" for s in held)
        yield finding(table, "suspicious", "difference", place, f"{printed}; {v.number.text}{'*' * v.stars}", why,
                      label("与之相符的星号", "the stars of these p values"))  # fmt: skip


def _p_values(held: list[_Row]) -> Interval | None:
    """From the least to the largest p of Welch's and the pooled test, over all intervals."""
    gap = abs(held[0].cells["mean"].interval - held[1].cells["mean"].interval)
    sds = [abs(s.cells["sd"].interval) for s in held]
    n = [s.n or 0.0 for s in held]
    ends = []
    for t, pick in ((gap.low, "high"), (gap.high, "low")):
        s = [getattr(x, pick) for x in sds]
        welch = math.sqrt(sum(x * x / m for x, m in zip(s, n, strict=True)))
        pooled = sum(x * x * (m - 1) for x, m in zip(s, n, strict=True)) / (sum(n) - 2)
        for error in (welch, math.sqrt(pooled * sum(1 / m for m in n))):
            if error <= 0:
                return None
            ends += [2 * float(special.stdtr(df, -t / error)) for df in (min(n) - 1, sum(n) - 2)]
    return Interval(min(ends), max(ends))
