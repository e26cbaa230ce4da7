"""Hausman's test in its forms and likelihood ratios: plm, definitions written out, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

import econloom as el
from econloom.core.errors import UsageError
from econloom.core.estimate import Test as Found
from econloom.core.estimate import Unavailable
from tests.panel.r_programs import needs_r, run_r
from tests.panel.samples import random_panel
from tests.panel.test_random_effects import firms, states

# ``phtest(method = "aux")`` has a column of ones where unequal theta_i want 1 - theta_i: the regression is run by hand
PHTEST = """
library(plm)
p <- pdata.frame(d, index = c("unit", "time"))
fe <- plm(FORMULA, p, model = "within"); re <- plm(FORMULA, p, model = "random")
out$classic <- unlist(phtest(fe, re)[c("statistic", "parameter", "p.value")])
library(sandwich)
Y <- as.numeric(pmodel.response(re)); X <- as.matrix(model.matrix(re))
W <- as.matrix(model.matrix(fe, cstcovar.rm = "all"))
aux <- lm(Y ~ 0 + X + W)
at <- ncol(X) + seq_len(ncol(W))
V <- vcovCL(aux, cluster = index(re)[[1]], type = "HC0", cadjust = FALSE)[at, at]
H <- c(coef(aux)[at] %*% solve(V, coef(aux)[at]))
out$robust <- c(H, ncol(W), pchisq(H, ncol(W), lower.tail = FALSE))
"""


def both(formula: str, data: pl.DataFrame, **options: Any) -> tuple[Any, Any]:
    fe = el.ols(f"{formula} | unit", data)
    return fe, el.random_effects(formula, data, unit="unit", components="baltagi_chang", **options)


def against_plm(formula: str, data: pl.DataFrame, folder: Path, indefinite: Any = "unavailable") -> None:
    theirs = run_r(PHTEST.replace("FORMULA", formula), data, folder)
    fe, re = both(formula, data)
    classic = el.tests.hausman(fe, re, indefinite=indefinite)
    robust = el.tests.hausman(fe, re.with_ssc("none"), form="mundlak")
    for ours, name in ((classic, "classic"), (robust, "robust")):
        if isinstance(ours, Unavailable):  # plm prints the absolute value of a negative statistic
            assert f"negative ({-theirs[name][0]:.4g})" in ours.reason
            continue
        np.testing.assert_allclose([ours.statistic, *ours.df, ours.p_value], theirs[name], rtol=1e-5, err_msg=name)


@needs_r("plm")
def test_plm_grunfeld(tmp_path: Path) -> None:
    against_plm("invest ~ value + capital", firms().rename({"firm": "unit", "year": "time"}), tmp_path)


@needs_r("plm")
def test_plm_produc(tmp_path: Path) -> None:
    """The printed chi2(4) = 9.52542 inverts an indefinite difference."""
    data = states().rename({"st_abb": "unit", "yr": "time"})
    formula = "log(gsp) ~ log(p_cap) + log(pc) + log(emp) + unemp"
    assert isinstance(el.tests.hausman(*both(formula, data)), Unavailable)
    against_plm(formula, data, tmp_path, "generalised_inverse")


@needs_r("plm")
@pytest.mark.parametrize("seed", range(6))
def test_plm_unbalanced(seed: int, tmp_path: Path) -> None:
    data = random_panel(60 + seed).drop("w").rename({"firm": "unit", "year": "time"})
    against_plm("y ~ x1 + x2", data, tmp_path, "generalised_inverse")


def test_grunfeld_as_printed() -> None:
    """plm 2.6-2: chi2(2) = 2.33037, p = .31187; Baltagi (2021), ch. 4."""
    found = el.tests.hausman(*both("invest ~ value + capital", firms().rename({"firm": "unit"})))
    assert isinstance(found, Found)
    assert found.df == (2,)
    assert found.statistic == pytest.approx(2.33037, abs=1e-5)
    assert found.p_value == pytest.approx(0.31187, abs=1e-5)


def test_error_variances() -> None:
    """``sigmamore`` and ``sigmaless`` written out."""
    fe, re = both("invest ~ value + capital", firms().rename({"firm": "unit"}))
    s1, s0 = fe.glance()["sigma"][0] ** 2, re.glance()["sigma"][0] ** 2
    d = fe.estimate.coefficients - re.estimate.coefficients[:2]
    V1, V0 = fe.vcov, re.vcov[:2, :2]
    for errors, (a, b) in {"own": (1, 1), "efficient": (s0 / s1, 1), "consistent": (1, s1 / s0)}.items():
        found = el.tests.hausman(fe, re, errors=errors)
        assert isinstance(found, Found)
        assert found.statistic == pytest.approx(d @ np.linalg.solve(a * V1 - b * V0, d), rel=1e-9)


def indefinite() -> tuple[Any, Any]:
    """A panel of which the own variances of both fits differ so that one eigenvalue is negative."""
    rng = np.random.default_rng(11)
    for _ in range(200):
        n, periods = 12, 4
        unit = np.repeat(np.arange(n), periods)
        u = rng.normal(size=n)[unit] * 0.3
        x, z = rng.normal(size=n * periods), rng.normal(size=n * periods)
        y = x + z + u + rng.normal(size=n * periods)
        fe, re = both("y ~ x + z", pl.DataFrame({"unit": unit, "y": y, "x": x, "z": z}))
        values = np.linalg.eigvalsh(fe.vcov - re.vcov[:2, :2])
        if values[0] < 0 < values[1]:
            return fe, re
    raise AssertionError("no such draw")


def test_an_indefinite_difference_is_an_answer() -> None:
    fe, re = indefinite()
    found = el.tests.hausman(fe, re)
    assert isinstance(found, Unavailable)
    assert "not positive definite: 1 of 2 eigenvalues" in found.reason
    assert "generalised_inverse" in found.reason
    chosen = el.tests.hausman(fe, re, indefinite="positive_part")
    assert isinstance(chosen, Found)
    assert chosen.df == (1,)
    assert chosen.statistic >= 0
    printed = el.tests.hausman(fe, re, indefinite="generalised_inverse")
    d = fe.estimate.coefficients - re.estimate.coefficients[:2]
    H = d @ np.linalg.solve(fe.vcov - re.vcov[:2, :2], d)
    assert isinstance(printed, Found if H > 0 else Unavailable)
    if isinstance(printed, Found):
        assert printed.statistic == pytest.approx(H, rel=1e-6)
    assert isinstance(el.tests.hausman(fe, re, form="mundlak"), Found)


def test_generalised_inverse_changes_nothing_where_it_is_definite() -> None:
    fits = both("invest ~ value + capital", firms().rename({"firm": "unit"}))
    a, b = el.tests.hausman(*fits), el.tests.hausman(*fits, indefinite="generalised_inverse")
    assert isinstance(a, Found)
    assert isinstance(b, Found)
    assert a.statistic == pytest.approx(b.statistic, rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_mundlak_is_the_regression_with_unit_means(seed: int) -> None:
    """Quasi-demeaned by hand with the means as regressors, clustered by unit."""
    data = random_panel(seed).rename({"firm": "unit"})
    fe, re = both("y ~ x1 + x2", data)
    found = el.tests.hausman(fe, re.with_ssc("none"), form="mundlak")
    unit = data["unit"].rank("dense").to_numpy().astype(int) - 1
    theta = re.components.theta[unit][:, None]
    M = np.stack([np.bincount(unit, data[c]) / np.bincount(unit) for c in ("y", "x1", "x2")], axis=1)[unit]
    Z = data.select("y", "x1", "x2").to_numpy() - theta * M
    X = np.hstack([Z[:, 1:], 1 - theta, (1 - theta) * M[:, 1:]])
    A = np.linalg.inv(X.T @ X)
    b = A @ X.T @ Z[:, 0]
    s = np.stack([np.bincount(unit, v) for v in (X * (Z[:, 0] - X @ b)[:, None]).T], axis=1)
    V = A @ s.T @ s @ A
    assert isinstance(found, Found)
    assert found.statistic == pytest.approx(b[3:] @ np.linalg.solve(V[3:, 3:], b[3:]), rel=1e-8)


def test_year_dummies_do_not_count_in_a_balanced_panel() -> None:
    data = firms().rename({"firm": "unit"})
    fe = el.ols("invest ~ value + capital | unit + year", data)
    re = el.random_effects("invest ~ value + capital + i(year)", data, unit="unit", time="year")
    for form in ("classic", "mundlak"):
        found = el.tests.hausman(fe, re, form=form)
        assert isinstance(found, Found | Unavailable)
        if isinstance(found, Found):
            assert found.df == (2,)


def test_clusters_of_the_second_fit() -> None:
    data = firms().rename({"firm": "unit"}).with_columns(half=pl.col("unit").rank("dense") // 3)
    fe, re = both("invest ~ value", data)
    a = el.tests.hausman(fe, re, form="mundlak")
    b = el.tests.hausman(fe, re.with_vcov(el.cluster("unit")), form="mundlak")
    c = el.tests.hausman(fe, re.with_vcov(el.cluster("half")), form="mundlak")
    assert isinstance(a, Found)
    assert a == b != c
    robust = el.tests.hausman(fe.with_vcov(el.hc1()), re)
    assert isinstance(robust, Unavailable)
    assert "assumes iid errors, not hc1" in robust.reason


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda fe, re, d: (re, fe), "second fit has no random effects"),
        (lambda fe, re, d: (el.ols("y ~ x1", d), re), "no fixed effects of 'unit'"),
        (lambda fe, re, d: (el.ols("y ~ x1 | unit", d, where="year > 2001"), re), "different samples"),
        (lambda fe, re, d: (el.ols("x2 ~ x1 | unit", d), re), "different outcomes: x2 and y"),
        (lambda fe, re, d: (el.ols("y ~ x3 | unit", d), re), "no slope in common"),
        (lambda fe, re, d: (el.ols("y ~ x1 | unit", d, weights="w"), re), "weighted"),
    ],
)
def test_refused(make: Any, words: str) -> None:
    data = random_panel(3).rename({"firm": "unit"})
    fe, re = both("y ~ x1 + x2", data)
    with pytest.raises(UsageError, match=words):
        el.tests.hausman(*make(fe, re, data))
    with pytest.raises(UsageError, match="form"):
        el.tests.hausman(fe, re, form="robust")  # type: ignore[arg-type]


def test_likelihood_ratio() -> None:
    """``n log(rss_small / rss_big)``, as study gvc_gaps compares its columns."""
    data = random_panel(8)
    for effects in ("", " | firm", " | firm + year"):
        small, big = el.ols(f"y ~ x1{effects}", data), el.ols(f"y ~ x1 + x2 + x3{effects}", data)
        found = el.tests.likelihood_ratio(small, big)
        truth = data.height * math.log(small.estimate.rss / big.estimate.rss)
        assert isinstance(found, Found)
        assert found.df == (2,)
        assert found.statistic == pytest.approx(truth, rel=1e-9)
        assert found.p_value == pytest.approx(stats.chi2.sf(truth, 2), rel=1e-9)
    pooled = el.tests.likelihood_ratio(el.ols("y ~ x1 + province", data), el.ols("y ~ x1 + province | firm", data))
    assert isinstance(pooled, Found)
    assert pooled.df == (data["firm"].n_unique() - 2,)
    nested = el.tests.likelihood_ratio(el.ols("y ~ x1 | province", data), el.ols("y ~ x1 | firm", data))
    assert isinstance(nested, Found)


@pytest.mark.parametrize(
    ("small", "big", "words"),
    [
        (("y ~ x1", {}), ("y ~ x1 + x2", {"where": "x2 > 0"}), "different samples"),
        (("y ~ x1", {}), ("log(w) ~ x1 + x2", {}), "different outcomes"),
        (("y ~ x3", {}), ("y ~ x1 + x2", {}), "not nested in the second, which lacks x3"),
        (("y ~ x1 | year", {}), ("y ~ x1 + x2 | firm", {}), "lacks effects year"),
        (("y ~ x1", {}), ("y ~ x1 + x2", {"weights": "w"}), "different weights"),
    ],
)
def test_likelihood_ratio_refused(small: Any, big: Any, words: str) -> None:
    data = random_panel(8)
    fits = [el.ols(formula, data, **options) for formula, options in (small, big)]
    with pytest.raises(UsageError, match=words):
        el.tests.likelihood_ratio(*fits)


def test_likelihood_ratio_of_other_rows_of_equal_number() -> None:
    data = random_panel(8).with_columns(row=pl.int_range(pl.len()))
    a, b = (el.ols("y ~ x1", data, where=w) for w in ("row > 2", "row != 9 and row != 10 and row != 11"))
    with pytest.raises(UsageError, match="other rows, though"):
        el.tests.likelihood_ratio(a, b)


def test_likelihood_ratio_without_a_likelihood() -> None:
    data = random_panel(8).with_columns(copy=2 * pl.col("x1"))
    re = [el.random_effects(f, data, unit="firm") for f in ("y ~ x1", "y ~ x1 + x2")]
    found = el.tests.likelihood_ratio(*re)
    assert isinstance(found, Unavailable)
    assert "generalised least squares" in found.reason
    iv = [el.iv(f, data) for f in ("y ~ 1 | x1 ~ x2", "y ~ x3 | x1 ~ x2")]
    assert "instruments" in getattr(el.tests.likelihood_ratio(*iv), "reason", "")
    perfect = [el.ols(f, data) for f in ("copy ~ x1", "copy ~ x1 + x2")]
    assert "perfectly" in getattr(el.tests.likelihood_ratio(*perfect), "reason", "")
    same = el.tests.likelihood_ratio(*[el.ols("y ~ x1", data)] * 2)
    assert "nothing to test" in getattr(same, "reason", "")
