"""Matched samples of a study: rows, weights and scores as columns of the panel, and the balance of the covariates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from econloom.core.errors import DataError, EconloomError, EstimationError, did_you_mean, listed
from econloom.core.frame import Panel
from econloom.core.labels import Label
from econloom.core.lineage import Event
from econloom.data import expressions
from econloom.data.expressions import Scope

if TYPE_CHECKING:
    from econloom.panel.matching import Matched

HOW = {
    "nearest": Label(zh="最近邻匹配", en="nearest neighbours"),
    "radius": Label(zh="半径匹配", en="all within a radius"),
    "kernel": Label(zh="核匹配", en="kernel weights"),
    "ipw": Label(zh="逆概率加权", en="inverse-probability weights"),
}


@dataclass(frozen=True)
class DrawnSample:
    """A matched sample.

    Attributes
    ----------
    name : str
    rows : polars.Series
        Whether each row of the panel is in it.
    weights, scores : polars.Series
        Of each row, null where it has none.
    balance : polars.DataFrame
        As :attr:`econloom.matching.Matched.balance`.
    said : Label
        How it was drawn and what was left out, for the note of a table.
    """

    name: str
    rows: pl.Series
    weights: pl.Series
    scores: pl.Series
    balance: pl.DataFrame
    said: Label


def draw(panel: Panel, params: Mapping[str, Any], scope: Scope) -> DrawnSample:
    """Match as planned.

    Raises
    ------
    EconloomError
        What a matching raises, with the sample's name; a base period that the panel does not have; no period with both
        treated and untreated rows.
    """
    try:
        parts, skipped, columns = _PARTS[params["by"]](panel, params, _inside(panel, params, scope), scope)
    except EconloomError as error:
        raise error.within(f"sample {params['sample']}") from error
    weights, scores, support = columns
    rows = _kept(panel, params, weights, support)
    return DrawnSample(
        params["sample"],
        pl.Series("row", rows),
        pl.Series("weight", weights).replace({0.0: None}).fill_nan(None),
        pl.Series("score", scores).fill_nan(None),
        _balance(parts),
        _said(parts, params, skipped, int(rows.sum())),
    )


def attach(panel: Panel, sample: DrawnSample, columns: Sequence[str]) -> Panel:
    """The panel with the columns of a matched sample."""
    event = Event("sample", f"{sample.name}: {sample.said.en}", panel.height, int(sample.rows.sum()))
    for name, values in zip(columns, (sample.rows, sample.weights, sample.scores), strict=True):
        panel = panel.with_column(name, values)
    return panel.with_rows(panel.frame, event)


Columns = tuple[np.ndarray, np.ndarray, np.ndarray]
Parts = tuple[list["Matched"], list[Any], Columns]


def _inside(panel: Panel, params: Mapping[str, Any], scope: Scope) -> pl.Series:
    inside = pl.repeat(True, panel.height, eager=True)
    if params["span"] is not None:
        inside &= panel.column(params["time"]).is_between(*params["span"])
    if params["where"] is not None:
        inside &= expressions.condition(panel, params["where"], scope).fill_null(False)
    return inside


def _matching(panel: Panel, params: Mapping[str, Any], where: pl.Series, scope: Scope) -> Matched:
    from econloom.panel import matching
    from econloom.panel.matching.asked import Rule

    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in params["options"].items()}
    return matching.by_rule(params["formula"], panel, None, Rule(**given).settled(), where.alias("the sample"), scope)


def _pooled(panel: Panel, params: Mapping[str, Any], inside: pl.Series, scope: Scope) -> Parts:
    made = _matching(panel, params, inside, scope)
    return [made], [], _columns(panel.height, [made])


def _by_period(panel: Panel, params: Mapping[str, Any], inside: pl.Series, scope: Scope) -> Parts:
    """Each period by itself; one without both treated and untreated rows is left out."""
    time, treatment = panel.column(params["time"]), panel.column(params["of"])
    parts: list[Matched] = []
    skipped: list[Any] = []
    for period in time.filter(inside).unique().sort().to_list():
        rows = inside & (time == period)
        if treatment.filter(rows).drop_nulls().n_unique() < 2:
            skipped.append(period)
            continue
        try:
            parts.append(_matching(panel, params, rows, scope))
        except EconloomError as error:
            raise error.within(f"{params['time']} {period}") from error
    if not parts:
        raise EstimationError(
            f"no {params['time']} has both treated and untreated rows of {params['of']!r}",
            hint="by: pooled, or by: base with a treatment of units",
        )
    return parts, skipped, _columns(panel.height, parts)


def _base(panel: Panel, params: Mapping[str, Any], inside: pl.Series, scope: Scope) -> Parts:
    """Units by their covariates in one period; treated are those that are in any period."""
    time, unit, of = params["time"], params["unit"], params["of"]
    periods = panel.column(time).filter(inside).unique().sort().to_list()
    if params["base"] not in periods:
        near = did_you_mean(params["base"], map(str, periods))
        raise DataError(f"no rows in the base period {params['base']}{near}", hint=f"periods: {listed(periods, 20)}")
    ever = pl.DataFrame({"unit": panel.column(unit), "of": panel.column(of).cast(pl.Float64), "inside": inside})
    ever = ever.with_columns(pl.col("of").filter("inside").max().over("unit").alias("ever"))
    whole = panel.with_column(of, ever["ever"])
    made = _matching(whole, params, inside & (panel.column(time) == params["base"]), scope)
    found = pl.DataFrame({
        "unit": panel.column(unit)[made.rows.rows],
        "weight": made.found.weights,
        "score": made.by_row["score"],
    })  # fmt: skip
    joined = ever.select("unit").join(found, on="unit", how="left", maintain_order="left")
    weights = joined["weight"].fill_null(0.0).to_numpy() * inside.to_numpy()
    return [made], [], (weights, joined["score"].fill_null(np.nan).to_numpy(), weights > 0)


_PARTS = {"pooled": _pooled, "year": _by_period, "base": _base}


def _columns(n: int, parts: Sequence[Matched]) -> Columns:
    weights, scores, support = np.zeros(n), np.full(n, np.nan), np.zeros(n, dtype=bool)
    for made in parts:
        at = made.rows.rows
        weights[at], support[at] = made.found.weights, made.found.support
        if made.found.model is not None:
            scores[at] = made.found.model.fitted
    return weights, scores, support


def _kept(panel: Panel, params: Mapping[str, Any], weights: np.ndarray, support: np.ndarray) -> np.ndarray:
    if params["keep"] == "support":
        return support
    if params["keep"] == "rows" or params["by"] == "base":
        return np.asarray(weights > 0)
    units = panel.column(params["unit"])
    kept = units.is_in(units.filter(pl.Series(weights > 0)).unique().implode())
    if params["span"] is not None:
        kept &= panel.column(params["time"]).is_between(*params["span"])
    return kept.to_numpy()


def _balance(parts: Sequence[Matched]) -> pl.DataFrame:
    """Balance over the rows of all parts together, of the covariates that all have."""
    from econloom.panel.matching.balance import SCORE, balance_table

    names = [n for n in parts[0].rows.names if all(n in p.rows.names for p in parts)]
    blocks = [p.rows.X[:, [p.rows.names.index(n) for n in names]] for p in parts]
    if all(p.found.model is not None for p in parts):
        scores = [p.found.model.fitted[:, None] for p in parts if p.found.model is not None]
        blocks = [np.hstack(pair) for pair in zip(scores, blocks, strict=True)]
        names = [SCORE, *names]
    return balance_table(
        names,
        np.vstack(blocks),
        np.concatenate([p.rows.treated for p in parts]),
        np.concatenate([p.found.weights for p in parts]),
        parts[0].rule.denominator,
    )


def _said(parts: Sequence[Matched], params: Mapping[str, Any], skipped: Sequence[Any], kept: int) -> Label:
    rule, how = parts[0].rule, HOW[params["options"]["method"]]
    treated = sum(int((p.found.weights[p.rows.treated] > 0).sum()) for p in parts)
    control = sum(int((p.found.weights[~p.rows.treated] > 0).sum()) for p in parts)
    score = {"logit": "Logit", "probit": "Probit"}[rule.score]
    zh, en = [how.text("zh")], [how.text("en")]
    if rule.method == "nearest":
        zh[0] += f"（1:{rule.k}，{'有' if rule.replacement else '无'}放回）"
        en[0] += f" (1:{rule.k}, {'with' if rule.replacement else 'without'} replacement)"
    if rule.modelled:
        zh.append(f"倾向得分由{score}模型估计")
        en.append(f"{score.lower()} scores")
    if rule.caliper is not None:
        unit = "倍得分标准差" if rule.caliper_in == "sd" else ""
        zh.append(f"卡尺{rule.caliper:g}{unit}")
        en.append(f"caliper {rule.caliper:g}{' sd' if rule.caliper_in == 'sd' else ''}")
    by = {
        "pooled": ("各期合并匹配", "all periods together"),
        "year": ("逐期匹配", "each period by itself"),
        "base": (f"以{params['base']}年为基期按个体匹配", f"units by {params['base']}"),
    }[params["by"]]
    zh += [by[0], f"匹配上的处理组{treated}个、控制组{control}个，样本{kept}行"]
    en += [by[1], f"{treated} treated and {control} untreated matched, {kept} rows"]
    lost: dict[str, int] = {}
    for drop in (d for p in parts for d in p.found.drops if d.reason.startswith("treated")):
        lost[drop.reason] = lost.get(drop.reason, 0) + drop.rows
    if lost:
        zh.append(f"处理组中{sum(lost.values())}个不在共同支撑域内或无匹配对象")
        en.append(", ".join(f"{n} {reason}" for reason, n in lost.items()))
    if skipped:
        zh.append(f"{listed(skipped)}年没有处理组或控制组，未匹配")
        en.append(f"nothing to match in {listed(skipped)}")
    return Label(zh="，".join(zh), en="; ".join(en))
