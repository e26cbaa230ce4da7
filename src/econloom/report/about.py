"""What a number of a table is, in a sentence, where its row and column do not tell: tests and differences."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from econloom.core.estimate import Test
from econloom.core.labels import Label

_LAWS = {"chi2": "χ²", "F": "F", "t": "t", "normal": "N(0, 1)"}
_NULLS: tuple[tuple[str, str], ...] = (
    (r"(.+): zero", "{}均为零"),
    (r"(.+): exogenous", "{}是外生的"),
    (r"the instruments are weak", "工具变量是弱的"),
    (r"effects before adoption", "实施前的效应均为零"),
    (r"all effects are equal( and all varying slopes zero)?", "所有固定效应相等"),
    (r"no causality in any unit.*", "对任何个体都不存在因果关系"),
)


def tested(found: Test) -> Label:
    """The null, the law and its degrees of freedom.

    Examples
    --------
    >>> tested(Test(3.84, (1.0,), 0.05, "x: zero", "chi2")).en
    'null: x: zero; law under it: χ²(1); p = 0.05'
    """
    degrees = ", ".join(f"{d:g}" for d in found.df)
    law = f"{_LAWS[found.distribution]}({degrees})" if degrees else _LAWS[found.distribution]
    p = "" if math.isnan(found.p_value) else f"p = {found.p_value:.6g}"
    tabled = ", ".join(f"{name}: {value:g}" for name, value in found.critical_values)
    zh = [f"原假设：{in_chinese(found.null)}", f"其下的分布：{law}", p, f"临界值：{tabled}" if tabled else ""]
    en = [f"null: {found.null}", f"law under it: {law}", p, f"critical values: {tabled}" if tabled else ""]
    return Label("；".join(filter(None, zh)), "; ".join(filter(None, en)))


def in_chinese(null: str) -> str:
    """A hypothesis in Chinese, as it is where there are no words for it."""
    for pattern, words in _NULLS:
        if (match := re.fullmatch(pattern, null)) is not None:
            names = match.groups(default="")[:1]
            return words.format(*names) if "{}" in words else words
    return null


def compared(term: str, first: str, second: str, error: float, statistic: float) -> Label:
    """A coefficient of the first group less that of another, with its error.

    Examples
    --------
    >>> compared("x", "small", "large", 0.5, 2.0).en
    'x in small less x in large; std. error 0.5; t = 2'
    """
    shown: Callable[[float], str] = "{:.6g}".format
    zh, en = [f"{first}的{term}系数减{second}的{term}系数"], [f"{term} in {first} less {term} in {second}"]
    if not math.isnan(error):
        zh.append(f"标准误{shown(error)}")
        en.append(f"std. error {shown(error)}")
    if not math.isnan(statistic):
        zh.append(f"t = {shown(statistic)}")
        en.append(f"t = {shown(statistic)}")
    return Label("；".join(zh), "; ".join(en))
