"""Degrees of freedom, criteria, instruments, mediation, samples, tables against each other, and the text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from econloom.audit import Given, audit
from econloom.audit.checks.sizes import lags
from tests.audit.tables import SE, found, made

GLOBALISATION = Path(__file__).resolve().parents[2] / "studies" / "globalisation" / "published"
ROBUST = "Robust standard errors in parentheses. * p<0.10, ** p<0.05, *** p<0.01"


def only(check: str, *rows: str, **more: object) -> list[str]:
    """The levels of one check's findings."""
    return [level for level, key in found(*rows, **more) if key == check]


TWO = (" | (1) | (2)", " | Fixed effects | Random effects", "x | 0.500*** | 0.400***", " | (0.100) | (0.100)",
       "z | 0.200** | 0.210**", " | (0.080) | (0.080)")  # fmt: skip


@pytest.mark.parametrize(
    ("foot", "periods", "expected"),
    [
        ("Hausman test | | 7.50**", None, []),  # two slopes, p of 0.024
        ("Hausman test | | 7.50***", None, ["conditional"]),
        ("Hausman test | | 7.50 [0.024]", None, []),
        ("Hausman test | | 7.50 [0.058]", None, []),  # three degrees of freedom, with the constant
        ("Hausman test | | 7.50 [0.006]", None, ["conditional"]),  # one
        ("Hausman test | | 20.50 [0.199]", 15, []),  # sixteen: year effects are said to be in
        ("Hausman test | | 20.50 [0.115]", 15, ["conditional"]),  # fourteen
    ],
)
def test_degrees_of_freedom_of_hausman(foot: str, periods: int | None, expected: list[str]) -> None:
    title = "with year effects" if periods else ""
    assert only("df", *TWO, foot, title=title, periods=periods) == expected


STAGES = (" | (1) | (2) | (3)", " | OLS | First stage | 2SLS", "x | 0.300*** | | 0.500***",
          " | (0.050) | | (0.150)", "z | | 0.400*** | ", " | | (0.130) | ", "v | | 0.100 | ", " | | (0.130) | ",
          "N | 200 | 200 | 200")  # fmt: skip


def test_degrees_of_freedom_of_instruments() -> None:
    assert only("df", *STAGES, "Sargan | | | 4.00 [0.046]") == []
    assert only("df", *STAGES, "Sargan | | | 4.00 [0.135]") == ["conditional"]  # two, but one is left over
    assert only("df", *STAGES, "Anderson LM | | | 9.00 [0.011]") == []
    assert only("df", *STAGES, "Anderson LM | | | 9.00 [0.003]") == ["conditional"]
    one = tuple(r for n, r in enumerate(STAGES) if n not in {6, 7})
    assert only("df", *one, "Hansen J | | | 2.00 [0.157]") == ["conditional"]  # exactly identified
    assert only("df", *one, "Hansen J | | | 0.00") == []


def test_the_number_of_instruments_bounds_the_degrees_of_freedom() -> None:
    rows = (" | (1)", "L.y | 0.500***", " | (0.100)", "x | 0.300**", " | (0.130)")
    assert only("df", *rows, "Number of instruments | 22", "Hansen | 18.20 [0.574]") == []
    assert only("df", *rows, "Number of instruments | 12", "Hansen | 18.20 [0.574]") == ["conditional"]


def test_stars_and_p_of_one_statistic() -> None:
    rows = (" | (1)", "x | 0.500***", " | (0.100)")
    assert ("certain", "chi2") in found(*rows, "Wald chi2 | 25.00** [0.000]")
    assert found(*rows, "Wald chi2 | 25.00*** [0.000]") == []
    assert ("certain", "f") in found(*rows, "F | 50.00 [0.300]", "N | 200")
    assert found(*rows, "LR test | 3.01 [0.041]") == []  # half of p, of a variance at its boundary
    assert found(*rows, "Hansen J | 3.01 [0.041]") == [("certain", "chi2")]


