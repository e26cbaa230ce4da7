"""Numbers that describe columns: moments, quantiles, correlations, variance inflation factors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from econloom.core.errors import DataError, EstimationError
from econloom.core.frame import Panel

Numbers = Mapping[str, float | int | str | None]


def descriptive(panel: Panel, columns: Sequence[str]) -> dict[str, Numbers]:
    """N, mean, standard deviation (divisor n - 1), minimum, quartiles and maximum of each column.

    Quartiles interpolate linearly between order statistics (type 7 of Hyndman and Fan 1996). ``min_at`` and ``max_at``
    name the first row, by its keys, with the extreme value.

    Returns
    -------
    dict of str to mapping
        By column: n, mean, sd, min, p25, median, p75, max, min_at, max_at; None where there is no value.

    Raises
    ------
    DataError
        A column that does not hold numbers.

    Examples
    --------
    >>> frame = pl.DataFrame({"c": ["A", "B"], "t": [1, 1], "x": [1.0, 4.0]})
    >>> found = descriptive(Panel.build(frame, "c", "t"), ["x"])["x"]
    >>> found["n"], found["mean"], found["max_at"]
    (2, 2.5, 'B 1')
    """
    return {name: _described(panel, name) for name in columns}


@dataclass(frozen=True, slots=True)
class Counted:
    """How often a condition holds.

    Attributes
    ----------
    n, total : int
        Rows (or units) where it holds, and those where it is known.
    names : tuple of str
        The units where it holds, in order of their names.
    """

    n: int
    total: int
    names: tuple[str, ...] = ()


def counts(panel: Panel, holds: pl.Series, of: str | None = None) -> Counted:
    """Rows where a condition holds, or values of a column that have such a row.

    Parameters
    ----------
    holds : polars.Series of bool
        In the panel's row order; null where it is not known.
    of : str, optional
        Count the different values of this column: a unit counts where the condition holds in one of its rows.

    Raises
    ------
    DataError
        The condition is known in no row, or there is no such column.

    Examples
    --------
    >>> panel = Panel(pl.DataFrame({"c": ["A", "A", "B"], "x": [1, -1, 2]}))
    >>> counts(panel, panel.frame["x"] > 0), counts(panel, panel.frame["x"] < 0, "c")
    (Counted(n=2, total=3, names=()), Counted(n=1, total=2, names=('A',)))
    """
    known = holds.is_not_null()
    if not known.any():
        raise DataError("the condition is known in no row: a value that it needs is missing everywhere")
    if of is None:
        return Counted(int(holds.sum() or 0), int(known.sum()))
    units = panel.column(of)
    there = units.filter(holds.fill_null(False)).drop_nulls().unique().sort()
    return Counted(len(there), units.filter(known).drop_nulls().n_unique(), tuple(str(v) for v in there))


def _described(panel: Panel, name: str) -> Numbers:
    values = panel.column(name)
    if not (values.dtype.is_numeric() or values.dtype == pl.Null):
        raise DataError(f"column {name!r} holds {values.dtype}, not numbers")
    values = values.cast(pl.Float64)
    return {
        "n": values.count(),
        "mean": values.mean(),  # type: ignore[dict-item]
        "sd": values.std(),  # type: ignore[dict-item]
        "min": values.min(),  # type: ignore[dict-item]
        "p25": values.quantile(0.25, "linear"),
        "median": values.median(),  # type: ignore[dict-item]
        "p75": values.quantile(0.75, "linear"),
        "max": values.max(),  # type: ignore[dict-item]
        "min_at": _where(panel, values.arg_min()),
        "max_at": _where(panel, values.arg_max()),
    }


def _where(panel: Panel, row: int | None) -> str | None:
    if row is None:
        return None
    return " ".join(str(panel.frame[key][row]) for key in panel.keys) or f"row {row + 1}"


def correlations(
    panel: Panel, columns: Sequence[str]
) -> tuple[dict[tuple[str, str], float | None], dict[tuple[str, str], float | None]]:
    """Pearson correlations over the rows that have both columns, with two-sided p values.

    ``t = r sqrt((n - 2) / (1 - r^2))`` with n - 2 degrees of freedom; None where a column does not vary or n < 3.

    Returns
    -------
    values, p_values : dict of (str, str) to float or None
        For each pair in the order of ``columns``.
    """
    values: dict[tuple[str, str], float | None] = {}
    p_values: dict[tuple[str, str], float | None] = {}
    for a, b in combinations(columns, 2):
        both = panel.frame.select(pl.col(a).cast(pl.Float64), pl.col(b).cast(pl.Float64)).drop_nulls()
        x, y = both[a].to_numpy(), both[b].to_numpy()
        if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
            values[a, b] = p_values[a, b] = None
            continue
        values[a, b], p_values[a, b] = _pearson(x, y)
    return values, p_values


def _pearson(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    dx, dy = x - x.mean(), y - y.mean()
    dx, dy = dx / np.linalg.norm(dx), dy / np.linalg.norm(dy)
    r = min(1.0, max(-1.0, float(dx @ dy)))
    df = len(x) - 2
    # the tail of t, as an incomplete beta function of 1 - r^2, which keeps its digits near r = 1
    return r, float(special.betainc(df / 2, 0.5, (1 - r) * (1 + r)))


def variance_inflation(columns: Mapping[str, Any]) -> dict[str, float]:
    """``1 / (1 - R2_j)``, R2 of each column on the others and a constant: the diagonal of the inverse correlations.

    Parameters
    ----------
    columns : mapping of str to array (n,)
        Regressors; rows with a missing value are left out.

    Raises
    ------
    EstimationError
        Fewer than two columns, too few rows, a column that does not vary, or collinear columns.
    """
    names = list(columns)
    if len(names) < 2:
        raise EstimationError("variance inflation needs at least two regressors")
    X = np.column_stack([np.asarray(columns[n], dtype=float) for n in names])
    X = X[np.isfinite(X).all(axis=1)]
    if len(X) <= len(names):
        raise EstimationError(f"variance inflation: {len(X)} complete rows for {len(names)} regressors")
    spread = X.std(axis=0)
    if (spread == 0).any():
        raise EstimationError(f"variance inflation: {names[int(np.argmin(spread))]!r} does not vary")
    R = np.corrcoef(X, rowvar=False)
    if np.linalg.cond(R) > 1e12:
        raise EstimationError("variance inflation: the regressors are collinear")
    return dict(zip(names, np.diag(np.linalg.inv(R)).tolist(), strict=True))
