"""Where the table stands on a sheet or in a text: titles above it, rows of its header, notes below it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from econloom.core.errors import DataError, listed
from econloom.data.readers.cells import MISSING
from econloom.data.readers.report import Remark

Cell = object  # None where there is nothing, else a text, number, date or truth value
Row = Sequence[Cell]
LOOK = 60  # rows that are looked at for the header
_NUMBER = re.compile(r"[+\-]?(\d[\d,]*\.?\d*|\.\d+)([eE][+\-]?\d+)?%?\Z")
_YEAR = re.compile(r"(1[5-9]|20|21)\d{2}(\.0)?\s*(年|年度)?\Z")
_NOTE_WORDS = "注|说明|备注|附注|资料来源|数据来源|来源|本表|单位|制表|notes?|sources?|data sources?|remarks?"
_NOTE = re.compile(
    rf"\s*[（(\[【]?\s*({_NOTE_WORDS})\s*[\d一二三]*\s*[)）】\]]?\s*([:：.、,，\s]|$)"
    r"|\s*([*＊※†①②③]|\d[、.)）]\s*\D)",
    re.IGNORECASE,
)
_UNIT = re.compile(r"\s*[（(\[]?\s*(单位\s*[:：]\s*)?(没有单位|百分比|％|%|[\w/·.%％²³\s]{1,12})\s*[)）\]]?\s*\Z")
_UNIT_IN_NAME = re.compile(r"(.+?)\s*[（(\[]\s*(?:单位\s*[:：]\s*)?([^（）()\[\]]{1,16})\s*[)）\]]\Z", re.DOTALL)
_WIDE_DIGITS = str.maketrans({chr(c): chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F)})


class Spread(str):
    """The text of a merged range; the same object stands in each of its cells."""

    __slots__ = ()


def _one(a: Cell, b: Cell) -> bool:
    """Whether two cells belong to one merged range."""
    return isinstance(a, Spread) and a is b


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a table.

    Attributes
    ----------
    rows : tuple of int
        Its rows, from 0; empty where the table has none.
    names : tuple of str
        One for each column; None for a column without name and content.
    labels : mapping of str to str
        Texts of a second row that describes the columns.
    body : int
        First row of the data.
    remarks : tuple of Remark
    """

    rows: tuple[int, ...]
    names: tuple[str | None, ...]
    labels: Mapping[str, str]
    body: int
    remarks: tuple[Remark, ...]


def find_header(rows: Sequence[Row], width: int, where: str, given: tuple[int, ...] | None = None) -> Header:
    """Find the header in the first rows of a table.

    Parameters
    ----------
    rows : sequence of rows
        The first rows, each padded to ``width``; cells of merged ranges repeat the text of the range.
    given : tuple of int, optional
        Row numbers from 1 that the user names; empty for none.

    Raises
    ------
    DataError
        No header can be told from the data, or two columns have one name.
    """
    if given == ():
        places = tuple(f"column_{n + 1}" for n in range(width))
        return Header((), places, {}, 0, (Remark("header", "no header: columns named by their place"),))
    first = given[0] - 1 if given else _first(rows, width, where)
    if first >= len(rows):
        raise DataError(f"{where}: the header should be in row {first + 1}, but there are {len(rows)} rows")
    count = len(given) if given else _height(rows, first)
    chosen = tuple(range(first, first + count))
    remarks = _titles(rows[:first])
    body = first + count
    names = _names([rows[n] for n in chosen], width)
    if count > 1:
        shown = [n for n in names if n][:3]
        text = f"rows {first + 1} to {first + count} joined to names such as {listed(map(repr, shown))}"
        remarks.append(Remark("header", text))
    labels: dict[str, str] = {}
    if given is None:
        extra = _label_rows(rows, body, width)
        labels = _labels(names, [rows[n] for n in extra])
        body += len(extra)
        if extra:
            remarks.append(Remark("header", f"row {listed(n + 1 for n in extra)} taken as labels of the columns"))
    named, said = _all_named(names, rows[body:], where)
    return Header(chosen, named, labels, body, (*remarks, *said))


_SURE_NOTE = re.compile(rf"\s*[（(\[【]?\s*({_NOTE_WORDS})\s*[\d一二三]*\s*[)）】\]]?\s*[:：]", re.IGNORECASE)


