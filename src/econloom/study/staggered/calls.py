"""How each estimator is called for a two-way model: effects by event time, and the mean effect of the treated."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from econloom.core.errors import EstimationError, listed
from econloom.core.estimate import Coefficient, Tidy
from econloom.core.spec import SscName
from econloom.panel import did
from econloom.panel.did.effects import DynamicEffects
from econloom.panel.formula import quoted
from econloom.study.staggered.wanted import Wanted, Window

Overall = tuple[Coefficient, Tidy]
_TREATED = "treated since the cohort"


def dynamic(found: DynamicEffects) -> Overall:
    """The mean over treated rows, by the rows behind each event time; those without an error are left out and said."""
    after = found.events[~found.pre]
    known = [int(e) for e in found.events[~found.pre & np.isfinite(found.std_errors)]]
    if not known:
        raise EstimationError("the errors of all effects are undefined")
    summary = found.summary
    if lost := [int(e) for e in after if e not in known]:
        said = f"mean effect without event time {listed(lost)}: its error is undefined"
        summary = replace(summary, extra={**summary.extra, "warnings": (*summary.extra["warnings"], said)})
    return found.average(known, weights="counts"), summary


def imputation(wanted: Wanted) -> did.ImputedEffects:
    """Borusyak, Jaravel and Spiess."""
    return did.imputation(wanted.formula, **_common(wanted), window=wanted.window, weights=wanted.weights)


def two_stage(wanted: Wanted) -> did.TwoStageEffects:
    """Gardner."""
    return did.two_stage(wanted.formula, **_common(wanted), window=wanted.window, weights=wanted.weights)


def _common(wanted: Wanted) -> dict[str, Any]:
    given = dict(zip(("unit", "time"), wanted.keys, strict=True))
    return given | {
        "data": wanted.panel,
        "cohort": wanted.cohort,
        "adopts": wanted.adopts if wanted.adopts != wanted.keys[0] else None,
        "vcov": wanted.vcov,
        "where": wanted.where,
    }


def att(found: did.ImputedEffects | did.TwoStageEffects) -> Overall:
    """The mean over treated rows, with the error that the estimator itself has for it."""
    return found.att, found.summary


def sun_abraham(wanted: Wanted) -> DynamicEffects:
    """Sun and Abraham, base -1."""
    found = did.sun_abraham(
        wanted.formula, wanted.panel, *wanted.keys, cohort=wanted.cohort, vcov=wanted.vcov, weights=wanted.weights,
        where=wanted.where, ssc=wanted.ssc,
    )  # fmt: skip
    return _cut(found, wanted.window)


def _cut(found: DynamicEffects, window: Window) -> DynamicEffects:
    """The effects of a window."""
    if window is None:
        return found
    kept = (found.events >= window[0]) & (found.events <= window[1])
    if not kept.any():
        raise EstimationError(f"no event time of {window[0]} to {window[1]} has an effect")
    return replace(
        found,
        events=found.events[kept],
        estimates=found.estimates[kept],
        vcov=found.vcov[np.ix_(kept, kept)],
        counts=None if found.counts is None else found.counts[kept],
        base=tuple(b for b in found.base if window[0] <= b <= window[1]),
    )


def group_time(wanted: Wanted, control: Any) -> did.GroupTime:
    """Callaway and Sant'Anna, doubly robust, every period against the last untreated one."""
    return did.group_time(
        wanted.plain, wanted.panel, *wanted.keys, cohort=wanted.cohort, control=control, base_period="universal",
        vcov=None if wanted.vcov is None or wanted.vcov.clusters == (wanted.keys[0],) else wanted.vcov,
        weights=wanted.weights, where=wanted.where, draws=0,
    )  # fmt: skip


def group_time_effects(wanted: Wanted, control: Any) -> DynamicEffects:
    """Their means by event time."""
    return group_time(wanted, control).aggregate("dynamic", window=wanted.window)


def group_time_overall(wanted: Wanted, control: Any) -> Overall:
    """Their mean over treated cells by the size of cohorts."""
    found = group_time(wanted, control).aggregate("simple").summary
    return found.coefficients[-1], found


def stacked(wanted: Wanted) -> DynamicEffects:
    """Experiments over the window; without one over the widest that the data span for every cohort.

    Conventions of one set of absorbed effects (xtreg, areg) are none of a stack: reghdfe in their place.
    """
    ssc: SscName = "reghdfe" if wanted.ssc in {"xtreg", "areg"} else wanted.ssc
    first, cohorts, last = wanted.adoptions
    window = wanted.window or (first - cohorts[0], last - cohorts[-1])
    return did.stacked(
        wanted.plain, wanted.panel, *wanted.keys, cohort=wanted.cohort, window=window, vcov=wanted.vcov,
        where=wanted.where, ssc=ssc,
    )  # fmt: skip


def multiple_periods(wanted: Wanted) -> DynamicEffects:
    """As many effects (and placebos, where a window asks for them) as have a comparison."""
    first, cohorts, last = wanted.adoptions
    unit, time = wanted.keys
    treated = (pl.col(time) >= pl.col(wanted.cohort)).fill_null(False).cast(pl.Int8)
    panel = wanted.panel.with_column(_TREATED, wanted.panel.frame.select(treated).to_series())
    formula = f"{wanted.plain.partition('~')[0]}~ {quoted(_TREATED)}"
    vcov = None if wanted.vcov is None or wanted.vcov.clusters == (unit,) else wanted.vcov
    low, high = wanted.window or (-1, last - cohorts[0])
    effects = max(1, min(high, last - cohorts[0]) + 1)
    placebos = min(-1 - low, cohorts[-1] - first - 1, effects) if wanted.window else 0
    run = partial(did.multiple_periods, formula, panel, unit, time, vcov=vcov, where=wanted.where)
    while True:
        try:
            return run(effects=effects, placebos=max(placebos, 0))
        except EstimationError as error:
            if "placebo" in error.message and placebos > 0:
                placebos -= 1
            elif effects > 1:
                effects, placebos = effects - 1, min(placebos, effects - 1)
            else:
                raise
