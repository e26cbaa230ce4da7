"""Sun and Abraham's estimator.

Oracles: fixest's sunab on base_stagg (its vignette; att and error, effects by event time), pyfixest 0.60 (saturated
event study) on the same data, and a slow form by dummies.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EstimationError, UsageError
from tests.panel.did.samples import base_stagg, staggered

KEYS = {"unit": "i", "time": "t", "cohort": "g"}


def test_base_stagg_under_fixest() -> None:
    found = el.did.sun_abraham("y ~ x1", base_stagg(), "id", "year", cohort="year_treated")
    by = {-9: 0.351766, -2: 0.084662, 0: -5.188207, 1: -3.540028, 8: 6.243626}  # printed by fixest
    assert {e: found.estimates[found.events == e][0] for e in by} == pytest.approx(by, abs=1e-6)
    mean = found.average(weights="counts")
    assert (mean.estimate, mean.std_error) == (pytest.approx(-1.133749, abs=1e-6), pytest.approx(0.2051, abs=5e-5))
    x = found.fit.tidy().filter(term="x1").row(0, named=True)
    assert (x["estimate"], x["std_error"]) == pytest.approx((0.994678, 0.018378), abs=1e-6)
    same = el.did.sun_abraham(
        "y ~ x1",
        base_stagg().with_columns(pl.col("year_treated").fill_null(10_000)),
        "id",
        "year",
        cohort="year_treated",
        never=10_000,
    )
    assert same.tidy().equals(found.tidy())


def test_pyfixest_has_the_same_effects_and_errors() -> None:
    pyfixest = pytest.importorskip("pyfixest")
    frame = base_stagg().with_columns(pl.col("year_treated").fill_null(0)).to_pandas()
    other = pyfixest.event_study(frame, "y", "id", "year", "year_treated", estimator="saturated", cluster="id")
    theirs = other.aggregate(weighting="shares")
    found = el.did.sun_abraham("y ~ 1", base_stagg(), "id", "year", cohort="year_treated")
    for e, b, s in zip(found.events, found.estimates, found.std_errors, strict=True):
        row = theirs.loc[float(e)]
        assert b == pytest.approx(row["Estimate"], abs=1e-8)
        assert s == pytest.approx(row["Std. Error"], rel=1e-6)


def slow(frame: pl.DataFrame, weighted: bool) -> tuple[dict[int, float], dict[tuple[int, int], float], np.ndarray]:
    """Effects by event time, of cohorts, and shares' addition to the covariance, by dummies and loops."""
    i, t, g = (frame[c].to_numpy() for c in ("i", "t", "g"))
    g = np.where(np.isnan(g), 0, g).astype(int)
    w = frame["w"].to_numpy() if weighted else np.ones(len(i))
    pairs = sorted({(a, b - a) for a, b in zip(g, t, strict=True) if a and b - a != -1})
    X = np.column_stack(
        [np.eye(i.max() + 1)[i], np.eye(t.max() + 1)[t][:, 2:]] + [((g == a) & (t - g == e)) * 1.0 for a, e in pairs]
    )
    root = np.sqrt(w)[:, None]
    d = np.linalg.lstsq(X * root, frame["y"].to_numpy() * root[:, 0], rcond=None)[0][-len(pairs) :]
    by = dict(zip(pairs, d, strict=True))
    events = sorted({e for _, e in pairs})
    size = {p: w[(g == p[0]) & (t - g == p[1])].sum() for p in pairs}
    total = {e: sum(size[p] for p in pairs if p[1] == e) for e in events}
    theta = {e: sum(size[p] * by[p] for p in pairs if p[1] == e) / total[e] for e in events}
    M = np.zeros((len(events), len(events)))
    for unit in np.unique(i):
        psi = np.zeros(len(events))
        for k in np.flatnonzero((i == unit) & (g > 0)):
            e = t[k] - g[k]
            if e != -1:
                psi[events.index(e)] += w[k] * (by[g[k], e] - theta[e]) / total[e]
        M += np.outer(psi, psi)
    return theta, by, M


