"""From a panel and a model to variables on a grid of units and periods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from econloom.core.errors import UsageError
from econloom.core.estimate import CONSTANT
from econloom.core.frame import Panel
from econloom.core.lineage import SampleLog
from econloom.panel.absorb import FloatArray, IntArray
from econloom.panel.columns import BoolArray, Columns, grouped
from econloom.panel.design import Sample, draw_sample, with_levels
from econloom.panel.dynamics.asked import GmmIV, Options, StdIV, Where
from econloom.panel.formula import ModelSpec, Term, parse_formula
from econloom.panel.linear.dynamic import GmmStyle, Standard
from econloom.panel.request import Request

MOST_CELLS = 400_000_000
"""Units x periods x columns that the grid may have."""
SPARSE = 20
"""Periods of the grid for each that has rows; more is a date, not a period."""


@dataclass(frozen=True)
class Drawn:
    """Variables of a model on the grid.

    Attributes
    ----------
    model : ModelSpec
        With factors spelt out.
    names : tuple of str
        Of the regressors; the constant first, where there is one, so that dummies give way to it.
    complete : (N, T) bool array
        Rows with every variable.
    outcome : (N, T) array
    regressors : (N, T, k) array
    specs : tuple of GmmStyle or Standard
    log : SampleLog
        Up to the complete rows.
    constant : bool
    dummies : tuple of str
        Names of the time effects.
    unit, time : str
    """

    model: ModelSpec
    names: tuple[str, ...]
    complete: BoolArray
    outcome: FloatArray
    regressors: FloatArray
    specs: tuple[GmmStyle | Standard, ...]
    log: SampleLog
    constant: bool
    dummies: tuple[str, ...]
    unit: str
    time: str


def drawn(
    panel: Panel, model: ModelSpec, given: Sequence[GmmIV | StdIV], where: Any, time_effects: bool,
    options: Options,
) -> Drawn:  # fmt: skip
    """Draw the rows of a model and put its variables on the grid.

    Raises
    ------
    UsageError, DataError, EstimationError
        As :func:`econloom.panel.design.draw_sample`; a grid that is mostly empty and too large.
    """
    drawer = _Drawer(panel, model, given, where)
    dummies = drawer.dummies() if time_effects else {}
    values = {t.name: drawer.put(t) for t in drawer.spelt(model.terms)} | dummies
    constant = options.system and model.intercept
    if constant:
        values = {CONSTANT: np.where(drawer.complete, 1.0, np.nan), **values}
    if not values:
        raise UsageError(f"a dynamic panel needs a regressor: {model.text}", hint="y ~ l(y, 1) + x")
    side: Where = "level" if options.system else "difference"
    specs = [s for one in given for s in drawer.instruments(one, options)]
    specs += [Standard(name, d, side, group="time effects") for name, d in dummies.items()]
    return Drawn(
        model, tuple(values), drawer.complete, drawer.put(model.outcome), np.stack(list(values.values()), axis=2),
        tuple(specs), drawer.sample.log, constant, tuple(dummies), str(panel.unit), str(panel.time),
    )  # fmt: skip


class _Drawer:
    """The rows of a model and their places on the grid.

    Attributes
    ----------
    sample : Sample
    complete : (N, T) bool array
    """

    def __init__(self, panel: Panel, model: ModelSpec, given: Sequence[GmmIV | StdIV], where: Any) -> None:
        self.panel, self.model = panel, model
        for one in given:
            if not isinstance(one, GmmIV | StdIV):
                raise UsageError(f"instruments: el.gmm_iv(...) and el.std_iv(...), not {one!r}")
        self.terms = {one: _terms(one.names) for one in given}
        standard = tuple(t for one in given if isinstance(one, StdIV) for t in self.terms[one])
        self.asked = Request(replace(model, instruments=standard), panel, where=where, unit=panel.unit)
        self.columns = Columns(panel, where)
        self.all_rows = self.columns if where is None else Columns(panel, None)
        self.sample: Sample = draw_sample(self.columns, self.asked)
        codes = grouped(panel, (str(panel.unit),)).codes
        times = panel.column(str(panel.time)).to_numpy()
        self.units = np.unique(codes[self.sample.rows])
        self.first = int(times.min())
        self.periods = int(times.max()) - self.first + 1
        self.refuse_size()
        place = np.full(int(codes.max()) + 1, -1)
        place[self.units] = np.arange(len(self.units))
        self.at: tuple[IntArray, IntArray] = (place[codes], times - self.first)
        self.complete: BoolArray = np.isfinite(self._grid(np.ones(len(self.sample.rows)), self.sample.rows))

    def refuse_size(self) -> None:
        """Refuse times such as 20050131, between which nearly every period is empty."""
        used = self.panel.column(str(self.panel.time)).n_unique()
        cells = len(self.units) * self.periods * (2 + len(self.model.terms))
        if self.periods > SPARSE * used or cells > MOST_CELLS:
            raise UsageError(
                f"{self.panel.time!r} spans {self.periods} periods, of which {used} have rows",
                hint="number the periods one by one: a lag is one period back",
            )

    def _grid(self, values: FloatArray, rows: IntArray) -> FloatArray:
        """Values of some rows of the panel on the grid, NaN elsewhere."""
        found = np.full((len(self.units), self.periods), np.nan)
        unit, period = self.at[0][rows], self.at[1][rows]
        known = unit >= 0
        found[unit[known], period[known]] = values[known]
        return found

    def put(self, term: Term) -> FloatArray:
        """A variable of the model, where the model is complete."""
        values, places = self.columns.term(term, self.model.text), self.columns.places(self.sample.rows)
        return self._grid(values if places is None else values[places], self.sample.rows)

    def anywhere(self, term: Term) -> FloatArray:
        """A variable wherever the panel has it."""
        return self._grid(self.all_rows.term(term, self.model.text), self.all_rows.base)

    def spelt(self, terms: tuple[Term, ...]) -> tuple[Term, ...]:
        """Factors as dummies of the levels in the sample."""
        asked = replace(self.asked, model=replace(self.model, terms=terms, instruments=()))
        return with_levels(self.columns, asked, self.sample).model.terms

    def dummies(self) -> dict[str, FloatArray]:
        """One for each period with rows."""
        present = np.flatnonzero(self.complete.any(axis=0))
        held = {int(p): np.where(self.complete, 0.0, np.nan) for p in present}
        for p, values in held.items():
            values[self.complete[:, p], p] = 1.0
        return {f"{self.panel.time}::{p + self.first}": values for p, values in held.items()}

    def instruments(self, one: GmmIV | StdIV, options: Options) -> list[GmmStyle | Standard]:
        """One specification for each variable."""
        side = _side(one.equation, options, one.names)
        if isinstance(one, StdIV):
            terms, group = self.spelt(self.terms[one]), f"iv({one.names})"
            return [Standard(t.name, self.put(t), side, one.untransformed, group) for t in terms]
        collapse = options.collapse if one.collapse is None else one.collapse
        group = f"gmm({one.names})"
        return [GmmStyle(t.name, self.anywhere(t), one.lags, side, collapse, group) for t in self.terms[one]]


def _side(equation: Where, options: Options, names: str) -> Where:
    """The equations that there are."""
    if options.system:
        return equation
    if equation == "level":
        raise UsageError(f"{names}: a difference GMM has no equation in levels", hint="system=True")
    return "difference"


def _terms(names: str) -> tuple[Term, ...]:
    """The variables of an instrument; an error's caret stands under their own text."""
    found = parse_formula(f"instruments ~ 0 + {names}")
    if found.effects or found.endogenous or not found.terms:
        raise UsageError(f"instruments are variables, not {names!r}", hint="el.gmm_iv('n + w', lags=(2, None))")
    return found.terms
