"""Dates as they stand in lists of decisions: text in several writings, dates, whole numbers."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from econloom.core.errors import DataError, listed

_FORMS = (
    re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]\d{1,2}:\d{2}.*)?"),
    re.compile(r"(\d{4})[-/.年](\d{1,2})月?"),
    re.compile(r"(\d{4})(\d{2})(\d{2})"),
    re.compile(r"(\d{4})(\d{2})"),
    re.compile(r"(\d{4})年?"),
)
_YEARS = range(1800, 2201)


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """A year, with the month and the day where they are known.

    Attributes
    ----------
    year : int
    month, day : int
        0 where the source does not say.
    """

    year: int
    month: int = 0
    day: int = 0

    def __str__(self) -> str:
        parts = [f"{self.year:04d}", *(f"{p:02d}" for p in (self.month, self.day) if p)]
        return "-".join(parts)


def read_moment(value: Any) -> Moment | None:
    """A date as it is written, or None where it cannot be read.

    ``2015-03-07``, ``2015/3/7``, ``2015年3月7日``, ``2015-03``, ``20150307``, ``201503``, ``2015``; dates and times;
    whole numbers of the same forms. A day before the year (``07/03/2015``) is not guessed.

    Examples
    --------
    >>> str(read_moment("2015年3月7日")), str(read_moment(201503)), read_moment("07/03/2015")
    ('2015-03-07', '2015-03', None)
    """
    if isinstance(value, datetime | date):
        return Moment(value.year, value.month, value.day)
    if isinstance(value, float):
        if not value.is_integer():
            return None
        value = int(value)
    text = unicodedata.normalize("NFKC", str(value)).strip()
    for form in _FORMS:
        if match := form.fullmatch(text):
            return _valid(Moment(*(int(g) for g in match.groups())))
    return None


def _valid(found: Moment) -> Moment | None:
    try:
        date(found.year, found.month or 1, found.day or 1)
    except ValueError:
        return None
    written = found.month != 0 or found.day == 0
    return found if written and found.year in _YEARS else None


def moments(values: pl.Series, names: pl.Series, what: str) -> list[Moment]:
    """Every date of a column.

    Parameters
    ----------
    values : Series
    names : Series
        What each date is of, for messages.
    what : str
        The table's name in messages.

    Raises
    ------
    DataError
        A date is missing or cannot be read; its row is named.
    """
    found: list[Moment] = []
    absent, odd = [], []
    for name, value in zip(names, values, strict=True):
        moment = None if value is None else read_moment(value)
        if value is None:
            absent.append(name)
        elif moment is None:
            odd.append(f"{name}: {value!r}")
        else:
            found.append(moment)
    if absent:
        raise DataError(f"{what}: {values.name!r} is missing for {listed(absent)}", hint="leave those rows out")
    if odd:
        raise DataError(
            f"{what}: {values.name!r} holds what is no date: {listed(odd)}",
            hint="year first: 2015-03-07, 2015/3/7, 2015年3月7日, 2015-03, 201503 or 2015",
        )
    return found
