"""Logit: statsmodels (plain, dummies, conditional), pyfixest, the definition of the conditional likelihood."""

from __future__ import annotations

import pickle
import warnings
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
import pyfixest as pf
import pytest
import statsmodels.api as sm
from scipy.optimize import linprog
from statsmodels.datasets import fair, spector
from statsmodels.discrete.conditional_models import ConditionalLogit

import econloom as el
from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.panel.absorb import Grouping
from econloom.panel.nonlinear import conditional
from tests.panel.samples import dummies


def choices(seed: int, groups: int = 50, rows: int = 8) -> pl.DataFrame:
    """Yes or no, with an effect of each group that the regressors know of; unbalanced."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(groups), rows)
    t = np.tile(np.arange(rows), groups)
    effect = rng.normal(size=groups)[g]
    X = rng.normal(size=(len(g), 3)) + 0.4 * effect[:, None]
    X[:, 1] *= 1e4
    y = X @ np.array([0.8, -5e-5, 0.3]) + effect + rng.logistic(size=len(g)) > 0
    frame = pl.DataFrame({"g": g, "t": t, "y": y * 1, "a": X[:, 0], "b": X[:, 1], "c": X[:, 2]})
    frame = frame.with_columns(w=pl.Series(rng.uniform(0.5, 2, len(g))), block=pl.col("g") % 9)
    return frame.filter(pl.Series(rng.uniform(size=len(g)) < 0.85))


def fit(formula: str, frame: Any, **options: Any) -> Any:
    return el.logit(formula, frame, **options)


@pytest.mark.parametrize("seed", range(5))
def test_plain(seed: int) -> None:
    frame = choices(seed)
    ours = fit("y ~ a + b + c", frame, ssc="none")
    X = np.column_stack([frame.select("a", "b", "c").to_numpy(), np.ones(frame.height)])
    other = sm.Logit(frame["y"].to_numpy(), X).fit(disp=0, tol=1e-14, method="newton")
    np.testing.assert_allclose(ours.tidy()["estimate"], other.params, rtol=1e-8)
    np.testing.assert_allclose(ours.tidy()["std_error"], other.bse, rtol=1e-6)
    np.testing.assert_allclose(ours.tidy()["p_value"], other.pvalues, rtol=1e-5)
    glance = ours.glance().row(0, named=True)
    found = [glance[k] for k in ("loglik", "loglik_null", "pseudo_r2", "aic", "bic")]
    np.testing.assert_allclose(found, [other.llf, other.llnull, other.prsquared, other.aic, other.bic], rtol=1e-9)
    groups = frame["block"].to_numpy()
    for vcov, options in ((el.hc1(), {"cov_type": "HC0"}), (el.cluster("block"), {"cov_type": "cluster"})):
        extra = {"cov_kwds": {"groups": groups, "use_correction": False}} if vcov.clusters else {}
        robust = sm.Logit(frame["y"].to_numpy(), X).fit(disp=0, tol=1e-14, **options, **extra)
        np.testing.assert_allclose(ours.with_vcov(vcov).tidy()["std_error"], robust.bse, rtol=1e-6)


def test_spector() -> None:
    """Greene's example of grades (table 21.1 of Econometric Analysis); the program prints four digits."""
    ours = fit("GRADE ~ GPA + TUCE + PSI", spector.load_pandas().data, ssc="none")
    np.testing.assert_allclose(ours.tidy()["estimate"], [2.8261, 0.0952, 2.3787, -13.0213], atol=6e-5)
    np.testing.assert_allclose(ours.tidy()["std_error"], [1.2629, 0.1416, 1.0646, 4.9313], atol=6e-5)
    assert ours.glance()["loglik"][0] == pytest.approx(-12.8896, abs=6e-5)


