"""Gini, Theil, Atkinson, gaps: published numbers, hand-worked ones, slow references and what must hold for any data.

Published: the vector of class means of US incomes in 1968 of R's package ineq (help pages) with the numbers that ineq
prints for it: Gini 0.4620911, its small-sample form 0.5134346, Atkinson 0.1796591 (0.5) and 0.3518251 (1). Tolerance:
half a unit of the last printed digit.
"""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import econloom as el
from econloom.core.errors import DataError, EconloomError, UsageError
from econloom.measures import atkinson, gini, leave_one_out_gap, theil, theil_decomposition
from econloom.measures.groups import sorted_within

USA = [541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261]
PRINTED = 5.1e-8

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
INCOMES = st.lists(st.floats(0.01, 1e6), min_size=2, max_size=30)
WEIGHTED = st.lists(st.tuples(st.floats(0.01, 1e6), st.floats(0.1, 50)), min_size=2, max_size=30)


def pairwise(x, w=None) -> float:
    x = np.asarray(x, float)
    w = np.ones(len(x)) if w is None else np.asarray(w, float)
    gaps = sum(w[i] * w[j] * abs(x[i] - x[j]) for i in range(len(x)) for j in range(len(x)))
    return gaps / (2 * w.sum() * (w * x).sum())


def test_published_numbers_of_ineq() -> None:
    assert gini(USA) == pytest.approx(0.4620911, abs=PRINTED)
    assert gini(USA, small_sample=True) == pytest.approx(0.5134346, abs=PRINTED)
    assert atkinson(USA, epsilon=0.5) == pytest.approx(0.1796591, abs=PRINTED)
    assert atkinson(USA, epsilon=1) == pytest.approx(0.3518251, abs=PRINTED)


def test_worked_by_hand() -> None:
    assert gini([1, 2, 3, 4]) == 0.25  # pairs: 3·1 + 2·2 + 1·3 = 10; 2·10 / (2·16·2.5)
    assert gini([0, 0, 0, 1]) == 0.75  # (n - 1) / n
    assert theil([0, 0, 0, 1]) == pytest.approx(math.log(4))  # ln n: 0 ln 0 = 0
    assert theil([1, 3], index="L") == pytest.approx(math.log(2 / math.sqrt(3)))
    assert atkinson([1, 4], epsilon=1) == pytest.approx(1 - 2 / 2.5)  # geometric over arithmetic mean
    assert atkinson([1, 4], epsilon=2) == pytest.approx(1 - 1.6 / 2.5)  # harmonic over arithmetic mean
    assert atkinson([0, 4], epsilon=0.5) == pytest.approx(0.5)  # ((0 + √2) / 2)² = 1/2
    assert atkinson([1, 4], epsilon=0) == 0
    assert gini([1, 1], [1, 3]) == 0 and gini([0, 1], [1, 3]) == 0.25


def test_one_value_has_no_inequality_and_no_small_sample_form() -> None:
    assert gini([5.0]) == theil([5.0]) == theil([5.0], index="L") == atkinson([5.0], epsilon=2) == 0
    with pytest.raises(UsageError, match="one value"):
        gini([5.0], small_sample=True)
    assert gini([1, 2, 5], by=["a", "a", "b"], small_sample=True)["gini"].to_list() == [pytest.approx(1 / 3), None]


@FEW
@given(INCOMES)
def test_sorted_form_is_pairwise_form(x) -> None:
    assert gini(x) == pytest.approx(pairwise(x), rel=1e-10, abs=1e-13)


@FEW
@given(WEIGHTED)
def test_weighted_sorted_form_is_weighted_pairwise_form(rows) -> None:
    x, w = zip(*rows, strict=True)
    assert gini(x, w) == pytest.approx(pairwise(x, w), rel=1e-9, abs=1e-13)


MEASURES = {
    "gini": gini,
    "theil": theil,
    "theil_l": lambda x, w=None, **k: theil(x, w, index="L", **k),
    "atkinson_half": lambda x, w=None, **k: atkinson(x, w, epsilon=0.5, **k),
    "atkinson_1": lambda x, w=None, **k: atkinson(x, w, epsilon=1, **k),
    "atkinson_2": lambda x, w=None, **k: atkinson(x, w, epsilon=2, **k),
}
EACH = pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)


