"""Tables as Markdown: a pipe table as GitHub and Jupyter read it, with ASCII minus signs.

A pipe table has one header row, so the rows of a taller header are joined with ``<br>``, a spanning label repeated in
each of its columns.
"""

from __future__ import annotations

import re

from econloom.core.labels import Lang
from econloom.core.table import Cell, Table
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
    for row in table.rows:
        label = _escape(fmt.clean(row.label.text(lang)))
        lines.append(_line([label, *(_cell(c, lang) for c in row.cells)]))
    blocks.append("\n".join(lines))
    blocks += [_escape(fmt.clean(note.text(lang))) for note in table.notes]
    return "\n\n".join(blocks) + "\n"


def _header(table: Table, lang: Lang) -> list[str]:
    rows = [[_cell(c, lang) for c in header for _ in range(c.span)] for header in table.header]
    return ["<br>".join(filter(None, column)) for column in zip(*rows, strict=True)]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell, lang: Lang) -> str:
    return _escape(fmt.text(cell, lang, fmt.PLAIN))


def _escape(words: str) -> str:
    escaped = _SPECIAL.sub(r"\\\1", words)
    return "".join(_ENTITIES.get(c, c) for c in escaped)
