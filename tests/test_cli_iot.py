"""`econloom iot`: files, workbooks, headings, JSON, and wrong usage."""

from __future__ import annotations

import json

import polars as pl
import pytest

from econloom import iot
from econloom.cli import run_command
from tests.iot import layouts


@pytest.fixture
def place(tmp_path, monkeypatch):
    folder = tmp_path / "表"
    folder.mkdir()
    for year in (2000, 2001):
        layouts.write_csv(folder / f"ICIO2021_{year}.csv", layouts.icio(("AUS", "CHN", "ROW"), seed=year)[0])
    monkeypatch.setenv("ECONLOOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_of_years(place, capsys):
    assert run_command(["iot", "表", "--indicators", "tbi,vax", "--out", "结果"]) == 0
    said = capsys.readouterr().out
    found = pl.read_csv(place / "结果" / "trade_benefit.csv")
    assert found.columns == ["year", "country", "tbi"]
    assert found.height == 6
    assert "trade_benefit" in said
    for year in (2000, 2001):
        t = iot.read(place / "表").table(year)
        expected = iot.indicators(t, ["vax"])["vax"]
        made = pl.read_csv(place / "结果" / "vax.csv").filter(pl.col("year") == year).drop("year")
        assert made["vax"].to_list() == pytest.approx(expected["vax"].to_list(), rel=1e-12)


def test_formats_and_headings(place):
    assert run_command(["iot", "表/ICIO2021_2000.csv", "-i", "tbi", "--out", "one.parquet", "--headings", "zh"]) == 0
    made = pl.read_parquet("one.parquet")
    assert made.columns[0] == "年份"
    assert made.columns[2].startswith("贸易利益指数 (")
    assert made["年份"].unique().to_list() == [2000]
    assert run_command(["iot", "表", "-i", "tbi，kww", "--out", "book.xlsx", "--headings", "en"]) == 0
    from python_calamine import load_workbook

    assert load_workbook("book.xlsx").sheet_names == ["trade_benefit", "kww"]
    assert run_command(["iot", "表", "-i", "kww", "--format", "parquet"]) == 0
    assert (place / "indicators" / "kww.parquet").exists()


def test_json_and_list(place, capsys):
    assert run_command(["iot", "表", "-i", "tbi", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["ok"], record["rows"]) == (True, {"trade_benefit": 6})
    assert run_command(["iot", "--list", "--lang", "en"]) == 0
    assert "Trade benefit index" in capsys.readouterr().out
    assert run_command(["iot", "--list", "--json"]) == 0
    assert {row["indicator"] for row in json.loads(capsys.readouterr().out)} == set(iot.INDICATORS)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["表", "-i", "vaxx"], 2, "indicator 'vaxx' is unknown, did you mean 'vax'"),
        (["表", "-i", " , "], 2, "no indicator named"),
        (["表"], 2, "a table and --indicators are needed"),
        (["nowhere", "-i", "tbi"], 3, "no such file or folder"),
        (["表", "-i", "tbi,vax", "--out", "a.csv"], 2, "2 indicators do not fit into one csv file"),
        (["表", "-i", "tbi", "--out", "a.csv", "--format", "xlsx"], 2, "do not fit"),
        (["表", "-i", "tbi", "--format", "dta"], 2, "format 'dta' is unknown"),
        (["表", "-i", "tbi", "--layout", "figaro"], 3, "not the layout figaro"),
        (["表", "-i", "tbi", "--out", "表/ICIO2021_2000.csv/x"], 2, "ICIO2021_2000.csv"),
    ],
)
def test_wrong_usage(place, capsys, arguments, code, message):
    assert run_command(["iot", *arguments]) == code
    assert message in capsys.readouterr().err
    assert not list(place.glob("indicators/*.csv"))
