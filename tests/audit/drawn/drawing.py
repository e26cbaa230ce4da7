"""Correct tables: every printed number is the rounding of a computed one, and every note is true."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import numpy as np
from scipy import special, stats

from tests.audit.drawn import fast
from tests.audit.drawn.fast import Array, Fit
from tests.audit.drawn.sheets import BRACKETS, Cell, Column, Descriptive, Foot, Sheet

CUTS = (0.10, 0.05, 0.01)


@dataclass(frozen=True)
class World:
    """A drawn panel and how its tables are printed.

    ``df`` of significance: normal, residual, or clusters less one.
    """

    rng: np.random.Generator
    engine: ModuleType
    clusters: int
    periods: int
    digits: int
    covariance: str
    reference: str
    brackets: str

    @property
    def n(self) -> int:
        return self.clusters * self.periods

    @property
    def unit(self) -> Array:
        return np.repeat(np.arange(self.clusters), self.periods)

    def shown(self, value: float) -> str:
        return f"{value:.{self.digits}f}"

    def noise(self, within: float = 1.0, between: float = 0.7) -> Array:
        return within * self.rng.standard_normal(self.n) + between * self.rng.standard_normal(self.clusters)[self.unit]

    def degrees(self, k: int) -> float:
        return {"normal": math.inf, "residual": float(self.n - k), "clusters": self.clusters - 1.0}[self.reference]


def world(rng: np.random.Generator, engine: ModuleType = fast) -> World:
    """5 to 400 clusters, log-uniformly, of 2 to 12 periods."""
    clusters = int(min(max(np.exp(rng.uniform(np.log(5), np.log(401))), 5), 400))
    periods = int(rng.integers(2, 7)) if clusters > 8 else int(rng.integers(8, 13))
    reference = str(rng.choice(["normal", "residual", "clusters"]))
    covariance = "cluster" if reference == "clusters" else str(rng.choice(["iid", "iid", "hc1"]))
    brackets = str(rng.choice(list(BRACKETS), p=[0.35, 0.2, 0.15, 0.15, 0.15]))
    return World(rng, engine, clusters, periods, int(rng.integers(3, 6)), covariance, reference, brackets)


def draw(rng: np.random.Generator, engine: ModuleType = fast) -> Sheet | Descriptive:
    """One table of a kind drawn at random."""
    w = world(rng, engine)
    kinds = list(KINDS)
    return KINDS[str(rng.choice(kinds, p=[0.34, 0.18, 0.12, 0.12, 0.08, 0.10, 0.06]))](w)


def stars(p: float) -> int:
    return sum(p <= c for c in CUTS)


def p_of(t: float, df: float) -> float:
    return float(2 * (special.ndtr(-abs(t)) if math.isinf(df) else special.stdtr(df, -abs(t))))


def cell(w: World, b: float, se: float, df: float) -> Cell:
    t = b / se
    p = p_of(t, df)
    half = se * float(stats.norm.isf(0.025) if math.isinf(df) else special.stdtrit(df, 0.975))
    return Cell(*((w.shown(b), stars(p), w.shown(se), w.shown(t), w.shown(p))), (w.shown(b - half), w.shown(b + half)))


def column(w: World, method: str, dependent: str, terms: list[str], fit: Fit, df: float) -> Column:
    errors = np.sqrt(np.diag(fit.v))
    cells = {t: cell(w, float(fit.b[i]), float(errors[i]), df) for i, t in enumerate(terms)}
    return Column(method, dependent, cells, {"N": Foot(str(w.n))})


def tested(w: World, value: float, df: float, how: str) -> Foot:
    """A chi-squared statistic with its p, its stars, or neither."""
    p = float(special.chdtrc(df, value))
    return Foot(w.shown(value), stars(p) if how == "stars" else 0, w.shown(p) if how == "p" else "")


def f_tested(w: World, value: float, df: float, below: float, how: str) -> Foot:
    p = float(special.fdtrc(df, below, value))
    return Foot(w.shown(value), stars(p) if how == "stars" else 0, w.shown(p) if how == "p" else "")


def wald(fit: Fit, places: list[int], v: Array | None = None) -> float:
    v = fit.v if v is None else v
    b = fit.b[places]
    return float(b @ np.linalg.solve(v[np.ix_(places, places)], b))


def regressors(w: World, k: int) -> Array:
    return w.rng.standard_normal((w.n, k)) + 0.5 * w.rng.standard_normal((w.clusters, k))[w.unit]


def stepwise(w: World) -> Sheet:
    """Least squares in steps, 2SLS, random effects, with measures of fit and likelihood ratios."""
    rng, k, one = w.rng, int(w.rng.integers(2, 5)), np.ones(w.n)
    u, z = w.noise(), w.rng.standard_normal(w.n)
    x = regressors(w, k)
    x[:, 0] += rng.uniform(0.3, 1.0) * z + 0.3 * u
    y = 10 ** rng.uniform(-1, 1.5) * (x @ (rng.standard_normal(k) * rng.uniform(0, 0.4, k)) + u + rng.standard_normal())
    names, groups = [f"x{i + 1}" for i in range(k)], w.unit
    columns, fits, how = [], [], str(rng.choice(["stars", "p", ""]))
    extra, hidden = int(rng.integers(0, 2)), rng.random() < 0.5
    for j in range(1, k + 1):
        design = np.column_stack([x[:, :j], one])
        fit = w.engine.ols(y, design, w.covariance, groups)
        made = column(w, "OLS", "y", [*names[:j], "Constant"], fit, w.degrees(j + 1))
        count = j + 1 + extra  # with or without the variance of the errors
        made.foot |= {
            "R2": Foot(w.shown(fit.r2)),
            "Adj. R2": Foot(w.shown(1 - (1 - fit.r2) * (w.n - 1) / (w.n - j - 1))),
            "Log likelihood": Foot(w.shown(fit.loglik)),
        }
        if hidden:
            made.foot |= {"AIC": Foot(w.shown(2 * count - 2 * fit.loglik)),
                          "BIC": Foot(w.shown(count * math.log(w.n) - 2 * fit.loglik))}  # fmt: skip
        below = w.clusters - 1 if w.covariance == "cluster" else w.n - j - 1
        f = wald(fit, list(range(j))) / j
        if below >= j and math.isfinite(f):
            made.foot["F"] = f_tested(w, f, j, below, how)
        fits.append(fit)
        columns.append(made)
    for made, fit in zip(columns[:-1], fits, strict=False):
        value, df = 2 * (fits[-1].loglik - fit.loglik), k - (len(made.slopes))
        made.foot["LR test"] = tested(w, value, df, "stars" if how == "stars" else "")
    design = np.column_stack([x, one])
    iv = w.engine.tsls(y, design, np.column_stack([z, x[:, 1:], one]), w.covariance, groups, True)
    columns.append(column(w, "2SLS", "y", [*names, "Constant"], iv, w.degrees(k + 1)))
    columns[-1].foot["R2"] = Foot(w.shown(iv.r2))
    if w.covariance == "iid" and w.clusters > k + 2:
        effects = w.engine.random_effects(y, design, groups, w.periods)
        df = math.inf if w.reference == "normal" else float(w.n - k - 1)
        columns.append(column(w, "RE", "y", [*names, "Constant"], effects, df))
        columns[-1].foot["Wald chi2"] = tested(w, wald(effects, list(range(k))), k, how)
    if w.covariance == "cluster" and rng.random() < 0.5:
        for c in columns:
            c.foot["Clusters"] = Foot(str(w.clusters))
    return Sheet("stepwise", columns, w.digits, w.brackets, w.covariance)


def instruments(w: World) -> Sheet:
    """Least squares, reduced form, first stage, 2SLS; statistics of one to three instruments."""
    rng, k, count, one = w.rng, int(w.rng.integers(0, 3)), int(w.rng.integers(1, 4)), np.ones(w.n)
    u, z, c = w.noise(), w.rng.standard_normal((w.n, count)), regressors(w, k)
    x = z @ rng.uniform(0.1, 0.8, count) + 0.5 * u + 0.4 * c.sum(axis=1) + rng.standard_normal(w.n)
    y = 10 ** rng.uniform(-1, 1.5) * (rng.uniform(-0.6, 0.6) * x + 0.3 * c.sum(axis=1) + u)
    controls, outer = [f"c{i + 1}" for i in range(k)], [f"z{i + 1}" for i in range(count)]
    exogenous = np.column_stack([c, one])
    inside, outside = np.column_stack([x, exogenous]), np.column_stack([z, exogenous])
    df = w.degrees(k + 2)
    first = w.engine.ols(x, outside, w.covariance, w.unit)
    second = w.engine.tsls(y, inside, outside, w.covariance, w.unit, bool(rng.random() < 0.5))
    columns = [column(w, "OLS", "y", ["x", *controls, "Constant"], w.engine.ols(y, inside, w.covariance, w.unit), df)]
    if count == 1:
        reduced = w.engine.ols(y, outside, w.covariance, w.unit)
        columns.append(column(w, "Reduced form", "y", [*outer, *controls, "Constant"], reduced, w.degrees(k + 2)))
    columns.append(column(w, "First stage", "x", [*outer, *controls, "Constant"], first, w.degrees(k + count + 1)))
    columns.append(column(w, "2SLS", "y", ["x", *controls, "Constant"], second, df))
    foot, places, how = columns[-1].foot, list(range(count)), str(rng.choice(["stars", "p"]))
    plain = wald(first, places, first.homoskedastic) / count
    robust = wald(first, places) / count
    foot["First-stage F" if w.covariance == "iid" else "Kleibergen-Paap rk Wald F"] = Foot(w.shown(robust))
    if w.covariance == "iid" or rng.random() < 0.3:
        foot["Cragg-Donald Wald F"] = Foot(w.shown(plain))
    rows = w.n - k - count - 1
    foot["Anderson LM"] = tested(w, w.n * plain * count / (plain * count + rows), count, how)
    if count > 1:
        e = second.residuals
        fitted = outside @ np.linalg.lstsq(outside, e, rcond=None)[0]
        foot["Sargan test"] = tested(w, w.n * float(fitted @ fitted) / float(e @ e), count - 1, how)
    return Sheet("instruments", columns, w.digits, w.brackets, w.covariance)


def panel(w: World) -> Sheet:
    """Within and random effects, Hausman's and Wald's statistics; homoskedastic."""
    rng, k, one = w.rng, int(w.rng.integers(1, 4)), np.ones(w.n)
    w = World(rng, w.engine, max(w.clusters, k + 8), w.periods, w.digits, "iid",
              "normal" if w.reference == "clusters" else w.reference, w.brackets)  # fmt: skip
    one, x, u = np.ones(w.n), regressors(w, k), w.noise()
    x = x + rng.uniform(0, 0.5) * u[:, None]
    y = x @ rng.uniform(-0.5, 0.5, k) + u
    names, how = [f"x{i + 1}" for i in range(k)], str(rng.choice(["stars", "p"]))
    fe = w.engine.within(y, x, w.unit, w.periods)
    re = w.engine.random_effects(y, np.column_stack([x, one]), w.unit, w.periods)
    residual = float(w.n - w.clusters - k)
    columns = [
        column(w, "FE", "y", names, fe, math.inf if w.reference == "normal" else residual),
        column(w, "RE", "y", [*names, "Constant"], re, w.degrees(k + 1)),
    ]
    columns[0].foot |= {"Within R2": Foot(w.shown(fe.r2)), "Unit effects": Foot("Yes")}
    columns[1].foot |= {"Unit effects": Foot("No"), "Wald chi2": tested(w, wald(re, list(range(k))), k, how)}
    apart, gap = fe.v - re.v[:k, :k], fe.b - re.b[:k]
    if np.linalg.eigvalsh(apart).min() > 1e-10:
        columns[1].foot["Hausman test"] = tested(w, float(gap @ np.linalg.solve(apart, gap)), k, how)
    return Sheet("panel", columns, w.digits, w.brackets, "iid")


def mediated(w: World) -> Sheet:
    """Outcome on treatment, mediator on treatment, outcome on both; Sobel's z and the indirect effect."""
    rng, k, one = w.rng, int(w.rng.integers(0, 3)), np.ones(w.n)
    c = regressors(w, k)
    x = w.noise() + 0.3 * c.sum(axis=1)
    m = rng.uniform(-0.8, 0.8) * x + 0.2 * c.sum(axis=1) + w.noise(between=0.3)
    y = rng.uniform(-0.5, 0.5) * x + rng.uniform(-0.8, 0.8) * m + 0.2 * c.sum(axis=1) + w.noise()
    terms = ["x", *[f"c{i + 1}" for i in range(k)], "Constant"]
    alone = np.column_stack([x, c, one])
    both = np.column_stack([x, m, c, one])
    total, first, direct = (w.engine.ols(a, d, w.covariance, w.unit) for a, d in ((y, alone), (m, alone), (y, both)))
    columns = [
        column(w, "OLS", "y", terms, total, w.degrees(k + 2)),
        column(w, "OLS", "m", terms, first, w.degrees(k + 2)),
        column(w, "OLS", "y", ["x", "m", *terms[1:]], direct, w.degrees(k + 3)),
    ]
    a, b, va, vb = first.b[0], direct.b[1], first.v[0, 0], direct.v[1, 1]
    more = float(rng.choice([0.0, 1.0]))
    z = a * b / math.sqrt(a * a * vb + b * b * va + more * va * vb)
    columns[2].foot["Sobel z"] = Foot(w.shown(z), 0, w.shown(p_of(z, math.inf)))
    if rng.random() < 0.5:
        columns[2].foot["Indirect effect"] = Foot(w.shown(a * b))
    for made, fit in zip(columns, (total, first, direct), strict=True):
        made.foot["R2"] = Foot(w.shown(fit.r2))
    return Sheet("mediation", columns, w.digits, w.brackets, w.covariance)


