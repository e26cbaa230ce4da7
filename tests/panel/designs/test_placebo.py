"""Placebo draws: each is a plain regression, enumerations are worked by hand, the test holds its level."""

from __future__ import annotations

import pickle
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import econloom as el
from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.panel import passes
from econloom.panel.designs.placebo import cells, running
from econloom.panel.designs.placebo.assignment import Keys, read
from econloom.panel.designs.placebo.drawing import scheme

CONTROLS = "x1 + x2 + x3"
FULL = f"y ~ d + {CONTROLS} | firm + year + province^year"


def firms(seed: int = 1, cities: int = 24, effect: float = 0.0) -> pl.DataFrame:
    """Firms in cities in four provinces, eight years, rows missing at random, three batches of treated cities."""
    rng = np.random.default_rng(seed)
    number = 6 * cities
    city = np.concatenate([np.arange(cities), rng.integers(0, cities, number - cities)])
    firm, year = (a.ravel() for a in np.meshgrid(np.arange(number), np.arange(2011, 2019), indexing="ij"))
    at = city[firm]
    date = np.zeros(cities, dtype=int)
    date[rng.permutation(cities)[:7]] = [2014, 2015, 2015, 2015, 2017, 2017, 2017]
    d = ((date[at] > 0) & (year >= date[at])).astype(float)
    X = rng.normal(size=(len(firm), 3)) + 0.3 * rng.normal(size=(cities, 3))[at]
    shock = rng.normal(size=(cities, 8))[at, year - 2011]
    y = effect * d + X @ [0.5, -0.2, 0.1] + rng.normal(size=number)[firm] + 0.5 * shock + rng.normal(size=len(firm))
    frame = pl.DataFrame({
        "firm": firm, "year": year, "city": [f"城{c:02d}" for c in at], "province": at % 4, "region": at % 2,
        "industry": rng.integers(0, 5, number)[firm], "d": d, "date": date[at], "y": y,
        "x1": X[:, 0], "x2": X[:, 1], "x3": X[:, 2], "w": rng.uniform(0.5, 2.0, len(firm)),
    }).with_columns(pl.when(pl.col("date") > 0).then("date").alias("date"))  # fmt: skip
    return frame.sample(fraction=0.9, seed=seed, shuffle=True)


FRAME = firms()
KEYS = {"treatment": "d", "unit": "city", "time": "year"}


def refitted(found: Any, draw: int, formula: str, frame: pl.DataFrame, **options: Any) -> tuple[float, float]:
    """Coefficient and standard error of a plain regression on the treatment of a draw."""
    row = el.ols(formula, frame.with_columns(found.treatment(draw)), **options).tidy().filter(pl.col("term") == "d")
    return row["estimate"][0], row["std_error"][0]


CASES = [
    (FULL, el.cluster("city"), {}, True),
    (FULL, el.cluster("city"), {"weights": "w"}, True),
    (FULL, el.cluster("province"), {"ssc": "reghdfe"}, True),
    (FULL, el.cluster("city", "region"), {}, True),
    (FULL, el.iid(), {"ssc": "areg"}, True),
    (FULL, el.cluster("firm"), {}, False),
    (FULL, el.cluster("city", "year"), {}, False),
    (FULL, el.hc1(), {"weights": "w"}, False),
    (FULL, el.hc3(), {}, False),
    (f"y ~ d + {CONTROLS} | city + year", el.cluster("city"), {"ssc": "xtreg"}, True),
    (f"y ~ d + {CONTROLS} | city + year", el.cr2("city"), {}, False),
    (f"y ~ d + {CONTROLS} | firm + industry^year", el.cluster("city"), {}, False),
    (f"y ~ d + {CONTROLS} | firm[x1] + year", el.cluster("city"), {}, False),
    ("y ~ d + x1 | year", el.cluster("city"), {"weights": "w"}, True),
    ("y ~ d | firm", el.cluster("city"), {}, True),
    ("y ~ d + x1", el.cluster("city"), {"weights": "w"}, True),
    ("y ~ d + x1 - 1", el.cluster("city"), {}, True),
    ("y ~ d + x1", el.hc1(), {}, False),
    ("y ~ d + i(year) | firm", el.cluster("city"), {}, True),
    (FULL, el.cluster("city"), {"where": "year != 2013"}, True),
    (FULL, el.cluster("city"), {"singletons": "drop", "ssc": "reghdfe"}, True),
]


