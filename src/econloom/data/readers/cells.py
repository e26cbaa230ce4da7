"""Cells written as text to numbers, years and missing values, column by column, with every repair said."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from econloom.core.errors import DataError, listed
from econloom.data.readers.options import Kind
from econloom.data.readers.report import Places, Remark, counted
from econloom.data.readers.whole import leading_zeros, long_digits, whole_years, years_said

# as they stand after stripping, in lower case
PLAIN_MISSING = frozenset({"", ".", "na", "nan"})
MISSING = PLAIN_MISSING | {
    *("-", "--", "—", "——", "–", "―", "－", "…", "……", "...", "..", "⋯", "·", "/", "\\", "*", "×"),
    *(
        "缺失",
        "缺",
        "暂缺",
        "无",
        "无数据",
        "不详",
        "未知",
        "空",
        "#n/a",
        "n/a",
        "n.a.",
        "n.a",
        "null",
        "none",
        "nil",
        "missing",
    ),
}
# in a column of texts these may be names or answers: 无 and 未知 among categories, / and * as marks
_MISSING_TEXTS = PLAIN_MISSING | {
    "-",
    "--",
    "—",
    "——",
    "–",
    "…",
    "……",
    "...",
    "..",
    "缺失",
    "暂缺",
    "无数据",
    "#n/a",
    "n/a",
    "null",
}
FORMULA_ERRORS = ("#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!")
_WIDE_FORMS = {chr(c): chr(c - 0xFEE0) for c in [*range(0xFF10, 0xFF1A), 0xFF0B, 0xFF0C, 0xFF0D, 0xFF0E, 0xFF05]} | {
    "−": "-",
    "‐": "-",
    "﹣": "-",
}
_BLANKS = " \t\r\n\u3000\u00a0\u2002\u2003\u2009\u200b\ufeff"
_THOUSANDS = r"^[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?$"
_INDIAN_OR_WRONG = r"^[+-]?[0-9]+(,[0-9]+)+(\.[0-9]*)?$"
_YEAR = r"^(1[5-9]|20|21)[0-9]{2}年(度)?$"
_SPACED = r"^\p{Han}([ \u3000]+\p{Han})+$"
_MONTH, _DAY = "(?:0?[1-9]|1[0-2])", "(?:[0-2]?[0-9]|3[01])"
_DATE_YEAR = (
    r"^((?:1[5-9]|20|21)[0-9]{2})"
    rf"(?:(?:年.*)?|\.0+|[-/.]{_MONTH}(?:[-/.]{_DAY})?(?:[ T][0-9:.]+)?|(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])?)$"
)
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Parsed:
    """A column with its right type, and what was done to get there."""

    values: pl.Series
    remarks: tuple[Remark, ...]


def parse(
    cells: pl.Series,
    places: Places,
    kind: Kind | None = None,
    missing: Collection[str] = (),
    decimal: str | None = None,
) -> Parsed:
    """Give a column of texts its type.

    Parameters
    ----------
    cells : polars.Series of str
        Null or empty where the file has nothing.
    kind : {"number", "text", "year", "date"}, optional
        Settles what the cells leave open.
    missing : collection of str
        Further marks of missing values.
    decimal : {".", ","}, optional

    Returns
    -------
    Parsed
        Int64 where all cells are whole numbers, Float64, Boolean where all are true or false, or String; digits with
        leading zeros stay texts.

    Raises
    ------
    DataError
        Numbers and texts in one column, formula errors, or cells that are not of the ``kind``: with their places.
    """
    if cells.dtype.is_float() and kind in (None, "number"):
        return _floats(cells)
    cells = cells.set(cells == "", None) if cells.dtype == pl.String else cells.cast(pl.String)
    if cells.null_count() == cells.len():
        return Parsed(cells.cast(pl.Float64 if kind != "text" else pl.String), ())
    work = _Work(cells, places, tuple(m.strip().lower() for m in missing), decimal, kind)
    if kind == "text":
        return work.texts()
    if kind in ("year", "date"):
        return work.dates(kind)
    return work.numbers_or_texts(kind == "number")


def _floats(values: pl.Series) -> Parsed:
    """A column that was read as decimal numbers already."""
    years = whole_years(values)
    return Parsed(values, ()) if years is None else Parsed(years, (years_said(years),))


class _Work:
    """One column on its way: the cells, and those of them that are no plain numbers."""

    def __init__(
        self, cells: pl.Series, places: Places, missing: tuple[str, ...], decimal: str | None, kind: Kind | None
    ) -> None:
        self.name = cells.name
        self.cells = cells
        self.places = places
        self.missing = missing
        self.decimal = decimal
        self.kind = kind
        self.remarks: list[Remark] = []

    def numbers_or_texts(self, only_numbers: bool) -> Parsed:
        direct = self.cells.cast(pl.Float64, strict=False)
        odd = direct.is_null() & self.cells.is_not_null() | direct.is_nan().fill_null(False)
        if not odd.any():
            return self._numbers(direct, None)
        if not only_numbers and direct.null_count() == direct.len() and self._without_digits():
            return self.texts()
        rows = odd.arg_true()
        left = self._examined(self.cells.gather(rows).alias("raw"), rows)
        self._refuse_formula_errors(left)
        numbers = left.filter(pl.col("number").is_not_null())
        texts = left.filter(pl.col("number").is_null() & ~pl.col("missing"))
        plain = self.cells.len() - self.cells.null_count() - left.height
        if texts.height == 0 and plain + numbers.height > 0:
            return self._numbers(direct, left)
        if texts.height == 0:
            self._say_missing(left)
            return Parsed(pl.Series(self.name, [None] * self.cells.len(), dtype=pl.Float64), tuple(self.remarks))
        if only_numbers or plain + numbers.height > 0:
            self._refuse_mixture(texts, plain + numbers.height, only_numbers)
        return self.texts()

    def _examined(self, raw: pl.Series, rows: pl.Series) -> pl.DataFrame:
        """Cells that are no plain numbers, with the number, year or missing value that each may stand for."""
        missing = list(MISSING | set(self.missing))
        tidy = pl.col("raw").str.replace_many(_WIDE_FORMS).str.strip_chars(_BLANKS)
        frame = pl.DataFrame({"raw": raw, "row": rows}).with_columns(tidy.alias("tidy"))
        frame = frame.with_columns(
            pl.col("raw").str.strip_chars(_BLANKS).str.to_lowercase().is_in(missing).alias("missing"),
            pl.col("tidy").str.contains(_THOUSANDS).alias("thousands"),
            pl.col("tidy").str.ends_with("%").alias("percent"),
            pl.col("tidy").str.contains(_YEAR).alias("year"),
        )
        self._refuse_decimal_commas(frame)
        comma = pl.col("tidy").str.replace_all(",", "", literal=True)
        if self.decimal == ",":
            comma = pl.col("tidy").str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        plain = (
            pl.when("year")
            .then(pl.col("tidy").str.slice(0, 4))
            .when(pl.col("thousands") | pl.lit(self.decimal == ","))
            .then(comma)
            .when("percent")
            .then(pl.col("tidy").str.strip_suffix("%").str.strip_chars(_BLANKS))
            .otherwise("tidy")
        )
        frame = frame.with_columns(plain.alias("plain"))
        number = pl.col("plain").cast(pl.Float64, strict=False).fill_nan(None)
        return frame.with_columns(pl.when(~pl.col("missing")).then(number).alias("number"))

    def _refuse_decimal_commas(self, frame: pl.DataFrame) -> None:
        if self.decimal is not None:
            return
        odd = frame.filter(pl.col("tidy").str.contains(_INDIAN_OR_WRONG) & ~pl.col("thousands"))
        if odd.height and odd.height >= _HALF * frame.filter(~pl.col("missing")).height:
            raise self._error(
                f"{counted(odd.height)} with commas that are no thousands commas",
                odd["row"],
                odd["raw"],
                "where the comma is the decimal sign say decimal: ','; "
                f"where they are texts say types: {{{self.name}: text}}",
            )

    def _numbers(self, direct: pl.Series, left: pl.DataFrame | None) -> Parsed:
        """All cells are numbers or missing."""
        plain = self.cells
        if left is not None:
            self._refuse_some_percents(left)
            rows = left["row"]
            plain = plain.scatter(rows, left["plain"].set(left["missing"], None))
            direct = direct.scatter(rows, left["number"])
        if leading_zeros(plain):
            return self.texts("digits with leading zeros, kept as texts")
        if left is not None:
            self._say_repairs(left)
            self._say_missing(left)
        if direct.is_infinite().any():
            rows = direct.is_infinite().fill_null(False).arg_true()
            raise self._error("infinite numbers", rows, self.cells.gather(rows), "say missing: ['inf'] or mend them")
        whole = plain.cast(pl.Int64, strict=False)
        if whole.null_count() == direct.null_count():
            return Parsed(whole, tuple(self.remarks))
        if (years := whole_years(direct)) is not None:
            return Parsed(years, (*self.remarks, years_said(years)))
        if long_digits(plain):
            return self.texts("more digits than a number holds, kept as texts")
        return Parsed(direct, tuple(self.remarks))

    def _refuse_some_percents(self, left: pl.DataFrame) -> None:
        percents = left.filter(pl.col("percent") & pl.col("number").is_not_null())
        filled = self.cells.len() - self.cells.null_count() - int(left["missing"].sum())
        if 0 < percents.height < filled:
            raise self._error(
                f"{percents.height} of {filled} cells with a percent sign",
                percents["row"],
                percents["raw"],
                f"give all or none of them one, or say types: {{{self.name}: text}}",
            )

    def _say_repairs(self, left: pl.DataFrame) -> None:
        read = left.filter(pl.col("number").is_not_null())
        wide = pl.col("raw").str.replace_many(_WIDE_FORMS) != pl.col("raw")
        first = read["raw"][0] if read.height else ""
        kinds = (
            (pl.col("year"), f"like {read.filter('year')['raw'].first()!r} read as years"),
            (pl.col("thousands"), "with thousands commas read as numbers"),
            (pl.col("percent"), "with a percent sign read as per cent (12.5% is 12.5)"),
            (wide, "with full-width characters read as numbers"),
        )
        said = pl.lit(False)
        for kind, words in kinds:
            self._say("repair", read.filter(kind)["row"], words)
            said = said | kind
        rest = read.filter(~said)
        words = "with decimal commas read as numbers" if self.decimal == "," else f"like {first!r} read as numbers"
        self._say("repair", rest["row"], words)

    def _say_missing(self, left: pl.DataFrame) -> None:
        for mark in left.filter("missing")["raw"].unique(maintain_order=True).to_list():
            rows = left.filter(pl.col("missing") & (pl.col("raw") == mark))["row"]
            self._say("missing", rows, f"taken as missing: {mark!r}")

    def texts(self, why: str | None = None) -> Parsed:
        """The column as texts: blanks around them cut, marks of missing values out."""
        if why is not None:
            self.remarks.append(Remark("type", why, self.name))
        if self._plain_texts():
            return Parsed(self.cells, tuple(self.remarks))
        tidy = self.cells.str.strip_chars(_BLANKS)
        trimmed = (tidy != self.cells).fill_null(False) & (tidy != "")
        self._say("repair", trimmed.arg_true(), "with blanks around them, cut")
        spaced = tidy.str.contains(_SPACED).fill_null(False)
        if spaced.any():
            self._say("repair", spaced.arg_true(), f"like {tidy.filter(spaced)[0]!r} with blanks inside, closed up")
            tidy = pl.select(pl.when(spaced).then(tidy.str.replace_all(f"[{_BLANKS}]", "")).otherwise(tidy)).to_series()
        marks = tidy.str.to_lowercase().is_in(list(_MISSING_TEXTS | set(self.missing))).fill_null(False)
        marks = self._not_codes(tidy, marks)
        for mark in tidy.filter(marks).unique(maintain_order=True).to_list():
            rows = (marks & (tidy == mark)).arg_true()
            self._say("missing", rows, f"taken as missing: {mark!r}")
        left = pl.DataFrame({"row": (~marks).arg_true(), "raw": tidy.filter(~marks)})
        self._refuse_formula_errors(left)
        made = tidy.set(marks, None).alias(self.name)
        if self.kind is None and made.count() and made.str.to_lowercase().is_in(["true", "false"]).drop_nulls().all():
            return Parsed(made.str.to_lowercase() == "true", tuple(self.remarks))
        return Parsed(made, tuple(self.remarks))

    def _without_digits(self) -> bool:
        """Whether the cells are words, and not only marks of missing values: looked up once for each distinct text."""
        words = self.cells.unique().drop_nulls()
        marks = words.str.strip_chars(_BLANKS).str.to_lowercase().is_in(list(MISSING | set(self.missing)))
        return not marks.all() and not words.str.contains("[0-9０-９]").any()

    def _plain_texts(self) -> bool:
        """Whether nothing is to be done to any cell: looked up once for each distinct text."""
        words = self.cells.unique().drop_nulls()
        tidy = words.str.strip_chars(_BLANKS)
        lower = tidy.str.to_lowercase()
        marks = list(_MISSING_TEXTS | set(self.missing) | {e.lower() for e in FORMULA_ERRORS} | {"true", "false"})
        return not ((tidy != words) | lower.is_in(marks) | tidy.str.contains(_SPACED)).any()

    def _not_codes(self, tidy: pl.Series, marks: pl.Series) -> pl.Series:
        """``NA`` among two-letter codes is Namibia, not a missing value."""
        namibia = (tidy == "NA").fill_null(False)
        others = tidy.filter(~marks & tidy.is_not_null())
        if "na" in self.missing or not namibia.any() or not others.str.contains("^[A-Z]{2}$").all():
            return marks
        if others.n_unique() < 2:
            return marks
        self._say("type", namibia.arg_true(), "'NA' kept as a code among two-letter codes")
        return marks & ~namibia

    def dates(self, kind: Kind) -> Parsed:
        """Years of texts that are dates or years, or the dates themselves."""
        tidy = self.cells.str.replace_many(_WIDE_FORMS).str.strip_chars(_BLANKS)
        marks = tidy.str.to_lowercase().is_in(list(MISSING | set(self.missing))).fill_null(False)
        if kind == "year":
            made: pl.Series = tidy.str.extract(_DATE_YEAR, 1).cast(pl.Int64)
        else:
            normal = tidy.str.replace_all("[年月/.]", "-").str.replace_all("日", "").str.strip_suffix("-")
            made = normal.str.to_date("%Y-%m-%d", strict=False).fill_null(normal.str.to_date("%Y%m%d", strict=False))
        made = made.set(marks, None)
        bad = (made.is_null() & tidy.is_not_null() & ~marks).arg_true()
        if bad.len():
            what = "year" if kind == "year" else "date (2010-12-31, 2010/12/31, 20101231, 2010年12月31日)"
            words = f"{counted(bad.len())} without a {what}"
            raise self._error(words, bad, self.cells.gather(bad), "mend them in the file")
        for mark in tidy.filter(marks).unique(maintain_order=True).to_list():
            self._say("missing", (marks & (tidy == mark)).arg_true(), f"taken as missing: {mark!r}")
        self.remarks.append(Remark("type", f"read as {kind}s, as its type says", self.name))
        return Parsed(made.alias(self.name), tuple(self.remarks))

    def _refuse_formula_errors(self, left: pl.DataFrame) -> None:
        wrong = left.filter(pl.col("raw").str.strip_chars(_BLANKS).is_in(FORMULA_ERRORS))
        wrong = wrong.filter(~pl.col("raw").str.strip_chars(_BLANKS).str.to_lowercase().is_in(list(self.missing)))
        if wrong.height:
            kinds = wrong["raw"].unique().sort().to_list()
            raise self._error(
                f"{counted(wrong.height)} with the error of a formula",
                wrong["row"],
                wrong["raw"],
                f"mend the formulas, or say missing: {kinds} where they mean a missing value",
            )

    def _refuse_mixture(self, texts: pl.DataFrame, numbers: int, only_numbers: bool) -> None:
        """Numbers and texts in one column: an error unless it is a column of names with a number among them."""
        distinct = texts["raw"].n_unique()
        names = texts.height > numbers and texts.height < 3 * distinct
        if only_numbers or not names:
            kinds = texts["raw"].unique(maintain_order=True).head(3).to_list()
            raise self._error(
                f"{counted(numbers)} with numbers, {texts.height} with texts",
                texts["row"],
                texts["raw"],
                f"mend them, or say what is meant: types: {{{self.name}: text}}, or missing: {kinds}",
            )
        message = f"kept as texts, though {numbers} of its cells are numbers"
        self.remarks.append(Remark("warning", message, self.name, numbers))

    def _say(self, kind: str, rows: pl.Series, words: str) -> None:
        if rows.len():
            places = self.places.of(self.name, rows.to_list())
            self.remarks.append(Remark(kind, f"{counted(rows.len())} {words}", self.name, rows.len(), places))  # type: ignore[arg-type]

    def _error(self, message: str, rows: pl.Series, raw: pl.Series, hint: str) -> DataError:
        places = self.places.of(self.name, rows.head(5).to_list())
        shown = [f"{p} {_short(text)}" for p, text in zip(places, raw.head(5).to_list(), strict=True)]
        more = f" and {rows.len() - 5} more" if rows.len() > 5 else ""
        return DataError(f"{self.places.where}: column {self.name!r}: {message}: {listed(shown)}{more}", hint=hint)


def _short(text: object) -> str:
    shown = repr(text)
    return shown if len(shown) <= 40 else shown[:37] + "…'"
