"""Specification curves: a figure of all estimates with their choices below, and a table of what they amount to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from econloom.core.errors import UsageError
from econloom.core.labels import Label
from econloom.core.spec import TableSpec
from econloom.core.table import Cell, Row, Table
from econloom.report.body import value_cell
from econloom.report.phrases import compound
from econloom.report.summaries import plain_table

VALUE = Label("系数与95%置信区间", "Estimate and 95% confidence interval")
PLACE = Label("设定（按系数排序）", "Specifications, by estimate")
PREFERRED = Label("本文设定", "Preferred specification")
DIMENSIONS: Mapping[str, Label] = {
    "outcome": Label("被解释变量", "Outcome"),
    "controls": Label("控制变量", "Controls"),
    "sample": Label("样本", "Sample"),
    "effects": Label("固定效应", "Fixed effects"),
    "vcov": Label("标准误", "Standard errors"),
    "weights": Label("权重", "Weights"),
}
ROWS: Mapping[str, Label] = {
    "specifications": Label("设定数", "Specifications"),
    "failed": Label("无法估计的设定数", "Without an estimate"),
    "median": Label("系数中位数", "Median estimate"),
    "smallest": Label("最小值", "Smallest"),
    "largest": Label("最大值", "Largest"),
    "share_positive": Label("系数为正的比例", "Share positive"),
    "share_significant": Label("显著的比例", "Share significant"),
    "share_significant_positive": Label("显著为正的比例", "Share significant and positive"),
    "share_significant_negative": Label("显著为负的比例", "Share significant and negative"),
}
OWN: Mapping[str, Label] = {
    "preferred": Label("本文设定：系数", "Preferred specification: estimate"),
    "preferred_p": Label("本文设定：p值", "Preferred specification: p"),
    "preferred_rank": Label("系数不大于本文设定的比例", "Share of estimates not above the preferred one"),
}
JOINT: Mapping[str, Label] = {
    "median": Label("联合检验p值：中位数", "Joint test, p: median"),
    "share_significant": Label("联合检验p值：主导方向显著比例", "Joint test, p: share significant in its direction"),
    "stouffer": Label("联合检验p值：Stouffer Z", "Joint test, p: Stouffer's Z"),
}


@dataclass(frozen=True)
class Estimates:
    """What is shown of a curve.

    Attributes
    ----------
    frame, failed, summary : polars.DataFrame
        As :class:`econloom.specifications.Curve` has them; the summary by outcome.
    preferred : int
        Number of the preferred specification.
    level : float
    names : mapping
        Labels of samples.
    joint : mapping of str to float
        P values of the joint test; empty without it.
    joint_note : Label
        How it was drawn.
    """

    frame: pl.DataFrame
    failed: pl.DataFrame
    summary: pl.DataFrame
    preferred: int
    level: float
    names: Mapping[str, Label] = field(default_factory=dict)
    joint: Mapping[str, float] = field(default_factory=dict)
    joint_note: Label = Label()


@dataclass(frozen=True, slots=True)
class Choice:
    """A row of dots: the specifications, by place, that have one choice."""

    name: str
    label: Label
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CurvePlot:
    """The figure of a specification curve.

    Attributes
    ----------
    estimates, low, high : tuple of float
        Ascending by estimate.
    significant : tuple of bool
    preferred : int or None
        Place of the preferred specification.
    choices : tuple of (Label, tuple of Choice)
        What differs, below.
    shown, total : int
        Specifications drawn, and of the curve.
    """

    id: str
    title: Label
    estimates: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    significant: tuple[bool, ...]
    preferred: int | None
    choices: tuple[tuple[Label, tuple[Choice, ...]], ...]
    total: int
    value_label: Label = VALUE
    place_label: Label = PLACE
    preferred_label: Label = PREFERRED
    notes: tuple[Label, ...] = ()

    def __post_init__(self) -> None:
        if not self.estimates:
            raise UsageError(f"figure {self.id}: empty (it needs an estimate)")

    def _repr_svg_(self) -> str:
        from econloom.report import figures

        return figures.draw(self, "svg", "en").decode()


def plot(
    name: str,
    title: Label,
    found: Estimates,
    labels: Mapping[str, Label] | None = None,
    notes: Sequence[Label] = (),
    most: int = 400,
) -> CurvePlot:
    """The figure of a curve.

    Parameters
    ----------
    name : str
        Stem of its files.
    title : Label
    found : Estimates
    labels : mapping, optional
        Of columns.
    notes : sequence of Label
    most : int
        Specifications that are drawn, evenly by rank; the first, the last and the preferred one always.
    """
    spec = TableSpec(name, title, labels=tuple((labels or {}).items()))
    frame = found.frame.sort("estimate", "number", maintain_order=True)
    total = frame.height
    if total > most:
        places = set(np.linspace(0, total - 1, most).round().astype(int).tolist())
        own = frame["number"].index_of(found.preferred)
        frame = frame[sorted(places | ({own} if own is not None else set()))]
    number = frame["number"].to_list()
    return CurvePlot(
        id=name,
        title=title,
        estimates=tuple(frame["estimate"]),
        low=tuple(frame["conf_low"].fill_null(float("nan"))),
        high=tuple(frame["conf_high"].fill_null(float("nan"))),
        significant=tuple((frame["p_value"] < found.level).fill_null(False)),
        preferred=number.index(found.preferred) if found.preferred in number else None,
        choices=_choices(frame, found, spec),
        total=total,
        notes=(*_said(found, frame.height), *notes),
    )


def _choices(frame: pl.DataFrame, found: Estimates, spec: TableSpec) -> tuple[tuple[Label, tuple[Choice, ...]], ...]:
    """The choices that differ between specifications; each control is one."""
    parts: list[tuple[Label, tuple[Choice, ...]]] = []
    for dimension, label in DIMENSIONS.items():
        values = found.frame[dimension].unique(maintain_order=True).to_list()
        if len(values) < 2:
            continue
        if dimension == "controls":
            rows = _controls(frame, found, spec)
        else:
            column = frame[dimension].to_list()
            rows = [
                Choice(str(v), named(dimension, v, found.names, spec), tuple(n for n, x in enumerate(column) if x == v))
                for v in values
            ]
        if rows:
            parts.append((label, tuple(rows)))
    return tuple(parts)


def _controls(frame: pl.DataFrame, found: Estimates, spec: TableSpec) -> list[Choice]:
    """A row for each control that some specifications have and others do not."""
    sets = [frozenset(_terms(text)) for text in frame["controls"]]
    every = [frozenset(_terms(text)) for text in found.frame["controls"]]
    known = dict.fromkeys(t for text in found.frame["controls"] for t in _terms(text))
    varied = [t for t in known if not all(t in one for one in every)]
    return [Choice(t, compound(t, spec), tuple(n for n, one in enumerate(sets) if t in one)) for t in varied]


def _terms(text: str) -> list[str]:
    """Terms of a set of controls; a plus sign in brackets joins none."""
    return [part.strip() for part in re.split(r"\+(?![^(]*\))", text) if part.strip()]


def named(dimension: str, value: str | None, names: Mapping[str, Label], spec: TableSpec) -> Label:
    """A choice in both languages.

    Examples
    --------
    >>> named("vcov", "cluster(code)", {}, TableSpec("t", Label())).en
    'clustered by code'
    """
    if dimension == "weights":
        return Label("不加权", "unweighted") if value is None else spec.label(value)
    text = value or ""
    if dimension == "sample":
        return names.get(text) or (Label("全样本", "all rows") if text == "all" else Label.same(text))
    if dimension == "effects":
        return _joined([compound(t, spec) for t in _terms(text)]) if text else Label("无", "none")
    if dimension == "vcov":
        return _errors(text, spec)
    return compound(text, spec)


def _joined(labels: Sequence[Label]) -> Label:
    return Label("、".join(x.text("zh") for x in labels), ", ".join(x.text("en") for x in labels))


def _errors(text: str, spec: TableSpec) -> Label:
    kinds = {"iid": Label("普通", "conventional"), "hc1": Label("异方差稳健", "robust to heteroskedasticity")}
    if text in kinds:
        return kinds[text]
    match = re.fullmatch(r"cluster\((.+)\)", text)
    if match is None:
        return Label.same(text)
    ways = _joined([compound(w.strip(), spec) for w in match[1].split(",")])
    return Label(f"聚类：{ways.zh}", f"clustered by {ways.en}")


def _said(found: Estimates, shown: int) -> list[Label]:
    level, total, failed = f"{100 * found.level:g}", found.frame.height, found.failed.height
    said = [
        Label(
            f"共{total + failed}个设定；深色为在{level}%水平上显著，菱形为本文设定（先于结果给定）",
            f"{total + failed} specifications; dark: significant at the {level}% level; diamond: the preferred "
            "specification, named before results",
        )
    ]
    if shown < total:
        said.append(Label(f"图中为按秩等距抽取的{shown}个", f"{shown} of them are drawn, evenly by rank"))
    if failed:
        first = found.failed["reason"][0]
        said.append(Label(f"{failed}个无法估计：{first}", f"{failed} without an estimate: {first}"))
    return [*said, *([found.joint_note] if found.joint else [])]


def table(found: Estimates, spec: TableSpec) -> Table:
    """The curve in numbers, a column an outcome.

    Parameters
    ----------
    found : Estimates
    spec : TableSpec
    """
    outcomes = found.summary["outcome"].to_list()
    columns = [_column(found, outcome) for outcome in outcomes]
    names = [*ROWS, *OWN, *([f"joint_{k}" for k in JOINT] if found.joint else [])]
    if not found.failed.height:
        names.remove("failed")
    labels = {**ROWS, **OWN, **{f"joint_{k}": label for k, label in JOINT.items()}}
    rows = [
        Row(
            labels[name],
            tuple(
                value_cell(column[name], spec.digits, f"{spec.id}.c{n}.{name}") if name in column else Cell()
                for n, column in enumerate(columns, 1)
            ),
            rule_above=name in {"preferred", "joint_median"},
        )
        for name in names
    ]
    return plain_table(spec, [compound(o, spec) for o in outcomes], rows, _table_notes(found))


def _column(found: Estimates, outcome: str) -> dict[str, float | int]:
    """The numbers of one outcome; the preferred specification and the joint test stand with the first."""
    row = found.summary.filter(pl.col("outcome") == outcome).row(0, named=True)
    numbers = {k: v for k, v in row.items() if k in ROWS and v is not None}
    numbers["failed"] = found.failed.filter(pl.col("outcome") == outcome).height
    own = found.frame.filter(pl.col("number") == found.preferred, pl.col("outcome") == outcome)
    if own.height:
        estimate = float(own["estimate"][0])
        same = found.frame.filter(pl.col("outcome") == outcome)["estimate"]
        numbers |= {"preferred": estimate, "preferred_rank": float(np.mean(same.to_numpy() <= estimate))}
        if own["p_value"][0] is not None:
            numbers["preferred_p"] = float(own["p_value"][0])
        numbers |= {f"joint_{k}": v for k, v in found.joint.items()}
    return numbers


def _table_notes(found: Estimates) -> list[Label]:
    level = f"{100 * found.level:g}"
    said = [
        Label(
            f"显著指{level}%水平；各设定的估计与单独回归相同，本文设定先于结果给定",
            f"significant at the {level}% level; each estimate is that of a regression of its own; the preferred "
            "specification was named before results",
        )
    ]
    if found.failed.height:
        said.append(Label(f"无法估计：{found.failed['reason'][0]}", f"no estimate: {found.failed['reason'][0]}"))
    return [*said, *([found.joint_note] if found.joint else [])]
