"""Values of rounding intervals, and distributions of scipy.stats: what brute force is made of."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache

import numpy as np
from scipy import stats

from tests.audit.drawn.sheets import Cell, Column, Sheet

CUTS = (0.10, 0.05, 0.01)
EDGE = 1e-9  # relative: what is impossible by less is left alone
Ends = tuple[float, float]


def ends(text: str) -> Ends:
    """Half a unit of the last digit to either side."""
    number = Decimal(text)
    half = Decimal(5).scaleb(int(number.as_tuple().exponent) - 1)
    return float(number - half), float(number + half)


def values(*boxes: Ends) -> Iterator[tuple[float, ...]]:
    """Ends, middles, and zero where it is inside."""
    return itertools.product(*({a, (a + b) / 2, b} | ({0.0} if a < 0 < b else set()) for a, b in boxes))


def image(function: Callable[..., float], *boxes: Ends) -> Ends:
    found = [function(*v) for v in values(*boxes)]
    return min(found), max(found)


def apart(a: Ends, b: Ends) -> bool:
    slack = EDGE * (1 + max(abs(x) for x in (*a, *b) if math.isfinite(x)))
    return a[0] > b[1] + slack or b[0] > a[1] + slack


@lru_cache(maxsize=8)
def critical(level: float) -> np.ndarray:
    """Of t with 1 to 5000 degrees of freedom and the normal distribution."""
    return np.append(stats.t.isf(level / 2, np.arange(1, 5001)), stats.norm.isf(level / 2))


DFS = np.append(np.arange(1, 5001), np.inf)


def t_of(cell: Cell, brackets: str) -> Ends | None:
    """|t| as coefficient and standard error, or t, or both have it."""
    b = ends(cell.b)
    found: list[Ends] = []
    if "se" in brackets:
        low, high = ends(cell.se)
        low = max(low, 0.0)
        sizes = [abs(x) for (x,) in values(b)]
        found.append((min(sizes) / high, max(sizes) / low if low > 0 else math.inf))
    if brackets in {"t", "se+t"}:
        sizes = [abs(x) for (x,) in values(ends(cell.t))]
        found.append((min(sizes), max(sizes)))
    if not found:
        return None
    both = max(x[0] for x in found), min(x[1] for x in found)
    return both if both[0] <= both[1] else None


def fitting(t: Ends, count: int) -> np.ndarray:
    """Degrees of freedom that give this number of stars for some |t|."""
    enough = np.full(len(DFS), True) if count == 0 else critical(CUTS[count - 1]) <= t[1] * (1 + EDGE)
    few = np.full(len(DFS), True) if count == 3 else critical(CUTS[count]) >= t[0] * (1 - EDGE)
    return np.asarray(enough & few)


def plausible(column: Column) -> np.ndarray:
    """At least N/10, or clusters less one: those printed, else from five on."""
    rows = max(1.0, math.floor((int(column.foot["N"].text) - 0.5) / 10))
    clusters = int(column.foot["Clusters"].text) - 1 if "Clusters" in column.foot else 4
    return np.asarray(max(1, min(clusters, rows)) <= DFS)


def number(column: Column, name: str) -> Ends | None:
    return ends(column.foot[name].text) if name in column.foot else None


def p_range(name: str, statistic: str, df: float, below: float = math.inf) -> Ends:
    low, high = (max(0.0, v) for v in ends(statistic))
    if name == "F" and math.isfinite(below):
        return float(stats.f.sf(high, df, below)), float(stats.f.sf(low, df, below))
    scale = df if name == "F" else 1.0
    return float(stats.chi2.sf(high * scale, df)), float(stats.chi2.sf(low * scale, df))


def holds_none(sheet: Sheet, column: Column, name: str, allowed: Sequence[tuple[float, float]]) -> bool:
    """p, or the stars where no p is printed, by none of the degrees of freedom."""
    foot = column.foot[name]
    starred = any(c.foot[name].stars for c in sheet.columns if name in c.foot)
    if ends(foot.text)[1] <= 0 or (not foot.p and not starred):
        return False
    wanted = ends(foot.p) if foot.p else ((0.0 if foot.stars == 3 else CUTS[foot.stars]),
                                          (1.0 if foot.stars == 0 else CUTS[foot.stars - 1]))  # fmt: skip
    return all(apart(p_range(name, foot.text, *df), wanted) for df in allowed)
