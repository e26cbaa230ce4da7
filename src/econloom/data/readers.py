"""Raw rectangular files to polars frames. The only place outside ``iot`` that reads data files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import polars as pl

from econloom.core.errors import DataError, did_you_mean, listed
from econloom.core.frame import missing_as_null

T = TypeVar("T")


def read_frame(path: str | Path, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Read a csv (UTF-8) or parquet file.

    Parameters
    ----------
    path : str or Path
    columns : sequence of str, optional
        Read only these.

    Returns
    -------
    polars.DataFrame
        NaN turned to null.

    Raises
    ------
    DataError
        The file is missing, empty, damaged, of an unknown kind, or lacks a column.
    """
    path = existing_file(path)
    reader = _reader(path)
    present = column_names(path)
    if columns is not None:
        require_columns(present, columns, str(path))
    frame = _guarded(path, lambda: reader(path))
    frame = _plain_texts(missing_as_null(frame if columns is None else frame.select(list(columns))))
    if frame.height == 0:
        raise DataError(f"{path}: 0 rows")
    return frame


def column_names(path: str | Path) -> list[str]:
    """Names of a file's columns, without reading its rows; errors as :func:`read_frame`."""
    path = existing_file(path)
    _reader(path)
    if path.suffix.lower() == ".parquet":
        return _guarded(path, lambda: list(pl.read_parquet_schema(path)))
    names = _guarded(path, lambda: pl.read_csv(path, n_rows=1, has_header=False, infer_schema=False).row(0))
    if twice := [n for n in dict.fromkeys(names) if n is not None and names.count(n) > 1]:
        raise DataError(f"{path}: several columns are called {listed(map(repr, twice))}", hint="rename all but one")
    return _guarded(path, lambda: pl.read_csv(path, n_rows=0).columns)


def existing_file(path: str | Path) -> Path:
    """The path, when it is a readable file that is not empty.

    Raises
    ------
    DataError
        With the nearest file name of the same folder as a suggestion.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise DataError(f"{path}: a folder, not a file")
        if not path.exists():
            raise DataError(f"{path}: no such file{_near_file(path)}")
        if path.stat().st_size == 0:
            raise DataError(f"{path}: the file is empty")
    except (OSError, ValueError) as error:
        raise DataError(f"{str(path)!r}: {_reason(error)}") from error
    return path


def require_columns(present: Sequence[str], wanted: Sequence[str], what: str) -> None:
    """Refuse when a wanted column is absent, naming the nearest one."""
    for name in wanted:
        if name not in present:
            hint = f"its columns: {listed(present, 20)}"
            raise DataError(f"{what}: no column {name!r}{did_you_mean(name, present)}", hint=hint)


def digest(path: str | Path) -> str:
    """SHA-256 of a file, or of a folder's files by name and content (hidden files and README left out).

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    path = Path(path)
    if path.is_file():
        return _file_digest(path)
    whole = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        inside = file.relative_to(path)
        if file.name.startswith("README") or any(part.startswith(".") for part in inside.parts):
            continue
        whole.update(f"{inside.as_posix()} {_file_digest(file)}\n".encode())
    return whole.hexdigest()


def _file_digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path}: {_reason(error)}") from error


def _near_file(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f" (the folder {folder} does not exist either)"
    return did_you_mean(path.name, [p.name for p in folder.iterdir()])


def _plain_texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Categories as the texts they stand for, so that files agree on the type of a key."""
    coded = [name for name, kind in frame.schema.items() if kind in (pl.Categorical, pl.Enum)]
    return frame.with_columns(pl.col(coded).cast(pl.String))


def _reader(path: Path) -> Callable[[Path], pl.DataFrame]:
    readers: dict[str, Callable[[Path], pl.DataFrame]] = {".csv": _read_csv, ".parquet": _read_parquet}
    kind = path.suffix.lower()
    if kind not in readers:
        raise DataError(
            f"{path}: unknown kind of file {kind or '(no ending)'!r}",
            hint=f"readable: {listed(readers)}; convert it first",
        )
    return readers[kind]


def _read_csv(path: Path) -> pl.DataFrame:
    frame = pl.read_csv(path, infer_schema_length=None, null_values=["", "NA", "NaN", "."])
    empty = [c.name for c in frame.iter_columns() if c.dtype == pl.String and c.null_count() == frame.height]
    return frame.with_columns(pl.col(empty).cast(pl.Float64))  # nothing in it says that it holds text


def _read_parquet(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path)


def _guarded(path: Path, read: Callable[[], T]) -> T:
    """Run a library's reader; whatever it raises on a damaged file becomes a DataError."""
    try:
        return read()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, UnicodeError) as error:
        raise DataError(
            f"{path}: cannot be read: {_reason(error)}", hint="is the file damaged or of another kind?"
        ) from error


def _reason(error: BaseException) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.strip().splitlines()[0][:200] if text.strip() else type(error).__name__
