"""The study `ecommerce`: variables from raw files, tables, and that they estimate what was put in."""

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
from econloom.simulate import zones
from econloom.study import document
from tests.conftest import SHIPPED

STUDY = SHIPPED.parent / "ecommerce"
ROOT = SHIPPED.parents[1]


def opened(tables: list[str], process: str = "realistic", seed: int = 4) -> Any:
    """The default version with some of its tables and figures, from another draw."""
    data = copy.deepcopy(dict(document.read(STUDY).data))
    data["versions"] = {}
    for kind in ("tables", "figures"):
        data[kind] = {t: v for t, v in data[kind].items() if t in tables}
    data["figures"] = data["figures"] or {}
    for source in data["sources"].values():
        if "process" in source:
            source |= {"process": process, "seed": seed}
    return el.study(data, STUDY)


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    """The script of the coverage table."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    yield importlib.import_module("simulate_zones")
    sys.path.remove(str(ROOT / "benchmarks"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Any:
    tables = ["t1", "t2", "t4", "t5", "dates", "placebo_date", "quality", "transforms", "t_events", "f1", "f2", "f3"]
    return opened(tables, "plain", 11).run(out=tmp_path_factory.mktemp("plain"))


def test_variables_and_estimates_are_those_of_the_coverage_script(plain: Any, script: ModuleType) -> None:
    """Computed twice: by the study file from the printed books, by the script from arrays; 1e-8."""
    made = script.market("plain", 11)
    data = script.panel(made).with_columns(
        **{n: pl.Series(v) for n, v in script.drawn(made, 11).items() if n[-1] == "0"}
    )
    ours = plain.panel.frame.sort("firm", "year")
    theirs = data.sort("firm", "year")
    assert ours.height == theirs.height
    same = ["treatpost", "single", "rd", "kn", "wage", "debt", "roa", "profit", "income", "cgdp", "ind", "tech", "conv"]
    pairs = [(n, n) for n in [*same, "spill", "iv1", "iv2"]] + [("inno", "inno0"), ("invention", "invention0")]
    inside = (theirs["year"] >= 2011).to_numpy()
    for name, other in pairs:
        a, b = (x.cast(pl.Float64).fill_null(np.nan).to_numpy()[inside] for x in (ours[name], theirs[other]))
        assert np.array_equal(np.isnan(a), np.isnan(b)), name
        assert np.allclose(a, b, rtol=1e-8, atol=1e-9, equal_nan=True), name
    fit = el.ols(f"inno0 ~ {script.FULL}", script.sample(data), vcov=el.cluster("city"), ssc="reghdfe").tidy()
    row = plain.results.filter(table="t2", column="c3", term="treatpost")
    assert row["estimate"][0] == pytest.approx(fit["estimate"][0], rel=1e-8)
    assert row["std_error"][0] == pytest.approx(fit["std_error"][0], rel=1e-6)


def test_zones_are_those_of_the_policy_table(plain: Any) -> None:
    panel = plain.panel.frame
    here = zones.places()
    adopted = dict(zip(here.city.tolist(), here.adopted.tolist(), strict=True))
    year = pl.Series([adopted[c] for c in panel["city"].to_list()])
    assert ((year > 0) & (panel["year"] >= year)).cast(pl.Float64).equals(panel["treatpost"].cast(pl.Float64))
    first = panel.filter(pl.col("year") == 2018, pl.col("cohort") == 2018)["exposure"].unique().to_list()
    assert first == [0.5]  # July: (13 - 7) / 12
    assert panel.filter(pl.col("city") == "杭州市", pl.col("year") == 2015)["exposure"][0] == pytest.approx(10 / 12)


def test_firms_without_patents_count_as_zero(plain: Any) -> None:
    panel = plain.panel.frame
    assert panel["inno"].null_count() == 0 and (panel["inno"] == 0).mean() > 0.1
    none = panel.filter(pl.col("patents") == 0)
    assert (none["any"] == 0).all() and none["some"].null_count() == none.height and (none["quality"] == 0).all()


def test_rows_of_the_tables(plain: Any) -> None:
    names = ("t2", "t4", "t5", "dates", "placebo_date", "quality")
    rows = {t: [m.sample.n for m in plain.models["default", t]] for t in names}
    whole = rows["t2"][2]
    assert rows["t2"][0] > rows["t2"][1] == whole == rows["t2"][3] and set(rows["t4"]) == {whole}
    assert rows["dates"][0] == rows["dates"][1] == whole > rows["dates"][2] > rows["dates"][3]
    treated = plain.panel.frame.filter(pl.col("year").is_between(2011, 2020))["treatpost"].sum()
    assert whole - treated < rows["placebo_date"][0] < whole
    assert rows["quality"][:3] == [whole] * 3 and rows["quality"][3] < whole  # firms with patents
    assert rows["t5"][0] == rows["t5"][1] < whole > max(rows["t5"][2:])
    for table in plain.tables.values():
        assert any("模拟数据" in n.text("zh") for n in table.notes), table.id


def test_dates_as_printed_and_as_approved_lie_in_one_month(plain: Any) -> None:
    panel = plain.panel.frame
    assert panel["treatpost"].equals(panel["treatpost_printed"])
    assert panel["exposure"].equals(panel["exposure_printed"])
    hangzhou = panel.filter(pl.col("city") == "杭州市")
    assert hangzhou["single_own"].null_count() == hangzhou.height > hangzhou["single"].null_count() == 0


def test_units_of_log_transforms_move_the_coefficient(plain: Any) -> None:
    """What ln(1 + 100 x) finds is not what ln(1 + x) finds, though x is the same."""
    found = plain.results.filter(table="transforms", term="treatpost")
    b = dict(zip(found["outcome"].to_list(), found["estimate"].to_list(), strict=True))
    assert b["hundred"] > 1.05 * b["inno"] > 5 * b["hundredth"]
    assert found.height == 7 and found["vcov"].n_unique() == 1


def test_instruments(plain: Any) -> None:
    tests = plain.models["default", "t4"][1]
    assert tests.stage == "second"
    row = plain.results.filter(table="t4", stage="first")
    t = row.filter(pl.col("term").is_in(["iv1", "iv2"]))["statistic"].to_list()
    assert max(t) > 4
    labels = " ".join(r.label.text("en") for r in plain.tables["t4"].rows)
    assert all(name in labels for name in ("Anderson", "Cragg-Donald", "Hansen"))


def test_event_study_is_that_of_the_arrays(plain: Any, script: ModuleType) -> None:
    made = script.market("plain", 11)
    data = script.sample(script.panel(made).with_columns(inno0=pl.Series(script.drawn(made, 11)["inno0"])))
    ours = script.study_of_events(data, 0).with_vcov(el.cluster("city")).tidy().filter(role="effect")
    for table in ("t_events", "f1"):
        found = plain.results.filter(table=table)
        assert found.height > 0
        b = found["estimate"].to_list()
        for value in ours["estimate"].to_list():
            assert min(abs(x - value) for x in b if x is not None) < 1e-8 + 1e-8 * abs(value)


def test_figures_start_from_the_baseline(plain: Any) -> None:
    base = plain.results.filter(table="t2", column="c3", term="treatpost")
    values = plain.values.filter(column="placebo")
    found = dict(values.filter(table="f2").select("row", "value").iter_rows())
    assert found["estimate"] == pytest.approx(base["estimate"][0], rel=1e-8)
    assert found["std_error"] == pytest.approx(base["std_error"][0], rel=1e-8)
    assert found["draws"] == 500 and 1 / 501 <= found["p_t"] < 0.05
    assert set(plain.figures) == {"f1", "f2", "f3"}


# coverage, in small ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("process", ["plain", "dynamic", "neighbours"])
def test_intervals_hold_the_truth_as_often_as_they_say(script: ModuleType, process: str, monkeypatch: Any) -> None:
    """Four designs with two draws of patents, which share their design: each figure, and all of them together.

    Within 3.5 Monte Carlo errors; figures of one design hang together and count for a third of their number.
    """
    monkeypatch.setattr(script, "DRAWS", 2)
    total: dict[str, list[int]] = {}
    for seed in range(41, 45):
        for name, (n, hits, _, true) in script.one(process, seed).items():
            if true is not None and not name.startswith("(shown"):
                found = total.setdefault(name, [0, 0])
                found[0], found[1] = found[0] + n, found[1] + hits
    for name, (n, hits) in total.items():
        assert hits / n >= 0.95 - 3.5 * np.sqrt(0.05 * 0.95 / 4) - 1 / n, (name, hits, n)
    n, hits = (sum(t[k] for t in total.values()) for k in range(2))
    assert hits / n >= 0.95 - 3.5 * np.sqrt(0.05 * 0.95 / (4 * max(1, len(total) / 3))), (hits, n)


def test_the_placebo_rejects_at_its_level_under_no_effect(script: ModuleType, monkeypatch: Any) -> None:
    monkeypatch.setattr(script, "DRAWS", 4)
    found = [script.one("zero", seed) for seed in range(51, 54)]
    for name in ("f2 placebo test (t value)", "t2 inno ~ treatpost"):
        n, hits = (sum(f[name][k] for f in found) for k in range(2))
        assert abs((n - hits) / n - 0.05) <= 3.5 * np.sqrt(0.05 * 0.95 / n) + 1 / n, (name, n, hits)
