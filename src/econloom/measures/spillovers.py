"""Technology that comes with trade."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from econloom.core.errors import UsageError
from econloom.measures.groups import FloatArray, Groups
from econloom.measures.sample import over
from econloom.measures.values import numbers, refuse


def trade_spillover(
    flow: ArrayLike, gdp: ArrayLike, stock: ArrayLike, time: Any, *, skip_missing: bool = False
) -> tuple[Any, FloatArray]:
    """Research of partners that comes with trade: ``S_t = Σ_j (flow_jt / gdp_jt) · stock_jt``.

    The form of Lichtenberg and van Pottelsberghe: each partner's stock of research enters by the share of its product
    that is traded with us. One call for imports and one for exports.

    Parameters
    ----------
    flow : array_like (N,)
        Imports from (or exports to) partner j in period t; the currency of ``gdp``.
    gdp : array_like (N,)
        The partner's product, above zero.
    stock : array_like (N,)
        The partner's stock of research (:func:`rd_stock`).
    time : keys
        The period of each row.
    skip_missing : bool
        Sum over the partners that are there; otherwise a period with a missing partner has no value.

    Returns
    -------
    periods : polars.DataFrame
    spillover : ndarray (periods,)
        In the unit of the stock.

    Raises
    ------
    DataError
        Negative flows or stocks, a product of zero or less.

    Notes
    -----
    Lichtenberg and van Pottelsberghe de la Potterie (1998), *European Economic Review* 42, 1483-1491.

    Examples
    --------
    >>> periods, s = trade_spillover([10.0, 5.0], [100.0, 50.0], [40.0, 20.0], [2000, 2000])
    >>> periods["group"].to_list(), s.tolist()
    ([2000], [6.0])
    """
    traded = numbers(flow, "flow")
    product, research = numbers(gdp, "gdp", len(traded)), numbers(stock, "stock", len(traded))
    refuse(traded < 0, "a flow of trade is negative")
    refuse(product <= 0, "the partner's gdp is zero or negative")
    refuse(research < 0, "a stock of research is negative")
    groups = Groups.of(time, len(traded))
    value = traded / product * research
    there = ~np.isnan(value) & (groups.codes >= 0)
    summed = groups.sums(value[there], groups.codes[there])
    known = np.bincount(groups.codes[there], minlength=groups.count)
    rows = np.bincount(groups.codes[groups.codes >= 0], minlength=groups.count)
    return groups.keys, np.where(known == 0 if skip_missing else known < rows, np.nan, summed)


def regional_spillover(
    imports: ArrayLike,
    exports: ArrayLike,
    time: Any,
    import_spillover: ArrayLike,
    export_spillover: ArrayLike,
    *,
    form: str = "log",
) -> FloatArray:
    """A region's part of national spillovers, by its shares of national imports and exports.

    ``ln(m_ct/M_t · S^im_t + x_ct/X_t · S^ex_t)`` with M and X the sums over the regions at hand.

    Parameters
    ----------
    imports, exports : array_like (N,)
        Of each region and period, not negative.
    time : keys
        Of each row.
    import_spillover, export_spillover : array_like (N,)
        National values, repeated in the rows of their period.
    form : {"log", "level"}

    Returns
    -------
    ndarray (N,)
        NaN where an input is missing; shares are of the regions that are there.

    Raises
    ------
    DataError
        Negative flows; a region without trade, where the logarithm is asked for.

    Examples
    --------
    >>> regional_spillover([1.0, 3.0], [2.0, 2.0], [2000, 2000], 8.0, 4.0, form="level").tolist()
    [4.0, 8.0]
    """
    if form not in ("log", "level"):
        raise UsageError(f"form={form!r}", hint="form is 'log' or 'level'")
    m = numbers(imports, "imports")
    x = numbers(exports, "exports", len(m))
    refuse(m < 0, "imports are negative")
    refuse(x < 0, "exports are negative")
    groups = Groups.of(time, len(m))
    value = _share(m, groups) * numbers(import_spillover, "import_spillover", len(m))
    value = value + _share(x, groups) * numbers(export_spillover, "export_spillover", len(m))
    if form == "level":
        return value
    refuse(value <= 0, "a region has no spillover, and zero has no logarithm", "form='level', or leave it out")
    return np.log(value)


def _share(flow: FloatArray, groups: Groups) -> FloatArray:
    there = ~np.isnan(flow) & (groups.codes >= 0)
    total = groups.sums(flow[there], groups.codes[there])
    share: FloatArray = over(flow, np.append(total, np.nan)[groups.codes])
    return share
