"""Placebo draws of a study: a model's draws as a figure, its note and its numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

from econloom.core.frame import Panel
from econloom.core.labels import Label
from econloom.data.expressions import Scope
from econloom.panel.designs.placebo.assignment import NEVER, Keys
from econloom.panel.designs.placebo.found import Placebo
from econloom.panel.designs.placebo.permuting import Draw, permuted
from econloom.report.densities import Density
from econloom.study import estimates

Progress = Callable[[int, int], object]
_SIDES = {
    "two": Label(zh="双侧", en="two-sided"),
    "greater": Label(zh="单侧（大于）", en="one-sided (greater)"),
    "less": Label(zh="单侧（小于）", en="one-sided (less)"),
}
_POOLS = {
    ("all", "keep"): Label(zh="从全部单位中抽取", en="from all units"),
    ("never_treated", "drop"): Label(
        zh="从未受处理的单位中抽取，真实处理组剔除", en="from units never treated, the truly treated left out"
    ),
    ("never_treated", "keep"): Label(
        zh="从未受处理的单位中抽取，真实处理组视为未受处理",
        en="from units never treated, the truly treated kept as untreated",
    ),
}


def figure(
    panel: Panel, params: Mapping[str, Any], where: str | pl.Series | None, scope: Scope, progress: Progress
) -> Density:
    """The density of a model's placebo draws.

    Parameters
    ----------
    panel : Panel
    params : mapping
        As planned: figure, title, model, keys, counts, pool, real_treated, reps, seed, stat, side.
    where : str or Series, optional
        Rows of the model.
    scope : Scope
        Lists and samples of the condition.
    progress : callable
    """
    treatment, unit, time, within, cohort = params["keys"]
    keys = Keys(treatment, unit, time, tuple(within), cohort)
    how = Draw(
        keys,
        params["reps"],
        params["seed"],
        params["pool"],
        params["real_treated"],
        params["counts"] or None,
    )
    found = permuted(estimates.asked(panel, params["model"], where, scope), how, progress)
    stat, side = params["stat"], params["side"]
    values = found.values(stat)
    real = found.real.statistic if stat == "t" else found.real.estimate
    label = Label(**params["labels"].get(treatment, {"zh": treatment, "en": treatment}))
    return Density(
        params["figure"],
        Label(**params["title"]),
        tuple(values.tolist()),
        real,
        value_label=_both(label, "的t值", ", t value") if stat == "t" else _both(label, "的系数", ", coefficient"),
        real_label=Label(zh=f"真实估计（{real:.3f}）", en=f"True estimate ({real:.3f})"),
        notes=(_note(found, params, found.p_value(stat, side), real), *(Label(**n) for n in params["notes"])),
        columns=tuple((c.name, tuple(c.to_list())) for c in found.tidy().iter_columns()),
        statistics=_statistics(found, values),
        warnings=found.notes,
    )


def _both(label: Label, zh: str, en: str) -> Label:
    return Label(zh=label.text("zh") + zh, en=label.text("en") + en)


def _statistics(found: Placebo, values: Any) -> tuple[tuple[str, float], ...]:
    """The numbers of ``values.csv``: the true estimate, p values, the shape of the distribution."""
    row = found.glance().row(0, named=True)
    kept = [(k, float(v)) for k, v in row.items() if k != "term" and v is not None and np.isfinite(v)]
    shape = zip(("p2.5", "p50", "p97.5"), np.percentile(values, [2.5, 50, 97.5]), strict=True)
    return (*kept, *((name, float(v)) for name, v in shape))


def _note(found: Placebo, params: Mapping[str, Any], p: float, real: float) -> Label:
    """How the draws were made, and the p value."""
    a = found.assignment
    numbers = np.bincount(found.labels[0], minlength=len(a.paths))[NEVER + 1 :]
    batches = [(name, int(n)) for name, n in zip(a.batches, numbers, strict=True) if n]
    unit = Label(**params["labels"].get(a.keys.unit, {"zh": a.keys.unit, "en": a.keys.unit}))
    per = "、".join(f"{name}：{n}" for name, n in batches), ", ".join(f"{name}: {n}" for name, n in batches)
    pool = _POOLS[found.pool, found.real_treated]
    strata = ("", "") if not a.keys.within else (
        f"按{'、'.join(a.keys.within)}分层，", f", within {' and '.join(a.keys.within)}"
    )  # fmt: skip
    many = (
        (f"穷举全部{found.draws}种可能分配", f"All {found.draws} possible assignments of")
        if found.exact
        else (f"随机抽取{found.draws}次（种子{found.seed}）", f"{found.draws} draws (seed {found.seed}) of")
    )
    lost = (f"，其中{found.lost}次无法识别系数", f"; {found.lost} without a coefficient") if found.lost else ("", "")
    name = ("t值", "t value") if params["stat"] == "t" else ("系数", "estimate")
    side = _SIDES[params["side"]]
    return Label(
        zh=f"{many[0]}：处理单位（{unit.text('zh')}）{found.drawn}个（{per[0]}），{strata[0]}{pool.text('zh')}{lost[0]}；"
        f"真实{name[0]}为{real:.3f}，{side.text('zh')}置换p值为{p:.3f}。",
        en=f"{many[1]} {found.drawn} treated units of {unit.text('en')} ({per[1]}), {pool.text('en')}{strata[1]}"
        f"{lost[1]}; true {name[1]} {real:.3f}, {side.text('en')} permutation p = {p:.3f}.",
    )
