"""Raw rectangular files to polars frames: the only place beside ``iot`` and ``lights`` that reads data files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from econloom.core.errors import DataError, listed
from econloom.core.frame import missing_as_null
from econloom.data.readers import cells, columnar, database, delimited, statistical, wide, workbook
from econloom.data.readers.files import digest, existing_file, require_columns
from econloom.data.readers.options import Options, Wide, make
from econloom.data.readers.report import Places, Reading, Remark

__all__ = [
    "Options",
    "Places",
    "Reading",
    "Remark",
    "Wide",
    "column_names",
    "digest",
    "existing_file",
    "make",
    "read",
    "read_frame",
    "require_columns",
]


@dataclass(frozen=True, slots=True)
class _Format:
    """One family of files: how its columns are named and its rows are read, and the options it takes."""

    names: Callable[[Path, Options], list[str]]
    read: Callable[[Path, Options, Sequence[str] | None], Reading]
    options: frozenset[str]


_CELLS = frozenset({"header", "notes", "missing", "decimal", "types", "wide"})
_TEXT = _Format(delimited.names_of, delimited.read, _CELLS | {"encoding", "delimiter"})
_BOOK = _Format(workbook.names_of, workbook.read, _CELLS | {"sheet"})
_STATISTICAL = _Format(
    statistical.names_of, statistical.read, frozenset({"encoding", "value_labels", "keep_missing", "types", "wide"})
)
_COLUMNAR = _Format(columnar.names_of, columnar.read, frozenset({"types", "wide"}))
_DATABASE = _Format(database.names_of, database.read, frozenset({"table", "query", "types", "wide"}))
FORMATS: Mapping[str, _Format] = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt"), _TEXT),
    **dict.fromkeys((".xlsx", ".xlsm", ".xls"), _BOOK),
    **dict.fromkeys((".dta", ".sav", ".zsav"), _STATISTICAL),
    **dict.fromkeys((".parquet", ".pq", ".feather", ".arrow", ".ipc"), _COLUMNAR),
    **dict.fromkeys((".duckdb", ".ddb"), _DATABASE),
}


def read(
    path: str | Path, options: Options | None = None, *, columns: Sequence[str] | None = None, **given: Any
) -> Reading:
    """Read a table from a file, and report everything that was found and done on the way.

    csv, tsv and txt; xlsx, xlsm and xls; Stata .dta (versions 104 to 119) and SPSS .sav; Parquet and Feather; DuckDB.
    The encoding, the delimiter, the sheet, the rows of the header and notes below the table are detected and said;
    what could be read in two ways is an error that names the option which settles it.

    Parameters
    ----------
    path : str or Path
    options : Options, optional
    columns : sequence of str, optional
        Only these, by their names after ``wide``; the others are not kept in memory.
    **given
        The fields of :class:`~econloom.data.readers.Options`: encoding, delimiter, sheet, header, notes, missing,
        decimal, types, table, query, value_labels, keep_missing, wide.

    Returns
    -------
    Reading
        ``frame`` and the report: ``remarks``, ``labels``, ``units``, ``value_labels``, ``settings``.

    Raises
    ------
    DataError
        The file is missing, empty, damaged, of an unknown kind or encoding; its cells contradict one another: each with
        file, sheet, row and column.
    UsageError
        An option that is unknown or that the kind of file does not take; several sheets or tables and none chosen.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "wide.csv"
    >>> _ = file.write_text("region,2010,2011\\nA,1,2\\nB,3,NA\\n")
    >>> read(file, wide={"values": "gdp"}).frame.rows()
    [('A', 2010, 1), ('A', 2011, 2), ('B', 2010, 3), ('B', 2011, None)]
    """
    file = existing_file(path)
    chosen = options if options is not None and not given else make(given)
    kind = format_of(file, chosen)
    if columns is not None:
        require_columns(column_names(file, chosen), columns, str(path))
    reading = kind.read(file, chosen, None if chosen.wide is not None else columns)
    if kind not in (_TEXT, _BOOK):  # these give their cells a type themselves
        reading = _typed(reading, chosen)
    if chosen.wide is not None:
        reading = wide.to_long(reading, chosen.wide)
    frame = missing_as_null(reading.frame)
    return replace(reading, frame=frame if columns is None else frame.select(list(columns)))


def _typed(reading: Reading, options: Options) -> Reading:
    """Columns of a file that knows types, given other ones by name: dates as years, texts as numbers."""
    made: list[pl.Series] = []
    remarks: list[Remark] = []
    for name in (n for n in options.types if n in reading.frame.columns):
        column = reading.frame[name]
        parsed = cells.parse(column.cast(pl.String), Places(str(reading.path)), options.types[name])
        made.append(parsed.values)
        remarks += parsed.remarks
    return replace(reading, frame=reading.frame.with_columns(made), remarks=(*reading.remarks, *remarks))


def read_frame(path: str | Path, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """The frame of :func:`read`, without its report."""
    return read(path, columns=columns).frame


def column_names(path: str | Path, options: Options | None = None) -> list[str]:
    """Names of the columns that :func:`read` will give, from the head of the file where that is enough."""
    file = existing_file(path)
    chosen = options or Options()
    kind = format_of(file, chosen)
    names = kind.names(file, chosen)
    return names if chosen.wide is None else wide.names_of(names, chosen.wide, str(path))


def format_of(path: Path, options: Options) -> _Format:
    """How a file is read, by its ending and its first bytes.

    Raises
    ------
    DataError
        An unknown kind of file.
    UsageError
        An option that belongs to another kind.
    """
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise DataError(
            f"{path}: unknown kind of file {ending or '(no ending)'!r}", hint=f"readable: {listed(FORMATS, 20)}"
        )
    kind = FORMATS[ending]
    default = Options()
    for name in Options.__dataclass_fields__:
        if getattr(options, name) != getattr(default, name) and name not in kind.options:
            raise _misplaced(path, name, kind)
    if kind is _BOOK:
        _refuse_disguise(path)
    return kind


def _misplaced(path: Path, name: str, kind: _Format) -> Exception:
    from econloom.core.errors import UsageError

    return UsageError(
        f"{path}: a {path.suffix} file takes no {name!r}", hint=f"it takes {listed(sorted(kind.options), 20)}"
    )


def _refuse_disguise(path: Path) -> None:
    """Websites give pages and texts the ending .xls."""
    with path.open("rb") as stream:
        head = stream.read(512)
    if head.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return
    if b"<html" in head.lower() or b"<table" in head.lower() or head.lstrip()[:5].lower() == b"<?xml":
        raise DataError(
            f"{path}: a web page or XML with the ending {path.suffix}", hint="open it in Excel and save it as .xlsx"
        )
    if head.startswith((b"\t\x00", b"\t\x02", b"\t\x04", b"\t\x08")):
        return
    raise DataError(
        f"{path}: no workbook, whatever its ending says", hint="if it is a text, rename it to .csv; else it is damaged"
    )
