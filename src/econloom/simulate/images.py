"""Images of night lights by satellite and year, from the brightness of prefectures: gains, saturation, noise."""

from __future__ import annotations

import numpy as np
import polars as pl

from econloom.simulate import provinces
from econloom.simulate.atlas import CELL, INVARIANT, NORTH, WEST, atlas, cells
from econloom.simulate.processes import Process

SATURATED = 63
NOISE = 0.02  # of an image, of ln DN
REFERENCE = "F16 2006"
SATELLITES = {"F14": (2000, 2003), "F15": (2000, 2007), "F16": (2004, 2009), "F18": (2010, 2013)}


def gains(seed: int) -> dict[str, tuple[float, float]]:
    """True a and b by image: truth = a DN^b.

    Examples
    --------
    >>> len(gains(1)), gains(1)["F16 2006"]
    (22, (1.0, 1.0))
    """
    rng = np.random.default_rng([seed, 120])
    made = {}
    for satellite, (first, last) in SATELLITES.items():
        usual = rng.normal(0, 0.12)
        for year in range(first, last + 1):
            a, b = np.exp(usual + rng.normal(0, 0.08)), 1 + rng.normal(0, 0.05)
            made[f"{satellite} {year}"] = (1.0, 1.0) if f"{satellite} {year}" == REFERENCE else (float(a), float(b))
    return made


def pattern(seed: int) -> np.ndarray:
    """How bright each cell is relative to its prefecture; the invariant one has the whole range of numbers."""
    rng = np.random.default_rng([seed, 121])
    of, _, _ = cells()
    made = np.exp(rng.normal(0, 0.25, len(of)))
    held = np.asarray(of == int(np.flatnonzero(atlas().prefecture == INVARIANT)[0]))
    made[held] = rng.permutation(np.geomspace(0.6, 6.0, int(held.sum())))
    means = np.bincount(of, made) / np.bincount(of)
    return np.asarray(made / np.where(held, np.mean(np.geomspace(0.6, 6.0, 100)), means[of]))


def draw(seed: int, process: Process) -> dict[str, pl.Series]:
    """Lit cells: ``satellite``, ``year``, ``longitude``, ``latitude`` of the centre, ``dn``."""
    world, shape = provinces.draw(seed, process), pattern(seed)
    rng = np.random.default_rng([seed, 122])
    of, columns, rows = cells()
    longitude, latitude = np.round(WEST + CELL * (columns + 0.5), 3), np.round(NORTH - CELL * (rows + 0.5), 3)
    parts = []
    for name, (a, b) in gains(seed).items():
        satellite, year = name.split()
        true = world.cities["brightness"][of, int(year) - provinces.FIRST] * shape
        seen = (true / a) ** (1 / b) * np.exp(rng.normal(0, NOISE, len(true)))
        dn = np.minimum(np.round(seen), SATURATED).astype(np.int64)
        lit = dn > 0
        parts.append(
            pl.DataFrame(
                {
                    "satellite": [satellite] * int(lit.sum()),
                    "year": np.full(int(lit.sum()), int(year)),
                    "longitude": longitude[lit],
                    "latitude": latitude[lit],
                    "dn": dn[lit],
                }
            )
        )
    frame = pl.concat(parts)
    return {c: frame[c] for c in frame.columns}
