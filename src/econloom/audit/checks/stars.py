"""Stars against what stands beside them: coefficient and standard error, t, or p."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from econloom.audit.checks import reasoning as r
from econloom.audit.findings import Finding, Level
from econloom.audit.given import Given
from econloom.audit.interval import Interval
from econloom.audit.levels import ANY, Df, bounds, deserved, fitting_df
from econloom.audit.noting import CONVENTIONS
from econloom.audit.paper import Estimate, PaperTable
from econloom.core.labels import Label

FEW = 20  # degrees of freedom below which a column's stars are pointed out


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell under one set of cut-offs: the degrees of freedom that fit its stars."""

    estimate: Estimate
    t: tuple[Interval, ...]
    fitting: tuple[Df, ...]
    by_p: bool | None  # whether a printed p value fits; None where none is printed

    def within(self, df: Df) -> bool:
        """Whether some plausible degrees of freedom fit."""
        if self.by_p:
            return True
        return any(not (f & df).empty for f in self.fitting) or (self.by_p is None and not self.fitting)

    @property
    def hull(self) -> Df:
        """From the fewest to the most that fit."""
        held = [f for f in self.fitting if not f.empty]
        if self.by_p is not None or not held:
            return ANY
        return Df(min(f.low for f in held), max(f.high for f in held))


def check(table: PaperTable, given: Given) -> Iterator[Finding]:
    """Every cell by itself, then the cells of a column together."""
    if r.unverifiable(table) or not any(e.stars for e in table.estimates):
        return
    marked, instead = table.starred_rows, _p_instead(table)
    wrong: list[Estimate] = []
    for (panel, column), estimates in table.by_column.items():
        df = r.plausible_df(table, column, given, panel)
        judged = {cuts: [_judged(e, table, cuts) for e in estimates] for cuts in r.schemes(table, given)}
        impossible = [all(not cells[n].within(df) for cells in judged.values()) for n in range(len(estimates))]
        cuts = min(judged, key=lambda c: sum(not x.within(df) for x in judged[c]))
        cells = judged[cuts]
        for cell, bad in zip(cells, impossible, strict=True):
            wrong += [cell.estimate] if bad and (panel, cell.estimate.row) in marked else []
            if bad and (panel, cell.estimate.row) not in instead:
                yield _finding(cell, cuts, df, table, given, (panel, cell.estimate.row) in marked)
        fitting = [c for c, bad in zip(cells, impossible, strict=True) if not bad and (panel, c.estimate.row) in marked]
        if len(judged) == 1:
            yield from _together(fitting, df, table, panel, column, given)
    yield from _convention(table, given, wrong)


def _p_instead(table: PaperTable) -> frozenset[tuple[str, str]]:
    """Rows that print p values and no stars, where starred rows print none: their p stands for stars."""
    marked = table.starred_rows
    if any(e.p is not None for e in table.estimates if (e.panel, e.row) in marked):
        return frozenset()
    return frozenset((e.panel, e.row) for e in table.estimates if e.p is not None)


def _convention(table: PaperTable, given: Given, wrong: Sequence[Estimate]) -> Iterator[Finding]:
    """Stars that contradict the note's cut-offs in several cells, and another usual convention in none."""
    note = table.note.cutoffs
    if len(wrong) < 2 or given.cutoffs or not note:
        return
    better = next((cuts for cuts in CONVENTIONS if cuts != note and not _misfits(table, cuts, given)), None)
    if better is not None:
        levels = [" / ".join(f"{c:g}" for c in cuts) for cuts in (note, better)]
        why = Label(
            zh=f"{len(wrong)}个单元格的星号与注释的水平（{levels[0]}）矛盾，却全部符合{levels[1]}",
            en=f"the stars of {len(wrong)} cells contradict the note's levels ({levels[0]}), "
            f"and all agree with {levels[1]}",
        )
        place = table.place(wrong[0].row, wrong[0].column, wrong[0].panel)
        possible = Label(zh=f"注释中的水平为{levels[1]}", en=f"levels of {levels[1]} in the note")
        yield Finding("suspicious", "cutoffs", place, wrong[0].printed, why, possible, table=table.name)


def _misfits(table: PaperTable, cuts: Sequence[float], given: Given) -> list[Estimate]:
    return [
        e for e in table.estimates
        if (e.panel, e.row) in table.starred_rows
        and not _judged(e, table, cuts).within(r.plausible_df(table, e.column, given, e.panel))
    ]  # fmt: skip


def _judged(e: Estimate, table: PaperTable, cuts: Sequence[float]) -> _Cell:
    t = tuple(x for x in r.ratios(e, table))
    if e.stars > len(cuts):
        return _Cell(e, t, (), None)  # a mark that the note does not define: another check's
    p = list(r.p_values(e, table))
    fits = None if not p else any(x.meets(Interval(*bounds(e.stars, cuts))) for x in p)
    if e.p is not None:
        return _Cell(e, t, (), fits)
    return _Cell(e, t, tuple(fitting_df(x, e.stars, cuts) for x in t), fits or (None if t else fits))


def _finding(cell: _Cell, cuts: Sequence[float], df: Df, table: PaperTable, given: Given, marked: bool) -> Finding:
    e = cell.estimate
    where = table.place(e.row, e.column, e.panel)
    level: Level = "certain"
    conditions: list[Label] = []
    if not marked:
        level = "conditional"
        conditions.append(Label(zh="该行与其他行一样标注星号", en="this row is marked with stars like the others"))
    rescue = cell.hull if any(not f.empty for f in cell.fitting) else None
    if rescue is not None and given.clusters is not None and not table.note.df:
        level = "conditional"
        conditions.append(Label(zh=f"聚类数为{given.clusters}", en=f"there are {given.clusters} clusters"))
    why = _by_p(e, cuts) if e.p is not None else _by_t(cell, cuts, df, rescue)
    return Finding(level, "stars", where, e.printed, why, _possible(cell, cuts, df), _joined(conditions), table.name)


