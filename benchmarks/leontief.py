"""Time the inter-country road: V B Y of one 2,464-sector table, the naive full inverse, and all fifteen years.

    python benchmarks/leontief.py [FOLDER] [ROUNDS]

The ways are run in turn, round by round, and medians are printed. OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are removed
from the environment (the process starts itself again without them), so that OpenBLAS picks the kernels of this machine.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parents[1] / "studies/globalisation/data/wiod2016"
UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def naive(t) -> np.ndarray:
    """The textbook way: invert I - A, form V B Y in full, sum the sectors of every origin."""
    flows = np.diag(t.v) @ np.linalg.inv(np.eye(t.n) - t.coefficients()) @ t.Y
    return flows.reshape(len(t.countries), len(t.sectors), -1).sum(axis=1)


def interleaved(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each way in each round."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def main(folder: Path, rounds: int) -> None:
    from econloom import iot

    start = time.perf_counter()
    tables = iot.read(folder)
    iot.yearly_value_added_absorbed(tables)
    cold = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    t = tables.table(tables.years[-1])
    gap = np.abs(iot.value_added_absorbed(t) - naive(t)).max() / t.x.max()
    ways = {
        "read and check the folder": lambda: iot.read(folder),
        "assemble one table": lambda: tables.table(tables.years[-1]),
        "V B Y of one table": lambda: iot.value_added_absorbed(t),
        "naive: full inverse and V B Y": lambda: naive(t),
        f"{len(tables.years)} years, read to flows": lambda: iot.yearly_value_added_absorbed(iot.read(folder)),
    }
    print(f"n = {t.n}, {os.cpu_count()} cores; largest difference to the naive way {gap:.1e} of the largest output")
    print(f"{len(tables.years)} years cold (first call in the process): {cold:.2f} s, peak memory {peak:.0f} MB")
    for name, seconds in interleaved(ways, rounds).items():
        print(f"{name:32s} median {statistics.median(seconds):7.3f} s   range {min(seconds):.3f}-{max(seconds):.3f}")


if __name__ == "__main__":
    if any(name in os.environ for name in UNSET):
        clean = {name: value for name, value in os.environ.items() if name not in UNSET}
        os.execve(sys.executable, [sys.executable, *sys.argv], clean)
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER, int(sys.argv[2]) if len(sys.argv) > 2 else 5)
