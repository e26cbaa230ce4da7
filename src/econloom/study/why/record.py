"""What a run says of its numbers, as ``why.json``: columns of models, tables, variables, sources, samples, cells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from econloom import __version__
from econloom.core.estimate import Tidy
from econloom.core.frame import Panel
from econloom.core.table import Cell, Table
from econloom.report import format as fmt
from econloom.study import codebook, schema
from econloom.study.catalog import Facts
from econloom.study.plan import Outputs, Plan
from econloom.study.run import Run
from econloom.study.schema import DEFAULT, StudySpec
from econloom.study.step import Step
from econloom.study.why.places import Places
from econloom.study.why.samples import Samples
from econloom.study.why.trace import Book, Record, Tracer, parts, used

FORMAT = 1
FILE = "why.json"
_PLANNED = ("formula", "estimator", "options", "where", "samples", "split", "weights", "ssc", "prepare", "scale")
_FUNNEL = {"read", "join", "drop", "sample"}
_PARAMS = {"values", "rows", "across", "columns", "where", "span", "stats", "formula", "pairs", "lags", "draws", "seed",
           "y", "x", "m", "rest", "rows_of", "lead_y", "tests", "merge_rows", "term", "terms", "q", "alpha", "times",
           "support", "prior", "level", "members", "methods", "bootstrap", "signs", "by", "windows", "leave", "reps",
           "stat", "side", "pool", "real_treated", "counts", "threshold", "around", "joint", "groups", "benchmarks",
           "r2_max", "delta", "beta", "base", "time", "cohort", "treatment", "estimators"}  # fmt: skip


@dataclass
class Writer:
    """Collects the records of one run.

    Attributes
    ----------
    book : Book
        Variables, sources and panels.
    samples : Samples
        Rows that models used.
    columns, tables : dict
        By version, then by address.
    """

    run: Run
    facts: Mapping[str, Facts]
    book: Book = field(default_factory=Book)
    samples: Samples = field(default_factory=Samples)
    columns: dict[str, dict[str, Record]] = field(default_factory=dict)
    tables: dict[str, dict[str, Record]] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        """The run's plan."""
        return self.run.plan

    def write(self) -> None:
        """Every version's tables and columns."""
        steps = {s.digest: s for s in self.plan.steps}
        for version, outputs in self.plan.outputs.items():
            spec = schema.version(self.plan.spec, version)
            made = Version(self, version, spec, outputs, steps, Tracer(spec, steps, self.facts[version], self.book))
            made.write()


