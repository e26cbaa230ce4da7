"""Steps that change columns or rows of a panel: pure functions, each with a log of what it touched."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from econloom.core.errors import DataError, UsageError
from econloom.core.frame import Panel
from econloom.core.lineage import Event


@dataclass(frozen=True, slots=True)
class Filled:
    """A column with some missing cells filled.

    Attributes
    ----------
    values : polars.Series
        In the panel's row order.
    filled : polars.Series
        True where a cell was missing and is now filled.
    """

    values: pl.Series
    filled: pl.Series


def carry_forward(panel: Panel, values: pl.Series, limit: int | None = None) -> Filled:
    """Fill a missing value with the unit's last one before it.

    Parameters
    ----------
    panel : Panel
        Gives unit and time.
    values : polars.Series
        A column in the panel's row order.
    limit : int, optional
        Carry over at most this many periods; without it, over any distance.

    Returns
    -------
    Filled

    Examples
    --------
    >>> import polars as pl
    >>> from econloom.core.frame import Panel
    >>> frame = pl.DataFrame({"c": ["A"] * 3, "t": [1, 2, 3], "x": [5.0, None, None]})
    >>> panel = Panel.build(frame, "c", "t")
    >>> carry_forward(panel, frame["x"], limit=1).values.to_list()
    [5.0, 5.0, None]
    """
    if limit is not None and limit < 1:
        raise UsageError(f"carry_forward: limit must be at least 1, not {limit}")
    known = pl.when(_there()).then("time").forward_fill().over("unit")
    carried = pl.col("value").forward_fill().over("unit")
    near = pl.lit(True) if limit is None else (pl.col("time") - known) <= limit
    return _filled(panel, values, pl.when(near).then(carried))


def interpolate(panel: Panel, values: pl.Series) -> Filled:
    """Fill interior gaps linearly in time, unit by unit; never beyond the first or last known value.

    ``x_t = x_a + (x_b - x_a) (t - a) / (b - a)`` with a, b the nearest known periods around t.
    """
    known = pl.when(_there()).then("time")
    a, b = known.forward_fill().over("unit"), known.backward_fill().over("unit")
    low, high = pl.col("value").forward_fill().over("unit"), pl.col("value").backward_fill().over("unit")
    between = low + (high - low) * ((pl.col("time") - a) / (b - a))
    return _filled(panel, values.cast(pl.Float64), pl.when(_there()).then("value").otherwise(between))


def _there() -> pl.Expr:
    return pl.col("value").is_not_null()


def _filled(panel: Panel, values: pl.Series, rule: pl.Expr) -> Filled:
    work = _keyed(panel, values, "filling").with_row_index("row").sort("unit", "time")
    new = work.with_columns(rule.alias("new")).sort("row")["new"].alias(values.name)
    return Filled(new, (values.is_null() & new.is_not_null()).alias(f"{values.name}_filled"))


def lag(panel: Panel, values: pl.Series, periods: int = 1) -> pl.Series:
    """The unit's value ``periods`` earlier (later when negative); missing when that period has no row.

    Examples
    --------
    >>> import polars as pl
    >>> from econloom.core.frame import Panel
    >>> frame = pl.DataFrame({"c": ["A"] * 3, "t": [1, 2, 4], "x": [5.0, 6.0, 8.0]})
    >>> lag(Panel.build(frame, "c", "t"), frame["x"]).to_list()
    [None, 5.0, None]
    """
    work = _keyed(panel, values, "lags and leads")
    if periods == 0:
        return values
    earlier = work.with_columns(pl.col("time") + periods)
    keys = work.select("unit", "time")
    return keys.join(earlier, on=["unit", "time"], how="left", maintain_order="left")["value"].alias(values.name)


def drop_rows(panel: Panel, where: pl.Series, why: str) -> Panel:
    """Take out the rows where a condition is true.

    Parameters
    ----------
    where : polars.Series of bool
        Null counts as false.
    why : str
        The reason, kept in the log.

    Raises
    ------
    DataError
        No row, or every row, meets the condition: the rule does not do what it says.
    """
    gone = int(where.sum() or 0)
    if gone == 0:
        raise DataError(f"the rule drops no row ({why})", hint="remove it, or correct its condition")
    if gone == panel.height:
        raise DataError(f"the rule drops all {gone} rows ({why})", hint="correct its condition")
    keep = panel.frame.filter(~where.fill_null(False))
    names = panel.frame.filter(where.fill_null(False))[panel.unit].unique().sort().to_list() if panel.unit else []
    event = Event(
        "drop",
        f"dropped {gone} rows: {why}",
        rows_before=panel.height,
        rows_after=keep.height,
        detail={"units": [str(n) for n in names[:50]]},
    )
    return panel.with_rows(keep, event)


def _keyed(panel: Panel, values: pl.Series, what: str) -> pl.DataFrame:
    """Columns unit, time and value, whatever the panel calls its keys."""
    if panel.unit is None or panel.time is None:
        raise UsageError(f"{what} need the unit and the time of the panel", hint="give unit= and time=")
    if panel.unit == panel.time:
        raise UsageError(f"unit and time are the same column: {panel.unit}")
    return pl.DataFrame({"unit": panel.frame[panel.unit], "time": panel.frame[panel.time], "value": values})