@pytest.mark.parametrize(("formula", "vcov", "options", "by_units"), CASES)
@pytest.mark.parametrize("pool", ["all", "never_treated"])
def test_a_draw_is_a_plain_regression(formula: str, vcov: Any, options: dict[str, Any], by_units: bool, pool: Any):
    found = el.placebo.permute(formula, FRAME, **KEYS, draws=19, vcov=vcov, pool=pool, **options)
    assert found.outcome.by_units == by_units
    assert found.n == (found.fit.design.n if pool == "all" else int((found.treatment(1).is_not_null()).sum()))
    for draw in (1, 19):
        estimate, error = refitted(found, draw, formula, FRAME, vcov=vcov, **options)
        row = found.tidy().row(draw - 1, named=True)
        assert row["estimate"] == pytest.approx(estimate, rel=1e-8)
        assert row["std_error"] == pytest.approx(error, rel=1e-8)
        assert row["statistic"] == pytest.approx(estimate / error, rel=1e-8)


def test_covariances_that_know_time_and_place() -> None:
    one = FRAME.unique(["city", "year"], maintain_order=True).with_columns(
        lat=20.0 + pl.col("city").rank("dense") / 2, lon=100.0 + pl.col("province")
    )
    formula, keys = "y ~ d + x1 | city + year", {"unit": "city", "time": "year"}
    for vcov in (el.newey_west(2), el.conley("lat", "lon", 300)):
        found = el.placebo.permute(formula, one, **KEYS, draws=19, vcov=vcov)
        assert found.tidy()["std_error"][4] == pytest.approx(refitted(found, 5, formula, one, vcov=vcov, **keys)[1])


def test_lags_of_rows_that_are_finer_than_units() -> None:
    formula = "f(y) ~ d + l(x1) | firm + year"
    found = el.placebo.permute(formula, FRAME, **KEYS, draws=19, rows_of="firm")
    again = el.ols(formula, FRAME.with_columns(found.treatment(2)), el.cluster("city"), unit="firm", time="year").tidy()
    assert found.tidy()["statistic"][1] == pytest.approx(again["statistic"][0], rel=1e-8)
    moved = el.placebo.shift(formula, FRAME, **KEYS, real_treatment="keep", rows_of="firm")
    every = FRAME.with_columns(d=(pl.col("year") >= pl.col("date") - 1).fill_null(False).cast(pl.Float64))
    wanted = el.ols(formula, every, el.cluster("city"), unit="firm", time="year").tidy()
    assert moved.tidy()["statistic"][0] == pytest.approx(wanted["statistic"][0], rel=1e-8)


def test_very_many_assignments() -> None:
    rng = np.random.default_rng(3)
    frame = pl.DataFrame({"i": np.arange(3_000), "d": np.arange(3_000) % 2, "y": rng.normal(size=3_000)})
    found = el.placebo.permute("y ~ d", frame, "d", "i", draws=19, vcov=el.hc1())
    assert found.space == float("inf") and "of more than 1e308 possible" in repr(found)
    assert found.glance()["assignments"][0] == float("inf")


def test_draws_against_pyfixest() -> None:
    """Its ritest draws the treatment of clusters with replacement, without dates: regressions are compared instead."""
    pyfixest = pytest.importorskip("pyfixest")
    found = el.placebo.permute(FULL, FRAME, **KEYS, draws=19)
    data = FRAME.with_columns(found.treatment(7)).to_pandas()
    fit = pyfixest.feols(FULL, data, vcov={"CRV1": "city"}, fixef_rm="none", fixef_tol=1e-12)
    row = found.tidy().row(6, named=True)
    assert row["estimate"] == pytest.approx(fit.coef()["d"], rel=1e-8)
    assert row["std_error"] == pytest.approx(fit.se()["d"], rel=1e-6)


@pytest.mark.parametrize("vcov", [el.cluster("city"), el.iid(), el.cluster("city", "region")])
def test_sums_over_units_and_passes_over_rows_agree(vcov: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = el.placebo.permute(FULL, FRAME, **KEYS, draws=150, vcov=vcov, weights="w")
    monkeypatch.setattr(cells, "DEARER", 0)
    slow = el.placebo.permute(FULL, FRAME, **KEYS, draws=150, vcov=vcov, weights="w")
    assert quick.outcome.by_units and not slow.outcome.by_units
    np.testing.assert_allclose(quick.outcome.estimate, slow.outcome.estimate, rtol=1e-9)
    np.testing.assert_allclose(quick.outcome.std_error, slow.outcome.std_error, rtol=1e-9)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(5, 9), st.integers(2, 5))
