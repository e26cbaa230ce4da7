"""What init finds in a panel, against panels in which it was put."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econloom.core.errors import UsageError
from econloom.data.profile import Keys, find_keys, matching, profile


def panel(units="甲乙丙", years=range(2000, 2006)):
    keys = pl.DataFrame({"城市": list(units)}).join(pl.DataFrame({"年份": list(years)}), how="cross")
    return keys.with_columns(x=pl.int_range(pl.len()) * 1.5 + 100)


@pytest.mark.parametrize(
    ("columns", "unit", "time"),
    [
        ({"城市": ["A", "A", "B"], "年份": [2001, 2002, 2001], "x": [1.0, 2, 3]}, "城市", "年份"),
        ({"x": [1, 2, 3], "iso": ["A", "A", "B"], "year": [2001, 2002, 2001]}, "iso", "year"),
        ({"name": ["a", "a", "b"], "id": [1, 1, 2], "t": [1, 2, 1], "x": [1.0, 2, 3]}, "name", "t"),
        ({"founded": [1990, 1990, 1995], "firm": ["a", "a", "b"], "year": [2001, 2002, 2001]}, "firm", "year"),
        ({"a": [1.5, 2.5], "b": [0.5, 1.0]}, None, None),
    ],
)
def test_keys_are_found(columns, unit, time):
    assert find_keys(pl.DataFrame(columns)) == Keys(unit, time)


def test_dates_and_named_keys():
    frame = pl.DataFrame({"code": ["a", "a"], "日期": ["2010-12-31", "2011-12-31"], "x": [1, 2]})
    assert find_keys(frame) == Keys("code", "日期", dates=True)
    assert find_keys(panel(), unit="城市").time == "年份"
    with pytest.raises(UsageError, match="no column '年分'"):
        find_keys(panel(), time="年分")


def test_dimensions_and_balance():
    found = profile(panel())
    assert (found.rows, found.units, found.periods, found.first, found.last) == (18, 3, 6, 2000, 2005)
    assert found.balanced and not found.findings and found.numbers == ("x",)
    assert not profile(panel().slice(1)).balanced


def test_duplicates_have_their_rows_and_gaps_their_periods():
    frame = pl.concat([panel(), panel().slice(2, 1)]).filter(~((pl.col("城市") == "乙") & (pl.col("年份") == 2003)))
    found = profile(frame, Keys("城市", "年份"))
    assert found.of("duplicates")[0].message == "1 key in several rows: 甲 2002 (rows 3, 18)"
    assert found.of("gaps")[0].message == "1 unit with gaps: 乙 (2003)"
    assert not found.balanced


def test_missing_constant_and_near_duplicates():
    frame = panel().with_columns(
        pl.when(pl.col("年份") == 2001).then(None).otherwise(pl.col("x")).alias("m"),
        c=pl.lit(7),
        e=pl.lit(None, pl.Float64),
        double=2 * pl.col("x"),
        same=pl.col("x"),
    )
    found = profile(frame)
    assert str(found.of("missing")[0]) == "m: 3 cells missing (16.7 per cent)"
    assert [str(f) for f in found.of("constant")] == ["c: one value: 7", "e: no value at all"]
    said = {f.column: f.message for f in found.of("near_duplicate")}
    assert said["same"] in ("the same numbers as x", "the same numbers as m")
    assert set(said) == {"m", "double", "same"}


def test_jumps_and_breaks_of_units():
    late = (pl.col("城市") == "丙") & (pl.col("年份") >= 2003)
    once = (pl.col("城市") == "甲") & (pl.col("年份") == 2003)
    wrong = pl.when(late).then(pl.col("x") * 10_000).otherwise("x")
    found = profile(
        panel().with_columns(pl.when(once).then(pl.col("x") * 6).otherwise("x").alias("x"), wrong.alias("y"))
    )
    jumps = {f.column: f for f in found.of("jump")}
    assert jumps["x"].count == 2 and "甲 2003 (103 to 627)" in jumps["x"].message
    units = {f.column: f for f in found.of("unit")}
    assert units["y"].count == 1 and "of about 10,000 times" in units["y"].message and "丙 2003" in units["y"].message


def test_a_gap_is_no_jump():
    frame = (
        panel()
        .filter(pl.col("年份") != 2002)
        .with_columns(pl.when(pl.col("年份") > 2002).then(900.0).otherwise(100.0).alias("x"))
    )
    assert not profile(frame).of("jump")


def test_shares_above_one():
    frame = panel().with_columns(
        pl.when(pl.int_range(pl.len()) == 4).then(45.0).otherwise(pl.int_range(pl.len()) / 30).alias("城镇化率"),
        pl.when(pl.int_range(pl.len()) == 5).then(130.0).otherwise(pl.int_range(pl.len()) * 3.0 + 2).alias("工业占比"),
    )
    said = {f.column: f.message for f in profile(frame).of("unit")}
    assert said["城镇化率"] == "1 cell with shares above 1: 甲 2004 45.0"
    assert said["工业占比"] == "1 cell with per cents above 100: 甲 2005 130.0"


def test_cities_renamed_and_abolished():
    frame = panel(["合肥市", "襄樊市", "巢湖市", "南京市"])
    said = " ".join(f.message for f in profile(frame).of("region"))
    assert "襄阳市 since 2010" in said and "巢湖市: abolished after 2010" in said
    assert not profile(panel(["甲公司", "乙公司", "丙公司"])).of("region")


def test_keys_of_another_table_by_name_or_values():
    other = pl.DataFrame({"地区": ["甲", "乙"], "year": [2000, 2001], "z": [1.0, 2.0]})
    assert matching(panel(), other, ["城市", "年份"]) == {"城市": "地区", "年份": "year"}
    assert matching(panel(), pl.DataFrame({"k": ["x", "y"]}), ["城市"]) == {}


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(0, 17), max_size=10), st.randoms())
def test_what_is_found_does_not_depend_on_the_order_of_rows(gone, rng):
    frame = panel().with_row_index().filter(~pl.col("index").is_in(list(gone))).drop("index")
    order = list(range(frame.height))
    rng.shuffle(order)
    if frame["城市"].n_unique() < 2 or frame["年份"].n_unique() < 2:
        return
    keys = Keys("城市", "年份")
    a, b = profile(frame, keys), profile(frame[order], keys)
    assert (a.units, a.periods, a.balanced) == (b.units, b.periods, b.balanced)
    assert [f.count for f in a.of("gaps")] == [f.count for f in b.of("gaps")]
