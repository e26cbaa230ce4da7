"""The books of provinces: the equation holds, lights tell the gap again, gains are found."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.simulate import PROCESSES, atlas, images, provinces
from tests.conftest import SHIPPED

CITIES = np.bincount(atlas.atlas().of)


@cache
def world() -> provinces.World:
    return provinces.draw(2, PROCESSES["plain"])


@cache
def seen() -> tuple[Any, Any]:
    """Images and boundaries."""
    map_ = el.lights.from_frame(atlas.outlines(), "prefecture")
    return el.lights.images_of(pl.DataFrame(images.draw(2, PROCESSES["plain"])), map_), map_


def gaps(x: np.ndarray) -> np.ndarray:
    """Gini coefficients between the cities of each province and year."""
    of = world().places.of
    return np.array([[el.measures.gini(x[of == p, t]) for t in range(14)] for p in np.flatnonzero(CITIES > 1)])


def test_thirty_provinces_and_26_with_several_cities() -> None:
    places = world().places
    assert len(places.province) == 30 and (CITIES > 1).sum() == 26
    assert set(places.province[CITIES == 1].tolist()) == {"北京", "天津", "上海", "重庆"}
    assert len(set(places.prefecture.tolist())) == len(places.prefecture) == 332
    el.lights.index(seen()[1], next(iter(seen()[0].values())).grid)  # no two overlap
    sums = world().cities["gdp"]
    total = np.stack([sums[places.of == p].sum(axis=0) for p in range(30)])
    assert np.allclose(total, world().raw["gdp"], rtol=1e-5)


def test_linkages_are_those_that_a_study_computes() -> None:
    """The shipped sector indices give the linkages of the tables of the study globalisation, to their six decimals."""
    tables = el.iot.read(SHIPPED / "data" / "wiod2016")
    found = el.iot.linkages.indices(tables, "CHN", side="user")
    ours = atlas.sector_indices().unpivot(["import", "export"], index=["year", "sector"], variable_name="flow")
    both = ours.join(found.select("year", "sector", "flow", real="value"), on=["year", "sector", "flow"])
    assert both.height == 2 * 784 and (both["value"] - both["real"]).abs().max() < 6e-7


def test_the_equation_holds_for_both_gaps() -> None:
    made = world()
    keys = {"province": np.repeat(made.places.province, 14), "year": np.tile(provinces.YEARS, 30)}
    known = {**made.linkages, **provinces.controls_of(made.raw)}
    frame = pl.DataFrame({**keys, **{n: v.ravel() for n, v in known.items()}})
    frame = frame.filter(pl.Series(np.repeat(CITIES > 1, 14)))
    outcomes = {"gini": made.cities["brightness"], "pgini": made.cities["gdp"] / made.cities["population"]}
    truth = provinces.truth(PROCESSES["plain"])
    for name, values in outcomes.items():
        data = frame.with_columns(pl.Series(name, gaps(values).ravel()))
        fit = el.ols(f"{name} ~ {' + '.join(known)} | province + year", data).tidy()
        true = [truth.value(name, t) for t in ("fw", "bw")] + [provinces.CONTROLS[c] for c in provinces.CONTROLS]
        assert np.all(np.abs(fit["estimate"].to_numpy() - true) < 4 * fit["std_error"].to_numpy())


def test_gains_of_the_satellites_are_found() -> None:
    """Stated error (docs/lights.md): a within 6 per cent and b within .02 of each of 22 images, noise 2 per cent."""
    shots, map_ = seen()
    target = el.lights.index(map_.only([atlas.INVARIANT]), shots["F16 2006"].grid).labels == 0
    found = el.lights.intercalibrate({n: i.filled() for n, i in shots.items()}, "F16 2006", target).calibrations
    for name, (a, b) in images.gains(2).items():
        assert found[name].coefficients == pytest.approx((a, b), rel=0.06)
        assert found[name].coefficients[1] == pytest.approx(b, abs=0.02)


def test_measured_lights_tell_the_gap() -> None:
    shots, map_ = seen()
    found = el.lights.city_brightness(shots, map_, target=atlas.INVARIANT)
    order = {n: k for k, n in enumerate(world().places.prefecture.tolist())}
    found = found.with_columns(k=pl.col("zone").replace_strict(order)).sort("k", "year")
    measured, true = gaps(found["mean"].to_numpy().reshape(-1, 14)), gaps(world().cities["brightness"])
    within = [x - x.mean(axis=1, keepdims=True) - x.mean(axis=0) for x in (measured, true)]
    assert np.corrcoef(measured.ravel(), true.ravel())[0, 1] > 0.99
    assert np.corrcoef(within[0].ravel(), within[1].ravel())[0, 1] > 0.95
