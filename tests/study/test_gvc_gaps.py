"""The measure city_brightness in study files, from tables and from folders; the study gvc_gaps as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EconloomError
from econloom.iot.sectors import sector_names
from econloom.study import replication
from tests.conftest import SHIPPED

STUDY = """
study: lamps
title: {zh: 灯光, en: Lights}
sources:
  lights: {lights}
  map: {map}
  rows: rows.csv
panel:
  unit: city
  time: year
  start: rows
variables:
  nlt: {measure: "city_brightness(lights, boundaries=map, reference='F16 2006', target='甲市')"}
tables:
  t1: {kind: descriptive, title: {zh: 描述, en: Description}, of: [nlt]}
"""
CITIES = {"甲市": (100.0, 100.5), "乙市": (100.5, 100.9)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two cities, three images as a table of lit cells, and boundaries."""
    rng = np.random.default_rng(1)
    lon, lat = np.meshgrid(100.05 + 0.1 * np.arange(9), 39.95 - 0.1 * np.arange(6))
    true = rng.uniform(5, 50, lon.shape)
    parts = [
        pl.DataFrame(
            {
                "satellite": "F15" if year == 2005 else "F16",
                "year": year,
                "longitude": lon.ravel(),
                "latitude": lat.ravel(),
                "dn": (true / gain).ravel(),
            }
        )
        for year, gain in ((2005, 1.25), (2006, 1.0))
    ]
    pl.concat(parts).write_csv(tmp_path / "lights.csv")
    ring = [(w, 39.4, e) for w, e in CITIES.values()]
    points = [
        {"city": name, "part": 0, "hole": False, "longitude": x, "latitude": y}
        for name, (w, s, e) in zip(CITIES, ring, strict=True)
        for x, y in ((w, s), (e, s), (e, 40.0), (w, 40.0))
    ]
    pl.DataFrame(points).write_csv(tmp_path / "map.csv")
    pl.DataFrame({"city": list(CITIES) * 2, "year": [2005] * 2 + [2006] * 2}).write_csv(tmp_path / "rows.csv")
    write(tmp_path)
    np.save(tmp_path / "true.npy", true)
    return tmp_path


def write(folder: Path, lights: str = "lights.csv", map_: str = "map.csv", **changes: str) -> None:
    text = STUDY.replace("{lights}", lights).replace("{map}", map_)
    for old, new in changes.items():
        text = text.replace(old, new)
    (folder / "study.yaml").write_text(text, encoding="utf-8")


def brightness(folder: Path) -> dict[tuple[str, int], float]:
    frame = el.study(folder).run(out=folder / "out").panel.frame
    return {(c, y): v for c, y, v in frame.select("city", "year", "nlt").iter_rows()}


def expected(folder: Path) -> dict[tuple[str, int], float]:
    true = np.load(folder / "true.npy")
    means = {"甲市": true[:, :5].mean(), "乙市": true[:, 5:].mean()}
    return {(c, y): m for c, m in means.items() for y in (2005, 2006)}


def test_brightness_from_tables(folder: Path) -> None:
    assert brightness(folder) == pytest.approx(expected(folder), rel=1e-5)


def test_brightness_from_folders(folder: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    true = np.load(folder / "true.npy")
    (folder / "images").mkdir()
    (folder / "图").mkdir()
    step = rasterio.transform.from_origin(100, 40, 0.1, 0.1)
    for name, gain in (("F152005", 1.25), ("F162006", 1.0)):
        path = folder / "images" / f"{name}.v4b_web.stable_lights.tif"
        with rasterio.open(
            path, "w", driver="GTiff", height=6, width=9, count=1, dtype="float32", crs="EPSG:4326", transform=step
        ) as file:
            file.write((true / gain).astype(np.float32), 1)
    features = [
        {
            "type": "Feature",
            "properties": {"name": name},
            "geometry": {"type": "Polygon", "coordinates": [[[w, 39.4], [e, 39.4], [e, 40.0], [w, 40.0], [w, 39.4]]]},
        }
        for name, (w, e) in CITIES.items()
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    (folder / "图" / "map.geojson").write_text(text, encoding="utf-8")
    write(folder, "{path: images, layout: rasters}", "{path: 图, layout: polygons}")
    assert brightness(folder) == pytest.approx(expected(folder), rel=1e-5)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("boundaries=map, ", "", "city_brightness() needs boundaries="),
        ("'F16 2006'", "'F16 2007'", "no image 'F16 2007' for the reference, did you mean 'F16 2006'?"),
        ("target='甲市'", "target='丙市'", "no zone '丙市'"),
        ("target='甲市'", "zero='non'", "zero is 'either' or 'both'"),
        ("target='甲市'", "targt='甲市'", "no option 'targt', did you mean 'target'?"),
        (", target='甲市'", "", "estimates need a reference and a target region"),
        ("map.csv", "rows.csv", "map has no column 'part'"),
        ("lights.csv", "map.csv", "lights has no column 'satellite'"),
    ],
)
def test_faults(folder: Path, old: str, new: str, message: str) -> None:
    path = folder / "study.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(EconloomError) as caught:
        el.study(folder).run(out=folder / "out")
    assert message in str(caught.value)


