"""`econloom pack`: a zip that reruns itself, with what may be shipped and nothing of the author's machine."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import econloom as el
from econloom.cli import run_command
from econloom.core.errors import OutputError, StudyFileError, UsageError
from econloom.study.pack import Packed, pins, wheel
from econloom.study.pack import rerun as rerun_script
from econloom.study.pack.places import Chain, Places
from tests.study import small

OPEN = small.TEXT.replace("    sha256: MAIN\n", "    sha256: MAIN\n    licence: CC BY 4.0\n").replace(
    "sha256: MORE}", "sha256: MORE, licence: own data, cite: 'Wang (2020). Data.'}"
)
WITHHELD = OPEN.replace(
    "licence: CC BY 4.0", "licence: by contract\n    ship: bought from a firm\n    obtain: shop.example"
)


def packed(folder: Path, text: str = OPEN, **options: object) -> tuple[Path, Packed]:
    small.rewrite(folder, text)
    target = folder.parent / "pack.zip"
    return target, el.study(folder).pack(target, **options)


def unzipped(path: Path, where: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        archive.extractall(where)
    return where / "small-pack"


def rerun(pack: Path, *options: str) -> tuple[int, str, str]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, str(pack / "run.py"), *options], capture_output=True, text=True, encoding="utf-8",
        env={**environment, "PYTHONIOENCODING": "utf-8"}, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of the small study, unpacked in a folder with a Chinese name; the study itself is gone."""
    parent = tmp_path_factory.mktemp("pack")
    path, _ = packed(small.write(parent))
    shutil.rmtree(parent / small.FOLDER)
    return unzipped(path, parent / "审稿 人")


def test_it_reruns_itself_with_the_packed_econloom(ready: Path) -> None:
    code, out, err = rerun(ready, "--here", "--lang=en")
    assert code == 0, err
    assert "values agree" in out
    assert (ready / ".econloom/econloom/study/pack/rerun.py").is_file()
    assert (ready / "out/tables/t3.docx").is_file()


def test_a_number_that_is_not_the_expected_one_is_named(ready: Path, tmp_path: Path) -> None:
    found = shutil.copytree(ready / "expected", tmp_path / "found")
    say = rerun_script.TEXTS["en"]
    count, lines = rerun_script.compare(ready / "expected", found, say)
    assert count > 100 and lines == []
    whole = (found / "values.csv").read_text(encoding="utf-8").splitlines()
    whole[1] = whole[1][:-1] + "7e3"
    (found / "values.csv").write_text("\n".join(whole[:-1]) + "\n", encoding="utf-8")
    _, lines = rerun_script.compare(ready / "expected", found, say)
    assert len(lines) == 2 and "rows expected" in lines[0] and "values.csv: default t1" in lines[1]
    (found / "results.csv").unlink()
    assert "no file results.csv" in rerun_script.compare(ready / "expected", found, say)[1][0]


@pytest.mark.parametrize(
    ("wanted", "found", "error", "same"),
    [("***", "**", 0.0, False), ("1.0", "1.0000001", 0.0, True), ("1.0", "1.00001", 0.0, False), ("", "", 0.0, True),
     ("1e-9", "-1e-9", 1.0, True), ("1e-9", "-1e-9", 0.0, False), ("1.0", "", 0.0, False), ("1.0", "nan", 0.0, False)],
)  # fmt: skip
def test_when_two_values_agree(wanted: str, found: str, error: float, same: bool) -> None:
    assert rerun_script.agrees(wanted, found, error) is same


def test_it_stops_where_data_are_absent_or_changed(ready: Path) -> None:
    data = ready / "study/data/regions.csv"
    whole = data.read_bytes()
    data.write_bytes(whole + b"\n")
    code, out, err = rerun(ready, "--check", "--lang=en")
    assert code == 3 and out == "" and "not those of the study" in err
    data.unlink()
    code, _, err = rerun(ready, "--lang=zh")
    assert code == 3 and "缺少数据 study/data/regions.csv" in err
    data.write_bytes(whole)
    assert rerun(ready, "--check")[0] == 0
    assert rerun(ready, "--chek")[0] == 2


def test_what_is_inside(ready: Path) -> None:
    there = {p.relative_to(ready).as_posix() for p in ready.rglob("*") if p.is_file()}
    assert {"README.md", "README.zh.md", "DATA-LICENCES.md", "requirements.txt", "run.py", "run.sh", "pack.json",
            "audit.json", "audit.md", "MANIFEST.csv", "expected/results.csv", "expected/values.csv",
            "expected/tables/t3.md", "study/study.yaml", "study/data/regions.csv", "study/data/more.parquet",
            f"econloom/{wheel.file_name()}"} <= there  # fmt: skip
    pack = json.loads((ready / "pack.json").read_text(encoding="utf-8"))
    assert pack["libraries"]["numpy"] and pack["python"]
    lines = (ready / "requirements.txt").read_text(encoding="utf-8").splitlines()[1:]
    assert lines and all("==" in line for line in lines)
    assert not {"pytest", "ruff", "econloom"} & {line.split("==")[0] for line in lines}


