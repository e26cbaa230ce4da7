"""Simulated sources in study files: drawn, named as simulated, replaced by own files of the same columns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import econloom as el
from econloom.cli import run_command
from econloom.core.errors import EconloomError
from tests.conftest import SHIPPED

STUDY = """
study: small
title: {zh: 试, en: Small}
sources:
  yearbook: {simulate: delta_yearbook, seed: 3, process: plain}
panel: {unit: city, time: year, start: yearbook}
variables:
  mig: {formula: (resident_population - registered_population) / registered_population}
  inv: {formula: fixed_investment / gdp}
tables:
  t: {title: {en: T}, columns: [inv ~ mig | city + year]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "研究"
    place.mkdir()
    (place / "study.yaml").write_text(STUDY, encoding="utf-8")
    return place


def test_own_files_of_the_same_columns_take_the_place(folder: Path, capsys: pytest.CaptureFixture) -> None:
    drawn = el.study(folder).run(out=folder / "a")
    assert drawn.tables["t"].notes[-1].text("zh") == "模拟数据，并非实际观测：delta_yearbook（plain，种子3）"
    record = json.loads((folder / "a" / "run.json").read_text(encoding="utf-8"))
    assert "simulate delta_yearbook seed 3 process plain" in json.dumps(record["sources"])
    assert "模拟数据" in (folder / "a" / "report.html").read_text(encoding="utf-8")

    assert run_command(["simulate", str(folder), "--headings", "zh"]) == 0
    assert "yearbook.csv" in capsys.readouterr().out
    truth = json.loads((folder / "simulated" / "truth.json").read_text(encoding="utf-8"))
    assert truth["books"]["yearbook"]["truth"]["effects"]
    named = "{path: simulated/yearbook.csv, columns: {city: 城市, year: 年份, resident_population: 年末常住人口, "
    named += "registered_population: 年末户籍人口, fixed_investment: 固定资产投资总额, gdp: 地区生产总值}}"
    own = STUDY.replace("{simulate: delta_yearbook, seed: 3, process: plain}", named)
    (folder / "study.yaml").write_text(own, encoding="utf-8")
    read = el.study(folder).run(out=folder / "b")
    assert read.results["estimate"].to_list() == pytest.approx(drawn.results["estimate"].to_list(), rel=1e-12)
    assert not any("模拟" in n.text("zh") for n in read.tables["t"].notes)


def test_another_seed_or_process_is_another_step(folder: Path) -> None:
    digests = set()
    for source in ("seed: 3, process: plain", "seed: 4, process: plain", "seed: 3, process: zero", "seed: 3"):
        text = STUDY.replace("seed: 3, process: plain", source)
        (folder / "study.yaml").write_text(text, encoding="utf-8")
        digests.add(el.study(folder).plan().steps[0].digest)
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("delta_yearbook", "delta_yearbok", "study.yaml:5:24: sources.yearbook: no simulator 'delta_yearbok', did you"),
        ("process: plain", "process: plian", "study.yaml:5:58: sources.yearbook: no process 'plian', did you mean"),
        ("process: plain", "columns: [city, yaer]", "no column 'yaer', did you mean 'year'?"),
        ("simulate: delta_yearbook", "path: x.csv", "'seed' belongs to a simulator"),
        ("simulate: delta_yearbook, seed: 3", "path: x.csv", "'process' belongs to a simulator"),
        ("seed: 3", "seed: -3", "sources.yearbook.seed: input should"),
        ("fixed_investment / gdp", "fixed_investmnt / gdp", "did you mean 'fixed_investment'?"),
    ],
)
def test_faults(folder: Path, old: str, new: str, message: str) -> None:
    (folder / "study.yaml").write_text(STUDY.replace(old, new), encoding="utf-8")
    with pytest.raises(EconloomError) as caught:
        el.study(folder).plan()
    assert message in str(caught.value)


def test_the_command_refuses(folder: Path, capsys: pytest.CaptureFixture) -> None:
    assert run_command(["simulate", str(SHIPPED)]) == 2
    assert "no simulated source to write (all its sources are files)" in capsys.readouterr().err
    (folder / "simulated").mkdir()
    (folder / "simulated" / "yearbook.csv").write_text("mine", encoding="utf-8")
    assert run_command(["simulate", str(folder), "--json"]) == 2
    assert "not beside a truth.json" in json.loads(capsys.readouterr().out)["errors"][0]["message"]
    assert (folder / "simulated" / "yearbook.csv").read_text(encoding="utf-8") == "mine"
