"""Zonal sums: exact shares against other programs, known truth, and what is refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import econloom as el
from econloom.core.errors import DataError, UsageError
from econloom.lights.coverage import index

Boundaries, Grid, Image = el.lights.Boundaries, el.lights.Grid, el.lights.Image
DATA = Path(__file__).parent / "data"
GRID = Grid(6, 8, west=100.0, north=40.0, width=0.5, height=0.25)


def box(west: float, south: float, east: float, north: float) -> list[tuple[float, float]]:
    return [(west, south), (east, south), (east, north), (west, north)]


def dense(found: object, grid: object = GRID) -> np.ndarray:
    """Shares as (zones, rows, columns)."""
    made = np.zeros((len(found.names), *grid.shape))
    for zone in range(len(found.names)):
        made[zone][found.labels == zone] = 1.0
        mine = found.zones == zone
        np.add.at(made[zone].reshape(-1), found.cells[mine], found.shares[mine])
    return made


def test_sums_of_sao_tome_and_principe() -> None:
    """Both islands, DMSP and VIIRS: sums, and numbers of cells where the sums are not zero."""
    rows = list(csv.DictReader((DATA / "STP_expected_zonal_stats_adm2.csv").open(encoding="utf-8")))
    for file, column, negative in (
        ("STP_DMSP_OLS_1992_stable_lights.tif", "NL_OLS.Y_STABLE_LIGHTS_1992", False),
        ("STP_VIIRS_201401_vcmcfg.tif", "NL_VIIRS.M_VCMCFG_201401", True),
    ):
        image = el.lights.read_image(DATA / file)
        values = image.filled()
        if negative:
            values[values < 0] = np.nan
        west, south, east, north = image.grid.bounds
        islands = Boundaries.of({"Príncipe": box(west, 1, east, north), "São Tomé": box(west, south, east, 1)})
        found = el.lights.zonal(Image(values, image.grid), islands, rule="centre")
        for island, total, cells in found.select("zone", "sum", "cells").iter_rows():
            own = [r for r in rows if r["municipality_.concelho."] == island]
            assert total == pytest.approx(sum(float(r[f"{column}_SUM"]) for r in own), rel=1e-12)
            counts = [float(r[f"{column}_SUM"]) / float(r[f"{column}_MEAN"]) for r in own if float(r[f"{column}_SUM"])]
            if len(counts) == len(own):  # a sum of zero does not tell its cells
                assert cells == pytest.approx(sum(counts), rel=1e-9)
    assert image.name == "VIIRS 2014" and image.grid.crs == "EPSG:4326"


def test_shares_are_those_of_exactextract() -> None:
    """Stars, a hole and two parts on a grid of oblong cells; to 1e-6, which is exactextract's single precision."""
    exactextract = pytest.importorskip("exactextract")
    raster = pytest.importorskip("exactextract.raster")
    features = []
    for k in range(4):
        angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        radius = np.where(np.arange(12) % 2, 0.25, 0.55)
        star = np.c_[101 + 0.63 * k + radius * np.cos(angle + k), 39.2 + 0.1 * k + radius / 2 * np.sin(angle + k)]
        rings = [[*star.tolist(), star[0].tolist()]]
        if k == 1:
            hole = box(101.55, 39.25, 101.7, 39.33)
            rings.append([*map(list, hole), list(hole[0])])
        shape = {"type": "Polygon", "coordinates": rings}
        if k == 2:
            part = box(100.1, 38.6, 100.3, 38.9)
            shape = {"type": "MultiPolygon", "coordinates": [rings, [[*map(list, part), list(part[0])]]]}
        features.append({"type": "Feature", "properties": {"city": f"{k}市"}, "geometry": shape})
    values = np.random.default_rng(1).uniform(0, 63, GRID.shape)
    west, south, east, north = GRID.bounds
    source = raster.NumPyRasterSource(values, xmin=west, ymin=south, xmax=east, ymax=north)
    theirs = exactextract.exact_extract(source, features, ["sum", "mean", "count"])
    map_ = Boundaries.of({f["properties"]["city"]: f["geometry"] for f in features})
    ours = el.lights.zonal(Image(values, GRID), map_, overlap="allow")
    for row, other in zip(ours.iter_rows(named=True), theirs, strict=True):
        assert [row[c] for c in ("sum", "mean", "cells")] == pytest.approx(
            [other["properties"][c] for c in ("sum", "mean", "count")], rel=1e-6
        )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_shares_add_up_to_the_area_and_centres_to_a_slow_count(seed: int) -> None:
    """Random triangles: areas to 1e-10; centres by the sides of the edges they lie on."""
    rng = np.random.default_rng(seed)
    points = np.c_[rng.uniform(100.01, 103.99, 3), rng.uniform(38.51, 39.99, 3)]
    area = abs(np.linalg.det(points[1:] - points[0])) / 2
    if area < 1e-3:
        return
    zone = Boundaries.of({"A": points})
    shares = dense(index(zone, GRID))[0]
    assert shares.sum() * 0.125 == pytest.approx(area, rel=1e-10)
    assert (shares >= 0).all() and (shares <= 1).all()
    x = 100.25 + 0.5 * np.arange(8)
    y = 39.875 - 0.25 * np.arange(6)
    x, y = np.meshgrid(x, y)
    nxt = np.roll(points, -1, axis=0)
    sides = [np.sign((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])) for a, b in zip(points, nxt, strict=True)]
    inside = np.all([s == sides[0] for s in sides], axis=0)
    assert (dense(index(zone, GRID, "centre"))[0] == inside).all()


