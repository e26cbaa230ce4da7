"""Columns repeated by splits and samples, and the tests of their differences, from study file to table."""

from __future__ import annotations

from pathlib import Path

import pytest

import econloom as el
from econloom.core.errors import EconloomError
from econloom.report import render
from tests.study import small

SPLITS = """splits:
  size: {by: gdp, unit: code, labels: [小, 大], zh: 规模, en: Size}
  quality: {by: rq, cut: terciles, ties: high}
tables:
  h:
    title: {zh: 异质性, en: Heterogeneity}
    columns: ["y ~ tbi + lnGDP"]
    vcov: hc1
    ssc: fixest
    over: [size, quality]
    compare: tbi
    difference_tests: [interaction, suest, permutation]
    draws: 99
  b:
    title: {zh: 分样本, en: By sample}
    columns: ["y ~ tbi | code + year"]
    by: [early, shore]
    compare: tbi
"""
TEXT = small.TEXT.replace("tables:\n", SPLITS, 1)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> el.study:
    folder = small.write(tmp_path_factory.mktemp("groups"), TEXT)
    return el.study(folder / "study.yaml").run(["h", "b"], out=folder / "out")


def test_the_numbers_are_those_of_the_estimator(run: el.study) -> None:
    assert run.panel is not None
    split = el.heterogeneity.split("gdp", unit="code")
    tests = ["interaction", "permutation"]
    found = el.heterogeneity.compare("y ~ tbi + lnGDP", run.panel, split, "tbi", tests, el.hc1(), draws=99)
    rows = {r.label.text("en"): r for r in run.tables["h"].rows}
    assert rows["Difference from first group: TBI"].cells[1].value == pytest.approx(found.tidy()["difference"][0])
    assert rows["Permutation p value: TBI"].cells[1].value == pytest.approx(found.tidy()["p_value"][1])
    groups = run.results.filter(table="h")["group"].unique(maintain_order=True).to_list()
    assert groups == ["size: 小", "size: 大", "quality: low", "quality: middle", "quality: high"]


def test_both_languages_say_how_groups_were_made(run: el.study) -> None:
    zh, en = (render.render(run.tables["h"], "md", lang).decode() for lang in ("zh", "en"))  # type: ignore[arg-type]
    for words in ("规模按code的均值以中位数（", "恰在分界点的1个归入较低组", "4个因缺失未分组",
                  "与首组的系数差：贸易", "经验p值：贸易",
                  "以code为单位重排组别99次"):  # fmt: skip
        assert words in zh
    for words in ("Size: groups by mean by code, cut at the median (", "1 unit on a cut in the lower group",
                  "4 rows of the whole sample are in no group", "everything interacted with the group"):  # fmt: skip
        assert words in en
    shared = render.render(run.tables["b"], "md", "zh").decode()
    assert "全样本中有4个观测不属于任何一组" in shared and "27个观测重复出现在多个组" in shared


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("by: gdp,", "by: tbi,", "the split 'size' is made of 'tbi'"),
        ("by: gdp,", "by: growth + y,", "the split 'size' is made of 'y'"),
        ("by: gdp,", "by: gpd,", "no column or sample 'gpd', did you mean 'gdp'"),
        ("unit: code,", "unit: cod,", "no column 'cod'.*did you mean 'code'"),
        ("over: [size, quality]", "over: [size, qualty]", "no split 'qualty', did you mean 'quality'"),
        ("[interaction, suest, permutation]", "[interactoin]", "did you mean 'interaction'"),
        ("draws: 99", "draws: 9", "cannot reach a p value"),
        ("draws: 99", "permute: yer", "no column 'yer' to permute"),
        ("compare: tbi\n    difference", "compare: tbii\n    difference", "did you mean 'tbi'"),
        ("labels: [小, 大],", "cut: value, at: 1e9,", "the group 'high' is empty"),
        ("labels: [小, 大],", "before: 1990, stat: first,", "no value to cut"),
        ("{by: gdp, unit: code,", "{by: gdp, before: 2002,", "'before' needs 'unit'"),
    ],
)
def test_errors(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in TEXT
    folder = small.write(tmp_path, TEXT.replace(old, new, 1))
    with pytest.raises(EconloomError, match=f"(?s){words}") as caught:
        el.study(folder / "study.yaml").run(["h"], out=folder / "out")
    assert caught.value.where is not None or "study.yaml:" in str(caught.value)
