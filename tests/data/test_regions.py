"""Regions: counts that are known, lists against one another, names placed and not placed, use in formulas."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import econloom as el
from econloom.core.errors import DataError, ExpressionError, UsageError
from econloom.core.frame import Panel
from econloom.data.expressions import Scope, check, compute, compute_condition, condition, evaluate
from econloom.data.regions import registry
from econloom.data.regions.named import SCHEMES, placed_in

# Statistical communiques of the Ministry of Civil Affairs: 333 prefecture-level units at the end of 2023.
UNITS_2023 = {"province": 34, "city": 293, "prefecture": 7, "autonomous_prefecture": 30, "league": 3}
# Members known by their number: OECD (its list of accession), EU, WEO tables (36 advanced economies in April 2014, 39
# in October 2016, 41 in 2023), G20 without the unions, RCEP.
SIZES = {
    ("oecd", 1961): 19, ("oecd", 2009): 30, ("oecd", 2010): 34, ("oecd", 2013): 34, ("oecd", 2022): 38,
    ("eu", 1985): 10, ("eu", 2004): 25, ("eu", 2014): 28, ("eu", 2020): 27, ("euro_area", 2015): 19,
    ("imf_advanced", 2014): 36, ("imf_advanced", 2016): 39, ("imf_advanced", 2023): 41, ("g7", 2000): 7,
    ("g20", 2020): 19, ("brics", 2011): 5, ("asean", 2000): 10, ("rcep", 2023): 15,
}  # fmt: skip


def cities(*names, year=2010):
    return Panel.build(pl.DataFrame({"city": names, "year": [year] * len(names)}), "city", "year")


def test_the_number_of_units_is_the_official_one():
    there = dict(el.regions.divisions(2023).group_by("level").len().iter_rows())
    assert {k: there[k] for k in UNITS_2023} == UNITS_2023
    by_name = el.regions.divisions(2010)["name"].to_list()
    assert "巢湖市" in by_name and "莱芜市" in by_name and "三沙市" not in by_name


def test_codes_nest_and_names_are_unique_within_a_level():
    units = registry.divisions()
    assert all(
        units[d.province].level == "province" and d.adcode // 10_000 == d.province // 10_000 for d in units.values()
    )
    for level in ("province", "city"):
        names = [d.name for d in units.values() if d.level == level]
        assert len(names) == len(set(names))


@pytest.mark.parametrize(("name", "year"), SIZES)
def test_sizes_of_clubs(name, year):
    assert len(el.regions.members(name, year)) == SIZES[name, year]


@pytest.mark.parametrize("name", registry.groups())
def test_lists_have_the_size_in_their_name_and_known_members(name):
    members = el.regions.members(name)
    size = name.rsplit("_", 1)[-1]
    if size.isdigit() and int(size) < 100 and name not in {"tier_1"}:
        assert len(members) == int(size)
    assert len(set(members)) == len(members) and set(members) <= set(registry.divisions())
    group = registry.groups()[name]
    assert group.zh and group.en and group.source and group.basis in {"official", "convention", "by hand"}


def test_every_country_of_a_club_is_known():
    for members in registry.clubs().values():
        assert {m.iso3 for m in members} <= set(registry.countries())
    assert {now for now, _ in registry.legacy_codes().values() if now} <= set(registry.countries())
    assert not set(registry.legacy_codes()) & set(registry.countries())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_division_covers_the_mainland_once(scheme):
    members = [m for name in SCHEMES[scheme] for m in el.regions.members(name)]
    assert len(members) == len(set(members)) == 31


def test_the_regions_of_the_studies():
    provinces = [
        p for p in el.regions.divisions().filter(level="province")["short"] if p not in {"台湾", "香港", "澳门"}
    ]
    wage_share = [p for p in provinces if p not in {"青海", "宁夏", "西藏"}]
    _, ne_central = el.regions.region(wage_share, "three_ne_central")
    assert [list(ne_central.values()).count(r) for r in ("east", "central", "west")] == [10, 9, 9]
    _, with_liaoning = el.regions.region([p for p in provinces if p != "西藏"], "three")
    assert [list(with_liaoning.values()).count(r) for r in ("east", "central", "west")] == [11, 8, 11]
    assert with_liaoning["辽宁"] == "east" and ne_central["辽宁"] == "central"


@pytest.mark.parametrize(
    ("given", "code", "how"),
    [
        ("合肥市", 340100, "exact"), ("合肥", 340100, "exact"), ("合　肥 市", 340100, "variant"),
        (340100, 340100, "exact"),
        ("3401", 340100, "exact"), ("３４０１００", 340100, "exact"), ("恩施州", 422800, "variant"),
        ("襄樊", 420600, "renamed"),
        ("思茅市", 530800, "renamed"),
        ("铜仁地区", 520600, "variant"), (522200, 520600, "renamed"),
        ("北京", 110000, "exact"),
        ("济源", 419001, "exact"),
        ("吉林市", 220200, "exact"),
        ("海南", None, "ambiguous"), ("亚特兰蒂斯", None, "unknown"),
    ],
)  # fmt: skip
def test_places_of_cities(given, code, how):
    place = el.regions.place([given], "city").places[0]
    assert (place.code, place.how) == (code, how)


def test_abolished_cities_keep_their_code_and_say_so():
    place = el.regions.place(["巢湖"], "city").places[0]
    assert place.code == 341400 and place.note == "abolished after 2010: 合肥市, 芜湖市, 马鞍山市"


def test_what_cannot_be_placed_comes_with_suggestions():
    found = el.regions.place(["合菲市", "芜湖", "马鞍"])
    assert [(p.given, p.near) for p in found.unplaced] == [("合菲市", ("合肥市",)), ("马鞍", ("马鞍山市", "鞍山市"))]
    assert "2 could not be placed: 合菲市 (may be 合肥市)" in repr(found)


@pytest.mark.parametrize(
    ("given", "code", "how"),
    [("ROU", "ROU", "exact"), ("ROM", "ROU", "legacy code"), ("ZAR", "COD", "legacy code"),
     ("TMP", "TLS", "legacy code"),
     ("YUG", None, "ambiguous"), ("RoW", "ROW", "variant"), ("Korea, Rep.", "KOR", "variant"), ("德国", "DEU", "exact"),
     ("côte d'ivoire", "CIV", "variant"), ("Türkiye", "TUR", "exact"), ("Turkey", "TUR", "variant"),
     (156, "CHN", "variant"),
     ("刚果（金）", "COD", "exact"), ("Atlantis", None, "unknown")],
)  # fmt: skip
def test_places_of_countries(given, code, how):
    place = el.regions.place([given], "country").places[0]
    assert (place.code, place.how) == (code, how)


def test_the_level_is_found():
    assert el.regions.place(["安徽", "江苏省", "沪"]).level == "province"
    assert el.regions.place(["合肥", "上海", "海口"]).level == "city"
    assert el.regions.place(["CHN", "USA", "DEU"]).level == "country"
    with pytest.raises(UsageError, match="did you mean 'city'"):
        el.regions.place(["x"], "citi")


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(sorted(registry.divisions())))
def test_every_unit_is_found_by_its_name_and_code(code):
    unit = registry.divisions()[code]
    level = "province" if unit.level == "province" else "city"
    assert el.regions.place([unit.name, code], level).codes == {unit.name: code, code: code}


@settings(deadline=None, max_examples=30)
@given(st.text(max_size=12))
def test_any_text_is_placed_or_said(text):
    for level in ("province", "city", "country"):
        found = el.regions.place([text], level)
        assert len(found.places) == 1 and (found.places[0].code is None) == bool(found.unplaced)


def test_provinces_stand_for_their_cities():
    _, inside = placed_in(["合肥", "成都", "沈阳"], "yangtze_belt_11")
    assert inside == {"合肥": True, "成都": True, "沈阳": False}


def test_lists_in_conditions():
    panel = cities("合肥", "温州市", "苏州", "沈阳", "不在")
    done = compute_condition(panel, "city in yangtze_delta_26")
    assert done.values.to_list() == [True, False, True, False, None]
    assert done.events[0].message.startswith("city: 1 could not be placed: 不在")
    assert condition(panel, "city not in yangtze_delta_27").to_list() == [False, False, False, True, None]
    codes = Panel(pl.DataFrame({"city": [340100, 330300]}))
    assert condition(codes, "city in yangtze_delta_26").to_list() == [True, False]


def test_lists_by_year_in_conditions():
    panel = Panel.build(pl.DataFrame({"code": ["CHL", "ROM", "DEU"], "year": [2009, 2009, 2009]}), "code", "year")
    assert condition(panel, "code in oecd@2009").to_list() == [False, False, True]
    assert condition(panel, "code in oecd@2010").to_list() == [True, False, True]
    assert condition(panel, "code in eu@2009").to_list() == [False, True, True]
    assert condition(panel, "member(code, 'oecd')").to_list() == [False, False, True]
    later = panel.with_column("year", pl.Series([2010] * 3))
    assert condition(later, "member(code, 'oecd')").to_list() == [True, False, True]
    own = Scope({"oecd@2009": ("CHL",), "oecd": ("CHL",)})
    assert condition(panel, "code in oecd@2009", own).to_list() == [True, False, False]


def test_regions_in_formulas():
    panel = cities("合肥", "沈阳", "贵阳", "不在")
    assert evaluate(panel, "region(city)").to_list() == ["central", "northeast", "west", None]
    assert evaluate(panel, "region(city, 'three')").to_list() == ["central", "east", "west", None]
    assert evaluate(panel, "province(city)").to_list() == ["安徽", "辽宁", "贵州", None]
    assert evaluate(panel, "adcode(city)").to_list() == [340100, 210100, 520100, None]
    assert condition(panel, "region(city) == 'west'").to_list() == [False, False, True, None]
    assert [e.kind for e in compute(panel, "region(city)").events] == ["warning"]
    codes = Panel(pl.DataFrame({"code": ["ROM", "德国", None]}))
    assert evaluate(codes, "iso3(code)").to_list() == ["ROU", "DEU", None]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("city in yangtse_delta_26", "did you mean 'yangtze_delta_26'"),
        ("city in oecd", "the members of 'oecd' change: say the year"),
        ("city in oecd@1900", "'oecd' has no members in 1900"),
        ("region(city, 'fuor') == 'east'", "did you mean 'four'"),
        ("member(city, 'east_10')", "'oecd'"),
    ],
)
def test_faults_are_found_before_any_data(text, words):
    with pytest.raises(ExpressionError) as caught:
        check(text, ["city"])
    assert words in str(caught.value)


def test_columns_that_hold_no_places():
    panel = Panel(pl.DataFrame({"city": ["x1", "x2"], "share": [0.5, 0.7]}))
    with pytest.raises(ExpressionError, match="no value of the column is a place"):
        condition(panel, "city in yangtze_delta_26")
    with pytest.raises(DataError, match="no codes of places"):
        evaluate(panel, "adcode(share)")


def test_the_tables_of_regions():
    assert el.regions.lists().height == len(registry.groups()) + len(registry.clubs())
    assert el.regions.changes().filter(old_name="巢湖市").height == 3
    assert el.regions.countries().filter(iso3="ROU")["zh"][0] == "罗马尼亚"
