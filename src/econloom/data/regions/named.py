"""Named lists of regions and countries, and divisions of China into regions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from econloom.core.errors import UsageError, did_you_mean
from econloom.data.regions.placing import Placement, place, place_in_china
from econloom.data.regions.registry import clubs, divisions, groups

# scheme -> the lists that make it, each with the word for its members
SCHEMES: Mapping[str, Mapping[str, str]] = {
    "four": {"east_10": "east", "central_6": "central", "west_12": "west", "northeast_3": "northeast"},
    "three": {"east_11": "east", "central_8": "central", "west_12": "west"},
    "three_ne_central": {"east_10": "east", "central_9": "central", "west_12": "west"},
    "seven": {
        "northeast_3": "northeast",
        "north_5": "north",
        "east_china_7": "east",
        "central_china_3": "central",
        "south_china_3": "south",
        "southwest_5": "southwest",
        "northwest_5": "northwest",
    },
}


def names() -> tuple[str, ...]:
    """All named lists, of Chinese regions and of countries."""
    return (*groups(), *clubs())


def is_dated(name: str) -> bool:
    """Whether a list's members joined in given years, so that it needs one: ``oecd@2013``."""
    return name in clubs()


def members(name: str, year: int | None = None) -> tuple[int, ...] | tuple[str, ...]:
    """The members of a named list.

    Parameters
    ----------
    name : str
        Such as ``yangtze_delta_26`` or ``oecd``; :func:`lists` shows all.
    year : int, optional
        Needed for lists of countries, which change; without meaning for regions of China.

    Returns
    -------
    tuple
        Adcodes (a province stands for all its cities), or ISO3 codes.

    Raises
    ------
    UsageError
        No such list, or a year that is missing or before the club's first.

    Examples
    --------
    >>> len(members("yangtze_delta_26")), len(members("oecd", 2013))
    (26, 34)
    """
    if name in groups():
        return groups()[name].members
    if name not in clubs():
        raise UsageError(f"no list {name!r}{did_you_mean(name, names())}", hint="el.regions.lists() shows all")
    if year is None:
        raise UsageError(f"the members of {name!r} change: say the year", hint=f"such as {name}@2013")
    found = tuple(m.iso3 for m in clubs()[name] if m.holds(year))
    if not found:
        first = min(m.since for m in clubs()[name] if m.since is not None)
        raise UsageError(f"{name!r} has no members in {year}", hint=f"it begins in {first}")
    return found


def placed_in(
    values: Iterable[object], name: str, year: int | None = None
) -> tuple[Placement, Mapping[str | int, bool]]:
    """Which of some names or codes belong to a named list.

    Returns
    -------
    placement : Placement
        What could and could not be placed.
    inside : dict of str or int to bool
        Of those that were placed.
    """
    wanted = set(members(name, year))
    if name in clubs():
        found = place(values, "country")
        return found, {given: code in wanted for given, code in found.codes.items()}
    placement = place_in_china(values)
    units = divisions()
    return placement, {g: c in wanted or units[int(c)].province in wanted for g, c in placement.codes.items()}


def region(values: Iterable[object], scheme: str = "four") -> tuple[Placement, Mapping[str | int, str]]:
    """The region of each province or city in a division of China.

    Parameters
    ----------
    values : iterable of str or int
        Names or adcodes of provinces or cities.
    scheme : {"four", "three", "three_ne_central", "seven"}
        ``four``: east 10, central 6, west 12, north-east 3 (National Bureau of Statistics, 2011). ``three``: east 11
        with Liaoning, central 8, west 12. ``three_ne_central``: east 10, central 9 with the north-east, west 12.
        ``seven``: geographic.

    Returns
    -------
    placement : Placement
    regions : dict of str or int to str
        ``east``, ``central``, ``west``, ``northeast`` ... of those that were placed and belong to one (Hong Kong, Macao
        and Taiwan belong to none).

    Raises
    ------
    UsageError
        An unknown scheme.

    Examples
    --------
    >>> region(["沈阳", "合肥市", "贵州"], "three")[1]
    {'沈阳': 'east', '合肥市': 'central', '贵州': 'west'}
    """
    if scheme not in SCHEMES:
        raise UsageError(
            f"no division {scheme!r}{did_you_mean(scheme, SCHEMES)}", hint=f"there are {', '.join(SCHEMES)}"
        )
    of = {code: word for name, word in SCHEMES[scheme].items() for code in groups()[name].members}
    placement = place_in_china(values)
    units = divisions()
    found = {g: of.get(units[int(c)].province) for g, c in placement.codes.items()}
    return placement, {g: word for g, word in found.items() if word is not None}


def lists() -> pl.DataFrame:
    """All named lists: ``list``, ``zh``, ``en``, ``members`` (their number now), ``since``, ``basis``, ``source``."""
    rows: list[tuple[object, ...]] = [
        (g.name, g.zh, g.en, len(g.members), g.since, g.basis, g.source) for g in groups().values()
    ]
    rows += [
        (name, None, name.replace("_", " "), sum(m.until is None for m in ms),
         min(m.since for m in ms if m.since is not None), "by hand", "lists of accession; by year, as oecd@2013")
        for name, ms in clubs().items()
    ]  # fmt: skip
    schema = {"list": pl.String, "zh": pl.String, "en": pl.String, "members": pl.Int64, "since": pl.Int64,
              "basis": pl.String, "source": pl.String}  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")
