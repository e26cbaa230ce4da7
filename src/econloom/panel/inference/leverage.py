"""Leverages: the diagonal of the projection on regressors and effects."""

from __future__ import annotations

import numpy as np

from econloom.core.errors import EstimationError
from econloom.panel import plain
from econloom.panel.absorb import Absorber, FloatArray, SlopedAbsorber
from econloom.panel.absorb.effects import DENSE_LEVELS, Dense
from econloom.panel.linear.iv import IVEstimate
from econloom.panel.linear.ols import Estimate
from econloom.panel.moments import Absorbed

MOST_WORK = 2e11
"""Multiplications beyond which the leverages of effects are refused."""
RUN = 2_048
ALL = 1 - 1e-10
"""A row with more leverage has no residual of its own."""


def leverages(estimate: Estimate, absorbed: Absorbed) -> FloatArray:
    """``h_i = w_i x_i' (X'W X)^-1 x_i`` with the dummies of the effects among X, (n,).

    Raises
    ------
    EstimationError
        Instruments, or effects of too many levels.
    """
    if isinstance(estimate, IVEstimate):
        raise EstimationError("hc2 and hc3 are not defined beside instruments", hint="el.hc1()")
    w = np.ones(absorbed.n) if absorbed.weights is None else absorbed.weights
    h = np.empty(absorbed.n)
    columns = list(estimate.columns)
    for begin in range(0, absorbed.n, RUN):
        Z = absorbed.block[begin : begin + RUN][:, columns] @ estimate.whitening
        h[begin : begin + RUN] = (Z**2).sum(axis=1)
    if absorbed.absorber is not None:
        return np.asarray(w * (h + _of_effects(absorbed.absorber)))
    intercept = 1.0 / w.sum() if estimate.extra.shape[1] else 0.0
    return np.asarray(w * (h + intercept))


def _of_effects(absorber: Absorber | SlopedAbsorber) -> FloatArray:
    """Of all effects without the weight of the row, (n,)."""
    if isinstance(absorber, SlopedAbsorber):
        return _of_slopes(absorber)
    rows, solver = absorber.rows, absorber.solver
    sizes = np.diff(rows.starts)
    totals = sizes if not rows.weights.size else np.add.reduceat(rows.weights, rows.starts[:-1])
    h = np.repeat(1.0 / totals, sizes)
    if solver is not None:
        h += _of_others(absorber)
    if absorber.order is None:
        return h
    back = np.empty_like(h)
    back[absorber.order] = h
    return back


def _of_slopes(absorber: SlopedAbsorber) -> FloatArray:
    n, columns = absorber.others.shape
    if n * columns**2 > MOST_WORK:
        raise EstimationError(
            f"hc2 and hc3 need the leverage of every row: {columns:,} columns of effects and slopes beside the largest "
            f"are too many for {n:,} rows",
            hint="el.hc1() or el.cluster()",
        )
    return absorber.leverages()


def _of_others(absorber: Absorber) -> FloatArray:
    """``|F'^-1 (M0 D)_i|^2``, F the factor of the Schur complement."""
    rows, dense = absorber.rows, absorber.solver
    if not isinstance(dense, Dense) or rows.n * len(dense.kept) ** 2 > MOST_WORK:
        raise EstimationError(
            f"hc2 and hc3 need the leverage of every row: {rows.levels:,} levels beside the largest effect are too "
            f"many for {rows.n:,} rows (at most {DENSE_LEVELS:,} levels)",
            hint="el.hc1() or el.cluster()",
        )
    inverse, kept = dense.inverse(), dense.kept
    h = np.empty(rows.n)
    low = 0
    while low < len(rows.starts) - 1:
        high = max(int(np.searchsorted(rows.starts, rows.starts[low] + RUN)), low + 1)
        high = min(high, len(rows.starts) - 1)
        begin, end = rows.starts[low], rows.starts[high]
        D = plain.dummies(rows.columns[begin:end], rows.levels).toarray()[:, kept]
        w = rows.weights[begin:end] if rows.weights.size else rows.weights
        m = D.shape[1]
        plain.first_residuals(D, np.zeros(m), np.ones(m), w, rows.starts[low : high + 1] - begin, D, 0, high - low)
        h[begin:end] = ((D @ inverse) ** 2).sum(axis=1)
        low = high
    return h
