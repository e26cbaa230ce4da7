from __future__ import annotations

import io
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from docx.oxml.ns import qn
from docx.table import Table as WordTable
from lxml import etree

from econloom.core.labels import Label, Lang
from econloom.core.table import Cell, Row, Table
from econloom.report import presets
from econloom.report.render import render
from econloom.report.render.layout import MARGIN, fit
from tests.report.examples import panelled, ragged
from tests.report.test_render import tricky

ORDERS = {
    name: children.split()
    for name, children in {
        "tcPr": "cnfStyle tcW gridSpan hMerge vMerge tcBorders shd noWrap tcMar textDirection tcFitText vAlign",
        "rPr": "rStyle rFonts b bCs i iCs color kern sz szCs highlight u vertAlign rtl cs em lang",
        "pPr": "pStyle keepNext keepLines pageBreakBefore tabs snapToGrid spacing ind jc outlineLvl rPr sectPr",
        "tblPr": "tblStyle tblW jc tblCellSpacing tblInd tblBorders shd tblLayout tblCellMar tblLook",
        "tblCellMar": "top left bottom right",
        "tcBorders": "top left bottom right",
        "trPr": "cantSplit tblHeader",
        "sectPr": "type pgSz pgMar cols docGrid",
    }.items()
}
SOFFICE = shutil.which("soffice")


def opened(table: Table, lang: Lang = "zh") -> docx.document.Document:
    return docx.Document(io.BytesIO(render(table, "docx", lang)))


def word_table(table: Table, lang: Lang = "zh") -> WordTable:
    return opened(table, lang).tables[0]


def rule(tc: etree._Element, side: str) -> str | None:
    """Size of one side's rule, None where there is none."""
    (borders,) = tc.findall(f"{qn('w:tcPr')}/{qn('w:tcBorders')}")
    element = borders.find(qn(f"w:{side}"))
    return None if element is None or element.get(qn("w:val")) == "nil" else element.get(qn("w:sz"))


def said(tc: etree._Element) -> str:
    return "".join(str(t.text) for t in tc.iter(qn("w:t")))


def rules(table: WordTable, side: str) -> list[set[str | None]]:
    return [{rule(tc, side) for tc in row._tr.tc_lst} for row in table.rows]


def test_rules_are_those_of_a_three_line_table(table: Table) -> None:
    made = word_table(table)
    tops, bottoms = rules(made, "top"), rules(made, "bottom")
    first, statistics = 2, 10  # two header rows; eight rows of coefficients
    assert tops[0] == {"12"} and bottoms[-1] == {"12"}
    assert bottoms[first - 1] == tops[first] == {"6"}
    assert bottoms[statistics - 1] == tops[statistics] == {"6"}
    assert [n for n, t in enumerate(tops) if t != {None}] == [0, first, statistics]
    assert [n for n, b in enumerate(bottoms) if b != {None}] == [first - 1, statistics - 1, len(bottoms) - 1]


@pytest.mark.parametrize("columns", [1, 12])
def test_each_cell_has_one_tcborders_and_no_vertical_line(columns: int) -> None:
    tree = word_table(tricky(columns))._tbl
    cells = list(tree.iter(qn("w:tc")))
    assert cells
    for tc in cells:
        assert len(tc.findall(f".//{qn('w:tcBorders')}")) == 1
        assert rule(tc, "left") is None and rule(tc, "right") is None
    assert tree.find(f".//{qn('w:tblStyle')}") is None


def test_merged_header_cells_span_the_grid() -> None:
    tree = word_table(tricky(5))._tbl
    spans = [int(e.get(qn("w:val"))) for e in tree.iter(qn("w:gridSpan"))]
    assert spans == [5]
    grid = [int(e.get(qn("w:w"))) for e in tree.iter(qn("w:gridCol"))]
    for row in tree.iter(qn("w:tr")):
        widths = [int(e.get(qn("w:w"))) for e in row.iter(qn("w:tcW"))]
        assert sum(widths) == sum(grid)


def test_every_run_has_both_fonts_and_a_language(table: Table) -> None:
    runs = list(opened(table).element.body.iter(qn("w:r")))
    assert len(runs) > 30
    for run in runs:
        fonts = run.find(f"{qn('w:rPr')}/{qn('w:rFonts')}")
        assert fonts.get(qn("w:eastAsia")) == "宋体"
        assert {fonts.get(qn(f"w:{k}")) for k in ("ascii", "hAnsi", "cs")} == {"Times New Roman"}
        assert run.find(f"{qn('w:rPr')}/{qn('w:lang')}").get(qn("w:eastAsia")) == "zh-CN"


