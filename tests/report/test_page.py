from __future__ import annotations

import io
import re
from html.parser import HTMLParser

import docx
import pytest
from docx.oxml.ns import qn

from econloom.core.errors import UsageError
from econloom.core.labels import Label
from econloom.core.table import Table
from econloom.report.page import FigureFile, caption, inline_svg, report_docx, report_html
from tests.report.examples import panelled, ragged
from tests.report.test_docx import ordered
from tests.report.test_figures import intervals, trend

TITLE = Label("贸易失衡 & 逆全球化", "Trade <imbalance>")


class Page(HTMLParser):
    """Ids, links and addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.names: set[str] = set()
        self.lang = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.names.add(tag)
        if tag == "html":
            self.lang = given["lang"] or ""
        self.ids += [given["id"] or ""] if "id" in given else []
        self.targets += [v or "" for k, v in attrs if k in ("href", "src", "xlink:href")]


@pytest.fixture(scope="module")
def blocks() -> list[Table | FigureFile]:
    return [panelled(), FigureFile.of(trend(), "en"), ragged(), FigureFile.of(intervals(), "en")]


def test_the_page_needs_no_network(blocks: list[Table | FigureFile]) -> None:
    text = report_html(TITLE, blocks, "en")
    page = Page(text)
    assert "http" not in text and "@import" not in text
    assert not page.names & {"script", "link", "img", "iframe", "metadata"}
    assert all(t.startswith("#") for t in page.targets)
    assert re.findall(r"url\((?!#)", text) == []


def test_every_id_is_there_once_and_every_link_leads_somewhere(blocks: list[Table | FigureFile]) -> None:
    page = Page(report_html(TITLE, blocks, "en"))
    assert len(page.ids) == len(set(page.ids))
    assert {t[1:] for t in page.targets} <= set(page.ids)
    assert {"t5", "f1", "t4", "loo"} <= set(page.ids)


def test_the_page_says_its_language_and_keeps_addresses(blocks: list[Table | FigureFile]) -> None:
    text = report_html(TITLE, blocks, "zh")
    assert Page(text).lang == "zh-CN"
    assert "<title>贸易失衡 &amp; 逆全球化</title>" in text
    assert 'data-source="t5.b.c2.tbi"' in text and "图1\u3000趋势" in text
    assert text.count("<style>") == 2 and text.count('class="econloom-table') == 2


def test_word_file_has_tables_pictures_and_an_outline(blocks: list[Table | FigureFile]) -> None:
    made = report_docx(TITLE, blocks, "en")
    document = docx.Document(io.BytesIO(made))
    assert len(document.tables) == 2 and len(document.inline_shapes) == 2
    levels = [e.get(qn("w:val")) for e in document.element.iter(qn("w:outlineLvl"))]
    assert levels == ["0", "1", "1", "1", "1"]
    assert document.inline_shapes[0].width <= document.sections[0].page_width
    assert [s.orientation for s in document.sections] == [0, 1, 0]
    descriptions = [e.get("descr") for e in document.element.iter(qn("wp:docPr"))]
    assert descriptions == ["Figure 1. Trend", "Leave one out"]
    ordered(document.element)
    assert report_docx(TITLE, blocks, "en") == made


def test_captions() -> None:
    assert caption(FigureFile("figure2", Label(), b"", b""), "zh") == "图2"
    assert caption(FigureFile("f1", Label.same("图1 趋势"), b"", b""), "zh") == "图1 趋势"
    assert caption(FigureFile("loo", Label.same("x"), b"", b""), "en") == "x"


def test_ids_in_a_picture_are_its_own() -> None:
    svg = '<svg><clipPath id="p1"/><g clip-path="url(#p1)"><use xlink:href="#p1"/></g></svg>'
    assert inline_svg(svg, "f2").count("f2-p1") == 3


def test_faults_are_named(table: Table) -> None:
    with pytest.raises(UsageError, match="report: empty"):
        report_html(TITLE, [])
    with pytest.raises(UsageError, match="report: empty"):
        report_docx(TITLE, [])
    with pytest.raises(UsageError, match="two tables or figures are called 't3'"):
        report_html(TITLE, [table, table])
    with pytest.raises(UsageError, match="figure f1: its png is no PNG file"):
        report_docx(TITLE, [FigureFile("f1", Label(), b"", b"x")])
