"""Prices taken out: chain indices cumulated to a base year, deflators, deflated columns.

An index says its form. ``previous=100`` (the yearbooks' 上年=100) and ``previous=1`` relate each year to the one
before; their level at t is the product of the links from the base to t, so the base may be the year before the first
link, of which there is no row. ``base=100`` and ``base=1`` are levels whose value in the base year must be 100 or 1:
another value is an error, because the base is then not the one that was said.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from econloom.core.errors import DataError, UsageError, did_you_mean, listed
from econloom.core.frame import Panel
from econloom.core.lineage import Event
from econloom.data.columns.worked import Worked, numbers, ordered, rows_of

Form = Literal["previous=100", "previous=1", "base=100", "base=1"]
FORMS: tuple[Form, ...] = get_args(Form)
_TOLERANCE = 1e-6  # of the base's own value: printed indices have one or two decimals, and the base is exactly 100


def price_level(panel: Panel, index: pl.Series, base: int, form: Form = "previous=100") -> Worked:
    """The price level with 1 in the base year.

    Parameters
    ----------
    panel : Panel
        Gives unit and time; a panel of years without units will do.
    index : polars.Series
        In the panel's row order.
    base : int
        For a chain, any year with a row, or the year before a unit's first link.
    form : {"previous=100", "previous=1", "base=100", "base=1"}

    Returns
    -------
    Worked
        Missing where a missing link or year cuts a row off from the base; a warning names the units.

    Raises
    ------
    UsageError
        An unknown form.
    DataError
        Values that cannot be of that form, an index that is not 100 (or 1) in its base year, or no unit that reaches
        the base.

    Examples
    --------
    >>> frame = pl.DataFrame({"c": ["A"] * 3, "t": [2005, 2006, 2007], "p": [110.0, 100.0, 120.0]})
    >>> panel = Panel.build(frame, "c", "t")
    >>> [round(v, 4) for v in price_level(panel, frame["p"], base=2004).values]
    [1.1, 1.1, 1.32]
    """
    if form not in FORMS:
        raise UsageError(
            f"no form of index {form!r}{did_you_mean(str(form), FORMS)}", hint=f"forms: {', '.join(FORMS)}"
        )
    if panel.time is None:
        raise UsageError("a price index needs the time of the panel", hint="give time=")
    values = numbers(index, "price index")
    _refuse_impossible(panel, values, form)
    unit = panel.frame[panel.unit] if panel.unit is not None else pl.repeat(0, panel.height, eager=True)
    work = pl.DataFrame({"unit": unit, "time": panel.frame[panel.time], "value": values})
    scale = 1.0 if form.endswith("=1") else 100.0
    if form.startswith("previous"):
        made = _chained(work.with_columns(pl.col("value") / scale), base)
    else:
        _refuse_other_base(panel, work, base, scale)
        made = work["value"] / scale
    made = made.alias(index.name or "price_level")
    return Worked(made, _unreached(work, made, base))


def implicit_deflator(
    panel: Panel, nominal: pl.Series, real_index: pl.Series, base: int, form: Form = "previous=100"
) -> Worked:
    """The implicit deflator, 1 in the base year: ``(nominal_t / nominal_base) / real_index_t``.

    Parameters
    ----------
    nominal : polars.Series
        Such as GDP at current prices; its base year must be in the panel.
    real_index : polars.Series
        The volume index of the same aggregate (地区生产总值指数), in the form said.

    Raises
    ------
    DataError
        As :func:`price_level`; or the nominal value of the base year is missing for every unit, or not positive.

    Examples
    --------
    >>> frame = pl.DataFrame({"c": ["A"] * 2, "t": [2004, 2005], "y": [100.0, 121.0], "q": [105.0, 110.0]})
    >>> panel = Panel.build(frame, "c", "t")
    >>> [round(v, 4) for v in implicit_deflator(panel, frame["y"], frame["q"], 2004).values]
    [1.0, 1.1]
    """
    volume = price_level(panel, real_index, base, form)
    assert panel.time is not None
    money = numbers(nominal, "deflator")
    odd = (money <= 0).fill_null(False)
    if odd.any():
        raise DataError(f"deflator: {nominal.name!r} is not positive: {rows_of(panel, odd)}")
    keys = [panel.unit] if panel.unit is not None else []
    work = panel.frame.select(*keys, pl.col(panel.time).alias("__t")).with_columns(money.alias("__y"))
    start = work.filter(pl.col("__t") == base).drop_nulls("__y")
    if start.height == 0:
        raise DataError(
            f"deflator: no nominal value of {nominal.name!r} in the base year {base}",
            hint="load the base year too (load: [base, last]), or choose another base",
        )
    first = pl.col("__y0")
    spread = (
        work.join(start.select(*keys, pl.col("__y").alias("__y0")), on=keys, how="left", maintain_order="left")
        if keys
        else work.with_columns(pl.lit(start["__y"][0]).alias("__y0"))
    )
    made = spread.with_columns(volume.values.alias("__q")).select((pl.col("__y") / first / pl.col("__q")).alias("d"))
    return Worked(made["d"].alias("deflator"), volume.events)


def deflate(panel: Panel, values: pl.Series, index: pl.Series, base: int, form: Form = "previous=100") -> Worked:
    """The column at prices of the base year: ``x_t / P_t`` with P 1 in the base year; the nominal one is untouched.

    Raises
    ------
    DataError
        As :func:`price_level`.

    Examples
    --------
    >>> frame = pl.DataFrame({"c": ["A"] * 2, "t": [2005, 2006], "y": [110.0, 242.0], "p": [110.0, 200.0]})
    >>> panel = Panel.build(frame, "c", "t")
    >>> [round(v, 4) for v in deflate(panel, frame["y"], frame["p"], base=2004).values]
    [100.0, 110.0]
    """
    return deflated(values, price_level(panel, index, base, form), f"prices of {base} ({index.name}, {form})")


def deflated(values: pl.Series, level: Worked, what: str) -> Worked:
    """A column divided by a price level."""
    money = numbers(values, "deflate")
    made = (money / level.values).alias(values.name)
    lost = int((money.is_not_null() & made.is_null()).sum())
    message = f"{values.name}: {made.count()} cells at {what}"
    message += f"; {lost} have no price" if lost else ""
    return Worked(made, (*level.events, Event("variable", message, cells=made.count())))


def _chained(work: pl.DataFrame, base: int) -> pl.Series:
    """Levels along unbroken runs of links, relative to the base where a run reaches it; in the order of the rows."""
    rows = ordered(work)
    time, link = rows.frame["time"].to_numpy(), rows.frame["value"].fill_null(np.nan).to_numpy()
    broken = rows.opens | np.isnan(link)
    broken[1:] |= time[1:] != time[:-1] + 1
    run = np.cumsum(broken) - 1
    opening = np.flatnonzero(broken)
    level = _products(np.where(np.isnan(link), 1.0, link), np.arange(len(link)) - opening[run])
    reference = np.full(len(opening), np.nan)
    before = opening[(time[opening] == base + 1) & ~np.isnan(link[opening])]
    reference[run[before]] = 1.0
    at_base = np.flatnonzero(time == base)
    reference[run[at_base]] = level[at_base]
    return rows.back(pl.Series(level / reference[run]).fill_nan(None))


def _products(links: npt.NDArray[np.float64], place: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Products of the links from the start of each run; ``place`` counts from 0 within it."""
    level = links.copy()
    order = np.argsort(place, kind="stable")
    for start, end in pairwise(np.cumsum(np.bincount(place)).tolist()):
        rows = order[start:end]
        level[rows] = level[rows - 1] * links[rows]
    return level


