"""Missing cells filled from the same unit: the last value carried over, and interior gaps interpolated."""

from __future__ import annotations

from typing import Literal, get_args

import polars as pl

from econloom.core.errors import DataError, UsageError, did_you_mean
from econloom.core.frame import Panel
from econloom.data.columns.worked import Filled, keyed, numbers, rows_of

Method = Literal["linear", "log"]
METHODS: tuple[Method, ...] = get_args(Method)


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
    return _filled(panel, values, pl.when(near).then(carried), "carried forward")


def interpolate(panel: Panel, values: pl.Series, method: Method = "linear", limit: int | None = None) -> Filled:
    """Fill interior gaps in time, unit by unit; never beyond the first or last known value.

    With a, b the nearest known periods around t: ``x_t = x_a + (x_b - x_a) (t - a) / (b - a)`` (``linear``), or
    ``x_t = x_a (x_b / x_a)^((t - a) / (b - a))`` (``log``: constant growth). ``linear`` is Stata's ``ipolate``.

    Parameters
    ----------
    panel : Panel
        Gives unit and time.
    values : polars.Series
        A column in the panel's row order.
    method : {"linear", "log"}
    limit : int, optional
        Fill only gaps of at most this many periods (b - a - 1); longer ones stay whole.

    Returns
    -------
    Filled

    Raises
    ------
    DataError
        ``log`` with a value that is not positive at the edge of a gap.

    Examples
    --------
    >>> import polars as pl
    >>> from econloom.core.frame import Panel
    >>> frame = pl.DataFrame({"c": ["A"] * 3, "t": [1, 2, 3], "x": [1.0, None, 4.0]})
    >>> panel = Panel.build(frame, "c", "t")
    >>> interpolate(panel, frame["x"]).values.to_list(), interpolate(panel, frame["x"], "log").values.to_list()
    ([1.0, 2.5, 4.0], [1.0, 2.0, 4.0])
    """
    if method not in METHODS:
        raise UsageError(f"interpolate: no method {method!r}{did_you_mean(str(method), METHODS)}", hint="linear or log")
    if limit is not None and limit < 1:
        raise UsageError(f"interpolate: limit must be at least 1, not {limit}")
    known = pl.when(_there()).then("time")
    a, b = known.forward_fill().over("unit"), known.backward_fill().over("unit")
    low, high = pl.col("value").forward_fill().over("unit"), pl.col("value").backward_fill().over("unit")
    share = (pl.col("time") - a) / (b - a)
    if method == "linear":
        between = low + (high - low) * share
    else:
        between = pl.when((low > 0) & (high > 0)).then(low * (high / low) ** share)
    near = pl.lit(True) if limit is None else (b - a - 1) <= limit
    rule = pl.when(_there()).then("value").when(near).then(between)
    how = "interpolated linearly" if method == "linear" else "interpolated at constant growth"
    done = _filled(panel, numbers(values, "interpolate"), rule, how)
    if method == "log":
        _refuse_not_positive(panel, values, done, limit)
    return done


def _refuse_not_positive(panel: Panel, values: pl.Series, done: Filled, limit: int | None) -> None:
    """A gap that only the linear rule can fill."""
    other = interpolate(panel, values, "linear", limit)
    lost = other.filled & ~done.filled
    if lost.any():
        raise DataError(
            f"interpolate: {values.name!r} has gaps beside values that are not positive: {rows_of(panel, lost)}",
            hint="constant growth needs positive values: use method='linear'",
        )


def _there() -> pl.Expr:
    return pl.col("value").is_not_null()


def _filled(panel: Panel, values: pl.Series, rule: pl.Expr, how: str) -> Filled:
    work = keyed(panel, values, "filling").with_row_index("row").sort("unit", "time")
    new = work.with_columns(rule.alias("new")).sort("row")["new"].alias(values.name)
    return Filled(new, (values.is_null() & new.is_not_null()).alias(f"{values.name}_filled"), how)
