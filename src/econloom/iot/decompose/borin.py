"""Domestic and foreign value added in exports, each counted once: Borin and Mancini."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import polars as pl

from econloom.core.errors import EstimationError, UsageError, did_you_mean, listed
from econloom.iot.accounts import Accounts, accounts
from econloom.iot.balance import FloatArray
from econloom.iot.decompose.frames import KEYS, checked_keys, export_frame
from econloom.iot.table import IOTable

Approach = Literal["source", "sink", "kww"]


def borin_mancini(t: IOTable | Accounts, approach: Approach = "source", by: str | Sequence[str] = KEYS) -> pl.DataFrame:
    """Gross exports as domestic and foreign value added and double counting, from the exporter's perspective.

    Parameters
    ----------
    t : IOTable or Accounts
    approach : {"source", "sink", "kww"}
        Value added that an economy exports several times is counted when it first leaves it (source) or when it last
        does (sink). Totals of an exporter are the same but for VAXIM. ``kww`` is the source form with foreign value
        added in the definition of Koopman, Wang and Wei and of Wang, Wei and Zhu, where all foreign value added in
        products that the importer sends on counts as double counting.
    by : sequence of {"exporter", "sector", "importer"}
        Keys of the rows; terms are summed over those left out. The sector is the one that exports.

    Returns
    -------
    polars.DataFrame
        The keys, ``exports``, and ``DC``, ``DVA``, ``VAX``, ``VAXIM``, ``DAVAX``, ``REF``, ``DDC``, ``FC``, ``FVA``,
        ``FDC``, ``GVC``, ``GVCB``, ``GVCF`` in the units of the table; ``terms("borin_mancini")`` says what they are.
        ``VAX + REF + DDC + FVA + FDC`` is exports when x and v were left out of the table, see :func:`gaps`.

    Raises
    ------
    UsageError
        Not a table, an unknown approach or unknown keys.
    EstimationError
        ``I - A`` or a domestic block is singular or ill-conditioned.

    Notes
    -----
    Borin and Mancini (2019), World Bank Policy Research Working Paper 8804. The inverse without the exports of s is
    never formed for each s: its column for s is ``B_rs B_ss^-1 L_ss``.

    Examples
    --------
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
    >>> borin_mancini(t, by="exporter").select("exporter", "exports", pl.col("DVA", "FVA", "FDC").round(3)).row(0)
    ('A', 4.0, 3.6, 0.32, 0.007)
    """
    if approach not in get_args(Approach):
        raise UsageError(
            f"approach {approach!r} is unknown{did_you_mean(str(approach), get_args(Approach))}",
            hint=f"one of {listed(get_args(Approach))}",
        )
    keys, a = checked_keys(by), accounts(t)
    exporters = [_exporter(a, s, approach) for s in range(a.G)]
    columns = {name: np.stack([part[name] for part in exporters]) for name in exporters[0]}
    return export_frame(a, keys, {"exports": a.exports, **columns})


def _exporter(a: Accounts, s: int, approach: Approach) -> dict[str, FloatArray]:
    """The terms of exporter s, each (S, G importers)."""
    exports, final = a.exports[s], a.final[s]
    whole, first, foreign = (p[s][:, None] for p in (a.domestic_shares, a.first_shares, a.foreign_shares))
    purposes = _before_return(a, s) if approach == "sink" else _everything(a, s)
    needed = a.needed_from(s, np.concatenate([purposes, a.alone[:, :, :1]], axis=2)).transpose(2, 1, 0)
    total, back, there, direct = needed
    DC, FC = whole * exports, foreign * exports
    DAVAX = first * (final + direct)
    if approach == "sink":
        DVA, REF, VAXIM, FVA = whole * (final + total), whole * back, whole * (final + there), foreign * (final + total)
    else:
        DVA, REF, VAXIM = first * exports, first * back, first * (final + there)
        once = _once(a, s)[:, None] if approach == "source" else foreign
        FVA = once * exports if approach == "source" else foreign * (final + direct)
    DDC = DC - DVA
    return {
        "DC": DC,
        "DVA": DVA,
        "VAX": DVA - REF,
        "VAXIM": VAXIM,
        "DAVAX": DAVAX,
        "REF": REF,
        "DDC": DDC,
        "FC": FC,
        "FVA": FVA,
        "FDC": FC - FVA,
        "GVC": FC + DDC + DVA - DAVAX,
        "GVCB": FC + DDC,
        "GVCF": DVA - DAVAX,
    }


def _by_user(output: FloatArray, s: int) -> FloatArray:
    """Output (G, S, G) of importers by final user: all users, s, and the importer itself, (G, S, 3)."""
    return np.stack([output.sum(axis=2), output[:, :, s], np.einsum("rir->ri", output)], axis=2)


def _everything(a: Accounts, s: int) -> FloatArray:
    """``(B Y)_r`` by final user."""
    return _by_user(a.output_by_destination, s)


def _before_return(a: Accounts, s: int) -> FloatArray:
    """H: output of importers for final use that is reached without a further export of s, by final user."""
    G, S, X = a.G, a.S, a.output_by_destination
    exported = X[s].copy()  # L_ss times the exports of s that end in each economy
    exported[:, s] -= a.alone[s, :, 0]
    column = a.inverse[:, s * S : (s + 1) * S] @ _own_inverse_times(a, s, exported)
    return _by_user(X - column.reshape(G, S, G), s)


def _once(a: Accounts, s: int) -> FloatArray:
    """``sum_t v_t B_ts B_ss^-1 L_ss``, (S,): foreign value added in one unit exported, before s exported it once."""
    share: FloatArray = a.foreign_shares[s] @ _own_inverse_times(a, s, a.local_inverses[s])
    return share


def _own_inverse_times(a: Accounts, s: int, columns: FloatArray) -> FloatArray:
    """``B_ss^-1`` times columns."""
    try:
        found: FloatArray = np.linalg.solve(a.own_blocks[s], columns)
    except np.linalg.LinAlgError:
        raise EstimationError(f"the block of B of {a.table.countries[s]} is singular") from None
    return found