@pytest.mark.parametrize("weighted", [False, True])
def test_effects_and_share_variance_in_slow_form(weighted: bool) -> None:
    frame = staggered(units=40).filter((pl.col("i") * 5 + pl.col("t")) % 13 != 0)
    options = {**KEYS, "weights": "w" if weighted else None}
    fixed = el.did.sun_abraham("y ~ 1", frame, **options)
    with_shares = el.did.sun_abraham("y ~ 1", frame, shares="estimated", **options)
    theta, by, M = slow(frame, weighted)
    assert dict(zip(fixed.events.tolist(), fixed.estimates, strict=True)) == pytest.approx(theta, abs=1e-8)
    cells = {(g, e): b for g, e, b in fixed.cells.select("cohort", "event_time", "estimate").rows()}
    assert cells == pytest.approx(by, abs=1e-8)
    assert np.allclose(with_shares.vcov - fixed.vcov, M, rtol=1e-7, atol=1e-12)
    assert np.array_equal(with_shares.estimates, fixed.estimates)
    assert fixed.cells.group_by("event_time").agg(pl.col("share").sum())["share"].to_list() == pytest.approx([1.0] * 7)


def test_without_covariates_post_effects_are_those_of_cohorts_against_never_treated() -> None:
    """On a balanced panel the saturated regression is Callaway and Sant'Anna's estimator with universal base."""
    frame = staggered()
    found = el.did.sun_abraham("y ~ 1", frame, **KEYS)
    other = el.did.group_time("y ~ 1", frame, base_period="universal", draws=0, **KEYS).aggregate("dynamic")
    assert found.events.tolist() == other.events.tolist()
    assert found.estimates == pytest.approx(other.estimates, abs=1e-9)


def test_without_never_treated_the_last_cohort_is_the_comparison() -> None:
    frame = staggered(never=False, cohorts=(3, 4, 6))
    found = el.did.sun_abraham("y ~ 1", frame, **KEYS)
    recoded = frame.filter(pl.col("t") < 6).with_columns(pl.col("g").replace(6, None))
    other = el.did.sun_abraham("y ~ 1", recoded, **KEYS)
    assert found.estimates == pytest.approx(other.estimates, rel=1e-10)
    assert found.std_errors == pytest.approx(other.std_errors, rel=1e-10)
    assert any("cohort 6 is only compared with" in w for w in found.warnings)


def test_cohorts_of_the_first_period_are_left_out_and_said() -> None:
    found = el.did.sun_abraham("y ~ 1", staggered(cohorts=(1, 3, 5)), **KEYS)
    assert set(found.cells["cohort"]) == {3, 5} and found.n == 45 * 6
    assert any("treated in the first period, 1" in w for w in found.warnings)


@pytest.mark.parametrize(
    ("change", "options", "kind", "words"),
    [
        (lambda f: f.with_columns(g=pl.lit(4)), {}, EstimationError, "treated at once, in 4"),
        (lambda f: f.with_columns(g=pl.lit(9)), {}, EstimationError, "no unit adopts after the first period"),
        (lambda f: f.with_columns(g=pl.lit(None, dtype=pl.Int64)), {}, EstimationError, "no unit adopts in the sample"),
        (lambda f: f.filter(~((pl.col("g") == 4) & (pl.col("t") == 3)).fill_null(False)), {}, EstimationError,
         "cohorts 4 have no"),
        (lambda f: f, {"base": ()}, UsageError, "an event time without a dummy"),
        (lambda f: f, {"base": "x"}, UsageError, "an event time without a dummy"),
        (lambda f: f, {"shares": "estimated", "vcov": el.driscoll_kraay(1)}, UsageError, "goes with clusters"),
        (lambda f: f, {"shares": "none"}, UsageError, "'fixed' or 'estimated'"),
        (lambda f: f, {"cohort": "gg"}, UsageError, "no column 'gg'"),
    ],
)  # fmt: skip
def test_what_cannot_be_estimated_is_said(change: object, options: dict, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        el.did.sun_abraham("y ~ 1", change(staggered()), **(KEYS | options))


def test_a_cohort_of_one_unit_is_said() -> None:
    frame = staggered().with_columns(g=pl.when(pl.col("i") == 3).then(6).otherwise(pl.col("g")))
    found = el.did.sun_abraham("y ~ 1", frame, **KEYS)
    assert any("cohorts of one unit: 6" in w for w in found.warnings)
