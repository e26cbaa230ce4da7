"""Random panels, and the slow and obvious regressions that fast ones are compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Array = npt.NDArray[np.float64]


def random_panel(seed: int, n: int = 240, missing: float = 0.0, balanced: bool = False) -> pl.DataFrame:
    """Firms in provinces over years; keys unique, some effects nested, regressors correlated with them."""
    rng = np.random.default_rng(seed)
    firms, years = int(rng.integers(8, 30)), int(rng.integers(4, 12))
    firm, year = (a.ravel() for a in np.meshgrid(np.arange(firms), np.arange(years), indexing="ij"))
    if not balanced:
        keep = np.sort(rng.choice(len(firm), size=max(int(0.75 * len(firm)), 25), replace=False))
        firm, year = firm[keep][:n], year[keep][:n]
    m = len(firm)
    province = firm % max(firms // 4, 3)
    x1 = rng.normal(size=m) + 0.3 * firm / firms
    x2 = rng.normal(size=m) + 0.5 * x1 + np.sin(year)
    x3 = rng.integers(0, 3, size=m).astype(float)
    shock = rng.normal(size=firms)[firm]
    y = 1.5 + x1 - 0.7 * x2 + 0.2 * x3 + 0.1 * firm + 0.2 * year + 0.5 * shock * x1 + rng.normal(size=m)
    frame = pl.DataFrame({
        "firm": [f"f{k:03d}" for k in firm], "year": year + 2000, "province": province,
        "y": y, "x1": x1, "x2": x2, "x3": x3, "w": rng.uniform(0.3, 3.0, size=m),
    })  # fmt: skip
    holes = rng.uniform(size=(m, 3)) < missing
    return frame.with_columns(
        pl.when(pl.Series(holes[:, j])).then(None).otherwise(pl.col(c)).alias(c)
        for j, c in enumerate(("y", "x1", "x3"))
    )


def dummies(values: pl.Series, drop_first: bool = False) -> Array:
    """One column for each value, in the order of the values."""
    levels = values.unique().sort()[1 if drop_first else 0 :]
    return np.column_stack([(values == v).to_numpy().astype(float) for v in levels] or [np.zeros((len(values), 0))])


@dataclass
class XtregReference:
    """Stata's ``xtreg y x i.others, fe`` done as its manual defines it."""

    terms: list[str]
    b: Array
    V: dict[str, Array]
    r2_within: float
    df: dict[str, float]


def xtreg_reference(
    frame: pl.DataFrame, y: str, x: list[str], unit: str, others: list[str], cluster: str
) -> XtregReference:
    """Demean by unit, add the grand means back, OLS with a constant and dummies (first level the base).

    Collinear dummies are left to the pseudo-inverse, so only slopes and identified constants may be compared.
    """
    frame = frame.drop_nulls([y, *x, unit, *others, cluster])
    n = frame.height
    X = np.column_stack([frame.select(x).to_numpy(), *(dummies(frame[o], drop_first=True) for o in others)])
    D = dummies(frame[unit])

    def within(M: Array) -> Array:
        return M - D @ (D.T @ M / D.sum(axis=0)[:, None]) + M.mean(axis=0)

    Y = within(frame[y].to_numpy().astype(float)[:, None])[:, 0]
    Z = np.column_stack([within(X), np.ones(n)])
    inverse = np.linalg.pinv(Z.T @ Z)
    b = inverse @ Z.T @ Y
    e = Y - Z @ b
    K = np.linalg.matrix_rank(Z)
    C = dummies(frame[cluster])
    G = C.shape[1]
    S = C.T @ (Z * e[:, None])
    clustered = G / (G - 1) * (n - 1) / (n - K) * inverse @ (S.T @ S) @ inverse
    df = n - K - D.shape[1] + 1
    r2 = 1 - (e @ e) / ((Y - Y.mean()) @ (Y - Y.mean()))
    pick = [*range(len(x)), Z.shape[1] - 1]
    V = {"cluster": clustered[np.ix_(pick, pick)], "iid": (inverse * (e @ e) / df)[np.ix_(pick, pick)]}
    return XtregReference([*x, "(Intercept)"], b[pick], V, float(r2), {"cluster": G - 1, "iid": df})


def dummy_regression(frame: pl.DataFrame, y: str, x: list[str], effects: list[str], weights: str | None) -> Array:
    """Slopes of the regression on all dummies, by the minimum-norm solution."""
    frame = frame.drop_nulls([y, *x, *effects, *([weights] if weights else [])])
    X = frame.select(x).to_numpy().astype(float)
    D = np.column_stack([dummies(frame[e]) for e in effects])
    root = np.sqrt(frame[weights].to_numpy()) if weights else np.ones(frame.height)
    Z = np.column_stack([X, D]) * root[:, None]
    scale = np.linalg.norm(Z, axis=0)
    solution, *_ = np.linalg.lstsq(Z / scale, frame[y].to_numpy() * root, rcond=1e-12)
    return (solution / scale)[: len(x)]
