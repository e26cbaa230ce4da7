"""Estimators of their own in a study: what the file says is what the functions are given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.cli import run_command
from econloom.core.errors import StudyFileError

TEXT = """
study: gaps
title: {zh: 差距, en: Gaps}
sources: {main: data.csv}
panel: {unit: province, time: year, start: main}
variables:
  gini: {zh: 基尼系数}
  fw: {zh: 前向联系}
defaults: {vcov: {cluster: province}}
tables:
  gmm:
    title: {zh: 动态面板, en: Dynamic panels}
    columns:
      - {formula: "gini ~ l(gini, 1) + fw", estimator: system_gmm, with: {steps: 2, collapse: true}}
      - formula: "gini ~ l(gini, 1) + fw"
        estimator: difference_gmm
        with: {steps: 1, instruments: [{gmm: gini, lags: [2, 4]}, {std: fw, equation: difference}], time_effects: true}
      - {formula: "gini ~ l(gini, 1) + fw", estimator: bias_corrected}
      - {formula: "gini ~ fw + i(year)", estimator: tobit_re, with: {lower: 0.2, upper: 0.9}}
      - {formula: "gini ~ fw", estimator: fractional}
    rows: [{test: ar1}, {test: ar2}, {test: hansen}, {stat: n_instruments}, {stat: n_left}]
  causes:
    kind: granger
    title: {zh: 格兰杰因果, en: Granger causality}
    pairs: [[gini, fw], [fw, gini]]
    lags: 1
    draws: 99
"""


def written(folder: Path, text: str = TEXT) -> Path:
    rng = np.random.default_rng(3)
    N, T = 26, 14
    a, fw, y = rng.normal(size=N), rng.normal(size=N), np.zeros(N)
    rows = []
    for t in range(-20, T):
        fw = 0.5 * fw + rng.normal(size=N)
        y = 0.4 * y + 0.3 * fw + a + rng.normal(size=N)
        if t >= 0:
            rows += [(f"省{i}", 2000 + t, 1 / (1 + np.exp(-y[i] / 2)), fw[i]) for i in range(N)]
    folder.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows, schema=["province", "year", "gini", "fw"], orient="row").write_csv(folder / "data.csv")
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_study_gives_what_the_functions_give(tmp_path: Path) -> None:
    folder = written(tmp_path / "研究 一")
    assert run_command(["run", str(folder), "--json"]) == 0
    results = pl.read_csv(folder / "out" / "results.csv")
    data = pl.read_csv(folder / "data.csv")
    keys = {"unit": "province", "time": "year"}
    given = [el.gmm_iv("gini", lags=(2, 4)), el.std_iv("fw", equation="difference")]
    direct = [
        el.dynamic_panel("gini ~ l(gini, 1) + fw", data, collapse=True, **keys),
        el.dynamic_panel(
            "gini ~ l(gini, 1) + fw", data, system=False, steps=1, instruments=given, time_effects=True, **keys
        ),
        el.bias_corrected("gini ~ l(gini, 1) + fw", data, **keys),
        el.tobit("gini ~ fw + i(year)", data, lower=0.2, upper=0.9, unit="province", vcov=el.cluster("province")),
        el.fractional("gini ~ fw", data, vcov=el.cluster("province")),
    ]
    for number, fit in enumerate(direct, 1):
        rows = results.filter((pl.col("table") == "gmm") & (pl.col("column").cast(pl.String).str.contains(str(number))))
        for term, estimate, error in fit.tidy().select("term", "estimate", "std_error").iter_rows():
            found = rows.filter(pl.col("term") == term)
            np.testing.assert_allclose(found["estimate"][0], estimate, rtol=1e-9)
            np.testing.assert_allclose(found["std_error"][0], error, rtol=1e-9)
    values = pl.read_csv(folder / "out" / "values.csv", infer_schema_length=None)
    causal = el.tests.panel_granger("gini ~ fw", data, draws=99, **keys)
    table = values.filter(pl.col("table") == "causes")
    assert any(abs(v - causal.tests["ztilde"].statistic) < 1e-9 for v in table["value"].drop_nulls())


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("steps: 2, collapse: true", "step: 2", "system_gmm has no option 'step', did you mean 'steps'?"),
        ("{gmm: gini, lags: [2, 4]}", "{gmm: gini, lags: 2}", "nearest, farthest"),
        ("{gmm: gini, lags: [2, 4]}", "gini", "an instrument is"),
        ("draws: 99", "draws: 9", "at least 99"),
        ("lags: 1\n", "lags: aicc\n", "lags"),
        ("[gini, fw], [fw", "[gini, gini], [fw", "effect and cause at once"),
        ("upper: 0.9", "uper: 0.9", "did you mean 'upper'?"),
    ],
)
def test_faults_are_found_before_anything_runs(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in TEXT
    folder = written(tmp_path, TEXT.replace(old, new))
    with pytest.raises(StudyFileError, match=r"study\.yaml:\d+") as caught:
        el.study(folder).plan()
    assert says in str(caught.value)


def test_clusters_that_gmm_cannot_bear(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = written(tmp_path, TEXT.replace("vcov: {cluster: province}", "vcov: {cluster: year}"))
    assert run_command(["run", str(folder)]) == 2
    assert "clustered by province" in capsys.readouterr().err
