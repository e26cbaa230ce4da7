"""3,500 listed firms in real cities, 2010-2022, in which zones raise innovation by known amounts.

The mean of ln(1 + patents) of a firm and year is

    firm + year + province by year + effect of the zone + Σ b_m mediator_m + γ' controls + error

and patents are drawn with a Poisson-gamma law that has this mean, so that the equation holds for the outcome of the
study. In the process ``counts`` it holds for the log of the expected number instead. Inventions are a part of the
patents whose ln(1 + inventions) has .7 of everything. Accounts come first and do not hang on zones, except profits
and research.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from econloom.simulate import firm_cities
from econloom.simulate.counts import SHAPE, expected_count
from econloom.simulate.market import DIRECT, DIRECT_EVERYWHERE, FIRMS, PATHS, RD, RINGS, YEARS, Market, dose
from econloom.simulate.processes import Process
from econloom.simulate.zones import places, ring

CONTROLS = {"kn": 0.04, "wage": 0.03, "debt": -0.2, "roa": 0.6, "cgdp": 0.1, "ind": 0.3, "tech": 0.05}
INVENTIONS = 0.7  # part of everything that inventions have
SPREAD = 0.15  # of the error of the mean
LEAST = 0.05  # the least mean of ln(1 + patents)
SPAN = (2011, 2020)  # of the study, which groups firms by size over it
GROUPS = ("small", "medium", "large")


@lru_cache(maxsize=4)
def draw(seed: int, process: Process) -> Market:
    """Everything but the register of patents, one by one."""
    made = Market(seed, process, places())
    firm_cities.draw(made)
    _homes(made)
    _accounts(made)
    made.computed |= controls_of(made)
    outcomes(made, made.stream(13))
    return made


def _homes(made: Market) -> None:
    """Where firms are, and when: some are listed later, some leave."""
    rng, rank = made.stream(11), made.cities.rank
    weight = np.exp(rng.normal(0.4, 0.8, made.cities.n))
    weight = weight * np.where(made.cities.adopted > 0, 3.0, 1.0)
    weight = np.where(rank == "副省级", 30.0, np.where(rank == "直辖市", 90.0, weight))
    made.home = rng.choice(made.cities.n, size=FIRMS, p=weight / weight.sum())
    listed = rng.choice([0, 1], size=FIRMS, p=[0.55, 0.45]) * rng.integers(1, 11, FIRMS)
    leaves = np.where(rng.random(FIRMS) < 0.06, rng.integers(4, len(YEARS), FIRMS), len(YEARS))
    t = np.arange(len(YEARS))
    made.there = (t >= listed[:, None]) & (t < np.maximum(leaves, listed + 3)[:, None])
    made.firm["founded"] = np.repeat((2010 + listed - rng.integers(4, 25, FIRMS))[:, None], len(YEARS), axis=1)


def _accounts(made: Market) -> None:
    """Balance sheets and income statements in yuan."""
    rng, raw, t = made.stream(12), made.firm, np.arange(len(YEARS))

    def own(middle: float, between: float, within: float) -> np.ndarray:
        return np.asarray(middle + rng.normal(0, between, (FIRMS, 1)) + made.moves(rng, within, firms=True))

    size = made.size = rng.normal(size=(FIRMS, 1))
    assets = np.exp(21.3 + 1.1 * size + 0.09 * t + own(0, 0.2, 0.12))
    raw["assets"] = np.round(assets, 2)
    raw["revenue"] = np.round(assets * np.exp(own(-0.55, 0.4, 0.1)), 2)
    raw["employees"] = np.round(np.exp(7.2 + 0.7 * size + 0.02 * t + own(0, 0.4, 0.08))) + 20
    raw["fixed_assets"] = np.round(assets / (1 + np.exp(own(1.3, 0.7, 0.2))), 2)
    raw["payroll"] = np.round(raw["employees"] * np.exp(own(9.5, 0.5, 0.2) + 0.06 * t), 2)
    raw["liabilities"] = np.round(assets / (1 + np.exp(own(0.3, 0.7, 0.2))), 2)
    before = np.column_stack([raw["assets"][:, :1], raw["assets"][:, :-1]])
    raw["net_profit"] = np.round(own(0.04, 0.03, 0.03) * (raw["assets"] + before) / 2, 2)
    raw["cash_flow"] = np.round(own(0.05, 0.03, 0.05) * assets, 2)
    raw["book_value"] = np.round(raw["assets"] - raw["liabilities"], 2)
    raw["market_value"] = np.round(raw["book_value"] * np.exp(own(0.9, 0.4, 0.25)), 2)
    zone = dose(made.process, made.cities.adopted)[made.home]
    profit = own(0.09, 0.06, 0.02) + PATHS["profit"][0] * zone + 0.04 * made.firm_errors(rng)
    raw["operating_profit"] = np.round(profit * raw["revenue"], 2)
    research = 16.8 + 0.9 * size + 0.05 * t + rng.normal(0, 0.7, (FIRMS, 1)) + RD * zone
    raw["rd_input"] = np.round(np.exp(research + 0.6 * made.firm_errors(rng)), 2)


def controls_of(made: Market) -> dict[str, np.ndarray]:
    """Mediators and controls of firms, as the study computes them, (n, years)."""
    raw, city, home = made.firm, made.city, made.home
    before = np.column_stack([raw["assets"][:, :1], raw["assets"][:, :-1]])
    return {
        "profit": raw["operating_profit"] / raw["revenue"],
        "kn": np.log(raw["fixed_assets"] / raw["employees"]),
        "wage": np.log(raw["payroll"] / raw["employees"]),
        "debt": raw["liabilities"] / raw["assets"],
        "roa": raw["net_profit"] / ((raw["assets"] + before) / 2),
        "cgdp": np.log(city["gdp"] / city["population"])[home],
        "ind": (city["tertiary"] / city["gdp"])[home],
        "tech": (city["science_expenditure"] / city["population"] / 1000)[home],
    }


def group_of(made: Market) -> np.ndarray:
    """Tercile of each firm by its mean log revenue in the study's years: 0, 1 or 2."""
    inside = made.there & np.isin(YEARS, np.arange(SPAN[0], SPAN[1] + 1))
    shown = inside.any(axis=1)
    logs = np.where(inside, np.log(made.firm["revenue"]), 0.0)
    means = np.where(shown, logs.sum(axis=1) / np.maximum(inside.sum(axis=1), 1), 0.0)
    return np.asarray(np.searchsorted(np.quantile(means[shown], [1 / 3, 2 / 3]), means))


