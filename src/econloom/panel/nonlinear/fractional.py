"""Fractional response: quasi-maximum likelihood of a mean between 0 and 1 (Papke and Wooldridge 1996).

``E[y|x] = G(x'b)``, G the logistic or the normal distribution function; b maximises the Bernoulli quasi-likelihood
``sum w (y log G + (1 - y) log(1 - G))`` whatever else the distribution of y is. With g = G' the score of a row is
``(y - G) g / (G (1 - G)) x`` and the expected information ``A = sum w g^2 / (G (1 - G)) x x'``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from econloom.core.errors import EstimationError
from econloom.panel.absorb import FloatArray

Link = Literal["logit", "probit"]
MOST_STEPS = 100
TOLERANCE = 1e-20
"""Of the decrement ``g'A^-1 g``: coefficients are right to 1e-10 of their standard errors."""
FARTHEST = {"logit": 30.0, "probit": 7.5}
"""An index beyond which a mean is 0 or 1 to rounding: the regressors separate the outcomes."""
_ROOT_2PI = np.sqrt(2 * np.pi)


@dataclass(frozen=True)
class FractionalEstimate:
    """The maximum.

    Attributes
    ----------
    coefficients : (k,) array
    bread : (k, k) array
        Inverse of the expected information.
    scores : (n, k) array
    fitted : (n,) array
        Means.
    loglik : float
        The quasi-likelihood.
    iterations : int
    """

    coefficients: FloatArray
    bread: FloatArray
    scores: FloatArray
    fitted: FloatArray
    loglik: float
    iterations: int


def mean_and_slopes(eta: FloatArray, link: Link) -> tuple[FloatArray, FloatArray, FloatArray]:
    """``G``, ``G'`` and ``G''`` at eta."""
    if link == "logit":
        G = special.expit(eta)
        g = G * special.expit(-eta)
        return G, g, g * (1 - 2 * G)
    g = np.exp(-0.5 * eta**2) / _ROOT_2PI
    return special.ndtr(eta), g, -eta * g


def fractional(y: FloatArray, X: FloatArray, link: Link) -> FractionalEstimate:
    """Fisher scoring with step halving.

    Parameters
    ----------
    y : (n,) array
        In [0, 1].
    X : (n, k) array
    link : {"logit", "probit"}

    Raises
    ------
    EstimationError
        An outcome that is 0 or 1 everywhere, no convergence (means that reach 0 or 1: separation).
    """
    if not 0 < y.mean() < 1:
        raise EstimationError(f"the outcome is {y[0]:g} in every row")
    scale = np.sqrt((X**2).mean(axis=0))
    Z, b = X / scale, np.zeros(X.shape[1])
    here = _likelihood(y, Z @ b, link)
    for step in range(1, MOST_STEPS + 1):
        G, g, _ = mean_and_slopes(Z @ b, link)
        spread = np.maximum(G * (1 - G), np.finfo(float).tiny)
        scores = Z * ((y - G) * g / spread)[:, None]
        information = Z.T @ (Z * (g**2 / spread)[:, None])
        gradient = scores.sum(axis=0)
        try:
            move = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            break
        if np.abs(Z @ b).max() > FARTHEST[link]:
            break
        if float(gradient @ move) < TOLERANCE:
            bread = np.linalg.inv(information) / np.outer(scale, scale)
            return FractionalEstimate(b / scale, np.asarray(bread), scores * scale, G, here, step)
        share = 1.0
        while share > 1e-8 and not _likelihood(y, Z @ (b + share * move), link) >= here - 1e-13 * abs(here):
            share /= 2
        b = b + share * move
        here = _likelihood(y, Z @ b, link)
    raise EstimationError(
        "the quasi-likelihood has no maximum: some regressors tell exactly which outcomes are 0 or 1",
        hint="leave out the regressor that separates them",
    )


def _likelihood(y: FloatArray, eta: FloatArray, link: Link) -> float:
    if link == "logit":
        return float((y * special.log_expit(eta) + (1 - y) * special.log_expit(-eta)).sum())
    return float((y * special.log_ndtr(eta) + (1 - y) * special.log_ndtr(-eta)).sum())
