"""Tables as csv: the printed strings, for spreadsheets.

UTF-8 with a byte order mark, which Excel on a Chinese Windows needs to see UTF-8, and CRLF line ends. The title is the
first record and the notes are the last ones; all records have the same number of fields. Numbers have an ASCII minus.
Labels that a spreadsheet would run as a formula (``=``, ``+``, ``-``, ``@`` first) get a leading apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from econloom.core.labels import Lang
from econloom.core.table import Cell, Table
from econloom.report import format as fmt

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def render(table: Table, lang: Lang = "zh") -> bytes:
    """The table as csv.

    Examples
    --------
    >>> from econloom.core.labels import Label
    >>> from econloom.core.table import Row
    >>> header = ((Cell.text(Label.same("CHN")),),)
    >>> table = Table("t1", Label.same("TBI"), header, (Row(Label.same("2007"), (Cell("number", -0.2426),)),))
    >>> render(table, "en").decode("utf-8-sig").splitlines()
    ['Table 1. TBI,', ',CHN', '2007,-0.2426']
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    width = table.n_columns + 1
    for record in _records(table, lang):
        writer.writerow(record + [""] * (width - len(record)))
    return out.getvalue().encode("utf-8-sig")


def _records(table: Table, lang: Lang) -> Iterator[list[str]]:
    glyphs = fmt.plain(table.style)
    if title := fmt.caption(table, lang):
        yield [safe(title)]
    for depth, header in enumerate(table.header, 1):
        stub = table.stub.text(lang) if depth == len(table.header) else ""
        yield [safe(fmt.clean(stub))] + [t for c in header for t in [_cell(c, lang, glyphs)] + [""] * (c.span - 1)]
    for row in table.rows:
        yield [safe(fmt.clean(row.label.text(lang)))] + [_cell(c, lang, glyphs) for c in row.cells]
    for note in table.notes:
        yield [safe(fmt.clean(note.text(lang)))]


def _cell(cell: Cell, lang: Lang, glyphs: fmt.Glyphs) -> str:
    words = fmt.text(cell, lang, glyphs)
    return safe(words) if cell.kind == "text" else words


def safe(words: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{words}" if words.startswith(_FORMULA) else words
