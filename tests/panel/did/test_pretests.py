"""Power of pre-tests and what passing them does (Roth 2022).

Oracles: diff-diff 3.13.0 for the power of both tests; Genz's integral of scipy with the formula of Tallis (1961) for
means in a box; closed forms for one pre-period; draws for the means given that a test passes.
Tolerances: 2^14 Sobol points err by some 1e-5 in probabilities.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

import econloom as el
from econloom.core.errors import EstimationError, UsageError
from econloom.panel.did.pretests import _box, _ellipsoid
from tests.panel.did.benzarti_carloni import EFFECTS, ESTIMATES, EVENTS, VCOV
from tests.panel.did.samples import load

Z = special.ndtri(0.975)
PRE = VCOV[:4, :4]
SE = np.sqrt(np.diag(PRE))


@pytest.mark.parametrize("test", ["individual", "joint"])
def test_power_is_that_of_diff_diff(test: Any) -> None:
    theirs = pytest.importorskip("diff_diff.pretrends").PreTrendsPower()
    power_of = theirs._compute_power_nis if test == "individual" else theirs._compute_power_wald
    found = el.did.pretrend_power(EFFECTS, slope=0.012, test=test)
    for h, wanted in zip(found.hypotheses, (0.5, 0.8, None), strict=True):
        power = power_of(h.slope, np.array([-4.0, -3.0, -2.0, -1.0]), PRE)[0]
        assert h.power == pytest.approx(power, abs=2e-4)  # scipy's integral errs by 1e-5 and more
        assert wanted is None or h.power == pytest.approx(wanted, abs=1e-9)


def test_means_in_a_box_by_tallis() -> None:
    delta = np.array([0.03, -0.02, 0.01, 0.02])
    points = stats.qmc.Sobol(4, scramble=True, rng=0).random_base2(14)
    found = _box(delta, PRE, Z * SE, points)
    box = stats.multivariate_normal(np.zeros(4), PRE)
    low, high = -Z * SE - delta, Z * SE - delta
    inside = box.cdf(high, lower_limit=low)
    assert found.probability == pytest.approx(inside, abs=1e-4)
    assert found.mean - delta == pytest.approx(PRE @ _edges(low, high) / inside, abs=1e-4 * SE.max())


def _edges(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Density of each variable at its low less that at its high bound, the others within theirs."""
    found = np.zeros(4)
    for k in range(4):
        rest = [i for i in range(4) if i != k]
        slope = PRE[rest, k] / PRE[k, k]
        V = PRE[np.ix_(rest, rest)] - np.outer(slope, PRE[rest, k])
        for at, sign in ((low[k], 1), (high[k], -1)):
            law = stats.multivariate_normal(slope * at, V)
            mass = law.cdf(high[rest], lower_limit=low[rest])
            found[k] += sign * stats.norm.pdf(at, scale=SE[k]) * mass
    return found


def test_one_pre_period_in_closed_form() -> None:
    V = np.array([[0.04, 0.01], [0.01, 0.09]])
    h = el.did.pretrend_power(([-2, 0], [0.1, 1.0], V), slope=0.3, power=None).hypotheses[0]
    low, high = -Z + 1.5, Z + 1.5  # the trend is -0.3 before and 0.3 after, the error 0.2
    inside = special.ndtr(high) - special.ndtr(low)
    mean = -0.3 + 0.2 * (stats.norm.pdf(low) - stats.norm.pdf(high)) / inside
    assert h.power == pytest.approx(1 - inside, abs=1e-12)
    assert h.after == pytest.approx([mean, 0.3 + 0.01 / 0.04 * (mean + 0.3)], abs=1e-6)
    assert h.bayes_factor == pytest.approx(inside / 0.95, abs=1e-12)
    assert h.likelihood_ratio == pytest.approx(stats.norm.pdf(0.1, -0.3, 0.2) / stats.norm.pdf(0.1, 0, 0.2), rel=1e-12)


