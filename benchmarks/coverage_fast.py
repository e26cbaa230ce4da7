"""The intervals of the two studies under independent errors, by numpy alone: quicker than the studies' own way.

For `simulate_coverage.py`, which compares them with the studies' own intervals on the first panel of every hundred.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy import stats

from econloom.simulate import PROCESSES, cities, delta, gaps, incomes
from econloom.simulate.register import register

Found = dict[str, tuple[float, float, float]]  # figure: estimate, low, high
Columns = Mapping[str, np.ndarray]
CONTROLS = ["fdi", "govern", "educ", "tfp", "unemp"]
MEDIATORS = ("laborempl", "capempl", "techempl", "rd", "hlh_theil")
BELT = ["上海", "江苏", "浙江", "安徽", "江西", "湖北", "湖南", "重庆", "四川", "贵州", "云南"]
BAY = [f"{c}市" for c in ["广州", "深圳", "珠海", "佛山", "惠州", "东莞", "中山", "江门", "肇庆"]]


def filled(x: np.ndarray) -> np.ndarray:
    """Single blanks between two years as their mean."""
    x = x.copy()
    i, t = np.nonzero(np.isnan(x))
    x[i, t] = (x[i, t - 1] + x[i, t + 1]) / 2
    return x


def wage_columns(
    seed: int, process: str, with_gini: bool = False
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Variables of `wage_share` and the samples, one entry a row of 2005-2022."""
    made = cities.draw(seed, PROCESSES[process])
    raw = cities.with_blanks(made)
    there = ~(np.isnan(raw["exports_usd"]) | np.isnan(raw["imports_usd"]))
    gdp, staff, rate = raw["gdp"], raw["staff"], cities.USD_RATE / 100
    unemployed = filled(raw["unemployed"])
    v = {
        "wage": filled(raw["total_wages"]) / gdp,
        "trade": (raw["exports_usd"] - raw["imports_usd"]) * rate / gdp,
        "fdi": filled(raw["fdi_usd"]) * rate / gdp,
        "govern": filled(raw["budget_revenue"]) / gdp,
        "educ": filled(raw["education_expenditure"]) / gdp,
        "unemp": unemployed / (unemployed + staff + raw["private_employed"]),
        "rd": np.log(raw["design_patents"]),
    }
    y, k = np.log(gdp / staff), np.log(raw["fixed_investment"] / staff)
    inside = k[there] - k[there].mean()
    alpha = float(inside @ y[there] / (inside @ inside))
    v["tfp"] = np.exp(y - alpha * k)
    v["mpk"] = alpha * gdp / raw["fixed_investment"]
    v["z"] = v["trade"][:, :1] * (cities.YEARS - cities.FIRST)
    groups = {"laborempl": cities._LABOUR, "capempl": cities._CAPITAL, "techempl": cities._TECHNOLOGY}
    for name, industries in groups.items():
        v[name] = sum(raw[f"emp_{i}"] for i in industries) / staff
    parts = np.stack([raw[f"gdp_{s}"] for s in ("primary", "secondary", "tertiary")]) / gdp
    v["hlh_theil"] = np.sum(parts * np.log(parts), axis=0) + np.log(3)
    wage = np.where(there, v["wage"], np.nan)
    n, total = there.sum(axis=0), np.nansum(wage, axis=0)
    v["gapwage"] = wage - (total - wage) / (n - 1)
    if with_gini:
        v["gini"] = _gini(seed, process, there.shape)
    rows = there & (cities.YEARS > cities.FIRST)
    deficits = (rows & (v["trade"] < 0)).sum(axis=1)
    city, year = np.nonzero(rows)
    return {n: x[rows] for n, x in v.items()} | {"city": city, "year": year}, _samples(city, v["trade"][rows], deficits)


def _gini(seed: int, process: str, shape: tuple[int, int]) -> np.ndarray:
    drawn = incomes.draw(seed, PROCESSES[process])
    size = incomes.PERSONS
    x = np.sort(drawn["income"].reshape(-1, size), axis=1)
    found = np.full(shape, np.nan)
    weights = 2 * np.arange(1, size + 1) - size - 1
    found[drawn["city"][::size], drawn["year"][::size] - cities.FIRST] = x @ weights / (size * x.sum(axis=1))
    return found


def _samples(city: np.ndarray, trade: np.ndarray, deficits: np.ndarray) -> dict[str, np.ndarray]:
    book = register()
    name, province, rank, region = (x[city] for x in (book.city, book.province, book.rank, book.region))
    without = ~np.isin(name, ["北京市", "上海市", "天津市"])
    return {
        "without_municipalities": without,
        "without_autonomous": without & ~np.isin(province, ["内蒙古", "广西", "贵州", "新疆"]),
        "east": region == "east",
        "central": region == "central",
        "west": region == "west",
        "vice_provincial": rank == "副省级",
        "prefecture": rank == "地级",
        "surplus": trade >= 0,
        "deficit": trade < 0,
        "often_deficit": deficits[city] > 9,
        "yangtze_belt": np.isin(province, BELT),
        "delta": np.isin(province, BELT[:4]),
        "bay": np.isin(name, BAY),
        "capital_region": np.isin(province, ["北京", "天津", "河北"]),
    }


