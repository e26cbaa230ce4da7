"""Every verdict at its boundary."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from econloom.audit.numerals import Numeral, read_numeral
from econloom.audit.printed import Kind, PrintedCell
from econloom.audit.verdicts import R2_TOLERANCE, RANK, SE_TOLERANCE, VERDICTS, Verdict, judge


def printed(text: str, kind: Kind = "value", stars: int = 0) -> PrintedCell:
    read = read_numeral(text)
    assert isinstance(read, Numeral), read
    return PrintedCell("1", "x", kind, text, read, stars)


def verdict(text: str, ours: float, kind: Kind = "value", se: str | None = None, **more: object) -> Verdict:
    return judge(printed(text, kind), ours, None if se is None else Decimal(se), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "ours", "expected"),
    [
        ("0.1061", 0.1061, "exact"), ("0.1061", 0.10614999, "exact"), ("0.1061", 0.10605001, "exact"),
        ("0.125", 0.125, "exact"), ("0.12", 0.125, "exact"),  # a tie goes to the even digit, as in C
        ("0.13", 0.125, "within_rounding"), ("0.1061", 0.1062, "within_rounding"),
        ("0.1061", 0.1060, "within_rounding"),
        ("0.1061", 0.10620001, "sign_only"), ("0.1061", 0.10599999, "sign_only"), ("0.1061", -0.1061, "fail"),
        ("0.0000", 0.0, "exact"), ("0.0000", -0.00004, "exact"), ("-0.0000", -0.00004, "exact"),
        ("-0.0000", -0.0, "exact"),
        ("-0.0000", 0.00004, "within_rounding"), ("0.0000", 0.0001, "within_rounding"), ("0.0000", 0.0002, "fail"),
        ("-0.0000", -0.0002, "sign_only"), ("-0.0000", 0.0002, "fail"), ("615", 615.4, "exact"),
        ("1.2e-7", 1.24e-7, "exact"),
        ("1.2e5", 123456.0, "exact"), ("0.5", 0.0, "fail"),
    ],
)  # fmt: skip
def test_rounding(text: str, ours: float, expected: Verdict) -> None:
    assert verdict(text, ours) == expected


@pytest.mark.parametrize(
    ("ours", "same_stars", "expected"),
    [
        (1.5, True, "exact"), (1.5, False, "sign_only"), (1.6, True, "within_rounding"), (1.6, False, "sign_only"),
        (2.5, True, "within_se"), (0.5, True, "within_se"), (2.5, False, "sign_only"), (2.500001, True, "sign_only"),
        (0.499999, True, "sign_only"), (-1.5, True, "fail"), (-1.5, False, "fail"),
    ],
)  # fmt: skip
def test_coefficients(ours: float, same_stars: bool, expected: Verdict) -> None:
    assert verdict("1.5", ours, "coefficient", "1.0", same_stars=same_stars) == expected


def test_a_sign_flip_within_one_se_fails() -> None:
    assert verdict("0.5", -0.2, "coefficient", "1.0") == "fail"
    assert verdict("-0.50", 0.02, "coefficient", "1.00") == "fail"
    assert verdict("0.00", -0.5, "coefficient", "1.00") == "within_se"  # a printed 0.00 has no sign
    assert verdict("0.5", 0.0, "coefficient", "1.0") == "fail"


def test_without_a_printed_se_a_near_coefficient_is_sign_only() -> None:
    assert verdict("1.5", 1.7, "coefficient") == "sign_only"


@pytest.mark.parametrize(
    ("kind", "text", "ours", "expected"),
    [
        ("se", "2.00", 2.2, "within_tolerance"), ("se", "2.00", 1.8, "within_tolerance"),
        ("se", "2.00", 2.2001, "fail"),
        ("se", "2.00", 2.004, "exact"), ("se", "2.00", 2.01, "within_rounding"),
        ("t", "-2.00", -2.2, "within_tolerance"),
        ("t", "-2.00", -2.3, "sign_only"), ("t", "-2.00", 2.0, "fail"), ("r2", "0.4420", 0.452, "within_tolerance"),
        ("r2", "0.4420", 0.45201, "fail"), ("n", "615", 615.0, "exact"), ("n", "615", 614.0, "fail"),
        ("n", "1,234", 1234.0, "exact"), ("statistic", "37.06", 40.0, "within_tolerance"), ("n", "615", 615.2, "fail"),
        ("statistic", "37.06", 41.0, "sign_only"),
    ],
)  # fmt: skip
def test_other_numbers(kind: Kind, text: str, ours: float, expected: Verdict) -> None:
    assert verdict(text, ours, kind) == expected


def test_values_within_a_tolerance() -> None:
    assert verdict("0.1231", 0.1211, within=0.002) == "within_tolerance"
    assert verdict("0.1231", 0.12109999, within=0.002) == "sign_only"
    assert verdict("0.0010", -0.0009, within=0.002) == "within_tolerance"
    assert verdict("0.4420", 0.4450, "r2", within=0.002) == "fail"


def test_constants_are_as_documented() -> None:
    assert (str(SE_TOLERANCE), str(R2_TOLERANCE)) == ("0.10", "0.01")
    assert set(RANK) == set(VERDICTS) and sorted(RANK.values(), reverse=True) == [RANK[v] for v in VERDICTS]


FINITE = st.floats(-1e9, 1e9, allow_subnormal=False)


@given(FINITE, st.integers(0, 6), st.sampled_from(["value", "coefficient", "se", "t", "r2", "statistic"]))
def test_a_print_of_our_number_is_exact(ours: float, digits: int, kind: Kind) -> None:
    assert verdict(f"{ours:.{digits}f}", ours, kind) == "exact"


@given(FINITE, st.integers(0, 6), st.sampled_from(["ROUND_HALF_UP", "ROUND_HALF_EVEN", "ROUND_DOWN", "ROUND_UP"]))
def test_any_way_of_rounding_is_at_most_rounding(ours: float, digits: int, how: str) -> None:
    text = str(Decimal(repr(ours)).quantize(Decimal((0, (1,), -digits)), rounding=how))
    if "E" not in text:
        assert verdict(text, ours) in {"exact", "within_rounding"}


@given(FINITE, FINITE, st.integers(0, 4), st.floats(0, 1e6), st.booleans())
def test_the_ladder_means_what_it_says(ours: float, paper: float, digits: int, se: float, same: bool) -> None:
    cell = printed(f"{paper:.{digits}f}", "coefficient")
    assert cell.number is not None
    found = judge(cell, ours, Decimal(repr(se)), same)
    gap = abs(Decimal(repr(ours)) - cell.number.value)
    if found in {"exact", "within_rounding"}:
        assert gap <= cell.number.unit and same
    if found == "within_se":
        assert gap <= Decimal(repr(se)) and same and ours * float(cell.number.value) >= 0
    if found == "sign_only":
        assert ours * float(cell.number.value) > 0 or cell.number.value == 0
