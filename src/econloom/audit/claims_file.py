"""Single printed numbers with what is expected of each: a csv, JSON or YAML file with one entry for each cell."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from econloom.audit.expectations import ENOUGH, Expectation
from econloom.audit.numerals import read_numeral
from econloom.audit.printed import KINDS, N_ROW, R2_ROW, Kind, Printed, PrintedCell
from econloom.audit.read.text import read_text
from econloom.core.errors import DataError, UsageError, did_you_mean, listed

KEYS = ("table", "column", "term", "kind", "printed", "verdict", "within", "why")
_NEEDED = ("table", "column", "term", "printed")
_READERS = (".csv", ".json", ".yaml", ".yml")
DEFAULT_VERDICT = "within_rounding"


@dataclass(frozen=True, slots=True)
class CellClaims:
    """Printed numbers by table of the study, and a claim on each.

    Attributes
    ----------
    printed : mapping of str to Printed
        Columns and terms have the names of the study.
    expect : tuple of Expectation
    """

    printed: Mapping[str, Printed]
    expect: tuple[Expectation, ...]


def read_claims(path: str | Path) -> CellClaims:
    """Read a file of single cells.

    Parameters
    ----------
    path : path
        csv with a head, or JSON or YAML with a list; keys ``table``, ``column``, ``term``, ``printed`` (as printed,
        with stars), and where wanted ``kind``, ``verdict`` or ``within``, ``why``.

    Raises
    ------
    DataError
        The file cannot be read, lacks a key, or an entry cannot be.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "cells.csv")
    ...     _ = file.write_text("table,column,term,printed,within\\nt3,c1,tbi,11.5545***,0.5\\nt3,c1,N,615,\\n")
    ...     claims = read_claims(file)
    >>> [(c.kind, c.stars) for c in claims.printed["t3"].cells], [str(e.verdict or e.within) for e in claims.expect]
    ([('coefficient', 3), ('n', 0)], ['0.5', 'within_rounding'])
    """
    path = Path(path)
    entries = _entries(path)
    if not entries:
        raise DataError(f"{path}: no entry in it")
    made = [_claim(entry, f"{path}: entry {n}") for n, entry in enumerate(entries, 1)]
    twice = [k for k, n in Counter((t, c.column, c.term, c.kind) for t, c, _ in made).items() if n > 1]
    if twice:
        raise DataError(f"{path}: {'.'.join(twice[0][:3])} ({twice[0][3]}) stands twice")
    tables = dict.fromkeys(t for t, _, _ in made)
    printed = {t: _table(str(path), [c for name, c, _ in made if name == t]) for t in tables}
    return CellClaims(printed, tuple(e for _, _, e in made))


def _entries(path: Path) -> list[Mapping[str, str]]:
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        raise DataError(f"{path}: cells are listed in {listed(_READERS)} files{did_you_mean(suffix, _READERS)}")
    text = read_text(path)
    try:
        if suffix == ".csv":
            return [{k: v or "" for k, v in row.items() if k} for row in csv.DictReader(io.StringIO(text), strict=True)]
        found: Any = (
            json.loads(text, parse_float=str, parse_int=str)
            if suffix == ".json"
            else YAML(typ="base", pure=True).load(text)
        )
    except (csv.Error, ValueError, YAMLError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    if not isinstance(found, list) or not all(isinstance(e, dict) for e in found):
        raise DataError(f"{path}: not a list of entries with {listed(_NEEDED)}")
    return [{str(k): "" if v is None else str(v) for k, v in e.items()} for e in found]


def _claim(entry: Mapping[str, str], where: str) -> tuple[str, PrintedCell, Expectation]:
    for key in entry:
        if key not in KEYS:
            raise DataError(f"{where}: unknown key {key!r}{did_you_mean(key, KEYS)}", hint=f"keys: {listed(KEYS)}")
    held = {k: entry.get(k, "").strip() for k in KEYS}
    if missing := [k for k in _NEEDED if not held[k]]:
        raise DataError(f"{where}: no {listed(missing)}")
    kind = _kind(held["kind"], held["term"], where)
    number = read_numeral(held["printed"])
    if isinstance(number, str):
        raise DataError(f"{where}: {held['printed']!r} cannot be read: {number}")
    stars = number.stars if kind == "coefficient" else 0
    cell = PrintedCell(held["column"], held["term"], kind, held["printed"], number, stars)
    return held["table"], cell, _expected(held, kind, where)


def _kind(said: str, term: str, where: str) -> Kind:
    name = said or {N_ROW: "n", R2_ROW: "r2"}.get(term, "coefficient")
    found = next((k for k in KINDS if k == name), None)
    if found is None:
        raise DataError(f"{where}: unknown kind {name!r}{did_you_mean(name, KINDS)}", hint=f"kinds: {listed(KINDS)}")
    return found


def _expected(held: Mapping[str, str], kind: Kind, where: str) -> Expectation:
    within, verdict = held["within"], held["verdict"]
    if within and verdict:
        raise DataError(f"{where}: give a verdict or within, not both")
    try:
        return Expectation(
            tables=[held["table"]], terms=[held["term"]], columns=[held["column"]], kinds=[kind],
            verdict=None if within else verdict or DEFAULT_VERDICT, within=float(within) if within else None,
            why=held["why"] or None,
        )  # fmt: skip
    except ValueError as error:
        raise DataError(f"{where}: within is {within!r}, not a number") from error
    except UsageError as error:
        raise DataError(f"{where}: {error.message.removeprefix('expect: ')}",
                        hint=error.hint or f"verdicts: {listed(ENOUGH)}") from error  # fmt: skip


def _table(path: str, cells: Sequence[PrintedCell]) -> Printed:
    kind = "data" if all(c.kind == "value" for c in cells) else "regression"
    columns, rows = (dict.fromkeys(x) for x in ((c.column for c in cells), _terms(cells)))
    return Printed(path, "", kind, tuple(columns), tuple(rows), tuple(cells))


def _terms(cells: Sequence[PrintedCell]) -> list[str]:
    return [c.term for c in cells if c.kind not in {"n", "r2", "statistic"}]