def test_f_against_r2() -> None:
    rows = (" | (1)", "x | 0.500***", " | (0.100)", "Constant | 0.200", " | (0.500)", "N | 102", "R2 | 0.200")
    assert only("overall_f", *rows, "F | 25.00") == []  # 0.2 / 0.8 * 100
    assert only("overall_f", *rows, "F | 26.00") == ["conditional"]
    assert only("overall_f", *rows, "F | 26.00", note=ROBUST) == []


FEET = ("N | 500 | 500", "Log likelihood | -700.10 | -690.10")
NESTED = (" | (1) | (2)", "x | 0.500*** | 0.400***", " | (0.100) | (0.100)", "z | | 0.200**", " | | (0.080)")


@pytest.mark.parametrize(
    ("feet", "expected"),
    [
        (("AIC | 1404.20 | 1386.20",), []),
        (("AIC | 1404.20 | 1388.20",), ["conditional"]),  # two more parameters, one regressor
        (("AIC | 1405.20 | 1387.20",), ["conditional", "conditional"]),  # half a parameter
        (("AIC | 1400.20 | 1382.20",), ["conditional", "conditional"]),  # none at all
        (("AIC | 1404.20 | 1386.20", "BIC | 1412.63 | 1398.84"), []),
        (("AIC | 1404.20 | 1386.20", "BIC | 1418.84 | 1405.06"), ["conditional", "conditional"]),
        (("AIC | 2.808 | 2.772",), []),  # per observation, as some programs print it
    ],
)
def test_information_criteria(feet: tuple[str, ...], expected: list[str]) -> None:
    assert only("aic", *NESTED, *FEET, *feet) == expected


def test_pseudo_r2() -> None:
    rows = (" | (1) | (2)", " | Logit | Logit", *NESTED[1:], "N | 500 | 500", "Log likelihood | -300.0 | -290.0")
    assert only("pseudo_r2", *rows, "Pseudo R2 | 0.1000 | 0.1300") == []
    assert only("pseudo_r2", *rows, "Pseudo R2 | 0.1000 | 0.1500") == ["conditional"]
    right = ("Pseudo R2 | 0.1000 | 0.1300", "LR chi2 | 66.7 | 86.7")
    assert found(*rows, *right) == []
    assert only("lr", *rows, right[0], "LR chi2 | 66.7 | 68.7") == ["conditional"]


IV = (" | (1) | (2) | (3) | (4)", " | OLS | Reduced form | First stage | 2SLS", "x | 0.3000 | | | 0.5000",
      " | (0.0500) | | | (0.2371)", "z | | 0.2000 | 0.4000 | ", " | | (0.0600) | (0.1265) | ",
      "N | 200 | 200 | 200 | 200")  # fmt: skip


def test_the_reduced_form_is_a_product() -> None:
    assert found(*IV) == []
    wrong = tuple(r.replace("0.2000", "0.2100") for r in IV)
    assert only("reduced_form", *wrong) == ["conditional"]
    assert only("reduced_form", *wrong[:-1], "N | 200 | 199 | 200 | 200") == []


def test_errors_of_two_stages_by_those_of_least_squares() -> None:
    """(0.05^2 + 0.2^2 / 198) (1 + 198 / 10) = 0.0562; its root is 0.237, or 0.236 with N below the fraction."""
    assert only("iv_se", *IV, "First-stage F | | | | 10.00") == []
    wrong = tuple(r.replace("0.2371", "0.3371") for r in IV)
    assert only("iv_se", *wrong, "First-stage F | | | | 10.00") == ["conditional"]
    assert only("iv_se", *wrong, "First-stage F | | | | 10.00", note=ROBUST) == []
    small = tuple(r.replace("0.2371", "0.0112") for r in IV)
    assert only("iv_se", *small, note=ROBUST) == ["suspicious"]


