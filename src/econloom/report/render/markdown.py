"""Tables as Markdown: a pipe table as GitHub and Jupyter read it, with ASCII minus signs.

A pipe table has one header row, so the rows of a taller header are joined with ``<br>``, a spanning label repeated in
each of its columns.
"""

from __future__ import annotations

import re

from econloom.core.labels import Lang
from econloom.core.table import Cell, Row, Style, Table
from econloom.report import format as fmt

_SPECIAL = re.compile(r"([\\`*_|\[\]#~$])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def render(table: Table, lang: Lang = "zh") -> str:
    """The table as Markdown, title in bold above and notes below.

    Examples
    --------
    >>> from econloom.core.labels import Label
    >>> from econloom.core.table import Row
    >>> header = ((Cell.text(Label.same("a|b")),),)
    >>> table = Table("x", Label(), header, (Row(Label.same("tbi"), (Cell("estimate", -1.5, 2, stars=2),)),))
    >>> print(render(table))
    |  | a\\|b |
    | :--- | :---: |
    | tbi | -1.50\\*\\* |
    <BLANKLINE>
    """
    blocks = []
    if title := fmt.caption(table, lang):
        blocks.append(f"**{_escape(title)}**")
    stub = _escape(fmt.clean(table.stub.text(lang)))
    lines = [_line([stub, *_header(table, lang)]), _line([":---"] + [":---:"] * table.n_columns)]
    lines += [_row(row, table.style, lang) for row in table.rows]
    blocks.append("\n".join(lines))
    blocks += [_escape(fmt.clean(note.text(lang))) for note in table.notes]
    return "\n\n".join(blocks) + "\n"


def _header(table: Table, lang: Lang) -> list[str]:
    glyphs = fmt.plain(table.style)
    rows = [
        [_slanted(_cell(c, lang, glyphs), c.italic, table.style) for c in header for _ in range(c.span)]
        for header in table.header
    ]
    return ["<br>".join(filter(None, column)) for column in zip(*rows, strict=True)]


def _row(row: Row, style: Style, lang: Lang) -> str:
    label = _escape(fmt.clean(row.label.text(lang)))
    if row.role == "panel":
        return _line([f"**{label}**" if label else "", *([""] * len(row.cells))])
    glyphs = fmt.plain(style)
    return _line([_slanted(label, row.italic, style), *(_cell(c, lang, glyphs) for c in row.cells)])


def _slanted(words: str, italic: bool, style: Style) -> str:
    return f"*{words}*" if words and fmt.slanted(words, italic, style) else words


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell, lang: Lang, glyphs: fmt.Glyphs) -> str:
    return _escape(fmt.text(cell, lang, glyphs))


def _escape(words: str) -> str:
    escaped = _SPECIAL.sub(r"\\\1", words)
    return "".join(_ENTITIES.get(c, c) for c in escaped)
