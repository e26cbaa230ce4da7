"""Omitted variables: Oster's solutions on populations with known selection, Cinelli and Hazlett's printed numbers.

Published: Cinelli and Hazlett (2020, JRSS-B 82), table 1 and section 5 on Darfur: estimate 0.097, standard error 0.023,
t 4.18, df 783, partial R2 2.19 per cent, RV 13.9, RV at 5 per cent 7.6. They are rounded: tolerances are
half a last digit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EstimationError, UsageError
from econloom.panel.designs.oster import Movement, bias_adjusted, proportion
from econloom.panel.designs.sensitivity import adjusted, robustness_value
from tests.panel.samples import random_panel

FRAME = random_panel(5, n=2_000)


def _population(beta: float, delta: float, seed: int) -> tuple[Movement, float]:
    """Moments of y = beta x + w1 + w2 with orthogonal w1, w2 and selection in proportion delta, exactly."""
    rng = np.random.default_rng(seed)
    v1, v2, noise = rng.uniform(0.5, 2.0, 3)
    c1 = rng.uniform(0.1, 0.4)
    c2 = delta * c1 * v2 / v1  # cov(x, w2) / var(w2) = delta cov(x, w1) / var(w1)
    vx = 1.0 + c1**2 / v1 + c2**2 / v2
    # regressions from population moments
    cov = np.array([[vx, c1, c2], [c1, v1, 0.0], [c2, 0.0, v2]])
    xy = cov @ np.array([beta, 1.0, 1.0])
    vy = float(np.array([beta, 1.0, 1.0]) @ xy) + noise
    short = xy[0] / vx
    long = np.linalg.solve(cov[:2, :2], xy[:2])
    r2_short, r2_long = short * xy[0] / vy, float(long @ xy[:2]) / vy
    r2_max = 1 - noise / vy
    return Movement(short, r2_short, float(long[0]), r2_long, vy, vx, vx - c1**2 / v1), r2_max


@pytest.mark.parametrize("delta", [0.5, 1.0, 1.4, 2.0])
@pytest.mark.parametrize("beta", [0.0, 0.7, -1.2])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_truth_is_a_solution_of_the_population(delta: float, beta: float, seed: int) -> None:
    movement, r2_max = _population(beta, delta, seed)
    assert min(abs(b - beta) for b in bias_adjusted(movement, r2_max, delta)) < 1e-7
    assert proportion(movement, r2_max, beta) == pytest.approx(delta, rel=1e-7)


@pytest.mark.parametrize("delta", [0.6, 1.0, 1.7])
def test_delta_and_beta_are_inverse(delta: float) -> None:
    movement = Movement(2.0, 0.3, 1.5, 0.5, 1.3, 0.9, 0.7)
    for beta in bias_adjusted(movement, 0.7, delta):
        assert proportion(movement, 0.7, beta) == pytest.approx(delta, rel=1e-8)


@pytest.mark.parametrize("formula", ["y ~ x1 + x2 + x3", "y ~ x1 + x2 + x3 | firm + year"])
@pytest.mark.parametrize("weights", [None, "w"])
def test_oster_of_a_fit(formula: str, weights: str | None) -> None:
    """The movement is that of two regressions on the same rows; within R2 where there are effects."""
    found = el.sensitivity.oster(formula, FRAME, "x1", weights=weights, r2_max=0.99)
    full = el.ols(formula, FRAME, weights=weights)
    short = el.ols(formula.replace(" + x2 + x3", ""), FRAME, weights=weights)
    key = "r2_within" if "|" in formula else "r2"
    m = found.movement
    assert m.beta_controlled == pytest.approx(full.tidy()["estimate"][0], rel=1e-9)
    assert m.beta_uncontrolled == pytest.approx(short.tidy()["estimate"][0], rel=1e-9)
    assert m.r2_controlled == pytest.approx(full.glance()[key][0], rel=1e-9)
    assert m.r2_uncontrolled == pytest.approx(short.glance()[key][0], rel=1e-9)
    assert proportion(m, 0.99, found.beta_star) == pytest.approx(1.0, rel=1e-7)
    assert found.identified_set[0] <= m.beta_controlled <= found.identified_set[1]


def test_base_controls_are_taken_out_of_everything() -> None:
    found = el.sensitivity.oster("y ~ x1 + x2 + x3", FRAME, "x1", base="x3", r2_max=0.99)
    out = {n: el.ols(f"{n} ~ x3", FRAME).estimate.residuals for n in ("y", "x1", "x2")}
    frame = pl.DataFrame(out)
    wanted = el.sensitivity.oster("y ~ x1 + x2", frame, "x1", r2_max=0.99)
    assert found.delta == pytest.approx(wanted.delta, rel=1e-7)
    assert found.beta_star == pytest.approx(wanted.beta_star, rel=1e-7)


def test_darfur_as_printed() -> None:
    t, df = 4.18, 783
    assert t**2 / (t**2 + df) == pytest.approx(0.0219, abs=5e-4)
    assert robustness_value(t, df) == pytest.approx(0.139, abs=5e-4)
    assert robustness_value(t, df, alpha=0.05) == pytest.approx(0.076, abs=5e-4)


def test_an_omitted_variable_with_the_robustness_value_brings_the_estimate_to_zero() -> None:
    for t, df in ((4.18, 783), (-9.0, 50), (2.2, 200)):
        rv = robustness_value(t, df)
        assert adjusted(t * 0.3, 0.3, df, rv, rv)[0] == pytest.approx(0.0, abs=1e-10)
        half = robustness_value(t, df, q=0.5)
        assert adjusted(t * 0.3, 0.3, df, half, half)[0] == pytest.approx(t * 0.15, rel=1e-9)


def test_adjustment_is_the_long_regression() -> None:
    """Partial R2 of a variable that is there after all give the estimate and error with it in the model."""
    short = el.ols("y ~ x1 + x3 | firm + year", FRAME)
    long = el.ols("y ~ x1 + x3 + x2 | firm + year", FRAME)
    df = short.counts.n - short.counts.regressors - short.counts.absorbed_rank
    t = long.tidy()["statistic"][2]
    r2_y = t**2 / (t**2 + df - 1)
    first = el.ols("x1 ~ x3 + x2 | firm + year", FRAME).tidy()["statistic"][1]
    r2_d = first**2 / (first**2 + df)
    b, se = short.tidy().select("estimate", "std_error").row(0)
    moved, spread = adjusted(b, se, df, r2_d, r2_y)
    wanted = long.tidy().row(0, named=True)
    bias = b - moved
    assert wanted["estimate"] == pytest.approx(moved, rel=1e-8) or wanted["estimate"] == pytest.approx(
        b + bias, rel=1e-8
    )
    assert wanted["std_error"] == pytest.approx(spread, rel=1e-8)


@pytest.mark.parametrize("k", [1, 2])
def test_bounds_by_their_formula(k: int) -> None:
    fit = el.ols("y ~ x1 + x2 + x3 | firm", FRAME)
    found = el.sensitivity.robustness(fit, "x1", "x3", times=(k,))
    df = found.df
    ty = fit.tidy()["statistic"][2]
    td = el.ols("x1 ~ x2 + x3 | firm", FRAME).tidy()["statistic"][1]
    ry, rd = ty**2 / (ty**2 + df), td**2 / (td**2 + df + 1)
    crossed = k * rd**2 / ((1 - k * rd) * (1 - rd))
    row = found.bounds.row(0, named=True)
    assert row["r2_treatment"] == pytest.approx(k * rd / (1 - rd), rel=1e-8)
    eta = (np.sqrt(k) + np.sqrt(crossed)) / np.sqrt(1 - crossed)
    assert row["r2_outcome"] == pytest.approx(eta**2 * ry / (1 - ry), rel=1e-8)
    assert (row["estimate"], row["std_error"]) == pytest.approx(
        adjusted(found.estimate, found.std_error, df, row["r2_treatment"], row["r2_outcome"])
    )


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda f: el.sensitivity.oster_of(f, "xx1"), UsageError, "no coefficient 'xx1', did you mean"),
        (lambda f: el.sensitivity.oster_of(f, "x1", ["x2", "x3"]), UsageError, "the model has none"),
        (lambda f: el.sensitivity.oster_of(f, r2_max=0.01), UsageError, "above the controlled R2"),
        (lambda f: el.sensitivity.oster_of(f, r2_max=1.2), UsageError, "at most at 1"),
        (lambda f: el.sensitivity.robustness(f, "x1", "x1"), UsageError, "a benchmark is a control"),
        (lambda f: el.sensitivity.robustness(f, "x1", "x2", times=(1e6,)), EstimationError, "explain all of 'x1'"),
        (lambda f: el.sensitivity.robustness(f, q=0), UsageError, "q is positive"),
        (lambda f: el.sensitivity.adjusted(1, 1, 10, 1.0, 0.5), UsageError, "between 0 and 1"),
        (lambda f: el.sensitivity.robustness(el.ols("x2 ~ x1 + flat", FRAME.with_columns(flat=1.0)), "flat"),
         EstimationError, "'flat' has no coefficient"),
        (lambda f: el.sensitivity.robustness(el.iv("y ~ 1 | x1 ~ x2", FRAME)), EstimationError, "least squares"),
        (lambda f: el.sensitivity.oster_of(el.ols("d ~ x1 + x2", FRAME.with_columns(d=pl.col("x1") + pl.col("x2")))),
         EstimationError, "fits perfectly"),
    ],
)  # fmt: skip
def test_errors(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call(el.ols("y ~ x1 + x2 + x3", FRAME))
