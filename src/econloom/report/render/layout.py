"""How a table fits a page: widths of texts, size of type, orientation, widths of columns.

Widths are estimates in em for 宋体 with Times New Roman; the page is A4. A table that is too wide gets smaller type,
then a landscape page, and at last it is split into parts, each with the label column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from unicodedata import combining, east_asian_width

from econloom.core.labels import Lang
from econloom.core.table import Cell, Row, Table
from econloom.report import format as fmt

A4 = (11906, 16838)  # twips
MARGIN = 1134  # 2 cm
PADDING = 57  # on either side of a cell's text, 1 mm
GAP = 60  # least white between columns beside the padding
STUB_SHARE = 0.36  # a longer label wraps
LEAST_WIDTH = 0.6  # of the text width: narrower tables look lost below a centred title
STRETCH = 1.5  # most that a table is spread beyond what its texts need
_SMALLER = (9.0, 8.0, 7.5)  # points
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
    def upright(self) -> bool:
        """Whether the page is taller than wide."""
        return self.page[0] < self.page[1]

    @property
    def side(self) -> int:
        """White between the margin and the table, which is centred."""
        return (self.text_width - sum(self.widths)) // 2


@dataclass(frozen=True, slots=True)
class _Measured:
    """Widths of a table's texts in em, taken once."""

    stub: float
    columns: tuple[float, ...]

    def needs(self, size: float, room: float) -> list[float]:
        """Twips of the label column and each column at a type size."""
        em = 20 * size
        return [
            min(self.stub * em + 2 * PADDING, STUB_SHARE * room),
            *(c * em + 2 * PADDING + GAP for c in self.columns),
        ]


def fit(table: Table, lang: Lang, like: Layout | None = None) -> Layout:
    """The largest type and the upright page, if they hold the table; or the type and page of another layout."""
    measured = _measured(table, lang)
    for size, landscape in _choices(table.style.size) if like is None else [(like.size, not like.upright)]:
        page = (A4[1], A4[0]) if landscape else A4
        room = page[0] - 2 * MARGIN
        needs = measured.needs(size, room)
        if sum(needs) <= room:
            break
    widths = _spread(needs, room)
    points = tuple(_point(table, n, lang, width, 20 * size) for n, width in enumerate(widths[1:]))
    return Layout(size, page, widths, points)


def parts(table: Table, lang: Lang) -> tuple[Table, ...]:
    """The table, or where no page holds it in the smallest type, parts with some of its columns each.

    Groups of columns stay together as far as they fit. Only the last part has the notes.
    """
    measured = _measured(table, lang)
    room = A4[1] - 2 * MARGIN
    stub, *columns = measured.needs(_SMALLER[-1], room)
    if stub + sum(columns) <= room:
        return (table,)
    cuts = _packed(_units(table, columns, room - stub), columns, room - stub)
    made = [_columns(table, start, stop) for start, stop in cuts]
    return tuple(
        replace(part, continued=n > 0, notes=part.notes if n == len(made) - 1 else ()) for n, part in enumerate(made)
    )


def by_rows(table: Table, most: int) -> tuple[Table, ...]:
    """Parts of at most ``most`` rows, for pages that do not break tables; a bracket stays with its coefficient."""
    cuts = [0]
    for number, row in enumerate(table.rows):
        if number - cuts[-1] >= most - 1 and row.role != "paren":
            cuts.append(number)
    if len(cuts) == 1 or len(table.rows) <= most:
        return (table,)
    ends = [*cuts[1:], len(table.rows)]
    return tuple(
        replace(
            table,
            rows=table.rows[start:stop],
            continued=table.continued or n > 0,
            notes=table.notes if stop == len(table.rows) else (),
        )
        for n, (start, stop) in enumerate(zip(cuts, ends, strict=True))
    )


def _choices(size: float) -> list[tuple[float, bool]]:
    """Type sizes from the style's own downwards, upright and then landscape."""
    upright = [size, *(s for s in _SMALLER if s < size)]
    return [(s, False) for s in upright] + [(s, True) for s in upright if s <= 9.0 or s == upright[-1]]


def _units(table: Table, columns: Sequence[float], room: float) -> list[int]:
    """Lengths of runs of columns that belong together: the groups of the first header row that has some."""
    for header in table.header:
        if any(c.span > 1 for c in header):
            units: list[int] = []
            start = 0
            for cell in header:
                whole = sum(columns[start : start + cell.span]) <= room
                units += [cell.span] if whole else [1] * cell.span
                start += cell.span
            return units
    return [1] * len(columns)


def _packed(units: Sequence[int], columns: Sequence[float], room: float) -> list[tuple[int, int]]:
    """Neighbouring units in as few parts as hold them, each at least one unit."""
    found: list[tuple[int, int]] = []
    start = stop = 0
    for unit in units:
        if stop > start and sum(columns[start : stop + unit]) > room:
            found.append((start, stop))
            start = stop
        stop += unit
    return [*found, (start, stop)]


def _columns(table: Table, start: int, stop: int) -> Table:
    """Some neighbouring columns of a table."""
    headers = []
    for header in table.header:
        cells, at = [], 0
        for cell in header:
            shared = min(at + cell.span, stop) - max(at, start)
            if shared > 0:
                cells.append(replace(cell, span=shared))
            at += cell.span
        headers.append(tuple(cells))
    return replace(table, header=tuple(headers), rows=_rows(table, start, stop))


def _rows(table: Table, start: int, stop: int) -> tuple[Row, ...]:
    """The rows with something in these columns; a rule above a row that goes passes to the next one."""
    found: list[Row] = []
    ruled = False
    for row in table.rows:
        cells = row.cells[start:stop]
        if row.role != "panel" and all(c.kind == "empty" for c in cells):
            ruled = ruled or row.rule_above
            continue
        found.append(replace(row, cells=cells, rule_above=row.rule_above or ruled))
        ruled = False
    return tuple(found) or tuple(replace(row, cells=row.cells[start:stop]) for row in table.rows)


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


def _measured(table: Table, lang: Lang) -> _Measured:
    columns = tuple(_column_em(table, n, lang) for n in range(table.n_columns))
    return _Measured(_stub_em(table, lang), columns)


def _stub_em(table: Table, lang: Lang) -> float:
    labels = [table.stub.text(lang), *(row.label.text(lang) for row in table.rows if row.role != "panel")]
    return max(em_width(fmt.clean(label)) for label in labels)


def _column_em(table: Table, column: int, lang: Lang) -> float:
    """What a column needs: its widest number, and texts as far as they cannot wrap."""
    glyphs = fmt.typeset(table.style)
    body = max((_body_em(row.cells[column], lang, glyphs) for row in table.rows), default=0.0)
    heads = [_unbreakable(fmt.text(c, lang)) for h in table.header for c in [_over(h, column)] if c.span == 1]
    return max(body, *heads, 1.0)


def _body_em(cell: Cell, lang: Lang, glyphs: fmt.Glyphs) -> float:
    words = fmt.text(cell, lang, glyphs)
    return _unbreakable(words) if cell.kind == "text" else em_width(words)


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
    glyphs = fmt.typeset(table.style)
    cells = [row.cells[column] for row in table.rows]
    texts = [fmt.parts(c, lang, glyphs)[0] for c in cells if fmt.has_point(c, lang, glyphs)]
    halves = [t.partition(".") for t in texts]
    left = max((em_width(a) for a, _, _ in halves), default=0.0) * em
    right = max((em_width(f".{c}") for _, _, c in halves), default=0.0) * em
    room = width - 2 * PADDING
    return max(int(left), int((room - left - right) / 2 + left))
