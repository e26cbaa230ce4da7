"""Books of 30 provinces, 2000-2013, in which linkages of value chains move the gap between cities by known amounts.

    gap = province + year + effects of both linkages + γ' controls + error        (Gini of lights, Gini of GDP per head)

Employment by province and sector is drawn first; linkages are what a study will compute of it with the tables of the
study `globalisation`. The brightness and the GDP per head of prefectures follow from the gap, images of
satellites from the brightness.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import polars as pl

from econloom.iot import regionalise
from econloom.simulate.atlas import INVARIANT, Atlas, atlas, sector_indices
from econloom.simulate.processes import Process, errors, persistent
from econloom.simulate.truth import Effect, Truth

FIRST, LAST = 2000, 2013
YEARS = np.arange(FIRST, LAST + 1)
LINKAGES = {"gini": {"fw": -0.08, "bw": 0.15}, "pgini": {"fw": -0.07, "bw": 0.12}}
CONTROLS = {"open": 0.02, "fdi": -0.2, "inv": 0.03, "gov": 0.05, "hc": 0.004, "fin": 0.004}  # on both gaps
SHOCK = 0.35  # of employment's drift that also moves the gap where the process is endogenous
_INVARIANT_LEVEL = 16.0  # brightness of the prefecture that does not change
SPREAD = 0.008  # of the gap's error
_GOODS = """
粮食 油脂 肉禽 蛋 水产品 鲜菜 饮料烟酒 服装 纺织品 家用电器 文化用品 日用品 交通用品 化妆品 药品 书报 燃料 建材
"""
GOODS = tuple(_GOODS.split())
_DIVISIONS = """
01 02 03 04 06 07 08 09 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 44 45 46 47
48 49 50 51 52 53 54 55 58 59 60 61 63 65 66 68 70 71 72 73 78 80 82 83 90
"""
DIVISIONS = tuple(_DIVISIONS.split())


@dataclass
class World:
    """A draw on its way: arrays (30, years) in ``raw`` by column; prefectures (n, years) in ``cities``."""

    seed: int
    process: Process
    places: Atlas
    employment: np.ndarray = field(default_factory=lambda: np.empty(0))
    shock: np.ndarray = field(default_factory=lambda: np.empty(0))
    linkages: dict[str, np.ndarray] = field(default_factory=dict)
    raw: dict[str, np.ndarray] = field(default_factory=dict)
    cities: dict[str, np.ndarray] = field(default_factory=dict)

    def stream(self, number: int) -> np.random.Generator:
        """A stream of random numbers of its own for each part."""
        return np.random.default_rng([self.seed, 100 + number])


@lru_cache(maxsize=16)
def draw(seed: int, process: Process) -> World:
    """Everything but the images."""
    made = World(seed, process, atlas())
    _employment(made)
    _yearbook(made)
    _people(made)
    gaps = {name: _gap(made, name, k) for k, name in enumerate(LINKAGES)}
    _incomes(made, gaps["pgini"])
    made.cities["brightness"] = _spread_out(
        gaps["gini"], made.stream(9), made.places, 6.0 * 1.08 ** np.arange(len(YEARS)), fixed=INVARIANT
    )
    return made


def _employment(made: World) -> None:
    """Persons by province, division and year: location quotients of their own that drift."""
    rng, shape = made.stream(1), (30, len(DIVISIONS), len(YEARS))
    share = rng.gamma(1.5, size=(1, len(DIVISIONS), 1))
    level = rng.normal(0, 0.55, (30, len(DIVISIONS), 1))
    made.shock = persistent(rng, (30, len(YEARS)), 0.5)
    exposed = rng.normal(0, 0.12, (1, len(DIVISIONS), 1))  # of the province's shock, by division
    drift = np.cumsum(rng.normal(0, 0.09, shape), axis=2)
    size = np.exp(rng.normal(5.2, 0.5, (30, 1, 1)))
    logs = np.log(share) + level + drift + exposed * made.shock[:, None, :]
    persons = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True) * size * 1e4
    made.employment = np.maximum(np.round(persons), 1)
    indices = sector_indices()
    for name, flow in (("fw", "import"), ("bw", "export")):
        index = indices.select("year", "sector", value=flow)
        frame = regionalise.by_employment(index, employment_frame(made), match="gbt4754_2011").frame
        order = pl.DataFrame({"province": made.places.province, "place": np.arange(30)})
        wide = frame.join(order, on="province").sort("place", "year")["value"].to_numpy()
        made.linkages[name] = wide.reshape(30, len(YEARS))


def employment_frame(made: World) -> pl.DataFrame:
    """``province``, ``year``, ``sector``, ``employment``."""
    n, m, t = made.employment.shape
    return pl.DataFrame(
        {
            "province": np.repeat(made.places.province, m * t),
            "year": np.tile(YEARS, n * m),
            "sector": np.tile(np.repeat(DIVISIONS, t), n),
            "employment": made.employment.ravel().astype(np.int64),
        }
    )


def _yearbook(made: World) -> None:
    """The columns that the controls are computed from; GDP in 100 million yuan."""
    rng, raw, t = made.stream(2), made.raw, np.arange(len(YEARS))
    people = np.exp(rng.normal(8.2, 0.5, (30, 1))) * np.exp(0.005 * t)
    raw["gdp"] = np.round(people * np.exp(-0.4 + rng.normal(0, 0.3, (30, 1)) + 0.12 * t + _moves(rng, 0.03)), 2)
    for name, middle, between, within in (
        ("trade_value", 0.16, 0.8, 0.12),
        ("fdi_value", 0.025, 0.6, 0.2),
        ("investment", 0.5, 0.2, 0.08),
        ("expenditure", 0.18, 0.3, 0.06),
        ("deposits", 1.4, 0.25, 0.05),
        ("loans", 1.05, 0.25, 0.05),
    ):
        raw[name] = np.round(middle * np.exp(rng.normal(0, between, (30, 1)) + _moves(rng, within)) * raw["gdp"], 2)
    known = people * 0.93
    parts = rng.dirichlet([28, 38, 15, 8, 9], size=30)[:, :, None] * np.exp(0.05 * rng.normal(size=(30, 5, len(t))))
    parts[:, 3] *= 1.05**t
    parts = parts / parts.sum(axis=1, keepdims=True)
    for k, name in enumerate(("primary", "junior", "senior", "college")):
        raw[name] = np.round(parts[:, k] * known, 2)
    raw["population6"] = np.round(known, 2)
    raw["area"] = np.repeat(np.round(np.exp(rng.normal(11.8, 0.7, (30, 1)))), len(t), axis=1)
    density = np.exp(rng.normal(-1.0, 0.4, (30, 1)) + 0.06 * t + _moves(rng, 0.03))
    raw["road_km"], raw["rail_km"] = (np.round(raw["area"] * density * part) for part in (0.96, 0.04))
    scores = 5 + rng.normal(0, 1.2, (2, 30, 1)) + 0.18 * t + np.stack([_moves(rng, 0.3), _moves(rng, 0.3)])
    raw["product"], raw["factor"] = np.round(np.clip(scores, 0.2, 12), 2)


def _moves(rng: np.random.Generator, size: float) -> np.ndarray:
    return size * persistent(rng, (30, len(YEARS)), 0.6)


def controls_of(raw: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The controls that the equations hold for, as a study computes them."""
    gdp = raw["gdp"]
    schooling = 6 * raw["primary"] + 9 * raw["junior"] + 12 * raw["senior"] + 16 * raw["college"]
    return {
        "open": raw["trade_value"] / gdp,
        "fdi": raw["fdi_value"] / gdp,
        "inv": raw["investment"] / gdp,
        "gov": raw["expenditure"] / gdp,
        "hc": schooling / raw["population6"],
        "fin": (raw["deposits"] + raw["loans"]) / gdp,
    }


