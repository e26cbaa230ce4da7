"""A panel of cohorts: units by the period of their adoption, as arrays of periods and units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import polars as pl

from econloom.core.errors import DataError, EstimationError, UsageError, did_you_mean, listed
from econloom.core.frame import Panel
from econloom.core.lineage import SampleLog
from econloom.core.spec import VcovSpec
from econloom.panel.absorb import FloatArray, Grouping, IntArray
from econloom.panel.columns import BoolArray, Columns, grouped
from econloom.panel.design import draw_sample, refuse_one_cluster, with_levels
from econloom.panel.did.cohort_column import read_cohorts
from econloom.panel.did.grid import Grid
from econloom.panel.formula import ModelSpec, parse_formula
from econloom.panel.linear.selection import independent
from econloom.panel.request import Request

NEVER = np.inf
Unbalanced = Literal["pairs", "complete"]


@dataclass(frozen=True)
class CohortPanel:
    """Units sorted by cohort, the never-treated last.

    Attributes
    ----------
    model : ModelSpec
    y : (T, N) array
        NaN where a unit has no row.
    X : (T, N, k) array
        Covariates; (1, N, k) where none varies over time. k may be 0.
    names : tuple of str
        Of the covariates.
    cohort : (N,) float array
        Period of adoption, ascending; infinite for units that are untreated throughout the sample.
    times : (T,) int array
        Periods with rows, ascending; there may be gaps between them.
    weights : (T, N) array or None
    clusters : Grouping or None
        Of units; None where each is its own.
    log : SampleLog
    warnings : tuple of str
    places : (T, N) array or None
        Positions in the data of the rows that units have.
    """

    model: ModelSpec
    y: FloatArray
    X: FloatArray
    names: tuple[str, ...]
    cohort: FloatArray
    times: IntArray
    weights: FloatArray | None
    clusters: Grouping | None
    log: SampleLog
    warnings: tuple[str, ...] = ()
    places: FloatArray | None = None

    @property
    def units(self) -> int:
        """Number of units."""
        return len(self.cohort)

    @property
    def cohorts(self) -> FloatArray:
        """Periods of adoption in the sample, ascending, without never."""
        return np.unique(self.cohort[np.isfinite(self.cohort)])

    @property
    def seen(self) -> BoolArray:
        """Where units have rows, (T, N)."""
        return ~np.isnan(self.y)

    @property
    def unit_weights(self) -> FloatArray:
        """Weight of a unit in the shares of cohorts: that of its first row, (N,)."""
        if self.weights is None:
            return np.ones(self.units)
        first = self.seen.argmax(axis=0)
        return np.asarray(self.weights[first, np.arange(self.units)])

    @property
    def n_clusters(self) -> int:
        """Clusters of units."""
        return self.units if self.clusters is None else self.clusters.levels

    def by_cluster(self, influence: FloatArray) -> FloatArray:
        """Sums of the influence of units over clusters, (m, N) to (m, clusters)."""
        way = self.clusters
        if way is None:
            return influence
        return np.stack([np.bincount(way.codes, row, way.levels) for row in influence])


def cohort_panel(
    formula: str, panel: Panel, cohort: str, vcov: VcovSpec | None, weights: str | None, where: Any, name: str
) -> CohortPanel:
    """Draw the rows of a model and put them on a grid of periods and units.

    Parameters
    ----------
    formula : str
        ``"y ~ c"``; the constant is not among the covariates.
    panel : Panel
        With both keys.
    cohort : str
        Column of the period of adoption; null for never.
    vcov : VcovSpec or None
        ``el.cluster("column")``; None for clusters of one unit.
    weights : str or None
    where : str, boolean Series or None
    name : str
        Of the estimator, for messages.

    Raises
    ------
    UsageError, DataError, EstimationError
        As :func:`econloom.panel.design.draw_sample`; no keys; cohorts that are no periods or vary within a unit; zeros
        where null is meant; clusters that do not hold whole units.
    """
    if panel.unit is None or panel.time is None:
        raise UsageError(f"el.did.{name} needs both keys", hint="unit='firm', time='year'")
    model = parse_formula(formula)
    if model.effects or model.endogenous:
        raise UsageError(
            f"el.did.{name} takes no effects and no instruments: {model.text}",
            hint="y ~ 1, or covariates on which trends are parallel: y ~ c",
        )
    asked = _request(model, panel, vcov, weights, where, name)
    columns = Columns(panel, where)
    sample = draw_sample(columns, asked)
    spelt = with_levels(columns, asked, sample).model
    at = columns.places(sample.rows)
    codes, places = _units(panel, sample.rows)
    adoption = of_units(adoptions(panel, cohort, sample.rows), codes, places, cohort, panel)
    order = np.argsort(adoption, kind="stable")
    unit = np.empty(len(order), dtype=np.int64)
    unit[order] = np.arange(len(order))
    grid = Grid(unit[codes], panel.column(str(panel.time)).to_numpy()[sample.rows], len(order))

    def values(term: Any) -> FloatArray:
        found = columns.term(term, model.text)
        return grid.put(found if at is None else found[at])

    held = {t.name: values(t) for t in spelt.terms}
    X, names = _covariates(held, grid)
    gone = [n for n in held if n not in names]
    said = (f"covariates left out, collinear with the others or constant: {listed(gone)}",) if gone else ()
    given = None if weights is None else columns.number(weights, "weights")
    return CohortPanel(
        model, values(spelt.outcome), X, names, adoption[order], grid.times,
        None if given is None else grid.put(given if at is None else given[at]),
        _clusters(panel, asked, sample.rows, unit[codes], len(order)), sample.log, said,
        grid.put(sample.rows.astype(np.float64)),
    )  # fmt: skip


def _request(
    model: ModelSpec, panel: Panel, vcov: VcovSpec | None, weights: str | None, where: Any, name: str
) -> Request:
    if vcov is not None and isinstance(vcov, VcovSpec) and (vcov.kind != "cluster" or len(vcov.clusters) != 1):
        raise UsageError(
            f"el.did.{name} has no {vcov}: its errors come from influence functions of units",
            hint="none given: clusters of one unit; el.cluster('column'): larger clusters of whole units",
        )
    return Request(model, panel, VcovSpec() if vcov is None else vcov, weights, where, panel.unit)


def _units(panel: Panel, rows: IntArray) -> tuple[IntArray, IntArray]:
    """Unit of every row, counted anew over the units of the sample, and a row of each unit."""
    _, first, codes = np.unique(grouped(panel, (str(panel.unit),)).codes[rows], return_index=True, return_inverse=True)
    return codes.reshape(-1), rows[first]


def adoptions(panel: Panel, cohort: str, rows: IntArray) -> FloatArray:
    """Period of adoption of some rows, infinite for null.

    Raises
    ------
    UsageError
        No such column, or zeros below the first period, which other programs take for never.
    DataError
        Values that are no whole numbers.
    """
    if cohort not in panel.columns:
        raise UsageError(f"cohort: no column {cohort!r}{did_you_mean(cohort, panel.columns)}")
    first = int(panel.column(str(panel.time)).to_numpy()[rows].min())
    found = read_cohorts(panel.column(cohort).gather(rows), first)
    return np.asarray(found.cast(pl.Float64).fill_null(NEVER).to_numpy())


def of_units(values: FloatArray, codes: IntArray, places: IntArray, name: str, panel: Panel) -> FloatArray:
    """The value of each unit.

    Raises
    ------
    DataError
        It varies within a unit.
    """
    found = np.empty(len(places))
    found[codes] = values
    wrong = np.unique(codes[found[codes] != values])
    if len(wrong):
        names = panel.column(str(panel.unit))[places[wrong[:5]]].to_list()
        raise DataError(
            f"cohort {name!r} varies within {len(wrong)} units, such as {listed(names)}",
            hint="one period of adoption for each unit, the first treated one; null in all rows for never",
        )
    return found


def _covariates(held: dict[str, FloatArray], grid: Grid) -> tuple[FloatArray, tuple[str, ...]]:
    """Covariates that are not collinear with a constant and one another, once where none varies over time."""
    if not held:
        return np.zeros((1, grid.units, 0)), ()
    X = np.stack(list(held.values()), axis=2)
    rows = X[grid.period, grid.unit]
    kept = [j - 1 for j in independent(np.column_stack([np.ones(len(rows)), rows])) if j]
    X = X[:, :, kept]
    level = np.empty((grid.units, len(kept)))
    level[grid.unit] = rows[:, kept]
    fixed = np.array_equal(level[grid.unit], rows[:, kept])
    return level[None] if fixed else X, tuple(np.array(list(held))[kept])


def _clusters(panel: Panel, asked: Request, rows: IntArray, unit: IntArray, units: int) -> Grouping | None:
    """Clusters of units."""
    if not asked.cluster_ways or asked.cluster_ways == ((panel.unit,),):
        return None
    keys = asked.cluster_ways[0]
    way = grouped(panel, keys).grouping("^".join(keys), rows)
    refuse_one_cluster(way)
    codes = np.empty(units, dtype=np.int64)
    codes[unit] = way.codes
    if not np.array_equal(codes[unit], way.codes):
        raise UsageError(f"units lie in several clusters of {way.name!r}: their influence is one number each")
    return Grouping(way.name, codes, way.levels)


def kept_units(panel: CohortPanel, kept: BoolArray, reason: str) -> CohortPanel:
    """The panel without some units, their rows logged."""
    if kept.all():
        return panel
    way, places = panel.clusters, None if panel.places is None else panel.places[:, kept]
    return replace(
        panel, y=panel.y[:, kept], X=panel.X[:, kept], cohort=panel.cohort[kept],
        weights=None if panel.weights is None else panel.weights[:, kept],
        clusters=None if way is None else Grouping.of(way.name, way.codes[kept]),
        places=places, log=_without(panel, reason, int(panel.seen[:, ~kept].sum()), places),
    )  # fmt: skip


def kept_periods(panel: CohortPanel, kept: BoolArray, reason: str) -> CohortPanel:
    """The panel without some periods, their rows logged."""
    if kept.all():
        return panel
    places = None if panel.places is None else panel.places[kept]
    return replace(
        panel, y=panel.y[kept], X=panel.X if len(panel.X) == 1 else panel.X[kept], times=panel.times[kept],
        weights=None if panel.weights is None else panel.weights[kept],
        places=places, log=_without(panel, reason, int(panel.seen[~kept].sum()), places),
    )  # fmt: skip


def _without(panel: CohortPanel, reason: str, lost: int, places: FloatArray | None) -> SampleLog:
    left = None if places is None else np.sort(places[~np.isnan(places)]).astype(np.int64)
    return panel.log.without(reason, lost, left)


def usable(panel: CohortPanel, anticipation: int, unbalanced: Unbalanced) -> CohortPanel:
    """Units whose adoption can be compared: those treated in the first period go, and those seen once.

    Raises
    ------
    EstimationError
        Nothing is left, no unit is treated within the sample, or all are treated at once.
    """
    first, last = int(panel.times[0]), int(panel.times[-1])
    if len(panel.times) < 2:
        raise EstimationError(f"one period only: {first}")
    after = np.isfinite(panel.cohort) & (panel.cohort > last + anticipation)
    panel = replace(panel, cohort=np.where(after, NEVER, panel.cohort))
    if not len(panel.cohorts):
        beyond = f"; {int(after.sum())} units are after {last}: negative event times only" if after.any() else ""
        raise EstimationError(f"no unit is treated within the sample ({first} to {last}){beyond}")
    early: BoolArray = np.asarray(panel.cohort - anticipation <= first)
    if early.all():
        raise EstimationError(f"every unit is treated in the first period, {first}: nothing to compare with")
    panel = kept_units(panel, np.logical_not(early), f"units treated in the first period, {first}, or before")
    if unbalanced == "complete":
        whole: BoolArray = np.asarray(panel.seen.all(axis=0))
        if not whole.any():
            raise EstimationError("no unit is seen in every period", hint="unbalanced='pairs'")
        panel = kept_units(panel, whole, "units not seen in every period")
    else:
        panel = kept_units(panel, np.asarray(panel.seen.sum(axis=0) > 1), "units seen in one period only")
    return _judged(panel, anticipation)


def _judged(panel: CohortPanel, anticipation: int) -> CohortPanel:
    """Refuse what has no comparison; say what a reader of the numbers has to know."""
    if not len(panel.cohorts):
        raise EstimationError(f"no unit is treated within the sample after its first period, {panel.times[0]}")
    never = np.isinf(panel.cohort)
    if not never.any() and len(panel.cohorts) == 1:
        raise EstimationError(
            f"all {panel.units} units are treated at once, in {panel.cohorts[0]:g}: no comparison is left",
            hint="a comparison needs units that are treated later or never",
        )
    said = []
    missing = 1 - panel.log.n / panel.y.size
    if missing > 0:
        said.append(
            f"unbalanced: {missing:.1%} of the unit-periods have no row; a cell compares the units seen in both of its "
            "periods (no repeated cross-sections); unbalanced='complete' keeps units seen in every period"
        )
    gaps = np.flatnonzero(np.diff(panel.times) > np.diff(panel.times).min())
    if len(gaps):
        between = listed([f"{panel.times[g]} and {panel.times[g + 1]}" for g in gaps[:5]])
        said.append(f"gaps in time between {between}: the period before is the last one with rows")
    return replace(panel, warnings=(*panel.warnings, *said))


def without_last(panel: CohortPanel, anticipation: int) -> CohortPanel:
    """Where no unit is never treated: the last cohort is the comparison, until it is treated."""
    if np.isinf(panel.cohort).any():
        return panel
    last = panel.cohorts[-1]
    reason = f"periods from {last - anticipation:g}: no unit is untreated then"
    left = kept_periods(panel, panel.times < last - anticipation, reason)
    left = kept_units(left, np.asarray(left.seen.sum(axis=0) > 1), "units seen in one of the other periods at most")
    left = replace(
        left,
        cohort=np.where(left.cohort == last, NEVER, left.cohort),
        warnings=(*left.warnings, f"no unit is never treated: cohort {last:g}, the last, is only compared with"),
    )
    if not len(left.times) or not np.any(left.cohort[np.isfinite(left.cohort)] <= left.times[-1]):
        raise EstimationError(f"no cohort is treated before the last one, {last:g}")
    return left
