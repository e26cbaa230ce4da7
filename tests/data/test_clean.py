import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econloom.core.errors import DataError, UsageError
from econloom.core.frame import Panel
from econloom.data.clean import rows
from econloom.data.columns import filling, timing

CELLS = st.one_of(st.none(), st.floats(-1e6, 1e6))


@st.composite
def panels(draw):
    """An unbalanced panel in random row order, with holes."""
    keys = draw(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 9)), min_size=1, max_size=20, unique=True))
    values = draw(st.lists(CELLS, min_size=len(keys), max_size=len(keys)))
    names = draw(st.sampled_from([("c", "t"), ("v", "new"), ("__x", "values")]))
    frame = pl.DataFrame(
        {names[0]: [k[0] for k in keys], names[1]: [k[1] for k in keys], "x": pl.Series(values, dtype=pl.Float64)}
    )
    return Panel.build(frame, *names)


def cells(panel):
    unit, time = panel.keys
    return {(u, t): x for u, t, x in panel.frame.select(unit, time, "x").iter_rows()}


def known(panel, unit):
    return sorted((t, x) for (u, t), x in cells(panel).items() if u == unit and x is not None)


@settings(deadline=None, max_examples=30)
@given(panels(), st.none() | st.integers(1, 4))
def test_carry_forward_by_hand(panel, limit):
    done = filling.carry_forward(panel, panel.frame["x"], limit)
    for ((unit, time), x), new, flag in zip(cells(panel).items(), done.values, done.filled, strict=True):
        before = [(t, v) for t, v in known(panel, unit) if t < time]
        near = before and (limit is None or time - before[-1][0] <= limit)
        assert new == (x if x is not None else before[-1][1] if near else None)
        assert flag == (x is None and new is not None)


@settings(deadline=None, max_examples=30)
@given(panels())
def test_interpolation_is_interior_linear_and_flagged(panel):
    done = filling.interpolate(panel, panel.frame["x"])
    for ((unit, time), x), new, flag in zip(cells(panel).items(), done.values, done.filled, strict=True):
        before = [p for p in known(panel, unit) if p[0] < time]
        after = [p for p in known(panel, unit) if p[0] > time]
        assert flag == (x is None and new is not None)
        if x is not None:
            assert new == x
        elif not before or not after:
            assert new is None
        else:
            (a, low), (b, high) = before[-1], after[0]
            assert new == pytest.approx(low + (high - low) * (time - a) / (b - a), abs=1e-6)
            assert min(low, high) - 1e-6 <= new <= max(low, high) + 1e-6


@settings(deadline=None, max_examples=30)
@given(panels(), st.integers(-3, 3))
def test_lags_know_time(panel, periods):
    moved = timing.lag(panel, panel.frame["x"], periods)
    there = cells(panel)
    assert moved.to_list() == [there.get((u, t - periods)) for u, t in there]


@settings(deadline=None, max_examples=30)
@given(panels())
def test_nothing_else_is_touched(panel):
    before = panel.frame.clone()
    for made in (filling.carry_forward(panel, before["x"]).values, filling.interpolate(panel, before["x"]).values):
        assert made.len() == before.height
        assert made.name == "x"
        assert panel.with_column("x", made).frame.drop("x").equals(before.drop("x"))
    assert panel.frame.equals(before)


def panel():
    return Panel.build(pl.DataFrame({"c": ["A", "A", "B"], "t": [1, 2, 1], "x": [1, None, 3]}), "c", "t")


def test_drops_say_what_and_why():
    dropped = rows.drop_rows(panel(), pl.Series([False, None, True]), "no index")
    assert dropped.frame["c"].to_list() == ["A", "A"]
    event = dropped.events[-1]
    assert (event.rows_before, event.rows_after, event.detail["units"]) == (3, 2, ["B"])
    assert "no index" in event.message


@pytest.mark.parametrize(("gone", "words"), [([False, None, False], "drops no row"), ([True] * 3, "drops all 3 rows")])
def test_a_drop_must_drop_something_and_leave_something(gone, words):
    with pytest.raises(DataError, match=words):
        rows.drop_rows(panel(), pl.Series(gone), "why")


def test_time_is_needed():
    bare = Panel.build(panel().frame)
    for act in (filling.carry_forward, filling.interpolate, timing.lag):
        with pytest.raises(UsageError, match="need the unit and the time"):
            act(bare, bare.frame["x"])
    same = Panel(bare.frame, "t", "t")
    with pytest.raises(UsageError, match="the same column"):
        timing.lag(same, same.frame["x"])
    with pytest.raises(UsageError, match="at least 1"):
        filling.carry_forward(panel(), panel().frame["x"], 0)
