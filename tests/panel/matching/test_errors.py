"""What is refused, and with what words."""

from __future__ import annotations

import re

import polars as pl
import pytest

import econloom as el
from econloom.core.errors import DataError, EconloomError, EstimationError, UsageError
from tests.panel.matching.samples import random_rows

FRAME = random_rows(1, 80).with_columns(one=1.0, two=pl.col("d") + 1, name=pl.lit("a"))
WRONG: list[tuple[str, dict[str, object], type[EconloomError], str]] = [
    ("two ~ s", {}, DataError, "the treatment 'two' is 0 or 1, but holds 2"),
    ("name ~ s", {}, DataError, "the treatment 'name' holds text"),
    ("one ~ s", {}, EstimationError, "no untreated row"),
    ("d ~ s", {"where": "d == 0"}, EstimationError, "no treated row"),
    ("d ~ s", {"where": "s > 9"}, EstimationError, "no rows are left"),
    ("d ~ one", {}, EstimationError, "no covariate tells rows apart: one (holds one value)"),
    ("d ~ 1", {}, UsageError, "needs covariates"),
    ("d ~ s | g", {}, UsageError, "takes no effects"),
    ("d ~ ss", {}, UsageError, "did you mean 's'?"),
    ("d ~ s", {"exact": "gg"}, UsageError, "exact: no column 'gg', did you mean 'g'?"),
    ("d ~ s", {"outcome": "yy"}, UsageError, "no column 'yy', did you mean 'y'?"),
    ("d ~ s", {"method": "neares"}, UsageError, "no method 'neares', did you mean 'nearest'?"),
    ("d ~ s", {"score": "logitt"}, UsageError, "did you mean 'logit'?"),
    ("d ~ s", {"k": 0}, UsageError, "k: a whole number from 1"),
    ("d ~ s", {"k": 2.0}, UsageError, "k: a whole number from 1"),
    ("d ~ s", {"k": 80}, EstimationError, "k = 80 matches for each row, but there are"),
    ("d ~ s", {"k": 80, "replacement": False}, EstimationError, "k = 80 matches for each row, but there are"),
    ("d ~ s", {"caliper": -1}, UsageError, "caliper: a positive number"),
    ("d ~ s", {"caliper": float("nan")}, UsageError, "caliper: a positive number"),
    ("d ~ s", {"caliper": 1e-12}, EstimationError, "no treated row has a match within the caliper"),
    ("d ~ s", {"method": "kernel", "bandwidth": 1e-12}, EstimationError, "within the bandwidth"),
    ("d ~ s", {"support": "range", "trim": (0.98, 0.99)}, EstimationError, "no common support"),
    ("d ~ s", {"support": "range"}, UsageError, "needs two scores"),
    ("d ~ s", {"support": "density", "trim": 5}, UsageError, "trim=0.05: 5 per cent"),
    ("d ~ s", {"trim": 0.1}, UsageError, "trim belongs to support"),
    ("d ~ s", {"ties": "random"}, UsageError, "needs a seed"),
    ("d ~ s", {"ties": "all", "replacement": False}, UsageError, "needs matching with replacement"),
    ("d ~ s", {"estimand": "ate", "replacement": False}, UsageError, "needs matching with replacement"),
    ("d ~ s", {"order": "largest"}, UsageError, "only without replacement"),
    ("d ~ s", {"method": "radius"}, UsageError, "needs the radius"),
    ("d ~ s", {"method": "kernel", "k": 3}, UsageError, "k belongs to method='nearest'"),
    ("d ~ s", {"method": "kernel", "distance": "mahalanobis"}, UsageError, "needs distance='score'"),
    ("d ~ s", {"method": "ipw", "exact": "g"}, UsageError, "no exact matching"),
    ("d ~ s", {"method": "ipw", "caliper": 0.1}, UsageError, "caliper does not belong"),
    ("d ~ s", {"form": "plain"}, UsageError, "belong to method='ipw'"),
    ("d ~ s", {"errors": "bootstrap", "seed": 1}, UsageError, "the bootstrap fails for nearest neighbours"),
    ("d ~ s", {"errors": "estimated_score", "ties": "first"}, UsageError, "needs matching on the score"),
    ("d ~ s", {"distance": "mahalanobis", "caliper": 0.2}, UsageError, "caliper_in='raw'"),
    ("d ~ s", {"on": "s"}, UsageError, "on belongs to distances of columns"),
    ("d ~ s", {"on": "one", "distance": "scaled"}, EstimationError, "do not vary"),
    ("d ~ s", {"bias_adjust": ["q"], "outcome": "y"}, UsageError, "bias_adjust: no covariate 'q'"),
    ("d ~ s", {"exact": [1]}, UsageError, "names of columns are needed"),
]


@pytest.mark.parametrize(("formula", "options", "kind", "says"), WRONG, ids=[f"{f} {o}" for f, o, _, _ in WRONG])
def test_it_is_refused(formula: str, options: dict[str, object], kind: type[EconloomError], says: str) -> None:
    with pytest.raises(kind, match=re.escape(says)):
        el.matching.match(formula, FRAME, **options)


def test_missing_values_are_counted_and_rows_keep_their_places() -> None:
    frame = FRAME.with_columns(
        s=pl.when(pl.int_range(80) < 5).then(None).otherwise(pl.col("s")),
        y=pl.when(pl.int_range(80) == 10).then(None).otherwise(pl.col("y")),
        g=pl.when(pl.int_range(80) == 11).then(None).otherwise(pl.col("g")),
    )
    made = el.matching.match("d ~ s + x1", frame, "y", exact="g")
    lost = {d.reason: d.rows for d in made.sample.drops}
    assert lost["missing regressor s"] == 5 and lost["missing outcome y"] == 1 and lost["missing g (exact)"] == 1
    assert made.rows.n == 73 and made.by_row["row"].to_list()[:5] == [5, 6, 7, 8, 9]
    assert made.by_row["treated"].cast(int).to_list() == frame["d"].gather(made.by_row["row"]).to_list()
    assert not frame["g"].gather(made.pairs()["row"]).equals(made.pairs()["row"])
    pairs = made.pairs()
    assert frame["g"].gather(pairs["row"]).to_list() == frame["g"].gather(pairs["match"]).to_list()


def test_a_constant_covariate_is_left_out_and_said() -> None:
    made = el.matching.match("d ~ s + one", FRAME, "y")
    assert made.warnings == ("one left out of the score or distance: holds one value",)
    assert "one left out" in repr(made)
    row = made.balance.filter(pl.col("term") == "one").row(0, named=True)
    assert row["before_difference"] is None and row["after_mean_treated"] == 1.0


def test_data_stay_as_they_are() -> None:
    before = FRAME.clone()
    el.matching.match("d ~ s", FRAME, "y")
    assert FRAME.equals(before)
