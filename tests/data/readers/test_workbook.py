"""Workbooks: sheets, merged headers, notes, odd cells, passwords."""

import datetime as dt
from pathlib import Path

import openpyxl
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import DataError, UsageError
from econloom.data.readers import column_names, sheets

FILES = Path(__file__).with_name("files")
YEARBOOK = [
    ["表2-1 各地区主要指标", None, None, None, None],
    ["单位：亿元"],
    ["地区", "生产总值", None, "人口", None],
    [None, 2010, 2011, "2010年", "2011年"],
    ["北京", "１２３．５", "1,234", 5, "—"],
    ["天 津", 7, 8.5, "…", 9],
    [],
    ["上海", 7, 8, 1, "缺失"],
    [],
    ["注：本表按当年价格计算。"],
    ["资料来源：国家统计局"],
]


@pytest.fixture
def book(tmp_path):
    folder = tmp_path / "年鉴 数据"
    folder.mkdir()

    def write(rows, merges=(), more=None, name="表 一.xlsx"):
        made = openpyxl.Workbook()
        sheet = made.active
        sheet.title = "年鉴"
        for row in rows:
            sheet.append(row)
        for cells in merges:
            sheet.merge_cells(cells)
        if more:
            more(made, sheet)
        made.save(folder / name)
        return folder / name

    return write


def test_a_yearbook_with_two_merged_rows_of_header(book):
    path = book(YEARBOOK, ["A1:E1", "A3:A4", "B3:C3", "D3:E3"], lambda b, s: b.create_sheet("说明").append(["文字"]))
    reading = el.read(path)
    assert reading.frame.to_dict(as_series=False) == {
        "地区": ["北京", "天津", "上海"],
        "生产总值_2010": [123.5, 7.0, 7.0],
        "生产总值_2011": [1234.0, 8.5, 8.0],
        "人口_2010": [5, None, 1],
        "人口_2011": [None, 9, None],
    }
    assert column_names(path) == reading.columns
    assert [str(r) for r in reading.remarks] == [
        "sheet '年鉴', the only one with a table; others: 说明",
        "row 1 above the table left out: '表2-1 各地区主要指标'",
        "row 2 above the table left out: '单位：亿元'",
        "rows 3 to 4 joined to names such as '地区', '生产总值_2010', '生产总值_2011'",
        "below the table, cut: '注：本表按当年价格计算。'",
        "below the table, cut: '资料来源：国家统计局'",
        "1 blank row left out (row 7)",
        "地区: 1 cell like '天 津' with blanks inside, closed up (A6)",
        "生产总值_2010: 1 number stored as text read as numbers (B5)",
        "生产总值_2010: 1 cell with full-width characters read as numbers (B5)",
        "生产总值_2011: 1 number stored as text read as numbers (C5)",
        "生产总值_2011: 1 cell with thousands commas read as numbers (C5)",
        "人口_2010: 1 cell taken as missing: '…' (D6)",
        "人口_2011: 1 cell taken as missing: '—' (E5)",
        "人口_2011: 1 cell taken as missing: '缺失' (E8)",
    ]
    long = el.read(path, wide={"time": "年份"})
    assert long.columns == ["地区", "年份", "生产总值", "人口"]
    assert long.frame.row(1) == ("北京", 2011, 1234.0, None)


def test_merged_cells_of_the_body(book):
    rows = [
        ["省", "市", "年", "x"],
        ["河北", "石家庄", 2010.0, 1],
        [None, "唐山", 2010, None],
        ["山西", "太原", 2010, 3],
    ]
    reading = el.read(book(rows, ["A2:A3", "D2:D3"]))
    assert reading.frame["省"].to_list() == ["河北", "河北", "山西"]
    assert reading.frame["x"].to_list() == [1, None, 3] and reading.frame["年"].dtype == pl.Int64
    said = [str(r) for r in reading.remarks]
    assert "1 merged cell filled down (A2:A3)" in said
    assert "1 merged cell with a number: kept in their first row only (D2)" in said


