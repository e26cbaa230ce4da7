"""Effects by time since adoption as a figure and as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from econloom.core.errors import UsageError
from econloom.core.estimate import Coefficient, Test, Tidy, Unavailable
from econloom.core.labels import Label
from econloom.core.spec import Diagnostic, DiagnosticRow, TableSpec
from econloom.core.table import Cell, Row, Table
from econloom.panel.did.effects import DynamicEffects
from econloom.report import about

PLACE = Label("政策实施的相对时间", "Periods since adoption")
VALUE = Label("估计值与95%置信区间", "Estimate and 95% confidence interval")
PRETREND = Label("事前趋势联合检验", "Joint test of pre-periods")
BASE = Label("（基期）", "(base)")


@dataclass(frozen=True, slots=True)
class Point:
    """One event time.

    Attributes
    ----------
    event : int
    text : str
        As it is written: ``≤ -4`` where it stands for all before it too.
    estimate, low, high : float
        With the 95 per cent interval.
    base : bool
    band : (float, float) or None
        Bounds that hold for all effects jointly.
    """

    event: int
    text: str
    estimate: float
    low: float
    high: float
    base: bool = False
    band: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """The effects of one estimator or window."""

    name: str
    label: Label
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Effects:
    """A figure of effects by event time; several series stand beside each other.

    Attributes
    ----------
    series : tuple of Series
    models : tuple of Tidy
        The numbers behind it, one a series.
    """

    id: str
    title: Label
    series: tuple[Series, ...]
    value_label: Label = VALUE
    place_label: Label = PLACE
    notes: tuple[Label, ...] = ()
    models: tuple[Tidy, ...] = ()

    def __post_init__(self) -> None:
        if not any(s.points for s in self.series):
            raise UsageError(f"figure {self.id}: empty (it needs an effect)")

    def ticks(self) -> list[tuple[int, str]]:
        """Event times of the axis with their texts; plain numbers where the series differ."""
        texts: dict[int, set[str]] = {}
        for point in (p for s in self.series for p in s.points):
            texts.setdefault(point.event, set()).add(point.text)
        return [(e, _minus(next(iter(t)) if len(t) == 1 else str(e))) for e, t in sorted(texts.items())]

    def _repr_svg_(self) -> str:
        from econloom.report import figures

        return figures.draw(self, "svg", "en").decode()


def _minus(text: str) -> str:
    return text.replace("-", "−")


def event_plot(
    effects: DynamicEffects | Sequence[DynamicEffects] | Mapping[str, DynamicEffects],
    title: Label | str = "",
    id: str = "event_study",
    notes: Sequence[Label] = (),
    labels: Sequence[Label] = (),
) -> Effects:
    """A figure of effects by event time, of one estimator or of several beside each other.

    Parameters
    ----------
    effects : DynamicEffects, several of them, or a mapping of names to them
    title : Label or str
        Its caption.
    id : str
        Stem of its files.
    notes : sequence of Label
    labels : sequence of Label, optional
        Of the series; the names of the mapping, or of the estimators, by default.

    Returns
    -------
    Effects
        Jupyter shows it; :func:`econloom.report.figures.write_all` writes svg, pdf and png.

    Raises
    ------
    UsageError
        There is nothing to draw, or something else than effects.

    Examples
    --------
    >>> import numpy as np
    >>> from econloom.core.lineage import SampleLog
    >>> found = DynamicEffects("event_study", Label(en="event study"), "y", np.array([-2, 0]), np.array([0.1, 1.0]),
    ...                        np.diag([0.04, 0.04]), (-1,), SampleLog(90, (), 90), n_units=30, n_treated=10,
    ...                        n_clusters=30, covariance="cluster(i)", ssc="none", df=None)
    >>> [text for _, text in event_plot(found).ticks()]
    ['−2', '−1', '0']
    """
    names = list(effects) if isinstance(effects, Mapping) else None
    found: list[DynamicEffects] = (
        [effects]
        if isinstance(effects, DynamicEffects)
        else list(effects.values() if isinstance(effects, Mapping) else effects)
    )
    for one in found:
        if not isinstance(one, DynamicEffects):
            raise UsageError(f"a figure of effects needs effects by event time, not {type(one).__name__}")
    given = list(labels) or ([Label.same(n) for n in names] if names is not None else [one.label for one in found])
    if len(given) != len(found):
        raise UsageError(f"{len(found)} series with {len(given)} labels")
    caption = title if isinstance(title, Label) else Label.same(title)
    series = tuple(
        Series(f"s{n}", label, _points(one)) for n, (label, one) in enumerate(zip(given, found, strict=True), 1)
    )
    return Effects(id, caption, series, notes=tuple(notes), models=tuple(one.summary for one in found))


def _points(found: DynamicEffects) -> tuple[Point, ...]:
    made = []
    for row in found.tidy().iter_rows(named=True):
        event, estimate = row["event_time"], row["estimate"]
        low, high = (estimate if row[k] is None else row[k] for k in ("conf_low", "conf_high"))
        band = None if row.get("band_low") is None else (row["band_low"], row["band_high"])
        made.append(Point(event, found.text(event), estimate, low, high, row["role"] == "base", band))
    return tuple(made)


def table(
    found: Sequence[DynamicEffects], spec: TableSpec, heads: Sequence[Label] = ()
) -> tuple[Table, tuple[Tidy, ...]]:
    """Effects as a table: one row an event time, one column a window or estimator, the joint test below.

    Parameters
    ----------
    found : sequence of DynamicEffects
    spec : TableSpec
    heads : sequence of Label
        Of the columns.

    Returns
    -------
    Table
    tuple of Tidy
        The columns' models, without the base periods.
    """
    from econloom.report import tables

    events = sorted({e for one in found for e in (*map(int, one.events), *one.base)})
    models = tuple(one.summary for one in found)
    shown = [
        replace(m, coefficients=(*m.coefficients, *map(_base, one.base))) for m, one in zip(models, found, strict=True)
    ]
    names = [f"event_time::{e}" for e in events]
    labels = tuple((n, _label(e, found)) for n, e in zip(names, events, strict=True))
    row = DiagnosticRow("pretrend", PRETREND, tuple(_tested(one.pretrend) for one in found))
    whole = replace(
        spec,
        labels=(*labels, *spec.labels),
        heads=tuple(heads) if any(heads) else (),
        order=tuple(names),
        diagnostics=(*spec.diagnostics, row),
    )
    made = tables.regression(shown, whole)
    places = {f"{spec.id}.c{n}.event_time::{e}" for n, one in enumerate(found, 1) for e in one.base}
    return replace(made, rows=tuple(_with_base(r, places) for r in made.rows)), models


def _base(event: int) -> Coefficient:
    return Coefficient(f"event_time::{event}", 0.0, 0.0, math.nan, math.nan, 0.0, 0.0)


def _label(event: int, found: Sequence[DynamicEffects]) -> Label:
    """The event time as the columns write it; the plain number where they differ."""
    texts = {one.text(event) for one in found if event in one.base or event in one.events}
    text = _minus(texts.pop() if len(texts) == 1 else str(event))
    return Label.same(f"k {text}" if text[0] in "≤≥" else f"k = {text}")


def _tested(test: Test | Unavailable) -> Diagnostic | Unavailable:
    if isinstance(test, Unavailable):
        return test
    return Diagnostic(test.statistic, test.p_value, about=about.tested(test))


def _with_base(row: Row, places: set[str]) -> Row:
    """The row with the word for base below a base period's zero."""
    if row.role != "paren":
        return row
    return replace(row, cells=tuple(Cell.text(BASE) if _place(c) in places else c for c in row.cells))


def _place(cell: Cell) -> str:
    return (cell.source or "").rpartition(".")[0]