def test_two_statistics_of_one_first_stage() -> None:
    assert only("first_stage_f", *IV, "First-stage F | | | | 10.00", "Cragg-Donald F | | | | 10.00") == []
    assert only("first_stage_f", *IV, "First-stage F | | | | 10.00", "Cragg-Donald F | | | | 12.00") == ["conditional"]
    assert only("rank", *IV, "Anderson LM | | | | 9.61", "Cragg-Donald F | | | | 10.00") == []
    assert only("rank", *IV, "Anderson LM | | | | 9.81", "Cragg-Donald F | | | | 10.00") == ["conditional"]


def test_several_pairs_of_stages_are_told_apart() -> None:
    heads = (" | (1) | (2) | (3) | (4)", " | First stage | Second stage | First stage | Second stage")
    rows = ("z | 0.400*** | | 0.200*** | ", " | (0.080) | | (0.020) | ", "x | | 0.500*** | | ", " | | (0.100) | | ",
            "w | | | | 0.700***", " | | | | (0.100)", "N | 90 | 90 | 80 | 80")  # fmt: skip
    assert only("first_stage_f", *heads, *rows, "First-stage F | | 25.0 | | 100.0") == []
    assert only("first_stage_f", *heads, *rows, "First-stage F | | 25.0 | | 25.0") == ["conditional"]


MEDIATED = (" | (1) | (2) | (3)", " | y | m | y", "x | 0.520*** | 0.600*** | 0.400***",
            " | (0.100) | (0.100) | (0.100)", "m | | | 0.200**", " | | | (0.100)")  # fmt: skip


def test_mediation_without_one_sample() -> None:
    assert found(*MEDIATED, "N | 90 | 90 | 90") == []
    assert found(*MEDIATED, "N | 90 | 85 | 90") == [("suspicious", "mediation")]
    wrong = tuple(r.replace("0.520", "0.300") for r in MEDIATED)  # c - c' is negative, a b is positive
    assert found(*wrong, "N | 90 | 85 | 90") == [("suspicious", "mediation"), ("suspicious", "mediation")]


def test_sobel() -> None:
    """z = 0.6 * 0.2 / sqrt(0.36 * 0.01 + 0.04 * 0.01) = 1.897."""
    n = "N | 90 | 90 | 90"
    assert found(*MEDIATED, n, "Sobel z | | | 1.897") == []
    assert found(*MEDIATED, n, "Sobel z | | | 2.897") == [("conditional", "sobel")]
    assert found(*MEDIATED, n, "Indirect effect | | | 0.120") == []
    assert found(*MEDIATED, n, "Indirect effect | | | 0.130") == [("conditional", "mediation")]


@pytest.mark.parametrize(
    ("head", "row", "expected"),
    [
        ("Variable | N | Std. Dev. | Min | Max", "x | 100 | 0.60 | 0.00 | 1.00", [("certain", "sd")]),
        ("Variable | N | Std. Dev. | Min | Max", "x | 100 | 0.50 | 0.00 | 1.00", []),
        ("Variable | N | Std. Dev. | Min | Max", "x | 100 | 0.05 | 0.00 | 1.00", [("certain", "sd")]),
        ("Variable | N | Mean | Std. Dev. | Median", "x | 100 | 2.00 | 0.50 | 1.60", []),
        ("Variable | N | Mean | Std. Dev. | Median", "x | 100 | 2.00 | 0.50 | 1.40", [("certain", "quantiles")]),
        ("Variable | N | Mean | Std. Dev. | p75", "x | 1000 | 2.00 | 0.50 | 2.95", [("certain", "quantiles")]),
        ("Variable | N | Mean | Std. Dev. | p75", "x | 1000 | 2.00 | 0.50 | 2.80", []),
    ],
)
def test_descriptive_rows(head: str, row: str, expected: list[tuple[str, str]]) -> None:
    assert found(head, row) == expected


