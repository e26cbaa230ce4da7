"""Callaway and Sant'Anna's estimator.

Oracles: mpdta under R's did 2.1 (vignette; the p values .16812 and .23267 of its pre-tests), diff-diff 3.13.0 and csdid
0.4.3 run on the same rows. R prints bootstrap errors that differ by draw: analytic ones agree to 1e-6 with diff-diff,
within 5 per cent with what R prints. With covariates csdid's doubly robust cells agree to 1e-12; those of diff-diff
differ from both by up to 1e-5. Influence functions against the slow forms below, written unit by unit from Sant'Anna
and Zhao (2020) and Callaway and Sant'Anna (2021).
"""

from __future__ import annotations

import math
import pickle

import numpy as np
import polars as pl
import pytest
from scipy import special

import econloom as el
from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.core.estimate import Test as Statistic
from econloom.core.estimate import Unavailable
from econloom.panel.did.cells import cells
from econloom.panel.did.multipliers import Bootstrap, bootstrap, draws
from tests.panel.did.samples import mpdta, staggered

KEYS = {"unit": "countyreal", "time": "year", "cohort": "first_treat", "draws": 0}
SIM = {"unit": "i", "time": "t", "cohort": "g", "draws": 0}


def minimum_wages(formula: str = "lemp ~ 1", **options: object) -> el.did.GroupTime:
    return el.did.group_time(formula, mpdta(), **(KEYS | options))


def test_cells_of_mpdta() -> None:
    found = minimum_wages().tidy()
    assert found.select("cohort", "time").rows() == [(g, t) for g in (2004, 2006, 2007) for t in range(2004, 2008)]
    wanted = [-0.0105, -0.0704, -0.1373, -0.1008, 0.0065, -0.0028, -0.0046, -0.0412, 0.0305, -0.0027, -0.0311, -0.0261]
    assert found["estimate"].to_list() == pytest.approx(wanted, abs=5e-5)  # printed to four digits
    errors = [0.0233, 0.031, 0.0364, 0.0344, 0.0233, 0.0196, 0.0178, 0.0202, 0.015, 0.0164, 0.0179, 0.0167]
    assert found["std_error"].to_list() == pytest.approx(errors, rel=0.05)


@pytest.mark.parametrize(
    ("formula", "control", "simple", "error"),
    [
        ("lemp ~ 1", "never_treated", -0.039951, 0.012034),
        ("lemp ~ lpop", "never_treated", -0.041752, 0.011503),  # printed -.041751 in the list, -.0418 by csdid
        ("lemp ~ 1", "not_yet_treated", -0.039764, 0.012052),
        ("lemp ~ lpop", "not_yet_treated", -0.041352, 0.011428),
    ],
)
def test_simple_mean_of_mpdta(formula: str, control: str, simple: float, error: float) -> None:
    row = minimum_wages(formula, control=control).aggregate("simple").tidy().row(0, named=True)
    assert row["estimate"] == pytest.approx(simple, abs=1.1e-6)
    assert row["std_error"] == pytest.approx(error, abs=1e-6)


@pytest.mark.parametrize(
    ("formula", "dynamic", "groups", "overall", "p_value"),
    [
        ("lemp ~ 1", [0.030507, -0.000563, -0.024459, -0.019932, -0.050957, -0.137259, -0.100811],
         [-0.079749, -0.022910, -0.026054], (-0.07724, -0.031018, -0.0417), 0.16812),
        ("lemp ~ lpop", [0.026728, -0.003615, -0.023243, -0.021060, -0.053003, -0.140448, -0.106904],
         [-0.084576, -0.020166, -0.028781], (-0.0804, -0.0328, -0.0442), 0.23267),
    ],
)  # fmt: skip
def test_means_of_mpdta(
    formula: str, dynamic: list[float], groups: list[float], overall: tuple[float, ...], p_value: float
) -> None:
    found = minimum_wages(formula)
    by_event, by_group, by_year = (found.aggregate(k) for k in ("dynamic", "group", "calendar"))
    assert by_event.events.tolist() == list(range(-3, 4))
    assert by_event.estimates == pytest.approx(dynamic, abs=1.6e-6)
    assert by_group.estimates[:-1] == pytest.approx(groups, abs=1.6e-6)
    assert (by_event.average().estimate, by_group.estimates[-1], by_year.estimates[-1]) == pytest.approx(
        overall, abs=5e-5
    )
    assert isinstance(found.pretest, Statistic) and found.pretest.p_value == pytest.approx(p_value, abs=1e-5)


