"""`econloom plan` and `econloom cache`: what would run and why, what is kept."""

import json
import os
import time

import pytest

import econloom as el
from econloom.cli import run_command
from econloom.core.errors import UsageError
from econloom.study.cache import code, entry, inventory, place
from tests.study import small


def told(folder, name):
    """State and reason of the steps of a name."""
    return [(o.state, o.why) for o in el.study(folder).outlook() if o.step.name == name]


def changed(folder, old, new):
    assert old in small.TEXT
    small.rewrite(folder, small.TEXT.replace(old, new, 1))


def test_before_and_after_a_first_run(folder, shelf):
    before = el.study(folder).outlook()
    assert {(o.state, o.why) for o in before} == {("run", "never run")}
    assert not shelf.exists()
    el.study(folder).run()
    after = el.study(folder).outlook()
    assert {o.state for o in after} == {"cached", "not needed"} and not any(o.why for o in after)
    assert {o.state for o in after if o.step.kind in {"table", "values", "estimate", "read_frame", "grid"}} == {
        "cached"
    }


def test_a_changed_parameter_is_named(folder):
    el.study(folder).run()
    changed(folder, "growth: diff(lnGDP)", "growth: diff(RQ)")
    assert ("run", "formula changed from 'diff(lnGDP)' to 'diff(RQ)'") in told(folder, "variable growth")
    assert told(folder, "table t1")[0] == ("run", "input changed: variable growth")
    assert told(folder, "read main") == [("cached", "")]


def test_a_changed_control_is_named(folder):
    el.study(folder).run()
    changed(folder, "- y ~ tbi + $controls | code + year", "- y ~ tbi + lnGDP | code + year")
    (state, why), *_ = told(folder, "estimate y ~ tbi + lnGDP | code + year")
    assert state == "run"
    assert why == "formula changed from 'y ~ tbi + lnGDP + RQ | code + year' to 'y ~ tbi + lnGDP | code + year'"
    runs = [o.step.kind for o in el.study(folder).outlook() if o.state == "run"]
    assert sorted(runs) == ["estimate"] * 3 + ["grid"] + ["table"] * 3


def test_a_changed_source_is_named(folder):
    el.study(folder).run()
    file = folder / "data/regions.csv"
    file.write_bytes(file.read_bytes().replace(b"TIA,2003", b"TIA,2003"[::1]).rstrip(b"\n"))
    small.rewrite(folder, small.TEXT)
    (state, why), *_ = told(folder, "read main")
    assert state == "run" and why.startswith("the content of the source changed (")


def test_changed_code_is_named(folder, monkeypatch):
    el.study(folder).run()
    now = code.current()
    other = code.Code(now.version, "f" * 64, {**now.libraries, "numpy": "99.0"})
    monkeypatch.setattr(code, "current", lambda: other)
    reasons = {o.why for o in el.study(folder).outlook()}
    assert reasons == {f"code changed: econloom's own files, numpy {now.libraries['numpy']} -> 99.0"}


def test_missing_and_damaged_entries_are_named(folder, shelf):
    el.study(folder).run()
    by_name = {json.loads(entry.header(p).about["name"].__repr__().replace("'", '"')): p for p in files(shelf)}
    by_name["table t4"].unlink()
    damaged = by_name["table t3 across versions"]
    damaged.write_bytes(damaged.read_bytes()[:-3])
    assert ("run", "not in the cache") in told(folder, "table t4")
    assert told(folder, "table t3 across versions") == [("run", "the kept value is damaged: cut off")]
    assert damaged.exists()  # looking changes nothing


def files(shelf):
    return sorted(shelf.rglob(f"*{entry.SUFFIX}"))


