"""Estimators robust to staggered timing that a study puts beside its two-way estimates.

:data:`ROBUST` has one entry an estimator: its name, what it compares with, what it can take of a two-way model, and how
it is called. A new one is one entry more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
import polars as pl

from econloom.core.covariances import VcovSpec
from econloom.core.errors import EconloomError, EstimationError
from econloom.core.estimate import Coefficient, Tidy
from econloom.core.frame import Panel
from econloom.core.labels import Label
from econloom.core.lineage import SampleLog
from econloom.panel import did
from econloom.panel.did.effects import DynamicEffects
from econloom.panel.formula import parse_formula, quoted, retyped

Window = tuple[int, int] | None
Controls = Literal["fitted", "base period", "none"]
_TREATED = "treated since the cohort"
NEVER = Label("从未处理", "never treated")
LATER = Label("尚未处理", "not yet treated")
UNTREATED = Label("全部未处理观测", "all untreated rows")
LAST = Label("最后一批", "the last cohort")
NOT_ESTIMATED = Label("未能估计", "not estimated")


@dataclass(frozen=True)
class Wanted:
    """A two-way model whose effects another estimator gives.

    Attributes
    ----------
    formula : str
        Without the treatment: ``y ~ c | unit + period``.
    panel : Panel
    cohort : str
        Column of the first treated period; null for never.
    adopts : str or None
        Column of what adopts, where it is coarser than the panel's unit.
    vcov : VcovSpec or None
        None for clusters of units.
    where : Series or None
        The rows of the model.
    weights : str or None
    ssc : str
    window : (int, int) or None
        First and last event time; all by default.
    """

    formula: str
    panel: Panel
    cohort: str
    adopts: str | None = None
    vcov: VcovSpec | None = None
    where: pl.Series | None = None
    weights: str | None = None
    ssc: Any = "fixest"
    window: Window = None

    @property
    def keys(self) -> tuple[str, str]:
        """Unit and period."""
        return str(self.panel.unit), str(self.panel.time)

    @property
    def plain(self) -> str:
        """The formula without effects."""
        return retyped(replace(parse_formula(self.formula), effects=())).text

    @property
    def inside(self) -> pl.DataFrame:
        """Cohort and period of the rows of the model."""
        rows = self.panel.frame if self.where is None else self.panel.frame.filter(self.where)
        return rows.select(pl.col(self.cohort).cast(pl.Float64).alias("g"), pl.col(self.keys[1]).alias("t"))

    @property
    def adoptions(self) -> tuple[int, list[int], int]:
        """The first period of the model's rows, the cohorts that adopt after it, ascending, and the last period.

        Raises
        ------
        EstimationError
            No unit adopts between the first and the last period.
        """
        rows = self.inside
        if not rows.height:
            raise EstimationError("no row is in the sample")
        first, last = int(rows["t"].min()), int(rows["t"].max())  # type: ignore[arg-type]
        found = rows["g"].drop_nulls().unique().sort()
        cohorts = [int(g) for g in found if first < g <= last]
        if not cohorts:
            raise EstimationError(f"no unit adopts after the first period, {first}, up to the last, {last}")
        return first, cohorts, last

    @property
    def never(self) -> bool:
        """Whether units of the model's rows stay untreated."""
        rows = self.inside
        g = rows["g"]
        return bool(g.is_null().any() or (g > rows["t"].max()).any())


Overall = tuple[Coefficient, Tidy]


@dataclass(frozen=True)
class RobustEstimator:
    """An estimator beside a two-way estimate.

    Attributes
    ----------
    label : Label
        Head of its column, name of its series.
    effects : callable
        ``effects(wanted)`` gives effects by event time.
    overall : callable
        ``overall(wanted)`` gives the mean effect of the treated and the rows and statistics that it stands among.
    compared : callable
        With whom, for a row of the table.
    note : Label
        What the mean is, for the note.
    controls : {"fitted", "base period", "none"}
        What becomes of the model's controls; with ``none`` a model that has some is refused.
    own_effects : bool
        Whether it takes other effects than those of unit and period.
    weighted : bool
        Whether it takes weights.
    any_errors : bool
        Whether it takes every covariance, not only clusters of one kind.
    by_name : bool
        Only where it is named, not under ``robust: true``.
    """

    label: Label
    effects: Callable[[Wanted], DynamicEffects]
    overall: Callable[[Wanted], Overall]
    compared: Callable[[Wanted], Label]
    note: Label
    controls: Controls
    own_effects: bool
    weighted: bool
    any_errors: bool = False
    by_name: bool = False

    def unfit(self, model: Mapping[str, Any], keys: Sequence[str]) -> Label | None:
        """Why it cannot stand beside a planned model, or None."""
        others = [e for e in model["effects"] if e not in keys]
        controls = [t for t in model["terms"] if t != model["term"]]
        kind, clusters = model["vcov"]["kind"], model["vcov"]["clusters"]
        if others and not self.own_effects:
            named = "、".join(others), ", ".join(others)
            return Label(
                f"只含个体与时期固定效应，不含{named[0]}", f"has effects of unit and period only, not {named[1]}"
            )
        if controls and self.controls == "none":
            return Label("不能加入控制变量", "takes no controls")
        if model["weights"] is not None and not self.weighted:
            return Label("不能加权", "takes no weights")
        if not self.any_errors and (kind != "cluster" or len(clusters) != 1):
            return Label("标准误只能按一个变量聚类", "has errors clustered by one column only")
        return None


