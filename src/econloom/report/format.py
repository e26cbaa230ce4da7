"""Numbers, stars and labels to strings: the one place that decides how a cell reads.

Two sets of glyphs exist. Typeset output (docx, HTML) has the true minus sign U+2212; plain text (Markdown, csv) keeps
the ASCII hyphen, so that a number can be copied, searched and parsed.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from unicodedata import east_asian_width

from econloom.core.labels import Label, Lang
from econloom.core.table import Cell, Style, Table

HUGE = 1e7  # from here on a number with decimals no longer fits a column and turns to scientific notation
MANTISSA = 3  # decimals of scientific notation


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Signs and words that differ between typeset and plain text, and between styles."""

    minus: str
    infinity: str
    thousands: str = ","
    group_decimals: bool = False
    leading_zero: bool = True
    yes: Label = Label(zh="是", en="Yes")
    no: Label = Label(zh="否", en="No")


TYPESET = Glyphs(minus="\u2212", infinity="\u221e")
PLAIN = Glyphs(minus="-", infinity="inf")

_BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
# not allowed in XML 1.0, or invisible and able to reorder the line (bidirectional overrides)
_ILLEGAL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]")
_NUMBERED = re.compile(r"t(?:able)?[_-]?(\d+[a-z]?)", re.IGNORECASE)


def typeset(style: Style) -> Glyphs:
    """The glyphs of typeset output in a style."""
    return _styled(style, style.minus, "\u221e", style.thousands)


def plain(style: Style) -> Glyphs:
    """The glyphs of plain text in a style: ASCII hyphen, and a comma where the style has a thin space."""
    return _styled(style, "-", "inf", "," if style.thousands.strip() != style.thousands else style.thousands)


def _styled(style: Style, minus: str, infinity: str, thousands: str) -> Glyphs:
    return Glyphs(minus, infinity, thousands, style.group_decimals, style.leading_zero, style.yes, style.no)


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
    if glyphs.group_decimals:
        text = f"{value:,.{digits}f}".replace(",", glyphs.thousands)
    if not glyphs.leading_zero and abs(value) < 1 and digits:
        text = re.sub(r"^(-?)0\.", r"\1.", text)
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
    return _signed(f"{round(value):,}".replace(",", glyphs.thousands), glyphs)


def parts(cell: Cell, lang: Lang, glyphs: Glyphs = TYPESET) -> tuple[str, str]:
    """The text of a cell and its stars, apart, so that a renderer can raise the stars.

    What stands beside it in the same cell is not among them, see :func:`pieces`.

    Examples
    --------
    >>> parts(Cell("estimate", 11.55449, stars=3), "zh")
    ('11.5545', '***')
    """
    if cell.kind == "text":
        return clean(cell.label.text(lang)), ""
    if cell.kind == "mark":
        return (glyphs.yes if cell.yes else glyphs.no).text(lang), ""
    if cell.kind == "count":
        return count(cell.value, glyphs), ""
    if cell.kind == "empty":
        return "", ""
    text = _decimals(cell, cell.value, glyphs)
    if cell.kind == "paren":
        if cell.upper is not None and text:
            text = f"{text}, {_decimals(cell, cell.upper, glyphs)}"
        return (f"{cell.brackets[0]}{text}{cell.brackets[1]}" if text else ""), ""
    return text, "*" * cell.stars if text and cell.kind == "estimate" else ""


def _decimals(cell: Cell, value: float | None, glyphs: Glyphs) -> str:
    return number(value, cell.digits, glyphs, fixed=cell.notation == "fixed")


def pieces(cell: Cell, lang: Lang, glyphs: Glyphs = TYPESET) -> tuple[tuple[str, bool], ...]:
    """The texts of a cell from left to right, each with whether it is raised (stars).

    Examples
    --------
    >>> p_value = Cell("paren", 0.004, 3, brackets="[]")
    >>> pieces(Cell("estimate", 8.21, 2, stars=3, beside=(p_value,)), "en")
    (('8.21', False), ('***', True), (' ', False), ('[0.004]', False))
    """
    found = [(part, raised) for part, raised in zip(parts(cell, lang, glyphs), (False, True), strict=True) if part]
    for other in cell.beside:
        more = pieces(other, lang, glyphs)
        found += [(" ", False), *more] if more and found else more
    return tuple(found)


def text(cell: Cell, lang: Lang, glyphs: Glyphs = TYPESET) -> str:
    """The whole cell as one string.

    Examples
    --------
    >>> text(Cell("paren", 3.5239), "en"), text(Cell("mark", yes=True), "zh")
    ('(3.5239)', '是')
    >>> text(Cell("paren", 0.5, 2, brackets="[]", upper=1.5), "en")
    '[0.50, 1.50]'
    """
    return "".join(part for part, _ in pieces(cell, lang, glyphs))


def has_point(cell: Cell, lang: Lang, glyphs: Glyphs = TYPESET) -> bool:
    """Whether a cell's number lines up with the decimal points of its column."""
    alone = not cell.beside and cell.upper is None
    return alone and cell.kind in ("estimate", "paren", "number") and "." in parts(cell, lang, glyphs)[0]


def slanted(words: str, italic: bool, style: Style) -> bool:
    """Whether a label is set in italics: the name of a variable, in Latin letters only.

    Examples
    --------
    >>> slanted("tbi", True, Style(italics=True)), slanted("贸易利益指数", True, Style(italics=True))
    (True, False)
    """
    return style.italics and italic and not any(east_asian_width(c) in "WF" for c in words)


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
    numbered = re.match(r"(表|续表|附表|[Tt]able)\s*[A-Z]?\d", title) is not None
    if match is None or numbered:
        return _continued(title, lang, numbered) if table.continued else title
    template = (table.style.continued if table.continued else table.style.caption).text(lang)
    empty = template.format(number=match[1], title="").rstrip(" \u3000.—–:：")
    return clean(template.format(number=match[1], title=title)) if title else clean(empty)


def _continued(title: str, lang: Lang, numbered: bool) -> str:
    """The title of a later part: 续表3 where it has a number, 续表 before it elsewhere."""
    if lang == "en":
        return f"{title} (continued)".strip()
    return f"续{title}" if numbered else f"续表\u3000{title}".rstrip()