def test_zones_that_tile_the_grid_share_every_cell_once() -> None:
    middle = (101.3, 39.1)
    west, south, east, north = GRID.bounds
    corners = [(west, south), (east, south), (east, north), (west, north)]
    parts = {f"{k}": [corners[k], corners[(k + 1) % 4], middle] for k in range(4)}
    assert np.allclose(dense(index(Boundaries.of(parts), GRID)).sum(axis=0), 1, atol=1e-9)


def test_nodata_counts_in_neither_sum_nor_mean() -> None:
    for values in (
        np.full(GRID.shape, 3, np.uint8),
        np.full(GRID.shape, 3, np.float32),
        np.full(GRID.shape, 3, np.int16),
    ):
        values[0, 0] = 255
        row = el.lights.zonal(Image(values, GRID, nodata=255), Boundaries.of({"A": box(100, 39.5, 100.75, 40)}))
        assert row.select("sum", "mean", "cells").row(0) == (6.0, 3.0, 2.0)
    empty = Image(np.full(GRID.shape, np.nan), GRID)
    row = el.lights.zonal(empty, Boundaries.of({"A": box(100, 39.5, 101, 40)})).row(0, named=True)
    assert row["sum"] is None and row["mean"] is None and row["cells"] == 0


def test_areas_of_cells_shrink_towards_the_poles() -> None:
    grid = Grid(180, 1, west=0, north=90, width=1, height=1)
    assert grid.row_areas().sum() == pytest.approx(2 / np.radians(1), rel=1e-12)  # a lune of one degree
    image = Image(np.r_[np.ones((90, 1)), np.zeros((90, 1))], grid)
    tall = Boundaries.of({"A": box(0, -30, 1, 90)})
    assert el.lights.zonal(image, tall)["mean"][0] == pytest.approx(0.75)
    assert el.lights.zonal(image, tall, area=True)["mean"][0] == pytest.approx(1 / 1.5)
    assert (Grid(2, 1, 0, 0, 1, 1, "EPSG:3857").row_areas() == 1).all()