def _dynamic(found: DynamicEffects) -> Overall:
    """The mean over treated rows, by the rows behind each event time."""
    return found.average(weights="counts"), found.summary


def _imputation(wanted: Wanted) -> did.ImputedEffects:
    return did.imputation(wanted.formula, **_common(wanted), window=wanted.window, weights=wanted.weights)


def _two_stage(wanted: Wanted) -> did.TwoStageEffects:
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


def _att(found: did.ImputedEffects | did.TwoStageEffects) -> Overall:
    return found.att, found.summary


def _sun_abraham(wanted: Wanted) -> DynamicEffects:
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


def _group_time(wanted: Wanted, control: Any) -> did.GroupTime:
    return did.group_time(
        wanted.plain, wanted.panel, *wanted.keys, cohort=wanted.cohort, control=control, base_period="universal",
        vcov=None if wanted.vcov is None or wanted.vcov.clusters == (wanted.keys[0],) else wanted.vcov,
        weights=wanted.weights, where=wanted.where, draws=0,
    )  # fmt: skip


def _group_time_effects(wanted: Wanted, control: Any) -> DynamicEffects:
    return _group_time(wanted, control).aggregate("dynamic", window=wanted.window)


def _group_time_overall(wanted: Wanted, control: Any) -> Overall:
    found = _group_time(wanted, control).aggregate("simple").summary
    return found.coefficients[-1], found


def _stacked(wanted: Wanted) -> DynamicEffects:
    """Experiments over the window; without one over the widest that the data span for every cohort."""
    first, cohorts, last = wanted.adoptions
    window = wanted.window or (first - cohorts[0], last - cohorts[-1])
    return did.stacked(
        wanted.plain, wanted.panel, *wanted.keys, cohort=wanted.cohort, window=window, vcov=wanted.vcov,
        where=wanted.where, ssc=wanted.ssc,
    )  # fmt: skip


def _multiple_periods(wanted: Wanted) -> DynamicEffects:
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


def _never_or_last(wanted: Wanted) -> Label:
    return NEVER if wanted.never else LAST


def _later(wanted: Wanted) -> Label:
    return LATER


ROBUST: Mapping[str, RobustEstimator] = {
    "sun_abraham": RobustEstimator(
        label=Label("Sun-Abraham", "Sun-Abraham"),
        effects=_sun_abraham,
        overall=lambda w: _dynamic(_sun_abraham(w)),
        compared=_never_or_last,
        note=Label("队列与相对时间交互后按样本份额加权", "cohort-specific effects weighed by their rows"),
        controls="fitted",
        own_effects=True,
        weighted=True,
        any_errors=True,
    ),
    "group_time": RobustEstimator(
        label=Label("Callaway-Sant'Anna", "Callaway-Sant'Anna"),
        effects=lambda w: _group_time_effects(w, "never_treated"),
        overall=lambda w: _group_time_overall(w, "never_treated"),
        compared=lambda w: NEVER,
        note=Label(
            "各批次各期效应按批次大小平均，控制变量取基期值，双重稳健",
            "effects of cohorts and periods by the size of cohorts, controls at their base period (doubly robust)",
        ),
        controls="base period",
        own_effects=False,
        weighted=True,
    ),
    "group_time_later": RobustEstimator(
        label=Label("Callaway-Sant'Anna（尚未处理）", "Callaway-Sant'Anna (not yet)"),
        effects=lambda w: _group_time_effects(w, "not_yet_treated"),
        overall=lambda w: _group_time_overall(w, "not_yet_treated"),
        compared=_later,
        note=Label(
            "各批次各期效应按批次大小平均，以尚未处理者为对照，控制变量取基期值",
            "effects of cohorts and periods by the size of cohorts against units not yet treated, controls at their base period",
        ),
        controls="base period",
        own_effects=False,
        weighted=True,
        by_name=True,
    ),
    "imputation": RobustEstimator(
        label=Label("插补（BJS）", "Imputation (BJS)"),
        effects=_imputation,
        overall=lambda w: _att(_imputation(w)),
        compared=lambda w: UNTREATED,
        note=Label("处理后观测减去插补的未处理结果之均值", "mean of treated outcomes less imputed untreated ones"),
        controls="fitted",
        own_effects=True,
        weighted=True,
    ),
    "two_stage": RobustEstimator(
        label=Label("两阶段（Gardner）", "Two-stage (Gardner)"),
        effects=_two_stage,
        overall=lambda w: _att(_two_stage(w)),
        compared=lambda w: UNTREATED,
        note=Label("同一均值，标准误按两阶段矩条件", "the same mean with errors of both stages"),
        controls="fitted",
        own_effects=True,
        weighted=True,
    ),
    "stacked": RobustEstimator(
        label=Label("堆叠", "Stacked"),
        effects=_stacked,
        overall=lambda w: _dynamic(_stacked(w)),
        compared=_later,
        note=Label(
            "各批次在全部批次都有数据的相对时间内的实验，N为堆叠后的行数",
            "an experiment for each cohort over the event times that all span; N counts the rows of the stack",
        ),
        controls="fitted",
        own_effects=False,
        weighted=False,
        any_errors=True,
    ),
    "multiple_periods": RobustEstimator(
        label=Label("de Chaisemartin-D'Haultfœuille", "de Chaisemartin-D'Haultfœuille"),
        effects=_multiple_periods,
        overall=lambda w: _dynamic(_multiple_periods(w)),
        compared=_later,
        note=Label("转换后各期效应按转换者数平均", "effects since the switch by the number of switchers"),
        controls="none",
        own_effects=False,
        weighted=False,
    ),
}
DEFAULTS: tuple[str, ...] = tuple(name for name, way in ROBUST.items() if not way.by_name)
"""Those of ``robust: true``."""


