"""Effective F, Anderson-Rubin and tF: definitions in slow form, identities, every shape of the set."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import econloom as el
from econloom.core.errors import UsageError
from econloom.core.estimate import Test, Unavailable
from econloom.panel.diagnostics import weak_instruments
from econloom.panel.diagnostics.tf import tf_critical_value
from econloom.panel.diagnostics.weak_instruments import ConfidenceSet, patnaik, worst_bias
from econloom.panel.instrumented import reduced_form_arrays
from tests.panel.samples import dummies

Array = npt.NDArray[np.float64]
VCOVS = {"iid": el.iid(), "hc1": el.hc1(), "firm": el.cluster("firm"), "two": el.cluster("firm", "year")}
ONE_WAY = ("iid", "hc1", "firm")


def sample(seed: int, strength: float = 0.3, invalid: float = 0.0, firms: int = 30, years: int = 8) -> pl.DataFrame:
    """Heteroskedastic panel with three instruments of x1 (z1, z2 also move x2)."""
    rng = np.random.default_rng(seed)
    firm, year = (a.ravel() for a in np.meshgrid(np.arange(firms), np.arange(years), indexing="ij"))
    n = len(firm)
    Z = rng.normal(size=(n, 3)) + 0.3 * rng.normal(size=(firms, 3))[firm]
    shock = rng.normal(size=n) * (0.5 + np.abs(Z[:, 0])) + 0.5 * rng.normal(size=firms)[firm]
    x3 = rng.normal(size=n)
    x1 = strength * Z @ [1.0, 0.5, -0.5] + 0.7 * shock + 0.2 * x3 + rng.normal(size=n)
    x2 = strength * Z @ [-0.5, 1.0, 0.3] + 0.2 * shock + rng.normal(size=n)
    y = x1 - 0.5 * x2 + 0.3 * x3 + shock + invalid * Z[:, 1] + 0.1 * firm
    columns = {f"z{j + 1}": Z[:, j] for j in range(3)}
    weights = rng.uniform(0.3, 3.0, size=n)
    return pl.DataFrame({"firm": firm, "year": year, "y": y, "x1": x1, "x2": x2, "x3": x3, "w": weights, **columns})


def model(count: int, effects: str = "firm + year", endogenous: str = "x1") -> str:
    return f"y ~ x3 | {effects} | {endogenous} ~ {' + '.join(f'z{j + 1}' for j in range(count))}"


def bound_of(fit: Any, count: int, level: float = 0.95) -> float:
    df = fit.tests["anderson_rubin"].df
    return float(stats.f.ppf(level, *df) if len(df) == 2 else stats.chi2.ppf(level, *df))


class Slow:
    """Coefficients and joint covariance of first stage and reduced form from explicit matrices, no factors."""

    def __init__(self, frame: pl.DataFrame, count: int, kind: str, weights: str | None) -> None:
        D = np.column_stack([dummies(frame["firm"]), dummies(frame["year"], drop_first=True)])
        Z = frame.select([f"z{j + 1}" for j in range(count)]).to_numpy()
        X = np.column_stack([Z, frame["x3"].to_numpy(), D])
        w = frame[weights].to_numpy() if weights else np.ones(len(X))
        w = w / w.mean()
        inverse = np.linalg.inv(X.T @ (w[:, None] * X))
        Y = frame.select(["x1", "y"]).to_numpy()
        b = inverse @ X.T @ (w[:, None] * Y)
        E = Y - X @ b
        self.n, self.L, self.pi = len(X), X.shape[1], b[:count]
        scores = np.hstack([w[:, None] * e[:, None] * X for e in E.T])
        if kind == "iid":
            meat = np.kron(E.T @ (w[:, None] * E) / self.n, X.T @ (w[:, None] * X))
        else:
            sums = scores if kind == "hc1" else dummies(frame["firm"]).T @ scores
            meat = sums.T @ sums
        V = np.kron(np.eye(2), inverse) @ meat @ np.kron(np.eye(2), inverse)
        self.W = [[V[i * self.L :, j * self.L :][:count, :count] for j in (0, 1)] for i in (0, 1)]
        Zw = Z - X[:, count:] @ np.linalg.lstsq(np.sqrt(w)[:, None] * X[:, count:], np.sqrt(w)[:, None] * Z)[0]
        self.ZZ = Zw.T @ (w[:, None] * Zw)

    def anderson_rubin(self, b: float) -> float:
        g = self.pi[:, 1] - b * self.pi[:, 0]
        W = self.W
        V = W[1][1] - b * (W[0][1] + W[1][0]) + b * b * W[0][0]
        return float(g @ np.linalg.solve(V, g))

    def effective_f(self) -> float:
        """``x'P_Z x / tr((Z'Z)^(1/2) W (Z'Z)^(1/2))``."""
        pi = self.pi[:, 0]
        return float(pi @ self.ZZ @ pi / np.trace(self.ZZ @ self.W[0][0]))


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("kind", ONE_WAY)
@pytest.mark.parametrize("count", [1, 3])
def test_by_definition(count: int, kind: str, weights: str | None) -> None:
    frame = sample(1)
    fit = el.iv(model(count), frame, vcov=VCOVS[kind], weights=weights, ssc="none")
    slow = Slow(frame, count, kind, weights)
    for null in (0.0, 1.0, -40.0):
        found = el.tests.anderson_rubin(fit, null)
        assert found.statistic == pytest.approx(slow.anderson_rubin(null), rel=1e-8)
        assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, count), rel=1e-9)
    assert fit.tests["effective_f"].statistic == pytest.approx(slow.effective_f(), rel=1e-8)