def test_random_panels_against_refits(seed: int, cities: int, years: int) -> None:
    rng = np.random.default_rng(seed)
    city, year = (a.ravel() for a in np.meshgrid(np.arange(cities).repeat(3), np.arange(years), indexing="ij"))
    date = rng.integers(1, years + 2, cities)
    date[:2] = [1, years + 1]
    n = len(city)
    frame = pl.DataFrame({
        "city": city, "year": year, "firm": np.arange(3 * cities).repeat(years), "d": (year >= date[city]) * 1,
        "x": rng.normal(size=n), "y": rng.normal(size=n),
    }).sample(fraction=0.95, seed=seed)  # fmt: skip
    formula = "y ~ d + x | firm + year"
    try:
        found = el.placebo.permute(formula, frame, **KEYS, draws=20, exact=False)
    except (DataError, EstimationError):
        return
    for draw in (1, 11):
        row = found.tidy().row(draw - 1, named=True)
        if row["estimate"] is not None:
            estimate, error = refitted(found, draw, formula, frame, vcov=el.cluster("city"))
            assert row["estimate"] == pytest.approx(estimate, rel=1e-7, abs=1e-9)
            if row["std_error"] is not None:
                assert row["std_error"] == pytest.approx(error, rel=1e-7, abs=1e-9)


def tiny() -> pl.DataFrame:
    """Five cities, two years; changes of y: a 4.0, b 1.0, c 0.5, e 1.2, f 0.1; a is treated in the second year."""
    return pl.DataFrame({
        "city": list("aabbcceeff"), "year": [1, 2] * 5, "d": [0, 1] + [0] * 8, "half": [1] * 4 + [2] * 6,
        "y": [1.0, 5.0, 1.0, 2.0, 2.0, 2.5, 0.0, 1.2, 3.0, 3.1],
    })  # fmt: skip


def test_an_enumeration_worked_by_hand() -> None:
    """With two years the coefficient is the treated city's change less the mean change of the others."""
    found = el.placebo.permute("y ~ d | city + year", tiny(), **KEYS, draws=99)
    change = [4.0, 1.0, 0.5, 1.2, 0.1]
    wanted = sorted(c - (sum(change) - c) / 4 for c in change)
    assert found.exact and found.space == found.draws == 5
    np.testing.assert_allclose(sorted(found.tidy()["estimate"]), wanted, rtol=1e-12)
    assert sorted(wanted) == pytest.approx([-1.575, -1.075, -0.45, -0.2, 3.3])
    assert found.p_value("estimate") == 1 / 5
    assert found.p_value("estimate", "greater") == 1 / 5
    assert found.p_value("estimate", "less") == 1.0
    assert "5 assignments are possible: all are enumerated, not 99 drawn" in found.notes


def test_an_enumeration_within_strata_and_among_the_untreated() -> None:
    within = el.placebo.permute("y ~ d | city + year", tiny(), **KEYS, draws=99, within="half")
    assert within.space == 2 and within.p_value("estimate") == 1 / 2  # a: 3.3, b: -0.45
    never = el.placebo.permute("y ~ d | city + year", tiny(), **KEYS, draws=99, pool="never_treated")
    change = [1.0, 0.5, 1.2, 0.1]  # a's rows are gone
    wanted = sorted(c - (sum(change) - c) / 3 for c in change)
    np.testing.assert_allclose(sorted(never.tidy()["estimate"]), wanted, rtol=1e-12)
    assert never.p_value("estimate") == 1 / 5  # (1 + 0) / (1 + 4): the truth is not among them
    kept = el.placebo.permute(
        "y ~ d | city + year", tiny(), **KEYS, draws=99, pool="never_treated", real_treated="keep"
    )
    change = [1.0, 0.5, 1.2, 0.1, 4.0]  # a stays, as untreated
    wanted = sorted(c - (sum(change) - c) / 4 for c in change[:4])
    np.testing.assert_allclose(sorted(kept.tidy()["estimate"]), wanted, rtol=1e-12)


