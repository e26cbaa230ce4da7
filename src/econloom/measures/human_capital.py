"""Education of a population."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from econloom.core.errors import UsageError
from econloom.measures.values import FloatArray, numbers, ratio, refuse

YEARS = (6.0, 9.0, 12.0, 16.0)
"""Years of school of primary, junior, senior and college."""


def schooling_years(
    primary: ArrayLike,
    junior: ArrayLike,
    senior: ArrayLike,
    college: ArrayLike,
    population: Any = None,
    *,
    years: Sequence[float] = YEARS,
) -> FloatArray:
    """Mean years of schooling: ``(6 primary + 9 junior + 12 senior + 16 college) / population aged 6 and over``.

    Parameters
    ----------
    primary, junior, senior, college : array_like (N,)
        Persons by the highest level that they have been to.
    population : array_like (N,), optional
        Persons aged 6 and over, those without schooling included; without it the sum of the four, which leaves the
        unschooled out and is therefore higher.
    years : sequence of 4 floats

    Returns
    -------
    ndarray (N,)
        Years; missing where a level is missing.

    Raises
    ------
    DataError
        Negative numbers, a population of zero or below the sum of the levels.

    Examples
    --------
    >>> schooling_years([30.0], [40.0], [20.0], [10.0]).tolist()
    [9.4]
    """
    if len(years) != 4 or not np.isfinite(np.asarray(years, np.float64)).all():
        raise UsageError(f"years= takes four numbers, not {list(years)!r}")
    first = numbers(primary, "primary")
    rest = {"junior": junior, "senior": senior, "college": college}
    levels = np.column_stack([first, *(numbers(v, k, len(first)) for k, v in rest.items())])
    refuse(levels < 0, "a number of persons is negative")
    schooled = levels.sum(axis=1)
    everybody = schooled if population is None else numbers(population, "population", len(first))
    refuse(
        everybody < schooled * (1 - 1e-9), "the population is below the sum of its levels", "check the units of both"
    )
    return ratio(levels @ np.asarray(years, np.float64), everybody, "the population")
