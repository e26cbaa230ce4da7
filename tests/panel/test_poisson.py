"""PPML: agreement with pyfixest 0.60 and statsmodels on random designs, separation against linear programming."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import polars as pl
import pyfixest as pf
import pytest
import statsmodels.api as sm
from scipy.optimize import linprog

import econloom as el
from econloom.core.errors import DataError, EstimationError, UsageError
from tests.panel.samples import Array, dummies, random_panel

EFFECTS = ["", "firm", "firm + year", "firm + province^year", "province + firm + year"]
VCOVS: dict[str, tuple[Any, Any]] = {
    "iid": (el.iid(), "iid"),
    "hc1": (el.hc1(), "hetero"),
    "firm": (el.cluster("firm"), {"CRV1": "firm"}),
    "province": (el.cluster("province"), {"CRV1": "province"}),
}


def counts(seed: int, missing: float = 0.03, level: float = 1.2) -> pl.DataFrame:
    frame = random_panel(seed, missing=missing)
    x1, x2 = (frame[c].fill_null(0).to_numpy() for c in ("x1", "x2"))
    mean = np.exp(level + 0.3 * x1 - 0.2 * x2)
    return frame.with_columns(c=pl.Series(np.random.default_rng(seed).poisson(mean).astype(float)))


def fit(formula: str, frame: pl.DataFrame, **options: Any) -> Any:
    return el.poisson(formula, frame, **options)


def peer(formula: str, frame: pl.DataFrame, vcov: Any, weights: str | None = None) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pf.fepois(
            formula, frame.to_pandas(), vcov=vcov, weights=weights, fixef_rm="none", fixef_tol=1e-9,
            iwls_tol=1e-12, iwls_maxiter=100,
        )  # fmt: skip


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("effects", EFFECTS)
@pytest.mark.parametrize("seed", range(4))
def test_random_designs(seed: int, effects: str, weights: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if seed == 2:  # compiled passes and conjugate gradients, which small samples do not use
        monkeypatch.setattr("econloom.panel.absorb.effects.DENSE_LEVELS", 1)
        monkeypatch.setattr("econloom.panel.passes.COMPILED_ROWS", 1)
    frame = counts(40 + seed)
    formula = "c ~ x1 + x2 + x3" + (f" | {effects}" if effects else "")
    ours = fit(formula, frame, weights=weights)
    for vcov, theirs in VCOVS.values():
        other = peer(formula, frame, theirs, weights)
        b, se, p = other.coef(), other.se(), other.pvalue()
        for row in ours.with_vcov(vcov).tidy().iter_rows(named=True):
            name = {"(Intercept)": "Intercept"}.get(row["term"], row["term"])
            assert row["estimate"] == pytest.approx(b[name], rel=1e-8, abs=1e-10)
            assert row["std_error"] == pytest.approx(se[name], rel=1e-6)
            assert row["p_value"] == pytest.approx(p[name], rel=1e-5, abs=1e-12)
    glance = ours.glance().row(0, named=True)
    assert glance["deviance"] == pytest.approx(float(other.deviance), rel=1e-9)
    assert glance["loglik"] == pytest.approx(other._loglik, rel=1e-9)
    assert glance["n"] == other._N
    if weights is None:
        assert glance["pseudo_r2"] == pytest.approx(other._pseudo_r2, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_glm_with_dummies(seed: int) -> None:
    frame = counts(70 + seed, missing=0.0)
    ours = fit("c ~ x1 + x2 | firm + year", frame, ssc="none")
    used = frame.filter(pl.col("c").sum().over("firm") > 0, pl.col("c").sum().over("year") > 0)
    D = np.column_stack([dummies(used["firm"]), dummies(used["year"], drop_first=True)])
    X = np.column_stack([used.select("x1", "x2").to_numpy(), D])
    other = sm.GLM(used["c"].to_numpy(), X, family=sm.families.Poisson()).fit(tol=1e-14, maxiter=200)
    np.testing.assert_allclose(ours.tidy()["estimate"], other.params[:2], rtol=1e-8)
    np.testing.assert_allclose(ours.tidy()["std_error"], other.bse[:2], rtol=1e-6)
    assert ours.glance()["loglik"][0] == pytest.approx(other.llf, rel=1e-10)
    robust = sm.GLM(used["c"].to_numpy(), X, family=sm.families.Poisson()).fit(cov_type="HC0", tol=1e-14, maxiter=200)
    np.testing.assert_allclose(ours.with_vcov(el.hc1()).tidy()["std_error"], robust.bse[:2], rtol=1e-6)


def separated_rows(y: Array, Z: Array) -> Any:
    """By linear programming: zero rows that some ``Z d <= 0`` with ``Z d = 0`` where y > 0 makes negative."""
    zero = y == 0
    m, k = int(zero.sum()), Z.shape[1]
    cost = np.r_[np.zeros(k), -np.ones(m)]
    upper = np.hstack([Z[zero], np.eye(m)])  # Z d + t <= 0, 0 <= t <= 1
    equal = np.hstack([Z[~zero], np.zeros(((~zero).sum(), m))])
    bounds = [(None, None)] * k + [(0, 1)] * m
    found = linprog(cost, A_ub=upper, b_ub=np.zeros(m), A_eq=equal, b_eq=np.zeros(len(equal)), bounds=bounds)
    rows = np.zeros(len(y), dtype=bool)
    rows[zero] = found.x[k:] > 0.5
    return rows


@pytest.mark.parametrize("seed", range(40))
def test_separation_is_what_linear_programming_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 60
    f, g = rng.integers(0, 8, n), rng.integers(0, 6, n)
    s, x = (rng.uniform(size=n) < 0.15).astype(float), rng.normal(size=n)
    y = rng.poisson(np.exp(-1.3 + 0.3 * x)).astype(float)
    if seed % 2:
        y[s == 1] = 0.0
    Z = np.column_stack([x, s, dummies(pl.Series(f)), dummies(pl.Series(g))])
    rows = separated_rows(y, Z)
    frame = pl.DataFrame({"y": y, "x": x, "s": s, "f": f, "g": g})
    ours = fit("y ~ x + s | f + g", frame)
    assert sum(d.rows for d in ours.sample.drops) == rows.sum()
    assert sorted(ours.design.rows) == np.flatnonzero(~rows).tolist()
    kept = Z[~rows][:, (np.abs(Z[~rows]).sum(axis=0) > 0)]
    glm = sm.GLM(y[~rows], kept, family=sm.families.Poisson()).fit(tol=1e-14, maxiter=300)
    assert ours.tidy()["estimate"][0] == pytest.approx(glm.params[0], rel=1e-6)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("seed", range(15))
def test_sparse_effects_that_separate_together(seed: int, compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hardly connected groups: rows that only both effects together separate."""
    if compiled:
        monkeypatch.setattr("econloom.panel.absorb.effects.DENSE_LEVELS", 1)
        monkeypatch.setattr("econloom.panel.passes.COMPILED_ROWS", 1)
    rng = np.random.default_rng(seed)
    n = 150
    f, g, x = rng.integers(0, 40, n), rng.integers(0, 30, n), rng.normal(size=n)
    y = rng.poisson(np.exp(-0.8 + 0.5 * x)).astype(float)
    rows = separated_rows(y, np.column_stack([x, dummies(pl.Series(f)), dummies(pl.Series(g))]))
    try:
        ours = fit("y ~ x | f + g", pl.DataFrame({"y": y, "x": x, "f": f, "g": g}), ssc="none")
    except EstimationError as error:
        assert "degrees of freedom" in str(error)
        return
    assert sorted(ours.design.rows) == np.flatnonzero(~rows).tolist()