def direct_effects(made: Market) -> np.ndarray:
    """Full direct effect of a zone by firm."""
    if not made.process.uneven_effect:
        return np.full(FIRMS, DIRECT_EVERYWHERE)
    return np.asarray(np.array([DIRECT[g] for g in GROUPS])[group_of(made)])


def _zone_effect(made: Market) -> np.ndarray:
    """Direct effect by firm and year; with the paths through mediators it is the total effect of :func:`truth`."""
    zone = dose(made.process, made.cities.adopted)
    carried = zone.copy()
    at = int(np.flatnonzero(YEARS == 2020)[0])
    carried[:, at] = zone[:, at - 1]  # the study carries employment of 2019 over
    late = PATHS["conv"][0] * PATHS["conv"][1] * (zone - carried)
    effect = direct_effects(made)[:, None] * zone[made.home] + late[made.home]
    if made.process.rings:
        for far, moved in RINGS.items():
            effect = effect + made.process.effect * moved * ring(far - 50, far, YEARS)[made.home]
    return np.asarray(effect + made.process.trend * trends(made)[made.home][:, None] * (YEARS - SPAN[0]))


def trends(made: Market) -> np.ndarray:
    """What adoption has that neither provinces nor the instruments tell, by city: trends that follow it leave the
    instruments valid."""
    chosen = (made.cities.adopted > 0).astype(float)
    old = made.history
    known = [old[c] / old["population84"] for c in ("telephones84", "post_offices84")]
    provinces = np.eye(made.cities.province_code.max() + 1)[made.cities.province_code]
    X = np.column_stack([provinces, *known])
    w = np.sqrt(np.bincount(made.home, made.there.sum(axis=1), minlength=made.cities.n))
    return np.asarray(chosen - X @ np.linalg.lstsq(X * w[:, None], chosen * w, rcond=None)[0])


def outcomes(made: Market, rng: np.random.Generator) -> None:
    """Patents and inventions, in place of those that are there: another stream draws them anew, all else held fixed."""
    known = made.computed
    base = np.minimum(0.65 + np.exp(rng.normal(-0.75, 0.7, (FIRMS, 1)) + 0.4 * made.size), 4.9)
    moved = 0.02 * (np.arange(len(YEARS)) - 6) + rng.normal(0, 0.02, len(YEARS))
    of_province = rng.normal(0, 0.03, (made.cities.province_code.max() + 1, len(YEARS)))
    moved = moved + of_province[made.cities.province_code[made.home]] + _zone_effect(made)
    for name, effect in {**CONTROLS, **{m: b for m, (_, b) in PATHS.items()}}.items():
        values = known[name] if len(known[name]) == FIRMS else known[name][made.home]
        moved = moved + effect * (values - values.mean(axis=1, keepdims=True))
    spread = np.exp(rng.normal(0, 0.3, (FIRMS, 1))) * np.ones(len(YEARS)) if made.process.uneven else 1.0
    moved = moved + SPREAD * made.firm_errors(rng) * spread
    part = rng.uniform(0.5, 0.75, (FIRMS, 1))
    if made.process.counts:
        made.expected = expected_count(base) * np.exp(moved)
        inventive = expected_count(part * base) * np.exp(INVENTIONS * moved)
    else:
        made.expected = expected_count(np.maximum(base + moved, LEAST))
        inventive = expected_count(np.maximum(part * base + INVENTIONS * moved, LEAST))
    made.inventive = np.minimum(inventive, 0.98 * made.expected)
    low = np.zeros_like(made.there) if made.process.counts else base + moved < LEAST
    made.clipped = int(((low | (inventive > made.inventive)) & made.there).sum())
    shock = rng.gamma(SHAPE, 1 / SHAPE, made.there.shape)
    inventions = rng.poisson(shock * made.inventive)
    others = rng.poisson(shock * (made.expected - made.inventive))
    made.inventions, made.count = inventions * made.there, (inventions + others) * made.there
