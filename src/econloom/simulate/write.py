"""Simulated books as files that a user replaces by own ones: csv, a dictionary of their columns, the truth."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import polars as pl

from econloom.core.errors import OutputError, UsageError
from econloom.core.files import replace_file
from econloom.simulate.books import Book

Headings = Literal["name", "zh"]
_WARNING = "SIMULATED data: drawn by econloom, not observed. 模拟数据，并非实际观测。"


def write(books: Mapping[str, Book], folder: str | Path, headings: Headings = "name") -> tuple[Path, ...]:
    """Write simulated books: ``<name>.csv`` for each, ``columns.csv`` and ``truth.json``.

    Parameters
    ----------
    books : mapping of str to Book
        By name of the source.
    folder : path
        Made when absent. Files of these names are replaced only where the folder holds a ``truth.json`` of econloom.
    headings : {"name", "zh"}
        First line of the csv files: names as in study files, or as Chinese yearbooks print them.

    Returns
    -------
    tuple of Path
        The files.

    Raises
    ------
    OutputError
        The folder cannot be written, or holds other files of these names.

    Examples
    --------
    >>> import tempfile
    >>> from econloom.simulate import draw
    >>> [p.name for p in write({"rates": draw("exchange_rates")}, tempfile.mkdtemp())]
    ['rates.csv', 'columns.csv', 'truth.json']
    """
    if headings not in {"name", "zh"}:
        raise UsageError(f"headings are 'name' or 'zh', not {headings!r}")
    folder = Path(folder)
    content = {f"{name}.csv": _csv(book, headings) for name, book in books.items()}
    content |= {"columns.csv": _dictionary(books, headings), "truth.json": _truth(books)}
    _refuse_others(folder, tuple(content))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in content.items():
            replace_file(folder / name, text.encode("utf-8"))
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror or error}") from error
    return tuple(folder / name for name in content)


def _csv(book: Book, headings: Headings) -> str:
    frame = book.frame
    if headings == "zh":
        frame = frame.rename({c.name: c.label.text("zh") for c in book.columns})
    return frame.write_csv()


def _dictionary(books: Mapping[str, Book], headings: Headings) -> str:
    """One line a column: what the file calls it, its printed name in both languages, unit and book."""
    rows = [
        {
            "file": f"{name}.csv",
            "column": c.name if headings == "name" else c.label.text("zh"),
            "zh": c.label.text("zh"),
            "en": c.label.text("en"),
            "unit_zh": c.unit.text("zh"),
            "unit_en": c.unit.text("en"),
            "source_zh": c.book.text("zh"),
            "source_en": c.book.text("en"),
        }
        for name, book in books.items()
        for c in book.columns
    ]
    buffer = io.StringIO()
    pl.DataFrame(rows).write_csv(buffer)
    return buffer.getvalue()


def _truth(books: Mapping[str, Book]) -> str:
    found = {
        name: {
            "simulator": book.simulator,
            "process": book.process,
            "seed": book.seed,
            "rows": book.frame.height,
            "truth": None if book.truth is None else dict(book.truth.to_dict()),
        }
        for name, book in books.items()
    }
    return json.dumps({"simulated": True, "warning": _WARNING, "books": found}, ensure_ascii=False, indent=1) + "\n"


def _refuse_others(folder: Path, names: tuple[str, ...]) -> None:
    """Files of the same names are econloom's own only beside its ``truth.json``."""
    if not folder.is_dir():
        if folder.exists():
            raise OutputError(f"{folder}: is a file, not a folder", hint="choose another folder")
        return
    there = [n for n in names if (folder / n).exists()]
    if not there:
        return
    try:
        own = json.loads((folder / "truth.json").read_text(encoding="utf-8")).get("simulated") is True
    except (OSError, ValueError, AttributeError):
        own = False
    if not own:
        raise OutputError(
            f"{folder / there[0]}: there already, and not beside a truth.json of econloom",
            hint="choose another folder, so that own files are not replaced by simulated ones",
        )
