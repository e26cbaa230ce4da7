"""Unit-root tests of panels: Im-Pesaran-Shin, Levin-Lin-Chu, Fisher's combinations, and Pesaran's CIPS.

All rest on each unit's regression (Dickey and Fuller, augmented)::

    dy_t = a (+ b t) + r y_{t-1} + sum_{j=1}^{p} g_j dy_{t-j} + e_t,     t_i = r / se(r)

Moments of t_i under a unit root are those printed in Im, Pesaran and Shin (2003, Journal of Econometrics 115, table 3),
the adjustments of Levin, Lin and Chu those of their table 2 (2002, Journal of Econometrics 108); p values of single
units follow MacKinnon (1994, Journal of Business and Economic Statistics 12). The distribution of CIPS (Pesaran 2007,
Journal of Applied Econometrics 22) is simulated at the N, T and p at hand instead of being read off his tables.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from econloom.core.errors import EstimationError
from econloom.panel.absorb import FloatArray

Trend = Literal["constant", "trend"]
LENGTHS = (10, 15, 20, 25, 30, 40, 50, 60, 70, 100)
_N = float("nan")
IPS_MEAN: dict[Trend, tuple[tuple[float, ...], ...]] = {
    "constant": (
        (-1.504, -1.514, -1.522, -1.520, -1.526, -1.523, -1.527, -1.519, -1.524, -1.532),
        (-1.488, -1.503, -1.516, -1.514, -1.519, -1.520, -1.524, -1.519, -1.522, -1.530),
        (-1.319, -1.387, -1.428, -1.443, -1.460, -1.476, -1.493, -1.490, -1.498, -1.514),
        (-1.306, -1.366, -1.413, -1.433, -1.453, -1.471, -1.489, -1.486, -1.495, -1.512),
        (-1.171, -1.260, -1.329, -1.363, -1.394, -1.428, -1.454, -1.458, -1.470, -1.495),
        (_N, _N, -1.313, -1.351, -1.384, -1.421, -1.451, -1.454, -1.467, -1.494),
        (_N, _N, _N, -1.289, -1.331, -1.380, -1.418, -1.427, -1.444, -1.476),
        (_N, _N, _N, -1.273, -1.319, -1.371, -1.411, -1.423, -1.441, -1.474),
        (_N, _N, _N, -1.212, -1.266, -1.329, -1.377, -1.393, -1.415, -1.456),
    ),
    "trend": (
        (-2.166, -2.167, -2.168, -2.167, -2.172, -2.173, -2.176, -2.174, -2.174, -2.177),
        (-2.173, -2.169, -2.172, -2.172, -2.173, -2.177, -2.180, -2.178, -2.176, -2.179),
        (-1.914, -1.999, -2.047, -2.074, -2.095, -2.120, -2.137, -2.143, -2.146, -2.158),
        (-1.922, -1.977, -2.032, -2.065, -2.091, -2.117, -2.137, -2.142, -2.146, -2.158),
        (-1.750, -1.823, -1.911, -1.968, -2.009, -2.057, -2.091, -2.103, -2.114, -2.135),
        (_N, _N, -1.888, -1.955, -1.998, -2.051, -2.087, -2.101, -2.111, -2.135),
        (_N, _N, _N, -1.868, -1.923, -1.995, -2.042, -2.065, -2.081, -2.113),
        (_N, _N, _N, -1.851, -1.912, -1.986, -2.036, -2.063, -2.079, -2.112),
        (_N, _N, _N, -1.761, -1.835, -1.925, -1.987, -2.024, -2.046, -2.088),
    ),
}
IPS_VARIANCE: dict[Trend, tuple[tuple[float, ...], ...]] = {
    "constant": (
        (1.069, 0.923, 0.851, 0.809, 0.789, 0.770, 0.760, 0.749, 0.736, 0.735),
        (1.255, 1.011, 0.915, 0.861, 0.831, 0.803, 0.781, 0.770, 0.753, 0.745),
        (1.421, 1.078, 0.969, 0.905, 0.865, 0.830, 0.798, 0.789, 0.766, 0.754),
        (1.759, 1.181, 1.037, 0.952, 0.907, 0.858, 0.819, 0.802, 0.782, 0.761),
        (2.080, 1.279, 1.097, 1.005, 0.946, 0.886, 0.842, 0.819, 0.801, 0.771),
        (_N, _N, 1.171, 1.055, 0.980, 0.912, 0.863, 0.839, 0.814, 0.781),
        (_N, _N, _N, 1.114, 1.023, 0.942, 0.886, 0.858, 0.834, 0.795),
        (_N, _N, _N, 1.164, 1.062, 0.968, 0.910, 0.875, 0.851, 0.806),
        (_N, _N, _N, 1.217, 1.105, 0.996, 0.929, 0.896, 0.871, 0.818),
    ),
    "trend": (
        (1.132, 0.869, 0.763, 0.713, 0.690, 0.655, 0.633, 0.621, 0.610, 0.597),
        (1.453, 0.975, 0.845, 0.769, 0.734, 0.687, 0.654, 0.641, 0.627, 0.605),
        (1.627, 1.036, 0.882, 0.796, 0.756, 0.702, 0.661, 0.653, 0.634, 0.613),
        (2.482, 1.214, 0.983, 0.861, 0.808, 0.735, 0.688, 0.674, 0.650, 0.625),
        (3.947, 1.332, 1.052, 0.913, 0.845, 0.759, 0.705, 0.685, 0.662, 0.629),
        (_N, _N, 1.165, 0.991, 0.899, 0.792, 0.730, 0.705, 0.673, 0.638),
        (_N, _N, _N, 1.055, 0.945, 0.828, 0.753, 0.725, 0.689, 0.650),
        (_N, _N, _N, 1.145, 1.009, 0.872, 0.786, 0.747, 0.713, 0.661),
        (_N, _N, _N, 1.208, 1.063, 0.902, 0.808, 0.766, 0.728, 0.670),
    ),
}
LLC_LENGTHS = (25, 30, 35, 40, 45, 50, 60, 70, 80, 90, 100, 250, 500)
LLC_MEAN: dict[Trend, tuple[float, ...]] = {
    "constant": (-0.554, -0.546, -0.541, -0.537, -0.533, -0.531, -0.527, -0.524, -0.521, -0.520, -0.518, -0.509, -0.5),
    "trend": (-0.703, -0.674, -0.653, -0.637, -0.624, -0.614, -0.598, -0.587, -0.578, -0.571, -0.566, -0.533, -0.5),
}
LLC_SCALE: dict[Trend, tuple[float, ...]] = {
    "constant": (0.919, 0.889, 0.867, 0.850, 0.837, 0.826, 0.810, 0.798, 0.789, 0.782, 0.776, 0.742, 0.707),
    "trend": (1.003, 0.949, 0.906, 0.871, 0.842, 0.818, 0.780, 0.751, 0.728, 0.710, 0.695, 0.603, 0.5),
}
# MacKinnon (1994), one variable: tau*, the largest tau, polynomials in tau below and above tau*
_MACKINNON: dict[Trend, tuple[float, float, float, tuple[float, ...], tuple[float, ...]]] = {
    "constant": (-1.61, -18.83, 2.74, (2.1659, 1.4412, 0.038269), (1.7339, 0.93202, -0.12745, -0.010368)),
    "trend": (-2.89, -16.18, 0.7, (3.2512, 1.6047, 0.049588), (2.5261, 0.61654, -0.37956, -0.060285)),
}


@dataclass(frozen=True)
class Regression:
    """One unit's augmented Dickey-Fuller regression.

    Attributes
    ----------
    t : float
    periods : int
        In the regression.
    lags : int
    changes, levels : (T,) arrays
        dy and y_{t-1} with the lags and deterministic terms taken out.
    sigma : float
        Standard error of the regression, by T less its coefficients.
    """

    t: float
    periods: int
    lags: int
    changes: FloatArray
    levels: FloatArray
    sigma: float


def dickey_fuller(y: FloatArray, lags: int, trend: Trend, others: FloatArray | None = None) -> Regression:
    """Regress the changes of one series on its lagged level.

    Parameters
    ----------
    y : (T,) array
    lags : int
    trend : {"constant", "trend"}
    others : (T - 1 - lags, m) array, optional
        Further columns: cross-section means, for CIPS.

    Raises
    ------
    EstimationError
        Too few periods, or a series that the terms fit perfectly.
    """
    d = np.diff(y)
    T = len(d) - lags
    Z = [np.ones(T)]
    if trend == "trend":
        Z.append(np.arange(1.0, T + 1))
    Z += [d[lags - j : len(d) - j] for j in range(1, lags + 1)]
    if others is not None:
        Z += list(others.T)
    columns = np.column_stack(Z)
    free = T - columns.shape[1] - 1
    if free < 1:
        raise EstimationError(f"{T} periods for {columns.shape[1] + 1} coefficients", hint="fewer lags")
    basis, _ = np.linalg.qr(columns)
    change, level = d[lags:], y[lags:-1]
    e, v = change - basis @ (basis.T @ change), level - basis @ (basis.T @ level)
    spread = float(v @ v)
    if not spread > 1e-20 * max(float(level @ level), 1e-300):
        raise EstimationError("a series is constant, or its lags are combinations of one another")
    slope = float(e @ v) / spread
    rss = float(((e - slope * v) ** 2).sum())
    if not rss > 1e-20 * max(float(change @ change), 1e-300):
        raise EstimationError("a series is fitted perfectly by its lags")
    sigma = math.sqrt(rss / free)
    return Regression(slope / (sigma / math.sqrt(spread)), T, lags, e, v, sigma)


def chosen_lags(y: FloatArray, most: int, trend: Trend, criterion: str) -> int:
    """The number of lags with the least ``log(RSS/T) + penalty k / T``, all on the periods of the longest."""
    best, least = 0, math.inf
    for p in range(most + 1):
        found = dickey_fuller(y[most - p :], p, trend)
        T, k = found.periods, p + 2 + (trend == "trend")
        penalty = {"aic": 2.0, "bic": math.log(T), "hqic": 2 * math.log(math.log(T))}[criterion]
        value = math.log(found.sigma**2 * (T - k) / T) + penalty * k / T
        if value < least - 1e-12:
            best, least = p, value
    return best


def ips(found: Sequence[Regression], trend: Trend) -> tuple[float, float]:
    """W-t-bar of Im, Pesaran and Shin, and its p value (left tail of the normal law).

    Raises
    ------
    EstimationError
        A length for which the moments are not printed.
    """
    moments = [_ips_moments(f.periods, f.lags, trend) for f in found]
    mean, variance = (float(np.mean(m)) for m in zip(*moments, strict=True))
    t = float(np.mean([f.t for f in found]))
    w = math.sqrt(len(found)) * (t - mean) / math.sqrt(variance)
    return w, float(special.ndtr(w))


def _ips_moments(periods: int, lags: int, trend: Trend) -> tuple[float, float]:
    if lags > 8:
        raise EstimationError(f"moments of IPS are printed for up to 8 lags, not {lags}", hint="test='fisher'")
    mean, variance = IPS_MEAN[trend][lags], IPS_VARIANCE[trend][lags]
    known = [k for k, m in enumerate(mean) if m == m]
    lengths = [LENGTHS[k] for k in known]
    if periods < lengths[0]:
        raise EstimationError(
            f"moments of IPS with {lags} lags are printed for {lengths[0]} periods and more, not {periods}",
            hint="fewer lags, or test='fisher'",
        )
    at = min(periods, lengths[-1])
    return (float(np.interp(at, lengths, [row[k] for k in known])) for row in (mean, variance))  # type: ignore[return-value]


def p_value(t: float, trend: Trend) -> float:
    """Of one unit's t under a unit root (MacKinnon 1994)."""
    star, least, most, below, above = _MACKINNON[trend]
    if t > most:
        return 1.0
    if t < least:
        return 0.0
    return float(special.ndtr(np.polynomial.polynomial.polyval(t, below if t <= star else above)))


