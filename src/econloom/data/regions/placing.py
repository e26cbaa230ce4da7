"""Names and codes to provinces, cities and countries; what cannot be placed is said, with what it may be."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

import polars as pl

from econloom.core.errors import UsageError, did_you_mean, listed
from econloom.data.regions.registry import Division, changes, countries, divisions, legacy_codes

Level = Literal["province", "city", "country"]
LEVELS: tuple[Level, ...] = ("province", "city", "country")
_TAIL = re.compile(r"(特别行政区|(壮族|回族|维吾尔)?自治区|省|市|地区|盟)$")
_NATION = re.compile(
    r"(朝鲜族|土家族|苗族|藏族|羌族|彝族|布依族|侗族|哈尼族|壮族|傣族|白族|景颇族|傈僳族|回族|蒙古族?|哈萨克|柯尔克孜|黎族)+自治[州县]$"
)
_JUNK = re.compile(r"[\s.,'’`·\-_()（）&]+")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name was placed.

    Attributes
    ----------
    given : str or int
        As it stands in the data.
    code : int or str or None
        Adcode, or ISO3; None where it could not be placed.
    name : str or None
        The full name.
    how : str
        ``exact``, ``variant`` (another way of writing), ``renamed``, ``legacy code``, ``ambiguous`` or ``unknown``.
    note : str
        Of a change, or why it could not be placed.
    near : tuple of str
        Suggestions, never used by themselves.
    """

    given: str | int
    code: int | str | None
    name: str | None
    how: str
    note: str = ""
    near: tuple[str, ...] = ()


@dataclass(frozen=True)
class Placement:
    """Names and where they were placed, in the order given and without repetition.

    Attributes
    ----------
    places : tuple of Place
    level : {"province", "city", "country"}
    """

    places: tuple[Place, ...]
    level: Level

    @property
    def codes(self) -> Mapping[str | int, int | str]:
        """Given name to its code, of those that were placed."""
        return {p.given: p.code for p in self.places if p.code is not None}

    @property
    def unplaced(self) -> tuple[Place, ...]:
        """Those that could not be placed, with suggestions."""
        return tuple(p for p in self.places if p.code is None)

    @property
    def frame(self) -> pl.DataFrame:
        """One row a name: ``given``, ``code``, ``name``, ``how``, ``note``, ``near``."""
        kind = pl.String if self.level == "country" else pl.Int64
        return pl.DataFrame(
            {
                "given": [str(p.given) for p in self.places],
                "code": pl.Series([p.code for p in self.places], dtype=kind),
                "name": [p.name for p in self.places],
                "how": [p.how for p in self.places],
                "note": [p.note for p in self.places],
                "near": [", ".join(p.near) for p in self.places],
            },
            schema_overrides={"name": pl.String},
        )

    def __repr__(self) -> str:
        return f"Placement({len(self.places)} names of {self.level} level; {self.said()})"

    def said(self) -> str:
        """What could not be placed, in words."""
        lost = self.unplaced
        if not lost:
            return "all placed"
        names = (f"{p.given}" + (f" (may be {' or '.join(p.near)})" if p.near else "") for p in lost)
        return f"{len(lost)} could not be placed: {listed(names)}"


def place(names: Iterable[object], level: Level | None = None) -> Placement:
    """Find the provinces, cities or countries that names or codes stand for.

    Parameters
    ----------
    names : iterable of str or int
        Names in full or short (合肥市, 合肥, 恩施州), adcodes of two, four or six digits, ISO codes, names of countries
        in Chinese and English. Full-width and spaced writing is read. Repetitions count once, missing ones are left
        out.
    level : {"province", "city", "country"}, optional
        Without it: provinces where every name is one, countries where most names are, else cities. Municipalities are
        provinces and cities.

    Returns
    -------
    Placement
        Old names are placed at the unit's present code (襄樊 at 襄阳); abolished cities at their own old code, with a
        note. A name that may be two units (吉林 among cities and provinces aside) is not placed.

    Raises
    ------
    UsageError
        An unknown level.

    Examples
    --------
    >>> found = place(["合肥", "襄樊市", "巢湖市", "合菲"])
    >>> found.frame.select("given", "code", "how").rows()
    [('合肥', 340100, 'exact'), ('襄樊市', 420600, 'renamed'), ('巢湖市', 341400, 'exact'), ('合菲', None, 'unknown')]
    >>> found.unplaced[0].near
    ('合肥市',)
    >>> place(["ROM", "德国", "Korea, Rep."], "country").codes
    {'ROM': 'ROU', '德国': 'DEU', 'Korea, Rep.': 'KOR'}
    """
    if level is not None and level not in LEVELS:
        raise UsageError(f"no level {level!r}{did_you_mean(str(level), LEVELS)}", hint=f"levels: {', '.join(LEVELS)}")
    given = list(dict.fromkeys(_plain(n) for n in names if n is not None))
    if level is not None:
        return _placed(given, level)
    return _guessed(given)


