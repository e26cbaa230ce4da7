"""Words of explanations in both languages: covariances, conventions, estimators, what was done to rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from econloom.core.labels import Label

COVARIANCES: Mapping[str, tuple[Label, str]] = {
    "iid": (Label("同方差且不相关的误差", "homoskedastic, uncorrelated errors"), "s² (X'X)⁻¹"),
    "hc1": (Label("异方差稳健（White）", "heteroskedasticity-robust (White)"), "(X'X)⁻¹ (Σ eᵢ² xᵢxᵢ') (X'X)⁻¹"),
    "hc2": (Label("异方差稳健，残差平方除以1−h", "heteroskedasticity-robust, squared residuals over 1 − h"),
            "(X'X)⁻¹ (Σ eᵢ²/(1−hᵢ) xᵢxᵢ') (X'X)⁻¹"),
    "hc3": (Label("异方差稳健，残差平方除以(1−h)²", "heteroskedasticity-robust, squared residuals over (1 − h)²"),
            "(X'X)⁻¹ (Σ eᵢ²/(1−hᵢ)² xᵢxᵢ') (X'X)⁻¹"),
    "cluster": (Label("按{}聚类", "clustered by {}"), "(X'X)⁻¹ (Σ_g X_g'e_g e_g'X_g) (X'X)⁻¹"),
    "cr2": (Label("按{}聚类，偏误削减（CR2，Bell-McCaffrey）", "clustered by {}, bias-reduced (CR2, Bell-McCaffrey)"),
            "(X'X)⁻¹ (Σ_g X_g'A_g e_g e_g'A_g X_g) (X'X)⁻¹, A_g = (I − H_gg)^(−1/2)"),
    "cr3": (Label("按{}聚类，刀切（CR3）", "clustered by {}, jackknife (CR3)"),
            "(X'X)⁻¹ (Σ_g X_g'A_g e_g e_g'A_g X_g) (X'X)⁻¹, A_g = (I − H_gg)⁻¹"),
    "wild": (Label("按{}聚类，野聚类自助法", "clustered by {}, wild cluster bootstrap"), "p = share of |t*| ≥ |t|"),
    "newey_west": (Label("序列相关稳健（Newey-West）", "robust to serial correlation (Newey-West)"),
                   "(X'X)⁻¹ (Γ₀ + Σ_l (1 − l/(L+1)) (Γ_l + Γ_l')) (X'X)⁻¹"),
    "driscoll_kraay": (Label("截面与序列相关稳健（Driscoll-Kraay）", "robust to cross-section and serial correlation "
                             "(Driscoll-Kraay)"), "Newey-West of the sums of scores by period"),
    "conley": (Label("空间相关稳健（Conley）", "robust to correlation in space (Conley)"),
               "(X'X)⁻¹ (Σ_ij K(d_ij) eᵢeⱼ xᵢxⱼ') (X'X)⁻¹"),
}  # fmt: skip
"""In words, with the formula before the factor of the convention; ``{}`` stands for the clusters."""

CONVENTIONS: Mapping[str, Label] = {
    "fixest": Label("fixest：K为回归元加固定效应水平数（嵌套于聚类内的只计一个）",
                    "fixest: K counts regressors and levels of effects (those nested in the clusters once)"),
    "reghdfe": Label("reghdfe：K为回归元加未嵌套的固定效应水平数，减去成对冗余",
                     "reghdfe: K counts regressors and levels of effects not nested, less pairwise redundant ones"),
    "xtreg": Label("xtreg, fe：K为回归元加其他固定效应的秩再加1，个体效应不计",
                   "xtreg, fe: K counts regressors, the rank of the other effects and 1; unit effects do not count"),
    "areg": Label("areg：K为回归元加全部固定效应的秩", "areg: K counts regressors and the rank of all effects"),
    "ivreg2": Label("ivreg2：无小样本修正，正态分布", "ivreg2: no small-sample correction, normal law"),
    "ivreg2_small": Label("ivreg2, small：K为回归元加全部固定效应的秩",
                          "ivreg2, small: K counts regressors and the rank of all effects"),
    "none": Label("无小样本修正", "no small-sample correction"),
}  # fmt: skip

ESTIMATORS: Mapping[str, Label] = {
    "ols": Label("最小二乘", "least squares"),
    "iv": Label("两阶段最小二乘", "two-stage least squares"),
    "2sls": Label("两阶段最小二乘", "two-stage least squares"),
    "liml": Label("有限信息最大似然", "limited-information maximum likelihood"),
    "gmm": Label("两步GMM", "two-step GMM"),
    "pooled": Label("混合最小二乘", "pooled least squares"),
    "random_effects": Label("随机效应（GLS）", "random effects (GLS)"),
    "between": Label("组间估计", "between estimator"),
    "first_difference": Label("一阶差分", "first differences"),
    "difference_gmm": Label("差分GMM", "difference GMM"),
    "system_gmm": Label("系统GMM", "system GMM"),
    "bias_corrected": Label("偏误修正的动态固定效应", "bias-corrected dynamic fixed effects"),
    "tobit": Label("Tobit", "tobit"),
    "tobit_re": Label("随机效应Tobit", "random-effects tobit"),
    "fractional": Label("分数响应", "fractional response"),
    "poisson": Label("泊松伪最大似然（PPML）", "Poisson pseudo-maximum likelihood"),
    "logit": Label("Logit", "logit"),
}

STAGES: Mapping[str, Label] = {
    "first": Label("第一阶段", "first stage"),
    "second": Label("第二阶段", "second stage"),
    "reduced": Label("简约式", "reduced form"),
}

HOW: Mapping[str, Label] = {
    "formula": Label("公式", "formula"),
    "measure": Label("测度", "measure"),
    "join": Label("合并自", "joined from"),
    "start": Label("取自", "from"),
    "source": Label("取自", "from"),
    "aggregate": Label("由下层汇总", "summed up from rows below"),
    "policy": Label("政策表", "table of decisions"),
    "rings": Label("环", "ring"),
    "matched": Label("匹配样本", "matched sample"),
    "prepared": Label("处理", "prepared"),
    "dates": Label("时点前移", "dates moved"),
}

ROLES: Mapping[str, Label] = {
    "outcome": Label("被解释变量", "outcome"),
    "regressor": Label("解释变量", "regressor"),
    "endogenous": Label("内生变量", "endogenous"),
    "instrument": Label("工具变量", "instrument"),
    "slope": Label("变斜率", "slope"),
    "effect": Label("固定效应", "effect"),
    "cluster": Label("聚类", "cluster"),
    "weights": Label("权重", "weights"),
    "place": Label("坐标", "coordinate"),
}

_CHINESE: tuple[tuple[str, str], ...] = (
    (r"outside where: (.+)", r"不满足条件：\1"),
    (r"outside where", "在样本之外"),
    (r"where unknown \(missing\): (.+)", r"条件因缺失无法判断：\1"),
    (r"missing outcome (.+)", r"被解释变量\1缺失"),
    (r"missing regressor (.+)", r"解释变量\1缺失"),
    (r"missing endogenous variable (.+)", r"内生变量\1缺失"),
    (r"missing instrument (.+)", r"工具变量\1缺失"),
    (r"missing effect (.+)", r"固定效应\1缺失"),
    (r"missing slope variable (.+)", r"斜率变量\1缺失"),
    (r"missing weight (.+)", r"权重\1缺失"),
    (r"missing cluster (.+)", r"聚类变量\1缺失"),
    (r"missing coordinate (.+)", r"坐标\1缺失"),
    (r"missing unit (.+)", r"个体\1缺失"),
    (r"singletons, alone in a group of an effect", "单一观测组（某固定效应下仅一行）"),
    (r"units not seen in every period", "并非每期都有观测的个体"),
    (r"units seen in one period only", "只有一期观测的个体"),
    (r"units not seen in the first period", "第一期没有观测的个体"),
    (r"treated rows without an untreated outcome", "无法插补未处理结果的处理后观测"),
    (r"no row one period before", "前一期没有观测"),
    (r"no later row of the unit", "该个体没有后续观测"),
    (r"the unit's only row", "个体的唯一观测"),
    (r"(\d+) rows, (\d+) units", r"起始\1行，\2个个体"),
    (r"(.+): simulated, (\d+) of (\d+) rows", r"\1：模拟数据，\3行中取\2行"),
    (r"(.+): (\d+) of (\d+) rows matched(.*)", r"合并\1：\3行中\2行匹配\4"),
    (r"(.+): (\d+) of (\d+) rows", r"读取\1：\3行中取\2行"),
    (r"dropped (\d+) rows?: (.+)", r"剔除\1行：\2"),
    (r"aggregated (\d+) rows to (\d+) \((.+)\)", r"由\1行汇总为\2行（\3）"),
    (r"(.+): (\d+) missing cells carried forward", r"\1：\2个缺失值以前值填补"),
    (r"(.+): (\d+) missing cells interpolated linearly", r"\1：\2个缺失值线性插值"),
    (r"(.+): (\d+) missing cells set to (.+)", r"\1：\2个缺失值记为\3"),
)
_INSIDE: tuple[tuple[str, str], ...] = (
    (r"; (\d+) rows of the panel have none", r"；面板中\1行没有匹配"),
    (r"; units not in the source: ", "；来源中没有的个体："),
    (r"; (\d+) units of the source are not in the panel", r"；来源中有\1个个体不在面板内"),
)


def said(text: str) -> Label:
    """A message of the program in both languages.

    Examples
    --------
    >>> said("missing outcome y").zh
    '被解释变量y缺失'
    """
    for pattern, words in _CHINESE:
        match = re.fullmatch(pattern, text)
        if match is not None:
            made = match.expand(words)
            for inner, chinese in _INSIDE:
                made = re.sub(inner, chinese, made)
            return Label(made, text)
    return Label.same(text)


def covariance(planned: Mapping[str, Any], text: str) -> tuple[Label, str]:
    """A covariance in words, and its formula before the factor of the convention."""
    kind = str(planned.get("kind", text.partition("(")[0]))
    words, formula = COVARIANCES.get(kind, (Label.same(text), ""))
    clusters = list(planned.get("clusters", ()))
    zh = words.text("zh").format("、".join(clusters))
    en = words.text("en").format(" and ".join(clusters))
    space = planned.get("space")
    if space:
        zh, en = f"{zh}，{space['km']:g}公里以内", f"{en}, within {space['km']:g} km ({space['kernel']})"
    if planned.get("lags"):
        zh, en = f"{zh}，滞后{planned['lags']}期", f"{en}, {planned['lags']} lags"
    if len(clusters) > 1:
        formula += ", by inclusion and exclusion over the ways"
    return Label(zh, en), formula


def factor(ssc: str, kind: str, numbers: Mapping[str, float]) -> str:
    """The factor of the convention with its numbers."""
    if not numbers:
        return ""
    n, K, value = int(numbers["n"]), int(numbers["K"]), numbers["factor"]
    if ssc in {"none", "ivreg2"}:
        return f"1/n = 1/{n}" if kind == "iid" else "1"
    if "G" in numbers:
        G = int(numbers["G"])
        return f"G/(G−1) · (n−1)/(n−K) = {G}/{G - 1} · {n - 1}/({n}−{K}) = {value:.6g}"
    if kind == "iid":
        return f"1/(n−K) = 1/({n}−{K}) = {value:.6g}" if ssc != "xtreg" else f"1/(n−K−U+1) = {value:.6g}"
    return f"n/(n−K) = {n}/({n}−{K}) = {value:.6g}"
