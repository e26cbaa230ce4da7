"""A table as a grid of strings, before anybody knows what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

RIGHT, BELOW = "\x00", "\x01"  # continues the cell to the left, the cell above
PICTURE = "a picture, which cannot be read"
BROKEN = "numbers broken over lines, or rows of numbers without a label"
MOST_CELLS = 1_000_000
NOTE = re.compile(
    r"^\s*(?:注|备注|说明|资料来源|数据来源|来源|括号|"
    r"notes?\b|sources?\b|standard errors|robust standard|[tz][- ]stat|numbers in|\*+|"
    r"significan|p[- ]?values?|this table|the table|all (?:regressions|models|specifications)|本表)",
    re.IGNORECASE,
)
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")
_BLANKS = re.compile(r"[ \t\u00a0\u2000-\u200a\u3000]+")


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells of a table, rows of equal length; line ends inside a cell are kept.

    Attributes
    ----------
    rows : tuple of tuple of str
        ``RIGHT`` continues a merged cell to the right, ``BELOW`` downwards.
    title : str
        What stands above the table.
    notes : tuple of str
        What stands below it.
    where : str
        Its place in the file.
    lost : tuple of str
        Texts of the table of which the column is not clear.
    """

    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    notes: tuple[str, ...] = ()
    where: str = ""
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Box:
    """A cell that may cover several columns and rows."""

    text: str
    columns: int = 1
    rows: int = 1


def clean(text: str) -> str:
    """A cell without invisible signs and with single blanks; line ends stay.

    Examples
    --------
    >>> clean(" 11.55\\u200f  *** \\n (3.5) ")
    '11.55 ***\\n(3.5)'
    """
    lines = (_BLANKS.sub(" ", line).strip() for line in _INVISIBLE.sub("", text).splitlines())
    return "\n".join(line for line in lines if line)


def squared(rows: Iterable[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Rows filled up to equal length."""
    held = [tuple(r) for r in rows]
    width = max((len(r) for r in held), default=0)
    return tuple(r + ("",) * (width - len(r)) for r in held)


def spread(rows: Iterable[Sequence[Box]]) -> tuple[tuple[str, ...], ...]:
    """Merged cells as a grid.

    Examples
    --------
    >>> spread([[Box("a", rows=2), Box("b", columns=2)], [Box("c"), Box("d")]])
    (('a', 'b', '\\x00'), ('\\x01', 'c', 'd'))
    """
    open_: dict[int, int] = {}  # column -> rows that a cell above still covers
    made: list[list[str]] = []
    for boxes in rows:
        line: list[str] = []
        for box in boxes:
            _fill(line, open_)
            start = len(line)
            width = max(1, min(box.columns, MOST_CELLS))
            line += [box.text, *[RIGHT] * (width - 1)]
            if box.rows > 1:
                open_.update(dict.fromkeys(range(start, start + width), box.rows - 1))
        _fill(line, open_)
        made.append(line)
    return squared(made)


def _fill(line: list[str], open_: dict[int, int]) -> None:
    while open_.get(len(line), 0) > 0:
        open_[len(line)] -= 1
        line.append(BELOW)


def shown(cell: str) -> str:
    """The text of a cell; nothing where it continues another."""
    return "" if cell in {RIGHT, BELOW} else cell


def compact(rows: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Without rows and columns that hold nothing."""
    kept = [r for r in rows if any(shown(c) for c in r)]
    if not kept:
        return ()
    width = len(kept[0])
    columns = [n for n in range(width) if any(shown(r[n]) or r[n] == RIGHT for r in kept)]
    columns = [n for n in columns if any(shown(r[n]) for r in kept)]
    return tuple(tuple(r[n] for n in columns) for r in kept)


def filled(header: Sequence[Sequence[str]], stubs: int = 1) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """Header rows with merged cells repeated, and the labels of which the columns are not clear.

    Where nothing is merged a label holds up to the next one of its row, within the columns of one label above. Where a
    row merges or repeats its labels, its blanks are blanks; those of the last row always are. A label with blanks to
    both sides may be meant for all of them: it is kept over its own column alone, and listed.

    Parameters
    ----------
    header : sequence of rows
    stubs : int
        Columns of labels on the left.

    Examples
    --------
    >>> filled([["", "East", "", "West", ""], ["", "(1)", "(2)", "(3)", "(4)"]])[0][0]
    ('', 'East', 'East', 'West', 'West')
    >>> filled([["", "", "Outcome", ""], ["", "(1)", "(2)", "(3)"]])[1]
    ('Outcome',)
    """
    made: list[tuple[str, ...]] = []
    lost: list[str] = []
    ends = {stubs, len(header[0]) if header else stubs}
    for number, row in enumerate(header):
        above = made[-1] if made else ("",) * len(row)
        line = _repeated(row, above, stubs)
        if number < len(header) - 1 and not _explicit(row, stubs):
            cuts = sorted(ends)
            for start, end in pairwise(cuts):
                lost += _spread(line, start, end)
        if any(a and a == b for a, b in pairwise(line[stubs:])):
            ends |= {n for n in range(stubs + 1, len(line)) if line[n] != line[n - 1]}
        made.append(tuple(line))
    return tuple(made), tuple(lost)


def _repeated(row: Sequence[str], above: Sequence[str], stubs: int) -> list[str]:
    """A row with its merged cells repeated."""
    line: list[str] = []
    for n, cell in enumerate(row):
        if cell == BELOW:
            line.append(above[n])
        elif cell == RIGHT:
            line.append(line[-1] if n > stubs else "")
        else:
            line.append(cell)
    return line


def _explicit(row: Sequence[str], stubs: int) -> bool:
    """Whether a row itself says how far its labels reach."""
    cells = row[stubs:]
    return RIGHT in cells or any(a == b and shown(a) for a, b in pairwise(cells))


def _spread(line: list[str], start: int, end: int) -> list[str]:
    """Write labels into the blanks right of them, between two columns; return those that are not clear."""
    held = [n for n in range(start, end) if line[n]]
    followed = [n for n in held if n + 1 < end and not line[n + 1]]
    if held and held[0] > start and followed:
        return [line[n] for n in followed]
    for n in range(start + 1, end):
        line[n] = line[n] or line[n - 1]
    return []
