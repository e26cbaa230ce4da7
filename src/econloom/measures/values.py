"""Arrays as measures need them: numbers, missing ones marked, what is impossible refused with its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from econloom.core.errors import DataError, EconloomError, Location, UsageError, did_you_mean, listed

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class ImpossibleValueError(DataError):
    """Values for which a measure does not exist.

    Attributes
    ----------
    what : str
        What is wrong with them.
    rows : tuple of int
        Their positions in the arrays, counted from 0.
    """

    def __init__(
        self, what: str, rows: Sequence[int], *, where: Location | None = None, hint: str | None = None
    ) -> None:
        self.what = what
        self.rows = tuple(rows)
        message = f"{what} in {len(self.rows)} rows (counted from 0: {listed(self.rows)})"
        EconloomError.__init__(self, message, where=where, hint=hint)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuilt, (self.what, self.rows, self.where, self.hint))

    def at(self, where: Location) -> EconloomError:
        """The same error with a place."""
        return self if self.where else ImpossibleValueError(self.what, self.rows, where=where, hint=self.hint)

    def within(self, context: str) -> EconloomError:
        """The same error with ``context: `` before its message."""
        return ImpossibleValueError(f"{context}: {self.what}", self.rows, where=self.where, hint=self.hint)


def _rebuilt(what: str, rows: tuple[int, ...], where: Location | None, hint: str | None) -> ImpossibleValueError:
    return ImpossibleValueError(what, rows, where=where, hint=hint)


def numbers(values: Any, name: str, n: int | None = None) -> FloatArray:
    """One column of numbers as floats, NaN where missing.

    Parameters
    ----------
    values : array_like (n,)
        numpy, polars, pandas or a list; None and NaN are missing.
    name : str
        What it is called in messages.
    n : int, optional
        The length it must have; a single number is then repeated.

    Raises
    ------
    UsageError
        Not one column of numbers, or another length.
    DataError
        Infinite values.
    """
    array = _floats(values, name)
    if array.ndim == 0 and n is not None:
        array = np.full(n, float(array))
    if array.ndim != 1:
        raise UsageError(f"{name} is no column of numbers: it has the shape {array.shape}")
    if n is not None and len(array) != n:
        raise UsageError(f"{name} has {len(array)} rows, the other columns have {n}")
    refuse(np.isinf(array), f"{name} holds infinite values")
    return array


def _floats(values: Any, name: str) -> FloatArray:
    if isinstance(values, pl.Series):
        if not (values.dtype.is_numeric() or values.dtype == pl.Null):
            raise UsageError(f"{name} holds {values.dtype}, not numbers")
        return values.cast(pl.Float64).to_numpy()
    array = np.asarray(values)
    if array.dtype.kind in "iuf":
        return np.asarray(array, np.float64)
    if array.dtype.kind == "O":
        try:
            return np.asarray([np.nan if v is None else v for v in array.tolist()], np.float64)
        except (TypeError, ValueError):
            pass
    if array.size == 0:
        return np.zeros(0)
    raise UsageError(f"{name} holds {array.dtype}, not numbers")


def several(values: Any, name: str) -> tuple[FloatArray, tuple[str, ...]]:
    """Columns side by side, (n, m), with their names.

    ``values`` is an array (n, m), a mapping or a frame of columns, or a sequence of columns.
    """
    if isinstance(values, pl.DataFrame):
        values = {c: values[c] for c in values.columns}
    if isinstance(values, Mapping):
        names = tuple(str(k) for k in values)
        columns = list(values.values())
    elif isinstance(values, np.ndarray):
        if values.ndim != 2:
            raise UsageError(f"{name} must be an array (n, m); it has the shape {values.shape}")
        columns, names = list(values.T), ()
    else:
        columns, names = list(values), ()
    if not columns:
        return np.zeros((0, 0)), ()
    names = names or tuple(f"{name} {i + 1}" for i in range(len(columns)))
    first = numbers(columns[0], names[0])
    rest = [numbers(c, called, len(first)) for c, called in zip(columns[1:], names[1:], strict=True)]
    return np.column_stack([first, *rest]), names


def refuse(mask: Mask, what: str, hint: str | None = None) -> None:
    """An :class:`ImpossibleValueError` with the positions of a mask, if there are any."""
    bad = np.flatnonzero(mask if mask.ndim == 1 else mask.any(axis=1))
    if len(bad):
        raise ImpossibleValueError(what, bad.tolist(), hint=hint)


def ratio(above: FloatArray, below: FloatArray, what: str, hint: str | None = None) -> FloatArray:
    """``above / below``, NaN where one is missing; a zero below is refused."""
    refuse(below == 0, f"{what} is zero", hint or "leave these rows out, or correct them")
    result: FloatArray = above / below
    return result


def option(value: Any, name: str, choices: Sequence[str]) -> str:
    """A named choice.

    Raises
    ------
    UsageError
        Another word, with the nearest choice.
    """
    if value not in choices:
        known = " or ".join(repr(c) for c in choices)
        raise UsageError(f"{name}={value!r}{did_you_mean(str(value), choices)}", hint=f"{name} is {known}")
    return str(value)
