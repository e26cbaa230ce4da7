"""The shipped study against the printed tables of the paper."""

import json
from pathlib import Path

import polars as pl
import pytest

import econloom as el
from econloom.core.estimate import CONSTANT

STUDY = Path(__file__).resolve().parents[2] / "studies/globalisation"
PUBLISHED = json.loads((STUDY / "published/002_t3.json").read_text(encoding="utf-8"))
TERMS = {"TBI": "tbi", "常数项": CONSTANT}
CELLS = [
    (TERMS.get(row["term"], row["term"]), number, cell)
    for row in PUBLISHED["rows"]
    for number, cell in row["cells"].items()
]


def ours(run, column, term, version="default"):
    return run.results.filter(version=version, table="t3", column=column, term=term).row(0, named=True)


def test_rows_and_countries(real_run):
    assert real_run.panel.height == 615
    assert real_run.panel.frame["code"].n_unique() == 41
    assert set(real_run.results.filter(version="default", table="t3")["n"]) == {615}
    assert set(real_run.results.filter(version="default", table="t3")["n_clusters"]) == {41}
    assert {c["n"] for c in PUBLISHED["columns"]} == {615}


@pytest.mark.parametrize(("version", "printed"), [("default", 11.65), ("kof2020", 11.30)])
def test_the_index_alone(real_run, version, printed):
    assert ours(real_run, "c1", "tbi", version)["estimate"] == pytest.approx(printed, rel=0.005)


@pytest.mark.parametrize(("term", "number", "cell"), CELLS, ids=[f"{t}-{n}" for t, n, _ in CELLS])
def test_every_coefficient_within_one_printed_standard_error(real_run, term, number, cell):
    found = ours(real_run, f"c{number}", term)["estimate"]
    assert abs(found - cell["coef"]) <= cell["se"]


@pytest.mark.parametrize(("number", "cell"), [(n, c) for t, n, c in CELLS if t == "tbi"])
def test_sign_and_stars_of_the_index(real_run, number, cell):
    found = ours(real_run, f"c{number}", "tbi")
    assert found["estimate"] * cell["coef"] > 0
    assert found["stars"] == "*" * cell["stars"]


def test_every_version_is_beside_the_default(real_run):
    assert real_run.results["version"].n_unique() == len(real_run.plan.outputs) == 11
    grid = real_run.tables["t3_versions"]
    assert grid.n_columns == 4
    assert sum(r.role == "estimate" for r in grid.rows) == 11


def test_the_history_names_what_has_no_partner(real_run):
    record = json.loads((real_run.path / "run.json").read_text(encoding="utf-8"))
    joins = {e["message"].split(":")[0]: e["detail"] for e in record["events"] if e["kind"] == "join"}
    assert joins["kof"]["units_panel_only"] == ["TWN"]
    drops = [
        (e["detail"]["units"], e["rows_before"] - e["rows_after"]) for e in record["events"] if e["kind"] == "drop"
    ]
    assert drops == [(["TWN"], 15), (["ROU"], 15)]
    assert record["samples"]["t3.c4"]["n"] == 615
    assert set(record["sources"]) == {"wiot", "kof", "pwt", "wgi", "wdi"}


def test_a_country_coded_in_two_ways(tmp_path):
    """A file that codes Romania as ROM: the log names the pair."""
    kof = pl.read_parquet(STUDY / "data/kof.parquet").with_columns(pl.col("code").replace("ROU", "ROM"))
    kof.write_parquet(tmp_path / "kof.parquet")
    pl.read_parquet(STUDY / "data/wgi.parquet").write_parquet(tmp_path / "wgi.parquet")
    study = {
        "study": "rom",
        "title": "ROM",
        "sources": {"wgi": "wgi.parquet", "kof": {"path": "kof.parquet", "where": "edition == 2018"}},
        "panel": {"unit": "code", "time": "year", "start": "wgi", "join": [{"kof": ["KOFGIdj"]}]},
        "tables": {"t": {"title": "T", "columns": ["KOFGIdj ~ rq_est | code + year"]}},
    }
    done = el.study(study, tmp_path).run()
    join = next(e for e in done.panel.events if e.kind == "join")
    assert ["ROU", "ROM"] in join.detail["near"]