def _guessed(given: list[str | int]) -> Placement:
    """The level at which most is placed; provinces only when all are, countries only with letters."""
    provinces = _placed(given, "province", near=False)  # suggestions are those among cities
    if given and not provinces.unplaced:
        return provinces
    cities, nations = _placed(given, "city"), _placed(given, "country")
    return nations if len(nations.codes) > len(cities.codes) else cities


def code_of(name: str, level: Level) -> int | str | None:
    """The code of one name, or None; without suggestions, which take time."""
    return (_country(name, near=False) if level == "country" else _division(name, level, near=False)).code


def place_in_china(names: Iterable[object]) -> Placement:
    """As :func:`place`, among provinces and cities at once: what is no city is looked for among the provinces."""
    given = list(dict.fromkeys(_plain(n) for n in names if n is not None))
    provinces = _placed(given, "province", near=False)  # suggestions are those among cities
    if given and not provinces.unplaced:
        return provinces
    cities = _placed(given, "city")
    pairs = zip(cities.places, provinces.places, strict=True)
    return Placement(tuple(p if c.how == "unknown" and p.code is not None else c for c, p in pairs), "city")


def _placed(given: list[str | int], level: Level, near: bool = True) -> Placement:
    if level == "country":
        return Placement(tuple(_country(n, near) for n in given), level)
    return Placement(tuple(_division(n, level, near) for n in given), level)


def _plain(name: object) -> str | int:
    if isinstance(name, int):
        return name
    if isinstance(name, float) and name.is_integer():
        return int(name)
    return str(name)


def fold(name: str) -> str:
    """A name without the differences of writing: width, case, spaces, points and accents.

    Examples
    --------
    >>> fold("Ｃôte d’Ivoire"), fold("合 肥　市")
    ('cotedivoire', '合肥市')
    """
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name))
    return _JUNK.sub("", "".join(c for c in text if not unicodedata.combining(c))).casefold()


def short_name(name: str) -> str:
    """A Chinese name without its administrative ending: 合肥市 to 合肥, 恩施土家族苗族自治州 to 恩施.

    Examples
    --------
    >>> [short_name(n) for n in ("合肥市", "内蒙古自治区", "延边朝鲜族自治州", "沙市")]
    ['合肥', '内蒙古', '延边', '沙市']
    """
    text = fold(name)
    bare = _NATION.sub("", text) if text.endswith(("自治州", "自治县")) else _TAIL.sub("", text)
    return bare if len(bare) >= 2 else text


@cache
def _index(level: Level) -> tuple[Mapping[str, tuple[Division, ...]], Mapping[str, tuple[Division, ...]]]:
    """Divisions of a level by folded full name, and by every other way of writing it."""
    full: dict[str, list[Division]] = {}
    other: dict[str, list[Division]] = {}
    for division in _of_level(level):
        full.setdefault(fold(division.name), []).append(division)
        ways = {fold(w) for w in (division.short, short_name(division.name), *division.aliases)}
        for way in ways - {fold(division.name)}:
            other.setdefault(way, []).append(division)
    return {k: tuple(v) for k, v in full.items()}, {k: tuple(v) for k, v in other.items()}


def _of_level(level: Level) -> list[Division]:
    own = {
        110000,
        120000,
        310000,
        500000,
        810000,
        820000,
        710000,
    }  # provinces that are one city, or are not divided here
    if level == "province":
        return [d for d in divisions().values() if d.level == "province"]
    return [d for d in divisions().values() if d.level != "province" or d.adcode in own]


@cache
def _units(level: Level) -> Mapping[int, Division]:
    return {d.adcode: d for d in _of_level(level)}


