"""`econloom diff`: every changed number, and only those, with the root difference behind it."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

import econloom as el
from econloom.cli import run_command
from econloom.core.errors import DataError, UsageError
from econloom.study.diff import Cause, RunDiff
from tests.study import small


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small study with a run of it in ``one``."""
    folder = small.write(tmp_path_factory.mktemp("diff"))
    el.study(folder).run(out=folder / "one")
    return folder


def again(base: Path, *changes: tuple[str, str]) -> RunDiff:
    """The difference to a run of the study with some of its text changed."""
    text = small.TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    small.rewrite(base, text)
    shutil.rmtree(base / "two", ignore_errors=True)
    el.study(base).run(out=base / "two")
    return el.diff(base / "one", base / "two")


def touched(found: RunDiff) -> set[str]:
    """Columns of the default version with a number that differs."""
    return {f"{c.table}.{c.column}" for c in found.changes if c.version == "default" and c.verdict != "noise"}


def only_cause(found: RunDiff) -> Cause:
    assert len(found.causes) == 1, found
    assert all(c.causes == ("d1",) for c in found.changes if c.verdict != "noise")
    return found.causes["d1"]


def test_the_same_run_is_the_same(base: Path) -> None:
    found = el.diff(base / "one", base / "one")
    assert found.same and found.counts["equal"] == 186 and not found.causes and not found.notes


def test_a_changed_control_is_named_with_its_line(base: Path) -> None:
    found = again(base, ("controls: lnGDP + RQ", "controls: lnGDP"))
    cause = only_cause(found)
    assert (cause.kind, cause.name) == ("parameter", "formula: without RQ")
    assert cause.before.endswith("lnGDP + RQ | code + year") and cause.places == ("macros.controls, study.yaml:31",)
    assert touched(found) == {"t3.c2"}
    gone = [c for c in found.changes if c.verdict == "went" and c.version == "default"]
    assert [(c.address, c.after) for c in gone] == [("t3.c2.RQ", None)]


def test_numbers_say_by_how_much(base: Path) -> None:
    found = again(base, ("controls: lnGDP + RQ", "controls: lnGDP"))
    old, new = (pl.read_csv(base / run / "results.csv") for run in ("one", "two"))
    key = (pl.col("version") == "default") & (pl.col("table") == "t3") & (pl.col("column") == "c2")
    a, b = (f.filter(key & (pl.col("term") == "tbi")).row(0, named=True) for f in (old, new))
    change = next(c for c in found.changes if c.address == "t3.c2.tbi" and c.what == "estimate")
    assert change.absolute == b["estimate"] - a["estimate"]
    assert change.relative == pytest.approx(change.absolute / abs(a["estimate"]), rel=1e-15)
    assert change.in_errors == pytest.approx(change.absolute / a["std_error"], rel=1e-15)


def test_a_variable_that_no_number_feels_is_no_cause(base: Path) -> None:
    found = again(
        base, ("formula: log(gdp)", "formula: log(gdp + 1)"), ("growth: diff(lnGDP)", "growth: diff(lnGDP) * 2")
    )
    cause = only_cause(found)
    assert (cause.name, cause.before, cause.after) == ("variable lnGDP", "log(gdp)", "log(gdp + 1)")
    assert cause.places == ("variables.lnGDP.formula, study.yaml:23",)
    assert cause.detail[0].en.startswith("lnGDP in 42 rows: BEI 2001: ")
    assert touched(found) == {"t3.c2"}


@pytest.mark.parametrize(
    ("change", "name", "place"),
    [
        (("ssc: xtreg", "ssc: reghdfe"), "small-sample convention (ssc)", "defaults.ssc, study.yaml:39"),
        (("vcov: {cluster: code}", "vcov: iid"), "covariance (vcov)", "defaults.vcov, study.yaml:38"),
    ],
)
def test_settings_change_errors_and_no_estimate(base: Path, change: tuple[str, str], name: str, place: str) -> None:
    found = again(base, change)
    cause = only_cause(found)
    assert (cause.kind, cause.name, cause.places[0]) == ("settings", name, place)
    assert {c.what for c in found.changes if c.term != "(Intercept)"} <= {"std_error", "p_value", "stars", "n_clusters"}
    assert touched(found) >= {"t3.c1", "t3.c2", "t4.c1"}


