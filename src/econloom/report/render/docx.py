"""Tables as Word files: the three-line table (三线表) of Chinese journals.

Rules of 1.5 pt above and below, of 0.75 pt under the header and above the block of statistics, of 0.5 pt under the
label of a group of columns; no vertical lines, no table style. The rules sit in the cells, one ``w:tcBorders`` each, so
that the table keeps them when it is pasted into a manuscript. Between two neighbouring groups a narrow gap interrupts
the rule; the cells below run across it. Header rows are repeated on each page, rows are not split, a coefficient stays
with what stands below it, and a table of up to ``WHOLE`` rows stays on one page with its title and notes. A table that
no page holds becomes parts, the later ones titled 续表.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from econloom.core.labels import Lang
from econloom.core.table import Cell, Row, Table
from econloom.report import format as fmt
from econloom.report.render.layout import MARGIN, PADDING, Layout, fit, parts
from econloom.report.render.ooxml import Face, Section, package, paragraph, run, tag

WHOLE = 48
GAP_WIDTH = 120  # twips between the rules of two groups of columns
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
    return package([section(table, lang)], fmt.caption(table, lang), margin=MARGIN)


def section(table: Table, lang: Lang, level: int | None = None) -> Section:
    """Title, table and notes as block elements, with the page they need.

    Parameters
    ----------
    level : int, optional
        Of the title in the outline, for a document of several tables.
    """
    made = parts(table, lang)
    fitted = [fit(part, lang) for part in made]
    tightest = min(fitted, key=lambda layout: (layout.upright, layout.size))  # all parts look alike
    layouts = [fit(part, lang, tightest) for part in made]
    body = "".join(_Writer(part, lang, layout).blocks(level) for part, layout in zip(made, layouts, strict=True))
    return Section(body, tightest.page)


@dataclass(frozen=True)
class _Writer:
    """One table in one language with its measures."""

    table: Table
    lang: Lang
    layout: Layout

    @cached_property
    def face(self) -> Face:
        style = self.table.style
        return Face(self.layout.size, style.latin, style.east_asian)

    @cached_property
    def glyphs(self) -> fmt.Glyphs:
        return fmt.typeset(self.table.style)

    @cached_property
    def gaps(self) -> frozenset[int]:
        """Columns after which the rules of two groups are interrupted."""
        found = set()
        for header in self.table.header[:-1]:
            stop = 0
            for cell, after in pairwise(header):
                stop += cell.span
                if cell.rule and after.rule:
                    found.add(stop - 1)
        return frozenset(found)

    def blocks(self, level: int | None = None) -> str:
        """Title, table, notes."""
        return self._title(level) + self._table() + self._notes()

    def _title(self, level: int | None) -> str:
        words = fmt.caption(self.table, self.lang)
        face = replace(self.face, size=max(self.layout.size, 9.0), bold=self.table.style.title_bold)
        if not words:
            return ""
        return paragraph(
            run(words, face), face=replace(face, bold=False), keep_next=True, spacing=(120, 80), level=level
        )

    def _notes(self) -> str:
        face = replace(self.face, size=max(self.layout.size - 1.5, 7.5))
        indent = (self.layout.side + PADDING, self.layout.side + PADDING)
        notes = self.table.notes
        written = [
            paragraph(
                run(fmt.clean(note.text(self.lang)), face),
                face=face,
                align="both",
                keep_next=number < len(notes),
                spacing=(60 if number == 1 else 0, 0),
                indent=indent,
            )
            for number, note in enumerate(notes, 1)
        ]
        return "".join(written) or paragraph(face=face)  # Word wants a paragraph after a table

    def _table(self) -> str:
        margins = [tag(s, w=w, type="dxa") for s, w in zip(_SIDES, (0, PADDING, 0, PADDING), strict=True)]
        properties = tag(
            "tblPr",
            tag("tblW", w=sum(self.layout.widths), type="dxa"),
            tag("jc", val="center"),
            tag("tblLayout", type="fixed"),
            tag("tblCellMar", *margins),
        )
        grid = tag("tblGrid", *(tag("gridCol", w=w) for w in self._grid()))
        return tag("tbl", properties, grid, *self._header(), *self._body())

    def _grid(self) -> Iterator[int]:
        """Widths of the grid: a column before a gap gives the gap its width."""
        yield self.layout.widths[0]
        for n, width in enumerate(self.layout.widths[1:]):
            if n in self.gaps:
                yield width - GAP_WIDTH
                yield GAP_WIDTH
            else:
                yield width

    def _header(self) -> Iterator[str]:
        headers, style = self.table.header, self.table.style
        depth = len(headers)
        for level, header in enumerate(headers):
            first, last = level == 0, level == depth - 1
            top, below = (style.outer_rule if first else 0), (style.inner_rule if last else 0)
            space = (30 if first else 0, 30 if last else 0)
            merge = "" if depth == 1 else "restart" if first else "continue"
            stub = fmt.clean(self.table.stub.text(self.lang)) if first else ""
            line = self._line(stub, space, align="left")
            cells = [_cell(line, self.layout.widths[0], _rules(top, below), merge=merge)]
            start = 0
            for cell in header:
                cells += self._heading(cell, start, top, below, space)
                start += cell.span
            yield _row(cells, header=True)

    def _heading(self, cell: Cell, start: int, top: float, below: float, space: tuple[int, int]) -> Iterator[str]:
        """A header cell; where its own rule ends before a gap, the gap is an empty cell of its own."""
        stop = start + cell.span
        ruled = cell.rule and not below
        broken = ruled and stop - 1 in self.gaps
        words = fmt.text(cell, self.lang, self.glyphs)
        line = self._line(words, space, italic=fmt.slanted(words, cell.italic, self.table.style))
        width, span = self._extent(start, stop)
        rules = _rules(top, self.table.style.spanner_rule if ruled else below)
        if broken:
            yield _cell(line, width - GAP_WIDTH, rules, span - 1)
            yield _cell(self._line("", space), GAP_WIDTH, _rules(top, below))
        else:
            yield _cell(line, width, rules, span)

    def _extent(self, start: int, stop: int) -> tuple[int, int]:
        """Width and number of grid columns of some neighbouring columns, the gap after the last one included."""
        gaps = sum(n in self.gaps for n in range(start, stop))
        return sum(self.layout.widths[1 + start : 1 + stop]), stop - start + gaps

    def _body(self) -> Iterator[str]:
        rows, style = self.table.rows, self.table.style
        last = len(rows) - 1
        for number, row in enumerate(rows):
            ruled = number == 0 or row.rule_above
            followed = number < last and rows[number + 1].rule_above
            below = style.outer_rule if number == last else style.inner_rule if followed else 0
            rules = _rules(style.inner_rule if ruled else 0, below)
            before = 40 if ruled else 0 if row.role == "paren" else 20
            space = (before, 40 if number == last or followed else 0)
            yield self._panel(row, rules, space) if row.role == "panel" else self._values(row, number, rules, space)

    def _panel(self, row: Row, rules: str, space: tuple[int, int]) -> str:
        """A label across the whole table; never the last line of a page."""
        line = self._line(fmt.clean(row.label.text(self.lang)), space, align=self.table.style.panel_align)
        _, span = self._extent(0, self.table.n_columns)
        return _row([_cell(line, sum(self.layout.widths), rules, span + 1)])

    def _values(self, row: Row, number: int, rules: str, space: tuple[int, int]) -> str:
        keep = _keep(self.table, number)
        label = fmt.clean(row.label.text(self.lang))
        italic = fmt.slanted(label, row.italic, self.table.style)
        cells = [_cell(self._line(label, space, align="left", keep=keep, italic=italic), self.layout.widths[0], rules)]
        for n, (cell, point) in enumerate(zip(row.cells, self.layout.points, strict=True)):
            width, span = self._extent(n, n + 1)
            cells.append(_cell(self._content(cell, point, keep, space), width, rules, span))
        return _row(cells)

    def _content(self, cell: Cell, point: int, keep: bool, space: tuple[int, int]) -> str:
        raised = replace(self.face, raised=True)
        pieces = fmt.pieces(cell, self.lang, self.glyphs)
        runs = [run(words, raised if high else self.face) for words, high in pieces]
        if fmt.has_point(cell, self.lang, self.glyphs):
            return paragraph(*runs, face=self.face, align="left", keep_next=keep, spacing=space, decimal_tab=point)
        return paragraph(*runs, face=self.face, keep_next=keep, spacing=space)

    def _line(
        self, words: str, space: tuple[int, int], *, align: str = "center", keep: bool = True, italic: bool = False
    ) -> str:
        face = replace(self.face, italic=italic)
        return paragraph(run(words, face), face=self.face, align=align, keep_next=keep, spacing=space)


def _keep(table: Table, number: int) -> bool:
    """Whether a row stays on the page of the next one (the last row: of the first note)."""
    rows: tuple[Row, ...] = table.rows
    if number == len(rows) - 1:
        return bool(table.notes)
    return len(rows) <= WHOLE or rows[number + 1].role == "paren" or number in (0, len(rows) - 2)


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


def _rules(top: float, bottom: float) -> str:
    """``w:tcBorders``: the sides without a rule say so, against any style of the document pasted into."""
    points = {"top": top, "bottom": bottom}
    return tag("tcBorders", *(_side(side, points.get(side, 0)) for side in _SIDES))


def _side(side: str, points: float) -> str:
    """A rule in eighths of a point."""
    return tag(side, val="single", sz=round(8 * points), space=0, color="000000") if points else tag(side, val="nil")
