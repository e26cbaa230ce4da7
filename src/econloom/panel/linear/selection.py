"""Which regressors of a model can be estimated, and the triangular factor of those that can.

The order is stated: a regressor that holds one value goes first, then those that the effects explain, then, in the
order of the formula, each that the regressors before it explain. Earlier regressors stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from econloom.core.errors import listed
from econloom.panel.absorb import FloatArray
from econloom.panel.moments import Moments

ABSORBED = 1e-9
"""A regressor whose spread within the effects is below this share of its spread is explained by them."""
COLLINEAR = 1e-9
"""The same share, within the regressors before it."""
GRAM_BOUND = 1e-6
"""Below this reciprocal condition of the correlation matrix the block is factorised by QR instead."""

Removed = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Factorised:
    """The regressors kept, scaled to length 1, and the outcome on them.

    Attributes
    ----------
    kept : tuple of int
        Columns of the block.
    removed : tuple of (str, str)
        Names left out and why.
    lengths : (k,) array
        Weighted lengths of the kept columns in the block.
    factor : (k, k) array
        Upper triangular F, ``F'F`` the Gram matrix of the columns over their lengths.
    projection : (k,) array
        ``F'^-1 X'W y`` with the outcome as it is in the block.
    reciprocal_condition : float
        Of ``F'F``, as judged before collinear columns were removed.
    """

    kept: tuple[int, ...]
    removed: Removed
    lengths: FloatArray
    factor: FloatArray
    projection: FloatArray
    reciprocal_condition: float


def factorise(moments: Moments, outcome: int, regressors: Sequence[int], names: Sequence[str]) -> Factorised:
    """Remove what cannot be estimated and factorise the rest."""
    absorbed, gram = moments.absorbed, moments.gram
    lengths = np.sqrt(np.maximum(np.diag(gram), 0.0))
    explained = "absorbed by the effects" if absorbed.absorber else "zero in every row"
    kept: list[int] = []
    removed: list[tuple[str, str]] = []
    for column, name in zip(regressors, names, strict=True):
        if absorbed.constant[column]:
            removed.append((name, "holds one value"))
        elif lengths[column] <= ABSORBED * np.sqrt(absorbed.n):
            removed.append((name, explained))
        else:
            kept.append(column)
    if not kept:
        return Factorised((), tuple(removed), np.zeros(0), np.zeros((0, 0)), np.zeros(0), 1.0)
    correlation = gram[np.ix_(kept, kept)] / np.outer(lengths[kept], lengths[kept])
    condition = _reciprocal_condition(correlation)
    if condition >= GRAM_BOUND:
        factor = np.linalg.cholesky(correlation).T
        projection = solve_triangular(factor, gram[kept, outcome] / lengths[kept], trans="T")
        return Factorised(tuple(kept), tuple(removed), lengths[kept], factor, projection, condition)
    label = dict(zip(regressors, names, strict=True))
    R = moments.triangle([*kept, outcome])
    R[:, :-1] /= lengths[kept]
    independent, collinear = _independent(R[:, :-1], [label[c] for c in kept])
    final = np.asarray(np.linalg.qr(R[:, [*independent, -1]], mode="r"))
    k = len(independent)
    chosen = [kept[j] for j in independent]
    return Factorised(tuple(chosen), (*removed, *collinear), lengths[chosen], final[:k, :k], final[:k, k], condition)


def _reciprocal_condition(correlation: FloatArray) -> float:
    values = np.linalg.eigvalsh(correlation)
    return float(max(values[0], 0.0) / values[-1])


def _independent(R: FloatArray, names: Sequence[str]) -> tuple[list[int], Removed]:
    """Columns that those before them do not explain (Gram-Schmidt, orthogonalised twice)."""
    basis: list[FloatArray] = []
    independent: list[int] = []
    removed: list[tuple[str, str]] = []
    for j in range(R.shape[1]):
        rest = R[:, j].copy()
        for _ in range(2):
            for q in basis:
                rest = rest - (q @ rest) * q
        left = float(np.linalg.norm(rest))
        if left <= COLLINEAR:
            removed.append((names[j], f"collinear with {_explaining(R, independent, j, names)}"))
        else:
            basis.append(rest / left)
            independent.append(j)
    return independent, tuple(removed)


def _explaining(R: FloatArray, independent: list[int], j: int, names: Sequence[str]) -> str:
    share, *_ = np.linalg.lstsq(R[:, independent], R[:, j], rcond=None)
    return listed([names[c] for c, s in zip(independent, share, strict=True) if abs(s) > 1e-6])


def independent(columns: FloatArray) -> tuple[int, ...]:
    """Columns of an (n, k) array that are neither zero nor combinations of ones before them."""
    norms = np.sqrt((columns**2).sum(axis=0))
    kept: list[int] = []
    basis = np.zeros((len(columns), 0))
    for j in np.flatnonzero(norms):
        left = columns[:, j] / norms[j]
        for _ in range(2):
            left = left - basis @ (basis.T @ left)
        if (size := float(left @ left)) > COLLINEAR**2:
            kept.append(int(j))
            basis = np.column_stack([basis, left / np.sqrt(size)])
    return tuple(kept)


def why(column: FloatArray) -> str:
    """Why :func:`independent` did not keep a column."""
    return "a combination of the others" if np.any(column) else "zero in every row"
