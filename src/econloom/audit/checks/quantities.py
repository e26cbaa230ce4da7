"""Arithmetic of the paper's text: changes in per cent, shares, multiples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from econloom.audit.checks.parts import label, zh
from econloom.audit.findings import Finding, Level
from econloom.audit.given import Given
from econloom.audit.interval import Interval
from econloom.audit.numerals import Numeral, read_numeral
from econloom.audit.paper import PaperTable
from econloom.core.labels import Label

_N = r"((?:(?<![\d.,])[-−])?(?<![\d.])\d[\d,]{0,24}(?:\.\d{1,20})?)"  # bounded, so that no text takes long
_CHANGES = (
    re.compile(
        rf"(?:rose|rises|fell|falls|increased?s?|decreased?s?|grew|declined?s?|dropped) from {_N} to {_N},? "
        rf"(?:\w+ ){{0,4}}?"
        rf"(?:by |of |an? )(?:\w+ ){{0,3}}?{_N} ?(?:%|per ?cent)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"从[^，。；\d]{{0,12}}?{_N}[^，。；\d%％]{{0,8}}?(?:增加|上升|提高|增长|下降|降低|减少|扩大)"
        rf"(?:到|至)了?[^，。；\d]{{0,8}}?{_N}"
        rf"[^，。；\d%％]{{0,8}}[，,][^，。；\d]{{0,8}}?(?:增长|增加|上升|提高|下降|降低|减少|增幅|降幅)"
        rf"(?:了|为|达|率为)?{_N} ?[%％]"
    ),
)
_PERCENT = r" ?(?:%|per ?cent)"
_SHARES = (
    re.compile(rf"(?<![\d.]){_N} of (?:the |our |all )?{_N} (?:\w+ ){{0,4}}?\({_N}{_PERCENT}\)", re.IGNORECASE),
    re.compile(
        rf"(?<![\d.]){_N} (?:out of|of) (?:the |our |all )?{_N}(?: \w+){{0,3}}, (?:or|that is,?|i\.e\.,?) "
        rf"{_N}{_PERCENT}",
        re.IGNORECASE,
    ),
    re.compile(rf"{_N}[^，。；\d%％]{{0,6}}[，,]?占[^，。；\d%％]{{0,12}}?{_N}[^，。；\d%％]{{0,6}}?的{_N} ?[%％]"),
)
_MULTIPLES = (
    re.compile(
        rf"(?<![\d.]){_N}(?: \w+)?,? (?:is|was|which is) (?:\w+ )?{_N} times (?:as (?:large|high|big) as )?"
        rf"(?:that of |the )?(?:\w+ ){{0,4}}?\(?{_N}\)?(?!{_PERCENT})",
        re.IGNORECASE,
    ),
    re.compile(rf"(?<![\d.]){_N}[，,]?是[^，。；\d]{{0,12}}?[（(]?{_N}[）)]?的{_N}倍"),
)


def check(tables: Sequence[PaperTable], given: Given) -> Iterator[Finding]:
    """Numbers of one sentence against each other; the tables are not needed."""
    for number, sentence in sentences(given.text):
        for pattern in _CHANGES:
            for m in pattern.finditer(sentence):
                yield from _compared(m, number, *_change(m))
        for pattern in _SHARES:
            for m in pattern.finditer(sentence):
                yield from _compared(m, number, *_share(m), condition=_TOGETHER)
        for place, pattern in enumerate(_MULTIPLES):
            for m in pattern.finditer(sentence):
                yield from _compared(m, number, *_multiple(m, chinese=place == 1), condition=_TOGETHER)


_SENTENCE = re.compile(r"[^。；;！？!?\n]+?(?:[。；;！？!?\n]|\.(?=\s|$)|$)")


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """Sentences with their numbers.

    Examples
    --------
    >>> list(sentences("N is 0.5. It fell."))
    [(1, 'N is 0.5.'), (2, 'It fell.')]
    """
    for number, match in enumerate(_SENTENCE.finditer(text), 1):
        if match[0].strip():
            yield number, match[0].strip()


_TOGETHER = label("三个数属于同一比较", "the three numbers belong to one comparison")
Compared = tuple[Interval | None, Interval | None, str]


def _read(m: re.Match[str]) -> list[Interval] | None:
    numbers = [x for k in (1, 2, 3) if isinstance(x := read_numeral(m[k]), Numeral)]
    return [Interval.printed(x) for x in numbers] if len(numbers) == 3 else None


def _change(m: re.Match[str]) -> Compared:
    """from a to b, by c per cent: c = |b - a| / |a|."""
    read = _read(m)
    if read is None or read[0].contains(0.0):
        return None, None, ""
    a, b, c = read
    return abs((b / a - 1.0) * 100.0), abs(c), "%"


def _share(m: re.Match[str]) -> Compared:
    """a of b, c per cent; whole numbers are exact."""
    read = _read(m)
    if read is None or read[1].contains(0.0):
        return None, None, ""
    a, b = (_exact(m[k], x) for k, x in zip((1, 2), read, strict=False))
    return a / b * 100.0, read[2], "%"


def _exact(text: str, x: Interval) -> Interval:
    return x if "." in text else Interval.exactly(float(text.replace(",", "").replace("−", "-")))


def _multiple(m: re.Match[str], chinese: bool) -> Compared:
    """a is k times b."""
    read = _read(m)
    if read is None:
        return None, None, ""
    a, b, k = read if chinese else (read[0], read[2], read[1])
    return (None, None, "") if b.contains(0.0) else (a / b, k, "")


def _compared(
    m: re.Match[str],
    number: int,
    implied: Interval | None,
    stated: Interval | None,
    unit: str,
    condition: Label | None = None,
) -> Iterator[Finding]:
    if implied is None or stated is None or implied.meets(stated):
        return
    words = (f"{zh(implied)}{unit}", f"{implied.text()}{' per cent' if unit else ''}")
    why = label(f"由两数得出{words[0]}", f"the two numbers give {words[1]}")
    level: Level = "certain" if condition is None else "conditional"
    place = f"text: sentence {number}"
    yield Finding(level, "percentage", place, m[0], why, label(*words), condition or Label(), "text")
