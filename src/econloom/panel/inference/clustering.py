"""Sums over clusters in one or several ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import combinations

import numpy as np

from econloom.panel.absorb import FloatArray, Grouping, compact


def intersection(groups: Sequence[Grouping]) -> Grouping:
    """Rows that share the group of every grouping."""

    def joined(a: Grouping, b: Grouping) -> Grouping:
        return Grouping(f"{a.name}^{b.name}", *compact(a.codes * b.levels + b.codes))

    return reduce(joined, groups)


def clustered_meat(score_sums: Callable[[Grouping], FloatArray], ways: Sequence[Grouping]) -> FloatArray:
    """Outer products of cluster sums; several ways by inclusion and exclusion, (p, p).

    ``sum over non-empty sets A of ways of (-1)^(|A|+1) S_A' S_A``, S_A the sums in the intersections (Cameron, Gelbach
    and Miller 2011).

    Parameters
    ----------
    score_sums : callable
        Sums of the scores in each group of a grouping, (levels, p).
    ways : sequence of Grouping
    """
    terms = []
    for size in range(1, len(ways) + 1):
        for chosen in combinations(ways, size):
            sums = score_sums(intersection(chosen))
            terms.append((sums.T @ sums) * (-1) ** (size + 1))
    return np.asarray(sum(terms))


def nearest_definite(V: FloatArray) -> tuple[FloatArray, str | None]:
    """A covariance whose variances are positive, and what was done to it.

    Several ways of clustering may give a matrix that is not positive semi-definite. Where a variance is not positive,
    negative eigenvalues become zero, as in fixest and reghdfe; where all are, the matrix stays.
    """
    scale = np.sqrt(np.abs(np.diag(V)))
    scale[scale == 0] = 1.0
    values, vectors = np.linalg.eigh(V / np.outer(scale, scale))
    if values[0] >= -1e-10:
        return V, None
    if np.all(np.diag(V) > 0):
        return (
            V,
            "the covariance of several ways of clustering is not positive semi-definite; its variances are positive",
        )
    fixed = (vectors * np.maximum(values, 0.0)) @ vectors.T * np.outer(scale, scale)
    return fixed, "negative eigenvalues of the covariance of several ways of clustering were set to zero"
