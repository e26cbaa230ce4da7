"""The audit of tables: read them, hold every check against them, say what was found and what was not read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from econloom.audit.checks.identities import parsed
from econloom.audit.checks.registry import CHECKS, PAPER_CHECKS
from econloom.audit.findings import Finding, Level, ordered
from econloom.audit.given import Given
from econloom.audit.paper import PaperTable, Parens, Unread
from econloom.audit.read.files import read_tables
from econloom.audit.read.interpret import interpret
from econloom.audit.read.own import grid_of
from econloom.audit.read.transcribed import same_below
from econloom.core.errors import UsageError, did_you_mean
from econloom.core.table import Table

Source = str | Path | Table | PaperTable
_STATED = tuple(Given.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found.

    Attributes
    ----------
    tables : tuple of PaperTable
    findings : tuple of Finding
        Certain ones first.
    known : tuple of Finding
        Those that a baseline accepts; they count no more.
    """

    tables: tuple[PaperTable, ...]
    findings: tuple[Finding, ...]
    known: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing certain was found."""
        return not any(f.level == "certain" for f in self.findings)

    @property
    def unread(self) -> tuple[Unread, ...]:
        """What could not be read."""
        return tuple(u for t in self.tables for u in t.unread)

    @property
    def repaired(self) -> tuple[str, ...]:
        """What was mended to read numbers."""
        return tuple(r for t in self.tables for r in t.repaired)

    @property
    def numbers(self) -> int:
        """How many printed numbers were read."""
        return sum(t.numbers for t in self.tables)

    def count(self, level: Level) -> int:
        """How many findings of a class."""
        return sum(f.level == level for f in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {
            "ok": self.ok,
            "tables": [{"name": t.name, "kind": t.kind, "title": t.title, "numbers": t.numbers} for t in self.tables],
            "findings": [f.to_dict() for f in self.findings],
            "known": [f.to_dict() for f in self.known],
            "unread": [{"where": u.where, "text": u.text, "why": u.why} for u in self.unread],
            "repaired": list(self.repaired),
        }


def audit(sources: Iterable[Source], given: Given | None = None) -> Audit:
    """Hold every check against every table of some sources.

    Parameters
    ----------
    sources : iterable of path, Table or PaperTable
        In the order of the paper: a note that says that it holds for the tables below does.
    given : Given, optional
        What the reader knows beside the print.

    Raises
    ------
    DataError
        A file that cannot be read.
    UsageError
        A statement about rows or columns that no table has.

    Examples
    --------
    >>> from econloom.core.labels import Label
    >>> from econloom.core.table import Cell, Row
    >>> rows = (Row(Label.same("x"), (Cell("estimate", 0.10, 2, stars=3),)), Row(Label(), (Cell("paren", 0.09, 2),)))
    >>> note = Label.same("Standard errors in parentheses. * p<0.10, ** p<0.05, *** p<0.01")
    >>> found = audit([Table("t1", Label(), ((Cell.text(Label.same("(1)")),),), rows, (note,))])
    >>> found.ok, found.findings[0].check, found.findings[0].possible.en
    (False, 'stars', 'no star')
    """
    given = given or Given()
    tables = _named(given, same_below([t for s in sources for t in tables_of(s, given)]))
    found = [f for t in tables for check in CHECKS for f in check.run(t, given)]
    found += [f for check in PAPER_CHECKS for f in check.run(tables, given)]
    return Audit(tuple(tables), tuple(ordered(found)))


def _named(given: Given, tables: list[PaperTable]) -> list[PaperTable]:
    """The tables, if they have what is stated about them."""
    stated = {"integers": given.integers, "shares": given.shares}
    stated["identities"] = sorted({n for text in given.identities for n in parsed(text).variables})
    held = {e.row for t in tables for e in t.estimates} | {v.row for t in tables for v in t.values}
    held |= {w for t in tables for c in t.columns for w in (*c.head, c.dependent, c.id)}
    for field, names in stated.items():
        for name in names:
            if name not in held:
                raise UsageError(f"{field}: no table has a row or column {name!r}{did_you_mean(name, sorted(held))}")
    return tables


def tables_of(source: Source, given: Given) -> Sequence[PaperTable]:
    """The tables of one source."""
    parens: Parens | None = next((p for p in get_args(Parens) if p == given.parens), None)
    if isinstance(source, PaperTable):
        return [source]
    if isinstance(source, Table):
        return [interpret(grid_of(source), source.id, parens)]
    return read_tables(source, parens)


def check(source: Source | Iterable[Source], **stated: Any) -> list[Finding]:
    """What a printed table says that cannot be.

    Parameters
    ----------
    source : path, Table, or several of them
        A docx, tex, html, md, csv, xlsx or json file, or a table of econloom.
    **stated
        What is known beside the print, the fields of :class:`econloom.audit.Given`: ``text``, ``units``, ``periods``,
        ``clusters``, ``cutoffs``, ``parens``, ...

    Returns
    -------
    list of Finding
        Certain ones first: no value inside the rounding intervals is consistent. An empty list says that nothing was
        found, not that the table is right.

    Raises
    ------
    DataError
        A file that cannot be read.
    UsageError
        An unknown or impossible statement; rows or columns that no table has.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "t.csv")
    ...     _ = path.write_text(",(1)\\nx,0.10***\\n,(0.09)\\n\\"Standard errors in parentheses. *** p<0.01\\",")
    ...     [(f.level, f.check) for f in check(path)]
    [('certain', 'stars')]
    """
    for name in stated:
        if name not in _STATED:
            raise UsageError(f"check() knows no {name!r}{did_you_mean(name, _STATED)}", hint=", ".join(_STATED))
    sources = [source] if isinstance(source, str | Path | Table | PaperTable) else source
    return list(audit(sources, Given(**stated)).findings)
