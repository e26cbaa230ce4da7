"""Tables transcribed to JSON, in the layout of docs/replicate.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from econloom.audit.noting import Note, read_note
from econloom.audit.paper import Column, Estimate, PaperTable, Parens, Statistic, Unread, Value
from econloom.audit.printed import TABLE_KINDS, Printed, PrintedCell, printed_of
from econloom.audit.read.layout import column_number
from econloom.audit.words import head_of, role_of

_PARENS: dict[str, Parens] = {"se": "se", "t": "t", "z": "t", "p": "p", "ci": "ci"}


def table_of(document: Any, path: str, name: str) -> PaperTable:
    """A transcribed table.

    Parameters
    ----------
    document : object
        As :func:`econloom.audit.printed.read_document` gives it.
    path : str
        For messages.
    name : str
        What findings call it.

    Raises
    ------
    DataError
        The document contradicts itself. One of a kind without numbers gives a table without numbers, which says so.

    Examples
    --------
    >>> cell = {"coef": 0.5, "coef_s": "0.50", "stars": 1, "se": 0.3, "se_s": "0.30", "t": None, "t_s": None}
    >>> document = {"title": "", "kind": "regression", "note": "* p<0.1", "columns": [{"id": "1", "n": 60, "n_s": "60",
    ...     "r2": None, "r2_s": None}], "rows": [{"term": "x", "cells": {"1": cell}}]}
    >>> table = table_of(document, "t.json", "t")
    >>> table.estimates[0].se.text, table.statistics[0].role
    ('0.30', 'n')
    """
    kind = document.get("kind") if isinstance(document, dict) else None
    if isinstance(kind, str) and kind not in TABLE_KINDS:
        said = Unread(name, "", f"a table of kind {kind!r} has no numbers to check")
        return PaperTable(name, "data", str(document.get("title", "")), unread=(said,))
    printed = printed_of(document, path)
    texts = [str(document.get(k) or "") for k in ("note", "title")]
    columns = tuple(_column(c) for c in document["columns"])
    note = read_note(texts[0], " ".join([texts[1], *(c.words for c in columns)]))
    held = _PARENS.get(str(document.get("paren") or ""))
    unread = tuple(Unread(f"{name}: row {c.term!r}, column {c.column}", c.text, c.problem)
                   for c in printed.cells if c.number is None)  # fmt: skip
    base = PaperTable(name, "data", printed.title, columns, note=note, unread=unread, repaired=printed.repaired)
    if kind == "regression":
        return _regression(printed, document, replace(base, kind="regression", parens=held))
    values = tuple(_values(printed, columns, kind == "descriptive"))
    return replace(base, kind="descriptive" if kind == "descriptive" else "data", values=values)


def _column(entry: Mapping[str, Any]) -> Column:
    texts = [entry.get(k) for k in ("dependent", "method", "sample")]
    dependent, method, sample = (t if isinstance(t, str) else "" for t in texts)
    head = entry.get("header")
    heads = tuple(h for h in (head if isinstance(head, list) else [head, entry.get("stat")]) if isinstance(h, str))
    heads = tuple(h for h in heads if column_number(h) is None)
    return Column(entry["id"], heads, dependent, method, sample)


def _regression(printed: Printed, document: Mapping[str, Any], base: PaperTable) -> PaperTable:
    cells = {(c.column, c.term, c.kind): c for c in printed.cells}
    estimates = tuple(_estimate(c, cells) for c in printed.cells if c.kind == "coefficient" and c.number is not None)
    labels = {c["id"]: str((c.get("stats") or {}).get("r2_label") or "R2") for c in document["columns"]}
    feet = [c for c in printed.cells if c.kind in {"n", "r2", "statistic"} and c.number is not None]
    statistics = tuple(_statistic(c, labels) for c in feet)
    return replace(base, estimates=estimates, statistics=statistics)


def _estimate(c: PrintedCell, cells: Mapping[tuple[str, str, Any], PrintedCell]) -> Estimate:
    se, t = (cells.get((c.column, c.term, kind)) for kind in ("se", "t"))
    assert c.number is not None
    text = c.text + "*" * (c.stars - c.number.stars) + "".join(f" ({x.text})" for x in (se, t) if x)
    numbers = [x.number if x else None for x in (se, t)]
    return Estimate(c.term, c.column, c.number, c.stars, numbers[0], numbers[1], text=text)


def _statistic(c: PrintedCell, labels: Mapping[str, str]) -> Statistic:
    label = labels[c.column] if c.kind == "r2" else c.term
    role = "n" if c.kind == "n" else role_of(label) or "other"
    if c.kind == "r2" and not role.startswith("r2"):
        role = "r2"
    assert c.number is not None
    return Statistic(label, c.column, role, c.number, c.stars)


def _values(printed: Printed, columns: Iterable[Column], descriptive: bool) -> Iterable[Value]:
    roles = {c.id: _head(c) for c in columns} if descriptive else {}
    for c in printed.cells:
        if c.number is not None:
            yield Value(c.term, c.column, c.number, roles.get(c.column, ""), stars=c.stars)


def _head(column: Column) -> str:
    return next((role for text in (*reversed(column.head), column.id) if (role := head_of(text))), "")


def same_below(tables: Iterable[PaperTable]) -> list[PaperTable]:
    """Tables in order, those whose notes define no stars or brackets with the last note that says 下表同."""
    done: list[PaperTable] = []
    last: PaperTable | None = None
    for table in tables:
        if last is not None and table.kind == "regression" and not table.note.cutoffs:
            table = replace(table, note=_with(table.note, last.note), parens=table.parens or last.parens)
        elif table.note.same and (table.note.cutoffs or table.note.held):
            last = table
        done.append(table)
    return done


def _with(note: Note, other: Note) -> Note:
    return replace(note, cutoffs=other.cutoffs, disordered=other.disordered, held=note.held or other.held,
                   resampled=note.resampled or other.resampled, df=note.df or other.df)  # fmt: skip
