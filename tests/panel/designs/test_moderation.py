"""Marginal effects by the delta method and by recentring; rescaled products by regressions on scaled columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EstimationError, UsageError
from tests.panel.samples import random_panel

FRAME = random_panel(8, n=2_000).with_columns(trait=pl.col("province") * 1.0)


@pytest.mark.parametrize("vcov", [el.iid(), el.hc1(), el.cluster("firm")])
@pytest.mark.parametrize("effects", ["", " | firm + year"])
def test_the_effect_at_a_value_is_the_coefficient_with_the_moderator_centred_there(vcov: Any, effects: str) -> None:
    fit = el.ols(f"y ~ x1 * x2 + x3{effects}", FRAME, vcov=vcov)
    found = el.moderation.marginal(fit, "x1", "x2", at=[-0.5, 0.0, 1.3])
    for row in found.tidy().iter_rows(named=True):
        moved = FRAME.with_columns(c=pl.col("x2") - row["value"])
        wanted = el.ols(f"y ~ x1 * c + x3{effects}", moved, vcov=vcov).tidy().row(0, named=True)
        for name in ("estimate", "std_error", "p_value", "conf_low", "conf_high"):
            assert row[name] == pytest.approx(wanted[name], rel=1e-7, abs=1e-12)


def test_values_of_the_sample_and_johnson_neyman() -> None:
    fit = el.ols("y ~ x1 * x2", FRAME)
    found = el.moderation.marginal(fit, "x1", "x2")
    assert found.tidy()["label"].to_list() == ["p10", "p25", "p50", "p75", "p90"]
    assert found.tidy()["value"][2] == pytest.approx(FRAME["x2"].median())
    spread = el.moderation.marginal(fit, "x1", "x2", at="mean_sd").tidy()["value"]
    assert spread[2] - spread[1] == pytest.approx(FRAME["x2"].std())
    for z in found.zeros:
        assert el.moderation.marginal(fit, "x1", "x2", at=[z]).tidy()["p_value"][0] == pytest.approx(0.05, rel=1e-6)
    far = el.moderation.marginal(fit, "x1", "x2", at=[99.0])
    assert "is extrapolated" in far.warnings[0] and "extrapolated" in repr(far)


@pytest.mark.parametrize("vcov", [el.hc1(), el.cluster("firm")])
@pytest.mark.parametrize("how", ["minmax", "minmax_parts", "z", "centre"])
@pytest.mark.parametrize(("effects", "options"), [("", {}), (" | firm + year", {}), (" | firm", {"ssc": "xtreg"})])
def test_rescaling_is_the_regression_on_scaled_columns(how: Any, effects: str, options: Any, vcov: Any) -> None:
    if options and vcov.kind == "hc1":
        pytest.skip("xtreg has no hc1")
    x, z = pl.col("x1"), pl.col("x2")

    def minmax(e: pl.Expr) -> pl.Expr:
        return (e - e.min()) / (e.max() - e.min())

    part = {"minmax_parts": minmax, "z": lambda e: (e - e.mean()) / e.std(), "centre": lambda e: e - e.mean()}
    made = minmax(x * z) if how == "minmax" else part[how](x) * part[how](z)
    frame = FRAME.with_columns(xz=made)
    keys = {"unit": "firm", "time": "year"}
    wanted = el.ols(f"y ~ x1 + x2 + xz + x3{effects}", frame, vcov=vcov, **options, **keys).tidy().sort("term")
    fit = el.ols(f"y ~ x1 * x2 + x3{effects}", FRAME, vcov=vcov, **options, **keys)
    found = el.moderation.rescaled(fit, "x1:x2", how).tidy().with_columns(pl.col("term").replace("x1:x2", "xz"))
    for name in ("estimate", "std_error", "p_value"):
        assert found.sort("term")[name].to_numpy() == pytest.approx(wanted[name].to_numpy(), rel=1e-6, abs=1e-12)


def test_a_moderator_absorbed_by_the_effects() -> None:
    fit = el.ols("y ~ x1 * trait | firm", FRAME)
    with pytest.raises(EstimationError, match=r"(?s)moderator 'trait' has no effect of its own.*absorbed='accept'"):
        el.moderation.marginal(fit, "x1", "trait")
    found = el.moderation.marginal(fit, "x1", "trait", at=[0, 2], absorbed="accept")
    assert "absorbed" in found.warnings[0]
    moved = FRAME.with_columns(c=pl.col("trait") - 2)
    wanted = el.ols("y ~ x1 * c | firm", moved).tidy()
    assert found.tidy()["estimate"][1] == pytest.approx(wanted["estimate"][0], rel=1e-8)
    centred = el.moderation.rescaled(fit, "x1:trait", "centre")
    c = FRAME.with_columns(xz=(pl.col("x1") - pl.col("x1").mean()) * (pl.col("trait") - pl.col("trait").mean()))
    assert centred.tidy()["estimate"].to_numpy() == pytest.approx(
        el.ols("y ~ x1 + xz | firm", c).tidy()["estimate"].to_numpy(), rel=1e-7
    )


@pytest.mark.parametrize(
    ("formula", "call", "kind", "words"),
    [
        ("y ~ x1 + x2", lambda f: el.moderation.marginal(f, "x1", "x2"), UsageError, "no product of 'x1' and 'x2'"),
        ("y ~ x1 + x1:x2", lambda f: el.moderation.marginal(f, "x1", "x2"), UsageError, "without 'x2' itself"),
        ("y ~ x1 * x2", lambda f: el.moderation.marginal(f, "x1", "x2", at=[np.nan]), UsageError, "finite values"),
        ("y ~ x1 * x2", lambda f: el.moderation.marginal(f, "x1", "x2", at="deciles"), UsageError, "'quantiles'"),
        ("y ~ x1 * flat", lambda f: el.moderation.marginal(f, "x1", "flat"), EstimationError, "no coefficient"),
        (
            "y ~ x1 * x2",
            lambda f: el.moderation.rescaled(f, "x1:x2", "min"),
            UsageError,
            "no scale 'min', did you mean",
        ),
        ("y ~ x1 * x2", lambda f: el.moderation.rescaled(f, "x1"), UsageError, "no product"),
        ("y ~ x1 * x2", lambda f: el.moderation.rescaled(f, "x1:x3"), UsageError, "no term 'x1:x3', did you mean"),
        ("y ~ x1 + x1:x2", lambda f: el.moderation.rescaled(f, "x1:x2", "z"), UsageError, "needs 'x2' in the model"),
        ("y ~ 0 + x1 * x2", lambda f: el.moderation.rescaled(f, "x1:x2"), UsageError, "needs a constant"),
    ],
)
def test_errors(formula: str, call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call(el.ols(formula, FRAME.with_columns(flat=pl.lit(1.0))))
