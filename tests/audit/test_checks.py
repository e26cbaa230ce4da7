"""Every check beside the star checks: it fires where it must, and not on what is right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from econloom.audit import Given, audit, check
from econloom.audit.checks.descriptives import sd_bounds
from econloom.audit.checks.registry import CHECKS, LABELS, PAPER_CHECKS
from econloom.audit.read.cells import parse
from econloom.core.errors import UsageError
from tests.audit.tables import SE, found, made

PUBLISHED = Path(__file__).parent / "published"


def one(b: str, below: str, note: str) -> list[tuple[str, str]]:
    return found(" | (1)", f"x | {b}", f" | {below}", "N | 500", note=note)


BOTH = "Standard errors in parentheses, t statistics in square brackets. * p<0.10, ** p<0.05, *** p<0.01"
BOTH_P = "Standard errors in parentheses, p values in square brackets. * p<0.10, ** p<0.05, *** p<0.01"
T = "t statistics in parentheses. * p<0.10, ** p<0.05, *** p<0.01"
CI = "95% confidence intervals in square brackets. * p<0.10, ** p<0.05, *** p<0.01"


@pytest.mark.parametrize(
    ("b", "below", "note", "expected"),
    [
        ("0.500***", "(0.100) [5.00]", BOTH, []),
        ("0.500***", "(0.100) [5.04]", BOTH, [("certain", "t_ratio")]),
        ("0.500***", "(0.100) [5.02]", BOTH, []),
        ("0.500***", "(0.100) [0.000]", BOTH_P, []),
        ("0.500**", "(0.200) [0.010]", BOTH_P, [("certain", "p_value")]),
        ("0.500", "(0.200) [1.300]", BOTH_P, [("certain", "p_value")]),
        ("0.500***", "(-5.00)", T, [("certain", "sign")]),
        ("-0.500***", "(-5.00)", T, []),
        ("0.500***", "(-0.100)", SE, [("certain", "sign")]),
        ("0.500***", "[0.304, 0.696]", CI, []),
        ("0.500***", "[0.696, 0.304]", CI, [("certain", "interval")]),
        ("0.500***", "[0.604, 0.696]", CI, [("conditional", "interval")]),
        ("0.500***", "[0.304, 0.710]", CI, [("conditional", "interval")]),
        ("0.500***", "[-0.100, 1.100]", CI, [("conditional", "interval")]),
        ("0.500*", "[0.304, 0.696]", CI, [("conditional", "interval")]),
    ],
)  # fmt: skip
def test_numbers_of_one_cell(b: str, below: str, note: str, expected: list[tuple[str, str]]) -> None:
    assert one(b, below, note) == expected


def test_the_width_of_an_interval() -> None:
    note = "Standard errors in parentheses, 95% confidence intervals in square brackets"
    assert one("0.500", "(0.100) [0.304, 0.696]", note) == []
    assert one("0.500", "(0.100) [0.400, 0.600]", note) == [("conditional", "interval")]


def test_absolute_t_values_are_a_convention() -> None:
    rows = (" | (1)", "x | -0.50***", " | (5.00)", "z | -0.30***", " | (4.00)")
    assert not [f for f in found(*rows, note=T) if f[1] == "sign"]


def test_marks_that_the_note_does_not_define() -> None:
    assert found(" | (1)", "x | 0.500***", " | (0.100)", note="Standard errors in parentheses. ** p<0.05") == [
        ("suspicious", "cutoffs")
    ]
    reversed_ = "Standard errors in parentheses. ***, ** and * denote significance at the 10%, 5% and 1% levels"
    assert ("suspicious", "cutoffs") in found(" | (1)", "x | 0.500***", " | (0.100)", note=reversed_)


def test_too_few_digits() -> None:
    assert found(" | (1)", "x | 0.001*", " | (0.000)", "N | 500") == [("suspicious", "zero_precision")]
    assert found(" | (1)", "x | 0.001", " | (0.000)", "N | 500") == []


HEAD = "Variable | N | Mean | Std. Dev. | Min | Max"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("x | 100 | 0.50 | 0.25 | 0.00 | 1.00", []),
        ("x | 100 | 1.50 | 0.25 | 0.00 | 1.00", [("certain", "order")]),
        ("x | 100 | 0.50 | 0.60 | 0.00 | 1.00", [("certain", "sd")]),
        ("x | 100 | 0.10 | 0.40 | 0.00 | 1.00", [("certain", "sd")]),  # Popoviciu allows it, Bhatia and Davis do not
        ("x | 100 | 0.50 | 0.04 | 0.00 | 1.00", [("certain", "sd")]),  # two observations lie 0.5 from the mean
        ("x | 100 | 0.50 | -0.25 | 0.00 | 1.00", [("certain", "sd"), ("certain", "sd")]),
        ("x | 2 | 0.50 | 0.71 | 0 | 1", []),
        ("x | 30 | 0.55 | 0.51 | 0 | 1", [("conditional", "grim")]),
        ("x | 30 | 0.57 | 0.50 | 0 | 1", []),
    ],
)
def test_descriptive_rows(row: str, expected: list[tuple[str, str]]) -> None:
    assert found(HEAD, row) == expected


def test_stated_whole_numbers_and_shares() -> None:
    assert found(HEAD, "kids | 25 | 3.19 | 1.10 | 0 | 6", integers=["kids"]) == [("conditional", "grim")]
    assert found(HEAD, "kids | 25 | 3.20 | 1.10 | 0 | 6", integers=["kids"]) == []
    assert found(HEAD, "share | 25 | 0.50 | 0.30 | 0.00 | 1.20", shares=["share"]) == [("conditional", "share")]


def test_copied_rows() -> None:
    rows = ("a | 90 | 1.2345 | 0.5432 | 0.1234 | 4.3210", "b | 90 | 1.2345 | 0.5432 | 0.1234 | 4.3210")
    assert found(HEAD, *rows) == [("suspicious", "copy")]


def test_bounds_of_the_standard_deviation_hold_on_drawn_data() -> None:
    rng = np.random.default_rng(3)
    for _ in range(400):
        n, digits = int(rng.integers(2, 60)), int(rng.integers(1, 5))
        x = rng.choice([rng.standard_normal(n), rng.exponential(size=n), rng.integers(0, 2, n), rng.beta(0.3, 0.3, n)])
        numbers = {"n": n, "mean": x.mean(), "sd": x.std(ddof=int(rng.integers(0, 2))), "min": x.min(), "max": x.max()}
        row = "x | " + " | ".join(f"{v:.{0 if k == 'n' else digits}f}" for k, v in numbers.items())
        assert not [f for f in audit([made(HEAD, row)]).findings if f.check != "grim"], row


def test_impossible_standard_deviations_by_brute_force() -> None:
    """With a mean of 0.1 on [0, 1] the largest standard deviation of three observations, by all of a fine grid."""
    grid = np.linspace(0, 1, 41)
    a, b, c = np.meshgrid(grid, grid, grid, indexing="ij")
    whole = np.stack([a, b, c]).reshape(3, -1)
    kept = whole[:, (whole.min(0) == 0) & (whole.max(0) == 1) & (abs(whole.mean(0) - 0.4) <= 0.05)]
    spread = kept.std(0, ddof=1)
    table = made(HEAD, "x | 3 | 0.4 | 0.5 | 0.00 | 1.00")
    bounds = sd_bounds({v.role: v for v in table.values})
    assert bounds is not None and bounds.low <= spread.min() and spread.max() <= bounds.high


REGRESSION = (" | (1) | (2)", "x | 0.500*** | 0.400***", " | (0.100) | (0.100)", "z | | 0.200**", " | | (0.080)")


@pytest.mark.parametrize(
    ("feet", "expected"),
    [
        (("N | 500 | 500", "R2 | 0.300 | 0.350"), []),
        (("N | 500 | 500", "R2 | 0.300 | 0.290"), [("conditional", "nested")]),
        (("N | 500 | 480", "R2 | 0.300 | 0.290"), [("suspicious", "n")]),
        (("N | 500 | 510", "R2 | 0.300 | 0.290"), [("conditional", "n")]),
        (("N | 500 | 500", "R2 | 0.300 | 1.200"), [("conditional", "r2")]),
        (("N | 500 | 500", "R2 | -0.100 | 0.200"), [("conditional", "r2")]),
        (("N | 500 | 500", "Adj. R2 | -0.100 | 0.200"), []),
        (("N | 500 | 500", "R2 | 0.300 | 0.350", "Adj. R2 | 0.310 | 0.346"), [("conditional", "r2")]),
        (("N | 500 | 500", "R2 | 0.3000 | 0.3500", "Adj. R2 | 0.2986 | 0.3474"), []),
        (("N | 500 | 500", "R2 | 0.3000 | 0.3500", "Adj. R2 | 0.2999 | 0.3474"), [("conditional", "r2")]),
        (("N | 500 | 500", "Log likelihood | -700.1 | -690.1"), []),
        (("N | 500 | 500", "Log likelihood | -690.1 | -700.1"), [("conditional", "nested")]),
        (("N | 500 | 500", "R2 | 0.300 | 0.350", "Log likelihood | -700.10 | -681.57"), []),
        (("N | 500 | 500", "R2 | 0.300 | 0.350", "Log likelihood | -700.10 | -650.57"), [("conditional", "r2_loglik")]),
        (
            ("N | 500 | 500", "Adj. R2 | 0.300 | 0.350", "Log likelihood | -700.10 | -681.57"),
            [("conditional", "r2_kind")],
        ),
        (("N | 500 | 500", "Log likelihood | -700.10 | -690.10", "LR test | 20.00*** | "), []),
        (("N | 500 | 500", "Log likelihood | -700.10 | -690.10", "LR test | 21.00*** | "), [("suspicious", "lr")]),
        (("N | 500 | 500", "Log likelihood | -700.10 | -690.10", "LR test | 20.00* | "), [("conditional", "lr_stars")]),
        (("N | 500.5 | 500",), [("certain", "n"), ("suspicious", "n")]),
        (("N | 500 | 500", "Clusters | 600 | 40"), [("certain", "n")]),
        (("N | 500 | 500", "Hausman | 0.50*** | 30.1***"), [("certain", "chi2")]),
        (("N | 500 | 500", "Hansen J | 0.005 [0.945] | 3.06 [0.930]"), []),
        (("N | 500 | 500", "Hansen J | 3.005 [0.045] | 3.06 [0.930]"), [("certain", "chi2")]),
        (("N | 500 | 500", "F | 0.80** | 30.1***"), [("certain", "f")]),
    ],
)  # fmt: skip
def test_feet(feet: tuple[str, ...], expected: list[tuple[str, str]]) -> None:
    assert found(*REGRESSION, *feet) == expected


def test_r2_of_instrumental_variables_may_fall_or_be_negative() -> None:
    rows = (" | (1) | (2)", " | 2SLS | 2SLS", *REGRESSION[1:], "N | 500 | 500", "R2 | -0.300 | -0.350")
    assert found(*rows) == []


def test_rows_of_a_panel_and_lags() -> None:
    rows = (" | (1) | (2)", " | base | (t-1)", *REGRESSION[1:3], "N | 364 | 312")
    assert found(*rows) == []
    assert found(*rows, units=26, periods=14) == [("suspicious", "n")]
    assert found(*rows, units=20, periods=14) == [("conditional", "n"), ("conditional", "n")]


def test_stages() -> None:
    rows = (
        *(" | (1) | (2)", " | First stage | Second stage"),
        *("z | 0.300*** | ", " | (0.040) | ", "x | | 0.500**", " | | (0.200)"),
    )
    assert found(*rows, "N | 500 | 500", "First-stage F | | 56.3") == []
    assert found(*rows, "N | 500 | 500", "First-stage F | | 156.3") == [("conditional", "first_stage_f")]
    assert found(*rows, "N | 500 | 480") == [("conditional", "n")]


def test_rank_statistics() -> None:
    rows = (" | (1)", "x | 0.500**", " | (0.200)", "N | 500")
    assert found(*rows, "Anderson LM | 50.0", "Cragg-Donald F | 55.1") == []
    assert found(*rows, "Anderson LM | 5.0", "Cragg-Donald F | 55.1") == [("conditional", "rank")]
    assert found(*rows, "Anderson LM | 501.0", "Cragg-Donald F | 55.1") == [("certain", "rank")]


def test_mediation() -> None:
    heads = (" | (1) | (2) | (3)", " | y | m | y")
    below = " | (0.100) | (0.100) | (0.100)"
    rows = ("x | 0.520*** | 0.600*** | 0.400***", below, "m | | | 0.200**", " | | | (0.100)", "N | 90 | 90 | 90")
    assert not [f for f in found(*heads, *rows) if f[1] == "mediation"]
    wrong = (rows[0].replace("0.520", "0.620"), *rows[1:])
    assert ("conditional", "mediation") in found(*heads, *wrong)


def test_pooled_slopes_and_groups() -> None:
    rows = (" | (1) | (2) | (3)", " | Full sample | East | West")
    assert ("suspicious", "pooled") in found(*rows, "x | 0.900*** | 0.200 | 0.300**", " | (0.100) | (0.150) | (0.150)")
    split = "Heterogeneity by region"
    both = ("x | 0.250** | 0.200 | 0.300**", " | (0.100) | (0.150) | (0.150)")
    assert ("suspicious", "groups") in found(*rows, *both, title=split)
    apart = ("x | 0.450*** | 0.000 | 0.900***", " | (0.100) | (0.150) | (0.150)")
    pairs = audit([made(*rows, *apart, title=split)]).findings
    assert not [f for f in pairs if f.check == "groups" and "2, 3" in f.where]


def test_copied_columns() -> None:
    rows = (" | (1) | (2)", "x | 0.51234*** | 0.51234***", " | (0.10123) | (0.10123)", "z | 0.22345** | 0.22345**",
            " | (0.09876) | (0.09876)")  # fmt: skip
    assert found(*rows) == [("suspicious", "copy")]


def test_identities() -> None:
    heads, below = (" | (1) | (2) | (3)", " | Ec | Tr | Fi"), " | (0.010) | (0.010) | (0.010)"
    rows = (*heads, "x | 0.300*** | 0.200*** | 0.400***", below)
    assert found(*rows, identities=["Ec = (Tr + Fi) / 2"]) == []
    wrong = (*rows[:2], rows[2].replace("0.300", "0.305"), rows[3])
    assert found(*wrong, identities=["Ec = (Tr + Fi) / 2"]) == [("conditional", "identity")]
    with pytest.raises(UsageError, match="only names"):
        check([made(*rows)], identities=["Ec = exit()"])


def test_event_windows() -> None:
    rows = [" | (1)"]
    for k in (-3, -2, -1, 1, 2):
        rows += [f"{k:+d} | 0.100", " | (0.200)"]
    assert found(*rows) == [("suspicious", "window")]
    assert found(*rows, note=f"{SE}. Period 0 is the base period.") == []


def test_claims_of_the_text() -> None:
    rows = (" | (1)", "x | 0.512**", " | (0.240)", "N | 300")
    assert found(*rows, text="系数为0.512，在5%的水平上显著。") == []
    assert found(*rows, text="系数为0.512，在1%的水平上显著。") == [("conditional", "claim")]
    assert found(*rows, text="The coefficient is 0.512, significant at the 1% level.") == [("conditional", "claim")]
    assert found(*rows, text="系数0.512在1%的水平上不显著。") == []


def test_percentages_of_the_text() -> None:
    rows = (" | (1)", "x | 0.512**", " | (0.240)", "N | 300")
    assert found(*rows, text="The index rose from 0.20 to 0.25, an increase of 25%.") == []
    assert found(*rows, text="The index rose from 0.20 to 0.25, an increase of 45%.") == [("certain", "percentage")]
    assert found(*rows, text="顺差从200.0增加到250.0，增长了40%。") == [("certain", "percentage")]
    assert found(*rows, text="顺差从200.0增加到250.0，增长了25%。") == []


def test_every_key_has_a_label_and_a_heading() -> None:
    keys = {k for c in (*CHECKS, *PAPER_CHECKS) for k in c.findings}
    assert keys == set(LABELS)
    page = (Path(__file__).resolve().parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")
    assert all(f"`{k}`" in page for k in keys)


def test_what_001_prints() -> None:
    done = audit([PUBLISHED / f"001_t{k}.json" for k in (1, 2, 3)], Given(units=26, periods=14))
    counted = {}
    for f in done.findings:
        counted[f.level, f.check, f.table] = counted.get((f.level, f.check, f.table), 0) + 1
    assert counted == {
        ("certain", "stars", "001_t2"): 4,
        ("conditional", "stars", "001_t2"): 2,
        ("conditional", "r2_kind", "001_t2"): 1,
        ("conditional", "lr_stars", "001_t2"): 2,
        ("conditional", "df", "001_t2"): 2,
        ("suspicious", "stars", "001_t2"): 3,
        ("suspicious", "lr", "001_t2"): 1,
        ("suspicious", "n", "001_t3"): 1,
    }


def test_parsing_remembers_nothing_wrong() -> None:
    assert parse("0.5**").stars == 2 and parse("0.5").stars == 0
