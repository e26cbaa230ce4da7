"""The words of tables: which label names N, R2 or a test, which head names a mean, which cell says yes."""

# ruff: noqa: E501  (one label per pattern reads better than wrapped patterns)

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# role -> pattern of the whole label (lower case, without blanks); the first that fits counts
ROLES: tuple[tuple[str, str], ...] = (
    ("clusters", r"(?:numberof|no\.?of|#of)?clusters?|聚类(?:数|个数|数目)?|(?:numberof|no\.?of)?clusters?\(.*\)|n_?clust"),
    ("units", r"(?:numberof|no\.?of|#of)(?:units|groups|id|countries|firms|cities|provinces|individuals|ids|panels)"
              r"|(?:groups|countries|firms|cities|provinces)|(?:个体|城市|国家|省份|企业|截面|地区|组)(?:数|个数|数量)|个体数"),
    ("n", r"n|obs\.?|observations?|no\.?ofobs(?:ervations|\.)?|numberofobs(?:ervations|\.)?|num\.?obs\.?|samplesize"
          r"|样本量|样本数|观测值|观测数|观察值|样本容量|样本|观测值数|观测值个数|obs|n\(样本量\)|样本量n|观测数n|样本观测值|样本个数"),
    ("r2_adjusted", r"(?:adj(?:usted|\.)?[-_.]?r(?:2|-?squared?|-?sq\.?)|调整(?:后的?)?(?:的)?r2|r2[-_(]?(?:adj|a)\w*\)?"
                    r"|adjr2|校正r2|调整后拟合优度|调整r2|ar2|r2adj\.?|adj\.?within(?:r2)?|withinadj(?:usted)?\.?r2)"),
    ("r2_pseudo", r"(?:pseudo|mcfadden|伪|准)[-'s]*r(?:2|-?squared?|-?sq\.?)|伪拟合优度"),
    ("r2_within", r"within[-]?r(?:2|-?squared?)|r(?:2|-?squared?)[-_(,]?within\)?|组内r2|组内拟合优度|withinr2"),
    ("r2_between", r"between[-]?r(?:2|-?squared?)|r(?:2|-?squared?)[-_(]?between\)?|组间r2"),
    ("r2_overall", r"overall[-]?r(?:2|-?squared?)|r(?:2|-?squared?)[-_(]?overall\)?|总体r2|整体r2"),
    ("r2", r"(?:centered|uncentered)?r(?:2|-?squared?|-?sq\.?)|拟合优度|可决系数|决定系数|r平方|r方"),
    ("loglik", r"log[-]?(?:pseudo)?likelihood|loglik\.?|ll|lnl|对数似然值?|似然值|对数似然函数值|logl|logpseudolikelihood"),
    ("aic", r"aic"),
    ("bic", r"bic"),
    ("lr", r"lr(?:检验|test|chi2|统计量|值)?|似然比检验?|似然比统计量|likelihoodratio(?:test)?|lrstatistic|lrχ2"),
    ("hausman", r"(?:durbin-wu-)?hausman(?:检验|test|值|chi2|统计量)?|豪斯曼检验?"),
    ("cragg_donald_f", r"cragg-?donald(?:wald)?f?(?:统计量|statistic|值|检验)?|c-?dwaldf|cdf|cragg-?donaldwaldfstatistic"),
    ("kp_f", r"kleibergen-?paap(?:rk)?(?:wald)?f(?:统计量|statistic|值|检验)?|kp(?:rk)?(?:wald)?f|k-p(?:rk)?(?:wald)?f"
             r"|kpf(?:统计量|值|stat\w*)?"),
    ("kp_lm", r"kleibergen-?paap(?:rk)?lm(?:统计量|statistic|值|检验)?|kp(?:rk)?lm(?:统计量|statistic|值)?|k-p(?:rk)?lm"),
    ("anderson_lm", r"anderson(?:canon(?:ical)?\.?corr(?:elation)?s?\.?)?lm(?:统计量|statistic|值|检验)?"),
    ("first_stage_f", r"(?:the)?(?:first|1st)-?stagef(?:-?(?:stat(?:istic)?s?|value|test))?|(?:第)?一阶段f(?:值|统计量|检验)?"
                      r"|f(?:值|统计量)?\((?:第)?一阶段\)|effectivef(?:stat\w*)?|有效f(?:值|统计量)?|f-?(?:stat\w*)?(?:of|onthe)?excludedinstruments?"),
    ("sargan", r"sargan(?:检验|test|p值|统计量)?|过度识别检验"),
    ("hansen", r"hansen(?:j)?(?:检验|test|统计量|statistic|p值|值)?|jstatistic|j统计量"),
    ("ar1", r"ar\(1\)(?:检验|test|p值|pvalue)?"),
    ("ar2", r"ar\(2\)(?:检验|test|p值|pvalue)?"),
    ("f", r"f|f-?(?:stat(?:istic)?s?|value|test)|f值|f统计量|f检验|f检验值|模型f值"),
    ("wald", r"wald(?:chi2|检验|test|统计量|值|χ2)?"),
    ("instruments", r"(?:numberof|no\.?of|#of)instruments?|工具变量(?:数|个数|数量|数目)|instruments?count"),
    ("sobel", r"sobel(?:检验|test|z|z值|z统计量|统计量|z-?stat(?:istic)?|检验z值|testz)?|aroian(?:test|检验)?|goodman(?:test|检验)?"),
    ("indirect", r"indirecteffects?|间接效应(?:值)?|中介效应(?:值|大小)?|a[*×·]b"),
    ("chi2", r"chi-?(?:2|squared?)|χ2|卡方(?:值|统计量)?|lm(?:检验|test|统计量)?|bp检验"),
    ("mean_outcome", r"mean(?:of)?(?:the)?(?:dep(?:endent)?\.?var(?:iable)?\.?|outcome)|(?:dep(?:endent)?\.?var(?:iable)?\.?|outcome|control)mean"
                     r"|因变量均值|被解释变量均值|controlgroupmean"),
    ("p", r"p-?values?|p值|prob>?(?:f|chi2)?|伴随概率"),
)  # fmt: skip
R2_ROLES = ("r2", "r2_within", "r2_overall", "r2_between", "r2_adjusted", "r2_pseudo")
TESTS = ("lr", "hausman", "cragg_donald_f", "kp_f", "kp_lm", "anderson_lm", "first_stage_f", "sargan", "hansen", "f",
         "wald", "chi2")  # fmt: skip