def test_standard_deviations_of_whole_numbers() -> None:
    head = "Variable | N | Mean | Std. Dev. | Min | Max"
    assert found(head, "kids | 10 | 2.40 | 1.17 | 1 | 4", integers=["kids"]) == []
    assert found(head, "kids | 10 | 2.40 | 1.23 | 1 | 4", integers=["kids"]) == [("conditional", "grimmer")]
    assert found(head, "kids | 10 | 2.40 | 1.23 | 1 | 4") == []


def test_whole_numbers_agree_with_trying_all() -> None:
    """All sets of four whole numbers near the mean."""
    numbers = np.stack(np.meshgrid(*[np.arange(-4, 10)] * 4)).reshape(4, -1)
    means, spreads = numbers.mean(0), [numbers.std(0, ddof=d) for d in (0, 1)]
    head, got, possible = "Variable | N | Mean | Std. Dev.", [], []
    for mean in ("2.25", "2.50", "3.00"):
        kept = abs(means - float(mean)) <= 0.005 + 1e-9
        for sd in np.arange(0.0, 2.5, 0.02):
            possible.append(any((abs(x[kept] - sd) <= 0.005 + 1e-9).any() for x in spreads))
            got.append(not found(head, f"k | 4 | {mean} | {sd:.2f}", integers=["k"]))
    assert not [k for k, p in enumerate(possible) if p and not got[k]]
    missed = sum(g and not p for g, p in zip(got, possible, strict=True))  # sums of squares that parity allows
    assert missed <= 0.1 * possible.count(False) and possible.count(False) > 200


SAMPLES = (
    "Variable | All | | | East | | | West | | ",
    " | N | Mean | Std. Dev. | N | Mean | Std. Dev. | N | Mean | Std. Dev.",
)


def test_parts_and_whole() -> None:
    right = "x | 100 | 0.560 | 0.322 | 40 | 0.500 | 0.300 | 60 | 0.600 | 0.333"
    assert found(*SAMPLES, right) == []
    assert found(*SAMPLES, right.replace("0.560", "0.570")) == [("conditional", "parts")]
    assert found(*SAMPLES, right.replace("0.322", "0.422")) == [("conditional", "parts")]
    assert found(*SAMPLES, right.replace("| 40 |", "| 41 |").replace("0.560", "0.570")) == []  # no partition
    assert found(*SAMPLES, right.replace("| 40 |", "| 140 |")) == [("conditional", "n")]


def test_differences_of_means() -> None:
    heads = (
        "Variable | Treated | | | Control | | | Difference",
        " | N | Mean | Std. Dev. | N | Mean | Std. Dev. | Difference",
    )
    row = "x | 50 | 0.500 | 0.100 | 50 | 0.400 | 0.100 | 0.100***"
    assert found(*heads, row) == []
    assert found(*heads, row.replace("0.100***", "-0.100***")) == []
    assert found(*heads, row.replace("0.100***", "0.120***")) == [("conditional", "difference")]
    assert found(*heads, row.replace("0.100***", "0.100*")) == [("suspicious", "difference")]


def test_subsamples_that_do_not_add_up() -> None:
    rows = (" | (1) | (2) | (3)", " | Full sample | East | West", "x | 0.250** | 0.200 | 0.300**",
            " | (0.100) | (0.150) | (0.150)")  # fmt: skip
    assert only("n", *rows, "N | 500 | 200 | 300") == []
    assert only("n", *rows, "N | 500 | 200 | 290") == ["suspicious"]


def test_lags() -> None:
    assert [lags(w) for w in ("y (t-2)", "滞后两期", "L.x", "baseline", "一阶差分", "first-differenced")] == [
        2,
        2,
        1,
        0,
        1,
        1,
    ]
    rows = (" | (1)", " | (t-2)", "x | 0.5***", " | (0.1)")
    assert found(*rows, "N | 312", units=26, periods=14) == []
    assert found(*rows, "N | 338", units=26, periods=14) == [("conditional", "n")]


