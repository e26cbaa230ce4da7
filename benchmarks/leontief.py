"""Time the inter-country road: V B Y of one 2,464-sector table, the naive full inverse, all years of two releases.

    python benchmarks/leontief.py [ROUNDS]

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

STUDIES = Path(__file__).resolve().parents[1] / "studies"
ASSEMBLED = STUDIES / "globalisation/data/wiod2016"
ARRAYS = STUDIES / "globalisation_1995_2011/data/wiod2013"
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


def ways(assembled: Path, arrays: Path) -> dict[str, Callable[[], object]]:
    from econloom import iot

    tables, older = iot.read(assembled), iot.read(arrays)
    last = tables.years[-1]
    t = tables.table(last)
    gap = np.abs(iot.value_added_absorbed(t) - naive(t)).max() / t.x.max()
    print(f"n = {t.n}, {os.cpu_count()} cores; largest difference to the naive way {gap:.1e} of the largest output")
    return {
        "read and check wiod2016": lambda: iot.read(assembled),
        "assemble one table": lambda: tables.table(last),
        "V B Y of one table": lambda: iot.value_added_absorbed(t),
        "naive: full inverse and V B Y": lambda: naive(t),
        "domestic value added, one table": lambda: iot.domestic_value_added_exported(t),
        f"{len(tables.years)} years, read to flows": lambda: iot.yearly_value_added_absorbed(iot.read(assembled)),
        "read and check wiod2013": lambda: iot.read(arrays),
        "unpack one table (n = 1,435)": lambda: older.table(2011),
        f"{len(older.years)} years, read to index": lambda: iot.trade_benefit_indices(iot.read(arrays), "plain"),
        f"{len(older.years)} years, index from DVA": lambda: iot.trade_benefit_indices(
            older, flows="domestic_value_added"
        ),
    }


def cold(what: str, run: Callable[[], object]) -> None:
    start = time.perf_counter()
    run()
    seconds, peak = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what}: {seconds:.2f} s, peak memory so far {peak:.0f} MB")


def main(rounds: int) -> None:
    from econloom import iot

    cold("wiod2013, read to index", lambda: iot.trade_benefit_indices(iot.read(ARRAYS), "plain"))
    cold("wiod2016, read to flows", lambda: iot.yearly_value_added_absorbed(iot.read(ASSEMBLED)))
    for name, seconds in interleaved(ways(ASSEMBLED, ARRAYS), rounds).items():
        print(f"{name:32s} median {statistics.median(seconds):7.3f} s   range {min(seconds):.3f}-{max(seconds):.3f}")


if __name__ == "__main__":
    if any(name in os.environ for name in UNSET):
        clean = {name: value for name, value in os.environ.items() if name not in UNSET}
        os.execve(sys.executable, [sys.executable, *sys.argv], clean)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
