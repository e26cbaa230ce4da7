"""200 random corruptions of a good panel and its side table: an error in words, or other units exactly as before."""

import random

import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EconloomError

UNITS = [f"{p}{n}" for p in "甲乙丙丁" for n in range(3)]
YEARS = range(2005, 2013)


def good() -> tuple[pl.DataFrame, pl.DataFrame]:
    rng = random.Random(5)
    rows = [
        (u, y, None if rng.random() < 0.1 else rng.uniform(50, 90), rng.uniform(98, 106), rng.uniform(0.1, 0.9))
        for u in UNITS
        for y in YEARS
    ]
    panel = pl.DataFrame(rows, schema=["city", "year", "gdp", "cpi", "share"], orient="row")
    side = pl.DataFrame({"city": UNITS, "coast": [n % 2 for n in range(len(UNITS))]})
    return panel, side


def chain(panel: pl.DataFrame, side: pl.DataFrame) -> pl.DataFrame:
    p = el.clean.panel(panel, "city", "year")
    p = el.clean.require_range(p, "share")
    p = el.clean.interpolate(p, "gdp")
    p = el.clean.deflate(p, "gdp", "cpi", base=2004)
    p = el.clean.convert(p, "gdp", "亿元", "万元")
    p = el.clean.lag(p, "gdp_real", [1, 2])
    return el.clean.merge(p, el.clean.panel(side, "city"), on="city").frame


def corrupted(
    rng: random.Random, panel: pl.DataFrame, side: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, str | None]:
    """The two tables with one fault, and the unit that it hits (None: all)."""
    row = rng.randrange(panel.height)
    unit = panel["city"][row]
    column = rng.choice(["gdp", "cpi", "share", "city", "year"])
    at = pl.int_range(pl.len()) == row

    def put(value: object) -> pl.DataFrame:
        return panel.with_columns(pl.when(at).then(pl.lit(value)).otherwise(column).alias(column))

    kind = rng.randrange(12)
    if kind == 0:
        return pl.concat([panel, panel[row]]), side, unit
    if kind == 1:
        return put(None), side, unit
    if kind == 2 and column != "city":
        return panel.with_columns(pl.col(column).cast(pl.String)), side, None
    if kind == 3 and column in {"gdp", "cpi", "share"}:
        return put(rng.choice([float("nan"), float("inf"), -1.0, 0.0, 1e300, 1.02])), side, unit
    if kind == 4:
        return panel, pl.concat([side, side.filter(city=unit)]), unit
    if kind == 5:
        return panel, side.with_columns(pl.col("city").replace(unit, unit + "市")), unit
    if kind == 6:
        return panel.filter(~at), side, unit
    if kind == 7:
        return panel.sample(fraction=1, shuffle=True, seed=rng.randrange(99)), side, "nobody"
    if kind == 8:
        return panel.with_columns(pl.col("cpi") / 100), side, None
    if kind == 9:
        return panel.with_columns(pl.col("year") + 0.5), side, None
    if kind == 10:
        return panel.drop(column), side, None
    return panel.head(0) if rng.random() < 0.3 else panel.with_columns(pl.col("share") * 100), side, None


@pytest.mark.parametrize("block", range(4))
def test_corrupted_panels_end_in_words_or_leave_the_others_alone(block: int) -> None:
    panel, side = good()
    whole = chain(panel, side)
    refused = 0
    for seed in range(50 * block, 50 * block + 50):
        first, second, unit = corrupted(random.Random(seed), panel, side)
        before = first.clone(), second.clone()
        try:
            made = chain(first, second)
        except EconloomError as error:
            assert str(error).strip() and "Traceback" not in str(error), seed
            refused += 1
            continue
        finally:
            assert first.equals(before[0]) and second.equals(before[1]), seed
        assert unit is not None, (seed, "a fault of every unit went unnoticed")
        others = [t.filter(pl.col("city") != unit).sort("city", "year") for t in (made, whole)]
        assert others[0].equals(others[1]), seed
        assert made.height <= first.height, seed
    assert refused > 10
