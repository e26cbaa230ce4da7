"""CR2 and CR3 against explicit dummies and R's clubSandwich."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EstimationError
from tests.panel.samples import Array, dummies, random_panel

EFFECTS = ["", "firm", "year", "firm + year", "province + year + x3"]


def explicit(frame: pl.DataFrame, effects: str, weights: str | None) -> tuple[Array, Array, Array]:
    """All columns with the regressors (and intercept) that are printed first, the outcome, the weights."""
    terms = [e.strip() for e in effects.split("+") if e.strip()]
    X = [frame.select("x1", "x2").to_numpy()]
    X.append(np.column_stack([dummies(frame[e]) for e in terms]) if terms else np.ones((frame.height, 1)))
    w = frame[weights].to_numpy() / frame[weights].mean() if weights else np.ones(frame.height)
    return np.column_stack(X), frame["y"].to_numpy(), w


def reference(X: Array, y: Array, w: Array, codes: Array, kind: str, shown: int) -> tuple[Array, Array]:
    """Covariance and degrees of freedom by their definition, with the whole n x n projection."""
    n = len(y)
    M = np.linalg.pinv(X.T @ (X * w[:, None]), rcond=1e-11, hermitian=True)
    R = np.eye(n) - X @ M @ (X * w[:, None]).T
    e = R @ y
    V, P = np.zeros((X.shape[1],) * 2), []
    for g in np.unique(codes):
        at = codes == g
        A = np.zeros((at.sum(),) * 2)
        if kind == "cr2":
            values, vectors = np.linalg.eigh(R[at] @ R[at].T)
            bent = np.array([v**-0.5 if v > 1e-11 else 0.0 for v in values])
            A = (vectors * bent) @ vectors.T
        else:
            root = np.sqrt(w[at])
            values, vectors = np.linalg.eigh(root[:, None] * R[np.ix_(at, at)] / root)
            bent = np.array([1 / v if v > 1e-11 else 0.0 for v in values])
            A = (vectors * bent) @ vectors.T * root / root[:, None]
        pull = M @ (X[at] * w[at][:, None]).T @ A
        s = pull @ e[at]
        V += np.outer(s, s)
        P.append(pull @ R[at])
    df = []
    for j in range(shown):
        products = np.array([[a[j] @ b[j] for b in P] for a in P])
        df.append(np.trace(products) ** 2 / (products**2).sum())
    return V[:shown, :shown], np.array(df)


@pytest.mark.parametrize("kind", ["cr2", "cr3"])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("effects", EFFECTS)
@pytest.mark.parametrize("cluster", ["province", "firm", "year"])
def test_by_definition(cluster: str, effects: str, weights: str | None, kind: str) -> None:
    frame = random_panel(40, missing=0.03).drop_nulls().sample(fraction=1, shuffle=True, seed=2)
    X, y, w = explicit(frame, effects, weights)
    codes = frame[cluster].rank("dense").to_numpy()
    V, df = reference(X, y, w, codes, kind, 2 if effects else 3)
    formula = "y ~ x1 + x2" + (f" | {effects}" if effects else "")
    fit = el.ols(formula, frame, vcov=getattr(el, kind)(cluster), weights=weights)
    np.testing.assert_allclose(fit.vcov, V, rtol=1e-8, atol=1e-12)
    assert fit.inference.dfs is not None
    np.testing.assert_allclose(fit.inference.dfs, df, rtol=1e-7)
    assert fit.summary.extra["df"] == tuple(fit.inference.dfs)
    assert fit.inference.df == min(fit.inference.dfs)


R_SCRIPT = """
suppressMessages(library(clubSandwich))
d <- read.csv("data.csv")
for (spec in list(c("", "province"), c("", "firm"), c("factor(firm)", "firm"), c("factor(firm)", "province"),
                  c("factor(firm) + factor(year)", "province"))) {
  for (weighted in c(FALSE, TRUE)) for (type in c("CR2", "CR3")) {
    if (type == "CR3" && spec[1] == "factor(firm)") next
    if (type == "CR3" && spec[1] != "") next
    f <- as.formula(paste("y ~ x1 + x2", if (nchar(spec[1])) paste("+", spec[1])))
    fit <- if (weighted) lm(f, d, weights = d$w) else lm(f, d)
    V <- vcovCR(fit, cluster = d[[spec[2]]], type = type)
    found <- coef_test(fit, vcov = V, test = "Satterthwaite", coefs = c("x1", "x2"))
    df <- if (!is.null(found$df_Satt)) found$df_Satt else found$df
    p <- if (!is.null(found$p_Satt)) found$p_Satt else found$p_val
    cat(spec[1], spec[2], weighted, type, sprintf("%.15g", c(found$SE, df, p)), sep = ";")
    cat("\\n")
  }
}
"""


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R's clubSandwich (r-cran-clubsandwich) is not installed")
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_against_clubsandwich(seed: int, tmp_path: Path) -> None:
    """clubSandwich 0.5.8 on explicit dummies: its default working model, unit variances."""
    frame = random_panel(seed)
    frame.write_csv(tmp_path / "data.csv", float_precision=17)
    (tmp_path / "run.R").write_text(R_SCRIPT)
    done = subprocess.run(["Rscript", "run.R"], cwd=tmp_path, capture_output=True, text=True, check=False)
    if "there is no package called" in done.stderr:
        pytest.skip("R's clubSandwich (r-cran-clubsandwich) is not installed")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.strip().splitlines()
    assert len(lines) == 14
    for line in lines:
        effects, cluster, weighted, kind, *numbers = line.split(";")
        effects = effects.replace("factor(", "").replace(")", "")
        formula = "y ~ x1 + x2" + (f" | {effects}" if effects else "")
        vcov = getattr(el, kind.lower())(cluster)
        fit = el.ols(formula, frame, vcov=vcov, weights="w" if weighted == "TRUE" else None)
        se, df, p = np.array(numbers, dtype=float).reshape(3, 2)
        np.testing.assert_allclose(fit.tidy()["std_error"][:2], se, rtol=1e-7, err_msg=line)
        assert fit.inference.dfs is not None
        np.testing.assert_allclose(fit.inference.dfs[:2], df, rtol=1e-6, err_msg=line)
        np.testing.assert_allclose(fit.tidy()["p_value"][:2], p, rtol=1e-5, err_msg=line)


def test_what_is_said_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = random_panel(5)
    with pytest.raises(EstimationError, match="one cluster"):
        el.ols("y ~ x1", frame.with_columns(g=pl.lit(1)), vcov=el.cr2("g"))
    two = el.ols("y ~ x1", frame.with_columns(g=pl.col("year") > 2003), vcov=el.cr2("g"))
    assert any("few degrees of freedom" in w and "x1" in w for w in two.warnings)
    with pytest.raises(EstimationError, match="beside instruments"):
        el.iv("y ~ 1 | firm | x1 ~ x2", frame, vcov=el.cr2("firm"))
    monkeypatch.setattr("econloom.panel.inference.few_clusters.MOST_CELLS", 10)
    with pytest.raises(EstimationError, match="levels beside the largest effect are too many"):
        el.ols("y ~ x1 | firm + year", frame, vcov=el.cr2("firm"))
    monkeypatch.setattr("econloom.panel.inference.few_clusters.MOST_WORK", 10)
    with pytest.raises(EstimationError, match="too large"):
        el.ols("y ~ x1 | firm", frame, vcov=el.cr3("year"))


def test_conventions_do_not_matter() -> None:
    frame = random_panel(6)
    fits = [el.ols("y ~ x1 | firm", frame, vcov=el.cr2("province"), ssc=s) for s in ("fixest", "none")]  # type: ignore[arg-type]
    assert fits[0].tidy().equals(fits[1].tidy())
    again = el.ols("y ~ x1 | firm", frame).with_vcov(el.cr2("province"))
    assert again.tidy().equals(fits[0].tidy())
