"""Steps of ``el.clean``: keys, row order and input are left alone, every step leaves its line in the log."""

import math
import statistics

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import econloom as el
from econloom.core.errors import DataError, EconloomError, ExpressionError, UsageError
from econloom.core.frame import Panel
from econloom.data.expressions import compute, evaluate
from tests.data.test_clean import cells, known, panels

STEPS = {
    "interpolate": lambda p: el.clean.interpolate(p, "x"),
    "fill": lambda p: el.clean.fill(p, "x", 7),
    "carry_forward": lambda p: el.clean.carry_forward(p, "x", limit=2),
    "winsorise": lambda p: el.clean.winsorise(p, "x", 0.1, 0.9),
    "winsorise by time": lambda p: el.clean.winsorise(p, "x", 0.1, 0.9, by=p.time, rule="linear"),
    "trim": lambda p: el.clean.trim(p, "x", 0.1, 0.9),
    "lag": lambda p: el.clean.lag(p, "x", [1, 2]),
    "lead": lambda p: el.clean.lead(p, "x"),
    "difference": lambda p: el.clean.difference(p, "x"),
    "group_mean": lambda p: el.clean.group_mean(p, "x", p.unit),
    "group_sum": lambda p: el.clean.group_sum(p, "x", p.time),
    "leave_one_out": lambda p: el.clean.leave_one_out(p, "x", p.time),
    "log": lambda p: el.clean.log(p, "x", plus=2e6),
    "convert": lambda p: el.clean.convert(p, "x", "万元", "亿元"),
    "minmax": lambda p: el.clean.minmax(p, "x"),
    "zscore": lambda p: el.clean.zscore(p, "x"),
    "deflate": lambda p: el.clean.deflate(p, "x", "x", base=5),
    "fill up": lambda p: el.clean.rebalance(p, "fill"),
    "balance": lambda p: el.clean.rebalance(p),
}


@pytest.mark.parametrize("name", STEPS)
@settings(deadline=None, max_examples=30)
@given(panels())
def test_keys_row_order_and_input_are_left_alone(name, panel):
    before, keys = panel.frame.clone(), panel.frame.select(panel.keys)
    try:
        made = STEPS[name](panel)
    except EconloomError as error:
        assert str(error)
        return
    finally:
        assert panel.frame.equals(before)
    assert len(made.events) > len(panel.events) and made.events[-1].message
    if name == "balance":
        assert made.frame.equals(
            before.join(made.frame.select(made.keys), on=made.keys, how="semi", maintain_order="left")
        )
    else:
        assert made.frame.select(made.keys).head(panel.height).equals(keys)
    assert made.keys == panel.keys


@settings(deadline=None, max_examples=30)
@given(panels(), st.sampled_from(["linear", "log"]), st.none() | st.integers(1, 3))
def test_interpolation_never_extrapolates(panel, method, limit):
    positive = panel.with_column("x", panel.frame["x"].abs() + 1)
    made = el.clean.interpolate(positive, "x", method=method, limit=limit)
    there = cells(positive)
    for (key, new), flag in zip(cells(made).items(), made.frame["x_filled"], strict=True):
        old, (unit, time) = there[key], key
        before = [p for p in known(positive, unit) if p[0] < time]
        after = [p for p in known(positive, unit) if p[0] > time]
        assert flag == (old is None and new is not None)
        if old is not None:
            assert new == old
            continue
        if not before or not after or (limit is not None and after[0][0] - before[-1][0] - 1 > limit):
            assert new is None
            continue
        (a, low), (b, high) = before[-1], after[0]
        share = (time - a) / (b - a)
        wanted = (
            low + (high - low) * share
            if method == "linear"
            else math.exp(math.log(low) + (math.log(high) - math.log(low)) * share)
        )
        assert new == pytest.approx(wanted, rel=1e-9)


def test_constant_growth_needs_positive_values():
    panel = Panel.build(pl.DataFrame({"c": ["A"] * 3, "t": [1, 2, 3], "x": [0.0, None, 4.0]}), "c", "t")
    with pytest.raises(DataError, match="gaps beside values that are not positive: A 2"):
        el.clean.interpolate(panel, "x", method="log")
    with pytest.raises(UsageError, match="did you mean 'linear'"):
        el.clean.interpolate(panel, "x", method="linaer")


@settings(deadline=None, max_examples=30)
@given(panels())
def test_lags_across_gaps_are_missing(panel):
    made = el.clean.lag(panel, "x", [1, 2]).frame
    there = cells(panel)
    for k in (1, 2):
        assert made[f"x_lag{k}"].to_list() == [there.get((u, t - k)) for u, t in there]


@settings(deadline=None, max_examples=30)
@given(panels())
def test_means_of_the_others_by_hand(panel):
    made = el.clean.leave_one_out(panel, "x", panel.time).frame["x_others"].to_list()
    there = cells(panel)
    for (unit, time), mean in zip(there, made, strict=True):
        others = [x for (u, t), x in there.items() if t == time and u != unit and x is not None]
        assert mean == (pytest.approx(statistics.fmean(others), rel=1e-9, abs=1e-6) if others else None)


