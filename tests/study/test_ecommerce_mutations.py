"""The study `ecommerce` on own files, small ones, and a hundred corruptions of its study file and sources."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EconloomError
from econloom.study import document
from tests.conftest import SHIPPED
from tests.test_mutation import corrupted, damaged

TABLES = ("t2", "t8")
SOURCES = ("zones", "places", "accounts", "patents", "cities", "history", "internet", "partners")
BOOKS = dict(
    zip(
        SOURCES,
        (
            "zone_calendar", "city_places", "firm_accounts", "patent_register", "firm_city_yearbook", "city_1984",
            "national_internet", "partner_trade",
        ),
        strict=True,
    )
)  # fmt: skip
PROVINCES = ("浙江", "广东", "江苏", "山东", "四川")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, el.Run]:
    """Own files of five provinces and every tenth firm in them, and the study file that names them."""
    folder = tmp_path_factory.mktemp("企业")
    books = {n: el.simulate.draw(b, 5, "plain").frame for n, b in BOOKS.items()}
    books["cities"] = books["cities"].filter(pl.col("province").is_in(PROVINCES))
    cities = books["cities"]["city"].unique()
    kept = pl.col("city").is_in(cities.implode()) & (pl.col("firm") % 10 == 0)
    books["accounts"] = books["accounts"].filter(kept)
    books["patents"] = books["patents"].filter(pl.col("firm").is_in(books["accounts"]["firm"].unique().implode()))
    for name, frame in books.items():
        frame.write_csv(folder / f"{name}.csv")
    text = (SHIPPED.parent / "ecommerce" / "study.yaml").read_text(encoding="utf-8")
    text = re.sub(r"^  (\w+): \{simulate: [^}]*\}", r"  \1: \1.csv", text, flags=re.M)
    text = text[: text.index("\nversions:")] + "\n"
    head, tables, figures = re.split(r"^(?:tables|figures):\n", text, flags=re.M)
    parts = re.split(r"^(?=  \w+:)", tables, flags=re.M)
    tables = "".join(part for part in parts if part.startswith(tuple(f"  {t}:" for t in TABLES)))
    rings = next(part for part in re.split(r"^(?=  \w+:)", figures, flags=re.M) if part.startswith("  f3:"))
    text = f"{head}tables:\n{tables}figures:\n{rings}"
    assert "simulate:" not in text.split("panels:")[0].replace("`simulate:`", "")
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    read(folder)
    return folder, text, el.study(folder).run(["t2"], out=folder / "out")


@cache
def read(folder: Path) -> dict[str, Any]:
    return dict(document.read(folder).data)


def unwritten(folder: Path) -> el.Study:
    """The study as a dictionary, which writes no files."""
    return el.study(read(folder), folder)


def test_own_files_take_the_place_of_simulators(original: tuple[Path, str, el.Run]) -> None:
    _, _, run = original
    assert run.models["default", "t2"][2].sample.n > 500
    assert not any("模拟" in n.text("zh") for t in run.tables.values() for n in t.notes)
    panel = run.panel.frame
    assert panel["treatpost"].sum() > 100 and panel["inno"].null_count() == 0


@pytest.mark.parametrize("seed", range(60))
def test_a_corrupted_study_file(original: tuple[Path, str, el.Run], seed: int) -> None:
    folder, text, whole = original
    changed = corrupted(text, random.Random(seed))
    (folder / "study.yaml").write_bytes(changed.encode("utf-8", "surrogatepass"))
    try:
        study = el.study(folder)
        study.plan()
        if seed % 6:  # every sixth one runs
            return
        done = study.run(["t2"], out=folder / "again")
    except EconloomError as error:
        assert str(error)
        return
    if study.spec.model_dump() == whole.plan.spec.model_dump():
        assert done.results.equals(whole.results.filter(table="t2"))
    else:
        assert changed != text


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_source(original: tuple[Path, str, el.Run], seed: int) -> None:
    """Bytes damaged in a file without a digest: an error in words, or numbers that can be."""
    folder = original[0]
    rng = random.Random(1000 + seed)
    source = folder / f"{rng.choice(SOURCES)}.csv"
    content = source.read_bytes()
    try:
        source.write_bytes(damaged(content, rng))
        done = unwritten(folder).run(["t2"])
        assert done.results["std_error"].is_finite().all() and (done.results["n"] > 0).all()
    except EconloomError as error:
        assert str(error)
    finally:
        source.write_bytes(content)


FAULTS = {
    "swapped coordinates": (
        "places",
        lambda f: f.rename({"longitude": "latitude", "latitude": "longitude"}),
        "f3",
        "latitude",
    ),
    "no coordinates": ("places", lambda f: f.with_columns(latitude=pl.lit(None, pl.Float64)), "f3", "latitude"),
    "a city twice": ("cities", lambda f: pl.concat([f, f.head(1)]), "t2", "duplicate keys"),
    "a firm's year twice": ("accounts", lambda f: pl.concat([f, f.head(1)]), "t2", "duplicate keys"),
    "no employees": ("accounts", lambda f: f.with_columns(employees=pl.col("employees") * 0), "t2", "division by zero"),
    "debts without assets": ("accounts", lambda f: f.with_columns(assets=-pl.col("assets")), "t2", "log"),
    "words for numbers": ("accounts", lambda f: f.with_columns(payroll=pl.lit("many")), "t2", "payroll"),
    "another name": ("patents", lambda f: f.rename({"is_invention": "invention"}), "t2", "is_invention"),
    "no code": ("patents", lambda f: f.with_columns(ipc=pl.lit("telephone")), "t2", "no code of the IPC"),
    "no date": ("zones", lambda f: f.with_columns(approval_date=pl.lit("soon")), "t2", "soon"),
    "no zone of the batches": ("zones", lambda f: f.filter(pl.col("batch") > 3), "t2", "batch"),
    "names in another way": (
        "zones",
        lambda f: f.with_columns(pl.col("city").str.strip_suffix("市")),
        "t2",
        "none of its 163 units is in the panel",
    ),
    "no partner's product": ("partners", lambda f: f.with_columns(gdp=pl.col("gdp") * 0), "t8", "gdp"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_sources_are_named(original: tuple[Path, str, el.Run], name: str) -> None:
    folder = original[0]
    source, change, table, words = FAULTS[name]
    path = folder / f"{source}.csv"
    content = path.read_bytes()
    try:
        change(pl.read_csv(path)).write_csv(path)
        with pytest.raises(EconloomError) as caught:
            unwritten(folder).run([table])
        assert words in str(caught.value), str(caught.value)
    finally:
        path.write_bytes(content)
