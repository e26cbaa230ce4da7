"""The simulators by name: each gives a book, a frame of printed columns with the truth beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from econloom.core.errors import UsageError, did_you_mean
from econloom.simulate import cities, columns, delta, firm_books, gaps, incomes, province_books, provinces
from econloom.simulate import columns_of_firms as of_firms
from econloom.simulate import columns_of_provinces as printed
from econloom.simulate.columns import Column
from econloom.simulate.processes import PROCESSES, Process
from econloom.simulate.register import DELTA, Register, register
from econloom.simulate.truth import Truth

SEED, PROCESS = 1, "realistic"  # where a study file says none
VERSION = 1  # of the numbers that a seed gives
REAL = frozenset({"city_register", "exchange_rates", "zone_calendar", "city_places"})  # nothing in these is drawn


@dataclass(frozen=True, slots=True)
class Simulator:
    """One simulator.

    Attributes
    ----------
    columns : tuple of Column
    make : callable
        ``make(seed, process)`` gives the columns as polars series by name.
    truth : callable or None
        ``truth(process)``; None where the numbers have no effect in them.
    processes : tuple of str
        Names that it knows.
    """

    columns: tuple[Column, ...]
    make: Callable[[int, Process], Mapping[str, pl.Series]]
    truth: Callable[[Process], Truth] | None
    processes: tuple[str, ...]


@dataclass(frozen=True)
class Book:
    """A simulated book.

    Attributes
    ----------
    simulator, process : str
    seed : int
    frame : polars.DataFrame
        The printed columns; a blank cell is null.
    columns : tuple of Column
        Names, units and where a researcher finds the real ones.
    truth : Truth or None
    """

    simulator: str
    process: str
    seed: int
    frame: pl.DataFrame
    columns: tuple[Column, ...]
    truth: Truth | None


def draw(simulator: str, seed: int = SEED, process: str = PROCESS) -> Book:
    """Draw a book of simulated raw data.

    Parameters
    ----------
    simulator : str
        A name of ``SIMULATORS``, such as ``city_yearbook`` or ``firm_accounts``.
    seed : int
        Not negative; the same seed gives the same numbers. Books that belong together, such as ``city_incomes`` and
        ``city_yearbook``, have the same seed and process.
    process : str
        How errors and effects come about, a name of ``PROCESSES``.

    Returns
    -------
    Book

    Raises
    ------
    UsageError
        An unknown simulator or process, with the nearest name; a negative seed.

    Examples
    --------
    >>> import econloom as el
    >>> book = el.simulate.draw("city_yearbook", seed=1, process="plain")
    >>> book.frame.height, book.frame["city"].n_unique(), round(book.truth.value("wage", "trade"), 5)
    (5130, 270, -0.04487)
    """
    chosen = _simulator(simulator, process)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise UsageError(f"the seed of a simulator is a whole number of at least 0, not {seed!r}")
    rules = PROCESSES[process]
    frame = pl.DataFrame(dict(chosen.make(int(seed), rules))).select(c.name for c in chosen.columns)
    return Book(
        simulator, process, int(seed), frame, chosen.columns, chosen.truth(rules) if chosen.truth is not None else None
    )


def columns_of(simulator: str, process: str = PROCESS) -> tuple[str, ...]:
    """Names of the columns that a simulator gives.

    Raises
    ------
    UsageError
        An unknown simulator or process, with the nearest name.

    Examples
    --------
    >>> columns_of("exchange_rates")
    ('year', 'usd_rate')
    """
    return tuple(c.name for c in _simulator(simulator, process).columns)


def _simulator(name: str, process: str) -> Simulator:
    if name not in SIMULATORS:
        hint = f"simulators: {', '.join(SIMULATORS)}"
        raise UsageError(f"no simulator {name!r}{did_you_mean(name, SIMULATORS)}", hint=hint)
    chosen = SIMULATORS[name]
    if process not in chosen.processes:
        near = did_you_mean(process, chosen.processes)
        hint = f"processes of {name}: {', '.join(chosen.processes)}"
        raise UsageError(f"no process {process!r}{near}", hint=hint)
    return chosen


def _long(places: Register, years: np.ndarray, raw: Mapping[str, np.ndarray]) -> dict[str, pl.Series]:
    """City by year, whole numbers as such, NaN as null."""
    found = {
        "city": pl.Series(np.repeat(places.city, len(years))),
        "year": pl.Series(np.tile(years, places.n)),
    }
    for name, values in raw.items():
        flat = pl.Series(values.ravel()).fill_nan(None)
        whole = bool(np.all(np.nan_to_num(values) % 1 == 0))
        found[name] = flat.cast(pl.Int64) if whole else flat
    return found


def _city_yearbook(seed: int, process: Process) -> dict[str, pl.Series]:
    return _long(register(), cities.YEARS, cities.with_blanks(cities.draw(seed, process)))


def _city_incomes(seed: int, process: Process) -> dict[str, pl.Series]:
    raw = incomes.draw(seed, process)
    names = pl.Series(register().city)
    return {n: pl.Series(v) for n, v in raw.items()} | {"city": names.gather(pl.Series(raw["city"]))}


def _city_register(seed: int, process: Process) -> dict[str, pl.Series]:
    places = register()
    return {"city": pl.Series(places.city), "province": pl.Series(places.province), "rank": pl.Series(places.rank)}


def _exchange_rates(seed: int, process: Process) -> dict[str, pl.Series]:
    return {"year": pl.Series(cities.YEARS), "usd_rate": pl.Series(cities.USD_RATE)}


def _delta_yearbook(seed: int, process: Process) -> dict[str, pl.Series]:
    raw = delta.draw(seed, process)
    rng = np.random.default_rng([seed, 25])
    there = np.ones(raw["gdp"].shape, dtype=bool)
    for name, total in (("urban_consumption", 3), ("fiscal_expenditure", 2), ("fdi_usd", 4), ("urban_population", 3)):
        raw[name][gaps.cells(rng, there, total)] = np.nan
    return _long(register().only(DELTA), delta.YEARS, raw)


_CITY_PROCESSES = ("realistic", "plain", "dependent", "endogenous", "zero", "uneven_effect")
_OF_DELTA = "realistic plain dependent zero uneven_effect free_effects structure innovation consumption"
_OF_PROVINCES = ("realistic", "plain", "dependent", "endogenous", "zero")
_OF_FIRMS = "realistic plain dependent zero uneven_effect dynamic trends neighbours counts"
SIMULATORS: Mapping[str, Simulator] = {
    "city_yearbook": Simulator(columns.CITY, _city_yearbook, cities.truth, _CITY_PROCESSES),
    "city_incomes": Simulator(columns.INCOMES, _city_incomes, cities.truth, _CITY_PROCESSES),
    "city_register": Simulator(columns.REGISTER, _city_register, None, tuple(PROCESSES)),
    "exchange_rates": Simulator(columns.RATES, _exchange_rates, None, tuple(PROCESSES)),
    "delta_yearbook": Simulator(columns.DELTA, _delta_yearbook, delta.truth, tuple(_OF_DELTA.split())),
    **{
        name: Simulator(made, make, provinces.truth, _OF_PROVINCES)
        for name, made, make in (
            ("province_employment", printed.EMPLOYMENT, province_books.employment),
            ("prefecture_yearbook", printed.PREFECTURES, province_books.prefectures),
            ("province_yearbook", printed.PROVINCES, province_books.yearbook),
            ("retail_prices", printed.PRICES, province_books.prices),
            ("marketisation_scores", printed.SCORES, province_books.scores),
            ("night_lights", printed.LIGHTS, province_books.lights),
        )
    },
    "prefecture_map": Simulator(printed.MAP, province_books.boundaries, None, tuple(PROCESSES)),
    "zone_calendar": Simulator(of_firms.CALENDAR, firm_books.calendar, None, tuple(PROCESSES)),
    "city_places": Simulator(of_firms.PLACES, firm_books.city_places, None, tuple(PROCESSES)),
    **{
        name: Simulator(made, make, firm_books.truth, tuple(_OF_FIRMS.split()))
        for name, made, make in (
            ("firm_accounts", of_firms.ACCOUNTS, firm_books.accounts),
            ("patent_register", of_firms.PATENTS, firm_books.register),
            ("firm_city_yearbook", of_firms.CITIES, firm_books.yearbook),
            ("city_1984", of_firms.HISTORY, firm_books.history),
            ("national_internet", of_firms.INTERNET, firm_books.internet),
            ("partner_trade", of_firms.PARTNERS, firm_books.partners),
        )
    },
}
"""By name, as ``simulate:`` in study files takes them."""
