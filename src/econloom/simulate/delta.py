"""Yearbooks of the 26 cities of the Yangtze delta, 2004-2017, in which net migration raises GDP per head.

Output is drawn last, so that the growth equation holds for what the study will compute in prices of 2004:

    y = city + effect mig + Σ_k (own_k M_k + moderation_k mig (M_k - usual_k)) + γ' controls + error

and books that are printed in money follow from ratios to output.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from econloom.simulate.cities import USD_RATE
from econloom.simulate.processes import Process, errors, persistent
from econloom.simulate.register import DELTA, register
from econloom.simulate.truth import Effect, Truth

FIRST, LAST = 2004, 2017
YEARS = np.arange(FIRST, LAST + 1)
EFFECT = 8.0
LARGE, OTHERS = 9.0, 6.5  # where the effect differs: urban residents over 5 million on average, and others
MODERATORS = {  # own effect, moderation, and the usual value, where the effect is the one above
    "str": (0.3, 2.0, 0.8),
    "tec": (0.004, 0.006, 20.0),
    "cos": (-0.8, 6.0, 0.33),
}
CONTROLS = {"inc": 1.6, "inv": 0.4, "gov": 9.0, "tra": -0.6, "fdi": 6.0, "urb": 1.5}
SPREAD = 0.1  # of the error, 10,000 yuan

# registered population (10,000 persons) and mean net migration, of the order of the official ones; GDP per head wanted
_CITIES = """
上海 1400 .58 8.6|南京 640 .25 8.0|无锡 470 .36 10.3|常州 365 .25 8.3|苏州 640 .55 10.9|南通 765 -.05 6.2
盐城 815 -.12 4.2|扬州 460 -.03 6.0|镇江 270 .15 7.7|泰州 507 -.08 5.6|杭州 700 .24 8.0|宁波 575 .31 8.2
嘉兴 345 .30 6.4|湖州 262 .11 5.5|绍兴 440 .11 6.7|金华 468 .12 5.2|舟山 97 .17 6.6|台州 585 .02 4.9
合肥 700 .05 5.2|芜湖 350 -.02 4.5|马鞍山 220 -.02 4.8|铜陵 150 -.06 5.0|安庆 610 -.15 3.4|滁州 445 -.12 3.5
池州 160 -.11 3.3|宣城 278 -.08 3.6
"""


def _known() -> np.ndarray:
    """Population, migration and output wanted of each city, in the order of the register."""
    rows = {r.split()[0] + "市": [float(x) for x in r.split()[1:]] for r in _CITIES.replace("\n", "|").split("|") if r}
    return np.array([rows[c] for c in DELTA]).T


def draw(seed: int, process: Process) -> dict[str, np.ndarray]:
    """All raw columns (26, 14), without blanks."""
    raw = _people(np.random.default_rng([seed, 21]))
    ratios = _ratios(np.random.default_rng([seed, 22]), raw)
    y = _output(np.random.default_rng([seed, 23]), process, raw, ratios)
    _money(np.random.default_rng([seed, 24]), raw, ratios, y)
    return raw


def _effects(rng: np.random.Generator, city: float, own: float) -> np.ndarray:
    """City effects plus persistent deviations."""
    return rng.normal(0, city, (26, 1)) + own * persistent(rng, (26, len(YEARS)), 0.6)


def _people(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Populations, staff, schooling, area, innovation."""
    people, mean, level = (x[:, None] for x in _known())
    years, centred = len(YEARS), (YEARS - YEARS.mean()) / len(YEARS)
    raw: dict[str, np.ndarray] = {}
    registered = people * np.exp(0.003 * np.arange(years) + rng.normal(0, 0.003, (26, years)))
    raw["registered_population"] = np.round(registered, 2)
    mig = mean + (0.05 + 0.2 * mean) * centred + 0.012 * persistent(rng, (26, years), 0.5)
    raw["resident_population"] = np.round(raw["registered_population"] * (1 + mig), 2)
    urban = 0.36 + 0.035 * level + 0.22 * centred + _effects(rng, 0.03, 0.012)
    raw["urban_population"] = np.round(np.clip(urban, 0.15, 0.95) * raw["resident_population"], 2)
    raw["urban_residents"] = np.round(raw["urban_population"] * rng.uniform(0.85, 1.0, (26, 1)), 2)
    staff = raw["resident_population"] * np.exp(_effects(rng, 0.08, 0.01)) * 0.45
    structure = np.exp(-0.25 + 0.35 * centred + _effects(rng, 0.3, 0.07))
    raw["staff_secondary"] = np.round(staff / (1 + structure), 2)
    raw["staff_tertiary"] = np.round(staff * structure / (1 + structure), 2)
    index = np.exp(0.6 + 0.3 * level + 2.2 * centred + _effects(rng, 0.35, 0.15))
    raw["innovation_index"] = np.round(index, 2)
    raw["area"] = np.repeat(np.round(people / rng.uniform(0.05, 0.11, (26, 1))), years, axis=1)
    school = np.array([0.34, 0.38, 0.17, 0.11])[:, None, None] * np.exp(rng.normal(0, 0.15, (4, 26, 1)))
    school = school * np.exp(np.array([-0.4, -0.1, 0.3, 0.9])[:, None, None] * centred)
    for name, part in zip(("primary", "junior", "senior", "college"), school / school.sum(axis=0), strict=True):
        raw[name] = np.round(part * raw["resident_population"] * 0.93, 2)
    return raw


