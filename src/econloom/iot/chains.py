"""How much economies take part in international production, and where along it they stand."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import polars as pl

from econloom.core.errors import UsageError, did_you_mean, listed
from econloom.iot.accounts import Accounts, accounts, keyed
from econloom.iot.balance import FloatArray
from econloom.iot.decompose.borin import borin_mancini
from econloom.iot.flows import checked_level, ratio
from econloom.iot.table import IOTable

Method = Literal["oecd", "borin_mancini"]


def participation(t: IOTable | Accounts, by: str = "country", method: Method = "oecd") -> pl.DataFrame:
    """Backward and forward participation in global value chains, and the position index.

    Parameters
    ----------
    t : IOTable or Accounts
    by : {"country", "sector"}
        With ``sector``, backward is by the sector that exports; forward of ``oecd`` by the sector whose value added
        it is, so that it may pass exports, and of ``borin_mancini`` by the sector that exports.
    method : {"oecd", "borin_mancini"}
        ``oecd``: backward ``sum_{t != s} v_t B_ts E_s`` (foreign content), forward ``v_s sum_{r != s} B_sr E_r`` (own
        value added in the exports of others). ``borin_mancini``: GVCB and GVCF of :func:`borin_mancini`.

    Returns
    -------
    polars.DataFrame
        ``exporter``, with ``by="sector"`` ``sector``, ``exports``, ``gvc_backward`` and ``gvc_forward`` in the units of
        the table, ``backward`` and ``forward`` as shares of exports, ``participation`` (their sum) and ``position``,
        ``ln(1 + forward) - ln(1 + backward)``: the higher, the further upstream. Null without exports.

    Raises
    ------
    UsageError
        Not a table, an unknown level or method.
    EstimationError
        ``I - A`` or a domestic block is singular or ill-conditioned.

    Notes
    -----
    Koopman, Powers, Wang and Wei (2010), NBER Working Paper 16426; Hummels, Ishii and Yi (2001); Borin and Mancini
    (2019).

    Examples
    --------
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
    >>> participation(t).select(pl.col("backward", "forward", "position").round(4)).row(0)
    (0.0816, 0.0918, 0.0094)
    """
    checked_level(by)
    if method not in get_args(Method):
        raise UsageError(
            f"method {method!r} is unknown{did_you_mean(str(method), get_args(Method))}",
            hint=f"one of {listed(get_args(Method))}",
        )
    a = accounts(t)
    frame = _oecd(a, by) if method == "oecd" else _borin_mancini(a, by)
    shares = frame.with_columns(backward=ratio("gvc_backward", "exports"), forward=ratio("gvc_forward", "exports"))
    return shares.with_columns(
        participation=pl.col("backward") + pl.col("forward"), position=_position("forward", "backward")
    )


def vertical_specialisation(t: IOTable | Accounts) -> pl.DataFrame:
    """Vertical specialisation of every economy: imported content of its exports, and its own content in others'.

    Parameters
    ----------
    t : IOTable or Accounts

    Returns
    -------
    polars.DataFrame
        ``exporter``, ``exports`` and, in the units of the table: ``vs_hiy``, imported content as Hummels, Ishii and Yi
        have it, ``u A_M (I - A_ss)^-1 E_s`` with A_M all imported inputs; ``vs``, foreign value added in exports,
        ``sum_{t != s} v_t B_ts E_s``, which leaves out own value added that came back in imports; ``vs1``, own value
        added in the exports of others, ``v_s sum_{r != s} B_sr E_r``; ``vs1_returned``, the part of it in exports to
        s itself. ``vs_share`` and ``vs1_share`` are ``vs`` and ``vs1`` over exports.

    Raises
    ------
    UsageError
        Not a table.
    EstimationError
        ``I - A`` or a domestic block is singular or ill-conditioned.

    Notes
    -----
    Hummels, Ishii and Yi (2001), Journal of International Economics 54:75-96; Koopman, Wang and Wei (2014),
    equations 38-40.

    Examples
    --------
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
    >>> vertical_specialisation(t).select(pl.col("vs_hiy", "vs", "vs1", "vs1_returned").round(3)).row(0)
    (0.4, 0.327, 0.367, 0.367)
    """
    a = accounts(t)
    sold = np.einsum("sri,riu->sru", a.origin_shares, a.exports)  # v_s B_sr e_ru
    own = np.einsum("ssu->su", sold)
    imported = _imported_inputs(a)
    values = {
        "exports": a.total_exports.sum(axis=1),
        "vs_hiy": np.einsum("si,sij,sj->s", imported, a.local_inverses, a.total_exports),
        "vs": np.einsum("si,si->s", a.foreign_shares, a.total_exports),
        "vs1": sold.sum(axis=(1, 2)) - own.sum(axis=1),
        "vs1_returned": np.einsum("srs->s", sold) - np.einsum("sss->s", sold),
    }
    frame = keyed({"exporter": a.table.countries}, values)
    return frame.with_columns(vs_share=ratio("vs", "exports"), vs1_share=ratio("vs1", "exports"))


def _oecd(a: Accounts, by: str) -> pl.DataFrame:
    backward = a.foreign_shares * a.total_exports
    if by == "sector":
        keys = {"exporter": a.table.countries, "sector": a.table.sectors}
        return keyed(keys, {"exports": a.total_exports, "gvc_backward": backward, "gvc_forward": _in_others(a)})
    sold = np.einsum("sri,ri->sr", a.origin_shares, a.total_exports)
    values = {
        "exports": a.total_exports.sum(axis=1),
        "gvc_backward": backward.sum(axis=1),
        "gvc_forward": sold.sum(axis=1) - np.diag(sold),
    }
    return keyed({"exporter": a.table.countries}, values)


def _in_others(a: Accounts) -> FloatArray:
    """``v_s B_sr E_r`` over r != s by sector of origin, (G, S)."""
    needed = a.split(a.solve(a.block_diagonal(a.total_exports)))
    found: FloatArray = a.value_added_shares * (needed.sum(axis=2) - np.einsum("sis->si", needed))
    return found


def _borin_mancini(a: Accounts, by: str) -> pl.DataFrame:
    keys = ["exporter", "sector"] if by == "sector" else ["exporter"]
    frame = borin_mancini(a, by=keys)
    return frame.select(*keys, "exports", gvc_backward="GVCB", gvc_forward="GVCF")


def _imported_inputs(a: Accounts) -> FloatArray:
    """Imported inputs per unit of output, (G, S)."""
    G, S = a.G, a.S
    by_origin = a.table.Z.reshape(G, S, G, S).sum(axis=1)
    abroad = by_origin.sum(axis=0) - np.einsum("ssj->sj", by_origin)
    found: FloatArray = abroad * a.split(a.table.reciprocal_output())
    return found


def _position(forward: str, backward: str) -> pl.Expr:
    """``ln(1 + forward) - ln(1 + backward)``; null where a share is -1 or below, which only negative exports give."""
    both = (pl.col(forward) > -1) & (pl.col(backward) > -1)
    return pl.when(both).then(pl.col(forward).log1p() - pl.col(backward).log1p())
