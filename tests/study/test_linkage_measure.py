"""The measure `linkage` in a study file: values, shared work, dated groups, and wrong words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EconloomError
from econloom.iot import linkages, regionalise
from tests.iot import sources

STUDY = """
study: small
title: {zh: 试, en: Small}
sources:
  wiot: {path: 表, layout: wiod2016-assembled}
  jobs: {path: jobs.csv}
  match: {path: match.csv}
  books: {path: books.csv}
lists:
  club: {BBB: 2001}
  shadow: ['BBB', 'ROW']
panel: {unit: province, time: year, start: books}
variables:
  fw: {measure: "linkage(wiot, economy='AAA', flow='import', employment=jobs, concordance=match, side='user')"}
  bw: {measure: "linkage(wiot, economy='AAA', flow='export', employment=jobs, concordance=match, side='user')"}
  iv: {measure: "linkage(wiot, economy=shadow, flow='export', employment=jobs, concordance=match, form='share')"}
  bw_club:
    measure: "linkage(wiot, economy='AAA', flow='export', partners=club@2001, employment=jobs, concordance=match)"
tables:
  t: {title: {en: T}, values: fw, rows: year, columns: [甲, 乙]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "表").mkdir()
    sources.write(tmp_path / "表", sources.arrays())
    rows = [(p, y, c, n) for p, y in ((p, y) for p in "甲乙" for y in (2000, 2001)) for c, n in (("01", 5), ("02", 9))]
    jobs = pl.DataFrame(rows, schema=["province", "year", "sector", "employment"], orient="row")
    jobs = jobs.with_columns(pl.col("employment") + pl.int_range(pl.len()))
    jobs.write_csv(tmp_path / "jobs.csv")
    jobs.select("province", "year").unique(maintain_order=True).with_columns(y=1.0).write_csv(tmp_path / "books.csv")
    match = {"code": ["01", "01", "02"], "sector": ["s1", "s2", "s3"], "weight": [0.4, 0.6, 1.0]}
    pl.DataFrame(match).write_csv(tmp_path / "match.csv")
    (tmp_path / "study.yaml").write_text(STUDY, encoding="utf-8")
    return tmp_path


def test_values_are_those_of_the_functions(folder: Path) -> None:
    run = el.study(folder).run(out=folder / "out")
    made = pl.read_parquet(folder / "out" / "panel.parquet")
    tables = el.iot.read(folder / "表")
    jobs, match = (
        pl.read_csv(folder / "jobs.csv", schema_overrides={"sector": pl.String}),
        pl.read_csv(folder / "match.csv", schema_overrides={"code": pl.String}),
    )
    for name, flow, options, form in (
        ("fw", "import", {"economy": "AAA", "side": "user"}, "ratio"),
        ("bw", "export", {"economy": "AAA"}, "ratio"),
        ("iv", "export", {"economy": ("BBB", "ROW")}, "share"),
        ("bw_club", "export", {"economy": "AAA", "partners": "BBB"}, "ratio"),
    ):
        index = linkages.indices(tables, **options).filter(pl.col("flow") == flow)
        expected = regionalise.by_employment(index, jobs, form, match=match).frame
        both = made.join(expected, on=["province", "year"])
        assert both.height == 4
        np.testing.assert_allclose(both[name], both["value"], rtol=1e-12)
    assert run.tables


def test_both_flows_of_an_economy_share_their_work(folder: Path) -> None:
    plan = el.study(folder).plan()
    names = [s["name"] for s in plan.to_dict(None)["steps"]]
    assert names.count("linkages of AAA in wiot") == 2  # one for fw and bw, one for the club
    assert names.count("linkages of BBB+ROW in wiot") == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("flow='import'", "flow='forward'", "flow is 'import' or 'export'"),
        ("employment=jobs, concordance=match, side='user'", "concordance=match", r"linkage\(\) needs employment="),
        ("employment=jobs", "employment=job", "no source 'job', did you mean 'jobs'"),
        ("employment=jobs", "employment=match", "match has no column 'province'"),
        ("employment=jobs", "employment=wiot", "a rectangular file is needed, not tables"),
        ("partners=club@2001", "partners=clubs@2001", "no list 'clubs', did you mean 'club'"),
        ("economy=shadow", "economy=shadow@2001", "the list 'shadow' has no dates"),
        ("partners=club@2001", "partners=oecd@2001", "no economy of the table but AAA is in the group"),
        ("partners=club@2001", "partners=oecd", "no economy of the table but AAA is in the group"),
        ("economy=shadow", "economy=3", "economy is a code, a list of codes"),
        ("form='share'", "from='share'", "has no option 'from', did you mean 'form'"),
        ("economy=shadow", "economy='BBC'", "economy: unknown code BBC, did you mean 'BBB'"),
        ("economy=shadow", "economy=['BBB', 'XXX']", "economy: unknown code XXX"),
        (
            "concordance=match, side",
            "concordance='gbt4754_2011', side",
            "employment in sectors that the index does not",
        ),
    ],
)
def test_wrong_words_are_named(folder: Path, old: str, new: str, message: str) -> None:
    assert old in STUDY
    (folder / "study.yaml").write_text(STUDY.replace(old, new), encoding="utf-8")
    with pytest.raises(EconloomError, match=message):
        el.study(folder).run(out=folder / "out")
    assert not (folder / "out" / "run.json").exists()


def test_a_dated_list_follows_the_year(folder: Path) -> None:
    """Without a year after @, members are those of the year of each table: none in 2000."""
    text = STUDY.replace("{BBB: 2001}", "{BBB: 1990, ROW: 2001}").replace("partners=club@2001", "partners=club")
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    el.study(folder).run(out=folder / "out")
    made = pl.read_parquet(folder / "out" / "panel.parquet").sort("province", "year")
    late, early = made.filter(pl.col("year") == 2001), made.filter(pl.col("year") == 2000)
    np.testing.assert_allclose(late["bw_club"], late["bw"], rtol=1e-12)
    assert (early["bw_club"] < early["bw"] * 0.999).all()
