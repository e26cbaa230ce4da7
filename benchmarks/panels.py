"""Simulated panels for the benchmarks, each with a fixed seed."""

from __future__ import annotations

import numpy as np
import polars as pl


def firms(n: int = 30_000, regressors: int = 9, seed: int = 1) -> pl.DataFrame:
    """Firms in provinces over twelve years, 3 per cent of rows missing at random; ``z`` moves ``x1``."""
    rng = np.random.default_rng(seed)
    years = 12
    number = -(-n * 103 // 100 // years)
    firm, year = (a.ravel() for a in np.meshgrid(np.arange(number), np.arange(years), indexing="ij"))
    keep = np.sort(rng.choice(len(firm), size=n, replace=False))
    firm, year = firm[keep], year[keep]
    province = (firm * 31) % 31
    province = rng.integers(0, 31, number)[firm]
    X = rng.normal(size=(n, regressors)) + 0.3 * rng.normal(size=(number, regressors))[firm]
    X += 0.2 * rng.normal(size=(years, regressors))[year]
    z = rng.normal(size=n)
    X[:, 0] += 0.5 * z
    y = X @ np.linspace(1, 0.1, regressors) + rng.normal(size=number)[firm] + 0.1 * year + rng.normal(size=n)
    columns = {f"x{j + 1}": X[:, j] for j in range(regressors)}
    return pl.DataFrame({"firm": firm, "year": 2000 + year, "province": province, "y": y, "z": z, **columns})


def matched(n: int, levels: tuple[int, ...], regressors: int, seed: int = 1) -> pl.DataFrame:
    """Rows that fall into the levels of several effects at random."""
    rng = np.random.default_rng(seed)
    codes = [rng.integers(0, size, n) for size in levels]
    X = rng.normal(size=(n, regressors))
    for size, code in zip(levels, codes, strict=True):
        X += 0.3 * rng.normal(size=size)[code][:, None]
    y = X @ np.linspace(1, 0.1, regressors) + rng.normal(size=n)
    for size, code in zip(levels, codes, strict=True):
        y += rng.normal(size=size)[code]
    names = {f"f{j + 1}": code for j, code in enumerate(codes)}
    return pl.DataFrame({**names, "y": y, **{f"x{j + 1}": X[:, j] for j in range(regressors)}})