def _gap(made: World, outcome: str, k: int) -> np.ndarray:
    """The Gini coefficient between the cities of each province that the equation gives, (30, years)."""
    rng, process = made.stream(3 + k), made.process
    gap = 0.19 + np.clip(rng.normal(0, 0.04, (30, 1)), -0.06, 0.1) + rng.normal(0, 0.003, (1, len(YEARS)))
    for name, effect in LINKAGES[outcome].items():
        gap = gap + process.effect * effect * (made.linkages[name] - made.linkages[name].mean())
    for name, values in controls_of(made.raw).items():
        gap = gap + CONTROLS[name] * (values - values.mean())
    gap = gap + SPREAD * errors(rng, process, np.arange(30), len(YEARS))
    return np.asarray(np.clip(gap + process.endogenous * SHOCK * SPREAD * made.shock, 0.03, 0.45))


def _people(made: World) -> None:
    rng, places = made.stream(7), made.places
    level = np.exp(rng.normal(5.8, 0.5, (len(places.of), 1)))
    made.cities["population"] = np.round(level * np.exp(0.006 * np.arange(len(YEARS))), 2)


def _incomes(made: World, gap: np.ndarray) -> None:
    """GDP of prefectures: its amounts per head have the wanted gap, its sum is the province's."""
    head = _spread_out(gap, made.stream(8), made.places, np.ones(len(YEARS)))
    total = head * made.cities["population"]
    of = made.places.of
    sums = np.stack([np.bincount(of, total[:, t], minlength=30) for t in range(len(YEARS))], axis=1)
    made.cities["gdp"] = np.round(total * (made.raw["gdp"] / sums)[of], 4)


