"""The rows of a regression table: coefficients, and below them controls, effects, statistics, tests, own rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from numbers import Integral
from typing import Any

from econloom.core.errors import UsageError, did_you_mean, listed
from econloom.core.estimate import CONSTANT, Coefficient, Tidy, Unavailable, stars
from econloom.core.labels import Label
from econloom.core.spec import Diagnostic, DiagnosticRow, EffectRow, ExtraRow, TableSpec, TextOrNumber
from econloom.core.table import Cell, Row
from econloom.report.phrases import compound
from econloom.report.words import known, word

_BELOW: dict[str, Callable[[Coefficient], float]] = {
    "se": lambda c: c.std_error,
    "t": lambda c: c.statistic,
    "p": lambda c: c.p_value,
    "ci": lambda c: c.conf_low,
}
_COUNTS = ("n", "n_units", "n_clusters", "df_residual")
_DASH = Label.same("—")


def rows(models: Sequence[Tidy], spec: TableSpec, prefix: str) -> tuple[Row, ...]:
    """All rows below the header.

    Parameters
    ----------
    models : sequence of Tidy
    spec : TableSpec
    prefix : str
        Of the addresses: ``t3``, or ``t3.a`` in panel a.

    Raises
    ------
    UsageError
        ``order`` or ``omit`` names a term that no column has, ``statistics`` a number that none has, or a row has
        another number of cells than the table has columns.
    """
    body = [row for term in terms(models, spec) for row in _term_rows(term, models, spec, prefix)]
    below = [*_block(models, spec, prefix)]
    if below and body and spec.style.statistics_rule:
        below[0] = replace(below[0], rule_above=True)
    return (*body, *below)


def terms(models: Sequence[Tidy], spec: TableSpec) -> list[str]:
    """Terms that get rows of their own, in printing order."""
    seen = list(dict.fromkeys(c.term for m in models for c in m.coefficients))
    _present(spec.order, seen, f"table {spec.id}: order")
    _present(spec.omit, seen, f"table {spec.id}: omit")
    controls = set(spec.controls)
    main = [t for t in seen if t not in controls and t != CONSTANT]
    full = [t for t in seen if t in controls and t != CONSTANT] if spec.show.controls == "full" else []
    last = [t for t in seen if t == CONSTANT and spec.show.constant]
    rest = [t for t in (*main, *full, *last) if t not in spec.order]
    return [t for t in (*spec.order, *rest) if t not in spec.omit]


def _present(names: Iterable[str], there: Sequence[str], what: str) -> None:
    for name in names:
        if name not in there:
            near = did_you_mean(name, there)
            raise UsageError(f"{what}: no column has the term {name!r}{near}", hint=f"there are {listed(there)}")


def _term_rows(term: str, models: Sequence[Tidy], spec: TableSpec, prefix: str) -> list[Row]:
    label = word("constant", spec.style) if term == CONSTANT else compound(term, spec)
    places = [(m.coefficient(term), f"{prefix}.c{n}.{term}") for n, m in enumerate(models, 1)]
    cells = tuple(estimate_cell(c, source, spec) for c, source in places)
    found = [Row(label, cells, role="estimate", italic=term != CONSTANT)]
    if spec.show.paren != "none":
        found.append(Row(Label(), tuple(bracket_cell(c, source, spec) for c, source in places), role="paren"))
    return found


def estimate_cell(found: Coefficient | None, source: str, spec: TableSpec) -> Cell:
    """A coefficient with its stars; an empty cell where the model has none."""
    if found is None:
        return Cell()
    digits = spec.digits_of(found.term)
    # a coefficient that is zero to the printed decimals, with a standard error that is not, is rounding: print 0.0000
    visible = found.std_error >= 0.5 * 10.0**-digits
    return Cell(
        "estimate",
        found.estimate,
        digits,
        stars(found.p_value, spec.stars),
        source=source,
        notation="fixed" if visible else "auto",
    )


def bracket_cell(found: Coefficient | None, source: str, spec: TableSpec) -> Cell:
    """What stands below a coefficient, as ``spec.show.paren`` says; empty where the model has none or it says none."""
    kind = spec.show.paren
    if found is None or kind == "none":
        return Cell()
    return Cell(
        "paren",
        _BELOW[kind](found),
        spec.digits_of(found.term),
        source=f"{source}.{kind}",
        notation="auto" if kind == "se" else "fixed",
        brackets="[]" if kind == "ci" else "()",
        upper=found.conf_high if kind == "ci" else None,
    )


def _block(models: Sequence[Tidy], spec: TableSpec, prefix: str) -> list[Row]:
    """Everything below the coefficients."""
    return [
        *_extra(spec, len(models), "top", prefix),
        *_controls(models, spec),
        *_effects(models, spec),
        *_extra(spec, len(models), "effects", prefix),
        *_statistics(models, spec, prefix),
        *(row for asked in _told_apart(spec) for row in _diagnostic(asked, len(models), spec, prefix)),
        *_extra(spec, len(models), "bottom", prefix),
    ]


def _controls(models: Sequence[Tidy], spec: TableSpec) -> list[Row]:
    controls = set(spec.controls)
    held = [any(m.holds(c) for c in controls) for m in models]
    if spec.show.controls == "collapse" and any(held):
        return [_marks(word("controls", spec.style), held)]
    return []


def _effects(models: Sequence[Tidy], spec: TableSpec) -> list[Row]:
    if not spec.show.effects:
        return []
    there = list(dict.fromkeys(e for m in models for e in m.effects))
    asked = spec.effect_rows
    if not asked and spec.show.merge_effects and there:
        asked = (EffectRow(_merged_label(there, spec), tuple(there)),)
    if not asked:
        return [_marks(effect_label(e, spec), [e in m.effects for m in models]) for e in there]
    for row in asked:
        for effect in row.effects:
            if effect not in there:
                near = did_you_mean(effect, there)
                raise UsageError(f"table {spec.id}: no column has the effect {effect!r}{near}")
    return [_marks(r.label, [set(r.effects) <= set(m.effects) for m in models]) for r in asked]


def _merged_label(effects: Sequence[str], spec: TableSpec) -> Label:
    parts = [compound(e, spec) for e in effects]
    zh, en = "/".join(p.text("zh") for p in parts), "/".join(p.text("en") for p in parts)
    return _as_effect(Label(zh=zh, en=en), spec)


def effect_label(effect: str, spec: TableSpec) -> Label:
    """``国家`` to ``国家固定效应`` and ``Country`` to ``Country fixed effects``, unless the label says it already."""
    return _as_effect(compound(effect, spec), spec)


def _as_effect(label: Label, spec: TableSpec) -> Label:
    added, zh, en = word("fixed_effects", spec.style), label.text("zh"), label.text("en")
    return Label(
        zh=zh if zh.endswith("效应") else f"{zh}{added.text('zh')}",
        en=en if en.casefold().endswith(("effect", "effects")) else f"{en} {added.text('en')}",
    )


def _marks(label: Label, held: Sequence[bool]) -> Row:
    return Row(label, tuple(Cell("mark", yes=yes) for yes in held), role="mark")


def _statistics(models: Sequence[Tidy], spec: TableSpec, prefix: str) -> list[Row]:
    """N, R2 and the further statistics asked for."""
    sizes = [m.glance.get("n", m.sample.n) for m in models]
    found = [_statistic("n", sizes, spec, prefix)]
    kind = spec.show.r2
    if kind != "none" and any(m.glance.get(kind) is not None for m in models):
        found.append(_statistic(kind, [m.glance.get(kind) for m in models], spec, prefix))
    there = list(dict.fromkeys(k for m in models for k in m.glance))
    for key in spec.show.statistics:
        if key not in there and not known(key):
            near = did_you_mean(key, there)
            raise UsageError(f"table {spec.id}: no column has the statistic {key!r}{near}", hint=f"{listed(there)}")
        values = [m.glance.get(key) for m in models]
        if any(v is not None for v in values):
            found.append(_statistic(key, values, spec, prefix))
    return found


def _statistic(key: str, values: Sequence[float | int | None], spec: TableSpec, prefix: str) -> Row:
    label = word(key, spec.style) if known(key) or spec.style.word(key) else spec.label(key)
    sources = [f"{prefix}.c{n}.{key}" for n in range(1, len(values) + 1)]
    if key in _COUNTS:
        cells = [Cell("count", v, 0, source=s) for v, s in zip(values, sources, strict=True)]
    else:
        digits = spec.digits_of(key)
        cells = [Cell("number", v, digits, source=s, notation="fixed") for v, s in zip(values, sources, strict=True)]
    return Row(label, tuple(cells), role="statistic")


def _extra(spec: TableSpec, columns: int, at: str, prefix: str) -> list[Row]:
    found = [(n, row) for n, row in enumerate(spec.extra_rows, 1) if row.at == at]
    return [_own(row, columns, spec, f"{prefix}.c{{}}.{row.name or f'row{n}'}") for n, row in found]


def _own(row: ExtraRow, columns: int, spec: TableSpec, address: str) -> Row:
    _fills(row.cells, columns, row.label, spec)
    digits = spec.digits if row.digits is None else row.digits
    cells = (_own_cell(c, digits, address.format(n)) for n, c in enumerate(row.cells, 1))
    return Row(row.label, tuple(cells), role="statistic")


def _own_cell(value: TextOrNumber, digits: int, source: str) -> Cell:
    if value is None:
        return Cell()
    if isinstance(value, bool):
        return Cell("mark", yes=value)
    if isinstance(value, (str, Label)):
        return Cell.text(value if isinstance(value, Label) else Label.same(value))
    return value_cell(value, digits, source)


def value_cell(value: Any, digits: int, source: str | None = None) -> Cell:
    """A number: an integer as a count, others with decimals."""
    if isinstance(value, Integral):
        return Cell("count", float(value), 0, source=source)
    return Cell("number", value, digits, source=source, notation="fixed")


def _fills(cells: Sequence[object], columns: int, label: Label, spec: TableSpec) -> None:
    if len(cells) != columns:
        raise UsageError(f"table {spec.id}: row {label.text('en')!r} has {len(cells)} cells for {columns} columns")


def _told_apart(spec: TableSpec) -> list[DiagnosticRow]:
    """Rows of tests with a name for each: ``hausman``, ``hausman_2``."""
    found: list[DiagnosticRow] = []
    names = [row.name for row in spec.diagnostics]
    for n, row in enumerate(spec.diagnostics):
        before = names[:n].count(row.name)
        digits = spec.digits_of(row.name) if row.digits is None else row.digits
        found.append(replace(row, name=f"{row.name}_{before + 1}", digits=digits) if before else row)
    return found


def _diagnostic(asked: DiagnosticRow, columns: int, spec: TableSpec, prefix: str) -> list[Row]:
    _fills(asked.cells, columns, asked.label, spec)
    digits = spec.digits_of(asked.name) if asked.digits is None else asked.digits
    sources = [f"{prefix}.c{n}.{asked.name}" for n in range(1, columns + 1)]
    pairs = list(zip(asked.cells, sources, strict=True))
    found = [Row(asked.label, tuple(_tested(c, s, asked, digits, spec) for c, s in pairs), role="estimate")]
    below = tuple(_side_by_side(_second(c, s, asked, digits, "below")) for c, s in pairs)
    if any(c.kind != "empty" for c in below):
        return [*found, Row(Label(), below, role="paren")]
    return [replace(found[0], role="statistic")]


def _tested(
    cell: Diagnostic | Unavailable | None, source: str, asked: DiagnosticRow, digits: int, spec: TableSpec
) -> Cell:
    if cell is None:
        return Cell()
    if isinstance(cell, Unavailable):
        return Cell("text", label=_DASH, source=source, about=Label.same(cell.reason))
    marks = stars(cell.p_value, spec.stars) if asked.p == "stars" else 0
    beside = tuple(_second(cell, source, asked, digits, "beside"))
    place = cell.source or source
    return Cell(
        "estimate", cell.statistic, digits, marks, source=place, notation="fixed", beside=beside, about=cell.about
    )


def _second(
    cell: Diagnostic | Unavailable | None, source: str, asked: DiagnosticRow, digits: int, where: str
) -> list[Cell]:
    """The p value in square brackets and the critical value in braces, as far as they stand ``where``."""
    if not isinstance(cell, Diagnostic):
        return []
    place = cell.source or source
    found = []
    if cell.p_value is not None and asked.p == where:
        found.append(Cell("paren", cell.p_value, digits, source=f"{place}.p", notation="fixed", brackets="[]"))
    if cell.critical is not None and asked.critical == where:
        found.append(Cell("paren", cell.critical, digits, source=f"{place}.critical", notation="fixed", brackets="{}"))
    return found


def _side_by_side(cells: Sequence[Cell]) -> Cell:
    if not cells:
        return Cell()
    return replace(cells[0], beside=tuple(cells[1:]))
