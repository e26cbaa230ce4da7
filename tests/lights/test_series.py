"""Calibration, composites, continuity: known gains are found again, rules hold to the letter."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import DataError, UsageError
from econloom.lights.calibrate import fit
from econloom.lights.published import PUBLISHED

lights = el.lights


def test_known_gains_are_found_without_noise() -> None:
    rng = np.random.default_rng(1)
    true = rng.uniform(2, 60, (40, 40))
    target = np.zeros(true.shape, dtype=bool)
    target[:20] = True
    images = {"F16 2006": true, "F15 2005": (true / 1.3) ** (1 / 1.08), "F14 2003": (true / 0.8) ** (1 / 0.93)}
    found = lights.intercalibrate(images, "F16 2006", target)
    assert found.calibrations["F15 2005"].coefficients == pytest.approx((1.3, 1.08), rel=1e-8)
    assert found.calibrations["F14 2003"].coefficients == pytest.approx((0.8, 0.93), rel=1e-8)
    assert all(np.allclose(x, true, rtol=1e-8) for x in found.images.values())
    assert found.tidy()["image"].to_list() == list(images)
    square = lights.intercalibrate({"F15 2005": true}, 0.004 * true**2 + 0.9 * true + 0.5, target, form="quadratic")
    assert square.calibrations["F15 2005"].coefficients == pytest.approx((0.004, 0.9, 0.5), rel=1e-6)


def test_estimates_are_least_squares_with_their_standard_errors() -> None:
    rng = np.random.default_rng(2)
    x = rng.uniform(3, 50, 200)
    y = 1.2 * x**1.05 * np.exp(rng.normal(0, 0.1, 200))
    found = fit(x, y, saturated=None, saturated_reference=None)
    other = el.ols("y ~ x", pl.DataFrame({"y": np.log(y), "x": np.log(x)})).tidy().sort("term", descending=True)
    slope, constant = other.rows(named=True) if other["term"][0] == "x" else other.rows(named=True)[::-1]
    assert np.log(found.coefficients[0]) == pytest.approx(constant["estimate"], rel=1e-9)
    assert found.coefficients[1] == pytest.approx(slope["estimate"], rel=1e-9)
    assert found.std_errors == pytest.approx((constant["std_error"], slope["std_error"]), rel=1e-9)


def test_gains_are_found_again_under_noise_rounding_and_saturation() -> None:
    """300 images of 400 cells, noise of 5 per cent in both images, rounded, cut at 63: error of docs/lights.md.

    Noise in the regressor makes b smaller by the factor v / (v + s²), here 0.9895 with rounding; what is left beyond it
    comes of the cells cut at 63. The brightness of calibrated images is hardly touched.
    """
    a, b = 1.25, 1.06
    rng = np.random.default_rng(3)
    found, slopes = [], []
    for _ in range(300):
        true = rng.uniform(8, 60, 400)
        clean = (true / a) ** (1 / b)
        image = np.minimum(np.round(clean * np.exp(rng.normal(0, 0.05, 400))), 63)
        reference = np.minimum(np.round(true * np.exp(rng.normal(0, 0.05, 400))), 63)
        k = fit(image, reference)
        found.append([*k.coefficients, k.apply(image).mean() / true.mean()])
        v, noise = np.log(clean).var(), (np.log(image) - np.log(clean)).var()
        slopes.append(b * v / (v + noise))
    mean = np.mean(found, axis=0)
    assert abs(mean[1] - np.mean(slopes)) < 0.005
    assert abs(mean[1] / b - 1) < 0.02 and abs(mean[0] / a - 1) < 0.05 and abs(mean[2] - 1) < 0.005


def test_saturated_and_dark_cells_say_nothing_of_the_scale() -> None:
    true = np.linspace(1, 120, 300)
    image = np.where(true > 100, 0, np.minimum(true, 63))
    assert fit(image, np.minimum(1.1 * true, 63)).coefficients == pytest.approx((1.1, 1.0), rel=1e-9)


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_published_coefficients(name: str) -> None:
    """Numbers of images, and two images by hand."""
    form, table = PUBLISHED[name]
    assert len(table) == {"wu2013": 31, "liu2012": 30}[name]
    assert all(0.8 <= row[-1] <= 1 for row in table.values())
    if name == "wu2013":
        dn = np.array([0.0, 10.0, 63.0])
        made = lights.intercalibrate({"F16 2006": dn}, coefficients=name).images["F16 2006"]
        assert made == pytest.approx([0, 0.9028 * 11**1.1306 - 1, 0.9028 * 64**1.1306 - 1], rel=1e-12)
    else:
        dn = np.array([0.0, 1.0, 20.0])
        made = lights.intercalibrate({"F15 2003": dn, "F16 2007": dn}, coefficients=name).images
        assert made["F15 2003"] == pytest.approx([0, 0.8391, -0.0125 * 400 + 1.7694 * 20 - 0.9178], rel=1e-12)
        assert made["F16 2007"].tolist() == dn.tolist()
    assert form in ("power_plus_one", "quadratic")


def test_what_calibration_refuses() -> None:
    x = np.linspace(1, 40, 100)
    every = np.ones(100, dtype=bool)
    images = {"F15 2005": x, "F16 2006": x}
    with pytest.raises(UsageError, match="no image 'F16 2005' for the reference, did you mean"):
        lights.intercalibrate(images, "F16 2005", every)
    with pytest.raises(UsageError, match="need a reference and a target"):
        lights.intercalibrate(images)
    with pytest.raises(DataError, match="F15 2005: 5 of 5 cells"):
        lights.intercalibrate(images, "F16 2006", x < 2.9)
    with pytest.raises(DataError, match="F15 2005: 0 of 100 cells"):
        lights.intercalibrate({"F15 2005": np.full(100, 63.0), "F16 2006": x}, "F16 2006", every)
    with pytest.raises(DataError, match="with 1 different numbers"):
        lights.intercalibrate({"F15 2005": np.full(100, 6.0), "F16 2006": x}, "F16 2006", every)
    with pytest.raises(DataError, match="bool array"):
        lights.intercalibrate(images, "F16 2006", np.ones(100))
    with pytest.raises(DataError, match="negative numbers"):
        lights.intercalibrate({"F16 2006": -x}, "F16 2006", every)
    with pytest.raises(DataError, match="has shape"):
        lights.intercalibrate({"F16 2006": x, "F15 2005": x[1:]}, "F16 2006", every)
    with pytest.raises(UsageError, match="no form 'cubic'"):
        lights.intercalibrate(images, "F16 2006", every, form="cubic")
    with pytest.raises(UsageError, match="no coefficients 'wu2012', did you mean 'wu2013'"):
        lights.intercalibrate(images, coefficients="wu2012")
    with pytest.raises(UsageError, match="wu2013 has no coefficients of 'F18 2013'"):
        lights.intercalibrate({"F18 2013": x}, coefficients="wu2013")
    with pytest.raises(UsageError, match="mapping of names"):
        lights.intercalibrate({})


def slow_continuity(given: np.ndarray, previous: str) -> np.ndarray:
    """The rule cell by cell, year by year."""
    made = given.copy()
    years, cells = given.shape
    for c in range(cells):
        for t in range(years):
            before = None if t == 0 else (made if previous == "corrected" else given)[t - 1, c]
            after = None if t == years - 1 else given[t + 1, c]
            if after == 0:
                made[t, c] = 0
            elif before is not None and before > given[t, c]:
                made[t, c] = before
    return made


@pytest.mark.parametrize("previous", ["corrected", "given"])
def test_continuity_to_the_letter(previous: str) -> None:
    given = np.maximum(np.random.default_rng(4).integers(-4, 12, (14, 400)), 0).astype(float)
    found = lights.continuity(given, previous)
    assert (found == slow_continuity(given, previous)).all()
    if previous == "corrected":
        steps = np.diff(found, axis=0)
        assert not ((steps < 0) & (found[1:] > 0)).any()
    assert not np.shares_memory(found, given)


def test_missing_cells_stay_missing_in_a_series() -> None:
    found = lights.continuity([[5.0, np.nan], [np.nan, 3.0], [4.0, 2.0]])
    assert np.isnan(found[1, 0]) and np.isnan(found[0, 1]) and found[2].tolist() == [4.0, 3.0]
    assert lights.composite([np.nan, 1], [2, np.nan]).tolist() == [2, 1]
    with pytest.raises(DataError, match="at least two"):
        lights.continuity([[1.0]])
    with pytest.raises(DataError, match="negative"):
        lights.continuity([[1.0], [-1.0]])
    with pytest.raises(UsageError, match="'corrected' or 'given'"):
        lights.continuity([[1.0], [1.0]], "both")
    with pytest.raises(UsageError, match="'either' or 'both'"):
        lights.composite([1], [1], "neither")
    with pytest.raises(DataError, match="shapes"):
        lights.composite([1], [1, 2])
    with pytest.raises(DataError, match="does not say its year"):
        lights.yearly({"lights": [1.0]})
    with pytest.raises(DataError, match="3 images of 2004"):
        lights.yearly({f"F{k} 2004": [1.0] for k in (14, 15, 16)})


def test_viirs_like_dmsp() -> None:
    rng = np.random.default_rng(5)
    r = rng.lognormal(1, 1.2, 3000)
    dn = 5 + 58 / (1 + np.exp(-1.7 * (np.log1p(r) - 1.9)))
    found = lights.harmonise(dn + rng.normal(0, 1, 3000), r)
    assert np.abs(found.apply(r) - dn).mean() < 0.1 and found.r2 > 0.99
    assert found.apply([0.0, -0.2, np.nan])[:2].tolist() == [0, 0] and np.isnan(found.apply([np.nan])[0])
    power = lights.harmonise(4 * r**0.6, r, "power")
    assert power.coefficients == pytest.approx((4, 0.6), rel=1e-6)
    with pytest.raises(DataError, match="0 cells are lit"):
        lights.harmonise(np.zeros(50), np.ones(50))
    with pytest.raises(UsageError, match="'sigmoid' or 'power'"):
        lights.harmonise(dn, r, "linear")


def test_saturated_cells_are_filled_from_a_radiance_calibrated_image() -> None:
    true = np.linspace(3, 200, 500)
    filled = lights.desaturate(np.minimum(true, 63), (true / 2) ** (1 / 1.1))
    assert np.allclose(filled, true, rtol=1e-8)
    with pytest.raises(DataError, match="desaturation"):
        lights.desaturate(np.full(20, 63.0), true[:20])


def test_brightness_of_cities_from_two_satellites() -> None:
    """Two satellites with known gains give the truth back; the rule of continuity keeps lights that grow."""
    grid = lights.Grid(10, 10, west=100, north=40, width=0.1, height=0.1)
    base = np.random.default_rng(6).uniform(3, 25, grid.shape)
    base[:, :4] = np.linspace(5, 50, 40).reshape(10, 4)  # the invariant city
    growth = np.ones(grid.shape)
    images, true = {}, {}
    for year in (2004, 2005, 2006):
        growth[:, 4:] = 1 + 0.1 * (year - 2004)
        true[year] = base * growth
        images[f"F16 {year}"] = lights.Image(true[year] if year == 2006 else true[year] / 1.1, grid)
        images[f"F15 {year}"] = lights.Image((true[year] / 1.2) ** (1 / 1.05), grid)

    def box(west: float, east: float) -> list[tuple[float, float]]:
        return [(west, 39), (east, 39), (east, 40), (west, 40)]

    cities = lights.Boundaries.of({"鹤岗市": box(100, 100.4), "甲市": box(100.4, 101)})
    found = lights.city_brightness(images, cities, target="鹤岗市")
    for zone, year, mean in found.select("zone", "year", "mean").iter_rows():
        cells = true[year][:, :4] if zone == "鹤岗市" else true[year][:, 4:]
        assert mean == pytest.approx(cells.mean(), rel=1e-8)
