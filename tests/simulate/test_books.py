"""The simulated books: what they print, how they hang together, what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import OutputError, UsageError
from econloom.simulate import PROCESSES, SIMULATORS, cities, columns, incomes
from econloom.simulate.gaps import cells
from econloom.study import schema
from tests.conftest import SHIPPED

STUDIES = SHIPPED.parent
FIRMS = ("firm_accounts", "patent_register", "firm_city_yearbook", "city_1984", "national_internet", "partner_trade")
REAL = ("city_register", "exchange_rates", "prefecture_map", "zone_calendar", "city_places")
KINDS = [
    (name, process)
    for name, made in SIMULATORS.items()
    for process in made.processes
    if name not in REAL and (name not in FIRMS or process == "plain")  # the others: test_firms.py
]
LOSSES = {"operating_profit", "net_profit", "cash_flow"}


@pytest.fixture(scope="module")
def yearbook() -> pl.DataFrame:
    return el.simulate.draw("city_yearbook", 1, "plain").frame


@pytest.mark.parametrize(("name", "process"), KINDS)
def test_every_process_prints_the_same_columns_and_can_be_drawn_again(name: str, process: str) -> None:
    book = el.simulate.draw(name, 3, process)
    assert book.frame.columns == [c.name for c in book.columns]
    assert all(c.label.zh and c.label.en and c.book.zh and c.book.en for c in book.columns)
    if name != "city_incomes":
        assert book.frame.equals(el.simulate.draw(name, 3, process).frame)
        assert not book.frame.equals(el.simulate.draw(name, 4, process).frame)
    numbers = book.frame.select(pl.col(pl.Float64, pl.Int64)).drop(LOSSES, strict=False)
    assert not numbers.select(pl.all().is_nan().any()).row(0).count(True)
    assert min(v for v in numbers.min().row(0) if v is not None) > 0
    assert book.truth is not None and book.truth.effects


def test_4509_city_years_have_trade_figures_and_2004_has_all(yearbook: pl.DataFrame) -> None:
    traded = yearbook.drop_nulls(["exports_usd", "imports_usd"])
    assert yearbook.height == 270 * 19 and traded.filter(pl.col("year") > 2004).height == 4509
    assert traded.filter(pl.col("year") == 2004).height == 270
    assert traded["city"].n_unique() == 270
    assert traded.filter(pl.col("city").is_in(["北京市", "上海市", "天津市", "重庆市"])).height == 4 * 19


def test_sums_of_the_book(yearbook: pl.DataFrame) -> None:
    sectors = yearbook.select(pl.sum_horizontal("gdp_primary", "gdp_secondary", "gdp_tertiary") - pl.col("gdp"))
    assert sectors.to_series().abs().max() == 0
    staff = yearbook.select(pl.sum_horizontal("^emp_.*$") - pl.col("staff")).to_series()
    assert staff.abs().max() <= 2  # rounding of the industries that are left
    assert len([c for c in yearbook.columns if c.startswith("emp_")]) == 19


def test_blank_cells_can_be_filled() -> None:
    there = np.ones((30, 10), dtype=bool)
    there[3, 4] = False
    blank = cells(np.random.default_rng(1), there, 40)
    assert blank.sum() == 40 and not blank[:, [0, -1]].any() and not (blank & ~there).any()
    assert not (blank[:, 1:] & blank[:, :-1]).any() and not blank[3, [3, 5]].any()


def test_the_wage_equation_holds_for_what_a_study_computes() -> None:
    """Least squares on the equation's own regressors, without its errors of mediators, finds what was put in."""
    book = el.simulate.draw("city_yearbook", 11, "plain")
    made = cities.draw(11, PROCESSES["plain"])
    trade = (made.raw["exports_usd"] - made.raw["imports_usd"]) / (made.raw["gdp"] / (cities.USD_RATE / 100))
    frame = book.frame.select("city", "year", wage=pl.Series((made.raw["total_wages"] / made.raw["gdp"]).ravel()))
    known = {"trade": trade, **cities.controls_of(made.raw)}
    frame = frame.with_columns(pl.Series(n, v.ravel()) for n, v in known.items())
    fit = el.ols(f"wage ~ {' + '.join(known)} | city + year", frame).tidy()
    true = [book.truth.value("wage", "trade"), *cities.CONTROLS.values()]
    assert np.all(np.abs(fit["estimate"].to_numpy() - true) < 4 * fit["std_error"].to_numpy())


def test_incomes_belong_to_the_yearbook() -> None:
    book = el.simulate.draw("city_incomes", 1, "plain").frame
    rows = book.group_by("city", "year").len()
    assert (rows["len"] == incomes.PERSONS).all() and rows.height == 270 * 18 - 33
    traded = el.simulate.draw("city_yearbook", 1, "plain").frame.drop_nulls(["exports_usd", "imports_usd"])
    both = traded.filter(pl.col("year") > 2004).join(rows, on=["city", "year"], how="inner")
    assert both.height == 4476  # rows with a Gini coefficient, as in the paper
    assert book["person"].is_unique().all()


