"""Exact identities that the reader states: an index that is the mean of its parts, a gap that is a multiple."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from econloom.audit.checks.parts import finding, label, zh
from econloom.audit.findings import Finding
from econloom.audit.given import Given
from econloom.audit.interval import Interval
from econloom.audit.paper import Column, Estimate, PaperTable
from econloom.core.errors import UsageError

_OPERATIONS: Mapping[type[ast.operator], Callable[[Interval, Interval], Interval]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}
_NAME = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Identity:
    """``left = right``; names in backticks may hold any sign."""

    text: str
    left: ast.expr
    right: ast.expr
    names: Mapping[str, str]

    @property
    def variables(self) -> set[str]:
        """The printed names that it needs."""
        found = {n.id for side in (self.left, self.right) for n in ast.walk(side) if isinstance(n, ast.Name)}
        return {self.names.get(n, n) for n in found}


def parsed(text: str) -> Identity:
    """Read an identity.

    Raises
    ------
    UsageError
        It is not of the form ``a = (b + c) / 2``.

    Examples
    --------
    >>> sorted(parsed("EcGI = (Tr + Fi) / 2").variables)
    ['EcGI', 'Fi', 'Tr']
    """
    names: dict[str, str] = {}

    def plain(match: re.Match[str]) -> str:
        names[f"name_{len(names)}_"] = match[1]
        return f"name_{len(names) - 1}_"

    sides = _NAME.sub(plain, text).split("=")
    hint = "write it as 'index = (part1 + part2) / 2', names with blanks in backticks"
    if len(sides) != 2:
        raise UsageError(f"identity {text!r}: one equals sign is needed", hint=hint)
    try:
        left, right = (ast.parse(side.strip(), mode="eval").body for side in sides)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UsageError(f"identity {text!r} cannot be read", hint=hint) from error
    for side in (left, right):
        _allowed(side, text, hint)
    return Identity(text, left, right, names)


def _allowed(node: ast.expr, text: str, hint: str) -> None:
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        _allowed(node.left, text, hint)
        _allowed(node.right, text, hint)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        _allowed(node.operand, text, hint)
    elif not (isinstance(node, ast.Name) or (isinstance(node, ast.Constant) and type(node.value) in {int, float})):
        raise UsageError(f"identity {text!r}: only names, numbers, + - * / and parentheses", hint=hint)


def _value(node: ast.expr, held: Mapping[str, Interval], identity: Identity) -> Interval:
    if isinstance(node, ast.BinOp):
        sides = [_value(x, held, identity) for x in (node.left, node.right)]
        return _OPERATIONS[type(node.op)](*sides)
    if isinstance(node, ast.UnaryOp):
        return -_value(node.operand, held, identity)
    if isinstance(node, ast.Name):
        return held[identity.names.get(node.id, node.id)]
    assert isinstance(node, ast.Constant) and isinstance(node.value, int | float)
    return Interval.exactly(float(node.value))


def check(table: PaperTable, given: Given) -> Iterator[Finding]:
    """Identities between the rows of every column, and between the columns of every row."""
    for identity in map(parsed, given.identities):
        for place, held, printed in _groups(table, identity.variables):
            yield from _compared(identity, table, place, held, printed)


def across(tables: Sequence[PaperTable], given: Given) -> Iterator[Finding]:
    """Identities between columns of several tables with the same regressors and N, where no one table has all names."""
    for identity in map(parsed, given.identities):
        names = sorted(identity.variables)
        held = {
            name: [(t, c) for t in tables for c in t.columns if name in (*c.head, c.dependent, c.id)] for name in names
        }
        if any(next(_groups(t, set(names)), None) for t in tables):
            continue
        for chosen in product(*held.values()):
            samples = {(frozenset(e.row for e in t.by_column.get(("", c.id), ())), _n(t, c)) for t, c in chosen}
            if len(samples) > 1 or len({t.name for t, _ in chosen}) < 2:
                continue
            for row in (e.row for e in chosen[0][0].by_column.get(("", chosen[0][1].id), ())):
                cells = {n: _cell(t, c, row) for n, (t, c) in zip(names, chosen, strict=True)}
                place = f"{'; '.join(t.place(row, c.id) for t, c in chosen)}"
                shown = "; ".join(f"{n} {e.coefficient.text}" for n, e in cells.items())
                spans = {n: Interval.printed(e.coefficient) for n, e in cells.items()}
                yield from _compared(identity, chosen[0][0], place, spans, shown)


def _n(table: PaperTable, c: Column) -> Decimal | None:
    n = table.statistic(c.id, "n")
    return None if n is None else n.number.value


def _cell(table: PaperTable, c: Column, row: str) -> Estimate:
    return next(e for e in table.by_column["", c.id] if e.row == row)


def _compared(
    identity: Identity, table: PaperTable, place: str, held: Mapping[str, Interval], printed: str
) -> Iterator[Finding]:
    left, right = (_value(side, held, identity) for side in (identity.left, identity.right))
    if not left.meets(right):
        why = label(f"左边为{zh(left)}，右边为{zh(right)}", f"the left is {left.text()}, the right {right.text()}")
        condition = label(f"恒等式{identity.text}成立", f"the identity {identity.text} holds")
        yield finding(table, "conditional", "identity", place, printed, why, label(zh(right), right.text()), condition)


def _groups(table: PaperTable, names: set[str]) -> Iterator[tuple[str, dict[str, Interval], str]]:
    cells = [(e.panel, e.row, e.column, Interval.printed(e.coefficient), e.coefficient.text) for e in table.estimates]
    cells += [(v.panel, v.row, v.column, v.interval, v.number.text) for v in table.values]
    by_column: dict[tuple[str, str], dict[str, tuple[Interval, str]]] = {}
    by_row: dict[tuple[str, str, int], dict[str, tuple[Interval, str]]] = {}
    heads = {c.id: [w for w in (*c.head, c.dependent, c.id) if w in names][:1] for c in table.columns}
    order: dict[tuple[str, str, str], int] = {}
    for panel, row, column, interval, text in cells:
        if row in names:
            by_column.setdefault((panel, column), {})[row] = (interval, text)
        for name in heads.get(column, []):
            place = order[panel, row, name] = order.get((panel, row, name), -1) + 1
            by_row.setdefault((panel, row, place), {})[name] = (interval, text)
    for (panel, column), found in by_column.items():
        if set(found) == names:
            yield table.place(column=column, panel=panel), *_apart(found)
    for (panel, row, _), found in by_row.items():
        if set(found) == names:
            yield table.place(row, panel=panel), *_apart(found)


def _apart(found: Mapping[str, tuple[Interval, str]]) -> tuple[dict[str, Interval], str]:
    return {k: x for k, (x, _) in found.items()}, "; ".join(f"{k} {t}" for k, (_, t) in found.items())
