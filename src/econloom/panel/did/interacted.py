"""Sun and Abraham: effects of cohorts by event time from one regression, averaged by cohort shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import polars as pl

from econloom.core.errors import DataError, EstimationError, UsageError, listed
from econloom.core.labels import Label
from econloom.core.spec import SscName, VcovSpec
from econloom.panel.absorb import FloatArray, Grouping, IntArray
from econloom.panel.columns import BoolArray, Where
from econloom.panel.did.effects import DynamicEffects
from econloom.panel.did.timing import Asked, Timing, timing
from econloom.panel.did.twoway import Options, fitted, with_effects, with_terms
from econloom.panel.fit import Fit
from econloom.panel.formula import ModelSpec, parse_formula
from econloom.panel.inference.clustering import clustered_meat

Shares = Literal["fixed", "estimated"]
LABEL = Label("Sun-Abraham 交互加权估计", "Sun-Abraham")


@dataclass(frozen=True, repr=False, eq=False)
class SunAbraham(DynamicEffects):
    """Interaction-weighted effects by event time.

    Attributes
    ----------
    fit : Fit
        The regression on dummies of cohort and event time.
    cells : polars.DataFrame
        cohort, event_time, estimate, std_error, rows, share (of the rows at this event time).
    shares : {"fixed", "estimated"}
    """

    fit: Fit = field(kw_only=True)
    cells: pl.DataFrame = field(kw_only=True)
    shares: Shares = field(kw_only=True)


def sun_abraham(
    formula: str,
    data: Any,
    unit: str | None = None,
    time: str | None = None,
    *,
    cohort: str,
    base: int | Sequence[int] = -1,
    shares: Shares = "fixed",
    never: float | None = None,
    vcov: VcovSpec | None = None,
    weights: str | None = None,
    where: Where = None,
    ssc: SscName = "fixest",
) -> SunAbraham:
    """Effects by event time whose weights are cohort shares (Sun and Abraham 2021).

    Parameters
    ----------
    formula : str
        ``"y ~ x"``; effects of unit and time are added where it has none.
    data : Panel, polars, pandas, pyarrow or path
    unit, time : str, optional
        Keys; the panel's own by default.
    cohort : str
        First treated period; missing (or infinite, or ``never``) for units that never adopt. Where none is such, the
        last cohort is the comparison and the periods from its adoption on are left out.
    base : int or several
        Event times without a dummy.
    shares : {"fixed", "estimated"}
        Whether the errors take the cohort shares as given (fixest's ``sunab``, pyfixest) or add their variance
        (the paper, Stata's ``eventstudyinteract``), here with the clusters of the regression.
    never : number, optional
        Value of ``cohort`` that stands for never, such as 10000.
    vcov, weights, where, ssc
        As for :func:`econloom.panel.fit.ols`; clusters of units by default.

    Returns
    -------
    SunAbraham
        A :class:`~econloom.panel.did.effects.DynamicEffects`; ``average(weights="counts")`` is the effect over all
        treated rows (``att`` of fixest).

    Raises
    ------
    UsageError
        A column that is not there, ``shares`` by another name.
    DataError
        Cohorts that are no whole numbers; no event time beside the base.
    EstimationError
        One cohort and nobody else; a cohort that is never seen at the base.

    Notes
    -----
    ``y_it = a_i + b_t + sum_g sum_{e != base} d_ge 1[g_i = g] 1[t - g = e] + x'c + u_it``; the effect at e is ``sum_g
    s_ge d_ge`` with ``s_ge`` the share of cohort g among the (weighted) rows of the sample at e. Cohorts treated in the
    first period are left out. With estimated shares the clustered outer product of the following is added to
    the covariance: ``w_i 1[e_i = e] (d_ge - effect_e) / W_e``.

    Examples
    --------
    >>> i, t = np.repeat(np.arange(12), 5), np.tile(np.arange(1, 6), 12)
    >>> g = np.array([3, 4, 99])[i % 3]
    >>> y = i + 0.5 * t + (t >= g) * (t - g + 1.0) + 0.01 * np.sin(i * t)
    >>> frame = pl.DataFrame({"i": i, "t": t, "g": g, "y": y})
    >>> found = sun_abraham("y ~ 1", frame, "i", "t", cohort="g", never=99)
    >>> [abs(round(b, 1)) for b in found.tidy()["estimate"]]
    [0.0, 0.0, 0.0, 1.0, 2.0, 3.0]
    """
    if shares not in ("fixed", "estimated"):
        raise UsageError(f"shares: 'fixed' or 'estimated', not {shares!r}")
    if shares == "estimated" and vcov is not None and vcov.kind not in ("iid", "hc1", "hc2", "hc3", "cluster"):
        raise UsageError(
            f"shares='estimated' goes with clusters or independent rows, not {vcov}",
            hint="shares='fixed', or el.cluster(...)",
        )
    found = timing(data, unit, time, Asked(cohort, None, never), where, None)
    bases = _bases(base)
    return _estimated(parse_formula(formula), found, bases, where, Options(vcov, weights, ssc), shares)


def _bases(base: object) -> tuple[int, ...]:
    """Event times of the base, ascending."""
    given = [base] if isinstance(base, int | np.integer) else base
    known = isinstance(given, list | tuple | set | range | np.ndarray) and len(given) > 0
    if not known or not all(isinstance(b, int | np.integer) and not isinstance(b, bool) for b in given):  # type: ignore[attr-defined]
        raise UsageError(f"base: an event time without a dummy, such as -1, not {base!r}")
    return tuple(sorted({int(b) for b in given}))  # type: ignore[attr-defined]


def _estimated(
    model: ModelSpec, found: Timing, bases: tuple[int, ...], where: Where, options: Options, shares: Shares
) -> SunAbraham:
    found, kept, said = _sample(found)
    events, treated = found.events, found.adopter & kept
    pairs = sorted({(int(g), int(e)) for g, e in zip(found.cohorts[treated], events[treated], strict=True)})
    _refuse_unseen(pairs, bases)
    wanted = [(g, e) for g, e in pairs if e not in bases]
    if not wanted:
        raise DataError("no event time beside the base has a row")
    names = [_name(g, e) for g, e in wanted]
    dummies = [
        pl.Series(n, (treated & (found.cohorts == g) & (events == e)).astype(float))
        for n, (g, e) in zip(names, wanted, strict=True)
    ]
    found = replace(found, panel=replace(found.panel, frame=found.panel.frame.with_columns(dummies)))
    rows = where if kept.all() else _named(where, kept, said)
    fit = fitted(with_terms(with_effects(model, found), names), found, rows, options)
    if lost := [n for n, _ in fit.estimate.removed if n in set(names)]:
        raise EstimationError(
            f"{len(lost)} effects of cohorts have no estimate, such as {lost[0]}: the effects absorb them",
            hint="coarser effects, or where= without these cohorts",
        )
    return replace(
        _averaged(fit, found, wanted, bases, shares, said),
        formula=f"{model.text}, by cohort and event time, shares {shares}",
    )


def _name(cohort: int, event: int) -> str:
    return f"cohort::{cohort}:event_time::{event}"


def _named(where: Where, kept: BoolArray, said: Sequence[str]) -> pl.Series:
    parts = [f"({where})"] if isinstance(where, str) else []
    return pl.Series(" and ".join([*parts, f"not {listed(said)}"]), kept)


def _sample(found: Timing) -> tuple[Timing, BoolArray, list[str]]:
    """Rows without cohorts treated in the first period; where nobody is untreated the last cohort is the comparison.

    Raises
    ------
    EstimationError
        No cohort is left to compare.
    """
    inside, said = found.inside, []
    if not (inside & found.adopter).any():
        raise EstimationError("no unit adopts in the sample")
    first = int(found.times[inside].min())
    always = inside & found.adopter & (found.cohorts <= first)
    kept = inside & ~always
    if always.any():
        said.append(f"treated in the first period, {first}, or before")
    last_period = int(found.times[inside].max())
    adopter = found.adopter & (found.cohorts <= last_period)
    if not (kept & adopter).any():
        raise EstimationError(
            f"no unit adopts after the first period, {first}, and by the last one, {last_period}: "
            "there is no effect to estimate"
        )
    if (kept & ~adopter).any():
        return replace(found, adopter=adopter), kept, said
    known = np.unique(found.cohorts[kept])
    if len(known) < 2:
        raise EstimationError(f"all units are treated at once, in {known[0]}: no comparison is left")
    last = int(known[-1])
    said.append(f"period {last} or later, when no unit is untreated: cohort {last} is only compared with")
    return replace(found, adopter=adopter & (found.cohorts < last)), kept & (found.times < last), said


def _refuse_unseen(pairs: Sequence[tuple[int, int]], bases: tuple[int, ...]) -> None:
    seen = {g for g, e in pairs if e in bases}
    if absent := sorted({g for g, _ in pairs} - seen):
        raise EstimationError(
            f"cohorts {listed(absent)} have no row at the base, event time {listed(bases)}",
            hint="another base=, or where= without these cohorts",
        )


def _averaged(
    fit: Fit,
    found: Timing,
    wanted: Sequence[tuple[int, int]],
    bases: tuple[int, ...],
    shares: Shares,
    said: Sequence[str],
) -> SunAbraham:
    """Cohorts' effects averaged by the shares of their rows."""
    rows = fit.design.rows
    at = [fit.estimate.names.index(_name(g, e)) for g, e in wanted]
    d, V = fit.estimate.coefficients[at], fit.inference.vcov[np.ix_(at, at)]
    w = np.ones(len(rows)) if fit.absorbed.weights is None else fit.absorbed.weights
    place = _places(found, rows, wanted)
    size = np.bincount(place[place >= 0], w[place >= 0], len(wanted))
    events = np.unique([e for _, e in wanted])
    A = np.array([[s if e == event else 0.0 for (_, e), s in zip(wanted, size, strict=True)] for event in events])
    totals = A.sum(axis=1)
    A /= totals[:, None]
    effects, covariance = A @ d, A @ V @ A.T
    if shares == "estimated":
        of = np.searchsorted(events, [e for _, e in wanted])
        covariance = covariance + _share_variance(
            fit.clusters, w, place, of, (d - effects[of]) / totals[of], len(events)
        )
    cells = pl.DataFrame({
        "cohort": [g for g, _ in wanted], "event_time": [e for _, e in wanted], "estimate": d,
        "std_error": np.sqrt(np.diag(V)), "rows": np.bincount(place[place >= 0], minlength=len(wanted)),
        "share": A.sum(axis=0),
    })  # fmt: skip
    column, glance = found.panel.column(found.unit), fit.glance_values
    return SunAbraham(
        "sun_abraham", LABEL, fit.summary.outcome, events.astype(np.int64), effects, covariance, bases, fit.sample,
        int(column[rows].n_unique()), int(column[rows[found.adopter[rows]]].n_unique()), fit.counts.clusters,
        str(fit.request.vcov), fit.request.ssc, fit.inference.df, counts=totals,
        statistics=tuple((n, glance.get(n)) for n in ("r2", "r2_within")),
        warnings=(*(f"left out: {s}" for s in said), *_lonely(found, rows), *fit.warnings),
        fit=fit, cells=cells, shares=shares,
    )  # fmt: skip


def _lonely(found: Timing, rows: IntArray) -> list[str]:
    """Cohorts of one unit in words."""
    inside = rows[found.adopter[rows]]
    frame = pl.DataFrame({"g": found.cohorts[inside], "u": found.panel.column(found.unit)[inside]})
    alone = frame.group_by("g").agg(pl.col("u").n_unique()).filter(pl.col("u") == 1)["g"].sort().to_list()
    text = f"cohorts of one unit: {listed(alone)}; the errors of their effects cannot see that unit's own noise"
    return [text] if alone else []


def _places(found: Timing, rows: IntArray, wanted: Sequence[tuple[int, int]]) -> IntArray:
    """Which dummy is one in each row; -1 for none."""
    place = np.full(len(rows), -1, dtype=np.int64)
    g, e = found.cohorts[rows], found.events[rows]
    for number, (cohort, event) in enumerate(wanted):
        place[found.adopter[rows] & (g == cohort) & (e == event)] = number
    return place


def _share_variance(
    ways: Sequence[Grouping], w: FloatArray, place: IntArray, of: IntArray, lead: FloatArray, m: int
) -> FloatArray:
    """What estimated shares add to the covariance, (m, m)."""
    inside = place >= 0
    psi = np.zeros((len(w), m))
    psi[np.flatnonzero(inside), of[place[inside]]] = w[inside] * lead[place[inside]]

    def sums(groups: Grouping) -> FloatArray:
        return np.column_stack([np.bincount(groups.codes, s, groups.levels) for s in psi.T])

    return np.asarray(clustered_meat(sums, ways) if ways else psi.T @ psi)
