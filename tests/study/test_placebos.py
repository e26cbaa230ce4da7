"""Placebo figures and moved dates of a study against the calls from Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EconloomError

STUDY: dict[str, Any] = {
    "study": "zones",
    "title": "Zones",
    "sources": {"firms": "firms.csv", "zones": "zones.csv"},
    "panel": {"unit": "firm", "time": "year", "span": [2011, 2018], "start": "firms"},
    "policy": {
        "zone": {
            "file": "zones", "unit": "city", "date": "day", "exposure": "year",
            "makes": {"treatpost": "treatpost", "cohort": "start"},
        }
    },
    "variables": {"treatpost": {"zh": "综试区", "en": "Zone"}, "city": {"zh": "城市", "en": "City"}},
    "samples": {"late": "year >= 2012"},
    "defaults": {"vcov": {"cluster": "city"}},
    "tables": {
        "t4": {
            "title": "x",
            "columns": ["y ~ treatpost + x | firm + year"],
            "variants": [{"en": "earlier", "prepare": {"dates": {"of": "treatpost", "earlier": 2}}}],
        },
        "t5": {"title": "y", "sample": "late", "columns": ["y ~ treatpost | firm + year"]},
    },
    "figures": {"f2": {"kind": "placebo", "title": "x", "of": "t4.c1", "policy": "zone", "reps": 99, "seed": 5}},
}  # fmt: skip


def frame() -> pl.DataFrame:
    rng = np.random.default_rng(8)
    firm, year = (a.ravel() for a in np.meshgrid(np.arange(90), np.arange(2011, 2019), indexing="ij"))
    return pl.DataFrame({
        "firm": firm, "year": year, "city": [f"城{c:02d}" for c in firm % 30], "half": firm % 2,
        "x": rng.normal(size=720), "y": rng.normal(size=720) + rng.normal(size=90)[firm],
    })  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "综试区 研究"
    folder.mkdir()
    frame().write_csv(folder / "firms.csv")
    days = ["2014-03-07", "2016-01-06", "2016-01-06", "2016-01-06", "2017-07-24"]
    zones = pl.DataFrame({"city": [f"城{c:02d}" for c in (3, 8, 9, 21, 25)], "day": days})
    zones.write_csv(folder / "zones.csv")
    return folder


def treated() -> pl.DataFrame:
    start = {"城03": 2014, "城08": 2016, "城09": 2016, "城21": 2016, "城25": 2017}
    dated = frame().with_columns(start=pl.col("city").replace_strict(start, default=None, return_dtype=pl.Int64))
    return dated.with_columns(treatpost=(pl.col("year") >= pl.col("start")).fill_null(False).cast(pl.Int64))


def test_a_figure_is_the_call_from_python(place: Path) -> None:
    ticks: list[Any] = []
    run = el.study(STUDY, place).run(out=place / "out", lang="zh", listener=ticks.append)
    found = el.placebo.permute(
        "y ~ treatpost + x | firm + year", treated(), "treatpost", "city", "year", 99, 5, pool="never_treated"
    )
    figure = run.figures["f2"]
    np.testing.assert_allclose(figure.values, found.values("t"), rtol=1e-8)
    assert figure.real == pytest.approx(found.real.statistic, rel=1e-8)
    numbers = dict(run.values.filter(pl.col("table") == "f2").select("row", "value").rows())
    assert numbers["p_t"] == found.p_value("t") and numbers["draws"] == 99
    assert numbers["p97.5"] == pytest.approx(np.percentile(found.values("t"), 97.5))
    note = figure.notes[0]
    assert note.zh.startswith("随机抽取99次（种子5）：处理单位（城市）5个（2014：1、2016：3、2017：1）")
    assert f"p = {found.p_value('t'):.3f}." in note.en and "the truly treated left out" in note.en
    drawn = pl.read_csv(place / "out/figures/f2.csv")
    np.testing.assert_allclose(drawn["estimate"], found.tidy()["estimate"], rtol=1e-8)
    record = json.loads((place / "out/run.json").read_text(encoding="utf-8"))
    assert record["figures"]["f2"]["files"] == [f"figures/f2.{k}" for k in ("svg", "pdf", "png", "csv")]
    assert any(t.size == 99 and t.done for t in ticks)
    again = el.study(STUDY, place).run(["t5"], out=place / "out")
    assert "figures/f2.csv" in again.files
    assert pl.read_csv(place / "out/values.csv").filter(pl.col("table") == "f2").height == len(numbers)


def test_a_column_with_dates_moved(place: Path) -> None:
    run = el.study(STUDY, place).run(["t4"])
    moved = el.placebo.shift("y ~ treatpost + x | firm + year", treated(), "treatpost", "city", "year", 2).tidy()
    row = run.results.filter((pl.col("column") == "c2") & (pl.col("term") == "treatpost")).row(0, named=True)
    assert row["estimate"] == pytest.approx(moved["estimate"][0], rel=1e-9)
    assert row["std_error"] == pytest.approx(moved["std_error"][0], rel=1e-9)
    assert row["n"] == moved["n"][0]
    first = run.results.filter((pl.col("column") == "c1") & (pl.col("term") == "treatpost"))["estimate"][0]
    assert first == pytest.approx(el.ols("y ~ treatpost + x | firm + year", treated()).tidy()["estimate"][0])
    assert [e.message for e in run.prepared] == ["dates of treatpost 2 periods earlier"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"unit": "cty"}, "no column 'cty', did you mean 'city'"),
        ({"within": "city2"}, "no column 'city2', did you mean 'city'"),
        ({"cohort": "begin"}, "no column 'begin'"),
        ({"treatment": "treat"}, "the model has no term 'treat'"),
        ({"of": "t4.c7"}, "no column 'c7'"),
        ({"policy": "zoen"}, "no policy 'zoen', did you mean 'zone'"),
        ({"reps": 10}, "greater than or equal to 19"),
        ({"seed": -1}, "greater than or equal to 0"),
        ({"draws": {2014: 1}, "within": "half"}, "do not go together"),
        ({"draws": {2025: 1}}, "no batch or period '2025'"),
        ({"pool": "treated"}, "'treated' is not one of"),
        ({"unit": "half", "policy": None}, "treatment 'treatpost' differs between rows of one half and year"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, Any], says: str, place: Path) -> None:
    spec = {k: v for k, v in {**STUDY["figures"]["f2"], **changes}.items() if v is not None}
    with pytest.raises(EconloomError) as caught:
        el.study({**STUDY, "figures": {"f2": spec}}, place).run(["f2"])
    assert says in str(caught.value)


def test_a_model_of_another_kind_is_refused(place: Path) -> None:
    tables = {**STUDY["tables"], "t4": {"title": "x", "columns": [{"formula": "y ~ x", "estimator": "tobit"}]}}
    with pytest.raises(EconloomError, match="placebo draws are of least squares, not of tobit"):
        el.study({**STUDY, "tables": tables}, place).plan()


def test_an_unknown_choice_of_moved_dates(place: Path) -> None:
    for dates, says in (
        ({"of": "treatpost", "earlier": 0}, "earlier"),
        ({"of": "treatpost", "real_treatment": "no"}, "'no' is not one of"),
        ({"earlier": 1}, "of"),
        ({"of": "treatpost", "earlier": 7}, "no treated unit has a period before"),
    ):
        tables = {
            "t4": {"title": "x", "columns": [{"formula": "y ~ treatpost | firm + year", "prepare": {"dates": dates}}]}
        }
        with pytest.raises(EconloomError) as caught:
            el.study({**STUDY, "tables": tables, "figures": {}}, place).run()
        assert says in str(caught.value)
