"""One cell: a number with stars, numbers in brackets beside or below it, or words."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from econloom.audit.noting import Brackets
from econloom.audit.numerals import Numeral, read_numeral
from econloom.audit.words import is_dash

LONGEST = 200
_WIDE = str.maketrans(
    {"（": "(", "）": ")", "［": "[", "］": "]", "【": "[", "】": "]", "｛": "{", "｝": "}", "〔": "[", "〕": "]"}
)
_BRACKETED = re.compile(r"\(([^()\[\]{}]*)\)|\[([^()\[\]{}]*)\]|\{([^()\[\]{}]*)\}")
_KINDS: tuple[Brackets, ...] = ("()", "[]", "{}")
_BETWEEN = re.compile(r"\s*(?:[,，;；~～]|\bto\b|至|\s[-–—]\s|(?<=\d)[–—](?=[-−\d.]))\s*")
_SIMPLE = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)(\*{0,3})|\((-?[0-9]+(?:\.[0-9]+)?)\)", re.ASCII)
_MARKS = "*\u2217\u204e\u22c6\u2731\ufe61\uff0a"
_DAGGER = re.compile(r"[†‡§#+]+$")


@dataclass(frozen=True, slots=True)
class Bracketed:
    """What stands in brackets: one number, or two as an interval."""

    kind: Brackets
    numbers: tuple[Numeral, ...]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A cell, read.

    Attributes
    ----------
    number : Numeral or None
        Outside of brackets.
    stars : int
    bracketed : tuple of Bracketed
    problem : str
        Why it could not be read; such a cell has no numbers.
    """

    number: Numeral | None = None
    stars: int = 0
    bracketed: tuple[Bracketed, ...] = ()
    problem: str = ""

    @property
    def numeric(self) -> bool:
        """Whether there is any number."""
        return self.number is not None or bool(self.bracketed)


@lru_cache(maxsize=65536)
def parse(text: str) -> Parsed:
    """Read a cell.

    Examples
    --------
    >>> p = parse("11.55***\\n(3.52)")
    >>> p.number.value, p.stars, p.bracketed[0].kind, p.bracketed[0].numbers[0].value
    (Decimal('11.55'), 3, '()', Decimal('3.52'))
    >>> [str(n.value) for n in parse("[−0.10, 0.25]").bracketed[0].numbers]
    ['-0.10', '0.25']
    >>> parse("yes").problem
    "'yes' is not a number"
    """
    if match := _SIMPLE.fullmatch(text):
        return _simple(text, match)
    if is_dash(text):
        return Parsed()
    if len(text) > LONGEST:
        return Parsed(problem=f"{len(text)} characters, too long for a cell of numbers")
    plain = text.translate(_WIDE)
    if not any(c.isdigit() for c in plain):
        return Parsed(problem=f"{text!r} is not a number")
    outside, inside, problem = _apart(plain)
    if problem:
        return Parsed(problem=problem)
    return _joined(text, outside, inside)


def _simple(text: str, match: re.Match[str]) -> Parsed:
    """The usual cell: a plain number with stars, or one in parentheses."""
    if match[3] is not None:
        return Parsed(None, 0, (Bracketed("()", (Numeral(match[3], Decimal(match[3])),)),))
    stars = len(match[2])
    return Parsed(Numeral(text, Decimal(match[1]), stars), stars)


def _apart(plain: str) -> tuple[str, tuple[Bracketed, ...], str]:
    """What stands outside of brackets, and the numbers inside of them."""
    found: list[Bracketed] = []
    for match in _BRACKETED.finditer(plain):
        kind = _KINDS[next(n for n in range(3) if match.group(n + 1) is not None)]
        content = next(g for g in match.groups() if g is not None)
        numbers = _numbers(content)
        if isinstance(numbers, str):
            return "", (), numbers
        if numbers:
            found.append(Bracketed(kind, numbers))
    return " ".join(_BRACKETED.sub(" ", plain).split()), tuple(found), ""


def _numbers(content: str) -> tuple[Numeral, ...] | str:
    """One number, or the two ends of an interval; a reason where it is neither."""
    content = re.sub(r"^\s*[tzpfTZPF]\s*[=:]\s*", "", content).strip()
    if is_dash(content):
        return ()
    single = read_numeral(content)
    if not isinstance(single, str):
        return (single,)
    ends = [read_numeral(e) for e in _BETWEEN.split(content, maxsplit=1)]
    if len(ends) == 2 and all(not isinstance(e, str) for e in ends):
        return tuple(e for e in ends if not isinstance(e, str))
    return single


def _joined(text: str, outside: str, inside: tuple[Bracketed, ...]) -> Parsed:
    if not outside or all(c in _MARKS or c.isspace() for c in outside):
        stars = sum(c in _MARKS for c in outside)
        return Parsed(None, stars, inside) if inside else Parsed(problem=f"{text!r} is not a number")
    outside = _DAGGER.sub("", outside) or outside
    number = read_numeral(_percent(outside))
    if isinstance(number, str):
        return Parsed(problem=number)
    return Parsed(number, number.stars, inside)


def _percent(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text)
    return folded.rstrip("% ") if folded.rstrip().endswith("%") else text
