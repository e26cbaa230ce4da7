"""Effects of every cohort in every period: ATT(g, t) of Callaway and Sant'Anna (2021) with their influence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np

from econloom.core.errors import EstimationError
from econloom.panel.absorb import FloatArray, IntArray
from econloom.panel.columns import BoolArray
from econloom.panel.did.cohorts import CohortPanel
from econloom.panel.did.two_by_two import Method, effects, pair

Control = Literal["never_treated", "not_yet_treated"]
BasePeriod = Literal["varying", "universal"]


@dataclass(frozen=True)
class Cells:
    """Effects of cohorts in periods.

    Attributes
    ----------
    cohorts, times, bases : (m,) int array
        First treated period, period of the effect, period it is compared with.
    estimates : (m,) array
    influence : (m, N) array
        Rows sum to the error of the estimate to first order.
    treated, compared : (m,) int array
        Units of the cohort and of its comparison.
    known : (m,) bool array
        Whether both have more than one cluster, so that an error is defined.
    skipped : tuple of str
        Cells without an estimate and why.
    trimmed : int
        Comparison units without weight for their propensity score, at most of a cell.
    """

    cohorts: IntArray
    times: IntArray
    bases: IntArray
    estimates: FloatArray
    influence: FloatArray
    treated: IntArray
    compared: IntArray
    known: BoolArray
    skipped: tuple[str, ...]
    trimmed: int

    @property
    def events(self) -> IntArray:
        """Periods since adoption, (m,)."""
        return self.times - self.cohorts


@dataclass(frozen=True)
class _Cell:
    """Places of a cell among the periods; ``cutoff`` is the last period in which its comparison is untreated."""

    cohort: float
    time: int
    base: int
    cutoff: float


def cells(panel: CohortPanel, control: Control, method: Method, base: BasePeriod, anticipation: int) -> Cells:
    """Estimate every cell that has a comparison.

    Raises
    ------
    EstimationError
        Covariates without overlap or collinear among a comparison, with the cohort; no cell has an estimate.
    """
    wanted = [c for g in panel.cohorts for c in _of_cohort(panel, float(g), control, base, anticipation)]
    work = _Work(panel, method, len(wanted))
    alike = groupby(enumerate(wanted), key=lambda pair: work.key(pair[1]))
    for key, members in alike:
        work.estimate(key, list(members))
    kept = np.flatnonzero(work.done)
    if not len(kept):
        raise EstimationError(f"no cohort has a comparison in any period: {'; '.join(work.skipped[:3])}")
    chosen = [wanted[j] for j in kept]
    return Cells(
        np.array([c.cohort for c in chosen], dtype=np.int64), panel.times[[c.time for c in chosen]],
        panel.times[[c.base for c in chosen]], work.estimates[kept],
        work.influence if len(kept) == len(wanted) else work.influence[kept],
        work.counts[kept, 0], work.counts[kept, 1], work.known[kept], tuple(work.skipped), work.trimmed,
    )  # fmt: skip


def _of_cohort(panel: CohortPanel, g: float, control: Control, base: BasePeriod, anticipation: int) -> Iterator[_Cell]:
    """Cells of one cohort: in its treated periods against the last one before, earlier ones as ``base`` says.

    ``varying`` compares an untreated period with the one before it, ``universal`` with the last untreated one.
    """
    before = np.flatnonzero(panel.times < g - anticipation)
    last = int(before[-1])
    for t in range(len(panel.times)):
        treated = panel.times[t] >= g - anticipation
        if t == last and base == "universal":
            continue
        at = last if treated or base == "universal" else t - 1
        if at < 0:
            continue
        latest = float(panel.times[max(t, at)]) + anticipation
        yield _Cell(g, t, at, latest if control == "not_yet_treated" else np.inf)


class _Work:
    """Cells done so far; those that share units, weights and covariates are estimated together."""

    def __init__(self, panel: CohortPanel, method: Method, m: int) -> None:
        self.panel, self.method = panel, method
        self.estimates = np.full(m, np.nan)
        self.influence = np.zeros((m, panel.units))  # pages that nothing is written to cost nothing
        self.counts = np.zeros((m, 2), dtype=np.int64)
        self.done, self.known = np.zeros(m, dtype=bool), np.zeros(m, dtype=bool)
        self.skipped: list[str] = []
        self.trimmed = 0
        self.whole = bool(panel.seen.all())
        self.moving = len(panel.X) > 1 or not _fixed(panel.weights)
        self.never = int(np.searchsorted(panel.cohort, np.inf))

    def key(self, cell: _Cell) -> tuple[float, ...]:
        """Cells with one key have the same units, weights and covariates."""
        base = cell.base if self.moving or not self.whole else -1
        return (cell.cohort, cell.cutoff, base, -1 if self.whole else cell.time)

    def estimate(self, key: tuple[float, ...], members: list[tuple[int, _Cell]]) -> None:
        """Estimate the cells of one key."""
        g, cutoff, base, time = key
        rows = self._rows(g, cutoff)
        at = max(int(base), 0)
        if not self.whole:
            rows = rows[self.panel.seen[at, rows] & self.panel.seen[int(time), rows]]
        D = self.panel.cohort[rows] == g
        if not D.any() or D.all():
            what = "units of the cohort" if not D.any() else "units to compare with"
            self.skipped += [f"({g:g}, {self.panel.times[c.time]}): no {what}" for _, c in members]
            return
        w = np.ones(len(rows)) if self.panel.weights is None else self.panel.weights[at, rows]
        X = np.column_stack([np.ones(len(rows)), self.panel.X[at if len(self.panel.X) > 1 else 0, rows]])
        y = self.panel.y
        dy = np.stack([y[c.time, rows] - y[c.base, rows] for _, c in members])
        try:
            found = pair(D, w, X, self.method)
        except EstimationError as error:
            raise error.within(f"cohort {g:g}, {int(D.sum())} units against {int((~D).sum())}") from error
        att, influence = effects(found, dy, self.method)
        places = [j for j, _ in members]
        self.estimates[places] = att
        for j, row in zip(places, influence, strict=True):
            self.influence[j, rows] = row
        self.counts[places] = [int(D.sum()), int((~D).sum())]
        self.done[places] = True
        self.known[places] = self._clusters(rows[D]) > 1 and self._clusters(rows[~D]) > 1
        self.trimmed = max(self.trimmed, found.trimmed)

    def _clusters(self, rows: IntArray) -> int:
        way = self.panel.clusters
        return len(rows) if way is None else len(np.unique(way.codes[rows]))

    def _rows(self, g: float, cutoff: float) -> IntArray:
        """Units of a cohort and those not treated up to ``cutoff``."""
        of = self.panel.cohort
        low, high = np.searchsorted(of, g), np.searchsorted(of, g, side="right")
        begin = int(np.searchsorted(of, cutoff, side="right")) if np.isfinite(cutoff) else self.never
        later = np.arange(begin, len(of))
        return np.concatenate([np.arange(low, high), later[(later < low) | (later >= high)]])


def _fixed(weights: FloatArray | None) -> bool:
    """Whether no unit's weight varies over time."""
    return weights is None or bool((np.nanmax(weights, axis=0) == np.nanmin(weights, axis=0)).all())
