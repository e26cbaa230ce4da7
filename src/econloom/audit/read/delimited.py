"""Tables in csv and tsv files."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from econloom.audit.read.grid import MOST_CELLS, Grid, clean, squared
from econloom.audit.read.text import read_text
from econloom.core.errors import DataError


def read(path: Path) -> list[Grid]:
    """The tables of a csv or tsv file; two empty rows, or one after a note, part tables.

    Raises
    ------
    DataError
        The file cannot be read.
    """
    text = read_text(path)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(text)
    try:
        rows = [[_cell(c) for c in r] for r in csv.reader(io.StringIO(text), delimiter=delimiter)]
    except csv.Error as error:
        raise DataError(f"{path}: not a csv file: {error}") from error
    if sum(map(len, rows)) > MOST_CELLS:
        raise DataError(f"{path}: more than {MOST_CELLS:,} cells, too many for printed tables")
    return [Grid(squared(part), where=str(path)) for part in _parts(rows)]


def _delimiter(text: str) -> str:
    """The sign that parts most cells of the first lines."""
    head = "\n".join(text.splitlines()[:20])
    return max(",;\t", key=head.count)


def _cell(text: str) -> str:
    """Without the apostrophe or the equals sign that keeps a spreadsheet from computing."""
    text = clean(text)
    if text.startswith('="') and text.endswith('"'):
        return text[2:-1]
    return text[1:] if text[:1] == "'" else text


def _parts(rows: Sequence[Sequence[str]]) -> list[list[list[str]]]:
    """Tables, parted by two empty rows."""
    parts: list[list[list[str]]] = [[]]
    empty = 0
    for row in rows:
        if any(row):
            if empty >= 2 and parts[-1]:
                parts.append([])
            parts[-1].append(list(row))
            empty = 0
        else:
            empty += 1
    return [p for p in parts if p]