@pytest.mark.parametrize("ssc", ["fixest", "reghdfe", "areg", "ivreg2_small", "none"])
@pytest.mark.parametrize("kind", VCOVS)
@pytest.mark.parametrize(("count", "endogenous"), [(1, "x1"), (3, "x1"), (3, "x1 + x2")])
def test_wald_of_the_reduced_form(count: int, endogenous: str, kind: str, ssc: Any) -> None:
    """Anderson-Rubin of zero is the joint test of the instruments in the reduced form; of b in that of y - X2 b."""
    frame = sample(2)
    fit = el.iv(model(count, endogenous=endogenous), frame, vcov=VCOVS[kind], ssc=ssc)
    names = [f"z{j + 1}" for j in range(count)]
    found, wald = fit.tests["anderson_rubin"], fit.reduced_form.wald(names)
    assert found.statistic == pytest.approx(wald.statistic, rel=1e-9)
    assert found.df == wald.df
    assert found.p_value == pytest.approx(wald.p_value, rel=1e-8, abs=1e-15)
    moved = frame.with_columns(r=pl.col("y") - 0.7 * pl.col("x1") + (0.4 * pl.col("x2") if "x2" in endogenous else 0))
    other = el.ols(f"r ~ x3 + {' + '.join(names)} | firm + year", moved, vcov=VCOVS[kind], ssc=ssc).wald(names)
    null = {"x1": 0.7, "x2": -0.4} if "x2" in endogenous else 0.7
    assert el.tests.anderson_rubin(fit, null).statistic == pytest.approx(other.statistic, rel=1e-8)


def test_ivreg2_has_the_small_sample_form() -> None:
    fits = [el.iv(model(3), sample(3), vcov=el.hc1(), ssc=ssc) for ssc in ("ivreg2", "ivreg2_small")]  # type: ignore[arg-type]
    assert fits[0].tests["anderson_rubin"] == fits[1].tests["anderson_rubin"]
    assert fits[0].tests["anderson_rubin"].distribution == "F"


@pytest.mark.parametrize("strength", [0.0, 0.05, 0.1, 0.5])
@pytest.mark.parametrize("kind", ONE_WAY)
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_set_against_the_test(seed: int, count: int, kind: str, strength: float) -> None:
    """A value is in the set where its p value is at least 0.05; ends have p = 0.05; unbounded where F is small."""
    fit = el.iv(model(count), sample(seed + 10, strength), vcov=VCOVS[kind])
    found = el.tests.anderson_rubin_set(fit)
    assert isinstance(found, ConfidenceSet)
    bound, form = bound_of(fit, count), reduced_form_arrays(fit)
    grid = np.concatenate([1 + np.linspace(-8, 8, 201), 1 + np.tan(np.linspace(-1.57, 1.57, 200))])
    for b in grid:
        value = weak_instruments.anderson_rubin(form, np.array([b]), "").statistic
        assert (float(b) in found) == (value <= bound)
    for pair in found.intervals:
        for end in filter(math.isfinite, pair):
            assert el.tests.anderson_rubin(fit, end).statistic == pytest.approx(bound, rel=1e-8)
    if found.shape != "empty":
        assert found.bounded == (fit.tests["kleibergen_paap_f"].statistic > bound)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 3),
    kind=st.sampled_from(ONE_WAY),
    strength=st.sampled_from([0.0, 0.03, 0.1, 0.3, 3.0]),
    invalid=st.sampled_from([0.0, 0.3]),
    level=st.sampled_from([0.5, 0.9, 0.95, 0.999]),
    at=st.floats(-1.57, 1.57),
)
def test_membership(seed: int, count: int, kind: str, strength: float, invalid: float, level: float, at: float) -> None:
    fit = el.iv(model(count, "year"), sample(seed, strength, invalid, 12, 5), vcov=VCOVS[kind])
    found = el.tests.anderson_rubin_set(fit, level)
    assert isinstance(found, ConfidenceSet)
    b, bound = 1 + math.tan(at), bound_of(fit, count, level)
    value = el.tests.anderson_rubin(fit, b).statistic
    if abs(value / bound - 1) > 1e-7:
        assert (b in found) == (value < bound)
    flat = [end for pair in found.intervals for end in pair]
    assert flat == sorted(flat)