def is_note(row: Row, width: int) -> bool:
    """Whether a row below a table is a note or a source and not data."""
    filled = [c for c in row if not empty(c)]
    if not filled or not isinstance(filled[0], str):
        return False
    if _SURE_NOTE.match(filled[0]):
        return True
    if all(is_number(c) for c in filled[1:]) and len(filled) > max(2, width // 2):
        return False
    if _NOTE.match(filled[0]) and not (len(filled) > 1 and any(is_number(c) for c in filled[1:])):
        return True
    if width < 2 or len(filled) > 1:
        return False
    text = filled[0].strip()
    return len(text) > 15 or bool(re.search(r"[。：；!！]|: ", text))


def empty(cell: Cell) -> bool:
    """Whether a cell holds nothing, or only blanks."""
    return cell is None or (isinstance(cell, str) and not cell.strip(" \t\r\n\u3000\u00a0\ufeff"))


def is_number(cell: Cell) -> bool:
    """Whether a cell is a number, or a text that is one."""
    if isinstance(cell, bool):
        return False
    if isinstance(cell, int | float):
        return True
    return isinstance(cell, str) and bool(_NUMBER.match(_half_width(cell)))


def is_year(cell: Cell) -> bool:
    """Whether a cell is a year: 2010, 2010.0, ``2010年``."""
    if isinstance(cell, bool) or cell is None:
        return False
    if isinstance(cell, int | float):
        return cell == int(cell) and 1500 <= cell < 2200 if cell == cell and abs(cell) < 1e9 else False
    return isinstance(cell, str) and bool(_YEAR.match(_half_width(cell)))


def split_unit(name: str) -> tuple[str, str | None]:
    """``GDP（亿元）`` to its name and its unit."""
    found = _UNIT_IN_NAME.match(name)
    return (found.group(1), found.group(2)) if found else (name, None)


def _half_width(text: str) -> str:
    return text.strip(" \t\r\n\u3000\u00a0").translate(_WIDE_DIGITS)


def _first(rows: Sequence[Row], width: int, where: str) -> int:
    """The first row that is as filled as the table is: titles have one cell."""
    counts = [_filled(r) for r in rows[:LOOK]]
    usual = Counter(c for c in counts if c > 0).most_common(1)
    enough = 1 if width == 1 else max(2, min((usual[0][0] if usual else 1), width) // 2)
    for n, row in enumerate(rows[:LOOK]):
        covered = sum(not empty(c) for c in row)
        if (covered >= enough and _filled(row) >= min(2, enough)) or (n + 1 < len(rows) and _joins(row, rows[n + 1])):
            break
    else:
        raise DataError(f"{where}: no header found in the first {LOOK} rows", hint="say header: the row number")
    cells = [c for c in rows[n] if not empty(c)]
    if all(is_number(c) or _is_mark(c) for c in cells) and not all(is_year(c) for c in cells[1:] or [None]):
        raise DataError(
            f"{where}: row {n + 1} looks like data, not like a header: {listed(cells, 4)}",
            hint="say header: the row number, or header: none",
        )
    return n


def _filled(row: Row) -> int:
    """Distinct filled cells; a merged range counts once."""
    return len([n for n, c in enumerate(row) if not empty(c) and not (n and _one(c, row[n - 1]))])


def _joins(row: Row, below: Row) -> bool:
    """Whether a row with gaps stands over a row that fills them: two rows of one header."""
    over = sum(1 for a, b in zip(row, below, strict=True) if empty(a) and not empty(b))
    return _filled(row) >= 2 and over > 0 and all(_heads(c) for c in below if not empty(c))


def _heads(cell: Cell) -> bool:
    """Whether a cell can stand in a header."""
    return is_year(cell) or (isinstance(cell, str) and not is_number(cell) and not _is_mark(cell))


def _height(rows: Sequence[Row], first: int) -> int:
    """Rows of the header: more than one where merged cells or gaps of one are filled by the next."""
    height = 1
    while first + height + 1 < len(rows) and height < 4:
        upper, below = rows[first + height - 1], rows[first + height]
        if empty_row(below) or not all(_heads(c) for c in below if not empty(c)):
            break
        spread = any(_one(c, left) for c, left in zip(upper[1:], upper, strict=False))
        gaps = any(empty(a) and not empty(b) for a, b in zip(upper, below, strict=True))
        hanging = any(_one(a, b) for a, b in zip(upper, below, strict=True))
        if not (spread or gaps or hanging) or not _data_below(rows, first + height):
            break
        height += 1
    return height


def _data_below(rows: Sequence[Row], row: int) -> bool:
    """Whether the rows after ``row`` hold numbers where ``row`` itself holds texts or years."""
    return any(
        _heads(cell) and any(is_number(r[n]) and not is_year(r[n]) for r in rows[row + 1 : row + 4])
        for n, cell in enumerate(rows[row])
        if not empty(cell)
    )


def empty_row(row: Row) -> bool:
    """Whether a row holds nothing."""
    return all(empty(c) for c in row)


def _label_rows(rows: Sequence[Row], body: int, width: int) -> list[int]:
    """Rows below the names that describe columns of numbers: Chinese labels and units, as data vendors give them."""
    for count in (2, 1):
        block, after = rows[body : body + count], [r for r in rows[body + count : body + count + 6] if not empty_row(r)]
        if len(block) < count or not after or not all(_describes(row, after, width) for row in block):
            continue
        texts = [c for c in block[0] if not empty(c)]
        if len(set(texts)) == len(texts):  # labels differ; a word for missing values repeats
            return list(range(body, body + count))
    return []


def _describes(row: Row, after: Sequence[Row], width: int) -> bool:
    """Whether a row holds only texts, over two columns or more, a third of them at least, that hold only numbers."""
    filled = [n for n, c in enumerate(row) if not empty(c)]
    if len(filled) < max(2, width // 2) or not all(_is_label(row[n]) for n in filled):
        return False
    numbers = [n for n in filled if any(is_number(r[n]) for r in after)]
    clear = [n for n in numbers if all(empty(r[n]) or is_number(r[n]) or _is_mark(r[n]) for r in after)]
    return len(numbers) >= max(2, len(filled) // 3) and len(clear) == len(numbers)


def _is_label(cell: Cell) -> bool:
    return isinstance(cell, str) and not is_number(cell) and not _is_mark(cell) and not cell.startswith("#")


def _is_mark(cell: Cell) -> bool:
    return isinstance(cell, str) and _half_width(cell).lower() in MISSING


def _labels(names: Sequence[str | None], rows: Sequence[Row]) -> dict[str, str]:
    made: dict[str, str] = {}
    for n, name in enumerate(names):
        texts = [str(r[n]).strip() for r in rows if not empty(r[n])]
        texts = [t for t in texts if t not in ("没有单位", "无单位")]
        if name and texts:
            unit = texts[1] if len(texts) > 1 and _UNIT.match(texts[1]) else None
            made[name] = f"{texts[0]}（{unit.strip('（）()[]')}）" if unit else texts[0]
    return made


def _titles(rows: Sequence[Row]) -> list[Remark]:
    made = []
    for n, row in enumerate(rows):
        texts = list(dict.fromkeys(str(c).strip() for c in row if not empty(c)))
        if texts:
            made.append(Remark("notes", f"row {n + 1} above the table left out: {' '.join(texts)[:80]!r}"))
    return made


def _names(rows: Sequence[Row], width: int) -> tuple[str | None, ...]:
    """Names of the columns, the rows of the header joined by ``_``; a gap takes the text to its left."""
    levels = []
    for depth, row in enumerate(rows):
        texts = [None if empty(c) else _name(c) for c in row]
        if depth < len(rows) - 1:
            for n in range(1, width):
                below = any(not empty(r[n]) for r in rows[depth + 1 :])
                hangs = any(_one(r[n], row[n - 1]) for r in rows[depth + 1 :])
                if texts[n] is None and below and not hangs and not _stands_alone(rows, depth, n - 1):
                    texts[n] = texts[n - 1]
        levels.append(texts)
    made: list[str | None] = []
    for n in range(width):
        parts = [level[n] for level in levels if level[n] is not None]
        made.append("_".join(dict.fromkeys(p for p in parts if p)) or None)
    return tuple(made)


def _stands_alone(rows: Sequence[Row], depth: int, column: int) -> bool:
    """Whether a cell of the header has nothing of its own below, so that it is one column's and spans no others."""
    return all(empty(r[column]) or _one(r[column], rows[depth][column]) for r in rows[depth + 1 :])


def _name(cell: Cell) -> str:
    if is_year(cell):
        return str(int(float(re.sub(r"\s*(年|年度)\Z", "", _half_width(str(cell))))))
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    text = re.sub(r"\s*[\r\n]+\s*", "", str(cell)) if re.search(r"[\r\n]", str(cell)) else str(cell)
    return text.strip(" \t\u3000\u00a0\ufeff")


def _all_named(
    names: Sequence[str | None], body: Sequence[Row], where: str
) -> tuple[tuple[str | None, ...], list[Remark]]:
    """Every column with content has a name, and no two have the same."""
    made = list(names)
    said = []
    for n, name in enumerate(names):
        if name is None and any(not empty(r[n]) for r in body):
            made[n] = f"column_{n + 1}"
            said.append(Remark("header", "a column without a name", made[n]))
    taken = Counter(n for n in made if n is not None)
    twice = [n for n, count in taken.items() if count > 1]
    if twice:
        columns = [n + 1 for n, name in enumerate(made) if name == twice[0]]
        raise DataError(
            f"{where}: several columns are called {listed(map(repr, twice))} (columns {listed(columns)})",
            hint="rename all but one, or say header: [first row, last row] where the header has more rows",
        )
    return tuple(made), said
