"""What a user may hand over as data: a panel, a frame of three libraries, or a path."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from econloom.core.errors import DataError, UsageError, did_you_mean
from econloom.core.frame import Panel, missing_as_null
from econloom.data.readers import Reading, read_frame


def as_panel(data: Any, unit: str | None = None, time: str | None = None) -> Panel:
    """A panel of whatever was given.

    Parameters
    ----------
    data : Panel, polars or pandas DataFrame, pyarrow Table, what ``el.read`` gave, or path of a data file
        Never changed.
    unit, time : str, optional
        Key columns. Keys are checked when both are given; lags need both.

    Raises
    ------
    UsageError
        Another kind of data, or no such key column.
    DataError
        Keys that are missing or repeat; a file that cannot be read.

    Examples
    --------
    >>> as_panel(pl.DataFrame({"i": [1, 1], "t": [1, 2]}), "i", "t").keys
    ['i', 't']
    """
    if isinstance(data, Panel):
        return _rekeyed(data, unit, time)
    frame = _frame(data)
    for key in (unit, time):
        if key is not None and key not in frame.columns:
            raise UsageError(f"no key column {key!r}{did_you_mean(key, frame.columns)}")
    if unit is not None and time is not None:
        return Panel.build(frame, unit, time)
    return Panel(missing_as_null(frame))


def _rekeyed(panel: Panel, unit: str | None, time: str | None) -> Panel:
    if time is None or (unit in (None, panel.unit) and time == panel.time):
        return panel
    rebuilt = Panel.build(panel.frame, unit or panel.unit, time)
    return replace(panel, frame=rebuilt.frame, unit=rebuilt.unit, time=rebuilt.time)


def _frame(data: Any) -> pl.DataFrame:
    if isinstance(data, pl.DataFrame):
        return data
    if isinstance(data, pl.LazyFrame):
        return data.collect()
    if isinstance(data, str | Path):
        return read_frame(data)
    if isinstance(data, Reading):
        return data.frame
    kind = f"{type(data).__module__.split('.')[0]}.{type(data).__name__}"
    if kind == "pandas.DataFrame":
        return _converted(lambda: pl.from_pandas(data, include_index=any(n is not None for n in data.index.names)))
    if kind == "pyarrow.Table":
        return _converted(lambda: pl.DataFrame(pl.from_arrow(data)))
    raise UsageError(
        f"data: a {kind} is no table",
        hint="polars, pandas, pyarrow, a Panel, what el.read gave, or the path of a data file",
    )


def _converted(convert: Any) -> pl.DataFrame:
    try:
        frame: pl.DataFrame = convert()
    except (pl.exceptions.PolarsError, TypeError, ValueError, ImportError) as error:
        raise DataError(f"the frame cannot be converted to polars: {error}") from error
    return frame
