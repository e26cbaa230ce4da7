"""The trade benefit index: net over gross exchange of value added, per economy and year."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from econloom.core.errors import UsageError, did_you_mean, listed
from econloom.iot.balance import FloatArray
from econloom.iot.collection import YearlyTables
from econloom.iot.source import KnownTotals
from econloom.iot.table import IOTable
from econloom.iot.value_added import (
    Progress,
    domestic_value_added_exported,
    value_added_absorbed,
    yearly_domestic_value_added,
    yearly_value_added_absorbed,
)

Form = Literal["known_totals", "plain"]
Flows = Literal["absorbed", "domestic_value_added"]

_OF_TABLE: Mapping[Flows, Callable[[IOTable], FloatArray]] = {
    "absorbed": value_added_absorbed,
    "domestic_value_added": domestic_value_added_exported,
}
_YEARLY: Mapping[Flows, Callable[[YearlyTables, Progress | None], FloatArray]] = {
    "absorbed": yearly_value_added_absorbed,
    "domestic_value_added": yearly_domestic_value_added,
}
_NO_TOTALS = (
    "the known-totals form needs flows='absorbed': value added less final demand is net value added absorbed, "
    "not net domestic value added in exports"
)


def trade_benefit_index(
    t: IOTable,
    value_added: ArrayLike | None = None,
    final_demand: ArrayLike | None = None,
    *,
    flows: Flows = "absorbed",
    absorbed: FloatArray | None = None,
    exported: FloatArray | None = None,
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
    flows : {"absorbed", "domestic_value_added"}, keyword only
        What is exchanged: :func:`value_added_absorbed`, or :func:`domestic_value_added_exported` in its place. The
        latter has the plain form only.
    absorbed, exported : ndarray (G, G), keyword only, optional
        These flows of the same table, where they are at hand already: ``absorbed`` for the first kind, ``exported``
        for the second.

    Returns
    -------
    ndarray (G,)
        In [-1, 1] when no flow is negative; NaN where a total is unknown or an economy exchanges nothing.

    Raises
    ------
    UsageError
        One total without the other, a wrong length, totals or flows that do not go with the kind of flows.
    EstimationError
        ``I - A`` is singular or ill-conditioned.

    Examples
    --------
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
    >>> trade_benefit_index(t).round(4)
    array([ 0.4336, -0.4336])
    >>> trade_benefit_index(t, value_added=[9, 8], final_demand=[7, 10]).round(4)
    array([ 0.4336, -0.4336])
    >>> trade_benefit_index(t, flows="domestic_value_added").round(4)
    array([ 0.3846, -0.3846])
    """
    given = _given(flows, absorbed, exported, (len(t.countries),) * 2)
    if (value_added is None) != (final_demand is None):
        raise UsageError("trade_benefit_index needs value_added and final_demand together, or neither")
    known = None
    if value_added is not None and final_demand is not None:
        if flows != "absorbed":
            raise UsageError(_NO_TOTALS)
        known = KnownTotals(_totals(value_added, t, "value_added"), _totals(final_demand, t, "final_demand"))
    return _index(_OF_TABLE[flows](t) if given is None else given, known)


def trade_benefit_indices(
    tables: YearlyTables,
    form: Form | None = None,
    progress: Progress | None = None,
    *,
    flows: Flows = "absorbed",
    absorbed: FloatArray | None = None,
    exported: FloatArray | None = None,
) -> pl.DataFrame:
    """The trade benefit index of every country and year as a tidy frame.

    Parameters
    ----------
    tables : YearlyTables
    form : {"known_totals", "plain"}, optional
        See :func:`trade_benefit_index`. Left out: known totals for value added absorbed, plain for domestic value
        added, which has no other.
    progress : callable, optional
        Called as ``progress(done, total)``.
    flows : {"absorbed", "domestic_value_added"}, keyword only
        What is exchanged.
    absorbed, exported : ndarray (T, G, G), keyword only, optional
        From :func:`yearly_value_added_absorbed` and :func:`yearly_domestic_value_added`: several indices then cost
        the solving of one.

    Returns
    -------
    polars.DataFrame
        ``code`` (str), ``year`` (i64), ``tbi`` (f64), sorted by code and year. The rest of the world is a partner in
        every sum but has no rows.

    Raises
    ------
    UsageError
        An unknown form or kind of flows, known totals where there are none, or flows of another shape.
    DataError, EstimationError
        As for one table, with the year.
    """
    years, G = tables.years, len(tables.countries)
    given = _given(flows, absorbed, exported, (len(years), G, G))
    known = _known_totals(tables, _checked_form(form, flows))
    found = _YEARLY[flows](tables, progress) if given is None else given
    index = np.stack([_index(found[k], known[k]) for k in range(len(years))])
    columns = {
        "code": np.repeat(np.array(tables.countries), len(years)).tolist(),
        "year": list(years) * G,
        "tbi": index.T.ravel(),
    }
    frame = pl.DataFrame(columns, schema={"code": pl.String, "year": pl.Int64, "tbi": pl.Float64})
    return frame.filter(pl.col("code").ne_missing(pl.lit(tables.rest_of_world, dtype=pl.String))).sort("code", "year")


def _given(
    flows: Flows, absorbed: FloatArray | None, exported: FloatArray | None, shape: tuple[int, ...]
) -> FloatArray | None:
    """The flows at hand, once they are of the kind and shape asked for."""
    known = get_args(Flows)
    if flows not in known:
        raise UsageError(f"flows {flows!r} is unknown{did_you_mean(str(flows), known)}", hint=f"one of {listed(known)}")
    names = {"absorbed": absorbed, "exported": exported}
    name = "absorbed" if flows == "absorbed" else "exported"
    stray = [other for other, array in names.items() if other != name and array is not None]
    if stray:
        raise UsageError(f"{stray[0]}= does not go with flows={flows!r}; flows of that kind at hand are {name}=")
    array = names[name]
    if array is not None and np.shape(array) != shape:
        raise UsageError(f"{name} has shape {np.shape(array)}, expected {shape}")
    return array


def _checked_form(form: Form | None, flows: Flows) -> Form:
    if form is None:
        return "known_totals" if flows == "absorbed" else "plain"
    if form not in get_args(Form):
        raise UsageError(f"form {form!r} is unknown{did_you_mean(str(form), get_args(Form))}; plain or known_totals")
    if form == "known_totals" and flows != "absorbed":
        raise UsageError(_NO_TOTALS, hint="form='plain'")
    return form


def _known_totals(tables: YearlyTables, form: Form) -> list[KnownTotals | None]:
    """Of every year, before anything costly is solved; None in the plain form."""
    return [tables.known_totals(year) if form == "known_totals" else None for year in tables.years]


def _index(flows: FloatArray, known: KnownTotals | None) -> FloatArray:
    home = np.diag(flows)
    if known is not None:
        VA, FD = known.value_added, known.final_demand
        return _ratio(VA - FD, VA + FD - 2 * home)
    out, into = flows.sum(axis=1) - home, flows.sum(axis=0) - home
    return _ratio(out - into, out + into)


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


def _ratio(top: FloatArray, bottom: FloatArray) -> FloatArray:
    ratio: FloatArray = np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom != 0)
    return ratio
