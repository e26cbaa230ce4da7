from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from econloom.core.labels import Label
from econloom.core.table import Cell, Row, Table
from econloom.report import format as fmt

FLOATS = st.floats(-1e300, 1e300)


def parsed(text: str) -> float:
    return float(text.replace("−", "-"))


@given(FLOATS, st.integers(0, 8))
def test_a_printed_number_is_within_half_a_unit_of_its_value(value: float, digits: int) -> None:
    text = fmt.number(value, digits)
    unit = 10.0**-digits
    if "e" in text:
        unit = 10.0 ** (int(text.replace("−", "-").split("e")[1]) - fmt.MANTISSA)
    assert abs(parsed(text) - value) <= 0.5 * unit * (1 + 1e-9) + 1e-12 * abs(value)


@given(FLOATS, st.integers(0, 8), st.booleans())
def test_glyphs_differ_in_the_minus_sign_only_and_zero_has_none(value: float, digits: int, fixed: bool) -> None:
    typeset = fmt.number(value, digits, fixed=fixed)
    plain = fmt.number(value, digits, fmt.PLAIN, fixed=fixed)
    assert typeset.replace("−", "-") == plain
    assert "-" not in typeset
    assert not (float(plain) == 0 and plain.startswith("-"))


@given(st.floats(-9e6, 9e6), st.integers(0, 6))
def test_numbers_of_usual_size_have_exactly_their_decimals(value: float, digits: int) -> None:
    text = fmt.number(value, digits, fixed=True)
    assert len(text.partition(".")[2]) == digits


@given(st.integers(-(10**15), 10**15))
def test_counts_keep_every_digit(value: int) -> None:
    assert int(fmt.count(value, fmt.PLAIN).replace(",", "")) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (-3.59527, "−3.5953"),
        (-0.00001, "−1.000e−5"),
        (-0.0, "0.0000"),
        (0.99999, "1.0000"),
        (1234.5, "1234.5000"),
        (1.5e9, "1.500e9"),
        (-math.inf, "−∞"),
        (math.nan, ""),
        (None, ""),
    ],
)
def test_numbers(value: float | None, expected: str) -> None:
    assert fmt.number(value) == expected


def test_a_missing_estimate_has_neither_stars_nor_brackets() -> None:
    assert fmt.text(Cell("estimate", None, stars=3), "en") == ""
    assert fmt.text(Cell("paren", math.nan), "en") == ""


def test_cells_in_both_languages() -> None:
    cells = [Cell("mark", yes=True), Cell("mark"), Cell("count", 12345), Cell("empty"), Cell.text(Label("甲", "A"))]
    assert [fmt.text(c, "zh") for c in cells] == ["是", "否", "12,345", "", "甲"]
    assert [fmt.text(c, "en") for c in cells] == ["Yes", "No", "12,345", "", "A"]


@given(st.text())
def test_clean_text_is_one_line_of_legal_xml(words: str) -> None:
    from xml.etree import ElementTree
    from xml.sax.saxutils import escape

    cleaned = fmt.clean(words)
    assert len(cleaned.splitlines()) <= 1
    ElementTree.fromstring(f"<a>{escape(cleaned)}</a>".encode())


@pytest.mark.parametrize(
    ("name", "title", "zh"),
    [
        ("t3", "结果", "表3\u3000结果"),
        ("t3a", "结果", "表3a\u3000结果"),
        ("t3", "", "表3"),
        ("t3", "表3 结果", "表3 结果"),
        ("iv", "结果", "结果"),
        ("trade", "", ""),
    ],
)
def test_captions_are_numbered_by_the_id(name: str, title: str, zh: str) -> None:
    table = Table(name, Label.same(title), ((Cell(),),), (Row(Label(), (Cell(),)),))
    assert fmt.caption(table, "zh") == zh
