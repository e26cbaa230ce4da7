"""Imputation and two-stage estimators against their formulas in dense algebra, diff-diff and pyfixest."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import DataError, EconloomError, EstimationError, UsageError
from econloom.core.estimate import Test
from econloom.panel.did.borusyak import ImputedEffects


def panel(seed: int, units: int = 60, periods: int = 7, lost: float = 0.0, never: bool = True) -> pl.DataFrame:
    """Staggered adoption with dynamic effects; ``c`` is a covariate, ``w`` weights, ``s`` clusters of units."""
    rng = np.random.default_rng(seed)
    i, t = np.repeat(np.arange(units), periods), np.tile(np.arange(2001, 2001 + periods), units)
    g = rng.choice([2003, 2004, 2006, *([9999] if never else [])], units)[i]
    c = rng.normal(size=len(i)) + 0.2 * t
    y = rng.normal(size=units)[i] + 0.3 * t + 0.5 * c + rng.normal(size=len(i)) + np.where(t >= g, 1 + 0.2 * (t - g), 0)
    frame = pl.DataFrame(
        {"i": i, "t": t, "g": g, "y": y, "c": c, "w": rng.uniform(0.5, 2, len(i)), "s": i % 13, "p": i % 4}
    ).with_columns(pl.col("g").replace(9999, None))
    return frame.filter(pl.Series(rng.uniform(size=len(i)) >= lost))


def slow(
    frame: pl.DataFrame, covariates: list[str], effects: list[list[str]], cluster: str, weights: str | None,
    cells: str = "cohort", leave_out: bool = False,
) -> tuple[list[int], np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Event times, effects, covariance (Borusyak and others; eq. 8), and effects' covariance in two stages."""
    y, t = frame["y"].to_numpy(), frame["t"].to_numpy()
    g = frame["g"].fill_null(99999).to_numpy()
    w = np.ones(len(y)) if weights is None else frame[weights].to_numpy()
    treated = t >= g
    columns = [frame[c].to_numpy().astype(float) for c in covariates]
    for keys in effects:
        codes = np.unique(np.column_stack([frame[k].to_numpy() for k in keys]), axis=0, return_inverse=True)[1].ravel()
        columns.extend(np.eye(codes.max() + 1)[codes].T)
    Z = np.column_stack(columns)
    Z0, w0 = Z[~treated], w[~treated]
    root = np.linalg.pinv(Z0 * np.sqrt(w0)[:, None])
    inverse = root @ root.T
    tau = y - Z @ (root @ (np.sqrt(w0) * y[~treated]))
    events = sorted(set((t - g)[treated].tolist()))
    C = np.column_stack([np.where(treated & (t - g == e), w, 0.0) for e in events])
    C = C / C.sum(axis=0)
    V = C.copy()
    V[~treated] -= w0[:, None] * (Z0 @ (inverse @ (Z.T @ C)))
    e = tau.copy()
    cluster_of = frame[cluster].to_numpy()
    key = [(t - g)[k] if cells == "event" else (g[k], t[k]) for k in range(len(y))]
    for k in np.flatnonzero(treated):
        same = [m for m in np.flatnonzero(treated) if key[m] == key[k]]
        top = bottom = 0.0
        for s in {cluster_of[m] for m in same} - ({cluster_of[k]} if leave_out else set()):
            inside = [m for m in same if cluster_of[m] == s]
            top += w[inside].sum() * (w[inside] * tau[inside]).sum()
            bottom += w[inside].sum() ** 2
        e[k] = tau[k] - top / bottom
    groups = np.unique(cluster_of, return_inverse=True)[1]

    def outer(score: np.ndarray) -> np.ndarray:
        sums = np.column_stack([np.bincount(groups, s) for s in score.T])
        return np.asarray(sums.T @ sums)

    theta = C.T @ tau
    second = C * (tau[:, None] - theta) + np.where(treated[:, None], 0, (V - C) * tau[:, None])
    return events, theta, outer(V * e[:, None]), outer(second), tau


CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "unbalanced": {"lost": 0.15},
    "covariate": {"covariates": ["c"]},
    "weights": {"weights": "w", "covariates": ["c"]},
    "larger clusters": {"cluster": "s", "covariates": ["c"], "weights": "w", "lost": 0.1},
    "three effects": {"effects": [["i"], ["p", "t"]], "cluster": "p"},
    "by event time": {"cells": "event", "cluster": "s"},
    "leave out": {"leave_out": True, "cluster": "i"},
    "no never treated": {"never": False},
}


@pytest.mark.parametrize("name", CASES)
def test_equal_their_slow_form(name: str) -> None:
    case = {"covariates": [], "effects": [["i"], ["t"]], "cluster": "i", "weights": None} | CASES[name]
    frame = panel(5, lost=case.pop("lost", 0.0), never=case.pop("never", True))
    if not frame["g"].null_count():  # periods without an untreated row have no untreated outcome
        frame = frame.filter(pl.col("t") < 2006)
    events, theta, V, second, tau = slow(frame, **case)
    formula = f"y ~ {' + '.join(case['covariates']) or '1'} | {' + '.join('^'.join(e) for e in case['effects'])}"
    given = {"cohort": "g", "vcov": el.cluster(case["cluster"]), "weights": case["weights"]}
    found = el.did.imputation(
        formula, frame, "i", "t", **given, cells=case.get("cells", "cohort"), leave_out=case.get("leave_out", False)
    )
    assert found.events.tolist() == events
    np.testing.assert_allclose(found.estimates, theta, rtol=1e-8)
    np.testing.assert_allclose(found.vcov, V, rtol=1e-8, atol=1e-12)
    rows = found.effects.join(frame.with_columns(tau=pl.Series(tau)), on=["i", "t"])
    np.testing.assert_allclose(rows["effect"], rows["tau"], rtol=1e-8, atol=1e-10)
    assert rows.height == int((frame["t"] >= frame["g"]).sum())
    staged = el.did.two_stage(formula, frame, "i", "t", **given, window=(0, 20))
    np.testing.assert_allclose(staged.estimates, theta, rtol=1e-8)
    np.testing.assert_allclose(staged.vcov, second, rtol=1e-8, atol=1e-12)


def test_pretrends_are_those_of_a_regression_on_untreated_rows() -> None:
    frame = panel(8, lost=0.1)
    found = el.did.imputation("y ~ c", frame, "i", "t", cohort="g", window=(-3, 2))
    early = frame.filter((pl.col("t") < pl.col("g")).fill_null(True)).with_columns(
        ((pl.col("t") - pl.col("g")) == e).fill_null(False).cast(float).alias(f"k{-e}") for e in (-3, -2, -1)
    )
    fit = el.ols("y ~ k3 + k2 + k1 + c | i + t", early, vcov=el.cluster("i"), ssc="none")
    at = [fit.estimate.names.index(n) for n in ("k3", "k2", "k1")]
    np.testing.assert_allclose(found.estimates[:3], fit.estimate.coefficients[at], rtol=1e-8)
    np.testing.assert_allclose(found.vcov[:3, :3], fit.inference.vcov[np.ix_(at, at)], rtol=1e-6)
    assert found.base == (-4,) and found.text(-4) == "≤ -4"
    assert isinstance(found.pretrend, Test) and found.pretrend.df == (3,)


