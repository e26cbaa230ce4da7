"""Who is matched to whom, in three forms that never list all pairs unless asked: picks, runs, windows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from econloom.core.errors import EstimationError
from econloom.panel.absorb import FloatArray, IntArray
from econloom.panel.matching import kernels

MOST_PAIRS = 50_000_000
"""Pairs are not listed beyond so many."""

Pairs = tuple[IntArray, IntArray, FloatArray]


class Links(Protocol):
    """The matches of some rows, the focal ones, among the donors; every focal row has at least one."""

    @property
    def focal(self) -> IntArray:
        """Rows that are matched, (m,)."""
        ...

    @property
    def sizes(self) -> IntArray:
        """Donors of each focal row, (m,)."""
        ...

    def means(self, values: FloatArray) -> FloatArray:
        """Weighted means over the donors of each focal row, (m, q), of the columns of an array (n, q)."""
        ...

    def loads(self, n: int) -> tuple[FloatArray, FloatArray]:
        """Sums of the weights, and of their squares, that each of n rows has as a donor."""
        ...

    def pairs(self) -> Pairs:
        """Place of the focal row, donor row and weight of every pair."""
        ...


@dataclass(frozen=True)
class Picks:
    """Listed donors with equal weights.

    Attributes
    ----------
    focal : (m,) int array
    starts : (m + 1,) int array
    donors : (P,) int array
        Rows.
    """

    focal: IntArray
    starts: IntArray
    donors: IntArray

    @property
    def sizes(self) -> IntArray:
        """Donors of each focal row."""
        return np.diff(self.starts)

    def means(self, values: FloatArray) -> FloatArray:
        """Means over the donors."""
        return np.asarray(np.add.reduceat(values[self.donors], self.starts[:-1], axis=0) / self.sizes[:, None])

    def loads(self, n: int) -> tuple[FloatArray, FloatArray]:
        """Sums of weights and of squared weights."""
        share: FloatArray = np.repeat(1 / self.sizes, self.sizes)
        load, squares = (np.asarray(np.bincount(self.donors, w, n), dtype=np.float64) for w in (share, share**2))
        return load, squares

    def pairs(self) -> Pairs:
        """Every pair."""
        return np.repeat(np.arange(len(self.focal)), self.sizes), self.donors, np.repeat(1 / self.sizes, self.sizes)


@dataclass(frozen=True)
class Runs:
    """Neighbouring donors on a line, with equal weights.

    Attributes
    ----------
    focal : (m,) int array
        Sorted along the line.
    order : (D,) int array
        Donor rows, sorted along the line.
    first, last : (m,) int array
        Runs of ``order``.
    """

    focal: IntArray
    order: IntArray
    first: IntArray
    last: IntArray

    @property
    def sizes(self) -> IntArray:
        """Donors of each focal row."""
        return self.last - self.first

    def means(self, values: FloatArray) -> FloatArray:
        """Means over the runs."""
        out = np.empty((len(self.focal), values.shape[1]))
        kernels.run_means(self.first, self.last, np.ascontiguousarray(values[self.order]), out)
        return out

    def spreads(self, values: FloatArray) -> FloatArray:
        """Sample variances over the runs, NaN where they have one row."""
        out = np.empty(len(self.focal))
        kernels.run_spreads(self.first, self.last, values[self.order], out)
        return out

    def loads(self, n: int) -> tuple[FloatArray, FloatArray]:
        """Sums of weights and of squared weights."""
        load, squares = np.zeros(len(self.order)), np.zeros(len(self.order))
        kernels.run_loads(self.first, self.last, load, squares)
        return _placed(self.order, load, n), _placed(self.order, squares, n)

    def pairs(self) -> Pairs:
        """Every pair."""
        sizes = self.sizes
        _refuse_many(int(sizes.sum()))
        places = _counted(self.first, sizes)
        return np.repeat(np.arange(len(sizes)), sizes), self.order[places], np.repeat(1 / sizes, sizes)


@dataclass(frozen=True)
class Windows:
    """Donors weighted by a kernel of the distance.

    Attributes
    ----------
    focal : (m,) int array
    order : (D,) int array
        As for :class:`Runs`.
    first, last : (m,) int array
        Windows that hold all donors with a weight.
    low, high : (D,) int array
        Windows of the donors that hold all focal rows they have a weight for.
    targets : (m,) array
    donors : (D,) array
        Places on the line.
    kind : str
        Name of the kernel.
    width : float
        The bandwidth.
    totals : (m,) array
        Sums of the kernel over the donors.
    """

    focal: IntArray
    order: IntArray
    first: IntArray
    last: IntArray
    low: IntArray
    high: IntArray
    targets: FloatArray
    donors: FloatArray
    kind: str
    width: float
    totals: FloatArray

    @property
    def sizes(self) -> IntArray:
        """Donors in the window of each focal row."""
        return self.last - self.first

    def means(self, values: FloatArray) -> FloatArray:
        """Weighted means over the windows."""
        sums = kernel_sums(self.targets, self.first, self.last, self.donors, self.width, self.kind, values[self.order])
        return np.asarray(sums / self.totals[:, None])

    def loads(self, n: int) -> tuple[FloatArray, FloatArray]:
        """Sums of weights; those of squared weights are not needed, and NaN."""
        share = (1 / self.totals)[:, None]
        load = kernel_sums(self.donors, self.low, self.high, self.targets, self.width, self.kind, share)[:, 0]
        return _placed(self.order, load, n), np.full(n, np.nan)

    def pairs(self) -> Pairs:
        """Every pair with a weight."""
        sizes = self.sizes
        _refuse_many(int(sizes.sum()))
        focal, places = np.repeat(np.arange(len(sizes)), sizes), _counted(self.first, sizes)
        u = (self.donors[places] - self.targets[focal]) / self.width
        weights = kernel_at(np.abs(u), self.kind) / self.totals[focal]
        held = weights > 0
        return focal[held], self.order[places[held]], weights[held]


POWERS = {
    "epanechnikov": (1.0, 0.0, -1.0),
    "biweight": (1.0, 0.0, -2.0, 0.0, 1.0),
    "tricube": (1.0, 0.0, 0.0, -3.0, 0.0, 0.0, 3.0, 0.0, 0.0, -1.0),
}
"""Kernels of bounded support, up to a factor, as polynomials of ``|distance| / bandwidth``."""


def kernel_at(u: FloatArray, kind: str) -> FloatArray:
    """A kernel at ``u = |distance| / bandwidth``, up to a factor.

    Examples
    --------
    >>> kernel_at(np.array([0.0, 0.5, 1.5]), "epanechnikov").tolist()
    [1.0, 0.75, 0.0]
    """
    if kind == "gaussian":
        return np.asarray(np.exp(-0.5 * u**2))
    forms = {"epanechnikov": 1 - u**2, "biweight": (1 - u**2) ** 2, "tricube": (1 - u**3) ** 3}
    return np.where(u < 1, forms[kind], 0.0)


def kernel_sums(
    targets: FloatArray,
    first: IntArray,
    last: IntArray,
    donors: FloatArray,
    width: float,
    kind: str,
    values: FloatArray,
) -> FloatArray:
    """``sum_j K(|t_i - s_j| / width) v_j`` over the window of each target, (m, q); both sorted alike."""
    out = np.zeros((len(targets), values.shape[1]))
    held = np.ascontiguousarray(values)
    if kind != "gaussian":
        kernels.window_sums(targets, first, last, donors, width, np.array(POWERS[kind]), held, out)
        return out
    for some in stretches(first, last):
        a, b = first[some.start], last[some.start]
        part = np.zeros((some.stop - some.start, held.shape[1]))
        kernels.gauss_sums(targets[some], donors[a:b], held[a:b], width, part)
        out[some] = part
    return out


def stretches(first: IntArray, last: IntArray) -> list[slice]:
    """Stretches of targets with the same window."""
    if not len(first):
        return []
    change = np.flatnonzero((np.diff(first) != 0) | (np.diff(last) != 0)) + 1
    ends = [0, *change.tolist(), len(first)]
    return [slice(a, b) for a, b in pairwise(ends)]


def _placed(order: IntArray, values: FloatArray, n: int) -> FloatArray:
    out = np.zeros(n)
    out[order] = values
    return out


def _counted(first: IntArray, sizes: IntArray) -> IntArray:
    """``first_i, first_i + 1, ...`` for every i, ``sizes_i`` of them."""
    ends = np.cumsum(sizes)
    return np.repeat(first - ends + sizes, sizes) + np.arange(int(ends[-1]) if len(ends) else 0)


def _refuse_many(pairs: int) -> None:
    if pairs > MOST_PAIRS:
        raise EstimationError(
            f"{pairs:,} pairs are not listed (at most {MOST_PAIRS:,})", hint="the weights of the rows say as much"
        )
