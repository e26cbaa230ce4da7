"""Granger non-causality in heterogeneous panels (Dumitrescu and Hurlin 2012, Economic Modelling 29).

Each unit's y is regressed on a constant, K lags of itself and K lags of x; W_i is the Wald statistic of the latter,
with the residual variance by T_i - 2K - 1. T_i periods enter the regression. With W the mean over N units::

    Z      = sqrt(N / (2K)) (W - K)                                               N, T large
    Ztilde = sqrt(N) (W - mean E_i) / sqrt(mean V_i)                              N large, T fixed (T_i > 2K + 5)
    E_i = K (T_i - 2K - 1) / (T_i - 2K - 3)
    V_i = 2K (T_i - 2K - 1)^2 (T_i - K - 3) / ((T_i - 2K - 3)^2 (T_i - 2K - 5))

both standard normal when x causes y in no unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from econloom.core.errors import EstimationError
from econloom.panel.absorb import FloatArray

CRITERIA = ("aic", "bic", "hqic")
BLOCK = 200
"""Bootstrap panels at once."""


@dataclass(frozen=True)
class Series:
    """One unit's rows that have every lag, oldest first.

    Attributes
    ----------
    y : (T,) array
    own : (T, K) array
        Lags of y, nearest first.
    other : (T, K) array
        Lags of x.
    """

    y: FloatArray
    own: FloatArray
    other: FloatArray


@dataclass(frozen=True)
class Statistics:
    """The statistics of one panel.

    Attributes
    ----------
    wald : (N,) array
    periods : (N,) array
    zbar, ztilde : float
        ``ztilde`` is NaN where a unit has too few periods.
    """

    wald: FloatArray
    periods: FloatArray
    zbar: float
    ztilde: float


def statistics(units: Sequence[Series]) -> Statistics:
    """Wald statistics and their standardised means.

    Raises
    ------
    EstimationError
        A unit with too few periods, or whose regressors are combinations of one another.
    """
    K = units[0].own.shape[1]
    wald = np.array([_wald(unit) for unit in units])
    T = np.array([len(unit.y) for unit in units], dtype=float)
    N, mean = len(units), float(wald.mean())
    ztilde = float("nan")
    if T.min() > 2 * K + 5:
        E = K * (T - 2 * K - 1) / (T - 2 * K - 3)
        V = 2 * K * (T - 2 * K - 1) ** 2 * (T - K - 3) / ((T - 2 * K - 3) ** 2 * (T - 2 * K - 5))
        ztilde = float(np.sqrt(N) * (mean - E.mean()) / np.sqrt(V.mean()))
    return Statistics(wald, T, float(np.sqrt(N / (2 * K)) * (mean - K)), ztilde)


def _wald(unit: Series) -> float:
    T, K = unit.own.shape
    if T <= 2 * K + 1:
        raise EstimationError(f"{T} periods for {2 * K + 1} coefficients", hint="fewer lags")
    small, large = np.column_stack([np.ones(T), unit.own]), np.column_stack([np.ones(T), unit.own, unit.other])
    if np.linalg.matrix_rank(large, tol=1e-10 * np.linalg.norm(large)) < 2 * K + 1:
        raise EstimationError("a series is constant, or its lags are combinations of one another")
    less, rss = _rss(small, unit.y), _rss(large, unit.y)
    if not rss > 1e-20 * float(unit.y @ unit.y):
        raise EstimationError("the lags fit the series perfectly")
    return float((less - rss) / (rss / (T - 2 * K - 1)))


def _rss(X: FloatArray, y: FloatArray) -> float:
    e = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
    return float(e @ e)


def information(units: Sequence[Series], criterion: str) -> float:
    """Mean over units of an information criterion of the regression with both lags.

    ``log(RSS/T) + penalty (2K + 1) / T`` with the penalties 2, log T and 2 log log T.
    """
    total = 0.0
    for unit in units:
        T, K = unit.own.shape
        rss = _rss(np.column_stack([np.ones(T), unit.own, unit.other]), unit.y)
        penalty = {"aic": 2.0, "bic": np.log(T), "hqic": 2 * np.log(np.log(T))}[criterion]
        total += np.log(rss / T) + penalty * (2 * K + 1) / T
    return total / len(units)


def bootstrap(y: FloatArray, x: FloatArray, K: int, draws: int, seed: int) -> FloatArray:
    """Zbar of panels in which x does not cause y.

    Residuals of y on a constant and its own lags are drawn with replacement by period, the same periods for all units,
    so that their dependence across units stays; y is built up from them from its own first K values (Dumitrescu and
    Hurlin 2012, section 6.2; Lopez and Weber 2017).

    Parameters
    ----------
    y, x : (N, T) arrays
        Balanced.
    K, draws, seed : int

    Returns
    -------
    (draws,) array
    """
    N, T = y.shape
    own = _lags(y, K)
    coefficients, residuals = np.empty((N, K + 1)), np.empty((N, T - K))
    for i in range(N):
        X = np.column_stack([np.ones(T - K), own[i]])
        coefficients[i] = np.linalg.lstsq(X, y[i, K:], rcond=None)[0]
        residuals[i] = y[i, K:] - X @ coefficients[i]
    residuals -= residuals.mean(axis=1, keepdims=True)
    rng = np.random.default_rng(seed)
    found = np.empty(draws)
    for first in range(0, draws, BLOCK):
        some = min(BLOCK, draws - first)
        periods = rng.integers(0, T - K, (some, T - K))
        made = np.broadcast_to(y, (some, N, T)).copy()
        for t in range(K, T):
            past = made[:, :, t - K : t][:, :, ::-1]
            shocks = residuals[:, periods[:, t - K]].T
            made[:, :, t] = coefficients[:, 0] + (coefficients[:, 1:] * past).sum(axis=2) + shocks
        found[first : first + some] = np.sqrt(N / (2 * K)) * (walds(made, x, K).mean(axis=1) - K)
    return found


def walds(y: FloatArray, x: FloatArray, K: int) -> FloatArray:
    """Wald statistics of all units of several panels without holes at once, (draws, N).

    Parameters
    ----------
    y : (draws, N, T) array
    x : (N, T) array
    """
    draws, N, T = y.shape
    columns = np.empty((draws, N, T - K, 2 * K + 1))
    columns[..., 0] = 1.0
    columns[..., 1 : K + 1] = _lags(y, K)
    columns[..., K + 1 :] = _lags(x, K)
    Q, _ = np.linalg.qr(columns)
    share = (np.swapaxes(Q, -1, -2) @ y[:, :, K:, None])[..., 0] ** 2
    rss = (y[:, :, K:] ** 2).sum(axis=2) - share.sum(axis=2)
    return np.asarray(share[:, :, K + 1 :].sum(axis=2) / (rss / (T - K - 2 * K - 1)))


def _lags(values: FloatArray, K: int) -> FloatArray:
    """Lags 1 ... K of the last axis as a new one, without the first K periods."""
    T = values.shape[-1]
    return np.stack([values[..., K - j : T - j] for j in range(1, K + 1)], axis=-1)
