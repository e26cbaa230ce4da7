"""Time 500 placebo draws against loops of regressions in pyfixest 0.60 and fereg 0.4.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE .venv/bin/python benchmarks/placebo.py [CASE...]     cases a b c, all

30,000 rows of 3,000 firms in 300 cities over ten years, firm + year + province x year effects, 8 controls, three
batches of 35 treated cities drawn anew. (a) clustered by city: sums over cities    (b) clustered by firm: passes over
the rows    (c) case (a) among untreated cities, whose rows alone are used. Targets for (a): at most 1 s of CPU warm, at
least 60 times pyfixest's loop and 10 times fereg's.

Every tool runs in a child of this process, with all threads set to 1 (CPU seconds) and to 2 (wall seconds). A round is
500 draws of econloom and 5 of each peer, interleaved; medians over 9 rounds, the peers' times 100. `first` is
the first call in a new process with compiled code cached. Coefficients and standard errors of the draws that the peers
made are compared.
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
CONTROLS = " + ".join(f"x{j}" for j in range(1, 9))
FORMULA = f"y ~ d + {CONTROLS} | firm + year + province^year"
DRAWS, PEER_DRAWS, ROUNDS = 500, 5, 9
CASES = {"a": ("city", "all"), "b": ("firm", "all"), "c": ("city", "never_treated")}
TARGETS = {"pyfixest": 60, "fereg": 10}


def firms(seed: int = 1) -> pl.DataFrame:
    """Firms in cities in provinces; three per cent of rows missing at random."""
    rng = np.random.default_rng(seed)
    cities, number, years = 300, 3_100, np.arange(2011, 2021)
    city = np.concatenate([np.arange(cities), rng.integers(0, cities, number - cities)])
    province = rng.integers(0, 31, cities)
    date = np.zeros(cities, dtype=int)
    date[rng.permutation(cities)[:35]] = np.repeat([2015, 2016, 2018], [1, 12, 22])
    firm, year = (a.ravel() for a in np.meshgrid(np.arange(number), years, indexing="ij"))
    keep = np.sort(rng.choice(len(firm), size=30_000, replace=False))
    firm, year = firm[keep], year[keep]
    at = city[firm]
    d = ((date[at] > 0) & (year >= date[at])).astype(float)
    X = rng.normal(size=(len(firm), 8)) + 0.3 * rng.normal(size=(number, 8))[firm]
    y = X @ np.linspace(0.5, -0.2, 8) + rng.normal(size=number)[firm] + rng.normal(size=len(firm)) + 0.06 * d
    columns = {f"x{j + 1}": X[:, j] for j in range(8)}
    return pl.DataFrame({
        "firm": firm, "year": year, "city": at, "province": province[at], "d": d, "y": y, **columns
    })  # fmt: skip


def measured(case: str, threads: int) -> dict[str, object]:
    """Seconds of each tool in each round, and the largest relative differences."""
    import fereg
    import pyfixest as pf

    import econloom as el

    cluster, pool = CASES[case]
    frame = firms()

    def ours():
        return el.placebo.permute(FORMULA, frame, "d", "city", "year", DRAWS, vcov=el.cluster(cluster), pool=pool)

    start = time.perf_counter()
    found = ours()
    first = time.perf_counter() - start
    drawn = [frame.with_columns(found.treatment(k + 1)).filter(pl.col("d").is_not_null()) for k in range(PEER_DRAWS)]
    pandas = [f.to_pandas() for f in drawn]
    common = {"vcov": {"CRV1": cluster}, "fixef_rm": "none", "fixef_tol": 1e-8}
    tools = {
        "econloom": ours,
        "pyfixest": lambda: [pf.feols(FORMULA, f, **common) for f in pandas],
        "fereg": lambda: [fereg.feols(FORMULA, f, nthreads=threads, **common) for f in drawn],
    }
    seconds: dict[str, list[float]] = {name: [] for name in tools}
    gaps = [0.0, 0.0]
    for turn in range(ROUNDS + 1):
        for name, way in tools.items():
            cpu, wall = time.process_time(), time.perf_counter()
            made = way()
            spent = (time.process_time() - cpu) if threads == 1 else (time.perf_counter() - wall)
            if turn:
                seconds[name].append(spent * (1 if name == "econloom" else DRAWS / PEER_DRAWS))
            elif name != "econloom":
                for row, fit in zip(found.tidy().iter_rows(named=True), made, strict=False):
                    gaps[0] = max(gaps[0], abs(float(dict(fit.coef())["d"]) / row["estimate"] - 1))
                    gaps[1] = max(gaps[1], abs(float(dict(fit.se())["d"]) / row["std_error"] - 1))
    return {"seconds": seconds, "gaps": gaps, "first": first, "rows": found.n}


def child(threads: int, case: str) -> dict:
    environment = {k: v for k, v in os.environ.items() if k not in UNSET} | dict.fromkeys(POOLS, str(threads))
    command = [sys.executable, __file__, "--child", str(threads), case]
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


def report(case: str) -> None:
    cluster, pool = CASES[case]
    print(f"\n({case}) clustered by {cluster}, from {pool} cities; load {os.getloadavg()[0]:.1f}", flush=True)
    for threads, what in ((1, "CPU, one thread"), (2, "wall, two threads")):
        result = child(threads, case)
        ours = result["seconds"]["econloom"]
        for tool, seconds in result["seconds"].items():
            ratio = statistics.median(b / a for a, b in zip(ours, seconds, strict=True))
            told = "" if tool == "econloom" else f"   {ratio:7.0f} times econloom's"
            if case == "a" and threads == 1 and tool in TARGETS:
                told += f" (target {TARGETS[tool]})"
            print(f"  {what:18s} {tool:9s} {statistics.median(seconds):8.2f} s for {DRAWS} draws{told}")
        b, se = result["gaps"]
        print(f"  {result['rows']:,} rows; first call {result['first']:.2f} s; largest relative difference"
              f" of a coefficient {b:.1e}, of a standard error {se:.1e}")  # fmt: skip


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--child"]:
        warnings.simplefilter("ignore")
        print(json.dumps(measured(arguments[2], int(arguments[1]))))
        return
    if unknown := [case for case in arguments if case not in CASES]:
        raise SystemExit(f"no case {', '.join(unknown)}; there are {', '.join(CASES)}")
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    for case in arguments or list(CASES):
        report(case)


if __name__ == "__main__":
    main(sys.argv[1:])
