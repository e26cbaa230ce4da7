"""Texts with a delimiter: encoding, delimiter, header and notes found, then the body read by polars."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from econloom.core.errors import DataError, listed
from econloom.data.readers import cells, encodings, layout, records
from econloom.data.readers.files import reason
from econloom.data.readers.labelling import labels_of
from econloom.data.readers.layout import Header, Row
from econloom.data.readers.options import Options
from econloom.data.readers.report import Places, Reading, Remark, counted

SMALL = 64 << 20  # bytes; larger texts are never held in memory as a whole
HEAD = 1 << 18
_SAMPLE_ROWS = 500


@dataclass(frozen=True)
class _Plan:
    """What was found out about a text before its body is read."""

    path: Path
    encoding: str
    delimiter: str
    header: Header
    lines: int  # of the text before the body
    width: int
    sample: tuple[Row, ...]  # first rows of the body
    cut: int  # physical lines of notes at the end
    remarks: tuple[Remark, ...]

    @property
    def names(self) -> list[str]:
        """Names of the columns that have one."""
        return [n for n in self.header.names if n is not None]


def names_of(path: Path, options: Options) -> list[str]:
    """Names of a text's columns, from its first rows."""
    return _plan(path, options).names


def read(path: Path, options: Options, columns: Sequence[str] | None = None) -> Reading:
    """Read a text.

    Parameters
    ----------
    columns : sequence of str, optional
        Only these; the others are not kept in memory.

    Raises
    ------
    DataError
        A byte that is not of the encoding, rows of another length than the header, numbers and texts in one column.
    """
    plan = _plan(path, options)
    wanted = plan.names if columns is None else [n for n in plan.names if n in set(columns)]
    with _source(plan) as source:
        raw = _body(plan, source, wanted)
    numbers = _Rows(raw, plan)
    raw, said = numbers.without_blank_rows()
    if raw.height == 0:
        raise DataError(f"{path}: 0 rows below the header")
    places = Places(str(path), numbers.row)
    made, remarks = [], [*plan.remarks, *said]
    for name in wanted:
        parsed = cells.parse(raw[name], places, options.types.get(name), options.missing, options.decimal)
        made.append(parsed.values)
        remarks += parsed.remarks
    settings = {"encoding": plan.encoding, "delimiter": plan.delimiter}
    if plan.header.rows != (0,):
        settings["header"] = [r + 1 for r in plan.header.rows]  # type: ignore[assignment]
    labels, units = labels_of(plan.header, wanted)
    return Reading(pl.DataFrame(made), path, tuple(remarks), labels, units, settings=settings)


def _plan(path: Path, options: Options) -> _Plan:
    encoding = encodings.encoding_of(path, options.encoding)
    head = _head(path, encoding)
    delimiter = options.separator or records.delimiter_of(path, head)
    rows, lines = records.records(head, delimiter, _SAMPLE_ROWS)
    if not rows or all(layout.empty_row(r) for r in rows):
        raise DataError(f"{path}: the file is empty: nothing but blanks")
    width = records.width_of(rows)
    padded = [[*r, *[None] * (width - len(r))] for r in rows]
    header = layout.find_header(padded, width, str(path), options.header)
    header = _with_width(path, header, rows, width)
    before = lines[header.body - 1] if header.body else 0
    cut, notes = (0, ()) if options.notes == "keep" else _notes(path, encoding, delimiter, width, header.body)
    what = [
        Remark("file", f"encoding {encoding}"),
        Remark("file", f"delimiter {records.NAMES.get(delimiter, delimiter)}"),
    ]
    sample = tuple(padded[header.body : max(header.body, len(padded) - cut)])
    return _Plan(path, encoding, delimiter, header, before, width, sample, cut, (*what, *header.remarks, *notes))