def fisher(found: Sequence[Regression], trend: Trend) -> dict[str, tuple[float, float | None, float]]:
    """Combinations of the units' p values (Maddala and Wu 1999; Choi 2001).

    Returns
    -------
    dict
        ``p`` (inverse chi-squared, -2 sum log p), ``z`` (inverse normal), ``l`` (logit, t with 5N + 4 degrees of
        freedom), ``pm`` (modified chi-squared, for large N): statistic, degrees of freedom, p value.
    """
    tiny = np.finfo(float).tiny
    p = np.clip([p_value(f.t, trend) for f in found], tiny, 1 - 1e-16)
    N = len(p)
    chi2 = float(-2 * np.log(p).sum())
    z = float(special.ndtri(p).sum() / math.sqrt(N))
    k = 3 * (5 * N + 4) / (math.pi**2 * N * (5 * N + 2))
    logit = float(math.sqrt(k) * np.log(p / (1 - p)).sum())
    pm = float((-np.log(p) - 1).sum() / math.sqrt(N))
    return {
        "p": (chi2, 2.0 * N, float(special.chdtrc(2 * N, chi2))),
        "z": (z, None, float(special.ndtr(z))),
        "l": (logit, 5.0 * N + 4, float(special.stdtr(5 * N + 4, logit))),
        "pm": (pm, None, float(special.ndtr(-pm))),
    }


