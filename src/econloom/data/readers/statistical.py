"""Stata and SPSS files: strings in the right encoding, labels, codes with their texts, kinds of missing values."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from econloom.core.errors import DataError, UsageError, did_you_mean, listed
from econloom.core.labels import Label
from econloom.data.readers import encodings
from econloom.data.readers.files import guarded
from econloom.data.readers.labelling import as_label
from econloom.data.readers.options import Options
from econloom.data.readers.report import Places, Reading, Remark, counted
from econloom.data.readers.whole import whole_numbers

UNICODE_SINCE = 118  # version of .dta files; older ones do not say their encoding
_RAW = "LATIN1"  # one character a byte, so that the bytes can be had back


_ODD_END = re.compile(rb"(?<![\x80-\xff])((?:[\x80-\xff]{2})*)[\x80-\xff]\Z")  # the half of a character


@dataclass(frozen=True)
class _File:
    """A file's columns and what it says of them, with all texts decoded."""

    columns: Mapping[str, list[Any]]
    labels: Mapping[str, str]
    value_labels: Mapping[str, Mapping[Any, str]]
    types: Mapping[str, str]
    formats: Mapping[str, str]
    coded_missing: Mapping[str, Any]
    ranges: Mapping[str, Any]
    remarks: tuple[Remark, ...]


def names_of(path: Path, options: Options) -> list[str]:
    """Names of the columns that :func:`read` gives, from the head of the file."""
    return _named(_load(path, options, None, rows=False), options, path)


def read(path: Path, options: Options, columns: Sequence[str] | None = None) -> Reading:
    """Read a Stata (.dta, versions 104 to 119) or SPSS (.sav, .zsav) file.

    Raises
    ------
    DataError
        A version that is not read, texts of an unclear encoding, 0 rows.
    """
    file = _load(path, options, None, rows=True)
    height = len(next(iter(file.columns.values()), []))
    if height == 0:
        raise DataError(f"{path}: 0 rows")
    made: dict[str, pl.Series] = {}
    remarks = list(file.remarks)
    for name in file.columns:
        values, kinds, said = _column(file, name, path)
        remarks += said
        made |= _with_texts(file, name, values, options, remarks)
        if name in options.keep_missing:
            made[f"{name}_missing"] = kinds.alias(f"{name}_missing")
    wanted = _named(file, options, path)
    if columns is not None:
        wanted = [n for n in wanted if n in set(columns)]
    labels: dict[str, Label] = {n: as_label(t) for n, t in file.labels.items() if n in made}
    for name in file.value_labels:
        if f"{name}_label" in made and name in labels:
            labels[f"{name}_label"] = labels[name]
    texts = {n: v for n, v in file.value_labels.items() if n in made}
    return Reading(pl.DataFrame([made[n] for n in wanted]), path, tuple(remarks), labels, value_labels=texts)


def _named(file: _File, options: Options, path: Path) -> list[str]:
    names: list[str] = []
    for name in options.keep_missing:
        if name not in file.types:
            raise UsageError(f"keep_missing: no column {name!r}{did_you_mean(name, file.types)}")
    for name in file.types:
        names.append(name)
        if options.value_labels == "both" and file.value_labels.get(name):
            names.append(f"{name}_label")
        if name in options.keep_missing:
            names.append(f"{name}_missing")
    twice = [n for n in names if names.count(n) > 1]
    if twice:
        hint = "say value_labels: codes, or value_labels: texts"
        raise DataError(
            f"{path}: a column of the file is called {twice[0]!r}, as the texts of codes would be", hint=hint
        )
    return names


def _load(path: Path, options: Options, columns: Sequence[str] | None, rows: bool) -> _File:
    stata = path.suffix.lower() == ".dta"
    version = _stata_version(path) if stata else None
    read = _reader(path, stata, rows)
    encoding: str | None = None
    said: tuple[Remark, ...] = ()
    if stata:
        said = (Remark("file", f"Stata file of version {version}"),)
    if (version is not None and version < UNICODE_SINCE) or options.encoding is not None:
        found = read(_RAW)
    else:
        try:
            found = read(None)
            return _assembled(found, lambda text: text, said)
        except DataError as error:
            if "convert string" not in error.message:
                raise
        found = read(_RAW)
    encoding = options.encoding or _encoding(path, _texts(found))
    if encoding is None:
        return _assembled(found, lambda text: text, said)
    decoder = _Decoder(path, encoding)
    file = _assembled(found, decoder, said)
    return _File(**{**_fields(file), "remarks": (*said, *decoder.remarks(options.encoding is None))})


