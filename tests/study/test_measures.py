"""Measures in study files: as functions of formulas, within the groups of an aggregate, in check's words."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom import measures as m
from econloom.core.errors import DataError, EconloomError, ExpressionError
from econloom.core.frame import Panel
from econloom.data.aggregate import aggregate
from econloom.data.expressions import check, compute, evaluate
from econloom.study.functions import FUNCTIONS

CITY = pl.DataFrame(
    {
        "city": ["苏州", "苏州", "无锡", "无锡", "南京", "南京"],
        "year": [2001, 2002] * 3,
        "x": [1.0, 2.0, 3.0, 2.0, 5.0, None],
        "w": [1.0, 1.0, 2.0, 1.0, 3.0, 1.0],
        "k": [3.0, 4.0, 2.0, 5.0, 9.0, 7.0],
        "l": [2.0, 2.0, 1.0, 4.0, 3.0, 2.0],
        "y": [4.0, 5.0, 3.0, 8.0, 9.0, 6.0],
        "ipc": ["H04L12/28", "G06F17/30; H04L9/00", None, "H04L12/40", "A01B1/00", "A01B1/02"],
    }
)
PANEL = Panel.build(CITY, "city", "year")


def test_aggregates_take_measures_within_the_group() -> None:
    make = {
        "gini": "gini(x)",
        "weighted": "gini(x, weights=w)",
        "t": "theil(x)",
        "l": "theil(x, index='L')",
        "a": "atkinson(x, epsilon=0.5)",
        "above": "count_if(x > 2)",
        "breadth": "distinct_groups(ipc)",
        "spread": "distinct_groups(ipc, form='diversity', level='class')",
    }
    made = aggregate(PANEL, ["year"], make).frame.sort("year")
    x, w = [1.0, 3.0, 5.0], [1.0, 2.0, 3.0]
    assert made["gini"].to_list() == pytest.approx([m.gini(x), 0.0])
    assert made["weighted"][0] == pytest.approx(m.gini(x, w))
    assert made["t"][0] == pytest.approx(m.theil(x)) and made["l"][0] == pytest.approx(m.theil(x, index="L"))
    assert made["a"][0] == pytest.approx(m.atkinson(x, epsilon=0.5))
    assert made["above"].to_list() == [2.0, 0.0] and made["breadth"].to_list() == [2.0, 4.0]


def test_without_a_group_they_are_of_all_rows_and_by_names_groups() -> None:
    assert evaluate(PANEL, "gini(x)").to_list() == pytest.approx([m.gini([1, 2, 3, 2, 5])] * 6)
    assert evaluate(PANEL, "gini(x, by=year)")[0] == pytest.approx(m.gini([1, 3, 5]))
    assert evaluate(PANEL, "count_if(x > 1 and k < 5, by=city)").to_list() == [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]


def test_functions_of_rows() -> None:
    done = m.solow_residual(CITY["y"], CITY["k"], CITY["l"])
    assert evaluate(PANEL, "solow_tfp(y, k, l)").to_list() == pytest.approx(done.tfp.tolist())
    assert evaluate(PANEL, "solow_alpha(y, k, l, returns='constant')").to_list() == pytest.approx([done.alpha] * 6)
    free = m.solow_residual(CITY["y"], CITY["k"], CITY["l"], returns="free")
    assert evaluate(PANEL, "solow_beta(y, k, l, returns='free')")[0] == pytest.approx(free.beta)
    some = m.solow_residual(CITY["y"], CITY["k"], CITY["l"], where=(CITY["city"] != "南京").to_numpy())
    assert evaluate(PANEL, "solow_tfp(y, k, l, where=city != '南京')").to_list() == pytest.approx(some.tfp.tolist())
    rows = CITY.select("y", "k", "l").to_numpy()
    assert evaluate(PANEL, "theil_structure([y, k, l])").to_list() == pytest.approx(m.theil_structure(rows).tolist())
    both = evaluate(PANEL, "theil_structure([y, k], employment=[l, 2 * w])").to_numpy()
    other = np.column_stack([CITY["l"], 2 * CITY["w"]])
    assert both == pytest.approx(m.theil_structure(rows[:, :2], other))
    assert evaluate(PANEL, "upgrading(w, k, y, form='level')")[0] == pytest.approx((1 + 2 * 3 + 3 * 4) / 8)
    assert evaluate(PANEL, "employment_share([l, w], y + k)")[0] == pytest.approx(3 / 7)
    assert evaluate(PANEL, "migration_rate(k, l)")[0] == 0.5 and evaluate(PANEL, "hukou_index(k, l)")[0] == 1.5
    assert evaluate(PANEL, "schooling_years(k, l, w, y)")[0] == pytest.approx((18 + 18 + 12 + 64) / 10)
    stock = evaluate(PANEL, "perpetual_inventory(k, depreciation=0.1, growth=0.1)").to_list()
    assert stock[:2] == pytest.approx([15.0, 17.5])


def test_the_leave_one_out_gap_warns_where_the_groups_are_the_periods() -> None:
    done = compute(PANEL, "leave_one_out_gap(x, by=year)")
    assert done.values.to_list() == [-3.0, 0.0, 0.0, 0.0, 3.0, None]
    assert "effects of the periods" in done.events[0].message and done.events[0].kind == "warning"
    assert not compute(PANEL, "leave_one_out_gap(x, by=city)").events


def test_what_cannot_be_is_said_with_the_keys_of_the_rows() -> None:
    with pytest.raises(DataError, match=r"capital is zero or negative in 6 rows: 苏州 2001"):
        evaluate(PANEL, "solow_tfp(y, k - 10, l)")
    with pytest.raises(DataError, match=r"Theil L: a value is negative \(1 values\) in 1 groups: 2001"):
        evaluate(PANEL, "theil(x - 2, index='L', by=year)")
    with pytest.raises(DataError, match="no code of the IPC"):
        evaluate(PANEL, "distinct_groups(city)")


def test_check_finds_wrong_arguments_before_any_data() -> None:
    columns = CITY.columns
    for text, words in {
        "solow_tfp(y, k, l, returns='constnt')": "did you mean 'constant'",
        "theil(x, index=T)": "'index' is a quoted text",
        "atkinson(x)": "lacks its argument 'epsilon'",
        "atkinson(x, epsilon=k)": "epsilon is a number",
        "theil_structure([y, k], employment=[l, zz])": "zz",
        "gini(x, y, k)": "too many arguments",
    }.items():
        with pytest.raises(ExpressionError, match=words):
            check(text, columns)
    assert check("gini(x) + theil_structure([y, k])", columns) is None


def test_every_registered_function_says_how_it_is_written() -> None:
    for name, function in FUNCTIONS.items():
        assert function.usage(name).startswith(f"{name}(")


def measured(tmp_path, measure: str, source: pl.DataFrame) -> dict:
    """A study of four provinces in three years with one measured column."""
    rng = np.random.default_rng(2)
    base = pl.DataFrame({"province": np.repeat(list("ABCD"), 3), "year": [2000, 2001, 2002] * 4})
    flows = {"x": rng.random(12) + 1, "imp": rng.random(12) + 1, "exp": rng.random(12) + 1}
    (tmp_path / "数据").mkdir()
    base.with_columns(**{k: pl.Series(v) for k, v in flows.items()}).write_csv(tmp_path / "数据/base.csv")
    source.write_csv(tmp_path / "数据/source.csv")
    return {
        "study": "measured",
        "title": "measured",
        "sources": {"base": "数据/base.csv", "other": "数据/source.csv"},
        "panel": {"unit": "province", "time": "year", "start": "base"},
        "variables": {"made": {"measure": measure}},
        "tables": {"t": {"kind": "descriptive", "title": "t", "of": ["x", "made"]}},
    }


PRICES = pl.DataFrame(
    {
        "province": np.repeat(list("ABCD"), 9),
        "year": np.tile(np.repeat([2000, 2001, 2002], 3), 4),
        "good": ["a", "b", "c"] * 12,
        "price": 100 + np.random.default_rng(8).normal(0, 4, 36),
    }
)


def test_market_integration_as_a_measure(tmp_path) -> None:
    data = measured(tmp_path, "market_integration(other, form='log_root')", PRICES)
    el.study(data, tmp_path).run(out=tmp_path / "out")
    panel = pl.read_parquet(tmp_path / "out/panel.parquet").sort("province", "year")
    wanted = m.market_integration(PRICES, region="province", form="log_root").sort("province", "year")
    assert panel["made"].to_list() == pytest.approx(wanted["integration"].to_list(), rel=1e-9)


def test_trade_spillover_as_a_measure(tmp_path) -> None:
    rng = np.random.default_rng(3)
    partners = pl.DataFrame(
        {
            "partner": np.repeat(["USA", "JPN"], 3),
            "year": [2000, 2001, 2002] * 2,
            "imports": rng.random(6) + 1,
            "exports": rng.random(6) + 1,
            "gdp": rng.random(6) * 10 + 50,
            "rd": [2.0, 2.1, 2.2, 3.0, 3.3, 3.6],
        }
    )
    data = measured(tmp_path, "trade_spillover(other, imports=imp, exports=exp)", partners)
    el.study(data, tmp_path).run(out=tmp_path / "out")
    base = pl.read_csv(tmp_path / "数据/base.csv")
    panel = pl.read_parquet(tmp_path / "out/panel.parquet").sort("province", "year")
    stock = m.rd_stock(partners["rd"], partners["partner"], partners["year"])
    for row in range(12):
        year = base["year"][row]
        here = (partners["year"] == year).to_numpy()
        total = 0.0
        for flow, column in (("imports", "imp"), ("exports", "exp")):
            national = (partners[flow].to_numpy() / partners["gdp"].to_numpy() * stock)[here].sum()
            everybody = base.filter(pl.col("year") == year)[column].sum()
            total += base[column][row] / everybody * national
        assert panel["made"][row] == pytest.approx(np.log(total), rel=1e-9)


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ("market_integration(other, form='root_log')", "form is 'root' or 'log_root'"),
        ("market_integration(base)", "base has no column 'good'"),
        ("trade_spillover(other, imports=imp)", "needs exports="),
        ("trade_spillover(other, imports=imports, exports=exp)", "column of the panel; 'imports' is none"),
        ("market_integratoin(other)", "did you mean 'market_integration'"),
    ],
)
def test_measures_that_are_wrong_are_found_by_check(tmp_path, measure: str, words: str) -> None:
    with pytest.raises(EconloomError, match=words):
        el.study(measured(tmp_path, measure, PRICES), tmp_path).plan()
