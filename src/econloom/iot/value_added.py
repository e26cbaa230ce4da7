"""Value added by origin and place of final absorption, and the trade benefit index built on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from econloom.core.errors import EconloomError, UsageError, did_you_mean
from econloom.iot.balance import FloatArray
from econloom.iot.collection import YearlyTables
from econloom.iot.leontief import factor
from econloom.iot.table import IOTable

Form = Literal["known_totals", "plain"]
Progress = Callable[[int, int], object]


def value_added_absorbed(t: IOTable) -> FloatArray:
    """Value added of every economy that is finally absorbed in every economy.

    ``VA = S V L Y``, with L the Leontief inverse, V the diagonal of v, Y final use by destination and S the sum over
    the sectors of an origin. Only the G columns of ``L Y`` are solved for.

    Parameters
    ----------
    t : IOTable

    Returns
    -------
    ndarray (G, G)
        Origin by destination, in the units of the table; the diagonal is own value added absorbed at home. Rows
        sum to value added and columns to final demand when x and v were left out of the table.

    Raises
    ------
    EstimationError
        ``I - A`` is singular or ill-conditioned.

    Notes
    -----
    Johnson and Noguera (2012), Journal of International Economics 86:224-236.

    Examples
    --------
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
    >>> value_added_absorbed(t).round(3)
    array([[5.694, 3.306],
           [1.306, 6.694]])
    """
    output = factor(t).solve(t.Y)
    output *= t.v[:, None]
    absorbed: FloatArray = output.reshape(len(t.countries), len(t.sectors), -1).sum(axis=1)
    return absorbed


def trade_benefit_index(
    t: IOTable,
    value_added: ArrayLike | None = None,
    final_demand: ArrayLike | None = None,
    *,
    absorbed: FloatArray | None = None,
) -> FloatArray:
    """Net over gross value added exchanged with the rest of the world, per economy.

    Plain form, everything from the table: ``TBI_i = (out_i - in_i) / (out_i + in_i)`` with
    ``out_i = sum_{j != i} VA_ij`` (own value added absorbed abroad) and ``in_i = sum_{j != i} VA_ji``.
    Known-totals form, with value added and final demand from national accounts:
    ``TBI_i = (VA_i - FD_i) / (VA_i + FD_i - 2 VA_ii)``; only ``VA_ii`` comes from the table.

    Parameters
    ----------
    t : IOTable
    value_added, final_demand : array_like (G,), optional
        Both or neither, in the units and the country order of the table; NaN where unknown.
    absorbed : ndarray (G, G), keyword only, optional
        :func:`value_added_absorbed` of the same table, where it is at hand already.

    Returns
    -------
    ndarray (G,)
        In [-1, 1] when no flow is negative; NaN where a total is unknown or an economy exchanges nothing.

    Raises
    ------
    UsageError
        One total without the other, or a wrong length.
    EstimationError
        ``I - A`` is singular or ill-conditioned.

    Examples
    --------
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
    >>> trade_benefit_index(t).round(4)
    array([ 0.4336, -0.4336])
    >>> trade_benefit_index(t, value_added=[9, 8], final_demand=[7, 10]).round(4)
    array([ 0.4336, -0.4336])
    """
    if (value_added is None) != (final_demand is None):
        raise UsageError("trade_benefit_index needs value_added and final_demand together, or neither")
    totals = None
    if value_added is not None and final_demand is not None:
        totals = _totals(value_added, t, "value_added"), _totals(final_demand, t, "final_demand")
    flows = value_added_absorbed(t) if absorbed is None else _flows(absorbed, t)
    return _plain(flows) if totals is None else _known(flows, *totals)


def _plain(flows: FloatArray) -> FloatArray:
    home = np.diag(flows)
    out, into = flows.sum(axis=1) - home, flows.sum(axis=0) - home
    return _ratio(out - into, out + into)


def _known(flows: FloatArray, VA: FloatArray, FD: FloatArray) -> FloatArray:
    return _ratio(VA - FD, VA + FD - 2 * np.diag(flows))


def _totals(values: ArrayLike, t: IOTable, what: str) -> FloatArray:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"{what}: not an array of real numbers") from None
    if array.shape != (len(t.countries),):
        raise UsageError(
            f"{what} has shape {array.shape}, expected one number for each of {len(t.countries)} countries"
        )
    if np.isinf(array).any():
        raise UsageError(f"{what} is infinite for {t.countries[int(np.argmax(np.isinf(array)))]}")
    return array


def _flows(absorbed: FloatArray, t: IOTable) -> FloatArray:
    if np.shape(absorbed) != (len(t.countries),) * 2:
        raise UsageError(f"absorbed has shape {np.shape(absorbed)}, expected {(len(t.countries),) * 2}")
    return absorbed


def _ratio(top: FloatArray, bottom: FloatArray) -> FloatArray:
    ratio: FloatArray = np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom != 0)
    return ratio


def yearly_value_added_absorbed(tables: YearlyTables, progress: Progress | None = None) -> FloatArray:
    """:func:`value_added_absorbed` of every year; one table is in memory at a time.

    Parameters
    ----------
    tables : YearlyTables
    progress : callable, optional
        Called as ``progress(done, total)`` before the first year and after each.

    Returns
    -------
    ndarray (T, G, G)

    Raises
    ------
    DataError, EstimationError
        As for one table, with the year in front of the message.
    """
    total = len(tables.years)
    flows = np.empty((total, len(tables.countries), len(tables.countries)))
    _tell(progress, 0, total)
    for k, year in enumerate(tables.years):
        try:
            flows[k] = value_added_absorbed(tables.table(year))
        except EconloomError as error:
            raise error.within(str(year)) from error
        _tell(progress, k + 1, total)
    return flows


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)


def trade_benefit_indices(
    tables: YearlyTables,
    form: Form = "known_totals",
    progress: Progress | None = None,
    *,
    absorbed: FloatArray | None = None,
) -> pl.DataFrame:
    """The trade benefit index of every country and year as a tidy frame.

    Parameters
    ----------
    tables : YearlyTables
    form : {"known_totals", "plain"}
        See :func:`trade_benefit_index`.
    progress : callable, optional
        Called as ``progress(done, total)``.
    absorbed : ndarray (T, G, G), keyword only, optional
        From :func:`yearly_value_added_absorbed`: both forms then cost the Leontief systems of one.

    Returns
    -------
    polars.DataFrame
        ``code`` (str), ``year`` (i64), ``tbi`` (f64), sorted by code and year. The rest of the world is a partner in
        every sum but has no rows.

    Raises
    ------
    UsageError
        An unknown form, or flows of another shape.
    DataError, EstimationError
        As for one table, with the year.
    """
    if form not in get_args(Form):
        raise UsageError(f"form {form!r} is unknown{did_you_mean(str(form), get_args(Form))}; plain or known_totals")
    G = len(tables.countries)
    flows = yearly_value_added_absorbed(tables, progress) if absorbed is None else absorbed
    if np.shape(flows) != (len(tables.years), G, G):
        raise UsageError(f"absorbed has shape {np.shape(flows)}, expected {(len(tables.years), G, G)}")
    index = np.stack([_index(tables, year, form, flows[k]) for k, year in enumerate(tables.years)])
    frame = pl.DataFrame(
        {
            "code": np.repeat(np.array(tables.countries), len(tables.years)).tolist(),
            "year": list(tables.years) * G,
            "tbi": index.T.ravel(),
        },
        schema={"code": pl.String, "year": pl.Int64, "tbi": pl.Float64},
    )
    return frame.filter(pl.col("code").ne_missing(pl.lit(tables.rest_of_world, dtype=pl.String))).sort("code", "year")


def _index(tables: YearlyTables, year: int, form: Form, flows: FloatArray) -> FloatArray:
    if form == "plain":
        return _plain(flows)
    known = tables.known_totals(year)
    return _known(flows, known.value_added, known.final_demand)
