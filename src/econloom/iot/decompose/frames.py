"""Terms as tidy frames: keys chosen, terms summed over the others, labels and gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from econloom.core.errors import UsageError, did_you_mean, listed
from econloom.iot.accounts import Accounts, keyed
from econloom.iot.balance import FloatArray
from econloom.iot.decompose.terms import BORIN_MANCINI, KWW, SOURCES, WWZ
from econloom.iot.measures import UNITS, Measure

KEYS = ("exporter", "sector", "importer")

_TERMS: Mapping[str, tuple[Measure, ...]] = {"kww": KWW, "wwz": WWZ, "borin_mancini": BORIN_MANCINI}
_PARTS: Mapping[str, tuple[str, ...]] = {
    "kww": tuple(m.name for m in KWW),
    "wwz": tuple(m.name for m in WWZ),
    "borin_mancini": ("VAX", "REF", "DDC", "FVA", "FDC"),
}


def checked_keys(by: str | Sequence[str]) -> tuple[str, ...]:
    """The keys asked for, in the order of ``KEYS``.

    Raises
    ------
    UsageError
        An unknown key, none, one twice, or no exporter.
    """
    asked = (by,) if isinstance(by, str) else tuple(by)
    for key in asked:
        if key not in KEYS:
            raise UsageError(f"by: {key!r} is unknown{did_you_mean(str(key), KEYS)}", hint=f"some of {listed(KEYS)}")
    if "exporter" not in asked or len(set(asked)) < len(asked):
        raise UsageError(f"by={asked!r}: every key once, and the exporter among them", hint=f"some of {listed(KEYS)}")
    return tuple(key for key in KEYS if key in asked)


def export_frame(a: Accounts, by: Sequence[str], columns: Mapping[str, FloatArray]) -> pl.DataFrame:
    """Columns of shape (G, S, G), exporter by sector by importer, summed to the keys ``by``; none of home to home."""
    labels = {"exporter": a.table.countries, "sector": a.table.sectors, "importer": a.table.countries}
    abroad = ~np.eye(a.G, dtype=bool)[:, None, :]
    summed = tuple(k for k, key in enumerate(KEYS) if key not in by)
    values = {name: _summed(column, abroad, summed) for name, column in columns.items()}
    return keyed({key: labels[key] for key in by}, values, _kept(by, abroad))


def _kept(by: Sequence[str], abroad: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Cells of the grid of the keys that become rows: exporter and importer differ."""
    if "importer" not in by:
        return None
    return abroad if "sector" in by else abroad[:, 0, :]


def _summed(column: FloatArray, abroad: NDArray[np.bool_], axes: tuple[int, ...]) -> FloatArray:
    found: FloatArray = np.where(abroad, column, 0.0).sum(axis=axes) if axes else column
    return found


def terms(method: str) -> pl.DataFrame:
    """The terms of a decomposition with their names in Chinese and English, units and formulas.

    Parameters
    ----------
    method : {"kww", "wwz", "borin_mancini"}

    Returns
    -------
    polars.DataFrame
        ``term``, ``zh``, ``en``, ``unit_zh``, ``unit_en``, ``formula``, ``source``. Symbols: v value added per unit of
        output, ``B = (I - A)^-1``, ``L_rr = (I - A_rr)^-1``, Y final use, E gross exports, ``#`` element by element,
        s exporter, r importer, ``H`` what the importer's output is needed for before s exports again.

    Raises
    ------
    UsageError
        An unknown method.

    Examples
    --------
    >>> terms("wwz")["term"].to_list()[:3]
    ['DVA_FIN', 'DVA_INT', 'DVA_INTrexI1']
    """
    found = _TERMS[_known(method)]
    return pl.DataFrame(
        {
            "term": [m.name for m in found],
            "zh": [m.label.text("zh") for m in found],
            "en": [m.label.text("en") for m in found],
            "unit_zh": [UNITS[m.unit].text("zh") for m in found],
            "unit_en": [UNITS[m.unit].text("en") for m in found],
            "formula": [m.formula for m in found],
            "source": [SOURCES[method]] * len(found),
        }
    )


def gaps(frame: pl.DataFrame, method: str, most: int = 5) -> pl.DataFrame:
    """Where the terms of a decomposition do not add up to gross exports, worst first.

    They do to rounding when x and v were left out of the table. With another v (basic prices, say) or x, or with
    sectors that sell without output, some of the exports belongs to no term; :meth:`IOTable.balance` says why.

    Parameters
    ----------
    frame : polars.DataFrame
        Of :func:`kww`, :func:`wwz` or :func:`borin_mancini`.
    method : {"kww", "wwz", "borin_mancini"}
    most : int
        Rows.

    Returns
    -------
    polars.DataFrame
        The keys, ``exports``, ``terms`` (their sum), ``gap`` (exports less terms).

    Raises
    ------
    UsageError
        An unknown method, or a frame without its terms.

    Examples
    --------
    >>> from econloom.iot import IOTable
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"], v=[0.8, 0.8])
    >>> from econloom.iot.decompose import kww
    >>> gaps(kww(t), "kww")["gap"].round(3).to_list()
    [0.408, 0.041]
    """
    parts = _PARTS[_known(method)]
    missing = [name for name in ("exports", *parts) if name not in frame.columns]
    if missing:
        raise UsageError(f"gaps: no {method} frame, columns missing: {listed(missing)}")
    keys = [key for key in KEYS if key in frame.columns]
    summed = frame.select(*keys, "exports", pl.sum_horizontal(parts).alias("terms"))
    return (
        summed.with_columns(gap=pl.col("exports") - pl.col("terms"))
        .sort(pl.col("gap").abs(), descending=True)
        .head(most)
    )


def _known(method: str) -> str:
    if method not in _TERMS:
        raise UsageError(
            f"decomposition {method!r} is unknown{did_you_mean(str(method), _TERMS)}", hint=f"one of {listed(_TERMS)}"
        )
    return method
