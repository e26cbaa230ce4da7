"""The specification curve against plain fits, one by one."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EstimationError, ExpressionError, UsageError


def firms(seed: int = 5, number: int = 40, years: int = 8) -> pl.DataFrame:
    """An unbalanced panel with gaps in some controls, weights, a text column and an instrument."""
    rng = np.random.default_rng(seed)
    firm, year = (a.ravel() for a in np.meshgrid(np.arange(number), np.arange(2000, 2000 + years), indexing="ij"))
    keep = np.sort(rng.choice(len(firm), size=int(0.9 * len(firm)), replace=False))
    firm, year = firm[keep], year[keep]
    n = len(firm)
    z = rng.normal(size=n)
    a, b, c = rng.normal(size=(3, n)) + 0.3 * z
    x = 0.7 * z + 0.4 * a + rng.normal(size=n) + 0.1 * firm
    columns = {
        "firm": firm, "year": year, "province": np.array(["east", "mid", "west"])[firm % 3],
        "x": x, "x2": rng.normal(size=n) + 0.5 * x, "z": z, "c": c,
        "a": np.where(rng.random(n) < 0.05, np.nan, a), "b": np.where(rng.random(n) < 0.05, np.nan, b),
        "w": rng.uniform(0.5, 2, size=n), "size": np.exp(rng.normal(size=n)), "flat": np.ones(n), "fixed": firm * 2.0,
        "y": 0.5 * x + 0.3 * a - 0.2 * np.nan_to_num(b) + rng.normal(size=n) + 0.05 * firm,
        "y2": rng.normal(size=n) + 0.2 * x,
    }  # fmt: skip
    return pl.DataFrame(columns)


FIRMS = firms()
EFFECTS = ["", "firm + year", "firm + province^year"]


def compare(curve: el.specifications.Curve, rtol: float = 1e-10) -> None:
    """Every row against the fit of its specification alone."""
    for row in curve.tidy().iter_rows(named=True):
        fit = curve.refit(row["number"])
        alone = fit.summary.coefficient(row["term"])
        assert alone is not None
        for name in ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"):
            if row[name] is None:
                assert np.isnan(getattr(alone, name))
            else:
                assert row[name] == pytest.approx(getattr(alone, name), rel=rtol, abs=1e-12), (row["formula"], name)
        assert row["n"] == fit.design.n
        assert row["n_clusters"] == fit.glance_values["n_clusters"]
        assert row["formula"] == fit.request.model.text
        assert row["df"] == (fit.inference.df if fit.inference.dfs is None else row["df"])


@pytest.mark.parametrize("ssc", ["fixest", "reghdfe", "none"])
def test_every_specification_is_its_plain_fit(ssc: str) -> None:
    found = el.specifications.curve(
        FIRMS, ["y", "log(size)"], ["x", "x2"], controls=["a", "b", "c + I(c^2)"],
        samples={"all": None, "late": "year > 2003"}, effects=EFFECTS,
        vcov=[el.iid(), el.hc1(), el.cluster("firm")], weights=[None, "w"], ssc=ssc,
    )  # fmt: skip
    assert len(found.specifications) == 2 * 2 * 8 * 2 * 3 * 3 * 2
    assert not found.failed
    assert found.row_sets == 4 * 2 * 3 * 2  # rows differ by the controls with gaps only
    some = found.tidy().sample(16 if ssc == "fixest" else 6, seed=1)
    compare(el.specifications.Curve(found.setting, found.specifications, some, (), 0.05, None, 0))


def test_rows_depend_on_controls_unless_a_common_sample_is_asked_for() -> None:
    own = el.specifications.curve(FIRMS, "y", "x", controls=["a", "b"], effects="firm + year")
    assert own.tidy()["n"].n_unique() == 4
    common = el.specifications.curve(FIRMS, "y", "x", controls=["a", "b"], effects="firm + year", common_sample=True)
    whole = FIRMS.drop_nulls().filter(pl.col("a").is_not_nan() & pl.col("b").is_not_nan()).height
    assert common.tidy()["n"].to_list() == [whole] * 4
    assert common.row_sets == 1
    compare(common)


def test_singletons_are_dropped_as_a_plain_fit_drops_them() -> None:
    rare = FIRMS.with_columns(cell=pl.when(pl.col("year") == 2003).then(pl.col("firm")).otherwise(pl.lit(-1)))
    for common in (False, True):
        found = el.specifications.curve(
            rare, "y", "x", controls=["a", "b"], effects=["cell", "firm + cell"], vcov=el.cluster("firm"),
            singletons="drop", common_sample=common,
        )  # fmt: skip
        assert max(found.tidy()["n"]) < FIRMS.height
        compare(found)


def test_covariances_that_need_all_coefficients_go_through_the_estimator() -> None:
    vcov = {
        "two ways": el.cluster("firm", "year"), "cr2": el.cr2("firm"), "hc3": el.hc3(),
        "wild": el.wild("firm", draws=199),
    }  # fmt: skip
    found = el.specifications.curve(FIRMS, "y", "x", controls=["a", "c"], effects=["", "firm + year"], vcov=vcov)
    assert not found.failed
    assert set(found.tidy()["vcov"]) == set(vcov)
    compare(found)


def test_instruments() -> None:
    found = el.specifications.curve(
        FIRMS, "y", "x", controls=["a", "c"], effects=EFFECTS, vcov=el.cluster("firm"), instruments="z"
    )
    assert "| x ~ z" in found.tidy()["formula"][0]
    compare(found)


def test_factors_among_the_controls() -> None:
    found = el.specifications.curve(FIRMS, "y", "x", controls=["i(year)", "province"], vcov=el.hc1())
    assert not found.failed
    compare(found)


def test_failures_are_listed_with_their_reasons() -> None:
    found = el.specifications.curve(
        FIRMS, "y", ["x", "fixed", "flat"], controls=["c"], effects="firm + year",
        samples={"all": None, "nobody": "year > 3000", "one firm": "firm == 3"}, vcov=el.cluster("firm"),
    )  # fmt: skip
    reasons = {(f.specification.term, f.specification.sample): f.reason for f in found.failed}
    assert reasons["fixed", "all"] == "fixed left out: absorbed by the effects"
    assert reasons["flat", "all"] == "flat left out: holds one value"
    assert reasons["x", "nobody"].startswith("no rows are left")
    assert "does not vary within the effects" in reasons["x", "one firm"]
    alone = el.specifications.curve(
        FIRMS, "y", "x", samples={"all": None, "one firm": "firm == 3"}, vcov=el.cluster("firm")
    )
    assert "one cluster of 'firm'" in alone.failed[0].reason
    assert len(found.tidy()) == 2
    assert len(found.failures()) == len(found.specifications) - 2
    assert found.failures().columns[-1] == "reason"


def test_a_collinear_focal_regressor_and_controls_left_out() -> None:
    frame = FIRMS.with_columns(double=2 * pl.col("x"))
    found = el.specifications.curve(frame, "y", "x", controls=["double", "fixed"], effects="firm")
    assert dict(zip(found.tidy()["controls"], found.tidy()["removed"], strict=True)) == {
        "": None, "double": "double (collinear with x)", "fixed": "fixed (absorbed by the effects)",
        "double + fixed": "fixed (absorbed by the effects), double (collinear with x)",
    }  # fmt: skip
    compare(found)


def test_a_perfect_fit_has_no_standard_error() -> None:
    frame = FIRMS.with_columns(twice=2 * pl.col("x"))
    found = el.specifications.curve(frame, "twice", "x", controls=["c"], vcov=el.hc1())
    assert found.tidy()["std_error"].to_list() == [None, None]
    assert "fits perfectly" in found.tidy()["note"][0]
    assert found.tidy()["estimate"].to_list() == pytest.approx([2.0, 2.0])


def test_the_summary_counts() -> None:
    found = el.specifications.curve(FIRMS, ["y", "y2"], "x", controls=["a", "c"], effects=EFFECTS, vcov=el.hc1())
    frame = found.tidy()
    assert found.median == pytest.approx(float(np.median(frame["estimate"])))
    assert found.share_significant == pytest.approx((frame["p_value"] < 0.05).mean())
    by = found.summary("outcome")
    assert by["specifications"].to_list() == [12, 12]
    assert by["share_positive"].to_list() == [
        (frame.filter(pl.col("outcome") == o)["estimate"] > 0).mean() for o in ("y", "y2")
    ]
    assert "specification curve of 24 specifications" in repr(found)
    assert "<table" in found._repr_html_()


def test_listed_sets_and_what_is_always_in() -> None:
    found = el.specifications.curve(FIRMS, "y", "x", control_sets=[[], ["a"], ["a", "b"]], always="c")
    assert found.tidy()["controls"].to_list() == ["c", "c + a", "c + a + b"]
    assert found.tidy()["n_controls"].to_list() == [1, 2, 3]


def test_the_preferred_specification_is_named_beforehand() -> None:
    ask = {"controls": ["a", "b"], "effects": ["", "firm + year"]}
    found = el.specifications.curve(
        FIRMS, "y", "x", preferred={"controls": ["b", "a"], "effects": "firm + year"}, **ask
    )
    assert found.preferred is not None
    assert found.specification(found.preferred).controls == ("a", "b")
    with pytest.raises(UsageError, match="2 specifications have"):
        el.specifications.curve(FIRMS, "y", "x", preferred={"controls": "a"}, **ask)
    with pytest.raises(UsageError, match="no specification has"):
        el.specifications.curve(FIRMS, "y", "x", preferred={"controls": "z"}, **ask)
    with pytest.raises(UsageError, match="did you mean 'controls'"):
        el.specifications.curve(FIRMS, "y", "x", preferred={"control": "a"}, **ask)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"controls": ["a", "a"]}, UsageError, "comes twice"),
        ({"controls": ["aa"]}, ExpressionError, "no column 'aa'"),
        ({"controls": [f"c{n}" for n in range(20)]}, UsageError, "subsets"),
        ({"controls": ["a"], "always": ["a"]}, UsageError, "always in and a choice too"),
        ({"controls": ["a"], "control_sets": [["b"]]}, UsageError, "one of the two"),
        ({"control_sets": [["a", "b"], ["b", "a"]]}, UsageError, "comes twice"),
        ({"controls": ["x"]}, UsageError, "among the controls"),
        ({"effects": "frm"}, ExpressionError, "no column 'frm'"),
        ({"samples": {"late": 3}}, UsageError, "conditions by name"),
        ({"samples": "yeer > 2000"}, ExpressionError, "yeer"),
        ({"vcov": [el.hc1(), el.hc1()]}, UsageError, "comes twice"),
        ({"vcov": "hc1"}, UsageError, "is no covariance"),
        ({"weights": ["w", "w"]}, UsageError, "each once"),
        ({"level": 5}, UsageError, "between 0 and 1"),
        ({"terms": "province"}, UsageError, "is a factor"),
        ({"terms": "x + c"}, UsageError, "stands for 2 terms"),
        ({"terms": []}, UsageError, "name at least one"),
        ({"controls": 3}, UsageError, "a text or a list of texts"),
        ({"control_sets": [3]}, UsageError, "a text or a list of texts"),
        ({"control_sets": 3}, UsageError, "a list of sets"),
        ({"samples": 5}, UsageError, "a text or a list of texts"),
        ({"effects": [None]}, UsageError, "None is no text"),
        ({"preferred": {"controls": 3}}, UsageError, "controls are a list of texts"),
        ({"instruments": {"y": "z"}}, UsageError, "no term 'y'"),
        ({"samples": {"nobody": "year > 3000"}}, EstimationError, "none of 1 specification has an estimate"),
    ],
)
def test_wrong_input(given: dict[str, object], error: type[Exception], words: str) -> None:
    ask = {"outcomes": "y", "terms": "x", **given}
    with pytest.raises(error, match=words):
        el.specifications.curve(FIRMS, **ask)


def test_progress_reaches_the_end_and_data_stay_untouched() -> None:
    before = FIRMS.clone()
    seen: list[tuple[int, int]] = []
    found = el.specifications.curve(
        FIRMS, "y", ["x", "flat"], controls=["a", "c"], vcov=[el.hc1(), el.cluster("firm", "year")],
        progress=lambda done, number: seen.append((done, number)),
    )  # fmt: skip
    assert seen[-1] == (16, 16)
    assert [d for d, _ in seen] == sorted(d for d, _ in seen)
    assert FIRMS.equals(before)
    assert found.tidy().equals(el.specifications.curve(
        FIRMS, "y", ["x", "flat"], controls=["a", "c"], vcov=[el.hc1(), el.cluster("firm", "year")],
    ).tidy())  # fmt: skip


def test_no_such_number() -> None:
    found = el.specifications.curve(FIRMS, "y", "x")
    with pytest.raises(UsageError, match="they go from 1 to 1"):
        found.refit(2)