@pytest.mark.parametrize("estimator", ["imputation", "two_stage"])
def test_equal_diff_diff(estimator: str) -> None:
    """The same formulas in another library, coefficients to its tolerance of absorption."""
    diff_diff = pytest.importorskip("diff_diff")
    frame = panel(3, units=120)
    other = {"imputation": diff_diff.ImputationDiD, "two_stage": diff_diff.TwoStageDiD}[estimator]()
    table = frame.with_columns(pl.col("g").fill_null(0)).to_pandas()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = other.fit(table, outcome="y", unit="i", time="t", first_treat="g", aggregate="event_study")
    ours = getattr(el.did, estimator)("y ~ 1", frame, "i", "t", cohort="g", window=(0, 20))
    assert ours.att.estimate == pytest.approx(theirs.overall_att, rel=1e-6)
    assert ours.att.std_error == pytest.approx(theirs.overall_se, rel=1e-6)
    for e, b, s in zip(ours.events, ours.estimates, ours.std_errors, strict=True):
        assert theirs.event_study_effects[int(e)]["effect"] == pytest.approx(b, rel=1e-6)
        assert theirs.event_study_effects[int(e)]["se"] == pytest.approx(s, rel=1e-6)


def test_two_stage_equals_pyfixest() -> None:
    pyfixest = pytest.importorskip("pyfixest")
    frame = panel(4, units=90)
    table = frame.with_columns(treat=(pl.col("t") >= pl.col("g")).fill_null(False).cast(int)).to_pandas()
    theirs = pyfixest.did2s(
        table, yname="y", first_stage="~ 0 | i + t", second_stage="~ treat", treatment="treat", cluster="i"
    ).tidy()
    ours = el.did.two_stage("y ~ 1", frame, "i", "t", cohort="g").att
    # its second stage has a constant, the mean residual of untreated rows, which its absorption leaves at 1e-6
    assert ours.estimate == pytest.approx(theirs["Estimate"].iloc[0], rel=1e-4)
    assert ours.std_error == pytest.approx(theirs["Std. Error"].iloc[0], rel=1e-4)


def test_treatment_and_cohort_give_the_same_and_a_narrower_window_changes_nothing() -> None:
    frame = panel(6).with_columns(d=(pl.col("t") >= pl.col("g")).fill_null(False).cast(int))
    one = el.did.imputation("y ~ 1", frame, "i", "t", cohort="g")
    two = el.did.imputation("y ~ 1", frame, "i", "t", treatment="d", window=(0, 1))
    np.testing.assert_allclose(one.estimates[:2], two.estimates, rtol=1e-12)
    np.testing.assert_allclose(one.vcov[:2, :2], two.vcov, rtol=1e-12)


def test_rows_without_an_untreated_outcome_are_left_out_and_said() -> None:
    frame = panel(7, never=False)
    found = el.did.imputation("y ~ 1", frame, "i", "t", cohort="g")
    late = int(((frame["t"] >= frame["g"]) & (frame["t"] >= 2006)).sum())
    assert found.sample.drops[-1].rows == late
    assert any("left out" in w for w in found.warnings) and any("no unit stays untreated" in w for w in found.warnings)
    always = pl.concat([panel(7), panel(7).with_columns(i=pl.col("i") + 1000, g=pl.lit(1990, pl.Int64))])
    more = el.did.imputation("y ~ 1", always, "i", "t", cohort="g")
    np.testing.assert_allclose(more.estimates, el.did.imputation("y ~ 1", panel(7), "i", "t", cohort="g").estimates)


def test_anticipation_moves_the_first_treated_period() -> None:
    frame = panel(9)
    early = el.did.imputation("y ~ 1", frame, "i", "t", cohort="g", anticipation=1)
    moved = el.did.imputation("y ~ 1", frame.with_columns(g=pl.col("g") - 1), "i", "t", cohort="g")
    assert early.events[0] == -1 and not early.pre[0]
    np.testing.assert_allclose(early.estimates, moved.estimates)


