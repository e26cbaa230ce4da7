"""The equations of a dynamic panel on a grid of units and periods: transformed rows, and rows in levels.

A *row* is one equation at one period for all N units at once. Every row is a weighted sum of level rows,
``row_r = sum_s m_rs level_s``, which is all that the covariance of its errors needs when those of the levels are iid:
``Cov(row_r, row_q) = sigma^2 sum_s m_rs m_qs``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from econloom.panel.absorb import FloatArray

BoolArray = npt.NDArray[np.bool_]
Transform = Literal["differences", "deviations"]
Equation = Literal["difference", "level"]
Share = float | FloatArray


@dataclass(frozen=True)
class Row:
    """One equation at one period.

    Attributes
    ----------
    equation : {"difference", "level"}
    period : int
        Place on the grid. A forward deviation of period t stands at t + 1, so that its instruments are those of the
        difference at t + 1.
    present : (N,) bool array
        Units that have it.
    shares : mapping of int to float or (N,) array
        ``m_rs`` by period s of the level row.
    """

    equation: Equation
    period: int
    present: BoolArray
    shares: Mapping[int, Share]

    def of(self, values: FloatArray) -> FloatArray:
        """The row of a variable in levels, (N, T) or (N, T, k); zero for units without it."""
        total: FloatArray = np.zeros_like(values[:, 0])
        for s, share in self.shares.items():
            weight = share if isinstance(share, float) or values.ndim == 2 else share[:, None]
            total = total + weight * np.nan_to_num(values[:, s])
        return np.where(self.present if total.ndim == 1 else self.present[:, None], total, 0.0)

    def overlap(self, other: Row) -> Share | None:
        """``sum_s m_rs m_qs``; None where it is zero for every unit."""
        common = self.shares.keys() & other.shares.keys()
        if not common:
            return None
        return sum((self.shares[s] * other.shares[s] for s in sorted(common)), 0.0)


@dataclass(frozen=True)
class Stack:
    """All equations of a model, transformed rows first.

    Attributes
    ----------
    rows : tuple of Row
    outcome : (R, N) array
    regressors : (R, N, k) array
    units : int
        With at least one row.
    """

    rows: tuple[Row, ...]
    outcome: FloatArray
    regressors: FloatArray
    units: int

    def count(self, equation: Equation) -> int:
        """Rows times units of an equation."""
        return int(sum(r.present.sum() for r in self.rows if r.equation == equation))


def stacked(complete: BoolArray, outcome: FloatArray, regressors: FloatArray, transform: Transform, system: bool,
            level_only: tuple[int, ...] = ()) -> Stack:  # fmt: skip
    """Put the equations of a panel on top of one another.

    Parameters
    ----------
    complete : (N, T) bool array
        Where the model has every variable it needs.
    outcome : (N, T) array
    regressors : (N, T, k) array
    transform : {"differences", "deviations"}
        First differences, or forward orthogonal deviations (Arellano and Bover 1995).
    system : bool
        Whether the rows in levels are there too (Blundell and Bond 1998).
    level_only : tuple of int
        Regressors that are zero in the transformed rows: the constant.
    """
    changed = differences(complete) if transform == "differences" else deviations(complete)
    rows = (*changed, *(levels(complete) if system else ()))
    y = np.stack([r.of(outcome) for r in rows]) if rows else np.zeros((0, len(complete)))
    X = np.stack([r.of(regressors) for r in rows]) if rows else np.zeros((0, *regressors[:, 0].shape))
    if level_only:
        X[: len(changed), :, list(level_only)] = 0.0
    present = np.any([r.present for r in rows], axis=0) if rows else np.zeros(len(complete), dtype=bool)
    return Stack(rows, y, X, int(present.sum()))


def differences(complete: BoolArray) -> tuple[Row, ...]:
    """First differences, at periods whose period before is there too."""
    found = []
    for t in range(1, complete.shape[1]):
        present = complete[:, t] & complete[:, t - 1]
        if present.any():
            found.append(Row("difference", t, present, {t: 1.0, t - 1: -1.0}))
    return tuple(found)


def deviations(complete: BoolArray) -> tuple[Row, ...]:
    """Deviations from the mean of all later periods, ``sqrt(c/(c+1)) (x_t - mean of the c later)``."""
    later: npt.NDArray[np.int64] = np.flip(np.cumsum(np.flip(complete, 1), 1), 1) - complete
    found = []
    for t in range(complete.shape[1] - 1):
        present = complete[:, t] & (later[:, t] > 0)
        if not present.any():
            continue
        c = np.where(present, later[:, t], 1).astype(float)
        scale = np.sqrt(c / (c + 1))
        ahead = {s: np.where(complete[:, s], -scale / c, 0.0) for s in range(t + 1, complete.shape[1])}
        found.append(Row("difference", t + 1, present, {t: scale, **ahead}))
    return tuple(found)


def levels(complete: BoolArray) -> tuple[Row, ...]:
    """Rows in levels."""
    held = [(t, complete[:, t]) for t in range(complete.shape[1])]
    return tuple(Row("level", t, present, {t: 1.0}) for t, present in held if present.any())