def test_columns_that_are_multiples() -> None:
    """A gap to the mean of all others is the outcome times n/(n - 1): a second column says nothing new."""
    a = ("x | 0.51234*** | {}", " | (0.10123) | ({})", "z | 0.22345** | {}", " | (0.09876) | ({})")
    times = [f"{v * 41 / 40:.5f}" for v in (0.51234, 0.10123, 0.22345, 0.09876)]
    times[0], times[2] = f"{times[0]}***", f"{times[2]}**"
    rows = (" | (1) | (2)", *(r.format(t) for r, t in zip(a, times, strict=True)))
    findings = audit([made(*rows)]).findings
    assert [(f.level, f.check) for f in findings] == [("suspicious", "proportional")] and "41/40" in findings[0].why.en
    more = ("w | 0.90000*** | 0.92250***", " | (0.20000) | (0.20500)")
    one_off = (*rows[:3], rows[3].replace(times[2], "0.32904**"), rows[4], *more)
    assert [f.where for f in audit([made(*one_off)]).findings if f.check == "proportional"] == [
        "t: row 'z', column 1, 2"
    ]


def test_another_convention_of_stars() -> None:
    note = "Standard errors in parentheses. * p<0.05, ** p<0.01, *** p<0.001"
    rows = (" | (1)", "x | 0.280***", " | (0.100)", "z | 0.220**", " | (0.100)", "w | 0.175*", " | (0.100)", "N | 900")
    assert ("suspicious", "cutoffs") in found(*rows, note=note)
    assert ("suspicious", "cutoffs") not in found(*rows)


def test_one_result_printed_twice() -> None:
    first = made(" | (1)", "x | 0.51234***", " | (0.10123)", "N | 300")
    second = made(" | (1)", "x | 0.51234**", " | (0.10123)", "N | 300", name="u")
    assert ("suspicious", "repeated") in [(f.level, f.check) for f in audit([first, second]).findings]
    assert not [f for f in audit([first, first]).findings if f.check == "repeated"]


def test_samples_of_a_regression_and_of_its_description() -> None:
    head = ("Variable | N | Mean", "y | 400 | 0.5", "x | 420 | 0.5", "z | 420 | 0.7")
    table = made(" | (1)", "x | 0.51234***", " | (0.10123)", "N | 430")
    assert [f.check for f in audit([made(*head, "Max | 3 | 2.0"), table]).findings if f.check == "repeated"] == []
    described = made("Variable | N | Mean | Max", *(f"{r} | 3.0" for r in head[1:]))
    assert [f.check for f in audit([described, table]).findings] == ["repeated"]


def _groups(east: str, west: str, n: str = "200 | 300"):
    rows = (" | (1) | (2)", " | y | y", " | East | West", f"x | {east} | {west}", " | (0.100) | (0.100)", f"N | {n}")
    return made(*rows, title="Heterogeneity by region", name="u")


def test_parts_in_another_table() -> None:
    whole = made(" | (1) | (2)", " | y | z", "x | 0.450*** | 0.1", " | (0.100) | (0.1)", "N | 500 | 500")
    assert audit([whole, _groups("0.400***", "0.500***")]).findings == ()
    outside = audit([whole, _groups("0.200**", "0.300***")]).findings
    assert [(f.level, f.check, f.where) for f in outside] == [("suspicious", "pooled", "t: row 'x', column 1")]
    sums = audit([whole, _groups("0.400***", "0.500***", "200 | 290")]).findings
    assert [(f.level, f.check) for f in sums] == [("suspicious", "repeated")] and sums[0].possible.en == "500 in all"


def test_identities_across_tables() -> None:
    first = made(" | (1)", " | Ec", "x | 0.300***", " | (0.010)", "N | 90")
    second = made(
        " | (1) | (2)", " | Tr | Fi", "x | 0.200*** | 0.400***", " | (0.010) | (0.010)", "N | 90 | 90", name="u"
    )
    identity = ["Ec = (Tr + Fi) / 2"]
    assert audit([first, second], Given(identities=identity)).findings == ()
    wrong = made(" | (1)", " | Ec", "x | 0.305***", " | (0.010)", "N | 90")
    found_ = audit([wrong, second], Given(identities=identity)).findings
    assert [(f.level, f.check) for f in found_] == [("conditional", "identity")] and "u: row 'x'" in found_[0].where
    other = made(" | (1)", " | Ec", "x | 0.305***", " | (0.010)", "N | 80")
    assert audit([other, second], Given(identities=identity)).findings == ()


