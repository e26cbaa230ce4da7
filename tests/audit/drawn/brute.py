"""What a print rules out, by brute force over its rounding intervals: an independent, slow reference of the checks.

Numbers are read again from the strings of the sheet; distributions are those of scipy.stats; ranges come from trying
values of every rounding interval, ends included, not from interval arithmetic.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy import stats

from tests.audit.drawn.boxes import (
    CUTS,
    DFS,
    EDGE,
    Ends,
    apart,
    critical,
    ends,
    fitting,
    holds_none,
    image,
    number,
    plausible,
    t_of,
    values,
)
from tests.audit.drawn.brute_systems import instrumental, mediated
from tests.audit.drawn.brute_values import described
from tests.audit.drawn.sheets import Cell, Column, Descriptive, Sheet


def _star_cells(sheet: Sheet) -> bool:
    if not any(x.stars for c in sheet.columns for x in c.cells.values()):
        return False
    marked = {t for c in sheet.columns for t, x in c.cells.items() if x.stars}
    for column in sheet.columns:
        common = plausible(column)
        for term, x in column.cells.items():
            if sheet.brackets == "p":
                low, high = (0.0 if x.stars == 3 else CUTS[x.stars]), (1.0 if x.stars == 0 else CUTS[x.stars - 1])
                if apart(ends(x.p), (low, high)):
                    return True
                continue
            t = t_of(x, sheet.brackets)
            if t is None:
                continue
            held = fitting(t, x.stars)
            if not (held & plausible(column)).any():
                return True
            if term in marked:
                common = common & held
        if not common.any():
            return True
    return False


def _cells(sheet: Sheet) -> set[str]:
    found = {"stars"} if _star_cells(sheet) else set()
    negative = [x for c in sheet.columns for x in c.cells.values() if ends(x.b)[1] < 0]
    absolute = len(negative) > 1 and not any(x.t.startswith("-") for c in sheet.columns for x in c.cells.values())
    for column in sheet.columns:
        for term, x in column.cells.items():
            b = ends(x.b)
            if sheet.brackets in {"t", "se+t"} and not absolute:
                t = ends(x.t)
                found |= {"sign"} if (b[0] > 0 > t[1]) or (b[1] < 0 < t[0]) else set()
            if sheet.brackets == "se+t":
                low, high = ends(x.se)
                sizes, ts = [abs(v) for (v,) in values(b)], [abs(v) for (v,) in values(ends(x.t))]
                top = max(sizes) / low if low > 0 else math.inf
                found |= {"t_ratio"} if apart((min(ts), max(ts)), (min(sizes) / high, top)) else set()
            if sheet.brackets == "se+ci":
                found |= {"interval"} if _interval(x, column, term, sheet) else set()
    return found


def _interval(x: Cell, column: Column, term: str, sheet: Sheet) -> bool:
    """No estimate, standard error and degrees of freedom give both ends; or the stars say otherwise."""
    b, se, low, high = ends(x.b), ends(x.se), *(ends(e) for e in x.ci)
    marked = any(c.cells[term].stars for c in sheet.columns if term in c.cells)
    if marked and ((x.stars >= 2 and low[1] < 0 < high[0]) or (x.stars < 2 and (low[0] > 0 or high[1] < 0))):
        return True
    for c in critical(0.05)[plausible(column)]:
        # half = c se: every pair of b, low + half, high - half must meet, each a bound on half
        least = max(c * max(se[0], 0), b[0] - low[1], high[0] - b[1], (high[0] - low[1]) / 2)
        most = min(c * se[1], b[1] - low[0], high[1] - b[0], (high[1] - low[0]) / 2)
        if least <= most * (1 + EDGE) + EDGE:
            return False
    return True


def _fit(column: Column, sheet: Sheet) -> set[str]:
    """R2, its adjustment, criteria, the F of all slopes."""
    found: set[str] = set()
    n, k = int(column.foot["N"].text), len(column.slopes)
    clusters = int(column.foot["Clusters"].text) if "Clusters" in column.foot else 0
    found |= {"n"} if n < max(1, clusters, len(column.cells)) else set()
    r2, adjusted, ll = (number(column, x) for x in ("R2", "Adj. R2", "Log likelihood"))
    if (r2 is not None and r2[0] > 1) or (column.method == "OLS" and r2 is not None and r2[1] < 0):
        found.add("r2")
    if r2 is not None and adjusted is not None and n > 2 and adjusted[1] < 1:
        whole = [m for m in range(1, n - k) if not apart(image(lambda r, m=m: 1 - (1 - r) * (n - 1) / m, r2), adjusted)]
        found |= set() if whole else {"r2"}
    if ll is not None and "AIC" in column.foot:
        found |= set() if _criteria(column, ll, n, k) else {"aic"}
    plain = sheet.covariance == "iid" and column.method == "OLS" and sheet.kind == "stepwise"
    if plain and "F" in column.foot and r2 is not None and n > k + 1 and r2[1] < 1:
        implied = image(lambda r: max(r, 0.0) / (1 - r) * (n - k - 1) / k, r2)
        found |= {"overall_f"} if apart(implied, ends(column.foot["F"].text)) else set()
        below = [(float(k), m) for m in (n - k - 1.0, float(n - k), math.inf)]
        found |= {"df"} if holds_none(sheet, column, "F", below) else set()
    return found


def _criteria(column: Column, ll: Ends, n: int, k: int) -> bool:
    for count in range(k, k + 400):
        held = [ll]
        for name, per in (("AIC", 2.0), ("BIC", math.log(n))):
            box = number(column, name)
            if box is not None:
                held.append(image(lambda v, per=per, count=count: (per * count - v) / 2, box))
        if not apart((max(h[0] for h in held), math.inf), (-math.inf, min(h[1] for h in held))):
            return True
    return False


def _nested(sheet: Sheet) -> set[str]:
    """Columns that add regressors, on the same number of rows."""
    found: set[str] = set()
    for a, b in itertools.permutations(sheet.columns, 2):
        if a.method != b.method or a.dependent != b.dependent or not set(a.slopes) < set(b.slopes):
            continue
        if int(b.foot["N"].text) > int(a.foot["N"].text):
            found.add("n")
        if a.foot["N"].text != b.foot["N"].text or a.method not in {"OLS", "Logit"}:
            continue
        n, more = int(a.foot["N"].text), len(b.slopes) - len(a.slopes)
        for name in ("R2", "Pseudo R2", "Log likelihood"):
            x, y = number(a, name), number(b, name)
            if x and y:
                found |= {"nested"} if x and y and y[1] < x[0] - EDGE * abs(x[0]) else set()
        la, lb, ra, rb = (number(c, k) for k in ("Log likelihood", "R2") for c in (a, b))
        if la and lb and ra and rb and max(ra[1], rb[1]) < 1 and a.method == "OLS":
            implied = image(lambda x, y, n=n: n / 2 * math.log((1 - x) / (1 - y)), ra, rb)
            found |= {"r2_loglik"} if apart(implied, image(lambda x, y: y - x, la, lb)) else set()
        for name, per in (("AIC", 2.0), ("BIC", math.log(n))):
            x, y = number(a, name), number(b, name)
            if x and y and la and lb:
                added = image(lambda p, q, s, t, per=per: (q + 2 * t - p - 2 * s) / per, x, y, la, lb)
                found |= {"aic"} if apart(added, (more, more)) else set()
    return found


def _ratios(sheet: Sheet) -> set[str]:
    """LR against the largest least-squares column; of logits against the model without regressors."""
    found: set[str] = set()
    held = [c for c in sheet.columns if "Log likelihood" in c.foot]
    for c in sheet.columns:
        ll, pseudo = number(c, "Log likelihood"), number(c, "Pseudo R2")
        if "LR test" in c.foot and ll:
            large = max(held, key=lambda x: len(x.slopes))
            implied = image(lambda x, y: 2 * (y - x), ll, ends(large.foot["Log likelihood"].text))
            wrong = apart(implied, ends(c.foot["LR test"].text))
            found |= {"lr"} if wrong else set()
            if not wrong and not any(o is not large and o is not c and not apart(
                    image(lambda x, y: 2 * (y - x), ll, ends(o.foot["Log likelihood"].text)),
                    ends(c.foot["LR test"].text)) for o in held):  # fmt: skip
                df = [(float(len(large.slopes) - len(c.slopes)), math.inf)]
                found |= {"lr_stars"} if holds_none(sheet, c, "LR test", df) else set()
        if "LR chi2" in c.foot and ll and pseudo and ll[1] < 0 and pseudo[1] < 1:
            implied = image(lambda x, r: -2 * x * max(r, 0) / (1 - max(r, 0)), ll, pseudo)
            found |= {"lr"} if apart(implied, ends(c.foot["LR chi2"].text)) else set()
    nulls = [(c, image(lambda x, r: x / (1 - r), number(c, "Log likelihood"), number(c, "Pseudo R2")))  # type: ignore[arg-type]
             for c in sheet.columns if "Pseudo R2" in c.foot and ends(c.foot["Pseudo R2"].text)[1] < 1]  # fmt: skip
    for (a, x), (b, y) in itertools.combinations(nulls, 2):
        if a.foot["N"].text == b.foot["N"].text and apart(x, y):
            found.add("pseudo_r2")
    return found


_CHI2 = ("LR test", "LR chi2", "Hausman test", "Wald chi2", "Sargan test", "Anderson LM")


def _never(sheet: Sheet, column: Column, name: str) -> bool:
    """No degrees of freedom give the p; not even one gives the stars, with half of p for a test at a boundary."""
    foot = column.foot[name]
    if not foot.p:
        high = max(0.0, ends(foot.text)[1])
        return foot.stars > 0 and float(stats.chi2.sf(high, 1)) / 2 > CUTS[foot.stars - 1] * (1 + EDGE)
    twice = name == "Sargan test" and not apart(ends(foot.p), ends(foot.text))
    low, high = (max(0.0, v) for v in ends(foot.text))
    df, p = np.arange(1, 401), ends(foot.p)
    if name in {"LR test", "LR chi2"} and not apart((stats.chi2.sf(high, 1) / 2, stats.chi2.sf(low, 1) / 2), p):
        return False
    fits = (stats.chi2.sf(low, df) >= p[0] - EDGE) & (stats.chi2.sf(high, df) <= p[1] + EDGE)
    return not twice and not fits.any()


def _tests(sheet: Sheet) -> set[str]:
    found: set[str] = set()
    for c in sheet.columns:
        found |= {"chi2"} if any(_never(sheet, c, name) for name in _CHI2 if name in c.foot) else set()
        if "F" in c.foot and c.foot["F"].p and ends(c.foot["F"].text)[0] > 1:
            fewest = float(DFS[plausible(c)][0])
            most = stats.f.sf(ends(c.foot["F"].text)[0], np.arange(1, 401), fewest).max()
            found |= {"f"} if ends(c.foot["F"].p)[0] > most * (1 + EDGE) else set()
        k = float(len(c.slopes))
        for name in ("Hausman test", "Wald chi2"):
            if name in c.foot and c.method == "RE" and holds_none(sheet, c, name, [(k, math.inf), (k + 1, math.inf)]):
                found.add("df")
    return found


def _copied(sheet: Sheet) -> set[str]:
    """Two columns with the same strings of at least 16 digits."""
    names = {"se": ("se",), "t": ("t",), "p": ("p",), "se+t": ("se", "t"), "se+ci": ("se",)}[sheet.brackets]
    seen = set()
    for c in sheet.columns:
        key = tuple((t, x.b, *(getattr(x, n) for n in names)) for t, x in c.cells.items())
        digits = sum(len(s.lstrip("-0.").replace(".", "")) for entry in key for s in entry[1:])
        if digits >= 16 and frozenset(key) in seen:
            return {"copy"}
        seen.add(frozenset(key))
    return set()


def _split(sheet: Sheet) -> set[str]:
    if sheet.kind != "split":
        return set()
    whole, *others = (int(c.foot["N"].text) for c in sheet.columns)
    return {"n"} if max(others) > whole else set()


def impossible(table: Sheet | Descriptive) -> set[str]:
    """The checks by which the print is ruled out."""
    if isinstance(table, Descriptive):
        return described(table)
    found = _cells(table) | _nested(table) | _ratios(table) | _tests(table) | _copied(table) | _split(table)
    for c in table.columns:
        found |= _fit(c, table)
    if table.kind == "instruments":
        found |= instrumental(table)
    return found | (mediated(table) if table.kind == "mediation" else set())
