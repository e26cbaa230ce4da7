"""Coverage of honest sets under relative magnitudes, Mbar = 1, where trends depart as far as that allows.

2,000 draws a case, seed 20231125 fixed before the first run; three steps before adoption, two after it, errors of
0.1 with equal correlation; true effects are zero. Monte Carlo error at 95 per cent: 0.005.

    python benchmarks/honest_coverage.py
"""

from __future__ import annotations

import numpy as np

from econloom.panel.did import relative_magnitudes as rm
from econloom.panel.did.trend_paths import Trends, target

EVENTS, DRAWS, LEVEL = np.array([-4, -3, -2, 0, 1]), 2000, 0.95


def coverage(V: np.ndarray, path: np.ndarray, event: int, rng: np.random.Generator) -> float:
    """Share of draws whose set holds the true effect, zero."""
    kappa = rm.KAPPA * (1 - LEVEL)
    size = (1 - LEVEL - kappa) / (1 - kappa)
    critical: dict[int, float] = {}  # of each step and sign: the covariance decides
    covered = 0
    for b in path + rng.multivariate_normal(np.zeros(len(EVENTS)), V, DRAWS):
        found = Trends(EVENTS, b, V, (-1,), 3)
        for i, one in enumerate(rm.moments(found, target(found, event, None), 1.0)):
            critical[i] = critical[i] if i in critical else rm.least_favourable(one, kappa)
            if not rm.rejected(one, np.zeros(1), size, critical[i])[0]:
                covered += 1
                break
    return covered / DRAWS


def main() -> None:
    rng = np.random.default_rng(20231125)
    print("correlation  step  event  coverage")
    for rho in (0.0, 0.5, 0.9):
        for step in (0.0, 0.05, 0.3):
            for event in (0, 1):
                V = 0.01 * ((1 - rho) * np.eye(5) + rho)
                share = coverage(V, step * np.array([1.0, 1, 0, 1, 2]), event, rng)
                print(f"{rho:11.1f}  {step:4.2f}  {event:5d}  {share:8.4f}", flush=True)


if __name__ == "__main__":
    main()
