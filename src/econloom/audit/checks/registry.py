"""All checks, by key; each has a heading of its own in docs/audit.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from econloom.audit.checks import claims, columns, descriptives, fits, identities, printing, ratios, sizes, stars
from econloom.audit.checks import statistics as statistics_
from econloom.audit.findings import Finding
from econloom.audit.given import Given
from econloom.audit.paper import PaperTable
from econloom.core.labels import Label

Run = Callable[[PaperTable, Given], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """A check of one table.

    Attributes
    ----------
    run : callable
    findings : tuple of str
        The keys of what it finds.
    """

    run: Run
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PaperCheck:
    """A check across the tables of a paper, or of its text."""

    run: Callable[[Sequence[PaperTable], Given], Iterator[Finding]]
    findings: tuple[str, ...]


CHECKS: tuple[Check, ...] = (
    Check(stars.check, ("stars",)),
    Check(ratios.check, ("sign", "t_ratio", "p_value")),
    Check(ratios.intervals, ("interval",)),
    Check(printing.cutoffs, ("cutoffs",)),
    Check(printing.zero_precision, ("zero_precision",)),
    Check(descriptives.check, ("order", "sd", "grim", "share", "copy", "n")),
    Check(sizes.check, ("n",)),
    Check(fits.ranges, ("r2",)),
    Check(fits.nested, ("nested", "r2_kind", "r2_loglik")),
    Check(fits.likelihood_ratios, ("lr", "lr_stars")),
    Check(statistics_.distributions, ("chi2", "f")),
    Check(statistics_.instruments, ("first_stage_f", "rank")),
    Check(columns.check, ("copy", "mediation", "pooled", "groups", "window")),
    Check(identities.check, ("identity",)),
)
PAPER_CHECKS: tuple[PaperCheck, ...] = (PaperCheck(claims.check, ("percentage", "claim")),)
LABELS: Mapping[str, Label] = {
    "stars": Label(zh="星号与系数、标准误、t值或p值", en="stars against coefficient and SE, t or p"),
    "sign": Label(zh="符号", en="signs"),
    "t_ratio": Label(zh="t值与系数、标准误", en="t against coefficient and SE"),
    "p_value": Label(zh="p值与t值", en="p against t"),
    "interval": Label(zh="置信区间", en="confidence intervals"),
    "cutoffs": Label(zh="注释中的显著性水平", en="star cut-offs of the note"),
    "zero_precision": Label(zh="有效数字不足", en="too few digits"),
    "order": Label(zh="最小值、均值、分位数、最大值的次序", en="order of minimum, mean, quantiles and maximum"),
    "sd": Label(zh="标准差的上下界", en="bounds of the standard deviation"),
    "grim": Label(zh="整数的均值", en="means of whole numbers"),
    "share": Label(zh="份额", en="shares"),
    "copy": Label(zh="重复的行或列", en="copied rows and columns"),
    "n": Label(zh="样本量", en="numbers of observations"),
    "r2": Label(zh="R²的范围", en="range of R2"),
    "nested": Label(zh="嵌套模型", en="nested columns"),
    "r2_kind": Label(zh="R²的标签", en="the label of R2"),
    "r2_loglik": Label(zh="R²与对数似然", en="R2 against log likelihoods"),
    "lr": Label(zh="似然比统计量", en="likelihood ratios"),
    "lr_stars": Label(zh="似然比检验的星号", en="stars of likelihood ratios"),
    "chi2": Label(zh="卡方统计量", en="chi-squared statistics"),
    "f": Label(zh="F统计量", en="F statistics"),
    "first_stage_f": Label(zh="一阶段F与t的平方", en="first-stage F and t squared"),
    "rank": Label(zh="工具变量的秩统计量", en="rank statistics of instruments"),
    "mediation": Label(zh="中介效应恒等式", en="the identity of mediation"),
    "pooled": Label(zh="全样本与子样本系数", en="pooled slopes and their parts"),
    "groups": Label(zh="组间差异", en="differences of groups"),
    "window": Label(zh="事件研究的基期", en="base of event windows"),
    "identity": Label(zh="恒等式", en="identities"),
    "percentage": Label(zh="正文中的百分比", en="percentages of the text"),
    "claim": Label(zh="正文中的显著性", en="significance in the text"),
}
