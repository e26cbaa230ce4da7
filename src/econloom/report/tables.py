"""Models and grids of numbers to tables whose cells remember their source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from numbers import Integral
from typing import Any, Literal

from econloom.core.errors import UsageError, listed
from econloom.core.estimate import CONSTANT, Coefficient, Tidy, stars
from econloom.core.labels import Label, Lang
from econloom.core.spec import Show, TableSpec
from econloom.core.table import Cell, Row, Table
from econloom.report import notes
from econloom.report.render import html, markdown

VARIABLE = Label(zh="变量", en="Variable")
CONSTANT_LABEL = Label(zh="常数项", en="Constant")
CONTROLS_LABEL = Label(zh="控制变量", en="Controls")
_R2_LABELS = {
    "r2": Label.same("R²"),
    "r2_within": Label(zh="组内R²", en="Within R²"),
    "r2_within_unit": Label(zh="组内R²", en="Within R²"),
}
_BELOW: dict[str, Callable[[Coefficient], float]] = {
    "se": lambda c: c.std_error,
    "t": lambda c: c.statistic,
    "p": lambda c: c.p_value,
}


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
    body = [row for term in _terms(models, spec) for row in _term_rows(term, models, spec)]
    below = _statistics(models, spec)
    if below and body:
        below[0] = replace(below[0], rule_above=True)
    numbers = tuple(Cell.text(Label.same(f"({n})")) for n in range(1, len(models) + 1))
    outcomes = tuple(Cell.text(notes.compound(m.outcome, spec)) for m in models)
    return Table(
        id=spec.id,
        title=spec.title,
        header=(numbers, outcomes),
        rows=(*body, *below),
        notes=notes.prefixed([notes.note(models, spec), *spec.notes]),
        stub=spec.stub or VARIABLE,
    )


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
        header=(tuple(Cell.text(spec.label(str(c))) for c in columns),),
        rows=tuple(
            Row(spec.label(str(r)), tuple(_value(cells.get((r, c)), f"{spec.id}.{c}.{r}", spec) for c in columns))
            for r in rows
        ),
        notes=notes.prefixed(spec.notes),
        stub=spec.stub,
    )


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
        raise UsageError(f"{what} without any value: {listed(absent)}")


def _terms(models: Sequence[Tidy], spec: TableSpec) -> list[str]:
    """Terms that get rows of their own, in printing order."""
    seen = list(dict.fromkeys(c.term for m in models for c in m.coefficients))
    controls = set(spec.controls)
    main = [t for t in seen if t not in controls and t != CONSTANT]
    listed_controls = [t for t in seen if t in controls and t != CONSTANT] if spec.show.controls == "full" else []
    return main + listed_controls + [t for t in seen if t == CONSTANT and spec.show.constant]


def _term_rows(term: str, models: Sequence[Tidy], spec: TableSpec) -> list[Row]:
    label = CONSTANT_LABEL if term == CONSTANT else notes.compound(term, spec)
    places = [(m.coefficient(term), f"{spec.id}.c{n}.{term}") for n, m in enumerate(models, 1)]
    rows = [Row(label, tuple(estimate_cell(c, source, spec) for c, source in places), role="estimate")]
    if spec.show.paren != "none":
        rows.append(Row(Label(), tuple(bracket_cell(c, source, spec) for c, source in places), role="paren"))
    return rows


def estimate_cell(found: Coefficient | None, source: str, spec: TableSpec) -> Cell:
    """A coefficient with its stars; an empty cell where the model has none."""
    if found is None:
        return Cell()
    # a coefficient that is zero to the printed decimals, with a standard error that is not, is rounding: print 0.0000
    visible = found.std_error >= 0.5 * 10.0**-spec.digits
    return Cell(
        "estimate",
        found.estimate,
        spec.digits,
        stars(found.p_value, spec.stars),
        source=source,
        notation="fixed" if visible else "auto",
    )


def bracket_cell(found: Coefficient | None, source: str, spec: TableSpec) -> Cell:
    """What stands below a coefficient, as ``spec.show.paren`` says; empty where the model has none or it says none."""
    kind = spec.show.paren
    if found is None or kind == "none":
        return Cell()
    value = _BELOW[kind](found)
    return Cell("paren", value, spec.digits, source=f"{source}.{kind}", notation="auto" if kind == "se" else "fixed")


def _statistics(models: Sequence[Tidy], spec: TableSpec) -> list[Row]:
    """The block below the coefficients: controls, effects, N, R2."""
    rows = []
    controls = set(spec.controls)
    held = [any(c.term in controls for c in m.coefficients) for m in models]
    if spec.show.controls == "collapse" and any(held):
        rows.append(_marks(CONTROLS_LABEL, held))
    if spec.show.effects:
        effects = dict.fromkeys(e for m in models for e in m.effects)
        rows += [_marks(_effect_label(e, spec), [e in m.effects for m in models]) for e in effects]
    sizes = [m.glance.get("n", m.sample.n) for m in models]
    counts = [Cell("count", n, 0, source=f"{spec.id}.c{i}.n") for i, n in enumerate(sizes, 1)]
    rows.append(Row(Label.same("N"), tuple(counts), role="statistic"))
    return rows + _r2(models, spec)


def _r2(models: Sequence[Tidy], spec: TableSpec) -> list[Row]:
    kind = spec.show.r2
    if kind == "none" or all(m.glance.get(kind) is None for m in models):
        return []
    cells = [
        Cell("number", m.glance.get(kind), spec.digits, source=f"{spec.id}.c{i}.{kind}", notation="fixed")
        for i, m in enumerate(models, 1)
    ]
    return [Row(_R2_LABELS[kind], tuple(cells), role="statistic")]


def _marks(label: Label, held: Sequence[bool]) -> Row:
    return Row(label, tuple(Cell("mark", yes=yes) for yes in held), role="mark")


def _effect_label(effect: str, spec: TableSpec) -> Label:
    """``国家`` to ``国家固定效应`` and ``Country`` to ``Country fixed effects``, unless the label says it already."""
    label = notes.compound(effect, spec)
    zh, en = label.text("zh"), label.text("en")
    return Label(
        zh=zh if zh.endswith("效应") else f"{zh}固定效应",
        en=en if en.casefold().endswith(("effect", "effects")) else f"{en} fixed effects",
    )


def _value(value: float | None, source: str, spec: TableSpec) -> Cell:
    if isinstance(value, Integral):
        return Cell("count", float(value), 0, source=source)
    return Cell("number", value, spec.digits, source=source, notation="fixed")
