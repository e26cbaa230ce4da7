"""Bias and coverage of Tobit, pooled and with random effects, by N, T and the share of the random effects.

    python benchmarks/simulate_tobit.py [processes]

y*_it = .5 + x_it + u_i + e_it, y = max(y*, 0), about 37 per cent of the rows at zero; x has variance 1, half of it
between units; u and e are normal, independent of x, with variances rho and 1 - rho. N = 26, 140, 2000; T = 6, 14; rho =
0 (where the pooled model is the true one), .5, .9. 500, 400 and 100 draws for the three N, seed 20261127, fixed before
the first run. The pooled model's own parameters are b = 1 and sigma = 1 for every rho, its errors those of the observed
information (iid) or clustered by unit; the random-effects model has 24 points and the observed information.

Shown for b: mean error with its Monte Carlo error, and how often the 95 per cent interval has the truth; for the
marginal effect on E[y|x] (censored), averaged over the draw's own x, the coverage of its interval; for sigma_u the mean
error. A coverage passes within 3.5 Monte Carlo errors of .95, a mean error within 3.5 of zero; the last column names
what does not. Fits that fail are counted, and left out.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from math import sqrt

import numpy as np
import polars as pl
from scipy import special

SEED, REACH = 20261127, 3.5
DRAWS = {26: 500, 140: 400, 2000: 100}
METHODS = ("iid", "cluster", "random")
COLUMNS = {
    "pooled: bias (MC)": ("iid", "bias"),
    "iid cover": ("iid", "cover"),
    "iid effect": ("iid", "effect"),
    "cluster cover": ("cluster", "cover"),
    "cluster effect": ("cluster", "effect"),
    "random effects: bias (MC)": ("random", "bias"),
    "cover": ("random", "cover"),
    "effect": ("random", "effect"),
    "sigma_u: bias (MC)": ("random", "sigma_u"),
}
Case = tuple[int, int, float]
Numbers = dict[str, float]


def draw(rng: np.random.Generator, N: int, T: int, rho: float) -> tuple[pl.DataFrame, float]:
    """A panel, and the true effect of x on E[y|x] averaged over its rows."""
    x = (rng.normal(size=(N, 1)) + rng.normal(size=(N, T))) / sqrt(2)
    y = 0.5 + x + sqrt(rho) * rng.normal(size=(N, 1)) + sqrt(1 - rho) * rng.normal(size=(N, T))
    held = {"i": np.repeat(np.arange(N), T), "x": x.ravel(), "y": np.maximum(y, 0).ravel()}
    return pl.DataFrame(held), float(special.ndtr(0.5 + x).mean())


def figures(frame: pl.DataFrame, effect: float, rho: float) -> dict[str, Numbers]:
    """Errors of one draw by method, and whether its intervals have the truth; what fails is left out."""
    import econloom as el
    from econloom.core.errors import EstimationError

    ways = {
        "iid": lambda: el.tobit("y ~ x", frame),
        "cluster": lambda: el.tobit("y ~ x", frame, vcov=el.cluster("i")),
        "random": lambda: el.tobit("y ~ x", frame, unit="i"),
    }
    if rho == 0:
        del ways["random"]
    found = {}
    for name, way in ways.items():
        try:
            fit = way()
        except EstimationError:
            continue
        b = fit.tidy().row(by_predicate=pl.col("term") == "x", named=True)
        m = fit.marginal_effects("censored").row(0, named=True)
        found[name] = {
            "bias": b["estimate"] - 1,
            "cover": float(b["conf_low"] <= 1 <= b["conf_high"]),
            "effect": float(m["conf_low"] <= effect <= m["conf_high"]),
        }
        if fit.estimate.sigma_u is not None:
            found[name]["sigma_u"] = fit.estimate.sigma_u - sqrt(rho)
    return found


def simulated(case: Case, draws: int | None = None) -> tuple[Case, int, dict[str, pl.DataFrame]]:
    """All draws of a case, one row a draw that did not fail."""
    N, T, rho = case
    rng = np.random.default_rng([SEED, N, T, round(rho * 10)])
    held: dict[str, list[Numbers]] = {m: [] for m in METHODS}
    count = draws or DRAWS[N]
    for _ in range(count):
        for method, numbers in figures(*draw(rng, N, T, rho), rho).items():
            held[method].append(numbers)
    return case, count, {m: pl.DataFrame(rows) for m, rows in held.items() if rows}


def judged(values: np.ndarray, key: str) -> tuple[str, bool]:
    """A figure as text, and whether it passes."""
    mean, n = float(values.mean()), len(values)
    if key in ("cover", "effect"):
        return f"{mean:.1%}", abs(mean - 0.95) <= REACH * sqrt(0.95 * 0.05 / n)
    error = float(values.std(ddof=1)) / sqrt(n)
    return f"{mean:+.4f} ({error:.4f})", abs(mean) <= REACH * error


def row(case: Case, draws: int, found: dict[str, pl.DataFrame]) -> str:
    """One line of the table."""
    cells, said = [*(f"{v:g}" for v in case), str(draws)], []
    for heading, (method, key) in COLUMNS.items():
        if method not in found:
            cells.append("")
            continue
        text, passes = judged(found[method][key].to_numpy(), key)
        cells.append(text)
        said += [] if passes else [heading.removesuffix(" (MC)")]
    said += [f"{m}: {draws - f.height} failed" for m, f in found.items() if f.height < draws]
    return "| " + " | ".join([*cells, "; ".join(said) or "none"]) + " |"


def main() -> None:
    columns = ["N", "T", "rho", "draws", *COLUMNS, "misses"]
    print("| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|")
    cases = product(DRAWS, (6, 14), (0.0, 0.5, 0.9))
    with ProcessPoolExecutor(int(sys.argv[1]) if sys.argv[1:] else 2) as pool:
        for case, draws, found in pool.map(simulated, cases):
            print(row(case, draws, found), flush=True)


if __name__ == "__main__":
    main()
