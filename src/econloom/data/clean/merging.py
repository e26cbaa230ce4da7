"""Two panels joined, and two vintages of a variable compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from econloom.core.errors import DataError, UsageError
from econloom.core.frame import Panel
from econloom.data import joins
from econloom.data.clean.entering import Names, names_of
from econloom.data.columns.worked import numbers
from econloom.data.joins import Keep, Kind


def merge(
    panel: Panel,
    other: Panel,
    *,
    on: Names | None = None,
    columns: Names | Mapping[str, str] | None = None,
    kind: Kind = "m:1",
    keep: Keep = "left",
) -> Panel:
    """Bring columns of another panel to this one; unmatched keys are reported on both sides, with near names.

    Parameters
    ----------
    panel, other : Panel
    on : str or sequence of str, optional
        Keys under the same names on both sides; the panel's unit and time without it.
    columns : str, sequence of str or mapping, optional
        Columns of the other panel, or new name to old; all that are no keys without it.
    kind : {"m:1", "1:1", "1:m"}
        ``m:1``: several rows here share a row there. ``1:1``: keys are unique on both sides. ``1:m``: the rows are
        those of the other panel, with its unit and time. ``m:m`` is refused.
    keep : {"left", "matched", "all"}
        All rows of the panel (of the many side with 1:m); only those with a partner; or the other's own rows below.

    Returns
    -------
    Panel
        Its last event says how many rows matched; its ``detail`` has the keys that did not, on both sides, and
        ``near``: names that may be one unit (ROM and ROU, 北京 and 北京市). These are suggestions, never applied.

    Raises
    ------
    DataError
        Keys that repeat where they must not (the merge would multiply rows), that are of different types, or of which
        none matches; a column that is absent or already there.
    UsageError
        ``m:m`` or another unknown kind.

    Examples
    --------
    >>> import polars as pl
    >>> import econloom as el
    >>> a = el.clean.panel(pl.DataFrame({"c": ["北京", "天津"], "t": [1, 1], "x": [1, 2]}), "c", "t")
    >>> b = el.clean.panel(pl.DataFrame({"c": ["北京市", "天津"], "t": [1, 1], "y": [3, 4]}), "c", "t")
    >>> made = el.clean.merge(a, b)
    >>> made.frame["y"].to_list(), made.events[-1].detail["near"]
    ([None, 4], [['北京', '北京市']])
    """
    keys = names_of(on) or panel.keys
    if not keys:
        raise UsageError("the merge has no keys", hint="on=[…], or panels with unit and time")
    if isinstance(columns, Mapping):
        wanted = dict(columns)
    else:
        wanted = {c: c for c in names_of(columns) or [c for c in other.columns if c not in keys]}
    return joins.merge(panel, other, wanted, keys, kind, keep)


@dataclass(frozen=True)
class Vintages:
    """How two vintages of a variable differ.

    Attributes
    ----------
    n_both, n_only_old, n_only_new : int
        Cells with a value in both, or in one only.
    identical : int
        Cells that agree to the tolerance.
    correlation : float or None
        Pearson's, over the cells in both; None where one does not vary.
    mean_difference : float or None
        New minus old.
    worst : polars.DataFrame
        The cells that differ most: keys, ``old``, ``new``, ``difference``, ``relative`` (to the old value).
    by_unit : polars.DataFrame
        Units with differing cells: ``unit``, ``differing``, ``of``, ``largest``.
    """

    n_both: int
    n_only_old: int
    n_only_new: int
    identical: int
    correlation: float | None
    mean_difference: float | None
    worst: pl.DataFrame
    by_unit: pl.DataFrame

    @property
    def differing(self) -> int:
        """Cells in both that do not agree."""
        return self.n_both - self.identical

    def __repr__(self) -> str:
        r = "none" if self.correlation is None else f"{self.correlation:.4f}"
        return (
            f"Vintages({self.n_both} cells in both, {self.differing} differ; correlation {r}; "
            f"{self.n_only_old} only in the old, {self.n_only_new} only in the new)"
        )


def compare_vintages(
    old: Panel, new: Panel, old_column: str, new_column: str | None = None, *, tolerance: float = 0.0, worst: int = 20
) -> Vintages:
    """Compare two vintages of a variable cell by cell: two panels, or two columns of one.

    Parameters
    ----------
    old, new : Panel
        With unit and time under the same names; the same panel twice for two of its columns.
    old_column, new_column : str
        ``new_column`` is called as the old one without it.
    tolerance : float
        Cells agree where ``|new - old| <= tolerance * max(1, |old|)``.
    worst : int
        How many of the worst cells to show.

    Returns
    -------
    Vintages

    Raises
    ------
    DataError
        No cell in both, an absent column, or one without numbers.

    Examples
    --------
    >>> import polars as pl
    >>> import econloom as el
    >>> frame = pl.DataFrame({"c": ["A", "A", "B"], "t": [1, 2, 1], "v1": [1.0, 2.0, 3.0], "v2": [1.0, 2.5, None]})
    >>> p = el.clean.panel(frame, "c", "t")
    >>> el.clean.compare_vintages(p, p, "v1", "v2")
    Vintages(2 cells in both, 1 differ; correlation 1.0000; 1 only in the old, 0 only in the new)
    """
    if len(old.keys) != 2 or old.keys != new.keys:
        raise UsageError("two vintages need the same unit and time", hint=f"old: {old.keys}, new: {new.keys}")
    first = _cells(old, old_column, "old")
    second = _cells(new, new_column or old_column, "new")
    both = first.join(second, on=["unit", "time"], how="full", coalesce=True)
    there = both.drop_nulls(["old", "new"])
    if there.height == 0:
        raise DataError(f"the two vintages of {old_column!r} share no cell")
    gap = pl.col("new") - pl.col("old")
    compared = there.with_columns(difference=gap, relative=pl.when(pl.col("old") != 0).then(gap / pl.col("old").abs()))
    apart = compared.filter(gap.abs() > tolerance * pl.max_horizontal(pl.lit(1.0), pl.col("old").abs()))
    return Vintages(
        n_both=there.height,
        n_only_old=int((both["old"].is_not_null() & both["new"].is_null()).sum()),
        n_only_new=int((both["new"].is_not_null() & both["old"].is_null()).sum()),
        identical=there.height - apart.height,
        correlation=_correlation(there),
        mean_difference=_float(compared["difference"].mean()),
        worst=_worst(apart, old.keys, worst),
        by_unit=_by_unit(apart, there),
    )


def _cells(panel: Panel, name: str, role: str) -> pl.DataFrame:
    values = numbers(panel.column(name), "vintages").alias(role)
    return pl.DataFrame([panel.frame[panel.keys[0]].alias("unit"), panel.frame[panel.keys[1]].alias("time"), values])


def _correlation(there: pl.DataFrame) -> float | None:
    if there.height < 2 or there["old"].n_unique() == 1 or there["new"].n_unique() == 1:
        return None
    return _float(there.select(pl.corr("old", "new")).item())


def _float(value: Any) -> float | None:
    return float(value) if value is not None else None


def _worst(apart: pl.DataFrame, keys: Sequence[str], most: int) -> pl.DataFrame:
    ordered = apart.sort(pl.col("difference").abs(), "unit", "time", descending=[True, False, False]).head(most)
    return ordered.rename({"unit": keys[0], "time": keys[1]} if not {*keys} & {"old", "new"} else {})


def _by_unit(apart: pl.DataFrame, there: pl.DataFrame) -> pl.DataFrame:
    n = there.group_by("unit").len("of")
    found = apart.group_by("unit").agg(pl.len().alias("differing"), pl.col("difference").abs().max().alias("largest"))
    rows = found.join(n, on="unit").select("unit", "differing", "of", "largest")
    return rows.sort("largest", "unit", descending=[True, False])
