"""What the note of a table says: star cut-offs, what brackets hold, how inference was made."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Brackets = Literal["()", "[]", "{}"]
Held = Literal["se", "t", "p", "ci"]
CONVENTIONS: tuple[tuple[float, ...], ...] = ((0.10, 0.05, 0.01), (0.05, 0.01, 0.001))

_STAR = "\u2217\u204e\u22c6\u2731\ufe61\uff0a\u2605\u2606"
_STARS = str.maketrans(dict.fromkeys(_STAR, "*"))
_TOKEN = re.compile(
    r"(?P<stars>\*{1,3})(?!\*)|(?P<word>\b(?:one|two|three|single|double|triple) (?:asterisks?|stars?)\b)"
    r"|(?P<percent>\d+(?:\.\d+)?) ?(?:%|per ?cent\b|percent\b|％)|(?P<prob>(?<![\d.])0?\.\d+)"
    r"|(?P<bare>\b(?:10|5|1)(?=(?:,| and| or)[^;.]{0,12}?\b(?:5|1|10) ?(?:%|per ?cent)))"
)
_WORDS = {"one": 1, "single": 1, "two": 2, "double": 2, "three": 3, "triple": 3}
_LEVELS = {0.1, 0.05, 0.01, 0.001, 0.005, 0.0001, 0.15, 0.2}
_HELD: tuple[tuple[Held, str], ...] = (
    ("ci", r"confidence intervals?|置信区间|credible intervals?"),
    ("se", r"standard errors?|standard deviations?|std\.? ?err\w*|\bs\.?e\.?s?\b|标准误差?|标准差|稳健标准误"),
    ("t", r"\bt[- ]?(?:statistics?|stats?|values?|ratios?)\b|\bz[- ]?(?:statistics?|stats?|values?|scores?)\b"
          r"|(?<![a-z])[tz][- ]?(?:检验)?(?:值|统计量|统计值)"),
    ("p", r"\bp[- ]?values?\b|(?<![a-z])p[- ]?值|伴随概率|\bprobabilit"),
)  # fmt: skip
_WHERE: tuple[tuple[Brackets, str], ...] = (
    ("[]", r"square brackets?|方括号|方括弧|中括号|(?<!round )\bbrackets?\b"),
    ("{}", r"braces|curly|花括号|大括号"),
    ("()", r"parenthes[ei]s|圆括号|小括号|(?<!方)(?<!花)(?<!中)(?<!大)括号|括弧|round brackets"),
)
_RESAMPLED = re.compile(
    r"bootstrap|permutation|randomi[sz]ation inference|romano|westfall|bonferroni|benjamini|\bfdr\b|sharpened|q-values?"
    r"|multiple[- ](?:hypothes|test)|satterthwaite|\bcr2\b|bell[- ]mccaffrey|one[- ](?:sided|tailed)|jackknife"
    r"|anderson[- ]rubin|credible|posterior|bayes|自助|自举|自抽样|置换|单侧|单尾|随机化推断|多重检验|刀切|贝叶斯"
    r"|conditional likelihood ratio|\bholm\b"
)
_TRANSFORMED = re.compile(
    r"odds[- ]ratios?|hazard[- ]ratios?|risk[- ]ratios?|incidence|\birrs?\b|\brrr\b|exponentiated|standardi[sz]ed coef"
    r"|\bbeta coefficients|比值比|优势比|风险比|发生率比|标准化系数|让步比|几率比"
)
_CLUSTERED = re.compile(r"cluster|聚类|driscoll|kraay|newey|robust|稳健")
_SAME = re.compile(
    r"下表同|以下各表同|下同|以下同|same (?:holds|applies)|as in (?:the )?(?:previous )?table|see table|同表|同上表"
)
_DF = re.compile(r"自由度为? ?(\d+)的 ?t ?分布|t distribution with (\d+) degrees? of freedom|t\((\d+)\) distribution")
_NORMAL = re.compile(r"标准正态分布|standard normal distribution")
_CI = re.compile(r"(\d{2}(?:\.\d)?) ?(?:%|％|per ?cent)(?: (?:level )?)?的? ?(?:confidence|置信)")


@dataclass(frozen=True, slots=True)
class Note:
    """A note, read.

    Attributes
    ----------
    text : str
    cutoffs : tuple of float
        The level of one star, two, three; empty where the note defines none. NaN where a number of stars is left out.
    disordered : bool
        More stars stand for a weaker level.
    held : tuple of (brackets, kind)
        What brackets hold, where the note says so.
    resampled : bool
        Significance does not come from t or normal critical values (bootstrap, permutation, several tests, CR2).
    transformed : bool
        Coefficients are odds ratios or the like, of which the standard error is not the ratio's.
    same : bool
        The note says that it holds for other tables, or that another one holds here.
    df : tuple of float
        Degrees of freedom that it names; infinite for the normal distribution.
    levels : tuple of float
        Levels of confidence intervals that it names.

    Examples
    --------
    >>> n = read_note("括号内为聚类稳健标准误，∗、∗∗、∗∗∗分别表示在10%、5%、1%的水平显著，下表同。")
    >>> n.cutoffs, n.held, n.same
    ((0.1, 0.05, 0.01), (('()', 'se'),), True)
    """

    text: str = ""
    cutoffs: tuple[float, ...] = ()
    disordered: bool = False
    held: tuple[tuple[Brackets, Held], ...] = ()
    resampled: bool = False
    transformed: bool = False
    clustered: bool = False
    same: bool = False
    df: tuple[float, ...] = field(default=())
    levels: tuple[float, ...] = ()

    def holds(self, brackets: Brackets) -> Held | None:
        """What brackets of one kind hold."""
        return dict(self.held).get(brackets)


def read_note(text: str, about: str = "") -> Note:
    """Read a note.

    Parameters
    ----------
    text : str
        The note as printed.
    about : str
        Title and heads of the table, in which transformed coefficients may be named too.

    Examples
    --------
    >>> read_note("Robust SEs in brackets. * p<0.05, ** p<0.01, *** p<0.001").cutoffs
    (0.05, 0.01, 0.001)
    >>> read_note("***, ** and * denote significance at the 1%, 5% and 10% levels").cutoffs
    (0.1, 0.05, 0.01)
    """
    plain = unicodedata.normalize("NFKC", text.translate(_STARS)).translate(_STARS)
    plain = re.sub(r"\\(?=[*%])|[{}$^]|\\sym|\\textsuperscript", "", plain)
    low = f"{about}\n{plain}".lower()
    cutoffs, disordered = _cutoffs(plain)
    return Note(
        text=text,
        cutoffs=cutoffs,
        disordered=disordered,
        held=_held(plain.lower()),
        resampled=_RESAMPLED.search(low) is not None,
        transformed=_TRANSFORMED.search(low) is not None,
        clustered=_CLUSTERED.search(low) is not None,
        same=_SAME.search(plain.lower()) is not None,
        df=(*(float(next(g for g in m.groups() if g)) for m in _DF.finditer(plain)),
            *(float("inf") for _ in _NORMAL.finditer(plain))),
        levels=tuple(dict.fromkeys(1 - float(m[1]) / 100 for m in _CI.finditer(plain.lower()))),
    )  # fmt: skip


def _cutoffs(text: str) -> tuple[tuple[float, ...], bool]:
    """Levels of one, two and three stars, and whether they are the wrong way round."""
    pairs = _pairs(_tokens(re.sub(r"(?<=\*) (?=\*)", "", text)))
    if not pairs:
        return (), False
    most = max(pairs)
    levels = tuple(pairs.get(n, float("nan")) for n in range(1, most + 1))
    given = [pairs[n] for n in sorted(pairs)]
    return levels, any(a <= b for a, b in itertools.pairwise(given))


def _tokens(text: str) -> list[int | float]:
    """Star marks as whole numbers and levels as fractions, in order."""
    found: list[int | float] = []
    for m in _TOKEN.finditer(text.lower()):
        if m["stars"]:
            found.append(len(m["stars"]))
        elif m["word"]:
            found.append(_WORDS[m["word"].split()[0]])
        else:
            number = float(m["prob"]) if m["prob"] else float(m["percent"] or m["bare"]) / 100
            if round(number, 6) in _LEVELS:
                found.append(round(number, 6))
    return found


def _pairs(tokens: Sequence[int | float]) -> dict[int, float]:
    """A run of marks and the run of as many levels after it; a note that gives other numbers of them is not read."""
    runs: list[list[int | float]] = []
    for token in tokens:
        if runs and isinstance(runs[-1][-1], int) == isinstance(token, int):
            runs[-1].append(token)
        else:
            runs.append([token])
    if len(runs) > 1 and not isinstance(runs[0][0], int) and isinstance(runs[-1][0], int):
        return _joined([(marks, levels) for levels, marks in zip(runs[::2], runs[1::2], strict=False)])
    return _joined([(a, b) for a, b in itertools.pairwise(runs) if isinstance(a[0], int)])


def _joined(runs: Sequence[tuple[Sequence[int | float], Sequence[int | float]]]) -> dict[int, float]:
    """Marks with levels; ``significant at 10% (*), 5% (**) and 1% (***)`` has the levels first."""
    pairs: dict[int, float] = {}
    for marks, levels in runs:
        if len(levels) >= len(marks) and len(set(levels[: len(marks)])) == len(marks):
            pairs.update({int(m): float(v) for m, v in zip(marks, levels, strict=False) if int(m) not in pairs})
    return pairs


def _held(text: str) -> tuple[tuple[Brackets, Held], ...]:
    """What each kind of brackets holds: the word for it that stands nearest in the same sentence."""
    found: dict[Brackets, Held] = {}
    taken = text
    for brackets, pattern in _WHERE:
        for match in re.finditer(pattern, taken):
            kind = _nearest(text, match.start(), match.end())
            if kind is not None and not (brackets == "{}" and re.search(r"临界值|critical", text)):
                found.setdefault(brackets, kind)
        taken = re.sub(pattern, lambda m: " " * len(m[0]), taken)
    return tuple((b, found[b]) for b in ("()", "[]", "{}") if b in found)


def _nearest(text: str, start: int, end: int) -> Held | None:
    """The kind that the words around brackets name: the head of the phrase.

    In English it comes first, before the brackets or else after them (t statistics from clustered standard errors in
    parentheses); in Chinese it comes last after them, in the same clause (括号内为由聚类标准误得出的t值).
    """
    left = max(text.rfind(c, 0, start) for c in ";；。\n") + 1
    points = re.finditer(r"(?<![a-z])(?<!\b[a-z])\.\s|(?<=[a-z]{2})\.\s", text[left:start])
    left += max((point.end() for point in points), default=0)
    for _, pattern in _WHERE:
        left = max([left, *(left + m.end() for m in re.finditer(pattern, text[left:start]))])
    after = re.search(r"[;；。\n]|(?<!\b[a-z])\.(?:\s|$)", text[end:])
    right = len(text) if after is None else end + after.start()
    if any("\u4e00" <= c <= "\u9fff" for c in text[start:end]):
        clause = re.split(r"[，,]", re.sub(r"[（(][^）)]*[）)]", "", text[end:right]))[0]
        found = _kinds(clause)
        return found[-1][1] if found else None
    before, behind = _kinds(text[left:start]), _kinds(text[end:right])
    return before[0][1] if before else behind[0][1] if behind else None


def _kinds(text: str) -> list[tuple[int, Held]]:
    """All kinds that a phrase names, in order."""
    return sorted((m.start(), kind) for kind, pattern in _HELD for m in re.finditer(pattern, text))
