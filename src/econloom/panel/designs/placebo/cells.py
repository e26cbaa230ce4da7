"""Many draws at once where treatment, effects and clusters are those of whole units: sums over units, not rows.

A draw's treatment D is constant within unit and period. Let ``M0`` sweep out the effects nested in units, F be the
dummies of the others, which are constant within unit and period, and Q the absorbed controls made orthonormal. The
draw's treatment within effects and controls is ``x = M0 (D - F g) - Q d``, with ``g = S^- F'W M0 D``,
``S = F'W M0 F`` and ``d = Q'W D``. Over the rows of unit u::

    x'W x = v' H v,   x'W y = v' r,    v = (D - F g of its periods, -d),   H = (Z, Q)'W M0 (Z, Q),  r = (Z, Q)'W y

Z the dummies of its periods and y the outcome within effects and controls; H and r are made once. The coefficient is
``b = sum v'r / sum v'Hv`` (Frisch and Waugh 1933) and the score of a cluster the sum of ``v'r - b v'Hv`` over its
units: the numbers of a regression, from ``(T + k)^2`` products a unit in place of a pass over its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import sparse

from econloom.panel.absorb import FloatArray, Grouping, IntArray, compact, largest
from econloom.panel.absorb.effects import DENSE_LEVELS, Dense
from econloom.panel.designs.placebo.assignment import Assignment
from econloom.panel.designs.placebo.base import Base, Drawn
from econloom.panel.inference.clustering import intersection
from econloom.panel.passes import forms

DEARER = 40
"""Products that a unit may take, in multiples of its rows, before passes over the rows cost less."""


@dataclass(frozen=True)
class Cells:
    """Sums by unit and period.

    Attributes
    ----------
    H : (U, T + k, T + k) array
    r : (U, T + k) array
    mass : (U, T) array
        Weights.
    levels : (U * T, L) sparse array
        F by unit and period.
    solver : Dense or None
        Of S; None without other effects.
    ways : tuple of (clusters, U) sparse arrays
        One for each term of the inclusion and exclusion, with its sign.
    periods : int
        T.
    total : float
        ``y'W y``.
    """

    H: FloatArray
    r: FloatArray
    mass: FloatArray
    levels: sparse.csr_array
    solver: Dense | None
    ways: tuple[tuple[int, sparse.csr_array], ...]
    periods: int
    total: float

    def draw(self, D: FloatArray) -> Drawn:
        """Coefficients, raw variances and variation left, for (U, T, B) treatments."""
        U, T, B = D.shape
        flat = D.reshape(U * T, B)
        v = np.empty((U, self.H.shape[1], B))
        v[:, :T] = D
        if self.solver is not None:
            swept = (self.H[:, :T, :T] @ D).reshape(U * T, B)
            sums = self.levels.T @ swept
            g = self.solver.solve(sums, np.zeros(0), np.zeros(0))
            v[:, :T] -= (self.levels @ g).reshape(U, T, B)
        v[:, T:] = -np.einsum("utk,utb->kb", self.H[:, :T, T:], D, optimize=True)
        squares = np.einsum("upb,upb->ub", v, self.H @ v)
        products = (self.r[:, None, :] @ v)[:, 0]
        left, joint = squares.sum(axis=0), products.sum(axis=0)
        mass = self.mass.reshape(-1)
        whole = mass @ flat**2 - (mass @ flat) ** 2 / mass.sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            b = joint / left
            scores = products - b * squares
            meat = sum((sign * (way @ scores) ** 2).sum(axis=0) for sign, way in self.ways)
            if not self.ways:
                meat = (self.total - joint**2 / left) * left
            return Drawn(b, np.asarray(meat) / left**2, (self.total - joint**2 / left) / left, left, whole)


def cells(base: Base, found: Assignment) -> Cells | None:
    """The sums; None where an effect, cluster or covariance is not one of whole units, or rows cost less."""
    design = base.fit.design
    T, U, k = len(found.periods), len(found.units), base.Q.shape[1]
    if base.kind not in {"iid", "cluster"} or design.slopes or U * (T + k) ** 2 > DEARER * design.n:
        return None
    unit = Grouping("unit", found.unit_rows, U)
    codes = found.unit_rows * T + found.period_rows
    cell = Grouping("cell", *compact(codes))
    inner = [e for e in design.effects if e.nested_in(unit)]
    outer = [e for e in design.effects if not e.nested_in(unit)]
    if not all(cell.nested_in(e) for e in outer) or not all(unit.nested_in(c) for c in base.clusters):
        return None
    main = inner[largest(inner)] if inner else None
    if any(not main.nested_in(e) for e in inner if main is not None):
        return None
    if main is None and not outer and design.intercept:
        outer = [Grouping("constant", np.zeros(design.n, dtype=np.int64), 1)]
    outer = _finest(outer)
    if sum(e.levels for e in outer) > DENSE_LEVELS:
        return None
    w = np.ones(design.n) if design.weights is None else design.weights
    H, r, mass = _sums(base, codes, found.unit_rows, (U, T), w, main)
    levels = _levels(outer, codes, U * T)
    ways = _ways(base.clusters, found.unit_rows, U)
    return Cells(H, r, mass, levels, _solver(H, levels, mass), ways, T, base.total)


def _finest(effects: Sequence[Grouping]) -> list[Grouping]:
    """Effects without those whose groups are unions of another's."""
    kept: list[Grouping] = []
    for effect in sorted(effects, key=lambda e: -e.levels):
        if not any(finer.nested_in(effect) for finer in kept):
            kept.append(effect)
    return kept


