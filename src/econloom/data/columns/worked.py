"""What cleaning a column gives: its new values and what was touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from econloom.core.errors import DataError, UsageError, listed
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
    how : str
        Such as ``carried forward``.
    """

    values: pl.Series
    filled: pl.Series
    how: str = "filled"

    @property
    def cells(self) -> int:
        """Number of filled cells."""
        return int(self.filled.sum() or 0)

    @property
    def event(self) -> Event:
        """For the panel's log."""
        name = self.values.name or "values"
        return Event("fill", f"{name}: {self.cells} missing cells {self.how}", cells=self.cells)


@dataclass(frozen=True, slots=True)
class Worked:
    """A column after a step that changes or makes values.

    Attributes
    ----------
    values : polars.Series
        In the panel's row order.
    events : tuple of Event
        What was done, with the number of cells; warnings.
    unit : str or None
        The unit of the new values, where the step says it.
    """

    values: pl.Series
    events: tuple[Event, ...] = ()
    unit: str | None = None

    def named(self, name: str) -> Worked:
        """The same under another name."""
        return replace(self, values=self.values.alias(name))


def keyed(panel: Panel, values: pl.Series, what: str) -> pl.DataFrame:
    """Columns unit, time and value, whatever the panel calls its keys.

    Raises
    ------
    UsageError
        The panel has no unit or no time.
    """
    if panel.unit is None or panel.time is None:
        raise UsageError(f"{what} need the unit and the time of the panel", hint="give unit= and time=")
    if panel.unit == panel.time:
        raise UsageError(f"unit and time are the same column: {panel.unit}")
    return pl.DataFrame({"unit": panel.frame[panel.unit], "time": panel.frame[panel.time], "value": values})


@dataclass(frozen=True)
class Ordered:
    """Rows sorted by unit and time.

    Attributes
    ----------
    frame : polars.DataFrame
        ``unit``, ``time``, ``value``.
    order : polars.Series or None
        Place of each sorted row in the panel; None where the panel is sorted already.
    opens : array of bool (n,)
        True in the first row of each unit.
    """

    frame: pl.DataFrame
    order: pl.Series | None
    opens: npt.NDArray[np.bool_]

    def back(self, values: pl.Series) -> pl.Series:
        """Values of the sorted rows in the panel's order."""
        if self.order is None:
            return values
        place = np.empty(len(self.order), dtype=np.int64)
        place[self.order.to_numpy()] = np.arange(len(place))
        return values.gather(place)


def ordered(work: pl.DataFrame) -> Ordered:
    """The rows of :func:`keyed` by unit and time; a panel that is sorted is not sorted again."""
    unit, time = work["unit"], work["time"]
    opens = _changes(unit)
    falling = np.zeros(len(opens), dtype=bool)
    falling[1:] = time.to_numpy()[1:] <= time.to_numpy()[:-1]
    if not (falling & ~opens).any() and int(opens.sum()) == unit.n_unique():
        return Ordered(work, None, opens)
    order = work.select(pl.arg_sort_by("unit", "time"))["unit"]
    rows = work[order]
    return Ordered(rows, order, _changes(rows["unit"]))


def _changes(values: pl.Series) -> npt.NDArray[np.bool_]:
    found = np.ones(values.len(), dtype=bool)
    found[1:] = (values != values.shift(1)).fill_null(True).to_numpy()[1:]
    return found


def rows_of(panel: Panel, mask: pl.Series, most: int = 8) -> str:
    """Keys of the rows of a mask, or row numbers where the panel has no keys."""
    places = mask.fill_null(False).arg_true()
    first = places.head(most).to_list()
    if panel.keys:
        names = [" ".join(str(panel.frame[key][row]) for key in panel.keys) for row in first]
    else:
        names = [f"row {row + 1}" for row in first]
    return ", ".join(names) + (f" and {places.len() - most} more" if places.len() > most else "")


def grouped(panel: Panel, by: Sequence[str], values: pl.Series) -> tuple[pl.DataFrame, list[str]]:
    """A frame of the groups' columns and ``x``, under names that cannot collide, and the groups' names in it."""
    groups = [panel.column(name).alias(f"group{n}") for n, name in enumerate(by)]
    return pl.DataFrame([*groups, values.alias("x")]), [g.name for g in groups]


def numbers(values: pl.Series, what: str) -> pl.Series:
    """The column as floating numbers.

    Raises
    ------
    DataError
        It holds something else (the first texts are shown with their rows), or infinite numbers.
    """
    if values.dtype.is_numeric() or values.dtype == pl.Null:
        found = values.cast(pl.Float64)
        if (odd := found.is_infinite().fill_null(False)).any():
            places = listed(f"row {r + 1}" for r in odd.arg_true().head(5).to_list())
            raise DataError(f"{what}: column {values.name!r} holds {int(odd.sum())} infinite values ({places})")
        return found
    message = f"{what}: column {values.name!r} holds {values.dtype}, not numbers"
    if values.dtype == pl.String:
        odd = values.is_not_null() & values.str.strip_chars().cast(pl.Float64, strict=False).is_null()
        first = odd.arg_true().head(5).to_list()
        shown = listed(f"row {r + 1}: {values[r]!r}" for r in first)
        message += f"; {int(odd.sum())} cells are no numbers ({shown})" if first else "; all are numbers kept as text"
    raise DataError(message, hint="mend these cells, or convert the column when it is read")
