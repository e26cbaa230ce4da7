"""Rows that leave together, and what small-sample rules see of the rows that stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from econloom.panel.absorb import Grouping, IntArray, compact, levelled, pairwise_redundant, singletons
from econloom.panel.columns import BoolArray
from econloom.panel.conventions import Counts
from econloom.panel.counting import unit_position
from econloom.panel.fitted import Fit


@dataclass(frozen=True)
class Sets:
    """The rows of each group that is left out, in the order of the design.

    Attributes
    ----------
    fit : Fit
    codes : (n,) int array
        The group of each row; -1 for rows without one, which always stay.
    number : int
    """

    fit: Fit
    codes: IntArray
    number: int

    @cached_property
    def _order(self) -> IntArray:
        return np.argsort(self.codes, kind="stable").astype(np.int64)

    @cached_property
    def _starts(self) -> IntArray:
        return np.searchsorted(self.codes[self._order], np.arange(self.number + 1)).astype(np.int64)

    @cached_property
    def effects(self) -> tuple[Grouping, ...]:
        """Those that are more than slopes."""
        return levelled(self.fit.design.effects, self.fit.design.slopes)

    @cached_property
    def _cascading(self) -> BoolArray:
        """Groups without which some row is alone in an effect, where such rows are dropped, (number,)."""
        found = np.zeros(self.number, dtype=bool)
        if self.fit.request.singletons == "drop":
            for effect in self.effects:
                group, level, count = self._pairs(effect.codes, effect.levels)
                found[group[effect.sizes()[level] - count == 1]] = True
        return found

    def rows(self, group: int) -> IntArray:
        """Rows that leave with a group: its own, and those alone in an effect without it where these are dropped."""
        own = self._order[self._starts[group] : self._starts[group + 1]]
        if not self._cascading[group]:
            return own
        stay = np.ones(len(self.codes), dtype=bool)
        stay[own] = False
        left = np.flatnonzero(stay)
        lonely = singletons([e.take(left) for e in self.effects])
        return np.sort(np.concatenate([own, left[lonely]]))

    @cached_property
    def all_rows(self) -> tuple[IntArray, ...]:
        """:meth:`rows` of every group."""
        return tuple(self.rows(g) for g in range(self.number))

    def _pairs(self, codes: IntArray, levels: int) -> tuple[IntArray, IntArray, IntArray]:
        """Groups and levels that meet, and in how many rows."""
        inside = self.codes >= 0
        pairs, counts = np.unique(self.codes[inside] * levels + codes[inside], return_counts=True)
        return pairs // levels, pairs % levels, counts

    def lost(self, grouping: Grouping) -> IntArray:
        """Levels of a grouping that vanish with each group, (number,)."""
        group, level, count = self._pairs(grouping.codes, grouping.levels)
        gone = grouping.sizes()[level] == count
        found = np.bincount(group[gone], minlength=self.number).astype(np.int64)
        for g in np.flatnonzero(self._cascading):
            rows = self.all_rows[g]
            inside = np.bincount(grouping.codes[rows], minlength=grouping.levels)
            found[g] = int((inside == grouping.sizes()).sum())
        return found

    @cached_property
    def _lost_levels(self) -> tuple[IntArray, ...]:
        return tuple(self.lost(e) for e in self.effects)

    @cached_property
    def _lost_clusters(self) -> tuple[IntArray, ...]:
        return tuple(self.lost(c) for c in self.fit.clusters)

    @cached_property
    def _lost_units(self) -> IntArray | None:
        unit = unit_position(self.fit.request)
        return None if unit is None else self.lost(self.fit.design.effects[unit])

    @cached_property
    def nesting_changes(self) -> BoolArray:
        """Groups without which an effect may lie inside the clusters that does not with them, (number,)."""
        found = self._cascading.copy()
        for effect, nested in zip(self.effects, self.fit.counts.nested, strict=True):
            for way in () if nested else self.fit.clusters:
                found |= self._resolves(effect, way)
        return found

    def _resolves(self, effect: Grouping, way: Grouping) -> BoolArray:
        """Groups without which every level of an effect lies in one cluster of some way."""
        cells = Grouping("cell", *compact(effect.codes * way.levels + way.codes))
        level_of = np.zeros(cells.levels, dtype=np.int64)
        level_of[cells.codes] = effect.codes
        clusters = np.bincount(level_of, minlength=effect.levels)
        group, cell, count = self._pairs(cells.codes, cells.levels)
        whole = count == cells.sizes()[cell]
        pairs, lost = np.unique(group[whole] * effect.levels + level_of[cell[whole]], return_counts=True)
        level = pairs % effect.levels
        mended = (clusters[level] > 1) & (clusters[level] - lost <= 1)
        found = np.bincount(pairs[mended] // effect.levels, minlength=self.number)
        return np.asarray(found == (clusters > 1).sum())

    def counts(self, group: int, rank: int, regressors: int) -> Counts:
        """What the rules are applied to without a group.

        Parameters
        ----------
        group : int
        rank : int
            Dimensions of the effects without it.
        regressors : int
        """
        whole = self.fit.counts
        levels = tuple(n - int(lost[group]) for n, lost in zip(whole.levels, self._lost_levels, strict=True))
        clusters = [c.levels - int(lost[group]) for c, lost in zip(self.fit.clusters, self._lost_clusters, strict=True)]
        units = whole.unit_levels
        if units is not None and self._lost_units is not None:
            units -= int(self._lost_units[group])
        return replace(
            whole,
            n=whole.n - len(self.all_rows[group]),
            regressors=regressors,
            levels=levels,
            absorbed_rank=rank,
            unit_levels=units,
            clusters=min(clusters, default=None),
            redundant=self._redundant(group, levels, rank),
        )

    def _redundant(self, group: int, levels: Sequence[int], rank: int) -> tuple[int, ...]:
        """Levels that earlier effects explain, as ``reghdfe`` counts them, without a group."""
        whole = self.fit.counts
        if self.fit.request.ssc != "reghdfe" or len(levels) - sum(whole.nested) < 2:
            return whole.redundant
        if len(levels) == 2:
            return (0, sum(levels) - rank)
        stay = np.ones(len(self.codes), dtype=bool)
        stay[self.all_rows[group]] = False
        left = np.flatnonzero(stay)
        return pairwise_redundant([e.take(left) for e in self.effects], whole.nested)