def test_the_readme_has_the_sections_of_the_template_in_order(ready: Path) -> None:
    text = (ready / "README.md").read_text(encoding="utf-8")
    heads = [line for line in text.splitlines() if line.startswith("##")]
    assert heads == [
        "## Overview", "## Data Availability and Provenance Statements", "### Statement about Rights",
        "### License for Data", "### Summary of Availability", "### Details on each Data Source", "## Dataset list",
        "## Computational requirements", "### Software Requirements", "### Controlled Randomness",
        "### Memory, Runtime, and Storage Requirements", "## Description of programs/code", "### License for Code",
        "## Instructions to Replicators", "## List of tables and programs", "## References", "## Acknowledgements",
    ]  # fmt: skip
    assert "Wang (2020). Data." in text and "- [X] All data are in the package." in text
    assert "to be filled by the author: title, authors, journal" in text and "| t3 | Regression |" in text
    chinese = (ready / "README.zh.md").read_text(encoding="utf-8")
    assert len([line for line in chinese.splitlines() if line.startswith("##")]) == len(heads)
    assert "待作者填写" in chinese and "to be filled" not in chinese


def test_nothing_of_the_machine_is_inside(tmp_path: Path) -> None:
    folder = small.write(tmp_path)
    path, done = packed(folder)
    assert done.warnings == ()
    whole = b"".join(p.read_bytes() for p in sorted(unzipped(path, tmp_path / "x").rglob("*")) if p.is_file())
    assert str(tmp_path).encode() not in whole and str(Path.home()).encode() + b"/" not in whole
    assert small.FOLDER.encode() not in whole


def test_the_same_study_gives_the_same_bytes(tmp_path: Path) -> None:
    path, _ = packed(small.write(tmp_path))
    first = path.read_bytes()
    os.utime(tmp_path / small.FOLDER / "data/regions.csv", (1, 1))
    again, _ = packed(tmp_path / small.FOLDER)
    assert again.read_bytes() == first


def test_a_withheld_source_is_described_and_stops_the_rerun(tmp_path: Path) -> None:
    path, done = packed(small.write(tmp_path), WITHHELD)
    pack = unzipped(path, tmp_path / "x")
    assert [s["shipped"] for s in done.sources] == [False, True, True][: len(done.sources)]
    assert not (pack / "study/data/regions.csv").exists()
    code, _, err = rerun(pack, "--here", "--lang=en")
    assert code == 3
    for said in (
        "bought from a firm",
        "shop.example",
        "columns needed: code, year, tbi, gdp, y",
        "sha256: ",
        "put it at study/data",
    ):
        assert said in err
    assert "**not in the package**: bought from a firm" in (pack / "README.md").read_text(encoding="utf-8")
    shutil.copy(tmp_path / small.FOLDER / "data/regions.csv", pack / "study/data/regions.csv")
    assert rerun(pack, "--check")[0] == 0


@pytest.mark.parametrize(
    ("said", "withheld"), [("yes", None), ("no", ""), ("true", None), ("false", ""), ("why", "why")]
)
def test_what_ship_may_say(tmp_path: Path, said: str, withheld: str | None) -> None:
    folder = small.write(tmp_path, OPEN.replace("licence: CC BY 4.0", f"ship: {said}"))
    assert el.study(folder).spec.sources["main"].withheld == withheld


def test_rights_must_be_stated_before_anything_runs(folder: Path) -> None:
    small.rewrite(folder, small.TEXT)
    with pytest.raises(StudyFileError, match="may it be given to others") as caught:
        el.study(folder).pack(folder.parent / "x.zip")
    assert [p.where.line for p in caught.value.problems] == [5, 8] and "licence" in str(caught.value.problems[0].hint)
    assert not (folder / "out").exists() and not (folder.parent / "x.zip").exists()


def test_limits_other_files_and_absent_folders(folder: Path) -> None:
    small.rewrite(folder, OPEN)
    study = el.study(folder)
    with pytest.raises(UsageError, match="more than the limit"):
        study.pack(folder.parent / "x.zip", limit=0.001)
    (folder.parent / "mine.zip").write_bytes(b"mine")
    with pytest.raises(OutputError, match="no pack of econloom"):
        study.pack(folder.parent / "mine.zip")
    with pytest.raises(OutputError, match="no such folder"):
        study.pack(folder.parent / "no/x.zip")
    with pytest.raises(OutputError, match="a folder"):
        study.pack(folder)
    with pytest.raises(UsageError, match="no file to pack"):
        el.study(small.data(), folder).pack(folder.parent / "x.zip")
    assert not list(folder.parent.glob(".*part"))


