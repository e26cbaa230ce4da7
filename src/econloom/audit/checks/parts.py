"""How checks of whole columns make findings, and which columns can be compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations

from econloom.audit.findings import Finding, Level
from econloom.audit.interval import Interval
from econloom.audit.paper import Column, PaperTable, Statistic
from econloom.audit.words import CONSTANTS, FIRST_STAGE, INSTRUMENTED, NOT_OLS, folded
from econloom.core.labels import Label

Maker = Callable[..., Finding]
_OF_INSTRUMENTS = frozenset(
    {"kp_f", "kp_lm", "cragg_donald_f", "first_stage_f", "anderson_lm", "sargan", "hansen", "ar1", "ar2"}
)
SAME_ROWS = Label(zh="各列样本、被解释变量和固定效应相同", en="the columns have the same rows, outcome and effects")


def zh(interval: Interval, digits: int = 4) -> str:
    """An interval in Chinese."""
    return interval.text(digits).replace(" to ", "至")


def label(zh: str, en: str) -> Label:
    """A text in both languages."""
    return Label(zh=zh, en=en)


def finding(
    table: PaperTable,
    level: Level,
    check: str,
    where: str,
    printed: str,
    why: Label,
    possible: Label,
    condition: Label | None = None,
) -> Finding:
    """A finding of a table."""
    return Finding(level, check, where, printed, why, possible, condition or Label(), table.name)


def at(table: PaperTable, *statistics: Statistic) -> str:
    """The place of statistics: one row, one or several columns."""
    columns = ", ".join(dict.fromkeys(s.column for s in statistics))
    rows = " / ".join(dict.fromkeys(s.row for s in statistics))
    return table.place(rows, columns, statistics[0].panel)


def slopes(table: PaperTable, column: str, panel: str) -> frozenset[str]:
    """The printed regressors of a column, without the constant."""
    held = table.by_column.get((panel, column), ())
    return frozenset(e.row for e in held if folded(e.row) not in CONSTANTS)


def ordinary(column: Column) -> bool:
    """Whether nothing says that a column is not least squares."""
    return not (INSTRUMENTED.search(column.words) or NOT_OLS.search(column.words))


def instrumented(table: PaperTable) -> bool:
    """Whether a table prints statistics of instruments, so that columns without a word may be 2SLS."""
    return INSTRUMENTED.search(table.title) is not None or any(s.role in _OF_INSTRUMENTS for s in table.statistics)


def _marks(table: PaperTable, column: str, panel: str) -> dict[str, str]:
    return {m.row: ("yes" if m.yes else "no") if m.yes is not None else m.text
            for m in table.marks if m.column == column and m.panel in {panel, ""}}  # fmt: skip


def alike(table: PaperTable, a: Column, b: Column, panel: str) -> bool:
    """Whether two columns say the same of outcome, method, sample, effects and N."""
    same = (a.head, a.dependent, a.method, a.sample) == (b.head, b.dependent, b.method, b.sample)
    numbers = [table.statistic(c.id, "n", panel) for c in (a, b)]
    if not same or any(n is None for n in numbers):
        return False
    values = {n.number.value for n in numbers if n is not None}
    return len(values) == 1 and _marks(table, a.id, panel) == _marks(table, b.id, panel)


def nested(table: PaperTable) -> Iterator[tuple[str, Column, Column]]:
    """Panels with pairs of least-squares columns of which the second has all regressors of the first, and more."""
    for panel in table.panels if not instrumented(table) else ():
        for a, b in permutations(table.columns, 2):
            small, large = (slopes(table, c.id, panel) for c in (a, b))
            if small and small < large and ordinary(a) and ordinary(b) and alike(table, a, b, panel):
                yield panel, a, b


def is_first_stage(column: Column) -> bool:
    """Whether a column's head says first stage."""
    return FIRST_STAGE.search(column.words) is not None