class Within:
    """Columns of some rows with effects swept out; rows that lack a column are left out beforehand."""

    def __init__(self, columns: Columns, names: Sequence[str], keep: np.ndarray, years: bool = True) -> None:
        data = np.stack([columns[n][keep] for n in names], axis=1)
        city, year = columns["city"][keep], columns["year"][keep]
        data, city, year = _without_singletons(data[~np.isnan(data).any(axis=1)], *_complete(data, city, year))
        self.n = len(data)
        self.city = city
        city = np.unique(city, return_inverse=True)[1]
        self.absorbed = city.max() + 1
        data = _less_means(data, city)
        if years:
            codes = np.unique(year, return_inverse=True)[1]
            dummies = _less_means(np.eye(codes.max() + 1)[codes][:, 1:], city)
            data = data - dummies @ np.linalg.lstsq(dummies, data, rcond=None)[0]
            self.absorbed += codes.max()
        self.at = {n: data[:, j] for j, n in enumerate(names)}

    def ols(self, y: str, X: Sequence[str]) -> dict[str, tuple[float, float, float]]:
        return self.iv(y, X, X)

    def iv(self, y: str, X: Sequence[str], Z: Sequence[str]) -> dict[str, tuple[float, float, float]]:
        """Just identified two-stage least squares, equal to least squares where Z is X."""
        x, z, out = (np.stack([self.at[n] for n in ns], axis=1) for ns in (X, Z, [y]))
        projected = z @ np.linalg.solve(z.T @ z, z.T @ x) if list(Z) != list(X) else x
        bread = np.linalg.inv(projected.T @ projected)
        b = bread @ (projected.T @ out[:, 0])
        rest = out[:, 0] - x @ b
        df = self.n - self.absorbed - len(X)
        error = np.sqrt(np.diag(bread) * (rest @ rest) / df) * stats.t.ppf(0.975, df)
        return {n: (float(b[j]), float(b[j] - error[j]), float(b[j] + error[j])) for j, n in enumerate(X)}


