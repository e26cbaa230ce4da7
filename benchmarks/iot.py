"""Inter-country accounting beside pymrio 0.7 and beside its own floor, on one thread: CPU seconds and memory.

    python benchmarks/iot.py [ROUNDS]

Synthetic tables of 44 x 56 = 2,464 and 70 x 50 = 3,500 sectors (seed 8). Every way runs in a process of its own; the
ways are taken in turn, round by round, and medians are printed: CPU time of the call, and resident memory at its peak
less that before it, the table being there already. The LU floor is LAPACK's getrf alone on I - A, which is in memory.
Then all Wang-Wei-Zhu terms, upstreamness, and fifteen tables in a row. OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are
removed from the environment, so that OpenBLAS picks the kernels of this machine.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

SIZES = {2464: (44, 56), 3500: (70, 50)}
UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
THREADS = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def flows(G: int, S: int, seed: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Z and Y with heavy domestic blocks and inputs of about half of output."""
    rng = np.random.default_rng(seed)
    n = G * S
    size = rng.lognormal(0, 1.5, n)
    Z = rng.random((n, n)) * size[:, None] * size
    home = np.arange(G)
    Z.reshape(G, S, G, S)[home, :, home, :] *= 20
    Y = rng.random((n, G)) * size[:, None]
    Y[np.arange(n), np.arange(n) // S] *= 20
    Z *= Y.sum() / Z.sum()
    short = 1.3 * Z.sum(axis=0) - Z.sum(axis=1) - Y.sum(axis=1)
    Y[np.arange(n), np.arange(n) // S] += np.maximum(short, 0)
    return Z, Y


def ours(G: int, S: int) -> object:
    from econloom import iot

    Z, Y = flows(G, S)
    return iot.IOTable(Z, Y, [f"C{i:02d}" for i in range(G)], [f"s{i:02d}" for i in range(S)])


def _pymrio(G: int, S: int) -> Callable[[], object]:
    import pandas as pd
    import pymrio

    Z, Y = flows(G, S)
    x = Z.sum(axis=1) + Y.sum(axis=1)
    rows = pd.MultiIndex.from_product([range(G), range(S)], names=["region", "sector"])
    columns = pd.MultiIndex.from_product([range(G), ["final"]], names=["region", "category"])
    system = pymrio.IOSystem(Z=pd.DataFrame(Z, rows, rows), Y=pd.DataFrame(Y, rows, columns))
    added = pd.DataFrame((x - Z.sum(axis=0))[None, :], ["value added"], rows)
    system.value_added = pymrio.Extension("value added", F=added)
    return system.calc_all


def _inverse(G: int, S: int) -> Callable[[], object]:
    t = ours(G, S)

    def full() -> np.ndarray:
        L = np.linalg.inv(np.eye(t.n) - t.Z / t.x)
        return ((t.v[:, None] * L) @ t.Y).reshape(G, S, G).sum(axis=1)

    return full


def _floor(G: int, S: int) -> Callable[[], object]:
    from scipy.linalg import lapack

    t = ours(G, S)
    M = np.asfortranarray(np.eye(t.n) - t.coefficients())
    return lambda: lapack.dgetrf(M, overwrite_a=1)


def _econloom(name: str) -> Callable[[int, int], Callable[[], object]]:
    def prepare(G: int, S: int) -> Callable[[], object]:
        from econloom import iot

        t = ours(G, S)
        calls: dict[str, Callable[[], object]] = {
            "vby": lambda: iot.value_added_absorbed(t),
            "wwz": lambda: iot.decompose.wwz(t),
            "kww": lambda: iot.decompose.kww(t),
            "borin": lambda: iot.decompose.borin_mancini(t, "sink"),
            "stages": lambda: iot.upstreamness(t),
        }
        return calls[name]

    return prepare


WAYS: dict[str, Callable[[int, int], Callable[[], object]]] = {
    "LU floor (getrf)": _floor,
    "econloom V B Y": _econloom("vby"),
    "L, then V L Y (numpy)": _inverse,
    "pymrio calc_all": _pymrio,
    "econloom WWZ, 16 terms": _econloom("wwz"),
    "econloom KWW": _econloom("kww"),
    "econloom Borin-Mancini, sink": _econloom("borin"),
    "econloom upstreamness": _econloom("stages"),
}


def resident() -> float:
    """Resident memory now, MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def child(name: str, n: int) -> None:
    """One way once: numbers as JSON. A first run on a small table loads code, the timed one is on the large."""
    import gc

    WAYS[name](3, 4)()
    run = WAYS[name](*SIZES[n])
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts again from here
    before, start = resident(), time.process_time()
    run()
    seconds = time.process_time() - start
    status = Path("/proc/self/status").read_text().splitlines()
    high = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
    print(json.dumps({"cpu": seconds, "added": high - before, "peak": high}))


def several(count: int) -> None:
    """Tables of many years one after the other in this process: peak memory after each."""
    from econloom import iot

    peaks = []
    for year in range(count):
        G, S = SIZES[2464]
        Z, Y = flows(G, S, seed=year)
        t = iot.IOTable(Z, Y, [f"C{i:02d}" for i in range(G)], [f"s{i:02d}" for i in range(S)])
        iot.indicators(t, ["value_added_absorbed", "wwz", "participation", "upstreamness"])
        del Z, Y, t
        peaks.append(peak())
    print(json.dumps(peaks))


def measured(name: str, n: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", name, str(n)]
    done = subprocess.run(command, env={**os.environ, **THREADS}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def main(rounds: int) -> None:
    for n in SIZES:
        found: dict[str, list[dict[str, float]]] = {name: [] for name in WAYS}
        for _ in range(rounds):
            for name in WAYS:
                found[name].append(measured(name, n))
        medians = {
            name: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for name, runs in found.items()
        }
        print(f"\nn = {n:,}, one thread, medians of {rounds} rounds")
        for name, m in medians.items():
            print(f"  {name:30s} {m['cpu']:7.3f} s CPU   +{m['added']:6.0f} MB   peak {m['peak']:6.0f} MB")
        vby = medians["econloom V B Y"]
        for other, bound in (("pymrio calc_all", 0.25), ("L, then V L Y (numpy)", 0.35), ("LU floor (getrf)", 1.6)):
            print(f"  V B Y / {other:24s} CPU {vby['cpu'] / medians[other]['cpu']:.3f} (bound {bound})")
        for other in ("pymrio calc_all", "L, then V L Y (numpy)"):
            print(f"  V B Y / {other:24s} added memory {vby['added'] / medians[other]['added']:.3f} (bound 0.25)")
    command = [sys.executable, __file__, "--several", "15"]
    done = subprocess.run(command, env={**os.environ, **THREADS}, capture_output=True, text=True, check=True)
    peaks = json.loads(done.stdout)
    print("\npeak memory after each of 15 tables, MB: " + " ".join(f"{p:.0f}" for p in peaks))


if __name__ == "__main__":
    if any(name in os.environ for name in UNSET):
        clean = {name: value for name, value in os.environ.items() if name not in UNSET}
        os.execve(sys.executable, [sys.executable, *sys.argv], clean)
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], int(sys.argv[3]))
    elif sys.argv[1:2] == ["--several"]:
        several(int(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
