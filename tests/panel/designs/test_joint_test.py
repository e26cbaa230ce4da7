"""The joint test of a specification curve against slow references, and its size."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import special

import econloom as el
from econloom.core.errors import EstimationError, UsageError
from econloom.panel.designs.specifications import dealing, signs
from tests.panel.designs.test_specifications import EFFECTS, FIRMS


def statistics(b: np.ndarray, p: np.ndarray, level: float = 0.05) -> list[float]:
    """Median, share significant in the sign that has more, Stouffer's Z; the slow and obvious way."""
    up = np.mean([(q < level) and x > 0 for x, q in zip(b, p, strict=True)])
    down = np.mean([(q < level) and x < 0 for x, q in zip(b, p, strict=True)])
    z = [np.sign(x) * abs(special.ndtri(q / 2)) for x, q in zip(b, p, strict=True)]
    return [float(np.median(b)), float(max(up, down)), float(np.sum(z) / np.sqrt(len(z)))]


def test_sign_changes_are_those_of_plain_regressions() -> None:
    vcov = [el.cluster("firm"), el.hc1()]
    curve = el.specifications.curve(
        FIRMS, ["y", "y2"], "x", ["a", "c"], effects=EFFECTS, vcov=vcov, weights=[None, "w"]
    )
    found = el.specifications.joint_test(curve, draws=19, seed=7, unit="firm")
    firms = FIRMS["firm"].to_numpy()
    scores = []
    for row in curve.tidy().iter_rows(named=True):
        controls = [c for c in row["controls"].split(" + ") if c]
        part = FIRMS.with_columns(at=pl.int_range(pl.len())).filter(*[pl.col(c).is_not_nan() for c in controls])
        right = " + ".join(controls) or "1"
        bar = f" | {row['effects']}" if row["effects"] else ""
        options = {"weights": row["weights"]}
        x = el.ols(f"x ~ {right}{bar}", part, **options)
        y = el.ols(f"{row['outcome']} ~ {right}{bar}", part, **options)
        w = np.ones(len(part)) if row["weights"] is None else part["w"].to_numpy() / part["w"].mean()
        residuals = []
        for fit in (x, y):
            values = np.empty(len(part))
            values[fit.design.rows] = fit.estimate.residuals
            residuals.append(values)
        s = np.bincount(firms[part["at"].to_numpy()], w * residuals[0] * residuals[1], 40)
        scores.append(s / (w @ residuals[0] ** 2))
    S = np.column_stack(scores)
    np.testing.assert_allclose(S.sum(axis=0), curve.tidy()["estimate"], rtol=1e-9)
    spread = np.sqrt((S**2).sum(axis=0))
    p = 2 * special.ndtr(-np.abs(S.sum(axis=0) / spread))
    np.testing.assert_allclose(found.observed, statistics(S.sum(axis=0), p), rtol=1e-8)
    v = 2.0 * np.random.default_rng(7).integers(0, 2, (19, 40)) - 1
    for draw in range(19):
        b = v[draw] @ S
        expected = statistics(b, 2 * special.ndtr(-np.abs(b / spread)))
        np.testing.assert_allclose(found.drawn[draw], expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("unit", ["rows", "firm"])
def test_permutations_are_plain_regressions_on_dealt_regressors(unit: str) -> None:
    full = FIRMS.with_columns(late=pl.col("year") > 2003)
    curve = el.specifications.curve(
        full, ["y", "y2"], "x", ["a", "c"], effects=EFFECTS, samples={"all": None, "late": "late"}, vcov=el.iid(),
        unit="firm", time="year", weights=[None, "w"],
    )  # fmt: skip
    within = ["year"] if unit == "rows" else []
    if unit == "firm":  # the whole paths of firms that are seen in the same years
        deck, _, fixed = dealing._deck(curve, "firm", [])
        if fixed > 20:
            pytest.skip("few firms share their years")
    else:
        deck, _, _ = dealing._deck(curve, "rows", within)
    found = el.specifications.joint_test(curve, "permutation", draws=19, seed=3, unit=unit, within=within)
    rng = np.random.default_rng(3)
    panel = curve.setting.panel.frame
    for draw in range(3):
        dealt = panel.with_columns(x=pl.Series(deck.deal(rng)))
        again = el.specifications.curve(
            dealt, ["y", "y2"], "x", ["a", "c"], effects=EFFECTS, samples={"all": None, "late": "late"}, vcov=el.iid(),
            ssc="areg", weights=[None, "w"],
        ).tidy()  # fmt: skip
        expected = statistics(again["estimate"].to_numpy(), again["p_value"].to_numpy())
        np.testing.assert_allclose(found.drawn[draw], expected, rtol=1e-8, atol=1e-10)


def balanced(rng: np.random.Generator, effect: float = 0.0) -> pl.DataFrame:
    """30 firms over five years; x is dealt to whole firms in two regions, errors are correlated within firms."""
    firm, year = np.repeat(np.arange(30), 5), np.tile(np.arange(5), 30)
    a = rng.normal(size=150) + rng.normal(size=30)[firm]
    x = (rng.random(30) < 0.5).astype(float)[firm]
    y = effect * x + 0.5 * a + rng.normal(size=30)[firm] + rng.normal(size=150)
    return pl.DataFrame({"firm": firm, "year": year, "region": firm % 2, "x": x, "a": a, "b": a**2, "y": y,
                         "y2": y + rng.normal(size=150)})  # fmt: skip


def p_values_of(
    frame: pl.DataFrame, method: str, draws: int = 99, seed: int = 1, **options: object
) -> dict[str, float]:
    curve = el.specifications.curve(
        frame, ["y", "y2"], "x", ["a", "b"], effects=["", "year"], vcov=el.cluster("firm"), unit="firm", time="year"
    )
    return el.specifications.joint_test(curve, method, draws, seed).p_values


@pytest.mark.parametrize("method", ["permutation", "null_bootstrap"])
def test_size_and_power(method: str) -> None:
    """40 panels without and 10 with an effect, 99 draws, seed 11: three Monte Carlo errors around five per cent.

    The share takes few values: ties make its p value too large, never too small. benchmarks/simulate_specifications.py
    has more panels.
    """
    rng = np.random.default_rng(11)
    null = [p_values_of(balanced(rng), method, seed=n) for n in range(40)]
    for name in ("median", "share_significant", "stouffer"):
        p = np.array([found[name] for found in null])
        assert np.mean(p <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 40), name
        if name != "share_significant":
            assert abs(np.mean(p <= 0.25) - 0.25) <= 3 * np.sqrt(0.25 * 0.75 / 40), name
    there = [p_values_of(balanced(rng, 2.0), method, seed=n) for n in range(10)]
    assert np.mean([found["median"] <= 0.05 for found in there]) > 0.9


def test_a_regressor_of_units_keeps_to_its_strata() -> None:
    frame = balanced(np.random.default_rng(1))
    curve = el.specifications.curve(frame, "y", "x", unit="firm", time="year")
    deck, units, fixed = dealing._deck(curve, None, ["region"])
    assert isinstance(deck, dealing.Paths) and (units, fixed) == (30, 0)
    panel = curve.setting.panel.frame
    dealt = panel.with_columns(z=pl.Series(deck.deal(np.random.default_rng(2))))
    assert dealt.group_by("firm").agg(pl.col("z").n_unique())["z"].max() == 1
    by = dealt.group_by("region").agg(pl.col("z").sum(), pl.col("x").sum())
    assert by["z"].to_list() == by["x"].to_list()
    assert not dealt["z"].equals(dealt["x"])


def test_missing_regressors_keep_their_rows() -> None:
    frame = balanced(np.random.default_rng(4)).with_columns(
        x=pl.when(pl.col("firm") % 5 > 0).then(pl.col("x") + 0.01 * pl.col("year"))
    )
    curve = el.specifications.curve(frame, "y", "x", ["a"], unit="firm", time="year", vcov=el.cluster("firm"))
    deck, units, _ = dealing._deck(curve, None, [])
    dealt = deck.deal(np.random.default_rng(1))
    assert units == 24 and np.isnan(dealt).tolist() == curve.setting.panel.frame["x"].is_null().to_list()
    assert el.specifications.joint_test(curve, "permutation", 19).units == 24


def test_what_it_says_and_that_it_repeats() -> None:
    curve = el.specifications.curve(FIRMS, "y", "x", ["a", "c"], effects=EFFECTS, vcov=el.cluster("firm"))
    seen: list[tuple[int, int]] = []
    found = el.specifications.joint_test(curve, draws=99, progress=lambda done, draws: seen.append((done, draws)))
    assert seen[-1] == (99, 99) and found.unit == "firm" and found.units == 40
    again = el.specifications.joint_test(curve, draws=99)
    assert np.array_equal(found.drawn, again.drawn)
    assert found.tidy().columns == ["statistic", "observed", "expected", "p_value"]
    assert found.observed[0] == pytest.approx(curve.median)
    assert "joint test of a specification curve" in repr(found) and "<table" in found._repr_html_()
    many = pl.DataFrame({"x": np.arange(1_500) % 7.0, "y": np.arange(1_500) % 11.0})
    assert el.specifications.joint_test(el.specifications.curve(many, "y", "x", vcov=el.hc1()), draws=19).units == 1_500
    few = el.specifications.curve(FIRMS, "y", "x", vcov=el.cluster("province"))
    assert "3 clusters have 8 patterns" in el.specifications.joint_test(few).note
    assert signs.statistics(np.array([[1.0, 2.0]]), np.array([[0.01, np.nan]]), 0.05)[0, 1] == 1.0


@pytest.mark.parametrize(
    ("ask", "given", "error", "words"),
    [
        ({}, {"draws": 5}, UsageError, "cannot reach"),
        ({}, {"seed": -1}, UsageError, "whole number"),
        ({}, {"method": "bootstrap"}, UsageError, "no method"),
        ({}, {"unit": "frm"}, UsageError, "no column 'frm', did you mean 'firm'"),
        ({}, {"within": "year"}, UsageError, "strata belong to"),
        ({"vcov": [el.hc1(), el.cluster("firm")]}, {}, UsageError, "cluster in different ways"),
        ({"instruments": "z"}, {}, UsageError, "not of instruments"),
        ({"terms": ["x", "x2"]}, {"method": "permutation"}, UsageError, "one regressor of interest"),
        ({}, {"method": "permutation", "unit": "firm"}, UsageError, "its paths need periods"),
        ({}, {"method": "permutation", "unit": "firm", "within": "year"}, UsageError, "varies within firm"),
        ({}, {"method": "permutation", "within": ["firm", "year"]}, EstimationError, "none to change places with"),
    ],
)
def test_wrong_input(ask: dict[str, object], given: dict[str, object], error: type[Exception], words: str) -> None:
    curve = el.specifications.curve(FIRMS, "y", **{"terms": "x", "vcov": el.cluster("firm"), **ask})
    with pytest.raises(error, match=words):
        el.specifications.joint_test(curve, **given)
    with pytest.raises(UsageError, match="a curve of"):
        el.specifications.joint_test(curve.tidy())
