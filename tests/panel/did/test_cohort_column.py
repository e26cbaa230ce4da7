"""A column of cohorts is read alike by every estimator."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import DataError, EconloomError, UsageError
from econloom.panel.did.cohort_column import read_cohorts

YEARS = np.arange(2010, 2018)


def panel(never: float | None) -> pl.DataFrame:
    rng = np.random.default_rng(7)
    starts = [2013.0, 2014.0, 2015.0, never, never] * 8
    rows = [(u, int(t), g, rng.normal() + (g is not None and t >= g > 0)) for u, g in enumerate(starts) for t in YEARS]
    return pl.DataFrame(rows, schema=["unit", "year", "g", "y"], orient="row")


ESTIMATORS = {
    "sun_abraham": lambda f: el.did.sun_abraham("y ~ 1 | unit + year", f, unit="unit", time="year", cohort="g"),
    "imputation": lambda f: el.did.imputation("y ~ 1 | unit + year", f, unit="unit", time="year", cohort="g"),
    "event_study": lambda f: el.did.event_study("y ~ 1 | unit + year", f, unit="unit", time="year", cohort="g"),
    "group_time": lambda f: el.did.group_time("y ~ 1", f, unit="unit", time="year", cohort="g"),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_zero_for_never_is_refused(name: str) -> None:
    ESTIMATORS[name](panel(None))
    with pytest.raises(UsageError, match=r"cohort 'g' is 0 in 128 rows: never treated is null here"):
        ESTIMATORS[name](panel(0.0))


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("change", [pl.col("g") + 0.25, pl.col("g").cast(pl.String), pl.lit(1e300)])
def test_cohorts_that_are_no_periods_are_refused(name: str, change: pl.Expr) -> None:
    with pytest.raises(DataError, match="cohort 'g'"):
        ESTIMATORS[name](panel(None).with_columns(change.alias("g")))


@pytest.mark.parametrize("never", [float("inf"), float("nan"), None])
def test_every_spelling_of_never_is_one(never: float | None) -> None:
    assert read_cohorts(pl.Series("g", [2013.0, never], strict=False), 2010).to_list() == [2013, None]


def test_a_value_may_be_named_as_never() -> None:
    assert read_cohorts(pl.Series("g", [2013, 0]), 2010, never=0).to_list() == [2013, None]


def test_minus_infinity_is_no_period() -> None:
    with pytest.raises(EconloomError, match="not whole periods"):
        read_cohorts(pl.Series("g", [2013.0, float("-inf")]), 2010)
