"""Groups of economies: one, several, the OECD of a year, or all the others."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from econloom.core.errors import UsageError, did_you_mean, listed
from econloom.data import regions
from econloom.iot.table import IOTable

BRICS_SHADOW = ("BRA", "RUS", "IND")
"""Brazil, Russia and India, whose linkages stand in for China's as instruments."""


def oecd_members(year: int) -> tuple[str, ...]:
    """ISO codes of the economies that were members of the OECD in a year.

    Parameters
    ----------
    year : int
        1961 or later; a country is a member from its year of ratification on.

    Raises
    ------
    UsageError
        A year before the organisation, or no year; see :func:`econloom.data.regions.members`.

    Examples
    --------
    >>> len(oecd_members(1961)), len(oecd_members(2013)), "LVA" in oecd_members(2015)
    (19, 34, False)
    """
    return _club("oecd", year)


def _club(name: str, year: int) -> tuple[str, ...]:
    if isinstance(year, bool) or not isinstance(year, int | np.integer):
        raise UsageError(f"members of {name} are known by year, not for {year!r}")
    return tuple(str(code) for code in regions.members(name, int(year)))


def members_of(t: IOTable, codes: str | Iterable[str], what: str) -> NDArray[np.intp]:
    """Positions in a table of an economy or of a group.

    Raises
    ------
    UsageError
        A code that the table does not have, with the nearest; none at all; one twice.
    """
    wanted = [codes] if isinstance(codes, str) else list(codes) if isinstance(codes, Iterable) else []
    if not wanted or not all(isinstance(c, str) for c in wanted):
        raise UsageError(f"{what}: a code or a list of codes is needed, not {codes!r}")
    stray = [c for c in wanted if c not in t.countries]
    if stray:
        near = did_you_mean(stray[0], t.countries)
        raise UsageError(f"{what}: unknown code {listed(stray)}{near}", hint=f"the table has {listed(t.countries, 60)}")
    if len(set(wanted)) < len(wanted):
        raise UsageError(f"{what}: {next(c for c in wanted if wanted.count(c) > 1)} is listed twice")
    return np.array([t.countries.index(c) for c in wanted], dtype=np.intp)


def partner_rows(
    t: IOTable, own: NDArray[np.intp], partners: str | Iterable[str] | None, year: int | None
) -> NDArray[np.intp]:
    """Positions of the partners: all others, a club of countries or the rest of them in a year, or a list.

    ``oecd`` and ``non_oecd`` (or another dated list of ``el.regions``) take the members of the table's year;
    ``oecd@2013`` fixes one. Members that a table does not show apart are in its rest of the world and cannot be taken
    out of it. The economy itself is never its own partner.

    Raises
    ------
    UsageError
        An unknown code or group, a dated group without a year, or no partner left.
    """
    everyone = np.setdiff1d(np.arange(len(t.countries)), own)
    if partners is None:
        found = everyone
    elif isinstance(partners, str) and regions.named.is_dated(club := partners.split("@")[0].removeprefix("non_")):
        inside = np.isin(np.array(t.countries)[everyone], _club(club, _dated(partners, year)))
        found = everyone[~inside if partners.startswith("non_") else inside]
    else:
        found = np.setdiff1d(members_of(t, partners, "partners"), own)
    if not found.size:
        raise UsageError(f"partners: no economy of the table but {listed(t.countries[i] for i in own)} is in the group")
    return found


def _dated(group: str, year: int | None) -> int:
    name, _, fixed = group.partition("@")
    if fixed:
        if not fixed.isdigit():
            raise UsageError(f"partners: {group!r}: a year is needed after @", hint=f"{name}@2013")
        return int(fixed)
    if year is None:
        raise UsageError(f"partners={name!r} needs the year of the table", hint=f"{name}@2013, or year=2013")
    return year
