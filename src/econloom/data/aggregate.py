"""From a finer panel to a coarser one: one row a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from econloom.core.errors import DataError
from econloom.core.frame import Panel, Variable
from econloom.core.lineage import Event
from econloom.data.expressions import Scope, compute


def aggregate(panel: Panel, by: Sequence[str], make: Mapping[str, str], scope: Scope | None = None) -> Panel:
    """One row for each group, with columns computed within it.

    Parameters
    ----------
    panel : Panel
    by : sequence of str
        One or two columns: the unit and the time of the result. Rows that lack one of them are left out, and counted.
    make : mapping of str to str
        New column to its formula; statistics (``mean(x)``, ``count()``) are taken within the group.
    scope : Scope, optional
        Lists and samples.

    Returns
    -------
    Panel

    Raises
    ------
    DataError
        A formula gives several values within a group.

    Examples
    --------
    >>> frame = pl.DataFrame({"p": ["A", "A", "B"], "t": [1, 1, 1], "x": [2.0, 4.0, 5.0]})
    >>> aggregate(Panel(frame), ["p", "t"], {"mean_x": "mean(x)", "n": "count()"}).frame.rows()
    [('A', 1, 3.0, 2.0), ('B', 1, 5.0, 1.0)]
    """
    scope = scope or Scope()
    keyed = panel.frame.drop_nulls(list(by))
    kept = Panel(keyed, panel.unit, panel.time)
    within = Scope(scope.lists, scope.samples, tuple(by))
    made = {name: compute(kept, text, within) for name, text in make.items()}
    frame = keyed.select(by).with_columns(c.values.alias(n) for n, c in made.items())
    rows = frame.unique(maintain_order=True).sort(by)
    _refuse_several(rows, by, make)
    lost = panel.height - kept.height
    event = Event(
        "drop" if lost else "variable",
        f"aggregated {kept.height} rows to {rows.height} ({' x '.join(by)})"
        + (f"; {lost} rows lack a key" if lost else ""),
        rows_before=panel.height,
        rows_after=rows.height,
    )
    result = Panel.build(rows, by[0], by[1] if len(by) > 1 else None, "the aggregate")
    variables = {name: Variable(formula=text) for name, text in make.items()}
    events = (*panel.events, *(e for c in made.values() for e in c.events), event)
    return Panel(result.frame, result.unit, result.time, variables, events)


def _refuse_several(rows: pl.DataFrame, by: Sequence[str], make: Mapping[str, str]) -> None:
    if not rows.select(by).is_duplicated().any():
        return
    for name, text in make.items():
        part = rows.select(*by, name).unique()
        twice = part.filter(part.select(by).is_duplicated())
        if twice.height:
            group = " ".join(str(v) for v in twice.select(by).row(0))
            raise DataError(
                f"{name} = {text} has several values within {group}",
                hint="take a statistic of the group, such as mean()",
            )
