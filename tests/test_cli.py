"""The command line: what it prints, and how it leaves."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from econloom.cli import run_command
from econloom.core.processes import Lock
from tests.iot import sources
from tests.study import small

SHIPPED = Path(__file__).resolve().parents[1] / "studies/globalisation"
ECONLOOM = [sys.executable, "-m", "econloom"]


@pytest.fixture
def econloom(capsys):
    """Run a command in this process: (exit code, standard output, standard error)."""

    def run(*arguments):
        code = run_command([str(a) for a in arguments])
        streams = capsys.readouterr()
        assert "Traceback" not in streams.out + streams.err
        return code, streams.out, streams.err

    return run


def fails(econloom, *arguments):
    """A failure in words, and the same one as JSON."""
    code, out, err = econloom(*arguments)
    assert out == "" and err.strip()
    again, out, err = econloom(*arguments, "--json")
    told = json.loads(out)
    assert err == "" and told["ok"] is False and told["exit_code"] == again == code
    assert all(e["message"] and e["kind"] for e in told["errors"])
    return code, "\n".join(e["message"] for e in told["errors"]), told["errors"][0]["where"]


def test_check_plan_and_run(econloom, folder):
    code, out, _ = econloom("check", folder)
    assert code == 0 and "no fault found (3 tables" in out
    code, out, _ = econloom("plan", folder, "t1")
    assert code == 0 and "read main" in out and "table t1" in out and "table t3" not in out
    assert sorted(p.name for p in folder.iterdir()) == ["data", "study.yaml"]
    code, out, err = econloom("run", folder / "study.yaml")
    assert code == 0 and "t3_versions" in out and str(folder / "out") in out
    assert "dropped 6 rows: no trade" in err
    code, out, _ = econloom("open", folder, "t3")
    assert code == 0 and Path(out.strip()) == folder / "out/tables/t3.docx" and Path(out.strip()).is_file()
    code, out, _ = econloom("open", folder)
    assert code == 0 and Path(out.strip()).is_dir()


def test_json_on_success(econloom, folder):
    for verb, keys in (
        ("check", {"ok", "study", "tables", "warnings"}),
        ("plan", {"study", "steps", "versions", "tables", "warnings"}),
        ("run", {"ok", "out", "econloom", "tables", "files", "sources", "steps", "samples"}),
        ("open", {"path"}),
    ):
        code, out, err = econloom(verb, folder, "--json")
        assert code == 0 and err == ""
        assert keys <= set(json.loads(out))


def test_one_table_after_a_change(econloom, folder):
    assert econloom("run", folder)[0] == 0
    small.rewrite(folder, small.TEXT.replace('"y ~ tbi | code + year", sample', '"y ~ tbi | code", sample'))
    code, out, _ = econloom("run", folder, "t1")
    assert code == 0 and "t3             stale" in out
    assert (folder / "out/tables/t3.docx").is_file()


def test_languages_of_the_tables(econloom, folder):
    for lang, word in (("zh", "回归"), ("en", "Regression")):
        assert econloom("run", folder, "--lang", lang)[0] == 0
        assert word in (folder / "out/tables/t3.md").read_text(encoding="utf-8")


def test_the_demo_in_an_empty_folder(econloom, tmp_path, monkeypatch):
    """It copies the shipped study; a copy that is there is used as it is, which here makes the run a short one."""
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "演示 文件夹"
    small.write(tmp_path / "made")
    (tmp_path / "made" / small.FOLDER).rename(tmp_path / "made/globalisation")
    place.mkdir()
    (tmp_path / "made/globalisation").rename(place / "globalisation")
    code, out, _ = econloom("demo", "演示 文件夹")
    assert code == 0 and "t3.docx" in out
    assert (place / "globalisation/out/tables/t3.docx").is_file()


@pytest.mark.slow
def test_the_demo_from_nothing(tmp_path):
    done = subprocess.run([*ECONLOOM, "demo", "演示 一"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "演示 一/globalisation/out/tables/t3.docx").is_file()
    assert "t3.docx" in done.stdout


def test_the_schema(econloom, tmp_path):
    code, out, _ = econloom("schema")
    schema = json.loads(out)
    assert code == 0 and schema["$schema"].endswith("2020-12/schema") and "tables" in schema["properties"]
    assert econloom("schema", "--out", tmp_path / "模式.json")[0] == 0
    assert json.loads((tmp_path / "模式.json").read_text(encoding="utf-8")) == schema
    jsonschema = pytest.importorskip("jsonschema")
    from econloom.study import document

    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    for study in (document.read(SHIPPED).data, small.data()):
        validator.validate(study)
    wrong = small.data(tables={"t1": {"title": "x", "columns": ["y ~ x"], "clustr": "code"}})
    assert not validator.is_valid(wrong)


def test_help_and_version(econloom):
    for arguments in ([], ["--help"], ["-h"], ["run", "--help"]):
        code, out, _ = econloom(*arguments)
        assert code == 0 and "Usage: econloom" in out
    code, out, _ = econloom("--version")
    assert code == 0 and out.startswith("econloom ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rum"], "no command 'rum', did you mean 'run'?"),
        (["run"], "Missing argument"),
        (["run", "x", "--ouut", "y"], "--ouut"),
        (["run", "x", "--lang", "fr"], "'fr' is not one of"),
        (["check", "a", "b"], "unexpected extra argument"),
    ],
)
def test_wrong_usage(econloom, arguments, words):
    code, out, err = econloom(*arguments)
    assert code == 2 and out == "" and words in err and "econloom --help" in err


FAULTS = {
    "a tab": ("  unit: code", "\tunit: code", 2, "a tab in the indentation"),
    "a full-width colon": ("  unit: code", "  unit：code", 2, "a full-width colon"),
    "an expression split inside braces": (
        "growth: diff(lnGDP)",
        "growth: {formula: lag(lnGDP, 1), zh: x}",
        2,
        "part of",
    ),
    "a misspelt key": ("    sample: shore", "    sampel: shore", 2, "did you mean 'sample'?"),
    "a misspelt column": ("log(gdp)", "log(gpd)", 2, "did you mean 'gdp'?"),
    "a missing file": ("data/regions.csv", "data/region.csv", 3, "no such file, did you mean 'regions.csv'?"),
    "duplicate keys": (", where: edition == 2", "", 3, "48 duplicate keys (code x year): BEI 2001 (2 rows)"),
    "a logarithm of nothing": ("log(gdp)", "log(tbi)", 3, "has no value"),
    "an empty sample": ("year <= 2005", "year > 3000", 4, "no rows are left"),
}


@pytest.mark.parametrize(("old", "new", "code", "words"), FAULTS.values(), ids=FAULTS)
def test_exit_codes(econloom, tmp_path, old, new, code, words):
    folder = small.write(tmp_path, small.TEXT.replace(old, new, 1))
    found, message, where = fails(econloom, "run", folder)
    assert found == code and words in message
    assert where["file"] == str(folder / "study.yaml") and where["line"] > 1
    assert not (folder / "out").exists()


def test_a_region_missing_on_one_side_of_a_join(econloom, tmp_path):
    folder = small.write(tmp_path, pinned=False)
    file = folder / "data/more.parquet"
    pl.read_parquet(file).with_columns(pl.col("code").replace("LIA", "LIN")).write_parquet(file)
    code, _, err = econloom("run", folder)
    assert code == 0
    assert "units not in the source: LIA" in err and "LIA (panel) may be LIN (source)" in err


def test_there_is_no_study(econloom, tmp_path):
    for path in (tmp_path, tmp_path / "nothing.yaml", "x" * 5000, small.FOLDER):
        code, message, _ = fails(econloom, "check", path)
        assert code == 2 and ("No such file" in message or "too long" in message)


def test_a_table_that_is_not_there(econloom, folder):
    for verb in ("run", "plan"):
        code, message, _ = fails(econloom, verb, folder, "t33")
        assert code == 2 and "'t33', did you mean 't3'?" in message
    code, message, _ = fails(econloom, "open", folder)
    assert code == 2 and "no finished run" in message
    assert not (folder / "out").exists()


@pytest.mark.parametrize("out", ["study.yaml", "study.yaml/out", ".", "data", "link", "x" * 400])
def test_output_folders_that_are_none(econloom, folder, out):
    (folder / "link").symlink_to(folder / "nowhere")
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    code, message, _ = fails(econloom, "run", folder, "--out", folder / out)
    assert code == 2 and message
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_a_relative_output_folder(econloom, folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert econloom("run", ".", "--out", "结果/一")[0] == 0
    assert (folder / "结果/一/tables/t1.docx").is_file()
    monkeypatch.chdir(folder.parent)
    assert econloom("run", f"{small.FOLDER}/study.yaml", "t1")[0] == 0
    assert (folder / "out/tables/t1.docx").is_file()


TABLES = """\
study: io
title: IO
sources:
  wiot: {path: wiot, layout: wiod2016-assembled}
