"""Which columns of a table say the unit and the time of a row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from econloom.core.errors import UsageError, did_you_mean, listed

_TIME = re.compile(
    r"(year|yr|年份|年度|年|时间|时期|日期|date|accper|time|period|t|季度|月份|quarter|month|wave)", re.IGNORECASE
)
_UNIT = re.compile(
    r"(.*[_ ]?id|i|.*code|iso3?|iso3?c|adcode|.*代码|.*编号|stkcd|symbol|ticker|country|nation|province|city|county|"
    r"region|state|firm|company|industry|sector|unit|panel|name|国家.*|地区.*|省.*|市|城市.*|县.*|区域.*|企业.*|公司.*|证券.*|行业.*|单位)",
    re.IGNORECASE,
)
_FIRST, _LAST = 1500, 2199
_DATE = r"^(1[5-9]|20|21)[0-9]{2}([-/.](0?[1-9]|1[0-2])([-/.][0-9]{1,2})?|(0[1-9]|1[0-2])[0-3][0-9])$"


@dataclass(frozen=True, slots=True)
class Keys:
    """The columns that name a row.

    Attributes
    ----------
    unit, time : str or None
        None where no column can be it.
    dates : bool
        The times are dates, of which the year is meant.
    """

    unit: str | None
    time: str | None
    dates: bool = False


def find_keys(frame: pl.DataFrame, unit: str | None = None, time: str | None = None) -> Keys:
    """Find the unit and the time: columns without gaps that name each row once, the tellingly named first.

    Parameters
    ----------
    frame : polars.DataFrame
    unit, time : str, optional
        Settle one or both.

    Raises
    ------
    UsageError
        No such column.

    Examples
    --------
    >>> find_keys(pl.DataFrame({"地区": ["A", "A", "B"], "年份": [2001, 2002, 2001], "x": [1.0, 2.0, 3.0]}))
    Keys(unit='地区', time='年份', dates=False)
    """
    for name in (unit, time):
        if name is not None and name not in frame.columns:
            hint = f"columns: {listed(frame.columns, 20)}"
            raise UsageError(f"no column {name!r}{did_you_mean(name, frame.columns)}", hint=hint)
    times = [time] if time is not None else _times(frame, unit)
    for when in times:
        units = [unit] if unit is not None else _units(frame, when)
        for who in units:
            if _unique(frame, who, when):
                return Keys(who, when, _dated(frame[when]))
    best = times[0] if times else None
    units = [unit] if unit is not None else _units(frame, best)
    return Keys(units[0] if units else None, best, best is not None and _dated(frame[best]))


def _times(frame: pl.DataFrame, unit: str | None) -> list[str]:
    """Columns that may be the time, the likeliest first."""
    found: list[tuple[int, int, str]] = []
    for place, name in enumerate(frame.columns):
        column = frame[name]
        if name == unit or column.null_count() or column.n_unique() < 2:
            continue
        told = _TIME.fullmatch(_bare(name)) is not None
        if _years(column):
            found.append((0 if told else 2, place, name))
        elif _dated(column) or (told and column.dtype.is_integer()):
            found.append((1 if told else 3, place, name))
    return [name for _, _, name in sorted(found)]


def _units(frame: pl.DataFrame, time: str | None) -> list[str]:
    """Columns that may be the unit, the likeliest first: texts and codes that repeat."""
    found: list[tuple[int, int, str]] = []
    for place, name in enumerate(frame.columns):
        column = frame[name]
        if name == time or column.null_count() or not (column.dtype == pl.String or column.dtype.is_integer()):
            continue
        told = _UNIT.fullmatch(_bare(name)) is not None
        text = column.dtype == pl.String
        if not told and not text and column.n_unique() > frame.height / 2:
            continue
        found.append((2 * (not told) + (not text), place, name))
    return [name for _, _, name in sorted(found)]


def _bare(name: str) -> str:
    """A name without its unit, and without the ending of a column of value labels."""
    return re.sub(r"[\s（(].*\Z", "", name.strip(), flags=re.DOTALL).removesuffix("_label") or name


def _years(column: pl.Series) -> bool:
    return column.dtype.is_integer() and bool(column.is_between(_FIRST, _LAST).all())


def _dated(column: pl.Series) -> bool:
    if column.dtype in (pl.Date, pl.Datetime):
        return True
    return column.dtype == pl.String and column.len() > 0 and bool(column.str.contains(_DATE).all())


def _unique(frame: pl.DataFrame, unit: str, time: str) -> bool:
    when = pl.col(time)
    if frame.schema[time] in (pl.Date, pl.Datetime):
        when = when.dt.year()
    elif frame.schema[time] == pl.String:
        when = when.str.slice(0, 4)
    return not frame.select(pl.col(unit), when).is_duplicated().any()


def matching(frame: pl.DataFrame, other: pl.DataFrame, keys: Sequence[str]) -> dict[str, str]:
    """Columns of another table that hold the values of keys, by their names or by at least half of their values.

    Returns
    -------
    dict of str to str
        Key to column of the other table.
    """
    found: dict[str, str] = {}
    for key in keys:
        names = [key, *(c for c in other.columns if c != key)]
        for name in names:
            if name in other.columns and name not in found.values() and _alike(frame[key], other[name], name == key):
                found[key] = name
                break
    return found


def _alike(key: pl.Series, column: pl.Series, same_name: bool) -> bool:
    kinds_fit = key.dtype == column.dtype or (key.dtype.is_integer() and column.dtype.is_integer())
    if not kinds_fit or column.null_count():
        return False
    here, there = set(key.drop_nulls().unique().to_list()), set(column.unique().to_list())
    shared = len(here & there)
    return shared > 0 if same_name else shared >= 0.5 * min(len(here), len(there)) and shared > 1
