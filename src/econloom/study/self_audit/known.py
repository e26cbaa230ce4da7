"""What a run knows of its own tables beside the print: which models stand in a column, and what their stars rest on."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from econloom.audit.levels import p_value
from econloom.audit.paper import PaperTable
from econloom.core.estimate import Tidy
from econloom.core.labels import Lang
from econloom.core.table import Table
from econloom.study.schema import DEFAULT

_MODEL = re.compile(r"c(\d+)\.")
Models = Mapping[tuple[str, str], Sequence[Tidy]]


_NEAR = 1e-6  # relative, of p values


@dataclass(frozen=True)
class Known:
    """A table of a run with its models.

    Attributes
    ----------
    columns : tuple of tuple of Tidy
        The models of each printed column, from the left; more than one where panels are stacked, none in a table of
        values.
    marked : frozenset of str
        Labels of the rows that hold coefficients of the models.
    words : frozenset of str
        The printed words that are no numbers by their kind.
    """

    columns: tuple[tuple[Tidy, ...], ...]
    marked: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()

    def column(self, table: PaperTable, id_: str) -> tuple[Tidy, ...]:
        """The models of a column as the audit names it."""
        ids = [c.id for c in table.columns]
        return self.columns[ids.index(id_)] if id_ in ids and len(ids) == len(self.columns) else ()

    @property
    def by_table(self) -> bool:
        """Whether every p value of the models is that of its statistic by t or the normal distribution."""
        held = [m for models in self.columns for m in models]
        return bool(held) and all(map(_by_table, held))


def known(table: Table, models: Models, lang: Lang = "en") -> Known:
    """The models of a table's columns, by the addresses of its cells."""
    found: list[dict[int, Tidy]] = [{} for _ in range(table.n_columns)]
    marked: set[str] = set()
    for row in table.rows:
        for place, cell in enumerate(row.cells):
            model, name = _model(table.id, cell.source, models)
            if model is not None:
                found[place][id(model)] = model
                if cell.kind == "estimate" and model.coefficient(name) is not None:
                    marked.add(row.label.text(lang))
    spoken = (c.label.text(lang) for r in table.rows for c in r.cells if c.kind == "text")
    return Known(tuple(tuple(f.values()) for f in found), frozenset(marked), frozenset(spoken))


def _model(table: str, source: str | None, models: Models) -> tuple[Tidy | None, str]:
    """The model and term of a cell: ``t3.c2.tbi``, or ``t3_versions.default.c2.tbi`` of a table across versions."""
    if source is None or not source.startswith(f"{table}."):
        return None, ""
    rest = source.removeprefix(f"{table}.")
    key = (DEFAULT, table)
    if (table_of := table.removesuffix("_versions")) != table and key not in models:
        version, _, rest = rest.partition(".")
        key = (version, table_of)
    match = _MODEL.match(rest)
    held = models.get(key, ())
    if match is None or int(match[1]) > len(held):
        return None, ""
    return held[int(match[1]) - 1], rest[match.end() :]


def informed(table: PaperTable, about: Known) -> PaperTable:
    """The printed table with the degrees of freedom of each column, and without words among what could not be read.

    Where all p values follow from them, that the note speaks of a bootstrap or the like says nothing of the stars.
    """
    read = replace(table, unread=tuple(u for u in table.unread if u.text not in about.words))
    if len(table.columns) != len(about.columns) or not about.by_table:
        return read
    columns = tuple(
        replace(c, df=tuple(sorted({_df(m) for m in held})))
        for c, held in zip(table.columns, about.columns, strict=True)
    )
    return replace(read, columns=columns, note=replace(table.note, resampled=False))


def _df(model: Tidy) -> float:
    return model.df if model.distribution == "t" and model.df is not None else math.inf


def _by_table(model: Tidy) -> bool:
    df = _df(model)
    return all(
        math.isclose(c.p_value, p_value(c.statistic, df), rel_tol=_NEAR, abs_tol=1e-12)
        for c in model.coefficients
        if None not in (c.statistic, c.p_value) and not math.isnan(c.statistic) and not math.isnan(c.p_value)
    )