def test_rows_that_are_no_longer_dropped(base: Path) -> None:
    found = again(base, ("  drop:\n    - {where: \"code == 'HLJ'\", why: no trade}\n", ""))
    cause = only_cause(found)
    assert (cause.kind, cause.name) == ("rows", "drop: no trade (left out)")
    assert tuple(d.en for d in cause.detail) == (
        "6 rows came: HLJ 2001, HLJ 2002, HLJ 2003, HLJ 2004, HLJ 2005 and 1 more",
    )
    assert all(m.went == () and len(m.came) == 6 for m in found.rows if "t3.c1" in m.columns)
    sizes = {(c.before, c.after) for c in found.changes if c.what == "n" and c.address == "t3.c1"}
    assert sizes == {(42, 48)} and not {c for c in touched(found) if c.startswith("t1")}


def test_another_span(base: Path) -> None:
    found = again(base, ("span: [2001, 2006]", "span: [2001, 2005]"))
    assert [(c.kind, c.name, c.before, c.after) for c in found.causes.values()] == [
        ("rows", "span of the panel", "[2001, 2006]", "[2001, 2005]")
    ]
    assert found.causes["d1"].places == ("panel.span.1, study.yaml:13",)


def test_a_changed_row_of_a_source(base: Path) -> None:
    file = base / "data/regions.csv"
    whole = file.read_text(encoding="utf-8")
    row = next(line for line in whole.splitlines() if line.startswith("TIA,2003"))
    parts = row.split(",")
    file.write_text(whole.replace(row, ",".join([*parts[:-1], "9.5"])), encoding="utf-8")
    try:
        found = again(base)
    finally:
        file.write_text(whole, encoding="utf-8")
    cause = only_cause(found)
    assert (cause.kind, cause.name) == ("data", "source main: other data")
    assert cause.before.startswith("sha256 ") and cause.before != cause.after
    assert tuple(d.en for d in cause.detail) == (f"y in 1 row: TIA 2003: {float(parts[-1]):.6g} -> 9.5",)
    assert touched(found) == {"t3.c1", "t3.c2", "t3.c3", "t4.c1"}


def test_another_edition_of_a_source_touches_what_reads_it(base: Path) -> None:
    found = again(base, ("where: edition == 2", "where: edition == 1"))
    assert [(c.name, c.before, c.after) for c in found.causes.values()] == [
        ("source more: where", "edition == 2", "edition == 1")
    ]
    assert touched(found) == {"t3.c2"}
    assert {c.version for c in found.changes} == {"default", "straight"}


def test_lists_samples_and_cut_offs(base: Path) -> None:
    found = again(base, ("coast: ['TIA', 'HEB', 'LIA']", "coast: ['TIA', 'HEB']"),
                  ("early: year <= 2005", "early: year <= 2004"),
                  ("stars: [0.10, 0.05, 0.01]", "stars: [0.10, 0.05, 0.001]"))  # fmt: skip
    by = {c.name: i for i, c in found.causes.items()}
    assert set(by) == {"rows of the model: lists", "rows of the model: condition", "cut-offs of the stars"}
    of = {name: {f"{c.table}.{c.column}" for c in found.changes if i in c.causes} for name, i in by.items()}
    assert of["rows of the model: lists"] == {"t4.c1"} and of["rows of the model: condition"] == {"t3.c3"}
    assert {m.columns[0]: (len(m.came), len(m.went)) for m in found.rows} == {"t3.c3": (0, 7), "t4.c1": (0, 3)}
    stars = [c for c in found.changes if c.verdict == "stars" and c.address == "t3.c1.tbi"]
    assert [(c.before, c.after, c.causes) for c in stars] == [("***", "**", (by["cut-offs of the stars"],))]
    assert found.changes[0].verdict in {"sign", "stars"}


def test_an_inserted_column_moves_the_others(base: Path) -> None:
    found = again(base, ("      - y ~ tbi + $controls", "      - tbi ~ y | code\n      - y ~ tbi + $controls"))
    assert {c.verdict for c in found.changes} == {"came"} and touched(found) == {"t3.c2"}
    assert found.notes == ("t3.c2 stands at t3.c3 in the second run", "t3.c3 stands at t3.c4 in the second run")
    assert only_cause(found).name == "t3.c2: only in the second run"


def test_specifications_are_compared_one_by_one(tmp_path: Path) -> None:
    curve = (
        "  x:\n    kind: specification_curve\n    title: x\n    of: t3.c2\n    term: tbi\n    controls: [$controls]\n"
    )
    text = small.TEXT.replace("  t4:\n", f"{curve}  t4:\n")
    folder = small.write(tmp_path, text)
    el.study(folder).run(["x"], folder / "one")
    small.rewrite(folder, text.replace("controls: lnGDP + RQ", "controls: lnGDP"))
    el.study(folder).run(["x"], folder / "two")
    found = el.diff(folder / "one", folder / "two")
    assert {c.verdict for c in found.changes if c.table == "x" and c.what == "estimate"} <= {"went", "noise"}
    groups = pl.read_csv(folder / "one/results.csv").filter(pl.col("version") == "default")["group"].to_list()
    gone = [c for c in found.changes if c.verdict == "went" and c.version == "default"]
    assert len(gone) == sum("RQ" in g for g in groups) > 0
    assert all("macros.controls, study.yaml:31" in found.causes[i].places for c in gone for i in c.causes)


