"""Bias and coverage of difference-in-differences estimators, in 2,000 panels a row with seeds fixed beforehand.

    python benchmarks/simulate_did.py [PANELS [parallel|violated]]

120 units over eight periods, 40 of them never treated; cohorts adopt in periods 4, 5 and 6 (40, 25, 15 units). Outcomes
have unit and period effects and errors with first-order autocorrelation 0.5. Effects: homogeneous (1 in every treated
row); heterogeneous (1.5, 1 and 0.5 by cohort); dynamic (0.4 times the periods since adoption, from 1 on). Trends:
parallel, or violated (every treated cohort rises by 0.1 a period more than the never treated, before adoption too).

Two effects are asked for: the mean over all treated rows, and that in the second treated period (event time 1), a mean
over treated units. Bias passes within 3.5 Monte Carlo errors, coverage of 95 per cent intervals within 3.5 of the
binomial; where trends are violated nothing passes, and the mean error says by how much each is off. Estimators without
a mean have a dash. The stacked regression weighs experiments by their variance, unless `wing` weights are asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import polars as pl

import econloom as el
from econloom.panel.did import DynamicEffects

UNITS, PERIODS = 120, 8
COHORTS = np.repeat([4, 5, 6, 99], [40, 25, 15, 40])
EFFECTS = ("homogeneous", "heterogeneous", "dynamic")
KEYS = ("i", "t")
Interval = tuple[float, float, float] | None


def panel(effects: str, violated: bool, seed: int) -> tuple[pl.DataFrame, float, float]:
    """One panel, and its true mean effect over treated rows and at event time 1."""
    rng = np.random.default_rng([2026, EFFECTS.index(effects), violated, seed])
    i, t = np.repeat(np.arange(UNITS), PERIODS), np.tile(np.arange(1, PERIODS + 1), UNITS)
    g = COHORTS[i]
    e = rng.normal(size=(UNITS, PERIODS))
    for s in range(1, PERIODS):
        e[:, s] = 0.5 * e[:, s - 1] + np.sqrt(0.75) * e[:, s]
    on = t >= g
    size = {
        "homogeneous": np.ones(len(i)),
        "heterogeneous": np.select([g == 4, g == 5], [1.5, 1.0], 0.5),
        "dynamic": 0.4 * (t - g + 1.0),
    }[effects]
    y = rng.normal(size=UNITS)[i] + rng.normal(size=PERIODS)[t - 1] + e.ravel() + on * size
    y = y + violated * 0.1 * t * (g < 99)
    frame = pl.DataFrame({"i": i, "t": t, "y": y, "d": on.astype(int)}).with_columns(
        pl.Series("g", g).replace(99, None)
    )
    return frame, float(size[on].mean()), float(size[t - g == 1].mean())


def at(found: DynamicEffects, event: int = 1) -> Interval:
    """The effect at an event time: estimate and interval."""
    row = found.tidy().filter(pl.col("event_time") == event).row(0, named=True)
    return row["estimate"], row["conf_low"], row["conf_high"]


def of(row: object) -> Interval:
    """Estimate and interval of a coefficient."""
    return row.estimate, row.conf_low, row.conf_high  # type: ignore[attr-defined]


def two_way(frame: pl.DataFrame) -> tuple[Interval, Interval]:
    mean = el.did.twfe("y ~ d", frame, *KEYS).fit.summary.coefficients[0]
    return of(mean), at(el.did.event_study("y ~ 1", frame, *KEYS, cohort="g"))


def group_time(control: str) -> Callable[[pl.DataFrame], tuple[Interval, Interval]]:
    def both(frame: pl.DataFrame) -> tuple[Interval, Interval]:
        found = el.did.group_time("y ~ 1", frame, *KEYS, cohort="g", control=control, draws=0)
        simple = found.aggregate("simple").tidy().row(0, named=True)
        return (simple["estimate"], simple["conf_low"], simple["conf_high"]), at(found.aggregate("dynamic"))

    return both


def sun_abraham(frame: pl.DataFrame) -> tuple[Interval, Interval]:
    found = el.did.sun_abraham("y ~ 1", frame, *KEYS, cohort="g", shares="estimated")
    return of(found.average(weights="counts")), at(found)


def imputation(frame: pl.DataFrame) -> tuple[Interval, Interval]:
    found = el.did.imputation("y ~ 1", frame, *KEYS, cohort="g")
    return of(found.att), at(found)


def two_stage(frame: pl.DataFrame) -> tuple[Interval, Interval]:
    found = el.did.two_stage("y ~ 1", frame, *KEYS, cohort="g")
    return of(found.att), at(found)


def stacked(weighting: str) -> Callable[[pl.DataFrame], tuple[Interval, Interval]]:
    def one(frame: pl.DataFrame) -> tuple[Interval, Interval]:
        return None, at(el.did.stacked("y ~ 1", frame, *KEYS, cohort="g", window=(-3, 2), weighting=weighting))

    return one


def multiple_periods(frame: pl.DataFrame) -> tuple[Interval, Interval]:
    return None, at(el.did.multiple_periods("y ~ d", frame, *KEYS, effects=2))


WAYS: dict[str, Callable[[pl.DataFrame], tuple[Interval, Interval]]] = {
    "two-way, event study": two_way,
    "Callaway-Sant'Anna, never treated": group_time("never_treated"),
    "Callaway-Sant'Anna, not yet treated": group_time("not_yet_treated"),
    "Sun-Abraham": sun_abraham,
    "imputation": imputation,
    "two stages": two_stage,
    "stacked": stacked("none"),
    "stacked, wing": stacked("wing"),
    "de Chaisemartin-D'Haultfoeuille": multiple_periods,
}


def shown(errors: list[tuple[float, bool]]) -> str:
    """Mean error and coverage, with a mark on what lies outside its Monte Carlo error."""
    if not errors:
        return "– | –"
    gaps, inside = np.array([e for e, _ in errors]), np.array([c for _, c in errors])
    bias, coverage, n = gaps.mean(), inside.mean(), len(gaps)
    off = abs(bias) > 3.5 * gaps.std(ddof=1) / np.sqrt(n)
    missed = abs(coverage - 0.95) > 3.5 * np.sqrt(0.95 * 0.05 / n)
    return f"{bias:.4f}{' *' if off else ''} | {coverage:.3f}{' *' if missed else ''}"


def main(panels: str = "2000", *trends: str) -> None:
    number = int(panels)
    print(f"{number:,} panels; * outside 3.5 Monte Carlo errors of zero, or of 0.95\n")
    print("| effects | trends | estimator | mean effect: error | coverage | second period: error | coverage |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for violated in [t == "violated" for t in trends or ("parallel", "violated")]:
        for effects in EFFECTS:
            errors: dict[str, tuple[list[tuple[float, bool]], ...]] = {way: ([], []) for way in WAYS}
            for seed in range(number):
                frame, *truth = panel(effects, violated, seed)
                for way, estimate in WAYS.items():
                    for kept, true, found in zip(errors[way], truth, estimate(frame), strict=True):
                        if found is not None:
                            kept.append((found[0] - true, found[1] <= true <= found[2]))
            for way, (mean, second) in errors.items():
                trends = "violated" if violated else "parallel"
                print(f"| {effects} | {trends} | {way} | {shown(mean)} | {shown(second)} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
