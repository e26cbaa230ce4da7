"""Time inference: the wild cluster bootstrap, Conley, CR2.

    python benchmarks/inference.py

(a) wild bootstrap, 9,999 draws, 30,000 rows, 40 clusters, two effects: under 1 s    (b) Conley, 30,000 rows in 3,000
places over ten years, nine regressors, two time lags: under 3 s and 1 GB    (c) CR2 on the rows of (a). Medians of
seven calls after one that warms up; peak memory is that of this process, less what it held before the first call.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import polars as pl


def peak() -> float:
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def told(name: str, call: Callable[[], object], limit: str) -> None:
    before, spent = peak(), []
    for _ in range(8):
        start = time.perf_counter()
        call()
        spent.append(time.perf_counter() - start)
    print(f"{name:36s} {statistics.median(spent[1:]):7.3f} s   peak {peak() - before:6.0f} MB more   {limit}")


def main() -> None:
    import econloom as el

    rng = np.random.default_rng(1)
    n, listed = 30_000, [f"x{k}" for k in range(9)]
    place, year = (a.ravel() for a in np.meshgrid(np.arange(n // 10), np.arange(10), indexing="ij"))
    lat, lon = rng.uniform(20, 50, n // 10), rng.uniform(75, 130, n // 10)
    frame = pl.DataFrame({
        "place": place, "year": year, "province": place % 40, "lat": lat[place], "lon": lon[place],
        "y": rng.normal(size=n), **{x: rng.normal(size=n) for x in listed},
    })  # fmt: skip
    fit = el.ols(f"y ~ {' + '.join(listed)} | place + year", frame, el.cluster("province"), unit="place", time="year")
    told("(a) wild bootstrap, one coefficient", lambda: el.wild_bootstrap(fit, "x0"), "under 1 s")
    told("(b) Conley, 500 km", lambda: fit.with_vcov(el.conley("lat", "lon", 500, time_lags=2)), "under 3 s, 1 GB")
    told("(b) Conley, all within reach", lambda: fit.with_vcov(el.conley("lat", "lon", 20_000)), "under 3 s, 1 GB")
    told("(c) CR2", lambda: fit.with_vcov(el.cr2("province")), "")


if __name__ == "__main__":
    main()
