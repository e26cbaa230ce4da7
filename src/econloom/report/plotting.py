"""How figures are drawn, with matplotlib: no window, no global state, no clock in the files.

Lines differ in dash and marker as well as in colour, so that a figure can be printed in black and white.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from econloom.core.labels import Label, Lang
from econloom.report.balance import Love
from econloom.report.densities import Density
from econloom.report.effects import Effects, Series
from econloom.report.figures import Differences, Figure, Interval, Intervals, Kind, Trend
from econloom.report.fonts import Fonts, available
from econloom.report.specifications import Choice, CurvePlot

COLOURS = ("#1a1a1a", "#b2182b", "#2166ac", "#4d9221", "#8c510a", "#762a83", "#e08214", "#35978f")
_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (7, 2)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
_VERDICTS = ("#2166ac", "#67a9cf", "#7f7f7f", "#ef8a62", "#b2182b", "#000000")
_WIDTH = 6.3  # inches: the text width of an A4 page with margins of 2.5 cm
_STYLE = {
    "font.size": 9.5,
    "axes.unicode_minus": True,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.direction": "out",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.3,
    "lines.markersize": 3.6,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "svg.fonttype": "path",
    "pdf.fonttype": 3,
    "mathtext.fontset": "stix",
    "text.parse_math": False,
}
_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}


def draw(figure: Figure, kind: Kind, lang: Lang) -> bytes:
    """The bytes of one file."""
    fonts = available(lang)
    style: Any = _STYLE | {"font.family": list(fonts.families), "svg.hashsalt": figure.id}
    with rc_context(style):
        canvas = _PAINTERS[type(figure)](figure, fonts, lang)
        out = io.BytesIO()
        canvas.savefig(out, format=kind, metadata=_METADATA[kind], bbox_inches="tight", pad_inches=0.05)
    return out.getvalue()


def _trend(figure: Trend, fonts: Fonts, lang: Lang) -> Canvas:
    across = min(len(figure.facets), 2)
    down = math.ceil(len(figure.facets) / across)
    canvas = Canvas(figsize=(_WIDTH if across > 1 else 5.0, 2.6 * down + 0.4), layout="constrained")
    grid = canvas.subplots(down, across, squeeze=False).ravel()
    for axes, facet in zip(grid, figure.facets, strict=False):
        _facet(axes, figure, facet.lines, fonts, lang)
        axes.set_title(fonts.legible(facet.label, lang, facet.name), fontsize=9.5)
        axes.set_xlabel(fonts.legible(figure.x_label, lang))
        axes.set_ylabel(fonts.legible(figure.y_label, lang))
    for axes in grid[len(figure.facets) :]:
        axes.set_visible(False)
    handles, labels = grid[0].get_legend_handles_labels()
    if any(labels):
        canvas.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 3))
    return canvas


def _facet(axes: Axes, figure: Trend, lines: Any, fonts: Fonts, lang: Lang) -> None:
    for n, line in enumerate(lines):
        colour = COLOURS[n % len(COLOURS)]
        y = [math.nan if v is None else v for v in line.y]
        label = fonts.legible(line.label, lang, line.name) if line.label else None
        axes.plot(
            line.x,
            y,
            color=colour,
            linestyle=_DASHES[n % 6],
            marker=_MARKERS[n % 6],
            markerfacecolor="white",
            label=label,
        )
        if line.low:
            axes.fill_between(line.x, line.low, line.high, color=colour, alpha=0.12, linewidth=0)
    for mark in figure.marks:
        axes.axvline(mark, color="#7f7f7f", linewidth=0.8, linestyle=":")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=all(float(v).is_integer() for x in lines for v in x.x)))


def _intervals(figure: Intervals, fonts: Fonts, lang: Lang) -> Canvas:
    upright = figure.points[0].at is not None
    height = 3.2 if upright else 0.9 + 0.19 * len(figure.points)
    canvas = Canvas(figsize=(5.4, max(height, 1.6)), layout="constrained")
    axes = canvas.subplots()
    baseline, reference = figure.baseline, figure.reference
    line, span = (axes.axhline, axes.axhspan) if upright else (axes.axvline, axes.axvspan)
    if baseline is not None:
        span(baseline.low, baseline.high, color="#2166ac", alpha=0.10, linewidth=0)
        line(baseline.estimate, color="#2166ac", linewidth=0.9, linestyle="--")
    if reference is not None:
        line(reference, color="#1a1a1a", linewidth=0.7)
    for n, point in enumerate(figure.points):
        _interval(axes, point, float(n) if point.at is None else point.at, upright)
    value, place = fonts.legible(figure.value_label, lang), fonts.legible(figure.place_label, lang)
    axes.set_xlabel(place if upright else value)
    axes.set_ylabel(value if upright else place)
    if upright:
        axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    else:
        names = [fonts.legible(p.label, lang, p.name) for p in figure.points]
        axes.set_yticks(range(len(names)), names, fontsize=8.5)
        axes.set_ylim(len(names) - 0.4, -0.6)
    return canvas


def _interval(axes: Axes, point: Interval, place: float, upright: bool) -> None:
    colour = COLOURS[1] if point.marked else COLOURS[0]
    ends, at = (point.low, point.high), (place, place)
    x, y = (at, ends) if upright else (ends, at)
    axes.plot(x, y, color=colour, linewidth=1.1, solid_capstyle="butt")
    centre = (place, point.estimate) if upright else (point.estimate, place)
    axes.plot(*centre, color=colour, marker="o", markersize=4)


def _differences(figure: Differences, fonts: Fonts, lang: Lang) -> Canvas:
    groups = list(dict.fromkeys(p.group for p in figure.points))
    labels = dict(figure.groups)
    canvas = Canvas(figsize=(_WIDTH, 1.3 + 0.45 * len(groups)), layout="constrained")
    axes = canvas.subplots()
    axes.axvspan(-1, 1, color="#2166ac", alpha=0.08, linewidth=0)
    axes.axvline(0, color="#1a1a1a", linewidth=0.7)
    heights = _stacked(figure, groups)
    edge = figure.limit
    for n, (verdict, label) in enumerate(figure.verdicts):
        colour, said = _VERDICTS[n % len(_VERDICTS)], fonts.legible(label, lang, verdict)
        axes.plot([], [], linestyle="", marker="o", color=colour, label=said)
        for marker in ("o", ">", "<"):
            points = [p for p in figure.points if p.verdict == verdict and _marker(p.scaled, edge) == marker]
            x = [min(max(p.scaled, -edge), edge) for p in points]
            y = [heights[p.name, p.group] for p in points]
            axes.plot(x, y, linestyle="", marker=marker, color=colour, alpha=0.8)
    names = [fonts.legible(labels[g], lang, g) if g in labels else g for g in groups]
    axes.set_yticks(range(len(groups)), names)
    axes.set_ylim(len(groups) - 0.5, -0.5)
    axes.set_xlim(-1.05 * edge, 1.05 * edge)
    axes.set_xlabel(fonts.legible(figure.value_label, lang))
    canvas.legend(loc="outside lower center", ncols=3)
    return canvas


def _marker(scaled: float, edge: float) -> str:
    """A dot, or an arrow at the edge that a difference lies beyond."""
    return "o" if abs(scaled) <= edge else ">" if scaled > edge else "<"


def _stacked(figure: Differences, groups: list[str]) -> dict[tuple[str, str], float]:
    """Heights at which points of one group that lie close together do not hide one another."""
    heights: dict[tuple[str, str], float] = {}
    width = figure.limit / 40
    for row, group in enumerate(groups):
        members = [p for p in figure.points if p.group == group]
        bins: dict[int, list[str]] = {}
        for p in members:
            bins.setdefault(round(min(max(p.scaled, -figure.limit), figure.limit) / width), []).append(p.name)
        tallest = max(len(b) for b in bins.values())
        step = min(0.12, 0.8 / max(tallest - 1, 1))
        for names in bins.values():
            for n, name in enumerate(names):
                heights[name, group] = row + step * (n - (len(names) - 1) / 2)
    return heights


def _density(figure: Density, fonts: Fonts, lang: Lang) -> Canvas:
    canvas = Canvas(figsize=(5.4, 3.4), layout="constrained")
    axes = canvas.subplots()
    bins = min(max(10, round(math.sqrt(len(figure.values)))), 40)
    axes.hist(figure.values, bins=bins, density=True, color="#d9d9d9", edgecolor="white", linewidth=0.4)
    x, heights = figure.curve()
    axes.plot(x, heights, color=COLOURS[0], label=fonts.legible(figure.draws_label, lang))
    said = fonts.legible(figure.real_label, lang)
    axes.axvline(figure.real, color=COLOURS[1], linestyle="--", linewidth=1.1, label=said)
    axes.set_xlabel(fonts.legible(figure.value_label, lang))
    axes.set_ylabel(fonts.legible(figure.density_label, lang))
    axes.set_ylim(bottom=0)
    canvas.legend(loc="outside lower center", ncols=2)
    return canvas


def _love(figure: Love, fonts: Fonts, lang: Lang) -> Canvas:
    canvas = Canvas(figsize=(5.4, max(1.3 + 0.24 * len(figure.points), 1.8)), layout="constrained")
    axes = canvas.subplots()
    places = range(len(figure.points))
    for values, label, colour, face in (
        ([p.before for p in figure.points], figure.before_label, COLOURS[1], "white"),
        ([p.after for p in figure.points], figure.after_label, COLOURS[0], COLOURS[0]),
    ):
        x = [math.nan if v is None else v for v in values]
        said = fonts.legible(label, lang)
        axes.plot(x, places, linestyle="", marker="o", markersize=5, color=colour, markerfacecolor=face, label=said)
    if figure.threshold is not None:
        axes.axvline(figure.threshold, color="#7f7f7f", linewidth=0.8, linestyle=":")
    axes.set_yticks(places, [fonts.legible(p.label, lang, p.name) for p in figure.points], fontsize=8.5)
    axes.set_ylim(len(figure.points) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.set_xlabel(fonts.legible(figure.value_label, lang))
    canvas.legend(loc="outside lower center", ncols=2)
    return canvas


def _effects(figure: Effects, fonts: Fonts, lang: Lang) -> Canvas:
    canvas = Canvas(figsize=(5.4, 3.4), layout="constrained")
    axes = canvas.subplots()
    axes.axhline(0, color="#1a1a1a", linewidth=0.7)
    axes.axvline(-0.5, color="#7f7f7f", linewidth=0.8, linestyle=":")
    apart = min(0.18, 0.7 / len(figure.series))
    for n, series in enumerate(figure.series):
        shift = apart * (n - (len(figure.series) - 1) / 2)
        _effect_series(axes, series, shift, n, fonts.legible(series.label, lang, series.name))
    ticks = figure.ticks()
    axes.set_xticks([at for at, _ in ticks], [text for _, text in ticks])
    axes.set_xlabel(fonts.legible(figure.place_label, lang))
    axes.set_ylabel(fonts.legible(figure.value_label, lang))
    if len(figure.series) > 1:
        canvas.legend(loc="outside lower center", ncols=min(len(figure.series), 3))
    return canvas


def _effect_series(axes: Axes, series: Series, shift: float, number: int, label: str) -> None:
    """Points with capped intervals; base periods hollow, a uniform band as a thin line beyond the interval."""
    colour, marker = COLOURS[number % len(COLOURS)], _MARKERS[number % len(_MARKERS)]
    free = [p for p in series.points if not p.base]
    x = [p.event + shift for p in free]
    y = [p.estimate for p in free]
    reach = [[p.estimate - p.low for p in free], [p.high - p.estimate for p in free]]
    axes.errorbar(x, y, reach, color=colour, marker=marker, linestyle="", elinewidth=1.1, capsize=2.4, label=label)
    for p in free:
        if p.band is not None:
            axes.plot([p.event + shift] * 2, p.band, color=colour, linewidth=0.5)
    base = [p.event + shift for p in series.points if p.base]
    axes.plot(base, [0.0] * len(base), color=colour, marker=marker, linestyle="", markerfacecolor="white")


def _curve(figure: CurvePlot, fonts: Fonts, lang: Lang) -> Canvas:
    """Estimates with intervals above, a row of dots for each choice below."""
    rows = sum(1 + len(choices) for _, choices in figure.choices)
    below = 0.17 * max(rows, 1)
    canvas = Canvas(figsize=(_WIDTH, 2.6 + below), layout="constrained")
    upper, lower = canvas.subplots(2, 1, sharex=True, height_ratios=(2.2, below))
    x = range(len(figure.estimates))
    for flag, colour in ((False, "#bdbdbd"), (True, "#4d4d4d")):
        at = [n for n in x if figure.significant[n] is flag]
        upper.vlines(at, [figure.low[n] for n in at], [figure.high[n] for n in at], color=colour, linewidth=0.5)
        points = [figure.estimates[n] for n in at]
        upper.plot(at, points, linestyle="", marker="o", markersize=1.6, color=colour if not flag else COLOURS[0])
    upper.axhline(0, color="#1a1a1a", linewidth=0.7)
    if (own := figure.preferred) is not None:
        said = fonts.legible(figure.preferred_label, lang)
        upper.vlines([own], [figure.low[own]], [figure.high[own]], color=COLOURS[1], linewidth=1.1)
        upper.plot([own], [figure.estimates[own]], linestyle="", marker="D", color=COLOURS[1], label=said)
        upper.legend(loc="upper left")
    upper.set_ylabel(fonts.legible(figure.value_label, lang))
    _dots(lower, figure.choices, figure.preferred, fonts, lang)
    lower.set_xlabel(fonts.legible(figure.place_label, lang))
    lower.set_xticks([])
    return canvas


def _dots(
    axes: Axes, parts: tuple[tuple[Label, tuple[Choice, ...]], ...], own: int | None, fonts: Fonts, lang: Lang
) -> None:
    names: list[str] = []
    for label, choices in parts:
        names.append(fonts.legible(label, lang))
        axes.axhline(len(names) - 1, color="#e0e0e0", linewidth=0.4)
        for choice in choices:
            at = [len(names)] * len(choice.places)
            axes.plot(choice.places, at, linestyle="", marker="|", markersize=4, color="#4d4d4d", markeredgewidth=0.6)
            if own in choice.places:
                axes.plot([own], [len(names)], linestyle="", marker="D", markersize=3, color=COLOURS[1])
            names.append("    " + fonts.legible(choice.label, lang, choice.name))
    axes.set_yticks(range(len(names)), names, fontsize=7.5, ha="left")
    widest = max(sum(7.6 if ord(c) > 0x2E80 else 4.0 for c in name) for name in names) if names else 0.0
    axes.tick_params(axis="y", length=0, pad=widest + 6)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.spines["left"].set_visible(False)


_PAINTERS: dict[type, Callable[..., Canvas]] = {
    Trend: _trend,
    Intervals: _intervals,
    Differences: _differences,
    Density: _density,
    Love: _love,
    Effects: _effects,
    CurvePlot: _curve,
}
