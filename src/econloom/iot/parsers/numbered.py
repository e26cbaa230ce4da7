"""Sheets with numbered rows and columns: WIOD 2013 and 2016, and ADB MRIO.

Looked for, wherever they stand in the first rows and columns:

- a row of codes ``c1``, ``c2`` ... (final uses go on counting, or are ``F1`` ... ``F5``), the row of economies above;
- a column of codes ``r1``, ``r2`` ... or ``c1`` ..., the column of economies to its left;
- rows and columns of the economy ``TOT`` are totals: value added and output are told by their codes.

Sectors are the industry codes of WIOD 2016 (``A01`` ...), two columns left of the economy; ``c1`` ... in the others.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from econloom.core.errors import DataError
from econloom.iot.balance import FloatArray
from econloom.iot.parsers.grids import PEEK, Grid
from econloom.iot.parsers.keyed import Key, Keyed, Parsed, assembled

WIOD2013, WIOD2016, ADB = "wiod2013", "wiod2016", "adb-mrio"
LOOKED_FOR = "a row of codes c1, c2 ... with economies above it and a column r1 (or c1) ... with economies left of it"
_COLUMN, _ROW = re.compile(r"[cF]\d+", re.I), re.compile(r"[rc]\d+", re.I)
_TOTAL = {"TOT", ""}
_OUTPUT, _VALUE_ADDED = {"r69", "r73", "GO"}, {"r64", "r70", "VA"}
_ECONOMY = re.compile(r"[A-Za-z][A-Za-z0-9]{1,4}")


def header(grid: Grid) -> tuple[int, int] | None:
    """Row of the column codes and column of the row codes, or None for another layout."""
    for r in range(1, min(PEEK, grid.height)):
        cells = grid.row(r)
        coded = [bool(_COLUMN.fullmatch(v)) for v in cells]
        if sum(coded) >= 2 and sum(coded) >= 0.9 * sum(bool(v) for v in cells):
            first = coded.index(True)
            at = next((c for c in range(first - 1, 0, -1) if _row_codes(grid, r, c)), None)
            if at is not None:
                return r, at
    return None


def _row_codes(grid: Grid, r: int, c: int) -> bool:
    below = [v for v in grid.column(c)[r + 1 : r + 6] if v]
    return bool(below) and all(_ROW.fullmatch(v) for v in below[:1])


def layout(grid: Grid) -> str | None:
    """Name of the layout, or None."""
    where = header(grid)
    if where is None:
        return None
    r, c = where
    if any(re.fullmatch(r"F\d+", v, re.I) for v in grid.row(r)):
        return ADB
    return WIOD2016 if c >= 3 and grid.column(c - 3)[r + 1] == "A01" else WIOD2013


def parse(grid: Grid, path: Path) -> Parsed:
    """The table of a sheet.

    Raises
    ------
    DataError
        No such header, labels that do not fit, or cells that are no numbers.
    """
    where = header(grid)
    if where is None:
        raise DataError(f"{path}: not a WIOD or ADB sheet: looked for {LOOKED_FOR}")
    r, c = where
    kind = layout(grid)
    codes, economies = grid.column(c)[r + 1 :], grid.column(c - 1)[r + 1 :]
    own = [k for k, e in enumerate(economies) if _is_economy(e) and _ROW.fullmatch(codes[k])]
    names = [_number(codes[k]) for k in own]
    if kind == WIOD2016:
        industries = grid.column(c - 3)[r + 1 :]
        names = [industries[k] for k in own]
    heads, owners = grid.row(r), grid.row(r - 1)
    first = next(k for k, v in enumerate(heads) if _COLUMN.fullmatch(v))
    use = [k for k in range(first, grid.width) if _is_economy(owners[k])]
    rows: list[Key] = [(economies[k], name) for k, name in zip(own, names, strict=True)]
    columns = _column_keys(heads, owners, use, rows, grid, r, kind)
    block = grid.numbers(r + 1, grid.height, first, grid.width)
    values = block[np.ix_(own, [k - first for k in use])]
    output = _output(block, own, heads, owners, first)
    added = _total_row(block, economies, codes, grid, r, c, use, first)
    return assembled(Keyed(values, rows, columns, output, added), path)


def _is_economy(text: str) -> bool:
    return text.upper() not in _TOTAL and bool(_ECONOMY.fullmatch(text))


def _number(code: str) -> str:
    return f"c{code[1:]}"


def _column_keys(
    heads: list[str], owners: list[str], use: list[int], rows: list[Key], grid: Grid, r: int, kind: str | None
) -> list[Key]:
    """Economy and code; numbers of columns become industry codes where rows have them."""
    if kind != WIOD2016:
        return [(owners[k], heads[k] if heads[k][0] in "Ff" else _number(heads[k])) for k in use]
    industries = grid.row(r - 3) if r >= 3 else heads
    known = {s for _, s in rows}
    return [(owners[k], industries[k] if industries[k] in known else f"final {heads[k]}") for k in use]


def _output(block: FloatArray, own: list[int], heads: list[str], owners: list[str], first: int) -> FloatArray | None:
    """The last column of totals that holds a number in every row."""
    for k in range(len(heads) - 1, first - 1, -1):
        stated = block[own, k - first]
        if not _is_economy(owners[k]) and np.isfinite(stated).all():
            return np.asarray(stated)
    return None


def _total_row(
    block: FloatArray, economies: list[str], codes: list[str], grid: Grid, r: int, c: int, use: list[int], first: int
) -> FloatArray | None:
    """Value added by column, told by the code of its row."""
    marks = [codes, grid.column(0)[r + 1 :], grid.column(max(c - 3, 0))[r + 1 :]]
    for k, economy in enumerate(economies):
        if not _is_economy(economy) and any(m[k] in _VALUE_ADDED for m in marks):
            found = block[k, [u - first for u in use]]
            return np.where(np.isfinite(found), found, 0.0)
    return None