def binary(w: World) -> Sheet:
    """Logit in steps."""
    k = int(w.rng.integers(2, 4))
    w = World(w.rng, w.engine, max(w.clusters, 20), w.periods, w.digits, "iid", "normal", w.brackets)
    one, x = np.ones(w.n), regressors(w, k)
    y = (x @ w.rng.uniform(-0.6, 0.6, k) + w.rng.logistic(size=w.n) > 0).astype(float)
    names, columns, how = [f"x{i + 1}" for i in range(k)], [], str(w.rng.choice(["stars", "p"]))
    if not 5 < y.sum() < w.n - 5:
        return stepwise(w)
    for j in range(1, k + 1):
        fit = w.engine.logit(y, np.column_stack([x[:, :j], one]))
        made = column(w, "Logit", "y", [*names[:j], "Constant"], fit, math.inf)
        made.foot |= {
            "Pseudo R2": Foot(w.shown(fit.r2)),
            "Log likelihood": Foot(w.shown(fit.loglik)),
            "LR chi2": tested(w, 2 * (fit.loglik - fit.sst), j, how),
            "AIC": Foot(w.shown(2 * (j + 1) - 2 * fit.loglik)),
        }
        columns.append(made)
    return Sheet("logit", columns, w.digits, w.brackets, "iid")


