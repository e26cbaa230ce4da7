"""Time measures of inequality by group on three million rows.

    python benchmarks/measures.py [ROWS]

Log-normal incomes of persons in 4,500 city-years (two integer keys), as in the study `wage_share`; also one text key
and weights. Goal: Gini by group in under 0.5 s. Beside it the same in polars expressions and in pandas. Rounds are
interleaved, medians are printed.
"""

from __future__ import annotations

import os
import statistics
import sys
import time

import numpy as np
import polars as pl

from econloom import measures

ROUNDS = 5


def persons(n: int) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    group = rng.integers(0, 4500, n)
    frame = pl.DataFrame({"city": group // 18, "year": 2005 + group % 18, "x": rng.lognormal(10, 0.7, n)})
    return frame.with_columns(w=pl.Series(rng.random(n) + 0.5), name=pl.col("city").cast(pl.String) + "市")


def in_polars(frame: pl.DataFrame) -> pl.DataFrame:
    rank = 2 * pl.int_range(1, pl.len() + 1) - pl.len() - 1
    return frame.group_by("city", "year").agg(gini=(pl.col("x").sort() * rank).sum() / (pl.len() * pl.col("x").sum()))


def in_pandas(frame) -> object:
    def one(x) -> float:
        ordered = np.sort(x.to_numpy())
        n = len(ordered)
        return float((ordered * np.arange(1 - n, n, 2)).sum() / (n * ordered.sum()))

    return frame.groupby(["city", "year"])["x"].apply(one)


def main(arguments: list[str]) -> None:
    n = int(arguments[0]) if arguments else 3_000_000
    frame = persons(n)
    pandas = frame.select("city", "year", "x").to_pandas()
    keys, x, w = frame.select("city", "year"), frame["x"], frame["w"]
    ways = {
        "gini by city and year": lambda: measures.gini(x, by=keys),
        "gini, weighted": lambda: measures.gini(x, w, by=keys),
        "gini by a text": lambda: measures.gini(x, by=frame["name"]),
        "gini of all rows": lambda: measures.gini(x),
        "theil by city and year": lambda: measures.theil(x, by=keys),
        "atkinson by city and year": lambda: measures.atkinson(x, epsilon=0.5, by=keys),
        "gini in polars expressions": lambda: in_polars(frame),
        "gini in pandas": lambda: in_pandas(pandas),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            if turn:
                seconds[name].append(time.perf_counter() - start)
    print(f"{n:,} rows, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; goal 0.5 s for Gini by group")
    ours = statistics.median(seconds["gini by city and year"])
    for name, spent in seconds.items():
        print(f"  {name:28s} {statistics.median(spent):6.3f} s   {statistics.median(spent) / ours:5.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
