"""Winsorising and trimming: percentile rules against R, numpy and scipy; idempotence; groups."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mstats

import econloom as el
from econloom.core.errors import DataError, ExpressionError, UsageError
from econloom.core.frame import Panel
from econloom.data.columns.tails import RULES, Tails, bounds, trim, winsorise
from econloom.data.expressions import compute

X = [3.1, -2.4, 7.7, 0.5, 12.9, 5.5, 5.5, -8.2, 1.1, 2.6, 40.3, 9.4]
# R 4.2.2: quantile(x[1:n], c(.1, .25, .9), type = 2 | 6 | 7). Exact order statistics and their means: 1e-12.
R_QUANTILES = {
    ("pctile", 12): (-2.4, 0.8, 12.9),
    ("centile", 12): (-6.46, 0.65, 32.08),
    ("linear", 12): (-2.11, 0.95, 12.55),
    ("pctile", 10): (-5.3, 0.5, 10.3),
    ("centile", 10): (-7.62, -0.225, 12.38),
    ("linear", 10): (-2.98, 0.65, 8.22),
    ("pctile", 5): (-2.4, 0.5, 12.9),
    ("centile", 5): (-2.4, -0.95, 12.9),
    ("linear", 5): (-1.24, 0.5, 10.82),
}
NUMPY = {"pctile": "averaged_inverted_cdf", "centile": "weibull", "linear": "linear"}
CELLS = st.lists(st.none() | st.integers(-50, 50).map(float), min_size=1, max_size=60)
TAILS = st.sampled_from([(0.01, 0.99), (0.05, 0.9), (0.25, 0.75), (0.0, 0.8), (0.1, 1.0), (0.125, 0.875)])


def column(values):
    frame = pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)})
    return Panel(frame), frame["x"]


@pytest.mark.parametrize(("rule", "n"), R_QUANTILES)
def test_percentiles_of_r(rule, n):
    panel, x = column(X[:n])
    low, high = (s[0] for s in bounds(panel, x, Tails(0.1, 0.9, rule=rule)))
    lower, _ = bounds(panel, x, Tails(0.25, 0.9, rule=rule))
    assert (low, lower[0], high) == pytest.approx(R_QUANTILES[rule, n], abs=1e-12)


@settings(deadline=None, max_examples=30)
@given(CELLS, TAILS, st.sampled_from(sorted(NUMPY)))
def test_percentiles_of_numpy(values, ends, rule):
    present = [v for v in values if v is not None]
    panel, x = column(values)
    low, high = (s[0] for s in bounds(panel, x, Tails(*ends, rule=rule)))
    if not present:
        assert low is None and high is None
        return
    wanted = [np.quantile(present, p, method=NUMPY[rule]) for p in ends]
    assert [low, high] == pytest.approx(wanted, abs=1e-9)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.sampled_from([0.0625, 0.125, 0.25]))
def test_the_rule_of_winsor_is_that_of_scipy(values, p):
    panel, x = column(values)
    assert winsorise(panel, x, Tails(p, 1 - p)).values.to_list() == list(mstats.winsorize(np.array(values), (p, p)))


@settings(deadline=None, max_examples=30)
@given(CELLS, TAILS)
def test_winsorising_is_idempotent(values, ends):
    panel, x = column(values)
    once = winsorise(panel, x, Tails(*ends)).values
    again = winsorise(panel.with_column("x", once), once, Tails(*ends))
    assert again.values.equals(once) and again.events[0].cells == 0


@settings(deadline=None, max_examples=30)
@given(CELLS, TAILS, st.sampled_from(RULES))
def test_nothing_but_the_tails_is_touched(values, ends, rule):
    panel, x = column(values)
    cut = Tails(*ends, rule=rule)
    low, high = (s[0] for s in bounds(panel, x, cut))
    clipped, cleared = winsorise(panel, x, cut), trim(panel, x, cut)
    for old, new, gone in zip(x, clipped.values, cleared.values, strict=True):
        if old is None:
            assert new is None and gone is None
        else:
            assert new == min(max(old, low), high)
            assert gone == (old if low <= old <= high else None)
    assert clipped.events[0].cells == cleared.events[0].cells


def test_percentiles_within_groups_are_those_of_each_group():
    rng = np.random.default_rng(3)
    frame = pl.DataFrame({"c": range(200), "t": [1, 2] * 100, "x": rng.normal(size=200)})
    panel = Panel.build(frame, "c", "t")
    whole = el.clean.winsorise(panel, "x", 0.05, 0.95, by="t").frame
    for year in (1, 2):
        part = Panel(frame.filter(pl.col("t") == year))
        alone = el.clean.winsorise(part, "x", 0.05, 0.95).frame["x"]
        assert whole.filter(pl.col("t") == year)["x"].to_list() == alone.to_list()


def test_a_group_without_values_stays_missing():
    panel = Panel(pl.DataFrame({"g": ["a", "a", None, "b"], "x": [1.0, 5.0, 3.0, None]}))
    assert winsorise(panel, panel.frame["x"], Tails(0.1, 0.9, ("g",))).values.to_list() == [1.0, 5.0, 3.0, None]


def test_in_formulas():
    panel = Panel.build(pl.DataFrame({"c": list("ABCDE"), "t": [1] * 5, "x": [1.0, 2.0, 3.0, 4.0, 100.0]}), "c", "t")
    done = compute(panel, "winsorise(x, 0.2, 0.8)")
    assert done.values.to_list() == [2.0, 2.0, 3.0, 4.0, 4.0]
    assert done.events[0].message == "x: 2 cells winsorised at 0.2 and 0.8 (winsor rule)"
    assert compute(panel, "trim(x, 0, 0.8, by=t, rule='linear')").values.to_list() == [1.0, 2.0, 3.0, 4.0, None]
    with pytest.raises(ExpressionError, match="did you mean 'pctile'"):
        compute(panel, "trim(x, 0.1, 0.9, rule='pctil')")


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((1, 99), "write 0.99 for the 99th percentile"),
        ((0.9, 0.1), "is not below the upper"),
        ((-0.1, 0.9), "a share from 0 to 1"),
        ((0, 1), "cut nothing"),
    ],
)
def test_percentiles_that_make_no_sense(ends, words):
    panel, _ = column([1.0])
    with pytest.raises(UsageError, match=words):
        el.clean.winsorise(panel, "x", *ends)


def test_texts_are_named_with_their_rows():
    panel = Panel(pl.DataFrame({"x": ["1", "缺失", "3"]}))
    with pytest.raises(DataError, match=r"1 cells are no numbers \(row 2: '缺失'\)"):
        el.clean.winsorise(panel, "x")
