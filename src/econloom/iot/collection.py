"""A run of yearly inter-country tables, each made when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from econloom.core.errors import UsageError
from econloom.core.estimate import Unavailable
from econloom.core.lineage import Event
from econloom.iot.source import KnownTotals, Source
from econloom.iot.table import IOTable


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class YearlyTables:
    """Inter-country tables by year, made one at a time from what a folder holds.

    Made by :func:`econloom.iot.read`. Nothing is cached: keep the table that you need.

    Attributes
    ----------
    years : tuple of int
    countries, sectors : tuple of str
        The rest of the world is the last country.
    rest_of_world : str
        Its code.
    layout : str
        ``wiod2016-assembled`` or ``wiod2013-arrays``.
    events : tuple of Event
        What was read and what was done to it, with a warning for whatever was not as stated.
    files : mapping of str to str
        Path and SHA-256 digest of every file read.
    """

    source: Source

    @property
    def layout(self) -> str:
        """Name of the layout of the folder."""
        return self.source.layout

    @property
    def years(self) -> tuple[int, ...]:
        """Years, ascending."""
        return self.source.years

    @property
    def countries(self) -> tuple[str, ...]:
        """Codes of the G economies, the rest of the world last."""
        return self.source.countries

    @property
    def sectors(self) -> tuple[str, ...]:
        """Codes of the S sectors."""
        return self.source.sectors

    @property
    def rest_of_world(self) -> str:
        """Code of the rest of the world."""
        return self.source.countries[-1]

    @property
    def events(self) -> tuple[Event, ...]:
        """What was read and what was done to it."""
        return self.source.events

    @property
    def files(self) -> Mapping[str, str]:
        """Path and SHA-256 digest of every file read."""
        return self.source.files

    def table(self, year: int) -> IOTable:
        """The table of one year; x are its row sums and ``v = 1 - colsum(A)``.

        Raises
        ------
        UsageError
            A year that is not there.
        DataError
            Its flows make no valid table.
        """
        return self.source.table(self._own(year))

    def known_totals(self, year: int) -> KnownTotals:
        """Value added and final demand of one year from national accounts.

        Raises
        ------
        UsageError
            A year that is not there, or a layout without such totals; the message says why.
        """
        found = self.source.known_totals(self._own(year))
        if isinstance(found, Unavailable):
            raise UsageError(
                f"{self.source.folder}: no known totals: {found.reason}",
                hint="the plain form takes everything from the table: form='plain'",
            )
        return found

    def _own(self, year: int) -> int:
        if isinstance(year, bool) or not isinstance(year, int | np.integer):
            raise UsageError(f"a year is an integer, not {year!r}")
        if year not in self.years:
            raise UsageError(f"no table for {year}: {self.source.folder} has {spans(self.years)}")
        return int(year)

    def __repr__(self) -> str:
        return f"YearlyTables({spans(self.years)}, {len(self.countries)} economies x {len(self.sectors)} sectors)"


def spans(years: tuple[int, ...]) -> str:
    """Rising years as runs.

    Examples
    --------
    >>> spans((1995, 1996, 1998))
    '1995-1996, 1998'
    """
    starts = [k for k, year in enumerate(years) if k == 0 or year != years[k - 1] + 1]
    runs = [years[a:b] for a, b in zip(starts, [*starts[1:], len(years)], strict=True)]
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
