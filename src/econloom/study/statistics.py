"""Tests and statistics that rows of a table may name, with their labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from econloom.core.labels import Label
from econloom.panel.comparisons import Errors, Form
from econloom.panel.diagnostics.hausman import Indefinite
from econloom.report.words import WORDS

# entries of a fit's tests
TESTS: Mapping[str, Label] = {
    "first_stage_f": Label(zh="一阶段F值", en="First-stage F"),
    "cragg_donald_f": Label(zh="Cragg-Donald F值", en="Cragg-Donald F"),
    "kleibergen_paap_f": Label(zh="Kleibergen-Paap F值", en="Kleibergen-Paap F"),
    "kleibergen_paap_lm": Label(zh="Kleibergen-Paap LM值", en="Kleibergen-Paap LM"),
    "anderson_lm": Label(zh="Anderson LM值", en="Anderson LM"),
    "sargan": Label(zh="Sargan检验", en="Sargan"),
    "hansen_j": Label(zh="Hansen J检验", en="Hansen J"),
    "hansen": Label(zh="Hansen检验", en="Hansen"),
    "ar1": Label(zh="AR(1)检验", en="AR(1)"),
    "ar2": Label(zh="AR(2)检验", en="AR(2)"),
    "random_effects": Label(zh="随机效应LR检验", en="LR test of random effects"),
    "endogeneity": Label(zh="内生性检验", en="Endogeneity"),
    "fixed_effects_f": Label(zh="固定效应F检验", en="F test of the effects"),
    "wald": Label(zh="联合显著性检验", en="Joint test of the regressors"),
    "sanderson_windmeijer_f": Label(zh="Sanderson-Windmeijer F值", en="Sanderson-Windmeijer F"),
    "effective_f": Label(zh="有效F值", en="Effective F"),
    "anderson_rubin": Label(zh="Anderson-Rubin检验", en="Anderson-Rubin"),
    "stock_yogo": Label(zh="Cragg-Donald F值{Stock-Yogo临界值}", en="Cragg-Donald F {Stock-Yogo}"),
}
# tests of one model against another
COMPARISONS: Mapping[str, Label] = {
    "hausman": Label(zh="Hausman检验", en="Hausman"),
    "lr": Label(zh="LR检验", en="LR test"),
}
# what those take under `with`, and the values of each
COMPARISON_OPTIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "hausman": {"form": get_args(Form), "errors": get_args(Errors), "indefinite": get_args(Indefinite)},
    "lr": {},
}
# entries of a fit's statistics
_USUAL = ("n", "n_units", "n_clusters", "r2", "r2_within", "r2_within_unit", "r2_adjusted", "loglik", "sigma",
          "df_residual", "aic", "bic", "mean_outcome")  # fmt: skip
STATISTICS: Mapping[str, Label] = {
    **{name: WORDS[name] for name in _USUAL},
    "loglik_null": Label(zh="零模型对数似然值", en="Log likelihood of the null model"),
    "deviance": Label(zh="偏差", en="Deviance"),
    "pseudo_r2": Label(zh="伪R²", en="Pseudo R²"),
    "r2_between": Label(zh="组间R²", en="Between R²"),
    "r2_overall": Label(zh="总体R²", en="Overall R²"),
    "sigma_u": Label.same("σᵤ"),
    "sigma_e": Label.same("σₑ"),
    "rho": Label.same("ρ"),
    "theta": Label.same("θ"),
    "theta_min": Label(zh="θ（最小）", en="θ (minimum)"),
    "theta_median": Label(zh="θ（中位数）", en="θ (median)"),
    "theta_max": Label(zh="θ（最大）", en="θ (maximum)"),
    "kappa": Label.same("κ"),
    "n_instruments": Label(zh="工具变量数", en="Instruments"),
    "n_left": Label(zh="左截尾观测数", en="Left-censored"),
    "n_right": Label(zh="右截尾观测数", en="Right-censored"),
    "ar1": Label(zh="AR(1) z值", en="AR(1) z"),
    "ar1_p": Label(zh="AR(1) p值", en="AR(1) p value"),
    "ar2": Label(zh="AR(2) z值", en="AR(2) z"),
    "ar2_p": Label(zh="AR(2) p值", en="AR(2) p value"),
    "sargan": Label(zh="Sargan统计量", en="Sargan statistic"),
    "sargan_p": Label(zh="Sargan p值", en="Sargan p value"),
    "hansen": Label(zh="Hansen统计量", en="Hansen statistic"),
    "hansen_p": Label(zh="Hansen p值", en="Hansen p value"),
}