@dataclass
class Version:
    """The records of one version."""

    writer: Writer
    name: str
    spec: StudySpec
    outputs: Outputs
    steps: Mapping[str, Step]
    tracer: Tracer

    def write(self) -> None:
        """Its tables, figures and the columns in them."""
        run = self.writer.run
        of_version: dict[str, Record] = {}
        columns: dict[str, Record] = {}
        for name, digest in {**self.outputs.tables, **self.outputs.figures}.items():
            if name in self._made():
                step = self.steps[digest]
                of_version[name] = self.table(name, step)
                for address, record in self.models(name, step, run.models.get((self.name, name), ())):
                    columns[address] = record
        if self.name == DEFAULT:
            of_version |= self.grids() | self.codebook()
        self.writer.tables[self.name] = of_version
        self.writer.columns[self.name] = columns

    def _made(self) -> set[str]:
        run = self.writer.run
        figures = set(run.figures) if self.name == DEFAULT else set()
        return {n for n in run.tables if n in self.outputs.tables} | figures

    def grids(self) -> dict[str, Record]:
        """Tables across versions."""
        run, found = self.writer.run, {}
        for table, digest in self.writer.plan.grids.items():
            name = schema.grid_id(table)
            if name in run.tables:
                step = next(s for s in self.writer.plan.steps if s.digest == digest)
                found[name] = {"kind": step.kind, "of": table, "terms": list(step.params["terms"]),
                               "at": self.tracer.at(step.path), "digest": digest}  # fmt: skip
        return found

    def codebook(self) -> dict[str, Record]:
        """The description of the prepared main panel."""
        panel = self.writer.run.panel
        if panel is None or codebook.ID in {**self.outputs.tables, **self.outputs.figures}:
            return {}
        traced = self.tracer.many(panel.columns, self.outputs.panel)
        record = {"kind": "codebook", "params": {}, "panels": [self.panel(self.spec.main)], "variables": traced}
        return {codebook.ID: record}

    # tables ---------------------------------------------------------------------------------------------------------

    def table(self, name: str, step: Step) -> Record:
        """What a table or figure was made from."""
        params = {k: v for k, v in step.params.items() if k in _PARAMS and v not in (None, [], {})}
        model = step.params.get("model")
        record: Record = {
            "kind": step.kind,
            "at": self.tracer.at(step.path),
            "digest": step.digest,
            "params": params if step.kind != "table" else {},
            "panels": [self.panel(p) for p in self.writer.plan.panels_of(self.outputs, [step.digest])],
        }
        if model is not None:
            record["model"] = self.planned(model)
        if step.kind in {"sensitivity", "exogeneity"} and step.inputs:
            record["model"] = self.planned(
                _model_of(step.params["column"]["key"], [self.steps[d] for d in step.inputs])
            )
        if step.kind in {"event_table", "event_figure"} and step.inputs:
            studied = self.steps[step.inputs[0]]
            record["model"] = self.planned(studied.params["model"])
            record["params"] |= {k: studied.params[k] for k in ("windows", "cohort", "adopts", "term")}
        if names := _names(step):
            record["variables"] = self.tracer.many(names, step.inputs[0]) if step.inputs else []
        return record

    def panel(self, name: str) -> str:
        """The id of a panel's record."""
        keys: Panel | None = self.writer.run.keys.get((self.name, name))
        record: Record = {"panel": name}
        if keys is not None:
            history = [e for e in keys.events if e.kind in _FUNNEL or e.message.startswith("aggregated ")]
            record |= {
                "keys": keys.keys,
                "rows": keys.height,
                "events": [[e.kind, self._here(e.message), e.rows_before, e.rows_after] for e in history],
                "fills": [e.message for e in keys.events if e.kind == "fill"],
            }
        return self.writer.book.panel(record)

    def _here(self, message: str) -> str:
        """With paths as the study file has them."""
        return message.replace(f"{self.spec.folder.resolve()}/", "")

    # models ---------------------------------------------------------------------------------------------------------

    def models(self, name: str, step: Step, fitted: Sequence[Tidy]) -> Iterator[tuple[str, Record]]:
        """The record of each column of a table or series of a figure, with its address."""
        shown = step.params.get("columns", ()) if step.kind == "table" else ()
        places = Places(self.spec, name) if step.kind == "table" else None
        sizes = [p["columns"] for p in step.params.get("panels", ())] if step.kind == "table" else []
        for number, tidy in enumerate(fitted, 1):
            column = shown[number - 1] if shown else {}
            found = _estimates_of(step, self.steps)
            planned = _model_of(column["key"], found) if column else self._model_behind(step, number)
            at = None if places is None or planned is None else places.of(column, planned)
            address = f"{name}.{_within_panels(number, sizes)}"
            head = {"table": name, "column": f"c{number}", "at": self.tracer.at(at or step.path)}
            yield address, head | self.column(address, tidy, planned, step)

    def _model_behind(self, step: Step, number: int) -> Mapping[str, Any] | None:
        """The planned model of an event study."""
        if step.kind in {"event_table", "event_figure"} and step.inputs:
            model: Mapping[str, Any] = self.steps[step.inputs[0]].params["model"]
            return model
        return None

    def planned(self, model: Mapping[str, Any]) -> Record:
        """A planned model, as far as a reader wants to know it."""
        found = {k: model[k] for k in _PLANNED if model.get(k) not in (None, [], {}, "")}
        return found | {"vcov": {k: v for k, v in model["vcov"].items() if v not in (None, [], (), 0)}}

    def column(self, address: str, tidy: Tidy, planned: Mapping[str, Any] | None, step: Step) -> Record:
        """One fitted model."""
        panels = self.writer.plan.panels_of(self.outputs, [step.digest])
        named = planned["panel"] if planned is not None else panels[0] if panels else ""
        rows = self._rows_step(planned, step)
        formula = tidy.formula or (planned["formula"] if planned else "")
        if "companion" in tidy.extra and planned is not None:
            formula = planned["formula"]
        record: Record = {
            "panel": self.panel(named) if named in panels else None,
            "stage": tidy.stage,
            "outcome": tidy.outcome,
            "formula": formula,
            "effects": list(tidy.effects),
            "clusters": list(tidy.clusters),
            "vcov": self._covariance(planned, step),
            "vcov_text": tidy.vcov,
            "ssc": tidy.ssc,
            "distribution": tidy.distribution,
            "df": tidy.df,
            "stars": list(step.params.get("stars", self.spec.defaults.stars)),
            "glance": {k: v for k, v in tidy.glance.items() if v is not None},
            "removed": [list(r) for r in tidy.removed],
            "funnel": tidy.sample.to_dict(),
            "sample": self._sample(address, named, tidy),
            "coefficients": {c.term: [_finite(getattr(c, k)) for k in _NUMBERS] for c in tidy.coefficients},
            "variables": [
                {"role": role, "name": part, "of": self.tracer.many(names, rows)}
                for role, part, names in self._parts(formula, tidy, planned)
            ],
            "model": None if planned is None else self.planned(planned),
            "extra": {k: _plain(v) for k, v in tidy.extra.items() if k in _EXTRA},
        }
        return {k: v for k, v in record.items() if v not in (None, [], {}, "")}

    def _covariance(self, planned: Mapping[str, Any] | None, step: Step) -> Record:
        found = planned["vcov"] if planned is not None else step.params.get("vcov", {})
        return {k: v for k, v in found.items() if v not in (None, [], (), 0)}

    def _rows_step(self, planned: Mapping[str, Any] | None, step: Step) -> str:
        """The step whose value is the panel that a model was estimated on."""
        for estimate in _estimates_of(step, self.steps):
            if planned is not None and any(m["key"] == planned["key"] for m in estimate.params["models"]):
                return estimate.inputs[0]
        if step.kind in {"event_table", "event_figure"} and step.inputs:
            return self.steps[step.inputs[0]].inputs[0]
        return step.inputs[0] if step.inputs else ""

    def _parts(
        self, formula: str, tidy: Tidy, planned: Mapping[str, Any] | None
    ) -> Iterator[tuple[str, str, list[str]]]:
        yield from parts(formula)
        if planned is not None and planned["weights"] is not None:
            yield "weights", planned["weights"], [planned["weights"]]
        for cluster in tidy.clusters:
            yield "cluster", cluster, [part.strip() for part in cluster.split("^")]
        space = None if planned is None else planned["vcov"].get("space")
        for name in (space["latitude"], space["longitude"]) if space else ():
            yield "place", name, [name]

    def _sample(self, address: str, panel: str, tidy: Tidy) -> str | None:
        keys: Panel | None = self.writer.run.keys.get((self.name, panel))
        if keys is None or tidy.sample.rows is None or tidy.sample.offered != keys.height:
            return None
        return self.writer.samples.add(self.name, panel, keys, tidy.sample, address)


