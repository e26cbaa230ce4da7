"""Market segmentation by relative prices, after Parsley-Wei and Sheng-Mao."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import polars as pl

from econloom.core.errors import DataError, UsageError, did_you_mean, listed

Kind = Literal["previous", "level"]
Form = Literal["root", "log_root", "segmentation"]


def market_segmentation(
    prices: pl.DataFrame,
    neighbours: Sequence[tuple[str, str]] | None = None,
    *,
    region: str = "region",
    time: str = "year",
    good: str = "good",
    price: str = "price",
    kind: Kind = "previous",
    base: float = 100.0,
) -> pl.DataFrame:
    """Segmentation of each region's market: how much relative prices move differently from good to good.

    For a pair of regions i, j and a good k, ``ΔQ_ijkt = ln(p_ikt/p_jkt) - ln(p_ik,t-1/p_jk,t-1)``, which is the log
    ratio of the two indices where prices are indices of the previous period. Then ``q_ijkt = |ΔQ_ijkt| - mean over
    the pairs of |ΔQ_kt|`` takes out what is proper to a good in a period, ``Var_k(q_ijkt)`` (sample variance over
    goods) is the segmentation of the pair, and the region's is the mean over its pairs.

    Parameters
    ----------
    prices : polars.DataFrame
        One row a region, period and good.
    neighbours : sequence of pairs, optional
        Which regions are compared, such as those that share a border; all pairs unless given.
    region, time, good, price : str
        Its columns.
    kind : {"previous", "level"}
        Indices of the previous period, or levels (indices of a fixed base), of which first differences are taken.
    base : float
        What "no change" is in indices: 100, or 1. Relative prices do not depend on it; it is used to refuse indices in
        the wrong unit.

    Returns
    -------
    polars.DataFrame
        The region and time columns, ``segmentation``, ``goods`` and ``pairs`` behind it, in ascending order.
        Null where no pair has two goods. A good enters a pair where both regions have its price.

    Raises
    ------
    UsageError
        An unknown column or region, or fewer than two regions or goods.
    DataError
        Prices that are not above zero, infinite, or given twice.

    Notes
    -----
    Parsley and Wei (2001), *Journal of International Economics* 55, 87-105; Gui, Chen, Lu and Chen (2006), *China
    Economic Quarterly*; Sheng and Mao (2011).

    Examples
    --------
    >>> rows = [("A", 1, "g", 100.0), ("A", 1, "h", 100.0), ("B", 1, "g", 110.0), ("B", 1, "h", 100.0)]
    >>> rows += [("C", 1, "g", 100.0), ("C", 1, "h", 100.0)]
    >>> frame = pl.DataFrame(rows, schema=["region", "year", "good", "price"], orient="row")
    >>> market_segmentation(frame)["segmentation"].round(6).to_list()
    [0.001262, 0.000505, 0.001262]
    """
    frame = _checked(prices, region, time, good, price, kind, base)
    regions = frame["region"].unique().sort().to_list()
    pairs = _pairs(neighbours, regions)
    logs = frame.with_columns(pl.col("price").log().alias("log"))
    if kind == "level":
        before = logs.select("region", "good", pl.col("time") + 1, pl.col("log").alias("before"))
        logs = logs.join(before, on=["region", "good", "time"], how="inner").with_columns(
            pl.col("log") - pl.col("before")
        )
    found = _variances(logs.select("region", "time", "good", "log"), pairs)
    sides = pl.concat([found.rename({side: "region"}).select("region", "time", "v", "goods") for side in ("i", "j")])
    made = sides.group_by("region", "time").agg(
        pl.col("v").mean().alias("segmentation"), pl.col("goods").max(), pl.col("v").count().alias("pairs")
    )
    keys = frame.select("region", "time").unique()
    return (
        keys.join(made, on=["region", "time"], how="left")
        .with_columns(pl.col("goods", "pairs").fill_null(0).cast(pl.Int64))
        .sort("region", "time")
        .rename({"region": region, "time": time})
    )


def _variances(logs: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """The variance over goods of each pair's demeaned relative price, by period."""
    right = logs.rename({"region": "j", "log": "other"})
    both = pairs.join(logs, left_on="i", right_on="region").join(right, on=["j", "time", "good"], how="inner")
    moved = (pl.col("log") - pl.col("other")).abs()
    return (
        both.with_columns(moved.alias("q"))
        .with_columns(pl.col("q") - pl.col("q").mean().over("time", "good"))
        .group_by("i", "j", "time")
        .agg(pl.col("q").var().alias("v"), pl.len().alias("goods"))
    )


