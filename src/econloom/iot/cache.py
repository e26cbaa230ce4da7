"""Parsed tables in the user's cache folder, keyed by the digest of the file that they came from."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from econloom.core.errors import DataError, OutputError
from econloom.core.lineage import Event
from econloom.iot.parsers.saved_table import read_table, write_table
from econloom.iot.table import IOTable

VERSION = 1  # of what parsers make of a file; a change makes old entries unreachable
VARIABLE = "ECONLOOM_CACHE"


def folder() -> Path | None:
    """Where parsed tables are kept; None when the variable ECONLOOM_CACHE is ``off``.

    ECONLOOM_CACHE names another folder; else it is ``econloom/iot`` of the user's cache folder.
    """
    stated = os.environ.get(VARIABLE)
    if stated:
        return None if stated.casefold() == "off" else Path(stated) / "iot"
    home = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    base = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else home) / "econloom" / "iot"


def key(digest: str, *choices: object) -> str:
    """Name of an entry: the file's digest and everything that the table depends on."""
    text = "\n".join([digest, str(VERSION), *(repr(c) for c in choices)])
    return hashlib.sha256(text.encode()).hexdigest()


def load(entry: str) -> tuple[IOTable | None, Event | None]:
    """A kept table, or none; a damaged entry is removed, and an event says so.

    Checksums of the archive and the checks of :class:`IOTable` are applied to what is read.
    """
    place = folder()
    path = None if place is None else place / f"{entry}.npz"
    if path is None or not path.is_file():
        return None, None
    try:
        return read_table(path), None
    except DataError as error:
        _remove(path)
        message = f"a kept table was damaged and is parsed again ({error.message.removeprefix(f'{path}: ')[:120]})"
        return None, Event("warning", message, detail={"entry": str(path)})


def keep(entry: str, table: IOTable) -> Event | None:
    """Write a table aside, then rename; an event where the folder cannot be written."""
    place = folder()
    if place is None:
        return None
    try:
        place.mkdir(parents=True, exist_ok=True)
        write_table(table, place / f"{entry}.npz")
    except (OSError, OutputError) as error:
        return Event("warning", f"the parsed table is not kept: {getattr(error, 'message', None) or error}")
    return None


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
