"""The books of firms: real calendar and places, counts with the mean that is wanted, the equation, the truth."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.simulate import PROCESSES, SIMULATORS, counts, firms, patents, zones
from econloom.simulate.market import DIRECT, PROFILE, RINGS, YEARS, Market, dose

NAMES = SIMULATORS["firm_accounts"].processes
CONTROLS = " + ".join(firms.CONTROLS)


@cache
def market(process: str = "plain", seed: int = 7) -> Market:
    return firms.draw(seed, PROCESSES[process])


def rows(made: Market) -> pl.DataFrame:
    """Rows of the study with what it computes, from arrays."""
    there = made.there.copy()
    there[:, 1:] &= made.there[:, :-1]
    i, t = np.nonzero(there & (YEARS >= 2011) & (YEARS <= 2020))
    c = made.home[i]
    adopted = made.cities.adopted[c]
    found = {
        "firm": i,
        "city": c,
        "py": made.cities.province_code[c] * 100 + t,
        "k": np.where(adopted > 0, YEARS[t] - adopted, -99),
        "size": firms.group_of(made)[i],
        "inno": np.log1p(made.count[i, t]),
        "mean": counts.mean_of(made.expected[i, t]),
        "rate": np.log(made.expected[i, t]),
        **{n: x[i, t] if len(x) == len(made.home) else x[c, t] for n, x in made.computed.items()},
    }
    return pl.DataFrame(found).with_columns(treatpost=(pl.col("k") >= 0).cast(pl.Float64))


def first(fit: object, term: str = "treatpost") -> tuple[float, float]:
    found = fit.tidy().filter(pl.col("term") == term)
    return found["estimate"][0], found["std_error"][0]


def test_the_calendar_is_the_real_one() -> None:
    frame = el.simulate.draw("zone_calendar").frame
    assert frame["batch"].value_counts().sort("batch")["count"].to_list() == [1, 12, 22, 24, 46, 27, 33]
    assert frame.group_by("batch").agg(pl.col("approval_date").n_unique())["approval_date"].to_list() == [1] * 7
    dates = dict(frame.select("zone", "approval_date").iter_rows())
    assert [str(dates[z]) for z in ("杭州", "宁波", "义乌")] == ["2015-03-07", "2016-01-12", "2018-07-24"]
    moved = frame.filter(pl.col("printed_date") != pl.col("approval_date"))
    assert moved["batch"].unique().to_list() == [2] and str(moved["printed_date"][0]) == "2016-01-06"


def test_places_are_real_and_distances_right() -> None:
    here = zones.places()
    at = {c: i for i, c in enumerate(here.city.tolist())}
    assert here.n == len(at) == 290 and (here.adopted > 0).sum() == 35
    assert here.adopted[at["杭州市"]] == 2015 and here.adopted[at["金华市"]] == 2018 and here.adopted[at["温州市"]] == 0
    d = zones.distances()
    # great-circle distances by hand: Hangzhou 30.28 N 120.15 E, Shanghai 31.23 N 121.47 E
    a, b = np.radians([30.28, 120.15]), np.radians([31.23, 121.47])
    angle = np.arccos(np.sin(a[0]) * np.sin(b[0]) + np.cos(a[0]) * np.cos(b[0]) * np.cos(a[1] - b[1]))
    assert d[at["杭州市"], at["上海市"]] == pytest.approx(6371.0088 * angle, rel=1e-9)
    slow = np.array([[any(0 < d[c, z] <= 100 and 0 < here.adopted[z] <= y for z in range(here.n)) for y in (2014, 2016)]
                     for c in range(here.n)])  # fmt: skip
    assert np.array_equal(zones.ring(0, 100, np.array([2014, 2016])), slow)


@pytest.mark.parametrize("wanted", [0.06, 0.7, 2.0, 6.5])
def test_counts_have_the_mean_that_is_wanted(wanted: float) -> None:
    """Against the sum over the negative binomial law itself."""
    from scipy import stats

    rate = float(counts.expected_count(np.array([wanted]))[0])
    n = np.arange(int(40 * rate) + 200)
    law = stats.nbinom.pmf(n, counts.SHAPE, counts.SHAPE / (counts.SHAPE + rate))
    assert law @ np.log1p(n) == pytest.approx(wanted, abs=2e-6)


@pytest.mark.parametrize("process", NAMES)
def test_the_equation_holds_for_the_mean_of_the_outcome(process: str) -> None:
    """Without the noise of counts, least squares on the equation's own regressors finds every effect."""
    made = market(process)
    truth = el.simulate.draw("city_1984", 7, process).truth
    data = rows(made)
    outcome = "rate" if process == "counts" else "mean"
    assert made.clipped < 1e-3 * made.there.sum()
    if made.process.rings:
        at = (data["city"].to_numpy(), data["py"].to_numpy() % 100)
        data = data.with_columns(pl.Series(f"ring_{s}", zones.ring(s - 50, s, YEARS)[at].astype(float)) for s in RINGS)
    zone = dose(made.process, made.cities.adopted)[data["city"].to_numpy(), data["py"].to_numpy() % 100]
    size = data["size"].to_numpy()
    direct = [list(DIRECT.values())[g] if made.process.uneven_effect else 0.05 for g in range(3)]
    extra = [f"ring_{s}" for s in RINGS] if made.process.rings else []
    if made.process.effect == 0:  # a constant zero would be collinear
        zone = dose(PROCESSES["plain"], made.cities.adopted)[data["city"].to_numpy(), data["py"].to_numpy() % 100]
        direct = [0.0] * 3
    terms = [*(f"d{g}" for g in range(3)), *extra, "profit", "conv", "spill", *firms.CONTROLS]
    data = data.with_columns(pl.Series(f"d{g}", zone * (size == g)) for g in range(3))
    if made.process.trend:
        year = data["py"].to_numpy() % 100 - 1
        data = data.with_columns(tr=pl.Series(firms.trends(made)[data["city"].to_numpy()] * year))
        terms.append("tr")
    fit = el.ols(f"{outcome} ~ {' + '.join(terms)} | firm + py", data, vcov=el.cluster("city")).tidy()
    rings = list(RINGS.values()) if made.process.rings else []
    true = [*direct, *rings, *(truth.value("inno", m, "path") for m in ("profit", "conv", "spill"))]
    true += list(firms.CONTROLS.values()) + ([made.process.trend] if made.process.trend else [])
    z = (fit["estimate"].to_numpy() - true) / fit["std_error"].to_numpy()
    # clustered errors with few adopters: over 60 draws of `dependent` the estimates spread 1.4 times as far as they say
    assert np.all(np.abs(z) < (6 if made.process.serial else 4)), dict(zip(terms, z.round(1), strict=True))
    assert fit["std_error"][0] < 0.03