def test_a_renamed_table_and_a_version_that_went(base: Path) -> None:
    found = again(base, ("  t4:\n", "  t5:\n"), ("  edition1: {sources.more.where: edition == 1}\n", ""))
    assert found.renamed == {"t4": "t5"}
    assert {(c.verdict, c.version) for c in found.changes} == {("went", "edition1")}


def test_a_variable_of_another_panel_that_hands_it_on(tmp_path: Path) -> None:
    rows = "u,t,x\na,2001,1\na,2002,2\nb,2001,3\nb,2002,5\n"
    (tmp_path / "s.csv").write_text(rows, encoding="utf-8")
    data = {
        "study": "toy", "title": "Toy", "sources": {"s": "s.csv"}, "defaults": {"panel": "main"},
        "panels": {
            "below": {"unit": "u", "time": "t", "start": "s", "variables": {"z": {"formula": "x * 2"}}},
            "main": {"unit": "u", "time": "t", "start": "s", "join": [{"below": ["z"]}]},
        },
        "tables": {"t1": {"title": "T", "values": "z", "rows": "t", "columns": ["a"]}},
    }  # fmt: skip
    el.study(data, tmp_path).run(out=tmp_path / "one")
    data["panels"]["below"]["variables"]["z"]["formula"] = "x * 3"
    el.study(data, tmp_path).run(out=tmp_path / "two")
    found = el.diff(tmp_path / "one", tmp_path / "two")
    assert [(c.name, c.before, c.after) for c in found.causes.values()] == [("variable z", "x * 2", "x * 3")]


def test_two_causes_are_told_apart(base: Path) -> None:
    found = again(
        base,
        ("formula: log(gdp)", "formula: log(gdp + 1)"),
        ("columns: [y ~ tbi | code]", "columns: [y ~ tbi | code + year]"),
    )
    of = {c.name: {x.table for x in found.changes if i in x.causes} for i, c in found.causes.items()}
    assert of == {"variable lnGDP": {"t3"}, "formula: with effect year": {"t4"}}


def copied(base: Path, where: Path) -> Path:
    return Path(shutil.copytree(base / "one", where / "copy"))


def edited(run: Path, name: str, change: object) -> None:
    record = json.loads((run / name).read_text(encoding="utf-8"))
    change(record)
    (run / name).write_text(json.dumps(record), encoding="utf-8")


def with_number(run: Path, factor: float) -> None:
    """Another first coefficient."""
    frame = pl.read_csv(run / "results.csv")
    first = pl.int_range(pl.len()) == 0
    frame.with_columns(
        pl.when(first).then(pl.col("estimate") * factor).otherwise(pl.col("estimate")).alias("estimate")
    ).write_csv(run / "results.csv")


def test_code_libraries_and_what_is_unknown(base: Path, tmp_path: Path) -> None:
    run = copied(base, tmp_path)
    with_number(run, -1.5)
    found = el.diff(base / "one", run)
    assert [c.kind for c in found.causes.values()] == ["unknown"] and "unknown" in str(found)
    assert [(c.verdict, c.address) for c in found.changes] == [("sign", "t3.c1.tbi")]
    edited(run, "run.json", lambda r: r["code"].update(version="0.0.9", digest="f" * 64, libraries={"numpy": "1.0"}))
    found = el.diff(base / "one", run)
    kinds = {c.name: (c.kind, c.after) for c in found.causes.values()}
    assert kinds["another econloom"] == ("code", "econloom 0.0.9, files ffffffffffff")
    assert kinds["another numpy"] == ("libraries", "1.0")
    assert found.changes[0].causes == tuple(found.causes)


def test_noise_is_no_difference(base: Path, tmp_path: Path) -> None:
    run = copied(base, tmp_path)
    with_number(run, 1 + 1e-13)
    found = el.diff(base / "one", run)
    assert found.same and found.counts["noise"] == 1 and run_command(["diff", str(base / "one"), str(run)]) == 0


def test_a_run_of_an_older_econloom(base: Path, tmp_path: Path) -> None:
    run = copied(base, tmp_path)
    (run / "plan.json").unlink()
    edited(run, "run.json", lambda r: r.pop("code"))
    assert len(el.diff(base / "one", run).notes) == 2
    with_number(run, 2.0)
    found = el.diff(base / "one", run)
    assert [c.kind for c in found.causes.values()] == ["unknown"] and found.counts["changed"] == 1


