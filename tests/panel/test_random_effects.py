"""Random effects, between and first differences: Stata's logs, R's plm, linearmodels, and bad input."""

from __future__ import annotations

import math
import pickle
from functools import cache
from pathlib import Path
from typing import Any

import linearmodels
import numpy as np
import pandas as pd
import polars as pl
import pytest
from linearmodels.datasets import munnell, wage_panel
from linearmodels.panel import BetweenOLS, FirstDifferenceOLS, RandomEffects
from statsmodels.datasets import grunfeld

import econloom as el
from econloom.core.errors import EstimationError, UsageError
from tests.panel import stata_logs
from tests.panel.r_programs import needs_r, run_r
from tests.panel.samples import random_panel

HERE = Path(linearmodels.__file__).parent / "tests" / "panel" / "results"
X = ["x1", "x2", "x3", "x4", "x5"]
SUFFIXES = ("", "_light", "_heavy")


@cache
def simulated() -> pl.DataFrame:
    return pl.from_pandas(pd.read_stata(HERE / "simulated-panel.dta").drop(columns=["time"]))


@cache
def logs() -> dict[str, str]:
    sections = (HERE / "stata-panel-simulated-results.txt").read_text().split("#################!")[1:]
    return dict(s.split("!####################", 1) for s in sections)


@cache
def firms() -> pl.DataFrame:
    """Grunfeld's ten firms, as carried by statsmodels."""
    data = pl.from_pandas(grunfeld.load_pandas().data).filter(pl.col("firm") != "American Steel")
    return data.with_columns(pl.col("year").cast(pl.Int64))


@cache
def states() -> pl.DataFrame:
    """Munnell's 48 states (``Produc``), as carried by linearmodels."""
    data = pl.from_pandas(munnell.load())
    return data.rename({c: c.lower() for c in data.columns})


def against_stata(fit: Any, log: str, tolerance: float) -> dict[str, float]:
    """Coefficients and covariance; the log's other statistics come back."""
    printed, V = stata_logs.statistics(log), stata_logs.covariance(log)
    names = stata_logs.names(fit)
    np.testing.assert_allclose(fit.estimate.coefficients, [printed[n] for n in names], rtol=tolerance)
    np.testing.assert_allclose(np.diag(fit.vcov), [V[n, n] for n in names], rtol=10 * tolerance)
    return printed


def formula(suffix: str) -> str:
    return f"y{suffix} ~ " + " + ".join(f"{x}{suffix}" for x in X)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", ["conventional", "cluster", "robust"])
def test_xtreg_re(kind: str, suffix: str) -> None:
    """Stata 13, complete and with missing values (``_light``, ``_heavy``: unbalanced)."""
    vcov = el.iid() if kind == "conventional" else el.cluster("firm")
    fit = el.random_effects(formula(suffix), simulated(), unit="firm", vcov=vcov)
    printed = against_stata(fit, logs()[f"random_effect-{kind}--{suffix}"], 1e-6)
    glance = fit.glance()
    for ours, theirs in {"r2_within": "r2_w", "r2_between": "r2_b", "r2_overall": "r2_o", "n": "N", "n_units": "N_g",
                         "sigma_u": "sigma_u", "sigma_e": "sigma_e", "rho": "rho"}.items():  # fmt: skip
        assert glance[ours][0] == pytest.approx(printed[theirs], rel=1e-7), ours
    assert fit.summary.distribution == "normal"


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("wls", [False, True])
def test_xtreg_be(suffix: str, wls: bool) -> None:
    fit = el.between(formula(suffix), simulated(), unit="firm", wls=wls)
    printed = against_stata(fit, logs()[f"between-conventional-{'wls' if wls else ''}-{suffix}"], 1e-6)
    glance = fit.glance()
    assert glance["r2_between"][0] == pytest.approx(printed["r2_b"], rel=1e-7)
    assert fit.summary.df == printed["df_r"]


PLM = """
library(plm)
p <- pdata.frame(d, index = c("unit", "time"))
re <- plm(FORMULA, p, model = "random")
be <- plm(FORMULA, p, model = "between")
out$re <- coef(re); out$re_se <- sqrt(diag(vcov(re)))
out$cluster_se <- sqrt(diag(vcovHC(re, method = "arellano", type = "HC0")))
out$sigma2 <- ercomp(re)$sigma2; out$theta <- ercomp(re)$theta
out$be <- coef(be); out$be_se <- sqrt(diag(vcov(be)))
"""
FD = """
fd <- plm(FORMULA, p, model = "fd")
out$fd <- coef(fd); out$fd_se <- sqrt(diag(vcov(fd)))
out$fd_cluster <- sqrt(diag(vcovHC(fd, method = "arellano", type = "HC0")))
"""


