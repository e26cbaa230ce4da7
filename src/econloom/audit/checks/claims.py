"""The paper's text: percentages of changes, and claims of significance against the tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from econloom.audit.checks import reasoning as r
from econloom.audit.checks.parts import label, zh
from econloom.audit.findings import Finding
from econloom.audit.given import Given
from econloom.audit.interval import Interval
from econloom.audit.numerals import Numeral, read_numeral
from econloom.audit.paper import Estimate, PaperTable

_N = r"([-−]?\d[\d,]*(?:\.\d+)?)"
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
_SENTENCE = re.compile(r"[^。；;！？!?\n]+?(?:[。；;！？!?\n]|\.(?=\s|$)|$)")
_LEVEL = re.compile(r"(?<![\d.])(10|5|1|0\.1) ?(?:%|％|per ?cent)(?:的)?(?:显著性?)?(?:水平|level)|"
    r"significant at (?:the )?(10|5|1|0\.1) ?(?:%|per ?cent)",
                    re.IGNORECASE)  # fmt: skip
_NEGATED = re.compile(
    r"不显著|未通过|并不|不再显著|insignificant|not (?:statistically )?significant|no longer", re.IGNORECASE
)
_DECIMAL = re.compile(r"(?<![\d.])[-−]?\d*\.\d{2,}(?![\d%％])")


def check(tables: Sequence[PaperTable], given: Given) -> Iterator[Finding]:
    """Every rule about the text that the reader gave."""
    for number, match in enumerate(_SENTENCE.finditer(given.text), 1):
        sentence = match[0].strip()
        if sentence:
            yield from _changes(sentence, number)
            yield from _significance(sentence, number, tables, given)


def _changes(sentence: str, number: int) -> Iterator[Finding]:
    """from a to b, by c per cent: c = |b - a| / |a|."""
    for pattern in _CHANGES:
        for m in pattern.finditer(sentence):
            read = [read_numeral(m[k]) for k in (1, 2, 3)]
            numbers = [x for x in read if isinstance(x, Numeral)]
            if len(numbers) < 3 or numbers[0].value == 0:
                continue
            a, b, c = (Interval.printed(x) for x in numbers)
            implied = abs((b / a - 1.0) * 100.0)
            if not implied.meets(abs(c)):
                why = label(
                    f"由两数得出的变化为{zh(implied)}%", f"the two numbers give a change of {implied.text()} per cent"
                )
                yield Finding("certain", "percentage", f"text: sentence {number}", m[0], why,
                              label(f"{zh(implied)}%", f"{implied.text()} per cent"), table="text")  # fmt: skip


def _significance(sentence: str, number: int, tables: Sequence[PaperTable], given: Given) -> Iterator[Finding]:
    """A coefficient that the sentence quotes is significant at the level that it names."""
    levels = {float(m[1] or m[2]) / 100 for m in _LEVEL.finditer(sentence)}
    if len(levels) != 1 or _NEGATED.search(sentence):
        return
    level = next(iter(levels))
    for text in dict.fromkeys(m[0] for m in _DECIMAL.finditer(sentence)):
        read = read_numeral(text)
        cells = [(t, e) for t in tables for e in t.estimates
                 if isinstance(read, Numeral) and e.coefficient.value == read.value
                 and e.coefficient.exponent == read.exponent]  # fmt: skip
        if cells and not any(_reaches(t, e, level, given) for t, e in cells):
            table, e = cells[0]
            why = label(
                f"正文称在{level:.3g}的水平显著，表中为{e.printed}",
                f"the text says significant at {level:.3g}, the table prints {e.printed}",
            )
            condition = label("正文引用的是该单元格", "the sentence speaks of this cell")
            where = f"text: sentence {number}; {table.place(e.row, e.column, e.panel)}"
            yield Finding("conditional", "claim", where, sentence[:160], why,
                          label("与表中星号一致的水平", "the level of the stars"), condition, "text")  # fmt: skip


def _reaches(table: PaperTable, e: Estimate, level: float, given: Given) -> bool:
    """Whether the stars of a cell say significant at a level, under some scheme; a table without stars does not say."""
    if not any(x.stars for x in table.estimates):
        return True
    return any(0 < e.stars <= len(cuts) and cuts[e.stars - 1] <= level + 1e-12 for cuts in r.schemes(table, given))
