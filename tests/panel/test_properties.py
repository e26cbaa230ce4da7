"""What must hold whatever the numbers are."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linearmodels import PanelOLS

import econloom as el
from econloom.core.spec import SscName, VcovSpec
from econloom.panel.fit import Fit, fit_many, request
from tests.panel.samples import dummy_regression, random_panel

SEEDS = st.integers(0, 10**6)
FORMULAS = ["y ~ x1 + x2", "y ~ x1 + x2 | firm", "y ~ x1 + x2 | firm + year", "y ~ x1 + x2 | firm + year^province"]
VCOVS = [el.iid(), el.hc1(), el.cluster("firm"), el.cluster("firm", "year"), el.hc2(), el.hc3()]
SSC = ("fixest", "reghdfe", "xtreg", "areg", "ivreg2", "ivreg2_small", "none")


def exists(formula: str, vcov: VcovSpec, ssc: str) -> bool:
    """Whether the convention's program has such a model."""
    if ssc == "xtreg":
        return "|" in formula and vcov in VCOVS[0:3:2]
    return vcov.kind not in {"hc2", "hc3"} or ssc in {"fixest", "none"}


CASES = [(f, v, s) for f in FORMULAS for v in VCOVS for s in SSC if exists(f, v, s)]


def numbers(fit: Fit) -> np.ndarray:
    return fit.tidy().drop("term").to_numpy()


@pytest.mark.parametrize(("formula", "vcov", "ssc"), CASES)
def test_contract(formula: str, vcov: VcovSpec, ssc: SscName) -> None:
    """Row order, scaling, unit weights, input untouched, pickling."""
    frame = random_panel(11, missing=0.05)
    before = frame.clone()
    fit = el.ols(formula, frame, vcov=vcov, ssc=ssc)
    base = numbers(fit)
    assert frame.equals(before)
    assert fit.sample.n + sum(d.rows for d in fit.sample.drops) == frame.height

    shuffled = el.ols(formula, frame.sample(fraction=1, shuffle=True, seed=1), vcov=vcov, ssc=ssc)
    np.testing.assert_allclose(numbers(shuffled), base, rtol=1e-9, atol=1e-12)

    ones = el.ols(formula, frame.with_columns(one=pl.lit(3.0)), vcov=vcov, ssc=ssc, weights="one")
    np.testing.assert_allclose(numbers(ones), base, rtol=1e-9, atol=1e-12)

    tall = el.ols(formula, frame.with_columns(pl.col("y") * 1e-7), vcov=vcov, ssc=ssc)
    np.testing.assert_allclose(tall.tidy()["estimate"], fit.tidy()["estimate"] * 1e-7, rtol=1e-9)
    np.testing.assert_allclose(tall.tidy()["p_value"], fit.tidy()["p_value"], rtol=1e-7)

    wide = el.ols(formula, frame.with_columns(pl.col("x1") * 1e9 + 1e12), vcov=vcov, ssc=ssc)
    assert wide.tidy()["estimate"][0] == pytest.approx(base[0, 0] * 1e-9, rel=1e-5)
    assert wide.tidy()["statistic"][1] == pytest.approx(base[1, 2], rel=1e-5)

    again = pickle.loads(pickle.dumps(fit))
    np.testing.assert_array_equal(numbers(again), base)
    np.testing.assert_array_equal(again.with_vcov(el.iid()).vcov, fit.with_vcov(el.iid()).vcov)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_balanced_two_way_is_double_demeaning(seed: int) -> None:
    frame = random_panel(seed, balanced=True)
    columns = ["y", "x1", "x2"]
    double = frame.with_columns(
        pl.col(c) - pl.col(c).mean().over("firm") - pl.col(c).mean().over("year") + pl.col(c).mean() for c in columns
    )
    fit = el.ols("y ~ x1 + x2 | firm + year", frame)
    X, y = double.select("x1", "x2").to_numpy(), double["y"].to_numpy()
    np.testing.assert_allclose(fit.tidy()["estimate"], np.linalg.lstsq(X, y, rcond=None)[0], rtol=1e-8, atol=1e-11)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.sampled_from([["firm"], ["firm", "year"], ["province", "year", "firm"]]), st.booleans())
def test_slopes_of_explicit_dummies(seed: int, effects: list[str], weighted: bool) -> None:
    frame = random_panel(seed, missing=0.05)
    weights = "w" if weighted else None
    fit = el.ols(f"y ~ x1 + x2 | {' + '.join(effects)}", frame, weights=weights)
    truth = dummy_regression(frame, "y", ["x1", "x2"], effects, weights)
    np.testing.assert_allclose(fit.tidy()["estimate"], truth, rtol=1e-8, atol=1e-10)


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_with_vcov_equals_a_fresh_fit(seed: int) -> None:
    frame = random_panel(seed)
    fit = el.ols("y ~ x1 + x2 | firm + year", frame)
    held = numbers(fit)
    for vcov in (el.hc1(), el.cluster("firm"), el.cluster("province"), el.cluster("firm^year"), el.iid()):
        np.testing.assert_allclose(
            numbers(fit.with_vcov(vcov)), numbers(el.ols("y ~ x1 + x2 | firm + year", frame, vcov=vcov)), rtol=1e-12
        )
    np.testing.assert_array_equal(numbers(fit), held)


