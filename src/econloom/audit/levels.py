"""Significance levels and degrees of freedom: which t distributions agree with a number of stars.

A two-sided p value falls as |t| rises and as the degrees of freedom rise. So the degrees of freedom that agree with a
number of stars are a run of whole numbers, and a cell is impossible if the run has none that a paper could have used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special

from econloom.audit.interval import SLACK, Interval

MOST_DF = 5000  # beyond it t quantiles differ from normal ones in the fourth decimal: treated as one class
_WIDE = 4 * SLACK


@dataclass(frozen=True, slots=True)
class Df:
    """A run of degrees of freedom from ``low`` to ``high``; ``inf`` is the normal distribution.

    Examples
    --------
    >>> Df(3, 7) & Df(5, math.inf)
    Df(low=5, high=7)
    """

    low: float
    high: float

    @property
    def empty(self) -> bool:
        """No degrees of freedom at all."""
        return self.low > self.high

    def __and__(self, other: Df) -> Df:
        return Df(max(self.low, other.low), min(self.high, other.high))

    def words(self) -> str:
        """Such as ``3 to 7`` or ``at least 5``."""
        if self.empty:
            return "none"
        if math.isinf(self.high):
            return "any" if self.low <= 1 else f"at least {self.low:.0f}"
        return f"{self.low:.0f}" if self.low == self.high else f"{self.low:.0f} to {self.high:.0f}"


ANY = Df(1, math.inf)


@lru_cache(maxsize=64)
def critical_values(level: float) -> np.ndarray:
    """Two-sided critical values of t for 1 to ``MOST_DF`` degrees of freedom, falling.

    Examples
    --------
    >>> [round(float(v), 3) for v in critical_values(0.05)[[0, 1, 3, 24]]]
    [12.706, 4.303, 2.776, 2.06]
    """
    return np.asarray(-special.stdtrit(np.arange(1, MOST_DF + 1), level / 2))


def normal_critical(level: float) -> float:
    """The two-sided critical value of the normal distribution."""
    return float(-special.ndtri(level / 2))


def p_value(t: float, df: float) -> float:
    """Two-sided p value of |t|.

    Examples
    --------
    >>> round(p_value(2.0, math.inf), 4), round(p_value(2.0, 10), 4)
    (0.0455, 0.0734)
    """
    t = abs(t)
    return float(2 * special.ndtr(-t) if math.isinf(df) else 2 * special.stdtr(df, -t))


def least_df(t: float, level: float) -> float:
    """The fewest degrees of freedom for which |t| is significant; ``nan`` if it never is.

    Examples
    --------
    >>> least_df(2.5, 0.05), least_df(1.97, 0.05) < math.inf, least_df(1.9, 0.05)
    (6, True, nan)
    """
    t *= 1 + _WIDE
    if t < normal_critical(level):
        return math.nan
    values = critical_values(level)
    found = int(np.searchsorted(-values, -t))  # values fall, so their negatives rise
    return found + 1 if found < len(values) else math.inf


def most_df(t: float, level: float) -> float:
    """The most degrees of freedom for which |t| is not significant; ``nan`` if it always is.

    Examples
    --------
    >>> most_df(4.0, 0.01), most_df(1.5, 0.01), most_df(100, 0.01)
    (5, inf, nan)
    """
    t *= 1 - _WIDE
    if t <= normal_critical(level):
        return math.inf
    values = critical_values(level)
    found = int(np.searchsorted(-values, -t, side="right"))
    if found == len(values):
        return math.inf  # between MOST_DF and the normal distribution
    return found if found >= 1 else math.nan


def bounds(stars: int, cutoffs: Sequence[float]) -> tuple[float, float]:
    """The p values that a number of stars stands for, closed at both ends.

    A level that the note leaves out (NaN) bounds nothing.

    Examples
    --------
    >>> bounds(2, (0.1, 0.05, 0.01)), bounds(0, (0.1, 0.05, 0.01)), bounds(3, (0.1, 0.05, 0.01))
    ((0.01, 0.05), (0.1, 1.0), (0.0, 0.01))
    """
    above = [c for c in cutoffs[stars:] if not math.isnan(c)]
    high = 1.0 if stars == 0 else cutoffs[stars - 1]
    return (max(above) if above else 0.0), (1.0 if math.isnan(high) else high)


def fitting_df(t: Interval, stars: int, cutoffs: Sequence[float]) -> Df:
    """The degrees of freedom under which some |t| of the interval has this number of stars.

    Examples
    --------
    >>> fitting_df(Interval(3.4245, 3.4255), 2, (0.1, 0.05, 0.01))
    Df(low=3, high=7)
    >>> fitting_df(Interval(1.2, 1.3), 1, (0.1, 0.05, 0.01)).empty
    True
    """
    low, high = bounds(stars, cutoffs)
    t = abs(t)
    fewest = 1 if high >= 1 else least_df(t.high, high)
    most = math.inf if low <= 0 else most_df(t.low, low)
    return Df(1, 0) if math.isnan(fewest) or math.isnan(most) else Df(fewest, most)


def deserved(t: Interval, cutoffs: Sequence[float], df: Df) -> tuple[int, int]:
    """The fewest and the most stars that the interval can have under these degrees of freedom."""
    t = abs(t)
    least, most = p_value(t.high, df.high), p_value(t.low, df.low)
    counts = [sum(p <= c for c in cutoffs if not math.isnan(c)) for p in (most, least)]
    return counts[0], counts[1]
