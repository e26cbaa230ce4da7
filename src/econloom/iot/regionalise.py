"""From sector indices to regions, by employment.

With L_ip employment of sector i in region p, L_i its national total, L_p that of the region and L the nation's::

    ratio        sum_i (L_ip / L_i) / (L_p / L) f_i        the region's location quotients (default)
    share        sum_i (L_ip / L_i) f_i                    its shares in the nation's sectors
    product      sum_i (L_ip / L_i) (L_p / L) f_i
    composition  sum_i (L_ip / L_p) f_i                    its own employment shares: the weights of shift-share designs
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from econloom.core.errors import DataError, UsageError, did_you_mean, listed
from econloom.core.lineage import Event
from econloom.iot.concordance import SHIPPED, Concordance, concordance

__all__ = ["FORMS", "SHIPPED", "Concordance", "Regional", "by_employment", "concordance", "employment_weights"]

Form = Literal["ratio", "share", "product", "composition"]

_own, _nation = pl.col("L_ip"), pl.col("L_i")
_quotient = _own / _nation
FORMS: Mapping[str, pl.Expr] = {
    "ratio": _quotient / (pl.col("L_p") / pl.col("L")),
    "share": _quotient,
    "product": _quotient * (pl.col("L_p") / pl.col("L")),
    "composition": _own / pl.col("L_p"),
}
"""Weight of a sector in a region's index, by form."""


@dataclass(frozen=True, slots=True, eq=False)
class Regional:
    """A regional index with what it was made of.

    Attributes
    ----------
    frame : polars.DataFrame
        Region, time (where given), further keys of the index (flow, paper_name, economy), ``value``.
    weights : polars.DataFrame
        Region, time, ``sector``, ``weight``: kept for exposure-robust inference.
    events : tuple of Event
        Sectors without employment anywhere, whose index reaches no region.
    """

    frame: pl.DataFrame
    weights: pl.DataFrame
    events: tuple[Event, ...]


def by_employment(
    index: pl.DataFrame,
    employment: pl.DataFrame,
    form: Form = "ratio",
    *,
    match: str | pl.DataFrame | Concordance | None = None,
    region: str = "province",
    time: str = "year",
    sector: str = "sector",
    amount: str = "employment",
) -> Regional:
    """Regional index from sector indices and employment by region and sector.

    Parameters
    ----------
    index : polars.DataFrame
        ``sector``, ``value``, the time column where employment has it, and any further keys; as
        :func:`econloom.iot.linkages.indices` gives it.
    employment : polars.DataFrame
        One row a region, time and sector, in the columns that the names below say. Amounts in any one unit.
    form : {"ratio", "share", "product", "composition"}
    match : {"gbt4754_2011", "isic4"} or polars.DataFrame, keyword only
        Concordance from the sectors of employment to those of the index; none when they are the same.
    region, time, sector, amount : str, keyword only
        Columns of ``employment``; without a column named ``time`` the same employment serves every time of the index.

    Returns
    -------
    Regional

    Raises
    ------
    UsageError
        An unknown form, or a name that is no column.
    DataError
        Sectors that the concordance or the index does not know; employment that is missing, negative, listed twice or
        zero in a whole region; times of the index without employment.

    Notes
    -----
    Autor, Dorn and Hanson (2013), American Economic Review 103: 2121-2168.

    Examples
    --------
    >>> index = pl.DataFrame({"sector": ["a", "b"], "value": [1.0, 2.0]})
    >>> where = {"province": ["P", "P", "Q", "Q"], "sector": ["a", "b", "a", "b"]}
    >>> jobs = pl.DataFrame({**where, "employment": [3, 1, 1, 3]})
    >>> by_employment(index, jobs).frame["value"].to_list()
    [2.5, 3.5]
    """
    for column in ("sector", "value"):
        _require(index, column, "index")
    weights = employment_weights(employment, form, match=match, region=region, time=time, sector=sector, amount=amount)
    timed = time in weights.columns
    if timed:
        _require(index, time, "index")
        _refuse_absent_times(index, weights, time)
    _refuse_unknown_sectors(index, weights)
    shared = ["sector", time] if timed else ["sector"]
    keys = [c for c in index.columns if c not in {"value", "sector"}]
    joined = weights.join(index, on=shared, how="inner", maintain_order="left_right")
    frame = joined.group_by([region, *keys], maintain_order=True).agg(
        (pl.col("weight") * pl.col("value")).sum().alias("value")
    )
    return Regional(frame, weights, _silent(index, weights))


