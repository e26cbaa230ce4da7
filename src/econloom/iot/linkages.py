"""Linkages through intermediate goods between one economy and its partners: matrices, penetration, sector indices.

The world is collapsed to two economies, the economy c (one, or several taken as one) and its partners r. Imports of
intermediates z^rc have the foreign supplying sector in rows and the economy's own using sector in columns; exports of
intermediates z^cr have the economy's own supplying sector in rows and the foreign using sector in columns.

**Naming.** The paper that these indices come from calls imports *forward* and exports *backward*: the reverse of usual
practice, where backward is what an economy buys and forward what it sells. Everything here says ``import`` and
``export``; :data:`FLOWS` holds the paper's names beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from econloom.core.errors import DataError, UsageError, did_you_mean, listed
from econloom.core.labels import Label
from econloom.iot.balance import FloatArray
from econloom.iot.collection import YearlyTables
from econloom.iot.partners import BRICS_SHADOW, members_of, oecd_members, partner_rows
from econloom.iot.table import IOTable

__all__ = [
    "BRICS_SHADOW", "FLOWS", "Flow", "Linkages", "collapse", "indices", "intermediate", "oecd_members",
]  # fmt: skip

FlowName = Literal["import", "export"]
Form = Literal["coefficient", "level"]
Side = Literal["supplier", "user"]
Penetration = Literal["world", "partners"]
Partners = str | Iterable[str] | None
Dated = Callable[[int], Iterable[str]]
Progress = Callable[[int, int], object]

_FORMS, _SIDES, _PENETRATIONS = ("coefficient", "level"), ("supplier", "user"), ("world", "partners")


@dataclass(frozen=True, slots=True)
class Flow:
    """One direction of trade in intermediates.

    Attributes
    ----------
    label : Label
    paper : str
        What the paper calls it.
    usual : str
        What the literature on value chains calls it.
    """

    label: Label
    paper: str
    usual: str


FLOWS: Mapping[str, Flow] = {
    "import": Flow(
        Label("进口中间品联系（论文称前向）", "import linkage (forward in the paper)"), "forward", "backward"
    ),
    "export": Flow(
        Label("出口中间品联系（论文称后向）", "export linkage (backward in the paper)"), "backward", "forward"
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Linkages:
    """Intermediate linkages of an economy with its partners.

    Attributes
    ----------
    economy, partners : tuple of str
        Codes; several own economies count as one.
    sectors : tuple of str, S
    form : {"coefficient", "level"}
    imports : ndarray (S, S)
        Foreign supplying sector by own using sector: ``z^rc (x^c)^-1`` by column, or z^rc in the table's unit.
    exports : ndarray (S, S)
        Own supplying sector by foreign using sector: ``(x^c)^-1 z^cr`` by row, or z^cr.
    import_penetration, export_penetration : ndarray (S,)
        ``M^int_i / (X_i + M_i - E_i)`` and ``E^int_i / X_i``, zero where both terms are zero.
    """

    economy: tuple[str, ...]
    partners: tuple[str, ...]
    sectors: tuple[str, ...]
    form: Form
    imports: FloatArray
    exports: FloatArray
    import_penetration: FloatArray
    export_penetration: FloatArray

    def sector_index(self, flow: FlowName, side: Side = "supplier") -> FloatArray:
        """Index by sector: the linkage matrix weighted row by row with the penetration of the row's product.

        ======= ============ ================================================  ==================================
        flow    side         formula                                           the sector is
        ======= ============ ================================================  ==================================
        import  supplier     ``f_i = sum_j Imshare_i l^rc_ij``                 the foreign supplier, as printed
        import  user         ``f_j = sum_i Imshare_i l^rc_ij``                 the economy's own user
        export  either       ``b_i = sum_j Exshare_i l^cr_ij``                 the economy's own supplier
        ======= ============ ================================================  ==================================

        Parameters
        ----------
        flow : {"import", "export"}
        side : {"supplier", "user"}
            Matters for imports only: rows of exports are the economy's own sectors already.

        Returns
        -------
        ndarray (S,)

        Raises
        ------
        UsageError
            An unknown flow or side.

        Examples
        --------
        >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["CHN", "ROW"], ["all"])
        >>> intermediate(t, "CHN").sector_index("import").round(6)
        array([0.0125])
        """
        _one_of(flow, FLOWS, "flow")
        _one_of(side, _SIDES, "side")
        if flow == "export":
            return np.asarray(self.export_penetration * self.exports.sum(axis=1))
        if side == "supplier":
            return np.asarray(self.import_penetration * self.imports.sum(axis=1))
        return np.asarray(self.import_penetration @ self.imports)


def collapse(t: IOTable, economy: str | Iterable[str] = "CHN") -> IOTable:
    """The table as two economies: the economy, and everybody else as ``ROW``.

    Parameters
    ----------
    t : IOTable
    economy : str or iterable of str
        One code, or several that become one economy; trade among them becomes domestic.

    Returns
    -------
    IOTable
        Of two economies with the same sectors; output, value added, final use and the balance of rows are kept.

    Raises
    ------
    UsageError
        An unknown code, or nobody else in the table.

    Notes
    -----
    ``x^c = (z^cc + z^cr) 1 + y^cc + y^cr`` and alike for r.

    Examples
    --------
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["CHN", "USA"], ["all"])
    >>> collapse(t).countries, collapse(t).x
    (('CHN', 'ROW'), array([10., 10.]))
    """
    own = members_of(t, economy, "economy")
    others = partner_rows(t, own, None, None)
    S = len(t.sectors)
    blocks = [np.isin(np.arange(len(t.countries)), group).astype(np.float64) for group in (own, others)]
    M = np.stack(blocks)  # (2, G)
    Z = np.einsum("ag,gshu,bh->asbu", M, _blocks(t), M, optimize=True).reshape(2 * S, 2 * S)
    Y = np.einsum("ag,gsh,bh->asb", M, t.Y.reshape(-1, S, len(t.countries)), M, optimize=True).reshape(2 * S, 2)
    x = (M @ t.x.reshape(-1, S)).ravel()
    added = (M @ (t.v * t.x).reshape(-1, S)).ravel()
    v = np.divide(added, x, out=np.zeros_like(x), where=x > 0)
    names = ("+".join(t.countries[i] for i in own), "ROW")
    return IOTable(Z, Y, names, t.sectors, x, v, balance_tolerance=t.balance_tolerance, events=t.events)


def intermediate(
    t: IOTable,
    economy: str | Iterable[str] = "CHN",
    partners: Partners = None,
    form: Form = "coefficient",
    penetration: Penetration = "world",
    year: int | None = None,
) -> Linkages:
    """Linkage matrices and penetration weights of an economy with its partners.

    Parameters
    ----------
    t : IOTable
    economy : str or iterable of str
        One code, or several that count as one economy (:data:`BRICS_SHADOW` for the shadow instruments).
    partners : str or iterable of str, optional
        All others when left out; codes; ``oecd``, ``non_oecd`` or another dated list of ``el.regions`` as it is in the
        table's year, ``oecd@2013`` in a fixed one.
    form : {"coefficient", "level"}
        Divided by the economy's output, or flows as they are.
    penetration : {"world", "partners"}
        Whose intermediates are in the numerators of the weights: everybody's, so that the indices of groups that
        make up the world add up to the index of the world, or the partners' alone.
    year : int, optional
        The year of the table, for dated groups.

    Returns
    -------
    Linkages

    Raises
    ------
    UsageError
        An unknown code (with the nearest), group or choice; no partner left.
    DataError
        A sector whose domestic absorption ``X + M - E`` is zero or less while intermediates of it are imported.

    Notes
    -----
    Penetration after Krishna and Senses (2014), Review of Economic Studies 81: 1062-1095.

    Examples
    --------
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["CHN", "ROW"], ["all"])
    >>> found = intermediate(t, "CHN")
    >>> found.imports, found.exports, found.import_penetration, found.export_penetration
    (array([[0.1]]), array([[0.2]]), array([0.125]), array([0.2]))
    """
    _one_of(form, _FORMS, "form")
    _one_of(penetration, _PENETRATIONS, "penetration")
    own = members_of(t, economy, "economy")
    others = partner_rows(t, own, None, None)
    chosen = partner_rows(t, own, partners, year)
    Z = _blocks(t)
    bought = Z[:, :, own, :].sum(axis=2)  # (G, S, S): supplier country, its sector, own user
    sold = Z[own].sum(axis=0)  # (S, G, S): own sector, user country, its sector
    x = t.x.reshape(-1, len(t.sectors))[own].sum(axis=0)
    imports, exports = bought[chosen].sum(axis=0), sold[:, chosen].sum(axis=1)
    weigh = others if penetration == "world" else chosen
    numerators = bought[weigh].sum(axis=(0, 2)), sold[:, weigh].sum(axis=(1, 2))
    absorbed = x + _final_trade(t, own, others) + bought[others].sum(axis=(0, 2)) - sold[:, others].sum(axis=(1, 2))
    weights = _penetration(t, own, *numerators, absorbed, x)
    if form == "coefficient":
        reciprocal = np.divide(1.0, x, out=np.zeros_like(x), where=x > 0)
        imports, exports = imports * reciprocal, reciprocal[:, None] * exports
    names = [tuple(t.countries[i] for i in group) for group in (own, chosen)]
    return Linkages(names[0], names[1], t.sectors, form, imports, exports, *weights)


def indices(
    tables: IOTable | YearlyTables,
    economy: str | Iterable[str] | None = "CHN",
    partners: Partners | Dated = None,
    form: Form = "coefficient",
    side: Side = "supplier",
    penetration: Penetration = "world",
    year: int | None = None,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Sector indices of one table, or of every year, as a tidy frame.

    Parameters
    ----------
    tables : IOTable or YearlyTables
    economy, partners, form, penetration
        As for :func:`intermediate`; None for every economy but the last (the rest of the world), one at a time. Dated
        groups follow the year of each table. ``partners`` may also be a function
        that gives the codes of a year.
    side : {"supplier", "user"}
        As for :meth:`Linkages.sector_index`.
    year : int, optional
        Of a single table.
    progress : callable, optional
        Called as ``progress(done, total)``.

    Returns
    -------
    polars.DataFrame
        ``year`` (where known), ``economy``, ``flow`` (import or export), ``paper_name`` (forward or backward, the
        paper's), ``sector``, ``value``.

    Raises
    ------
    UsageError, DataError
        As :func:`intermediate`.

    Examples
    --------
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["CHN", "ROW"], ["all"])
    >>> indices(t, "CHN")["paper_name"].to_list(), indices(t, "CHN", year=2000).columns[0]
    (['forward', 'backward'], 'year')
    """
    if isinstance(tables, IOTable):
        if callable(partners):
            if year is None:
                raise UsageError("partners by year need the year of the table", hint="year=2013")
            partners = partners(year)
        whom = partners if partners is None or isinstance(partners, str) else tuple(partners)
        each = tables.countries[:-1] if economy is None else [economy]
        return pl.concat(_tidy(intermediate(tables, e, whom, form, penetration, year), side, year) for e in each)
    if not isinstance(tables, YearlyTables):
        raise UsageError(f"an IOTable or yearly tables are needed, not {type(tables).__name__}")
    if year is not None:
        raise UsageError("year= goes with a single table; yearly tables have their own years")
    economy = economy if economy is None or isinstance(economy, str) else tuple(economy)
    if not (partners is None or isinstance(partners, str) or callable(partners)):
        partners = tuple(partners)
    frames = []
    for done, then in enumerate(tables.years):
        if progress is not None:
            progress(done, len(tables.years))
        frames.append(indices(tables.table(then), economy, partners, form, side, penetration, then))
    if progress is not None:
        progress(len(tables.years), len(tables.years))
    return pl.concat(frames)


