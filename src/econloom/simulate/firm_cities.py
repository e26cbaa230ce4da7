"""Cities of the simulated firms, 2010-2022: yearbook, the year 1984, internet use, partners' trade and research.

Employment in producer services and trade are made so that the mediators that a study computes of them hold

    mediator = city + year + a · zone + error

and telephones and post offices of 1984 are more frequent where zones were to come.
"""

from __future__ import annotations

import numpy as np

from econloom.measures import rd_stock, trade_spillover
from econloom.simulate.market import CARRIED, FIRST, PATHS, YEARS, Market, dose

PRODUCER_SERVICES = ("transport", "information", "leasing", "finance", "science")
INTERNET_YEARS = np.arange(2009, YEARS[-1] + 1)
_PARTNERS = """
AUS AUT BEL BRA CAN CHE CHL CZE DEU DNK ESP FIN FRA GBR GRC HUN IDN IND IRL ISR ITA JPN KOR MEX MYS NLD NOR NZL POL PRT
RUS SGP SWE THA TUR USA
"""
PARTNERS = tuple(_PARTNERS.split())


def draw(made: Market) -> None:
    """All books of cities and of the nation."""
    _yearbook(made)
    _services(made)
    _partners(made)
    _trade(made)
    _history(made)
    _internet(made)


def _t() -> np.ndarray:
    return np.arange(len(YEARS))


def _yearbook(made: Market) -> None:
    """Output, population, budget and internet users; money in 10,000 yuan, population in 10,000 persons."""
    rng, n, raw, t = made.stream(1), made.cities.n, made.city, _t()
    rank = made.cities.rank
    size = np.select([rank == "直辖市", rank == "副省级"], [1.6, 0.8], 0.0) + rng.normal(0, 0.45, n)
    wealth = 0.35 * size + rng.normal(0, 0.35, n)
    raw["population"] = np.round(np.exp(5.7 + size)[:, None] * np.exp(0.006 * t), 2)
    head = 10.35 + wealth[:, None] + 0.08 * t - 0.002 * t**2 + made.moves(rng, 0.03)
    raw["gdp"] = np.round(np.exp(head) * raw["population"])
    share = 0.37 + 0.05 * size[:, None] + 0.012 * t + made.moves(rng, 0.012)
    raw["tertiary"] = np.round(np.clip(share, 0.2, 0.85) * raw["gdp"])
    science = np.exp(4.4 + 0.8 * wealth[:, None] + rng.normal(0, 0.4, (n, 1)) + 0.11 * t + made.moves(rng, 0.15))
    raw["science_expenditure"] = np.round(science * raw["population"])
    fiscal = np.exp(-1.7 - 0.3 * wealth[:, None] + rng.normal(0, 0.25, (n, 1)) + 0.02 * t + made.moves(rng, 0.04))
    raw["fiscal_expenditure"] = np.round(fiscal * raw["gdp"])
    users = 1 / (1 + np.exp(2.2 - 0.9 * wealth[:, None] - rng.normal(0, 0.35, (n, 1)) - 0.2 * t))
    raw["internet_users"] = np.round(users * raw["population"], 2)
    employed = 0.08 + 0.03 * wealth[:, None]
    raw["staff"] = np.round(np.clip(employed, 0.03, 0.4) * np.exp(made.moves(rng, 0.02)) * raw["population"] * 1e4)


def _services(made: Market) -> None:
    """Staff in producer services: their share in all staff is the mediator ``conv``."""
    rng, n, years = made.stream(2), made.cities.n, len(YEARS)
    level = 0.17 + np.clip(rng.normal(0, 0.03, (n, 1)), -0.07, 0.1) + 0.002 * _t()
    share = level + PATHS["conv"][0] * dose(made.process, made.cities.adopted) + 0.012 * made.city_errors(rng)
    share = np.clip(share, 0.02, 0.6)
    parts = rng.gamma(8.0, size=(len(PRODUCER_SERVICES), n, 1)) * np.exp(rng.normal(0, 0.05, (5, n, years)))
    for name, part in zip(PRODUCER_SERVICES, parts / parts.sum(axis=0), strict=True):
        made.city[f"emp_{name}"] = np.round(part * share * made.city["staff"])
    conv = sum(made.city[f"emp_{name}"] for name in PRODUCER_SERVICES) / made.city["staff"]
    conv[:, CARRIED - FIRST] = conv[:, CARRIED - 1 - FIRST]
    made.computed["conv"] = conv


