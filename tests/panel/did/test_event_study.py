"""Two-way regressions and event studies against pyfixest and diff-diff, and what is refused."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import polars as pl
import pyfixest as pf
import pytest
from scipy import stats

import econloom as el
from econloom.core.errors import DataError, EconloomError, EstimationError, UsageError
from econloom.core.estimate import Test as Statistic
from econloom.core.estimate import Unavailable

DATA = Path(__file__).parents[2] / "oracles" / "did"


def read(name: str) -> pl.DataFrame:
    return pl.read_parquet(DATA / f"{name}.parquet")


@pytest.fixture(scope="module")
def simple() -> pl.DataFrame:
    """fixest's base_did: one cohort, treated from period 6."""
    return read("base_did").with_columns(
        pl.when(pl.col("treat") == 1).then(6).alias("cohort"), (pl.col("treat") * pl.col("post")).alias("on")
    )


@pytest.fixture(scope="module")
def staggered() -> pl.DataFrame:
    """fixest's base_stagg with the units treated from the first period on left out."""
    return read("base_stagg")


def dummies(frame: pl.DataFrame, events: list[int], low: int, high: int, binned: bool) -> tuple[pl.DataFrame, str]:
    """The regression written out: one column an event time."""
    k = (pl.col("year") - pl.col("year_treated")).clip(low, high) if binned else pl.col("year") - pl.col("year_treated")
    named = {e: f"k_{'m' if e < 0 else ''}{abs(e)}" for e in events}
    made = frame.with_columns(
        ((k == e) & (pl.col("year_treated") < 10000)).cast(pl.Float64).alias(n) for e, n in named.items()
    )
    return made, " + ".join(named.values())