def test_separated_rows_are_named_and_counted() -> None:
    frame = counts(5).with_columns(s=(pl.int_range(pl.len()) % 29 == 0) * 1.0)
    frame = frame.with_columns(c=pl.when(pl.col("s") == 1).then(0.0).otherwise(pl.col("c") + 1), one=pl.lit("all"))
    frame = frame.with_columns(c=pl.when(pl.col("year") == 2001).then(0.0).otherwise(pl.col("c")))
    ours = fit("c ~ x2 + s | year", frame, vcov=el.cluster("firm"))
    reasons = {d.reason: d.rows for d in ours.sample.drops}
    assert reasons["separated: the outcome is all zero in a group of year"] == (frame["year"] == 2001).sum()
    assert any(r.startswith("separated by s:") for r in reasons)
    assert ours.summary.removed == (("s", "holds one value"),)
    assert any("rows left out, separated by s" in w for w in ours.warnings)
    assert "separated by s" in repr(ours)
    clean = fit("c ~ x2 | year", frame, where="s == 0 and year != 2001", vcov=el.cluster("firm"))
    np.testing.assert_allclose(ours.tidy()["estimate"], clean.tidy()["estimate"], rtol=1e-10)
    np.testing.assert_allclose(ours.tidy()["std_error"], clean.tidy()["std_error"], rtol=1e-8)


