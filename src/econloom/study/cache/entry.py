"""One entry of the cache: a header, what is known of the step, and its value, each with its checksum."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

MAGIC = b"econloom value 1\n"
SUFFIX = ".value"
_LONGEST_HEADER = 1 << 20


class DamagedError(Exception):
    """An entry that cannot be used; its text says why."""


@dataclass(frozen=True)
class Header:
    """What an entry says of itself.

    Attributes
    ----------
    about : mapping
        digest, kind, name, study, made (seconds since 1970), seconds, python, libraries, needs.
    start : int
        Where the facts begin in the file.
    facts, value : tuple of (int, str)
        Length and SHA-256 of the two sections.
    """

    about: Mapping[str, Any]
    start: int
    facts: tuple[int, str]
    value: tuple[int, str]

    @property
    def size(self) -> int:
        """Of the whole file."""
        return self.start + self.facts[0] + self.value[0]


def write(path: Path, about: Mapping[str, Any], facts: bytes, value: bytes) -> None:
    """Write an entry aside, then rename it: a reader sees a whole one or none.

    Raises
    ------
    OSError
    """
    said = {
        "about": dict(about),
        "facts": [len(facts), hashlib.sha256(facts).hexdigest()],
        "value": [len(value), hashlib.sha256(value).hexdigest()],
    }
    text = json.dumps(said, ensure_ascii=False).encode()
    line = b"%d %s\n" % (len(text), hashlib.sha256(text).hexdigest().encode())
    aside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with aside.open("wb") as file:
            for part in (MAGIC, line, text, facts, value):
                file.write(part)
        aside.replace(path)
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def read_header(file: BinaryIO) -> Header:
    """The header of an open entry.

    Raises
    ------
    DamagedError
        Another file, or one that was changed or cut off.
    """
    if file.read(len(MAGIC)) != MAGIC:
        raise DamagedError("not an entry of this cache")
    line = file.readline(100)
    try:
        length, digest = line.decode().split()
        size = int(length)
    except ValueError as error:
        raise DamagedError("the header is damaged") from error
    text = file.read(size) if 0 < size < _LONGEST_HEADER else b""
    if len(text) != size or hashlib.sha256(text).hexdigest() != digest:
        raise DamagedError("the header is damaged")
    said = json.loads(text)
    start = len(MAGIC) + len(line) + size
    return Header(said["about"], start, tuple(said["facts"]), tuple(said["value"]))


def header(path: Path) -> Header:
    """The header of an entry.

    Raises
    ------
    DamagedError, FileNotFoundError
    """
    try:
        with path.open("rb") as file:
            found = read_header(file)
            if os.fstat(file.fileno()).st_size != found.size:
                raise DamagedError("cut off" if os.fstat(file.fileno()).st_size < found.size else "longer than it says")
            return found
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DamagedError(f"cannot be read: {error.strerror or error}") from error


def sections(path: Path, value: bool = True) -> tuple[Header, bytes, bytes]:
    """Header, facts and value of an entry, proved by their checksums; an empty value where it is not wanted.

    Raises
    ------
    DamagedError, FileNotFoundError
    """
    found = header(path)
    try:
        with path.open("rb") as file:
            file.seek(found.start)
            facts = _proved(file, found.facts, "what is known of the step")
            return found, facts, _proved(file, found.value, "the value") if value else b""
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DamagedError(f"cannot be read: {error.strerror or error}") from error


def prove(path: Path) -> Header:
    """Read an entry through and compare its checksums, without holding it.

    Raises
    ------
    DamagedError, FileNotFoundError
    """
    found, _, _ = sections(path, value=False)
    whole = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(found.start + found.facts[0])
        while part := file.read(1 << 20):
            whole.update(part)
    if whole.hexdigest() != found.value[1]:
        raise DamagedError("the value is not the one that was written (wrong checksum)")
    return found


def _proved(file: BinaryIO, expected: tuple[int, str], what: str) -> bytes:
    content = file.read(expected[0])
    if len(content) != expected[0] or hashlib.sha256(content).hexdigest() != expected[1]:
        raise DamagedError(f"{what} is not the one that was written (wrong checksum)")
    return content
