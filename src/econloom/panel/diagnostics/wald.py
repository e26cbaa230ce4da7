"""Wald tests and the law of a quadratic form."""

from __future__ import annotations

import math

import numpy as np
from scipy import linalg, special

from econloom.core.estimate import Test, Unavailable
from econloom.panel.absorb import FloatArray

SINGULAR = 1e-12
"""A covariance, scaled to a unit diagonal, whose reciprocal condition is below this has no inverse."""


def chi2(statistic: float, df: int, null: str) -> Test:
    """A chi-squared test.

    Examples
    --------
    >>> round(chi2(3.841459, 1, "").p_value, 6)
    0.05
    """
    return Test(statistic, (df,), float(special.chdtrc(df, max(statistic, 0.0))), null, "chi2")


def f_test(statistic: float, df: tuple[float, float], null: str) -> Test:
    """An F test."""
    return Test(statistic, df, float(special.fdtrc(*df, max(statistic, 0.0))), null, "F")


def quadratic(b: FloatArray, V: FloatArray) -> float | None:
    """``b' V^-1 b``; None where V is singular.

    Parameters
    ----------
    b : (q,) array
    V : (q, q) array
    """
    diagonal = np.diag(V)
    if not np.all(np.isfinite(V)) or np.any(diagonal <= 0):
        return None
    scale = np.sqrt(diagonal)
    R, x = V / np.outer(scale, scale), b / scale
    values = linalg.eigvalsh(R)
    if values[0] <= SINGULAR * values[-1]:
        return None
    return float(x @ linalg.solve(R, x, assume_a="pos"))


def wald(b: FloatArray, V: FloatArray, df: float | None, null: str) -> Test | Unavailable:
    """``b' V^-1 b``: F with (q, df) degrees of freedom after division by q, or chi-squared(q) without df.

    Parameters
    ----------
    b : (q,) array
    V : (q, q) array
        Its covariance.
    df : float or None
        Of the denominator.
    null : str
    """
    value = quadratic(b, V)
    if value is None or math.isnan(value):
        return Unavailable(f"the covariance of the {len(b)} coefficients is singular")
    return chi2(value, len(b), null) if df is None else f_test(value / len(b), (len(b), df), null)
