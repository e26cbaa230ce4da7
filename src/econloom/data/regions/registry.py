"""The tables of regions, loaded once."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Division:
    """A province, a prefecture-level unit, or a county directly under a province.

    Attributes
    ----------
    adcode, province : int
        Six digits; its own code and its province's.
    name, short : str
        ``合肥市``, ``合肥``.
    level : str
        ``province``, ``city``, ``prefecture``, ``autonomous_prefecture``, ``league`` or ``county``.
    since, until : int or None
        First and last full year, where it did not always exist.
    aliases : tuple of str
    """

    adcode: int
    name: str
    short: str
    level: str
    province: int
    since: int | None
    until: int | None
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A change of divisions; codes are None where they are not known."""

    year: int
    what: str
    old_adcode: int | None
    old_name: str
    new_adcode: int
    new_name: str
    note: str


@dataclass(frozen=True, slots=True)
class Group:
    """A named list of provinces and cities; a province stands for all its cities."""

    name: str
    zh: str
    en: str
    members: tuple[int, ...]
    since: int | None
    basis: str
    source: str


@dataclass(frozen=True, slots=True)
class Country:
    """A country or territory by its ISO 3166-1 code."""

    iso3: str
    iso2: str
    numeric: str
    en: str
    zh: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Membership:
    """A country's years in a club; None for a side that is open."""

    club: str
    iso3: str
    since: int | None
    until: int | None

    def holds(self, year: int) -> bool:
        """Whether it was a member at the end of a year."""
        return (self.since is None or self.since <= year) and (self.until is None or year <= self.until)


@cache
def divisions() -> Mapping[int, Division]:
    """All divisions by adcode, provinces before their cities."""
    return {
        int(r["adcode"]): Division(
            int(r["adcode"]), r["name"], r["short"], r["level"], int(r["province"]), _year(r["since"]),
            _year(r["until"]), _several(r["aliases"]),
        )
        for r in _rows("divisions")
    }  # fmt: skip


@cache
def changes() -> tuple[Change, ...]:
    """All changes, oldest first."""
    return tuple(
        Change(int(r["year"]), r["what"], _year(r["old_adcode"]), r["old_name"], int(r["new_adcode"]), r["new_name"],
               r["note"])
        for r in _rows("changes")
    )  # fmt: skip


@cache
def groups() -> Mapping[str, Group]:
    """Lists of Chinese provinces and cities by name."""
    return {
        r["list"]: Group(r["list"], r["zh"], r["en"], tuple(map(int, r["members"].split())), _year(r["since"]),
                         r["basis"], r["source"])
        for r in _rows("groups")
    }  # fmt: skip


@cache
def countries() -> Mapping[str, Country]:
    """Countries by ISO3 code."""
    return {
        r["iso3"]: Country(r["iso3"], r["iso2"], r["numeric"], r["en"], r["zh"], _several(r["aliases"]))
        for r in _rows("countries")
    }


@cache
def legacy_codes() -> Mapping[str, tuple[str | None, str]]:
    """Codes that are no longer (or never were) ISO, with the code now and a note; None: several successors."""
    return {r["code"]: (r["iso3"] or None, r["note"]) for r in _rows("legacy_codes")}


@cache
def clubs() -> Mapping[str, tuple[Membership, ...]]:
    """Groups of countries by name."""
    found: dict[str, list[Membership]] = {}
    for r in _rows("clubs"):
        found.setdefault(r["list"], []).append(Membership(r["list"], r["iso3"], _year(r["since"]), _year(r["until"])))
    return {name: tuple(members) for name, members in found.items()}


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("econloom.data.regions").joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))


def _year(text: str) -> int | None:
    return int(text) if text else None


def _several(text: str) -> tuple[str, ...]:
    return tuple(a for a in text.split(";") if a)
