"""The studies that come with econloom."""

from __future__ import annotations

import shutil
from pathlib import Path

import econloom
from econloom.core.errors import OutputError, UsageError, did_you_mean

_LEFT_OUT = ("out", ".econloom-*", "__pycache__")


def folder(name: str) -> Path:
    """Where a shipped study lies: in the installed package, or beside the sources of a checkout.

    Raises
    ------
    UsageError
        No study of that name.
    """
    package = Path(econloom.__file__).parent
    places = [package / "_studies", package.parents[1] / "studies"]
    known = [
        p.name for place in places if place.is_dir() for p in sorted(place.iterdir()) if (p / "study.yaml").is_file()
    ]
    if name not in known:
        raise UsageError(f"no shipped study {name!r}{did_you_mean(name, known)}", hint=f"shipped: {', '.join(known)}")
    return next(place / name for place in places if (place / name / "study.yaml").is_file())


def unpack(name: str, target: str | Path) -> Path:
    """Copy a shipped study to ``target/name``; one that is there already is used as it is.

    Returns
    -------
    Path
        The copy's folder.

    Raises
    ------
    OutputError
        ``target`` cannot be written, or holds something else under that name.
    """
    copy = Path(target) / name
    if (copy / "study.yaml").is_file():
        return copy
    if copy.exists():
        raise OutputError(f"{copy}: there is something else already", hint="name another folder: econloom demo FOLDER")
    aside = copy.with_name(f".{name}.part")
    try:
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(folder(name), aside, ignore=shutil.ignore_patterns(*_LEFT_OUT))
        aside.rename(copy)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise OutputError(f"{copy}: cannot be written: {error.strerror or error}") from error
    return copy
