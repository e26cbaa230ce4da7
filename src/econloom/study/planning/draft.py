"""A version of a study on its way to a plan: the steps, columns and problems collected so far."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from econloom.core.errors import EconloomError, ExpressionError, StudyFileError, UsageError, did_you_mean, listed
from econloom.core.expressions import names_in, parse
from econloom.data import expressions
from econloom.data.expressions import Scope
from econloom.study.catalog import Facts
from econloom.study.document import KeyPath
from econloom.study.schema import StudySpec
from econloom.study.step import Step

_MACRO = re.compile(r"\$([^\W\d]\w*)")
_MOST_MACROS = 50


class Draft:
    """What the planning functions write to, in the order of the data.

    Attributes
    ----------
    steps : list of Step
    problems : list of EconloomError
        Faults with their places; :meth:`finish` raises them together.
    columns : list of str
        Columns of the panel so far.
    estimates : dict
        For each regression table its models' keys and the steps that estimate them.
    scope : Scope
        The study's lists and samples.
    """

    def __init__(self, spec: StudySpec, facts: Facts) -> None:
        self.spec = spec
        self.facts = facts
        self.steps: list[Step] = []
        self.problems: list[EconloomError] = []
        self.used: set[str] = set()
        self.columns: list[str] = []
        self.estimates: dict[str, list[tuple[str, Step]]] = {}
        self.scope = Scope(
            {n: tuple(items) for n, items in spec.lists.items()},
            {n: s.where for n, s in spec.samples.items()},
        )

    def finish(self) -> None:
        """Raise what was found.

        Raises
        ------
        StudyFileError
        """
        if self.problems:
            raise StudyFileError(self.problems)

    def add(self, kind: str, name: str, params: Mapping[str, Any], inputs: tuple[Step, ...], path: KeyPath) -> Step:
        """Append a step."""
        step = Step.make(kind, name, params, inputs, path)
        self.steps.append(step)
        return step

    def problem(self, error: EconloomError, path: KeyPath, key: bool = False) -> None:
        """Note a fault with its place; an expression's caret becomes a column of the file where it can."""
        if isinstance(error, ExpressionError):
            document = self.spec.document
            exact = self.typed_at(path) == error.text
            where = document.at(path, key, error.position if exact else None)
            dotted = ".".join(str(p) for p in path)
            if exact and where.source is not None and document.marks:
                error = UsageError(f"{dotted}: {error.problem}", where=where, hint=error.hint)
            else:
                error = error.within(dotted).at(where)
        else:
            error = error.at(self.spec.document.at(path, key))
        self.problems.append(error)

    def typed_at(self, path: KeyPath) -> Any:
        """What the study file holds at ``path``, or None."""
        here: Any = self.spec.document.data
        for step in path:
            try:
                here = here[step]
            except (KeyError, IndexError, TypeError):
                return None
        return here

    def expand(self, text: str, path: KeyPath) -> str:
        """Replace ``$name`` by the macro's text, macros inside macros too."""
        rounds = 0
        while match := _MACRO.search(text):
            name = match.group(1)
            if name not in self.spec.macros:
                self.problem(UsageError(f"no macro ${name}{did_you_mean(name, self.spec.macros)}"), path)
                return text.replace(match.group(), "1")
            text = text[: match.start()] + self.spec.macros[name] + text[match.end() :]
            rounds += 1
            if rounds > _MOST_MACROS:
                self.problem(UsageError(f"the macro ${name} contains itself"), path)
                return "1"
        return text

    def check(self, text: str, path: KeyPath) -> None:
        """Note the names and functions of an expression that do not exist."""
        try:
            expressions.check(text, self.columns, self.scope)
        except UsageError as error:
            self.problem(error, path)

    def column_known(self, name: str, path: KeyPath, what: str = "column") -> bool:
        """Whether the panel will have a column; notes a problem when not."""
        if name in self.columns:
            return True
        near = did_you_mean(name, self.columns)
        error = UsageError(f"no {what} {name!r}{near}", hint=f"columns: {listed(self.columns, 20)}")
        self.problem(error, path)
        return False

    def source(self, name: str, path: KeyPath) -> Step | None:
        """The step that reads a source."""
        if name not in self.spec.sources:
            near = did_you_mean(name, self.spec.sources)
            self.problem(UsageError(f"no source {name!r}{near}", hint=f"sources: {listed(self.spec.sources)}"), path)
            return None
        self.used.add(name)
        source, facts = self.spec.sources[name], self.facts[name]
        here: KeyPath = ("sources", name)
        if source.where is not None and facts.columns is not None:
            try:
                expressions.check(source.where, facts.columns, Scope(self.scope.lists))
            except UsageError as error:
                self.problem(error, (*here, "where"))
        kind = "read_tables" if facts.columns is None else "read_frame"
        params: dict[str, Any] = {
            "source": name,
            "layout": source.layout,
            "where": source.where,
            "digest": facts.digest,
        }
        if source.where is not None:
            params["lists"] = self.lists_in(source.where)
        return self.add(kind, f"read {name}", params, (), here)

    def samples_in(self, text: str) -> dict[str, str]:
        """The conditions of the samples that an expression uses, and of those that these use."""
        found: dict[str, str] = {}
        pending = [text]
        while pending:
            try:
                names = {n.name for n in names_in(parse(pending.pop()))}
            except UsageError:
                continue
            for name in sorted(names & set(self.spec.samples) - set(found)):
                found[name] = self.spec.samples[name].where
                pending.append(found[name])
        return found

    def lists_in(self, text: str) -> dict[str, list[Any]]:
        """The lists that an expression uses, so that a changed list changes the step."""
        found: dict[str, list[Any]] = {}
        for part in (text, *self.samples_in(text).values()):
            try:
                names = {n.name for n in names_in(parse(part))}
            except UsageError:
                continue
            found |= {n: list(self.spec.lists[n]) for n in sorted(names) if n in self.spec.lists}
        return found

    def short_path(self, *path: str) -> KeyPath:
        """The path of a value that may be written in short form, as it stands in the file."""
        return path[:-1] if isinstance(self.typed_at(path[:-1]), str) else path
