"""Every file that a study's results depend on, by digest."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from econloom.core.errors import EconloomError
from econloom.core.files import digest
from econloom.study import document, schema
from econloom.study.catalog import Facts
from econloom.study.schema import StudySpec


def inputs(spec: StudySpec, facts: Mapping[str, Facts]) -> dict[str, str]:
    """Digests of the study file and those that it extends, sources, presets and printed tables.

    Returns
    -------
    dict of str to str
        Path from the study's folder to digest; empty for a study without a file, or whose file has changed since.
    """
    file = Path(spec.document.file)
    try:
        if not file.is_file() or schema.load(file).document.data != spec.document.data:
            return {}
        found = {path: digest(path) for path in _chain(file)}
    except EconloomError:  # changed since it was read
        return {}
    found |= {Path(f.path): f.digest for version in facts.values() for f in version.values() if f.path}
    named = [spec.defaults.preset, *(t.preset for t in spec.tables.values())]
    beside = [spec.folder / n for n in named if n is not None and n.endswith(".toml")]
    if spec.published is not None:
        beside.append(spec.folder / spec.published.path)
    found |= {path: digest(path) for path in beside if path.exists()}
    return {_from(file.parent, path): value for path, value in found.items()}


def _chain(file: Path) -> list[Path]:
    """A study file and those that it extends."""
    found = [file]
    while isinstance(name := document.read(found[-1]).data.get("extends"), str):
        path = (found[-1].parent / name).resolve()
        found.append(path / "study.yaml" if path.is_dir() else path)
    return found


def _from(folder: Path, path: Path) -> str:
    """A path as it is written from a folder: relative, so that the folder may move with what it holds."""
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:  # on another drive
        return str(path)
