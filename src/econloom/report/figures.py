"""Figures as data, and their files: what a figure shows is frozen here, how it is drawn stands in ``plotting``.

A figure has no title inside; the title is its caption, which the reports print below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import polars as pl

from econloom.core.errors import OutputError, UsageError, did_you_mean, listed
from econloom.core.files import replace_file
from econloom.core.labels import Label, Lang
from econloom.report.balance import Love as Love
from econloom.report.densities import Density as Density
from econloom.report.effects import Effects as Effects
from econloom.report.specifications import CurvePlot as CurvePlot

Kind = Literal["svg", "pdf", "png"]
KINDS: tuple[Kind, ...] = ("svg", "pdf", "png")
_STEM = re.compile(r"\w[\w.-]*")


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a trend.

    Attributes
    ----------
    name : str
        A bare name, written where the label has no glyphs.
    x, y : tuple of float
        Points; a y of None breaks the line.
    low, high : tuple of float
        A band around it, or empty.
    """

    name: str
    label: Label
    x: tuple[float, ...]
    y: tuple[float | None, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Facet:
    """One pair of axes: a label above and the lines in it."""

    name: str
    label: Label
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """Series over time by group, one facet an outcome.

    Attributes
    ----------
    marks : tuple of float
        Vertical lines, such as the year of a reform.
    """

    id: str
    title: Label
    facets: tuple[Facet, ...]
    x_label: Label = Label()
    y_label: Label = Label()
    marks: tuple[float, ...] = ()
    notes: tuple[Label, ...] = ()

    def __post_init__(self) -> None:
        _filled(self.id, [line for f in self.facets for line in f.lines], "a line")
        for line in (line for f in self.facets for line in f.lines):
            if (
                len(line.x) != len(line.y)
                or not len(line.low) == len(line.high)
                or len(line.low) not in (0, len(line.x))
            ):
                raise UsageError(f"figure {self.id}: line {line.name!r} has {len(line.x)} x, {len(line.y)} y")


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its interval.

    Attributes
    ----------
    at : float or None
        Place on a numeric axis (event time, distance); None lists the points one below the other.
    marked : bool
        Set apart from the others, such as a base period or an influential unit.
    """

    name: str
    label: Label
    estimate: float
    low: float
    high: float
    at: float | None = None
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Intervals:
    """Estimates with intervals: coefficients, leave-one-out, event studies, rings.

    Attributes
    ----------
    points : tuple of Interval
        All with a place ``at``, or none.
    value_label, place_label : Label
        Of the axis of the estimates and of that of the places.
    reference : float or None
        A solid line, usually 0.
    baseline : Interval or None
        The estimate of the whole sample: a dashed line with its interval shaded.
    """

    id: str
    title: Label
    points: tuple[Interval, ...]
    value_label: Label = Label()
    place_label: Label = Label()
    reference: float | None = 0.0
    baseline: Interval | None = None
    notes: tuple[Label, ...] = ()

    def __post_init__(self) -> None:
        _filled(self.id, self.points, "an estimate")
        if len({p.at is None for p in self.points}) > 1:
            raise UsageError(f"figure {self.id}: some points have a place and some have none")


@dataclass(frozen=True, slots=True)
class Difference:
    """One number of ours against the printed one.

    Attributes
    ----------
    name : str
        Address of the cell.
    group : str
        Its table.
    ours, printed : float
    unit : float
        What the difference is measured in, such as the printed standard error.
    verdict : str
        Class of the comparison; each gets a colour, in order of ``Differences.verdicts``.
    """

    name: str
    group: str
    ours: float
    printed: float
    unit: float
    verdict: str

    @property
    def scaled(self) -> float:
        """(ours - printed) / unit."""
        return (self.ours - self.printed) / self.unit


@dataclass(frozen=True, slots=True)
class Differences:
    """Ours minus printed, cell by cell, one row a table.

    Attributes
    ----------
    verdicts : tuple of (str, Label)
        From best to worst.
    limit : float
        Differences beyond it are drawn at the edge as arrows.
    """

    id: str
    title: Label
    points: tuple[Difference, ...]
    verdicts: tuple[tuple[str, Label], ...]
    groups: tuple[tuple[str, Label], ...] = ()
    value_label: Label = Label(zh="（本研究 − 原文）/ 原文标准误", en="(ours − printed) / printed standard error")
    limit: float = 2.0
    notes: tuple[Label, ...] = ()

    def __post_init__(self) -> None:
        _filled(self.id, self.points, "a compared number")
        known = [v for v, _ in self.verdicts]
        for point in self.points:
            if point.verdict not in known:
                near = did_you_mean(point.verdict, known)
                raise UsageError(f"figure {self.id}: {point.name}: unknown verdict {point.verdict!r}{near}")
            if not point.unit > 0:
                raise UsageError(f"figure {self.id}: {point.name}: the unit {point.unit} is not positive")


Figure = Trend | Intervals | Differences | Density | Love | Effects | CurvePlot


@dataclass(frozen=True, slots=True)
class TrendSpec:
    """What a trend is asked for.

    Attributes
    ----------
    x : str
        Column of the horizontal axis.
    y : tuple of str
        Outcomes.
    stat : {"mean", "median", "sum"}
        Of each outcome by ``x`` within a group; missing values are left out.
    layout : {"facets", "lines"}
        A facet for each outcome, or all in one.
    labels : mapping of str to Label
        By column.
    """

    id: str
    title: Label
    x: str
    y: tuple[str, ...]
    stat: Literal["mean", "median", "sum"] = "mean"
    layout: Literal["facets", "lines"] = "facets"
    labels: Mapping[str, Label] = field(default_factory=dict)
    marks: tuple[float, ...] = ()
    notes: tuple[Label, ...] = ()

    def label(self, name: str) -> Label:
        """The label of a column, or its bare name."""
        return self.labels.get(name) or Label.same(name)


def trend(frame: pl.DataFrame, groups: Mapping[str, tuple[Label, pl.Series | pl.Expr]], spec: TrendSpec) -> Trend:
    """Outcomes over time, by group.

    Parameters
    ----------
    frame : polars.DataFrame
    groups : mapping of str to (Label, boolean series or expression)
        Rows of each group, which may overlap; empty for all rows as one group.
    spec : TrendSpec

    Raises
    ------
    UsageError
        A column that the data do not have, or a group without a value.

    Examples
    --------
    >>> frame = pl.DataFrame({"year": [2000, 2001, 2000, 2001], "y": [1.0, 2.0, 3.0, 4.0], "g": ["a", "a", "b", "b"]})
    >>> spec = TrendSpec("f1", Label.same("Trend"), "year", ("y",))
    >>> trend(frame, {"a": (Label.same("A"), pl.col("g") == "a")}, spec).facets[0].lines[0].y
    (1.0, 2.0)
    """
    for name in (spec.x, *spec.y):
        if name not in frame.columns:
            near = did_you_mean(name, frame.columns)
            raise UsageError(f"figure {spec.id}: no column {name!r}{near}", hint=f"there are {listed(frame.columns)}")
    parts = {n: (label, frame.filter(rows)) for n, (label, rows) in groups.items()} or {"": (Label(), frame)}
    if spec.layout == "lines":
        lines = [
            _line(part, y, name, _joined(spec.label(y), label), spec)
            for y in spec.y
            for name, (label, part) in parts.items()
        ]
        facets: tuple[Facet, ...] = (Facet("", Label(), tuple(lines)),)
    else:
        facets = tuple(
            Facet(y, spec.label(y), tuple(_line(part, y, n, label, spec) for n, (label, part) in parts.items()))
            for y in spec.y
        )
    return Trend(spec.id, spec.title, facets, spec.label(spec.x), marks=spec.marks, notes=spec.notes)


def _line(part: pl.DataFrame, y: str, name: str, label: Label, spec: TrendSpec) -> Line:
    value = getattr(pl.col(y).cast(pl.Float64).drop_nans().drop_nulls(), spec.stat)()
    found = part.filter(pl.col(y).is_not_null()).group_by(spec.x).agg(value.alias("_value")).sort(spec.x)
    found = found.filter(pl.col("_value").is_not_null())
    if not found.height:
        raise UsageError(f"figure {spec.id}: no value of {y} in group {name!r}")
    return Line(name or y, label, tuple(found[spec.x].cast(pl.Float64)), tuple(found["_value"]))


def _joined(first: Label, second: Label) -> Label:
    if not second:
        return first
    return Label(zh=f"{first.text('zh')}（{second.text('zh')}）", en=f"{first.text('en')} ({second.text('en')})")


def _filled(figure: str, items: Sequence[object], what: str) -> None:
    if not items:
        raise UsageError(f"figure {figure}: empty (it needs {what})")


def draw(figure: Figure, kind: Kind = "svg", lang: Lang = "zh") -> bytes:
    """A figure as the bytes of a file; the same figure gives the same bytes.

    Parameters
    ----------
    figure : Trend, Intervals, Differences, Density, Love, Effects or CurvePlot
    kind : {"svg", "pdf", "png"}
        Text is drawn as outlines in SVG, so that it looks the same everywhere.
    lang : {"zh", "en"}
        English where no Chinese font is found, with a :class:`~econloom.report.fonts.FontWarning`.

    Raises
    ------
    UsageError
        An unknown kind.

    Examples
    --------
    >>> point = Interval("tbi", Label.same("TBI"), 11.6, 4.4, 18.7)
    >>> draw(Intervals("f2", Label.same("Coefficients"), (point,)), "svg", "en")[:5]
    b'<?xml'
    """
    if kind not in KINDS:
        raise UsageError(f"unknown figure format {kind!r}{did_you_mean(kind, KINDS)}", hint=f"one of {listed(KINDS)}")
    from econloom.report import plotting

    return plotting.draw(figure, kind, lang)


def write_all(figure: Figure, folder: str | Path, lang: Lang = "zh", kinds: Iterable[Kind] = KINDS) -> tuple[Path, ...]:
    """Write a figure as ``<id>.<kind>`` in each kind.

    Raises
    ------
    UsageError
        The figure's id is no file name, or a kind is unknown.
    OutputError
        The folder or a file cannot be written.
    """
    if not _STEM.fullmatch(figure.id):
        raise UsageError(f"the figure id {figure.id!r} cannot be a file name", hint="letters, digits, '_', '-' and '.'")
    made = []
    for kind in kinds:
        content, path = draw(figure, kind, lang), Path(folder) / f"{figure.id}.{kind}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, content)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
        made.append(path)
    return tuple(made)
