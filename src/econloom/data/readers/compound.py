"""Old Excel files from inside: passwords, and the formula errors that the reader of values does not show."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
_BOUND_SHEET, _FILE_PASS, _END, _FORMULA, _TRUTH_OR_ERROR = 0x85, 0x2F, 0x0A, 0x06, 0x205
_LAST = 0xFFFFFFFA  # sector numbers above it mark ends and holes


def has_password(path: Path) -> bool:
    """Whether a workbook of either format is encrypted: a compound file with an encrypted package, or FILEPASS."""
    content = path.read_bytes()
    if not content.startswith(MAGIC):
        return False
    if _ENCRYPTED in content:
        return True
    return any(kind == _FILE_PASS for kind, _ in _records(_workbook(content), 0))


def formula_errors(path: Path, sheet: str) -> dict[tuple[int, int], str]:
    """Cells of a sheet of an .xls file that hold an error, by row and column from 0 ([MS-XLS] 2.4.127, 2.4.24)."""
    book = _workbook(path.read_bytes())
    start = next((at for at, name in _sheets(book) if name == sheet), None)
    found: dict[tuple[int, int], str] = {}
    if start is None:
        return found
    for kind, data in _records(book, start):
        if kind == _FORMULA and len(data) >= 14 and data[12:14] == b"\xff\xff" and data[6] == 2:
            row, column = struct.unpack_from("<HH", data)
            found[row, column] = _ERRORS.get(data[8], "#N/A")
        elif kind == _TRUTH_OR_ERROR and len(data) >= 8 and data[7] == 1:
            row, column = struct.unpack_from("<HH", data)
            found[row, column] = _ERRORS.get(data[6], "#N/A")
    return found


def _sheets(book: bytes) -> Iterator[tuple[int, str]]:
    for kind, data in _records(book, 0):
        if kind == _BOUND_SHEET and len(data) >= 8:
            (at,) = struct.unpack_from("<I", data)
            wide = data[7] & 1
            raw = data[8 : 8 + data[6] * (2 if wide else 1)]
            yield at, raw.decode("utf-16-le" if wide else "latin1", errors="replace")


def _records(book: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Records of one substream, to its end."""
    at = start
    while at + 4 <= len(book):
        kind, size = struct.unpack_from("<HH", book, at)
        yield kind, book[at + 4 : at + 4 + size]
        at += 4 + size
        if kind == _END:
            return


def _workbook(content: bytes) -> bytes:
    """The stream ``Workbook`` of a compound file ([MS-CFB]); empty where there is none or the file is damaged."""
    try:
        return _stream(content, ("Workbook", "Book"))
    except (struct.error, IndexError, OverflowError):
        return b""


def _stream(content: bytes, names: tuple[str, ...]) -> bytes:
    size = 1 << struct.unpack_from("<H", content, 30)[0]
    directory_start, cutoff = struct.unpack_from("<I", content, 48)[0], struct.unpack_from("<I", content, 56)[0]
    mini_start = struct.unpack_from("<I", content, 60)[0]
    table = _allocation(content, size)
    directory = _chain(content, table, directory_start, size)
    entries = [directory[n : n + 128] for n in range(0, len(directory), 128)]
    root = entries[0]
    for entry in entries:
        length = struct.unpack_from("<H", entry, 64)[0]
        if entry[: max(0, length - 2)].decode("utf-16-le", errors="replace") not in names:
            continue
        start, total = struct.unpack_from("<II", entry, 116)
        if total >= cutoff:
            return _chain(content, table, start, size)[:total]
        small = _chain(content, table, struct.unpack_from("<I", root, 116)[0], size)
        raw = _chain(content, table, mini_start, size)
        return _chain(small, struct.unpack(f"<{len(raw) // 4}I", raw), start, 64, header=0)[:total]
    return b""


def _allocation(content: bytes, size: int) -> tuple[int, ...]:
    """The table of next sectors."""
    places = [p for p in struct.unpack_from("<109I", content, 76) if p < _LAST]
    more = struct.unpack_from("<I", content, 68)[0]
    for _ in range(len(content) // size):
        if more >= _LAST:
            break
        block = struct.unpack_from(f"<{size // 4}I", content, (more + 1) * size)
        places += [p for p in block[:-1] if p < _LAST]
        more = block[-1]
    raw = b"".join(content[(p + 1) * size : (p + 2) * size] for p in places)
    return struct.unpack(f"<{len(raw) // 4}I", raw[: len(raw) // 4 * 4])


def _chain(content: bytes, table: tuple[int, ...], start: int, size: int, header: int = 1) -> bytes:
    parts = []
    sector = start
    for _ in range(len(table)):
        if sector >= _LAST:
            break
        parts.append(content[(sector + header) * size : (sector + header + 1) * size])
        sector = table[sector]
    return b"".join(parts)
