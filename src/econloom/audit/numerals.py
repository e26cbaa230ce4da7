"""Numbers as they stand in print: strings to exact decimals with the unit of their last digit.

A printed number is an interval, half a unit of its last digit to either side. What cannot be read for certain is
refused with a reason; what had to be mended is said.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

LONGEST = 40  # characters of a printed number; more is not one
EXPONENTS = 30  # powers of ten beyond which a string is no printed number

_MINUS = dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2796\ufe58\ufe63\uff0d\u00ad", "-")
_STAR = dict.fromkeys("\u2217\u204e\u22c6\u2731\ufe61\uff0a", "*")
_POINT = dict.fromkeys("\u00b7\u2022\u2027\u2219\u22c5\u3002", ".")
_SIGNS = str.maketrans(_MINUS | _STAR)
_POINTS = str.maketrans(_POINT)
_PAIRS = (("(", ")"), ("[", "]"), ("{", "}"))
_STARRED = re.compile(r"(\**)([^*]*)(\**)")
_PLAIN = re.compile(r"(\d+\.?\d*|\.\d+)(e[-+]?\d{1,3})?")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}([, ]\d{3})(\1|[, ]\d{3})*(\.\d+)?")
_LOST_POINT = re.compile(r"(\d+|[1-9]\d{0,2}(?: \d{3})+) (\d+)")
_STRAY = re.compile(r"(\d+) ?\. ?(\d+)")


@dataclass(frozen=True, slots=True)
class Numeral:
    """A printed number.

    Attributes
    ----------
    text : str
        As printed.
    value : Decimal
        Exact; ``-0.0000`` keeps its sign.
    stars : int
        Those that stand in the string.
    repaired : str
        What had to be mended to read it, or an empty string.

    Examples
    --------
    >>> n = read_numeral("−0.0351**")
    >>> n.value, n.low, n.high, n.stars
    (Decimal('-0.0351'), Decimal('-0.03515'), Decimal('-0.03505'), 2)
    """

    text: str
    value: Decimal
    stars: int = 0
    repaired: str = ""

    @property
    def exponent(self) -> int:
        """Power of ten of the last printed digit: -4 for four decimals."""
        return int(self.value.as_tuple().exponent)

    @property
    def unit(self) -> Decimal:
        """One unit of the last printed digit."""
        return Decimal((0, (1,), self.exponent))

    @property
    def low(self) -> Decimal:
        """Lower end of the interval that the print stands for."""
        return self.value - self.unit / 2

    @property
    def high(self) -> Decimal:
        """Upper end of the interval that the print stands for."""
        return self.value + self.unit / 2

    @property
    def sign(self) -> int:
        """-1, 0 or 1; ``-0.0000`` is negative, ``0.0000`` has no sign."""
        return -1 if self.value.is_signed() else int(self.value != 0)

    def same_print(self, number: float) -> bool:
        """Whether ``number``, rounded as C's ``printf`` does, shows the digits and the sign of the print.

        The minus sign of a rounded zero is ignored where none is printed: programs differ in showing it.

        Examples
        --------
        >>> read_numeral("0.12").same_print(0.125), read_numeral("0.13").same_print(0.125)
        (True, False)
        >>> read_numeral("-0.00").same_print(-0.001), read_numeral("-0.00").same_print(0.001)
        (True, False)
        """
        shown = Decimal(f"{number:.{-self.exponent}f}") if self.exponent <= 0 else self._scientific(number)
        return shown == self.value and not (self.value == 0 and self.sign < 0 and number > 0)

    def _scientific(self, number: float) -> Decimal:
        return Decimal(f"{number:.{len(self.value.as_tuple().digits) - 1}e}")


def is_blank(text: str | None) -> bool:
    """Whether a cell is printed as empty: nothing, blanks, or a dash.

    Examples
    --------
    >>> is_blank(None), is_blank(" — "), is_blank("0")
    (True, True, False)
    """
    return text is None or not text.translate(_SIGNS).replace("-", "").strip()


def read_numeral(text: str, beside: float | None = None) -> Numeral | str:
    """Read one printed number, or say why it cannot be read.

    Full-width digits, minus signs of every kind, stars before or after, brackets around, and thousands separators are
    read. A decimal point lost to a blank is put back; where a blank may also part thousands (``12 345``), ``beside``
    decides, and without it the string is unreadable.

    Parameters
    ----------
    text : str
        As printed.
    beside : float, optional
        The number that the same source gives next to the string.

    Returns
    -------
    Numeral or str
        A string is the reason.

    Examples
    --------
    >>> read_numeral("１１ ５５４５***")
    Numeral(text='１１ ５５４５***', value=Decimal('11.5545'), stars=3, repaired='decimal point lost to a blank')
    >>> read_numeral("12 345")
    "ambiguous: '12 345' may be 12345 or 12.345"
    """
    if len(text) > LONGEST:
        return f"{len(text)} characters, too long for a number"
    if any(unicodedata.category(c) in {"No", "Nl"} for c in text):
        return f"{text!r} has raised or composed digits"
    bare, stars = _without_stars(text.translate(_SIGNS))
    if stars is None:
        return f"{text!r} has stars on both sides or more than three"
    found = _readings(_without_brackets(bare))
    if not found:
        return f"{text!r} is not a number"
    return _chosen(text, stars, found, beside)


def _chosen(text: str, stars: int, found: dict[Decimal, str], beside: float | None) -> Numeral | str:
    if len(found) > 1 and beside is not None:
        found = {v: note for v, note in found.items() if float(v) == beside} or found
    if len(found) > 1:
        return f"ambiguous: {text!r} may be {' or '.join(str(v) for v in found)}"
    value, note = next(iter(found.items()))
    if not -EXPONENTS <= int(value.as_tuple().exponent) <= EXPONENTS:
        return f"{text!r} has an exponent that no table prints"
    return Numeral(text, value, stars, note)


def _without_stars(text: str) -> tuple[str, int | None]:
    """The string without its stars and their number; None where that is unclear."""
    folded = unicodedata.normalize("NFKC", text.translate(_SIGNS)).translate(_SIGNS)
    folded = re.sub(r"\s+", " ", folded).strip()
    match = _STARRED.fullmatch(re.sub(r"(?<=\*) (?=\*)", "", folded))
    if match is None or (match[1] and match[3]):
        return text, None
    stars = len(match[1] or match[3])
    return match[2].strip(), stars if stars <= 3 else None


def _without_brackets(text: str) -> str:
    for left, right in _PAIRS:
        if text.startswith(left) and text.endswith(right) and len(text) > 1:
            return text[1:-1].strip()
    return text


def _readings(text: str) -> dict[Decimal, str]:
    """All numbers that the string may stand for, each with what was mended."""
    negative = text.startswith("-")
    body = text.lstrip("+-").strip().lower() if text[:1] in {"+", "-"} and text[1:2] not in {"+", "-"} else text.lower()
    pointed = body.translate(_POINTS)
    mended = "" if pointed == body else "another sign read as the decimal point"
    found = {value: note or mended for value, note in _unsigned(pointed).items() if value.is_finite()}
    return {(v.copy_negate() if negative else v): note for v, note in found.items()}


def _unsigned(body: str) -> dict[Decimal, str]:
    if not body.isascii():
        return {}
    if _PLAIN.fullmatch(body):
        return {Decimal(body): ""}
    found: dict[Decimal, str] = {}
    if _THOUSANDS.fullmatch(body):
        found[Decimal(re.sub("[, ]", "", body))] = ""
    if match := _LOST_POINT.fullmatch(body):
        found[Decimal(f"{match[1].replace(' ', '')}.{match[2]}")] = "decimal point lost to a blank"
    if match := _STRAY.fullmatch(body):
        found[Decimal(f"{match[1]}.{match[2]}")] = "blank beside the decimal point"
    return found
