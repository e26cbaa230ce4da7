"""The fixed words of tables in both languages; a style may have its own."""

from __future__ import annotations

from collections.abc import Mapping

from econloom.core.labels import Label
from econloom.core.table import Style

WORDS: Mapping[str, Label] = {
    "variable": Label(zh="变量", en="Variable"),
    "constant": Label(zh="常数项", en="Constant"),
    "controls": Label(zh="控制变量", en="Controls"),
    "fixed_effects": Label(zh="固定效应", en="fixed effects"),
    "panel": Label(zh="面板", en="Panel"),
    "n": Label.same("N"),
    "n_units": Label(zh="个体数", en="Units"),
    "n_clusters": Label(zh="聚类数", en="Clusters"),
    "mean_outcome": Label(zh="被解释变量均值", en="Mean of outcome"),
    "sd_outcome": Label(zh="被解释变量标准差", en="SD of outcome"),
    "r2": Label.same("R²"),
    "r2_within": Label(zh="组内R²", en="Within R²"),
    "r2_within_unit": Label(zh="组内R²", en="Within R²"),
    "r2_adjusted": Label(zh="调整R²", en="Adjusted R²"),
    "loglik": Label(zh="对数似然值", en="Log likelihood"),
    "sigma": Label(zh="残差标准差", en="Residual SD"),
    "aic": Label.same("AIC"),
    "bic": Label.same("BIC"),
    "df_residual": Label(zh="残差自由度", en="Residual df"),
    "mean": Label(zh="均值", en="Mean"),
    "sd": Label(zh="标准差", en="SD"),
    "min": Label(zh="最小值", en="Min"),
    "p25": Label(zh="25%分位数", en="P25"),
    "median": Label(zh="中位数", en="Median"),
    "p75": Label(zh="75%分位数", en="P75"),
    "max": Label(zh="最大值", en="Max"),
    "count": Label(zh="个数", en="Number"),
    "total": Label(zh="总数", en="Of"),
    "per_cent": Label.same("%"),
    "lags": Label(zh="滞后阶数", en="Lags"),
    "wald_mean": Label(zh="W̄", en="W̄"),
    "zbar": Label.same("Z̄"),
    "zbar_p": Label(zh="p值", en="p"),
    "ztilde": Label.same("Z̃"),
    "ztilde_p": Label(zh="p值", en="p"),
    "bootstrap_p": Label(zh="自助法p值", en="Bootstrap p"),
    "estimate": Label(zh="系数", en="Estimate"),
    "std_error": Label(zh="标准误", en="Std. error"),
    "statistic": Label(zh="t值", en="t"),
    "p_value": Label(zh="p值", en="p"),
    "conf_low": Label(zh="区间下限", en="Lower"),
    "conf_high": Label(zh="区间上限", en="Upper"),
    "r2_treatment": Label(zh="与处理变量的偏R²", en="Partial R² with treatment"),
    "r2_outcome": Label(zh="与被解释变量的偏R²", en="Partial R² with outcome"),
    "hypothesis": Label(zh="假设", en="Hypothesis"),
    "romano_wolf": Label.same("Romano-Wolf"),
    "holm": Label.same("Holm"),
    "bonferroni": Label.same("Bonferroni"),
    "benjamini_hochberg": Label.same("Benjamini-Hochberg"),
    "label": Label(zh="含义", en="Label"),
    "unit": Label(zh="单位", en="Unit"),
    "formula": Label(zh="公式", en="Formula"),
    "source": Label(zh="来源", en="Source"),
    "missing": Label(zh="缺失", en="Missing"),
    "vif": Label.same("VIF"),
    "tolerance": Label.same("1/VIF"),
    "mean_vif": Label(zh="VIF均值", en="Mean VIF"),
}
MARKS = {
    "是": (Label(zh="是", en="Yes"), Label(zh="否", en="No")),
    "控制": (Label(zh="控制", en="Yes"), Label(zh="未控制", en="No")),
    "Yes": (Label.same("Yes"), Label.same("No")),
    "√": (Label.same("√"), Label.same("")),
}


def word(key: str, style: Style) -> Label:
    """A fixed word, by the style or by default; the bare key where neither knows it.

    Examples
    --------
    >>> word("n", Style()).text("zh"), word("n", Style(words=(("n", Label("样本量", "Observations")),))).text("zh")
    ('N', '样本量')
    """
    return style.word(key) or WORDS.get(key) or Label.same(key)


def known(key: str) -> bool:
    """Whether there is a default word for ``key``."""
    return key in WORDS
