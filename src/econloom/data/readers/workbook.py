"""Excel workbooks: the sheet chosen, merged cells spread, header and notes told from the data, cells typed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from econloom.core.errors import DataError, UsageError, did_you_mean, listed
from econloom.data.readers import cells, compound, layout, sheets
from econloom.data.readers.labelling import labels_of
from econloom.data.readers.layout import Cell, Header, Spread
from econloom.data.readers.options import Options
from econloom.data.readers.report import Places, Reading, Remark, counted
from econloom.data.readers.whole import whole_numbers

_MOST_SHOWN = 12


@dataclass(frozen=True)
class _Sheet:
    """A sheet's cells, the header found in them, and the rows of its body."""

    name: str
    header: Header
    body: list[tuple[int, list[Cell]]]  # row of the sheet from 0, and its cells
    remarks: tuple[Remark, ...]


def names_of(path: Path, options: Options) -> list[str]:
    """Names of the columns of the chosen sheet."""
    return [n for n in _sheet(path, options).header.names if n is not None]


def read(path: Path, options: Options, columns: Sequence[str] | None = None) -> Reading:
    """Read a sheet of an .xlsx, .xlsm or .xls workbook.

    Raises
    ------
    DataError
        A password; errors of formulas, with their cells; no or several headers; 0 rows.
    UsageError
        Several sheets with data and none chosen.
    """
    sheet = _sheet(path, options)
    if not sheet.body:
        raise DataError(f"{path}, sheet {sheet.name!r}: 0 rows below the header")
    names = [(n, name) for n, name in enumerate(sheet.header.names) if name is not None]
    numbers = [row + 1 for row, _ in sheet.body]
    letters = {name: sheets.letters(n) for n, name in names}
    places = Places(str(path), numbers.__getitem__, sheet.name, letters)
    wanted = names if columns is None else [(n, name) for n, name in names if name in set(columns)]
    made: list[pl.Series] = []
    remarks = list(sheet.remarks)
    for n, name in wanted:
        parsed = _column(name, [row[n] for _, row in sheet.body], places, options)
        made.append(parsed.values)
        remarks += parsed.remarks
    labels, units = labels_of(sheet.header, [name for _, name in wanted])
    settings: dict[str, Any] = {"sheet": sheet.name}
    if sheet.header.rows != (0,):
        settings["header"] = [r + 1 for r in sheet.header.rows]
    return Reading(pl.DataFrame(made), path, tuple(remarks), labels, units, settings=settings)


def _sheet(path: Path, options: Options) -> _Sheet:
    book = _opened(path)
    name, said = _chosen(book, path, options.sheet)
    where = f"{path}, sheet {name!r}"
    rows, merges = _grid(book, name, path)
    rows = _with_errors(rows, path, name)
    width = max((n + 1 for row in rows for n, c in enumerate(row) if not layout.empty(c)), default=0)
    while rows and layout.empty_row(rows[-1]):
        rows.pop()
    if not rows or width == 0:
        raise DataError(f"{where}: the sheet is empty")
    rows = [row[:width] for row in rows]
    spread = _spread(rows, merges)
    header = layout.find_header(spread, width, where, options.header)
    body, below = _body(spread, header, width, options)
    filled, filling = _fill_merged(rows, spread, body, merges, header.body)
    return _Sheet(name, header, filled, (*said, *header.remarks, *below, *filling))


def _opened(path: Path) -> Any:
    import python_calamine

    if sheets.is_compound(path) and compound.has_password(path):
        raise DataError(f"{path}: the workbook has a password", hint="open it in Excel and save it without one")
    try:
        return python_calamine.CalamineWorkbook.from_path(path)
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        if "assword" in str(error):
            hint = "open it in Excel and save it without one"
            raise DataError(f"{path}: the workbook has a password", hint=hint) from error
        raise DataError(f"{path}: cannot be read: {error}", hint="is the file damaged or of another kind?") from error


