"""A study of firms in cities: instruments for adoption, outcomes ahead of mediation, the four splits of paper 004.

Every number is checked against separate regressions on columns and groups made by hand.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EconloomError

TEXT = """\
study: firms
title: {zh: 企业, en: Firms}
sources:
  firms: data/firms.csv
  cities: data/cities.csv
  history: data/history.csv
  internet: data/internet.csv
panels:
  city:
    unit: city
    time: year
    load: [2010, 2018]
    span: [2011, 2018]
    start: cities
    join:
      - history: {on: city, columns: [telephones84, population84]}
      - internet: {on: year, columns: [penetration]}
    variables:
      iv1: {formula: "l(penetration, 1) * telephones84 / population84", zh: 固定电话, en: Telephones in 1984}
      iv2: {formula: "at(users, year == 2010) * (year - 2010)", zh: 基期互联网与时间趋势, en: Base level times trend}
      allocation: fiscal / gdp
  firm:
    unit: firm
    time: year
    load: [2010, 2018]
    span: [2011, 2018]
    start: firms
    join:
      - city: {on: [city, year], columns: [iv1, iv2, users, allocation, penetration, telephones84]}
variables:
  inno: log1p(patents)
  income: log(revenue)
splits:
  size: {by: income, unit: firm, stat: mean, cut: terciles, labels: [小, 中, 大]}
  innovative: {by: inno, unit: firm, stat: first, cut: median, force: function of the outcome; as printed}
  online: {by: users, unit: city, stat: first, cut: median}
  allocated: {by: allocation, unit: city, stat: mean, cut: median}
defaults:
  panel: firm
  vcov: {cluster: city}
  ssc: reghdfe
tables:
  iv:
    title: iv
    columns:
      - "inno ~ age | firm + year | treatpost ~ iv1"
      - "inno ~ age | firm + year | treatpost ~ iv2"
      - "inno ~ age | firm + year | treatpost ~ iv1 + iv2 + penetration + telephones84"
  split:
    title: split
    columns: [inno ~ treatpost + age | firm + year]
    over: [size, innovative, online, allocated]
    compare: treatpost
    difference_tests: [interaction, suest, permutation]
    draws: 99
  ahead:
    kind: mediation
    title: ahead
    y: inno
    x: treatpost
    m: [profit]
    rest: age | firm + year
    lead_y: [0, 1, 2]