def _with_width(path: Path, header: Header, rows: Sequence[Row], width: int) -> Header:
    """Columns without name and content at the right end, as stray delimiters make them, are left out and said."""
    none = [n + 1 for n, name in enumerate(header.names) if name is None]
    if not none:
        return header
    said = Remark("header", f"columns without name and content left out: {listed(none)}")
    return replace(header, remarks=(*header.remarks, said))


def _head(path: Path, encoding: str) -> str:
    """The text, or its first quarter of a megabyte in whole lines."""
    made: list[str] = []
    for piece in encodings.decoded(path, encoding):
        made.append(piece)
        if "\x00" in piece:
            row = "".join(made).split("\x00", 1)[0].count("\n") + 1
            raise DataError(f"{path}: row {row} holds a zero byte", hint="is the file damaged, or UTF-16?")
        if sum(map(len, made)) >= HEAD:
            break
    text = "".join(made)
    if len(text) >= HEAD:
        text = text[: text.rfind("\n") + 1] or text
    return text


def _notes(path: Path, encoding: str, delimiter: str, width: int, body: int) -> tuple[int, tuple[Remark, ...]]:
    """Lines of notes at the end of a text."""
    tail = records.tail_of(path, encoding)
    lines = records.lines_of(tail)
    cut, texts = 0, []
    for line in reversed(lines):
        row = next(iter(csv.reader([line], delimiter=delimiter)), [])
        padded: list[str | None] = [*[c or None for c in row], *[None] * (width - len(row))]
        if layout.empty_row(padded):
            cut += 1
        elif layout.is_note(padded, width) and len(lines) - cut > body:
            cut += 1
            texts.append(" ".join(c.strip() for c in row if c.strip()))
        else:
            break
    if not texts:
        return 0, ()
    said = tuple(Remark("notes", f"below the table, cut: {t[:80]!r}") for t in reversed(texts))
    return cut, said


@contextmanager
def _source(plan: _Plan) -> Iterator[bytes | Path]:
    """The text as UTF-8 without notes: the file itself where it is that already, else a copy, on disk when large."""
    plain = plan.encoding in ("utf-8", "utf-8-sig", "ascii") and plan.cut == 0
    small = plan.path.stat().st_size <= SMALL
    if plain and not small:
        yield plan.path
    elif small:
        yield _normal("".join(encodings.decoded(plan.path, plan.encoding)), plan.cut)
    else:
        with tempfile.TemporaryDirectory(prefix="econloom-") as folder:
            copy = Path(folder) / "text.csv"
            _copy(plan, copy)
            yield copy


def _normal(text: str, cut: int) -> bytes:
    lines = records.lines_of(text.removeprefix("\ufeff"))
    return "\n".join([*lines[: len(lines) - cut], ""] if cut else lines).encode()


def _copy(plan: _Plan, target: Path) -> None:
    """A large text in UTF-8, written piece by piece; lines of notes at its end left off."""
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    with target.open("wb") as stream:
        for piece in encodings.decoded(plan.path, plan.encoding):
            stream.write(newlines.decode(piece).removeprefix("\ufeff").encode())
        size = stream.tell()
    if plan.cut == 0:
        return
    with target.open("rb+") as stream:
        start = max(0, size - 2 * records.TAIL)
        stream.seek(start)
        lines = stream.read().split(b"\n")
        stream.truncate(start + len(b"\n".join(lines[: len(lines) - plan.cut])) + 1)


def _body(plan: _Plan, source: bytes | Path, wanted: Sequence[str]) -> pl.DataFrame:
    """The body: plain decimal columns as numbers, all others as texts."""
    named = [n if n is not None else f"\x00{k}" for k, n in enumerate(plan.header.names)]
    quick = {n: pl.Float64 if _decimals(plan.sample, k) else pl.String for k, n in enumerate(named)}
    keep = [*wanted, *(n for n in named if n.startswith("\x00"))]
    last = named[-1] if named[-1] not in keep else None
    use = [*keep, *([last] if last else [])]
    try:
        frame = _parsed(plan, source, quick, use)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        frame = _slowly(plan, source, named, use)
    if plan.width > 1 and frame[named[-1]].null_count():
        _refuse_short_rows(plan, source, frame.height)
    _refuse_nameless(plan, frame, keep)
    return frame.select(wanted)