def test_what_002_prints() -> None:
    """Its five pooled slopes of TBI lie outside those of developed and developing countries."""
    done = audit([GLOBALISATION / f"002_t{k}.json" for k in (1, 3, 4, 5, 6)], Given(units=41, periods=15))
    pooled = [f.where for f in done.findings if f.check == "pooled"]
    assert pooled == [f"002_t{t}: row 'TBI', column {c}" for t, c in ((3, 3), (3, 4), (5, 1), (5, 2), (5, 3))]
    assert [(f.level, f.check) for f in done.findings if f.check != "pooled"] == [("suspicious", "groups")]


def test_rows_called_dummies_and_copied_columns() -> None:
    head = "Variable | N | Mean | Std. Dev. | Min | Max"
    assert found(head, "是否出口 | 30 | 0.55 | 0.40 | 0 | 1") == [("conditional", "grim")]
    assert found(head, "Exporter dummy | 30 | 0.57 | 0.50 | 0 | 1") == []
    rows = ("2000 | 0.1061 | 0.1061", "2001 | -0.0991 | -0.0991", "2002 | 0.1103 | 0.1103", "2003 | 0.2 | 0.2")
    assert found("Year | China | India", *rows) == [("suspicious", "copy")]
    assert found("Year | China | India", *rows[:3], "2003 | 0.2 | 0.3") == []


TEXT = (" | (1) | (2)", "x | 0.512** | -0.234", " | (0.240) | (0.200)", "N | 300 | 300")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("系数为0.512，不显著。", [("conditional", "claim")]),
        ("The coefficient of 0.512 is not significant.", [("conditional", "claim")]),
        ("The coefficient of 0.512 is not significant at the 1% level.", []),
        ("The coefficient of -0.234 is not significant.", []),
        ("The effect of x is positive (0.234).", [("conditional", "claim")]),
        ("x lowers y: the effect is negative (0.234).", []),
        ("The effect is positive (0.512).", []),
        ("The effect of 0.512 is larger than that of -0.234.", []),
        ("120 of 400 firms (30%) export.", []),
        ("120 of 400 firms (35%) export.", [("conditional", "percentage")]),
        ("Exports of 30.0 are 1.5 times imports.", []),
        ("A value of 0.60 is 2.0 times that of the mean (0.30).", []),
        ("A value of 0.60 is 3.0 times that of the mean (0.30).", [("conditional", "percentage")]),
        ("其值0.60是均值（0.30）的3.0倍。", [("conditional", "percentage")]),
        ("出口30家，占全部样本120家的25%。", []),
        ("出口30家，占全部样本120家的35%。", [("conditional", "percentage")]),
    ],
)
def test_the_text(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(*TEXT, text=text) == expected


def test_differences_that_the_text_asserts() -> None:
    rows = (" | East | West", "x | 0.512** | 0.434**", " | (0.240) | (0.200)", "N | 300 | 310")
    text = "The effect in the east (0.512) is larger than in the west (0.434)."
    assert found(*rows, text=text) == [("suspicious", "groups")]
    assert (
        found(*(r.replace("0.240", "0.010").replace("0.200", "0.010").replace("**", "***") for r in rows), text=text)
        == []
    )


def test_findings_are_in_both_languages() -> None:
    done = audit([made(*IV, "Anderson LM | | | | 9.81", "Cragg-Donald F | | | | 12.00")], Given())
    for f in done.findings:
        assert f.why.zh != f.why.en and any("\u4e00" <= c <= "\u9fff" for c in f.text("zh"))
    assert SE
