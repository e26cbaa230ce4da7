"""Files themselves: whether they are there, of which kind, with which content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import polars as pl

from econloom.core import files
from econloom.core.errors import DataError, did_you_mean, listed

T = TypeVar("T")


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
        raise DataError(f"{str(path)!r}: {reason(error)}") from error
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
    try:
        return files.digest(path)
    except OSError as error:
        raise DataError(f"{error.filename or path}: {reason(error)}") from error


def _near_file(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f" (the folder {folder} does not exist either)"
    return did_you_mean(path.name, [p.name for p in folder.iterdir()])


def guarded(path: Path, read: Callable[[], T]) -> T:
    """Run a library's reader; whatever it raises on a damaged file becomes a DataError."""
    try:
        return read()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, UnicodeError) as error:
        raise DataError(
            f"{path}: cannot be read: {reason(error)}", hint="is the file damaged or of another kind?"
        ) from error


def reason(error: BaseException) -> str:
    """The first line of what an exception says."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.strip().splitlines()[0][:200] if text.strip() else type(error).__name__
