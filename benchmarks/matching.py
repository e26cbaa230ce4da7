"""Matching on 100,000 rows, and on lalonde and 5,000 rows beside R's Matching and MatchIt where they are installed.

    python benchmarks/matching.py [rows]

Medians of five interleaved runs, warm, one thread, CPU seconds; R's time is that of the call alone, without starting R.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

import econloom as el

FORMULA = "d ~ x1 + x2 + x3 + x4 + x5 + x6"
OURS = {
    "nearest, ties": {},
    "nearest, k = 5": {"k": 5},
    "without replacement, caliper": {"replacement": False, "caliper": 0.2},
    "estimated score": {"errors": "estimated_score", "neighbours": 1},
    "population": {"estimand": "ate"},
    "exact on 20 groups": {"exact": "g"},
    "radius": {"method": "radius", "caliper": 0.01, "caliper_in": "raw"},
    "epanechnikov": {"method": "kernel"},
    "gaussian": {"method": "kernel", "kernel": "gaussian"},
    "inverse probability": {"method": "ipw"},
    "mahalanobis": {"distance": "mahalanobis"},
}
R = """
suppressMessages({library(Matching); library(MatchIt)})
d <- read.csv(FILE); f <- d ~ x1 + x2 + x3 + x4 + x5 + x6
cpu <- function(e) { s <- proc.time(); force(e); sum((proc.time() - s)[c(1, 2)]) }
runs <- function(g) vapply(1:RUNS, function(i) cpu(g()), 0)
ties <- runs(function() { p <- glm(f, binomial, d)$fitted.values; Match(d$y, d$d, p) })
without <- runs(function() matchit(f, d, method = "nearest"))
cat(sprintf('{"nearest, ties": %.6f, "without replacement": %.6f}', median(ties), median(without)))
"""


def rows(n: int) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, 6))
    d = X @ [0.4, 0.3, -0.2, 0.1, 0, 0.2] - 1 + rng.logistic(size=n) > 0
    y = X.sum(axis=1) + d + rng.normal(size=n)
    frame = pl.DataFrame({f"x{j + 1}": X[:, j] for j in range(6)})
    return frame.with_columns(d=pl.Series(d.astype(int)), y=pl.Series(y), g=pl.Series(rng.integers(0, 20, n)))


def timed(frame: pl.DataFrame, options: dict[str, object]) -> float:
    start = time.process_time()
    el.matching.match(FORMULA, frame, "y", **options)
    return time.process_time() - start


def r_times(frame: pl.DataFrame, runs: int) -> dict[str, float]:
    if shutil.which("Rscript") is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "d.csv"
        frame.write_csv(file)
        code = R.replace("FILE", repr(str(file))).replace("RUNS", str(runs))
        done = subprocess.run(["Rscript", "-"], input=code, capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else {}


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    frame = rows(n)
    for options in OURS.values():
        timed(frame, options)
    found: dict[str, list[float]] = {name: [] for name in OURS}
    for _ in range(5):
        for name, options in OURS.items():
            found[name].append(timed(frame, options))
    print(f"{n:,} rows, {int(frame['d'].sum()):,} treated: CPU seconds, medians of 5")
    for name, times in found.items():
        print(f"  {name:<32}{statistics.median(times):8.3f}")
    small = rows(5_000)
    theirs = r_times(small, 3)
    mine = {"nearest, ties": {"tolerance": 1e-5, "variance": "equal"}, "without replacement": {"replacement": False}}
    print("5,000 rows beside R (Matching, MatchIt)" if theirs else "R with Matching and MatchIt is not installed")
    for name, seconds in theirs.items():
        timed(small, mine[name])
        own = statistics.median(timed(small, mine[name]) for _ in range(5))
        print(f"  {name:<32}{own:8.4f}{seconds:10.4f}   R takes {seconds / own:.0f} times as long")


if __name__ == "__main__":
    main()
