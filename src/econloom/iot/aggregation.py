"""Economies and sectors merged into larger ones; totals stay."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from econloom.core.errors import UsageError, did_you_mean, listed
from econloom.core.lineage import Event
from econloom.iot.balance import FloatArray
from econloom.iot.table import IOTable

Groups = Mapping[str, str]


def aggregate(
    t: IOTable, countries: Groups | None = None, sectors: Groups | None = None, rest: str | None = None
) -> IOTable:
    """A table of fewer economies or sectors: flows between merged ones become flows at home.

    Parameters
    ----------
    t : IOTable
    countries, sectors : mapping of str to str, optional
        Old label to new; labels left out keep their own. New ones stand in the order in which they first appear.
    rest : str, optional
        Economies that ``countries`` leaves out all go to this one instead.

    Returns
    -------
    IOTable
        Z, Y and output are sums; value added per unit of output is value added summed over output summed. Total output,
        value added, intermediate and final use stay as they are.

    Raises
    ------
    UsageError
        A label that the table does not have, or a new one that is empty.

    Notes
    -----
    Decompositions of an aggregated table are not aggregates of the decompositions: exports between merged economies
    are gone, and inputs are those of the mean sector (Miller and Blair 2009, section 4.9).

    Examples
    --------
    >>> t = IOTable(np.ones((4, 4)), np.full((4, 2), 3.0), ["CHN", "USA"], ["goods", "services"])
    >>> aggregate(t, sectors={"goods": "all", "services": "all"})
    IOTable(2 countries x 1 sectors, output 40)
    >>> aggregate(t, countries={"CHN": "CHN"}, rest="ROW").countries
    ('CHN', 'ROW')
    """
    country, new_countries = _places(t.countries, countries, "countries", rest)
    sector, new_sectors = _places(t.sectors, sectors, "sectors")
    G, S = len(new_countries), len(new_sectors)
    row = (country[:, None] * S + sector).ravel()
    Z = _summed(_summed(t.Z, row, G * S).T, row, G * S).T
    Y = _summed(_summed(t.Y, row, G * S).T, country, G).T
    x, added = _summed(t.x, row, G * S), _summed(t.v * t.x, row, G * S)
    v = np.divide(added, x, out=np.zeros(G * S), where=x > 0)
    done = f"aggregated: {len(t.countries)} to {G} economies, {len(t.sectors)} to {S} sectors"
    event = Event(
        "read", done, detail={"countries": dict(countries or {}), "sectors": dict(sectors or {}), "rest": rest}
    )
    tolerance = t.balance_tolerance
    return IOTable(Z, Y, new_countries, new_sectors, x, v, balance_tolerance=tolerance, events=(*t.events, event))


def _places(
    labels: tuple[str, ...], groups: Groups | None, what: str, rest: str | None = None
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Place of every old label among the new ones, and these."""
    asked = dict(groups or {})
    unknown = [name for name in asked if name not in labels]
    if unknown:
        near = did_you_mean(str(unknown[0]), labels)
        raise UsageError(f"{what}: the table has no {listed(unknown)}{near}", hint=f"it has {listed(labels)}")
    targets = [*asked.values(), *([] if rest is None else [rest])]
    if any(not isinstance(new, str) or not new.strip() for new in targets):
        raise UsageError(f"{what}: new labels are texts, none of them empty")
    new = [asked.get(old, old if rest is None else rest) for old in labels]
    order = {name: k for k, name in enumerate(dict.fromkeys(new))}
    return np.array([order[name] for name in new]), tuple(order)


def _summed(rows: FloatArray, place: NDArray[np.int64], size: int) -> FloatArray:
    """Rows added up by place, (size, ...)."""
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(size))
    found: FloatArray = np.add.reduceat(rows[order], starts, axis=0)
    return found
