"""Tables from numbers that are already computed: descriptive statistics, correlations, variance inflation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from econloom.core.errors import UsageError, did_you_mean, listed
from econloom.core.estimate import stars
from econloom.core.labels import Label
from econloom.core.spec import TableSpec
from econloom.core.table import Cell, Row, Table
from econloom.report import notes
from econloom.report.body import value_cell
from econloom.report.phrases import compound, significance
from econloom.report.words import known, word

_MOST_NAMES = 30
STATISTICS = ("n", "mean", "sd", "min", "median", "max")
_GRANGER = ("lags", "wald_mean", "zbar", "zbar_p", "ztilde", "ztilde_p", "bootstrap_p")
_GRANGER_NOTE = Label(
    zh="Dumitrescu和Hurlin（2012）面板因果检验，原假设为对任何个体都不存在因果关系",
    en="panel causality tests of Dumitrescu and Hurlin (2012); null: no causality in any unit",
)
_EXTREMES = Label(
    zh="最小值与最大值下方为其所在的个体与时间", en="below minimum and maximum: the unit and time they belong to"
)


def descriptive(
    numbers: Mapping[str, Mapping[str, Any]],
    spec: TableSpec,
    statistics: Sequence[str] = STATISTICS,
    *,
    name_extremes: bool = False,
) -> Table:
    """Descriptive statistics, a row a variable.

    Parameters
    ----------
    numbers : mapping of variable to mapping of statistic to number
        Statistics of a variable by name (``n``, ``mean``, ``sd``, ``min``, ``p25``, ``median``, ``p75``, ``max`` or
        your own); an absent one is an empty cell. With ``name_extremes`` also ``min_at`` and ``max_at``, texts such
        as ``池州 2005``.
    spec : TableSpec
        ``labels`` name variables and own statistics; ``row_digits`` sets decimals by variable.
    statistics : sequence of str
        Columns.
    name_extremes : bool
        Below minimum and maximum, where they are found.

    Raises
    ------
    UsageError
        No variable, or a statistic that no variable has.

    Examples
    --------
    >>> table = descriptive({"tbi": {"n": 615, "mean": 0.01, "min": -0.67, "min_at": "BGR 2000"}},
    ...     TableSpec("t2", Label()), ("n", "mean", "min"), name_extremes=True)
    >>> [[c.value for c in row.cells] for row in table.rows][0]
    [615.0, 0.01, -0.67]
    >>> table.rows[1].cells[2].label.text("en")
    'BGR 2000'
    """
    there = list(dict.fromkeys(s for found in numbers.values() for s in found))
    _columns(statistics, there, spec)
    rows: list[Row] = []
    for name, found in numbers.items():
        cells = [value_cell(found.get(s), spec.digits_of(name), f"{spec.id}.{s}.{name}") for s in statistics]
        rows.append(Row(compound(name, spec), tuple(cells), italic=True))
        if name_extremes and ("min_at" in found or "max_at" in found):
            rows.append(Row(Label(), tuple(_place(found, s) for s in statistics), role="paren"))
    own = [_EXTREMES] if name_extremes else []
    return plain_table(spec, [_heading(s, spec) for s in statistics], rows, own)


def _place(found: Mapping[str, Any], statistic: str) -> Cell:
    place = found.get(f"{statistic}_at") if statistic in ("min", "max") else None
    return Cell.text(place if isinstance(place, Label) else Label.same(str(place))) if place is not None else Cell()


def correlations(
    names: Sequence[str],
    values: Mapping[tuple[str, str], float | None],
    spec: TableSpec,
    p_values: Mapping[tuple[str, str], float | None] | None = None,
    *,
    below: bool = False,
) -> Table:
    """A correlation matrix: the lower triangle, stars where p values are given.

    Parameters
    ----------
    names : sequence of str
        Variables in order.
    values, p_values : mapping of (a, b) to float
        In either order of the pair; the diagonal is 1 and needs no entry.
    spec : TableSpec
        ``stars`` are the cut-offs.
    below : bool
        p values in brackets below the coefficients.

    Raises
    ------
    UsageError
        No names, or a pair without a value.

    Examples
    --------
    >>> table = correlations(["x", "y"], {("x", "y"): -0.5}, TableSpec("t2", Label()), {("y", "x"): 0.001})
    >>> [(c.value, c.stars) for c in table.rows[1].cells]
    [(-0.5, 3), (1.0, 0)]
    """
    if not names:
        raise UsageError(f"table {spec.id}: no variables to correlate")
    rows = []
    for r, name in enumerate(names):
        pairs = [(name, other) for other in names[: r + 1]]
        cells = [_correlation(pair, values, p_values, spec) for pair in pairs] + [Cell()] * (len(names) - r - 1)
        rows.append(Row(_numbered(r, name, spec), tuple(cells), "estimate"))
        if below and p_values is not None and r:
            found = [_p_value(pair, p_values, spec) for pair in pairs] + [Cell()] * (len(names) - r - 1)
            rows.append(Row(Label(), tuple(found), role="paren"))
    heads = [Label.same(f"({n})") for n in range(1, len(names) + 1)]
    return plain_table(spec, heads, rows, _correlation_notes(spec, p_values is not None, below))


def _numbered(r: int, name: str, spec: TableSpec) -> Label:
    label = compound(name, spec)
    return Label(zh=f"({r + 1}) {label.text('zh')}", en=f"({r + 1}) {label.text('en')}")


def _correlation(
    pair: tuple[str, str],
    values: Mapping[tuple[str, str], float | None],
    p_values: Mapping[tuple[str, str], float | None] | None,
    spec: TableSpec,
) -> Cell:
    if pair[0] == pair[1]:
        return Cell("number", 1.0, spec.digits, source=f"{spec.id}.{pair[0]}.{pair[0]}", notation="fixed")
    back = (pair[1], pair[0])
    if pair not in values and back not in values:
        raise UsageError(f"table {spec.id}: no correlation of {pair[0]} and {pair[1]}")
    p_value = (p_values or {}).get(pair, (p_values or {}).get(back))
    source = f"{spec.id}.{pair[1]}.{pair[0]}"
    return Cell("estimate", values.get(pair, values.get(back)), spec.digits, stars(p_value, spec.stars), source=source,
                notation="fixed")  # fmt: skip


def _p_value(pair: tuple[str, str], p_values: Mapping[tuple[str, str], float | None], spec: TableSpec) -> Cell:
    if pair[0] == pair[1]:
        return Cell()
    value = p_values.get(pair, p_values.get((pair[1], pair[0])))
    return Cell("paren", value, spec.digits, source=f"{spec.id}.{pair[1]}.{pair[0]}.p", notation="fixed")


def _correlation_notes(spec: TableSpec, tested: bool, below: bool) -> list[Label]:
    said = []
    if tested and below:
        said.append(Label(zh="括号内为p值", en="p values in parentheses"))
    if tested and spec.stars:
        said.append(Label(zh=significance(spec.stars, "zh"), en=significance(spec.stars, "en")))
    return said


def counts(found: Sequence[tuple[Label, int, int, Sequence[str]]], spec: TableSpec) -> Table:
    """Counts, what they are of, and their share in per cent; below a count the names of what is counted.

    Parameters
    ----------
    found : sequence of (label, number, total, names)
        ``names`` may be empty.
    spec : TableSpec

    Raises
    ------
    UsageError
        There are none.

    Examples
    --------
    >>> table = counts([(Label(en="In deficit"), 2, 8, ("A", "B"))], TableSpec("t2", Label(), digits=1))
    >>> [c.value for c in table.rows[0].cells], table.rows[1].label.text("en")
    ([2.0, 8.0, 25.0], 'A, B')
    """
    if not found:
        raise UsageError(f"table {spec.id}: nothing to count")
    rows: list[Row] = []
    for number, (label, n, total, names) in enumerate(found, 1):
        share = 100 * n / total if total else None
        cells = {"count": n, "total": total, "per_cent": share}
        made = [value_cell(v, spec.digits, f"{spec.id}.{c}.r{number}") for c, v in cells.items()]
        rows.append(Row(label, tuple(made)))
        if names:
            rows.append(Row(_named(names), (Cell(), Cell(), Cell()), role="paren"))
    return plain_table(spec, [word(w, spec.style) for w in ("count", "total", "per_cent")], rows, [])


def codebook(entries: Sequence[Mapping[str, Any]], spec: TableSpec) -> Table:
    """What every variable is: label, unit, formula, source, number of values, missing ones, spread.

    Parameters
    ----------
    entries : sequence of mapping
        ``name``, ``zh``, ``en``, ``unit``, ``formula``, ``source`` (texts or None), ``n``, ``missing``, ``mean``,
        ``sd``, ``min``, ``max`` (numbers or None).
    spec : TableSpec

    Raises
    ------
    UsageError
        There are none.

    Examples
    --------
    >>> entry = {"name": "x", "zh": "收入", "n": 3, "missing": 1, "mean": 2.5}
    >>> table = codebook([entry], TableSpec("codebook", Label()))
    >>> table.rows[0].cells[0].label.text("zh"), table.rows[0].cells[5].value
    ('收入', 1.0)
    """
    if not entries:
        raise UsageError(f"table {spec.id}: no variables")
    rows = [
        Row(Label.same(e["name"]), (*_words_of(e), *(_number_of(e, s, spec) for s in _CODEBOOK)), italic=True)
        for e in entries
    ]
    heads = [word(w, spec.style) for w in ("label", "unit", "formula", "source", *_CODEBOOK)]
    return plain_table(spec, heads, rows, [])


_CODEBOOK = ("n", "missing", "mean", "sd", "min", "max")


def _words_of(entry: Mapping[str, Any]) -> list[Cell]:
    label = Label(zh=entry.get("zh"), en=entry.get("en"))
    plain = [Label.same(entry[w]) if entry.get(w) else Label() for w in ("unit", "formula", "source")]
    return [Cell.text(words) if words else Cell() for words in (label, *plain)]


def _number_of(entry: Mapping[str, Any], statistic: str, spec: TableSpec) -> Cell:
    value = entry.get(statistic)
    if value is None:
        return Cell()
    return value_cell(value, spec.digits_of(entry["name"]), f"{spec.id}.{statistic}.{entry['name']}")


def _named(names: Sequence[str]) -> Label:
    """Names as a list, the first thirty."""
    more = len(names) - _MOST_NAMES
    zh, en = "、".join(names[:_MOST_NAMES]), ", ".join(names[:_MOST_NAMES])
    return Label(zh=zh + (f" 等{len(names)}个" if more > 0 else ""), en=en + (f" and {more} more" if more > 0 else ""))


def granger(found: Sequence[tuple[str, str, Mapping[str, float]]], spec: TableSpec) -> Table:
    """Tests of panel causality, a row a pair: effect, cause, and numbers by name.

    Parameters
    ----------
    found : sequence of (effect, cause, numbers)
        ``lags``, ``wald_mean``, ``zbar``, ``zbar_p``, ``ztilde``, ``ztilde_p``, ``bootstrap_p``; an absent one is an
        empty cell, a column without any is left out.
    spec : TableSpec

    Raises
    ------
    UsageError
        There are none.

    Examples
    --------
    >>> made = granger([("gap", "fw", {"lags": 1, "zbar": 2.5, "zbar_p": 0.01})], TableSpec("t", Label()))
    >>> made.rows[0].label.text("en"), [c.value for c in made.rows[0].cells]
    ('fw does not cause gap', [1.0, 2.5, 0.01])
    """
    if not found:
        raise UsageError(f"table {spec.id}: no pairs")
    names = [n for n in _GRANGER if any(n in numbers for _, _, numbers in found)]
    rows = []
    for number, (effect, cause, numbers) in enumerate(found, 1):
        what, by = (spec.label(v) for v in (effect, cause))
        label = Label(
            zh=f"{by.text('zh')}不是{what.text('zh')}的格兰杰原因",
            en=f"{by.text('en')} does not cause {what.text('en')}",
        )
        cells = [
            value_cell(numbers.get(n), 0 if n == "lags" else spec.digits, f"{spec.id}.{n}.r{number}") for n in names
        ]
        rows.append(Row(label, tuple(cells)))
    return plain_table(spec, [word(n, spec.style) for n in names], rows, [_GRANGER_NOTE])


def vif(values: Mapping[str, float], spec: TableSpec) -> Table:
    """Variance inflation factors, their inverses, and their mean.

    Parameters
    ----------
    values : mapping of str to float
        By regressor.
    spec : TableSpec

    Raises
    ------
    UsageError
        There are none.

    Examples
    --------
    >>> [row.cells[0].value for row in vif({"x": 2.0, "z": 4.0}, TableSpec("t2", Label())).rows]
    [2.0, 4.0, 3.0]
    """
    if not values:
        raise UsageError(f"table {spec.id}: no variance inflation factors")
    rows = [
        Row(compound(name, spec), (_factor(v, name, spec), _inverse(v, name, spec)), italic=True)
        for name, v in values.items()
    ]
    mean = _factor(sum(values.values()) / len(values), "mean_vif", spec)
    rows.append(Row(word("mean_vif", spec.style), (mean, Cell()), role="statistic", rule_above=True))
    return plain_table(spec, [word("vif", spec.style), word("tolerance", spec.style)], rows, [])


def _factor(value: float, name: str, spec: TableSpec) -> Cell:
    return Cell("number", value, spec.digits_of(name), source=f"{spec.id}.vif.{name}", notation="fixed")


def _inverse(value: float, name: str, spec: TableSpec) -> Cell:
    source = f"{spec.id}.tolerance.{name}"
    return Cell("number", 1 / value if value else None, spec.digits_of(name), source=source, notation="fixed")


def _columns(statistics: Sequence[str], there: Sequence[str], spec: TableSpec) -> None:
    if not statistics or not there:
        raise UsageError(f"table {spec.id}: empty (descriptive statistics need variables and statistics)")
    for name in statistics:
        if name not in there:
            near = did_you_mean(name, there)
            raise UsageError(f"table {spec.id}: no variable has the statistic {name!r}{near}", hint=listed(there))


def _heading(statistic: str, spec: TableSpec) -> Label:
    return word(statistic, spec.style) if known(statistic) else spec.label(statistic)


def plain_table(spec: TableSpec, heads: Sequence[Label], rows: Sequence[Row], said: Sequence[Label]) -> Table:
    """A table with one row of headings; ``said`` are sentences of its note."""
    return Table(
        id=spec.id,
        title=spec.title,
        header=(tuple(Cell.text(h) for h in heads),),
        rows=tuple(rows),
        notes=notes.prefixed([notes.joined(said), *spec.notes], spec.style),
        stub=spec.stub or word("variable", spec.style),
        style=spec.style,
        sentences=tuple(said),
    )