@EACH
@FEW
@given(x=INCOMES, scale=st.floats(1e-3, 1e6))
def test_scale_does_not_matter(measure, x, scale) -> None:
    assert measure([scale * v for v in x]) == pytest.approx(measure(x), rel=1e-9, abs=1e-12)


@EACH
@FEW
@given(x=INCOMES, seed=st.integers(0, 99))
def test_order_and_replication_do_not_matter(measure, x, seed) -> None:
    value = measure(x)
    assert measure(np.random.default_rng(seed).permutation(x)) == pytest.approx(value, rel=1e-9, abs=1e-12)
    assert measure(x * 3) == pytest.approx(value, rel=1e-9, abs=1e-12)
    assert measure(x, [3] * len(x)) == pytest.approx(value, rel=1e-9, abs=1e-12)


@EACH
@FEW
@given(x=st.lists(st.floats(1, 1e4), min_size=2, max_size=20), share=st.floats(0.05, 0.45))
def test_a_transfer_from_rich_to_poor_lowers_inequality(measure, x, share) -> None:
    low, high = int(np.argmin(x)), int(np.argmax(x))
    if x[high] - x[low] < 1e-3 * x[high]:
        return
    moved = list(x)
    gap = share * (x[high] - x[low])
    moved[low] += gap
    moved[high] -= gap
    assert measure(moved) < measure(x) + 1e-12


@EACH
@FEW
@given(rows=st.lists(st.tuples(st.floats(0.01, 1e4), st.integers(1, 5)), min_size=1, max_size=15))
def test_weights_are_repeated_rows(measure, rows) -> None:
    x, w = zip(*rows, strict=True)
    assert measure(x, w) == pytest.approx(measure(np.repeat(x, w)), rel=1e-9, abs=1e-12)


@EACH
@FEW
@given(rows=st.lists(st.tuples(st.floats(0.01, 1e4), st.floats(0.1, 9), st.integers(0, 4)), min_size=1, max_size=40))
def test_groups_are_computed_apart(measure, rows) -> None:
    x, w, g = (np.array(c) for c in zip(*rows, strict=True))
    for weights in (None, w):
        found = measure(x, weights, by=g)
        assert found["group"].to_list() == sorted(set(g.tolist()))
        for row in found.iter_rows(named=True):
            here = g == row["group"]
            alone = measure(x[here], None if weights is None else weights[here])
            assert row[found.columns[1]] == pytest.approx(alone, rel=1e-9, abs=1e-12) and row["n"] == here.sum()


@FEW
@given(st.lists(st.floats(0.01, 1e4), min_size=2, max_size=20), st.floats(-1e-6, 1e-6))
def test_atkinson_has_no_jump_at_one(x, step) -> None:
    assert atkinson(x, epsilon=1 + step) == pytest.approx(atkinson(x, epsilon=1), abs=1e-3)
    assert atkinson(x, epsilon=1 + 1e-12) == pytest.approx(atkinson(x, epsilon=1), rel=1e-9, abs=1e-11)


def test_atkinson_with_great_aversion_is_the_poorest() -> None:
    assert atkinson([1.0, 10.0, 100.0], epsilon=5000) == pytest.approx(1 - 1 / 37, rel=1e-3)
    assert 0 < atkinson([1e-200, 1.0], epsilon=50) <= 1


@FEW
@given(st.lists(st.tuples(st.floats(0.01, 1e4), st.floats(0.1, 9), st.integers(0, 3)), min_size=1, max_size=40))
def test_theil_within_and_between_add_up(rows) -> None:
    x, w, g = zip(*rows, strict=True)
    for index in ("T", "L"):
        done = theil_decomposition(x, g, w, index=index)
        assert done.total == pytest.approx(theil(x, w, index=index), rel=1e-9, abs=1e-12)
        assert done.within + done.between == pytest.approx(done.total, rel=1e-8, abs=1e-12)
        assert done.parts["contribution"].sum() == pytest.approx(done.within, rel=1e-9, abs=1e-13)
        assert done.parts["share"].sum() == pytest.approx(1)
        alone = [theil([v for v, k in zip(x, g, strict=True) if k == key]) for key in done.parts["group"]]
        assert done.parts["theil"].len() == len(alone)


