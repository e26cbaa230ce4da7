"""The algebra of Oster (2019), proposition 3 and its corollary, on seven numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from econloom.core.errors import EstimationError

SAME = 1e-12
"""Coefficients nearer than this share of their size have not moved."""


@dataclass(frozen=True)
class Movement:
    """How coefficient and R2 move when controls are added.

    Attributes
    ----------
    beta_uncontrolled, r2_uncontrolled : float
    beta_controlled, r2_controlled : float
    variance_outcome, variance_treatment : float
    variance_residual : float
        Of the treatment given the controls.
    """

    beta_uncontrolled: float
    r2_uncontrolled: float
    beta_controlled: float
    r2_controlled: float
    variance_outcome: float
    variance_treatment: float
    variance_residual: float


def _terms(m: Movement, r2_max: float) -> tuple[float, float, float, float, float]:
    moved = m.beta_uncontrolled - m.beta_controlled
    rise = (m.r2_controlled - m.r2_uncontrolled) * m.variance_outcome
    left = (r2_max - m.r2_controlled) * m.variance_outcome
    return moved, rise, left, m.variance_treatment, m.variance_residual


def proportion(m: Movement, r2_max: float, beta: float) -> float:
    """Relative selection on unobservables that leads to ``beta``; NaN where the denominator vanishes.

    With ``nu`` the controlled coefficient less ``beta``, B the movement, D and L the rises of R2 times the variance of
    the outcome, s and t the variances of the treatment and of its residual::

        delta = (nu D t + nu s t B^2 + 2 nu^2 t B s + nu^3 (t s - t^2))
                / (L B s + nu L (s - t) + nu^2 t B s + nu^3 (t s - t^2))

    Examples
    --------
    >>> m = Movement(2.0, 0.3, 1.5, 0.5, 1.0, 1.0, 0.8)
    >>> delta = proportion(m, 0.65, 0.0)
    >>> min(abs(b) for b in bias_adjusted(m, 0.65, delta)) < 1e-12
    True
    """
    B, D, L, s, t = _terms(m, r2_max)
    nu = m.beta_controlled - beta
    cube = nu**3 * (t * s - t**2)
    above = nu * D * t + nu * s * t * B**2 + 2 * nu**2 * t * B * s + cube
    below = L * B * s + nu * L * (s - t) + nu**2 * t * B * s + cube
    size = abs(L * B * s) + abs(nu * L * (s - t)) + abs(nu**2 * t * B * s) + abs(cube)
    return math.nan if abs(below) <= SAME * size or size == 0 else above / below


def bias_adjusted(m: Movement, r2_max: float, delta: float) -> tuple[float, ...]:
    """Coefficients for a relative selection, all real solutions, the chosen one first.

    ``beta = b - nu`` with nu a root of ``(delta - 1)(t s - t^2) nu^3 + (delta - 2) t B s nu^2 + (delta L (s - t) - D t
    - s t B^2) nu + delta L B s``. Chosen is the root that moves on in the direction of the controls (against it for a
    negative delta) and, of these, the nearest.

    Raises
    ------
    EstimationError
        No real solution.
    """
    if delta == 0:
        return (m.beta_controlled,)
    B, D, L, s, t = _terms(m, r2_max)
    if abs(B) <= SAME * max(abs(m.beta_controlled), abs(m.beta_uncontrolled)):
        return (m.beta_controlled,)
    coefficients = [
        (delta - 1) * (t * s - t**2),
        (delta - 2) * t * B * s,
        delta * L * (s - t) - D * t - s * t * B**2,
        delta * L * B * s,
    ]
    largest = max(map(abs, coefficients))
    if abs(coefficients[0]) <= 1e-14 * largest:
        coefficients = coefficients[1:]
    roots = np.roots(coefficients)
    real = [float(r.real) for r in roots if abs(r.imag) <= 1e-9 * max(abs(r), 1e-300)]
    if not real:
        raise EstimationError(f"no real coefficient belongs to delta = {delta:g} and r2_max = {r2_max:g}")
    onward = math.copysign(1.0, delta * B)
    ordered = sorted(real, key=lambda nu: (nu * onward < 0, abs(nu)))
    return tuple(m.beta_controlled - nu for nu in ordered)
