"""Level of placebo tests where the treatment has no effect, in 2,000 panels with seeds fixed beforehand.

    python benchmarks/simulate_placebo.py [PANELS]

240 firms in 60 cities of six provinces over ten years; 10 cities are treated in three batches (1, 3, 6), as many in a
province as chance gives. Errors have firm effects, autocorrelated shocks of cities (0.7) with a variance that differs
between cities, and noise. 99 draws: p <= 0.05 has probability 5/100 where the test is exact (`pool="all"`, treatment
being assigned at random; within provinces too). A share passes within 3.5 Monte Carlo standard errors: 0.05 +- 0.0171
for 2,000 panels. Beside it the share that the clustered t test rejects.
"""

from __future__ import annotations

import sys

import numpy as np
import polars as pl

import econloom as el

CITIES, FIRMS, YEARS = 60, 240, np.arange(2011, 2021)
FORMULA = "y ~ d + x | firm + year"
WAYS = {
    "pool all": {"pool": "all"},
    "pool all, within province": {"pool": "all", "within": "province"},
    "pool never treated": {"pool": "never_treated"},
}


def panel(seed: int) -> pl.DataFrame:
    """One panel without effect."""
    rng = np.random.default_rng([2026, seed])
    firm, year = (a.ravel() for a in np.meshgrid(np.arange(FIRMS), np.arange(10), indexing="ij"))
    city = firm % CITIES
    shock = rng.normal(size=(CITIES, 10))
    for t in range(1, 10):
        shock[:, t] = 0.7 * shock[:, t - 1] + np.sqrt(1 - 0.7**2) * shock[:, t]
    shock *= rng.uniform(0.2, 2.0, CITIES)[:, None]
    date = np.full(CITIES, 9999)
    date[rng.permutation(CITIES)[:10]] = np.repeat([2015, 2016, 2018], [1, 3, 6])
    x = rng.normal(size=len(firm))
    y = 0.5 * x + rng.normal(size=FIRMS)[firm] + shock[city, year] + rng.normal(size=len(firm))
    d = (YEARS[year] >= date[city]).astype(int)
    return pl.DataFrame({
        "firm": firm, "year": YEARS[year], "city": city, "province": city % 6, "d": d, "x": x, "y": y
    })  # fmt: skip


def main(panels: int = 2_000) -> None:
    rejected = {(way, stat): 0 for way in WAYS for stat in ("t", "estimate")}
    clustered = 0
    for seed in range(panels):
        frame = panel(seed)
        for way, options in WAYS.items():
            found = el.placebo.permute(FORMULA, frame, "d", "city", "year", draws=99, seed=seed, **options)
            for stat in ("t", "estimate"):
                rejected[way, stat] += found.p_value(stat) <= 0.05
        clustered += found.real.p_value <= 0.05
    bound = 3.5 * np.sqrt(0.05 * 0.95 / panels)
    print(f"{panels:,} panels, level 0.05 +- {bound:.4f}")
    for (way, stat), count in rejected.items():
        share = count / panels
        inside = "" if abs(share - 0.05) <= bound else "   outside"
        print(f"{way:27s} by {stat:9s} {share:.4f}{inside}")
    print(f"{'clustered t test':27s} {'':12s} {clustered / panels:.4f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
