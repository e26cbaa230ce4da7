"""Coverage of the Anderson-Rubin set and of the 2SLS interval, with weak and strong instruments.

    python benchmarks/simulate_anderson_rubin.py            the table of docs/weak-instruments.md

2,000 draws a design, seed 20220911, fixed before the first run. ``y = x + u``, ``x = strength (z1 + ... + zl) + v``,
correlation of u and v 0.95. Under hc1 both are scaled by ``sqrt(0.5 + z1^2)``; under cluster they and the instruments
share shocks of groups of 8 rows. A figure passes within 3.5 Monte Carlo standard errors of 95 per cent, or of the
benchmark: the coverage of the textbook Wald test of exogenous regressors in the same design, 20,000 draws in plain
numpy. Benchmark and designs of 4,000 rows were added after those of 400 had been seen, to tell small samples from
errors.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import polars as pl
from scipy import stats

import econloom as el

DRAWS, SEED, BETA = 2_000, 20220911, 1.0
ROWS, RHO = 8, 0.95
# mean first-stage F minus 1 over the number of instruments, as it would be with iid errors
STRENGTHS = {"none": 0.0, "weak": 2.0, "moderate": 10.0, "strong": 100.0}
DESIGNS = [(kind, l, name, 50) for kind in ("iid", "hc1", "cluster") for l in (1, 3) for name in STRENGTHS]
DESIGNS += [(kind, l, "weak", 500) for kind in ("hc1", "cluster") for l in (1, 3)]


def draw(rng: np.random.Generator, kind: str, l: int, concentration: float, clusters: int) -> pl.DataFrame:
    """One sample."""
    n = clusters * ROWS
    group = np.repeat(np.arange(clusters), ROWS)
    Z = rng.normal(size=(n, l))
    u, own = rng.normal(size=(2, n))
    v = RHO * u + math.sqrt(1 - RHO**2) * own
    if kind == "cluster":
        shock, other = rng.normal(size=(2, clusters))
        u, v = u + shock[group], v + (RHO * shock + math.sqrt(1 - RHO**2) * other)[group]
        Z = Z + rng.normal(size=(clusters, l))[group]
    if kind == "hc1":
        spread = np.sqrt(0.5 + Z[:, 0] ** 2)
        u, v = u * spread, v * spread
    x = math.sqrt(concentration / n) * Z.sum(axis=1) + v
    columns = {f"z{j + 1}": Z[:, j] for j in range(l)}
    return pl.DataFrame({"g": group, "y": BETA * x + u, "x": x, **columns})


def coverage(kind: str, l: int, concentration: float, clusters: int, rng: np.random.Generator) -> dict[str, Any]:
    """Shares of draws in which each interval holds the truth, and the shapes of the sets."""
    vcov = {"iid": el.iid(), "hc1": el.hc1(), "cluster": el.cluster("g")}[kind]
    formula = f"y ~ 1 | x ~ {' + '.join(f'z{j + 1}' for j in range(l))}"
    held: Counter[str] = Counter()
    shapes: Counter[str] = Counter()
    F = []
    for _ in range(DRAWS):
        fit: Any = el.iv(formula, draw(rng, kind, l, concentration, clusters), vcov=vcov)
        found: Any = el.tests.anderson_rubin_set(fit)
        row = fit.summary.coefficients[0]
        held["ar"] += BETA in found
        held["2sls"] += row.conf_low <= BETA <= row.conf_high
        if l == 1:
            adjusted: Any = el.tests.tf(fit)
            held["tf"] += adjusted.conf_low <= BETA <= adjusted.conf_high
        shapes[found.shape] += 1
        F.append(fit.tests["effective_f"].statistic)
    return {"F": float(np.median(F)), **{k: v / DRAWS for k, v in held.items()}, "shapes": shapes}


def benchmark(kind: str, l: int, clusters: int, draws: int = 20_000) -> float:
    """Coverage of the Wald test that exogenous z1 ... zl do not enter, their covariance estimated as in a textbook."""
    rng = np.random.default_rng([SEED, 1_000, l, clusters, len(kind)])
    group = np.repeat(np.arange(clusters), ROWS)
    n, kept = len(group), 0
    K, G = l + 1, clusters
    factor, df = {"iid": (0.0, n - K), "hc1": (n / (n - K), n - K)}.get(kind, (G / (G - 1) * (n - 1) / (n - K), G - 1))
    bound = l * float(stats.f.ppf(0.95, l, df))
    for _ in range(draws):
        Z, u = rng.normal(size=(n, l)), rng.normal(size=n)
        if kind == "cluster":
            u, Z = u + rng.normal(size=clusters)[group], Z + rng.normal(size=(clusters, l))[group]
        u = u * np.sqrt(0.5 + Z[:, 0] ** 2) if kind == "hc1" else u
        Z, u = Z - Z.mean(axis=0), u - u.mean()
        inverse = np.linalg.inv(Z.T @ Z)
        b = inverse @ (Z.T @ u)
        e = u - Z @ b
        scores = Z * e[:, None]
        sums = scores if kind == "hc1" else scores.reshape(clusters, ROWS, l).sum(axis=1)
        V = inverse * (e @ e) / (n - K) if kind == "iid" else factor * inverse @ (sums.T @ sums) @ inverse
        kept += float(b @ np.linalg.solve(V, b)) <= bound
    return kept / draws


def main() -> int:
    """Print the table; 1 where a coverage of the Anderson-Rubin set is too far from 95 per cent and the benchmark."""
    kinds = ("interval", "several intervals", "two rays", "whole line", "empty")
    head = ["vcov", "rows", "instruments", "strength", "median effective F", "AR set", "benchmark", "passes"]
    head += ["2SLS", "tF", *kinds]
    print(_line(head), _line(["---"] * len(head)), sep="\n")
    failed = False
    for number, (kind, l, name, clusters) in enumerate(DESIGNS):
        found = coverage(kind, l, STRENGTHS[name], clusters, np.random.default_rng([SEED, number]))
        reference = benchmark(kind, l, clusters)
        passes = any(abs(found["ar"] - p) <= 3.5 * math.sqrt(p * (1 - p) / DRAWS) for p in (0.95, reference))
        failed |= not passes
        shares = [f"{found['shapes'][k] / DRAWS:.3f}" for k in kinds]
        numbers = [f"{found[k]:.3f}" if k in found else "" for k in ("ar", "2sls", "tf")]
        numbers[1:1] = [f"{reference:.3f}", "yes" if passes else "no"]
        print(_line([kind, str(clusters * ROWS), str(l), name, f"{found['F']:.1f}", *numbers, *shares]), flush=True)
    return int(failed)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    raise SystemExit(main())
