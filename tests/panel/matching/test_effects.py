"""Weights, support, balance; effects and errors against the truth."""

from __future__ import annotations

import pickle

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.estimate import Unavailable
from tests.panel.matching.samples import LALONDE, lalonde, random_rows


def drawn(rng: np.random.Generator, n: int) -> tuple[pl.DataFrame, float]:
    """Rows with an effect of 1 + x1 that selection on x1 raises, and the effect on their treated."""
    x = rng.normal(size=(n, 2))
    p = 1 / (1 + np.exp(-(0.6 * x[:, 0] - 0.5 * x[:, 1] - 0.7)))
    d = rng.uniform(size=n) < p
    effect = 1 + x[:, 0]
    y = 2 * x[:, 0] + x[:, 1] + d * effect + rng.normal(size=n)
    frame = pl.DataFrame({"d": d.astype(int), "x1": x[:, 0], "x2": x[:, 1], "y": y})
    return frame, float(effect[d].mean())


METHODS = {
    "nearest": {"k": 2, "errors": "estimated_score", "neighbours": 2},
    "mahalanobis": {"distance": "mahalanobis", "k": 2, "bias_adjust": True},
    "ipw": {"method": "ipw"},
}
DRAWS = 120


def test_true_effects_are_covered() -> None:
    """120 samples of 400 rows, seeds 0-119 fixed beforehand: bias and coverage within 4 Monte Carlo errors.

    The true value is the effect on all treated of the process, by 2 million draws.
    """
    truth = drawn(np.random.default_rng(10_000), 2_000_000)[1]
    found = {m: [] for m in METHODS}
    for seed in range(DRAWS):
        frame, _ = drawn(np.random.default_rng(seed), 400)
        for name, options in METHODS.items():
            effect = el.matching.match("d ~ x1 + x2", frame, "y", **options).effect
            found[name].append((effect.estimate, effect.conf_low <= truth <= effect.conf_high))
    for name, rows in found.items():
        estimates, covered = np.array(rows).T
        assert abs(covered.mean() - 0.95) < 4 * np.sqrt(0.95 * 0.05 / DRAWS), name
        error = estimates.std(ddof=1) / np.sqrt(DRAWS)
        assert abs(estimates.mean() - truth) < 4 * error + 0.03, name  # matching is biased at this size: <= 0.03


def test_the_bootstrap_is_near_the_sandwich() -> None:
    """Inverse-probability weights: 200 draws have an error of 5 per cent themselves; within three of these."""
    frame, _ = drawn(np.random.default_rng(1), 600)
    one = el.matching.match("d ~ x1 + x2", frame, "y", method="ipw")
    other = el.matching.match("d ~ x1 + x2", frame, "y", method="ipw", errors="bootstrap", draws=200, seed=1)
    assert other.effect.estimate == one.effect.estimate
    assert other.effect.std_error == pytest.approx(one.effect.std_error, rel=0.15)
    kernel = {"method": "kernel", "errors": "bootstrap", "draws": 99}
    first, again = (el.matching.match("d ~ x1 + x2", frame, "y", seed=2, **kernel).effect for _ in range(2))
    assert first == again and first.std_error > 0


@pytest.mark.parametrize("form", ["normalised", "plain", "stabilised"])
@pytest.mark.parametrize("estimand", ["att", "ate"])
def test_inverse_probability_weights_by_hand(form: str, estimand: str) -> None:
    frame, _ = drawn(np.random.default_rng(2), 500)
    made = el.matching.match("d ~ x1 + x2", frame, "y", method="ipw", form=form, estimand=estimand)
    d, y, p = frame["d"].to_numpy() == 1, frame["y"].to_numpy(), made.by_row["score"].to_numpy()
    w = np.where(d, 1 / p, 1 / (1 - p)) if estimand == "ate" else np.where(d, 1, p / (1 - p))
    if form == "plain":
        n = d.sum() if estimand == "att" else 500
        by_hand = (w * np.where(d, y, -y)).sum() / n
    else:
        by_hand = np.average(y[d], weights=w[d]) - np.average(y[~d], weights=w[~d])
    assert made.effect.estimate == pytest.approx(by_hand, rel=1e-12)
    total = made.found.weights.sum()
    assert total == pytest.approx(500, rel=0.1) if form == "stabilised" and estimand == "ate" else total > 0


def test_large_weights_are_cut() -> None:
    frame, _ = drawn(np.random.default_rng(3), 500)
    whole = el.matching.match("d ~ x1 + x2", frame, "y", method="ipw", estimand="ate")
    cut = el.matching.match("d ~ x1 + x2", frame, "y", method="ipw", estimand="ate", most_weight=0.9)
    for arm in (0, 1):
        at = frame["d"].to_numpy() == arm
        most = np.quantile(whole.found.weights[at], 0.9)
        np.testing.assert_allclose(cut.found.weights[at], np.minimum(whole.found.weights[at], most))


