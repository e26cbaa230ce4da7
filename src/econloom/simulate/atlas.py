"""Real places of the simulated provinces, a simulated map around them, and the sector indices that the truth needs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import polars as pl

CELL = 0.1  # degrees: size of a cell of the simulated images
WEST, NORTH = 73.0, 54.0
INVARIANT = "鹤岗市"  # whose lights do not change
_LARGEST = 0.6  # degrees: half the width of a prefecture at most


@dataclass(frozen=True, slots=True)
class Atlas:
    """332 prefectures of 30 provinces.

    Attributes
    ----------
    prefecture : (n,) str
    province : (30,) str
        In the order of their codes.
    of : (n,) int
        Province of each prefecture.
    points : (n, 2) float
        Longitude and latitude of the real label points.
    reach : (n,) float
        Half the width of the simulated prefecture, so that no two meet.
    """

    prefecture: np.ndarray
    province: np.ndarray
    of: np.ndarray
    points: np.ndarray
    reach: np.ndarray

    def outline(self, k: int) -> np.ndarray:
        """The octagon around a prefecture's point, (8, 2)."""
        angle = np.pi / 8 + np.arange(8) * np.pi / 4
        return np.asarray(self.points[k] + self.reach[k] * np.c_[np.cos(angle), np.sin(angle)] / np.cos(np.pi / 8))


def _table(name: str) -> pl.DataFrame:
    return pl.read_csv(files("econloom.simulate").joinpath(f"places/{name}.csv").read_bytes())


@cache
def atlas() -> Atlas:
    """The places.

    Examples
    --------
    >>> len(atlas().prefecture), len(atlas().province)
    (332, 30)
    """
    table = _table("prefectures")
    points = table.select("longitude", "latitude").to_numpy()
    apart = np.abs(points[:, None] - points[None]).max(axis=2)
    np.fill_diagonal(apart, np.inf)
    reach = np.minimum(0.49 * apart.min(axis=1), _LARGEST)
    provinces = table["province"].unique(maintain_order=True)
    place = {p: i for i, p in enumerate(provinces.to_list())}
    of = np.array([place[p] for p in table["province"].to_list()])
    return Atlas(table["prefecture"].to_numpy(), provinces.to_numpy(), of, points, reach)


@cache
def sector_indices() -> pl.DataFrame:
    """Linkages of China by sector and year: ``year``, ``sector``, ``import``, ``export``."""
    return _table("sectors")


def outlines() -> pl.DataFrame:
    """The simulated map: ``prefecture``, ``part``, ``hole``, ``longitude``, ``latitude``; one row a corner."""
    places = atlas()
    corners = np.concatenate([places.outline(k) for k in range(len(places.prefecture))])
    return pl.DataFrame(
        {
            "prefecture": np.repeat(places.prefecture, 8),
            "part": np.zeros(len(corners), dtype=np.int64),
            "hole": np.zeros(len(corners), dtype=bool),
            "longitude": np.round(corners[:, 0], 5),
            "latitude": np.round(corners[:, 1], 5),
        }
    )


@cache
def cells() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells that a prefecture touches: its number, and column and row on the grid.

    Returns
    -------
    (m,) int, three times
    """
    places = atlas()
    found = []
    for k, ((x, y), reach) in enumerate(zip(places.points, places.reach, strict=True)):
        columns = np.arange(int((x - reach - WEST) // CELL), int((x + reach - WEST) // CELL) + 1)
        rows = np.arange(int((NORTH - y - reach) // CELL), int((NORTH - y + reach) // CELL) + 1)
        c, r = (v.ravel() for v in np.meshgrid(columns, rows))
        found.append(np.c_[np.full(len(c), k), c, r])
    every = np.concatenate(found)
    # a cell that two prefectures touch shines for the first
    first = np.unique(every[:, 2] * 10_000 + every[:, 1], return_index=True)[1]
    kept = every[np.sort(first)]
    return kept[:, 0], kept[:, 1], kept[:, 2]
