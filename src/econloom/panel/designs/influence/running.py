"""One estimation for each group that is left out: small groups from the Gram matrix, the others afresh."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from econloom.core.errors import EconloomError
from econloom.panel.absorb import FloatArray, Grouping, IntArray
from econloom.panel.conventions import Correction, correction
from econloom.panel.design import inverted
from econloom.panel.designs.influence.afresh import without
from econloom.panel.designs.influence.removing import Removed, Remover
from econloom.panel.designs.influence.scoring import Scorer
from econloom.panel.designs.influence.sets import Sets
from econloom.panel.fitted import Fit
from econloom.panel.inference.sandwich import ZERO
from econloom.panel.linear.iv import IVEstimate
from econloom.panel.linear.selection import GRAM_BOUND
from econloom.panel.passes import one_blas_thread

SMALL = 150
"""Rows of the largest group that is taken out of the Gram matrix."""
CELLS = 2_000_000
SHRUNK = 1e-6
"""A column that keeps less than this share of its squares without a group is estimated afresh."""
FAST = ("iid", "hc1", "cluster")
Progress = Callable[[int], object]


@dataclass(frozen=True)
class Left:
    """What a group's removal gives; NaN where something is undefined.

    Attributes
    ----------
    group : int
    n : int
        Rows that stay.
    estimates, errors : (t,) arrays
    df : float or None
    note : str or None
        Why there is no estimate or no standard error.
    afresh : bool
    """

    group: int
    n: int
    estimates: FloatArray
    errors: FloatArray
    df: float | None
    note: str | None
    afresh: bool


@dataclass(frozen=True)
class Leaver:
    """Leaves groups out of a fit.

    Attributes
    ----------
    fit : Fit
    sets : Sets
    terms : tuple of str
    std_errors : bool
    """

    fit: Fit
    sets: Sets
    terms: tuple[str, ...]
    std_errors: bool

    @cached_property
    def _places(self) -> list[int]:
        """Of the terms among the regressors; empty where some term is the constant."""
        names = self.fit.estimate.names[: self.fit.estimate.regressors]
        return [names.index(t) for t in self.terms] if all(t in names for t in self.terms) else []

    @cached_property
    def remover(self) -> Remover | None:
        """None where every group is estimated afresh."""
        fit = self.fit
        vcov = fit.request.vcov
        direct = vcov.kind in FAST and len(fit.clusters) < 2
        if isinstance(fit.estimate, IVEstimate) or not self._places or fit.estimate.perfect_fit:
            return None
        if fit.design.slopes or (self.std_errors and not direct):
            return None
        at = fit.design.positions([fit.request.model.outcome])[0]
        return Remover.of(fit.absorbed, [*fit.estimate.columns, at], fit.design.intercept)

    def all(self, progress: Progress) -> list[Left]:
        """Every group in turn."""
        found: dict[int, Left] = {}
        with one_blas_thread():
            for left in self._direct():
                found[left.group] = left
                progress(1)
        for group in range(self.sets.number):
            if group not in found:
                found[group] = self._afresh(group)
                progress(1)
        return [found[g] for g in range(self.sets.number)]

    def _direct(self) -> Iterator[Left]:
        """Those that the Gram matrix gives, in batches of one size."""
        if self.remover is None:
            return
        sizes = np.array([len(r) for r in self.sets.all_rows])
        usual = (sizes <= SMALL) & ~self.sets.nesting_changes if self.std_errors else sizes <= SMALL
        rank = self.remover.roots.shape[1]
        for size in np.unique(sizes[usual]).tolist():
            groups = np.flatnonzero(usual & (sizes == size))
            b = max(1, min(CELLS // (size * max(rank, size, 1)), 128))
            for begin in range(0, len(groups), b):
                yield from self._batch(groups[begin : begin + b])

    def _batch(self, groups: IntArray) -> Iterator[Left]:
        assert self.remover is not None
        rows = np.stack([self.sets.all_rows[g] for g in groups])
        if self._goal is not None:
            rows = self._goal[rows]
        removed = self.remover.remove(rows)
        sound = self._sound(removed)
        if not sound.any():
            return
        slopes, inverse = _solved(np.where(sound[:, None, None], removed.grams, self.remover.gram))
        units = self._units
        estimates = slopes[:, self._places] * units
        if not self.std_errors:
            for n in np.flatnonzero(sound):
                size = self.fit.design.n - rows.shape[1]
                yield Left(int(groups[n]), size, estimates[n], np.full(len(units), np.nan), None, None, False)
            return
        meats, rss = self._meats(removed, slopes, inverse)
        for n in np.flatnonzero(sound):
            bread = inverse[n][self._places, self._places]
            yield self._judged(int(groups[n]), int(removed.lost[n]), estimates[n], meats[n], bread, float(rss[n]))

    @cached_property
    def _goal(self) -> IntArray | None:
        assert self.remover is not None
        return None if self.remover.order is None else inverted(self.remover.order)

    @cached_property
    def _units(self) -> FloatArray:
        """From coefficients of the block to those of the model, (t,)."""
        scales, columns = self.fit.absorbed.scales, self.fit.estimate.columns
        at = self.fit.design.positions([self.fit.request.model.outcome])[0]
        return np.asarray(scales[at] / scales[[columns[p] for p in self._places]])

    def _sound(self, removed: Removed) -> np.typing.NDArray[np.bool_]:
        """Sets without which everything is estimated to full digits, (b,)."""
        assert self.remover is not None
        whole = np.diag(self.remover.gram)
        left = np.diagonal(removed.grams, axis1=1, axis2=2)
        kept = (left > SHRUNK * whole).all(axis=1) & ~removed.doubtful
        lengths = np.sqrt(np.where(kept[:, None], left, whole))
        scaled = np.where(kept[:, None, None], removed.grams, self.remover.gram)
        scaled = scaled / (lengths[:, :, None] * lengths[:, None, :])
        k = scaled.shape[1] - 1
        values = np.linalg.eigvalsh(scaled[:, :k, :k])
        rest = 1 - np.einsum("bi,bi->b", scaled[:, :k, k], np.linalg.solve(
            np.where((values[:, 0] > GRAM_BOUND * values[:, -1])[:, None, None], scaled[:, :k, :k], np.eye(k)),
            scaled[:, :k, k, None])[:, :, 0])  # fmt: skip
        return np.asarray(kept & (values[:, 0] > GRAM_BOUND * values[:, -1]) & (rest > SHRUNK))

    def _meats(self, removed: Removed, slopes: FloatArray, inverse: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Sums of squared scores of each term (b, t), and of residuals (b,), in the units of the block."""
        assert self.remover is not None
        b = len(slopes)
        errors = np.hstack([-slopes, np.ones((b, 1))])
        rss = np.einsum("bi,bij,bj->b", errors, removed.grams, errors)
        if self.fit.request.vcov.kind == "iid":
            return rss[:, None] * inverse[:, self._places, self._places], rss
        found = np.empty((b, len(self._places)))
        for j, place in enumerate(self._places):
            focal = np.hstack([inverse[:, place], np.zeros((b, 1))])
            found[:, j] = self._scorer.squares(removed, np.ascontiguousarray(errors.T), np.ascontiguousarray(focal.T))
        return found, rss

    @cached_property
    def _scorer(self) -> Scorer:
        assert self.remover is not None
        return Scorer(self.remover, self._clusters)

    @cached_property
    def _clusters(self) -> Grouping | None:
        """Of the rows in the order of the block; None where rows are their own."""
        if not self.fit.clusters or self.remover is None:
            return None
        way = self.fit.clusters[0]
        return way if self.remover.order is None else way.permuted(self.remover.order)

    def _judged(
        self, group: int, lost: int, estimates: FloatArray, meats: FloatArray, bread: FloatArray, rss: float
    ) -> Left:
        """With standard errors of the convention."""
        fit = self.fit
        n = fit.design.n - len(self.sets.all_rows[group])
        counts = self.sets.counts(group, fit.counts.absorbed_rank - lost, fit.counts.regressors)
        unknown = np.full(len(estimates), np.nan)
        if counts.n <= counts.regressors + counts.absorbed_rank:
            return Left(group, n, unknown, unknown, None, "no degrees of freedom are left", False)
        try:
            rule: Correction = correction(fit.request.ssc, fit.request.vcov, counts)
        except EconloomError as error:
            return Left(group, n, unknown, unknown, None, error.message, False)
        errors = np.sqrt(np.maximum(rule.factor * meats, 0.0))
        nothing = errors <= ZERO * np.sqrt(bread * rss / n)
        note = "no standard error: the scores sum to zero in every cluster" if nothing.any() else None
        return Left(group, n, estimates, np.where(nothing, np.nan, errors) * self._units, rule.df, note, False)

    def _afresh(self, group: int) -> Left:
        rows = self.sets.rows(group)
        unknown = np.full(len(self.terms), np.nan)
        try:
            found = without(self.fit, rows)
        except EconloomError as error:
            return Left(group, self.fit.design.n - len(rows), unknown, unknown, None, error.message, True)
        names, law = found.estimate.names, found.inference
        values, errors = unknown.copy(), unknown.copy()
        for n, term in enumerate(self.terms):
            if term in names:
                values[n] = found.estimate.coefficients[names.index(term)]
                errors[n] = law.std_error[names.index(term)]
        gone = [f"{t} left out: {dict(found.estimate.removed).get(t)}" for t in self.terms if t not in names]
        df = law.df if law.dfs is None or len(self.terms) > 1 else float(law.dfs[names.index(self.terms[0])])
        note = gone[0] if gone else (law.warnings[0] if not np.isfinite(errors).all() and law.warnings else None)
        if not self.std_errors:
            errors = unknown
        return Left(group, found.design.n, values, errors, df, note, True)


def _solved(grams: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Slopes (b, k) and the inverse of the regressors' cross-products (b, k, k)."""
    k = grams.shape[1] - 1
    lengths = np.sqrt(np.diagonal(grams, axis1=1, axis2=2)[:, :k])
    scaled = grams[:, :k, :k] / (lengths[:, :, None] * lengths[:, None, :])
    inverse = np.linalg.inv(scaled) / (lengths[:, :, None] * lengths[:, None, :])
    slopes = np.linalg.solve(scaled, (grams[:, :k, k] / lengths)[:, :, None])[:, :, 0] / lengths
    return slopes, inverse
