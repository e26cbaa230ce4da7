"""The plan of a grid: title, header, labels, body, notes, and what kind of table it is."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from econloom.audit.paper import Column, TableKind
from econloom.audit.read.cells import parse
from econloom.audit.read.grid import BROKEN, NOTE, PICTURE, RIGHT, Grid, compact, filled, shown
from econloom.audit.words import folded, head_of, piece_of, role_of, said_yes

_NUMBER_HEAD = re.compile(r"\(?\d{1,3}[a-z]?\)?|\(?[ivx]{1,5}\)?|model\d{1,3}|模型\(?\d{1,3}\)?|\(?m\d{1,3}\)?")
_ROMAN = {
    "i": 1,
    "ii": 2,
    "iii": 3,
    "iv": 4,
    "v": 5,
    "vi": 6,
    "vii": 7,
    "viii": 8,
    "ix": 9,
    "x": 10,
    "xi": 11,
    "xii": 12,
}
_YEAR = re.compile(r"(?:1[89]|20)\d\d年?")
_STUB = frozenset(
    {"变量", "variable", "variables", "变量名", "变量名称", "", "指标", "解释变量", "模型", "model", "var.", "名称"}
)
_MOMENTS = frozenset({"mean", "sd", "min", "max", "median", "variance"})


@dataclass(frozen=True, slots=True)
class Layout:
    """A grid taken apart.

    Attributes
    ----------
    title : str
    header : tuple of tuple of str
        Header cells of the data columns, merged ones repeated.
    labels : tuple of str
        Of the body rows.
    groups : tuple of str
        A label column to the left of the labels, such as panels; empty where there is none.
    body : tuple of tuple of str
        Cells of the data columns.
    notes : tuple of str
    kind : str
    columns : tuple of Column
    lost : tuple of str
        Texts of which the column is not clear.
    """

    title: str
    header: tuple[tuple[str, ...], ...]
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    body: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    kind: TableKind
    columns: tuple[Column, ...]
    lost: tuple[str, ...] = ()


def plan(grid: Grid) -> Layout | str:
    """Take a grid apart, or say why it is no table of numbers."""
    rows = compact(grid.rows)
    if len(rows) == 1 and len(rows[0]) == 1 and rows[0][0].startswith((PICTURE, BROKEN)):
        return rows[0][0]
    titles, rows = _leading(rows)
    notes, rows = _trailing(rows)
    title = " ".join([grid.title, *titles]).strip()
    if not rows or len(rows[0]) < 2:
        return "no table: fewer than two columns or no rows"
    if not any(_real(c) for r in rows for c in r[1:]):
        return "a table of words: no number in it"
    depth = _header_depth(rows)
    if depth >= len(rows):
        return "only a header, no rows of numbers"
    stubs = _stubs(rows[depth:])
    heads, lost = filled(rows[:depth], stubs)
    header = tuple(h[stubs:] for h in heads)
    body = tuple(tuple(shown(c) for c in r[stubs:]) for r in rows[depth:])
    labels, groups = _labels(rows[depth:], stubs)
    columns = _columns(header, len(body[0]))
    kind = _kind(header, labels, body)
    return Layout(title, header, labels, groups, body, (*notes, *grid.notes), kind, columns, (*lost, *grid.lost))


def _real(cell: str) -> bool:
    return parse(shown(cell)).numeric


def _leading(rows: tuple[tuple[str, ...], ...]) -> tuple[list[str], tuple[tuple[str, ...], ...]]:
    """Rows on top that hold one text."""
    titles: list[str] = []
    while len(rows) > 1 and (words := _alone(rows[0])) is not None and not _real(rows[0][0]):
        titles.append(words)
        rows = rows[1:]
    return titles, rows


def _trailing(rows: tuple[tuple[str, ...], ...]) -> tuple[list[str], tuple[tuple[str, ...], ...]]:
    """Rows at the end that hold one text which reads like a note."""
    notes: list[str] = []
    while rows and (words := _alone(rows[-1])) is not None and (NOTE.match(words) or len(words) > 40):
        notes.insert(0, words)
        rows = rows[:-1]
    return notes, rows


def _alone(row: Sequence[str]) -> str | None:
    held = [shown(c) for c in row if shown(c)]
    return held[0] if len(held) == 1 and shown(row[0]) else None


def _header_depth(rows: Sequence[Sequence[str]]) -> int:
    """How many rows on top are heads: those before the first row of numbers that are no column numbers or years.

    A row without cells below the last head is a heading of the body.
    """
    depth = 0
    for number, row in enumerate(rows):
        cells = [shown(c) for c in row[1:] if shown(c)]
        if not cells:
            continue
        if not _is_head(row, cells, number == 0):
            return depth
        depth = number + 1
    return len(rows)


def _is_head(row: Sequence[str], cells: Sequence[str], first: bool) -> bool:
    if _numbers_of_columns(cells) or (first and all(_plain(c) for c in cells)):
        return True
    if all(_YEAR.fullmatch(folded(c)) for c in cells) and folded(shown(row[0])) in _STUB:
        return True
    return not any(parse(c).numeric for c in cells) and not _foot(row)


def _plain(cell: str) -> bool:
    """A word, a year, a column number: what a head may be."""
    return not parse(cell).numeric or _YEAR.fullmatch(folded(cell)) is not None


def _foot(row: Sequence[str]) -> bool:
    cells = [shown(c) for c in row[1:] if shown(c)]
    return bool(shown(row[0])) and bool(cells) and all(said_yes(c) is not None for c in cells)


def _numbers_of_columns(cells: Sequence[str]) -> bool:
    """(1) (2) (3), or I II III."""
    words = [folded(c) for c in cells]
    if not all(_NUMBER_HEAD.fullmatch(w) for w in words):
        return False
    numbers = [column_number(w) for w in words]
    return all(n is not None for n in numbers) and all(
        b - a in {0, 1} for a, b in itertools.pairwise(numbers) if a is not None and b is not None
    )


def column_number(word: str) -> int | None:
    """The number of a column's head, or None.

    Examples
    --------
    >>> column_number("（3）"), column_number("模型2"), column_number("IV"), column_number("OLS")
    (3, 2, 4, None)
    """
    text = folded(word)
    if not _NUMBER_HEAD.fullmatch(text):
        return None
    digits = re.search(r"\d+", text)
    return int(digits[0]) if digits else _ROMAN.get(text.strip("()"))


def _stubs(body: Sequence[Sequence[str]]) -> int:
    """How many columns on the left hold labels."""
    if len(body[0]) < 4:
        return 1
    second = [shown(r[1]) for r in body if shown(r[1])]
    words = [c for c in second if not parse(c).numeric and said_yes(c) is None and parse(c).problem]
    return 2 if second and len(words) > 0.6 * len(second) else 1


def _labels(body: Sequence[Sequence[str]], stubs: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    first = [" ".join(shown(r[0]).split()) for r in body]
    if stubs == 1:
        return tuple(first), ()
    second = [" ".join(shown(r[1]).split()) for r in body]
    sparse = sum(bool(s) and not f for f, s in zip(first, second, strict=True)) > 0.4 * max(1, sum(map(bool, second)))
    if not sparse:
        return tuple(f or s for f, s in zip(first, second, strict=True)), ()
    groups, last = [], ""
    for f in first:
        last = f or last
        groups.append(last)
    labels = tuple(s or (f if role_of(f) else "") for f, s in zip(first, second, strict=True))
    return labels, tuple(groups)


def _columns(header: Sequence[Sequence[str]], width: int) -> tuple[Column, ...]:
    """Columns with ids: their printed numbers, else their heads, else their place."""
    heads = [tuple(h[n].replace("\n", " ") for h in header if h[n] and h[n] != RIGHT) for n in range(width)]
    numbered = [next((str(k) for h in head if (k := column_number(h)) is not None), "") for head in heads]
    lowest = [head[-1] if head else "" for head in heads]
    for candidate in (numbered, lowest, [" / ".join(dict.fromkeys(h)) for h in heads]):
        if all(candidate) and len(set(candidate)) == width:
            ids = candidate
            break
    else:
        ids = [str(n) for n in range(1, width + 1)]
    made = []
    for id_, head in zip(ids, heads, strict=True):
        words = tuple(h for h in dict.fromkeys(head) if column_number(h) is None)
        made.append(Column(id_, words))
    return tuple(made)


def _kind(header: Sequence[Sequence[str]], labels: Sequence[str], body: Sequence[Sequence[str]]) -> TableKind:
    lowest = header[-1] if header else ()
    across, down = ({head_of(x) for x in words} for words in (lowest, labels))
    if len(across & _MOMENTS) >= 2 or len(down & _MOMENTS) >= 2:
        return "descriptive"
    pieces = {piece_of(x) for x in lowest}
    if "coefficient" in pieces and pieces & {"se", "t", "p", "low", "ci"}:
        return "regression"
    if any(p.stars or p.bracketed for r in body for c in r if c for p in (parse(c),)):
        return "regression"
    return "regression" if {role_of(x) for x in labels} & {"r2", "r2_adjusted", "r2_within", "loglik"} else "data"
