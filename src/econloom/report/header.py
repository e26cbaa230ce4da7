"""The header of a regression table: groups of columns, numbers, outcomes, heads."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from econloom.core.errors import UsageError
from econloom.core.estimate import Tidy
from econloom.core.labels import Label
from econloom.core.spec import Group, TableSpec
from econloom.core.table import Cell
from econloom.report.phrases import compound

Header = tuple[tuple[Cell, ...], ...]


def header(models: Sequence[Tidy], spec: TableSpec) -> Header:
    """The header rows above the columns of ``models``.

    Raises
    ------
    UsageError
        Groups or heads for more or fewer columns than there are, or a header without any row.

    Examples
    --------
    >>> from econloom.core.lineage import SampleLog
    >>> model = Tidy("y", (), {}, (), "iid", "fixest", "t", 9, SampleLog(9, (), 9))
    >>> spec = TableSpec("t1", Label(), groups=(Group(Label.same("OLS"), 2),))
    >>> [[c.label.text("en") for c in row] for row in header([model, model, model], spec)]
    [['OLS', ''], ['(1)', '(2)', '(3)'], ['y', 'y', 'y']]
    """
    count = len(models)
    rows = [grouped(groups, count, spec.id) for groups in (spec.over_groups, spec.groups) if groups]
    if spec.show.numbers:
        rows.append(tuple(Cell.text(_number(n, spec)) for n in range(1, count + 1)))
    if spec.show.outcomes != "none":
        rows.append(_outcomes(models, spec))
    if any(spec.heads):
        if len(spec.heads) != count:
            raise UsageError(f"table {spec.id}: {len(spec.heads)} heads for {count} columns")
        rows.append(tuple(Cell.text(label) for label in spec.heads))
    if not rows:
        raise UsageError(f"table {spec.id}: no header", hint="show numbers, outcomes or heads")
    return tuple(rows)


def grouped(groups: Sequence[Group], columns: int, table: str) -> tuple[Cell, ...]:
    """A row of group labels, each with a rule below; columns beyond the last group stay without.

    Raises
    ------
    UsageError
        A group without columns, or groups for more columns than there are.
    """
    for group in groups:
        if group.span < 1:
            raise UsageError(f"table {table}: the group {group.label.text('en')!r} spans {group.span} columns")
    total = sum(g.span for g in groups)
    if total > columns:
        names = ", ".join(g.label.text("en") for g in groups)
        raise UsageError(
            f"table {table}: groups ({names}) span {total} columns, the table has {columns}",
            hint="make the spans add up to the number of columns",
        )
    cells = [Cell("text", label=g.label, span=g.span, rule=bool(g.label)) for g in groups]
    rest = [Cell("empty", span=columns - total)] if total < columns else []
    return (*cells, *rest)


def _number(n: int, spec: TableSpec) -> Label:
    shape = spec.style.column
    return Label(zh=shape.text("zh").format(n=n), en=shape.text("en").format(n=n))


def _outcomes(models: Sequence[Tidy], spec: TableSpec) -> tuple[Cell, ...]:
    if spec.show.outcomes == "each":
        runs = [(m.outcome, 1) for m in models]
    else:
        runs = [(name, len(list(run))) for name, run in groupby(m.outcome for m in models)]
    return tuple(Cell("text", label=compound(name, spec), span=span, rule=span > 1, italic=True) for name, span in runs)
