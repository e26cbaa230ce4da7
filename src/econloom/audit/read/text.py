"""Text files of any usual encoding, up to a size."""

from __future__ import annotations

from pathlib import Path

from econloom.core.errors import DataError

MOST_BYTES = 20_000_000
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """The bytes of a file.

    Raises
    ------
    DataError
        It cannot be read or is larger than ``most``.
    """
    try:
        size = path.stat().st_size
        if size > most:
            raise DataError(f"{path}: {size:,} bytes, too large for a file of printed tables")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error


def read_text(path: Path) -> str:
    """A text file in UTF-8, UTF-16 with its mark, or GB 18030.

    Raises
    ------
    DataError
        It cannot be read, or is no text.
    """
    return decoded(read_bytes(path), str(path))


def decoded(content: bytes, path: str) -> str:
    """Bytes as text; ``path`` is for messages.

    Raises
    ------
    DataError
        In none of the encodings, or with zero bytes, which no text has.
    """
    named = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    for encoding in (named,) if named else ("utf-8", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text
    raise DataError(f"{path}: not a text file", hint="save it as UTF-8")
