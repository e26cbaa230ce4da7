"""Models and grids of numbers to tables whose cells remember their source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from econloom.core.errors import UsageError, did_you_mean, listed
from econloom.core.estimate import Tidy
from econloom.core.labels import Label, Lang
from econloom.core.spec import Show, TableSpec
from econloom.core.table import Cell, Row, Table
from econloom.report import body, funnel, notes
from econloom.report.header import grouped, header
from econloom.report.render import html, markdown
from econloom.report.words import MARKS, word


def regression(models: Sequence[Tidy], spec: TableSpec) -> Table:
    """A regression table: one column a model.

    Regressors stand in order of first appearance, those of ``spec.controls`` after the others, the constant last.
    Below a rule follow the collapsed controls, the effects, N and R2. Cells carry the addresses ``t3.c2.tbi``,
    ``t3.c2.tbi.se`` (``.t`` or ``.p`` when those stand in brackets), ``t3.c2.n`` and ``t3.c2.r2_within``.

    Parameters
    ----------
    models : sequence of Tidy
        In the order of the columns.
    spec : TableSpec
        Title, labels and what to show.

    Raises
    ------
    UsageError
        There are no models, or none of them has a row to show.

    Examples
    --------
    >>> from econloom.core.estimate import Coefficient
    >>> from econloom.core.lineage import SampleLog
    >>> tbi = Coefficient("tbi", 11.5545, 3.5239, 3.28, 0.002, 4.43, 18.68)
    >>> log = SampleLog(615, (), 615)
    >>> model = Tidy("gi", (tbi,), {"n": 615}, ("code",), "cluster(code)", "xtreg", "t", 40, log, ("code",))
    >>> table = regression([model], TableSpec("t3", Label("基准回归", "Baseline")))
    >>> [row.label.text("en") for row in table.rows]
    ['tbi', '', 'code fixed effects', 'N']
    >>> table.rows[0].cells[0].source, table.rows[0].cells[0].stars
    ('t3.c1.tbi', 3)
    """
    if not models:
        raise UsageError(f"table {spec.id}: no models, so no columns")
    if spec.show.funnel:
        spec = replace(spec, extra_rows=(*spec.extra_rows, *funnel.rows(models)))
    sentences = notes.sentences(models, spec)
    return Table(
        id=spec.id,
        title=spec.title,
        header=header(models, spec),
        rows=body.rows(models, _marked(spec), spec.id),
        notes=notes.prefixed([notes.joined(sentences), *spec.notes], spec.style),
        stub=spec.stub or word("variable", spec.style),
        style=_marked(spec).style,
        sentences=sentences,
    )


@dataclass(frozen=True, slots=True)
class Panel:
    """One block of rows of a table in panels.

    Attributes
    ----------
    key : str
        Part of the cells' addresses: ``t3.a.c1.tbi``.
    label : Label
        Such as 面板A：发达国家; printed across the table above the block.
    models : sequence of Tidy
        As many as in the other panels.
    spec : TableSpec or None
        Rows of this panel where they differ from the table's.
    """

    key: str
    label: Label
    models: Sequence[Tidy]
    spec: TableSpec | None = None


def panels(parts: Sequence[Panel], spec: TableSpec) -> Table:
    """A regression table in blocks (面板A, 面板B) that share their columns.

    Parameters
    ----------
    parts : sequence of Panel
    spec : TableSpec
        Of the whole table; the header is that of the first panel.

    Raises
    ------
    UsageError
        No panels, panels of different widths, or two with the same key.

    Examples
    --------
    >>> from econloom.core.estimate import Coefficient
    >>> from econloom.core.lineage import SampleLog
    >>> x = Coefficient("x", 1.5, 0.5, 3.0, 0.003, 0.5, 2.5)
    >>> fit = Tidy("y", (x,), {"n": 90}, (), "iid", "fixest", "t", 88, SampleLog(90, (), 90))
    >>> parts = [Panel("a", Label.same("Panel A"), [fit]), Panel("b", Label.same("Panel B"), [fit])]
    >>> [row.label.text("en") for row in panels(parts, TableSpec("t4", Label())).rows]
    ['Panel A', 'x', '', 'N', 'Panel B', 'x', '', 'N']
    """
    if not parts or not parts[0].models:
        raise UsageError(f"table {spec.id}: no panels, or a panel without models")
    widths = [len(p.models) for p in parts]
    if len(set(widths)) > 1:
        raise UsageError(f"table {spec.id}: its panels have {listed(widths)} columns; they must have the same number")
    if len({p.key for p in parts}) < len(parts):
        raise UsageError(f"table {spec.id}: two panels are called {listed(p.key for p in parts)}")
    rows: list[Row] = []
    for part in parts:
        own = _marked(part.spec or spec)
        rows.append(Row(part.label, (Cell(),) * widths[0], role="panel", rule_above=bool(rows)))
        rows += body.rows(part.models, own, f"{spec.id}.{part.key}")
    sentences = _panel_sentences(parts, spec)
    return Table(
        id=spec.id,
        title=spec.title,
        header=header(parts[0].models, spec),
        rows=tuple(rows),
        notes=notes.prefixed([notes.joined(sentences), *spec.notes], spec.style),
        stub=spec.stub or word("variable", spec.style),
        style=_marked(spec).style,
        sentences=sentences,
    )


def _panel_sentences(parts: Sequence[Panel], spec: TableSpec) -> tuple[Label, ...]:
    """What all panels say once; what only some say with the panel's name."""
    said = [(p.label, notes.sentences(p.models, p.spec or spec)) for p in parts]
    common = [s for s in said[0][1] if all(s in sentences for _, sentences in said)]
    own = [notes.ascribed(label, s) for label, sentences in said for s in sentences if s not in common]
    return (*common, *own)


