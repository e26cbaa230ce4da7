"""The ledger: what it holds, that it is only added to, and that damage is told of before the work starts."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import econloom as el
from econloom.cli import run_command
from econloom.core.errors import EconloomError, OutputError
from econloom.study.ledger import FILE, book
from tests.study import small

CURVE = """figures:
  curve: {kind: specification_curve, title: x, of: t4.c1, term: tbi, controls: [lnGDP]}
"""


def study(tmp_path: Path, text: str = small.TEXT) -> Path:
    return small.write(tmp_path, text)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "out" / FILE).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run(folder: Path, names: list[str] | None = None) -> el.study:
    return el.study(folder / "study.yaml").run(names)


def changed(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_every_column_of_every_version_stands_there_once(tmp_path: Path) -> None:
    folder = study(tmp_path)
    made = run(folder)
    found = rows(folder)
    assert len(found) == sum(len(models) for models in made.models.values())
    first = next(r for r in found if r["version"] == "default" and r["table"] == "t3")
    own = made.results.filter(version="default", table="t3", column="c1", term=first["term"]).row(0, named=True)
    assert first["estimate"] == f"{own['estimate']:.10g}" and first["p_value"] == f"{own['p_value']:.10g}"
    assert (first["run"], first["n"], first["vcov"], first["ssc"]) == ("1", str(own["n"]), own["vcov"], own["ssc"])
    assert first["formula"].startswith("y ~ ") and first["effects"] == "code + year"
    assert FILE in json.loads((folder / "out" / "run.json").read_text(encoding="utf-8"))["files"]


def test_runs_only_add_to_it(tmp_path: Path) -> None:
    folder = study(tmp_path)
    run(folder, ["t3"])
    first = (folder / "out" / FILE).read_bytes()
    run(folder, ["t3"])
    assert (folder / "out" / FILE).read_bytes() == first  # nothing new
    run(folder, ["t4"])
    second = (folder / "out" / FILE).read_bytes()
    assert second.startswith(first) and len(second) > len(first)
    file = folder / "study.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("controls: lnGDP + RQ", "controls: lnGDP"), encoding="utf-8"
    )
    run(folder)
    third = (folder / "out" / FILE).read_bytes()
    assert third.startswith(second) and len(third) > len(second)
    assert {r["run"] for r in rows(folder)} == {"1", "2", "3"}
    found = el.study(file).ledger()
    assert found.counts["gone"] > 0 and found.runs == 3
    assert found.frame.height == len(rows(folder)) >= found.distinct.height == sum(found.counts.values())
    shown = {r["id"] for r in found.frame.filter(place="printed").to_dicts()}
    assert len(shown) == sum(len(m) for (v, _), m in run(folder).models.items() if v == "default")


def test_a_failed_run_leaves_it_as_it_was(tmp_path: Path) -> None:
    folder = study(tmp_path)
    run(folder, ["t3"])
    before = (folder / "out" / FILE).read_bytes()
    file = folder / "study.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("early: year <= 2005", "early: year <= 1900"), encoding="utf-8"
    )
    with pytest.raises(EconloomError):
        run(folder)
    assert (folder / "out" / FILE).read_bytes() == before


def test_specifications_of_curves(tmp_path: Path) -> None:
    folder = study(tmp_path, small.TEXT + CURVE)
    run(folder, ["t4", "curve"])
    found = [r for r in rows(folder) if r["table"] == "curve"]
    assert [r["column"] for r in found] == ["s1", "s2"]
    assert all(r["estimate"] and "~" in r["formula"] for r in found)
    assert el.study(folder / "study.yaml").ledger().counts["curve"] == 2


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda b: b[:-9], "the last line is cut off"),
        (lambda b: b.replace(b"id,run", b"is,run", 1), "line 1: another header"),
        (lambda b: b"", "another header"),
        (lambda b: b.replace(b",cluster(code),", b",cluster(codf),", 1), "line 2: its content does not fit its id"),
        (lambda b: b.replace(b"\n", b"\n\xff", 1), "line 2: no UTF-8"),
        (lambda b: b + b"a,b\n", "2 fields, not 20"),
        (lambda b: b + b'"a,b\n', "line"),
    ],
)
def test_damage_is_told_of_before_the_work_starts(tmp_path: Path, harm: object, says: str) -> None:
    folder = study(tmp_path)
    run(folder, ["t3"])
    file = folder / "out" / FILE
    file.write_bytes(harm(file.read_bytes()))
    damaged = file.read_bytes()
    steps: list[object] = []
    with pytest.raises(OutputError, match=r"ledger\.csv: damaged") as caught:
        el.study(folder / "study.yaml").run(listener=steps.append)
    assert says in str(caught.value) and "move it aside" in str(caught.value)
    assert not steps and file.read_bytes() == damaged and (folder / "out" / "results.csv").exists()
    file.rename(file.with_name("ledger-old.csv"))
    run(folder, ["t3"])
    assert len(rows(folder)) > 0 and (folder / "out" / "ledger-old.csv").read_bytes() == damaged


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = study(tmp_path, small.TEXT + CURVE)
    assert run_command(["ledger", str(folder)]) == 2
    assert "no run here" in capsys.readouterr().err
    run(folder)
    assert run_command(["ledger", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "个设定" in said and "现印于各表图的列" in said and "现于设定曲线" in said
    assert run_command(["ledger", str(folder), "--lang", "en", "--all"]) == 0
    said = capsys.readouterr().out
    assert "specifications in 1 run since" in said and "default t3.c1" in said
    assert run_command(["ledger", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["specifications"] <= len(rows(folder)) and found["places"]["curve"] == 2
    (folder / "out" / FILE).unlink()
    assert run_command(["ledger", str(folder), "--json"]) == 2
    assert "has no ledger.csv" in json.loads(capsys.readouterr().out)["errors"][0]["message"]


def test_an_id_is_of_the_specification_and_its_result() -> None:
    row = dict.fromkeys(book.IDENTITY, "x")
    assert book.identity(row) == book.identity(row | {"date": "2026", "run": "9"})
    assert all(book.identity(row) != book.identity(row | {k: "y"}) for k in book.IDENTITY)
