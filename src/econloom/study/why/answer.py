"""An address to its explanation: found, or an error that names what is near."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from econloom.core.errors import UsageError, did_you_mean, listed
from econloom.core.labels import Label, Lang
from econloom.study.schema import DEFAULT
from econloom.study.why import sections
from econloom.study.why.explainers import EXPLAINERS, PARTS, Asked, column_of
from econloom.study.why.sections import Section
from econloom.study.why.told import Record, Told

CODEBOOK: Record = {"kind": "codebook"}


@dataclass(frozen=True)
class Explanation:
    """What is said of a number.

    Attributes
    ----------
    address, version : str
    value : float or None
        Unrounded; None of a table or column as a whole.
    printed : str
        As it stands in the table; empty where it is printed nowhere.
    column : str or None
        Address of the model behind it.
    sections : tuple of Section
    notes : tuple of Label
        That the study has changed since, and the like.
    """

    address: str
    version: str
    value: float | None
    printed: str
    column: str | None
    sections: tuple[Section, ...]
    notes: tuple[Label, ...] = ()

    def text(self, lang: Lang = "en") -> str:
        """The explanation as text."""
        of = "" if self.version == DEFAULT else f"  ({self.version})"
        lines = [f"{self.address}{of}", *(n.text(lang) for n in self.notes)]
        for section in self.sections:
            lines += ["", *sections.shown(section, lang)]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()

    def to_dict(self, lang: Lang = "en") -> dict[str, Any]:
        """JSON-ready."""
        return {
            "address": self.address,
            "version": self.version,
            "value": self.value,
            "printed": self.printed,
            "column": self.column,
            "notes": [n.text(lang) for n in self.notes],
            "sections": [
                {
                    "title": s.title.text(lang),
                    "lines": [
                        {"label": x.label.text(lang), "text": x.text.text(lang), "at": x.at, "depth": x.depth}
                        for x in s.lines
                    ],
                }
                for s in self.sections
            ],
        }


def explained(told: Told, address: str, version: str = DEFAULT, notes: Iterable[Label] = ()) -> Explanation:
    """The explanation of an address.

    Raises
    ------
    UsageError
        A version, table, column or term that the run does not have, with the near one.
    """
    versions = told.why["versions"]
    if version not in versions:
        near = did_you_mean(version, versions)
        raise UsageError(f"the run has no version {version!r}{near}", hint=f"versions: {listed(versions, 20)}")
    asked = _asked(told, address.strip(), version)
    kind = asked.record.get("kind", "")
    parts = EXPLAINERS[kind](asked)
    ids = _variables(asked)
    files = told.once(("sources", *ids), lambda: sections.sources(told, ids))
    parts = [*parts, *([files] if files is not None else []), sections.run(told, asked.record.get("digest"))]
    column = column_of(told, version, asked.address) if asked.column is not None else None
    value = asked.cell.get("value")
    if value is None and asked.column is not None and asked.rest in asked.column.get("coefficients", {}):
        value = asked.column["coefficients"][asked.rest][0]
    return Explanation(
        asked.address, version, value, str(asked.cell.get("printed", "")), column, tuple(parts), tuple(notes)
    )


def _variables(asked: Asked) -> list[str]:
    if asked.record.get("kind") == "grid":
        version, _, rest = asked.rest.partition(".")
        address = column_of(asked.told, version, f"{asked.record['of']}.{rest}")
        column = None if address is None else asked.told.columns(version)[address]
    else:
        column = asked.column
    if column is not None:
        return [v for part in column.get("variables", []) for v in part["of"]]
    return asked.variables


def _asked(told: Told, address: str, version: str) -> Asked:
    """What an address asks for.

    Raises
    ------
    UsageError
    """
    table = _table(told, address, version)
    cells = told.why["cells"] if version == DEFAULT else {}
    cell = cells.get(address)
    column = column_of(told, version, address)
    if column is not None:
        made = told.columns(version)[column]
        rest = address[len(column) + 1 :]
        if cell is None and rest and not _in_column(rest, made) and told.folder is not None:
            cell = _filed(told, address, version)
        if cell is None and rest and not _in_column(rest, made):
            raise _no_term(address, rest, made, cells, column)
        return Asked(told, version, address, table, rest, cell or {}, made)
    rest = address[len(table) + 1 :]
    if cell is None and told.folder is not None:
        cell = _filed(told, address, version)
    if cell is None and rest:
        raise _no_cell(told, address, table, version)
    return Asked(told, version, address, table, rest, cell or {})


def _filed(told: Told, address: str, version: str) -> Record | None:
    """A number that stands in ``values.csv`` or ``results.csv`` and in no table."""
    known = told.values.get((version, address))
    if known is not None:
        return {"table": known[0], "kind": "number", "value": known[1]}
    row = told.estimates.get((version, address))
    return None if row is None else {"table": row["table"], "kind": "estimate", "value": row["estimate"], "row": row}


def _table(told: Told, address: str, version: str) -> str:
    """The table or figure of an address.

    Raises
    ------
    UsageError
    """
    printed = {c["table"]: None for c in told.why["cells"].values()}
    known: list[str] = [*told.tables(version), *(printed if version == DEFAULT else ())]
    found = [t for t in known if address == t or address.startswith(f"{t}.")]
    if found:
        return max(found, key=len)
    name = address.partition(".")[0]
    there = list(dict.fromkeys(known))
    if name in told.tables(DEFAULT) or name in printed:
        hint = f"leave --version out; the version {version} has {listed(there, 20)}"
        raise UsageError(f"{name!r} is there in the default version only", hint=hint)
    near = did_you_mean(name, there)
    raise UsageError(f"no table or figure {name!r} in the run{near}", hint=f"tables and figures: {listed(there, 30)}")


def _in_column(rest: str, made: Record) -> bool:
    known = made.get("coefficients", {})
    base, _, part = rest.rpartition(".")
    return rest in known or rest in made.get("glance", {}) or (base in known and part in PARTS)


def _no_term(address: str, rest: str, made: Record, cells: Mapping[str, Record], column: str) -> UsageError:
    terms = list(made.get("coefficients", {}))
    others = [a[len(column) + 1 :] for a in cells if a.startswith(f"{column}.")]
    known = list(dict.fromkeys([*terms, *others, *made.get("glance", {})]))
    near = did_you_mean(rest, known)
    hint = f"{column} has {listed([k for k in known if not k.endswith(('.se', '.t', '.p', '.ci'))], 30)}"
    return UsageError(f"no cell {address!r}: {column} has no {rest!r}{near}", hint=hint)


def _no_cell(told: Told, address: str, table: str, version: str) -> UsageError:
    columns = [a for a in told.columns(version) if a.startswith(f"{table}.")]
    rest = address[len(table) + 1 :]
    if columns:
        near = did_you_mean(address.partition(".")[0] + "." + rest.partition(".")[0], columns)
        return UsageError(
            f"{table} has no column {rest.partition('.')[0]!r}{near}", hint=f"columns: {listed(columns, 30)}"
        )
    cells = told.why["cells"] if version == DEFAULT else {a: {} for v, a in told.values if v == version}
    known = [a for a in cells if a.startswith(f"{table}.")]
    return UsageError(f"no cell {address!r}{did_you_mean(address, known)}", hint=f"such as {listed(known, 8)}")
