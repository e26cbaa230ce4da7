"""How checks of whole columns make findings, and which columns can be compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise, permutations

from econloom.audit.findings import Finding, Level
from econloom.audit.interval import Interval
from econloom.audit.paper import Column, PaperTable, Statistic
from econloom.audit.words import CONSTANTS, FIRST_STAGE, INSTRUMENTED, NOT_OLS, SECOND_STAGE, folded
from econloom.core.labels import Label

Maker = Callable[..., Finding]
_OF_INSTRUMENTS = frozenset(
    {"kp_f", "kp_lm", "cragg_donald_f", "first_stage_f", "anderson_lm", "sargan", "hansen", "ar1", "ar2"}
)
_UNPRINTED = re.compile(
    r"控制变量|效应|趋势|虚拟变量|固定|面板|\bcontrol|effects?\b|\bfes?\b|fixed|within|trend|dumm|panel|absorb|omitted",
    re.IGNORECASE,
)
_REDUCED = re.compile(r"reduced[- ]form|简约式|简化式|约简式", re.IGNORECASE)
_ROBUST = re.compile(
    r"robust|稳健|cluster|聚类|heterosk|异方差|newey|driscoll|conley|bootstrap|自助|\bhac\b|\bhc[0-3]\b|white",
    re.IGNORECASE,
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


def said(c: Column) -> tuple[object, ...]:
    """What stands above a column."""
    return (c.head, c.dependent, c.method, c.sample)


def _marks(table: PaperTable, column: str, panel: str) -> dict[str, str]:
    return {m.row: ("yes" if m.yes else "no") if m.yes is not None else m.text
            for m in table.marks if m.column == column and m.panel in {panel, ""}}  # fmt: skip


def alike(table: PaperTable, a: Column, b: Column, panel: str) -> bool:
    """Whether two columns say the same of outcome, method, sample, effects and N."""
    numbers = [table.statistic(c.id, "n", panel) for c in (a, b)]
    if said(a) != said(b) or any(n is None for n in numbers):
        return False
    values = {n.number.value for n in numbers if n is not None}
    return len(values) == 1 and _marks(table, a.id, panel) == _marks(table, b.id, panel)


def nested(table: PaperTable, likelihood: bool = False) -> Iterator[tuple[str, Column, Column]]:
    """Panels with pairs of columns of which the second has all regressors of the first, and more.

    Of least squares; with ``likelihood`` of any method but instruments.
    """
    for panel in table.panels if not instrumented(table) else ():
        kept = [c for c in table.columns if (not INSTRUMENTED.search(c.words) if likelihood else ordinary(c))]
        held = {c.id: slopes(table, c.id, panel) for c in kept}
        for a, b in permutations(kept, 2):
            if held[a.id] and held[a.id] < held[b.id] and alike(table, a, b, panel):
                yield panel, a, b


def is_first_stage(column: Column) -> bool:
    """Whether a column's head says first stage."""
    return FIRST_STAGE.search(column.words) is not None


def is_reduced(column: Column) -> bool:
    """Whether a column's head says reduced form."""
    return _REDUCED.search(column.words) is not None


def complete(table: PaperTable, column: Column, panel: str) -> bool:
    """Whether nothing says that a column has regressors or effects that are not printed."""
    held = any(m.column == column.id and m.panel in {panel, ""} and m.yes is not False for m in table.marks)
    about = f"{table.title} {table.note.text} {column.words}"
    return not held and _UNPRINTED.search(about) is None


def homoskedastic(table: PaperTable, *columns: Column) -> bool:
    """Whether nothing says robust, clustered or the like."""
    about = " ".join((table.title, table.note.text, *(c.words for c in columns), *(m.row for m in table.marks)))
    return _ROBUST.search(about) is None and not any(s.role == "clusters" for s in table.statistics)


def stages(table: PaperTable) -> Iterator[tuple[Column, Column]]:
    """Pairs of a first stage and the instrumented column that it belongs to: its neighbour, where there is but one."""
    first = {c.id for c in table.columns if is_first_stage(c)}
    second = {c.id for c in table.columns if c.id not in first and _second(c)}
    if len(first) == len(second) == 1:
        yield table.column(*first), table.column(*second)
        return
    kinds = [(c, "1" if c.id in first else "2" if c.id in second else "") for c in table.columns]
    order = "".join(kind for _, kind in kinds if kind)
    if order and order in ("12" * (len(order) // 2), "21" * (len(order) // 2)):
        held = [c for c, kind in kinds if kind]
        for a, b in list(pairwise(held))[::2]:
            yield (a, b) if a.id in first else (b, a)


def _second(column: Column) -> bool:
    said = SECOND_STAGE.search(column.words) or INSTRUMENTED.search(column.words)
    return said is not None and not is_reduced(column)
