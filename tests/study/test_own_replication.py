"""`replicate` in a reader's own repository: a study and a published table of their own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import econloom as el
from econloom.audit.claims_file import read_claims
from econloom.audit.read.published import read_published
from econloom.cli import run_command
from econloom.core.errors import DataError, EconloomError
from econloom.study import replication, schema
from tests.study import small

KINDS = ("docx", "html", "md", "tex", "csv", "xlsx")
CELLS = """table,column,term,kind,printed,within,verdict,why
t3,c1,TBI,,{coef},0.01,,headline
t3,c1,TBI,se,{se},,within_tolerance,
t3,c1,TBI,p,{p},0.0001,,
t3,c1,N,,42,,,
"""


def published(folder: Path, **stated: object) -> None:
    """The small study with what it is compared with."""
    file = folder / "study.yaml"
    added = json.dumps({"path": "published", **stated}, ensure_ascii=False)
    file.write_text(f"{file.read_text(encoding='utf-8')}\npublished: {added}\n", encoding="utf-8")


@pytest.fixture
def printed(folder: Path) -> Path:
    """The folder of a study that has run, with its own table in print."""
    el.study(folder).run(lang="en")
    (folder / "published").mkdir()
    for kind in KINDS:
        (folder / f"published/t3.{kind}").write_bytes((folder / f"out/tables/t3.{kind}").read_bytes())
    return folder


def test_a_published_table_of_any_format(printed: Path) -> None:
    spec = schema.load(printed)
    for kind in KINDS:
        entry = {"path": "published", "tables": {"t3": f"t3.{kind}"}, "expect": [
            {"tables": ["t3"], "kinds": ["coefficient", "se", "n", "r2"], "verdict": "within_rounding"}]}  # fmt: skip
        found = replication.replicate(
            schema.from_data({**spec.document.data, "published": entry}, printed), printed / "out"
        )
        assert found.ok, (kind, found.problems())
        assert set(found.cells["verdict"]) == {"exact"}, kind


def test_a_reader_s_continuous_integration(printed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    published(printed, tables={"t3": "t3.csv"}, expect=[{"tables": ["t3"], "verdict": "within_rounding"}])
    assert run_command(["replicate", str(printed), "--lang", "en"]) == 0
    made = printed / "out/replicate"
    assert {"cells.csv", "replication.docx", "replication.html", "replication.md"} <= {p.name for p in made.iterdir()}
    assert (made / "differences.svg").read_bytes().lstrip().startswith(b"<?xml")
    assert not (made / "replication_apart.html").exists()
    file = printed / "published/t3.csv"
    text = file.read_text(encoding="utf-8-sig")
    file.write_text(re.sub(r"-?\d\.\d{3}(?=\*{0,3},)", "9.000", text, count=1), encoding="utf-8")
    capsys.readouterr()
    assert run_command(["replicate", str(printed), "--lang", "en"]) == 1
    said = capsys.readouterr().out
    assert "0 of 1 expectations met" in said and "short: t3.c1" in said
    page = (made / "replication_apart.html").read_text(encoding="utf-8")
    assert "9.000" in page and (made / "replication_apart.docx").read_bytes()[:2] == b"PK"
    file.unlink()
    assert run_command(["replicate", str(printed)]) == 3
    assert "Traceback" not in capsys.readouterr().err


def test_single_cells_with_a_tolerance_each(printed: Path) -> None:
    row = (
        el.study(printed)
        .run()
        .results.filter(version="default", table="t3", column="c1", term="tbi")
        .row(0, named=True)
    )
    stars = row["stars"] or ""
    text = CELLS.format(
        coef=f"{row['estimate'] + 0.005:.3f}{stars}", se=f"{row['std_error']:.3f}", p=f"{row['p_value']:.4f}"
    )
    (printed / "published/cells.csv").write_text(text, encoding="utf-8")
    spec = schema.load(printed)

    def compared() -> replication.Replication:
        entry = {"path": "published", "cells": "cells.csv"}
        return replication.replicate(
            schema.from_data({**spec.document.data, "published": entry}, printed), printed / "out"
        )

    found = compared()
    assert found.ok and len(found.outcomes) == 4 and found.coverage.share == 1
    assert found.outcomes[0].expectation.why == "headline"
    wrong = text.replace(stars, "", 1) if stars else text.replace(",0.01,", "*,0.01,", 1)
    (printed / "published/cells.csv").write_text(wrong, encoding="utf-8")
    assert [o.met for o in compared().outcomes] == [False, True, True, True]


def test_cells_as_json_and_yaml_keep_their_digits(tmp_path: Path) -> None:
    entry = {"table": "t3", "column": "c1", "term": "tbi", "printed": "0.50**", "within": 0.1}
    (tmp_path / "c.json").write_text(json.dumps([entry, {**entry, "kind": "se", "printed": 0.10}]), encoding="utf-8")
    (tmp_path / "c.yaml").write_text("- {table: t3, column: c1, term: tbi, printed: 0.50}\n", encoding="utf-8")
    first, second = read_claims(tmp_path / "c.json").printed["t3"].cells
    assert (first.stars, first.text, second.kind) == (2, "0.50**", "se")
    (cell,) = read_claims(tmp_path / "c.yaml").printed["t3"].cells
    assert cell.text == "0.50"


HEAD = "table,column,term,printed\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no entry"),
        (HEAD, "no entry"),
        (HEAD + "t3,c1,tbi,\n", "entry 1: no printed"),
        (HEAD + "t3,c1,tbi,abc\n", "'abc' cannot be read"),
        (HEAD + "t3,c1,tbi,1.0\nt3,c1,tbi,1.0\n", "t3.c1.tbi .coefficient. stands twice"),
        ("table,colum,term,printed\nt3,c1,tbi,1\n", "did you mean 'column'"),
        ("table,column,term,kind,printed\nt3,c1,tbi,coeff,1\n", "did you mean 'coefficient'"),
        ("table,column,term,printed,within\nt3,c1,tbi,1,much\n", "within is 'much'"),
        ("table,column,term,printed,within\nt3,c1,N,1,2\n", "within is not for n"),
        ("table,column,term,printed,verdict\nt3,c1,tbi,1,sign_only\n", "sign_only is not a success"),
        ("table,column,term,printed,within,verdict\nt3,c1,tbi,1,1,exact\n", "not both"),
    ],
)
def test_bad_files_of_cells(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "格子.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=says):
        read_claims(file)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [("c.json", "{", "cannot be read"), ("c.json", "{}", "not a list"), ("c.yaml", "a: [", "cannot be read"),
     ("c.txt", "x", "are listed in"), ("c.jsn", "x", "did you mean '.json'"), ("c.csv", "\x00", "not a text")],
)  # fmt: skip
def test_files_that_hold_no_cells(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=says):
        read_claims(tmp_path / name)
    with pytest.raises(DataError):
        read_claims(tmp_path / "absent.csv")


def test_published_files_that_do_not_fit(tmp_path: Path) -> None:
    two = tmp_path / "two.csv"
    two.write_text(",(1)\nx,0.5**\n,(0.2)\n\n\n,(1)\nz,0.7**\n,(0.2)\n", encoding="utf-8")
    with pytest.raises(DataError, match="2 tables"):
        read_published(two)
    assert read_published(two, 2, "se").rows == ("z",)
    with pytest.raises(DataError, match="what the brackets hold"):
        read_published(two, 2)
    with pytest.raises(DataError, match="no table 3"):
        read_published(two, 3)
    lost = tmp_path / "lost.csv"
    lost.write_text(",(1),(2)\nx,0.5**,12 345\n,(0.2),(0.1)\n", encoding="utf-8")
    with pytest.raises(DataError, match="cannot be read"):
        read_published(lost)
    twice = tmp_path / "twice.csv"
    twice.write_text(",(1)\nx,0.5**\nF test,3.0\nF test,4.0\n", encoding="utf-8")
    with pytest.raises(DataError, match="stands twice"):
        read_published(twice)


def test_a_study_says_what_it_is_compared_with(folder: Path) -> None:
    with pytest.raises(EconloomError, match="needs 'tables' or 'cells'"):
        schema.from_data(small.data(published={"path": "."}), folder)