def test_fair() -> None:
    data = fair.load_pandas().data.assign(any=lambda d: (d.affairs > 0) * 1.0)
    terms = ["age", "yrs_married", "religious", "educ", "rate_marriage"]
    ours = fit(f"any ~ {' + '.join(terms)}", data, ssc="none")
    other = sm.Logit(data["any"], sm.add_constant(data[terms], prepend=False)).fit(disp=0, tol=1e-14)
    np.testing.assert_allclose(ours.tidy()["estimate"], other.params, rtol=1e-8)
    np.testing.assert_allclose(ours.tidy()["std_error"], other.bse, rtol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_dummies(seed: int) -> None:
    frame = choices(seed, groups=25, rows=20)
    ours = fit("y ~ a + b | g + t", frame, ssc="none")
    used = frame[np.sort(ours.design.rows)]
    X = np.column_stack([used.select("a", "b"), dummies(used["g"]), dummies(used["t"], drop_first=True)])
    other = sm.Logit(used["y"].to_numpy(), X).fit(disp=0, tol=1e-14, method="newton", maxiter=100)
    np.testing.assert_allclose(ours.tidy()["estimate"], other.params[:2], rtol=1e-7)
    np.testing.assert_allclose(ours.tidy()["std_error"], other.bse[:2], rtol=1e-6)
    assert any("incidental parameters" in w for w in ours.warnings)
    assert "no variation" in str(ours.sample) or ours.sample.n == frame.height


@pytest.mark.parametrize("vcov", ["iid", "hc1", "cluster"])
@pytest.mark.parametrize("effects", ["", " | block", " | block + t"])
def test_pyfixest(effects: str, vcov: str) -> None:
    frame = choices(21, groups=60)
    mine = {"iid": el.iid(), "hc1": el.hc1(), "cluster": el.cluster("g")}[vcov]
    theirs: Any = {"iid": "iid", "hc1": "hetero", "cluster": {"CRV1": "g"}}[vcov]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = frame.with_columns(pl.col("b") / 1e4).to_pandas()
        other = pf.feglm(
            f"y ~ a + b{effects}", data, family="logit", vcov=theirs, fixef_rm="none", fixef_tol=1e-10, iwls_tol=1e-13,
            iwls_maxiter=100,
        )  # fmt: skip
    ours = fit(f"y ~ a + b{effects}", frame.with_columns(pl.col("b") / 1e4), vcov=mine).tidy()
    for row in ours.iter_rows(named=True):
        name = {"(Intercept)": "Intercept"}.get(row["term"], row["term"])
        assert row["estimate"] == pytest.approx(other.coef()[name], rel=1e-6)
        assert row["std_error"] == pytest.approx(other.se()[name], rel=1e-5)


@pytest.mark.parametrize("seed", range(6))
def test_conditional(seed: int) -> None:
    """The peer differentiates its information numerically: 1e-6."""
    frame = choices(seed)
    ours = fit("y ~ a + b + c | g", frame, effects="conditional", ssc="none")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = ConditionalLogit(
            frame["y"].to_numpy(), frame.select("a", pl.col("b") / 1e4, "c").to_numpy(), groups=frame["g"].to_numpy()
        )
        other = model.fit(method="newton", maxiter=200, tol=1e-14)
    scale = np.array([1, 1e4, 1])
    np.testing.assert_allclose(ours.tidy()["estimate"] * scale, other.params, rtol=1e-7)
    np.testing.assert_allclose(ours.tidy()["std_error"] * scale, other.bse, rtol=1e-6)
    assert ours.glance()["loglik"][0] == pytest.approx(other.llf, rel=1e-10)
    varying = frame.filter(pl.col("y").mean().over("g").is_between(0, 1, closed="none"))
    assert ours.sample.n == varying.height
    assert ours.sample.drops[0].reason == "no variation: the outcome is all 0 or all 1 in a group of g"
    by_group = ours.with_vcov(el.cluster("g")).tidy()["std_error"]
    np.testing.assert_allclose(ours.with_vcov(el.hc1()).tidy()["std_error"], by_group, rtol=1e-12)
    assert ours.with_vcov(el.cluster("block")).tidy()["std_error"].null_count() == 0
    with pytest.raises(UsageError, match="lie in several clusters of 't'"):
        ours.with_vcov(el.cluster("t"))


def test_two_rows_a_group_is_a_logit_of_differences() -> None:
    """With T = 2 the conditional likelihood is a logit of the difference without constant; dummies give twice it."""
    frame = choices(4, groups=300, rows=2)
    pairs = frame.filter(pl.len().over("g") == 2, pl.col("y").sum().over("g") == 1).sort("g", "t")
    first, second = pairs[::2], pairs[1::2]
    change = pl.DataFrame({
        "y": second["y"].to_numpy(), "a": second["a"] - first["a"], "c": second["c"] - first["c"]
    })  # fmt: skip
    ours = fit("y ~ a + c | g", frame, effects="conditional", ssc="none")
    plain = fit("y ~ 0 + a + c", change, ssc="none")
    np.testing.assert_allclose(ours.tidy().drop("term"), plain.tidy().drop("term"), rtol=1e-8)
    twice = fit("y ~ a + c | g", pairs)
    np.testing.assert_allclose(twice.tidy()["estimate"], 2 * ours.tidy()["estimate"], rtol=1e-7)


@pytest.mark.parametrize("scale", [0.3, 40.0])
@pytest.mark.parametrize("seed", range(4))
def test_recursion_is_the_sum_over_choices(seed: int, scale: float) -> None:
    """Log likelihood by enumeration; scores and information by differences of it and of the scores."""
    rng = np.random.default_rng(seed)
    sizes = [5, 5, 7, 4]
    codes = np.repeat(np.arange(4), sizes)
    X = rng.normal(size=(len(codes), 2)) * scale
    y = np.concatenate(
        [rng.permutation(np.r_[np.ones(k), np.zeros(n - k)]) for n, k in zip(sizes, (2, 4, 3, 1), strict=True)]
    )
    groups, b = conditional.Groups.of(X, y, Grouping.of("g", codes)), np.array([0.4, -0.9])
    slow = 0.0
    for g in range(4):
        eta, chosen = X[codes == g] @ b, y[codes == g]
        sums = [sum(eta[list(c)]) for c in combinations(range(len(eta)), int(chosen.sum()))]
        slow += chosen @ eta - np.logaddexp.reduce(sums)
    here = conditional.slope_at(groups, b)
    assert here.loglik == pytest.approx(slow, rel=1e-11)
    step = 1e-5 / scale
    for j, move in enumerate(np.eye(2) * step):
        up, down = conditional.slope_at(groups, b + move), conditional.slope_at(groups, b - move)
        numeric = (up.loglik - down.loglik) / (2 * step)
        assert here.scores.sum(axis=0)[j] == pytest.approx(numeric, rel=1e-5, abs=1e-6 * scale)
        bend = -(up.scores.sum(axis=0) - down.scores.sum(axis=0)) / (2 * step)
        np.testing.assert_allclose(here.information[j], bend, rtol=1e-5, atol=1e-6 * scale**2)


def test_long_groups_and_large_predictors() -> None:
    frame = choices(8, groups=6, rows=400)
    ours = fit("y ~ a + b + c | g", frame, effects="conditional")
    dummy = fit("y ~ a + b + c | g", frame)
    np.testing.assert_allclose(ours.tidy()["estimate"], dummy.tidy()["estimate"], rtol=0.03)


X = [-3.0, -2.0, -1.0, 0.0, 0.0, 1.0, 2.0, 3.0]
APART = pl.DataFrame({
    "x": X, "y": [0, 0, 0, 0, 1, 1, 1, 1], "yes": [0, 0, 0, 0, 1, 1, 1, 1], "z": [1.0, 4, 2, 3, 2, 1, 4, 3],
    "whole": [-3.0, -2, -1, -0.5, 0.5, 1, 2, 3], "d": [0, 0, 0, 1, 0, 0, 0, 1], "mixed": [0, 1, 0, 0, 1, 0, 1, 0],
    "quasi": [0, 0, 0, 0, 0, 1, 1, 0], "g": [0, 0, 0, 0, 1, 1, 1, 1], "h": [0, 1, 2, 3, 0, 1, 2, 3],
})  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("y ~ whole", "separated completely by whole:"),
        ("y ~ z + whole", "separated completely by whole:"),
        ("y ~ x", "separated in 6 of 8 rows by x:"),
        ("y ~ x + z", "separated .* by x"),
        ("mixed ~ d", "separated in 2 of 8 rows by d:"),
        ("mixed ~ z + quasi + d", "separated"),
        ("y ~ whole | h", "separated completely by whole:"),
    ],
)
def test_separation_is_an_error(formula: str, words: str) -> None:
    with pytest.raises(EstimationError, match=words):
        fit(formula, APART)


