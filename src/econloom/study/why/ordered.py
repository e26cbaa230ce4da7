"""``why.json`` in one order: the same run gives the same bytes, whichever of its tables were carried over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from econloom.study.why.trace import Record


class Ordered:
    """Renumbers the records that others refer to by the order in which tables come to them.

    Parameters
    ----------
    whole : dict
        Content of ``why.json``.
    tables : sequence of str
        Ids of tables and figures, in the study's order.
    """

    def __init__(self, whole: Record, tables: Sequence[str]) -> None:
        self.whole = whole
        self.place = {name: n for n, name in enumerate(tables)}
        self.kept: dict[str, dict[str, Record]] = {k: {} for k in ("variables", "sources", "panels", "samples")}
        self.renamed: dict[tuple[str, str], str] = {}

    def made(self) -> Record:
        """The content in order."""
        whole = dict(self.whole)
        whole["tables"] = {v: self._tables(made) for v, made in self.whole["tables"].items()}
        whole["columns"] = {v: self._columns(made) for v, made in self.whole["columns"].items()}
        cells = self.whole["cells"]
        whole["cells"] = {a: cells[a] for a in sorted(cells, key=lambda a: self._rank(cells[a]["table"]))}
        return whole | self.kept

    @property
    def samples(self) -> Mapping[str, str]:
        """New names of samples by their old ones."""
        return {old: new for (kind, old), new in self.renamed.items() if kind == "samples"}

    def _rank(self, table: str) -> int:
        return self.place.get(table, len(self.place))

    def _tables(self, made: Record) -> Record:
        return {name: self._table(made[name]) for name in sorted(made, key=self._rank)}

    def _table(self, made: Record) -> Record:
        found = made | {"panels": [self._id("panels", p) for p in made["panels"]]} if "panels" in made else dict(made)
        if "variables" in made:
            found["variables"] = [self._id("variables", v) for v in made["variables"]]
        return found

    def _columns(self, made: Record) -> Record:
        return {a: self._column(made[a]) for a in sorted(made, key=lambda a: self._rank(made[a]["table"]))}

    def _column(self, made: Record) -> Record:
        found = dict(made)
        if "panel" in made:
            found["panel"] = self._id("panels", made["panel"])
        if "sample" in made:
            found["sample"] = self._id("samples", made["sample"])
        parts = [part | {"of": [self._id("variables", v) for v in part["of"]]} for part in made.get("variables", [])]
        return found | ({"variables": parts} if parts else {})

    def _id(self, kind: str, old: str) -> str:
        if (kind, old) not in self.renamed:
            record: Record = dict(self.whole[kind][old])
            for inner, key in (("variables", "of"), ("sources", "sources")):
                if kind == "variables" and key in record:
                    record[key] = [self._id(inner, i) for i in record[key]]
            new = self._named(kind, record)
            self.renamed[kind, old] = new
            self.kept[kind][new] = record
        return self.renamed[kind, old]

    def _named(self, kind: str, record: Mapping[str, Any]) -> str:
        kept = self.kept[kind]
        if kind != "sources":
            return f"{kind[0]}{len(kept) + 1}"
        taken = sum(r["name"] == record["name"] for r in kept.values())
        return f"{record['name']}.{taken + 1}" if taken else str(record["name"])
