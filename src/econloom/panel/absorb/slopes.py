"""Fixed effects with varying slopes swept out of a block of columns.

The columns of an effect are, in each group, a constant (unless it has slopes only) and its slope variables. Gram and
Schmidt make them orthonormal in the group's weighted rows, twice over; what a group has too few rows for, or holds
constant, becomes zero. With ``B`` these columns of the effect that has most of them, ``D`` those of the others, ``W``
the weights and ``M v = v - B B'W v``::

    S = D'W M D,    a = S^- D'W M X,    residuals = M (X - D a)

``S`` is factorised by the pivoted Cholesky of plain effects, so the rank is exact, and there is no iteration.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from econloom.core.errors import EstimationError
from econloom.panel.absorb.effects import DENSE_LEVELS, Dense
from econloom.panel.absorb.groupings import FloatArray, Grouping
from econloom.panel.absorb.means import pivoted_cholesky
from econloom.panel.passes import one_blas_thread

INDEPENDENT = 1e-10
"""A slope variable of which its group's columns before it leave less than this share is one of them."""
RUN = 2_048


@dataclass(frozen=True)
class Slopes:
    """Slope variables of one effect.

    Attributes
    ----------
    values : (n, s) array
    levels : bool
        Whether the groups have effects of their own beside the slopes.
    """

    values: FloatArray
    levels: bool = True


def levelled(effects: Sequence[Grouping], slopes: Sequence[Slopes | None]) -> tuple[Grouping, ...]:
    """The effects that are more than slopes; ``slopes`` is empty where none has any."""
    found = slopes or (None,) * len(effects)
    return tuple(e for e, s in zip(effects, found, strict=True) if s is None or s.levels)


def count_slopes(effects: Sequence[Grouping], slopes: Sequence[Slopes | None], constant: bool) -> int:
    """One for each group and variable; and one for a constant beside slopes alone."""
    count = sum(e.levels * int(s.values.shape[1]) for e, s in zip(effects, slopes, strict=False) if s is not None)
    return count + bool(slopes and constant and not levelled(effects, slopes))


@dataclass(frozen=True)
class SlopedAbsorber:
    """Effects with slopes, ready to be swept out of any block of columns over the same rows.

    Attributes
    ----------
    basis : (n, p) sparse array
        ``B``: columns of the largest effect; ``B'W B`` is the identity save for zero columns.
    others : (n, L) sparse array
        ``D``: those of the others, orthonormal within each effect.
    shared : (p, L) sparse array
        ``B'W D``.
    weights : (n, 1) array
    dense : Dense
        Factor of ``S``.
    rank : int
        Dimensions absorbed by all effects together, exactly.
    """

    basis: sparse.csr_array
    others: sparse.csr_array
    shared: sparse.csr_array
    weights: FloatArray
    dense: Dense
    rank: int

    @property
    def exact(self) -> bool:
        """The rank always is."""
        return True

    def residuals(self, X: FloatArray) -> FloatArray:
        """Residuals of every column on all effects and slopes, (n, m); swept twice, for the last digits."""
        return self._swept(self._swept(X))

    def standardised(self, X: FloatArray, means: FloatArray, inverse: FloatArray, sizes: FloatArray) -> FloatArray:
        """Residuals of ``(X - means) * inverse``."""
        return self.residuals((X - means) * inverse)

    def _swept(self, X: FloatArray) -> FloatArray:
        R = self._without_basis(X)
        if not len(self.dense.kept):
            return R
        a = self.dense.solve(self.others.T @ (self.weights * R), np.zeros(0), np.zeros(0))
        return R - self._without_basis(self.others @ a)

    def _without_basis(self, X: FloatArray) -> FloatArray:
        return np.asarray(X - self.basis @ (self.basis.T @ (self.weights * X)))

    def leverages(self) -> FloatArray:
        """Of each row without its weight, ``|B_i|^2 + |F'^-1 (M D)_i|^2``, (n,)."""
        h = np.asarray(self.basis.multiply(self.basis).sum(axis=1), dtype=np.float64).ravel()
        if not len(self.dense.kept):
            return h
        inverse = self.dense.inverse()
        for begin in range(0, len(h), RUN):
            run = slice(begin, begin + RUN)
            left = (self.others[run] - self.basis[run] @ self.shared).toarray()[:, self.dense.kept]
            h[run] += ((left @ inverse) ** 2).sum(axis=1)
        return h


