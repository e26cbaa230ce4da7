"""Prices, trade, spillovers and composite indices: slow references, hand-worked numbers, errors."""

from __future__ import annotations

import math
import statistics
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econloom import measures as m
from econloom.core.errors import DataError, EstimationError, UsageError

FEW = settings(max_examples=20, deadline=None)


def prices(seed: int = 1, regions: str = "ABCD", goods: int = 5, years: int = 3) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [
        (r, 2000 + t, f"g{g}", 100 * math.exp(rng.normal(0, 0.04)))
        for r in regions
        for t in range(years)
        for g in range(goods)
    ]
    return pl.DataFrame(rows, schema=["province", "year", "good", "price"], orient="row")


def slow_segmentation(frame: pl.DataFrame, pairs) -> dict[tuple[str, int], float]:
    """The definition, pair by pair."""
    p = {(r, t, g): v for r, t, g, v in frame.iter_rows()}
    found: dict[tuple[str, int], list[float]] = {}
    for t in sorted({k[1] for k in p}):
        goods = sorted({k[2] for k in p if k[1] == t})
        q = {(i, j, g): abs(math.log(p[i, t, g] / p[j, t, g])) for i, j in pairs for g in goods}
        mean = {g: statistics.mean(q[i, j, g] for i, j in pairs) for g in goods}
        for i, j in pairs:
            v = statistics.variance(q[i, j, g] - mean[g] for g in goods)
            found.setdefault((i, t), []).append(v)
            found.setdefault((j, t), []).append(v)
    return {k: statistics.mean(v) for k, v in found.items()}


@pytest.mark.parametrize("pairs", [None, [("A", "B"), ("B", "C"), ("D", "C")]])
def test_segmentation_is_its_definition(pairs) -> None:
    frame = prices()
    every = list(combinations("ABCD", 2)) if pairs is None else [tuple(sorted(p)) for p in pairs]
    slow = slow_segmentation(frame, every)
    found = m.market_segmentation(frame, pairs, region="province")
    assert found.columns == ["province", "year", "segmentation", "goods", "pairs"] and found.height == 12
    for region, year, value, goods, n in found.iter_rows():
        assert value == pytest.approx(slow[region, year], rel=1e-10) and goods == 5
        assert n == sum(region in pair for pair in every)
    root = m.market_integration(frame, pairs, region="province")["integration"].to_numpy()
    assert root == pytest.approx(1 / np.sqrt(found["segmentation"].to_numpy()))
    logs = m.market_integration(frame, pairs, region="province", form="log_root")["integration"].to_numpy()
    assert logs == pytest.approx(np.log(root))


@FEW
@given(st.integers(0, 99), st.floats(0.5, 1.5))
def test_a_change_of_all_prices_of_a_good_does_not_segment(seed, factor) -> None:
    frame = prices(seed)
    moved = frame.with_columns(pl.when(pl.col("good") == "g1").then(pl.col("price") * factor).otherwise("price"))
    moved = moved.rename({"literal": "price"}) if "literal" in moved.columns else moved
    one, other = (
        m.market_segmentation(f, region="province")["segmentation"] for f in (frame, moved.select(frame.columns))
    )
    assert one.to_numpy() == pytest.approx(other.to_numpy(), rel=1e-6, abs=1e-12)


def test_levels_are_differenced() -> None:
    frame = prices(years=4)
    level = frame.sort("year").with_columns((pl.col("price") / 100).cum_prod().over("province", "good").alias("price"))
    found = m.market_segmentation(level, region="province", kind="level").drop_nulls()
    wanted = m.market_segmentation(frame, region="province").filter(pl.col("year") > 2000)
    assert found["segmentation"].to_list() == pytest.approx(wanted["segmentation"].to_list(), rel=1e-9)


