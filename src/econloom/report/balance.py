"""Balance of matched samples: the table of covariates before and after, and the love plot as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from econloom.core.errors import UsageError
from econloom.core.labels import Label
from econloom.core.spec import TableSpec
from econloom.core.table import Cell, Row, Table
from econloom.report.body import value_cell
from econloom.report.phrases import compound
from econloom.report.summaries import plain_table

SCORE = "(score)"
_SCORE = Label(zh="倾向得分", en="Propensity score")
_WHEN = {"before": Label(zh="匹配前", en="before"), "after": Label(zh="匹配后", en="after")}
_HEADS = {
    "mean_treated": Label(zh="处理组均值", en="Mean, treated"),
    "mean_control": Label(zh="控制组均值", en="Mean, control"),
    "difference": Label(zh="标准化偏差(%)", en="Std. difference (%)"),
    "reduction": Label(zh="偏差减少(%)", en="Reduction (%)"),
    "variance_ratio": Label(zh="方差比", en="Variance ratio"),
    "t": Label(zh="t值", en="t"),
    "p_value": Label(zh="p值", en="p"),
}
_SAID = Label(
    zh="标准化偏差为均值之差除以匹配前的标准差；t值由协变量对处理变量的（加权）回归得到；0-1变量无方差比",
    en="std. difference: difference of means over the standard deviation before matching; t: (weighted) regression of "
    "the covariate on treatment; no variance ratio of 0/1 variables",
)


def table(
    rows: Sequence[Mapping[str, Any]], spec: TableSpec, stats: Sequence[str], said: Sequence[Label] = ()
) -> Table:
    """Two rows a covariate, before and after matching.

    Parameters
    ----------
    rows : sequence of mapping
        ``term``, ``before_`` and ``after_`` of each statistic, and ``reduction``; None for a dash.
    spec : TableSpec
    stats : sequence of str
        Of mean_treated, mean_control, difference, reduction, variance_ratio, t, p_value.
    said : sequence of Label
        How the sample was drawn, for the note.

    Examples
    --------
    >>> row = {"term": "x", "before_difference": 0.5, "after_difference": 0.05, "reduction": 0.9}
    >>> made = table([row], TableSpec("t5", Label()), ["difference", "reduction"])
    >>> [[c.value for c in r.cells] for r in made.rows], made.rows[1].label.en
    ([[50.0, None], [5.0, 90.0]], 'x (after)')
    """
    made = []
    for row in rows:
        name = named(row["term"], spec)
        for when, label in _WHEN.items():
            cells = [_cell(row, when, stat, spec) for stat in stats]
            text = Label(zh=f"{name.text('zh')}（{label.text('zh')}）", en=f"{name.text('en')} ({label.text('en')})")
            made.append(Row(text, tuple(cells)))
    return plain_table(spec, [_HEADS[s] for s in stats], made, [_SAID, *said])


def named(term: str, spec: TableSpec) -> Label:
    """The label of a covariate, or of the score."""
    return _SCORE if term == SCORE else compound(term, spec)


def _cell(row: Mapping[str, Any], when: str, stat: str, spec: TableSpec) -> Cell:
    if stat == "reduction" and when == "before":
        return Cell()
    key = stat if stat == "reduction" else f"{when}_{stat}"
    value = row.get(key)
    if value is None:
        return Cell.text(Label.same("—"))
    percent = stat in {"difference", "reduction"}
    digits = 1 if percent else spec.digits
    return value_cell(100 * value if percent else value, digits, f"{spec.id}.{key}.{row['term']}")


@dataclass(frozen=True, slots=True)
class LovePoint:
    """Absolute standardised differences of one covariate; None where there is none."""

    name: str
    label: Label
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class Love:
    """A love plot: covariates one below the other, hollow before and full after matching.

    Attributes
    ----------
    points : tuple of LovePoint
        From the top.
    threshold : float or None
        A dotted line.
    """

    id: str
    title: Label
    points: tuple[LovePoint, ...]
    threshold: float | None = 0.1
    value_label: Label = Label(zh="标准化偏差的绝对值", en="Absolute standardised difference")
    before_label: Label = Label(zh="匹配前", en="Before matching")
    after_label: Label = Label(zh="匹配后", en="After matching")
    notes: tuple[Label, ...] = ()

    def __post_init__(self) -> None:
        if not any(p.before is not None or p.after is not None for p in self.points):
            raise UsageError(f"figure {self.id}: empty (it needs a covariate with a difference)")


def love(
    id: str,
    title: Label,
    rows: Sequence[Mapping[str, Any]],
    labels: Mapping[str, Label] | None = None,
    threshold: float | None = 0.1,
    notes: Sequence[Label] = (),
) -> Love:
    """The love plot of a balance table, the largest difference before matching first.

    Parameters
    ----------
    id : str
        Stem of the files.
    title : Label
    rows : sequence of mapping
        ``term``, ``before_difference``, ``after_difference``: ``matched.balance.to_dicts()``.
    labels : mapping of str to Label, optional
        By covariate.
    threshold : float or None
    notes : sequence of Label

    Examples
    --------
    >>> rows = [{"term": t, "before_difference": b, "after_difference": 0.0} for t, b in (("x", 0.1), ("z", -0.4))]
    >>> [p.name for p in love("f", Label(), rows).points]
    ['z', 'x']
    """
    spec = TableSpec(id, title, labels=tuple((labels or {}).items()))
    points = [
        LovePoint(r["term"], named(r["term"], spec), *(_absolute(r[f"{w}_difference"]) for w in ("before", "after")))
        for r in rows
    ]
    points.sort(key=lambda p: -1.0 if p.before is None else p.before, reverse=True)
    return Love(id, title, tuple(points), threshold, notes=tuple(notes))


def _absolute(value: float | None) -> float | None:
    return None if value is None else abs(value)
