"""The files of an export: prepared data, expected numbers, names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyreadstat

from econloom.study.export.data import Column, Data
from econloom.study.export.statement import Row

LABEL = 80
"""Characters of a variable label in Stata."""
MOST_VALUE_LABELS = 65_000
LARGEST_WHOLE = 2_147_483_620
"""Of Stata's long."""
DTA_14 = 14


def write_csv(data: Data, path: Path) -> None:
    """The prepared data as text, numbers to the last digit, missing ones empty."""
    _frame(data).write_csv(path)


def write_dta(data: Data, path: Path) -> None:
    """The prepared data for Stata 14 and later, with labels of variables and of groups."""
    columns = list(data)
    labels: dict[str, dict[int | float, str]] = {
        c.name: {k: v[:32_000] for k, v in c.levels.items()} for c in columns if 0 < len(c.levels) < MOST_VALUE_LABELS
    }
    pyreadstat.write_dta(
        _frame(data), str(path), version=DTA_14, column_labels=[_short(c) for c in columns],
        variable_value_labels=labels, file_label=f"econloom {data.name}"[:LABEL],
    )  # fmt: skip


def _short(column: Column) -> str:
    text = f"{column.label}: {column.what}" if column.what and column.what != column.label else column.label
    return text if len(text) <= LABEL else f"{text[: LABEL - 1]}…"


def _frame(data: Data) -> pl.DataFrame:
    return pl.DataFrame([_plain(c.values).alias(c.name) for c in data])


def _plain(values: pl.Series) -> pl.Series:
    """A column as both programs know it: whole numbers, real numbers or text."""
    if values.dtype == pl.Boolean:
        return values.cast(pl.Int8)
    if values.dtype.is_integer():
        low, high = values.min(), values.max()
        fits = low is None or (low >= -LARGEST_WHOLE and high <= LARGEST_WHOLE)  # type: ignore[operator]
        return values if values.dtype in (pl.Int8, pl.Int16) else values.cast(pl.Int32 if fits else pl.Float64)
    return values.cast(pl.Float64) if values.dtype.is_numeric() else values.cast(pl.String)


def write_expected(rows: Sequence[Row], path: Path) -> None:
    """What the script compares with: one row a coefficient."""
    names = ("model", "address", "coefficient", "estimate", "std_error", "compared", "why")
    schema = {n: pl.Float64 if n in {"estimate", "std_error"} else pl.String for n in names}
    frame = pl.DataFrame([[getattr(r, n) for n in names] for r in rows], schema=schema, orient="row")
    frame.with_columns(pl.col(pl.Float64).fill_nan(None)).write_csv(path)


def write_names(data: Sequence[Data], path: Path) -> None:
    """What every prepared column is: data, name, econloom's name, labels, unit, formula."""
    columns = [(d.name, c.name, c.source, c.zh, c.en, c.unit or "", c.what) for d in data for c in d]
    schema = ["data", "name", "econloom", "zh", "en", "unit", "what"]
    pl.DataFrame(columns, schema=schema, orient="row").write_csv(path)
