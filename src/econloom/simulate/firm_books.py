"""The books of firms and of their cities as polars columns, with the blanks that such books have."""

from __future__ import annotations

import numpy as np
import polars as pl

from econloom.simulate import firms, patents, zones
from econloom.simulate.firm_cities import INTERNET_YEARS, PARTNERS, PRODUCER_SERVICES
from econloom.simulate.gaps import cells
from econloom.simulate.market import CARRIED, DIRECT, DIRECT_EVERYWHERE, PATHS, PROFILE, RD, RINGS, YEARS, Market
from econloom.simulate.processes import Process
from econloom.simulate.truth import Effect, Truth

_BLANK = {  # share of firms' years in which a column of the accounts is blank
    "fixed_assets": 0.002, "payroll": 0.004, "rd_input": 0.02, "cash_flow": 0.003, "market_value": 0.01
}  # fmt: skip
_BLANK_CELLS = {"science_expenditure": 14, "fiscal_expenditure": 10, "tertiary": 8}  # of cities and years


def calendar(seed: int, process: Process) -> dict[str, pl.Series]:
    """The real pilot zones."""
    frame = zones.calendar()
    return {c: frame[c] for c in frame.columns}


def city_places(seed: int, process: Process) -> dict[str, pl.Series]:
    """Cities with the coordinates of their seats."""
    here = zones.places()
    found = {"city": here.city, "province": here.province, "longitude": here.longitude, "latitude": here.latitude}
    return {n: pl.Series(v) for n, v in found.items()}


def accounts(seed: int, process: Process) -> dict[str, pl.Series]:
    """Accounts of the firms in the years in which they are listed."""
    made = firms.draw(seed, process)
    firm, t = np.nonzero(made.there)
    found = {
        "firm": pl.Series(firm + 1),
        "year": pl.Series(YEARS[t]),
        "city": pl.Series(made.cities.city).gather(pl.Series(made.home[firm])),
    }
    blank = blank_accounts(made)
    for name, values in made.firm.items():
        column = values[firm, t]
        if name in blank:
            column = np.where(blank[name], np.nan, column)
        series = pl.Series(column).fill_nan(None)
        found[name] = series.cast(pl.Int64) if name in {"founded", "employees"} else series
    return found


def blank_accounts(made: Market) -> dict[str, np.ndarray]:
    """Blank cells of the accounts by column, one entry a row of the book."""
    rng, rows = made.stream(22), int(made.there.sum())
    return {name: rng.random(rows) < share for name, share in _BLANK.items()}


def blank_cities(made: Market) -> dict[str, np.ndarray]:
    """Blank cells of the yearbook of cities by column, (cities, years)."""
    rng, there = made.stream(23), np.ones((made.cities.n, len(YEARS)), dtype=bool)
    return {name: cells(rng, there, total) for name, total in _BLANK_CELLS.items()}


def register(seed: int, process: Process) -> dict[str, pl.Series]:
    """Patents, one by one."""
    return patents.draw(seed, process)


def yearbook(seed: int, process: Process) -> dict[str, pl.Series]:
    """Cities: output, budget, people, staff, trade."""
    made = firms.draw(seed, process)
    raw = {n: v.copy() for n, v in made.city.items()}
    for name in PRODUCER_SERVICES:
        raw[f"emp_{name}"][:, YEARS == CARRIED] = np.nan
    for name, blank in blank_cities(made).items():
        raw[name][blank] = np.nan
    keys = {
        "city": pl.Series(np.repeat(made.cities.city, len(YEARS))),
        "year": pl.Series(np.tile(YEARS, made.cities.n)),
        "province": pl.Series(np.repeat(made.cities.province, len(YEARS))),
    }
    return keys | {n: _numbers(v.ravel()) for n, v in raw.items()}


def history(seed: int, process: Process) -> dict[str, pl.Series]:
    """Cities in 1984."""
    made = firms.draw(seed, process)
    return {"city": pl.Series(made.cities.city)} | {n: _numbers(v) for n, v in made.history.items()}


