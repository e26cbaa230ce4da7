"""Ours against the published table, cell by cell.

A verdict for every printed number, the study's own expectations held against them, and a plain list of what was not
compared. Nothing passes by its sign alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import polars as pl

from econloom.audit.expectations import COVERAGE, MEASURED, Coverage, Expectation, Incomparable, Outcome
from econloom.audit.matching import Counterpart, Ours, OurTable, Pairing, TableMap, pair
from econloom.audit.printed import Kind, Printed, PrintedCell, read_printed
from econloom.audit.verdicts import R2_TOLERANCE, SE_TOLERANCE, VERDICTS, Verdict, difference, judge, same_sign
from econloom.core.errors import UsageError, did_you_mean, listed

__all__ = [
    "COVERAGE", "R2_TOLERANCE", "SE_TOLERANCE", "VERDICTS", "Comparison", "Coverage", "Expectation", "Incomparable",
    "OurTable", "Ours", "Outcome", "Printed", "PrintedCell", "Replication", "TableMap", "Verdict", "compare",
    "read_printed",
]  # fmt: skip

CELLS: Mapping[str, Any] = {
    "table": pl.String, "published": pl.String, "column": pl.String, "term": pl.String, "our_column": pl.String,
    "our_term": pl.String, "kind": pl.String, "printed": pl.String, "printed_value": pl.Float64, "ours": pl.Float64,
    "difference": pl.Float64, "difference_se": pl.Float64, "verdict": pl.String, "stars_printed": pl.Int64,
    "stars_ours": pl.Int64, "same_sign": pl.Boolean, "same_stars": pl.Boolean, "expected": pl.String,
    "ok": pl.Boolean, "reason": pl.String,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comparison:
    """One printed number beside ours.

    Attributes
    ----------
    table, published : str
        Ids of the study's table and of the printed one.
    cell : PrintedCell
    ours : Counterpart
        Its ``reason`` says why a cell was not compared.
    se : Decimal or None
        The printed standard error of a coefficient, from its t value where only that is printed.
    verdict : str or None
        None where nothing was compared.
    same_stars : bool or None
    expected : tuple of Expectation
        Those that select this cell.
    declared : Incomparable or None
        The declaration that it is not comparable.
    """

    table: str
    published: str
    cell: PrintedCell
    ours: Counterpart
    se: Decimal | None = None
    verdict: Verdict | None = None
    same_stars: bool | None = None
    expected: tuple[Expectation, ...] = ()
    declared: Incomparable | None = None

    @property
    def address(self) -> str:
        """Such as ``t3.c2.tbi.se`` or ``t3.c2.n``: the study's names where there are any, else the printed ones."""
        place = [self.table, self.ours.column or self.cell.column, self.ours.term or self.cell.term]
        return ".".join([*place, self.cell.kind] if self.cell.kind in {"se", "t"} else place)

    @property
    def difference(self) -> Decimal | None:
        """Ours less the print."""
        return (
            None
            if self.cell.number is None or self.ours.value is None
            else difference(self.cell.number, self.ours.value)
        )

    @property
    def ok(self) -> bool | None:
        """Whether it reaches all expectations that select it; None where none does."""
        return all(self.reaches(e) for e in self.expected) if self.expected else None

    def reaches(self, claim: Expectation) -> bool:
        """Whether it reaches one expectation."""
        return claim.reached(self.verdict, self.difference, self._agrees)

    @property
    def _agrees(self) -> bool:
        """Of a coefficient: the printed sign and stars."""
        number, ours = self.cell.number, self.ours.value
        if self.cell.kind != "coefficient" or number is None or ours is None:
            return True
        return self.same_stars is not False and same_sign(number, ours)

    def row(self) -> dict[str, Any]:
        """The row of ``Replication.cells``."""
        number, ours, gap = self.cell.number, self.ours.value, self.difference
        return {
            "table": self.table, "published": self.published, "column": self.cell.column, "term": self.cell.term,
            "our_column": self.ours.column, "our_term": self.ours.term, "kind": self.cell.kind,
            "printed": self.cell.text, "printed_value": None if number is None else float(number.value),
            "ours": ours, "difference": None if gap is None else float(gap),
            "difference_se": float(gap / self.se) if gap is not None and self.se else None, "verdict": self.verdict,
            "stars_printed": self.cell.stars if self.cell.kind == "coefficient" else None,
            "stars_ours": self.ours.stars,
            "same_sign": None if number is None or ours is None else same_sign(number, ours),
            "same_stars": self.same_stars, "expected": "; ".join(map(str, self.expected)), "ok": self.ok,
            "reason": self.ours.reason,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Replication:
    """The outcome of a comparison.

    Attributes
    ----------
    comparisons : tuple of Comparison
        One for each printed number.
    outcomes : tuple of Outcome
        One for each expectation, in order.
    coverage : Coverage
    repaired : tuple of str
        Printed strings that had to be mended to be read.
    """

    comparisons: tuple[Comparison, ...]
    outcomes: tuple[Outcome, ...]
    coverage: Coverage
    repaired: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every expectation is met and together they cover enough."""
        return self.coverage.ok and not self.unmet

    @property
    def unmet(self) -> tuple[Outcome, ...]:
        """Expectations that are not met, with what was found."""
        return tuple(o for o in self.outcomes if not o.met)

    @property
    def cells(self) -> pl.DataFrame:
        """One row for each printed number; ``verdict`` is null where it was not compared, and ``reason`` says why."""
        return pl.DataFrame([c.row() for c in self.comparisons], schema=dict(CELLS))

    @property
    def not_compared(self) -> pl.DataFrame:
        """Printed numbers without a counterpart: table, published, column, term, kind, printed, reason.

        Without those that the study declares not comparable.
        """
        chosen = ["table", "published", "column", "term", "kind", "printed", "reason"]
        declared = pl.Series([c.declared is not None for c in self.comparisons], dtype=pl.Boolean)
        return self.cells.filter(pl.col("verdict").is_null() & ~declared).select(chosen)

    @property
    def declared(self) -> Mapping[Incomparable, int]:
        """How many printed numbers each declaration takes out."""
        return Counter(c.declared for c in self.comparisons if c.declared is not None)

    def summary(self) -> pl.DataFrame:
        """Counts by table and kind: printed, one column for each verdict, not_compared, sign_and_stars.

        ``sign_and_stars`` counts coefficients with both as printed, however far the number is.
        """
        both = (pl.col("kind") == "coefficient") & pl.col("same_sign") & pl.col("same_stars")
        return self.cells.group_by("table", "kind", maintain_order=True).agg(
            pl.len().cast(pl.Int64).alias("printed"),
            *((pl.col("verdict") == v).sum().cast(pl.Int64).alias(v) for v in VERDICTS),
            pl.col("verdict").is_null().sum().cast(pl.Int64).alias("not_compared"),
            both.sum().cast(pl.Int64).alias("sign_and_stars"),
        )

    def problems(self) -> tuple[str, ...]:
        """Why it is not ok, one line each."""
        return (*(str(o) for o in self.unmet), *(() if self.coverage.ok else (str(self.coverage),)))


def compare(
    printed: Mapping[str, Printed],
    ours: Ours,
    mapping: Mapping[str, TableMap],
    expect: Sequence[Expectation],
    not_comparable: Sequence[Incomparable] = (),
) -> Replication:
    """Compare every printed number with ours.

    Parameters
    ----------
    printed : mapping of str to Printed
        All printed tables of the paper that have numbers; those that no entry of ``mapping`` stands for are listed as
        not compared and count against the coverage.
    ours : Ours
        The numbers of a run.
    mapping : mapping of str to TableMap
        By id of the study's table.
    expect : sequence of Expectation
        The claims.
    not_comparable : sequence of Incomparable
        Cells that stand for something else than ours, with the reason.

    Returns
    -------
    Replication

    Raises
    ------
    UsageError
        A mapping, an expectation or a declaration names something that does not exist, or an expectation speaks of a
        cell that is declared not comparable.
    DataError
        A printed table does not match the study's.

    Examples
    --------
    >>> from econloom.audit.numerals import read_numeral
    >>> cell = PrintedCell("CHN", "2000", "value", "0.1061", read_numeral("0.1061"))
    >>> paper = Printed("t1.json", "TBI", "data", ("CHN",), ("2000",), (cell,))
    >>> values = pl.DataFrame({"version": "default", "table": "t1", "row": "2000", "column": "CHN", "value": 0.10596})
    >>> names = ("version", "table", "column", "stage", "term", "stars")
    >>> results = pl.DataFrame(schema=dict.fromkeys(names, pl.String)
    ...     | dict.fromkeys(("estimate", "std_error", "statistic", "n"), pl.Float64))
    >>> claim = Expectation(tables=["t1"], within=0.002)
    >>> done = compare({"t1": paper}, Ours(results, values), {"t1": TableMap()}, [claim])
    >>> done.ok, done.cells["verdict"].to_list(), str(done.outcomes[0])
    (True, ['within_tolerance'], '{tables: [t1], within: 0.002}: 1 of 1 cells, 1 required')
    """
    pairs = pair(printed, ours.tables(), mapping)
    found = [_compared(p, cell, expect, not_comparable) for p in pairs for cell in p.printed.cells]
    for claim in not_comparable:
        _names_exist(claim, found)
        if not any(_selects(claim, c) for c in found):
            raise UsageError(f"not_comparable: {claim} speaks of no printed cell")
    taken = {p.key for p in pairs}
    found += [_unmapped(k, cell) for k, table in printed.items() if k not in taken for cell in table.cells]
    if not found:
        raise UsageError("no printed table to compare with")
    repaired = tuple(line for table in printed.values() for line in table.repaired)
    return Replication(tuple(found), tuple(_outcome(e, found) for e in expect), _coverage(found), repaired)


def _unmapped(key: str, cell: PrintedCell) -> Comparison:
    return Comparison(key, key, cell, Counterpart(reason=f"not mapped: printed table {key!r}"))


def _compared(
    pairing: Pairing, cell: PrintedCell, expect: Sequence[Expectation], not_comparable: Sequence[Incomparable]
) -> Comparison:
    ours = pairing.counterpart(cell)
    bare = Comparison(pairing.id, pairing.key, cell, ours)
    chosen = tuple(e for e in expect if _selects(e, bare))
    for claim in not_comparable:
        if _selects(claim, bare):
            if chosen:
                raise UsageError(f"expect: {chosen[0]} speaks of {bare.address}, which {claim} declares not comparable")
            reason = f"declared not comparable: {claim.why}"
            return Comparison(
                pairing.id, pairing.key, cell, replace(ours, value=None, stars=None, reason=reason), declared=claim
            )
    if ours.reason or ours.value is None:
        return Comparison(pairing.id, pairing.key, cell, ours, expected=chosen)
    same = None if ours.stars is None or not pairing.map.stars else cell.stars == ours.stars
    se = _printed_se(pairing.printed, cell)
    within = max((e.within for e in chosen if e.within is not None), default=None)
    verdict = judge(cell, ours.value, se, same is not False, within)
    return Comparison(pairing.id, pairing.key, cell, ours, se, verdict, same, chosen)


def _printed_se(paper: Printed, cell: PrintedCell) -> Decimal | None:
    """The printed standard error of a coefficient, or coefficient over t, or None."""
    if cell.kind != "coefficient" or cell.number is None:
        return None
    numbers: dict[Kind, Decimal] = {
        c.kind: c.number.value
        for c in paper.cells
        if (c.column, c.term) == (cell.column, cell.term) and c.number is not None
    }
    if "se" in numbers:
        return numbers["se"]
    return abs(cell.number.value / numbers["t"]) if numbers.get("t") else None


def _selects(expectation: Expectation | Incomparable, c: Comparison) -> bool:
    return (
        (not expectation.tables or c.table in expectation.tables)
        and (not expectation.kinds or c.cell.kind in expectation.kinds)
        and (not expectation.terms or bool({c.cell.term, c.ours.term} & set(expectation.terms)))
        and (not expectation.columns or bool({c.cell.column, c.ours.column} & set(expectation.columns)))
    )


def _outcome(expectation: Expectation, found: Sequence[Comparison]) -> Outcome:
    _names_exist(expectation, found)
    chosen = [c for c in found if _selects(expectation, c)]
    if not chosen:
        raise UsageError(f"expect: {expectation} speaks of no printed cell")
    if expectation.within is not None and (other := {c.cell.kind for c in chosen} - MEASURED):
        fitting = sorted({c.cell.kind for c in chosen} & MEASURED) or ["value"]
        message = f"expect: {expectation} speaks of {listed(sorted(other))} cells, which within is not for"
        raise UsageError(message, hint=f"add kinds: [{', '.join(fitting)}]")
    required = expectation.required(len(chosen))
    if required > len(chosen):
        raise UsageError(f"expect: {expectation} asks for {required} cells but speaks of {len(chosen)} only")
    short = tuple(c.address for c in chosen if not c.reaches(expectation))
    compared = sum(c.verdict is not None for c in chosen)
    return Outcome(expectation, len(chosen), compared, len(chosen) - len(short), required, short)


_NAMES: tuple[tuple[str, Callable[[Comparison], Iterable[str]]], ...] = (
    ("tables", lambda c: (c.table,)),
    ("terms", lambda c: (c.cell.term, c.ours.term)),
    ("columns", lambda c: (c.cell.column, c.ours.column)),
)


def _names_exist(expectation: Expectation | Incomparable, found: Sequence[Comparison]) -> None:
    what_for = "expect" if isinstance(expectation, Expectation) else "not_comparable"
    for what, names in _NAMES:
        known = dict.fromkeys(n for c in found for n in names(c) if n)
        for given in getattr(expectation, what):
            if given not in known:
                raise UsageError(
                    f"{what_for}: {what} has {given!r}, which no printed cell has{did_you_mean(given, known)}"
                )


def _coverage(found: Sequence[Comparison]) -> Coverage:
    counted = [c for c in found if c.declared is None]
    left = tuple(c.address for c in counted if not c.expected or c.verdict is None)
    return Coverage(len(counted), len(counted) - len(left), left)
