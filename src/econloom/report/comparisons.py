"""The comparisons behind a two-way coefficient as a table."""

from __future__ import annotations

from typing import Literal

from econloom.core.labels import Label
from econloom.core.spec import TableSpec
from econloom.core.table import Cell, Row, Table
from econloom.panel.did.goodman import Bacon
from econloom.report.summaries import plain_table

_HEADS = (Label("权重", "Weight"), Label("估计值", "Estimate"))
_KINDS = {
    "treated vs untreated": Label("处理组对从未处理组", "Treated vs never treated"),
    "earlier vs later treated": Label("先处理对后处理", "Earlier vs later treated"),
    "later vs earlier treated": Label("后处理对已处理", "Later vs already treated"),
    "later vs always treated": Label("后处理对始终处理", "Later vs always treated"),
}
_TOTAL = Label("双向固定效应系数", "Two-way coefficient")


def bacon(found: Bacon, spec: TableSpec, by: Literal["comparison", "cohorts"] = "comparison") -> Table:
    """Weights and estimates of the comparisons, the two-way coefficient last.

    Parameters
    ----------
    found : Bacon
    spec : TableSpec
    by : {"comparison", "cohorts"}
        One row a kind of comparison, or one a pair of cohorts.
    """
    rows = found.by_comparison() if by == "comparison" else found.tidy()
    made = []
    for row in rows.iter_rows(named=True):
        kind = _KINDS[row["comparison"]]
        label, name = (kind, row["comparison"]) if by == "comparison" else (_pair(row), row["cohorts"])
        made.append(Row(label, _cells(row["weight"], row["estimate"], name, spec)))
    made.append(Row(_TOTAL, _cells(1.0, found.coefficient, "two-way", spec), rule_above=True))
    return plain_table(spec, _HEADS, made, _said(found))


def _pair(row: dict[str, object]) -> Label:
    never = row["control"] is None
    zh = f"{row['treated']}对{'从未处理' if never else row['control']}"
    return Label(zh, f"{row['treated']} vs {'never' if never else row['control']}")


def _cells(weight: float, estimate: float, name: str, spec: TableSpec) -> tuple[Cell, ...]:
    pairs = (("weight", weight), ("estimate", estimate))
    return tuple(
        Cell("number", value, spec.digits, source=f"{spec.id}.{column}.{name}", notation="fixed")
        for column, value in pairs
    )


def _said(found: Bacon) -> list[Label]:
    said = [
        Label(
            f"Goodman-Bacon分解：{found.n_units:,}个个体、{found.n_periods}期；与已处理者比较的权重合计{found.forbidden:.4f}",
            f"Goodman-Bacon decomposition: {found.n_units:,} units, {found.n_periods} periods; comparisons with units "
            f"already treated have a weight of {found.forbidden:.4f}",
        )
    ]
    if found.full is not None:
        f = found.full
        said.append(
            Label(
                f"仅分解平衡且不含控制变量的部分（N = {found.n:,}）；原回归系数为{f.coefficient:.4f}（N = {f.n:,}）",
                f"decomposed without controls on units seen in every period (N = {found.n:,}); the regression as it is "
                f"has {f.coefficient:.4f} (N = {f.n:,})",
            )
        )
    return said
