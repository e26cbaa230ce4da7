"""Tables with every construct, for the tests of renderers."""

from __future__ import annotations

from econloom.core.estimate import CONSTANT, Unavailable
from econloom.core.labels import Label
from econloom.core.spec import Diagnostic, DiagnosticRow, ExtraRow, Group, Show, TableSpec
from econloom.core.table import Table
from econloom.report import tables
from tests.report.conftest import LABELS, ONE, TBI, coefficient, model

TERMS = ("tbi", "rq", "gdp", "x4", "x5", "x6")


def ragged(columns: int = 12, **changes: object) -> Table:
    """Stepwise columns under two rows of groups, with heads, merged effects, tests and own rows."""
    half, quarter = columns // 2, columns // 4
    given: dict[str, object] = {
        "id": "t4",
        "title": Label("分样本回归结果", "Results by sample"),
        "labels": LABELS,
        "show": Show(
            r2="r2_within_unit", statistics=("n_clusters", "mean_outcome"), outcomes="merge", merge_effects=True
        ),
        "over_groups": (
            Group(Label("发达国家", "Developed"), half),
            Group(Label("发展中国家", "Developing"), columns - half),
        ),
        "groups": (Group(Label.same("OLS"), quarter), Group(Label.same("2SLS"), quarter)),
        "heads": tuple(Label("一阶段", "First") if n % 2 else Label() for n in range(columns)),
        "diagnostics": (
            DiagnosticRow(
                "kp_f",
                Label.same("KP F"),
                tuple(Diagnostic(56.68, None, 16.38) if n % 2 else None for n in range(columns)),
                critical="below",
                critical_label=Label("Stock-Yogo 10%临界值", "Stock-Yogo 10% critical values"),
                digits=2,
            ),
            DiagnosticRow(
                "j",
                Label.same("Hansen J"),
                (*[None] * (columns - 1), Unavailable("exactly identified")),
            ),
        ),
        "extra_rows": (ExtraRow(Label("省份趋势", "Province trends"), (True,) * columns, at="effects"),),
    }
    glance = {"n": 21384, "r2_within_unit": 0.442, "n_clusters": 41, "mean_outcome": 12345.678}
    models = [
        model(
            *(coefficient(t, 1.5 * (i + 1) * (-1) ** n, 0.7, 0.03) for i, t in enumerate(TERMS[: 1 + n % 6])),
            coefficient(CONSTANT, -83.02, 39.7, 0.043),
            outcome="gi" if n < half else "ec",
            glance=glance,
        )
        for n in range(columns)
    ]
    return tables.regression(models, TableSpec(**(given | changes)))  # type: ignore[arg-type]


def panelled(columns: int = 4, **changes: object) -> Table:
    """Panels A and B under two groups of columns."""
    given: dict[str, object] = {
        "id": "t5",
        "title": Label("面板", "Panels"),
        "labels": LABELS,
        "groups": (Group(Label("宽松", "Loose"), columns // 2), Group(Label("严格", "Strict"), columns // 2)),
    }
    parts = [
        tables.Panel("a", Label("面板A：发达国家", "Panel A: Developed"), [model(TBI, ONE)] * columns),
        tables.Panel("b", Label("面板B：发展中国家", "Panel B: Developing"), [model(TBI, ONE, df=18.0)] * columns),
    ]
    return tables.panels(parts, TableSpec(**(given | changes)))  # type: ignore[arg-type]
