"""Doing what a schedule says, in this process and in helpers beside it."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from econloom.core.errors import OutputError, UsageError
from econloom.core.processes import alive
from econloom.study.cache import inventory
from econloom.study.cache.facts import Facts
from econloom.study.cache.policy import NEVER, joints, kept
from econloom.study.cache.shelf import Shelf
from econloom.study.catalog import SourceFacts
from econloom.study.engine.bench import Bench, FailedError, LostError
from econloom.study.engine.board import Board
from econloom.study.engine.helpers import PATIENCE, Answer, Helpers
from econloom.study.engine.memory import largest
from econloom.study.engine.schedule import Schedule, schedule
from econloom.study.engine.units import Unit, units
from econloom.study.plan import Plan

MOST = 8
"""Processes at most, unless a number is asked for."""
VARIABLE = "ECONLOOM_JOBS"
_PREFIX = "econloom-exchange-"
Tell = Callable[[int, int, str, int, int], object]


@dataclass(frozen=True)
class Done:
    """What was done.

    Attributes
    ----------
    schedule : Schedule
    values : mapping of str to object
        Of the steps that were asked for.
    facts : mapping of str to Facts
        Of the needed steps, as far as they are known.
    warnings : tuple of str
        Of the cache.
    memory : int
        Largest size of all processes together, in bytes.
    jobs : int
        Processes that took part.
    """

    schedule: Schedule
    values: Mapping[str, Any]
    facts: Mapping[str, Facts]
    warnings: tuple[str, ...] = ()
    memory: int = 0
    jobs: int = 1


def processes(jobs: int | None) -> int:
    """How many processes may be at work; ECONLOOM_JOBS stands for a number that was not asked for.

    Raises
    ------
    UsageError
        Fewer than one.
    """
    if jobs is None:
        stated = os.environ.get(VARIABLE, "")
        if stated:
            return _stated(stated)
        available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return min(available, MOST)
    if jobs < 1:
        raise UsageError(f"jobs: at least 1, not {jobs}")
    return jobs


def _stated(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"{VARIABLE}: {text!r} is no number of processes", hint="1 or more")
    return int(text)


def perform(
    plan: Plan,
    sources: Mapping[str, Mapping[str, SourceFacts]],
    targets: Iterable[str],
    shelf: Shelf,
    tell: Tell,
    jobs: int | None = None,
) -> Done:
    """Do steps, and those that they need, as far as their values are not kept.

    Parameters
    ----------
    plan : Plan
    sources : mapping of str to mapping of str to SourceFacts
        By version and name.
    targets : iterable of str
        Digests of the steps whose values are wanted.
    shelf : Shelf
    tell : callable
        ``tell(number, total, name, done, size)`` of each step.
    jobs : int, optional
        Processes at once; by default as many as there are processors (8 at most), and helpers start only after a
        second of work.

    Raises
    ------
    EconloomError
        With the step's name and its place in the study file.
    """
    goal = frozenset(targets)
    by_digest = {f.digest: f for version in sources.values() for f in version.values()}
    wanted = processes(jobs)
    barred: set[str] = set()
    while True:
        todo = schedule(plan, goal, shelf, barred)
        try:
            with _exchange() as folder:
                done = _Running(plan, by_digest, goal, shelf, tell, todo, folder).run(wanted, jobs is None)
            if todo.run:
                inventory.bound(shelf.folder, shelf.limit)
            return done
        except LostError as lost:  # gone or unreadable since it was looked at
            if lost.step.digest in barred:
                said = f"{lost.step.name}: its value was made and could not be read back ({lost.why})"
                raise OutputError(said, hint="free space for temporary files, or --jobs 1 --no-cache") from lost
            shelf.discard(lost.step, lost.why)
            barred.add(lost.step.digest)
        except FailedError as failed:
            error = failed.error.within(failed.step.name)
            raise error.at(plan.spec.document.at(failed.step.path)) from failed.error


@contextmanager
def _exchange() -> Iterator[Path]:
    """A folder for values that processes hand one another; those of processes that were killed are cleared away."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = left.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdecimal() and not alive(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@dataclass
class _Running:
    plan: Plan
    sources: Mapping[str, SourceFacts]
    targets: frozenset[str]
    shelf: Shelf
    tell: Tell
    todo: Schedule
    folder: Path
    lock: threading.Lock = field(default_factory=threading.Lock)
    sizes: dict[int, int] = field(default_factory=dict)
    told: int = 0

    def run(self, wanted: int, patient: bool) -> Done:
        targets = self.targets
        finished, outputs = joints(self.plan.steps), self.plan.targets()
        keeps = frozenset(s.digest for s in self.todo.needed if kept(s, finished, outputs))
        here = any(s.kind in NEVER and s.digest in targets for s in self.todo.run)  # such a value is not handed over
        alone = here or wanted == 1 or len(self.todo.run) < 2
        work = units(self.todo.run, self._sent(keeps | targets, alone))
        self.bench = Bench(
            known={s.digest: s for s in self.plan.steps},
            sources=self.sources,
            shelf=self.shelf,
            exchange=Shelf(None if alone else self.folder),
            kept=keeps,
            sent=frozenset() if alone else targets.union(*(u.needs for u in work)),
            facts=dict(self.todo.facts),
            uses=self._uses(work),
            hold=targets,
            named=self.todo.load,
        )
        board = Board(work)
        number = 0 if alone else min(wanted - 1, len(work) - 1)
        helpers = Helpers(self.bench, board, number, wanted, self._heard, PATIENCE if patient else 0.0)
        with helpers if number else nullcontext():
            self._work(board)
        if board.fault is not None:
            raise board.fault[1]
        values = {d: self.bench.value(d) for d in targets}
        memory = largest() + sum(self.sizes.values())
        return Done(self.todo, values, self.bench.facts, tuple(self.shelf.said), memory, 1 + len(helpers.processes))

    def _sent(self, keeps: Collection[str], alone: bool) -> dict[str, bool]:
        """Whether each value can be a unit's result: kept ones, and where there are helpers those that several use."""
        used = Counter(i for s in self.todo.run for i in s.inputs)
        return {
            s.digest: (s.kind not in NEVER or s.digest in self.targets)
            and (s.digest in keeps or not used[s.digest] or (not alone and used[s.digest] > 1))
            for s in self.todo.run
        }

    def _uses(self, work: Iterable[Unit]) -> Counter[str]:
        """How often each value will be taken: by steps, and by kept values that name panels."""
        found = Counter(i for u in work for s in u.steps for i in s.inputs)
        found.update(i for named in self.todo.load.values() for i in named)
        return found

    def _work(self, board: Board) -> None:
        while (unit := board.take()) is not None:
            try:
                self._tell(unit, "", 0, 0)
                self.bench.do(unit, partial(self._tell, unit))
            except (FailedError, LostError) as fault:
                board.fail(unit, fault)
                continue
            except BaseException:
                board.stop()
                raise
            self._counted(unit)
            board.finish(unit)

    def _tell(self, unit: Unit, name: str, done: int, size: int) -> None:
        total = len(self.todo.run)
        self.tell(min(self.told + 1, total), total, name or unit.name, done, size)

    def _heard(self, unit: Unit, answer: Answer) -> None:
        """A helper has done a unit."""
        self.bench.facts.update(answer.facts)
        self.shelf.said.update(dict.fromkeys(answer.said))
        self.sizes[threading.get_ident()] = answer.memory
        self._counted(unit)
        for digest in [i for s in unit.steps for i in s.inputs]:
            self.bench.used(digest)

    def _counted(self, unit: Unit) -> None:
        with self.lock:
            self.told += len(unit.steps)