def internet(seed: int, process: Process) -> dict[str, pl.Series]:
    """Internet use of the nation."""
    return {"year": pl.Series(INTERNET_YEARS), "penetration": pl.Series(firms.draw(seed, process).national)}


def partners(seed: int, process: Process) -> dict[str, pl.Series]:
    """Trade with partners, their product and research."""
    made = firms.draw(seed, process)
    keys = {
        "partner": pl.Series(np.repeat(PARTNERS, len(YEARS))),
        "year": pl.Series(np.tile(YEARS, len(PARTNERS))),
    }
    return keys | {n: pl.Series(v.ravel()) for n, v in made.partners.items()}


def _numbers(values: np.ndarray) -> pl.Series:
    """Whole numbers as such, NaN as null."""
    series = pl.Series(values).fill_nan(None)
    return series.cast(pl.Int64) if bool(np.all(np.nan_to_num(values) % 1 == 0)) else series


def truth(process: Process) -> Truth:
    """The true effects under a process, of the variables of the study `ecommerce`."""
    through = sum(a * b for a, b in PATHS.values())
    kinds = dict(DIRECT) if process.uneven_effect else {None: DIRECT_EVERYWHERE}
    found: list[Effect] = []
    for group, direct in kinds.items():
        for where, size in _sizes(process, group):
            total = process.effect * size * (direct + through)
            found += [Effect("inno", "treatpost", total, "total", where)]
            found += [Effect("inno", "treatpost", process.effect * size * direct, "direct", where)]
            found += [Effect("invention", "treatpost", firms.INVENTIONS * total, "total", where)]
    for where, size in _sizes(process, None):
        found.append(Effect("rd", "treatpost", process.effect * size * RD, "total", where))
        found += [Effect(m, "treatpost", process.effect * size * a, "path", where) for m, (a, _) in PATHS.items()]
    found += [Effect("inno", m, b, "path") for m, (_, b) in PATHS.items()]
    found += [Effect("inno", name, value, "control") for name, value in firms.CONTROLS.items()]
    found += [Effect("invention", name, firms.INVENTIONS * v, "control") for name, v in firms.CONTROLS.items()]
    if process.rings:
        found += [Effect("inno", f"ring_{far}", process.effect * v) for far, v in RINGS.items()]
    return Truth(tuple(found), tuple(_remarks(process)))


def _sizes(process: Process, group: str | None) -> list[tuple[str | None, float]]:
    """By years since adoption where the effect is dynamic."""
    if not process.dynamic:
        return [(group, 1.0)]
    head = f"{group}, " if group else ""
    return [(f"{head}k={k}", size) for k, size in enumerate(PROFILE)]


def _remarks(process: Process) -> list[str]:
    notes = ["treated: batches 1 to 3; later batches have no effect; a year of approval counts as a whole one"]
    if process.counts:
        notes.append("true of logs of expected counts (Poisson regression); not of ln(1 + count)")
    else:
        notes.append("true of the mean of ln(1 + count); Poisson regression estimates no single true number")
    notes.append("breadth of patents hangs on their number: it has no single true effect unless there is none")
    if process.uneven_effect:
        notes.append("effects differ between terciles of mean log revenue: pooled columns estimate weighted means")
    if process.dynamic:
        notes.append(f"the effect grows with k, years since adoption: {', '.join(map(str, PROFILE))} of the full one")
        notes.append("conv is carried from 2019 into 2020: its path is that of the year before")
    if process.trend:
        notes.append(
            "adopters grow faster without zones, too: least squares is biased upwards, the instruments are valid"
        )
    if process.rings:
        notes.append("a zone moves its neighbours: columns without rings are biased downwards")
    if process.serial:
        notes.append("errors persist and firms of a city share a part: only errors clustered by city allow for it")
    return notes
