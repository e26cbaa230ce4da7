"""Estimators robust to staggered timing that a study puts beside its two-way estimates.

:data:`ROBUST` has one entry an estimator: its name, what it compares with, what it can take of a two-way model, and how
it is called (:mod:`econloom.study.staggered.calls`). A new one is one entry more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from econloom.core.labels import Label
from econloom.panel.did.effects import DynamicEffects
from econloom.study.staggered import calls
from econloom.study.staggered.calls import Overall
from econloom.study.staggered.wanted import Wanted

Controls = Literal["fitted", "base period", "none"]
NEVER = Label("从未处理", "never treated")
LATER = Label("尚未处理", "not yet treated")
UNTREATED = Label("全部未处理观测", "all untreated rows")
LAST = Label("最后一批", "the last cohort")
BASE = Label("相对政策前一期", "against the period before adoption")


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
    before : Label
        What its effects before adoption are against.
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
    before: Label
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


def _never_or_last(wanted: Wanted) -> Label:
    return NEVER if wanted.never else LAST


ROBUST: Mapping[str, RobustEstimator] = {
    "sun_abraham": RobustEstimator(
        label=Label("Sun-Abraham", "Sun-Abraham"),
        effects=calls.sun_abraham,
        overall=lambda w: calls.dynamic(calls.sun_abraham(w)),
        compared=_never_or_last,
        note=Label("队列与相对时间交互后按样本份额加权", "cohort-specific effects weighed by their rows"),
        before=BASE,
        controls="fitted",
        own_effects=True,
        weighted=True,
        any_errors=True,
    ),
    "group_time": RobustEstimator(
        label=Label("Callaway-Sant'Anna", "Callaway-Sant'Anna"),
        effects=lambda w: calls.group_time_effects(w, "never_treated"),
        overall=lambda w: calls.group_time_overall(w, "never_treated"),
        compared=lambda w: NEVER,
        note=Label(
            "各批次各期效应按批次大小平均，控制变量取基期值，双重稳健",
            "effects of cohorts and periods by the size of cohorts, controls at their base period (doubly robust)",
        ),
        before=BASE,
        controls="base period",
        own_effects=False,
        weighted=True,
    ),
    "group_time_later": RobustEstimator(
        label=Label("Callaway-Sant'Anna（尚未处理）", "Callaway-Sant'Anna (not yet)"),
        effects=lambda w: calls.group_time_effects(w, "not_yet_treated"),
        overall=lambda w: calls.group_time_overall(w, "not_yet_treated"),
        compared=lambda w: LATER,
        note=Label(
            "各批次各期效应按批次大小平均，以尚未处理者为对照，控制变量取基期值",
            "effects of cohorts and periods by the size of cohorts against units not yet treated, controls at "
            "their base period",
        ),
        before=BASE,
        controls="base period",
        own_effects=False,
        weighted=True,
        by_name=True,
    ),
    "imputation": RobustEstimator(
        label=Label("插补（BJS）", "Imputation (BJS)"),
        effects=calls.imputation,
        overall=lambda w: calls.att(calls.imputation(w)),
        compared=lambda w: UNTREATED,
        note=Label("处理后观测减去插补的未处理结果之均值", "mean of treated outcomes less imputed untreated ones"),
        before=Label("相对窗外更早各期", "against all periods before the window"),
        controls="fitted",
        own_effects=True,
        weighted=True,
    ),
    "two_stage": RobustEstimator(
        label=Label("两阶段（Gardner）", "Two-stage (Gardner)"),
        effects=calls.two_stage,
        overall=lambda w: calls.att(calls.two_stage(w)),
        compared=lambda w: UNTREATED,
        note=Label("同一均值，标准误按两阶段矩条件", "the same mean with errors of both stages"),
        before=Label("第一阶段残差的均值", "mean residuals of the first stage"),
        controls="fitted",
        own_effects=True,
        weighted=True,
    ),
    "stacked": RobustEstimator(
        label=Label("堆叠", "Stacked"),
        effects=calls.stacked,
        overall=lambda w: calls.dynamic(calls.stacked(w)),
        compared=lambda w: LATER,
        note=Label(
            "各批次在全部批次都有数据的相对时间内的实验，N为堆叠后的行数",
            "an experiment for each cohort over the event times that all span; N counts the rows of the stack",
        ),
        before=BASE,
        controls="fitted",
        own_effects=False,
        weighted=False,
        any_errors=True,
    ),
    "multiple_periods": RobustEstimator(
        label=Label("de Chaisemartin-D'Haultfœuille", "de Chaisemartin-D'Haultfœuille"),
        effects=calls.multiple_periods,
        overall=lambda w: calls.dynamic(calls.multiple_periods(w)),
        compared=lambda w: LATER,
        note=Label("转换后各期效应按转换者数平均", "effects since the switch by the number of switchers"),
        before=BASE,
        controls="none",
        own_effects=False,
        weighted=False,
    ),
}
DEFAULTS: tuple[str, ...] = tuple(name for name, way in ROBUST.items() if not way.by_name)
"""Those of ``robust: true``."""
