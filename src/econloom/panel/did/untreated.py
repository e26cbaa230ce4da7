"""The model of untreated outcomes, fitted on untreated rows, and what sums of imputed effects depend on.

With ``z`` the dummies of the effects and the covariates, ``Z0`` its rows that are untreated and ``W0`` their weights::

    Y(0) = z'p,    p = (Z0'W0 Z0)^- Z0'W0 y0

A sum ``sum_i c_i (y_i - z_i'p)`` moves with an untreated outcome by ``-w_i z_i' (Z0'W0 Z0)^- sum_j c_j z_j``:
:meth:`Untreated.carried` gives that for many sums at once, by the elimination that absorbs effects elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from econloom.core.errors import EstimationError, listed
from econloom.panel.absorb import FloatArray, Grouping, IntArray, largest
from econloom.panel.absorb.effects import DENSE_LEVELS, Dense, needed
from econloom.panel.absorb.gradients import Gradients
from econloom.panel.absorb.rows import SortedRows
from econloom.panel.columns import BoolArray
from econloom.panel.linear.selection import ABSORBED, independent

AT_ONCE = 8
"""Sums carried to the untreated rows at once."""
CARRIED = 1e-7
"""A sum whose effects and covariates are met to this share of their size is known from the untreated rows."""


@dataclass(frozen=True)
class Levels:
    """The levels of one effect among untreated rows, for all rows.

    Attributes
    ----------
    name : str
    codes : (n,) int array
        Place of a row's level among those of untreated rows, -1 where they have it not.
    number : int
    """

    name: str
    codes: IntArray
    number: int

    @classmethod
    def of(cls, grouping: Grouping, untreated: BoolArray) -> Levels:
        """Number the levels of untreated rows anew."""
        present = np.zeros(grouping.levels, dtype=bool)
        present[grouping.codes[untreated]] = True
        places = np.where(present, np.cumsum(present) - 1, -1)
        return cls(grouping.name, places[grouping.codes], int(present.sum()))


def _sums(level: Levels, X: FloatArray, rows: IntArray) -> FloatArray:
    """Sums over the levels of an effect, (levels, m)."""
    found = [np.bincount(level.codes[rows], x, level.number) for x in X.T]
    return np.column_stack(found).astype(np.float64) if found else np.zeros((level.number, 0))


@dataclass(frozen=True)
class Solver:
    """Solves ``Z'W Z a = r`` for the dummies of untreated rows.

    Attributes
    ----------
    main : Levels
        Eliminated by means.
    others : tuple of Levels
    rows : SortedRows
        Of the untreated rows, sorted by ``main``.
    order : (n0,) int array
        Untreated rows in that order, as places among all rows.
    schur : Dense, Gradients or None
    """

    main: Levels
    others: tuple[Levels, ...]
    rows: SortedRows
    order: IntArray
    schur: Dense | Gradients | None

    @classmethod
    def of(cls, effects: Sequence[Grouping], untreated: BoolArray, weights: FloatArray) -> Solver:
        """Prepare the elimination; effects that others hold add nothing."""
        first = effects[largest(effects)]
        rest = needed(first, [g for g in effects if g is not first])
        main, others = Levels.of(first, untreated), tuple(Levels.of(g, untreated) for g in rest)
        places = np.flatnonzero(untreated)

        def at(level: Levels) -> Grouping:
            return Grouping(level.name, level.codes[places], level.number)

        rows, order = SortedRows.of(at(main), [at(g) for g in others], weights[places])
        schur = None if not others else Dense.of(rows) if rows.levels <= DENSE_LEVELS else Gradients.of(rows)
        return cls(main, others, rows, places if order is None else places[order], schur)

    def summed(self, X: FloatArray, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """``Z'X`` over some rows: by levels of the main effect, and of the others counted through."""
        main, *parts = (_sums(level, X, rows) for level in (self.main, *self.others))
        return main, np.vstack(parts) if parts else np.zeros((0, X.shape[1]))

    def solve(self, main: FloatArray, others: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Coefficients of the dummies."""
        totals = np.add.reduceat(self.rows.weights, self.rows.starts[:-1])[:, None]
        if self.schur is None:
            return main / totals, others
        R = np.repeat(main / totals, np.diff(self.rows.starts), axis=0)
        B = others - self.rows.level_sums(R)
        size = (B**2 / self.rows.sizes()[:, None]).sum(axis=0)
        a = self.schur.solve(B, size, size)
        fitted = self._of_others(a) * self.rows.weights[:, None]
        return (main - np.add.reduceat(fitted, self.rows.starts[:-1], axis=0)) / totals, a

    def _of_others(self, a: FloatArray) -> FloatArray:
        """``D a`` in the untreated rows, sorted."""
        found = a[self.rows.columns[:, 0]]
        for column in self.rows.columns[:, 1:].T:
            found = found + a[column]
        return found

    def fitted(self, main: FloatArray, others: FloatArray, rows: IntArray) -> FloatArray:
        """``Z a`` in some rows, all of whose levels untreated rows have."""
        found = main[self.main.codes[rows]]
        begin = 0
        for level in self.others:
            found = found + others[begin + level.codes[rows]]
            begin += level.number
        return found

    def known(self, n: int) -> BoolArray:
        """Rows whose levels untreated rows have, linked to the row's main level through them, (n,)."""
        found: BoolArray = self.main.codes >= 0
        for level in self.others:
            found = found & (level.codes >= 0)
        for level in self.others:
            linked = self._linked(level)
            at = np.flatnonzero(found)
            same = linked[self.main.codes[at]] == linked[self.main.number + level.codes[at]]
            found[at[~same]] = False
        return found

    def _linked(self, level: Levels) -> IntArray:
        """Component of every main level and of every level of another effect, joined by untreated rows."""
        size = self.main.number + level.number
        ends = self.main.codes[self.order], self.main.number + level.codes[self.order]
        graph = sparse.coo_array((np.ones(len(self.order), np.int8), ends), shape=(size, size))
        return np.asarray(connected_components(graph.tocsr(), directed=False)[1], dtype=np.int64)


@dataclass(frozen=True)
class Untreated:
    """The fitted model of untreated outcomes.

    Attributes
    ----------
    solver : Solver
    untreated : (n,) bool array
    known : (n,) bool array
        Rows whose untreated outcome the model gives.
    X : (n, k) array
        Covariates that are estimated, centred and scaled.
    left : (n0, k) array
        What the effects leave of them, in the solver's order of the untreated rows.
    gram : (k, k) array
        Their weighted cross-products.
    effects : (n,) array
        Outcome less its untreated value, NaN where that is not known; residuals in untreated rows.
    weights : (n,) array
    names, removed : tuple of str
        Covariates estimated and left out.
    """

    solver: Solver
    untreated: BoolArray
    known: BoolArray
    X: FloatArray
    left: FloatArray
    gram: FloatArray
    effects: FloatArray
    weights: FloatArray
    names: tuple[str, ...]
    removed: tuple[str, ...]

    def carried(self, C: FloatArray) -> FloatArray:
        """How sums of ``C[i, h] * effects[i]`` move with the outcomes of untreated rows through the model.

        Parameters
        ----------
        C : (n, H) array
            Zero in rows that are not known.

        Returns
        -------
        (n, H) array
            Zero in treated rows; ``C + carried(C)`` are the weights of all outcomes.

        Raises
        ------
        EstimationError
            A sum needs effects that untreated rows do not give together.
        """
        out = np.zeros(C.shape)
        used = np.flatnonzero(self.known & np.any(C != 0, axis=1))
        for begin in range(0, C.shape[1], AT_ONCE):
            part = slice(begin, begin + AT_ONCE)
            out[self.solver.order, part] = -self._moved(C[used, part], used)
        return out

    def _moved(self, C: FloatArray, used: IntArray) -> FloatArray:
        """``w z'(Z0'W0 Z0)^- sum c z`` in the untreated rows, sorted."""
        rows, solver = self.solver.order, self.solver
        w = self.weights[rows][:, None]
        main, others = solver.summed(C, used)
        u = solver.fitted(*solver.solve(main, others), rows)
        if self.X.shape[1]:
            short = self.X[used].T @ C - self.X[rows].T @ (u * w)
            u = u + self.left @ np.linalg.solve(self.gram, short)
        moved = np.asarray(u * w)
        self._refuse_unknown(moved, main, others, np.abs(C).sum(axis=0))
        return moved

    def _refuse_unknown(self, moved: FloatArray, main: FloatArray, others: FloatArray, size: FloatArray) -> None:
        found, rest = self.solver.summed(moved, self.solver.order)
        gap = np.maximum(np.abs(found - main).max(axis=0), np.abs(rest - others).max(axis=0, initial=0.0))
        if np.any(gap > CARRIED * np.maximum(size, 1e-300)):
            raise EstimationError(
                "untreated rows do not give the effects of some treated rows together: several effects of many levels "
                "are not linked by untreated rows",
                hint="coarser effects",
            )


def fit_untreated(
    y: FloatArray, X: FloatArray, names: Sequence[str], effects: Sequence[Grouping], untreated: BoolArray,
    weights: FloatArray | None,
) -> Untreated:  # fmt: skip
    """Fit the model of untreated outcomes.

    Parameters
    ----------
    y : (n,) array
    X : (n, k) array
        Covariates; those that the effects or others before them explain in the untreated rows are left out.
    names : sequence of str
        Of the covariates.
    effects : sequence of Grouping
        Over all n rows.
    untreated : (n,) bool array
    weights : (n,) array or None

    Raises
    ------
    EstimationError
        No untreated row.
    """
    if not untreated.any():
        raise EstimationError("no row is untreated: nothing to impute from")
    w = np.ones(len(y)) if weights is None else weights
    solver = Solver.of(effects, untreated, w)
    rows = solver.order
    total = w[rows].sum()
    means = w[rows] @ X[rows] / total
    spread = np.sqrt(w[rows] @ (X[rows] - means) ** 2 / total)
    Z = (X - means) / np.where(spread > 0, spread, 1.0)
    level = float(w[rows] @ y[rows] / total)
    columns = np.column_stack([y - level, Z])
    main, others = solver.solve(*solver.summed(columns[rows] * w[rows][:, None], rows))
    left = columns[rows] - solver.fitted(main, others, rows)
    roots = np.sqrt(w[rows])[:, None]
    varying = np.sqrt((left[:, 1:] ** 2 * roots**2).sum(axis=0)) > ABSORBED * np.sqrt(total)
    candidates = np.flatnonzero(varying & (spread > 0))
    kept = candidates[list(independent(left[:, 1 + candidates] * roots))] if len(candidates) else candidates
    at = 1 + kept
    gram = left[:, at].T @ (left[:, at] * roots**2)
    b = np.linalg.solve(gram, left[:, at].T @ (left[:, 0] * roots[:, 0] ** 2)) if len(kept) else np.zeros(0)
    known = solver.known(len(y))
    found = np.full(len(y), np.nan)
    inside = np.flatnonzero(known)
    beta = np.concatenate([[1.0], np.zeros(X.shape[1])])
    beta[at] = -b
    found[inside] = (columns[inside] - solver.fitted(main, others, inside)) @ beta
    gone = tuple(n for j, n in enumerate(names) if j not in set(kept.tolist()))
    return Untreated(
        solver, untreated, known, Z[:, kept], left[:, at], gram, found, w, tuple(names[j] for j in kept), gone
    )


def said(model: Untreated) -> tuple[str, ...]:
    """What a reader has to know of the covariates."""
    if not model.removed:
        return ()
    return (f"left out, explained by the effects or other covariates in untreated rows: {listed(model.removed)}",)
