"""Event studies under parallel trends and one effect by event time: intervals and the joint test hold their level."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.estimate import Test as Statistic

DRAWS, UNITS, PERIODS, LEVEL = 300, 60, 8, 0.05
TRUTH = {-3: 0.0, -2: 0.0, 0: 0.5, 1: 0.8, 2: 1.0}


def drawn(rng: np.random.Generator, drift: float = 0.0) -> pl.DataFrame:
    """Units with effects of their own and errors correlated over time; a third adopts in 4, a third in 5.

    From event time 2 on the effect stays, so that the binned end has one effect too; ``drift`` is a trend of adopters.
    """
    unit, time = np.repeat(np.arange(UNITS), PERIODS), np.tile(np.arange(PERIODS), UNITS)
    start = np.where(unit % 3 == 0, 4, np.where(unit % 3 == 1, 5, 999))
    k = time - start
    effect = np.select([k == 0, k == 1, (k >= 2) & (k < 100)], [0.5, 0.8, 1.0], 0.0) * (start < 999)
    error = np.zeros((UNITS, PERIODS))
    shocks = rng.normal(size=(UNITS, PERIODS))
    error[:, 0] = shocks[:, 0]
    for t in range(1, PERIODS):
        error[:, t] = 0.5 * error[:, t - 1] + shocks[:, t]
    y = rng.normal(size=UNITS)[unit] + rng.normal(size=PERIODS)[time] + effect + error.ravel()
    y = y + drift * time * (start < 999)
    return pl.DataFrame({"i": unit, "t": time, "g": start, "y": y})


def test_intervals_cover_and_the_joint_test_holds_its_level() -> None:
    """300 draws, seed 10: within four Monte Carlo errors of 95 and 5 per cent; estimates unbiased."""
    rng = np.random.default_rng(10)
    covered = np.zeros((DRAWS, len(TRUTH)))
    estimates = np.zeros((DRAWS, len(TRUTH)))
    rejected = 0
    truth = np.array(list(TRUTH.values()))
    for draw in range(DRAWS):
        found = el.did.event_study("y ~ 1", drawn(rng), "i", "t", cohort="g", never=999, window=(-3, 2))
        rows = found.tidy().filter(pl.col("role") != "base")
        low, high = rows["conf_low"].to_numpy(), rows["conf_high"].to_numpy()
        covered[draw] = (low <= truth) & (truth <= high)
        estimates[draw] = rows["estimate"]
        assert isinstance(found.pretrend, Statistic)
        rejected += found.pretrend.p_value < LEVEL
    reach = 4 * np.sqrt(0.05 * 0.95 / DRAWS)
    assert np.abs(covered.mean(axis=0) - 0.95).max() < reach
    assert abs(rejected / DRAWS - LEVEL) < reach
    assert np.abs(estimates.mean(axis=0) - truth).max() < 4 * estimates.std(axis=0).max() / np.sqrt(DRAWS)


def test_diverging_trends_are_found() -> None:
    """A trend of adopters of 0.5 a period: the joint test rejects in nearly all of 40 draws, seed 11."""
    rng = np.random.default_rng(11)
    p_values = []
    for _ in range(40):
        test = el.did.event_study("y ~ 1", drawn(rng, 0.5), "i", "t", cohort="g", never=999, window=(-3, 2)).pretrend
        p_values.append(test.p_value if isinstance(test, Statistic) else pytest.fail("no test"))
    assert np.mean(np.array(p_values) < LEVEL) > 0.9
