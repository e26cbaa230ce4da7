"""Time regressions with fixed effects against pyfixest 0.60 and fereg 0.4.

    python benchmarks/regression.py [CASE...]         cases a b c d d1m e, all by default

(a) 30,000 rows, 9 regressors, firm + year + province x year, clustered by firm    (b) 1 million rows, two effects,
10 regressors    (c) 5 million rows, three effects, two of them large    (d) 12 stepwise columns at 30,000 rows,
(d1m) at 1 million    (e) 2SLS with effects at 30,000 rows.

Every tool runs in this process's child, once with all threads set to 1 (CPU seconds) and once with 2 (wall seconds);
rounds are interleaved and the medians of round-by-round ratios are printed. Each is set to a tolerance that gives
coefficients to 1e-8, which is checked. `first` is the first call in a new process with compiled code cached; peak
memory is that of a process which makes one call, less the same process before it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS")
ROUNDS = {"a": 25, "b": 5, "c": 3, "d": 7, "d1m": 3, "e": 25}
TARGETS = {
    "a": {"fereg": 1.0, "pyfixest": 0.25},
    "b": {"fereg": 1.0, "pyfixest": 0.25},
    "c": {"fereg": 1.2},
    "d": {"fereg": 0.5, "pyfixest": 0.1},
    "d1m": {"fereg": 0.5, "pyfixest": 1 / 6},
    "e": {"pyfixest": 0.3},
}
Way = Callable[[], object]


def listed(k: int, first: int = 1) -> str:
    return " + ".join(f"x{j}" for j in range(first, k + 1))


def ways(case: str, threads: int, only: str | None = None) -> dict[str, Way]:
    """What each tool does, with its data in the form that it likes best."""
    import panels

    makers = {
        "a": lambda: panels.firms(),
        "b": lambda: panels.matched(1_000_000, (100_000, 1_000), 10),
        "c": lambda: panels.matched(5_000_000, (500_000, 50_000, 20), 10),
        "d": lambda: panels.firms(regressors=12),
        "d1m": lambda: panels.firms(1_000_000, 12),
        "e": lambda: panels.firms(),
    }
    models = {
        "a": (f"y ~ {listed(9)} | firm + year + province^year", "firm"),
        "b": (f"y ~ {listed(10)} | f1 + f2", "f1"),
        "c": (f"y ~ {listed(10)} | f1 + f2 + f3", "f1"),
        "d": (f"y ~ csw({listed(12).replace(' +', ',')}) | firm + year + province^year", "firm"),
        "d1m": (f"y ~ csw({listed(12).replace(' +', ',')}) | firm + year + province^year", "firm"),
        "e": (f"y ~ {listed(9, 2)} | firm + year | x1 ~ z", "firm"),
    }
    frame, (formula, cluster) = makers[case](), models[case]
    tools = {
        "econloom": lambda: econloom_way(formula, frame, cluster, "iv" if case == "e" else "ols"),
        "fereg": lambda: fereg_way(formula, frame, cluster, threads),
        "pyfixest": lambda: pyfixest_way(case, formula, frame, cluster),
    }
    return {name: make() for name, make in tools.items() if only in (None, name) and (name, case) != ("pyfixest", "c")}


def econloom_way(formula: str, frame, cluster: str, entry: str) -> Way:
    import econloom as el

    return lambda: getattr(el, entry)(formula, frame, vcov=el.cluster(cluster))


def fereg_way(formula: str, frame, cluster: str, threads: int) -> Way:
    import fereg

    options = {"vcov": {"CRV1": cluster}, "fixef_rm": "none", "fixef_tol": 1e-8, "nthreads": threads}
    return lambda: fereg.feols(formula, frame, **options)


def pyfixest_way(case: str, formula: str, frame, cluster: str) -> Way:
    import pyfixest as pf

    data = frame.to_pandas()
    options = {"vcov": {"CRV1": cluster}, "fixef_rm": "none", "fixef_tol": 1e-8}
    if not case.startswith("d"):
        return lambda: pf.feols(formula, data, **options)
    calls = [f"y ~ {listed(k)} | firm + year + province^year" for k in range(1, 13)]
    return lambda: [pf.feols(call, data, **options) for call in calls]


def coefficients(tool: str, result) -> dict[str, float]:
    """Of the last model, by term."""
    if tool == "econloom":
        tidy = (result if hasattr(result, "estimate") else list(result)[-1]).tidy()
        return dict(zip(tidy["term"], tidy["estimate"], strict=True))
    several = result.to_list() if "Multi" in type(result).__name__ else result if isinstance(result, list) else [result]
    return dict(several[-1].coef())


def measured(case: str, threads: int) -> dict[str, object]:
    """Seconds of each tool in each round, and the largest difference of coefficients."""
    tools = ways(case, threads)
    seconds: dict[str, list[float]] = {name: [] for name in tools}
    found: dict[str, dict[str, float]] = {}
    for turn in range(ROUNDS[case] + 1):
        for name, way in tools.items():
            cpu, wall = time.process_time(), time.perf_counter()
            result = way()
            spent = (time.process_time() - cpu) if threads == 1 else (time.perf_counter() - wall)
            if turn:
                seconds[name].append(spent)
            else:
                found[name] = coefficients(name, result)
            del result
    ours = found["econloom"]
    gap = max(abs(other[k] / ours[k] - 1) for other in found.values() for k in ours)
    return {"seconds": seconds, "gap": gap}


def alone(case: str, tool: str) -> dict[str, object]:
    """Seconds of the first and second call of one tool in this process, and its peak memory in MB."""
    way = ways(case, 2, tool)[tool]
    before = peak()
    start = time.perf_counter()
    way()
    first = time.perf_counter() - start
    memory = peak() - before
    start = time.perf_counter()
    way()
    return {"first": first, "warm": time.perf_counter() - start, "memory": memory}


def peak() -> float:
    """Most memory that this process has held, in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def child(threads: int, *arguments: str) -> dict:
    environment = {k: v for k, v in os.environ.items() if k not in UNSET} | dict.fromkeys(POOLS, str(threads))
    command = [sys.executable, __file__, "--child", str(threads), *arguments]
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