@pytest.mark.parametrize("count", [1, 3])
def test_quadratic_inequality(count: int) -> None:
    """Under iid errors, the roots of one quadratic."""
    frame = sample(4)
    fit = el.iv(model(count), frame, ssc="none")
    slow, found = Slow(frame, count, "iid", None), el.tests.anderson_rubin_set(fit)
    c = stats.chi2.ppf(0.95, count)
    inverse = np.linalg.inv(slow.W[0][0])
    scale = [slow.W[i][j][0, 0] / slow.W[0][0][0, 0] for i, j in ((1, 1), (0, 1), (0, 0))]
    x, y = slow.pi.T
    roots = np.roots([
        x @ inverse @ x - c * scale[2], -2 * (x @ inverse @ y - c * scale[1]), y @ inverse @ y - c * scale[0]
    ])  # fmt: skip
    ends = [end for pair in found.intervals for end in pair if math.isfinite(end)]
    np.testing.assert_allclose(ends, np.sort(roots), rtol=1e-9)


SHAPES = {
    "interval": (0.5, 0.0, 3, "iid"),
    "two rays": (0.06, 0.0, 1, "iid"),
    "whole line": (0.0, 0.0, 1, "iid"),
    "empty": (0.5, 1.0, 3, "iid"),
    "several intervals": (0.1, 0.0, 3, "firm"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape: str) -> None:
    """Each occurs, and says itself in words."""
    strength, invalid, count, kind = SHAPES[shape]
    words = {
        "interval": "], interval, bounded",
        "two rays": "), two rays, unbounded: the instruments are weak",
        "whole line": "the whole line, unbounded: no value is rejected, the instruments are too weak",
        "empty": "empty: every value is rejected, the instruments and the model contradict each other",
        "several intervals": " or ",
    }
    for seed in range(300):
        frame = sample(seed, strength, invalid, *((12, 5) if kind == "firm" else (30, 8)))
        found = el.tests.anderson_rubin_set(el.iv(model(count, "year"), frame, vcov=VCOVS[kind]))
        if found.shape == shape:
            break
    assert found.shape == shape
    assert str(found).startswith("95 per cent Anderson-Rubin set of x1: ")
    assert words[shape] in str(found)
    assert pickle.loads(pickle.dumps(found)) == found
    with pytest.raises(TypeError):
        float(found)


def test_units_and_order() -> None:
    """Scales of y and x move the set with them; those of z, origins, the order of rows do not matter."""
    frame = sample(5)
    plain = el.iv(model(3), frame, vcov=el.cluster("firm"))
    other = frame.sample(fraction=1.0, shuffle=True, seed=1).with_columns(
        y=1e5 * pl.col("y") + 7, x1=1e-4 * pl.col("x1"), z2=1e6 * pl.col("z2") - 3
    )
    moved = el.iv(model(3), other, vcov=el.cluster("firm"))
    ends = np.array(el.tests.anderson_rubin_set(plain).intervals)
    np.testing.assert_allclose(np.array(el.tests.anderson_rubin_set(moved).intervals) / 1e9, ends, rtol=1e-7)
    for name in ("effective_f", "anderson_rubin"):
        a, b = plain.tests[name], moved.tests[name]
        assert b.statistic == pytest.approx(a.statistic, rel=1e-8)
        np.testing.assert_allclose([v for _, v in b.critical_values], [v for _, v in a.critical_values], rtol=1e-6)


@pytest.mark.parametrize("kind", VCOVS)
def test_effective_f_with_one_instrument(kind: str) -> None:
    """The robust F, 23.1 at 10 per cent whatever the covariance."""
    fit = el.iv(model(1), sample(6), vcov=VCOVS[kind])
    found = fit.tests["effective_f"]
    assert found.statistic == pytest.approx(fit.tests["first_stage_f"].statistic, rel=1e-10)
    values = dict(found.critical_values)
    assert values["10% of worst-case bias"] == pytest.approx(values["10% simplified"], rel=1e-9)
    assert values["10% simplified"] == pytest.approx(23.1085, abs=1e-4)


def test_effective_f_under_iid() -> None:
    fit = el.iv(model(3), sample(6))
    assert fit.tests["effective_f"].statistic == pytest.approx(fit.tests["first_stage_f"].statistic, rel=1e-10)
    liml = el.iv(model(3), sample(6), method="liml").tests["effective_f"]
    assert liml.statistic == fit.tests["effective_f"].statistic
    assert liml.critical_values == ()


@pytest.mark.parametrize("kind", ONE_WAY)
@pytest.mark.parametrize("seed", range(5))
def test_worst_bias_on_a_grid(seed: int, kind: str) -> None:
    """The definition over coefficients b, by the extreme eigenvalues; never above the simplified bound of 1."""
    form = reduced_form_arrays(el.iv(model(3), sample(seed + 30), vcov=VCOVS[kind]))
    W1, W12, W2 = form.omega[1, 1], form.omega[0, 1], form.omega[0, 0]
    best = 0.0
    for b in np.concatenate([np.linspace(-6, 8, 4001), [-1e6, 1e6]]):
        S12, S1 = W12 - b * W2, W1 - b * (W12 + W12.T) + b * b * W2
        values = np.linalg.eigvalsh((S12 + S12.T) / 2)
        far = np.abs(np.trace(S12) - 2 * values[[0, -1]]).max()
        best = max(best, far / math.sqrt(np.trace(S1) * np.trace(W2)))
    found = worst_bias(form)
    assert found is not None
    assert best - 1e-9 <= found <= min(best + 1e-3, 1 + 1e-12)


def test_patnaik_by_simulation() -> None:
    """The critical value is near the quantile of the statistic it stands for, and below the largest one."""
    rng = np.random.default_rng(5)
    W = np.diag([0.6, 0.3, 0.1])
    x = 10.0
    # of all pi with pi'pi = x tr W, the one along the largest eigenvalue has the fattest tail
    pi = np.array([math.sqrt(x), 0, 0])
    draws = pi + rng.normal(size=(400_000, 3)) * np.sqrt(np.diag(W))
    assert patnaik(W, x) == pytest.approx(np.quantile((draws**2).sum(axis=1), 0.95), rel=0.01)


def test_tf_table_keeps_its_size() -> None:
    """By the definition, under the worst endogeneity: t = t_AR f / f0 with f = f0 + t_AR, reject beyond c(f^2)."""
    z = np.linspace(-9, 9, 400_001)
    weight = stats.norm.pdf(z) * (z[1] - z[0])
    critical = np.vectorize(tf_critical_value)
    f = np.linspace(0, 40, 8001)
    table = critical(f**2)
    sizes = []
    for f0 in (0.2, 1, 2, 3, 4, 5, 6, 8, 10, 12, 20):
        c = np.interp(np.abs(f0 + z), f, np.where(np.isinf(table), 1e9, table))
        sizes.append(float(weight[np.abs(z * (f0 + z) / f0) > c].sum()))
    assert max(sizes) < 0.0501
    assert min(sizes[:8]) > 0.0490  # exact but for two printed digits
    assert min(sizes) > 0.0470


def test_tf() -> None:
    fit = el.iv(model(1), sample(7, 0.25), vcov=el.cluster("firm"))
    found, row = el.tests.tf(fit), fit.summary.coefficients[0]
    F = fit.tests["first_stage_f"].statistic
    assert found.first_stage_f == pytest.approx(F)
    assert 4 < F < 106
    assert found.std_error == pytest.approx(row.std_error * tf_critical_value(F) / 1.96)
    assert found.conf_high - found.estimate == pytest.approx(1.96 * found.std_error)
    assert found.rejects_zero == (abs(row.statistic) > tf_critical_value(F))
    weak = el.tests.tf(el.iv(model(1), sample(7, 0.0)))
    assert weak.first_stage_f < 4
    assert "unbounded: F is below 4" in str(weak)
    assert math.isinf(weak.conf_high)
    assert not weak.rejects_zero
    assert "one instrument; there are 1 and 2" in el.tests.tf(el.iv(model(2), sample(7))).reason


def test_several_endogenous() -> None:
    """The joint test only."""
    fit = el.iv(model(3, endogenous="x1 + x2"), sample(8))
    assert "test points with anderson_rubin(fit, null=…)" in el.tests.anderson_rubin_set(fit).reason
    assert "one endogenous" in fit.tests["effective_f"].reason
    assert fit.tests["anderson_rubin"].null == "x1, x2: zero"
    assert el.tests.anderson_rubin(fit, [1, 2]) == el.tests.anderson_rubin(fit, {"x2": 2, "x1": 1})
    for null, words in (({"x1": 1.0}, "no value for x2"), ({"x9": 1.0}, "x9"), ([1.0], "one finite number")):
        with pytest.raises(UsageError, match=words):
            el.tests.anderson_rubin(fit, null)  # type: ignore[arg-type]


def test_refusals() -> None:
    fit = el.iv(model(3), sample(9))
    with pytest.raises(UsageError, match="between 0 and 1"):
        el.tests.anderson_rubin_set(fit, level=95)
    with pytest.raises(UsageError, match="no instruments"):
        el.tests.anderson_rubin_set(el.ols("y ~ x1 | firm", sample(9)))
    few = sample(9).with_columns(group=pl.col("firm") % 3)
    clustered = el.iv(model(3), few, vcov=el.cluster("group"))
    assert isinstance(clustered.tests["anderson_rubin"], Unavailable)
    assert "too few clusters" in el.tests.anderson_rubin_set(clustered).reason
    exact = sample(9).with_columns(x1=pl.col("z1") + pl.col("z2"))
    assert "perfectly" in el.iv(model(2), exact).tests["effective_f"].reason
    assert "perfectly" in el.tests.anderson_rubin_set(el.iv(model(2), exact)).reason
    perfect = sample(9).with_columns(y=2 * pl.col("x1"))
    assert isinstance(el.tests.anderson_rubin_set(el.iv(model(2), perfect)), Unavailable)
    assert isinstance(el.tests.tf(el.iv(model(1), perfect)), Unavailable)


def test_two_ways_of_clustering() -> None:
    """A set, or the reason why there is none."""
    for seed in range(20):
        fit = el.iv(model(3), sample(seed, firms=10, years=5), vcov=VCOVS["two"])
        found = el.tests.anderson_rubin_set(fit)
        if isinstance(found, Unavailable):
            assert "not positive semi-definite" in found.reason
        else:
            assert isinstance(fit.tests["anderson_rubin"], Test)


# ivmodels 0.10.0: anderson_rubin_test at 0, 1 and 5, and inverse_anderson_rubin_test, critical_values="f"; the data are
# sample(seed, strength) with x3 exogenous; digits as rounded there to 11 decimals
IVMODELS: list[tuple[int, float, int, list[float], list[tuple[float, float]]]] = [
    (1, 0.3, 3, [3.00611101366, 0.42741455547, 12.50225657658], [(0.12953094438, 1.45764966691)]),
    (
        2,
        0.06,
        3,
        [2.00274912215, 3.26654326667, 0.07657380186],
        [(-math.inf, 0.57776394307), (1.83105280942, math.inf)],
    ),
    (3, 0.06, 1, [2.59672515336, 2.47698997186, 1.07746342112], [(-math.inf, math.inf)]),
    (4, 0.0, 2, [1.99920587179, 2.69454978479, 0.26089464882], [(-math.inf, math.inf)]),
    (5, 0.5, 2, [2.06998703655, 3.72484268638, 16.59874112648], [(-0.53871576393, 0.91450144682)]),
]


@pytest.mark.parametrize(("seed", "strength", "count", "statistics", "intervals"), IVMODELS)
def test_ivmodels(
    seed: int, strength: float, count: int, statistics: list[float], intervals: list[tuple[float, float]]
) -> None:
    frame = sample(seed, strength)
    fit = el.iv(f"y ~ x3 | x1 ~ {' + '.join(f'z{j + 1}' for j in range(count))}", frame)
    found = [el.tests.anderson_rubin(fit, null).statistic for null in (0.0, 1.0, 5.0)]
    np.testing.assert_allclose(found, statistics, rtol=1e-9)
    np.testing.assert_allclose(el.tests.anderson_rubin_set(fit).intervals, intervals, rtol=1e-9)
