"""Data and simulated panels for tests of staggered adoption."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

DATA = Path(__file__).parent / "data"


def load(name: str) -> pl.DataFrame:
    return pl.read_parquet(DATA / f"{name}.parquet")


def mpdta() -> pl.DataFrame:
    """Cohorts null where never treated."""
    return load("mpdta").with_columns(pl.col("first_treat").replace(0, None))


def base_stagg() -> pl.DataFrame:
    return load("base_stagg").with_columns(pl.col("year_treated").replace(10_000, None))


def staggered(
    units: int = 60, periods: int = 6, cohorts: tuple[int, ...] = (3, 4, 5), never: bool = True, seed: int = 7
) -> pl.DataFrame:
    """i, t, y, g (null: never), x fixed within units, z that moves, w weights, c clusters of units, d treated."""
    rng = np.random.default_rng(seed)
    kinds = [*cohorts, *([99] if never else [])]
    g = np.resize(kinds, units)
    i, t = np.repeat(np.arange(units), periods), np.tile(np.arange(1, periods + 1), units)
    x, w = rng.normal(size=units), rng.uniform(0.5, 2.0, units)
    z = rng.normal(size=units * periods) + x[i]
    d = t >= g[i]
    y = x[i] + 0.3 * t + 0.2 * x[i] * t + 0.1 * z + d * (1 + 0.2 * (t - g[i])) + rng.normal(size=units * periods)
    frame = pl.DataFrame({"i": i, "t": t, "y": y, "g": g[i], "x": x[i], "z": z, "w": w[i], "c": i // 4, "d": d * 1})
    return frame.with_columns(pl.col("g").replace(99, None))
