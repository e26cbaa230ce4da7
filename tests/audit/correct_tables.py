"""Correct tables of regressions on drawn data: every printed number is the rounding of a computed one.

Stepwise least-squares columns, a two-stage least-squares column and a random-effects column on one panel; significance
by the normal distribution, t with residual degrees of freedom, or t(G-1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from econloom.audit.read.grid import Grid

CUTS = (0.10, 0.05, 0.01)
NOTES = {
    "se": "Standard errors in parentheses.",
    "t": "t statistics in parentheses.",
    "p": "p values in parentheses.",
}


@dataclass(frozen=True)
class Fit:
    """One column: its method and numbers, not rounded."""

    method: str
    terms: tuple[str, ...]
    b: np.ndarray
    se: np.ndarray
    df: float
    r2: float
    r2_adjusted: float
    loglik: float

    @property
    def t(self) -> np.ndarray:
        return self.b / self.se

    @property
    def p(self) -> np.ndarray:
        t = np.abs(self.t)
        return 2 * (special.ndtr(-t) if math.isinf(self.df) else special.stdtr(self.df, -t))

    @property
    def stars(self) -> list[int]:
        return [sum(p <= c for c in CUTS) for p in self.p]


@dataclass(frozen=True)
class Case:
    """A drawn table before it is printed."""

    fits: tuple[Fit, ...]
    n: int
    clusters: int
    digits: int
    parens: str
    lr: tuple[float | None, ...]

    def grid(
        self, stars: dict[tuple[str, int], int] | None = None, se: dict[tuple[str, int], str] | None = None
    ) -> Grid:
        """The table as printed; ``stars`` and ``se`` replace those of single cells."""
        rows: list[tuple[str, ...]] = [
            ("", *(f"({k})" for k in range(1, len(self.fits) + 1))),
            ("", *(f.method for f in self.fits)),
        ]
        for term in dict.fromkeys(t for f in self.fits for t in f.terms):
            above, below = [term], [""]
            for k, f in enumerate(self.fits):
                if term not in f.terms:
                    above.append("")
                    below.append("")
                    continue
                i = f.terms.index(term)
                count = (stars or {}).get((term, k), f.stars[i])
                above.append(self.shown(f.b[i]) + "*" * count)
                below.append(
                    (se or {}).get((term, k), f"({self.shown({'se': f.se, 't': f.t, 'p': f.p}[self.parens][i])})")
                )
            rows += [tuple(above), tuple(below)]
        rows.append(("N", *[str(self.n)] * len(self.fits)))
        rows.append(("R2", *(self.shown(f.r2) for f in self.fits)))
        ols = [f.method == "OLS" for f in self.fits]
        rows.append(("Adj. R2", *(self.shown(f.r2_adjusted) if o else "" for f, o in zip(self.fits, ols, strict=True))))
        rows.append(
            ("Log likelihood", *(self.shown(f.loglik) if o else "" for f, o in zip(self.fits, ols, strict=True)))
        )
        rows.append(("LR test", *("" if x is None else self.shown(x) for x in self.lr)))
        return Grid(tuple(rows), "Correct", (f"{NOTES[self.parens]} * p<0.10, ** p<0.05, *** p<0.01.",))

    def shown(self, value: float) -> str:
        return f"{value:.{self.digits}f}"


def draw(rng: np.random.Generator) -> Case:
    """One table."""
    clusters = int(np.exp(rng.uniform(np.log(5), np.log(401))))
    clusters = min(max(clusters, 5), 400)
    periods = int(rng.integers(2, 7)) if clusters > 8 else int(rng.integers(8, 13))
    n, k = clusters * periods, int(rng.integers(2, 5))
    unit = np.repeat(np.arange(clusters), periods)
    scale = 10 ** rng.uniform(-1, 1.5)
    z = rng.standard_normal(n)
    u = rng.standard_normal(n) + 0.7 * rng.standard_normal(clusters)[unit]
    x = rng.standard_normal((n, k)) + 0.5 * rng.standard_normal((clusters, k))[unit]
    x[:, 0] += rng.uniform(0.3, 1.0) * z + 0.3 * u
    y = scale * (x @ (rng.standard_normal(k) * rng.uniform(0, 0.4, k)) + u + rng.standard_normal())
    reference = str(rng.choice(["normal", "residual", "clusters"]))
    names = tuple(f"x{i + 1}" for i in range(k))
    fits = [_ols(y, x[:, :j], names[:j], unit, clusters, reference) for j in range(1, k + 1)]
    fits += [_iv(y, x, z, names, reference), _random_effects(y, x, names, unit, periods, reference)]
    full = fits[k - 1].loglik
    lr = tuple(2 * (full - f.loglik) if j < k - 1 else None for j, f in enumerate(fits))
    return Case(
        tuple(fits), n, clusters, int(rng.integers(3, 6)), str(rng.choice(["se", "t", "p"], p=[0.5, 0.3, 0.2])), lr
    )


def _df(reference: str, n: int, k: int, clusters: int) -> float:
    return {"normal": math.inf, "residual": float(n - k), "clusters": float(clusters - 1)}[reference]


def _ols(y: np.ndarray, x: np.ndarray, names: tuple[str, ...], unit: np.ndarray, clusters: int, reference: str) -> Fit:
    n, w = len(y), np.column_stack([x, np.ones(len(y))])
    k = w.shape[1]
    bread = np.linalg.inv(w.T @ w)
    b = bread @ (w.T @ y)
    e = y - w @ b
    ssr, sst = float(e @ e), float(((y - y.mean()) ** 2).sum())
    if reference == "clusters":
        scores = np.zeros((clusters, k))
        np.add.at(scores, unit, w * e[:, None])
        cov = bread @ (scores.T @ scores) @ bread * clusters / (clusters - 1) * (n - 1) / (n - k)
    else:
        cov = bread * ssr / (n - k)
    loglik = -n / 2 * (math.log(2 * math.pi * ssr / n) + 1)
    r2 = 1 - ssr / sst
    return Fit("OLS", (*names, "Constant"), b, np.sqrt(np.diag(cov)), _df(reference, n, k, clusters), r2,
               1 - (1 - r2) * (n - 1) / (n - k), loglik)  # fmt: skip


def _iv(y: np.ndarray, x: np.ndarray, z: np.ndarray, names: tuple[str, ...], reference: str) -> Fit:
    n, w = len(y), np.column_stack([x, np.ones(len(y))])
    instruments = w.copy()
    instruments[:, 0] = z
    inverse = np.linalg.inv(instruments.T @ w)
    b = inverse @ (instruments.T @ y)
    e = y - w @ b
    cov = inverse @ (instruments.T @ instruments) @ inverse.T * float(e @ e) / (n - w.shape[1])
    r2 = 1 - float(e @ e) / float(((y - y.mean()) ** 2).sum())
    df = math.inf if reference == "normal" else float(n - w.shape[1])
    return Fit("2SLS", (*names, "Constant"), b, np.sqrt(np.diag(cov)), df, r2, math.nan, math.nan)


def _random_effects(
    y: np.ndarray, x: np.ndarray, names: tuple[str, ...], unit: np.ndarray, periods: int, reference: str
) -> Fit:
    theta = 0.6
    w = np.column_stack([x, np.ones(len(y))])
    both = np.column_stack([w, y]).reshape(-1, periods, w.shape[1] + 1)
    moved = (both - theta * both.mean(axis=1, keepdims=True)).reshape(-1, w.shape[1] + 1)
    fit = _ols(moved[:, -1], moved[:, :-2], names, unit, int(unit[-1]) + 1, "residual")
    constant = moved[:, -2]
    design = np.column_stack([moved[:, :-2], constant])
    bread = np.linalg.inv(design.T @ design)
    b = bread @ (design.T @ moved[:, -1])
    e = moved[:, -1] - design @ b
    se = np.sqrt(np.diag(bread) * float(e @ e) / (len(y) - design.shape[1]))
    df = math.inf if reference != "residual" else float(len(y) - design.shape[1])
    return replace(
        fit, method="RE", b=b, se=se, df=df, r2=max(0.0, 1 - float(e @ e) / float(((y - y.mean()) ** 2).sum()))
    )
