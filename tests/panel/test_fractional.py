"""Fractional response against statsmodels' quasi-likelihood and numerical derivatives."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

import econloom as el
from econloom.core.errors import DataError, EstimationError, UsageError


def shares(seed: int = 1, N: int = 60, T: int = 5) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    i = np.repeat(np.arange(N), T)
    x = rng.normal(size=N * T) + 0.5 * rng.normal(size=N)[i]
    eta = 0.5 + 0.8 * x + 0.5 * rng.normal(size=N)[i]
    y = rng.binomial(20, 1 / (1 + np.exp(-eta))) / 20
    return pl.DataFrame({"i": i, "t": np.tile(np.arange(T), N), "x": x, "z": rng.normal(size=N * T), "y": y})


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_statsmodels(link: str) -> None:
    """Coefficients 1e-8; errors 1e-6, with Stata's n/(n-1) put on statsmodels' HC0 (expected information in both)."""
    frame = shares()
    X = np.column_stack([frame["x"], frame["z"], np.ones(frame.height)])
    family = sm.families.Binomial(sm.families.links.Logit() if link == "logit" else sm.families.links.Probit())
    peer = sm.GLM(frame["y"].to_numpy(), X, family=family).fit(cov_type="HC0", tol=1e-14)
    fit = el.fractional("y ~ x + z", frame, link=link)
    np.testing.assert_allclose(fit.tidy()["estimate"], peer.params, rtol=1e-8)
    n = frame.height
    if link == "logit":  # where expected and observed information are the same
        np.testing.assert_allclose(fit.tidy()["std_error"], peer.bse * np.sqrt(n / (n - 1)), rtol=1e-6)
    by_unit = el.fractional("y ~ x + z", frame, link=link, vcov=el.cluster("i"))
    groups = {"groups": frame["i"].to_numpy(), "use_correction": False}
    clustered = sm.GLM(frame["y"].to_numpy(), X, family=family).fit(cov_type="cluster", cov_kwds=groups, tol=1e-14)
    if link == "logit":
        np.testing.assert_allclose(by_unit.tidy()["std_error"], clustered.bse * np.sqrt(60 / 59), rtol=1e-6)
    effects = fit.marginal_effects()
    margins = peer.get_margeff(at="overall").margeff if hasattr(peer, "get_margeff") else None
    if margins is not None:
        np.testing.assert_allclose(effects["effect"], margins[:2], rtol=1e-6)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_covariance_written_out(link: str) -> None:
    """A^-1 B A^-1 with the expected information, and effects by numerical derivatives."""
    frame = shares(2)
    fit = el.fractional("y ~ x + z", frame, link=link)
    X, y, b = fit.rows.X, fit.rows.y, fit.estimate.coefficients
    from scipy import stats

    law = stats.logistic if link == "logit" else stats.norm
    G, g = law.cdf(X @ b), law.pdf(X @ b)
    s = X * ((y - G) * g / (G * (1 - G)))[:, None]
    A = np.linalg.inv(X.T @ (X * (g**2 / (G * (1 - G)))[:, None]))
    V = A @ s.T @ s @ A * len(y) / (len(y) - 1)
    np.testing.assert_allclose(fit.vcov, V, rtol=1e-8)
    np.testing.assert_allclose(s.sum(axis=0), 0, atol=1e-6)

    def effect(p: np.ndarray) -> float:
        return float(p[0] * law.pdf(X @ p).mean())

    J = np.array([(effect(b + h) - effect(b - h)) / 2e-6 for h in np.eye(3) * 1e-6])
    found = fit.marginal_effects()
    np.testing.assert_allclose(found["effect"][0], effect(b), rtol=1e-10)
    np.testing.assert_allclose(found["std_error"][0], np.sqrt(J @ V @ J), rtol=1e-6)


def test_unit_means_take_the_place_of_unit_effects() -> None:
    frame = shares(3)
    fit = el.fractional("y ~ x", frame, link="probit", unit="i", unit_means=True, vcov=el.cluster("i"))
    means = frame.with_columns(m=pl.col("x").mean().over("i"))
    spelt = el.fractional("y ~ x + m", means, link="probit", vcov=el.cluster("i"))
    np.testing.assert_allclose(fit.tidy()["estimate"], spelt.tidy()["estimate"], rtol=1e-9)
    assert list(fit.tidy()["term"]) == ["x", "mean(x)", "(Intercept)"]


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        ({"formula": "x ~ z"}, DataError, "outside"),
        ({"formula": "none ~ z"}, EstimationError, "0 in every row"),
        ({"formula": "split ~ x"}, EstimationError, "no maximum"),
        ({"formula": "y ~ x | i"}, UsageError, "takes no effects"),
        ({"link": "cloglog"}, UsageError, "link"),
        ({"vcov": el.iid()}, UsageError, "no iid"),
        ({"unit_means": True}, UsageError, "needs the units"),
        ({"unit_means": True, "unit": "i", "where": "x > -1"}, EstimationError, "balanced"),
        ({"vcov": el.cluster("one")}, EstimationError, "at least two"),
    ],
)
def test_wrong_input(change: dict[str, object], kind: type[Exception], says: str) -> None:
    frame = shares().with_columns(none=pl.lit(0.0), split=(pl.col("x") > 0).cast(pl.Float64), one=pl.lit(1))
    with pytest.raises(kind, match=says):
        el.fractional(**({"formula": "y ~ x", "data": frame} | change))