def test_the_plan_on_the_command_line(folder, capsys):
    assert run_command(["plan", str(folder), "--json"]) == 0
    steps = json.loads(capsys.readouterr().out)["steps"]
    assert {s["state"] for s in steps} == {"run"}
    el.study(folder).run()
    assert run_command(["plan", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "nothing will run"
    changed(folder, "sample: early", "sample: shore")
    assert run_command(["plan", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "[run: " in printed and "[cached]" in printed
    assert "steps will run, among them 3 models" in printed


def test_a_second_run_on_the_command_line_opens_nothing(folder, capsys, monkeypatch):
    assert run_command(["run", str(folder)]) == 0
    first = capsys.readouterr()
    before = (folder / "out/run.json").read_bytes()
    monkeypatch.setattr("econloom.study.study", None)
    assert run_command(["run", str(folder)]) == 0
    second = capsys.readouterr()
    assert second.err == first.err and "nothing has changed since" in second.out
    assert second.out.splitlines()[1:] == first.out.splitlines()[1:]
    assert run_command(["run", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True
    assert (folder / "out/run.json").read_bytes() == before


@pytest.mark.parametrize(
    "harm",
    ["study.yaml", "data/regions.csv", "out/results.csv", "out/tables/t1.docx", "out/run.json", "lock", "lang", "code"],
)
def test_what_does_not_stand_is_opened(folder, monkeypatch, harm):
    from econloom.core import standing

    el.study(folder).run()
    out, lang = folder / "out", "zh"
    assert standing.standing(folder / "study.yaml", out, lang)
    if harm == "lock":
        (out / ".econloom-lock").write_text("1")
    elif harm == "lang":
        lang = "en"
    elif harm == "code":
        other = code.Code("0", "f" * 64, {})
        monkeypatch.setattr("econloom.core.code.current", lambda: other)
    elif harm == "out/run.json":
        (folder / harm).write_text("{}")
    else:
        with (folder / harm).open("ab") as file:
            file.write(b" ")
    assert standing.standing(folder / "study.yaml", out, lang) is None


def test_files_that_were_changed_are_made_again(folder):
    el.study(folder).run()
    out = folder / "out"
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file() and p.suffix != ".json"}
    (out / "tables/t1.docx").write_bytes(b"mine")
    (out / "report.html").unlink()
    el.study(folder).run()
    assert {p: p.read_bytes() for p in before} == before


def test_the_cache_is_listed_verified_and_cleaned(folder, shelf, capsys, monkeypatch):
    assert run_command(["cache"]) == 0
    assert "0 entries" in capsys.readouterr().out
    el.study(folder).run()
    number = len(files(shelf))
    assert run_command(["cache", "list"]) == 0
    assert f"small {number:>24} entries".split() == capsys.readouterr().out.split()[:3]
    assert run_command(["cache", "list", "small", "--json"]) == 0
    listing = json.loads(capsys.readouterr().out)
    assert len(listing["entries"]) == number and listing["size"] == sum(e["size"] for e in listing["entries"])
    assert {e["study"] for e in listing["entries"]} == {"small"} and all(e["current"] for e in listing["entries"])
    assert run_command(["cache", "list", str(folder)]) == 0
    assert "table t3 across versions" in capsys.readouterr().out
    assert run_command(["cache", "verify"]) == 0
    assert f"{number} entries read through, 0 damaged" in capsys.readouterr().out
    bad = files(shelf)[0]
    bad.write_bytes(bad.read_bytes()[:-1] + b"\0")
    assert run_command(["cache", "verify", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert not found["ok"] and [d["entry"] for d in found["damaged"]] == [bad.stem]
    assert run_command(["cache", "clean", "smal"]) == 2
    assert "did you mean 'small'" in capsys.readouterr().err
    assert run_command(["cache", "clean", "--old"]) == 0 and len(files(shelf)) == number
    assert run_command(["cache", "clean", "--max-size", "40K"]) == 0
    assert 0 < sum(p.stat().st_size for p in files(shelf)) <= 40 * 1024
    assert run_command(["cache", "clean", "small"]) == 0 and not files(shelf)
    assert run_command(["cache", "clean", "--max-size", "much"]) == 2
    assert "'much' is no size" in capsys.readouterr().err
    assert run_command(["cache", "lst"]) == 2
    assert "did you mean 'list'" in capsys.readouterr().err
    assert run_command(["cache", "list", "--max-size", "1G"]) == 2
    monkeypatch.setenv("ECONLOOM_CACHE", "off")
    assert run_command(["cache", "list"]) == 2


def test_the_least_recently_used_go_first(tmp_path):
    for number in range(10):
        path = tmp_path / f"{number:02d}" / f"{number}{entry.SUFFIX}"
        entry.write(path, {"digest": str(number), "needs": []}, b"", b"v" * 1000)
        os.utime(path, (number, number))
    size = path.stat().st_size
    os.utime(tmp_path / "00" / f"0{entry.SUFFIX}")  # used just now
    assert inventory.bound(tmp_path, 10 * size) == (0, 0)
    assert inventory.bound(tmp_path, 5 * size) == (6, 6 * size)
    assert [p.stem for p in files(tmp_path)] == ["0", "7", "8", "9"]
    assert inventory.bound(tmp_path / "nowhere", 0) == (0, 0)


def test_what_killed_writers_left_is_cleared(tmp_path):
    (tmp_path / "ab").mkdir()
    old, young = tmp_path / "ab/.x.value.1.aa.part", tmp_path / "ab/.y.value.2.bb.part"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    inventory.bound(tmp_path, 1 << 30)
    assert young.exists() and not old.exists()


def test_a_run_keeps_the_bound(folder, shelf, monkeypatch):
    monkeypatch.setenv("ECONLOOM_CACHE_SIZE", "100K")
    done = el.study(folder).run()
    assert sum(p.stat().st_size for p in files(shelf)) <= 100 * 1024
    assert not [w for w in done.warnings if w.startswith("cache")]
    monkeypatch.setenv("ECONLOOM_CACHE_SIZE", "big")
    with pytest.raises(UsageError, match="ECONLOOM_CACHE_SIZE: 'big' is no size"):
        el.study(folder).run()


@pytest.mark.parametrize(("text", "size"), [("0", 0), ("12", 12), ("1k", 1024), ("1.5 GB", 3 << 29), ("2TiB", 2 << 40)])
def test_sizes(text, size):
    assert place.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "-1", "1x", "G", "1..2", "1 2"])
def test_sizes_that_are_none(text):
    with pytest.raises(UsageError):
        place.parse_size(text)
