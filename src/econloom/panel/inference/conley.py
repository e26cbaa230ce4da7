"""Covariance of errors that are correlated between near places (Conley 1999), and over time within a unit.

With ``s_i`` the scores, d the great-circle distance and L the time lags::

    sum_ij k(d_ij) s_i s_j'  +  sum_(l=1..L) (1 - l/(L+1)) sum_i sum_t (s_it s_i,t-l' + its transpose)
    bartlett   k = max(0, 1 - d / km)          uniform   k = 1 where d <= km

In a panel with time the first sum is over rows of one period (Hsiang 2010), else over all rows. Rows of one place are
added up first; places are taken in bands of latitude and only compared with those that can be near enough. The full
matrix of distances is never formed. The factor is ``(n-1)/(n-K)``, as in fixest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from econloom.core.covariances import Space, VcovSpec
from econloom.core.errors import DataError
from econloom.panel.absorb import FloatArray, IntArray, compact
from econloom.panel.distances import EARTH, between, on_sphere, refuse_coordinates
from econloom.panel.inference.clustering import nearest_definite
from econloom.panel.inference.serial import Axes, lagged_products

BAND = 256
"""Places compared with their neighbours at once."""
CELLS = 8_000_000
"""Sums of scores by place and period held at once."""


@dataclass(frozen=True)
class Places:
    """Distinct places, sorted by latitude.

    Attributes
    ----------
    codes : (n,) int array
        Place of each row.
    latitude : (places,) array
        Ascending, in degrees.
    points : (places, 3) array
        On the unit sphere.
    """

    codes: IntArray
    latitude: FloatArray
    points: FloatArray

    @classmethod
    def of(cls, latitude: FloatArray, longitude: FloatArray) -> Places:
        """Distinct pairs of coordinates; 180 degrees west is 180 degrees east.

        Examples
        --------
        >>> Places.of(np.array([10.0, 0.0, 10.0]), np.array([190.0, 0.0, -170.0])).codes.tolist()
        [1, 0, 1]
        """
        pairs = np.column_stack([latitude, (longitude + 180) % 360 - 180]) + 0.0
        known, codes = np.unique(pairs, axis=0, return_inverse=True)
        return cls(codes.reshape(-1).astype(np.int64), known[:, 0], on_sphere(known[:, 0], known[:, 1]))

    def near(self, space: Space) -> Iterator[tuple[slice, slice, FloatArray]]:
        """Bands of places, the places that can be near them, and the kernel between both."""
        reach = np.degrees(space.km / EARTH) * (1 + 1e-9)
        for begin in range(0, len(self.latitude), BAND):
            band = slice(begin, min(begin + BAND, len(self.latitude)))
            low = np.searchsorted(self.latitude, self.latitude[band.start] - reach)
            high = np.searchsorted(self.latitude, self.latitude[band.stop - 1] + reach, side="right")
            others = slice(int(low), int(high))
            yield band, others, _kernel(between(self.points[band], self.points[others]), space)


def conley_meat(scores: FloatArray, vcov: VcovSpec, where: Axes) -> tuple[FloatArray, tuple[str, ...]]:
    """Meat of the covariance, (p, p), and what is to be said of it.

    Parameters
    ----------
    scores : (n, p) array
    vcov : VcovSpec
        ``conley``.
    where : Axes

    Raises
    ------
    DataError
        Coordinates out of range, or swapped.

    Examples
    --------
    >>> where = Axes(latitude=np.array([0.0, 0.0, 50.0]), longitude=np.array([0.0, 0.4491576, 0.0]))
    >>> vcov = VcovSpec("conley", space=Space("lat", "lon", 100.0))
    >>> round(conley_meat(np.ones((3, 1)), vcov, where)[0].item(), 3)
    4.001
    """
    space, latitude, longitude = vcov.space, where.latitude, where.longitude
    if space is None or latitude is None or longitude is None:
        raise DataError("a Conley covariance needs coordinates")
    names = (space.latitude, space.longitude)
    refuse_coordinates(latitude, longitude, names, f"el.conley({names[1]!r}, {names[0]!r}, ...)")
    places = Places.of(latitude, longitude)
    time, periods = (np.zeros(len(scores), np.int64), 1) if where.time is None else compact(where.time)
    meat = np.zeros((scores.shape[1],) * 2)
    step = max(1, CELLS // max(1, len(places.points) * scores.shape[1]))
    for begin in range(0, periods, step):
        inside = (time >= begin) & (time < begin + step)
        meat += _spatial(scores[inside], places, places.codes[inside], time[inside] - begin, space)
    if vcov.lags and where.time is not None:
        unit = places.codes if where.unit is None else where.unit.codes
        meat += lagged_products(scores, unit, where.time, vcov.lags)
    fixed, said = nearest_definite(meat)
    if said is None:
        return meat, ()
    changed = "set to zero" in said
    what = "its negative eigenvalues were set to zero" if changed else "its variances are positive"
    return fixed, (f"the {space.kernel} kernel gave a covariance that is not positive semi-definite; {what}",)


def _spatial(scores: FloatArray, places: Places, codes: IntArray, time: IntArray, space: Space) -> FloatArray:
    """``sum_t S_t' K S_t`` with S_t the sums of scores by place in period t, (p, p)."""
    p, count = scores.shape[1], len(places.points)
    periods = int(time.max()) + 1 if len(time) else 1
    cell = codes * periods + time
    sums = np.stack([np.bincount(cell, s, count * periods) for s in scores.T], axis=-1).reshape(count, -1)
    total = np.zeros((p, p))
    for band, others, K in places.near(space):
        mixed = (K @ sums[others]).reshape(-1, p)
        total += sums[band].reshape(-1, p).T @ mixed
    return (total + total.T) / 2


def _kernel(km: FloatArray, space: Space) -> FloatArray:
    if space.kernel == "uniform":
        return (km <= space.km).astype(np.float64)
    return np.asarray(np.maximum(0.0, 1 - km / space.km))
