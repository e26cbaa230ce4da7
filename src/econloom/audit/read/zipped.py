"""Office files: zip archives that are opened within bounds, and XML without entities."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

from econloom.audit.read.text import read_bytes
from econloom.core.errors import DataError

MOST_ARCHIVE = 100_000_000  # bytes of the file
MOST_PART = 100_000_000  # bytes of one part, unpacked
MOST_RATIO = 200  # unpacked over packed, beyond which a large part is a bomb
_LARGE = 10_000_000
_ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip archive whose parts are read one by one, each up to ``MOST_PART``."""

    path: str
    zip: zipfile.ZipFile

    @classmethod
    def open(cls, path: Path) -> Archive:
        """Open an office file.

        Raises
        ------
        DataError
            It is encrypted, of the old binary format, damaged, or too large.
        """
        content = read_bytes(path, MOST_ARCHIVE)
        if content.startswith(_ENCRYPTED):
            raise DataError(f"{path}: encrypted, or of the old binary format",
                            hint="remove the password and save it in the present format")  # fmt: skip
        try:
            return cls(str(path), zipfile.ZipFile(BytesIO(content)))
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise DataError(f"{path}: damaged: {error}", hint="open and save it again") from error

    @property
    def names(self) -> list[str]:
        """The parts of the archive."""
        return self.zip.namelist()

    def read(self, name: str) -> bytes:
        """A part, unpacked.

        Raises
        ------
        DataError
            It is absent, damaged, encrypted, or unpacks to more than a table needs.
        """
        try:
            info = self.zip.getinfo(name)
        except KeyError as error:
            raise DataError(f"{self.path}: damaged: it has no {name}") from error
        if info.flag_bits & 1:
            raise DataError(f"{self.path}: encrypted", hint="remove the password")
        bomb = info.file_size > _LARGE and info.file_size > MOST_RATIO * max(1, info.compress_size)
        if info.file_size > MOST_PART or bomb:
            raise DataError(f"{self.path}: {name} unpacks to {info.file_size:,} bytes; refused")
        try:
            with self.zip.open(info) as part:
                content = part.read(MOST_PART + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError) as error:
            raise DataError(f"{self.path}: damaged: {name}: {error}", hint="open and save it again") from error
        if len(content) > MOST_PART:
            raise DataError(f"{self.path}: {name} unpacks to more than it says; refused")
        return content

    def xml(self, name: str) -> ElementTree.Element:
        """A part as XML; one with a document type is refused, so that no entity is ever expanded.

        Raises
        ------
        DataError
            It declares a document type or entities, or is damaged.
        """
        return parsed(self.read(name), f"{self.path}: {name}")


def parsed(content: bytes, where: str) -> ElementTree.Element:
    """XML without a document type.

    Raises
    ------
    DataError
        It declares a document type or entities, or is not well formed.
    """
    plain = (
        content.replace(b"\x00", b"")
        if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in content[:64]
        else content
    )
    if _DOCTYPE.search(plain):
        raise DataError(f"{where}: declares a document type or entities; refused")
    try:
        return ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise DataError(f"{where}: damaged: {error}", hint="open and save it again") from error


def local(tag: object) -> str:
    """The name of an element without its namespace; empty for comments."""
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""


def children(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """Direct children of a name in any namespace."""
    return (c for c in element if local(c.tag) == name)


def attribute(element: ElementTree.Element | None, name: str) -> str | None:
    """An attribute in any namespace."""
    if element is None:
        return None
    return next((v for k, v in element.attrib.items() if local(k) == name), None)
