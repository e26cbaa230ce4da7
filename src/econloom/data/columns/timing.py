"""Lags, leads and differences that know time: a period without a row gives a missing value."""

from __future__ import annotations

import numpy as np
import polars as pl

from econloom.core.errors import UsageError
from econloom.core.frame import Panel
from econloom.data.columns.worked import Ordered, keyed, numbers, ordered


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
    if abs(periods) <= _MOST_SHIFTED:
        return _shifted(ordered(work), periods).alias(values.name)
    earlier = work.with_columns(pl.col("time") + periods)
    keys = work.select("unit", "time")
    return keys.join(earlier, on=["unit", "time"], how="left", maintain_order="left")["value"].alias(values.name)


_MOST_SHIFTED = 8  # periods; the row of that period is at most so many rows away


def _shifted(rows: Ordered, periods: int) -> pl.Series:
    """The value of the row of the same unit whose time is ``periods`` earlier, found among the nearest rows."""
    unit = np.cumsum(rows.opens)
    time = rows.frame["time"].to_numpy()
    n, step = len(time), 1 if periods > 0 else -1
    place = np.full(n, -1)
    for away in range(1, min(abs(periods), n - 1) + 1):
        here, there = (slice(away, n), slice(0, n - away))[::step]
        found = (unit[here] == unit[there]) & (time[there] == time[here] - periods)
        place[here] = np.where(found, np.arange(n)[there], place[here])
    moved = rows.frame["value"].gather(np.maximum(place, 0))
    kept = pl.select(pl.when(pl.lit(pl.Series(place >= 0))).then(pl.lit(moved))).to_series()
    return rows.back(kept)


def difference(panel: Panel, values: pl.Series, periods: int = 1) -> pl.Series:
    """``x_t - x_(t - periods)``, missing where either is."""
    if periods < 1:
        raise UsageError("a difference needs at least 1 period")
    now = numbers(values, "difference")
    return now - lag(panel, now, periods)