def test_doubly_robust_cells_are_those_of_csdid() -> None:
    wanted = [
        -0.014529668304898716, -0.07642188173478615, -0.14044833681012228, -0.10690389811145942,
        -0.00047214608848536953, -0.006202524579796674, 0.0009605737466980679, -0.04129386558818047,
        0.026727796203702026, -0.004576570763525987, -0.02844748719756091, -0.028781361039486576,
    ]  # fmt: skip
    assert minimum_wages("lemp ~ lpop").tidy()["estimate"].to_list() == pytest.approx(wanted, abs=1e-12)


def test_errors_of_means_with_covariates_are_those_of_csdid() -> None:
    found = minimum_wages("lemp ~ lpop")
    errors = [found.aggregate("dynamic").average().std_error]
    errors += [found.aggregate(k).tidy()["std_error"][-1] for k in ("group", "calendar")]
    assert errors == pytest.approx([0.019, 0.0119, 0.015], rel=0.05)


@pytest.mark.parametrize("control", ["never_treated", "not_yet_treated"])
@pytest.mark.parametrize("method", ["dr", "ipw", "reg"])
@pytest.mark.parametrize("base", ["varying", "universal"])
def test_diff_diff_has_the_same_cells(control: str, method: str, base: str) -> None:
    diff_diff = pytest.importorskip("diff_diff")
    frame = mpdta().with_columns(pl.col("first_treat").fill_null(0)).to_pandas()
    other = diff_diff.CallawaySantAnna(
        control_group=control, estimation_method=method, base_period=base, pscore_trim=0.0001
    ).fit(frame, "lemp", "countyreal", "year", "first_treat", covariates=["lpop"])
    found = minimum_wages("lemp ~ lpop", control=control, method=method, base_period=base)
    ours = {(g, t): (b, s) for g, t, b, s in found.tidy().select("cohort", "time", "estimate", "std_error").rows()}
    theirs = {k: (v["effect"], v["se"]) for k, v in other.group_time_effects.items() if v["se"] == v["se"] and v["se"]}
    assert set(ours) == set(theirs)
    for key, (b, s) in ours.items():
        assert b == pytest.approx(theirs[key][0], abs=2e-5 if method == "dr" else 1e-8)
        assert s == pytest.approx(theirs[key][1], rel=1e-3 if method == "dr" else 1e-6)


def slow_pair(D: np.ndarray, w: np.ndarray, X: np.ndarray, dy: np.ndarray, method: str) -> tuple[float, np.ndarray]:
    """Effect and influence (of mean zero, over n) unit by unit, as DRDID's panel functions print them."""
    n, k = X.shape
    W = w / w.mean()
    ps, H = np.full(n, np.nan), np.zeros((k, k))
    b = np.zeros(k)
    for _ in range(12):
        ps = special.expit(X @ b)
        H = sum(W[i] * ps[i] * (1 - ps[i]) * np.outer(X[i], X[i]) for i in range(n))
        b = b + np.linalg.solve(H, X.T @ (W * (D - ps)))
    A = sum(W[i] * (1 - D[i]) * np.outer(X[i], X[i]) for i in range(n))
    beta = np.linalg.solve(A, X.T @ (W * (1 - D) * dy))
    out = X @ beta
    ols = np.array([W[i] * (1 - D[i]) * (dy[i] - out[i]) * np.linalg.solve(A / n, X[i]) for i in range(n)])
    logit = np.array([W[i] * (D[i] - ps[i]) * np.linalg.solve(H / n, X[i]) for i in range(n)])
    treat, odds = W * D, W * ps * (1 - D) / (1 - ps)
    if method == "reg":
        eta1, eta0 = (treat * dy).mean() / treat.mean(), (treat * out).mean() / treat.mean()
        M = (treat[:, None] * X).mean(axis=0)
        inf1 = treat * (dy - eta1) / treat.mean()
        inf0 = (treat * (out - eta0) + ols @ M) / treat.mean()
        return eta1 - eta0, inf1 - inf0
    r = dy if method == "ipw" else dy - out
    eta1, eta0 = (treat * r).mean() / treat.mean(), (odds * r).mean() / odds.mean()
    inf1, inf0 = treat * (r - eta1), odds * (r - eta0)
    inf0 = inf0 + logit @ (odds * (r - eta0) @ X / n)
    if method == "dr":
        inf1 = inf1 - ols @ ((treat[:, None] * X).mean(axis=0))
        inf0 = inf0 - ols @ ((odds[:, None] * X).mean(axis=0))
    return eta1 - eta0, inf1 / treat.mean() - inf0 / odds.mean()


