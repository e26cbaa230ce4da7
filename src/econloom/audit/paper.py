"""A printed table as an audit sees it: estimates, statistics, values, a note, and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from econloom.audit.interval import Interval
from econloom.audit.noting import Note
from econloom.audit.numerals import Numeral

TableKind = Literal["regression", "descriptive", "data"]
Parens = Literal["se", "t", "p", "ci"]


@dataclass(frozen=True, slots=True)
class Unread:
    """A cell or a table that could not be read, and why."""

    where: str
    text: str
    why: str

    def __str__(self) -> str:
        shown = self.text if len(self.text) <= 60 else f"{self.text[:57]}..."
        return f"{self.where}: {shown!r}: {self.why}" if shown else f"{self.where}: {self.why}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a printed table.

    Attributes
    ----------
    id : str
        Its number or head; unique in the table.
    head : tuple of str
        All header cells above it, from the top.
    dependent, method, sample : str
        Where the source says so; else empty.
    df : tuple of float
        Degrees of freedom of its stars, where the source knows them (a run of econloom); infinite for the normal
        distribution.
    """

    id: str
    head: tuple[str, ...] = ()
    dependent: str = ""
    method: str = ""
    sample: str = ""
    df: tuple[float, ...] = ()

    @property
    def words(self) -> str:
        """Everything that is said about it, for looking up words."""
        return " ".join(dict.fromkeys((*self.head, self.dependent, self.method, self.sample))).strip()


@dataclass(frozen=True, slots=True)
class Estimate:
    """A coefficient with what stands below or beside it.

    Attributes
    ----------
    row, column, panel : str
        Its address.
    coefficient : Numeral
    stars : int
    se, t, p : Numeral or None
    interval : tuple of Numeral, or None
        A printed confidence interval.
    also : tuple of Numeral
        Further standard errors of the same coefficient; significance may rest on any of them.
    unclear : Numeral or None
        A number in brackets of which the source does not say what it is.
    text : str
        As printed, for reports.
    """

    row: str
    column: str
    coefficient: Numeral
    stars: int = 0
    se: Numeral | None = None
    t: Numeral | None = None
    p: Numeral | None = None
    interval: tuple[Numeral, Numeral] | None = None
    also: tuple[Numeral, ...] = ()
    unclear: Numeral | None = None
    panel: str = ""
    text: str = ""

    @property
    def printed(self) -> str:
        """The printed strings."""
        return self.text or self.coefficient.text


@dataclass(frozen=True, slots=True)
class Statistic:
    """A number of the foot of a regression table: N, R2, a test.

    Attributes
    ----------
    row, column, panel : str
        Its address; ``row`` is the printed label.
    role : str
        What it is, by its label: a key of :data:`econloom.audit.words.ROLES`, or ``other``.
    number : Numeral
    stars : int
    p : Numeral or None
        A p value printed with it.
    """

    row: str
    column: str
    role: str
    number: Numeral
    stars: int = 0
    p: Numeral | None = None
    panel: str = ""

    @property
    def printed(self) -> str:
        """As printed."""
        return self.number.text if self.p is None else f"{self.number.text} [{self.p.text}]"

    @property
    def interval(self) -> Interval:
        """What the print stands for."""
        return Interval.printed(self.number)


@dataclass(frozen=True, slots=True)
class Value:
    """A number of a table of values or of descriptive statistics; ``role`` is mean, sd, min, ... or empty."""

    row: str
    column: str
    number: Numeral
    role: str = ""
    panel: str = ""
    stars: int = 0

    @property
    def interval(self) -> Interval:
        """What the print stands for."""
        return Interval.printed(self.number)


@dataclass(frozen=True, slots=True)
class Mark:
    """A word of the foot: yes or no for effects and controls."""

    row: str
    column: str
    text: str
    yes: bool | None
    panel: str = ""


@dataclass(frozen=True, eq=False)
class PaperTable:
    """A printed table.

    Attributes
    ----------
    name : str
        What findings call it.
    kind : {"regression", "descriptive", "data"}
    title : str
    columns : tuple of Column
    estimates, statistics, values, marks : tuple
    note : Note
        The note with what it says about brackets and stars.
    parens : {"se", "t", "p", "ci"} or None
        What brackets hold, where it is known.
    unread : tuple of Unread
    repaired : tuple of str
        What was mended to read numbers.
    """

    name: str
    kind: TableKind
    title: str = ""
    columns: tuple[Column, ...] = ()
    estimates: tuple[Estimate, ...] = ()
    statistics: tuple[Statistic, ...] = ()
    values: tuple[Value, ...] = ()
    marks: tuple[Mark, ...] = ()
    note: Note = field(default_factory=Note)
    parens: Parens | None = None
    unread: tuple[Unread, ...] = ()
    repaired: tuple[str, ...] = ()

    @property
    def panels(self) -> tuple[str, ...]:
        """Names of panels in order; one empty name where there are none."""
        found = [e.panel for e in self.estimates] + [s.panel for s in self.statistics] + [v.panel for v in self.values]
        return tuple(dict.fromkeys(found)) or ("",)

    @property
    def numbers(self) -> int:
        """How many printed numbers were read."""
        parts = sum(
            1 + sum(x is not None for x in (e.se, e.t, e.p, e.unclear)) + 2 * (e.interval is not None)
            for e in self.estimates
        )
        return parts + len(self.statistics) + sum(s.p is not None for s in self.statistics) + len(self.values)

    def place(self, row: str = "", column: str = "", panel: str = "") -> str:
        """An address in words."""
        parts = [f"panel {panel!r}"] * bool(panel) + [f"row {row!r}"] * bool(row) + [f"column {column}"] * bool(column)
        return f"{self.name}: {', '.join(parts)}" if parts else self.name

    @cached_property
    def by_column(self) -> Mapping[tuple[str, str], tuple[Estimate, ...]]:
        """Estimates by panel and column, in print order."""
        held: dict[tuple[str, str], list[Estimate]] = {}
        for e in self.estimates:
            held.setdefault((e.panel, e.column), []).append(e)
        panels, columns = ({x: n for n, x in enumerate(xs)} for xs in (self.panels, [c.id for c in self.columns]))
        keys = sorted(held, key=lambda k: (panels[k[0]], columns.get(k[1], len(columns))))
        return {key: tuple(held[key]) for key in keys}

    @cached_property
    def starred_rows(self) -> frozenset[tuple[str, str]]:
        """Panel and label of the rows that have stars somewhere."""
        return frozenset((e.panel, e.row) for e in self.estimates if e.stars)

    @cached_property
    def _statistics(self) -> Mapping[tuple[str, str], list[Statistic]]:
        held: dict[tuple[str, str], list[Statistic]] = {}
        for s in self.statistics:
            held.setdefault((s.column, s.role), []).append(s)
        return held

    def column(self, id: str) -> Column:
        """The column of an id."""
        return next(c for c in self.columns if c.id == id)

    def statistic(self, column: str, role: str, panel: str = "") -> Statistic | None:
        """The statistic of a column; one without a panel holds for all panels. None where none or two are printed."""
        found = [s for s in self._statistics.get((column, role), ()) if s.panel in {panel, ""}]
        return found[0] if len(found) == 1 else None
