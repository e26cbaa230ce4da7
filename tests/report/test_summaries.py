from __future__ import annotations

import pytest

from econloom.core.errors import UsageError
from econloom.core.table import Table
from econloom.report import format as fmt
from econloom.report.summaries import correlations, descriptive, vif
from tests.report.conftest import spec


def printed(table: Table) -> list[list[str]]:
    return [[r.label.text("en"), *(fmt.text(c, "en") for c in r.cells)] for r in table.rows]


NUMBERS = {
    "tbi": {"n": 615, "mean": 0.0123, "min": -0.67, "max": 0.4, "min_at": "BGR 2000", "max_at": "LUX 2014"},
    "rq": {"n": 600, "mean": 1.2, "min": -1.0, "max": 2.0},
}


def test_descriptive_statistics_with_named_extremes() -> None:
    table = descriptive(NUMBERS, spec(digits=2), ("n", "mean", "min", "max"), name_extremes=True)
    assert [c.label.text("zh") for c in table.header[0]] == ["N", "均值", "最小值", "最大值"]
    assert printed(table) == [
        ["Trade benefit index", "615", "0.01", "−0.67", "0.40"],
        ["", "", "", "BGR 2000", "LUX 2014"],
        ["Regulatory quality", "600", "1.20", "−1.00", "2.00"],
    ]
    assert table.rows[0].cells[1].source == "t3.mean.tbi"
    assert table.notes[0].text("en").startswith("Notes: Below minimum and maximum")


def test_an_unknown_statistic_is_suggested() -> None:
    with pytest.raises(UsageError, match="no variable has the statistic 'maen', did you mean 'mean'"):
        descriptive(NUMBERS, spec(), ("maen",))
    with pytest.raises(UsageError, match="empty"):
        descriptive({}, spec())


def test_correlations_are_a_lower_triangle_with_stars() -> None:
    values, p_values = {("tbi", "rq"): -0.5, ("gdp", "tbi"): 0.1, ("rq", "gdp"): 0.2}, {("rq", "tbi"): 0.001}
    table = correlations(["tbi", "rq", "gdp"], values, spec(digits=2), p_values, below=True)
    assert printed(table)[:3] == [
        ["(1) Trade benefit index", "1.00", "", ""],
        ["(2) Regulatory quality", "−0.50***", "1.00", ""],
        ["", "(0.00)", "", ""],
    ]
    note = table.notes[0].text("en")
    assert note.startswith("Notes: p values in parentheses. ***, ** and * denote significance")
    with pytest.raises(UsageError, match="no correlation of gdp and rq"):
        correlations(["rq", "gdp"], {("rq", "tbi"): 1.0}, spec())


def test_variance_inflation() -> None:
    assert printed(vif({"tbi": 2.0, "rq": 4.0}, spec(digits=2))) == [
        ["Trade benefit index", "2.00", "0.50"],
        ["Regulatory quality", "4.00", "0.25"],
        ["Mean VIF", "3.00", ""],
    ]
    with pytest.raises(UsageError, match="no variance inflation factors"):
        vif({}, spec())
