"""Regional indices against loops; the shipped concordance; employment that cannot be used."""

import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econloom.core.errors import DataError, UsageError
from econloom.iot import regionalise
from econloom.iot.sectors import GROUPS, sector_names

WIOD = "studies/globalisation/data/wiod2016"


def jobs(seed=0, regions=4, sectors=3, years=(2000, 2001)):
    rng = np.random.default_rng(seed)
    rows = list(itertools.product([f"省{r}" for r in range(regions)], years, [f"s{i}" for i in range(sectors)]))
    frame = pl.DataFrame(rows, schema=["province", "year", "sector"], orient="row")
    return frame.with_columns(pl.Series("employment", rng.integers(1, 100, len(rows))))


def index(sectors=3, years=(2000, 2001)):
    rows = [(y, f"s{i}", 0.1 * (i + 1) + 0.01 * (y - 2000)) for y in years for i in range(sectors)]
    return pl.DataFrame(rows, schema=["year", "sector", "value"], orient="row")


def slow(index, employment, form):
    """The formulas, row by row."""
    found = {}
    L = {(p, y, s): n for p, y, s, n in employment.iter_rows()}
    value = {(y, s): v for y, s, v in index.iter_rows()}
    for (p, y, s), own in L.items():
        L_i = sum(n for (_, b, c), n in L.items() if (b, c) == (y, s))
        L_p = sum(n for (a, b, _), n in L.items() if (a, b) == (p, y))
        nation = sum(n for (_, b, _), n in L.items() if b == y)
        weight = {
            "ratio": (own / L_i) / (L_p / nation),
            "share": own / L_i,
            "product": (own / L_i) * (L_p / nation),
            "composition": own / L_p,
        }[form]
        found[p, y] = found.get((p, y), 0.0) + weight * value[y, s]
    return found


@pytest.mark.parametrize("form", regionalise.FORMS)
def test_forms_are_those_of_loops(form):
    made = regionalise.by_employment(index(), jobs(), form)
    expected = slow(index(), jobs(), form)
    found = {(p, y): v for p, y, v in made.frame.select("province", "year", "value").iter_rows()}
    assert found.keys() == expected.keys()
    np.testing.assert_allclose([found[k] for k in expected], list(expected.values()), rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_identities_of_the_weights(seed):
    frames = {f: regionalise.employment_weights(jobs(seed), f) for f in regionalise.FORMS}
    by_sector = frames["share"].group_by("year", "sector").agg(pl.col("weight").sum())["weight"]
    by_region = frames["composition"].group_by("province", "year").agg(pl.col("weight").sum())["weight"]
    np.testing.assert_allclose(by_sector, 1, rtol=1e-12)
    np.testing.assert_allclose(by_region, 1, rtol=1e-12)
    np.testing.assert_allclose(
        frames["ratio"]["weight"] * frames["product"]["weight"], frames["share"]["weight"] ** 2, rtol=1e-12
    )


def test_further_keys_of_the_index_stay_apart():
    both = pl.concat(
        [index().with_columns(flow=pl.lit(f), value=pl.col("value") * k) for f, k in (("import", 1), ("export", 3))]
    )
    made = regionalise.by_employment(both, jobs()).frame
    wide = made.pivot("flow", index=["province", "year"], values="value")
    np.testing.assert_allclose(wide["export"], 3 * wide["import"], rtol=1e-12)


def test_employment_without_years_serves_every_year():
    once = jobs(years=(2000,)).drop("year")
    made = regionalise.by_employment(index(), once).frame
    assert sorted(made["year"].unique()) == [2000, 2001]
    assert made.height == 8


def test_the_shipped_concordance():
    c = regionalise.concordance("gbt4754_2011")
    assert len(c.codes) == 96 + 20
    sums = c.frame.group_by("code").agg(pl.col("weight").sum())["weight"]
    np.testing.assert_allclose(sums, 1, atol=1e-6)
    divisions = {row[0]: row[1] for row in regionalise.concordance("isic4").frame.select("code", "sector").iter_rows()}
    assert len(divisions) == 88
    text = pl.read_csv("src/econloom/iot/concordances/gbt4754_2011_wiod2016.csv", infer_schema=False)
    for sector, isic in text.select("sector", "isic4").iter_rows():
        assert {divisions[d] for d in isic.split()} == {sector}
    assert set(text["basis"]) == {"authored", "authored, split by labour compensation"}
    assert set(divisions.values()) - set(c.sectors) == {"G45", "K66", "M71", "M73", "T"}
    assert c.unmapped(["农业", "Farming", 1, "C", "制造业", "0111", "合计"]) == ("0111", "合计")


def test_the_concordance_to_the_older_release():
    """All codes of the match to WIOD 2016, each division in one sector."""
    c, newer = (regionalise.concordance(n) for n in ("gbt4754_2011_wiod2013", "gbt4754_2011"))
    assert c.codes == tuple(sorted(newer.codes)) and c.unmapped(["农业", "Farming", 1, "制造业"]) == ()
    assert set(c.sectors) == {f"c{i}" for i in range(1, 36)} - {"c19", "c35"}  # without output in China's table
    text = pl.read_csv("src/econloom/iot/concordances/gbt4754_2011_wiod2013.csv", infer_schema=False)
    divisions = text.filter(level="division")
    assert divisions.height == 96 and set(divisions["weight"]) == {"1.0"}
    assert set(text["basis"]) == {"authored", "authored, through the match to WIOD 2016"}


def test_names_of_sectors():
    for release, count in (("wiod2016", 56), ("wiod2013", 35)):
        text = pl.read_csv(f"src/econloom/iot/concordances/sectors_{release}.csv")
        names = sector_names(text["code"].to_list())
        assert text.height == names.height == count and not names.null_count().sum_horizontal().item()
        assert names["sector_zh"].n_unique() == names["sector_en"].n_unique() == count
        assert set(names["sector_group"]) == set(GROUPS)
    assert set(sector_names(["甲", "乙"])["sector_zh"]) == {"甲", "乙"}


def test_employment_by_sections_reaches_the_sectors(real):
    from econloom.iot import linkages

    rows = [(p, s, 10.0 + i) for i, (p, s) in enumerate(itertools.product(["北京", "上海"], "ABCDEFGHIJKLMNOPQRS"))]
    frame = pl.DataFrame(rows, schema=["province", "sector", "employment"], orient="row")
    made = regionalise.by_employment(linkages.indices(real.table(2007), year=2007), frame, match="gbt4754_2011")
    assert made.frame.columns == ["province", "year", "economy", "flow", "paper_name", "value"]
    assert made.frame.height == 4
    assert made.events[0].detail["sectors"] == ["C33", "G45", "J58", "J59_J60", "K66", "M71", "M73", "T", "U"]
    spread = regionalise.concordance("gbt4754_2011").spread(frame, "sector", "employment", ["province"])
    assert spread["employment"].sum() == pytest.approx(frame["employment"].sum(), rel=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.with_columns(sector=pl.lit("s9")), "employment listed twice"),
        (
            lambda f: f.with_columns(sector=pl.col("sector").replace("s2", "s9")),
            "the index does not have: s9",
        ),
        (
            lambda f: f.with_columns(employment=pl.col("employment") * -1),
            "employment negative or infinite in 24 rows: 省0 2000 s0",
        ),
        (lambda f: f.with_columns(employment=pl.lit(None, pl.Float64)), "employment missing in 24 rows"),
        (lambda f: f.with_columns(employment=pl.lit(float("nan"))), "employment missing"),
        (lambda f: f.with_columns(employment=pl.lit("many")), "not numeric"),
        (lambda f: f.with_columns(employment=pl.lit(0)), "zero in all sectors of 省0 2000"),
        (lambda f: f.with_columns(province=pl.lit(None, pl.String)), "keys missing"),
        (lambda f: f.with_columns(year=pl.col("year") + 100), "no year in common"),
        (lambda f: f.with_columns(year=pl.col("year").cast(pl.String)), "year is Int64 in the index and String"),
        (lambda f: f.head(0), "employment has no rows"),
    ],
)
def test_employment_that_cannot_be_used(change, message):
    with pytest.raises(DataError, match=message):
        regionalise.by_employment(index(), change(jobs()))