def test_gravity() -> None:
    """A structural gravity sample with many zeros and outcomes over nine orders of magnitude; hard scales converge."""
    rng = np.random.default_rng(3)
    o, d, t = (a.ravel() for a in np.meshgrid(np.arange(15), np.arange(15), np.arange(6), indexing="ij"))
    distance = rng.uniform(100, 9000, size=(15, 15))[o, d]
    mean = np.exp(25 - 1.5 * np.log(distance) + rng.normal(size=15)[o] * 2 + rng.normal(size=15)[d] * 2)
    trade = np.round(mean * rng.gamma(0.3, 1 / 0.3, size=len(o))) * (rng.uniform(size=len(o)) < 0.8)
    frame = pl.DataFrame({"o": o, "d": d, "t": t, "distance": distance, "trade": trade})
    formula = "trade ~ log(distance) | o^t + d^t"
    ours = fit(formula, frame, vcov=el.cluster("o"))
    scaled = fit(formula, frame.with_columns(trade=pl.col("trade") * 1e-6), vcov=el.cluster("o"))
    assert ours.tidy()["estimate"][0] == pytest.approx(scaled.tidy()["estimate"][0], rel=1e-8)
    assert ours.tidy()["std_error"][0] == pytest.approx(scaled.tidy()["std_error"][0], rel=1e-6)
    other = peer("trade ~ ld | o^t + d^t", frame.with_columns(ld=pl.col("distance").log()), {"CRV1": "o"})
    assert ours.tidy()["estimate"][0] == pytest.approx(other.coef()["ld"], rel=1e-6)
    assert ours.tidy()["std_error"][0] == pytest.approx(other.se()["ld"], rel=1e-6)


def test_an_extreme_outcome_converges() -> None:
    frame = counts(9).with_columns(c=pl.when(pl.int_range(pl.len()) == 3).then(1e9).otherwise(pl.col("c")))
    for formula in ("c ~ x2", "c ~ x2 | firm", "c ~ 0 + x2"):
        ours = fit(formula, frame)
        assert np.isfinite(ours.glance()["loglik"][0])
        e = ours.estimate
        scores = e.score_products(ours.absorbed, np.ones(ours.sample.n))
        assert np.all(np.isfinite(scores))


