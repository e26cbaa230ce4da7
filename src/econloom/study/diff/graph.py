"""The steps of a run as a graph: what a table was made from, and which of it a number could feel."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from econloom.core.errors import UsageError
from econloom.core.expressions import names_in, parse

Step = Mapping[str, Any]
READING = {"read_frame", "read_tables", "read_places", "simulate"}
_WORD = re.compile(r"[^\W\d]\w*")
_HASH = re.compile(r"[0-9a-f]{16}")


def words(value: Any) -> set[str]:
    """Every word of some parameters that may be the name of a column.

    Examples
    --------
    >>> sorted(words(["y ~ log(x)", "code"]))
    ['code', 'log', 'x', 'y', 'y ~ log(x)']
    """
    if isinstance(value, str):
        return set(_WORD.findall(value)) | {value}
    if isinstance(value, Mapping):
        return {w for inner in value.values() for w in words(inner)} | {str(k) for k in value}
    if isinstance(value, list | tuple):
        return {w for inner in value for w in words(inner)}
    return set()


def words_of(values: Iterable[Any]) -> set[str]:
    """The words of the values alone, without keys."""
    return {w for value in values for w in words(list(value.values()) if isinstance(value, Mapping) else value)}


@lru_cache(maxsize=4096)
def used(text: str) -> frozenset[str]:
    """Names that a formula uses."""
    try:
        return frozenset(n.name for n in names_in(parse(text)))
    except UsageError:
        return frozenset(words(text))


@dataclass(frozen=True)
class Felt:
    """What a number could feel.

    Attributes
    ----------
    names : frozenset of str
        Columns, through the formulas in between.
    steps : tuple of Step
        In order; those that only bring other columns are left out.
    """

    names: frozenset[str]
    steps: tuple[Step, ...]


class Graph:
    """The steps of one run's ``plan.json``."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self.steps: tuple[Step, ...] = tuple(plan["steps"])
        self.by_digest = {str(s["digest"]): s for s in self.steps}
        self.outputs: Mapping[str, Mapping[str, Any]] = plan.get("outputs") or {}
        self.written: Mapping[str, Any] = plan.get("written") or {}
        self.places: dict[tuple[str | int, ...], str] = {tuple(p): w for p, w in plan.get("places") or ()}

    def target(self, version: str, table: str) -> Step | None:
        """The step that makes a table or figure of a version."""
        for part in ("tables", "figures"):
            made = self.outputs.get(version, {}).get(part)
            digest = made.get(table) if isinstance(made, dict) else None
            if isinstance(digest, str) and digest in self.by_digest:
                return self.by_digest[digest]
        return None

    def panel(self) -> tuple[Step, ...]:
        """The steps of the main panel of the default version."""
        step = self.by_digest.get(str(self.outputs.get("default", {}).get("panel")))
        return () if step is None else self.upstream(step)

    def upstream(self, target: Step) -> tuple[Step, ...]:
        """A step and all before it, in order."""
        digest = str(target["digest"])
        if digest not in self._before:
            wanted = {digest}
            for step in reversed(self.steps):
                if step["digest"] in wanted:
                    wanted |= set(step["inputs"])
            self._before[digest] = tuple(s for s in self.steps if s["digest"] in wanted)
        return self._before[digest]

    @cached_property
    def _before(self) -> dict[str, tuple[Step, ...]]:
        return {}

    def models(self, target: Step) -> dict[str, tuple[Mapping[str, Any], Step]]:
        """The models that a step refers to, by key, each with the step that estimates it."""
        wanted = set(_HASH.findall(json.dumps(target["params"])))
        found: dict[str, tuple[Mapping[str, Any], Step]] = {}
        for step in self.upstream(target):
            if step["kind"] == "estimate":
                for model in step["params"].get("models", ()):
                    if isinstance(model, dict) and model.get("key") in wanted:
                        found.setdefault(str(model["key"]), (model, step))
        return found

    def columns(self, target: Step) -> list[Mapping[str, Any]]:
        """The columns of a table of regressions, as planned."""
        listed = target["params"].get("columns")
        return [c for c in listed if isinstance(c, dict)] if isinstance(listed, list) else []

    def felt(self, target: Step, start: Iterable[str], estimates: Iterable[str] | None = None) -> Felt:
        """What is felt by numbers of a step that name some columns.

        Parameters
        ----------
        target : Step
        start : iterable of str
            Names in what makes the number.
        estimates : iterable of str, optional
            Digests of the steps that estimate its models; all before ``target`` by default.
        """
        chosen = None if estimates is None else set(estimates)
        names, wanted, kept = set(start), {str(target["digest"])}, []
        for step in reversed(self.upstream(target)):
            if chosen is not None and step["kind"] == "estimate" and step["digest"] not in chosen:
                continue
            if step["digest"] not in wanted:
                continue
            passed, named, felt = _through(step, names)
            wanted |= set(passed)
            names |= named
            if felt:
                kept.append(step)
        return Felt(frozenset(names), tuple(reversed(kept)))


def _through(step: Step, names: set[str]) -> tuple[list[str], set[str], bool]:
    """Inputs of a step that matter, names that it adds, and whether it is felt itself."""
    kind, params, inputs = step["kind"], step["params"], list(step["inputs"])
    if kind == "variable":
        felt = params.get("name") in names or any(n.startswith(f"{params.get('name')}_") for n in names)
        more = {*used(str(params.get("formula", ""))), *words_of([params.get("samples", {}), params.get("lists", {})])}
        return inputs, more if felt else set(), felt
    if kind == "attach":
        felt = params.get("name") in names
        return inputs if felt else inputs[:1], words(str(params.get("measure", ""))) if felt else set(), felt
    if kind == "join":
        brought = {new: old for new, old in (params.get("columns") or {}).items() if new in names}
        named = {*map(str, brought.values()), *map(str, params.get("on") or ())}
        return inputs if brought else inputs[:1], named if brought else set(), bool(brought)
    if kind == "range":
        return inputs, set(), False
    if kind in {"policy", "rings"}:
        felt = bool(names & set(map(str, (params.get("makes") or {}).values()))) if kind == "policy" else True
        return inputs if felt else inputs[:1], words(params) if felt else set(), felt
    if kind == "aggregate":
        made = {n: str(text) for n, text in (params.get("make") or {}).items() if n in names}
        return inputs, {*(w for text in made.values() for w in used(text)), *map(str, params.get("by") or ())}, True
    if kind == "drop":
        return inputs, {*used(str(params.get("where", ""))), *words(params.get("lists", {}))}, True
    if kind in READING:
        return inputs, words(params.get("where") or ""), True
    return inputs, words(params) if kind in {"start", "split", "prepare", "dates", "match"} else set(), True
