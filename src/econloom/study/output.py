"""A run as files: results, values, panel, tables, and the record of how they were made."""

from __future__ import annotations

import json
import platform
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from econloom import __version__
from econloom.core import standing
from econloom.core.errors import OutputError
from econloom.core.files import digest as content_of
from econloom.core.labels import Lang
from econloom.core.table import Table
from econloom.report import figures, fonts, page, render
from econloom.study import codebook, ledger, schema, self_audit
from econloom.study.cache import code
from econloom.study.cache.inputs import inputs
from econloom.study.cache.record import PLAN_FILE, plan_record
from econloom.study.cache.reuse import Reuse
from econloom.study.catalog import Facts
from econloom.study.plan import Plan
from econloom.study.results import COEFFICIENTS, VALUES
from econloom.study.run import Run
from econloom.study.schema import DEFAULT
from econloom.study.store import RUN_FILE, Folder
from econloom.study.why import written
from econloom.study.why.page import of_page
from econloom.study.why.record import FILE as WHY_FILE

FORMATS = tuple(render.FORMATS)
REPORTS = ("report.docx", "report.html")


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

        Raises
        ------
        EstimationError
            A table prints what cannot be.
        """
        book = self._codebook(run)
        run = self_audit.examined(run, self.lang, book)
        previous = self.folder.previous()
        carried = self._carried(run, previous)
        for name, rows, types in (("results", run.results, COEFFICIENTS), ("values", run.values, VALUES)):
            self._with_old(run, carried, f"{name}.csv", rows, types).write_csv(staging / f"{name}.csv")
        self_audit.write(run, staging, self.folder.path, carried)
        if run.panel is not None:
            _in_span(run).write_parquet(staging / "panel.parquet", statistics=False)
        reuse = Reuse(self.folder.path, previous, self.lang)
        for made in (*run.tables.values(), *book):
            if not reuse.take(made.id, made, _table_files(made.id), staging):
                render.write_all(made, staging / "tables", self.lang, FORMATS)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", fonts.FontWarning)
            drawn = [self._draw(figure, reuse, staging) for figure in run.figures.values()]
        fallback = dict.fromkeys(str(w.message) for w in said if issubclass(w.category, fonts.FontWarning))
        run = replace(run, warnings=(*fallback, *run.warnings))
        shown = [*run.tables.values(), *book]
        told = written.write(run, facts, shown, staging, self.folder.path, carried)
        ledger.extend(self.folder.path, run, self.started, staging)
        for entry in carried:
            self._carry(_entries(previous)[entry]["files"], staging)
        if carried:
            self._carry(REPORTS, staging)
        elif (run.tables or drawn) and not self._same_report(run, reuse, staging):
            self._report(run, drawn, book, staging, told)
        stale = tuple(t for t in carried if not is_current(run.plan, previous, t))
        behind = [digest for t in carried if (digest := _entries(previous)[t].get("digest"))]
        plan = plan_record(run, self.folder.read(PLAN_FILE), behind)
        (staging / PLAN_FILE).write_text(json.dumps(plan, ensure_ascii=False) + "\n", encoding="utf-8")
        files = sorted(p.relative_to(staging).as_posix() for p in staging.rglob("*") if p.is_file())
        record = self._record(run, facts, [*files, RUN_FILE], {t: _entries(previous)[t] for t in carried}, stale)
        record |= {
            "whole": not carried and set(run.plan.chosen()) <= {*run.tables, *run.figures},
            "inputs": inputs(run.plan.spec, facts),
            "digests": {f: content_of(staging / f) for f in files},
            "contents": reuse.contents,
            "fonts": standing.fonts(),
        }
        (staging / RUN_FILE).write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return replace(run, path=self.folder.path, stale=stale, files=(*files, RUN_FILE))

    def _draw(self, figure: figures.Figure, reuse: Reuse, staging: Path) -> page.FigureFile:
        """A figure in all kinds, drawn once, or as the last run drew it."""
        files = {kind: f"figures/{figure.id}.{kind}" for kind in (*figures.KINDS, *_beside(figure))}
        if not reuse.take(figure.id, figure, files.values(), staging):
            (staging / "figures").mkdir(exist_ok=True)
            for kind in figures.KINDS:
                (staging / files[kind]).write_bytes(figures.draw(figure, kind, self.lang))
            if isinstance(figure, figures.Density):
                (staging / files["csv"]).write_bytes(figure.csv())
        svg, png = ((staging / files[kind]).read_bytes() for kind in ("svg", "png"))
        return page.FigureFile(figure.id, figure.title, svg, png, figure.notes)

    def _same_report(self, run: Run, reuse: Reuse, staging: Path) -> bool:
        """Whether the last run's reports show the same: nothing ran since, and no part of them differs."""
        title = run.plan.spec.title
        parts = [title.zh, title.en, list(reuse.contents.items()), content_of(staging / WHY_FILE)]
        same = reuse.take("reports", parts, REPORTS, staging)
        return same and None not in reuse.contents.values() and run.cached == frozenset(run.seconds)

    def _codebook(self, run: Run) -> list[Table]:
        """The codebook of the prepared panel, unless the study has a table of this name."""
        spec = run.plan.spec
        if run.panel is None or not run.panel.columns or codebook.ID in {*spec.tables, *spec.figures}:
            return []
        return [codebook.table(run.plan, run.panel.with_rows(_in_span(run)))]

    def _report(
        self, run: Run, drawn: Sequence[page.FigureFile], book: Sequence[Table], staging: Path, told: Mapping[str, Any]
    ) -> None:
        """All tables and figures in one Word file, and with the codebook in one web page."""
        blocks: list[page.Block] = [*run.tables.values(), *drawn]
        title = run.plan.spec.title.label
        (staging / "report.docx").write_bytes(page.report_docx(title, blocks, self.lang))
        blocks += book
        said = of_page(dict(told), [*run.tables.values(), *book], self.lang)
        (staging / "report.html").write_text(page.report_html(title, blocks, self.lang, said), encoding="utf-8")

    def _carry(self, files: Sequence[str], staging: Path) -> None:
        """Files of the last run as they are."""
        for file in files:
            source = self.folder.path / file
            if source.is_file():
                (staging / file).parent.mkdir(exist_ok=True)
                (staging / file).write_bytes(source.read_bytes())

    def _carried(self, run: Run, previous: Mapping[str, Any]) -> list[str]:
        known = _entries(previous)
        spec = run.plan.spec
        wanted = [*spec.tables, *(schema.grid_id(t) for t in run.plan.grids), *spec.figures]
        return [t for t in wanted if t in known and t not in run.tables and t not in run.figures]

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
                "files": _files(run, t),
            }
            for t, made in (*run.tables.items(), *run.figures.items())
        }
        whole = fresh | {t: {**entry, "stale": t in stale} for t, entry in carried.items()}
        drawn = {t: entry for t, entry in whole.items() if t in spec.figures}
        return {
            "econloom": __version__,
            "code": code.current().to_dict(),
            "study": spec.study,
            "title": {"zh": spec.title.zh, "en": spec.title.en},
            "started": self.started.isoformat(timespec="seconds"),
            "finished": now.isoformat(timespec="seconds"),
            "seconds": round(run.spent, 3),
            "memory_mb": round(run.memory / 2**20, 1),
            "jobs": run.jobs,
            "lang": self.lang,
            "python": platform.python_version(),
            "sources": _sources(run.plan, facts),
            "versions": list(run.plan.outputs),
            "tables": {t: entry for t, entry in whole.items() if t not in drawn},
            "figures": drawn,
            "reports_stale": bool(carried),
            "files": list(files),
            "warnings": list(run.warnings),
            "events": [e.to_dict() for e in (run.panel.events if run.panel else ())],
            "prepared": [e.to_dict() for e in run.prepared],
            "samples": _samples(run),
            "steps": [
                {"name": s.name, "digest": s.digest, "seconds": round(run.seconds[s.digest], 4)}
                for s in run.plan.steps
                if s.digest in run.seconds
            ],
        }


