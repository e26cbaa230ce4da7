"""Tables in the layouts of the offices that publish them: told by their content, parsed, checked, kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from econloom.core.errors import DataError, listed
from econloom.core.estimate import Unavailable
from econloom.core.lineage import Event
from econloom.iot import cache
from econloom.iot.balance import worst_gaps
from econloom.iot.mending import NegativeOutput, mend, mended_event
from econloom.iot.parsers import grids, labelled, national, npz, numbered
from econloom.iot.parsers.grids import Grid
from econloom.iot.parsers.keyed import Parsed
from econloom.iot.parsers.national import Imports
from econloom.iot.table import IOTable

FORMS: Mapping[str, str] = {
    numbered.WIOD2013: numbered.LOOKED_FOR,
    numbered.WIOD2016: f"{numbered.LOOKED_FOR}; or {labelled.LOOKED_FOR[labelled.WIOD_R]}",
    numbered.ADB: numbered.LOOKED_FOR,
    labelled.ICIO: labelled.LOOKED_FOR[labelled.ICIO],
    labelled.FIGARO: labelled.LOOKED_FOR[labelled.FIGARO],
    national.LAYOUT: national.LOOKED_FOR,
}
"""Layout to what is looked for in a file."""

BALANCE = 0.01  # share of its output by which a row may be off, as rounded tables are
_YEAR = re.compile(r"(?<!\d)(19[5-9]\d|20\d\d)(?!\d)")
_RELEASE = re.compile(r"ICIO\d{4}_|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ _-]?\d{4}", re.I)
_SHORT_YEAR = re.compile(r"wiot(\d\d)_", re.I)


@dataclass(frozen=True, slots=True)
class Choices:
    """What a reader may choose."""

    negative_output: NegativeOutput = "floor_final_use"
    imports: Imports = "netted"
    economy: str | None = None
    kept: bool = True


def layout_of_grid(grid: Grid) -> str | None:
    """The layout of the first rows of a file, or None."""
    return labelled.layout(grid) or numbered.layout(grid) or national.layout(grid)


def layout_of_file(path: Path) -> str:
    """The layout of a file, told by its first rows.

    Raises
    ------
    DataError
        Unknown; says what was looked for.
    """
    content = npz.read_bytes(path)
    found = layout_of_grid(grids.read_grid(path, content, peek=True)) or layout_of_grid(grids.read_grid(path, content))
    if found is None:
        raise DataError(
            f"{path}: unknown layout; looked for\n  {_looked_for()}", hint="docs/iot.md describes the layouts"
        )
    return found


def _looked_for() -> str:
    return "\n  ".join(f"{name}: {what}" for name, what in FORMS.items())


def year_of(path: Path) -> int | None:
    """The year in the name of a file, such as WIOT2014_Nov16_ROW.xlsb or WIOT95_ROW_Apr12.xlsx.

    Examples
    --------
    >>> year_of(Path("ICIO2021_2018.csv")), year_of(Path("WIOT95_ROW_Apr12.xlsx")), year_of(Path("table.csv"))
    (2018, 1995, None)
    """
    short = _SHORT_YEAR.match(path.name)
    if short:
        return 1900 + int(short[1]) if int(short[1]) >= 50 else 2000 + int(short[1])
    found = _YEAR.findall(_RELEASE.sub("", path.stem))  # less the date of the release
    return int(found[-1]) if found else None


def read_table(path: Path, layout: str | None, choices: Choices) -> IOTable:
    """Read one file, or take what an earlier reading kept.

    Raises
    ------
    DataError
        Another or an unknown layout, damage, labels that do not fit, rows that do not balance (the worst are listed).
    """
    content = npz.read_bytes(path)
    name = choices.economy or path.stem
    entry = cache.key(npz.digest(content), layout, choices.negative_output, choices.imports, name, path.suffix.lower())
    table, damage = cache.load(entry) if choices.kept else (None, None)
    if table is None:
        table = _parsed_table(path, content, layout, choices, name)
        unkept = cache.keep(entry, table) if choices.kept else None
        table = replace(table, events=(*table.events, *(e for e in (damage, unkept) if e is not None)))
    return table


def _parsed_table(path: Path, content: bytes, layout: str | None, choices: Choices, name: str) -> IOTable:
    grid = grids.read_grid(path, content)
    found = layout_of_grid(grid)
    if found is None or layout not in (None, found):
        wanted = f"looked for {FORMS[layout]}" if layout else f"looked for\n  {_looked_for()}"
        other = f"; it looks like {found}" if found else ""
        raise DataError(f"{path}: {'not the layout ' + layout if layout else 'unknown layout'}; {wanted}{other}")
    parse: Callable[[Grid, Path], Parsed]
    if found == national.LAYOUT:
        parsed = national.parse(grid, path, choices.imports, name)
    else:
        parse = numbered.parse if numbered.layout(grid) and not labelled.layout(grid) else labelled.parse
        parsed = parse(grid, path)
    return checked(parsed, path, found, choices.negative_output)


def checked(parsed: Parsed, path: Path, layout: str, negative_output: NegativeOutput) -> IOTable:
    """The table of what was parsed: balanced, with a positive output wherever something is sold.

    Raises
    ------
    DataError
        Rows whose stated output is not the sum of their sales, worst first, with amounts; negative flows; negative
        output with the choice ``refuse``.
    """
    Z, Y = parsed.Z.copy(), parsed.Y.copy()
    bad = np.argwhere(Z < 0)
    if bad.size:
        named = listed(f"{parsed.label(i)} -> {parsed.label(j)} {Z[i, j]:,.6g}" for i, j in bad[:9])
        raise DataError(f"{path}: {len(bad)} negative intermediate flows: {named}")
    labels = [parsed.label(i) for i in range(len(Z))]
    found = Z.sum(axis=1) + Y.sum(axis=1)
    events = [
        Event(
            "read", f"{path.name}: layout {layout}, {len(parsed.countries)} economies x {len(parsed.sectors)} sectors"
        )
    ]
    events += [Event("read", note) for note in parsed.notes]
    if parsed.output is not None:
        events += _compared(parsed.output, found, labels, path)
    try:
        mended = mend(Z, Y, negative_output)
    except DataError as error:
        raise error.within(str(path)) from None
    if mended:
        events.append(mended_event(year_of(path) or 0, mended, parsed.label, negative_output))
    try:
        table = IOTable(Z, Y, parsed.countries, parsed.sectors)
    except DataError as error:
        raise error.within(str(path)) from None
    if parsed.value_added is not None:
        events += _residual(table, parsed)
    return replace(table, events=tuple(events))


def _compared(stated: np.ndarray, found: np.ndarray, labels: list[str], path: Path) -> list[Event]:
    if not np.isfinite(stated).all():
        raise DataError(
            f"{path}: output is blank or no number in {listed(labels[i] for i in np.flatnonzero(~np.isfinite(stated)))}"
        )
    off = np.abs(stated - found) > BALANCE * np.abs(stated) + 1e-6 * np.abs(found).max(initial=0.0)
    if off.any():
        worst = worst_gaps(labels, np.where(off, stated, found), found, 5)
        raise DataError(
            f"{path}: {int(off.sum())} of {len(labels)} rows do not balance: stated output is not the sum of sales; "
            + "; ".join(str(g) for g in worst),
            hint="the sales or the output of these rows are wrong in the file",
        )
    gaps = worst_gaps(labels, stated, found, 3)
    if not gaps or abs(gaps[0].gap) <= 1e-9 * np.abs(found).max():
        return []
    return [Event("warning", "stated output is not the row sums, which are used: " + "; ".join(str(g) for g in gaps))]


def _residual(table: IOTable, parsed: Parsed) -> list[Event]:
    """How far value added as a residual, which is used, is from the stated row."""
    assert parsed.value_added is not None
    kept, stated = float((table.v * table.x).sum()), float(parsed.value_added.sum())
    message = (
        f"value added is output less inputs, {kept:,.6g} in all; the file's row of value added sums to {stated:,.6g}"
    )
    return [Event("read", message, detail={"used": kept, "stated": stated})]


@dataclass(frozen=True, slots=True, eq=False)
class OfficialTables:
    """A :class:`~econloom.iot.source.Source` of yearly files in one layout."""

    folder: Path
    paths: Mapping[int, Path]
    layout: str
    choices: Choices
    first: IOTable

    @property
    def years(self) -> tuple[int, ...]:
        """Years, ascending."""
        return tuple(self.paths)

    @property
    def countries(self) -> tuple[str, ...]:
        """Codes of the economies; the rest of the world last."""
        return self.first.countries

    @property
    def sectors(self) -> tuple[str, ...]:
        """Codes of the sectors."""
        return self.first.sectors

    @property
    def files(self) -> Mapping[str, str]:
        """Path and SHA-256 digest of every file."""
        return {str(path): npz.digest(npz.read_bytes(path)) for path in self.paths.values()}

    @property
    def events(self) -> tuple[Event, ...]:
        """What was found."""
        span = f"{self.folder}: {len(self.paths)} yearly files, layout {self.layout}"
        return (Event("read", span), *self.first.events)

    def table(self, year: int) -> IOTable:
        """The table of one year; x are its row sums and ``v = 1 - colsum(A)``."""
        table = read_table(self.paths[year], self.layout, self.choices)
        for what in ("countries", "sectors"):
            if getattr(table, what) != getattr(self.first, what):
                differ = sorted(set(getattr(table, what)) ^ set(getattr(self.first, what))) or ["their order"]
                other = self.paths[self.years[0]].name
                raise DataError(f"{self.paths[year]}: {what} are not those of {other}; they differ in {listed(differ)}")
        return table

    def known_totals(self, year: int) -> Unavailable:
        """Never there: national accounts do not stand beside the tables."""
        return Unavailable(f"layout {self.layout} has no national accounts beside the tables")


def present(folder: Path) -> dict[int, Path]:
    """Files of a folder that could be yearly tables, by the year in their names.

    Raises
    ------
    DataError
        Two files of one year.
    """
    found: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        year = year_of(path)
        if (
            path.suffix.lower() not in grids.SUFFIXES
            or year is None
            or not path.is_file()
            or path.name.startswith(("~", "."))
        ):
            continue
        if year in found:
            raise DataError(
                f"{folder}: two files of {year}: {found[year].name} and {path.name}", hint="keep one of them"
            )
        found[year] = path
    return dict(sorted(found.items()))


def open_folder(folder: Path, layout: str | None, choices: Choices) -> OfficialTables:
    """The yearly files of a folder; the first is read, the others when they are asked for.

    Raises
    ------
    DataError
        None there, or what :func:`read_table` refuses.
    """
    paths = present(folder)
    if not paths:
        raise DataError(
            f"{folder}: no file with a year in its name and one of the suffixes {', '.join(grids.SUFFIXES)}"
        )
    first = next(iter(paths.values()))
    kind = layout or layout_of_file(first)
    named = replace(choices, economy=choices.economy or folder.name) if kind == national.LAYOUT else choices
    return OfficialTables(folder, paths, kind, named, read_table(first, kind, named))
