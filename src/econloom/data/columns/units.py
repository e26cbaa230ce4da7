"""Units and currencies: 万元 to 亿元, million USD to 亿元 at the year's average rate.

A unit is a size and a kind (money of a currency, persons, length, area, mass, share): a conversion between kinds is
refused. A rate is units of the new currency for one of the old, and is checked against the plausible range where the
pair is the dollar and the yuan.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import polars as pl

from econloom.core.errors import DataError, UsageError, did_you_mean
from econloom.core.frame import Panel
from econloom.core.lineage import Event
from econloom.data.columns.worked import Worked, numbers, rows_of


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measurement.

    Attributes
    ----------
    name : str
    kind : str
        ``money``, ``persons``, ``length``, ``area``, ``mass`` or ``share``.
    size : float
        In the kind's base unit: one of the currency, one person, metre, square metre, kilogram, 1.
    currency : str or None
        ISO 4217 code.
    """

    name: str
    kind: str
    size: float
    currency: str | None = None


_SIZES = {"": 1.0, "千": 1e3, "万": 1e4, "十万": 1e5, "百万": 1e6, "千万": 1e7, "亿": 1e8, "十亿": 1e9, "万亿": 1e12}
_WORDS = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_MONEY = {"元": "CNY", "人民币": "CNY", "人民币元": "CNY", "美元": "USD", "欧元": "EUR", "日元": "JPY", "港元": "HKD",
          "英镑": "GBP"}  # fmt: skip
_CURRENCIES = ("CNY", "USD", "EUR", "JPY", "HKD", "GBP", "KRW", "TWD", "INR", "BRL", "RUB", "AUD", "CAD", "CHF")
_SIMPLE: Mapping[str, tuple[str, float]] = {
    "米": ("length", 1.0), "公里": ("length", 1e3), "千米": ("length", 1e3), "m": ("length", 1.0),
    "km": ("length", 1e3),
    "平方米": ("area", 1.0), "公顷": ("area", 1e4), "亩": ("area", 1e4 / 15), "平方公里": ("area", 1e6),
    "平方千米": ("area", 1e6), "m2": ("area", 1.0), "ha": ("area", 1e4),
    "km2": ("area", 1e6), "mu": ("area", 1e4 / 15),
    "克": ("mass", 1e-3), "千克": ("mass", 1.0), "公斤": ("mass", 1.0), "吨": ("mass", 1e3), "kg": ("mass", 1.0),
    "t": ("mass", 1e3), "tonne": ("mass", 1e3),
    "人": ("persons", 1.0), "person": ("persons", 1.0), "persons": ("persons", 1.0),
    "share": ("share", 1.0), "%": ("share", 0.01), "per cent": ("share", 0.01), "percent": ("share", 0.01),
    "‰": ("share", 1e-3), "per mille": ("share", 1e-3),
}  # fmt: skip
_PLAUSIBLE = {("USD", "CNY"): (1.4, 10.0), ("CNY", "USD"): (0.1, 0.72)}


@cache
def _units() -> Mapping[str, Unit]:
    found = {name: Unit(name, kind, size) for name, (kind, size) in _SIMPLE.items()}
    for prefix, size in _SIZES.items():
        for word, currency in _MONEY.items():
            found[prefix + word] = Unit(prefix + word, "money", size, currency)
        for word in ("人", "公顷", "亩", "吨", "平方米", "公里", "平方公里"):
            kind, base = _SIMPLE[word]
            found[prefix + word] = Unit(prefix + word, kind, size * base)
    for code in _CURRENCIES:
        found[code] = Unit(code, "money", 1.0, code)
        for word, size in _WORDS.items():
            for name in (f"{word} {code}", f"{code} {word}"):
                found[name] = Unit(name, "money", size, code)
    for word, size in _WORDS.items():
        found[f"{word} persons"] = Unit(f"{word} persons", "persons", size)
    return found


def unit(name: str) -> Unit:
    """A unit by name, such as ``万元``, ``亿美元``, ``million USD``, ``万人``, ``亩``, ``km2``, ``%``.

    Raises
    ------
    UsageError
        An unknown unit, with the nearest.

    Examples
    --------
    >>> unit("亿元").size, unit("million USD").currency
    (100000000.0, 'USD')
    """
    known = _units()
    if name not in known:
        raise UsageError(f"no unit {name!r}{did_you_mean(name, known)}",
                         hint="such as 万元, 亿美元, million USD, 万人, 公顷, km2, %")  # fmt: skip
    return known[name]


