"""Structure, productivity, migration, schooling, patents: worked by hand, references and errors."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import econloom as el
from econloom import measures as m
from econloom.core.errors import DataError, EstimationError, UsageError


def test_theil_structure_by_hand() -> None:
    y = [[1.0, 2.0, 3.0], [2.0, 2.0, 2.0], [0.0, 0.0, 5.0], [1.0, None, 2.0]]
    found = m.theil_structure(y)
    first = (0.5 * math.log(0.5) + 1.5 * math.log(1.5)) / 3  # Y over its mean: 1/2, 1, 3/2
    assert found[:3].tolist() == pytest.approx([first, 0.0, math.log(3)]) and np.isnan(found[3])
    employed = m.theil_structure([[10.0, 40.0, 50.0]], employment=[[40.0, 30.0, 30.0]])
    by_hand = 0.1 * math.log(0.1 / 0.4) + 0.4 * math.log(0.4 / 0.3) + 0.5 * math.log(0.5 / 0.3)
    assert employed.tolist() == pytest.approx([by_hand])
    assert m.theil_structure([[10.0, 40.0]], employment=[[20.0, 80.0]]).tolist() == [0.0]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(*[st.floats(0.1, 1e4)] * 6), min_size=1, max_size=8), st.floats(0.01, 100))
def test_theil_structure_does_not_mind_units(rows, scale) -> None:
    y, l = np.array(rows)[:, :3], np.array(rows)[:, 3:]
    for employment in (None, l):
        one = m.theil_structure(y, employment)
        other = m.theil_structure(scale * y, None if employment is None else 7 * employment)
        assert (one >= 0).all() and other == pytest.approx(one, rel=1e-8, abs=1e-12)
    assert m.theil_structure(y) == pytest.approx([m.theil(row) for row in y], rel=1e-9, abs=1e-12)


def test_theil_structure_errors() -> None:
    with pytest.raises(UsageError, match="at least two industries"):
        m.theil_structure([[1.0]])
    with pytest.raises(UsageError, match="shape"):
        m.theil_structure([[1.0, 2.0]], employment=[[1.0, 2.0, 3.0]])
    with pytest.raises(DataError, match=r"value added is negative in 1 rows \(counted from 0: 1\)"):
        m.theil_structure([[1.0, 2.0], [-1.0, 2.0]])
    with pytest.raises(DataError, match="total of value added is zero"):
        m.theil_structure([[0.0, 0.0]])
    with pytest.raises(DataError, match="output and no workers"):
        m.theil_structure([[1.0, 2.0]], employment=[[0.0, 2.0]])
    assert m.theil_structure([[0.0, 2.0]], employment=[[0.0, 5.0]]).tolist() == [0.0]


def test_industries_are_matched_by_name() -> None:
    y = {"a": [1.0], "b": [3.0]}
    assert m.theil_structure(y, {"b": [6.0], "a": [2.0]}).tolist() == [0.0]


def test_upgrading_forms() -> None:
    args = ([10.0], [50.0], [40.0])
    assert m.upgrading(*args).tolist() == [0.8]
    assert m.upgrading(*args, form="level").tolist() == pytest.approx([0.1 + 1.0 + 1.2])
    norm = math.sqrt(0.01 + 0.25 + 0.16)
    angles = [math.acos(v / norm) for v in (0.1, 0.5, 0.4)]
    assert m.upgrading(*args, form="angle").tolist() == pytest.approx([3 * angles[0] + 2 * angles[1] + angles[2]])
    assert m.upgrading([0.0], [0.0], [1.0], form="level").tolist() == [3.0]
    with pytest.raises(DataError, match="secondary sector is zero"):
        m.upgrading([1.0], [0.0], [1.0])
    with pytest.raises(UsageError, match="did you mean 'level'"):
        m.upgrading(*args, form="levels")


def test_employment_shares() -> None:
    staff = {i: [float(k)] for k, i in enumerate((*sum(m.FACTOR_INTENSITY.values(), ()), "leasing", "retail"), 1)}
    shares = m.factor_intensity_shares(staff)
    whole = sum(v[0] for v in staff.values())
    assert shares.row(0) == pytest.approx((28 / whole, 77 / whole, 48 / whole))
    assert m.producer_services_share(staff).tolist() == pytest.approx([(12 + 15 + 18 + 17 + 16) / whole])
    assert m.employment_share([[1.0, 2.0], [None, 3.0]], [8.0, 8.0])[0] == 3 / 8
    with pytest.raises(DataError, match="more than the total"):
        m.employment_share([[5.0, 6.0]], [10.0])
    with pytest.raises(UsageError, match="did you mean 'finance'"):
        m.factor_intensity_shares({"finance": [1.0]}, groups={"t": ["finanse"]})


def solow_data(n: int = 60, seed: int = 3) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    k, l, e = rng.lognormal(3, 1, n), rng.lognormal(1, 0.6, n), rng.normal(0, 0.2, n)
    return pl.DataFrame({"k": k, "l": l, "y": 4 * k**0.35 * l**0.6 * np.exp(e), "g": rng.integers(0, 3, n)})


def test_solow_residual_against_least_squares() -> None:
    d = solow_data().with_columns(yl=pl.col("y") / pl.col("l"), kl=pl.col("k") / pl.col("l"))
    constant = el.ols("log(yl) ~ log(kl)", d).tidy()["estimate"].to_list()
    done = m.solow_residual(d["y"], d["k"], d["l"])
    assert [done.alpha, done.elasticities["constant"][0]] == pytest.approx(constant, rel=1e-9)
    assert done.beta == 1 - done.alpha
    by_hand = d["y"].to_numpy() / (d["k"].to_numpy() ** done.alpha * d["l"].to_numpy() ** done.beta)
    assert done.tfp == pytest.approx(by_hand, rel=1e-12) and np.log(done.tfp) == pytest.approx(done.log_tfp)
    assert np.mean(done.log_tfp) == pytest.approx(constant[1], rel=1e-9)
    free = m.solow_residual(d["y"], d["k"], d["l"], returns="free")
    table = el.ols("log(y) ~ log(k) + log(l)", d).tidy()["estimate"].to_list()
    assert [free.alpha, free.beta, free.elasticities["constant"][0]] == pytest.approx(table, rel=1e-9)


def test_solow_residual_by_group_and_on_chosen_rows() -> None:
    d = solow_data()
    for returns in ("constant", "free"):
        both = m.solow_residual(d["y"], d["k"], d["l"], returns=returns, by={"industry": d["g"]})
        one = d.filter(pl.col("g") == 1)
        alone = m.solow_residual(one["y"], one["k"], one["l"], returns=returns)
        assert both.elasticities["capital"][1] == pytest.approx(alone.alpha, rel=1e-10)
        assert both.tfp[(d["g"] == 1).to_numpy()] == pytest.approx(alone.tfp, rel=1e-10)
        chosen = m.solow_residual(d["y"], d["k"], d["l"], returns=returns, where=(d["g"] == 1).to_numpy())
        assert chosen.alpha == pytest.approx(alone.alpha, rel=1e-10) and not np.isnan(chosen.tfp).any()


def test_solow_errors_and_missing_inputs() -> None:
    with pytest.raises(DataError, match="capital is zero or negative in 1 rows"):
        m.solow_residual([1, 2, 3.0], [1, 0, 2.0], [1, 1, 1.0])
    with pytest.raises(EstimationError, match="does not vary"):
        m.solow_residual([1, 2, 3.0], [1, 2, 3.0], [1, 2, 3.0])
    with pytest.raises(EstimationError, match="move together"):
        k = np.array([1, 2, 3, 4.0])
        m.solow_residual([1, 2, 5, 3.0], k, k**2, returns="free")
    with pytest.raises(EstimationError, match="fewer than 3 rows"):
        m.solow_residual([1, 2, None], [1, 3, 3.0], [1, 1, 1.0])
    done = m.solow_residual([1.0, None, 3, 4, 2], [1.0, 2, 4, 9, 3], [1.0] * 5)
    assert np.isnan(done.tfp[1]) and done.elasticities["n"][0] == 4
    odd = m.solow_residual([4, 3, 2, 1.0], [1, 2, 3, 4.0], [1.0] * 4)
    assert "outside (0, 1)" in odd.warnings[0]


def test_elasticities_are_no_marginal_products() -> None:
    found = m.marginal_products([10.0, 10.0], [20.0, 5.0], [5.0, 40.0], alpha=0.4)
    assert found.capital.tolist() == [0.2, 0.8] and found.labour.tolist() == pytest.approx([1.2, 0.15])
    other = m.marginal_products([10.0], [20.0], [5.0], alpha=0.4, beta=[0.5])
    assert other.labour.tolist() == [1.0]
    y, k, l = np.array([100.0]), np.array([30.0]), np.array([8.0])
    step = 1e-6
    slope = (2 * (k + step) ** 0.4 * l**0.6 - 2 * k**0.4 * l**0.6) / step
    y = 2 * k**0.4 * l**0.6
    assert m.marginal_products(y, k, l, 0.4).capital == pytest.approx(slope, rel=1e-6)


def test_perpetual_inventory_by_hand() -> None:
    unit, time = ["b", "a", "a", "b", "a"], [1, 2, 1, 2, 3]
    flow = [8.0, 4.0, 6.0, 8.0, 5.0]
    found = m.perpetual_inventory(flow, unit, time, depreciation=0.1, growth=0.1)
    assert found.tolist() == pytest.approx([40.0, 31.0, 30.0, 44.0, 32.9])
    lagged = m.perpetual_inventory(flow, unit, time, depreciation=0.1, growth=0.1, timing="lagged")
    assert lagged.tolist() == pytest.approx([40.0, 33.0, 30.0, 44.0, 33.7])
    given_ = m.perpetual_inventory(flow, unit, time, depreciation=0.5, initial=[100, 0, 10, 0, 0])
    assert given_.tolist() == pytest.approx([100.0, 9.0, 10.0, 58.0, 9.5])


def test_perpetual_inventory_by_own_growth_stays_on_its_path() -> None:
    t = np.arange(2000, 2012)
    flow = 3 * 1.07 ** (t - 2000)
    stock = m.perpetual_inventory(flow, ["x"] * 12, t, depreciation=0.05, timing="lagged")
    assert stock == pytest.approx(flow / 0.12, rel=1e-12)


def test_perpetual_inventory_errors_and_ends() -> None:
    stock = m.perpetual_inventory([None, 5, 5, None], ["x"] * 4, [1, 2, 3, 4], depreciation=0.1, growth=0)
    assert np.isnan(stock[[0, 3]]).all() and stock[1:3].tolist() == pytest.approx([50, 50])
    with pytest.raises(DataError, match=r"1 gaps between known periods: x before 3"):
        m.perpetual_inventory([5, None, 5], ["x"] * 3, [1, 2, 3], depreciation=0.1, growth=0)
    with pytest.raises(DataError, match="period twice: x before 1"):
        m.perpetual_inventory([5, 5], ["x"] * 2, [1, 1], depreciation=0.1, growth=0)
    with pytest.raises(DataError, match="no first stock from the own growth of 1 units: x"):
        m.perpetual_inventory([5], ["x"], [1], depreciation=0.1)
    with pytest.raises(DataError, match="a flow is negative"):
        m.perpetual_inventory([-5], ["x"], [1], depreciation=0.1, growth=0)
    with pytest.raises(UsageError, match="depreciation"):
        m.perpetual_inventory([5], ["x"], [1], depreciation=5)


def test_migration_and_hukou() -> None:
    assert m.migration_rate([2415.15], [1425.14])[0] == pytest.approx(0.6947, abs=5e-5)  # Shanghai 2013, official
    assert m.hukou_index([8.0, None], [10.0, 10.0])[0] == 0.8
    with pytest.raises(DataError, match=r"registered population is zero or less in 1 rows"):
        m.migration_rate([1.0], [0.0])


def test_schooling_years() -> None:
    assert m.schooling_years([30.0], [40.0], [20.0], [10.0]).tolist() == [(180 + 360 + 240 + 160) / 100]
    assert m.schooling_years([30.0], [40.0], [20.0], [10.0], [125.0]).tolist() == [940 / 125]
    assert m.schooling_years([1.0], [0.0], [0.0], [0.0], years=(5, 8, 11, 15)).tolist() == [5.0]
    with pytest.raises(DataError, match="below the sum"):
        m.schooling_years([30.0], [40.0], [20.0], [10.0], [90.0])


def test_knowledge_breadth() -> None:
    ipc = ["H04L12/28; H04L 9/00(2006.01)", "h04l 12/40", "G06F17/30|H04L0012/02", None]
    firm = ["a", "a", "b", "c"]
    assert m.knowledge_breadth(ipc, by={"firm": firm}).rows() == [("a", 2.0, 2), ("b", 2.0, 1), ("c", None, 0)]
    assert m.knowledge_breadth(ipc, by={"firm": firm}, form="sum")["breadth"].to_list() == [3.0, 2.0, None]
    spread = m.knowledge_breadth(ipc, by={"firm": firm}, form="diversity")["breadth"].to_list()
    assert spread[:2] == pytest.approx([1 - (4 / 9 + 1 / 9), 0.5])
    assert m.knowledge_breadth(ipc, level="subclass") == 2.0 and m.knowledge_breadth([None]) == 0.0
    with pytest.raises(DataError, match=r"no code of the IPC is read from 'none'"):
        m.knowledge_breadth(["H04L12/28", "none"])


def test_rd_stock_follows_coe_and_helpman() -> None:
    found = m.rd_stock([10.0, 11.0, 12.0], ["A"] * 3, [1, 2, 3], growth=0.05)
    assert found.tolist() == pytest.approx([10 / 0.1, 0.95 * 100 + 10, 0.95 * 105 + 11])
