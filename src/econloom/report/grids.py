"""One coefficient under many specifications: a row for each version, a column for each model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from econloom.core.estimate import Tidy
from econloom.core.labels import Label
from econloom.core.spec import TableSpec
from econloom.core.table import Cell, Row, Table
from econloom.report import notes
from econloom.report.body import bracket_cell, estimate_cell
from econloom.report.phrases import compound

_VERSION = Label(zh="设定", en="Version")
_DEFAULT = Label(zh="默认设定", en="default")
_NOTE = Label(
    zh="各行只改动默认设定的一处，全部列出，未作筛选。",
    en="Each row changes one thing of the default specification; all are shown, none is selected.",
)


def across_versions(models: Mapping[str, Sequence[Tidy]], terms: Sequence[str], spec: TableSpec) -> Table:
    """A table of some terms in every version of a study.

    Parameters
    ----------
    models : mapping of str to sequence of Tidy
        By version, each with the columns of the table in order.
    terms : sequence of str
        Coefficients to show; cells carry addresses such as ``t3_versions.kof2020.c1.tbi``.
    spec : TableSpec
        Of the table itself; its id names this one.

    Returns
    -------
    Table
    """
    first = next(iter(models.values()))
    numbers = tuple(Cell.text(Label.same(f"({n})")) for n in range(1, len(first) + 1))
    outcomes = tuple(Cell.text(compound(m.outcome, spec)) for m in first)
    rows = [row for term in terms for v, found in models.items() for row in _rows(v, term, found, spec, len(terms) > 1)]
    return Table(
        id=spec.id,
        title=Label(zh=f"{spec.title.text('zh')}：各设定比较", en=f"{spec.title.text('en')}: across versions"),
        header=(numbers, outcomes),
        rows=tuple(rows),
        notes=notes.prefixed(
            [_shown(terms, spec), notes.note(list(first), _without_r2(spec)), *_other(models), _NOTE, *spec.notes],
            spec.style,
        ),
        stub=_VERSION,
        style=spec.style,
    )


def _rows(version: str, term: str, found: Sequence[Tidy], spec: TableSpec, named: bool) -> list[Row]:
    places = [(m.coefficient(term), f"{spec.id}.{version}.c{n}.{term}") for n, m in enumerate(found, 1)]
    label = _DEFAULT if version == "default" else Label.same(version)
    if named:
        what = compound(term, spec)
        label = Label(zh=f"{what.text('zh')}（{label.text('zh')}）", en=f"{what.text('en')} ({label.text('en')})")
    rows = [Row(label, tuple(estimate_cell(c, source, spec) for c, source in places), role="estimate")]
    if spec.show.paren != "none":
        rows.append(Row(Label(), tuple(bracket_cell(c, source, spec) for c, source in places), role="paren"))
    return rows


def _without_r2(spec: TableSpec) -> TableSpec:
    return replace(spec, show=replace(spec.show, r2="none"))


def _other(models: Mapping[str, Sequence[Tidy]]) -> list[Label]:
    """Versions whose reference distribution is not that of the first."""
    degrees = {v: [m.df for m in found] for v, found in models.items()}
    first = next(iter(degrees.values()))
    odd = {
        v: dict.fromkeys("∞" if df is None else f"{df:g}" for df in dfs) for v, dfs in degrees.items() if dfs != first
    }
    return [
        Label(zh=f"{v}的自由度为{'、'.join(dfs)}。", en=f"Degrees of freedom in {v}: {', '.join(dfs)}.")
        for v, dfs in odd.items()
    ]


def _shown(terms: Sequence[str], spec: TableSpec) -> Label:
    labels = [compound(t, spec) for t in terms]
    zh, en = "、".join(x.text("zh") for x in labels), ", ".join(x.text("en") for x in labels)
    return Label(zh=f"表中为{zh}的系数。", en=f"Shown: coefficients of {en}.")
