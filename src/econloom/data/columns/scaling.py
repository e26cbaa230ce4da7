"""Columns on another scale: minimum to maximum, standard deviations, logarithms."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from econloom.core.errors import DataError
from econloom.core.frame import Panel
from econloom.data.columns.worked import grouped, numbers, rows_of


def minmax(panel: Panel, values: pl.Series, by: Sequence[str] = ()) -> pl.Series:
    """``(x - min) / (max - min)``, from 0 to 1, over all rows or within groups.

    Raises
    ------
    DataError
        The column (or a group) does not vary.

    Examples
    --------
    >>> frame = pl.DataFrame({"x": [2.0, 4.0, None, 3.0]})
    >>> minmax(Panel(frame), frame["x"]).to_list()
    [0.0, 1.0, None, 0.5]
    """
    x = pl.col("x")
    return _scaled(panel, values, by, lambda o: (x - o(x.min())) / (o(x.max()) - o(x.min())), "minmax")


def zscore(panel: Panel, values: pl.Series, by: Sequence[str] = ()) -> pl.Series:
    """``(x - mean) / sd`` with the divisor n - 1 in the standard deviation, over all rows or within groups.

    Raises
    ------
    DataError
        The column (or a group) does not vary, or has one value.

    Examples
    --------
    >>> frame = pl.DataFrame({"x": [1.0, 2.0, 3.0]})
    >>> zscore(Panel(frame), frame["x"]).to_list()
    [-1.0, 0.0, 1.0]
    """
    x = pl.col("x")
    return _scaled(panel, values, by, lambda o: (x - o(x.mean())) / o(x.std()), "zscore")


Over = Callable[[pl.Expr], pl.Expr]


def _scaled(
    panel: Panel, values: pl.Series, by: Sequence[str], rule: Callable[[Over], pl.Expr], what: str
) -> pl.Series:
    column = numbers(values, what)
    frame, groups = grouped(panel, by, column)

    def over(e: pl.Expr) -> pl.Expr:
        return e.over(groups) if groups else e

    x = pl.col("x")
    still = frame.select((x.is_not_null() & (over(x.max()) == over(x.min()))).alias("s"))["s"].fill_null(False)
    if still.any():
        within = f" within {' x '.join(by)}" if by else ""
        raise DataError(f"{what}: {values.name!r} does not vary{within}: {rows_of(panel, still)}")
    return frame.select(rule(over).alias("made"))["made"].alias(values.name)


def logarithm(panel: Panel, values: pl.Series, plus: float = 0.0) -> pl.Series:
    """``log(x + plus)``; a value without a logarithm is refused with its row.

    Raises
    ------
    DataError
        ``x + plus`` is not positive somewhere.

    Examples
    --------
    >>> frame = pl.DataFrame({"x": [1.0, None]})
    >>> logarithm(Panel(frame), frame["x"]).to_list()
    [0.0, None]
    """
    column = numbers(values, "log") + plus
    odd = (column <= 0).fill_null(False)
    if odd.any():
        first = numbers(values, "log").filter(odd)[0]
        raise DataError(
            f"log: {int(odd.sum())} values of {values.name!r} are not positive: {rows_of(panel, odd)}"
            f" (first: {first:g})",
            hint="leave these rows out with a named drop, or choose plus= or another transformation",
        )
    return column.log().alias(values.name)
