"""Rows taken out with a reason, and panels made balanced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import polars as pl

from econloom.core.errors import DataError, UsageError, did_you_mean
from econloom.core.frame import Panel
from econloom.core.lineage import Event
from econloom.data.expressions import Scope, compute_condition

Balance = Literal["drop", "fill"]
BALANCES: tuple[Balance, ...] = get_args(Balance)


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


def keep_rows(panel: Panel, where: pl.Series, why: str) -> Panel:
    """Keep only the rows where a condition is true; null counts as false. Errors as :func:`drop_rows`."""
    return drop_rows(panel, ~where.fill_null(False), why)


def rebalance(panel: Panel, how: Balance = "drop", span: tuple[int, int] | None = None) -> Panel:
    """A panel in which every unit has every period.

    Parameters
    ----------
    panel : Panel
        With unit and time.
    how : {"drop", "fill"}
        ``drop``: only units that have all periods stay. ``fill``: missing unit-periods become rows whose other columns
        are missing (Stata's ``tsfill, full``), sorted in after the rows that are there.
    span : (int, int), optional
        First and last period; the panel's own without it. Rows outside are dropped too.

    Raises
    ------
    DataError
        No unit has all periods, or no row lies in the span.

    Examples
    --------
    >>> frame = pl.DataFrame({"c": ["A", "A", "B"], "t": [1, 2, 2], "x": [1.0, 2.0, 3.0]})
    >>> rebalance(Panel.build(frame, "c", "t")).frame["c"].to_list()
    ['A', 'A']
    >>> rebalance(Panel.build(frame, "c", "t"), "fill").frame.rows()
    [('A', 1, 1.0), ('A', 2, 2.0), ('B', 2, 3.0), ('B', 1, None)]
    """
    if how not in BALANCES:
        raise UsageError(f"rebalance: {how!r} is no way{did_you_mean(str(how), BALANCES)}", hint="drop or fill")
    if panel.unit is None or panel.time is None:
        raise UsageError("rebalancing needs the unit and the time of the panel", hint="give unit= and time=")
    inside = panel if span is None else _between(panel, span)
    times = inside.frame[panel.time]
    first, last = span or (int(times.min()), int(times.max()))  # type: ignore[arg-type]
    periods = last - first + 1
    if how == "fill":
        return _filled_up(panel, inside, range(first, last + 1))
    whole = pl.len().over(panel.unit) == periods
    keep = inside.frame.filter(whole)
    if keep.height == 0:
        most = inside.frame.group_by(panel.unit).len().sort("len", descending=True).row(0)
        raise DataError(f"no unit has all {periods} periods from {first} to {last}",
                        hint=f"the longest, {most[0]}, has {most[1]}; choose another span, or how='fill'")  # fmt: skip
    gone = inside.frame.filter(~whole)[panel.unit].unique().sort().to_list()
    message = f"balanced: dropped {panel.height - keep.height} rows; {len(gone)} units lack periods of {first}-{last}"
    detail = {"units": [str(u) for u in gone[:50]]}
    return panel.with_rows(keep, Event("drop", message, panel.height, keep.height, detail=detail))


def _between(panel: Panel, span: tuple[int, int]) -> Panel:
    assert panel.time is not None
    if span[0] > span[1]:
        raise UsageError(f"the span ends ({span[1]}) before it starts ({span[0]})")
    frame = panel.frame.filter(pl.col(panel.time).is_between(*span))
    if frame.height == 0:
        raise DataError(f"no row lies between {span[0]} and {span[1]}")
    return panel.with_rows(frame)


def _filled_up(panel: Panel, inside: Panel, periods: range) -> Panel:
    unit, time = panel.unit, panel.time
    assert unit is not None and time is not None
    frame = inside.frame
    units = frame.select(pl.col(unit).unique(maintain_order=True))
    grid = units.join(pl.DataFrame({time: pl.Series(list(periods), dtype=frame.schema[time])}), how="cross")
    absent = grid.join(frame, on=[unit, time], how="anti", maintain_order="left")
    full = pl.concat([frame, absent], how="diagonal")
    message = f"balanced: {absent.height} rows added with missing values"
    return panel.with_rows(full, Event("drop", message, panel.height, full.height, detail={"added": absent.height}))


def drop(panel: Panel, where: str, why: str) -> Panel:
    """Take out the rows where a condition holds, with the reason.

    Parameters
    ----------
    where : str
        A condition of the formula language, such as ``"code == 'TWN' or year < 2000"``; unknown counts as false.

    Raises
    ------
    DataError
        The rule drops no row, or all.
    ExpressionError
        An unknown name, or no condition.

    Examples
    --------
    >>> import polars as pl
    >>> import econloom as el
    >>> p = el.clean.panel(pl.DataFrame({"c": ["A", "B"], "t": [1, 1]}), "c", "t")
    >>> el.clean.drop(p, "c == 'B'", "no data").events[-1].message
    'dropped 1 rows: no data'
    """
    return _filtered(panel, where, why, drop_rows)


def keep(panel: Panel, where: str, why: str) -> Panel:
    """Keep only the rows where a condition holds, with the reason; arguments as :func:`drop`."""
    return _filtered(panel, where, why, keep_rows)


def _filtered(panel: Panel, where: str, why: str, act: Callable[[Panel, pl.Series, str], Panel]) -> Panel:
    if not why.strip():
        raise UsageError("a filter needs its reason: why=")
    found = compute_condition(panel, where, Scope())
    return act(panel.with_rows(panel.frame, *found.events), found.values, why)
