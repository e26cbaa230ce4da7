"""Lags, leads and differences that know time: a period without a row gives a missing value."""

from __future__ import annotations

import polars as pl

from econloom.core.errors import UsageError
from econloom.core.frame import Panel
from econloom.data.columns.worked import keyed, numbers


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
    work = keyed(panel, values, "lags and leads")
    if periods == 0:
        return values
    earlier = work.with_columns(pl.col("time") + periods)
    keys = work.select("unit", "time")
    return keys.join(earlier, on=["unit", "time"], how="left", maintain_order="left")["value"].alias(values.name)


def difference(panel: Panel, values: pl.Series, periods: int = 1) -> pl.Series:
    """``x_t - x_(t - periods)``, missing where either is."""
    if periods < 1:
        raise UsageError("a difference needs at least 1 period")
    now = numbers(values, "difference")
    return now - lag(panel, now, periods)
