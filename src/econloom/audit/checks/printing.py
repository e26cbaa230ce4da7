"""The print itself: marks that the note does not define, notes that contradict themselves, too few digits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from econloom.audit.checks import reasoning as r
from econloom.audit.findings import Finding
from econloom.audit.given import Given
from econloom.audit.levels import ANY, deserved
from econloom.audit.paper import Estimate, PaperTable
from econloom.core.errors import listed
from econloom.core.labels import Label


def cutoffs(table: PaperTable, given: Given) -> Iterator[Finding]:
    """Marks that are used but not defined, a note with the levels the wrong way round, and stars without a note."""
    note, starred = table.note, [e for e in table.estimates if e.stars]
    if note.disordered:
        why = Label(
            zh="注释中星号越多显著性水平越弱，次序应是颠倒了",
            en="by the note more stars mean a weaker level; the order looks reversed",
        )
        possible = Label(zh="*对应最弱的水平", en="one star for the weakest level")
        yield Finding("suspicious", "cutoffs", table.place(), _short(note.text), why, possible, table=table.name)
    defined = tuple(given.cutoffs) or note.cutoffs
    if not defined or not starred:
        return
    known = {n for n, c in enumerate(defined, 1) if not math.isnan(c)}
    for stars in sorted({e.stars for e in starred} - known):
        cells = [e for e in starred if e.stars == stars]
        why = Label(
            zh=f"注释未说明{'*' * stars}的含义（{len(cells)}个单元格）",
            en=f"the note does not say what {'*' * stars} stands for ({len(cells)} cells)",
        )
        possible = Label(zh="、".join("*" * n for n in sorted(known)), en=", ".join("*" * n for n in sorted(known)))
        yield Finding("suspicious", "cutoffs", _first(table, cells), _listed(cells), why, possible, table=table.name)


def zero_precision(table: PaperTable, given: Given) -> Iterator[Finding]:
    """Starred cells whose digits are too few to verify the stars: |t| may be anything, or nearly so."""
    schemes = r.schemes(table, given)
    if r.unverifiable(table):
        return
    cells = [e for e in table.estimates if e.stars and e.p is None and _open(e, table, schemes)]
    if cells:
        why = Label(
            zh=f"{len(cells)}个单元格的有效数字太少，星号无法核实：{listed((e.row for e in cells), 6)}",
            en=f"too few digits to verify the stars of {len(cells)} cells: {listed((e.row for e in cells), 6)}",
        )
        possible = Label(zh="多印一位小数，或改变变量的单位", en="print more decimals, or change the variable's unit")
        yield Finding(
            "suspicious", "zero_precision", _first(table, cells), _listed(cells), why, possible, table=table.name
        )


def _open(e: Estimate, table: PaperTable, schemes: Sequence[Sequence[float]]) -> bool:
    """Whether the interval of |t| allows no star as well as all of them."""
    found = r.ratios(e, table)
    if not found:
        return False
    return all(deserved(t, cuts, ANY)[1] == len(cuts) and t.low < 1 for t in found for cuts in schemes[:1])


def _first(table: PaperTable, cells: Sequence[Estimate]) -> str:
    return table.place(cells[0].row, cells[0].column, cells[0].panel)


def _listed(cells: Sequence[Estimate]) -> str:
    return listed((e.printed for e in cells), 6)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 120 else f"{text[:117]}..."
