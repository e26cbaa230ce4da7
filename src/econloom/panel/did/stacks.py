"""Stacked regressions: one experiment with clean controls for every cohort, all in one regression."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import polars as pl

from econloom.core.errors import DataError, EstimationError, UsageError, listed
from econloom.core.frame import Panel
from econloom.core.labels import Label
from econloom.core.spec import SscName, VcovSpec
from econloom.panel.absorb import FloatArray, IntArray
from econloom.panel.columns import Where
from econloom.panel.did.effects import DynamicEffects
from econloom.panel.did.timing import Asked, Timing, timing
from econloom.panel.did.twoway import Options, fitted, with_terms
from econloom.panel.fit import Fit
from econloom.panel.formula import ModelSpec, parse_formula, retyped
from econloom.panel.formula.spec import EffectTerm

Control = Literal["not_yet_treated", "never_treated"]
Weighting = Literal["none", "wing"]
LABEL = Label("堆叠双重差分", "Stacked difference-in-differences")


@dataclass(frozen=True, repr=False, eq=False)
class Stacked(DynamicEffects):
    """Effects by event time of a stacked regression.

    Attributes
    ----------
    fit : Fit
        The regression on the stack.
    stacks : polars.DataFrame
        cohort, treated, controls (units), rows of every experiment, and why a cohort has none.
    weighting : {"none", "wing"}
    """

    fit: Fit = field(kw_only=True)
    stacks: pl.DataFrame = field(kw_only=True)
    weighting: Weighting = field(kw_only=True)


def stacked(
    formula: str,
    data: Any,
    unit: str | None = None,
    time: str | None = None,
    *,
    cohort: str,
    window: tuple[int, int],
    base: int = -1,
    control: Control = "not_yet_treated",
    weighting: Weighting = "none",
    never: float | None = None,
    vcov: VcovSpec | None = None,
    where: Where = None,
    ssc: SscName = "fixest",
) -> Stacked:
    """Effects by event time from experiments stacked by cohort, each with clean controls.

    Parameters
    ----------
    formula : str
        ``"y ~ 1"`` or ``"y ~ x"``; effects are those of the stack.
    data : Panel, polars, pandas, pyarrow or path
    unit, time : str, optional
        Keys; the panel's own by default.
    cohort : str
        First treated period; missing (or infinite, or ``never``) for units that never adopt.
    window : (int, int)
        First and last event time of every experiment, such as ``(-3, 4)``. Cohorts for which the data do not span it
        have none, and are said.
    base : int
        Event time without a dummy.
    control : {"not_yet_treated", "never_treated"}
        Clean controls: units untreated to the end of the experiment's window, or throughout.
    weighting : {"none", "wing"}
        ``none``: effects of unit and time by experiment (Cengiz, Dube, Lindner and Zipperer 2019); regression weighs
        experiments by their variance. ``wing``: the corrective weights of Wing, Freedman and Hollingsworth (2024), with
        effects of unit by experiment and of event time: the effects are means over treated units.
    never : number, optional
    vcov, where, ssc
        As for :func:`econloom.panel.fit.ols`; clusters of units (over experiments) by default.

    Returns
    -------
    Stacked
        A :class:`~econloom.panel.did.effects.DynamicEffects`.

    Raises
    ------
    UsageError
        A window without an event time before and after adoption, a base outside it, effects in the formula.
    DataError
        Rows of one unit and period that repeat.
    EstimationError
        No cohort has an experiment.

    Notes
    -----
    Corrective weights: 1 for treated units, ``(N_a^D / N^D) / (N_a^C / N^C)`` for controls of experiment a, with N the
    numbers of treated (D) and control (C) units of a and of all. Under ``wing`` units that miss a period of the window
    leave its experiment.

    Examples
    --------
    >>> i, t = np.repeat(np.arange(12), 6), np.tile(np.arange(1, 7), 12)
    >>> g = np.array([3, 4, 99])[i % 3]
    >>> y = i + 0.5 * t + (t >= g) * (t - g + 1.0) + 0.01 * np.sin(i * t)
    >>> frame = pl.DataFrame({"i": i, "t": t, "g": g, "y": y})
    >>> found = stacked("y ~ 1", frame, "i", "t", cohort="g", never=99, window=(-2, 1))
    >>> [round(b, 1) for b in found.tidy()["estimate"]]
    [0.0, 0.0, 1.0, 2.0]
    """
    _check(window, base, control, weighting)
    model = parse_formula(formula)
    if model.effects or model.endogenous:
        raise UsageError(f"el.did.stacked has the effects of its stack: {model.text}", hint="y ~ 1, or y ~ x")
    found = timing(data, unit, time, Asked(cohort, None, never), where, None)
    if found.panel.keys != [found.unit, found.time]:
        raise DataError(f"rows of {found.unit!r} and {found.time!r} repeat: a stack needs one row of a unit and period")
    stack, table = _stack(found, window, control, weighting)
    return _estimated(model, found, stack, table, (window, base, weighting), Options(vcov, None, ssc))


def _check(window: tuple[int, int], base: int, control: str, weighting: str) -> None:
    whole = isinstance(window, tuple | list) and len(window) == 2 and all(isinstance(w, int) for w in window)
    if not whole or not window[0] < 0 <= window[1]:
        raise UsageError(f"window: event times before and after adoption, such as (-3, 4), not {window!r}")
    if not window[0] <= base < 0:
        raise UsageError(f"base: an event time of the window before adoption ({window[0]} to -1), not {base!r}")
    if control not in ("not_yet_treated", "never_treated"):
        raise UsageError(f"control: 'not_yet_treated' or 'never_treated', not {control!r}")
    if weighting not in ("none", "wing"):
        raise UsageError(f"weighting: 'none' or 'wing', not {weighting!r}")


@dataclass(frozen=True)
class _Stack:
    """Rows of the panel in experiments: their positions, experiment, event time, whether treated, weight."""

    rows: IntArray
    experiment: IntArray
    event: IntArray
    treated: IntArray
    weight: FloatArray


def _stack(
    found: Timing, window: tuple[int, int], control: Control, weighting: Weighting
) -> tuple[_Stack, pl.DataFrame]:
    """The experiments, and a table of what became of every cohort.

    Raises
    ------
    EstimationError
        There is none.
    """
    low, high = window
    unit = found.panel.column(found.unit).rank("dense").to_numpy().astype(np.int64)
    span = found.times[found.inside]
    first, last = int(span.min()), int(span.max())
    parts, table = [], []
    for g in map(int, np.unique(found.cohorts[found.inside & found.adopter])):
        event = found.times - g
        mine = found.adopter & (found.cohorts == g)
        clean = ~found.adopter if control == "never_treated" else ~found.adopter | (found.cohorts > g + high)
        rows = np.flatnonzero(found.inside & (mine | clean) & (event >= low) & (event <= high))
        if weighting == "wing":
            seen = np.bincount(unit[rows], minlength=unit.max() + 1)
            rows = rows[seen[unit[rows]] == high - low + 1]
        treated, controls = (len(np.unique(unit[rows[s[rows]]])) for s in (mine, clean))
        why = None
        if g + low < first or g + high > last:
            why = f"the data, {first} to {last}, do not span its window"
        elif not treated or not controls:
            why = "no treated unit" if not treated else "no clean control"
        table.append((g, treated, controls, len(rows), why))
        if why is None:
            parts.append((rows, np.full(len(rows), g), event[rows], mine[rows].astype(np.int64)))
    schema = {"cohort": pl.Int64, "treated": pl.Int64, "controls": pl.Int64, "rows": pl.Int64, "left_out": pl.String}
    frame = pl.DataFrame(table, schema=schema, orient="row")
    if not parts:
        raise EstimationError(
            f"no cohort has an experiment: {listed([f'{g}: {why}' for g, _, _, _, why in table[:5]])}",
            hint="a shorter window, or control='not_yet_treated'",
        )
    places, experiment, events, ones = (np.concatenate([p[j] for p in parts]) for j in range(4))
    return _Stack(places, experiment, events, ones, _corrective(frame, experiment, ones)), frame


def _corrective(table: pl.DataFrame, experiment: IntArray, treated: IntArray) -> FloatArray:
    """Weights of Wing, Freedman and Hollingsworth."""
    used = table.filter(pl.col("left_out").is_null())
    D, C = used["treated"].to_numpy(), used["controls"].to_numpy()
    of = (D / D.sum()) / (C / C.sum())
    place = np.searchsorted(used["cohort"].to_numpy(), experiment)
    return np.where(treated == 1, 1.0, of[place])


def _estimated(
    model: ModelSpec, found: Timing, stack: _Stack, table: pl.DataFrame,
    choice: tuple[tuple[int, int], int, Weighting], options: Options,
) -> Stacked:  # fmt: skip
    (low, high), base, weighting = choice
    events = [e for e in range(low, high + 1) if e != base]
    names = [f"event_time::{e}" for e in events]
    frame = found.panel.frame[stack.rows].with_columns(
        pl.Series("__experiment", stack.experiment),
        pl.Series("__event", stack.event),
        pl.Series("__weight", stack.weight),
        *(
            pl.Series(n, ((stack.event == e) & (stack.treated == 1)).astype(float))
            for n, e in zip(names, events, strict=True)
        ),
    )
    second = ("__event",) if weighting == "wing" else (found.time, "__experiment")
    effects = (EffectTerm.of((found.unit, "__experiment")), EffectTerm.of(second))
    whole = with_terms(retyped(replace(model, effects=effects)), names)
    on = replace(found, panel=Panel(frame))
    fit = fitted(whole, on, None, replace(options, weights="__weight" if weighting == "wing" else None))
    if lost := [n for n, _ in fit.estimate.removed if n in set(names)]:
        raise EstimationError(f"{listed(lost)} has no estimate: no treated row of the sample is there, or at the base")
    at = [fit.estimate.names.index(n) for n in names]
    units = frame[found.unit][fit.design.rows]
    treated = units.filter(pl.Series(stack.treated[fit.design.rows] == 1)).n_unique()
    left = [f"cohort {g}: {why}" for g, _, _, _, why in table.rows() if why is not None]
    inside = fit.design.rows[stack.treated[fit.design.rows] == 1]
    counts = np.array([float((stack.event[inside] == e).sum()) for e in events])
    how = "corrective weights of Wing, Freedman and Hollingsworth" if weighting == "wing" else "experiments by variance"
    return Stacked(
        "stacked", LABEL, model.outcome.name, np.array(events, dtype=np.int64), fit.estimate.coefficients[at],
        fit.inference.vcov[np.ix_(at, at)], (base,), replace(fit.sample, rows=None), units.n_unique(), treated,
        fit.counts.clusters, str(fit.request.vcov), fit.request.ssc, fit.inference.df, counts=counts,
        formula=f"{model.text}, stacked by cohort, {how}",
        warnings=(
            f"rows are those of the stack: {len(stack.rows):,} in {table.filter(pl.col('left_out').is_null()).height} "
            "experiments; a control may be in several",
            *([f"left out: {'; '.join(left)}"] if left else []), *fit.warnings,
        ),
        fit=fit, stacks=table, weighting=weighting,
    )  # fmt: skip
