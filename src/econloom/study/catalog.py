"""What the sources are before anything is read in full: their files, columns and digests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from econloom.core.errors import DataError, EconloomError, StudyFileError
from econloom.data import readers
from econloom.study import schema
from econloom.study.schema import Source, StudySpec


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """One source.

    Attributes
    ----------
    path : str
        Absolute.
    columns : tuple of str or None
        Of a rectangular file; None for inter-country tables.
    digest : str
        SHA-256 of its content.
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
    seen: dict[Source, SourceFacts] = {}
    return {name: _survey(schema.version(spec, name), seen) for name in (schema.DEFAULT, *spec.versions)}


def _survey(spec: StudySpec, seen: dict[Source, SourceFacts]) -> Facts:
    facts: dict[str, SourceFacts] = {}
    problems: list[EconloomError] = []
    for name, source in spec.sources.items():
        file = source.model_copy(update={"where": None})
        try:
            if source.layout is not None and source.where is not None:
                raise DataError("inter-country tables take no 'where'", hint="use the panel's span and drops")
            if file not in seen:
                seen[file] = _facts(source, spec.folder)
            facts[name] = seen[file]
        except EconloomError as error:
            problems.append(error.within(f"sources.{name}").at(spec.document.at(("sources", name, "path"))))
    if problems:
        raise StudyFileError(problems)
    return facts


def _facts(source: Source, folder: Path) -> SourceFacts:
    path = _located(source, folder)
    digest = readers.digest(path)
    if source.sha256 is not None and digest != source.sha256:
        raise DataError(
            f"the content of {path} is not the one that the study names",
            hint=f"restore it, or, if the new content is meant, write sha256: {digest}",
        )
    columns = tuple(readers.column_names(path)) if source.layout is None else None
    return SourceFacts(str(path), columns, digest)


def _located(source: Source, folder: Path) -> Path:
    """The absolute path of a source: a folder where it has a layout, else a file."""
    try:
        path = (folder / source.path).resolve()
        is_folder = path.is_dir()
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(f"{source.path!r}: {getattr(error, 'strerror', None) or error}") from error
    if source.layout is not None and not is_folder:
        raise DataError(f"{path}: no such folder", hint=f"the layout {source.layout} is a folder of tables")
    if source.layout is None and is_folder:
        raise DataError(f"{path} is a folder", hint="for inter-country tables say the layout: {path: …, layout: …}")
    return path if is_folder else readers.existing_file(path)