"""
SPAN = pl.col("year") >= 2011


def made(folder: Path, text: str = TEXT) -> Path:
    """120 firms in 24 cities over nine years; a third of the cities adopt, sooner where telephones were many."""
    rng = np.random.default_rng(84)
    data = folder / "data"
    data.mkdir(parents=True)
    telephones, population = rng.lognormal(1, 0.5, 24), rng.uniform(1, 5, 24)
    users = rng.uniform(0.1, 0.5, 24)
    years = np.arange(2010, 2019)
    city, year = (a.ravel() for a in np.meshgrid(np.arange(24), years, indexing="ij"))
    gdp = rng.uniform(50, 100, len(city))
    since = np.where(
        (telephones / population)[:24] > np.median(telephones / population), 2013 + np.arange(24) % 4, 2099
    )
    pl.DataFrame({"city": city, "year": year, "gdp": gdp, "fiscal": gdp * rng.uniform(0.1, 0.3, 24)[city],
                  "users": users[city] + 0.02 * (year - 2010) + rng.normal(0, 0.01, len(city))}
                 ).write_csv(data / "cities.csv")  # fmt: skip
    pl.DataFrame({"city": np.arange(24), "telephones84": telephones, "population84": population}).write_csv(
        data / "history.csv"
    )
    pl.DataFrame({"year": years, "penetration": np.linspace(0.3, 0.6, 9) + rng.normal(0, 0.02, 9)}).write_csv(
        data / "internet.csv"
    )
    firm, time = (a.ravel() for a in np.meshgrid(np.arange(120), years, indexing="ij"))
    treat = (time >= since[firm % 24]).astype(int)
    profit = 0.2 * treat + rng.normal(size=len(firm))
    profit[rng.uniform(size=len(firm)) < 0.05] = np.nan
    revenue = rng.lognormal(size=120)[firm] * rng.lognormal(0, 0.2, len(firm))
    count = rng.poisson(np.exp(0.5 + 0.3 * treat + 0.2 * np.nan_to_num(profit)))
    pl.DataFrame({"firm": firm, "year": time, "city": firm % 24, "treatpost": treat, "profit": profit, "patents": count,
                  "age": rng.normal(size=len(firm)), "revenue": revenue}
                 ).with_columns(pl.col("profit").fill_nan(None)).write_csv(data / "firms.csv")  # fmt: skip
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("企业") / "研究")


@pytest.fixture(scope="module")
def run(folder: Path) -> el.study.Run:  # type: ignore[name-defined]
    return el.study(folder / "study.yaml").run()


@pytest.fixture(scope="module")
def frame(folder: Path) -> pl.DataFrame:
    """Firms with the columns of the study, by hand."""
    data = {n: pl.read_csv(folder / "data" / f"{n}.csv") for n in ("firms", "cities", "history", "internet")}
    before = data["internet"].select(pl.col("year") + 1, pl.col("penetration").alias("before"))
    base = data["cities"].filter(year=2010).select("city", pl.col("users").alias("base"))
    cities = data["cities"].join(data["history"], on="city").join(before, on="year", how="left").join(base, on="city")
    cities = cities.with_columns(
        z1=pl.col("before") * pl.col("telephones84") / pl.col("population84"),
        z2=pl.col("base") * (pl.col("year") - 2010),
        share=pl.col("fiscal") / pl.col("gdp"),
    )
    whole = data["firms"].join(cities, on=["city", "year"]).join(data["internet"], on="year")
    return whole.with_columns(inno=pl.col("patents").log1p(), income=pl.col("revenue").log()).sort("firm", "year")


GIVEN = {"vcov": el.cluster("city"), "ssc": "reghdfe", "unit": "firm", "time": "year"}


def estimates(run, table: str, column: str, term: str) -> tuple[float, float]:
    row = run.results.filter(table=table, column=column, term=term)
    return row.select("estimate", "std_error").row(0)


def own(fit, term: str) -> tuple[float, float]:
    return fit.tidy().filter(term=term).select("estimate", "std_error").row(0)


@pytest.mark.parametrize(("column", "z"), [("c1", "z1"), ("c2", "z2"), ("c3", "z1 + z2")])
def test_instruments_for_adoption(run, frame: pl.DataFrame, column: str, z: str) -> None:
    """A historic cross-section times a lagged national series, a base level times trend, and both."""
    wanted = el.iv(f"inno ~ age | firm + year | treatpost ~ {z}", frame.filter(SPAN), **GIVEN)
    assert estimates(run, "iv", column, "treatpost") == pytest.approx(own(wanted, "treatpost"), rel=1e-8)


def test_instruments_that_the_effects_absorb_are_named(run) -> None:
    said = run.models["default", "iv"][2].extra["warnings"]
    assert "penetration left out: absorbed by the effects" in said
    assert "telephones84 left out: absorbed by the effects" in said


@pytest.mark.parametrize(("z", "effects"), [("penetration", "firm + year"), ("telephones84", "firm + year"),
                                            ("iv2", "city^year + firm")])  # fmt: skip
def test_only_absorbed_instruments_are_an_error(tmp_path: Path, z: str, effects: str) -> None:
    text = TEXT.replace('age | firm + year | treatpost ~ iv1"', f'age | {effects} | treatpost ~ {z}"')
    folder = made(tmp_path / "x", text)
    left = rf"only 0 instruments are left; left out: {z} \(absorbed by the effects\)"
    with pytest.raises(EconloomError, match=f"{left}|treatpost: absorbed by the effects"):
        el.study(folder / "study.yaml").run(["iv"])


@pytest.mark.parametrize("formula", [
    "inno ~ age | firm + year | treatpost ~ l(penetration, 1):I(telephones84 / population84)",
    "inno ~ age | firm + year | treatpost ~ at(users, year == 2010):year",
])  # fmt: skip
def test_the_same_in_a_formula(frame: pl.DataFrame, formula: str) -> None:
    z = "z1" if "penetration" in formula else "z2"
    whole = el.iv(formula, frame, where="year >= 2011", **GIVEN)
    spelt = el.iv(f"inno ~ age | firm + year | treatpost ~ {z}", frame.filter(SPAN), **GIVEN)
    assert own(whole, "treatpost") == pytest.approx(own(spelt, "treatpost"), rel=1e-6)


@pytest.mark.parametrize("lead", [0, 1, 2])
def test_mediation_with_a_later_outcome(run, frame: pl.DataFrame, lead: int) -> None:
    """Three columns for each lead, by separate regressions on the one sample where all of them have values."""
    later = frame.with_columns(later=pl.col("inno").shift(-lead).over("firm")).filter(SPAN)
    sample = later.drop_nulls(["later", "profit", "treatpost", "age"])
    total, first, second = (
        el.ols(f, sample, **GIVEN)
        for f in ("later ~ treatpost + age | firm + year", "profit ~ treatpost + age | firm + year",
                  "later ~ treatpost + profit + age | firm + year")
    )  # fmt: skip
    for number, fit in enumerate((total, first, second), 1):
        column = f"c{3 * lead + number}"
        assert estimates(run, "ahead", column, "treatpost") == pytest.approx(own(fit, "treatpost"), rel=1e-8)
        assert run.results.filter(table="ahead", column=column)["n"][0] == sample.height
    b = estimates(run, "ahead", f"c{3 * lead + 3}", "profit")
    assert b == pytest.approx(own(second, "profit"), rel=1e-8)
    ab = own(first, "treatpost")[0] * own(second, "profit")[0]
    assert own(total, "treatpost")[0] == pytest.approx(own(second, "treatpost")[0] + ab, rel=1e-8)
    row = next(r for r in run.tables["ahead"].rows if r.label.text("en").startswith("Indirect effect"))
    assert ab in [pytest.approx(c.value, rel=1e-8) for c in row.cells if c.value is not None]


def groups(frame: pl.DataFrame) -> dict[str, list[pl.DataFrame]]:
    """Rows of the groups by hand: terciles of mean income, first values, means; a value on the cut goes down."""
    inside = frame.filter(SPAN)
    scores = {
        "size": (inside.group_by("firm").agg(pl.col("income").mean().alias("s")), "firm", [1 / 3, 2 / 3]),
        "innovative": (inside.group_by("firm").agg(pl.col("inno").first().alias("s")), "firm", [0.5]),
        "online": (inside.sort("year").group_by("city").agg(pl.col("users").first().alias("s")), "city", [0.5]),
        "allocated": (inside.group_by("city").agg(pl.col("share").mean().alias("s")), "city", [0.5]),
    }
    found = {}
    for name, (score, unit, shares) in scores.items():
        cuts = np.quantile(score["s"].to_numpy(), shares)
        code = np.searchsorted(cuts, score["s"].to_numpy() * (1 - 1e-12), side="left")
        there = inside.join(score.with_columns(code=pl.Series(code)), on=unit)
        found[name] = [there.filter(code=k) for k in range(len(shares) + 1)]
    return found


def test_the_four_splits(run, frame: pl.DataFrame) -> None:
    column = 0
    for name, parts in groups(frame).items():
        for part in parts:
            column += 1
            wanted = el.ols("inno ~ treatpost + age | firm + year", part, **GIVEN)
            assert estimates(run, "split", f"c{column}", "treatpost") == pytest.approx(
                own(wanted, "treatpost"), rel=1e-8
            ), name
            assert run.results.filter(table="split", column=f"c{column}")["n"][0] == wanted.glance()["n"][0]
    assert column == 9


def test_the_differences_are_those_of_an_interacted_regression(run, frame: pl.DataFrame) -> None:
    """Low less high internet use: everything interacted with the group, effects too."""
    low, high = (p.with_columns(g=pl.lit(g)) for g, p in enumerate(groups(frame)["online"]))
    whole = pl.concat([low, high]).with_columns(tg=pl.col("treatpost") * pl.col("g"), ag=pl.col("age") * pl.col("g"))
    wanted = el.ols("inno ~ treatpost + tg + age + ag | firm + g^year", whole, **GIVEN)
    rows = {r.label.text("en"): r.cells for r in run.tables["split"].rows}
    difference = rows["Difference from first group: treatpost"]
    b, p = wanted.tidy().filter(term="tg").select("estimate", "p_value").row(0)
    assert difference[6].value == pytest.approx(-b, rel=1e-8)
    below = [r.label.text("en") for r in run.tables["split"].rows].index("Difference from first group: treatpost") + 1
    assert run.tables["split"].rows[below].cells[6].value == pytest.approx(p, rel=1e-6)
    for test in ("Difference from first group: treatpost", "Permutation p value: treatpost"):
        assert sum(c.value is not None for c in rows[test]) == 5, test


def test_the_split_by_the_outcome_needs_its_reason(tmp_path: Path) -> None:
    text = TEXT.replace(", force: function of the outcome; as printed", "")
    with pytest.raises(EconloomError, match="the split 'innovative' is made of 'inno'"):
        el.study(made(tmp_path / "x", text) / "study.yaml").run(["split"])