def compare(found: el.did.EventStudy, fit: object, names: list[str]) -> None:
    """Coefficients to 1e-8 and errors to 1e-6, relative."""
    table = fit.tidy()
    rows = found.tidy().filter(pl.col("role") != "base")
    np.testing.assert_allclose(rows["estimate"], table.loc[names, "Estimate"], rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(rows["std_error"], table.loc[names, "Std. Error"], rtol=1e-6)
    np.testing.assert_allclose(rows["p_value"], table.loc[names, "Pr(>|t|)"], rtol=1e-5, atol=1e-14)


@pytest.mark.parametrize("base", [-1, -3, 0])
def test_base_did_against_pyfixest(simple: pl.DataFrame, base: int) -> None:
    found = el.did.event_study("y ~ x1", simple, "id", "period", cohort="cohort", base=base)
    formula = f"y ~ x1 + i(period, treat, ref={6 + base}) | id + period"
    fit = pf.feols(formula, simple.to_pandas(), vcov={"CRV1": "id"})
    names = [n for n in fit.tidy().index if "period" in n]
    compare(found, fit, names)
    assert found.base == (base,) and found.n == 1080 and found.n_treated == 55 and found.n_units == 108


def test_joint_pretrend_is_wald_of_the_regression(simple: pl.DataFrame) -> None:
    found = el.did.event_study("y ~ x1", simple, "id", "period", cohort="cohort")
    fit = pf.feols("y ~ x1 + i(period, treat, ref=5) | id + period", simple.to_pandas(), vcov={"CRV1": "id"})
    b, V = fit.coef().to_numpy(), fit._vcov
    at = [i for i, n in enumerate(fit.coef().index) if "period" in n][:4]
    value = b[at] @ np.linalg.solve(V[np.ix_(at, at)], b[at]) / 4
    assert isinstance(found.pretrend, Statistic) and found.pretrend.df == (4, 107)
    assert found.pretrend.statistic == pytest.approx(value, rel=1e-6)
    assert found.pretrend.p_value == pytest.approx(stats.f.sf(value, 4, 107), rel=1e-6)
    assert found.glance()["pretrend_p"][0] == pytest.approx(found.pretrend.p_value)


@pytest.mark.parametrize(("low", "high"), [(-4, 3), (-9, 8), (-2, 5)])
def test_binned_ends_against_the_regression_written_out(staggered: pl.DataFrame, low: int, high: int) -> None:
    found = el.did.event_study(
        "y ~ x1", staggered, "id", "year", cohort="year_treated", never=10000, window=(low, high), ends="bin"
    )
    events = [e for e in range(low, high + 1) if e != -1]
    frame, terms = dummies(staggered, events, low, high, binned=True)
    fit = pf.feols(f"y ~ {terms} + x1 | id + year", frame.to_pandas(), vcov={"CRV1": "id"})
    compare(found, fit, terms.split(" + "))
    assert found.text(low) == (f"≤ {low}" if low > -9 else "-9") and found.text(high) == (
        f"≥ {high}" if high < 8 else "8"
    )
    rows = (
        frame.filter(pl.col("year_treated") < 10000)["year"]
        - frame.filter(pl.col("year_treated") < 10000)["year_treated"]
    )
    assert found.counts.tolist() == [float((rows.clip(low, high) == e).sum()) for e in events]


def test_dropped_ends_against_the_regression_without_those_rows(staggered: pl.DataFrame) -> None:
    found = el.did.event_study(
        "y ~ 1", staggered, "id", "year", cohort="year_treated", never=10000, window=(-3, 4), ends="drop"
    )
    k = pl.col("year") - pl.col("year_treated")
    inside = staggered.filter((pl.col("year_treated") == 10000) | k.is_between(-3, 4))
    frame, terms = dummies(inside, [-3, -2, 0, 1, 2, 3, 4], -3, 4, binned=False)
    fit = pf.feols(f"y ~ {terms} | id + year", frame.to_pandas(), vcov={"CRV1": "id"})
    compare(found, fit, terms.split(" + "))
    assert found.n == inside.height and "event time in -3...4" in str(found.fit.sample)


def test_printed_base_leaves_out_adoption_and_all_before_the_window(staggered: pl.DataFrame) -> None:
    """k = 0 and k <= -5 omitted together, dummies -4 ... -1 and 1 ... 5, as in paper 004."""
    found = el.did.event_study(
        "y ~ x1",
        staggered,
        "id",
        "year",
        cohort="year_treated",
        never=10000,
        window=(-4, 5),
        base="printed",
        ends="bin",
    )
    events = [-4, -3, -2, -1, 1, 2, 3, 4, 5]
    frame, terms = dummies(staggered, events, -99, 5, binned=True)
    fit = pf.feols(f"y ~ {terms} + x1 | id + year", frame.to_pandas(), vcov={"CRV1": "id"})
    compare(found, fit, terms.split(" + "))
    assert found.base == (-5, 0) and found.text(-5) == "≤ -5"
    assert found.tidy().filter(pl.col("role") == "base")["estimate"].to_list() == [0, 0]
    mixed = el.did.event_study(
        "y ~ x1",
        staggered,
        "id",
        "year",
        cohort="year_treated",
        never=10000,
        window=(-4, 5),
        base=0,
        ends=("base", "bin"),
    )
    assert mixed.tidy().equals(found.tidy())


@pytest.mark.parametrize("vcov", ["iid", "hc1", "year"])
def test_other_covariances_and_weights(staggered: pl.DataFrame, vcov: str) -> None:
    frame = staggered.with_columns((1 + pl.col("id") % 3).alias("w"))
    given = {"iid": el.iid(), "hc1": el.hc1(), "year": el.cluster("year")}[vcov]
    found = el.did.event_study(
        "y ~ x1", frame, "id", "year", cohort="year_treated", never=10000, window=(-2, 2), vcov=given, weights="w"
    )
    written, terms = dummies(frame, [-2, 0, 1, 2], -2, 2, binned=True)
    theirs = {"iid": "iid", "hc1": "HC1", "year": {"CRV1": "year"}}[vcov]
    fit = pf.feols(f"y ~ {terms} + x1 | id + year", written.to_pandas(), vcov=theirs, weights="w")
    compare(found, fit, terms.split(" + "))
    again = el.did.event_study(
        "y ~ x1", frame, "id", "year", cohort="year_treated", never=10000, window=(-2, 2), weights="w"
    ).with_vcov(given)
    assert again.tidy().equals(found.tidy()) and again.covariance == found.covariance


def test_few_clusters_bring_their_own_degrees_of_freedom(simple: pl.DataFrame) -> None:
    found = el.did.event_study("y ~ 1", simple, "id", "period", cohort="cohort", vcov=el.cr2("id"))
    assert found.tidy()["p_value"].null_count() == 1
    assert isinstance(found.pretrend, Unavailable) and "el.cluster()" in found.pretrend.reason


def test_diff_diff_agrees_on_one_cohort(simple: pl.DataFrame) -> None:
    """TwoWayFixedEffects of diff-diff 3.13, whose errors count parameters in another way (0.4 per cent here)."""
    from diff_diff import TwoWayFixedEffects

    frame = simple.to_pandas()
    two = TwoWayFixedEffects(cluster="id").fit(frame, "y", "treat", post="post", unit="id")
    found = el.did.twfe("y ~ on", simple, "id", "period").tidy()
    assert found["estimate"][0] == pytest.approx(two.att, rel=1e-8)
    assert found["std_error"][0] == pytest.approx(two.se, rel=0.01)
    many = TwoWayFixedEffects(cluster="id").fit(
        frame,
        "y",
        "treat",
        unit="id",
        time="period",
        event_study=True,
        reference_period=5,
        post_periods=[6, 7, 8, 9, 10],
    )
    rows = el.did.event_study("y ~ 1", simple, "id", "period", cohort="cohort").tidy()
    np.testing.assert_allclose(rows["estimate"], many.to_dataframe()["att"], rtol=1e-8)


def test_castle_two_way(simple: pl.DataFrame) -> None:
    """bacondecomp's .081811617, pyfixest's errors, and diff-diff's coefficient of its decomposition."""
    from diff_diff import BaconDecomposition

    frame = read("castle")
    found = el.did.twfe("l_homicide ~ post", frame, "sid", "year")
    fit = pf.feols("l_homicide ~ post | sid + year", frame.to_pandas(), vcov={"CRV1": "sid"})
    assert found.tidy()["estimate"][0] == pytest.approx(0.081811617, abs=5e-10)
    assert found.tidy()["estimate"][0] == pytest.approx(fit.coef()["post"], rel=1e-8)
    assert found.tidy()["std_error"][0] == pytest.approx(fit.se()["post"], rel=1e-6)
    coded = frame.with_columns(pl.col("effyear").fill_null(0)).to_pandas()
    theirs = BaconDecomposition().fit(coded, "l_homicide", "sid", "year", "effyear")
    assert found.tidy()["estimate"][0] == pytest.approx(theirs.twfe_estimate, rel=1e-8)
    by_cohort = el.did.twfe("l_homicide ~ 1", frame, "sid", "year", cohort="effyear")
    assert by_cohort.term == "treatpost" and by_cohort.tidy()["estimate"][0] == found.tidy()["estimate"][0]
    assert found.cohorts.rows() == [(2005, 1, 11), (2006, 13, 143), (2007, 4, 44), (2008, 2, 22), (2009, 1, 11),
                                    (None, 29, 319)]  # fmt: skip
    assert any("cohorts of one unit: 2005, 2009" in w for w in found.warnings)


def test_castle_with_controls_and_weights() -> None:
    frame = read("castle")
    found = el.did.twfe("l_homicide ~ post + l_police + unemployrt", frame, "sid", "year", weights="popwt",
                        vcov=el.cluster("state"))  # fmt: skip
    fit = pf.feols("l_homicide ~ post + l_police + unemployrt | sid + year", frame.to_pandas(), vcov={"CRV1": "state"},
                   weights="popwt")  # fmt: skip
    np.testing.assert_allclose(found.tidy()["estimate"], fit.coef(), rtol=1e-8)
    np.testing.assert_allclose(found.tidy()["std_error"], fit.se(), rtol=1e-6)
    assert "post" in str(el.etable([found]))


def test_mpdta_two_way() -> None:
    from diff_diff import BaconDecomposition

    frame = read("mpdta").rename({"first.treat": "g"})
    found = el.did.twfe("lemp ~ lpop", frame, "countyreal", "year", cohort="g", never=0)
    written = frame.with_columns(((pl.col("year") >= pl.col("g")) & (pl.col("g") > 0)).cast(pl.Int64).alias("on"))
    fit = pf.feols("lemp ~ on | countyreal + year", written.to_pandas(), vcov={"CRV1": "countyreal"})
    assert found.tidy()["estimate"][0] == pytest.approx(fit.coef()["on"], rel=1e-8)
    assert found.tidy()["std_error"][0] == pytest.approx(fit.se()["on"], rel=1e-6)
    theirs = BaconDecomposition().fit(frame.to_pandas(), "lemp", "countyreal", "year", "g")
    assert found.tidy()["estimate"][0] == pytest.approx(theirs.twfe_estimate, rel=1e-8)
    study = el.did.event_study("lemp ~ 1", frame, "countyreal", "year", cohort="g", never=0)
    assert study.events.tolist() == [-4, -3, -2, 0, 1, 2, 3]


def test_treatment_column_instead_of_the_cohort(simple: pl.DataFrame) -> None:
    one = el.did.event_study("y ~ x1 + on", simple, "id", "period", treatment="on")
    other = el.did.event_study("y ~ x1", simple, "id", "period", cohort="cohort")
    assert one.tidy().equals(other.tidy())


def test_repeated_cross_sections(staggered: pl.DataFrame) -> None:
    """Several rows of one unit and year."""
    twice = pl.concat([staggered, staggered.with_columns(pl.col("y") + 1)])
    found = el.did.event_study("y ~ 1", twice, "id", "year", cohort="year_treated", never=10000, window=(-2, 2))
    once = el.did.event_study("y ~ 1", staggered, "id", "year", cohort="year_treated", never=10000, window=(-2, 2))
    np.testing.assert_allclose(found.estimates, once.estimates, rtol=1e-9)


def test_order_scale_and_pickling(staggered: pl.DataFrame) -> None:
    options = {"cohort": "year_treated", "never": 10000, "window": (-3, 3)}
    found = el.did.event_study("y ~ x1", staggered, "id", "year", **options)
    turned = el.did.event_study("y ~ x1", staggered.sample(fraction=1, shuffle=True, seed=1), "id", "year", **options)
    np.testing.assert_allclose(turned.estimates, found.estimates, rtol=1e-9)
    scaled = el.did.event_study("y ~ x1", staggered.with_columns(pl.col("y") * 1e6), "id", "year", **options)
    np.testing.assert_allclose(scaled.estimates, found.estimates * 1e6, rtol=1e-9)
    again = pickle.loads(pickle.dumps(found))
    assert again.tidy().equals(found.tidy())
    assert "event\\_time -3" in str(el.etable([found]))
    assert "effects are against event time -1" in repr(found)


def test_units_whose_treatment_the_effects_absorb() -> None:
    """Municipalities under province x year effects, and a province in which all adopt at once."""
    rng = np.random.default_rng(3)
    city = pl.DataFrame({
        "city": ["北京市", "济南市", "青岛市", "杭州市", "宁波市", "温州市"],
        "province": ["北京", "山东", "山东", "浙江", "浙江", "浙江"],
        "start": [2016, 2016, 2016, 2015, 2016, None],
    })  # fmt: skip
    firms = city.join(pl.DataFrame({"n": range(4)}), how="cross").with_columns(
        pl.format("{}{}", "city", "n").alias("firm")
    )
    rows = firms.join(pl.DataFrame({"year": range(2012, 2020)}), how="cross")
    rows = rows.with_columns(pl.Series("y", rng.normal(size=rows.height)))
    options = {"cohort": "start", "adopts": "city", "vcov": el.cluster("city")}
    found = el.did.twfe("y ~ 1 | firm + year + province^year", rows, "firm", "year", **options)
    assert set(found.absorbed) == {"北京市", "济南市", "青岛市"}
    assert any("absorb the treatment of 3 of 5 adopting units" in w for w in found.warnings)
    study = el.did.event_study("y ~ 1 | firm + year + province^year", rows, "firm", "year", window=(-2, 2), **options)
    assert set(study.absorbed) == set(found.absorbed)
    assert el.did.twfe("y ~ 1", rows, "firm", "year", **options).absorbed == ()


def test_all_event_times_without_a_base_are_refused(staggered: pl.DataFrame) -> None:
    for ends in ("bin", "drop"):
        with pytest.raises(EstimationError, match=r"exhaustive.*\n.*name a base: base=-1"):
            el.did.event_study(
                "y ~ 1",
                staggered,
                "id",
                "year",
                cohort="year_treated",
                never=10000,
                window=(-3, 3),
                base=None,
                ends=ends,
            )
    open_end = el.did.event_study(
        "y ~ 1", staggered, "id", "year", cohort="year_treated", never=10000, window=(-3, 3), base=None,
        ends=("base", "bin"),
    )  # fmt: skip
    assert open_end.base == (-4,)


def test_without_untreated_units_a_further_base_is_named(staggered: pl.DataFrame) -> None:
    treated = staggered.filter(pl.col("year_treated") < 10000)
    with pytest.raises(EstimationError, match="no unit stays untreated") as caught:
        el.did.event_study("y ~ 1", treated, "id", "year", cohort="year_treated")
    assert "base=(-9, -1)" in str(caught.value)
    found = el.did.event_study("y ~ 1", treated, "id", "year", cohort="year_treated", base=(-9, -1))
    assert found.base == (-9, -1) and any("no unit stays untreated" in w for w in found.warnings)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"base": -6, "window": (-4, 3)}, "base -6 is outside the window"),
        (
            {"base": -12, "window": (-12, 3), "ends": "drop"},
            "base -12 is outside the data: event times go from -9 to 8",
        ),
        ({"window": (-4, 12), "ends": "drop"}, "no row is at event time 9, 10, 11, 12: they go from -9 to 8"),
        ({"window": (3, -3)}, "from before adoption to after it"),
        ({"window": (-3.5, 3)}, "two whole numbers"),
        ({"window": -3}, "two whole numbers"),
        ({"base": "print"}, "did you mean 'printed'"),
        ({"base": 1.5}, "no event time"),
        ({"base": True}, "no event time"),
        ({"ends": "bins"}, "did you mean 'bin'"),
        ({"ends": ("bin", "bin", "drop")}, "one or two of"),
        ({"window": (-1, 0), "base": (-1, 0)}, "every event time of the window is base"),
        ({"cohort": "year_treat"}, "no column 'year_treat', did you mean 'year_treated'"),
        ({"treatment": "treated"}, "one of cohort and treatment"),
        ({"cohort": None}, "one of cohort and treatment"),
        ({"where": "year_treated == 10000"}, "no row is of a unit that adopts"),
        ({"where": "yaer > 3"}, "no column or sample 'yaer'"),
        ({"adopts": "state"}, "no column 'state'"),
        ({"unit": None}, "who and when is not said"),
        ({"unit": "ids"}, "no column 'ids', did you mean 'id'"),
    ],
)
def test_what_cannot_be_asked(staggered: pl.DataFrame, options: dict[str, object], says: str) -> None:
    given = {"unit": "id", "time": "year", "cohort": "year_treated", "never": 10000} | options
    with pytest.raises(EconloomError, match=says):
        el.did.event_study("y ~ 1", staggered, **given)