def separates(D: Any) -> bool:
    """By linear programming: whether some ``D d >= 0`` with a positive entry."""
    m, k = D.shape
    upper, bounds = np.hstack([-D, np.eye(m)]), [(None, None)] * k + [(0, 1)] * m
    return bool(linprog(np.r_[np.zeros(k), -np.ones(m)], A_ub=upper, b_ub=np.zeros(m), bounds=bounds).fun < -1e-6)


def says_separated(formula: str, frame: pl.DataFrame, **options: Any) -> bool | None:
    try:
        fit(formula, frame, **options)
    except EstimationError as error:
        return True if "separated" in str(error) else None
    return False


@pytest.mark.parametrize("seed", range(80))
def test_separation_is_what_linear_programming_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(10, 40)), int(rng.integers(1, 4))
    rare, scale = (rng.uniform(size=(n, k)) < 0.25) * 1.0, 10.0 ** rng.integers(-3, 4)
    X = np.where(rng.uniform(size=k) < 0.5, rng.normal(size=(n, k)) * scale, rare)
    y = (X @ rng.normal(size=k) / max(X.std(axis=0).sum(), 0.1) * 2 + rng.logistic(size=n) > 0.5) * 1.0
    said = says_separated(f"y ~ {' + '.join(f'x{j}' for j in range(k))}", pl.DataFrame({"y": y}).hstack(
        pl.DataFrame(X, schema=[f"x{j}" for j in range(k)])
    ))  # fmt: skip
    if y.min() < y.max() and said is not None:
        Z = np.column_stack([X / np.maximum(np.abs(X).max(axis=0), 1e-9), np.ones(n)])
        assert said == separates((2 * y - 1)[:, None] * Z)


