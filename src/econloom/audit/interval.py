"""Printed numbers as intervals, and arithmetic that never loses a possible value.

Ends are floats; every operation is widened outwards by ``SLACK`` relative, so that rounding of the arithmetic itself
can hide an impossibility of that size but never invent one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from econloom.audit.numerals import Numeral

SLACK = 1e-12


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval of real numbers; an end may be infinite.

    Examples
    --------
    >>> from econloom.audit.numerals import read_numeral
    >>> x, se = Interval.printed(read_numeral("0.068")), Interval.printed(read_numeral("0.020"))
    >>> t = x / se
    >>> round(t.low, 3), round(t.high, 3)
    (3.293, 3.513)
    """

    low: float
    high: float

    @classmethod
    def printed(cls, number: Numeral) -> Interval:
        """Half a unit of the last printed digit to either side; a printed sign counts."""
        middle, half = float(number.value), 0.5 * 10.0**number.exponent
        low, high = middle - half, middle + half
        return cls(low, min(high, 0.0)) if number.value == 0 and number.sign < 0 else cls(low, high)

    @classmethod
    def exactly(cls, value: float) -> Interval:
        """One value."""
        return cls(value, value)

    @property
    def empty(self) -> bool:
        """Whether nothing is inside."""
        return self.low > self.high

    @property
    def middle(self) -> float:
        """Half-way, or the finite end."""
        return (self.low + self.high) / 2

    def __add__(self, other: Interval | float) -> Interval:
        other = _interval(other)
        return _outwards(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Interval | float) -> Interval:
        return self + -_interval(other)

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __mul__(self, other: Interval | float) -> Interval:
        other = _interval(other)
        ends = [_times(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        return _outwards(min(ends), max(ends))

    def __truediv__(self, other: Interval | float) -> Interval:
        """The quotient; everything where the divisor may be zero on both sides."""
        other = _interval(other)
        if other.low < 0 < other.high or other.low == other.high == 0:
            return Interval(-math.inf, math.inf)
        ends = [_over(a, b, other) for a in (self.low, self.high) for b in (other.low, other.high)]
        return _outwards(min(ends), max(ends))

    def __abs__(self) -> Interval:
        if self.low >= 0:
            return self
        return -self if self.high <= 0 else Interval(0.0, max(-self.low, self.high))

    def __and__(self, other: Interval) -> Interval:
        return Interval(max(self.low, other.low), min(self.high, other.high))

    def mapped(self, function: Callable[[float], float]) -> Interval:
        """The image under an increasing function."""
        return _outwards(function(self.low), function(self.high))

    def meets(self, other: Interval) -> bool:
        """Whether the two share a value, up to ``SLACK``."""
        return _at_most(self.low, other.high) and _at_most(other.low, self.high)

    def contains(self, value: float) -> bool:
        """Whether a value is inside, up to ``SLACK``."""
        return _at_most(self.low, value) and _at_most(value, self.high)

    def below(self, value: float) -> bool:
        """Whether all of it is below a value, by more than ``SLACK``."""
        return not _at_most(value, self.high)

    def above(self, value: float) -> bool:
        """Whether all of it is above a value, by more than ``SLACK``."""
        return not _at_most(self.low, value)

    def text(self, digits: int = 4) -> str:
        """Such as ``3.293 to 3.513``, to ``digits`` significant digits."""
        shown = [_short(x, digits) for x in (self.low, self.high)]
        return shown[0] if shown[0] == shown[1] else " to ".join(shown)


def _short(value: float, digits: int) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.{digits}g}" if abs(value) < 10**digits else f"{value:.0f}"


def _interval(value: Interval | float) -> Interval:
    return value if isinstance(value, Interval) else Interval(value, value)


def _outwards(low: float, high: float) -> Interval:
    low = low - SLACK * abs(low) if math.isfinite(low) else low
    high = high + SLACK * abs(high) if math.isfinite(high) else high
    return Interval(low, high)


def _at_most(a: float, b: float) -> bool:
    if math.isinf(a) or math.isinf(b):
        return a <= b
    return a <= b + SLACK * max(abs(a), abs(b))


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b


def _over(a: float, b: float, divisor: Interval) -> float:
    """One end over another; by zero as the limit from inside the divisor."""
    if b != 0:
        return 0.0 if math.isinf(b) else a / b
    side = 1.0 if divisor.high > 0 else -1.0
    return 0.0 if a == 0 else math.copysign(math.inf, a * side)
