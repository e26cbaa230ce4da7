"""How far a table is from its accounting identities, row by row and column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gap:
    """One row or column that does not add up.

    Attributes
    ----------
    label : str
        Country and sector, such as ``EST C26``.
    output : float
        Stated output x.
    accounted : float
        What the identity makes of it.
    """

    label: str
    output: float
    accounted: float

    @property
    def gap(self) -> float:
        """Stated output less accounted output."""
        return self.output - self.accounted

    def __str__(self) -> str:
        return f"{self.label}: output {self.output:,.6g}, accounted {self.accounted:,.6g}, gap {self.gap:,.6g}"


@dataclass(frozen=True, slots=True, eq=False)
class Balance:
    """Gaps of the two identities that every accounting result rests on.

    Attributes
    ----------
    labels : tuple of str, n
        ``country sector``.
    output : ndarray (n,)
        x, in the units of the table.
    uses : ndarray (n,)
        ``A x + Y 1``: equals x when x is the row sums; inputs of sectors without output are missing from it.
    costs : ndarray (n,)
        ``colsum(Z) + v x``: equals x when ``v = 1 - colsum(A)``.
    idle_sales : ndarray (n,)
        Absolute sales of rows whose output is zero (sales and negative final use cancel): such a product is bought
        but nobody's value added is in it, so final demand absorbed falls short by up to this much. Zero elsewhere.
    """

    labels: tuple[str, ...]
    output: FloatArray
    uses: FloatArray
    costs: FloatArray
    idle_sales: FloatArray

    @property
    def row_gap(self) -> FloatArray:
        """``x - (A x + Y 1)``, shape (n,); the total of value added by origin is off by the same order."""
        return self.output - self.uses

    @property
    def column_gap(self) -> FloatArray:
        """``x - colsum(Z) - v x``, shape (n,); final demand absorbed is off by the same order."""
        return self.output - self.costs

    @property
    def largest(self) -> float:
        """The largest absolute gap or idle sale, relative to the largest output."""
        scale = float(np.abs(self.output).max()) or 1.0
        gaps = (self.row_gap, self.column_gap, self.idle_sales)
        return float(max(np.abs(gap).max() for gap in gaps)) / scale

    def holds(self, tolerance: float = 1e-9) -> bool:
        """Whether the identities hold within ``tolerance`` times the largest output."""
        return self.largest <= tolerance

    def worst_rows(self, most: int = 5) -> tuple[Gap, ...]:
        """The rows with the largest absolute gap, worst first; rows that hold exactly are left out."""
        return self._worst(self.uses, most)

    def worst_columns(self, most: int = 5) -> tuple[Gap, ...]:
        """The columns with the largest absolute gap, worst first."""
        return self._worst(self.costs, most)

    def _worst(self, accounted: FloatArray, most: int) -> tuple[Gap, ...]:
        return worst_gaps(self.labels, self.output, accounted, most)

    def __str__(self) -> str:
        if self.holds():
            return f"balanced: largest gap {self.largest:.1e} of the largest output"
        rows = [f"  row    {g}" for g in self.worst_rows(3)] + [f"  column {g}" for g in self.worst_columns(3)]
        idle = np.flatnonzero(self.idle_sales)
        rows += [f"  idle   {self.labels[i]}: output 0, sales {self.idle_sales[i]:,.6g}" for i in idle[:3]]
        return "\n".join([f"largest gap {self.largest:.1e} of the largest output", *rows])


def worst_gaps(labels: Sequence[str], output: FloatArray, accounted: FloatArray, most: int) -> tuple[Gap, ...]:
    """The ``most`` largest absolute gaps above zero, worst first."""
    size = np.abs(output - accounted)
    order = np.argsort(-size, kind="stable")[:most]
    return tuple(Gap(labels[i], float(output[i]), float(accounted[i])) for i in order if size[i] > 0)
