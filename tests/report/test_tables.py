from __future__ import annotations

from dataclasses import dataclass

import pytest

import econloom as el
from econloom.core.errors import UsageError
from econloom.core.estimate import Tidy
from econloom.core.labels import Label
from econloom.core.spec import Show
from econloom.core.table import Table
from econloom.report import format as fmt
from econloom.report.tables import display, etable, regression, values
from tests.report.conftest import GDP, ONE, RQ, TBI, coefficient, model, spec


def labels(table: Table, lang: str = "zh") -> list[str]:
    return [r.label.text(lang) for r in table.rows]  # type: ignore[arg-type]


def printed(table: Table, row: int) -> list[str]:
    return [fmt.text(c, "en", fmt.PLAIN) for c in table.rows[row].cells]


def test_rows_stand_in_the_order_of_a_journal(table: Table) -> None:
    assert labels(table) == [
        "贸易利益指数", "", "管理质量", "", "国内生产总值（对数）", "", "常数项", "",
        "国家固定效应", "年份固定效应", "N", "组内R²",
    ]  # fmt: skip
    assert [r.role for r in table.rows[-4:]] == ["mark", "mark", "statistic", "statistic"]
    assert [n for n, r in enumerate(table.rows) if r.rule_above] == [8]


def test_cells_are_printed_with_stars_and_brackets(table: Table) -> None:
    assert printed(table, 0) == ["11.5545***", "11.5545***"]
    assert printed(table, 1) == ["(3.5239)", "(3.5239)"]
    assert printed(table, 2) == ["", "2.6181**"]
    assert printed(table, 10) == ["615", "615"]
    assert printed(table, 11) == ["0.4420", "0.4420"]


def test_every_number_has_an_address(table: Table) -> None:
    sources = {c.source for r in table.rows for c in r.cells if c.value is not None}
    assert None not in sources
    assert {"t3.c1.tbi", "t3.c2.tbi.se", "t3.c2.(Intercept)", "t3.c2.n", "t3.c2.r2_within_unit"} <= sources
    assert "t3.c1.rq" not in sources


def test_main_regressors_come_before_controls_whatever_the_formula(models: list[Tidy]) -> None:
    late = model(RQ, TBI, coefficient("late", 1.0, 1.0, 0.5), ONE)
    rows = labels(regression([late], spec(controls=("rq",))), "en")
    assert rows[:8:2] == ["Trade benefit index", "late", "Regulatory quality", "Constant"]


def test_collapsed_controls_become_one_row(models: list[Tidy]) -> None:
    table = regression(models, spec(show=Show(controls="collapse"), controls=("rq", "gdp")))
    assert labels(table)[:5] == ["贸易利益指数", "", "常数项", "", "控制变量"]
    assert printed(table, 4) == ["No", "Yes"]
    assert "控制变量为管理质量、国内生产总值（对数）" in table.notes[0].text("zh")
    assert "Controls: regulatory quality and GDP (log)." in table.notes[0].text("en")


def test_columns_with_other_controls_are_told_apart() -> None:
    table = regression(
        [model(TBI, RQ), model(TBI, RQ, GDP)], spec(show=Show(controls="collapse"), controls=("rq", "gdp"))
    )
    assert "控制变量第（1）列为管理质量，第（2）列为管理质量、国内生产总值（对数）" in table.notes[0].text("zh")


def test_what_to_show_is_a_choice(models: list[Tidy]) -> None:
    table = regression(models, spec(show=Show(paren="none", r2="none", constant=False, effects=False)))
    assert labels(table, "en") == ["Trade benefit index", "Regulatory quality", "GDP (log)", "N"]


@pytest.mark.parametrize(("kind", "text"), [("t", "(3.2789)"), ("p", "(0.0020)")])
def test_other_contents_of_brackets(models: list[Tidy], kind: str, text: str) -> None:
    table = regression(models, spec(show=Show(paren=kind)))  # type: ignore[arg-type]
    assert printed(table, 1)[0] == text
    assert table.rows[1].cells[0].source == f"t3.c1.tbi.{kind}"


