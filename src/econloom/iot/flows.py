"""Value added by where it comes from and where it goes, as tidy frames."""

from __future__ import annotations

import numpy as np
import polars as pl

from econloom.core.errors import UsageError, did_you_mean, listed
from econloom.iot.accounts import Accounts, accounts, keyed
from econloom.iot.balance import FloatArray
from econloom.iot.decompose.frames import KEYS, checked_keys, export_frame
from econloom.iot.table import IOTable
from econloom.iot.trade_benefit import trade_benefit_index

LEVELS = ("country", "sector")


def checked_level(by: str) -> str:
    """UsageError for a level that is none of ``LEVELS``."""
    if by not in LEVELS:
        raise UsageError(f"by={by!r} is unknown{did_you_mean(str(by), LEVELS)}", hint=f"one of {listed(LEVELS)}")
    return by


def absorption(t: IOTable | Accounts, by: str = "country") -> pl.DataFrame:
    """Value added of every economy, or of every sector, that is finally absorbed in every economy: ``V B Y``.

    Parameters
    ----------
    t : IOTable or Accounts
    by : {"country", "sector"}
        Origins: economies, or their sectors. Only the G columns of ``B Y`` are solved for.

    Returns
    -------
    polars.DataFrame
        ``origin``, with ``by="sector"`` ``sector``, ``destination``, ``value_added`` in the units of the table; own
        value added absorbed at home is there. Over destinations it sums to value added, over origins to final demand,
        when x and v were left out of the table.

    Raises
    ------
    UsageError
        Not a table, or an unknown level.
    EstimationError
        ``I - A`` is singular or ill-conditioned.

    Notes
    -----
    Johnson and Noguera (2012), Journal of International Economics 86:224-236.

    Examples
    --------
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
    >>> absorption(t)["value_added"].round(3).to_list()
    [5.694, 3.306, 1.306, 6.694]
    """
    checked_level(by)
    a = accounts(t)
    flows = _absorbed(a)
    countries = a.table.countries
    if by == "sector":
        keys = {"origin": countries, "sector": a.table.sectors, "destination": countries}
        return keyed(keys, {"value_added": flows})
    return keyed({"origin": countries, "destination": countries}, {"value_added": flows.sum(axis=1)})


def vax(t: IOTable | Accounts, by: str = "country") -> pl.DataFrame:
    """Value added exports: own value added finally absorbed abroad, and its ratio to gross exports.

    Parameters
    ----------
    t : IOTable or Accounts
    by : {"country", "sector"}
        With ``sector`` the sector is the one whose value added it is; it need not export itself.

    Returns
    -------
    polars.DataFrame
        ``exporter``, with ``by="sector"`` ``sector``, ``importer`` (where it is absorbed), ``exports``, ``vax``,
        ``vax_ratio``. A ratio may pass one; it is null without exports.

    Raises
    ------
    UsageError
        Not a table, or an unknown level.
    EstimationError
        ``I - A`` is singular or ill-conditioned.

    Notes
    -----
    Johnson and Noguera (2012), Journal of International Economics 86:224-236.

    Examples
    --------
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
    >>> vax(t).with_columns(pl.col("vax", "vax_ratio").round(3)).row(0)
    ('A', 'B', 4.0, 3.306, 0.827)
    """
    checked_level(by)
    a = accounts(t)
    keys = KEYS if by == "sector" else ("exporter", "importer")
    frame = export_frame(a, keys, {"exports": a.exports, "vax": _absorbed(a)})
    return frame.with_columns(vax_ratio=ratio("vax", "exports"))


def exports_content(t: IOTable | Accounts, by: str | tuple[str, ...] = KEYS) -> pl.DataFrame:
    """Domestic and foreign value added in gross exports by exporter, exporting sector and importer.

    Parameters
    ----------
    t : IOTable or Accounts
    by : sequence of {"exporter", "sector", "importer"}
        Keys of the rows; amounts are summed over those left out.

    Returns
    -------
    polars.DataFrame
        The keys, ``exports``, ``dva`` (``v_s L_ss e_sr``: counted once), ``ddc`` (``v_s (B_ss - L_ss) e_sr``:
        domestic, counted again), ``fva`` (``sum_{t != s} v_t B_ts e_sr``: all foreign content), ``dva_share`` and
        ``fva_share`` of exports. ``dva + ddc + fva`` is exports when x and v were left out of the table.

    Raises
    ------
    UsageError
        Not a table, or unknown keys.
    EstimationError
        ``I - A`` or a domestic block is singular or ill-conditioned.

    Notes
    -----
    Los, Timmer and de Vries (2016), American Economic Review 106:1958-1966; Koopman, Wang and Wei (2014).

    Examples
    --------
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
    >>> exports_content(t, by="exporter").select(pl.col("dva", "ddc", "fva").round(3)).row(0)
    (3.6, 0.073, 0.327)
    """
    keys, a = checked_keys(by), accounts(t)
    first, whole, foreign = (
        share[:, :, None] * a.exports for share in (a.first_shares, a.domestic_shares, a.foreign_shares)
    )
    frame = export_frame(a, keys, {"exports": a.exports, "dva": first, "ddc": whole - first, "fva": foreign})
    return frame.with_columns(dva_share=ratio("dva", "exports"), fva_share=ratio("fva", "exports"))


def trade_benefit(t: IOTable | Accounts) -> pl.DataFrame:
    """The trade benefit index of every economy, plain form, as a frame: see :func:`trade_benefit_index`.

    Returns
    -------
    polars.DataFrame
        ``country``, ``tbi``; null where an economy exchanges nothing.

    Examples
    --------
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
    >>> trade_benefit(t)["tbi"].round(4).to_list()
    [0.4336, -0.4336]
    """
    a = accounts(t)
    index = trade_benefit_index(a.table, absorbed=_absorbed(a).sum(axis=1))
    return keyed({"country": a.table.countries}, {"tbi": index}).with_columns(pl.col("tbi").fill_nan(None))


def ratio(top: str, bottom: str) -> pl.Expr:
    """``top / bottom``, null where the bottom is zero."""
    return pl.when(pl.col(bottom) != 0).then(pl.col(top) / pl.col(bottom))


def _absorbed(a: Accounts) -> FloatArray:
    """``V B Y`` by origin, sector and destination, (G, S, G)."""
    flows: FloatArray = a.value_added_shares[:, :, None] * a.output_by_destination
    return np.asarray(flows)