def llc(found: Sequence[Regression], series: Sequence[FloatArray], trend: Trend) -> tuple[float, float]:
    """Adjusted t of Levin, Lin and Chu, and its p value; a balanced panel.

    Each unit's partialled changes and levels are divided by sigma_i (residual sum of squares over the periods of the
    regression) and pooled; S_N is the mean ratio of long-run to short-run standard deviations, Bartlett's kernel with
    round(3.21 T^(1/3)) lags, of changes less their mean, or less their trend.

    Raises
    ------
    EstimationError
        A long-run variance that is not positive.
    """
    T = len(series[0])
    sigmas = [f.sigma * math.sqrt(1 - (f.lags + 2 + (trend == "trend")) / f.periods) for f in found]
    e = np.concatenate([f.changes / s for f, s in zip(found, sigmas, strict=True)])
    v = np.concatenate([f.levels / s for f, s in zip(found, sigmas, strict=True)])
    slope, total = float(e @ v) / float(v @ v), len(e)
    sigma2 = float(((e - slope * v) ** 2).sum()) / total
    error = math.sqrt(sigma2 / float(v @ v))
    bandwidth = round(3.21 * T ** (1 / 3))
    ratios = [math.sqrt(_long_run(y, bandwidth, trend)) / s for y, s in zip(series, sigmas, strict=True)]
    mu, scale = (float(np.interp(total / len(found), LLC_LENGTHS, table[trend])) for table in (LLC_MEAN, LLC_SCALE))
    adjusted = (slope / error - total * float(np.mean(ratios)) / sigma2 * error * mu) / scale
    return adjusted, float(special.ndtr(adjusted))


