"""The paper's text against the tables: significance, signs, and differences that are asserted."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from econloom.audit.checks import reasoning as r
from econloom.audit.checks.parts import label, zh
from econloom.audit.checks.quantities import sentences
from econloom.audit.findings import Finding
from econloom.audit.given import Given
from econloom.audit.interval import Interval
from econloom.audit.numerals import Numeral, read_numeral
from econloom.audit.paper import Estimate, PaperTable
from econloom.core.labels import Label

_LEVEL = re.compile(r"(?<![\d.])(10|5|1|0\.1) ?(?:%|％|per ?cent)(?:的)?(?:显著性?)?(?:水平|level)|"
    r"significant at (?:the )?(10|5|1|0\.1) ?(?:%|per ?cent)",
                    re.IGNORECASE)  # fmt: skip
_NEGATED = re.compile(
    r"不显著|未通过|并不|不再显著|不具有显著|insignificant|not (?:statistically )?significant|no longer", re.IGNORECASE
)
_SIGNIFICANT = re.compile(r"显著|significan", re.IGNORECASE)
_DECIMAL = re.compile(r"(?<![\d.])[-−]?\d*\.\d{2,}(?![\d%％])")
_UP = re.compile(r"为正|正向|正的|正效应|positive(?:ly)?\b|促进|increases?\b|raises?\b", re.IGNORECASE)
_DOWN = re.compile(
    r"负|下降|降低|减少|抑制|缩小|negative|decreas|reduc|lower|declin|fall|fell|not |不|未", re.IGNORECASE
)
_LARGER = re.compile(
    r"大于|高于|强于|更大|更强|更高|更明显|larger|stronger|greater|higher|bigger|more pronounced|exceeds?",
    re.IGNORECASE,
)
_COUNTED = label("正文引用的是该单元格", "the sentence speaks of this cell")
Cell = tuple[PaperTable, Estimate]


def check(tables: Sequence[PaperTable], given: Given) -> Iterator[Finding]:
    """Every rule about sentences that quote coefficients."""
    for number, sentence in sentences(given.text):
        texts = list(dict.fromkeys(m[0] for m in _DECIMAL.finditer(sentence)))
        quoted = {text: _cells(tables, text) for text in texts}
        yield from _significance(sentence, number, quoted, given)
        if len(texts) == 1:
            yield from _insignificance(sentence, number, quoted[texts[0]], given)
            yield from _sign(sentence, number, texts[0], quoted[texts[0]], tables)
        if len(texts) == 2 and _LARGER.search(sentence) and not _NEGATED.search(sentence):
            yield from _difference(sentence, number, [quoted[t] for t in texts])


def _cells(tables: Sequence[PaperTable], text: str, turned: bool = False) -> list[Cell]:
    """Cells that print this number; with the other sign if ``turned``."""
    read = read_numeral(text)
    if not isinstance(read, Numeral):
        return []
    value = -read.value if turned else read.value
    return [(t, e) for t in tables for e in t.estimates
            if e.coefficient.value == value and e.coefficient.exponent == read.exponent]  # fmt: skip


def _said(number: int, cells: Sequence[Cell]) -> str:
    return "; ".join([f"text: sentence {number}", *(t.place(e.row, e.column, e.panel) for t, e in cells)])


def _level(sentence: str) -> float | None:
    levels = {float(m[1] or m[2]) / 100 for m in _LEVEL.finditer(sentence)}
    return next(iter(levels)) if len(levels) == 1 else None


def _significance(sentence: str, number: int, quoted: dict[str, list[Cell]], given: Given) -> Iterator[Finding]:
    """A coefficient that the sentence quotes is significant at the level that it names."""
    level = _level(sentence)
    if level is None or _NEGATED.search(sentence):
        return
    for cells in quoted.values():
        if cells and not any(_reaches(t, e, level, given) for t, e in cells):
            why = label(
                f"正文称在{level:.3g}的水平显著，表中为{cells[0][1].printed}",
                f"the text says significant at {level:.3g}, the table prints {cells[0][1].printed}",
            )
            yield _claim(sentence, number, cells[:1], why, label("与表中星号一致的水平", "the level of the stars"))


def _insignificance(sentence: str, number: int, cells: Sequence[Cell], given: Given) -> Iterator[Finding]:
    """A sentence with one coefficient, whose only word on significance is that there is none."""
    if not cells or not _NEGATED.search(sentence) or len(_SIGNIFICANT.findall(sentence)) != 1:
        return
    level = _level(sentence)
    if any(not t.starred_rows for t, _ in cells):
        return
    if all((e.stars > 0 if level is None else all(_by_scheme(t, e, level, given))) for t, e in cells):
        why = label(f"正文称不显著，表中为{cells[0][1].printed}",
                    f"the text says not significant, the table prints {cells[0][1].printed}")  # fmt: skip
        yield _claim(sentence, number, cells[:1], why, label("与表中星号一致的说法", "what the stars say"))


def _sign(
    sentence: str, number: int, text: str, cells: Sequence[Cell], tables: Sequence[PaperTable]
) -> Iterator[Finding]:
    """A coefficient that is called positive is printed as negative."""
    turned = _cells(tables, text, turned=True)
    if cells or not turned or text.startswith(("-", "−")) or not _UP.search(sentence) or _DOWN.search(sentence):
        return
    why = label(f"正文称为正，表中为{turned[0][1].printed}",
                f"the text says positive, the table prints {turned[0][1].printed}")  # fmt: skip
    yield _claim(sentence, number, turned[:1], why, label("与表中符号一致", "the sign of the table"))


def _claim(sentence: str, number: int, cells: Sequence[Cell], why: Label, possible: Label) -> Finding:
    return Finding("conditional", "claim", _said(number, cells), sentence[:160], why, possible, _COUNTED, "text")


def _difference(sentence: str, number: int, quoted: Sequence[Sequence[Cell]]) -> Iterator[Finding]:
    """Two coefficients, the one called larger, whose difference is not significant for any value inside."""
    if not all(len(cells) == 1 for cells in quoted):
        return
    cells = [c[0] for c in quoted]
    for (_, a), (_, b) in combinations(cells, 2):
        errors = [r.standard_error(e) for e in (a, b)]
        if errors[0] is None or errors[1] is None or (a.row, a.column) == (b.row, b.column):
            continue
        gap = abs(r.span(a.coefficient) - r.span(b.coefficient))
        least, most = (math.hypot(getattr(errors[0], k), getattr(errors[1], k)) for k in ("low", "high"))
        if a.column != b.column and least > 0 and gap.high / least < 1.645:
            z = Interval(gap.low / most, gap.high / least)
            why = label(
                f"正文称一个系数更大，但两系数之差的z值仅为{zh(z, 3)}",
                f"the text calls one coefficient larger, but their difference has z of {z.text(3)}",
            )
            yield Finding("suspicious", "groups", _said(number, cells), sentence[:160], why,
                          label("检验差异", "test the difference"), table="text")  # fmt: skip


def _reaches(table: PaperTable, e: Estimate, level: float, given: Given) -> bool:
    """Whether the stars of a cell say significant at a level, under some scheme; a table without stars does not say."""
    if not any(x.stars for x in table.estimates):
        return True
    return any(_by_scheme(table, e, level, given))


def _by_scheme(table: PaperTable, e: Estimate, level: float, given: Given) -> list[bool]:
    """Whether the stars say so, under each scheme."""
    return [0 < e.stars <= len(cuts) and cuts[e.stars - 1] <= level + 1e-12 for cuts in r.schemes(table, given)]
