"""Leaving groups out against plain fits on the other rows, one by one."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EconloomError, EstimationError, UsageError
from tests.panel.designs.test_specifications import firms

FIRMS = firms().with_columns(
    # some firms move, so that effects and clusters are not all nested; one product a row, as a third way of grouping
    province=pl.when((pl.col("firm") % 7 == 0) & (pl.col("year") > 2004)).then(pl.lit("east")).otherwise("province"),
    product=(pl.col("firm") * 13 + pl.col("year") * 7) % 11,
)


def compare(found: el.influence.Influence, frame: pl.DataFrame, formula: str, **options: object) -> None:
    """Every row against the fit on the rows that do not have its value."""
    for (value,), part in found.tidy().group_by(["left_out"], maintain_order=True):
        others = frame.filter(pl.col(found.by).ne_missing(value))
        try:
            alone = el.ols(formula, others, **options)
        except EconloomError:
            assert part["estimate"].null_count() == len(part) and part["note"].null_count() == 0
            continue
        for row in part.iter_rows(named=True):
            one = alone.summary.coefficient(row["term"])
            assert row["n"] == alone.design.n and row["rows"] == found.fit.design.n - alone.design.n
            if one is None:
                assert row["estimate"] is None and row["note"]
                continue
            for name in ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"):
                expected = getattr(one, name)
                got = float("nan") if row[name] is None else row[name]
                assert got == pytest.approx(expected, rel=1e-8, abs=1e-10, nan_ok=True), (value, row["term"], name)


EFFECTS = ["", " | firm", " | firm + year", " | firm + year + province^year", " | province + year"]


@pytest.mark.parametrize("effects", EFFECTS)
@pytest.mark.parametrize("by", ["firm", "year", "product"])
@pytest.mark.parametrize("vcov", [el.iid(), el.hc1(), el.cluster("province")], ids=str)
def test_as_plain_fits(effects: str, by: str, vcov: object) -> None:
    formula = f"y ~ x + c{effects}"
    fit = el.ols(formula, FIRMS, vcov=vcov)
    found = el.influence.leave_one_out(fit, by)
    assert found.afresh <= 3
    some = found.tidy()["left_out"].unique().sort().sample(min(3, FIRMS[by].n_unique()), seed=2)
    part = found.tidy().filter(pl.col("left_out").is_in(some.implode()))
    compare(el.influence.Influence(fit, by, found.terms, part, 0), FIRMS, formula, vcov=vcov)


@pytest.mark.parametrize("ssc", ["reghdfe", "areg", "xtreg", "none"])
def test_conventions_count_anew(ssc: str) -> None:
    formula = "y ~ x + a | firm + year" if ssc == "xtreg" else "y ~ x + a | firm + province^year + product"
    fit = el.ols(formula, FIRMS, vcov=el.cluster("firm"), ssc=ssc)
    found = el.influence.leave_one_out(fit, "firm", "x")
    part = found.tidy().head(8)
    compare(el.influence.Influence(fit, "firm", ("x",), part, 0), FIRMS, formula, vcov=el.cluster("firm"), ssc=ssc)


def test_weights() -> None:
    for effects in ("", " | firm + year", " | province^year"):
        for vcov in (el.iid(), el.hc1(), el.cluster("firm")):
            formula = f"y ~ x + c{effects}"
            fit = el.ols(formula, FIRMS, vcov=vcov, weights="w")
            found = el.influence.leave_one_out(fit, "product")
            compare(found, FIRMS, formula, vcov=vcov, weights="w")


def test_new_singletons_are_dropped_where_the_fit_drops_them() -> None:
    frame = FIRMS.with_columns(cell=(pl.col("firm") * 5 + pl.col("year")) % 90)
    formula = "y ~ x | firm + cell"
    options = {"vcov": el.cluster("firm"), "singletons": "drop"}
    fit = el.ols(formula, frame, **options)
    found = el.influence.leave_one_out(fit, "year")
    assert (found.tidy()["rows"] > 0).all()
    cascade = found.tidy().join(frame[fit.design.rows].group_by("year").len(), left_on="left_out", right_on="year")
    assert (cascade["rows"] > cascade["len"]).any()
    compare(found, frame, formula, **options)


def test_no_intercept_and_the_constant() -> None:
    fit = el.ols("y ~ 0 + x + c", FIRMS, vcov=el.hc1())
    compare(el.influence.leave_one_out(fit, "product"), FIRMS, "y ~ 0 + x + c", vcov=el.hc1())
    fit = el.ols("y ~ x", FIRMS, vcov=el.hc1())
    found = el.influence.leave_one_out(fit, "product", ["x", "(Intercept)"])
    assert found.afresh == 11
    compare(found, FIRMS, "y ~ x", vcov=el.hc1())


def test_covariances_of_all_coefficients_are_estimated_afresh() -> None:
    for vcov in (el.cluster("firm", "year"), el.cr2("province"), el.hc3()):
        fit = el.ols("y ~ x | firm", FIRMS, vcov=vcov)
        found = el.influence.leave_one_out(fit, "year", "x")
        assert found.afresh == 8
        compare(found, FIRMS, "y ~ x | firm", vcov=vcov)


def test_instruments_and_slopes() -> None:
    fit = el.iv("y ~ c | firm | x ~ z", FIRMS, vcov=el.cluster("firm"))
    found = el.influence.leave_one_out(fit, "year", "x")
    value = found.tidy().row(3, named=True)
    alone = el.iv("y ~ c | firm | x ~ z", FIRMS.filter(pl.col("year") != value["left_out"]), vcov=el.cluster("firm"))
    assert value["estimate"] == pytest.approx(alone.summary.coefficient("x").estimate, rel=1e-10)
    fit = el.ols("y ~ x | province[c]", FIRMS, vcov=el.hc1())
    compare(el.influence.leave_one_out(fit, "product"), FIRMS, "y ~ x | province[c]", vcov=el.hc1())


def test_a_group_that_carries_the_regressor_leaves_none() -> None:
    frame = FIRMS.with_columns(only=pl.when(pl.col("firm") == 3).then("x").otherwise(0.0))
    fit = el.ols("y ~ x + only | firm + year", frame, vcov=el.hc1())
    found = el.influence.leave_one_out(fit, "firm")
    row = found.tidy().filter(left_out=3, term="only").row(0, named=True)
    assert row["estimate"] is None and "only left out: " in row["note"]
    assert found.failures["left_out"].to_list() == [3]
    assert found.summary()["no_estimate"].to_list() == [0, 1]
    kept = found.tidy().filter(left_out=3, term="x").row(0, named=True)
    without = el.ols("y ~ x | firm + year", frame.filter(pl.col("firm") != 3), vcov=el.hc1())
    assert kept["estimate"] == pytest.approx(without.summary.coefficient("x").estimate, rel=1e-10)


def test_one_cluster_left_and_no_degrees_of_freedom() -> None:
    two = FIRMS.filter(pl.col("firm") < 2)
    found = el.influence.leave_one_out(el.ols("y ~ x | firm", two, vcov=el.cluster("firm")), "firm")
    assert found.tidy()["estimate"].null_count() == 2
    assert all("cluster" in note for note in found.tidy()["note"])
    few = FIRMS.filter(pl.col("firm") < 2).group_by("firm").head(3)
    found = el.influence.leave_one_out(el.ols("y ~ x + c | firm", few), "firm")
    assert found.tidy()["estimate"].null_count() == len(found.tidy())


def test_rows_without_a_value_stay() -> None:
    frame = FIRMS.with_columns(city=pl.when(pl.col("firm") % 4 > 0).then(pl.col("firm") % 9))
    found = el.influence.leave_one_out(el.ols("y ~ x | firm", frame, vcov=el.hc1()), "city")
    assert found.tidy()["left_out"].null_count() == 0
    compare(found, frame, "y ~ x | firm", vcov=el.hc1())


def test_large_groups_are_estimated_afresh_with_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = el.ols("y ~ x + a | firm + province^year", FIRMS, vcov=el.cluster("firm"), weights="w")
    direct = el.influence.leave_one_out(fit, "firm")
    monkeypatch.setattr("econloom.panel.designs.influence.running.SMALL", 0)
    afresh = el.influence.leave_one_out(fit, "firm")
    assert direct.afresh == 0 and afresh.afresh == 40
    for name in ("estimate", "std_error", "p_value", "dfbetas"):
        np.testing.assert_allclose(direct.tidy()[name], afresh.tidy()[name], rtol=1e-9, atol=1e-12)


def test_what_it_says() -> None:
    fit = el.ols("y ~ x + c | firm + year", FIRMS, vcov=el.cluster("firm"), unit="firm")
    found = el.influence.leave_one_out(fit)
    assert found.by == "firm" and found.terms == ("x", "c")
    frame = found.tidy().filter(term="x")
    whole = fit.summary.coefficient("x").estimate
    np.testing.assert_allclose(frame["change"], frame["estimate"] - whole, rtol=0, atol=1e-14)
    np.testing.assert_allclose(frame["dfbetas"], -frame["change"] / frame["std_error"], rtol=1e-12)
    top = found.most_influential(3)
    assert top["change"].abs().to_list() == frame["change"].abs().sort(descending=True).head(3).to_list()
    summary = found.summary().row(0, named=True)
    assert summary["smallest"] == frame["estimate"].min() and summary["largest"] == frame["estimate"].max()
    assert summary["sign_changes"] == int(((frame["estimate"] > 0) != (whole > 0)).sum())
    assert "40 groups of firm left out" in repr(found) and "<table" in found._repr_html_()
    quick = el.influence.leave_one_out(fit, terms="x", std_errors=False)
    np.testing.assert_allclose(quick.tidy()["estimate"], frame["estimate"], rtol=1e-12)
    assert quick.tidy()["std_error"].null_count() == 40
    pair = el.influence.leave_one_out(fit, "province^year", "x")
    assert pair.tidy()["left_out"][0] == "east^2000"


def test_wrong_input() -> None:
    fit = el.ols("y ~ x | firm", FIRMS)
    with pytest.raises(UsageError, match="did you mean 'firm'"):
        el.influence.leave_one_out(fit, "firmm")
    with pytest.raises(UsageError, match="is not the name of a column"):
        el.influence.leave_one_out(fit, 3)
    with pytest.raises(UsageError, match="is no list of names"):
        el.influence.leave_one_out(fit, "firm", 3)
    with pytest.raises(UsageError, match="no coefficient 'xx'"):
        el.influence.leave_one_out(fit, "firm", "xx")
    with pytest.raises(UsageError, match="no coefficient"):
        el.influence.leave_one_out(fit, "firm", [])
    with pytest.raises(UsageError, match="name a column"):
        el.influence.leave_one_out(el.ols("y ~ x", FIRMS))
    with pytest.raises(UsageError, match=r"a fit of el\.ols or el\.iv"):
        el.influence.leave_one_out(el.poisson("size ~ x", FIRMS), "firm")
    with pytest.raises(EstimationError, match="none can be left out"):
        el.influence.leave_one_out(el.ols("y ~ x", FIRMS.filter(pl.col("firm") == 1)), "firm")
