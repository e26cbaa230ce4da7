"""What must run: from the results back to what is kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from econloom.study.cache.entry import DamagedError
from econloom.study.cache.facts import Facts
from econloom.study.cache.policy import CHEAP
from econloom.study.cache.shelf import Shelf
from econloom.study.plan import Plan
from econloom.study.step import Step


@dataclass(frozen=True)
class Schedule:
    """What a run does.

    Attributes
    ----------
    needed : tuple of Step
        The wanted steps and all behind them, in order.
    run : tuple of Step
        Those that must be done.
    load : mapping of str to tuple of str
        Those whose kept values are used, with the steps whose panels these name.
    present : frozenset of str
        Steps of which the cache has an entry.
    facts : mapping of str to Facts
        Of steps that were done before.
    faults : mapping of str to str
        Steps with an entry that cannot be used, and why.
    """

    needed: tuple[Step, ...]
    run: tuple[Step, ...]
    load: Mapping[str, tuple[str, ...]]
    present: frozenset[str]
    facts: Mapping[str, Facts]
    faults: Mapping[str, str]


def schedule(
    plan: Plan,
    targets: Iterable[str],
    shelf: Shelf,
    barred: Collection[str] = (),
    discard: bool = True,
) -> Schedule:
    """Walk back from the steps whose values are wanted to values that are kept.

    Parameters
    ----------
    plan : Plan
    targets : iterable of str
        Digests of steps.
    shelf : Shelf
    barred : collection of str
        Steps whose entries are not to be used.
    discard : bool
        Take damaged entries away.
    """
    wanted = set(targets)
    needed = plan.behind(wanted)
    facts: dict[str, Facts] = {}
    present: set[str] = set()
    faults: dict[str, str] = {}

    def damaged(step: Step, why: DamagedError) -> None:
        present.discard(step.digest)
        faults[step.digest] = str(why)
        if discard:
            shelf.discard(step, why)

    for step in needed:
        try:
            known = shelf.facts(step) if step.digest not in barred else None
        except DamagedError as why:
            damaged(step, why)
            continue
        if known is not None:
            present.add(step.digest)
            facts.update(known)
    load: dict[str, tuple[str, ...]] = {}
    run: list[Step] = []
    for step in reversed(needed):
        silent = step.kind in CHEAP and step.digest not in facts  # what it did to columns is told of each run
        if step.digest not in wanted and not silent:
            continue
        if step.digest in present:
            try:
                load[step.digest] = shelf.prove(step)
                wanted |= set(load[step.digest])
                continue
            except DamagedError as why:
                damaged(step, why)
        run.append(step)
        wanted |= set(step.inputs)
    return Schedule(needed, tuple(reversed(run)), load, frozenset(present), facts, faults)
