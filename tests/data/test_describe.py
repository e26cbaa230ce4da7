"""Moments, correlations and variance inflation against numpy, scipy and statsmodels."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats
from statsmodels.stats.outliers_influence import variance_inflation_factor

from econloom.core.errors import DataError, EstimationError
from econloom.core.frame import Panel
from econloom.data.describe import correlations, descriptive, variance_inflation

RNG = np.random.default_rng(5)
X = RNG.normal(size=(40, 3)) @ np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.3], [0.0, 0.0, 1.0]])


def panel() -> Panel:
    frame = pl.DataFrame({"u": np.repeat(list("abcd"), 10), "t": list(range(10)) * 4, "x": X[:, 0], "y": X[:, 1]})
    return Panel.build(
        frame.with_columns(pl.when(pl.col("t") == 3).then(None).otherwise(pl.col("y")).alias("y")), "u", "t"
    )


def test_moments_are_those_of_numpy() -> None:
    found = descriptive(panel(), ["x", "y"])
    x = X[:, 0]
    assert found["x"]["n"] == 40 and found["y"]["n"] == 36
    assert found["x"]["mean"] == pytest.approx(x.mean(), rel=1e-14)
    assert found["x"]["sd"] == pytest.approx(x.std(ddof=1), rel=1e-14)
    assert found["x"]["p25"] == pytest.approx(np.percentile(x, 25), rel=1e-14)
    place = int(x.argmax())
    assert found["x"]["max_at"] == f"{'abcd'[place // 10]} {place % 10}"


def test_a_column_without_values_has_no_moments_and_text_is_refused() -> None:
    empty = panel().with_column("e", pl.Series([None] * 40, dtype=pl.Float64))
    assert descriptive(empty, ["e"])["e"] == dict.fromkeys(descriptive(empty, ["x"])["x"], None) | {"n": 0}
    with pytest.raises(DataError, match="holds String, not numbers"):
        descriptive(panel(), ["u"])


def test_correlations_use_the_rows_that_have_both() -> None:
    values, p_values = correlations(panel(), ["x", "y"])
    both = panel().frame.drop_nulls("y")
    oracle = stats.pearsonr(both["x"], both["y"])
    assert values["x", "y"] == pytest.approx(oracle.statistic, rel=1e-12)
    assert p_values["x", "y"] == pytest.approx(oracle.pvalue, rel=1e-10)
    constant = panel().with_column("c", pl.Series([1.0] * 40))
    assert correlations(constant, ["x", "c"])[0]["x", "c"] is None


def test_variance_inflation_is_that_of_statsmodels() -> None:
    design = np.column_stack([np.ones(40), X])
    oracle = [variance_inflation_factor(design, j) for j in (1, 2, 3)]
    assert list(variance_inflation({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2]}).values()) == pytest.approx(
        oracle, rel=1e-10
    )


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": X[:, 0]}, "at least two"),
        ({"a": X[:, 0], "b": 2 * X[:, 0]}, "collinear"),
        ({"a": X[:, 0], "b": np.ones(40)}, "'b' does not vary"),
        ({"a": X[:2, 0], "b": X[:2, 1]}, "2 complete rows"),
    ],
)
def test_variance_inflation_refuses(columns: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(EstimationError, match=message):
        variance_inflation(columns)
