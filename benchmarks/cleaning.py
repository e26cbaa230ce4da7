"""Cleaning a panel of 1 million rows and 20 columns: econloom beside the same chain in pandas.

Read from CSV, interpolate two columns by unit, deflate two by a chain index, winsorise four by year, two lags of two
columns, merge a table of units: each chain in a process of its own, interleaved, medians of the repetitions, peak
resident memory of the process. Both chains give the same numbers; that is checked first.

    python benchmarks/cleaning.py [--units 50000] [--repeat 3]
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

YEARS = 20
COLUMNS = [f"x{n}" for n in range(16)]
CUT = ["x4", "x5", "x6", "x7"]


def write(folder: Path, units: int) -> None:
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(1)
    n = units * YEARS
    frame = pl.DataFrame(
        {
            "firm": np.repeat(np.arange(units), YEARS),
            "year": np.tile(np.arange(2001, 2001 + YEARS), units),
            "province": np.repeat(rng.integers(0, 31, units), YEARS),
            "cpi": np.round(100 + 3 * rng.random(n), 1),
            **{c: np.round(np.exp(rng.normal(3, 1, n)), 4) for c in COLUMNS},
        }
    )
    gap = pl.Series(rng.random(n) < 0.1)
    frame = frame.with_columns(pl.when(~gap).then(pl.col(c)).alias(c) for c in ("x0", "x1"))
    frame.write_csv(folder / "panel.csv")
    side = pl.DataFrame({"firm": np.arange(units), "size": rng.random(units), "age": rng.integers(1, 50, units)})
    side.write_csv(folder / "firms.csv")


def with_econloom(folder: Path) -> dict[str, float]:
    import polars as pl

    import econloom as el

    p = el.clean.panel(pl.read_csv(folder / "panel.csv"), "firm", "year")
    p = el.clean.interpolate(p, ["x0", "x1"])
    p = el.clean.deflate(p, ["x2", "x3"], "cpi", base=2000)
    p = el.clean.winsorise(p, CUT, 0.01, 0.99, by="year", rule="linear")
    p = el.clean.lag(p, ["x0", "x8"], [1, 2])
    side = el.clean.panel(pl.read_csv(folder / "firms.csv"), "firm")
    p = el.clean.merge(p, side, on="firm")
    return {c: float(p.frame[c].sum()) for c in ("x0", "x1", "x2_real", "x3_real", *CUT, "x0_lag1", "x8_lag2", "size")}


def with_pandas(folder: Path) -> dict[str, float]:
    import pandas as pd

    d = pd.read_csv(folder / "panel.csv").sort_values(["firm", "year"])
    if d.duplicated(["firm", "year"]).any():
        raise ValueError
    for c in ("x0", "x1"):
        wide = d.pivot(index="year", columns="firm", values=c).interpolate("index", limit_area="inside")
        d[c] = wide.unstack().to_numpy()
    level = (d["cpi"] / 100).groupby(d["firm"]).cumprod()
    for c in ("x2", "x3"):
        d[f"{c}_real"] = d[c] / level
    for c in CUT:
        by_year = d.groupby("year")[c]
        low, high = by_year.quantile(0.01), by_year.quantile(0.99)
        d[c] = d[c].clip(d["year"].map(low), d["year"].map(high))
    for c in ("x0", "x8"):
        for k in (1, 2):
            earlier = d[["firm", "year", c]].assign(year=d["year"] + k).rename(columns={c: f"{c}_lag{k}"})
            d = d.merge(earlier, on=["firm", "year"], how="left", validate="1:1")
    d = d.merge(pd.read_csv(folder / "firms.csv"), on="firm", how="left", validate="m:1", indicator=True)
    return {c: float(d[c].sum()) for c in ("x0", "x1", "x2_real", "x3_real", *CUT, "x0_lag1", "x8_lag2", "size")}


CHAINS = {"econloom": with_econloom, "pandas": with_pandas}


def one(name: str, folder: Path) -> None:
    """A chain in this process; its import is not counted."""
    import pandas  # noqa: F401
    import polars  # noqa: F401

    import econloom as el

    el.clean  # noqa: B018
    begin = time.perf_counter()
    sums = CHAINS[name](folder)
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(json.dumps({"seconds": seconds, "gb": peak, "sums": sums}))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--units", type=int, default=50_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--one", choices=CHAINS)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.one:
        one(given.one, given.folder)
        return
    with tempfile.TemporaryDirectory() as place:
        write(Path(place), given.units)
        found: dict[str, list[dict]] = {name: [] for name in CHAINS}
        for _ in range(given.repeat):
            for name in CHAINS:
                command = [sys.executable, __file__, "--one", name, "--folder", place]
                made = subprocess.run(command, capture_output=True, text=True, check=True)
                found[name].append(json.loads(made.stdout.splitlines()[-1]))
    first, other = (found[name][0]["sums"] for name in CHAINS)
    for column, total in first.items():
        assert abs(total - other[column]) <= 1e-9 * abs(total), (column, total, other[column])
    print(f"{given.units * YEARS:,} rows x {4 + len(COLUMNS)} columns; the sums of all results agree to 1e-9")
    for name, runs in found.items():
        seconds = statistics.median(r["seconds"] for r in runs)
        print(f"{name:10} {seconds:6.2f} s   {statistics.median(r['gb'] for r in runs):5.2f} GB")
    ratio = statistics.median(r["seconds"] for r in found["pandas"]) / statistics.median(
        r["seconds"] for r in found["econloom"]
    )
    print(f"pandas takes {ratio:.1f} times as long")


if __name__ == "__main__":
    main()
