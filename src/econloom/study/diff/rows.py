"""Rows and values of two prepared panels beside one another: which came, which went, which read otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from econloom.core.errors import listed, plural
from econloom.core.labels import Label
from econloom.study.diff.graph import READING, Graph, Step
from econloom.study.diff.reading import RunFolder

_MOST = 5


@dataclass(frozen=True)
class Panels:
    """The prepared panels of two runs (of the default version), on their unit and time.

    Attributes
    ----------
    keys : tuple of str
    came, went : list of tuple
        Keys of rows that only the second, or only the first has.
    values : mapping of str to list
        By column, the rows whose value differs: key, before, after.
    """

    keys: tuple[str, ...] = ()
    came: Sequence[tuple[Any, ...]] = ()
    went: Sequence[tuple[Any, ...]] = ()
    values: Mapping[str, Sequence[tuple[tuple[Any, ...], Any, Any]]] = field(default_factory=dict)

    def said(self, columns: Iterable[str]) -> tuple[Label, ...]:
        """In words, what differs in some columns."""
        lines = []
        for name in columns:
            rows = self.values.get(name)
            if rows:
                few = [f"{_key(k)}: {_value(a)} -> {_value(b)}" for k, a, b in rows[:_MOST]]
                rest = len(rows) - _MOST
                more = (f" and {rest} more", f"，另有{rest}行") if rest > 0 else ("", "")
                said = "; ".join(few)
                lines.append(
                    Label(
                        zh=f"{name}有{len(rows)}行不同：{said}{more[1]}",
                        en=f"{name} in {plural(len(rows), 'row')}: {said}{more[0]}",
                    )
                )
        return tuple(lines)

    def rows_said(self) -> tuple[Label, ...]:
        """In words, the rows that came or went."""
        parts = (("went", "减少", self.went), ("came", "增加", self.came))
        return tuple(
            Label(
                zh=f"{zh}{len(r)}行：{listed(map(_key, r), _MOST)}",
                en=f"{plural(len(r), 'row')} {en}: {listed(map(_key, r), _MOST)}",
            )
            for en, zh, r in parts
            if r
        )


def _key(key: tuple[Any, ...]) -> str:
    return " ".join(map(str, key))


def _value(value: Any) -> str:
    return "missing" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def keys_of(graph: Graph | None) -> tuple[str, ...]:
    """Unit and time of the main panel of the default version."""
    if graph is None:
        return ()
    for step in reversed(graph.panel()):
        if step["kind"] == "keys":
            return tuple(map(str, step["params"].get("keys") or ()))
        if step["kind"] == "start":
            return (str(step["params"].get("unit")), str(step["params"].get("time")))
        if step["kind"] == "aggregate":
            return tuple(map(str, step["params"].get("by") or ()))
    return ()


def panels(first: RunFolder, second: RunFolder, keys: tuple[str, ...]) -> Panels:
    """Compare two prepared panels; nothing where they are absent or their rows have no unique keys."""
    frames = [run.frame("panel.parquet") for run in (first, second)]
    a, b = frames
    if a is None or b is None or not keys or any(not set(keys) <= set(f.columns) for f in (a, b)):
        return Panels()
    if any(f.select(keys).is_duplicated().any() for f in (a, b)) or a.select(keys).schema != b.select(keys).schema:
        return Panels()
    on = list(keys)
    went, came = a.join(b, on, how="anti").select(on).rows(), b.join(a, on, how="anti").select(on).rows()
    shared = [c for c in a.columns if c in b.columns and c not in keys]
    both = a.join(b, on, how="inner", suffix="\0new", maintain_order="left")
    values = {c: found for c in shared if (found := _differing(both, c, on))}
    return Panels(keys, came, went, values)


def _differing(both: pl.DataFrame, column: str, keys: list[str]) -> list[tuple[tuple[Any, ...], Any, Any]]:
    other = f"{column}\0new"
    if both.schema[column] != both.schema[other]:
        return []
    rows = both.filter(pl.col(column).ne_missing(pl.col(other))).select([*keys, column, other]).rows()
    return [(row[: len(keys)], row[-2], row[-1]) for row in rows]


def columns_of_source(graph: Graph, name: str) -> list[str]:
    """Columns of the main panel that a source brings: joined, read at the start, or measured."""
    steps = graph.panel()
    of = {str(s["digest"]) for s in steps if s["kind"] in READING and s["params"].get("source") == name}
    found: list[str] = []
    starting = False
    for step in steps:
        if step["kind"] in {"shared", "measure"} and of & set(step["inputs"]):
            of.add(str(step["digest"]))
        elif step["kind"] == "join" and step["inputs"][1:] and step["inputs"][1] in of:
            found += map(str, step["params"].get("columns") or {})
        elif step["kind"] == "attach" and of & set(step["inputs"]):
            found.append(str(step["params"].get("name")))
        elif step["kind"] == "start":
            starting = starting or bool(of & set(step["inputs"]))
    return [*found, *(["*"] if starting else [])]


def made_elsewhere(steps: Iterable[Step]) -> set[str]:
    """Columns that formulas and joins make, so that a starting source does not bring them."""
    found: set[str] = set()
    for step in steps:
        if step["kind"] in {"variable", "attach"}:
            found.add(str(step["params"].get("name")))
        elif step["kind"] == "join":
            found |= set(map(str, step["params"].get("columns") or {}))
    return found