@pytest.mark.parametrize("method", ["dr", "ipw", "reg"])
@pytest.mark.parametrize("control", ["never_treated", "not_yet_treated"])
def test_influence_of_cells_and_means_in_slow_form(method: str, control: str) -> None:
    frame = staggered()
    found = el.did.group_time("y ~ x + z", frame, method=method, control=control, weights="w", **SIM)
    wide = {n: np.stack(frame[n].to_numpy().reshape(60, 6)) for n in ("y", "x", "z", "w")}
    g, n = frame["g"].fill_null(99).to_numpy().reshape(60, 6)[:, 0], 60
    att, inf = {}, {}
    for cohort in (3, 4, 5):
        for t in range(2, 7):
            base = cohort - 1 if t >= cohort else t - 1
            pool = g == 99 if control == "never_treated" else (g > max(t, base)) & (g != cohort)
            rows = np.flatnonzero((g == cohort) | pool)
            X = np.column_stack([np.ones(len(rows)), wide["x"][rows, base - 1], wide["z"][rows, base - 1]])
            dy = wide["y"][rows, t - 1] - wide["y"][rows, base - 1]
            D, w = (g[rows] == cohort) * 1.0, wide["w"][rows, base - 1]
            att[cohort, t], part = slow_pair(D, w, X, dy, method)
            inf[cohort, t] = np.zeros(n)
            inf[cohort, t][rows] = n / len(rows) * part
    tidy = found.tidy()
    for cohort, t, b, s in tidy.select("cohort", "time", "estimate", "std_error").rows():
        assert b == pytest.approx(att[cohort, t], abs=1e-9)
        assert s == pytest.approx(math.sqrt((inf[cohort, t] ** 2).mean() / n), rel=1e-8)
    w = wide["w"][:, 0] / wide["w"][:, 0].mean()
    p = {c: (w * (g == c)).mean() for c in (3, 4, 5)}

    def mean(keys: list[tuple[int, int]]) -> tuple[float, np.ndarray]:
        total = sum(p[c] for c, _ in keys)
        theta = sum(p[c] * att[c, t] for c, t in keys) / total
        psi = sum(p[c] * inf[c, t] for c, t in keys) / total
        for c, t in keys:  # R's wif: d(p_c / sum p) = dp_c / sum p - p_c sum dp / (sum p)^2
            dp = w * (g == c) - p[c]
            psi = psi + att[c, t] * (dp / total - p[c] * sum(w * (g == k) - p[k] for k, _ in keys) / total**2)
        return theta, psi

    def error(psi: np.ndarray) -> float:
        return math.sqrt((psi**2).mean() / n)

    after = [k for k in att if k[1] >= k[0]]
    by_event = found.aggregate("dynamic")
    for place, e in enumerate(by_event.events):
        theta, psi = mean([k for k in att if k[1] - k[0] == e])
        assert (by_event.estimates[place], by_event.std_errors[place]) == pytest.approx((theta, error(psi)), rel=1e-8)
    pairs = [mean([k for k in after if k[1] - k[0] == e]) for e in range(4)]
    row = by_event.average()
    assert row.std_error == pytest.approx(error(sum(psi for _, psi in pairs) / 4), rel=1e-8)
    theta, psi = mean(after)
    row = found.aggregate("simple").tidy().row(0, named=True)
    assert (row["estimate"], row["std_error"]) == pytest.approx((theta, error(psi)), rel=1e-8)
    pairs = [mean([k for k in after if k[1] == t]) for t in range(3, 7)]
    row = found.aggregate("calendar").tidy().row(-1, named=True)
    assert row["estimate"] == pytest.approx(np.mean([a for a, _ in pairs]), rel=1e-9)
    assert row["std_error"] == pytest.approx(error(sum(psi for _, psi in pairs) / 4), rel=1e-8)
    by_group = {c: [k for k in after if k[0] == c] for c in p}
    theta_g = {c: np.mean([att[k] for k in ks]) for c, ks in by_group.items()}
    total = sum(p.values())
    theta = sum(p[c] * theta_g[c] for c in p) / total
    psi = sum(p[c] * np.mean([inf[k] for k in ks], axis=0) for c, ks in by_group.items()) / total
    psi = psi + sum((theta_g[c] - theta) * (w * (g == c) - p[c]) for c in p) / total
    row = found.aggregate("group").tidy().row(-1, named=True)
    assert (row["estimate"], row["std_error"]) == pytest.approx((theta, error(psi)), rel=1e-8)