def _parsed(
    plan: _Plan, source: bytes | Path, schema: Mapping[str, type[pl.DataType]], use: Sequence[str]
) -> pl.DataFrame:
    lazy = pl.scan_csv(
        io.BytesIO(source) if isinstance(source, bytes) else source,
        has_header=False,
        skip_lines=plan.lines,
        separator=plan.delimiter,
        schema=schema,
        low_memory=not isinstance(source, bytes),
        glob=False,
    )
    return lazy.select(use).collect(engine="in-memory" if isinstance(source, bytes) else "streaming")


def _slowly(plan: _Plan, source: bytes | Path, named: Sequence[str], use: Sequence[str]) -> pl.DataFrame:
    """All cells as texts; where that fails, too, the error says at which row."""
    try:
        return _parsed(plan, source, dict.fromkeys(named, pl.String), use)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        for _ in encodings.decoded(plan.path, plan.encoding):
            pass  # a byte that is not of the encoding is said with its row
        raise _uneven(plan, source) or DataError(
            f"{plan.path}: cannot be read: {reason(error)}", hint="is the file damaged or of another kind?"
        ) from error


def _refuse_short_rows(plan: _Plan, source: bytes | Path, height: int) -> None:
    """A row with too few cells would be filled with missing values: an error with its place."""
    if records.count_delimiters(source, plan.lines, plan.delimiter) != height * (plan.width - 1):
        error = _uneven(plan, source)
        if error is not None:
            raise error


def _uneven(plan: _Plan, source: bytes | Path) -> DataError | None:
    return records.uneven_rows(source, plan.lines, plan.delimiter, plan.width, str(plan.path))


def _decimals(sample: Sequence[Row], column: int) -> bool:
    """Whether the sampled cells of a column are numbers with decimals, so that no code is among them."""
    filled = [c for c in (r[column] for r in sample) if c is not None]
    return bool(filled) and any("." in str(c) for c in filled) and all(_plain_number(str(c)) for c in filled)


def _plain_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return not text.strip().lower().lstrip("+-").startswith(("n", "i", "00")) and "_" not in text


def _refuse_nameless(plan: _Plan, frame: pl.DataFrame, keep: Sequence[str]) -> None:
    for name in keep:
        if name.startswith("\x00") and frame[name].null_count() < frame.height:
            raise DataError(
                f"{plan.path}: column {int(name[1:]) + 1} has cells but no name in the header",
                hint="name it in the file, or say header: the row number",
            )


class _Rows:
    """Rows of a body and where they stand in the file."""

    def __init__(self, frame: pl.DataFrame, plan: _Plan) -> None:
        self.frame = frame
        self.before = plan.lines
        self.kept: pl.Series | None = None

    def without_blank_rows(self) -> tuple[pl.DataFrame, list[Remark]]:
        if min((c.null_count() for c in self.frame.iter_columns()), default=0) == 0:
            return self.frame, []
        blank = self.frame.select(pl.all_horizontal(pl.all().is_null()))[:, 0]
        if not blank.any():
            return self.frame, []
        self.kept = (~blank).arg_true()
        count = int(blank.sum())
        last = self.kept[-1] if self.kept.len() else -1
        inner = [int(r) for r in blank.arg_true().head(30) if r < last]
        said = [
            Remark(
                "rows",
                f"{counted(count, 'blank row')} left out",
                None,
                count,
                tuple(f"row {self.before + r + 1}" for r in inner),
            )
        ]
        return self.frame.filter(~blank), said if inner else []

    def row(self, row: int) -> int:
        return self.before + 1 + (row if self.kept is None else int(self.kept[row]))
