"""A run of yearly inter-country tables, each made when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from econloom.core.errors import DataError, UsageError
from econloom.core.lineage import Event
from econloom.iot.assemble import Mended, NegativeOutput, assemble_year, check_choice, final_use, floored
from econloom.iot.balance import FloatArray
from econloom.iot.parsers.wiod2016_assembled import NationalSources
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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class YearlyTables:
    """Inter-country tables by year, assembled one at a time from national tables and bilateral flows.

    Made by :func:`econloom.iot.read`. Nothing is cached: keep the table that you need.

    Attributes
    ----------
    years : tuple of int
    countries, sectors : tuple of str
        The rest of the world is the last country.
    rest_of_world : str
        Its code.
    events : tuple of Event
        What was read, and a warning for each year with sectors whose negative final use had to be set to zero.
    files : mapping of str to str
        Path and SHA-256 digest of every file read.
    """

    sources: NationalSources
    negative_output: NegativeOutput = "floor_final_use"
    events: tuple[Event, ...] = field(init=False)

    def __post_init__(self) -> None:
        s = self.sources
        read = Event(
            "read",
            f"{s.folder}: {len(s.years)} years, {len(s.countries)} economies x {len(s.sectors)} sectors; "
            "inter-country tables assembled by import proportionality, not official ones",
            detail={"files": dict(s.files), "layout": s.layout, "checked_against_manifest": s.verified},
        )
        check_choice(self.negative_output)
        object.__setattr__(self, "events", (read, *self._warnings()))

    def _warnings(self) -> tuple[Event, ...]:
        """One event a year with sectors whose sales sum to zero or less."""
        s = self.sources
        found = []
        for k, year in enumerate(s.years):
            sales = s.intermediate(k).sum(axis=1)
            sales[:-1] += s.domestic[k, :, :, : len(s.sectors)].sum(axis=2)
            mended = floored(sales.reshape(-1), final_use(s.domestic[k], s.final(k)))
            if mended:
                found.append(self._event(year, mended))
        return tuple(found)

    def _event(self, year: int, mended: Sequence[Mended]) -> Event:
        S = len(self.sectors)
        named = {f"{self.countries[m.row // S]} {self.sectors[m.row % S]}": m for m in mended}
        outputs = ", ".join(f"{label} {m.output:,.6g}" for label, m in named.items())
        done = {
            "floor_final_use": f"negative final use set to 0 (+{sum(m.added for m in mended):,.6g})",
            "refuse": "this year cannot be assembled with negative_output='refuse'",
        }[self.negative_output]
        moved = sum(m.moved for m in mended)
        more = f"; inputs of sectors that sell nothing booked as final use ({moved:,.6g})" if moved else ""
        detail = {
            "year": year,
            "choice": self.negative_output,
            "output": {label: m.output for label, m in named.items()},
            "added": {label: m.added for label, m in named.items()},
        }
        message = f"{year}: no positive output in {outputs}; {done}{more}"
        return Event("warning", message, cells=len(named), detail=detail)

    @property
    def years(self) -> tuple[int, ...]:
        """Years, ascending."""
        return self.sources.years

    @property
    def countries(self) -> tuple[str, ...]:
        """Codes of the G economies, the rest of the world last."""
        return self.sources.countries

    @property
    def sectors(self) -> tuple[str, ...]:
        """Codes of the S sectors."""
        return self.sources.sectors

    @property
    def rest_of_world(self) -> str:
        """Code of the rest of the world."""
        return self.sources.countries[-1]

    @property
    def files(self) -> Mapping[str, str]:
        """Path and SHA-256 digest of every file read."""
        return self.sources.files

    def table(self, year: int) -> IOTable:
        """Assemble the table of one year; x are its row sums and ``v = 1 - colsum(A)``.

        Raises
        ------
        UsageError
            A year that is not there.
        DataError
            Its flows make no valid table.
        """
        k = self._place(year)
        s = self.sources
        try:
            made = assemble_year(
                s.domestic[k], s.imports[k], s.intermediate(k), s.final(k), s.row_block, self.negative_output
            )
        except DataError as error:
            raise self._named(error, int(year)) from error
        events = (self._event(int(year), made.mended),) if made.mended else ()
        return IOTable(made.Z, made.Y, s.countries, s.sectors, events=events)

    def _named(self, error: DataError, year: int) -> DataError:
        about = [e.message for e in self.events if e.detail.get("year") == year]
        return DataError("; ".join(about) or f"{year}: {error.message}", hint=error.hint)

    def known_totals(self, year: int) -> KnownTotals:
        """Value added and final demand of one year from the national tables.

        Raises
        ------
        UsageError
            A year that is not there.
        """
        s, k = self.sources, self._place(year)
        S = len(s.sectors)
        value_added = s.output[k].sum(axis=1) - s.purchases[k, :, :S].sum(axis=1)
        final_demand = (s.domestic[k, :, :, S:].sum(axis=(1, 2))) + s.imports[k, :, :, S:].sum(axis=(1, 2))
        return KnownTotals(np.append(value_added, np.nan), np.append(final_demand, np.nan))

    def _place(self, year: int) -> int:
        if isinstance(year, bool) or not isinstance(year, int | np.integer):
            raise UsageError(f"a year is an integer, not {year!r}")
        if year not in self.years:
            raise UsageError(f"no table for {year}: {self.sources.folder} has {self.years[0]} to {self.years[-1]}")
        return self.years.index(int(year))

    def __repr__(self) -> str:
        span = f"{self.years[0]}-{self.years[-1]}"
        return f"YearlyTables({span}, {len(self.countries)} economies x {len(self.sectors)} sectors)"
