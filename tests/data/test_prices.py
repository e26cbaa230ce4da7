"""Price levels, deflators and deflated columns by hand; every way in which a base can be wrong."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import econloom as el
from econloom.core.errors import DataError, UsageError
from econloom.core.frame import Panel
from econloom.data.columns.prices import FORMS, price_level
from econloom.data.expressions import compute


def prices(index, years=None, units=("A",)):
    years = years or range(2005, 2005 + len(index))
    frame = pl.DataFrame({"c": units * len(index), "t": list(years), "p": index, "y": [100.0] * len(index)})
    return Panel.build(frame, "c", "t")


def level(panel, base, form="previous=100"):
    return price_level(panel, panel.frame["p"], base, form).values.to_list()


def test_a_chain_whose_base_lies_before_the_panel():
    panel = prices([110.0, 90.0, 120.0])
    assert level(panel, 2004) == pytest.approx([1.1, 0.99, 1.188])
    assert level(panel, 2006) == pytest.approx([1 / 0.9, 1.0, 1.2])
    assert level(prices([1.1, 0.9, 1.2]), 2004, "previous=1") == pytest.approx([1.1, 0.99, 1.188])


def test_the_base_needs_no_link_of_its_own():
    assert level(prices([None, 110.0, 110.0]), 2005) == pytest.approx([1.0, 1.1, 1.21])


def test_a_gap_cuts_the_chain_and_is_said():
    panel = prices([110.0, None, 120.0, 110.0])
    done = price_level(panel, panel.frame["p"], 2004)
    assert done.values.to_list() == [pytest.approx(1.1), None, None, None]
    assert "2 rows have no unbroken price index to 2004: A" in done.events[0].message
    missing_year = prices([110.0, 110.0, 120.0], years=[2005, 2006, 2008])
    assert level(missing_year, 2004) == [pytest.approx(1.1), pytest.approx(1.21), None]
    assert level(missing_year, 2007) == [None, None, pytest.approx(1.2)]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(80, 130), min_size=2, max_size=9), st.data())
def test_the_base_only_rescales(links, data):
    panel = prices(links)
    first, second = (data.draw(st.integers(2004, 2004 + len(links))) for _ in "ab")
    a, b = level(panel, first), level(panel, second)
    ratio = a[0] / b[0]
    assert a == pytest.approx([ratio * v for v in b], rel=1e-12)
    for before, now, link in zip(a, a[1:], links[1:], strict=False):
        assert now / before == pytest.approx(link / 100, rel=1e-12)


def test_row_order_does_not_matter():
    panel = prices([110.0, 90.0, 120.0])
    turned = Panel.build(panel.frame.reverse(), "c", "t")
    assert level(turned, 2004) == level(panel, 2004)[::-1]


def test_levels_must_show_their_base():
    assert level(prices([100.0, 103.0]), 2005, "base=100") == pytest.approx([1.0, 1.03])
    with pytest.raises(DataError, match=r"not 1 in its base year 2005: A 1\.05"):
        level(prices([1.05, 1.1]), 2005, "base=1")
    with pytest.raises(DataError, match="no value in its base year 2000, so the base cannot be checked"):
        level(prices([100.0, 103.0]), 2000, "base=100")


@pytest.mark.parametrize(
    ("index", "form", "words"),
    [
        ([1.02, 1.03], "previous=100", "previous=1 where it is around 1"),
        ([102.0, 103.0], "previous=1", "its median is 102"),
        ([2.5, -1.0], "previous=100", "a growth rate in per cent is no index"),
        ([102.0, 3.0], "previous=100", r"A 2006 \(first: 3\)"),
        ([None, None], "previous=100", "has no value"),
    ],
)
def test_an_index_of_another_form(index, form, words):
    with pytest.raises(DataError, match=words):
        level(prices(pl.Series(index, dtype=pl.Float64)), 2004, form)


def test_a_base_that_nobody_reaches():
    with pytest.raises(DataError, match="no unit's price index reaches the base year 1990"):
        level(prices([102.0, 103.0]), 1990)
    with pytest.raises(UsageError, match="did you mean 'previous=100'"):
        level(prices([102.0]), 2004, "previous=10")


def test_deflating_leaves_the_nominal_column():
    panel = prices([110.0, 100.0])
    made = el.clean.deflate(panel, "y", "p", base=2004)
    assert made.frame["y_real"].to_list() == pytest.approx([100 / 1.1, 100 / 1.1])
    assert made.frame["y"].equals(panel.frame["y"])
    assert made.events[-1].message == "y: 2 cells at prices of 2004 (p, previous=100)"


def test_the_implicit_deflator_by_hand():
    frame = pl.DataFrame(
        {"c": ["A"] * 3, "t": [2004, 2005, 2006], "y": [100.0, 121.0, 150.0], "q": [9.9, 110.0, 105.0]}
    )
    with pytest.raises(DataError, match="below 10"):
        el.clean.deflator(Panel.build(frame, "c", "t"), "y", "q", 2004)
    panel = Panel.build(frame.with_columns(q=pl.Series([109.9, 110.0, 105.0])), "c", "t")
    wanted = [1.0, 1.21 / 1.1, 1.5 / 1.155]
    assert el.clean.deflator(panel, "y", "q", 2004).frame["deflator"].to_list() == pytest.approx(wanted)
    assert compute(panel, "deflator(y, q, base=2004)").values.to_list() == pytest.approx(wanted)
    with pytest.raises(DataError, match="no nominal value of 'y' in the base year 2003"):
        el.clean.deflator(panel, "y", "q", 2003)


def test_in_formulas():
    panel = prices([110.0, 90.0])
    assert compute(panel, "price_level(p, base=2004)").values.to_list() == pytest.approx([1.1, 0.99])
    assert compute(panel, "deflate(y, p, base=2004, index='previous=100')").values.to_list() == pytest.approx(
        [100 / 1.1, 100 / 0.99]
    )
    assert len(FORMS) == 4
