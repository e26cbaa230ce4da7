"""Yearbooks of 270 cities, 2004-2022, in which trade imbalance lowers the wage share by a known amount.

Everything that a study computes (shares of GDP, productivity, structure, instrument, mediators) is a function of the
raw columns drawn here; total wages are drawn last, so that the wage equation holds for what the study will compute:

    wage = city + year + direct trade + Σ b_m mediator_m + γ' controls + error
    mediator_m = city + year + a_m trade + error
    trade = city + year + first_stage · trade_2004 (year - 2004) + shock
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from econloom.simulate.gaps import cells, runs
from econloom.simulate.processes import Process, errors
from econloom.simulate.register import Register, register
from econloom.simulate.truth import Effect, Truth

FIRST, LAST = 2004, 2022
YEARS = np.arange(FIRST, LAST + 1)
BLANK_TRADE = 270 * 18 - 4509  # city-years without trade figures: 4,509 remain
_RATES = """
827.68 819.17 797.18 760.40 694.51 683.10 676.95 645.88 631.25 619.32
614.28 622.84 664.23 675.18 661.74 689.85 689.76 645.15 672.61
"""
USD_RATE = np.array([float(x) for x in _RATES.split()])  # yuan per 100 dollars, official annual averages

ALPHA = 0.55  # elasticity of output with respect to capital
DIRECT = {"east": -0.046, "central": -0.036, "west": -0.022}
DIRECT_EVERYWHERE = -0.036
FIRST_STAGE = -0.019
ENDOGENOUS = 0.12  # of the shock that moves trade, on the wage share
PATHS = {  # mediator: effect of trade on it, its effect on the wage share
    "laborempl": (-0.12, 0.030),
    "capempl": (0.15, -0.025),
    "techempl": (-0.04, 0.050),
    "rd": (0.8, 0.0006),
    "hlh_theil": (0.06, 0.0),
}
CONTROLS = {"fdi": 0.05, "govern": 0.06, "educ": -0.08, "tfp": -0.002, "unemp": 0.03}
INEQUALITY = -0.12  # of trade on the Gini coefficient of incomes within the city
PATENTS_OF_CAPITAL = 0.3  # of the marginal product of capital on log patents

_LABOUR = ("agriculture", "lodging", "resident_services", "education", "health", "culture", "public")
_CAPITAL = ("mining", "manufacturing", "utilities", "construction", "transport", "real_estate", "water")
_TECHNOLOGY = ("information", "science", "finance")
_OTHER = ("wholesale", "leasing")
_LARGE = frozenset({"manufacturing", "construction", "education", "public", "health", "finance", "wholesale"})


@dataclass
class Draw:
    """A draw on its way: named arrays (n, years), raw ones in ``raw``."""

    seed: int
    process: Process
    cities: Register
    raw: dict[str, np.ndarray] = field(default_factory=dict)
    shock: np.ndarray = field(default_factory=lambda: np.empty(0))
    spread: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Cities and years."""
        return self.cities.n, len(YEARS)

    def stream(self, number: int) -> np.random.Generator:
        """A stream of random numbers of its own for each part, so that one part's draws do not shift another's."""
        return np.random.default_rng([self.seed, number])

    def errors(self, rng: np.random.Generator) -> np.ndarray:
        """Errors of an equation under the process."""
        return errors(rng, self.process, self.cities.province_code, len(YEARS), self.spread)

    def effects(self, rng: np.random.Generator, city: float, year: float) -> np.ndarray:
        """City plus year effects with these standard deviations."""
        n, years = self.shape
        return rng.normal(0, city, size=(n, 1)) + rng.normal(0, year, size=(1, years))


def draw(seed: int, process: Process) -> Draw:
    """All raw columns of the city yearbook, without blanks."""
    made = Draw(seed, process, register())
    _production(made)
    trade = _trade(made)
    _budget(made)
    mediators = _employment(made, trade) + _patents(made, trade) + _structure(made, trade)
    _people(made)
    _wages(made, trade, mediators)
    return made


def _production(made: Draw) -> None:
    """Output, investment and staff: ln(Y/L) = ln A + α ln(K/L), A independent of K/L."""
    rng, (n, years) = made.stream(1), made.shape
    size = np.select([made.cities.rank == "直辖市", made.cities.rank == "副省级"], [2.4, 1.4], 0.0)
    staff = np.round(np.exp(12.1 + size + rng.normal(0, 0.5, n))[:, None] * np.exp(0.012 * np.arange(years)))
    within = 0.25
    capital = 1.2 + 2.1 * np.arange(years) / (years - 1) + rng.normal(0, 0.3, (n, 1))
    capital = capital + within * rng.normal(size=(n, years))
    # Var ln A = α (1 - α) Var ln(K/L) within cities makes Y/K and Y/L independent there
    productivity = 1.35 + rng.normal(0, 0.2, (n, 1))
    productivity = productivity + np.sqrt(ALPHA * (1 - ALPHA)) * within * rng.normal(size=(n, years))
    made.raw["staff"] = staff
    made.raw["fixed_investment"] = np.round(staff * np.exp(capital))
    made.raw["gdp"] = np.round(staff * np.exp(productivity + ALPHA * capital))


