"""Panels whose units are the sectors of inter-country tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EconloomError
from econloom.iot import linkages
from tests.iot import sources

STUDY = """
study: sectors
title: {zh: 部门, en: Sectors}
sources:
  wiot: {path: 表, layout: wiod2016-assembled}
panel: {unit: sector, time: year, start: wiot, units: sectors}
lists: {club: ['BBB']}
variables:
  fw: {measure: "linkage(wiot, economy='AAA', flow='import', side='user')"}
  bw: {measure: "linkage(wiot, economy='AAA', flow='export', side='user')"}
  to: {measure: "linkage(wiot, economy='AAA', flow='export', partners=club)"}
tables:
  t: {title: {en: T}, values: fw, rows: sector, columns: [2000, 2001], names: {en: sector_en}}
  d: {kind: descriptive, title: {en: D}, of: [fw, bw, to]}
"""
PAIRS = STUDY.replace("units: sectors}", "units: country_sectors}").replace("economy='AAA', ", "")
PAIRS = PAIRS.replace("unit: sector,", "unit: place,").replace("rows: sector", "rows: place")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "表").mkdir()
    sources.write(tmp_path / "表", sources.arrays())
    (tmp_path / "study.yaml").write_text(STUDY, encoding="utf-8")
    return tmp_path


def ran(folder: Path) -> pl.DataFrame:
    el.study(folder).run(out=folder / "out")
    return pl.read_parquet(folder / "out" / "panel.parquet")


OPTIONS = {"fw": ("import", None), "bw": ("export", None), "to": ("export", "BBB")}


def test_sectors_of_one_economy(folder: Path) -> None:
    made, tables = ran(folder), el.iot.read(folder / "表")
    assert made.height == len(tables.sectors) * len(tables.years)
    for name, (flow, partners) in OPTIONS.items():
        index = linkages.indices(tables, "AAA", partners, side="user").filter(flow=flow)
        both = made.join(index, on=["sector", "year"], how="full")
        np.testing.assert_allclose(both[name], both["value"], rtol=1e-12)
    assert (made["sector_en"] == made["sector"]).all()  # no release has these sectors


def test_sectors_of_every_economy(folder: Path) -> None:
    (folder / "study.yaml").write_text(PAIRS.replace("partners=club", "partners='ROW'"), encoding="utf-8")
    made, tables = ran(folder), el.iot.read(folder / "表")
    members = [c for c in tables.countries if c != tables.rest_of_world]
    assert made.height == len(members) * len(tables.sectors) * len(tables.years)
    for country in members:
        index = linkages.indices(tables, country, side="user").filter(flow="import")
        own = made.filter(country=country).join(index, on=["sector", "year"])
        np.testing.assert_allclose(own["fw"], own["value"], rtol=1e-12)
    assert made["place"][0] == f"{members[0]} {tables.sectors[0]}"


def test_flows_of_an_economy_share_their_work(folder: Path) -> None:
    names = [s["name"] for s in el.study(folder).plan().to_dict(None)["steps"]]
    assert names.count("linkages of AAA in wiot") == 2  # one for fw and bw, one for the club


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("units: sectors", "units: sector", "'sector' is not one of"),
        ("flow='import', side='user'", "flow='import', form='share'", "form takes the index to regions"),
        ("flow='import', side='user'", "flow='import', employment=wiot", "employment takes the index to regions"),
        (
            "linkage(wiot, economy='AAA', flow='import', side='user')",
            "trade_benefit_index(wiot)",
            "no values by sector",
        ),
        ("economy='AAA', flow='import', side='user'", "economy='AAA'", r"linkage\(\) needs flow="),
        ("names: {en: sector_en}", "names: {en: sector_zn}", "no column 'sector_zn', did you mean 'sector_zh'"),
        ("names: {en: sector_en}", "names: {}", "needs 'zh', 'en' or both"),
        ("units: sectors", "units: country_sectors", "economy is each economy in turn"),
    ],
)
def test_wrong_words_are_named(folder: Path, old: str, new: str, message: str) -> None:
    assert old in STUDY
    (folder / "study.yaml").write_text(STUDY.replace(old, new), encoding="utf-8")
    with pytest.raises(EconloomError, match=message):
        el.study(folder).run(out=folder / "out")
    assert not (folder / "out" / "run.json").exists()


def test_units_belong_to_tables(folder: Path) -> None:
    pl.DataFrame({"sector": ["a"], "year": [2000], "fw": [1.0]}).write_csv(folder / "rows.csv")
    text = STUDY.replace("{path: 表, layout: wiod2016-assembled}", "rows.csv").split("lists")[0]
    text += "tables: {t: {kind: descriptive, title: {en: T}, of: [fw]}}\n"
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(EconloomError, match="belongs to inter-country tables; 'wiot' is a rectangular file"):
        el.study(folder).plan()
    with pytest.raises(EconloomError, match="'units' belongs to a panel that starts from inter-country tables"):
        el.study(
            {
                "study": "x",
                "title": "x",
                "panels": {"a": {"from": "b", "by": ["x", "year"], "make": {"n": "count()"}, "units": "sectors"}},
            },
            folder=folder,
        )
