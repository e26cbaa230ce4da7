"""What an export holds: every column of every regression table, or its reason; folders, names and wrong requests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import econloom as el
from econloom.cli import run_command
from econloom.core.errors import OutputError, UsageError
from econloom.core.expressions import parse
from econloom.study.estimators import ESTIMATORS
from econloom.study.export import collect, names
from econloom.study.export.lags import lagged_column
from econloom.study.export.r.script import METHODS as R_METHODS
from econloom.study.export.stata.script import METHODS_OF_STATA
from econloom.study.plan import build
from econloom.study.staggered import ROBUST
from tests.conftest import SHIPPED
from tests.study import small
from tests.study.export import sink

STUDIES = sorted(p.parent.name for p in SHIPPED.parent.glob("*/study.yaml"))


def addresses(results: pl.DataFrame) -> set[str]:
    """Columns of the tables and figures of a run."""
    rows = results.filter(version="default").select("table", "column").unique()
    return {f"{t}.{c}" for t, c in rows.iter_rows()}


def named(made: Any) -> set[str]:
    return {one.what for one in made.left_out}


@pytest.mark.parametrize("name", ["sink", "castle"])
def test_every_column_of_a_run_is_exported_or_named(name: str, tmp_path: Path) -> None:
    study = sink.study(tmp_path) if name == "sink" else el.study(SHIPPED.parent / name)
    tables = None if name == "sink" else ["t1", "t2", "t3", "t4", "bacon", "f1"]  # f2 is slow
    made = study.export("stata", tmp_path / "out", tables)
    done = study.run(tables, tmp_path / "run")
    assert addresses(done.results) - set(made.columns) - named(made) == set()
    shown = {**done.tables, **done.figures}
    whole = {a.split(".")[0] for a in (*made.columns, *named(made), *(r.address for r in made.rows))}
    assert {n for n in shown if not n.endswith("_versions")} <= whole
    expected = pl.read_csv(made.path / "expected.csv")
    numbers = {f"{r['table']}.{r['column']}.{r['term']}": r["estimate"] for r in done.results.iter_rows(named=True)}
    for row in expected.filter(expected["model"] != "described").iter_rows(named=True):
        assert row["estimate"] == pytest.approx(numbers[row["address"]], rel=1e-12), row["address"]


@pytest.mark.parametrize("name", STUDIES)
def test_every_planned_column_of_every_study_has_a_rule_or_a_reason(name: str) -> None:
    """Of all versions, unestimated: what is shown is read or has a reason, each model has a rule in both programs."""
    study = el.study(SHIPPED.parent / name)
    plan = build(study.spec, study.facts)
    steps = {s.digest: s for s in plan.steps}
    for outputs in plan.outputs.values():
        for digest in {**outputs.tables, **outputs.figures}.values():
            step = steps[digest]
            assert step.kind in {*collect.READERS, *collect.LEFT_OUT, collect.DESCRIBED}, step.kind
            for part in (steps[i] for i in step.inputs if steps[i].kind == "estimate"):
                for model in part.params["models"]:
                    assert method(model) in METHODS_OF_STATA and method(model) in R_METHODS, model["estimator"]


def method(model: dict[str, Any]) -> str:
    """The writers' key of a planned model."""
    name = str(model["estimator"])
    if name in {"difference_gmm", "system_gmm"}:
        return "dynamic"
    return "ols" if name == "pooled" else name


def test_every_estimator_of_studies_has_a_rule() -> None:
    own = {"difference_gmm": "dynamic", "system_gmm": "dynamic"}
    known = {own.get(n, n) for n in (*ESTIMATORS, *ROBUST)} - {"bias_corrected"}
    assert known <= METHODS_OF_STATA and known <= set(R_METHODS)


@pytest.mark.parametrize("kind", sorted(collect.LEFT_OUT))
def test_reasons_are_sentences(kind: str) -> None:
    assert len(collect.LEFT_OUT[kind].split()) > 5


def test_names_are_short_valid_and_distinct() -> None:
    given = names.Names()
    long = "a" * 40
    assert [given.give(t) for t in (long, long + "b", "A" * 32)] == ["a" * 32, "a" * 30 + "_2", "A" * 30 + "_3"]
    assert given.give("if") == "if_v" and given.give("str12") == "str12_v" and given.give("1983 data") == "v_1983_data"
    assert given.give("国" * 40) == "国" * 32 and given.give("国" * 50) == "国" * 30 + "_2"
    assert all(len(n) <= 32 and n.isidentifier() for n in (given.give("x^y::-3"), given.give("…"), given.give("_x")))


def test_names_that_collide_are_told_apart_in_the_data(tmp_path: Path) -> None:
    first, second = "a_very_long_name_of_a_variable_that_ends_in_one", "a_very_long_name_of_a_variable_that_ends_in_two"
    frame = sink.frame().rename({"x": first, "z": second})
    frame.write_csv(tmp_path / "rows.csv")
    data = {
        "study": "names", "title": "Names", "sources": {"rows": "rows.csv"},
        "panel": {"unit": "firm", "time": "year", "start": "rows"}, "defaults": {"ssc": "reghdfe", "vcov": "hc1"},
        "tables": {"t": {"title": "T", "columns": [f"y ~ {first} + {second} | firm"]}},
    }  # fmt: skip
    made = el.study(data, tmp_path).export("stata", tmp_path / "out")
    table = pl.read_csv(made.path / "names.csv")
    found = dict(table.select("econloom", "name").iter_rows())
    assert len(found[first]) == 32 and found[second] == found[first][:30] + "_2"
    assert f"reghdfe y {found[first]} {found[second]} if" in made.script.read_text("utf-8").replace(" ///\n    ", " ")


