"""What a user may say about a file where it does not speak for itself."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from econloom.core.errors import UsageError, did_you_mean, listed

Kind = Literal["number", "text", "year", "date"]
KINDS: tuple[Kind, ...] = ("number", "text", "year", "date")
DELIMITERS = {"tab": "\t", "space": " ", "comma": ",", "semicolon": ";", "pipe": "|"}


@dataclass(frozen=True, slots=True)
class Wide:
    """Columns that stand for years, to be turned into rows.

    Attributes
    ----------
    time : str
        Name of the new column of years.
    values : str
        Name of the variable whose columns are plain years (``2010``, ``2010年``). Columns such as ``GDP_2010`` and
        ``2010_GDP`` name their variable themselves.
    """

    time: str = "year"
    values: str = "value"


@dataclass(frozen=True, slots=True)
class Options:
    """How to read a file. Everything left out is detected, and said in the reading's report.

    Attributes
    ----------
    encoding : str or None
        Of a text, or of the strings in a Stata or SPSS file: ``utf-8``, ``gb18030``, ``big5`` …
    delimiter : str or None
        One character, or ``tab``, ``comma``, ``semicolon``, ``pipe``, ``space``.
    sheet : str, int or None
        A sheet of a workbook by name, or by place from 1.
    header : tuple of int, or None
        Row numbers of the header, from 1; an empty tuple where the file has none (columns are then ``column_1`` …).
    notes : {"cut", "keep"}
        What to do with lines of notes and sources below the table.
    missing : tuple of str
        Further texts that mean a missing value.
    decimal : {".", ","} or None
        The decimal sign of numbers written as text.
    types : mapping of str to {"number", "text", "year", "date"}
        Kinds of columns, where their cells can be read in two ways.
    table, query : str or None
        A table of a database, or a SQL query on it.
    value_labels : {"both", "codes", "texts"}
        Labelled codes of Stata and SPSS: kept with a column ``<name>_label`` beside them, kept alone, or replaced by
        their texts.
    keep_missing : tuple of str
        Columns of a Stata or SPSS file whose kinds of missing value (``.a``) come as a column ``<name>_missing``.
    wide : Wide or None
        Year columns to rows.
    """

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | int | None = None
    header: tuple[int, ...] | None = None
    notes: Literal["cut", "keep"] = "cut"
    missing: tuple[str, ...] = ()
    decimal: Literal[".", ","] | None = None
    types: Mapping[str, Kind] = field(default_factory=dict)
    table: str | None = None
    query: str | None = None
    value_labels: Literal["both", "codes", "texts"] = "both"
    keep_missing: tuple[str, ...] = ()
    wide: Wide | None = None

    def __post_init__(self) -> None:
        if self.encoding is not None:
            _refuse_encoding(self.encoding)
        if self.delimiter is not None and len(self.separator or "") != 1:
            raise UsageError(f"delimiter: {self.delimiter!r} is not one character", hint=f"or {', '.join(DELIMITERS)}")
        if self.header is not None and any(b - a != 1 for a, b in zip(self.header, self.header[1:], strict=False)):
            raise UsageError(f"header: rows {listed(self.header)} do not follow one another")
        if self.header and self.header[0] < 1:
            raise UsageError("header: rows are counted from 1")
        if self.table is not None and self.query is not None:
            raise UsageError("either 'table' or 'query', not both")
        for name, kind in self.types.items():
            if kind not in KINDS:
                raise UsageError(f"types: {name}: {kind!r} is not one of {', '.join(KINDS)}")

    @property
    def separator(self) -> str | None:
        """The delimiter as a character."""
        return None if self.delimiter is None else DELIMITERS.get(self.delimiter, self.delimiter)


def make(given: Mapping[str, Any]) -> Options:
    """Options from loose keywords, with short forms.

    Raises
    ------
    UsageError
        An unknown option, or a value that it does not take.
    """
    names = [f.name for f in fields(Options)]
    for name in given:
        if name not in names:
            raise UsageError(f"no option {name!r}{did_you_mean(name, names)}", hint=f"options: {', '.join(names)}")
    known = {k: v for k, v in given.items() if v is not None}
    for name in ("missing", "keep_missing"):
        if name in known:
            known[name] = (known[name],) if isinstance(known[name], str) else tuple(known[name])
    if "header" in known:
        known["header"] = _rows(known["header"])
    if "wide" in known:
        known["wide"] = _wide(known["wide"])
    _refuse_kinds(known)
    return Options(**known)


def _rows(value: Any) -> tuple[int, ...]:
    if value in (0, "none", ()):
        return ()
    rows = (value,) if isinstance(value, int) else tuple(value) if isinstance(value, list | tuple) else None
    if rows is None or not all(isinstance(r, int) and not isinstance(r, bool) for r in rows):
        raise UsageError(f"header: {value!r} is no row number", hint="header: 3, header: [3, 4] or header: none")
    return rows


def _wide(value: Any) -> Wide | None:
    if isinstance(value, Wide):
        return value
    if isinstance(value, bool):
        return Wide() if value else None
    names = [f.name for f in fields(Wide)]
    if isinstance(value, Mapping):
        for name in value:
            if name not in names:
                raise UsageError(f"wide: no key {name!r}{did_you_mean(str(name), names)}")
        return Wide(**value)
    raise UsageError(f"wide: {value!r} is not understood", hint="wide: {time: year, values: gdp}")


def _refuse_kinds(known: Mapping[str, Any]) -> None:
    choices = {"notes": ("cut", "keep"), "decimal": (".", ","), "value_labels": ("both", "codes", "texts")}
    for name, allowed in choices.items():
        if name in known and known[name] not in allowed:
            raise UsageError(f"{name}: {known[name]!r} is not one of {', '.join(map(repr, allowed))}")
    for name in ("encoding", "delimiter", "table", "query"):
        if name in known and not isinstance(known[name], str):
            raise UsageError(f"{name}: {known[name]!r} is no text")


def _refuse_encoding(name: str) -> None:
    try:
        if not codecs.lookup(name)._is_text_encoding:
            raise LookupError
    except (LookupError, ValueError):
        raise UsageError(
            f"encoding: {name!r} is not known", hint="such as utf-8, gb18030, big5, utf-16, cp1252, shift_jis"
        ) from None
