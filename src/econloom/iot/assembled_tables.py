"""Yearly tables assembled from national tables and bilateral flows (layout ``wiod2016-assembled``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from econloom.core.errors import DataError
from econloom.core.lineage import Event
from econloom.iot.assemble import assemble_year, final_use
from econloom.iot.mending import NegativeOutput, floored, mended_event
from econloom.iot.parsers import wiod2016_assembled as parser
from econloom.iot.source import KnownTotals
from econloom.iot.table import IOTable


@dataclass(frozen=True, slots=True, eq=False)
class AssembledTables:
    """A :class:`~econloom.iot.source.Source` of assembled tables.

    Attributes
    ----------
    national : NationalSources
    negative_output : {"floor_final_use", "refuse"}
    events : tuple of Event
        What was read, and a warning for each year with sectors whose negative final use had to be set to zero.
    """

    national: parser.NationalSources
    negative_output: NegativeOutput
    events: tuple[Event, ...]
    layout: str = parser.LAYOUT

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self.national.folder

    @property
    def years(self) -> tuple[int, ...]:
        """Years, ascending."""
        return self.national.years

    @property
    def countries(self) -> tuple[str, ...]:
        """Codes of the G economies, the rest of the world last."""
        return self.national.countries

    @property
    def sectors(self) -> tuple[str, ...]:
        """Codes of the S sectors."""
        return self.national.sectors

    @property
    def files(self) -> Mapping[str, str]:
        """Path and SHA-256 digest of every file read."""
        return self.national.files

    def table(self, year: int) -> IOTable:
        """Assemble the table of one year; DataError where its flows make no valid table."""
        s, k = self.national, self.years.index(year)
        try:
            made = assemble_year(
                s.domestic[k], s.imports[k], s.intermediate(k), s.final(k), s.row_block, self.negative_output
            )
        except DataError as error:
            raise self._named(error, year) from error
        events = (mended_event(year, made.mended, s.label, self.negative_output),) if made.mended else ()
        return IOTable(made.Z, made.Y, s.countries, s.sectors, events=events)

    def _named(self, error: DataError, year: int) -> DataError:
        about = [e.message for e in self.events if e.detail.get("year") == year]
        return DataError("; ".join(about) or f"{year}: {error.message}", hint=error.hint)

    def known_totals(self, year: int) -> KnownTotals:
        """Value added and final demand of one year from the national tables."""
        s, k = self.national, self.years.index(year)
        S = len(s.sectors)
        value_added = s.output[k].sum(axis=1) - s.purchases[k, :, :S].sum(axis=1)
        final_demand = s.domestic[k, :, :, S:].sum(axis=(1, 2)) + s.imports[k, :, :, S:].sum(axis=(1, 2))
        return KnownTotals(np.append(value_added, np.nan), np.append(final_demand, np.nan))


def open_folder(folder: Path, negative_output: NegativeOutput) -> AssembledTables:
    """Read and check a folder and find the sectors that cannot produce; DataError as the parser raises it."""
    s = parser.read_folder(folder)
    read = Event(
        "read",
        f"{s.folder}: {len(s.years)} years, {len(s.countries)} economies x {len(s.sectors)} sectors; "
        "inter-country tables assembled by import proportionality, not official ones",
        detail={"files": dict(s.files), "layout": parser.LAYOUT, "checked_against_manifest": s.verified},
    )
    return AssembledTables(s, negative_output, (read, *_warnings(s, negative_output)))


def _warnings(s: parser.NationalSources, choice: NegativeOutput) -> Iterator[Event]:
    """One event a year with sectors whose sales sum to zero or less."""
    for k, year in enumerate(s.years):
        sales = s.intermediate(k).sum(axis=1)
        sales[:-1] += s.domestic[k, :, :, : len(s.sectors)].sum(axis=2)
        mended = floored(sales.reshape(-1), final_use(s.domestic[k], s.final(k)))
        if mended:
            yield mended_event(year, mended, s.label, choice)
