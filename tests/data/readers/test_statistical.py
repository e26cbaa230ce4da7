"""Stata and SPSS files of several versions, encodings of their texts, value labels, kinds of missing values."""

import struct
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyreadstat
import pytest

import econloom as el
from econloom.core.errors import DataError, UsageError
from econloom.core.labels import Label
from econloom.data.readers import column_names, make

FILES = Path(__file__).with_name("files")
FRAME = pd.DataFrame(
    {
        "id": [1, 2, 3, 1],
        "year": [2010.0, 2011, 2012, 2013],
        "x": [1.5, np.nan, 2.0, np.nan],
        "s": ["AAAAAA", "c", "", "d"],
        "d": pd.to_datetime(["2010-01-01", "2011-01-02", None, None]),
    }
)
MISSING, MISSING_A = (bytes.fromhex(h)[::-1] for h in ("7fe0000000000000", "7fe0010000000000"))


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "调查 数据"
    folder.mkdir()
    return folder


def written(path, version, **more):
    options = {"variable_labels": {"x": "LABELLABEL"}, "value_labels": {"id": {1: "EEEE", 2: "WWWW"}}, **more}
    FRAME.to_stata(path, version=version, write_index=False, **options)
    return path


@pytest.mark.parametrize("version", [114, 117, 118, 119])
def test_values_are_those_that_pandas_wrote(folder, version):
    reading = el.read(written(folder / "a.dta", version))
    assert reading.frame.to_dict(as_series=False) == {
        "id": [1, 2, 3, 1],
        "id_label": ["EEEE", "WWWW", None, "EEEE"],
        "year": [2010, 2011, 2012, 2013],
        "x": [1.5, None, 2.0, None],
        "s": ["AAAAAA", "c", None, "d"],
        "d": [d.date() if d is not pd.NaT else None for d in FRAME["d"]],
    }
    assert reading.value_labels == {"id": {1: "EEEE", 2: "WWWW"}}
    assert reading.labels == {"x": Label(en="LABELLABEL")}
    said = [str(r) for r in reading.remarks]
    assert f"Stata file of version {version}" in said
    assert "id: 1 cell with codes without a text: 3" in said
    assert "id: 2 codes kept, their texts in id_label" in said


@pytest.mark.parametrize("version", [108, 110, 113, 114])
def test_old_versions_written_by_r(version):
    reading = el.read(FILES / f"v{version}.dta")
    assert reading.frame.rows() == [(1, 2001, 1.5, 1, "east"), (2, 2002, None, 2, "west"), (3, 2003, 2.25, 1, "east")]
    assert column_names(FILES / f"v{version}.dta") == reading.columns


@pytest.mark.parametrize("version", [113, 114, 115, 117])
def test_old_labels_in_gbk_are_repaired_and_said(folder, version):
    path = written(folder / "a.dta", 117 if version == 117 else 114)
    content = path.read_bytes()
    if version == 115:  # differs from 114 in its number alone
        content = bytes([115]) + content[1:]
    if version == 113:
        content = _as_113(content)
    texts = {"LABELLABEL": "人均收入水", "EEEE": "东部", "WWWW": "西部", "AAAAAA": "石家庄"}
    for old, new in texts.items():
        content = content.replace(old.encode(), new.encode("gbk"))
    path.write_bytes(content)
    reading = el.read(path)
    assert reading.frame["id_label"].to_list() == ["东部", "西部", None, "东部"]
    assert reading.frame["s"][0] == "石家庄" and reading.labels["x"] == Label(zh="人均收入水")
    assert "4 labels and cells decoded from gb18030, which the file does not say" in map(str, reading.remarks)
    assert column_names(path) == reading.columns
    cut = "人均收入水".encode("gbk")
    path.write_bytes(content.replace(cut, cut[:-1] + b"\0"))
    shortened = el.read(path)
    assert shortened.labels["x"] == Label(zh="人均收入")
    assert any("ended within a character, cut before it: '人均收入'" in str(r) for r in shortened.remarks)