@dataclass(frozen=True)
class Companion:
    """What an estimator says beside a two-way column: one row, in the row of the treatment."""

    summary: Tidy


def column(
    formula: str,
    data: Panel,
    vcov: VcovSpec,
    where: pl.Series | None,
    weights: str | None,
    *,
    method: str,
    term: str,
    adoption: tuple[str, str | None],
    convention: str,
    asked: bool,
) -> Companion:
    """The column of one estimator beside a two-way estimate.

    Parameters
    ----------
    formula : str
        Of the two-way model.
    data : Panel
    vcov, where, weights, convention
        Its own; the last is its small-sample convention.
    method : str
        Name in :data:`ROBUST`.
    term : str
        The treatment, whose row it stands in.
    adoption : (str, str or None)
        Columns of the first treated period and of what adopts.
    asked : bool
        By name: what cannot be estimated is an error. Otherwise the column is empty and says why.

    Raises
    ------
    EconloomError
        As the estimator.
    """
    way = ROBUST[method]
    wanted = beside(formula, data, vcov, where, weights, term, adoption, convention)
    model = parse_formula(formula)
    try:
        found, summary = way.overall(wanted)
        if not found.std_error > 0:
            raise EstimationError("the error of the mean effect is undefined")
    except EconloomError as error:
        if asked:
            raise _with_others(error, method, wanted)
        return Companion(_empty(model.outcome.name, method, error))
    clusters = wanted.vcov.clusters if wanted.vcov is not None else (wanted.keys[0],)
    return Companion(
        replace(
            summary,
            coefficients=(replace(found, term=term),),
            glance={k: summary.glance.get(k) for k in ("n", "n_units", "n_treated", "n_clusters")},
            effects=tuple(e.name for e in model.effects),
            clusters=clusters if summary.vcov.startswith("cluster") else summary.clusters,
            removed=(),
            extra={
                "warnings": summary.extra.get("warnings", ()),
                "estimator": method,
                "companion": method,
                "adjusted": tuple(t.name for t in model.terms if t.name != term) if way.controls != "none" else (),
                "compared": way.compared(wanted),
            },
        )
    )


def beside(
    formula: str,
    data: Panel,
    vcov: VcovSpec,
    where: pl.Series | None,
    weights: str | None,
    term: str,
    adoption: tuple[str, str | None],
    ssc: str,
) -> Wanted:
    """What estimators need of a two-way model."""
    model = parse_formula(formula)
    rest = retyped(replace(model, terms=tuple(t for t in model.terms if t.name != term)))
    return Wanted(rest.text, data, *adoption, vcov, where, weights, ssc)


def _with_others(error: EconloomError, method: str, wanted: Wanted) -> EconloomError:
    """The error, with the estimators that need no never-treated units where there are none."""
    if wanted.never or method != "group_time":
        return error
    others = [n for n, way in ROBUST.items() if way.compared(wanted) != NEVER]
    return EstimationError("group_time: no unit is never treated in the sample", hint=f"robust: [{', '.join(others)}]")


def _empty(outcome: str, method: str, error: EconloomError) -> Tidy:
    """A column without a number, which says why."""
    reason = error.message
    label = ROBUST[method].label
    note = Label(f"{label.text('zh')}未能估计：{reason}", f"{label.text('en')} not estimated: {reason}")
    extra = {"warnings": (f"{method}: not estimated: {reason}",), "estimator": method, "companion": method, "compared": NOT_ESTIMATED,
             "note": note}  # fmt: skip
    empty = SampleLog(0, (), 0)
    return Tidy(outcome, (), {"n": None}, (), "none", "none", "normal", None, empty, extra=extra)
