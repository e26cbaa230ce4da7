"""Hausman's test of two estimates of the same coefficients.

``H = d' (V_1 - V_0)^- d`` with ``d = b_1 - b_0``, b_1 consistent under both hypotheses and b_0 efficient under the null
(Hausman 1978, Econometrica 46). The difference of the variances is positive definite in expectation, not in every
sample: where it is not, H has no chi-squared law and may even be negative.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from econloom.core.estimate import Test, Unavailable
from econloom.panel.absorb import FloatArray
from econloom.panel.diagnostics.wald import chi2

INDEFINITE = 1e-10
"""An eigenvalue of the difference below this share of the consistent estimate's variances is not positive."""
NULL = "unit effects are uncorrelated with the regressors: both estimates are consistent"
Indefinite = Literal["unavailable", "generalised_inverse", "positive_part"]


def difference_test(
    d: FloatArray, consistent: FloatArray, efficient: FloatArray, indefinite: Indefinite
) -> Test | Unavailable:
    """The test from the difference of two estimates and their covariances.

    Parameters
    ----------
    d : (k,) array
    consistent, efficient : (k, k) arrays
        V_1 and V_0.
    indefinite : {"unavailable", "generalised_inverse", "positive_part"}
        Where the difference of the variances is not positive definite: no test; one with the Moore-Penrose inverse of
        the difference, which is the number that ``phtest`` and Stata's ``hausman`` print; or with that of its
        positive part. Degrees of freedom are the rank of what is inverted.

    Returns
    -------
    Test or Unavailable

    Examples
    --------
    >>> difference_test(np.array([0.2]), np.array([[0.05]]), np.array([[0.04]]), "unavailable").statistic.__round__(6)
    4.0
    """
    scale = np.sqrt(np.diag(consistent))
    values, vectors = np.linalg.eigh((consistent - efficient) / np.outer(scale, scale))
    positive = values > INDEFINITE
    if not positive.all() and indefinite == "unavailable":
        return Unavailable(
            f"the difference of the variances is not positive definite: {int((~positive).sum())} of {len(d)} "
            "eigenvalues are zero or negative, so the statistic has no chi-squared law; use form='mundlak', "
            "errors='efficient', or indefinite='generalised_inverse' or 'positive_part'"
        )
    used = np.abs(values) > INDEFINITE if indefinite == "generalised_inverse" else positive
    if not used.any():
        return Unavailable("the difference of the variances has no positive part")
    statistic = float((vectors.T @ (d / scale))[used] ** 2 @ (1 / values[used]))
    if statistic < 0:
        return Unavailable(
            f"the statistic is negative ({statistic:.4g}): the difference of the variances is indefinite"
        )
    return chi2(statistic, int(used.sum()), NULL)