@cache
def _old_names(level: Level) -> Mapping[str, tuple[Division, str]]:
    """Names that a unit of the level had before."""
    found = {}
    units = _units(level)
    for change in changes():
        if change.what in {"renamed", "upgraded"} and change.new_adcode in units and change.old_name:
            note = f"{change.old_name} is {change.new_name} since {change.year}"
            for way in (change.old_name, short_name(change.old_name)):
                found[fold(way)] = (units[change.new_adcode], note)
    return found


@cache
def _old_codes(level: Level) -> Mapping[int, tuple[Division, str]]:
    units = _units(level)
    return {
        c.old_adcode: (units[c.new_adcode], f"{c.old_adcode} ({c.old_name}) is {c.new_adcode} since {c.year}")
        for c in changes()
        if c.old_adcode is not None and c.old_adcode not in units and c.new_adcode in units
        and c.what in {"renamed", "upgraded"}
    }  # fmt: skip


@lru_cache(maxsize=65_536)
def _division(given: str | int, level: Level, near: bool = True) -> Place:
    digits = str(given).strip()
    if unicodedata.normalize("NFKC", digits).isdecimal():
        return _by_code(given, int(unicodedata.normalize("NFKC", digits)), level)
    text = fold(str(given))
    full, other = _index(level)
    found, how = (full[text], "exact" if given == full[text][0].name else "variant") if text in full else ((), "")
    if not found:
        found, how = other.get(text) or other.get(short_name(text)) or (), "variant"
        how = "exact" if found and given == found[0].short else how
    if not found and text in _old_names(level):
        unit, note = _old_names(level)[text]
        return Place(given, unit.adcode, unit.name, "renamed", note)
    if len(found) == 1 and found[0].level == "autonomous_prefecture" and text in _index("province")[1]:
        found = (*found, *_index("province")[1][text])  # 海南: a prefecture of Qinghai, or the province
    if len(found) > 1:
        names = tuple(f"{d.name} {d.adcode}" for d in found)
        return Place(given, None, None, "ambiguous", "several units have this name", names)
    if not found:
        return Place(given, None, None, "unknown", "", _near_division(text, level) if near else ())
    return Place(given, found[0].adcode, found[0].name, how, _ended(found[0]))


def _by_code(given: str | int, code: int, level: Level) -> Place:
    if code < 100:
        code *= 10_000
    elif code < 10_000:
        code *= 100
    units = _units(level)
    if code in units:
        return Place(given, code, units[code].name, "exact", _ended(units[code]))
    if code in _old_codes(level):
        unit, note = _old_codes(level)[code]
        return Place(given, unit.adcode, unit.name, "renamed", note)
    return Place(given, None, None, "unknown", f"no {level} has this code")


def _ended(unit: Division) -> str:
    if unit.until is None:
        return ""
    heirs = [c.new_name for c in changes() if c.what == "abolished" and c.old_adcode == unit.adcode]
    return f"abolished after {unit.until}: {', '.join(heirs)}"


def _near_division(text: str, level: Level) -> tuple[str, ...]:
    full, other = _index(level)
    names = {**{k: v for k, v in other.items() if len(k) > 1}, **full}
    bare = {short_name(k): v[0].name for k, v in names.items()}
    close = difflib.get_close_matches(short_name(text), list(bare), n=2, cutoff=0.5)
    return tuple(dict.fromkeys(bare[c] for c in close))


@cache
def _nations() -> Mapping[str, str]:
    """Folded code or name to ISO3."""
    found: dict[str, str] = {}
    for c in countries().values():
        for way in (*c.aliases, c.zh, c.en, c.numeric, c.iso2, c.iso3):
            if way:
                found[fold(way)] = c.iso3
    return found


def _country(given: str | int, near: bool = True) -> Place:
    text = str(given).strip()
    way = f"{int(text):03d}" if text.isdecimal() else fold(text)
    code = _nations().get(way)
    if code is not None:
        unit = countries()[code]
        exact = given in (unit.iso3, unit.en, unit.zh)
        return Place(given, code, unit.en, "exact" if exact else "variant")
    if way.upper() in legacy_codes():
        now, note = legacy_codes()[way.upper()]
        if now is not None:
            return Place(given, now, countries()[now].en, "legacy code", note)
        return Place(given, None, None, "ambiguous", note)
    close = difflib.get_close_matches(way, list(_nations()), n=2, cutoff=0.75) if near and len(way) > 3 else []
    return Place(given, None, None, "unknown", "", tuple(dict.fromkeys(countries()[_nations()[c]].en for c in close)))
