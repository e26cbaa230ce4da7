"""Zip files whose bytes depend on their content alone."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from econloom.core.errors import OutputError

_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_PACKED = {".zip", ".whl", ".xlsx", ".docx", ".npz", ".gz", ".png", ".jpg", ".parquet"}  # not smaller for being packed


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a zip.

    Attributes
    ----------
    name : str
        Its place inside, with slashes.
    content : bytes or Path
        What is in it, or the file that holds it.
    executable : bool
    """

    name: str
    content: bytes | Path
    executable: bool = False

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size

    def read(self) -> bytes:
        """All of it."""
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()

    def open(self) -> IO[bytes]:
        """A stream of it."""
        return io.BytesIO(self.content) if isinstance(self.content, bytes) else self.content.open("rb")


def zipped(entries: Iterable[Entry]) -> bytes:
    """A zip in memory: sorted names, fixed times and modes.

    Examples
    --------
    >>> zipped([Entry("b", b"2"), Entry("a", b"1")]) == zipped([Entry("a", b"1"), Entry("b", b"2")])
    True
    """
    target = io.BytesIO()
    _fill(target, entries)
    return target.getvalue()


def write(path: Path, entries: Iterable[Entry]) -> None:
    """Write a zip aside, then rename it; nothing is left where that fails.

    Raises
    ------
    OutputError
        The folder cannot be written, the disk is full, or a file to be packed cannot be read.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with aside.open("wb") as target:
            _fill(target, entries)
        aside.replace(path)
    except (OSError, ValueError) as error:
        raise OutputError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}") from error
    finally:
        with suppress(OSError, ValueError):
            aside.unlink()


def _fill(target: IO[bytes], entries: Iterable[Entry]) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        for entry in sorted(entries, key=lambda e: e.name):
            info = zipfile.ZipInfo(entry.name, _TIME)
            info.create_system = _UNIX
            info.external_attr = (0o100755 if entry.executable else 0o100644) << 16
            stored = Path(entry.name).suffix.lower() in _PACKED
            info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            info.file_size = entry.size
            with entry.open() as source, archive.open(info, "w") as inside:
                shutil.copyfileobj(source, inside, 1 << 20)
