"""What a finished run says of its numbers, read from its folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from econloom.core.errors import OutputError
from econloom.core.files import digest
from econloom.study.results import COEFFICIENTS, VALUES
from econloom.study.store import RUN_FILE
from econloom.study.why.record import FILE, FORMAT

Record = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """A run's records.

    Attributes
    ----------
    run, why : dict
        Content of ``run.json`` and ``why.json``.
    folder : Path or None
        None for a run that is being written.
    """

    run: Record
    why: Record
    folder: Path | None = None
    memo: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def once(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """What ``make`` gives, made once for a key."""
        if key not in self.memo:
            self.memo[key] = make()
        return self.memo[key]

    @classmethod
    def read(cls, folder: Path, study: str | None = None) -> Told:
        """Those of a folder.

        Raises
        ------
        OutputError
            No finished run, one of another study, of a newer econloom, or of an older one without ``why.json``.
        """
        again = "run it again: econloom run STUDY"
        run = _json(folder / RUN_FILE)
        if run is None or "econloom" not in run:
            raise OutputError(f"{folder}: no finished run (no {RUN_FILE})", hint="econloom run STUDY")
        if study is not None and run.get("study") != study:
            raise OutputError(
                f"{folder}: holds the study {run.get('study')!r}, not {study!r}", hint="choose it with --out"
            )
        why = _json(folder / FILE)
        if why is None:
            raise OutputError(f"{folder}: the run has no {FILE}: it was made by an econloom before 'why'", hint=again)
        if not isinstance(why.get("format"), int) or why["format"] > FORMAT:
            made = f"a newer econloom ({why.get('econloom')})"
            raise OutputError(f"{folder / FILE}: written by {made}: format {why.get('format')}", hint="update econloom")
        told = cls(run, why, folder)
        told.file(FILE)
        return told

    def file(self, name: str) -> Path:
        """A file of the run, as the run wrote it.

        Raises
        ------
        OutputError
            It was changed, cut off or taken away since.
        """
        assert self.folder is not None
        path = self.folder / name
        digests = self.run.get("digests")
        known = digests.get(name) if isinstance(digests, dict) else None
        if known is not None and (not path.is_file() or digest(path) != known):
            raise OutputError(f"{path}: not as the run wrote it", hint="run it again: econloom run STUDY")
        return path

    def columns(self, version: str) -> Mapping[str, Record]:
        """Columns of models by address."""
        found: Mapping[str, Record] = self.why["columns"].get(version, {})
        return found

    def tables(self, version: str) -> Mapping[str, Record]:
        """Tables and figures by id."""
        found: Mapping[str, Record] = self.why["tables"].get(version, {})
        return found

    @cached_property
    def values(self) -> Mapping[tuple[str, str], tuple[str, float | None]]:
        """Table and value of the numbers of ``values.csv``, by version and address."""
        frame = pl.read_csv(self.file("values.csv"), schema=dict(VALUES))
        return {(v, f"{t}.{c}.{r}"): (t, value) for v, t, r, c, value in frame.iter_rows()}

    @cached_property
    def estimates(self) -> Mapping[tuple[str, str], Record]:
        """The rows of ``results.csv``, by version and address."""
        rows = self.results.iter_rows(named=True)
        return {(r["version"], f"{r['table']}.{r['column']}.{r['term']}"): r for r in rows}

    @cached_property
    def results(self) -> pl.DataFrame:
        """The rows of ``results.csv``."""
        return pl.read_csv(self.file("results.csv"), schema=dict(COEFFICIENTS))


def _json(file: Path) -> Record | None:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError:
        return None
    except ValueError as error:
        raise OutputError(f"{file}: cannot be read: {error}", hint="run the study again") from error
    return found if isinstance(found, dict) else None
