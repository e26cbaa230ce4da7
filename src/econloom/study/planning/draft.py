"""A version of a study on its way to a plan: the steps, panels and problems collected so far."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from econloom.core.errors import EconloomError, ExpressionError, StudyFileError, UsageError, did_you_mean, listed
from econloom.core.expressions import Binary, Name, Node, Number, children, names_in, parse
from econloom.data import expressions
from econloom.data.expressions import Scope
from econloom.study.catalog import Facts
from econloom.study.document import KeyPath
from econloom.study.language.data import DatedList, Panel
from econloom.study.planning.names import matched_columns
from econloom.study.schema import MAIN, StudySpec
from econloom.study.step import Step

_MACRO = re.compile(r"\$([^\W\d]\w*)")
_MOST_MACROS = 50


@dataclass
class PanelDraft:
    """One panel so far.

    Attributes
    ----------
    name : str
    spec : Panel
    path : tuple
        Its place in the study file.
    step : Step
        The step whose value it is now.
    columns : list of str
    drawn : dict of str to Step
        Matched samples of its rows, by name: their columns are there for whom they are named by.
    """

    name: str
    spec: Panel
    path: KeyPath
    step: Step
    columns: list[str] = field(default_factory=list)
    drawn: dict[str, Step] = field(default_factory=dict)

    @property
    def known(self) -> Collection[str]:
        """Names that expressions may use."""
        return (
            [*self.columns, *(c for name in self.drawn for c in matched_columns(name))] if self.drawn else self.columns
        )

    @property
    def span(self) -> tuple[int, int] | None:
        """The sample's periods, where more were loaded."""
        return self.spec.span if self.spec.load is not None else None


