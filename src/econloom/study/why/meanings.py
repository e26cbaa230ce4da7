"""What statistics of tables and figures are, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from econloom.core.labels import Label

MEANINGS: Mapping[str, Label] = {
    "n": Label("观测数", "number of rows with a value"),
    "n_units": Label("个体数", "number of units in the sample"),
    "n_clusters": Label("聚类数；多向聚类取最少者", "number of clusters, the fewest of any way"),
    "n_treated": Label("处理个体数", "number of treated units"),
    "mean": Label("算术平均", "arithmetic mean"),
    "sd": Label("标准差，除以n−1", "standard deviation, over n − 1"),
    "min": Label("最小值", "smallest value"),
    "max": Label("最大值", "largest value"),
    "p25": Label("25%分位数", "25th percentile"),
    "median": Label("中位数", "median"),
    "p75": Label("75%分位数", "75th percentile"),
    "missing": Label("缺失的行数", "rows without a value"),
    "r2": Label("R² = 1 − 残差平方和/总平方和，固定效应计入拟合",
                "R² = 1 − residual over total sum of squares, the effects part of the fit"),
    "r2_within": Label("剔除全部固定效应后的R²", "R² after all effects are partialled out"),
    "r2_within_unit": Label("只剔除个体效应后的R²（xtreg, fe）",
                            "R² after the unit effect is partialled out (xtreg, fe)"),
    "r2_adjusted": Label("按自由度调整的R²", "R² adjusted for degrees of freedom"),
    "r2_between": Label("个体均值之间的R²", "R² between unit means"),
    "r2_overall": Label("总体R²", "overall R²"),
    "loglik": Label("正态误差下的对数似然值", "log likelihood under normal errors"),
    "aic": Label("−2对数似然 + 2k", "−2 log likelihood + 2k"),
    "bic": Label("−2对数似然 + k ln n", "−2 log likelihood + k ln n"),
    "sigma": Label("残差标准差", "residual standard deviation"),
    "mean_outcome": Label("样本内被解释变量的均值", "mean of the outcome in the sample"),
    "rows_offered": Label("提供给模型的行数", "rows offered to the model"),
    "rows_outside": Label("不满足样本条件而剔除的行", "rows dropped because they are outside the sample"),
    "rows_missing": Label("因缺失值而剔除的行", "rows dropped for missing values"),
    "rows_alone": Label("单一观测组而剔除的行", "rows dropped because they are alone in a group"),
    "rows_other": Label("其他原因剔除的行", "rows dropped for other reasons"),
    "estimate": Label("系数", "estimated coefficient"),
    "std_error": Label("标准误", "standard error"),
    "statistic": Label("系数除以标准误", "coefficient over its standard error"),
    "p_value": Label("p值", "p value"),
    "conf_low": Label("区间下限", "lower end of the interval"),
    "conf_high": Label("区间上限", "upper end of the interval"),
    "r2_treatment": Label("与处理变量的偏R²", "partial R² with the treatment"),
    "r2_outcome": Label("与被解释变量的偏R²", "partial R² with the outcome"),
    "delta": Label("使系数为目标值的选择比例δ（Oster 2019）",
                   "proportional selection δ for the target coefficient (Oster 2019)"),
    "r2_uncontrolled": Label("不含控制变量的R²", "R² without controls"),
    "r2_controlled": Label("含控制变量的R²", "R² with controls"),
    "r2_max": Label("R²上限", "assumed maximal R²"),
    "partial_r2": Label("处理变量与被解释变量的偏R²", "partial R² of treatment and outcome"),
    "rv": Label("稳健性值：同时解释处理与结果残差方差的这一比例即可使系数归零（Cinelli和Hazlett 2020）",
                "robustness value: an omitted variable explaining this share of the residual variance of both "
                "treatment and outcome brings the estimate to zero (Cinelli and Hazlett 2020)"),
    "rv_alpha": Label("稳健性值：使系数不再显著所需的比例", "robustness value for losing significance"),
    "bootstrap_p": Label("单个假设的自助法p值", "bootstrap p value of the hypothesis alone"),
    "romano_wolf": Label("Romano-Wolf逐步p值，控制族错误率",
                         "Romano-Wolf step-down p value: controls the family-wise error rate"),
    "holm": Label("Holm逐步p值，控制族错误率", "Holm's step-down p value: controls the family-wise error rate"),
    "bonferroni": Label("p值乘以假设个数", "p value times the number of hypotheses"),
    "benjamini_hochberg": Label("Benjamini-Hochberg p值，控制错误发现率",
                                "Benjamini-Hochberg p value: controls the false discovery rate"),
    "vif": Label("方差膨胀因子1/(1−R²)，R²来自该变量对其余变量的回归", "1/(1 − R²) of the regressor on the others"),
    "tolerance": Label("1−R²", "1 − R² of the regressor on the others"),
    "count": Label("满足条件的行数（或不同取值的个数）",
                   "rows where the condition holds, or distinct values of a column"),
    "total": Label("条件可判断的行数（或取值个数）", "rows, or distinct values, for which the condition is known"),
    "per_cent": Label("个数占总数的百分比", "number in per cent of the total"),
    "lags": Label("滞后阶数", "number of lags"),
    "wald_mean": Label("各个体Wald统计量的均值", "mean of the units' Wald statistics"),
    "zbar": Label("标准化的平均Wald统计量（T→∞）", "standardised mean Wald statistic (T → ∞)"),
    "ztilde": Label("标准化的平均Wald统计量（T固定）", "standardised mean Wald statistic (fixed T)"),
    "zbar_p": Label("其双侧p值", "its p value"),
    "ztilde_p": Label("其双侧p值", "its p value"),
    "weight": Label("该类2×2比较在双向固定效应系数中的权重",
                    "weight of these two-by-two comparisons in the two-way coefficient"),
    "ab": Label("间接效应：a（处理对中介）乘以b（中介对结果）",
                "indirect effect: a (treatment on mediator) times b (mediator on outcome)"),
    "sobel": Label("Sobel z值 = ab / √(a²s_b² + b²s_a²)", "Sobel's z = ab / √(a² s_b² + b² s_a²)"),
    "bootstrap": Label("间接效应的自助法百分位95%区间", "percentile bootstrap 95% interval of the indirect effect"),
    "bootstrap_bc": Label("间接效应的偏差校正自助法95%区间",
                          "bias-corrected bootstrap 95% interval of the indirect effect"),
    "share": Label("间接效应占总效应的比例", "indirect over total effect"),
    "rho": Label("使间接效应为零的误差相关系数", "correlation of the errors at which the indirect effect is zero"),
    "before": Label("匹配前", "before matching"),
    "after": Label("匹配后", "after matching"),
    "reduction": Label("偏差减少的百分比", "reduction of the difference in per cent"),
    "mean_treated": Label("处理组均值", "mean of the treated"),
    "mean_control": Label("控制组均值", "mean of the untreated"),
    "difference": Label("标准化偏差（%）：均值之差除以匹配前的标准差",
                        "standardised difference (%): of means, over the standard deviation before matching"),
    "variance_ratio": Label("两组方差之比", "ratio of the variances"),
    "t": Label("协变量对处理变量（加权）回归的t值", "t of a (weighted) regression of the covariate on treatment"),
    "pretrend": Label("实施前各期效应均为零的联合检验", "joint test that the effects before adoption are zero"),
    "draws": Label("置换次数", "number of draws"),
    "p_t": Label("以t值计的置换p值", "permutation p value by t values"),
    "p_estimate": Label("以系数计的置换p值", "permutation p value by estimates"),
    "p2.5": Label("抽取值的2.5%分位数", "2.5th percentile of the draws"),
    "p50": Label("抽取值的中位数", "median of the draws"),
    "p97.5": Label("抽取值的97.5%分位数", "97.5th percentile of the draws"),
}  # fmt: skip


def meaning(name: str) -> Label | None:
    """The meaning of a statistic by its name, or of ``before_`` and ``after_`` with it."""
    if name in MEANINGS:
        return MEANINGS[name]
    for when in ("before", "after"):
        rest = name.removeprefix(f"{when}_")
        if rest != name and rest in MEANINGS:
            one, other = MEANINGS[when], MEANINGS[rest]
            return Label(f"{one.text('zh')}：{other.text('zh')}", f"{other.text('en')}, {one.text('en')}")
    return None
