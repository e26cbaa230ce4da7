"""Estimators robust to staggered timing beside two-way columns and event studies; the study castle as a whole.

Oracles: the entry points of ``el.did`` on the study's panel; bacondecomp 0.1.1 (R) for the two-way coefficient.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EconloomError
from econloom.study.run import Run
from econloom.study.staggered import DEFAULTS, ROBUST
from tests.conftest import SHIPPED

CASTLE = SHIPPED.parent / "castle"
MODEL = "y ~ on + x | i + t"


@pytest.fixture(scope="module")
def castle(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return el.study(CASTLE).run(out=tmp_path_factory.mktemp("城堡 法") / "结果", lang="zh")


def _rows(run: Run, table: str) -> dict[str, tuple[float, float]]:
    found = run.results.filter((pl.col("table") == table) & (pl.col("term") == "law"))
    return {g: (b, s) for g, b, s in found.select("group", "estimate", "std_error").rows()}


def test_columns_say_what_python_says(castle: Run) -> None:
    data, keys = castle.panel.frame, ("state", "year")
    way = el.cluster("state")
    calls: dict[str, Any] = {
        "": el.did.twfe("l_homicide ~ law", data, *keys, vcov=way, ssc="reghdfe").fit.summary.coefficients[0],
        "sun_abraham": el.did.sun_abraham(
            "l_homicide ~ 1", data, *keys, cohort="adopted", vcov=way, ssc="reghdfe"
        ).average(weights="counts"),
        "group_time": el.did.group_time("l_homicide ~ 1", data, *keys, cohort="adopted", draws=0)
        .aggregate("simple")
        .summary.coefficients[-1],
        "imputation": el.did.imputation("l_homicide ~ 1", data, *keys, cohort="adopted").att,
        "two_stage": el.did.two_stage("l_homicide ~ 1", data, *keys, cohort="adopted").att,
        "stacked": el.did.stacked(
            "l_homicide ~ 1", data, *keys, cohort="adopted", window=(-5, 1), vcov=way, ssc="reghdfe"
        ).average(weights="counts"),
        "multiple_periods": el.did.multiple_periods("l_homicide ~ law", data, *keys, effects=6).average(
            range(5), weights="counts"
        ),  # one state has a fifth year: no error
    }
    found = _rows(castle, "t2")
    assert set(found) == set(calls) == {"", *DEFAULTS}
    for name, one in calls.items():
        np.testing.assert_allclose(found[name], (one.estimate, one.std_error), rtol=1e-10, err_msg=name)
    assert found[""][0] == pytest.approx(0.081811617, abs=1e-8)  # bacondecomp; logs of rates kept in single precision


def test_the_table_says_with_whom_it_compares_and_what_is_left_out(castle: Run) -> None:
    text = (castle.path / "tables" / "t3.md").read_text(encoding="utf-8")
    assert "| 比较对象 | 全部，含已处理 | 从未处理 | 未能估计 | 全部未处理观测 | 全部未处理观测 | 尚未处理 |" in text
    assert "未列出——de Chaisemartin-D'Haultfœuille：不能加入控制变量" in text
    assert "Callaway-Sant'Anna未能估计：cohort 2005" in text and "| 控制变量 | 是 | 是 | 是 |" in text
    assert "group_time" not in set(castle.results.filter(pl.col("table") == "t3")["group"])
    assert any("group_time: not estimated: cohort 2005" in w for w in castle.warnings)


def test_the_figure_has_a_series_an_estimator(castle: Run) -> None:
    drawn = castle.figures["f2"]
    assert [s.label.zh for s in drawn.series[1:]] == [ROBUST[n].label.zh for n in DEFAULTS]
    rows = castle.results.filter((pl.col("table") == "f2") & (pl.col("group") == "imputation"))
    one = el.did.imputation(
        "l_homicide ~ 1", castle.panel.frame, "state", "year", cohort="adopted", window=(-5, 3)
    )  # fmt: skip
    np.testing.assert_allclose(rows["estimate"], one.estimates, rtol=1e-10)
    np.testing.assert_allclose(rows["std_error"], one.std_errors, rtol=1e-10)
    assert any("插补（BJS）：相对窗外更早各期" in n.text("zh") for n in drawn.notes)


def test_the_comparisons_behind_the_coefficient(castle: Run) -> None:
    """bacondecomp 0.1.1: early-late, late-early, treated-untreated."""
    rows = castle.values.filter(pl.col("table") == "bacon").select("row", "column", "value").rows()
    found = {(r, c): v for r, c, v in rows}
    published = {"earlier vs later treated": (0.05976, -0.00554), "later vs earlier treated": (0.03190, 0.07032),
                 "treated vs untreated": (0.90834, 0.08796)}  # fmt: skip
    for kind, numbers in published.items():
        assert (found[kind, "weight"], found[kind, "estimate"]) == pytest.approx(numbers, abs=6e-6)
    assert found["two-way", "estimate"] == pytest.approx(0.081811617, abs=1e-8)


def _study(**column: object) -> dict[str, Any]:
    return {
        "study": "small",
        "title": "小",
        "sources": {"rows": "数据.csv"},
        "panel": {"unit": "i", "time": "t", "start": "rows"},
        "defaults": {"vcov": {"cluster": "i"}},
        "tables": {
            "t1": {"title": "x", "columns": [{"formula": MODEL, "robust": {"cohort": "g", "treatment": "on"}} | column]}
        },
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 units of which all adopt in the end, with a province and one cohort of never adopting beside as g0."""
    made = tmp_path_factory.mktemp("目录 二")
    rng = np.random.default_rng(3)
    i, t = np.repeat(np.arange(40), 8), np.tile(np.arange(2001, 2009), 40)
    g = np.array([2003, 2004, 2005, 2006, 2007])[i % 5]
    on = (t >= g).astype(int)
    y = i / 9 + t + on * (1 + 0.1 * (t - g)) + 0.3 * rng.normal(size=320)
    frame = pl.DataFrame({"i": i, "t": t, "g": g, "on": on, "y": y, "x": rng.normal(size=320), "w": 1.0 + i % 3})
    frame = frame.with_columns(never=pl.when(pl.col("i") >= 5).then("g"), p=pl.col("i") // 10)
    frame.with_columns(onn=(pl.col("t") >= pl.col("never")).fill_null(False).cast(int)).write_csv(made / "数据.csv")
    return made


def test_no_never_treated_units_name_the_estimators_that_remain(folder: Path) -> None:
    asked = {"estimators": ["group_time"], "cohort": "g", "treatment": "on"}
    with pytest.raises(EconloomError) as caught:
        el.study(_study(robust=asked), folder).run()
    assert "no unit is never treated" in str(caught.value)
    assert "robust: [sun_abraham, group_time_later, imputation, two_stage, stacked, multiple_periods]" in str(
        caught.value
    )
    run = el.study(_study(), folder).run()
    assert set(run.results["group"]) == {"", "sun_abraham", "imputation", "two_stage", "stacked"}
    assert any("group_time: not estimated: no unit is never treated" in w for w in run.warnings)
    cells = [c.label for r in run.tables["t1"].rows for c in r.cells if c.label is not None]
    assert el.study(_study(), folder) and any(c.en == "the last cohort" for c in cells)


def test_samples_weights_and_other_effects(folder: Path) -> None:
    changed = _study(formula="y ~ onn + x + p | i + p^t", weights="w", where="t > 2001",
                     robust={"cohort": "never", "treatment": "onn"})  # fmt: skip
    changed |= {"macros": {"controls": "x + p"}}
    changed["defaults"]["show"] = {"controls": "collapse"}
    run = el.study(changed, folder).run()
    rows = dict(run.results.filter(pl.col("term") == "onn").select("group", "estimate").rows())
    assert set(rows) == {"", "sun_abraham", "imputation", "two_stage"}
    data = pl.read_csv(folder / "数据.csv")
    one = el.did.imputation("y ~ x | i + p^t", data, "i", "t", cohort="never", weights="w", where="t > 2001")
    assert rows["imputation"] == pytest.approx(one.att.estimate, rel=1e-10)
    said = " ".join(n.text("en") for n in run.tables["t1"].notes)
    assert "Controls: x." in said  # p is absorbed in every column
    assert "Callaway-Sant'Anna, Stacked, de Chaisemartin-D'Haultfœuille: has effects of unit and period only" in said


@pytest.mark.parametrize(
    ("column", "says"),
    [
        ({"robust": True}, r"no term of y ~ on \+ x \| i \+ t is a policy's treatment"),
        ({"robust": {"cohort": "gg"}}, "no column 'gg', did you mean 'g'"),
        ({"robust": {"cohort": "g", "treatment": "onn"}}, "no term 'onn', did you mean 'on'"),
        ({"robust": {"treatment": "on"}}, "'treatment' goes with 'cohort'"),
        ({"robust": {"cohort": "g", "estimators": ["bacon"]}}, "no robust estimator 'bacon'"),
        ({"robust": {"cohort": "g", "estimators": ["multiple_periods"]}}, "takes no controls"),
        ({"formula": "y ~ on + x"}, "no effects of unit and period"),
        ({"formula": "y ~ x | i + t | on ~ w"}, "has instruments"),
        ({"estimator": "random_effects"}, "is of random_effects"),
        ({"prepare": {"dates": {"of": "on", "unit": "i"}}}, "moves the dates of treatment"),
    ],
)
def test_faults(folder: Path, column: dict[str, object], says: str) -> None:
    with pytest.raises(EconloomError, match=says):
        el.study(_study(**column), folder).plan()


def test_an_estimator_beside_is_no_model_for_other_figures(folder: Path) -> None:
    changed = _study()
    changed["figures"] = {"f": {"kind": "leave_one_out", "of": "t1.c2", "term": "on", "leave": "i", "title": "x"}}
    with pytest.raises(EconloomError, match=r"t1\.c2 is of sun_abraham"):
        el.study(changed, folder).plan()
