"""Draws run block by block: by sums over units where that is exact and cheaper, else by columns over the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from econloom.panel.absorb import FloatArray
from econloom.panel.designs.placebo.assignment import Assignment
from econloom.panel.designs.placebo.base import Base, Drawn
from econloom.panel.designs.placebo.cells import Cells, cells
from econloom.panel.designs.placebo.drawing import Labels
from econloom.panel.designs.placebo.rows import Rows, rounding, set_apart
from econloom.panel.passes import one_blas_thread, together

Progress = Callable[[int, int], object]
WIDTH = 64
"""Most draws of a block; blocks do not depend on the threads, so neither do the numbers."""
BLOCK = 2_000_000
"""Most numbers of a block of sums."""


@dataclass(frozen=True)
class Outcome:
    """What the draws gave, (draws,) each.

    Attributes
    ----------
    estimate, std_error : arrays
        NaN where there is none.
    why : tuple of str or None
        Why a draw has no estimate or no standard error.
    by_units : bool
        Whether sums over units were used.
    """

    estimate: FloatArray
    std_error: FloatArray
    why: tuple[str | None, ...]
    by_units: bool


def run(base: Base, found: Assignment, labels: Labels, progress: Progress | None) -> Outcome:
    """Coefficient and standard error of every draw.

    Parameters
    ----------
    base : Base
    found : Assignment
        Of the rows of ``base``.
    labels : (draws, U) array
        Batch of every unit.
    progress : callable, optional
        ``progress(done, draws)``.
    """
    with one_blas_thread():
        quick = cells(base, found)
        rows = Rows.of(base)
        engine = partial(_by_rows, rows, found) if quick is None else partial(_by_cells, quick, rows, found)
        width = rows.width if quick is None else max(1, min(WIDTH, BLOCK // quick.r.size))
        parts: list[tuple[Drawn, list[str | None]]] = []
        starts = range(0, len(labels), width)
        for first in range(0, len(starts), 2):
            pair = [labels[s : s + width] for s in starts[first : first + 2]]
            parts += _pair(engine, pair, quick)
            if progress is not None:
                progress(min((first + 2) * width, len(labels)), len(labels))
    estimate = np.concatenate([p.coefficient for p, _ in parts])
    errors = np.concatenate([base.errors(p) for p, _ in parts])
    why = [reason for _, reasons in parts for reason in reasons]
    said = [
        w or ("the scores sum to zero in every cluster" if np.isnan(e) else None)
        for w, e in zip(why, errors, strict=True)
    ]
    return Outcome(estimate, errors, tuple(said), quick is not None)


Engine = Callable[[Labels], tuple[Drawn, list[str | None]]]


def _pair(engine: Engine, pair: Sequence[Labels], quick: Cells | None) -> list[tuple[Drawn, list[str | None]]]:
    """Two blocks side by side; passes over rows have threads of their own."""
    if quick is None:
        return [engine(block) for block in pair]
    out: list[tuple[Drawn, list[str | None]]] = [None] * len(pair)  # type: ignore[list-item]

    def task(place: int, block: Labels) -> None:
        out[place] = engine(block)

    together([partial(task, n, block) for n, block in enumerate(pair)], quick.H.size * len(pair[0]) // 4)
    return out


def _by_rows(rows: Rows, found: Assignment, labels: Labels) -> tuple[Drawn, list[str | None]]:
    D = found.values(labels).T
    drawn = rows.draw(D)
    doubtful = rounding(drawn)
    why: list[str | None] = [None] * len(labels)
    if len(doubtful):
        for place, reason in zip(doubtful, rows.without_coefficient(D[:, doubtful]), strict=True):
            why[place] = reason
    return set_apart(drawn, np.flatnonzero([w is not None for w in why])), why


def _by_cells(quick: Cells, rows: Rows, found: Assignment, labels: Labels) -> tuple[Drawn, list[str | None]]:
    drawn = quick.draw(np.ascontiguousarray(found.paths[labels].transpose(1, 2, 0)))
    doubtful = rounding(drawn)
    why: list[str | None] = [None] * len(labels)
    if len(doubtful):
        exact, reasons = _by_rows(rows, found, labels[doubtful])
        names = ("coefficient", "raw", "conventional")
        values = {n: getattr(drawn, n).copy() for n in names}
        for name in names:
            values[name][doubtful] = getattr(exact, name)
        drawn = replace(drawn, **values)
        for place, reason in zip(doubtful, reasons, strict=True):
            why[place] = reason
    return drawn, why
