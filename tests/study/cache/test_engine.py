"""What runs again, what does not, and that the numbers do not depend on it."""

import errno
import os
from collections import Counter

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EconloomError, UsageError
from econloom.core.frame import Panel
from econloom.panel import fit
from econloom.study import estimates, steps
from econloom.study.cache import entry
from econloom.study.cache.shelf import Shelf
from tests.study import small

TIMED = {"run.json", "plan.json", "ledger.csv"}


@pytest.fixture
def did(monkeypatch):
    """Kinds of the steps that were done in this process, and formulas of the models that were fitted."""
    found = {"steps": Counter(), "models": []}
    perform, fit_all = steps.perform, estimates.fit_all

    def spy(step, *rest):
        found["steps"][step.kind] += 1
        return perform(step, *rest)

    def fitted(panel, models, *rest):
        found["models"] += [m["formula"] for m in models]
        return fit_all(panel, models, *rest)

    monkeypatch.setattr(steps, "perform", spy)
    monkeypatch.setattr(estimates, "fit_all", fitted)
    return found


def forget(did):
    did["steps"].clear()
    did["models"].clear()


def content(out):
    """Every file of a run but those that hold times."""
    return {
        p.relative_to(out).as_posix(): p.read_bytes()
        for p in sorted(out.rglob("*"))
        if p.is_file() and p.name not in TIMED
    }


def entries(shelf):
    return sorted(shelf.rglob(f"*{entry.SUFFIX}"))


def test_a_second_run_does_nothing(folder, tmp_path, did):
    first = el.study(folder).run()
    assert did["steps"]["estimate"] and not first.cached
    before = content(folder / "out")
    forget(did)
    second = el.study(folder).run()
    assert not did["steps"] and not did["models"]
    assert second.cached == frozenset(second.seconds) == frozenset(first.seconds)
    assert second.spent == 0 and second.rows == first.rows and second.seconds == first.seconds
    assert content(folder / "out") == before
    assert second.results.equals(first.results) and second.tables == first.tables
    assert second.warnings == first.warnings and second.panel.events == first.panel.events
    elsewhere = small.write(tmp_path / "again")
    el.study(elsewhere).run()
    assert not did["steps"]
    assert content(elsewhere / "out") == before


def test_one_changed_control_runs_the_touched_models_only(folder, tmp_path, did):
    el.study(folder).run()
    forget(did)
    text = small.TEXT.replace("- y ~ tbi + $controls | code + year", "- y ~ tbi + lnGDP | code + year")
    small.rewrite(folder, text)
    done = el.study(folder).run()
    assert did["models"] == ["y ~ tbi + lnGDP | code + year"] * 3  # one in each version
    assert did["steps"] == {"estimate": 3, "table": 3, "grid": 1}
    assert {s.kind for s in done.plan.steps if s.digest not in done.cached} == {"estimate", "table", "grid"}
    fresh = el.study(small.write(tmp_path / "fresh", text)).run(cache=False)
    assert content(fresh.path) == content(done.path)


def test_a_new_table_of_known_models_estimates_nothing(folder, did):
    el.study(folder).run()
    forget(did)
    small.rewrite(folder, small.TEXT.replace("title: {zh: 回归, en: Regression}", "title: {zh: 新, en: New}"))
    el.study(folder).run()
    assert not did["models"] and set(did["steps"]) == {"table", "grid"}


def test_a_changed_formula_runs_what_follows_from_it(folder, tmp_path, did):
    el.study(folder).run()
    forget(did)
    text = small.TEXT.replace("growth: diff(lnGDP)", "growth: diff(lnGDP) * 100")
    small.rewrite(folder, text)
    done = el.study(folder).run()
    assert did["steps"]["variable"] and not did["steps"]["read_frame"]
    assert content(el.study(small.write(tmp_path / "fresh", text)).run(cache=False).path) == content(done.path)


def test_without_the_cache_everything_runs(folder, shelf, did):
    for _ in range(2):
        forget(did)
        done = el.study(folder).run(cache=False)
        assert len(did["models"]) == 12 and not done.cached
    assert not entries(shelf)


def test_the_cache_can_be_switched_off(folder, monkeypatch, tmp_path, did):
    monkeypatch.setenv("ECONLOOM_CACHE", "off")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    el.study(folder).run()
    el.study(folder).run()
    assert did["steps"]["table"] == 12 and not (tmp_path / "xdg").exists()


def test_numbers_do_not_depend_on_processes(folder, tmp_path):
    one = el.study(folder).run(jobs=1, cache=False)
    before = content(one.path)
    two = el.study(folder).run(jobs=2, cache=False)
    assert two.jobs == 2 and two.memory > one.memory > 0
    assert content(two.path) == before and two.warnings == one.warnings and two.rows == one.rows