def _refuse_impossible(panel: Panel, values: pl.Series, form: Form) -> None:
    """Values that no index of the form can have."""
    low = (values <= 0).fill_null(False)
    if low.any():
        raise DataError(f"price index {values.name!r} is not positive: {rows_of(panel, low)}",
                        hint="a growth rate in per cent is no index: add 100")  # fmt: skip
    middle = values.median()
    if not isinstance(middle, float):
        raise DataError(f"price index {values.name!r} has no value")
    if form == "previous=100" and (low := (values < 10).fill_null(False)).any():
        raise DataError(
            f"price index {values.name!r} is said to be {form}, but is below 10 in {int(low.sum())} rows: "
            f"{rows_of(panel, low)} (first: {values.filter(low)[0]:g})",
            hint="previous=1 where it is around 1; add 100 where it is a growth rate in per cent",
        )
    if form == "previous=1" and middle > 10:
        raise DataError(f"price index {values.name!r} is said to be {form}, but its median is {middle:g}",
                        hint="say previous=100")  # fmt: skip


def _refuse_other_base(panel: Panel, work: pl.DataFrame, base: int, scale: float) -> None:
    """A level that is not 100 (or 1) in the year that is said to be its base."""
    there = work.filter(pl.col("time") == base).drop_nulls("value")
    if there.height == 0:
        raise DataError(
            f"the price index has no value in its base year {base}, so the base cannot be checked",
            hint="load the base year too (load: [base, last]), or give a chain (previous=100)",
        )
    odd = there.filter((pl.col("value") / scale - 1).abs() > _TOLERANCE)
    if odd.height:
        shown = (
            listed(f"{u} {v:g}" for u, v in odd.select("unit", "value").iter_rows())
            if panel.unit
            else f"{odd['value'][0]:g}"
        )
        raise DataError(
            f"the price index is not {scale:g} in its base year {base}: {shown}",
            hint="name the year in which it is, or divide it by its value in the base year",
        )


def _unreached(work: pl.DataFrame, made: pl.Series, base: int) -> tuple[Event, ...]:
    """A warning for rows whose index is there but has no link to the base; an error where none has."""
    if made.count() == 0:
        first, last = (int(t) for t in (work["time"].min(), work["time"].max()))  # type: ignore[arg-type]
        raise DataError(
            f"no unit's price index reaches the base year {base}",
            hint=f"the panel has {first} to {last}; a chain needs a row of the base year, or of the year after it",
        )
    cut = work.filter(made.is_null() & work["value"].is_not_null())
    if cut.height == 0:
        return ()
    units = cut["unit"].unique().sort().to_list()
    message = f"{cut.height} rows have no unbroken price index to {base}: {listed(units)}"
    return (Event("warning", message, cells=cut.height),)
