"""What a report shows of a replication: a table of counts, a table of cells, and the points of a figure."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from econloom.audit.replicate import Comparison, Replication
from econloom.audit.verdicts import VERDICTS
from econloom.core.errors import UsageError, did_you_mean
from econloom.core.labels import Label
from econloom.core.table import Cell, Row, Table

_VERDICTS = {
    "printed": Label(zh="印刷数字", en="Printed"),
    "exact": Label(zh="完全一致", en="Exact"),
    "within_rounding": Label(zh="舍入误差内", en="Within rounding"),
    "within_se": Label(zh="一个标准误内", en="Within one SE"),
    "within_tolerance": Label(zh="容差内", en="Within tolerance"),
    "sign_only": Label(zh="仅符号一致", en="Sign only"),
    "fail": Label(zh="不一致", en="Fail"),
    "not_compared": Label(zh="未比较", en="Not compared"),
}
_KINDS = {
    "coefficient": Label(zh="系数", en="coefficients"),
    "se": Label(zh="标准误", en="standard errors"),
    "t": Label(zh="t值", en="t values"),
    "p": Label(zh="p值", en="p values"),
    "low": Label(zh="区间下限", en="lower ends"),
    "high": Label(zh="区间上限", en="upper ends"),
    "value": Label(zh="数值", en="values"),
    "n": Label(zh="样本量", en="N"),
    "r2": Label(zh="R²", en="R²"),
    "statistic": Label(zh="检验统计量", en="test statistics"),
}
_BESIDE = (
    Label(zh="印刷", en="Printed"),
    Label(zh="本文", en="Ours"),
    Label(zh="相差", en="Difference"),
    Label(zh="以标准误计", en="In SEs"),
    Label(zh="结论", en="Verdict"),
)
_NOTE = Label(
    zh="舍入误差内：相差不超过印刷末位的一个单位；一个标准误内：符号与星号相同，且相差不超过印刷的标准误；"
    "星号不同的系数至多为仅符号一致，仅符号一致不算成功。",
    en="Within rounding: not further than one unit of the last printed digit. Within one SE: same sign and stars, and "
    "not further than the printed standard error. A coefficient with other stars is sign only at best, which never "
    "counts as success.",
)


def counts(replication: Replication, id: str = "replication") -> Table:
    """A table of verdicts: one row for each printed table and kind of number, one column for each verdict.

    Parameters
    ----------
    replication : Replication
    id : str
        Stem of its files.

    Returns
    -------
    Table
        The note says what the verdicts mean and how many numbers the expectations cover.

    Examples
    --------
    >>> from econloom.audit.replicate import Coverage, Replication
    >>> nothing = Replication((), (), Coverage(1, 0, ("t1",)))
    >>> [row.label.text("en") for row in counts(nothing).rows]
    ['Total']
    """
    summary = replication.summary()
    header = tuple(Cell.text(label) for label in _VERDICTS.values())
    rows = [
        Row(_row_label(entry["table"], entry["kind"]), tuple(_count(entry[v]) for v in _VERDICTS))
        for entry in summary.to_dicts()
    ]
    totals = tuple(_count(int(summary[v].sum())) for v in _VERDICTS)
    rows.append(Row(Label(zh="合计", en="Total"), totals, rule_above=True))
    title = Label(zh="与已发表结果的逐格比较", en="Comparison with the published tables, cell by cell")
    said = (_NOTE, _covered(replication), *_declared(replication))
    return Table(id, title, (header,), tuple(rows), said, Label(zh="表与数字", en="Table"))


def _row_label(table: str, kind: str) -> Label:
    what = _KINDS[kind]
    return Label(zh=f"{table}：{what.text('zh')}", en=f"{table}: {what.text('en')}")


def _count(number: int) -> Cell:
    return Cell("count", float(number))


def _declared(replication: Replication) -> tuple[Label, ...]:
    """A note for each declaration that cells are not comparable."""
    return tuple(
        Label(
            zh=f"{n}个数字声明为不可比（{claim}）：{claim.why}",
            en=f"{n} numbers declared not comparable {claim}: {claim.why}",
        )
        for claim, n in replication.declared.items()
    )


def _covered(replication: Replication) -> Label:
    c = replication.coverage
    return Label(
        zh=f"研究文件的预期覆盖{c.printed}个印刷数字中的{c.covered}个。",
        en=f"The study's expectations cover {c.covered} of {c.printed} printed numbers.",
    )


def points(replication: Replication) -> pl.DataFrame:
    """The points of a figure of differences: one row for each compared coefficient, in print order.

    Columns: table, column, term (ours), label (``t3.c2.tbi``), printed, ours, difference, difference_se (in printed
    standard errors; null where none is printed), verdict, same_stars. Draw ``difference_se`` against ``label``, with
    lines at -1 and 1, coloured by verdict.

    Examples
    --------
    >>> from econloom.audit.replicate import Coverage, Replication
    >>> nothing = Replication((), (), Coverage(1, 0, ("t1",)))
    >>> points(nothing).columns
    ['table', 'column', 'term', 'label', 'printed', 'ours', 'difference', 'difference_se', 'verdict', 'same_stars']
    """
    chosen = replication.cells.filter((pl.col("kind") == "coefficient") & pl.col("verdict").is_not_null())
    return chosen.select(
        "table",
        pl.col("our_column").alias("column"),
        pl.col("our_term").alias("term"),
        pl.concat_str(["table", "our_column", "our_term"], separator=".").alias("label"),
        pl.col("printed_value").alias("printed"),
        *("ours", "difference", "difference_se", "verdict", "same_stars"),
    )


def apart(
    replication: Replication,
    verdicts: Sequence[str] = ("sign_only", "fail"),
    id: str = "replication_apart",
    missed: bool = False,
) -> Table | None:
    """A table of the numbers that are not as printed, cell by cell; None where there are none.

    Parameters
    ----------
    replication : Replication
    verdicts : sequence of str
        Which to show.
    id : str
        Stem of its files.
    missed : bool
        Also what does not reach an expectation of the study, whatever its verdict.

    Raises
    ------
    UsageError
        An unknown verdict.

    Examples
    --------
    >>> from econloom.audit.replicate import Coverage, Replication
    >>> nothing = Replication((), (), Coverage(1, 0, ("t1",)))
    >>> apart(nothing) is None
    True
    """
    if unknown := [v for v in verdicts if v not in VERDICTS]:
        raise UsageError(f"unknown verdict {unknown[0]!r}{did_you_mean(unknown[0], VERDICTS)}")
    chosen = [
        c
        for c in replication.comparisons
        if c.verdict in verdicts or (missed and c.verdict is not None and c.ok is False)
    ]
    rows = tuple(Row(Label.same(c.address), _beside(c)) for c in chosen)
    header = tuple(Cell.text(label) for label in _BESIDE)
    title = Label(zh="与已发表结果不一致之处", en="Where ours differs from the published tables")
    return Table(id, title, (header,), rows, (_NOTE,), Label(zh="单元格", en="Cell")) if rows else None


def _beside(c: Comparison) -> tuple[Cell, ...]:
    row = c.row()
    digits = 4 if c.cell.number is None else max(0, -c.cell.number.exponent)
    return (
        Cell("estimate", row["printed_value"], digits, row["stars_printed"] or 0, notation="fixed"),
        Cell("estimate", c.ours.value, digits, c.ours.stars or 0, source=c.address, notation="fixed"),
        Cell("number", row["difference"], digits, notation="fixed"),
        Cell("number", row["difference_se"], 2, notation="fixed"),
        Cell.text(_VERDICTS[str(c.verdict)]),
    )
