"""Time PPML with two fixed effects on a million rows against pyfixest 0.60.

    python benchmarks/poisson.py [ROWS]

100,000 and 1,000 groups, five regressors, clustered by the larger effect, counts with a tenth to a half of zeros. Both
tools run in one child, once with all threads set to 1 (CPU seconds) and once with 2 (wall seconds); rounds are
interleaved and the median of round-by-round ratios is printed. pyfixest runs at its defaults (1e-8 of the deviance,
effects to 1e-6): econloom's own tolerances are tighter.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import warnings

import numpy as np
import polars as pl

UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS")
FORMULA = "y ~ x1 + x2 + x3 + x4 + x5 | f1 + f2"
ROUNDS = 3


def flows(n: int, seed: int = 1) -> pl.DataFrame:
    """Counts whose logarithm is linear in regressors and two effects."""
    rng = np.random.default_rng(seed)
    sizes = (max(n // 10, 10), max(n // 1000, 10))
    f1, f2 = (rng.integers(0, size, n) for size in sizes)
    X = rng.normal(size=(n, 5)) + 0.3 * rng.normal(size=(sizes[0], 5))[f1]
    eta = X @ np.array([0.4, 0.3, -0.2, 0.1, 0.05]) + 0.5 * rng.normal(size=sizes[0])[f1]
    y = rng.poisson(np.exp(eta + 0.5 * rng.normal(size=sizes[1])[f2])).astype(float)
    return pl.DataFrame({"f1": f1, "f2": f2, "y": y, **{f"x{j + 1}": X[:, j] for j in range(5)}})


def measured(n: int, threads: int) -> dict[str, object]:
    """Seconds of each tool in each round, and the largest difference of coefficients."""
    import pyfixest as pf

    import econloom as el

    frame = flows(n)
    data = frame.to_pandas()
    ways = {
        "econloom": lambda: el.poisson(FORMULA, frame, vcov=el.cluster("f1")),
        "pyfixest": lambda: pf.fepois(FORMULA, data, vcov={"CRV1": "f1"}, fixef_rm="none"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS + 1):
        found = {}
        for name, way in ways.items():
            cpu, wall = time.process_time(), time.perf_counter()
            found[name] = way()
            spent = (time.process_time() - cpu) if threads == 1 else (time.perf_counter() - wall)
            if turn:
                seconds[name].append(spent)
        ours, theirs = found["econloom"].tidy()["estimate"].to_numpy(), found["pyfixest"].coef().to_numpy()
    return {"seconds": seconds, "gap": float(np.max(np.abs(theirs / ours - 1)))}


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--child"]:
        warnings.simplefilter("ignore")
        print(json.dumps(measured(int(arguments[2]), int(arguments[1]))))
        return
    n = int(arguments[0]) if arguments else 1_000_000
    print(f"{n:,} rows, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; at most 1.0 of pyfixest")
    for threads, what in ((1, "CPU, one thread"), (2, "wall, two threads")):
        environment = {k: v for k, v in os.environ.items() if k not in UNSET} | dict.fromkeys(POOLS, str(threads))
        command = [sys.executable, __file__, "--child", str(threads), str(n)]
        result = json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
        ours, theirs = result["seconds"]["econloom"], result["seconds"]["pyfixest"]
        ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
        print(f"  {what}: econloom {statistics.median(ours):.2f} s, pyfixest {statistics.median(theirs):.2f} s")
        print(f"  econloom is {ratio:.2f} of it; largest relative difference of a coefficient {result['gap']:.1e}")


if __name__ == "__main__":
    main(sys.argv[1:])
