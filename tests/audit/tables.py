"""Tables of a few lines, cells parted by bars, and what the audit finds in them."""

from __future__ import annotations

from econloom.audit import Given, audit
from econloom.audit.paper import PaperTable
from econloom.audit.read.grid import Grid
from econloom.audit.read.interpret import interpret

SE = "Standard errors in parentheses. * p<0.10, ** p<0.05, *** p<0.01"


def made(*rows: str, note: str = SE, title: str = "", name: str = "t") -> PaperTable:
    """A table of rows with cells parted by bars."""
    return interpret(Grid(tuple(tuple(c.strip() for c in r.split("|")) for r in rows), title, (note,)), name)


def found(*rows: str, note: str = SE, title: str = "", **given: object) -> list[tuple[str, str]]:
    """Levels and checks of the findings of one table."""
    return [(f.level, f.check) for f in audit([made(*rows, note=note, title=title)], Given(**given)).findings]
