"""Rings in study files: columns and figures have the numbers of ``el.space``."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EconloomError
from tests.study import small

PLACES = pl.DataFrame({
    "code": ["BEI", "TIA", "HEB", "SHX", "NMG", "LIA", "JIL", "HLJ", "港"],
    "latitude": [39.9, 39.1, 38.0, 37.9, 40.8, 41.8, 43.9, 45.8, 41.0],
    "longitude": [116.4, 117.2, 114.5, 112.5, 111.7, 123.4, 125.3, 126.6, 122.0],
})  # fmt: skip
ZONES = pl.DataFrame({
    "code": ["BEI", "TIA", "港", "LIA"],
    "day": ["2003-03-07", "2004年7月24日", "2003-11-01", "2005-01-01"],
    "batch": [1, 2, 2, 3],
})  # fmt: skip
ADDED = """  zones: data/zones.csv
  places: data/places.csv

policy:
  zone: {file: zones, unit: code, date: day, batches: [1, 2], cutoff: 10, makes: {treatpost: treated}}

rings:
  near: {policy: zone, edges: [0, 200, 300], places: places}

panel:
"""
TABLES = """figures:
  f: {kind: rings, title: f, of: n.base, policy: zone, edges: [0, 200, 300], places: places}
  one: {kind: rings, title: one, of: n.base, policy: zone, edges: [0, 200, 300], places: places, joint: false,
        later: counted}

tables:
  n:
    title: n
    columns:
      - {id: base, formula: y ~ treated + lnGDP | code}
      - y ~ treated + $near + lnGDP | code
"""
TEXT = small.TEXT.replace("\npanel:\n", ADDED, 1).replace("tables:\n", TABLES, 1)


def written(folder: Path, text: str = TEXT) -> Path:
    made = small.write(folder, text)
    PLACES.write_csv(made / "data" / "places.csv")
    ZONES.write_csv(made / "data" / "zones.csv")
    return made


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> el.study.Run:  # type: ignore[name-defined]
    return el.study(written(tmp_path_factory.mktemp("rings")) / "study.yaml").run(["n", "f", "one"])


def neighbours(later: bool = False) -> pl.DataFrame:
    """First treated years: November 2003 counts from 2004 on, as the cutoff is October."""
    starts = {"BEI": 2003, "TIA": 2004, "港": 2004} | ({"LIA": 2005} if later else {})
    return PLACES.join(pl.DataFrame({"code": list(starts), "start": list(starts.values())}), on="code")


def rings(later: bool = False) -> el.space.Rings:
    return el.space.Rings("code", "start", edges=[0, 200, 300], neighbours=neighbours(later))


def placed(panel) -> pl.DataFrame:
    return panel.frame.join(PLACES, on="code", how="left")


def test_columns_and_their_macro(run) -> None:
    wanted = el.space.exposure(placed(run.panel), rings(), "year")
    for edge in (200, 300):
        assert run.panel.frame[f"near_{edge}"].to_list() == wanted[f"ring_{edge}"].to_list()
    assert run.panel.frame.filter(code="LIA", year=2004)["near_200"].item() == 1  # 港 lies 150 km away
    terms = run.results.filter(column="c2", version="default")["term"].to_list()
    assert terms == ["treated", "near_200", "near_300", "lnGDP", "(Intercept)"]
    assert run.panel.variables["near_200"].label.zh == "near：[0, 200] km"


@pytest.mark.parametrize(("figure", "joint"), [("f", True), ("one", False)])
def test_figures(run, figure: str, joint: bool) -> None:
    given = {"unit": "code", "time": "year", "vcov": el.cluster("code"), "ssc": "xtreg"}
    data = placed(run.panel)
    wanted = el.space.spillovers("y ~ treated + lnGDP | code", data, rings(not joint), "treated", joint, **given)
    points = run.figures[figure].points
    assert [p.at for p in points] == [200, 300]
    for point, row in zip(points, wanted.tidy().iter_rows(named=True), strict=True):
        found = (point.estimate, point.low, point.high)
        assert found == pytest.approx((row["estimate"], row["conf_low"], row["conf_high"]), rel=1e-9)
    said = " ".join(n.text("en") for n in run.figures[figure].notes)
    assert f"joint test that all rings are zero: p = {wanted.test.p_value:.3f}" in said
    assert ("later batches not counted" in said) == joint
    if joint:
        assert f"{wanted.effect['estimate'][1]:.4g}" in said and "含环" in run.figures[figure].notes[2].text("zh")


def test_treated_units_without_a_place_are_named(tmp_path: Path) -> None:
    """Places as columns of the panel, which has no rows of one treated unit."""
    text = TEXT.replace(", places: places", "").replace("    - more: {rq: quality}\n",
        "    - more: {rq: quality}\n    - places: {on: code, columns: [latitude, longitude]}\n")  # fmt: skip
    run = el.study(written(tmp_path, text) / "study.yaml").run(["n", "f"])
    assert any("treated units without a place are not counted: 港" in w for w in run.warnings)
    assert any("未计入的处理单位：港" in n.text("zh") for n in run.figures["f"].notes)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "edges: [0, 200, 300], places: places}\n  one",
            "edges: [0, 200, 300], latitude: lat}\n  one",
            "no column 'lat'",
        ),
        ("near: {policy: zone", "near: {policy: zoen", "no policy 'zoen', did you mean 'zone'"),
        ("edges: [0, 200, 300]", "edges: [0, 200, 100]", r"the ring \(200, 100\] is empty"),
        ("edges: [0, 200, 300]", "width: 70", "rings of 70 km do not end at 500 km"),
        ("edges: [0, 200, 300]", "edges: [0, 200], width: 50", "'edges' take the place of"),
        ("joint: false", "joint: false, term: treted", "no term 'treted', did you mean 'treated'"),
        ("  near:", "  RQ:", "RQ_200|no macro"),
        ("macros:\n", "macros:\n  near: x\n", r"\$near is a macro already"),
        ("later: counted", "later: count", "'ignored' or 'counted'|not one of"),
    ],
)
def test_faults_of_the_file_are_placed(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in TEXT
    folder = written(tmp_path, TEXT.replace(old, new, 1))
    with pytest.raises(EconloomError, match=says):
        el.study(folder / "study.yaml").plan()


def test_faults_of_the_data_are_placed(tmp_path: Path) -> None:
    folder = written(tmp_path)
    swapped = PLACES.rename({"latitude": "longitude", "longitude": "latitude"})
    swapped.select(PLACES.columns).write_csv(folder / "data" / "places.csv")
    with pytest.raises(EconloomError, match="look swapped"):
        el.study(folder / "study.yaml").run(["n"])
