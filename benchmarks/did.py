"""Callaway and Sant'Anna, and imputation: 100,000 units by 10 years, 7 cohorts. Target: at most 5 s each.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE .venv/bin/python benchmarks/did.py [units]

Timed: effects of all cohorts in all periods with errors and uniform band (999 bootstrap draws), and their means by
event time with theirs; without covariates and doubly robust with one. Then imputation and two stages on a million rows,
with the covariate. Runs of econloom, csdid, diff-diff and pyfixest take turns, each warmed on a small panel; medians of
three for econloom, of one for the peers. Under ``doubly robust`` csdid runs in its fast mode.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from statistics import median
from typing import Any

import numpy as np
import polars as pl

import econloom as el

DRAWS = 999


def panel(units: int, periods: int = 10) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    g = rng.choice([3, 4, 5, 6, 7, 8, 9, 0], units)
    i, t = np.repeat(np.arange(units), periods), np.tile(np.arange(1, periods + 1), units)
    x = rng.normal(size=units)
    own = rng.normal(size=units) + x
    y = own[i] + 0.1 * x[i] * t + ((g[i] > 0) & (t >= g[i])) * 1.0 + rng.normal(size=len(i))
    return pl.DataFrame({"i": i, "t": t, "y": y, "g": g[i], "x": x[i]})


def econloom(frame: pl.DataFrame, formula: str) -> float:
    found = el.did.group_time(formula, frame, "i", "t", cohort="g", draws=DRAWS)
    found.tidy()
    return float(found.aggregate("dynamic").average().estimate)


def csdid(frame: Any, formula: str) -> float:
    from csdid.att_gt import ATTgt

    asked = ATTgt("y", "t", "i", "g", frame, control_group="nevertreated", xformla=formula, biters=DRAWS, cband=True)
    return float(asked.fit("dr", bstrap=True).aggte("dynamic", biters=DRAWS, cband=True).atte["overall_att"])


def diff_diff(frame: Any, formula: str) -> float:
    from diff_diff import CallawaySantAnna

    covariates = None if formula.endswith("1") else ["x"]
    found = CallawaySantAnna(n_bootstrap=DRAWS, bootstrap_weights="rademacher", seed=1)
    made = found.fit(frame, "y", "i", "t", "g", covariates=covariates, aggregate="event_study")
    after = [v["effect"] for e, v in made.event_study_effects.items() if e >= 0]
    return float(np.mean(after))


def timed(run: Callable[[], float]) -> tuple[float, float | str]:
    begin = time.perf_counter()
    try:
        with redirect_stdout(StringIO()):
            value: float | str = run()
    except Exception as error:  # noqa: BLE001 - a peer that fails is a result
        value = f"{type(error).__name__}: {error}"[:60]
    return time.perf_counter() - begin, value


def imputed(frame: pl.DataFrame) -> float:
    return float(el.did.imputation("y ~ x:t", frame, "i", "t", cohort="g", window=(-3, 7)).att.estimate)


def staged(frame: pl.DataFrame) -> float:
    return float(el.did.two_stage("y ~ x:t", frame, "i", "t", cohort="g").att.estimate)


def pyfixest(frame: Any) -> float:
    import pyfixest

    found = pyfixest.did2s(frame, yname="y", first_stage="~ xt | i + t", second_stage="~ d", treatment="d", cluster="i")
    return float(found.coef().iloc[-1])


Run = Callable[[pl.DataFrame], float]


def compare(name: str, runs: dict[str, Run], data: pl.DataFrame, small: pl.DataFrame) -> None:
    """Run the tools in turn and print seconds, their ratio to econloom's, and what each found."""
    for run in runs.values():
        timed(lambda r=run: r(small))
    taken: dict[str, list[float]] = {n: [] for n in runs}
    said: dict[str, float | str] = {}
    for turn in range(3):
        for n, run in runs.items():
            if turn == 0 or n.startswith("econloom"):
                seconds, said[n] = timed(lambda r=run: r(data))
                taken[n].append(seconds)
    own = median(taken[next(iter(runs))])
    for n in runs:
        value = said[n] if isinstance(said[n], str) else f"mean effect {said[n]:.6f}"
        print(f"{name}: {n} {median(taken[n]):.2f} s ({median(taken[n]) / own:.1f} times), {value}", flush=True)


def main() -> None:
    warnings.simplefilter("ignore")
    units = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    data, small = panel(units), panel(500)
    ours = {id(f): f.with_columns(pl.col("g").replace(0, None)) for f in (data, small)}
    peers = {
        id(f): f.with_columns(
            xt=pl.col("x") * pl.col("t"), d=((pl.col("g") > 0) & (pl.col("t") >= pl.col("g"))).cast(int)
        ).to_pandas()
        for f in (data, small)
    }
    for formula, name in (("y ~ 1", "no covariates"), ("y ~ x", "doubly robust, one covariate")):
        runs: dict[str, Run] = {
            "econloom": lambda f, y=formula: econloom(ours[id(f)], y),
            "csdid": lambda f, y=formula: csdid(peers[id(f)], y),
            "diff-diff": lambda f, y=formula: diff_diff(peers[id(f)], y),
        }
        compare(f"{name}, {units:,} units", runs, data, small)
    runs = {
        "econloom imputation": lambda f: imputed(ours[id(f)]),
        "econloom two stages": lambda f: staged(ours[id(f)]),
        "pyfixest did2s": lambda f: pyfixest(peers[id(f)]),
    }
    compare(f"imputed untreated outcomes, {len(data):,} rows", runs, data, small)


if __name__ == "__main__":
    main()
