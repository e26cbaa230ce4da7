"""Descriptive tables by brute force."""

from __future__ import annotations

import itertools
import math

from tests.audit.drawn.boxes import EDGE, Ends, apart, ends, image
from tests.audit.drawn.sheets import Descriptive

_ORDER = ("Min", "p25", "Median", "p75", "Max")
_P = {"p25": 0.25, "Median": 0.5, "p75": 0.75}


def described(table: Descriptive) -> set[str]:
    found: set[str] = set()
    alone = len(table.samples) == 1  # several samples side by side are held against each other only
    for rows in table.samples.values() if alone else ():
        for name, row in rows.items():
            found |= _row({k: ends(v) for k, v in row.items()}, name in table.integers, int(row["N"]))
    return found | (set() if alone else _samples(table))


def _row(row: dict[str, Ends], whole: bool, n: int) -> set[str]:
    found: set[str] = set()
    held = [k for k in _ORDER if k in row]
    pairs = [*itertools.pairwise(held), ("Min", "Mean"), ("Mean", "Max")]
    found |= {"order"} if any(row[a][0] > row[b][1] for a, b in pairs) else set()
    mean, sd, low, high = (row[k] for k in ("Mean", "Std. Dev.", "Min", "Max"))
    if n < 2:
        return found
    most = max((high[1] - m) * (m - low[0]) for m in (mean[0] + (mean[1] - mean[0]) * k / 200 for k in range(201)))
    if most >= 0 and sd[0] > math.sqrt(most * n / (n - 1)) * 1.0001 + 1e-12:
        found.add("sd")
    least = max(0.0, high[0] - mean[1]) ** 2 + max(0.0, mean[0] - low[1]) ** 2
    if most >= 0 and sd[1] < math.sqrt(least / n) * (1 - EDGE):
        found.add("sd")
    for name, p in _P.items():
        if name in row:
            moved = (p, p) if p == 0.5 else (p - 2 / n, p + 2 / n)
            below = math.inf if moved[0] <= 0 else math.sqrt((1 - moved[0]) / moved[0])
            above = math.inf if moved[1] >= 1 else math.sqrt(moved[1] / (1 - moved[1]))
            x = row[name]
            if x[1] < mean[0] - below * sd[1] - 1e-9 or x[0] > mean[1] + above * sd[1] + 1e-9:
                found.add("quantiles")
    return found | (_integers(mean, sd, low, high, n) if whole else set())


def _integers(mean: Ends, sd: Ends, low: Ends, high: Ends, n: int) -> set[str]:
    around = range(math.floor(n * mean[0]) - 1, math.ceil(n * mean[1]) + 2)
    sums = [s for s in around if not apart((s / n, s / n), mean)]
    if not sums:
        return {"grim"}
    if len(sums) > 2000:
        return set()
    zero_one = (low[0] + low[1]) / 2 == 0 and (high[0] + high[1]) / 2 == 1
    for s, below in itertools.product(sums, (n - 1, n)):
        box = image(lambda v, below=below, s=s: v * v * below + s * s / n, (max(0.0, sd[0]), sd[1]))
        for squares in range(math.floor(box[0]) - 1, math.ceil(box[1]) + 2):
            fits = not apart((squares, squares), box) and (squares - s) % 2 == 0
            if fits and squares >= _fewest(s, n) and (squares == s or not zero_one):
                return set()
    return {"grimmer"}


def _fewest(total: int, n: int) -> int:
    """The sum of squares of n whole numbers that are as equal as can be."""
    base, rest = divmod(total, n)
    return rest * (base + 1) ** 2 + (n - rest) * base**2


def _samples(table: Descriptive) -> set[str]:
    found: set[str] = set()
    names = list(table.samples)
    for variable in table.samples[names[0]]:
        whole, a, b = (table.samples[s][variable] for s in names)
        n, na, nb = (int(x["N"]) for x in (whole, a, b))
        if max(na, nb) > n:
            found.add("n")
        if na + nb == n:
            mean = image(lambda x, y, na=na, nb=nb: (na * x + nb * y) / (na + nb), ends(a["Mean"]), ends(b["Mean"]))
            if apart(mean, ends(whole["Mean"])) or _spread(whole, a, b, na, nb):
                found.add("parts")
        if table.differences:
            gap = image(lambda x, y: x - y, ends(a["Mean"]), ends(b["Mean"]))
            printed = ends(table.differences[variable].rstrip("*"))
            if apart(gap, printed) and apart((-gap[1], -gap[0]), printed):
                found.add("difference")
    return found


def _spread(whole: dict[str, str], a: dict[str, str], b: dict[str, str], na: int, nb: int) -> bool:
    n = na + nb
    gap = image(lambda x, y: abs(x - y), ends(a["Mean"]), ends(b["Mean"]))
    low, high = ends(a["Mean"]), ends(b["Mean"])
    if low[0] <= high[1] and high[0] <= low[1]:
        gap = (0.0, gap[1])
    boxes = [(max(0.0, x[0]), x[1]) for x in (ends(a["Std. Dev."]), ends(b["Std. Dev."]))]
    for loss in (1, 0):
        made = image(
            lambda s, t, g, loss=loss: math.sqrt(
                ((na - loss) * s * s + (nb - loss) * t * t + na * nb / n * g * g) / (n - loss)
            ),
            *boxes, gap,
        )  # fmt: skip
        if not apart(made, ends(whole["Std. Dev."])):
            return False
    return True
