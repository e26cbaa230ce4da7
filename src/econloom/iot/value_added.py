"""Value added by origin: where it is finally absorbed, and how much of it is in gross exports."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from econloom.core.errors import EconloomError
from econloom.iot.balance import FloatArray
from econloom.iot.collection import YearlyTables
from econloom.iot.leontief import factor
from econloom.iot.table import IOTable

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


def gross_exports(t: IOTable) -> FloatArray:
    """Exports of every product to every economy, for intermediate and for final use.

    Parameters
    ----------
    t : IOTable

    Returns
    -------
    ndarray (n, G)
        Row by destination, in the units of the table; zero at home.

    Examples
    --------
    >>> gross_exports(IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"]))
    array([[0., 4.],
           [2., 0.]])
    """
    G, S = len(t.countries), len(t.sectors)
    exports: FloatArray = t.Z.reshape(t.n, G, S).sum(axis=2) + t.Y
    home = np.arange(G)
    exports.reshape(G, S, G)[home, :, home] = 0.0
    return exports


def domestic_value_added_exported(t: IOTable) -> FloatArray:
    """Value added of every economy in its gross exports to every other, by direct destination.

    ``DVA_ij = v_i' (I - A_ii)^-1 e_ij`` with v_i value added per unit of output, A_ii the domestic coefficients of
    economy i and e_ij (S,) its gross exports to j. Rounds through other economies count once, when a product first
    leaves; where it is finally absorbed plays no part (see :func:`value_added_absorbed` for that).

    Parameters
    ----------
    t : IOTable

    Returns
    -------
    ndarray (G, G)
        Exporter by importer, in the units of the table; the diagonal is zero. A cell is at most the gross exports
        when no v and no export is negative.

    Raises
    ------
    EstimationError
        ``I - A_ii`` is singular or ill-conditioned for some economy, which is named.

    Notes
    -----
    One LU factorisation of S x S and one transposed solve an economy. Hummels, Ishii and Yi (2001), Journal of
    International Economics 54:75-96; Los, Timmer and de Vries (2016), American Economic Review 106:1958-1966.

    Examples
    --------
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
    >>> domestic_value_added_exported(t)
    array([[0. , 3.6],
           [1.6, 0. ]])
    """
    G, S = len(t.countries), len(t.sectors)
    exports = gross_exports(t)
    flows = np.empty((G, G))
    for i in range(G):
        own = slice(i * S, (i + 1) * S)
        flows[i] = factor(domestic_table(t, i)).solve_transposed(t.v[own]) @ exports[own]
    return flows


def domestic_table(t: IOTable, i: int) -> IOTable:
    """One economy by itself: its domestic block, everything else that it sells as final use."""
    S = len(t.sectors)
    own = slice(i * S, (i + 1) * S)
    Z, x = t.Z[own, own], t.x[own]
    return IOTable(Z, (x - Z.sum(axis=1))[:, None], (t.countries[i],), t.sectors, x, t.v[own])


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
    return _yearly(value_added_absorbed, tables, progress)


def yearly_domestic_value_added(tables: YearlyTables, progress: Progress | None = None) -> FloatArray:
    """:func:`domestic_value_added_exported` of every year; one table is in memory at a time.

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
    return _yearly(domestic_value_added_exported, tables, progress)


def _yearly(flows: Callable[[IOTable], FloatArray], tables: YearlyTables, progress: Progress | None) -> FloatArray:
    total = len(tables.years)
    found = np.empty((total, len(tables.countries), len(tables.countries)))
    _tell(progress, 0, total)
    for k, year in enumerate(tables.years):
        try:
            found[k] = flows(tables.table(year))
        except EconloomError as error:
            raise error.within(str(year)) from error
        _tell(progress, k + 1, total)
    return found


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)