def _partners(made: Market) -> None:
    """Trade with each partner, its product and research; 100 million dollars."""
    rng, n = made.stream(3), len(PARTNERS)

    def path(level: np.ndarray, growth: float, size: float) -> np.ndarray:
        steps = np.cumsum(rng.normal(growth, size, (n, len(YEARS))), axis=1)
        return np.asarray(np.exp(level[:, None] + steps))

    raw = made.partners
    raw["gdp"] = np.round(path(rng.normal(9.0, 1.2, n), 0.03, 0.03), 1)
    intensity = rng.uniform(0.004, 0.035, (n, 1))
    raw["rd"] = np.round(np.maximum(raw["gdp"] * intensity * np.exp(0.015 * _t()), 1.0), 1)
    for name in ("imports", "exports"):
        raw[name] = np.round(raw["gdp"] * np.exp(rng.normal(-4.2, 0.5, (n, 1))) * path(np.zeros(n), 0.02, 0.06), 1)


def spillovers(made: Market) -> tuple[np.ndarray, np.ndarray]:
    """National spillovers through imports and exports as a study computes them, (years,) each."""
    raw, n = made.partners, len(PARTNERS)
    time = np.tile(YEARS, n)
    stock = rd_stock(raw["rd"].ravel(), np.repeat(np.arange(n), len(YEARS)), time, depreciation=0.05)
    found = [trade_spillover(raw[f].ravel(), raw["gdp"].ravel(), stock, time)[1] for f in ("imports", "exports")]
    return found[0], found[1]


def _trade(made: Market) -> None:
    """Imports and exports of cities: the study's ``spill`` is what the equation gives, up to effects of years."""
    rng, n = made.stream(4), made.cities.n
    level = 0.4 * np.log(made.city["gdp"][:, :1]) * 2 + rng.normal(0, 0.6, (n, 1)) + 0.05 * _t()
    wanted = level + PATHS["spill"][0] * dose(made.process, made.cities.adopted) + 0.12 * made.city_errors(rng)
    imported = 1 / (1 + np.exp(rng.normal(0.5, 0.5, (n, 1))))  # share of a city's trade
    by_imports, by_exports = spillovers(made)
    ratio = by_imports / by_exports  # of a share in national imports to one in national exports
    for _ in range(60):
        volume = np.exp(wanted) / (imported * ratio + (1 - imported))
        totals = (volume * imported).sum(axis=0), (volume * (1 - imported)).sum(axis=0)
        ratio = (by_imports / totals[0]) / (by_exports / totals[1])
    national = (made.partners["imports"] + made.partners["exports"]).sum(axis=0) * 0.65e5  # 10,000 yuan, about
    volume = volume * national / volume.sum(axis=0)
    made.city["imports"] = np.round(volume * imported) + 1
    made.city["exports"] = np.round(volume * (1 - imported)) + 1
    im, ex = (made.city[f] / made.city[f].sum(axis=0) for f in ("imports", "exports"))
    made.computed["spill"] = np.log(im * by_imports + ex * by_exports)


def _history(made: Market) -> None:
    """1984: telephones and post offices; people in 10,000."""
    rng, n = made.stream(5), made.cities.n
    chosen = made.cities.adopted > 0
    people = np.round(made.city["population"][:, 0] * rng.uniform(0.65, 0.9, n), 2)
    telephones = np.exp(3.3 + 0.9 * chosen + rng.normal(0, 0.35, n))
    offices = np.exp(-0.8 + 0.45 * chosen + rng.normal(0, 0.3, n))
    made.history["population84"] = people
    made.history["telephones84"] = np.round(telephones * people) + 1
    made.history["post_offices84"] = np.round(offices * people) + 1


def _internet(made: Market) -> None:
    """Internet users among the population: a logistic curve."""
    rng, t = made.stream(6), INTERNET_YEARS - 2009
    made.national = np.round(1 / (1 + np.exp(0.9 - 0.16 * t + rng.normal(0, 0.02, len(t)))), 4)
