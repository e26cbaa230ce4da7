"""Running a plan: steps in order, each value kept as long as a later step needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from econloom.core import told
from econloom.core.estimate import Tidy
from econloom.core.frame import Panel
from econloom.core.lineage import Event
from econloom.core.table import Table
from econloom.report import notes
from econloom.report.densities import Density
from econloom.report.effects import Effects
from econloom.study import engine
from econloom.study.cache.shelf import Shelf
from econloom.study.catalog import Facts
from econloom.study.language.specifications import SpecificationTable
from econloom.study.mediated import indirect_rows
from econloom.study.plan import Plan
from econloom.study.results import COEFFICIENTS, VALUES, coefficient_rows, figure_rows, specification_rows, value_rows
from econloom.study.schema import DEFAULT, EventStudyTable, MediationTable, RegressionTable, ValuesTable
from econloom.study.self_audit import SelfAudit
from econloom.study.specified import Specified


@dataclass(frozen=True, slots=True)
class Tick:
    """Where a run is: step ``number`` of ``total``, and ``done`` of ``size`` within it."""

    number: int
    total: int
    name: str
    done: int = 0
    size: int = 0


Listener = Callable[[Tick], object]


def told_to(listener: Listener | None) -> Callable[[int, int, str, int, int], object]:
    """What tells a listener, where there is one, of each step as it is done."""

    def tell(number: int, total: int, name: str, done: int, size: int) -> None:
        if listener is not None:
            listener(Tick(number, total, name, done, size))

    return tell


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes
    ----------
    tables : mapping of str to Table
        Of the default version, and the tables across versions (``t3_versions``).
    figures : mapping of str to figure
        Of the default version, as data; :func:`econloom.report.figures.draw` draws them.
    models : mapping of (version, table) to tuple of Tidy
    curves : mapping of (version, table or figure) to Specified
        Specification curves.
    results, values : polars.DataFrame
        The rows of ``results.csv`` and ``values.csv``.
    panel : Panel or None
        The prepared main panel of the default version, with its history.
    seconds : mapping of str to float
        By digest of the step; of a cached one those that it took when it was done.
    prepared : tuple of Event
        What was done to columns for single models (``prepare``).
    rows : mapping of str to int
        Rows of the values that are panels, by digest of the step.
    cached : frozenset of str
        Digests of the steps that did not run: their values, or those made from them, were in the cache.
    keys : mapping of (version, panel) to Panel
        Keys and history of the panels that tables and figures are made of.
    memory : int
        Largest size of all processes together, in bytes.
    jobs : int
        Processes that took part.
    path : Path or None
        The output folder, when files were written.
    stale : tuple of str
        Tables carried over from an earlier run of a study that has changed since.
    audit : SelfAudit or None
        What the audit of its own tables found.
    """

    plan: Plan
    tables: Mapping[str, Table]
    figures: Mapping[str, Any]
    models: Mapping[tuple[str, str], tuple[Tidy, ...]]
    results: pl.DataFrame
    values: pl.DataFrame
    panel: Panel | None
    seconds: Mapping[str, float]
    warnings: tuple[str, ...] = ()
    path: Path | None = None
    stale: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    prepared: tuple[Event, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    cached: frozenset[str] = frozenset()
    memory: int = 0
    jobs: int = 1
    keys: Mapping[tuple[str, str], Panel] = field(default_factory=dict)
    audit: SelfAudit | None = None
    curves: Mapping[tuple[str, str], Specified] = field(default_factory=dict)

    @property
    def spent(self) -> float:
        """Seconds of work that the steps of this run took, without those that were cached."""
        return sum(s for digest, s in self.seconds.items() if digest not in self.cached)

    def __repr__(self) -> str:
        where = f" in {self.path}" if self.path else ""
        made = ", ".join((*self.tables, *self.figures)) or "nothing"
        return f"Run({self.plan.spec.study}: {made}; {self.spent:.1f} s{where})"


def execute(
    plan: Plan,
    facts: Mapping[str, Facts],
    names: Iterable[str] | None = None,
    listener: Listener | None = None,
    jobs: int | None = None,
    cache: bool = True,
) -> Run:
    """Do the steps that some tables and figures need (all, by default).

    Values that are kept from earlier runs are taken from the cache.

    Parameters
    ----------
    plan : Plan
    facts : mapping
        Of the sources, by version.
    names : iterable of str, optional
    listener : callable, optional
    jobs : int, optional
        Processes at once (:func:`econloom.study.engine.perform`).
    cache : bool
        Use the cache, and keep values there.

    Raises
    ------
    EconloomError
        With the step's name and its place in the study file.
    """
    chosen = plan.chosen(names)
    shelf = Shelf.opened(plan.spec.study, cache)
    done = engine.perform(plan, facts, plan.targets(chosen), shelf, told_to(listener), jobs)
    needed, known = done.schedule.needed, done.facts
    ran = {s.digest for s in done.schedule.run}
    seconds = {s.digest: known[s.digest].seconds if s.digest in known else 0.0 for s in needed}
    made = _collected(plan, chosen, done.values, seconds)
    cut = [e for s in needed if s.digest in known for e in known[s.digest].events]
    warnings = (*made.warnings, *(e.message for e in cut if e.kind == "warning"), *done.warnings)
    return replace(
        made,
        prepared=tuple(cut),
        warnings=tuple(dict.fromkeys(warnings)),
        rows={s.digest: height for s in needed if s.digest in known and (height := known[s.digest].rows) is not None},
        cached=frozenset(s.digest for s in needed if s.digest not in ran),
        memory=done.memory,
        jobs=done.jobs,
    )


def _collected(plan: Plan, chosen: Sequence[str], values: Mapping[str, Any], seconds: Mapping[str, float]) -> Run:
    spec = plan.spec
    tables: dict[str, Table] = {}
    models: dict[tuple[str, str], tuple[Tidy, ...]] = {}
    curves: dict[tuple[str, str], Specified] = {}
    coefficients, numbers = [], []
    for version, outputs in plan.outputs.items():
        for table in (n for n in chosen if outputs.tables.get(n) in values):
            wanted, result = spec.tables[table], values[outputs.tables[table]]
            if isinstance(wanted, RegressionTable | MediationTable | EventStudyTable):
                made, found = result
                models[version, table] = found
                if isinstance(wanted, MediationTable):
                    numbers.append(value_rows(version, indirect_rows(made)))
                cuts = spec.defaults.stars if wanted.stars is None else wanted.stars
                coefficients.append(coefficient_rows(version, table, found, cuts))
            elif isinstance(wanted, SpecificationTable):
                made, curve = result
                curves[version, table] = curve
                coefficients.append(specification_rows(version, table, curve, spec.defaults.stars))
                numbers.append(value_rows(version, made))
            else:
                made = result
                columns = wanted.columns if isinstance(wanted, ValuesTable) else None
                numbers.append(value_rows(version, made, columns))
            if version == DEFAULT:
                tables[table] = made
    for made in (values[plan.grids[t]] for t in chosen if plan.grids.get(t) in values):
        tables[made.id] = made
    if spec.defaults.same_notes:
        tables = {made.id: made for made in notes.shorten(list(tables.values()))}
    default = plan.outputs[DEFAULT]
    panel: Panel | None = values.get(default.panel)
    drawn = {n: values[default.figures[n]] for n in chosen if default.figures.get(n) in values}
    for name, (plot, curve) in ((n, f) for n, f in drawn.items() if isinstance(f, tuple)):
        drawn[name], curves[DEFAULT, name] = plot, curve
        coefficients.append(specification_rows(DEFAULT, name, curve, spec.defaults.stars))
    numbers += [figure_rows(DEFAULT, made, spec.figures[n].kind) for n, made in drawn.items()]
    said = [f"{n}: {w}" for n, made in drawn.items() if isinstance(made, Density) for w in made.warnings]
    for name, figure in drawn.items():
        if isinstance(figure, Effects):
            models[DEFAULT, name] = figure.models
            coefficients.append(coefficient_rows(DEFAULT, name, figure.models, spec.defaults.stars))
    return Run(
        plan=plan,
        tables=tables,
        figures=drawn,
        models=models,
        curves=curves,
        results=pl.concat(coefficients) if coefficients else pl.DataFrame(schema=dict(COEFFICIENTS)),
        values=pl.concat(numbers) if numbers else pl.DataFrame(schema=dict(VALUES)),
        panel=panel,
        seconds=seconds,
        warnings=tuple(dict.fromkeys([*plan.warnings, *_warnings(panel, models), *said])),
        keys={(v, p): values[k] for v, o in plan.outputs.items() for p, (_, k) in o.panels.items() if k in values},
    )


def _warnings(panel: Panel | None, models: Mapping[tuple[str, str], tuple[Tidy, ...]]) -> list[str]:
    found = [e.message for e in (panel.events if panel else ()) if e.kind == "warning"]
    for (version, table), fitted in models.items():
        for number, model in enumerate(fitted, 1):
            place = f"{table}.c{number}" + ("" if version == DEFAULT else f" ({version})")
            found += [f"{place}: {w}" for w in model.extra.get("warnings", ())]
    return found


def noteworthy(run: Run) -> list[str]:
    """What a reader of the tables should know (:func:`econloom.core.told.noteworthy`)."""
    events = [e.to_dict() for e in (run.panel.events if run.panel else ())]
    return told.noteworthy(events, run.warnings)
