"""Average marginal effects of a nonlinear model, with errors by the delta method."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from scipy import special

from econloom.core.estimate import CONSTANT, Test, Unavailable
from econloom.panel.absorb import FloatArray
from econloom.panel.diagnostics.wald import wald

Shape = Callable[[FloatArray], FloatArray]


def effects_table(names: Sequence[str], effects: FloatArray, jacobian: FloatArray, vcov: FloatArray) -> pl.DataFrame:
    """Effects with standard errors, normal p values and 95 per cent intervals.

    Parameters
    ----------
    names : sequence of str
    effects : (q,) array
    jacobian : (q, p) array
        Derivatives by the parameters.
    vcov : (p, p) array
    """
    error = np.sqrt(np.einsum("qp,pr,qr->q", jacobian, vcov, jacobian))
    z = effects / error
    reach = float(special.ndtri(0.975)) * error
    return pl.DataFrame(
        {
            "term": list(names),
            "effect": effects,
            "std_error": error,
            "statistic": z,
            "p_value": 2 * special.ndtr(-np.abs(z)),
            "conf_low": effects - reach,
            "conf_high": effects + reach,
        }
    )


def averaged(
    X: FloatArray, coefficients: FloatArray, slope: FloatArray, by_eta: FloatArray, others: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """``b_j mean(slope)`` and its derivatives.

    Parameters
    ----------
    X : (n, k) array
    coefficients : (k,) array
    slope : (n,) array
        Derivative of the mean by eta = x'b.
    by_eta : (n,) array
        Its derivative by eta.
    others : (m,) array
        Derivatives of mean(slope) by the parameters after the coefficients.

    Returns
    -------
    (k,) array and (k, k + m) array
    """
    share = float(slope.mean())
    moved = np.concatenate([(by_eta[:, None] * X).mean(axis=0), others])
    jacobian = np.outer(coefficients, moved)
    jacobian[:, : len(coefficients)] += share * np.eye(len(coefficients))
    return coefficients * share, jacobian


def joint_wald(names: Sequence[str], coefficients: FloatArray, vcov: FloatArray) -> Test | Unavailable:
    """All regressors but the constant: zero; chi-squared."""
    at = [j for j, n in enumerate(names) if n != CONSTANT]
    if not at:
        return Unavailable("there is no coefficient to test")
    null = f"{', '.join(names[j] for j in at)}: zero"
    return wald(coefficients[at], vcov[np.ix_(at, at)], None, null)
