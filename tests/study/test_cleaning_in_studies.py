"""Cleaning in study files: what a study says is done, checked and recorded."""

import pytest

import econloom as el
from econloom.core.errors import EconloomError
from tests.study import small


def run(tmp_path, **changes):
    text = small.TEXT
    for old, new in changes.get("swap", {}).items():
        assert old in text
        text = text.replace(old, new)
    return el.study(small.write(tmp_path, text, pinned=False)).run()


def test_an_impossible_share_stops_the_run_with_its_rows(tmp_path):
    with pytest.raises(EconloomError) as caught:
        run(tmp_path, swap={"growth: diff(lnGDP)": "growth: {formula: diff(lnGDP), unit: share}"})
    assert caught.value.exit_code == 3
    assert "range of growth: 'growth' must lie between 0 and 1" in str(caught.value)
    assert "study.yaml" in str(caught.value) and "BEI 200" in str(caught.value)


def test_a_range_that_holds(tmp_path):
    done = run(tmp_path, swap={"growth: diff(lnGDP)": "growth: {formula: diff(lnGDP), range: [-10, inf]}"})
    assert done.tables


@pytest.mark.parametrize(
    ("range_", "words"), [("[-inf, inf]", "from -inf to inf"), ("[2, 1]", "not from 2 to 1"), ("[1]", "range")]
)
def test_ranges_that_make_no_sense(tmp_path, range_, words):
    with pytest.raises(EconloomError) as caught:
        run(tmp_path, swap={"growth: diff(lnGDP)": f"growth: {{formula: diff(lnGDP), range: {range_}}}"})
    assert words in str(caught.value)


def test_steps_of_formulas_stand_in_the_log(tmp_path):
    done = run(
        tmp_path,
        swap={"growth: diff(lnGDP)": "growth: winsorise(diff(lnGDP), 0.1, 0.9, by=year, rule='pctile')"},
    )
    assert any("winsorised at 0.1 and 0.9 by year (pctile rule)" in e.message for e in done.panel.events)


def test_a_join_says_its_kind(tmp_path):
    done = run(tmp_path, swap={"more: {rq: quality}": "more: {on: [code, year], columns: {rq: quality}, kind: 1:1}"})
    assert done.tables


@pytest.mark.parametrize(
    ("join", "words"),
    [
        ("more: {columns: {rq: quality}, kind: 1:m}", "start from the finer side"),
        ("more: {columns: {rq: quality}, kind: mm}", "1:1 or m:1, not 'mm'"),
        ("more: {on: code, columns: {rq: quality}}", "duplicate keys"),
        ("more: {on: year, columns: {rq: quality}, kind: 1:1}", "duplicate keys"),
    ],
)
def test_joins_that_would_multiply_rows(tmp_path, join, words):
    with pytest.raises(EconloomError) as caught:
        run(tmp_path, swap={"more: {rq: quality}": join})
    assert words in str(caught.value) and "study.yaml" in str(caught.value)
