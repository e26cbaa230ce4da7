"""The study `globalisation`, one thing changed at a time: its cause is named, only what lies downstream is listed."""

import hashlib
import re
import shutil
from pathlib import Path

import polars as pl
import pytest

import econloom as el
from econloom.study.diff import RunDiff

SHIPPED = Path(__file__).resolve().parents[3] / "studies/globalisation"
TABLES = ["t1", "t3", "t5"]
WITH_CONTROLS = {"t3.c3", "t3.c4", "t5.c1", "t5.c2", "t5.c3"}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, real_run: object) -> Path:
    """A copy with one version, run in ``one``; ``real_run`` has left what does not change in the cache."""
    folder = tmp_path_factory.mktemp("globalisation") / "研究"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("out", "published"))
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    text = re.sub(
        r"\nversions:\n.*", "\nversions:\n  kof2020: {sources.kof.where: edition == 2020}\n", text, flags=re.S
    )
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    el.study(folder).run(TABLES, folder / "one")
    return folder


def again(study: Path, old: str, new: str) -> RunDiff:
    text = (study / "study.yaml").read_text(encoding="utf-8")
    assert old in text
    try:
        (study / "study.yaml").write_text(text.replace(old, new), encoding="utf-8")
        shutil.rmtree(study / "two", ignore_errors=True)
        el.study(study).run(TABLES, study / "two")
    finally:
        (study / "study.yaml").write_text(text, encoding="utf-8")
    return el.diff(study / "one", study / "two")


def touched(found: RunDiff) -> set[str]:
    return {f"{c.table}.{c.column}" for c in found.changes if c.verdict != "noise"}


def line(study: Path, start: str) -> int:
    lines = (study / "study.yaml").read_text(encoding="utf-8").splitlines()
    return next(n for n, text in enumerate(lines, 1) if text.strip().startswith(start))


def test_one_control_left_out(study: Path) -> None:
    found = again(study, "lnGDP + lnPOP", "lnGDP")
    (cause,) = found.causes.values()
    assert cause.name == "formula: without lnPOP"
    assert cause.places == (f"macros.controls, study.yaml:{line(study, 'controls:')}",)
    assert touched(found) == WITH_CONTROLS
    assert {c.version for c in found.changes} == {"default", "kof2020"}


def test_one_row_of_one_source(study: Path) -> None:
    file = study / "data/wdi.parquet"
    whole, old = file.read_bytes(), hashlib.sha256(file.read_bytes()).hexdigest()
    here = (pl.col("code") == "CHN") & (pl.col("year") == 2007)
    frame = pl.read_parquet(file)
    value = frame.filter(here)["infl_cpi_wdi2019"].item()
    try:
        changed = pl.when(here).then(value + 3).otherwise(pl.col("infl_cpi_wdi2019")).alias("infl_cpi_wdi2019")
        frame.with_columns(changed).write_parquet(file)
        found = again(study, old, hashlib.sha256(file.read_bytes()).hexdigest())
    finally:
        file.write_bytes(whole)
    (cause,) = found.causes.values()
    assert cause.name == "source wdi: other data" and cause.before == f"sha256 {old}"
    assert [d.en for d in cause.detail] == [f"INFR in 1 row: CHN 2007: {value:.6g} -> {value + 3:.6g}"]
    assert touched(found) == WITH_CONTROLS


def test_another_convention_and_another_version_of_the_program(study: Path, tmp_path: Path) -> None:
    found = again(study, "ssc: xtreg", "ssc: none")
    (cause,) = found.causes.values()
    assert (cause.kind, cause.before, cause.after) == ("settings", "xtreg", "none")
    assert {c.what for c in found.changes if c.term != "(Intercept)"} <= {"std_error", "p_value", "stars"}
    assert touched(found) == WITH_CONTROLS | {"t3.c1", "t3.c2"}
    run = Path(shutil.copytree(study / "two", tmp_path / "three"))
    text = (run / "run.json").read_text(encoding="utf-8")
    version = f'"version": "{el.__version__}"'
    (run / "run.json").write_text(text.replace(version, '"version": "0.0.1"'), encoding="utf-8")
    found = el.diff(study / "one", run)
    assert {c.kind for c in found.causes.values()} == {"settings", "code"}
    assert all(len(c.causes) == 2 for c in found.changes if c.verdict != "noise")
