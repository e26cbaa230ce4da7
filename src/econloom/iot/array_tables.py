"""Yearly tables that are whole but rounded, without a value-added row (layout ``wiod2013-arrays``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from econloom.core.errors import DataError
from econloom.core.estimate import Unavailable
from econloom.core.lineage import Event
from econloom.iot.balance import FloatArray, Gap, worst_gaps
from econloom.iot.mending import Mended, NegativeOutput, mend, mended_event
from econloom.iot.parsers import wiod2013_arrays as parser
from econloom.iot.table import IOTable


@dataclass(frozen=True, slots=True)
class Departures:
    """Where one year departs from a table that adds up.

    Attributes
    ----------
    gaps : tuple of Gap
        Stated output against the row sums that replace it: the five largest gaps.
    by_country : Gap
        The economy whose stated output is off by the largest share.
    idle : tuple of str
        Sectors without output.
    negative : mapping of str to float
        Sectors whose value added per unit of output is below zero, as it is.
    mended : tuple of Mended
    """

    year: int
    gaps: tuple[Gap, ...]
    by_country: Gap
    idle: tuple[str, ...]
    negative: Mapping[str, float]
    mended: tuple[Mended, ...]

    @property
    def share(self) -> float:
        """The gap of :attr:`by_country` as a share of its stated output."""
        return abs(self.by_country.gap) / self.by_country.output if self.by_country.output else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class ArrayTables:
    """A :class:`~econloom.iot.source.Source` of whole yearly tables.

    Attributes
    ----------
    packed : ArrayFiles
    negative_output : {"floor_final_use", "refuse"}
    departures : mapping of int to Departures
        By year.
    """

    packed: parser.ArrayFiles
    negative_output: NegativeOutput
    departures: Mapping[int, Departures]
    layout: str = parser.LAYOUT

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self.packed.folder

    @property
    def years(self) -> tuple[int, ...]:
        """Years, ascending."""
        return self.packed.years

    @property
    def countries(self) -> tuple[str, ...]:
        """Harmonised codes of the G economies, the rest of the world last."""
        return self.packed.countries

    @property
    def sectors(self) -> tuple[str, ...]:
        """Codes of the S sectors."""
        return self.packed.sectors

    @property
    def files(self) -> Mapping[str, str]:
        """Path and SHA-256 digest of every file read."""
        return self.packed.files

    @property
    def events(self) -> tuple[Event, ...]:
        """What was read, codes changed, missing years, and where the tables do not add up."""
        years = tuple(self.departures.values())
        mended = (e for d in years for e in self._mended(d))
        return (*_reading(self.packed), *_codes(self.packed), *_missing(self.years), *_summary(years), *mended)

    def table(self, year: int) -> IOTable:
        """The table of one year; x are its row sums and ``v = 1 - colsum(A)``."""
        d = self.departures[year]
        if self.negative_output == "refuse" and any(m.added for m in d.mended):
            raise DataError(
                self._mended(d)[0].message,
                hint="negative_output='floor_final_use' sets the negative final use of such sectors to zero",
            )
        table, _, _ = _build(self.packed, year, (*_codes(self.packed), *_summary((d,)), *self._mended(d)))
        return table

    def known_totals(self, year: int) -> Unavailable:
        """Never there: the tables have no value-added row, and no national totals stand beside them."""
        return Unavailable(f"layout {self.layout} has no value-added row, and no national accounts beside the tables")

    def _mended(self, d: Departures) -> tuple[Event, ...]:
        if not d.mended:
            return ()
        return (mended_event(d.year, d.mended, self.packed.label, self.negative_output),)


def open_folder(folder: Path, negative_output: NegativeOutput) -> ArrayTables:
    """Read and check a folder, every year of it; DataError as the parser raises it."""
    packed = parser.read_folder(folder)
    return ArrayTables(packed, negative_output, {year: _departures(packed, year) for year in packed.years})


def _build(
    packed: parser.ArrayFiles, year: int, events: tuple[Event, ...] = ()
) -> tuple[IOTable, tuple[Mended, ...], tuple[FloatArray, FloatArray]]:
    """The table, the sectors mended in it, and the output stated and found before that."""
    flows = packed.flows(year)
    found = flows.Z.sum(axis=1) + flows.Y.sum(axis=1)
    mended = mend(flows.Z, flows.Y, "floor_final_use")
    table = IOTable(flows.Z, flows.Y, packed.countries, packed.sectors, events=events)
    return table, mended, (flows.x, found)


def _departures(packed: parser.ArrayFiles, year: int) -> Departures:
    table, mended, (stated, found) = _build(packed, year)
    sums = [a.reshape(len(packed.countries), -1).sum(axis=1) for a in (stated, found)]
    share = np.abs(sums[0] - sums[1]) / np.where(sums[0] > 0, sums[0], np.inf)
    k = int(np.argmax(share))
    return Departures(
        year=year,
        gaps=worst_gaps(table.labels, stated, found, 5),
        by_country=Gap(packed.countries[k], float(sums[0][k]), float(sums[1][k])),
        idle=tuple(table.label(i) for i in np.flatnonzero(table.x == 0)),
        negative={table.label(i): float(table.v[i]) for i in np.flatnonzero(table.v < 0)},
        mended=mended,
    )


def _reading(packed: parser.ArrayFiles) -> Iterator[Event]:
    yield Event(
        "read",
        f"{packed.folder}: {len(packed.years)} years, {len(packed.countries)} economies x {len(packed.sectors)} "
        "sectors; output x is the row sums and v = 1 - colsum(A), as there is no value-added row",
        detail={"files": dict(packed.files), "layout": parser.LAYOUT, "checked_against_manifest": packed.verified},
    )


def _codes(packed: parser.ArrayFiles) -> Iterator[Event]:
    if packed.harmonised:
        changes = ", ".join(f"{old} -> {new}" for old, new in packed.harmonised.items())
        yield Event("read", f"economy codes harmonised: {changes}", detail={"codes": dict(packed.harmonised)})


def _missing(years: tuple[int, ...]) -> Iterator[Event]:
    absent = sorted(set(range(years[0], years[-1])) - set(years))
    if absent:
        listing = ", ".join(str(year) for year in absent)
        message = f"no table for {listing}, between {years[0]} and {years[-1]}"
        yield Event("warning", message, detail={"missing_years": absent})


def _summary(years: tuple[Departures, ...]) -> Iterator[Event]:
    """Gaps of stated output, sectors without output and negative value added, over all the years given."""
    yield from _gaps(years)
    idle = [len(d.idle) for d in years]
    if any(idle):
        span = f"{min(idle)}" if min(idle) == max(idle) else f"{min(idle)} to {max(idle)}"
        named, each = {d.year: list(d.idle) for d in years}, " a year" if len(years) > 1 else ""
        message = f"sectors without output, v = 0 there: {span}{each}"
        yield Event("read", message, cells=sum(idle), detail={"idle": named})
    below = [(f"{label} {d.year} {v:.3g}", d) for d in years for label, v in d.negative.items()]
    if below:
        message = f"negative value added per unit of output, kept: {', '.join(text for text, _ in below)}"
        kept = {d.year: dict(d.negative) for d in years if d.negative}
        yield Event("warning", message, cells=len(below), detail={"negative": kept})


def _gaps(years: tuple[Departures, ...]) -> Iterator[Event]:
    off = [(g, d.year) for d in years for g in d.gaps]
    if not off:
        return
    off.sort(key=lambda pair: -abs(pair[0].gap))
    worst = "; ".join(f"{year} {g}" for g, year in off[:5])
    most = max(years, key=lambda d: d.share)
    message = (
        f"stated output is not the row sums, which are used instead: off by up to {abs(off[0][0].gap):,.6g} in a "
        f"sector and {100 * most.share:.1f} per cent in an economy ({most.by_country.label} {most.year}); {worst}"
    )
    detail = {"worst": [{"year": year, "label": g.label, "stated": g.output, "used": g.accounted} for g, year in off]}
    yield Event("warning", message, detail=detail)
