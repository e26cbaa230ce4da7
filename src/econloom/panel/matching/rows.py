"""The rows that are matched: treatment, covariates, outcome and groups as arrays, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from econloom.core.errors import DataError, EstimationError, UsageError, did_you_mean, listed
from econloom.core.estimate import CONSTANT
from econloom.core.frame import Panel
from econloom.core.lineage import Drop, SampleLog
from econloom.data.expressions import Scope
from econloom.panel.absorb import FloatArray, IntArray
from econloom.panel.columns import BoolArray, Columns, grouped
from econloom.panel.design import build_design, draw_sample, with_levels
from econloom.panel.formula import ModelSpec, Term, parse_formula
from econloom.panel.linear.selection import independent
from econloom.panel.request import Request


@dataclass(frozen=True)
class Rows:
    """Arrays of a matching, in the order of the panel.

    Attributes
    ----------
    formula, treatment : str
    rows : (n,) int array
        Positions in the panel.
    treated : (n,) bool array
    names : tuple of str
        Covariates, factors spelt out.
    X : (n, p) array
    outcome : str or None
    y : (n,) array or None
    groups : (n,) int array
        Groups within which rows are matched; one without exact matching.
    given : (n, q) array or None
        Columns that the distance is taken of, instead of the covariates.
    log : SampleLog
    """

    formula: str
    treatment: str
    rows: IntArray
    treated: BoolArray
    names: tuple[str, ...]
    X: FloatArray
    outcome: str | None
    y: FloatArray | None
    groups: IntArray
    given: FloatArray | None
    log: SampleLog

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.rows)


def rows_of(
    formula: str,
    panel: Panel,
    outcome: str | None = None,
    exact: tuple[str, ...] = (),
    on: tuple[str, ...] = (),
    where: Any = None,
    scope: Scope | None = None,
) -> Rows:
    """Draw the rows of a matching.

    Raises
    ------
    UsageError
        Effects or instruments in the formula, no covariate, an unknown column.
    DataError
        A treatment that is not 0/1.
    EstimationError
        No row, no treated or no untreated row is left.
    """
    model = parse_formula(formula)
    if model.effects or model.endogenous:
        raise UsageError(
            f"a matching takes no effects and no instruments: {model.text}", hint="exact=['year'] matches within groups"
        )
    if not model.terms:
        raise UsageError(f"a matching needs covariates: {model.text}", hint="treated ~ x1 + x2")
    columns = Columns(panel, where, scope)
    _refuse_other_treatment(columns, model)
    asked = Request(model, panel, where=where, scope=scope)
    sample = draw_sample(columns, asked)
    spelt = with_levels(columns, asked, sample)
    design = build_design([(columns, spelt)], sample)
    block = design.block
    kept, drops = _complete(panel, columns, design.rows, outcome, {"exact": exact, "on": on})
    log = SampleLog(sample.log.offered, (*sample.log.drops, *drops), int(kept.sum()))
    rows = design.rows[kept]
    treated = block[kept, design.positions([model.outcome])[0]] == 1
    _refuse_one_arm(treated, model.outcome.name, log)
    terms = spelt.model.terms
    y = None if outcome is None else _outcome(columns, outcome)[1][_inside(columns, rows)]
    groups = grouped(panel.with_rows(panel.frame[rows]), exact).codes if exact else np.zeros(len(rows), dtype=np.int64)
    names = tuple(t.name for t in terms)
    return Rows(
        formula, model.outcome.name, rows, treated, names, block[kept][:, design.positions(terms)],
        outcome, y, groups.astype(np.int64), _given(columns, on, rows), log,
    )  # fmt: skip


def _inside(columns: Columns, rows: IntArray) -> IntArray | slice:
    places = columns.places(rows)
    return slice(None) if places is None else places


def _refuse_other_treatment(columns: Columns, model: ModelSpec) -> None:
    name = model.outcome.name
    if columns.is_text(name):
        raise DataError(f"the treatment {name!r} holds text", hint=f"({name} == 'yes') as a column of 0 and 1")
    values = np.unique(columns.term(model.outcome, model.text))
    odd = [v for v in values if v not in (0.0, 1.0) and not np.isnan(v)]
    if odd:
        raise DataError(
            f"the treatment {name!r} is 0 or 1, but holds {listed([f'{v:g}' for v in odd], 5)}",
            hint="make a column of 0 and 1, such as (dose > 0)",
        )


def _refuse_one_arm(treated: BoolArray, name: str, log: SampleLog) -> None:
    for count, what in ((int(treated.sum()), "treated"), (int((~treated).sum()), "untreated")):
        if count == 0:
            raise EstimationError(
                f"no {what} row: {name!r} is {int(treated[0]) if len(treated) else '?'} in all\n{log}"
            )


def _outcome(columns: Columns, outcome: str) -> tuple[Term, FloatArray]:
    term = parse_formula(f"{outcome} ~ 1").outcome
    return term, columns.term(term, outcome)


def _complete(
    panel: Panel, columns: Columns, rows: IntArray, outcome: str | None, further: Mapping[str, tuple[str, ...]]
) -> tuple[BoolArray, list[Drop]]:
    """Which rows have the outcome and further columns, and what was dropped for each."""
    kept, drops = np.ones(len(rows), dtype=bool), []
    if outcome is not None:
        missing = np.isnan(_outcome(columns, outcome)[1][_inside(columns, rows)])
        drops.append(Drop(f"missing outcome {outcome}", int(missing.sum())))
        kept &= ~missing
    for option, names in further.items():
        for name in names:
            if name not in panel.columns:
                raise UsageError(f"{option}: no column {name!r}{did_you_mean(name, panel.columns)}")
            missing = panel.column(name)[rows].is_null().to_numpy() & kept
            drops.append(Drop(f"missing {name} ({option})", int(missing.sum())))
            kept &= ~missing
    return kept, [d for d in drops if d.rows]


def _given(columns: Columns, on: tuple[str, ...], rows: IntArray) -> FloatArray | None:
    if not on:
        return None
    return np.column_stack([columns.number(name, "on")[_inside(columns, rows)] for name in on])


@dataclass(frozen=True)
class Covariates:
    """Independent columns of the covariates with a constant last, and what was left out and why."""

    X: FloatArray
    names: tuple[str, ...]
    removed: tuple[tuple[str, str], ...]


def covariates(rows: Rows) -> Covariates:
    """The columns that a model of the score, or a distance, can use.

    Raises
    ------
    EstimationError
        No covariate varies.
    """
    ones = np.ones((rows.n, 1))
    kept = independent(np.hstack([ones, rows.X]))
    at = [j - 1 for j in kept if j > 0]
    gone = tuple(
        (name, "holds one value" if np.ptp(rows.X[:, j]) == 0 else "a combination of the others")
        for j, name in enumerate(rows.names)
        if j not in at
    )
    if not at:
        said = listed(f"{name} ({why})" for name, why in gone)
        raise EstimationError(f"no covariate tells rows apart: {said}")
    return Covariates(np.hstack([rows.X[:, at], ones]), (*(rows.names[j] for j in at), CONSTANT), gone)
