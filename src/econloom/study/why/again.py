"""Values of single steps: from the cache where they are kept, computed again where not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from econloom.core.errors import UsageError
from econloom.study import engine, steps
from econloom.study.cache.policy import NEVER
from econloom.study.cache.shelf import Shelf
from econloom.study.catalog import Facts
from econloom.study.plan import Plan
from econloom.study.step import Step


@dataclass(frozen=True)
class _Only(Plan):
    """A plan of which some steps are wanted, whatever they are."""

    only: frozenset[str] = frozenset()

    def targets(self, names: Iterable[str] | None = None) -> set[str]:
        return set(self.only) if names is not None else super().targets()


def values(plan: Plan, facts: Mapping[str, Facts], digests: Iterable[str]) -> Mapping[str, Any]:
    """Values of some steps, by digest.

    Raises
    ------
    EconloomError
        As the steps.
    """
    wanted = frozenset(digests)
    by_digest = {f.digest: f for version in facts.values() for f in version.values()}
    context = steps.Context(by_digest, lambda done, size: None)
    read = {s.digest: steps.perform(s, (), context) for s in plan.steps if s.digest in wanted and s.kind in NEVER}
    only = _Only(**{f.name: getattr(plan, f.name) for f in fields(Plan)}, only=wanted - read.keys())
    if not only.only:
        return read
    shelf = Shelf.opened(plan.spec.study, True)
    return {**engine.perform(only, by_digest, (), shelf, lambda *told: None, 1).values, **read}


def step_of(plan: Plan, version: str, table: str) -> Step:
    """The step of a table or figure.

    Raises
    ------
    UsageError
        The study has it no longer.
    """
    outputs = plan.outputs.get(version)
    digest = None if outputs is None else {**outputs.tables, **outputs.figures}.get(table)
    if digest is None:
        raise UsageError(f"the study has no {table!r} any more: it has changed since this run", hint="run it again")
    return next(s for s in plan.steps if s.digest == digest)
