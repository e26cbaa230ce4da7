"""Steps of specification curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from econloom.core.labels import Label
from econloom.core.table import Table
from econloom.panel.designs.specifications.joint import JointTest
from econloom.report import specifications
from econloom.study import specified
from econloom.study.specified import Specified
from econloom.study.steps.context import Context, Work, table_spec


def _specifications(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> Specified:
    return specified.curve(inputs[0], params, context.progress)


def _table(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> tuple[Table, Specified]:
    return specifications.table(_drawn(inputs[0], params), table_spec(params)), inputs[0]


def _figure(params: Mapping[str, Any], inputs: Sequence[Any], context: Context) -> tuple[Any, Specified]:
    """The figure, and the numbers behind it."""
    labels = {name: Label(**label) for name, label in params["labels"].items()}
    notes = tuple(Label(**n) for n in params["notes"])
    title = Label(**params["title"])
    drawn = specifications.plot(params["figure"], title, _drawn(inputs[0], params), labels, notes, params["most"])
    return drawn, inputs[0]


def _drawn(found: Specified, params: Mapping[str, Any]) -> specifications.Estimates:
    """What the report shows of a curve."""
    failed = found.failed.with_columns(pl.col("reason").str.split("\n").list.first())
    names = {name: Label(**label) for name, label in params["names"].items()}
    joint = {} if found.joint is None else found.joint.p_values
    said = Label() if found.joint is None else _said(found.joint)
    return specifications.Estimates(
        found.frame, failed, found.summary, found.preferred, found.level, names, joint, said
    )


def _said(joint: JointTest) -> Label:
    """How the joint test was drawn."""
    zh = f"联合检验（Simonsohn等，2020；{joint.draws}次，种子{joint.seed}）"
    en = f"joint test (Simonsohn et al. 2020; {joint.draws} draws, seed {joint.seed})"
    if joint.method == "null_bootstrap":
        zh, en = f"{zh}：按{joint.unit}改变得分符号、强加零效应", f"{en}: signs of scores by {joint.unit}, null imposed"
    else:
        zh, en = f"{zh}：按{joint.unit}重新分配解释变量", f"{en}: the regressor dealt anew by {joint.unit}"
    median, share, z = (f"{joint.p_values[k]:.3f}" for k in ("median", "share_significant", "stouffer"))
    return Label(
        f"{zh}，全部设定一并检验，p值：中位数{median}、显著比例{share}、Stouffer Z {z}",
        f"{en}; all specifications together; p: median {median}, share significant {share}, Stouffer's Z {z}",
    )


WIRING: Mapping[str, Work] = {
    "specifications": _specifications,
    "specification_table": _table,
    "specification_figure": _figure,
}
