from __future__ import annotations

import pytest

from econloom.core.estimate import Tidy
from econloom.core.labels import Label
from econloom.core.spec import Show
from econloom.report.notes import note
from econloom.report.phrases import columns
from econloom.report.tables import regression
from tests.report.conftest import TBI, model, spec


def said(models: list[Tidy], **changes: object) -> tuple[str, str]:
    text = note(models, spec(show=Show(**changes.pop("show", {})), **changes))  # type: ignore[arg-type]
    return text.text("zh"), text.text("en")


def test_clustered_standard_errors() -> None:
    zh, en = said([model(TBI)], show={"r2": "none"})
    assert zh == (
        "括号内为聚类到国家层面的稳健标准误；***、**、*分别表示在1%、5%、10%的水平上显著，按自由度为40的t分布。"
    )
    assert en == (
        "Standard errors clustered by country in parentheses. ***, ** and * denote significance at the 1%, 5% and "
        "10% levels, by the t distribution with 40 degrees of freedom."
    )


@pytest.mark.parametrize(
    ("vcov", "paren", "zh", "en"),
    [
        ("iid", "se", "括号内为普通标准误；", "Conventional (iid) standard errors in parentheses."),
        ("hc1", "se", "括号内为异方差稳健标准误；", "Heteroskedasticity-robust standard errors in parentheses."),
        ("hc1", "t", "括号内为由异方差稳健标准误得出的t值", "t statistics from heteroskedasticity-robust standard"),
        ("hc1", "p", "括号内为由异方差稳健标准误得出的p值", "p values from heteroskedasticity-robust standard"),
        ("hc1", "none", "显著性依据异方差稳健标准误", "Significance rests on heteroskedasticity-robust"),
        ("conley(50)", "se", "括号内为conley(50)标准误", "Conley(50) standard errors in parentheses"),
    ],
)
def test_what_the_brackets_hold(vcov: str, paren: str, zh: str, en: str) -> None:
    chinese, english = said([model(TBI, vcov=vcov, clusters=())], show={"paren": paren})
    assert chinese.startswith(zh)
    assert english.startswith(en)


def test_normal_distribution_gives_z() -> None:
    zh, en = said([model(TBI, distribution="normal", df=None)], show={"paren": "t"})
    assert "z值" in zh and "按标准正态分布" in zh
    assert en.startswith("z statistics") and "by the standard normal distribution" in en


def test_two_ways_of_clustering() -> None:
    zh, en = said([model(TBI, vcov="cluster(code, year)", clusters=("code", "year"))])
    assert "聚类到国家、年份层面" in zh
    assert "clustered by country and year" in en


def test_columns_that_differ_are_said() -> None:
    zh, en = said([model(TBI), model(TBI), model(TBI, vcov="hc1", clusters=(), df=600)], show={"r2": "none"})
    assert "括号内第（1）、（2）列为聚类到国家层面的稳健标准误，第（3）列为异方差稳健标准误" in zh
    assert "第（1）、（2）列按自由度为40的t分布，第（3）列按残差自由度的t分布" in zh
    assert "In parentheses: standard errors clustered by country in columns (1) and (2); " in en
    assert "heteroskedasticity-robust standard errors in column (3)." in en


def test_split_samples_have_their_own_degrees_of_freedom() -> None:
    zh, _ = said([model(TBI, df=21), model(TBI, df=18)])
    assert "括号内为聚类到国家层面的稳健标准误；" in zh
    assert "第（1）列按自由度为21的t分布，第（2）列按自由度为18的t分布" in zh


@pytest.mark.parametrize(
    ("cuts", "zh", "en"),
    [
        ((), "括号内为聚类到国家层面的稳健标准误。", "Standard errors clustered by country in parentheses."),
        ((0.05,), "*表示在5%的水平上显著", "* denotes significance at the 5% level"),
        (
            (0.05, 0.001),
            "**、*分别表示在0.1%、5%的水平上显著",
            "** and * denote significance at the 0.1% and 5% levels",
        ),
    ],
)
def test_own_cut_offs(cuts: tuple[float, ...], zh: str, en: str) -> None:
    chinese, english = said([model(TBI)], stars=cuts, show={"r2": "none"})
    assert zh in chinese
    assert en in english
    assert ("*" in chinese) == bool(cuts)


def test_removed_regressors_are_named_with_the_reason() -> None:
    lost = (("gdp", "collinear with tbi"),)
    zh, en = said([model(TBI), model(TBI, removed=lost)])
    assert "第（2）列未估计国内生产总值（对数）（与贸易利益指数共线）" in zh
    assert "GDP (log) is left out of column (2) (collinear with Trade benefit index)" in en
    zh, en = said([model(TBI, removed=(("gdp", "holds one value"),))])
    assert "未估计国内生产总值（对数）（取值不变）" in zh
    assert "GDP (log) is left out (holds one value)" in en
    zh, en = said([model(TBI, removed=(("gdp", "collinear with rq, l(x, 1) and 3 more"),))])
    assert "与管理质量、x（滞后1期）等共线" in zh
    assert "collinear with Regulatory quality, x (lag 1) and 3 more" in en


def test_the_two_within_r2_are_told_apart() -> None:
    assert "组内R²已扣除全部固定效应" in said([model(TBI)], show={"r2": "r2_within"})[0]
    assert "Within R² is net of the unit effects only" in said([model(TBI)], show={"r2": "r2_within_unit"})[1]
    assert "R²" not in said([model(TBI, effects=())], show={"r2": "r2_within"})[0]


def test_own_notes_follow_the_generated_one() -> None:
    table = regression([model(TBI)], spec(notes=(Label("数据来源：WIOD。", "Source: WIOD."),)))
    assert [n.text("zh")[:3] for n in table.notes] == ["注：括", "数据来"]
    assert table.notes[0].text("en").startswith("Notes: Standard errors")


def test_column_phrases() -> None:
    assert columns([1, 2, 3, 4], "zh") == "第（1）—（4）列"
    assert columns([1, 3, 4], "en") == "columns (1), (3) and (4)"
