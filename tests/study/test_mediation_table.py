"""A table of mediation from the study file to the page, and its faults."""

from __future__ import annotations

from pathlib import Path

import pytest

import econloom as el
from econloom.core.errors import EconloomError
from econloom.report import render
from tests.study import small

TABLE = """tables:
  m:
    title: {zh: 机制, en: Mechanism}
    kind: mediation
    y: y
    x: tbi
    m: [lnGDP, growth]
    rest: RQ | code
    lead_y: [0, 1]
    merge_rows: {机制变量: [lnGDP, growth]}
    tests: [ab, sobel, bootstrap, bootstrap_bc, share, rho]
    draws: 199
    ssc: fixest
"""
TEXT = small.TEXT.replace("tables:\n", TABLE, 1)


def test_the_table_holds_the_numbers_of_the_steps(tmp_path: Path) -> None:
    folder = small.write(tmp_path, TEXT)
    run = el.study(folder / "study.yaml").run(["m"], out=folder / "out")
    assert run.panel is not None
    wanted = el.mediation.steps("y", "tbi", ["lnGDP", "growth"], run.panel, "RQ | code", vcov=el.cluster("code"),
                                draws=199, unit="code", time="year")  # fmt: skip
    own = run.values.filter(table="m", version="default")
    values = {(r["row"], r["column"]): r["value"] for r in own.iter_rows(named=True)}
    for column, effect in (("c3", wanted.effects[0]), ("c5", wanted.effects[1])):
        assert values["ab", column] == pytest.approx(effect.indirect, rel=1e-10)
        assert values["sobel", column] == pytest.approx(effect.statistic, rel=1e-10)
        assert values["bootstrap", column] == pytest.approx(effect.conf_low, rel=1e-10)
        assert values["rho", column] == pytest.approx(effect.rho, rel=1e-10)
    assert run.results.filter(table="m")["column"].n_unique() == 10
    zh, en = (render.render(run.tables["m"], "md", lang).decode() for lang in ("zh", "en"))  # type: ignore[arg-type]
    for words in ("机制变量", "间接效应ab", "Sobel检验z值", "自助法95%置信区间", "各步回归使用同一样本",
                  "全部中介变量合计",
                  "按code（7组）有放回抽样199次"):  # fmt: skip
        assert words in zh
    for words in (
        "Indirect effect ab",
        "all steps use one sample: c = c' + ab",
        "1 period later",
        "7 clusters of code",
    ):
        assert words.lower() in en.lower()
    assert zh.count("| 机制变量 |") == 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("m: [lnGDP, growth]\n    rest", "m: [lnGDP, growht]\n    rest", "did you mean 'growth'"),
        ("m: [lnGDP, growth]\n    rest", "m: [tbi]\n    rest", "the mediator 'tbi' is the treatment itself"),
        ("    y: y\n", "    y: yy\n", "no column 'yy'"),
        ("draws: 199", "draws: 9", "too few for an interval"),
        ("[ab, sobel,", "[ab, soble,", "did you mean 'sobel'"),
        ("rest: RQ | code", "rest: RQ | cod", "did you mean 'code'"),
        ("    ssc: fixest", "    vcov: {cluster: cod}", "no column 'cod'"),
        ("机制变量: [lnGDP, growth]}", "机制变量: [lnGDP, tbi]}", "no mediator 'tbi'"),
        ("    ssc: fixest", "    sample: earl", "did you mean 'early'"),
        ("growth: diff(lnGDP)", "growth: 2 * tbi", "'growth' has no path b"),
    ],
)
def test_errors(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in TEXT
    folder = small.write(tmp_path, TEXT.replace(old, new, 1))
    with pytest.raises(EconloomError, match=f"(?s){words}") as caught:
        el.study(folder / "study.yaml").run(["m"], out=folder / "out")
    assert "study.yaml:" in str(caught.value)