def test_common_support() -> None:
    frame, _ = drawn(np.random.default_rng(4), 300)
    whole = el.matching.match("d ~ x1 + x2", frame, "y").by_row
    p, d = whole["score"].to_numpy(), whole["treated"].to_numpy()
    minmax = el.matching.match("d ~ x1 + x2", frame, "y", support="minmax")
    inside = (p >= p[~d].min()) & (p <= p[~d].max())
    assert minmax.by_row["support"].to_list() == (~d | inside).tolist()
    both = el.matching.match("d ~ x1 + x2", frame, "y", support="minmax", estimand="ate")
    assert both.by_row["support"].to_list() == np.where(d, inside, (p >= p[d].min()) & (p <= p[d].max())).tolist()
    ranged = el.matching.match("d ~ x1 + x2", frame, "y", support="range", trim=(0.2, 0.6))
    assert ranged.by_row["support"].to_list() == ((p >= 0.2) & (p <= 0.6)).tolist()
    thin = el.matching.match("d ~ x1 + x2", frame, "y", support="density", trim=0.1)
    assert (~thin.by_row["support"]).sum() == int(0.1 * d.sum())
    reasons = {x.reason: x.rows for x in thin.sample.drops}
    assert reasons["treated off common support"] == int(0.1 * d.sum())
    assert thin.sample.n == thin.data().height
    gone = whole.filter(pl.Series(~thin.by_row["support"].to_numpy()))["score"]
    assert gone.mean() > whole.filter("treated")["score"].mean()  # the treated with high scores have few like them


@pytest.mark.parametrize("denominator", ["treated", "control", "pooled"])
def test_balance_by_hand(denominator: str) -> None:
    frame = random_rows(9, 150)
    made = el.matching.match("d ~ s + x1", frame, k=3, denominator=denominator)
    w = made.found.weights
    d, x = frame["d"].to_numpy() == 1, frame["x1"].to_numpy()
    v1, v0 = x[d].var(ddof=1), x[~d].var(ddof=1)
    scale = {"treated": v1, "control": v0, "pooled": (v1 + v0) / 2}[denominator] ** 0.5
    row = made.balance.filter(pl.col("term") == "x1").row(0, named=True)
    after = np.average(x[d], weights=w[d]) - np.average(x[~d], weights=w[~d])
    assert row["before_difference"] == pytest.approx((x[d].mean() - x[~d].mean()) / scale)
    assert row["after_difference"] == pytest.approx(after / scale)
    assert row["before_variance_ratio"] == pytest.approx(v1 / v0)
    love = made.love()
    assert love["before"].to_list() == sorted(love["before"].to_list(), reverse=True)
    assert love["before"].max() == pytest.approx(made.balance["before_difference"].abs().max())


def test_t_of_the_balance_is_that_of_a_regression() -> None:
    """pstest's: the covariate on the treatment; unweighted before, with the weights (analytic) after."""
    made = el.matching.match(LALONDE, lalonde())
    row = made.balance.filter(pl.col("term") == "re75").row(0, named=True)
    before = el.ols("re75 ~ treat", lalonde()).summary.coefficient("treat")
    after = el.ols("re75 ~ treat", made.data(), weights="weight").summary.coefficient("treat")
    for when, fit in (("before", before), ("after", after)):
        assert row[f"{when}_t"] == pytest.approx(fit.statistic, rel=1e-9)
        assert row[f"{when}_p_value"] == pytest.approx(fit.p_value, rel=1e-9)


def test_without_an_outcome_and_what_is_shown() -> None:
    made = el.matching.match(LALONDE, lalonde())
    assert isinstance(made.effect, Unavailable) and made.tidy().height == 0
    assert "n_treated 185" in repr(made) and "<table" in made._repr_html_()
    again = pickle.loads(pickle.dumps(made))
    assert again.balance.equals(made.balance)
    assert made.data()["weight"].sum() == pytest.approx(2 * 185)
    assert made.glance()["n_control"].item() == made.data().filter(pl.col("treat") == 0).height


def test_weighted_regression_gives_the_effect() -> None:
    made = el.matching.match(LALONDE, lalonde(), "re78", k=3)
    fit = el.ols("re78 ~ treat", made.data(), weights="weight").summary.coefficient("treat")
    assert fit.estimate == pytest.approx(made.effect.estimate, rel=1e-10)


def test_no_neighbour_no_error() -> None:
    """Exact groups with one untreated row that is used twice: no variance, and the reason."""
    frame = pl.DataFrame({"d": [1, 1, 0, 1, 0, 0], "x": [1.0, 2, 3, 4, 5, 6], "g": [1, 1, 1, 2, 2, 2],
                          "y": [1.0, 3, 2, 5, 4, 4]})  # fmt: skip
    made = el.matching.match("d ~ x", frame, "y", exact="g", distance="columns")
    assert np.isnan(made.effect.std_error) and "no neighbour" in made.warnings[-1]