def test_treatment_that_switches_off_or_is_no_dummy(simple: pl.DataFrame) -> None:
    first = simple.filter(pl.col("on") == 1)["id"][0]
    off = simple.with_columns(
        pl.when((pl.col("id") == first) & (pl.col("period") == 9)).then(0).otherwise("on").alias("on")
    )
    with pytest.raises(DataError, match=rf"switches off in 1 unit: {first} \(9\)"):
        el.did.event_study("y ~ 1", off, "id", "period", treatment="on")
    with pytest.raises(DataError, match="is not 0 or 1"):
        el.did.twfe("y ~ x1", simple, "id", "period")
    with pytest.raises(UsageError, match="no treatment"):
        el.did.twfe("y ~ 1", simple, "id", "period")


def test_gaps_in_time_are_said(simple: pl.DataFrame) -> None:
    gap = simple.filter(pl.col("period") != 4)
    with pytest.raises(DataError, match=r"no row is at event time -2: .*; no row is of 4"):
        el.did.event_study("y ~ 1", gap, "id", "period", cohort="cohort", window=(-3, 3))
    with pytest.raises(DataError, match=r"base -2 is outside the data"):
        el.did.event_study("y ~ 1", gap, "id", "period", cohort="cohort", window=(-3, 3), base=-2)


