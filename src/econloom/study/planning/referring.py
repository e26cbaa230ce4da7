"""Columns of regression tables that other tables and figures are about: ``t3.c1``, by number or id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from econloom.core.errors import UsageError, did_you_mean, listed
from econloom.panel.formula import parse_formula
from econloom.study.document import KeyPath
from econloom.study.language.tables import RegressionTable
from econloom.study.planning.draft import Draft
from econloom.study.step import Step

REFERENCE = re.compile(r"([^\W\d]\w*)\.([^\W]\w*)")


@dataclass(frozen=True)
class Referred:
    """A column of a table with the step that estimates it."""

    address: str
    column: dict[str, Any]
    model: Mapping[str, Any]
    step: Step

    @property
    def terms(self) -> list[str]:
        """Terms of the stage that the column shows."""
        m = self.model
        if self.column["stage"] not in {"first", "reduced"}:
            return list(m["terms"])
        return [*m["instruments"], *(t for t in m["terms"] if t not in m["endogenous"])]

    @property
    def outcome(self) -> str:
        """The left side of the stage that the column shows."""
        if self.column["stage"] != "first":
            return str(self.model["outcome"])
        return str(self.column["endogenous"] or self.model["endogenous"][0])


def referred(draft: Draft, table: str, column: str | None, table_at: KeyPath, column_at: KeyPath) -> list[Referred]:
    """A column of a regression table by number (``c1``) or id, or all of its columns; none where there is a fault."""
    if not draft.one_of(table, draft.spec.tables, "table", table_at):
        return []
    if not isinstance(draft.spec.tables[table], RegressionTable):
        known = [n for n, t in draft.spec.tables.items() if isinstance(t, RegressionTable)]
        hint = f"regressions: {listed(known)}" if known else None
        draft.problem(UsageError(f"the table {table!r} has no models", hint=hint), table_at)
        return []
    shown = draft.estimates.get(table, [])
    names = {f"c{n}": n - 1 for n in range(1, len(shown) + 1)}
    ids = {c["id"]: n for n, (c, _) in enumerate(shown) if c["id"]}
    if not shown or (column is not None and not draft.one_of(column, names | ids, "column", column_at)):
        return []  # a table without models has a fault of its own
    wanted = range(len(shown)) if column is None else [(names | ids)[column]]
    return [Referred(f"{table}.c{n + 1}", shown[n][0], _model(*shown[n]), shown[n][1]) for n in wanted]


def _model(column: Mapping[str, Any], step: Step) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(m for m in step.params["models"] if m["key"] == column["key"])
    return found


def has(found: Referred, term: str) -> bool:
    """Whether a model will have a term; levels of ``i(x)`` are known from the data only."""
    return term in found.terms or ("::" in term and any("i(" in t for t in found.terms))


def no_term(found: Referred, term: str, what: str = "term") -> UsageError:
    """What to say of a term that a column does not have."""
    near = did_you_mean(term, found.terms)
    return UsageError(f"{found.address} has no {what} {term!r}{near}", hint=f"it has {listed(found.terms)}")


def addressed(draft: Draft, of: str, path: KeyPath) -> Referred | None:
    """The column that an address names; None where there is a fault."""
    parts = REFERENCE.fullmatch(of.strip())
    if parts is None:
        draft.problem(UsageError(f"{of!r} is no column of a table, such as t3.c1"), path)
        return None
    return next(iter(referred(draft, parts[1], parts[2], path, path)), None)


def spelt_out(draft: Draft, name: str, path: KeyPath) -> list[str]:
    """The terms of a macro, or a name as it is; none where there is a fault."""
    if "$" not in name:
        return [name]
    before = len(draft.problems)
    text = draft.expand(name, path)
    if len(draft.problems) > before:
        return []
    try:
        return [t.name for t in parse_formula(f"y ~ {text}").terms]
    except UsageError as error:
        draft.problem(error, path)
        return []
