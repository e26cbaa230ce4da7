"""Where the column of a table is written in the study file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from econloom.core.errors import UsageError
from econloom.panel.formula import parse_formulas
from econloom.study.document import KeyPath
from econloom.study.language.columns import Column
from econloom.study.language.tables import RegressionTable
from econloom.study.planning.models import replaced
from econloom.study.schema import StudySpec

_MACRO = re.compile(r"\$([^\W\d]\w*)")


class Places:
    """The written columns of one table, with their places.

    Parameters
    ----------
    spec : StudySpec
    table : str
    """

    def __init__(self, spec: StudySpec, table: str) -> None:
        made = spec.tables[table]
        self.spec = spec
        self.found: list[tuple[Column, KeyPath, list[str]]] = []
        if not isinstance(made, RegressionTable):
            return
        base, name = made, table
        if made.like is not None:
            other = spec.tables[made.like]
            base, name = (other if isinstance(other, RegressionTable) else made), made.like
        for column, path in _written(base, name):
            source = base.define.get(column.of, column) if column.of else column
            named = ("tables", name, "define", column.of) if column.of in base.define else path
            self.found.append((column, named, self._formulas(source, dict(made.replace))))

    def _formulas(self, column: Column, words: Mapping[str, str]) -> list[str]:
        """The models of a written column, as they run."""
        try:
            text = replaced(replaced(self._expanded(column.formula or ""), words), column.replace)
            return [m.text for m in parse_formulas(text)]
        except UsageError:
            return []

    def _expanded(self, text: str) -> str:
        rings = dict.fromkeys(self.spec.rings, "")
        for _ in range(50):
            match = _MACRO.search(text)
            if match is None or match[1] in rings or match[1] not in self.spec.macros:
                return text
            text = text[: match.start()] + self.spec.macros[match[1]] + text[match.end() :]
        return text

    def of(self, shown: Mapping[str, Any], model: Mapping[str, Any]) -> KeyPath | None:
        """The place of a column; None where it cannot be told."""
        if shown.get("id"):
            for column, path, _ in self.found:
                if column.id == shown["id"]:
                    return path
        alike = [(c, path) for c, path, formulas in self.found if model["formula"] in formulas]
        return max(alike, key=lambda pair: _likeness(pair[0], shown, model))[1] if alike else None


def _written(table: RegressionTable, name: str) -> Iterator[tuple[Column, KeyPath]]:
    path: KeyPath = ("tables", name)
    for number, column in enumerate(table.columns):
        yield column, (*path, "columns", number)
    for number, variant in enumerate(table.variants):
        yield variant.of(table.columns[0]), (*path, "variants", number)
    for block, panel in enumerate(table.panels):
        for number, column in enumerate(panel.columns):
            yield column, (*path, "panels", block, "columns", number)


def _likeness(column: Column, shown: Mapping[str, Any], model: Mapping[str, Any]) -> int:
    """How many of its settings a written column shares with a planned one."""
    head = column.head.label if column.head else None
    heads = None if head is None else {"zh": head.zh, "en": head.en}
    return sum(
        [
            2 * (heads == shown.get("head")),
            (column.stage or "main") == shown.get("stage"),
            (column.estimator or "ols") == model["estimator"],
            column.weights == model["weights"],
            (column.sample in model["samples"]) if column.sample else not model["samples"],
            (column.prepare is None) == (model["prepare"] is None),
        ]
    )