@pytest.mark.parametrize("test", ["individual", "joint"])
def test_means_given_passing_by_draws(test: Any) -> None:
    path = 0.015 * (EVENTS + 1.0)
    found = el.did.pretrend_power(EFFECTS, 0.015, power=None, test=test, weights="equal").hypotheses[0]
    draws = np.random.default_rng(5).multivariate_normal(path, VCOV, 400_000)
    b = draws[:, :4]
    inside = (
        (np.abs(b) <= Z * SE).all(axis=1)
        if test == "individual"
        else np.einsum("ni,ij,nj->n", b, np.linalg.inv(PRE), b) <= stats.chi2.ppf(0.95, 4)
    )
    n = inside.sum()
    assert found.power == pytest.approx(1 - inside.mean(), abs=4 * 0.5 / math.sqrt(400_000))
    error = 4 * draws[inside].std(axis=0) / math.sqrt(n)
    assert (np.abs(found.after - draws[inside].mean(axis=0)) < error + 1e-6).all()
    assert found.bias == pytest.approx(path[4:].mean(), abs=1e-15)
    assert found.bias_after == pytest.approx(found.after[4:].mean(), abs=1e-15)


def test_parallel_trends_are_rejected_at_the_level_of_the_joint_test() -> None:
    assert _ellipsoid(np.zeros(4), PRE, 0.9).probability == pytest.approx(0.9, abs=1e-12)
    h = el.did.pretrend_power(EFFECTS, 0.0, power=None, test="joint").hypotheses[0]
    assert (h.bayes_factor, h.likelihood_ratio) == (1, 1) and h.after == pytest.approx(np.zeros(8), abs=1e-15)


def test_likelihood_ratio_of_a_path() -> None:
    path = {int(e): 0.002 * (e + 1) ** 2 for e in EVENTS} | {-1: 0.0}
    h = el.did.pretrend_power(EFFECTS, path, power=None).hypotheses[0]
    law = stats.multivariate_normal(np.zeros(4), PRE)
    ratio = law.pdf(ESTIMATES[:4] - h.path[:4]) / law.pdf(ESTIMATES[:4])
    assert h.slope is None and h.likelihood_ratio == pytest.approx(ratio, rel=1e-9)


def test_the_same_seed_gives_the_same_numbers_and_shapes() -> None:
    one, two = (el.did.pretrend_power(EFFECTS, seed=3) for _ in range(2))
    assert one.tidy().equals(two.tidy()) and one.paths().equals(two.paths())
    assert one.tidy().shape == (2, 7) and one.paths().shape == (16, 6)
    other = el.did.pretrend_power(EFFECTS, seed=4).hypotheses[0]
    assert other.slope == pytest.approx(one.hypotheses[0].slope, rel=1e-3)
    assert "功效 0.500" in one.text("zh") and "any pre-period is significant" in str(one)


def test_effects_of_an_estimator() -> None:
    effects = el.did.event_study("y ~ 1", load("base_stagg"), "id", "year", cohort="year_treated", window=(-4, 4))
    found = el.did.pretrend_power(effects, test="joint")
    assert found.events == tuple(map(int, effects.events)) and found.n_pre == int(effects.pre.sum())
    assert [h.power for h in found.hypotheses] == pytest.approx([0.5, 0.8], abs=1e-9)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"effects": (EVENTS[4:], ESTIMATES[4:], VCOV[4:, 4:])}, "no pre-period"),
    ({"power": 0.05}, "above the test's size"),
    ({"power": 1}, "below 1"),
    ({"power": "half"}, "numbers between"),
    ({"power": None}, "neither a power nor a slope"),
    ({"power": 0.06}, "parallel trends are rejected"),
    ({"slope": {0: 1.0}}, "no value at -5"),
    ({"slope": {int(e): 1.0 for e in EVENTS} | {9: 1.0}}, "unknown event times 9"),
    ({"slope": {int(e): 1.0 for e in EVENTS} | {-1: 1.0}}, "zero at the base"),
    ({"slope": math.inf}, "finite"),
    ({"slope": "steep"}, "not str"),
    ({"test": "wald"}, "'wald'"),
    ({"level": 0.2}, "at least 0.5"),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_wrong_calls(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        el.did.pretrend_power(**{"effects": EFFECTS} | change)


def test_singular_covariance() -> None:
    with pytest.raises(EstimationError, match="singular"):
        el.did.pretrend_power((EVENTS, ESTIMATES, np.outer(SE[[0, 1, 2, 3] * 2], SE[[0, 1, 2, 3] * 2])))
