"""Time a specification curve against loops of pyfixest 0.60 and of el.ols.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE .venv/bin/python benchmarks/specifications.py

30,000 rows of 3,100 firms over ten years; firm + year + province x year effects, clustered by firm. Two outcomes, all
subsets of eleven controls beside one that is always in, three samples: 12,288 specifications; two controls have gaps in
two per cent of the rows, so that rows depend on the controls. Target: 10,000 in at most 60 s and 2 GB.
The peers run specifications drawn at random (seed 1), one call each, interleaved; their
time is scaled to all. Ten specifications drawn at random (seed 2) are fitted again by el.ols: coefficients to 1e-8,
standard errors to 1e-6. Every tool in a child of its own, with one thread (CPU seconds) and two (wall seconds).
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
import warnings

import numpy as np
import polars as pl

UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS")
EFFECTS = "firm + year + province^year"
CONTROLS = [f"x{j}" for j in range(1, 12)]
ALWAYS, SAMPLES = "x12", {"all": None, "later": "year > 2013", "without two provinces": "province < 29"}
PEER_FITS, ROUNDS = 8, 3


def firms(seed: int = 1) -> pl.DataFrame:
    """Firms in provinces; gaps in two controls."""
    rng = np.random.default_rng(seed)
    number, years = 3_100, np.arange(2011, 2021)
    province = rng.integers(0, 31, number)
    firm, year = (a.ravel() for a in np.meshgrid(np.arange(number), years, indexing="ij"))
    keep = np.sort(rng.choice(len(firm), size=30_000, replace=False))
    firm, year = firm[keep], year[keep]
    n = len(firm)
    X = rng.normal(size=(n, 12)) + 0.3 * rng.normal(size=(number, 12))[firm]
    d = X[:, :4] @ np.full(4, 0.2) + rng.normal(size=n)
    y = 0.05 * d + X @ np.linspace(0.5, -0.2, 12) + rng.normal(size=number)[firm] + rng.normal(size=n)
    for j in (2, 7):
        X[rng.random(n) < 0.02, j] = np.nan
    columns = {f"x{j + 1}": X[:, j] for j in range(12)}
    return pl.DataFrame({"firm": firm, "year": year, "province": province[firm], "d": d, "y": y,
                         "y2": y + rng.normal(size=n), **columns})  # fmt: skip


def measured(threads: int) -> dict[str, object]:
    """Seconds of each tool in each round; the largest relative differences; memory."""
    import econloom as el

    frame = firms()

    def ours():
        return el.specifications.curve(frame, ["y", "y2"], "d", CONTROLS, ALWAYS, samples=SAMPLES, effects=EFFECTS,
                                       vcov=el.cluster("firm"))  # fmt: skip

    start = time.perf_counter()
    found = ours()
    first, memory = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    table = found.tidy()
    import pyfixest as pf

    drawn = np.random.default_rng(1).choice(len(table), PEER_FITS, replace=False)
    rows = [table.row(int(k), named=True) for k in drawn]
    data = {name: frame if c is None else frame.filter(pl.sql_expr(c)) for name, c in SAMPLES.items()}
    pandas = {name: f.to_pandas() for name, f in data.items()}
    tools = {
        "econloom": ours,
        "el.ols": lambda: [el.ols(r["formula"], data[r["sample"]], vcov=el.cluster("firm")) for r in rows],
        "pyfixest": lambda: [pf.feols(r["formula"], pandas[r["sample"]], vcov={"CRV1": "firm"}, fixef_rm="none",
                                      fixef_tol=1e-8) for r in rows],
    }  # fmt: skip
    seconds: dict[str, list[float]] = {name: [] for name in tools}
    gaps = [0.0, 0.0]
    for turn in range(ROUNDS + 1):
        for name, way in tools.items():
            cpu, wall = time.process_time(), time.perf_counter()
            made = way()
            spent = (time.process_time() - cpu) if threads == 1 else (time.perf_counter() - wall)
            if turn:
                seconds[name].append(spent * (1 if name == "econloom" else len(table) / PEER_FITS))
            elif name == "pyfixest":
                for row, fit in zip(rows, made, strict=True):
                    gaps[0] = max(gaps[0], abs(float(dict(fit.coef())["d"]) / row["estimate"] - 1))
                    gaps[1] = max(gaps[1], abs(float(dict(fit.se())["d"]) / row["std_error"] - 1))
    plain = [0.0, 0.0]
    for k in np.random.default_rng(2).choice(len(table), 10, replace=False):
        row = table.row(int(k), named=True)
        alone = found.refit(row["number"]).summary.coefficient("d")
        plain[0] = max(plain[0], abs(alone.estimate / row["estimate"] - 1))
        plain[1] = max(plain[1], abs(alone.std_error / row["std_error"] - 1))
    return {"seconds": seconds, "gaps": gaps, "plain": plain, "first": first, "memory": memory,
            "number": len(table), "row_sets": found.row_sets, "rows": max(table["n"])}  # fmt: skip


def child(threads: int) -> dict:
    environment = {k: v for k, v in os.environ.items() if k not in UNSET} | dict.fromkeys(POOLS, str(threads))
    command = [sys.executable, __file__, "--child", str(threads)]
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--child"]:
        warnings.simplefilter("ignore")
        print(json.dumps(measured(int(arguments[1]))))
        return
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    for threads, what in ((1, "CPU, one thread"), (2, "wall, two threads")):
        result = child(threads)
        ours = result["seconds"]["econloom"]
        for tool, seconds in result["seconds"].items():
            ratio = statistics.median(b / a for a, b in zip(ours, seconds, strict=True))
            told = "   (target 60 s)" if tool == "econloom" else f"   {ratio:7.0f} times econloom's"
            print(f"  {what:18s} {tool:9s} {statistics.median(seconds):9.2f} s"
                  f" for {result['number']:,} specifications{told}")  # fmt: skip
        head = (
            f"  {result['rows']:,} rows at most, {result['row_sets']} sets of rows; first call {result['first']:.2f} s"
        )
        gaps = [" and ".join(f"{gap:.1e}" for gap in result[who]) for who in ("gaps", "plain")]
        print(f"{head}, {result['memory']:.2f} GB; against pyfixest {gaps[0]}, ten plain fits {gaps[1]}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
