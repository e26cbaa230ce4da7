"""Running a plan: steps in order, each value kept as long as a later step needs it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from econloom.core.errors import EconloomError
from econloom.core.estimate import Tidy
from econloom.core.frame import Panel
from econloom.core.table import Table
from econloom.study import steps
from econloom.study.catalog import Facts
from econloom.study.plan import Plan
from econloom.study.results import COEFFICIENTS, VALUES, coefficient_rows, value_rows
from econloom.study.schema import DEFAULT, RegressionTable
from econloom.study.step import Step


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
    by_digest = {s.digest: s for s in plan.steps}
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
                numbers.append(value_rows(version, made, by_digest[outputs.tables[table]].params["columns"]))
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


def noteworthy(run: Run, most: int = 6) -> list[str]:
    """What a reader of the tables should know: rows dropped, cells filled, joins with unmatched rows, warnings."""
    told = [e for e in run.panel.events if e.kind in {"drop", "fill"} or e.detail.get("panel_only")]
    lines = [e.message for e in told]
    shown = run.warnings[:most]
    lines += [f"warning: {w}" for w in shown]
    if len(run.warnings) > most:
        lines.append(f"warning: {len(run.warnings) - most} more in run.json")
    return lines
