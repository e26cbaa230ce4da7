"""Real cities with the real calendar of the pilot zones for cross-border e-commerce; distances between cities."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import polars as pl

from econloom.simulate.register import register

BATCHES = (1, 2, 3)  # that the study counts as treated
_EARTH = 6371.0088  # km, mean radius


@dataclass(frozen=True, slots=True)
class Places:
    """The 290 cities at prefecture level and above, in the order of their codes.

    Attributes
    ----------
    city, province : (n,) str
    province_code : (n,) int
    rank : (n,) str
        直辖市, 副省级 or 地级.
    longitude, latitude : (n,) float
        Of the seat of government, degrees.
    adopted : (n,) int
        Year of approval in the first three batches; 0: in none of them.
    """

    city: np.ndarray
    province: np.ndarray
    province_code: np.ndarray
    rank: np.ndarray
    longitude: np.ndarray
    latitude: np.ndarray
    adopted: np.ndarray

    @property
    def n(self) -> int:
        """Number of cities."""
        return len(self.city)


def table(name: str) -> pl.DataFrame:
    """A file of places that comes with the simulators.

    Examples
    --------
    >>> table("zones")["batch"].max()
    7
    """
    return pl.read_csv(files("econloom.simulate").joinpath(f"places/{name}.csv").read_bytes())


@cache
def calendar() -> pl.DataFrame:
    """The 165 zones: as approved, and with the date of batch 2 that paper 004 gives.

    Examples
    --------
    >>> calendar().filter(pl.col("city") == "金华市")["zone"].to_list()
    ['义乌', '金华']
    """
    real = table("zones").with_columns(pl.col("approval_date").str.to_date())
    printed = pl.when(pl.col("batch") == 2).then(pl.date(2016, 1, 6)).otherwise(pl.col("approval_date"))
    return real.with_columns(printed_date=printed)


@cache
def places() -> Places:
    """The cities.

    Examples
    --------
    >>> places().n, int((places().adopted > 0).sum())
    (290, 35)
    """
    seats = table("seats")
    first = (
        calendar()
        .filter(pl.col("batch").is_in(BATCHES))
        .group_by("city")
        .agg(pl.col("approval_date").min().dt.year().alias("adopted"))
    )
    seats = seats.join(first, on="city", how="left", maintain_order="left")
    ranks = dict(zip(register().city.tolist(), register().rank.tolist(), strict=True))
    province = seats["province"].to_numpy()
    return Places(
        seats["city"].to_numpy(),
        province,
        np.unique(province, return_inverse=True)[1],
        np.array([ranks.get(c, "地级") for c in seats["city"].to_list()]),
        seats["longitude"].to_numpy(),
        seats["latitude"].to_numpy(),
        seats["adopted"].fill_null(0).cast(pl.Int64).to_numpy(),
    )


@cache
def distances() -> np.ndarray:
    """Great-circle distances in km between the seats, (n, n).

    Examples
    --------
    >>> at = {c: i for i, c in enumerate(places().city)}
    >>> round(float(distances()[at["北京市"], at["天津市"]]))
    111
    """
    x, y = np.radians(places().longitude), np.radians(places().latitude)
    half = np.sin((y[:, None] - y) / 2) ** 2 + np.cos(y[:, None]) * np.cos(y) * np.sin((x[:, None] - x) / 2) ** 2
    return np.asarray(2 * _EARTH * np.arcsin(np.sqrt(np.clip(half, 0, 1))))


def ring(low: float, high: float, years: np.ndarray) -> np.ndarray:
    """Whether a zone of the first three batches operates within (low, high] km of a city, (n, years) bool."""
    here = places()
    near = (distances() > low) & (distances() <= high)
    operates = (here.adopted > 0)[:, None] & (here.adopted[:, None] <= years)
    return np.asarray(near.astype(int) @ operates.astype(int) > 0)
