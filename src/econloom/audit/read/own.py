"""Tables that econloom itself made, before they are written: the printed strings of their cells."""

from __future__ import annotations

import math

from econloom.audit.read.grid import RIGHT, Grid, squared
from econloom.core.labels import Lang
from econloom.core.table import Cell, Table

HUGE = 1e7


def grid_of(table: Table, lang: Lang = "en") -> Grid:
    """A table as a grid.

    Examples
    --------
    >>> from econloom.core.labels import Label
    >>> from econloom.core.table import Row
    >>> row = Row(Label.same("TBI"), (Cell("estimate", 11.55449, stars=3),))
    >>> grid_of(Table("t3", Label(), ((Cell.text(Label.same("(1)")),),), (row,))).rows
    (('', '(1)'), ('TBI', '11.5545***'))
    """
    header = [["", *_header(cells, lang)] for cells in table.header]
    body = [[row.label.text(lang), *(printed(c, lang) for c in row.cells)] for row in table.rows]
    return Grid(squared([*header, *body]), table.title.text(lang), tuple(n.text(lang) for n in table.notes), table.id)


def _header(cells: tuple[Cell, ...], lang: Lang) -> list[str]:
    return [text for c in cells for text in (printed(c, lang), *[RIGHT] * (c.span - 1))]


def printed(cell: Cell, lang: Lang) -> str:
    """A cell as it is printed in plain text, brackets and stars with it.

    Examples
    --------
    >>> printed(Cell("paren", 3.52389), "en"), printed(Cell("count", 1234.0), "en")
    ('(3.5239)', '1,234')
    """
    own = _alone(cell, lang)
    beside = [printed(c, lang) for c in cell.beside]
    return " ".join(t for t in (own, *beside) if t)


def _alone(cell: Cell, lang: Lang) -> str:
    if cell.kind == "text":
        return cell.label.text(lang)
    if cell.kind == "mark":
        return ("是" if lang == "zh" else "Yes") if cell.yes else ("否" if lang == "zh" else "No")
    if cell.value is None or math.isnan(cell.value) or cell.kind == "empty":
        return ""
    if cell.kind == "count":
        return f"{round(cell.value):,}" if math.isfinite(cell.value) else str(cell.value)
    text = _number(cell.value, cell)
    if cell.kind == "paren":
        end = "" if cell.upper is None else f", {_number(cell.upper, cell)}"
        return f"{cell.brackets[0]}{text}{end}{cell.brackets[1]}"
    return text + "*" * cell.stars if cell.kind == "estimate" else text


def _number(value: float, cell: Cell) -> str:
    """With the cell's decimals; in powers of ten where those would show nothing, or where it is huge."""
    text = f"{value:.{cell.digits}f}"
    zero = float(text) == 0
    if abs(value) >= HUGE or (zero and value and cell.digits > 1 and cell.notation != "fixed"):
        return f"{value:.3e}"
    return text.lstrip("-") if zero else text
