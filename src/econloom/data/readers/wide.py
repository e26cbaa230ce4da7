"""Columns that stand for years, found and turned into rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from econloom.core.errors import DataError, listed
from econloom.data.readers.options import Wide
from econloom.data.readers.report import Reading, Remark

_YEAR = r"(?:19|20)[0-9]{2}"
_PLAIN = re.compile(rf"[yY]?({_YEAR})(?:年|年度)?(?:末|底)?\Z")
_AFTER = re.compile(rf"(.*?[^0-9_.\s\-])[_.\s\-]*({_YEAR})(?:年|年度)?\Z", re.DOTALL)
_BEFORE = re.compile(rf"({_YEAR})(?:年|年度)?[_.\s\-]*([^0-9_.\s\-].*)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class YearColumns:
    """Columns of years by variable.

    Attributes
    ----------
    variables : mapping of str to mapping of int to str
        Variable to year to column; the variable of plain years is the empty text.
    rest : tuple of str
        The other columns: they identify the rows.
    """

    variables: dict[str, dict[int, str]]
    rest: tuple[str, ...]

    @property
    def years(self) -> list[int]:
        """All years, ascending."""
        return sorted({y for columns in self.variables.values() for y in columns})


def year_columns(names: Sequence[str]) -> YearColumns | None:
    """Find columns of years: ``2010``, ``2010年``, ``GDP_2010``, ``GDP2010``, ``2010_GDP``.

    Returns
    -------
    YearColumns or None
        None unless some variable has two years or more, with a column left that names the rows.

    Examples
    --------
    >>> found = year_columns(["地区", "GDP_2010", "GDP_2011"])
    >>> found.variables, found.rest
    ({'GDP': {2010: 'GDP_2010', 2011: 'GDP_2011'}}, ('地区',))
    """
    variables: dict[str, dict[int, str]] = {}
    for name in names:
        found = _split(name)
        if found is not None:
            variables.setdefault(found[0], {}).setdefault(found[1], name)
    variables = {v: columns for v, columns in variables.items() if len(columns) > 1}
    used = {c for columns in variables.values() for c in columns.values()}
    rest = tuple(n for n in names if n not in used)
    return YearColumns(variables, rest) if variables and rest else None


def _split(name: str) -> tuple[str, int] | None:
    """Variable and year of a column's name."""
    if plain := _PLAIN.match(name):
        return "", int(plain.group(1))
    if after := _AFTER.match(name):
        return after.group(1), int(after.group(2))
    if before := _BEFORE.match(name):
        return before.group(2), int(before.group(1))
    return None


def names_of(names: Sequence[str], wide: Wide, where: str) -> list[str]:
    """Names of the columns after :func:`to_long`."""
    found = _found(names, wide, where)
    return [*found.rest, wide.time, *(v or wide.values for v in found.variables)]


def to_long(reading: Reading, wide: Wide) -> Reading:
    """One row a unit and year, from one column a year.

    Raises
    ------
    DataError
        No year columns; a new name that is there already; year columns of one variable that hold numbers and texts.
    """
    frame = reading.frame
    found = _found(frame.columns, wide, str(reading.path))
    kinds = {v: _kind(frame, v or wide.values, columns, reading) for v, columns in found.variables.items()}
    pieces = [
        frame.select(
            *found.rest,
            pl.lit(year, dtype=pl.Int64).alias(wide.time),
            *(
                (pl.col(columns[year]) if year in columns else pl.lit(None)).cast(kinds[v]).alias(v or wide.values)
                for v, columns in found.variables.items()
            ),
        ).with_row_index("\x00row")
        for year in found.years
    ]
    long = pl.concat(pieces).sort("\x00row", wide.time).drop("\x00row")
    return replace(
        reading,
        frame=long,
        remarks=(*reading.remarks, *_said(found, wide)),
        labels={n: label for n, label in reading.labels.items() if n in long.columns},
        units={n: unit for n, unit in reading.units.items() if n in long.columns},
    )


def _said(found: YearColumns, wide: Wide) -> list[Remark]:
    made = []
    for variable, columns in found.variables.items():
        years = sorted(columns)
        holes = [y for y in range(years[0], years[-1] + 1) if y not in columns]
        words = f"{len(years)} year columns ({years[0]} to {years[-1]}) turned into rows"
        if holes:
            words += f"; no column for {listed(holes)}"
        made.append(Remark("wide", words, variable or wide.values, len(years)))
    return made


def _kind(frame: pl.DataFrame, variable: str, columns: dict[int, str], reading: Reading) -> pl.DataType:
    kinds = {frame.schema[c] for c in columns.values() if frame[c].null_count() < frame.height}
    if not kinds:
        return pl.Float64()
    if all(k.is_integer() for k in kinds):
        return pl.Int64()
    if all(k.is_numeric() for k in kinds):
        return pl.Float64()
    if len(kinds) == 1:
        return next(iter(kinds))
    texts = [c for c in columns.values() if not frame.schema[c].is_numeric()]
    raise DataError(
        f"{reading.path}: the year columns of {variable!r} hold numbers, but {listed(map(repr, texts))} "
        f"{'holds' if len(texts) == 1 else 'hold'} texts",
        hint="mend them, or say their type for all of them",
    )


def _found(names: Sequence[str], wide: Wide, where: str) -> YearColumns:
    found = year_columns(names)
    if found is None:
        raise DataError(f"{where}: no columns of years, such as 2010, 2010年 or GDP_2010", hint="leave 'wide' out")
    new = [wide.time, *(v or wide.values for v in found.variables)]
    taken = [n for n in new if n in found.rest or new.count(n) > 1]
    if taken:
        raise DataError(
            f"{where}: {taken[0]!r} would be there twice", hint="say wide: {time: …, values: …} with other names"
        )
    return found