def _fields(file: _File) -> dict[str, Any]:
    return {name: getattr(file, name) for name in _File.__dataclass_fields__}


def _reader(path: Path, stata: bool, rows: bool) -> Callable[[str | None], tuple[Any, Any]]:
    import pyreadstat

    def read(encoding: str | None) -> tuple[Any, Any]:
        function = pyreadstat.read_dta if stata else pyreadstat.read_sav
        try:
            return guarded(
                path,
                lambda: function(
                    str(path), metadataonly=not rows, user_missing=True, output_format="dict", encoding=encoding
                ),
            )
        except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as error:
            raise DataError(
                f"{path}: cannot be read: {str(error)[:200]}", hint="is the file damaged or of another kind?"
            ) from error

    return read


def _stata_version(path: Path) -> int:
    with path.open("rb") as stream:
        head = stream.read(64)
    tag = b"<stata_dta><header><release>"
    version = (
        int(head[len(tag) : len(tag) + 3])
        if head.startswith(tag) and head[len(tag) : len(tag) + 3].isdigit()
        else head[0]
    )
    known = {104, 105, 108, 110, 111, 113, 114, 115, 117, 118, 119}
    if version in known:
        return version
    if version in (102, 103):
        what, hint = "a Stata file of before 1995", "open it in Stata and save it again"
    elif version in (120, 121):
        what, hint = "a Stata 18 file with alias variables", "in Stata: fralias remove, or save the frame without them"
    else:
        raise DataError(
            f"{path}: no Stata file (it starts with {head[:8]!r})", hint="is the file damaged or of another kind?"
        )
    raise DataError(f"{path}: {what} (version {version}), which is not read", hint=hint)


def _texts(found: tuple[Any, Any]) -> Iterator[str]:
    """Every text in a file."""
    columns, meta = found
    yield from meta.column_names
    yield from (t for t in meta.column_labels if t)
    for texts in meta.variable_value_labels.values():
        yield from texts.values()
    for name, kind in meta.readstat_variable_types.items():
        if kind == "string" and name in columns:
            yield from (t for t in columns[name] if t)


def _encoding(path: Path, texts: Iterator[str]) -> str | None:
    """The encoding of raw texts; None where all are ASCII."""
    high = [t.encode("latin1") for t in dict.fromkeys(texts) if not t.isascii()]
    if not high:
        return None
    sample = b"\n".join(high)
    found = encodings.detect(sample) or encodings.detect(b"\n".join(_ODD_END.sub(rb"\1", t) for t in high))
    if found is None:
        hint = f"say encoding: one of {', '.join(encodings.candidates(sample))}"
        raise DataError(f"{path}: the encoding of its texts is not clear, and the file does not say it", hint=hint)
    return found


class _Decoder:
    """Decodes raw texts and counts them; a character that Stata's limit of length cut in two is left off."""

    def __init__(self, path: Path, encoding: str) -> None:
        self.path = path
        self.encoding = encoding
        self.count = 0
        self.shortened: list[str] = []
        self.known: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        if text.isascii():
            return text
        self.count += 1
        if text not in self.known:
            self.known[text] = self._decoded(text.encode("latin1"))
        return self.known[text]

    def _decoded(self, raw: bytes) -> str:
        try:
            return raw.decode(self.encoding)
        except UnicodeDecodeError as error:
            if error.start < len(raw) - 3 or error.start == 0:
                raise DataError(
                    f"{self.path}: a text is not {self.encoding}: {raw.decode(self.encoding, errors='replace')[:40]!r}",
                    hint="say encoding: the one of the texts in the file",
                ) from None
            text = raw[: error.start].decode(self.encoding)
            self.shortened.append(text)
            return text

    def remarks(self, detected: bool) -> tuple[Remark, ...]:
        """What was done."""
        how = "which the file does not say" if detected else "as the option says"
        made = [
            Remark("repair", f"{self.count} labels and cells decoded from {self.encoding}, {how}", None, self.count)
        ]
        if self.shortened:
            shown = listed(map(repr, self.shortened), 5)
            words = f"{len(self.shortened)} texts ended within a character, cut before it: {shown}"
            made.append(Remark("repair", words, None, len(self.shortened)))
        return tuple(made)


