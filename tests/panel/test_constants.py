"""Constants beside effects, against regressions on explicit dummies."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import econloom as el
from tests.panel.samples import dummies, random_panel


def dummy_model(frame: pl.DataFrame, vcov: Any, weights: str | None) -> Any:
    """Explicit dummies of firm and year without the first levels, with an intercept."""
    firms, years = (dummies(frame[c], drop_first=True) for c in ("firm", "year"))
    columns = {f"f{j}": pl.Series(firms[:, j]) for j in range(firms.shape[1])}
    columns |= {f"t{j}": pl.Series(years[:, j]) for j in range(years.shape[1])}
    return el.ols(f"y ~ x1 + x2 + {' + '.join(columns)}", frame.with_columns(**columns), vcov=vcov, weights=weights)


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("vcov", [el.iid(), el.hc1(), el.cluster("province")])
@pytest.mark.parametrize("seed", range(4))
def test_base_levels(seed: int, vcov: Any, weights: str | None) -> None:
    """``lsdv`` is the intercept of the regression on dummies, with its standard error."""
    frame = random_panel(seed, missing=0.05).drop_nulls()
    fit: Any = el.ols(
        "y ~ x1 + x2 | firm + year", frame, vcov=vcov, weights=weights, constant="lsdv", ssc="none"
    )  # fmt: skip
    truth = dummy_model(frame, vcov, weights).with_ssc("none")
    ours, theirs = (f.summary.coefficient("(Intercept)") for f in (fit, truth))
    assert ours.estimate == pytest.approx(theirs.estimate, rel=1e-9)
    assert ours.std_error == pytest.approx(theirs.std_error, rel=1e-8)


@pytest.mark.parametrize("vcov", [el.iid(), el.cluster("firm")])
@pytest.mark.parametrize("effects", ["firm", "firm + year"])
def test_centred(effects: str, vcov: Any) -> None:
    """``areg`` as its manual defines it: the absorbed columns with their means added back, and a constant."""
    frame = random_panel(6, missing=0.05).drop_nulls()
    fit: Any = el.ols(f"y ~ x1 + x2 | {effects}", frame, vcov=vcov, constant="centred", ssc="none")
    D = np.column_stack([dummies(frame[c]) for c in effects.split(" + ")])
    M = frame.select("y", "x1", "x2").to_numpy()
    within = M - D @ np.linalg.lstsq(D, M, rcond=None)[0] + M.mean(axis=0)
    shifted = frame.with_columns(**{c: pl.Series(within[:, j]) for j, c in enumerate(("y", "x1", "x2"))})
    truth: Any = el.ols("y ~ x1 + x2", shifted, vcov=vcov, ssc="none")
    np.testing.assert_allclose(fit.tidy()["estimate"], truth.tidy()["estimate"], rtol=1e-9)
    np.testing.assert_allclose(fit.vcov, truth.vcov, rtol=1e-8, atol=1e-14)


def test_which_one_is_printed() -> None:
    frame = random_panel(7).drop_nulls()
    shown = {c: el.ols("y ~ x1 | firm + year", frame, constant=c) for c in ("none", "centred", "xtreg", "lsdv")}
    assert shown["none"].tidy()["term"].to_list() == ["x1"]
    values = [shown[c].tidy()["estimate"][1] for c in ("centred", "xtreg", "lsdv")]
    assert len({round(v, 6) for v in values}) == 3
    stata: Any = el.ols("y ~ x1 | firm + year", frame, ssc="xtreg")
    assert stata.tidy()["estimate"][1] == pytest.approx(values[1])
    with pytest.raises(el.errors.UsageError, match="no constant 'mean'"):
        el.ols("y ~ x1 | firm", frame, constant="mean")  # type: ignore[arg-type]


def test_beside_instruments() -> None:
    """The constant of 2SLS on explicit dummies."""
    frame = random_panel(8).drop_nulls()
    frame = frame.with_columns(z=pl.col("x1") + pl.Series(np.random.default_rng(1).normal(size=frame.height)))
    D = dummies(frame["firm"], drop_first=True)
    columns = {f"f{j}": pl.Series(D[:, j]) for j in range(D.shape[1])}
    truth: Any = el.iv(
        f"y ~ x2 + {' + '.join(columns)} | x1 ~ z", frame.with_columns(**columns), vcov=el.hc1(), ssc="none"
    )
    fit: Any = el.iv("y ~ x2 | firm | x1 ~ z", frame, vcov=el.hc1(), constant="lsdv", ssc="none")
    ours, theirs = (f.summary.coefficient("(Intercept)") for f in (fit, truth))
    assert ours.estimate == pytest.approx(theirs.estimate, rel=1e-8)
    assert ours.std_error == pytest.approx(theirs.std_error, rel=1e-8)
    iid, dummied = fit.with_vcov(el.iid()), truth.with_vcov(el.iid())
    assert iid.summary.coefficient("(Intercept)").std_error == pytest.approx(
        dummied.summary.coefficient("(Intercept)").std_error, rel=1e-8
    )