def test_two_batches_are_dealt_with_their_dates() -> None:
    """Every way of giving two dates to six cities, against a loop of regressions."""
    rng = np.random.default_rng(5)
    frame = pl.DataFrame({
        "city": np.repeat(list("abcdef"), 4), "year": [1, 2, 3, 4] * 6, "y": rng.normal(size=24),
        "d": [0, 1, 1, 1] + [0, 0, 0, 1] + [0] * 16,
    })  # fmt: skip
    found = el.placebo.permute("y ~ d | city + year", frame, **KEYS, draws=999)
    assert found.assignment.batches == ("2", "4") and found.space == found.draws == 30
    slow = []
    for first in "abcdef":
        for second in set("abcdef") - {first}:
            d = ((pl.col("city") == first) & (pl.col("year") >= 2)) | (
                (pl.col("city") == second) & (pl.col("year") == 4)
            )
            fit = el.ols("y ~ d | city + year", frame.with_columns(d=d.cast(pl.Int64)), vcov=el.cluster("city"))
            slow.append(fit.tidy().row(0, named=True))
    np.testing.assert_allclose(sorted(found.tidy()["estimate"]), sorted(r["estimate"] for r in slow), rtol=1e-9)
    np.testing.assert_allclose(sorted(found.tidy()["statistic"]), sorted(r["statistic"] for r in slow), rtol=1e-8)
    truth = el.ols("y ~ d | city + year", frame, vcov=el.cluster("city")).tidy()["statistic"][0]
    assert found.p_value("t") == sum(abs(r["statistic"]) >= abs(truth) * (1 - 1e-9) for r in slow) / 30


def test_draws_keep_the_numbers_of_every_batch_in_every_stratum() -> None:
    a = read(FRAME, Keys("d", "city", "year", ("province",)))
    labels = scheme(a, "all").random(200, 3)
    for stratum in range(a.strata.levels):
        inside = a.strata.codes == stratum
        real = np.bincount(a.real[inside], minlength=4)
        assert all(np.array_equal(np.bincount(row[inside], minlength=4), real) for row in labels)
    assert (labels[:, a.treated] != 0).any()
    rest = scheme(read(FRAME, Keys("d", "city", "year")), "never_treated").random(200, 3)
    assert not rest[:, a.treated].any()
    share = (rest[:, ~a.treated] != 0).mean()
    assert share == pytest.approx(7 / 17)


def test_every_arrangement_comes_once() -> None:
    a = read(FRAME.filter(pl.col("city") < "城08"), Keys("d", "city", "year", ("region",)))
    plan = scheme(a, "all")
    every = plan.every()
    assert len(np.unique(every, axis=0)) == len(every) == plan.space
    for stratum in range(2):
        inside = a.strata.codes == stratum
        counts = {tuple(np.bincount(row[inside], minlength=len(a.paths))) for row in every}
        assert counts == {tuple(np.bincount(a.real[inside], minlength=len(a.paths)))}


def test_counts_that_are_asked_for() -> None:
    found = el.placebo.permute(
        FULL, FRAME, **KEYS, draws=19, pool="never_treated", counts={2014: 1, "2015": 2, 2016: 3}
    )
    assert found.assigned(3)["batch"].sort().to_list() == ["2014", "2015", "2015", "2016", "2016", "2016"]
    made = FRAME.with_columns(found.treatment(3)).join(found.assigned(3), on="city", how="left")
    since = (pl.col("year") >= pl.col("batch").cast(pl.Int64)).fill_null(False).cast(pl.Float64)
    assert made.filter(pl.col("d").is_not_null()).select((pl.col("d") == since).all()).item()
    with pytest.raises(UsageError, match="no batch or period '2025'"):
        el.placebo.permute(FULL, FRAME, **KEYS, counts={2025: 1})
    with pytest.raises(UsageError, match="do not go with strata"):
        el.placebo.permute(FULL, FRAME, **KEYS, within="region", counts={2015: 1})
    with pytest.raises(UsageError, match="a whole number of units for 2015"):
        el.placebo.permute(FULL, FRAME, **KEYS, counts={2015: 0})


