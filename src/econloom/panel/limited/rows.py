"""The rows of a model of a limited outcome, and covariances from its scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.core.estimate import CONSTANT
from econloom.core.frame import Panel
from econloom.core.lineage import SampleLog
from econloom.core.spec import VcovSpec
from econloom.panel.absorb import FloatArray, Grouping
from econloom.panel.columns import Columns, grouped
from econloom.panel.design import build_design, draw_sample, refuse_one_cluster, with_levels
from econloom.panel.formula import EffectTerm, ModelSpec, parse_formula
from econloom.panel.inference.clustering import clustered_meat
from econloom.panel.linear.selection import independent, why
from econloom.panel.request import Request


@dataclass(frozen=True)
class Rows:
    """Arrays of one model, sorted by unit.

    Attributes
    ----------
    model : ModelSpec
    names : tuple of str
        Of the regressors, the constant last.
    y : (n,) array
    X : (n, k) array
    unit : Grouping or None
    ways : tuple of Grouping
        Of the clusters.
    log : SampleLog
    removed : tuple of (str, str)
    """

    model: ModelSpec
    names: tuple[str, ...]
    y: FloatArray
    X: FloatArray
    unit: Grouping | None
    ways: tuple[Grouping, ...]
    log: SampleLog
    removed: tuple[tuple[str, str], ...]

    @property
    def outcome(self) -> str:
        """Name of the dependent variable."""
        return self.model.outcome.name


def rows_of(
    formula: str, panel: Panel, unit: str | None, vcov: VcovSpec, where: Any, name: str, grouped_by_unit: bool
) -> Rows:
    """Draw the rows of a model.

    Parameters
    ----------
    formula : str
    panel : Panel
    unit : str or None
    vcov : VcovSpec
    where : str, boolean Series or None
    name : str
        Of the estimator, for messages.
    grouped_by_unit : bool
        Whether rows are to be sorted by unit.

    Raises
    ------
    UsageError, DataError, EstimationError
        As :func:`econloom.panel.design.draw_sample`; effects, instruments or another covariance than iid, hc1, cluster.
    """
    model = parse_formula(formula)
    if model.effects or model.endogenous:
        raise UsageError(
            f"el.{name} takes no effects and no instruments: {model.text}", hint="periods as dummies: y ~ x + i(year)"
        )
    if vcov.kind not in {"iid", "hc1", "cluster"}:
        raise UsageError(f"el.{name} has no {vcov}", hint="el.iid(), el.hc1() or el.cluster(...)")
    columns = Columns(panel, where)
    by_unit = (EffectTerm(unit, (unit,)),) if grouped_by_unit and unit else ()
    asked = Request(replace(model, effects=by_unit), panel, vcov, where=where, unit=unit)
    sample = draw_sample(columns, asked)
    spelt = with_levels(columns, asked, sample)
    design = build_design([(columns, spelt)], sample)
    terms, outcome = spelt.model.terms, design.positions([model.outcome])[0]
    X = design.block[:, design.positions(terms)]
    names = [t.name for t in terms]
    if model.intercept:  # first, so that dummies give way to it
        X, names = np.column_stack([np.ones(design.n), X]), [CONSTANT, *names]
    kept = list(independent(X))
    gone = [(n, why(X[:, j])) for j, n in enumerate(names) if j not in set(kept)]
    order = [*kept[1:], 0] if model.intercept else kept
    if not order:
        raise UsageError(f"a model needs a regressor: {model.text}")
    ways = tuple(_way(panel, design.rows, keys, str(vcov)) for keys in asked.cluster_ways)
    return Rows(
        replace(model, terms=terms), tuple(names[j] for j in order), design.block[:, outcome], X[:, order],
        design.effects[0] if by_unit else None, ways, sample.log, tuple(gone),
    )  # fmt: skip


def _way(panel: Panel, rows: Any, keys: tuple[str, ...], vcov: str) -> Grouping:
    groups = grouped(panel.with_rows(panel.frame[rows]), keys)
    if groups.missing is not None:
        raise DataError(f"{vcov}: {'^'.join(keys)!r} is missing in {int(groups.missing.sum())} rows of the sample")
    found = groups.grouping("^".join(keys), None)
    refuse_one_cluster(found)
    return found


def of_units(ways: Sequence[Grouping], unit: Grouping) -> tuple[Grouping, ...]:
    """Clusters of units, from those of rows.

    Raises
    ------
    UsageError
        A unit lies in several clusters.
    """
    found = []
    for way in ways:
        if not unit.nested_in(way):
            raise UsageError(
                f"units of {unit.name!r} lie in several clusters of {way.name!r}: their scores are one sum"
            )
        codes = np.zeros(unit.levels, dtype=np.int64)
        codes[unit.codes] = way.codes
        found.append(Grouping(way.name, codes, way.levels))
    return tuple(found)


def sandwich(bread: FloatArray, scores: FloatArray, ways: Sequence[Grouping], kind: str) -> FloatArray:
    """``B M B`` with Stata's factors for likelihoods: n/(n-1) for ``hc1``, G/(G-1) for clusters.

    Parameters
    ----------
    bread : (p, p) array
    scores : (N, p) array
        Of rows, or of units.
    ways : sequence of Grouping
        Of the same N.
    kind : {"hc1", "cluster"}
    """
    if kind == "hc1":
        n = len(scores)
        return np.asarray(bread @ (scores.T @ scores) @ bread * (n / (n - 1)))

    def sums(groups: Grouping) -> FloatArray:
        return np.column_stack([np.bincount(groups.codes, s, groups.levels) for s in scores.T])

    G = min(way.levels for way in ways)
    V = bread @ clustered_meat(sums, ways) @ bread * (G / (G - 1))
    if not np.all(np.diag(V) > 0):
        raise EstimationError("the covariance of several ways of clustering has a variance that is not positive")
    return np.asarray(V)
