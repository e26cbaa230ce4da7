"""What a reading found and did, so that nothing happens to the data in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import polars as pl

from econloom.core.labels import Label
from econloom.core.lineage import Event

RemarkKind = Literal["file", "header", "notes", "rows", "missing", "repair", "label", "type", "wide", "warning"]
MOST_PLACES = 20


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that was found or done on the way in.

    Attributes
    ----------
    kind : str
        ``file`` (encoding, delimiter, sheet, table), ``header``, ``notes``, ``rows``, ``missing``, ``repair``,
        ``label``, ``type``, ``wide`` or ``warning``.
    message : str
    column : str or None
    cells : int
        Cells or rows concerned.
    places : tuple of str
        The first of them.
    """

    kind: RemarkKind
    message: str
    column: str | None = None
    cells: int = 0
    places: tuple[str, ...] = ()

    def __str__(self) -> str:
        name = f"{self.column}: " if self.column is not None else ""
        shown = ", ".join(self.places[:5]) + (" …" if max(self.cells, len(self.places)) > 5 else "")
        return f"{name}{self.message}" + (f" ({shown})" if self.places else "")

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {
            "kind": self.kind,
            "column": self.column,
            "message": self.message,
            "cells": self.cells,
            "places": list(self.places),
        }


@dataclass(frozen=True, slots=True)
class Places:
    """Where the rows and columns of a frame stand in their file.

    Attributes
    ----------
    file : str
    sheet : str or None
    rows : callable
        Row of the file, from 1, of a row of the frame, from 0.
    letters : mapping of str to str
        Letter of each column of a sheet; empty for text files.
    """

    file: str
    rows: Callable[[int], int] = field(default=lambda row: row + 1)
    sheet: str | None = None
    letters: Mapping[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """The file, and the sheet where there is one."""
        return self.file if self.sheet is None else f"{self.file}, sheet {self.sheet!r}"

    def of(self, column: str, rows: Iterable[int], most: int = MOST_PLACES) -> tuple[str, ...]:
        """The first places: ``C12`` in a sheet, ``row 12`` in a text."""
        found = [self.rows(r) for _, r in zip(range(most), rows, strict=False)]
        letter = self.letters.get(column)
        return tuple(f"{letter}{r}" if letter else f"row {r}" for r in found)


@dataclass(frozen=True, eq=False)
class Reading:
    """A frame and the report of how it came out of its file.

    Attributes
    ----------
    frame : polars.DataFrame
        NaN never occurs: missing is null.
    path : Path
    remarks : tuple of Remark
        Everything that was detected, taken as missing, repaired, joined or cut, in the order it happened.
    labels : mapping of str to Label
        Texts that the file gives for its columns.
    units : mapping of str to str
        Units that the header gives, such as 亿元.
    value_labels : mapping of str to mapping
        Texts of codes, by column.
    settings : mapping of str to object
        What was detected, under the names of the options (encoding, delimiter, sheet, header, table).

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "年鉴.csv"
    >>> _ = file.write_bytes("地区,年份,产值\\n北京,2001年,\\"1,200\\"\\n北京,2002年,—\\n".encode("gb18030"))
    >>> import econloom as el
    >>> reading = el.read(file)
    >>> reading.frame.rows()
    [('北京', 2001, 1200), ('北京', 2002, None)]
    >>> print(reading)
    年鉴.csv: 2 rows, 3 columns
      encoding gb18030
      delimiter ','
      年份: 2 cells like '2001年' read as years (row 2, row 3)
      产值: 1 cell with thousands commas read as numbers (row 2)
      产值: 1 cell taken as missing: '—' (row 3)
    """

    frame: pl.DataFrame
    path: Path
    remarks: tuple[Remark, ...] = ()
    labels: Mapping[str, Label] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    value_labels: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        head = f"{self.path.name}: {counted(self.frame.height, 'row')}, {counted(self.frame.width, 'column')}"
        return "\n".join([head, *(f"  {r}" for r in self.remarks)])

    def __repr__(self) -> str:
        return f"{self}\n{self.frame}"

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return self.frame.columns

    @property
    def warnings(self) -> tuple[Remark, ...]:
        """The remarks that a reader should act on."""
        return tuple(r for r in self.remarks if r.kind == "warning")

    def events(self, name: str) -> tuple[Event, ...]:
        """The remarks as entries of a study's log, under the name of the source."""
        return tuple(
            Event(
                "warning" if r.kind == "warning" else "read",
                f"{name}: {r}",
                cells=r.cells,
                detail={k: v for k, v in r.to_dict().items() if k not in ("message", "cells")},
            )
            for r in self.remarks
        )

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        return {
            "path": str(self.path),
            "rows": self.frame.height,
            "columns": {name: str(kind) for name, kind in self.frame.schema.items()},
            "settings": dict(self.settings),
            "remarks": [r.to_dict() for r in self.remarks],
            "labels": {n: {"zh": label.zh, "en": label.en} for n, label in self.labels.items()},
            "units": dict(self.units),
            "value_labels": {n: {str(k): v for k, v in texts.items()} for n, texts in self.value_labels.items()},
        }


def counted(number: int, noun: str = "cell") -> str:
    """``1 cell``, ``2 cells``.

    Examples
    --------
    >>> counted(1), counted(1200, "row")
    ('1 cell', '1,200 rows')
    """
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
