"""The contract of every estimator, kept by 2SLS and LIML."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import econloom as el
from econloom.core.errors import DataError, EstimationError
from tests.panel.samples import random_panel

METHODS = ["2sls", "liml"]
FORMULAS = [
    "y ~ x3 | x1 ~ z1 + z2",
    "y ~ x3 | firm + year | x1 ~ z1 + z2",
    "y ~ 1 | firm + year^province | x1 + x2 ~ z1 + z2 + z3",
]
VCOVS = [el.iid(), el.hc1(), el.cluster("firm"), el.cluster("firm", "year")]
SSC = ("fixest", "reghdfe", "xtreg", "areg", "ivreg2", "ivreg2_small", "none")
CASES = [(f, v, s) for f in FORMULAS for v in VCOVS for s in SSC]
CASES = [
    (f, v, s) for f, v, s in CASES if s != "xtreg" or (f.count("|") > 1 and v.kind != "hc1" and len(v.clusters) < 2)
]
TESTS = ("kleibergen_paap_lm", "kleibergen_paap_f", "endogeneity")


def sample(seed: int, missing: float = 0.0) -> pl.DataFrame:
    frame = random_panel(seed, missing=missing)
    rng = np.random.default_rng(seed + 1)
    Z = rng.normal(size=(frame.height, 3))
    shift = Z @ np.array([[0.9, 0.2], [0.3, -0.8], [0.2, 0.5]])
    return frame.with_columns(
        x1=pl.col("x1") + pl.Series(shift[:, 0]),
        x2=pl.col("x2") + pl.Series(shift[:, 1]),
        **{f"z{j + 1}": pl.Series(Z[:, j]) for j in range(3)},
    )


def numbers(fit: Any) -> np.ndarray:
    return fit.tidy().drop("term").to_numpy()


def statistics(fit: Any) -> list[float]:
    """Those that exist: several ways of clustering may have none."""
    return [fit.tests[name].statistic for name in TESTS if fit.tests[name]]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("formula", "vcov", "ssc"), CASES)
def test_contract(formula: str, vcov: Any, ssc: Any, method: Any) -> None:
    """Row order, scaling, unit weights, collinear and missing values, input untouched, pickling."""
    options = {"vcov": vcov, "ssc": ssc, "method": method}
    frame = sample(11, missing=0.05)
    before = frame.clone()
    fit: Any = el.iv(formula, frame, **options)
    base, tests = numbers(fit), statistics(fit)
    assert frame.equals(before)
    assert fit.sample.n + sum(d.rows for d in fit.sample.drops) == frame.height

    shuffled = el.iv(formula, frame.sample(fraction=1, shuffle=True, seed=1), **options)
    np.testing.assert_allclose(numbers(shuffled), base, rtol=1e-8, atol=1e-11)

    ones: Any = el.iv(formula, frame.with_columns(one=pl.lit(3.0)), weights="one", **options)
    np.testing.assert_allclose(numbers(ones), base, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(statistics(ones), tests, rtol=1e-8)

    scaled: Any = el.iv(formula, frame.with_columns(pl.col("y", "z1") * 1e-7, pl.col("x1") * 1e5), **options)
    shown = scaled.summary.coefficient("x1")
    assert shown.estimate == pytest.approx(base[0, 0] * 1e-12, rel=1e-7)
    assert shown.p_value == pytest.approx(base[0, 3], rel=1e-5, abs=1e-14)
    np.testing.assert_allclose(statistics(scaled), tests, rtol=1e-6)

    more = formula.replace("z2", "z2 + again").replace("y ~ ", "y ~ copy + ")
    wide: Any = el.iv(more, frame.with_columns(again=pl.col("z1") - pl.col("z2"), copy=pl.lit(2.0)), **options)
    assert {name for name, _ in wide.estimate.removed} == {"again", "copy"}
    np.testing.assert_allclose(numbers(wide), base, rtol=1e-8, atol=1e-11)

    again = pickle.loads(pickle.dumps(fit))
    np.testing.assert_array_equal(numbers(again), base)
    assert statistics(again) == tests
    np.testing.assert_array_equal(again.with_vcov(el.iid()).vcov, fit.with_vcov(el.iid()).vcov)
    assert again.first_stage["x1"].sample.n == fit.sample.n


@pytest.mark.parametrize("method", METHODS)
def test_bad_input(method: Any) -> None:
    frame = sample(12).with_columns(
        one=pl.lit("all"), row=pl.int_range(pl.len()), zero=pl.when(pl.col("year") > 2001).then(0.0).otherwise(1.0),
        bad=pl.when(pl.col("z1") > 1).then(float("inf")).otherwise(pl.col("z1")),
    )  # fmt: skip
    formula = FORMULAS[1]

    def raises(kind: type[Exception], words: str, text: str = formula, data: Any = frame, **options: Any) -> None:
        with pytest.raises(kind, match=f"(?s){words}"):
            el.iv(text, data, method=method, **options)

    raises(EstimationError, "no rows are left.*0 of|no rows are left", data=frame.head(0))
    raises(EstimationError, "one cluster of 'one'", vcov=el.cluster("one"))
    raises(EstimationError, "degrees of freedom|varies|vary|left|identified|removed", where="row < 4")
    raises(DataError, "zero or negative", weights="zero")
    raises(DataError, "'bad' holds .* infinite", text=formula.replace("z1", "bad"))
    raises(EstimationError, "does not vary within the effects", text=formula.replace("firm", "row"))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(METHODS))
def test_moments_hold(seed: int, method: Any) -> None:
    """Residuals of the original regressors are orthogonal to the projected ones (2SLS) and to the exogenous ones."""
    fit: Any = el.iv("y ~ x3 | firm + year | x1 + x2 ~ z1 + z2 + z3", sample(seed), method=method, weights="w")
    e = fit.estimate.residuals
    beta = dict(zip(fit.estimate.names, fit.estimate.coefficients, strict=True))
    block, scales = fit.absorbed.block, fit.absorbed.scales
    keys = list(fit.design.keys)
    by_hand = block[:, keys.index("y")] * scales[keys.index("y")]
    for name, b in beta.items():
        by_hand = by_hand - b * block[:, keys.index(name)] * scales[keys.index(name)]
    np.testing.assert_allclose(e, by_hand, atol=1e-9 * np.abs(e).max())
    moments = fit.estimate.instruments(fit.absorbed).T @ (fit.absorbed.weights * e)
    size = np.linalg.norm(e)
    if method == "2sls":
        assert np.abs(moments).max() <= 1e-9 * size
    x3 = block[:, keys.index("x3")]
    assert abs(x3 @ (fit.absorbed.weights * e)) <= 1e-8 * size * np.linalg.norm(x3)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_own_instruments_give_least_squares(seed: int) -> None:
    """Instruments that span the endogenous variables: 2SLS and LIML are OLS."""
    frame = sample(seed).with_columns(a=pl.col("x1") + pl.col("x2"), b=pl.col("x1") - 2 * pl.col("x2"))
    least: Any = el.ols("y ~ x1 + x2 + x3 | firm", frame)
    two: Any = el.iv("y ~ x3 | firm | x1 + x2 ~ a + b", frame)
    np.testing.assert_allclose(two.tidy()["estimate"], least.tidy()["estimate"], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(two.tidy()["std_error"], least.tidy()["std_error"], rtol=1e-7)
    assert not two.tests["kleibergen_paap_f"]
    assert not two.tests["endogeneity"]


def test_permuting_clusters_does_nothing() -> None:
    frame = sample(15)
    names = {f: f"c{j}" for j, f in enumerate(sorted(frame["firm"].unique(), reverse=True))}
    renamed = frame.with_columns(pl.col("firm").replace_strict(names))
    a, b = (el.iv(FORMULAS[1], f, vcov=el.cluster("firm")) for f in (frame, renamed))
    np.testing.assert_allclose(a.vcov, b.vcov, rtol=1e-9)  # type: ignore[union-attr]


def test_perfect_fit_is_said() -> None:
    frame = sample(17).with_columns(exact=2 * pl.col("x1") - pl.col("x3"))
    for method in METHODS:
        fit: Any = el.iv("exact ~ x3 | firm | x1 ~ z1 + z2", frame, method=method)
        assert fit.tidy()["std_error"].null_count() == 2
        for name in ("sargan", "endogeneity", "wald"):
            assert not fit.tests[name]
        assert "fits perfectly" in fit.tests["sargan"].reason


def test_first_stage_without_degrees_of_freedom() -> None:
    rng = np.random.default_rng(1)
    frame = pl.DataFrame({k: rng.normal(size=6) for k in ("y", "x", "a", "b", "c", "d", "e")})
    fit: Any = el.iv("y ~ 1 | x ~ a + b + c + d + e", frame)
    for name in ("kleibergen_paap_f", "cragg_donald_f", "first_stage_f"):
        assert "no degrees of freedom" in fit.tests[name].reason


def test_conventions_of_ivreg2() -> None:
    """Large-sample covariances, but small-sample F of the first stage."""
    frame = sample(18).drop_nulls()
    for vcov in (el.iid(), el.hc1(), el.cluster("firm")):
        large, small = (el.iv(FORMULAS[1], frame, vcov=vcov, ssc=s) for s in ("ivreg2", "ivreg2_small"))
        assert large.summary.distribution == "normal"
        for name in ("kleibergen_paap_f", "first_stage_f", "kleibergen_paap_lm"):
            assert large.tests[name].statistic == pytest.approx(small.tests[name].statistic, rel=1e-10)
        assert large.tests["first_stage_f"].statistic == pytest.approx(
            large.tests["kleibergen_paap_f"].statistic, rel=1e-10
        )
        n, K = frame.height, 2 + large.counts.absorbed_rank
        G = frame["firm"].n_unique()
        factor = {"iid": n / (n - K), "hc1": n / (n - K), "cluster": G / (G - 1) * (n - 1) / (n - K)}[vcov.kind]
        np.testing.assert_allclose(small.vcov, large.vcov * factor, rtol=1e-10)


def test_the_view_names_the_instruments() -> None:
    fit = el.iv(FORMULAS[1], sample(19), method="liml")
    assert "LIML: x1 by z1 + z2" in repr(fit)
    assert "LIML: x1 by z1 + z2" in fit._repr_html_()


def test_few_clusters_are_said() -> None:
    frame = sample(16).with_columns(side=pl.col("province") % 2)
    fit: Any = el.iv("y ~ x3 | firm | x1 ~ z1 + z2 + z3", frame, vcov=el.cluster("side"))
    assert "fewer clusters than" in fit.tests["kleibergen_paap_f"].reason
    assert "fewer clusters than" in fit.tests["hansen_j"].reason
