"""What a folder of yearly inter-country tables offers, whatever its layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from econloom.core.estimate import Unavailable
from econloom.core.lineage import Event
from econloom.iot.balance import FloatArray
from econloom.iot.table import IOTable


@dataclass(frozen=True, slots=True, eq=False)
class KnownTotals:
    """National-account totals of one year, NaN for the rest of the world.

    Attributes
    ----------
    value_added : ndarray (G,)
        Gross output less intermediate use at purchasers' prices, summed over sectors.
    final_demand : ndarray (G,)
        Final use of domestic and imported products at basic prices.
    """

    value_added: FloatArray
    final_demand: FloatArray


class Source(Protocol):
    """A folder in one layout, read and checked; :class:`econloom.iot.YearlyTables` asks it only for its own years."""

    @property
    def layout(self) -> str:
        """Name of the layout."""

    @property
    def folder(self) -> Path:
        """Where the files are."""

    @property
    def years(self) -> tuple[int, ...]:
        """Years, ascending."""

    @property
    def countries(self) -> tuple[str, ...]:
        """Codes of the G economies, the rest of the world last."""

    @property
    def sectors(self) -> tuple[str, ...]:
        """Codes of the S sectors."""

    @property
    def files(self) -> Mapping[str, str]:
        """Path and SHA-256 digest of every file read."""

    @property
    def events(self) -> tuple[Event, ...]:
        """What was read, and what had to be done to it."""

    def table(self, year: int) -> IOTable:
        """The table of one year."""

    def known_totals(self, year: int) -> KnownTotals | Unavailable:
        """National-account totals of one year, or why there are none."""
