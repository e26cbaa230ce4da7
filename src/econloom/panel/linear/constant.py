"""The constant that a program prints, as a linear functional of the regression.

Without effects it is the intercept, ``c = mean(y) - mean(X)' b``. Stata's ``xtreg, fe`` with dummies for the other
effects prints the mean of the unit effects where each other effect is at its first level::

    c = mean(y) - mean(X)' b - mean(D)' d

d the coefficients of the dummies D of all levels but the first. Let ``D~`` be D less its unit means, and
``u = D~ (D~'W D~)^-1 mean(D)``. Then ``c = level(y) - level(X)' b`` with ``level(x) = mean(x) - u'W x``, and the
rows' influence on c is ``1/n - u`` less the part that runs through b. So its standard error comes from the same
sandwich as the slopes'. The constant of a regression on dummies takes the means over the first unit instead of all
rows; that of ``areg`` and ``reghdfe`` leaves the effects' own constant out, ``c = mean(y) - mean(X)' b``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import solve_triangular

from econloom.core.estimate import Unavailable
from econloom.panel.absorb import (
    FloatArray,
    GroupMeans,
    dummy_columns,
    pivoted_cholesky,
    refuse_too_many,
    schur_complement,
    sloped_absorber,
)
from econloom.panel.design import Design
from econloom.panel.moments import Absorbed

EXPLAINED = 1e-16
"""A constant of which slopes leave less than this share of its squares is spanned by them."""


@dataclass(frozen=True)
class Offset:
    """What defines a constant on one block.

    Attributes
    ----------
    levels : (m,) array
        ``level(x)`` of every column of the block, in its own units.
    column : (n,) array
        ``1/n - u``.
    """

    levels: FloatArray
    column: FloatArray


def intercept(absorbed: Absorbed) -> Offset:
    """The intercept of a model without effects."""
    return Offset(absorbed.means, np.full(absorbed.n, 1.0 / absorbed.n))


def centred(absorbed: Absorbed) -> Offset:
    """The constant of ``areg`` and ``reghdfe``, ``mean(y) - mean(X)' b``: effects that average zero over the rows."""
    return intercept(absorbed)


def beside_slopes(design: Design) -> Offset | Unavailable:
    """The intercept of a model whose effects are slopes only: ``z'W (y - X b) / z'Wz``, z what they leave of 1."""
    ones = np.ones((design.n, 1))
    z = sloped_absorber(design.effects, design.slopes, design.weights, constant=False).residuals(ones)[:, 0]
    wz = z if design.weights is None else z * design.weights
    left = float(wz @ z)
    if left <= EXPLAINED * design.n:
        return Unavailable("the slopes span it")
    return Offset(wz @ design.block / left, z / left)


def base_period(design: Design, absorbed: Absorbed, unit: int) -> Offset | Unavailable:
    """The constant of ``xtreg, fe``: the mean unit effect where each other effect is at its first level.

    Parameters
    ----------
    design : Design
    absorbed : Absorbed
    unit : int
        Which effect is the unit.

    Returns
    -------
    Offset or Unavailable
        Unavailable where dummies beyond the first levels are redundant too, so that the constant depends on which
        of them a program leaves out.
    """
    return _at_first_levels(design, absorbed, unit, np.ones(design.n))


def base_levels(design: Design, absorbed: Absorbed, unit: int) -> Offset | Unavailable:
    """The constant of a regression on dummies: the first unit where each other effect is at its first level.

    Levels are in the order of their values. Parameters and result are those of :func:`base_period`, whose formula it
    shares with the means taken over the rows of the first unit instead of all rows.
    """
    return _at_first_levels(design, absorbed, unit, (design.effects[unit].codes == 0).astype(np.float64))


def _at_first_levels(design: Design, absorbed: Absorbed, unit: int, among: FloatArray) -> Offset | Unavailable:
    """``mean(y) - mean(X)' b - mean(D)' d`` with the means over some rows, ``among`` 1 there and 0 elsewhere."""
    means = GroupMeans.of(design.effects[unit], design.weights)
    others = [g for n, g in enumerate(design.effects) if n != unit]
    refuse_too_many(means.grouping, others)
    weights = among if design.weights is None else among * design.weights
    column = among / weights.sum()
    if others:
        dummies = dummy_columns(others, design.n)
        found = _influence(means, dummies, [g.levels for g in others], dummies.T @ (weights / weights.sum()))
        if isinstance(found, Unavailable):
            return found
        column = column - found
    shares = column if design.weights is None else column * design.weights
    return Offset(absorbed.means + shares @ (design.block - absorbed.means), column)


def _influence(
    means: GroupMeans, dummies: sparse.csr_array, levels: list[int], share: FloatArray
) -> FloatArray | Unavailable:
    """``u = D~ (D~'W D~)^-1 mean(D)``, (n,), over all levels but the first of each effect; ``share`` is mean(D)."""
    S, sizes = schur_complement(means, dummies)
    first = np.cumsum([0, *levels[:-1]])
    used = np.setdiff1d(np.arange(len(sizes)), first)
    scale = np.sqrt(sizes[used])
    factor, kept = pivoted_cholesky(S[np.ix_(used, used)] / np.outer(scale, scale))
    if len(kept) < len(used):
        return Unavailable(f"{len(used) - len(kept)} dummies beyond the first levels are redundant")
    gamma = np.zeros(len(sizes))
    half = solve_triangular(factor, (share[used] / scale)[kept], trans="T")
    gamma[used[kept]] = solve_triangular(factor, half) / scale[kept]
    return np.asarray(means.residuals((dummies @ gamma)[:, None])[:, 0])