def test_clusters_sum_the_influence_of_their_units() -> None:
    found = el.did.group_time("y ~ x", staggered(), vcov=el.cluster("c"), **SIM)
    codes = found.panel.clusters.codes
    psi = found.cells.influence
    slow = sum(np.outer(v, v) for v in (psi[:, codes == c].sum(axis=1) for c in np.unique(codes)))
    assert np.allclose(found.vcov, slow, rtol=1e-10, atol=0)
    assert found.glance()["n_clusters"][0] == 15
    alone = el.did.group_time("y ~ x", staggered(), vcov=el.cluster("i"), **SIM)
    plain = el.did.group_time("y ~ x", staggered(), **SIM)
    assert np.array_equal(alone.vcov, plain.vcov)


def test_one_cohort_universal_base_is_the_event_study() -> None:
    frame = staggered(cohorts=(4,), units=40)
    found = el.did.group_time("y ~ 1", frame, base_period="universal", **SIM).aggregate("dynamic")
    spelt = frame.with_columns(pl.when(pl.col("g").is_null()).then(-1).otherwise(pl.col("t") - 4).alias("e"))
    fit = el.ols("y ~ i(e, ref=-1) | i + t", spelt.with_columns(e=pl.col("e").cast(pl.Int64)))
    twfe = {int(t.split("::")[1]): b for t, b in fit.tidy().select("term", "estimate").rows()}
    for e, b in zip(found.events, found.estimates, strict=True):
        assert b == pytest.approx(twfe[int(e)], abs=1e-9)
    assert found.base == (-1,) and found.tidy()["role"].to_list().count("base") == 1


def test_anticipation_moves_the_base() -> None:
    found = el.did.group_time("y ~ 1", staggered(), anticipation=1, base_period="universal", **SIM)
    by = found.tidy()
    assert set(by.filter(cohort=4)["base"]) == {2} and set(by.filter(cohort=5)["base"]) == {3}
    assert found.aggregate("dynamic").base == (-2,)
    assert found.sample.n == 360  # cohort 3 has period 1 before its anticipated adoption


def test_windows_and_balanced_cohorts() -> None:
    found = el.did.group_time("y ~ 1", staggered(), **SIM)
    assert found.aggregate("dynamic", window=(-1, 1)).events.tolist() == [-1, 0, 1]
    balanced = found.aggregate("dynamic", balance=2)
    assert balanced.events.max() == 2
    at = balanced.events.tolist().index(1)
    both = [
        r["estimate"] for r in found.tidy().iter_rows(named=True) if r["time"] - r["cohort"] == 1 and r["cohort"] < 5
    ]
    assert balanced.estimates[at] == pytest.approx(np.mean(both), rel=1e-9)