def test_scales_by_hand():
    panel = Panel(pl.DataFrame({"g": ["a", "a", "b", "b", "b"], "x": [1.0, 3.0, 10.0, 20.0, None]}))
    assert el.clean.minmax(panel, "x", by="g").frame["x_minmax"].to_list() == [0.0, 1.0, 0.0, 1.0, None]
    z = el.clean.zscore(panel, "x").frame["x_z"].to_list()
    mean, sd = statistics.fmean([1, 3, 10, 20]), statistics.stdev([1, 3, 10, 20])
    assert z[:4] == pytest.approx([(v - mean) / sd for v in (1, 3, 10, 20)]) and z[4] is None
    assert evaluate(panel, "minmax(x, by=g)").to_list() == [0.0, 1.0, 0.0, 1.0, None]
    assert evaluate(panel, "zscore(x)").to_list() == z
    assert evaluate(panel, "leave_one_out(x, by=g)").to_list() == [3.0, 1.0, 20.0, 10.0, 15.0]
    still = Panel(pl.DataFrame({"x": [2.0, 2.0]}))
    for act in (el.clean.minmax, el.clean.zscore):
        with pytest.raises(DataError, match="'x' does not vary: row 1, row 2"):
            act(still, "x")


def test_a_sum_of_nothing_is_missing():
    panel = Panel(pl.DataFrame({"g": ["a", "b"], "x": [1.0, None]}))
    assert el.clean.group_sum(panel, "x", "g").frame["x_sum"].to_list() == [1.0, None]


def test_filters_say_why():
    panel = el.clean.panel(pl.DataFrame({"c": ["A", "B", "B"], "t": [1, 1, 2], "x": [1.0, 2.0, None]}), "c", "t")
    kept = el.clean.keep(panel, "x > 0", "without x nothing can be said")
    assert kept.frame["c"].to_list() == ["A", "B"]
    assert el.clean.history(kept).select("kind", "what", "rows_before", "rows_after").rows() == [
        ("drop", "dropped 1 rows: without x nothing can be said", 3, 2)
    ]
    with pytest.raises(DataError, match="drops no row"):
        el.clean.drop(panel, "x > 100", "too large")
    with pytest.raises(UsageError, match="needs its reason"):
        el.clean.drop(panel, "x > 1", " ")
    with pytest.raises(ExpressionError, match="no column or sample 'y'"):
        el.clean.drop(panel, "y > 1", "why")


def test_balancing():
    panel = el.clean.panel(pl.DataFrame({"c": ["A", "A", "B"], "t": [1, 3, 3], "x": [1.0, 2.0, 3.0]}), "c", "t")
    with pytest.raises(DataError, match="no unit has all 3 periods from 1 to 3"):
        el.clean.rebalance(panel)
    assert el.clean.rebalance(panel, "drop", (3, 3)).frame["c"].to_list() == ["A", "B"]
    full = el.clean.rebalance(panel, "fill")
    assert full.height == 6 and full.frame["x"].null_count() == 3
    assert full.events[-1].detail == {"added": 3}
    with pytest.raises(UsageError, match="the span ends"):
        el.clean.rebalance(panel, "fill", (3, 1))


def test_an_impossible_share_is_named():
    panel = el.clean.panel(pl.DataFrame({"c": ["A", "B"], "t": [1, 1], "s": [0.2, 1.3], "p": [20.0, 40.0]}), "c", "t")
    with pytest.raises(DataError, match=r"'s' must lie between 0 and 1: 1 value does not: B 1 \(1.3\)"):
        el.clean.require_range(panel, "s")
    with pytest.raises(DataError, match="these look like per cent"):
        el.clean.require_range(panel, "p")
    assert el.clean.require_range(panel, "p", 0, 100) is panel


def test_columns_that_cannot_be_worked_on():
    panel = el.clean.panel(pl.DataFrame({"c": ["A"], "t": [1], "x": [1.0], "x_log": [0.0], "w": ["a"]}), "c", "t")
    with pytest.raises(DataError, match="already has a column 'x_log'"):
        el.clean.log(panel, "x")
    with pytest.raises(UsageError, match="'t' is a key of the panel"):
        el.clean.winsorise(panel, ["x", "t"])
    with pytest.raises(DataError, match="no column 'xx', did you mean 'x'"):
        el.clean.lag(panel, "xx")
    with pytest.raises(UsageError, match="names no column"):
        el.clean.lag(panel, [])
    with pytest.raises(DataError, match="holds String, not numbers"):
        el.clean.interpolate(panel, "w")


def test_flags_add_up_over_steps():
    panel = el.clean.panel(pl.DataFrame({"c": ["A"] * 4, "t": [1, 2, 3, 4], "x": [1.0, None, 3.0, None]}), "c", "t")
    made = el.clean.carry_forward(el.clean.interpolate(panel, "x"), "x")
    assert made.frame["x"].to_list() == [1.0, 2.0, 3.0, 3.0]
    assert made.frame["x_filled"].to_list() == [False, True, False, True]
    assert el.clean.history(made)["cells"].to_list() == [1, 1]


def test_methods_in_formulas():
    panel = el.clean.panel(pl.DataFrame({"c": ["A"] * 3, "t": [1, 2, 3], "x": [1.0, None, 4.0]}), "c", "t")
    assert compute(panel, "interpolate(x, method='log')").values.to_list() == [1.0, 2.0, 4.0]
    assert compute(panel, "interpolate(x, limit=1)").values.to_list() == [1.0, 2.5, 4.0]
    with pytest.raises(ExpressionError, match="method is 'linear' or 'log', did you mean 'linear'"):
        compute(panel, "interpolate(x, method='linea')")
    with pytest.raises(ExpressionError, match="'method' is a quoted text"):
        compute(panel, "interpolate(x, method=linear)")
