"""Values of single steps: from the cache where they are kept, computed again where not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from econloom.core.errors import UsageError
from econloom.study import engine
from econloom.study.cache.shelf import Shelf
from econloom.study.catalog import Facts
from econloom.study.plan import Plan
from econloom.study.run import told_to
from econloom.study.step import Step


def values(plan: Plan, facts: Mapping[str, Facts], digests: Iterable[str]) -> Mapping[str, Any]:
    """Values of some steps, by digest.

    Raises
    ------
    EconloomError
        As the steps.
    """
    return engine.perform(plan, facts, digests, Shelf.opened(plan.spec.study), told_to(None), 1).values


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
