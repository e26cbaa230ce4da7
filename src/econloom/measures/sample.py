"""The values, weights and groups of a statistic, with missing rows left out; and the form of its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from econloom.core.errors import DataError
from econloom.measures.groups import FloatArray, Groups, IntArray, refuse_groups
from econloom.measures.values import Mask, numbers, refuse

_LARGE, _SMALL = 1e150, 1e-150


@dataclass(frozen=True)
class Sample:
    """Rows that have a value, a weight and a group.

    Attributes
    ----------
    x : ndarray (n,)
        Values; scaled down (up) together where sums of them would overflow (vanish), which no measure of inequality
        minds.
    w : ndarray (n,) or None
        Weights, none of them negative; None for equal ones.
    codes : ndarray of int (n,)
    groups : Groups
    grouped : bool
        Whether the caller named groups.
    """

    x: FloatArray
    w: FloatArray | None
    codes: IntArray
    groups: Groups
    grouped: bool

    @classmethod
    def of(cls, x: Any, weights: Any, by: Any) -> Sample:
        """Values, weights and keys as a caller gives them; rows that lack one of them are left out.

        Raises
        ------
        UsageError
            Columns of different lengths, or no numbers.
        DataError
            Infinite values, negative weights, weights that sum to zero, or no value at all without groups.
        """
        values = numbers(x, "x")
        groups = Groups.single(len(values)) if by is None else Groups.of(by, len(values))
        heavy = None if weights is None else numbers(weights, "weights", len(values))
        there = ~np.isnan(values)
        if by is not None:
            there &= groups.codes >= 0
        if heavy is not None:
            refuse(heavy < 0, "a weight is negative", "weights say how many units a row stands for")
            there &= ~np.isnan(heavy)
        if by is None and not there.any():
            raise DataError("no value: all are missing" if len(values) else "no value: x is empty")
        codes = groups.codes
        if not there.all():
            values, codes = values[there], codes[there]
            heavy = None if heavy is None else heavy[there]
        if heavy is not None:
            total = groups.sums(heavy, codes)
            empty = np.bincount(codes, minlength=groups.count) == 0
            hint = "give at least one row a weight above zero"
            refuse_groups((total == 0) & ~empty, groups, by is not None, "the weights sum to zero", hint)
        return cls(_tame(values), None if heavy is None else _tame(heavy), codes, groups, by is not None)

    @property
    def sizes(self) -> IntArray:
        """Rows of each group with a weight above zero."""
        counted = self.codes if self.w is None else self.codes[self.w > 0]
        return np.bincount(counted, minlength=self.groups.count)

    @property
    def totals(self) -> FloatArray:
        """Sum of the weights of each group; their number without weights."""
        return self.sizes.astype(np.float64) if self.w is None else self.groups.sums(self.w, self.codes)

    def mean(self, values: FloatArray) -> FloatArray:
        """Weighted mean of each group, NaN for an empty one."""
        weighted = values if self.w is None else values * self.w
        return over(self.groups.sums(weighted, self.codes), self.totals)

    def relative(self, what: str, zero: bool) -> FloatArray:
        """``x`` over the mean of its group.

        Parameters
        ----------
        what : str
            The measure, for messages.
        zero : bool
            Whether a value of zero is possible.

        Raises
        ------
        DataError
            A negative value, a zero where it is not possible, a zero mean.
        """
        self.refuse(self.x < 0, f"{what}: a value is negative", "no share of a total is negative; correct the values")
        if not zero:
            hint = f"{what} has no value with zeros; leave them out on purpose, or take a measure that allows them"
            self.refuse(self.x == 0, f"{what}: a value is zero", hint)
        mean = self.mean(self.x)
        self.refuse_zero_mean(mean, what)
        relative: FloatArray = self.x / mean[self.codes]
        return relative

    def refuse(self, mask: Mask, what: str, hint: str) -> None:
        """Refuse values, named by their groups; those without weight do not count."""
        bad = mask if self.w is None else mask & (self.w > 0)
        if bad.any():
            groups = np.bincount(self.codes[bad], minlength=self.groups.count) > 0
            refuse_groups(groups, self.groups, self.grouped, f"{what} ({int(bad.sum())} values)", hint)

    def refuse_zero_mean(self, mean: FloatArray, what: str) -> None:
        """Refuse groups whose values are all zero."""
        hint = "shares of a total of zero do not exist; leave these groups out"
        refuse_groups(mean == 0, self.groups, self.grouped, f"{what}: the mean is zero", hint)

    def answer(self, values: FloatArray, name: str, none: Mask | None = None) -> Any:
        """A number without groups; else a frame of keys, the measure and ``n``.

        A group without values, and one of the mask ``none``, has null.
        """
        odd = ~np.isfinite(values) & (self.sizes > 0)
        if none is not None:
            odd &= ~none
        hint = "the values lie too far apart for floating-point numbers"
        refuse_groups(odd, self.groups, self.grouped, f"{name} is no finite number", hint)
        if not self.grouped:
            return float(values[0])
        made = pl.Series(name, values).fill_nan(None)
        taken = {name, "n"} & set(self.groups.keys.columns)
        if taken:
            raise DataError(f"a key is called {sorted(taken)[0]!r}, as a column of the result", hint="rename the key")
        return self.groups.keys.with_columns(made, pl.Series("n", self.sizes))


def over(above: FloatArray, below: FloatArray) -> FloatArray:
    """Division with NaN where ``below`` is zero."""
    result: FloatArray = np.divide(above, below, out=np.full(len(below), np.nan), where=below != 0)
    return result


def _tame(values: FloatArray) -> FloatArray:
    """Values scaled by their largest where their sums and products would leave the range of numbers."""
    if not len(values):
        return values
    largest = max(float(values.max()), -float(values.min()))
    if not (largest > _LARGE or 0 < largest < _SMALL):
        return values
    scaled: FloatArray = values / largest
    if ((scaled == 0) & (values != 0)).any():
        raise DataError("the values lie too far apart for floating-point numbers")
    return scaled
