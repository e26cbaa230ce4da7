"""From a finer panel to a coarser one."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econloom.core.errors import DataError
from econloom.core.frame import Panel
from econloom.data.aggregate import aggregate
from econloom.data.joins import left_join

FIRMS = pl.DataFrame(
    {
        "firm": ["a", "a", "b", "b", "c"],
        "year": [1, 2, 1, 2, 1],
        "city": ["X", "X", "X", None, "Y"],
        "sales": [1.0, 2.0, 3.0, 4.0, None],
    }
)


def test_statistics_are_taken_within_the_group_and_rows_without_a_key_are_counted() -> None:
    panel = Panel.build(FIRMS, "firm", "year")
    made = aggregate(
        panel, ["city", "year"], {"total": "sum(sales)", "n": "count()", "ratio": "max(sales) / mean(sales)"}
    )
    assert made.unit == "city" and made.time == "year"
    assert made.frame.rows() == [("X", 1, 4.0, 2.0, 1.5), ("X", 2, 2.0, 1.0, 1.0), ("Y", 1, None, 1.0, None)]
    assert "1 rows lack a key" in made.events[-1].message


def test_a_formula_with_several_values_in_a_group_is_refused_with_the_group() -> None:
    with pytest.raises(DataError, match=r"x = sales has several values within X 1"):
        aggregate(Panel.build(FIRMS, "firm", "year"), ["city", "year"], {"x": "sales"})


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 3), st.floats(-1e6, 1e6)), min_size=1, max_size=30))
def test_means_agree_with_a_slow_loop(rows: list[tuple[str, int, float]]) -> None:
    frame = pl.DataFrame(rows, schema=["g", "t", "x"], orient="row")
    made = aggregate(Panel(frame), ["g", "t"], {"m": "mean(x)"})
    slow: dict[tuple[str, int], list[float]] = {}
    for g, t, x in rows:
        slow.setdefault((g, t), []).append(x)
    assert {(g, t): m for g, t, m in made.frame.rows()} == pytest.approx({k: sum(v) / len(v) for k, v in slow.items()})


def test_joins_by_the_time_or_the_unit_alone() -> None:
    panel = Panel.build(FIRMS, "firm", "year")
    yearly = Panel(pl.DataFrame({"year": [1, 2], "rate": [0.1, 0.2]}))
    cities = Panel(pl.DataFrame({"city": ["X", "Z"], "area": [10.0, 20.0]}))
    joined = left_join(panel, yearly, "rates", {"rate": "rate"}, ["year"])
    joined = left_join(joined, cities, "cities", {"area": "area"}, ["city"])
    assert joined.frame["rate"].to_list() == [0.1, 0.2, 0.1, 0.2, 0.1]
    assert joined.frame["area"].to_list() == [10.0, 10.0, 10.0, None, None]
    assert "units not in the source: Y" in joined.events[-1].message


def test_a_key_that_comes_twice_on_the_other_side_is_refused() -> None:
    twice = Panel(pl.DataFrame({"city": ["X", "X"], "area": [1.0, 2.0]}))
    with pytest.raises(DataError, match=r"cities: 1 duplicate keys \(city\): X \(2 rows\)"):
        left_join(Panel.build(FIRMS, "firm", "year"), twice, "cities", {"area": "area"}, ["city"])