def test_unbalanced_pairs_and_complete_units() -> None:
    frame = staggered().filter(~((pl.col("i") % 7 == 0) & (pl.col("t") == 4)))
    frame = frame.filter((pl.col("i") != 1) | (pl.col("t") == 2))
    found = el.did.group_time("y ~ 1", frame, **SIM)
    assert found.panel.log.drops[-1].reason == "units seen in one period only" and found.panel.log.drops[-1].rows == 1
    assert any(w.startswith("unbalanced: 2.5% of the unit-periods") for w in found.warnings)
    wide = frame.pivot(on="t", index=["i", "g"], values="y")
    g, y = wide["g"].fill_null(99).to_numpy(), wide.select(map(str, range(1, 7))).fill_null(float("nan")).to_numpy()
    dy = y[:, 3] - y[:, 1]
    want = np.nanmean(dy[g == 3]) - np.nanmean(dy[g == 99])
    row = found.tidy().filter(cohort=3, time=4).row(0, named=True)
    assert row["estimate"] == pytest.approx(want, rel=1e-10)
    assert row["n_treated"] + row["n_compared"] == int((~np.isnan(dy) & np.isin(g, [3, 99])).sum())
    whole = el.did.group_time("y ~ 1", frame, unbalanced="complete", **SIM)
    kept = frame.filter(pl.len().over("i") == 6)
    assert whole.tidy().equals(el.did.group_time("y ~ 1", kept, **SIM).tidy())
    assert "units not seen in every period" in str(whole.sample)


def test_without_never_treated_the_last_cohort_is_the_comparison() -> None:
    frame = staggered(never=False, cohorts=(3, 4, 6))
    with pytest.raises(EstimationError, match="never treated") as error:
        el.did.group_time("y ~ 1", frame, **SIM)
    assert "not_yet_treated" in str(error.value) and "sun_abraham" in str(error.value)
    found = el.did.group_time("y ~ 1", frame, control="not_yet_treated", **SIM)
    recoded = frame.filter(pl.col("t") < 6).with_columns(pl.col("g").replace(6, None))
    other = el.did.group_time("y ~ 1", recoded, control="not_yet_treated", **SIM)
    assert found.tidy().equals(other.tidy())
    assert any("cohort 6, the last, is only compared with" in w for w in found.warnings)
    assert "periods from 6: no unit is untreated then" in str(found.sample)


def test_units_without_rows_before_the_last_adoption_have_no_share() -> None:
    frame = staggered(never=False, cohorts=(3, 4, 6)).filter((pl.col("i") != 0) | (pl.col("t") > 5))
    frame = frame.filter((pl.col("i") != 3) | (pl.col("t") > 4))
    options = SIM | {"control": "not_yet_treated", "weights": "w"}
    found = el.did.group_time("y ~ 1", frame, **options)
    other = el.did.group_time("y ~ 1", frame.filter(~pl.col("i").is_in([0, 3])), **options)
    assert found.panel.units == 58
    assert found.aggregate("dynamic").tidy().equals(other.aggregate("dynamic").tidy())


