"""A first study file from data files: keys found, tables joined, labels taken over, two tables to begin with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from econloom.core.errors import DataError, EconloomError
from econloom.core.frame import Panel
from econloom.data import joins, readers
from econloom.data.functions import FUNCTIONS
from econloom.data.profile import Keys, Profile, find_keys, matching, profile
from econloom.data.readers import Reading
from econloom.data.readers.layout import split_unit
from econloom.data.readers.wide import year_columns
from econloom.study.starter_text import Starter, Table, compose

_WORDS = {"and", "or", "not", "in", "i", "l", "f", "d", "csw", "csw0", "sw", "sw0", "mvsw", "true", "false", "null"}
_ID = re.compile(r"[^\W\d]\w*\Z")
_MOST_REGRESSORS = 3
_MOST_OUTCOMES = 3


@dataclass(frozen=True)
class Start:
    """What was found in data files, and the study file made of it.

    Attributes
    ----------
    tables : tuple of Table
        The first is the one that the panel starts from.
    profile : Profile
        Of the joined panel.
    merges : tuple of str
        What each join found on both sides.
    left_out : tuple of str
        Files that fit no key, with the reason.
    text : str or None
        The study file; None where it could not be made.
    why_not : str or None
        Why there is none.
    """

    tables: tuple[Table, ...]
    profile: Profile
    merges: tuple[str, ...]
    left_out: tuple[str, ...]
    text: str | None
    why_not: str | None = None


def start(
    files: Sequence[str | Path],
    folder: str | Path = ".",
    unit: str | None = None,
    time: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> Start:
    """Look at data files and make a study file of them.

    Parameters
    ----------
    files : sequence of path
        The first is the table whose rows make the panel; the others are joined where their keys fit.
    folder : path
        Where the study file will stand; paths of sources start there.
    unit, time : str, optional
        The keys, where they are not found.
    options : mapping of str to object, optional
        Options of reading, for every file that takes them.

    Returns
    -------
    Start

    Raises
    ------
    EconloomError
        A file that cannot be read, or not in one way only.
    """
    taken: set[str] = set()
    first = _table(Path(files[0]), options or {}, taken)
    first = _lengthened(first, options or {}, unit, time)
    keys = _keys(first, unit, time)
    if (
        keys.dates
        and keys.time is not None
        and "types" in readers.format_of(first.reading.path, readers.Options()).options
    ):
        first = _dated(first, keys.time)
        keys = replace(keys, dates=False)
    panel = Panel(first.frame)
    tables, merges, left_out = [first], [], []
    for file in files[1:]:
        other = _lengthened(_table(Path(file), options or {}, taken), options or {}, None, None)
        joined = _joined(panel, other, keys)
        if isinstance(joined, str):
            left_out.append(f"{file}: {joined}")
            continue
        other, panel, said = joined
        tables.append(other)
        merges.append(said)
    found = profile(panel.frame, keys)
    made = tuple(tables)
    why_not = _obstacle(found, panel.frame)
    text = None if why_not else _written(made, found, panel.frame, Path(folder))
    return Start(made, found, tuple(merges), tuple(left_out), text, why_not)


def _obstacle(found: Profile, frame: pl.DataFrame) -> str | None:
    """Why no study can start from these keys."""
    if found.keys.time is None:
        return "no column of years or periods was found: name it with --time"
    if found.keys.unit is None:
        return "no column that names the units was found: name it with --unit"
    if found.keys.dates:
        return f"the times in {found.keys.time!r} are dates: make them years in the file"
    if twice := found.of("duplicates"):
        return f"a panel has each unit once in a period, but {twice[0]}{_third_key(found, frame)}"
    if not found.numbers:
        return "no column of numbers beside the keys: nothing to put into a table"
    return None


def _third_key(found: Profile, frame: pl.DataFrame) -> str:
    """The column that tells repeated keys apart, where there is one."""
    keys = keys_of(found.keys)
    for name, kind in frame.schema.items():
        tells = name not in keys and (kind == pl.String or kind.is_integer())
        if tells and not frame.select(*keys, name).is_duplicated().any():
            return f"; with {name} they are told apart: sum over it, or keep one of its values"
    return "; mend the rows, or name other keys with --unit and --time"


def _table(path: Path, options: Mapping[str, Any], taken: set[str]) -> Table:
    """A file under a name of its own, with names of columns that formulas can use."""
    file = readers.existing_file(path)
    fitting = readers.format_of(file, readers.Options()).options
    given = {k: v for k, v in options.items() if k in fitting}
    reading = readers.read(path, **given)
    name = _free(_identifier(path.stem), taken)
    taken.add(name)
    return Table(name, reading, {**_settings(reading), **given}, _columns(reading.columns))


def _settings(reading: Reading) -> dict[str, Any]:
    """What was detected and is worth writing down."""
    kept = {k: v for k, v in reading.settings.items() if k in ("encoding", "sheet", "table", "delimiter")}
    if kept.get("encoding") in ("utf-8", "utf-8-sig"):
        del kept["encoding"]
    if kept.get("delimiter") == ",":
        del kept["delimiter"]
    if kept.get("delimiter") == "\t":
        kept["delimiter"] = "tab"
    return kept


def _lengthened(table: Table, options: Mapping[str, Any], unit: str | None, time: str | None) -> Table:
    """A wide table with its year columns turned into rows, where it has no time of its own."""
    frame = table.reading.frame
    if "wide" in options or time is not None or find_keys(frame, unit).time is not None:
        return table
    found = year_columns(frame.columns)
    if found is None:
        return table
    chinese = any(re.search(r"[\u3400-\u9fff]", c) for c in frame.columns)
    name = split_unit(table.name)[0]
    wide = {"time": "年份" if chinese else "year"} | ({"values": name} if "" in found.variables else {})
    given = {k: v for k, v in options.items() if k in readers.format_of(table.reading.path, readers.Options()).options}
    reading = readers.read(table.reading.path, **{**given, "wide": wide})
    return Table(table.name, reading, {**table.options, "wide": wide}, _columns(reading.columns))


def _keys(table: Table, unit: str | None, time: str | None) -> Keys:
    """Keys under the study's names; the user may name them as the file does."""
    new = {old: n for n, old in table.columns.items()}
    return find_keys(table.frame, new.get(unit, unit) if unit else None, new.get(time, time) if time else None)