def _spread_out(
    gap: np.ndarray, rng: np.random.Generator, places: Atlas, middle: np.ndarray, fixed: str | None = None
) -> np.ndarray:
    """Positive amounts of prefectures whose Gini coefficient within each province and year is the one wanted.

    ``middle exp(s z)`` with z of the prefecture's own and s found by bisection; ``fixed`` names one that stays at 16.
    """
    made = np.empty((len(places.of), len(middle)))
    for p in range(30):
        at = np.flatnonzero(places.of == p)
        z = np.sort(rng.normal(size=len(at)))
        z = rng.permutation((z - z.mean()) / (z.std() if len(at) > 1 else 1.0))
        held = places.prefecture[at] == fixed
        low, high = np.zeros(len(middle)), np.full(len(middle), 3.0)
        for _ in range(40):
            s = (low + high) / 2
            values = np.where(held[:, None], _INVARIANT_LEVEL, middle * np.exp(s * z[:, None]))
            less = _ginis(values) < gap[p]
            low, high = np.where(less, s, low), np.where(less, high, s)
        made[at] = values if len(at) > 1 else middle
    return made


def _ginis(x: np.ndarray) -> np.ndarray:
    """Gini coefficients of the columns."""
    n = len(x)
    ordered = np.sort(x, axis=0)
    return np.asarray((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * ordered.sum(axis=0)))


def truth(process: Process) -> Truth:
    """The true effects under a process."""
    found = [
        Effect(outcome, name, process.effect * value)
        for outcome, effects in LINKAGES.items()
        for name, value in effects.items()
    ]
    found += [Effect(outcome, name, value, "control") for outcome in LINKAGES for name, value in CONTROLS.items()]
    notes = [
        "linkages as `linkage(…, form='ratio', side='user', concordance='gbt4754_2011')` of the tables of the study "
        "globalisation; with other tables or forms these effects are not the true ones",
        "no effect of market integration and transport, and none of institutions on the effects of linkages",
        "the Gini coefficient of measured lights has an error of its own: noise, rounding, saturation, continuity",
    ]
    if process.endogenous:
        notes.append("a shock moves employment and the gap: least squares and 2SLS are biased")
    return Truth(tuple(found), tuple(notes))
