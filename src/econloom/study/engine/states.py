"""What a run would do with every step, and why: told against the last run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from econloom.study.cache import code
from econloom.study.cache.shelf import Shelf
from econloom.study.engine.schedule import Schedule, schedule
from econloom.study.plan import Plan
from econloom.study.step import Step

State = Literal["cached", "run", "not needed"]
_MOST = 3
_DERIVED = {"key", "terms", "effects", "outcome", "labels", "controls"}
"""Parameters that follow from others, told only where nothing else changed."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a run would do with a step.

    Attributes
    ----------
    step : Step
    state : {"cached", "run", "not needed"}
        ``not needed``: no value of it is kept, and what is made from it is.
    why : str
        Of a step that would run.
    """

    step: Step
    state: State
    why: str = ""


def outlook(
    plan: Plan, names: Iterable[str], shelf: Shelf, last: Mapping[str, Any], record: Mapping[str, Any]
) -> tuple[Outlook, ...]:
    """What a run would do, without changing anything.

    Parameters
    ----------
    plan : Plan
    names : iterable of str
        Ids of tables and figures.
    shelf : Shelf
    last, record : mapping
        ``plan.json`` and ``run.json`` of the last run; empty where there are none.
    """
    todo = schedule(plan, plan.targets(names), shelf, discard=False)
    runs = {s.digest for s in todo.run}
    before = _Before(last, record)
    names_of = {s.digest: s.name for s in todo.needed}
    found = []
    for step in todo.needed:
        if step.digest in runs:
            stale = [names_of[i] for i in step.inputs if i in runs]
            found.append(Outlook(step, "run", _reason(step, todo, before, stale)))
        else:
            found.append(Outlook(step, "cached" if step.digest in todo.present else "not needed"))
    return tuple(found)


class _Before:
    """The steps of the last run, to be found by content and by place."""

    def __init__(self, last: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        steps = [s for s in last.get("steps", ()) if isinstance(s, dict)]
        self.digests = {s.get("digest") for s in steps}
        self.recipes = {s.get("recipe") for s in steps}
        self.places: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        for s in steps:
            for place in _places(s.get("kind"), s.get("name"), s.get("path") or ()):
                self.places[place].append(s)
        self.code = record.get("code") or {}
        self.known = bool(steps)

    def like(self, step: Step) -> Mapping[str, Any] | None:
        """The step of the last run that stood where this one stands."""
        for place in _places(step.kind, step.name, step.path):
            if self.places.get(place):
                same = [s for s in self.places[place] if s.get("params") == dict(step.params)]
                return (same or self.places[place])[0]
        return None


def _places(kind: Any, name: Any, path: Iterable[Any]) -> list[tuple[Any, ...]]:
    """The name in its place, then the place alone."""
    place = tuple(path)
    return [(kind, name, *place), (kind, *place)] if len(place) > 1 else [(kind, name, *place)]


def _reason(step: Step, todo: Schedule, before: _Before, stale: list[str]) -> str:
    if step.digest in todo.faults:
        return f"the kept value is damaged: {todo.faults[step.digest]}"
    if step.digest in before.digests:
        return f"needed by what runs, and not kept: made from {stale[0]!r}" if stale else "not in the cache"
    if step.recipe in before.recipes:
        return f"code changed: {code.changes(before.code, code.current()) or 'another version'}"
    old = before.like(step)
    if old is None:
        return "new" if before.known else "never run"
    changed = list(_changes(old.get("params") or {}, dict(step.params)))
    told = [c for c in changed if c[0].rsplit(".", 1)[-1] not in _DERIVED] or changed
    if told:
        return "; ".join(_said(*c) for c in told[:_MOST]) + (f" and {len(told) - _MOST} more" if told[_MOST:] else "")
    if stale:
        return f"input changed: {stale[0]}" + (f" and {len(stale) - 1} more" if stale[1:] else "")
    return "not in the cache"


def _said(name: str, old: Any, new: Any) -> str:
    if name == "digest":
        return f"the content of the source changed ({str(old)[:8]} -> {str(new)[:8]})"
    return f"{name} changed from {_short(old)} to {_short(new)}"


def _short(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _changes(old: Any, new: Any, at: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Places where two JSON-like values differ, with both values."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            yield from _changes(old.get(key), new.get(key), f"{at}.{key}" if at and at != "models" else str(key))
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple) and len(old) == len(new):
        for a, b in zip(old, new, strict=True):
            yield from _changes(a, b, at)
    elif old != new and not (
        isinstance(old, list | tuple) and isinstance(new, list | tuple) and list(old) == list(new)
    ):
        yield at, old, new
