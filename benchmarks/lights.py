"""Zonal sums of 34 images in 360 polygons on a grid of 4,500 x 7,500 cells: time and memory, beside exactextract.

    python benchmarks/lights.py [images]

The grid is China's at 30 seconds of arc. 18 x 20 polygons with ragged boundaries of 400 points tile its middle.
Images are random digital numbers, drawn one at a time (drawing is not timed), as files of a folder would be read. Goal:
40 s and 1.5 GB for everything. exactextract measures the first three images, its time is scaled to all.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np

from econloom import lights
from econloom.lights.zonal import totals

ROWS, COLUMNS, SIDE = 4500, 7500, 1 / 120
GRID = lights.Grid(ROWS, COLUMNS, west=73.0, north=54.0, width=SIDE, height=SIDE)
DOWN, ACROSS, POINTS = 18, 20, 100


def edge(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Points of a ragged edge, the same from both sides."""
    first, last = sorted((tuple(start), tuple(end)))
    rng = np.random.default_rng([round(1e4 * v) for v in (*first, *last)])
    share = np.linspace(0, 1, POINTS + 1)[:-1, None]
    points = np.array(first) * (1 - share) + np.array(last) * share
    across = 1 if first[1] == last[1] else 0
    points[:, across] += rng.uniform(-0.08, 0.08, POINTS) * np.sin(np.pi * share[:, 0])
    return points if first == tuple(start) else np.r_[[last], points[:0:-1]]


def polygons() -> lights.Boundaries:
    x, y = np.linspace(75, 133, ACROSS + 1), np.linspace(18, 52, DOWN + 1)
    made = {}
    for i in range(DOWN):
        for j in range(ACROSS):
            corners = [np.array(c) for c in ((x[j], y[i]), (x[j + 1], y[i]), (x[j + 1], y[i + 1]), (x[j], y[i + 1]))]
            made[f"{i}-{j}"] = np.concatenate([edge(corners[k], corners[(k + 1) % 4]) for k in range(4)])
    return lights.Boundaries.of(made)


def theirs(image: np.ndarray, zones: lights.Boundaries) -> float:
    try:
        import exactextract
        from exactextract.raster import NumPyRasterSource
    except ImportError:
        return float("nan")
    features = [
        {
            "type": "Feature",
            "properties": {},
            "geometry": {"type": "Polygon", "coordinates": [[*r.tolist(), r[0].tolist()]]},
        }
        for (r,) in zones.rings
    ]
    west, south, east, north = GRID.bounds
    start = time.perf_counter()
    source = NumPyRasterSource(image, xmin=west, ymin=south, xmax=east, ymax=north)
    exactextract.exact_extract(source, features, ["sum", "mean"])
    return time.perf_counter() - start


def main(arguments: list[str]) -> None:
    count = int(arguments[0]) if arguments else 34
    zones, rng, ones = polygons(), np.random.default_rng(1), np.ones(ROWS)
    small = lights.Grid(4, 4, 0, 4, 1, 1)  # compiles
    warm = lights.index(lights.Boundaries.of({"A": [(0, 0), (3, 0), (3, 3.5)]}), small)
    totals(np.ones((4, 4), np.uint8), None, warm, np.ones(4))
    start = time.perf_counter()
    found = lights.index(zones, GRID)
    once = time.perf_counter() - start
    ours, others = [], []
    for k in range(count):
        image = rng.integers(0, 64, size=(ROWS, COLUMNS), dtype=np.uint8)
        start = time.perf_counter()
        totals(image, None, found, ones)
        ours.append(time.perf_counter() - start)
        if k < 3:
            others.append(theirs(image, zones))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    total, other = once + sum(ours), float(np.median(others)) * count
    print(
        f"{count} images x {len(zones.names)} polygons on {ROWS} x {COLUMNS} cells, {len(found.cells):,} on boundaries"
    )
    print(f"  index of the map      {once:8.2f} s (once)")
    print(f"  an image              {np.median(ours):8.3f} s (median)")
    print(f"  all                   {total:8.2f} s, peak memory {peak:.2f} GB")
    print(f"  exactextract          {other:8.2f} s (from 3 images): {other / total:.1f} times as long")


if __name__ == "__main__":
    main(sys.argv[1:])