@pytest.mark.parametrize(("kind", "zh"), [("r2", "R²"), ("r2_within", "组内R²"), ("r2_within_unit", "组内R²")])
def test_r2_is_labelled_by_what_it_is(models: list[Tidy], kind: str, zh: str) -> None:
    table = regression(models, spec(show=Show(r2=kind)))  # type: ignore[arg-type]
    assert labels(table)[-1] == zh
    assert table.rows[-1].cells[0].source == f"t3.c1.{kind}"


def test_a_zero_coefficient_is_not_written_as_rounding_noise() -> None:
    noise, tiny = coefficient("a", 1e-17, 0.5, 1.0), coefficient("b", 2.5e-7, 1e-7, 0.01)
    table = regression([model(noise, tiny)], spec())
    assert [printed(table, n)[0] for n in range(4)] == ["0.0000", "(0.5000)", "2.500e-7**", "(1.000e-7)"]


def test_small_p_values_are_printed_as_zero() -> None:
    table = regression([model(coefficient("a", 9.0, 0.5, 1e-12))], spec(show=Show(paren="p")))
    assert printed(table, 1) == ["(0.0000)"]


def test_ragged_effects_are_marked_by_column() -> None:
    table = regression([model(TBI, effects=("code",)), model(TBI, effects=("code", "prov^year"))], spec())
    assert labels(table)[2:4] == ["国家固定效应", "prov×年份固定效应"]
    assert labels(table, "en")[3] == "prov × Year fixed effects"
    assert printed(table, 3) == ["No", "Yes"]


def test_effects_that_are_called_so_are_not_called_so_twice() -> None:
    named = spec(labels=(("code", Label("国家固定效应", "Country effects")),))
    assert labels(regression([model(TBI, effects=("code",))], named), "en")[2] == "Country effects"


def test_a_model_without_coefficients_still_has_its_statistics() -> None:
    assert labels(regression([model()], spec()), "en")[-2:] == ["N", "Within R²"]


def test_no_models_is_an_error_that_names_the_table() -> None:
    with pytest.raises(UsageError, match="table t3: no models"):
        regression([], spec())


def test_values_keep_order_and_leave_gaps_empty() -> None:
    cells = {(2001, "CHN"): 0.1, (2000, "CHN"): 0.2, (2000, "USA"): None, (2000, "N"): 41}
    table = values(cells, spec(id="t1"), rows=[2000, 2001], columns=["CHN", "USA", "N"])
    assert labels(table) == ["2000", "2001"]
    assert [printed(table, 0), printed(table, 1)] == [["0.2000", "", "41"], ["0.1000", "", ""]]
    assert table.rows[0].cells[0].source == "t1.CHN.2000"


def test_a_row_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(UsageError, match="columns without any value: FRA"):
        values({(2000, "CHN"): 0.1}, spec(id="t1"), columns=["CHN", "FRA"])


@dataclass
class Fit:
    summary: Tidy


def test_etable_of_fits_shows_itself() -> None:
    table = el.etable([Fit(model(TBI)), Fit(model(TBI, RQ))], labels={"tbi": "TBI"})
    assert labels(table, "en")[0] == "TBI"
    assert "<table>" in table._repr_html_()
    assert "| TBI | 11.5545" in str(table)
    assert isinstance(table, Table)
    assert etable(Fit(model(TBI))).n_columns == 1


def test_etable_without_effects_shows_plain_r2() -> None:
    assert labels(etable([model(TBI, effects=())]))[-1] == "R²"


def test_etable_names_what_is_no_fit() -> None:
    with pytest.raises(UsageError, match="int is not a fitted model"):
        etable([3])
    with pytest.raises(UsageError, match="no models"):
        etable([])


def test_display_keeps_the_table(table: Table) -> None:
    shown = display(table, "zh")
    assert (shown.rows, shown.notes, shown.lang) == (table.rows, table.notes, "zh")