def test_the_first_period_and_cohorts_after_the_sample() -> None:
    frame = staggered(cohorts=(1, 3, 9))
    found = el.did.group_time("y ~ 1", frame, **SIM)
    assert "units treated in the first period, 1, or before" in str(found.sample)
    assert set(found.tidy()["cohort"]) == {3}
    assert set(found.tidy()["n_compared"]) == {30}  # those after the sample are untreated in it


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (lambda f: f.with_columns(g=pl.lit(4)), EstimationError, "treated at once"),
        (lambda f: f.with_columns(g=pl.lit(9)), EstimationError, "negative event times only"),
        (lambda f: f.with_columns(g=pl.lit(None, dtype=pl.Int64)), EstimationError, "no unit is treated within"),
        (lambda f: f.with_columns(g=pl.lit(1)), EstimationError, "first period"),
        (lambda f: f.with_columns(pl.col("g").fill_null(0)), UsageError, "never treated is null"),
        (lambda f: f.with_columns(g=pl.col("g") + 0.5), DataError, "not whole periods"),
        (lambda f: f.with_columns(g=pl.col("g").cast(pl.String)), DataError, "holds String, not periods"),
        (lambda f: f.with_columns(g=pl.when(t=5).then(5).otherwise(pl.col("g"))), DataError, "varies within"),
        (lambda f: f.filter(pl.col("t") == 2), EstimationError, "one period only"),
        (lambda f: f.with_columns(c=pl.col("t")), UsageError, "several clusters"),
        (lambda f: f.with_columns(x=pl.col("g").is_null() * 5.0 + pl.col("z") * 1e-3), EstimationError, "no overlap"),
        (lambda f: f.with_columns(x=pl.col("g").is_null() * 1.0), EstimationError, "tell who is treated"),
        (lambda f: f.drop("g"), UsageError, "no column 'g'"),
    ],
)  # fmt: skip
def test_what_cannot_be_estimated_is_said(change: object, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        el.did.group_time("y ~ x", change(staggered()), vcov=el.cluster("c"), **SIM)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"control": "never_treatd"}, "did you mean 'never_treated'"), ({"method": "drr"}, "no 'drr'"),
        ({"base_period": "long"}, "no 'long'"), ({"anticipation": -1}, "number of periods"),
        ({"unbalanced": "drop"}, "'pairs' or 'complete'"), ({"draws": 5}, "at least 99"),
        ({"seed": "a"}, "seed: a whole number"), ({"seed": -1}, "seed: a whole"),
        ({"multipliers": "webb"}, "'rademacher' or 'mammen'"), ({"vcov": el.hc1()}, "influence functions"),
        ({"vcov": el.cluster("c", "i")}, "influence functions"), ({"weights": "v"}, "no column 'v'"),
    ],
)  # fmt: skip
def test_wrong_options(options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        el.did.group_time("y ~ 1", staggered(), **(SIM | options))


def test_effects_and_keys_in_the_formula_are_refused() -> None:
    with pytest.raises(UsageError, match="takes no effects"):
        el.did.group_time("y ~ x | i + t", staggered(), **SIM)
    with pytest.raises(UsageError, match="both keys"):
        el.did.group_time("y ~ x", staggered(), cohort="g", time="t")
    found = el.did.group_time("y ~ 1", staggered(), **SIM)
    with pytest.raises(UsageError, match="aggregate"):
        found.aggregate("event")
    with pytest.raises(UsageError, match="are of aggregate"):
        found.aggregate("group", window=(0, 1))
    for options in ({"window": 3}, {"window": ("a", "b")}, {"window": (2, 1)}, {"balance": "x"}, {"balance": -1}):
        with pytest.raises(UsageError, match=r"window: \(first, last\)|balance: a number"):
            found.aggregate("dynamic", **options)
    with pytest.raises(EstimationError, match="go from -3 to 3"):
        found.aggregate("dynamic", window=(7, 9))


def test_a_cohort_of_one_unit_has_no_error() -> None:
    frame = staggered().with_columns(g=pl.when(pl.col("i") == 3).then(6).otherwise(pl.col("g")))
    found = el.did.group_time("y ~ 1", frame, **(SIM | {"draws": 199}))
    alone = found.tidy().filter(cohort=6)
    assert alone["std_error"].null_count() == alone.height and alone["band_low"].null_count() == alone.height
    assert alone["estimate"].null_count() == 0
    assert found.tidy().filter(cohort=4)["band_low"].null_count() == 0
    assert any("cohorts 6 or their comparison have one cluster only" in w for w in found.warnings)
    assert isinstance(found.pretest, Unavailable)
    groups = found.aggregate("group").tidy()
    assert groups.filter(term="cohort::6")["std_error"][0] is None
    assert found.aggregate("dynamic").tidy().filter(event_time=-4)["std_error"][0] is None


def test_gaps_in_time_are_said_and_crossed() -> None:
    found = el.did.group_time("y ~ 1", staggered().filter(pl.col("t") != 3), **SIM)
    assert any("gaps in time between 2 and 4" in w for w in found.warnings)
    assert found.tidy().filter(cohort=3, time=4)["base"][0] == 2
    assert found.tidy().filter(cohort=5, time=4)["base"][0] == 2


def test_collinear_covariates_are_left_out_and_named() -> None:
    frame = staggered().with_columns(twice=2 * pl.col("x"), same=pl.lit(1.0))
    found = el.did.group_time("y ~ x + twice + same", frame, **SIM)
    assert found.panel.names == ("x",) and any("twice, same" in w for w in found.warnings)
    plain = el.did.group_time("y ~ x", frame, **SIM)
    assert found.tidy()["estimate"].to_list() == pytest.approx(plain.tidy()["estimate"].to_list(), rel=1e-12)


def test_row_order_scale_and_input_do_not_matter() -> None:
    frame = staggered()
    before = frame.clone()
    found = el.did.group_time("y ~ x", frame, **SIM)
    mixed = el.did.group_time("y ~ x", frame.sample(fraction=1, shuffle=True, seed=1), **SIM)
    scaled = el.did.group_time("y ~ x", frame.with_columns(y=1000 * pl.col("y"), x=pl.col("x") * 1e6 + 3), **SIM)
    assert frame.equals(before)
    for name in ("estimate", "std_error"):
        own = found.tidy()[name].to_numpy()
        assert np.allclose(own, mixed.tidy()[name], rtol=1e-10, atol=0)
        assert np.allclose(own, scaled.tidy()[name].to_numpy() / 1000, rtol=1e-7, atol=0)
    back = pickle.loads(pickle.dumps(found))
    assert back.tidy().equals(found.tidy())


def test_the_bootstrap_repeats_and_agrees_with_the_analytic_errors() -> None:
    rng = np.random.default_rng(3)
    psi = rng.normal(size=(4, 1500)) / 1500
    errors = np.sqrt((psi**2).sum(axis=1))
    for kind in ("rademacher", "mammen"):
        spec = Bootstrap(4999, 11, kind)
        one = draws(psi, spec)
        assert np.array_equal(one, draws(psi, spec))
        assert one.std(axis=1) == pytest.approx(errors, rel=0.05)  # Monte Carlo error 1/sqrt(2 x 4999) = 1 per cent
        found = bootstrap(psi, errors, spec)
        assert found.errors == pytest.approx(errors, rel=0.08)
        assert found.critical == pytest.approx(2.49, abs=0.08)  # sup of 4 independent normals: 2.4909
    m = Bootstrap(999, 1, "mammen")
    v = draws(np.eye(50), m)
    assert set(np.round(np.unique(v), 6)) == {-0.618034, 1.618034}


def test_bands_are_wider_than_intervals() -> None:
    found = minimum_wages(draws=999)
    rows = found.tidy()
    assert (rows["band_low"] < rows["conf_low"]).all() and (rows["band_high"] > rows["conf_high"]).all()
    by_event = found.aggregate("dynamic")
    assert 2.2 < by_event.critical < 3.0 and "band_low" in by_event.tidy().columns
    many = (rows["n_treated"] > 100).to_numpy()  # quartiles of 20 signs are not those of the normal law
    analytic = rows["std_error"].to_numpy()[many]
    assert found.bootstrap.errors[many] == pytest.approx(analytic, rel=0.12)  # 999 draws: 4 per cent each


def test_every_cell_without_a_comparison_is_named() -> None:
    frame = staggered().filter(~(pl.col("g").is_null() & (pl.col("t") == 6)))
    found = el.did.group_time("y ~ 1", frame, **SIM)
    assert any(w.startswith("3 cells have no estimate: (3, 6): no units to compare with") for w in found.warnings)
    assert len(cells(found.panel, "never_treated", "dr", "varying", 0).times) == 12
