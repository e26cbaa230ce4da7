"""Every construct of the study language: read, planned, run, and refused where it is misspelt or contradicts itself."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import polars as pl
import pyreadstat
import pytest
from ruamel.yaml import YAML

import econloom as el
from econloom.core.errors import EconloomError
from tests.study import small

CONSTRUCTS: dict[str, dict[str, Any]] = YAML(typ="safe", pure=True).load(
    Path(__file__).with_name("constructs.yaml").read_text(encoding="utf-8")
)


def changed(data: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A study's dict with some dotted paths set; None removes."""
    made = copy.deepcopy(data)
    for dotted, value in changes.items():
        here: Any = made
        *parents, last = dotted.split(".")
        for key in parents:
            step: Any = int(key) if isinstance(here, list) else key
            if isinstance(here, dict):
                here.setdefault(step, {})
            here = here[step]
        if isinstance(here, list):
            place = int(last)
            here[place : place + 1] = [value]
        elif value is None:
            here.pop(last, None)
        else:
            here[last] = value
    return made


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rows of the small study as files of other kinds."""
    folder = tmp_path_factory.mktemp("forms")
    main, _ = small.frames()
    years = sorted(main["year"].unique().to_list())
    wide = main.pivot("year", index="code", values=["tbi", "gdp", "y"])
    book = openpyxl.Workbook()
    book.active.title = "年鉴"
    book.active.append(["code", *(name for name in ("tbi", "gdp", "y") for _ in years)])
    book.active.append([None, *(year for _ in range(3) for year in years)])
    for row in wide.iter_rows():
        book.active.append(row)
    book.create_sheet("notes").append(["说明"])
    book.save(folder / "book.xlsx")
    pyreadstat.write_dta(main.to_pandas(), folder / "regions.dta")
    with duckdb.connect(str(folder / "regions.duckdb")) as made:
        made.execute("create table regions as select * from main")
    dated = main.with_columns(pl.format("{}-12-31", "year").alias("year"))
    dated.write_csv(folder / "dated.csv")
    zones = pl.DataFrame({"code": ["BEI", "TIA", "HEB"], "day": ["2003-03-07", "2004-07-24", "2004-07-24"]})
    zones.write_csv(folder / "zones.csv")
    places = {"BEI": (39.9, 116.4), "TIA": (39.1, 117.2), "HEB": (38.0, 114.5), "SHX": (37.9, 112.5),
              "NMG": (40.8, 111.7), "LIA": (41.8, 123.4), "JIL": (43.9, 125.3), "HLJ": (45.8, 126.6)}  # fmt: skip
    there = {"code": list(places), "lat": [p[0] for p in places.values()], "lon": [p[1] for p in places.values()]}
    pl.DataFrame(there).write_csv(folder / "places.csv")
    return folder


@pytest.fixture
def folder(folder: Path, forms: Path) -> Path:
    for file in forms.iterdir():
        shutil.copy(file, folder / "data" / file.name)
    return folder


@pytest.fixture
def data() -> dict[str, Any]:
    return small.data()


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_it_is_read_planned_and_run(name: str, folder: Path, data: dict[str, Any]) -> None:
    run = el.study(changed(data, CONSTRUCTS[name]["set"]), folder).run(["x"])
    assert "x" in {**run.tables, **run.figures}


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_it_is_refused_where_it_is_wrong(name: str, folder: Path, data: dict[str, Any]) -> None:
    entry = CONSTRUCTS[name]
    with pytest.raises(EconloomError) as caught:
        el.study(changed(changed(data, entry["set"]), entry["wrong"]), folder).plan()
    assert entry["says"] in str(caught.value)
