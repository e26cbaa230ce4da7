"""Convention ``xtreg`` against the command's definition with explicit dummies."""

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import UsageError
from tests.panel.samples import random_panel, xtreg_reference

OTHERS = {"firm + year": ["year"], "year + firm": ["year"], "firm": [], "firm + year + x3": ["year", "x3"]}


@pytest.mark.parametrize("effects", OTHERS)
@pytest.mark.parametrize("seed", range(12))
def test_against_explicit_dummies(seed: int, effects: str) -> None:
    frame = random_panel(seed, missing=0.06)
    truth = xtreg_reference(frame, "y", ["x1", "x2"], "firm", OTHERS[effects], "firm")
    for name, vcov in {"cluster": el.cluster("firm"), "iid": el.iid()}.items():
        fit = el.ols(f"y ~ x1 + x2 | {effects}", frame, vcov=vcov, unit="firm", ssc="xtreg")
        tidy = fit.tidy()
        assert tidy["term"].to_list() == truth.terms
        np.testing.assert_allclose(tidy["estimate"], truth.b, rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(fit.vcov, truth.V[name], rtol=1e-8, atol=1e-12)
        assert fit.inference.df == truth.df[name]
        assert fit.glance()["r2_within_unit"][0] == pytest.approx(truth.r2_within, abs=1e-11)


def test_cluster_above_the_unit() -> None:
    frame = random_panel(3)
    truth = xtreg_reference(frame, "y", ["x1"], "firm", ["year"], "province")
    fit = el.ols("y ~ x1 | firm + year", frame, vcov=el.cluster("province"), ssc="xtreg")
    np.testing.assert_allclose(fit.vcov, truth.V["cluster"], rtol=1e-8)


def test_unit_may_be_the_smaller_effect() -> None:
    frame = random_panel(5)
    truth = xtreg_reference(frame, "y", ["x1", "x2"], "province", ["firm"], "province")
    fit = el.ols("y ~ x1 + x2 | firm + year", frame, ssc="xtreg", unit="year", vcov=el.iid())
    other = xtreg_reference(frame, "y", ["x1", "x2"], "year", ["firm"], "year")
    np.testing.assert_allclose(fit.tidy()["estimate"], other.b, rtol=1e-9)
    np.testing.assert_allclose(fit.vcov, other.V["iid"], rtol=1e-8)
    nested = el.ols("y ~ x1 + x2 | province + firm", frame, ssc="xtreg", vcov=el.cluster("province"))
    assert nested.tidy()["term"].to_list() == ["x1", "x2"]
    assert "redundant" in (nested.constant or "")
    np.testing.assert_allclose(nested.vcov, truth.V["cluster"][:2, :2], rtol=1e-8)


def test_the_panels_unit_is_the_default() -> None:
    frame = random_panel(2)
    panel = el.ols("y ~ x1 | year + firm", frame, unit="firm", time="year", ssc="xtreg").request.panel
    from_panel = el.ols("y ~ x1 | year + firm", panel, ssc="xtreg")
    assert from_panel.request.unit_effect is not None
    assert from_panel.request.unit_effect.name == "firm"
    first = el.ols("y ~ x1 | year + firm", frame, ssc="xtreg")
    assert first.request.unit_effect is not None
    assert first.request.unit_effect.name == "year"


@pytest.mark.parametrize(
    ("formula", "options", "message"),
    [
        ("y ~ x1", {}, "needs a unit effect"),
        ("y ~ x1 | firm", {"vcov": el.hc1()}, "no hc1"),
        ("y ~ x1 | firm", {"unit": "year"}, "not among the effects"),
        ("y ~ x1 | firm + year", {"vcov": el.cluster("year")}, "lie in several"),
        ("y ~ x1 | firm + year", {"weights": "w"}, "weights vary within"),
    ],
)
def test_what_the_command_does_not_have(formula: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        el.ols(formula, random_panel(1), ssc="xtreg", **options)  # type: ignore[arg-type]


def test_weights_constant_within_units() -> None:
    frame = random_panel(4).with_columns(w=pl.col("w").mean().over("firm"))
    fit = el.ols("y ~ x1 + x2 | firm + year", frame, weights="w", ssc="xtreg")
    heavy = frame.with_columns(w=pl.col("w") * 1e6)
    np.testing.assert_allclose(
        fit.vcov, el.ols(fit.request.model.text, heavy, weights="w", ssc="xtreg").vcov, rtol=1e-9
    )