def test_prices_that_are_missing_and_errors() -> None:
    frame = prices()
    hole = frame.with_columns(
        pl.when((pl.col("province") == "A") & (pl.col("good") == "g0")).then(None).otherwise("price").alias("price")
    )
    assert m.market_segmentation(hole, region="province")["segmentation"].null_count() == 0
    with pytest.raises(UsageError, match="no column 'region'"):
        m.market_segmentation(frame)
    with pytest.raises(UsageError, match="at least two"):
        m.market_segmentation(frame.filter(pl.col("good") == "g0"), region="province")
    with pytest.raises(UsageError, match="at least two"):
        m.market_segmentation(frame.filter(pl.col("province") == "A"), region="province")
    with pytest.raises(DataError, match="stand twice"):
        m.market_segmentation(pl.concat([frame, frame.head(1)]), region="province")
    with pytest.raises(DataError, match="zero, negative"):
        m.market_segmentation(frame.with_columns(price=-pl.col("price")), region="province")
    with pytest.raises(DataError, match="the middle price is"):
        m.market_segmentation(frame.with_columns(price=pl.col("price") / 100), region="province")
    with pytest.raises(UsageError, match="without prices: E"):
        m.market_segmentation(frame, [("A", "E")], region="province")
    with pytest.raises(DataError, match="segmentation is zero"):
        m.market_integration(frame.with_columns(price=pl.lit(100.0)), region="province")
    with pytest.raises(UsageError, match="did you mean 'log_root'"):
        m.market_integration(frame, region="province", form="logroot")


def test_trade_by_hand() -> None:
    assert m.trade_balance([5.0], [8.0]).tolist() == [-3.0] and m.trade_balance([5.0], [8.0], [10.0]).tolist() == [-0.3]
    assert m.openness([5.0], [8.0], [10.0]).tolist() == [1.3]
    found = m.trade_competitiveness([3.0, 1.0, 0.0, None], [1.0, 0.0, 0.0, 1.0])
    assert found[:2].tolist() == [0.5, 1.0] and np.isnan(found[2:]).all()
    with pytest.raises(DataError, match="gdp is zero or negative in 1 rows"):
        m.openness([5.0], [8.0], [0.0])
    with pytest.raises(DataError, match="exports are negative"):
        m.trade_balance([-5.0], [8.0])


def test_rca_by_hand_and_by_year() -> None:
    x = [30.0, 10.0, 10.0, 50.0]
    found = m.revealed_comparative_advantage(x, list("AABB"), list("xyxy"))
    assert found.tolist() == pytest.approx([(30 / 40) / 0.4, (10 / 40) / 0.6, (10 / 60) / 0.4, (50 / 60) / 0.6])
    symmetric = m.revealed_comparative_advantage(x, list("AABB"), list("xyxy"), form="symmetric")
    assert symmetric == pytest.approx((found - 1) / (found + 1))
    twice = m.revealed_comparative_advantage(x + [1.0] * 4, list("AABB") * 2, list("xyxy") * 2, by=[1] * 4 + [2] * 4)
    assert twice.tolist() == pytest.approx([*found.tolist(), 1.0, 1.0, 1.0, 1.0])
    shares = np.array([40, 60]) / 100  # exporters' shares of the world weigh the indices of a product to one
    assert found[[0, 2]] @ shares == pytest.approx(1) and found[[1, 3]] @ shares == pytest.approx(1)
    assert np.isnan(m.revealed_comparative_advantage([0.0, 0.0, 1.0, 1.0], list("AABB"), list("xyxy"))[:2]).all()
    with pytest.raises(UsageError, match="stand twice"):
        m.revealed_comparative_advantage([1.0, 2.0], list("AA"), list("xx"))


def test_spillovers_by_hand() -> None:
    time = [2000, 2000, 2001, 2001]
    flow, gdp, stock = [10.0, 5.0, 20.0, None], [100.0, 50.0, 100.0, 50.0], [40.0, 20.0, 50.0, 30.0]
    periods, s = m.trade_spillover(flow, gdp, stock, {"year": time})
    assert periods["year"].to_list() == [2000, 2001] and s[0] == pytest.approx(6.0) and np.isnan(s[1])
    assert m.trade_spillover(flow, gdp, stock, time, skip_missing=True)[1].tolist() == pytest.approx([6.0, 10.0])
    city = m.regional_spillover([1.0, 3.0], [2.0, 6.0], [1, 1], [8.0, 8.0], [4.0, 4.0])
    assert city.tolist() == pytest.approx([math.log(0.25 * 8 + 0.25 * 4), math.log(0.75 * 8 + 0.75 * 4)])
    with pytest.raises(DataError, match="zero has no logarithm"):
        m.regional_spillover([0.0, 3.0], [0.0, 6.0], [1, 1], 8.0, 4.0)
    with pytest.raises(DataError, match="partner's gdp is zero"):
        m.trade_spillover([1.0], [0.0], [1.0], [1])


