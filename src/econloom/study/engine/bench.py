"""Where units are done: values in memory, kept ones on the shelves, and the work itself."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

from econloom.core.errors import EconloomError
from econloom.core.frame import Panel
from econloom.core.lineage import Event
from econloom.panel.passes import one_blas_thread
from econloom.study import steps
from econloom.study.cache import values
from econloom.study.cache.entry import DamagedError
from econloom.study.cache.facts import Facts
from econloom.study.cache.policy import CHEAP, NEVER, SLOW
from econloom.study.cache.record import rows_of
from econloom.study.cache.shelf import Shelf
from econloom.study.catalog import SourceFacts
from econloom.study.engine.units import Unit, batch_key
from econloom.study.step import Step

Progress = Callable[[str, int, int], object]


class LostError(Exception):
    """A kept value that cannot be had any more: it must be made again."""

    def __init__(self, step: Step, why: DamagedError) -> None:
        super().__init__(step, why)
        self.step, self.why = step, why


class FailedError(Exception):
    """A step's error."""

    def __init__(self, step: Step, error: EconloomError) -> None:
        super().__init__(step, error)
        self.step, self.error = step, error


@dataclass
class Bench:
    """One process's place of work.

    Attributes
    ----------
    known : mapping of str to Step
        All steps of the run.
    sources : mapping of str to SourceFacts
    shelf, exchange : Shelf
        The cache, and where values go that only this run needs.
    kept : frozenset of str
        Steps whose values go to the cache.
    sent : collection of str
        Steps whose values must be on a shelf, for other processes; empty where there are none.
    facts : dict
        Of steps that were done before or here.
    memory : dict
        Values at hand.
    uses : Counter
        How often each value will still be taken; one that will not is let go.
    hold : collection of str
        Steps whose values stay.
    named : mapping of str to tuple of str
        Kept values that name panels, which are needed until they have been read.
    alive : WeakValueDictionary
        Panels, also divided ones, that anything still holds.
    """

    known: Mapping[str, Step]
    sources: Mapping[str, SourceFacts]
    shelf: Shelf
    exchange: Shelf
    kept: frozenset[str]
    sent: Collection[str] = ()
    facts: dict[str, Facts] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)
    uses: Counter[str] = field(default_factory=Counter)
    hold: Collection[str] = ()
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    alive: WeakValueDictionary[str, Any] = field(default_factory=WeakValueDictionary)

    def __getstate__(self) -> dict[str, Any]:
        """Another process has no values yet."""
        return {k: v for k, v in vars(self).items() if k not in {"alive", "memory"}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, alive=WeakValueDictionary(), memory={})

    def value(self, digest: str) -> Any:
        """The value of a step that was done.

        Raises
        ------
        LostError
        """
        if digest in self.memory:
            return self.memory[digest]
        made = self.alive.get(digest)
        if made is None:
            made = self._read(self.known[digest])
            for panel in self.named.get(digest, ()):
                self.used(panel)
        self._remember(digest, made)
        return made

    def _remember(self, digest: str, value: Any) -> None:
        """Models of one panel must hold one object, also where it was let go and is read again."""
        self.memory[digest] = value
        if isinstance(value, Panel) or isinstance(getattr(value, "panel", None), Panel):
            self.alive[digest] = value

    def _read(self, step: Step) -> Any:
        try:
            return self.exchange.load(step, self.value)
        except DamagedError:
            try:
                return self.shelf.load(step, self.value)
            except DamagedError as why:
                raise LostError(step, why) from why

    def used(self, digest: str) -> None:
        """A value was taken once."""
        self.uses[digest] -= 1
        self.tidy(digest)

    def tidy(self, digest: str) -> None:
        """Let a value go that nothing will take any more."""
        if self.uses[digest] <= 0 and digest not in self.hold:
            self.memory.pop(digest, None)

    def do(self, unit: Unit, progress: Progress) -> dict[str, Facts]:
        """Do the steps of a unit that are not done here yet.

        Returns
        -------
        dict of str to Facts
            Of the steps done.

        Raises
        ------
        FailedError
            A step's error, with the step.
        LostError
        """
        done: dict[str, Facts] = {}
        for members in _together(unit.steps):
            todo = [s for s in members if s.digest not in self.memory]
            if todo:
                done |= self._do(todo, progress)
            for step in members:
                for digest in step.inputs:
                    self.used(digest)
        for step in unit.steps:
            self.tidy(step.digest)
        return done

    def _do(self, members: Sequence[Step], progress: Progress) -> dict[str, Facts]:
        inputs = [(i, self.value(i)) for i in members[0].inputs]
        begin = time.perf_counter()
        made = self._made(members, [v for _, v in inputs], progress)
        seconds = (time.perf_counter() - begin) / len(members)
        for step, value in zip(members, made, strict=True):
            self._remember(step.digest, value)
            events = _new_events(inputs[0][1], value) if step.kind in CHEAP else ()
            self.facts[step.digest] = Facts(seconds, rows_of(value), events)
            self._put(step, value, inputs)
        return {s.digest: self.facts[s.digest] for s in members}

    def _made(self, members: Sequence[Step], inputs: Sequence[Any], progress: Progress) -> list[Any]:
        """Values of steps that are done by one call, or one."""
        if len(members) > 1:
            try:
                return self._models(members, inputs, progress)
            except EconloomError:
                pass  # said again below by the step whose fault it is
        return [self._one(step, inputs, progress) for step in members]

    def _models(self, members: Sequence[Step], inputs: Sequence[Any], progress: Progress) -> list[Any]:
        models = [m for s in members for m in s.params["models"]]
        first = members[0]
        whole = Step(first.kind, first.name, {**first.params, "models": models}, first.inputs, first.digest)
        fits = self._performed(whole, inputs, progress)
        return [{m["key"]: fits[m["key"]] for m in s.params["models"]} for s in members]

    def _one(self, step: Step, inputs: Sequence[Any], progress: Progress) -> Any:
        try:
            return self._performed(step, inputs, progress)
        except EconloomError as error:
            raise FailedError(step, error) from error

    def _performed(self, step: Step, inputs: Sequence[Any], progress: Progress) -> Any:
        def within(done: int, size: int) -> None:
            progress(step.name, done, size)

        with one_blas_thread():  # the last digits of a product depend on how many threads share it
            return steps.perform(step, inputs, steps.Context(self.sources, within))

    def _put(self, step: Step, value: Any, inputs: Sequence[tuple[str, Any]]) -> None:
        """Keep a value in the cache, or hand it on to other processes."""
        keep = step.digest in self.kept or (self.facts[step.digest].seconds >= SLOW and step.kind not in NEVER)
        known = self._history(step)
        panels = values.named(inputs)
        if keep and self.shelf.keep(step, value, known, panels):
            return
        if step.digest in self.sent:
            self.exchange.keep(step, value, known, panels)

    def _history(self, step: Step) -> dict[str, Facts]:
        """Facts of a step and of those before it that are not kept by themselves."""
        found: dict[str, Facts] = {}
        pending = [step.digest]
        while pending:
            digest = pending.pop()
            if digest in found or digest not in self.facts:
                continue
            found[digest] = self.facts[digest]
            pending += [i for i in self.known[digest].inputs if i not in self.kept]
        return found


def _together(todo: Sequence[Step]) -> list[list[Step]]:
    """Steps one by one, and models of one batch at once where the first of them stands."""
    groups: dict[str, list[Step]] = {}
    for step in todo:
        groups.setdefault(batch_key(step) or step.digest, []).append(step)
    return list(groups.values())


def _new_events(before: Any, after: Any) -> tuple[Event, ...]:
    """What a step added to the history of a panel, or of a divided one."""
    old, new = getattr(before, "panel", before), getattr(after, "panel", after)
    added: tuple[Event, ...] = new.events[len(old.events) :]
    return added
