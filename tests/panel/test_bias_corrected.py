"""The bias-corrected within estimator: moments against simulation and closed forms, coefficients against the truth."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EstimationError, UsageError
from econloom.panel.linear.dynamic.bias_corrected import _Problem, demeaned


def panel(seed: int, N: int, T: int, rho: float, gaps: float = 0.0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    a, x = rng.normal(size=N), rng.normal(size=N)
    y = a / (1 - rho)
    rows = []
    for t in range(-40, T):
        x = 0.5 * x + 0.2 * a + rng.normal(size=N)
        y = rho * y + 0.5 * x + a + rng.normal(size=N)
        if t >= 0:
            rows += [(i, t, float(y[i]), float(x[i])) for i in range(N) if gaps == 0 or rng.uniform() > gaps]
    return pl.DataFrame(rows, schema=["i", "t", "y", "x"], orient="row")


@pytest.mark.parametrize("rho", [0.0, 0.4, 0.9])
def test_nickell(rho: float) -> None:
    """The correction of an AR(1) in a balanced panel is Nickell's (1981, equation 18)."""
    T = 7
    complete = np.ones((3, T), dtype=bool)
    problem = _Problem(complete, np.zeros((3, T)), np.zeros((3, T, 1)), [1])
    psi, _ = problem.averages(np.array([rho]))
    c = (problem.apart[:, 1:] / problem.sizes[:, None]) @ psi[: T - 1]
    nickell = (1 / T) * ((T - 1) - T * rho + rho**T) / (1 - rho) ** 2
    np.testing.assert_allclose(c, nickell, rtol=1e-12)


def test_moments_have_mean_zero_at_the_truth_with_gaps_and_two_lags() -> None:
    """40,000 units, errors of their own variance, holes in the panel: within 4 standard errors of zero."""
    rng = np.random.default_rng(11)
    N, T, rho = 40_000, 6, np.array([0.5, 0.2])
    size = rng.uniform(0.5, 2, N)
    y = np.zeros((N, T + 62))
    for t in range(2, T + 62):
        y[:, t] = rho[0] * y[:, t - 1] + rho[1] * y[:, t - 2] + size * rng.normal(size=N)
    held = y[:, -T:]
    lags = np.stack([y[:, -T - 1 : -1], y[:, -T - 2 : -2]], axis=2)
    complete = rng.uniform(size=(N, T)) > 0.2
    complete = complete[several := complete.sum(axis=1) > 1]
    held, lags = held[several], lags[several]
    problem = _Problem(complete, demeaned(held, complete), demeaned(lags, complete), [1, 2])
    m, _ = problem.moments(rho)
    z = m.mean(axis=0) / (m.std(axis=0) / np.sqrt(len(m)))
    assert np.all(np.abs(z) < 4)
    uncorrected = np.einsum("ntk,nt->nk", problem.W, problem.y - problem.W @ rho)
    assert np.all(uncorrected.mean(axis=0) / (uncorrected.std(axis=0) / np.sqrt(len(m))) < -20)


def test_gradient_by_differences() -> None:
    frame = panel(2, 30, 6, 0.5, gaps=0.1)
    fit = el.bias_corrected("y ~ l(y,1:2) + x", frame, "i", "t")
    b = fit.estimate.coefficients
    rng = np.random.default_rng(5)
    complete = rng.uniform(size=(20, 7)) > 0.2
    complete = complete[complete.sum(axis=1) > 1]
    y, W = rng.normal(size=complete.shape), rng.normal(size=(*complete.shape, 3))
    problem = _Problem(complete, demeaned(y, complete), demeaned(W, complete), [1, 2])
    _, G = problem.moments(b)
    for j in range(3):
        step = np.zeros(3)
        step[j] = 1e-6
        slope = (problem.moments(b + step)[0] - problem.moments(b - step)[0]) / 2e-6
        np.testing.assert_allclose(G[:, :, j], slope, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("rho", "gaps"), [(0.3, 0.0), (0.8, 0.0), (0.5, 0.15)])
