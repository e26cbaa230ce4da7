"""Study files to specifications: loading, what one study takes from another, versions, the JSON Schema.

A study is ``sources -> panels -> variables -> samples -> tables and figures``, with ``versions`` that change one thing
each. The same models (:mod:`econloom.study.language`) are built from YAML (:func:`load`), from a dict
(:func:`from_data`), or directly in Python.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from econloom.core.errors import StudyFileError, UsageError, did_you_mean
from econloom.study import document
from econloom.study.document import Document, Origin
from econloom.study.language.base import DEFAULT
from econloom.study.language.data import Source
from econloom.study.language.event_tables import EventStudyTable
from econloom.study.language.settings import Show
from econloom.study.language.study import MAIN, StudySpec, grid_id
from econloom.study.language.tables import MediationTable, RegressionTable, ValuesTable
from econloom.study.problems import located

__all__ = [
    "DEFAULT",
    "MAIN",
    "EventStudyTable",
    "MediationTable",
    "RegressionTable",
    "Show",
    "Source",
    "StudySpec",
    "ValuesTable",
    "from_data",
    "grid_id",
    "json_schema",
    "load",
    "version",
]
_MOST_EXTENDS = 5
_OWN = {"extends", "change", "without"}
_MERGED = (
    "sources",
    "panels",
    "variables",
    "lists",
    "macros",
    "samples",
    "splits",
    "policy",
    "rings",
    "tables",
    "figures",
    "versions",
)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of study files."""
    schema = StudySpec.model_json_schema()
    taken = {
        "extends": {"type": "string", "description": "Another study file, whose keys are taken over."},
        "change": {"type": "object", "description": "Values of the taken study to replace, by dotted path."},
        "without": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Entries not to take, by dotted path.",
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "properties": {**schema["properties"], **taken},
        "required": ["study"],
    }


def load(path: str | Path) -> StudySpec:
    """Read a study file, or ``study.yaml`` of a folder.

    Raises
    ------
    UsageError, StudyFileError
        Every fault with file:line:column, the source line and, for a misspelt name, a suggestion.
    """
    return _validated(_extended(document.read(path), ()))


def from_data(data: Mapping[str, Any], folder: str | Path = ".") -> StudySpec:
    """Build a study from a dict of the shape that the YAML has."""
    return _validated(_extended(Document(str(Path(folder) / "study"), dict(data), {}), ()))


def _validated(source: Document) -> StudySpec:
    _quoted_lists(source)
    try:
        spec = StudySpec.model_validate(source.data)
    except ValidationError as error:
        raise located(error, source, StudySpec) from None
    spec._document = source
    return spec


def _extended(source: Document, seen: tuple[str, ...]) -> Document:
    """A study file with what it takes from the one that it extends."""
    if "extends" not in source.data:
        for key in ("change", "without"):
            if key in source.data:
                raise UsageError(f"{key!r} belongs to 'extends'", where=source.at((key,), key=True))
        return source
    name = source.data["extends"]
    if not isinstance(name, str):
        raise UsageError("extends: expected the path of a study file", where=source.at(("extends",)))
    path = (Path(source.file).parent / name).resolve()
    path = path / "study.yaml" if path.is_dir() else path
    if str(path) in seen or len(seen) >= _MOST_EXTENDS:
        raise UsageError(f"extends: {name} leads back to this study", where=source.at(("extends",)))
    try:
        base = _extended(document.read(path), (*seen, str(path)))
    except StudyFileError:
        raise
    except UsageError as error:
        raise error.at(source.at(("extends",))) from None
    return _overlaid(source, _moved(base, source))


def _moved(base: Document, source: Document) -> Document:
    """A taken study whose relative paths start at the file that takes it."""
    data = _copy(base.data)
    away = Path(os.path.relpath(Path(base.file).resolve().parent, Path(source.file).resolve().parent))
    for key, entry in (data.get("sources") or {}).items() if isinstance(data.get("sources"), dict) else ():
        if isinstance(entry, str):
            data["sources"][key] = str(away / entry)
        elif isinstance(entry, dict) and isinstance(entry.get("path"), str):
            entry["path"] = str(away / entry["path"])
    data.pop("published", None)
    return replace(base, data=data)


def _overlaid(source: Document, base: Document) -> Document:
    """``source`` over ``base``: named entries replace or join those of the same section, other keys replace whole."""
    data = base.data
    for dotted in _without(source):
        _remove(data, dotted, source)
    covered: set[document.KeyPath] = set()
    for key, value in source.data.items():
        if key in _OWN:
            continue
        if key in _MERGED and isinstance(value, dict) and isinstance(data.get(key), dict):
            data[key] = {**data[key], **value}
            covered |= {(key, name) for name in value}
        else:
            data[key] = value
            covered.add((key,))
    home = Origin(base.file, base.lines)
    taken = {p: replace(m, origin=m.origin or home) for p, m in base.marks.items() if not covered & {p[:1], p[:2]}}
    merged = Document(source.file, data, {**taken, **source.marks}, source.lines)
    changes = source.data.get("change", {})
    if not isinstance(changes, dict):
        raise UsageError("change: expected keys with values", where=source.at(("change",)))
    return _changed(merged, changes, ("change",))