def _chosen(book: Any, path: Path, given: str | int | None) -> tuple[str, list[Remark]]:
    """The sheet that the user names, else the only one with a table."""
    import python_calamine

    names = list(book.sheet_names)
    if isinstance(given, int):
        if not 1 <= given <= len(names):
            raise UsageError(f"{path}: no sheet {given}", hint=f"sheets: {listed(names, _MOST_SHOWN)}")
        return names[given - 1], [Remark("file", f"sheet {names[given - 1]!r}")]
    if given is not None:
        if given not in names:
            raise UsageError(
                f"{path}: no sheet {given!r}{did_you_mean(given, names)}", hint=f"sheets: {listed(names, _MOST_SHOWN)}"
            )
        return given, [Remark("file", f"sheet {given!r}")]
    here, grid = python_calamine.SheetVisibleEnum.Visible, python_calamine.SheetTypeEnum.WorkSheet
    visible = [s.name for s in book.sheets_metadata if s.visible == here and s.typ == grid]
    sizes = {name: _size(_values(book, name, path)) for name in visible}
    data = [name for name in visible if sizes[name][0] >= 2 and sizes[name][1] >= 2] or [
        name for name in visible if sizes[name][0] > 0
    ]
    if not data:
        raise DataError(f"{path}: no sheet holds a table", hint=f"sheets: {listed(names, _MOST_SHOWN)}")
    if len(data) > 1:
        shown = listed((f"{n!r} ({sizes[n][0]} rows, {sizes[n][1]} columns)" for n in data), _MOST_SHOWN)
        raise UsageError(f"{path}: {len(data)} sheets hold tables: {shown}", hint=f"say sheet: {data[0]}")
    others = [n for n in names if n != data[0]]
    said = [
        Remark(
            "file", f"sheet {data[0]!r}" + (f", the only one with a table; others: {listed(others)}" if others else "")
        )
    ]
    return data[0], said


def _size(rows: Sequence[Sequence[Cell]]) -> tuple[int, int]:
    """Filled rows and columns."""
    filled = [[n for n, c in enumerate(r) if not layout.empty(c)] for r in rows]
    return sum(1 for f in filled if f), len({n for f in filled for n in f})


def _values(book: Any, name: str, path: Path) -> list[list[Cell]]:
    import python_calamine

    try:
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise DataError(f"{path}, sheet {name!r}: cannot be read: {error}", hint="is the file damaged?") from error
    return [[None if c == "" else c for c in row] for row in rows]


def _grid(book: Any, name: str, path: Path) -> tuple[list[list[Cell]], list[tuple[int, int, int, int]]]:
    rows = _values(book, name, path)
    merged = book.get_sheet_by_name(name).merged_cell_ranges or []
    return rows, [(top, left, bottom, right) for (top, left), (bottom, right) in merged]


def _with_errors(rows: list[list[Cell]], path: Path, name: str) -> list[list[Cell]]:
    """Errors of formulas put where the reader of values leaves a gap."""
    if sheets.is_compound(path):
        errors, uncomputed = compound.formula_errors(path, name), list[str]()
    else:
        errors, uncomputed = sheets.odd_cells(path, name)
    if uncomputed:
        raise DataError(
            f"{path}, sheet {name!r}: {counted(len(uncomputed), 'formula')} never computed: {listed(uncomputed, 5)}",
            hint="open the workbook in Excel and save it, or replace the formulas by values",
        )
    for (row, column), text in errors.items():
        if row < len(rows):
            rows[row] += [None] * (column + 1 - len(rows[row]))
            rows[row][column] = text
    width = max(map(len, rows), default=0)
    return [row + [None] * (width - len(row)) for row in rows]


def _spread(rows: list[list[Cell]], merges: Sequence[tuple[int, int, int, int]]) -> list[list[Cell]]:
    """The text of each merged range in all its cells."""
    made = [list(row) for row in rows]
    for top, left, bottom, right in merges:
        if top >= len(rows) or left >= len(rows[top]) or layout.empty(rows[top][left]):
            continue
        cell = rows[top][left]
        if isinstance(cell, str) or layout.is_year(cell):
            text = Spread(_text(cell))
            for row in made[top : bottom + 1]:
                row[left : right + 1] = [text] * len(row[left : right + 1])
    return made


