"""From a panel and a model to arrays: the one place that drops rows, and it logs why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from econloom.core.errors import DataError, EstimationError, ExpressionError, did_you_mean
from econloom.core.lineage import Drop, SampleLog
from econloom.panel.absorb import FloatArray, Grouping, IntArray, Slopes, largest, singletons, sorting_order
from econloom.panel.columns import BoolArray, Columns, missing_numbers
from econloom.panel.formula import EffectTerm, ModelSpec, Term, expand, has_factors, quoted
from econloom.panel.passes import forms, row_halves, together
from econloom.panel.request import Keys
from econloom.panel.request import Request as Request

RUN = 1_024
"""Rows of the block filled at once."""
PADDING = 8
"""Cells between the columns of a run, so that they do not share one place of the processor's cache."""


@dataclass(frozen=True)
class Sample:
    """Rows of one request and how it came to them; ``rows`` are positions in the panel, ascending."""

    rows: IntArray
    log: SampleLog


@dataclass(frozen=True)
class Design:
    """Arrays of one sample, shared by all models on it; rows are sorted by the effect with most levels.

    Attributes
    ----------
    keys : tuple of str
        Keys of the terms that are columns of ``block``.
    block : (n, m) array
        Outcomes and regressors as evaluated.
    effects : tuple of Grouping
    intercept : bool
        Whether a constant is estimated or absorbed.
    weights : (n,) array or None
        Scaled to sum to n.
    groups : mapping of column names to Grouping
        Clusters and units.
    rows : (n,) int array
        Positions in the panel.
    slopes : tuple of Slopes or None
        Of each effect; empty where no effect has any.
    """

    keys: tuple[str, ...]
    block: FloatArray
    effects: tuple[Grouping, ...]
    intercept: bool
    weights: FloatArray | None
    groups: Mapping[Keys, Grouping]
    rows: IntArray
    slopes: tuple[Slopes | None, ...] = ()

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.rows)

    def positions(self, terms: Sequence[Term]) -> list[int]:
        """Columns of ``block`` that hold some terms."""
        return [self.keys.index(t.key) for t in terms]


def draw_sample(columns: Columns, request: Request) -> Sample:
    """The rows that a request can use.

    Raises
    ------
    EstimationError
        No row is left; the funnel is printed.
    DataError
        Weights that are not positive; infinite values.
    """
    _refuse_unknown_effects(columns, request.model)
    alive, drops = _alive(columns, request)
    if request.weights is not None:
        _refuse_weights(_at(columns.number(request.weights, "weights"), _rows(alive)), request.weights)
    if request.singletons == "drop" and any(e.levels for e in request.model.effects):
        alive = _without_singletons(columns, request, alive, drops)
    rows = columns.base if alive is None else columns.base[alive]
    log = SampleLog(columns.panel.height, tuple(drops), len(rows), rows)
    if log.n == 0:
        raise EstimationError(f"no rows are left\n{log}")
    return Sample(rows, log)


def _refuse_unknown_effects(columns: Columns, model: ModelSpec) -> None:
    """Refuse effects of columns that the panel does not have, with a caret under them."""
    for name in (name for effect in model.effects for name in effect.columns):
        if name not in columns.panel.columns:
            place = max(model.text.find(quoted(name), model.text.find("|")), 0)
            raise ExpressionError(f"no column {name!r}{did_you_mean(name, columns.panel.columns)}", model.text, place)


def _alive(columns: Columns, request: Request) -> tuple[BoolArray | None, list[Drop]]:
    """Rows of the selection that no rule drops (None for all of them), and what each rule dropped."""
    alive: BoolArray | None = None
    drops = list(columns.drops)
    for reason, bad in _faults(columns, request):
        if bad is not None and (lost := int((bad if alive is None else alive & bad).sum())):
            drops.append(Drop(reason, lost))
            alive = ~bad if alive is None else alive & ~bad
    return alive, drops


def _without_singletons(
    columns: Columns, request: Request, alive: BoolArray | None, drops: list[Drop]
) -> BoolArray | None:
    """The rows left; what goes is added to ``drops``."""
    if not len(columns.base) or (alive is not None and not alive.any()):
        return alive
    lonely = singletons(_groupings(columns, [e for e in request.model.effects if e.levels], _rows(alive)))
    if not lonely.any():
        return alive
    drops.append(Drop("singletons, alone in a group of an effect", int(lonely.sum())))
    left = np.ones(len(columns.base), dtype=bool) if alive is None else alive.copy()
    left[np.flatnonzero(left)[lonely]] = False
    return left


def _rows(alive: BoolArray | None) -> IntArray | None:
    return None if alive is None else np.flatnonzero(alive)


def _at(values: FloatArray, rows: IntArray | None) -> FloatArray:
    return values if rows is None else values[rows]


def with_levels(columns: Columns, request: Request, sample: Sample) -> Request:
    """The request with factors spelt out as dummies of the levels that its sample has."""
    if not has_factors(request.model, columns):
        return request
    return replace(request, model=expand(request.model, _SampleLevels(columns, sample.rows)))


