"""Statistics of groups, repeated in every row, and means of the others."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from econloom.core.errors import UsageError
from econloom.core.frame import Panel
from econloom.core.lineage import Event
from econloom.data.columns.worked import Worked, grouped, numbers


def group_mean(panel: Panel, values: pl.Series, by: Sequence[str]) -> pl.Series:
    """The mean of the group's values that are there; missing where it has none."""
    return _spread(panel, values, by, pl.col("x").mean())


def group_sum(panel: Panel, values: pl.Series, by: Sequence[str]) -> pl.Series:
    """The sum of the group's values that are there; missing, not 0, where it has none."""
    return _spread(panel, values, by, pl.when(pl.col("x").count() > 0).then(pl.col("x").sum()))


def leave_one_out(panel: Panel, values: pl.Series, by: Sequence[str] = ()) -> Worked:
    """The mean of the other rows of the group: ``(S - x) / (n - 1)`` over the n values that are there.

    A row whose own value is missing gets the mean of the others, ``S / n``; a row that is alone gets a missing value,
    and the log counts these. For an outcome, this is the instrument of "the other cities of the province".

    Examples
    --------
    >>> frame = pl.DataFrame({"p": ["A", "A", "A", "B"], "x": [1.0, 2.0, None, 5.0]})
    >>> leave_one_out(Panel(frame), frame["x"], ["p"]).values.to_list()
    [2.0, 1.0, 1.5, None]
    """
    column = numbers(values, "leave_one_out")
    there = column.is_not_null().cast(pl.Float64)
    total = _spread(panel, column.fill_null(0.0), by, pl.col("x").sum())
    n = _spread(panel, there, by, pl.col("x").sum())
    others = n - there
    work = pl.DataFrame({"t": total - column.fill_null(0.0), "n": others})
    made = work.select(pl.when(pl.col("n") > 0).then(pl.col("t") / pl.col("n")))["t"].alias(values.name)
    alone = int((others == 0).sum())
    message = f"{values.name}: means of the others in {made.count()} rows"
    message += f"; {alone} rows have no others and are missing" if alone else ""
    return Worked(made, (Event("variable", message, cells=made.count()),))


def _spread(panel: Panel, values: pl.Series, by: Sequence[str], rule: pl.Expr) -> pl.Series:
    column = numbers(values, "group statistics")
    if values.name in by:
        raise UsageError(f"{values.name!r} is both the column and its group")
    frame, groups = grouped(panel, by, column)
    spread = rule.over(groups) if groups else rule
    return frame.with_columns(spread.alias("made"))["made"].cast(pl.Float64).alias(values.name)
