"""De Chaisemartin and D'Haultfoeuille: effects of having switched treatment some periods ago, and placebos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.core.labels import Label
from econloom.core.lineage import SampleLog
from econloom.core.spec import VcovSpec
from econloom.data.sources import as_panel
from econloom.panel.absorb import FloatArray, Grouping, IntArray
from econloom.panel.columns import Columns, grouped
from econloom.panel.design import Sample, draw_sample, refuse_one_cluster
from econloom.panel.did.effects import DynamicEffects
from econloom.panel.did.grid import Grid
from econloom.panel.formula import parse_formula
from econloom.panel.request import Request

LABEL = Label("de Chaisemartin-D'Haultfoeuille 多期估计", "de Chaisemartin-D'Haultfoeuille")


def multiple_periods(
    formula: str,
    data: Any,
    unit: str | None = None,
    time: str | None = None,
    *,
    effects: int = 1,
    placebos: int = 0,
    vcov: VcovSpec | None = None,
    where: Any = None,
) -> DynamicEffects:
    """Effects by periods since a unit's treatment first changed, with placebos before it.

    Parameters
    ----------
    formula : str
        ``"y ~ d"``: a treatment of few values that may start above zero, rise, fall, and switch on and off.
    data : Panel, polars, pandas, pyarrow or path
    unit, time : str
        Keys; they may come with a Panel.
    effects : int
        How many: the change of the outcome over 1, 2, ... periods since the last one before the switch.
    placebos : int
        How many periods before; at most ``effects``.
    vcov : VcovSpec, optional
        ``el.cluster("column")`` of whole units; of one unit each by default.
    where : str, optional

    Returns
    -------
    DynamicEffects
        Effect l at event time l - 1, placebo l at -1 - l, the base at -1; ``counts`` are the switchers behind each.

    Raises
    ------
    UsageError
        Covariates or effects in the formula, numbers of effects that are no counts, no keys.
    DataError
        Gaps between the periods.
    EstimationError
        No unit switches with a comparison; fewer effects or placebos than asked for can be estimated.

    Notes
    -----
    For unit g whose treatment first differs from that of its first period, D_1, in period F: ``DID_gl = Y_{F-1+l} -
    Y_{F-1}`` less the mean of the same over units with the same D_1 that have not switched by ``F-1+l``; the effect is
    the mean of ``S_g DID_gl``, S the direction of the switch (de Chaisemartin and D'Haultfoeuille 2024, Review of
    Economics and Statistics; R's and Stata's ``did_multiplegt_dyn``, not normalised). Placebos compare ``Y_{F-1-l} -
    Y_{F-1}`` of units that the effect of as many periods compares. Units are dropped from the period on in which their
    treatment has been both above and below D_1. Errors are influence functions about the means of cohorts (same D_1, F,
    direction), without degrees-of-freedom factor; the numbers of switchers are taken as given; normal law. With a
    binary treatment that stays the effects are those of :func:`econloom.panel.did.group_time` with not-yet-treated
    comparison.

    Examples
    --------
    >>> import polars as pl
    >>> i, t = np.repeat(np.arange(12), 6), np.tile(np.arange(1, 7), 12)
    >>> d = (t >= np.array([3, 5, 99])[i % 3]) * 1
    >>> frame = pl.DataFrame({"i": i, "t": t, "d": d, "y": i + 0.5 * t + 2.0 * d + 0.01 * np.sin(i * t)})
    >>> found = multiple_periods("y ~ d", frame, "i", "t", effects=2, placebos=1)
    >>> found.tidy()["event_time"].to_list(), [round(float(b), 1) for b in found.estimates]
    ([-2, -1, 0, 1], [0.0, 2.0, 2.0])
    """
    for name, value in (("effects", effects), ("placebos", placebos)):
        if isinstance(value, bool) or not isinstance(value, int) or value < (name == "effects"):
            raise UsageError(f"{name}: a number of periods, not {value!r}")
    if placebos > effects:
        raise UsageError(f"{placebos} placebos with {effects} effects: a placebo needs the effect of as many periods")
    panel = as_panel(data, unit, time)
    if panel.unit is None or panel.time is None:
        raise UsageError("el.did.multiple_periods needs both keys", hint="unit='firm', time='year'")
    try:
        drawn = _switchers(formula, panel, vcov, where)
        return _effects(drawn, effects, placebos)
    except (DataError, EstimationError) as error:
        raise error.within(formula) from error


@dataclass(frozen=True)
class Switchers:
    """Units by when and how their treatment first changed.

    Attributes
    ----------
    y : (T, N) array
        NaN where there is no row, or the treatment has crossed its first value.
    start : (N,) array
        Treatment in the first period.
    switch : (N,) int array
        Place of the first period in which it differs; T for never.
    direction : (N,) array
        1 or -1; 0 for never.
    clusters : Grouping or None
    log : SampleLog
    text, outcome, covariance : str
    warnings : tuple of str
    """

    y: FloatArray
    start: FloatArray
    switch: IntArray
    direction: FloatArray
    clusters: Grouping | None
    log: SampleLog
    text: str
    outcome: str
    covariance: str
    warnings: tuple[str, ...]


def _switchers(formula: str, panel: Any, vcov: VcovSpec | None, where: Any) -> Switchers:
    model = parse_formula(formula)
    if model.effects or model.endogenous or len(model.terms) != 1:
        raise UsageError(f"el.did.multiple_periods takes one treatment and nothing else: {model.text}", hint="y ~ d")
    if vcov is not None and (vcov.kind != "cluster" or len(vcov.clusters) != 1):
        raise UsageError(f"el.did.multiple_periods has no {vcov}", hint="el.cluster('column'); of one unit by default")
    columns = Columns(panel, where)
    asked = Request(model, panel, VcovSpec() if vcov is None else vcov, where=where, unit=panel.unit)
    sample = draw_sample(columns, asked)
    at = columns.places(sample.rows)
    codes = np.unique(grouped(panel, (panel.unit,)).codes[sample.rows], return_inverse=True)[1].reshape(-1)
    grid = Grid(codes, panel.column(panel.time).to_numpy()[sample.rows], int(codes.max()) + 1)
    if len(gaps := np.flatnonzero(np.diff(grid.times) > 1)):
        raise DataError(f"no row between the periods {grid.times[gaps[0]]} and {grid.times[gaps[0] + 1]}")
    values = [columns.term(t, model.text) for t in (model.outcome, model.terms[0])]
    y, d = (grid.put(v if at is None else v[at]) for v in values)
    return _classified(y, d, _clusters(panel, asked, sample.rows, codes), sample, codes, model, vcov)


def _clusters(panel: Any, asked: Request, rows: IntArray, codes: IntArray) -> Grouping | None:
    if not asked.cluster_ways or asked.cluster_ways == ((panel.unit,),):
        return None
    way = grouped(panel, asked.cluster_ways[0]).grouping("^".join(asked.cluster_ways[0]), rows)
    refuse_one_cluster(way)
    found = np.empty(int(codes.max()) + 1, dtype=np.int64)
    found[codes] = way.codes
    if not np.array_equal(found[codes], way.codes):
        raise UsageError(f"units lie in several clusters of {way.name!r}: their influence is one number each")
    return Grouping(way.name, found, way.levels)


def _classified(
    y: FloatArray,
    d: FloatArray,
    clusters: Grouping | None,
    sample: Sample,
    codes: IntArray,
    model: Any,
    vcov: VcovSpec | None,
) -> Switchers:
    """First changes of the treatment; units without a row in the first period go."""
    said, log = [], sample.log
    seen = np.asarray(~np.isnan(d[0]))
    if not seen.all():
        lost = int((~np.isnan(y[:, ~seen])).sum())
        log = log.without("units not seen in the first period", lost, sample.rows[seen[codes]])
        y, d = y[:, seen], d[:, seen]
        clusters = None if clusters is None else Grouping.of(clusters.name, clusters.codes[seen])
    T, N = d.shape
    moved = ~np.isnan(d) & (d != d[0])
    switch = np.where(moved.any(axis=0), moved.argmax(axis=0), T).astype(np.int64)
    after = np.where(switch < T, d[np.minimum(switch, T - 1), np.arange(N)], d[0])
    direction = np.sign(after - d[0])
    crossed = np.maximum.accumulate(~np.isnan(d) & (np.sign(d - d[0]) * direction < 0), axis=0)
    if crossed.any():
        y = np.where(crossed, np.nan, y)
        said.append(f"{int(crossed.any(axis=0).sum())} units cross their first treatment: left out from there on")
    hidden = int((np.isnan(d[:-1]) & (np.arange(T)[:-1, None] < switch) & (switch < T)).any(axis=0).sum())
    if hidden:
        said.append(f"{hidden} switching units miss a row before their switch, which may have been earlier")
    covariance = "cluster(unit)" if vcov is None else str(vcov)
    return Switchers(
        y, d[0], switch, direction, clusters, log, model.text, model.outcome.name, covariance, tuple(said)
    )  # fmt: skip


def _effects(drawn: Switchers, effects: int, placebos: int) -> DynamicEffects:
    """All effects and placebos with their influence."""
    estimates, psis, counts, known = {}, {}, {}, {}
    for step in range(1, effects + 1):
        places = [(step - 1, step)] + ([(-1 - step, -step)] if step <= placebos else [])
        for event, shift in places:
            found = _effect(drawn, step, shift)
            if found is None:
                what = f"effect {step}" if shift > 0 else f"placebo {step}"
                fewer = f"effects={step - 1}" if shift > 0 else f"placebos={step - 1}"
                start = "units of one first treatment of which some switch and others do not yet"
                raise EstimationError(
                    f"no switching unit has a comparison for {what}",
                    hint=start if step == 1 and shift > 0 else fewer,
                )
            estimates[event], psis[event], counts[event], known[event] = found
    events = sorted(estimates)
    psi = np.stack([psis[e] for e in events])
    way = drawn.clusters
    if way is not None:
        psi = np.stack([np.bincount(way.codes, row, way.levels) for row in psi])
    N, V = drawn.y.shape[1], psi @ psi.T
    unknown = ~np.array([known[e] for e in events])
    V[unknown], V[:, unknown] = np.nan, np.nan
    return DynamicEffects(
        "multiple_periods", LABEL, drawn.outcome, np.array(events, dtype=np.int64),
        np.array([estimates[e] for e in events]),
        V, (-1,), drawn.log, N, int((drawn.switch < len(drawn.y)).sum()), N if way is None else way.levels,
        drawn.covariance, "none", None, counts=np.array([counts[e] for e in events]),
        formula=f"{drawn.text}, first switches", warnings=(*drawn.warnings, *_alone(drawn)),
    )  # fmt: skip


def _alone(drawn: Switchers) -> list[str]:
    """Cohorts of one switching unit in words."""
    kinds = np.stack([drawn.start, drawn.switch, drawn.direction])[:, drawn.switch < len(drawn.y)]
    single = int((np.unique(kinds, axis=1, return_counts=True)[1] == 1).sum())
    text = f"{single} cohorts of one switching unit: the errors cannot see that unit's own noise"
    return [text] if single else []


def _effect(drawn: Switchers, step: int, shift: int) -> tuple[float, FloatArray, float, bool] | None:
    """One effect (shift = step) or placebo (shift = -step).

    Estimate, influence of units, number of switchers, whether some cohort and its comparison have several clusters.
    """
    T, N = drawn.y.shape
    total, switchers, psi, known = 0.0, 0, np.zeros(N), False
    cluster = np.arange(N) if drawn.clusters is None else drawn.clusters.codes
    for F in np.unique(drawn.switch[drawn.switch < T]):
        last, other = F - 1 + step, F - 1 + shift
        if last >= T or other < 0:
            continue
        change = drawn.y[other] - drawn.y[F - 1]
        seen = ~np.isnan(change) & ~np.isnan(drawn.y[last])
        for start in np.unique(drawn.start[drawn.switch == F]):
            mine = seen & (drawn.start == start) & (drawn.switch == F)
            against = seen & (drawn.start == start) & (drawn.switch > last)
            if not mine.any() or not against.any():
                continue
            mean = change[against].mean()
            S = drawn.direction[mine]
            total += float((S * (change[mine] - mean)).sum())
            switchers += int(mine.sum())
            psi[against] -= S.sum() * (change[against] - mean) / against.sum()
            for sign in np.unique(S):
                same = mine & (drawn.direction == sign)
                psi[same] += sign * (change[same] - change[same].mean())
                known |= all(len(np.unique(cluster[side])) > 1 for side in (same, against))
    return (total / switchers, psi / switchers, float(switchers), known) if switchers else None
