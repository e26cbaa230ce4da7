"""Specification curves in study files: estimates, table, figure and rows of results.csv."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import StudyFileError
from econloom.report import render
from tests.study import small

KEYS = """of: w.base
    term: tbi
    controls: [$controls]
    samples: [early]
    effects: [none]
    vcov: [iid]
"""
TEXT = (
    small.TEXT.replace(
        "tables:\n",
        f"""tables:
  w:
    title: x
    columns: [{{id: base, formula: "y ~ tbi + $controls | code"}}]
    ssc: fixest
  s:
    kind: specification_curve
    title: {{zh: 设定曲线, en: Specification curve}}
    {KEYS}
""",
        1,
    )
    + f"""
figures:
  curve:
    kind: specification_curve
    title: {{zh: 设定曲线, en: Specification curve}}
    most: 20
    {KEYS}
"""
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> el.study:
    folder = small.write(tmp_path_factory.mktemp("specified"), TEXT)
    return el.study(folder / "study.yaml").run(["w", "s", "curve"], out=folder / "out")


def test_the_numbers_are_those_of_the_curve_and_of_the_column(run: el.study) -> None:
    rows = run.results.filter(table="curve")
    default = pl.col("version") == "default"
    assert len(rows) == 4 * 2 * 2 * 2
    found = el.specifications.curve(
        run.panel, "y", "tbi", control_sets=[["lnGDP", "RQ"], [], ["lnGDP"], ["RQ"]],
        samples={"all": "year >= 2001", "early": "year <= 2005"}, effects=["code", ""],
        vcov=[el.cluster("code"), el.iid()],
    ).tidy()  # fmt: skip
    for name in ("estimate", "std_error", "p_value"):
        np.testing.assert_allclose(sorted(rows[name]), sorted(found[name]), rtol=1e-10)
    own = run.results.filter(default, table="w", term="tbi").row(0, named=True)
    first = rows.filter(column="s1").row(0, named=True)
    for name in ("estimate", "std_error", "p_value", "conf_low", "n", "n_clusters", "stars", "vcov", "ssc"):
        assert first[name] == (pytest.approx(own[name]) if isinstance(own[name], float) else own[name])
    assert run.results.filter(default, table="s").drop("table").equals(rows.drop("table"))


def test_the_table_and_its_values(run: el.study) -> None:
    values = {r["row"]: r["value"] for r in run.values.filter(table="s", version="default").to_dicts()}
    rows = run.results.filter(table="s", version="default")
    assert values["specifications"] == 32
    assert values["median"] == pytest.approx(rows["estimate"].median())
    assert values["share_significant"] == pytest.approx((rows["p_value"] < 0.05).mean())
    assert values["preferred"] == rows.filter(column="s1")["estimate"][0]
    assert values["preferred_rank"] == pytest.approx((rows["estimate"] <= values["preferred"]).mean())
    zh, en = (render.render(run.tables["s"], "md", lang).decode() for lang in ("zh", "en"))
    assert "系数中位数" in zh and "本文设定先于结果给定" in zh
    assert "Median estimate" in en and "named before results" in en


def test_the_figure_marks_the_column_and_what_differs(run: el.study) -> None:
    figure = run.figures["curve"]
    assert figure.total == 32 and len(figure.estimates) in (20, 21)
    assert list(figure.estimates) == sorted(figure.estimates)
    own = run.results.filter(table="w", term="tbi")["estimate"][0]
    assert figure.estimates[figure.preferred] == pytest.approx(own)
    names = {label.en: [c.label.en for c in choices] for label, choices in figure.choices}
    assert names == {
        "Controls": ["lnGDP", "RQ"], "Sample": ["all rows", "early"], "Fixed effects": ["Region", "none"],
        "Standard errors": ["clustered by Region", "conventional"],
    }  # fmt: skip
    for _, choices in figure.choices[1:]:
        assert sorted(p for c in choices for p in c.places) == list(range(len(figure.estimates)))
    for kind in ("svg", "pdf", "png"):
        assert (Path(run.path) / "figures" / f"curve.{kind}").stat().st_size > 1000
    assert "32 specifications" in figure.notes[0].en and "共32个设定" in figure.notes[0].zh


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("of: w.base", "of: w.c2", "no column 'c2'"),
        ("term: tbi", "term: tbj", "w.c1 has no term 'tbj', did you mean 'tbi'"),
        ("controls: [$controls]", "controls: [tbi]", "is the term of interest, no control"),
        ("controls: [$controls]", "controls: [lnGPD]", "'lnGPD', did you mean 'lnGDP'"),
        ("effects: [none]", "effects: [cod]", "no column 'cod' for fixed effects, did you mean 'code'"),
        ("vcov: [iid]", "vcov: [{cluster: cod}]", "no column 'cod'"),
        ("samples: [early]", "weights: [gdpp]", "no column 'gdpp'"),
        ("samples: [early]", "test: {draws: 99}", "seed"),
        ("ssc: fixest", "ssc: xtreg", "convention xtreg needs a unit effect"),
        ("ssc: fixest", "estimator: between", "least squares"),
    ],
)
def test_faults_are_found_before_the_work_starts(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = (
        TEXT.replace('"y ~ tbi + $controls | code"}', f'"y ~ tbi + $controls | code", {new}}}')
        if "estimator" in new
        else TEXT.replace(old, new)
    )
    folder = small.write(tmp_path, text)
    with pytest.raises(StudyFileError) as caught:
        el.study(folder / "study.yaml").plan()
    assert says in str(caught.value)
    assert "study.yaml:" in str(caught.value)


def test_specifications_without_an_estimate_are_counted_and_named(tmp_path: Path) -> None:
    folder = small.write(tmp_path, TEXT.replace("samples: [early]", "samples: [lone]").replace(
        "samples:\n", "samples:\n  lone: code == 'BEI' and year < 2003\n", 1
    ))  # fmt: skip
    made = el.study(folder / "study.yaml").run(["s", "curve"], out=folder / "out")
    values = {r["row"]: r["value"] for r in made.values.filter(table="s", version="default").to_dicts()}
    assert values["failed"] > 0 and values["failed"] + len(made.results.filter(table="s", version="default")) == 32
    assert "without an estimate" in " ".join(n.en for n in made.figures["curve"].notes)
    assert pl.read_csv(folder / "out" / "results.csv")["table"].to_list().count("curve") == 32 - values["failed"]


def test_the_joint_test_stands_in_values_and_notes(tmp_path: Path) -> None:
    folder = small.write(tmp_path, TEXT.replace("vcov: [iid]", "test: {seed: 2, draws: 99}"))
    made = el.study(folder / "study.yaml").run(["s", "curve"], out=folder / "out")
    values = {r["row"]: r["value"] for r in made.values.filter(table="s", version="default").to_dicts()}
    curve = el.specifications.curve(
        made.panel, "y", "tbi", control_sets=[["lnGDP", "RQ"], [], ["lnGDP"], ["RQ"]],
        samples={"all": "year >= 2001", "early": "year <= 2005"}, effects=["code", ""], vcov=el.cluster("code"),
    )  # fmt: skip
    expected = el.specifications.joint_test(curve, draws=99, seed=2).p_values
    for name, p in expected.items():
        assert values[f"joint_{name}"] == pytest.approx(p)
    assert "signs of scores by code" in " ".join(n.en for n in made.figures["curve"].notes)
    assert "联合检验" in render.render(made.tables["s"], "md", "zh").decode()
    other = small.write(tmp_path / "b", TEXT.replace("samples: [early]", "test: {seed: 1}"))
    with pytest.raises(StudyFileError, match="cluster in different ways"):
        el.study(other / "study.yaml").plan()