def test_decomposition_by_hand_and_by_year() -> None:
    done = theil_decomposition([1, 3, 6, 6], ["a", "a", "b", "b"])
    mean, a = 4.0, theil([1, 3])
    between = 0.25 * math.log(2 / mean) + 0.75 * math.log(6 / mean)
    assert done.within == pytest.approx(0.25 * a) and done.between == pytest.approx(between)
    x, g, t = [1, 3, 6, 6, 5, 5, 0, 0], ["a", "a", "b", "b"] * 2, [1] * 4 + [2] * 4
    yearly = theil_decomposition(x, g, by={"year": t})
    assert yearly["within"].to_list() == pytest.approx([done.within, 0.0])  # in year 2, b has no income: no share
    assert yearly["between"].to_list() == pytest.approx([done.between, math.log(2)])
    with pytest.raises(DataError, match="Theil L: a value is zero"):
        theil_decomposition(x, g, index="L", by={"year": t})


def test_what_has_no_value_is_refused_with_its_groups() -> None:
    with pytest.raises(DataError, match="Theil L: a value is negative"):
        theil([1, -2], index="L")
    with pytest.raises(DataError, match="Theil L: a value is zero"):
        theil([1, 0], index="L")
    with pytest.raises(DataError, match=r"Theil T: a value is negative \(1 values\) in 1 groups: 北京 2001"):
        theil([1, 2, -3], by={"city": ["北京", "上海", "北京"], "year": [2000, 2000, 2001]})
    with pytest.raises(DataError, match=r"Atkinson with epsilon=1: a value is zero"):
        atkinson([0, 1], epsilon=1)
    for measure in (gini, theil, lambda x: atkinson(x, epsilon=0.5)):
        with pytest.raises(DataError, match="the mean is zero"):
            measure([0, 0, 0])
        with pytest.raises(DataError, match="no value"):
            measure([None, None])
        with pytest.raises(DataError, match="infinite"):
            measure([1, math.inf])
        with pytest.raises(UsageError, match="not numbers"):
            measure(["a", "b"])
    with pytest.raises(DataError, match="weights sum to zero"):
        gini([1, 2], [0, 0])
    with pytest.raises(DataError, match=r"weights sum to zero in 1 groups: b"):
        gini([1, 2, 3], [1, 1, 0], by=["a", "a", "b"])
    with pytest.raises(DataError, match="a weight is negative"):
        gini([1, 2], [1, -1])
    for epsilon in (-1, math.nan, "1", True):
        with pytest.raises(UsageError, match="epsilon"):
            atkinson([1, 2], epsilon=epsilon)
    with pytest.raises(UsageError, match="did you mean 'allow'"):
        gini([1, 2], negative="alow")
    with pytest.raises(UsageError, match="by= has 3 rows"):
        gini([1, 2], by=[1, 2, 3])


def test_negative_incomes_of_gini_by_choice() -> None:
    with pytest.raises(DataError, match="gini: a value is negative"):
        gini([-1, 2, 3])
    assert gini([-1, 2, 3], negative="allow") == pytest.approx(pairwise([-1, 2, 3]))
    with pytest.raises(DataError, match="the mean is negative"):
        gini([-5, 1, 1], negative="allow")
    with pytest.raises(DataError, match="the mean is zero"):
        gini([-1, 1], negative="allow")


def test_missing_values_and_keys_are_left_out() -> None:
    found = gini([1, None, 3, 5, math.nan], by=["a", "a", "a", None, "c"])
    assert found.rows() == [("a", 0.25, 2), ("c", None, 0)]
    assert gini(pl.Series([1, None, 3])) == gini([1, 3])
    assert gini([1, 3, 100], [1, 1, None]) == 0.25
    assert theil([0.0, 1, 2], [0, 1, 1], index="L") == theil([1, 2], index="L")  # a row without weight counts nowhere


