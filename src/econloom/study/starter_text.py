"""The text of a starter study: every part with a comment that says what it is and what to change."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from econloom.core.labels import Label
from econloom.data import readers
from econloom.data.profile import Profile
from econloom.data.readers import Reading
from econloom.data.readers.layout import split_unit


@dataclass(frozen=True)
class Table:
    """A data file as a source of the study.

    Attributes
    ----------
    name : str
        Of the source.
    reading : Reading
    options : mapping of str to object
        Under the source's keys.
    columns : mapping of str to str
        Name in the study to name in the file.
    on : tuple of str
        Keys of its join; empty for the table that the panel starts from.
    """

    name: str
    reading: Reading
    options: Mapping[str, Any]
    columns: Mapping[str, str]
    on: tuple[str, ...] = ()

    @property
    def frame(self) -> pl.DataFrame:
        """The rows under the study's names."""
        return self.reading.frame.select(pl.col(old).alias(new) for new, old in self.columns.items())


@dataclass(frozen=True)
class Starter:
    """What the text is made of."""

    tables: tuple[Table, ...]
    profile: Profile
    folder: Path


def compose(starter: Starter, regression: Sequence[str]) -> str:
    """The study file.

    Parameters
    ----------
    regression : sequence of str
        The outcome, then the regressors; empty for a study without a regression.
    """
    first = starter.tables[0]
    parts = [
        "# A first study made by `econloom init`. Every line may be changed; docs: docs/study-language.md",
        "#   econloom check study.yaml    finds faults",
        "#   econloom run study.yaml      makes the tables in out/",
        f"study: {first.name}",
        f"title: {{zh: {quoted(first.reading.path.stem)}, en: {quoted(first.reading.path.stem)}}}",
        "",
        "sources:",
        *(line for table in starter.tables for line in _source(table, starter.folder)),
        "",
        *_panel(starter),
        "",
        *_variables(starter),
        "",
        *_defaults(starter),
        "",
        *_tables(starter, regression),
        *_warnings(starter.profile),
    ]
    return "\n".join(parts) + "\n"


def _source(table: Table, folder: Path) -> list[str]:
    path = table.reading.path
    lines = [f"  {table.name}:", f"    path: {quoted(relative(path, folder))}"]
    lines += [f"    {key}: {_value(value)}" for key, value in table.options.items()]
    if any(new != old for new, old in table.columns.items()) or table.on:
        lines.append("    columns:  # name in this study: name in the file")
        lines += [f"      {quoted(new)}: {quoted(old)}" for new, old in table.columns.items()]
    lines.append("    # without the leading '# ' of the next line another content of the file is refused")
    return [*lines, f"    # sha256: {readers.digest(path)}"]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{quoted(k)}: {quoted(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(quoted(v) for v in value) + "]"
    return quoted(value)


def _panel(starter: Starter) -> list[str]:
    found, first = starter.profile, starter.tables[0]
    size = f"{found.rows} rows, {found.units} units, {found.periods} periods"
    shape = "balanced" if found.balanced else "unbalanced"
    lines = [
        f"panel:  # {size}, {shape}",
        f"  unit: {quoted(found.keys.unit)}",
        f"  time: {quoted(found.keys.time)}",
        f"  start: {first.name}",
    ]
    if found.first is not None and found.units and _every_period(found):
        lines.append(f"  # span: [{found.first}, {found.last}]  # first and last period of the sample")
    if len(starter.tables) > 1:
        lines.append("  join:")
        for table in starter.tables[1:]:
            brought = ", ".join(quoted(c) for c in table.columns if c not in table.on)
            on = ", ".join(quoted(k) for k in table.on)
            lines.append(f"    - {table.name}: {{on: [{on}], columns: [{brought}]}}")
    lines.append("  # drop:")
    lines.append('  #   - {where: "a condition", why: a reason}')
    return lines


def _every_period(found: Profile) -> bool:
    assert found.first is not None and found.last is not None
    return found.periods == found.last - found.first + 1


def _variables(starter: Starter) -> list[str]:
    lines = [
        "variables:  # labels of columns in tables; a formula makes a new one: lnY: {formula: log(y), zh: …, en: …}"
    ]
    for table in starter.tables:
        for new, old in table.columns.items():
            if new in table.on:
                continue
            label, unit = label_of(table, new), table.reading.units.get(old)
            texts = {"zh": label.zh, "en": label.en, "unit": unit} if label else {"zh": new, "en": new, "unit": unit}
            inside = ", ".join(f"{k}: {quoted(t)}" for k, t in texts.items() if t)
            lines.append(f"  {quoted(new)}: {{{inside}}}")
    return lines


def _defaults(starter: Starter) -> list[str]:
    return [
        "defaults:",
        f"  vcov: {{cluster: {quoted(starter.profile.keys.unit)}}}  # or hc1, {{cluster: [a, b]}} …; docs/inference.md",
        "  stars: [0.10, 0.05, 0.01]",
        "  digits: 3",
    ]


def _tables(starter: Starter, regression: Sequence[str]) -> list[str]:
    found = starter.profile
    constant = {f.column for f in found.of("constant")}
    shown = [n for n in found.numbers if n not in constant] or list(found.numbers)
    lines = [
        "tables:",
        "  descriptives:",
        "    kind: descriptive",
        "    title: {zh: 描述性统计, en: Descriptive statistics}",
        f"    of: [{', '.join(quoted(n) for n in shown[:20])}]",
        "    stats: [n, mean, sd, min, median, max]",
    ]
    if regression:
        outcome, *regressors = regression
        effects = f"{found.keys.unit} + {found.keys.time}"
        lines += [
            "  baseline:  # a place to start: put your outcome on the left, your regressors on the right",
            "    title: {zh: 基准回归, en: Baseline regression}",
            "    columns:",
            f"      - {outcome} ~ {regressors[0]} | {effects}",
        ]
        if len(regressors) > 1:
            lines.append(f"      - {outcome} ~ {' + '.join(regressors)} | {effects}")
    return lines


def _warnings(found: Profile) -> list[str]:
    """What init found, kept where it will be read."""
    if not found.findings:
        return []
    lines = [" ".join(str(f).split())[:300] for f in found.findings[:40]]
    return ["", "# What init found in the data:", *(f"#   {line}" for line in lines)]


def relative(path: Path, folder: Path) -> str:
    """A file's path from the folder of the study, with slashes."""
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return path.resolve().as_posix()


def quoted(text: object) -> str:
    """A value of YAML: bare where it is a plain word, else quoted."""
    if isinstance(text, bool) or text is None:
        return json.dumps(text)
    if isinstance(text, int | float):
        return str(text)
    word = str(text)
    if re.fullmatch(r"[^\W\d][\w]*", word) and word.casefold() not in (
        "yes",
        "no",
        "on",
        "off",
        "true",
        "false",
        "null",
        "y",
        "n",
    ):
        return word
    return json.dumps(word, ensure_ascii=False)


def label_of(table: Table, new: str) -> Label:
    """The label that the file gives, else the name in the file."""
    old = table.columns[new]
    given = table.reading.labels.get(old)
    text = split_unit(old)[0]
    return given if given else (Label.same(text) if text != new else Label())
