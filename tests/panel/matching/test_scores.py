"""Logit and probit of the score against statsmodels, R and the numbers of reference; separation."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

import econloom as el
from econloom.core.errors import EstimationError
from econloom.panel.nonlinear.binary import binary, separating
from tests.panel.matching.samples import LALONDE, lalonde

LOGIT = {  # R's glm(binomial), and MatchIt's score
    "(Intercept)": -1.6632816, "age": 0.015777071, "educ": 0.16130688, "racehispan": -2.0817341,
    "racewhite": -3.0653677, "married": -0.83211327, "nodegree": 0.70729688, "re74": -7.1776686e-05,
    "re75": 5.3446446e-05,
}  # fmt: skip
PROBIT = {  # R's glm(binomial("probit"), epsilon = 1e-14); Fisher scoring leaves 2e-8
    "(Intercept)": -0.893431950315607, "age": 0.00864700537296882, "educ": 0.0921263270820518,
    "racehispan": -1.24771985034733, "racewhite": -1.77534499131301, "married": -0.475295661097695,
    "nodegree": 0.382324718805368, "re74": -4.23092998559125e-05, "re75": 2.97911205844101e-05,
}  # fmt: skip


@pytest.mark.parametrize(("score", "numbers", "tolerance"), [("logit", LOGIT, 3e-8), ("probit", PROBIT, 3e-8)])
def test_lalonde(score: str, numbers: dict[str, float], tolerance: float) -> None:
    made = el.matching.match(LALONDE, lalonde(), score=score).score.tidy()
    found = dict(made.select("term", "estimate").rows())
    assert found == {k: pytest.approx(v, rel=tolerance) for k, v in numbers.items()}


@pytest.mark.parametrize(("link", "model"), [("logit", sm.Logit), ("probit", sm.Probit)])
def test_statsmodels(link: str, model: type) -> None:
    """Newton with the observed information, too: coefficients 1e-9, errors 1e-9, likelihoods."""
    rng = np.random.default_rng(2)
    X = np.column_stack([rng.normal(size=(800, 3)) * [1, 1e4, 1e-3], np.ones(800)])
    y = (X @ [0.5, 1e-4, 300, -0.2] + rng.logistic(size=800) > 0).astype(float)
    made = binary(y, X, link, ["a", "b", "c", "(Intercept)"])
    other = model(y, X / [1, 1e4, 1e-3, 1]).fit(disp=0, tol=1e-14)
    scale = np.array([1, 1e4, 1e-3, 1])
    np.testing.assert_allclose(made.coefficients * scale, other.params, rtol=1e-9)
    np.testing.assert_allclose(made.bread * np.outer(scale, scale), other.cov_params(), rtol=1e-9, atol=1e-15)
    assert made.loglik == pytest.approx(other.llf, rel=1e-12)
    np.testing.assert_allclose(made.scores.sum(axis=0) / np.abs(made.scores).sum(axis=0), 0, atol=1e-13)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_separation_is_named(link: str) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 3))
    frame = pl.DataFrame(x, schema=["a", "b", "c"])
    complete = frame.with_columns(d=(pl.col("a") > 0).cast(pl.Int8))
    with pytest.raises(EstimationError, match=r"score: a separates treated from untreated completely"):
        el.matching.match("d ~ a + b + c", complete, score=link)
    together = frame.with_columns(d=(pl.col("a") + pl.col("b") > 0).cast(pl.Int8))
    with pytest.raises(EstimationError, match=r"a, b separate treated .* completely"):
        el.matching.match("d ~ a + b + c", together, score=link)
    dummy = frame.with_columns(e=(pl.col("c") > 1.2).cast(pl.Int8))
    quasi = dummy.with_columns(d=pl.when(pl.col("e") == 1).then(1).otherwise(pl.Series(rng.integers(0, 2, 200))))
    with pytest.raises(EstimationError, match=r"e separates treated .* in \d+ of 200 rows"):
        el.matching.match("d ~ a + b + e", quasi, score=link)


def test_a_steep_score_is_no_separation() -> None:
    """One row on the wrong side, and an index far from zero: there is a maximum, and it is found."""
    x = np.arange(-30.0, 30.0)
    y = (x > 0).astype(float)
    y[35] = 0.0
    Z = np.column_stack([x, np.ones(60)])
    assert separating(y, Z) is None
    made = binary(y, Z, "logit", ["x", "(Intercept)"])
    other = sm.Logit(y, Z).fit(disp=0, tol=1e-14)
    np.testing.assert_allclose(made.coefficients, other.params, rtol=1e-7)
