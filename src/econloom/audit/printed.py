"""Printed tables, as transcribed to JSON: every number with its address, its string and its stars.

The layout is that of ``published/*.json``: ``kind`` is ``regression``, ``data`` or ``descriptive``; each number stands
twice, as a number and as the printed string (``coef`` and ``coef_s``), so that a slip of either is found.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

from econloom.audit.numerals import Numeral, is_blank, read_numeral
from econloom.core.errors import DataError, did_you_mean, listed

Kind = Literal["coefficient", "se", "t", "p", "low", "high", "value", "n", "r2", "statistic"]
KINDS: tuple[Kind, ...] = ("coefficient", "se", "t", "p", "low", "high", "value", "n", "r2", "statistic")
TABLE_KINDS = ("data", "regression", "descriptive")
N_ROW, R2_ROW = "N", "R2"
MOST_BYTES = 20_000_000

_PARTS: tuple[tuple[str, Kind], ...] = (("coef", "coefficient"), ("se", "se"), ("t", "t"))


@dataclass(frozen=True, slots=True)
class PrintedCell:
    """One printed number.

    Attributes
    ----------
    column, term : str
        Its address: the column's id, and the row (``N`` and ``R2`` for those rows, else the printed term).
    kind : str
        What it is: one of ``KINDS``.
    text : str
        As printed.
    number : Numeral or None
        None where the string cannot be read.
    stars : int
    problem : str
        Why it cannot be read, or an empty string.
    """

    column: str
    term: str
    kind: Kind
    text: str
    number: Numeral | None
    stars: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Printed:
    """A printed table.

    Attributes
    ----------
    path : str
        The file it was read from.
    title, kind : str
    columns, rows : tuple of str
        Column ids and row terms, in print order.
    cells : tuple of PrintedCell
        Every printed number.
    """

    path: str
    title: str
    kind: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    cells: tuple[PrintedCell, ...]

    @property
    def repaired(self) -> tuple[str, ...]:
        """What was mended to read the numbers, one line each."""
        return tuple(
            f"{self.path}: column {c.column!r}, {c.term!r}: {c.text!r} read as {c.number.value}: {c.number.repaired}"
            for c in self.cells
            if c.number is not None and c.number.repaired
        )

    @property
    def starred(self) -> bool:
        """Whether any cell has stars."""
        return any(c.stars for c in self.cells if c.kind == "coefficient")

    def cell(self, column: str, term: str, kind: Kind) -> PrintedCell | None:
        """The cell at an address, or None where nothing is printed."""
        return next((c for c in self.cells if (c.column, c.term, c.kind) == (column, term, kind)), None)


def read_printed(path: str | Path) -> Printed:
    """Read a printed table.

    Parameters
    ----------
    path : path
        JSON in the layout of ``published/``.

    Returns
    -------
    Printed

    Raises
    ------
    DataError
        The file is missing, not JSON, of an unknown kind, or contradicts itself; the message names the place.

    Examples
    --------
    >>> import json, tempfile, pathlib
    >>> cell = {"value": 0.1061, "value_s": "0.1061"}
    >>> table = {"title": "TBI", "kind": "data", "columns": [{"id": "CHN"}], "rows": [{"term": "2000",
    ...          "cells": {"CHN": cell}}]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "t1.json")
    ...     _ = file.write_text(json.dumps(table))
    ...     read_printed(file).cell("CHN", "2000", "value").number.value
    Decimal('0.1061')
    """
    return printed_of(read_document(path), str(path))


def printed_of(document: Any, path: str) -> Printed:
    """The table of a JSON document that has been read; ``path`` is for messages.

    Raises
    ------
    DataError
        It is of an unknown kind or contradicts itself.
    """
    return _Reader(path).printed(document)


def read_document(path: str | Path) -> Any:
    """A JSON file, with every key once and without infinities.

    Raises
    ------
    DataError
        The file is missing, too large or not JSON.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path}: {path.stat().st_size:,} bytes, too large for a printed table")
        text = path.read_text(encoding="utf-8-sig")
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except RecursionError as error:
        raise DataError(f"{path}: nested too deeply for a printed table") from error
    except ValueError as error:
        raise DataError(f"{path}: not a JSON file: {error}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = [k for k, n in Counter(k for k, _ in pairs).items() if n > 1]
    if twice:
        raise ValueError(f"key {twice[0]!r} stands twice")
    return dict(pairs)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of a table")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Checks a document against the layout; every complaint names the file and the place."""

    path: str

    def fail(self, message: str, hint: str | None = None) -> NoReturn:
        raise DataError(f"{self.path}: {message}", hint=hint)

    def printed(self, document: Any) -> Printed:
        top = self._mapping(document, "the file")
        kind = self._text(top, "kind", "the file")
        if kind not in TABLE_KINDS:
            hint = f"kinds with numbers to compare: {', '.join(TABLE_KINDS)}"
            self.fail(f"kind is {kind!r}{did_you_mean(kind, TABLE_KINDS)}", hint)
        columns = self._named(top, "columns", "id")
        rows = self._named(top, "rows", "term")
        cells = (*self._body(rows, columns, kind), *self._feet(columns, kind))
        if not cells:
            self.fail("no printed number in it")
        self._once(cells)
        title = self._text(top, "title", "the file")
        return Printed(self.path, title, kind, tuple(columns), tuple(rows), cells)

    def _body(self, rows: Mapping[str, Any], columns: Mapping[str, Any], kind: str) -> Iterator[PrintedCell]:
        for term, row in rows.items():
            for column, cell in self._mapping(row.get("cells"), f"cells of row {term!r}").items():
                where = f"row {term!r}, column {column!r}"
                if column not in columns:
                    self.fail(f"row {term!r} has a cell in column {column!r}, which is not among the columns "
                              f"{listed(columns)}{did_you_mean(column, columns)}")  # fmt: skip
                content = self._mapping(cell, where)
                if kind == "regression":
                    yield from self._estimate(content, column, term)
                else:
                    what: Kind = "n" if columns[column].get("stat") == "n" else "value"
                    yield from self._number(content, "value", what, column, term, where)

    def _estimate(self, cell: Mapping[str, Any], column: str, term: str) -> Iterator[PrintedCell]:
        where = f"row {term!r}, column {column!r}"
        stars = cell.get("stars")
        if type(stars) is not int or not 0 <= stars <= 3:
            self.fail(f"{where}: stars is {stars!r}, not 0, 1, 2 or 3")
        if "coef" not in cell:
            self.fail(f"{where}: no coef")
        for name, kind in _PARTS:
            yield from self._number(cell, name, kind, column, term, where, stars if kind == "coefficient" else 0)

    def _feet(self, columns: Mapping[str, Any], kind: str) -> Iterator[PrintedCell]:
        """N, R2 and test statistics, which the layout keeps with the columns."""
        for column, entry in columns.items() if kind == "regression" else ():
            where = f"column {column!r}"
            yield from self._number(entry, "n", "n", column, N_ROW, where)
            yield from self._number(entry, "r2", "r2", column, R2_ROW, where)
            for label, text in self._mapping(entry.get("stats", {}), f"stats of {where}").items():
                if text is not None and not isinstance(text, str):
                    self.fail(f"{where}: statistic {label!r} is {text!r}; give it as printed, in quotes")
                if text and not label.endswith("_label") and any(c.isdigit() for c in text):
                    yield self._cell(column, label, "statistic", text, None, None)

    def _number(
        self, cell: Mapping[str, Any], name: str, kind: Kind, column: str, term: str, where: str, stars: int = 0
    ) -> Iterator[PrintedCell]:
        """The number ``name`` with its string ``name_s``; nothing where both are absent, null or a dash.

        A null beside a string is for what the transcriber could not read; the string is kept and tried.
        """
        if (name in cell) != (f"{name}_s" in cell):
            self.fail(f"{where}: {name} and {name}_s must stand together")
        value, text = cell.get(name), cell.get(f"{name}_s")
        if text is not None and not isinstance(text, str):
            self.fail(f"{where}: {name}_s is {text!r}, not a string as printed")
        if value is not None and not _finite(value):
            self.fail(f"{where}: {name} is {value!r}, not a number")
        if is_blank(text):
            if value is not None:
                self.fail(f"{where}: {name} is {value} but {name}_s, the printed string, is {text!r}")
            return
        made = self._cell(column, term, kind, text or "", value, stars)
        if made.number is not None and value is not None and float(made.number.value) != float(value):
            self.fail(f"{where}: {name} is {value} but {name}_s reads {text!r}")
        if made.number is not None and value is None and not made.number.repaired:
            self.fail(f"{where}: {name} is null but {name}_s reads {text!r}")
        if made.number is None and value is not None:
            self.fail(f"{where}: {name} is {value} but {name}_s cannot be read: {made.problem}")
        if kind == "coefficient" and made.number is not None and made.number.stars not in {0, stars}:
            self.fail(f"{where}: stars is {stars} but {name}_s reads {text!r}")
        yield made

    def _cell(
        self, column: str, term: str, kind: Kind, text: str, beside: float | None, stars: int | None
    ) -> PrintedCell:
        read = read_numeral(text, beside)
        if isinstance(read, str):
            return PrintedCell(column, term, kind, text, None, stars or 0, problem=read)
        return PrintedCell(column, term, kind, text, read, read.stars if stars is None else stars)

    def _named(self, top: Mapping[str, Any], key: str, name: str) -> dict[str, Mapping[str, Any]]:
        entries = top.get(key)
        if not isinstance(entries, list) or not entries:
            self.fail(f"{key} is {_short(entries)}, not a list with at least one entry")
        found: dict[str, Mapping[str, Any]] = {}
        for number, entry in enumerate(entries, 1):
            content = self._mapping(entry, f"{key}, entry {number}")
            label = self._text(content, name, f"{key}, entry {number}")
            if not label.strip() or label in found:
                self.fail(
                    f"{key}, entry {number}: {name} {label!r} is {'empty' if not label.strip() else 'not unique'}"
                )
            found[label] = content
        return found

    def _mapping(self, entry: Any, where: str) -> Mapping[str, Any]:
        if not isinstance(entry, dict):
            self.fail(f"{where} is {_short(entry)}, not an object with keys")
        return entry

    def _text(self, entry: Mapping[str, Any], key: str, where: str) -> str:
        value = entry.get(key)
        if not isinstance(value, str):
            self.fail(f"{where}: {key} is {_short(value)}, not a string{did_you_mean(key, entry)}")
        return value

    def _once(self, cells: tuple[PrintedCell, ...]) -> None:
        seen = Counter((c.column, c.term, c.kind) for c in cells)
        column, term, kind = max(seen, key=lambda k: seen[k])
        if seen[column, term, kind] > 1:
            self.fail(f"column {column!r}, {term!r}: {kind} stands twice")


def _finite(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _short(value: Any) -> str:
    text = repr(value)
    return "missing" if value is None else text if len(text) <= 60 else f"{text[:57]}..."
