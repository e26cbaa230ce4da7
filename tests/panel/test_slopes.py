"""Varying slopes in fixed effects against explicit dummies and interactions, whose rank is exact."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import econloom as el
import econloom.panel.absorb.slopes as slopes_module
from econloom.core.errors import DataError, EstimationError, ExpressionError, UsageError
from econloom.panel.absorb import Grouping, Slopes, sloped_absorber
from econloom.panel.fit import Fit
from econloom.panel.formula import parse_formula, parse_formulas, retyped
from econloom.panel.inference.pairs import pairs_bootstrap
from tests.panel.samples import dummies, random_panel

Array = npt.NDArray[np.float64]
EFFECTS: dict[str, list[tuple[str, list[str]]]] = {
    "province[x3]": [("province", ["1", "x3"])],
    "province[[x3]]": [("province", ["x3"]), ("1", ["1"])],
    "province[x3, year]": [("province", ["1", "x3", "year"])],
    "firm[x3]": [("firm", ["1", "x3"])],
    "firm + province[year]": [("firm", ["1"]), ("province", ["1", "year"])],
    "province[log(w)] + year": [("province", ["1", "logw"]), ("year", ["1"])],
    "year[x3] + province[[w, x3]]": [("year", ["1", "x3"]), ("province", ["w", "x3"])],
    "firm + firm[[trend]] + year": [("firm", ["1", "trend"]), ("year", ["1"])],
}
VCOVS = [el.iid(), el.hc1(), el.cluster("province"), el.hc2(), el.hc3()]


def sample(seed: int, missing: float = 0.04) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    frame = random_panel(seed, missing=missing)
    holes = pl.Series(rng.uniform(size=frame.height) < missing)
    return frame.with_columns(
        logw=pl.col("w").log(), trend=(pl.col("year") - 2000.0), one=pl.lit("all"),
        z=pl.col("x1") + pl.Series(rng.normal(size=frame.height)),
        x3=pl.when(pl.Series(rng.uniform(size=frame.height) < missing)).then(None).otherwise(pl.col("x3")),
        year=pl.col("year"), x2=pl.when(holes).then(None).otherwise(pl.col("x2")),
    )  # fmt: skip


class Explicit:
    """Least squares on regressors, dummies and dummies times slope variables, rank by singular values."""

    def __init__(self, frame: pl.DataFrame, effects: list[tuple[str, list[str]]], x: list[str], weighted: bool) -> None:
        used = {c for g, columns in effects for c in [g, *columns]} - {"1"}
        frame = frame.drop_nulls(["y", *x, *used])
        self.frame = frame
        self.D = np.column_stack([self.columns(frame, g, v) for g, vs in effects for v in vs])
        self.w = frame["w"].to_numpy() / frame["w"].mean() if weighted else np.ones(frame.height)
        root = np.sqrt(self.w)[:, None]
        lengths = np.linalg.norm(root * self.D, axis=0)
        U, s, _ = np.linalg.svd(root * self.D / np.where(lengths > 0, lengths, 1.0), full_matrices=False)
        self.rank = int((s > 1e-7 * s[0]).sum())
        self.U, self.root = U[:, : self.rank], root
        self.X, self.y = self.without(frame.select(x).to_numpy()), self.without(frame.select("y").to_numpy())[:, 0]
        self.inverse = np.linalg.inv(self.X.T @ self.X)
        self.b = self.inverse @ self.X.T @ self.y
        self.e = self.y - self.X @ self.b
        self.h = (self.U**2).sum(axis=1) + np.einsum("ij,jk,ik->i", self.X, self.inverse, self.X)

    @staticmethod
    def columns(frame: pl.DataFrame, group: str, variable: str) -> Array:
        G = np.ones((frame.height, 1)) if group == "1" else dummies(frame[group])
        v = np.ones(frame.height) if variable == "1" else frame[variable].to_numpy().astype(float)
        return G * (v - v.mean() if np.ptp(v) and v.min() > 1000 else v)[:, None]

    def without(self, M: Array) -> Array:
        """Weighted residuals on the dummies."""
        M = self.root * M
        for _ in range(2):
            M = M - self.U @ (self.U.T @ M)
        return M

    def vcov(self, kind: str, K: int, clusters: str = "province") -> Array:
        n = len(self.y)
        if kind == "iid":
            return self.inverse * (self.e @ self.e) / (n - K)
        if kind == "cluster":
            C = dummies(self.frame[clusters])
            s = C.T @ (self.X * self.e[:, None])
            G = C.shape[1]
            return self.inverse @ (s.T @ s) @ self.inverse * G / (G - 1) * (n - 1) / (n - K)
        power = {"hc1": 0, "hc2": 1, "hc3": 2}[kind]
        shares = np.where(self.h < 1 - 1e-10, 1 - self.h, np.inf) ** power
        return self.inverse @ (self.X.T * (self.e**2 / shares)) @ self.X @ self.inverse * n / (n - K)


def numbers(fit: Fit) -> Array:
    return fit.tidy().drop("term").to_numpy()


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("effects", EFFECTS)
@pytest.mark.parametrize("seed", range(6))
def test_explicit_interactions(seed: int, effects: str, weights: str | None) -> None:
    frame = sample(700 + seed)
    truth = Explicit(frame, EFFECTS[effects], ["x1", "x2"], weights is not None)
    assert truth.rank + 4 < len(truth.y)
    for vcov in VCOVS:
        fit = el.ols(f"y ~ x1 + x2 | {effects}", frame, vcov=vcov, weights=weights, ssc="none")
        assert fit.absorbed.rank == truth.rank
        assert fit.sample.n == len(truth.y)
        b, V = fit.tidy()["estimate"].to_numpy()[:2], fit.vcov[:2, :2]
        np.testing.assert_allclose(b, truth.b, rtol=1e-8, atol=1e-10)
        n, G = len(truth.y), truth.frame["province"].n_unique()
        bare = {"iid": 1.0, "cluster": (G - 1) / G * n / (n - 1)}.get(vcov.kind, 1.0)
        np.testing.assert_allclose(V, truth.vcov(vcov.kind, 0) * bare, rtol=1e-6, atol=1e-12)
    assert fit.glance()["r2_within"][0] == pytest.approx(1 - truth.e @ truth.e / (truth.y @ truth.y), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3), st.booleans(), st.booleans())
def test_residuals_and_rank(seed: int, m: int, weighted: bool, constant: bool) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, 100))
    effects = [Grouping.of(str(j), rng.integers(0, rng.integers(1, 12), n)) for j in range(m)]
    variables = [rng.normal(size=n), rng.integers(0, 3, n) * 1e6, np.arange(n) // 3 + 2000.0]
    drawn = [[variables[k] for k in rng.choice(3, rng.integers(0, 3), replace=False)] for _ in effects]
    slopes = [Slopes(np.column_stack(v), bool(rng.integers(0, 2))) if v else None for v in drawn]
    w = rng.uniform(0.1, 5, n) if weighted else np.ones(n)
    parts = [np.ones((n, 1))] if constant else []
    for g, v, s in zip(effects, drawn, slopes, strict=True):
        D = (g.codes[:, None] == np.arange(g.levels)).astype(float)
        parts += [D] if s is None or s.levels else []
        parts += [D * x[:, None] for x in v]
    Z = np.column_stack(parts) * np.sqrt(w)[:, None]
    Z = Z / np.maximum(np.linalg.norm(Z, axis=0), 1e-300)
    U, values, _ = np.linalg.svd(Z, full_matrices=False)
    if np.any((values < 1e-4 * values[0]) & (values > 1e-11 * values[0])):
        return  # neither clearly dependent nor clearly not
    U = U[:, values > 1e-7 * values[0]]
    X = rng.normal(size=(n, 3))
    WX = X * np.sqrt(w)[:, None]
    truth = (WX - U @ (U.T @ WX)) / np.sqrt(w)[:, None]
    engine = sloped_absorber(effects, slopes, w if weighted else None, constant)
    if (constant and any(s is None or s.levels for s in slopes)) or not constant:
        assert engine.rank == U.shape[1]
    np.testing.assert_allclose(engine.residuals(X), truth, atol=1e-8)
    np.testing.assert_allclose(engine.leverages() * w, (U**2).sum(axis=1), atol=1e-8)


def test_slopes_of_nothing_are_plain_effects() -> None:
    frame = sample(3)
    plain = el.ols("y ~ x1 | firm + year", frame.drop_nulls())
    zero = el.ols("y ~ x1 | firm[nil] + year", frame.drop_nulls().with_columns(nil=pl.lit(0.0)))
    assert zero.absorbed.rank == plain.absorbed.rank
    np.testing.assert_allclose(zero.tidy()["estimate"], plain.tidy()["estimate"], rtol=1e-10)


@pytest.mark.parametrize("vcov", [el.iid(), el.hc1(), el.cluster("province")])
def test_an_intercept_beside_slopes_alone(vcov: Any) -> None:
    """fixest keeps it; so do explicit interactions."""
    frame = sample(21).drop_nulls()
    fit = el.ols("y ~ x1 | province[[x3]]", frame, vcov=vcov, ssc="areg")
    D = dummies(frame["province"]) * frame["x3"].to_numpy()[:, None]
    wide = frame.with_columns(pl.Series(f"d{j}", D[:, j]) for j in range(D.shape[1]))
    truth = el.ols(f"y ~ x1 + {' + '.join(f'd{j}' for j in range(D.shape[1]))}", wide, vcov=vcov, ssc="areg")
    for term in ("x1", "(Intercept)"):
        mine, theirs = (f.tidy().filter(pl.col("term") == term).row(0)[1:] for f in (fit, truth))
        np.testing.assert_allclose(mine, theirs, rtol=1e-8)
    assert fit.glance()["df_residual"][0] == truth.glance()["df_residual"][0]
    names = " + ".join(f"d{j}" for j in range(D.shape[1]))
    fit = el.iv("y ~ 1 | province[[x3]] | x1 ~ z", frame, vcov=vcov, ssc="none")
    truth = el.iv(f"y ~ {names} | x1 ~ z", wide, vcov=vcov, ssc="none")
    pairs = [f.tidy().filter(pl.col("term").is_in(["x1", "(Intercept)"])).drop("term") for f in (fit, truth)]
    np.testing.assert_allclose(*pairs, rtol=1e-7)
    assert el.ols("y ~ 0 + x1 | province[[x3]]", frame).tidy()["term"].to_list() == ["x1"]
    ones = el.ols("y ~ x1 | province[[one1]]", frame.with_columns(one1=pl.lit(1.0)))
    assert ones.tidy()["term"].to_list() == ["x1"]
    assert "span" in ones.warnings[0]


def test_how_conventions_count() -> None:
    """fixest: levels less one for each further effect, all slopes; nested effects go, their slopes stay."""
    frame = sample(31, missing=0.0)
    F, P, n = frame["firm"].n_unique(), frame["province"].n_unique(), frame.height
    fit = el.ols("y ~ x1 | firm + province[x3]", frame)
    assert fit.glance()["df_residual"][0] == n - 1 - (F + P - 1) - P
    truth = Explicit(frame, EFFECTS["firm + province[year]"], ["x1"], False)
    exact = el.ols("y ~ x1 | firm + province[year]", frame, ssc="areg")
    assert exact.glance()["df_residual"][0] == n - 1 - truth.rank
    np.testing.assert_allclose(exact.vcov, truth.vcov("iid", 1 + truth.rank), rtol=1e-6)
    nested = el.ols("y ~ x1 | province[year]", frame, vcov=el.cluster("province"))
    counted = Explicit(frame, [("province", ["1", "year"])], ["x1"], False)
    np.testing.assert_allclose(nested.vcov, counted.vcov("cluster", 1 + 1 + P), rtol=1e-6)
    assert el.ols("y ~ x1 | province[[year]]", frame).glance()["df_residual"][0] == n - 1 - P - 1


@pytest.mark.parametrize("vcov", VCOVS[:3])
@pytest.mark.parametrize("effects", ["province[x3]", "firm + province[year]", "province[[x3]]"])
def test_contract(effects: str, vcov: Any) -> None:
    """Row order, unit weights, scale of the slope variable, missing values, pickling."""
    frame, formula = sample(11), f"y ~ x1 + x2 | {effects}"
    fit = el.ols(formula, frame, vcov=vcov)
    base = numbers(fit)
    shuffled = el.ols(formula, frame.sample(fraction=1, shuffle=True, seed=1), vcov=vcov)
    np.testing.assert_allclose(numbers(shuffled), base, rtol=1e-9, atol=1e-12)
    ones = el.ols(formula, frame.with_columns(ones=pl.lit(3.0)), vcov=vcov, weights="ones")
    np.testing.assert_allclose(numbers(ones), base, rtol=1e-9, atol=1e-12)
    for factor in (1e6, 1e-6):
        scaled = el.ols(formula, frame.with_columns(pl.col("x3") * factor, pl.col("year") * factor), vcov=vcov)
        np.testing.assert_allclose(numbers(scaled), base, rtol=1e-8, atol=1e-11)
    again = pickle.loads(pickle.dumps(fit))
    np.testing.assert_array_equal(numbers(again), base)
    fresh = el.ols(formula, frame, vcov=el.hc1())
    np.testing.assert_allclose(numbers(fit.with_vcov(el.hc1())), numbers(fresh), rtol=1e-12)
    assert fit.summary.effects == tuple(e.name for e in fit.request.model.effects)
    assert fit.sample.n + sum(d.rows for d in fit.sample.drops) == frame.height


def test_missing_slope_variables_are_logged() -> None:
    frame = random_panel(7).with_columns(t=pl.when(pl.int_range(pl.len()) < 5).then(None).otherwise(pl.col("year")))
    drops = el.ols("y ~ x1 | province[t]", frame).sample.drops
    assert [(d.reason, d.rows) for d in drops] == [("missing slope variable t", 5)]
    nan = frame.with_columns(t=pl.when(pl.int_range(pl.len()) < 5).then(math.nan).otherwise(1.0 * pl.col("year")))
    assert el.ols("y ~ x1 | province[t]", nan).sample.drops == drops


def test_singletons_as_in_fixest() -> None:
    """A group of one row is a singleton where it has an effect, not where it has slopes only."""
    row = pl.int_range(pl.len())
    frame = random_panel(7).with_columns(province=pl.when(row == 0).then(99).otherwise(pl.col("province")))
    dropped, kept = (el.ols(f"y ~ x1 | {e}", frame, singletons="drop") for e in ("province[x3]", "province[[x3]]"))
    assert kept.sample.n == dropped.sample.n + 1 == frame.height


def test_instruments_beside_slopes() -> None:
    frame = sample(41)
    truth = Explicit(frame, EFFECTS["firm + province[year]"], ["x1", "x2", "z"], True)
    x1, x2, z = truth.X.T
    Z, X = np.column_stack([z, x2]), np.column_stack([x1, x2])
    fit = el.iv("y ~ x2 | firm + province[year] | x1 ~ z", frame, weights="w", ssc="none")
    b = np.linalg.solve(Z.T @ X, Z.T @ truth.y)
    np.testing.assert_allclose(fit.tidy()["estimate"], b, rtol=1e-8)
    e = truth.y - X @ b
    P = Z @ np.linalg.solve(Z.T @ Z, Z.T @ X)
    np.testing.assert_allclose(fit.vcov, np.linalg.inv(P.T @ P) * (e @ e) / len(e), rtol=1e-6)
    first = fit.first_stage["x1"]
    assert first.request.model.effects == fit.request.model.effects
    np.testing.assert_allclose(first.tidy()["estimate"], np.linalg.solve(Z.T @ Z, Z.T @ x1)[::-1], rtol=1e-8)


def test_models_of_one_formula() -> None:
    frame = sample(51)
    fits = el.ols("y ~ x1 | sw(province, province[x3], province[[x3]])", frame)
    alone = [el.ols(f"y ~ x1 | {e}", frame) for e in ("province", "province[x3]", "province[[x3]]")]
    for one, other in zip(fits, alone, strict=True):
        np.testing.assert_allclose(numbers(one), numbers(other), rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "name", "slopes", "levels"),
    [
        ("firm[t]", "firm[t]", ["t"], True),
        ("firm[[t]]", "firm[[t]]", ["t"], False),
        ("firm[t,z ]", "firm[t, z]", ["t", "z"], True),
        ("firm^year[log(t), t^2]", "firm^year[log(t), t^2]", ["log(t)", "t^2"], True),
        ("firm + firm[[t]]", "firm[t]", ["t"], True),
        ("firm[t] + firm[t, z]", "firm[t, z]", ["t", "z"], True),
        ("firm[mean(t, by=firm), z]", "firm[mean(t, by=firm), z]", ["mean(t, by=firm)", "z"], True),
        ("`a b`[`c d`]", "a b[c d]", ["c d"], True),
    ],
)
def test_names(text: str, name: str, slopes: list[str], levels: bool) -> None:
    model = parse_formula(f"y ~ x | {text}")
    (effect,) = model.effects
    assert (effect.name, [t.name for t in effect.slopes], effect.levels) == (name, slopes, levels)
    assert [e.key for e in parse_formula(retyped(model).text).effects] == [effect.key]


def test_stepwise_slopes() -> None:
    models = parse_formulas("y ~ x | csw0(firm[t], year)")
    assert [[e.name for e in m.effects] for m in models] == [[], ["firm[t]"], ["firm[t]", "year"]]


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("y ~ x | firm[]", 13, "missing"),
        ("y ~ x | firm[t,]", 15, "missing"),
        ("y ~ x | firm[t", 12, "not closed"),
        ("y ~ x | firm[[t]", 16, "closed by"),
        ("y ~ x | [t]", 8, "follow an effect"),
        ("y ~ x | firm[t][z]", 15, "follow an effect"),
        ("y ~ x | (firm + year)[t]", 21, "follow an effect"),
        ("y ~ x | firm[t]^year", 8, "after the last column"),
        ("y ~ x | firm[3]", 13, "a column or a function"),
        ("y ~ x | firm[i(t)]", 13, "cannot stand here"),
        ("y ~ x | firm[t +]", 16, "too early"),
        ("y ~ x + firm[t]", 12, "unexpected"),
    ],
)
def test_errors_carry_a_caret(text: str, position: int, words: str) -> None:
    with pytest.raises(ExpressionError, match=words) as caught:
        parse_formula(text)
    assert caught.value.position == position
    assert str(caught.value).splitlines()[2].rstrip().endswith("^")


@pytest.mark.parametrize(
    ("formula", "options", "kind", "words"),
    [
        ("y ~ x1 | firm[xx3]", {}, ExpressionError, "no column 'xx3', did you mean 'x3'"),
        ("y ~ x1 | firm[log(xx3)]", {}, ExpressionError, "xx3"),
        ("y ~ x1 | province[firm]", {}, DataError, "the slope variable firm holds text, not numbers"),
        ("y ~ x1 | province[x3]", {"ssc": "xtreg"}, UsageError, r"xtreg takes no varying slopes: province\[x3\]"),
        ("y ~ x1 | province[x3]", {"ssc": "reghdfe"}, UsageError, "reghdfe takes no varying slopes"),
        ("y ~ x1 | province[x3]", {"constant": "lsdv"}, UsageError, "'lsdv' takes no varying slopes"),
        ("y ~ x3 | province[x3]", {}, EstimationError, r"x3 \(absorbed by the effects\)"),
    ],
)
def test_refusals(formula: str, options: dict[str, Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=f"(?s){words}"):
        el.ols(formula, random_panel(7), **options)


@pytest.mark.parametrize("vcov", [el.wild("firm", draws=499), el.newey_west(1), el.driscoll_kraay(1)])
def test_other_covariances(vcov: Any) -> None:
    """Those of the regression on dummies and interactions, but for factors."""
    frame = sample(33).drop_nulls()
    fit = el.ols("y ~ x1 | year[x3]", frame, vcov=vcov, unit="firm", time="year", ssc="none")
    G = dummies(frame["year"])
    D = np.hstack([G[:, 1:], G * frame["x3"].to_numpy()[:, None]])
    wide = frame.with_columns(pl.Series(f"d{j}", d) for j, d in enumerate(D.T))
    formula = f"y ~ x1 + {' + '.join(f'd{j}' for j in range(D.shape[1]))}"
    truth = el.ols(formula, wide, vcov=vcov, unit="firm", time="year", ssc="none")
    mine, theirs = (f.tidy().row(0, named=True) for f in (fit, truth))
    for name in ("estimate", "std_error", "p_value"):
        assert mine[name] == pytest.approx(theirs[name], rel=1e-7, abs=1e-9)


def test_nested_models() -> None:
    """F of the effects and likelihood ratio against the pooled and the smaller model."""
    frame = sample(61).drop_nulls()
    small, big = (el.ols(f"y ~ x1 | {e}", frame) for e in ("province", "province[x3]"))
    pooled = el.ols("y ~ x1", frame)
    r, df = big.absorbed.rank, frame.height - 1 - big.absorbed.rank
    found = big.tests["fixed_effects_f"]
    expected = (pooled.estimate.rss / big.estimate.rss - 1) * df / (r - 1)
    assert found.statistic == pytest.approx(expected, rel=1e-9)
    ratio = el.tests.likelihood_ratio(small, big)
    assert ratio.df == (big.absorbed.rank - small.absorbed.rank,)
    with pytest.raises(UsageError, match=r"lacks slopes province\[x3\]"):
        el.tests.likelihood_ratio(big, el.ols("y ~ x1 + x2 | firm", frame))


def test_constants_beside_slopes() -> None:
    frame = sample(71).drop_nulls()
    fit = el.ols("y ~ x1 | province[x3]", frame, constant="centred")
    b = fit.tidy()["estimate"]
    assert b[1] == pytest.approx(frame["y"].mean() - b[0] * frame["x1"].mean())  # type: ignore[operator]
    assert fit.glance()["r2_within_unit"][0] is not None
    assert el.ols("y ~ x1 | province[[x3]]", frame).glance()["r2_within_unit"][0] is None


def test_other_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = random_panel(7)
    with pytest.raises(UsageError, match=r"takes no varying slopes: province\[x3\]"):
        el.poisson("x3 ~ x1 | province[x3]", frame)
    with pytest.raises(UsageError, match="takes no varying slopes"):
        el.ols("y ~ x1 | province[x3]", frame).with_ssc("xtreg")
    with pytest.raises(UsageError, match="takes no effects that are slopes only"):
        el.iv("y ~ x1 | province[[x3]] | x2 ~ w", frame, method="gmm", vcov=el.hc1())
    with pytest.raises(EstimationError, match="takes no varying slopes"):
        el.ols("y ~ x1 | province[x3]", frame, vcov=el.cr2("province"))
    with pytest.raises(EstimationError, match="pairs bootstrap takes no varying slopes"):
        pairs_bootstrap(el.ols("y ~ x1 | province[x3]", frame, vcov=el.cluster("firm")))
    fe, re = el.ols("y ~ x1 | firm[x3]", frame), el.random_effects("y ~ x1", frame, unit="firm", time="year")
    with pytest.raises(UsageError, match="the first fit has varying slopes"):
        el.tests.hausman(fe, re)
    monkeypatch.setattr(slopes_module, "DENSE_LEVELS", 3)
    with pytest.raises(EstimationError, match=r"varying slopes with more than 3 columns beside those of firm"):
        el.ols("y ~ x1 | firm + province[x3]", frame)
