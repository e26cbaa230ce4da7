"""How much of inequality lies within groups and how much between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from econloom.measures.groups import FloatArray, Groups
from econloom.measures.inequality import entropy
from econloom.measures.sample import Sample, over
from econloom.measures.values import option


@dataclass(frozen=True)
class Decomposition:
    """A Theil index as a sum.

    Attributes
    ----------
    index : str
        ``T`` or ``L``.
    total, within, between : float
        ``total = within + between``; nats.
    parts : polars.DataFrame
        One row a group: keys, ``n``, ``share`` (of income for T, of population for L), ``mean``, ``theil`` (within
        that group) and ``contribution`` (share times theil; they sum to ``within``).
    """

    index: str
    total: float
    within: float
    between: float
    parts: pl.DataFrame

    def _repr_html_(self) -> str:
        share = f"{self.between / self.total:.1%}" if self.total else "–"
        head = f"Theil {self.index} {self.total:.6f} = {self.within:.6f} within + {self.between:.6f} between ({share})"
        return f"<p>{head}</p>{self.parts._repr_html_()}"


def theil_decomposition(
    x: ArrayLike,
    groups: Any,
    weights: ArrayLike | None = None,
    *,
    by: Any = None,
    index: Literal["T", "L"] = "T",
) -> Any:
    """Theil's index as inequality within groups plus inequality between their means.

    ``T = Σ_g s_g T_g + Σ_g s_g ln(μ_g/μ)`` with s the shares of income;
    ``L = Σ_g p_g L_g + Σ_g p_g ln(μ/μ_g)`` with p the shares of population.

    Parameters
    ----------
    x : array_like (n,)
        As in :func:`theil`. Rows without a value or a group are left out.
    groups : keys
        Such as the region of each city.
    weights : array_like (n,), optional
    by : keys, optional
        One decomposition for each, such as the year.
    index : {"T", "L"}

    Returns
    -------
    Decomposition or polars.DataFrame
        With ``by``: keys, ``theil``, ``within``, ``between`` and ``n``.

    Raises
    ------
    DataError
        As :func:`theil`; for L also a group whose values are all zero.

    Notes
    -----
    Shorrocks, A. F. (1980), The class of additively decomposable inequality measures, *Econometrica* 48, 613-625.

    Examples
    --------
    >>> done = theil_decomposition([1.0, 1.0, 3.0, 3.0], ["a", "a", "b", "b"])
    >>> done.within, round(done.between - done.total, 15)
    (0.0, 0.0)
    """
    option(index, "index", ("T", "L"))
    n = len(np.asarray(x)) if not isinstance(x, pl.Series) else x.len()
    upper = Groups.single(n) if by is None else Groups.of(by, n)
    cells, parent = _nested(upper, Groups.of(groups, n))
    inner = Sample.of(x, weights, cells)
    outer = Sample(inner.x, inner.w, parent[inner.codes], upper, by is not None)
    total = entropy(outer, outer.relative(f"Theil {index}", zero=index == "T"), index)
    weight, mean = inner.totals, inner.mean(inner.x)
    within_each = _within(inner, mean, index)
    relative = over(mean, outer.mean(outer.x)[parent])
    share = over(weight, outer.totals[parent]) * (relative if index == "T" else 1.0)
    contribution = np.where(share > 0, share * within_each, 0.0)
    logs = np.log(relative, out=np.zeros(len(relative)), where=share > 0)
    between = np.bincount(parent, np.where(share > 0, share * (logs if index == "T" else -logs), 0.0), upper.count)
    within = np.bincount(parent, contribution, upper.count)
    if by is not None:
        empty = outer.sizes == 0
        columns = {"theil": total, "within": within, "between": between}
        made = [pl.Series(k, np.where(empty, np.nan, v)).fill_nan(None) for k, v in columns.items()]
        return upper.keys.with_columns(*made, pl.Series("n", outer.sizes))
    parts = cells.keys.drop("all").with_columns(
        pl.Series("n", inner.sizes),
        *(
            pl.Series(k, v).fill_nan(None)
            for k, v in {"share": share, "mean": mean, "theil": within_each, "contribution": contribution}.items()
        ),
    )
    return Decomposition(index, float(total[0]), float(within[0]), max(float(between[0]), 0.0), parts)


def _within(inner: Sample, mean: FloatArray, index: str) -> FloatArray:
    """The index of each group; of one whose values are all zero (possible for T, where it has no share) none."""
    mean_of_row = mean[inner.codes]
    relative = np.divide(inner.x, mean_of_row, out=np.ones(len(inner.x)), where=mean_of_row != 0)
    return np.where(mean == 0, np.nan, entropy(inner, relative, index))


def _nested(upper: Groups, lower: Groups) -> tuple[Groups, np.ndarray]:
    """Cells of both groupings, and the upper group of each cell."""
    crossed = np.where((upper.codes < 0) | (lower.codes < 0), -1, upper.codes * lower.count + lower.codes)
    present = np.unique(crossed[crossed >= 0])
    codes = np.where(crossed < 0, -1, np.searchsorted(present, crossed))
    above, below = present // lower.count, present % lower.count
    keys = pl.concat([upper.keys[above.tolist()], lower.keys[below.tolist()]], how="horizontal")
    return Groups(codes.astype(np.int64), keys), above