def report(case: str) -> None:
    targets = ", ".join(f"at most {v:.2f} of {k}" for k, v in TARGETS[case].items())
    print(f"\n({case}) {targets}; load {os.getloadavg()[0]:.1f}", flush=True)
    for threads, what in ((1, "CPU, one thread"), (2, "wall, two threads")):
        result = child(threads, case)
        ours = result["seconds"]["econloom"]
        for tool, seconds in result["seconds"].items():
            ratio = statistics.median(a / b for a, b in zip(ours, seconds, strict=True))
            told = "" if tool == "econloom" else f"   econloom is {ratio:5.2f} of it"
            print(f"  {what:18s} {tool:9s} {statistics.median(seconds) * 1000:10.1f} ms{told}")
        print(f"  largest relative difference of a coefficient: {result['gap']:.1e}")
    for tool in TARGETS[case].keys() | {"econloom"}:
        r = child(2, case, tool)
        print(f"  {tool:9s} first call {r['first']:7.3f} s, second {r['warm']:7.3f} s, peak {r['memory']:7.0f} MB more")


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--child"]:
        warnings.simplefilter("ignore")
        threads, case, *tool = arguments[1:]
        print(json.dumps(alone(case, *tool) if tool else measured(case, int(threads))))
        return
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    if unknown := [case for case in arguments if case not in ROUNDS]:
        raise SystemExit(f"no case {', '.join(unknown)}; there are {', '.join(ROUNDS)}")
    for case in arguments or list(ROUNDS):
        report(case)


if __name__ == "__main__":
    main(sys.argv[1:])
