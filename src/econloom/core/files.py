"""Files replaced whole: a reader sees the old one or the new one, never half of it."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Write a file aside, then rename it; nothing is left beside it when that fails.

    Raises
    ------
    OSError, ValueError
        The folder is missing or not writable, or the name is not possible.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        aside.write_bytes(content)
        aside.replace(path)
    finally:
        with suppress(OSError, ValueError):
            aside.unlink()


def digest(path: Path) -> str:
    """SHA-256 of a file, or of a folder's files by name and content (hidden files and README left out).

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    OSError
    """
    if path.is_file():
        return _of_file(path)
    whole = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        inside = file.relative_to(path)
        if file.name.startswith("README") or any(part.startswith(".") for part in inside.parts):
            continue
        whole.update(f"{inside.as_posix()} {_of_file(file)}\n".encode())
    return whole.hexdigest()


def _of_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