@cache
def _dollar() -> Mapping[int, float]:
    text = files("econloom.data.columns").joinpath("usd_cny.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {int(r["year"]): float(r["yuan_per_100_usd"]) / 100 for r in rows}


def usd_cny() -> pl.DataFrame:
    """Yuan for one US dollar, annual average of the middle rate, 1981 to 2023.

    Returns
    -------
    polars.DataFrame
        ``year``, ``usd_cny``. China Statistical Yearbook, table of reference exchange rates.

    Examples
    --------
    >>> usd_cny().filter(pl.col("year") == 2008)["usd_cny"][0]
    6.9451
    """
    rates = _dollar()
    return pl.DataFrame({"year": list(rates), "usd_cny": list(rates.values())})


def convert(panel: Panel, values: pl.Series, old: str, new: str, rate: pl.Series | None = None) -> Worked:
    """A column in another unit: ``x * size(old) / size(new)``, times the rate between two currencies.

    Parameters
    ----------
    old, new : str
        Units of one kind.
    rate : polars.Series, optional
        Units of the new currency for one of the old, in the panel's row order. Without it dollars and yuan are
        converted at the annual average of :func:`usd_cny`, and the log says so; other pairs need it.

    Returns
    -------
    Worked
        ``unit`` is the new one.

    Raises
    ------
    UsageError
        Unknown units, units of different kinds, a rate that is missing or without use.
    DataError
        A rate that is not positive, that looks inverted, or a year without one.

    Examples
    --------
    >>> frame = pl.DataFrame({"c": ["A"], "t": [2008], "fdi": [100.0]})
    >>> convert(Panel.build(frame, "c", "t"), frame["fdi"], "万美元", "亿元").values.to_list()
    [0.069451]
    """
    before, after = unit(old), unit(new)
    if before.kind != after.kind:
        raise UsageError(f"convert: {old} is {before.kind}, {new} is {after.kind}")
    column = numbers(values, "convert")
    if before.currency == after.currency:
        if rate is not None:
            raise UsageError(f"convert: {old} and {new} are one currency: a rate has no use")
        return _said(column * (before.size / after.size), values.name, old, new, "")
    pair = (before.currency or "", after.currency or "")
    rates, source = (numbers(rate, "rate"), f"at {rate.name}") if rate is not None else _yearly(panel, pair)
    _refuse_odd_rates(panel, rates, pair)
    lost = column.is_not_null() & rates.is_null()
    if lost.any():
        raise DataError(
            f"convert: no exchange rate for {rows_of(panel, lost)}", hint="give rate= a column without gaps"
        )
    return _said(column * rates * (before.size / after.size), values.name, old, new, f" {source}")


def _said(values: pl.Series, name: str, old: str, new: str, how: str) -> Worked:
    event = Event("variable", f"{name}: {values.count()} cells from {old} to {new}{how}", cells=values.count())
    return Worked(values.alias(name), (event,), new)


def _yearly(panel: Panel, pair: tuple[str, str]) -> tuple[pl.Series, str]:
    """The shipped annual averages between dollar and yuan."""
    if set(pair) != {"USD", "CNY"}:
        raise UsageError(f"convert: {pair[0]} to {pair[1]} needs a rate",
                         hint=f"rate= a column of {pair[1]} for one {pair[0]}")  # fmt: skip
    if panel.time is None:
        raise UsageError("convert: yearly exchange rates need the time of the panel", hint="give time=, or rate=")
    years = panel.frame[panel.time]
    dollar = years.replace_strict(list(_dollar()), list(_dollar().values()), default=None, return_dtype=pl.Float64)
    rates = dollar if pair[0] == "USD" else 1 / dollar
    return rates, "at the annual average of the official middle rate (China Statistical Yearbook)"


def _refuse_odd_rates(panel: Panel, rates: pl.Series, pair: tuple[str, str]) -> None:
    odd = (rates <= 0).fill_null(False)
    if odd.any():
        raise DataError(f"convert: the exchange rate is not positive: {rows_of(panel, odd)}")
    low, high = _PLAUSIBLE.get(pair, (0.0, float("inf")))
    odd = ((rates < low) | (rates > high)).fill_null(False)
    if odd.any():
        first = rates.filter(odd)[0]
        hint = "divide by 100 (the yearbook quotes 100 dollars)" if first > 100 else "it may be inverted: 1/rate"
        raise DataError(
            f"convert: {first:g} {pair[1]} for one {pair[0]} is not possible: {rows_of(panel, odd)}", hint=hint
        )