def _complete(data: np.ndarray, city: np.ndarray, year: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = ~np.isnan(data).any(axis=1)
    return city[known], year[known]


def _without_singletons(data: np.ndarray, city: np.ndarray, year: np.ndarray) -> tuple[np.ndarray, ...]:
    while True:
        keep = (np.bincount(city)[city] > 1) & (np.bincount(year)[year] > 1)
        if keep.all():
            return data, city, year
        data, city, year = data[keep], city[keep], year[keep]


def _less_means(data: np.ndarray, codes: np.ndarray) -> np.ndarray:
    sums = np.zeros((codes.max() + 1, data.shape[1]))
    np.add.at(sums, codes, data)
    return data - (sums / np.bincount(codes)[:, None])[codes]


def wage_share(seed: int, process: str, tables: Sequence[str]) -> Found:
    """The figures of some tables of `wage_share`."""
    columns, samples = wage_columns(seed, process, "t8" in tables)
    everyone = np.ones(len(columns["city"]), dtype=bool)
    found: Found = {}

    def put(head: str, made: Mapping[str, tuple[float, float, float]]) -> None:
        found.update({f"{head} ~ {term}": v for term, v in made.items()})

    full = ["trade", *CONTROLS]
    whole = Within(columns, ["wage", *full, "z", *MEDIATORS[:3], "hlh_theil", "gapwage"], everyone)
    if "t2" in tables:
        for j in range(6):
            put(f"t2 c{j + 1} wage", whole.ols("wage", full[: j + 1]))
        put("t2 c7 first trade", whole.ols("trade", ["z", *CONTROLS]))
        put("t2 c8 second wage", whole.iv("wage", full, ["z", *CONTROLS]))
    if "baseline_full" in tables:
        put("baseline_full c1 wage", whole.ols("wage", full))
        put("iv c1 second wage", whole.iv("wage", full, ["z", *CONTROLS]))
    if "t3" in tables:
        for j, name in ((3, "without_municipalities"), (4, "without_autonomous")):
            put(f"t3 c{j} wage", Within(columns, ["wage", *full], samples[name]).ols("wage", full))
    if "paths" in tables:
        patents = Within(columns, ["wage", *full, "rd"], everyone)
        for j, m in enumerate(MEDIATORS, 1):
            source = patents if m == "rd" else whole
            put(f"paths c{j} {m}", source.ols(m, full))
            put(f"paths c{j + 5} wage", source.ols("wage", ["trade", m, *CONTROLS]))
    if "bias" in tables:
        put("bias c1 rd", Within(columns, ["rd", "mpk"], everyone).ols("rd", ["mpk"]))
    for table, names in (
        ("t6", ("east", "central", "west")),
        ("t6_rank", ("vice_provincial", "prefecture")),
        ("t7", ("surplus", "deficit")),
        ("t7_strategies", ("often_deficit", "yangtze_belt", "delta", "bay", "capital_region")),
    ):
        for name in names if table in tables else ():
            put(f"{table} {name} wage", Within(columns, ["wage", *full], samples[name]).ols("wage", full))
    if "t8" in tables:
        put("t8 c1 gapwage", whole.ols("gapwage", full))
        put("t8 c2 gini", Within(columns, ["gini", *full], everyone).ols("gini", full))
    return found


def delta_columns(seed: int, process: str) -> dict[str, np.ndarray]:
    """Variables of `migration`, 2004 (first) to 2017, (26, 14)."""
    raw = delta.draw(seed, PROCESSES[process])
    rng = np.random.default_rng([seed, 25])
    there = np.ones(raw["gdp"].shape, dtype=bool)
    for name, total in (("urban_consumption", 3), ("fiscal_expenditure", 2), ("fdi_usd", 4), ("urban_population", 3)):
        raw[name][gaps.cells(rng, there, total)] = np.nan
    gdp, people, rate = raw["gdp"], raw["resident_population"], cities.USD_RATE[: len(delta.YEARS)] / 100
    links = np.where(np.arange(len(delta.YEARS)) == 0, 1.0, raw["gdp_index"] / 100)
    deflator = gdp / gdp[:, :1] / np.cumprod(links, axis=1)
    return {
        "y": gdp / deflator / people,
        "mig": (people - raw["registered_population"]) / raw["registered_population"],
        "str": raw["staff_tertiary"] / raw["staff_secondary"],
        "tec": raw["innovation_index"],
        "cos": filled(raw["urban_consumption"]) / (1e4 * gdp / people),
        "inc": np.log(raw["disposable_income"] / deflator),
        "inv": raw["fixed_investment"] / gdp,
        "gov": filled(raw["fiscal_expenditure"]) / gdp,
        "tra": (raw["exports_usd"] + raw["imports_usd"]) * rate / (1e4 * gdp),
        "fdi": filled(raw["fdi_usd"]) * rate / (1e4 * gdp),
        "urb": filled(raw["urban_population"]) / people,
        "density": people / raw["area"],
        "schooling": sum(w * raw[s] for s, w in _SCHOOLS.items()) / sum(raw[s] for s in _SCHOOLS),
        "size": raw["urban_residents"],
    }


def delta_rows(seed: int, process: str) -> dict[str, np.ndarray]:
    """As :func:`delta_columns`, one entry a row of 2005-2017."""
    return _delta_rows(delta_columns(seed, process))


def _delta_rows(wide: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    more = {"l_mig": np.column_stack([np.full(26, np.nan), wide["mig"][:, :-1]])}
    more |= {f"mig:{m}": wide["mig"] * wide[m] for m in ("str", "tec", "cos")}
    rows = {n: x[:, 1:].ravel() for n, x in (wide | more).items()}
    return rows | {"city": np.repeat(np.arange(26), 13), "year": np.tile(np.arange(13), 26)}


_SCHOOLS = {"primary": 6, "junior": 9, "senior": 12, "college": 16}
DELTA_CONTROLS = ["inc", "inv", "gov", "tra", "fdi", "urb"]


def migration(seed: int, process: str, tables: Sequence[str]) -> Found:
    """The figures with effects of cities of some tables of `migration`."""
    wide = delta_columns(seed, process)
    columns = _delta_rows(wide)
    city = columns["city"]
    everyone = np.ones(len(city), dtype=bool)
    found: Found = {}

    def put(head: str, made: Mapping[str, tuple[float, float, float]]) -> None:
        found.update({f"{head} ~ {term}": v for term, v in made.items()})

    full = ["mig", *DELTA_CONTROLS]
    names = ["y", *full, "l_mig", "str", "tec", "cos", "mig:str", "mig:tec", "mig:cos"]
    whole = Within(columns, names, everyone, years=False)
    if "baseline" in tables:
        put("baseline c3 y", whole.ols("y", full))
    if "fixed" in tables:
        put("fixed c1 y", whole.ols("y", full))
    if "exogeneity" in tables:
        put("exogeneity c1 second y", whole.iv("y", full, ["l_mig", *DELTA_CONTROLS]))
    for j, m in enumerate(("str", "tec", "cos") if "mechanism" in tables else (), 1):
        put(f"mechanism c{j} y", whole.ols("y", ["mig", m, f"mig:{m}", *DELTA_CONTROLS]))
    if "heterogeneity" in tables:
        for name, group in _groups(wide).items():
            put(f"heterogeneity {name} y", Within(columns, ["y", *full], group[city], years=False).ols("y", full))
    return found


def _groups(wide: Columns) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for name, values, low, high in (
        ("hukou", 1 + wide["mig"], "严格 strict", "宽松 loose"),
        ("dense", wide["density"], "稀疏 sparse", "密集 dense"),
        ("educated", wide["schooling"], "低 low", "高 high"),
        ("large", wide["size"], "其他 others", "500万以上 over 5 million"),
    ):
        mean = values[:, 1:].mean(axis=1)
        above = mean > (500 if name == "large" else np.median(mean))
        found |= {f"{name}: {low}": ~above, f"{name}: {high}": above}
    return found


FAST: Mapping[str, Callable[[int, str, Sequence[str]], Found]] = {"wage_share": wage_share, "migration": migration}
