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


WEIGHTS = (None, "w")
COLLINEAR = (1, 3)
"""Seeds of the designs in which x4 repeats x1 and x2."""
SEEDS = range(5)


def design(seed: int, vcov: str, effects: str, weights: str | None) -> tuple[pl.DataFrame, float]:
    """A panel of its own for each case, and what its second column is multiplied by, 1e-6 to 1e6."""
    place = [EFFECTS.index(effects), list(VCOVS).index(vcov), WEIGHTS.index(weights), seed]
    number = int(np.ravel_multi_index(place, (len(EFFECTS), len(VCOVS), len(WEIGHTS), len(SEEDS))))
    frame = random_panel(100 + number, missing=0.05 * (seed % 3), balanced=seed == 4)
    frame = frame.with_columns(x4=pl.col("x1") - 2 * pl.col("x2"))
    return frame, 2.0 ** (20 * (seed - 2) // 2)


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


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("effects", EFFECTS)
@pytest.mark.parametrize("vcov", VCOVS)
@pytest.mark.parametrize("seed", SEEDS)
def test_random_designs(seed: int, vcov: str, effects: str, weights: str | None) -> None:
    frame, scale = design(seed, vcov, effects, weights)
    singletons = "drop" if seed % 2 else "keep"
    collinear = seed in COLLINEAR
    regressors = ["x1", "x2", *(["x3"] if "x3" not in effects else []), *(["x4"] if collinear else [])]
    formula = f"y ~ {' + '.join(regressors)}" + (f" | {effects}" if effects else "")
    ours, theirs = VCOVS[vcov]
    scaled = frame.with_columns(pl.col("x2") * scale)
    fit = el.ols(formula, scaled, vcov=ours, weights=weights, singletons=singletons)  # type: ignore[arg-type]
    assert fit.estimate.removed == ((("x4", "collinear with x1, x2"),) if collinear else ())
    agree(fit, peer(formula, frame, theirs, weights, singletons), {"x2": scale})


def test_the_designs_are_what_they_are_said_to_be() -> None:
    """At least 200, with missing values, singletons, collinear and badly scaled columns, weights, nested effects."""
    cases = [(s, v, e, w) for s in SEEDS for v in VCOVS for e in EFFECTS for w in WEIGHTS]
    drawn = [(*case, *design(*case)) for case in cases]
    assert len({frame["y"].hash().sum() for *_, frame, _ in drawn}) == len(cases) >= 200
    assert sum(frame.null_count().to_numpy().sum() > 0 for *_, frame, _ in drawn) >= 100
    assert sum(scale in (2.0**20, 2.0**-20) for *_, scale in drawn) >= 80
    assert sum(s in COLLINEAR for s, *_ in cases) >= 80
    assert sum(w is not None for *_, w in cases) >= 100
    assert sum("province + firm" in e or (v == "province" and "firm" in e) for _, v, e, _ in cases) >= 60
    alone = [frame.drop_nulls().group_by(e.split(" + ")[0].split("^")).len()["len"].min() == 1
             for _, _, e, _, frame, _ in drawn if e]  # fmt: skip
    assert sum(alone) >= 30


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