def _dated(table: Table, time: str) -> Table:
    """A table whose dates are read as years."""
    types = {table.columns[time]: "year", **table.options.get("types", {})}
    given = {**table.options, "types": types}
    return replace(table, reading=readers.read(table.reading.path, **given), options=given)


def _joined(panel: Panel, other: Table, keys: Keys) -> tuple[Table, Panel, str] | str:
    """A table joined by the keys that it has, or why it is not."""
    wanted = keys_of(keys)
    found = matching(panel.frame, other.frame, wanted)
    if not found:
        return f"no column holds the values of {' or '.join(map(repr, wanted))}"
    on = tuple(found)
    renamed = {key: other.columns[name] for key, name in found.items()}
    rest = {new: old for new, old in other.columns.items() if new not in found.values()}
    for new, old in rest.items():
        renamed[_free(new, {*panel.columns, *renamed}, other.name)] = old
    other = replace(other, columns=renamed, on=on)
    brought = {c: c for c in renamed if c not in on}
    try:
        joined = joins.left_join(panel, Panel(other.frame), other.name, brought, on)
    except DataError as error:
        return error.message
    return other, joined, joined.events[-1].message


def _columns(names: Sequence[str]) -> dict[str, str]:
    made: dict[str, str] = {}
    for name in names:
        made[_free(_identifier(split_unit(name)[0], "v"), set(made))] = name
    return made


def _identifier(text: str, prefix: str = "data") -> str:
    """A text as a bare word of formulas."""
    word = re.sub(r"\W+", "_", text.strip()).strip("_")
    if not word or not _ID.match(word):
        word = f"{prefix}_{word}" if word else prefix
    return f"{word}_" if word.casefold() in _WORDS or word in FUNCTIONS else word


def _free(name: str, taken: set[str] | Sequence[str], suffix: str | None = None) -> str:
    candidate, n = name, 2
    if candidate in taken and suffix:
        candidate = f"{name}_{suffix}"
    while candidate in taken:
        candidate, n = f"{name}_{n}", n + 1
    return candidate


def _written(tables: Sequence[Table], found: Profile, frame: pl.DataFrame, folder: Path) -> str:
    """The richest study file that checks and runs: with the baseline regression where it can be estimated."""
    base = Starter(tuple(tables), found, folder)
    last: EconloomError | None = None
    for regressors in _attempts(tables, found, frame):
        text = compose(base, regressors)
        try:
            _tried(text, folder)
        except EconloomError as error:
            last = error
            continue
        return text
    assert last is not None
    raise last


def _attempts(tables: Sequence[Table], found: Profile, frame: pl.DataFrame) -> list[tuple[str, ...]]:
    """Outcome and regressors to try, then fewer, then none."""
    skip = {f.column for f in (*found.of("constant"), *found.of("near_duplicate"))}
    skip |= {new for t in tables for new, old in t.columns.items() if old in t.reading.value_labels}
    usable = [n for n in found.numbers if n not in skip and _varies(frame, n, found.keys) and not _counts(frame[n])]
    starts = range(max(1, min(_MOST_OUTCOMES, len(usable) - 1)))
    most = min(_MOST_REGRESSORS, len(usable) - 1)
    tried = [tuple(usable[first:][: k + 1]) for first in starts for k in range(most, 0, -1)]
    return [*(t for t in dict.fromkeys(tried) if len(t) > 1), ()]


def _counts(column: pl.Series) -> bool:
    """Whether a column only numbers the rows."""
    return column.dtype.is_integer() and bool((column.diff().drop_nulls() == 1).all())


def _varies(frame: pl.DataFrame, name: str, keys: Keys) -> bool:
    """Whether a column varies within units and within periods, so that the effects leave something of it."""
    assert keys.unit is not None and keys.time is not None
    known = frame.select(keys.unit, keys.time, name).drop_nulls()
    return all(known.group_by(key).agg(pl.col(name).n_unique())[name].max() not in (None, 1) for key in keys_of(keys))


def keys_of(keys: Keys) -> list[str]:
    """The keys that there are."""
    return [k for k in (keys.unit, keys.time) if k is not None]


def _tried(text: str, folder: Path) -> None:
    """Check and run a study file in memory."""
    import io

    from ruamel.yaml import YAML

    from econloom.study import study

    data = YAML(typ="safe", pure=True).load(io.StringIO(text))
    study(data, folder).run()
