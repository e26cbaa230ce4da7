"""Rings of 50 km up to 500 km around 1,000 treated units, for 100,000 places. Target: under 1 s, no full matrix.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE .venv/bin/python benchmarks/rings.py

Peers, interleaved: scipy's k-d tree (neighbours within 500 km, which are then put into rings) and the full matrix of
haversine distances in blocks. Medians of three after one warm run; the answers are compared.
"""

from __future__ import annotations

import resource
import time
from statistics import median

import numpy as np
from scipy.spatial import cKDTree

from econloom.panel.designs.nearby import NEVER, earliest, of_nearest
from econloom.panel.designs.rings import Rings
from econloom.panel.distances import EARTH, chord, on_sphere

PLACES, TREATED = 100_000, 1_000


def main() -> None:
    rng = np.random.default_rng(1)
    here, there = (np.column_stack([rng.uniform(20, 45, k), rng.uniform(80, 130, k)]) for k in (PLACES, TREATED))
    start, bounds = rng.integers(2015, 2023, TREATED), Rings("c", "s").bounds
    owner, theirs = np.arange(PLACES), np.full(TREATED, -1)
    ways = {
        "any treated unit": lambda: earliest(on_sphere(*here.T), owner, on_sphere(*there.T), theirs, start, bounds),
        "the nearest one": lambda: of_nearest(on_sphere(*here.T), owner, on_sphere(*there.T), theirs, start, bounds),
        "k-d tree": lambda: by_tree(here, there, start, bounds),
        "full matrix in blocks": lambda: by_matrix(here, there, start, bounds),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    found = {}
    for number in range(4):
        for name, way in ways.items():
            begin = time.perf_counter()
            found[name] = way()
            if number:
                taken[name].append(time.perf_counter() - begin)
            if name == "the nearest one" and not number:
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    ours = median(taken["any treated unit"])
    print(f"{PLACES:,} places, {TREATED:,} treated units, {len(bounds)} rings")
    for name, seconds in taken.items():
        print(f"  {name:22s} {median(seconds):6.2f} s  ({median(seconds) / ours:5.1f} times ours)")
    same = {name: bool((found[name] == found["any treated unit"]).all()) for name in list(ways)[2:]}
    print(f"  answers equal: {same}; our peak memory {peak:.2f} GB (the full matrix alone: 0.80 GB)")


def by_tree(here, there, start, bounds):
    P, Q = on_sphere(*here.T), on_sphere(*there.T)
    lists = cKDTree(Q).query_ball_point(P, chord(bounds[-1][1]))
    at = np.repeat(np.arange(len(P)), [len(x) for x in lists])
    to = np.concatenate([np.asarray(x, dtype=np.int64) for x in lists])
    d = 2 * EARTH * np.arcsin(np.sqrt(((P[at] - Q[to]) ** 2).sum(axis=1)) / 2)
    out = np.full((len(P), len(bounds)), NEVER)
    ring = np.searchsorted([b for _, b in bounds], d, side="left")
    np.minimum.at(out, (at, np.minimum(ring, len(bounds) - 1)), start[to])
    return out


def by_matrix(here, there, start, bounds):
    out = np.full((len(here), len(bounds)), NEVER)
    a, b = np.radians(here), np.radians(there)
    for begin in range(0, len(a), 2_000):
        f = a[begin : begin + 2_000]
        h = np.sin((f[:, None, 0] - b[:, 0]) / 2) ** 2
        h += np.cos(f[:, None, 0]) * np.cos(b[:, 0]) * np.sin((f[:, None, 1] - b[:, 1]) / 2) ** 2
        d = 2 * EARTH * np.arcsin(np.sqrt(h))
        for r, (low, high) in enumerate(bounds):
            out[begin : begin + 2_000, r] = np.where((d > low) & (d <= high), start, NEVER).min(axis=1)
    return out


if __name__ == "__main__":
    main()
