import polars as pl
import pytest

from econloom.core.errors import DataError
from econloom.core.frame import Panel
from econloom.data.joins import left_join, near_matches


def keyed(codes, years=(2001, 2002), **columns):
    frame = pl.DataFrame({"code": codes}).join(pl.DataFrame({"year": list(years)}), how="cross")
    return Panel.build(frame.with_columns(**columns), "code", "year")


def test_a_country_coded_in_two_ways_is_named():
    panel = keyed(["CHN", "ROU", "DEU"])
    source = keyed(["ROM", "CHN", "DEU", "ZWE"], rq=pl.lit(1.0))
    joined = left_join(panel, source, "wgi", {"RQ": "rq"})
    event = joined.events[-1]
    assert event.detail["near"] == [["ROU", "ROM"]]
    assert event.detail["units_panel_only"] == ["ROU"] and event.detail["units_source_only"] == ["ROM", "ZWE"]
    assert (event.detail["matched"], event.detail["panel_only"], event.detail["source_only"]) == (4, 2, 4)
    assert "ROU (panel) may be ROM (source)" in event.message
    assert joined.frame.select("code", "year").equals(panel.frame)
    assert joined.frame["RQ"].to_list() == [1.0, 1.0, None, None, 1.0, 1.0]


def test_years_on_one_side_only():
    joined = left_join(keyed(["A"], (2001, 2002, 2003)), keyed(["A"], (2002, 2003, 2004), x=1), "s", {"x": "x"})
    assert joined.frame["x"].to_list() == [None, 1, 1]
    assert joined.events[-1].detail["panel_only"] == joined.events[-1].detail["source_only"] == 1


def test_a_join_multiplies_no_row():
    twice = pl.DataFrame({"code": ["A", "A"], "year": [1, 1], "x": [1, 2]})
    with pytest.raises(DataError, match="1 duplicate keys"):
        Panel.build(twice, "code", "year", "kof")


def test_keys_of_other_types():
    panel = keyed(["A"])
    small = Panel.build(keyed(["A"], x=1).frame.cast({"year": pl.Int16}), "code", "year")
    assert left_join(panel, small, "s", {"x": "x"}).frame["x"].to_list() == [1, 1]
    with pytest.raises(DataError, match="key 'code' holds Int64, the panel's String"):
        left_join(panel, keyed([1], x=1), "s", {"x": "x"})


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"y": "gpd"}, "no column 'gpd', did you mean 'gdp'"),
        ({"code": "gdp"}, "already has a column 'code'"),
    ],
)
def test_columns_that_are_absent_or_there(columns, words):
    with pytest.raises(DataError, match=words):
        left_join(keyed(["A"]), keyed(["A"], gdp=1), "pwt", columns)


def test_no_match_at_all_is_an_error():
    with pytest.raises(DataError, match=r"no key of the panel is found \(code x year\)") as caught:
        left_join(keyed(["CHN"]), keyed(["China"], x=1), "wdi", {"x": "x"})
    assert "CHN 2001" in str(caught.value) and "China 2001" in str(caught.value)


def test_near_matches():
    assert near_matches(["ROU"], ["ROM", "RUS"]) == [("ROU", "ROM")]
    assert near_matches(["北京市"], ["北京", "天津"]) == [("北京市", "北京")]
    assert near_matches(["CHN"], ["DEU"]) == []