def sloped_absorber(
    effects: Sequence[Grouping], slopes: Sequence[Slopes | None], weights: FloatArray | None, constant: bool = False
) -> SlopedAbsorber:
    """Prepare effects of which some have slopes.

    Parameters
    ----------
    effects : sequence of Grouping
    slopes : sequence of Slopes or None
        Of each effect.
    weights : (n,) array or None
    constant : bool
        Whether a constant is absorbed even where all effects are slopes only.

    Raises
    ------
    EstimationError
        Too many columns beside those of the largest effect.

    Examples
    --------
    >>> unit, t = Grouping.of("i", [0, 0, 0, 1, 1, 1]), np.array([[0.0], [1], [2], [0], [1], [2]])
    >>> engine = sloped_absorber([unit], [Slopes(t)], None)
    >>> engine.rank, engine.residuals(np.array([[1.0], [3], [5], [0], [3], [0]])).ravel().round(9).tolist()
    (4, [0.0, 0.0, 0.0, -1.0, 2.0, -1.0])
    """
    w = np.ones(len(effects[0].codes)) if weights is None else weights
    parts = [_Part(g, _columns(g, s)) for g, s in zip(effects, slopes, strict=True)]
    if constant and all(s is not None and not s.levels for s in slopes):
        parts.append(_Part(Grouping("the constant", np.zeros(len(w), dtype=np.int64), 1), np.ones((len(w), 1))))
    parts.sort(key=lambda part: -part.size)
    _refuse_too_many(parts)
    basis, *rest = (part.basis(w) for part in parts)
    others = sparse.csr_array(sparse.hstack(rest)) if rest else sparse.csr_array((len(w), 0))
    WD = sparse.diags_array(w) @ others
    shared = sparse.csr_array(basis.T @ WD)
    S = (others.T @ WD - shared.T @ shared).toarray()
    with one_blas_thread():
        factor, kept = pivoted_cholesky(S)
    dense = Dense(((np.asfortranarray(factor), kept),) if len(kept) else (), np.ones(len(S)))
    rank = int(np.count_nonzero(basis.multiply(basis).sum(axis=0))) + len(kept)
    return SlopedAbsorber(basis, others, shared, w[:, None], dense, rank)


@dataclass(frozen=True)
class _Part:
    """One effect: its groups and the columns that each group has."""

    grouping: Grouping
    columns: FloatArray

    @property
    def size(self) -> int:
        return self.grouping.levels * int(self.columns.shape[1])

    def basis(self, w: FloatArray) -> sparse.csr_array:
        """The columns of all groups, orthonormal in each group's weighted rows, (n, levels * columns)."""
        n, p = self.columns.shape
        Q = np.column_stack(list(self._orthonormal(w)))
        places = self.grouping.codes[:, None] * p + np.arange(p)
        return sparse.csr_array((Q.ravel(), places.ravel(), np.arange(n + 1) * p), shape=(n, self.size))

    def _orthonormal(self, w: FloatArray) -> Iterator[FloatArray]:
        before: list[FloatArray] = []
        for column in self.columns.T:
            v = column / (np.abs(column).max() or 1.0)
            whole = self._sums(w * v * v)
            for q in before * 2:
                v = v - q * self._sums(w * q * v)[self.grouping.codes]
            left = self._sums(w * v * v)
            found = left > INDEPENDENT**2 * whole
            length = np.where(found, np.sqrt(left), np.inf)
            before.append(v / length[self.grouping.codes])
            yield before[-1]

    def _sums(self, values: FloatArray) -> FloatArray:
        sums = np.bincount(self.grouping.codes, weights=values, minlength=self.grouping.levels)
        return np.asarray(sums, dtype=np.float64)


def _columns(grouping: Grouping, slopes: Slopes | None) -> FloatArray:
    ones = np.ones((len(grouping.codes), 1))
    if slopes is None:
        return ones
    return np.hstack([ones, slopes.values]) if slopes.levels else slopes.values


def _refuse_too_many(parts: Sequence[_Part]) -> None:
    columns = sum(part.size for part in parts[1:])
    if columns > DENSE_LEVELS:
        names = ", ".join(f"{part.grouping.name} ({part.size:,})" for part in parts[1:])
        first = parts[0]
        raise EstimationError(
            f"varying slopes with more than {DENSE_LEVELS:,} columns beside those of {first.grouping.name} "
            f"({first.size:,}): {names}",
            hint="coarser effects, or slopes for the largest effect only",
        )
