"""From grids of strings to tables: what each cell is, by heads, labels, brackets and the note."""

from __future__ import annotations

from dataclasses import replace

from econloom.audit.noting import Note, read_note
from econloom.audit.numerals import Numeral
from econloom.audit.paper import Column, Estimate, PaperTable, Parens, Statistic, Unread, Value
from econloom.audit.read import body
from econloom.audit.read.cells import parse
from econloom.audit.read.grid import Grid
from econloom.audit.read.layout import Layout, plan
from econloom.audit.words import head_of, is_dash, piece_of, said_yes


def interpret(grid: Grid, name: str, parens: Parens | None = None) -> PaperTable:
    """Make a table of a grid.

    Parameters
    ----------
    grid : Grid
    name : str
        What findings call it.
    parens : {"se", "t", "p", "ci"}, optional
        What brackets hold, where the note does not say it.

    Returns
    -------
    PaperTable
        One that holds no number says why in ``unread``.

    Examples
    --------
    >>> rows = (("", "(1)"), ("TBI", "11.5545***"), ("", "(3.5239)"), ("N", "615"))
    >>> t = interpret(Grid(rows, notes=("Standard errors in parentheses. *** p<0.01, ** p<0.05, * p<0.1",)), "t3")
    >>> t.kind, t.estimates[0].se.value, t.estimates[0].stars, t.statistics[0].role
    ('regression', Decimal('3.5239'), 3, 'n')
    """
    layout = plan(grid)
    if isinstance(layout, str):
        return PaperTable(name, "data", grid.title, unread=(Unread(name, "", layout),))
    about = " ".join([layout.title, *(c.words for c in layout.columns)])
    note = read_note("\n".join(layout.notes), about)
    regression = layout.kind == "regression"
    table = _regression(layout, name, note, parens) if regression else _values(layout, name, note)
    lost = (Unread(name, text, "its column is not clear") for text in layout.lost)
    return replace(table, repaired=_repaired(table), unread=(*table.unread, *lost))


def _regression(layout: Layout, name: str, note: Note, parens: Parens | None) -> PaperTable:
    lowest = {piece_of(h) for h in layout.header[-1]} if layout.header else set()
    held = note.holds("()") or parens
    shared = PaperTable(name, "regression", layout.title, note=note, parens=held)
    if "coefficient" in lowest and lowest & {"se", "t", "p", "low", "ci"}:
        parts = list(body.separate(layout, name, note))
        ids = dict.fromkeys(x.column for x in parts if not isinstance(x, Unread))
        return replace(
            shared,
            columns=tuple(Column(i) for i in ids),
            estimates=tuple(x for x in parts if isinstance(x, Estimate)),
            statistics=tuple(x for x in parts if isinstance(x, Statistic)),
            unread=tuple(x for x in parts if isinstance(x, Unread)),
        )
    read = body.read(layout, name, note, held)
    if _signed(read):
        read.estimates = {k: replace(e, se=None, unclear=e.se) for k, e in read.estimates.items()}
    unread = [*read.unread, *_unclear(read, name)]
    return replace(
        shared,
        columns=layout.columns,
        estimates=tuple(read.estimates.values()),
        statistics=tuple(read.statistics),
        marks=tuple(read.marks),
        unread=tuple(unread),
    )


def _signed(read: body.Body) -> bool:
    """Whether what is called standard errors has the signs of the coefficients: t values, or a note misread."""
    below = [e for e in read.estimates.values() if e.se is not None and e.se.sign < 0]
    return len(below) > 1 and all(e.coefficient.sign <= 0 for e in below)


def _unclear(read: body.Body, name: str) -> list[Unread]:
    if not any(e.unclear is not None for e in read.estimates.values()):
        return []
    signed = any(e.unclear is not None and e.unclear.sign < 0 for e in read.estimates.values())
    why = "nothing says what the brackets hold: standard errors, t values or p values"
    if signed and read.note.holds("()") == "se":
        why = "brackets that are said to hold standard errors have signs"
    return [Unread(name, "", f"{why}; only what is impossible under each is found")]


def _values(layout: Layout, name: str, note: Note) -> PaperTable:
    values: list[Value] = []
    unread: list[Unread] = []
    down = layout.kind == "descriptive" and not any(head_of(h) for h in (layout.header[-1] if layout.header else ()))
    panel, heads = "", layout.header[-1] if layout.header else ("",) * len(layout.columns)
    for number, (label, cells) in enumerate(zip(layout.labels, layout.body, strict=True)):
        panel = layout.groups[number] if layout.groups else panel
        if not any(cells):
            panel = label
            continue
        for column, head, text in zip(layout.columns, heads, cells, strict=True):
            if not text or is_dash(text) or said_yes(text) is not None:
                continue
            p = parse(text)
            if p.number is None:
                unread.append(Unread(f"{name}: row {label!r}, column {column.id}", text, p.problem or "no number"))
            elif down:
                values.append(Value(column.id, label, p.number, head_of(label) or "", panel, p.stars))
            else:
                role = (head_of(head) or "") if layout.kind == "descriptive" else ""
                values.append(Value(label, column.id, p.number, role, panel, p.stars))
    return PaperTable(name, layout.kind, layout.title, layout.columns, values=tuple(values), note=note,
                      unread=tuple(unread))  # fmt: skip


def _repaired(table: PaperTable) -> tuple[str, ...]:
    held: list[tuple[str, str, Numeral | None]] = [(v.row, v.column, v.number) for v in table.values]
    for e in table.estimates:
        held += [(e.row, e.column, x) for x in (e.coefficient, e.se, e.t, e.p, e.unclear)]
    held += [(s.row, s.column, s.number) for s in table.statistics]
    return tuple(
        f"{table.place(row, column)}: {n.text!r} read as {n.value}: {n.repaired}"
        for row, column, n in held
        if n and n.repaired
    )
