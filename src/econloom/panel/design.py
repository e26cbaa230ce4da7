"""From a panel and a model to arrays: the one place that drops rows, and it logs why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.core.frame import Panel
from econloom.core.lineage import Drop, SampleLog
from econloom.core.spec import SscName, VcovSpec
from econloom.data.expressions import Scope
from econloom.panel.absorb import FloatArray, Grouping, IntArray, largest, singletons
from econloom.panel.columns import BoolArray, Columns, Where
from econloom.panel.conventions import check_convention
from econloom.panel.formula import EffectTerm, ModelSpec, Term, expand, has_factors

Keys = tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """One regression that somebody asks for.

    Attributes
    ----------
    model : ModelSpec
    panel : Panel
    vcov : VcovSpec
    weights : str or None
        Column of analytic weights; scaled to sum to n.
    where : str, Node, boolean Series or None
        Rows to use.
    unit : str or None
        Which effect is the unit of ``xtreg`` and ``r2_within_unit``; by default the panel's unit where it is among
        the effects, else the first effect.
    ssc : {"fixest", "xtreg", "none"}
    singletons : {"keep", "drop"}
        Rows alone in a group of an effect: kept, as fixest and xtreg do, or dropped until none is left.
    scope : Scope or None
        Lists and named samples that ``where`` and the terms may use.
    """

    model: ModelSpec
    panel: Panel
    vcov: VcovSpec = VcovSpec()
    weights: str | None = None
    where: Where = None
    unit: str | None = None
    ssc: SscName = "fixest"
    singletons: Literal["keep", "drop"] = "keep"
    scope: Scope | None = None

    def __post_init__(self) -> None:
        check_convention(self.ssc)
        if self.singletons not in {"keep", "drop"}:
            raise UsageError(f"singletons: 'keep' or 'drop', not {self.singletons!r}")
        if self.vcov.kind == "cluster" and len(self.vcov.clusters) != 1:
            raise UsageError("one-way clustering needs exactly one column")
        if not self.model.regressors and (self.model.effects or not self.model.intercept):
            raise UsageError(f"a model needs a regressor: {self.model.text}")
        if self.ssc == "xtreg" and self.unit_effect is None:
            raise UsageError(f"convention xtreg needs a unit effect: {self.model.text}", hint="y ~ x | unit + year")

    @property
    def cluster_keys(self) -> Keys | None:
        """Columns of the clusters, ``a^b`` split; None without clusters."""
        if not self.vcov.clusters:
            return None
        name = self.vcov.clusters[0]
        return (name,) if name in self.panel.columns else tuple(part.strip() for part in name.split("^"))

    @property
    def unit_effect(self) -> EffectTerm | None:
        """The effect that ``xtreg`` and ``r2_within_unit`` take for the unit.

        Raises
        ------
        UsageError
            ``unit`` names no effect of an ``xtreg`` model.
        """
        effects = {e.columns: e for e in self.model.effects}
        if not effects:
            return None
        if self.unit is not None and (self.unit,) not in effects and self.ssc == "xtreg":
            raise UsageError(f"unit {self.unit!r} is not among the effects of: {self.model.text}")
        for name in (self.unit, self.panel.unit):
            if name is not None and (name,) in effects:
                return effects[(name,)]
        return self.model.effects[0]

    @property
    def unit_keys(self) -> Keys | None:
        """Columns whose groups are counted as ``n_units``."""
        if self.unit or self.panel.unit:
            return (self.unit or str(self.panel.unit),)
        effect = self.unit_effect
        return effect.columns if effect else None


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
    """

    keys: tuple[str, ...]
    block: FloatArray
    effects: tuple[Grouping, ...]
    intercept: bool
    weights: FloatArray | None
    groups: Mapping[Keys, Grouping]
    rows: IntArray

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
    alive = np.ones(len(columns.base), dtype=bool)
    drops = list(columns.drops)
    for reason, bad in _faults(columns, request):
        if lost := int((alive & bad).sum()):
            drops.append(Drop(reason, lost))
            alive &= ~bad
    if request.weights is not None:
        _refuse_weights(columns.number(request.weights, "weights")[alive], request.weights)
    if request.singletons == "drop" and request.model.effects and alive.any():
        lonely = np.zeros_like(alive)
        lonely[alive] = singletons(_groupings(columns, request.model.effects, np.flatnonzero(alive)))
        if lonely.any():
            drops.append(Drop("singletons, alone in a group of an effect", int(lonely.sum())))
        alive &= ~lonely
    log = SampleLog(columns.panel.height, tuple(drops), int(alive.sum()))
    if log.n == 0:
        raise EstimationError(f"no rows are left\n{log}")
    return Sample(columns.base[alive], log)


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
    at = np.searchsorted(columns.base, sample.rows).astype(np.int64)
    effects = _groupings(columns, model.effects, at)
    order = np.argsort(effects[largest(effects)].codes, kind="stable") if effects else np.arange(len(at))
    at = at[order]
    block = _block(members, sample.rows, order)
    keys = dict.fromkeys(k for _, r in members for k in (r.cluster_keys, r.unit_keys) if k is not None)
    groups = {k: Grouping.of("^".join(k), columns.groups(k)[0][at]) for k in keys}
    return Design(
        keys=tuple(block),
        block=np.column_stack(list(block.values())),
        effects=tuple(g.take(order) for g in effects),
        intercept=model.intercept or bool(effects),
        weights=_weights(columns, first.weights, at),
        groups=groups,
        rows=sample.rows[order],
    )


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


def _faults(columns: Columns, request: Request) -> Iterator[tuple[str, BoolArray]]:
    """Each rule that drops rows, in order: its reason and its mask."""
    model = request.model
    yield f"missing outcome {model.outcome.name}", np.isnan(columns.term(model.outcome, model.text))
    parts = {"regressor": model.terms, "endogenous variable": model.endogenous, "instrument": model.instruments}
    for what, terms in parts.items():
        for term in terms:
            yield f"missing {what} {term.name}", columns.missing(term, model.text)
    for effect in model.effects:
        yield f"missing effect {effect.name}", columns.groups(effect.columns)[1]
    if request.weights is not None:
        yield f"missing weight {request.weights}", np.isnan(columns.number(request.weights, "weights"))
    if request.cluster_keys is not None:
        yield f"missing cluster {request.vcov.clusters[0]}", columns.groups(request.cluster_keys)[1]
    if request.unit is not None:
        yield f"missing unit {request.unit}", columns.groups((request.unit,))[1]


def _groupings(columns: Columns, effects: Sequence[EffectTerm], at: IntArray) -> list[Grouping]:
    return [Grouping.of(e.name, columns.groups(e.columns)[0][at]) for e in effects]


def _block(members: Sequence[tuple[Columns, Request]], rows: IntArray, order: IntArray) -> dict[str, FloatArray]:
    """Every term of every model once, at some rows of the panel, put in order."""
    found: dict[str, FloatArray] = {}
    for columns, request in members:
        at = np.searchsorted(columns.base, rows)[order]
        for term in request.model.columns:
            if term.key not in found:
                found[term.key] = columns.term(term, request.model.text)[at]
    return found


def _weights(columns: Columns, name: str | None, at: IntArray) -> FloatArray | None:
    if name is None:
        return None
    weights = columns.number(name, "weights")[at]
    return np.asarray(weights / weights.mean())


def _refuse_weights(weights: FloatArray, name: str) -> None:
    if wrong := int((weights <= 0).sum()):
        raise DataError(
            f"weights {name!r} are zero or negative in {wrong} of {len(weights)} rows",
            hint=f"where='{name} > 0' leaves them out",
        )
