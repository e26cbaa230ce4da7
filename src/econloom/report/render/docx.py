"""Tables as Word files: the three-line table (三线表) of Chinese journals.

Rules of 1.5 pt above and below, of 0.75 pt under the header and above the block of statistics, no vertical lines, no
table style. The rules sit in the cells, one ``w:tcBorders`` each, so that the table keeps them when it is pasted into a
manuscript. Header rows are repeated on each page, rows are not split, a coefficient stays with what stands below it,
and a table of up to ``WHOLE`` rows stays on one page with its title and notes.
"""

from __future__ import annotations

from collections.abc import Iterator

from econloom.core.labels import Lang
from econloom.core.table import Cell, Row, Table
from econloom.report import format as fmt
from econloom.report.render.layout import MARGIN, PADDING, Layout, fit, has_point
from econloom.report.render.ooxml import package, paragraph, run, tag

THICK, THIN = 12, 6  # eighths of a point: 1.5 pt and 0.75 pt
WHOLE = 48
_SIDES = ("top", "left", "bottom", "right")


def render(table: Table, lang: Lang = "zh") -> bytes:
    """The table as a Word file of its own; the same table gives the same bytes.

    Examples
    --------
    >>> from econloom.core.labels import Label
    >>> header = ((Cell.text(Label.same("CHN")),),)
    >>> table = Table("t1", Label.same("TBI"), header, (Row(Label.same("2007"), (Cell("number", 0.2426),)),))
    >>> render(table)[:2], render(table) == render(table)
    (b'PK', True)
    """
    layout = fit(table, lang)
    width, height = layout.page
    return package(blocks(table, lang, layout), fmt.caption(table, lang), width=width, height=height, margin=MARGIN)


def blocks(table: Table, lang: Lang, layout: Layout) -> str:
    """Title, table and notes as block elements, for a document that holds more than one table."""
    return _title(table, lang, layout) + _table(table, lang, layout) + _notes(table, lang, layout)


def _title(table: Table, lang: Lang, layout: Layout) -> str:
    words = fmt.caption(table, lang)
    size = max(layout.size, 9.0)
    return paragraph(run(words, size, bold=True), size=size, keep_next=True, spacing=(120, 80)) if words else ""


def _notes(table: Table, lang: Lang, layout: Layout) -> str:
    size = max(layout.size - 1.5, 7.5)
    indent = (layout.side + PADDING, layout.side + PADDING)
    written = [
        paragraph(
            run(fmt.clean(note.text(lang)), size),
            size=size,
            align="both",
            keep_next=number < len(table.notes),
            spacing=(60 if number == 1 else 0, 0),
            indent=indent,
        )
        for number, note in enumerate(table.notes, 1)
    ]
    return "".join(written) or paragraph(size=size)  # Word wants a paragraph after a table


def _table(table: Table, lang: Lang, layout: Layout) -> str:
    properties = tag(
        "tblPr",
        tag("tblW", w=sum(layout.widths), type="dxa"),
        tag("jc", val="center"),
        tag("tblLayout", type="fixed"),
        tag("tblCellMar", *(tag(s, w=w, type="dxa") for s, w in zip(_SIDES, (0, PADDING, 0, PADDING), strict=True))),
    )
    grid = tag("tblGrid", *(tag("gridCol", w=w) for w in layout.widths))
    return tag("tbl", properties, grid, *_header(table, lang, layout), *_body(table, lang, layout))


def _header(table: Table, lang: Lang, layout: Layout) -> Iterator[str]:
    depth = len(table.header)
    for level, header in enumerate(table.header):
        rules = _rules(top=THICK if level == 0 else 0, bottom=THIN if level == depth - 1 else 0)
        space = (30 if level == 0 else 0, 30 if level == depth - 1 else 0)
        merge = "" if depth == 1 else "restart" if level == 0 else "continue"
        stub = fmt.clean(table.stub.text(lang)) if level == 0 else ""
        cells = [_cell(_line(stub, layout, space, align="left"), layout.widths[0], rules, merge=merge)]
        start = 1
        for cell in header:
            width = sum(layout.widths[start : start + cell.span])
            words = fmt.text(cell, lang)
            cells.append(_cell(_line(words, layout, space), width, rules, span=cell.span))
            start += cell.span
        yield _row(cells, header=True)


def _body(table: Table, lang: Lang, layout: Layout) -> Iterator[str]:
    last = len(table.rows) - 1
    for number, row in enumerate(table.rows):
        ruled = number == 0 or row.rule_above
        rules = _rules(
            top=THIN if ruled else 0,
            bottom=THICK if number == last else THIN if table.rows[number + 1].rule_above else 0,
        )
        keep = _keep(table, number)
        before = 40 if ruled else 0 if row.role == "paren" else 20
        space = (before, 40 if number == last or table.rows[number + 1].rule_above else 0)
        stub = _line(fmt.clean(row.label.text(lang)), layout, space, align="left", keep=keep)
        cells = [_cell(stub, layout.widths[0], rules)]
        for cell, width, point in zip(row.cells, layout.widths[1:], layout.points, strict=True):
            cells.append(_cell(_content(cell, lang, layout, point, keep, space), width, rules))
        yield _row(cells)


def _keep(table: Table, number: int) -> bool:
    """Whether a row stays on the page of the next one (the last row: of the first note)."""
    rows: tuple[Row, ...] = table.rows
    if number == len(rows) - 1:
        return bool(table.notes)
    return len(rows) <= WHOLE or rows[number + 1].role == "paren" or number in (0, len(rows) - 2)


def _content(cell: Cell, lang: Lang, layout: Layout, point: int, keep: bool, space: tuple[int, int]) -> str:
    words, stars = fmt.parts(cell, lang)
    runs = (run(words, layout.size), run(stars, layout.size, raised=True))
    if has_point(cell, lang):
        return paragraph(*runs, size=layout.size, align="left", keep_next=keep, spacing=space, decimal_tab=point)
    return paragraph(*runs, size=layout.size, keep_next=keep, spacing=space)


def _line(words: str, layout: Layout, space: tuple[int, int], align: str = "center", keep: bool = True) -> str:
    return paragraph(run(words, layout.size), size=layout.size, align=align, keep_next=keep, spacing=space)


def _row(cells: list[str], header: bool = False) -> str:
    return tag("tr", tag("trPr", tag("cantSplit"), tag("tblHeader") if header else ""), *cells)


def _cell(content: str, width: int, rules: str, span: int = 1, merge: str = "") -> str:
    properties = tag(
        "tcPr",
        tag("tcW", w=width, type="dxa"),
        tag("gridSpan", val=span) if span > 1 else "",
        tag("vMerge", val=merge) if merge else "",
        rules,
        tag("vAlign", val="center"),
    )
    return tag("tc", properties, content)


def _rules(top: int, bottom: int) -> str:
    """``w:tcBorders``: the sides without a rule say so, against any style of the document pasted into."""
    sizes = {"top": top, "bottom": bottom}
    return tag("tcBorders", *(_side(side, sizes.get(side, 0)) for side in _SIDES))


def _side(side: str, size: int) -> str:
    return tag(side, val="single", sz=size, space=0, color="000000") if size else tag(side, val="nil")
