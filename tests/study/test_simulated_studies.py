"""The studies `wage_share` and `migration` on simulated yearbooks: what they print; whether it is what was put in."""

from __future__ import annotations

import copy
import importlib.util
import sys
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.study import document
from tests.conftest import SHIPPED

STUDIES = SHIPPED.parent
ROOT = SHIPPED.parents[1]


def opened(name: str, tables: list[str], **sources: dict[str, Any]) -> Any:
    """A study without its versions, with some of its tables, and with changed sources."""
    data = copy.deepcopy(dict(document.read(STUDIES / name).data))
    data["versions"] = {}
    data["tables"] = {t: data["tables"][t] for t in tables}
    for source, changes in sources.items():
        data["sources"][source] |= changes
    return el.study(data, STUDIES / name)


@pytest.fixture(scope="module")
def wages() -> Any:
    return opened("wage_share", ["t1", "t2", "t3", "lags", "bias", "counts", "t6", "t6_rank", "t7", "t8"]).run()


@pytest.fixture(scope="module")
def growth() -> Any:
    return el.study(STUDIES / "migration").run(out=None)


def rows(run: Any, table: str) -> list[int]:
    return [m.sample.n for m in run.models["default", table]]


def test_rows_of_the_tables_of_wage_share(wages: Any) -> None:
    assert rows(wages, "t2") == [4509] * 8
    lagged, twice, whole, less, winsorised, trimmed = rows(wages, "t3")
    assert whole == 4509 - 54 and winsorised == 4509 > trimmed
    assert 4509 > lagged > twice and whole > less
    assert rows(wages, "bias") == [4473] * 2 and rows(wages, "t8") == [4509, 4476]
    assert len(set(rows(wages, "lags"))) == 1
    assert sum(rows(wages, "t6")) == 4509
    assert sum(rows(wages, "t6_rank")) == 4509 - 72  # four municipalities are in neither
    assert sum(rows(wages, "t7")) == 4509


def test_counts_of_wage_share(wages: Any) -> None:
    panel = wages.panel.frame.filter(pl.col("year") >= 2005)
    found = {
        r: v
        for r, c, v in wages.values.filter(table="counts").select("row", "column", "value").iter_rows()
        if c == "count"
    }
    assert found["r4"] == panel.filter(pl.col("trade") >= 0).height == 4509 - found["r5"]
    deficits = panel.group_by("city").agg((pl.col("trade") < 0).sum().alias("d"), pl.len().alias("n"))
    assert found["r6"] == deficits.filter(pl.col("d") > 9).height
    always = deficits.filter(pl.col("d") == pl.col("n"))["city"].to_list()
    assert found["r7"] == len(always) and {"北京市", "铜陵市"} <= set(always)
    proper = panel.filter(pl.col("mpk") > pl.col("mpl") / 10).height
    assert found["r2"] == proper and found["r3"] in {0, 4509}


def test_every_table_says_that_it_is_simulated(wages: Any, growth: Any) -> None:
    for run, simulator in ((wages, "city_yearbook"), (growth, "delta_yearbook")):
        for table in run.tables.values():
            texts = [n.text("zh") for n in table.notes]
            assert any("模拟数据" in t and simulator in t for t in texts), table.id
        assert "simulated" in run.plan.spec.title.label.text("en")


def test_the_gap_repeats_the_baseline_with_effects_of_years(wages: Any) -> None:
    base = wages.results.filter(table="t2", column="c6", term="trade")["estimate"][0]
    gap = wages.results.filter(table="t8", column="c1", term="trade")["estimate"][0]
    assert 1.002 < gap / base < 1.008  # N/(N-1) with some 250 cities a year


def test_tables_of_migration(growth: Any) -> None:
    assert not growth.planned
    assert rows(growth, "baseline") == rows(growth, "lagged_baseline") == [338] * 3
    assert rows(growth, "mechanism") == rows(growth, "lagged") == [338] * 3
    pairs = rows(growth, "heterogeneity")
    assert len(pairs) == 8 and all(a + b == 338 for a, b in zip(pairs[::2], pairs[1::2], strict=True))
    labels = [r.label.text("en") for r in growth.tables["baseline"].rows]
    assert {"F test of the effects", "Hausman test", "Hausman test (Mundlak)"} <= set(labels)
    named = [r for r in growth.tables["t1"].rows if r.role == "paren"]
    assert named and all(any("市 20" in c.label.text("zh") for c in r.cells if c.kind == "text") for r in named)


def test_prices_of_2004(growth: Any) -> None:
    panel = growth.panel.frame
    base = panel.filter(pl.col("year") == 2004)
    assert np.allclose(base["deflator"].to_numpy(), 1.0)
    own = base["gdp"] / base["resident_population"]
    assert np.allclose(own.to_numpy(), base["y"].to_numpy())


# coverage, in small ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def coverage() -> ModuleType:
    """The script of the table in docs/simulation.md."""
    spec = importlib.util.spec_from_file_location("simulate_coverage", ROOT / "benchmarks" / "simulate_coverage.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["simulate_coverage"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("case", "seeds", "figures"),
    [
        ("migration-plain-iid-baseline", range(5_000, 5_025), 9),
        ("migration-dependent-cluster-city-fixed", range(6_000, 6_020), 7),
        ("wage_share-endogenous-iid-baseline_full", range(7_000, 7_012), 1),
    ],
)
def test_intervals_hold_the_truth_as_often_as_they_say(
    coverage: ModuleType, case: str, seeds: range, figures: int
) -> None:
    chosen = next(c for c in coverage.CASES if c.name == case)
    found = coverage.one(chosen, seeds)
    held = {n: t for n, t in found.items() if not t[4] and not (chosen.few and "CR2" not in n)}
    assert len(held) == figures
    for name, (n, hits, _, _, _) in held.items():
        spread = np.sqrt(0.05 * 0.95 / n)
        assert abs(hits / n - 0.95) <= 3.5 * spread + 1 / n, (name, hits, n)
    if chosen.process == "endogenous":  # what the method does not make unbiased is far off
        n, hits, *_ = found["baseline_full c1 wage ~ trade"]
        assert hits < 0.5 * n


def test_without_an_effect_tests_reject_at_their_level(coverage: ModuleType) -> None:
    case = next(c for c in coverage.CASES if c.name == "migration-zero-iid-fixed")
    n, hits, _, true, _ = coverage.one(case, range(8_000, 8_025))["fixed c1 y ~ mig"]
    assert true == 0 and abs((n - hits) / n - 0.05) <= 3.5 * np.sqrt(0.05 * 0.95 / n) + 1 / n
