"""Heads of several levels, and one table in every format: drawn layouts give the same findings everywhere."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from econloom.audit import audit
from econloom.audit.auditing import Audit
from econloom.audit.paper import PaperTable
from econloom.audit.read.files import read_tables
from econloom.audit.read.grid import filled
from econloom.core.labels import Label
from econloom.core.table import Cell, Row, Table
from econloom.report import render

SEED, DRAWS = 20261126, 24
NOTES = {
    "se": "Standard errors in parentheses. *, ** and *** denote significance at the 10%, 5% and 1% levels.",
    "t": "t statistics in parentheses. *, ** and *** denote significance at the 10%, 5% and 1% levels.",
}
WORDS = ("TBI", "RQ", "GDP per head", "Trade & openness", "R&D_share", "人口", "Constant")
GROUPS = ("East", "West", "Full sample", "Exports", "进口", "Wage")


def header(rng: np.random.Generator, cuts: list[int], level: int) -> tuple[Cell, ...]:
    """Labels of one level, each over the columns between two cuts."""
    names = rng.permutation(len(GROUPS))
    spans = [b - a for a, b in pairwise(cuts)]
    return tuple(Cell.text(Label.same(f"{GROUPS[names[k]]} {level}"), span) for k, span in enumerate(spans))


def drawn(rng: np.random.Generator, number: int) -> Table:
    """A table of estimates that may hold wrong stars, R2 that fall and N that grow."""
    columns, digits, held = int(rng.integers(1, 6)), int(rng.integers(2, 5)), str(rng.choice(["se", "t"]))
    heads, cuts = [], {0, columns}
    for level in range(int(rng.integers(0, 3))):  # groups of a lower level lie within those of the upper one
        cuts |= {int(rng.integers(0, columns + 1))}
        heads.append(header(rng, sorted(cuts), level))
    numbers = tuple(Cell.text(Label.same(f"({n})")) for n in range(1, columns + 1))
    if rng.random() < 0.3:  # numbers above, a head of its own for each column below
        heads = [numbers, tuple(Cell.text(Label.same(f"{GROUPS[k % 6]} {k}")) for k in range(columns))]
    else:
        heads.append(numbers)
    rows: list[Row] = []
    for name in rng.permutation(len(WORDS))[: rng.integers(1, 5)]:
        there = rng.random(columns) < 0.8
        there[0] = True
        b, se = rng.normal(0, 1, columns), rng.uniform(0.1, 0.6, columns)
        below = b / se if held == "t" else se
        stars = rng.integers(0, 4, columns)
        cells = [
            Cell("estimate", float(x), digits, int(k)) if ok else Cell()
            for x, k, ok in zip(b, stars, there, strict=True)
        ]
        parens = [Cell("paren", float(x), digits) if ok else Cell() for x, ok in zip(below, there, strict=True)]
        rows += [Row(Label.same(WORDS[name]), tuple(cells), "estimate"), Row(Label(), tuple(parens), "paren")]
    if rng.random() < 0.5:
        marks = tuple(Cell("mark", yes=bool(y)) for y in rng.integers(0, 2, columns))
        rows.append(Row(Label.same("Year effects"), marks, "mark"))
    counts = (Cell("count", float(n)) for n in rng.integers(20, 5000, columns))
    rows.append(Row(Label.same("N"), tuple(counts), "statistic"))
    fits = (Cell("number", float(x), 3, notation="fixed") for x in rng.random(columns))
    rows.append(Row(Label.same("R2"), tuple(fits), "statistic"))
    note = Label.same(NOTES[held])
    return Table(f"t{number}", Label.same(f"Table {number}"), tuple(heads), tuple(rows), (note,))


def transcribed(table: PaperTable) -> dict[str, object]:
    """The JSON layout of a table that has been read."""

    def number(name: str, text: str | None) -> dict[str, object]:
        return {name: None if text is None else float(text.replace(",", "")), f"{name}_s": text}

    columns = []
    for c in table.columns:
        feet = {s.role: s.number.text for s in table.statistics if s.column == c.id}
        columns.append({"id": c.id, "header": [*c.head], **number("n", feet.get("n")), **number("r2", feet.get("r2"))})
    rows: dict[str, dict[str, object]] = {}
    for e in table.estimates:
        text = e.coefficient.text.rstrip("*")
        cell: dict[str, object] = {"stars": e.stars, **number("coef", text)}
        cell |= number("se", e.se.text if e.se else None) | number("t", e.t.text if e.t else None)
        rows.setdefault(e.row, {})[e.column] = cell
    body = [{"term": t, "cells": cells} for t, cells in rows.items()]
    return {"title": table.title, "kind": "regression", "note": table.note.text, "columns": columns, "rows": body}


def told(done: Audit) -> list[tuple[str, str, str]]:
    return [(f.level, f.check, f.where) for f in done.findings]


def cells(table: PaperTable) -> list[tuple[object, ...]]:
    made: list[tuple[object, ...]] = [
        (e.row, e.column, e.stars, *(x and x.value for x in (e.coefficient, e.se, e.t))) for e in table.estimates
    ]
    return made + [(s.row, s.column, s.number.value) for s in table.statistics]


def test_drawn_tables_give_one_set_of_findings_in_every_format(tmp_path: Path) -> None:
    rng = np.random.default_rng(SEED)
    found = 0
    for number in range(DRAWS):
        table = drawn(rng, number)
        first = audit([table])
        (ours,) = first.tables
        assert not first.unread, number
        for kind in ("docx", "tex", "html", "md", "csv", "xlsx"):
            done = audit([render.write(table, tmp_path / f"{table.id}.{kind}", "en")])
            (read,) = done.tables
            assert cells(read) == cells(ours), (number, kind)
            assert [c.head for c in read.columns] == [c.head for c in ours.columns], (number, kind)
            assert told(done) == told(first), (number, kind)
        path = tmp_path / f"{table.id}.json"
        path.write_text(json.dumps(transcribed(ours)), encoding="utf-8")
        assert told(audit([path])) == told(first), number
        found += len(first.findings)
    assert found > DRAWS  # the draws hold faults, or nothing would be compared


@pytest.mark.parametrize(
    ("rows", "first", "second", "lost"),
    [
        ([["", "A", "", "B", ""], ["", "x", "", "y", ""], ["", "1", "2", "3", "4"]], "AABB", "xxyy", ()),
        # a label ends where the one above it does
        ([["", "A", "", "B", ""], ["", "x", "", "", "y"], ["", "1", "2", "3", "4"]], "AABB", "xx_y", ()),
        ([["", "A", "", "B", ""], ["", "", "x", "y", ""], ["", "1", "2", "3", "4"]], "AABB", "_xyy", ()),
        # written in the middle of what it heads, or over one column?
        ([["", "", "A", ""], ["", "x", "", ""], ["", "1", "2", "3"]], "_A_", "xxx", ("A",)),
        ([["", "A", "", "", "B"], ["", "", "x", "", "y"], ["", "1", "2", "3", "4"]], "AAAB", "_x_y", ("x",)),
        # what is merged or repeated says how far it reaches
        ([["", "A", "\x00", "", "B"], ["", "x", "x", "", "y"], ["", "1", "2", "3", "4"]], "AA_B", "xx_y", ()),
        # numbers above are no groups
        ([["", "1", "2", "3", "4"], ["", "A", "", "B", ""], ["", "w", "x", "y", "z"]], "1234", "AABB", ()),
        ([["", "A", "B", "\x00"], ["", "\x01", "x", "y"], ["", "1", "2", "3"]], "ABB", "Axy", ()),
    ],
)
def test_heads_of_three_levels(rows: list[list[str]], first: str, second: str, lost: tuple[str, ...]) -> None:
    made, unclear = filled(rows)
    assert ["".join(c or "_" for c in line[1:]) for line in made[:2]] == [first, second]
    assert unclear == lost


def test_a_head_that_is_not_clear_is_listed_as_unread(tmp_path: Path) -> None:
    rows = "|  |  | East |  |\n|---|---|---|---|\n|  | (1) | (2) | (3) |\n| x | 0.5** | 0.6** | 0.7** |\n"
    rows += "|  | (0.2) | (0.2) | (0.2) |\n"
    path = tmp_path / "t.md"
    path.write_text(rows + "\nStandard errors in parentheses.\n", encoding="utf-8")
    (table,) = read_tables(path)
    assert [c.head for c in table.columns] == [(), ("East",), ()]
    assert [(u.text, u.why) for u in table.unread] == [("East", "its column is not clear")]