def constant_first(fit: Any, values: Any) -> list[float]:
    *slopes, constant = values
    return [constant, *slopes] if fit.estimate.names[-1] == "(Intercept)" else list(values)


def against_plm(formula: str, frame: pl.DataFrame, unit: str, time: str, folder: Path, differences: bool) -> None:
    program = (PLM + (FD if differences else "")).replace("FORMULA", formula.replace("i(time)", "factor(time)"))
    data = frame.rename({unit: "unit", time: "time"})
    theirs = run_r(program, data, folder)
    re = el.random_effects(formula, data, unit="unit", time="time", components="baltagi_chang")
    bare = re.with_ssc("none").with_vcov(el.cluster("unit"))
    be = el.between(formula, data, unit="unit", time="time")
    fits = {"re": re, "be": be}
    errors = {"re_se": re, "cluster_se": bare, "be_se": be}
    if differences:
        fd = el.first_difference(formula, data, unit="unit", time="time")
        fits |= {"fd": fd}
        errors |= {"fd_se": fd, "fd_cluster": fd.with_ssc("none").with_vcov(el.cluster("unit"))}
    for name, fit in fits.items():
        np.testing.assert_allclose(
            constant_first(fit, fit.estimate.coefficients), theirs[name], rtol=1e-6, err_msg=name
        )
    for name, fit in errors.items():
        np.testing.assert_allclose(constant_first(fit, fit.inference.std_error), theirs[name], rtol=1e-6, err_msg=name)
    assert re.components.sigma2_e == pytest.approx(theirs["sigma2"][0], rel=1e-8)
    assert re.components.sigma2_u == pytest.approx(theirs["sigma2"][1], rel=1e-7)
    assert sorted(set(np.round(re.components.theta, 9))) == sorted(set(np.round(theirs["theta"], 9)))


PRODUC = "log(gsp) ~ log(p_cap) + log(pc) + log(emp) + unemp"


@needs_r("plm")
def test_plm_grunfeld(tmp_path: Path) -> None:
    against_plm("invest ~ value + capital", firms(), "firm", "year", tmp_path, True)


@needs_r("plm")
def test_plm_produc(tmp_path: Path) -> None:
    against_plm(PRODUC, states(), "st_abb", "yr", tmp_path, True)


@needs_r("plm")
def test_plm_cigar(tmp_path: Path) -> None:
    """Cigarettes in 46 states over 30 years, with year dummies; the data is plm's own."""
    run_r('library(plm)\ndata(Cigar)\nwrite.csv(Cigar, "cigar.csv")'.replace("cigar.csv", f"{tmp_path}/cigar.csv"),
          pl.DataFrame({"x": [1]}), tmp_path)  # fmt: skip
    data = pl.read_csv(tmp_path / "cigar.csv")
    against_plm("log(sales) ~ log(price) + log(ndi) + log(pimin)", data, "state", "year", tmp_path, True)


@needs_r("plm")
@pytest.mark.parametrize("seed", range(4))
def test_plm_unbalanced(seed: int, tmp_path: Path) -> None:
    data = random_panel(40 + seed, missing=0.05).drop_nulls().drop("w")
    against_plm("y ~ x1 + x2 + x3", data, "firm", "year", tmp_path, False)


WAGES = "lwage ~ exper + expersq + married + union + hours + black + educ + i(year)"


@cache
def wages() -> pl.DataFrame:
    """Vella and Verbeek's 545 men over 8 years, as carried by linearmodels."""
    return pl.from_pandas(wage_panel.load()).with_columns(pl.col("year").cast(pl.Int64))


@needs_r("plm")
@pytest.mark.parametrize("gaps", [False, True])
def test_plm_wages(gaps: bool, tmp_path: Path) -> None:
    """Regressors that do not vary within or between units, complete and with a fifth of the rows left out."""
    data = wages().filter(pl.Series(np.random.default_rng(1).uniform(size=wages().height) < (0.8 if gaps else 1)))
    formula = "lwage ~ exper + married + union + hours + black + educ"
    against_plm(formula, data, "nr", "year", tmp_path, not gaps)