def test_no_variable_of_a_study_is_drawn() -> None:
    """Columns of the books are raw: none has the name of a variable that a study computes, or its values."""
    for study in ("wage_share", "migration", "gvc_gaps", "ecommerce"):
        spec = schema.load(STUDIES / study)
        formulas = {n: v.formula or v.measure for n, v in spec.variables.items() if v.formula or v.measure}
        drawn = {c for s in spec.sources.values() if s.simulate for c in el.simulate.columns_of(s.simulate)}
        assert set(formulas) & drawn <= {"rd"}  # research spending of partner countries; the variable is of firms
        used = {t for n in formulas for t in drawn if formulas[n] == t}
        assert used <= {"innovation_index", "fixed_investment"}  # an index printed as such; capital as a flow
    printed = [*columns.CITY, *columns.DELTA, *columns.INCOMES, *columns.RATES, *columns.REGISTER]
    words = "ratio|share|theil|gini|tfp|mpk|mpl|instrument|gap|rate of migration|per head of GDP"
    for column in printed:
        assert not any(w in column.name.split("_") for w in words.split("|")), column.name


def test_truths_name_variables_of_the_studies() -> None:
    for study, simulator in (
        ("wage_share", "city_yearbook"),
        ("migration", "delta_yearbook"),
        ("gvc_gaps", "province_yearbook"),
        ("ecommerce", "city_1984"),
    ):
        spec = schema.load(STUDIES / study)
        for process in SIMULATORS[simulator].processes:
            truth = el.simulate.draw(simulator, 1, process).truth
            names = {n for e in truth.effects for n in (e.outcome, *e.term.split(":"))} - {"gini"}
            of_panels = {n for p in spec.panels.values() for n in p.variables}
            made = {n for p in spec.policy.values() for n in p.makes.values()}
            rings = {n for n in names if n.startswith("ring_")}
            assert names <= set(spec.variables) | of_panels | made | rings
    zero = el.simulate.draw("city_yearbook", 1, "zero").truth
    assert zero.value("wage", "trade") == zero.value("gini", "trade") == zero.value("rd", "trade", "path") == 0
    with pytest.raises(KeyError, match="no total effect of z on wage"):
        zero.value("wage", "z")


def test_simulators_of_studies_are_there() -> None:
    named = {
        s.simulate for p in STUDIES.iterdir() if (p / "study.yaml").is_file()
        for s in schema.load(p).sources.values() if s.simulate
    }  # fmt: skip
    assert named <= set(SIMULATORS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("city_yearbok",), "no simulator 'city_yearbok', did you mean 'city_yearbook'?"),
        (("city_yearbook", 1, "plan"), "no process 'plan', did you mean 'plain'?"),
        (("city_yearbook", -1), "whole number of at least 0, not -1"),
        (("city_yearbook", 1.5), "not 1.5"),
        (("city_yearbook", True), "not True"),
        (("delta_yearbook", 1, "endogenous"), "no process 'endogenous'"),
    ],
)
def test_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        el.simulate.draw(*arguments)
    assert message in str(caught.value)


def test_files(tmp_path: Path) -> None:
    books = {"年鉴": el.simulate.draw("delta_yearbook", 3)}
    folder = tmp_path / "模拟 数据"
    files = el.simulate.write(books, folder, "zh")
    assert [f.name for f in files] == ["年鉴.csv", "columns.csv", "truth.json"]
    frame = pl.read_csv(folder / "年鉴.csv")
    assert frame.columns[:3] == ["城市", "年份", "地区生产总值"]
    listed = pl.read_csv(folder / "columns.csv")
    assert listed["column"].to_list() == frame.columns and set(listed["unit_zh"]) >= {"亿元", "万人"}
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    assert truth["simulated"] is True and truth["books"]["年鉴"]["seed"] == 3
    el.simulate.write(books, folder)  # own files are replaced
    assert pl.read_csv(folder / "年鉴.csv").columns[0] == "city"


def test_own_files_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "rates.csv").write_text("mine", encoding="utf-8")
    books = {"rates": el.simulate.draw("exchange_rates")}
    with pytest.raises(OutputError, match=r"rates\.csv: there already"):
        el.simulate.write(books, tmp_path)
    assert (tmp_path / "rates.csv").read_text(encoding="utf-8") == "mine"
    with pytest.raises(OutputError, match="is a file, not a folder"):
        el.simulate.write(books, tmp_path / "rates.csv")
    with pytest.raises(UsageError, match="headings are"):
        el.simulate.write(books, tmp_path, "en")
