"""Incomes of persons within the 270 cities: log-normal, with a Gini coefficient that trade imbalance lowers."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from econloom.simulate import cities
from econloom.simulate.processes import Process

PERSONS = 60  # in a city and year


def draw(seed: int, process: Process) -> dict[str, np.ndarray]:
    """Persons with their city, year and income, of the same cities and the same draw as the city yearbook.

    The Gini coefficient of a log-normal law with standard deviation s of logs is 2 Φ(s/√2) - 1; s is chosen so that it
    equals city + year + effect trade + error.
    """
    made = cities.draw(seed, process)
    rng = made.stream(11)
    dollars = made.raw["gdp"] / (cities.USD_RATE / 100)
    trade = (made.raw["exports_usd"] - made.raw["imports_usd"]) / dollars
    wanted = 0.38 + np.clip(made.effects(rng, 0.03, 0.005), -0.08, 0.08)
    wanted = wanted + process.effect * cities.INEQUALITY * trade + 0.015 * made.errors(rng)
    spread = np.sqrt(2) * ndtri((wanted + 1) / 2)
    middle = np.log(1e4 * made.raw["total_wages"] / made.raw["staff"]) - spread**2 / 2
    city, year = np.nonzero(cities.has_incomes(made))
    logs = middle[city, year, None] + spread[city, year, None] * rng.normal(size=(len(city), PERSONS))
    return {
        "person": np.arange(1, logs.size + 1),
        "year": np.repeat(cities.YEARS[year], PERSONS),
        "city": np.repeat(city, PERSONS),  # its number in the register
        "income": np.maximum(np.round(np.exp(logs).ravel(), 2), 0.01),
    }