@pytest.mark.parametrize("gaps", [False, True])
def test_linearmodels(gaps: bool) -> None:
    data = wages().filter(pl.Series(np.random.default_rng(2).uniform(size=wages().height) < (0.8 if gaps else 1)))
    x = ["exper", "married", "union", "hours", "educ"]
    frame = data.to_pandas().set_index(["nr", "year"])
    theirs = RandomEffects(frame.lwage, frame[x].assign(one=1.0)).fit(small_sample=True)
    form = "baltagi_chang" if gaps else "harmonic"
    re = el.random_effects(f"lwage ~ {' + '.join(x)}", data, unit="nr", time="year", components=form)
    np.testing.assert_allclose(re.estimate.coefficients, theirs.params, rtol=1e-8)
    np.testing.assert_allclose(re.inference.std_error, theirs.std_errors, rtol=1e-7)
    be = el.between(f"lwage ~ {' + '.join(x)}", data, unit="nr", time="year", wls=True)
    theirs = BetweenOLS(frame.lwage, frame[x].assign(one=1.0)).fit(reweight=True)
    np.testing.assert_allclose(be.estimate.coefficients, theirs.params, rtol=1e-8)
    if not gaps:
        fd = el.first_difference("lwage ~ 0 + married + union + hours", data, unit="nr", time="year")
        theirs = FirstDifferenceOLS(frame.lwage, frame[["married", "union", "hours"]]).fit(debiased=True)
        np.testing.assert_allclose(fd.estimate.coefficients, theirs.params, rtol=1e-8)
        np.testing.assert_allclose(fd.inference.std_error, theirs.std_errors, rtol=1e-8)


def test_grunfeld_as_baltagi_prints_it() -> None:
    """Baltagi (2021), ch. 2; digits of plm 2.6-2."""
    fit = el.random_effects("invest ~ value + capital", firms(), unit="firm", time="year")
    np.testing.assert_allclose(fit.estimate.coefficients, [0.10978115, 0.30811298, -57.83441491], rtol=1e-7)
    np.testing.assert_allclose(fit.inference.std_error, [0.010492664, 0.017180469, 28.898935], rtol=1e-7)
    glance = fit.glance()
    assert glance["theta"][0] == pytest.approx(0.86122, abs=5e-6)
    assert glance["sigma_u"][0] ** 2 == pytest.approx(7089.80, abs=5e-3)
    assert glance["sigma_e"][0] ** 2 == pytest.approx(2784.458, abs=5e-4)


def slow_gls(data: pl.DataFrame, x: list[str], unit: str, sigma2_e: float, sigma2_u: float) -> np.ndarray[Any, Any]:
    """``(X'V^-1 X)^-1 X'V^-1 y`` with the whole n x n V."""
    X = np.column_stack([data.select(x).to_numpy(), np.ones(data.height)])
    u = data[unit].to_numpy()
    V = sigma2_e * np.eye(data.height) + sigma2_u * (u[:, None] == u)
    A = np.linalg.solve(V, X)
    return np.linalg.solve(X.T @ A, A.T @ data["y"].to_numpy())


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("form", ["harmonic", "baltagi_chang"])
def test_is_generalised_least_squares(seed: int, form: Any) -> None:
    data = random_panel(seed, missing=0.1)
    fit = el.random_effects("y ~ x1 + x2 + x3", data, unit="firm", time="year", components=form)
    found = fit.components
    slow = slow_gls(data.drop_nulls(), ["x1", "x2", "x3"], "firm", found.sigma2_e, found.sigma2_u)
    np.testing.assert_allclose(fit.estimate.coefficients, slow, rtol=1e-9)


def test_large_means_cost_no_digits() -> None:
    data = random_panel(3)
    fit = el.random_effects("y ~ x1 + x2", data, unit="firm")
    moved = el.random_effects("y ~ x1 + x2", data.with_columns(pl.col("x1") + 1e7), unit="firm")
    np.testing.assert_allclose(moved.estimate.coefficients[:2], fit.estimate.coefficients[:2], rtol=1e-7)
    np.testing.assert_allclose(moved.inference.std_error[:2], fit.inference.std_error[:2], rtol=1e-7)