@pytest.mark.parametrize("seed", range(6))
def test_linearmodels(seed: int) -> None:
    """PanelOLS: iid counts all effects, its unadjusted covariance agrees with convention fixest."""
    frame = random_panel(40 + seed)
    data = frame.to_pandas().assign(year=lambda d: d["year"].astype(int)).set_index(["firm", "year"])
    weights = data["w"] if seed % 2 else None
    model = PanelOLS(data["y"], data[["x1", "x2"]], entity_effects=True, time_effects=True, weights=weights)
    theirs = model.fit(cov_type="unadjusted")
    fit = el.ols("y ~ x1 + x2 | firm + year", frame, weights="w" if seed % 2 else None)
    np.testing.assert_allclose(fit.tidy()["estimate"], theirs.params, rtol=1e-8)
    np.testing.assert_allclose(fit.tidy()["std_error"], theirs.std_errors, rtol=1e-6)
    theirs = model.fit(cov_type="clustered", cluster_entity=True, group_debias=True, count_effects=True)
    clustered = fit.with_vcov(el.cluster("firm"))
    np.testing.assert_allclose(
        clustered.tidy()["std_error"], theirs.std_errors * all_effects_counted(clustered), rtol=1e-6
    )


def all_effects_counted(fit: Fit) -> float:
    """linearmodels' K counts the nested effects too; fixest's does not, save one."""
    n, k, rank, units = fit.design.n, fit.estimate.regressors, fit.absorbed.rank, fit.design.effects[0].levels
    return float(np.sqrt((n - k - rank) / (n - k - (rank - units + 1))))


def test_data_may_come_in_any_frame(tmp_path: object) -> None:
    frame = random_panel(1)
    base = numbers(el.ols("y ~ x1 | firm + year", frame))
    path = f"{tmp_path}/panel"
    frame.write_csv(f"{path}.csv")
    frame.write_parquet(f"{path}.parquet")
    indexed = frame.to_pandas().set_index(["firm", "year"])
    for data in (frame.lazy(), frame.to_pandas(), indexed, frame.to_arrow(), f"{path}.csv", f"{path}.parquet"):
        np.testing.assert_allclose(numbers(el.ols("y ~ x1 | firm + year", data)), base, rtol=1e-9)
    panda = pd.DataFrame(frame.to_pandas())
    el.ols("y ~ x1 | firm + year", panda)
    assert panda.equals(frame.to_pandas())


def test_models_together_equal_models_alone() -> None:
    panel = el.ols("y ~ x1 | firm", random_panel(21, missing=0.05), unit="firm", time="year").request.panel
    clustered = {"vcov": el.cluster("firm")}
    requests = [
        request("y ~ x1 | firm + year", panel, ssc="xtreg", **clustered),
        request("y ~ x1 + x2 | firm + year", panel, ssc="xtreg", **clustered),
        request("y ~ x1 + x2 + x3 | firm + year", panel, **clustered),
        request("x2 ~ x1 | firm + year", panel, vcov=el.iid()),
        request("y ~ x1 + x2 | firm + year", panel, weights="w"),
        request("y ~ l(x1, 1) + x2 | firm", panel),
        request("y ~ x1 + x2", panel, vcov=el.hc1()),
        request("y ~ 0 + x1 + x2", panel),
        request("y ~ x1 | firm + year", panel, where="year > 2001", vcov=el.cluster("province")),
        request("y ~ x2 | firm + year", panel, where=panel.frame["year"] > 2001),
    ]
    together = fit_many(requests)
    for asked, fit in zip(requests, together, strict=True):
        (alone,) = fit_many([asked])
        np.testing.assert_allclose(numbers(fit), numbers(alone), rtol=1e-11)
        assert fit.sample == alone.sample
        assert fit.glance_values.keys() == alone.glance_values.keys()
        for name, value in alone.glance_values.items():
            assert fit.glance_values[name] == (value if value is None else pytest.approx(value, rel=1e-11))
    assert together[0].absorbed is together[1].absorbed
    assert together[0].absorbed is not together[2].absorbed


def test_lags_know_time() -> None:
    frame = random_panel(9)
    fit = el.ols("y ~ l(x1, 1:2) | firm", frame, unit="firm", time="year")
    by_hand = frame
    for k in (1, 2):
        lagged = frame.select("firm", pl.col("year") + k, pl.col("x1").alias(f"lag{k}"))
        by_hand = by_hand.join(lagged, on=["firm", "year"], how="left")
    other = el.ols("y ~ lag1 + lag2 | firm", by_hand)
    assert fit.tidy()["term"].to_list() == ["l(x1, 1)", "l(x1, 2)"]
    np.testing.assert_allclose(numbers(fit), numbers(other), rtol=1e-10)


@pytest.mark.parametrize("formula", ["y ~ x", "y ~ 0 + x", "y ~ x | g"])
@pytest.mark.parametrize("weights", [None, "w"])
def test_the_mean_of_the_outcome(formula: str, weights: str | None) -> None:
    rng = np.random.default_rng(11)
    frame = pl.DataFrame(
        {"y": 5 + rng.normal(size=60), "x": rng.normal(size=60), "g": [1, 2, 3] * 20, "w": rng.uniform(1, 2, 60)}
    )
    w = None if weights is None else frame["w"].to_numpy()
    found = el.ols(formula, frame, weights=weights).glance()["mean_outcome"].item()
    assert found == pytest.approx(np.average(frame["y"].to_numpy(), weights=w), rel=1e-12)
