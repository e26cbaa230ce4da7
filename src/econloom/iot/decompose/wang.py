"""Gross exports by exporter, sector and importer in the sixteen terms of Wang, Wei and Zhu."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from econloom.iot.accounts import Accounts, accounts
from econloom.iot.balance import FloatArray
from econloom.iot.decompose.frames import KEYS, checked_keys, export_frame
from econloom.iot.decompose.terms import WWZ
from econloom.iot.table import IOTable


def wwz(t: IOTable | Accounts, by: str | Sequence[str] = KEYS) -> pl.DataFrame:
    """Gross exports of every sector to every economy in sixteen terms.

    One factorisation of ``I - A`` and the inverse made of it (the domestic blocks of ``B`` are needed), one small
    inverse an economy, and one pass over Z; neither A nor ``V B Y`` is formed.

    Parameters
    ----------
    t : IOTable or Accounts
    by : sequence of {"exporter", "sector", "importer"}
        Keys of the rows; terms are summed over those left out. The exporter is always one.

    Returns
    -------
    polars.DataFrame
        The keys, ``exports``, and ``DVA_FIN``, ``DVA_INT``, ``DVA_INTrexI1``, ``DVA_INTrexF``, ``DVA_INTrexI2``,
        ``RDV_INT``, ``RDV_FIN``, ``RDV_FIN2``, ``OVA_FIN``, ``MVA_FIN``, ``OVA_INT``, ``MVA_INT``, ``DDC_FIN``,
        ``DDC_INT``, ``ODC``, ``MDC`` in the units of the table; ``terms("wwz")`` says what they are. The sector is the
        one that exports. The terms add up to exports when x and v were left out of the table, see :func:`gaps`.

    Raises
    ------
    UsageError
        Not a table, or unknown keys.
    EstimationError
        ``I - A`` or a domestic block is singular or ill-conditioned.

    Notes
    -----
    Wang, Wei and Zhu (2013, revised 2018), NBER Working Paper 19677, equation 37.

    Examples
    --------
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
    >>> wwz(t, by="exporter").select("exporter", "exports", pl.col("DVA_FIN", "DVA_INT", "RDV_INT").round(4)).row(0)
    ('A', 4.0, 1.8367, 1.4694, 0.1102)
    """
    keys, a = checked_keys(by), accounts(t)
    parts = _solved(a)
    found = np.empty((len(WWZ), a.G, a.S, a.G))
    for s in range(a.G):
        found[:, s] = _exporter(a, parts, s)
    columns = {m.name: found[k] for k, m in enumerate(WWZ)}
    return export_frame(a, keys, {"exports": a.exports, **columns})


@dataclass(frozen=True, slots=True, eq=False)
class _Solved:
    """Outputs of every importer r, each (G, S, ...).

    Attributes
    ----------
    own : (G, S, G)
        ``B_rr Y_ru`` by u.
    home, exported : (G, S, G)
        ``B_rt Y_tt`` and ``B_rt sum_{u != t} Y_tu``, by t.
    absorbed : (G, S, G)
        ``sum_t B_rt Y_tu`` by u.
    """

    own: FloatArray
    home: FloatArray
    exported: FloatArray
    absorbed: FloatArray


def _solved(a: Accounts) -> _Solved:
    final_exports = a.final.sum(axis=2) - a.home_final
    own = a.own_blocks @ a.final
    sides = [a.table.Y, a.block_diagonal(a.home_final), a.block_diagonal(final_exports)]
    absorbed, home, exported = np.split(a.split(a.solve(np.hstack(sides))), 3, axis=2)
    return _Solved(own, home, exported, absorbed)


def _exporter(a: Accounts, p: _Solved, s: int) -> FloatArray:
    """The sixteen terms of exporter s, (16, S, G importers)."""
    needed = a.needed_from(s, np.concatenate([_purposes(p, s), a.alone], axis=2)).transpose(2, 1, 0)
    first = a.first_shares[s][:, None]
    purposes = first * needed[:8]
    final = a.final[s]
    twice = (a.domestic_shares[s] - a.first_shares[s])[:, None] * (a.exports[s] - final)
    importer = a.origin_shares[:, s].T  # v_r B_rs, (S, G)
    third = a.foreign_shares[s][:, None] - importer
    alone, onward = needed[8], needed[9]
    return np.stack(
        [
            a.domestic_shares[s][:, None] * final,
            *purposes[:7],
            third * final,
            importer * final,
            third * alone,
            importer * alone,
            purposes[7],
            twice,
            third * onward,
            importer * onward,
        ]
    )


def _purposes(p: _Solved, s: int) -> FloatArray:
    """What the output of every importer is for, seen from exporter s: (G, S, 8), summing to ``(B Y)_r``.

    In the order DVA_INT, DVA_INTrexI1, DVA_INTrexF, DVA_INTrexI2, RDV_INT, RDV_FIN, RDV_FIN2, DDC_FIN.
    """
    own_home = np.einsum("rir->ri", p.own)
    own_total, own_back = p.own.sum(axis=2), p.own[:, :, s]
    back_home, back_exported = p.home[:, :, s], p.exported[:, :, s]
    third_home = p.home.sum(axis=2) - own_home - back_home
    third_back = p.absorbed[:, :, s] - own_back - back_home
    onward = own_total - own_home - own_back
    third_onward = p.absorbed.sum(axis=2) - own_total - back_home - back_exported - third_home - third_back
    return np.stack(
        [own_home, third_home, onward, third_onward, back_home, own_back, third_back, back_exported], axis=2
    )
