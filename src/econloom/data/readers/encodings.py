"""Which encoding bytes are written in: said, or refused with the candidates; never guessed in silence."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from econloom.core.errors import DataError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_RUNS = re.compile(rb"[\x81-\xfe]+")  # 80 and ff are no part of a character of GB 2312
_GB2312 = re.compile(rb"(?:[\xa1-\xf7][\xa1-\xfe])+\Z")
_CLEAR = 0.85  # share of the runs of high bytes that must speak for an encoding
SAMPLE = 1 << 20


def detect(sample: bytes) -> str | None:
    """The encoding of a sample of text, where its bytes leave no doubt.

    A byte order mark decides; then zero bytes at every second place (UTF-16); then strict UTF-8; then the runs of
    bytes above 127: whole pairs in the rows of GB 2312 speak for GB18030, single bytes between Latin letters for
    Windows-1252.

    Returns
    -------
    str or None
        None where several encodings would do.
    """
    for mark, name in _BOMS:
        if sample.startswith(mark):
            return name
    if zeros := _zero_bytes(sample):
        return zeros
    if _decodes(sample, "utf-8"):
        return "utf-8"
    runs = _RUNS.findall(sample)
    if mostly_utf8(sample):
        return "utf-8"
    pairs = sum(len(r) for r in runs if _GB2312.match(r))
    total = sum(map(len, runs))
    if pairs >= _CLEAR * total:
        return "gb18030"
    single = sum(1 for r in runs if len(r) == 1)
    if single >= _CLEAR * len(runs) and _decodes(sample, "cp1252"):
        return "cp1252"
    return None


def mostly_utf8(content: bytes) -> bool:
    """Whether bytes that are not UTF-8 are UTF-8 with some damage."""
    text = content.decode("utf-8", errors="replace")
    high = sum(1 for c in text if ord(c) > 127)
    bad = text.count("\ufffd")
    return high > 0 and bad <= 0.2 * high


def candidates(sample: bytes) -> list[str]:
    """Encodings that the sample may be in, the likeliest first."""
    from charset_normalizer import from_bytes

    guessed = [str(match.encoding) for match in from_bytes(sample[: 1 << 16])]
    found = [e for e in guessed if not e.startswith(("utf_16", "utf_32", "utf_7"))]
    common = [e for e in ("gb18030", "big5", "shift_jis", "euc_kr", "cp1251", "cp1252") if _decodes(sample, e)]
    return list(dict.fromkeys([*found[:3], *common]))[:5]


def encoding_of(path: Path, given: str | None) -> str:
    """The encoding of a text file, from its first megabyte; the rest is checked while it is read.

    Raises
    ------
    DataError
        No encoding, or several, fit.
    """
    with path.open("rb") as stream:
        sample = stream.read(SAMPLE)
    if given is not None:
        bom = next((name for mark, name in _BOMS if sample.startswith(mark)), None)
        return bom if bom is not None and codecs.lookup(given).name.startswith(bom[:5]) else given
    found = detect(sample)
    if found is None:
        raise DataError(
            f"{path}: the encoding of the text is not clear",
            hint=f"say encoding: one of {', '.join(candidates(sample))}",
        )
    return found


def decoded(path: Path, encoding: str) -> Iterator[str]:
    """The text of a file, piece by piece, every byte checked.

    Raises
    ------
    DataError
        A byte that the encoding does not have, with its row.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    rows = 1
    with path.open("rb") as stream:
        while True:
            piece = stream.read(SAMPLE)
            try:
                text = decoder.decode(piece, final=not piece)
            except UnicodeDecodeError as error:
                raise bad_byte(path, encoding, error, rows) from None
            rows += text.count("\n")
            if text:
                yield text
            if not piece:
                return


def bad_byte(path: Path, encoding: str, error: UnicodeDecodeError, rows: int = 1) -> DataError:
    """The error for a byte that does not belong, placed by row."""
    before = error.object[: error.start]
    row = rows + before.count(b"\n")
    near = before.rsplit(b"\n", 1)[-1].decode(encoding, errors="replace")[-20:]
    return DataError(
        f"{path}: row {row}: the byte 0x{error.object[error.start]:02x} does not belong in {encoding}"
        + (f", after {near!r}" if near else ""),
        hint="mend the file, or name its encoding: encoding: gb18030",
    )


def _zero_bytes(sample: bytes) -> str | None:
    """UTF-16 without a mark: Latin letters and digits leave zeros at every second byte."""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = max(1, len(sample) // 2)
    if odd > max(2, 0.2 * half) and even < 0.02 * half and _decodes(sample, "utf-16-le"):
        return "utf-16-le"
    if even > max(2, 0.2 * half) and odd < 0.02 * half and _decodes(sample, "utf-16-be"):
        return "utf-16-be"
    return None


def _decodes(sample: bytes, encoding: str) -> bool:
    """Whether a sample, which may end within a character, is in an encoding."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(sample, final=len(sample) < SAMPLE)
    except UnicodeDecodeError:
        return False
    return True