def _tidy(found: Linkages, side: Side, year: int | None) -> pl.DataFrame:
    frame = pl.concat(
        pl.DataFrame(
            {
                "economy": "+".join(found.economy),
                "flow": name,
                "paper_name": flow.paper,
                "sector": list(found.sectors),
                "value": found.sector_index("import" if name == "import" else "export", side),
            }
        )
        for name, flow in FLOWS.items()
    )
    return frame if year is None else frame.select(pl.lit(year, pl.Int64).alias("year"), pl.all())


def _blocks(t: IOTable) -> FloatArray:
    G, S = len(t.countries), len(t.sectors)
    return t.Z.reshape(G, S, G, S)


def _final_trade(t: IOTable, own: NDArray[np.intp], others: NDArray[np.intp]) -> FloatArray:
    """Imports less exports of every product for final use, (S,)."""
    Y = t.Y.reshape(len(t.countries), len(t.sectors), -1)
    bought, sold = Y[others][:, :, own], Y[own][:, :, others]
    return np.asarray(bought.sum(axis=(0, 2)) - sold.sum(axis=(0, 2)))


def _penetration(
    t: IOTable, own: NDArray[np.intp], imported: FloatArray, exported: FloatArray, absorbed: FloatArray, x: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """``M^int / (X + M - E)`` and ``E^int / X`` of every sector."""
    bad = np.flatnonzero((absorbed <= 0) & (np.abs(imported) > 0))
    if bad.size:
        names = listed(f"{t.sectors[i]} ({absorbed[i]:,.6g})" for i in bad)
        raise DataError(
            f"{'+'.join(t.countries[i] for i in own)}: imports of intermediates, but domestic absorption X + M - E "
            f"is not positive, in {names}",
            hint="merge such sectors with their neighbours, or look for large negative inventories",
        )
    return (
        np.divide(imported, absorbed, out=np.zeros_like(x), where=absorbed > 0),
        np.divide(exported, x, out=np.zeros_like(x), where=x > 0),
    )


def _one_of(value: object, known: Iterable[str], what: str) -> None:
    names = list(known)
    if value not in names:
        near = did_you_mean(value, names) if isinstance(value, str) else ""
        raise UsageError(f"{what} {value!r} is unknown{near}", hint=f"one of {listed(names)}")
