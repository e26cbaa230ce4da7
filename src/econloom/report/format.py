"""Numbers, stars and labels to strings: the one place that decides how a cell reads.

Two sets of glyphs exist. Typeset output (docx, HTML) has the true minus sign U+2212; plain text (Markdown, csv) keeps
the ASCII hyphen, so that a number can be copied, searched and parsed.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from econloom.core.labels import Lang
from econloom.core.table import Cell, Table

HUGE = 1e7  # from here on a number with decimals no longer fits a column and turns to scientific notation
MANTISSA = 3  # decimals of scientific notation


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Signs that differ between typeset and plain text."""

    minus: str
    infinity: str


TYPESET = Glyphs(minus="\u2212", infinity="\u221e")
PLAIN = Glyphs(minus="-", infinity="inf")

_MARKS = {("zh", True): "是", ("zh", False): "否", ("en", True): "Yes", ("en", False): "No"}
_BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
# not allowed in XML 1.0, or invisible and able to reorder the line (bidirectional overrides)
_ILLEGAL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]")
_NUMBERED = re.compile(r"t(?:able)?[_-]?(\d+[a-z]?)", re.IGNORECASE)


def number(value: float | None, digits: int = 4, glyphs: Glyphs = TYPESET, *, fixed: bool = False) -> str:
    """A number with fixed decimals.

    Rounds as C's ``printf`` (and so Stata) does. Zero never has a sign. A number of at least ``HUGE``, or one that
    ``digits`` decimals would show as zero though it is not, is written as ``1.235e-5`` unless ``fixed``.

    Parameters
    ----------
    value : float or None
        None and NaN give an empty string.
    digits : int
        Decimals.
    glyphs : Glyphs
        Minus and infinity signs.
    fixed : bool
        Never scientific for small values: a p value of 1e-9 is 0.0000.

    Examples
    --------
    >>> number(-3.59527, 4, PLAIN), number(-0.00001, 4, PLAIN, fixed=True), number(1.2e-7, 4, PLAIN)
    ('-3.5953', '0.0000', '1.200e-7')
    """
    if value is None or math.isnan(value):
        return ""
    if math.isinf(value):
        return _signed("-" if value < 0 else "", glyphs) + glyphs.infinity
    text = f"{value:.{digits}f}"
    shows_zero = float(text) == 0
    tiny = shows_zero and value != 0 and digits > 1 and not fixed
    if tiny or abs(value) >= HUGE:
        mantissa, exponent = f"{value:.{MANTISSA}e}".split("e")
        return _signed(f"{mantissa}e{int(exponent)}", glyphs)
    return _signed(text.lstrip("-") if shows_zero else text, glyphs)


def _signed(text: str, glyphs: Glyphs) -> str:
    return text.replace("-", glyphs.minus)


def count(value: float | None, glyphs: Glyphs = TYPESET) -> str:
    """An integer with thousands separators.

    Examples
    --------
    >>> count(615), count(1234567), count(None)
    ('615', '1,234,567', '')
    """
    if value is None or math.isnan(value):
        return ""
    if math.isinf(value):
        return number(value, 0, glyphs)
    return _signed(f"{round(value):,}", glyphs)


def parts(cell: Cell, lang: Lang, glyphs: Glyphs = TYPESET) -> tuple[str, str]:
    """The text of a cell and its stars, apart, so that a renderer can raise the stars.

    Examples
    --------
    >>> parts(Cell("estimate", 11.55449, stars=3), "zh")
    ('11.5545', '***')
    """
    if cell.kind == "text":
        return clean(cell.label.text(lang)), ""
    if cell.kind == "mark":
        return _MARKS[lang, cell.yes], ""
    if cell.kind == "count":
        return count(cell.value, glyphs), ""
    if cell.kind == "empty":
        return "", ""
    text = number(cell.value, cell.digits, glyphs, fixed=cell.notation == "fixed")
    if cell.kind == "paren":
        return (f"({text})" if text else ""), ""
    return text, "*" * cell.stars if text and cell.kind == "estimate" else ""


def text(cell: Cell, lang: Lang, glyphs: Glyphs = TYPESET) -> str:
    """The whole cell as one string.

    Examples
    --------
    >>> text(Cell("paren", 3.5239), "en"), text(Cell("mark", yes=True), "zh")
    ('(3.5239)', '是')
    """
    return "".join(parts(cell, lang, glyphs))


def clean(words: str) -> str:
    """A label on one line, without characters that XML forbids or that reorder the text.

    Examples
    --------
    >>> clean("line one\\nline two\\x07")
    'line one line two'
    """
    return _ILLEGAL.sub("", _BREAKS.sub(" ", words)).strip()


def caption(table: Table, lang: Lang) -> str:
    """The title with its number, where the table's id is of the form ``t3`` and the title has none yet.

    Examples
    --------
    >>> from econloom.core.labels import Label
    >>> from econloom.core.table import Row
    >>> title = Label(zh="基准回归结果", en="Baseline")
    >>> table = Table("t3", title, ((Cell.text(Label.same("a")),),), (Row(Label(), (Cell(),)),))
    >>> caption(table, "zh"), caption(table, "en")
    ('表3\u3000基准回归结果', 'Table 3. Baseline')
    """
    title = clean(table.title.text(lang))
    match = _NUMBERED.fullmatch(table.id)
    if match is None or re.match(r"(表|续表|附表|[Tt]able)\s*[A-Z]?\d", title):
        return title
    if lang == "zh":
        return f"表{match[1]}\u3000{title}".rstrip("\u3000")
    return f"Table {match[1]}. {title}" if title else f"Table {match[1]}"
