"""How a table fits a page: widths of texts, size of type, orientation, widths of columns.

Widths are estimates in em for 宋体 with Times New Roman; the page is A4. A table that is too wide gets smaller type,
then a landscape page, and at last narrower columns whose texts wrap.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from unicodedata import combining, east_asian_width

from econloom.core.labels import Lang
from econloom.core.table import Cell, Table
from econloom.report import format as fmt

A4 = (11906, 16838)  # twips
MARGIN = 1134  # 2 cm
PADDING = 57  # on either side of a cell's text, 1 mm
GAP = 60  # least white between columns beside the padding
STUB_SHARE = 0.36  # a longer label wraps
LEAST_WIDTH = 0.6  # of the text width: narrower tables look lost below a centred title
STRETCH = 1.5  # most that a table is spread beyond what its texts need
_CHOICES = ((10.5, False), (9.0, False), (8.0, False), (7.5, False), (9.0, True), (7.5, True))  # points, landscape
_NARROW = dict.fromkeys(".,:;'|iljtfI ![]/", 0.28) | dict.fromkeys("()-", 0.333) | {"−": 0.564, "*": 0.33, "%": 0.83}
_HEADER_WRAP = 6.0  # em of Chinese header text that stay on one line
_WORD_WRAP = 12.0  # em from which even a single Latin word of a header is broken


@dataclass(frozen=True, slots=True)
class Layout:
    """The measures of one table, lengths in twips.

    Attributes
    ----------
    size : float
        Points of the body; title and notes follow from it.
    page : (int, int)
        Width and height.
    widths : tuple of int
        Of the label column and each column.
    points : tuple of int
        Where the decimal point stands in each column, from the left edge of its text.
    """

    size: float
    page: tuple[int, int]
    widths: tuple[int, ...]
    points: tuple[int, ...]

    @property
    def text_width(self) -> int:
        """The page without its margins."""
        return self.page[0] - 2 * MARGIN

    @property
    def side(self) -> int:
        """White between the margin and the table, which is centred."""
        return (self.text_width - sum(self.widths)) // 2


def fit(table: Table, lang: Lang) -> Layout:
    """The largest type and the upright page, if they hold the table."""
    stub = _stub_em(table, lang)
    columns = [_column_em(table, n, lang) for n in range(table.n_columns)]
    for size, landscape in _CHOICES:
        page = (A4[1], A4[0]) if landscape else A4
        room = page[0] - 2 * MARGIN
        em = 20 * size
        needs = [min(stub * em + 2 * PADDING, STUB_SHARE * room)]
        needs += [c * em + 2 * PADDING + GAP for c in columns]
        if sum(needs) <= room:
            break
    widths = _spread(needs, room)
    points = tuple(_point(table, n, lang, width, em) for n, width in enumerate(widths[1:]))
    return Layout(size, page, widths, points)


def em_width(words: str) -> float:
    """Width of a text in em.

    Examples
    --------
    >>> em_width("固定效应"), em_width("0.25")
    (4.0, 1.78)
    """
    return round(sum(_char(c) for c in words), 3)


def _char(char: str) -> float:
    if combining(char):
        return 0.0
    if east_asian_width(char) in "WF":
        return 1.0
    if char in _NARROW:
        return _NARROW[char]
    return 0.7 if char.isupper() else 0.5


def _spread(needs: list[float], room: float) -> tuple[int, ...]:
    """Widths from needs: equal columns where they fit, the spare shared, a table too wide shrunk to the room."""
    stub, columns = needs[0], needs[1:]
    equal = [max(columns)] * len(columns)
    if stub + sum(equal) <= room:
        columns = equal
    total = stub + sum(columns)
    if total > room:
        return tuple(int(w * room / total) for w in (stub, *columns))
    target = min(room, max(LEAST_WIDTH * room, STRETCH * total))
    spare = (target - total) / (len(columns) + 1)
    return tuple(int(w + spare) for w in (stub, *columns))


def _stub_em(table: Table, lang: Lang) -> float:
    labels = [table.stub.text(lang), *(row.label.text(lang) for row in table.rows)]
    return max(em_width(fmt.clean(label)) for label in labels)


def _column_em(table: Table, column: int, lang: Lang) -> float:
    """What a column needs: its widest number, and the header as far as that cannot wrap."""
    body = max((em_width(fmt.text(row.cells[column], lang)) for row in table.rows), default=0.0)
    heads = [_unbreakable(fmt.text(c, lang)) for h in table.header for c in [_over(h, column)] if c.span == 1]
    return max(body, *heads, 1.0)


def _over(header: tuple[Cell, ...], column: int) -> Cell:
    """The header cell above a column."""
    cells: Iterator[Cell] = (c for c in header for _ in range(c.span))
    return [*cells][column]


def _unbreakable(words: str) -> float:
    """The longest word of a header; Chinese breaks anywhere past some characters."""
    return max((min(em_width(w), _HEADER_WRAP if _is_wide(w) else _WORD_WRAP) for w in words.split()), default=0.0)


def _is_wide(word: str) -> bool:
    return any(east_asian_width(c) in "WF" for c in word)


def _point(table: Table, column: int, lang: Lang, width: int, em: float) -> int:
    """Place of the decimal point so that the block of numbers, stars aside, is centred."""
    texts = [fmt.parts(row.cells[column], lang)[0] for row in table.rows if has_point(row.cells[column], lang)]
    halves = [t.partition(".") for t in texts]
    left = max((em_width(a) for a, _, _ in halves), default=0.0) * em
    right = max((em_width(f".{c}") for _, _, c in halves), default=0.0) * em
    room = width - 2 * PADDING
    return max(int(left), int((room - left - right) / 2 + left))


def has_point(cell: Cell, lang: Lang) -> bool:
    """Whether a cell's number lines up with the decimal points of its column."""
    return cell.kind in ("estimate", "paren", "number") and "." in fmt.parts(cell, lang)[0]
