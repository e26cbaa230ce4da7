"""Figures and tables of effects by event time."""

from __future__ import annotations

import math

import numpy as np
import pytest

import econloom as el
from econloom.core.errors import UsageError
from econloom.core.labels import Label
from econloom.core.lineage import SampleLog
from econloom.core.spec import TableSpec
from econloom.report import effects, figures
from econloom.report.render import markdown


def made(base: tuple[int, ...] = (-1,), bins: tuple[int | None, int | None] = (-3, None)) -> el.did.DynamicEffects:
    events = np.array([e for e in range(-3, 3) if e not in base])
    V = np.diag(np.full(len(events), 0.04))
    return el.did.DynamicEffects(
        "event_study", Label("事件研究法", "event study"), "y", events, events / 10, V, base, SampleLog(90, (), 90),
        n_units=30, n_treated=10, n_clusters=30, covariance="cluster(i)", ssc="fixest", df=29.0, bins=bins,
    )  # fmt: skip


def test_points_of_a_figure() -> None:
    drawn = el.event_plot(made())
    assert [p.event for p in drawn.series[0].points] == [-3, -2, -1, 0, 1, 2]
    assert [p.base for p in drawn.series[0].points] == [False, False, True, False, False, False]
    assert drawn.ticks()[:3] == [(-3, "≤ −3"), (-2, "−2"), (-1, "−1")]
    assert drawn.series[0].label.text("zh") == "事件研究法" and drawn.models[0].outcome == "y"
    assert drawn._repr_svg_().startswith("<?xml")


def test_several_beside_each_other() -> None:
    drawn = el.event_plot({"a": made(), "b": made((-2,), (None, None)).with_band(draws=1000)}, "Two", "f9")
    assert [s.label.text("en") for s in drawn.series] == ["a", "b"]
    assert dict(drawn.ticks())[-3] == "−3"
    assert drawn.series[0].points[0].band is None and drawn.series[1].points[0].band is not None
    again = el.event_plot([made(), made()], labels=[Label("甲", "x"), Label("乙", "y")])
    assert again.series[1].label.text("zh") == "乙"


@pytest.mark.parametrize("kind", figures.KINDS)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_files_are_the_same_every_time(kind: figures.Kind, lang: str) -> None:
    drawn = el.event_plot([made(), made((-2,))], "t")
    assert figures.draw(drawn, kind, lang) == figures.draw(drawn, kind, lang)


def test_undefined_errors_are_drawn_as_points() -> None:
    one = made()
    blank = el.did.DynamicEffects(
        one.estimator, one.label, "y", one.events, one.estimates, one.vcov * math.nan, (-1,), one.sample, 30, 10, 30,
        "none", "none", None,
    )  # fmt: skip
    point = el.event_plot(blank).series[0].points[0]
    assert point.low == point.high == point.estimate
    assert figures.draw(el.event_plot(blank), "svg", "en")


def test_what_is_no_effect_is_refused() -> None:
    with pytest.raises(UsageError, match="empty"):
        el.event_plot([])
    with pytest.raises(UsageError, match="not int"):
        el.event_plot([3])
    with pytest.raises(UsageError, match="2 series with 1 labels"):
        el.event_plot([made(), made()], labels=[Label("a", "a")])


def test_table_with_base_periods_and_the_joint_test() -> None:
    table, models = effects.table([made(), made((-2,))], TableSpec("t1", Label("表", "Table"), digits=2))
    text = markdown.render(table, "en")
    assert "| k ≤ −3 | -0.30 | -0.30 |" in text
    rows = {r.label.text("en"): r for r in table.rows}
    assert [c.value for c in rows["k = −1"].cells] == [0.0, pytest.approx(-0.1)]
    below = table.rows[table.rows.index(rows["k = −1"]) + 1]
    assert below.cells[0].label.text("zh") == "（基期）" and below.cells[1].value == pytest.approx(0.2)
    assert rows["Joint test of pre-periods"].cells[0].value == pytest.approx(made().pretrend.statistic)
    assert [c.term for c in models[0].coefficients] == [f"event_time::{e}" for e in (-3, -2, 0, 1, 2)]