def test_sheets_are_named_chosen_or_told_apart(book):
    def second(made, sheet):
        other = made.create_sheet("2011")
        other.append(["a", "b"])
        other.append([1, 2])

    path = book([["省", "x"], ["河北", 1], ["山西", 2]], more=second)
    with pytest.raises(UsageError, match=r"2 sheets hold tables: '年鉴' \(3 rows, 2 columns\), '2011' \(2 rows"):
        el.read(path)
    assert el.read(path, sheet="2011").frame.rows() == el.read(path, sheet=2).frame.rows() == [(1, 2)]
    with pytest.raises(UsageError, match="no sheet '2012', did you mean '2011'"):
        el.read(path, sheet="2012")

    def hide(made, sheet):
        second(made, sheet)
        made["2011"].sheet_state = "hidden"

    assert el.read(book([["省", "x"], ["河北", 1]], more=hide)).settings["sheet"] == "年鉴"


def test_formula_errors_have_their_cell(book):
    def error(made, sheet):
        sheet["B3"] = "#DIV/0!"
        sheet["B3"].data_type = "e"

    path = book([["省", "x"], ["河北", 1], ["山西", 2]], more=error)
    with pytest.raises(DataError, match="sheet '年鉴': column 'x': 1 cell with the error of a formula: B3 '#DIV/0!'"):
        el.read(path)
    assert el.read(path, missing="#DIV/0!").frame["x"].to_list() == [1, None]
    with pytest.raises(DataError, match="1 formula never computed: B2"):
        el.read(book([["省", "x"], ["河北", "=1/0"], ["山西", 2]]))


def test_an_old_workbook_with_a_formula_error():
    with pytest.raises(DataError, match="sheet '数据': column 'GDP_2011': 1 cell with the error of a formula: C3"):
        el.read(FILES / "errors.xls")
    reading = el.read(FILES / "errors.xls", missing="#DIV/0!")
    assert reading.frame.rows() == [("北京", 1.5, None), ("天津", 3.0, None)]
    assert reading.columns == ["地区", "GDP_2010", "GDP_2011"]


def test_a_password_is_named():
    with pytest.raises(DataError, match="the workbook has a password"):
        el.read(FILES / "password.xlsx")


def test_dates_truth_values_and_mixtures(book):
    dates = book([["日期", "x"], [dt.date(2010, 1, 1), True], [dt.datetime(2011, 5, 1), False]])
    assert el.read(dates).frame.dtypes == [pl.Date, pl.Boolean]
    assert el.read(dates, types={"日期": "year"}).frame["日期"].to_list() == [2010, 2011]
    with pytest.raises(DataError, match="column 'b': 2 cells with numbers, 1 with texts: B3 'half'") as caught:
        el.read(book([["a", "b"], ["x", 1], ["y", "half"], ["z", 3]]))
    assert "types: {b: text}" in caught.value.hint


@pytest.mark.parametrize(
    ("rows", "words"),
    [([["a", "b"]], "0 rows below the header"), ([], "no sheet holds a table"), ([["a", "a"], [1, 2]], "'a'")],
)
def test_shapes_that_are_refused(book, rows, words):
    with pytest.raises(DataError, match=words):
        el.read(book(rows))


def test_what_is_no_workbook(tmp_path):
    for name, content, words in (
        ("a.xlsx", b"hello", "no workbook, whatever its ending says"),
        ("a.xls", b"<html><table>", "a web page or XML with the ending .xls"),
        ("b.xlsx", b"PK\x03\x04rest", "cannot be read"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=words):
            el.read(tmp_path / name)


def test_letters_of_columns():
    assert [sheets.letters(n) for n in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
    assert all(sheets.position(f"{sheets.letters(n)}7") == (6, n) for n in range(800))
