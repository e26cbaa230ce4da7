"""What a column must be: a share from 0 to 1, a number in a range."""

from __future__ import annotations

import polars as pl

from econloom.core.errors import DataError, UsageError
from econloom.core.frame import Panel
from econloom.data.columns.worked import numbers, rows_of

SHARE_UNITS = frozenset({"share", "份额", "比重", "占比"})


def require_range(
    panel: Panel, values: pl.Series, low: float | None = None, high: float | None = None, what: str | None = None
) -> None:
    """Refuse values outside a range, with their rows.

    Raises
    ------
    DataError
        Values below ``low`` or above ``high``; missing ones pass.
    UsageError
        No bound, or bounds in the wrong order.

    Examples
    --------
    >>> frame = pl.DataFrame({"c": ["A", "B"], "t": [1, 1], "s": [0.2, 1.3]})
    >>> require_range(Panel.build(frame, "c", "t"), frame["s"], 0, 1)
    Traceback (most recent call last):
    ...
    econloom.core.errors.DataError: 's' must lie between 0 and 1: 1 value does not: B 1 (1.3)
      hint: correct the source, convert its unit, or say another range
    """
    if low is None and high is None:
        raise UsageError("a range needs a lower or an upper bound")
    if low is not None and high is not None and low > high:
        raise UsageError(f"the range ends ({high:g}) below its start ({low:g})")
    column = numbers(values, "range")
    odd = pl.repeat(False, column.len(), eager=True)
    if low is not None:
        odd = odd | (column < low).fill_null(False)
    if high is not None:
        odd = odd | (column > high).fill_null(False)
    if not odd.any():
        return
    n, first = int(odd.sum()), column.filter(odd)[0]
    if low is not None and high is not None:
        wanted = f"between {low:g} and {high:g}"
    else:
        wanted = f"at or above {low:g}" if low is not None else f"at or below {high:g}"
    count = "1 value does not" if n == 1 else f"{n} values do not"
    percent = low == 0 and high == 1 and 1 < (column.median() or 0) <= 100  # type: ignore[operator]
    raise DataError(
        f"{what or repr(values.name)} must lie {wanted}: {count}: {rows_of(panel, odd)} ({first:g})",
        hint="these look like per cent: divide by 100"
        if percent
        else "correct the source, convert its unit, or say another range",
    )