def test_partial_years_and_columns_of_batches() -> None:
    part = FRAME.with_columns(d=pl.when(pl.col("year") == pl.col("date")).then(pl.col("d") / 2).otherwise("d"))
    found = el.placebo.permute(FULL, part, **KEYS, draws=19)
    assert found.assignment.paths[1:, :5].tolist() == [[0, 0, 0, 0.5, 1], [0, 0, 0, 0, 0.5], [0, 0, 0, 0, 0]]
    np.testing.assert_allclose(found.tidy()["estimate"][3], refitted(found, 4, FULL, part)[0], rtol=1e-9)
    mixed = part.with_columns(d=pl.when(pl.col("city") == pl.col("city").filter(pl.col("date") == 2015).first())
                              .then(pl.col("d").ceil()).otherwise("d"))  # fmt: skip
    names = el.placebo.permute(FULL, mixed, **KEYS, draws=19).assignment.batches
    assert names == ("2014", "2015 (1)", "2015 (0.5, 1)", "2017")
    late = FRAME.filter(~((pl.col("date") == 2015) & (pl.col("year") < 2016) & (pl.col("city") == _first(2015))))
    with pytest.raises(DataError, match=r"the date of treatment is not in the data.*城"):
        el.placebo.permute(FULL, late, **KEYS)
    again = el.placebo.permute(FULL, late, **KEYS, draws=19, cohort="date")
    assert again.assignment.batches == ("2014", "2015", "2017")
    assert again.tidy()["estimate"][0] == pytest.approx(refitted(again, 1, FULL, late)[0], rel=1e-9)


def _first(date: int) -> str:
    return FRAME.filter(pl.col("date") == date)["city"].min()