_OTHER = re.compile(
    r"(?:检验|统计量|p值|临界值|系数(?:之)?差|组间(?:系数)?差异)|(?:endogeneity|test|statistic|critical value|stock-yogo|p-?val|threshold|cut-?off|mean of|difference|anderson|rubin|sobel|kleibergen|cragg|montiel|effective f|moran)",
    re.IGNORECASE,
)
_HEADS: tuple[tuple[str, str], ...] = (
    ("n", r"n|obs\.?|observations?|样本量|样本数|观测值|观测数|观察值|count|样本|样本容量|no\.?ofobs\.?"),
    ("mean", r"means?|均值|平均值|平均数|average|avg\.?"),
    ("sd", r"(?:std\.?|standard)(?:dev(?:iation)?s?\.?)|s\.?d\.?|标准差|标准偏差|std\.?|stdev\.?|方差\(标准差\)"),
    ("variance", r"variance|var\.?|方差"),
    ("min", r"min(?:imum)?\.?|最小值|极小值|最小"),
    ("max", r"max(?:imum)?\.?|最大值|极大值|最大"),
    ("median", r"median|p50|中位数|q2|50%|50th|中值"),
    ("p25", r"p25|q1|25%|25th|下四分位数?|第一四分位数?"),
    ("p75", r"p75|q3|75%|75th|上四分位数?|第三四分位数?"),
    ("p10", r"p10|10%"), ("p90", r"p90|90%"), ("p5", r"p0?5|5%"), ("p95", r"p95|95%"), ("p1", r"p0?1|1%"),
    ("p99", r"p99|99%"),
    ("sum", r"sum|合计|总和|total"),
    ("skewness", r"skew\w*|偏度"), ("kurtosis", r"kurt\w*|峰度"),
    ("difference", r"diff(?:erence)?s?\.?|差异|差值|均值差异?|mean-?diff\w*|均值之差"),
)  # fmt: skip
_PIECES: tuple[tuple[str, str], ...] = (
    ("coefficient", r"coef(?:f(?:icient)?s?)?\.?|系数|回归系数|estimates?|估计值|估计系数|b|β"),
    ("se", r"s\.?e\.?|(?:std\.?|standard)err(?:ors?|\.)?|标准误差?|稳健标准误|robusts\.?e\.?|std\.?err\.?|(?:聚类)?稳健标准误"),
    ("t", r"[tz](?:-?(?:stat(?:istic)?s?|values?|ratio))?\.?|[tz]值|[tz]统计量"),
    ("p", r"p(?:-?values?)?|p值|p>\|?[tz]\|?|sig\.?"),
    ("low", r"(?:95%)?(?:ci|conf\.?)?(?:low(?:er)?|下限|lb)(?:bound|95%|limit)?|2\.5%|(?:95%)?(?:置信)?(?:区间)?下限|\[95%conf\.?"),
    ("high", r"(?:95%)?(?:ci|conf\.?)?(?:high|upper|上限|ub)(?:bound|95%|limit)?|97\.5%|(?:95%)?(?:置信)?(?:区间)?上限|interval\]"),
    ("ci", r"(?:95%)?(?:ci|c\.i\.|conf(?:idence|\.)?interval|置信区间)"),
)  # fmt: skip
_YES = frozenset(
    {
        "yes",
        "y",
        "是",
        "有",
        "控制",
        "√",
        "✓",
        "✔",
        "x",
        "×",
        "固定",
        "已控制",
        "control",
        "controlled",
        "included",
        "t",
        "true",
        "包含",
        "加入",
        "☑",
    }
)
_NO = frozenset({"no", "n", "否", "无", "未控制", "不控制", "✗", "✘", "不固定", "false", "未加入", "不包含", "none"})
_DASHES = frozenset({"", "-", "--", "---", ".", "/", "n/a", "na", "n.a.", "—", "–", "…", "...", "n.s.", "\\"})
CONSTANTS = frozenset(
    {"常数项", "截距项", "截距", "常数", "constant", "_cons", "intercept", "(intercept)", "cons", "const"}
)
_BASES = frozenset(
    {
        "base",
        "basecategory",
        "baseperiod",
        "ref",
        "ref.",
        "reference",
        "omitted",
        "基期",
        "基准",
        "基准期",
        "基准组",
        "参照组",
        "参照",
        "对照组",
    }
)
EFFECTS = re.compile(r"效应|effects?\b|\bfe\b|\bfes\b|trends?|趋势|dumm(?:y|ies)|虚拟变量", re.IGNORECASE)
INSTRUMENTED = re.compile(
    r"2sls|tsls|两阶段|二阶段|第二阶段|second[- ]stage|\biv\b|工具变量|gmm|\bliml\b|instrument", re.IGNORECASE
)
FIRST_STAGE = re.compile(r"第?一阶段|first[- ]stage|1st[- ]stage", re.IGNORECASE)
SECOND_STAGE = re.compile(r"第?二阶段|second[- ]stage|2nd[- ]stage", re.IGNORECASE)
NOT_OLS = re.compile(
    r"tobit|logit|probit|poisson|ppml|negative binomial|泊松|负二项|quantile|分位数|gmm|\bmle\b|random[- ]effects?|随机效应"
    r"|\bre\b|fgls|gls|hazard|cox|\bml\b|空间|spatial|\bsar\b|\bsdm\b|\bsem\b|weighted|加权|between",
    re.IGNORECASE,
)
FULL = re.compile(r"^(?:full(?: sample)?|all|whole|全样本|总样本|全部|整体|pooled|total|总体|全体)$", re.IGNORECASE)


