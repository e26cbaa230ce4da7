"""Leave-one-out figures: from the fit of the column itself, on its sample or group."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import econloom as el
from econloom.core.errors import StudyFileError
from tests.study import small

TEXT = (
    small.TEXT.replace(
        "tables:\n",
        """splits:
  size: {by: gdp, unit: code, labels: [小, 大]}
tables:
  h:
    title: x
    columns: [{id: base, formula: "y ~ tbi + lnGDP"}]
    vcov: hc1
    ssc: fixest
    over: [size]
  w:
    title: x
    columns: [{formula: "y ~ tbi | code", sample: early}]
""",
        1,
    )
    + """
figures:
  second:
    {kind: leave_one_out, title: x, of: h.c2, term: tbi, leave: code}
  periods:
    {kind: leave_one_out, title: x, of: w.c1, term: tbi, leave: year}
"""
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> el.study:
    folder = small.write(tmp_path_factory.mktemp("influence"), TEXT)
    return el.study(folder / "study.yaml").run(["second", "periods", "h", "w"], out=folder / "out")


def test_a_group_of_a_split_keeps_its_rows(run: el.study) -> None:
    figure = run.figures["second"]
    whole = run.results.filter(table="h", term="tbi").row(1, named=True)
    assert figure.baseline.estimate == pytest.approx(whole["estimate"], rel=1e-12)
    frame = run.panel.frame
    large = frame.group_by("code").agg(pl.col("gdp").mean()).filter(pl.col("gdp") > pl.col("gdp").median())["code"]
    rows = frame.filter(pl.col("code").is_in(large.implode()))
    assert [p.name for p in figure.points] == sorted(large)
    for point in figure.points:
        others = rows.filter(pl.col("code") != point.name)
        alone = el.ols("y ~ tbi + lnGDP", others, vcov=el.hc1()).summary.coefficient("tbi")
        assert point.estimate == pytest.approx(alone.estimate, rel=1e-9)
        assert point.low == pytest.approx(alone.conf_low, rel=1e-9)


def test_a_sample_and_periods(run: el.study) -> None:
    figure = run.figures["periods"]
    assert [p.name for p in figure.points] == ["2001", "2002", "2003", "2004", "2005"]
    for point in figure.points:
        others = run.panel.frame.filter(pl.col("year") <= 2005, pl.col("year") != int(point.name))
        alone = el.ols("y ~ tbi | code", others, vcov=el.cluster("code"), ssc="xtreg", unit="code")
        assert point.high == pytest.approx(alone.summary.coefficient("tbi").conf_high, rel=1e-9)


def test_values_without_an_estimate_are_named_in_a_note(tmp_path: Path) -> None:
    text = TEXT.replace('columns: [{formula: "y ~ tbi | code", sample: early}]', 'columns: ["y ~ tbi + lone | code"]')
    text = text.replace(
        "variables:\n", "variables:\n  lone: count_if(code == 'NMG' and year > 2003, by=[code, year])\n", 1
    )
    text = text.replace("of: w.c1, term: tbi, leave: year", "of: w.c1, term: lone, leave: code")
    folder = small.write(tmp_path, text)
    figure = el.study(folder / "study.yaml").run(["periods"], out=folder / "out").figures["periods"]
    assert "NMG" not in [p.name for p in figure.points]
    assert "No estimate without NMG: lone left out" in figure.notes[0].en and "剔除NMG" in figure.notes[0].zh


def test_faults_are_placed(tmp_path: Path) -> None:
    folder = small.write(tmp_path, TEXT.replace("of: h.c2, term: tbi", "of: h.c2, term: tbii"))
    with pytest.raises(StudyFileError, match=r"h\.c2 has no term 'tbii', did you mean 'tbi'"):
        el.study(folder / "study.yaml").plan()
