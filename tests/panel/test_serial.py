"""Newey-West and Driscoll-Kraay against their definitions, pyfixest, linearmodels and R's plm."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EstimationError, UsageError
from tests.panel.samples import Array, random_panel


def slow_meat(s: Array, unit: Array, time: Array, lags: int, kind: str) -> Array:
    """Every pair of rows by itself."""
    total = np.zeros((s.shape[1],) * 2)
    for i in range(len(s)):
        for j in range(len(s)):
            apart = abs(int(time[i]) - int(time[j]))
            if apart <= lags and (kind == "driscoll_kraay" or unit[i] == unit[j]):
                total += (1 - apart / (lags + 1)) * np.outer(s[i], s[j])
    return total


@pytest.mark.parametrize("kind", ["newey_west", "driscoll_kraay"])
@pytest.mark.parametrize("effects", ["", " | firm", " | firm + year"])
@pytest.mark.parametrize("lags", [0, 1, 3, 40])
def test_by_definition(lags: int, effects: str, kind: str) -> None:
    frame = random_panel(21, missing=0.1).sample(fraction=1, shuffle=True, seed=1)
    vcov = getattr(el, kind)(lags)
    fit = el.ols(f"y ~ x1 + x2{effects}", frame, vcov=vcov, unit="firm", time="year", ssc="none", weights="w")
    rows = frame[fit.design.rows]
    unit, time = rows["firm"].rank("dense").to_numpy(), rows["year"].to_numpy()
    T = fit.estimate.transform
    V = T @ slow_meat(fit.estimate.scores(fit.absorbed), unit, time, lags, kind) @ T.T
    np.testing.assert_allclose(fit.vcov, V, rtol=1e-9, atol=1e-14)
    assert any("gap" in w for w in fit.warnings) == (lags > 0 and kind == "newey_west")
    assert any("there are only" in w for w in fit.warnings) == (lags == 40)


@pytest.mark.parametrize("name", ["newey_west", "driscoll_kraay"])
@pytest.mark.parametrize("effects", ["", " | firm", " | firm + year"])
def test_against_pyfixest(effects: str, name: str) -> None:
    """pyfixest 0.60, which takes neighbours by position: balanced panels."""
    pf: Any = pytest.importorskip("pyfixest")
    frame = random_panel(22, balanced=True)
    short = {"newey_west": "NW", "driscoll_kraay": "DK"}[name]
    fit = el.ols(f"y ~ x1 + x2{effects}", frame, vcov=getattr(el, name)(2), unit="firm", time="year")
    numbered = frame.with_columns(firm=pl.col("firm").rank("dense").cast(pl.Int64))
    keywords = {"lag": 2, "time_id": "year", "panel_id": "firm"}
    other = pf.feols(f"y ~ x1 + x2{effects}", numbered.to_pandas(), vcov=short, vcov_kwargs=keywords, fixef_rm="none")
    for row in fit.tidy().iter_rows(named=True):
        term = row["term"].strip("()")
        assert row["std_error"] == pytest.approx(other.se()[term], rel=1e-6)
        assert row["p_value"] == pytest.approx(other.pvalue()[term], rel=1e-5)


def test_driscoll_kraay_against_linearmodels() -> None:
    """linearmodels 7, kernel bartlett, debiased=False."""
    panel: Any = pytest.importorskip("linearmodels.panel")
    frame = random_panel(23, balanced=True)
    data = frame.to_pandas().set_index(["firm", "year"])
    model = panel.PanelOLS.from_formula("y ~ x1 + x2 + 1", data)
    other = model.fit(cov_type="kernel", kernel="bartlett", bandwidth=2, debiased=False)
    vcov = el.driscoll_kraay(2)
    fit = el.ols("y ~ x1 + x2", frame, vcov=vcov, unit="firm", time="year", ssc="none")
    np.testing.assert_allclose(fit.tidy()["std_error"][:2], other.std_errors[["x1", "x2"]], rtol=1e-6)


R_SCRIPT = """
suppressMessages(library(plm))
d <- read.csv("data.csv")
fit <- plm(y ~ x1 + x2, data = d, index = c("firm", "year"), model = "within")
for (lag in 1:3) {
  cat("newey_west", lag, sprintf("%.15g", sqrt(diag(vcovNW(fit, type = "HC0", maxlag = lag)))), "\\n")
  cat("driscoll_kraay", lag, sprintf("%.15g", sqrt(diag(vcovSCC(fit, type = "HC0", maxlag = lag)))), "\\n")
}
"""


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R's plm (r-cran-plm) is not installed")
def test_against_plm(tmp_path: Path) -> None:
    """plm 2.6: vcovNW and vcovSCC, type HC0, of a within model on a balanced panel."""
    frame = random_panel(24, balanced=True)
    frame.write_csv(tmp_path / "data.csv", float_precision=17)
    (tmp_path / "run.R").write_text(R_SCRIPT)
    done = subprocess.run(["Rscript", "run.R"], cwd=tmp_path, capture_output=True, text=True, check=False)
    if "there is no package called" in done.stderr:
        pytest.skip("R's plm (r-cran-plm) is not installed")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.strip().splitlines()]
    assert len(lines) == 6
    for name, lag, *errors in lines:
        vcov = getattr(el, name)(int(lag))
        fit = el.ols("y ~ x1 + x2 | firm", frame, vcov=vcov, unit="firm", time="year", ssc="none")
        np.testing.assert_allclose(fit.tidy()["std_error"], np.array(errors, float), rtol=1e-7, err_msg=f"{name} {lag}")


def test_one_series() -> None:
    frame = random_panel(25, balanced=True).filter(pl.col("firm") == "f000")
    fit = el.ols("y ~ x1", frame, vcov=el.newey_west(1), unit="firm", time="year", ssc="none")
    same = el.ols("y ~ x1", frame, vcov=el.driscoll_kraay(1), unit="firm", time="year", ssc="none")
    np.testing.assert_allclose(fit.vcov, same.vcov, rtol=1e-12)


def test_what_is_refused() -> None:
    frame = random_panel(26)
    with pytest.raises(UsageError, match="needs periods"):
        el.ols("y ~ x1", frame, vcov=el.newey_west(1))
    with pytest.raises(UsageError, match="whole number"):
        el.newey_west(-1)
    with pytest.raises(UsageError, match="whole number"):
        el.driscoll_kraay(1.5)  # type: ignore[arg-type]
    one = frame.filter(pl.col("year") == 2001)
    with pytest.raises(EstimationError, match="one period"):
        el.ols("y ~ x1", one, vcov=el.driscoll_kraay(1), unit="firm", time="year")
