"""Models and tables that the report tests share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from econloom.core.estimate import CONSTANT, Coefficient, Tidy
from econloom.core.labels import Label
from econloom.core.lineage import SampleLog
from econloom.core.spec import Show, TableSpec
from econloom.core.table import Table
from econloom.report.tables import regression, values

LABELS = (
    ("gi", Label("全球化指数", "Globalisation")),
    ("tbi", Label("贸易利益指数", "Trade benefit index")),
    ("rq", Label("管理质量", "Regulatory quality")),
    ("gdp", Label("国内生产总值（对数）", "GDP (log)")),
    ("code", Label("国家", "Country")),
    ("year", Label("年份", "Year")),
)


def coefficient(term: str, estimate: float, std_error: float, p_value: float) -> Coefficient:
    return Coefficient(
        term, estimate, std_error, estimate / std_error if std_error else float("nan"), p_value, 0.0, 0.0
    )


def model(*coefficients: Coefficient, **changes: object) -> Tidy:
    given: dict[str, object] = {
        "outcome": "gi",
        "coefficients": coefficients,
        "glance": {"n": 615, "r2": 0.9, "r2_within": 0.0812, "r2_within_unit": 0.442},
        "effects": ("code", "year"),
        "vcov": "cluster(code)",
        "ssc": "xtreg",
        "distribution": "t",
        "df": 40.0,
        "sample": SampleLog(615, (), 615),
        "clusters": ("code",),
    }
    return Tidy(**(given | changes))  # type: ignore[arg-type]


def spec(**changes: object) -> TableSpec:
    given: dict[str, object] = {"id": "t3", "title": Label("基准回归结果", "Baseline results"), "labels": LABELS}
    return TableSpec(**(given | changes))  # type: ignore[arg-type]


TBI = coefficient("tbi", 11.55449, 3.5239, 0.002)
RQ = coefficient("rq", 2.6181, 1.228, 0.039)
GDP = coefficient("gdp", -0.9086, 1.6013, 0.57)
ONE = coefficient(CONSTANT, -83.0214, 39.7204, 0.043)


@pytest.fixture
def models() -> list[Tidy]:
    return [model(TBI, coefficient(CONSTANT, 78.8511, 0.6673, 0.0)), model(TBI, RQ, GDP, ONE)]


@pytest.fixture
def table(models: list[Tidy]) -> Table:
    return regression(models, spec(show=Show(r2="r2_within_unit"), controls=("rq", "gdp")))


@pytest.fixture
def wide() -> Callable[[int, int], Table]:
    """A grid of the given numbers of rows and columns."""

    def build(rows: int, columns: int) -> Table:
        cells = {(2000 + r, f"C{c}"): (r - c) * 0.0317 for r in range(rows) for c in range(columns)}
        return values(cells, spec(id="t1", title=Label("指数", "Index"), stub=Label("年份", "Year")))

    return build
