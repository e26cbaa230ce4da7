"""Great-circle distances: what a Conley covariance and rings around treated places share.

Places are points on the unit sphere; with c their chord (the straight line through the Earth), ``d = 2 R arcsin(c/2)``,
R = 6371.0088 km. It is the haversine formula in other words, and as exact for near places as for far ones.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy  # its parts load where they are used: most estimates need no distance

from econloom.core.errors import DataError, listed
from econloom.panel.absorb import FloatArray, IntArray

EARTH = 6371.0088
"""Mean radius in kilometres (IUGG)."""
BLOCK = 2_000_000
"""Distances held at once."""
DEGREES = "degrees: latitude from -90 to 90, longitude from -180 to 180 (or 0 to 360)"


def on_sphere(latitude: FloatArray, longitude: FloatArray) -> FloatArray:
    """Points on the unit sphere, (n, 3), of coordinates in degrees."""
    phi, turn = np.radians(latitude), np.radians(longitude)
    return np.column_stack([np.cos(phi) * np.cos(turn), np.cos(phi) * np.sin(turn), np.sin(phi)])


def kilometres(chord: FloatArray) -> FloatArray:
    """Distances along the surface of chords of the unit sphere."""
    return np.asarray(2 * EARTH * np.arcsin(np.minimum(chord / 2, 1.0)))


def chord(km: float) -> float:
    """Chord of the unit sphere that spans a distance; endless from half the way round the Earth on."""
    angle = km / (2 * EARTH)
    return float(2 * np.sin(angle)) if angle < np.pi / 2 else float("inf")


def between(points: FloatArray, others: FloatArray) -> FloatArray:
    """Kilometres from each point to each other one, (n, m).

    Parameters
    ----------
    points, others : (n, 3), (m, 3) arrays
        On the unit sphere.

    Examples
    --------
    >>> pole, equator = on_sphere(np.array([90.0]), np.array([0.0])), on_sphere(np.array([0.0]), np.array([77.0]))
    >>> round(between(pole, equator).item(), 4)
    10007.5572
    """
    return kilometres(scipy.spatial.distance.cdist(points, others))


def nearest_of(points: FloatArray, others: FloatArray) -> tuple[IntArray, FloatArray]:
    """Place of the nearest other point, the first of several as near, and the kilometres to it, (n,) each."""
    at, km = np.empty(len(points), np.int64), np.empty(len(points))
    for rows in blocks(len(points), len(others)):
        chords = scipy.spatial.distance.cdist(points[rows], others)
        at[rows] = chords.argmin(axis=1)
        km[rows] = kilometres(chords.min(axis=1))
    return at, km


def blocks(rows: int, width: int) -> Iterator[slice]:
    """Runs of rows whose distances to ``width`` others are held at once."""
    step = max(1, BLOCK // max(width, 1))
    for begin in range(0, rows, step):
        yield slice(begin, min(begin + step, rows))


def refuse_coordinates(
    latitude: FloatArray,
    longitude: FloatArray,
    names: tuple[str, str],
    hint: str,
    who: list[str] | None = None,
) -> None:
    """Refuse what is no place on Earth, and coordinates that seem swapped.

    Parameters
    ----------
    latitude, longitude : (n,) arrays
    names : (str, str)
        Their columns.
    hint : str
        How to give swapped columns the right way round.
    who : list of str, optional
        Whose coordinates they are; rows without it.

    Raises
    ------
    DataError
    """
    high = np.abs(latitude) > 90
    far = (longitude < -180) | (longitude > 360)
    where = "rows" if who is None else "units"
    if high.any() and not (high & (np.abs(longitude) > 90)).any():
        top = latitude[np.abs(latitude).argmax()]
        if not (np.abs(longitude) > 90).any():
            raise DataError(
                f"latitude {names[0]!r} goes to {top:g} and longitude {names[1]!r} stays within 90: they look swapped",
                hint=hint,
            )
        raise DataError(
            f"latitude {names[0]!r} is out of range in {int(high.sum())} of {len(high)} {where}{_of(who, high)}, such "
            f"as {top:g}, and there longitude {names[1]!r} stays within 90: in these {where} they look swapped",
            hint=f"exchange them there; {DEGREES}",
        )
    for name, what, wrong, values in ((names[0], "latitude", high, latitude), (names[1], "longitude", far, longitude)):
        if wrong.any():
            raise DataError(
                f"{what} {name!r} is out of range in {int(wrong.sum())} of {len(values)} {where}{_of(who, wrong)}, "
                f"such as {values[wrong][0]:g}",
                hint=DEGREES,
            )


def _of(who: list[str] | None, wrong: np.ndarray) -> str:
    return "" if who is None else f" ({listed(np.array(who, dtype=object)[wrong])})"