def test_header_rows_are_repeated_and_rows_kept_whole(table: Table) -> None:
    rows = [row._tr for row in word_table(table).rows]
    assert [r.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None for r in rows[:3]] == [True, True, False]
    assert all(r.find(f"{qn('w:trPr')}/{qn('w:cantSplit')}") is not None for r in rows)


def kept(row: object) -> bool:
    return all(p.find(f"{qn('w:pPr')}/{qn('w:keepNext')}") is not None for p in row._tr.iter(qn("w:p")))  # type: ignore[attr-defined]


def test_a_short_table_stays_with_its_title_and_notes(table: Table) -> None:
    document = opened(table)
    assert document.paragraphs[0].paragraph_format.keep_with_next
    assert all(kept(r) for r in document.tables[0].rows)


def test_a_long_table_breaks_but_never_between_coefficient_and_bracket() -> None:
    header = ((Cell.text(Label.same("a")),),)
    pair = (Row(Label.same("x"), (Cell("estimate", 1.0),), "estimate"), Row(Label(), (Cell("paren", 1.0),), "paren"))
    made = word_table(Table("t1", Label.same("t"), header, pair * 40))
    keeps = [kept(r) for r in made.rows][1:]
    assert all(keeps[0::2])
    assert not any(keeps[3:-2:2])


def test_title_and_notes_stand_around_the_table(table: Table) -> None:
    body = opened(table, "en").element.body
    kinds = [etree.QName(e).localname for e in body]
    assert kinds == ["p", "tbl", "p", "sectPr"]
    texts = [p.text for p in opened(table, "en").paragraphs]
    assert texts[0] == "Table 3. Baseline results"
    assert texts[1].startswith("Notes: Standard errors clustered by country in parentheses.")


def test_cells_hold_the_printed_text(table: Table) -> None:
    made = word_table(table)
    assert [c.text for c in made.rows[2].cells] == ["贸易利益指数", "11.5545***", "11.5545***"]
    assert made.rows[6].cells[2].text == "−0.9086"
    assert [c.text for c in made.rows[-2].cells] == ["N", "615", "615"]
    assert made.rows[-4].cells[1].text == "是"


def test_numbers_line_up_at_the_decimal_point(table: Table) -> None:
    made = word_table(table)
    places = {
        tab.get(qn("w:pos"))
        for row in made.rows[2:]
        for tab in row._tr.tc_lst[2].iter(qn("w:tab"))
        if tab.get(qn("w:val")) == "decimal"
    }
    assert len(places) == 1


CONSTRUCTS = {
    "plain": lambda: tricky(1),
    "hostile": lambda: tricky(12),
    "groups, tests and heads": ragged,
    "parts": lambda: ragged(30),
    "panels": panelled,
    "italics": lambda: panelled(style=presets.load("booktabs").style),
}


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_children_stand_in_the_order_of_the_schema(construct: str) -> None:
    ordered(opened(CONSTRUCTS[construct]()).element)


def ordered(tree: etree._Element) -> None:
    """Every property element has its children once each, in the order of the schema; cells fill the grid."""
    for name, order in ORDERS.items():
        for element in tree.iter(qn(f"w:{name}")):
            places = [order.index(etree.QName(child).localname) for child in element]
            assert places == sorted(set(places)), name
    for table in tree.iter(qn("w:tbl")):
        grid = len(table.findall(f"{qn('w:tblGrid')}/{qn('w:gridCol')}"))
        for row in table.iter(qn("w:tr")):
            spans = [tc.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}") for tc in row.findall(qn("w:tc"))]
            assert sum(1 if s is None else int(s.get(qn("w:val"))) for s in spans) == grid
            assert all(tc[-1].tag == qn("w:p") for tc in row.findall(qn("w:tc")))


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_one_tcborders_a_cell_in_every_construct(construct: str) -> None:
    for made in opened(CONSTRUCTS[construct]()).tables:
        for tc in made._tbl.iter(qn("w:tc")):
            assert len(tc.findall(f".//{qn('w:tcBorders')}")) == 1
            assert rule(tc, "left") is None and rule(tc, "right") is None


