"""What the estimators that impute untreated outcomes share: their rows, their estimands, sums over clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from econloom.core.errors import EstimationError, UsageError, listed, plural
from econloom.core.lineage import Drop, SampleLog
from econloom.core.spec import VcovSpec, cluster
from econloom.panel.absorb import FloatArray, Grouping, IntArray
from econloom.panel.columns import BoolArray, Columns, Where
from econloom.panel.design import build_design, draw_sample, refuse_one_cluster, with_levels
from econloom.panel.did.timing import Timing
from econloom.panel.did.twoway import with_effects
from econloom.panel.did.untreated import Untreated, fit_untreated, said
from econloom.panel.formula import ModelSpec, parse_formula
from econloom.panel.request import Request

FEW = 30
"""Fewer effective clusters of treated units than this behind an effect are said."""


@dataclass(frozen=True)
class Imputed:
    """Rows with their imputed effects.

    Attributes
    ----------
    formula : str
    outcome : str
    timing : Timing
    rows : (n,) int array
        Places in the panel of the rows whose untreated outcome is known.
    events, cohorts, times : (n,) int arrays
        Event times and cohorts are meaningless in rows of units that never adopt.
    adopter, untreated : (n,) bool arrays
    model : Untreated
    clusters, units : Grouping
    covariance : str
    sample : SampleLog
    anticipation : int
    warnings : tuple of str
    """

    formula: str
    outcome: str
    timing: Timing
    rows: IntArray
    events: IntArray
    cohorts: IntArray
    times: IntArray
    adopter: BoolArray
    untreated: BoolArray
    model: Untreated
    clusters: Grouping
    units: Grouping
    covariance: str
    sample: SampleLog
    anticipation: int
    warnings: tuple[str, ...]

    @property
    def effects(self) -> FloatArray:
        """Outcome less its untreated value, (n,)."""
        return self.model.effects

    @property
    def used(self) -> BoolArray:
        """Rows whose untreated outcome is known, (n,)."""
        return self.model.known

    @property
    def n_treated(self) -> int:
        """Adopting units of the sample."""
        return len(np.unique(self.units.codes[self.adopter & self.used]))

    def means(self, events: Sequence[int], edge: int | None = None) -> FloatArray:
        """Weights that sum to one over the rows of adopting units at each event time, (n, H).

        Parameters
        ----------
        events : sequence of int
        edge : int, optional
            The event time that stands for all after it too.
        """
        w = self.model.weights * (self.adopter & self.used)
        found = self.events if edge is None else np.minimum(self.events, edge)
        C = np.column_stack([w * (found == e) for e in events])
        return np.asarray(C / C.sum(axis=0))

    def shares(self, events: Sequence[int]) -> FloatArray:
        """Of all treated rows at these event times the weight of each; zero for untreated ones, (H,)."""
        w = self.model.weights * (self.adopter & self.used & ~self.untreated)
        sums = np.array([float(w[self.events == e].sum()) for e in events])
        return np.asarray(sums / sums.sum())

    def counts(self, events: Sequence[int]) -> FloatArray:
        """Rows of adopting units at each event time, (H,)."""
        rows = self.events[self.adopter & self.used]
        return np.array([float(np.count_nonzero(rows == e)) for e in events])

    def by_cluster(self, X: FloatArray) -> FloatArray:
        """Sums over clusters, (G, H)."""
        return np.column_stack([np.bincount(self.clusters.codes, x, self.clusters.levels) for x in X.T])

    def described(self, events: Sequence[int]) -> dict[str, Any]:
        """What a result says of its sample, its errors and the weights of these event times."""
        return {
            "outcome": self.outcome,
            "events": np.array(events, dtype=np.int64),
            "sample": self.sample,
            "n_units": len(np.unique(self.units.codes[self.used])),
            "n_treated": self.n_treated,
            "n_clusters": len(np.unique(self.clusters.codes[self.used])),
            "covariance": self.covariance,
            "ssc": "none",
            "df": None,
            "anticipation": self.anticipation,
            "counts": self.counts(events),
            "formula": self.formula,
            "shares": self.shares(events),
        }

    def frame(self) -> pl.DataFrame:
        """The imputed effect of every treated row: unit, time, cohort, event time, effect."""
        at = np.flatnonzero(~self.untreated & self.used)
        panel, rows = self.timing.panel, self.rows[at]
        return pl.DataFrame({
            self.timing.unit: panel.column(self.timing.unit)[rows], self.timing.time: self.times[at],
            "cohort": self.cohorts[at], "event_time": self.events[at], "effect": self.effects[at],
        })  # fmt: skip


def impute(
    formula: str, found: Timing, where: Where, vcov: VcovSpec | None, weights: str | None, anticipation: int, name: str
) -> Imputed:
    """Draw the rows, fit untreated rows, and take untreated outcomes off all of them.

    Raises
    ------
    UsageError
        Instruments or slopes in the formula, another covariance than one way of clusters.
    EstimationError
        No treated row, no untreated row, or no treated row whose untreated outcome is known.
    """
    if isinstance(anticipation, bool) or not isinstance(anticipation, int) or anticipation < 0:
        raise UsageError(f"anticipation: a number of periods, not {anticipation!r}")
    model = with_effects(parse_formula(formula), found)
    chosen = cluster(found.unit) if vcov is None else vcov
    _refuse(model, chosen, name)
    named = where.name if isinstance(where, pl.Series) else "" if where is None else str(where)
    rows = where if found.inside.all() else pl.Series(named or f"{found.adopts} known", found.inside)
    asked = Request(model, found.panel, chosen, weights, rows, found.unit)
    columns = Columns(found.panel, rows)
    sample = draw_sample(columns, asked)
    asked = with_levels(columns, asked, sample)
    design = build_design([(columns, asked)], sample)
    at = design.rows
    adopter, events = found.adopter[at], found.events[at]
    untreated: BoolArray = ~adopter | (events < -anticipation)
    if untreated.all():
        raise EstimationError(_none_treated(found, at))
    if not untreated.any():
        raise EstimationError(
            "every row is treated: nothing to impute untreated outcomes from", hint="rows before adoption"
        )
    terms = asked.model.terms
    fitted = fit_untreated(
        design.block[:, design.positions([model.outcome])[0]], design.block[:, design.positions(terms)],
        [t.name for t in terms], design.effects, untreated, design.weights,
    )  # fmt: skip
    _refuse_none_known(fitted, untreated)
    ways = design.groups[asked.cluster_ways[0]]
    refuse_one_cluster(ways)
    lost = ~fitted.known
    drops, warnings = sample.log.drops, list(said(fitted))
    if lost.any():
        drops = (*drops, Drop("treated rows without an untreated outcome", int(lost.sum())))
        warnings.append(
            f"{plural(int(lost.sum()), 'treated row')} left out: no untreated row has their unit, period or other "
            f"effect, or none links them{_which(events[lost])}"
        )
    if not (~adopter[fitted.known]).any():
        warnings.append("no unit stays untreated: effects rest on units that adopt later")
    log = SampleLog(sample.log.offered, drops, int(fitted.known.sum()), np.sort(design.rows[fitted.known]))
    unit = design.groups[asked.unit_keys] if asked.unit_keys else ways
    return Imputed(
        asked.model.text, model.outcome.name, found, at, events, found.cohorts[at], found.times[at], adopter,
        untreated, fitted, ways, unit, str(chosen), log, anticipation, tuple(warnings),
    )  # fmt: skip


def _refuse(model: ModelSpec, vcov: VcovSpec, name: str) -> None:
    if model.endogenous or model.slopes:
        what = "instruments" if model.endogenous else "slopes"
        raise UsageError(f"el.did.{name} takes no {what}: {model.text}", hint="y ~ c | firm + year")
    if not isinstance(vcov, VcovSpec) or vcov.kind != "cluster" or len(vcov.clusters) != 1:
        raise UsageError(
            f"el.did.{name} has no {vcov}: its errors are sums over clusters", hint="el.cluster('column'); the unit's"
        )


def _none_treated(found: Timing, rows: IntArray) -> str:
    if not found.adopter[rows].any():
        return "no unit of the sample adopts"
    return "no row of the sample is treated: event times are negative only"


def _refuse_none_known(fitted: Untreated, untreated: BoolArray) -> None:
    if not (fitted.known & ~untreated).any():
        raise EstimationError(
            "no treated row has an untreated outcome: units are treated in all their rows, or all adopt at once and no "
            "period has untreated rows",
            hint="the sample needs rows before adoption, and untreated rows in the periods of treated ones",
        )


def _which(events: IntArray) -> str:
    found = np.unique(events)
    return f" (event times {listed(found, 6)})"


def influential(imputed: Imputed, C: FloatArray, events: Sequence[int]) -> list[str]:
    """What to say of effects that rest on few clusters: the inverse of the sum of their squared shares."""
    shares = imputed.by_cluster(C)
    effective = 1.0 / (shares**2).sum(axis=0)
    few = [f"{e} ({n:.1f})" for e, n in zip(events, effective, strict=True) if n < FEW]
    if not few:
        return []
    return [f"fewer than {FEW} effective treated clusters behind event time {listed(few)}: errors may be too small"]
