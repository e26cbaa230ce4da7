"""Factors, stepwise formulas and several outcomes."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import polars as pl
import pyfixest as pf
import pytest

import econloom as el
from econloom.core.errors import ExpressionError, UsageError
from econloom.panel.fit import Fits
from econloom.panel.formula import parse_formula, parse_formulas
from tests.panel.samples import dummies, random_panel

FRAME = random_panel(31, missing=0.04, balanced=True).with_columns(
    region=pl.col("province").map_elements(lambda k: "abcdefg"[k], return_dtype=pl.String),
    treat=pl.col("firm").rank("dense").mod(2) * 1.0,
    地区=pl.col("province").map_elements(lambda k: f"第{k}区", return_dtype=pl.String),
)


def terms(formula: str, frame: pl.DataFrame = FRAME) -> list[str]:
    return el.ols(formula, frame).tidy()["term"].to_list()  # type: ignore[union-attr]


def texts(formula: str) -> list[str]:
    return [m.text for m in parse_formulas(formula)]


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("y ~ x1 + i(x3)", ["x1", "x3::1", "x3::2", "(Intercept)"]),
        ("y ~ i(x3, ref=2)", ["x3::0", "x3::1", "(Intercept)"]),
        ("y ~ i(x3, ref=c(0, 2))", ["x3::1", "(Intercept)"]),
        ("y ~ i(x3, keep=[1])", ["x3::1", "(Intercept)"]),
        ("y ~ 0 + i(x3)", ["x3::0", "x3::1", "x3::2"]),
        ("y ~ 0 + i(x3) + factor(year)", ["x3::0", "x3::1", "x3::2"] + [f"factor(year){t}" for t in range(2001, 2005)]),
        ("y ~ i(x3, x1)", ["x3::0:x1", "x3::1:x1", "x3::2:x1", "(Intercept)"]),
        ("y ~ i(x3, x1, 0)", ["x3::1:x1", "x3::2:x1", "(Intercept)"]),
        ("y ~ i(x3, i.treat, ref=0, ref2=1) | firm", ["x3::1:treat::0", "x3::2:treat::0"]),
        ("y ~ x3:x1", ["x3:x1", "(Intercept)"]),
        (
            "y ~ factor(x3)*x1",
            ["factor(x3)1", "factor(x3)2", "x1", "factor(x3)1:x1", "factor(x3)2:x1", "(Intercept)"],
        ),
        ("y ~ factor(x3):i(x3, x1)", ["x3::0:x1", "x3::1:x1", "x3::2:x1", "(Intercept)"]),
    ],
)
def test_names(formula: str, names: list[str]) -> None:
    frame = FRAME.filter(pl.col("year") < 2005)
    assert terms(formula, frame) == names


def test_text_columns_are_factors() -> None:
    regions = sorted(FRAME["region"].unique())
    assert terms("y ~ region") == [*(f"region{r}" for r in regions[1:]), "(Intercept)"]
    assert terms("y ~ 0 + region") == [f"region{r}" for r in regions]
    assert terms("y ~ region:x1") == [*(f"region{r}:x1" for r in regions), "(Intercept)"]
    crossed = [*(f"region{r}" for r in regions[1:]), "x1", *(f"region{r}:x1" for r in regions[1:]), "(Intercept)"]
    assert terms("y ~ region*x1") == crossed
    assert terms("y ~ 地区")[0].startswith("地区第")
    categories = FRAME.with_columns(pl.col("region").cast(pl.Categorical))
    assert terms("y ~ region", categories) == terms("y ~ region")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("y ~ x1 + i(year, ref=2002)", "y ~ x1 + i(year, ref=2002)"),
        ("y ~ x1 + i(year, treat, ref=2001) | firm + year", "y ~ x1 + i(year, treat, ref=2001) | firm + year"),
        ("y ~ region*x1 + x2", "y ~ C(region)*x1 + x2"),
        ("y ~ x1*x2 + i(x3) | firm", "y ~ x1*x2 + C(x3) | firm"),
    ],
)
def test_pyfixest(ours: str, theirs: str) -> None:
    fit = el.ols(ours, FRAME, vcov=el.cluster("firm"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = pf.feols(theirs, FRAME.to_pandas(), vcov={"CRV1": "firm"}, fixef_tol=1e-11)
    for what, peer in (("estimate", other.coef()), ("std_error", other.se())):
        np.testing.assert_allclose(np.sort(fit.tidy()[what]), np.sort(peer.to_numpy()), rtol=1e-6, atol=1e-10)


def test_against_columns_made_by_hand() -> None:
    D = dummies(FRAME["year"])
    years = [int(t) for t in sorted(FRAME["year"].unique())]
    frame = FRAME.with_columns(**{f"d{t}": pl.Series(D[:, j]) * pl.col("treat") for j, t in enumerate(years)})
    made = " + ".join(f"d{t}" for t in years if t != 2003)
    a = el.ols("y ~ x1 + i(year, treat, ref=2003) | firm + year", FRAME, vcov=el.cluster("firm"))
    b = el.ols(f"y ~ x1 + {made} | firm + year", frame, vcov=el.cluster("firm"))
    np.testing.assert_allclose(a.vcov, b.vcov, rtol=1e-10)
    assert a.tidy()["term"][1] == f"year::{years[0]}:treat"


def test_levels_are_those_of_the_sample() -> None:
    """The base is the first level that the rows have, whatever the frame holds."""
    assert terms("y ~ i(year)", FRAME.filter(pl.col("year") > 2001))[0] == "year::2003"
    fit = el.ols("y ~ i(year)", FRAME, where="year > 2001 and year < 2004")
    assert fit.tidy()["term"].to_list() == ["year::2003", "(Intercept)"]
    holes = FRAME.with_columns(pl.when(pl.col("year") == 2002).then(None).otherwise(pl.col("region")).alias("region"))
    fit = el.ols("y ~ region", holes)
    assert {d.reason for d in fit.sample.drops} >= {"missing regressor region"}


def test_factors_among_instruments_and_shared_blocks() -> None:
    frame = FRAME.drop_nulls()
    fit = el.iv("y ~ x2 | firm | x1 ~ i(x3)", frame)
    assert fit.first_stage["x1"].tidy()["term"].to_list() == ["x2", "x3::1", "x3::2"]
    both = el.ols("y ~ x2 + csw(i(x3), i(year)) | firm", frame)
    assert both[0].absorbed is both[1].absorbed
    assert both[1].tidy()["term"].to_list()[:4] == ["x2", "x3::1", "x3::2", "year::2001"]


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("y ~ i(x3, ref=9)", "has no level 9(?s:.*)the sample has 0, 1, 2"),
        ("y ~ i(x3, keep=9)", "has no level 9"),
        ("y ~ i(region, ref='z')", "has no level z"),
        ("y ~ i(yeer)", "no column 'yeer', did you mean 'year'"),
        ("y ~ i(log(x1))", "takes a column first"),
        ("y ~ i(year, 2003)", "the second argument of i"),
        ("y ~ i(year, base=2003)", "no argument 'base'"),
        ("y ~ i(year, ref=x1)", "a level is a number or a quoted text"),
        ("y ~ log(i(year))", "cannot stand here"),
        ("y ~ x1:csw(x2, x3)", "stands by itself"),
        ("y ~ sw(x1, x2) + csw(x3, w)", "a second stepwise function"),
        ("y ~ sw()", r"sw\( \) takes terms"),
        ("y ~ x1 - sw(x1, x2)", r"sw\( \) takes terms"),
        ("y ~ x1 | firm | x2 ~ sw(w, x3)", "among the instruments"),
        ("y ~ x1 | firm | 1 ~ w", "the number 1 among the endogenous"),
        ("y ~ x1 | firm | x2 ~ w ~ x3", "a second '~'"),
        ("y ~ x1 | firm | year", "a third part must be instruments"),
        ("y ~ x1 | firm | x2 ~ w | year", "at most two"),
        ("y ~ x1 | x2 ~ ", "the instruments: nothing is there"),
        ("c(y, x1) + x2 ~ x3", "c[(] [)]"),
        ("c(y, ) ~ x3", "the outcome: nothing is there"),
        ("y ~ c(x1, x2)", "lists several outcomes"),
    ],
)
def test_errors_carry_a_caret(formula: str, words: str) -> None:
    with pytest.raises(ExpressionError, match=f"(?s){words}") as caught:
        el.iv(formula, FRAME) if formula.count("~") > 1 else el.ols(formula, FRAME)
    assert any(line.strip() == "^" for line in str(caught.value).splitlines())


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("y ~ sw(a, b)", ["y ~ a", "y ~ b"]),
        ("y ~ x + sw0(a, b + c)", ["y ~ x", "y ~ x + a", "y ~ x + b + c"]),
        ("y ~ csw(a, b, c)", ["y ~ a", "y ~ a + b", "y ~ a + b + c"]),
        ("y ~ csw0(a, `b c`) + x", ["y ~ x", "y ~ a + x", "y ~ a + `b c` + x"]),
        ("y ~ mvsw(a, b)", ["y ~ 1", "y ~ a", "y ~ b", "y ~ a + b"]),
        ("c(y, log(z / 2)) ~ a", ["y ~ a", "log(z / 2) ~ a"]),
        ("y ~ a | sw(0, f, f^g)", ["y ~ a", "y ~ a | f", "y ~ a | f^g"]),
        ("y ~ a | csw0(f, g)", ["y ~ a", "y ~ a | f", "y ~ a | f + g"]),
        ("y ~ 0 + csw(a, b)", ["y ~ 0 + a", "y ~ 0 + a + b"]),
        ("c(产出, z) ~ sw(a, b) | f | e ~ i", [
            "产出 ~ a | f | e ~ i", "产出 ~ b | f | e ~ i", "z ~ a | f | e ~ i", "z ~ b | f | e ~ i",
        ]),
        ("c(y, z) ~ a | sw(f, g)", ["y ~ a | f", "z ~ a | f", "y ~ a | g", "z ~ a | g"]),
    ],
)  # fmt: skip
def test_several_models(formula: str, expected: list[str]) -> None:
    assert texts(formula) == expected
    for text in expected:
        (again,) = parse_formulas(text)
        assert again.text == text


def test_one_model_is_asked_for() -> None:
    with pytest.raises(UsageError, match="has 2"):
        parse_formula("y ~ sw(a, b)")
    with pytest.raises(UsageError, match="at most 1,000"):
        parse_formulas("y ~ mvsw(a, b, c, d, e, f, g, h, j, k, l)")


def test_fits() -> None:
    fits: Any = el.ols("c(y, x2) ~ x1 + csw0(x3, w) | sw(firm, firm + year)", FRAME, vcov=el.cluster("firm"))
    assert isinstance(fits, Fits)
    assert len(fits) == 12
    assert isinstance(fits[2:4], Fits)
    tidy = fits.tidy()
    assert tidy.columns[:3] == ["model", "formula", "term"]
    assert tidy["model"].unique().to_list() == list(range(1, 13))
    alone = el.ols("x2 ~ x1 + x3 | firm + year", FRAME, vcov=el.cluster("firm"))
    np.testing.assert_allclose(fits[10].vcov, alone.vcov, rtol=1e-10)
    assert fits[10].request.model.text == "x2 ~ x1 + x3 | firm + year"
    assert fits.glance().height == 12
    assert fits.with_vcov(el.iid())[0].request.vcov == el.iid()
    assert repr(fits).startswith("[1] y ~ x1 | firm")
    assert fits._repr_html_().count("<table>") == 12
    assert len(pickle.loads(pickle.dumps(fits))) == 12
    table = el.etable(fits[:3])
    assert len(table.header[0]) == 3


def test_chinese_names() -> None:
    frame = FRAME.rename({"x1": "贸易", "x2": "人均 GDP", "firm": "城市"})
    fits: Any = el.ols("y ~ csw(贸易, `人均 GDP`) | 城市", frame)
    assert fits[1].tidy()["term"].to_list() == ["贸易", "人均 GDP"]
    with pytest.raises(ExpressionError) as caught:
        el.ols("y ~ 贸易 + 贸 | 城市", frame)
    assert str(caught.value).splitlines()[2].index("^") - 4 == len("y ~ 贸易 + ") + 2


def test_lags_next_to_factors() -> None:
    fit = el.ols("y ~ l(x1, 1) + i(x3) | firm", FRAME, unit="firm", time="year")
    assert fit.tidy()["term"].to_list() == ["l(x1, 1)", "x3::1", "x3::2"]
