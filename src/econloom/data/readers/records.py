"""Records of delimited texts as the csv module sees them: for the first and the last rows, and to say what is wrong."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from econloom.core.errors import DataError, listed
from econloom.data.readers import layout
from econloom.data.readers.layout import Row

TAIL = 1 << 16
NAMES = {",": "','", "\t": "tab", ";": "';'", "|": "'|'", " ": "blank"}
_DELIMITERS = ",\t;|"


def records(text: str, delimiter: str, most: int) -> tuple[list[list[str | None]], list[int]]:
    """The first records of a text with the number of physical lines up to the end of each."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[list[str | None]] = []
    lines: list[int] = []
    try:
        for record in islice(reader, most):
            rows.append([c if c != "" else None for c in record])
            lines.append(reader.line_num)
    except csv.Error:
        pass  # the body is read by polars, which says what is wrong and where
    return rows, lines


def delimiter_of(path: Path, head: str) -> str:
    """The delimiter that splits the first rows into the same number of cells, more than one."""
    scores: dict[str, tuple[float, int]] = {}
    for delimiter in _DELIMITERS:
        counts = [len(r) for r in records(head, delimiter, 100)[0] if not layout.empty_row(r)]
        usual, often = Counter(c for c in counts if c > 1).most_common(1)[0] if any(c > 1 for c in counts) else (1, 0)
        if usual > 1:
            scores[delimiter] = (often / len(counts), usual)
    if not scores:
        return ","
    best = max(scores, key=lambda d: scores[d])
    rivals = [d for d in scores if d != best and scores[d][0] >= scores[best][0] and scores[d][0] > 0.8]
    if rivals and scores[rivals[0]][1] * 2 > scores[best][1]:
        names = ", ".join(NAMES[d] for d in (best, *rivals))
        raise DataError(f"{path}: the delimiter is not clear: {names} all fit", hint="say delimiter: ','")
    return best


def width_of(rows: Sequence[Row]) -> int:
    """Cells of the usual row; titles and notes have fewer, a header may have more."""
    filled = [len(r) for r in rows if not layout.empty_row(r)]
    counts = Counter(filled)
    often = max(counts.values())
    return max((w for w, c in counts.items() if c >= max(2, often // 2)), default=filled[0])


def tail_of(path: Path, encoding: str) -> str:
    """The end of a text."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        start = max(0, size - TAIL)
        start -= start % 4
        stream.seek(start)
        content = stream.read()
    if start == 0:
        return content.decode(encoding, errors="replace")
    wide = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(encoding, encoding)
    text = content.decode("utf-8" if wide == "utf-8-sig" else wide, errors="replace")
    return text[text.find("\n") + 1 :]


def lines_of(text: str) -> list[str]:
    """Physical lines, whatever ends them."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def uneven_rows(source: bytes | Path, lines: int, delimiter: str, width: int, where: str) -> DataError | None:
    """The error that names rows with another number of cells than the table, or a quotation mark never closed."""
    bad: list[tuple[int, int]] = []
    row = lines
    with _text(source) as stream:
        for _ in range(lines):
            next(stream, None)
        reader = csv.reader(stream, delimiter=delimiter, strict=True)
        try:
            for record in reader:
                if record and len(record) != width and (len(record) > 1 or record[0].strip()):
                    bad.append((row + 1, len(record)))
                row = lines + reader.line_num
                if len(bad) > 5:
                    break
        except csv.Error as error:
            hint = "mend the quotation marks of this row"
            return DataError(f"{where}: row {row + 1}: a quotation mark is out of place ({error})", hint=hint)
        except UnicodeDecodeError:
            return None
    if not bad:
        return None
    shown = listed(f"row {r} has {n}" for r, n in bad[:5])
    more = " and more" if len(bad) > 5 else ""
    return DataError(
        f"{where}: rows with another number of cells than the {width} columns of the table: {shown}{more}",
        hint="mend these rows; notes below a table are cut when they start with 注, 资料来源, Source …",
    )


def _text(source: bytes | Path) -> io.TextIOBase:
    if isinstance(source, bytes):
        return io.StringIO(source.decode(), newline="")
    return source.open(newline="", encoding="utf-8")


def count_delimiters(source: bytes | Path, lines: int, delimiter: str) -> int:
    """Delimiters after the header, or -1 where quotation marks make the count meaningless."""
    count, mark = 0, delimiter.encode()
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
        for _ in range(lines):
            stream.readline()
        while piece := stream.read(1 << 22):
            if b'"' in piece:
                return -1
            count += piece.count(mark)
    return count
