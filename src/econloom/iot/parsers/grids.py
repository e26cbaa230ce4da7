"""Cells of a csv file, workbook or R data frame as one rectangular grid, whatever it was stored in."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl

from econloom.core.errors import DataError
from econloom.iot.balance import FloatArray
from econloom.iot.parsers import npz

TEXT = (".csv", ".txt", ".tsv")
WORKBOOK = (".xlsx", ".xlsb", ".xls", ".xlsm")
R_DATA = (".rdata", ".rda", ".rds")
SUFFIXES = (*TEXT, *WORKBOOK, *R_DATA)
PEEK = 12  # rows that tell a layout


class Grid(Protocol):
    """Cells by row and column, counted from 0."""

    @property
    def height(self) -> int:
        """Rows."""

    @property
    def width(self) -> int:
        """Columns."""

    def row(self, r: int) -> list[str]:
        """One row as texts without outer blanks; empty cells are ``""``."""

    def column(self, c: int) -> list[str]:
        """One column as texts."""

    def numbers(self, r0: int, r1: int, c0: int, c1: int) -> FloatArray:
        """Numbers of a block, NaN where a cell holds none."""


class TextGrid:
    """Cells of a text file."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame
        self.height, self.width = frame.shape

    def row(self, r: int) -> list[str]:
        """One row."""
        return [_text(v) for v in self._frame.row(r)]

    def column(self, c: int) -> list[str]:
        """One column."""
        return [_text(v) for v in self._frame.to_series(c)]

    def numbers(self, r0: int, r1: int, c0: int, c1: int) -> FloatArray:
        """Numbers of a block."""
        block = self._frame[r0:r1, c0:c1]
        cast = block.select(pl.all().str.strip_chars().cast(pl.Float64, strict=False))
        return cast.select(pl.all().fill_null(float("nan"))).to_numpy().astype(np.float64)


class CellGrid:
    """Cells of a workbook or a data frame as Python values."""

    def __init__(self, rows: Sequence[Sequence[Any]]) -> None:
        self.height, self.width = len(rows), max((len(r) for r in rows), default=0)
        self._rows = [r if len(r) == self.width else [*r, *[""] * (self.width - len(r))] for r in rows]

    def row(self, r: int) -> list[str]:
        """One row."""
        return [_text(v) for v in self._rows[r]]

    def column(self, c: int) -> list[str]:
        """One column."""
        return [_text(row[c]) for row in self._rows]

    def numbers(self, r0: int, r1: int, c0: int, c1: int) -> FloatArray:
        """Numbers of a block."""
        block = [row[c0:c1] for row in self._rows[r0:r1]]
        if all(type(v) in (float, int) for row in block for v in row):
            return np.array(block, dtype=np.float64).reshape(r1 - r0, c1 - c0)
        return np.array([[_number(v) for v in row] for row in block], dtype=np.float64).reshape(r1 - r0, c1 - c0)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return "" if np.isnan(value) else str(int(value)) if value.is_integer() else repr(value)
    return str(value).strip()


def _number(value: Any) -> float:
    if isinstance(value, bool):
        return float("nan")
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def read_grid(path: Path, content: bytes, peek: bool = False) -> Grid:
    """The grid of a file by its suffix.

    Parameters
    ----------
    path : Path
        For its suffix and for messages.
    content : bytes
    peek : bool
        Only the first rows, where the format allows it.

    Raises
    ------
    DataError
        Another suffix, a damaged file, or one without cells.
    """
    suffix = path.suffix.lower()
    read = next((f for kinds, f in _READERS.items() if suffix in kinds), None)
    if read is None:
        raise DataError(f"{path}: a file with the suffix {suffix or '(none)'}", hint=f"known: {', '.join(SUFFIXES)}")
    try:
        grid = read(path, content, peek)
    except npz.DAMAGE as error:
        raise DataError(f"{path}: damaged, or no {suffix} file ({npz.reason(error)})") from error
    if not grid.height or not grid.width:
        raise DataError(f"{path}: no cells in it")
    return grid


def _read_text(path: Path, content: bytes, peek: bool) -> Grid:
    text = _decoded(content)
    head = text[:100_000].splitlines()[:1]
    separator = max(",;\t", key=lambda s: head[0].count(s)) if head else ","
    try:
        frame = pl.read_csv(
            io.StringIO(text), has_header=False, infer_schema=False, separator=separator, n_rows=PEEK if peek else None
        )  # fmt: skip
    except pl.exceptions.PolarsError as error:
        raise ValueError(str(error).splitlines()[0]) from error
    return TextGrid(frame)


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _read_workbook(path: Path, content: bytes, peek: bool) -> Grid:
    from python_calamine import CalamineError, load_workbook

    if zipfile.is_zipfile(io.BytesIO(content)):  # a damaged one makes the reader ask for any amount of memory
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if (bad := archive.testzip()) is not None:
                raise ValueError(f"checksum of {bad} does not fit")
    elif path.suffix.lower() != ".xls":
        raise ValueError("no zip archive, as workbooks of this kind are")
    try:
        book = load_workbook(io.BytesIO(content))
        sheets = [book.get_sheet_by_name(name) for name in book.sheet_names]
        largest = max(sheets, key=lambda s: s.total_height * s.total_width)
        return CellGrid(largest.to_python(skip_empty_area=False, nrows=PEEK if peek else None))
    except CalamineError as error:
        raise ValueError(str(error) or type(error).__name__) from error


def _read_r(path: Path, content: bytes, peek: bool) -> Grid:
    try:
        import pyreadr
    except ImportError as error:
        raise DataError(
            f"{path}: files of R are read with pyreadr, which is not there",
            hint="pip install 'econloom[r]', or in R: write.csv(wiot, 'WIOT2014.csv', row.names = FALSE)",
        ) from error
    try:
        frames: Mapping[str | None, Any] = pyreadr.read_r(str(path))
    except (pyreadr.LibrdataError, pyreadr.PyreadrError) as error:
        raise ValueError(str(error)) from error
    tables = [f for f in frames.values() if getattr(f, "ndim", 0) == 2]
    if not tables:
        raise ValueError("no data frame in it")
    frame = max(tables, key=lambda f: f.size)
    body = frame.head(PEEK) if peek else frame
    return CellGrid([list(map(str, frame.columns)), *body.astype(object).to_numpy().tolist()])


_READERS: Mapping[tuple[str, ...], Callable[[Path, bytes, bool], Grid]] = {
    TEXT: _read_text,
    WORKBOOK: _read_workbook,
    R_DATA: _read_r,
}