_NUMBERS = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")
_EXTRA = {"group", "companion", "compared", "estimator", "method", "endogenous", "instruments", "adjusted", "warnings",
          "small_sample", "df"}  # fmt: skip


def _plain(value: Any) -> Any:
    """As JSON holds it."""
    if hasattr(value, "zh"):
        return {"zh": value.zh, "en": value.en}
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, tuple | list) else value


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _names(step: Step) -> list[str]:
    """Columns that a table is made of where it has no models."""
    p = step.params
    if step.kind == "values":
        return [p["values"], p["rows"], p["across"]]
    if step.kind in {"describe", "correlate"}:
        return list(p["columns"])
    if step.kind == "granger":
        return list(dict.fromkeys(n for pair in p["pairs"] for n in pair))
    if step.kind == "vif":
        return [n for role, _, names in parts(p["formula"]) if role == "regressor" for n in names]
    if step.kind == "count":
        return list(dict.fromkeys(n for row in p["rows"] for n in used(row["where"])))
    if step.kind == "trend":
        return list(p["y"])
    if step.kind == "mediation":
        return [p["y"], p["x"], *p["m"]]
    return []


def _estimates_of(step: Step, steps: Mapping[str, Step]) -> list[Step]:
    """The estimate steps right behind a table."""
    return [s for d in step.inputs if (s := steps[d]).kind == "estimate"]


def _model_of(key: str, estimates: Sequence[Step]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(m for s in estimates for m in s.params["models"] if m["key"] == key)
    return found


def _within_panels(number: int, sizes: Sequence[int]) -> str:
    """``c4``, or ``p2.c1`` where the columns are in panels."""
    for place, size in enumerate(sizes, 1):
        if number <= size:
            return f"p{place}.c{number}"
        number -= size
    return f"c{number}"


def cells(tables: Sequence[Table]) -> dict[str, Record]:
    """Every number of some tables, by address: its value, how it is printed, its stars, what it is."""
    found: dict[str, Record] = {}
    for table in tables:
        glyphs = fmt.plain(table.style)
        for row in table.rows:
            for cell in (c for whole in row.cells for c in (whole, *whole.beside)):
                if cell.source is not None and cell.source not in found:
                    found[cell.source] = _cell(cell, table.id, glyphs)
    return found


def _cell(cell: Cell, table: str, glyphs: fmt.Glyphs) -> Record:
    printed = "".join(words for words, _ in fmt.pieces(replace(cell, beside=()), "en", glyphs))
    record: Record = {"table": table, "kind": cell.kind, "printed": printed}
    if cell.value is not None:
        record["value"] = _finite(cell.value)
    if cell.upper is not None:
        record["upper"] = _finite(cell.upper)
    if cell.stars:
        record["stars"] = cell.stars
    if cell.about:
        record["about"] = {"zh": cell.about.zh, "en": cell.about.en}
    return record


def whole(writer: Writer, tables: Sequence[Table], numbers: Mapping[str, Record]) -> Record:
    """The content of ``why.json``."""
    plan = writer.plan
    return {
        "format": FORMAT,
        "econloom": __version__,
        "study": plan.spec.study,
        "file": Path(plan.spec.document.file).name,
        "versions": list(plan.outputs),
        "tables": writer.tables,
        "columns": writer.columns,
        "cells": cells(tables) | dict(numbers),
        "panels": writer.book.panels,
        "variables": writer.book.variables,
        "sources": writer.book.sources,
        "samples": writer.samples.records(),
    }
