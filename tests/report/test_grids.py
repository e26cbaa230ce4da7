"""Tables of one coefficient across versions of a study."""

from __future__ import annotations

from econloom.core.estimate import Coefficient, Tidy
from econloom.core.labels import Label
from econloom.core.lineage import SampleLog
from econloom.core.spec import TableSpec
from econloom.report.grids import across_versions


def model(estimate: float, df: float = 40.0) -> Tidy:
    row = Coefficient("tbi", estimate, 1.0, estimate, 0.001, estimate - 2, estimate + 2)
    log = SampleLog(10, (), 10)
    return Tidy("y", (row,), {"n": 10, "r2_within": 0.5}, ("code",), "cluster(code)", "xtreg", "t", df, log, ("code",))


def test_one_row_a_version_with_addresses_and_brackets() -> None:
    spec = TableSpec("t3_versions", Label(zh="基准", en="Baseline"), labels=(("tbi", Label("指数", "Index")),))
    table = across_versions({"default": [model(3.0)], "kof2020": [model(2.5, 41.0)]}, ["tbi"], spec)
    assert [r.label.text("zh") for r in table.rows] == ["默认设定", "", "kof2020", ""]
    assert table.rows[2].cells[0].source == "t3_versions.kof2020.c1.tbi"
    assert table.rows[2].cells[0].value == 2.5 and table.rows[2].cells[0].stars == 3
    note = "".join(n.text("zh") for n in table.notes)
    assert "表中为指数的系数" in note and "kof2020的自由度为41" in note and "R²" not in note


def test_several_terms_and_a_term_that_a_version_lacks() -> None:
    spec = TableSpec("t", Label.same("T"))
    table = across_versions({"default": [model(3.0)]}, ["tbi", "x"], spec)
    assert [r.label.text("en") for r in table.rows if r.role == "estimate"] == ["tbi (default)", "x (default)"]
    assert table.rows[2].cells[0].kind == "empty"