def _without(source: Document) -> list[str]:
    wanted = source.data.get("without", [])
    if not isinstance(wanted, list) or not all(isinstance(w, str) for w in wanted):
        raise UsageError("without: expected a list of dotted paths", where=source.at(("without",)))
    return wanted


def _remove(data: dict[str, Any], dotted: str, source: Document) -> None:
    *parents, last = dotted.split(".")
    here: Any = data
    for key in parents:
        here = here.get(key) if isinstance(here, dict) else None
    if not isinstance(here, dict) or last not in here:
        near = did_you_mean(last, here) if isinstance(here, dict) else ""
        raise UsageError(f"without: the taken study has no {dotted!r}{near}", where=source.at(("without",)))
    del here[last]


def _quoted_lists(source: Document) -> None:
    """In lists a text is quoted, so that it cannot be taken for a column, and ``NO`` is surely Norway."""
    lists = source.data.get("lists")
    if not isinstance(lists, dict):
        return
    problems = [
        UsageError(f"lists.{name}: {item} is not quoted", where=source.at(("lists", name, i)), hint=f"write '{item}'")
        for name, items in lists.items()
        if isinstance(items, list)
        for i, item in enumerate(items)
        if isinstance(item, str) and source.is_plain(("lists", name, i))
    ]
    if problems:
        raise StudyFileError(problems[:10])


_SHORT_FORMS = {"sources": "path", "variables": "formula", "samples": "where"}


def version(spec: StudySpec, name: str) -> StudySpec:
    """The study with the changes of one version; ``default`` is the study itself.

    Raises
    ------
    UsageError
        A changed key that the study does not have, or a value that it cannot take.
    """
    if name == DEFAULT:
        return spec
    source = spec.document
    if not source.data:
        source = Document(source.file, _copy(spec.model_dump(mode="json", by_alias=True, exclude_unset=True)), {})
    changed = _changed(source, spec.versions[name], ("versions", name))
    changed.data.pop("versions", None)
    return _validated(changed)


def _changed(source: Document, changes: Mapping[str, Any], at: document.KeyPath) -> Document:
    """A study file with the values of some dotted paths replaced; the new values keep their own places."""
    data, marks = _copy(source.data), dict(source.marks)
    for dotted, value in changes.items():
        said = (*at, dotted)
        path = _set(data, dotted, _copy(value), source, said)
        marks = {p: m for p, m in marks.items() if p[: len(path)] != path}
        marks |= {(*path, *p[len(said) :]): m for p, m in source.marks.items() if p[: len(said)] == said}
    return replace(source, data=data, marks=marks)


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _copy(v) for k, v in value.items()}
    return [_copy(v) for v in value] if isinstance(value, list | tuple) else value


def _set(data: dict[str, Any], dotted: str, value: Any, source: Document, at: document.KeyPath) -> document.KeyPath:
    """Replace the value at ``a.b.c``; every step but a model's own optional key must be there already."""
    keys = dotted.split(".")
    if keys[0] in {"study", "versions"}:
        raise UsageError(f"{dotted}: a version cannot change {keys[0]!r}", where=source.at(at, key=True))
    here: Any = data
    path: document.KeyPath = ()
    for depth, key in enumerate(keys):
        last = depth == len(keys) - 1
        if isinstance(here, list):
            if not key.isdecimal() or int(key) >= len(here):
                raise UsageError(f"{dotted}: no entry {key} (0 to {len(here) - 1})", where=source.at(at, key=True))
            step: str | int = int(key)
        elif isinstance(here, dict):
            optional = last and (len(keys) > 2 or keys[0] in {"defaults", "panel"})
            if key not in here and not optional:
                hint = "a version changes what the study has"
                message = f"{dotted}: the study has no {key!r}{did_you_mean(key, here)}"
                raise UsageError(message, where=source.at(at, key=True), hint=hint)
            step = key
        else:
            raise UsageError(f"{dotted}: nothing lies below {keys[depth - 1]!r}", where=source.at(at, key=True))
        path = (*path, step)
        if last:
            here[step] = value
        else:
            inner = here[step]
            if isinstance(inner, str) and depth == 1 and keys[0] in _SHORT_FORMS:
                inner = here[step] = {_SHORT_FORMS[keys[0]]: inner}
            here = inner
    return path
