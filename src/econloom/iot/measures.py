"""What a column of an accounting frame is: its name in two languages, its unit and its formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from econloom.core.labels import Label

Unit = Literal["table", "share", "index", "stages"]

UNITS: dict[Unit, Label] = {
    "table": Label(zh="与投入产出表相同的货币单位", en="money, in the units of the table"),
    "share": Label(zh="占比", en="share"),
    "index": Label(zh="指数", en="index"),
    "stages": Label(zh="生产阶段数", en="stages of production"),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """One column of numbers.

    Attributes
    ----------
    name : str
        Of the column; the literature's where it has one.
    label : Label
    unit : {"table", "share", "index", "stages"}
        See ``UNITS``.
    formula : str
        In the symbols of docs/decompositions.md.
    """

    name: str
    label: Label
    unit: Unit
    formula: str


def measure(name: str, zh: str, en: str, formula: str, unit: Unit = "table") -> Measure:
    """A :class:`Measure` in one line."""
    return Measure(name, Label(zh=zh, en=en), unit, formula)


KEYS: dict[str, Label] = {
    "exporter": Label(zh="出口经济体", en="Exporter"),
    "importer": Label(zh="进口经济体", en="Importer"),
    "origin": Label(zh="增加值来源地", en="Origin"),
    "destination": Label(zh="最终吸收地", en="Destination"),
    "country": Label(zh="经济体", en="Economy"),
    "sector": Label(zh="部门", en="Sector"),
}

EXPORTS = measure("exports", "总出口", "Gross exports", "E_sr = A_sr X_r + Y_sr")
