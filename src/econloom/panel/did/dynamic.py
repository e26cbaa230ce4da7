"""Event studies: effects by time since adoption, from one regression on its dummies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import polars as pl

from econloom.core.errors import EstimationError, UsageError, listed
from econloom.core.estimate import Coefficient, Test, Tidy, Unavailable
from econloom.core.labels import Label
from econloom.core.spec import SscName, VcovSpec
from econloom.data.expressions import Scope
from econloom.panel.absorb import IntArray
from econloom.panel.columns import Where
from econloom.panel.did.effects import DynamicEffects
from econloom.panel.did.timing import Asked, Timing, timing
from econloom.panel.did.twoway import (
    Options,
    absorbed,
    cohorts,
    fitted,
    sample_counts,
    warned,
    with_effects,
    with_terms,
)
from econloom.panel.did.windows import Base, Ends, Window, window_of
from econloom.panel.fit import Fit
from econloom.panel.formula import ModelSpec, parse_formula
from econloom.panel.hypotheses import wald

LABEL = Label("事件研究法（双向固定效应）", "Event study (two-way effects)")


@dataclass(frozen=True, repr=False, eq=False)
class EventStudy(DynamicEffects):
    """Effects by event time of a two-way regression.

    Attributes
    ----------
    fit : Fit
        The regression on the dummies, with its sample, controls and tests.
    window : Window
    cohorts : polars.DataFrame
        cohort, units, rows of the sample; the last row, without a cohort, is of units that never adopt.
    absorbed : tuple
        Adopting units whose treatment the effects absorb.
    remarks : tuple of str
        What is to be said of the cohorts; ``warnings`` has it with the regression's own.
    """

    fit: Fit = field(kw_only=True)
    window: Window = field(kw_only=True)
    cohorts: pl.DataFrame = field(kw_only=True)
    absorbed: tuple[Any, ...] = field(kw_only=True)
    remarks: tuple[str, ...] = field(kw_only=True)

    @cached_property
    def pretrend(self) -> Test | Unavailable:
        """Joint test that the effects of all pre-periods are zero, with the regression's covariance."""
        names = [term(int(e)) for e in self.events[self.pre]]
        return wald(self.fit, names) if names else Unavailable("no pre-period is estimated")

    @cached_property
    def _rows(self) -> tuple[Coefficient, ...]:
        found = {c.term: c for c in self.fit.summary.coefficients}
        return tuple(found[term(int(e))] for e in self.events)

    @property
    def summary(self) -> Tidy:
        """The regression as rows and statistics, effects before the controls; base periods are named in a note."""
        found = self.fit.summary
        own = {c.term for c in self._rows}
        controls = tuple(c for c in found.coefficients if c.term not in own)
        made = super().summary
        return replace(
            made, coefficients=(*made.coefficients, *controls), effects=found.effects, clusters=found.clusters
        )

    def with_vcov(self, vcov: VcovSpec) -> EventStudy:
        """The same effects with another covariance."""
        return _of_fit(self.fit.with_vcov(vcov), self)


def term(event: int) -> str:
    """The name of a dummy's coefficient."""
    return f"event_time::{event}"


