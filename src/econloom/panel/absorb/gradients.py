"""Conjugate gradients on the Schur complement of the secondary effects, a few columns at a time.

``S a = D'W M0 X`` is solved without forming ``S``: each iteration is one pass over the rows. Columns go in panels of
``PANEL``, whose tables of levels stay in the processor's cache; each panel ends when its own columns are good. The
energy that a step
takes away, ``alpha r'z``, is what it takes from the squared length of the residual column, so the sum of the steps to
come is exactly the squared distance of the column from its true residual (Hestenes and Stiefel 1952); it is judged
from the last steps and their slowest rate. The iteration ends when that distance is below ``TOLERANCE`` of each
column's residual length (a residual below a hundredth of the column counts as a hundredth). Cross-products err by the
square of that distance, because the error lies in the span of the effects: coefficients are good to rounding,
standard errors to the tolerance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np

from econloom.core.errors import EstimationError
from econloom.panel.absorb.groupings import FloatArray
from econloom.panel.absorb.laplacian import paired_preconditioner
from econloom.panel.absorb.rows import SortedRows

TOLERANCE = 1e-8
"""Distance from the true residual, as a share of its length."""
SMALL = 1e-2
"""Residuals shorter than this share of the column are held to the tolerance of one that long."""
NOTHING = 1e-12
"""A column of which the first effect leaves less than this share is rounding."""
PANEL = 4
"""Columns solved at once."""
QUICK, MOST = 30, 2_000
"""Iterations with the diagonal preconditioner before a better one is built, and with that one."""

Preconditioner = Callable[[FloatArray], FloatArray]
Way = tuple[Callable[[], Preconditioner], int]
"""Makes a preconditioner, and how many iterations it is given."""


@dataclass
class Progress:
    """Where an iteration stands.

    Attributes
    ----------
    a, residual : (L, m) arrays
    left : (m,) array
        Squared lengths of the residual columns so far.
    steps : list of (m,) arrays
        Energies taken by the last steps.
    iterations : int
    """

    a: FloatArray
    residual: FloatArray
    left: FloatArray
    steps: list[FloatArray] = field(default_factory=list)
    iterations: int = 0

    def distance(self) -> FloatArray:
        """Squared distance of each column from its true residual, judged from the last steps, (m,)."""
        if len(self.steps) < 2:
            return np.full(self.left.shape, np.inf)
        last = np.array(self.steps[-5:])
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.nan_to_num(np.max(last[1:] / last[:-1], axis=0), nan=0.0, posinf=np.inf)
        rate = np.minimum(rate, 0.9999)
        return np.asarray(last[-1] * rate / (1 - rate))


@dataclass(frozen=True)
class Gradients:
    """The solver of a Schur complement that is too large to form.

    Attributes
    ----------
    rows : SortedRows
    sizes : (L,) array
        Weighted sizes of the levels.
    """

    rows: SortedRows
    sizes: FloatArray

    @classmethod
    def of(cls, rows: SortedRows) -> Gradients:
        """Prepare the diagonal."""
        return cls(rows, rows.sizes())

    def solve(self, B: FloatArray, lengths: FloatArray, sizes: FloatArray) -> FloatArray:
        """``S^- B`` to the tolerance.

        Raises
        ------
        EstimationError
            Not reached, with iterations and distance.
        """
        nothing = lengths <= NOTHING**2 * sizes
        ways: list[Way] = [(self._by_diagonal, QUICK), (cache(partial(paired_preconditioner, self.rows)), MOST)]
        a = np.empty_like(B)
        for begin in range(0, B.shape[1], PANEL):
            panel = slice(begin, min(begin + PANEL, B.shape[1]))
            width = panel.stop - begin
            start, left = np.zeros((len(B), PANEL)), np.zeros(PANEL)
            start[:, :width] = np.where(nothing[panel], 0.0, B[:, panel])
            left[:width] = np.where(nothing[panel], 0.0, lengths[panel])
            a[:, panel] = self._panel(start, left, ways)[:, :width]
        return a

    def _panel(self, B: FloatArray, lengths: FloatArray, ways: list[Way]) -> FloatArray:
        """``S^- B`` of a panel; a way that was not quick is taken out of ``ways``, the next panels begin without it."""
        state = Progress(np.zeros_like(B), B, lengths)
        floor = SMALL**2 * lengths
        while not self._iterate(state, ways[0][0](), floor, ways[0][1]):
            if len(ways) == 1:
                raise _not_converged(state, floor)
            ways.pop(0)
            state.steps.clear()
        return state.a

    def _by_diagonal(self) -> Preconditioner:
        return lambda r: r / self.sizes[:, None]

    def _iterate(self, state: Progress, precondition: Preconditioner, floor: FloatArray, most: int) -> bool:
        """Go on until every column is good; whether it is so."""
        z = precondition(state.residual)
        p, energy = z.copy(), np.einsum("ij,ij->j", state.residual, z)
        for _ in range(most):
            if not np.any(energy > 0):
                return True
            Sp = self.rows.complement(p)
            alpha = _ratio(energy, np.einsum("ij,ij->j", p, Sp))
            state.a += alpha * p
            state.residual -= alpha * Sp
            state.steps.append(alpha * energy)
            state.left = np.maximum(state.left - alpha * energy, 0.0)
            state.iterations += 1
            if np.all(state.distance() <= TOLERANCE**2 * np.maximum(state.left, floor)):
                return True
            z = precondition(state.residual)
            new = np.einsum("ij,ij->j", state.residual, z)
            p *= _ratio(new, energy)
            p += z
            energy = new
        return False


def _not_converged(state: Progress, floor: FloatArray) -> EstimationError:
    worst = float(np.sqrt(np.max(state.distance() / np.maximum(np.maximum(state.left, floor), 1e-300))))
    return EstimationError(
        f"absorbing the effects has not converged: {state.iterations} iterations, a residual column is {worst:.1e} "
        f"of its length away (tolerance {TOLERANCE:g})",
        hint="the effects are hardly connected: use coarser ones, or keep their largest connected set",
    )


def _ratio(a: FloatArray, b: FloatArray) -> FloatArray:
    """``a / b``, zero where b is not positive."""
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)
