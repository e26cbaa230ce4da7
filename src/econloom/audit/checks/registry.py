"""All checks, by key; each has a heading of its own in docs/audit.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from econloom.audit.checks import (
    across,
    claims,
    columns,
    criteria,
    descriptives,
    fits,
    freedom,
    identities,
    instruments,
    mediation,
    moments,
    printing,
    quantities,
    ratios,
    samples,
    sizes,
    stars,
)
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
    Check(stars.check, ("stars", "cutoffs")),
    Check(ratios.check, ("sign", "t_ratio", "p_value")),
    Check(ratios.intervals, ("interval",)),
    Check(printing.cutoffs, ("cutoffs",)),
    Check(printing.zero_precision, ("zero_precision",)),
    Check(descriptives.check, ("order", "sd", "grim", "share", "copy", "n")),
    Check(moments.check, ("sd", "quantiles", "grimmer")),
    Check(samples.check, ("parts", "difference", "n")),
    Check(sizes.check, ("n",)),
    Check(fits.ranges, ("r2",)),
    Check(fits.nested, ("nested", "r2_kind", "r2_loglik")),
    Check(fits.likelihood_ratios, ("lr", "lr_stars")),
    Check(criteria.check, ("aic", "pseudo_r2")),
    Check(statistics_.distributions, ("chi2", "f")),
    Check(freedom.check, ("df", "overall_f")),
    Check(instruments.check, ("first_stage_f", "rank", "reduced_form", "iv_se", "df")),
    Check(mediation.check, ("mediation", "sobel")),
    Check(columns.check, ("copy", "proportional", "pooled", "groups", "window")),
    Check(identities.check, ("identity",)),
)
PAPER_CHECKS: tuple[PaperCheck, ...] = (
    PaperCheck(across.check, ("repeated", "pooled")),
    PaperCheck(identities.across, ("identity",)),
    PaperCheck(claims.check, ("claim", "groups")),
    PaperCheck(quantities.check, ("percentage",)),
)
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
    "quantiles": Label(zh="分位数与均值、标准差", en="quantiles against mean and standard deviation"),
    "grimmer": Label(zh="整数的标准差", en="standard deviations of whole numbers"),
    "parts": Label(zh="子样本与全样本的均值、标准差", en="means and standard deviations of parts and whole"),
    "difference": Label(zh="均值之差", en="differences of means"),
    "share": Label(zh="份额", en="shares"),
    "copy": Label(zh="重复的行或列", en="copied rows and columns"),
    "n": Label(zh="样本量", en="numbers of observations"),
    "r2": Label(zh="R²的范围", en="range of R2"),
    "nested": Label(zh="嵌套模型", en="nested columns"),
    "r2_kind": Label(zh="R²的标签", en="the label of R2"),
    "r2_loglik": Label(zh="R²与对数似然", en="R2 against log likelihoods"),
    "aic": Label(zh="信息准则与对数似然", en="information criteria against log likelihoods"),
    "pseudo_r2": Label(zh="伪R²与对数似然", en="pseudo R2 against log likelihoods"),
    "lr": Label(zh="似然比统计量", en="likelihood ratios"),
    "lr_stars": Label(zh="似然比检验的星号", en="stars of likelihood ratios"),
    "chi2": Label(zh="卡方统计量", en="chi-squared statistics"),
    "f": Label(zh="F统计量", en="F statistics"),
    "df": Label(zh="检验统计量的自由度", en="degrees of freedom of tests"),
    "overall_f": Label(zh="F与R²", en="F against R2"),
    "first_stage_f": Label(zh="一阶段F", en="first-stage F"),
    "reduced_form": Label(zh="简约式系数", en="reduced form"),
    "iv_se": Label(zh="2SLS与OLS的标准误", en="standard errors of 2SLS and OLS"),
    "rank": Label(zh="工具变量的秩统计量", en="rank statistics of instruments"),
    "mediation": Label(zh="中介效应恒等式", en="the identity of mediation"),
    "sobel": Label(zh="Sobel检验", en="Sobel's test"),
    "proportional": Label(zh="成比例的列", en="proportional columns"),
    "pooled": Label(zh="全样本与子样本系数", en="pooled slopes and their parts"),
    "groups": Label(zh="组间差异", en="differences of groups"),
    "window": Label(zh="事件研究的基期", en="base of event windows"),
    "identity": Label(zh="恒等式", en="identities"),
    "repeated": Label(zh="表与表之间", en="tables against each other"),
    "percentage": Label(zh="正文中的百分比与倍数", en="percentages and ratios of the text"),
    "claim": Label(zh="正文与表", en="the text against the tables"),
}
