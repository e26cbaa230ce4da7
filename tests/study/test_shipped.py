"""The studies that come with econloom: all are checked and planned, run, and compared."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import polars as pl
import pytest

import econloom as el
from econloom.cli import run_command
from econloom.core.errors import EconloomError, StudyFileError
from econloom.study import document, replication, schema
from tests.conftest import SHIPPED
from tests.study import small

STUDIES = SHIPPED.parent
NAMES = sorted(p.name for p in STUDIES.iterdir() if (p / "study.yaml").is_file())


@pytest.mark.parametrize("name", NAMES)
def test_it_is_checked_and_planned(name: str) -> None:
    plan = el.study(STUDIES / name).plan()
    assert plan.steps and set(plan.chosen()) == {*plan.spec.tables, *plan.spec.figures}


@pytest.mark.parametrize("name", NAMES)
def test_the_json_schema_accepts_it(name: str) -> None:
    jsonschema.validate(document.read(STUDIES / name).data, schema.json_schema())


def test_the_five_papers_are_there() -> None:
    assert set(NAMES) >= {"ecommerce", "globalisation", "gvc_gaps", "migration", "wage_share"}


def test_replicate_meets_the_expectations_of_the_study(real_run, tmp_path: Path) -> None:
    found = replication.replicate(real_run.plan.spec, real_run.path)
    assert found.ok, found.problems()
    assert found.coverage.share >= 0.95
    cells = found.cells.filter(pl.col("kind") == "coefficient", pl.col("term") != "常数项")
    matched = cells.filter(pl.col("same_sign") & pl.col("same_stars"))
    assert cells.height == 122 and matched.height >= 105  # 120 with controls or TBI alone, 2 of TBI without
    assert matched.filter(pl.col("term") == "TBI").height == cells.filter(pl.col("term") == "TBI").height
    folder = replication.write(found, tmp_path, "en")
    assert {p.name for p in folder.iterdir()} >= {"cells.csv", "replication.docx", "differences.svg"}


def test_the_command_replicate(real_run, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert run_command(["replicate", str(SHIPPED), "--out", str(real_run.path)]) == 0
    said = capsys.readouterr().out
    assert "expectations met" in said and "t3    coefficient" in said


def test_replicate_fails_where_the_expectation_is_not_met(real_run, monkeypatch: pytest.MonkeyPatch) -> None:
    data = schema.load(SHIPPED).document.data
    data = {
        **data,
        "published": {**data["published"], "expect": [{"tables": ["t3"], "kinds": ["se"], "verdict": "exact"}]},
    }
    found = replication.replicate(schema.from_data(data, SHIPPED), real_run.path)
    assert not found.ok and found.problems()


def test_replicate_needs_printed_tables_of_the_study(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(EconloomError, match="names no printed tables"):
        replication.replicate(schema.load(folder), tmp_path)
    spec = schema.from_data(small.data(published={"path": ".", "tables": {"t33": "x.json"}}), folder)
    with pytest.raises(StudyFileError, match=r"the study has no such table, did you mean 't3'\?"):
        replication.replicate(spec, tmp_path)


def test_samples_of_the_tables(real_run) -> None:
    rows = {t: [m.sample.n for m in real_run.models["default", t]] for t in ("t3", "t4", "t5", "t6", "iv")}
    assert rows == {
        "t3": [615] * 4,
        "t4": [330] * 2 + [285] * 2,
        "t5": [615] * 3,
        "t6": [330] * 3 + [285] * 3,
        "iv": [574] * 3,
    }
    groups = real_run.results.filter(table="t4", version="default")["group"].unique(maintain_order=True).to_list()
    assert groups == ["developed", "developing"]


def test_files_of_a_run(real_run) -> None:
    there = set(real_run.files)
    assert {"figures/f1.svg", "figures/f1.pdf", "figures/f1.png", "report.html", "report.docx"} <= there
    assert {f"tables/t4.{kind}" for kind in ("docx", "tex", "html", "md", "xlsx", "csv")} <= there
    page = (real_run.path / "report.html").read_text(encoding="utf-8")
    assert "http://" not in page.replace("http://www.w3.org", "") and "t4.c1.tbi" in page


# extends ---------------------------------------------------------------------------------------------------------


def taken(tmp_path: Path, text: str) -> Path:
    folder = small.write(tmp_path)
    own = tmp_path / "other"
    own.mkdir()
    (own / "study.yaml").write_text(f"extends: ../{folder.name}/study.yaml\n{text}", encoding="utf-8")
    return own


def test_a_study_takes_what_it_does_not_say(tmp_path: Path) -> None:
    own = taken(tmp_path, "study: other\nchange: {defaults.digits: 2}\nwithout: [tables.t4]\nmacros: {more: gdp}\n")
    study = el.study(own)
    assert study.spec.study == "other" and study.spec.defaults.digits == 2
    assert set(study.spec.tables) == {"t1", "t3"} and set(study.spec.macros) == {"controls", "more"}
    base = el.study(tmp_path / small.FOLDER).run(["t3"])
    run = study.run(["t3"], out=tmp_path / "out")
    assert run.results["estimate"].to_list() == base.results["estimate"].to_list()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("study: other\nwithout: [tables.t44]\n", "the taken study has no 'tables.t44', did you mean 't4'?"),
        ("study: other\nchange: {defaults.digit: 2}\n", "defaults.digit: unknown key, did you mean 'digits'?"),
        ("study: other\nchange: {tables.t9.title: x}\n", "the study has no 't9'"),
        ("study: other\nvariables: {lnGDP: log(gpd)}\n", "no column or sample 'gpd', did you mean 'gdp'?"),
    ],
)
def test_faults_of_what_is_taken(tmp_path: Path, text: str, message: str) -> None:
    own = taken(tmp_path, text)
    with pytest.raises(EconloomError) as caught:
        el.study(own).plan()
    assert message in str(caught.value) and "other/study.yaml:" in str(caught.value)


def test_a_fault_in_the_taken_file_is_placed_there(tmp_path: Path) -> None:
    own = taken(tmp_path, "study: other\n")
    file = tmp_path / small.FOLDER / "study.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("log(gdp)", "log(gpd)"), encoding="utf-8")
    with pytest.raises(EconloomError) as caught:
        el.study(own).plan()
    assert f"{small.FOLDER}/study.yaml:" in str(caught.value) and "did you mean 'gdp'?" in str(caught.value)


def test_circles_and_missing_files(tmp_path: Path) -> None:
    own = taken(tmp_path, "study: other\n")
    file = tmp_path / small.FOLDER / "study.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text("extends: ../other\n" + text, encoding="utf-8")
    with pytest.raises(EconloomError, match="leads back"):
        el.study(own)
    file.unlink()
    with pytest.raises(EconloomError, match=r"study\.yaml:1:10: .*No such file"):
        el.study(own)