@pytest.mark.parametrize("seed", range(60))
def test_conditional_separation_is_what_linear_programming_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups, rows = int(rng.integers(3, 9)), int(rng.integers(2, 5))
    g = np.repeat(np.arange(groups), rows)
    X = np.column_stack([rng.normal(size=len(g)), (rng.uniform(size=len(g)) < 0.3) * 1.0])
    y = (X @ [0.7, 0.5] + rng.logistic(size=len(g)) > 0) * 1
    ones, zeros = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    D = np.array([X[i] - X[j] for i in ones for j in zeros if g[i] == g[j]])
    frame = pl.DataFrame({"g": g, "y": y, "a": X[:, 0], "b": X[:, 1]})
    said = says_separated("y ~ a + b | g", frame, effects="conditional")
    if len(D) and said is not None:
        assert said == separates(D)


@pytest.mark.parametrize(("x", "words"), [("whole", "completely by whole"), ("x", "by x")])
def test_conditional_separation_is_an_error(x: str, words: str) -> None:
    with pytest.raises(EstimationError, match=words):
        fit(f"y ~ {x} | h", APART, effects="conditional")


FRAME = choices(30).with_columns(
    flat=pl.lit(1.0), one=pl.lit("all"), trait=pl.col("g") * 1.0, row=pl.int_range(pl.len())
)