def _as_113(content):
    """Version 113 has formats of 12 bytes where 114 has 49."""
    count = struct.unpack_from("<H", content, 4)[0]
    start = 109 + count + 33 * count + 2 * (count + 1)
    formats = b"".join(content[start + 49 * n : start + 49 * n + 12] for n in range(count))
    return bytes([113]) + content[1:start] + formats + content[start + 49 * count :]


def test_kinds_of_missing_values_are_kept_apart(folder):
    path = written(folder / "a.dta", 118)
    content = path.read_bytes()
    at = content.index(MISSING, content.index(b"<data>"))
    path.write_bytes(content[:at] + MISSING_A + content[at + 8 :])
    reading = el.read(path)
    assert reading.frame["x"].to_list() == [1.5, None, 2.0, None]
    assert "x: 1 cell .a taken as missing (row 2)" in map(str, reading.remarks)
    kept = el.read(path, keep_missing="x")
    assert kept.frame["x_missing"].to_list() == [None, ".a", None, None]
    assert column_names(path, make({"keep_missing": "x"})) == kept.columns
    with pytest.raises(UsageError, match="keep_missing: no column 'income'"):
        el.read(path, keep_missing="income")


def test_value_labels_as_codes_or_texts(folder):
    path = written(folder / "a.dta", 118)
    assert "id_label" not in el.read(path, value_labels="codes").columns
    assert el.read(path, value_labels="texts").frame["id"].to_list() == ["EEEE", "WWWW", "3", "EEEE"]
    clash = FRAME.assign(id_label=1.0)
    clash.to_stata(path, write_index=False, value_labels={"id": {1: "a"}})
    with pytest.raises(DataError, match="called 'id_label', as the texts of codes would be"):
        el.read(path)


def test_spss_with_missing_codes(folder):
    frame = pd.DataFrame({"g": [1, 2, 99], "名": ["甲", "乙", "丙"]})
    labels = {"g": {1: "一", 2: "二", 99: "无回答"}}
    pyreadstat.write_sav(
        frame, folder / "a.sav", column_labels={"g": "组别"}, variable_value_labels=labels, missing_ranges={"g": [99]}
    )
    reading = el.read(folder / "a.sav")
    assert reading.frame.rows() == [(1, "一", "甲"), (2, "二", "乙"), (None, None, "丙")]
    assert "g: 1 cell 99 (无回答) taken as missing (row 3)" in map(str, reading.remarks)
    assert el.read(folder / "a.sav", keep_missing="g").frame["g_missing"].to_list() == [None, None, "99"]


def test_versions_that_are_not_read_and_damage(folder):
    path = written(folder / "a.dta", 114)
    content = path.read_bytes()
    for head, words in (
        (bytes([102]), "a Stata file of before 1995"),
        (bytes([120]), "a Stata 18 file with alias variables"),
        (b"\x07", "no Stata file"),
    ):
        path.write_bytes(head + content[1:])
        with pytest.raises(DataError, match=words):
            el.read(path)
    path.write_bytes(content[:200])
    with pytest.raises(DataError, match="cannot be read"):
        el.read(path)
    FRAME.head(0).to_stata(path, write_index=False)
    with pytest.raises(DataError, match="0 rows"):
        el.read(path)


def test_columns_can_be_chosen(folder):
    assert el.read(written(folder / "a.dta", 118), columns=["x", "id_label"]).columns == ["x", "id_label"]
    assert el.read(written(folder / "a.dta", 118)).frame["d"].dtype == pl.Date
    years = el.read(folder / "a.dta", types={"d": "year", "id": "text"})
    assert years.frame["d"].to_list() == [2010, 2011, None, None] and years.frame["id"].to_list() == [
        "1",
        "2",
        "3",
        "1",
    ]
    with pytest.raises(DataError, match="column 's': 3 cells without a year"):
        el.read(folder / "a.dta", types={"s": "year"})
