"""Estimators in numpy, quick enough for ten thousand tables; checked against statsmodels and linearmodels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Fit:
    """Coefficients, their covariance, and what measures of fit need.

    ``homoskedastic`` is the covariance without robustness, whatever ``v`` is.
    """

    b: Array
    v: Array
    ssr: float
    sst: float
    loglik: float
    homoskedastic: Array
    residuals: Array

    @property
    def r2(self) -> float:
        return 1 - self.ssr / self.sst


def covariance(bread: Array, x: Array, e: Array, kind: str, groups: Array, scale: float) -> Array:
    n, k = x.shape
    if kind == "iid":
        return bread * scale
    scores = x * e[:, None]
    if kind == "hc1":
        return bread @ (scores.T @ scores) @ bread * n / (n - k)
    count = int(groups.max()) + 1
    sums = np.zeros((count, k))
    np.add.at(sums, groups, scores)
    return bread @ (sums.T @ sums) @ bread * count / (count - 1) * (n - 1) / (n - k)


def ols(y: Array, x: Array, kind: str, groups: Array) -> Fit:
    n, k = x.shape
    bread = np.linalg.inv(x.T @ x)
    b = bread @ (x.T @ y)
    e = y - x @ b
    ssr, sst = float(e @ e), float(((y - y.mean()) ** 2).sum())
    loglik = -n / 2 * (math.log(2 * math.pi * ssr / n) + 1)
    plain = bread * ssr / (n - k)
    return Fit(b, covariance(bread, x, e, kind, groups, ssr / (n - k)), ssr, sst, loglik, plain, e)


def tsls(y: Array, x: Array, z: Array, kind: str, groups: Array, small: bool) -> Fit:
    """Two-stage least squares; ``z`` holds all exogenous columns."""
    n, k = x.shape
    fitted = z @ np.linalg.lstsq(z, x, rcond=None)[0]
    bread = np.linalg.inv(fitted.T @ x)
    b = bread @ (fitted.T @ y)
    e = y - x @ b
    ssr, sst = float(e @ e), float(((y - y.mean()) ** 2).sum())
    plain = bread * ssr / (n - k if small else n)
    return Fit(
        b, covariance(bread, fitted, e, kind, groups, ssr / (n - k if small else n)), ssr, sst, math.nan, plain, e
    )


def within(y: Array, x: Array, unit: Array, periods: int) -> Fit:
    """Unit effects of a balanced panel; no constant."""
    held = np.column_stack([x, y]).reshape(-1, periods, x.shape[1] + 1)
    moved = (held - held.mean(axis=1, keepdims=True)).reshape(-1, x.shape[1] + 1)
    w, v = moved[:, :-1], moved[:, -1]
    bread = np.linalg.inv(w.T @ w)
    b = bread @ (w.T @ v)
    e = v - w @ b
    ssr, n = float(e @ e), len(y)
    cov = bread * ssr / (n - n // periods - w.shape[1])
    loglik = -n / 2 * (math.log(2 * math.pi * ssr / n) + 1)
    return Fit(b, cov, ssr, float(v @ v), loglik, cov, e)


def random_effects(y: Array, x: Array, unit: Array, periods: int) -> Fit:
    """Swamy and Arora, balanced; the last column of ``x`` is the constant."""
    n, k = x.shape
    inside = within(y, x[:, :-1], unit, periods)
    means = np.column_stack([x, y]).reshape(-1, periods, k + 1).mean(axis=1)
    gaps = means[:, -1] - means[:, :-1] @ np.linalg.lstsq(means[:, :-1], means[:, -1], rcond=None)[0]
    noise = inside.ssr / (n - n // periods - (k - 1))
    between = float(gaps @ gaps) / max(1, len(means) - k)
    unit_variance = max(0.0, between - noise / periods)
    theta = 1 - math.sqrt(noise / (periods * unit_variance + noise))
    held = np.column_stack([x, y]).reshape(-1, periods, k + 1)
    moved = (held - theta * held.mean(axis=1, keepdims=True)).reshape(-1, k + 1)
    w, v = moved[:, :-1], moved[:, -1]
    bread = np.linalg.inv(w.T @ w)
    b = bread @ (w.T @ v)
    e = v - w @ b
    ssr = float(e @ e)
    return Fit(b, bread * ssr / (n - k), ssr, float(v @ v), math.nan, bread * ssr / (n - k), e)


def logit(y: Array, x: Array) -> Fit:
    b = np.zeros(x.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-x @ b))
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x, x.T @ (y - p))
        b = b + step
        if np.abs(step).max() < 1e-10:
            break
    p = 1 / (1 + np.exp(-x @ b))
    v = np.linalg.inv((x * (p * (1 - p))[:, None]).T @ x)
    loglik = float(np.log(np.where(y > 0, p, 1 - p)).sum())
    share = y.mean()
    null = len(y) * (share * math.log(share) + (1 - share) * math.log(1 - share))
    return Fit(b, v, loglik, null, loglik, v, y - p)