panel: {unit: code, time: year, start: wiot}
variables:
  tbi: {measure: trade_benefit_index(wiot)}
tables:
  t1: {title: T, values: tbi, rows: year, columns: ['AAA', 'BBB']}
"""


def settled(national, bilateral):
    """Make imports, exports and totals follow the flows again."""
    S = len(sources.SECTORS)
    for kind, part in (("intermediate", slice(0, S)), ("final", slice(S, None))):
        into = bilateral[kind].sum(1)[:, :2]
        now = national["imports"][..., part].sum(-1)
        share = np.divide(into, now, out=np.zeros_like(into), where=now > 0)
        national["imports"][..., part] *= share[..., None]
    national["exports"] = (bilateral["intermediate"].sum(2) + bilateral["final"].sum(2))[:, :2]
    national["purchases"] = national["domestic"].sum(2) + national["imports"].sum(2)
    national["output"] = national["domestic"].sum(3) + national["exports"]


def unbalanced(national, bilateral):
    national["output"][0, 0, 1] *= 3


def without_final_use(national, bilateral):
    national["domestic"][..., 3:] = 0
    bilateral["final"][:] = 0
    settled(national, bilateral)


def without_one_sector(national, bilateral):
    national["domestic"][0, 0, 1, :] = national["domestic"][0, 0, :, 1] = national["imports"][0, 0, :, 1] = 0
    bilateral["intermediate"][0, 0, :, 1] = bilateral["final"][0, 0, :, 1] = 0
    settled(national, bilateral)


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (settled, 0, ""),
        (unbalanced, 3, "1 cells do not agree; worst 2000 AAA s2"),
        (without_final_use, 4, r"I - A is "),
        (without_one_sector, 0, ""),
    ],
)
def test_inter_country_tables(econloom, tmp_path, change, code, words):
    (tmp_path / "wiot").mkdir()
    (tmp_path / "study.yaml").write_text(TABLES, encoding="utf-8")
    national, bilateral, rest = sources.arrays()
    change(national, bilateral)
    sources.write(tmp_path / "wiot", (national, bilateral, rest))
    if code:
        found, message, where = fails(econloom, "run", tmp_path)
        assert found == code and words in message and where["line"] in {4, 7}
        assert not (tmp_path / "out").exists()
        return
    assert econloom("run", tmp_path)[0] == 0
    values = pl.read_csv(tmp_path / "out/values.csv")
    assert values.height == 4 and values["value"].is_finite().all()


def start(*arguments, cwd=None):
    """The command as its own process, with Ctrl-C as on a terminal."""
    return subprocess.Popen(
        [*ECONLOOM, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip


def test_ctrl_c_in_the_middle_of_a_run(tmp_path):
    running = start("run", SHIPPED, "--out", tmp_path / "a/out")
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("a/out/.econloom-staging*")) and running.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "interrupted" in err and "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["check", "."], 2), (["run", "out", "--json"], 2)])
def test_exit_codes_of_the_process(tmp_path, arguments, code):
    running = start(*arguments, cwd=tmp_path)
    out, err = running.communicate(timeout=60)
    assert running.returncode == code and "Traceback" not in out + err


def test_a_reader_that_leaves_early(folder):
    running = start("plan", folder)
    running.stdout.close()
    assert running.wait(timeout=60) in {0, 1}
    assert "Traceback" not in running.stderr.read()


def test_a_killed_run_does_not_block_the_next(econloom, folder):
    gone = start("--version")
    gone.communicate()
    out = folder / "out"
    (out / f".econloom-staging-{gone.pid}").mkdir(parents=True)
    (out / ".econloom-lock").write_text(str(gone.pid))
    assert econloom("run", folder)[0] == 0
    assert not list(out.glob(".econloom*"))
    lock = Lock(out / ".econloom-lock")
    lock.take()
    code, message, _ = fails(econloom, "run", folder)
    assert code == 2 and f"another run (process {os.getpid()})" in message
    lock.give()
