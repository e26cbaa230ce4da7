"""Conley covariances against every pair of rows."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import DataError, UsageError
from econloom.panel.distances import EARTH
from tests.panel.samples import Array, random_panel


def placed(seed: int, missing: float = 0.0) -> pl.DataFrame:
    """A random panel whose firms lie in places, some in the same one, across the date line and at a pole."""
    frame = random_panel(seed, missing=missing)
    rng = np.random.default_rng(seed)
    firm = frame["firm"].str.slice(1).cast(pl.Int64).to_numpy() % 20
    lat = np.r_[rng.uniform(20, 24, 8), rng.uniform(-1, 1, 8), 89.5, 89.8, 90.0, 21.0]
    lon = np.r_[rng.uniform(100, 104, 8), rng.uniform(179, 181, 8), 0.0, 180.0, 50.0, 101.0]
    lon = (lon + 180) % 360 - 180
    return frame.with_columns(lat=pl.Series(lat[firm]), lon=pl.Series(lon[firm]))


def haversine(a: Array, b: Array) -> float:
    (f, l), (g, m) = np.radians(a), np.radians(b)
    h = math.sin((f - g) / 2) ** 2 + math.cos(f) * math.cos(g) * math.sin((l - m) / 2) ** 2
    return 2 * EARTH * math.asin(min(1.0, math.sqrt(h)))


def slow_meat(s: Array, place: Array, t: Array | None, unit: Array | None, km: float, kernel: str, lags: int) -> Array:
    """Every pair of rows by itself."""
    total = np.zeros((s.shape[1],) * 2)
    for i in range(len(s)):
        for j in range(len(s)):
            d = haversine(place[i], place[j])
            k = (1.0 if d <= km else 0.0) if kernel == "uniform" else max(0.0, 1 - d / km)
            if t is not None and t[i] != t[j]:
                k = 0.0
            if t is not None and unit is not None and unit[i] == unit[j] and 0 < abs(t[i] - t[j]) <= lags:
                k += 1 - abs(t[i] - t[j]) / (lags + 1)
            total += k * np.outer(s[i], s[j])
    return total


@pytest.mark.parametrize("kernel", ["bartlett", "uniform"])
@pytest.mark.parametrize("km", [50.0, 300.0, 30_000.0])
@pytest.mark.parametrize("lags", [None, 0, 2])
@pytest.mark.parametrize("effects", ["", " | firm", " | firm + year"])
def test_by_definition(effects: str, lags: int | None, km: float, kernel: str) -> None:
    frame = placed(31).sample(fraction=1, shuffle=True, seed=1)
    keys = {} if lags is None else {"unit": "firm", "time": "year"}
    vcov = el.conley("lat", "lon", km, kernel, lags or 0)  # type: ignore[arg-type]
    fit = el.ols(f"y ~ x1 + x2{effects}", frame, vcov=vcov, ssc="none", **keys)
    rows = frame[fit.design.rows]
    t = None if lags is None else rows["year"].to_numpy()
    unit = rows["firm"].rank("dense").to_numpy()
    s = fit.estimate.scores(fit.absorbed)
    meat = slow_meat(s, rows.select("lat", "lon").to_numpy(), t, unit, km, kernel, lags or 0)
    T = fit.estimate.transform
    V = T @ meat @ T.T
    if any("semi-definite" in w for w in fit.warnings):
        return
    np.testing.assert_allclose(fit.vcov, V, rtol=1e-8, atol=1e-12)


def test_factor_and_missing_coordinates() -> None:
    frame = placed(32)
    vcov = el.conley("lat", "lon", 100)
    fit = el.ols("y ~ x1 + x2", frame, vcov=vcov)
    plain = el.ols("y ~ x1 + x2", frame, vcov=vcov, ssc="none")
    np.testing.assert_allclose(fit.vcov, plain.vcov * (frame.height - 1) / (frame.height - 3), rtol=1e-12)
    assert fit.inference.df == frame.height - 3
    holes = frame.with_columns(pl.when(pl.col("year") == 2001).then(None).otherwise(pl.col("lon")).alias("lon"))
    assert any("missing coordinate lon" in str(d) for d in el.ols("y ~ x1", holes, vcov=vcov).sample.drops)
    with pytest.raises(UsageError, match="would drop"):
        el.ols("y ~ x1", holes).with_vcov(vcov)


def test_no_distance_is_clustering_by_place() -> None:
    frame = placed(33).with_columns(place=pl.concat_str(pl.col("lat"), pl.lit(" "), pl.col("lon")))
    conley = el.ols("y ~ x1 + x2", frame, vcov=el.conley("lat", "lon", 1e-6), ssc="none")
    cluster = el.ols("y ~ x1 + x2", frame, vcov=el.cluster("place"), ssc="none")
    np.testing.assert_allclose(conley.vcov, cluster.vcov, rtol=1e-9)


def test_coordinates_that_are_wrong() -> None:
    frame = placed(34).with_columns(lat=pl.col("firm").str.slice(1).cast(pl.Float64) / 10 + 30, lon=pl.lit(110.0))
    with pytest.raises(DataError, match="look swapped"):
        el.ols("y ~ x1", frame, vcov=el.conley("lon", "lat", 100))
    with pytest.raises(DataError, match="longitude 'lon' is out of range"):
        el.ols("y ~ x1", frame.with_columns(lon=pl.lit(500.0)), vcov=el.conley("lat", "lon", 100))
    with pytest.raises(DataError, match="latitude 'lat' is out of range"):
        el.ols("y ~ x1", frame.with_columns(lat=pl.lit(-95.0)), vcov=el.conley("lat", "lon", 100))
    with pytest.raises(UsageError, match="positive distance"):
        el.conley("lat", "lon", -1)
    with pytest.raises(UsageError, match="no kernel"):
        el.conley("lat", "lon", 10, "gauss")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no column 'latt'"):
        el.ols("y ~ x1", frame, vcov=el.conley("latt", "lon", 100))
    with pytest.raises(UsageError, match="needs periods"):
        el.ols("y ~ x1", frame, vcov=el.conley("lat", "lon", 100, time_lags=1))
