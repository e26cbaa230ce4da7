"""Absorbed columns and their cross-products: what every linear model of a group is a slice of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from econloom.core.errors import DataError
from econloom.panel.absorb import Absorber, FloatArray, SlopedAbsorber, absorber, sloped_absorber
from econloom.panel.design import Design
from econloom.panel.passes import one_blas_thread, row_halves, spread, together

CONSTANT_COLUMN = 1e-13
"""A column whose spread is below this share of its size holds one value."""
LARGEST = 1e120
"""Columns larger than this, or with a spread smaller than its inverse, are refused."""
NEAR = 1.01
"""Mean squares about the first row that are at least this many times the squared mean about it give the spread with
two digits lost at most."""
RUN = 8_192
"""Rows multiplied at once: a run of the block stays in the processor's cache."""


@dataclass(frozen=True)
class Absorbed:
    """One block of columns, standardised, with the effects (or the constant) swept out.

    Attributes
    ----------
    block : (n, m) array
        Residuals of ``(column - mean) / scale``.
    means, scales : (m,) arrays
        Weighted; means are zero in a model without constant and effects.
    constant : (m,) bool array
        Columns that hold one value.
    absorber : Absorber, SlopedAbsorber or None
        None without effects.
    rank : int
        Dimensions of the effects; 0 without them (the intercept counts as a regressor).
    weights : (n,) array or None
    """

    block: FloatArray
    means: FloatArray
    scales: FloatArray
    constant: tuple[bool, ...]
    absorber: Absorber | SlopedAbsorber | None
    rank: int
    weights: FloatArray | None

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.block)

    def weighted(self, X: FloatArray) -> FloatArray:
        """``W X``."""
        return X if self.weights is None else X * self.weights[:, None]

    def total(self, x: FloatArray) -> float:
        """``sum w x``."""
        return float(x.sum() if self.weights is None else self.weights @ x)


@dataclass(frozen=True)
class Moments:
    """Cross-products of an absorbed block.

    Attributes
    ----------
    absorbed : Absorbed
    gram : (m, m) array
        ``B'W B`` of the standardised residuals; its diagonal is n for a column that nothing was swept out of.
    """

    absorbed: Absorbed
    gram: FloatArray

    def triangle(self, columns: list[int]) -> FloatArray:
        """Upper triangular R of the QR of ``W^(1/2) B[:, columns]``, where the Gram matrix is too ill-conditioned.

        Returns
        -------
        (min(n, k), k) array
        """
        part = self.absorbed.block[:, columns]
        if self.absorbed.weights is not None:
            part = part * np.sqrt(self.absorbed.weights)[:, None]
        return np.asarray(np.linalg.qr(part, mode="r"))


def sweep(design: Design, engine: Absorber | SlopedAbsorber | None = None) -> Absorbed:
    """Standardise the columns of a design and sweep the effects out.

    Columns are centred twice, so that a mean many digits larger than the spread costs no digits.

    Parameters
    ----------
    design : Design
    engine : Absorber or SlopedAbsorber, optional
        What :func:`sweeper` makes of a design with the same rows, effects and weights; made here by default.

    Raises
    ------
    DataError
        Values whose squares overflow or vanish.
    EstimationError
        The effects cannot be absorbed to the tolerance.
    """
    means, scales = _standards(design)
    constant = (scales <= CONSTANT_COLUMN * np.abs(means)) | (scales == 0)
    scales = np.where(constant, 1.0, scales)
    inverse = np.where(constant, 0.0, 1.0 / scales)
    engine = engine or sweeper(design)
    if engine:
        block = engine.standardised(design.block, means, inverse, np.full(len(means), float(design.n)))
    else:
        block = (design.block - means) * inverse
    flags = tuple(constant.tolist())
    return Absorbed(block, means, scales, flags, engine, engine.rank if engine else 0, design.weights)


def sweeper(design: Design) -> Absorber | SlopedAbsorber | None:
    """What sweeps the effects of a design out, whatever its columns; None without effects."""
    if design.slopes:
        return sloped_absorber(design.effects, design.slopes, design.weights, design.intercept)
    return absorber(design.effects, design.weights) if design.effects else None


def _standards(design: Design) -> tuple[FloatArray, FloatArray]:
    """Weighted means (zero without a constant) and root mean squares about them.

    One pass about the first row; a second about the means where a column lies many of its spreads from there.
    """
    X, n = design.block, design.n
    about = X[0].copy() if design.intercept else np.zeros(X.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):
        sums, squares, largest = spread(X, design.weights, about)
        if design.intercept and not bool(np.all(NEAR * (sums / n) ** 2 <= squares / n)):
            about = about + sums / n
            sums, squares, largest = spread(X, design.weights, about)
        shift = sums / n if design.intercept else np.zeros_like(sums)
        scales = np.sqrt(np.maximum(squares / n - shift**2, 0.0))
    _refuse_extremes(design.keys, np.maximum(largest, np.abs(about)), np.where(squares > 0, scales, largest))
    return about + shift, scales


def _refuse_extremes(keys: tuple[str, ...], size: FloatArray, spread: FloatArray) -> None:
    """Refuse columns whose squares are beyond what a float can hold."""
    for key, large, small in zip(keys, size, spread, strict=True):
        if not large <= LARGEST or 0 < small < 1 / LARGEST:
            raise DataError(f"{key!r} has values too large or too small to square ({large:.2g})", hint="rescale it")


def cross_multiply(absorbed: Absorbed) -> Moments:
    """The Gram matrix of a block, summed over runs of rows in their order."""
    B, w = absorbed.block, absorbed.weights
    halves = row_halves(len(B))
    grams = [np.zeros((B.shape[1], B.shape[1])) for _ in halves]

    def add(gram: FloatArray, low: int, high: int) -> None:
        for begin in range(low, high, RUN):
            part = B[begin : min(begin + RUN, high)]
            gram += part.T @ (part if w is None else part * w[begin : begin + len(part), None])

    with one_blas_thread():
        together([partial(add, gram, *half) for gram, half in zip(grams, halves, strict=True)], B.size)
    return Moments(absorbed, np.asarray(sum(grams)))