def test_tables_of_lights_that_are_no_images(folder: Path) -> None:
    good = pl.read_csv(folder / "lights.csv")
    for bad, message in (
        (pl.concat([good, good.head(1)]), "stands twice"),
        (good.with_columns(pl.col("dn") - 50), "negative numbers"),
        (good.with_columns(longitude=pl.col("longitude") + pl.int_range(pl.len()) * 0.013), "no common grid"),
        (good.with_columns(dn=pl.lit(None, dtype=pl.Float64)), "missing cells"),
        (good.filter(pl.col("latitude") > 39.9), "have one latitude"),
    ):
        bad.write_csv(folder / "lights.csv")
        with pytest.raises(EconloomError, match=message):
            el.study(folder).run(out=folder / "out")


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The default version of the study."""
    return el.study(SHIPPED.parent / "gvc_gaps").run(out=tmp_path_factory.mktemp("gvc"))


def test_every_table_of_the_study_is_there(paper: Any) -> None:
    names = {"t1", "t2", "t3", "iv", "gmm", "granger", "regions", "partners", "institutions"}
    assert names <= set(paper.tables)
    rows = {t: [m.sample.n for m in paper.models["default", t]] for t in ("t2", "t3", "regions")}
    assert set(rows["t2"]) == {364}
    assert rows["t3"] == [364, 364, 364, 338, 364] and rows["regions"] == [112, 112, 140]
    panel = paper.panel.frame
    assert panel.height == 420 and panel["gini"].count() == 364
    real = {"sectors", "fw_by_sector", "bw_by_sector"}
    for name, table in paper.tables.items():
        assert any("模拟数据" in n.text("zh") for n in table.notes) == (name not in real), name


def test_indices_by_sector_are_those_of_the_functions(paper: Any) -> None:
    tables = el.iot.read(SHIPPED / "data" / "wiod2016")
    found = el.iot.linkages.indices(tables.table(2008), "CHN", side="user").filter(flow="import")
    table = paper.tables["fw_by_sector"]
    at = [c.text_of("zh") if hasattr(c, "text_of") else c.label.text("zh") for c in table.header[-1]].index("2008")
    shown = {row.label.text("en"): row.cells[at].value for row in table.rows}
    names = sector_names(found["sector"].to_list())
    assert shown == pytest.approx(dict(zip(names["sector_en"], found["value"], strict=True)), rel=1e-12)
    assert "计算机、电子和光学产品" in [row.label.text("zh") for row in table.rows]


def test_printed_counts_are_ours_and_the_rest_is_declared(paper: Any) -> None:
    done = replication.replicate(paper.plan.spec, paper.path)
    assert done.ok, done.problems()
    assert sum(done.declared.values()) == 185 and done.coverage.printed == 25
    apart = done.cells.filter(pl.col("verdict") == "fail")
    assert apart.select("table", "our_column", "printed_value", "ours").rows() == [("t3", "c4", 312.0, 338.0)]


def test_splits_of_partners_add_up(paper: Any) -> None:
    panel = paper.panel.frame
    for name in ("fw", "bw"):
        assert np.allclose(panel[f"{name}_oecd"] + panel[f"{name}_other"], panel[name])
        assert (panel[f"{name}_other"] > 0).all()