HARMS = [
    lambda b: b[: len(b) // 2],
    lambda b: b[:-1],
    lambda b: b + b"x",
    lambda b: b"",
    lambda b: b[:40] + bytes([b[40] ^ 1]) + b[41:],  # the header
    lambda b: b[:-20] + bytes([b[-20] ^ 64]) + b[-19:],  # the value
    lambda b: b"\x80\x05K\x01.",
    lambda b: b.replace(b"econloom value 1\n", b"econloom value 0\n"),
]


def test_damaged_entries_are_found_told_and_made_again(folder, shelf, did):
    first = el.study(folder).run()
    before = content(folder / "out")
    for number, path in enumerate(entries(shelf)):
        path.write_bytes(HARMS[number % len(HARMS)](path.read_bytes()))
    forget(did)
    again = el.study(folder).run()
    assert len(did["models"]) == 12
    assert content(folder / "out") == before
    told = [w for w in again.warnings if w.startswith("cache: the kept value of")]
    assert "'table t1' is made again" in " ".join(told) and len(told) >= len(HARMS)
    assert again.warnings == (*first.warnings, *told)
    forget(did)
    assert not [w for w in el.study(folder).run().warnings if w.startswith("cache")] and not did["steps"]


@pytest.mark.parametrize("harm", HARMS)
def test_every_kind_of_damage_is_found(tmp_path, harm):
    path = tmp_path / "ab" / f"x{entry.SUFFIX}"
    entry.write(path, {"digest": "d", "needs": []}, b"facts", b"v" * 1000)
    assert entry.prove(path).about["digest"] == "d"
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(entry.DamagedError):
        entry.prove(path)
    with pytest.raises(entry.DamagedError):
        entry.sections(path)


def test_a_flip_of_any_bit_is_found(tmp_path):
    path = tmp_path / f"x{entry.SUFFIX}"
    entry.write(path, {"digest": "d", "needs": []}, b"facts", b"value")
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :])
        with pytest.raises(entry.DamagedError):
            entry.prove(path)


def test_an_entry_under_another_name_is_not_taken(folder, shelf, did):
    el.study(folder).run()
    before = content(folder / "out")
    first, *others = entries(shelf)
    for path in others:
        path.write_bytes(first.read_bytes())
    again = el.study(folder).run()
    assert content(folder / "out") == before and any("another step" in w for w in again.warnings)


def test_entries_that_go_meanwhile_are_made_again(folder, shelf, monkeypatch):
    """Another process cleans the cache between the look and the reading."""
    el.study(folder).run()
    before = content(folder / "out")
    whole, gone = Shelf.load, []

    def load(self, step, value_of):
        if self.folder is not None and len(gone) < 3:
            gone.append(step.name)
            self.path(step.digest).unlink()
        return whole(self, step, value_of)

    monkeypatch.setattr(Shelf, "load", load)
    el.study(folder).run()
    assert len(gone) == 3 and content(folder / "out") == before


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_cache_that_cannot_be_written_is_a_warning(folder, tmp_path, monkeypatch, shelf, fault):
    plain = el.study(folder).run(cache=False)
    before = content(plain.path)

    def refused(*_):
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(entry, "write", refused)
    done = el.study(folder).run()
    told = [w for w in done.warnings if w.startswith("cache")]
    assert told == [f"cache: nothing more is kept of this run: {shelf}: {os.strerror(fault)}"]
    assert content(done.path) == before and not entries(shelf)


def test_a_cache_that_is_a_file(folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("ECONLOOM_CACHE", str(tmp_path / "file"))
    done = el.study(folder).run()
    assert any(w.startswith("cache: nothing more is kept") for w in done.warnings)
    assert (tmp_path / "file").read_text() == "mine"


def test_errors_come_with_their_step_and_place(tmp_path):
    folder = small.write(tmp_path, small.TEXT.replace("diff(lnGDP)", "log(tbi)"))
    said = []
    for jobs in (1, 2):
        with pytest.raises(EconloomError, match=r"(?s)study\.yaml.*variable growth") as caught:
            el.study(folder).run(jobs=jobs, cache=False)
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert not (folder / "out").exists()


@pytest.mark.parametrize("jobs", [0, -1])
def test_numbers_of_processes_that_are_none(folder, monkeypatch, jobs):
    with pytest.raises(UsageError, match="at least 1"):
        el.study(folder).run(jobs=jobs)
    monkeypatch.setenv("ECONLOOM_JOBS", "many")
    with pytest.raises(UsageError, match="ECONLOOM_JOBS: 'many'"):
        el.study(folder).run()


def test_a_model_has_the_numbers_that_it_has_alone():
    """Companions do not change a bit of a model's numbers, whatever their number."""
    rng = np.random.default_rng(3)
    frame = pl.DataFrame({"i": np.repeat(np.arange(40), 6), "t": np.tile(np.arange(6), 40)})
    frame = frame.with_columns(pl.Series(n, rng.normal(size=240)) for n in ("y", "x", "z", "w"))
    data = Panel.build(frame, "i", "t")
    formulas = ["y ~ x | i + t", "y ~ x + z + w | i + t", "x ~ z | i + t", "y ~ w | i + t | x ~ z"]
    asked = [fit.request(f, data, vcov=el.cluster("i"), ssc="xtreg") for f in formulas]
    together = fit.fit_many(asked, apart=True)
    for one, beside in zip(asked, together, strict=True):
        alone = fit.fit_many([one])[0].summary
        assert beside.summary.coefficients == alone.coefficients and beside.summary.glance == alone.glance