def test_what_breaks_least_squares_and_what_does_not() -> None:
    """Means over 6 draws: trends bias least squares by more than 4 Monte Carlo errors."""
    found = {}
    for process in ("plain", "trends"):
        fits = [first(el.ols(f"inno ~ treatpost + {CONTROLS} | firm + py", rows(market(process, s)))) for s in range(6)]
        found[process] = np.mean([b for b, _ in fits]), np.mean([e for _, e in fits]) / np.sqrt(6)
    true = el.simulate.draw("city_1984", 1, "plain").truth.value("inno", "treatpost")
    gap = {p: (b - true) / e for p, (b, e) in found.items()}
    assert abs(gap["plain"]) < 4 < gap["trends"], gap


def test_mediators_are_moved_as_stated() -> None:
    made = market()
    data = rows(made)
    truth = el.simulate.draw("city_1984", 7, "plain").truth
    for name in ("profit", "conv", "spill"):
        b, e = first(el.ols(f"{name} ~ treatpost | firm + py", data, vcov=el.cluster("city")))
        assert abs(b - truth.value(name, "treatpost", "path")) < 4.5 * e, name


def test_patents_one_by_one() -> None:
    made = market()
    frame = pl.DataFrame(patents.draw(7, PROCESSES["plain"]))
    assert frame.height == made.count.sum() > 150_000 and frame["patent"].is_unique().all()
    by = frame.group_by("firm", "year").agg(pl.len().alias("n"), pl.col("is_invention").sum().alias("i"))
    n = np.zeros_like(made.count)
    n[by["firm"].to_numpy() - 1, by["year"].to_numpy() - 2010] = by["n"].to_numpy()
    assert np.array_equal(n, made.count)
    assert by["i"].sum() == made.inventions.sum() and (made.inventions <= made.count).all()
    assert (frame["date"].dt.year() == frame["year"]).all()
    assert 0 < frame["ipc"].null_count() < 0.01 * frame.height
    breadth = el.measures.knowledge_breadth(frame["ipc"].head(2000), by=frame["firm"].head(2000))
    assert breadth["breadth"].min() >= 1
    groups = patents.main_groups()
    assert len(groups) == len(set(groups))


def test_panels_are_unbalanced_and_years_are_not_torn() -> None:
    frame = el.simulate.draw("firm_accounts", 7, "plain").frame
    spell = frame.group_by("firm").agg(pl.len(), (pl.col("year").max() - pl.col("year").min() + 1).alias("span"))
    assert (spell["len"] == spell["span"]).all() and spell["len"].n_unique() > 8
    assert frame.filter(pl.col("year") == 2010).height < 0.6 * 3500
    assert frame["city"].is_in(zones.places().city.tolist()).all()
    assert {c for c in frame.columns if frame[c].null_count()} == {
        "fixed_assets", "payroll", "rd_input", "cash_flow", "market_value"
    }  # fmt: skip


def test_instruments_are_relevant_and_trends_leave_them_valid() -> None:
    made = market("trends")
    assert np.array(PROFILE).min() > 0
    old = made.history["telephones84"] / made.history["population84"]
    weight = np.bincount(made.home, made.there.sum(axis=1), minlength=made.cities.n)
    assert abs(np.sum(weight * firms.trends(made) * old)) < 1e-6 * np.sum(weight * old)
    data = rows(made)
    at = data["city"].to_numpy()
    use = made.national[data["py"].to_numpy() % 100]
    data = data.with_columns(
        pl.Series(n, use * (made.history[c] / made.history["population84"])[at])
        for n, c in (("iv1", "telephones84"), ("iv2", "post_offices84"))
    )
    fit = el.iv(f"inno ~ {CONTROLS} | firm + py | treatpost ~ iv1 + iv2", data, vcov=el.hc1())
    assert fit.tests["first_stage_f"].statistic > 100
