"""What the XML of an .xlsx sheet says beyond its values: errors of formulas, and formulas that were never computed."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.etree import ElementTree

from econloom.core.errors import DataError
from econloom.data.readers.compound import MAGIC

_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


def odd_cells(path: Path, sheet: str) -> tuple[dict[tuple[int, int], str], list[str]]:
    """Errors by row and column from 0, and the places of formulas without a value."""
    try:
        with zipfile.ZipFile(path) as archive:
            part = _part(archive, sheet)
            content = archive.read(part) if part else b""
            if b't="e"' not in content and b"<f" not in content and b":f" not in content and b"t='e'" not in content:
                return {}, []
            return _scan(content)
    except (
        zipfile.BadZipFile,
        KeyError,
        ElementTree.ParseError,
        OSError,
        EOFError,
        ValueError,
        NotImplementedError,
    ) as error:
        raise DataError(f"{path}: cannot be read: {error}", hint="is the file damaged?") from error


def _part(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The file in the archive that holds a sheet."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for entry in book.iter():
        if entry.tag.rsplit("}", 1)[-1] == "sheet" and entry.get("name") == sheet:
            target = targets.get(entry.get(_RELATION) or entry.get(_STRICT_RELATION), "")
            return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    return None


def _scan(content: bytes) -> tuple[dict[tuple[int, int], str], list[str]]:
    errors: dict[tuple[int, int], str] = {}
    uncomputed: list[str] = []
    for cell in ElementTree.fromstring(content).iter():
        if cell.tag.rsplit("}", 1)[-1] != "c":
            continue
        parts = {child.tag.rsplit("}", 1)[-1]: child for child in cell}
        place = cell.get("r", "")
        if cell.get("t") == "e" and place:
            errors[position(place)] = (parts["v"].text if "v" in parts else None) or "#N/A"
        elif (
            "f" in parts
            and "is" not in parts
            and ("v" not in parts or parts["v"].text is None)
            and cell.get("t") != "str"
        ):
            uncomputed.append(place)
    return errors, uncomputed


def position(place: str) -> tuple[int, int]:
    """``C12`` as row and column from 0."""
    letters = "".join(c for c in place if c.isalpha()).upper()
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(place[len(letters) :]) - 1, column - 1


def letters(column: int) -> str:
    """The letters of a column from 0: ``A``, ``AB``."""
    made = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        made = chr(65 + rest) + made
    return made


def is_compound(path: Path) -> bool:
    """Whether a file is an OLE compound file: an .xls, or an encrypted .xlsx."""
    with path.open("rb") as stream:
        return stream.read(8) == MAGIC
