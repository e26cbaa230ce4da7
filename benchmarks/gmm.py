"""Two-step system GMM: CPU time and memory, beside pydynpd and R's plm.

    python benchmarks/gmm.py [path of a Python that has pydynpd]

y_it = .5 y_i,t-1 + .3 x_it + a_i + e_it on 2,000 units by 10 periods: instruments are all lags of y from 2 and of x
from 1, and their differences in levels (98 with the constant), Windmeijer's errors; then 20,000 units, econloom only.
pydynpd needs an older numpy than econloom, so it runs in an interpreter of its own; every program runs in a new
process, reads the same csv, estimates once to warm up and prints the CPU seconds of three further runs (the median is
shown).
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl

OURS = """
import sys, time, polars as pl, econloom as el
d = pl.read_csv(sys.argv[1])
given = [el.gmm_iv("y"), el.gmm_iv("x", lags=(1, None))]
fit = lambda: el.dynamic_panel("y ~ l(y,1) + x", d, "i", "t", instruments=given)
fit()
for _ in range(3):
    t = time.process_time(); f = fit(); f.glance(); print("cpu", time.process_time() - t)
print("coefficient", f.tidy()["estimate"][0], f.tidy()["std_error"][0])
"""
PYDYNPD = """
import sys, time, pandas as pd, io, contextlib
from pydynpd import regression
d = pd.read_csv(sys.argv[1])
def fit():
    with contextlib.redirect_stdout(io.StringIO()):
        return regression.abond("y L1.y x | gmm(y, 2:99) gmm(x, 1:99)", d, ["i", "t"])
fit()
for _ in range(3):
    t = time.process_time(); f = fit(); print("cpu", time.process_time() - t)
r = f.models[0].regression_table
print("coefficient", r["coefficient"].iloc[0], r["std_err"].iloc[0])
"""
PLM = """
suppressMessages(library(plm))
d <- pdata.frame(read.csv(commandArgs(TRUE)[1]), index = c("i", "t"))
fit <- function() pgmm(y ~ lag(y, 1) + x | lag(y, 2:99) + lag(x, 1:99), d, effect = "individual", model = "twosteps",
                       transformation = "ld")
f <- fit()
for (k in 1:3) { t <- proc.time(); f <- fit(); s <- summary(f, robust = TRUE); u <- proc.time() - t
                 cat("cpu", u[[1]] + u[[2]], "\\n") }
cat("coefficient", s$coefficients[1, 1:2], "\\n")
"""


def simulated(units: int, periods: int = 10) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    a, x = rng.normal(size=units), rng.normal(size=units)
    y = 2 * a
    held = []
    for _ in range(periods + 20):
        x = 0.5 * x + 0.3 * a + rng.normal(size=units)
        y = 0.5 * y + 0.3 * x + a + rng.normal(size=units)
        held.append((y, x))
    ys, xs = (np.array([h[k] for h in held[-periods:]]).T.ravel() for k in (0, 1))
    keys = {"i": np.repeat(np.arange(units), periods), "t": np.tile(np.arange(periods), units)}
    return pl.DataFrame({**keys, "y": ys, "x": xs})


def timed(command: list[str], program: str, data: Path) -> tuple[float, str, float] | None:
    """Median CPU seconds, the printed coefficient and peak memory in GB; None where the program cannot run."""
    start = time.perf_counter()
    done = subprocess.run([*command, program, str(data)], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{command[0]}: cannot run: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else '?'}")
        return None
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    seconds = median(float(v) for k, v in lines if k == "cpu")
    said = next(v for k, v in lines if k == "coefficient")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    print(f"  ({time.perf_counter() - start:.0f} s with start and warm-up)", file=sys.stderr)
    return seconds, said, peak


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "panel.csv"
        simulated(20_000).write_csv(data)
        found = timed([sys.executable, "-c"], OURS, data)
        if found:
            print(f"20,000 x 10, econloom: {found[0]:.2f} s CPU, peak {found[2]:.2f} GB")
        simulated(2_000).write_csv(data)
        rows = {"econloom": timed([sys.executable, "-c"], OURS, data)}
        if sys.argv[1:]:
            rows["pydynpd"] = timed([sys.argv[1], "-c"], PYDYNPD, data)
        script = Path(folder) / "plm.R"
        script.write_text(PLM)
        try:
            rows["plm"] = timed(["Rscript"], str(script), data)
        except FileNotFoundError:
            print("plm: R is not installed")
        ours = rows["econloom"]
        for name, row in rows.items():
            if row and ours:
                share = f"econloom takes {ours[0] / row[0]:.3f} of it" if name != "econloom" else ""
                print(f"2,000 x 10, {name}: {row[0]:.3f} s CPU; coefficient and error of l(y,1): {row[1]}  {share}")


if __name__ == "__main__":
    main()
