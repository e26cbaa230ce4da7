"""Differences between groups: the interacted regression, suest as its manual defines it, permutations by refitting."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.core.frame import Panel
from econloom.core.labels import Label
from econloom.panel.designs import permutation
from econloom.panel.designs.permutation import permute
from econloom.panel.designs.splits import divide
from econloom.panel.inference.pairs import drawn_slopes
from tests.panel.samples import dummies, random_panel

FRAME = random_panel(3, n=2_000).with_columns(g=pl.col("province") % 2, one=pl.lit("all"))
KEYS = {"unit": "firm", "time": "year"}


@pytest.mark.parametrize("ssc", ["fixest", "reghdfe", "areg", "none"])
@pytest.mark.parametrize(
    "vcov", [el.iid(), el.hc1(), el.cluster("province"), el.cluster("year"), el.cluster("firm", "year")]
)
@pytest.mark.parametrize("weights", [None, "w"])
def test_interaction_is_the_fully_interacted_regression(vcov: Any, ssc: Any, weights: str | None) -> None:
    found = el.heterogeneity.compare("y ~ x1 + x2 | firm + year", FRAME, "g", "x1", vcov=vcov, ssc=ssc, weights=weights)
    wide = FRAME.with_columns(x1g=pl.col("x1") * pl.col("g"), x2g=pl.col("x2") * pl.col("g"))
    fit = el.ols("y ~ x1 + x1g + x2 + x2g | firm^g + year^g", wide, vcov=vcov, ssc=ssc, weights=weights)
    wanted, got = fit.tidy().row(1, named=True), found.tidy().row(0, named=True)
    assert got["difference"] == pytest.approx(-wanted["estimate"], rel=1e-9)
    for name in ("std_error", "p_value"):
        assert got[name] == pytest.approx(wanted[name], rel=1e-8)
    assert got["conf_low"] == pytest.approx(-wanted["conf_high"], rel=1e-8)


def test_interaction_without_effects_against_pyfixest() -> None:
    pyfixest = pytest.importorskip("pyfixest")
    wide = FRAME.with_columns(x1g=pl.col("x1") * pl.col("g"), x2g=pl.col("x2") * pl.col("g"))
    fit = pyfixest.feols("y ~ x1 + x1g + x2 + x2g + g", wide.to_pandas(), vcov={"CRV1": "province"})
    found = el.heterogeneity.compare("y ~ x1 + x2", FRAME, "g", "x1", vcov=el.cluster("province")).tidy()
    assert found["difference"][0] == pytest.approx(-fit.coef()["x1g"], rel=1e-8)
    assert found["std_error"][0] == pytest.approx(fit.se()["x1g"], rel=1e-6)
    assert found["p_value"][0] == pytest.approx(fit.pvalue()["x1g"], rel=1e-6)


@pytest.mark.parametrize("clusters", [None, "province"])
def test_suest_as_its_manual_defines_it(clusters: str | None) -> None:
    """[R] suest: scores of the equations side by side, summed in clusters; factor G/(G-1), z."""
    found = el.heterogeneity.compare(
        "y ~ x1 + x2", FRAME, "g", "x1", "suest", el.cluster(clusters) if clusters else el.hc1()
    )
    scores, breads, b = [], [], []
    for g in (0, 1):
        rows = (FRAME["g"] == g).to_numpy()
        X = np.column_stack([FRAME["x1"], FRAME["x2"], np.ones(len(rows))]) * rows[:, None]
        y = FRAME["y"].to_numpy() * rows
        A = np.linalg.inv(X.T @ X)
        slopes = A @ X.T @ y
        b.append(slopes[0])
        breads.append(A)
        scores.append(X * (y - X @ slopes)[:, None])
    S = np.hstack(scores)
    if clusters:
        S = dummies(FRAME[clusters]).T @ S
    T = np.zeros((6, 6))
    T[:3, :3], T[3:, 3:] = breads
    V = len(S) / (len(S) - 1) * T @ S.T @ S @ T
    error = np.sqrt(V[0, 0] + V[3, 3] - 2 * V[0, 3])
    row = found.tidy().row(0, named=True)
    assert row["difference"] == pytest.approx(b[0] - b[1], rel=1e-9)
    assert row["std_error"] == pytest.approx(error, rel=1e-9)
    assert row["statistic"] == pytest.approx((b[0] - b[1]) / error, rel=1e-9)


def test_suest_against_the_gelbach_form_of_two_way_clusters() -> None:
    one = el.heterogeneity.compare("y ~ x1 | firm", FRAME, "g", tests="suest", vcov=el.cluster("province", "year"))
    assert one.tidy()["std_error"][0] > 0


def test_a_joint_test_over_three_groups() -> None:
    frame = FRAME.with_columns(g=pl.col("province") % 3)
    found = el.heterogeneity.compare("y ~ x1 | firm + year", frame, "g", vcov=el.cluster("province"))
    assert found.tidy().height == 3
    wide = frame.with_columns(*((pl.col("x1") * (pl.col("g") == k)).alias(f"x1_{k}") for k in (1, 2)))
    fit = el.ols("y ~ x1 + x1_1 + x1_2 | firm^g + year^g", wide, vcov=el.cluster("province"))
    wanted, got = fit.wald(["x1_1", "x1_2"]), found.joint["x1", "interaction"]
    assert got.statistic == pytest.approx(wanted.statistic, rel=1e-8)
    assert got.p_value == pytest.approx(wanted.p_value, rel=1e-7)


def _refitted(formula: str, draws: int, blocks: str | None, seed: int, weights: str | None) -> list[float]:
    """The permutation test done as it is defined, one regression after the other."""
    rng = np.random.default_rng(seed)
    column = FRAME[blocks] if blocks else pl.Series(range(FRAME.height))
    values = column.unique().sort()
    label = dict(zip(column.to_list(), FRAME["g"].to_list(), strict=True))
    dealt = np.array([label[v] for v in values], dtype=np.int8)
    found = []
    for _ in range(draws):
        new = dict(zip(values.to_list(), rng.permutation(dealt).tolist(), strict=True))
        frame = FRAME.with_columns(h=pl.Series([new[v] for v in column]))
        b = [el.ols(formula, frame, where=f"h == {g}", weights=weights).tidy()["estimate"][0] for g in (0, 1)]
        found.append(b[0] - b[1])
    return found


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize(
    "formula", ["y ~ x1 + x2 | firm + year", "y ~ x1 + x2 | year", "y ~ x1 + x2", "y ~ x1 + x2 | firm"]
)
@pytest.mark.parametrize("blocks", ["firm", "rows"])
def test_permutation_is_what_refitting_gives(formula: str, blocks: str, weights: str | None) -> None:
    panel_of = el.heterogeneity.compare(formula, FRAME, "g", "x1", weights=weights, **KEYS)
    fits = list(panel_of.fits.values())
    law = permute(fits, ["x1"], 19, 5, blocks)
    assert isinstance(law, permutation.Permutation)
    got = law.coefficients[:, 0, 0] - law.coefficients[:, 1, 0]
    if blocks == "rows":  # no order of the rows is promised: the next test compares the ways
        assert law.number == FRAME.height and np.std(got) > 0
        return
    assert got == pytest.approx(_refitted(formula, 19, "firm", 5, weights), rel=1e-7, abs=1e-9)


@pytest.mark.parametrize(
    "formula", ["y ~ x1 + x2 | firm + year", "y ~ x1 + x2 | firm", "y ~ x1 + x2 | firm + year + x3"]
)
@pytest.mark.parametrize("weights", [None, "w"])
def test_every_way_of_collecting_gives_the_same_draws(formula: str, weights: str | None) -> None:
    """Plain, compiled and absorbed draw by draw; the last is the obvious one."""
    fits = list(el.heterogeneity.compare(formula, FRAME, "g", "x1", weights=weights, **KEYS).fits.values())
    pool = permutation._pool(fits, ["x1"], "rows")
    assert isinstance(pool, permutation._Pool)
    main = pool.effects[permutation.largest(pool.effects)]
    others = permutation.needed(main, [e for e in pool.effects if e is not main])
    L = sum(e.levels for e in others)
    rng = np.random.default_rng(1)
    labels = np.stack([rng.permutation(pool.labels.astype(np.int8)) for _ in range(5)])
    m = pool.X.shape[1]
    slow = drawn_slopes(permutation._absorbed(pool, pool.effects, labels).reshape(-1, m, m), 0)
    for way in (permutation._plain, permutation._compiled):
        grams = way(pool, main, others, labels)
        assert drawn_slopes(grams.reshape(-1, L + m, L + m), L) == pytest.approx(slow, rel=1e-8, abs=1e-10)


def test_permutation_has_its_level() -> None:
    """No difference by construction: p values are uniform (120 samples, seed 11, 3.5 Monte Carlo errors)."""
    rng = np.random.default_rng(11)
    small = 0
    for _ in range(120):
        x, u = rng.normal(size=(2, 60))
        frame = pl.DataFrame({"x": x, "y": x + u * (1 + np.abs(x)), "g": rng.integers(0, 2, 60)})
        p = el.heterogeneity.compare("y ~ x", frame, "g", tests="permutation", draws=99, seed=3).tidy()["p_value"][0]
        small += p <= 0.1
    assert abs(small / 120 - 0.1) < 3.5 * np.sqrt(0.09 / 120)


def test_units_are_dealt_by_default_and_rows_where_groups_vary_within() -> None:
    whole = el.heterogeneity.compare("y ~ x1 | firm + year", FRAME, "g", tests="permutation", draws=19, **KEYS)
    assert whole.permutation is not None and whole.permutation.blocks == "firm"
    late = el.heterogeneity.compare("y ~ x1", FRAME, {"a": "year < 2002", "b": "year >= 2002"},
                                    tests="permutation", draws=19, **KEYS)  # fmt: skip
    assert late.permutation is not None and late.permutation.blocks == "rows"


SPLIT = pl.DataFrame({"u": list("aabbccdd"), "t": [1, 2] * 4, "z": [1.0, 3.0, 2.0, 2.0, 5.0, 7.0, None, None]})


@pytest.mark.parametrize(
    ("rule", "codes", "cuts", "tied"),
    [
        ({"unit": "u"}, [0, 0, 0, 0, 1, 1, None, None], (2.0,), (2,)),
        ({"unit": "u", "ties": "high"}, [1, 1, 1, 1, 1, 1, None, None], (2.0,), (2,)),
        ({"unit": "u", "stat": "first"}, [0, 0, 0, 0, 1, 1, None, None], (2.0,), (1,)),
        ({"unit": "u", "stat": "last", "cut": "mean"}, [0, 0, 0, 0, 1, 1, None, None], (4.0,), (0,)),
        ({"unit": "u", "before": 2, "cut": "value", "at": 1.5}, [0, 0, 1, 1, 1, 1, None, None], (1.5,), (0,)),
        ({"cut": "value", "at": 2.0}, [0, 1, 0, 0, 1, 1, None, None], (2.0,), (2,)),
        ({"cut": "terciles"}, [0, 1, 0, 0, 1, 1, None, None], (2.0, 4.0), (2, 0)),
    ],
)
def test_groups_by_hand(
    rule: dict[str, Any], codes: list[int | None], cuts: tuple[float, ...], tied: tuple[int, ...]
) -> None:
    panel = Panel.build(SPLIT, "u", "t")
    if rule.get("ties") == "high":
        with pytest.raises(EstimationError, match="'low' is empty"):
            divide(panel, el.heterogeneity.split("z", **rule))
        return
    if rule.get("cut") == "terciles":
        codes = [0, 1, 0, 0, 2, 2, None, None]
    found = divide(panel, el.heterogeneity.split("z", **rule))
    assert (found.codes.to_list(), found.cuts, found.tied) == (codes, cuts, tied)
    said = found.said(Label(zh="规模", en="Size")).text("zh")
    assert ("恰在分界点的" in said) == (sum(tied) > 0)


def test_what_groups_leave_out_is_said() -> None:
    found = el.heterogeneity.compare("y ~ x1", FRAME, {"a": "year < 2002", "b": "year > 2002"}, vcov=el.hc1())
    assert found.left_out == (FRAME["year"] == 2002).sum()
    assert "rows of the whole sample are in no group" in repr(found)
    shared = el.heterogeneity.compare("y ~ x1", FRAME, {"a": "year < 2003", "b": "year >= 2002"}, vcov=el.hc1())
    assert shared.shared == (FRAME["year"] == 2002).sum()


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"by": "h"}, UsageError, "no column 'h' of groups"),
        ({"by": "one"}, UsageError, "needs two groups"),
        ({"by": "y"}, UsageError, "too many groups"),
        ({"by": {"a": "year < 2002", "b": "year > 3000"}}, EstimationError, "group 'b': .*empty"),
        ({"by": {"a": "firm == 'f000'", "b": "firm != 'f000'"}, "vcov": el.cluster("firm")}, EstimationError,
         "(?s)group 'a'.*one cluster"),
        ({"by": "g", "terms": "xx2"}, UsageError, "no model has the term 'xx2', did you mean 'x2'"),
        ({"by": "g", "terms": "g"}, UsageError, "no model has the term 'g'"),
        ({"by": "g", "tests": "chow"}, UsageError, "no test of a difference 'chow'"),
        ({"by": "g", "tests": "permutation", "draws": 5}, UsageError, "cannot reach a p value"),
        ({"by": "g", "tests": "permutation", "permute": "yer"}, UsageError, "no column 'yer' to permute, did you mean"),
        ({"by": "g", "tests": "permutation", "permute": "year"}, UsageError, "lie in several groups"),
        ({"by": el.heterogeneity.split("x1", unit="firm")}, UsageError, "made of 'x1'"),
        ({"by": el.heterogeneity.split("exp(y)", unit="firm")}, UsageError, "made of 'y'"),
        ({"by": el.heterogeneity.split("double", unit="firm")}, UsageError, "function of 'x1'"),
        ({"by": el.heterogeneity.split("x2", unit="frm")}, UsageError, "did you mean 'firm'"),
        ({"by": el.heterogeneity.split("half", cut="quartiles")}, EstimationError, "quartiles coincide"),
        ({"by": el.heterogeneity.split("gone")}, DataError, "no value to cut"),
        ({"by": el.heterogeneity.split("x2", cut="value", at=1e9)}, EstimationError, "'high' is empty"),
        ({"by": {"a": "province == 0", "b": "province != 0"}, "formula": "y ~ province + x1", "terms": "province"},
         EstimationError,
         "'province' has no coefficient there"),
    ],
)  # fmt: skip
def test_errors(options: dict[str, Any], kind: type[Exception], words: str) -> None:
    frame = FRAME.with_columns(double=2 * pl.col("x1") + 1, gone=pl.lit(None, dtype=pl.Float64), half=pl.col("g") * 1.0)
    given = {"formula": "y ~ x1 + x2", "unit": "firm", "time": "year", **options}
    with pytest.raises(kind, match=words):
        el.heterogeneity.compare(given.pop("formula"), frame, **given)


def test_a_forced_split_says_why() -> None:
    rule = el.heterogeneity.split("x1", unit="firm", force="as printed")
    found = el.heterogeneity.compare("y ~ x1 + x2", FRAME, rule, **KEYS)
    assert "as printed" in found.notes[0].text("en")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"stat": "men"}, "no stat 'men', did you mean 'mean'"),
        ({"cut": "tercile"}, "did you mean 'terciles'"),
        ({"at": 3.0}, "'at' goes with"),
        ({"labels": ["a", "b", "c"]}, "2 groups, 3 labels"),
    ],
)
def test_errors_of_a_rule(rule: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        el.heterogeneity.split("x", **rule)


def test_unavailable_is_a_reason() -> None:
    both = {"a": "year < 2003", "b": "year >= 2002"}
    found = el.heterogeneity.compare("y ~ x1", FRAME, both, tests=["interaction", "permutation"], draws=19).tidy()
    assert "must not share rows" in found["unavailable"][0]
    assert "lie in several groups" in found["unavailable"][1]
    few = el.heterogeneity.compare("y ~ x1", FRAME, "g", vcov=el.cr2("province")).tidy()
    assert "not defined for cr2" in few["unavailable"][0]
