"""Time leave-one-out over firms, years and provinces against a loop of el.ols.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE .venv/bin/python benchmarks/influence.py

30,000 rows of 3,500 firms over ten years, firm + year + province x year effects, five controls, clustered by firm.
Targets: all 3,500 firms left out in at most 2 s; twenty drawn at random (seed 2) equal to plain fits on the other rows
to 1e-8. The loop fits twenty; its time is scaled to all. In a child with one thread (CPU seconds) and one with two
(wall).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np
import polars as pl

UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS")
FORMULA = "y ~ d + x1 + x2 + x3 + x4 + x5 | firm + year + province^year"
ROUNDS, DRAWN = 5, 20


def firms(seed: int = 1) -> pl.DataFrame:
    """Firms in provinces."""
    rng = np.random.default_rng(seed)
    number, years = 3_500, np.arange(2011, 2021)
    province = rng.integers(0, 31, number)
    firm, year = (a.ravel() for a in np.meshgrid(np.arange(number), years, indexing="ij"))
    keep = np.sort(rng.choice(len(firm), size=30_000, replace=False))
    firm, year = firm[keep], year[keep]
    n = len(firm)
    X = rng.normal(size=(n, 5)) + 0.3 * rng.normal(size=(number, 5))[firm]
    d = X @ np.full(5, 0.2) + rng.normal(size=n)
    y = 0.05 * d + X @ np.linspace(0.5, -0.2, 5) + rng.normal(size=number)[firm] + rng.normal(size=n)
    columns = {f"x{j + 1}": X[:, j] for j in range(5)}
    return pl.DataFrame({"firm": firm, "year": year, "province": province[firm], "d": d, "y": y, **columns})


def measured(threads: int) -> dict[str, object]:
    """Seconds of each case in each round, and the largest relative differences."""
    import econloom as el

    frame = firms()
    fit = el.ols(FORMULA, frame, vcov=el.cluster("firm"))
    leave = el.influence.leave_one_out
    values = np.random.default_rng(2).choice(frame["firm"].unique().sort(), DRAWN, replace=False).tolist()
    cases = {
        "firms, all coefficients": lambda: leave(fit, "firm", std_errors=False),
        "firms, one coefficient and its standard error": lambda: leave(fit, "firm", "d"),
        "years, all coefficients and standard errors": lambda: leave(fit, "year"),
        "provinces, all coefficients and standard errors": lambda: leave(fit, "province"),
        "firms, a loop of el.ols": lambda: [
            el.ols(FORMULA, frame.filter(pl.col("firm") != v), vcov=el.cluster("firm")) for v in values
        ],
    }
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    made = {}
    for turn in range(ROUNDS + 1):
        for name, way in cases.items():
            cpu, wall = time.process_time(), time.perf_counter()
            made[name] = way()
            spent = (time.process_time() - cpu) if threads == 1 else (time.perf_counter() - wall)
            if turn:
                seconds[name].append(spent * (frame["firm"].n_unique() / DRAWN if "loop" in name else 1))
    found = made["firms, one coefficient and its standard error"].tidy()
    gaps = [0.0, 0.0]
    for value, alone in zip(values, made["firms, a loop of el.ols"], strict=True):
        row, one = found.filter(left_out=value).row(0, named=True), alone.summary.coefficient("d")
        gaps = [max(gaps[0], abs(row["estimate"] / one.estimate - 1)),
                max(gaps[1], abs(row["std_error"] / one.std_error - 1))]  # fmt: skip
    return {"seconds": seconds, "gaps": gaps, "firms": frame["firm"].n_unique()}


def child(threads: int) -> dict:
    environment = {k: v for k, v in os.environ.items() if k not in UNSET} | dict.fromkeys(POOLS, str(threads))
    command = [sys.executable, __file__, "--child", str(threads)]
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--child"]:
        print(json.dumps(measured(int(arguments[1]))))
        return
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    for threads, what in ((1, "CPU, one thread"), (2, "wall, two threads")):
        result = child(threads)
        for name, seconds in result["seconds"].items():
            print(f"  {what:18s} {name:48s} {statistics.median(seconds):8.2f} s")
        gaps = " and ".join(f"{gap:.1e}" for gap in result["gaps"])
        print(f"  {result['firms']:,} firms (target 2 s); against {DRAWN} plain fits {gaps}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
