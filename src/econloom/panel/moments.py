"""Absorbed columns and their cross-products: what every linear model of a group is a slice of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from econloom.core.errors import DataError
from econloom.panel.absorb import Absorber, FloatArray, absorber
from econloom.panel.design import Design

CONSTANT_COLUMN = 1e-13
"""A column whose spread is below this share of its size holds one value."""
LARGEST = 1e120
"""Columns larger than this, or with a spread smaller than its inverse, are refused."""


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
    absorber : Absorber or None
        None without effects.
    rank : int
        Dimensions of the effects; 0 without them (the intercept counts as a regressor).
    weights : (n,) array or None
    """

    block: FloatArray
    means: FloatArray
    scales: FloatArray
    constant: tuple[bool, ...]
    absorber: Absorber | None
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


def sweep(design: Design) -> Absorbed:
    """Standardise the columns of a design and sweep the effects out.

    Columns are centred twice, so that a mean many digits larger than the spread costs no digits.

    Raises
    ------
    DataError
        Values whose squares overflow or vanish.
    """
    w = design.weights
    X = design.block
    means = np.zeros(X.shape[1])
    if design.intercept:
        for _ in range(2):
            shift = X.mean(axis=0) if w is None else w @ X / w.sum()
            X, means = X - shift, means + shift
    size = np.abs(X).max(axis=0)
    size[size == 0] = 1.0
    scales = size * np.sqrt(np.mean((X / size) ** 2 if w is None else w[:, None] * (X / size) ** 2, axis=0))
    _refuse_extremes(design.keys, np.maximum(scales, np.abs(means)), scales)
    constant = scales <= CONSTANT_COLUMN * np.abs(means)
    constant |= scales == 0
    scales = np.where(constant, 1.0, scales)
    X = np.where(constant, 0.0, X / scales)
    engine = absorber(design.effects, w) if design.effects else None
    block = engine.residuals(X) if engine else X
    return Absorbed(block, means, scales, tuple(constant.tolist()), engine, engine.rank if engine else 0, w)


def _refuse_extremes(keys: tuple[str, ...], size: FloatArray, spread: FloatArray) -> None:
    """Refuse columns whose squares are beyond what a float can hold."""
    for key, large, small in zip(keys, size, spread, strict=True):
        if large > LARGEST or 0 < small < 1 / LARGEST:
            raise DataError(f"{key!r} has values too large or too small to square ({large:.2g})", hint="rescale it")


def cross_multiply(absorbed: Absorbed) -> Moments:
    """The Gram matrix of a block."""
    return Moments(absorbed, absorbed.weighted(absorbed.block).T @ absorbed.block)
