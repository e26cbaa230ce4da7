"""Numbers of two runs beside one another: the same to the bit, but for noise, changed, flipped, come or gone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from econloom.study.diff.columns import Column, Row

NOISE = 1e-10
Verdict = Literal["sign", "stars", "changed", "came", "went", "noise"]
VERDICTS: tuple[Verdict, ...] = ("sign", "stars", "changed", "went", "came", "noise")
_OF_COLUMNS = ("n", "n_clusters", "r2", "r2_within", "r2_within_unit")


@dataclass(frozen=True)
class Change:
    """One number that two runs do not share.

    Attributes
    ----------
    version, table, column, term : str
        As the first run has it (the second, of what came); ``term`` is empty for what holds of a whole column, and
        the row of a table of values.
    what : str
        ``estimate``, ``std_error``, ``p_value``, ``stars``, ``n``, ``n_clusters``, ``r2``, …, ``value``.
    before, after : float, str or None
    verdict : {"sign", "stars", "changed", "came", "went", "noise"}
        ``noise``: within 1e-10 relative, or of a standard error.
    error : float or None
        The standard error before.
    now : str
        Table and column in the second run, where they are others.
    causes : tuple of str
        Ids of the causes.
    """

    version: str
    table: str
    column: str
    term: str
    what: str
    before: Any
    after: Any
    verdict: Verdict
    error: float | None = None
    now: str = ""
    causes: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """``t3.c2.tbi``, with the version where it is not the default one."""
        name = ".".join(p for p in (self.table, self.column, self.term) if p)
        return name if self.version == "default" else f"{name} ({self.version})"

    @property
    def absolute(self) -> float | None:
        """After less before."""
        both = isinstance(self.before, int | float) and isinstance(self.after, int | float)
        return self.after - self.before if both else None

    @property
    def relative(self) -> float | None:
        """By the size of what was before; None where that is 0."""
        return None if self.absolute is None or self.before == 0 else self.absolute / abs(self.before)

    @property
    def in_errors(self) -> float | None:
        """In standard errors, for an estimate."""
        if self.absolute is None or not self.error or self.what != "estimate":
            return None
        return self.absolute / self.error

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; the row of ``diff.csv``, too."""
        return {
            "verdict": self.verdict, "version": self.version, "table": self.table, "column": self.column,
            "term": self.term, "what": self.what, "before": self.before, "after": self.after,
            "absolute": self.absolute, "relative": self.relative, "in_errors": self.in_errors, "now": self.now,
            "causes": list(self.causes),
        }  # fmt: skip


def verdict(before: Any, after: Any, error: float | None = None) -> Verdict | None:
    """How two numbers compare; None where they are equal to the bit.

    Examples
    --------
    >>> verdict(1.0, 1.0), verdict(1.0, 1.0 + 1e-13), verdict(1.0, -1.0), verdict(None, 2.0)
    (None, 'noise', 'sign', 'came')
    """
    if before == after:
        return None
    if before is None or after is None:
        return "came" if before is None else "went"
    size = max(abs(before), abs(after), abs(error or 0.0))
    if math.isfinite(size) and abs(before - after) <= NOISE * size:
        return "noise"
    return "sign" if before * after < 0 else "changed"


def of_columns(first: Column, second: Column) -> Iterator[Change | None]:
    """Every number of two columns; None for each that is the same to the bit."""
    moved = (first.table, first.label) != (second.table, second.label)
    now = f"{second.table}.{second.label}" if moved else ""
    blank = Change(first.version, first.table, first.label, "", "", None, None, "changed", now=now)
    for what in _OF_COLUMNS:
        yield _compared(replace(blank, what=what), first.first[what], second.first[what], flips=False)
    for term in dict.fromkeys([*first.rows, *second.rows]):
        yield from _coefficient(replace(blank, term=term), first.rows.get(term), second.rows.get(term))


def alone(column: Column, *, came: bool) -> Iterator[Change]:
    """The coefficients of a column that only one run has."""
    for term, row in column.rows.items():
        before, after = (None, row["estimate"]) if came else (row["estimate"], None)
        how: Verdict = "came" if came else "went"
        yield Change(column.version, column.table, column.label, term, "estimate", before, after, how)


def _coefficient(blank: Change, first: Row | None, second: Row | None) -> Iterator[Change | None]:
    if first is None or second is None:
        made = replace(blank, what="estimate", verdict="came" if first is None else "went")
        before, after = (None if row is None else row["estimate"] for row in (first, second))
        yield replace(made, before=before, after=after)
        return
    blank = replace(blank, error=first["std_error"])
    pair = [
        _compared(replace(blank, what=what), first[what], second[what], flips=what == "estimate")
        for what in ("estimate", "std_error")
    ]
    yield from pair
    if all(c is None or c.verdict == "noise" for c in pair):
        p = _compared(replace(blank, what="p_value", error=1.0), first["p_value"], second["p_value"], flips=False)
        yield p
    if first["stars"] != second["stars"]:
        yield replace(blank, what="stars", before=first["stars"], after=second["stars"], verdict="stars")


def _compared(blank: Change, before: Any, after: Any, *, flips: bool) -> Change | None:
    how = verdict(before, after, blank.error)
    if how is None:
        return None
    kept: Verdict = "changed" if how == "sign" and not flips else how
    return replace(blank, before=before, after=after, verdict=kept)


def of_values(key: tuple[str, str, str, str], before: Any, after: Any, now: str = "") -> Change | None:
    """A number of a table of values, by version, table, row and column."""
    version, table, row, column = key
    return _compared(
        Change(version, table, column, row, "value", None, None, "changed", now=now), before, after, flips=True
    )
