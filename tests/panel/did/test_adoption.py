"""Staggered adoption, by hand: the real dates of some pilot zones on a small panel."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import econloom as el
from econloom.core.errors import DataError, EconloomError, UsageError
from econloom.data.columns.dates import read_moment

# 国函〔2015〕44号, 〔2016〕17号, 〔2018〕93号, 〔2019〕137号, 〔2022〕126号
ZONES = pl.DataFrame(
    {
        "zone": ["杭州", "天津", "苏州", "义乌", "金华", "抚顺", "贺州"],
        "city": ["杭州市", "天津市", "苏州市", "金华市", "金华市", "抚顺市", "贺州市"],
        "batch": [1, 2, 2, 3, 7, 4, 7],
        "day": ["2015-03-07", "2016-01-12", "2016-01-12", "2018-07-24", "2022-11-14", "2019-12-15", "2022-11-14"],
    }
)
CITIES = ["杭州市", "天津市", "苏州市", "金华市", "抚顺市", "贺州市", "台州市", "滨州市"]


def rows(cities: list[str] = CITIES, years: range = range(2011, 2021)) -> pl.DataFrame:
    return pl.DataFrame({"city": cities}).join(pl.DataFrame({"year": list(years)}), how="cross")


def adopt(data: pl.DataFrame | None = None, zones: pl.DataFrame = ZONES, **options: object) -> el.did.Adoption:
    given = {"date": "day", "batch": "batch", "batches": [1, 2, 3]} | options
    return el.did.adoption(rows() if data is None else data, zones, "city", "year", **given)


def at(made: el.did.Adoption, city: str, column: str) -> dict[int, object]:
    return dict(made.frame.filter(pl.col("city") == city).select("year", column).iter_rows())


def test_columns_of_the_three_batches() -> None:
    made = adopt()
    assert made.cohorts().rows() == [(2015, 1, "2015-03-07"), (2016, 2, "2016-01-12"), (2018, 1, "2018-07-24")]
    assert [at(made, "杭州市", "treatpost")[y] for y in (2014, 2015, 2020)] == [0, 1, 1]
    assert at(made, "天津市", "event_time")[2011] == -5 and at(made, "天津市", "batch")[2020] == 2
    assert set(at(made, "抚顺市", "treatpost").values()) == {0}
    assert set(at(made, "抚顺市", "cohort").values()) == {None}
    assert made.never == 4 and made.frame.height == 80
    assert made.frame["treated"].sum() == 40


@pytest.mark.parametrize(
    ("month", "march", "january", "july"),
    [("counted", 10, 12, 6), ("half", 9.5, 11.5, 5.5), ("not_counted", 9, 11, 5)],
)
def test_months_under_treatment(month: str, march: float, january: float, july: float) -> None:
    """5/6 (March), 1 (January) and 1/2 (July), as paper 004 has it, where the month of the decision counts."""
    made = adopt(month=month)
    for city, year, share in (("杭州市", 2015, march), ("苏州市", 2016, january), ("金华市", 2018, july)):
        dose = at(made, city, "exposure")
        assert dose[year] == pytest.approx(share / 12, rel=1e-15)
        assert dose[year - 1] == 0 and dose[year + 1] == 1


def test_days_and_whole_years_under_treatment() -> None:
    assert at(adopt(exposure="day"), "杭州市", "exposure")[2015] == pytest.approx(300 / 365)  # 7 March is day 66
    assert at(adopt(exposure="year"), "杭州市", "exposure")[2015] == 1


def test_cutoff_moves_the_cohort_but_not_the_exposure() -> None:
    made = adopt(cutoff=6)
    assert [at(made, "金华市", "treatpost")[y] for y in (2018, 2019)] == [0, 1]
    assert at(made, "金华市", "exposure")[2018] == 0.5
    assert at(made, "杭州市", "cohort")[2020] == 2015


def test_several_zones_in_one_city_adopt_by_the_earliest() -> None:
    made = adopt()
    assert at(made, "金华市", "cohort")[2020] == 2018
    assert any("several decisions" in w and "金华市 (2, the first 2018-07-24)" in w for w in made.warnings)


def test_later_batches_are_controls_or_dropped() -> None:
    assert any("adopt within the span, by batch: 4 (1)" in w for w in adopt().warnings)
    made = adopt(later="drop")
    assert set(made.frame["city"]) == set(CITIES) - {"抚顺市", "贺州市"}
    assert made.never == 2
    assert any(e.kind == "drop" and e.rows_before == 80 and e.rows_after == 60 for e in made.panel.events)


def test_every_batch_by_default_and_those_after_the_span_are_controls() -> None:
    made = adopt(batches=None)
    roles = dict(made.units.select("unit", "role").iter_rows())
    assert roles["抚顺市"] == "treated" and roles["贺州市"] == "control"
    assert at(made, "抚顺市", "cohort")[2011] == 2019


def test_earlier_batches_left_out_are_no_controls() -> None:
    with pytest.raises(UsageError, match="batches not chosen that adopt by 2018, as those chosen do: 1, 2"):
        adopt(batches=[3])
    assert set(adopt(batches=[3], later="drop").frame["city"]) == {"金华市", "台州市", "滨州市"}


def test_always_treated_by_a_named_choice() -> None:
    late = rows(years=range(2015, 2021))
    with pytest.raises(
        DataError, match=r"every period in which they are seen: 杭州市 \(2015, seen from 2015\)"
    ) as caught:
        adopt(late)
    assert "always: drop" in str(caught.value)
    assert "杭州市" not in set(adopt(late, always="drop").frame["city"])
    kept = adopt(late, always="keep")
    assert set(at(kept, "杭州市", "treatpost").values()) == {1}
    enters = rows().filter((pl.col("city") != "天津市") | (pl.col("year") >= 2017))
    with pytest.raises(DataError, match=r"天津市 \(2016, seen from 2017\)"):
        adopt(enters)


def test_single_date() -> None:
    made = adopt(single=2016)
    assert at(made, "苏州市", "single") == {y: int(y >= 2016) for y in range(2011, 2021)}
    assert at(made, "杭州市", "single") == {y: int(y >= 2016) for y in range(2011, 2021)}
    assert at(adopt(single=2016, earlier="own"), "杭州市", "single")[2015] == 1
    assert set(at(adopt(single=2016, earlier="drop"), "杭州市", "single").values()) == {None}
    for later in ("金华市", "抚顺市", "贺州市"):
        assert set(at(made, later, "single").values()) == {None}
    assert set(at(made, "台州市", "single").values()) == {0}
    with pytest.raises(DataError, match="no unit has adopted by the single date 2012"):
        adopt(single=2012)


def test_rows_finer_than_the_units_that_adopt() -> None:
    firms = rows().with_columns(pl.format("{}-{}", "city", pl.lit(1)).alias("firm"))
    panel = el.clean.as_panel(firms, "firm", "year") if hasattr(el.clean, "as_panel") else firms
    made = adopt(panel, rows_of="firm")
    assert made.frame.height == 80
    moved = firms.with_columns(
        pl.when((pl.col("firm") == "杭州市-1") & (pl.col("year") > 2017))
        .then(pl.lit("台州市"))
        .otherwise("city")
        .alias("city")
    )
    with pytest.raises(DataError, match=r"switches off in 1 firm, .*: 杭州市-1 \(2018\)"):
        adopt(moved, rows_of="firm")
    assert adopt(moved, rows_of="firm", moves="drop").frame["firm"].n_unique() == 7
    kept = adopt(moved, rows_of="firm", moves="keep")
    assert kept.frame.height == 80 and any("1 of them out of treatment" in w for w in kept.warnings)


def test_codes_match_whatever_their_kind() -> None:
    zones = ZONES.with_columns(
        pl.Series("code", ["330100", "120000", "320500", "330700", "330700", "210400", "451100"])
    )
    codes = pl.Series("city", [330100, 120000, 320500, 330700, 210400, 451100, 331000])
    made = el.did.adoption(
        rows(codes.to_list()), zones, "city", "year", "day", named="code", batch="batch", batches=["1", "2", "3"]
    )
    assert made.units.filter(pl.col("role") == "treated")["unit"].to_list() == [330100, 120000, 320500, 330700]


def test_units_that_the_panel_does_not_have() -> None:
    short = ZONES.with_columns(pl.col("city").str.replace("杭州市", "杭州"))
    with pytest.raises(DataError, match=r"writes in another way: '杭州' \(did you mean '杭州市'\?\)"):
        adopt(zones=short)
    assert adopt(zones=short, unknown="ignore", batches=[2, 3]).absent == ("杭州",)
    few = rows([c for c in CITIES if c != "天津市"])
    assert any("not in the panel: 天津市" in w for w in adopt(few).warnings)
    with pytest.raises(DataError, match="does not have: '天津市'"):
        adopt(few, unknown="error")
    with pytest.raises(DataError, match="none of its 6 units is in the panel"):
        adopt(rows(["a", "b"]))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"day": "07/03/2015"}, "holds what is no date: 杭州市: '07/03/2015'"),
        ({"day": "2015-13-01"}, "holds what is no date"),
        ({"day": "2015-02-30"}, "holds what is no date"),
        ({"day": "later"}, "holds what is no date"),
        ({"day": None}, "'day' is missing for 杭州市"),
        ({"day": "2015"}, "the date 2015 of 杭州市 has no month"),
        ({"city": None}, "'city' is missing in 1 row: 1"),
    ],
)
def test_decisions_that_cannot_be_read(changes: dict[str, object], says: str) -> None:
    broken = ZONES.with_columns(
        pl.when(pl.col("zone") == "杭州").then(pl.lit(v, dtype=pl.String)).otherwise(c).alias(c)
        for c, v in changes.items()
    )
    with pytest.raises(EconloomError, match=says):
        adopt(zones=broken)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"batches": [1, 9]}, "no unit of the panel is in batch 9"),
        ({"batches": [1, 7]}, "batches chosen that adopt after the last period, 2020: 7"),
        ({"batches": [7]}, "no unit adopts within 2011-2020: the dates go from 2022-11-14 to 2022-11-14"),
        ({"batches": []}, "an empty list"),
        ({"batches": "1"}, "a list, not '1'"),
        ({"batch": None}, "which column holds the batch"),
        ({"batch": "bach"}, "no column 'bach', did you mean 'batch'"),
        ({"date": "dya"}, "no column 'dya', did you mean 'day'"),
        ({"later": "control"}, "'control' is not a choice, did you mean 'controls'"),
        ({"cutoff": 13}, "a month from 1 to 12"),
        ({"makes": {"treatpst": "x"}}, "no column 'treatpst', did you mean 'treatpost'"),
        ({"makes": {"treatpost": "city"}}, "already has a column 'city'"),
        ({"makes": {"single": "x"}}, "needs the period of the single date"),
        ({"makes": {"cohort": "x", "batch": "x"}}, "two columns of one name"),
        ({"rows_of": "frim"}, "no column 'frim'"),
        ({"span": (1990, 1995)}, "no row in 1990-1995"),
    ],
)
def test_wrong_choices(options: dict[str, object], says: str) -> None:
    with pytest.raises(EconloomError, match=says):
        adopt(**options)


def test_one_unit_cohorts_and_no_untreated_unit_are_said() -> None:
    made = adopt(rows(["杭州市", "天津市", "苏州市"]), batches=[1, 2])
    assert any("cohorts of one unit: 2015 (杭州市)" in w for w in made.warnings)
    assert any("no unit stays untreated" in w for w in made.warnings)
    assert "2015: 1 unit" in repr(made) and "2015: 1 unit" in made._repr_html_()


def test_rows_without_a_unit_have_no_columns() -> None:
    data = rows().with_columns(pl.when(pl.col("year") == 2011).then(None).otherwise("city").alias("city"))
    made = adopt(data)
    assert made.frame["treatpost"].null_count() == 8 and made.frame["exposure"].null_count() == 8
    assert any("'city' is missing in 8 rows" in w for w in made.warnings)


def test_the_panel_stays_as_it_was_and_may_have_columns_of_these_names() -> None:
    data = rows().with_columns(pl.lit(7).alias("cohort"))
    before = data.clone()
    made = adopt(data, makes={"cohort": "adopted", "treatpost": "on"})
    assert data.equals(before) and made.frame.columns == ["city", "year", "cohort", "adopted", "on"]
    assert made.panel.label("on").text("zh") == "处理组×政策后"


def test_span_within_more_years() -> None:
    wide = rows(years=range(2009, 2024))
    made = adopt(wide, span=(2011, 2020))
    assert made.span == (2011, 2020)
    assert (
        made.frame.filter(pl.col("year").is_between(2011, 2020))
        .sort("city", "year")
        .equals(adopt().frame.sort("city", "year"))
    )


WRITTEN = ("{:%Y-%m-%d}", "{:%Y/%m/%d}", "{:%Y.%m.%d}", "{:%Y%m%d}", "{:%Y年%m月%d日}", "{:%Y-%m-%d} 00:00:00")


@given(st.dates(dt.date(1800, 1, 1), dt.date(2200, 12, 31)), st.sampled_from(WRITTEN))
def test_dates_in_every_writing(day: dt.date, form: str) -> None:
    found = read_moment(form.format(day))
    assert found is not None and (found.year, found.month, found.day) == (day.year, day.month, day.day)
    assert read_moment(day) == found


@given(st.one_of(st.text(max_size=12), st.integers(), st.floats()))
def test_no_text_or_number_breaks_the_reading_of_dates(value: object) -> None:
    found = read_moment(value)
    assert found is None or 1800 <= found.year <= 2200
