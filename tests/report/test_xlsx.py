from __future__ import annotations

import io

import openpyxl
import pytest

from econloom.core.labels import Label
from econloom.core.table import Cell, Style, Table
from econloom.report.render import render, xlsx
from tests.report.examples import panelled, ragged
from tests.report.test_render import tricky


def sheet(table: Table, lang: str = "en") -> openpyxl.worksheet.worksheet.Worksheet:
    return openpyxl.load_workbook(io.BytesIO(render(table, "xlsx", lang))).active  # type: ignore[arg-type]


def test_numbers_are_numbers_and_keep_their_stars(table: Table) -> None:
    made = sheet(table)
    cells = {made.cell(r, 1).value: made.cell(r, 2) for r in range(1, made.max_row + 1)}
    assert cells["Trade benefit index"].value == pytest.approx(11.55449)
    assert cells["Trade benefit index"].number_format == '0.0000"***";"−"0.0000"***"'
    assert cells["N"].value == 615 and cells["N"].number_format == "#,##0"
    assert cells["Country fixed effects"].value == "Yes"
    assert made.cell(5, 2).number_format.startswith('"("0.0000")"')


def test_texts_are_never_formulas() -> None:
    made = sheet(tricky(5))
    found = [c for row in made.iter_rows() for c in row if isinstance(c.value, str)]
    assert any(c.value.startswith("=HYPERLINK") for c in found)
    assert {c.data_type for c in found} == {"s"}


def test_groups_panels_and_intervals_are_merged() -> None:
    made = sheet(panelled(4))
    assert {"A1:E1", "B2:C2", "D2:E2", "A2:A4", "A5:E5"} <= {str(r) for r in made.merged_cells.ranges}
    assert sheet(ragged(), "zh").cell(2, 2).value == "发达国家"


@pytest.mark.parametrize(
    ("cell", "style", "shape"),
    [
        (Cell("number", 0.25, 2), Style(leading_zero=False), '.00;"−".00'),
        (Cell("number", 12345.0, 1), Style(group_decimals=True), '#,##0.0;"−"#,##0.0'),
        (Cell("estimate", -1e-9, 4, stars=1, notation="fixed"), Style(), '0.0000"*";0.0000"*"'),
        (Cell("estimate", 2e-7, 4, stars=1), Style(), '0.000E+0"*"'),
        (Cell("paren", 16.38, 2, brackets="{}"), Style(), '"{"0.00"}";"{−"0.00"}"'),
        (Cell("paren", 0.1, 2, upper=0.2), Style(), None),
        (Cell("estimate", None), Style(), None),
        (Cell("number", float("inf")), Style(), None),
        (Cell.text(Label.same("x")), Style(), None),
    ],
)
def test_number_formats(cell: Cell, style: Style, shape: str | None) -> None:
    assert xlsx.number_format(cell, style) == shape