def test_wrong_names():
    with pytest.raises(UsageError, match="form 'ratios' is unknown, did you mean 'ratio'"):
        regionalise.by_employment(index(), jobs(), "ratios")
    with pytest.raises(UsageError, match="no column 'employment', did you mean 'employmnt'"):
        regionalise.by_employment(index(), jobs().rename({"employment": "employmnt"}))
    with pytest.raises(UsageError, match="index: no column 'value'"):
        regionalise.by_employment(index().drop("value"), jobs())
    with pytest.raises(UsageError, match="no concordance 'gbt4754_2012', did you mean 'gbt4754_2011'"):
        regionalise.concordance("gbt4754_2012")
    with pytest.raises(UsageError, match="polars DataFrame"):
        regionalise.by_employment(index(), [1])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", "x", 0.5)], "weights of a code must sum to 1: a 0.5"),
        ([("a", "x", 1.5)], "without a code, sector or weight"),
        ([("a", "x", 0.5), ("a", "x", 0.5)], "listed twice: a -> x"),
        ([("a", None, 1.0)], "without a code, sector or weight"),
        ([], "no rows"),
    ],
)
def test_a_concordance_of_ones_own_is_checked(rows, message):
    types = {"code": pl.String, "sector": pl.String, "weight": pl.Float64}
    with pytest.raises(DataError, match=message):
        regionalise.concordance(pl.DataFrame(rows, schema=types, orient="row"))
    with pytest.raises(DataError, match="no column sector, weight"):
        regionalise.concordance(pl.DataFrame({"code": ["a"]}))


def test_codes_that_the_concordance_does_not_know_are_listed():
    frame = jobs(sectors=2, years=(2000,)).with_columns(sector=pl.col("sector").replace({"s0": "01", "s1": "合计"}))
    with pytest.raises(DataError, match="the concordance gbt4754_2011 does not know: 合计"):
        regionalise.by_employment(index(), frame, match="gbt4754_2011")
