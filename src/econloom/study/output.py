"""A run as files: results, values, panel, tables, and the record of how they were made."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from econloom import __version__
from econloom.core.errors import OutputError
from econloom.core.labels import Lang
from econloom.report import render
from econloom.study import schema
from econloom.study.catalog import Facts
from econloom.study.plan import Plan
from econloom.study.results import COEFFICIENTS, VALUES
from econloom.study.run import Run
from econloom.study.schema import DEFAULT
from econloom.study.store import RUN_FILE, Folder

FORMATS = ("docx", "html", "md", "csv")


@dataclass(frozen=True)
class Output:
    """Where and how a run is written.

    Attributes
    ----------
    folder : Folder
    lang : {"zh", "en"}
        Of the rendered tables.
    """

    folder: Folder
    lang: Lang = "zh"
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def write(self, run: Run, facts: Mapping[str, Facts], staging: Path) -> Run:
        """Write a run's files to the staging folder of ``folder.writing()``.

        Tables that were not run are carried over from the last run, and marked stale where the study has changed.
        """
        previous = self.folder.previous()
        carried = self._carried(run, previous)
        for name, rows, types in (("results", run.results, COEFFICIENTS), ("values", run.values, VALUES)):
            self._with_old(run, carried, f"{name}.csv", rows, types).write_csv(staging / f"{name}.csv")
        if run.panel is not None:
            run.panel.frame.write_parquet(staging / "panel.parquet", statistics=False)
        (staging / "tables").mkdir()
        for made in run.tables.values():
            render.write_all(made, staging / "tables", self.lang, FORMATS)
        for table in carried:
            for file in previous["tables"][table]["files"]:
                source = self.folder.path / file
                if source.is_file():
                    (staging / file).write_bytes(source.read_bytes())
        stale = tuple(t for t in carried if previous["tables"][t].get("digest") != _digest(run.plan, t))
        files = sorted(p.relative_to(staging).as_posix() for p in staging.rglob("*") if p.is_file())
        record = self._record(run, facts, [*files, RUN_FILE], {t: previous["tables"][t] for t in carried}, stale)
        (staging / RUN_FILE).write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return replace(run, path=self.folder.path, stale=stale, files=(*files, RUN_FILE))

    def _carried(self, run: Run, previous: Mapping[str, Any]) -> list[str]:
        known = previous.get("tables", {})
        made = [*run.plan.spec.tables, *(schema.grid_id(t) for t in run.plan.grids)]
        return [t for t in made if t in known and t not in run.tables]

    def _with_old(
        self, run: Run, carried: Sequence[str], name: str, new: pl.DataFrame, types: Mapping[str, Any]
    ) -> pl.DataFrame:
        """New rows with those of the carried tables, in the study's order."""
        file = self.folder.path / name
        if not carried or not file.is_file():
            return new
        try:
            old = pl.read_csv(file, schema=dict(types)).with_columns(pl.col(pl.String).fill_null(""))
        except pl.exceptions.PolarsError as error:
            raise OutputError(f"{file}: cannot be read again: {error}", hint="run all tables") from error
        whole = pl.concat([old.filter(pl.col("table").is_in(carried)), new])
        order = {t: n for n, t in enumerate(run.plan.spec.tables)}
        versions = {v: n for n, v in enumerate(run.plan.outputs)}
        keys = [
            pl.col("version").replace_strict(versions, default=len(versions)),
            pl.col("table").replace_strict(order, default=len(order)),
        ]
        return whole.sort(keys, maintain_order=True)

    def _record(
        self,
        run: Run,
        facts: Mapping[str, Facts],
        files: Sequence[str],
        carried: Mapping[str, Any],
        stale: Sequence[str],
    ) -> dict[str, Any]:
        spec = run.plan.spec
        now = datetime.now(UTC)
        fresh = {
            t: {
                "title": {"zh": made.title.zh, "en": made.title.en},
                "digest": _digest(run.plan, t),
                "stale": False,
                "run": now.isoformat(timespec="seconds"),
                "files": [f"tables/{t}.{kind}" for kind in FORMATS],
            }
            for t, made in run.tables.items()
        }
        old = {t: {**entry, "stale": t in stale} for t, entry in carried.items()}
        return {
            "econloom": __version__,
            "study": spec.study,
            "title": {"zh": spec.title.zh, "en": spec.title.en},
            "started": self.started.isoformat(timespec="seconds"),
            "finished": now.isoformat(timespec="seconds"),
            "seconds": round(sum(run.seconds.values()), 3),
            "lang": self.lang,
            "python": platform.python_version(),
            "sources": _sources(run.plan, facts),
            "versions": list(run.plan.outputs),
            "tables": fresh | old,
            "files": list(files),
            "warnings": list(run.warnings),
            "planned": dict(run.planned),
            "events": [e.to_dict() for e in (run.panel.events if run.panel else ())],
            "samples": _samples(run),
            "steps": [
                {"name": s.name, "digest": s.digest, "seconds": round(run.seconds.get(s.name, 0.0), 4)}
                for s in run.plan.steps
                if s.name in run.seconds
            ],
        }


def _digest(plan: Plan, table: str) -> str | None:
    """Digest of what makes a table now."""
    if table in plan.spec.tables:
        return plan.outputs[DEFAULT].tables[table]
    return next((digest for t, digest in plan.grids.items() if schema.grid_id(t) == table), None)


def _sources(plan: Plan, facts: Mapping[str, Facts]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for version in facts.values():
        for name, fact in version.items():
            spec = plan.spec.sources.get(name)
            path = spec.path if spec and version is facts[DEFAULT] else fact.path
            found.setdefault(name, []).append({"path": path, "sha256": fact.digest})
    return {name: [e for n, e in enumerate(entries) if e["sha256"] not in {x["sha256"] for x in entries[:n]}]
            for name, entries in found.items()}  # fmt: skip


def _samples(run: Run) -> dict[str, Any]:
    return {
        f"{table}.c{n}": model.sample.to_dict()
        for (version, table), fitted in run.models.items()
        if version == DEFAULT
        for n, model in enumerate(fitted, 1)
    }
