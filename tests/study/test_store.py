"""Output folders: nothing half-written, nothing of others touched."""

import json
import os
import subprocess
import sys

import pytest

import econloom as el
from econloom.core.errors import DataError, EconloomError, OutputError
from econloom.study import store
from econloom.study.store import Folder
from tests.study import small


def content(folder):
    """Every file with its bytes."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def write(folder, files):
    """One run by hand."""
    with folder.writing() as staging:
        for name, text in files.items():
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).write_text(text)
        record = {"econloom": "0", "study": folder.study, "files": [*files, "run.json"], "tables": {}}
        (staging / "run.json").write_text(json.dumps(record))


def test_a_run_replaces_the_files_of_the_last_one_and_no_others(tmp_path):
    folder = Folder(tmp_path / "结果 一", "small")
    write(folder, {"results.csv": "1", "tables/t1.md": "1", "old/x.md": "1"})
    (folder.path / "mine.txt").write_text("mine")
    write(folder, {"results.csv": "2", "tables/t1.md": "2"})
    assert set(content(folder.path)) == {"mine.txt", "results.csv", "run.json", "tables/t1.md"}
    assert (folder.path / "results.csv").read_text() == "2"
    assert not (folder.path / "old").exists()


def test_files_of_others_are_not_overwritten(tmp_path):
    folder = Folder(tmp_path / "out", "small")
    write(folder, {"results.csv": "1"})
    (folder.path / "tables").mkdir()
    (folder.path / "tables/t9.md").write_text("mine")
    before = content(folder.path)
    with pytest.raises(OutputError, match=r"t9\.md: not written by econloom"):
        write(folder, {"results.csv": "2", "tables/t9.md": "2"})
    assert content(folder.path) == before
    (folder.path / "values.csv").mkdir()
    with pytest.raises(OutputError, match=r"values\.csv: not written"):
        write(folder, {"values.csv": "2"})
    (folder.path / "figures").write_text("a file")
    with pytest.raises(OutputError, match="figures: not written"):
        write(folder, {"figures/f1.svg": "2"})
    assert content(folder.path) == before | {"figures": b"a file"}


def test_foreign_folders_are_refused(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/x.csv").write_text("a")
    with pytest.raises(OutputError, match="not empty, and not a folder of econloom"):
        Folder(tmp_path / "data", "small")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="a file, where"):
        Folder(tmp_path / "file", "small")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError, match="leads nowhere"):
        Folder(tmp_path / "link", "small")
    with pytest.raises(OutputError, match="too long"):
        Folder(tmp_path / ("x" * 400), "small")
    write(Folder(tmp_path / "other", "large"), {"results.csv": "1"})
    with pytest.raises(OutputError, match="holds the study 'large', not 'small'"):
        Folder(tmp_path / "other", "small")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '"x"', '{"econloom": 1}', '{"econloom": 1, "files": {}}',
     '{"econloom": 1, "files": [], "tables": {"t1": 3}}',
     '{"econloom": 1, "files": [], "tables": {"t1": {"files": [1]}}}'],
)  # fmt: skip
def test_a_damaged_record_is_refused(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(OutputError, match="not a run of econloom"):
        Folder(tmp_path, "small")


@pytest.mark.parametrize("where", ["file/out", "file/a/b"])
def test_a_folder_that_cannot_be_made(tmp_path, where):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot be written: Not a directory"):
        write(Folder(tmp_path / where, "small"), {"a": "1"})
    assert content(tmp_path) == {"file": b"x"}


@pytest.mark.parametrize("fault", [DataError("bad"), KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_a_failed_run_leaves_no_trace(tmp_path, fault):
    folder = Folder(tmp_path / "a/b/out", "small")
    kind = OutputError if isinstance(fault, OSError) else type(fault)
    for _ in range(2):
        with pytest.raises(kind), folder.writing() as staging:
            (staging / "results.csv").write_text("half")
            raise fault
    assert list(tmp_path.iterdir()) == []
    write(folder, {"results.csv": "1"})
    before = content(tmp_path)
    with pytest.raises(kind), folder.writing() as staging:
        (staging / "results.csv").write_text("half")
        raise fault
    assert content(tmp_path) == before


class Killed(BaseException):
    """The process is gone."""


def killed_in_the_commit(folder, files, after, monkeypatch):
    """A run that is killed after it has moved some files; nothing of it is cleaned up."""
    moved = []
    whole = os.replace

    def replace(source, target, **_):
        if len(moved) > after:
            raise Killed
        moved.append(target)
        whole(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.os.replace", replace)
        patch.setattr(store.shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(Killed):
            write(folder, files)


@pytest.mark.parametrize("after", [0, 1, 2, 3])
@pytest.mark.parametrize("first", [True, False])
def test_a_run_killed_in_its_commit_is_finished_by_the_next(tmp_path, monkeypatch, after, first):
    path = tmp_path / "out"
    if not first:
        write(Folder(path, "small"), {"a.csv": "1", "b.csv": "1", "gone.csv": "1"})
    killed_in_the_commit(Folder(path, "small"), {"a.csv": "2", "b.csv": "2", "tables/t.md": "2"}, after, monkeypatch)
    again = Folder(path, "small")
    with pytest.raises(DataError), again.writing():
        assert {n: (path / n).read_text() for n in ("a.csv", "b.csv", "tables/t.md")} == {
            "a.csv": "2", "b.csv": "2", "tables/t.md": "2",
        }  # fmt: skip
        raise DataError("the next run fails, the one before is whole")
    assert set(content(path)) == {"a.csv", "b.csv", "tables/t.md", "run.json"}


def test_two_runs_do_not_write_to_one_folder(tmp_path):
    folder = Folder(tmp_path / "out", "small")
    with folder.writing() as staging:
        (staging / "run.json").write_text('{"econloom": 1, "study": "small", "files": ["run.json"], "tables": {}}')
        with pytest.raises(OutputError, match=f"another run .process {os.getpid()}. is writing here"):
            write(Folder(tmp_path / "out", "small"), {"a": "1"})
    write(folder, {"a": "1"})


@pytest.mark.parametrize("owner", ["dead", "nonsense", ""])
def test_the_lock_of_a_dead_process_does_not_count(tmp_path, owner):
    if owner == "dead":
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        owner = str(gone.pid)
    (tmp_path / ".econloom-lock").write_text(owner)
    (tmp_path / ".econloom-staging-1").mkdir()
    write(Folder(tmp_path, "small"), {"a": "1"})
    assert set(content(tmp_path)) == {"a", "run.json"} and not (tmp_path / ".econloom-staging-1").exists()


def test_text_files_are_written_whole_or_not(tmp_path):
    store.write_text(tmp_path / "a.json", "1")
    (tmp_path / "file").write_text("x")
    for bad in (tmp_path / "file/a.json", tmp_path / "nowhere/a.json", tmp_path / ("x" * 400)):
        with pytest.raises(OutputError, match="cannot be written"):
            store.write_text(bad, "1")
    assert content(tmp_path) == {"a.json": b"1", "file": b"x"}


def test_a_failed_study_leaves_the_last_run_as_it_was(folder):
    el.study(folder).run()
    before = content(folder / "out")
    for text in (small.TEXT.replace("log(gdp)", "log(tbi)"), small.TEXT.replace("log(gdp)", "log(gpd)")):
        small.rewrite(folder, text)
        with pytest.raises(EconloomError):
            el.study(folder).run()
        assert content(folder / "out") == before
    assert not list((folder / "out").glob(".econloom*"))
