"""Samples in which no finite estimate exists, and the rows that say so.

A direction ``d`` in the span of regressors and effects separates where moving along it never makes any row less
likely and makes some more likely: for a Poisson model ``d = 0`` where y > 0 and ``d <= 0`` where y = 0; for a logit
``d >= 0`` where y = 1 and ``d <= 0`` where y = 0 (Albert and Anderson 1984; Correia, Guimaraes and Zylkin 2019). Then
the likelihood has no maximum. Groups of an effect whose outcomes are all zero (for a logit also all one) are such
directions and are found at once. Any other shows in the iteration: near the end Newton's step is zero but in the rows
that run away, where it stays near one, so the step itself is the certificate, and it is checked as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from econloom.core.errors import listed
from econloom.core.estimate import CONSTANT
from econloom.panel.absorb import FloatArray, Grouping
from econloom.panel.nonlinear.families import BoolArray, Family

STILL = 1e-7
"""Moves below this share of the largest one are rounding."""
MOVING = 1e-5
"""Rows that move by more than this share are separated."""
RUNNING = 0.1
"""A step that moves no row by so much is no sign of separation."""


@dataclass(frozen=True)
class Separation:
    """A direction that separates.

    Attributes
    ----------
    rows : (n,) bool array
        Rows that it moves.
    names : tuple of str
        Regressors that it moves; empty where the effects do it by themselves.
    """

    rows: BoolArray
    names: tuple[str, ...]

    @property
    def by(self) -> str:
        """What separates, in words."""
        return listed(self.names) if self.names else "the effects together"


def separation(
    family: Family, y: FloatArray, direction: FloatArray, slopes: FloatArray, names: Sequence[str]
) -> Separation | None:
    """Whether a step separates.

    Parameters
    ----------
    family : Family
    y, direction : (n,) arrays
        Response, and the step of the linear predictor.
    slopes : (k,) array
        Step of the coefficients of standardised regressors.
    names : sequence of str

    Examples
    --------
    >>> from econloom.panel.nonlinear.families import Logit
    >>> x = np.array([-1.0, -0.5, 0.5, 1.0])
    >>> separation(Logit(), np.array([0.0, 0, 1, 1]), x, np.array([1.0]), ["x"]).by
    'x'
    >>> separation(Logit(), np.array([0.0, 1, 0, 1]), x, np.array([1.0]), ["x"])
    """
    largest = float(np.abs(direction).max())
    if not RUNNING < largest < np.inf or family.inward(y, direction).max() > STILL * largest:
        return None
    moved = [n for n, s in zip(names, slopes, strict=True) if abs(s) > MOVING * largest and n != CONSTANT]
    return Separation(np.abs(direction) > MOVING * largest, tuple(moved))


def alone(y: FloatArray, x: FloatArray) -> bool:
    """Whether a threshold of one regressor separates zeros from ones.

    Examples
    --------
    >>> alone(np.array([0.0, 0, 1, 1]), np.array([1.0, 2, 2, 3]))
    True
    """
    low, high = x[y == 0], x[y == 1]
    return bool(x.min() < x.max() and (low.max() <= high.min() or high.max() <= low.min()))


def flat_groups(y: FloatArray, effects: Sequence[Grouping], ones: bool) -> list[tuple[str, BoolArray]]:
    """Rows in groups of an effect whose outcomes are all zero, again and again until there are none.

    Parameters
    ----------
    y : (n,) array
    effects : sequence of Grouping
    ones : bool
        Groups of nothing but ones too.

    Returns
    -------
    list of (str, (n,) bool array)
        The effect's name and its rows, for each effect that has such groups.
    """
    found: dict[str, BoolArray] = {}
    alive, positive = np.ones(len(y), dtype=bool), y > 0
    if not ones and positive.all():
        return []
    changed = True
    while changed:
        changed = False
        for effect in effects:
            rows = alive & _flat(effect, positive, alive, ones)[effect.codes]
            if rows.any():
                found[effect.name] = found.get(effect.name, np.zeros_like(rows)) | rows
                alive, changed = alive & ~rows, ones
    return list(found.items())


def _flat(effect: Grouping, positive: BoolArray, alive: BoolArray, ones: bool) -> BoolArray:
    """Groups whose living rows are all zero (or all one), (levels,)."""
    positives = np.bincount(effect.codes, weights=positive & alive, minlength=effect.levels)
    if not ones:
        return np.asarray(positives == 0)
    sizes = np.bincount(effect.codes, weights=alive, minlength=effect.levels)
    return np.asarray((positives == 0) | (positives == sizes))