def event_study(
    formula: str,
    data: Any,
    unit: str | None = None,
    time: str | None = None,
    cohort: str | None = None,
    treatment: str | None = None,
    window: tuple[int, int] | None = None,
    base: Base = -1,
    ends: Ends = "bin",
    never: float | None = None,
    adopts: str | None = None,
    vcov: VcovSpec | None = None,
    weights: str | None = None,
    where: Where = None,
    ssc: SscName = "fixest",
    singletons: Literal["keep", "drop"] = "keep",
) -> EventStudy:
    """Effects by time since adoption from a regression on dummies of event time.

    Parameters
    ----------
    formula : str
        ``"y ~ c | firm + year + province^year"``, ``"y ~ 1"``; without effects those of unit and time are added.
    data : Panel, polars, pandas, pyarrow or path
    unit, time : str, optional
        Keys; the panel's own by default. Several rows of one unit and time are allowed (repeated cross-sections).
    cohort : str, optional
        The first treated period by row; missing (or infinite, or ``never``) for units that never adopt.
    treatment : str, optional
        Instead of ``cohort``: a 0/1 column that stays 1 once it is; it leaves the formula where it is in it.
    window : (int, int), optional
        First and last event time; all that the rows have by default.
    base : int, several, "printed" or None
        Event times without a dummy. ``printed`` leaves out the period of adoption and all before the window
        together, as papers do that show -4 ... -1 and 1 ... 5. None needs an end that is part of the base.
    ends : {"bin", "drop", "base"} or a pair of them
        What lies beyond the window: counted with its edge, left out of the sample, or part of the base.
    never : number, optional
        Value of ``cohort`` that stands for never, such as 0 or 10000.
    adopts : str, optional
        Column of what adopts where that is coarser than the unit (a city of firms).
    vcov : VcovSpec
        ``el.cluster(unit)`` by default; any of docs/inference.md.
    weights, where, ssc, singletons
        As for :func:`econloom.panel.fit.ols`.

    Returns
    -------
    EventStudy
        A :class:`~econloom.panel.did.effects.DynamicEffects` with its ``fit``.

    Raises
    ------
    UsageError
        A column that is not there, a base outside the window, both or neither of ``cohort`` and ``treatment``.
    DataError
        No unit adopts, an event time of the window or base that no row has, treatment that switches off.
    EstimationError
        Dummies that are collinear: no base, or no untreated unit and one base only; the message names the cure.

    Notes
    -----
    ``y_it = a_i + b_t + sum_k beta_k 1[t - g_i = k] + c_it'd + e_it``, units that never adopt having no dummy; the base
    is zero. With effects that differ by cohort the coefficients mix event times (Sun and Abraham 2021).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> rows = pl.DataFrame({"i": np.repeat(np.arange(20), 6), "t": np.tile(np.arange(6), 20)})
    >>> rows = rows.with_columns(pl.when(pl.col("i") < 8).then(3).alias("g"))
    >>> effect = (rows["t"] >= rows["g"]).fill_null(False).cast(int)
    >>> rows = rows.with_columns((rows["i"] + rows["t"] + 2 * effect).alias("y") + 0.01 * rng.normal(size=120))
    >>> [round(b, 1) for b in event_study("y ~ 1", rows, "i", "t", cohort="g").tidy()["estimate"]][2:]
    [0.0, 2.0, 2.0, 2.0]
    """
    options = Options(vcov, weights, ssc, singletons)
    found = timing(data, unit, time, Asked(cohort, treatment, never, adopts), where, None)
    chosen = window_of(window, base, ends, found)
    model = with_effects(parse_formula(formula), found)
    return estimated(model, found, chosen, where, options, treatment)


def estimated(
    model: ModelSpec, found: Timing, window: Window, where: Where, options: Options, treatment: str | None = None
) -> EventStudy:
    """The event study of a checked window.

    Parameters
    ----------
    model : ModelSpec
        Controls and effects.
    found : Timing
    window : Window
    where : str, Node, Series or None
        As it was asked for; rows beyond a dropped end, and without an adopting unit, are left out too.
    options : Options
    treatment : str, optional
        A term that leaves the model.
    """
    if not window.estimated:
        raise UsageError("every event time of the window is base")
    binned = window.binned(found.events)
    dummies = {term(e): (found.adopter & (binned == e)).astype(float) for e in window.estimated}
    frame = found.panel.frame.with_columns(pl.Series(n, v) for n, v in dummies.items())
    found = replace(found, panel=replace(found.panel, frame=frame))
    whole = with_terms(model, list(dummies), treatment)
    fit = fitted(whole, found, _rows(found, window, where), options)
    _refuse_collinear(fit, found, window, binned)
    rows = fit.design.rows
    base, bins = window.shown(found.events[rows[found.adopter[rows]]])
    lost = absorbed(fit, found, list(dummies))
    made = EventStudy(
        estimator="event_study",
        label=LABEL,
        outcome=model.outcome.name,
        events=np.array(window.estimated, dtype=np.int64),
        estimates=np.zeros(len(window.estimated)),
        vcov=np.zeros((len(window.estimated),) * 2),
        base=base,
        sample=fit.sample,
        n_units=_units(fit, found, adopting=False),
        n_treated=_units(fit, found, adopting=True),
        n_clusters=None,
        covariance="",
        ssc=options.ssc,
        df=None,
        bins=bins,
        counts=sample_counts(fit, found, window.estimated, binned),
        remarks=warned(fit, found, lost),
        fit=fit,
        window=window,
        cohorts=cohorts(fit, found),
        absorbed=lost,
    )
    return _of_fit(fit, made)


