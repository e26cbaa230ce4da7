"""The studies `wage_share` and `migration` on simulated yearbooks: what they print; whether it is what was put in."""

from __future__ import annotations

import copy
import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.study import document, schema
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
    return opened("migration", list(schema.load(STUDIES / "migration").tables)).run()


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
def coverage() -> Iterator[ModuleType]:
    """The script of the tables in docs/simulation.md."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    yield importlib.import_module("simulate_coverage")
    sys.path.remove(str(ROOT / "benchmarks"))


@pytest.mark.parametrize(
    ("case", "seeds", "figures"),
    [
        ("wage_share-plain-iid-t2", range(4_000, 4_020), 45),
        ("wage_share-uneven_effect-iid-t6", range(4_000, 4_020), 3),
        ("migration-plain-iid-baseline", range(5_000, 5_100), 15),
        ("migration-structure-iid-mechanism", range(5_000, 5_100), 3),
        ("migration-dependent-cluster-city-fixed", range(6_000, 6_012), 7),
    ],
)
def test_intervals_hold_the_truth_as_often_as_they_say(
    coverage: ModuleType, case: str, seeds: range, figures: int
) -> None:
    """The first panel is also recomputed by numpy, from raw columns to intervals, and compared to 1e-8."""
    chosen = next(c for c in coverage.CASES if c.name == case)
    found = coverage.one(chosen, seeds)
    held = {n: t for n, t in found.items() if not t[4] and not (chosen.few and "CR2" not in n)}
    assert len(held) == figures
    for name, (n, hits, _, _, _) in held.items():
        spread = np.sqrt(0.05 * 0.95 / n)
        assert abs(hits / n - 0.95) <= 3.5 * spread + 1 / n, (name, hits, n)


def test_what_moves_both_biases_least_squares_and_not_the_instrument(coverage: ModuleType) -> None:
    case = next(c for c in coverage.CASES if c.process == "endogenous")
    found = coverage.one(case, range(7_000, 7_040))
    n, hits, *_ = found["iv c1 second wage ~ trade"]
    assert abs(hits / n - 0.95) <= 3.5 * np.sqrt(0.05 * 0.95 / n) + 1 / n
    assert found["baseline_full c1 wage ~ trade"][1] < 0.5 * n


def test_without_an_effect_tests_reject_at_their_level(coverage: ModuleType) -> None:
    for name, figure in (("migration-zero-iid-fixed", "fixed c1 y ~ mig"),
                         ("wage_share-zero-iid-baseline_full", "baseline_full c1 wage ~ trade")):  # fmt: skip
        case = next(c for c in coverage.CASES if c.name == name)
        n, hits, _, true, _ = coverage.one(case, range(8_000, 8_040))[figure]
        assert true == 0 and abs((n - hits) / n - 0.05) <= 3.5 * np.sqrt(0.05 * 0.95 / n) + 1 / n
