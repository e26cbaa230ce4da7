"""From a study to the steps that make it: pure, printable before anything runs.

Every step has a digest of its kind, its parameters and the digests of its inputs, so steps that two versions of a
study share are one step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from econloom.core.errors import UsageError, did_you_mean
from econloom.study import schema
from econloom.study.catalog import Facts
from econloom.study.planning import columns, rows, tables
from econloom.study.planning.draft import Draft
from econloom.study.schema import DEFAULT, StudySpec
from econloom.study.step import Step


@dataclass(frozen=True)
class Outputs:
    """What one version gives.

    Attributes
    ----------
    panel : str
        Digest of the step whose value is the prepared panel.
    tables : mapping of str to str
        Table id to the digest of its step.
    """

    panel: str
    tables: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """All steps of a study, inputs before what uses them.

    Attributes
    ----------
    spec : StudySpec
    steps : tuple of Step
    outputs : mapping of str to Outputs
        By version, ``default`` first.
    grids : mapping of str to str
        Table id to the step of its table across versions.
    warnings : tuple of str
    """

    spec: StudySpec
    steps: tuple[Step, ...]
    outputs: Mapping[str, Outputs]
    grids: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def select(self, tables: Iterable[str] | None = None) -> tuple[Step, ...]:
        """The steps that some tables (all, by default) and the prepared panel need, in order."""
        chosen = self.tables(tables)
        wanted = {self.outputs[DEFAULT].panel}
        for outputs in self.outputs.values():
            wanted |= {outputs.tables[t] for t in chosen}
        wanted |= {self.grids[t] for t in chosen if t in self.grids}
        for step in reversed(self.steps):
            if step.digest in wanted:
                wanted |= set(step.inputs)
        return tuple(s for s in self.steps if s.digest in wanted)

    def tables(self, chosen: Iterable[str] | None = None) -> tuple[str, ...]:
        """Ids of the chosen tables in the study's order.

        Raises
        ------
        UsageError
            An unknown table, with the nearest one.
        """
        known = tuple(self.spec.tables)
        wanted = list(known if chosen is None else chosen)
        for table in wanted:
            if table not in known:
                raise UsageError(f"no table {table!r}{did_you_mean(table, known)}", hint=f"tables: {', '.join(known)}")
        return tuple(t for t in known if t in wanted)

    def to_dict(self, tables: Iterable[str] | None = None) -> dict[str, Any]:
        """JSON-ready: the steps with what each needs."""
        steps = self.select(tables)
        number = {s.digest: i for i, s in enumerate(steps, 1)}
        return {
            "study": self.spec.study,
            "tables": list(self.tables(tables)),
            "versions": list(self.outputs),
            "warnings": list(self.warnings),
            "steps": [
                {
                    "step": number[s.digest],
                    "kind": s.kind,
                    "name": s.name,
                    "needs": [number[i] for i in s.inputs],
                    "digest": s.digest,
                }
                for s in steps
            ],
        }


def build(spec: StudySpec, facts: Mapping[str, Facts]) -> Plan:
    """Plan a study.

    Parameters
    ----------
    spec : StudySpec
    facts : mapping of str to mapping of str to SourceFacts
        By version and source, from :func:`econloom.study.catalog.survey`.

    Raises
    ------
    StudyFileError
        Every name, formula or condition that cannot work, with its place.
    """
    drafts = {name: Draft(_version_of(spec, name), facts[name]) for name in (DEFAULT, *spec.versions)}
    outputs = {name: _version(draft) for name, draft in drafts.items()}
    grids = tables.across_versions(spec, drafts)
    steps = {s.digest: s for draft in drafts.values() for s in draft.steps}
    steps |= {s.digest: s for s in grids.values()}
    warnings = rows.unused_sources(drafts.values())
    return Plan(spec, tuple(steps.values()), outputs, {t: s.digest for t, s in grids.items()}, warnings)


def _version_of(spec: StudySpec, name: str) -> StudySpec:
    """One version, which has the study's tables, each of its kind."""
    changed = schema.version(spec, name)
    kinds, wanted = ({t: type(made) for t, made in s.tables.items()} for s in (changed, spec))
    if kinds != wanted:
        where = spec.document.at(("versions", name), key=True)
        raise UsageError(f"versions.{name}: has other tables than the study, or tables of another kind", where=where)
    return changed


def _version(draft: Draft) -> Outputs:
    """Collect the steps of one version in its draft."""
    panel = columns.variables(draft, rows.panel(draft))
    tables.samples(draft)
    made = tables.steps(draft, panel)
    draft.finish()
    return Outputs(panel.digest, {t: s.digest for t, s in made.items()})
