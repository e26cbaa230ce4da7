"""Agreement with pyfixest 0.60 under its default small-sample rule (``k_fixef="nonnested"``), on random designs.

pyfixest demeans by iteration to an absolute tolerance, so it gets columns of unit scale: a badly scaled column is
handed to it divided by a power of two, whose effect on slope and standard error is exact.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import polars as pl
import pyfixest as pf
import pytest

import econloom as el
from tests.panel.samples import random_panel

EFFECTS = ["", "firm", "firm + year", "firm + province^year", "province + firm + year", "firm^x3 + year"]
VCOVS: dict[str, tuple[Any, Any]] = {
    "iid": (el.iid(), "iid"),
    "hc1": (el.hc1(), "hetero"),
    "firm": (el.cluster("firm"), {"CRV1": "firm"}),
    "province": (el.cluster("province"), {"CRV1": "province"}),
}


def peer(formula: str, frame: pl.DataFrame, vcov: Any, weights: str | None, singletons: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pf.feols(
            formula, frame.to_pandas(), vcov=vcov, weights=weights, fixef_tol=1e-11,
            fixef_rm="none" if singletons == "keep" else "singleton",
        )  # fmt: skip


def agree(fit: Any, other: Any, factor: dict[str, float]) -> None:
    b, se, p = other.coef(), other.se(), other.pvalue()
    for row in fit.tidy().iter_rows(named=True):
        name = {"(Intercept)": "Intercept"}.get(row["term"], row["term"])
        scale = factor.get(name, 1.0)
        assert row["estimate"] == pytest.approx(b[name] / scale, rel=1e-8, abs=1e-10 / scale)
        assert row["std_error"] == pytest.approx(se[name] / scale, rel=1e-6)
        assert row["p_value"] == pytest.approx(p[name], rel=1e-5, abs=1e-12)
    assert len(fit.estimate.names) == len(b)
    glance = fit.glance().row(0, named=True)
    assert glance["n"] == other._N
    assert glance["r2"] == pytest.approx(other._r2, abs=1e-9)
    assert glance["r2_adjusted"] == pytest.approx(other._adj_r2, abs=1e-9)
    if fit.design.effects:
        assert glance["r2_within"] == pytest.approx(other._r2_within, abs=1e-8)


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("effects", EFFECTS)
@pytest.mark.parametrize("vcov", VCOVS)
@pytest.mark.parametrize("seed", range(5))
def test_random_designs(seed: int, vcov: str, effects: str, weights: str | None) -> None:
    index = EFFECTS.index(effects) * 10 + seed
    frame = random_panel(100 + index, missing=0.05 * (seed % 3), balanced=seed == 4)
    singletons = "drop" if seed % 2 else "keep"
    scale = 2.0 ** (20 * (seed - 2) // 2)
    formula = "y ~ x1 + x2 + x3" + (f" | {effects}" if effects else "")
    if "x3" in effects:
        formula = formula.replace(" + x3 |", " |")
    ours, theirs = VCOVS[vcov]
    scaled = frame.with_columns(pl.col("x2") * scale)
    try:
        fit = el.ols(formula, scaled, vcov=ours, weights=weights, singletons=singletons)  # type: ignore[arg-type]
    except el.errors.EstimationError as error:
        assert "degrees of freedom" in str(error) or "no rows" in str(error)
        return
    agree(fit, peer(formula, frame, theirs, weights, singletons), {"x2": scale})


@pytest.mark.parametrize("seed", range(20))
def test_collinear_and_badly_conditioned(seed: int) -> None:
    """x5 repeats earlier columns and goes; x4 is near x1 (condition 1e6) and stays."""
    frame = random_panel(300 + seed, missing=0.03)
    rng = np.random.default_rng(seed)
    noise = pl.Series(rng.normal(size=frame.height))
    frame = frame.with_columns(x4=pl.col("x1") + 1e-6 * noise, x5=2 * pl.col("x1") - pl.col("x2"), e=noise)
    fit = el.ols("y ~ x1 + x2 + x4 + x5 | firm + year", frame, vcov=el.cluster("firm"))
    assert fit.estimate.removed == (("x5", "collinear with x1, x2"),)
    well = el.ols("y ~ x1 + x2 + e | firm + year", frame, vcov=el.cluster("firm"))
    b, c = fit.tidy()["estimate"].to_numpy(), well.tidy()["estimate"].to_numpy()
    slack = 1e-9 * fit.tidy()["std_error"][2]  # for a coefficient near zero
    np.testing.assert_allclose(b[2], c[2] * 1e6, rtol=1e-8, atol=slack)
    np.testing.assert_allclose(b[1], c[1], rtol=1e-8)
    np.testing.assert_allclose(fit.tidy()["std_error"][2], well.tidy()["std_error"][2] * 1e6, rtol=1e-6)
    agree(well, peer("y ~ x1 + x2 + e | firm + year", frame, {"CRV1": "firm"}, None, "keep"), {})


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("effects", EFFECTS[2:])
@pytest.mark.parametrize("seed", range(5))
def test_iterated_and_compiled(seed: int, effects: str, weights: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same designs through the compiled passes and conjugate gradients, which small samples do not use."""
    monkeypatch.setattr("econloom.panel.absorb.effects.DENSE_LEVELS", 1 if seed else 10**6)
    monkeypatch.setattr("econloom.panel.passes.COMPILED_ROWS", 1)
    frame = random_panel(900 + seed, missing=0.04)
    formula = f"y ~ x1 + x2 | {effects}"
    for ours, theirs in VCOVS.values():
        fit = el.ols(formula, frame, vcov=ours, weights=weights, singletons="drop")  # type: ignore[arg-type]
        agree(fit, peer(formula, frame, theirs, weights, "drop"), {})