def _long_run(y: FloatArray, bandwidth: int, trend: Trend) -> float:
    """Bartlett's long-run variance of the changes, less their mean or trend."""
    d = np.diff(y)
    T = len(d)
    fitted = np.column_stack([np.ones(T), *([np.arange(T)] if trend == "trend" else [])])
    d = d - fitted @ np.linalg.lstsq(fitted, d, rcond=None)[0]
    value = float(d @ d) / T
    for lag in range(1, min(bandwidth, T - 1) + 1):
        value += 2 * (1 - lag / (bandwidth + 1)) * float(d[lag:] @ d[:-lag]) / T
    if not value > 0:
        raise EstimationError("a long-run variance is not positive", hint="test='ips'")
    return value


def cips(y: FloatArray, lags: int, trend: Trend) -> tuple[float, FloatArray]:
    """Pesaran's mean of cross-sectionally augmented t, and each unit's.

    Parameters
    ----------
    y : (N, T) array
    """
    mean = y.mean(axis=0)
    d = np.diff(mean)
    others = [mean[lags:-1], d[lags:], *(d[lags - j : len(d) - j] for j in range(1, lags + 1))]
    t = np.array([dickey_fuller(row, lags, trend, np.column_stack(others)).t for row in y])
    return float(t.mean()), t


