"""Distances and rings against hand-worked places, the full matrix, and separate regressions."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.core.estimate import Unavailable
from econloom.panel.designs import nearby
from econloom.panel.designs.nearby import NEVER
from econloom.panel.designs.rings import Rings
from econloom.panel.distances import EARTH, chord, kilometres, on_sphere

DEGREE = math.pi * EARTH / 180
"""Kilometres of one degree along the equator."""


def haversine(a: tuple[float, float], b: tuple[float, float]) -> float:
    (f, l), (g, m) = np.radians(a), np.radians(b)
    h = math.sin((f - g) / 2) ** 2 + math.cos(f) * math.cos(g) * math.sin((l - m) / 2) ** 2
    return 2 * EARTH * math.asin(min(1.0, math.sqrt(h)))


def scattered(seed: int, n: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame({"lat": rng.uniform(-90, 90, n), "lon": rng.uniform(-180, 180, n)})


def test_distances_by_the_haversine_formula() -> None:
    a, b = scattered(1, 40), scattered(2, 30)
    wanted = [[haversine(p, q) for q in b.rows()] for p in a.rows()]
    np.testing.assert_allclose(el.space.distances(a, b, "lat", "lon"), wanted, rtol=1e-9, atol=1e-7)
    near = el.space.nearest(a, b, "lat", "lon")
    assert near["row"].to_list() == np.argmin(wanted, axis=1).tolist()
    np.testing.assert_allclose(near["km"], np.min(wanted, axis=1), rtol=1e-9)


def test_distances_worked_by_hand() -> None:
    """A quarter of the way round, half of it, one degree, a metre, and across the date line."""
    places = pl.DataFrame({"lat": [0.0, 0, 90, 0, 0], "lon": [0.0, 1, 0, 180, -179.5]})
    d = el.space.distances(places, latitude="lat", longitude="lon")
    np.testing.assert_allclose(d[0], [0, DEGREE, 90 * DEGREE, 180 * DEGREE, 179.5 * DEGREE], rtol=1e-9)
    assert d[3, 4] == pytest.approx(DEGREE / 2, rel=1e-12)
    metre = pl.DataFrame({"lat": [31.0, 31.0 + 0.001 / DEGREE], "lon": [121.0, 121.0]})
    assert el.space.distances(metre, latitude="lat", longitude="lon")[0, 1] == pytest.approx(0.001, rel=1e-6)
    assert kilometres(np.array([chord(777.0)]))[0] == pytest.approx(777.0, rel=1e-12)
    assert chord(21_000.0) == math.inf


def line(starts: dict[float, int | None], years: range = range(2014, 2019)) -> pl.DataFrame:
    """Cities along the equator at some kilometres from the first, with the year of their treatment."""
    rows = [
        {"city": f"市{km:g}", "year": t, "since": s, "latitude": 0.0, "longitude": 110 + km / DEGREE}
        for km, s in starts.items()
        for t in years
    ]
    return pl.DataFrame(rows, schema_overrides={"since": pl.Int64})


def test_rings_worked_by_hand() -> None:
    """Cities at 0, 50, 80, 130 and 600 km; those at 0 (from 2015) and 130 (from 2017) are treated.

    In 2016 only 0 counts: 50 lies at exactly 50 km from it (first ring), 80 in the second, 130 in the third, 600 in
    none, 0 itself in none. From 2017 130 counts too: 0 is at 130 (third), 50 at 80 (second), 80 at 50 (first).
    """
    frame = line({0: 2015, 50: None, 80: None, 130: 2017, 600: None})
    columns = ["ring_50", "ring_100", "ring_150"]
    wanted_any = {
        2014: dict.fromkeys(("市0", "市50", "市80", "市130", "市600"), (0, 0, 0)),
        2016: {"市0": (0, 0, 0), "市50": (1, 0, 0), "市80": (0, 1, 0), "市130": (0, 0, 1), "市600": (0, 0, 0)},
        2017: {"市0": (0, 0, 1), "市50": (1, 1, 0), "市80": (1, 1, 0), "市130": (0, 0, 1), "市600": (0, 0, 0)},
    }
    nearest = {"市0": (0, 0, 1), "市50": (1, 0, 0), "市80": (1, 0, 0), "市130": (0, 0, 1), "市600": (0, 0, 0)}
    wanted = {"any": wanted_any, "nearest": wanted_any | {2017: nearest}}
    for rule, by_year in wanted.items():
        made = el.space.exposure(frame, Rings("city", "since", to=150, rule=rule), "year")  # type: ignore[arg-type]
        assert made.columns == [*frame.columns, *columns] and made.select(frame.columns).equals(frame)
        for year, cities in by_year.items():
            for city, values in cities.items():
                row = made.filter(year=year, city=city).select(columns).row(0)
                assert row == values, (rule, year, city)


def slow(frame: pl.DataFrame, bounds, rule: str) -> np.ndarray:
    """Every pair of rows and units by itself."""
    units = frame.unique("city", keep="first").sort("city").rows(named=True)
    out = np.zeros((frame.height, len(bounds)), dtype=bool)
    for i, row in enumerate(frame.rows(named=True)):
        there = [
            haversine((row["latitude"], row["longitude"]), (u["latitude"], u["longitude"]))
            for u in units
            if u["city"] != row["city"] and u["since"] is not None and u["since"] <= row["year"]
        ]
        for d in [min(there)] if rule == "nearest" and there else there:
            for r, (low, high) in enumerate(bounds):
                out[i, r] |= (low < d or low == d == 0) and d <= high
    return out


def cities(seed: int, n: int, years: int = 5) -> pl.DataFrame:
    """Cities across the date line and at a pole, two in one place, some treated, rows in no order."""
    rng = np.random.default_rng(seed)
    lat, lon = rng.uniform(-4, 4, n), rng.uniform(176, 184, n)
    lat[:2], lon[:2], lat[2:4], lon[2:4] = 89.5, (0.0, 170.0), 1.0, 178.0
    since = np.where(rng.uniform(size=n) < 0.3, rng.integers(2012, 2016, n), 0)
    since[2] = 2013
    frame = pl.DataFrame({"city": np.arange(n), "latitude": lat, "longitude": (lon + 180) % 360 - 180, "since": since})
    frame = frame.with_columns(pl.when(pl.col("since") > 0).then("since").alias("since"))
    rows = frame.join(pl.DataFrame({"year": np.arange(2011, 2011 + years)}), how="cross")
    return rows.sample(fraction=1, shuffle=True, seed=seed)


@pytest.mark.parametrize("rule", ["any", "nearest"])
@pytest.mark.parametrize("edges", [None, [0, 20, 100, 400], [(50, 150), (300, 500)], [0, 30_000]])
@pytest.mark.parametrize("compiled", [False, True])
def test_rings_against_every_pair(rule, edges, compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearby, "COMPILED", 0 if compiled else 10**12)
    frame = cities(3, 40)
    rings = Rings("city", "since", edges=edges, rule=rule)
    made = el.space.exposure(frame, rings, "year")
    np.testing.assert_array_equal(made.select(rings.names).to_numpy().astype(bool), slow(frame, rings.bounds, rule))


@pytest.mark.parametrize("seed", range(5))
def test_the_compiled_pass_equals_the_plain_one(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(seed)
    P, Q = (on_sphere(rng.uniform(20, 40, k), rng.uniform(90, 120, k)) for k in (500, 80))
    owner, theirs, start = np.arange(500), rng.integers(-1, 500, 80), rng.integers(2010, 2020, 80)
    bounds = Rings("c", "s").bounds
    found = []
    for limit in (0, 10**12):
        monkeypatch.setattr(nearby, "COMPILED", limit)
        monkeypatch.setattr("econloom.panel.distances.BLOCK", 1_000)
        first = nearby.earliest(P, owner, Q, theirs, start, bounds)
        found.append((first, *nearby.of_nearest(P, owner, Q, theirs, start, bounds)))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (found[0][0] < NEVER).any() and (found[0][2] >= 0).any()


def test_neighbours_from_elsewhere_and_rows_without_a_unit() -> None:
    """Firms in cities; treated cities without firms count, and own treatment does not."""
    firms = pl.DataFrame({
        "firm": [1, 2, 3, 4], "city": ["a", "b", None, "c"], "year": [2016, 2016, 2016, None],
        "latitude": [0.0] * 4, "longitude": [110.0, 110.3, 110.0, 110.0],
    })  # fmt: skip
    zones = pl.DataFrame(
        {"city": ["a", "z"], "since": [2015, 2016], "latitude": [0.0, 0.0], "longitude": [110.0, 110.9]}
    )
    rings = Rings("city", "since", to=100, neighbours=zones)
    made = el.space.exposure(firms, rings, "year")
    assert made["ring_50"].to_list() == [0, 1, None, None]
    assert made["ring_100"].to_list() == [0, 1, None, None]
    towns = pl.concat([firms.select("city", "latitude", "longitude"), zones.select("city", "latitude", "longitude")])
    apart = Rings("city", "since", to=100, neighbours=zones.select("city", "since"), places=towns)
    assert el.space.exposure(firms.drop("latitude", "longitude"), apart, "year")["ring_100"].to_list() == [
        0,
        1,
        None,
        None,
    ]
    lost = Rings("city", "since", to=100, neighbours=zones.select("city", "since"), places=towns.filter(city="a"))
    with pytest.raises(DataError, match=r"2 of 3 units of 'city' have no coordinates .*: b, c"):
        el.space.exposure(firms, lost, "year")
    later = Rings("city", "since", to=100, neighbours=zones.filter(pl.col("since") < 2016))
    assert el.space.exposure(firms, later, "year")["ring_100"].to_list() == [0, 0, None, None]


# the model ----------------------------------------------------------------------------------------------------------


def world(seed: int, spill: float = 0.0, n: int = 60, apart: bool = False) -> pl.DataFrame:
    """Cities over ten years with an effect of 1 on treated ones and ``spill`` on those within 50 km of them.

    ``apart``: ten clusters of six cities far from one another; two of six lie within 50 km of the treated one, three
    beyond 100 km, so that spillovers reach controls only.
    """
    rng = np.random.default_rng(seed)
    lat, lon = rng.uniform(28, 32, n), rng.uniform(110, 114, n)
    if apart:
        place, group = np.arange(n) % 6, np.arange(n) // 6
        lat, lon = 20 + 4.0 * (group // 5), 100 + 4.0 * (group % 5) + np.array([0, 0.3, -0.3, 1.5, 1.6, 1.7])[place]
    since = np.where(np.arange(n) % 6 == 0, 2013 + np.arange(n) % 4, 0)
    frame = pl.DataFrame(
        {"city": np.arange(n), "latitude": lat, "longitude": lon, "since": since, "a": rng.normal(size=n)}
    )
    frame = frame.with_columns(pl.when(pl.col("since") > 0).then("since").alias("since"))
    frame = frame.join(pl.DataFrame({"year": np.arange(2010, 2020)}), how="cross")
    frame = frame.with_columns(
        treated=(pl.col("year") >= pl.col("since")).fill_null(False).cast(pl.Int8), x=pl.Series(rng.normal(size=10 * n))
    )
    frame = el.space.exposure(frame, Rings("city", "since", to=100, prefix="true"), "year")
    noise = pl.Series(rng.normal(size=10 * n))
    y = pl.col("a") + 0.1 * pl.col("year") + pl.col("treated") + spill * pl.col("true_50") + 0.5 * pl.col("x") + noise
    return frame.with_columns(y=y)


RINGS = Rings("city", "since", to=100)
ONE = Rings("city", "since", to=50)
FORMULA = "y ~ treated + x | city + year"


@pytest.mark.parametrize("vcov", [el.iid(), el.hc1(), el.cluster("city"), el.conley("latitude", "longitude", 200)])
def test_spillovers_are_the_regressions_with_the_columns(vcov) -> None:
    frame = world(4, 0.5)
    given = {"unit": "city", "time": "year", "vcov": vcov, "where": "year > 2010"}
    spelt = frame.rename({"true_50": "r50", "true_100": "r100"})
    whole = el.ols("y ~ treated + x + r50 + r100 | city + year", spelt, **given)
    single = [el.ols(f"y ~ treated + x + {r} | city + year", spelt, **given) for r in ("r50", "r100")]
    plain = el.ols(FORMULA, spelt, **given)
    found = el.space.spillovers(FORMULA, frame, RINGS, "treated", **given)
    each = el.space.spillovers(FORMULA, frame, RINGS, "treated", joint=False, **given)
    for number, term in enumerate(("r50", "r100")):
        for made, fit in ((found, whole), (each, single[number])):
            row, wanted = made.tidy().row(number, named=True), fit.tidy().filter(term=term).row(0, named=True)
            for name in ("estimate", "std_error", "p_value", "conf_low", "conf_high"):
                assert row[name] == pytest.approx(wanted[name], rel=1e-8)
            assert row["rows"] == spelt.filter(pl.col("year") > 2010)[term].sum()
    assert found.test.statistic == pytest.approx(whole.wald(["r50", "r100"]).statistic, rel=1e-8)
    effects = [plain, whole]
    rows = found.effect.rows(named=True)
    for row, fit in zip(rows, effects, strict=False):
        wanted = fit.tidy().filter(term="treated").row(0, named=True)
        assert row["estimate"] == pytest.approx(wanted["estimate"], rel=1e-8)
        assert row["std_error"] == pytest.approx(wanted["std_error"], rel=1e-8)
    assert rows[2]["estimate"] == pytest.approx(rows[1]["estimate"] - rows[0]["estimate"], rel=1e-8)
    assert each.effect["model"].to_list() == ["without rings", *["with rings", "difference"] * 2]
    assert "2 rings in one model" in repr(found) and "one at a time" in repr(each)


def test_the_difference_and_the_test_of_single_rings_by_influence() -> None:
    """Clustered covariances of coefficients of two models from the sums of their scores by city, factor for factor."""
    frame = world(5, 0.5)
    given = {"unit": "city", "time": "year", "vcov": el.cluster("city"), "ssc": "none"}
    found = el.space.spillovers(FORMULA, frame, RINGS, "treated", **given)
    each = el.space.spillovers(FORMULA, frame, RINGS, "treated", joint=False, **given)

    def influence(fit, term: str) -> np.ndarray:
        at = fit.estimate.names.index(term)
        rows = (fit.estimate.scores(fit.absorbed) @ fit.estimate.transform.T)[:, at]
        city = frame["city"].to_numpy()[fit.design.rows]
        return np.bincount(city, rows)

    moved = influence(found.fits[0], "treated") - influence(found.baseline, "treated")
    assert found.effect["std_error"][2] == pytest.approx(math.sqrt(moved @ moved), rel=1e-8)
    S = np.column_stack([influence(f, r) for f, r in zip(each.fits, RINGS.names, strict=True)])
    b = each.tidy()["estimate"].to_numpy()
    assert each.test.df == (2,)  # the convention "none" has the normal law
    assert each.test.statistic == pytest.approx(b @ np.linalg.solve(S.T @ S, b), rel=1e-8)


def test_rings_mend_the_effect_that_spillovers_bend() -> None:
    """60 draws, seeds 100 to 159: with rings the mean is the truth within 4 Monte Carlo errors, without it is not."""
    draws = []
    for seed in range(100, 160):
        found = el.space.spillovers(FORMULA, world(seed, 2.0, apart=True), ONE, "treated", unit="city", time="year")
        draws.append([*found.effect["estimate"][:2], found.tidy()["estimate"][0]])
    mean, error = np.mean(draws, axis=0), np.std(draws, axis=0, ddof=1) / math.sqrt(len(draws))
    assert abs(mean[1] - 1) < 4 * error[1] and abs(mean[2] - 2) < 4 * error[2]
    assert abs(mean[0] - 1) > 4 * error[0]


def test_instruments_weights_and_a_treatment_not_named() -> None:
    frame = world(6).with_columns(z=pl.col("x") + pl.col("a"), w=1.0 + pl.col("city") % 3)
    found = el.space.spillovers("y ~ 1 | city + year | x ~ z", frame, RINGS, unit="city", time="year", weights="w")
    spelt = frame.rename({"true_50": "r50", "true_100": "r100"})
    wanted = el.iv("y ~ r50 + r100 | city + year | x ~ z", spelt, unit="city", time="year", weights="w")
    assert found.tidy()["estimate"].to_list() == pytest.approx(wanted.tidy()["estimate"][1:].to_list(), rel=1e-8)
    with pytest.raises(UsageError, match="the effect of which term"):
        _ = found.effect


def test_a_ring_that_the_effects_absorb_is_named() -> None:
    """Ring 100 holds a treated unit all the time for some cities and never for the others."""
    frame = line({0: 2010, 80: None, 160: None, 600: None, 630: 2016}).with_columns(
        y=pl.Series(np.random.default_rng(1).normal(size=25))
    )
    found = el.space.spillovers("y ~ 1 | city + year", frame, Rings("city", "since", to=100), unit="city", time="year")
    assert found.tidy()["estimate"].is_null().to_list() == [False, True]
    assert any("ring_100 left out" in w for w in found.warnings)
    assert not isinstance(found.test, Unavailable)


# errors -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"edges": [0, 50, 40]}, r"the ring \(50, 40\] is empty"),
        ({"edges": [(0, 60), (50, 100)]}, r"the rings \(0, 60\] and \(50, 100\] overlap"),
        ({"edges": [0, 50, 50]}, r"the ring \(50, 50\] is empty"),
        ({"edges": [-10, 50]}, "is empty or no distance"),
        ({"edges": [50]}, "no ring"),
        ({"edges": [(0, 50, 100)]}, "a ring has two edges"),
        ({"width": 60, "to": 500}, "rings of 60 km do not end at 500 km"),
        ({"width": 0}, "a positive width"),
        ({"width": 600}, "not beyond the last edge"),
        ({"rule": "all"}, "rule: 'any' or 'nearest', not 'all'"),
    ],
)
def test_rings_that_are_none(given: dict, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Rings("city", "since", **given)


def test_faults_of_the_data_are_named() -> None:
    frame = line({0: 2015, 50: None, 80: None})
    rings = Rings("city", "since", to=100)

    def refused(changed: pl.DataFrame, says: str, rings: Rings = rings, kind: type[Exception] = DataError) -> None:
        with pytest.raises(kind, match=says):
            el.space.exposure(changed, rings, "year")

    moved = pl.when(city="市80", year=2015)
    refused(frame.with_columns(moved.then(30.0).otherwise("latitude").alias("latitude")),
            "1 units have several values of 'latitude': 市80")  # fmt: skip
    lost = pl.when(pl.col("city") != "市50")
    refused(frame.with_columns(lost.then("longitude").alias("longitude")), r"1 of 3 units .* no coordinates .*: 市50")
    refused(frame.with_columns(moved.then(2016).otherwise("since").alias("since")).with_columns(
        pl.when(city="市80", year=2016).then(2017).otherwise("since").alias("since")),
        "1 units have several first treated periods in 'since': 市80")  # fmt: skip
    swapped = frame.rename({"latitude": "longitude", "longitude": "latitude"})
    refused(swapped, "they look swapped")
    one = pl.when(city="市80")
    part = frame.with_columns(one.then("longitude").otherwise("latitude").alias("latitude"),
                              one.then("latitude").otherwise("longitude").alias("longitude"))  # fmt: skip
    refused(part, r"out of range in 1 of 3 units \(市80\).* in these units they look swapped")
    both = frame.with_columns(one.then(120.0).otherwise("latitude").alias("latitude"))
    refused(both, r"out of range in 1 of 3 units \(市80\), such as 120")
    refused(frame.with_columns(since=None), "nothing is treated: 'since' is missing")
    refused(frame.with_columns(longitude=pl.col("longitude").cast(pl.String)), "'longitude' holds String")
    refused(frame.with_columns(since=pl.date(2015, 1, 1)), "holds Date", kind=UsageError)
    refused(frame.with_columns(since=pl.lit(2015.5)), "not whole periods", kind=UsageError)
    refused(frame.with_columns(ring_50=1), "have a column 'ring_50' already", kind=UsageError)
    refused(frame, "no column 'sinse', did you mean 'since'", Rings("city", "sinse"), UsageError)
    refused(frame, "no column 'cty'.* 'city'", Rings("cty", "since"), UsageError)
    refused(
        frame,
        "no column 'latitude' of neighbours",
        Rings("city", "since", neighbours=frame.drop("latitude")),
        UsageError,
    )
    with pytest.raises(UsageError, match="rings need periods"):
        el.space.exposure(frame, rings)


def test_faults_of_the_model_are_named() -> None:
    frame = world(7)
    given = {"unit": "city", "time": "year"}
    with pytest.raises(EstimationError, match=r"empty rings: \(2000, 3000\] km: no row"):
        el.space.spillovers(FORMULA, frame, Rings("city", "since", edges=[(0, 50), (2000, 3000)]), **given)
    late = frame.with_columns(since=pl.col("since") + 30)
    with pytest.raises(EstimationError, match="all rings are empty"):
        el.space.spillovers(FORMULA, late, RINGS, **given)
    with pytest.raises(UsageError, match="no term 'treted', did you mean 'treated'"):
        el.space.spillovers(FORMULA, frame, RINGS, "treted", **given)
    with pytest.raises(UsageError, match="has 2 models"):
        el.space.spillovers("y ~ sw(treated, x) | city", frame, RINGS, **given)


def test_faults_of_distances_are_named() -> None:
    places = pl.DataFrame({"latitude": [30.0, None], "longitude": [120.0, 121.0]})
    with pytest.raises(DataError, match="1 of 2 rows have no coordinates: rows 2"):
        el.space.distances(places)
    with pytest.raises(DataError, match="look swapped"):
        el.space.distances(places[:1].rename({"latitude": "longitude", "longitude": "latitude"}))
    with pytest.raises(UsageError, match="no column 'latitud', did you mean 'latitude'"):
        el.space.distances(places, latitude="latitud")
    with pytest.raises(UsageError, match="do not belong into one matrix"):
        many = pl.DataFrame({"latitude": np.zeros(20_000), "longitude": np.zeros(20_000)})
        el.space.distances(many)
    with pytest.raises(DataError, match="no other place"):
        el.space.nearest(places[:1], places[:0])