def _trade(made: Draw) -> np.ndarray:
    """Exports and imports; what the study will compute as trade."""
    rng, (n, years) = made.stream(2), made.shape
    cities = made.cities
    level = np.select([cities.region == "east", cities.region == "central"], [0.075, 0.05], 0.045)
    level = level + rng.normal(0, 0.06, n)
    level[np.isin(cities.city, ["北京市", "铜陵市"])] = -0.25
    shared = rng.normal(size=(int(cities.province_code.max()) + 1, years))[cities.province_code]
    shock = np.sqrt(0.75) * rng.normal(size=(n, years)) + np.sqrt(0.25) * shared
    made.shock = rng.normal(size=(n, years))  # moves trade, and the wage share where the process is endogenous
    moved = 0.022 * (np.sqrt(0.75) * shock + np.sqrt(0.25) * made.shock)
    start = level[:, None] + rng.normal(0, 0.004, years) + moved
    trade = start + FIRST_STAGE * start[:, :1] * (YEARS - FIRST)
    base = rng.uniform(0.7, 1.3, (n, 1))
    made.spread = base * np.sqrt(0.5 + 0.5 * np.minimum(shock**2, 4))
    turnover = np.abs(trade) + np.exp(rng.normal(-2.0, 0.7, (n, 1)) + rng.normal(0, 0.1, (n, years)))
    dollars = made.raw["gdp"] / (USD_RATE / 100)
    made.raw["exports_usd"] = np.round((turnover + trade) / 2 * dollars)
    made.raw["imports_usd"] = np.round((turnover - trade) / 2 * dollars)
    return np.asarray((made.raw["exports_usd"] - made.raw["imports_usd"]) / dollars)


def _budget(made: Draw) -> None:
    """Foreign capital, revenue, education, unemployment: shares with effects of city and year."""
    rng, gdp = made.stream(3), made.raw["gdp"]

    def share(middle: float, city: float, year: float, own: float) -> np.ndarray:
        return middle * np.exp(made.effects(rng, city, year) + rng.normal(0, own, made.shape))

    made.raw["fdi_usd"] = np.round(share(0.016, 0.7, 0.1, 0.35) * gdp / (USD_RATE / 100))
    made.raw["budget_revenue"] = np.round(share(0.072, 0.25, 0.1, 0.15) * gdp)
    made.raw["education_expenditure"] = np.round(share(0.031, 0.3, 0.1, 0.15) * gdp)
    private = np.round(made.raw["staff"] * share(0.9, 0.3, 0.05, 0.1))
    made.raw["private_employed"] = private
    made.raw["unemployed"] = np.round((made.raw["staff"] + private) * share(0.033, 0.25, 0.05, 0.15))


def _employment(made: Draw, trade: np.ndarray) -> np.ndarray:
    """Staff of 19 industries; the part of the wage share that comes through employment."""
    rng, staff = made.stream(4), made.raw["staff"]
    scale = made.process.effect
    leaning = np.clip(rng.normal(0, 0.05, (made.cities.n, 1)), -0.11, 0.11)  # to labour, away from capital
    groups = (
        (_LABOUR, "laborempl", 0.39 + leaning, 0.006, 0.010),
        (_CAPITAL, "capempl", 0.40 - leaning, 0.006, 0.010),
        (_TECHNOLOGY, "techempl", 0.06, 0.006, 0.004),
    )
    left, through = staff.copy(), np.zeros(made.shape)
    for industries, mediator, middle, city, own in groups:
        share = middle + np.clip(made.effects(rng, city, 0.002), -2.2 * city, 2.2 * city)
        share = share + scale * PATHS[mediator][0] * trade + own * made.errors(rng)
        persons = _divided(made, rng, industries, share * staff)
        left = left - persons
        through = through + PATHS[mediator][1] * persons / staff
    _divided(made, rng, _OTHER, left)
    return through


