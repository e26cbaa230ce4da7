"""Exposure-robust inference for shift-share designs, on arrays.

With z = S g (shares S (n, K), shocks g), and y, x, z residualised on the controls with weights w (``x`` is z itself
where the shift-share variable is the regressor)::

    b       = z'W y / z'W x
    R       = S'W e                     e = y - b x, or y - b0 x under a null
    d       coefficients of z on S (weighted), one for each shock: the shocks less what the controls explain
    akm     sum_c (sum_{k in c} d_k R_k)^2 / (z'W x)^2            c a cluster of shocks, by default each its own
    akm0    the values b0 that the same test with residuals under the null does not reject

Adao, Kolesar and Morales (2019), Quarterly Journal of Economics 134: 1949-2010; Borusyak, Hull and Jaravel (2022),
Review of Economic Studies 89: 181-213; Goldsmith-Pinkham, Sorkin and Swift (2020), American Economic Review 110:
2586-2624.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from econloom.core.errors import EstimationError
from econloom.panel.absorb import FloatArray

Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """One equation with the controls partialled out, rows by region.

    Attributes
    ----------
    y, x, z : (n,) arrays
        Outcome, regressor and shift-share variable.
    shares : (n, K) array
        As given, not residualised.
    weights : (n,) array
    """

    y: FloatArray
    x: FloatArray
    z: FloatArray
    shares: FloatArray
    weights: FloatArray

    @property
    def relevance(self) -> float:
        """``z'W x``."""
        return float((self.weights * self.z) @ self.x)

    @property
    def estimate(self) -> float:
        """``z'W y / z'W x``."""
        return float((self.weights * self.z) @ self.y) / self.relevance

    def sums(self, e: FloatArray) -> FloatArray:
        """``S'W e``, (K,)."""
        return np.asarray(self.shares.T @ (self.weights * e))


@dataclass(frozen=True, slots=True)
class Interval:
    """A test of zero and a confidence set.

    Attributes
    ----------
    std_error : float
        Length of the set over twice the normal quantile for akm0; infinite where the set is unbounded.
    p_value : float
        Of b = 0.
    low, high : float
        Ends of the set. For akm0 with ``low > high`` the set is everything but what lies between; both are infinite
        where it is the whole line.
    """

    std_error: float
    p_value: float
    low: float
    high: float


def shock_residuals(found: Residuals) -> FloatArray:
    """Coefficients of the residualised shift-share variable on the shares, (K,).

    Raises
    ------
    EstimationError
        Collinear shares, or more shocks than regions.
    """
    root = np.sqrt(found.weights)[:, None]
    n, K = found.shares.shape
    d, _, rank, _ = np.linalg.lstsq(root * found.shares, root[:, 0] * found.z, rcond=None)
    if rank < K:
        raise EstimationError(
            f"the shares of {K} shocks in {n} regions are collinear (rank {rank}): AKM errors are not defined",
            hint="merge shocks that the same regions are exposed to, or use the shock-level errors (bhj)",
        )
    return np.asarray(d)


def clustered_sum(values: FloatArray, clusters: Codes) -> float:
    """``sum_c (sum_{k in c} values_k)^2``."""
    return float((np.bincount(clusters, values) ** 2).sum())


def akm(found: Residuals, d: FloatArray, clusters: Codes, level: float = 0.95) -> Interval:
    """Standard error, test and interval of Adao, Kolesar and Morales."""
    b = found.estimate
    se = float(np.sqrt(clustered_sum(d * found.sums(found.y - b * found.x), clusters))) / abs(found.relevance)
    return normal(b, se, level)


def akm0(found: Residuals, d: FloatArray, clusters: Codes, level: float = 0.95) -> Interval:
    """The set of values that a test under the null does not reject: ``(A - b0 B)^2 <= q^2 sum_c (p_c - b0 r_c)^2``."""
    quantile = float(special.ndtri((1 + level) / 2))
    A, B = found.relevance * found.estimate, found.relevance
    p, r = (np.bincount(clusters, d * found.sums(v)) for v in (found.y, found.x))
    tail = 2 * float(special.ndtr(-abs(A) / np.sqrt(float(p @ p))))
    second = B**2 - quantile**2 * float(r @ r)
    first = A * B - quantile**2 * float(p @ r)
    constant = A**2 - quantile**2 * float(p @ p)
    inside = first**2 - second * constant
    if second > 0:
        half = np.sqrt(max(inside, 0.0)) / second
        return Interval(half / quantile, tail, first / second - half, first / second + half)
    if inside <= 0:
        return Interval(np.inf, tail, -np.inf, np.inf)
    half = np.sqrt(inside) / abs(second)
    return Interval(np.inf, tail, first / second + half, first / second - half)


def shock_level(
    found: Residuals, g: FloatArray, clusters: Codes, controls: FloatArray, level: float = 0.95
) -> Interval:
    """Standard error of the equivalent regression by shock of Borusyak, Hull and Jaravel.

    ``sum_c (sum_{k in c} h_k R_k)^2 / (z'W x)^2`` with h the residuals of g on the shock-level controls (a constant
    among them), weighted by average exposure ``s_k = sum_l w_l S_lk``: the robust variance of the IV regression of
    ``y_k = R_k(y) / s_k`` on ``x_k`` with instrument g, weights s, no small-sample factor.
    """
    s = found.sums(np.ones(len(found.y)))
    root = np.sqrt(s)
    fitted = controls @ np.linalg.lstsq(root[:, None] * controls, root * g, rcond=None)[0]
    b = found.estimate
    variance = clustered_sum((g - fitted) * found.sums(found.y - b * found.x), clusters)
    return normal(b, float(np.sqrt(variance)) / abs(found.relevance), level)


def normal(b: float, se: float, level: float) -> Interval:
    """An interval by the normal law."""
    reach = float(special.ndtri((1 + level) / 2)) * se
    return Interval(se, 2 * float(special.ndtr(-abs(b) / se)) if se > 0 else np.nan, b - reach, b + reach)


def rotemberg(found: Residuals, g: FloatArray) -> dict[str, FloatArray]:
    """Weights ``a_k = g_k S_k'W x / z'W x`` and estimates by share, ``b_k = S_k'W y / S_k'W x``; sum a_k b_k = b."""
    x, y = found.sums(found.x), found.sums(found.y)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {"weight": g * x / found.relevance, "estimate": np.where(x != 0, y / x, np.nan)}