def _body(
    spread: list[list[Cell]], header: Header, width: int, options: Options
) -> tuple[list[tuple[int, list[Cell]]], list[Remark]]:
    """Rows of the data; blank rows and notes at the end left out."""
    end = len(spread)
    notes: list[str] = []
    while options.notes == "cut" and end > header.body:
        row = _once(spread[end - 1])
        if layout.is_note(row, width):
            notes.append(" ".join(str(c).strip() for c in row if not layout.empty(c)))
        elif not layout.empty_row(row):
            break
        end -= 1
    said = [Remark("notes", f"below the table, cut: {t[:80]!r}") for t in reversed(notes)]
    kept = [(n, spread[n]) for n in range(header.body, end) if not layout.empty_row(spread[n])]
    blank = [n + 1 for n in range(header.body, end) if layout.empty_row(spread[n])]
    if blank:
        said.append(
            Remark(
                "rows",
                f"{counted(len(blank), 'blank row')} left out",
                None,
                len(blank),
                tuple(f"row {n}" for n in blank[:20]),
            )
        )
    alone = [n for n, row in kept if width > 2 and sum(not layout.empty(c) for c in _once(row)) == 1]
    if alone and len(kept) > len(alone):
        places = tuple(f"row {n + 1}" for n in alone[:20])
        said.append(
            Remark(
                "warning",
                f"{counted(len(alone), 'row')} with a single cell: headings within the table?",
                None,
                len(alone),
                places,
            )
        )
    return kept, said


def _once(row: Sequence[Cell]) -> list[Cell]:
    """A row with the text of each merged range only once."""
    return [None if n and isinstance(c, Spread) and c is row[n - 1] else c for n, c in enumerate(row)]


def _fill_merged(
    rows: list[list[Cell]],
    spread: list[list[Cell]],
    body: list[tuple[int, list[Cell]]],
    merges: Sequence[tuple[int, int, int, int]],
    first: int,
) -> tuple[list[tuple[int, list[Cell]]], list[Remark]]:
    """Texts merged over several rows of the data are filled down; those merged over columns stay in the first."""
    inside = [(t, left, b, r) for t, left, b, r in merges if b >= first and t >= first]
    down = [m for m in inside if m[2] > m[0] and isinstance(spread[m[0]][m[1]] if m[0] < len(spread) else None, Spread)]
    made = {n: list(rows[n]) for n, _ in body}
    for top, left, bottom, _ in down:
        for n in range(top, bottom + 1):
            if n in made:
                made[n][left] = str(spread[top][left])
    said = []
    if down:
        places = tuple(f"{sheets.letters(left)}{t + 1}:{sheets.letters(left)}{b + 1}" for t, left, b, _ in down[:20])
        said.append(Remark("repair", f"{counted(len(down), 'merged cell')} filled down", None, len(down), places))
    numbers = [
        m for m in inside if m not in down and m[2] > m[0] and m[0] in made and not layout.empty(rows[m[0]][m[1]])
    ]
    if numbers:
        places = tuple(f"{sheets.letters(left)}{t + 1}" for t, left, _, _ in numbers[:20])
        words = f"{counted(len(numbers), 'merged cell')} with a number: kept in their first row only"
        said.append(Remark("warning", words, None, len(numbers), places))
    return [(n, made[n]) for n, _ in body], said


def _column(name: str, column: list[Cell], places: Places, options: Options) -> cells.Parsed:
    kinds = {type(c) for c in column if c is not None}
    kind = options.types.get(name)
    if kind is None and kinds <= {int, float}:
        return cells.Parsed(whole_numbers(pl.Series(name, column, dtype=pl.Float64, strict=False)), ())
    if kind is None and kinds == {bool}:
        return cells.Parsed(pl.Series(name, column, dtype=pl.Boolean), ())
    if kind in (None, "date") and kinds <= {dt.date, dt.datetime} and kinds:
        return cells.Parsed(_dates(name, column), ())
    texts = pl.Series(name, [None if c is None else _text(c) for c in column], dtype=pl.String)
    parsed = cells.parse(texts, places, kind, options.missing, options.decimal)
    if parsed.values.dtype.is_numeric() and str in kinds:
        rows = [n for n, c in enumerate(column) if isinstance(c, str) and layout.is_number(c)]
        if rows and kind != "year":
            said = Remark(
                "repair",
                f"{counted(len(rows), 'number')} stored as text read as numbers",
                name,
                len(rows),
                places.of(name, rows),
            )
            return cells.Parsed(parsed.values, (said, *parsed.remarks))
    return parsed


def _dates(name: str, column: list[Cell]) -> pl.Series:
    moments = [c if isinstance(c, dt.datetime) or c is None else dt.datetime(c.year, c.month, c.day) for c in column]  # type: ignore[attr-defined]
    made = pl.Series(name, moments, dtype=pl.Datetime("us"))
    return made.dt.date() if (made.dt.time() == dt.time(0)).all() else made


def _text(cell: Cell) -> str:
    """A cell as the text that reads as the same value."""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, dt.datetime) and cell.time() == dt.time(0):
        return cell.date().isoformat()
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat()
    return str(cell)
