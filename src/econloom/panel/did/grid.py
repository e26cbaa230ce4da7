"""Rows on a grid of periods and units."""

from __future__ import annotations

import numpy as np

from econloom.core.errors import UsageError
from econloom.panel.absorb import FloatArray, IntArray

MOST_CELLS = 400_000_000


class Grid:
    """Places of rows among periods and units.

    Attributes
    ----------
    times : (T,) int array
        Periods with rows, ascending.
    unit, period : (n,) int array
        Place of each row.
    units : int
    """

    def __init__(self, unit: IntArray, time: IntArray, units: int) -> None:
        self.times, period = np.unique(time, return_inverse=True)
        self.unit, self.period, self.units = unit, period.reshape(-1), units
        if len(self.times) * units > MOST_CELLS:
            raise UsageError(
                f"{units:,} units by {len(self.times):,} periods are too many cells",
                hint="number the periods one by one, such as years",
            )

    def put(self, values: FloatArray) -> FloatArray:
        """Values of rows, (T, N), NaN elsewhere."""
        found = np.full((len(self.times), self.units), np.nan)
        found[self.period, self.unit] = values
        return found
