"""Gram matrices of an absorbed block without some of its rows, with all effects estimated again.

To leave rows R out is to give each of them a dummy. With ``M`` the residual maker of the effects and W the weights, the
dummies' own cross-products after the effects are, in the rows R only,

    N = I - w w'/W_f [same main effect] - Q Q',    Q = w Z G,    w the roots of the weights,

with Z the other effects' dummies less their means in the main effect and ``S^- = G G'`` the inverse of their Schur
complement, which the block was absorbed with. The block's Gram matrix without R is

    B'W B - (w B_R)' N^+ (w B_R),

no row outside R being read: effects that R alone has (a firm's own) make N singular, and N^+ takes no notice of them.
As many dimensions of the effects are gone as N has zero eigenvalues. The other rows' residuals become
``B + P0 v + Z G Q' N^+ (w B_R)``, v the dummies' part in the main effect's means.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from econloom.panel.absorb import Absorber, FloatArray, IntArray
from econloom.panel.absorb.effects import Dense
from econloom.panel.moments import Absorbed

GONE, CLEAR = 1e-10, 1e-5
"""Eigenvalues of N below the first are zero; between the two they cost more digits than may be lost."""


@dataclass(frozen=True)
class Removed:
    """Several sets of rows of one size s, each removed alone.

    Attributes
    ----------
    rows : (b, s) int array
    grams : (b, m, m) array
    lost : (b,) int array
        Dimensions of the effects that go with the rows.
    doubtful : (b,) bool array
        Sets whose removal costs digits: to be estimated afresh.
    solved : (b, s, m) array
        ``N^+ (w B_R)``.
    Q : (b, s, r) array
    """

    rows: IntArray
    grams: FloatArray
    lost: IntArray
    doubtful: np.typing.NDArray[np.bool_]
    solved: FloatArray
    Q: FloatArray


@dataclass(frozen=True)
class Remover:
    """Takes rows out of some columns of an absorbed block.

    Attributes
    ----------
    block : (n, m) array
        Rows in the order of the main effect.
    absorbed : Absorbed
    order : (n,) int array or None
        Of the design's rows; None where they are in that order.
    constant : bool
        Whether a constant is estimated or absorbed.
    """

    block: FloatArray
    absorbed: Absorbed
    order: IntArray | None
    constant: bool

    @classmethod
    def of(cls, absorbed: Absorbed, columns: list[int], constant: bool) -> Remover | None:
        """For some columns; None where the effects' complement was not formed.

        ``constant`` says whether a model without effects has an intercept.
        """
        engine = absorbed.absorber
        if engine is not None and (not isinstance(engine, Absorber) or not isinstance(engine.solver, Dense | None)):
            return None
        order = engine.order if isinstance(engine, Absorber) else None
        block = absorbed.block[:, columns]
        return cls(np.ascontiguousarray(block if order is None else block[order]), absorbed, order, constant)

    @property
    def engine(self) -> Absorber | None:
        """What swept the effects out."""
        engine = self.absorbed.absorber
        return engine if isinstance(engine, Absorber) else None

    @cached_property
    def weights(self) -> FloatArray:
        """(n,)."""
        w = self.absorbed.weights
        if w is None:
            return np.ones(len(self.block))
        return w if self.order is None else w[self.order]

    @cached_property
    def gram(self) -> FloatArray:
        """Of all rows, (m, m)."""
        return np.asarray(self.block.T @ (self.block * self.weights[:, None]))

    @cached_property
    def main(self) -> IntArray:
        """The group of the main effect of each row; one group for a constant alone, (n,)."""
        if self.engine is None:
            return np.zeros(len(self.block), dtype=np.int64)
        starts = self.engine.rows.starts
        return np.repeat(np.arange(len(starts) - 1, dtype=np.int64), np.diff(starts))

    @cached_property
    def totals(self) -> FloatArray:
        """Weights of each group of the main effect; infinite where there is no constant."""
        found = np.bincount(self.main, weights=self.weights)
        if self.engine is None and not self.constant:
            return np.full_like(found, np.inf)
        return np.asarray(found, dtype=np.float64)

    @cached_property
    def roots(self) -> FloatArray:
        """G over all levels of the other effects, zero at those that are redundant, (L, r)."""
        solver = self.engine.solver if self.engine else None
        if not isinstance(solver, Dense) or self.engine is None:
            return np.zeros((0, 0))
        found = np.zeros((self.engine.rows.levels, len(solver.kept)))
        found[solver.kept] = solver.inverse()
        return found

    @cached_property
    def _means(self) -> sparse.csr_array:
        """``(D0'W D0)^-1 D0'W D``: the other effects' dummies averaged in the main effect, (F, L)."""
        assert self.engine is not None
        columns = self.engine.rows.columns
        q = columns.shape[1]
        where = (np.repeat(self.main, q), columns.ravel())
        shape = (len(self.totals), self.engine.rows.levels)
        return sparse.csr_array((np.repeat(self.weights / self.totals[self.main], q), where), shape=shape)

    def _projected(self, rows: IntArray) -> FloatArray:
        """Q of some rows, (b, s, r)."""
        if self.engine is None or not self.roots.size:
            return np.zeros((*rows.shape, 0))
        flat = rows.ravel()
        groups, at = np.unique(self.main[flat], return_inverse=True)
        found = -(self._means[groups] @ self.roots)[at]
        for column in self.engine.rows.columns[flat].T:
            found += self.roots[column]
        found *= np.sqrt(self.weights[flat])[:, None]
        return np.asarray(found.reshape(*rows.shape, -1))

    def remove(self, rows: IntArray) -> Removed:
        """Remove sets of rows, (b, s), positions in the order of the block."""
        w = np.sqrt(self.weights[rows])
        f = self.main[rows]
        same = (f[:, :, None] == f[:, None, :]) / self.totals[f][:, :, None]
        Q = self._projected(rows)
        N = np.eye(rows.shape[1]) - w[:, :, None] * w[:, None, :] * same - Q @ Q.transpose(0, 2, 1)
        values, vectors = np.linalg.eigh(N)
        gone = values < GONE
        B = w[:, :, None] * self.block[rows]
        inverse = np.where(gone, 0.0, 1.0 / np.where(gone, 1.0, values))
        solved = vectors @ (inverse[:, :, None] * (vectors.transpose(0, 2, 1) @ B))
        grams = self.gram - B.transpose(0, 2, 1) @ solved
        doubtful = np.asarray(((values >= GONE) & (values < CLEAR)).any(axis=1))
        return Removed(rows, grams, gone.sum(axis=1), doubtful, solved, Q)

    def levels(self, removed: Removed, moved: FloatArray) -> FloatArray:
        """``G Q' N^+ (w B_R)`` of one combination for each set, (L, b)."""
        return np.asarray(self.roots @ np.einsum("bsr,bs->rb", removed.Q, moved))

    def means(self, removed: Removed, moved: FloatArray) -> sparse.csr_array | None:
        """The dummies' means in groups of the main effect that keep other rows, (F, b); None where none does."""
        rows = removed.rows
        f = self.main[rows]
        sizes = np.bincount(self.main, minlength=len(self.totals))
        sets = np.broadcast_to(np.arange(len(rows))[:, None], f.shape)
        where, shape = (f.ravel(), sets.ravel()), (len(sizes), len(rows))
        inside = sparse.csr_array((np.ones(f.size), where), shape=shape)
        inside.sum_duplicates()
        if np.isinf(self.totals[0]) or np.all(inside.data == sizes[inside.nonzero()[0]]):
            return None
        share = np.sqrt(self.weights[rows]) * moved / self.totals[f]
        return sparse.csr_array((share.ravel(), where), shape=shape)