def split(w: World) -> Sheet:
    """A whole sample and its two parts, by unit."""
    rng, k = w.rng, int(w.rng.integers(1, 4))
    w = World(rng, w.engine, max(w.clusters, 12), w.periods, w.digits, w.covariance, w.reference, w.brackets)
    x, u = regressors(w, k), w.noise()
    east = w.unit < max(6, min(w.clusters - 6, int(w.clusters * rng.uniform(0.3, 0.7))))
    y = x @ rng.uniform(-0.5, 0.5, k) + rng.uniform(-0.3, 0.3) * east * x[:, 0] + u
    columns, names = [], [*[f"x{i + 1}" for i in range(k)], "Constant"]
    for title, held in (("Full sample", east | True), ("East", east), ("West", ~east)):
        groups = np.unique(w.unit[held], return_inverse=True)[1]
        part = World(rng, w.engine, int(groups.max()) + 1, w.periods, w.digits, w.covariance, w.reference, w.brackets)
        fit = w.engine.ols(y[held], np.column_stack([x[held], np.ones(part.n)]), w.covariance, groups)
        columns.append(column(part, title, "y", names, fit, part.degrees(k + 1)))
        columns[-1].foot["R2"] = Foot(w.shown(fit.r2))
    return Sheet("split", columns, w.digits, w.brackets, w.covariance, "Heterogeneity by region")