def test_a_lag_over_a_gap_is_missing() -> None:
    keys = pl.DataFrame({"i": ["a"] * 3 + ["b"], "t": [1, 2, 4, 3]})
    assert lagged_column(keys, "i", "t", pl.Series([1.0, 2, 3, 4]), 1).to_list() == [None, 1.0, None, None]
    assert lagged_column(keys, "i", "t", pl.Series([1.0, 2, 3, 4]), -1).to_list() == [2.0, None, None, None]
    assert parse("l(x)")


def test_two_exports_are_the_same_to_the_byte(tmp_path: Path) -> None:
    study = sink.study(tmp_path, ["linear"])
    for program in ("stata", "r"):
        first, second = (study.export(program, tmp_path / f"{program}{n}") for n in (1, 2))
        same = [f for f in first.files if not f.endswith(".dta")]  # which holds the time of writing
        assert all((first.path / f).read_bytes() == (second.path / f).read_bytes() for f in same)


class TestFolders:
    def test_again_replaces_its_own_files_and_leaves_others(self, tmp_path: Path) -> None:
        study, out = sink.study(tmp_path, ["linear", "panels"]), tmp_path / "out"
        study.export("stata", out)
        (out / "sink.log").write_text("of Stata")
        (out / "tables").mkdir()
        study.export("stata", out, ["linear"])
        assert (out / "sink.log").exists() and not [p for p in out.iterdir() if p.name.startswith(".econloom")]
        assert "panels" not in (out / "sink.do").read_text("utf-8")

    def test_a_folder_of_others_is_refused(self, tmp_path: Path) -> None:
        study, out = sink.study(tmp_path, ["linear"]), tmp_path / "out"
        out.mkdir()
        (out / "paper.docx").write_text("mine")
        with pytest.raises(OutputError, match=r"not empty, and no export of econloom \(no export.json\)"):
            study.export("r", out)
        assert [p.name for p in out.iterdir()] == ["paper.docx"]

    def test_a_file_of_the_same_name_is_not_replaced(self, tmp_path: Path) -> None:
        study, out = sink.study(tmp_path, ["linear"]), tmp_path / "out"
        study.export("r", out, ["linear"])
        record = json.loads((out / "export.json").read_text("utf-8"))
        record["files"].remove("names.csv")
        (out / "export.json").write_text(json.dumps(record), "utf-8")
        with pytest.raises(OutputError, match="not written by econloom, and the export has a file of this name"):
            study.export("r", out)

    @pytest.mark.parametrize("text", ["{", "[]", '{"study": "sink", "program": "r"}'])
    def test_a_broken_record_is_said(self, text: str, tmp_path: Path) -> None:
        out = tmp_path / "out"
        out.mkdir()
        (out / "export.json").write_text(text)
        with pytest.raises(OutputError, match="no record of an export"):
            sink.study(tmp_path, ["linear"]).export("r", out)

    def test_another_program_or_study_is_refused(self, tmp_path: Path, folder: Path) -> None:
        study, out = sink.study(tmp_path / "s", ["linear"]), tmp_path / "out"
        study.export("r", out)
        with pytest.raises(OutputError, match="holds an export of the program 'r', not 'stata'"):
            study.export("stata", out)
        with pytest.raises(OutputError, match="holds an export of the study 'sink', not 'small'"):
            el.study(folder).export("r", out)

    def test_a_file_in_the_way(self, tmp_path: Path) -> None:
        (tmp_path / "out").write_text("")
        with pytest.raises(OutputError, match="a file, where the folder of the export should be"):
            sink.study(tmp_path, ["linear"]).export("r", tmp_path / "out")
        with pytest.raises(OutputError, match=r"cannot be written|cannot be read"):
            sink.study(tmp_path, ["linear"]).export("r", tmp_path / "out" / "deeper")


class TestCommand:
    def test_both_programs_at_once(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run_command(["export", str(folder), "--stata", "--r"]) == 0
        said = capsys.readouterr().out
        assert (folder / "export/stata/small.do").is_file() and (folder / "export/r/small.R").is_file()
        assert "numbers are compared when it runs" in said and "run it: Rscript" in said
        assert (folder / "export/r/data/panel.csv").is_file() and (folder / "export/stata/data/panel.dta").is_file()

    def test_json_names_what_is_left_out(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run_command(["export", str(folder), "--r", "--json", "--out", str(folder / "给 审稿人")]) == 0
        found = json.loads(capsys.readouterr().out)["exports"][0]
        assert found["program"] == "r" and found["compared"] <= found["numbers"]
        assert all(one["why"] for one in found["left_out"])

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ([], "export needs --stata, --r or both"),
            (["t9", "--r"], "no table or figure 't9'"),
            (["--r", "--version", "defualt"], "no version 'defualt', did you mean 'default'?"),
        ],
    )
    def test_wrong_requests(
        self, arguments: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run_command(["export", str(folder), *arguments]) == 2
        assert said in capsys.readouterr().err
        assert not (folder / "export").exists()

    def test_no_such_program(self, folder: Path) -> None:
        with pytest.raises(UsageError, match=r"no export for 'strata', did you mean 'stata'\?"):
            el.study(folder).export("strata", folder / "out")

    def test_tables_without_models(self, tmp_path: Path) -> None:
        data = small.write(tmp_path)
        tables = el.study(data).spec.tables
        plain = [n for n, t in tables.items() if type(t).__name__ == "ValuesTable"]
        with pytest.raises(UsageError, match="no model to export in"):
            el.study(data).export("r", tmp_path / "out", plain)
        assert not (tmp_path / "out").exists()
