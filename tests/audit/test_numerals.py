from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from econloom.audit.numerals import Numeral, is_blank, read_numeral


def value(text: str, beside: float | None = None) -> str:
    read = read_numeral(text, beside)
    assert isinstance(read, Numeral), read
    return str(read.value)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("11.5545", "11.5545"), ("-0.0351", "-0.0351"), ("−0.0351", "-0.0351"), ("–.035", "-0.035"),
        ("－１.５", "-1.5"),        ("—0.2", "-0.2"), ("‐0.2", "-0.2"), ("‑0.2", "-0.2"), ("﹣0.2", "-0.2"),
        ("- 0.2", "-0.2"), ("+0.2", "0.2"),
        ("(3.5239)", "3.5239"), ("（３．５２）", "3.52"), ("[0.945]", "0.945"), ("{19.93}", "19.93"),
        ("(-3.671)", "-3.671"),
        ("1,234", "1234"), ("1 234.5", "1234.5"), ("1,234.50", "1234.50"), ("615", "615"), ("-0.0000", "-0.0000"),
        ("１１ ５５４５", "11.5545"), ("-0 0123", "-0.0123"), ("0 123", "0.123"), ("11 .5545", "11.5545"),
        ("0·123", "0.123"), ("1.2e-7", "1.2E-7"), ("1.0610e1", "10.610"),
    ],
)  # fmt: skip
def test_reads(text: str, read: str) -> None:
    assert value(text) == read


@pytest.mark.parametrize("text", ["1.5***", "***1.5", "1.5∗∗∗", "1.5 ＊＊＊", "1.5* * *", "1.5⁎⁎⁎"])
def test_stars(text: str) -> None:
    read = read_numeral(text)
    assert isinstance(read, Numeral) and (str(read.value), read.stars) == ("1.5", 3)


@pytest.mark.parametrize(
    "text",
    ["", "***", "1.5****", "*1.5*", "--1", "1.2.3", "0.3²", "½", "n.s.", "12,34", "1,2345", "0,352", "1e400", "1e999",
     "nan", "inf", "٣", "1" * 60, "1_000", "0x10", "(1.5", "()", "1.5%", "是", "\x00", "1.5 ±"],
)  # fmt: skip
def test_refuses_with_a_reason(text: str) -> None:
    assert isinstance(read_numeral(text), str)


def test_repairs_are_said_and_ambiguity_is_not_guessed() -> None:
    read = read_numeral("１１ ５５４５")
    assert isinstance(read, Numeral) and "lost" in read.repaired
    assert str(read_numeral("12 345")).startswith("ambiguous")
    assert str(read_numeral("1 234 567")).startswith("ambiguous")
    assert value("12 345", 12.345) == "12.345"
    assert value("12 345", 12345.0) == "12345"


def test_interval() -> None:
    read = read_numeral("-0.0351")
    assert isinstance(read, Numeral)
    assert (read.low, read.high, read.unit) == (Decimal("-0.03515"), Decimal("-0.03505"), Decimal("0.0001"))


def test_blank() -> None:
    assert all(is_blank(t) for t in (None, "", " ", "—", "-", "\u3000", "--"))
    assert not any(is_blank(t) for t in ("0", "*", "-1"))


@given(st.text(max_size=45))
def test_never_fails(text: str) -> None:
    assert isinstance(read_numeral(text), Numeral | str)


@given(st.text("0123456789０１２-−–.,· *∗()eE+\u3000", max_size=14))
def test_never_fails_on_almost_numbers(text: str) -> None:
    read = read_numeral(text)
    if isinstance(read, Numeral):
        assert read.low < read.value < read.high or read.value == 0
        assert read.same_print(float(read.value)) or len(read.value.as_tuple().digits) > 15


@given(st.decimals(-(10**6), 10**6, places=4))
def test_every_minus_and_width_reads_the_same(number: Decimal) -> None:
    plain = str(number)
    wide = plain.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789.-"})
    assert {value(t) for t in (plain, wide, plain.replace("-", "−"), f"({plain})", f" {plain}**")} == {plain}