def test_row_order_scaling_and_pickling() -> None:
    data = random_panel(5, missing=0.05)
    for estimator in (el.random_effects, el.between, el.first_difference):
        fit = estimator("y ~ x1 + x2", data, unit="firm", time="year")
        mixed = estimator("y ~ x1 + x2", data.sample(fraction=1.0, shuffle=True, seed=1), unit="firm", time="year")
        np.testing.assert_allclose(mixed.estimate.coefficients, fit.estimate.coefficients, rtol=1e-9)
        np.testing.assert_allclose(mixed.inference.std_error, fit.inference.std_error, rtol=1e-9)
        scaled = estimator("y ~ x1 + x2", data.with_columns(pl.col("x1") * 1e4), unit="firm", time="year")
        assert scaled.estimate.coefficients[0] == pytest.approx(fit.estimate.coefficients[0] / 1e4, rel=1e-9)
        again = pickle.loads(pickle.dumps(fit))
        assert again.tidy().equals(fit.tidy())
        assert again.glance().equals(fit.glance())


def test_negative_variance_is_zero_and_said() -> None:
    rng = np.random.default_rng(4)
    e = rng.normal(size=(30, 6))
    e = e - 0.98 * e.mean(axis=1, keepdims=True)
    data = pl.DataFrame({
        "i": np.repeat(np.arange(30), 6), "t": np.tile(np.arange(6), 30), "y": e.ravel(), "x": rng.normal(size=180),
    })  # fmt: skip
    fit = el.random_effects("y ~ x", data, unit="i", time="t")
    pooled = el.ols("y ~ x", data)
    assert fit.components.sigma2_u == 0.0
    assert fit.components.unbounded < 0
    assert "set to zero" in fit.warnings[0]
    assert "set to zero" in repr(fit)
    assert fit.glance()["rho"][0] == fit.glance()["theta"][0] == 0.0
    np.testing.assert_allclose(fit.estimate.coefficients, pooled.estimate.coefficients, rtol=1e-9)
    np.testing.assert_allclose(fit.inference.std_error, pooled.inference.std_error, rtol=1e-9)


def test_balanced_forms_agree_and_unbalanced_is_said() -> None:
    a, b = (
        el.random_effects("invest ~ value", firms(), unit="firm", components=c) for c in ("harmonic", "baltagi_chang")
    )
    np.testing.assert_allclose(a.vcov, b.vcov, rtol=1e-9)
    assert a.warnings == ()
    fit = el.random_effects("y ~ x1", random_panel(5), unit="firm", time="year")
    assert "as xtreg, re" in fit.warnings[0]
    assert {"theta_min", "theta_median", "theta_max"} < set(fit.glance().columns)


def test_conventions_and_tables() -> None:
    fit = el.random_effects("invest ~ value + capital", firms(), unit="firm", time="year", vcov=el.cluster("firm"))
    small, bare = fit.with_ssc("fixest"), fit.with_ssc("none")
    np.testing.assert_allclose(small.inference.std_error, fit.inference.std_error, rtol=1e-12)
    np.testing.assert_allclose(fit.vcov, bare.vcov * 10 / 9 * 199 / 197, rtol=1e-12)
    assert (fit.summary.distribution, small.summary.df, fit.summary.ssc) == ("normal", 9, "xtreg")
    assert fit.with_vcov(el.iid()).with_vcov(el.cluster("firm")).tidy().equals(fit.tidy())
    fe = el.ols("invest ~ value + capital | firm", firms())
    table = el.etable([fit, fe, el.between("invest ~ value", firms(), unit="firm")])
    assert len(table.rows) > 6
    assert fit.tests["wald"].distribution == "chi2"


def test_several_models() -> None:
    fits = el.random_effects("invest ~ csw(value, capital)", firms(), unit="firm", time="year")
    assert [f.tidy().height for f in fits] == [2, 3]
    assert fits.glance().height == 2


def test_differences_need_the_period_before() -> None:
    data = pl.DataFrame({"i": [1, 1, 1, 1, 2, 2, 2], "t": [1, 2, 4, 5, 2, 3, 5],
                         "x": [0.0, 1, 5, 7, 2, 5, 1], "y": [1.0, 2, 9, 3, 3, 8, 2]})  # fmt: skip
    fit = el.first_difference("y ~ x", data, unit="i", time="t")
    assert fit.sample.n == 3
    assert fit.sample.drops[-1].reason == "no row one period before"
    x, y = np.array([1.0, 2, 3]), np.array([1.0, -6, 5])
    b = np.linalg.lstsq(np.column_stack([x, np.ones(3)]), y, rcond=None)[0]
    np.testing.assert_allclose(fit.estimate.coefficients, b, rtol=1e-12)
    formula = el.ols("d(y) ~ d(x)", data, unit="i", time="t")
    np.testing.assert_allclose(formula.estimate.coefficients, fit.estimate.coefficients, rtol=1e-12)


