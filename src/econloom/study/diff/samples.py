"""Rows that the models of two runs used, from ``samples.parquet``: which came and which went, column by column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from econloom.core.errors import listed, plural
from econloom.core.labels import Label
from econloom.study.diff.columns import Column
from econloom.study.diff.reading import RunFolder

WHY_FILE = "why.json"
_MOST = 5


@dataclass(frozen=True)
class Moved:
    """Rows that some columns gained or lost, alike.

    Attributes
    ----------
    columns : tuple of str
        ``t3.c1``, with the version where it is not the default one.
    came, went : tuple of tuple
        Keys.
    """

    columns: tuple[str, ...]
    came: tuple[tuple[Any, ...], ...]
    went: tuple[tuple[Any, ...], ...]

    @property
    def label(self) -> Label:
        """In words."""
        zh, en = [], []
        for chinese, word, rows in (("减少", "went", self.went), ("增加", "came", self.came)):
            if rows:
                keys = listed((" ".join(map(str, r)) for r in rows), _MOST)
                zh.append(f"{chinese}{len(rows)}行（{keys}）")
                en.append(f"{plural(len(rows), 'row')} {word} ({keys})")
        names = listed(self.columns)
        return Label(zh=f"{names}：{'；'.join(zh)}", en=f"{names}: {'; '.join(en)}")

    def __str__(self) -> str:
        return self.label.text("en")

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        keys = {word: [[str(k) if not isinstance(k, int | float | str) else k for k in row] for row in rows]
                for word, rows in (("came", self.came), ("went", self.went))}  # fmt: skip
        return {"columns": list(self.columns), **keys}


class Samples:
    """The rows that the columns of one run used."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        why = run.json(WHY_FILE) or {}
        self.files = dict(_files(why))
        self.of = dict(_columns(why, self.files))

    def rows(self, column: Column) -> pl.DataFrame | None:
        """Keys of the rows of a column; None where the run does not say."""
        sample = self.of.get((column.version, column.table, column.label))
        frame = None if sample is None else self.run.frame(self.files[sample])
        if sample is None or frame is None or "version" not in frame.columns or frame.schema.get(sample) != pl.Boolean:
            return None
        keys = [c for c in frame.columns if c != "version" and c not in self.files]
        return frame.filter((pl.col("version") == column.version) & pl.col(sample)).select(keys) if keys else None


def _files(why: Any) -> Iterator[tuple[str, str]]:
    """The file of each sample; one that lies elsewhere is none of the run's."""
    samples = why.get("samples")
    for name, entry in samples.items() if isinstance(samples, dict) else ():
        file = entry.get("file") if isinstance(entry, dict) else None
        if isinstance(file, str) and "/" not in file and "\\" not in file:
            yield name, file


def _columns(why: Any, files: dict[str, str]) -> Iterator[tuple[tuple[str, str, str], str]]:
    versions = why.get("columns")
    for version, columns in versions.items() if isinstance(versions, dict) else ():
        for entry in columns.values() if isinstance(columns, dict) else ():
            sample = entry.get("sample") if isinstance(entry, dict) else None
            if isinstance(sample, str) and sample in files:
                yield (version, str(entry.get("table")), str(entry.get("column"))), sample


def moved(first: Samples, second: Samples, pairs: list[tuple[Column, Column]]) -> tuple[Moved, ...]:
    """Rows that came or went, columns with the same ones together."""
    found: dict[tuple[Any, Any], list[str]] = {}
    for a, b in pairs:
        old, new = first.rows(a), second.rows(b)
        if old is None or new is None or old.schema != new.schema:
            continue
        keys = old.columns
        went, came = (x.join(y, on=keys, how="anti", nulls_equal=True).rows() for x, y in ((old, new), (new, old)))
        if went or came:
            name = f"{a.table}.{a.label}" + ("" if a.version == "default" else f" ({a.version})")
            found.setdefault((tuple(came), tuple(went)), []).append(name)
    return tuple(Moved(tuple(names), came, went) for (came, went), names in found.items())
