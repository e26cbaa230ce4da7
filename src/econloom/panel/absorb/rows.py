"""Rows sorted by the first effect, and the passes over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from econloom.panel.absorb.groupings import FloatArray, Grouping, IntArray
from econloom.panel.passes import forms, halves, spread, together

Levels = npt.NDArray[np.int32]
RANDOM = 4
"""What a cell costs that is read and added where its level is, in cells of a plain pass."""


@dataclass(frozen=True)
class SortedRows:
    """Groups of the first effect, levels of the others, weights.

    Attributes
    ----------
    starts : (groups + 1,) int array
        First row of each group, and n.
    columns : (n, q) int32 array
        Level of each other effect, counted through.
    levels : int
        Levels of the other effects together, L.
    offsets : tuple of int
        Where the levels of each other effect begin, and L.
    weights : (n,) or (0,) array
        Empty for unit weights.
    """

    starts: IntArray
    columns: Levels
    offsets: tuple[int, ...]
    weights: FloatArray

    @classmethod
    def of(
        cls, first: Grouping, others: Sequence[Grouping], weights: FloatArray | None
    ) -> tuple[SortedRows, IntArray | None]:
        """The rows, and the order that sorts them where they are not sorted."""
        order = sorting_order(first)
        offsets = tuple(int(x) for x in np.cumsum([0, *(g.levels for g in others)]))
        columns = np.empty((len(first.codes), len(others)), dtype=np.int32)
        for j, grouping in enumerate(others):
            columns[:, j] = (grouping.codes if order is None else grouping.codes[order]) + offsets[j]
        starts = np.concatenate([[0], np.cumsum(first.sizes())]).astype(np.int64)
        w = np.zeros(0) if weights is None else weights if order is None else weights[order]
        return cls(starts, columns, offsets, np.ascontiguousarray(w)), order

    @property
    def n(self) -> int:
        """Number of rows."""
        return int(self.starts[-1])

    @property
    def levels(self) -> int:
        """Levels of the other effects together."""
        return self.offsets[-1]

    @property
    def forms(self) -> Any:
        """Compiled or plain passes."""
        return forms(self.n)

    @cached_property
    def _halves(self) -> list[tuple[int, int]]:
        return halves(self.starts)

    def first_residuals(self, X: FloatArray, means: FloatArray, inverse: FloatArray) -> FloatArray:
        """``M0 ((X - means) * inverse)``, (n, m)."""
        out = np.empty(X.shape)
        run = partial(self.forms.first_residuals, X, means, inverse, self.weights, self.starts, out)
        together([partial(run, *half) for half in self._halves], X.size)
        return out

    def level_sums(self, R: FloatArray) -> FloatArray:
        """``D'W R``, (L, m)."""
        return self._added(partial(self.forms.level_sums, R), R.shape[1])

    def complement(self, V: FloatArray) -> FloatArray:
        """``S V``, (L, m)."""
        return self._added(partial(self.forms.complement, V), V.shape[1])

    def subtract(self, R: FloatArray, a: FloatArray) -> None:
        """``R -= M0 D a`` in place."""
        run = partial(self.forms.subtract, R, np.ascontiguousarray(a), self.weights, self.columns, self.starts)
        together([partial(run, *half) for half in self._halves], R.size)

    def lengths(self, R: FloatArray) -> FloatArray:
        """Weighted sums of squares of each column, (m,)."""
        found: FloatArray = spread(R, self.weights if self.weights.size else None, np.zeros(R.shape[1]))[1]
        return found

    def sizes(self) -> FloatArray:
        """Sums of weights of each level, (L,)."""
        w = self.weights if self.weights.size else None
        parts = [np.bincount(column, weights=w, minlength=self.levels) for column in self.columns.T]
        return np.asarray(sum(parts), dtype=np.float64)

    def _added(self, run: Callable[..., None], m: int) -> FloatArray:
        """Sums over the levels from both halves, always added in the same order."""
        outs = [np.zeros((self.levels, m)) for _ in self._halves]
        tasks = [
            partial(run, self.weights, self.columns, self.starts, out, *half)
            for out, half in zip(outs, self._halves, strict=True)
        ]
        together(tasks, RANDOM * self.n * m)
        return outs[0] if len(outs) == 1 else outs[0] + outs[1]


def sorting_order(first: Grouping) -> IntArray | None:
    """Positions that sort rows by a grouping, equal ones in their order; None where they are sorted."""
    codes = first.codes
    if bool(np.all(codes[1:] >= codes[:-1])):
        return None
    order: IntArray = forms(len(codes)).counting_order(codes, first.levels)
    return order
