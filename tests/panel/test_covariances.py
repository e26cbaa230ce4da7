"""Covariances against pyfixest 0.60, explicit dummies and their definitions."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EstimationError, UsageError
from econloom.panel.inference.clustering import nearest_definite
from tests.panel import test_iv_stata as stata
from tests.panel.samples import dummies, random_panel
from tests.panel.test_pyfixest import peer

WAYS = {
    "firm + year": ("firm", "year"),
    "province + year": ("province", "year"),
}


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("effects", ["", "firm", "firm + year", "province + year", "firm + province^year"])
@pytest.mark.parametrize("clusters", WAYS)
@pytest.mark.parametrize("seed", range(3))
def test_two_ways_against_pyfixest(seed: int, clusters: str, effects: str, weights: str | None) -> None:
    frame = random_panel(500 + seed, missing=0.04)
    formula = "y ~ x1 + x2" + (f" | {effects}" if effects else "")
    fit = el.ols(formula, frame, vcov=el.cluster(*WAYS[clusters]), weights=weights)
    other = peer(formula, frame, {"CRV1": clusters}, weights, "keep")
    assert fit.inference.df == min(g.levels for g in fit.clusters) - 1
    if any("eigenvalues" in w and "zero" in w for w in fit.warnings):
        return
    names = {"(Intercept)": "Intercept"}
    for row in fit.tidy().iter_rows(named=True):
        name = names.get(row["term"], row["term"])
        assert row["std_error"] == pytest.approx(other.se()[name], rel=1e-6)
        assert row["p_value"] == pytest.approx(other.pvalue()[name], rel=1e-5)


@pytest.mark.parametrize("kind", ["hc2", "hc3"])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("seed", range(4))
def test_leverages_against_pyfixest(seed: int, weights: str | None, kind: str) -> None:
    frame = random_panel(600 + seed, missing=0.04)
    fit = el.ols("y ~ x1 + x2 + x3", frame, vcov=getattr(el, kind)(), weights=weights)
    other = peer("y ~ x1 + x2 + x3", frame, kind.upper(), weights, "keep")
    np.testing.assert_allclose(fit.tidy()["std_error"], np.r_[other.se().to_numpy()[1:], other.se().iloc[0]], rtol=1e-6)


@pytest.mark.parametrize("effects", ["firm", "firm + year", "province + year + x3", "year^province + firm"])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("kind", ["hc2", "hc3"])
def test_leverages_with_effects(effects: str, weights: str | None, kind: str) -> None:
    """The diagonal of the hat matrix on explicit dummies."""
    frame = random_panel(70, missing=0.03).drop_nulls().sample(fraction=1, shuffle=True, seed=3)
    terms = [e.strip() for e in effects.split("+")]
    columns = [frame.select(pl.concat_str(*e.split("^"), separator="^")).to_series() for e in terms]
    w = frame["w"].to_numpy() / frame["w"].mean() if weights else np.ones(frame.height)
    Z = np.column_stack([frame.select("x1", "x2").to_numpy(), *map(dummies, columns)]) * np.sqrt(w)[:, None]
    y = frame["y"].to_numpy() * np.sqrt(w)
    inverse = np.linalg.pinv(Z.T @ Z, rcond=1e-11)
    h = np.einsum("ij,jk,ik->i", Z, inverse, Z)
    e = y - Z @ (inverse @ (Z.T @ y))
    e = np.where(h > 1 - 1e-10, 0, e / np.where(h > 1 - 1e-10, 1, 1 - h) ** (0.5 if kind == "hc2" else 1))
    V = inverse @ (Z.T * e**2) @ Z @ inverse
    fit = el.ols(f"y ~ x1 + x2 | {effects}", frame, vcov=getattr(el, kind)(), weights=weights, ssc="none")
    np.testing.assert_allclose(fit.vcov, V[:2, :2], rtol=1e-8)
    rows = int((h > 1 - 1e-10).sum())
    assert any("leverage 1" in w for w in fit.warnings) == (rows > 0)


def test_leverages_that_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("econloom.panel.absorb.effects.DENSE_LEVELS", 2)
    with pytest.raises(EstimationError, match="hc3 need the leverage"):
        el.ols("y ~ x1 | firm + year", random_panel(1), vcov=el.hc3())
    with pytest.raises(EstimationError, match="not defined beside instruments"):
        el.iv("y ~ 1 | firm | x1 ~ x2", random_panel(1), vcov=el.hc2())


def test_three_ways_by_definition() -> None:
    frame = random_panel(9, missing=0.02)
    fit = el.ols("y ~ x1 + x2 | firm", frame, vcov=el.cluster("firm", "year", "province^year"), ssc="none")
    scores = fit.estimate.scores(fit.absorbed)
    rows = frame[fit.design.rows]
    keys = [["firm"], ["year"], ["province", "year"]]
    meat = np.zeros((2, 2))
    for size in (1, 2, 3):
        for chosen in combinations(keys, size):
            names = sorted({n for key in chosen for n in key})
            codes = rows.select(pl.struct(names).rank("dense")).to_series().to_numpy() - 1
            sums = np.column_stack([np.bincount(codes, s) for s in scores.T])
            meat += (-1) ** (size + 1) * sums.T @ sums
    T = fit.estimate.transform
    np.testing.assert_allclose(fit.vcov, nearest_definite(T @ meat @ T.T)[0], rtol=1e-9)
    assert fit.inference.df is None


def test_a_negative_variance_is_mended_and_said() -> None:
    V, said = nearest_definite(np.array([[1.0, 0.3], [0.3, -0.2]]))
    assert np.linalg.eigvalsh(V)[0] >= -1e-12
    assert said and "set to zero" in said
    V, said = nearest_definite(np.array([[1.0, 2.0], [2.0, 1.0]]))
    assert V[0, 1] == 2.0
    assert said and "not positive semi-definite" in said
    frames = (random_panel(seed) for seed in range(800, 860))
    fits = [el.ols("y ~ x1 + x2 + x3 | firm", f, vcov=el.cluster("firm", "year", "province")) for f in frames]
    mended = [fit for fit in fits if any("set to zero" in w for w in fit.warnings)]
    assert mended
    for fit in mended:
        assert np.linalg.eigvalsh(fit.vcov)[0] > -1e-12


@pytest.mark.parametrize("vcov", [el.cluster("firm"), el.iid()])
def test_reghdfe_is_xtreg_for_one_nested_effect(vcov: Any) -> None:
    frame = random_panel(31)
    for effects in ("firm", "firm + year"):
        a, b = (el.ols(f"y ~ x1 + x2 | {effects}", frame, vcov=vcov, ssc=s, unit="firm") for s in ("reghdfe", "xtreg"))
        np.testing.assert_allclose(a.vcov, b.vcov[:2, :2], rtol=1e-10)


def test_reghdfe_counts_pairs() -> None:
    frame = random_panel(33)
    fit = el.ols("y ~ x1 | firm + province + year", frame, ssc="reghdfe")
    levels = [frame[c].n_unique() for c in ("firm", "province", "year")]
    assert fit.counts.redundant == (0, levels[1], 1)
    assert fit.inference.df == frame.height - 1 - levels[0] - levels[2] + 1
    clustered = fit.with_vcov(el.cluster("province"))
    assert clustered.counts.nested == (True, True, False)


def test_areg_and_ivreg2_by_formula() -> None:
    frame = random_panel(35)
    n, G = frame.height, frame["firm"].n_unique()
    plain = el.ols("y ~ x1 + x2 | firm", frame, ssc="none", vcov=el.cluster("firm"))
    areg = el.ols("y ~ x1 + x2 | firm", frame, ssc="areg", vcov=el.cluster("firm"))
    np.testing.assert_allclose(areg.vcov, plain.vcov * G / (G - 1) * (n - 1) / (n - G - 2), rtol=1e-12)
    assert areg.inference.df == G - 1
    large = el.ols("y ~ x1 + x2", frame, ssc="ivreg2")
    small = el.ols("y ~ x1 + x2", frame, ssc="ivreg2_small")
    np.testing.assert_allclose(small.vcov, large.vcov * n / (n - 3), rtol=1e-12)
    assert (large.inference.distribution, small.inference.df) == ("normal", n - 3)


@pytest.mark.parametrize("ssc", ["reghdfe", "areg", "ivreg2", "ivreg2_small", "xtreg"])
def test_what_a_program_does_not_have(ssc: Any) -> None:
    with pytest.raises(UsageError, match="has no hc3"):
        el.ols("y ~ x1 | firm", random_panel(1), vcov=el.hc3(), ssc=ssc)
    with pytest.raises(UsageError, match="twice"):
        el.cluster("a", "a")
    with pytest.raises(UsageError, match="7 ways"):
        el.cluster(*"abcdefg")


def test_a_counted_rank_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("econloom.panel.absorb.effects.DENSE_LEVELS", 2)
    frame = random_panel(3)
    for ssc, said in (("areg", True), ("fixest", False), ("xtreg", True)):
        fit = el.ols("y ~ x1 | firm + year + x3", frame, ssc=ssc, unit="firm")  # type: ignore[arg-type]
        assert any("counted from their levels" in w for w in fit.warnings) == said
    two = el.ols("y ~ x1 | firm + year", frame, ssc="areg")
    assert not any("counted" in w for w in two.warnings)


@pytest.mark.parametrize(("ssc", "ending"), [("ivreg2", "asymptotic"), ("ivreg2_small", "small")])
@pytest.mark.parametrize("kind", stata.VCOV)
@pytest.mark.parametrize("method", ["2sls", "liml"])
def test_ivreg2_is_ivregress_without_effects(method: Any, kind: str, ssc: Any, ending: str) -> None:
    """Stata 13's log (see :mod:`tests.panel.test_iv_stata`); the two commands share their formulas there."""
    housing = pl.from_pandas(pd.read_csv(stata.HERE.joinpath("housing.csv").open()))
    formula = "rent ~ pcturban | hsngval ~ faminc + region"
    fit = el.iv(formula, housing, vcov=stata.VCOV[kind], method=method, ssc=ssc)
    stata.agree(fit, stata.HOUSING[f"{method}-{kind}-{ending}"])