def test_without_time_and_with_several_strata() -> None:
    rng = np.random.default_rng(2)
    people = pl.DataFrame({
        "village": np.arange(40).repeat(5), "arm": (np.arange(40) % 2).repeat(5),
        "block": (np.arange(40) // 10).repeat(5),
        "side": (np.arange(40) // 20).repeat(5), "y": rng.normal(size=200),
    })  # fmt: skip
    found = el.placebo.permute("y ~ arm | block", people, "arm", "village", draws=199, within=["block", "side"])
    assert found.space == comb(10, 5) ** 4
    again = el.ols("y ~ arm | block", people.with_columns(found.treatment(9)), vcov=el.cluster("village")).tidy()
    assert found.tidy()["statistic"][8] == pytest.approx(again["statistic"][0], rel=1e-9)


def test_the_p_value_counts_the_truth() -> None:
    found = el.placebo.permute(FULL, firms(effect=0.6), **KEYS, draws=199, seed=4)
    t, real = found.values("t"), found.real.statistic
    assert found.p_value() == (1 + (np.abs(t) >= abs(real)).sum()) / 200
    assert found.p_value("t", "greater") == (1 + (t >= real).sum()) / 200
    assert found.p_value("t", "less") == (1 + (t <= real).sum()) / 200
    row = found.glance().row(0, named=True)
    assert row["p_t"] == found.p_value() and row["p_estimate_less"] == found.p_value("estimate", "less")
    assert row["draws"] == 199 and row["lost"] == 0 and not row["exact"]
    assert "199 draws" in repr(found) and "p by t" in repr(found)


def test_draws_are_reproducible(monkeypatch: pytest.MonkeyPatch) -> None:
    found = el.placebo.permute(FULL, FRAME, **KEYS, draws=300, seed=9, within="province").tidy()
    assert found.equals(el.placebo.permute(FULL, FRAME, **KEYS, draws=300, seed=9, within="province").tidy())
    fewer = el.placebo.permute(FULL, FRAME, **KEYS, draws=100, seed=9, within="province").tidy()
    assert found.head(100)["estimate"].equals(fewer["estimate"])
    assert not found.equals(el.placebo.permute(FULL, FRAME, **KEYS, draws=300, seed=10, within="province").tidy())
    for count in (1, 2):
        monkeypatch.setattr(passes, "threads", lambda count=count: count)
        monkeypatch.setattr(passes, "THREADED_CELLS", 0)
        assert found.equals(el.placebo.permute(FULL, FRAME, **KEYS, draws=300, seed=9, within="province").tidy())


def test_order_scale_and_input() -> None:
    before = FRAME.clone()
    one = el.placebo.permute(FULL, FRAME, **KEYS, draws=19)
    other = el.placebo.permute(FULL, FRAME.sample(fraction=1, shuffle=True, seed=2), **KEYS, draws=19)
    np.testing.assert_allclose(one.tidy()["statistic"], other.tidy()["statistic"], rtol=1e-9)
    large = el.placebo.permute(FULL, FRAME.with_columns(pl.col("y") * 1e6, pl.col("x1") * 1e-5), **KEYS, draws=19)
    np.testing.assert_allclose(large.tidy()["estimate"], one.tidy()["estimate"] * 1e6, rtol=1e-9)
    assert before.equals(FRAME)
    assert pickle.loads(pickle.dumps(one)).tidy().equals(one.tidy())


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    el.placebo.permute(FULL, FRAME, **KEYS, draws=150, progress=lambda done, size: told.append((done, size)))
    assert told == [(128, 150), (150, 150)] and running.WIDTH == 64


def test_it_holds_its_level_under_no_effect() -> None:
    """120 panels without effect, 39 draws each: p <= 0.05 with probability 2/40; three Monte Carlo errors allowed."""
    rejected = {"t": 0, "estimate": 0}
    for seed in range(120):
        rng = np.random.default_rng([7, seed])
        city, year = (a.ravel() for a in np.meshgrid(np.arange(20), np.arange(6), indexing="ij"))
        date = np.where(np.arange(20) % 5 == 0, 3, 99)
        frame = pl.DataFrame({
            "city": city, "year": year, "half": city % 2, "d": (year >= date[city]) * 1,
            "y": rng.normal(size=20)[city] * year + rng.standard_t(3, size=120),
        })  # fmt: skip
        found = el.placebo.permute("y ~ d | city + year", frame, **KEYS, draws=39, seed=seed, within="half")
        for stat in rejected:
            rejected[stat] += found.p_value(stat) <= 0.05
    for count in rejected.values():
        assert abs(count / 120 - 0.05) <= 3 * np.sqrt(0.05 * 0.95 / 120)


def test_draws_without_a_coefficient_are_named_and_counted() -> None:
    """A city alone in its province has nothing left under province x year effects."""
    frame = FRAME.with_columns(province=pl.when(pl.col("city") == "城03").then(9).otherwise("province"))
    one = {"counts": {2015: 1}, "pool": "never_treated"}
    if FRAME.filter(pl.col("city") == "城03")["date"].drop_nulls().len():
        pytest.fail("城03 is meant to be untreated")
    found = el.placebo.permute(FULL, frame, **KEYS, draws=19, **one)
    assert found.exact and found.space == 17 and found.lost == 1
    row = found.tidy().filter(pl.col("estimate").is_null()).row(0, named=True)
    assert row["std_error"] is None and row["why"] == "the effects absorb the treatment drawn"
    assert found.assigned(row["draw"])["city"].to_list() == ["城03"]
    assert "1 draw without a coefficient: the effects absorb the treatment drawn" in found.notes
    assert found.p_value("estimate") * 17 == pytest.approx(
        1 + (np.abs(found.values("estimate")) >= abs(found.real.estimate)).sum()
    )
    control = FRAME.with_columns(x3=((pl.col("city") == "城03") & (pl.col("year") >= 2015)).cast(pl.Float64))
    found = el.placebo.permute(FULL, control, **KEYS, draws=19, **one)
    assert found.tidy()["why"].drop_nulls().to_list() == ["the controls explain the treatment drawn"]


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"treatment": "e"}, UsageError, "treatment: no column 'e'"),
    ({"unit": "ciyt"}, UsageError, "unit: no column 'ciyt', did you mean 'city'"),
    ({"within": "provinc"}, UsageError, "within: no column 'provinc', did you mean 'province'"),
    ({"treatment": "x1", "formula": "y ~ d + x1"}, DataError, "is negative in"),
    ({"treatment": "region"}, UsageError, "the treatment 'region' is no regressor of"),
    ({"formula": "y ~ d * x1 | firm"}, UsageError, "'d' is also in d:x1"),
    ({"formula": "y ~ 1 | firm | d ~ x1"}, UsageError, "not of instruments"),
    ({"formula": "y ~ sw(d, x1) | firm"}, UsageError, "of one model, not of 2"),
    ({"formula": "y ~ d | city^year"}, EstimationError, "'d' has no coefficient|no regressor"),
    ({"within": 3}, UsageError, "within: 3 is not the name of a column"),
    ({"unit": None}, UsageError, "unit: None is not the name of a column"),
    ({"treatment": ["d"]}, UsageError, r"treatment: \['d'\] is not the name of a column"),
    ({"counts": [1, 2]}, UsageError, r"counts: units by batch, not \[1, 2\]"),
    ({"counts": {2015: 30}}, EstimationError, r"to draw from \(30 to draw, 24 untreated\)"),
    ({"formula": "y ~ d + l(x1) | firm"}, UsageError, "lags and leads need the unit and the time"),
    ({"where": "year < 2014"}, EstimationError, "'d' has no coefficient: holds one value"),
    ({"draws": 18}, UsageError, "18 draws cannot reach a p value of 0.05"),
    ({"draws": "many"}, UsageError, "'many' draws cannot"),
    ({"seed": -1}, UsageError, "seed: a whole number from 0 on"),
    ({"pool": "untreated"}, UsageError, "no pool 'untreated', did you mean 'never_treated'"),
    ({"real_treated": "drop"}, UsageError, "a pool of all units keeps the rows of the treated"),
    ({"exact": True}, UsageError, "assignments are possible: too many to enumerate"),
    ({"vcov": el.wild("city")}, UsageError, "a wild bootstrap in every draw is refused"),
    ({"within": "firm"}, DataError, "'city' lies in several strata of 'firm': 城00"),
    ({"within": "date", "pool": "all"}, DataError, "stratum 'date' is missing for 城"),
    ({"unit": "province"}, DataError, "treatment 'd' differs between rows of one province and year: 0 2015, "),
    ({"time": None}, DataError, "treatment 'd' differs between rows of one city: (?s:.*)or time="),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "error", "says"), WRONG)