@dataclass(frozen=True)
class _SampleLevels:
    """What the expansion of factors asks of a sample."""

    columns: Columns
    rows: IntArray

    def is_text(self, column: str) -> bool:
        return self.columns.is_text(column)

    def combinations(self, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        return self.columns.combinations(columns, self.rows)


def build_design(members: Sequence[tuple[Columns, Request]], sample: Sample) -> Design:
    """Arrays for requests that share rows, effects and weights, each with the columns it was sampled from."""
    columns, first = members[0]
    model = first.model
    at = columns.places(sample.rows)
    effects = _groupings(columns, model.effects, at)
    order = sorting_order(effects[largest(effects)]) if effects else None
    if order is not None:
        main = effects[largest(effects)]
        effects = [g.sorted() if g is main else g.permuted(order) for g in effects]
    known = {e.columns: g for e, g in zip(model.effects, effects, strict=True)}
    keys = dict.fromkeys(k for _, r in members for k in (*r.cluster_ways, r.unit_keys) if k is not None)
    at = order if at is None else at if order is None else at[order]
    keyed = {k: known.get(k) or columns.groups(k).grouping("^".join(k), at) for k in keys}
    terms = {t.key: (c, t, r.model.text) for c, r in members for t in r.model.columns}
    return Design(
        keys=tuple(terms),
        block=_block(list(terms.values()), sample.rows, order),
        effects=tuple(known.values()),
        intercept=model.spans_constant,
        weights=_weights(columns, first.weights, at),
        groups=keyed,
        rows=sample.rows if order is None else sample.rows[order],
        slopes=tuple(_slopes(columns, e, model.text, at) for e in model.effects) if model.slopes else (),
    )


def narrowed(design: Design, request: Request) -> Design:
    """A shared design with the columns and groups of one request only, as if that had been built alone."""
    keys = dict.fromkeys(t.key for t in request.model.columns)
    places = [design.keys.index(k) for k in keys]
    wanted = {k for k in (*request.cluster_ways, request.unit_keys) if k is not None}
    groups = {k: g for k, g in design.groups.items() if k in wanted}
    return replace(design, keys=tuple(keys), block=np.take(design.block, places, axis=1), groups=groups)


def refuse_one_cluster(grouping: Grouping) -> None:
    """Refuse a cluster covariance over a single cluster.

    Raises
    ------
    EstimationError
    """
    if grouping.levels < 2:
        raise EstimationError(
            f"all {len(grouping.codes)} rows lie in one cluster of {grouping.name!r}: "
            "a cluster covariance needs at least two",
            hint="cluster by a finer column",
        )


def _faults(columns: Columns, request: Request) -> Iterator[tuple[str, BoolArray | None]]:
    """Each rule that drops rows, in order: its reason and its mask."""
    model = request.model
    yield f"missing outcome {model.outcome.name}", columns.missing(model.outcome, model.text)
    parts = {"regressor": model.terms, "endogenous variable": model.endogenous, "instrument": model.instruments}
    for what, terms in parts.items():
        for term in terms:
            yield f"missing {what} {term.name}", columns.missing(term, model.text)
    for effect in model.effects:
        yield f"missing effect {'^'.join(effect.columns)}", columns.groups(effect.columns).missing
    for slope in model.slopes:
        if any(columns.is_text(f.column) for f in slope.factors):
            raise DataError(f"the slope variable {slope.name} holds text, not numbers", hint=f"i({slope.name}, x)")
        yield f"missing slope variable {slope.name}", columns.missing(slope, model.text)
    if request.weights is not None:
        yield f"missing weight {request.weights}", missing_numbers(columns.number(request.weights, "weights"))
    for keys in request.cluster_ways:
        yield f"missing cluster {'^'.join(keys)}", columns.groups(keys).missing
    if (space := request.vcov.space) is not None:
        for name in (space.latitude, space.longitude):
            yield f"missing coordinate {name}", missing_numbers(columns.number(name, "coordinates"))
    if request.unit is not None:
        yield f"missing unit {request.unit}", columns.groups((request.unit,)).missing


def _groupings(columns: Columns, effects: Sequence[EffectTerm], at: IntArray | None) -> list[Grouping]:
    return [columns.groups(e.columns).grouping(e.name, at) for e in effects]


def _slopes(columns: Columns, effect: EffectTerm, formula: str, at: IntArray | None) -> Slopes | None:
    """Values of an effect's slope variables."""
    if not effect.slopes:
        return None
    return Slopes(np.column_stack([_at(columns.term(t, formula), at) for t in effect.slopes]), effect.levels)


def _block(terms: Sequence[tuple[Columns, Term, str]], rows: IntArray, order: IntArray | None) -> FloatArray:
    """Every term once, at some rows of the panel, put in order.

    Columns are read in their own order, in runs of rows that stay in the cache, and whole rows go to their places.
    """
    values = [columns.term(term, text) for columns, term, text in terms]
    places = {id(columns): columns.places(rows) for columns, _, _ in terms}
    at = [places[id(columns)] for columns, _, _ in terms]
    n, m = len(rows), len(terms)
    block = np.empty((n, m))
    goal = np.arange(n) if order is None else inverted(order)

    def fill(low: int, high: int) -> None:
        held = np.empty((m, min(RUN, n) + PADDING))
        for begin in range(low, high, RUN):
            run = slice(begin, min(begin + RUN, high))
            part = held[:, : run.stop - begin]
            for j, (column, place) in enumerate(zip(values, at, strict=True)):
                part[j] = column[run] if place is None else column[place[run]]
            forms(n).interleave(held, goal[run], block)

    together([partial(fill, *half) for half in row_halves(n)], block.size)
    return block


def inverted(order: IntArray) -> IntArray:
    """Where each row goes."""
    goal = np.empty_like(order)
    goal[order] = np.arange(len(order))
    return goal


def _weights(columns: Columns, name: str | None, at: IntArray | None) -> FloatArray | None:
    if name is None:
        return None
    weights = _at(columns.number(name, "weights"), at)
    return np.asarray(weights / weights.mean())


def _refuse_weights(weights: FloatArray, name: str) -> None:
    if wrong := int((weights <= 0).sum()):
        raise DataError(
            f"weights {name!r} are zero or negative in {wrong} of {len(weights)} rows",
            hint=f"where='{name} > 0' leaves them out",
        )
