"""The table model: what each choice of a spec does to header, rows, cells and note."""

from __future__ import annotations

import pytest

from econloom.core.errors import UsageError
from econloom.core.estimate import Unavailable
from econloom.core.labels import Label
from econloom.core.spec import Diagnostic, DiagnosticRow, EffectRow, ExtraRow, Group, Show
from econloom.core.table import Style, Table
from econloom.report import format as fmt
from econloom.report import notes
from econloom.report.tables import Panel, panels, regression, values
from tests.report.conftest import GDP, ONE, RQ, TBI, model, spec
from tests.report.examples import panelled, ragged


def labels(table: Table, lang: str = "en") -> list[str]:
    return [r.label.text(lang) for r in table.rows]  # type: ignore[arg-type]


def row(table: Table, label: str) -> list[str]:
    found = next(r for r in table.rows if r.label.text("en") == label)
    return [fmt.text(c, "en", fmt.typeset(table.style)) for c in found.cells]


def heads(table: Table) -> list[list[tuple[str, int, bool]]]:
    return [[(c.label.text("en"), c.span, c.rule) for c in header] for header in table.header]


def test_groups_stand_above_their_columns_with_a_rule() -> None:
    groups = (Group(Label.same("OLS"), 2), Group(Label(), 1), Group(Label.same("IV"), 1))
    table = regression([model(TBI)] * 5, spec(groups=groups))
    assert heads(table)[0] == [("OLS", 2, True), ("", 1, False), ("IV", 1, True), ("", 1, False)]
    assert [c.label.text("en") for c in table.header[1]] == ["(1)", "(2)", "(3)", "(4)", "(5)"]


def test_heads_and_merged_outcomes() -> None:
    models = [model(TBI), model(TBI), model(TBI, outcome="ec")]
    table = regression(models, spec(show=Show(outcomes="merge"), heads=(Label(), Label("IV一阶段", "First"), Label())))
    assert heads(table)[1] == [("Globalisation", 2, True), ("ec", 1, False)]
    assert [c.label.text("zh") for c in table.header[2]] == ["", "IV一阶段", ""]


