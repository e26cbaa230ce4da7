"""Groups of units by a statistic of a column: what is cut, where, and what lies on the cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import polars as pl

from econloom.core.errors import DataError, EstimationError, UsageError, did_you_mean
from econloom.core.expressions import names_in, parse
from econloom.core.frame import Panel
from econloom.core.labels import Label
from econloom.data import expressions
from econloom.data.expressions import Scope
from econloom.panel.absorb import FloatArray

Stat = Literal["mean", "median", "first", "last", "none"]
Cut = Literal["median", "mean", "terciles", "quartiles", "value"]
SAME_ORDER = 1 - 1e-9
"""Rank correlation from which two columns are functions of each other."""
_SHARES: Mapping[str, tuple[float, ...]] = {
    "median": (1 / 2,),
    "terciles": (1 / 3, 2 / 3),
    "quartiles": (1 / 4, 1 / 2, 3 / 4),
}
_NAMES: Mapping[int, tuple[Label, ...]] = {
    2: (Label(zh="低", en="low"), Label(zh="高", en="high")),
    3: (Label(zh="低", en="low"), Label(zh="中", en="middle"), Label(zh="高", en="high")),
    4: tuple(Label(zh=f"第{n}组", en=f"quartile {n}") for n in range(1, 5)),
}


@dataclass(frozen=True)
class Split:
    """A rule that puts units into groups; see :func:`split`."""

    by: str
    unit: str | None = None
    stat: Stat = "mean"
    cut: Cut = "median"
    at: float | None = None
    ties: Literal["low", "high"] = "low"
    labels: tuple[str, ...] | None = None
    before: int | None = None
    force: str | None = None

    @property
    def names(self) -> tuple[Label, ...]:
        """Labels of the groups, from the lowest."""
        if self.labels is not None:
            return tuple(Label.same(text) for text in self.labels)
        return _NAMES[self.size]

    @property
    def size(self) -> int:
        """Number of groups."""
        return {"terciles": 3, "quartiles": 4}.get(self.cut, 2)


@dataclass(frozen=True)
class Groups:
    """Rows of a panel in the groups of a split.

    Attributes
    ----------
    split : Split
    codes : polars.Series
        0 for the lowest group, one entry a row; null where the column has no value.
    scores : polars.Series
        What was cut: the statistic of the row's unit, or the row's own value.
    values : polars.Series
        The column itself.
    cuts : tuple of float
    sizes, tied : int, tuple of int
        Units (or rows, without a unit) with a value; how many of them lie on each cut.
    unknown : int
        Units (or rows) without one: they are in no group.
    """

    split: Split
    codes: pl.Series
    scores: pl.Series
    values: pl.Series
    cuts: tuple[float, ...]
    sizes: int
    tied: tuple[int, ...]
    unknown: int

    def said(self, label: Label) -> Label:
        """How the groups were made, for the note of a table."""
        s, what = self.split, "unit" if self.split.unit else "row"
        zh_stat = {"mean": "均值", "median": "中位数", "first": "首期值", "last": "末期值", "none": "值"}[s.stat]
        en_stat = {"mean": "mean", "median": "median", "first": "first value", "last": "last value", "none": "value"}
        zh_cut = {
            "median": "中位数",
            "mean": "均值",
            "terciles": "三分位数",
            "quartiles": "四分位数",
            "value": "给定值",
        }
        en_cut = {"median": "the median", "mean": "the mean", "terciles": "the terciles",
                  "quartiles": "the quartiles", "value": "a given value"}  # fmt: skip
        numbers = [f"{c:.6g}" for c in self.cuts]
        per = (
            (f"按{s.unit}的{zh_stat}", f"{en_stat[s.stat]} by {s.unit}")
            if s.unit
            else ("按各行取值", "value of the row")
        )
        early = (f"（{s.before}年以前）", f" before {s.before}") if s.before is not None else ("", "")
        zh = f"{label.text('zh')}{per[0]}{early[0]}以{zh_cut[s.cut]}（{'、'.join(numbers)}）分组"
        en = f"{label.text('en')}: groups by {per[1]}{early[1]}, cut at {en_cut[s.cut]} ({', '.join(numbers)})"
        side = ("低", "lower") if s.ties == "low" else ("高", "upper")
        count = sum(self.tied)
        zh += f"，恰在分界点的{count}个归入较{side[0]}组" if count else "，无观测恰在分界点"
        plural = f"{count} {what}{'s' if count != 1 else ''}"
        en += f"; {plural} on a cut in the {side[1]} group" if count else "; none lies on a cut"
        if self.unknown:
            zh += f"，{self.unknown}个因缺失未分组"
            en += f"; {self.unknown} without a value in no group"
        if s.force is not None:
            zh += f"，分组变量与解释变量或被解释变量同源（{s.force}）"
            en += f"; the variable is not independent of the regressor or the outcome ({s.force})"
        return Label(zh=zh, en=en)


def split(
    by: str,
    unit: str | None = None,
    stat: Stat = "mean",
    cut: Cut = "median",
    at: float | None = None,
    ties: Literal["low", "high"] = "low",
    labels: Sequence[str] | None = None,
    before: int | None = None,
    force: str | None = None,
) -> Split:
    """A rule that puts units into groups.

    Parameters
    ----------
    by : str
        A formula, such as ``"revenue"`` or ``"resident / registered"``.
    unit : str, optional
        One number for each of its values, so that a unit stays in its group; without it each row has its own.
    stat : {"mean", "median", "first", "last", "none"}
        Of the unit's rows. ``first`` and ``last`` need the panel's time.
    cut : {"median", "mean", "terciles", "quartiles", "value"}
        Of the units' numbers. Quantiles are those of Stata's ``xtile``: the average of two neighbours where the
        share falls between them.
    at : float, optional
        The cut of ``cut="value"``.
    ties : {"low", "high"}
        The group of numbers that equal a cut.
    labels : sequence of str, optional
        Names of the groups, from the lowest.
    before : int, optional
        Only periods before this one are looked at (a pre-period value).
    force : str, optional
        The reason to split by a function of the regressor or of the outcome, which is refused without one.

    Raises
    ------
    UsageError
        An unknown option, ``at`` without ``cut="value"``, or a wrong number of labels.

    Examples
    --------
    >>> split("revenue", unit="firm", cut="terciles").size
    3
    """
    for name, value, known in (
        ("stat", stat, get_args(Stat)),
        ("cut", cut, get_args(Cut)),
        ("ties", ties, ("low", "high")),
    ):
        if value not in known:
            raise UsageError(f"split(): no {name} {value!r}{did_you_mean(str(value), known)}", hint=", ".join(known))
    if (cut == "value") != (at is not None):
        raise UsageError("split(): 'at' goes with cut='value'")
    made = Split(by, unit, stat, cut, at, ties, None if labels is None else tuple(labels), before, force)
    if made.labels is not None and len(made.labels) != made.size:
        raise UsageError(f"split(): {made.size} groups, {len(made.labels)} labels")
    return made


def divide(panel: Panel, wanted: Split, scope: Scope | None = None, inside: pl.Series | None = None) -> Groups:
    """The groups of a panel's rows.

    Parameters
    ----------
    panel : Panel
    wanted : Split
    scope : Scope, optional
        Lists that the formula may use.
    inside : polars.Series, optional
        Rows that the statistic and the cut are taken over; all by default. ``before`` looks at all rows.

    Raises
    ------
    EstimationError
        A group without any unit, or cuts that coincide.
    DataError
        No value at all.
    UsageError
        An unknown unit; ``first``, ``last`` or ``before`` of a panel without time.
    """
    values = expressions.evaluate(panel, wanted.by, scope).cast(pl.Float64).fill_nan(None)
    scores = _scores(panel, wanted, values, inside)
    known = _units(panel, wanted, scores, inside)
    numbers = known.drop_nulls().to_numpy()
    if not len(numbers):
        raise DataError(f"split by {wanted.by}: no value to cut")
    cuts = _cuts(numbers, wanted)
    if len(set(cuts)) < len(cuts):
        raise EstimationError(f"split by {wanted.by}: {wanted.cut} coincide ({', '.join(f'{c:g}' for c in cuts)}): "
                              "too many units share one value", hint="cut: median")  # fmt: skip
    codes = _codes(scores.to_numpy().astype(float), cuts, wanted.ties)
    sizes = np.bincount(_codes(numbers, cuts, wanted.ties), minlength=wanted.size)
    for label, size in zip(wanted.names, sizes, strict=True):
        if size == 0:
            raise EstimationError(f"split by {wanted.by}: the group {label.text('en')!r} is empty",
                                  hint=f"values lie between {numbers.min():g} and {numbers.max():g}")  # fmt: skip
    tied = tuple(int((numbers == c).sum()) for c in cuts)
    found = pl.Series("group", codes).set(scores.is_null(), None)
    return Groups(wanted, found, scores, values, cuts, len(numbers), tied, known.null_count())


def _codes(numbers: FloatArray, cuts: Sequence[float], ties: str) -> Any:
    side: Literal["left", "right"] = "left" if ties == "low" else "right"
    return np.searchsorted(np.asarray(cuts), numbers, side=side)


def _scores(panel: Panel, wanted: Split, values: pl.Series, inside: pl.Series | None) -> pl.Series:
    """What is cut, one number a row."""
    if wanted.before is not None and wanted.unit is None:
        raise UsageError("split: 'before' needs a unit", hint="unit: the column of units")
    if wanted.unit is None:
        return values
    if wanted.unit not in panel.columns:
        raise UsageError(f"split: no column {wanted.unit!r} of units{did_you_mean(wanted.unit, panel.columns)}")
    timed = wanted.stat in {"first", "last"} or wanted.before is not None
    if timed and panel.time is None:
        raise UsageError(f"split by {wanted.by}: {wanted.stat} needs a panel with time", hint="time='year'")
    frame = pl.DataFrame({"u": panel.column(wanted.unit), "v": values})
    if timed:
        frame = frame.with_columns(t=panel.column(str(panel.time)))
    used = frame if inside is None or wanted.before is not None else frame.filter(inside.fill_null(False))
    if wanted.before is not None:
        used = used.filter(pl.col("t") < wanted.before)
    used = used.drop_nulls(["u", "v"])
    by_unit = _statistic(used, wanted)
    return frame.select("u").join(by_unit, on="u", how="left", maintain_order="left")["s"]


def _statistic(used: pl.DataFrame, wanted: Split) -> pl.DataFrame:
    v = pl.col("v")
    if wanted.stat == "none":
        wide = used.group_by("u").agg(pl.col("v").n_unique().alias("k")).filter(pl.col("k") > 1)
        if wide.height:
            raise UsageError(f"split by {wanted.by}: {wide.height} values of {wanted.unit!r} have several numbers",
                             hint="stat: mean")  # fmt: skip
    how = {
        "mean": v.mean(),
        "median": v.median(),
        "none": v.first(),
        "first": v.sort_by("t").first() if "t" in used.columns else v.first(),
        "last": v.sort_by("t").last() if "t" in used.columns else v.last(),
    }
    return used.group_by("u").agg(how[wanted.stat].alias("s"))


def _units(panel: Panel, wanted: Split, scores: pl.Series, inside: pl.Series | None) -> pl.Series:
    """One number for each unit (each row, without a unit) of the rows that the cut is taken over."""
    frame = pl.DataFrame({"s": scores})
    if wanted.unit is not None:
        frame = frame.with_columns(u=panel.column(wanted.unit))
    if inside is not None:
        frame = frame.filter(inside.fill_null(False))
    return frame["s"] if wanted.unit is None else frame.drop_nulls("u").unique("u", keep="first")["s"]


def _cuts(numbers: FloatArray, wanted: Split) -> tuple[float, ...]:
    if wanted.cut == "value":
        return (float(wanted.at or 0.0),)
    if wanted.cut == "mean":
        return (float(numbers.mean()),)
    shares = _SHARES[wanted.cut]
    return tuple(float(q) for q in np.quantile(numbers, shares, method="averaged_inverted_cdf"))


def refuse_functions(groups: Groups, columns: Mapping[str, FloatArray], names: Sequence[str] = ()) -> None:
    """Refuse a split by a function of the regressor or of the outcome, unless it is forced.

    Such a split selects on what is being explained: its groups differ by construction.

    Parameters
    ----------
    groups : Groups
    columns : mapping of str to (n,) array
        Outcome and compared regressors on the rows of the panel, NaN where missing.
    names : sequence of str
        Names that the split's formula stands for, beside those that it uses itself.

    Raises
    ------
    UsageError
        The formula uses one of them, or orders rows or units as one of them does.
    """
    wanted = groups.split
    if wanted.force is not None:
        return
    used = {n.name for n in names_in(parse(wanted.by))} | set(names)
    for name, column in columns.items():
        if name in used:
            _refuse(wanted, name, f"it is made of {name!r}")
        if _same_order(groups.values.to_numpy().astype(float), column):
            _refuse(wanted, name, f"it is a function of {name!r}: it orders the rows as that does")


def _refuse(wanted: Split, name: str, why: str) -> None:
    raise UsageError(f"split by {wanted.by}: {why}, so its groups differ by construction",
                     hint="split by something else, or force it with a reason: force='as printed'")  # fmt: skip


def _same_order(one: FloatArray, other: FloatArray) -> bool:
    both = np.isfinite(one) & np.isfinite(other)
    frame = pl.DataFrame({"a": one[both], "b": other[both]})
    if frame.height < 3 or frame["a"].n_unique() < 3 or frame["b"].n_unique() < 3:
        return False
    rho = frame.select(pl.corr("a", "b", method="spearman")).item()
    return rho is not None and abs(rho) >= SAME_ORDER
