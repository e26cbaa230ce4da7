"""Rows in groups: codes, nesting, singletons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from econloom.panel.passes import gather

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
PROBE = 20_000
"""Rows looked at first when nesting is asked of a larger sample."""


@dataclass(frozen=True)
class Grouping:
    """Rows in groups.

    Attributes
    ----------
    name : str
        The column, or columns joined by ``^``.
    codes : (n,) int array
        0 ... levels - 1, every level present, numbered in the order of the values (``2000`` before ``2001``).
    levels : int
    """

    name: str
    codes: IntArray
    levels: int

    @classmethod
    def of(cls, name: str, values: npt.ArrayLike) -> Grouping:
        """Groups of equal values.

        Examples
        --------
        >>> Grouping.of("year", [2001, 2000, 2001]).codes.tolist()
        [1, 0, 1]
        """
        return cls(name, *compact(np.asarray(values)))

    def take(self, rows: IntArray) -> Grouping:
        """The groups of some rows, numbered anew in the same order."""
        return Grouping.of(self.name, self.codes[rows])

    def permuted(self, order: IntArray) -> Grouping:
        """The groups of all rows in another order."""
        return Grouping(self.name, gather(np.ascontiguousarray(self.codes), order), self.levels)

    def sizes(self) -> IntArray:
        """Rows in each group, (levels,)."""
        return np.bincount(self.codes, minlength=self.levels).astype(np.int64)

    def sorted(self) -> Grouping:
        """The groups of all rows sorted by them."""
        return Grouping(self.name, np.repeat(np.arange(self.levels, dtype=np.int64), self.sizes()), self.levels)

    def nested_in(self, other: Grouping) -> bool:
        """Whether every group lies inside one group of ``other``."""
        if self.codes is other.codes:
            return True
        if self.levels < other.levels:
            return False
        return all(self._nested(other, rows) for rows in dict.fromkeys((min(PROBE, len(self.codes)), len(self.codes))))

    def _nested(self, other: Grouping, rows: int) -> bool:
        mine, theirs = self.codes[:rows], other.codes[:rows]
        first = np.empty(self.levels, dtype=np.int64)
        first[mine[::-1]] = theirs[::-1]
        return bool(np.array_equal(first[mine], theirs))


def compact(values: npt.NDArray[np.generic]) -> tuple[IntArray, int]:
    """Codes of values in their order, and how many differ; whole numbers of a small range are counted, not sorted."""
    if values.dtype.kind in "iu" and values.size:
        low, high = int(values.min()), int(values.max())
        if high - low <= 4 * len(values) + 1_000:
            shifted = np.subtract(values, low, dtype=np.int64, casting="unsafe")
            present = np.zeros(high - low + 1, dtype=bool)
            present[shifted] = True
            if present.all():
                return shifted, high - low + 1
            number = np.cumsum(present) - 1
            return np.asarray(number[shifted], dtype=np.int64), int(number[-1]) + 1
    known, codes = np.unique(values, return_inverse=True)
    return codes.astype(np.int64, copy=False).reshape(-1), len(known)


def largest(effects: Sequence[Grouping]) -> int:
    """Which effect has most levels; the first of equals."""
    return max(range(len(effects)), key=lambda n: (effects[n].levels, -n))


def singletons(effects: Sequence[Grouping]) -> npt.NDArray[np.bool_]:
    """Rows alone in a group, found again and again until none is left: True for each such row, (n,)."""
    n = len(effects[0].codes)
    alive = np.arange(n, dtype=np.int64)
    while len(alive):
        lonely = np.zeros(len(alive), dtype=bool)
        for grouping in effects:
            part = grouping.codes[alive]
            lonely |= np.bincount(part, minlength=grouping.levels)[part] == 1
        if not lonely.any():
            break
        alive = alive[~lonely]
    dropped = np.ones(n, dtype=bool)
    dropped[alive] = False
    return dropped
