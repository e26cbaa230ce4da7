"""One row a unit: means over time, and the shares of variance that a combination of regressors explains.

``mean_i(y) = c + mean_i(X)' b + error_i`` (Baltagi 2021, ch. 2). Every unit counts once, as in Stata's ``xtreg, be``,
or by its number of rows, as with ``wls``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from econloom.panel.absorb import FloatArray, Grouping, GroupMeans
from econloom.panel.design import Design


def unit_means(design: Design, unit: Grouping, by_rows: bool = False) -> Design:
    """The design of unit means, one row a unit in the order of its codes.

    Parameters
    ----------
    design : Design
        n rows, of any order.
    unit : Grouping
    by_rows : bool
        Units weigh as much as they have rows.

    Returns
    -------
    Design
        Without effects; ``rows`` are the first row of each unit, and clusters are those of that row.
    """
    sizes = unit.sizes().astype(np.float64)
    _, first = np.unique(unit.codes, return_index=True)
    return replace(
        design,
        block=means_of(design.block, unit),
        effects=(),
        weights=sizes / sizes.mean() if by_rows else None,
        groups={keys: group.take(first.astype(np.int64)) for keys, group in design.groups.items()},
        rows=design.rows[first],
    )


def means_of(X: FloatArray, unit: Grouping) -> FloatArray:
    """Means by unit, (levels, m); columns are centred first, so that a large mean costs no digits.

    Examples
    --------
    >>> means_of(np.array([[1.0], [2.0], [4.0]]), Grouping.of("i", [0, 1, 1])).ravel().tolist()
    [1.0, 3.0]
    """
    centre = X.mean(axis=0)
    groups = GroupMeans.of(unit, None)
    return np.asarray(groups.sums(X - centre) / groups.totals[:, None] + centre)


def explained(y: FloatArray, fitted: FloatArray, unit: Grouping) -> dict[str, float | None]:
    """Squared correlations of outcome and prediction, as ``xtreg`` prints them.

    Parameters
    ----------
    y, fitted : (n,) arrays

    Returns
    -------
    dict
        ``r2_within`` of deviations from unit means, ``r2_between`` of unit means (each unit once), ``r2_overall`` of
        rows; None where either side does not vary.
    """
    both = np.column_stack([y - y.mean(), fitted - fitted.mean()])
    means = means_of(both, unit)
    parts = {"r2_within": both - means[unit.codes], "r2_between": means - means.mean(axis=0), "r2_overall": both}
    return {name: _squared_correlation(part, both) for name, part in parts.items()}


def _squared_correlation(part: FloatArray, whole: FloatArray) -> float | None:
    a, b = part.T
    scale = np.abs(whole).max(axis=0)
    if np.abs(a).max() <= 1e-12 * scale[0] or np.abs(b).max() <= 1e-12 * scale[1]:
        return None
    return float((a @ b) ** 2 / ((a @ a) * (b @ b)))