def test_absolute_paths_become_relative_and_folders_above_have_no_names(tmp_path: Path) -> None:
    home = tmp_path / "home-of-li" / "李四"
    folder = small.write(home)
    other = tmp_path / "home-of-li" / "shared"
    other.mkdir()
    (folder / "data/regions.csv").rename(other / "regions.csv")
    (folder / "data/more.parquet").rename(tmp_path / "more.parquet")
    text = OPEN.replace("data/regions.csv", "../../shared/regions.csv")
    text = text.replace("data/more.parquet", f"'{tmp_path}/more.parquet'")
    small.rewrite(folder, text.replace("    sha256: MAIN\n", "").replace("sha256: MORE, ", ""))
    target = tmp_path / "p.zip"
    done = el.study(folder).pack(target)
    pack = unzipped(target, tmp_path / "x")
    assert {s["place"] for s in done.sources} == {"study/shared/regions.csv", "study/data/more/more.parquet"}
    whole = b"".join(p.read_bytes() for p in pack.rglob("*") if p.is_file())
    assert b"home-of-li" not in whole and "李四".encode() not in whole and str(tmp_path).encode() not in whole
    assert rerun(pack, "--check")[0] == 0


def test_studies_that_take_another_keep_their_paths(tmp_path: Path) -> None:
    base = small.write(tmp_path / "a", OPEN)
    child = tmp_path / "a" / "child"
    child.mkdir()
    text = f"extends: '../{small.FOLDER}/study.yaml'\nstudy: child\ntitle: Child\nwithout: [tables.t4]\n"
    (child / "study.yaml").write_text(text, encoding="utf-8")
    found = el.study(child)
    places = Places.of(found.spec, Chain.of(found.file))
    assert places.of_file(child / "study.yaml") == "study/child/study.yaml"
    assert places.of_file(base / "study.yaml") == f"study/{small.FOLDER}/study.yaml"
    assert places.of_text(found.spec.sources["main"].path) == f"study/{small.FOLDER}/data/regions.csv"
    found.pack(tmp_path / "child.zip")
    with zipfile.ZipFile(tmp_path / "child.zip") as archive:
        archive.extractall(tmp_path / "x")
    shutil.rmtree(tmp_path / "a")
    assert rerun(tmp_path / "x/child-pack", "--check")[0] == 0
    assert len(el.study(tmp_path / "x/child-pack/study/child").plan().outputs) == 3


def test_presets_and_paths_of_versions_go_in(tmp_path: Path) -> None:
    folder = small.write(tmp_path)
    (folder / "look.toml").write_text("[style]\nsize = 9.0\n", encoding="utf-8")
    shutil.copy(folder / "data/more.parquet", tmp_path / "other.parquet")
    text = OPEN.replace("  digits: 3\n", "  digits: 3\n  preset: look.toml\n")
    text = text.replace("{sources.more.where: edition == 1}", f"{{sources.more.path: '{tmp_path}/other.parquet'}}")
    _, done = packed(folder, text)
    assert {"study/look.toml", "study/data/more/other.parquet", "study/data/more.parquet"} <= set(done.sizes)
    pack = unzipped(tmp_path / "pack.zip", tmp_path / "x")
    assert "sources.more.path: 'data/more/other.parquet'" in (pack / "study/study.yaml").read_text(encoding="utf-8")
    shutil.rmtree(folder)
    assert len(el.study(pack / "study").plan().steps) > 10


def test_one_file_is_not_given_away_by_another_name(folder: Path) -> None:
    text = OPEN.replace("  more:", "  again: {path: data/regions.csv, ship: no}\n  more:")
    with pytest.raises(UsageError, match=r"sources\.again: may not be shipped, but its file is in that of 'main'"):
        packed(folder, text)


def test_a_named_home_in_a_text_of_the_author_is_told(tmp_path: Path) -> None:
    folder = small.write(tmp_path)
    (folder / "README.md").write_text("see\n/home/wangxiaoming/paper\n", encoding="utf-8")
    _, done = packed(folder, write=False)
    assert done.path is None and done.warnings == ("study/README.md:2 names a person's folder: /home/wangxiaoming",)


def test_the_verb(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    small.rewrite(folder, OPEN)
    assert run_command(["pack", str(folder), "--list"]) == 0
    assert "data/regions.csv" in capsys.readouterr().out and not Path("small-pack.zip").exists()
    assert not (folder / "out").exists()
    assert run_command(["pack", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["path"] == "small-pack.zip" and Path("small-pack.zip").is_file() and told["sources"][0]["shipped"]
    assert run_command(["pack", str(folder), "--limit", "0"]) == 2
    assert "more than the limit" in capsys.readouterr().err


def test_pins_and_the_wheel() -> None:
    found = pins.libraries()
    assert {"numpy", "polars", "ruamel-yaml", "llvmlite", "pydantic-core"} <= set(found)
    assert not {"pytest", "duckdb", "econloom"} & set(found)
    assert wheel.build(found) == wheel.build(found)
