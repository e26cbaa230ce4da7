"""Instruments and mediation by brute force."""

from __future__ import annotations

import itertools
import math

import numpy as np

from tests.audit.drawn.boxes import Ends, apart, ends, holds_none, image, number, t_of, values
from tests.audit.drawn.sheets import Cell, Column, Sheet


def _by_method(sheet: Sheet, method: str) -> Column | None:
    return next((c for c in sheet.columns if c.method == method), None)


def _se(cell: Cell, brackets: str) -> Ends | None:
    if "se" in brackets:
        low, high = ends(cell.se)
        return max(low, 0.0), high
    b, t = [abs(v) for (v,) in values(ends(cell.b))], [abs(v) for (v,) in values(ends(cell.t))]
    return None if brackets == "p" or min(t) <= 0 or min(b) <= 0 else (min(b) / max(t), max(b) / min(t))


def instrumental(sheet: Sheet) -> set[str]:
    ols, first, second = (_by_method(sheet, m) for m in ("OLS", "First stage", "2SLS"))
    if first is None or second is None or ols is None:
        return set()
    found: set[str] = set()
    z = [t for t in first.cells if t.startswith("z")]
    n, lags = int(second.foot["N"].text), len(z)
    m = [x for x in (n - len(second.slopes) - 1, n - len(second.slopes)) if x > 0]
    f, cd, lm = (number(second, k) for k in ("First-stage F", "Cragg-Donald Wald F", "Anderson LM"))
    robust = number(second, "Kleibergen-Paap rk Wald F")
    if first.foot["N"].text != second.foot["N"].text:
        found.add("n")
    t = t_of(first.cells[z[0]], sheet.brackets) if lags == 1 else None
    for box in (f or robust,):
        found |= {"first_stage_f"} if t and box and apart((t[0] ** 2, t[1] ** 2), box) else set()
    found |= {"first_stage_f"} if f and cd and apart(f, cd) else set()
    if lm and cd and cd[0] > 0:
        options = [image(lambda v, x=x: n / (1 + (x - lags + 1) / (lags * v)), cd) for x in m if x > lags - 1]
        found |= {"rank"} if options and all(apart(o, lm) for o in options) else set()
        found |= {"rank"} if lm[0] >= n else set()
    found |= {"df"} if lm and holds_none(sheet, second, "Anderson LM", [(lags, math.inf)]) else set()
    if "Sargan test" in second.foot:
        foot = second.foot["Sargan test"]
        twice = bool(foot.p) and not apart(ends(foot.p), ends(foot.text))
        found |= {"df"} if not twice and holds_none(sheet, second, "Sargan test", [(lags - 1, math.inf)]) else set()
    reduced = _by_method(sheet, "Reduced form")
    same = len({c.foot["N"].text for c in (first, second, reduced) if c}) == 1
    if reduced is not None and same:
        implied = image(lambda a, b: a * b, ends(first.cells[z[0]].b), ends(second.cells["x"].b))
        found |= {"reduced_form"} if apart(implied, ends(reduced.cells[z[0]].b)) else set()
    if sheet.covariance == "iid" and ols.foot["N"].text == second.foot["N"].text:
        found |= {"iv_se"} if _errors(sheet, ols, second, cd or f, t, m, n, lags) else set()
    return found


def _errors(
    sheet: Sheet, ols: Column, second: Column, f: Ends | None, t: Ends | None, m: list[int], n: int, lags: int
) -> bool:
    """No values inside give the standard error of 2SLS by those of least squares."""
    a, b = second.cells["x"], ols.cells["x"]
    box, sizes = _se(b, sheet.brackets), _se(a, sheet.brackets)
    f = f if f is not None and f[0] > 0 else ((t[0] ** 2, t[1] ** 2) if t and t[0] > 0 else None)
    if box is None or sizes is None or f is None or f[0] <= 0:
        return False
    gaps = [abs(x - y) for x, y in values(ends(a.b), ends(b.b))]
    low, high = ends(a.b)[0] - ends(b.b)[1], ends(a.b)[1] - ends(b.b)[0]
    gap = (0.0 if low <= 0 <= high else min(gaps), max(gaps))
    options = []
    for x in (x for x in m if x > lags - 1):
        for small in (1.0, x / n):
            options.append(image(
                lambda s, g, v, x=x, small=small:
                math.sqrt((s * s + g * g / x) * (1 + (x - lags + 1) / (lags * v)) * small), box, gap, f,
            ))  # fmt: skip
    return bool(options) and all(apart(o, sizes) for o in options)


def mediated(sheet: Sheet) -> set[str]:
    total, first, direct = sheet.columns
    found: set[str] = set()
    b = ends(direct.cells["m"].b)
    if len({c.foot["N"].text for c in sheet.columns}) == 1:
        for term in total.slopes:
            boxes = (ends(first.cells[term].b), b, ends(direct.cells[term].b))
            implied = image(lambda a, b, rest: rest + a * b, *boxes)
            found |= {"mediation"} if apart(implied, ends(total.cells[term].b)) else set()
    pairs = [(first.cells[t], direct.cells["m"]) for t in total.slopes]
    if "Indirect effect" in direct.foot:
        box = ends(direct.foot["Indirect effect"].text)
        made = [image(lambda a, b: a * b, ends(a.b), ends(m.b)) for a, m in pairs]
        found |= {"mediation"} if all(apart(x, box) for x in made) else set()
    sizes = [abs(v) for (v,) in values(ends(direct.foot["Sobel z"].text))]
    ranges = [_sobel(a, m, sheet.brackets) for a, m in pairs]
    if all(x is not None and apart(x, (min(sizes), max(sizes))) for x in ranges):
        found.add("sobel")
    return found


def _sobel(a: Cell, b: Cell, brackets: str) -> Ends | None:
    held = []
    for cell in (a, b):
        se = _se(cell, brackets)
        if se is None:
            return None
        sizes = [abs(v) for (v,) in values(ends(cell.b))]
        held.append((min(sizes) / se[1], max(sizes) / se[0] if se[0] > 0 else math.inf))
    if not all(math.isfinite(h[1]) for h in held):
        return 0.0, math.inf
    found = []
    for (x, y), more in itertools.product(itertools.product(*(np.linspace(*h, 9) for h in held)), (1.0, 0.0, -1.0)):
        under = x * x + y * y + more
        found.append(math.inf if under <= 0 else x * y / math.sqrt(under))
    return min(found), max(found)
