"""Distributions of a response given its linear predictor: what an iteration needs of each.

==========  ==============  ============  ==========================================
family      mean mu(eta)    variance      deviance
==========  ==============  ============  ==========================================
poisson     exp(eta)        mu            2 sum w (y log(y/mu) - (y - mu))
logit       1/(1+exp(-eta)) mu (1 - mu)   -2 sum w (y log mu + (1 - y) log(1 - mu))
==========  ==============  ============  ==========================================

Both links are canonical: the slope of the mean is the variance (McCullagh and Nelder 1989, chapter 2).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import special

from econloom.panel.absorb import FloatArray

BoolArray = npt.NDArray[np.bool_]


class Family(Protocol):
    """A distribution of the exponential family with its canonical link; arrays are (n,)."""

    @property
    def name(self) -> str:
        """As printed."""
        ...

    def start(self, y: FloatArray, mean: float) -> FloatArray:
        """A first linear predictor between the response and its mean."""
        ...

    def flat(self, mean: float) -> float:
        """The linear predictor of one mean for all rows."""
        ...

    def moments(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and variance."""
        ...

    def deviance(self, y: FloatArray, eta: FloatArray, weights: FloatArray | None) -> float:
        """Twice the distance from the saturated log likelihood; infinite where the mean overflows."""
        ...

    def loglik(self, y: FloatArray, eta: FloatArray, weights: FloatArray | None) -> float:
        """The log likelihood with all its constants."""
        ...

    def inward(self, y: FloatArray, direction: FloatArray) -> FloatArray:
        """How far each row moves against its response; positive in no row of a direction that separates."""
        ...


class Poisson:
    """Counts and flows: ``E(y) = exp(eta)``, y zero or positive."""

    name = "poisson"

    def start(self, y: FloatArray, mean: float) -> FloatArray:
        """``log((y + mean) / 2)``."""
        return np.asarray(np.log((y + mean) / 2))

    def flat(self, mean: float) -> float:
        """``log(mean)``."""
        return float(np.log(mean))

    def moments(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """``exp(eta)`` twice."""
        with np.errstate(over="ignore"):
            mu = np.exp(eta)
        return mu, mu

    def deviance(self, y: FloatArray, eta: FloatArray, weights: FloatArray | None) -> float:
        """``2 sum w (y log(y/mu) - (y - mu))``."""
        with np.errstate(over="ignore", invalid="ignore"):
            each = np.exp(eta) - y + special.xlogy(y, y) - y * eta
        total = 2 * _total(each, weights)
        return max(total, 0.0) if np.isfinite(total) else np.inf

    def loglik(self, y: FloatArray, eta: FloatArray, weights: FloatArray | None) -> float:
        """``sum w (y eta - exp(eta) - log y!)``."""
        return _total(y * eta - np.exp(eta) - special.gammaln(y + 1), weights)

    def inward(self, y: FloatArray, direction: FloatArray) -> FloatArray:
        """Any move of a positive response, a rise of a zero one."""
        return np.where(y > 0, np.abs(direction), direction)


class Logit:
    """Yes or no: ``P(y = 1) = 1 / (1 + exp(-eta))``."""

    name = "logit"

    def start(self, y: FloatArray, mean: float) -> FloatArray:
        """The logit of ``(y + 0.5) / 2``."""
        return np.asarray(special.logit((y + 0.5) / 2))

    def flat(self, mean: float) -> float:
        """The logit of the mean."""
        return float(special.logit(mean))

    def moments(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """``p`` and ``p (1 - p)``."""
        p = special.expit(eta)
        return p, p * special.expit(-eta)

    def deviance(self, y: FloatArray, eta: FloatArray, weights: FloatArray | None) -> float:
        """Minus twice the log likelihood."""
        return -2 * self.loglik(y, eta, weights)

    def loglik(self, y: FloatArray, eta: FloatArray, weights: FloatArray | None) -> float:
        """``-sum w log(1 + exp(-(2y - 1) eta))``."""
        return _total(special.log_expit((2 * y - 1) * eta), weights)

    def inward(self, y: FloatArray, direction: FloatArray) -> FloatArray:
        """A fall of a yes, a rise of a no."""
        return (1 - 2 * y) * direction


def _total(each: FloatArray, weights: FloatArray | None) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        return float(each.sum() if weights is None else weights @ each)