def test_event_times_emptied_by_missing_values(simple: pl.DataFrame) -> None:
    lost = simple.with_columns(
        pl.when((pl.col("treat") == 1) & (pl.col("period") == 8)).then(None).otherwise("y").alias("y")
    )
    with pytest.raises(EstimationError, match="no row of the sample is at event time 2"):
        el.did.event_study("y ~ 1", lost, "id", "period", cohort="cohort")
    base = simple.with_columns(
        pl.when((pl.col("treat") == 1) & (pl.col("period") == 5)).then(None).otherwise("y").alias("y")
    )
    with pytest.raises(EstimationError, match="at event time -1"):
        el.did.event_study("y ~ 1", base, "id", "period", cohort="cohort")


def test_treatment_that_the_effects_absorb_whole(simple: pl.DataFrame) -> None:
    with pytest.raises(EconloomError, match="absorbed by the effects"):
        el.did.twfe("y ~ on | id + treat^period", simple, "id", "period")


def test_data_stay_as_they_were(simple: pl.DataFrame) -> None:
    before = simple.clone()
    el.did.event_study("y ~ x1", simple, "id", "period", cohort="cohort", window=(-2, 2), ends="drop")
    assert simple.equals(before)


def test_public_names_are_not_hidden_by_modules() -> None:
    folder = Path(el.did.__file__).parent
    assert not {p.stem for p in folder.glob("*.py")} & set(el.did.__all__)
    assert all(callable(getattr(el.did, name)) for name in el.did.__all__)