FLAT = firms().with_columns(
    trait=pl.col("firm").rank("dense").cast(pl.Float64) ** 2, one=pl.lit("all"),
    still=pl.col("invest").mean().over("firm"), half=pl.col("year") // 2, copy=2 * pl.col("value"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("estimator", "formula", "options", "kind", "words"),
    [
        (el.random_effects, "invest ~ value", {"unit": None}, UsageError, "units are not known"),
        (el.first_difference, "invest ~ value", {"time": None}, UsageError, "need the time column"),
        (el.random_effects, "invest ~ value | year", {}, UsageError, "absorbs no effects"),
        (el.random_effects, "invest ~ 1 | value ~ capital", {}, UsageError, "takes no instruments"),
        (el.random_effects, "invest ~ value", {"where": "year == 1940"}, EstimationError, "has one row"),
        (el.random_effects, "invest ~ value", {"where": "firm == 'IBM'"}, EstimationError, "one unit of 'firm'"),
        (el.random_effects, "still ~ value", {}, EstimationError, "does not vary within"),
        (el.random_effects, "copy ~ value", {}, EstimationError, "within regression fits perfectly"),
        (el.random_effects, "invest ~ value", {"vcov": el.hc1()}, UsageError, "stay correlated"),
        (el.random_effects, "invest ~ value", {"vcov": el.cluster("half")}, UsageError, "lie in several clusters"),
        (el.between, "invest ~ value", {"vcov": el.cluster("half")}, UsageError, "lie in several clusters"),
        (el.random_effects, "invest ~ value", {"ssc": "reghdfe"}, UsageError, "convention 'reghdfe'"),
        (el.random_effects, "invest ~ value", {"components": "amemiya"}, UsageError, "components"),
        (el.random_effects, "invest ~ value", {"vcov": el.cluster("one")}, EstimationError, "one cluster"),
        (el.random_effects, "invest ~ value + capital", {"where": "firm in ['IBM', 'Westinghouse']"},
         EstimationError, "2 units for 2 coefficients"),
        (el.between, "invest ~ value + capital", {"where": "firm in ['IBM', 'Westinghouse']"},
         EstimationError, "no degrees of freedom|collinear"),
        (el.first_difference, "invest ~ value", {"where": "year in [1940, 1944]"}, EstimationError, "nothing to diff"),
        (el.first_difference, "invest ~ trait", {}, EstimationError, r"trait \(holds one value\)"),
        (el.first_difference, "still ~ value", {}, EstimationError, "still holds one value"),
    ],
)  # fmt: skip
def test_errors(estimator: Any, formula: str, options: dict[str, Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        estimator(formula, FLAT, **{"unit": "firm", "time": "year", **options})


def test_regressors_without_within_variation_stay() -> None:
    fit = el.random_effects("invest ~ trait + value", FLAT, unit="firm", time="year")
    assert fit.components.varying == ("value",)
    assert math.isfinite(fit.inference.std_error[0])
    alone = el.random_effects("invest ~ trait", FLAT, unit="firm", time="year")
    assert alone.components.varying == ()
    mean = el.random_effects("invest ~ 1", FLAT, unit="firm", time="year")
    assert mean.tidy()["estimate"][0] == pytest.approx(FLAT["invest"].mean())


def test_collinear_and_constant_regressors_are_named() -> None:
    data = FLAT.with_columns(flat=pl.lit(3.0))
    fit = el.random_effects("invest ~ flat + value + copy", data, unit="firm", time="year")
    assert [name for name, _ in fit.summary.removed] == ["flat", "copy"]
    assert fit.tidy()["term"].to_list() == ["value", "(Intercept)"]


def test_without_a_constant() -> None:
    fit = el.random_effects("invest ~ 0 + value + capital", firms(), unit="firm", time="year")
    assert fit.tidy()["term"].to_list() == ["value", "capital"]
