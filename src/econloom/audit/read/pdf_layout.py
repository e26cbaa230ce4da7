"""From words with places to grids: lines, columns by the alignment of numbers, heads by what they stand above."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from econloom.audit.read.cells import parse
from econloom.audit.read.grid import BROKEN, NOTE, RIGHT, Grid, clean, squared
from econloom.audit.words import is_dash

_TITLE = re.compile(r"^\s*(?:续?附?表|table)\s*[\dA-Z一二三四五六七八九十]", re.IGNORECASE)
_TOUCHING = 0.15  # heights between words that are one: a number and its stars
_BLANK = 0.5  # heights between words of one cell
_PARTED = 2.6  # line pitches between the lines of one table
_PROSE = 9  # words of one cell beyond which it is a sentence
_SIGNS = frozenset("-−–([{")
_NEAR = 1.5  # heights by which a head may stand beside the numbers that it names


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its place on the page, in points from the upper left corner."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """Of its box."""
        return max(self.bottom - self.top, 0.1)


@dataclass(frozen=True, slots=True)
class Page:
    """The words of a page."""

    width: float
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """Words that stand together on a line."""

    text: str
    left: float
    right: float
    height: float

    @property
    def middle(self) -> float:
        """Between its ends."""
        return (self.left + self.right) / 2

    @property
    def number(self) -> bool:
        """Whether it is a number."""
        return parse(self.text).numeric


@dataclass(frozen=True, slots=True)
class Line:
    """A line of cells from the left."""

    top: float
    bottom: float
    cells: tuple[Cell, ...]

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(c.text for c in self.cells)

    @property
    def prose(self) -> bool:
        """Whether it is a line of a paragraph."""
        return len(self.cells) <= 2 and any(len(c.text.split()) >= _PROSE or len(c.text) > 60 for c in self.cells)

    @property
    def numbers(self) -> bool:
        """Whether it holds a number right of a label or of the margin."""
        return any(c.number for c in self.cells[1:]) or (len(self.cells) == 1 and self.cells[0].number)


def grids(page: Page, where: str) -> list[Grid]:
    """The tables of a page, from the top.

    Examples
    --------
    >>> rows = (("x", "0.50***"), ("", "(0.10)"), ("N", "615"))
    >>> words = tuple(Word(t, 50 + 100 * k, 100 + 12 * n, 50 + 100 * k + 5 * len(t), 110 + 12 * n)
    ...               for n, row in enumerate((("", "(1)"), *rows)) for k, t in enumerate(row) if t)
    >>> grids(Page(600, words), "p")[0].rows
    (('', '(1)'), ('x', '0.50***'), ('', '(0.10)'), ('N', '615'))
    """
    return [g for half in _halves(page) for g in _tables(lines(half), where)]


def lines(words: Sequence[Word]) -> list[Line]:
    """Words as lines from the top; a raised star stays on its line."""
    held: list[tuple[float, float, list[Word]]] = []
    for word in sorted(words, key=lambda w: (-round(w.height), w.top)):
        best = max(held, key=lambda h: _overlap(word, h[0], h[1]), default=None)
        if best is not None and _overlap(word, best[0], best[1]) >= 0.5:
            best[2].append(word)
        else:
            held.append((word.top, word.bottom, [word]))
    return [Line(t, b, tuple(_cells(ws))) for t, b, ws in sorted(held, key=lambda h: h[0])]


def _overlap(word: Word, top: float, bottom: float) -> float:
    """The share of the lower one of a word and a line that both have in common."""
    return (min(word.bottom, bottom) - max(word.top, top)) / min(word.height, bottom - top)


def _cells(words: Sequence[Word]) -> list[Cell]:
    made: list[Cell] = []
    for w in sorted(words, key=lambda w: w.left):
        last = made[-1] if made else None
        gap = w.left - last.right if last else 0.0
        height = max(w.height, last.height) if last else w.height
        if (
            last is not None
            and gap < _BLANK * height
            and not (last.number and parse(w.text).numeric and gap > 0.3 * height)
        ):
            whole = gap < _TOUCHING * height or _wide(last.text[-1]) or _wide(w.text[0])
            text = f"{last.text}{'' if whole else ' '}{w.text}"
            made[-1] = Cell(text, last.left, max(last.right, w.right), height)
        else:
            made.append(Cell(w.text, w.left, w.right, w.height))
    return [c for c in made if (clean(c.text))]


def _wide(letter: str) -> bool:
    """Whether a letter is Chinese: no blank stands beside it."""
    return letter > "\u2e7f"


def _halves(page: Page) -> list[Sequence[Word]]:
    """The two columns of a page that is set in two, else the page: sentences to both sides of an empty middle."""
    middle = page.width / 2
    if any(w.left < middle < w.right for w in page.words):
        crossed = sum(w.left < middle < w.right for w in page.words)
        if crossed > 0.02 * len(page.words):
            return [page.words]
    sides = [
        [w for w in page.words if (w.left + w.right) / 2 < middle],
        [w for w in page.words if (w.left + w.right) / 2 >= middle],
    ]
    sentences = [sum(any(len(c.text.split()) >= 5 for c in line.cells) for line in lines(side)) for side in sides]
    return list(sides) if min(sentences) >= 8 else [page.words]


def _tables(found: Sequence[Line], where: str) -> list[Grid]:
    pitch = _pitch(found)
    made: list[Grid] = []
    n = 0
    while n < len(found):
        if not _starts(found, n):
            n += 1
            continue
        end = _end(found, n, pitch)
        body = found[n:end]
        if sum(line.numbers for line in body) >= 2:
            title = _title(found, n)
            notes, after = _notes(found, end, pitch)
            made.append(_grid(body, title, notes, where))
            end = after
        n = max(end, n + 1)
    return made


def _pitch(found: Sequence[Line]) -> float:
    gaps = [b.top - a.top for a, b in pairwise(found) if b.top - a.top > 1]
    return median(gaps) if gaps else 12.0


def _starts(found: Sequence[Line], n: int) -> bool:
    """A line of cells, or of one head right of what stands below it, with numbers soon after."""
    line = found[n]
    if line.prose or _TITLE.match(line.text) or not any(x.numbers for x in found[n : n + 6]):
        return False
    return len(line.cells) >= 2 or any(
        len(x.cells) >= 2 and line.cells[0].left > x.cells[0].right for x in found[n + 1 : n + 3]
    )


def _end(found: Sequence[Line], start: int, pitch: float) -> int:
    n = start + 1
    while n < len(found):
        line = found[n]
        parted = line.top - found[n - 1].top > _PARTED * pitch
        if (
            parted
            or line.prose
            or _TITLE.match(line.text)
            or (NOTE.match(line.text) and not (line.numbers and len(line.text.split()) < _PROSE))
        ):
            break
        n += 1
    while n > start + 1 and len(found[n - 1].cells) == 1 and any(c.isalpha() for c in found[n - 1].text):
        n -= 1
    return n


def _title(found: Sequence[Line], start: int) -> str:
    return next((line.text for line in reversed(found[max(0, start - 4) : start]) if _TITLE.match(line.text)), "")


def _notes(found: Sequence[Line], end: int, pitch: float) -> tuple[list[str], int]:
    """The lines below that belong to a table: from a note on, up to a gap or the next title."""
    if end >= len(found) or not NOTE.match(found[end].text):
        return [], end
    n = end + 1
    while n < len(found) and found[n].top - found[n - 1].top <= 1.8 * pitch and not _TITLE.match(found[n].text):
        n += 1
    texts = [line.text for line in found[end:n]]
    return [_joined(texts)], n


def _joined(texts: Sequence[str]) -> str:
    """Lines of a paragraph; between Chinese letters without a blank."""
    made = ""
    for text in texts:
        wide = made and text and made[-1] > "\u2e7f" and text[0] > "\u2e7f"
        made += text if wide or not made else f" {text}"
    return made


def _grid(body: Sequence[Line], title: str, notes: Sequence[str], where: str) -> Grid:
    margin = min(c.left for line in body for c in line.cells)
    labels = [
        line.cells[0].left < margin + _NEAR * line.cells[0].height and not _precise(line.cells[0].text) for line in body
    ]
    columns = _columns(body, labels)
    heads = next((n for n, line in enumerate(body) if any(_precise(c.text) for c in line.cells)), len(body))
    rows: list[list[str]] = []
    lost: list[str] = []
    for n, (line, labelled) in enumerate(zip(body, labels, strict=True)):
        label, cells = (line.cells[0].text, line.cells[1:]) if labelled else ("", line.cells)
        row = [""] * len(columns)
        groups = _parted_by(cells, columns) if n < heads and len(cells) < len(columns) else None
        for k, cell in enumerate(cells):
            _place(cell, columns, row, lost, groups[k] if groups else None)
        rows.append([label, *row])
    rows = _mended(rows)
    broken = [c for r in rows for c in r[1:] if _unbalanced(c) or c in _SIGNS or c.startswith(".")]
    broken += [c for r in rows if not r[0] for c in r[1:] if _bare(c)] if sum(bool(r[0]) for r in rows) > 1 else []
    if broken:
        return Grid(((f"{BROKEN}: {broken[0]!r}",),), title, tuple(notes), where)
    return Grid(squared(rows), title, tuple(notes), where, tuple(lost))


def _mended(rows: Sequence[list[str]]) -> list[list[str]]:
    """Rows with the cells put together that were broken over two lines: ``(`` and ``0.046)``, ``0`` and ``.0001``."""
    made: list[list[str]] = []
    for row in rows:
        joined = [n for n in range(1, len(row)) if made and _goes_on(made[-1][n], row[n])]
        if not joined:
            made.append(list(row))
            continue
        for n in joined:
            made[-1][n] += row[n]
        rest = ["" if n in joined else c for n, c in enumerate(row)]
        if not any(rest[1:]):
            made[-1][0] = f"{made[-1][0]} {rest[0]}".strip()
        else:
            made.append(rest)
    return made


def _goes_on(above: str, below: str) -> bool:
    """Whether a cell is the end of the one above it."""
    if not above or not below:
        return False
    ends = below.startswith(".") or set(below) <= {"*"} or (_unbalanced(below) and below[-1] in ")]}")
    return above in _SIGNS or (_unbalanced(above) and above[0] in "([{") or (ends and any(c.isdigit() for c in above))


def _unbalanced(text: str) -> bool:
    """Whether brackets open or close that do not close or open."""
    return any(text.count(a) != text.count(b) for a, b in ("()", "[]", "{}")) and not any(c.isalpha() for c in text)


def _bare(text: str) -> bool:
    """Whether a cell is a number with decimals outside of brackets."""
    number = parse(text).number
    return number is not None and "." in text


def _columns(body: Sequence[Line], labels: Sequence[bool]) -> list[tuple[float, float]]:
    """Where the columns of numbers stand: runs of numbers that overlap from line to line."""
    spans = sorted(
        (c.left, c.right)
        for line, labelled in zip(body, labels, strict=True)
        for c in line.cells[int(labelled) :]
        if c.number
    )
    merged: list[tuple[float, float]] = []
    for left, right in spans:
        if merged and left < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], right))
        else:
            merged.append((left, right))
    return merged


def _precise(text: str) -> bool:
    """Whether a cell holds a number with decimals, or in brackets with them: the body has begun."""
    return "." in text and parse(text).numeric


def _parted_by(cells: Sequence[Cell], columns: Sequence[tuple[float, float]]) -> list[tuple[int, int]] | None:
    """The one way to part all columns into groups with a head in the middle of each; None if there is none or two."""
    ways: list[list[tuple[int, int]]] = [[]]
    for number, cell in enumerate(cells):
        last = number == len(cells) - 1
        ways = [
            [*way, (start, end)]
            for way in ways
            for start in (way[-1][1] if way else 0,)
            for end in ((len(columns),) if last else range(start + 1, len(columns) - (len(cells) - number - 2)))
            if start < end and _fits(cell, columns[start:end])
        ][:100]
    return ways[0] if len(ways) == 1 and cells else None


def _fits(cell: Cell, group: Sequence[tuple[float, float]]) -> bool:
    return bool(group) and abs((group[0][0] + group[-1][1]) / 2 - cell.middle) < _NEAR * cell.height


def _place(
    cell: Cell, columns: Sequence[tuple[float, float]], row: list[str], lost: list[str], group: tuple[int, int] | None
) -> None:
    """A cell under its column: the group that it heads, the column that it overlaps, or the one that it stands beside.

    A head in the middle of a group and over its middle column may mean either.
    """
    over = [n for n, (left, right) in enumerate(columns) if cell.left < right and cell.right > left]
    gaps = [max(left - cell.right, cell.left - right) for left, right in columns]
    over = over or [n for n, gap in enumerate(gaps) if gap < _NEAR * cell.height]
    if group is not None and group[1] - group[0] > 1:
        alone = any(_fits(cell, columns[n : n + 1]) for n in range(*group))
        over = [] if alone else list(range(*group))
    if not over or (len(over) > 1 and any(c.isdigit() for c in cell.text)) or any(row[n] for n in over):
        lost.append(cell.text)
        return
    row[over[0]] = "" if is_dash(cell.text) else cell.text
    for n in over[1:]:
        row[n] = RIGHT
