"""Phrases of titles, labels and notes: lists, column numbers, labels of terms that are made of others."""

from __future__ import annotations

import re
from collections.abc import Sequence

from econloom.core.labels import Label, Lang
from econloom.core.spec import TableSpec

_LEVEL = re.compile(r"([^:^()\[\]]+)::([^:^()\[\]]+)")
_SHIFTED = re.compile(r"(l|f|d|log)\(([\w.]+)(?:, *(\d+))?\)")
_SHIFTS = {
    "l": ("滞后{}期", "lag {}"),
    "f": ("提前{}期", "lead {}"),
    "d": ("{}期差分", "{}-period difference"),
    "log": ("对数", "log"),
}


def columns(numbers: Sequence[int], lang: Lang) -> str:
    """Column numbers as a phrase, runs of three or more as a range.

    Examples
    --------
    >>> columns([1, 2, 3, 5], "en"), columns([1, 2], "zh"), columns([4], "en")
    ('columns (1)–(3) and (5)', '第（1）、（2）列', 'column (4)')
    """
    runs: list[list[int]] = []
    for n in sorted(numbers):
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    shape, dash = ("（{}）", "—") if lang == "zh" else ("({})", "–")
    items: list[str] = []
    for run in runs:
        ends = [shape.format(n) for n in run]
        items += [f"{ends[0]}{dash}{ends[-1]}"] if len(run) > 2 else ends
    if lang == "zh":
        return f"第{'、'.join(items)}列"
    return f"column{'s' if len(numbers) > 1 else ''} {series(items, lang)}"


def series(items: Sequence[str], lang: Lang) -> str:
    """Items as a list in prose.

    Examples
    --------
    >>> series(["a", "b", "c"], "en"), series(["甲", "乙"], "zh")
    ('a, b and c', '甲、乙')
    """
    if lang == "zh":
        return "、".join(items)
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def compound(name: str, spec: TableSpec) -> Label:
    """The label of a term or effect; the parts of ``a:b`` and ``a^b`` are labelled apart and joined with ×.

    Examples
    --------
    >>> spec = TableSpec("t1", Label(), labels=(("prov", Label("省份", "Province")), ("year", Label("年份", "Year"))))
    >>> compound("prov^year", spec)
    Label(zh='省份×年份', en='Province × Year')
    >>> compound("l(prov, 2)", spec).en
    'Province (lag 2)'
    >>> compound("l(prov, 1):year", spec).zh
    '省份（滞后1期）×年份'
    >>> compound("year::2001", spec).zh
    '年份2001'
    """
    whole = spec.label(name)
    if (level := _LEVEL.fullmatch(name)) is not None and whole == Label.same(name):
        column = spec.label(level[1])
        return Label(zh=f"{column.text('zh')}{level[2]}", en=f"{column.text('en')} {level[2]}")
    shifted = _SHIFTED.fullmatch(name)
    if shifted is not None and whole == Label.same(name):
        return _shifted(shifted[1], compound(shifted[2], spec), shifted[3] or "1")
    pieces = re.split(r"[:^](?![^(]*\))", name)
    others = [p for p in pieces if any(c in p for c in "()[]") and _SHIFTED.fullmatch(p) is None]
    if len(pieces) == 1 or whole != Label.same(name) or others:
        return whole
    labels = [compound(p, spec) for p in pieces]
    return Label(zh="×".join(x.text("zh") for x in labels), en=" × ".join(x.text("en") for x in labels))


def _shifted(how: str, label: Label, by: str) -> Label:
    """``l(tbi, 1)`` as 贸易利益指数（滞后1期） / Trade benefit index (lag 1)."""
    zh, en = _SHIFTS[how]
    return Label(zh=f"{label.text('zh')}（{zh.format(by)}）", en=f"{label.text('en')} ({en.format(by)})")


def significance(stars: Sequence[float], lang: Lang) -> str:
    """What the stars mean.

    Examples
    --------
    >>> significance((0.05, 0.01), "en"), significance((0.05,), "zh")
    ('** and * denote significance at the 1% and 5% levels', '*表示在5%的水平上显著')
    """
    cuts = sorted(stars)
    marks = series(["*" * n for n in range(len(cuts), 0, -1)], lang)
    levels = series([f"{100 * cut:g}%" for cut in cuts], lang)
    if lang == "zh":
        return f"{marks}{'分别' if len(cuts) > 1 else ''}表示在{levels}的水平上显著"
    verb, noun = ("denote", "levels") if len(cuts) > 1 else ("denotes", "level")
    return f"{marks} {verb} significance at the {levels} {noun}"


def inner(label: str) -> str:
    """A label inside an English sentence: ``Country`` loses its capital, ``GDP`` keeps it."""
    return label[0].lower() + label[1:] if len(label) > 1 and label[1].islower() else label
