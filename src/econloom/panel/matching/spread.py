"""Variance of the outcome given the matching variables, by matching within the same arm."""

from __future__ import annotations

import numpy as np

from econloom.panel.absorb import FloatArray
from econloom.panel.columns import BoolArray
from econloom.panel.matching.links import Runs
from econloom.panel.matching.search import Places, own_runs


def conditional_variance(
    places: Places, y: FloatArray, arms: tuple[BoolArray, ...], neighbours: int, tolerance: float
) -> FloatArray:
    """``sum_l (y_l - mean)^2 / (J - 1)`` over a row and its nearest others of the same arm, J rows in all.

    Parameters
    ----------
    places : Places
    y : (n,) array
    arms : tuple of (n,) bool array
        Rows among which neighbours are looked for; others are NaN.
    neighbours : int
        Others; those that tie with the last are taken too (Abadie and Imbens 2006, section 4).
    tolerance : float

    Returns
    -------
    (n,) array
        NaN where a row has no neighbour.
    """
    out = np.full(len(y), np.nan)
    for arm in arms:
        found = own_runs(places, arm, neighbours, tolerance)
        if isinstance(found, Runs):
            out[found.focal] = found.spreads(y)
            continue
        sizes = found.sizes
        mean = found.means(y[:, None])[:, 0]
        focal, donors, _ = found.pairs()
        squares = np.bincount(focal, (y[donors] - mean[focal]) ** 2, len(sizes))
        with np.errstate(invalid="ignore", divide="ignore"):
            out[found.focal] = np.where(sizes > 1, squares / (sizes - 1), np.nan)
    return out