def test_entropy_weights_by_hand() -> None:
    a, b = [0.0, 1.0, 2.0], [5.0, 5.0, 6.0]
    e = -(1 / 3 * math.log(1 / 3) + 2 / 3 * math.log(2 / 3)) / math.log(3)
    done = m.entropy_index({"a": a, "b": b})
    w = (1 - e) / ((1 - e) + 1)  # all of b's spread lies in one row: entropy 0
    assert done.weights == pytest.approx({"a": w, "b": 1 - w})
    assert done.index.tolist() == pytest.approx([0.0, w / 2, 1.0])
    turned = m.entropy_index({"a": [-v for v in a], "b": b}, negative=["a"])
    assert turned.index == pytest.approx(done.index)
    some = m.entropy_index({"a": [*a, None], "b": [*b, 9.0]})
    assert some.index[:3] == pytest.approx(done.index) and np.isnan(some.index[3])


@FEW
@given(st.integers(0, 999), st.floats(0.1, 100), st.floats(-5, 5))
def test_composites_do_not_mind_units(seed, scale, shift) -> None:
    x = np.random.default_rng(seed).normal(size=(12, 3))
    y = x * np.array([1, scale, 1]) + np.array([0, shift, 0])
    for composite in (m.entropy_index, m.principal_component_index):
        one, other = composite(x), composite(y)
        assert one.index == pytest.approx(other.index, rel=1e-6, abs=1e-8)
    assert sum(m.entropy_index(x).weights.values()) == pytest.approx(1)


def test_first_component_against_the_singular_value_decomposition() -> None:
    x = np.random.default_rng(4).normal(size=(40, 4)) @ np.random.default_rng(5).normal(size=(4, 4))
    z = (x - x.mean(0)) / x.std(0, ddof=1)
    _, s, vt = np.linalg.svd(z, full_matrices=False)
    done = m.principal_component_index(x)
    assert np.abs(list(done.weights.values())) == pytest.approx(np.abs(vt[0]), rel=1e-8)
    assert done.share == pytest.approx(s[0] ** 2 / (s**2).sum()) and sum(done.weights.values()) > 0
    assert done.index.var(ddof=1) == pytest.approx(4 * done.share)


def test_composite_errors() -> None:
    with pytest.raises(UsageError, match="at least two indicators"):
        m.entropy_index({"a": [1.0, 2.0]})
    with pytest.raises(DataError, match="do not vary: b"):
        m.entropy_index({"a": [1.0, 2.0], "b": [1.0, 1.0]})
    with pytest.raises(UsageError, match="did you mean 'alpha'"):
        m.entropy_index({"alpha": [1.0, 2.0], "b": [1.0, 2.0]}, negative=["alfa"])
    with pytest.raises(EstimationError, match="eigenvalues are equal"):
        m.principal_component_index({"a": [1.0, -1.0, 1.0, -1.0], "b": [1.0, 1.0, -1.0, -1.0]})


KOF = {"overall": {"economic": {"trade": ["t1", "t2"], "finance": ["f1"]}, "political": ["p1"]}}
LEAVES = {"t1": [10.0, None], "t2": [30.0, 40.0], "f1": [60.0, 60.0], "p1": [80.0, 10.0]}


def test_trees_of_indices_average_at_every_level() -> None:
    done = m.index_tree(LEAVES, KOF)
    assert done["trade"][0] == 20 and done["economic"][0] == 40 and done["overall"][0] == 60
    assert np.isnan(done["overall"][1]) and list(done)[-1] == "overall"
    filled = m.index_tree(LEAVES, KOF, missing="reweight")
    assert filled["trade"][1] == 40 and filled["overall"][1] == (50 + 10) / 2
    heavy = m.index_tree(LEAVES, KOF, weights={"t1": 3, "political": 0})
    assert heavy["trade"][0] == 15 and heavy["overall"][0] == heavy["economic"][0] == 37.5


def test_errors_of_trees() -> None:
    for tree, words in {
        "leaf": ({"a": ["t3"]}, "no column 't3'"),
        "twice": ({"a": ["t1"], "b": ["t1"]}, "'t1' stands twice"),
        "empty": ({"a": []}, "no children"),
        "text": ({"a": "t1"}, "takes a list"),
    }.values():
        with pytest.raises(UsageError, match=words):
            m.index_tree(LEAVES, tree)
    with pytest.raises(UsageError, match="not in the tree: trad, did you mean 'trade'"):
        m.index_tree(LEAVES, KOF, weights={"trad": 2})
    with pytest.raises(UsageError, match="sum to zero"):
        m.index_tree(LEAVES, KOF, weights={"f1": 0})