def _entries(previous: Mapping[str, Any]) -> dict[str, Any]:
    """Tables and figures of an earlier run."""
    return {**previous.get("tables", {}), **previous.get("figures", {})}


def is_current(plan: Plan, previous: Mapping[str, Any], name: str) -> bool:
    """Whether an earlier run's table or figure is what the study asks for now."""
    entry = _entries(previous).get(name)
    return entry is not None and entry.get("digest") == _digest(plan, name)


def _files(run: Run, name: str) -> list[str]:
    if name in run.figures:
        return [f"figures/{name}.{kind}" for kind in (*figures.KINDS, *_beside(run.figures[name]))]
    return _table_files(name)


def _table_files(name: str) -> list[str]:
    return [f"tables/{name}.{kind}" for kind in FORMATS]


def _beside(figure: figures.Figure) -> tuple[str, ...]:
    return ("csv",) if isinstance(figure, figures.Density) else ()


def _in_span(run: Run) -> pl.DataFrame:
    """The rows of the prepared panel in the sample's periods."""
    assert run.panel is not None
    spec = run.plan.spec.all_panels[run.plan.spec.main]
    if spec.load is None or spec.span is None or run.panel.time is None:
        return run.panel.frame
    return run.panel.frame.filter(pl.col(run.panel.time).is_between(*spec.span))


def _digest(plan: Plan, name: str) -> str | None:
    """Digest of what makes a table or figure now."""
    default = plan.outputs[DEFAULT]
    grids = {schema.grid_id(t): digest for t, digest in plan.grids.items()}
    return {**grids, **default.figures, **default.tables}.get(name)


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
