"""Tables of web pages, with colspan and rowspan."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from econloom.audit.read.grid import MOST_CELLS, NOTE, PICTURE, Box, Grid, clean, spread
from econloom.audit.read.text import read_text
from econloom.core.errors import DataError

MOST_SPAN = 1000
_TITLE = re.compile(r"^\s*(?:续?附?表|table)\s*[\dA-Z一二三四五六七八九十]", re.IGNORECASE)
_BLOCKS = frozenset({"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "figcaption", "li", "section", "body", "ul", "ol"})
_SILENT = frozenset({"script", "style", "template", "title", "svg"})


def read(path: Path) -> list[Grid]:
    """The tables of a page; a page with pictures and no tables gives one grid that says so.

    Raises
    ------
    DataError
        The file cannot be read, or a table is larger than any that is printed.
    """
    page = _Page(str(path))
    page.feed(read_text(path))
    page.close()
    page.finish()
    if not page.grids and page.pictures:
        return [Grid(((PICTURE,),), where=str(path))]
    return page.grids


class _Table:
    def __init__(self, title: str) -> None:
        self.title, self.rows, self.row, self.cell = title, list[list[Box]](), list[Box](), None
        self.spans = (1, 1)
        self.parts: list[str] | None = None


class _Page(HTMLParser):
    """Collects tables with the text above and below them."""

    def __init__(self, path: str) -> None:
        super().__init__(convert_charrefs=True)
        self.path = path
        self.grids: list[Grid] = []
        self.open: list[_Table] = []
        self.text: list[str] = []
        self.above = ""
        self.silent = 0
        self.cells = 0
        self.pictures = 0
        self.noting = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self.silent += 1
        elif tag == "table":
            self._paragraph()
            self.open.append(_Table(self.above))
            self.noting = False
        elif tag == "img":
            self.pictures += 1
            self._add(PICTURE if self.open and self.open[-1].parts is not None and not dict(attrs).get("alt") else "")
        elif self.open and tag == "tr":
            self._end_row()
        elif self.open and tag in {"td", "th"}:
            self._end_cell()
            given = dict(attrs)
            self.open[-1].spans = (_span(given.get("colspan")), _span(given.get("rowspan")))
            self.open[-1].parts = []
        elif tag == "br":
            self._add("\n")
        elif tag in _BLOCKS:
            self._add("\n") if self.open and self.open[-1].parts is not None else self._paragraph()
        elif tag == "caption" and self.open:
            self.open[-1].parts = []

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self.silent = max(0, self.silent - 1)
        elif not self.open:
            if tag in _BLOCKS:
                self._paragraph()
        elif tag == "caption" and self.open[-1].parts is not None:
            self.open[-1].title = clean("".join(self.open[-1].parts)) or self.open[-1].title
            self.open[-1].parts = None
        elif tag in {"td", "th"}:
            self._end_cell()
        elif tag == "tr":
            self._end_row()
        elif tag == "table":
            self._end_table()

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self._add(re.sub(r"\s+", " ", data))

    def finish(self) -> None:
        """End what the page left open."""
        while self.open:
            self._end_table()
        self._paragraph()

    def _add(self, text: str) -> None:
        if self.open and self.open[-1].parts is not None:
            self.open[-1].parts.append(text)
        elif not self.open:
            self.text.append(text)

    def _end_cell(self) -> None:
        table = self.open[-1]
        if table.parts is None:
            return
        columns, rows = table.spans
        self.cells += columns
        if self.cells > MOST_CELLS:
            raise DataError(f"{self.path}: more than {MOST_CELLS:,} cells, too many for printed tables")
        table.row.append(Box(clean("".join(table.parts)), columns, rows))
        table.parts = None

    def _end_row(self) -> None:
        self._end_cell()
        if self.open[-1].row:
            self.open[-1].rows.append(self.open[-1].row)
            self.open[-1].row = []

    def _end_table(self) -> None:
        self._end_row()
        table = self.open.pop()
        if table.rows:
            self.grids.append(Grid(spread(table.rows), table.title, (), self.path))
        self.noting = not self.open

    def _paragraph(self) -> None:
        """The end of a paragraph outside of tables: a note of the last table, or a title of the next."""
        text = clean("".join(self.text)).replace("\n", " ")
        self.text = []
        if not text:
            return
        if self.noting and self.grids and not _TITLE.match(text) and (NOTE.match(text) or self.grids[-1].notes):
            last = self.grids[-1]
            self.grids[-1] = Grid(last.rows, last.title, (*last.notes, text), last.where)
        else:
            self.noting = self.noting and not _TITLE.match(text)
            self.above = text if len(text) < 200 else ""


def _span(text: str | None) -> int:
    return max(1, min(MOST_SPAN, int(text))) if text is not None and text.strip().isdigit() else 1
