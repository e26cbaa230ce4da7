"""Stacked regressions.

Oracles: diff-diff 3.13.0's StackedDiD for the corrective weights of Wing, Freedman and Hollingsworth (2024); a slow
form by loops and dummies for both weightings; means over treated units of differences by hand.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import DataError, EstimationError, UsageError
from tests.panel.did.samples import staggered

KEYS = {"unit": "i", "time": "t", "cohort": "g"}


def panel() -> pl.DataFrame:
    return staggered(units=61, periods=9, cohorts=(3, 5, 6, 8))


def slow(frame: pl.DataFrame, low: int, high: int, wing: bool) -> dict[int, float]:
    rows, treated, weight = [], [], []
    parts = []
    for g in (3, 5, 6, 8):
        if g + low < 1 or g + high > 9:
            continue
        pool = frame.filter((pl.col("g") == g) | pl.col("g").is_null() | (pl.col("g") > g + high))
        parts.append((g, pool.filter(pl.col("t").is_between(g + low, g + high))))
    D = {g: p.filter(pl.col("g") == g)["i"].n_unique() for g, p in parts}
    C = {g: p["i"].n_unique() - D[g] for g, p in parts}
    for g, part in parts:
        for r in part.iter_rows(named=True):
            rows.append((f"{r['i']}^{g}", f"{r['t'] - g}" if wing else f"{r['t']}^{g}", r["t"] - g, r["y"]))
            treated.append(r["g"] == g)
            weight.append(1.0 if r["g"] == g or not wing else (D[g] / sum(D.values())) / (C[g] / sum(C.values())))
    unit, time, event, y = (np.array(c) for c in zip(*rows, strict=True))
    events = [e for e in range(low, high + 1) if e != -1]
    X = [(unit[:, None] == np.unique(unit)) * 1.0, (time[:, None] == np.unique(time)) * 1.0]
    X = np.column_stack([*X, *(((event == e) & np.array(treated)) * 1.0 for e in events)])
    root = np.sqrt(np.array(weight))
    b = np.linalg.lstsq(X * root[:, None], y * root, rcond=None)[0]
    return dict(zip(events, b[-len(events) :], strict=True))


@pytest.mark.parametrize("weighting", ["none", "wing"])
def test_effects_in_slow_form(weighting: str) -> None:
    found = el.did.stacked("y ~ 1", panel(), window=(-2, 2), weighting=weighting, **KEYS)
    want = slow(panel(), -2, 2, weighting == "wing")
    assert dict(zip(found.events.tolist(), found.estimates, strict=True)) == pytest.approx(want, abs=1e-8)
    assert found.base == (-1,) and found.stacks.filter(pl.col("left_out").is_not_null())["cohort"].to_list() == [8]
    assert any("cohort 8: the data, 1 to 9, do not span its window" in w for w in found.warnings)


def test_corrective_weights_are_those_of_diff_diff() -> None:
    diff_diff = pytest.importorskip("diff_diff")
    frame = panel().with_columns(pl.col("g").fill_null(0)).to_pandas()
    other = diff_diff.StackedDiD(kappa_pre=2, kappa_post=2, weighting="aggregate").fit(
        frame, "y", "i", "t", "g", aggregate="event_study"
    )
    found = el.did.stacked("y ~ 1", panel(), window=(-2, 2), weighting="wing", **KEYS)
    for e, b, s in zip(found.events, found.estimates, found.std_errors, strict=True):
        theirs = other.event_study_effects[int(e)]
        assert b == pytest.approx(theirs["effect"], abs=1e-8)
        assert s == pytest.approx(theirs["se"], rel=0.005)  # n/(n-k) counts other effects


def test_weighted_effects_are_means_over_treated_units() -> None:
    frame = panel()
    found = el.did.stacked("y ~ 1", frame, window=(-1, 2), weighting="wing", **KEYS)
    used = found.stacks.filter(pl.col("left_out").is_null())
    total = 0.0
    for g, size in used.select("cohort", "treated").rows():
        wide = frame.filter(pl.col("t").is_in([g - 1, g + 1])).sort("i", "t")
        change = wide.group_by("i", "g", maintain_order=True).agg(
            (pl.col("y").last() - pl.col("y").first()).alias("dy")
        )
        own = change.filter(pl.col("g") == g)["dy"].mean()
        clean = change.filter(pl.col("g").is_null() | (pl.col("g") > g + 2))["dy"].mean()
        total += size * (own - clean)
    assert found.estimates[found.events == 1][0] == pytest.approx(total / used["treated"].sum(), abs=1e-9)


def test_never_treated_controls_covariates_and_missing_rows() -> None:
    frame = panel().filter((pl.col("i") != 0) | (pl.col("t") != 3))
    never = el.did.stacked("y ~ z", frame, window=(-2, 2), control="never_treated", **KEYS)
    assert set(never.stacks["controls"]) == {frame.filter(pl.col("g").is_null())["i"].n_unique()}
    assert "z" in never.fit.tidy()["term"].to_list() and str(never.fit.request.vcov) == "cluster(i)"
    wing = el.did.stacked("y ~ 1", frame, window=(-2, 2), weighting="wing", **KEYS)
    whole = el.did.stacked("y ~ 1", panel(), window=(-2, 2), weighting="wing", **KEYS)
    assert wing.stacks["treated"][0] == whole.stacks["treated"][0] - 1  # unit 0, of cohort 3, misses a period


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"window": (0, 3)}, UsageError, "before and after adoption"), ({"window": 3}, UsageError, "before and after"),
        ({"base": -4}, UsageError, "event time of the window before"), ({"base": 0}, UsageError, "-2 to -1"),
        ({"control": "never"}, UsageError, "not_yet_treated"), ({"weighting": "q"}, UsageError, "'none' or 'wing'"),
        ({"window": (-8, 8)}, EstimationError, "no cohort has an experiment: 3: the data"),
        ({"formula": "y ~ 1 | i"}, UsageError, "effects of its stack"),
    ],
)  # fmt: skip
def test_what_cannot_be_stacked_is_said(options: dict, kind: type[Exception], words: str) -> None:
    given = {"formula": "y ~ 1", "data": panel(), "window": (-2, 2), **KEYS} | options
    with pytest.raises(kind, match=words):
        el.did.stacked(**given)


def test_repeated_rows_and_all_treated_at_once() -> None:
    twice = pl.concat([panel(), panel()])
    with pytest.raises(DataError, match="repeat"):
        el.did.stacked("y ~ 1", twice, window=(-2, 2), **KEYS)
    with pytest.raises(EstimationError, match="no clean control"):
        el.did.stacked("y ~ 1", panel().with_columns(g=pl.lit(4)), window=(-2, 2), **KEYS)
