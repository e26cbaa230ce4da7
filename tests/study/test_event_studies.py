"""Event studies of a study file against the same from Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EconloomError

ZONES = ["杭州市", "天津市", "苏州市", "宁波市", "大连市", "南京市"]
CITIES = [*ZONES, "台州市", "滨州市", "温州市", "嘉兴市"]


def study(**figure: object) -> dict[str, Any]:
    return {
        "study": "zones",
        "title": "试验区",
        "sources": {"firms": "企业 数据.csv", "zones": "试验区.csv"},
        "panel": {"unit": "企业", "time": "年份", "span": [2011, 2020], "start": "firms"},
        "policy": {
            "zone": {
                "file": "zones", "unit": "城市", "date": "批准日期", "batch": "批次", "batches": [1, 2],
                "makes": {"treatpost": "on", "cohort": "start"},
            }
        },
        "defaults": {"vcov": {"cluster": "城市"}, "ssc": "reghdfe"},
        "tables": {
            "t2": {"title": "x", "columns": [{"id": "base", "formula": "创新 ~ on + 规模 | 企业 + 年份"}]},
            "t3": {
                "kind": "event_study", "title": "x", "of": "t2.base", "policy": "zone",
                "columns": [{"window": [-3, 3]}, {"window": [-3, 3], "base": "printed", "zh": "原文", "en": "Printed"}],
            },
        },
        "figures": {
            "f1": {"kind": "event_study", "of": "t2.base", "policy": "zone", "window": [-3, 3], "title": "x"} | figure
        },
        "versions": {"dropped": {"policy.zone.later": "drop"}},
    }  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("目录 一")
    rng = np.random.default_rng(20)
    days = ["2015年3月7日", "2016-01-12", "2016-01-12", "2016/1/12", "20160112", "2018-07-24"]
    zones = pl.DataFrame({"城市": ZONES, "批次": [1, 2, 2, 2, 2, 3], "批准日期": days})
    firms = pl.DataFrame({"城市": CITIES}).join(pl.DataFrame({"n": range(3)}), how="cross")
    rows = firms.with_columns(pl.format("{}{}", "城市", "n").alias("企业")).drop("n")
    rows = rows.join(pl.DataFrame({"年份": range(2011, 2021)}), how="cross")
    noise = {name: rng.normal(size=rows.height) for name in ("创新", "规模")}
    rows.with_columns(pl.Series(n, v) for n, v in noise.items()).write_csv(made / "企业 数据.csv")
    zones.write_csv(made / "试验区.csv")
    return made


def test_figure_and_table_say_what_python_says(folder: Path, tmp_path: Path) -> None:
    run = el.study(study(), folder).run(out=tmp_path / "结果", lang="zh")
    data = run.panel.frame
    options = {"unit": "企业", "time": "年份", "cohort": "start", "window": (-3, 3), "adopts": "城市",
               "vcov": el.cluster("城市"), "ssc": "reghdfe"}  # fmt: skip
    formula = "创新 ~ 规模 | 企业 + 年份"
    found = [el.did.event_study(formula, data, **options), el.did.event_study(formula, data, base="printed", **options)]
    for table, column, one in (("t3", "c1", found[0]), ("t3", "c2", found[1]), ("f1", "c1", found[0])):
        rows = run.results.filter(
            (pl.col("version") == "default") & (pl.col("table") == table) & (pl.col("column") == column)
        ).filter(pl.col("term").str.starts_with("event_time"))
        np.testing.assert_allclose(rows["estimate"], one.estimates, rtol=1e-12)
        np.testing.assert_allclose(rows["std_error"], one.std_errors, rtol=1e-12)
    written = pl.read_csv(tmp_path / "结果" / "results.csv")
    assert written.filter(pl.col("table") == "f1").height == 7  # six effects and the control
    assert {f"f1.{k}" for k in ("svg", "pdf", "png")} == {p.name for p in (tmp_path / "结果" / "figures").iterdir()}
    page = (tmp_path / "结果" / "report.html").read_text(encoding="utf-8")
    assert "t3" in page
    for kind in ("relative_magnitudes", "smoothness"):
        assert el.did.honest(found[0], kind, m=0).text("zh") in page
    assert f"以80%的概率发现每期{el.did.pretrend_power(found[0]).hypotheses[1].slope:.3g}的趋势" in page
    assert run.results.filter(pl.col("version") == "dropped")["n"].max() == 270
    assert any("cohorts of one unit: 2015" in w for w in run.warnings)


@pytest.mark.parametrize(
    ("figure", "says"),
    [
        ({"window": [-3, 12], "ends": "drop"}, "no row is at event time 6"),
        ({"base": -7}, "base -7 is outside the window"),
        ({"base": "none"}, "name a base: base=-1"),
    ],
)
def test_faults_of_a_window_name_the_figure(folder: Path, figure: dict[str, object], says: str) -> None:
    with pytest.raises(EconloomError, match=says) as caught:
        el.study(study(**figure), folder).run(["f1"])
    assert "event study of t2.base" in str(caught.value)


def test_a_column_of_a_split_is_refused(folder: Path) -> None:
    changed = study(of="t4.c1")
    changed["splits"] = {"size": {"by": "规模", "unit": "企业", "cut": "median"}}
    changed["tables"]["t4"] = {"title": "x", "columns": ["创新 ~ on | 企业 + 年份"], "over": ["size"]}
    with pytest.raises(EconloomError, match=r"t4\.c1 is of a group of a split"):
        el.study(changed, folder).plan()
