"""Gross exports of an economy in the nine terms of Koopman, Wang and Wei."""

from __future__ import annotations

import numpy as np
import polars as pl

from econloom.iot.accounts import Accounts, accounts, keyed
from econloom.iot.balance import FloatArray
from econloom.iot.decompose.terms import KWW
from econloom.iot.table import IOTable


def kww(t: IOTable | Accounts) -> pl.DataFrame:
    """Gross exports of every economy in nine terms.

    One factorisation of ``I - A``, G transposed solves and one small inverse an economy; ``B`` is not formed.

    Parameters
    ----------
    t : IOTable or Accounts

    Returns
    -------
    polars.DataFrame
        ``exporter``, ``exports`` and ``DVA_FIN``, ``DVA_INT``, ``DVA_INTrex``, ``RDV_FIN``, ``RDV_INT``, ``DDC``,
        ``FVA_FIN``, ``FVA_INT``, ``FDC``, in the units of the table; ``terms("kww")`` says what they are. The terms
        add up to exports when x and v were left out of the table, see :func:`gaps`.

    Raises
    ------
    UsageError
        Not a table.
    EstimationError
        ``I - A`` or a domestic block is singular or ill-conditioned.

    Notes
    -----
    Koopman, Wang and Wei (2014), American Economic Review 104:459-494, equation 36. As ``B_sr A_rs L_ss`` summed over
    r is ``B_ss - L_ss``, RDV_INT and DDC need ``v_s B_ss`` and ``v_s L_ss`` only.

    Examples
    --------
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
    >>> kww(t).select("exporter", "exports", pl.col("DVA_FIN", "DVA_INT", "FVA_FIN", "DDC").round(4)).row(0)
    ('A', 4.0, 1.8367, 1.4694, 0.1633, 0.0735)
    """
    a = accounts(t)
    exports, final = a.total_exports, _abroad(a.final)
    twice = a.domestic_shares - a.first_shares
    used = np.einsum("sri,riu->sru", a.origin_shares, a.final)  # v_s B_sr Y_ru
    home, foreign = _importers(a)
    columns = {
        "DVA_FIN": np.einsum("si,si->s", a.domestic_shares, final),
        "DVA_INT": np.einsum("srr->s", used) - np.einsum("sss->s", used),
        "DVA_INTrex": _third(used),
        "RDV_FIN": np.einsum("srs->s", used) - np.einsum("sss->s", used),
        "RDV_INT": np.einsum("si,si->s", twice, a.home_final),
        "DDC": np.einsum("si,si->s", twice, exports),
        "FVA_FIN": np.einsum("si,si->s", a.foreign_shares, final),
        "FVA_INT": np.einsum("si,si->s", a.foreign_shares, home),
        "FDC": np.einsum("si,si->s", a.foreign_shares, foreign),
    }
    assert tuple(columns) == tuple(m.name for m in KWW)
    return keyed({"exporter": a.table.countries}, {"exports": exports.sum(axis=1), **columns})


def _abroad(flows: FloatArray) -> FloatArray:
    """(G, S, G) summed over destinations other than the seller."""
    total: FloatArray = flows.sum(axis=2) - np.einsum("sis->si", flows)
    return total


def _third(used: FloatArray) -> FloatArray:
    """Sum over r != s and destinations other than s and r."""
    G = len(used)
    eye = np.eye(G, dtype=bool)
    apart = ~eye[:, :, None] & ~eye[None, :, :] & ~eye[:, None, :]
    total: FloatArray = np.where(apart, used, 0.0).sum(axis=(1, 2))
    return total


def _importers(a: Accounts) -> tuple[FloatArray, FloatArray]:
    """Intermediate exports for what importers finish for themselves and for what they export, each (G, S)."""
    found = np.empty((2, a.G, a.S))
    for s in range(a.G):
        parts = a.needed_from(s, a.alone)
        found[:, s] = (parts.sum(axis=0) - parts[s]).T
    return found[0], found[1]
