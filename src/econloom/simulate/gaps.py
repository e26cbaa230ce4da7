"""Blank cells as yearbooks have them: runs of years without trade figures, single cells elsewhere."""

from __future__ import annotations

import numpy as np

from econloom.simulate.register import Register

_MOST_IN_A_CITY = 9


def runs(rng: np.random.Generator, cities: Register, years: int, total: int) -> np.ndarray:
    """Exactly ``total`` blank cells in runs of one to four years, three times as often in the west as in the east.

    The first year and the municipalities have none, no city more than nine.

    Returns
    -------
    (n, years) bool
    """
    weight = np.select([cities.region == "east", cities.region == "central"], [1.0, 1.5], 3.0)
    weight[cities.rank == "直辖市"] = 0.0
    blank = np.zeros((cities.n, years), dtype=bool)
    chosen = rng.choice(cities.n, size=4 * total, p=weight / weight.sum())
    first, length = rng.integers(1, years, size=4 * total), rng.integers(1, 5, size=4 * total)
    left = total
    for city, start, size in zip(chosen.tolist(), first.tolist(), length.tolist(), strict=True):
        row: np.ndarray = blank[city]
        free = np.flatnonzero(~row[start : start + size]) + start
        free = free[: min(left, _MOST_IN_A_CITY - int(row.sum()))]
        row[free] = True
        left -= len(free)
        if left == 0:
            break
    return blank


def cells(rng: np.random.Generator, there: np.ndarray, total: int) -> np.ndarray:
    """``total`` blank cells, each between two years that are there and are not blank, so that they can be filled.

    Parameters
    ----------
    there : (n, years) bool
        Rows of the panel.
    """
    # every second year, so that no two blanks touch; which half differs by city
    n, years = there.shape
    offset: np.ndarray = rng.integers(0, 2, size=(n, 1))
    parity = (np.arange(years) + offset) % 2 == 0
    inside = there & parity
    inside[:, 0] = inside[:, -1] = False
    inside[:, 1:-1] &= there[:, :-2] & there[:, 2:]
    blank = np.zeros_like(there)
    chosen = rng.permutation(np.flatnonzero(inside))[:total]
    blank[np.unravel_index(chosen, blank.shape)] = True
    return blank
