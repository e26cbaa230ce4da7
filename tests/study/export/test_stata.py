"""Do-files: golden ones, read by a light checker; none was run in Stata (docs/export.md)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyreadstat
import pytest

import econloom as el
from tests.conftest import SHIPPED
from tests.study.export import dofile, sink

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("全部 study")
    return sink.study(folder).export("stata", folder / "out")


@pytest.fixture(scope="module")
def castle(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return el.study(SHIPPED.parent / "castle").export("stata", tmp_path_factory.mktemp("castle") / "out")


def steady(text: str) -> str:
    """Numbers to twelve digits, so that the last ones of another processor do not count."""
    return re.sub(r"\d+\.\d{10,}", lambda m: f"{float(m[0]):.12g}", text)


@pytest.mark.parametrize("name", ["kitchen", "castle"])
def test_do_files_are_the_golden_ones(name: str, request: pytest.FixtureRequest) -> None:
    """To accept a change: read it line by line, then copy the file that the assertion names."""
    made = request.getfixturevalue(name)
    golden = GOLDEN / made.script.name
    assert steady(made.script.read_text("utf-8")) == steady(golden.read_text("utf-8")), made.script


@pytest.mark.parametrize("name", ["kitchen", "castle"])
def test_do_files_read_well(name: str, request: pytest.FixtureRequest) -> None:
    made = request.getfixturevalue(name)
    found = dofile.read(made.script)
    assert not found.faults, "\n".join(found.faults)
    assert found.checked == {r.model for r in made.rows if r.compared != "none"}


FAULTS = [
    ("reghdfe y x if", "reghdfe y xx if", "no variable xx"),
    ("vce(cluster firm_id)", "vce(cluster firm_id", "an open ("),
    ("local controls x", "local control x", "macro controls is not defined"),
    ("capture estimates store linear_c1\n", "\n", "linear_c1 is shown before it is stored"),
    ("fe vce(", "fixed vce(", "xtreg has no option fixed"),
    ("el_check linear_c3", "el_check linear_c99", "linear_c99 has no row"),
    ("capture noisily xtabond2", "capture noisily xtabond3", "no such command: xtabond3"),
    ("    exit 9\n}", "    exit 9\n", "stay open"),
]


@pytest.mark.parametrize(("old", "new", "fault"), FAULTS)
def test_the_checker_finds_what_is_wrong(kitchen: Any, tmp_path: Path, old: str, new: str, fault: str) -> None:
    (tmp_path / "data").mkdir()
    for name in ("expected.csv", "data/panel.dta"):
        (tmp_path / name).write_bytes((kitchen.path / name).read_bytes())
    text = kitchen.script.read_text("utf-8")
    assert old in text
    (tmp_path / "sink.do").write_text(
        text.replace(old, new, 1) if "exit" not in old else text.replace(old, new), "utf-8"
    )
    assert any(fault in f for f in dofile.read(tmp_path / "sink.do").faults)


def test_data_are_of_stata_14_with_labels_in_both_languages(kitchen: Any) -> None:
    head = (kitchen.path / "data/panel.dta").read_bytes()[:60]
    assert b"<release>118</release>" in head
    rows, meta = pyreadstat.read_dta(str(kitchen.path / "data/panel.dta"), output_format="polars")
    labels = dict(zip(meta.column_names, meta.column_labels, strict=True))
    assert labels["x"] == "投入 | Input" and all(len(v) <= 80 for v in labels.values())
    assert meta.variable_value_labels["firm_id"][1] == "企业00"
    assert rows.height == sink.frame().height and "控制" in rows.columns
    whole = sink.frame()
    assert rows.sort("firm", "year")["x"].to_list() == whole.sort("firm", "year")["x"].to_list()
    assert rows["s5"].sum() == whole.filter((whole["year"] > 2002) & (whole["x"] > -2)).height


def test_lags_are_those_of_stata_only_where_they_mean_the_same(kitchen: Any) -> None:
    text = kitchen.script.read_text("utf-8")
    assert "reghdfe y L.x F.控制 d_x if" in text and "cL.x#c.控制" in text


def test_titles_cannot_break_out(kitchen: Any) -> None:
    first = kitchen.script.read_text("utf-8").splitlines()[0]
    assert "/*" not in first and "*/" not in first
