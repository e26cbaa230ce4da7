"""Covariances that know time: Newey-West for panels and Driscoll-Kraay.

With ``s_it`` the score of unit i in period t and ``k_l = 1 - l / (L + 1)`` (Bartlett)::

    newey_west       sum_i sum_t s_it s_it' + sum_(l=1..L) k_l sum_i sum_t (s_it s_i,t-l' + its transpose)
    driscoll_kraay   the same of h_t = sum_i s_it, as of a single unit

(Newey and West 1987; Driscoll and Kraay 1998.) Lags are of the time column: the pair of t and t - l counts where both
exist, so a gap is no neighbour. The factor is that of fixest, ``(n-1)/(n-K) T/(T-1)`` with t(T-1), T the number of
periods and K the convention's; a convention with the normal law takes 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from econloom.core.errors import EstimationError, UsageError
from econloom.core.spec import VcovSpec
from econloom.panel.absorb import FloatArray, Grouping, IntArray, compact
from econloom.panel.columns import grouped
from econloom.panel.conventions import Correction
from econloom.panel.design import Design
from econloom.panel.request import Request


@dataclass(frozen=True)
class Axes:
    """Where the rows of a sample stand in time and space.

    Attributes
    ----------
    unit : Grouping or None
    time : (n,) int array or None
    latitude, longitude : (n,) arrays or None
        In degrees.
    """

    unit: Grouping | None = None
    time: IntArray | None = None
    latitude: FloatArray | None = None
    longitude: FloatArray | None = None


def axes(asked: Request, design: Design) -> Axes:
    """Unit, period and place of the design's rows, as far as the covariance asks for them.

    Raises
    ------
    UsageError
        The panel has no time, or coordinates are missing in rows of the sample.
    """
    vcov, panel = asked.vcov, asked.panel
    if vcov.kind not in {"newey_west", "driscoll_kraay", "conley"}:
        return Axes()
    if panel.time is None and (vcov.space is None or vcov.lags):
        raise UsageError(f"{vcov} needs periods", hint="unit='code', time='year'")
    rows = panel.with_rows(panel.frame[design.rows])
    unit = None if panel.unit is None else grouped(rows, (panel.unit,)).grouping(panel.unit, None)
    time = None if panel.time is None else rows.column(panel.time).to_physical().to_numpy().astype(np.int64)
    if vcov.space is None:
        return Axes(unit, time)
    places = []
    for name in (vcov.space.latitude, vcov.space.longitude):
        series = rows.column(name)
        if not series.dtype.is_numeric():
            raise UsageError(f"{vcov}: {name!r} holds {series.dtype}, not degrees")
        if series.null_count():
            lost = f"{vcov} would drop {series.null_count()} of {design.n} rows: {name!r} is missing there"
            raise UsageError(lost, hint="fit again with this vcov")
        places.append(series.to_numpy().astype(np.float64))
    return Axes(unit, time, *places)


def serial_meat(scores: FloatArray, vcov: VcovSpec, where: Axes) -> tuple[FloatArray, tuple[str, ...]]:
    """Meat of Newey-West or Driscoll-Kraay, (p, p), and what is to be said of it.

    Parameters
    ----------
    scores : (n, p) array
    vcov : VcovSpec
        ``newey_west`` or ``driscoll_kraay`` with its lags.
    where : Axes
        With time; without a unit the rows are one series.

    Raises
    ------
    EstimationError
        A single period.

    Examples
    --------
    >>> where = Axes(None, np.array([1, 2, 4]))
    >>> serial_meat(np.array([[1.0], [2.0], [4.0]]), VcovSpec("newey_west", lags=1), where)[0].item()
    23.0
    """
    time = _periods(where)
    unit = np.zeros(len(time), dtype=np.int64) if where.unit is None else where.unit.codes
    if vcov.kind == "driscoll_kraay":
        codes, levels = compact(time)
        scores = np.column_stack([np.bincount(codes, s, levels) for s in scores.T])
        time, unit = np.unique(time), np.zeros(levels, dtype=np.int64)
    meat = scores.T @ scores + lagged_products(scores, unit, time, vcov.lags)
    return meat, _said(unit, time, vcov)


def lagged_products(scores: FloatArray, unit: IntArray, time: IntArray, lags: int) -> FloatArray:
    """``sum_l k_l sum (s_it s_i,t-l' + transpose)`` over l from 1 to ``lags``, (p, p)."""
    total = np.zeros((scores.shape[1],) * 2)
    span = int(time.max() - time.min()) + 1
    key = unit * (span + lags) + (time - time.min())
    order = np.argsort(key)
    known = key[order]
    for lag in range(1, min(lags, span - 1) + 1):
        place = np.minimum(np.searchsorted(known, key - lag), len(known) - 1)
        both = (known[place] == key - lag) & (time - lag >= time.min())
        product = scores[both].T @ scores[order[place[both]]]
        total += (1 - lag / (lags + 1)) * (product + product.T)
    return total


def serial_correction(correction: Correction, n: int, vcov: VcovSpec, where: Axes) -> Correction:
    """Factor and law: ``(n-1)/(n-K) T/(T-1)`` and t(T-1) in time, ``(n-1)/(n-K)`` in space alone."""
    if correction.df is None:
        return correction
    factor = correction.factor * (n - 1) / n
    if vcov.kind == "conley":
        return replace(correction, factor=factor)
    T = len(np.unique(_periods(where)))
    return replace(correction, factor=factor * T / (T - 1), df=T - 1)


def _periods(where: Axes) -> IntArray:
    if where.time is None:
        raise EstimationError("a covariance in time needs periods")
    if where.time.min() == where.time.max():
        raise EstimationError("all rows lie in one period: a covariance in time needs at least two")
    return where.time


def _said(unit: IntArray, time: IntArray, vcov: VcovSpec) -> tuple[str, ...]:
    """Gaps, and lags beyond the sample."""
    said = []
    order = np.lexsort((time, unit))
    within = np.diff(unit[order]) == 0
    holes = within & (np.diff(time[order]) > 1)
    if vcov.lags and holes.any():
        owners = len(np.unique(unit[order][1:][holes]))
        of = "the periods have" if vcov.kind == "driscoll_kraay" else f"{owners} units have"
        said.append(f"{of} {int(holes.sum())} gaps in time: periods apart by more than one are not neighbours")
    periods = len(np.unique(time))
    if vcov.lags >= periods:
        said.append(f"{vcov}: there are only {periods} periods")
    return tuple(said)