def with_samples(run: Path, used: list[bool]) -> None:
    """A run that says which rows its columns used."""
    columns = {
        "t3.c1": {"table": "t3", "column": "c1", "sample": "s1"},
        "t3.c2": {"table": "t3", "column": "c2", "sample": "s1"},
    }
    why = {"samples": {"s1": {"file": "samples.parquet", "panel": "panel"}}, "columns": {"default": columns}}
    (run / "why.json").write_text(json.dumps(why), encoding="utf-8")
    keys = {"version": ["default"] * 3, "code": ["BEI", "BEI", "TIA"], "year": [2001, 2002, 2001]}
    pl.DataFrame({**keys, "s1": used}).write_parquet(run / "samples.parquet")


def test_rows_that_samples_gained_and_lost(base: Path, tmp_path: Path) -> None:
    runs = [Path(shutil.copytree(base / "one", tmp_path / name)) for name in ("a", "b")]
    with_samples(runs[0], [True, True, False])
    with_samples(runs[1], [True, False, True])
    found = el.diff(*runs)
    assert [str(m) for m in found.rows] == ["t3.c1, t3.c2: 1 row went (BEI 2002); 1 row came (TIA 2001)"]
    assert found.to_dict()["rows"] == [
        {"columns": ["t3.c1", "t3.c2"], "came": [["TIA", 2001]], "went": [["BEI", 2002]]}
    ]
    (runs[1] / "why.json").write_text('{"samples": {"s1": {"file": "../x"}}, "columns": 3}', encoding="utf-8")
    assert el.diff(*runs).rows == ()


def test_folders_that_cannot_be_compared(base: Path, tmp_path: Path) -> None:
    run = copied(base, tmp_path)
    with pytest.raises(UsageError, match="no such folder, did you mean 'one'"):
        el.diff(base / "onee", base / "one")
    with pytest.raises(UsageError, match="no finished run"):
        el.diff(base / "data", run)
    with pytest.raises(UsageError, match="a file"):
        el.diff(base / "study.yaml", run)
    edited(run, "run.json", lambda r: r.update(study="other"))
    with pytest.raises(UsageError, match=r"two studies: .* 'small', .* 'other'"):
        el.diff(base / "one", run)
    edited(run, "run.json", lambda r: r.update(study="small", econloom="99.0.0"))
    with pytest.raises(UsageError, match=r"newer than this one"):
        el.diff(base / "one", run)


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("run.json", lambda t: t[:200], "run.json: damaged"),
        ("run.json", lambda t: "[]", "run.json: holds no mapping"),
        ("run.json", lambda t: '{"econloom": "0.1.0"}', "'study' is absent"),
        ("results.csv", lambda t: t[:-20], "cut off"),
        ("results.csv", lambda t: t.replace("estimate,", "", 1), "lacks the columns estimate"),
        ("results.csv", lambda t: t.replace("ssc\n", "ssc,more\n", 1), "columns of another econloom: more"),
        ("results.csv", lambda t: t.replace("\ndefault,", "\ndefault,x,", 1), "fields"),
        ("values.csv", lambda t: t[: t.rindex(",")] + ",word\n", "damaged"),
        ("values.csv", lambda t: "", "cut off"),
        ("plan.json", lambda t: t[:-30], "plan.json: damaged"),
        ("plan.json", lambda t: '{"steps": [{}]}', "step 1: 'kind' is absent"),
        ("plan.json", lambda t: '{"steps": 3}', "no list of steps"),
    ],
)
def test_damaged_files_are_named(base: Path, tmp_path: Path, name: str, change: object, said: str) -> None:
    run = copied(base, tmp_path)
    (run / name).write_text(change((run / name).read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(DataError, match=said):
        el.diff(base / "one", run)


def test_the_verb(base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = copied(base, tmp_path)
    with_number(run, -1.5)
    out = tmp_path / "差异"
    assert run_command(["diff", str(base / "one"), str(run), "--out", str(out)]) == 1
    streams = capsys.readouterr()
    assert "符号反转" in streams.out and "t3.c1.tbi" in streams.out
    assert sorted(p.name for p in out.iterdir()) == ["diff.csv", "diff.docx", "diff.html", "diff.md"]
    assert pl.read_csv(out / "diff.csv").row(0, named=True)["verdict"] == "sign"
    assert run_command(["diff", str(base / "one"), str(run), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["counts"]["sign"] == 1 and told["causes"][0]["numbers"] == 1 and told["ok"] is False
    assert run_command(["diff", str(base / "one")]) == 2
    assert "cp -r" in capsys.readouterr().err
    assert run_command(["diff", str(base / "one"), str(base / "one")]) == 0