def test_keys_of_every_kind() -> None:
    x = [1.0, 3.0, 2.0, 2.0]
    for key in (["b", "b", "a", "a"], [7, 7, -3, -3], [2.5, 2.5, 0.5, 0.5], [True, True, False, False]):
        assert gini(x, by=key)["gini"].to_list() == [0.0, 0.25]
        assert gini(x, by=pl.Series("省", key)).columns == ["省", "gini", "n"]
    wide = gini(x, by={"a": [10**15, 10**15, 1, 1], "b": ["x", "x", "x", None]})
    assert wide.rows() == [(1, "x", 0.0, 1), (10**15, "x", 0.25, 2)]
    with pytest.raises(UsageError, match="no key"):
        gini(x, by={})
    with pytest.raises(DataError, match="a key is called 'n'"):
        gini(x, by={"n": [1, 1, 2, 2]})


@FEW
@given(st.lists(st.tuples(st.floats(-9, 9), st.integers(0, 2)), min_size=1, max_size=30), st.booleans())
def test_both_ways_of_sorting_within_groups(rows, many) -> None:
    x, g = (np.array(c) for c in zip(*rows, strict=True))
    x, g = np.tile(x, 500 if many else 1), np.tile(g, 500 if many else 1)
    values, starts, w = sorted_within(x, g, 3, x.copy())
    for k in range(3):
        assert values[starts[k] : starts[k + 1]].tolist() == sorted(x[g == k].tolist())
    assert np.array_equal(values, w)
    assert np.array_equal(values, sorted_within(x, g, 3)[0])


def test_values_too_far_apart_are_reported() -> None:
    with pytest.raises(DataError, match="too far apart"):
        theil([1e290, 1e-100], index="L")


def test_extreme_scales_do_not_overflow() -> None:
    for scale in (1e300, 1e-300):
        x = np.array([1.0, 2.0, 3.0, 4.0]) * scale
        assert gini(x) == pytest.approx(0.25) and theil(x) == pytest.approx(theil([1, 2, 3, 4]))
        assert atkinson(x, epsilon=2) == pytest.approx(atkinson([1, 2, 3, 4], epsilon=2))
        assert gini(x, x) == pytest.approx(gini([1, 2, 3, 4], [1, 2, 3, 4]))


@FEW
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_leave_one_out_identity(x) -> None:
    slow = [x[i] - sum(x[:i] + x[i + 1 :]) / (len(x) - 1) for i in range(len(x))]
    found = leave_one_out_gap(x)
    assert found == pytest.approx(np.array(slow), rel=1e-9, abs=1e-6)
    assert found == pytest.approx(len(x) / (len(x) - 1) * (np.array(x) - np.mean(x)), rel=1e-9, abs=1e-6)
    assert abs(found.sum()) < 1e-6 * max(1, np.abs(x).sum())


def test_leave_one_out_by_year() -> None:
    found = leave_one_out_gap([1, 2, 6, None, 4], by=[1, 1, 1, 1, 2])
    assert found[:3].tolist() == [-3.0, -1.5, 4.5] and np.isnan(found[3:]).all()
    with pytest.warns(UserWarning, match=r"N/\(N-1\)"):
        leave_one_out_gap([1.0, 2.0], by_time=True)


def test_leave_one_out_gap_with_year_effects_is_the_outcome_rescaled() -> None:
    rng = np.random.default_rng(5)
    frame = pl.DataFrame({"t": np.repeat(np.arange(8), 25), "x": rng.normal(size=200)})
    frame = frame.with_columns(y=frame["x"] * 0.3 + rng.normal(size=200))
    frame = frame.with_columns(gap=pl.Series(leave_one_out_gap(frame["y"], by=frame["t"])))
    one, other = (el.ols(f"{v} ~ x | t", frame).tidy() for v in ("y", "gap"))
    for column in ("estimate", "std_error"):
        assert other[column][0] == pytest.approx(one[column][0] * 25 / 24, rel=1e-12)


@FEW
@given(st.lists(st.one_of(st.none(), st.floats()), max_size=8), st.lists(st.one_of(st.none(), st.floats()), max_size=8))
def test_any_input_gives_a_number_or_a_clear_error(x, w) -> None:
    for measure in MEASURES.values():
        for weights in (None, w):
            try:
                value = measure(x, weights)
            except EconloomError as error:
                assert str(error)
            else:
                assert math.isfinite(value) and value >= 0
