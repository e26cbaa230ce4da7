"""Tables of bounds where instruments may have direct effects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from econloom.core.labels import Label
from econloom.core.spec import TableSpec
from econloom.core.table import Cell, Row, Table
from econloom.report.body import value_cell
from econloom.report.phrases import compound, series
from econloom.report.summaries import plain_table
from econloom.report.words import word

_HEADS = ("estimate", "std_error", "conf_low", "conf_high")
_METHODS = {
    "exogenous": Label(zh="工具变量外生", en="Instruments exogenous"),
    "union": Label(zh="置信区间并集", en="Union of confidence intervals"),
    "local_to_zero": Label(zh="局部趋零近似", en="Local-to-zero approximation"),
}


def exogeneity(rows: Mapping[str, Mapping[str, Any]], made: Mapping[str, Any], spec: TableSpec) -> Table:
    """Estimate and interval with exogenous instruments, and with direct effects of them.

    Parameters
    ----------
    rows : mapping
        By method (``exogenous``, ``union``, ``local_to_zero``): ``estimate``, ``std_error`` and the interval's ends.
    made : mapping
        ``term``, ``level``, and ``support`` and ``prior`` as a study has them, for the note.
    spec : TableSpec

    Examples
    --------
    >>> row = {"estimate": None, "std_error": None, "conf_low": 0.1, "conf_high": 0.9}
    >>> table = exogeneity({"union": row}, {"term": "x", "level": 0.95, "support": {"z": [0, 0.1]}, "prior": {}},
    ...                    TableSpec("s", Label()))
    >>> table.rows[0].label.text("en"), [c.value for c in table.rows[0].cells]
    ('Union of confidence intervals', [None, None, 0.1, 0.9])
    """
    lines = []
    for method, numbers in rows.items():
        cells = [
            Cell() if numbers[h] is None else value_cell(numbers[h], spec.digits, f"{spec.id}.{h}.{method}")
            for h in _HEADS
        ]
        lines.append(Row(_METHODS[method], tuple(cells)))
    return plain_table(spec, [word(h, spec.style) for h in _HEADS], lines, _said(made, spec))


def _said(made: Mapping[str, Any], spec: TableSpec) -> list[Label]:
    term, level = compound(made["term"], spec), f"{100 * made['level']:g}%"
    said = [
        Label(
            zh=f"{term.text('zh')}的系数及{level}置信区间，工具变量可对被解释变量有直接影响γ（Conley等，2012）",
            en=f"coefficient of {term.text('en')} and its {level} interval where instruments have direct effects γ "
            "on the outcome (Conley, Hansen and Rossi 2012)",
        )
    ]
    said += [_sentence("γ的取值范围", "range of γ", made["support"], spec)] if made["support"] else []
    said += [_sentence("γ的先验分布", "prior of γ", made["prior"], spec)] if made["prior"] else []
    return said


def _sentence(zh: str, en: str, given: Mapping[str, Any], spec: TableSpec) -> Label:
    """What was assumed of each instrument."""
    prior = en.startswith("prior")
    named = [(compound(name, spec), _one(value, prior)) for name, value in given.items()]
    return Label(
        zh=f"{zh}：{series([n.text('zh') + v for n, v in named], 'zh')}",
        en=f"{en}: {series([n.text('en') + v for n, v in named], 'en')}",
    )


def _one(given: Any, prior: bool) -> str:
    if isinstance(given, Mapping):
        low, high = given["uniform"]
        return f" ~ U({low:g}, {high:g})"
    if not isinstance(given, list | tuple):
        return f" = {given:g}"
    return f" ~ N({given[0]:g}, {given[1]:g}²)" if prior else f" ∈ [{given[0]:g}, {given[1]:g}]"
