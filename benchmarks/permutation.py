"""The permutation test of a subgroup difference: 1,000 draws on 30,000 rows with two effects. Target: under 5 s.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE .venv/bin/python benchmarks/permutation.py

Rows dealt one by one (the group varies within firms) and whole firms dealt; medians of three after one warm run. The
peer is a loop of econloom's own regressions, one for each group of each draw, timed on 20 draws.
"""

from __future__ import annotations

import time
from statistics import median

import numpy as np
import polars as pl

import econloom as el
from econloom.core.frame import Panel


def main() -> None:
    rng = np.random.default_rng(1)
    firm, year = (a.ravel() for a in np.meshgrid(np.arange(3_000), np.arange(10), indexing="ij"))
    n = len(firm)
    x, c = rng.normal(size=(2, n)) + 0.1 * rng.normal(size=3_000)[firm]
    frame = pl.DataFrame({
        "firm": firm, "year": year, "x": x, "c": c, "y": x + 0.5 * c + rng.normal(size=n),
        "rows": rng.integers(0, 2, n), "firms": (firm % 2),
    })  # fmt: skip
    panel = Panel.build(frame, "firm", "year")
    formula = "y ~ x + c | firm + year"
    begin = time.perf_counter()
    for _ in range(20):
        label = pl.Series(rng.permutation(frame["rows"].to_numpy()))
        for g in (0, 1):
            el.ols(formula, panel.with_column("h", label), where=f"h == {g}")
    loop = (time.perf_counter() - begin) / 20 * 1_000
    for by in ("rows", "firms"):
        times = []
        for _ in range(4):
            begin = time.perf_counter()
            found = el.heterogeneity.compare(formula, panel, by, "x", "permutation", draws=1_000)
            times.append(time.perf_counter() - begin)
        law = found.permutation
        taken = median(times[1:])
        print(f"{by}: {law.blocks} dealt, {law.draws} draws, {n:,} rows: first {times[0]:.2f} s, then {taken:.2f} s"
              f" (a loop of regressions: {loop:.0f} s, {loop / taken:.0f} times as long)")  # fmt: skip


if __name__ == "__main__":
    main()