class Draft:
    """What the planning functions write to, in the order of the data.

    Attributes
    ----------
    steps : list of Step
    problems : list of EconloomError
        Faults with their places; :meth:`finish` raises them together.
    panels : dict of str to PanelDraft
        Finished panels, by name.
    notes : list of str
        What is left out of tables that are made.
    estimates : dict
        For each regression table its columns and the steps that estimate them.
    macros : dict of str to str
        The study's, and one for each set of rings.
    divided : dict
        By panel and split, the step that divides the panel.
    scope : Scope
        The study's lists and samples.
    """

    def __init__(self, spec: StudySpec, facts: Facts) -> None:
        self.spec = spec
        self.facts = facts
        self.steps: list[Step] = []
        self.problems: list[EconloomError] = []
        self.notes: list[str] = []
        self.used: set[str] = set()
        self.macros: dict[str, str] = dict(spec.macros)
        self.panels: dict[str, PanelDraft] = {}
        self.estimates: dict[str, list[tuple[dict[str, Any], Step]]] = {}
        self.divided: dict[tuple[str, str], Step] = {}
        self.conditions = {n: s.where or matched_columns(n)[0] for n, s in spec.samples.items()}
        lists = {n: tuple(items) for n, items in spec.lists.items() if not isinstance(items, DatedList)}
        dated = {
            n: tuple(m.name for m in items.members) for n, items in spec.lists.items() if isinstance(items, DatedList)
        }
        self.scope = Scope(lists | dated, self.conditions)

    def finish(self) -> None:
        """Raise what was found.

        Raises
        ------
        StudyFileError
        """
        if self.problems:
            raise StudyFileError(self.problems)

    def add(
        self,
        kind: str,
        name: str,
        params: Mapping[str, Any],
        inputs: tuple[Step, ...],
        path: KeyPath,
    ) -> Step:
        """Append a step."""
        step = Step.make(kind, name, params, inputs, path)
        self.steps.append(step)
        return step

    def panel_path(self, name: str) -> KeyPath:
        """Where a panel stands in the file."""
        return ("panel",) if name == MAIN and self.spec.panel is not None else ("panels", name)

    @property
    def main(self) -> PanelDraft:
        """The panel of tables that do not name another."""
        return self.panels[self.spec.main]

    # problems ------------------------------------------------------------------------------------------------------

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
        if str(error) not in {str(p) for p in self.problems}:
            self.problems.append(error)

    def note(self, text: str) -> None:
        """Say once what is left out of what is made."""
        if text not in self.notes:
            self.notes.append(text)

    def typed_at(self, path: KeyPath) -> Any:
        """What the study file holds at ``path``, or None."""
        here: Any = self.spec.document.data
        for step in path:
            try:
                here = here[step]
            except (KeyError, IndexError, TypeError):
                return None
        return here

    def short_path(self, *path: str | int) -> KeyPath:
        """The path of a value that may be written in short form, as it stands in the file."""
        return path[:-1] if isinstance(self.typed_at(path[:-1]), str) else path

    # names and expressions -------------------------------------------------------------------------------------------

    def expand(self, text: str, path: KeyPath) -> str:
        """Replace ``$name`` by the macro's text, macros inside macros too."""
        rounds = 0
        while match := _MACRO.search(text):
            name = match.group(1)
            if name not in self.macros:
                self.problem(UsageError(f"no macro ${name}{did_you_mean(name, self.macros)}"), path)
                return text.replace(match.group(), "1")
            text = text[: match.start()] + self.macros[name] + text[match.end() :]
            rounds += 1
            if rounds > _MOST_MACROS:
                self.problem(UsageError(f"the macro ${name} contains itself"), path)
                return "1"
        return text

    def check(self, text: str, path: KeyPath, columns: Collection[str], samples: bool = True) -> None:
        """Note the names and functions of an expression that do not exist."""
        scope = self.scope if samples else Scope(self.scope.lists)
        try:
            expressions.check(text, columns, scope)
        except UsageError as error:
            self.problem(error, path)

    def column_known(self, name: str, panel: PanelDraft, path: KeyPath, what: str = "column") -> bool:
        """Whether a panel will have a column; notes a problem when not."""
        if name in panel.known:
            return True
        near = did_you_mean(name, panel.columns)
        error = UsageError(f"no {what} {name!r}{near}", hint=f"columns: {listed(panel.columns, 20)}")
        self.problem(error, path)
        return False

    def one_of(self, name: str, known: Collection[str], what: str, path: KeyPath) -> bool:
        """Whether a name is defined; notes a problem with the nearest one when not."""
        if name in known:
            return True
        hint = f"{what}s: {listed(known)}" if known else f"the study has no {what}s"
        self.problem(UsageError(f"no {what} {name!r}{did_you_mean(name, known)}", hint=hint), path)
        return False

    def samples_in(self, text: str) -> dict[str, str]:
        """The conditions of the samples that an expression uses, and of those that these use."""
        found: dict[str, str] = {}
        pending = [text]
        while pending:
            names = {n.name for n in names_in(parsed)} if (parsed := _parsed(pending.pop())) else set()
            for name in sorted(names & set(self.conditions) - set(found)):
                found[name] = self.conditions[name]
                pending.append(found[name])
        return found

    def lists_in(self, text: str) -> dict[str, list[Any]]:
        """The lists that an expression uses, so that a changed list changes the step; dated ones as ``oecd@2013``."""
        found: dict[str, list[Any]] = {}
        for part in (text, *self.samples_in(text).values()):
            node = _parsed(part)
            if node is None:
                continue
            names = {n.name for n in names_in(node)}
            found |= {n: list(self.scope.lists[n]) for n in sorted(names) if n in self.scope.lists}
            for name, year in dated_in(node):
                listed_then = self.spec.lists.get(name)
                if isinstance(listed_then, DatedList):
                    found[f"{name}@{year}"] = list(listed_then.at(year))
        return found


def dated_in(node: Node) -> list[tuple[str, int]]:
    """Every ``list@year`` of an expression."""
    found: list[tuple[str, int]] = []
    pending = [node]
    while pending:
        here = pending.pop()
        if (
            isinstance(here, Binary)
            and here.op == "@"
            and isinstance(here.left, Name)
            and isinstance(here.right, Number)
        ):
            found.append((here.left.name, int(here.right.value)))
        pending += children(here)
    return found


def _parsed(text: str) -> Node | None:
    try:
        return parse(text)
    except UsageError:
        return None
