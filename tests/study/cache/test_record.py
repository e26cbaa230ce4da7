"""``plan.json`` and the code of a run."""

import json

import econloom as el
from econloom.study.cache import code
from tests.study import small


def read(folder, name):
    return json.loads((folder / "out" / name).read_text(encoding="utf-8"))


def test_plan_json_has_every_step_that_the_run_needed(folder):
    done = el.study(folder).run()
    steps = read(folder, "plan.json")["steps"]
    assert [s["digest"] for s in steps] == [s["digest"] for s in read(folder, "run.json")["steps"]]
    assert {s["digest"] for s in steps} == set(done.seconds)
    assert [s["number"] for s in steps] == list(range(1, len(steps) + 1))
    seen = set()
    for step in steps:
        assert set(step["inputs"]) <= seen and not step["carried"]
        seen.add(step["digest"])
    named = {s["name"]: s for s in steps}
    assert named["variable lnGDP"]["params"]["formula"] == "log(gdp)"
    assert named["variable lnGDP"]["path"] == ["variables", "lnGDP", "formula"]
    lines = (folder / "study.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[named["variable lnGDP"]["line"] - 1].strip().startswith("lnGDP")
    assert named["read main"]["rows"] == 48
    assert {s["rows"] for s in steps if s["kind"] == "drop"} == {42}
    assert named["table t1"]["rows"] is None


def test_steps_of_carried_tables_stay_recorded(folder):
    el.study(folder).run()
    before = {s["digest"] for s in read(folder, "plan.json")["steps"]}
    el.study(folder).run(["t1"])
    steps = read(folder, "plan.json")["steps"]
    assert {s["digest"] for s in steps if s["name"].startswith(("table", "estimate"))} <= before
    assert {s["name"] for s in steps if s["carried"]} >= {"table t3", "table t4", "table t3 across versions"}
    assert [s["number"] for s in steps] == list(range(1, len(steps) + 1))


def test_a_run_says_what_code_made_it(folder):
    el.study(folder).run()
    said = read(folder, "run.json")["code"]
    assert said == code.current().to_dict()
    assert len(said["digest"]) == 64 and {"python", "numpy", "scipy", "polars", "numba"} <= set(said["libraries"])


def test_digests_follow_the_code_and_recipes_do_not(folder, monkeypatch):
    before = el.study(folder).plan().steps
    other = code.Code("0.0.0", "f" * 64, {"python": "3"})
    monkeypatch.setattr(code, "current", lambda: other)
    after = el.study(folder).plan().steps
    assert not {s.digest for s in before} & {s.digest for s in after}
    assert [s.recipe for s in before] == [s.recipe for s in after]
    assert len({s.recipe for s in before}) == len(before)


def test_the_digest_of_the_code_is_of_names_and_contents(tmp_path):
    (tmp_path / "a.py").write_text("1")
    (tmp_path / "__pycache__").mkdir()
    first = code.digest_of(tmp_path)
    (tmp_path / "__pycache__/a.cpython-311.pyc").write_text("compiled")
    assert code.digest_of(tmp_path) == first
    (tmp_path / "b.csv").write_text("")
    second = code.digest_of(tmp_path)
    (tmp_path / "b.csv").rename(tmp_path / "c.csv")
    third = code.digest_of(tmp_path)
    (tmp_path / "a.py").write_text("2")
    assert len({first, second, third, code.digest_of(tmp_path)}) == 4


def test_what_changed_in_the_code_is_named():
    now = code.Code("1.1", "b", {"python": "3.12", "numpy": "2.3"})
    assert code.changes(now.to_dict(), now) is None
    assert code.changes({**now.to_dict(), "digest": "a"}, now) == "econloom's own files"
    assert code.changes({**now.to_dict(), "version": "1.0"}, now) == "econloom 1.0 -> 1.1"
    assert code.changes({**now.to_dict(), "libraries": {"python": "3.12", "numpy": "2.2"}}, now) == "numpy 2.2 -> 2.3"
    assert "numpy absent -> 2.3" in code.changes({}, now)


def test_a_run_of_an_older_version_is_read_without_plan_json(folder):
    el.study(folder).run()
    (folder / "out/plan.json").unlink()
    record = read(folder, "run.json")
    del record["code"]
    record["files"].remove("plan.json")
    (folder / "out/run.json").write_text(json.dumps(record), encoding="utf-8")
    small.rewrite(folder, small.TEXT)
    done = el.study(folder).run(["t1"])
    assert set(done.tables) == {"t1"}
    assert not [s for s in read(folder, "plan.json")["steps"] if s["carried"]]
