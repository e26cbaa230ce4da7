"""Bad input: a clear error with names, or a value that says that it is undefined; never a silent number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from statsmodels.datasets import grunfeld

import econloom as el
from econloom.core.errors import DataError, EstimationError, ExpressionError, UsageError
from tests.panel.samples import random_panel

FRAME = random_panel(7).with_columns(
    text=pl.col("firm"),
    flat=pl.lit(4.0),
    huge=pl.col("y") * 1e200,
    tiny=pl.col("x2") * 1e-200,
    trait=pl.col("province") * 1.0,
    one=pl.lit("all"),
    row=pl.int_range(pl.len()),
    gone=pl.lit(None, dtype=pl.Float64),
    bad=pl.when(pl.col("x1") > 1).then(math.inf).otherwise(pl.col("x1")),
    zero=pl.when(pl.int_range(pl.len()) < 3).then(0.0).otherwise(1.0),
    holes=pl.when(pl.int_range(pl.len()) < 3).then(None).otherwise(pl.col("firm")),
)


@pytest.mark.parametrize(
    ("formula", "options", "kind", "words"),
    [
        ("y ~ xx1 | firm", {}, ExpressionError, "no column 'xx1', did you mean 'x1'"),
        ("y ~ x1 | fim", {}, ExpressionError, "no column 'fim', did you mean 'firm'"),
        ("y ~ y + x1", {}, ExpressionError, "the outcome y is on both sides"),
        (5, {}, UsageError, "a formula is text, not 5"),
        ("y ~ x1", {"vcov": "firm"}, UsageError, "vcov: 'firm' is no covariance"),
        ("y ~ x1", {"vcov": el.hc1}, UsageError, r"vcov: hc1 without \(\)"),
        ("y ~ x1", {"where": 5}, UsageError, "where: 5 is no condition"),
        ("y ~ x1", {"where": pl.col("x1") > 0}, UsageError, "is no condition"),
        ("y ~ x1", {"weights": [1, 2]}, UsageError, "weights: .* is not the name of a column"),
        ("y ~ x1", {"unit": 5}, UsageError, "no key column 5"),
        ("y ~ x1", {"ssc": 5}, UsageError, "no small-sample convention 5"),
        ("y ~ x1", {"vcov": el.cluster("fim")}, UsageError, "did you mean 'firm'"),
        ("y ~ x1", {"weights": "ww"}, UsageError, "no column 'ww'"),
        ("y ~ x1", {"where": "yeer > 2000"}, UsageError, "yeer"),
        ("y ~ x1", {"ssc": "stata"}, UsageError, "no small-sample convention"),
        ("y ~ x1", {"unit": "fim"}, UsageError, "did you mean 'firm'"),
        ("y ~ x1", {"singletons": "maybe"}, UsageError, "'keep' or 'drop'"),
        ("y ~ text | firm", {}, EstimationError, r"no regressor of y is left: textf001 \(absorbed"),
        ("text ~ x1", {}, DataError, "'text' holds String"),
        ("y ~ bad | firm", {}, DataError, r"'bad' holds \d+ infinite"),
        ("y ~ log(x1) | firm", {}, DataError, "has no value in"),
        ("y ~ lag(x1)", {}, ExpressionError, "lag|unit|time"),
        ("y ~ x1", {"weights": "zero"}, DataError, "zero or negative in 3 of"),
        ("y ~ x1", {"where": "year > 3000"}, EstimationError, "no rows are left"),
        ("y ~ gone + x1", {}, EstimationError, "missing regressor gone"),
        ("y ~ x1 | row", {}, EstimationError, "does not vary within the effects"),
        ("y ~ x1", {"vcov": el.cluster("one")}, EstimationError, "one cluster of 'one'"),
        ("huge ~ x1", {}, DataError, "too large or too small"),
        ("y ~ x1 + tiny | firm", {}, DataError, "too large or too small"),
        ("flat ~ x1", {}, EstimationError, "holds one value"),
        ("trait ~ x1 | firm", {}, EstimationError, "does not vary within the effects"),
        ("y ~ trait + flat | firm", {}, EstimationError, r"no regressor of y is left: trait \(absorbed.*flat \(holds"),
        ("y ~ 0", {}, UsageError, "needs a regressor"),
        ("y ~ x1 + x2 + x3", {"where": "row < 3"}, EstimationError, "no degrees of freedom"),
        ("y ~ x1 + x2 + x3 | year", {"where": "row < 9"}, EstimationError, "no degrees of freedom|no regressor|vary"),
    ],
)
def test_errors(formula: Any, options: dict[str, Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=f"(?s){words}"):
        el.ols(formula, FRAME, **options)


@pytest.mark.parametrize("data", [None, 3, {"y": [1.0]}, np.ones((3, 2)), [1, 2]])
def test_data_of_another_kind(data: Any) -> None:
    with pytest.raises(UsageError, match="is no table"):
        el.ols("y ~ x1", data)


@pytest.mark.parametrize(
    ("formula", "text", "word"),
    [
        ("y ~ csw(x1, x2, gone1)", "y ~ x1 + x2 + gone1", "gone1"),
        ("y ~ x1 + csw0(x2, log(gone1)) | firm", "y ~ x1 + x2 + log(gone1) | firm", "gone1"),
        ("y ~ x1 + sw(x2, I(2 * gone1)) | firm", "y ~ x1 + I(2 * gone1) | firm", "gone1"),
        ("y ~ sw(x1, i(yeer)) | firm", "y ~ i(yeer) | firm", "yeer"),
        ("y ~ x1 | csw(firm, yeer)", "y ~ x1 | firm + yeer", "yeer"),
        ("y ~ x1 | firm + sw(province, `my year`)", "y ~ x1 | firm + `my year`", "`my year`"),
        ("y ~ x1 | sw(year, firm)^yeer", "y ~ x1 | sw(year, firm)^yeer", "sw"),
        ("y ~ x1 | firm[gone1] + year", "y ~ x1 | firm[gone1] + year", "gone1"),
        ("c(y, gone1) ~ x1", "gone1 ~ x1", "gone1"),
    ],
)
def test_the_caret_stands_under_the_word(formula: str, text: str, word: str) -> None:
    """Also in the text of one model out of several."""
    with pytest.raises(ExpressionError) as found:
        el.ols(formula, FRAME)
    assert found.value.text == text
    assert text[found.value.position :].startswith(word)


def test_missing_file() -> None:
    with pytest.raises(DataError):
        el.ols("y ~ x1", "nowhere.csv")


def test_repeated_keys_are_listed() -> None:
    with pytest.raises(DataError, match="duplicate keys"):
        el.ols("y ~ x1", pl.concat([FRAME, FRAME.head(2)]), unit="firm", time="year")


def test_empty_frame() -> None:
    with pytest.raises(EstimationError, match="no rows are left"):
        el.ols("y ~ x1 | firm", FRAME.head(0))


def test_every_drop_has_a_reason() -> None:
    frame = random_panel(12, missing=0.1).with_columns(
        firm=pl.when(pl.int_range(pl.len()) == 4).then(None).otherwise(pl.col("firm")),
        g=pl.when(pl.int_range(pl.len()) == 5).then(None).otherwise(pl.col("province")),
        w=pl.when(pl.int_range(pl.len()) == 6).then(None).otherwise(pl.col("w")),
    )
    frame = frame.with_columns(y=pl.when(pl.int_range(pl.len()).is_in([4, 5, 6])).then(1.0).otherwise(pl.col("y")))
    frame = frame.with_columns(
        x1=pl.when(pl.int_range(pl.len()).is_in([4, 5, 6])).then(1.0).otherwise(pl.col("x1")),
        x2=pl.when(pl.int_range(pl.len()).is_in([4, 5, 6])).then(0.0).otherwise(pl.col("x2")),
    )
    fit = el.ols("y ~ x1 | firm", frame, where="x2 < 1", weights="w", vcov=el.cluster("g"))
    reasons = {d.reason: d.rows for d in fit.sample.drops}
    assert reasons["outside where: x2 < 1"] == (frame["x2"] >= 1).sum()
    assert set(reasons) >= {"missing outcome y", "missing regressor x1", "missing effect firm", "missing weight w"}
    assert reasons["missing cluster g"] == 1
    assert fit.sample.n == fit.glance()["n"][0]


def test_condition_that_is_unknown() -> None:
    frame = FRAME.with_columns(flag=pl.when(pl.col("row") < 5).then(None).otherwise(pl.col("row")))
    fit = el.ols("y ~ x1", frame, where="flag >= 0")
    assert [(d.reason, d.rows) for d in fit.sample.drops] == [("where unknown (missing): flag >= 0", 5)]


def test_where_makes_a_logarithm_safe() -> None:
    fit = el.ols("y ~ log(x1)", FRAME, where="x1 > 0")
    assert fit.sample.n == (FRAME["x1"] > 0).sum()


def test_singletons_are_kept_or_dropped() -> None:
    frame = FRAME.with_columns(
        pl.when(pl.col("row") == 0).then(pl.lit("alone")).otherwise(pl.col("firm")).alias("firm")
    )
    kept, dropped = (el.ols("y ~ x1 | firm", frame, singletons=s) for s in ("keep", "drop"))  # type: ignore[arg-type]
    assert kept.sample.n == dropped.sample.n + 1
    assert "singletons" in dropped.sample.drops[-1].reason
    assert kept.tidy()["estimate"][0] == pytest.approx(dropped.tidy()["estimate"][0], rel=1e-12)


def test_with_vcov_refuses_to_drop_rows() -> None:
    fit = el.ols("y ~ x1 | firm", FRAME)
    with pytest.raises(UsageError, match="would drop 3 of"):
        fit.with_vcov(el.cluster("holes"))
    with pytest.raises(EstimationError, match="one cluster"):
        fit.with_vcov(el.cluster("one"))


def test_perfect_fit_is_said() -> None:
    frame = FRAME.with_columns(copy=2 * pl.col("x1") - 1)
    for formula in ("copy ~ x1", "copy ~ x1 + x2 | firm + year"):
        for vcov in (el.iid(), el.hc1(), el.cluster("firm")):
            fit = el.ols(formula, frame, vcov=vcov)
            tidy = fit.tidy()
            assert tidy["estimate"][0] == pytest.approx(2.0)
            assert tidy["std_error"].null_count() == tidy["p_value"].null_count() == tidy.height
            assert fit.glance()["loglik"][0] is None
            assert any("fits perfectly" in w for w in fit.warnings)
            assert "fits perfectly" in repr(fit)


def test_a_zero_standard_error_is_no_evidence() -> None:
    """One dummy for each cluster but one: their cluster scores are zero, a naive t would be infinite."""
    frame = pl.DataFrame({"g": [0] * 6 + [1] * 6, "y": np.random.default_rng(1).normal(size=12)})
    fit = el.ols("y ~ g", frame, vcov=el.cluster("g"))
    assert fit.tidy()["p_value"].null_count() == 2
    assert "scores sum to zero" in fit.warnings[0]
    assert math.isnan(fit.summary.coefficients[0].std_error)


def test_removed_regressors_are_named_in_order() -> None:
    frame = FRAME.with_columns(twice=2 * pl.col("x1"), mix=pl.col("x1") + pl.col("x2"), trend=pl.col("year") * 1.0)
    fit = el.ols("y ~ trend + flat + x1 + twice + x2 + mix + trait | firm + year", frame)
    assert fit.summary.removed == (
        ("trend", "absorbed by the effects"),
        ("flat", "holds one value"),
        ("trait", "absorbed by the effects"),
        ("twice", "collinear with x1"),
        ("mix", "collinear with x1, x2"),
    )
    assert fit.tidy()["term"].to_list() == ["x1", "x2"]


def test_intercept_only_and_no_intercept() -> None:
    mean = el.ols("y ~ 1", FRAME)
    assert mean.tidy()["term"].to_list() == ["(Intercept)"]
    assert mean.tidy()["estimate"][0] == pytest.approx(FRAME["y"].mean())
    assert mean.tidy()["std_error"][0] == pytest.approx(FRAME["y"].std() / math.sqrt(FRAME.height))
    through = el.ols("y ~ 0 + x1 + flat", FRAME)
    usual = el.ols("y ~ x1", FRAME)
    np.testing.assert_allclose(through.tidy()["estimate"].to_numpy() * [1.0, 4.0], usual.tidy()["estimate"], rtol=1e-10)


def test_booleans_integers_and_categories() -> None:
    frame = FRAME.with_columns(
        pl.col("x3") > 1, firm=pl.col("firm").cast(pl.Categorical), d=(pl.col("x3") > 1).cast(pl.Int8)
    )
    a, b = el.ols("y ~ x3 + x1 | firm", frame), el.ols("y ~ d + x1 | firm", FRAME.with_columns(frame["d"]))
    np.testing.assert_allclose(a.tidy()["estimate"], b.tidy()["estimate"], rtol=1e-12)


def test_interactions_are_products() -> None:
    a = el.ols("y ~ x1*x2 | firm", FRAME)
    b = el.ols("y ~ x1 + x2 + p | firm", FRAME.with_columns(p=pl.col("x1") * pl.col("x2")))
    np.testing.assert_allclose(a.tidy()["estimate"], b.tidy()["estimate"], rtol=1e-11)
    assert a.tidy()["term"][2] == "x1:x2"


def test_effects_without_regressors() -> None:
    """What ``csw0`` begins with: effects alone explain what dummies do; a constant is the mean."""
    for vcov in (el.iid(), el.hc1(), el.cluster("firm")):
        fit = el.ols("y ~ 1 | firm + year", FRAME, vcov=vcov)
        assert fit.tidy().height == 0
        assert fit.glance()["r2_within"][0] == 0
        assert "r2 0." in repr(fit)
    centred = el.ols("y ~ 1 | firm + year", FRAME, constant="centred")
    assert centred.tidy()["estimate"].to_list() == pytest.approx([FRAME["y"].mean()])
    both = el.ols("y ~ csw0(x1) | firm + year", FRAME, vcov=el.cluster("firm"))
    assert [f.tidy().height for f in both] == [0, 1]
    assert both[1].glance()["r2"][0] > both[0].glance()["r2"][0] == pytest.approx(fit.glance()["r2"][0])


def test_nan_is_missing() -> None:
    frame = FRAME.with_columns(x1=pl.when(pl.col("row") < 7).then(math.nan).otherwise(pl.col("x1")))
    assert el.ols("y ~ x1 | firm", frame).sample.drops[0].rows == 7


def test_views_escape_and_align() -> None:
    fit = el.ols("y ~ 贸易 + `<b>` | firm", FRAME.rename({"x1": "贸易", "x2": "<b>"}), vcov=el.cluster("firm"))
    assert "<b>" not in fit._repr_html_().replace("<tbody>", "")
    assert "convention fixest, t(" in repr(fit)
    summary = fit.summary
    assert (summary.vcov, summary.clusters, summary.effects) == ("cluster(firm)", ("firm",), ("firm",))
    assert summary.coefficient("贸易") is not None


def test_convention_none_has_no_factors() -> None:
    fit = el.ols("y ~ x1", FRAME, vcov=el.cluster("firm"), ssc="none")
    fixest = el.ols("y ~ x1", FRAME, vcov=el.cluster("firm"))
    n, G = FRAME.height, FRAME["firm"].n_unique()
    np.testing.assert_allclose(fixest.vcov, fit.vcov * G / (G - 1) * (n - 1) / (n - 2), rtol=1e-12)
    assert fit.summary.distribution == "normal"
    assert fit.with_vcov(el.iid()).vcov[0, 0] == pytest.approx(
        fixest.with_vcov(el.iid()).vcov[0, 0] * (n - 2) / n, rel=1e-12
    )


def test_grunfeld() -> None:
    """Slopes of the ten-firm panel as R's plm prints them for model = "within" (8 digits)."""
    firms = grunfeld.load_pandas().data.query("firm != 'American Steel'")
    fit = el.ols("invest ~ value + capital | firm", firms)
    assert fit.sample.n == 200
    np.testing.assert_allclose(fit.tidy()["estimate"], [0.11012380, 0.31006534], rtol=1e-7)
    np.testing.assert_allclose(fit.tidy()["std_error"], [0.011856694, 0.017354503], rtol=1e-7)
