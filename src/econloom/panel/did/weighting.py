"""Means of effects of cohorts in periods, with the influence of estimated cohort shares.

Callaway and Sant'Anna (2021, section 3). For weights proportional to the sizes P_g of cohorts over a set K of cells,
``theta = sum_K P_g ATT / sum_K P_g``, the shares add ``sum_K (ATT - theta) dP_g / sum_K P_g`` to its influence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from econloom.core.errors import EstimationError, UsageError
from econloom.panel.absorb import FloatArray, IntArray
from econloom.panel.columns import BoolArray
from econloom.panel.did.cells import Cells

Kind = Literal["simple", "dynamic", "group", "calendar"]


@dataclass(frozen=True)
class Means:
    """Means of effects.

    Attributes
    ----------
    keys : (m,) int array
        Event times, cohorts or periods; empty for ``simple``.
    estimates : (m,) array
    influence : (m, N) array
    overall : float
    overall_influence : (N,) array
    counts : (m,) array
        Weight of the treated units behind each.
    """

    keys: IntArray
    estimates: FloatArray
    influence: FloatArray
    overall: float
    overall_influence: FloatArray
    counts: FloatArray


@dataclass(frozen=True)
class Sizes:
    """Weights of units and of cohorts.

    Attributes
    ----------
    cohort : (N,) array
        Of the units.
    weights : (N,) array
        Of the units.
    """

    cohort: FloatArray
    weights: FloatArray

    def of(self, cohorts: IntArray) -> FloatArray:
        """Sum of the weights of the units of some cohorts, each as often as it is named."""
        known, at = np.unique(cohorts, return_inverse=True)
        sums = np.array([self.weights[self.cohort == g].sum() for g in known])
        return np.asarray(sums[at])

    def mean(self, estimates: FloatArray, influence: FloatArray, cohorts: IntArray) -> tuple[float, FloatArray]:
        """A mean by the sizes of cohorts and its influence, that of the shares included.

        Parameters
        ----------
        estimates : (k,) array
        influence : (k, N) array
        cohorts : (k,) int array
            Whose size weighs each.
        """
        size = self.of(cohorts)
        total = size.sum()
        theta = float(size @ estimates / total)
        found = (size / total) @ influence
        for g in np.unique(cohorts):
            of = self.cohort == g
            found[of] += self.weights[of] * (estimates[cohorts == g] - theta).sum() / total
        return theta, found


def means(cells: Cells, sizes: Sizes, kind: Kind, window: tuple[int, int] | None, balance: int | None) -> Means:
    """Aggregate cells.

    Parameters
    ----------
    cells : Cells
    sizes : Sizes
    kind : {"simple", "dynamic", "group", "calendar"}
    window : (int, int) or None
        Of ``dynamic``: first and last event time.
    balance : int or None
        Of ``dynamic``: cohorts seen at least so many periods after adoption, and event times up to it, so that the
        composition of cohorts stays the same over them.

    Raises
    ------
    UsageError
        Another kind, or options that it has not.
    EstimationError
        No cell is in it.
    """
    if kind not in ("simple", "dynamic", "group", "calendar"):
        raise UsageError(f"aggregate: 'simple', 'dynamic', 'group' or 'calendar', not {kind!r}")
    if kind != "dynamic" and (window is not None or balance is not None):
        raise UsageError(f"window and balance are of aggregate('dynamic'), not of {kind!r}")
    after = cells.events >= 0
    if not after.any():
        raise EstimationError("no cohort has an effect after its adoption: negative event times only")
    if kind == "simple":
        theta, influence = sizes.mean(cells.estimates[after], cells.influence[after], cells.cohorts[after])
        empty = np.zeros(0)
        return Means(np.zeros(0, dtype=np.int64), empty, np.zeros((0, len(influence))), theta, influence, empty)
    if kind == "dynamic":
        return _dynamic(cells, sizes, _window(cells, window, balance))
    return _by_group(cells, sizes, after) if kind == "group" else _by_period(cells, sizes, after)


def _window(cells: Cells, window: tuple[int, int] | None, balance: int | None) -> BoolArray:
    """Cells of an aggregation by event time."""
    events = cells.events
    if window is not None and not _whole(window):
        raise UsageError(f"window: (first, last) event time, such as (-4, 5), not {window!r}")
    low, high = window if window is not None else (events.min(), events.max())
    inside = (events >= low) & (events <= high)
    if balance is not None:
        if isinstance(balance, bool) or not isinstance(balance, int) or balance < 0:
            raise UsageError(f"balance: a number of periods after adoption, not {balance!r}")
        last = int(cells.times.max())
        inside &= (last - cells.cohorts >= balance) & (events <= balance)
    if not inside.any():
        raise EstimationError(
            f"no cohort has an effect at these event times; they go from {events.min()} to {events.max()}"
        )
    return np.asarray(inside)


def _whole(window: object) -> bool:
    """Whether a window is two whole numbers in order."""
    pair = (
        isinstance(window, tuple | list) and len(window) == 2 and all(isinstance(w, int | np.integer) for w in window)
    )
    return pair and bool(window[0] <= window[1])  # type: ignore[index]


def _dynamic(cells: Cells, sizes: Sizes, inside: BoolArray) -> Means:
    """By periods since adoption; overall the plain mean of those from adoption on."""
    keys = np.unique(cells.events[inside])
    groups = [inside & (cells.events == e) for e in keys]
    estimates, influence, counts = _each(cells, sizes, groups)
    after = keys >= 0
    overall = float(estimates[after].mean()) if after.any() else np.nan
    return Means(keys, estimates, influence, overall, influence[after].sum(axis=0) / max(after.sum(), 1), counts)


def _by_period(cells: Cells, sizes: Sizes, after: BoolArray) -> Means:
    """By period, over the cohorts treated then; overall the plain mean of the periods."""
    keys = np.unique(cells.times[after])
    estimates, influence, counts = _each(cells, sizes, [after & (cells.times == t) for t in keys])
    return Means(keys, estimates, influence, float(estimates.mean()), influence.mean(axis=0), counts)


def _by_group(cells: Cells, sizes: Sizes, after: BoolArray) -> Means:
    """By cohort, the plain mean of its treated periods; overall by the sizes of cohorts."""
    keys = np.unique(cells.cohorts[after])
    groups = [after & (cells.cohorts == g) for g in keys]
    estimates = np.array([cells.estimates[k].mean() for k in groups])
    influence = np.stack([cells.influence[k].mean(axis=0) for k in groups])
    overall, total = sizes.mean(estimates, influence, keys)
    return Means(keys, estimates, influence, overall, total, sizes.of(keys))


def _each(cells: Cells, sizes: Sizes, groups: Sequence[BoolArray]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The mean of each group of cells by the sizes of cohorts."""
    pairs = [sizes.mean(cells.estimates[k], cells.influence[k], cells.cohorts[k]) for k in groups]
    counts = np.array([sizes.of(cells.cohorts[k]).sum() for k in groups])
    return np.array([e for e, _ in pairs]), np.stack([i for _, i in pairs]), counts
