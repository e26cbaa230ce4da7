"""Names that Stata and R both take: letters (Chinese ones too), digits and underscores, at most 32, none reserved."""

from __future__ import annotations

import re

LONGEST = 32
"""Characters of a name in Stata 14 and later."""
_RESERVED = frozenset(
    {"_all", "_b", "_coef", "_cons", "_n", "_N", "_pi", "_pred", "_rc", "_skip", "_r", "_se", "_weight", "alias"}
    | {"byte", "double", "float", "if", "in", "int", "long", "strL", "using", "with", "else", "for", "function"}
    | {"next", "repeat", "break", "while", "TRUE", "FALSE", "NULL", "NA", "NaN", "Inf", "T", "F", "c", "d", "m"}
)
_STR = re.compile(r"str\d+$")
_MINUS = re.compile(r"(?<![0-9A-Za-z])-(?=\d)")
_OTHER = re.compile(r"[^\w]+")


def valid(text: str) -> str:
    """A name made of a text, before collisions are looked at.

    Parameters
    ----------
    text : str
        A column, or a term such as ``l(tbi, 1)``.

    Returns
    -------
    str
        ``l_tbi_1``; a sign before a number is ``m``.

    Examples
    --------
    >>> valid("l(tbi, 1)"), valid("event_time::-4"), valid("国内生产总值"), valid("2nd")
    ('l_tbi_1', 'event_time_m4', '国内生产总值', 'v_2nd')
    """
    name = _OTHER.sub("_", _MINUS.sub("m", text.replace("^", "_p_"))).strip("_") or "v"
    if name[0].isdigit() or not name.isidentifier():
        name = "v_" + "".join(c for c in name if ("a" + c).isidentifier())
    name = name[:LONGEST]
    return f"{name[: LONGEST - 2]}_v" if name in _RESERVED or _STR.match(name) else name


class Names:
    """Names given so far in one set of data; the first comer has the plain one, later ones a number.

    Names that differ in capitals only are told apart too: R and Stata do, files and many readers do not.

    Examples
    --------
    >>> names = Names()
    >>> names.give("a b"), names.give("a_b"), names.give("A_B")
    ('a_b', 'a_b_2', 'A_B_3')
    """

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def give(self, text: str) -> str:
        """A new name like a text."""
        base = name = valid(text)
        number = 1
        while name.casefold() in self._taken:
            number += 1
            tail = f"_{number}"
            name = base[: LONGEST - len(tail)] + tail
        self._taken.add(name.casefold())
        return name