def _assembled(found: tuple[Any, Any], decode: Callable[[str], str], said: tuple[Remark, ...]) -> _File:
    columns, meta = found
    types = meta.readstat_variable_types
    return _File(
        {
            decode(n): [decode(c) if c else None for c in cells] if types[n] == "string" else cells
            for n, cells in columns.items()
        },
        {decode(n): decode(t) for n, t in meta.column_names_to_labels.items() if t and t.strip()},
        {
            decode(n): {k: decode(t) for k, t in texts.items()}
            for n, texts in meta.variable_value_labels.items()
            if texts
        },
        {decode(n): k for n, k in types.items()},
        {decode(n): f for n, f in meta.original_variable_types.items()},
        {decode(n): v for n, v in meta.missing_user_values.items()},
        {decode(n): v for n, v in meta.missing_ranges.items()},
        said,
    )


def _column(file: _File, name: str, path: Path) -> tuple[pl.Series, pl.Series, list[Remark]]:
    """Values with every kind of missing value null, the kinds themselves, and what is to be said of them."""
    cells = file.columns[name]
    places = Places(str(path))
    kinds: list[str | None] = [None] * len(cells)
    if file.types[name] == "string":
        return pl.Series(name, cells, dtype=pl.String), pl.Series(kinds, dtype=pl.String), []
    if name in file.coded_missing:
        kinds = [f".{c}" if isinstance(c, str) else None for c in cells]
        cells = [None if isinstance(c, str) else c for c in cells]
    for span in file.ranges.get(name, ()):
        low, high = span["lo"], span["hi"]
        inside = [c is not None and not isinstance(c, str) and low <= c <= high for c in cells]
        kinds = [_code(c) if i else k for c, i, k in zip(cells, inside, kinds, strict=True)]
        cells = [None if i else c for c, i in zip(cells, inside, strict=True)]
    texts = {f".{k}" if isinstance(k, str) else _code(k): t for k, t in file.value_labels.get(name, {}).items()}
    said = []
    for kind in sorted({k for k in kinds if k is not None}):
        rows = [r for r, k in enumerate(kinds) if k == kind]
        words = (
            f"{counted(len(rows), 'cell')} {kind}"
            + (f" ({texts[kind]})" if kind in texts else "")
            + " taken as missing"
        )
        said.append(Remark("missing", words, name, len(rows), places.of(name, rows)))
    return _typed(name, cells, file.formats.get(name, "")), pl.Series(kinds, dtype=pl.String), said


def _code(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _typed(name: str, cells: list[Any], form: str) -> pl.Series:
    known = next((c for c in cells if c is not None), None)
    if known is None or isinstance(known, int | float):
        numbers = pl.Series(name, cells, dtype=pl.Float64, strict=False).fill_nan(None)
        return whole_numbers(numbers)
    made = pl.Series(name, cells)
    if made.dtype == pl.Datetime and (made.dt.time() == dt.time(0)).all():
        return made.dt.date()
    return made


def _with_texts(
    file: _File, name: str, values: pl.Series, options: Options, remarks: list[Remark]
) -> dict[str, pl.Series]:
    """A column and the texts of its codes."""
    texts = {
        k: t
        for k, t in file.value_labels.get(name, {}).items()
        if not (isinstance(k, str) and values.dtype.is_numeric())
    }
    if not file.value_labels.get(name) or options.value_labels == "codes":
        return {name: values}
    codes = values.cast(pl.Float64) if values.dtype.is_numeric() else values
    old = pl.Series(list(texts), dtype=codes.dtype, strict=False)
    made = codes.replace_strict(old, list(texts.values()), default=None, return_dtype=pl.String)
    bare = values.filter(made.is_null() & values.is_not_null())
    if bare.len():
        shown = listed(bare.unique().sort().head(20).to_list(), 5)
        words = f"{counted(bare.len(), 'cell')} with codes without a text: {shown}"
        remarks.append(Remark("label", words, name, bare.len()))
    if options.value_labels == "texts":
        remarks.append(Remark("label", f"{len(texts)} codes replaced by their texts", name))
        return {name: made.fill_null(values.cast(pl.String)).alias(name)}
    remarks.append(Remark("label", f"{len(texts)} codes kept, their texts in {name}_label", name))
    return {name: values, f"{name}_label": made.alias(f"{name}_label")}