FRAME = counts(11).with_columns(
    flat=pl.lit(4.0), one=pl.lit("all"), zero=pl.lit(0.0), minus=-pl.col("c"), row=pl.int_range(pl.len()),
    trait=pl.col("province") * 1.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "options", "kind", "words"),
    [
        ("minus ~ x1", {}, DataError, "minus is negative in"),
        ("zero ~ x1", {}, EstimationError, "zero is zero in all"),
        ("c ~ x1", {"vcov": el.cluster("one")}, EstimationError, "one cluster of 'one'"),
        ("c ~ trait + flat | firm", {}, EstimationError, r"no regressor of c is left: trait \(absorbed.*flat \(holds"),
        ("c ~ x1", {"where": "year > 3000"}, EstimationError, "no rows are left"),
        ("c ~ x1 | row", {}, EstimationError, "no regressor|no degrees of freedom"),
        ("c ~ x1 | firm", {"ssc": "xtreg"}, UsageError, "el.poisson has no convention xtreg"),
        ("c ~ x1", {"vcov": el.hc3()}, UsageError, "el.poisson has no hc3"),
        ("c ~ x1 | x2 ~ x3", {}, UsageError, "takes no instruments"),
        ("c ~ xx1", {}, UsageError, "did you mean 'x1'"),
        ("c ~ x1", {"weights": "zero"}, DataError, "zero or negative"),
        ("c ~ x1 + x2 + x3", {"where": "row < 3"}, EstimationError, "no degrees of freedom"),
    ],
)
def test_errors(formula: str, options: dict[str, Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=f"(?s){words}"):
        el.poisson(formula, FRAME, **options)


def test_no_convergence_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("econloom.panel.nonlinear.irls.MOST", 2)
    with pytest.raises(EstimationError, match="no convergence in 2 iterations"):
        el.poisson("c ~ x1 | firm", FRAME)


def test_contract() -> None:
    """Row order, scales, unit weights, removed columns, input left untouched, pickling, tables."""
    before = FRAME.clone()
    ours = fit("c ~ x1 + x2 + flat | firm + year", FRAME, vcov=el.cluster("firm"))
    assert FRAME.equals(before)
    assert ours.summary.removed == (("flat", "holds one value"),)
    same = [
        fit("c ~ x1 + x2 | firm + year", FRAME.sample(fraction=1, shuffle=True, seed=1), vcov=el.cluster("firm")),
        fit("c ~ x1 + x2 | firm + year", FRAME.with_columns(u=1.0), weights="u", vcov=el.cluster("firm")),
        pickle.loads(pickle.dumps(ours)),
    ]
    for other in same:
        np.testing.assert_allclose(ours.tidy().drop("term"), other.tidy().drop("term"), rtol=1e-8)
    scaled = fit("c ~ x1 + x2 | firm + year", FRAME.with_columns(pl.col("x2") * 1e8, pl.col("c") * 1e3))
    np.testing.assert_allclose(scaled.tidy()["estimate"].to_numpy() * [1, 1e8], ours.tidy()["estimate"], rtol=1e-8)
    assert ours.tests["wald"].statistic == pytest.approx(ours.wald(["x1", "x2"]).statistic)
    assert list(ours.tests) == ["wald"]
    assert "least squares" in el.tests.fixed_effects_f(ours).reason
    assert ours.summary.distribution == "normal"
    table = el.etable([ours, ours.with_vcov(el.hc1())])
    assert "x1" in str(table)


def test_weights_keep_to_their_rows() -> None:
    """Rows in any order, weights as given: doubling them halves the variance of independent errors."""
    frame = counts(12, missing=0.0)
    shuffled = frame.sample(fraction=1, shuffle=True, seed=2).with_columns(pl.col("w") * 2)
    for effects in ("", " | year", " | firm + year"):
        ours = fit(f"c ~ x1 + x2{effects}", frame, weights="w", ssc="none")
        other = fit(f"c ~ x1 + x2{effects}", shuffled, weights="w", ssc="none")
        np.testing.assert_allclose(ours.tidy()["estimate"], other.tidy()["estimate"], rtol=1e-8)
        np.testing.assert_allclose(ours.vcov, 2 * other.vcov, rtol=1e-6)
        robust, same = ours.with_vcov(el.cluster("firm")), other.with_vcov(el.cluster("firm"))
        np.testing.assert_allclose(robust.vcov, same.vcov, rtol=1e-6)


def test_several_models() -> None:
    fits = fit("c ~ csw(x1, x2) | sw(firm, year)", FRAME)
    assert len(fits) == 4
    assert fits.tidy().height == 6
    alone = fit("c ~ x1 + x2 | year", FRAME)
    np.testing.assert_allclose(fits[3].tidy()["estimate"], alone.tidy()["estimate"], rtol=1e-12)


def test_effects_without_regressors() -> None:
    ours = fit("c ~ 1 | firm", FRAME)
    assert ours.tidy().height == 0
    mean = fit("c ~ 1", FRAME)
    assert mean.tidy()["estimate"][0] == pytest.approx(np.log(FRAME["c"].mean()), rel=1e-10)
    assert mean.glance()["pseudo_r2"][0] == pytest.approx(0, abs=1e-12)
