"""The books of provinces as polars columns."""

from __future__ import annotations

import numpy as np
import polars as pl

from econloom.simulate import images, provinces
from econloom.simulate.atlas import outlines
from econloom.simulate.processes import Process, persistent

_SCORES = ("product", "factor")


def employment(seed: int, process: Process) -> dict[str, pl.Series]:
    """Persons by province, year and division."""
    return _series(provinces.employment_frame(provinces.draw(seed, process)))


def prefectures(seed: int, process: Process) -> dict[str, pl.Series]:
    """Output and population of prefectures."""
    made = provinces.draw(seed, process)
    places, years = made.places, len(provinces.YEARS)
    keys = {
        "prefecture": pl.Series(np.repeat(places.prefecture, years)),
        "year": pl.Series(np.tile(provinces.YEARS, len(places.of))),
        "province": pl.Series(np.repeat(places.province[places.of], years)),
    }
    return keys | {n: pl.Series(made.cities[n].ravel()) for n in ("gdp", "population")}


def yearbook(seed: int, process: Process) -> dict[str, pl.Series]:
    """Provinces: output, trade, budget, schooling, roads, banks."""
    made = provinces.draw(seed, process)
    return _keys(made) | {n: pl.Series(v.ravel()) for n, v in made.raw.items() if n not in _SCORES}


def scores(seed: int, process: Process) -> dict[str, pl.Series]:
    """Marketisation."""
    made = provinces.draw(seed, process)
    return _keys(made) | {n: pl.Series(made.raw[n].ravel()) for n in _SCORES}


def prices(seed: int, process: Process) -> dict[str, pl.Series]:
    """Price indices by good: a common movement, and one of the province that shrinks as markets grow together."""
    made = provinces.draw(seed, process)
    rng, goods, years = made.stream(11), provinces.GOODS, provinces.YEARS
    common = rng.normal(1.5, 3.0, (1, len(goods), len(years)))
    size = np.exp(rng.normal(0.6, 0.25, (30, 1, 1)) - 0.05 * np.arange(len(years)))
    own = size * persistent(rng, (30 * len(goods), len(years)), 0.3).reshape(30, len(goods), len(years))
    index = np.round(np.clip(100 + common + own, 60, 180), 1)
    n, m, t = index.shape
    return {
        "province": pl.Series(np.repeat(made.places.province, m * t)),
        "year": pl.Series(np.tile(years, n * m)),
        "good": pl.Series(np.tile(np.repeat(goods, t), n)),
        "price": pl.Series(index.ravel()),
    }


def lights(seed: int, process: Process) -> dict[str, pl.Series]:
    """Lit cells of 22 images."""
    return images.draw(seed, process)


def boundaries(seed: int, process: Process) -> dict[str, pl.Series]:
    """The simulated map."""
    return _series(outlines())


def _keys(made: provinces.World) -> dict[str, pl.Series]:
    years = provinces.YEARS
    return {
        "province": pl.Series(np.repeat(made.places.province, len(years))),
        "year": pl.Series(np.tile(years, len(made.places.province))),
    }


def _series(frame: pl.DataFrame) -> dict[str, pl.Series]:
    return {c: frame[c] for c in frame.columns}