@pytest.mark.parametrize(
    ("formula", "options", "kind", "words"),
    [
        ("t ~ a", {}, DataError, r"t is neither 0 nor 1 in \d+ of"),
        ("flat ~ a", {}, EstimationError, "flat is 1 in all"),
        ("y ~ a", {"where": "y == 0"}, EstimationError, "y is 0 in all"),
        ("y ~ a", {"vcov": el.cluster("one")}, EstimationError, "one cluster of 'one'"),
        ("y ~ trait | g", {}, EstimationError, "no regressor of y is left: trait"),
        ("y ~ trait | g", {"effects": "conditional"}, EstimationError, "no regressor of y is left: trait"),
        ("y ~ 1 | g", {"effects": "conditional"}, EstimationError, "no regressor of y is left"),
        ("y ~ a", {"effects": "conditional"}, UsageError, "has one effect, not 0"),
        ("y ~ a | g + t", {"effects": "conditional"}, UsageError, "has one effect, not 2"),
        ("y ~ a | g", {"effects": "conditional", "weights": "w"}, UsageError, "takes no weights"),
        ("y ~ a | g", {"effects": "within"}, UsageError, "'dummies' or 'conditional'"),
        ("y ~ a | row", {}, EstimationError, "no rows are left"),
        ("y ~ a", {"ssc": "ivreg2"}, UsageError, "el.logit has no convention ivreg2"),
        ("y ~ a", {"vcov": el.hc2()}, UsageError, "el.logit has no hc2"),
        ("y ~ a", {"where": "t > 30"}, EstimationError, "no rows are left"),
    ],
)
def test_errors(formula: str, options: dict[str, Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=f"(?s){words}"):
        el.logit(formula, FRAME, **options)


@pytest.mark.parametrize("effects", ["dummies", "conditional"])
def test_contract(effects: str) -> None:
    """Row order, scales, unit weights, removed columns, input left untouched, pickling, tables."""
    before = FRAME.clone()
    options: dict[str, Any] = {"vcov": el.cluster("g"), "effects": effects}
    ours = fit("y ~ a + c + trait | g", FRAME, **options)
    assert FRAME.equals(before)
    assert [name for name, _ in ours.summary.removed] == ["trait"]
    shuffled = fit("y ~ a + c | g", FRAME.sample(fraction=1, shuffle=True, seed=1), **options)
    for other in (shuffled, pickle.loads(pickle.dumps(ours))):
        np.testing.assert_allclose(ours.tidy().drop("term"), other.tidy().drop("term"), rtol=1e-8)
    scaled = fit("y ~ a + c | g", FRAME.with_columns(pl.col("a") * 1e7), **options)
    np.testing.assert_allclose(scaled.tidy()["estimate"].to_numpy() * [1e7, 1], ours.tidy()["estimate"], rtol=1e-7)
    np.testing.assert_allclose(scaled.tidy()["p_value"], ours.tidy()["p_value"], rtol=1e-6)
    assert "a" in str(el.etable([ours]))
    assert ours.wald("a").statistic == pytest.approx(ours.tidy()["statistic"][0] ** 2)
    assert len(el.logit("y ~ csw(a, c) | g", FRAME, **options)) == 2


def test_weights_count_rows() -> None:
    frame = choices(31).with_columns(k=pl.col("t") % 3 + 1.0)
    twice = frame[np.repeat(np.arange(frame.height), frame["k"].cast(pl.Int64).to_numpy())]
    for formula in ("y ~ a + c", "y ~ a + c | block"):
        ours, other = fit(formula, frame, weights="k", ssc="none"), fit(formula, twice, ssc="none")
        np.testing.assert_allclose(ours.tidy().drop("term"), other.tidy().drop("term"), rtol=1e-7)
