"""Two-step linear GMM: linearmodels' IVGMM, the definition with dummies written out, equality with 2SLS, refusals."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import polars as pl
import pytest
from linearmodels.datasets import card, mroz
from linearmodels.iv import IVGMM
from scipy import stats

import econloom as el
from econloom.core.errors import EstimationError, UsageError
from econloom.core.estimate import Test as Found
from econloom.core.estimate import Unavailable
from tests.panel.samples import dummies


def sample(seed: int, n: int = 400) -> pl.DataFrame:
    """Heteroskedastic errors correlated within 40 groups; two endogenous variables, four instruments."""
    rng = np.random.default_rng(seed)
    g, t = rng.integers(0, 40, n), rng.integers(0, 6, n)
    z = rng.normal(size=(n, 4)) + 0.4 * rng.normal(size=40)[g][:, None]
    x = rng.normal(size=n) + 0.3 * z[:, 0]
    u = rng.normal(size=n) * (0.4 + z[:, 0] ** 2) + 0.7 * rng.normal(size=40)[g]
    a = z @ [1.0, 0.5, 0.2, 0.0] + 0.5 * x + 0.6 * u + rng.normal(size=n)
    b = z @ [0.0, 0.3, 0.9, 0.6] - 0.4 * u + rng.normal(size=n)
    y = 2.0 + a - 0.5 * b + 0.3 * x + u + 0.4 * z[:, 3] ** 2 + 0.1 * g
    return pl.DataFrame({"y": y, "a": a, "b": b, "x": x, "g": g, "t": t, "w": rng.uniform(0.5, 2, n)}
                        | {f"z{j + 1}": z[:, j] for j in range(4)})  # fmt: skip


FORMULA = "y ~ x | a + b ~ z1 + z2 + z3 + z4"


def written_out(data: pl.DataFrame, effects: list[str], groups: str | None, weights: str | None) -> dict[str, Any]:
    """With the constant among the moments, or dummies partialled out; coefficients, their covariance and J."""
    n = data.height
    w = data[weights].to_numpy() / data[weights].to_numpy().mean() if weights else np.ones(n)
    D = np.hstack([np.ones((n, 1)), *(dummies(data[e], drop_first=True) for e in effects)])
    X = np.hstack([data.select("a", "b", "x").to_numpy(), D])
    Z = np.hstack([data.select("z1", "z2", "z3", "z4", "x").to_numpy(), D])
    y = data["y"].to_numpy()
    if effects:
        M = np.eye(n) - D @ np.linalg.solve(D.T @ (D * w[:, None]), D.T * w)
        X, Z, y = M @ X[:, :3], M @ Z[:, :5], M @ y
    C = dummies(data[groups]) if groups else np.eye(n)

    def omega(e: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        s = C.T @ (Z * (w * e)[:, None])
        return s.T @ s

    A, zy = Z.T @ (X * w[:, None]), Z.T @ (w * y)
    W = np.linalg.inv(Z.T @ (Z * w[:, None]))
    for _ in range(2):
        b = np.linalg.solve(A.T @ W @ A, A.T @ W @ zy)
        e = y - X @ b
        last, W = W, np.linalg.pinv(omega(e), hermitian=True, rcond=1e-13)
    g = zy - A @ b
    T = np.linalg.solve(A.T @ last @ A, A.T @ last)
    return {"b": b, "V": T @ omega(e) @ T.T, "J": g @ last @ g}


@pytest.mark.parametrize("effects", ["", "t"])
@pytest.mark.parametrize("groups", [None, "g"])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("seed", range(3))
def test_definition(seed: int, weights: str | None, groups: str | None, effects: str) -> None:
    """Coefficients, covariance and J as defined."""
    data = sample(seed)
    truth = written_out(data, [effects] if effects else [], groups, weights)
    vcov = el.cluster("g") if groups else el.hc1()
    formula = FORMULA if not effects else FORMULA.replace("|", f"| {effects} |", 1)
    fit = el.iv(formula, data, vcov=vcov, weights=weights, ssc="none", method="gmm")
    k = len(fit.estimate.names)
    np.testing.assert_allclose(fit.estimate.coefficients, truth["b"][:k], rtol=1e-7)
    np.testing.assert_allclose(fit.vcov, truth["V"][:k, :k], rtol=1e-6, atol=1e-12)
    J = fit.tests["hansen_j"]
    assert isinstance(J, Found)
    assert J.statistic == pytest.approx(truth["J"], rel=1e-7)
    assert J.df == (2,)
    assert J.p_value == pytest.approx(stats.chi2.sf(truth["J"], 2), rel=1e-6)
    assert fit.glance()["hansen_j"][0] == J.statistic


@pytest.mark.parametrize("name", ["card", "mroz"])
@pytest.mark.parametrize("clustered", [False, True])
def test_linearmodels(name: str, clustered: bool) -> None:
    data = {"card": card, "mroz": mroz}[name].load()
    outcome, endogenous, x, z = {
        "card": ("lwage", "educ", ["exper", "expersq", "black", "south"], ["nearc2", "nearc4"]),
        "mroz": ("lwage", "educ", ["exper", "expersq"], ["motheduc", "fatheduc"]),
    }[name]
    data = data[[outcome, endogenous, *x, *z, "age"]].dropna()
    options: dict[str, Any] = {"cov_type": "robust"}
    if clustered:
        options = {"cov_type": "clustered", "clusters": data["age"]}
    weighing = {"weight_type": "clustered", "clusters": data["age"]} if clustered else {"weight_type": "robust"}
    theirs = IVGMM(data[outcome], data[x].assign(one=1.0), data[[endogenous]], data[z], **weighing).fit(
        **options, debiased=False
    )
    vcov = el.cluster("age") if clustered else el.hc1()
    fit = el.iv(
        f"{outcome} ~ {' + '.join(x)} | {endogenous} ~ {' + '.join(z)}", data, vcov=vcov, ssc="none", method="gmm"
    )
    names = ["one" if n == "(Intercept)" else n for n in fit.estimate.names]
    np.testing.assert_allclose(fit.estimate.coefficients, theirs.params[names], rtol=1e-6)
    np.testing.assert_allclose(fit.inference.std_error, theirs.std_errors[names], rtol=1e-6)
    J = fit.tests["hansen_j"]
    assert isinstance(J, Found)
    assert J.statistic == pytest.approx(theirs.j_stat.stat, rel=1e-6)


@pytest.mark.parametrize("vcov", [el.hc1(), el.cluster("g"), el.cluster("g", "t")])
@pytest.mark.parametrize("ssc", ["fixest", "ivreg2", "reghdfe"])
def test_just_identified_is_2sls(vcov: Any, ssc: Any) -> None:
    data = sample(5)
    for formula in ("y ~ x | a + b ~ z1 + z3", "y ~ x | g | a + b ~ z1 + z3"):
        gmm, tsls = (el.iv(formula, data, vcov=vcov, ssc=ssc, method=m) for m in ("gmm", "2sls"))
        np.testing.assert_allclose(gmm.estimate.coefficients, tsls.estimate.coefficients, rtol=1e-9)
        np.testing.assert_allclose(gmm.vcov, tsls.vcov, rtol=1e-8)
        assert "just" in getattr(gmm.tests["hansen_j"], "reason", "").lower()
        assert gmm.glance()["hansen_j"][0] is None


def test_j_is_the_one_of_the_2sls_fit() -> None:
    for formula in (FORMULA, FORMULA.replace("|", "| t |", 1)):
        gmm, tsls = (el.iv(formula, sample(4), vcov=el.cluster("g"), method=m) for m in ("gmm", "2sls"))
        ours, theirs = gmm.tests["hansen_j"], tsls.tests["hansen_j"]
        assert isinstance(ours, Found)
        assert isinstance(theirs, Found)
        assert ours.statistic == pytest.approx(theirs.statistic, rel=1e-8)


def test_scaling_pickling_and_text() -> None:
    data = sample(6)
    fit = el.iv(FORMULA, data, vcov=el.hc1(), method="gmm")
    scaled = el.iv(FORMULA, data.with_columns(pl.col("y") * 1e5, pl.col("z2") * 1e-4), vcov=el.hc1(), method="gmm")
    np.testing.assert_allclose(scaled.estimate.coefficients, fit.estimate.coefficients * 1e5, rtol=1e-7)
    assert scaled.glance()["hansen_j"][0] == pytest.approx(fit.glance()["hansen_j"][0], rel=1e-7)
    again = pickle.loads(pickle.dumps(fit))
    assert again.tidy().equals(fit.tidy())
    assert "GMM: a + b by" in repr(fit)
    assert el.etable([fit]).rows
    assert fit.first_stage["a"].sample.n == data.height
    assert fit.estimate.regressors == 3


def test_another_covariance_keeps_the_weights() -> None:
    fit = el.iv(FORMULA, sample(6), vcov=el.hc1(), method="gmm")
    other = fit.with_vcov(el.cluster("g"))
    np.testing.assert_array_equal(other.estimate.coefficients, fit.estimate.coefficients)
    J = other.tests["hansen_j"]
    assert isinstance(J, Unavailable)
    assert "weighted by hc1, not cluster(g)" in J.reason
    assert isinstance(fit.with_vcov(el.iid()).tests["sargan"], Unavailable)
    assert isinstance(fit.with_vcov(el.iid()).tests["cragg_donald_f"], Found)


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({}, UsageError, "weighs the moments by a robust covariance, not iid"),
        ({"vcov": el.hc2()}, UsageError, "robust covariance, not hc2"),
        ({"vcov": el.cluster("t"), "formula": "y ~ x | a + b ~ z1 + z2 + z3 + z4 + z1:z2 + z3:z4"},
         EstimationError, "too few clusters"),
        ({"vcov": el.hc1(), "formula": "copy ~ x | a ~ z1 + z2"}, EstimationError, "fits perfectly"),
    ],
)  # fmt: skip
def test_refused(options: dict[str, Any], kind: type[Exception], words: str) -> None:
    data = sample(7).with_columns(copy=2 * pl.col("a") + pl.col("x"))
    formula = options.pop("formula", FORMULA)
    with pytest.raises(kind, match=words):
        el.iv(formula, data, method="gmm", **options)
