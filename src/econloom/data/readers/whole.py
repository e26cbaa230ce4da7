"""Whole numbers among floats and digits: years, codes, identifiers."""

from __future__ import annotations

import polars as pl

from econloom.data.readers.report import Remark, counted


def whole_numbers(values: pl.Series) -> pl.Series:
    """Floats as whole numbers where all of them are, as years and codes in sheets and Stata files."""
    known = values.drop_nulls()
    if known.len() == 0 or (known != known.round(0)).any() or known.abs().max() >= 2**53:  # type: ignore[operator]
        return values
    return values.cast(pl.Int64)


def whole_years(values: pl.Series) -> pl.Series | None:
    """Floats that are all years, such as 2010.0, as whole numbers."""
    low, high = values.min(), values.max()
    if low is None or low < 1500 or high >= 2200 or (values != values.round(0)).any():  # type: ignore[operator]
        return None
    return values.cast(pl.Int64)


def years_said(years: pl.Series) -> Remark:
    """The remark on them."""
    count = years.len() - years.null_count()
    return Remark(
        "repair",
        f"{counted(count, 'year')} written as decimal numbers (2010.0), read as whole numbers",
        years.name,
        count,
    )


def leading_zeros(cells: pl.Series) -> bool:
    """Whether any cell is digits that start with a zero, as codes do."""
    start = cells.filter(cells.str.starts_with("0") & (cells.str.len_bytes() > 1))
    return bool(start.str.contains("^0[0-9]+$").any()) if start.len() else False


def long_digits(cells: pl.Series) -> bool:
    """Whether cells are whole numbers with more digits than a float keeps, such as codes of firms."""
    return bool(cells.str.contains("^[0-9]{17,}$").any())