def employment_weights(
    employment: pl.DataFrame,
    form: Form = "ratio",
    *,
    match: str | pl.DataFrame | Concordance | None = None,
    region: str = "province",
    time: str = "year",
    sector: str = "sector",
    amount: str = "employment",
) -> pl.DataFrame:
    """Weight of every sector in every region, and in every year where employment has them.

    Parameters
    ----------
    employment, form, match, region, time, sector, amount
        As for :func:`by_employment`.

    Returns
    -------
    polars.DataFrame
        Region, time (where there), ``sector``, ``weight``; sectors that nobody works in are left out.

    Raises
    ------
    UsageError, DataError
        As :func:`by_employment`.

    Examples
    --------
    >>> jobs = pl.DataFrame({"province": ["P", "Q"], "sector": ["07", "06"], "employment": [1.0, 3.0]})
    >>> employment_weights(jobs, "composition", match="gbt4754_2011")["sector"].to_list()
    ['B', 'B']
    """
    if form not in FORMS:
        near = did_you_mean(form, FORMS) if isinstance(form, str) else ""
        raise UsageError(f"form {form!r} is unknown{near}", hint=f"one of {listed(FORMS)}")
    for column in (region, sector, amount):
        _require(employment, column, "employment")
    keys = [region, time] if time in employment.columns else [region]
    jobs = _checked(employment, keys, sector, amount)
    if match is None:
        jobs = jobs.select(*keys, pl.col(sector).cast(pl.String).alias("sector"), amount)
    else:
        jobs = concordance(match).spread(jobs, sector, amount, keys)
    times = keys[1:]
    totals = jobs.with_columns(
        pl.col(amount).alias("L_ip"),
        pl.col(amount).sum().over([*times, "sector"]).alias("L_i"),
        pl.col(amount).sum().over(keys).alias("L_p"),
        (pl.col(amount).sum().over(times) if times else pl.col(amount).sum()).alias("L"),
    )
    empty = totals.filter(pl.col("L_p") <= 0).select(keys).unique(maintain_order=True)
    if empty.height:
        raise DataError(f"employment is zero in all sectors of {_places(empty)}")
    return totals.filter(pl.col("L_i") > 0).select(*keys, "sector", FORMS[form].alias("weight"))


def _checked(employment: pl.DataFrame, keys: list[str], sector: str, amount: str) -> pl.DataFrame:
    """Rows with known keys and a number that is not negative, none twice."""
    if not employment[amount].dtype.is_numeric():
        raise DataError(f"employment: column {amount!r} is not numeric ({employment[amount].dtype})")
    kept = employment.select(*keys, sector, pl.col(amount).cast(pl.Float64))
    for what, rule in (
        ("keys missing", pl.any_horizontal(pl.col(*keys, sector).is_null())),
        ("employment missing", pl.col(amount).is_null() | pl.col(amount).is_nan()),
        ("employment negative or infinite", (pl.col(amount) < 0) | pl.col(amount).is_infinite()),
    ):
        bad = kept.filter(rule)
        if bad.height:
            raise DataError(f"{what} in {bad.height} rows: {_places(bad.select(*keys, sector))}")
    twice = kept.filter(kept.select(*keys, sector).is_duplicated())
    if twice.height:
        raise DataError(f"employment listed twice: {_places(twice.select(*keys, sector).unique(maintain_order=True))}")
    if not kept.height:
        raise DataError("employment has no rows")
    return kept


def _places(frame: pl.DataFrame) -> str:
    return listed(" ".join(str(v) for v in row) for row in frame.iter_rows())


def _require(frame: Any, column: str, what: str) -> None:
    if not isinstance(frame, pl.DataFrame):
        raise UsageError(f"{what}: a polars DataFrame is needed, not {type(frame).__name__}")
    if column not in frame.columns:
        near = did_you_mean(column, frame.columns)
        raise UsageError(f"{what}: no column {column!r}{near}", hint=f"it has {listed(frame.columns)}")


def _refuse_absent_times(index: pl.DataFrame, weights: pl.DataFrame, time: str) -> None:
    if index[time].dtype != weights[time].dtype:
        raise DataError(
            f"{time} is {index[time].dtype} in the index and {weights[time].dtype} in employment",
            hint="cast one of them",
        )
    if not set(index[time]) & set(weights[time]):
        times = [listed(f[time].unique(maintain_order=True)) for f in (index, weights)]
        raise DataError(f"no {time} in common: the index has {times[0]}; employment has {times[1]}")


def _refuse_unknown_sectors(index: pl.DataFrame, weights: pl.DataFrame) -> None:
    stray = [s for s in weights["sector"].unique(maintain_order=True) if s not in set(index["sector"])]
    if stray:
        near = did_you_mean(stray[0], index["sector"].unique())
        raise DataError(
            f"employment in sectors that the index does not have: {listed(stray)}{near}",
            hint="match='gbt4754_2011' maps Chinese sectors to those of WIOD 2016; leave total rows out",
        )


def _silent(index: pl.DataFrame, weights: pl.DataFrame) -> tuple[Event, ...]:
    absent = [s for s in index["sector"].unique(maintain_order=True) if s not in set(weights["sector"])]
    if not absent:
        return ()
    message = f"{len(absent)} sectors without employment anywhere, whose index reaches no region: {listed(absent, 60)}"
    return (Event("warning", message, cells=len(absent), detail={"sectors": absent}),)