def _divided(made: Draw, rng: np.random.Generator, industries: tuple[str, ...], persons: np.ndarray) -> np.ndarray:
    """Divide persons among industries in parts of each city's own; the sum after rounding."""
    if (persons <= 0).any():
        raise ArithmeticError("employment of a group of industries is not positive")
    usual = np.array([12.0 if i in _LARGE else 3.0 for i in industries])[:, None, None]
    parts = rng.gamma(usual, size=(len(industries), made.cities.n, 1))
    parts = parts * np.exp(rng.normal(0, 0.05, size=(len(industries), *made.shape)))
    parts /= parts.sum(axis=0)
    for name, part in zip(industries, parts, strict=True):
        made.raw[f"emp_{name}"] = np.round(part * persons)
    return np.asarray(np.sum([made.raw[f"emp_{name}"] for name in industries], axis=0))


def _patents(made: Draw, trade: np.ndarray) -> np.ndarray:
    rng = made.stream(5)
    a, b = PATHS["rd"]
    growth = np.linspace(-1.2, 0.9, len(YEARS))
    level = 6.3 + np.clip(rng.normal(0, 1.0, (made.cities.n, 1)), -2.2, 2.2) + growth
    capital = ALPHA * made.raw["gdp"] / made.raw["fixed_investment"]
    logs = level + made.process.effect * a * trade + PATENTS_OF_CAPITAL * capital + 0.35 * made.errors(rng)
    made.raw["design_patents"] = np.maximum(np.round(np.exp(logs)), 1)
    return np.asarray(b * np.log(made.raw["design_patents"]))


def _structure(made: Draw, trade: np.ndarray) -> np.ndarray:
    """Value added of three sectors whose Theil index over sectors has the effect of trade."""
    rng, gdp = made.stream(6), made.raw["gdp"]
    a, b = PATHS["hlh_theil"]
    wanted = 0.19 + np.clip(made.effects(rng, 0.03, 0.01), -0.08, 0.09)
    wanted = wanted + made.process.effect * a * trade + 0.018 * made.errors(rng)
    ratio = 0.5 + np.clip(made.effects(rng, 0.05, 0.02) + rng.normal(0, 0.02, made.shape), -0.15, 0.15)
    primary = _primary_share(np.clip(wanted, 0.06, 0.38), ratio)
    made.raw["gdp_primary"] = np.round(primary * gdp)
    made.raw["gdp_secondary"] = np.round((1 - primary) * ratio * gdp)
    made.raw["gdp_tertiary"] = gdp - made.raw["gdp_primary"] - made.raw["gdp_secondary"]
    parts = np.stack([made.raw[f"gdp_{s}"] for s in ("primary", "secondary", "tertiary")]) / gdp
    weights = parts * np.array([3.2, 0.75, 0.85])[:, None, None]
    weights = weights * np.exp(rng.normal(0, 0.12, (3, made.cities.n, 1)) + rng.normal(0, 0.03, (3, *made.shape)))
    total = (made.raw["staff"] + made.raw["private_employed"]) / 1e4 * rng.uniform(1.4, 1.9, (made.cities.n, 1))
    for sector, weight in zip(("primary", "secondary", "tertiary"), weights / weights.sum(axis=0), strict=True):
        made.raw[f"employed_{sector}"] = np.round(weight * total, 2)
    return np.asarray(b * (np.sum(parts * np.log(parts), axis=0) + np.log(3)))