def test_what_is_refused(changes: dict[str, Any], error: type[Exception], says: str) -> None:
    options = {"formula": FULL, "data": FRAME, **KEYS, "draws": 19} | changes
    with pytest.raises(error, match=says):
        el.placebo.permute(**options)


def test_treatments_that_are_refused() -> None:
    def permute(frame: pl.DataFrame, **options: Any) -> Any:
        return el.placebo.permute(FULL, frame, **KEYS, **options)

    off = FRAME.with_columns(d=pl.when(pl.col("year") == 2018).then(0).otherwise("d"))
    with pytest.raises(DataError, match=r"switches off: 城\d\d \(1 before 2018, then 0\)"):
        permute(off)
    part = FRAME.with_columns(d=pl.when(pl.col("firm") % 3 == 0).then(0).otherwise("d"))
    with pytest.raises(DataError, match="differs between rows of one city and year"):
        permute(part)
    with pytest.raises(DataError, match="holds String, not numbers"):
        read(FRAME.with_columns(pl.col("d").cast(pl.String)), Keys("d", "city", "year"))
    with pytest.raises(DataError, match="'city' is missing in"):
        permute(FRAME.with_columns(city=pl.when(pl.col("firm") > 5).then("city")), vcov=el.iid())
    with pytest.raises(DataError, match="no unit of 'city' is treated"):
        read(FRAME.with_columns(d=0), Keys("d", "city", "year"))
    treated = FRAME.filter(pl.col("date").is_not_null())
    with pytest.raises(EstimationError, match=r"the sample without enough untreated units to draw from .7 to draw, 0"):
        permute(treated, pool="never_treated")
    strata = FRAME.with_columns(s=pl.when(pl.col("date") == 2017).then(1).otherwise(2))
    with pytest.raises(EstimationError, match=r"strata of s without enough untreated units.*1 .all 3 treated at one"):
        permute(strata, within="s")
    with pytest.raises(EstimationError, match=r"1 .3 to draw, 0 untreated"):
        permute(strata, within="s", pool="never_treated")
    perfect = FRAME.with_columns(y=2 * pl.col("x1"))
    with pytest.raises(EstimationError, match="explain the outcome perfectly"):
        permute(perfect)
    with pytest.raises(DataError, match="treated, but without a batch in 'date'"):
        permute(FRAME.with_columns(date=pl.when(pl.col("date") != 2014).then("date")), cohort="date")


