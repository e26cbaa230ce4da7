"""Values of steps: from the cache where a run left them, else done here; models that share rows are done together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from econloom.core.errors import EconloomError
from econloom.panel.passes import one_blas_thread
from econloom.study import steps
from econloom.study.cache.entry import DamagedError
from econloom.study.cache.shelf import Shelf
from econloom.study.catalog import Facts
from econloom.study.engine.units import batch_key
from econloom.study.plan import Plan
from econloom.study.run import Listener, Tick
from econloom.study.step import Step


class Values:
    """The values of some steps of a plan.

    Parameters
    ----------
    plan : Plan
    facts : mapping
        Of the sources, by version.
    wanted : set of str
        Digests of the steps whose values stay.
    shelf : Shelf
        The user's cache; it is read, nothing is added.
    tell : callable
        Told of every step that is done.
    """

    def __init__(self, plan: Plan, facts: Mapping[str, Facts], wanted: set[str], shelf: Shelf, tell: Listener) -> None:
        self.plan, self.wanted, self.shelf, self.tell = plan, wanted, shelf, tell
        self.known = {s.digest: s for s in plan.steps}
        sources = {f.digest: f for version in facts.values() for f in version.values()}
        self.context = steps.Context(sources, lambda done, total: None)
        self.memory: dict[str, Any] = {}

    def __getitem__(self, digest: str) -> Any:
        return self.value(digest)

    def value(self, digest: str) -> Any:
        """The value of a step, done where the cache has none.

        Raises
        ------
        EconloomError
            With the step's name and its place in the study file.
        """
        if digest not in self.memory:
            step = self.known[digest]
            try:
                self.memory[digest] = self.shelf.load(step, self.value)
            except DamagedError:
                self._do(step, [self.value(i) for i in step.inputs])
        return self.memory[digest]

    def fill(self) -> None:
        """Have all values that are wanted, and let go of the others as soon as they have been used."""
        todo = self._todo()
        last = {digest: step.digest for step in todo for digest in step.inputs}
        batches: dict[str, list[Step]] = {}
        for step in todo:
            batches.setdefault(batch_key(step) or step.digest, []).append(step)
        for number, step in enumerate(todo, 1):
            self.tell(Tick(number, len(todo), step.name))
            if step.digest not in self.memory:
                members = batches[batch_key(step) or step.digest]
                self._together(members, [self.value(i) for i in step.inputs])
            for digest in set(step.inputs) - self.wanted:
                if last[digest] == step.digest:
                    self.memory.pop(digest, None)
        for digest in self.wanted:
            self.value(digest)

    def _todo(self) -> list[Step]:
        """The steps that must be done, in order: what is kept needs nothing."""
        pending, needed = list(self.wanted), set[str]()
        while pending:
            digest = pending.pop()
            path = self.shelf.path(digest)
            if digest in needed or (path is not None and path.is_file()):
                continue
            needed.add(digest)
            pending += self.known[digest].inputs
        return [s for s in self.plan.steps if s.digest in needed]

    def _together(self, members: list[Step], inputs: list[Any]) -> None:
        """Do a step, or all models that share its rows and effects by one call."""
        first = members[0]
        if len(members) == 1:
            self._do(first, inputs)
            return
        models = [m for s in members for m in s.params["models"]]
        self._do(replace(first, params={**first.params, "models": models}), inputs)
        made = self.memory[first.digest]
        for step in members:
            self.memory[step.digest] = {m["key"]: made[m["key"]] for m in step.params["models"]}

    def _do(self, step: Step, inputs: list[Any]) -> None:
        try:
            with one_blas_thread():  # as in a run, so that the last digits are the same
                self.memory[step.digest] = steps.perform(step, inputs, self.context)
        except EconloomError as error:
            raise error.within(step.name).at(self.plan.spec.document.at(step.path)) from error
