"""Steps in the units that are done at once: models that share rows and effects, states of a panel on its way."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from econloom.study.step import Step


@dataclass(frozen=True)
class Unit:
    """Steps that one process does together.

    Attributes
    ----------
    number : int
        Place in the order of the plan; the lower goes first.
    steps : tuple of Step
        In order.
    needs : frozenset of str
        Steps of other units whose values it takes.
    """

    number: int
    steps: tuple[Step, ...]
    needs: frozenset[str]

    @property
    def name(self) -> str:
        """Of what it makes."""
        return self.steps[-1].name


def batch_key(step: Step) -> str | None:
    """Models with an equal key are estimated by one call; None for other steps.

    They take the same rows, effects and weights, so that these are evaluated and factorised once
    (:func:`econloom.panel.fit.fit_many`).
    """
    if step.kind != "estimate":
        return None
    shared = {k: v for k, v in step.params.items() if k != "models"}
    models = step.params["models"]
    return json.dumps([step.inputs, shared, [[m["effects"], m["weights"]] for m in models[:1]]], sort_keys=True)


def units(run: Sequence[Step], sent: Mapping[str, bool]) -> tuple[Unit, ...]:
    """The units of a run.

    Parameters
    ----------
    run : sequence of Step
        What must be done, in order.
    sent : mapping of str to bool
        Whether a step's value goes from process to process; one that does not is part of every unit that needs it.
    """
    by_digest = {s.digest: s for s in run}
    batches: dict[str, list[Step]] = {}
    for step in run:
        if sent[step.digest]:
            batches.setdefault(batch_key(step) or step.digest, []).append(step)
    place = {s.digest: n for n, s in enumerate(run)}
    made = []
    for members in batches.values():
        within = _closure(members, by_digest, sent)
        steps = sorted((by_digest[d] for d in within), key=lambda s: place[s.digest])
        needs = frozenset(i for s in steps for i in s.inputs if i in by_digest and i not in within)
        made.append(Unit(0, tuple(steps), needs))
    ordered = sorted(made, key=lambda u: place[u.steps[-1].digest])
    return _numbered(ordered, place)


def _closure(members: Iterable[Step], by_digest: Mapping[str, Step], sent: Mapping[str, bool]) -> set[str]:
    """The members and the steps before them whose values are not sent."""
    found = {s.digest for s in members}
    pending = list(found)
    while pending:
        for i in by_digest[pending.pop()].inputs:
            if i in by_digest and not sent[i] and i not in found:
                found.add(i)
                pending.append(i)
    return found


def _numbered(made: Sequence[Unit], place: Mapping[str, int]) -> tuple[Unit, ...]:
    """Units after those that they need: a batch stands where its last member does, what needs its first one later."""
    maker = {s.digest: u for u in made for s in u.steps}
    order: list[Unit] = []
    seen: set[int] = set()

    def add(unit: Unit) -> None:
        stack = [unit]
        while stack:
            top = stack[-1]
            if id(top) in seen:
                stack.pop()
                continue
            missing = [maker[d] for d in sorted(top.needs, key=place.__getitem__) if id(maker[d]) not in seen]
            if missing:
                stack.extend(reversed(missing))
                continue
            seen.add(id(top))
            order.append(top)
            stack.pop()

    for unit in made:
        add(unit)
    return tuple(Unit(n, u.steps, u.needs) for n, u in enumerate(order))