def _ratios(rng: np.random.Generator, raw: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the study will compute of books in money: income in logs, the others as shares of output."""
    level, centred = _known()[2][:, None], (YEARS - YEARS.mean()) / len(YEARS)
    return {
        "inc": 9.4 + 0.055 * level + 1.05 * centred + _effects(rng, 0.05, 0.025),  # yuan of 2004
        "inv": 0.55 * np.exp(0.3 * centred + _effects(rng, 0.2, 0.1)),
        "gov": 0.115 * np.exp(0.75 * centred + _effects(rng, 0.2, 0.05)),
        "tra": np.exp(-2.6 + 0.25 * level - 0.3 * centred + _effects(rng, 0.3, 0.12)),
        "fdi": 0.035 * np.exp(-0.5 * centred + _effects(rng, 0.3, 0.15)),
        "cos": 0.33 * np.exp(_effects(rng, 0.15, 0.08)),
        "str": raw["staff_tertiary"] / raw["staff_secondary"],
        "tec": raw["innovation_index"],
        "urb": raw["urban_population"] / raw["resident_population"],
        "mig": (raw["resident_population"] - raw["registered_population"]) / raw["registered_population"],
    }


def _output(
    rng: np.random.Generator, process: Process, raw: dict[str, np.ndarray], ratios: dict[str, np.ndarray]
) -> np.ndarray:
    """GDP per head in 10,000 yuan of 2004."""
    provinces = register().only(DELTA).province_code
    moved = np.abs(ratios["mig"] - ratios["mig"].mean(axis=1, keepdims=True))
    spread = rng.uniform(0.6, 1.4, (26, 1)) * (1 + 20 * moved)
    slope = np.full((26, 1), EFFECT)
    if process.uneven_effect:
        slope = np.where(raw["urban_residents"].mean(axis=1, keepdims=True) > 500, LARGE, OTHERS)
    y = process.effect * slope * ratios["mig"]
    for name in process.moderators:
        own, moderation, usual = MODERATORS[name]
        y = y + own * ratios[name] + process.effect * moderation * ratios["mig"] * (ratios[name] - usual)
    for name, effect in CONTROLS.items():
        y = y + effect * ratios[name]
    within = replace(process, common=0.0)  # four provinces would be too few to allow for what they share
    y = y + SPREAD * errors(rng, within, provinces, len(YEARS), spread)
    if process.free_effects:
        return np.asarray(y - y.mean() + 13.0 + rng.normal(0, 1.2, (26, 1)))
    return np.asarray(y - y.mean(axis=1, keepdims=True) + _known()[2][:, None] + rng.normal(0, 0.2, (26, 1)))


def _money(rng: np.random.Generator, raw: dict[str, np.ndarray], ratios: dict[str, np.ndarray], y: np.ndarray) -> None:
    """Output, its index and the books in money, from GDP per head and the ratios."""
    if (y <= 0).any():
        raise ArithmeticError("GDP per head is not positive")
    real = y * raw["resident_population"]  # 100 million yuan of 2004
    prices = 1.033 ** np.arange(len(YEARS)) * np.exp(0.012 * persistent(rng, (26, len(YEARS)), 0.5))
    prices = prices / prices[:, :1]
    index = np.full_like(real, np.nan)
    index[:, 1:] = np.round(100 * real[:, 1:] / real[:, :-1], 2)
    index[:, 0] = np.round(112 + rng.normal(0, 1.5, 26), 2)
    gdp = np.round(real * prices, 4)
    chained = np.cumprod(np.where(np.arange(len(YEARS)) == 0, 1.0, index / 100), axis=1)
    deflator = gdp / (gdp[:, :1] * chained)
    dollars = gdp * 1e4 / (USD_RATE[: len(YEARS)] / 100)  # 100 million yuan to 10,000 dollars
    exported = np.clip(0.58 + _effects(rng, 0.08, 0.02), 0.2, 0.9)
    raw["gdp"], raw["gdp_index"] = gdp, index
    raw["disposable_income"] = np.round(np.exp(ratios["inc"]) * deflator, 2)
    raw["fixed_investment"] = np.round(ratios["inv"] * gdp, 4)
    raw["fiscal_expenditure"] = np.round(ratios["gov"] * gdp, 4)
    raw["exports_usd"] = np.round(exported * ratios["tra"] * dollars)
    raw["imports_usd"] = np.round((1 - exported) * ratios["tra"] * dollars)
    raw["fdi_usd"] = np.round(ratios["fdi"] * dollars)
    raw["urban_consumption"] = np.round(ratios["cos"] * gdp / raw["resident_population"] * 1e4, 2)


def truth(process: Process) -> Truth:
    """The true effects under a process."""
    found: list[Effect] = []
    scale = process.effect
    groups = {"large": LARGE, "others": OTHERS} if process.uneven_effect else {None: EFFECT}
    unusual = sum(moderation * usual for _, moderation, usual in (MODERATORS[m] for m in process.moderators))
    for where, effect in groups.items():
        found.append(Effect("y", "mig", scale * effect, where=where))
        if process.moderators:
            found.append(Effect("y", "mig", scale * (effect - unusual), "at zero", where))
    for name in process.moderators:
        own, moderation, _ = MODERATORS[name]
        found += [Effect("y", name, own, "moderation"), Effect("y", f"mig:{name}", scale * moderation, "moderation")]
    found += [Effect("y", name, value, "control") for name, value in CONTROLS.items()]
    return Truth(tuple(found), tuple(_remarks(process)))


def _remarks(process: Process) -> list[str]:
    notes = ["no effects of years: all growth comes from the regressors, so columns without years are not biased"]
    if not process.free_effects:
        notes.append("city effects go with the regressors: pooled and random effects are biased, fixed effects are not")
    if len(process.moderators) > 1:
        notes.append("several variables moderate the effect: a model with one of them estimates no single true number")
    if process.moderators:
        notes.append("total: where the moderators have their usual values; at zero: where they are zero")
    if process.uneven_effect:
        notes.append(
            "the effect differs between large cities and others: other groupings estimate weighted means of the two"
        )
    if process.serial:
        notes.append(
            "errors persist: standard errors that assume independence are too small; 26 cities are few clusters"
        )
    notes.append("the lagged regressor has no effect of its own: its columns are not judged")
    return notes