@lru_cache(maxsize=8192)
def folded(label: str) -> str:
    """A label for comparison: half-width, lower case, without blanks and mark-up; R² and R^2 are r2.

    Examples
    --------
    >>> folded("Adj．R²"), folded("Within R$^{2}$"), folded("样 本 量")
    ('adj.r2', 'withinr2', '样本量')
    """
    text = unicodedata.normalize("NFKC", label).lower()
    text = re.sub(r"[${}^\\]|\*+$|\\text\w*", "", text)
    text = re.sub(r"\s+", "", text).strip(":：")
    return text.replace("−", "-").replace("–", "-").replace("χ2", "chi2")


_ROLE = tuple((role, re.compile(pattern)) for role, pattern in ROLES)
_HEAD = tuple((role, re.compile(pattern)) for role, pattern in _HEADS)
_PIECE = tuple((role, re.compile(pattern)) for role, pattern in _PIECES)


@lru_cache(maxsize=8192)
def role_of(label: str) -> str | None:
    """What a row of the foot is, by its label; ``other`` for a test that has no name here, None for a variable.

    Examples
    --------
    >>> role_of("样本量"), role_of("Adj-R2"), role_of("LR检验"), role_of("TBI"), role_of("Moran检验")
    ('n', 'r2_adjusted', 'lr', None, 'other')
    """
    text = folded(label)
    for role, pattern in _ROLE:
        if pattern.fullmatch(text):
            return role
    return "other" if _OTHER.search(label) else None


@lru_cache(maxsize=4096)
def head_of(label: str) -> str | None:
    """Which descriptive statistic a head names.

    Examples
    --------
    >>> head_of("平均值"), head_of("Std. Dev."), head_of("GDP")
    ('mean', 'sd', None)
    """
    return _first(_HEAD, folded(label))


@lru_cache(maxsize=4096)
def piece_of(label: str) -> str | None:
    """Which part of an estimate a column of its own holds.

    Examples
    --------
    >>> piece_of("系数"), piece_of("Std. Err."), piece_of("(1)")
    ('coefficient', 'se', None)
    """
    return _first(_PIECE, folded(label))


def _first(patterns: tuple[tuple[str, re.Pattern[str]], ...], text: str) -> str | None:
    return next((role for role, pattern in patterns if pattern.fullmatch(text)), None)


def said_yes(text: str) -> bool | None:
    """Whether a cell says yes or no; None if neither.

    Examples
    --------
    >>> said_yes("控制"), said_yes("No"), said_yes("0.5")
    (True, False, None)
    """
    word = folded(text)
    return True if word in _YES else False if word in _NO else None


def said_base(text: str) -> bool:
    """Whether a cell says that the row is what the others are held against.

    Examples
    --------
    >>> said_base("(base)"), said_base("（基期）"), said_base("0.5")
    (True, True, False)
    """
    return folded(text).strip("()[]") in _BASES


def is_dash(text: str) -> bool:
    """Whether a cell is printed as empty.

    Examples
    --------
    >>> is_dash(" — "), is_dash("0")
    (True, False)
    """
    return folded(text) in _DASHES