def test_parts_outside_are_refused_or_clipped() -> None:
    image = Image(np.ones(GRID.shape), GRID)
    over = Boundaries.of({"甲市": box(103, 39, 105, 40), "乙市": box(101, 39, 102, 40), "丙市": box(10, 10, 11, 11)})
    with pytest.raises(DataError, match=r"outside the raster .*: 甲市, 丙市"):
        el.lights.zonal(image, over)
    clipped = el.lights.zonal(image, over, outside="clip")
    assert clipped["inside"].to_list() == pytest.approx([0.5, 1.0, 0.0])
    assert clipped["sum"].to_list() == [8.0, 8.0, None]
    with pytest.raises(DataError, match="outside the raster"):
        el.lights.zonal(image, over.only(["丙市"]), outside="clip")


@pytest.mark.parametrize(
    ("zones", "message"),
    [
        ({"A": box(100, 39, 101, 40), "B": box(100.9, 39, 102, 40)}, "polygons overlap: A and B"),
        ({"A": box(100, 39, 102, 40), "B": box(100, 39, 102, 40)}, "polygons overlap: A and B"),
        ({"A": [(100, 39), (102, 40), (102, 39), (100, 39.5)]}, "crosses itself"),
    ],
)
def test_polygons_that_overlap_or_cross_themselves(zones: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        el.lights.zonal(Image(np.ones(GRID.shape), GRID), Boundaries.of(zones))


def test_overlap_can_be_allowed() -> None:
    zones = Boundaries.of({"A": box(100, 39, 102, 40), "B": box(101, 39, 103, 40)})
    found = el.lights.zonal(Image(np.ones(GRID.shape), GRID), zones, overlap="allow")
    assert found["cells"].to_list() == [16.0, 16.0]


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (None, "an empty polygon"),
        ({"type": "Polygon", "coordinates": []}, "an empty polygon"),
        ([(0, 0), (1, 1)], "an empty polygon"),
        ([(0, 0), (1, 1), (2, 2)], "without area"),
        ([(0, 0), (1, np.nan), (2, 2)], "not finite"),
        ([0, 1, 2], "pairs of numbers"),
        ({"type": "Point", "coordinates": [0, 0]}, "a Point is no polygon"),
    ],
)
def test_shapes_that_are_no_polygons(shape: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Boundaries.of({"甲市": shape})
    with pytest.raises(DataError, match="no polygons"):
        Boundaries.of({})


def test_coordinate_systems_must_agree() -> None:
    zone = Boundaries.of({"A": box(100, 39, 101, 40)})
    blind = Image(np.ones(GRID.shape), Grid(6, 8, 100, 40, 0.5, 0.25, crs=None))
    with pytest.raises(DataError, match="no coordinate reference system"):
        el.lights.zonal(blind, zone)
    with pytest.raises(DataError, match="the raster is in EPSG:4326, the boundaries are in EPSG:3857"):
        el.lights.zonal(Image(np.ones(GRID.shape), GRID), Boundaries(zone.names, zone.rings, "EPSG:3857"))
    assert Boundaries.of({"A": box(0, 0, 1, 1)}, "urn:ogc:def:crs:OGC:1.3:CRS84").crs == "EPSG:4326"


def test_images_must_lie_on_one_grid() -> None:
    zone, first = Boundaries.of({"A": box(100, 39, 101, 40)}), Image(np.ones(GRID.shape), GRID, name="F15 2000")
    for grid, message in (
        (Grid(6, 8, 100.2, 40, 0.5, 0.25), "lies elsewhere"),
        (Grid(5, 8, 100, 40, 0.5, 0.25), "5 x 8 cells"),
        (Grid(6, 8, 100, 40, 0.5, 0.25, "EPSG:3857"), "EPSG:3857"),
    ):
        with pytest.raises(DataError, match=message):
            el.lights.zonal([first, Image(np.ones(grid.shape), grid, name="F16 2000")], zone)
    with pytest.raises(UsageError, match="no image"):
        el.lights.zonal([], zone)
    with pytest.raises(DataError, match="on a grid of"):
        Image(np.ones((2, 2)), GRID)
    with pytest.raises(UsageError, match="positive size"):
        Grid(0, 1, 0, 0, 1, 1)


def test_rasters_on_disk(tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    folder = tmp_path / "灯光"
    folder.mkdir()
    profile = {"driver": "GTiff", "height": 2, "width": 3, "count": 1, "dtype": "uint8"}
    step = rasterio.transform.from_origin(100, 40, 0.5, 0.25)
    for name, more in (
        ("F162006.v4b_web.stable_lights", {"crs": "EPSG:4326", "nodata": 255}),
        ("F152005", {"crs": "EPSG:4326"}),
    ):
        with rasterio.open(folder / f"{name}.tif", "w", transform=step, **profile, **more) as file:
            file.write(np.arange(6, dtype=np.uint8).reshape(2, 3), 1)
    found = el.lights.images_in(folder)
    assert list(found) == ["F15 2005", "F16 2006"]
    image = el.lights.read_image(found["F16 2006"])
    assert (image.name, image.nodata, image.grid) == ("F16 2006", 255, Grid(2, 3, 100, 40, 0.5, 0.25))
    zone = Boundaries.of({"A": box(100, 39.5, 101.5, 40)})
    assert el.lights.zonal(found.values(), zone)["sum"].to_list() == [15.0, 15.0]
    with rasterio.open(folder / "blind.tif", "w", transform=step, **profile) as file:
        file.write(np.ones((2, 3), np.uint8), 1)
    with pytest.raises(DataError, match="no coordinate reference system"):
        el.lights.zonal(folder / "blind.tif", zone)
    assert el.lights.zonal(el.lights.read_image(folder / "blind.tif", crs="EPSG:4326"), zone)["sum"][0] == 6
    with pytest.raises(DataError, match="is in EPSG:4326, not in EPSG:3857"):
        el.lights.read_image(found["F15 2005"], crs="EPSG:3857")
    (folder / "bad.tif").write_text("no raster")
    with pytest.raises(DataError, match="cannot be read as a raster"):
        el.lights.read_image(folder / "bad.tif")
    with pytest.raises(DataError, match="no band 2"):
        el.lights.read_image(found["F15 2005"], band=2)
    with pytest.raises(DataError, match="no such file"):
        el.lights.read_image(folder / "none.tif")
    (folder / "F162006b.tif").write_bytes(b"")
    with pytest.raises(DataError, match="are both F16 2006"):
        el.lights.images_in(folder)
    with pytest.raises(DataError, match="no raster"):
        el.lights.images_in(tmp_path)


def test_maps_on_disk(tmp_path: Path) -> None:
    def write(content: object) -> Path:
        path = tmp_path / "图.geojson"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    def feature(name: str, shape: object) -> dict:
        return {"type": "Feature", "properties": {"省": "甲省", "市": name}, "geometry": shape}

    square = {"type": "Polygon", "coordinates": [[*map(list, box(100, 39, 101, 40))]]}
    path = write({"features": [feature("甲市", square), feature("乙市", square)]})
    read = el.lights.read_boundaries(path)
    assert read.names == ("甲市", "乙市") and read.crs == "EPSG:4326"
    assert el.lights.from_frame(read.to_frame()).areas() == pytest.approx([1.0, 1.0])
    with pytest.raises(DataError, match="省 is no name of zones, it repeats"):
        el.lights.read_boundaries(path, name="省")
    with pytest.raises(DataError, match="no property '县'"):
        el.lights.read_boundaries(path, name="县")
    with pytest.raises(UsageError, match="no zone '丙市'"):
        read.only(["丙市"])
    with pytest.raises(DataError, match="no column 'part'"):
        el.lights.from_frame(read.to_frame().drop("part"))
    for content, message in (
        ("PK", "no GeoJSON"),
        ({"features": []}, "no features"),
        ([1], "no features"),
        ({"features": [feature("甲市", None)]}, "甲.: an empty polygon"),
        ({"features": [feature("甲市", square), feature("甲市", square)]}, "no property names every zone"),
    ):
        with pytest.raises(DataError, match=message):
            el.lights.read_boundaries(write(content))
    with pytest.raises(DataError, match="No such file"):
        el.lights.read_boundaries(tmp_path / "none.geojson")
