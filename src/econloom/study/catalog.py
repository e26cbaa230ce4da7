"""What the sources are before anything is read in full: their files, columns and digests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from econloom import simulate
from econloom.core.errors import DataError, EconloomError, StudyFileError
from econloom.data import readers
from econloom.lights.tables import LAYOUTS as PLACES
from econloom.study import schema
from econloom.study.schema import Source, StudySpec


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """One source.

    Attributes
    ----------
    path : str
        Absolute; empty for a simulated source.
    columns : tuple of str or None
        Of a rectangular file or a simulator; None for a folder with a layout.
    digest : str
        SHA-256 of its content; of a simulated source what fixes its numbers.
    """

    path: str
    columns: tuple[str, ...] | None
    digest: str


Facts = Mapping[str, SourceFacts]


def survey(spec: StudySpec) -> Mapping[str, Facts]:
    """Look at every source of every version of a study, each file once.

    Returns
    -------
    mapping of str to mapping of str to SourceFacts
        By version, then by source.

    Raises
    ------
    StudyFileError
        Sources that are missing, unreadable or not the content that their ``sha256`` names.
    """
    seen: dict[str, SourceFacts] = {}
    return {name: _survey(schema.version(spec, name), seen) for name in (schema.DEFAULT, *spec.versions)}


def _survey(spec: StudySpec, seen: dict[str, SourceFacts]) -> Facts:
    facts: dict[str, SourceFacts] = {}
    problems: list[EconloomError] = []
    for name, source in spec.sources.items():
        file = source.model_copy(update={"where": None, "columns": None}).model_dump_json()
        try:
            _refuse_filters(source)
            if file not in seen:
                seen[file] = _facts(source, spec.folder)
            facts[name] = seen[file]
        except EconloomError as error:
            key = "path" if source.path is not None else "process" if "process" in error.message else "simulate"
            problems.append(error.within(f"sources.{name}").at(spec.document.at(("sources", name, key))))
    if problems:
        raise StudyFileError(problems)
    return facts


def _refuse_filters(source: Source) -> None:
    if source.layout is not None and (source.where is not None or source.columns is not None):
        raise DataError(
            "a folder with a layout takes no 'where' and no 'columns'", hint="use the panel's span and drops"
        )


def _facts(source: Source, folder: Path) -> SourceFacts:
    if source.path is None:
        return _simulated(source)
    path = _located(source, source.path, folder)
    digest = readers.digest(path)
    if source.sha256 is not None and digest != source.sha256:
        raise DataError(
            f"the content of {path} is not the one that the study names",
            hint=f"restore it, or, if the new content is meant, write sha256: {digest}",
        )
    if source.layout is None:
        columns: tuple[str, ...] | None = tuple(readers.column_names(path, readers.make(source.reading)))
    else:
        columns = PLACES.get(source.layout)
    if columns is not None and source.columns is not None:
        readers.require_columns(columns, list(source.columns.values()), str(path))
    return SourceFacts(str(path), columns, digest)


def _simulated(source: Source) -> SourceFacts:
    """A simulator's columns."""
    name, seed, process = simulated_by(source)
    digest = f"simulate {name} seed {seed} process {process} version {simulate.VERSION}"
    columns = simulate.columns_of(name, process)
    if source.columns is not None:
        readers.require_columns(columns, list(source.columns.values()), f"the simulator {name}")
    return SourceFacts("", columns, digest)


def simulated_by(source: Source) -> tuple[str, int, str]:
    """Simulator, seed and process of a simulated source, with what stands for those not written."""
    assert source.simulate is not None
    seed = simulate.SEED if source.seed is None else source.seed
    return source.simulate, seed, source.process or simulate.PROCESS


def _located(source: Source, name: str, folder: Path) -> Path:
    """The absolute path of a source: a folder where it has a layout, else a file."""
    try:
        path = (folder / name).resolve()
        is_folder = path.is_dir()
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(f"{name!r}: {getattr(error, 'strerror', None) or error}") from error
    if source.layout is not None and not is_folder:
        raise DataError(f"{path}: no such folder", hint=f"the layout {source.layout} is a folder of tables")
    if source.layout is None and is_folder:
        raise DataError(f"{path} is a folder", hint="for inter-country tables say the layout: {path: …, layout: …}")
    return path if is_folder else readers.existing_file(path)