def test_a_thin_rule_below_each_group_with_a_gap_between_neighbours() -> None:
    made = word_table(panelled(4))
    first = made.rows[0]._tr.tc_lst
    assert [tc.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}").get(qn("w:val")) for tc in (first[1], first[3])] == ["2", "2"]
    assert [rule(tc, "bottom") for tc in first] == [None, "4", None, "4"]
    assert [rule(tc, "top") for tc in first] == ["12"] * 4
    below = made.rows[3]._tr.tc_lst
    assert len(below) == 1  # the label of panel A
    values = made.rows[4]._tr.tc_lst
    assert len(values) == 5
    assert said(values[2]) == "11.5545***"


def test_panel_labels_run_across_the_table_under_a_rule() -> None:
    made = word_table(panelled(4))
    panels = [r._tr.tc_lst for r in made.rows if len(r._tr.tc_lst) == 1]
    assert [said(p[0]) for p in panels] == ["面板A：发达国家", "面板B：发展中国家"]
    assert [rule(p[0], "top") for p in panels] == ["6", "6"]


def test_a_table_that_no_page_holds_is_split_with_its_labels() -> None:
    document = opened(ragged(30))
    titles = [p.text for p in document.paragraphs if p.text.startswith(("表", "续表"))]
    assert titles[0] == "表4\u3000分样本回归结果" and set(titles[1:]) == {"续表4\u3000分样本回归结果"}
    assert len(document.tables) == len(titles) > 1
    assert sum("注：" in p.text for p in document.paragraphs) == 1
    assert all(t.rows[6].cells[0].text == document.tables[0].rows[6].cells[0].text for t in document.tables)
    numbers = [c.text for t in document.tables for c in t.rows[2].cells if c.text.startswith("(")]
    assert list(dict.fromkeys(numbers)) == [f"({n})" for n in range(1, 31)]


def test_italics_are_for_latin_names_only() -> None:
    document = opened(panelled(2, style=presets.load("booktabs").style), "en")
    slanted = {r.text for t in document.tables for row in t.rows for c in row.cells for p in c.paragraphs
               for r in p.runs if r.italic}  # fmt: skip
    assert slanted == {"Trade benefit index", "Globalisation"}
    chinese = opened(panelled(2, style=presets.load("booktabs").style), "zh")
    assert not list(chinese.element.iter(qn("w:i")))


def test_eight_columns_fit_an_upright_page(wide: Callable[[int, int], Table]) -> None:
    document = opened(wide(15, 8))
    size = document.element.find(f".//{qn('w:pgSz')}")
    assert int(size.get(qn("w:w"))) < int(size.get(qn("w:h")))
    width = sum(int(e.get(qn("w:w"))) for e in document.tables[0]._tbl.iter(qn("w:gridCol")))
    assert width <= 11906 - 2 * MARGIN


@pytest.mark.parametrize("columns", [1, 4, 12, 30])
def test_no_table_is_wider_than_its_page(columns: int, wide: Callable[[int, int], Table]) -> None:
    for table in (wide(3, columns), tricky(columns)):
        layout = fit(table, "zh")
        assert sum(layout.widths) <= layout.text_width
        assert min(layout.widths) > 0 and min(layout.points) >= 0


def test_the_file_names_no_author_and_no_time(table: Table) -> None:
    made = render(table, "docx", "zh")
    properties = docx.Document(io.BytesIO(made)).core_properties
    assert properties.title == "表3\u3000基准回归结果"
    assert properties.author == "" and properties.last_modified_by == ""
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert {i.date_time for i in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        for info in archive.infolist():
            etree.fromstring(archive.read(info))


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (soffice) is not installed")
def test_libreoffice_opens_it(table: Table, tmp_path: Path) -> None:
    names = {"plain": table, "hostile": tricky(12), "ragged": ragged(), "panels": panelled(8), "parts": ragged(30)}
    for name, made in names.items():
        (tmp_path / f"{name}.docx").write_bytes(render(made, "docx", "zh"))
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    files = [f"{n}.docx" for n in names]
    command = [str(SOFFICE), profile, "--headless", "--convert-to", "pdf", *files]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=120, env={**os.environ})
    for name in names:
        assert (tmp_path / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    if shutil.which("pdftotext"):
        done = subprocess.run(
            ["pdftotext", "-layout", "plain.pdf", "-"], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        assert "基准回归结果" in done.stdout and "11.5545" in done.stdout
