import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import econloom as el
from econloom.core.errors import DataError, UsageError
from econloom.core.frame import Panel
from econloom.data.joins import left_join
from econloom.data.near import near_matches


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
    assert near_matches(["AUS", "DEU"], ["AUT", "DNK"]) == []
    assert near_matches(["Ｒomania", "襄樊市", "Korea, Rep."], ["Romania", "襄阳", "KOR"]) == [
        ("Ｒomania", "Romania"),
        ("襄樊市", "襄阳"),
        ("Korea, Rep.", "KOR"),
    ]
    assert near_matches(["合肥市"], ["合 肥"]) == [("合肥市", "合 肥")]
    assert near_matches([1001, 1002], [1011, 1012]) == []


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text(max_size=6), max_size=8), st.lists(st.text(max_size=6), max_size=8))
def test_suggestions_pair_each_name_once(left, right):
    pairs = near_matches(dict.fromkeys(left), dict.fromkeys(right))
    assert len({a for a, _ in pairs}) == len(pairs) == len({b for _, b in pairs})
    assert all(a in left and b in right for a, b in pairs)


def test_suggestions_are_never_applied():
    made = el.clean.merge(keyed(["CHN", "ROU"]), keyed(["CHN", "ROM"], x=1))
    assert made.frame["x"].to_list() == [1, 1, None, None]
    detail = made.events[-1].detail
    assert detail["near"] == [["ROU", "ROM"]]
    assert detail["keys_panel_only"] == ["ROU 2001", "ROU 2002"] and detail["keys_source_only"] == [
        "ROM 2001",
        "ROM 2002",
    ]


def provinces():
    frame = pl.DataFrame({"province": ["A", "B", "C"], "year": [2001] * 3, "law": [1, 2, 3]})
    return el.clean.panel(frame, "province", "year")


def cities():
    frame = pl.DataFrame(
        {"city": ["a1", "a2", "b1"], "year": [2001] * 3, "province": ["A", "A", "B"], "y": [1.0, 2.0, 3.0]}
    )
    return el.clean.panel(frame, "city", "year")


def test_many_rows_share_one():
    made = el.clean.merge(cities(), provinces(), on=["province", "year"])
    assert made.frame["law"].to_list() == [1, 1, 2] and made.keys == ["city", "year"]
    with pytest.raises(DataError, match="the join is said to be 1:1") as caught:
        el.clean.merge(cities(), provinces(), on=["province", "year"], kind="1:1")
    assert "A 2001 (2 rows)" in str(caught.value)


def test_one_row_shared_by_many():
    made = el.clean.merge(provinces(), cities(), on=["province", "year"], kind="1:m")
    assert made.keys == ["city", "year"] and made.frame.select("city", "law", "y").rows() == [
        ("a1", 1, 1.0), ("a2", 1, 2.0), ("b1", 2, 3.0)
    ]  # fmt: skip
    assert made.events[-1].detail["keys_source_only"] == ["C 2001"]


def test_a_merge_that_would_multiply_rows():
    with pytest.raises(DataError, match="a join m:1 would multiply rows of the panel") as caught:
        el.clean.merge(provinces(), cities(), on=["province", "year"])
    assert "A 2001 (2 rows)" in str(caught.value) and "aggregate first" in str(caught.value)
    with pytest.raises(UsageError, match="pairs every row of a key with every other"):
        el.clean.merge(cities(), cities(), on="province", kind="m:m")
    with pytest.raises(UsageError, match="no kind of merge 'm-1', did you mean 'm:1'"):
        el.clean.merge(cities(), provinces(), on="province", kind="m-1")


def test_which_rows_stay():
    a, b = keyed(["A", "B"], (2001,)), keyed(["B", "C"], (2001,), x=5)
    assert el.clean.merge(a, b, keep="matched").frame["code"].to_list() == ["B"]
    outer = el.clean.merge(a, b, keep="all").frame
    assert outer.rows() == [("A", 2001, None), ("B", 2001, 5), ("C", 2001, 5)]
    assert el.clean.merge(a, b, columns={"z": "x"}).columns == ["code", "year", "z"]


def test_vintages_compared():
    old = keyed(["A", "B", "C"], (2001, 2002), x=pl.Series([1.0, 2.0, 3.0, 4.0, None, 6.0]))
    new = keyed(["A", "B", "D"], (2001, 2002), x=pl.Series([1.0, 2.5, 3.0, 8.0, 1.0, 1.0]))
    found = el.clean.compare_vintages(old, new, "x")
    assert (found.n_both, found.n_only_old, found.n_only_new, found.differing) == (4, 1, 2, 2)
    assert found.worst.rows() == [("B", 2002, 4.0, 8.0, 4.0, 1.0), ("A", 2002, 2.0, 2.5, 0.5, 0.25)]
    assert found.by_unit.rows() == [("B", 1, 2, 4.0), ("A", 1, 2, 0.5)]
    assert found.mean_difference == pytest.approx(1.125)
    x, y = [1, 2, 3, 4], [1, 2.5, 3, 8]
    mx, my = sum(x) / 4, sum(y) / 4
    r = (
        sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
        / (sum((a - mx) ** 2 for a in x) * sum((b - my) ** 2 for b in y)) ** 0.5
    )
    assert found.correlation == pytest.approx(r, rel=1e-12)
    assert el.clean.compare_vintages(old, new, "x", tolerance=0.3).differing == 1
    assert el.clean.compare_vintages(old, old, "x").differing == 0
    with pytest.raises(DataError, match="share no cell"):
        el.clean.compare_vintages(old, keyed(["Z"], x=1.0), "x")