def _primary_share(wanted: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """The primary sector's share that gives a Theil index over three sectors, by bisection."""
    low, high = np.full_like(wanted, 1e-9), np.full_like(wanted, 1 / 3)
    rest = ratio * np.log(ratio) + (1 - ratio) * np.log(1 - ratio)
    for _ in range(34):
        p = (low + high) / 2
        too_equal = p * np.log(p) + (1 - p) * (np.log1p(-p) + rest) + np.log(3) < wanted
        high, low = np.where(too_equal, p, high), np.where(too_equal, low, p)
    return np.asarray((low + high) / 2)


def _people(made: Draw) -> None:
    rng = made.stream(7)
    residents = (made.raw["staff"] + made.raw["private_employed"]) / 1e4 * rng.uniform(3.5, 6.5, (made.cities.n, 1))
    away = np.clip(made.effects(rng, 0.1, 0.005), -0.3, 0.6)
    made.raw["resident_population"] = np.round(residents, 2)
    made.raw["registered_population"] = np.round(residents / (1 + away), 2)
    prices = 102.3 + rng.normal(0, 1.2, (1, len(YEARS))) + rng.normal(0, 0.4, made.shape)
    made.raw["cpi"] = np.round(prices, 1)


def _wages(made: Draw, trade: np.ndarray, through: np.ndarray) -> None:
    """Total wages, so that their share of GDP is the wage equation."""
    rng, raw, process = made.stream(8), made.raw, made.process
    controls = controls_of(raw)
    level = 0.1125 + 0.022 * (rng.gamma(4.0, size=(made.cities.n, 1)) - 4) / 2
    share = level + rng.normal(0, 0.004, (1, len(YEARS)))
    share = share + direct_effects(process, made.cities.region)[:, None] * trade + through - through.mean()
    for name, effect in CONTROLS.items():
        share = share + effect * (controls[name] - controls[name].mean())
    share = share + 0.006 * made.errors(rng)
    share = share + process.endogenous * ENDOGENOUS * 0.011 * made.shock * (YEARS > FIRST)
    if (share <= 0).any():
        raise ArithmeticError("a wage bill is not positive")
    raw["total_wages"] = np.round(share * raw["gdp"])


def controls_of(raw: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The controls that the wage equation holds for, from raw columns."""
    gdp, labour = raw["gdp"], raw["staff"]
    productivity = np.log(gdp / labour) - ALPHA * np.log(raw["fixed_investment"] / labour)
    return {
        "fdi": raw["fdi_usd"] * (USD_RATE / 100) / gdp,
        "govern": raw["budget_revenue"] / gdp,
        "educ": raw["education_expenditure"] / gdp,
        "tfp": np.exp(productivity),
        "unemp": raw["unemployed"] / (raw["unemployed"] + labour + raw["private_employed"]),
    }


def direct_effects(process: Process, region: np.ndarray) -> np.ndarray:
    """Direct effect of trade by city."""
    everywhere = np.full(len(region), DIRECT_EVERYWHERE)
    uneven = np.array([DIRECT[r] for r in region.tolist()])
    return process.effect * (uneven if process.uneven_effect else everywhere)


def with_blanks(made: Draw) -> dict[str, np.ndarray]:
    """The raw columns as printed: with blanks, as NaN."""
    rng = made.stream(9)
    raw = {name: values.copy() for name, values in made.raw.items()}
    blank = runs(rng, made.cities, len(YEARS), BLANK_TRADE)
    which = rng.choice(3, size=blank.shape, p=[0.7, 0.15, 0.15])  # both, exports only, imports only
    raw["exports_usd"][blank & (which != 2)] = np.nan
    raw["imports_usd"][blank & (which != 1)] = np.nan
    there = ~blank
    fillable = {"total_wages": 25, "fdi_usd": 60, "budget_revenue": 20, "education_expenditure": 25, "unemployed": 40}
    for name, total in fillable.items():
        raw[name][cells(rng, there, total)] = np.nan
    raw["design_patents"][cells(rng, there, 36)] = np.nan  # not filled: 4,473 rows have it
    return raw


def has_incomes(made: Draw) -> np.ndarray:
    """City-years that the survey of incomes covers; among the study's 4,509 it lacks 33."""
    rng = made.stream(9)
    blank = runs(rng, made.cities, len(YEARS), BLANK_TRADE)
    covered = ~cells(made.stream(10), ~blank, 33)
    covered[:, 0] = False  # begins in 2005
    return covered


def truth(process: Process) -> Truth:
    """The true effects under a process."""
    scale = process.effect
    indirect = {m: scale * a * b for m, (a, b) in PATHS.items()}
    groups: tuple[str | None, ...] = tuple(DIRECT) if process.uneven_effect else (None,)
    found = []
    for where in groups:
        direct = scale * (DIRECT_EVERYWHERE if where is None else DIRECT[where])
        total = direct + sum(indirect.values())
        found += [Effect("wage", "trade", total, "total", where), Effect("wage", "trade", direct, "direct", where)]
        found.append(Effect("gapwage", "trade", total, "total", where))
    for m, (a, b) in PATHS.items():
        found += [Effect(m, "trade", scale * a, "path"), Effect("wage", m, b, "path")]
    found += [Effect("wage", name, value, "control") for name, value in CONTROLS.items()]
    found.append(Effect("gini", "trade", scale * INEQUALITY))
    found.append(Effect("rd", "mpk", PATENTS_OF_CAPITAL))
    found.append(Effect("trade", "z", FIRST_STAGE, "first_stage"))
    return Truth(tuple(found), tuple(_remarks(process)))


def _remarks(process: Process) -> list[str]:
    notes = [
        f"elasticity of output with respect to capital: {ALPHA}; industries' errors are independent of one another"
    ]
    notes.append("gapwage: times N/(N-1) of the year, since it is the wage share less the mean of the others")
    if process.endogenous:
        notes.append("a shock moves trade and the wage share: least squares is biased towards zero, 2SLS with z is not")
    if process.uneven_effect:
        notes.append("the direct effect differs between regions: pooled columns estimate weighted means of the three")
    if process.serial:
        notes.append("errors persist and spread over provinces: standard errors that assume independence are too small")
    return notes