def _of_fit(fit: Fit, made: EventStudy) -> EventStudy:
    """The effects with the estimates and the covariance of a regression."""
    at = [fit.estimate.names.index(term(int(e))) for e in made.events]
    glance = fit.glance_values
    return replace(
        made,
        estimates=fit.estimate.coefficients[at],
        vcov=fit.inference.vcov[np.ix_(at, at)],
        n_clusters=fit.counts.clusters,
        covariance=str(fit.request.vcov),
        ssc=fit.request.ssc,
        df=fit.inference.df,
        formula=fit.request.model.text,
        statistics=tuple((name, glance.get(name)) for name in ("r2", "r2_within")),
        warnings=(*made.remarks, *fit.warnings),
        critical=None,
        fit=fit,
    )


def _rows(found: Timing, window: Window, where: Where) -> Where:
    """The condition with what the ends leave out, named for the log of the sample."""
    kept = window.kept(found)
    if (kept & found.known).all():
        return where
    parts = [f"({where})"] if isinstance(where, str) else [where.name] if isinstance(where, pl.Series) else []
    parts += [] if found.known.all() else ["adoption known"]
    parts += [] if kept.all() else [f"event time in {window.low}...{window.high}"]
    return pl.Series(" and ".join(parts), found.inside & kept)


def _units(fit: Fit, found: Timing, adopting: bool) -> int:
    rows = fit.design.rows
    rows = rows[found.adopter[rows]] if adopting else rows
    return int(found.panel.column(found.unit)[rows].n_unique())


def _refuse_collinear(fit: Fit, found: Timing, window: Window, binned: IntArray) -> None:
    """Refuse dummies that were left out, and name the cure.

    Raises
    ------
    EstimationError
    """
    counts = sample_counts(fit, found, [*window.base, *window.estimated], binned)
    empty = [e for e, n in zip([*window.base, *window.estimated], counts, strict=True) if not n]
    if empty:
        raise EstimationError(
            f"no row of the sample is at event time {listed(empty)}: missing values left it without any",
            hint="a narrower window, or another base",
        )
    removed = {n: why for n, why in fit.estimate.removed if n in {term(e) for e in window.estimated}}
    if not removed:
        return
    rows = fit.design.rows
    none_left = not window.base and not _in_base(found, window, rows, binned)
    if none_left:
        raise EstimationError(
            "the dummies of the window are exhaustive: in each adopting unit they sum to one, which the effects absorb",
            hint=f"name a base: base={_suggested(window)}",
        )
    name, why = next(iter(removed.items()))
    event = name.removeprefix("event_time::")
    if found.adopter[rows].all():
        further = _further(window)
        raise EstimationError(
            f"no unit stays untreated: beside effects of unit and time, event times are known up to a line only "
            f"(event time {event} is {why})",
            hint=f"a further base: base={further}, or keep units that never adopt",
        )
    raise EstimationError(f"event time {event} has no estimate: it is {why}", hint="coarser effects, or another base")


def _in_base(found: Timing, window: Window, rows: IntArray, binned: IntArray) -> bool:
    """Whether adopting units have rows without a dummy."""
    beyond = (binned[rows] < window.low) | (binned[rows] > window.high)
    return bool((beyond & found.adopter[rows]).any())


def _suggested(window: Window) -> int:
    return -1 if window.low <= -1 else window.low


def _further(window: Window) -> tuple[int, ...]:
    """The base with the event time that is farthest from it."""
    near: Sequence[int] = window.base or (_suggested(window),)
    far = max(window.estimated, key=lambda e: (min(abs(e - b) for b in near), -e))
    early = [e for e in window.estimated if e < min(near)]
    return tuple(sorted({*near, min(early) if early else far}))


def many(
    model: ModelSpec,
    data: Any,
    asked: Asked,
    windows: Sequence[tuple[tuple[int, int] | None, Base, Ends]],
    where: Where,
    options: Options,
    keys: tuple[str | None, str | None] = (None, None),
    scope: Scope | None = None,
    treatment: str | None = None,
) -> list[EventStudy]:
    """Event studies of one model with several windows.

    Parameters
    ----------
    windows : sequence of (window, base, ends)
        As in :func:`event_study`.
    """
    found = timing(data, *keys, asked, where, scope)
    return [
        estimated(model, found, window_of(*window, found), where, replace(options, scope=scope), treatment)
        for window in windows
    ]
