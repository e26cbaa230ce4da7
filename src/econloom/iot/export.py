"""Indicators of one table or of a run of them, as tidy frames with headings, and as files."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import polars as pl

from econloom.core.errors import EconloomError, OutputError, UsageError
from econloom.core.files import replace_file
from econloom.core.labels import Label
from econloom.iot.collection import YearlyTables
from econloom.iot.measures import KEYS, UNITS
from econloom.iot.registry import INDICATORS, checked_names, indicators
from econloom.iot.table import IOTable

Progress = Callable[[int, int, str], object]
Headings = Literal["name", "zh", "en"]
FORMATS = ("csv", "parquet", "xlsx")
SHORT = {
    "tbi": "trade_benefit",
    "vba": "value_added_absorbed",
    "dva": "exports_content",
    "vs": "vertical_specialisation",
    "gvc": "participation",
    "bm": "borin_mancini",
    "up": "upstreamness",
}
"""Short names of indicators at the command line."""
_YEAR = Label(zh="年份", en="Year")
_MOST_ROWS = 1_048_575  # of a sheet


def names_of(text: str) -> tuple[str, ...]:
    """Names of indicators from a list with commas, short ones spelt out.

    Raises
    ------
    UsageError
        An unknown name.

    Examples
    --------
    >>> names_of("tbi, vax")
    ('trade_benefit', 'vax')
    """
    words = [w.strip() for w in text.replace("，", ",").split(",") if w.strip()]
    return checked_names([SHORT.get(w, w) for w in words])


def computed(
    tables: IOTable | YearlyTables, names: tuple[str, ...], year: int | None = None, progress: Progress | None = None
) -> dict[str, pl.DataFrame]:
    """Each indicator for every table, with the column ``year`` where it is known; one table is in memory at a time."""
    if isinstance(tables, IOTable):
        found = indicators(tables, names)
        return found if year is None else {name: _dated(frame, year) for name, frame in found.items()}
    parts: dict[str, list[pl.DataFrame]] = {name: [] for name in names}
    for done, each in enumerate(tables.years):
        if progress is not None:
            progress(done, len(tables.years), str(each))
        try:
            made = indicators(tables.table(each), names)
        except EconloomError as error:
            raise (error if str(each) in error.message else error.within(str(each))) from None
        for name, frame in made.items():
            parts[name].append(_dated(frame, each))
    return {name: pl.concat(frames) for name, frames in parts.items()}


def _dated(frame: pl.DataFrame, year: int) -> pl.DataFrame:
    return frame.select(pl.lit(year, pl.Int64).alias("year"), pl.all())


def headed(name: str, frame: pl.DataFrame, headings: Headings) -> pl.DataFrame:
    """A frame with labels as heads, units in brackets."""
    if headings == "name":
        return frame
    labels = {"year": _YEAR.text(headings)} | {k: KEYS[k].text(headings) for k in INDICATORS[name].keys}
    for m in INDICATORS[name].measures:
        labels[m.name] = f"{m.label.text(headings)} ({UNITS[m.unit].text(headings)})"
    return frame.rename({c: labels[c] for c in frame.columns if c in labels})


def targets(out: Path, names: tuple[str, ...], format: str | None) -> dict[str, Path]:
    """Where each indicator goes: files of a folder, or one file for one indicator (or for a workbook's sheets).

    Raises
    ------
    UsageError
        An unknown format, or one file for several indicators.
    OutputError
        The folder cannot be made.
    """
    suffix = out.suffix.lower().removeprefix(".")
    if format is not None and format not in FORMATS:
        raise UsageError(f"format {format!r} is unknown", hint=f"one of {', '.join(FORMATS)}")
    single = suffix in FORMATS
    if single and format not in (None, suffix):
        raise UsageError(f"{out} and --format {format} do not fit", hint="leave --format out, or name a folder")
    if single and suffix != "xlsx" and len(names) > 1:
        raise UsageError(
            f"{len(names)} indicators do not fit into one {suffix} file", hint="name a folder, or an .xlsx"
        )
    try:
        (out.parent if single else out).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out}: {error.strerror or error}") from error
    return {name: out if single else out / f"{name}.{format or 'csv'}" for name in names}


def write(frames: Mapping[str, pl.DataFrame], places: Mapping[str, Path]) -> tuple[Path, ...]:
    """Write the frames; frames of one place are the sheets of one workbook.

    Raises
    ------
    OutputError
        A file cannot be written, or a frame has more rows than a sheet.
    """
    by_file: dict[Path, dict[str, pl.DataFrame]] = {}
    for name, frame in frames.items():
        by_file.setdefault(places[name], {})[name] = frame
    for path, held in by_file.items():
        try:
            replace_file(path, _packed(path, held))
        except (OSError, ValueError) as error:
            raise OutputError(f"{path}: cannot be written ({getattr(error, 'strerror', None) or error})") from error
    return tuple(by_file)


def _packed(path: Path, held: Mapping[str, pl.DataFrame]) -> bytes:
    packed = io.BytesIO()
    suffix = path.suffix.lower()
    if suffix == ".xlsx":
        return _workbook(path, held)
    frame = next(iter(held.values()))
    if suffix == ".parquet":
        frame.write_parquet(packed)
    else:
        frame.write_csv(packed, include_bom=True)
    return packed.getvalue()


def _workbook(path: Path, held: Mapping[str, pl.DataFrame]) -> bytes:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for name, frame in held.items():
        if frame.height > _MOST_ROWS:
            raise OutputError(
                f"{path}: {name} has {frame.height:,} rows, more than a sheet holds", hint="--format parquet"
            )
        sheet = book.create_sheet(name[:31])
        sheet.append(frame.columns)
        for row in frame.iter_rows():
            sheet.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()