def test_truth(rho: float, gaps: float) -> None:
    """3,000 units: within 4 standard errors of the truth, where the within estimator is far off."""
    fit = el.bias_corrected("y ~ l(y,1) + x", panel(7, 3_000, 7, rho, gaps), "i", "t")
    found = fit.tidy()
    z = (found["estimate"] - pl.Series([rho, 0.5])) / found["std_error"]
    assert all(abs(v) < 4 for v in z)
    assert (fit.plain["l(y,1)"] - rho) / found["std_error"][0] < -10


def test_coverage() -> None:
    """200 units, 8 periods: the interval covers rho at its level (250 draws, within 3.5 Monte Carlo errors)."""
    covered = 0
    for draw in range(250):
        row = el.bias_corrected("y ~ l(y,1) + x", panel(9_000 + draw, 200, 8, 0.5), "i", "t").tidy().row(0, named=True)
        covered += row["conf_low"] <= 0.5 <= row["conf_high"]
    assert abs(covered / 250 - 0.95) < 3.5 * (0.95 * 0.05 / 250) ** 0.5


def test_time_effects_are_dummies() -> None:
    frame = panel(3, 60, 8, 0.4)
    shifted = frame.with_columns(pl.col("y") + pl.col("t") * 0)
    fit = el.bias_corrected("y ~ l(y,1) + x", shifted, "i", "t", time_effects=True)
    spelt = el.bias_corrected("y ~ l(y,1) + x + i(t)", shifted, "i", "t")
    np.testing.assert_allclose(fit.tidy()["estimate"][:2], spelt.tidy()["estimate"][:2], rtol=1e-9)
    np.testing.assert_allclose(fit.tidy()["std_error"][:2], spelt.tidy()["std_error"][:2], rtol=1e-9)


def test_order_of_regressors_and_rows() -> None:
    frame = panel(4, 50, 7, 0.4, gaps=0.1)
    one = el.bias_corrected("y ~ l(y,1) + x", frame, "i", "t").tidy()
    other = el.bias_corrected("y ~ x + l(y,1)", frame.sample(fraction=1, shuffle=True, seed=1), "i", "t").tidy()
    np.testing.assert_allclose(one["estimate"], other["estimate"], rtol=1e-9)
    assert "without the correction" in el.bias_corrected("y ~ l(y,1)", frame, "i", "t").summary.extra["warnings"][0]


@pytest.mark.parametrize(
    ("formula", "options", "kind", "says"),
    [
        ("y ~ x", {}, UsageError, "no lag of y"),
        ("y ~ l(y,1) | i", {}, UsageError, "unit effects are there"),
        ("y ~ l(y,1)", {"unit": None}, UsageError, "both keys"),
        ("y ~ l(y,1)", {"where": "t == 3"}, EstimationError, "two rows|vary within"),
        ("z ~ l(z,1)", {}, EstimationError, "vary within units"),
    ],
)
def test_wrong_input(formula: str, options: dict[str, object], kind: type[Exception], says: str) -> None:
    frame = panel(5, 20, 5, 0.4).with_columns(z=pl.col("i").cast(pl.Float64))
    with pytest.raises(kind, match=says):
        el.bias_corrected(formula, frame, **({"unit": "i", "time": "t"} | options))


def test_a_unit_root_in_a_short_panel_is_no_number() -> None:
    """Where no trustworthy solution exists, that is said."""
    said = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        y = np.cumsum(rng.normal(size=(8, 3)), axis=1)
        frame = pl.DataFrame({"i": np.repeat(range(8), 3), "t": np.tile(range(3), 8), "y": y.ravel()})
        try:
            fit = el.bias_corrected("y ~ l(y,1)", frame, "i", "t")
            assert np.isfinite(fit.tidy()["std_error"].to_numpy()).all()
        except EstimationError as error:
            said += "corrected moments" in str(error)
    assert said > 0
