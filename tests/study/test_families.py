"""Tables of sensitivity and of families of hypotheses: numbers are those of the functions; faults are placed."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EconloomError
from econloom.report import render
from tests.study import small

TABLE = """tables:
  f:
    kind: family
    title: {zh: 多重检验, en: Multiple testing}
    name: {zh: 贸易, en: Trade}
    members:
      - t3.c2.tbi
      - {table: t3, column: 1, term: tbi, zh: 无控制, en: No controls}
      - {table: t3, column: 3, term: tbi}
      - {table: t4, term: tbi}
    methods: [romano_wolf, holm, bonferroni, benjamini_hochberg]
    draws: 199
    seed: 3
  s:
    kind: sensitivity
    title: {zh: 敏感性, en: Sensitivity}
    of: t3.c2
    term: tbi
    benchmarks: [$controls]
    times: [1, 2]
    r2_max: 0.95
  s2:
    kind: sensitivity
    title: s2
    of: y ~ tbi + $controls | code
    sample: early
    term: tbi
    base: RQ
    benchmarks: lnGDP
    times: [0.5]
    delta: 0.5
    q: 0.5
    alpha: 0.1
"""
TEXT = small.TEXT.replace("tables:\n", TABLE, 1)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> el.study.Run:  # type: ignore[name-defined]
    folder = small.write(tmp_path_factory.mktemp("families"), TEXT)
    return el.study(folder / "study.yaml").run(["f", "s", "s2"], out=folder / "out")


def values(run, table: str, version: str = "default") -> dict[tuple[str, str], float]:
    rows = run.values.filter(table=table, version=version).iter_rows(named=True)
    return {(r["row"], r["column"]): r["value"] for r in rows}


def test_a_family_has_the_numbers_of_romano_wolf_and_of_its_models(run) -> None:
    panel = run.panel
    vcov = el.cluster("code")
    two = "y ~ tbi + lnGDP + RQ | code + year"
    shore = pl.col("code").is_in(["TIA", "HEB", "LIA"]) | (pl.col("year") < 2004)
    fits = {
        "t3.c2.tbi": el.ols(two, panel, vcov=vcov, ssc="xtreg"),
        "t3.c1.tbi": el.ols("y ~ tbi | code + year", panel, vcov=vcov, ssc="xtreg"),
        "t3.c3.tbi": el.ols("y ~ tbi | code + year", panel, vcov=vcov, ssc="xtreg", where="year <= 2005"),
        "t4.c1.tbi": el.ols("y ~ tbi | code", panel, vcov=vcov, ssc="xtreg", where=panel.frame.select(shore)["code"]),
    }
    wanted = el.multiple.romano_wolf({k: (f, "tbi") for k, f in fits.items()}, draws=199, seed=3)
    found = values(run, "f")
    names = {"estimate": "estimate", "p_value": "p_value", "p_bootstrap": "bootstrap_p"}
    names |= {f"p_{m}": m for m in ("romano_wolf", "holm", "benjamini_hochberg")}
    for row in wanted.iter_rows(named=True):
        for theirs, ours in names.items():
            assert found[row["name"], ours] == pytest.approx(row[theirs], rel=1e-10), (row["name"], ours)
        assert found[row["name"], "bonferroni"] == pytest.approx(min(4 * row["p_value"], 1), rel=1e-10)
    assert len({row for row, _ in found}) == 4


def test_sensitivity_has_the_numbers_of_the_functions(run) -> None:
    panel = run.panel
    fit = el.ols("y ~ tbi + lnGDP + RQ | code + year", panel)
    short = el.ols("y ~ tbi + lnGDP + RQ | code", panel, where="year <= 2005")
    cases = {
        "s": (
            el.sensitivity.oster_of(fit, "tbi", r2_max=0.95),
            el.sensitivity.robustness(fit, "tbi", ["lnGDP", "RQ"], (1, 2)),
        ),
        "s2": (
            el.sensitivity.oster_of(short, "tbi", "RQ", delta=0.5),
            el.sensitivity.robustness(short, "tbi", "lnGDP", (0.5,), q=0.5, alpha=0.1),
        ),
    }
    for table, (oster, robust) in cases.items():
        found = values(run, table)
        assert found["beta_star", "estimate"] == pytest.approx(oster.beta_star, rel=1e-10)
        assert found["uncontrolled", "estimate"] == pytest.approx(oster.movement.beta_uncontrolled, rel=1e-10)
        for name, value in {"delta": oster.delta, "r2_max": oster.r2_max, "rv": robust.rv, "rv_alpha": robust.rv_alpha,
                            "partial_r2": robust.partial_r2}.items():  # fmt: skip
            assert found[name, "value"] == pytest.approx(value, rel=1e-10), name
        assert found["model", "std_error"] == pytest.approx(robust.std_error, rel=1e-10)
        for bound in robust.bounds.iter_rows(named=True):
            row = f"{bound['benchmark']}.x{bound['times']:g}"
            for name in ("estimate", "std_error", "conf_low", "conf_high", "r2_treatment", "r2_outcome"):
                assert found[row, name] == pytest.approx(bound[name], rel=1e-10)


def test_the_model_of_a_formula_is_estimated_once(run) -> None:
    changed = TEXT.replace("of: t3.c2", "of: y ~ tbi + $controls | code + year")
    plan = run.plan
    again = el.study(small.data() | _plain(changed), run.path.parent).plan()
    count = [sum(s.kind == "estimate" for s in p.steps) for p in (plan, again)]
    assert count[0] == count[1]


def _plain(text: str) -> dict[str, object]:
    from ruamel.yaml import YAML

    return {"tables": YAML(typ="safe", pure=True).load(text)["tables"]}


def test_both_languages(run) -> None:
    zh, en = (render.render(run.tables["f"], "md", lang).decode() for lang in ("zh", "en"))
    for words in ("假设族：贸易，共4个假设", "无控制", "共用199次抽样（种子3）", "自助法p值", "| 假设 |"):
        assert words in zh
    assert "4 hypotheses" in en and "No controls" in en
    zh, en = (render.render(run.tables["s"], "md", lang).decode() for lang in ("zh", "en"))
    assert "遗漏变量强度为2 × RQ" in zh and "稳健性值RV（q = 1，5%水平）" in zh
    assert "Omitted: 2 × RQ" in en and "Bias-adjusted β\\* (δ = 1)" in en


def test_why_a_method_is_not_there_is_said_before_and_in_the_table(tmp_path: Path) -> None:
    text = TEXT.replace("vcov: {cluster: code}", "vcov: iid").replace("times: [1, 2]", "times: [1, 1000]")
    folder = small.write(tmp_path, text)
    study = el.study(folder / "study.yaml")
    said = "no Romano-Wolf p values: the errors of t3.c2 are not clustered in one way"
    assert any(said in w for w in study.plan().warnings)
    run = study.run(["f", "s"])
    found = values(run, "f")
    assert ("t3.c1.tbi", "holm") in found and ("t3.c1.tbi", "romano_wolf") not in found
    note = run.tables["f"].notes[0]
    assert "t3.c2的标准误不是单向聚类" in note.text("zh") and "not clustered in one way" in note.text("en")
    assert ("RQ.x1000", "estimate") not in values(run, "s") and ("RQ.x1", "estimate") in values(run, "s")
    assert "1000 times as strong as 'RQ'" in run.tables["s"].notes[0].text("en")


def test_a_model_without_controls_has_no_delta(tmp_path: Path) -> None:
    text = TEXT.replace("of: t3.c2", "of: t3.c1").replace("    benchmarks: [$controls]\n", "", 1)
    folder = small.write(tmp_path, text.replace("    r2_max: 0.95\n", ""))
    run = el.study(folder / "study.yaml").run(["s"])
    found = values(run, "s")
    assert 0 <= found["rv", "value"] < 1 and ("delta", "value") not in found
    assert "the model has no controls" in run.tables["s"].notes[0].text("en")


@pytest.mark.parametrize(
    ("old", "new", "words", "line"),
    [
        ("- t3.c2.tbi", "- t33.c2.tbi", "no table 't33', did you mean 't3'", "- t33"),
        ("- t3.c2.tbi", "- t3.c9.tbi", "no column 'c9'", "- t3.c9"),
        ("- t3.c2.tbi", "- t3.c2.tbl", "t3.c2 has no term 'tbl', did you mean 'tbi'", "- t3.c2.tbl"),
        ("- t3.c2.tbi", "- t3.c1.tbi", "the hypothesis of t3.c1, counted twice", "column: 1"),
        ("- t3.c2.tbi", "- t3.tbi", "a member is table.column.term", "- t3.tbi"),
        ("- t3.c2.tbi", "- t1.c1.tbi", "the table 't1' has no models", "- t1.c1"),
        ("column: 3, term: tbi}", "column: 3, term: RQ}", "t3.c3 has no term 'RQ'", "term: RQ}"),
        ("bonferroni, ben", "bonferoni, ben", "did you mean 'bonferroni'", "bonferoni"),
        ("methods: [romano_wolf, holm,", "methods: [holm,", "belongs to the method romano_wolf", "kind: family"),
        ("draws: 199", "draws: 9", "too few", "kind: family"),
        ("of: t3.c2", "of: t3.c22", "no column 'c22'", "of: t3.c22"),
        ("of: t3.c2", "of: t3", "no column of a table", "of: t3"),
        ("of: y ~ tbi + $controls", "of: y ~ tbi + $control", "no macro .control", "of: y"),
        ("of: y ~ tbi + $controls", "of: y ~ csw(tbi, gdp)", "the formula has 2 models", "of: y"),
        ("of: t3.c2\n    term: tbi", "of: t3.c2\n    term: tbl", "t3.c2 has no term 'tbl'", "term: tbl"),
        ("benchmarks: [$controls]", "benchmarks: [lnGPD]", "no control 'lnGPD', did you mean 'lnGDP'", "[lnGPD]"),
        ("benchmarks: [$controls]", "benchmarks: [tbi]", "'tbi' is the treatment", "[tbi]"),
        ("benchmarks: [$controls]", "sample: early", "'sample' belongs to a formula", "kind: sensitivity"),
        ("r2_max: 0.95", "r2_max: 1.95", "r2_max", "r2_max: 1.95"),
        ("sample: early", "sample: earl", "did you mean 'early'", "sample: earl"),
    ],
)
def test_faults_are_found_before_anything_runs(tmp_path: Path, old: str, new: str, words: str, line: str) -> None:
    assert TEXT.count(old) >= 1
    text = TEXT.replace(old, new, 1)
    folder = small.write(tmp_path, text)
    with pytest.raises(EconloomError, match=f"(?s){words}") as caught:
        el.study(folder / "study.yaml").plan()
    lines = (folder / "study.yaml").read_text(encoding="utf-8").splitlines()
    numbers = [n for n, content in enumerate(lines, 1) if line in content]
    assert any(f"study.yaml:{n}:" in str(caught.value) for n in numbers), str(caught.value)


def test_faults_of_the_data_are_placed(tmp_path: Path) -> None:
    folder = small.write(tmp_path, TEXT.replace("r2_max: 0.95", "r2_max: 0.0001"))
    with pytest.raises(EconloomError, match="r2_max lies above the controlled R2") as caught:
        el.study(folder / "study.yaml").run(["s"])
    assert "study.yaml:" in str(caught.value)


def test_direct_effects_of_instruments_have_the_numbers_of_the_function(tmp_path: Path) -> None:
    table = """tables:
  e:
    kind: sensitivity
    title: e
    of: t5.c1
    term: tbi
    support: {gdp: [0, 0.1], lnGDP: 0.2}
    prior: {gdp: [0, 0.1], lnGDP: {uniform: [0, 0.1]}}
    level: 0.9
  t5:
    title: t5
    columns: ["y ~ RQ | code | tbi ~ gdp + lnGDP"]