def _marked(spec: TableSpec) -> TableSpec:
    """With the yes and no that ``show.marks`` asks for."""
    if spec.show.marks == "style":
        return spec
    yes, no = MARKS[spec.show.marks]
    return replace(spec, style=replace(spec.style, yes=yes, no=no))


def values(
    cells: Mapping[tuple[Any, Any], float | None],
    spec: TableSpec,
    rows: Sequence[Any] | None = None,
    columns: Sequence[Any] | None = None,
) -> Table:
    """A grid of numbers, such as years by countries.

    Parameters
    ----------
    cells : mapping of (row, column) to float or None
        An absent pair and None are printed as an empty cell; integers are printed without decimals.
    spec : TableSpec
        ``id``, ``title``, ``digits``, ``labels``, ``notes`` and ``stub`` are used.
    rows, columns : sequence, optional
        Names in the order to print; that of first appearance when absent.

    Raises
    ------
    UsageError
        A row or column that has no cell at all, or nothing to show.

    Examples
    --------
    >>> table = values({(2007, "CHN"): 0.2426}, TableSpec("t1", Label("贸易利益指数", "Trade benefit index")))
    >>> table.rows[0].cells[0].source
    't1.CHN.2007'
    """
    rows = list(dict.fromkeys(r for r, _ in cells)) if rows is None else list(rows)
    columns = list(dict.fromkeys(c for _, c in cells)) if columns is None else list(columns)
    _known(rows, {r for r, _ in cells}, f"table {spec.id}: rows")
    _known(columns, {c for _, c in cells}, f"table {spec.id}: columns")
    return Table(
        id=spec.id,
        title=spec.title,
        header=(*_groups(spec, len(columns)), tuple(Cell.text(spec.label(str(c))) for c in columns)),
        rows=tuple(
            Row(
                spec.label(str(r)),
                tuple(
                    body.value_cell(cells.get((r, c)), spec.digits_of(str(r)), f"{spec.id}.{c}.{r}") for c in columns
                ),
            )
            for r in rows
        ),
        notes=notes.prefixed(spec.notes, spec.style),
        stub=spec.stub,
        style=spec.style,
    )


def _groups(spec: TableSpec, columns: int) -> list[tuple[Cell, ...]]:
    return [grouped(groups, columns, spec.id) for groups in (spec.over_groups, spec.groups) if groups]


@dataclass(frozen=True, slots=True)
class DisplayTable(Table):
    """A table that notebooks show by themselves.

    Attributes
    ----------
    lang : {"zh", "en"}
        The language it is shown in.
    """

    lang: Lang = "en"

    def _repr_html_(self) -> str:
        return html.render(self, self.lang)

    def __str__(self) -> str:
        return markdown.render(self, self.lang)


def display(table: Table, lang: Lang = "en") -> DisplayTable:
    """The same table, shown as a table by Jupyter and as Markdown by ``print``.

    Examples
    --------
    >>> grid = values({("2007", "CHN"): 0.2426}, TableSpec("index", Label.same("TBI")))
    >>> print(display(grid))
    **TBI**
    <BLANKLINE>
    |  | CHN |
    | :--- | :---: |
    | 2007 | 0.2426 |
    <BLANKLINE>
    """
    return DisplayTable(**{f.name: getattr(table, f.name) for f in fields(Table)}, lang=lang)


def etable(
    fits: Any, spec: TableSpec | None = None, *, labels: Mapping[str, str | Label] | None = None, lang: Lang = "en"
) -> DisplayTable:
    """Fits side by side, as a table that Jupyter shows.

    Parameters
    ----------
    fits : fit, or iterable of fits
        Anything with a ``summary`` of type :class:`~econloom.core.estimate.Tidy`, or such summaries themselves.
    spec : TableSpec, optional
        Brackets, stars, digits, controls. By default R2 is the within one where any fit has effects.
    labels : mapping, optional
        Labels by column name, before those of ``spec``.
    lang : {"zh", "en"}
        The language that it is shown in; :func:`econloom.report.render.write` takes either.

    Raises
    ------
    UsageError
        Something that is not a fit, or no fits.

    Examples
    --------
    >>> from econloom.core.estimate import Coefficient
    >>> from econloom.core.lineage import SampleLog
    >>> x = Coefficient("x", 1.5, 0.5, 3.0, 0.003, 0.5, 2.5)
    >>> fit = Tidy("y", (x,), {"n": 90, "r2": 0.25}, (), "iid", "fixest", "t", 88, SampleLog(90, (), 90))
    >>> table = etable([fit], labels={"x": "Openness"})
    >>> [row.label.text("en") for row in table.rows]
    ['Openness', '', 'N', 'R²']
    """
    models = [_summary(f) for f in (fits if isinstance(fits, Iterable) else [fits])]
    if spec is None:
        within: Literal["r2", "r2_within"] = "r2_within" if any(m.effects for m in models) else "r2"
        spec = TableSpec("etable", Label(), show=Show(r2=within))
    named = tuple((k, v if isinstance(v, Label) else Label.same(v)) for k, v in (labels or {}).items())
    return display(regression(models, replace(spec, labels=(*named, *spec.labels))), lang)


def _summary(fit: Any) -> Tidy:
    found = fit if isinstance(fit, Tidy) else getattr(fit, "summary", None)
    if not isinstance(found, Tidy):
        raise UsageError(f"etable: {type(fit).__name__} is not a fitted model", hint="el.etable([fit1, fit2])")
    return found


def _known(names: list[Any], present: set[Any], what: str) -> None:
    absent = [n for n in names if n not in present]
    if absent:
        near = did_you_mean(str(absent[0]), [str(p) for p in present]) if len(absent) == 1 else ""
        raise UsageError(f"{what} without any value: {listed(absent)}{near}")