def described(w: World) -> Descriptive:
    """Descriptive statistics of variables of many shapes, of one sample or of a whole and two parts."""
    rng, n = w.rng, w.n
    drawn: dict[str, Callable[[], Array]] = {
        "income": lambda: rng.lognormal(rng.uniform(-1, 1), rng.uniform(0.3, 1.5), n),
        "score": lambda: rng.normal(rng.uniform(-5, 5), rng.uniform(0.2, 4), n),
        "children": lambda: rng.poisson(rng.uniform(0.3, 4), n).astype(float),
        "urban": lambda: (rng.random(n) < rng.uniform(0.05, 0.95)).astype(float),
        "share": lambda: rng.beta(0.5, 1.5, n),
        "constant": lambda: np.full(n, round(float(rng.normal()), 2)),
    }
    values = {k: drawn[k]() for k in drawn if k != "constant" or rng.random() < 0.2}
    treated = rng.random(n) < rng.uniform(0.3, 0.7)
    several = bool(rng.random() < 0.4 and 3 < treated.sum() < n - 3)
    masks = {"All": treated | True, "Treated": treated, "Control": ~treated} if several else {"": treated | True}
    medians, below = bool(rng.random() < 0.5), int(rng.integers(0, 2))
    samples = {s: {k: _moments(w, v[held], medians, 1 - below) for k, v in values.items()} for s, held in masks.items()}
    gaps = {k: _gap(w, v[treated], v[~treated]) for k, v in values.items()} if several and rng.random() < 0.6 else {}
    return Descriptive(samples, gaps, ("children", "urban"), w.digits)


def _moments(w: World, v: Array, medians: bool, ddof: int) -> dict[str, str]:
    found = {"N": str(len(v)), "Mean": w.shown(float(v.mean())), "Std. Dev.": w.shown(float(v.std(ddof=ddof)))}
    found["Min"] = w.shown(float(v.min())) if v.min() != int(v.min()) else f"{v.min():.0f}"
    if medians:
        found |= {h: w.shown(float(np.quantile(v, q))) for h, q in (("p25", 0.25), ("Median", 0.5), ("p75", 0.75))}
    return found | {"Max": w.shown(float(v.max())) if v.max() != int(v.max()) else f"{v.max():.0f}"}


def _gap(w: World, a: Array, b: Array) -> str:
    gap, error = float(a.mean() - b.mean()), math.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return w.shown(gap) + "*" * (stars(p_of(gap / error, len(a) + len(b) - 2)) if error > 0 else 0)


KINDS: dict[str, Callable[[World], Sheet | Descriptive]] = {
    "stepwise": stepwise, "instruments": instruments, "panel": panel, "mediation": mediated, "logit": binary,
    "descriptive": described, "split": split,
}  # fmt: skip