"""
    folder = small.write(tmp_path, small.TEXT.replace("tables:\n", table, 1))
    run = el.study(folder / "study.yaml").run(["e"])
    fit = el.iv("y ~ RQ | code | tbi ~ gdp + lnGDP", run.panel, vcov=el.cluster("code"), ssc="xtreg")
    prior = {"gdp": (0, 0.1), "lnGDP": el.sensitivity.Uniform(0, 0.1)}
    wanted = el.sensitivity.plausibly_exogenous(fit, {"gdp": (0, 0.1), "lnGDP": 0.2}, prior, level=0.9)
    found = values(run, "e")
    for row in wanted.tidy().iter_rows(named=True):
        for name in ("estimate", "std_error", "conf_low", "conf_high"):
            if row[name] is not None:
                assert found[row["method"], name] == pytest.approx(row[name], rel=1e-9)
            else:
                assert (row["method"], name) not in found
    note = run.tables["e"].notes[0]
    assert "Range of γ: gdp ∈ [0, 0.1] and lnGDP = 0.2" in note.text("en")
    assert "γ的先验分布：gdp ~ N(0, 0.1²)" in note.text("zh") and "lnGDP ~ U(0, 0.1)" in note.text("zh")


def test_direct_effects_are_of_columns_with_instruments(tmp_path: Path) -> None:
    text = TEXT.replace(
        "    benchmarks: [$controls]\n    times: [1, 2]\n    r2_max: 0.95\n", "    support: {tbi: [0, 1]}\n", 1
    )
    folder = small.write(tmp_path, text)
    with pytest.raises(EconloomError, match=r"t3\.c2 has no instruments"):
        el.study(folder / "study.yaml").plan()