def test_a_header_may_be_numbers_only_but_never_nothing() -> None:
    assert len(regression([model(TBI)], spec(show=Show(outcomes="none"))).header) == 1
    with pytest.raises(UsageError, match="table t3: no header"):
        regression([model(TBI)], spec(show=Show(outcomes="none", numbers=False)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"groups": (Group(Label.same("OLS"), 3),)}, r"groups \(OLS\) span 3 columns, the table has 2"),
        ({"groups": (Group(Label.same("OLS"), 0),)}, "the group 'OLS' spans 0 columns"),
        ({"heads": (Label.same("a"),)}, "1 heads for 2 columns"),
        ({"order": ("tib",)}, "order: no column has the term 'tib', did you mean 'tbi'"),
        ({"omit": ("rqq",)}, "omit: no column has the term 'rqq', did you mean 'rq'"),
        ({"effect_rows": (EffectRow(Label(), ("yaer",)),)}, "no column has the effect 'yaer', did you mean 'year'"),
        ({"extra_rows": (ExtraRow(Label.same("a"), (1,)),)}, "row 'a' has 1 cells for 2 columns"),
        ({"diagnostics": (DiagnosticRow("f", Label.same("F"), ()),)}, "row 'F' has 0 cells for 2 columns"),
        ({"show": Show(statistics=("r2_with",))}, "no column has the statistic 'r2_with', did you mean 'r2_within'"),
    ],
)
def test_what_does_not_exist_is_an_error_with_a_suggestion(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        regression([model(TBI, RQ)] * 2, spec(**changes))


def test_a_missing_column_of_values_is_suggested() -> None:
    with pytest.raises(UsageError, match="without any value: CNH, did you mean 'CHN'"):
        values({(2000, "CHN"): 0.1}, spec(id="t1"), columns=["CNH"])


def test_rows_follow_the_order_asked_for() -> None:
    table = regression([model(TBI, RQ, GDP, ONE)], spec(order=("gdp",), omit=("rq",)))
    assert labels(table)[:6:2] == ["GDP (log)", "Trade benefit index", "Constant"]


def test_digits_by_row() -> None:
    table = regression([model(TBI, RQ)], spec(row_digits=(("rq", 1), ("r2_within", 2))))
    assert row(table, "Trade benefit index") == ["11.5545***"]
    assert row(table, "Regulatory quality") == ["2.6**"]
    assert row(table, "Within R²") == ["0.08"]


def test_confidence_intervals_in_square_brackets() -> None:
    from dataclasses import replace

    table = regression([model(replace(TBI, conf_low=4.43, conf_high=-0.001))], spec(show=Show(paren="ci"), digits=2))
    assert row(table, "") == ["[4.43, 0.00]"]
    assert table.rows[1].cells[0].source == "t3.c1.tbi.ci"
    assert "方括号内为由聚类到国家层面的稳健标准误得出的95%置信区间" in table.notes[0].text("zh")


def test_effects_one_row_for_several() -> None:
    models = [model(TBI), model(TBI, effects=("code",))]
    merged = regression(models, spec(show=Show(merge_effects=True)))
    assert row(merged, "Country/Year fixed effects") == ["Yes", "No"]
    assert "国家/年份固定效应" in labels(merged, "zh")
    asked = regression(models, spec(effect_rows=(EffectRow(Label.same("FE"), ("code",)),)))
    assert row(asked, "FE") == ["Yes", "Yes"]


def test_own_rows_hold_texts_numbers_and_marks() -> None:
    cells = ("全部", 12345, 0.5, True, None)
    rows = (ExtraRow(Label.same("own"), cells, at="top", digits=2), ExtraRow(Label.same("last"), (None,) * 5))
    table = regression([model(TBI)] * 5, spec(extra_rows=rows))
    assert row(table, "own") == ["全部", "12,345", "0.50", "Yes", ""]
    assert labels(table)[2] == "own" and table.rows[2].rule_above
    assert labels(table)[-1] == "last"


def test_statistics_by_name() -> None:
    glance = {"n": 615, "n_clusters": 41, "mean_outcome": 70.25, "r2_adjusted": 0.4, "hannan": 1.5}
    asked = Show(r2="r2_adjusted", statistics=("n_clusters", "mean_outcome", "hannan", "loglik"))
    table = regression([model(TBI, glance=glance)], spec(show=asked))
    assert labels(table)[-5:] == ["N", "Adjusted R²", "Clusters", "Mean of outcome", "hannan"]
    assert row(table, "Clusters") == ["41"] and row(table, "Mean of outcome") == ["70.2500"]


def test_tests_with_p_values_and_critical_values() -> None:
    cells = (None, Diagnostic(56.678, 0.0012, 16.38))
    below = regression([model(TBI)] * 2, spec(diagnostics=(DiagnosticRow("kp", Label.same("KP"), cells, digits=2),)))
    assert [fmt.text(c, "en") for c in below.rows[-2].cells] == ["", "56.68 {16.38}"]
    assert [fmt.text(c, "en") for c in below.rows[-1].cells] == ["", "[0.00]"]
    assert below.rows[-2].cells[1].source == "t3.c2.kp"
    assert "P values of tests" not in below.notes[0].text("en")
    assert "p values of tests in square brackets; critical values in braces" in below.notes[0].text("en")
    beside = DiagnosticRow("kp", Label.same("KP"), cells, p="beside", critical="below", digits=2)
    table = regression([model(TBI)] * 2, spec(diagnostics=(beside,)))
    assert [[fmt.text(c, "en") for c in r.cells][1] for r in table.rows[-2:]] == ["56.68 [0.00]", "{16.38}"]
    starred = DiagnosticRow("kp", Label.same("KP"), cells, p="stars", critical="none", digits=2)
    table = regression([model(TBI)] * 2, spec(diagnostics=(starred,)))
    assert row(table, "KP") == ["", "56.68***"] and labels(table)[-1] == "KP"


def test_a_test_that_is_unavailable_says_why() -> None:
    asked = DiagnosticRow("j", Label.same("Hansen J"), (Unavailable("exactly identified"),))
    table = regression([model(TBI)], spec(diagnostics=(asked,)))
    assert row(table, "Hansen J") == ["—"]
    assert "Hansen J: exactly identified" in table.notes[0].text("en")


@pytest.mark.parametrize(
    ("marks", "zh", "en"), [("控制", ["控制", "未控制"], ["Yes", "No"]), ("√", ["√", ""], ["√", ""])]
)
def test_vocabulary_of_marks(marks: str, zh: list[str], en: list[str]) -> None:
    table = regression([model(TBI), model(TBI, effects=())], spec(show=Show(marks=marks)))  # type: ignore[arg-type]
    glyphs = fmt.typeset(table.style)
    assert [fmt.text(c, "zh", glyphs) for c in table.rows[2].cells] == zh
    assert [fmt.text(c, "en", glyphs) for c in table.rows[2].cells] == en


def test_without_stars() -> None:
    table = regression([model(TBI)], spec(stars=()))
    assert row(table, "Trade benefit index") == ["11.5545"]
    assert "*" not in table.notes[0].text("en")


def test_numbers_by_style() -> None:
    style = Style(leading_zero=False, thousands="\u2009", group_decimals=True)
    glyphs = fmt.typeset(style)
    numbers = [0.5, -0.25, 12345.6, 0.0, -0.001, 1.5]
    assert [fmt.number(n, 2, glyphs, fixed=True) for n in numbers] == [
        ".50", "−.25", "12\u2009345.60", ".00", ".00", "1.50",
    ]  # fmt: skip
    assert fmt.count(21384, glyphs) == "21\u2009384"
    assert fmt.count(21384, fmt.plain(style)) == "21,384"
    assert fmt.number(0.5, 0, glyphs) == "0"


def test_panels_share_columns_and_say_apart_what_differs() -> None:
    table = panelled()
    assert [r.label.text("en") for r in table.rows if r.role == "panel"] == [
        "Panel A: Developed",
        "Panel B: Developing",
    ]
    assert [n for n, r in enumerate(table.rows) if r.rule_above] == [5, 9, 14]
    assert {"t5.a.c1.tbi", "t5.b.c4.tbi.se", "t5.b.c2.n"} <= {c.source for r in table.rows for c in r.cells}
    note = table.notes[0].text("zh")
    assert note.count("括号内为聚类到国家层面的稳健标准误") == 1
    assert "面板A：发达国家：***、**、*分别表示" in note and "自由度为18" in note


def test_panels_must_fit_together() -> None:
    one, two = [model(TBI)], [model(TBI)] * 2
    with pytest.raises(UsageError, match="panels have 1, 2 columns"):
        panels([Panel("a", Label(), one), Panel("b", Label(), two)], spec())
    with pytest.raises(UsageError, match="two panels are called"):
        panels([Panel("a", Label(), one), Panel("a", Label(), one)], spec())
    with pytest.raises(UsageError, match="no panels"):
        panels([], spec())


def test_notes_of_one_paper_are_shortened() -> None:
    own = (Label("来源：WIOD。", "Source: WIOD."),)
    first, second = regression([model(TBI)], spec()), regression([model(TBI)], spec(id="t4", notes=own))
    third = regression([model(TBI, vcov="hc1", df=None)], spec(id="t5"))
    done = notes.shorten([first, second, third])
    assert done[0].notes[0].text("zh").endswith("下表同。")
    assert [n.text("en") for n in done[1].notes] == ["Notes: Source: WIOD."]
    assert done[2].notes[0].text("en").startswith("Notes: Heteroskedasticity-robust")
    assert notes.shorten([first]) == (first,)


def test_the_ragged_table_has_all_its_parts() -> None:
    table = ragged()
    assert table.n_columns == 12 and len(table.header) == 5
    assert row(table, "Hansen J")[-1] == "—"
    assert row(table, "Province trends") == ["Yes"] * 12
    assert row(table, "Regulatory quality")[0] == ""