def test_a_result_says_what_it_lacks() -> None:
    found = el.placebo.permute(FULL, FRAME, **KEYS, draws=19)
    with pytest.raises(UsageError, match="no stat 'z'"):
        found.p_value("z")
    with pytest.raises(UsageError, match="no side 'both'"):
        found.p_value("t", "both")
    with pytest.raises(UsageError, match="draw 20: there are draws 1 to 19"):
        found.treatment(20)


def test_dates_moved_earlier_are_plain_regressions() -> None:
    found = el.placebo.shift(FULL, FRAME, **KEYS, earlier=[1, 2])
    for k in (1, 2):
        fake = (pl.col("year") >= pl.col("date") - k).fill_null(False).cast(pl.Float64)
        before = FRAME.filter(pl.col("d") == 0).with_columns(d=fake)
        wanted = el.ols(FULL, before, vcov=el.cluster("city")).tidy().row(0, named=True)
        got = found.tidy().row(k - 1, named=True)
        assert got["earlier"] == k and got["n"] == before.height
        assert got["estimate"] == pytest.approx(wanted["estimate"], rel=1e-9)
        assert got["conf_high"] == pytest.approx(wanted["conf_high"], rel=1e-9)
    kept = el.placebo.shift(FULL, FRAME, **KEYS, real_treatment="keep").tidy()
    every = FRAME.with_columns(d=(pl.col("year") >= pl.col("date") - 1).fill_null(False).cast(pl.Float64))
    assert kept["estimate"][0] == pytest.approx(el.ols(FULL, every).tidy()["estimate"][0], rel=1e-9)
    assert kept["n"][0] == FRAME.height
    assert "2 periods earlier" in repr(found)


def test_moved_dates_that_are_refused() -> None:
    with pytest.raises(EstimationError, match="dates 7 periods earlier: no treated unit has a period before"):
        el.placebo.shift(FULL, FRAME, **KEYS, earlier=7)
    assert any("no period before for 城" in n for n in el.placebo.shift(FULL, FRAME, **KEYS, earlier=3).notes)
    for wrong in (0, [1, -1], [], 1.5, True):
        with pytest.raises(UsageError, match="earlier: whole numbers of periods from 1 on"):
            el.placebo.shift(FULL, FRAME, **KEYS, earlier=wrong)
    with pytest.raises(UsageError, match="no real_treatment 'dropp', did you mean 'drop'"):
        el.placebo.shift(FULL, FRAME, **KEYS, real_treatment="dropp")


def test_combinations_of_the_small_space() -> None:
    """Two of five cities at one date: ten assignments, as itertools lists them."""
    frame = tiny().with_columns(d=((pl.col("city") <= "b") & (pl.col("year") == 2)).cast(pl.Int64))
    found = el.placebo.permute("y ~ d | city + year", frame, **KEYS, draws=19)
    change = {"a": 4.0, "b": 1.0, "c": 0.5, "e": 1.2, "f": 0.1}
    wanted = {
        pair: np.mean([change[c] for c in pair]) - np.mean([v for c, v in change.items() if c not in pair])
        for pair in combinations(change, 2)
    }
    got = {tuple(found.assigned(k)["city"]): e for k, e in enumerate(found.tidy()["estimate"], 1)}
    assert got == pytest.approx(wanted)
    size = np.abs(list(wanted.values()))
    assert found.p_value("estimate") == (size >= abs(wanted["a", "b"]) - 1e-12).sum() / 10


def test_draws_without_a_standard_error_are_named_and_counted() -> None:
    """Two treated villages that are clusters by themselves and effects absorb all others: scores sum to zero."""
    frame = pl.DataFrame({"block": [1, 1, 2, 2, 3, 3], "village": [1, 2, 3, 4, 5, 6], "d": [1, 0, 0, 0, 0, 0],
                          "y": [3.0, 1.0, 2.0, 2.5, 0.5, 4.0]})  # fmt: skip
    found = el.placebo.permute("y ~ d | block", frame, "d", "village", draws=19, vcov=el.cluster("block"))
    assert found.exact and found.lost == 0
    assert found.tidy()["std_error"].null_count() == 6
    assert "6 draws without a standard error: the scores sum to zero in every cluster" in found.notes
    assert found.p_value("estimate") == pytest.approx(4 / 6)
    with pytest.raises(EstimationError, match="only 0 of 6 draws have a t value"):
        found.p_value("t")
    assert found.glance()["p_t"][0] is None and "p by t: none" in repr(found)
