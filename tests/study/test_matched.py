"""Matched samples in study files: the same as matching by hand and regressing on what it leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EconloomError

STUDY: dict[str, Any] = {
    "study": "psm",
    "title": "x",
    "sources": {"firms": {"path": "企业.csv"}},
    "panel": {"unit": "firm", "time": "year", "span": [2011, 2016], "start": "firms"},
    "samples": {
        "pooled": {"match": {"of": "post", "on": ["size", "age"], "caliper": 0.5}, "zh": "匹配样本"},
        "supported": {"match": {"of": "post", "on": ["size", "age"], "support": "minmax", "keep": "support"}},
        "units": {"match": {"of": "post", "on": ["size", "age"], "k": 2, "keep": "units", "where": "year >= 2013"}},
        "yearly": {"match": {"of": "treat", "on": ["size", "i(sector)"], "by": "year", "score": "probit"}},
        "base": {
            "match": {"of": "post", "on": ["size", "age"], "by": "base", "base": 2012, "replacement": False, "k": 1}
        },
        "late": {"where": "pooled and year > 2012"},
    },
    "defaults": {"vcov": {"cluster": "firm"}, "ssc": "fixest"},
    "tables": {
        "t": {
            "title": "PSM-DID",
            "columns": [
                {"formula": "y ~ post + age | firm + year", "sample": name} for name in ("pooled", "supported", "units")
            ]
            + [
                {"formula": "y ~ post | firm + year", "sample": "yearly", "weights": "yearly_weight"},
                {"formula": "y ~ post | firm + year", "sample": "base"},
                {"formula": "y ~ post | firm + year", "sample": "late"},
            ],
        },
        "b": {"kind": "balance", "title": "平衡性", "of": "yearly"},
    },
    "figures": {"f": {"kind": "love", "title": "x", "of": "base", "threshold": 0.2}},
}


def firms() -> pl.DataFrame:
    rng = np.random.default_rng(6)
    n, years = 120, range(2011, 2017)
    treat = rng.uniform(size=n) < 0.35
    size = rng.normal(size=n) + 0.7 * treat
    founded, sector = rng.integers(1990, 2010, n), rng.choice(["农业", "工业"], n)
    frame = pl.DataFrame({"firm": [f"企业{i:03d}" for i in range(n)], "treat": treat.astype(int), "s0": size})
    frame = frame.with_columns(founded=founded, sector=sector)
    frame = frame.join(pl.DataFrame({"year": list(years)}), how="cross")
    m = frame.height
    return frame.with_columns(
        post=((pl.col("treat") == 1) & (pl.col("year") >= 2014)).cast(pl.Int64),
        size=(pl.col("s0") + pl.Series(0.2 * rng.normal(size=m))).round(4),
        age=pl.col("year") - pl.col("founded"),
    ).with_columns(y=(pl.col("size") + 0.5 * pl.col("post") + pl.Series(rng.normal(size=m))).round(4))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("匹配 研究")
    firms().drop("s0", "founded").write_csv(folder / "企业.csv")
    return el.study(STUDY, folder).run(out=folder / "out")


def estimate(run: Any, column: int) -> tuple[float, float, int]:
    row = run.results.filter((pl.col("column") == f"c{column}") & (pl.col("term") == "post")).row(0, named=True)
    return row["estimate"], row["std_error"], row["n"]


def by_hand(frame: pl.DataFrame, formula: str, weights: str | None = None) -> tuple[float, float, int]:
    fit = el.ols(formula, frame, vcov=el.cluster("firm"), weights=weights)
    found = fit.summary.coefficient("post")
    return found.estimate, found.std_error, fit.glance()["n"].item()


LONG, SHORT = "y ~ post + age | firm + year", "y ~ post | firm + year"


def test_pooled(run: Any) -> None:
    made = el.matching.match("post ~ size + age", firms(), caliper=0.5)
    assert estimate(run, 1) == pytest.approx(by_hand(made.data(), LONG), rel=1e-9)
    late = made.data().filter(pl.col("year") > 2012)
    assert estimate(run, 6) == pytest.approx(by_hand(late, SHORT), rel=1e-9)


def test_on_support_and_by_units(run: Any) -> None:
    frame = firms()
    made = el.matching.match("post ~ size + age", frame, support="minmax").by_row
    assert estimate(run, 2) == pytest.approx(by_hand(frame.filter(made["support"]), LONG), rel=1e-9)
    found = el.matching.match("post ~ size + age", frame, k=2, where="year >= 2013").data()
    units = frame.filter(pl.col("firm").is_in(found["firm"].unique().implode()))
    assert estimate(run, 3) == pytest.approx(by_hand(units, LONG), rel=1e-9)


def test_year_by_year_with_weights(run: Any) -> None:
    frame = firms()
    parts = [
        el.matching.match("treat ~ size + i(sector)", frame, score="probit", where=f"year == {year}").data()
        for year in range(2011, 2017)
    ]
    assert estimate(run, 4) == pytest.approx(by_hand(pl.concat(parts), SHORT, "weight"), rel=1e-9)
    assert "逐期匹配" in run.tables["b"].sentences[1].zh


def test_units_of_a_base_period(run: Any) -> None:
    frame = firms()
    base = frame.filter(pl.col("year") == 2012)
    made = el.matching.match("treat ~ size + age", base, replacement=False)
    chosen = frame.filter(pl.col("firm").is_in(made.data()["firm"].implode()))
    assert estimate(run, 5) == pytest.approx(by_hand(chosen, SHORT), rel=1e-9)
    love = {p.name: p for p in run.figures["f"].points}
    row = made.balance.filter(pl.col("term") == "size").row(0, named=True)
    assert love["size"].before == pytest.approx(abs(row["before_difference"]))
    assert love["size"].after == pytest.approx(abs(row["after_difference"]))


def test_the_balance_table(run: Any) -> None:
    values = run.values.filter(pl.col("table") == "b")
    assert values.height > 0 and len(run.tables["b"].rows) % 2 == 0
    heads = [c.label.text("zh") for c in run.tables["b"].header[0]]
    assert heads[:3] == ["处理组均值", "控制组均值", "标准化偏差(%)"]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"match": {"of": "treat", "on": ["post"]}}, "sample pooled"),
    ({"match": {"of": "age", "on": ["size"]}}, "the treatment 'age' is 0 or 1"),
    ({"match": {"of": "post", "on": ["size"], "by": "base", "base": 1999}}, "no rows in the base period 1999"),
    ({"match": {"of": "post", "on": ["size", "age"], "caliper": 1e-14}}, "within the caliper"),
    ({"match": {"of": "post", "on": ["size"], "k": 9999}}, "k = 9999 matches"),
    ({"match": {"of": "post", "on": ["size"], "method": "radius"}}, "needs the radius"),
    ({"match": {"of": "post", "on": ["size"], "method": "neares"}}, "did you mean 'nearest'?"),
    ({"match": {"of": "post", "on": ["log(siz)"]}}, "no column or sample 'siz', did you mean 'size'?"),
    ({"match": {"of": "post", "on": ["size"], "exact": "sectr"}}, "did you mean 'sector'?"),
    ({"match": {"of": "post", "on": ["size"], "panel": "city"}}, "no panel 'city'"),
    ({"match": {"of": "post", "on": ["size"], "where": "yaer > 2012"}}, "did you mean 'year'?"),
]


@pytest.mark.parametrize(("sample", "says"), WRONG, ids=[w[1] for w in WRONG])
def test_what_is_wrong_is_said(sample: dict[str, Any], says: str, tmp_path: Path) -> None:
    firms().drop("s0", "founded").write_csv(tmp_path / "企业.csv")
    column = {"formula": SHORT, "sample": "pooled"}
    data = {**STUDY, "samples": {"pooled": sample}, "tables": {"t": {"title": "x", "columns": [column]}}, "figures": {}}
    if says == "sample pooled":
        sample["match"]["on"] = ["twin"]
        data = {**data, "variables": {"twin": "post + 1"}}
        sample["match"]["of"] = "post"
    with pytest.raises(EconloomError) as caught:
        el.study(data, tmp_path).run()
    assert says in str(caught.value)


def test_tables_without_it_do_not_wait_for_it(tmp_path: Path) -> None:
    """A matching that fails stops the tables that use it, and no others."""
    firms().drop("s0", "founded").write_csv(tmp_path / "企业.csv")
    data = {
        **STUDY,
        "samples": {"pooled": {"match": {"of": "age", "on": ["size"]}}},
        "tables": {
            "t": {"title": "x", "columns": [SHORT]},
            "m": {"title": "x", "columns": [SHORT], "sample": "pooled"},
        },
        "figures": {},
    }
    study = el.study(data, tmp_path)
    assert estimate(study.run(["t"]), 1)[2] == 720
    assert "match" not in {s.kind for s in study.plan().select(["t"])}