WRONG: dict[str, tuple[dict[str, Any], type[EconloomError], str]] = {
    "window": ({"window": (3, 1)}, UsageError, "window"),
    "cells": ({"cells": "cohorts"}, UsageError, "did you mean 'cohort'"),
    "covariance": ({"vcov": el.hc1()}, UsageError, "sums over clusters"),
    "two ways": ({"vcov": el.cluster("i", "t")}, UsageError, "sums over clusters"),
    "anticipation": ({"anticipation": -1}, UsageError, "anticipation"),
    "no column": ({"cohort": "gg"}, UsageError, "did you mean 'g'"),
    "negative only": ({"where": "t < 2003"}, EstimationError, "negative"),
    "all treated": ({"where": "t >= g"}, EstimationError, "every row is treated"),
    "pre-trends": ({"where": "g <= 2006", "window": (-9, 2)}, EstimationError, "not identified"),
    "none adopts": ({"where": "g > 3000"}, EconloomError, "no row"),
    "leave out": ({"vcov": el.cluster("g1"), "leave_out": True}, EstimationError, "cohort 20"),
}


@pytest.mark.parametrize("name", WRONG)
def test_bad_input_is_said(name: str) -> None:
    change, kind, text = WRONG[name]
    frame = panel(2).with_columns(g1=pl.col("g").fill_null(1))
    with pytest.raises(kind, match=text):
        el.did.imputation("y ~ 1", frame, "i", "t", **({"cohort": "g"} | change))


def test_all_at_once_has_no_untreated_outcome() -> None:
    frame = panel(2).with_columns(g=pl.lit(2004))
    with pytest.raises(EstimationError, match="all adopt at once"):
        el.did.imputation("y ~ 1", frame, "i", "t", cohort="g")


def test_slopes_and_instruments_are_refused() -> None:
    for formula in ("y ~ 1 | i[t] + t", "y ~ 1 | i + t | c ~ w"):
        with pytest.raises(UsageError, match="takes no"):
            el.did.two_stage(formula, panel(2), "i", "t", cohort="g")


def test_mutations_end_in_an_error_or_in_finite_numbers() -> None:
    rng = np.random.default_rng(11)
    frame = panel(1, units=25)
    for _ in range(60):
        bad = frame.with_columns(pl.col("g").cast(float), pl.col("t").cast(pl.Int64))
        column = str(rng.choice(["y", "c", "g", "w", "i"]))
        values = bad[column].cast(pl.Float64).to_list()
        for at in rng.integers(0, len(values), rng.integers(1, 30)):
            values[at] = rng.choice([None, float("nan"), float("inf"), -1.0, 0.0, 1e200, 2004.0, 2004.5])
        bad = bad.with_columns(pl.Series(column, values, strict=False))
        try:
            found = el.did.imputation("y ~ c", bad, "i", "t", cohort="g", weights="w", window=(-2, 2))
        except EconloomError:
            continue
        assert isinstance(found, ImputedEffects) and np.isfinite(found.estimates).all()
        assert np.isfinite(found.vcov).all()


def test_true_effects_are_covered() -> None:
    """300 draws, seed fixed beforehand; 95 per cent intervals, 3.5 Monte Carlo errors around."""
    truth = {0: 1.0, 1: 1.2, 2: 1.4}
    inside, errors = np.zeros(3), np.zeros(3)
    for draw in range(300):
        found = el.did.imputation("y ~ c", panel(1000 + draw, units=80), "i", "t", cohort="g", window=(0, 2))
        table = found.tidy()
        low, high = table["conf_low"].to_numpy(), table["conf_high"].to_numpy()
        true = np.array(list(truth.values()))
        inside += (low <= true) & (true <= high)
        errors += table["estimate"].to_numpy() - true
    assert np.all(np.abs(inside / 300 - 0.95) < 3.5 * np.sqrt(0.95 * 0.05 / 300))
    assert np.all(np.abs(errors / 300) < 0.05)


def test_duplicate_columns_and_keys() -> None:
    frame = panel(2)
    with pytest.raises(DataError):
        el.did.imputation("y ~ 1", frame.with_columns(g=pl.col("g") + 0.5), "i", "t", cohort="g")
