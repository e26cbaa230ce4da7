"""Outlying values: clipped (winsorising) or made missing (trimming) beyond two percentiles.

The percentile rule is named, because programs differ. With n values x_(1) <= ... <= x_(n) and a lower tail p:

==========  ==========================================================================================
``winsor``  x_(h + 1) with h the whole part of np: the h lowest values take the next one. Winsor's own rule, Stata's
            ``winsor``, scipy's ``mstats.winsorize``; the only one of the four that is idempotent.
``pctile``  x_(h + 1), or the mean of x_(h) and x_(h + 1) where np is whole: Stata's ``_pctile`` and ``winsor2``,
            R's type 2.
``centile`` linear between order statistics at (n + 1)p: Stata's ``centile``, R's type 6.
``linear``  linear at 1 + (n - 1)p: R's and numpy's default (type 7), ``DescTools::Winsorize``, pandas.
==========  ==========================================================================================

The upper tail is the mirror image. ``winsor`` and ``pctile`` differ only where np is a whole number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from econloom.core.errors import UsageError, did_you_mean
from econloom.core.frame import Panel
from econloom.core.lineage import Event
from econloom.data.columns.worked import Worked, grouped, numbers

Rule = Literal["winsor", "pctile", "centile", "linear"]
RULES: tuple[Rule, ...] = get_args(Rule)
_FUZZ = 1e-9  # 100 * 0.29 is 28.999999999999996: it counts as 29


@dataclass(frozen=True, slots=True)
class Tails:
    """What is an outlier.

    Attributes
    ----------
    lower, upper : float
        Percentiles as shares, such as 0.01 and 0.99; 0 and 1 leave a side alone.
    by : tuple of str
        Columns within whose groups percentiles are taken; empty: over all rows.
    rule : {"winsor", "pctile", "centile", "linear"}

    Raises
    ------
    UsageError
        Percentiles outside 0 to 1 or not in order (1 and 99 are pointed out), or an unknown rule.
    """

    lower: float = 0.01
    upper: float = 0.99
    by: tuple[str, ...] = ()
    rule: Rule = "winsor"

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            near = did_you_mean(str(self.rule), RULES)
            raise UsageError(f"no percentile rule {self.rule!r}{near}", hint=f"rules: {', '.join(RULES)}")
        for tail in (self.lower, self.upper):
            if not 0 <= tail <= 1:
                hint = f"write {tail / 100:g} for the {tail:g}th percentile" if 1 < tail <= 100 else None
                raise UsageError(f"a percentile is a share from 0 to 1, not {tail:g}", hint=hint)
        if self.lower >= self.upper:
            raise UsageError(f"the lower percentile ({self.lower:g}) is not below the upper ({self.upper:g})")
        if self.lower == 0 and self.upper == 1:
            raise UsageError("percentiles 0 and 1 cut nothing")

    def __str__(self) -> str:
        groups = f" by {' x '.join(self.by)}" if self.by else ""
        return f"at {self.lower:g} and {self.upper:g}{groups} ({self.rule} rule)"


def bounds(panel: Panel, values: pl.Series, tails: Tails) -> tuple[pl.Series, pl.Series]:
    """The lower and the upper bound that hold in each row; null where the row's group has no value.

    Returns
    -------
    lower, upper : polars.Series
        In the panel's row order.
    """
    column = numbers(values, "percentiles")
    frame, groups = grouped(panel, tails.by, column)
    x = column.fill_null(np.nan).to_numpy()
    low, high = np.full(len(x), np.nan), np.full(len(x), np.nan)
    for rows in _rows_of_groups(frame, groups):
        there = x[rows][~np.isnan(x[rows])]
        low[rows], high[rows] = _bound(there, tails.lower, tails.rule), -_bound(-there, 1 - tails.upper, tails.rule)
    lower, upper = (pl.Series(b).fill_nan(None) for b in (low, high))
    return lower, upper


def _rows_of_groups(frame: pl.DataFrame, groups: list[str]) -> Iterator[npt.NDArray[np.int64] | slice]:
    if not groups:
        yield slice(None)
        return
    found = frame.select(*groups).with_row_index("row").group_by(groups, maintain_order=True).agg("row")["row"]
    for rows in found:
        yield rows.to_numpy()


def winsorise(panel: Panel, values: pl.Series, tails: Tails) -> Worked:
    """Values beyond the two percentiles take the percentile's value; a missing value stays missing.

    Examples
    --------
    >>> frame = pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 100.0]})
    >>> winsorise(Panel(frame), frame["x"], Tails(0.2, 0.8)).values.to_list()
    [2.0, 2.0, 3.0, 4.0, 4.0]
    """
    column, low, high = _between(panel, values, tails)
    made = _cut(column, low, high, low, high)
    cells = _changed(column, made)
    message = f"{values.name}: {cells} cells winsorised {tails}"
    return Worked(made, (Event("variable", message, cells=cells, detail=_detail(low, high, tails)),))


def trim(panel: Panel, values: pl.Series, tails: Tails) -> Worked:
    """Values beyond the two percentiles become missing.

    Examples
    --------
    >>> frame = pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 100.0]})
    >>> trim(Panel(frame), frame["x"], Tails(0.2, 0.8)).values.to_list()
    [None, 2.0, 3.0, 4.0, None]
    """
    column, low, high = _between(panel, values, tails)
    made = _cut(column, low, high, None, None)
    cells = column.count() - made.count()
    message = f"{values.name}: {cells} cells trimmed {tails}: now missing"
    return Worked(made, (Event("variable", message, cells=cells, detail=_detail(low, high, tails)),))


def _between(panel: Panel, values: pl.Series, tails: Tails) -> tuple[pl.Series, pl.Series, pl.Series]:
    return (numbers(values, "percentiles"), *bounds(panel, values, tails))


def _cut(
    column: pl.Series, low: pl.Series, high: pl.Series, below: pl.Series | None, above: pl.Series | None
) -> pl.Series:
    x = pl.Series("x", column)
    rule = pl.when(x < low).then(below).when(x > high).then(above).otherwise(x)
    return pl.select(rule.cast(pl.Float64)).to_series().alias(column.name)


def _changed(before: pl.Series, after: pl.Series) -> int:
    return int((before != after).sum() or 0)


def _detail(low: pl.Series, high: pl.Series, tails: Tails) -> dict[str, object]:
    spans = {name: [s.min(), s.max()] for name, s in (("lower", low), ("upper", high))}
    return {"bounds": spans, "by": list(tails.by), "rule": tails.rule, "tails": [tails.lower, tails.upper]}


def _bound(x: npt.NDArray[np.float64], p: float, rule: Rule) -> float:
    """The bound of a lower tail p; the upper one is that of the negative values, negative."""
    n = len(x)
    if n == 0:
        return np.nan
    if p <= 0:
        return float(x.min())
    if rule in {"winsor", "pctile"}:
        h = int(n * p + _FUZZ)
        whole = rule == "pctile" and h >= 1 and abs(n * p - h) <= 2 * _FUZZ
        first, second = _order(x, h - 1 if whole else h, h)
        return (first + second) / 2
    place = min(max((n + 1) * p if rule == "centile" else 1 + (n - 1) * p, 1.0), float(n))
    h = int(place + _FUZZ)
    first, second = _order(x, h - 1, h)
    return first + (second - first) * max(place - h, 0.0)


def _order(x: npt.NDArray[np.float64], *places: int) -> tuple[float, float]:
    """Two order statistics, counted from 0 and kept within the values that are there."""
    first, second = (min(place, len(x) - 1) for place in places)
    found = np.partition(x, sorted({first, second}))
    return float(found[first]), float(found[second])


def tails_of(lower: float, upper: float, by: Sequence[str] | str | None, rule: str) -> Tails:
    """Percentiles as a caller gives them."""
    groups = (by,) if isinstance(by, str) else tuple(by or ())
    return Tails(lower, upper, groups, rule)  # type: ignore[arg-type]
