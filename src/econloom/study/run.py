"""Running a plan: steps in order, results in memory, files in one stroke at the end."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from econloom import __version__
from econloom.core.errors import EconloomError, OutputError
from econloom.core.estimate import Tidy
from econloom.core.frame import Panel
from econloom.core.labels import Lang
from econloom.core.table import Table
from econloom.report import render
from econloom.study import steps
from econloom.study.catalog import Facts
from econloom.study.plan import Plan
from econloom.study.results import COEFFICIENTS, VALUES, coefficient_rows, value_rows
from econloom.study.schema import DEFAULT, RegressionTable
from econloom.study.step import Step
from econloom.study.store import RUN_FILE, Folder

FORMATS = ("docx", "html", "md", "csv")


@dataclass(frozen=True, slots=True)
class Tick:
    """Where a run is: step ``number`` of ``total``, and ``done`` of ``size`` within it."""

    number: int
    total: int
    name: str
    done: int = 0
    size: int = 0


Listener = Callable[[Tick], object]


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes
    ----------
    tables : mapping of str to Table
        Of the default version, and the tables across versions (``t3_versions``).
    models : mapping of (version, table) to tuple of Tidy
    results, values : polars.DataFrame
        The rows of ``results.csv`` and ``values.csv``.
    panel : Panel
        The prepared panel of the default version, with its history.
    seconds : mapping of str to float
        By step.
    path : Path or None
        The output folder, when files were written.
    stale : tuple of str
        Tables carried over from an earlier run of a study that has changed since.
    """

    plan: Plan
    tables: Mapping[str, Table]
    models: Mapping[tuple[str, str], tuple[Tidy, ...]]
    results: pl.DataFrame
    values: pl.DataFrame
    panel: Panel
    seconds: Mapping[str, float]
    warnings: tuple[str, ...] = ()
    path: Path | None = None
    stale: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def __repr__(self) -> str:
        where = f" in {self.path}" if self.path else ""
        return f"Run({self.plan.spec.study}: {', '.join(self.tables)}; {sum(self.seconds.values()):.1f} s{where})"


def execute(
    plan: Plan,
    facts: Mapping[str, Facts],
    tables: Iterable[str] | None = None,
    listener: Listener | None = None,
) -> Run:
    """Do the steps that some tables need (all, by default).

    Raises
    ------
    EconloomError
        With the step's name and its place in the study file.
    """
    chosen = plan.tables(tables)
    needed = plan.select(chosen)
    by_digest = {f.digest: f for version in facts.values() for f in version.values()}
    tell = listener or (lambda tick: None)
    values: dict[str, Any] = {}
    seconds: dict[str, float] = {}
    keep = {plan.outputs[DEFAULT].panel}
    last_use = {digest: step.digest for step in needed for digest in step.inputs}
    for number, step in enumerate(needed, 1):
        tell(Tick(number, len(needed), step.name))
        begin = time.perf_counter()
        context = steps.Context(by_digest, _within(tell, number, len(needed), step.name))
        values[step.digest] = _performed(plan, step, [values[i] for i in step.inputs], context)
        seconds[step.name] = seconds.get(step.name, 0.0) + time.perf_counter() - begin
        for digest in step.inputs:
            if last_use[digest] == step.digest and digest not in keep:
                del values[digest]
                last_use[digest] = ""
    return _collected(plan, chosen, values, seconds)


def _within(tell: Listener, number: int, total: int, name: str) -> Callable[[int, int], object]:
    return lambda done, size: tell(Tick(number, total, name, done, size))


def _performed(plan: Plan, step: Step, inputs: Sequence[Any], context: steps.Context) -> Any:
    try:
        return steps.perform(step, inputs, context)
    except EconloomError as error:
        raise error.within(step.name).at(plan.spec.document.at(step.path)) from error


def _collected(plan: Plan, chosen: Sequence[str], values: Mapping[str, Any], seconds: Mapping[str, float]) -> Run:
    tables: dict[str, Table] = {}
    models: dict[tuple[str, str], tuple[Tidy, ...]] = {}
    coefficients, numbers = [], []
    for version, outputs in plan.outputs.items():
        for table in chosen:
            spec, result = plan.spec.tables[table], values[outputs.tables[table]]
            if isinstance(spec, RegressionTable):
                made, found = result
                models[version, table] = found
                cuts = plan.spec.defaults.stars if spec.stars is None else spec.stars
                coefficients.append(coefficient_rows(version, table, found, cuts))
            else:
                made = result
                numbers.append(value_rows(version, made))
            if version == DEFAULT:
                tables[table] = made
    tables |= {made.id: made for made in (values[plan.grids[t]] for t in chosen if t in plan.grids)}
    panel: Panel = values[plan.outputs[DEFAULT].panel]
    return Run(
        plan=plan,
        tables=tables,
        models=models,
        results=pl.concat(coefficients) if coefficients else pl.DataFrame(schema=dict(COEFFICIENTS)),
        values=pl.concat(numbers) if numbers else pl.DataFrame(schema=dict(VALUES)),
        panel=panel,
        seconds=seconds,
        warnings=tuple(dict.fromkeys([*plan.warnings, *_warnings(panel, models)])),
    )


def _warnings(panel: Panel, models: Mapping[tuple[str, str], tuple[Tidy, ...]]) -> list[str]:
    found = [e.message for e in panel.events if e.kind == "warning"]
    for (version, table), fitted in models.items():
        for number, model in enumerate(fitted, 1):
            place = f"{table}.c{number}" + ("" if version == DEFAULT else f" ({version})")
            found += [f"{place}: {w}" for w in model.extra.get("warnings", ())]
    return found


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
        for name, rows, schema in (("results", run.results, COEFFICIENTS), ("values", run.values, VALUES)):
            self._with_old(run, carried, f"{name}.csv", rows, schema).write_csv(staging / f"{name}.csv")
        run.panel.frame.write_parquet(staging / "panel.parquet", statistics=False)
        (staging / "tables").mkdir()
        for table in run.tables.values():
            render.write_all(table, staging / "tables", self.lang, FORMATS)
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
        return [t for t in run.plan.spec.tables if t in known and t not in run.tables]

    def _with_old(
        self, run: Run, carried: Sequence[str], name: str, new: pl.DataFrame, schema: Mapping[str, Any]
    ) -> pl.DataFrame:
        """New rows with those of the carried tables, in the study's order."""
        file = self.folder.path / name
        if not carried or not file.is_file():
            return new
        try:
            old = pl.read_csv(file, schema=dict(schema)).with_columns(pl.col(pl.String).fill_null(""))
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
                "title": {"zh": table.title.zh, "en": table.title.en},
                "digest": _digest(run.plan, t),
                "stale": False,
                "run": now.isoformat(timespec="seconds"),
                "files": [f"tables/{t}.{kind}" for kind in FORMATS],
            }
            for t, table in run.tables.items()
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
            "events": [e.to_dict() for e in run.panel.events],
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
    return plan.grids.get(table.removesuffix("_versions"))


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


def noteworthy(run: Run, most: int = 6) -> list[str]:
    """What a reader of the tables should know: rows dropped, cells filled, joins with unmatched rows, warnings."""
    told = [e for e in run.panel.events if e.kind in {"drop", "fill"} or e.detail.get("panel_only")]
    lines = [e.message for e in told]
    shown = run.warnings[:most]
    lines += [f"warning: {w}" for w in shown]
    if len(run.warnings) > most:
        lines.append(f"warning: {len(run.warnings) - most} more in run.json")
    return lines
