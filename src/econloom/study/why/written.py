"""``why.json`` and ``samples.parquet`` of a run: made from it, with what is carried over from the run before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from econloom.core.table import Table
from econloom.study import codebook
from econloom.study.catalog import Facts
from econloom.study.run import Run
from econloom.study.schema import DEFAULT, grid_id
from econloom.study.why import record, samples
from econloom.study.why.ordered import Ordered
from econloom.study.why.record import Writer
from econloom.study.why.trace import Record


def write(
    run: Run,
    facts: Mapping[str, Facts],
    tables: Sequence[Table],
    staging: Path,
    before: Path,
    carried: Sequence[str],
) -> Record:
    """Write the files of ``why`` to a staging folder.

    Parameters
    ----------
    run : Run
    facts : mapping
        Sources by version.
    tables : sequence of Table
        All that are written, the codebook too.
    staging, before : Path
        Where to, and the folder of the earlier run.
    carried : sequence of str
        Tables and figures taken over from the earlier run as they were.

    Returns
    -------
    dict
        The content of ``why.json``.
    """
    writer = Writer(run, facts, samples=samples.Samples(run.plan.spec.main))
    writer.write()
    numbers = _figures(run)
    whole = record.whole(writer, tables, numbers)
    if carried:
        _Carried(writer, whole, before).take(set(carried))
        whole |= {"samples": writer.samples.records(), "panels": writer.book.panels}
    spec = run.plan.spec
    order = Ordered(whole, [*spec.tables, *(grid_id(t) for t in run.plan.grids), *spec.figures, codebook.ID])
    whole = order.made()
    text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    (staging / record.FILE).write_text(text + "\n", encoding="utf-8")
    for file, frame in writer.samples.frames(order.samples).items():
        frame.write_parquet(staging / file, statistics=False)
    return whole


def _figures(run: Run) -> dict[str, Record]:
    """The numbers of figures, by address."""
    drawn = run.values.filter(pl.col("version") == DEFAULT, pl.col("table").is_in(list(run.figures)))
    return {
        f"{row['table']}.{row['column']}.{row['row']}": {"table": row["table"], "kind": "figure", "value": row["value"]}
        for row in drawn.iter_rows(named=True)
    }


class _Carried:
    """Takes the records of tables that were carried over from an earlier ``why.json``."""

    def __init__(self, writer: Writer, whole: Record, before: Path) -> None:
        self.writer, self.whole, self.folder = writer, whole, before
        self.old = read(before)
        self.frames: dict[str, pl.DataFrame] = {}
        self.known: dict[tuple[str, str], str] = {}

    def take(self, names: set[str]) -> None:
        """Their tables, columns and cells, and what those refer to."""
        for version in self.whole["versions"]:
            mine = self.whole["tables"].setdefault(version, {})
            for name, made in self.old.get("tables", {}).get(version, {}).items():
                if name in names:
                    mine[name] = self._table(made)
            columns = self.whole["columns"].setdefault(version, {})
            for address, made in self.old.get("columns", {}).get(version, {}).items():
                if made["table"] in names:
                    columns[address] = self._column(version, address, made)
        cells = self.old.get("cells", {})
        self.whole["cells"] |= {a: c for a, c in cells.items() if c["table"] in names}

    def _table(self, made: Record) -> Record:
        ways = {"panels": self._panel, "variables": self._variable}
        return {k: [ways[k](old) for old in v] if k in ways else v for k, v in made.items()}

    def _column(self, version: str, address: str, made: Record) -> Record:
        parts = [p | {"of": [self._variable(v) for v in p["of"]]} for p in made.get("variables", [])]
        found = made | {"variables": parts}
        if "panel" in made:
            found["panel"] = self._panel(made["panel"])
        sample = self._sample(version, address, made.get("sample"))
        return {k: sample if k == "sample" else v for k, v in found.items() if k != "sample" or sample}

    def _panel(self, old: str) -> str:
        return self.writer.book.panel(dict(self.old["panels"][old]))

    def _variable(self, old: str) -> str:
        if ("variables", old) not in self.known:
            made = dict(self.old["variables"][old])
            made |= {"of": [self._variable(v) for v in made["of"]]} if "of" in made else {}
            made |= {"sources": [self._source(s) for s in made["sources"]]} if "sources" in made else {}
            self.known["variables", old] = self.writer.book.variable(made)
        return self.known["variables", old]

    def _source(self, old: str) -> str:
        return self.writer.book.source(dict(self.old["sources"][old]))

    def _sample(self, version: str, address: str, old: str | None) -> str | None:
        known = self.old.get("samples", {}).get(old or "")
        if known is None:
            return None
        file = known["file"]
        if file not in self.frames:
            path = self.folder / file
            self.frames[file] = pl.read_parquet(path) if path.is_file() else pl.DataFrame({samples.VERSION: []})
        rows = self.frames[file].filter(pl.col(samples.VERSION) == version)
        return self.writer.samples.carry(version, known["panel"], rows, str(old), address)


def read(folder: Path) -> dict[str, Any]:
    """The ``why.json`` of a folder, empty where there is none that this version reads."""
    file = folder / record.FILE
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and found.get("format") == record.FORMAT else {}