def _checked(
    prices: pl.DataFrame, region: str, time: str, good: str, price: str, kind: str, base: float
) -> pl.DataFrame:
    if kind not in ("previous", "level"):
        raise UsageError(f"kind={kind!r}{did_you_mean(str(kind), ('previous', 'level'))}", hint="'previous' or 'level'")
    for name in (region, time, good, price):
        if name not in prices.columns:
            raise UsageError(f"no column {name!r} among the prices{did_you_mean(name, prices.columns)}")
    columns = {region: "region", time: "time", good: "good", price: "price"}
    frame = prices.select(pl.col(old).alias(new) for old, new in columns.items())
    if not frame["price"].dtype.is_numeric() or not frame["time"].dtype.is_integer():
        raise UsageError(f"{price!r} must hold numbers and {time!r} whole periods")
    frame = frame.with_columns(pl.col("price").cast(pl.Float64).fill_nan(None)).drop_nulls()
    bad = frame.filter(~(pl.col("price") > 0) | pl.col("price").is_infinite())
    if bad.height:
        raise DataError(f"{bad.height} prices are zero, negative or infinite, the first of {bad.row(0)[:3]}")
    twice = frame.filter(frame.select("region", "time", "good").is_duplicated())
    if twice.height:
        raise DataError(f"{twice.height} prices stand twice, the first of {twice.row(0)[:3]}")
    if frame["good"].n_unique() < 2:
        raise UsageError("segmentation is a variance over goods: it needs at least two")
    middle = float(np.median(frame["price"].to_numpy())) if frame.height else base
    if kind == "previous" and not 0.2 * base < middle < 5 * base:
        hint = "kind='level' for price levels; base=1 for indices around one"
        raise DataError(f"the middle price is {middle:g}: no index with the previous period = {base:g}", hint=hint)
    return frame


def _pairs(neighbours: Sequence[tuple[str, str]] | None, regions: list[Any]) -> pl.DataFrame:
    if len(regions) < 2:
        raise UsageError("segmentation compares regions: it needs at least two")
    if neighbours is None:
        found = [(a, b) for n, a in enumerate(regions) for b in regions[n + 1 :]]
    else:
        found = sorted({(min(a, b), max(a, b)) for a, b in neighbours})
        unknown = sorted({r for pair in found for r in pair} - set(regions))
        if unknown:
            near = did_you_mean(str(unknown[0]), map(str, regions))
            raise UsageError(f"neighbours without prices: {listed(unknown)}{near}")
        if any(a == b for a, b in found):
            raise UsageError("a region is its own neighbour")
    return pl.DataFrame(found, schema={"i": pl.Series(regions).dtype, "j": pl.Series(regions).dtype}, orient="row")


def market_integration(prices: pl.DataFrame, *arguments: Any, form: Form = "root", **options: Any) -> pl.DataFrame:
    """Integration of each region's market: ``sqrt(1 / segmentation)``, more is more integrated.

    Parameters
    ----------
    prices, neighbours, ...
        As :func:`market_segmentation`.
    form : {"root", "log_root", "segmentation"}
        ``sqrt(1/s)``, its logarithm, or s itself.

    Returns
    -------
    polars.DataFrame
        Region, time and ``integration``, ``goods``, ``pairs``.

    Raises
    ------
    DataError
        As :func:`market_segmentation`; also a segmentation of zero (all prices move alike), where a root was asked for.

    Examples
    --------
    >>> rows = [("A", 1, "g", 100.0), ("A", 1, "h", 100.0), ("B", 1, "g", 110.0), ("B", 1, "h", 100.0)]
    >>> rows += [("C", 1, "g", 100.0), ("C", 1, "h", 100.0)]
    >>> frame = pl.DataFrame(rows, schema=["region", "year", "good", "price"], orient="row")
    >>> market_integration(frame)["integration"].round(2).to_list()
    [28.15, 44.51, 28.15]
    """
    if form not in ("root", "log_root", "segmentation"):
        choices = ("root", "log_root", "segmentation")
        raise UsageError(f"form={form!r}{did_you_mean(str(form), choices)}", hint=f"form is {' or '.join(choices)}")
    found = market_segmentation(prices, *arguments, **options)
    zero = found.filter(pl.col("segmentation") == 0)
    if zero.height and form != "segmentation":
        where = listed(" ".join(map(str, r[:2])) for r in zero.iter_rows())
        raise DataError(f"the segmentation is zero in {zero.height} rows: {where}", hint="form='segmentation'")
    root = (1 / pl.col("segmentation")).sqrt()
    made = {"root": root, "log_root": root.log(), "segmentation": pl.col("segmentation")}[form]
    return found.select(*found.columns[:2], made.alias("integration"), "goods", "pairs")
