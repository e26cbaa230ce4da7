"""A run's folder, read to be compared: every fault of it in words, before anything is compared."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from econloom import __version__
from econloom.core.errors import DataError, UsageError, did_you_mean, listed
from econloom.study.cache.record import PLAN_FILE
from econloom.study.diff.shape import PLAN_MAY, RECORD, RECORD_MAY, absent_or_other, is_place, wrong_step
from econloom.study.results import COEFFICIENTS, VALUES
from econloom.study.store import RUN_FILE

_AGAIN = "run the study again into that folder"


@dataclass(frozen=True)
class RunFolder:
    """A finished run.

    Attributes
    ----------
    path : Path
    record : mapping
        ``run.json``.
    results, values : polars.DataFrame
        The rows of ``results.csv`` and ``values.csv``.
    plan : mapping or None
        ``plan.json``; None where an older econloom made the run.
    notes : tuple of str
        What is missing for a full answer.
    """

    path: Path
    record: Mapping[str, Any]
    results: pl.DataFrame
    values: pl.DataFrame
    plan: Mapping[str, Any] | None
    notes: tuple[str, ...] = ()
    _frames: dict[str, pl.DataFrame | None] = field(default_factory=dict, repr=False)

    @property
    def study(self) -> str:
        """Name of the study."""
        return str(self.record["study"])

    @property
    def code(self) -> Mapping[str, Any]:
        """Version, digest and libraries of what ran; empty where it was not recorded."""
        found = self.record.get("code")
        return found if isinstance(found, dict) else {}

    def frame(self, name: str) -> pl.DataFrame | None:
        """A parquet file of the run; None where it has none.

        Raises
        ------
        DataError
            It is there and cannot be read.
        """
        if name not in self._frames:
            file = self.path / name
            try:
                self._frames[name] = pl.read_parquet(file) if file.is_file() else None
            except (OSError, pl.exceptions.PolarsError) as error:
                raise DataError(f"{file}: cannot be read: {_first(error)}", hint=_AGAIN) from error
        return self._frames[name]

    def json(self, name: str) -> Mapping[str, Any] | None:
        """A JSON file of the run; None where it has none."""
        return _json(self.path / name) if (self.path / name).is_file() else None


def read_run(path: str | Path) -> RunFolder:
    """Read a run's folder, or the folder ``out`` of a study.

    Raises
    ------
    UsageError
        No run of econloom, or one of a newer econloom.
    DataError
        Files that are damaged, or of another shape than they should have.
    """
    folder = _located(Path(path))
    record = _record(folder)
    results = _table(folder / "results.csv", COEFFICIENTS)
    values = _table(folder / "values.csv", VALUES)
    plan = _plan(folder / PLAN_FILE) if (folder / PLAN_FILE).is_file() else None
    notes = []
    if plan is None:
        notes.append(
            f"{folder}: no {PLAN_FILE} (an older econloom made it): causes in the study file are unknown; {_AGAIN}"
        )
    if not isinstance(record.get("code"), dict):
        notes.append(f"{folder}: does not say which code made it; {_AGAIN}")
    stale = [t for part in ("tables", "figures") for t, e in (record.get(part) or {}).items() if e.get("stale") is True]
    if stale:
        notes.append(f"{folder}: made before the study changed: {listed(stale)}; run them again")
    return RunFolder(folder, record, results, values, plan, tuple(notes))


def _located(path: Path) -> Path:
    try:
        if not path.exists():
            near = [p.name for p in path.parent.iterdir() if p.is_dir()] if path.parent.is_dir() else []
            raise UsageError(f"{path}: no such folder{did_you_mean(path.name, near)}", hint="name two folders of runs")
        if not path.is_dir():
            raise UsageError(f"{path}: a file, not the folder of a run")
        if not (path / RUN_FILE).is_file() and (path / "out" / RUN_FILE).is_file():
            return path / "out"
        if not (path / RUN_FILE).is_file():
            raise UsageError(
                f"{path}: no finished run of econloom (no {RUN_FILE})", hint="econloom run STUDY --out DIR"
            )
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    return path


def _json(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{file}: damaged: {_first(error)}", hint=_AGAIN) from error
    if not isinstance(found, dict):
        raise DataError(f"{file}: holds no mapping", hint=_AGAIN)
    return found


def _record(folder: Path) -> Mapping[str, Any]:
    file = folder / RUN_FILE
    record = _json(file)
    faults = [*absent_or_other(record, RECORD, needed=True), *absent_or_other(record, RECORD_MAY, needed=False)]
    if faults:
        raise DataError(f"{file}: not the record of a run: {faults[0]}", hint=_AGAIN)
    if _numbers(record["econloom"]) > _numbers(__version__):
        raise UsageError(
            f"{folder}: made by econloom {record['econloom']}, newer than this one ({__version__})",
            hint="update econloom, or run the study again with this one",
        )
    return record


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(p) for p in re.findall(r"\d+", version)[:3])


def _table(file: Path, schema: Mapping[str, Any]) -> pl.DataFrame:
    """A csv file of numbers, of which nothing may be missing or cut off."""
    if not file.is_file():
        raise DataError(f"{file}: absent", hint=_AGAIN)
    try:
        text = file.read_text(encoding="utf-8")
        if not text.endswith("\n"):
            raise DataError(f"{file}: cut off: its last line does not end", hint=_AGAIN)
        rows = list(csv.reader(io.StringIO(text), strict=True))
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{file}: damaged: {_first(error)}", hint=_AGAIN) from error
    if not rows or rows[0] != list(schema):
        raise DataError(_columns(file, rows[0] if rows else [], list(schema)), hint=_AGAIN)
    short = next((n for n, row in enumerate(rows, 1) if len(row) != len(schema)), None)
    if short is not None:
        raise DataError(f"{file}:{short}: {len(rows[short - 1])} of {len(schema)} fields", hint=_AGAIN)
    try:
        frame = pl.read_csv(io.BytesIO(text.encode()), schema=dict(schema))
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{file}: damaged: {_first(error)}", hint=_AGAIN) from error
    return frame.with_columns(pl.col(pl.String).fill_null(""))


def _columns(file: Path, found: list[str], wanted: list[str]) -> str:
    """What is wrong with a header."""
    absent, other = [c for c in wanted if c not in found], [c for c in found if c not in wanted]
    if absent:
        return f"{file}: lacks the columns {listed(absent)}"
    return (
        f"{file}: has columns of another econloom: {listed(other)}" if other else f"{file}: its columns are reordered"
    )


def _plan(file: Path) -> Mapping[str, Any]:
    plan = _json(file)
    steps = plan.get("steps")
    if not isinstance(steps, list):
        raise DataError(f"{file}: has no list of steps", hint=_AGAIN)
    for number, step in enumerate(steps, 1):
        if (wrong := wrong_step(step)) is not None:
            raise DataError(f"{file}: step {number}: {wrong}", hint=_AGAIN)
    for fault in absent_or_other(plan, PLAN_MAY, needed=False):
        raise DataError(f"{file}: {fault}", hint=_AGAIN)
    if not all(map(is_place, plan.get("places") or ())):
        raise DataError(f"{file}: 'places' is of another kind", hint=_AGAIN)
    return plan


def _first(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def same_study(first: RunFolder, second: RunFolder) -> None:
    """Refuse runs of two studies.

    Raises
    ------
    UsageError
    """
    if first.study != second.study:
        raise UsageError(
            f"two studies: {first.path} holds {first.study!r}, {second.path} holds {second.study!r}",
            hint="compare two runs of one study",
        )