def _sums(
    base: Base, codes: IntArray, units: IntArray, shape: tuple[int, int], w: FloatArray, main: Grouping | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """H, r and the weights by unit and period."""
    U, T = shape
    k = base.Q.shape[1]
    H, r = np.zeros((U, T + k, T + k)), np.empty((U, T + k))
    mass: FloatArray = np.asarray(np.bincount(codes, w, U * T), dtype=np.float64).reshape(U, T)
    wy = w * base.y
    r[:, :T] = np.bincount(codes, wy, U * T).reshape(U, T)
    H[:, :T, :T] = _within(codes, units, shape, w, mass, main)
    for i in range(k):
        q = w * base.Q[:, i]
        r[:, T + i] = np.bincount(units, wy * base.Q[:, i], U)
        H[:, :T, T + i] = H[:, T + i, :T] = np.bincount(codes, q, U * T).reshape(U, T)
        for j in range(i + 1):
            H[:, T + i, T + j] = H[:, T + j, T + i] = np.bincount(units, q * base.Q[:, j], U)
    return H, r, mass


def _within(
    codes: IntArray, units: IntArray, shape: tuple[int, int], w: FloatArray, mass: FloatArray, main: Grouping | None
) -> FloatArray:
    """``Z'W M0 Z`` of each unit, (U, T, T)."""
    U, T = shape
    out = np.zeros((U, T, T))
    out[:, np.arange(T), np.arange(T)] = mass
    if main is None:
        return out
    owner = np.zeros(main.levels, dtype=np.int64)
    owner[main.codes] = units
    sums = np.bincount(main.codes * T + codes % T, w, main.levels * T).reshape(main.levels, T)
    shares = sums / np.sqrt(sums.sum(axis=1))[:, None]
    order = np.argsort(owner, kind="stable")
    shares, counts = shares[order], np.bincount(owner, minlength=U)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    for t in range(T):
        out[:, t] -= np.add.reduceat(shares * shares[:, t : t + 1], starts, axis=0)
    return out


def _levels(outer: Sequence[Grouping], codes: IntArray, size: int) -> sparse.csr_array:
    """Dummies of the other effects by unit and period; nothing where there is no row."""
    first = np.full(size, -1, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    seen = np.flatnonzero(first >= 0)
    offsets = np.cumsum([0, *(e.levels for e in outer)])
    rows = np.tile(seen, len(outer))
    columns = [e.codes[first[seen]] + offsets[j] for j, e in enumerate(outer)]
    where = (rows, np.concatenate(columns) if columns else np.zeros(0, dtype=np.int64))
    return sparse.csr_array((np.ones(len(rows)), where), shape=(size, int(offsets[-1])))


def _solver(H: FloatArray, levels: sparse.csr_array, mass: FloatArray) -> Dense | None:
    """S factorised."""
    L = levels.shape[1]
    if not L:
        return None
    U, T = mass.shape
    blocks = sparse.bsr_array(
        (np.ascontiguousarray(H[:, :T, :T]), np.arange(U), np.arange(U + 1)), shape=(U * T, U * T)
    )
    S = (levels.T @ (blocks @ levels)).toarray()
    return Dense.factorised(S, np.sqrt(levels.T @ mass.reshape(-1)), forms(L).linked)


def _ways(clusters: Sequence[Grouping], units: IntArray, U: int) -> tuple[tuple[int, sparse.csr_array], ...]:
    """Sums over clusters of units, with the sign of each term."""
    made = []
    for size in range(1, len(clusters) + 1):
        for chosen in combinations(clusters, size):
            joined = intersection(chosen)
            owner = np.zeros(U, dtype=np.int64)
            owner[units] = joined.codes
            shape = (joined.levels, U)
            made.append((1 if size % 2 else -1, sparse.csr_array((np.ones(U), (owner, np.arange(U))), shape=shape)))
    return tuple(made)