def cips_null(N: int, T: int, lags: int, trend: Trend, draws: int, seed: int) -> FloatArray:
    """CIPS of independent random walks of the same size, (draws,)."""
    rng = np.random.default_rng(seed)
    found = np.empty(draws)
    for draw in range(draws):
        found[draw] = _cips_fast(np.cumsum(rng.normal(size=(N, T)), axis=1), lags, trend)
    return found


def _cips_fast(y: FloatArray, lags: int, trend: Trend) -> float:
    """:func:`cips` with the common columns taken out of all units at once."""
    mean, d, dm = y.mean(axis=0), np.diff(y, axis=1), np.diff(y.mean(axis=0))
    n = d.shape[1] - lags
    common = [np.ones(n), mean[lags:-1], dm[lags:], *(dm[lags - j : len(dm) - j] for j in range(1, lags + 1))]
    if trend == "trend":
        common.append(np.arange(1.0, n + 1))
    basis, _ = np.linalg.qr(np.column_stack(common))
    own = np.stack([d[:, lags:], y[:, lags:-1], *(d[:, lags - j : d.shape[1] - j] for j in range(1, lags + 1))], axis=2)
    own = own - basis @ (basis.T @ own)
    if lags:
        Q, _ = np.linalg.qr(own[:, :, 2:])
        own = own[:, :, :2] - Q @ (np.swapaxes(Q, 1, 2) @ own[:, :, :2])
    e, v = own[:, :, 0], own[:, :, 1]
    spread = (v**2).sum(axis=1)
    slope = (e * v).sum(axis=1) / spread
    rss = ((e - slope[:, None] * v) ** 2).sum(axis=1)
    free = n - len(common) - lags - 1
    return float(np.mean(slope * np.sqrt(spread * free / rss)))


def cross_section_dependence(values: FloatArray) -> tuple[float, float, float, int]:
    """Pesaran's CD of an (N, T) array with NaN for holes: statistic, p value, mean |correlation|, pairs.

    ``sqrt(2 / (N (N-1))) sum_{i<j} sqrt(T_ij) rho_ij`` (Pesaran 2004, 2015); T_ij common periods.

    Raises
    ------
    EstimationError
        One unit, or pairs without three common periods.
    """
    N = len(values)
    if N < 2:
        raise EstimationError("cross-section dependence needs two units")
    total, absolute, pairs = 0.0, 0.0, 0
    for i in range(N - 1):
        both = np.isfinite(values[i]) & np.isfinite(values[i + 1 :])
        for j in np.flatnonzero(both.sum(axis=1) > 2):
            a, b = values[i, both[j]], values[i + 1 + j, both[j]]
            a, b = a - a.mean(), b - b.mean()
            size = math.sqrt(float(a @ a) * float(b @ b))
            if size > 0:
                rho = float(a @ b) / size
                total += math.sqrt(both[j].sum()) * rho
                absolute += abs(rho)
                pairs += 1
    if not pairs:
        raise EstimationError("no two units have three periods in common")
    value = total / math.sqrt(pairs)
    return value, 2 * float(special.ndtr(-abs(value))), absolute / pairs, pairs
