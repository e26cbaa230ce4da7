"""Honest intervals (Rambachan and Roth 2023) and breakdown values.

Oracles: the numbers of HonestDiD (R) for Benzarti and Carloni (2019), as kept in the tests of HonestDiD.jl; diff-diff
3.13.0 for fixed-length intervals; linear programmes over trends for identified sets; the programme of Andrews, Roth and
Pakes solved by its primal for the test's statistic; draws for the least favourable value and the folded normal.
R's fixed-length intervals rest on simulated quantiles (half lengths off by 5e-5: its own test allows 1e-3); its
relative magnitudes are those of a grid. diff-diff's intervals under relative magnitudes are the identified set plus
and minus z errors, which is not the paper's method: they are not compared. For weights of both signs R and diff-diff
take a bias above the worst one: that too is left to the programmes here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import optimize, special

import econloom as el
from econloom.core.errors import EstimationError, UsageError
from econloom.panel.did import relative_magnitudes as rm
from econloom.panel.did.fixed_length import fixed_length, folded_quantile
from econloom.panel.did.sensitivity import identified_set
from econloom.panel.did.trend_paths import Target, Trends, consecutive, target, trends
from tests.panel.did.benzarti_carloni import EFFECTS, ESTIMATES, EVENTS, VCOV
from tests.panel.did.samples import load

BC = consecutive(trends(EFFECTS))
FIRST = target(BC, 0, None)
AIMS = [np.eye(4)[0], np.full(4, 0.25), np.eye(4)[3], np.array([1.0, -2.0, 0.5, 0.0])]


def test_original_interval_is_that_of_r() -> None:
    found = el.did.honest(EFFECTS, "smoothness", m=0)
    assert (found.low, found.high) == pytest.approx((0.15877494280765, 0.233147292681241), abs=1e-9)


@pytest.mark.parametrize(
    ("m", "low", "high"),
    [(0, 0.131411316, 0.2161696482), (0.1, 0.1194440001, 0.4185082143), (0.2, 0.01944400015, 0.5185082143)],
)
def test_fixed_length_intervals_of_r(m: float, low: float, high: float) -> None:
    found = el.did.honest(EFFECTS, "smoothness", m=m).bounds[0]
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)


def test_weights_at_a_tenth_are_those_of_r() -> None:
    assert fixed_length(BC, FIRST, 0.1, 0.95).weights == pytest.approx([0, 0, 0, 1, 1, 0, 0, 0], abs=1e-9)


@pytest.mark.parametrize(("m", "weights"), [(0, AIMS[1]), (0.003, AIMS[0]), (0.02, AIMS[1]), (0.1, AIMS[2])])
def test_fixed_length_intervals_of_diff_diff(m: float, weights: np.ndarray) -> None:
    theirs = pytest.importorskip("diff_diff.honest_did")._flci_solve
    low, high, _ = theirs(ESTIMATES[:4], ESTIMATES[4:], VCOV, weights, 4, 4, m)
    ours = fixed_length(BC, Target(weights, ""), m, 0.95)
    # theirs is the minimum of a search: ours may be shorter, and the centre is flat there
    assert -2e-8 < ours.half_length - (high - low) / 2 < 1e-12
    assert ours.estimate == pytest.approx((low + high) / 2, abs=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_no_affine_estimator_has_a_shorter_interval(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, q = 5, 3
    A = rng.standard_normal((p + q, p + q))
    found = Trends(np.array([*range(-p - 1, -1), *range(q)]), rng.standard_normal(p + q), A @ A.T / 20, (-1,), p)
    l, m = rng.standard_normal(q), 0.05
    ours = fixed_length(found, Target(l, ""), m, 0.95)
    assert _worst_bias(found, ours.weights, m) == pytest.approx(ours.bias, rel=1e-8)
    for _ in range(200):  # other unbiased directions: weights of second differences before adoption
        x = rng.standard_normal(p - 1) * 10 ** rng.uniform(-6, 0)
        w = ours.weights.copy()
        for s in range(p - 1):
            second = np.zeros(p + 1)
            second[s : s + 3] = 1, -2, 1
            w[:p] += x[s] * second[:p]
        bias = _worst_bias(found, w, m)
        length = folded_quantile(bias, math.sqrt(w @ found.vcov @ w), 0.95)
        assert length >= ours.half_length * (1 - 1e-9)


def _second_differences(p: int, q: int) -> np.ndarray:
    C = np.zeros((p + q - 1, p + q + 1))
    for r in range(p + q - 1):
        C[r, r : r + 3] = 1, -2, 1
    return np.delete(C, p, axis=1)


def _worst_bias(found: Trends, w: np.ndarray, m: float) -> float:
    C = _second_differences(found.n_pre, len(found.post))
    A = np.vstack([C, -C])
    solved = optimize.linprog(-w, A_ub=A, b_ub=np.full(len(A), m), bounds=(None, None))
    assert solved.status == 0
    return float(-solved.fun)


@pytest.mark.parametrize(("bias", "error", "level"), [(0, 1, 0.95), (0.3, 1, 0.95), (5, 1, 0.95), (1, 2, 0.8)])
def test_folded_quantile_by_draws(bias: float, error: float, level: float) -> None:
    draws = np.abs(bias + error * np.random.default_rng(7).standard_normal(400_000))
    share = np.mean(draws <= folded_quantile(bias, error, level))
    assert share == pytest.approx(level, abs=4 * math.sqrt(level * (1 - level) / 400_000))


@pytest.mark.parametrize("weights", AIMS)
@pytest.mark.parametrize("m", [0.0, 0.5, 2.0])
def test_identified_set_under_relative_magnitudes_by_programmes(m: float, weights: np.ndarray) -> None:
    largest = np.abs(np.diff([*ESTIMATES[:4], 0.0])).max()
    D = np.eye(4) - np.eye(4, k=-1)
    ends = _programmes(weights, np.vstack([D, -D]), np.full(8, m * largest))
    assert identified_set(BC, Target(weights, ""), "relative_magnitudes", m) == pytest.approx(ends, abs=1e-9)


@pytest.mark.parametrize("weights", AIMS)
def test_identified_set_under_smoothness_by_programmes(weights: np.ndarray) -> None:
    C, m = _second_differences(4, 4), 0.2
    b = m - np.concatenate([C[:, :4] @ ESTIMATES[:4], -C[:, :4] @ ESTIMATES[:4]])
    ends = _programmes(weights, np.vstack([C[:, 4:], -C[:, 4:]]), b)
    assert identified_set(BC, Target(weights, ""), "smoothness", m) == pytest.approx(ends, abs=1e-9)
    assert all(map(math.isnan, identified_set(BC, Target(weights, ""), "smoothness", 0.01)))


def _programmes(l: np.ndarray, A: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    low, high = (sign * optimize.linprog(sign * l, A_ub=A, b_ub=b, bounds=(None, None)).fun for sign in (1, -1))
    return l @ ESTIMATES[4:] - high, l @ ESTIMATES[4:] - low


def test_conditional_sets_of_r_on_its_grid() -> None:
    sd = math.sqrt(VCOV[4, 4])
    grid = np.linspace(-20 * sd, 20 * sd, 200)
    kept = np.zeros(200, dtype=bool)
    for one in rm.moments(BC, FIRST, 1.0):
        kept |= ~rm.rejected(one, grid, 0.05, math.inf)
    assert (grid[kept].min(), grid[kept].max()) == pytest.approx((0.07055244362, 0.3184394077), abs=1e-9)


def test_hybrid_set_is_that_of_r_within_a_step_of_its_grid() -> None:
    found = el.did.honest(EFFECTS, m=1).bounds[0]
    step = 40 * math.sqrt(VCOV[4, 4]) / 199  # R's first stage rests on 1,000 draws: its ends are among neighbours
    assert abs(found.low - 0.07055244362) < 1.1 * step
    assert abs(found.high - 0.3184394077) < step


def test_no_departure_is_the_original_interval() -> None:
    for weights in (None, "equal"):
        found = el.did.honest(EFFECTS, m=[0], weights=weights)
        assert (found.bounds[0].low, found.bounds[0].high) == pytest.approx((found.low, found.high), abs=1e-8)


@pytest.mark.parametrize("weights", AIMS)
@pytest.mark.parametrize("mbar", [0.5, 1.5])
def test_statistic_is_that_of_the_programme(mbar: float, weights: np.ndarray) -> None:
    """Smallest eta with ``A b - A_post tau <= eta sd`` over effects tau of the given target."""
    D = np.eye(4) - np.eye(4, k=-1)
    before = np.diff(np.eye(5), axis=0)[:, :4]
    theta = 0.15
    for number, one in enumerate(rm.moments(BC, Target(weights, ""), mbar)):
        s, sign = divmod(number, 2)
        y = np.concatenate([before[s], np.zeros(4)]) * (1 - 2 * sign)
        after = np.hstack([np.zeros((4, 4)), D])
        A = np.vstack([after - mbar * y, -after - mbar * y])
        sd = np.sqrt(np.diag(A @ VCOV @ A.T))
        lp = optimize.linprog(
            [1, 0, 0, 0, 0], A_ub=np.hstack([-sd[:, None], -A[:, 4:]]), b_ub=-A @ ESTIMATES,
            A_eq=[[0, *weights]], b_eq=[theta], bounds=(None, None),
        )  # fmt: skip
        statistic = (one.directions() @ np.array([one.x - theta, one.y])).max()
        assert statistic == pytest.approx(lp.fun, abs=1e-8)


@pytest.mark.parametrize("weights", AIMS[:2])
@pytest.mark.parametrize("mbar", [0.0, 1.0])
def test_least_favourable_value_by_draws(mbar: float, weights: np.ndarray) -> None:
    one = rm.moments(BC, Target(weights, ""), mbar)[4]
    n, kappa = 400_000, 0.05
    draws = np.random.default_rng(11).multivariate_normal([0, 0], one.cov, n) @ one.directions().T
    share = np.mean(draws.max(axis=1) > rm.least_favourable(one, kappa))
    assert share == pytest.approx(kappa, abs=4 * math.sqrt(kappa * (1 - kappa) / n))


def test_tails_keep_their_digits() -> None:
    found = rm._truncated_tail(np.array([40.1]), np.array([40.0]), np.array([np.inf]))
    assert found[0] == pytest.approx(math.exp(special.log_ndtr(-40.1) - special.log_ndtr(-40.0)), rel=1e-12)


@pytest.mark.parametrize("restriction", ["relative_magnitudes", "smoothness"])
def test_breakdown_is_where_zero_enters(restriction: Any) -> None:
    found = el.did.honest(EFFECTS, restriction)
    v = found.breakdown
    assert v is not None
    around = el.did.honest(EFFECTS, restriction, m=[v * (1 - 1e-4), v * (1 + 1e-4)]).bounds
    assert around[0].low > 0 > around[1].low
    assert "leaves out zero" in found.text() and "不含零" in found.text("zh") and str(found).startswith("effects")


def test_zero_in_the_original_interval_has_no_breakdown() -> None:
    found = el.did.honest((EVENTS, ESTIMATES * [1, 1, 1, 1, 0.05, 1, 1, 1], VCOV))
    assert found.breakdown is None and "already" in found.text() and "已包含零" in found.text("zh")


def test_another_base_of_the_same_effects_changes_nothing() -> None:
    full = np.insert(ESTIMATES, 4, 0.0)
    T = np.delete(np.eye(9) - np.outer(np.ones(9), np.eye(9)[2]), 2, axis=0)  # against -3
    at = np.delete(np.insert(EVENTS, 4, -1), 2)
    V = T @ np.insert(np.insert(VCOV, 4, 0, axis=0), 4, 0, axis=1) @ T.T
    for restriction in ("relative_magnitudes", "smoothness"):
        there = el.did.honest((at, T @ full, V), restriction, m=[0.5], base=-3)
        here = el.did.honest(EFFECTS, restriction, m=[0.5])
        assert (there.bounds[0].low, there.bounds[0].high) == pytest.approx(
            (here.bounds[0].low, here.bounds[0].high), abs=1e-9
        )
        assert there.breakdown == pytest.approx(here.breakdown, rel=1e-6) and "in place of -3" in there.notes[0]


def test_scale_and_order_of_arrays() -> None:
    order = np.random.default_rng(3).permutation(8)
    moved = (EVENTS[order].tolist(), 1000 * ESTIMATES[order], 1e6 * VCOV[np.ix_(order, order)])
    for restriction, m in (("relative_magnitudes", 1.0), ("smoothness", 0.02)):
        here = el.did.honest(EFFECTS, restriction, m=m)
        there = el.did.honest(moved, restriction, m=m if restriction == "relative_magnitudes" else 1000 * m)
        assert there.bounds[0].low == pytest.approx(1000 * here.bounds[0].low, rel=1e-7)


def test_effects_of_estimators() -> None:
    effects = el.did.event_study("y ~ 1", load("base_stagg"), "id", "year", cohort="year_treated", window=(-4, 4))
    found = el.did.honest(effects, event=1)
    assert found.n_pre == int(effects.pre.sum()) and "stand for several periods" in " ".join(found.notes)
    assert found.tidy().columns == ["m", "low", "high", "set_low", "set_high", "method"]
    assert found.tidy()["method"].to_list() == ["original"] + ["C-LF"] * 5 and found.tidy()["m"][0] is None
    one = effects.average([1])
    assert found.estimate == pytest.approx(one.estimate, abs=1e-12)


def test_bounds_cover_where_trends_depart_as_supposed() -> None:
    """150 draws each, seed 20230101 fixed beforehand: coverage at least .95 less three Monte Carlo errors."""
    rng = np.random.default_rng(20230101)
    t = np.array([-4, -3, -2, 0, 1])
    V = 0.01 * (np.eye(5) + 0.5)
    step = 0.3  # far from the errors: the largest step before adoption is known
    delta = {"relative_magnitudes": np.array([step, step, 0, step, 2 * step]), "smoothness": 0.05 * (t + 1.0) ** 2 / 2}
    m, n = {"relative_magnitudes": 1.0, "smoothness": 0.05}, 150
    for restriction, path in delta.items():
        draws = path + rng.multivariate_normal(np.zeros(5), V, n)
        covered = 0
        for b in draws:
            f = Trends(t, b, V, (-1,), 3)
            aim = target(f, 1, None)
            low, high = (
                fixed_length(f, aim, m[restriction], 0.95).interval
                if restriction == "smoothness"
                else rm.conditional_hybrid(f, aim, m[restriction], 0.95) or (1.0, -1.0)
            )
            covered += low <= 0 <= high
        assert covered / n >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / n), restriction


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"effects": (EVENTS[4:], ESTIMATES[4:], VCOV[4:, 4:])}, "no pre-period"),
    ({"effects": (EVENTS[:4], ESTIMATES[:4], VCOV[:4, :4])}, "no post-period"),
    ({"effects": (EVENTS, ESTIMATES, VCOV[:3])}, "(8, 8)|covariance"),
    ({"effects": (EVENTS * 2, ESTIMATES, VCOV)}, "do not follow one another"),
    ({"effects": (np.append(EVENTS[:7], -5), ESTIMATES, VCOV)}, "each once"),
    ({"effects": (EVENTS, ["a"] * 8, VCOV)}, "no arrays of numbers"),
    ({"effects": ESTIMATES}, "not ndarray"),
    ({"restriction": "smooth"}, "'smooth'"),
    ({"m": -1}, "at least zero"),
    ({"m": math.nan}, "finite"),
    ({"m": "a"}, "numbers of at least zero"),
    ({"event": -2}, "no post-period"),
    ({"event": 0, "weights": "equal"}, "either event"),
    ({"weights": "treated"}, "'treated'"),
    ({"weights": [1, 2]}, "4 finite numbers"),
    ({"weights": {9: 1.0}}, "9"),
    ({"weights": [0, 0, 0, 0]}, "not all zero"),
    ({"level": 95}, "below 1"),
    ({"base": -9}, "do not follow one another"),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_wrong_calls(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("(", r"\(").replace(")", r"\)")):
        el.did.honest(**{"effects": EFFECTS} | change)


def test_covariances_without_an_answer() -> None:
    singular = VCOV.copy()
    singular[:, 0], singular[0, :], singular[0, 0] = VCOV[:, 1], VCOV[1, :], VCOV[1, 1]
    with pytest.raises(EstimationError, match="singular") as caught:
        el.did.honest((EVENTS, ESTIMATES, singular))
    assert "fewer event times than clusters" in str(caught.value)
    unknown = VCOV.copy()
    unknown[2, :] = unknown[:, 2] = math.nan
    with pytest.raises(EstimationError, match="undefined at the event times -3"):
        el.did.honest((EVENTS, ESTIMATES, unknown))
    with pytest.raises(EstimationError, match="no variance"):
        el.did.honest((EVENTS, ESTIMATES, VCOV * np.outer([0, *[1] * 7], [0, *[1] * 7])))
    with pytest.raises(UsageError, match="not symmetric"):
        el.did.honest((EVENTS, ESTIMATES, VCOV + np.triu(VCOV, 1)))


def test_imputation_and_two_stages_are_refused() -> None:
    """Their effects before and after adoption are measured against different periods."""
    keys = {"unit": "id", "time": "year", "cohort": "year_treated"}
    for estimator in (el.did.two_stage, el.did.imputation):
        effects = estimator("y ~ 1", load("base_stagg"), **keys, window=(-3, 3))
        with pytest.raises(UsageError, match="one base period, not none"):
            el.did.honest(effects)
        with pytest.raises(UsageError, match="a linear trend needs one base period"):
            el.did.pretrend_power(effects)
        path = {int(e): 0.1 for e in effects.events}
        assert len(el.did.pretrend_power(effects, path, power=None).hypotheses) == 1
