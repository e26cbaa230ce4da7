"""The window of an event study: which event times get a coefficient, which are the base, what happens beyond."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from econloom.core.errors import DataError, UsageError, did_you_mean, listed
from econloom.panel.absorb import IntArray
from econloom.panel.columns import BoolArray
from econloom.panel.did.timing import Timing

End = Literal["bin", "drop", "base"]
Ends = End | tuple[End, End]
Base = int | Iterable[int] | Literal["printed"] | None


@dataclass(frozen=True)
class Window:
    """A checked window.

    Attributes
    ----------
    low, high : int
    base : tuple of int
        Within the window.
    lower, upper : {"bin", "drop", "base"}
        What lies beyond the window: counted with its edge, left out of the sample, or part of the base.
    """

    low: int
    high: int
    base: tuple[int, ...]
    lower: End
    upper: End

    @property
    def estimated(self) -> tuple[int, ...]:
        """Event times with a coefficient, ascending."""
        return tuple(e for e in range(self.low, self.high + 1) if e not in self.base)

    def shown(self, events: IntArray) -> tuple[tuple[int, ...], tuple[int | None, int | None]]:
        """Base periods as they are shown, and event times that stand for all beyond them.

        An end that is part of the base is shown as the event time next to the window.

        Parameters
        ----------
        events : int array
            Event times of the sample's adopting rows: an end beyond which there is none stands for itself.
        """
        before, after = bool((events < self.low).any()), bool((events > self.high).any())
        below = (self.low - 1,) if before and self.lower == "base" else ()
        above = (self.high + 1,) if after and self.upper == "base" else ()
        low = {"bin": self.low, "base": self.low - 1}.get(self.lower) if before else None
        high = {"bin": self.high, "base": self.high + 1}.get(self.upper) if after else None
        return (*below, *self.base, *above), (low, high)

    def binned(self, events: IntArray) -> IntArray:
        """Event times with what is beyond a binned end at its edge."""
        below = np.maximum(events, self.low) if self.lower == "bin" else events
        return np.minimum(below, self.high) if self.upper == "bin" else below

    def kept(self, timing: Timing) -> BoolArray:
        """Rows that an end does not leave out."""
        lost = np.zeros(len(timing.times), dtype=bool)
        if self.lower == "drop":
            lost |= timing.events < self.low
        if self.upper == "drop":
            lost |= timing.events > self.high
        return ~(lost & timing.adopter)

    def __str__(self) -> str:
        base = f"base {' and '.join(map(str, self.base))}" if self.base else "no base"
        return f"window {self.low}...{self.high}, {base}, ends {self.lower} and {self.upper}"


def window_of(window: tuple[int, int] | None, base: Base, ends: Ends, timing: Timing) -> Window:
    """Check a window against the rows.

    ``base="printed"`` is the form of Chinese papers that leave out the period of adoption and all before the window:
    base 0 with the lower end in the base.

    Raises
    ------
    UsageError
        A window or base that is no whole number, a base outside the window, an unknown end.
    DataError
        Event times of the window, or of the base, that no row has; no unit adopts.
    """
    rows = timing.inside & timing.adopter
    if not rows.any():
        raise DataError(
            "no row is of a unit that adopts", hint="cohort is missing everywhere, or where= leaves them out"
        )
    events = timing.events[rows]
    least, most = int(events.min()), int(events.max())
    low, high = (least, most) if window is None else _bounds(window)
    lower, upper = _ends(ends)
    if isinstance(base, str):
        if base != "printed":
            raise UsageError(
                f"base: {base!r}{did_you_mean(base, ['printed'])}", hint="base=-1, (-1, -5), 'printed' or None"
            )
        wanted: tuple[int, ...] = (0,)
        lower = "base"
    else:
        wanted = _base(base)
    found = Window(low, high, wanted, lower, upper)
    if outside := [b for b in wanted if not low <= b <= high]:
        raise UsageError(
            f"base {listed(outside)} is outside the window {low}...{high}", hint="widen the window, or base=-1"
        )
    present = set(map(int, np.unique(found.binned(events))))
    _refuse_empty(found, present, (least, most), timing)
    return found


def _refuse_empty(window: Window, present: set[int], reach: tuple[int, int], timing: Timing) -> None:
    """Refuse event times without rows."""
    least, most = reach
    gaps = timing.gaps()
    missing = f"; no row is of {listed(gaps)}" if gaps else ""
    if absent := [b for b in window.base if b not in present]:
        raise DataError(f"base {listed(absent)} is outside the data: event times go from {least} to {most}{missing}")
    if absent := [e for e in window.estimated if e not in present]:
        hint = f"window=({max(window.low, least)}, {min(window.high, most)})"
        if gaps:
            hint = "number the periods that there are (1, 2, 3 ...), cohorts too"
        raise DataError(f"no row is at event time {listed(absent)}: they go from {least} to {most}{missing}", hint=hint)


def _bounds(window: object) -> tuple[int, int]:
    if (
        not isinstance(window, tuple | list)
        or len(window) != 2
        or not all(isinstance(w, int | np.integer) and not isinstance(w, bool) for w in window)
    ):
        raise UsageError(f"window: two whole numbers, not {window!r:.40}", hint="window=(-4, 5)")
    low, high = int(window[0]), int(window[1])
    if low >= high or high < 0:
        raise UsageError(f"window: from before adoption to after it, not {low}...{high}", hint="window=(-4, 5)")
    return low, high


def _ends(ends: Ends) -> tuple[End, End]:
    pair = (ends, ends) if isinstance(ends, str) else tuple(ends)
    if len(pair) != 2:
        raise UsageError(f"ends: one or two of {', '.join(get_args(End))}, not {ends!r}")
    for end in pair:
        if end not in get_args(End):
            near = did_you_mean(end, get_args(End))
            raise UsageError(f"ends: {end!r} is not a choice{near}", hint=f"one of {', '.join(get_args(End))}")
    return pair[0], pair[1]


def _base(base: object) -> tuple[int, ...]:
    given = () if base is None else tuple(base) if isinstance(base, tuple | list | set | range) else (base,)
    if not all(isinstance(b, int | np.integer) and not isinstance(b, bool) for b in given):
        raise UsageError(f"base: {base!r:.40} is no event time", hint="base=-1, (-1, -5), 'printed' or None")
    return tuple(sorted({int(b) for b in given}))
