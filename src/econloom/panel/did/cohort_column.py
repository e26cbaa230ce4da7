"""A column of cohorts: the period in which the unit of each row adopts."""

from __future__ import annotations

import polars as pl

from econloom.core.errors import DataError, UsageError, listed
from econloom.core.frame import not_whole


def read_cohorts(values: pl.Series, first: int, never: float | None = None) -> pl.Series:
    """Periods of adoption as whole numbers, missing for units that never adopt.

    Parameters
    ----------
    values : Series
        Of any numeric type. Missing, NaN and infinity are never.
    first : int
        The first period of the data.
    never : number, optional
        A value that is never, too.

    Raises
    ------
    DataError
        Values that are no whole numbers.
    UsageError
        Zeros below the first period, which other programs take for never.

    Examples
    --------
    >>> read_cohorts(pl.Series("g", [2015.0, float("inf"), None, 9999.0]), 2010, never=9999).to_list()
    [2015, None, None, None]
    """
    name = values.name
    if not values.dtype.is_numeric():
        if values.null_count() == len(values):
            return pl.Series(name, [None] * len(values), dtype=pl.Int64)
        raise DataError(
            f"cohort {name!r} holds {values.dtype}, not periods", hint="the first treated period; null is never"
        )
    if values.dtype.is_float() or values.dtype.is_decimal():
        values = values.cast(pl.Float64)
        values = pl.select(pl.when(values.is_nan() | (values == float("inf"))).then(None).otherwise(values)).to_series()
        odd = not_whole(values)
        if len(odd):
            raise DataError(f"cohort {name!r}: not whole periods: {listed(odd.head(5).to_list())}")
    found = values.cast(pl.Int64).alias(name)
    if never is not None:
        found = pl.select(pl.when(found != never).then(found)).to_series().alias(name)
    zeros = int((found == 0).sum())
    if zeros and first > 0:
        raise UsageError(
            f"cohort {name!r} is 0 in {zeros} rows: never treated is null here, and 0 would be before {first}",
            hint=f"data.with_columns(pl.col({name!r}).replace(0, None))",
        )
    return found
