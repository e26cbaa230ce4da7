"""Tables as Excel workbooks: numbers stay numbers.

A coefficient holds its unrounded value under a number format that shows decimals and stars, so that it can be computed
with and still reads as printed. Texts are never formulas.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from datetime import datetime
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import Cell as SheetCell
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter

from econloom.core.labels import Lang
from econloom.core.table import Cell, Row, Style, Table
from econloom.report import format as fmt
from econloom.report.render.layout import em_width
from econloom.report.render.ooxml import without_clock

_CREATED = datetime(2000, 1, 1)
_CLOCK = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms)")
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
_WIDEST = 42.0  # characters of the label column


def render(table: Table, lang: Lang = "zh") -> bytes:
    """The table as a workbook of one sheet; the same table gives the same bytes.

    Examples
    --------
    >>> from econloom.core.labels import Label
    >>> header = ((Cell.text(Label.same("CHN")),),)
    >>> table = Table("t1", Label.same("TBI"), header, (Row(Label.same("2007"), (Cell("number", 0.2426),)),))
    >>> render(table)[:2], render(table) == render(table)
    (b'PK', True)
    """
    book = Workbook()
    sheet = book.active
    sheet.title = (_FORBIDDEN.sub("_", fmt.clean(table.id)) or "table")[:31]
    sheet.sheet_view.showGridLines = False
    writer = _Sheet(sheet, table, lang)
    writer.fill()
    core = book.properties
    core.creator, core.title, core.created = "", fmt.caption(table, lang)[:255], _CREATED
    written = io.BytesIO()
    book.save(written)
    return without_clock(_stopped(written.getvalue()))


def _stopped(written: bytes) -> bytes:
    """The workbook with a fixed time of saving."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(written)) as made, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in made.namelist():
            content = made.read(name)
            if name == "docProps/core.xml":
                content = _CLOCK.sub(rb"\g<1>2000-01-01T00:00:00Z\g<3>", content)
            archive.writestr(name, content)
    return out.getvalue()


