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
from econloom.study.planning import figures, rows, sources, tables
from econloom.study.planning.draft import Draft
from econloom.study.schema import DEFAULT, StudySpec
from econloom.study.step import Step


@dataclass(frozen=True)
class Outputs:
    """What one version gives.

    Attributes
    ----------
    panel : str
        Digest of the step whose value is the prepared main panel.
    tables, figures : mapping of str to str
        Id to the digest of its step.
    panels : mapping of str to (str, str)
        By name of each panel that is built the step whose value it is, and that of its keys and history.
    """

    panel: str
    tables: Mapping[str, str]
    figures: Mapping[str, str]
    panels: Mapping[str, tuple[str, str]] = field(default_factory=dict)


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
        Among them what is left out of tables that can be made.
    """

    spec: StudySpec
    steps: tuple[Step, ...]
    outputs: Mapping[str, Outputs]
    grids: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def chosen(self, names: Iterable[str] | None = None) -> tuple[str, ...]:
        """Ids of the chosen tables and figures (all, by default) in the study's order.

        Raises
        ------
        UsageError
            An unknown one, with the nearest.
        """
        known = (*self.spec.tables, *self.spec.figures)
        wanted = list(known if names is None else names)
        for name in wanted:
            if name not in known:
                hint = f"tables and figures: {', '.join(known)}"
                raise UsageError(f"no table or figure {name!r}{did_you_mean(name, known)}", hint=hint)
        return tuple(t for t in known if t in wanted)

    def targets(self, names: Iterable[str] | None = None) -> set[str]:
        """Digests of the steps that give the chosen tables and figures, and the prepared panel."""
        chosen = self.chosen(names)
        default = self.outputs[DEFAULT]
        wanted = {default.figures[n] for n in chosen if n in default.figures}
        wanted.add(default.panel)
        for outputs in self.outputs.values():
            made = {outputs.tables[n] for n in chosen if n in outputs.tables}
            shown = made | {outputs.figures[n] for n in chosen if outputs is default and n in outputs.figures}
            wanted |= made | {outputs.panels[p][1] for p in self.panels_of(outputs, shown)}
        return wanted | {self.grids[n] for n in chosen if n in self.grids}

    def panels_of(self, outputs: Outputs, made: Iterable[str]) -> tuple[str, ...]:
        """Names of the panels whose rows some steps of a version are made of, not those that these are made of."""
        step = {s.digest: s for s in self.steps}
        names = {digest: name for name, (digest, _) in outputs.panels.items()}
        pending, seen = list(made), set[str]()
        while pending:
            digest = pending.pop()
            if digest not in seen:
                seen.add(digest)
                pending += () if digest in names else step[digest].inputs
        return tuple(name for digest, name in names.items() if digest in seen)

    def select(self, names: Iterable[str] | None = None) -> tuple[Step, ...]:
        """The steps that the chosen tables and figures need, in order."""
        return self.behind(self.targets(names))

    def behind(self, digests: Iterable[str]) -> tuple[Step, ...]:
        """Some steps and those that they need, in order."""
        wanted = set(digests)
        for step in reversed(self.steps):
            if step.digest in wanted:
                wanted |= set(step.inputs)
        return tuple(s for s in self.steps if s.digest in wanted)

    def to_dict(self, names: Iterable[str] | None = None) -> dict[str, Any]:
        """JSON-ready: the steps with what each needs."""
        chosen = self.chosen(names)
        selected = {s.digest for s in self.select(names)}
        shown = [s for s in self.steps if s.digest in selected]
        number = {s.digest: i for i, s in enumerate(shown, 1)}
        return {
            "study": self.spec.study,
            "tables": [n for n in chosen if n in self.spec.tables],
            "figures": [n for n in chosen if n in self.spec.figures],
            "versions": list(self.outputs),
            "warnings": list(self.warnings),
            "steps": [
                {
                    "step": number[s.digest],
                    "kind": s.kind,
                    "name": s.name,
                    "needs": [number[i] for i in s.inputs if i in number],
                    "digest": s.digest,
                }
                for s in shown
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
    outputs = {name: _version(draft, name == DEFAULT) for name, draft in drafts.items()}
    grids = tables.across_versions(spec, drafts)
    steps = {s.digest: s for draft in drafts.values() for s in draft.steps}
    steps |= {s.digest: s for s in grids.values()}
    warnings = (*sources.unused_sources(drafts.values()), *dict.fromkeys(n for d in drafts.values() for n in d.notes))
    return Plan(spec, tuple(steps.values()), outputs, {t: s.digest for t, s in grids.items()}, warnings)


def _version_of(spec: StudySpec, name: str) -> StudySpec:
    """One version, which has the study's tables, each of its kind."""
    changed = schema.version(spec, name)
    kinds, wanted = ({t: type(made) for t, made in s.tables.items()} for s in (changed, spec))
    if kinds != wanted:
        where = spec.document.at(("versions", name), key=True)
        raise UsageError(f"versions.{name}: has other tables than the study, or tables of another kind", where=where)
    return changed


def _version(draft: Draft, whole: bool) -> Outputs:
    """Collect the steps of one version in its draft; some tables are made in the ``whole`` one only."""
    rows.panels(draft)
    if len(draft.panels) < len(draft.spec.all_panels):
        draft.finish()
    tables.samples(draft)
    panels = {name: (made.step.digest, rows.keys(draft, made).digest) for name, made in draft.panels.items()}
    made = tables.steps(draft)
    drawn = figures.steps(draft)
    draft.finish()
    return Outputs(
        draft.main.step.digest,
        {t: s.digest for t, s in made.items() if whole or draft.spec.tables[t].every_version},
        {f: s.digest for f, s in drawn.items()},
        panels,
    )