def _by_p(e: Estimate, cuts: Sequence[float]) -> Label:
    assert e.p is not None
    low, high = bounds(e.stars, cuts)
    return Label(
        zh=f"{_stars(e.stars, 'zh')}表示p值在{low:g}与{high:g}之间，印刷的p值为{e.p.text}",
        en=f"{_stars(e.stars, 'en')} stands for p between {low:g} and {high:g}, but p is printed as {e.p.text}",
    )


def _by_t(cell: _Cell, cuts: Sequence[float], df: Df, rescue: Df | None) -> Label:
    e, t = cell.estimate, cell.t
    shown = " / ".join(x.text() for x in t)
    zh, en = f"|t|为{shown.replace(' to ', '至')}", f"|t| is {shown}"
    if rescue is None:
        zh += f"，任何自由度的t分布都不会给出{_stars(e.stars, 'zh')}（水平{_cuts(cuts)}）"
        en += f"; no t distribution gives {_stars(e.stars, 'en')} for that (levels {_cuts(cuts)})"
    else:
        words = rescue.words().replace(" to ", "至").replace("at least ", "至少")
        zh += f"，只有自由度为{words}才会给出{_stars(e.stars, 'zh')}"
        en += f"; {_stars(e.stars, 'en')} would take {rescue.words()} degrees of freedom"
        if math.isfinite(rescue.high):
            zh += f"（即至多{rescue.high + 1:.0f}个聚类），可能的自由度从{df.low:.0f}起"
            en += f" (at most {rescue.high + 1:.0f} clusters); plausible ones start at {df.low:.0f}"
    return Label(zh=zh, en=en)


def _possible(cell: _Cell, cuts: Sequence[float], df: Df) -> Label:
    if cell.estimate.p is not None:
        fitting = [n for n in range(len(cuts) + 1) if r.span(cell.estimate.p).meets(Interval(*bounds(n, cuts)))]
        low, high = min(fitting, default=0), max(fitting, default=0)
    else:
        ends = [deserved(t, cuts, df) for t in cell.t]
        low, high = min((a for a, _ in ends), default=0), max((b for _, b in ends), default=0)
    if low == high:
        return Label(zh=_stars(low, "zh"), en=_stars(low, "en"))
    return Label(zh=f"{_stars(low, 'zh')}至{_stars(high, 'zh')}", en=f"{_stars(low, 'en')} to {_stars(high, 'en')}")


def _together(
    cells: Sequence[_Cell], df: Df, table: PaperTable, panel: str, column: str, given: Given
) -> Iterator[Finding]:
    """The cells of a column have one number of degrees of freedom."""
    bound = [c for c in cells if c.hull != ANY]
    if not bound:
        return
    lowest, highest = max(bound, key=lambda c: c.hull.low), min(bound, key=lambda c: c.hull.high)
    common = Df(max(lowest.hull.low, df.low), min(highest.hull.high, df.high))
    place = table.place(column=column, panel=panel)
    known = table.note.df or df.low == df.high
    if common.empty:
        yield _conflict(lowest, highest, place, table.name)
    elif common.high < FEW and not known and r.clusters_of(table, column, given, panel) is None:
        h = f"{common.high:.0f}"
        why = Label(
            zh=f"本列的星号只与不超过{h}个自由度（至多{common.high + 1:.0f}个聚类）相容；"
            f"决定性的单元格为{highest.estimate.row!r}",
            en=f"the stars of this column fit at most {h} degrees of freedom ({common.high + 1:.0f} clusters); "
            f"the cell that decides is row {highest.estimate.row!r}",
        )
        possible = Label(zh="更多的星号，或注明聚类数", en="more stars, or a number of clusters in the note")
        yield Finding("suspicious", "stars", place, highest.estimate.printed, why, possible, table=table.name)


def _conflict(low: _Cell, high: _Cell, place: str, name: str) -> Finding:
    a, b = low.estimate, high.estimate
    printed = f"{a.row}: {a.printed}; {b.row}: {b.printed}"
    why = Label(
        zh=f"{a.row!r}的星号要求自由度至少为{low.hull.low:.0f}，{b.row!r}的星号要求至多为{high.hull.high:.0f}",
        en=f"the stars of {a.row!r} take at least {low.hull.low:.0f} degrees of freedom, "
        f"those of {b.row!r} at most {high.hull.high:.0f}",
    )
    condition = Label(
        zh="同一列的各系数使用同一自由度", en="all coefficients of a column rest on the same degrees of freedom"
    )
    possible = Label(zh="其中之一的星号不同", en="other stars on one of them")
    return Finding("conditional", "stars", place, printed, why, possible, condition, name)


def _stars(n: int, lang: str) -> str:
    return "*" * n if n else ("无星号" if lang == "zh" else "no star")


def _cuts(cuts: Sequence[float]) -> str:
    return ", ".join(f"{c:g}" for c in cuts if not math.isnan(c))


def _joined(conditions: Sequence[Label]) -> Label:
    if not conditions:
        return Label()
    return Label(zh="；".join(c.text("zh") for c in conditions), en="; ".join(c.text("en") for c in conditions))