class _Sheet:
    """Where the next row goes, and the fonts and rules of a style."""

    def __init__(self, sheet: Any, table: Table, lang: Lang) -> None:
        self.sheet, self.table, self.lang, self.line = sheet, table, lang, 0
        self.glyphs = fmt.typeset(table.style)
        style: Style = table.style
        self.outer = Side("medium" if style.outer_rule >= 1 else "thin")
        self.inner = Side("thin")
        self.spanner = Side("hair" if style.spanner_rule < style.inner_rule else "thin")
        self.fonts: dict[tuple[bool, bool], Font] = {}

    def fill(self) -> None:
        """Title, header, rows, notes."""
        if title := fmt.caption(self.table, self.lang):
            self.line += 1
            self._across(title, bold=self.table.style.title_bold, align="center")
        self._header()
        for number, row in enumerate(self.table.rows):
            self.line += 1
            self._row(row, number)
        for note in self.table.notes:
            self.line += 1
            self._across(fmt.clean(note.text(self.lang)), align="left", lines=True)
        self._widths()

    def _header(self) -> None:
        depth = len(self.table.header)
        for level, header in enumerate(self.table.header, 1):
            self.line += 1
            last = level == depth
            top, bottom = (self.outer if level == 1 else None), (self.inner if last else None)
            stub = fmt.clean(self.table.stub.text(self.lang)) if level == 1 else ""
            self._text(1, stub, align="left", top=top, bottom=bottom)
            column = 2
            for cell in header:
                below = bottom or (self.spanner if cell.rule else None)
                words = fmt.text(cell, self.lang, self.glyphs)
                italic = fmt.slanted(words, cell.italic, self.table.style)
                for place in range(column, column + cell.span):
                    self._text(place, words if place == column else "", italic=italic, top=top, bottom=below)
                if cell.span > 1:
                    self._merge(column, column + cell.span - 1)
                column += cell.span
        if depth > 1:
            self.sheet.merge_cells(start_row=self.line - depth + 1, end_row=self.line, start_column=1, end_column=1)
        self.sheet.freeze_panes = self.sheet.cell(self.line + 1, 2)

    def _row(self, row: Row, number: int) -> None:
        rows = self.table.rows
        top = self.inner if number and row.rule_above else None
        bottom = self.outer if number == len(rows) - 1 else None
        label = fmt.clean(row.label.text(self.lang))
        italic = fmt.slanted(label, row.italic, self.table.style)
        panel = row.role == "panel"
        align = self.table.style.panel_align if panel else "left"
        self._text(1, label, align=align, italic=italic, top=top, bottom=bottom)
        for column, cell in enumerate(row.cells, 2):
            self._value(column, cell, top, bottom)
        if panel:
            self._merge(1, self.table.n_columns + 1)

    def _value(self, column: int, cell: Cell, top: Side | None, bottom: Side | None) -> None:
        shape = number_format(cell, self.table.style)
        if shape is None:
            self._text(column, fmt.text(cell, self.lang, self.glyphs), top=top, bottom=bottom)
            return
        made = self.sheet.cell(self.line, column, cell.value)
        made.number_format = shape
        self._dress(made, "center", top=top, bottom=bottom)

    def _text(
        self,
        column: int,
        words: str,
        *,
        align: str = "center",
        italic: bool = False,
        bold: bool = False,
        top: Side | None = None,
        bottom: Side | None = None,
    ) -> None:
        made = self.sheet.cell(self.line, column)
        if words:
            made.value = words[:32767]
            made.data_type = "s"  # never a formula, whatever it begins with
            made.quotePrefix = words[0] in "=+-@"
        self._dress(made, align, italic=italic, bold=bold, top=top, bottom=bottom)

    def _dress(
        self,
        made: SheetCell,
        align: str,
        *,
        italic: bool = False,
        bold: bool = False,
        top: Side | None = None,
        bottom: Side | None = None,
    ) -> None:
        key = (bold, italic)
        if key not in self.fonts:
            style = self.table.style
            self.fonts[key] = Font(style.latin, min(style.size, 11), b=bold, i=italic)
        made.font = self.fonts[key]
        made.alignment = Alignment(horizontal=align, vertical="center", wrap_text=False)
        if top or bottom:
            made.border = Border(top=top, bottom=bottom)

    def _across(self, words: str, *, align: str, bold: bool = False, lines: bool = False) -> None:
        self._text(1, words, align=align, bold=bold)
        self._merge(1, self.table.n_columns + 1)
        if lines:
            self.sheet.cell(self.line, 1).alignment = Alignment(horizontal=align, vertical="top", wrap_text=True)
            width = 16 + 13 * self.table.n_columns
            self.sheet.row_dimensions[self.line].height = 15 * math.ceil(2.1 * em_width(words) / width)

    def _merge(self, first: int, last: int) -> None:
        self.sheet.merge_cells(start_row=self.line, end_row=self.line, start_column=first, end_column=last)

    def _widths(self) -> None:
        labels = [fmt.clean(row.label.text(self.lang)) for row in self.table.rows if row.role != "panel"]
        widest = max((2 * em_width(label) for label in labels), default=8.0)
        self.sheet.column_dimensions["A"].width = min(max(widest + 2, 10), _WIDEST)
        for column in range(2, self.table.n_columns + 2):
            self.sheet.column_dimensions[get_column_letter(column)].width = 13


def number_format(cell: Cell, style: Style) -> str | None:
    """The format under which Excel shows a number as it is printed; None where the cell must be a text.

    Examples
    --------
    >>> number_format(Cell("estimate", -1.5, 3, stars=2), Style())
    '0.000"**";"−"0.000"**"'
    >>> number_format(Cell("paren", 0.4, 2), Style()), number_format(Cell("count", 615), Style())
    ('"("0.00")";"(−"0.00")"', '#,##0')
    """
    value = cell.value
    if value is None or not math.isfinite(value) or cell.beside or cell.upper is not None:
        return None
    if cell.kind == "count":
        return "#,##0" if style.thousands else "0"
    if cell.kind not in ("estimate", "paren", "number"):
        return None
    before, after = cell.brackets if cell.kind == "paren" else ("", "*" * cell.stars)
    if "e" in fmt.number(value, cell.digits, fixed=cell.notation == "fixed"):
        return _quoted(before) + f"0.{'0' * fmt.MANTISSA}E+0" + _quoted(after)
    whole = "#,##0" if style.group_decimals else "0" if style.leading_zero or not cell.digits else ""
    shape = f"{whole}.{'0' * cell.digits}" if cell.digits else whole
    minus = "" if round(value, cell.digits) == 0 else style.minus
    positive, negative = (_quoted(words) + shape + _quoted(after) for words in (before, before + minus))
    return f"{positive};{negative}"


def _quoted(words: str) -> str:
    """A literal of a number format; Excel refuses files with other signs than the ASCII ones outside quotes."""
    return f'"{words}"' if words else ""
